/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The read section of an input thread: one batch, in which callbacks may sleep.
 *
 * The thread is the only reader of its ifnet's queue, so one number does for what
 * SRCU needs counters per CPU for: it is odd while a batch is under way.
 *
 * An updater that has made something unreachable hands a struct dlil_leaver to
 * dlil_reader_after(), which calls it once the batch that may have seen that thing
 * has been left: at once if none is under way, else the thread does when it leaves
 * the batch.  So nobody waits and nobody polls.
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
 * A with B: either the updater sees that seq is odd, or the thread does not find
 * the thing any more.  C: an updater that sees seq even, or changed, acquires what
 * the thread released: all uses come before the call.  D with E: either the thread
 * sees the leaver on the list, or the updater sees that seq has changed; if both
 * do, the lock of the list decides which of them makes the call.  A leaver that is
 * on the list when the thread looks is never one of a later batch: only the thread
 * begins one, and it looks before that.
 *
 * A and D are what srcu_read_lock() and srcu_read_unlock() have as well.
 */
#ifndef _DLIL_READER_H
#define _DLIL_READER_H

#include <linux/list.h>
#include <linux/spinlock.h>

struct dlil_proto;
struct sk_buff;

/**
 * struct dlil_leaver - a call to be made when a batch has been left
 * @list: in the reader's list
 * @fn: the call, with no lock held; by the input thread or the updater, so it must
 *	not sleep; may free what this is part of
 */
struct dlil_leaver {
	struct list_head list;
	void (*fn)(struct dlil_leaver *leaver);
};

/**
 * struct dlil_place - where an input thread is in its batch, see dlil_overdue.c
 * @filter: the filter that has been called last, by its reference; 0 behind the
 *	filters, and for filters that do not sleep
 * @skb: the packet that it was called for; never to be followed
 * @proto: the protocol that is being called, or NULL
 */
struct dlil_place {
	u32 filter;
	const struct sk_buff *skb;
	const struct dlil_proto *proto;
};

/**
 * struct dlil_reader - the batches of an input thread on a queue
 * @seq: how many times a batch was begun or left: odd inside one; written by the
 *	thread
 * @place: where it is in its batch; written by the thread
 * @leavers: calls to be made when the batch is left; under @lock, but for a look
 *	by the thread
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

/* Is a batch under way? */
static inline bool dlil_reader_is_inside(const struct dlil_reader *reader)
{
	return READ_ONCE(reader->seq) & 1;
}

/* The thread, or a test in its place, begins a batch. */
static inline void dlil_reader_enter(struct dlil_reader *reader)
{
	WRITE_ONCE(reader->seq, reader->seq + 1);
	/* A: pairs with B. */
	smp_mb();
}

/* The batch is over. */
static inline void dlil_reader_leave(struct dlil_reader *reader)
{
	/* C: what was done in the batch comes before. */
	smp_store_release(&reader->seq, reader->seq + 1);
	/* D: pairs with E. */
	smp_mb();
	if (unlikely(!list_empty(&reader->leavers)))
		dlil_reader_call(reader);
}

#endif /* _DLIL_READER_H */
