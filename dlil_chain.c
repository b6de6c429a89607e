// SPDX-License-Identifier: GPL-2.0
/*
 * Running packets through the filters of an ifnet.
 *
 * The filters of one direction are an array of slots, in order (struct
 * dlil_filter_vec).  A slot is one filter, or a bundle: adjacent filters of the
 * core that are called once for all of them.  Only dlil_match.c makes bundles.
 * dlil_filter.c keeps the list of filters; dlil_vec.c makes a new array whenever
 * that list changes, and frees the old one when nobody uses it any more.
 *
 * Whoever uses an array, and calls its filters, is inside a read section, which
 * keeps both in memory: the input thread in its batch, in which it may sleep (see
 * dlil_retire.h), output in an RCU read section.
 *
 * One packet passes all slots before the next packet passes the first one, if no
 * filter takes lists: dlil_filter_run_at() is that fast way.  Otherwise
 * dlil_filter_run_list_at() divides the array into stretches.  A stretch is one list
 * filter, or consecutive slots that take packets one by one and agree on GSO
 * packets.  All packets of the batch pass one stretch before the first of them
 * passes the next one.  So each packet still meets all filters in order.  A GSO
 * packet that some filter takes in segments goes this way, too, alone.
 *
 * A filter that returns DLIL_SKIP skips all later slots with its callback.  Slots
 * with the same callback have the same number, their kind (this has nothing to do
 * with the filter kinds that users name).  A packet's mark has a bit for each kind
 * that it skips.  It is a variable while the packet passes a stretch, and in
 * skb->cb between two stretches, and while a filter keeps the packet that may hand
 * it back (FLT-14).
 *
 * The functions that run filters record in @place which one they call.  dlil_debug.c
 * reads that of an input thread, to name the callback in which the thread is stuck.
 */
#include <linux/if_vlan.h>
#include <linux/netdevice.h>
#include <net/net_namespace.h>

#include "compat.h"
#include "dlil_chain.h"
#include "dlil_ifnet.h"
#include "dlil_inspect.h"
#include "dlil_stats.h"
#include "dlil_trace.h"

#include <trace/events/dlil.h>

static enum dlil_dir dir_of(const struct dlil_filter_vec *vec)
{
	return vec->out ? DLIL_OUT : DLIL_IN;
}

/* Software segmentation of GSO packets, received (GRO) or sent by the host. */

/*
 * Segments share the pages of the GSO packet, and inherit an incomplete
 * checksum.  Inside tunnels the kernel uses the features of the device as well,
 * see below.
 */
#define GSO_FEATURES (NETIF_F_SG | NETIF_F_HW_CSUM)

/* Does the packet have the headers that the kernel's segmentation requires? */
static bool has_headers(const struct sk_buff *skb, unsigned int header)
{
	int network = skb_network_offset(skb);

	return skb->protocol && network >= -(int)header &&
	       network <= (int)skb_headlen(skb);
}

/**
 * gso_segment - split a GSO packet into segments (FLT-10)
 * @skb: the packet; consumed on success
 * @header: length of the link header in front of skb->data
 * @out: the packet is being sent
 * @segments: list that receives the segments, with skb->data as in @skb
 *
 * Context: any but hard interrupts.
 * Return: 0, or an error: then the caller keeps the packet.
 */
static int gso_segment(struct sk_buff *skb, unsigned int header, bool out,
		       struct sk_buff_head *segments)
{
	bool vouch = skb->ip_summed != CHECKSUM_PARTIAL &&
		     skb->ip_summed != CHECKSUM_UNNECESSARY;
	struct sk_buff *segs, *seg, *next;
	struct net_device *dev = skb->dev;
	int err;

	if (!has_headers(skb, header))
		return -EINVAL;
	/*
	 * Segmentation may write checksums, and taps may have clones of the
	 * header.
	 */
	err = skb_cow_head(skb, 0);
	if (err)
		return err;
	/*
	 * Inside tunnels the kernel uses hw_enc_features of the device.
	 * Received packets point to blackhole_netdev inside filters, which has
	 * none; so their segments are copies with complete checksums, which is
	 * correct, but more expensive.  If there is no device at all, use
	 * loopback.
	 */
	if (!dev)
		skb->dev = init_net.loopback_dev;
	/*
	 * The kernel warns if the protocol has not summed up a packet without checksum
	 * offload, which SCTP and ESP do not.  Vouch for it meanwhile: who receives the
	 * segments sums them up.
	 */
	if (vouch)
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	__skb_push(skb, header);
	segs = __skb_gso_segment(skb, GSO_FEATURES, out);
	if (IS_ERR_OR_NULL(segs)) {
		__skb_pull(skb, header);
		skb->dev = dev;
		if (vouch)
			skb->ip_summed = CHECKSUM_NONE;
		return segs ? PTR_ERR(segs) : -EINVAL;
	}
	consume_skb(skb);
	skb_list_walk_safe(segs, seg, next) {
		skb_mark_not_on_list(seg);
		seg->dev = dev;
		if (vouch && seg->ip_summed == CHECKSUM_UNNECESSARY)
			seg->ip_summed = CHECKSUM_NONE;
		__skb_pull(seg, header);
		__skb_queue_tail(segments, seg);
	}
	return 0;
}

/* The chain, see the top of this file. */

/* Is the packet one that this slot sees (FLT-4, FLT-9)? */
static bool wants(const struct dlil_filter_slot *slot, u32 family,
		  const struct sk_buff *skb)
{
	if (slot->family && slot->family != family)
		return false;
	/* A priority tag (VLAN id 0) names no VLAN, so it does not count here. */
	return !(slot->flags & DLIL_FILTER_NO_VLAN) ||
	       !skb_vlan_tag_present(skb) || !skb_vlan_tag_get_id(skb);
}

/* Turn an unknown verdict, a bug of the filter, into an error. */
static int verdict(int err)
{
	return err > DLIL_STOLEN ? -EINVAL : err;
}

#ifdef DLIL_TESTED
#define LOOKS_FOR_LOST true
#else
#define LOOKS_FOR_LOST IS_ENABLED(CONFIG_DEBUG_NET)
#endif

/*
 * Has a buggy filter left no packet, or a received packet without a link header?
 * Every received packet had one before the filters, possibly an empty one, see
 * run_demux().
 */
static bool is_spoilt(const struct dlil_filter_vec *vec,
		      const struct sk_buff *skb)
{
	return unlikely(!skb || (!vec->out && !dlil_filter_is_readable(skb)));
}

/*
 * Has a filter left no packet?  Every packet would pay for this check behind
 * every filter, and only a buggy filter fails it, so only tests and debug
 * kernels check.
 */
static bool is_lost(const struct sk_buff *skb)
{
	return LOOKS_FOR_LOST && !skb;
}

/*
 * Get the name of a slot's filter, or NULL if its detach has begun: a filter whose
 * detach began before this read section may be freed.  Any other one stays until the
 * section ends.
 */
static const char *name_of(const struct dlil_filter_slot *slot)
{
	return READ_ONCE(slot->stubbed) ? NULL : slot->name;
}

static_assert(sizeof(u64) * BITS_PER_BYTE >= DLIL_FILTER_KINDS);

/* Row INI-3: DLIL keeps nothing else in a packet between two filters. */
static_assert(sizeof(u64) <= sizeof_field(struct sk_buff, cb) &&
	      offsetof(struct sk_buff, cb) % sizeof(u64) == 0);
static_assert(offsetof(struct dlil_return, mark) == 0);

/* The mark of a packet: the kinds that it skips, see the top of this file. */
static u64 mark_of(const struct sk_buff *skb)
{
	return *(const u64 *)skb->cb;
}

static void set_mark(struct sk_buff *skb, u64 skipped)
{
	*(u64 *)skb->cb = skipped;
}

/*
 * Call a filter, check its verdict, and trace it (STA-5), and a drop (STA-6).  A bundle
 * traces the verdicts of its filters itself, and names the one that decides.
 */
static noinline int call_traced(const struct dlil_filter_vec *vec,
				const struct dlil_filter_slot *slot,
				struct dlil_ifnet *ifp, u32 family,
				struct sk_buff **skb)
{
	const char *name = name_of(slot);
	dlil_filter_fn fn = READ_ONCE(slot->fn);
	int err;

	if (slot->bundle) {
		err = slot->bundle->traced(slot->cookie, ifp, family, skb,
					   vec->out, &name);
	} else {
		err = fn(slot->cookie, ifp, family, skb);
		if (err && err != DLIL_SKIP)
			err = verdict(err);
		else if (is_spoilt(vec, *skb))
			err = -EINVAL;
		if (name)
			trace_dlil_filter(ifp, dlil_direction(vec->out), name,
					  err, 1);
	}
	/* The caller counts and frees the packet, but does not know the filter. */
	if (err < 0)
		dlil_trace_drop(ifp, dlil_direction(vec->out), DLIL_DROP_FILTER,
				name, *skb);
	return err;
}

/*
 * Record a drop by a filter whose verdict was not watched, since the trace began while the
 * filter ran (STA-6).  Whether the filter still has its name is not known.
 */
static __always_inline int unwatched(const struct dlil_filter_vec *vec,
				     const struct dlil_ifnet *ifp,
				     const struct sk_buff *skb, int err)
{
	if (static_branch_unlikely(&dlil_trace_key) && err < 0)
		__dlil_trace_drop(ifp, dlil_direction(vec->out), DLIL_DROP_FILTER,
				  NULL, skb);
	return err;
}

/*
 * Run one packet through slots [@i, @end), except those whose kind is in
 * @skipped, its mark, to which DLIL_SKIP adds.  If @traced, a compile-time constant,
 * is set, trace the verdicts.
 */
static __always_inline int
run_stretch_as(const struct dlil_filter_vec *vec, unsigned int i,
	       unsigned int end, struct dlil_ifnet *ifp, u32 family,
	       struct sk_buff **skb, u64 *skipped, struct dlil_place *place,
	       bool traced)
{
	const struct dlil_filter_slot *slot;
	dlil_filter_fn fn;
	int err;

	for (; i < end; i++) {
		slot = &vec->slots[i];
		if (!wants(slot, family, *skb) || *skipped & BIT_ULL(slot->kind))
			continue;
		fn = READ_ONCE(slot->fn);
		if (slot->flags & DLIL_FILTER_REINJECTS)
			set_mark(*skb, *skipped);
		WRITE_ONCE(place->filter, slot->id);
		err = traced ? call_traced(vec, slot, ifp, family, skb) :
			       fn(slot->cookie, ifp, family, skb);
		if (err == DLIL_SKIP)
			*skipped |= BIT_ULL(slot->kind);
		else if (err)
			return traced ? err :
					unwatched(vec, ifp, *skb, verdict(err));
		if (is_spoilt(vec, *skb))
			return unwatched(vec, ifp, *skb, -EINVAL);
	}
	return 0;
}

static noinline int run_stretch_traced(const struct dlil_filter_vec *vec,
				       unsigned int i, unsigned int end,
				       struct dlil_ifnet *ifp, u32 family,
				       struct sk_buff **skb, u64 *skipped,
				       struct dlil_place *place)
{
	return run_stretch_as(vec, i, end, ifp, family, skb, skipped, place,
			      true);
}

static int run_stretch(const struct dlil_filter_vec *vec, unsigned int i,
		       unsigned int end, struct dlil_ifnet *ifp, u32 family,
		       struct sk_buff **skb, u64 *skipped,
		       struct dlil_place *place)
{
	if (dlil_verdicts_are_watched())
		return run_stretch_traced(vec, i, end, ifp, family, skb,
					  skipped, place);
	return run_stretch_as(vec, i, end, ifp, family, skb, skipped, place,
			      false);
}

/* The slow part of dlil_filter_run_at(): with all checks, and from slot @i on. */
static noinline int run_rest(const struct dlil_filter_vec *vec, unsigned int i,
			     struct dlil_ifnet *ifp, u32 family,
			     struct sk_buff **skb, u64 skipped,
			     struct dlil_place *place)
{
	return run_stretch(vec, i, vec->n, ifp, family, skb, &skipped, place);
}

/**
 * dlil_filter_run_at - run one packet through the filters of a direction
 * @vec: the filters
 * @ifp: ifnet
 * @family: protocol family of the packet
 * @skb: the packet, which a filter may replace
 * @place: records the filter that is running, for dlil_debug.c
 *
 * The loop does not check what a filter leaves, since that would add to the cost of
 * each further filter; the packet is checked once, behind all of them.  Match filters
 * read the link header, so they check for themselves that there is one.
 *
 * Context: inside the read section that protects @vec.
 * Return: 0 to go on, DLIL_STOLEN, or an error: then the caller counts the drop, which
 * is recorded already, and frees *@skb by dlil_free_skb().
 */
int dlil_filter_run_at(const struct dlil_filter_vec *vec,
		       struct dlil_ifnet *ifp, u32 family, struct sk_buff **skb,
		       struct dlil_place *place)
{
	const struct dlil_filter_slot *slot = vec->slots;
	const struct dlil_filter_slot *end = slot + vec->n;
	dlil_filter_fn fn;
	int err;

	if (dlil_verdicts_are_watched() || unlikely(vec->selective))
		return run_rest(vec, 0, ifp, family, skb, 0, place);
	/* The hot loop: run_stretch() without the checks that no filter here needs. */
	for (; slot != end; slot++) {
		fn = READ_ONCE(slot->fn);
		WRITE_ONCE(place->filter, slot->id);
		err = fn(slot->cookie, ifp, family, skb);
		if (likely(!err)) {
			if (is_lost(*skb))
				return unwatched(vec, ifp, *skb, -EINVAL);
			continue;
		}
		if (err != DLIL_SKIP)
			return unwatched(vec, ifp, *skb, verdict(err));
		if (is_spoilt(vec, *skb))
			return unwatched(vec, ifp, *skb, -EINVAL);
		return run_rest(vec, slot + 1 - vec->slots, ifp, family, skb,
				BIT_ULL(slot->kind), place);
	}
	return is_spoilt(vec, *skb) ? unwatched(vec, ifp, *skb, -EINVAL) : 0;
}

/**
 * struct transit - a batch that runs through the filters
 * @vec: the filters
 * @ifp: ifnet
 * @family: protocol family of all its packets
 * @list: packets that have not been stolen or dropped
 * @account: counts stolen and dropped packets
 * @place: records the filter that is running, for dlil_debug.c
 * @marked: every packet of @list has a valid mark in skb->cb.  Otherwise skb->cb may
 *	contain anything, and no packet skips a kind, so no mark is needed
 * @plain: @list is known to contain no GSO packet; if false, there may be some
 * @err: the first error that a filter returned
 */
struct transit {
	const struct dlil_filter_vec *vec;
	struct dlil_ifnet *ifp;
	u32 family;
	struct sk_buff_head *list;
	struct dlil_account *account;
	struct dlil_place *place;
	bool marked;
	bool plain;
	int err;
};

/* Run all packets through a stretch of slots [@i, @end) that take them one by one. */
static void run_packets(struct transit *p, unsigned int i, unsigned int end)
{
	bool marked = p->marked;
	struct sk_buff_head on;
	struct sk_buff *skb;
	u64 skipped;
	int err;

	__skb_queue_head_init(&on);
	while ((skb = __skb_dequeue(p->list))) {
		skipped = marked ? mark_of(skb) : 0;
		WRITE_ONCE(p->place->skb, skb);
		err = run_stretch(p->vec, i, end, p->ifp, p->family, &skb,
				  &skipped, p->place);
		if (likely(!err)) {
			set_mark(skb, skipped);
			p->marked |= !!skipped;
			__skb_queue_tail(&on, skb);
		} else if (err == DLIL_STOLEN) {
			p->account->stolen++;
		} else {
			p->err = p->err ?: err;
			p->account->drops[DLIL_DROP_FILTER]++;
			dlil_free_skb(skb, DLIL_DROP_FILTER);
		}
	}
	skb_queue_splice_init(&on, p->list);
}

/* Trace the verdicts of a list filter, one event for each verdict (STA-5). */
static void trace_list(const struct transit *p, const char *name,
		       unsigned int passed, unsigned int dropped, int stolen)
{
	u32 direction = dlil_direction(p->vec->out);

	if (!name)
		return;
	if (passed)
		trace_dlil_filter(p->ifp, direction, name, 0, passed);
	if (dropped)
		trace_dlil_filter(p->ifp, direction, name, -EPERM, dropped);
	if (stolen > 0)
		trace_dlil_filter(p->ifp, direction, name, DLIL_STOLEN, stolen);
}

/*
 * Call a list filter.  It leaves packets that go on in @list and those to free
 * in @drop; the missing ones were stolen.
 */
static void call_list_fn(struct transit *p, const struct dlil_filter_slot *slot,
			 struct sk_buff_head *list)
{
	unsigned int n = skb_queue_len(list), after, dropped;
	dlil_filter_list_fn fn = READ_ONCE(slot->list_fn);
	struct sk_buff *skb, *next;
	const char *name = NULL;
	struct sk_buff_head drop;

	/* Get the name before the call, in which the filter's detach may begin. */
	if (dlil_verdicts_are_watched())
		name = name_of(slot);

	__skb_queue_head_init(&drop);
	WRITE_ONCE(p->place->skb, skb_peek(list));
	WRITE_ONCE(p->place->filter, slot->id);
	fn(slot->cookie, p->ifp, p->family, list, &drop);
	/* Drop packets without a link header, which the filter may have added. */
	skb_queue_walk_safe(list, skb, next)
		if (unlikely(!dlil_filter_is_readable(skb)))
			dlil_filter_drop(skb, list, &drop);
	dropped = skb_queue_len(&drop);
	after = skb_queue_len(list) + dropped;
	if (dlil_verdicts_are_watched())
		trace_list(p, name, after - dropped, dropped, n - after);
	if (likely(after <= n))
		p->account->stolen += n - after;
	else
		p->account->seen += after - n;
	if (dropped) {
		p->account->drops[DLIL_DROP_FILTER] += dropped;
		dlil_drop_list_by(p->ifp, dir_of(p->vec), &drop,
				  DLIL_DROP_FILTER, name);
	}
}

/*
 * Move packets from the front of @p->list to @part: the first one, and those behind it
 * that have the same mark and that @slot wants if it wants the first one.  Returns
 * whether it wants them; *@mark becomes their mark.
 */
static bool take_alike(const struct transit *p,
		       const struct dlil_filter_slot *slot,
		       struct sk_buff_head *part, u64 *mark)
{
	struct sk_buff *skb = skb_peek(p->list);
	bool wanted = wants(slot, p->family, skb);

	*mark = p->marked ? mark_of(skb) : 0;
	do {
		__skb_unlink(skb, p->list);
		__skb_queue_tail(part, skb);
		skb = skb_peek(p->list);
	} while (skb && wants(slot, p->family, skb) == wanted &&
		 (!p->marked || mark_of(skb) == *mark));
	return wanted;
}

/*
 * Call a list filter that must not see some of the packets, or whose packets have marks.
 * It may use skb->cb, so the marks are set again afterwards.
 */
static void run_parts(struct transit *p, const struct dlil_filter_slot *slot)
{
	struct sk_buff_head on, part;
	struct sk_buff *skb;
	u64 mark;

	__skb_queue_head_init(&on);
	while (!skb_queue_empty(p->list)) {
		__skb_queue_head_init(&part);
		if (take_alike(p, slot, &part, &mark))
			call_list_fn(p, slot, &part);
		if (p->marked)
			skb_queue_walk(&part, skb)
				set_mark(skb, mark);
		skb_queue_splice_tail(&part, &on);
	}
	skb_queue_splice_init(&on, p->list);
}

static bool wants_all(const struct transit *p,
		      const struct dlil_filter_slot *slot)
{
	struct sk_buff *skb;

	if (!(slot->flags & DLIL_FILTER_NO_VLAN))
		return true;
	skb_queue_walk(p->list, skb)
		if (unlikely(!wants(slot, p->family, skb)))
			return false;
	return true;
}

static void run_batch(struct transit *p, const struct dlil_filter_slot *slot)
{
	struct sk_buff *skb;

	if (slot->flags & DLIL_FILTER_REINJECTS && !p->marked)
		skb_queue_walk(p->list, skb)
			set_mark(skb, 0);
	if (likely(!p->marked && wants_all(p, slot)))
		call_list_fn(p, slot, p->list);
	else
		run_parts(p, slot);
}

/*
 * Call a list filter several times, because segmentation, or a filter that adds packets,
 * has made more packets than one call may get.
 */
static noinline void run_batches(struct transit *p,
				 const struct dlil_filter_slot *slot)
{
	struct sk_buff_head *all = p->list, part, on;

	__skb_queue_head_init(&on);
	p->list = &part;
	while (!skb_queue_empty(all)) {
		dlil_list_cut(all, &part, DLIL_INPUT_BATCH);
		run_batch(p, slot);
		skb_queue_splice_tail(&part, &on);
	}
	p->list = all;
	skb_queue_splice_init(&on, all);
}

static void run_list(struct transit *p, const struct dlil_filter_slot *slot)
{
	if (slot->family && slot->family != p->family)
		return;
	if (likely(skb_queue_len(p->list) <= DLIL_INPUT_BATCH))
		run_batch(p, slot);
	else
		run_batches(p, slot);
}

/* Does the packet meet any filter of the stretch of slots [@i, @end)? */
static bool meets(const struct transit *p, unsigned int i, unsigned int end,
		  const struct sk_buff *skb)
{
	const struct dlil_filter_slot *slot;

	for (; i < end; i++) {
		slot = &p->vec->slots[i];
		if (wants(slot, p->family, skb) &&
		    (slot->takes_lists || !p->marked ||
		     !(mark_of(skb) & BIT_ULL(slot->kind))))
			return true;
	}
	return false;
}

/* Append the segments of @skb to @on.  Each of them counts as seen (STA-3). */
static void segment_one(struct transit *p, struct sk_buff *skb,
			struct sk_buff_head *on)
{
	unsigned int header = p->vec->out ? 0 : skb->data - skb_mac_header(skb);
	u64 mark = p->marked ? mark_of(skb) : 0;
	struct sk_buff_head segments;
	enum dlil_drop_reason why;
	int err;

	__skb_queue_head_init(&segments);
	err = gso_segment(skb, header, p->vec->out, &segments);
	if (err) {
		p->err = p->err ?: err;
		why = err == -ENOMEM ? DLIL_DROP_NOMEM : DLIL_DROP_FILTER;
		p->account->drops[why]++;
		dlil_drop_skb(p->ifp, dir_of(p->vec), skb, why);
		return;
	}
	p->account->seen += skb_queue_len(&segments) - 1;
	skb_queue_walk(&segments, skb)
		set_mark(skb, mark);
	skb_queue_splice_tail(&segments, on);
}

/* Row FLT-18: will the device get this GSO packet in segments?  For output only. */
static bool is_cut(struct dlil_ifnet *ifp, struct sk_buff *skb)
{
	const struct dlil_driver_ops *driver = ifp->driver;

	return driver->cuts_gso && driver->cuts_gso(ifp, skb);
}

/**
 * dlil_filter_cuts - does some filter take a GSO packet in segments?
 * @vec: filters, at least one of which takes segments
 * @ifp: ifnet
 * @skb: the GSO packet
 *
 * Context: inside the read section that protects @vec.
 * Return: whether it does.
 */
bool dlil_filter_cuts(const struct dlil_filter_vec *vec, struct dlil_ifnet *ifp,
		      struct sk_buff *skb)
{
	return vec->segments_always || is_cut(ifp, skb);
}

/* Flags of a slot that takes all, or some, GSO packets in segments. */
#define TAKES_SEGMENTS (DLIL_FILTER_SEGMENTS | DLIL_SLOT_AS_SENT)

static bool is_cut_for(const struct transit *p,
		       const struct dlil_filter_slot *slot, struct sk_buff *skb)
{
	return slot->flags & DLIL_FILTER_SEGMENTS || is_cut(p->ifp, skb);
}

/* Does @list contain no GSO packet? */
static bool is_plain(const struct sk_buff_head *list)
{
	struct sk_buff *skb;

	skb_queue_walk(list, skb)
		if (skb_is_gso(skb))
			return false;
	return true;
}

/*
 * Row FLT-10: segment the GSO packets that the stretch of slots [@i, @end) takes in
 * segments, except packets that skip all of its slots.  All slots of a stretch have the
 * same TAKES_SEGMENTS, so the first one tells.
 */
static void segment(struct transit *p, unsigned int i, unsigned int end)
{
	struct sk_buff_head on;
	struct sk_buff *skb;

	if (!p->plain)
		p->plain = is_plain(p->list);
	if (likely(p->plain))
		return;
	__skb_queue_head_init(&on);
	while ((skb = __skb_dequeue(p->list))) {
		if (skb_is_gso(skb) && is_cut_for(p, &p->vec->slots[i], skb) &&
		    meets(p, i, end, skb))
			segment_one(p, skb, &on);
		else
			__skb_queue_tail(&on, skb);
	}
	skb_queue_splice_init(&on, p->list);
}

/*
 * Returns the end of the stretch that begins with slot @i: a list filter is a stretch
 * alone, and the slots of any other one have the same TAKES_SEGMENTS.
 */
static unsigned int stretch_end(const struct dlil_filter_vec *vec,
				unsigned int i)
{
	const struct dlil_filter_slot *first = &vec->slots[i], *slot;

	for (i++; i < vec->n && !first->takes_lists; i++) {
		slot = &vec->slots[i];
		if (slot->takes_lists ||
		    (slot->flags ^ first->flags) & TAKES_SEGMENTS)
			break;
	}
	return i;
}

/* Run a batch through slots @i and later ones, stretch by stretch. */
static __always_inline int run_list_from(struct transit *p, unsigned int i)
{
	const struct dlil_filter_slot *slot;
	unsigned int end;

	for (; i < p->vec->n && !skb_queue_empty(p->list); i = end) {
		slot = &p->vec->slots[i];
		end = stretch_end(p->vec, i);
		/* A filter that takes GSO packets may replace others by some, too. */
		if (slot->flags & TAKES_SEGMENTS)
			segment(p, i, end);
		else
			p->plain = false;
		if (slot->takes_lists)
			run_list(p, slot);
		else
			run_packets(p, i, end);
	}
	return p->err;
}

/**
 * dlil_filter_run_list_at - run a batch through the filters of a direction
 * @vec: the filters
 * @ifp: ifnet
 * @family: protocol family of all packets
 * @list: the packets; afterwards those that go on
 * @account: counts stolen and dropped packets
 * @place: records the filter that is running, for dlil_debug.c
 *
 * Rows FLT-10, FLT-12.
 *
 * Context: inside the read section that protects @vec.
 * Return: 0, or the first error that a filter returned.
 */
int dlil_filter_run_list_at(const struct dlil_filter_vec *vec,
			    struct dlil_ifnet *ifp, u32 family,
			    struct sk_buff_head *list, struct dlil_account *account,
			    struct dlil_place *place)
{
	struct transit p = {
		.vec = vec,
		.ifp = ifp,
		.family = family,
		.list = list,
		.account = account,
		.place = place,
	};

	return run_list_from(&p, 0);
}

/**
 * dlil_filter_behind - find the place behind a filter
 * @vec: filters of a direction
 * @filter: reference of the filter
 *
 * Context: inside the read section that protects @vec.
 * Return: number of the slot behind that of the filter, which is @vec->n behind the
 * last one; 0 if the filter is not there, or is being detached.
 */
unsigned int dlil_filter_behind(const struct dlil_filter_vec *vec,
				dlil_filter_t filter)
{
	unsigned int i;

	for (i = 0; vec && i < vec->n; i++)
		if (vec->slots[i].id == filter)
			return READ_ONCE(vec->slots[i].stubbed) ? 0 : i + 1;
	return 0;
}

/**
 * dlil_filter_resume - run packets that a filter has handed back
 * @vec: filters of a direction
 * @i: number of the slot to begin with, from dlil_filter_behind()
 * @ifp: ifnet
 * @family: protocol family of all packets
 * @list: the packets, with their marks; afterwards those that go on
 * @account: counts stolen and dropped packets
 * @place: records the filter that is running, for dlil_debug.c
 *
 * Row FLT-14.
 *
 * Context: inside the read section that protects @vec.
 * Return: 0, or the first error that a filter returned.
 */
int dlil_filter_resume(const struct dlil_filter_vec *vec, unsigned int i,
		       struct dlil_ifnet *ifp, u32 family,
		       struct sk_buff_head *list, struct dlil_account *account,
		       struct dlil_place *place)
{
	struct transit p = {
		.vec = vec,
		.ifp = ifp,
		.family = family,
		.list = list,
		.account = account,
		.place = place,
		.marked = true,
	};

	return run_list_from(&p, i);
}
