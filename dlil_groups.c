// SPDX-License-Identifier: GPL-2.0
/*
 * Groups of a wrapped device: changes of its list of multicast addresses become
 * the events ADDMULTI and DELMULTI (LNX-7).
 *
 * The kernel has no notifier for this list and no count of its changes.  An
 * egress hook could parse the IGMP and MLD reports of the host, but that would
 * cost something for every sent packet, reports may come late or not at all,
 * and some groups have none: a few of IP, and all that are joined by link
 * address (ip maddr, packet sockets, devices on top).  So the list itself is
 * compared with its last state while the device is watched: once a second, and
 * after a control request that changes it.  A group that exists for a shorter
 * time may go unreported, but the final state never does.
 *
 * Unprivileged users can join as many groups as they have sockets.  The address
 * lock of the device, on which others spin under RTNL, is therefore held only
 * while at most DLIL_GROUPS_MAX addresses are copied to preallocated memory.
 * The copy is then sorted and compared with the previous one in a single pass.
 * Groups beyond the limit are reported once others have been left (LNX-13).
 */
#include <linux/mm.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "dlil_groups.h"
#include "dlil_netdev.h"

/* Room for groups that are joined between counting and copying. */
#define SLACK 16

/**
 * struct dlil_group_list - sorted link addresses of groups
 * @n: number of addresses
 * @addr: the addresses, padded with zeros
 */
struct dlil_group_list {
	unsigned int n;
	u8 addr[][MAX_ADDR_LEN];
};

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, MAX_ADDR_LEN);
}

/* Number of groups of the device, or a negative errno if it is being removed. */
static int count_groups(const struct dlil_netdev *nd)
{
	int n = -ENODEV;

	/* The device may be gone after the RCU section. */
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
 * Returns a sorted copy of the groups, or NULL if the device is being removed
 * or there is no memory.  Groups that do not fit are the newest; the next look
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
		pr_warn_once("dlil: a device is in more groups than are reported\n");
	max = min(n + SLACK, DLIL_GROUPS_MAX);
	list = kvzalloc(struct_size(list, addr, max), GFP_KERNEL);
	if (!list)
		return NULL;
	copy_groups(nd, list, max);
	sort(list->addr, list->n, sizeof(list->addr[0]), compare, NULL);
	return list;
}

/*
 * Is @addr in @list?  Addresses must be looked up in sorted order; @at is the
 * cursor.
 */
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

/* Report and remove groups that were left; false if the event queue is full. */
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

/* Report new groups; remove from @now those that did not fit into the queue. */
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
 * Report the changes since the last look; the first look reports nothing.
 * Reports groups that were left first, and no new ones until all of these were
 * posted, so that @told never exceeds the limit.  Called with watch.lock held;
 * may sleep.
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

/*
 * Stop: the device has no receiver any more, or is unwrapped with no look in
 * flight.
 */
void dlil_groups_end(struct dlil_netdev *nd)
{
	kvfree(nd->groups.told);
	nd->groups.told = NULL;
}
