// SPDX-License-Identifier: GPL-2.0
/* Senders that belong to tasks, see dlil_sender.h. */
#include <linux/sched.h>

#include "dlil_export.h"
#include "dlil_sender.h"

DEFINE_PER_CPU(struct dlil_sender, dlil_sender_of_cpu);

/* Senders of the tasks that send on this CPU; preemption disabled. */
static DEFINE_PER_CPU(struct hlist_head, senders);

#ifdef DLIL_TESTED
bool dlil_sender_by_task = IS_ENABLED(CONFIG_PREEMPT_RT);
EXPORT_SYMBOL_FOR_TEST(dlil_sender_by_task);
EXPORT_PER_CPU_SYMBOL_GPL(dlil_sender_of_cpu);
#endif

static struct dlil_sender *find(void)
{
	struct dlil_sender *s;

	hlist_for_each_entry(s, this_cpu_ptr(&senders), node)
		if (s->task == current)
			return s;
	return NULL;
}

/* The sender of this task, or NULL.  The task must not migrate while it uses it. */
struct dlil_sender *dlil_sender_find(void)
{
	struct dlil_sender *s;

	preempt_disable();
	s = find();
	preempt_enable();
	return s;
}
EXPORT_SYMBOL_FOR_TEST(dlil_sender_find);

/* Returns the sender of this task, which becomes @own if it had none. */
struct dlil_sender *dlil_sender_join(struct dlil_sender *own)
{
	struct dlil_sender *s;

	preempt_disable();
	s = find();
	if (!s) {
		s = own;
		s->depth = 0;
		s->skb = NULL;
		s->task = current;
		hlist_add_head(&s->node, this_cpu_ptr(&senders));
	}
	preempt_enable();
	return s;
}
EXPORT_SYMBOL_FOR_TEST(dlil_sender_join);

/* Must be called on the CPU of dlil_sender_join(). */
void dlil_sender_remove(struct dlil_sender *s)
{
	preempt_disable();
	hlist_del(&s->node);
	preempt_enable();
}
EXPORT_SYMBOL_FOR_TEST(dlil_sender_remove);
