/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_INPUT_H
#define _DLIL_INPUT_H

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/hrtimer.h>
#include <linux/llist.h>
#include <linux/lockdep.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/seqlock.h>
#include <linux/skbuff.h>
#include <linux/types.h>
#include <net/dlil.h>

#include "dlil_retire.h"

struct dlil_ifnet;
struct dlil_inq;
struct dlil_runner;
struct task_struct;

/* Longest time that packets may wait for others, in microseconds. */
#define DLIL_GATHER_USECS_MAX 50

/**
 * enum dlil_gather_state - reaction of a producer that finds the thread asleep
 * @DLIL_GATHER_WAKE: wake the thread
 * @DLIL_GATHER_OPEN: start the timer, which wakes the thread soon
 * @DLIL_GATHER_HELD: do nothing, because the timer runs
 */
enum dlil_gather_state {
	DLIL_GATHER_WAKE,
	DLIL_GATHER_OPEN,
	DLIL_GATHER_HELD,
};

/**
 * struct dlil_gather - when to wake a sleeping input thread
 * @timer: wakes the thread
 * @queue: the queue that it waits for, NULL if it serves many
 * @task: the thread
 * @state: enum dlil_gather_state; the thread sets the first two, one producer
 *	changes OPEN to HELD
 * @since: when the thread went to sleep; used by the thread only, as are the
 *	next five
 * @packets: packets that the thread has taken since @since
 * @rest: number of sleeps for which gathering is not tried
 * @useless: number of useless attempts in a row
 * @early: packets that arrived in the first halves of the waiting times
 * @late: packets that arrived in the second halves
 * @halved: the first half is over; written by the timer, like the next two, and
 *	by the producer that starts it
 * @at_half: packets queued after the first half
 * @at_end: packets queued at the end
 */
struct dlil_gather {
	struct hrtimer timer;
	const struct dlil_inq *queue;
	struct task_struct *task;
	int state;
	ktime_t since;
	unsigned int packets;
	unsigned int rest;
	unsigned int useless;
	unsigned int early;
	unsigned int late;
	bool halved;
	unsigned int at_half;
	unsigned int at_end;
};

extern unsigned int dlil_gather_usecs;

void dlil_gather_init(struct dlil_gather *g, const struct dlil_inq *queue);
void dlil_gather_sleep(struct dlil_gather *g, ktime_t now);
bool dlil_gather_hold(struct dlil_gather *g);
void dlil_gather_end(struct dlil_gather *g);

bool dlil_gather_has_timer(void);
void dlil_gather_module_init(void);

/* Largest number of packets in a batch, and between two yields (INP-7). */
#define DLIL_INPUT_BATCH 64

/**
 * struct dlil_flush - a function that the thread calls behind queued packets
 * @node: entry in the thread's list @flush, until @fn is called
 * @queue: the input queue whose thread calls @fn; NULL for the main thread
 * @fn: called by the thread, with no lock held, once all packets that were
 *	queued before have been processed; must not sleep for long.  This struct
 *	belongs to whoever has set @fn: the thread does not touch it after the call,
 *	in which it may be freed
 */
struct dlil_flush {
	struct llist_node node;
	struct dlil_inq *queue;
	void (*fn)(struct dlil_flush *flush);
};

/**
 * struct dlil_thread - an input thread
 * @runner: the runner that has its task; NULL when the thread has ended
 * @task: the task of @runner; turn_give() may replace the main thread's
 * @pid: process id of @task in the initial namespace
 * @ready: queues that have become non-empty since the last pass
 * @first: the same for queues of loopback ifnets, which are served first (INP-5)
 * @flush: pending calls, see struct dlil_flush
 * @asleep: the thread sleeps or is about to; a producer must wake it
 * @gather: delays that wake-up to gather more packets
 * @cpu: DLIL_CPU_OPEN at first; then the processor of the first producer, who sets it in
 *	dlil_inq_ready(); then DLIL_CPU_SETTLED, once the thread has chosen its
 *	affinity by it.  The last one from the start if it may not choose (INP-4)
 */
struct dlil_thread {
	struct dlil_runner *runner;
	struct task_struct *task;
	pid_t pid;
	struct llist_head ready;
	struct llist_head first;
	struct llist_head flush;
	bool asleep;
	struct dlil_gather gather;
	int cpu;
};

/* Special values of @cpu: no processor has been recorded yet; affinity is final. */
#define DLIL_CPU_OPEN		(-1)
#define DLIL_CPU_SETTLED	(-2)

/*
 * Space in a queue: packets in the upper 32 bits, and the sum of their truesize
 * in the lower 32 bits, so that a single atomic operation updates both.  Used
 * space and free room have this format.  Room is negative if limits were
 * lowered below what is queued; if the lower half is negative, it has borrowed
 * one from the upper half.
 */
#define DLIL_INQ_SPACE(packets, bytes) \
	(((s64)(packets) << 32) + (s64)(bytes))

static inline s32 dlil_inq_space_bytes(s64 space)
{
	return (s32)(space & U32_MAX);
}

static inline s32 dlil_inq_space_packets(s64 space)
{
	return (space - dlil_inq_space_bytes(space)) >> 32;
}

/* A closed queue has this much less room, whatever its limits. */
#define DLIL_INQ_CLOSED		DLIL_INQ_SPACE(1 << 30, 0)

/* The range of limits that users may set (INP-12). */
#define DLIL_INQ_PACKETS_MAX	(1024 * 1024)
#define DLIL_INQ_BYTES_MIN	(1024 * 1024)
#define DLIL_INQ_BYTES_MAX	(1024 * 1024 * 1024)

/**
 * struct dlil_inq - the input queue of an ifnet
 * @head: packets, newest first; a node is a packet or a whole list, see
 *	dlil_input()
 * @room: free space, see DLIL_INQ_SPACE(); packets that the thread has taken
 *	are not charged any more.  DLIL_INQ_CLOSED is subtracted unless the
 *	ifnet is attached
 * @max_packets: the limit of packets; written under the ifnet's lock, or while
 *	not attached
 * @max_bytes: the limit of bytes, likewise
 * @limits: sequence count, with which the thread detects a change of limits
 *	(INP-11)
 * @ready: entry in a list of @thread from becoming non-empty until drained
 * @thread: thread that drains the queue; set while not attached, and changed
 *	once at most, from the main thread to @own, see dlil_thread.c
 * @shared: the main thread was @thread at the attach; set while not attached
 * @goes_first: @ready goes to the thread's list @first; set while not attached
 * @own: becomes @thread unless the main thread serves this ifnet
 * @reader: read section of this queue's batches
 */
struct dlil_inq {
	struct llist_head head;
	atomic64_t room;
	u32 max_packets;
	u32 max_bytes;
	seqcount_t limits;
	struct llist_node ready;
	struct dlil_thread *thread;
	bool shared;
	bool goes_first;
	struct dlil_thread own;
	struct dlil_reader reader;
};

/* The limits of a queue; consistent only while nobody changes them. */
static inline s64 dlil_inq_limits(const struct dlil_inq *q)
{
	return DLIL_INQ_SPACE(READ_ONCE(q->max_packets),
			      READ_ONCE(q->max_bytes));
}

/* Is the queue open and empty? */
static inline bool dlil_inq_is_empty(const struct dlil_inq *q)
{
	/* Pairs with the release in dlil_inq_open(). */
	return atomic64_read_acquire(&q->room) == dlil_inq_limits(q);
}

/* Packets and bytes that are queued now.  Any context. */
static inline void dlil_inq_used(const struct dlil_inq *q, u32 *packets,
				 u32 *bytes)
{
	s64 room = atomic64_read(&q->room);
	s64 limits = dlil_inq_limits(q);

	if (dlil_inq_space_packets(room) < -dlil_inq_space_packets(DLIL_INQ_CLOSED) / 2)
		room += DLIL_INQ_CLOSED;
	*packets = max(dlil_inq_space_packets(limits) -
		       dlil_inq_space_packets(room), 0);
	*bytes = max(dlil_inq_space_bytes(limits) -
		     dlil_inq_space_bytes(room), 0);
}

void dlil_inq_ready(struct dlil_inq *q);
int dlil_inq_refuse(struct dlil_inq *q, struct sk_buff *skb);

/* The common path is inline, because callers run it once per packet. */

/*
 * Push a node, which is a packet or a whole list, and uses @need.
 *
 * The producer that finds the queue empty also wakes the thread, in
 * dlil_inq_ready().  All other producers rely on that, so the first one must
 * not be preempted in between.  Disabled bottom halves, as in receive handlers,
 * prevent preemption except on PREEMPT_RT; other callers disable preemption.
 */
static __always_inline void dlil_inq_push(struct dlil_inq *q,
					  struct sk_buff *first, s64 need)
{
	struct llist_node *head;

	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		preempt_disable();
	lockdep_assert_preemption_disabled();
	atomic64_sub(need, &q->room);
	head = READ_ONCE(q->head.first);
	/* This is llist_add(), inlined. */
	do {
		first->ll_node.next = head;
	} while (!try_cmpxchg(&q->head.first, &head, &first->ll_node));
	if (!head)
		dlil_inq_ready(q);
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		preempt_enable();
}

/*
 * Is the queue open, and is there room for @need?  A caller that sees the queue
 * open inside an RCU read section may use the ifnet as if it had seen it
 * attached.
 *
 * The caller subtracts @need afterwards, so a drop costs no atomic operation.
 * In exchange, processors that check at the same time may overfill the queue,
 * by one packet or list each.  An empty queue accepts one packet of any size,
 * see dlil_inq_refuse(); otherwise a packet larger than the byte limit could
 * never be received.
 */
static __always_inline bool dlil_inq_fits(const struct dlil_inq *q, s64 need)
{
	/* Pairs with the release in dlil_inq_open(). */
	s64 left = atomic64_read_acquire(&q->room) - need;

	return left >= 0 && dlil_inq_space_bytes(left) >= 0;
}

/*
 * As dlil_input_one_rcu(), for callers with bottom halves off.  On PREEMPT_RT
 * only the push disables preemption, because dlil_inq_refuse() takes locks that
 * sleep there.
 */
static __always_inline int dlil_inq_add(struct dlil_inq *q, struct sk_buff *skb)
{
	s64 need = DLIL_INQ_SPACE(1, skb->truesize);

	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "RCU read lock not held");
	if (unlikely(!dlil_inq_fits(q, need)))
		return dlil_inq_refuse(q, skb);
	skb->prev = NULL;
	dlil_inq_push(q, skb, need);
	return 0;
}

extern unsigned int dlil_rcvq_limit;
extern unsigned int dlil_rcvq_bytes;
extern bool dlil_multi_threaded_input;
extern bool dlil_net_affinity;
extern bool dlil_input_sanity_check;

struct dlil_runner *dlil_runner_new(enum dlil_ifnet_family kind,
				    const char *name, int node);
void dlil_runner_free(struct dlil_runner *runner);
void dlil_inq_start(struct dlil_ifnet *ifp, struct dlil_runner *runner);
void dlil_inq_open(struct dlil_ifnet *ifp);
void dlil_inq_close(struct dlil_ifnet *ifp);
bool dlil_inq_stop(struct dlil_ifnet *ifp, struct dlil_flush *flush);
void dlil_inq_end(struct dlil_ifnet *ifp);
void dlil_inq_limit(struct dlil_ifnet *ifp, u32 packets, u32 bytes);
pid_t dlil_inq_task(const struct dlil_ifnet *ifp);
pid_t dlil_inq_pid(const struct dlil_ifnet *ifp);
void dlil_inq_flush(struct dlil_ifnet *ifp, struct dlil_flush *flush);
bool dlil_inq_is_busy(const struct dlil_ifnet *ifp);
void dlil_inq_discard(struct dlil_ifnet *ifp);

struct sk_buff *dlil_inq_take(struct dlil_inq *q, int *taken, s64 *room,
			      struct sk_buff **returned);
int dlil_inq_return(struct dlil_ifnet *ifp, struct sk_buff *skb,
		    enum dlil_drop_reason *why);
void dlil_input_discard(struct dlil_ifnet *ifp, struct sk_buff *list,
			enum dlil_drop_reason why);
void dlil_returned_discard(struct dlil_ifnet *ifp, struct sk_buff *list,
			   enum dlil_drop_reason why);
void dlil_thread_add(struct dlil_thread *t, struct dlil_inq *q);
void dlil_thread_call_main(struct dlil_flush *flush);

struct sk_buff *dlil_input_batch(struct dlil_ifnet *ifp, struct sk_buff *list);
struct sk_buff *dlil_input_resume(struct dlil_ifnet *ifp, struct sk_buff *list);

/* Length of the link header in front of skb->data, in bytes. */
static inline unsigned int dlil_header_len(const struct sk_buff *skb)
{
	return skb_mac_header_was_set(skb) ? skb->data - skb_mac_header(skb) : 0;
}

/*
 * Move the first @n packets of @list to @part, or all of them if there are
 * fewer.
 */
static inline void dlil_list_cut(struct sk_buff_head *list,
				 struct sk_buff_head *part, unsigned int n)
{
	struct sk_buff *skb;

	__skb_queue_head_init(part);
	while (n-- && (skb = __skb_dequeue(list)))
		__skb_queue_tail(part, skb);
}

/*
 * Number of packets that a callback took out of @list, which had @n packets.  A
 * callback must not add packets; if it does, count the surplus as seen, because
 * those will be freed and counted as freed (STA-3).
 */
static inline unsigned int dlil_taken(struct dlil_account *account, unsigned int n,
				      const struct sk_buff_head *list)
{
	unsigned int left = skb_queue_len(list);

	if (WARN_ON_ONCE(left > n)) {
		account->seen += left - n;
		return 0;
	}
	return n - left;
}

int dlil_thread_module_init(void);
void dlil_thread_module_exit(void);

#endif /* _DLIL_INPUT_H */
