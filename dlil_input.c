// SPDX-License-Identifier: GPL-2.0
/*
 * Input: queue, thread, demux, filters, dispatch to protocols.
 *
 * Any number of producers push packets on a lock-free list; the one thread that
 * serves the ifnet takes all of it at once.  Producer and thread meet in two
 * places only: the producer that finds the queue empty puts it on the thread's
 * ready list, and wakes the thread if that is asleep.  So there is no lock, no
 * wake and no allocation per packet.
 *
 * A packet is in turn
 *  - queued by somebody who has seen the ifnet attached inside an RCU read
 *    section: the final detach starts a grace period later, so that nothing is
 *    queued once the thread is told to stop;
 *  - worked on under an I/O reference and in a read section of its own kind (see
 *    dlil_reader.h), both begun once per batch: filters and protocols stay while
 *    their callbacks run, which may sleep.  The loopback ifnet does without the
 *    reference: its final detach comes after the batch all the same (IFN-8).
 */
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/kthread.h>
#include <linux/pid_namespace.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "dlil_call.h"
#include "dlil_chain.h"
#include "dlil_drop.h"
#include "dlil_ifnet.h"
#include "dlil_input.h"
#include "dlil_inq.h"
#include "dlil_multi.h"
#include "dlil_proto.h"
#include "dlil_stats.h"

unsigned int dlil_rcvq_limit = 2048;
EXPORT_SYMBOL_FOR_TEST(dlil_rcvq_limit);
unsigned int dlil_rcvq_bytes = 32 * 1024 * 1024;
EXPORT_SYMBOL_FOR_TEST(dlil_rcvq_bytes);
bool dlil_multi_threaded_input = true;
EXPORT_SYMBOL_FOR_TEST(dlil_multi_threaded_input);
bool dlil_net_affinity = true;
EXPORT_SYMBOL_FOR_TEST(dlil_net_affinity);
bool dlil_input_sanity_check;
EXPORT_SYMBOL_FOR_TEST(dlil_input_sanity_check);

static struct dlil_thread dlil_main_thread;

/**
 * struct waiter - a task that waits for a flush
 * @flush: the flush
 * @done: completed when what was queued before has been worked off
 * @refs: the task and the flush
 */
struct waiter {
	struct dlil_flush flush;
	struct completion done;
	refcount_t refs;
};

/* The limits of a queue, as long as nobody is changing them. */
static s64 inq_limits(const struct dlil_inq *q)
{
	return DLIL_INQ_SPACE(READ_ONCE(q->max_packets),
			      READ_ONCE(q->max_bytes));
}

/* Is nothing counted in the queue, which is open? */
static bool inq_is_empty(const struct dlil_inq *q)
{
	/* Pairs with the release in dlil_inq_open(). */
	return atomic64_read_acquire(&q->room) == inq_limits(q);
}

/**
 * struct dlil_batch - consecutive packets on their way to one taker (INP-9)
 * @ifp: whose
 * @filters: its input filters, or NULL
 * @fresh: consecutive packets that demux said the same of
 * @found: what it said of @fresh
 * @found_family: their protocol family
 * @odd: some of @fresh are as few packets are, and need a look at each; ODD_*
 * @check: look whether packets are of this ifnet (INP-11)
 * @refused: how many were not
 * @types: for frames of a type there is nothing to be done but to know that, see
 *	is_alike()
 * @type: the type that @fresh ends with, network order, or TYPE_NONE
 * @list: packets collected for @proto, or for the driver if that is NULL
 * @family: protocol family of @proto, 0 if there is none
 * @proto: who gets @list
 * @why: without @proto, why the packets are nobody's
 * @tally: what has been counted
 */
struct dlil_batch {
	struct dlil_ifnet *ifp;
	const struct dlil_filter_vec *filters;
	struct sk_buff_head fresh;
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

/* No type of a frame. */
#define TYPE_NONE (-1)

/* A packet is for another station (PACKET_OTHERHOST). */
#define ODD_STRANGER	1
/* A packet had a VLAN tag without a VLAN beside its data when demux saw it. */
#define ODD_PRIORITY	2

/* The driver's `unmatched` may take packets of @list. */
static void offer_unmatched(struct dlil_batch *b, struct sk_buff_head *list)
{
	unsigned int n = skb_queue_len(list);

	if (b->why == DLIL_DROP_NOPROTO)
		b->tally.stats.noproto += n;
	if (!b->ifp->driver->unmatched)
		return;
	b->ifp->driver->unmatched(b->ifp, list, b->why);
	b->tally.flow.passed += dlil_taken(&b->tally.flow, n, list);
}

/*
 * The device that packets came from may go while a callback has them, which may
 * sleep (LNX-13).  So they point to one that never goes; whoever gives them to the
 * host sets the device again.
 */
static void leave_device(struct sk_buff_head *list)
{
	struct sk_buff *skb;

	skb_queue_walk(list, skb)
		skb->dev = blackhole_netdev;
}

/* At most DLIL_INPUT_BATCH packets; those that nobody takes are freed. */
static void batch_hand_on(struct dlil_batch *b, struct sk_buff_head *list)
{
	enum dlil_drop_reason why = b->why;

	if (b->proto) {
		if (b->proto->sleeps)
			leave_device(list);
		why = dlil_proto_deliver(b->proto, b->ifp, list, &b->tally.flow);
	} else {
		offer_unmatched(b, list);
	}
	b->tally.flow.drops[why] += skb_queue_len(list);
	dlil_drop_list(list, why);
}

/* Segments of one GSO packet may be more than anybody is to get at once. */
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

/* The packets appended next are for @proto, or for nobody because of @why. */
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

/* Packets behind the filters: look their protocol up. */
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

/* ODD_STRANGER if the packet is for another station, or 0. */
static u8 is_stranger(const struct sk_buff *skb)
{
	return skb->pkt_type == PACKET_OTHERHOST ? ODD_STRANGER : 0;
}

static bool has_priority_tag(const struct sk_buff *skb)
{
	return skb_vlan_tag_present(skb) && !skb_vlan_tag_get_id(skb);
}

/*
 * Take tags without a VLAN off, as the host does with packets that it hands to no
 * VLAN device.  Filters have seen them, as tcpdump does (FLT-18); demux has told the
 * family by what is behind them.  The packet is the thread's own, and on no list.
 * Returns NULL if the packet was malformed, or there was no memory: then it is freed
 * and counted.
 */
static noinline struct sk_buff *strip_priority_tags(struct dlil_batch *b,
						    struct sk_buff *skb)
{
	while (has_priority_tag(skb)) {
		__vlan_hwaccel_clear_tag(skb);
		if (!eth_type_vlan(skb->protocol))
			break;
		/* The kernel wants the type behind the next tag as well. */
		if (skb->len < VLAN_HLEN + sizeof(__be16)) {
			b->tally.flow.drops[DLIL_DROP_DEMUX]++;
			dlil_drop_skb(skb, DLIL_DROP_DEMUX);
			return NULL;
		}
		skb = skb_vlan_untag(skb);
		if (!skb) {
			b->tally.flow.drops[DLIL_DROP_NOMEM]++;
			return NULL;
		}
		skb_reset_mac_len(skb);
	}
	return skb;
}

/*
 * Put a packet to those of its taker.  One for another station gets nowhere, unless
 * demux could not read it: then that is why it is dropped.
 */
static void dispatch(struct dlil_batch *b, struct sk_buff *skb)
{
	if (unlikely(has_priority_tag(skb))) {
		skb = strip_priority_tags(b, skb);
		if (!skb)
			return;
	}
	if (unlikely(is_stranger(skb) &&
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

static u8 has_strangers(const struct sk_buff_head *list)
{
	struct sk_buff *skb;

	skb_queue_walk(list, skb)
		if (is_stranger(skb))
			return ODD_STRANGER;
	return 0;
}

/* Row FLT-10: a GSO packet alone, since it may become many. */
static void filter_segments(struct dlil_batch *b, struct sk_buff *skb,
			    struct sk_buff_head *on)
{
	struct sk_buff_head alone;

	__skb_queue_head_init(&alone);
	__skb_queue_tail(&alone, skb);
	dlil_filter_run_list_at(b->filters, b->ifp, b->found_family, &alone,
				&b->tally.flow, &b->ifp->inq.reader.place);
	b->odd |= has_strangers(&alone);
	skb_queue_splice_tail(&alone, on);
}

static void filter_one(struct dlil_batch *b, struct sk_buff *skb,
		       struct sk_buff_head *on)
{
	struct dlil_place *place = &b->ifp->inq.reader.place;
	int err;

	if (dlil_filter_segments(b->filters, skb)) {
		filter_segments(b, skb, on);
		return;
	}
	WRITE_ONCE(place->skb, skb);
	err = dlil_filter_run_at(b->filters, b->ifp, b->found_family, &skb,
				 place);
	if (likely(!err)) {
		b->odd |= is_stranger(skb);
		__skb_queue_tail(on, skb);
	} else if (err == DLIL_STOLEN) {
		b->tally.flow.stolen++;
	} else {
		b->tally.flow.drops[DLIL_DROP_FILTER]++;
		dlil_drop_skb(skb, DLIL_DROP_FILTER);
	}
}

/* One after the other; a packet is on no list while filters have it. */
static void filter_each(struct dlil_batch *b)
{
	struct sk_buff *skb, *next;
	struct sk_buff_head on;

	__skb_queue_head_init(&on);
	b->odd &= ~ODD_STRANGER;
	skb_queue_walk_safe(&b->fresh, skb, next) {
		skb_mark_not_on_list(skb);
		skb->prev = NULL;
		filter_one(b, skb, &on);
	}
	__skb_queue_head_init(&b->fresh);
	skb_queue_splice_init(&on, &b->fresh);
}

static void filter_list(struct dlil_batch *b)
{
	dlil_filter_run_list_at(b->filters, b->ifp, b->found_family, &b->fresh,
				&b->tally.flow, &b->ifp->inq.reader.place);
	b->odd &= ~ODD_STRANGER;
	b->odd |= has_strangers(&b->fresh);
}

/* Take the packets collected so far through the filters, and on (INP-8). */
static void fresh_flush(struct dlil_batch *b)
{
	if (skb_queue_empty(&b->fresh))
		return;
	if (b->filters) {
		leave_device(&b->fresh);
		if (b->filters->takes_lists)
			filter_list(b);
		else
			filter_each(b);
		WRITE_ONCE(b->ifp->inq.reader.place.filter, 0);
		if (skb_queue_empty(&b->fresh))
			return;
	}
	if (unlikely(b->odd))
		return dispatch_list(b, &b->fresh);
	batch_turn_found(b);
	skb_queue_splice_tail_init(&b->fresh, &b->list);
}

static unsigned int header_len(const struct sk_buff *skb)
{
	return skb_mac_header_was_set(skb) ? skb->data - skb_mac_header(skb) : 0;
}

/* Row INP-11: is the packet, if it says so, of another ifnet than @ifp? */
static bool is_strange(const struct dlil_ifnet *ifp, const struct sk_buff *skb)
{
	return skb->skb_iif && skb->skb_iif != ifp->ifindex &&
	       ifp->kind != DLIL_IFNET_LOOPBACK;
}

static void refuse_strange(struct dlil_ifnet *ifp, struct sk_buff *skb)
{
	pr_warn_once("dlil: %s was handed a packet of interface %d\n",
		     ifp->name, skb->skb_iif);
	dlil_stats_refuse(ifp, DLIL_IN, DLIL_DROP_SANITY, 1,
			  skb->len + header_len(skb));
	dlil_drop_skb(skb, DLIL_DROP_SANITY);
}

/* From here on demux says something else.  Inside its RCU section. */
static void fresh_turn(struct dlil_batch *b, int demux, u32 family)
{
	rcu_read_unlock();
	fresh_flush(b);
	rcu_read_lock();
	b->found = demux;
	b->found_family = family;
	b->odd = 0;
}

/* The type by which alone demux has told this untagged frame, if it was so. */
static int type_of(const struct dlil_batch *b, const struct sk_buff *skb,
		   int header)
{
	if (!b->types || header < ETH_HLEN ||
	    !eth_proto_is_802_3(skb->protocol))
		return TYPE_NONE;
	return (__force u16)skb->protocol;
}

/* Is it certain that demux would say of @skb what it said of the last one? */
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
 * Ask demux, of a packet whose link header has this length.  Returns the length,
 * or -1 if the packet is gone, which is then counted.
 */
static noinline int fresh_demux(struct dlil_batch *b, struct sk_buff *skb,
				int header)
{
	unsigned int len;
	u32 family = 0;
	int demux;

	if (unlikely(b->check) && is_strange(b->ifp, skb)) {
		refuse_strange(b->ifp, skb);
		b->refused++;
		return -1;
	}
	/* A driver that does not say where the link header is has none. */
	if (header < 0) {
		skb_reset_mac_header(skb);
		header = 0;
	}
	len = skb->len + header;
	demux = b->ifp->family->demux(b->ifp, skb, &family);
	if (demux == DLIL_STOLEN) {
		b->tally.flow.stolen++;
		count_bytes(b, len);
		return -1;
	}
	if (demux)
		family = 0;
	if (family != b->found_family || demux != b->found)
		fresh_turn(b, demux, family);
	if (likely(!skb_vlan_tag_present(skb))) {
		b->type = type_of(b, skb, header);
	} else {
		b->type = TYPE_NONE;
		if (!skb_vlan_tag_get_id(skb))
			b->odd |= ODD_PRIORITY;
	}
	return header;
}

static noinline void fresh_note(struct dlil_batch *b, const struct sk_buff *skb)
{
	if (skb->pkt_type == PACKET_BROADCAST ||
	    skb->pkt_type == PACKET_MULTICAST)
		b->tally.stats.imcasts++;
	else if (is_stranger(skb))
		b->odd |= ODD_STRANGER;
}

/* Free the first packets of @list, a batch, and count them.  Returns the others. */
static struct sk_buff *discard_batch(struct dlil_ifnet *ifp,
				     struct sk_buff *list,
				     enum dlil_drop_reason why)
{
	struct sk_buff *skb;
	unsigned int n = 0;
	u64 bytes = 0;

	while ((skb = list) && n < DLIL_INPUT_BATCH) {
		list = skb->next;
		skb_mark_not_on_list(skb);
		n++;
		bytes += skb->len + header_len(skb);
		dlil_drop_skb(skb, why);
	}
	dlil_stats_refuse(ifp, DLIL_IN, why, n, bytes);
	return list;
}

/*
 * Free what is left, for instance once the ifnet is being detached: as many packets
 * as a queue holds, which can be a million.  May sleep.
 */
static void input_discard(struct dlil_ifnet *ifp, struct sk_buff *list,
			  enum dlil_drop_reason why)
{
	while (list) {
		list = discard_batch(ifp, list, why);
		cond_resched();
	}
}

/*
 * Keeps @ifp attached until input_end(); for the loopback ifnet the caller's batch
 * does that alone.
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

/* So many packets become of this one where filters want segments, or fewer. */
static unsigned int segments_of(const struct sk_buff *skb)
{
	/* An untrusted sender leaves gso_segs 0, or says what it likes. */
	return skb_is_gso(skb) ?
	       DIV_ROUND_UP(skb->len, skb_shinfo(skb)->gso_size) : 1;
}

/*
 * Take the first packets of @list through demux, each to those before it if it is
 * alike.  Filters and protocols come when all have been through, or one that is
 * not alike has: they may sleep, and demux has an RCU section.  With @segments, a
 * constant, a GSO packet counts as what the filters will make of it; if that is
 * more than a batch it is one alone.  Returns what is left of the list.
 */
static __always_inline struct sk_buff *
batch_collect_as(struct dlil_batch *b, struct sk_buff *list, bool segments)
{
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
		/* Negative if it was never set: that would be far behind. */
		header = (int)skb_headroom(skb) - skb->mac_header;
		if (unlikely(!is_alike(b, skb, header))) {
			header = fresh_demux(b, skb, header);
			if (header < 0)
				continue;
		}
		bytes += skb->len + header;
		if (unlikely(skb->pkt_type != PACKET_HOST))
			fresh_note(b, skb);
		__skb_queue_tail(&b->fresh, skb);
	}
	rcu_read_unlock();
	n -= b->refused;
	b->tally.flow.seen += n;
	if (b->ifp->attrs & DLIL_ATTR_COUNT_INPUT)
		b->tally.stats.ipackets += n;
	count_bytes(b, bytes);
	return list;
}

static struct sk_buff *batch_collect(struct dlil_batch *b, struct sk_buff *list)
{
	if (b->filters && b->filters->wants_segments)
		return batch_collect_as(b, list, true);
	return batch_collect_as(b, list, false);
}

/**
 * dlil_input_batch - work on the first packets of a list
 * @ifp: ifnet that they came from
 * @list: packets linked by skb->next
 *
 * Context: the input thread, or a test in its place; may sleep.
 * Return: the packets that are left after DLIL_INPUT_BATCH ones.
 */
struct sk_buff *dlil_input_batch(struct dlil_ifnet *ifp, struct sk_buff *list)
{
	struct dlil_batch b = {
		.ifp = ifp,
		.type = TYPE_NONE,
		.check = READ_ONCE(dlil_input_sanity_check),
	};
	struct dlil_reader *reader = &ifp->inq.reader;

	dlil_reader_enter(reader);
	if (!input_begin(ifp)) {
		dlil_reader_leave(reader);
		input_discard(ifp, list, DLIL_DROP_DETACHED);
		return NULL;
	}
	dlil_multi_traffic(ifp);
	__skb_queue_head_init(&b.fresh);
	__skb_queue_head_init(&b.list);
	b.filters = rcu_dereference_check(ifp->filters_in,
					  dlil_reader_is_inside(reader));
	b.types = !b.check && ifp->family->by_protocol &&
		  ifp->attrs & DLIL_ATTR_CLASSIFIED;
	list = batch_collect(&b, list);
	fresh_flush(&b);
	batch_flush(&b);
	dlil_stats_fold(ifp, DLIL_IN, &b.tally);
	input_end(ifp);
	dlil_reader_leave(reader);
	return list;
}
EXPORT_SYMBOL_FOR_TEST(dlil_input_batch);

/*
 * Take all that is queued, oldest first.  A node of the queue is one packet
 * (skb->prev is NULL), or the first of a list: then its prev is the second
 * packet and the second's prev the last.  *@taken: how many they are.  *@room: what
 * is free afterwards.
 */
static struct sk_buff *inq_take(struct dlil_inq *q, int *taken, s64 *room)
{
	struct llist_node *node = llist_del_all(&q->head);
	struct sk_buff *skb, *second, *list = NULL;
	u64 bytes = 0;
	int n = 0;

	while (node) {
		skb = llist_entry(node, struct sk_buff, ll_node);
		node = node->next;
		second = skb->prev;
		skb->next = list;
		if (unlikely(second)) {
			struct sk_buff *other;

			for (other = second; other; other = other->next) {
				bytes += other->truesize;
				n++;
			}
			second->prev->next = list;
			skb->next = second;
		}
		bytes += skb->truesize;
		list = skb;
		n++;
	}
	*taken = n;
	*room = atomic64_add_return(DLIL_INQ_SPACE(n, bytes), &q->room);
	return list;
}

/* How much more is free than there ever was: then something was not counted. */
static s64 inq_surplus(s64 room, s64 limits)
{
	s32 packets = dlil_inq_space_packets(room) -
		      dlil_inq_space_packets(limits);
	s32 bytes = dlil_inq_space_bytes(room) - dlil_inq_space_bytes(limits);

	return DLIL_INQ_SPACE(max(packets, 0), max(bytes, 0));
}

/* Row INP-11: the count is wrong, and so may be the packets. */
static void inq_mistrust(struct dlil_ifnet *ifp, struct sk_buff *list,
			 s64 surplus)
{
	pr_warn_once("dlil: %s had %d packets and %d bytes more in its queue than were counted\n",
		     ifp->name, dlil_inq_space_packets(surplus),
		     dlil_inq_space_bytes(surplus));
	atomic64_sub(surplus, &ifp->inq.room);
	input_discard(ifp, list, DLIL_DROP_SANITY);
}

/*
 * Row INP-4: the thread settles where it runs, once.  If it is not allowed what
 * it was at the start, an administrator has chosen.  Alone with one processor it
 * would be at the mercy of whoever runs there, a real-time task for one; so if
 * there is no other one near, the choice is left to the scheduler.
 */
static void thread_settle(struct dlil_thread *t, int cpu)
{
	cpumask_var_t mask;

	WRITE_ONCE(t->cpu, DLIL_CPU_SETTLED);
	if (!cpumask_equal(current->cpus_ptr, t->allowed) ||
	    !alloc_cpumask_var(&mask, GFP_KERNEL))
		return;
	compat_llc_mask(cpu, mask);
	cpumask_and(mask, mask, t->allowed);
	if (cpumask_weight(mask) > 1)
		set_cpus_allowed_ptr(current, mask);
	free_cpumask_var(mask);
}

/* Work off what a queue has; it may become ready again as soon as it is taken. */
static void queue_serve(struct dlil_thread *t, struct dlil_inq *q)
{
	struct dlil_ifnet *ifp = container_of(q, struct dlil_ifnet, inq);
	struct sk_buff *list;
	unsigned int limits;
	s64 room, surplus;
	int taken;

	limits = raw_read_seqcount(&q->limits);
	list = inq_take(q, &taken, &room);
	t->gather.packets += taken;
	if (unlikely(READ_ONCE(dlil_input_sanity_check))) {
		surplus = inq_surplus(room, inq_limits(q));
		/*
		 * If the limits are being changed, they may be others than those
		 * that @room is of.  A surplus stays, so the next look finds it.
		 */
		if (surplus && !(limits & 1) &&
		    !read_seqcount_retry(&q->limits, limits)) {
			inq_mistrust(ifp, list, surplus);
			list = NULL;
		}
	}
	while (list) {
		list = dlil_input_batch(ifp, list);
		/* Nor may a busy thread hold up RCU Tasks. */
		cond_resched_tasks_rcu_qs();
	}
}

/* A queue or a flush was added to one of the thread's lists.  RCU read lock held. */
static void thread_kick(struct dlil_thread *t)
{
	/* How it wants to be woken was set before it said that it sleeps. */
	if (smp_load_acquire(&t->asleep) && !dlil_gather_hold(&t->gather))
		wake_up_process(READ_ONCE(t->task));
}

static void thread_add(struct dlil_thread *t, struct dlil_inq *q)
{
	llist_add(&q->ready, q->goes_first ? &t->first : &t->ready);
	thread_kick(t);
}

/* Call flushes, the oldest first: a later one may end what an older one needs. */
static void thread_call(struct llist_node *flush)
{
	struct dlil_flush *f, *next;

	flush = llist_reverse_order(flush);
	llist_for_each_entry_safe(f, next, flush, node)
		f->fn(f);
}

/* A pass of a thread that serves one ifnet. */
static void own_pass(struct dlil_thread *t)
{
	/*
	 * Packets that were queued before a flush are seen in ready and first
	 * after it, and those that loopback got before the others in first.
	 */
	struct llist_node *flush = llist_del_all(&t->flush);
	struct llist_node *ready = llist_del_all(&t->ready);
	struct llist_node *first = llist_del_all(&t->first);
	struct dlil_inq *q, *next;

	if (unlikely(READ_ONCE(t->cpu) >= 0))
		thread_settle(t, READ_ONCE(t->cpu));
	llist_for_each_entry_safe(q, next, first, ready)
		queue_serve(t, q);
	llist_for_each_entry_safe(q, next, ready, ready)
		queue_serve(t, q);
	thread_call(flush);
}

/*
 * Turns on the main thread (LNX-13)
 *
 * The ifnets that share the main thread have turns.  In its turn an ifnet has all that
 * it has queued worked off, and its callbacks may sleep.  When a turn has lasted for a
 * second, a work gives the task that is busy with it to that ifnet as a thread of its
 * own, until the ifnet is detached, and starts another task for the main thread, which
 * goes on with the pass that the former one has begun.
 *
 * Three contexts meet here: the task that serves the main thread, the work, of which
 * there is one, and producers.
 *
 * The task and the work meet at @queue only.  The task sets it when a turn begins and
 * takes it back when the turn is over, the work takes it when it gives the turn away:
 * both by cmpxchg(), so one of them succeeds.  While @queue is set the task touches
 * none of the other fields, nor the lists of the main thread.  If it finds @queue
 * taken, it waits until the work has made @own of the queue ready, which is said by
 * @thread of the queue, and is @own's task from then on.  So the ifnet stays as long
 * as the work needs it: its turn is not over before.  The new task is woken last, and
 * sees all that the former one and the work have written.
 *
 * Until a queue has been drained its node is in one list, wherever that is.  A producer
 * may have read @thread of the queue before it was changed, and add the node to the
 * main thread's list: then the main thread, which drains only queues that are its own,
 * passes the node on.  So each queue is drained by one task at any time, and packets
 * of an ifnet keep their order: those of the turn come first, since the task is busy
 * with them, and then what is queued.
 *
 * A flush of an ifnet that shares the main thread goes there for good, and is passed on
 * like a queue.  The main thread takes flushes before it takes queues, passes queues on
 * before flushes, and its successor does likewise.  So the node of a queue that was
 * filled before the flush gets to the list of @own before the flush does, whichever
 * thread a producer has added it to.  This holds for the last flush as well, that of
 * the final detach: after it the main thread knows nothing of the ifnet.
 *
 * A producer may read @task of the main thread before it is replaced, and wake the
 * former one.  That is harmless, and the task is there: producers hold the RCU read
 * lock, and a task is freed a grace period after its end.
 *
 * @queue: the queue whose turn it is; NULL between turns
 * @count: turns so far; written by the task
 * @first: queues whose turn is to come in this pass; as what follows, the task's
 * @ready: likewise, behind those
 * @flush: flushes behind them
 * @seen: @count when the work has looked last; the work's
 * @since: jiffies when it was not yet that number; the work's
 */
static struct {
	struct dlil_inq *queue;
	unsigned long count;
	struct llist_node *first;
	struct llist_node *ready;
	struct llist_node *flush;
	unsigned long seen;
	unsigned long since;
} turns;

/* A turn may last so long, and is looked at so often. */
#define TURN_MAX	HZ
#define TURN_LOOK	(HZ / 2)

static void turn_look(struct work_struct *work);
static DECLARE_DELAYED_WORK(turn_work, turn_look);

/* The main thread has something to do. */
static void turns_watch(void)
{
	/* Pairs with the barrier of the workqueue before turn_look(), see there. */
	smp_mb();
	if (!delayed_work_pending(&turn_work))
		queue_delayed_work(system_unbound_wq, &turn_work, TURN_LOOK);
}

/*
 * Give each queue of @rest its turn.  Returns the queue in whose turn the task has
 * ceased to be the main thread's, or NULL.
 */
static struct dlil_inq *turns_take(struct llist_node **rest)
{
	struct dlil_thread *t;
	struct dlil_inq *q;

	while (*rest) {
		q = llist_entry(*rest, struct dlil_inq, ready);
		/* It may become ready again as soon as it is taken. */
		*rest = (*rest)->next;
		t = READ_ONCE(q->thread);
		if (unlikely(t != &dlil_main_thread)) {
			rcu_read_lock();
			preempt_disable();
			thread_add(t, q);
			preempt_enable();
			rcu_read_unlock();
			continue;
		}
		WRITE_ONCE(turns.count, turns.count + 1);
		/* Pairs with the cmpxchg() in turn_give(). */
		smp_store_release(&turns.queue, q);
		queue_serve(t, q);
		if (unlikely(cmpxchg(&turns.queue, q, NULL) != q))
			return q;
	}
	return NULL;
}

/* Call the flushes of ifnets that the main thread serves, and pass on the others. */
static void main_call(void)
{
	struct llist_node *flush = llist_reverse_order(turns.flush);
	struct dlil_flush *f, *next;
	struct task_struct *task;
	struct dlil_thread *t;

	turns.flush = NULL;
	llist_for_each_entry_safe(f, next, flush, node) {
		t = READ_ONCE(f->queue->thread);
		if (likely(t == &dlil_main_thread)) {
			f->fn(f);
			continue;
		}
		/* The call may end the ifnet, which @t is part of. */
		task = get_task_struct(t->task);
		llist_add(&f->node, &t->flush);
		wake_up_process(task);
		put_task_struct(task);
	}
}

/* Is the queue's own thread ready?  The work needs a moment for that. */
static bool turn_is_given(const struct dlil_inq *q)
{
	/* Pairs with the release in turn_give(). */
	return smp_load_acquire(&q->thread) == &q->own;
}

/* Do the rest of a pass.  Returns the thread that this task is behind it. */
static struct dlil_thread *main_go_on(void)
{
	struct dlil_inq *q;

	q = turns_take(&turns.first);
	if (!q)
		q = turns_take(&turns.ready);
	if (q) {
		wait_var_event(&q->thread, turn_is_given(q));
		return &q->own;
	}
	main_call();
	return &dlil_main_thread;
}

static struct dlil_thread *thread_pass(struct dlil_thread *t)
{
	if (likely(t != &dlil_main_thread)) {
		own_pass(t);
		return t;
	}
	turns_watch();
	/* The order is that of own_pass(). */
	turns.flush = llist_del_all(&t->flush);
	turns.ready = llist_del_all(&t->ready);
	turns.first = llist_del_all(&t->first);
	return main_go_on();
}

static bool thread_idle(const struct dlil_thread *t)
{
	return llist_empty(&t->ready) && llist_empty(&t->first) &&
	       llist_empty(&t->flush);
}

/* This task is @t from now on, which has not said yet that it sleeps. */
static void thread_enter(struct dlil_thread *t)
{
	dlil_gather_init(&t->gather, t == &dlil_main_thread ? NULL :
			 &container_of(t, struct dlil_ifnet, inq.own)->inq);
}

static int thread_fn(void *arg)
{
	struct dlil_thread *t = arg, *next;

	cpumask_copy(t->allowed, current->cpus_ptr);
	thread_enter(t);
	complete(&t->started);
	/* Another task may have begun a pass of the main thread. */
	next = t == &dlil_main_thread ? main_go_on() : t;
	for (;;) {
		if (unlikely(next != t)) {
			t = next;
			thread_enter(t);
		}
		/* First: whose timer is started by what follows is woken by it. */
		set_current_state(TASK_IDLE);
		if (thread_idle(t))
			dlil_gather_sleep(&t->gather, ktime_get());
		/* Pairs with the acquire in thread_kick(). */
		smp_wmb();
		/* Pairs with the full barrier of llist_add() before thread_kick(). */
		smp_store_mb(t->asleep, true);
		if (thread_idle(t)) {
			if (kthread_should_stop())
				break;
			schedule();
		}
		WRITE_ONCE(t->asleep, false);
		__set_current_state(TASK_RUNNING);
		next = thread_pass(t);
		cond_resched_tasks_rcu_qs();
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static void thread_init(struct dlil_thread *t, int cpu)
{
	init_llist_head(&t->ready);
	init_llist_head(&t->first);
	init_llist_head(&t->flush);
	init_completion(&t->started);
	t->asleep = false;
	t->cpu = cpu;
}

/* Make @q's own a thread that @task serves already. */
static void thread_adopt(struct dlil_inq *q, struct task_struct *task, pid_t pid)
{
	struct dlil_thread *t = &q->own;

	thread_init(t, DLIL_CPU_SETTLED);
	memset(&t->allowed, 0, sizeof(t->allowed));
	t->task = task;
	t->pid = pid;
}

/* The new task runs where and as its predecessor was allowed and told to. */
static void task_resemble(struct task_struct *task, struct task_struct *former)
{
	set_cpus_allowed_ptr(task, &former->cpus_mask);
	set_user_nice(task, task_nice(former));
	/* Not rt_task(): the priority may be lent, by who waits for its lock. */
	if (former->policy == SCHED_FIFO || former->policy == SCHED_RR)
		sched_set_fifo(task);
}

/* Row INP-2: a thread is called after its ifnet. */
static void task_rename(struct task_struct *task, struct dlil_inq *q)
{
	struct dlil_ifnet *ifp = container_of(q, struct dlil_ifnet, inq);
	char name[IFNAMSIZ], comm[TASK_COMM_LEN];

	dlil_ifnet_copy_name(ifp, name);
	snprintf(comm, sizeof(comm), "dlil/%s", name);
	task_lock(task);
	strscpy_pad(task->comm, comm, sizeof(task->comm));
	task_unlock(task);
	pr_info("dlil: %s has an input thread of its own now, since its callbacks held up dlil/main\n",
		name);
}

/* The turn of @q, which may be over, has lasted too long: see above. */
static void turn_give(struct dlil_inq *q)
{
	struct dlil_thread *t = &dlil_main_thread;
	struct task_struct *task, *former;

	task = kthread_create(thread_fn, t, "dlil/main");
	if (IS_ERR(task))
		return;
	if (cmpxchg(&turns.queue, q, NULL) != q) {
		kthread_stop(task);
		return;
	}
	/* The reference of @t goes to @q. */
	former = t->task;
	thread_adopt(q, former, t->pid);
	task_rename(former, q);
	task_resemble(task, former);
	/*
	 * First, since whoever finds the new task may wake it, and it must not take
	 * the queue for one of the main thread's.  Pairs with the acquire in
	 * turn_is_given().
	 */
	smp_store_release(&q->thread, &q->own);
	WRITE_ONCE(t->pid, task_pid_nr(task));
	/* Behind the queue: those who read it depend on what they find. */
	smp_store_release(&t->task, get_task_struct(task));
	/*
	 * wake_up_var() looks for waiters without a lock.  It takes the address for
	 * a number: the ifnet may go from here on.
	 */
	smp_mb();
	wake_up_var(&q->thread);
	wake_up_process(task);
}

/*
 * Look whether a turn lasts long, while the main thread is awake.  If it is seen
 * asleep, it sees this work not pending any more when it wakes up.
 */
static void turn_look(struct work_struct *work)
{
	/* Pairs with the release in turns_take(): the count is no older. */
	struct dlil_inq *q = smp_load_acquire(&turns.queue);
	unsigned long count = READ_ONCE(turns.count);

	if (READ_ONCE(dlil_main_thread.asleep))
		return;
	if (!q || count != turns.seen) {
		turns.seen = count;
		turns.since = jiffies;
	} else if (time_after_eq(jiffies, turns.since + TURN_MAX)) {
		turn_give(q);
	}
	queue_delayed_work(system_unbound_wq, &turn_work, TURN_LOOK);
}

/* @node is where the memory of what feeds it is, or NUMA_NO_NODE. */
static int thread_start(struct dlil_thread *t, const char *name, int cpu,
			int node)
{
	struct task_struct *task;

	if (!alloc_cpumask_var(&t->allowed, GFP_KERNEL))
		return -ENOMEM;
	thread_init(t, cpu);
	task = kthread_create_on_node(thread_fn, t, node, "dlil/%s", name);
	if (IS_ERR(task)) {
		free_cpumask_var(t->allowed);
		return PTR_ERR(task);
	}
	t->task = get_task_struct(task);
	t->pid = task_pid_nr(task);
	wake_up_process(task);
	wait_for_completion(&t->started);
	return 0;
}

/* The thread works off what it has before it goes. */
static void thread_stop(struct dlil_thread *t)
{
	kthread_stop(t->task);
	dlil_gather_end(&t->gather);
	put_task_struct(t->task);
	t->task = NULL;
	free_cpumask_var(t->allowed);
}

/* The main thread passes it on if the queue has a thread of its own since. */
static void inq_flush(struct dlil_inq *q, struct dlil_flush *flush)
{
	struct dlil_thread *t = q->shared ? &dlil_main_thread : &q->own;

	flush->queue = q;
	rcu_read_lock();
	llist_add(&flush->node, &t->flush);
	if (READ_ONCE(t->asleep))
		wake_up_process(READ_ONCE(t->task));
	rcu_read_unlock();
}

/**
 * dlil_inq_flush - have a call follow what is queued now
 * @ifp: ifnet, with an I/O reference that the caller keeps until this returns.  Its
 *	final detach is not over before the call has been made
 * @flush: the call
 *
 * Context: any but hard interrupts.
 */
void dlil_inq_flush(struct dlil_ifnet *ifp, struct dlil_flush *flush)
{
	inq_flush(&ifp->inq, flush);
}
EXPORT_SYMBOL_FOR_TEST(dlil_inq_flush);

/**
 * dlil_inq_is_busy - may packets stay in the queue for long?
 * @ifp: ifnet that has been detached
 *
 * A packet that comes later, from somebody who has seen the ifnet attached, is freed
 * by the thread at once if this says no: the thread is in no batch, and does not get
 * far in a later one, since it finds the ifnet detached.
 *
 * Context: any.
 */
bool dlil_inq_is_busy(const struct dlil_ifnet *ifp)
{
	/*
	 * Pairs with the barrier A of dlil_reader_enter(): either we see the batch,
	 * or the thread sees the ifnet detached.
	 */
	smp_mb();
	return dlil_reader_is_inside(&ifp->inq.reader) ||
	       !llist_empty(&ifp->inq.head);
}
EXPORT_SYMBOL_FOR_TEST(dlil_inq_is_busy);

/**
 * dlil_inq_discard - free what is queued, without waiting for the thread
 * @ifp: ifnet that is being detached, with an I/O reference, and that nobody hands
 *	packets in to any more
 *
 * Row LNX-13.  The thread may be asleep in a callback; the packets that it has
 * taken already are freed when it comes back.
 *
 * Context: process; may sleep.
 */
void dlil_inq_discard(struct dlil_ifnet *ifp)
{
	s64 room;
	int taken;

	input_discard(ifp, inq_take(&ifp->inq, &taken, &room),
		      DLIL_DROP_DETACHED);
}

static void waiter_put(struct waiter *w)
{
	if (refcount_dec_and_test(&w->refs))
		kfree(w);
}

static void waiter_done(struct dlil_flush *flush)
{
	struct waiter *w = container_of(flush, struct waiter, flush);

	complete(&w->done);
	waiter_put(w);
}

static struct waiter *waiter_new(void)
{
	struct waiter *w = kmalloc(sizeof(*w), GFP_KERNEL);

	if (!w)
		return NULL;
	w->flush.fn = waiter_done;
	init_completion(&w->done);
	refcount_set(&w->refs, 2);
	return w;
}

static bool has_own_thread(const struct dlil_ifnet *ifp)
{
	return READ_ONCE(dlil_multi_threaded_input) &&
	       (ifp->kind == DLIL_IFNET_ETHERNET ||
		ifp->kind == DLIL_IFNET_CELLULAR);
}

/* Make the queue of an ifnet ready for use (INP-2, INP-5).  Not attached; may sleep. */
int dlil_inq_start(struct dlil_ifnet *ifp)
{
	struct dlil_inq *q = &ifp->inq;

	init_llist_head(&q->head);
	q->max_packets = READ_ONCE(dlil_rcvq_limit);
	q->max_bytes = READ_ONCE(dlil_rcvq_bytes);
	seqcount_init(&q->limits);
	atomic64_set(&q->room, inq_limits(q) - DLIL_INQ_CLOSED);
	ifp->filtered = false;
	q->shared = !has_own_thread(ifp);
	q->goes_first = ifp->kind == DLIL_IFNET_LOOPBACK;
	WRITE_ONCE(q->thread, q->shared ? &dlil_main_thread : &q->own);
	if (!q->shared) {
		int err = thread_start(&q->own, ifp->name,
				       READ_ONCE(dlil_net_affinity) ?
				       DLIL_CPU_OPEN : DLIL_CPU_SETTLED,
				       ifp->node);

		if (err)
			return err;
	}
	return 0;
}

/* All that a producer needs of the ifnet has been set before. */
void dlil_inq_open(struct dlil_ifnet *ifp)
{
	/* Pairs with the acquire in dlil_inq_fits(). */
	atomic64_add_return_release(DLIL_INQ_CLOSED, &ifp->inq.room);
}

/*
 * Behind the change of state.  A grace period later no producer that has seen the
 * queue open is left.
 */
void dlil_inq_close(struct dlil_ifnet *ifp)
{
	atomic64_sub_return(DLIL_INQ_CLOSED, &ifp->inq.room);
}

/*
 * Nothing can be queued any more: have the thread let go of what was queued, and
 * stop it if it is the ifnet's own (IFN-5).  Its own thread is in no callback, and
 * frees what it has; the main thread may be in one of another ifnet.  May sleep.
 * Returns whether the thread has let go; else @flush will say so.
 */
bool dlil_inq_stop(struct dlil_ifnet *ifp, struct dlil_flush *flush)
{
	struct dlil_inq *q = &ifp->inq;

	if (q->shared) {
		inq_flush(q, flush);
		return false;
	}
	thread_stop(&q->own);
	return true;
}

/*
 * The thread has let go of what was queued, and is stopped if it has become the
 * ifnet's own.  May sleep; the thread is in no callback.
 */
void dlil_inq_end(struct dlil_ifnet *ifp)
{
	struct dlil_inq *q = &ifp->inq;

	if (q->shared && q->thread == &q->own)
		thread_stop(&q->own);
	if (READ_ONCE(dlil_input_sanity_check) &&
	    atomic64_read(&q->room) != inq_limits(q) - DLIL_INQ_CLOSED)
		pr_warn_once("dlil: %s had packets counted that were not in its queue\n",
			     ifp->name);
}

/**
 * dlil_inq_limit - change how much the queue of an ifnet holds (INP-12)
 * @ifp: ifnet
 * @packets: packets
 * @bytes: bytes, as the sum of their truesize
 *
 * Packets that are queued stay, even if they are more.
 *
 * Context: process; the ifnet's lock held.
 */
void dlil_inq_limit(struct dlil_ifnet *ifp, u32 packets, u32 bytes)
{
	struct dlil_inq *q = &ifp->inq;
	s64 more = DLIL_INQ_SPACE((s64)packets - q->max_packets,
				  (s64)bytes - q->max_bytes);

	lockdep_assert_held(&ifp->lock);

	preempt_disable();
	write_seqcount_begin(&q->limits);
	WRITE_ONCE(q->max_packets, packets);
	WRITE_ONCE(q->max_bytes, bytes);
	atomic64_add(more, &q->room);
	write_seqcount_end(&q->limits);
	preempt_enable();
}
EXPORT_SYMBOL_FOR_TEST(dlil_inq_limit);

/* How much is queued at the moment.  Any context. */
void dlil_inq_used(const struct dlil_inq *q, u32 *packets, u32 *bytes)
{
	s64 room = atomic64_read(&q->room);
	s64 limits = inq_limits(q);

	if (dlil_inq_space_packets(room) < -dlil_inq_space_packets(DLIL_INQ_CLOSED) / 2)
		room += DLIL_INQ_CLOSED;
	*packets = max(dlil_inq_space_packets(limits) -
		       dlil_inq_space_packets(room), 0);
	*bytes = max(dlil_inq_space_bytes(limits) -
		     dlil_inq_space_bytes(room), 0);
}
EXPORT_SYMBOL_FOR_TEST(dlil_inq_used);

/*
 * The process id of the task that serves an ifnet, in the initial namespace.  0: it has
 * never been attached.  The task may be gone by now.
 */
pid_t dlil_inq_task(const struct dlil_ifnet *ifp)
{
	const struct dlil_thread *t = READ_ONCE(ifp->inq.thread);

	return t ? READ_ONCE(t->pid) : 0;
}
EXPORT_SYMBOL_FOR_TEST(dlil_inq_task);

/*
 * The process id of the thread that serves an ifnet, as the current task may use it:
 * kernel threads have none but in the initial namespace.  0: none there.
 */
pid_t dlil_inq_pid(const struct dlil_ifnet *ifp)
{
	return task_active_pid_ns(current) == &init_pid_ns ?
	       dlil_inq_task(ifp) : 0;
}

/**
 * dlil_input_flush - wait until what was handed in has been worked off
 * @ifp: ifnet
 *
 * Context: process; may sleep.  Holding no lock that a callback on @ifp might
 * want, RTNL included.
 * Return: 0; -ENXIO if the ifnet is not attached; -EDEADLK from a callback;
 * -ENOMEM; -ERESTARTSYS if the caller was killed.
 */
int dlil_input_flush(struct dlil_ifnet *ifp)
{
	struct waiter *w;
	int err;

	if (dlil_in_callback())
		return -EDEADLK;
	w = waiter_new();
	if (!w)
		return -ENOMEM;
	if (!dlil_ifnet_io_begin(ifp)) {
		kfree(w);
		return -ENXIO;
	}
	inq_flush(&ifp->inq, &w->flush);
	err = wait_for_completion_killable(&w->done);
	dlil_ifnet_io_end(ifp);
	waiter_put(w);
	return err;
}
EXPORT_SYMBOL_GPL(dlil_input_flush);

/* The queue was empty: tell its thread.  RCU read lock held, preemption off. */
void dlil_inq_ready(struct dlil_inq *q)
{
	/* It may be the main thread no longer, see there. */
	struct dlil_thread *t = READ_ONCE(q->thread);

	if (unlikely(READ_ONCE(t->cpu) == DLIL_CPU_OPEN))
		cmpxchg(&t->cpu, DLIL_CPU_OPEN, raw_smp_processor_id());
	thread_add(t, q);
}

/*
 * The reason and the error for a packet that the queue does not take: it is full, or
 * closed, and the state was changed before it was closed.
 */
static int inq_refusal(const struct dlil_ifnet *ifp, enum dlil_drop_reason *why)
{
	if (likely(dlil_ifnet_is_attached(ifp))) {
		*why = DLIL_DROP_QUEUE_FULL;
		return -ENOBUFS;
	}
	*why = DLIL_DROP_DETACHED;
	return -ENXIO;
}

/*
 * There is no room for a packet: drop it, unless the queue is empty.  Bottom halves
 * off, RCU read lock held.
 */
int dlil_inq_refuse(struct dlil_ifnet *ifp, struct sk_buff *skb)
{
	enum dlil_drop_reason why;
	int err;

	if (unlikely(inq_is_empty(&ifp->inq))) {
		dlil_inq_put(&ifp->inq, skb, DLIL_INQ_SPACE(1, skb->truesize));
		return 0;
	}
	err = inq_refusal(ifp, &why);
	dlil_stats_refuse_bh(ifp, DLIL_IN, why, 1, skb->len + header_len(skb),
			     err == -ENOBUFS);
	dlil_drop_skb(skb, why);
	return err;
}

/**
 * dlil_input_one_rcu - a driver that holds the RCU read lock hands one packet in
 * @ifp: ifnet that received it
 * @skb: the packet, private to the caller, which gives it away in every case
 *
 * As dlil_input_one() otherwise.
 *
 * Context: RCU read lock held; any but hard interrupts; interrupts on.
 * Return: 0, -ENXIO if the ifnet is not attached, -ENOBUFS if the queue is full
 * (INP-12).
 */
int dlil_input_one_rcu(struct dlil_ifnet *ifp, struct sk_buff *skb)
{
	s64 need = DLIL_INQ_SPACE(1, skb->truesize);
	struct dlil_inq *q = &ifp->inq;
	int err;

	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "RCU read lock not held");
	/* A packet is freed and counted with preemption on, see dlil_inq_add(). */
	if (unlikely(!dlil_inq_fits(q, need))) {
		local_bh_disable();
		err = dlil_inq_refuse(ifp, skb);
		local_bh_enable();
		return err;
	}
	preempt_disable();
	dlil_inq_put(q, skb, need);
	preempt_enable();
	return 0;
}
EXPORT_SYMBOL_GPL(dlil_input_one_rcu);

/**
 * dlil_input_one - a driver hands one packet in
 * @ifp: ifnet that received it
 * @skb: the packet, private to the caller, which gives it away in every case
 *
 * As dlil_input() for a list of one packet, only faster.
 *
 * Context: any but hard interrupts; interrupts on.
 * Return: 0, -ENXIO if the ifnet is not attached, -ENOBUFS if the queue is full
 * (INP-12).
 */
int dlil_input_one(struct dlil_ifnet *ifp, struct sk_buff *skb)
{
	int err;

	rcu_read_lock();
	err = dlil_input_one_rcu(ifp, skb);
	rcu_read_unlock();
	return err;
}
EXPORT_SYMBOL_GPL(dlil_input_one);

/**
 * dlil_input_refused - count a packet that the driver could not hand in
 * @ifp: ifnet that received it
 * @why: the reason
 *
 * The packet is the caller's to free.  It counts as received, without bytes.
 *
 * Context: any but hard interrupts; interrupts on.
 */
void dlil_input_refused(struct dlil_ifnet *ifp, enum dlil_drop_reason why)
{
	dlil_stats_refuse(ifp, DLIL_IN, why, 1, 0);
}
EXPORT_SYMBOL_GPL(dlil_input_refused);

/* Drop packets that the queue has no room for; they are counted at once. */
static int refuse_list(struct dlil_ifnet *ifp, struct sk_buff_head *list)
{
	enum dlil_drop_reason why;
	struct sk_buff *skb;
	u64 bytes = 0;
	int err;

	err = inq_refusal(ifp, &why);
	skb_queue_walk(list, skb)
		bytes += skb->len + header_len(skb);
	dlil_stats_refuse(ifp, DLIL_IN, why, skb_queue_len(list), bytes);
	dlil_drop_list(list, why);
	return err;
}

/* Take off @list what the queue has no room for.  Returns what the rest takes up. */
static s64 inq_fit(const struct dlil_inq *q, struct sk_buff_head *list,
		   struct sk_buff_head *excess)
{
	unsigned int over = skb_queue_len(list);
	struct sk_buff *skb;
	s64 need = 0, more;

	skb_queue_walk(list, skb) {
		more = need + DLIL_INQ_SPACE(1, skb->truesize);
		if (unlikely(!dlil_inq_fits(q, more)) &&
		    (need || !inq_is_empty(q)))
			break;
		need = more;
		over--;
	}
	while (over--)
		__skb_queue_head(excess, __skb_dequeue_tail(list));
	return need;
}

/* Make the list a node of the queue, see inq_take(), and add it. */
static void inq_push_list(struct dlil_inq *q, struct sk_buff_head *list)
{
	struct sk_buff *first = skb_peek(list), *last = skb_peek_tail(list);

	last->next = NULL;
	if (first == last) {
		first->prev = NULL;
	} else {
		first->prev = first->next;
		first->next->prev = last;
	}
	__skb_queue_head_init(list);
	preempt_disable();
	dlil_inq_push(q, first);
	preempt_enable();
}

/* Append a whole list at once (INP-3), but for what does not fit. */
static int inq_append(struct dlil_ifnet *ifp, struct sk_buff_head *list)
{
	struct dlil_inq *q = &ifp->inq;
	struct sk_buff_head excess;
	s64 need;

	__skb_queue_head_init(&excess);
	need = inq_fit(q, list, &excess);
	if (need) {
		atomic64_sub(need, &q->room);
		inq_push_list(q, list);
	}
	if (likely(skb_queue_empty(&excess)))
		return 0;
	return refuse_list(ifp, &excess);
}

/**
 * dlil_input - a driver hands packets in
 * @ifp: ifnet that received them
 * @list: the packets, each with skb->data at its payload and skb_mac_header()
 *	at its link header, private to the caller, which gives them away in
 *	every case; empty afterwards
 * @inc: increments of the counters that go with them, or NULL (INP-6)
 *
 * The packets are queued as they are, by one atomic operation for all of them, and
 * worked on by the input thread, which is woken once at the most (INP-3).  Only the
 * truesize of each of them is looked at.
 *
 * Context: any but hard interrupts; interrupts on.
 * Return: 0; -EINVAL without ifnet or packets (INP-1); -ENXIO if the ifnet is
 * not attached; -ENOBUFS if some did not fit and were dropped (INP-12).
 */
int dlil_input(struct dlil_ifnet *ifp, struct sk_buff_head *list,
	       const struct dlil_stats *inc)
{
	int err;

	if (!ifp || !list || skb_queue_empty(list)) {
		if (list)
			__skb_queue_purge(list);
		return -EINVAL;
	}
	if (inc)
		dlil_stats_add(ifp, inc);
	rcu_read_lock();
	err = inq_append(ifp, list);
	rcu_read_unlock();
	return err;
}
EXPORT_SYMBOL_GPL(dlil_input);

int dlil_input_module_init(void)
{
	dlil_call_thread_fn = thread_fn;
	dlil_gather_module_init();
	return thread_start(&dlil_main_thread, "main", DLIL_CPU_SETTLED,
			    NUMA_NO_NODE);
}

void dlil_input_module_exit(void)
{
	thread_stop(&dlil_main_thread);
	/* The thread was the last to queue it, and no turn is under way. */
	cancel_delayed_work_sync(&turn_work);
}
