// SPDX-License-Identifier: GPL-2.0
/*
 * Input queue of an ifnet: how packets get into it, and wake the thread.
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
#include <linux/ktime.h>
#include <linux/llist.h>
#include <linux/lockdep.h>
#include <linux/sched.h>

#include "compat.h"
#include "dlil_chain.h"
#include "dlil_export.h"
#include "dlil_ifnet.h"
#include "dlil_input.h"
#include "dlil_stats.h"

/*
 * Takes the place of skb->prev in a node that is a single packet which a filter
 * has handed back (FLT-14).
 */
#define INQ_RETURNED	((struct sk_buff *)1)

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
		/* A single test for both kinds of nodes that are rare. */
		if (unlikely(second)) {
			struct sk_buff *other;

			if (second == INQ_RETURNED) {
				skb->prev = NULL;
				skb->next = *returned;
				*returned = skb;
				bytes += skb->truesize;
				n++;
				continue;
			}
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
		dlil_drop_skb(ifp, DLIL_IN, skb, why);
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

/* Same as discard_batch(), for packets that filters have handed back. */
static struct sk_buff *discard_returned(struct dlil_ifnet *ifp,
					struct sk_buff *list,
					enum dlil_drop_reason why)
{
	unsigned int n = 0, made = 0;
	struct sk_buff *skb;

	while ((skb = list) && n < DLIL_INPUT_BATCH) {
		list = skb->next;
		skb_mark_not_on_list(skb);
		n++;
		made += dlil_return_of(skb)->made;
		dlil_drop_skb(ifp, DLIL_IN, skb, why);
	}
	dlil_stats_returned(ifp, DLIL_IN, why, n - made, made);
	return list;
}

/* Free queued packets that filters have handed back.  May sleep. */
void dlil_returned_discard(struct dlil_ifnet *ifp, struct sk_buff *list,
			   enum dlil_drop_reason why)
{
	while (list) {
		list = discard_returned(ifp, list, why);
		cond_resched();
	}
}

/* Add a queue that has packets to @t, and wake @t.  RCU read lock held, preemption off. */
void dlil_thread_add(struct dlil_thread *t, struct dlil_inq *q)
{
	lockdep_assert_preemption_disabled();

	llist_add(&q->ready, q->goes_first ? &t->first : &t->ready);
	/*
	 * Pairs with the smp_wmb() in thread_fn(): @state was set before
	 * @asleep.
	 */
	if (smp_load_acquire(&t->asleep) && !dlil_gather_hold(&t->gather))
		wake_up_process(READ_ONCE(t->task));
}

/*
 * Tell the thread that the queue, which was empty, has packets.  RCU read lock
 * held, preemption off.
 */
void dlil_inq_ready(struct dlil_inq *q)
{
	/* The main thread may have given the queue away, see turn_give(). */
	struct dlil_thread *t = READ_ONCE(q->thread);

	lockdep_assert_preemption_disabled();

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
int dlil_inq_refuse(struct dlil_inq *q, struct sk_buff *skb)
{
	struct dlil_ifnet *ifp = container_of(q, struct dlil_ifnet, inq);
	enum dlil_drop_reason why;
	int err;

	if (unlikely(dlil_inq_is_empty(q))) {
		skb->prev = NULL;
		dlil_inq_push(q, skb, DLIL_INQ_SPACE(1, skb->truesize));
		return 0;
	}
	err = inq_refusal(ifp, &why);
	dlil_stats_refuse_bh(ifp, DLIL_IN, why, 1, skb->len + dlil_header_len(skb),
			     err == -ENOBUFS);
	dlil_drop_skb(ifp, DLIL_IN, skb, why);
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
		err = dlil_inq_refuse(q, skb);
		local_bh_enable();
		return err;
	}
	skb->prev = NULL;
	preempt_disable();
	dlil_inq_push(q, skb, need);
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
 * closed; -ENOBUFS if it is full: then the caller keeps the packet, and must drop it
 * for the reason *@why.
 */
int dlil_inq_return(struct dlil_ifnet *ifp, struct sk_buff *skb,
		    enum dlil_drop_reason *why)
{
	s64 need = DLIL_INQ_SPACE(1, skb->truesize);
	struct dlil_inq *q = &ifp->inq;

	if (unlikely(!dlil_inq_fits(q, need)) && !dlil_inq_is_empty(q))
		return inq_refusal(ifp, why);
	skb->prev = INQ_RETURNED;
	preempt_disable();
	dlil_inq_push(q, skb, need);
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
	dlil_drop_skb(ifp, DLIL_IN, NULL, why);
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
	dlil_drop_list(ifp, DLIL_IN, list, why);
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

/* Push @list, whose packets use @need, as one node of the queue, see dlil_inq_take(). */
static void inq_push_list(struct dlil_inq *q, struct sk_buff_head *list, s64 need)
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
	dlil_inq_push(q, first, need);
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
	if (need)
		inq_push_list(q, list, need);
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

/*
 * Wake-up moderation: an input thread is woken once for several packets.
 *
 * Sleeping, waking and switching cost a processor several times as much as the
 * packet that the thread is woken for.  If the thread runs on the processor
 * that produces the packets, production slows down by that much.  In that case,
 * and while packets arrive faster than the thread could handle them one by one,
 * the first packet starts a timer instead.  When the timer expires, the thread
 * finds all packets that have arrived.
 *
 * Gathering is off where it would cost more than it saves:
 *  - A thread on another processor is woken at once, and works in parallel.
 *  - A lone packet wakes the thread at once.  Gathering needs a stream, whose
 *    beginning the thread has seen.
 *  - Packets that answer other packets, or whose senders wait for an answer,
 *    cannot gather for long.  A stream continues at the rate at which it began.
 *    So if far fewer packets arrive in the second half of the time than in the
 *    first, which begins with a burst, or almost none at all, waiting was
 *    useless.  The thread is then woken at once, and gathering is tried again
 *    ever more rarely.
 *  - The main thread serves many ifnets, and one must not delay another.
 *
 * The alternative, waking the thread at the end of the softirq round, gathers
 * the packets of one poll of the device.  The thread finds those anyway once it
 * gets the processor, and gains nothing if each round brings one packet; and a
 * lone packet has to wait for the end of the round.
 *
 * A thread sets @state before it sleeps, and producers read it after they have
 * seen that the thread is asleep (thread_fn() has the barriers).  One of them
 * starts the timer.  That producer may have seen an earlier sleep, and the
 * timer may expire before the thread has left its processor.  Therefore the
 * thread is in its sleeping task state before it sets @state, so that the timer
 * never finds it running.  A spurious wake-up is harmless.
 *
 * On PREEMPT_RT the timer expires in a kernel thread, slightly later.
 */

unsigned int dlil_gather_usecs = DLIL_GATHER_USECS_MAX;
EXPORT_SYMBOL_FOR_TEST(dlil_gather_usecs);

/* Gathering pays off if at least this many packets gather. */
#define GATHER_WORTH	4

/*
 * The queue must not fill up before the thread takes it.  GATHER_BYTES is what
 * 1 Tbit/s delivers in the time, plus a third for skb overhead.
 */
#define GATHER_ROOM	1024
#define GATHER_BYTES	(GATHER_ROOM * 8 * 1024)

/* Limit of the packets that the statistics of the two halves remember. */
#define HALVES_KEPT	512

/* Sleeps without gathering after a useless attempt: 16, 32, ... 1024. */
#define REST_MIN	16
#define REST_SHIFT_MAX	6

static unsigned int queued(const struct dlil_gather *g)
{
	u32 packets, bytes;

	dlil_inq_used(g->queue, &packets, &bytes);
	return packets;
}

/* Half of the time that packets may wait. */
static ktime_t half_time(void)
{
	return ns_to_ktime(NSEC_PER_USEC * READ_ONCE(dlil_gather_usecs) / 2);
}

/*
 * Timer: the first half is over, or all of it.  If a producer restarts the
 * timer for a later sleep at the same time, that sleep is cut short.
 */
static enum hrtimer_restart gather_over(struct hrtimer *timer)
{
	struct dlil_gather *g = container_of(timer, struct dlil_gather, timer);
	unsigned int n = queued(g);

	if (!READ_ONCE(g->halved)) {
		WRITE_ONCE(g->halved, true);
		WRITE_ONCE(g->at_half, n);
		hrtimer_start(timer, half_time(), HRTIMER_MODE_REL_PINNED);
		return HRTIMER_NORESTART;
	}
	WRITE_ONCE(g->at_end, n);
	wake_up_process(g->task);
	return HRTIMER_NORESTART;
}

/* Called by the thread; @queue is NULL if it serves several queues. */
void dlil_gather_init(struct dlil_gather *g, const struct dlil_inq *queue)
{
	*g = (struct dlil_gather){
		.queue = queue,
		.task = current,
		.since = ktime_get(),
	};
	compat_hrtimer_setup(&g->timer, gather_over, CLOCK_MONOTONIC,
			     HRTIMER_MODE_REL_PINNED);
}
EXPORT_SYMBOL_FOR_TEST(dlil_gather_init);

/* The thread has ended, and no producer is in flight that could start the timer. */
void dlil_gather_end(struct dlil_gather *g)
{
	hrtimer_cancel(&g->timer);
}
EXPORT_SYMBOL_FOR_TEST(dlil_gather_end);

static bool is_possible(const struct dlil_gather *g)
{
	return g->queue && READ_ONCE(dlil_gather_usecs) &&
	       READ_ONCE(g->queue->max_packets) >= GATHER_ROOM &&
	       READ_ONCE(g->queue->max_bytes) >= GATHER_BYTES;
}

/*
 * At the rate since @since, would at least two packets arrive in the time, and
 * no more than there is room for?
 */
static bool is_stream(const struct dlil_gather *g, ktime_t now)
{
	u64 wait = (u64)READ_ONCE(dlil_gather_usecs) * NSEC_PER_USEC;
	u64 took = max_t(u64, ktime_sub(now, g->since), NSEC_PER_USEC);

	return took * 2 < wait * g->packets &&
	       wait * g->packets < took * GATHER_ROOM;
}

/* Did packets arrive in the second half at about the rate of the first? */
static bool went_on(struct dlil_gather *g)
{
	unsigned int at_half = READ_ONCE(g->at_half);
	unsigned int at_end = READ_ONCE(g->at_end);

	/* Skip this if somebody else has woken the thread early. */
	if (at_half && at_end) {
		/*
		 * The first packet started the timer, and belongs to neither
		 * half.
		 */
		g->early += at_half - 1;
		g->late += at_end - min(at_half, at_end);
	}
	if (g->early + g->late > HALVES_KEPT) {
		g->early /= 2;
		g->late /= 2;
	}
	return g->late * 3 >= g->early * 2;
}

/* The thread has waited for the timer: did that pay off? */
static void judge(struct dlil_gather *g)
{
	if (went_on(g) && g->packets >= GATHER_WORTH) {
		g->useless = 0;
		return;
	}
	g->early = 0;
	g->late = 0;
	g->rest = REST_MIN << min(g->useless, REST_SHIFT_MAX);
	g->useless++;
}

static bool is_worth_it(struct dlil_gather *g, ktime_t now)
{
	if (g->rest) {
		g->rest--;
		return false;
	}
	if (!is_possible(g))
		return false;
	return READ_ONCE(g->state) != DLIL_GATHER_WAKE || is_stream(g, now);
}

/* The thread is about to sleep, at time @now. */
void dlil_gather_sleep(struct dlil_gather *g, ktime_t now)
{
	if (READ_ONCE(g->state) == DLIL_GATHER_HELD)
		judge(g);
	WRITE_ONCE(g->state, is_worth_it(g, now) ? DLIL_GATHER_OPEN :
						   DLIL_GATHER_WAKE);
	g->since = now;
	g->packets = 0;
}
EXPORT_SYMBOL_FOR_TEST(dlil_gather_sleep);

/**
 * dlil_gather_hold - leave the wake-up of a sleeping thread to the timer
 * @g: gathering state of the thread
 *
 * Context: preemption off, because others rely on the timer once they see HELD.
 * Return: true if the timer will wake the thread, false if the caller must.
 */
bool dlil_gather_hold(struct dlil_gather *g)
{
	int state = READ_ONCE(g->state);

	lockdep_assert_preemption_disabled();

	if (state != DLIL_GATHER_OPEN)
		return state == DLIL_GATHER_HELD;
	if (task_cpu(g->task) != smp_processor_id())
		return false;
	state = cmpxchg(&g->state, DLIL_GATHER_OPEN, DLIL_GATHER_HELD);
	if (state != DLIL_GATHER_OPEN)
		return state == DLIL_GATHER_HELD;
	WRITE_ONCE(g->halved, false);
	WRITE_ONCE(g->at_half, 0);
	WRITE_ONCE(g->at_end, 0);
	hrtimer_start(&g->timer, half_time(), HRTIMER_MODE_REL_PINNED);
	return true;
}
EXPORT_SYMBOL_FOR_TEST(dlil_gather_hold);

/* Without high resolution timers, packets would wait for the next tick. */
bool dlil_gather_has_timer(void)
{
	return hrtimer_resolution < NSEC_PER_USEC;
}
EXPORT_SYMBOL_FOR_TEST(dlil_gather_has_timer);

void dlil_gather_module_init(void)
{
	if (!dlil_gather_has_timer())
		dlil_gather_usecs = 0;
}
