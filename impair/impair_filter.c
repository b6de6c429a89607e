// SPDX-License-Identifier: GPL-2.0
/*
 * The callbacks of an `impair` filter.
 *
 * If the parameters can make a packet wait (impair_holds()), every packet of that
 * direction goes through impair_hold.c, even one without a delay, so that packets leave in
 * the order of their times.  Otherwise packets pass at once, and received ones need not be
 * queued a second time.  On output, the condition is asked without the lock of the way, so
 * packets that the filter is not for do not take it.
 */
#include <linux/if_vlan.h>
#include <linux/ktime.h>
#include <linux/slab.h>

#include "impair.h"
#include "../dlil_export.h"

static struct impair_way *way_of(struct impair *f, u32 direction)
{
	return &f->way[direction == DLIL_DIRECTION_OUT];
}

/* Returns the length of the part of the packet in front of skb->data. */
static unsigned int header_before(const struct impair_way *w,
				  const struct sk_buff *skb)
{
	return w->direction == DLIL_DIRECTION_IN ?
		       skb->data - skb_mac_header(skb) : 0;
}

/* Returns the length of the packet on the wire, without its checksum. */
static u32 wire_len(const struct impair_way *w, const struct sk_buff *skb)
{
	return skb->len + header_before(w, skb) +
	       (skb_vlan_tag_present(skb) ? VLAN_HLEN : 0);
}

/*
 * Returns the offset of the bytes that may get a bit error: those behind the link
 * header, since a receiver discards a frame with a wrong one anyway.
 */
static unsigned int payload_offset(const struct impair_way *w,
				   const struct sk_buff *skb)
{
	int offset;

	if (w->direction == DLIL_DIRECTION_IN)
		return 0;
	offset = skb_network_offset(skb);
	return offset > 0 && offset < skb->len ? offset : 0;
}

/*
 * Make a bit wrong.  The checksum is completed before, so that it does not cover the
 * error, and the receiver has to check it.
 */
static void corrupt(struct impair_way *w, struct sk_buff *skb, u32 bit)
{
	unsigned int byte = payload_offset(w, skb) + bit / 8;

	if ((skb->ip_summed == CHECKSUM_PARTIAL && skb_csum_hwoffload_help(skb, 0)) ||
	    skb_ensure_writable(skb, byte + 1)) {
		w->counts.failed++;
		return;
	}
	skb->data[byte] ^= 0x80 >> bit % 8;
	skb->ip_summed = CHECKSUM_NONE;
	w->counts.corrupted++;
}

/* Count a packet.  Returns true if the filter is for it. */
static bool is_for(struct impair *f, struct dlil_ifnet *ifp, struct impair_way *w,
		   struct sk_buff *skb)
{
	atomic64_inc(&w->packets);
	return !f->cond || dlil_condition_holds(f->cond, ifp, w->direction, skb);
}

/*
 * Decide the fate of the next packet, count it, and corrupt the packet if that is its
 * fate.  Returns true if the packet must be dropped: it is lost, or too many are held.
 * @holds: packets of this direction are held.
 */
static bool decide(struct impair_way *w, struct sk_buff *skb, bool holds,
		   u64 now, struct impair_fate *fate)
{
	w->counts.matched++;
	impair_fate(&w->params, &w->state, skb->len - payload_offset(w, skb), fate);
	if (fate->lost) {
		w->counts.lost++;
		return true;
	}
	if (holds && !impair_has_room(w, skb, now)) {
		w->counts.limited++;
		return true;
	}
	if (fate->corrupted)
		corrupt(w, skb, fate->bit);
	return false;
}

/* Copy a packet that passes at once.  Returns NULL if memory is short. */
static struct sk_buff *copy_now(struct impair_way *w, struct sk_buff *skb)
{
	struct sk_buff *copy = skb_clone(skb, GFP_ATOMIC);

	if (copy) {
		w->counts.duplicated++;
		w->counts.passed++;
	} else {
		w->counts.failed++;
	}
	return copy;
}

/* Let a packet stay in @list, and put its copy, if it is to have one, behind it. */
static void pass_received(struct impair_way *w, struct sk_buff *skb,
			  struct sk_buff_head *list,
			  const struct impair_fate *fate)
{
	struct sk_buff *copy;

	w->counts.passed++;
	if (!fate->duplicated)
		return;
	copy = copy_now(w, skb);
	if (copy)
		__skb_queue_after(list, skb, copy);
}

static void impair_input_list(void *cookie, struct dlil_ifnet *ifp, u32 family,
			      struct sk_buff_head *list,
			      struct sk_buff_head *drop)
{
	struct impair *f = cookie;
	struct impair_way *w = way_of(f, DLIL_DIRECTION_IN);
	struct sk_buff *skb, *next;
	struct impair_fate fate;
	u64 now = 0;
	bool holds;
	u32 len;

	spin_lock_bh(&w->lock);
	holds = impair_holds(&w->params);
	if (holds)
		now = ktime_get_ns();
	skb_queue_walk_safe(list, skb, next) {
		if (!is_for(f, ifp, w, skb))
			continue;
		if (decide(w, skb, holds, now, &fate)) {
			dlil_filter_drop(skb, list, drop);
		} else if (holds) {
			__skb_unlink(skb, list);
			len = wire_len(w, skb);
			impair_hold(w, skb, family, &fate, len,
				    impair_due(w, &fate, len, now), now);
		} else {
			pass_received(w, skb, list, &fate);
		}
	}
	spin_unlock_bh(&w->lock);
	if (holds)
		impair_release(w);
}

/* The decision about a packet that is sent: it goes on now, later, or not at all. */
enum sent { SENT_PASSES, SENT_HELD, SENT_GONE };

/* Decide about a packet.  If it passes at once, *@copy becomes its copy, if it has one. */
static enum sent judge_sent(struct impair_way *w, struct sk_buff *skb, u32 family,
			    struct sk_buff **copy)
{
	bool holds = impair_holds(&w->params);
	u64 due, now = holds ? ktime_get_ns() : 0;
	u32 len = wire_len(w, skb);
	struct impair_fate fate;

	if (decide(w, skb, holds, now, &fate))
		return SENT_GONE;
	if (holds) {
		due = impair_due(w, &fate, len, now);
		if (!impair_may_pass(w, &fate, due, now)) {
			impair_hold(w, skb, family, &fate, len, due, now);
			return SENT_HELD;
		}
	}
	w->counts.passed++;
	if (fate.duplicated)
		*copy = copy_now(w, skb);
	return SENT_PASSES;
}

static void send_copy(struct impair_way *w, struct sk_buff *copy, u32 family)
{
	struct sk_buff_head list;

	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, copy);
	dlil_filter_inject(*w->filter, DLIL_DIRECTION_OUT, family, &list);
}

/*
 * Make sure that nobody else has the packet, as pktgen does, nor its pages, which a
 * user may change once the socket is given up.  Returns NULL if memory is short: then
 * the packet was freed.
 */
static struct sk_buff *own(struct impair_way *w, struct sk_buff *skb)
{
	if (likely(!skb_shared(skb) && !skb_zcopy(skb)))
		return skb;
	skb = skb_share_check(skb, GFP_ATOMIC);
	if (skb && !skb_orphan_frags_rx(skb, GFP_ATOMIC))
		return skb;
	kfree_skb(skb);
	spin_lock(&w->lock);
	w->counts.matched++;
	w->counts.failed++;
	spin_unlock(&w->lock);
	return NULL;
}

/*
 * A packet that is lost, or finds no room, is freed here and counts as stolen, because an
 * error would tell the sender of it.  The copy of a packet that passes at once is sent
 * before the packet, which the caller sends when this has returned.
 */
static int impair_output(void *cookie, struct dlil_ifnet *ifp, u32 family,
			 struct sk_buff **pskb)
{
	struct impair *f = cookie;
	struct impair_way *w = way_of(f, DLIL_DIRECTION_OUT);
	struct sk_buff *skb, *copy = NULL;
	enum sent sent;

	if (!is_for(f, ifp, w, *pskb))
		return 0;
	skb = own(w, *pskb);
	if (unlikely(!skb))
		return DLIL_STOLEN;
	*pskb = skb;
	spin_lock(&w->lock);
	sent = judge_sent(w, skb, family, &copy);
	spin_unlock(&w->lock);
	if (sent == SENT_PASSES) {
		if (copy)
			send_copy(w, copy, family);
		return 0;
	}
	if (sent == SENT_GONE)
		kfree_skb(skb);
	else
		impair_release(w);
	return DLIL_STOLEN;
}

static void impair_detached(void *cookie, struct dlil_ifnet *ifp)
{
	struct impair *f = cookie;

	impair_way_end(&f->way[0]);
	impair_way_end(&f->way[1]);
	impair_free(f);
}

static void impair_describe(void *cookie, struct dlil_filter_info *info)
{
	struct impair_counts counts;
	struct impair *f = cookie;
	unsigned int i;

	info->kind = "impair";
	info->expr = dlil_condition_expr(f->cond);
	for (i = 0; i < ARRAY_SIZE(f->way); i++) {
		impair_read(f, f->way[i].direction, NULL, &counts);
		info->packets += counts.packets;
		info->matched += counts.matched;
	}
}

/* Operations by direction. */
const struct dlil_filter_ops impair_ops[] = {
	[DLIL_DIRECTION_IN] = {
		.owner = THIS_MODULE,
		.input_list = impair_input_list,
		.detached = impair_detached,
		.describe = impair_describe,
		.kind = &impair_kind,
	},
	[DLIL_DIRECTION_OUT] = {
		.owner = THIS_MODULE,
		.output = impair_output,
		.detached = impair_detached,
		.describe = impair_describe,
		.kind = &impair_kind,
	},
	[DLIL_DIRECTION_IN | DLIL_DIRECTION_OUT] = {
		.owner = THIS_MODULE,
		.input_list = impair_input_list,
		.output = impair_output,
		.detached = impair_detached,
		.describe = impair_describe,
		.kind = &impair_kind,
	},
};
EXPORT_SYMBOL_FOR_TEST(impair_ops);

/**
 * impair_new - create a filter that is not attached
 * @direction: DLIL_DIRECTION_*, at least one
 * @cond: packets that it is for, NULL for all; from now on the filter's
 * @params: its parameters, checked
 *
 * Return: the filter, or NULL: then @cond is still the caller's.
 */
struct impair *impair_new(u32 direction, struct dlil_condition *cond,
			  const struct impair_params *params)
{
	struct impair *f = kzalloc(sizeof(*f), GFP_KERNEL);

	if (!f)
		return NULL;
	f->direction = direction;
	f->cond = cond;
	impair_way_init(&f->way[0], DLIL_DIRECTION_IN, &f->filter, params);
	impair_way_init(&f->way[1], DLIL_DIRECTION_OUT, &f->filter, params);
	return f;
}
EXPORT_SYMBOL_FOR_TEST(impair_new);

/* impair_free - free a filter that holds no packets, and its condition */
void impair_free(struct impair *f)
{
	dlil_condition_free(f->cond);
	kfree(f);
}
EXPORT_SYMBOL_FOR_TEST(impair_free);

/**
 * impair_change - change the parameters
 * @f: the filter
 * @params: the new ones, checked; the seed is that of before
 *
 * Packets that are held keep their fate.
 */
void impair_change(struct impair *f, const struct impair_params *params)
{
	struct impair_way *w;

	for (w = f->way; w < f->way + ARRAY_SIZE(f->way); w++) {
		spin_lock_bh(&w->lock);
		impair_state_change(&w->state, &w->params, params);
		w->params = *params;
		spin_unlock_bh(&w->lock);
	}
}
EXPORT_SYMBOL_FOR_TEST(impair_change);

/**
 * impair_read - read parameters and counters of a direction
 * @f: the filter
 * @direction: DLIL_DIRECTION_IN or DLIL_DIRECTION_OUT
 * @params: becomes the parameters, or NULL
 * @counts: becomes the counters
 */
void impair_read(struct impair *f, u32 direction, struct impair_params *params,
		 struct impair_counts *counts)
{
	struct impair_way *w = way_of(f, direction);

	spin_lock_bh(&w->lock);
	if (params)
		*params = w->params;
	*counts = w->counts;
	counts->packets = atomic64_read(&w->packets);
	spin_unlock_bh(&w->lock);
}
EXPORT_SYMBOL_FOR_TEST(impair_read);
