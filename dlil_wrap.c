// SPDX-License-Identifier: GPL-2.0
/*
 * How a device is wrapped as an ifnet and unwrapped: the driver's and the families'
 * vectors, attach, detach, and the notifier for devices that go.
 *
 * Unwrapping a device begins under RTNL with the hooks, and with an RCU grace
 * period after which they do not run.  A device that stays is to lose no packet:
 * the ifnet is detached behind those that are queued, by the input thread.  No task
 * waits for that, since a callback may sleep before them (LNX-13).
 *
 * For a device that goes `live` is cleared before the grace period, so that after
 * it nothing is delivered to the device and nothing is sent by it; the ifnet is
 * detached at once, what is queued is freed, and our reference to the device is
 * dropped, all of it without waiting for a callback.  A callback may still have
 * packets then, so the core has packets point to the kernel's blackhole device before
 * a callback gets them that may sleep; what is queued points to the device, but nobody
 * follows that.  The binding lives until the final detach.
 *
 * Three kinds of devices can be wrapped: those with Ethernet headers; loopback
 * ones, whose headers say nothing; and raw ones, without any (LNX-9).
 */
#include <linux/cpu.h>
#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <net/dsa.h>

#include "dlil_export.h"
#include "dlil_host.h"
#include "dlil_ifnet.h"
#include "dlil_life.h"
#include "dlil_netdev.h"

/* The parameter verbose. */
bool dlil_verbose;

const struct attribute_group *dlil_netdev_files;

/* Devices that are wrapped or still being unwrapped. */
static LIST_HEAD(bindings);
static DEFINE_MUTEX(bindings_lock);

static void netdev_put_binding(struct dlil_netdev *nd)
{
	if (refcount_dec_and_test(&nd->refs))
		kfree(nd);
}

/* Let go of the device, if that has not been done. */
static void release_device(struct dlil_netdev *nd)
{
	struct net_device *dev;

	mutex_lock(&bindings_lock);
	dev = nd->dev;
	WRITE_ONCE(nd->dev, NULL);
	mutex_unlock(&bindings_lock);
	if (dev)
		netdev_put(dev, &nd->tracker);
}

/* The final detach runs this: no packet and no thread of ours is left. */
static void netdev_free(struct dlil_ifnet *ifp)
{
	struct dlil_netdev *nd = dlil_ifnet_priv(ifp);

	mutex_lock(&bindings_lock);
	list_del(&nd->list);
	mutex_unlock(&bindings_lock);
	dlil_watch_exit(nd);
	dlil_change_exit(nd);
	release_device(nd);
	netdev_put_binding(nd);
	dlil_ifnet_release(ifp);
}

/*
 * Without owner: that would be us, and we could not be unloaded while a device is
 * wrapped.  dlil_life_wait_all() sees to it that no callback runs after that.
 */
static const struct dlil_driver_ops ether_driver = {
	.output = dlil_netdev_output,
	.tag_in_data = dlil_netdev_tag_in_data,
	.unmatched = dlil_netdev_unmatched,
	.dropped = dlil_netdev_dropped,
	.ioctl = dlil_change_ioctl,
	.set_tap = dlil_netdev_set_tap,
	.free = netdev_free,
};

static const struct dlil_driver_ops raw_driver = {
	.output = dlil_netdev_raw_output,
	.unmatched = dlil_netdev_unmatched,
	.dropped = dlil_netdev_dropped,
	.ioctl = dlil_change_ioctl,
	.set_tap = dlil_netdev_set_tap,
	.free = netdev_free,
};

static const struct dlil_family_ops ether_family = {
	.demux = dlil_ether_demux_protocol,
	.by_protocol = true,
	.framer = dlil_netdev_framer,
	.add_proto = dlil_ether_add_proto,
	.del_proto = dlil_ether_del_proto,
	.check_multi = dlil_ether_check_multi,
};

static const struct dlil_family_ops raw_family = {
	.demux = dlil_raw_demux,
	.framer = dlil_netdev_framer,
	.add_proto = dlil_raw_add_proto,
	.del_proto = dlil_ether_del_proto,
};

/**
 * struct netdev_kind - what differs from device to device
 * @kind: interface family of the ifnet
 * @driver: its driver's vector
 * @family: its family's vector
 * @rx: the receive handler
 * @egress: the egress hook
 */
struct netdev_kind {
	enum dlil_ifnet_family kind;
	const struct dlil_driver_ops *driver;
	const struct dlil_family_ops *family;
	rx_handler_func_t *rx;
	nf_hookfn *egress;
};

static const struct netdev_kind ether_kind = {
	DLIL_IFNET_ETHERNET, &ether_driver, &ether_family, dlil_netdev_rx,
	dlil_netdev_egress,
};

/* The sender receives: the header says nothing that the packet does not. */
static const struct netdev_kind loopback_kind = {
	DLIL_IFNET_LOOPBACK, &ether_driver, &raw_family, dlil_netdev_rx,
	dlil_netdev_egress,
};

static const struct netdev_kind raw_kind = {
	DLIL_IFNET_RAW, &raw_driver, &raw_family, dlil_netdev_raw_rx, dlil_netdev_raw_egress,
};

/* NULL if it is none that we know.  Does not change while it is wrapped. */
static const struct netdev_kind *kind_of(const struct net_device *dev)
{
	bool ether = dev_has_header(dev) && dev->addr_len == ETH_ALEN;

	switch (dev->type) {
	case ARPHRD_ETHER:
		return ether ? &ether_kind : NULL;
	case ARPHRD_LOOPBACK:
		return ether ? &loopback_kind : NULL;
	case ARPHRD_NONE:
	case ARPHRD_PPP:
	case ARPHRD_RAWIP:
		return dev_has_header(dev) ? NULL : &raw_kind;
	default:
		return NULL;
	}
}

static struct dlil_netdev *find_binding(const struct net_device *dev)
{
	struct dlil_netdev *nd;

	lockdep_assert_held(&bindings_lock);

	list_for_each_entry(nd, &bindings, list)
		if (nd->dev == dev)
			return nd;
	return NULL;
}

/* The ifnet of a device that is wrapped or being unwrapped, referenced. */
static struct dlil_ifnet *ifnet_of(const struct net_device *dev)
{
	struct dlil_ifnet *ifp = NULL;
	struct dlil_netdev *nd;

	mutex_lock(&bindings_lock);
	nd = find_binding(dev);
	if (nd)
		ifp = dlil_ifnet_get(nd->ifp);
	mutex_unlock(&bindings_lock);
	return ifp;
}

static int check_device(struct net_device *dev, struct netlink_ext_ack *extack)
{
	if (dlil_netdev_of(dev)) {
		NL_SET_ERR_MSG(extack, "device is already attached");
		return -EEXIST;
	}
	if (!kind_of(dev)) {
		NL_SET_ERR_MSG(extack,
			       "only devices with Ethernet headers, with none (tun, PPP, raw IP) and loopback can be attached");
		return -EOPNOTSUPP;
	}
	if (netdev_uses_dsa(dev)) {
		NL_SET_ERR_MSG(extack,
			       "device leads to a switch: attach the switch's ports instead");
		return -EOPNOTSUPP;
	}
	if (dev->priv_flags & IFF_NO_RX_HANDLER) {
		NL_SET_ERR_MSG(extack,
			       "device does not allow a receive handler");
		return -EINVAL;
	}
	if (netdev_is_rx_handler_busy(dev)) {
		NL_SET_ERR_MSG(extack,
			       "device has a receive handler: take it out of its bridge, bond, team or switch, or delete its macvlan, ipvlan or macsec devices, first");
		return -EBUSY;
	}
	if (dev->reg_state != NETREG_REGISTERED) {
		NL_SET_ERR_MSG(extack, "device is going away");
		return -ENODEV;
	}
	return 0;
}

/* Has the device of an ifnet that is being detached stayed? */
static bool has_device(const struct dlil_ifnet *ifp)
{
	struct dlil_netdev *nd;
	bool has = false;

	mutex_lock(&bindings_lock);
	list_for_each_entry(nd, &bindings, list)
		if (nd->ifp == ifp)
			has = nd->dev;
	mutex_unlock(&bindings_lock);
	return has;
}

/*
 * An ifnet for an id.  -EAGAIN with the one to wait for in *@going while the last
 * one of that id is being detached; -EBUSY while another device has it.
 */
static int acquire_id(enum dlil_ifnet_family kind, const void *id, size_t len,
		      struct dlil_ifnet **ifp, struct dlil_ifnet **going)
{
	int err;

	err = dlil_ifnet_acquire(kind, id, len, ifp);
	if (err != -EBUSY)
		return err;
	*going = dlil_ifnet_going(kind, id, len);
	if (!*going)
		return -EBUSY;
	if (has_device(*going))
		return -EAGAIN;
	/* A callback of a device that has gone may sleep for long (LNX-13). */
	dlil_ifnet_put(*going);
	*going = NULL;
	return -EBUSY;
}

/* Row LNX-1: the permanent address, else the name, unique with its namespace. */
static int acquire_for(struct net_device *dev, struct dlil_ifnet **ifp,
		       struct dlil_ifnet **going)
{
	struct { char name[IFNAMSIZ]; u64 cookie; } id = {};
	enum dlil_ifnet_family kind = kind_of(dev)->kind;
	int err;

	if (memchr_inv(dev->perm_addr, 0, dev->addr_len)) {
		err = acquire_id(kind, dev->perm_addr, dev->addr_len, ifp,
				 going);
		/* Another device has the same: virtual functions, clones. */
		if (err != -EBUSY)
			return err;
	}
	strscpy(id.name, dev->name, sizeof(id.name));
	id.cookie = dev_net(dev)->net_cookie;
	err = acquire_id(kind, &id, sizeof(id), ifp, going);
	/* A device that had this name when it was wrapped: do without. */
	if (err == -EBUSY)
		err = acquire_id(kind, NULL, 0, ifp, going);
	return err;
}

static int init_ifnet(struct dlil_netdev *nd)
{
	struct net_device *dev = nd->dev;
	const struct netdev_kind *kind = kind_of(dev);
	const struct dlil_ifnet_params params = {
		.driver = kind->driver,
		.family = kind->family,
		.priv = nd,
		.net = dev_net(dev),
		.name = dev->name,
		.ifindex = dev->ifindex,
		/* The stack has packets segmented that the device cannot take. */
		.attrs = DLIL_ATTR_COUNT_INPUT | DLIL_ATTR_CLASSIFIED |
			 DLIL_ATTR_TSO4 | DLIL_ATTR_TSO6,
		.addr_len = dev->addr_len,
		.broadcast = dev->broadcast,
		.device = dev->dev.parent,
	};

	return dlil_ifnet_init(nd->ifp, &params);
}

/* The device's side of it; the ifnet is ready. */
static int hook_device(struct dlil_netdev *nd)
{
	struct net_device *dev = nd->dev;
	const struct netdev_kind *kind = kind_of(dev);
	int err;

	nd->egress.hook = kind->egress;
	nd->egress.priv = nd;
	nd->egress.dev = dev;
	nd->egress.pf = NFPROTO_NETDEV;
	nd->egress.hooknum = NF_NETDEV_EGRESS;
	/* In front of everybody: nft sees what has passed our filters. */
	nd->egress.priority = INT_MIN;
	err = nf_register_net_hook(dev_net(dev), &nd->egress);
	if (err)
		return err;
	err = sysfs_create_group(&dev->dev.kobj, dlil_netdev_files);
	if (err)
		goto unhook;
	err = netdev_rx_handler_register(dev, kind->rx, nd);
	if (err)
		goto remove;
	/* Merged packets cannot be forwarded or filtered as what they were. */
	dev_disable_lro(dev);
	dlil_watch_start(nd);
	return 0;

remove:
	sysfs_remove_group(&dev->dev.kobj, dlil_netdev_files);
unhook:
	nf_unregister_net_hook(dev_net(dev), &nd->egress);
	return err;
}

/* The ifnet is attached, and the final detach lets go of all of it. */
static int dress_ifnet(struct dlil_netdev *nd)
{
	int err;

	err = dlil_host_plumb_all(nd);
	if (!err)
		err = hook_device(nd);
	if (!err)
		return 0;
	WRITE_ONCE(nd->live, false);
	WRITE_ONCE(nd->unhooked, true);
	dlil_ifnet_detach(nd->ifp);
	return err;
}

/**
 * dlil_netdev_attach - wrap a device as an ifnet
 * @dev: device
 * @unmatched: enum dlil_unmatched
 * @extack: gets a sentence when it is refused
 * @going: with -EAGAIN set to the ifnet whose final detach has to be over first,
 *	referenced; else to NULL
 *
 * Row LNX-1.
 *
 * Context: RTNL held.
 * Return: 0, -EEXIST, -EOPNOTSUPP, -EINVAL, -EBUSY, -ENODEV or -ENOMEM; -EAGAIN
 * while the device, or another one of its permanent address, is being unwrapped.
 */
int dlil_netdev_attach(struct net_device *dev, u32 unmatched,
		       struct netlink_ext_ack *extack,
		       struct dlil_ifnet **going)
{
	struct dlil_netdev *nd;
	int err;

	ASSERT_RTNL();

	*going = NULL;
	err = check_device(dev, extack);
	if (err)
		return err;
	*going = ifnet_of(dev);
	if (*going)
		return -EAGAIN;
	nd = kzalloc(sizeof(*nd), GFP_KERNEL);
	if (!nd)
		return -ENOMEM;
	refcount_set(&nd->refs, 1);
	nd->dev = dev;
	nd->raw = kind_of(dev) == &raw_kind;
	nd->live = true;
	nd->unmatched = unmatched;
	dlil_change_init(nd);
	dlil_watch_init(nd);
	err = acquire_for(dev, &nd->ifp, going);
	if (err)
		goto free;
	err = init_ifnet(nd);
	if (!err)
		err = dlil_ifnet_attach(nd->ifp, dev->dev_addr, dev->addr_len);
	if (err) {
		NL_SET_ERR_MSG(extack, "no input thread could be started");
		goto release;
	}
	netdev_hold(dev, &nd->tracker, GFP_KERNEL);
	mutex_lock(&bindings_lock);
	list_add_tail(&nd->list, &bindings);
	mutex_unlock(&bindings_lock);
	err = dress_ifnet(nd);
	if (err)
		NL_SET_ERR_MSG(extack, "protocols and hooks could not be set up");
	else if (READ_ONCE(dlil_verbose))
		netdev_info(dev, "attached to DLIL\n");
	return err;

release:
	dlil_ifnet_release(nd->ifp);
free:
	kfree(nd);
	return err;
}
EXPORT_SYMBOL_FOR_TEST(dlil_netdev_attach);

/*
 * Packets that RPS has queued for other processors: wait until they have been
 * worked off, for a second at the most, since RTNL is held.
 */
static void drain_backlogs(void)
{
#ifdef CONFIG_RPS
	unsigned long until = jiffies + HZ;
	struct softnet_data *sd;
	unsigned int tail;
	int cpu;

	cpus_read_lock();
	for_each_online_cpu(cpu) {
		sd = &per_cpu(softnet_data, cpu);
		tail = READ_ONCE(sd->input_queue_tail);
		while ((int)(tail - READ_ONCE(sd->input_queue_head)) > 0 &&
		       time_before(jiffies, until))
			usleep_range(100, 200);
	}
	cpus_read_unlock();
#endif
}

/*
 * Row LNX-15: from here on the receive handler passes what it gets, and packets that
 * are worked off are given to the host without our mark.  Packets that have been
 * marked get to the handler before it is taken away.
 */
static void begin_unhook(struct dlil_netdev *nd)
{
	set_bit(DLIL_SLOW_UNHOOK, &nd->slow);
	synchronize_net();
	drain_backlogs();
}

static void unhook_device(struct dlil_netdev *nd)
{
	struct net_device *dev = nd->dev;

	sysfs_remove_group(&dev->dev.kobj, dlil_netdev_files);
	nf_unregister_net_hook(dev_net(dev), &nd->egress);
	begin_unhook(nd);
	/* Waits for readers: see the top of this file. */
	netdev_rx_handler_unregister(dev);
	dlil_change_unhook(nd);
	WRITE_ONCE(nd->unhooked, true);
	if (READ_ONCE(dlil_verbose))
		netdev_info(dev, "detached from DLIL\n");
}

/* The input thread has worked off what was queued when the device was unhooked. */
static void netdev_flushed(struct dlil_flush *flush)
{
	struct dlil_netdev *nd = container_of(flush, struct dlil_netdev, flush);

	/* The ifnet is being detached already if the device has gone meanwhile. */
	dlil_ifnet_detach(nd->ifp);
}

/**
 * dlil_netdev_detach - unwrap a device
 * @dev: device
 * @extack: gets a sentence when it is refused
 * @going: set to its ifnet, referenced, for those who want to wait for its final
 *	detach; or to NULL
 *
 * The device is as before when this returns.  The ifnet is detached when the
 * packets that are queued have been worked off, which this does not wait for.
 *
 * Context: RTNL held.
 * Return: 0; -ENXIO if the device is not attached, or is being detached already.
 */
int dlil_netdev_detach(struct net_device *dev, struct netlink_ext_ack *extack,
		       struct dlil_ifnet **going)
{
	struct dlil_netdev *nd = dlil_netdev_of(dev);
	struct dlil_ifnet *ifp;

	ASSERT_RTNL();

	*going = NULL;
	if (!nd) {
		ifp = ifnet_of(dev);
		if (ifp) {
			NL_SET_ERR_MSG(extack,
				       "device is being detached already");
			dlil_ifnet_put(ifp);
		} else {
			NL_SET_ERR_MSG(extack, "device is not attached");
		}
		return -ENXIO;
	}
	*going = dlil_ifnet_get(nd->ifp);
	unhook_device(nd);
	nd->flush.fn = netdev_flushed;
	/* A hooked device's ifnet is attached; nobody detaches it without RTNL. */
	if (!WARN_ON_ONCE(!dlil_ifnet_io_begin(nd->ifp))) {
		dlil_inq_flush(nd->ifp, &nd->flush);
		dlil_ifnet_io_end(nd->ifp);
	}
	return 0;
}
EXPORT_SYMBOL_FOR_TEST(dlil_netdev_detach);

/* Free what is queued; the ifnet is being detached, and an I/O reference is held. */
static void discard_queue(struct dlil_ifnet *ifp)
{
	if (!dlil_inq_is_busy(ifp))
		return;
	/* Wait for modules that hand packets in and have seen the ifnet attached. */
	synchronize_net();
	dlil_inq_discard(ifp);
}

/*
 * The device is being unregistered or moved to another namespace (LNX-8): stop
 * delivering to it and let go of it, whatever the callbacks on it do (LNX-13).
 */
static void forsake_device(const struct net_device *dev)
{
	bool hooked = dlil_netdev_of(dev);
	struct dlil_netdev *nd;
	bool attached = false;

	mutex_lock(&bindings_lock);
	nd = find_binding(dev);
	if (nd) {
		refcount_inc(&nd->refs);
		WRITE_ONCE(nd->live, false);
		/* This keeps the final detach from beginning before the end here. */
		attached = dlil_ifnet_io_begin(nd->ifp);
	}
	mutex_unlock(&bindings_lock);
	if (!nd)
		return;
	/* Either one waits for those who have seen it live. */
	if (hooked)
		unhook_device(nd);
	else
		synchronize_net();
	if (!READ_ONCE(nd->pinned))
		release_device(nd);
	if (attached) {
		dlil_ifnet_detach(nd->ifp);
		discard_queue(nd->ifp);
		dlil_ifnet_io_end(nd->ifp);
	}
	netdev_put_binding(nd);
}

/*
 * Merged packets have no type of GSO: they cannot be made what they were.  To
 * switch LRO off causes an event like this one, which finds nothing more to do.
 */
static void keep_lro_off(struct net_device *dev)
{
	if (dev->features & dev->hw_features & NETIF_F_LRO)
		dev_disable_lro(dev);
}

static int netdev_event(struct notifier_block *nb, unsigned long event,
			void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct dlil_netdev *nd = dlil_netdev_of(dev);

	switch (event) {
	case NETDEV_UNREGISTER:
		/* Also when it moves to another namespace. */
		forsake_device(dev);
		break;
	case NETDEV_PRE_TYPE_CHANGE:
		/* The header format stays while the device is attached. */
		return nd ? notifier_from_errno(-EBUSY) : NOTIFY_DONE;
	case NETDEV_CHANGENAME:
		if (nd)
			dlil_ifnet_set_name(nd->ifp, dev->name);
		break;
	case NETDEV_CHANGEADDR:
		if (nd)
			dlil_ifnet_set_lladdr(nd->ifp, dev->dev_addr);
		break;
	}
	/* Unless it was unhooked above. */
	nd = dlil_netdev_of(dev);
	if (nd && event == NETDEV_FEAT_CHANGE)
		keep_lro_off(dev);
	if (nd)
		dlil_change_notify(nd, event);
	return NOTIFY_DONE;
}

/*
 * First of all: no protocol is told that a device goes while we still give it
 * packets.
 */
static struct notifier_block netdev_notifier = {
	.notifier_call = netdev_event,
	.priority = INT_MAX,
};

int dlil_netdev_module_init(void)
{
	int err;

	err = dlil_watch_module_init();
	if (err)
		return err;
	err = register_netdevice_notifier(&netdev_notifier);
	if (err)
		dlil_watch_module_exit();
	return err;
}

/**
 * struct drain - somebody waits until a queue is worked off
 * @flush: is behind what is in the queue
 * @done: it has been reached
 */
struct drain {
	struct dlil_flush flush;
	struct completion done;
};

static void drain_done(struct dlil_flush *flush)
{
	complete(&container_of(flush, struct drain, flush)->done);
}

/*
 * No callback is left that might sleep, so this ends soon, and it is not to be cut
 * short: what would be left in the queue would be lost.
 */
static void drain_queue(struct dlil_ifnet *ifp)
{
	struct drain drain = { .flush.fn = drain_done };

	init_completion(&drain.done);
	if (!dlil_ifnet_io_begin(ifp))
		return;
	dlil_inq_flush(ifp, &drain.flush);
	wait_for_completion(&drain.done);
	dlil_ifnet_io_end(ifp);
}

/*
 * The devices stay, and what they have received is not to be lost: work it off
 * while the ifnets are attached.  No filter or protocol is left that might want
 * one of these locks: their modules pin this one.
 */
static void unhook_all(void)
{
	struct dlil_netdev *nd;

	rtnl_lock();
	mutex_lock(&bindings_lock);
	list_for_each_entry(nd, &bindings, list)
		if (nd->dev && dlil_netdev_of(nd->dev) == nd)
			unhook_device(nd);
	mutex_unlock(&bindings_lock);
	rtnl_unlock();

	mutex_lock(&bindings_lock);
	list_for_each_entry(nd, &bindings, list)
		drain_queue(nd->ifp);
	mutex_unlock(&bindings_lock);
}

/*
 * Unwrap all devices; none can be attached any more.  The notifier is told once more of
 * every device as if that were going, so it ends what is still there (INI-4).
 */
void dlil_netdev_module_exit(void)
{
	unhook_all();
	unregister_netdevice_notifier(&netdev_notifier);
	dlil_watch_module_exit();
}
