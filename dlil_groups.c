// SPDX-License-Identifier: GPL-2.0
/*
 * Groups of a wrapped device: whose link addresses it receives besides its own
 * becomes the events ADDMULTI and DELMULTI (LNX-7).
 *
 * The kernel tells nobody of them.  There is neither a notifier for the list of a
 * device nor a count of its changes, and drivers, who are told, are not ours.  An
 * egress hook could look for the IGMP and MLD reports of the host; but there are
 * none for some groups of IP and for all that are joined by link address (ip
 * maddr, packet sockets, devices on top), they come late or not at all, and to
 * look costs something for every packet that is sent.  So it is the list that is
 * looked at, while somebody can hear: once a second, and when a control request
 * has changed it.  A group that was there for less than that may go untold, the
 * last state never does.
 *
 * Any user joins as many groups as he has sockets for.  So the lock of the
 * device's addresses, which others spin on with RTNL held, is held for a copy of
 * at most DLIL_GROUPS_MAX addresses to memory that is there already, and all else
 * is done to that copy: sorted, it is compared with the last one in one pass.
 * Groups behind so many are not told of until others are left (LNX-13).
 */
#include <linux/mm.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "dlil_groups.h"
#include "dlil_netdev.h"

/* Room for those that are joined between counting and copying. */
#define SLACK 16

/**
 * struct dlil_group_list - link addresses of groups
 * @n: how many
 * @addr: they themselves, with zeros behind those that are shorter
 */
struct dlil_group_list {
	unsigned int n;
	u8 addr[][MAX_ADDR_LEN];
};

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, MAX_ADDR_LEN);
}

/* How many groups the device is in, or a negative errno if it is going. */
static int count_groups(const struct dlil_netdev *nd)
{
	int n = -ENODEV;

	/* A device that goes may be gone after the section. */
	rcu_read_lock();
	if (READ_ONCE(nd->live))
		n = READ_ONCE(nd->dev->mc.count);
	rcu_read_unlock();
	return n;
}

static void copy_groups(struct dlil_netdev *nd, struct dlil_group_list *list,
			unsigned int max)
{
	struct net_device *dev = nd->dev;
	struct netdev_hw_addr *ha;

	rcu_read_lock();
	if (READ_ONCE(nd->live)) {
		netif_addr_lock_bh(dev);
		netdev_for_each_mc_addr(ha, dev) {
			if (list->n == max)
				break;
			memcpy(list->addr[list->n++], ha->addr, dev->addr_len);
		}
		netif_addr_unlock_bh(dev);
	}
	rcu_read_unlock();
}

/*
 * The groups that the device is in now, sorted, or NULL if it is going or there is
 * no memory.  The groups for which there was no room are the youngest: the next look
 * finds them.
 */
static struct dlil_group_list *take_stock(struct dlil_netdev *nd)
{
	struct dlil_group_list *list;
	int n = count_groups(nd);
	unsigned int max;

	if (n < 0)
		return NULL;
	if (n > DLIL_GROUPS_MAX)
		pr_warn_once("dlil: a device is in more groups than are told of\n");
	max = min(n + SLACK, DLIL_GROUPS_MAX);
	list = kvzalloc(struct_size(list, addr, max), GFP_KERNEL);
	if (!list)
		return NULL;
	copy_groups(nd, list, max);
	sort(list->addr, list->n, sizeof(list->addr[0]), compare, NULL);
	return list;
}

/* Is @addr in @list?  Of addresses that come sorted; @at is where we are. */
static bool find_group(const struct dlil_group_list *list, unsigned int *at,
		       const u8 *addr)
{
	int diff = -1;

	while (*at < list->n && diff < 0) {
		diff = compare(list->addr[*at], addr);
		*at += diff < 0;
	}
	return !diff;
}

static void keep_group(struct dlil_group_list *list, unsigned int *kept,
		       unsigned int i)
{
	memmove(list->addr[(*kept)++], list->addr[i], sizeof(list->addr[0]));
}

static bool tell(struct dlil_netdev *nd, u32 code, const u8 *addr)
{
	return !dlil_event_post(nd->ifp, code, addr,
				dlil_ifnet_addr_len(nd->ifp));
}

/* Tell of what is gone, which leaves @told; false if there was no room for all. */
static bool tell_left(struct dlil_netdev *nd, struct dlil_group_list *told,
		      const struct dlil_group_list *now)
{
	unsigned int i, at = 0, kept = 0;
	bool room = true;

	for (i = 0; i < told->n; i++) {
		if (room && !find_group(now, &at, told->addr[i])) {
			room = tell(nd, DLIL_EVENT_DELMULTI, told->addr[i]);
			if (room)
				continue;
		}
		keep_group(told, &kept, i);
	}
	told->n = kept;
	return room;
}

/* Tell of what is new; that for which there was no room leaves @now. */
static void tell_joined(struct dlil_netdev *nd, struct dlil_group_list *now,
			const struct dlil_group_list *told)
{
	unsigned int i, at = 0, kept = 0;
	bool room = true;

	for (i = 0; i < now->n; i++) {
		if (!find_group(told, &at, now->addr[i])) {
			room = room &&
			       tell(nd, DLIL_EVENT_ADDMULTI, now->addr[i]);
			if (!room)
				continue;
		}
		keep_group(now, &kept, i);
	}
	now->n = kept;
}

/*
 * Tell of what has changed since the last look; the first one tells nothing.
 * Departures come first, and until all of them are told no arrival is: so never
 * more are kept than were found at once.  With watch.lock held; may sleep.
 */
void dlil_groups_look(struct dlil_netdev *nd)
{
	struct dlil_group_list *told = nd->groups.told, *now;

	lockdep_assert_held(&nd->watch.lock);

	if (!dlil_ifnet_addr_len(nd->ifp))
		return;
	now = take_stock(nd);
	if (!now)
		return;
	if (told && !tell_left(nd, told, now)) {
		kvfree(now);
		return;
	}
	if (told)
		tell_joined(nd, now, told);
	nd->groups.told = now;
	kvfree(told);
}

/* The last listener is gone, or the device is unwrapped and no look runs. */
void dlil_groups_end(struct dlil_netdev *nd)
{
	kvfree(nd->groups.told);
	nd->groups.told = NULL;
}
