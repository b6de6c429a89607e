// SPDX-License-Identifier: GPL-2.0
/*
 * Whether groups and neighbours of wrapped devices are worth a look (LNX-7).
 *
 * Both cost memory and time, and users without privileges choose how much: they
 * join groups and make neighbours.  So a device is watched only while somebody can
 * hear (LNX-13): a filter or protocol on it has a callback for events, or a socket
 * listens to the group of generic netlink.  Groups and neighbours that were there
 * before are no news.
 *
 * A filter or protocol says so when it is attached.  Netlink tells nobody who
 * joins a group of a family, so one work for all devices asks once a second; and
 * whoever asks what is attached is answered after that has been asked, so a program
 * that has joined the group and then asked for that misses nothing.  A socket counts
 * for all devices: the kernel does not say in which namespace it is.
 *
 * The work goes from device to device with an I/O reference to each, so that it
 * holds no lock for longer than one of them takes, and the final detach waits for
 * no more than that.
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

/* How many devices are watched; the work has nothing to do while none is. */
static atomic_t n_watched = ATOMIC_INIT(0);

/*
 * A socket listened when that was asked last, and all devices are watched for it.
 * Cleared whenever a device is found that nobody hears.
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
 * Begin or end to watch @nd, as somebody can hear or not.
 *
 * Return: true if the neighbours that are there are to be noted.
 */
static bool watch_update(struct dlil_netdev *nd)
{
	bool on;

	lockdep_assert_held(&nd->watch.lock);

	on = dlil_event_is_heard(nd->ifp);
	/* The next socket that listens may come before the work has asked. */
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

/* The next wrapped device behind @nd, or the first one, with an I/O reference. */
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

/* Ask for every device whether somebody can hear; and @look at those watched. */
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
 * Somebody asks by netlink what is attached, and may have begun to listen before.
 * Process context; may sleep, waits for no callback.
 */
void dlil_watch_notice(void)
{
	if (READ_ONCE(heard_outside) || !dlil_event_is_heard_outside())
		return;
	WRITE_ONCE(heard_outside, true);
	watch_all(false);
}
EXPORT_SYMBOL_FOR_TEST(dlil_watch_notice);

/* A filter or protocol on some ifnet can hear. */
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

/* Part of a new binding, before its ifnet is attached. */
void dlil_watch_init(struct dlil_netdev *nd)
{
	mutex_init(&nd->watch.lock);
	INIT_LIST_HEAD(&nd->watch.list);
	dlil_neigh_init(nd);
}

/*
 * The device is hooked, with RTNL held.  Neighbours that are there are news to
 * those who can hear already.
 */
void dlil_watch_start(struct dlil_netdev *nd)
{
	bool on;

	/* First: whoever begins to listen from here on finds the device. */
	spin_lock(&watches_lock);
	list_add_tail(&nd->watch.list, &watches);
	watch_again();
	spin_unlock(&watches_lock);
	mutex_lock(&nd->watch.lock);
	watch_update(nd);
	/* Or somebody can hear already, who did not find the device's neighbours. */
	on = nd->watch.on;
	mutex_unlock(&nd->watch.lock);
	if (on)
		dlil_neigh_tell(nd);
}

/* A request has changed the groups.  With an I/O reference; may sleep. */
void dlil_watch_look(struct dlil_netdev *nd)
{
	mutex_lock(&nd->watch.lock);
	if (nd->watch.on)
		dlil_groups_look(nd);
	mutex_unlock(&nd->watch.lock);
}
EXPORT_SYMBOL_FOR_TEST(dlil_watch_look);

/*
 * The final detach: no I/O reference is left, and the device is unhooked, so that
 * no notifier sees @nd.  May sleep.
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

/* No device can be wrapped any more; some may not have come to their end. */
void dlil_watch_module_exit(void)
{
	dlil_event_unlisten(&watch_listener);
	dlil_neigh_module_exit();
	cancel_delayed_work_sync(&watches_work);
}
