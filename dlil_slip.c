// SPDX-License-Identifier: GPL-2.0
/*
 * Slips: the references of a queued packet to its netns, kept apart from the packet.
 *
 * A packet sent on loopback is received with the route and the conntrack entry
 * that it got on output; other packets may have a conntrack entry as well.
 * Both keep the netns from going: the operations of an IPv6 route are part of
 * the netns, and conntrack waits for all its entries.  So a packet must not
 * have them while a callback may keep it for long (LNX-13).
 *
 * Before such a packet is queued, both are moved to a slip, which replaces the
 * route of the packet (dlil_slip_put_on()).  When the packet is delivered to the host, it
 * gets them back (dlil_slip_take_off()).  Clones and segments share the slip.  When the
 * device goes, the contents of all its slips are dropped (dlil_slips_clear()): so the netns
 * need not wait for callbacks that keep packets.  Such packets have nowhere to go, and are
 * freed.
 *
 * The unload of nf_conntrack removes all entries from the table, and then waits
 * until nobody refers to one.  Nothing announces it, so each second a work looks
 * at the entries in slips, and drops those that are not in the table (any more).
 * Then the host gets the packet without an entry, and makes a new one if it wants.  If
 * a bridge has had the entry made, and with it a new destination, that is lost.
 *
 * For the kernel, a slip is metadata of a packet (struct metadata_dst), of an
 * unknown type.  So code that finds one, because a filter has passed a clone
 * on, treats the packet as one without a route, see skb_valid_dst().
 *
 * Each device has a list (struct dlil_slips), whose lock guards the contents of its
 * slips.  A slip is on the list until its contents are dropped.  Packets hold references
 * to their slip, as to a route; when the last one is dropped, the kernel frees the slip
 * after a grace period, in softirq context, possibly after the binding of the device has
 * gone; so slips hold references to the list.
 */
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/refcount.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <net/dst.h>
#include <net/dst_metadata.h>
#if IS_ENABLED(CONFIG_NF_CONNTRACK)
#include <net/netfilter/nf_conntrack.h>
#endif

#include "dlil_inspect.h"

/**
 * struct dlil_slips - the slips of a device's packets
 * @refs: one reference of the binding, and one of each slip
 * @lock: guards the rest, and contents of slips; taken with bottom halves off
 * @list: slips with contents, sorted by @since
 * @entries: number of those with a conntrack entry
 * @look: looks at conntrack entries that have been on the list for LOOK_INTERVAL
 * @looks: @look is pending, or running
 * @cleared: @look must not be started any more
 */
struct dlil_slips {
	refcount_t refs;
	spinlock_t lock;	/* guards the contents of the slips */
	struct list_head list;
	unsigned int entries;
	struct delayed_work look;
	bool looks;
	bool cleared;
};

/**
 * struct slip - replaces the route of a packet
 * @md: the slip, as the kernel sees it
 * @list: entry in the list of @slips, or empty
 * @slips: list that it belongs to; referenced
 * @since: time of the last look at it, or of its start
 * @dst: route of the packet, referenced, or NULL
 * @nfct: skb->_nfct, with a reference, or 0
 * @lost_entry: the packet has lost its conntrack entry
 */
struct slip {
	struct metadata_dst md;
	struct list_head list;
	struct dlil_slips *slips;
	unsigned long since;
	struct dst_entry *dst;
	unsigned long nfct;
	bool lost_entry;
};

/* A type of metadata that the kernel does not use. */
#define SLIP_TYPE ((enum metadata_type)0x51)
#define SLIP_ROOM (sizeof(struct slip) - sizeof(struct metadata_dst))

/* Size behind struct metadata_dst to request from metadata_dst_alloc(), as a u8. */
static_assert(!offsetof(struct slip, md) && SLIP_ROOM <= U8_MAX);

#define LOOK_INTERVAL	HZ

/* Number of slips to look at while the lock is held. */
#define LOOK_BATCH	64

/* Number of slips of all devices; their destructor is code of this module. */
static atomic_t slips_alive = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(slips_ended);

static struct nf_conntrack *conntrack_of(unsigned long nfct)
{
	return (struct nf_conntrack *)(nfct & NFCT_PTRMASK);
}

/* Drop a reference to the list: that of the binding, whose slips are clear, or of a slip. */
void dlil_slips_put(struct dlil_slips *slips)
{
	if (refcount_dec_and_test(&slips->refs))
		kfree(slips);
}

/* Take the conntrack entry of a slip, or 0; under the lock. */
static unsigned long slip_take_entry(struct slip *slip)
{
	unsigned long nfct = slip->nfct;

	lockdep_assert_held(&slip->slips->lock);

	slip->nfct = 0;
	if (nfct)
		slip->slips->entries--;
	return nfct;
}

/* Take the contents of a slip, and take it off the list; under the lock. */
static void slip_empty(struct slip *slip, struct dst_entry **dst,
		       unsigned long *nfct)
{
	lockdep_assert_held(&slip->slips->lock);

	list_del_init(&slip->list);
	*dst = slip->dst;
	*nfct = slip_take_entry(slip);
	slip->dst = NULL;
}

static void release(struct dst_entry *dst, unsigned long nfct)
{
	dst_release(dst);
	/* Without conntrack there is no such function. */
	if (IS_ENABLED(CONFIG_NF_CONNTRACK))
		nf_conntrack_put(conntrack_of(nfct));
}

/* Called by the kernel when no packet has the slip any more, before it frees the slip. */
static void slip_destroy(struct dst_entry *md)
{
	struct slip *slip = container_of(md, struct slip, md.dst);
	struct dst_entry *dst;
	unsigned long nfct;

	spin_lock_bh(&slip->slips->lock);
	slip_empty(slip, &dst, &nfct);
	spin_unlock_bh(&slip->slips->lock);
	release(dst, nfct);
	dlil_slips_put(slip->slips);
	if (atomic_dec_and_test(&slips_alive))
		wake_up_all(&slips_ended);
}

static struct dst_entry *slip_check(struct dst_entry *dst, u32 cookie)
{
	return NULL;
}

static struct neighbour *slip_neigh_lookup(const struct dst_entry *dst,
					   struct sk_buff *skb,
					   const void *daddr)
{
	return NULL;
}

/* Operations without a destination, as for other metadata of the kernel. */
static struct dst_ops slip_ops = {
	.family = AF_UNSPEC,
	.check = slip_check,
	.neigh_lookup = slip_neigh_lookup,
	.update_pmtu = dst_blackhole_update_pmtu,
	.redirect = dst_blackhole_redirect,
	.mtu = dst_blackhole_mtu,
	.destroy = slip_destroy,
};

static struct slip *slip_of(const struct sk_buff *skb)
{
	struct dst_entry *dst = skb_dst(skb);

	return dst && dst->ops == &slip_ops ?
	       container_of(dst, struct slip, md.dst) : NULL;
}

static struct slip *slip_new(struct dlil_slips *slips)
{
	struct metadata_dst *md;
	struct slip *slip;

	md = metadata_dst_alloc(SLIP_ROOM, SLIP_TYPE, GFP_ATOMIC);
	if (!md)
		return NULL;
	slip = container_of(md, struct slip, md);
	refcount_inc(&slips->refs);
	atomic_inc(&slips_alive);
	INIT_LIST_HEAD(&slip->list);
	slip->slips = slips;
	md->dst.ops = &slip_ops;
	return slip;
}

/**
 * dlil_slip_put_on - move references of a packet to its netns to a slip
 * @slips: slips of the device
 * @skb: the packet, which has a route, with a reference to it, or a conntrack entry
 *
 * Row LNX-13.
 *
 * Context: bottom halves off.
 * Return: 0, or -ENOMEM.
 */
int dlil_slip_put_on(struct dlil_slips *slips, struct sk_buff *skb)
{
	struct slip *slip;

	slip = slip_new(slips);
	if (!slip)
		return -ENOMEM;
	slip->dst = skb_dst(skb);
	slip->nfct = skb_get_nfct(skb);
	skb_set_nfct(skb, 0);
	skb_dst_set(skb, &slip->md.dst);
	spin_lock(&slips->lock);
	slip->since = jiffies;
	list_add_tail(&slip->list, &slips->list);
	if (slip->nfct)
		slips->entries++;
	if (slip->nfct && !slips->looks && !slips->cleared) {
		slips->looks = true;
		queue_delayed_work(system_unbound_wq, &slips->look,
				   LOOK_INTERVAL);
	}
	spin_unlock(&slips->lock);
	return 0;
}

/*
 * A bridge whose packets pass iptables has called conntrack for this packet, and marked
 * it, so that the host does not call it again.  Since the entry is lost, the host must.
 */
static void forget_bridge(struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	skb_ext_del(skb, SKB_EXT_BRIDGE_NF);
#endif
}

/**
 * dlil_slip_take_off - move the contents of a slip back to the packet
 * @skb: the packet, with or without a slip
 *
 * Routes or conntrack entries that a filter has set meanwhile stay.
 *
 * Context: bottom halves off.
 */
void dlil_slip_take_off(struct sk_buff *skb)
{
	struct slip *slip = slip_of(skb);
	struct dst_entry *dst;
	unsigned long nfct;
	bool lost_entry;

	if (!slip)
		return;
	/* Clones may take theirs at the same time. */
	spin_lock(&slip->slips->lock);
	dst = slip->dst;
	if (dst)
		dst_hold(dst);
	nfct = skb_get_nfct(skb) ? 0 : slip->nfct;
	nf_conntrack_get(conntrack_of(nfct));
	lost_entry = slip->lost_entry;
	spin_unlock(&slip->slips->lock);
	if (lost_entry)
		forget_bridge(skb);
	skb_dst_drop(skb);
	skb_dst_set(skb, dst);
	if (nfct)
		skb_set_nfct(skb, nfct);
}

#if IS_ENABLED(CONFIG_NF_CONNTRACK)
/*
 * Is the entry in no table?  It has been removed; or tc has made it for a packet that
 * did not get to the end of the host's way.
 */
static bool is_outside(unsigned long nfct)
{
	const struct nf_conn *ct = (const struct nf_conn *)(nfct & NFCT_PTRMASK);

	return ct && (!nf_ct_is_confirmed(ct) || nf_ct_is_dying(ct));
}
#else
static bool is_outside(unsigned long nfct)
{
	return false;
}
#endif

/*
 * Look at slips at the front of the list that are older than @until, and move them to
 * its end.  Fills @outside with entries to drop.  Returns their number, or -1 if there
 * is no such slip.
 */
static int look_at_some(struct dlil_slips *slips, unsigned long until,
			unsigned long *outside)
{
	struct slip *slip;
	int i, n = 0;

	spin_lock_bh(&slips->lock);
	for (i = 0; i < LOOK_BATCH; i++) {
		slip = list_first_entry_or_null(&slips->list, struct slip, list);
		if (!slip || time_after(slip->since, until))
			break;
		slip->since = jiffies;
		list_move_tail(&slip->list, &slips->list);
		if (is_outside(slip->nfct)) {
			outside[n++] = slip_take_entry(slip);
			slip->lost_entry = true;
			if (!slip->dst)
				list_del_init(&slip->list);
		}
	}
	spin_unlock_bh(&slips->lock);
	return i ? n : -1;
}

/* Row LNX-13: drop conntrack entries whose module may be about to go. */
static void look_work(struct work_struct *work)
{
	struct dlil_slips *slips = container_of(to_delayed_work(work),
						struct dlil_slips, look);
	unsigned long until = jiffies - LOOK_INTERVAL, outside[LOOK_BATCH];
	int n;

	while ((n = look_at_some(slips, until, outside)) >= 0) {
		while (n--)
			release(NULL, outside[n]);
		cond_resched();
	}
	spin_lock_bh(&slips->lock);
	slips->looks = slips->entries && !slips->cleared;
	if (slips->looks)
		queue_delayed_work(system_unbound_wq, &slips->look,
				   LOOK_INTERVAL);
	spin_unlock_bh(&slips->lock);
}

/**
 * dlil_slips_new - create the list of slips of a device
 *
 * Context: process; may sleep.
 * Return: the list, or NULL.
 */
struct dlil_slips *dlil_slips_new(void)
{
	struct dlil_slips *slips = kzalloc(sizeof(*slips), GFP_KERNEL);

	if (!slips)
		return NULL;
	refcount_set(&slips->refs, 1);
	spin_lock_init(&slips->lock);
	INIT_LIST_HEAD(&slips->list);
	INIT_DELAYED_WORK(&slips->look, look_work);
	return slips;
}

/**
 * dlil_slips_clear - drop the contents of all slips of a device
 * @slips: slips of a device that receives no more packets
 *
 * Row LNX-13.  The device, and possibly its netns, is being removed, while
 * callbacks may still keep packets with slips.
 *
 * Context: process; may sleep.
 */
void dlil_slips_clear(struct dlil_slips *slips)
{
	struct dst_entry *dst;
	unsigned long nfct;
	struct slip *slip;

	spin_lock_bh(&slips->lock);
	slips->cleared = true;
	spin_unlock_bh(&slips->lock);
	cancel_delayed_work_sync(&slips->look);
	do {
		/*
		 * Another task may find the list empty and go on.  The end of a
		 * device waits for this section, and the namespace for the device.
		 */
		rcu_read_lock();
		spin_lock_bh(&slips->lock);
		slip = list_first_entry_or_null(&slips->list, struct slip, list);
		if (slip)
			slip_empty(slip, &dst, &nfct);
		spin_unlock_bh(&slips->lock);
		if (slip)
			release(dst, nfct);
		rcu_read_unlock();
	} while (slip);
}

/*
 * No device is wrapped any more.  The last packets may have just been freed.
 * Clones of them may be in flight elsewhere; they have no route, so they are
 * dropped as soon as one is needed.
 */
void dlil_slip_module_exit(void)
{
	wait_event(slips_ended, !atomic_read(&slips_alive));
	/* The last one may still be in slip_destroy(). */
	rcu_barrier();
}
