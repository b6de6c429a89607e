// SPDX-License-Identifier: GPL-2.0
/*
 * sysfs: /sys/class/net/dlil_ifnets, and a group of files on each wrapped
 * device.
 *
 * The group is removed under RTNL, and the removal waits for readers.  So
 * readers must not take RTNL, and need no further reference to keep the
 * binding.
 */
#include <linux/capability.h>
#include <linux/rtnetlink.h>
#include <linux/sysfs.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "compat.h"
#include "dlil_ifnet.h"
#include "dlil_netdev.h"

/**
 * struct dlil_net - state of a netns
 * @net: the netns
 * @ifnets: attribute /sys/class/net/dlil_ifnets
 */
struct dlil_net {
	struct net *net;
	struct class_attribute ifnets;
};

static unsigned int dlil_net_id;

static const char * const state_names[] = {
	[DLIL_STATE_ACQUIRED] = "acquired",
	[DLIL_STATE_ATTACHED] = "attached",
	[DLIL_STATE_DETACHING] = "detaching",
};

static const char * const unmatched_names[] = {
	[DLIL_UNMATCHED_PASS] = "pass",
	[DLIL_UNMATCHED_DROP] = "drop",
};

/* Let @fn print a value of the device's binding. */
static ssize_t show_netdev(struct device *d, char *buf,
			   ssize_t (*fn)(const struct dlil_netdev *nd,
					 char *buf))
{
	struct dlil_netdev *nd;
	ssize_t ret = -ENODEV;

	rcu_read_lock();
	nd = dlil_netdev_of(to_net_dev(d));
	if (nd)
		ret = fn(nd, buf);
	rcu_read_unlock();
	return ret;
}

#define NETDEV_ATTR(_name)						\
static ssize_t _name##_show(struct device *d,				\
			    struct device_attribute *attr, char *buf)	\
{									\
	return show_netdev(d, buf, show_##_name);			\
}									\
static DEVICE_ATTR_RO(_name)

static ssize_t show_state(const struct dlil_netdev *nd, char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  state_names[READ_ONCE(nd->ifp->state)]);
}
NETDEV_ATTR(state);

static ssize_t show_thread(const struct dlil_netdev *nd, char *buf)
{
	return sysfs_emit(buf, "%d\n", dlil_inq_pid(nd->ifp));
}
NETDEV_ATTR(thread);

static ssize_t show_unmatched(const struct dlil_netdev *nd, char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  unmatched_names[READ_ONCE(nd->unmatched)]);
}

static ssize_t unmatched_show(struct device *d, struct device_attribute *attr,
			      char *buf)
{
	return show_netdev(d, buf, show_unmatched);
}

/* Get the binding of a device with an I/O reference, without RTNL. */
static struct dlil_netdev *begin_netdev(struct device *d)
{
	struct dlil_netdev *nd;

	rcu_read_lock();
	nd = dlil_netdev_of(to_net_dev(d));
	if (nd)
		nd = dlil_netdev_begin(nd->ifp);
	rcu_read_unlock();
	return nd;
}

/* Same as `dlilctl set DEV unmatched`. */
static ssize_t unmatched_store(struct device *d, struct device_attribute *attr,
			       const char *buf, size_t count)
{
	struct dlil_netdev *nd;
	int unmatched;

	if (!capable(CAP_NET_ADMIN))
		return -EPERM;
	unmatched = sysfs_match_string(unmatched_names, buf);
	if (unmatched < 0)
		return unmatched;
	nd = begin_netdev(d);
	if (!nd)
		return -ENODEV;
	dlil_change_unmatched(nd, unmatched);
	dlil_ifnet_io_end(nd->ifp);
	return count;
}
static DEVICE_ATTR_RW(unmatched);

#define COUNTER_ATTR(_name)						\
static ssize_t show_##_name(const struct dlil_netdev *nd, char *buf)	\
{									\
	struct dlil_account in, out;					\
	struct dlil_stats stats;					\
									\
	dlil_stats_read(nd->ifp, &stats, &in, &out);			\
	return sysfs_emit(buf, "%llu\n", stats._name);			\
}									\
NETDEV_ATTR(_name)

COUNTER_ATTR(ipackets);
COUNTER_ATTR(ibytes);
COUNTER_ATTR(opackets);
COUNTER_ATTR(obytes);
COUNTER_ATTR(imcasts);
COUNTER_ATTR(iqdrops);
COUNTER_ATTR(noproto);

/* Row STA-2: packets and bytes of a traffic class, in and out. */
#define CLASS_ATTR(_name, _class, _way, _what)				\
static ssize_t show_##_name(const struct dlil_netdev *nd, char *buf)	\
{									\
	struct dlil_traffic in, out;					\
									\
	dlil_stats_classes(nd->ifp, &in, &out);				\
	return sysfs_emit(buf, "%llu\n", _way._what[_class]);		\
}									\
NETDEV_ATTR(_name)

CLASS_ATTR(background_ipackets, DLIL_CLASS_BACKGROUND, in, packets);
CLASS_ATTR(background_ibytes, DLIL_CLASS_BACKGROUND, in, bytes);
CLASS_ATTR(background_opackets, DLIL_CLASS_BACKGROUND, out, packets);
CLASS_ATTR(background_obytes, DLIL_CLASS_BACKGROUND, out, bytes);
CLASS_ATTR(video_ipackets, DLIL_CLASS_VIDEO, in, packets);
CLASS_ATTR(video_ibytes, DLIL_CLASS_VIDEO, in, bytes);
CLASS_ATTR(video_opackets, DLIL_CLASS_VIDEO, out, packets);
CLASS_ATTR(video_obytes, DLIL_CLASS_VIDEO, out, bytes);
CLASS_ATTR(voice_ipackets, DLIL_CLASS_VOICE, in, packets);
CLASS_ATTR(voice_ibytes, DLIL_CLASS_VOICE, in, bytes);
CLASS_ATTR(voice_opackets, DLIL_CLASS_VOICE, out, packets);
CLASS_ATTR(voice_obytes, DLIL_CLASS_VOICE, out, bytes);

static struct attribute *netdev_attrs[] = {
	&dev_attr_state.attr,
	&dev_attr_thread.attr,
	&dev_attr_unmatched.attr,
	&dev_attr_ipackets.attr,
	&dev_attr_ibytes.attr,
	&dev_attr_opackets.attr,
	&dev_attr_obytes.attr,
	&dev_attr_imcasts.attr,
	&dev_attr_iqdrops.attr,
	&dev_attr_noproto.attr,
	&dev_attr_background_ipackets.attr,
	&dev_attr_background_ibytes.attr,
	&dev_attr_background_opackets.attr,
	&dev_attr_background_obytes.attr,
	&dev_attr_video_ipackets.attr,
	&dev_attr_video_ibytes.attr,
	&dev_attr_video_opackets.attr,
	&dev_attr_video_obytes.attr,
	&dev_attr_voice_ipackets.attr,
	&dev_attr_voice_ibytes.attr,
	&dev_attr_voice_opackets.attr,
	&dev_attr_voice_obytes.attr,
	NULL
};

static const struct attribute_group netdev_group = {
	.name = "dlil",
	.attrs = netdev_attrs,
};

static ssize_t ifnets_show(compat_class_const struct class *class,
			   compat_class_const struct class_attribute *attr,
			   char *buf)
{
	struct dlil_net *dn = container_of(attr, struct dlil_net, ifnets);
	struct dlil_ifnet *ifp, *next;
	char name[IFNAMSIZ];
	unsigned long pos = 0;
	int len = 0;

	ifp = dlil_ifnet_next(dn->net, NULL, pos);
	while (ifp) {
		dlil_ifnet_copy_name(ifp, name);
		if (len + sizeof(name) + sizeof(" ++more++") > PAGE_SIZE) {
			len += sysfs_emit_at(buf, len, " ++more++");
			dlil_ifnet_put(ifp);
			break;
		}
		len += sysfs_emit_at(buf, len, len ? " %s" : "%s", name);
		next = dlil_ifnet_next(dn->net, ifp, ++pos);
		dlil_ifnet_put(ifp);
		ifp = next;
	}
	len += sysfs_emit_at(buf, len, "\n");
	return len;
}

static int change(struct net *net, char sign, const char *name,
		  struct dlil_spare *spare, struct dlil_ifnet **going,
		  struct netlink_ext_ack *extack)
{
	struct net_device *dev = __dev_get_by_name(net, name);

	if (!dev) {
		NL_SET_ERR_MSG(extack, "no such device");
		return -ENODEV;
	}
	if (sign == '+')
		return dlil_netdev_attach(dev, DLIL_UNMATCHED_PASS, spare,
					  extack, going);
	return dlil_netdev_detach(dev, extack, going);
}

/* Time that a write waits at once, because the teardown of a netns waits for it. */
#define WRITE_WAIT (HZ / 10)

/* Restart the system call, so that a removal of the file can proceed. */
static int come_again(struct dlil_ifnet *going)
{
	long left = dlil_ifnet_wait_death(going, WRITE_WAIT);

	dlil_ifnet_put(going);
	return left < 0 ? left : restart_syscall();
}

/*
 * Take RTNL, but do not wait for it for long, because its holder may wait for a removal
 * of the file.  A spare is worth some patience: a restart would make it anew.
 */
static bool lock_rtnl(const struct dlil_spare *spare)
{
	unsigned long until = jiffies + WRITE_WAIT;

	while (!rtnl_trylock()) {
		if (!spare->nd || signal_pending(current) ||
		    time_after(jiffies, until))
			return false;
		usleep_range(100, 1000);
	}
	return true;
}

/*
 * "+DEV" attaches; if the device is still being detached, it waits for that
 * first. "-DEV" detaches; the detach may finish after the return.
 */
static ssize_t ifnets_store(compat_class_const struct class *class,
			    compat_class_const struct class_attribute *attr,
			    const char *buf, size_t count)
{
	struct dlil_net *dn = container_of(attr, struct dlil_net, ifnets);
	struct netlink_ext_ack extack = {};
	struct dlil_ifnet *going = NULL;
	struct dlil_spare spare = {};
	char name[ALTIFNAMSIZ + 1] = "";
	char sign;
	int err;

	if (!capable(CAP_NET_ADMIN))
		return -EPERM;
	/* Alternative names may be longer than dev_valid_name() allows. */
	if (sscanf(buf, "%c%128s", &sign, name) != 2 ||
	    (sign != '+' && sign != '-') || strlen(name) >= ALTIFNAMSIZ) {
		pr_err("dlil: write +DEV or -DEV to dlil_ifnets\n");
		return -EINVAL;
	}
	do {
		if (!lock_rtnl(&spare)) {
			dlil_spare_put(&spare);
			return restart_syscall();
		}
		err = change(dn->net, sign, name, &spare, &going, &extack);
		rtnl_unlock();
	} while (dlil_spare_get(&spare, &err, &extack));
	dlil_spare_put(&spare);
	if (err == -EAGAIN && going)
		return come_again(going);
	if (going) {
		/* Most detaches are over within that time. */
		dlil_ifnet_wait_death(going, WRITE_WAIT);
		dlil_ifnet_put(going);
	}
	if (err && extack._msg)
		pr_err("dlil: %s: %s\n", name, extack._msg);
	return err ?: count;
}

static int __net_init dlil_net_init(struct net *net)
{
	struct dlil_net *dn = net_generic(net, dlil_net_id);

	dn->net = net;
	dn->ifnets.attr.name = "dlil_ifnets";
	dn->ifnets.attr.mode = 0644;
	dn->ifnets.show = ifnets_show;
	dn->ifnets.store = ifnets_store;
	sysfs_attr_init(&dn->ifnets.attr);
	return netdev_class_create_file_ns(&dn->ifnets, compat_class_ns(net));
}

static void __net_exit dlil_net_exit(struct net *net)
{
	struct dlil_net *dn = net_generic(net, dlil_net_id);

	netdev_class_remove_file_ns(&dn->ifnets, compat_class_ns(net));
}

static struct pernet_operations dlil_net_ops = {
	.init = dlil_net_init,
	.exit = dlil_net_exit,
	.id = &dlil_net_id,
	.size = sizeof(struct dlil_net),
};

int dlil_sysfs_module_init(void)
{
	/* Set before any file or request can attach a device. */
	dlil_netdev_files = &netdev_group;
	return register_pernet_subsys(&dlil_net_ops);
}

void dlil_sysfs_module_exit(void)
{
	unregister_pernet_subsys(&dlil_net_ops);
}
