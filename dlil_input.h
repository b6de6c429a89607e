/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_INPUT_H
#define _DLIL_INPUT_H

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/llist.h>
#include <linux/seqlock.h>
#include <linux/skbuff.h>
#include <linux/types.h>
#include <net/dlil.h>

#include "dlil_gather.h"
#include "dlil_reader.h"

struct dlil_ifnet;
struct dlil_inq;
struct task_struct;

/* Packets worked on in one batch, and between two yields (INP-7). */
#define DLIL_INPUT_BATCH 64

/**
 * struct dlil_flush - a call that is to follow all that is queued now
 * @node: in the thread's list
 * @queue: the queue that it follows
 * @fn: called by the thread, with no lock held, once it has worked off all that
 *	was queued before; must not sleep for long, and may free this
 */
struct dlil_flush {
	struct llist_node node;
	struct dlil_inq *queue;
	void (*fn)(struct dlil_flush *flush);
};

/**
 * struct dlil_thread - an input thread
 * @task: its task; that of the main thread may be replaced, see dlil_thread.c
 * @pid: its process id in the initial namespace
 * @ready: queues that have become non-empty since the last pass
 * @first: those of them that go before the others: loopback's (INP-5)
 * @flush: calls that follow what was queued, see struct dlil_flush
 * @asleep: about to sleep or sleeping: whoever adds to a list then wakes it
 * @gather: or has it woken a little later
 * @cpu: the first processor that fed it, or DLIL_CPU_*; until it is fed written
 *	by anybody, then by the thread (INP-4)
 * @started: completed by the thread itself
 * @allowed: the processors it was started on
 */
struct dlil_thread {
	struct task_struct *task;
	pid_t pid;
	struct llist_head ready;
	struct llist_head first;
	struct llist_head flush;
	bool asleep;
	struct dlil_gather gather;
	int cpu;
	struct completion started;
	cpumask_var_t allowed;
};

/* Where a thread runs is still open, and is settled. */
#define DLIL_CPU_OPEN		(-1)
#define DLIL_CPU_SETTLED	(-2)

/*
 * One number has both the count of packets and the sum of their truesize, so that
 * one atomic operation does for both.  It says how much packets take up of a queue,
 * and how much room is left.  The upper half is packets, the lower one bytes.  The
 * room is negative if limits were lowered; if the bytes are, the upper half is one
 * less than the packets.
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

/* So much less room has a queue that is closed, whatever is in it. */
#define DLIL_INQ_CLOSED		DLIL_INQ_SPACE(1 << 30, 0)

/* The range that users may set the limits of a queue to (INP-12). */
#define DLIL_INQ_PACKETS_MAX	(1024 * 1024)
#define DLIL_INQ_BYTES_MIN	(1024 * 1024)
#define DLIL_INQ_BYTES_MAX	(1024 * 1024 * 1024)

/**
 * struct dlil_inq - the input queue of an ifnet
 * @head: packets, newest first; a node is a packet or a whole list, see
 *	dlil_input()
 * @room: how much more it takes, see DLIL_INQ_SPACE(); what the thread has taken
 *	out of it counts no longer.  Less DLIL_INQ_CLOSED unless the ifnet is
 *	attached
 * @max_packets: the limit of packets; written under the ifnet's lock, or while
 *	not attached
 * @max_bytes: the limit of bytes, likewise
 * @limits: is changed with the limits, for the thread to see that they are (INP-11)
 * @ready: in its thread's ready list from becoming non-empty to being drained
 * @thread: who drains it; set while not attached, and changed once from the main
 *	thread to @own, see dlil_thread.c
 * @shared: the main thread was @thread at the attach; set while not attached
 * @goes_first: which of the thread's lists @ready goes to; set while not attached
 * @own: used as @thread unless the main thread serves this ifnet
 * @reader: its batches
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

/* The limits of a queue, as long as nobody is changing them. */
static inline s64 dlil_inq_limits(const struct dlil_inq *q)
{
	return DLIL_INQ_SPACE(READ_ONCE(q->max_packets),
			      READ_ONCE(q->max_bytes));
}

/* Is nothing counted in the queue, which is open? */
static inline bool dlil_inq_is_empty(const struct dlil_inq *q)
{
	/* Pairs with the release in dlil_inq_open(). */
	return atomic64_read_acquire(&q->room) == dlil_inq_limits(q);
}

/* How much is queued at the moment.  Any context. */
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

extern unsigned int dlil_rcvq_limit;
extern unsigned int dlil_rcvq_bytes;
extern bool dlil_multi_threaded_input;
extern bool dlil_net_affinity;
extern bool dlil_input_sanity_check;

int dlil_inq_start(struct dlil_ifnet *ifp);
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

struct sk_buff *dlil_inq_take(struct dlil_inq *q, int *taken, s64 *room);
void dlil_input_discard(struct dlil_ifnet *ifp, struct sk_buff *list,
			enum dlil_drop_reason why);
void dlil_thread_add(struct dlil_thread *t, struct dlil_inq *q);
void dlil_thread_kick(struct dlil_thread *t);

struct sk_buff *dlil_input_batch(struct dlil_ifnet *ifp, struct sk_buff *list);

/* Bytes of the link header, which is in front of the data. */
static inline unsigned int dlil_header_len(const struct sk_buff *skb)
{
	return skb_mac_header_was_set(skb) ? skb->data - skb_mac_header(skb) : 0;
}

/* Move the first @n packets of @list, or all if they are fewer, to @part. */
static inline void dlil_list_cut(struct sk_buff_head *list,
				 struct sk_buff_head *part, unsigned int n)
{
	struct sk_buff *skb;

	__skb_queue_head_init(part);
	while (n-- && (skb = __skb_dequeue(list)))
		__skb_queue_tail(part, skb);
}

/*
 * How many of @n packets are no longer in @list, behind somebody who may only take
 * packets out of it.  Packets that were put into it are counted as seen, since they
 * are going to be freed and counted as that (STA-3).
 */
static inline unsigned int dlil_taken(struct dlil_flow *flow, unsigned int n,
				      const struct sk_buff_head *list)
{
	unsigned int left = skb_queue_len(list);

	if (WARN_ON_ONCE(left > n)) {
		flow->seen += left - n;
		return 0;
	}
	return n - left;
}

int dlil_thread_module_init(void);
void dlil_thread_module_exit(void);

#endif /* _DLIL_INPUT_H */
