// SPDX-License-Identifier: GPL-2.0
/*
 * The neighbours of a wrapped device, and its groups.
 *
 * Neighbours: changes of reachability become the events
 * NODE_PRESENCE and NODE_ABSENCE (LNX-7).
 *
 * The kernel reports every step of a neighbour's state machine, in atomic
 * context and possibly thousands of times a second.  This file records the
 * current state of each neighbour and the state that was last reported; if they
 * differ, a work posts an event.  So intermediate states may go unreported, but
 * the final state never does.  If the event queue is full, the work tries
 * again.
 *
 * At most NEIGHS_MAX neighbours are recorded; a new one evicts the one that has
 * been absent for the longest time.  None are recorded while the device is not
 * watched (LNX-13).
 */
#include <linux/jhash.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <net/arp.h>
#include <net/neighbour.h>
#include <net/netevent.h>

#include "compat.h"
#include "dlil_neigh.h"
#include "dlil_netdev.h"

#define NEIGHS_MAX 1024
#define RETRY_DELAY (HZ / 10)

enum { UNTOLD = -1, ABSENT, PRESENT };

/**
 * struct known - a recorded neighbour
 * @hash: entry in the hash table of its device
 * @list: entry in one of the lists of its device
 * @node: addresses of the neighbour
 * @now: current state, ABSENT or PRESENT
 * @told: state that was last reported, or UNTOLD
 */
struct known {
	struct hlist_node hash;
	struct list_head list;
	struct dlil_event_node node;
	int now;
	int told;
};

static u32 hash_of(const struct dlil_event_node *node)
{
	return jhash(node->addr, sizeof(node->addr), node->family);
}

static struct known *find(struct dlil_neighs *ns,
			  const struct dlil_event_node *node)
{
	struct known *k;

	lockdep_assert_held(&ns->lock);

	hash_for_each_possible(ns->hash, k, hash, hash_of(node))
		if (k->node.family == node->family &&
		    !memcmp(k->node.addr, node->addr, sizeof(node->addr)))
			return k;
	return NULL;
}

static void forget(struct dlil_neighs *ns, struct known *k)
{
	lockdep_assert_held(&ns->lock);

	hash_del(&k->hash);
	list_del(&k->list);
	ns->n--;
	kfree(k);
}

static struct known *add(struct dlil_neighs *ns,
			 const struct dlil_event_node *node)
{
	struct known *k;

	lockdep_assert_held(&ns->lock);

	if (ns->n >= NEIGHS_MAX && !list_empty(&ns->gone))
		forget(ns, list_first_entry(&ns->gone, struct known, list));
	if (ns->n >= NEIGHS_MAX) {
		pr_warn_once("dlil: too many neighbours on a device: there are no events of the others\n");
		return NULL;
	}
	k = kzalloc(sizeof(*k), GFP_ATOMIC);
	if (!k)
		return NULL;
	k->node = *node;
	k->told = UNTOLD;
	hash_add(ns->hash, &k->hash, hash_of(node));
	INIT_LIST_HEAD(&k->list);
	ns->n++;
	return k;
}

/* Move the neighbour to the end of the list for its state. */
static void file(struct dlil_neighs *ns, struct known *k)
{
	lockdep_assert_held(&ns->lock);

	list_del(&k->list);
	if (k->now != k->told)
		list_add_tail(&k->list, &ns->news);
	else
		list_add_tail(&k->list, k->now ? &ns->here : &ns->gone);
}

/* Set *@now to the state of @neigh; false if it is neither reached nor failed. */
static bool judge(const struct neighbour *neigh, int *now)
{
	u8 state = READ_ONCE(neigh->nud_state);

	/* Multicast neighbours are neither resolved nor reached. */
	if (state & NUD_NOARP)
		return false;
	if (READ_ONCE(neigh->dead) || state & NUD_FAILED)
		*now = ABSENT;
	else if (state & NUD_VALID)
		*now = PRESENT;
	else
		return false;
	return true;
}

/* Fill in the addresses; false if the family is not supported. */
static bool describe(const struct neighbour *neigh,
		     struct dlil_event_node *node)
{
	const struct net_device *dev = neigh->dev;

	*node = (struct dlil_event_node){ .family = neigh->tbl->family };
	if (node->family != AF_INET && node->family != AF_INET6)
		return false;
	memcpy(node->addr, neigh->primary_key,
	       min_t(size_t, neigh->tbl->key_len, sizeof(node->addr)));
	neigh_ha_snapshot(node->lladdr, neigh, dev);
	/* A neighbour that has never answered has no link address. */
	if (memchr_inv(node->lladdr, 0, dev->addr_len))
		node->lladdr_len = dev->addr_len;
	return true;
}

static bool update(struct dlil_neighs *ns, const struct neighbour *neigh)
{
	struct dlil_event_node node;
	struct known *k;
	int now;

	lockdep_assert_held(&ns->lock);

	/* Under the lock, so that the newest state wins. */
	if (!ns->on || !judge(neigh, &now) || !describe(neigh, &node))
		return false;
	k = find(ns, &node);
	/* A neighbour that was never reported present is not reported absent. */
	if (!k && now == ABSENT && (!node.lladdr_len || READ_ONCE(neigh->dead)))
		return false;
	if (!k)
		k = add(ns, &node);
	if (!k)
		return false;
	/* The link address has changed: another machine may use this address. */
	if (now == PRESENT && k->told == PRESENT &&
	    memcmp(k->node.lladdr, node.lladdr, sizeof(node.lladdr)))
		k->told = UNTOLD;
	if (node.lladdr_len)
		k->node = node;
	k->now = now;
	file(ns, k);
	return !list_empty(&ns->news);
}

static int neigh_event(struct notifier_block *nb, unsigned long event,
		       void *ptr)
{
	struct neighbour *neigh = ptr;
	struct dlil_netdev *nd;
	bool news;

	if (event != NETEVENT_NEIGH_UPDATE)
		return NOTIFY_DONE;
	rcu_read_lock();
	nd = dlil_netdev_of(neigh->dev);
	if (nd && READ_ONCE(nd->neighs.on)) {
		spin_lock_bh(&nd->neighs.lock);
		news = update(&nd->neighs, neigh);
		spin_unlock_bh(&nd->neighs.lock);
		if (news)
			schedule_delayed_work(&nd->neighs.work, 0);
	}
	rcu_read_unlock();
	return NOTIFY_DONE;
}

/* Copy the oldest unreported change; false if there is none. */
static bool first_news(struct dlil_neighs *ns, struct dlil_event_node *node,
		       int *now)
{
	const struct known *k;

	spin_lock_bh(&ns->lock);
	k = list_first_entry_or_null(&ns->news, struct known, list);
	if (k) {
		*node = k->node;
		*now = k->now;
	}
	spin_unlock_bh(&ns->lock);
	return k;
}

/*
 * The event has been posted; the neighbour may have changed or been evicted
 * since.
 */
static void told(struct dlil_neighs *ns, const struct dlil_event_node *node,
		 int what)
{
	struct known *k;

	spin_lock_bh(&ns->lock);
	k = find(ns, node);
	if (k && !memcmp(k->node.lladdr, node->lladdr, sizeof(node->lladdr))) {
		k->told = what;
		file(ns, k);
	}
	spin_unlock_bh(&ns->lock);
}

static void neigh_work(struct work_struct *work)
{
	struct dlil_netdev *nd = container_of(to_delayed_work(work),
					      struct dlil_netdev, neighs.work);
	struct dlil_neighs *ns = &nd->neighs;
	struct dlil_event_node node;
	int now;

	/* A device that is being unwrapped reports nothing. */
	if (!dlil_ifnet_io_begin(nd->ifp))
		return;
	while (first_news(ns, &node, &now)) {
		if (dlil_event_post(nd->ifp, now ? DLIL_EVENT_NODE_PRESENCE :
						   DLIL_EVENT_NODE_ABSENCE,
				    &node, sizeof(node))) {
			schedule_delayed_work(&ns->work, RETRY_DELAY);
			break;
		}
		told(ns, &node, now);
	}
	dlil_ifnet_io_end(nd->ifp);
}

/* Report a neighbour that exists already; absent ones are not reported. */
static void tell_present(struct neighbour *neigh, void *arg)
{
	struct dlil_netdev *nd = arg;
	struct dlil_event_node node;
	struct known *k;
	int now;

	if (neigh->dev != nd->dev || !judge(neigh, &now) || now != PRESENT)
		return;
	spin_lock_bh(&nd->neighs.lock);
	/* dlil_neigh_note() may have recorded the neighbour as reported meanwhile. */
	k = describe(neigh, &node) ? find(&nd->neighs, &node) : NULL;
	if (k)
		k->told = UNTOLD;
	update(&nd->neighs, neigh);
	spin_unlock_bh(&nd->neighs.lock);
}

/*
 * Record an existing neighbour as reported, so that its absence is reported
 * later.
 */
static void note_one(struct dlil_neighs *ns, const struct neighbour *neigh)
{
	struct dlil_event_node node;
	struct known *k;
	int now;

	lockdep_assert_held(&ns->lock);

	if (!ns->on || !judge(neigh, &now) || now != PRESENT ||
	    !describe(neigh, &node) || find(ns, &node))
		return;
	k = add(ns, &node);
	if (!k)
		return;
	k->now = PRESENT;
	k->told = PRESENT;
	file(ns, k);
}

static void note_present(struct neighbour *neigh, void *arg)
{
	const struct dlil_netdev *only = arg;
	struct dlil_netdev *nd;

	rcu_read_lock();
	nd = dlil_netdev_of(neigh->dev);
	if (nd && (!only || nd == only) && READ_ONCE(nd->neighs.on)) {
		spin_lock_bh(&nd->neighs.lock);
		note_one(&nd->neighs, neigh);
		spin_unlock_bh(&nd->neighs.lock);
	}
	rcu_read_unlock();
}

static void walk_neighbours(void (*fn)(struct neighbour *neigh, void *arg),
			    void *arg)
{
	struct neigh_table *nd = compat_nd_tbl();

	neigh_for_each(&arp_tbl, fn, arg);
	/* NULL if IPv6 is not built, not loaded, or disabled. */
	if (nd)
		neigh_for_each(nd, fn, arg);
}

/* The device is watched: record changes from here on. */
void dlil_neigh_begin(struct dlil_netdev *nd)
{
	spin_lock_bh(&nd->neighs.lock);
	WRITE_ONCE(nd->neighs.on, true);
	spin_unlock_bh(&nd->neighs.lock);
}

/*
 * The device has just been wrapped: report existing neighbours to receivers
 * that are there already.  A neighbour that changes during the walk is updated
 * twice, under the lock; its final state is reported.
 */
void dlil_neigh_tell(struct dlil_netdev *nd)
{
	walk_neighbours(tell_present, nd);
	schedule_delayed_work(&nd->neighs.work, 0);
}

/*
 * Watching has begun: record existing neighbours of @nd, or of all watched
 * devices if @nd is NULL.  A walk takes time proportional to the tables, hence
 * one for all.
 */
void dlil_neigh_note(struct dlil_netdev *nd)
{
	walk_neighbours(note_present, nd);
}

static void forget_all(struct dlil_neighs *ns)
{
	struct hlist_node *next;
	struct known *k;
	int i;

	lockdep_assert_held(&ns->lock);

	hash_for_each_safe(ns->hash, i, next, k, hash)
		forget(ns, k);
}

/* The device is not watched any more: forget all neighbours. */
void dlil_neigh_end(struct dlil_netdev *nd)
{
	spin_lock_bh(&nd->neighs.lock);
	WRITE_ONCE(nd->neighs.on, false);
	forget_all(&nd->neighs);
	spin_unlock_bh(&nd->neighs.lock);
}

void dlil_neigh_init(struct dlil_netdev *nd)
{
	struct dlil_neighs *ns = &nd->neighs;

	spin_lock_init(&ns->lock);
	hash_init(ns->hash);
	INIT_LIST_HEAD(&ns->news);
	INIT_LIST_HEAD(&ns->here);
	INIT_LIST_HEAD(&ns->gone);
	INIT_DELAYED_WORK(&ns->work, neigh_work);
}

/* The device is unhooked, so no notifier is in flight with @nd.  May sleep. */
void dlil_neigh_exit(struct dlil_netdev *nd)
{
	struct dlil_neighs *ns = &nd->neighs;

	cancel_delayed_work_sync(&ns->work);
	spin_lock_bh(&ns->lock);
	forget_all(ns);
	spin_unlock_bh(&ns->lock);
}

static struct notifier_block neigh_notifier = {
	.notifier_call = neigh_event,
};

int dlil_neigh_module_init(void)
{
	return register_netevent_notifier(&neigh_notifier);
}

void dlil_neigh_module_exit(void)
{
	unregister_netevent_notifier(&neigh_notifier);
}

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
