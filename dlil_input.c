// SPDX-License-Identifier: GPL-2.0
/*
 * Input queue of an ifnet, and how packets get into it.
 *
 * Any number of producers push packets on a lock-free list; the thread that
 * serves the ifnet takes the whole list at once.  A producer that finds the
 * queue empty adds it to the thread's ready list and wakes the thread if it is
 * asleep.  All other packets need no lock, no wake-up and no allocation.
 *
 * A producer pushes inside an RCU read section in which it has seen the queue
 * open.  A detach closes the queue first, and the final detach starts a grace
 * period later, so that no packet is queued after the thread was told to stop.
 *
 * dlil_thread.c and dlil_batch.c process the packets.
 */
#include <linux/llist.h>
#include <linux/sched.h>

#include "dlil_chain.h"
#include "dlil_drop.h"
#include "dlil_export.h"
#include "dlil_gather.h"
#include "dlil_ifnet.h"
#include "dlil_input.h"
#include "dlil_inq.h"
#include "dlil_stats.h"

unsigned int dlil_rcvq_limit = 2048;
EXPORT_SYMBOL_FOR_TEST(dlil_rcvq_limit);
unsigned int dlil_rcvq_bytes = 32 * 1024 * 1024;
EXPORT_SYMBOL_FOR_TEST(dlil_rcvq_bytes);
bool dlil_input_sanity_check;
EXPORT_SYMBOL_FOR_TEST(dlil_input_sanity_check);

/*
 * Take all queued packets, and return them linked by skb->next, oldest first.  A
 * node of the queue is one packet (skb->prev is NULL), or the first packet of a
 * list: then its prev is the second packet, and the prev of the second one is
 * the last.  Packets that filters have handed back are not returned, but linked
 * in the same way at *@returned.  *@taken becomes the number of all packets,
 * *@room the free space afterwards.
 */
struct sk_buff *dlil_inq_take(struct dlil_inq *q, int *taken, s64 *room,
			      struct sk_buff **returned)
{
	struct llist_node *node = llist_del_all(&q->head);
	struct sk_buff *skb, *second, *list = NULL;
	u64 bytes = 0;
	int n = 0;

	*returned = NULL;

	while (node) {
		skb = llist_entry(node, struct sk_buff, ll_node);
		node = node->next;
		second = skb->prev;
		skb->next = list;
		if (unlikely(second == DLIL_INQ_RETURNED)) {
			skb->prev = NULL;
			skb->next = *returned;
			*returned = skb;
			bytes += skb->truesize;
			n++;
			continue;
		}
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

/* Count and free up to 64 packets from the front of @list.  Returns the rest. */
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
		bytes += skb->len + dlil_header_len(skb);
		dlil_drop_skb(skb, why);
	}
	dlil_stats_refuse(ifp, DLIL_IN, why, n, bytes);
	return list;
}

/*
 * Free packets that are not processed, for instance those queued at a detach.
 * May sleep, because a queue can hold a million packets.
 */
void dlil_input_discard(struct dlil_ifnet *ifp, struct sk_buff *list,
			enum dlil_drop_reason why)
{
	while (list) {
		list = discard_batch(ifp, list, why);
		cond_resched();
	}
}

/*
 * Free queued packets that filters have handed back.  May sleep.  Such a packet
 * has been counted as seen when it arrived, and as stolen since.
 */
void dlil_returned_discard(struct dlil_ifnet *ifp, struct sk_buff *list,
			   enum dlil_drop_reason why)
{
	struct sk_buff *skb;

	while ((skb = list)) {
		list = skb->next;
		skb_mark_not_on_list(skb);
		dlil_stats_returned(ifp, DLIL_IN, dlil_return_of(skb)->made, why, 1);
		dlil_drop_skb(skb, why);
		cond_resched();
	}
}

/* Add a queue that has packets to @t, and wake @t.  RCU read lock held, preemption off. */
void dlil_thread_add(struct dlil_thread *t, struct dlil_inq *q)
{
	llist_add(&q->ready, q->goes_first ? &t->first : &t->ready);
	dlil_thread_kick(t);
}

/*
 * Tell the thread that the queue, which was empty, has packets.  RCU read lock
 * held, preemption off.
 */
void dlil_inq_ready(struct dlil_inq *q)
{
	/* The main thread may have given the queue away, see turn_give(). */
	struct dlil_thread *t = READ_ONCE(q->thread);

	if (unlikely(READ_ONCE(t->cpu) == DLIL_CPU_OPEN))
		cmpxchg(&t->cpu, DLIL_CPU_OPEN, raw_smp_processor_id());
	dlil_thread_add(t, q);
}

/*
 * Sets the drop reason of a packet that the queue refuses, and returns the
 * errno.  The queue is full, or it is closed: a detach changes the state before
 * it closes the queue, so the state tells which.
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
 * Drop a packet for which there is no room, unless the queue is empty, see
 * dlil_inq_fits().  Bottom halves off, RCU read lock held.
 */
int dlil_inq_refuse(struct dlil_ifnet *ifp, struct sk_buff *skb)
{
	enum dlil_drop_reason why;
	int err;

	if (unlikely(dlil_inq_is_empty(&ifp->inq))) {
		dlil_inq_put(&ifp->inq, skb, DLIL_INQ_SPACE(1, skb->truesize));
		return 0;
	}
	err = inq_refusal(ifp, &why);
	dlil_stats_refuse_bh(ifp, DLIL_IN, why, 1, skb->len + dlil_header_len(skb),
			     err == -ENOBUFS);
	dlil_drop_skb(skb, why);
	return err;
}

/**
 * dlil_input_one_rcu - queue one received packet, inside an RCU read section
 * @ifp: ifnet that received it
 * @skb: the packet, private to the caller; consumed, even on error
 *
 * Otherwise the same as dlil_input_one().
 *
 * Context: RCU read lock held; any but hard interrupts; interrupts on.
 * Return: 0; -ENXIO if the ifnet is not attached; -ENOBUFS if the queue is full
 * (INP-12).
 */
int dlil_input_one_rcu(struct dlil_ifnet *ifp, struct sk_buff *skb)
{
	s64 need = DLIL_INQ_SPACE(1, skb->truesize);
	struct dlil_inq *q = &ifp->inq;
	int err;

	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "RCU read lock not held");
	/* Disable bottom halves only, because dlil_inq_refuse() may sleep on PREEMPT_RT. */
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
 * dlil_input_one - queue one received packet
 * @ifp: ifnet that received it
 * @skb: the packet, private to the caller; consumed, even on error
 *
 * Same as dlil_input() with a list of one packet, but faster.
 *
 * Context: any but hard interrupts; interrupts on.
 * Return: 0; -ENXIO if the ifnet is not attached; -ENOBUFS if the queue is full
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

/*
 * Queue a packet that a filter has handed back, with its struct dlil_return.  RCU
 * read lock held; any but hard interrupts.  Returns 0; -ENXIO if the queue is
 * closed; -ENOBUFS if it is full: then the caller keeps the packet.
 */
int dlil_inq_return(struct dlil_ifnet *ifp, struct sk_buff *skb)
{
	s64 need = DLIL_INQ_SPACE(1, skb->truesize);
	struct dlil_inq *q = &ifp->inq;
	enum dlil_drop_reason why;

	if (unlikely(!dlil_inq_fits(q, need)) && !dlil_inq_is_empty(q))
		return inq_refusal(ifp, &why);
	atomic64_sub(need, &q->room);
	skb->prev = DLIL_INQ_RETURNED;
	preempt_disable();
	dlil_inq_push(q, skb);
	preempt_enable();
	return 0;
}

/**
 * dlil_input_refused - count a packet that the driver could not queue
 * @ifp: ifnet that received it
 * @why: drop reason
 *
 * The caller keeps the packet and frees it.  The packet counts as received, with
 * no bytes.
 *
 * Context: any but hard interrupts; interrupts on.
 */
void dlil_input_refused(struct dlil_ifnet *ifp, enum dlil_drop_reason why)
{
	dlil_stats_refuse(ifp, DLIL_IN, why, 1, 0);
}
EXPORT_SYMBOL_GPL(dlil_input_refused);

/* Count and drop the packets of @list, which the queue refuses. */
static int refuse_list(struct dlil_ifnet *ifp, struct sk_buff_head *list)
{
	enum dlil_drop_reason why;
	struct sk_buff *skb;
	u64 bytes = 0;
	int err;

	err = inq_refusal(ifp, &why);
	skb_queue_walk(list, skb)
		bytes += skb->len + dlil_header_len(skb);
	dlil_stats_refuse(ifp, DLIL_IN, why, skb_queue_len(list), bytes);
	dlil_drop_list(list, why);
	return err;
}

/*
 * Move packets that do not fit from the end of @list to @excess.  Returns the
 * space that the remaining packets use.
 */
static s64 inq_fit(const struct dlil_inq *q, struct sk_buff_head *list,
		   struct sk_buff_head *excess)
{
	unsigned int over = skb_queue_len(list);
	struct sk_buff *skb;
	s64 need = 0, more;

	skb_queue_walk(list, skb) {
		more = need + DLIL_INQ_SPACE(1, skb->truesize);
		if (unlikely(!dlil_inq_fits(q, more)) &&
		    (need || !dlil_inq_is_empty(q)))
			break;
		need = more;
		over--;
	}
	while (over--)
		__skb_queue_head(excess, __skb_dequeue_tail(list));
	return need;
}

/* Push @list, which has packets, as one node of the queue, see dlil_inq_take(). */
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

/* Queue a whole list at once (INP-3); drop the packets that do not fit. */
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
 * dlil_input - queue received packets
 * @ifp: ifnet that received them
 * @list: the packets, each with skb->data at its payload and skb_mac_header()
 *	at its link header, private to the caller; consumed, even on error, and
 *	empty afterwards
 * @inc: increments for the counters of @ifp, or NULL (INP-6)
 *
 * Queues the whole list with one atomic operation and wakes the input thread at
 * most once (INP-3).  Reads only the truesize of each packet; the thread does
 * the rest.
 *
 * Context: any but hard interrupts; interrupts on.
 * Return: 0; -EINVAL without ifnet or packets (INP-1); -ENXIO if the ifnet is
 * not attached; -ENOBUFS if some packets did not fit and were dropped (INP-12).
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

/* Open the queue; the caller has set all fields that producers use. */
void dlil_inq_open(struct dlil_ifnet *ifp)
{
	/* Pairs with the acquire in dlil_inq_fits(). */
	atomic64_add_return_release(DLIL_INQ_CLOSED, &ifp->inq.room);
}

/*
 * Close the queue; the caller has changed the state of @ifp, see inq_refusal().
 * A grace period later, no producer that has seen the queue open is in flight.
 */
void dlil_inq_close(struct dlil_ifnet *ifp)
{
	atomic64_sub_return(DLIL_INQ_CLOSED, &ifp->inq.room);
}

/**
 * dlil_inq_limit - change the limits of an ifnet's input queue (INP-12)
 * @ifp: ifnet
 * @packets: limit of packets
 * @bytes: limit of bytes, as the sum of the packets' truesize
 *
 * Queued packets stay, even if they exceed the new limits.
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

/**
 * dlil_inq_is_busy - may packets stay in the queue for long?
 * @ifp: ifnet that has been detached
 *
 * If this returns false, the thread is in no batch, and the next batch will
 * find the ifnet detached.  So the thread frees at once what a producer in
 * flight still queues.
 *
 * Context: any.
 */
bool dlil_inq_is_busy(const struct dlil_ifnet *ifp)
{
	/*
	 * Pairs with barrier A of dlil_reader_enter(): either we see the batch,
	 * or the thread sees the ifnet detached.
	 */
	smp_mb();
	return dlil_reader_is_inside(&ifp->inq.reader) ||
	       !llist_empty(&ifp->inq.head);
}
EXPORT_SYMBOL_FOR_TEST(dlil_inq_is_busy);

/**
 * dlil_inq_discard - free queued packets without waiting for the thread
 * @ifp: ifnet that is being detached, with an I/O reference, and without
 *	producers in flight
 *
 * Row LNX-13.  The thread may be asleep in a callback; it frees the packets
 * that it has already taken when the callback returns.
 *
 * Context: process; may sleep.
 */
void dlil_inq_discard(struct dlil_ifnet *ifp)
{
	struct sk_buff *list, *returned;
	s64 room;
	int taken;

	list = dlil_inq_take(&ifp->inq, &taken, &room, &returned);
	dlil_input_discard(ifp, list, DLIL_DROP_DETACHED);
	dlil_returned_discard(ifp, returned, DLIL_DROP_DETACHED);
}
