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

/* Put @leaver on the list, unless no batch is under way that it has to wait for. */
static bool reader_wait(struct dlil_reader *reader, struct dlil_leaver *leaver)
{
	unsigned long flags, seq;
	bool wait;

	spin_lock_irqsave(&reader->lock, flags);
	/* B: what the caller has made unreachable is so from here on; see A. */
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
 * dlil_reader_after - have a call made once the present batch has been left
 * @reader: the batches
 * @leaver: the call; the callee's from then on
 * @fn: what is called, maybe before this returns
 *
 * When @fn is called, no batch uses any more what the caller has made unreachable.
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

/* The thread has left its batch, and there are calls to be made. */
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
