/* SPDX-License-Identifier: GPL-2.0 */
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
 * when it leaves the batch.  So nobody waits and nobody polls.
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
#ifndef _DLIL_READER_H
#define _DLIL_READER_H

#include <linux/list.h>
#include <linux/spinlock.h>

struct dlil_proto;
struct sk_buff;

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
 * dlil_overdue.c
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

#endif /* _DLIL_READER_H */
