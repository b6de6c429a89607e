// SPDX-License-Identifier: GPL-2.0
/*
 * Slips: what a packet holds of its namespace, while it is parked.
 *
 * A packet that has been sent on loopback is received with the route and the
 * conntrack entry that it got on its way out, and others may have a conntrack entry,
 * too.  Either keeps the namespace from going: the operations of an IPv6 route are part
 * of it, and conntrack waits for all its entries.  So no packet may have them that a
 * callback can keep for long (LNX-13).
 *
 * Before such a packet is parked both are moved to a slip, and the packet gets that in
 * the place of a route.  When it is handed back it gets its own again.  Clones and
 * segments share the slip.  When the device goes its slips are cleared, and the packets
 * that have them are freed when they come back.
 *
 * To the kernel a slip is metadata of a packet (struct metadata_dst), of a type that
 * nobody knows.  So whoever meets one, since a filter has passed a clone on, takes the
 * packet for one without a route: skb_valid_dst() says so.
 *
 * The lock of a list guards what its slips have.  A slip is on the list as long as it
 * has anything.  The kernel frees a slip after a grace period, in softirq context, which
 * may be when the binding of the device has gone; so slips have references to the list.
 */
#include <linux/list.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/refcount.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <net/dst.h>
#include <net/dst_metadata.h>

#include "dlil_export.h"
#include "dlil_slip.h"

/**
 * struct dlil_slips - the slips of a device's packets
 * @refs: the binding, and each slip
 * @lock: guards what follows, and what slips have; taken with bottom halves off
 * @list: those that have something
 */
struct dlil_slips {
	refcount_t refs;
	spinlock_t lock;	/* what slips have */
	struct list_head list;
};

/**
 * struct slip - in the place of a packet's route
 * @md: to the kernel it is this
 * @list: in the list of @slips, or empty
 * @slips: where it belongs; referenced
 * @dst: the packet's route, referenced, or NULL
 * @nfct: skb->_nfct, with a reference, or 0
 */
struct slip {
	struct metadata_dst md;
	struct list_head list;
	struct dlil_slips *slips;
	struct dst_entry *dst;
	unsigned long nfct;
};

/* A type of metadata that is none of the kernel's. */
#define SLIP_TYPE ((enum metadata_type)0x51)
#define SLIP_ROOM (sizeof(struct slip) - sizeof(struct metadata_dst))

/* metadata_dst_alloc() is asked for that much behind its own, as a u8. */
static_assert(!offsetof(struct slip, md) && SLIP_ROOM <= U8_MAX);

/* How many there are of all devices; their end is code of ours. */
static atomic_t slips_alive = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(slips_ended);

static struct nf_conntrack *conntrack_of(unsigned long nfct)
{
	return (struct nf_conntrack *)(nfct & NFCT_PTRMASK);
}

static void slips_put(struct dlil_slips *slips)
{
	if (refcount_dec_and_test(&slips->refs))
		kfree(slips);
}

/* Take what a slip has; under the lock. */
static void slip_empty(struct slip *slip, struct dst_entry **dst,
		       unsigned long *nfct)
{
	lockdep_assert_held(&slip->slips->lock);

	list_del_init(&slip->list);
	*dst = slip->dst;
	*nfct = slip->nfct;
	slip->dst = NULL;
	slip->nfct = 0;
}

static void release(struct dst_entry *dst, unsigned long nfct)
{
	dst_release(dst);
	/* Without conntrack nobody has the function for that. */
	if (IS_ENABLED(CONFIG_NF_CONNTRACK))
		nf_conntrack_put(conntrack_of(nfct));
}

/* No packet has it any more.  The kernel frees it. */
static void slip_destroy(struct dst_entry *md)
{
	struct slip *slip = container_of(md, struct slip, md.dst);
	struct dst_entry *dst;
	unsigned long nfct;

	spin_lock_bh(&slip->slips->lock);
	slip_empty(slip, &dst, &nfct);
	spin_unlock_bh(&slip->slips->lock);
	release(dst, nfct);
	slips_put(slip->slips);
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

/* It leads nowhere, as the kernel's own metadata. */
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
 * dlil_slip_put_on - move what a packet holds of its namespace to a slip
 * @slips: of the device
 * @skb: the packet, with a reference to its route, if it has one
 *
 * Row LNX-13.  Does nothing to a packet that holds nothing: a route that is metadata,
 * such as that of a tunnel, holds no namespace.
 *
 * Context: bottom halves off.
 * Return: 0, or -ENOMEM.
 */
int dlil_slip_put_on(struct dlil_slips *slips, struct sk_buff *skb)
{
	struct slip *slip;

	if (!skb_valid_dst(skb) && !skb_nfct(skb))
		return 0;
	slip = slip_new(slips);
	if (!slip)
		return -ENOMEM;
	slip->dst = skb_dst(skb);
	slip->nfct = skb_get_nfct(skb);
	skb_set_nfct(skb, 0);
	skb_dst_set(skb, &slip->md.dst);
	spin_lock(&slips->lock);
	list_add_tail(&slip->list, &slips->list);
	spin_unlock(&slips->lock);
	return 0;
}

/**
 * dlil_slip_take_off - give a packet what is on its slip
 * @skb: the packet, with a slip or without
 *
 * What a filter has put on it in the meantime stays.
 *
 * Context: bottom halves off.
 */
void dlil_slip_take_off(struct sk_buff *skb)
{
	struct slip *slip = slip_of(skb);
	struct dst_entry *dst;
	unsigned long nfct;

	if (!slip)
		return;
	/* Clones may come for theirs. */
	spin_lock(&slip->slips->lock);
	dst = slip->dst;
	if (dst)
		dst_hold(dst);
	nfct = skb_get_nfct(skb) ? 0 : slip->nfct;
	nf_conntrack_get(conntrack_of(nfct));
	spin_unlock(&slip->slips->lock);
	skb_dst_drop(skb);
	skb_dst_set(skb, dst);
	if (nfct)
		skb_set_nfct(skb, nfct);
}

/**
 * dlil_slips_new - the slips of a device's packets, none so far
 *
 * Context: process; may sleep.
 * Return: them, or NULL.
 */
struct dlil_slips *dlil_slips_new(void)
{
	struct dlil_slips *slips = kzalloc(sizeof(*slips), GFP_KERNEL);

	if (!slips)
		return NULL;
	refcount_set(&slips->refs, 1);
	spin_lock_init(&slips->lock);
	INIT_LIST_HEAD(&slips->list);
	return slips;
}

/**
 * dlil_slips_clear - let go of all that slips have
 * @slips: of a device that receives no more packets
 *
 * Row LNX-13.  The device goes, and maybe its namespace; the packets that have the
 * slips may be in the hands of callbacks for as long as they like.
 *
 * Context: process.
 */
void dlil_slips_clear(struct dlil_slips *slips)
{
	struct dst_entry *dst;
	unsigned long nfct;
	struct slip *slip;

	for (;;) {
		spin_lock_bh(&slips->lock);
		slip = list_first_entry_or_null(&slips->list, struct slip, list);
		if (slip)
			slip_empty(slip, &dst, &nfct);
		spin_unlock_bh(&slips->lock);
		if (!slip)
			return;
		release(dst, nfct);
	}
}

/* As dlil_slips_clear(), once they are needed no more. */
void dlil_slips_end(struct dlil_slips *slips)
{
	dlil_slips_clear(slips);
	slips_put(slips);
}

/*
 * No device is wrapped any more.  The last packets may have been freed just now, and
 * clones of them may be on their way elsewhere, where a route that leads nowhere is
 * dropped as soon as somebody looks for one.
 */
void dlil_slip_module_exit(void)
{
	wait_event(slips_ended, !atomic_read(&slips_alive));
	/* The last one may be in slip_destroy() still. */
	rcu_barrier();
}
