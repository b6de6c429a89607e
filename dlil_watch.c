// SPDX-License-Identifier: GPL-2.0
/*
 * Decides whether groups and neighbours of wrapped devices are tracked (LNX-7).
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
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "dlil_event.h"
#include "dlil_ifnet.h"
#include "dlil_netdev.h"
#include "dlil_watch.h"

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
	/* Receivers may have been there before, and have got no neighbours yet. */
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
