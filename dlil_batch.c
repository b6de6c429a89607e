// SPDX-License-Identifier: GPL-2.0
/*
 * A batch of received packets: demux, filters, dispatch to protocols.
 *
 * dlil_input_batch() is inside a read section of the input thread (see
 * dlil_retire.h) for the whole batch, so that filters and protocols stay in memory
 * while their callbacks run and sleep.  It also holds an I/O reference, so that the
 * final detach waits.  The loopback ifnet takes none, because the read section alone
 * delays its final detach (IFN-8).
 *
 * A batch has two places where packets gather, one behind the other:
 *
 *  - The run: consecutive packets for which demux gave the same result, an error or a
 *    protocol family.  If the next packet has another result, run_turn() first sends the
 *    run through the filters, to the list.
 *  - The list: packets that have passed the filters, and have the same destination.  That
 *    is a protocol, or for packets without one the driver's `unmatched`.  If the next
 *    packet has another destination, batch_turn() first delivers the list (INP-9).
 *
 * The end of the batch flushes both.  dlil_input_resume() is the same for packets that a
 * filter has handed back (FLT-14): they begin behind that filter.
 */
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/sched.h>

#include "dlil_chain.h"
#include "dlil_export.h"
#include "dlil_ifnet.h"
#include "dlil_input.h"
#include "dlil_inspect.h"
#include "dlil_party.h"
#include "dlil_proto.h"
#include "dlil_stats.h"
#include "dlil_trace.h"

#include <trace/events/dlil.h>

/**
 * struct dlil_batch - state of one batch of received packets (INP-9)
 * @ifp: ifnet that received the packets
 * @filters: input filters of @ifp, or NULL
 * @run: consecutive packets with the same demux result, before the filters
 * @found: demux result of @run: 0 or a negative errno
 * @found_family: protocol family that demux found for @run
 * @odd: ODD_* flags of @run; if one is set, the packets of @run may have different
 *	destinations, so dispatch() has to look at each
 * @check: drop packets that say that another ifnet received them (INP-11)
 * @refused: number of packets that @check dropped
 * @types: demux of this interface family goes by skb->protocol alone, so that it need not
 *	look at a packet that has the value of the previous one, see is_alike()
 * @type: EtherType of the last packet of @run, network order; TYPE_NONE if the result of
 *	that packet does not follow from an EtherType alone
 * @list: packets collected for @proto, or for the driver if @proto is NULL
 * @family: protocol family of @proto, 0 if @proto is NULL
 * @proto: protocol that receives @list
 * @why: drop reason of the packets in @list if @proto is NULL
 * @tally: counters of this batch, added to those of @ifp at its end
 */
struct dlil_batch {
	struct dlil_ifnet *ifp;
	const struct dlil_filter_vec *filters;
	struct sk_buff_head run;
	int found;
	u32 found_family;
	u8 odd;
	bool check;
	unsigned int refused;
	bool types;
	int type;
	struct sk_buff_head list;
	u32 family;
	struct dlil_proto *proto;
	enum dlil_drop_reason why;
	struct dlil_tally tally;
};

/* A value of @type that is no EtherType. */
#define TYPE_NONE (-1)

/* A packet is for another station (PACKET_OTHERHOST). */
#define ODD_OTHERHOST	1
/* A packet has a priority tag: a VLAN tag beside its data, with VLAN id 0. */
#define ODD_PRIORITY	2

/* Offer packets that no protocol gets to the driver's `unmatched`. */
static void offer_unmatched(struct dlil_batch *b, struct sk_buff_head *list)
{
	unsigned int n = skb_queue_len(list);

	if (b->why == DLIL_DROP_NOPROTO)
		b->tally.stats.noproto += n;
	if (!b->ifp->driver->unmatched)
		return;
	b->ifp->driver->unmatched(b->ifp, list, b->why);
	b->tally.account.passed += dlil_taken(&b->tally.account, n, list);
}

/*
 * The device may be unregistered while a callback that sleeps has its packets
 * (LNX-13).  Point them to a device that always exists; the code that gives a
 * packet to the host sets skb->dev again.
 */
static void leave_device(struct sk_buff_head *list)
{
	struct sk_buff *skb;

	skb_queue_walk(list, skb)
		skb->dev = blackhole_netdev;
}

/* Drop packets that their protocol has refused, or that nobody takes. */
static noinline void drop_rest(struct dlil_batch *b, struct sk_buff_head *list,
			       enum dlil_drop_reason why)
{
	b->tally.account.drops[why] += skb_queue_len(list);
	dlil_drop_list_by(b->ifp, DLIL_IN, list, why,
			  b->proto ? b->proto->name : NULL);
}

/* -ENXIO: the protocol knows that the device is being removed. */
static enum dlil_drop_reason drop_reason(int err)
{
	return err == -ENXIO ? DLIL_DROP_DETACHED : DLIL_DROP_PROTOCOL;
}

/* Version 1: pass packets one by one, and free those that are refused. */
static void deliver_each(struct dlil_proto *proto,
			 const struct dlil_proto_ops *ops,
			 struct dlil_ifnet *ifp, struct sk_buff_head *list,
			 struct dlil_account *account)
{
	struct sk_buff *skb;
	int err;

	while ((skb = __skb_dequeue(list))) {
		WRITE_ONCE(ifp->inq.reader.place.skb, skb);
		err = ops->input(proto->cookie, ifp, proto->family, skb);
		if (!err) {
			account->delivered++;
		} else if (err == DLIL_STOLEN) {
			account->stolen++;
		} else {
			enum dlil_drop_reason why = drop_reason(err);

			account->drops[why]++;
			dlil_trace_drop(ifp, DLIL_DIRECTION_IN, why,
					proto->name, skb);
			dlil_free_skb(skb, why);
		}
	}
}

/*
 * Pass received packets to their protocol.  The batch keeps the protocol in memory until
 * all packets have been passed (PRO-4).  Version 1 frees and counts what is refused one by
 * one; version 2 leaves it in @list.  The others are counted in @account.  Returns the drop
 * reason of what is left.
 */
static enum dlil_drop_reason proto_deliver(struct dlil_proto *proto,
					   struct dlil_ifnet *ifp,
					   struct sk_buff_head *list,
					   struct dlil_account *account)
{
	const struct dlil_proto_ops *ops = READ_ONCE(proto->ops);
	struct dlil_place *place = &ifp->inq.reader.place;
	unsigned int n = skb_queue_len(list);
	int err;

	preempt_disable();
	u64_stats_update_begin(&proto->syncp);
	u64_stats_add(&proto->packets, n);
	u64_stats_update_end(&proto->syncp);
	preempt_enable();

	trace_dlil_deliver(ifp, proto->family, proto->name, n);
	/* Read by dlil_debug.c until it is cleared. */
	WRITE_ONCE(place->proto, proto);
	if (!ops->input_list) {
		deliver_each(proto, ops, ifp, list, account);
		WRITE_ONCE(place->proto, NULL);
		return DLIL_DROP_PROTOCOL;
	}
	WRITE_ONCE(place->skb, skb_peek(list));
	err = ops->input_list(proto->cookie, ifp, proto->family, list);
	WRITE_ONCE(place->proto, NULL);
	n = dlil_taken(account, n, list);
	if (err == DLIL_STOLEN)
		account->stolen += n;
	else
		account->delivered += n;
	return drop_reason(err);
}

/*
 * Deliver packets of the batch's list, at most DLIL_INPUT_BATCH, to its destination, and
 * free those that are left.
 */
static void batch_hand_on(struct dlil_batch *b, struct sk_buff_head *list)
{
	enum dlil_drop_reason why = b->why;

	if (b->proto) {
		if (b->proto->sleeps)
			leave_device(list);
		why = proto_deliver(b->proto, b->ifp, list, &b->tally.account);
	} else {
		offer_unmatched(b, list);
	}
	if (unlikely(!skb_queue_empty(list)))
		drop_rest(b, list, why);
}

/* Segmentation can make @list longer than the limit of a delivery: split it. */
static noinline void batch_flush_parts(struct dlil_batch *b)
{
	struct sk_buff_head part;

	while (!skb_queue_empty(&b->list)) {
		dlil_list_cut(&b->list, &part, DLIL_INPUT_BATCH);
		batch_hand_on(b, &part);
		cond_resched();
	}
}

static void batch_flush(struct dlil_batch *b)
{
	if (skb_queue_empty(&b->list))
		return;
	if (likely(skb_queue_len(&b->list) <= DLIL_INPUT_BATCH))
		batch_hand_on(b, &b->list);
	else
		batch_flush_parts(b);
}

/*
 * Set the destination of the next packet: @proto; or, if that is NULL, the driver with
 * the drop reason @why.  If it differs from the destination of the list, the list is
 * delivered first.
 */
static void batch_turn(struct dlil_batch *b, u32 family,
		       struct dlil_proto *proto, enum dlil_drop_reason why)
{
	if (likely(proto ? proto == b->proto : !b->proto && why == b->why))
		return;
	batch_flush(b);
	b->family = proto ? family : 0;
	b->proto = proto;
	b->why = why;
}

/* Set the destination of the next packet by the demux result of its run. */
static void batch_turn_found(struct dlil_batch *b)
{
	u32 family = b->found_family;

	if (b->found && b->found != -ENOENT)
		batch_turn(b, 0, NULL, DLIL_DROP_DEMUX);
	else if (b->found)
		batch_turn(b, 0, NULL, DLIL_DROP_NOPROTO);
	else if (!b->proto || family != b->family)
		batch_turn(b, family, dlil_proto_lookup(b->ifp, family),
			   DLIL_DROP_NOPROTO);
}

/* Returns ODD_OTHERHOST if the packet is for another station, or 0. */
static u8 is_otherhost(const struct sk_buff *skb)
{
	return skb->pkt_type == PACKET_OTHERHOST ? ODD_OTHERHOST : 0;
}

static bool has_priority_tag(const struct sk_buff *skb)
{
	return skb_vlan_tag_present(skb) && !skb_vlan_tag_get_id(skb);
}

/*
 * Remove priority tags (VLAN id 0), as the host does for packets that no VLAN
 * device takes.  Filters see the tag, as tcpdump does (FLT-18); demux has found
 * the protocol behind it already.  The packet must be private to this thread,
 * and on no list.  Returns NULL if the packet was malformed or memory is short;
 * it has been counted and freed then.
 */
static noinline struct sk_buff *strip_priority_tags(struct dlil_batch *b,
						    struct sk_buff *skb)
{
	while (has_priority_tag(skb)) {
		__vlan_hwaccel_clear_tag(skb);
		if (!eth_type_vlan(skb->protocol))
			break;
		/* Check the length first: skb_vlan_untag() returns NULL for no memory, too. */
		if (skb->len < VLAN_HLEN + sizeof(__be16)) {
			b->tally.account.drops[DLIL_DROP_DEMUX]++;
			dlil_drop_skb(b->ifp, DLIL_IN, skb,
				      DLIL_DROP_DEMUX);
			return NULL;
		}
		skb = skb_vlan_untag(skb);
		if (!skb) {
			b->tally.account.drops[DLIL_DROP_NOMEM]++;
			dlil_drop_skb(b->ifp, DLIL_IN, NULL,
				      DLIL_DROP_NOMEM);
			return NULL;
		}
		skb_reset_mac_len(skb);
	}
	return skb;
}

/*
 * Append one packet to the list for its destination.  A packet for another
 * station reaches no protocol: its destination is the driver, with the reason
 * DLIL_DROP_DEMUX if demux could not read the packet, or else DLIL_DROP_PROMISC.
 */
static void dispatch(struct dlil_batch *b, struct sk_buff *skb)
{
	if (unlikely(has_priority_tag(skb))) {
		skb = strip_priority_tags(b, skb);
		if (!skb)
			return;
	}
	if (unlikely(is_otherhost(skb) &&
		     (!b->found || b->found == -ENOENT)))
		batch_turn(b, 0, NULL, DLIL_DROP_PROMISC);
	else
		batch_turn_found(b);
	__skb_queue_tail(&b->list, skb);
}

static void dispatch_list(struct dlil_batch *b, struct sk_buff_head *list)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(list)))
		dispatch(b, skb);
}

static u8 has_otherhost(const struct sk_buff_head *list)
{
	struct sk_buff *skb;

	skb_queue_walk(list, skb)
		if (is_otherhost(skb))
			return ODD_OTHERHOST;
	return 0;
}

/*
 * Row FLT-10: filter a GSO packet alone, since it may become many segments; append what
 * passes to @on.
 */
static void filter_segments(struct dlil_batch *b, struct sk_buff *skb,
			    struct sk_buff_head *on)
{
	struct sk_buff_head alone;

	__skb_queue_head_init(&alone);
	__skb_queue_tail(&alone, skb);
	dlil_filter_run_list_at(b->filters, b->ifp, b->found_family, &alone,
				&b->tally.account, &b->ifp->inq.reader.place);
	b->odd |= has_otherhost(&alone);
	skb_queue_splice_tail(&alone, on);
}

static void filter_one(struct dlil_batch *b, struct sk_buff *skb,
		       struct sk_buff_head *on)
{
	struct dlil_place *place = &b->ifp->inq.reader.place;
	int err;

	if (dlil_filter_segments(b->filters, b->ifp, skb)) {
		filter_segments(b, skb, on);
		return;
	}
	WRITE_ONCE(place->skb, skb);
	err = dlil_filter_run_at(b->filters, b->ifp, b->found_family, &skb,
				 place);
	if (likely(!err)) {
		b->odd |= is_otherhost(skb);
		__skb_queue_tail(on, skb);
	} else if (err == DLIL_STOLEN) {
		b->tally.account.stolen++;
	} else {
		b->tally.account.drops[DLIL_DROP_FILTER]++;
		/* The chain has recorded it, since it knows the filter. */
		dlil_free_skb(skb, DLIL_DROP_FILTER);
	}
}

/* Filter the packets of the run one by one; a packet is on no list while a filter has it. */
static void filter_each(struct dlil_batch *b)
{
	struct sk_buff *skb, *next;
	struct sk_buff_head on;

	__skb_queue_head_init(&on);
	b->odd &= ~ODD_OTHERHOST;
	skb_queue_walk_safe(&b->run, skb, next) {
		skb_mark_not_on_list(skb);
		skb->prev = NULL;
		filter_one(b, skb, &on);
	}
	__skb_queue_head_init(&b->run);
	skb_queue_splice_init(&on, &b->run);
}

static void filter_list(struct dlil_batch *b)
{
	dlil_filter_run_list_at(b->filters, b->ifp, b->found_family, &b->run,
				&b->tally.account, &b->ifp->inq.reader.place);
	b->odd &= ~ODD_OTHERHOST;
	b->odd |= has_otherhost(&b->run);
}

/*
 * Same as run_flush(), for a run that the filter @ref has handed back: only the filters
 * behind that one see it (FLT-14).
 */
static void returned_flush(struct dlil_batch *b, dlil_filter_t ref)
{
	struct dlil_place *place = &b->ifp->inq.reader.place;
	unsigned int slot;

	if (skb_queue_empty(&b->run))
		return;
	slot = dlil_filter_behind(b->filters, ref);
	if (!slot) {
		b->tally.account.drops[DLIL_DROP_DETACHED] +=
			skb_queue_len(&b->run);
		dlil_drop_list(b->ifp, DLIL_IN, &b->run, DLIL_DROP_DETACHED);
		return;
	}
	dlil_filter_resume(b->filters, slot, b->ifp, b->found_family, &b->run,
			   &b->tally.account, place);
	WRITE_ONCE(place->filter, 0);
	dispatch_list(b, &b->run);
}

/* Send the run through the filters, and move the packets that pass to the list (INP-8). */
static void run_flush(struct dlil_batch *b)
{
	if (skb_queue_empty(&b->run))
		return;
	if (b->filters) {
		leave_device(&b->run);
		if (b->filters->takes_lists)
			filter_list(b);
		else
			filter_each(b);
		/* Tell dlil_debug.c that no filter is running any more. */
		WRITE_ONCE(b->ifp->inq.reader.place.filter, 0);
		if (skb_queue_empty(&b->run))
			return;
	}
	if (unlikely(b->odd))
		return dispatch_list(b, &b->run);
	batch_turn_found(b);
	skb_queue_splice_tail_init(&b->run, &b->list);
}

/* Row INP-11: does @skb say that another ifnet received it?  That is normal on loopback. */
static bool is_foreign(const struct dlil_ifnet *ifp, const struct sk_buff *skb)
{
	return skb->skb_iif && skb->skb_iif != ifp->ifindex &&
	       ifp->kind != DLIL_IFNET_LOOPBACK;
}

static void refuse_foreign(struct dlil_ifnet *ifp, struct sk_buff *skb)
{
	pr_warn_once("dlil: %s got a packet that interface %d has received: dropped\n",
		     ifp->name, skb->skb_iif);
	dlil_stats_refuse(ifp, DLIL_IN, DLIL_DROP_SANITY, 1,
			  skb->len + dlil_header_len(skb));
	dlil_drop_skb(ifp, DLIL_IN, skb, DLIL_DROP_SANITY);
}

/*
 * Flush the run, and start one with another demux result.  The caller is inside the RCU
 * read section of demux; this leaves it meanwhile, because filters and protocols may
 * sleep.
 */
static void run_turn(struct dlil_batch *b, int demux, u32 family)
{
	rcu_read_unlock();
	run_flush(b);
	rcu_read_lock();
	b->found = demux;
	b->found_family = family;
	b->odd = 0;
}

/* Returns the EtherType of @skb if demux decided from it alone, or TYPE_NONE. */
static int type_of(const struct dlil_batch *b, const struct sk_buff *skb,
		   int header)
{
	if (!b->types || header < ETH_HLEN ||
	    !eth_proto_is_802_3(skb->protocol))
		return TYPE_NONE;
	return (__force u16)skb->protocol;
}

/* True if @skb is certain to demux like the previous packet. */
static __always_inline bool is_alike(const struct dlil_batch *b,
				     const struct sk_buff *skb, int header)
{
	return header >= ETH_HLEN && !skb_vlan_tag_present(skb) &&
	       (__force u16)skb->protocol == b->type;
}

static void count_bytes(struct dlil_batch *b, u64 bytes)
{
	if (b->ifp->attrs & DLIL_ATTR_COUNT_INPUT)
		b->tally.stats.ibytes += bytes;
}

/*
 * Demux a packet whose link header is @header bytes long, negative if there is none, and
 * start a new run if the result differs from that of the previous packet.  Returns the
 * length of the link header, or -1 if the packet has been consumed and counted.
 */
static noinline int run_demux(struct dlil_batch *b, struct sk_buff *skb,
			      int header)
{
	unsigned int len;
	u32 family = 0;
	int demux;

	if (unlikely(b->check) && is_foreign(b->ifp, skb)) {
		refuse_foreign(b->ifp, skb);
		b->refused++;
		return -1;
	}
	/* An unset mac_header means that there is no link header. */
	if (header < 0) {
		skb_reset_mac_header(skb);
		header = 0;
	}
	len = skb->len + header;
	demux = b->ifp->family->demux(b->ifp, skb, &family);
	if (demux == DLIL_STOLEN) {
		b->tally.account.stolen++;
		count_bytes(b, len);
		return -1;
	}
	if (demux)
		family = 0;
	if (family != b->found_family || demux != b->found)
		run_turn(b, demux, family);
	if (likely(!skb_vlan_tag_present(skb))) {
		b->type = type_of(b, skb, header);
	} else {
		b->type = TYPE_NONE;
		if (!skb_vlan_tag_get_id(skb))
			b->odd |= ODD_PRIORITY;
	}
	return header;
}

/* Look at a packet that is not for this host alone: count it, or set ODD_OTHERHOST. */
static noinline void run_note(struct dlil_batch *b, const struct sk_buff *skb)
{
	if (skb->pkt_type == PACKET_BROADCAST ||
	    skb->pkt_type == PACKET_MULTICAST)
		b->tally.stats.imcasts++;
	else if (is_otherhost(skb))
		b->odd |= ODD_OTHERHOST;
}

/*
 * Take an I/O reference, which keeps @ifp attached until input_end().  The
 * loopback ifnet needs none, because the caller's read section delays its final
 * detach.
 */
static bool input_begin(struct dlil_ifnet *ifp)
{
	if (ifp->kind == DLIL_IFNET_LOOPBACK)
		return dlil_ifnet_is_attached(ifp);
	return dlil_ifnet_io_begin(ifp);
}

static void input_end(struct dlil_ifnet *ifp)
{
	if (ifp->kind != DLIL_IFNET_LOOPBACK)
		dlil_ifnet_io_end(ifp);
}

/* Begin a batch; returns false, with nothing to end, if the ifnet is being detached. */
static __always_inline bool batch_begin(struct dlil_batch *b)
{
	struct dlil_reader *reader = &b->ifp->inq.reader;

	dlil_reader_enter(reader);
	if (!input_begin(b->ifp)) {
		dlil_reader_leave(reader);
		return false;
	}
	__skb_queue_head_init(&b->run);
	__skb_queue_head_init(&b->list);
	b->check = READ_ONCE(dlil_input_sanity_check);
	b->filters = rcu_dereference_check(b->ifp->filters_in,
					   dlil_reader_is_inside(reader));
	return true;
}

/* Count a batch, and end it. */
static __always_inline void batch_end(struct dlil_batch *b)
{
	dlil_stats_fold(b->ifp, DLIL_IN, &b->tally);
	input_end(b->ifp);
	dlil_reader_leave(&b->ifp->inq.reader);
}

static noinline unsigned int gso_segments_of(const struct sk_buff *skb)
{
	const struct sk_buff *frag;
	unsigned int n = 0;

	/* Do not use gso_segs, which an untrusted sender may set to any number. */
	if (skb_shinfo(skb)->gso_size != GSO_BY_FRAGS)
		return DIV_ROUND_UP(skb->len, skb_shinfo(skb)->gso_size);
	/* SCTP: each packet in the list of fragments is a segment. */
	skb_walk_frags(skb, frag)
		n++;
	return n ?: 1;
}

/* Upper limit for the packets that segmentation makes of @skb. */
static unsigned int segments_of(const struct sk_buff *skb)
{
	return skb_is_gso(skb) ? gso_segments_of(skb) : 1;
}

/*
 * Demux the first packets of @list, up to DLIL_INPUT_BATCH, and collect them in runs.
 * Each run but the last one is flushed in here; the caller flushes the last one.  If
 * @segments is set, a GSO packet counts as the number of its segments towards the limit
 * of the batch; a packet with more segments than that forms a batch alone.  If @classes
 * is set, count traffic classes.  Both are compile-time constants.  Returns the rest of
 * @list.
 */
static __always_inline struct sk_buff *
batch_collect_as(struct dlil_batch *b, struct sk_buff *list, bool segments,
		 bool classes)
{
	struct dlil_traffic traffic = {};
	unsigned int n = 0, charged = 0;
	struct sk_buff *skb;
	u64 bytes = 0;
	int header;

	rcu_read_lock();
	while ((skb = list) && charged < DLIL_INPUT_BATCH) {
		charged += segments ? segments_of(skb) : 1;
		if (segments && n && charged > DLIL_INPUT_BATCH)
			break;
		list = skb->next;
		skb_mark_not_on_list(skb);
		n++;
		/* An unset mac_header is ~0, which makes this negative. */
		header = (int)skb_headroom(skb) - skb->mac_header;
		if (classes && !(b->check && is_foreign(b->ifp, skb)))
			dlil_class_note(&traffic, skb, 0,
					skb->len + max(header, 0));
		if (unlikely(!is_alike(b, skb, header))) {
			header = run_demux(b, skb, header);
			if (header < 0)
				continue;
		}
		bytes += skb->len + header;
		if (unlikely(skb->pkt_type != PACKET_HOST))
			run_note(b, skb);
		__skb_queue_tail(&b->run, skb);
	}
	rcu_read_unlock();
	n -= b->refused;
	b->tally.account.seen += n;
	if (b->ifp->attrs & DLIL_ATTR_COUNT_INPUT)
		b->tally.stats.ipackets += n;
	count_bytes(b, bytes);
	if (classes)
		dlil_class_add(b->ifp, DLIL_IN, &traffic);
	return list;
}

/* batch_collect() with traffic classes (STA-2), kept out of the common path. */
static noinline struct sk_buff *batch_collect_classed(struct dlil_batch *b,
						      struct sk_buff *list)
{
	return batch_collect_as(b, list,
				b->filters && b->filters->wants_segments, true);
}

static struct sk_buff *batch_collect(struct dlil_batch *b, struct sk_buff *list)
{
	if (dlil_class_is_on())
		return batch_collect_classed(b, list);
	if (b->filters && b->filters->wants_segments)
		return batch_collect_as(b, list, true, false);
	return batch_collect_as(b, list, false, false);
}

/**
 * dlil_input_batch - process the first packets of a list
 * @ifp: ifnet that received the packets
 * @list: packets linked by skb->next; consumed
 *
 * Context: the input thread, or a test in its place; may sleep.
 * Return: the packets that do not belong to the first batch.
 */
struct sk_buff *dlil_input_batch(struct dlil_ifnet *ifp, struct sk_buff *list)
{
	struct dlil_batch b = { .ifp = ifp, .type = TYPE_NONE };

	if (!batch_begin(&b)) {
		dlil_input_discard(ifp, list, DLIL_DROP_DETACHED);
		return NULL;
	}
	dlil_multi_traffic(ifp);
	trace_dlil_input_begin(ifp);
	b.types = !b.check && ifp->family->by_protocol &&
		  ifp->attrs & DLIL_ATTR_CLASSIFIED;
	list = batch_collect(&b, list);
	run_flush(&b);
	batch_flush(&b);
	trace_dlil_input_end(ifp, &b.tally.account);
	batch_end(&b);
	return list;
}
EXPORT_SYMBOL_FOR_TEST(dlil_input_batch);

/*
 * Demux a packet that a filter has handed back, unless its family is known.
 * Returns false if the packet has been consumed and counted.
 */
static bool returned_demux(struct dlil_batch *b, struct sk_buff *skb, u32 family,
			   int *found, u32 *found_family)
{
	*found = 0;
	*found_family = family;
	/* skb->dev may point to a device that has gone (LNX-13). */
	skb->dev = blackhole_netdev;
	if (unlikely(b->check && is_foreign(b->ifp, skb))) {
		b->tally.account.drops[DLIL_DROP_SANITY]++;
		dlil_drop_skb(b->ifp, DLIL_IN, skb, DLIL_DROP_SANITY);
		return false;
	}
	if (unlikely(!dlil_filter_is_readable(skb))) {
		b->tally.account.drops[DLIL_DROP_FILTER]++;
		dlil_drop_skb(b->ifp, DLIL_IN, skb, DLIL_DROP_FILTER);
		return false;
	}
	if (family)
		return true;
	rcu_read_lock();
	*found = b->ifp->family->demux(b->ifp, skb, found_family);
	rcu_read_unlock();
	if (*found == DLIL_STOLEN) {
		b->tally.account.stolen++;
		return false;
	}
	if (*found)
		*found_family = 0;
	return true;
}

/*
 * Same as batch_collect(), for packets that filters have handed back: a run has packets of
 * one filter, and the last run is flushed as well.
 */
static struct sk_buff *returned_collect(struct dlil_batch *b,
					struct sk_buff *list)
{
	bool segments = b->filters && b->filters->wants_segments;
	unsigned int n, charged = 0;
	dlil_filter_t filter = 0;
	struct sk_buff *skb;
	u32 family;
	int found;

	while ((skb = list) && charged < DLIL_INPUT_BATCH) {
		const struct dlil_return *back = dlil_return_of(skb);
		dlil_filter_t from = back->filter;

		n = segments ? segments_of(skb) : 1;
		if (charged && charged + n > DLIL_INPUT_BATCH)
			break;
		charged += n;
		list = skb->next;
		skb_mark_not_on_list(skb);
		if (back->made)
			b->tally.account.seen++;
		else
			b->tally.account.stolen--;
		if (!returned_demux(b, skb, back->family, &found, &family))
			continue;
		if (from != filter || found != b->found ||
		    family != b->found_family) {
			returned_flush(b, filter);
			filter = from;
			b->found = found;
			b->found_family = family;
		}
		__skb_queue_tail(&b->run, skb);
	}
	returned_flush(b, filter);
	return list;
}

/**
 * dlil_input_resume - process packets that filters have handed back
 * @ifp: ifnet that received the packets
 * @list: packets linked by skb->next, each with its struct dlil_return; consumed
 *
 * Row FLT-14.  The packets were counted when they arrived, except those that a filter has
 * made, which are counted here.
 *
 * Context: the input thread, or a test in its place; may sleep.
 * Return: the packets that do not belong to the first batch.
 */
struct sk_buff *dlil_input_resume(struct dlil_ifnet *ifp, struct sk_buff *list)
{
	struct dlil_batch b = { .ifp = ifp };

	if (!batch_begin(&b)) {
		dlil_returned_discard(ifp, list, DLIL_DROP_DETACHED);
		return NULL;
	}
	list = returned_collect(&b, list);
	batch_flush(&b);
	batch_end(&b);
	return list;
}
