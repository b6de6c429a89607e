/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_RETIRE_H
#define _DLIL_RETIRE_H

#include <linux/bitops.h>
#include <linux/completion.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

struct dlil_ifnet;
struct dlil_proto;
struct dlil_retire;
struct sk_buff;

/*
 * Read section of an input thread: one batch, in which callbacks may sleep.
 *
 * The thread is the only reader of its ifnet's queue, so that one sequence
 * number replaces the per-CPU counters of SRCU: it is odd while a batch is in
 * flight.
 *
 * An updater that has made something unreachable passes a struct dlil_leaver to
 * dlil_reader_after(), which calls it once the batch that may have seen that
 * thing is over: at once if no batch is in flight, otherwise from the thread
 * when it leaves the batch.  Neither side waits or polls.
 *
 * The barriers, by letter:
 *
 *	thread, a batch				updater
 *	  seq becomes odd			  make it unreachable
 *	  full barrier (A)			  full barrier (B)
 *	  look for it, use it			  is seq even?  Then call (C)
 *	  seq becomes even, release (C)		  add the leaver to the list
 *	  full barrier (D)			  full barrier (E)
 *	  is the list empty?			  has seq changed?  Then take the
 *						  leaver back, and call (C)
 *
 * A with B: either the updater sees an odd seq, or the thread does not find the
 * thing.  C: an updater that sees an even or changed seq acquires what the
 * thread released, so that all uses precede the call.  D with E: either the
 * thread sees the leaver on the list, or the updater sees the changed seq; if
 * both do, the lock of the list decides which of them makes the call.  A leaver
 * that the thread finds on the list never waits for a later batch, because only
 * the thread begins batches, and it checks the list before.
 *
 * srcu_read_lock() and srcu_read_unlock() have the barriers A and D as well.
 */

/**
 * struct dlil_leaver - a function to call when a batch is over
 * @list: entry in the reader's list
 * @fn: called by the input thread or the updater, with no lock held; must not
 *	sleep; may free the object that contains this
 */
struct dlil_leaver {
	struct list_head list;
	void (*fn)(struct dlil_leaver *leaver);
};

/**
 * struct dlil_place - progress of an input thread in its batch, see
 * dlil_debug.c
 * @filter: reference of the filter that was called last; 0 behind the filters,
 *	and for filters that do not sleep
 * @skb: the packet that it was called for; compare only, never dereference
 * @proto: the protocol that is being called, or NULL
 */
struct dlil_place {
	u32 filter;
	const struct sk_buff *skb;
	const struct dlil_proto *proto;
};

/**
 * struct dlil_reader - the batches of an input queue
 * @seq: incremented when a batch begins and when it ends: odd inside one;
 *	written by the thread
 * @place: progress in the current batch; written by the thread
 * @leavers: functions to call when the batch is over; under @lock, except that
 *	the thread tests it for emptiness
 * @lock: guards @leavers; interrupts off
 */
struct dlil_reader {
	unsigned long seq;
	struct dlil_place place;
	struct list_head leavers;
	spinlock_t lock;	/* see above */
};

void dlil_reader_init(struct dlil_reader *reader);
void dlil_reader_after(struct dlil_reader *reader, struct dlil_leaver *leaver,
		       void (*fn)(struct dlil_leaver *leaver));
void dlil_reader_call(struct dlil_reader *reader);

/* Is a batch in flight? */
static inline bool dlil_reader_is_inside(const struct dlil_reader *reader)
{
	return READ_ONCE(reader->seq) & 1;
}

/* Begin a batch; in the thread, or a test in its place. */
static inline void dlil_reader_enter(struct dlil_reader *reader)
{
	WRITE_ONCE(reader->seq, reader->seq + 1);
	/* A: pairs with B. */
	smp_mb();
}

/* End the batch. */
static inline void dlil_reader_leave(struct dlil_reader *reader)
{
	/* C: all accesses of the batch come before. */
	smp_store_release(&reader->seq, reader->seq + 1);
	/* D: pairs with E. */
	smp_mb();
	if (unlikely(!list_empty(&reader->leavers)))
		dlil_reader_call(reader);
}

/**
 * struct dlil_lane - a work queue for the works of a few ifnets
 * @wq: the work queue
 * @list: entry in the list of all lanes
 * @users: number of ifnets that use the lane
 */
struct dlil_lane {
	struct workqueue_struct *wq;
	struct list_head list;
	unsigned int users;
};

struct dlil_lane *dlil_lane_get(void);
void dlil_lane_put(struct dlil_lane *lane);
void dlil_lanes_flush(void);
void dlil_lanes_destroy(void);

/**
 * struct dlil_retire_ops - type-specific end of a filter or protocol
 * @end: called when no callback is in flight or can start; calls the owner's
 *	`detached` and removes the object from all lists; the ifnet's worker,
 *	may sleep
 * @free: frees the object, a grace period later; any context
 */
struct dlil_retire_ops {
	void (*end)(struct dlil_retire *r);
	void (*free)(struct dlil_retire *r);
};

/**
 * struct dlil_retire - teardown state of a filter or protocol
 * @ops: how to end and free it
 * @ifp: ifnet that it is attached to; referenced from the detach until @end has
 *	returned
 * @list: entry in the ifnet's list of filters or of protocols, under its lock,
 *	until it has ended
 * @state: %DLIL_RETIRE_DYING
 * @since: sequence number of its attach, see dlil_retire_stamp()
 * @calls: one reference for each event or control callback in flight; one until
 *	it is detached and a grace period has passed; one from the detach until
 *	the input thread has left its batch
 * @refs: one reference until it has ended, and one for a task that waits for
 *	that
 * @over: completed after @end
 * @node: entry in the ifnet's list @endings, once @calls is 0
 * @leaver: waits for the input thread
 * @rcu: waits for output, and later for look-ups
 */
struct dlil_retire {
	const struct dlil_retire_ops *ops;
	struct dlil_ifnet *ifp;
	struct list_head list;
	unsigned long state;
	u64 since;
	refcount_t calls;
	refcount_t refs;
	struct completion over;
	struct llist_node node;
	struct dlil_leaver leaver;
	struct rcu_head rcu;
};

/* Bit in &struct dlil_retire.state: the detach has begun. */
#define DLIL_RETIRE_DYING	0

static inline bool dlil_retire_is_dying(const struct dlil_retire *r)
{
	return test_bit(DLIL_RETIRE_DYING, &r->state);
}

/* Claim the detach: true for the first caller, who must finish it.  Any context. */
static inline bool dlil_retire_claim(struct dlil_retire *r)
{
	return !test_and_set_bit(DLIL_RETIRE_DYING, &r->state);
}

void dlil_retire_init(struct dlil_retire *r, struct dlil_ifnet *ifp,
		      const struct dlil_retire_ops *ops);
void dlil_retire_stamp(struct dlil_retire *r);
u64 dlil_retire_now(void);
struct dlil_retire *dlil_retire_next(struct dlil_ifnet *ifp,
				     struct list_head *all,
				     struct dlil_retire *r, u64 until);
void dlil_retire_let_go(struct dlil_retire *r);
void dlil_retire_queue(struct dlil_retire *r);
void dlil_retire_queue_final(struct dlil_retire *r);
void dlil_retire_get(struct dlil_retire *r);
int dlil_retire_wait(struct dlil_retire *r);
void dlil_retire_run(struct dlil_ifnet *ifp);

#endif /* _DLIL_RETIRE_H */
