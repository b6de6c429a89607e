// SPDX-License-Identifier: GPL-2.0
/* The read section of an input thread; see dlil_reader.h for how it works. */
#include "dlil_export.h"
#include "dlil_reader.h"

void dlil_reader_init(struct dlil_reader *reader)
{
	reader->seq = 0;
	reader->place = (struct dlil_place){};
	INIT_LIST_HEAD(&reader->leavers);
	spin_lock_init(&reader->lock);
}
EXPORT_SYMBOL_FOR_TEST(dlil_reader_init);

/* Add @leaver to the list, unless no batch is in flight that it must wait for. */
static bool reader_wait(struct dlil_reader *reader, struct dlil_leaver *leaver)
{
	unsigned long flags, seq;
	bool wait;

	spin_lock_irqsave(&reader->lock, flags);
	/* B: orders the caller's update before the look at @seq; see A. */
	smp_mb();
	/* C */
	seq = smp_load_acquire(&reader->seq);
	wait = seq & 1;
	if (wait) {
		list_add_tail(&leaver->list, &reader->leavers);
		/* E: pairs with D. */
		smp_mb();
		/* C */
		wait = smp_load_acquire(&reader->seq) == seq;
		if (!wait)
			list_del(&leaver->list);
	}
	spin_unlock_irqrestore(&reader->lock, flags);
	return wait;
}

/**
 * dlil_reader_after - call a function once the current batch is over
 * @reader: the batches
 * @leaver: storage for the call; owned by the callee until @fn is called
 * @fn: the function, which may be called before this returns
 *
 * When @fn is called, no batch uses what the caller has made unreachable.
 *
 * Context: any but hard interrupts.
 */
void dlil_reader_after(struct dlil_reader *reader, struct dlil_leaver *leaver,
		       void (*fn)(struct dlil_leaver *leaver))
{
	leaver->fn = fn;
	if (!reader_wait(reader, leaver))
		fn(leaver);
}
EXPORT_SYMBOL_FOR_TEST(dlil_reader_after);

/* Call the leavers, after the thread has left its batch. */
void dlil_reader_call(struct dlil_reader *reader)
{
	struct dlil_leaver *leaver, *next;
	unsigned long flags;
	LIST_HEAD(leavers);

	spin_lock_irqsave(&reader->lock, flags);
	list_splice_init(&reader->leavers, &leavers);
	spin_unlock_irqrestore(&reader->lock, flags);
	list_for_each_entry_safe(leaver, next, &leavers, list)
		leaver->fn(leaver);
}
EXPORT_SYMBOL_FOR_TEST(dlil_reader_call);
