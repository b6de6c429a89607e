// SPDX-License-Identifier: GPL-2.0
/*
 * Changes of a wrapped device: notifications of the kernel become events
 * (LNX-7), and control requests change the device (LNX-10); and the watch for neighbours
 * and groups.
 *
 * The kernel's notifiers run under RTNL.  Posting an event does not wait;
 * callbacks run later, in the ifnet's event work, and may take RTNL (LNX-12).
 * An event that cannot be posted, because memory is short or the queue is full,
 * is owed: it is posted again a little later, under RTNL and with the values of
 * that time.  So the final state is always reported last.
 *
 * dlil_neigh.c reports groups.  The kernel counts the users of a group; this
 * file lists the groups that DLIL itself has joined, so that it leaves only
 * these, and all of them when the device is unwrapped (IFN-12).  A group may
 * have two holders: the memberships of the ifnet, made by modules, and direct
 * control requests, mostly of users.  Neither can end the other's hold.
 *
 * A request is made without RTNL, which is taken here.  Its I/O reference keeps
 * the binding, but not the device.  If the device is unregistered or moved to
 * another netns meanwhile, the notifier unhooks it under RTNL; a request that
 * gets RTNL later finds it unhooked and must not use it.
 */
#include <linux/etherdevice.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "dlil_call.h"
#include "dlil_change.h"
#include "dlil_event.h"
#include "dlil_export.h"
#include "dlil_ifnet.h"
#include "dlil_netdev.h"
#include "dlil_party.h"

/*
 * The watch decides whether groups and neighbours of wrapped devices are tracked
 * (LNX-7).
 *
 * Tracking costs memory and time, and unprivileged users control how much,
 * since they join groups and create neighbours.  So a device is watched only
 * while its events have a receiver (LNX-13): a filter or protocol on it with an
 * `event` callback, or a socket in the group of the netlink family.  Groups and
 * neighbours that exist already when watching begins are not reported.
 *
 * The attach of such a filter or protocol starts the watching.  Netlink has no
 * notification for a socket that joins a group, so a work for all devices polls
 * once a second.  In addition, each dump of attached devices polls before it
 * answers, so that a program that first joins the group and then dumps misses
 * nothing.  A socket counts for all devices, because the kernel does not tell
 * its netns.
 *
 * The work goes from device to device with an I/O reference to each, so that it
 * holds no lock for longer than one device takes, and delays a final detach no
 * longer than that.
 */

#define PERIOD HZ

/* All wrapped devices until their final detach. */
static LIST_HEAD(watches);
static DEFINE_SPINLOCK(watches_lock);

/* Number of watched devices; the work has nothing to do while it is 0. */
static atomic_t n_watched = ATOMIC_INIT(0);

/*
 * The last poll found a listening socket, so all devices are watched.  Cleared
 * whenever a device without receiver is found.
 */
static bool heard_outside;

static void watch_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(watches_work, watch_work);

static void watch_again(void)
{
	queue_delayed_work(system_power_efficient_wq, &watches_work,
			   round_jiffies_relative(PERIOD));
}

/*
 * Start or stop watching @nd, depending on whether its events have a receiver.
 *
 * Return: true if the caller must record the existing neighbours.
 */
static bool watch_update(struct dlil_netdev *nd)
{
	bool on;

	lockdep_assert_held(&nd->watch.lock);

	on = dlil_event_is_heard(nd->ifp);
	/* The next socket may start to listen before the work polls. */
	if (!on)
		WRITE_ONCE(heard_outside, false);
	if (on == nd->watch.on)
		return false;
	nd->watch.on = on;
	if (on) {
		atomic_inc(&n_watched);
		dlil_groups_look(nd);
		dlil_neigh_begin(nd);
	} else {
		atomic_dec(&n_watched);
		dlil_groups_end(nd);
		dlil_neigh_end(nd);
	}
	return on;
}

/*
 * Get the next wrapped device behind @nd (NULL: the first), with an I/O
 * reference; drop that of @nd.
 */
static struct dlil_netdev *watch_next(struct dlil_netdev *nd)
{
	struct dlil_netdev *next;

	spin_lock(&watches_lock);
	next = list_prepare_entry(nd, &watches, watch.list);
	list_for_each_entry_continue(next, &watches, watch.list)
		if (dlil_ifnet_io_begin(next->ifp))
			goto out;
	next = NULL;
out:
	spin_unlock(&watches_lock);
	if (nd)
		dlil_ifnet_io_end(nd->ifp);
	return next;
}

/* Update the state of all devices; with @look, also report changed groups. */
static void watch_all(bool look)
{
	struct dlil_netdev *nd = NULL;
	bool begun = false;

	while ((nd = watch_next(nd))) {
		mutex_lock(&nd->watch.lock);
		if (watch_update(nd))
			begun = true;
		else if (look && nd->watch.on)
			dlil_groups_look(nd);
		mutex_unlock(&nd->watch.lock);
		cond_resched();
	}
	if (begun)
		dlil_neigh_note(NULL);
}

static void watch_work(struct work_struct *work)
{
	bool heard = dlil_event_is_heard_outside();

	WRITE_ONCE(heard_outside, heard);
	if (heard || atomic_read(&n_watched))
		watch_all(true);
	spin_lock(&watches_lock);
	if (!list_empty(&watches))
		watch_again();
	spin_unlock(&watches_lock);
}

/*
 * Called before netlink dumps attached devices, whose reader may just have
 * joined the group.  Process context; may sleep, waits for no callback.
 */
void dlil_watch_notice(void)
{
	if (READ_ONCE(heard_outside) || !dlil_event_is_heard_outside())
		return;
	WRITE_ONCE(heard_outside, true);
	watch_all(false);
}
EXPORT_SYMBOL_FOR_TEST(dlil_watch_notice);

/* A filter or protocol with an `event` callback was attached to an ifnet. */
static int watch_told(struct notifier_block *nb, unsigned long what, void *ptr)
{
	const struct dlil_told *told = ptr;
	struct dlil_netdev *nd;
	bool begun;

	if (what != DLIL_TELL_HEARD)
		return NOTIFY_DONE;
	nd = dlil_netdev_begin(told->ifp);
	if (!nd)
		return NOTIFY_DONE;
	mutex_lock(&nd->watch.lock);
	begun = watch_update(nd);
	mutex_unlock(&nd->watch.lock);
	if (begun)
		dlil_neigh_note(nd);
	dlil_ifnet_io_end(told->ifp);
	return NOTIFY_DONE;
}

static bool hears_nothing(void)
{
	return false;
}

static struct dlil_listener watch_listener = {
	.nb.notifier_call = watch_told,
	.hears = hears_nothing,
};

/* Initialise the watch of a new binding, before its ifnet is attached. */
void dlil_watch_init(struct dlil_netdev *nd)
{
	mutex_init(&nd->watch.lock);
	INIT_LIST_HEAD(&nd->watch.list);
	dlil_neigh_init(nd);
}

/*
 * Start the watch of a device that has just been hooked, with RTNL held.
 * Existing neighbours are reported to receivers that are there already.
 */
void dlil_watch_start(struct dlil_netdev *nd)
{
	bool on;

	/*
	 * Add to the list first, so that new receivers find the device from
	 * here on.
	 */
	spin_lock(&watches_lock);
	list_add_tail(&nd->watch.list, &watches);
	watch_again();
	spin_unlock(&watches_lock);
	mutex_lock(&nd->watch.lock);
	watch_update(nd);
	/* Receivers that listened before the device was hooked have not got its neighbours. */
	on = nd->watch.on;
	mutex_unlock(&nd->watch.lock);
	if (on)
		dlil_neigh_tell(nd);
}

/*
 * Look for changes after a request that changes groups.  With an I/O reference;
 * may sleep.
 */
void dlil_watch_look(struct dlil_netdev *nd)
{
	mutex_lock(&nd->watch.lock);
	if (nd->watch.on)
		dlil_groups_look(nd);
	mutex_unlock(&nd->watch.lock);
}
EXPORT_SYMBOL_FOR_TEST(dlil_watch_look);

/*
 * End the watch in the final detach: no I/O reference is left, and the device
 * is unhooked, so no notifier sees @nd.  May sleep.
 */
void dlil_watch_exit(struct dlil_netdev *nd)
{
	spin_lock(&watches_lock);
	list_del(&nd->watch.list);
	spin_unlock(&watches_lock);
	if (nd->watch.on)
		atomic_dec(&n_watched);
	dlil_groups_end(nd);
	dlil_neigh_exit(nd);
}

int dlil_watch_module_init(void)
{
	int err;

	err = dlil_neigh_module_init();
	if (err)
		return err;
	err = dlil_event_listen(&watch_listener);
	if (err)
		dlil_neigh_module_exit();
	return err;
}

/* No device can be wrapped any more; some may not have been released yet. */
void dlil_watch_module_exit(void)
{
	dlil_event_unlisten(&watch_listener);
	dlil_neigh_module_exit();
	cancel_delayed_work_sync(&watches_work);
}

/* Changes of the device itself, see the top of this file. */

#define RETRY_DELAY (HZ / 10)

/* The flags that dev_change_flags() accepts. */
#define CHANGEABLE_FLAGS (IFF_UP | IFF_DEBUG | IFF_NOTRAILERS | IFF_NOARP | \
			  IFF_PROMISC | IFF_ALLMULTI | IFF_MULTICAST | \
			  IFF_PORTSEL | IFF_AUTOMEDIA | IFF_DYNAMIC)

static_assert(DLIL_EVENT_MASTER_ELECTED < BITS_PER_LONG);

/* Holders of a group: memberships of the ifnet, and direct requests. */
#define GROUP_MEMBERS	BIT(0)
#define GROUP_ASKED	BIT(1)

/**
 * struct group - a group that DLIL has joined on the device
 * @list: entry in the list of the device, under RTNL
 * @holders: GROUP_*; under RTNL
 * @addr: link address of the group, as long as the device's
 */
struct group {
	struct list_head list;
	unsigned int holders;
	u8 addr[MAX_ADDR_LEN];
};

/* The kernel sends no notification when IFF_PROMISC or IFF_ALLMULTI changes. */
static unsigned int told_flags(const struct net_device *dev)
{
	return dev->flags & ~(IFF_PROMISC | IFF_ALLMULTI);
}

static bool has_link(const struct net_device *dev)
{
	return netif_running(dev) && netif_carrier_ok(dev);
}

/* Post the event @code with the present values of the device. */
static int post(struct dlil_netdev *nd, u32 code)
{
	struct dlil_ifnet *ifp = nd->ifp;
	u32 value;

	switch (code) {
	case DLIL_EVENT_SIFFLAGS:
		value = compat_get_flags(nd->dev);
		return dlil_event_post(ifp, code, &value, sizeof(value));
	case DLIL_EVENT_SIFMTU:
		value = READ_ONCE(nd->dev->mtu);
		return dlil_event_post(ifp, code, &value, sizeof(value));
	case DLIL_EVENT_LINK_ADDRESS_CHANGED:
		return dlil_event_post(ifp, code, dlil_ifnet_lladdr(ifp),
				       dlil_ifnet_addr_len(ifp));
	case DLIL_EVENT_LINK_ON:
	case DLIL_EVENT_LINK_OFF:
		code = has_link(nd->dev) ? DLIL_EVENT_LINK_ON :
					   DLIL_EVENT_LINK_OFF;
		fallthrough;
	default:
		return dlil_event_post(ifp, code, NULL, 0);
	}
}

static void owe(struct dlil_netdev *nd, u32 code)
{
	set_bit(code, &nd->change.owed);
	schedule_delayed_work(&nd->change.retry, RETRY_DELAY);
}

static void post_or_owe(struct dlil_netdev *nd, u32 code)
{
	ASSERT_RTNL();

	if (post(nd, code))
		owe(nd, code);
}

static void retry_work(struct work_struct *work)
{
	struct dlil_netdev *nd = container_of(to_delayed_work(work),
					      struct dlil_netdev, change.retry);
	u32 code;

	/* A device that is being unwrapped reports nothing. */
	if (!dlil_ifnet_io_begin(nd->ifp))
		return;
	rtnl_lock();
	if (!nd->unhooked)
		for_each_set_bit(code, &nd->change.owed, BITS_PER_LONG)
			if (test_and_clear_bit(code, &nd->change.owed))
				post_or_owe(nd, code);
	rtnl_unlock();
	dlil_ifnet_io_end(nd->ifp);
}

static void flags_changed(struct dlil_netdev *nd)
{
	struct dlil_change *c = &nd->change;
	bool link = has_link(nd->dev);

	if (c->flags != told_flags(nd->dev)) {
		c->flags = told_flags(nd->dev);
		post_or_owe(nd, DLIL_EVENT_SIFFLAGS);
	}
	if (c->link != link) {
		c->link = link;
		post_or_owe(nd, link ? DLIL_EVENT_LINK_ON :
				       DLIL_EVENT_LINK_OFF);
	}
}

/* Notifier for NETDEV_* changes of the device.  RTNL held. */
void dlil_change_notify(struct dlil_netdev *nd, unsigned long event)
{
	ASSERT_RTNL();

	switch (event) {
	case NETDEV_UP:
	case NETDEV_DOWN:
	case NETDEV_CHANGE:
		flags_changed(nd);
		break;
	case NETDEV_CHANGEMTU:
		post_or_owe(nd, DLIL_EVENT_SIFMTU);
		break;
	case NETDEV_CHANGEADDR:
		post_or_owe(nd, DLIL_EVENT_LINK_ADDRESS_CHANGED);
		break;
	case NETDEV_FEAT_CHANGE:
		post_or_owe(nd, DLIL_EVENT_IFCAP_CHANGED);
		break;
	}
}

/*
 * The extended acknowledgment says why the kernel or the driver has refused something.
 * The text may belong to the module of the driver, so it is copied under RTNL.
 */
static void pass_on(const struct netlink_ext_ack *extack)
{
	if (extack->_msg)
		dlil_call_why("%s", extack->_msg);
}

static int change_flags(struct net_device *dev,
			const struct dlil_ioc_flags *want)
{
	struct netlink_ext_ack extack = {};
	unsigned int before, flags;
	int err;

	if (!want->mask || want->mask & ~CHANGEABLE_FLAGS) {
		dlil_call_why("these flags cannot be changed by a request");
		return -EINVAL;
	}
	/* The kernel counts these two: keep what other users have requested. */
	before = dev->flags & ~(IFF_PROMISC | IFF_ALLMULTI);
	before |= dev->gflags & (IFF_PROMISC | IFF_ALLMULTI);
	flags = (before & ~want->mask) | (want->flags & want->mask);
	err = dev_change_flags(dev, flags, &extack);
	if (err) {
		pass_on(&extack);
		/* The kernel has changed the others of a device that cannot be set up. */
		dev_change_flags(dev, before, NULL);
	}
	return err;
}

/* The text of the kernel goes to its log, and modules cannot have it: say the range. */
static int change_mtu(struct net_device *dev, u32 mtu)
{
	u32 max = dev->max_mtu ?: INT_MAX;
	int err;

	err = mtu > INT_MAX ? -EINVAL : dev_set_mtu(dev, mtu);
	if (err && (mtu < dev->min_mtu || mtu > max))
		dlil_call_why("it takes an MTU of %u to %u", dev->min_mtu, max);
	return err;
}

static int change_address(struct net_device *dev,
			  const struct dlil_ioc_lladdr *lladdr)
{
	struct sockaddr_storage ss = { .ss_family = dev->type };
	struct netlink_ext_ack extack = {};
	int err;

	if (lladdr->len != dev->addr_len) {
		dlil_call_why("its link addresses have %u bytes", dev->addr_len);
		return -EINVAL;
	}
	memcpy(ss.__data, lladdr->addr, lladdr->len);
	err = compat_set_mac_address(dev, &ss, &extack);
	if (!err)
		return 0;
	if (dev->addr_len == ETH_ALEN && !is_valid_ether_addr(lladdr->addr))
		dlil_call_why("this is the address of a group, or of nobody");
	else if (err == -EBUSY && netif_running(dev))
		dlil_call_why("it can change its address only while it is down");
	pass_on(&extack);
	return err;
}

static struct group *find_group(struct dlil_netdev *nd, const u8 *addr)
{
	struct group *group;

	ASSERT_RTNL();

	list_for_each_entry(group, &nd->change.groups, list)
		if (!memcmp(group->addr, addr, nd->dev->addr_len))
			return group;
	return NULL;
}

static int join_first(struct dlil_netdev *nd, const u8 *addr,
		      unsigned int holder)
{
	struct group *group;
	int err;

	group = kzalloc(sizeof(*group), GFP_KERNEL);
	if (!group)
		return -ENOMEM;
	group->holders = holder;
	memcpy(group->addr, addr, nd->dev->addr_len);
	err = dev_mc_add(nd->dev, addr);
	if (err)
		kfree(group);
	else
		list_add_tail(&group->list, &nd->change.groups);
	return err;
}

static int join(struct dlil_netdev *nd, const u8 *addr, unsigned int holder)
{
	struct group *group = find_group(nd, addr);

	if (!group)
		return join_first(nd, addr, holder);
	if (group->holders & holder)
		return -EEXIST;
	group->holders |= holder;
	return 0;
}

/* Leave a group without holders.  RTNL held. */
static int leave_last(struct dlil_netdev *nd, struct group *group)
{
	int err;

	ASSERT_RTNL();

	err = dev_mc_del(nd->dev, group->addr);
	list_del(&group->list);
	kfree(group);
	return err;
}

static int leave(struct dlil_netdev *nd, const u8 *addr, unsigned int holder)
{
	struct group *group = find_group(nd, addr);

	if (!group || !(group->holders & holder))
		return -ENOENT;
	group->holders &= ~holder;
	return group->holders ? 0 : leave_last(nd, group);
}

static int change_group(struct dlil_netdev *nd, bool add,
			const struct dlil_ioc_lladdr *group)
{
	unsigned int holder = dlil_multi_is_telling(nd->ifp) ? GROUP_MEMBERS :
							       GROUP_ASKED;
	struct net_device *dev = nd->dev;
	int err;

	if (group->len != dev->addr_len || !is_multicast_ether_addr(group->addr)) {
		dlil_call_why("this is not the address of a group");
		return -EINVAL;
	}
	err = add ? join(nd, group->addr, holder) : leave(nd, group->addr, holder);
	if (err == -EEXIST)
		dlil_call_why("the group has been joined already");
	if (err == -ENOENT)
		dlil_call_why("the group has not been joined");
	return err;
}

static int restore_group(const u8 *addr, size_t len, void *arg)
{
	struct dlil_netdev *nd = arg;
	int err;

	err = len == nd->dev->addr_len ? join(nd, addr, GROUP_MEMBERS) : -EINVAL;
	/* A request has joined it since the attach. */
	return err == -EEXIST ? 0 : err;
}

static int change(struct dlil_netdev *nd, u32 code, const void *arg)
{
	if (!arg)
		return dlil_multi_for_each(nd->ifp, restore_group, nd);
	switch (code) {
	case DLIL_IOC_SIFFLAGS:
		return change_flags(nd->dev, arg);
	case DLIL_IOC_SIFMTU:
		return change_mtu(nd->dev, *(const u32 *)arg);
	case DLIL_IOC_SIFLLADDR:
		return change_address(nd->dev, arg);
	case DLIL_IOC_ADDMULTI:
	case DLIL_IOC_DELMULTI:
		return change_group(nd, code == DLIL_IOC_ADDMULTI, arg);
	default:
		return -EOPNOTSUPP;
	}
}

/* Implements `ioctl` of the driver vector: takes RTNL; may sleep. */
int dlil_change_ioctl(struct dlil_ifnet *ifp, u32 code, void *arg)
{
	struct dlil_netdev *nd = dlil_ifnet_priv(ifp);
	int err = -ENODEV;

	if (code < DLIL_IOC_SIFFLAGS || code > DLIL_IOC_DELMULTI)
		return -EOPNOTSUPP;
	if (!arg && code != DLIL_IOC_ADDMULTI)
		return -EINVAL;
	rtnl_lock();
	if (!nd->unhooked)
		err = change(nd, code, arg);
	rtnl_unlock();
	/* The device may be gone; the request still keeps the binding. */
	if (!err && (code == DLIL_IOC_ADDMULTI || code == DLIL_IOC_DELMULTI))
		dlil_watch_look(nd);
	return err;
}

/* Change @c to the request that restores the present value.  RTNL held. */
static void invert(const struct net_device *dev, struct dlil_control *c)
{
	switch (c->code) {
	case DLIL_IOC_SIFFLAGS:
		c->arg.flags.flags = dev_get_flags(dev) & c->arg.flags.mask;
		break;
	case DLIL_IOC_SIFMTU:
		c->arg.mtu = dev->mtu;
		break;
	case DLIL_IOC_SIFLLADDR:
		c->arg.lladdr.len = dev->addr_len;
		memcpy(c->arg.lladdr.addr, dev->dev_addr, dev->addr_len);
		break;
	case DLIL_IOC_ADDMULTI:
		c->code = DLIL_IOC_DELMULTI;
		break;
	case DLIL_IOC_DELMULTI:
		c->code = DLIL_IOC_ADDMULTI;
		break;
	}
}

/**
 * dlil_change_invert - find the control request that undoes another one
 * @ifp: ifnet
 * @c: a request that has not been made yet; set to the other one, with @code 0 if it is
 *	not known, because the ifnet does not belong to a network device
 *
 * Context: process; takes RTNL.
 */
void dlil_change_invert(struct dlil_ifnet *ifp, struct dlil_control *c)
{
	struct dlil_netdev *nd = dlil_netdev_begin(ifp);

	if (!nd) {
		c->code = 0;
		return;
	}
	rtnl_lock();
	if (nd->unhooked)
		c->code = 0;
	else
		invert(nd->dev, c);
	rtnl_unlock();
	dlil_ifnet_io_end(ifp);
}

/**
 * dlil_change_unmatched - set the policy for packets that no protocol takes
 * @nd: binding, whose ifnet the caller keeps attached
 * @unmatched: enum dlil_unmatched
 *
 * Rows LNX-5, IFN-15.  A change posts IFCAP_CHANGED, as for other capabilities.
 *
 * Context: process.
 */
void dlil_change_unmatched(struct dlil_netdev *nd, u32 unmatched)
{
	if (xchg(&nd->unmatched, unmatched) == unmatched)
		return;
	if (post(nd, DLIL_EVENT_IFCAP_CHANGED))
		owe(nd, DLIL_EVENT_IFCAP_CHANGED);
}
EXPORT_SYMBOL_FOR_TEST(dlil_change_unmatched);

/* Called with RTNL held, before the device is hooked. */
void dlil_change_init(struct dlil_netdev *nd)
{
	ASSERT_RTNL();

	nd->change.flags = told_flags(nd->dev);
	nd->change.link = has_link(nd->dev);
	INIT_LIST_HEAD(&nd->change.groups);
	INIT_DELAYED_WORK(&nd->change.retry, retry_work);
}

/* Leave all groups.  The device is unhooked: no request can use it.  RTNL held. */
void dlil_change_unhook(struct dlil_netdev *nd)
{
	struct group *group, *next;

	list_for_each_entry_safe(group, next, &nd->change.groups, list)
		leave_last(nd, group);
}

/* The device is unhooked, so no change is in flight.  May sleep; without RTNL. */
void dlil_change_exit(struct dlil_netdev *nd)
{
	cancel_delayed_work_sync(&nd->change.retry);
}
