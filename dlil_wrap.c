// SPDX-License-Identifier: GPL-2.0
/*
 * Wrapping a device as an ifnet, and unwrapping it: operations, attach, detach,
 * and the notifier for devices that are unregistered or moved.
 *
 * Wrapping needs RTNL, which everybody who configures a network waits for.  Creating a
 * thread can take long, as can the larger allocations: these parts are a spare (struct
 * dlil_spare), and are made without RTNL.  The first try of an attach, under RTNL, checks
 * all that may be wrong with the device, and finds that it has no spare for it.  The
 * caller unlocks, makes one with dlil_spare_get(), and tries again.  If the device has
 * been renamed or replaced meanwhile, that try wants another spare.
 *
 * Unwrapping first removes the hooks, under RTNL, and waits for an RCU grace
 * period, after which no hook is in flight.  If the device stays, no packet may
 * be lost: the input thread detaches the ifnet behind the queued packets.  No
 * task waits for that, because a callback in front of them may sleep (LNX-13).
 *
 * If the device goes, `live` is cleared before the grace period.  After it,
 * nothing is delivered to the device or sent by it.  The ifnet is detached at
 * once, queued packets are freed, and the reference to the device is dropped,
 * all without waiting for callbacks.  A callback in flight may still have
 * packets.  Therefore the core points packets to the kernel's blackhole device
 * before a callback that may sleep gets them; queued packets point to the real
 * device, but nobody follows that pointer.  References of packets to
 * the netns are kept in slips (dlil_slip.c), which are cleared.  The binding
 * lives until the final detach.
 *
 * Three kinds of devices can be wrapped: those with Ethernet headers, loopback
 * devices, whose header carries no information, and raw devices without a
 * header (LNX-9).
 */
#include <linux/cpu.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <net/dsa.h>

#include "dlil_event.h"
#include "dlil_export.h"
#include "dlil_ifnet.h"
#include "dlil_netdev.h"

const struct attribute_group *dlil_netdev_files;

/* Devices that are wrapped or being unwrapped. */
static LIST_HEAD(bindings);
static DEFINE_MUTEX(bindings_lock);

static struct dlil_netdev *binding_new(void)
{
	struct dlil_netdev *nd = kzalloc(sizeof(*nd), GFP_KERNEL);

	if (!nd)
		return NULL;
	nd->slips = dlil_slips_new();
	if (!nd->slips) {
		kfree(nd);
		return NULL;
	}
	refcount_set(&nd->refs, 1);
	return nd;
}

static void netdev_put_binding(struct dlil_netdev *nd)
{
	if (!refcount_dec_and_test(&nd->refs))
		return;
	dlil_slips_put(nd->slips);
	kfree(nd);
}

/* Drop the reference to the device, unless that has been done. */
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

/* Called by the final detach: no packet or thread uses the binding any more. */
static void netdev_free(struct dlil_ifnet *ifp)
{
	struct dlil_netdev *nd = dlil_ifnet_priv(ifp);

	/* While the device, and so its namespace, has to wait for the binding. */
	dlil_slips_clear(nd->slips);
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
 * Without an owner: the module would pin itself, and could not be unloaded
 * while a device is wrapped.  Instead, dlil_life_wait_all() waits until no
 * callback runs.
 */
#define DRIVER_OPS(fn)						\
	{							\
		.output = (fn),					\
		.tag_in_data = dlil_netdev_tag_in_data,		\
		.cuts_gso = dlil_netdev_cuts_gso,		\
		.unmatched = dlil_netdev_unmatched,		\
		.dropped = dlil_netdev_dropped,			\
		.stats = dlil_netdev_stats,			\
		.ioctl = dlil_change_ioctl,			\
		.set_tap = dlil_netdev_set_tap,			\
		.route = dlil_host_route,			\
		.free = netdev_free,				\
	}

static const struct dlil_driver_ops netdev_driver = DRIVER_OPS(dlil_netdev_output);
static const struct dlil_driver_ops loopback_driver =
	DRIVER_OPS(dlil_netdev_looped_output);

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
 * struct netdev_kind - operations for a kind of devices
 * @kind: interface family of the ifnet
 * @driver: operations of the driver
 * @family: operations of the interface family
 * @rx: receive handler
 * @egress: egress hook
 */
struct netdev_kind {
	enum dlil_ifnet_family kind;
	const struct dlil_driver_ops *driver;
	const struct dlil_family_ops *family;
	rx_handler_func_t *rx;
	nf_hookfn *egress;
};

static const struct netdev_kind ether_kind = {
	DLIL_IFNET_ETHERNET, &netdev_driver, &ether_family, dlil_netdev_rx,
	dlil_netdev_egress,
};

/*
 * On loopback the Ethernet header carries no information, so the raw family
 * demuxes.
 */
static const struct netdev_kind loopback_kind = {
	DLIL_IFNET_LOOPBACK, &loopback_driver, &raw_family, dlil_netdev_rx,
	dlil_netdev_egress,
};

static const struct netdev_kind raw_kind = {
	DLIL_IFNET_RAW, &netdev_driver, &raw_family, dlil_netdev_raw_rx,
	dlil_netdev_raw_egress,
};

/* NULL if the device is not supported.  Constant while it is wrapped. */
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

/*
 * Get the ifnet of a device that is wrapped or being unwrapped, with a
 * reference.
 */
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

/*
 * Is @ifp, which is being detached, the ifnet of this device?  If its binding has been
 * freed, netdev_free() is about to release it.
 */
static bool is_ifnet_of(const struct dlil_ifnet *ifp, const struct net_device *dev)
{
	bool is = ifp->ifindex == dev->ifindex &&
		  net_eq(read_pnet(&ifp->net), dev_net(dev));
	struct dlil_netdev *nd;

	mutex_lock(&bindings_lock);
	list_for_each_entry(nd, &bindings, list)
		if (nd->ifp == ifp)
			is = nd->dev == dev;
	mutex_unlock(&bindings_lock);
	return is;
}

/*
 * Acquire an ifnet for an id.  Returns -EAGAIN, with the ifnet to wait for in
 * *@going, while the device's own ifnet is being detached; -EBUSY if another
 * device uses the id, or has used it and is being unwrapped.
 */
static int acquire_id(const struct net_device *dev, struct dlil_spare *spare,
		      const void *id, size_t len, struct dlil_ifnet **ifp,
		      struct dlil_ifnet **going)
{
	int err;

	err = dlil_ifnet_acquire_with(spare->kind, id, len, &spare->ifp, ifp);
	if (err != -EBUSY)
		return err;
	*going = dlil_ifnet_going(spare->kind, id, len);
	if (!*going)
		return -EBUSY;
	if (is_ifnet_of(*going, dev))
		return -EAGAIN;
	/* Do not wait: callbacks on another device may sleep for long (LNX-13). */
	dlil_ifnet_put(*going);
	*going = NULL;
	return -EBUSY;
}

/* Row LNX-1: id by permanent address, or else by name and netns. */
static int acquire_for(struct net_device *dev, struct dlil_spare *spare,
		       struct dlil_ifnet **ifp, struct dlil_ifnet **going)
{
	struct { char name[IFNAMSIZ]; u64 cookie; } id = {};
	int err;

	if (memchr_inv(dev->perm_addr, 0, dev->addr_len)) {
		err = acquire_id(dev, spare, dev->perm_addr, dev->addr_len,
				 ifp, going);
		/* Virtual functions and clones can share a permanent address. */
		if (err != -EBUSY)
			return err;
	}
	strscpy(id.name, dev->name, sizeof(id.name));
	id.cookie = dev_net(dev)->net_cookie;
	err = acquire_id(dev, spare, &id, sizeof(id), ifp, going);
	/* A wrapped device had this name before it was renamed: use no id. */
	if (err == -EBUSY)
		err = acquire_id(dev, spare, NULL, 0, ifp, going);
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
		/* The stack segments packets that the device cannot take. */
		.attrs = DLIL_ATTR_COUNT_INPUT | DLIL_ATTR_CLASSIFIED |
			 DLIL_ATTR_TSO4 | DLIL_ATTR_TSO6,
		.addr_len = dev->addr_len,
		.broadcast = dev->broadcast,
		.device = dev->dev.parent,
	};

	return dlil_ifnet_init(nd->ifp, &params);
}

/* Install the hooks on the device, once the ifnet is ready. */
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
	/*
	 * Run before all other egress hooks: nft sees what the filters have
	 * passed.
	 */
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
	/*
	 * LRO packets cannot be split into the original packets for a filter or
	 * forwarding.
	 */
	dev_disable_lro(dev);
	dlil_watch_start(nd);
	return 0;

remove:
	sysfs_remove_group(&dev->dev.kobj, dlil_netdev_files);
unhook:
	nf_unregister_net_hook(dev_net(dev), &nd->egress);
	return err;
}

/* Plumb protocols and hooks.  On failure, the final detach releases everything. */
static int plumb_and_hook(struct dlil_netdev *nd)
{
	int err;

	err = dlil_host_plumb_all(nd);
	if (!err)
		err = hook_device(nd);
	if (!err)
		return 0;
	dlil_log(nd->ifp, DLIL_LOG_ATTACH,
		 "attach failed: protocols and hooks could not be set up: %pe",
		 ERR_PTR(err));
	WRITE_ONCE(nd->live, false);
	WRITE_ONCE(nd->unhooked, true);
	dlil_ifnet_detach(nd->ifp);
	return err;
}

static void binding_init(struct dlil_netdev *nd, struct net_device *dev,
			 u32 unmatched)
{
	nd->dev = dev;
	nd->raw = kind_of(dev) == &raw_kind;
	nd->live = true;
	nd->unmatched = unmatched;
	dlil_netdev_errors_init(nd);
	dlil_change_init(nd);
	dlil_watch_init(nd);
}

static int node_of(const struct net_device *dev)
{
	return dev->dev.parent ? dev_to_node(dev->dev.parent) : NUMA_NO_NODE;
}

/* Was the spare made for a device like this one? */
static bool spare_fits(const struct dlil_spare *spare,
		       const struct net_device *dev)
{
	return spare->nd && spare->kind == kind_of(dev)->kind &&
	       spare->node == node_of(dev) && !strcmp(spare->name, dev->name);
}

static void spare_want(struct dlil_spare *spare, const struct net_device *dev)
{
	spare->wanted = true;
	spare->kind = kind_of(dev)->kind;
	spare->node = node_of(dev);
	spare->ifindex = dev->ifindex;
	strscpy(spare->name, dev->name, sizeof(spare->name));
}

/**
 * dlil_spare_put - free what an attach has not used
 * @spare: spare
 *
 * Context: process; may sleep.  The caller should hold no lock.
 */
void dlil_spare_put(struct dlil_spare *spare)
{
	if (spare->nd)
		netdev_put_binding(spare->nd);
	if (spare->ifp)
		dlil_ifnet_put(spare->ifp);
	dlil_runner_free(spare->runner);
	spare->nd = NULL;
	spare->ifp = NULL;
	spare->runner = NULL;
}
EXPORT_SYMBOL_FOR_TEST(dlil_spare_put);

static int spare_make(struct dlil_spare *spare, struct netlink_ext_ack *extack)
{
	int err;

	dlil_spare_put(spare);
	spare->ifp = dlil_ifnet_blank();
	if (!spare->ifp)
		return -ENOMEM;
	spare->runner = dlil_runner_new(spare->kind, spare->name, spare->node);
	if (IS_ERR(spare->runner)) {
		NL_SET_ERR_MSG(extack, "no input thread could be started");
		err = PTR_ERR(spare->runner);
		spare->runner = NULL;
		return err;
	}
	/* Last, since it says that the spare is complete. */
	spare->nd = binding_new();
	return spare->nd ? 0 : -ENOMEM;
}

/**
 * dlil_spare_get - make what an attach has lacked
 * @spare: argument of dlil_netdev_attach(), which has just returned; zeroed before the
 *	first call
 * @err: its result; replaced by the reason if the spare cannot be made
 * @extack: receives a message on errors
 *
 * Context: process; may sleep for long.  RTNL not held.
 * Return: true if the attach must be tried again; false if *@err is its result.
 */
bool dlil_spare_get(struct dlil_spare *spare, int *err,
		    struct netlink_ext_ack *extack)
{
	struct netlink_ext_ack why = {};

	if (!spare->wanted)
		return false;
	spare->wanted = false;
	*err = spare_make(spare, &why);
	if (!*err)
		return true;
	if (extack)
		extack->_msg = why._msg;
	dlil_log_refused(spare->name, spare->ifindex, why._msg, *err);
	return false;
}
EXPORT_SYMBOL_FOR_TEST(dlil_spare_get);

/* Make the spare the binding and the ifnet of a device. */
static int prepare(struct net_device *dev, u32 unmatched,
		   struct dlil_spare *spare, struct netlink_ext_ack *extack,
		   struct dlil_ifnet **going)
{
	int err = check_device(dev, extack);

	if (err)
		return err;
	*going = ifnet_of(dev);
	if (*going)
		return -EAGAIN;
	if (!spare_fits(spare, dev)) {
		spare_want(spare, dev);
		return -EAGAIN;
	}
	err = acquire_for(dev, spare, &spare->nd->ifp, going);
	if (err)
		return err;
	binding_init(spare->nd, dev, unmatched);
	err = init_ifnet(spare->nd);
	if (err)
		dlil_ifnet_release(spare->nd->ifp);
	return err;
}

/**
 * dlil_netdev_attach - wrap a device as an ifnet
 * @dev: device
 * @unmatched: enum dlil_unmatched
 * @spare: what is not made under RTNL, zeroed before the first call; call
 *	dlil_spare_get() after each call, and dlil_spare_put() at the end
 * @extack: receives a message on errors
 * @going: with -EAGAIN, set to the ifnet whose final detach must finish first,
 *	with a reference; otherwise NULL
 *
 * Row LNX-1.
 *
 * Context: RTNL held.
 * Return: 0, -EEXIST, -EOPNOTSUPP, -EINVAL, -EBUSY, -ENODEV or -ENOMEM; -EAGAIN
 * while the device, or another one with its permanent address, is being
 * unwrapped, or if the spare is not one for this device.
 */
int dlil_netdev_attach(struct net_device *dev, u32 unmatched,
		       struct dlil_spare *spare,
		       struct netlink_ext_ack *extack,
		       struct dlil_ifnet **going)
{
	struct netlink_ext_ack why = {};
	struct dlil_netdev *nd;
	int err;

	ASSERT_RTNL();

	*going = NULL;
	err = prepare(dev, unmatched, spare, &why, going);
	if (err) {
		if (extack)
			extack->_msg = why._msg;
		if (err != -EAGAIN)
			dlil_log_refused(dev->name, dev->ifindex, why._msg, err);
		return err;
	}
	nd = spare->nd;
	err = dlil_ifnet_attach_with(nd->ifp, dev->dev_addr, dev->addr_len,
				     &spare->runner);
	if (err) {
		if (err == -EEXIST)
			NL_SET_ERR_MSG(extack,
				       "another ifnet has the device's name");
		dlil_ifnet_release(nd->ifp);
		return err;
	}
	spare->nd = NULL;
	netdev_hold(dev, &nd->tracker, GFP_KERNEL);
	mutex_lock(&bindings_lock);
	list_add_tail(&nd->list, &bindings);
	mutex_unlock(&bindings_lock);
	err = plumb_and_hook(nd);
	if (err)
		NL_SET_ERR_MSG(extack,
			       "protocols and hooks could not be set up: see the kernel log");
	return err;
}
EXPORT_SYMBOL_FOR_TEST(dlil_netdev_attach);

/*
 * Wait until packets that RPS has queued on other processors have been
 * processed, but for at most a second, because RTNL is held.
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
 * Row LNX-15: from here on, the receive handler passes all packets on, and
 * processed packets go to the host without our mark.  Marked packets in flight
 * reach the handler before it is removed.
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
	/* Waits for RCU readers, see the top of this file. */
	netdev_rx_handler_unregister(dev);
	dlil_change_unhook(nd);
	WRITE_ONCE(nd->unhooked, true);
}

/* The input thread has processed what was queued when the device was unhooked. */
static void netdev_flushed(struct dlil_flush *flush)
{
	struct dlil_netdev *nd = container_of(flush, struct dlil_netdev, flush);

	/*
	 * Does nothing if the device has gone meanwhile, which detaches the
	 * ifnet, too.
	 */
	dlil_ifnet_detach(nd->ifp);
}

/**
 * dlil_netdev_detach - unwrap a device
 * @dev: device
 * @extack: receives a message on errors
 * @going: set to the ifnet, with a reference, for callers that wait for its
 *	final detach; NULL on errors
 *
 * When this returns, the device works as before the attach.  The ifnet is
 * detached later, once the input thread has processed the queued packets.
 *
 * Context: RTNL held.
 * Return: 0; -ENXIO if the device is not attached, or is being detached
 * already.
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
	/*
	 * The ifnet of a hooked device is attached, since detaching it needs
	 * RTNL.
	 */
	if (!WARN_ON_ONCE(!dlil_ifnet_io_begin(nd->ifp))) {
		dlil_inq_flush(nd->ifp, &nd->flush);
		dlil_ifnet_io_end(nd->ifp);
	}
	return 0;
}
EXPORT_SYMBOL_FOR_TEST(dlil_netdev_detach);

/* Free queued packets; the ifnet is being detached, with an I/O reference held. */
static void discard_queue(struct dlil_ifnet *ifp)
{
	if (!dlil_inq_is_busy(ifp))
		return;
	/* Wait for producers in other modules that have seen the ifnet attached. */
	synchronize_net();
	dlil_inq_discard(ifp);
}

/*
 * The device is being unregistered or moved to another netns (LNX-8): stop
 * delivering to it and drop it, even if callbacks on it are in flight (LNX-13).
 */
static void release_gone_device(const struct net_device *dev)
{
	bool hooked = dlil_netdev_of(dev);
	struct dlil_stats unused = {};
	struct dlil_netdev *nd;
	bool attached = false;

	mutex_lock(&bindings_lock);
	nd = find_binding(dev);
	if (nd) {
		refcount_inc(&nd->refs);
		/* Read the counters a last time: the device frees them soon. */
		dlil_netdev_stats(nd->ifp, &unused);
		WRITE_ONCE(nd->live, false);
		/*
		 * Keeps the final detach from starting before this function
		 * ends.
		 */
		attached = dlil_ifnet_io_begin(nd->ifp);
	}
	mutex_unlock(&bindings_lock);
	if (!nd)
		return;
	/* Both wait for RCU readers that have seen the device live. */
	if (hooked)
		unhook_device(nd);
	else
		synchronize_net();
	dlil_slips_clear(nd->slips);
	release_device(nd);
	if (attached) {
		dlil_ifnet_detach(nd->ifp);
		discard_queue(nd->ifp);
		dlil_ifnet_io_end(nd->ifp);
	}
	netdev_put_binding(nd);
}

/*
 * Keep LRO off: its packets have no GSO type, so they cannot be split again.
 * Disabling LRO triggers this event again, which then finds nothing to do.
 */
static void keep_lro_off(struct net_device *dev)
{
	if (dev->features & dev->hw_features & NETIF_F_LRO)
		dev_disable_lro(dev);
}

/*
 * Also of a device that is unwrapped, whose ifnet may be attached for as long as a
 * callback sleeps: another device may get its name and is to be wrapped (IFN-13).
 */
static void rename_ifnet(const struct net_device *dev)
{
	struct dlil_ifnet *ifp = ifnet_of(dev);

	if (!ifp)
		return;
	dlil_ifnet_set_name(ifp, dev->name);
	dlil_ifnet_put(ifp);
}

static int netdev_event(struct notifier_block *nb, unsigned long event,
			void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct dlil_netdev *nd = dlil_netdev_of(dev);

	switch (event) {
	case NETDEV_UNREGISTER:
		/* Sent for a move to another netns as well. */
		release_gone_device(dev);
		break;
	case NETDEV_PRE_TYPE_CHANGE:
		/* The header format stays while the device is attached. */
		return nd ? notifier_from_errno(-EBUSY) : NOTIFY_DONE;
	case NETDEV_CHANGENAME:
		rename_ifnet(dev);
		break;
	case NETDEV_CHANGEADDR:
		if (nd)
			dlil_ifnet_set_lladdr(nd->ifp, dev->dev_addr);
		break;
	}
	/* Look again: the device may have been unhooked above. */
	nd = dlil_netdev_of(dev);
	if (nd && event == NETDEV_FEAT_CHANGE)
		keep_lro_off(dev);
	if (nd)
		dlil_change_notify(nd, event);
	return NOTIFY_DONE;
}

/*
 * Highest priority: when protocols learn that the device goes, DLIL must
 * already have stopped delivering packets to them.
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
 * struct drain - a task that waits until a queue has been processed
 * @flush: called behind the packets in the queue
 * @done: completed by @flush
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
 * No callback is left that could sleep, so this ends soon.  It must not be
 * interrupted, because packets left in the queue would be lost.
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
 * The devices stay, and must not lose received packets: process them while the
 * ifnets are attached.  No filter or protocol is left that could take these
 * locks, because their modules would pin this one.
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
 * Unwrap all devices; none can be attached any more.  Unregistering the
 * notifier sends NETDEV_UNREGISTER for every device, which finishes those that
 * are left (INI-4).
 */
void dlil_netdev_module_exit(void)
{
	unhook_all();
	unregister_netdevice_notifier(&netdev_notifier);
	dlil_watch_module_exit();
}
