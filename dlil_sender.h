/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A sender: what one context with bottom halves off is sending.
 *
 * Without PREEMPT_RT there is one context of that kind on a CPU at a time, so the
 * sender is per CPU.
 *
 * On PREEMPT_RT from 6.18 on (without PREEMPT_RT_NEEDS_BH_LOCK) turning bottom
 * halves off keeps a task on its CPU and excludes nobody: another task may preempt
 * it there, turn bottom halves off as well, and send.  So a sender belongs to its
 * task.  The outermost output has it on its stack, in a list of its CPU, where
 * whatever runs further in finds it by `current`.  Tasks leave that list in any
 * order, since on PREEMPT_RT they may sleep on locks meanwhile.  The list is
 * touched with preemption disabled, and by tasks of this CPU only; softirqs and
 * interrupt handlers that send are tasks, too.  Older PREEMPT_RT kernels do the
 * same, though there a lock makes the list one entry long at the most.
 *
 * In both cases a sender is read and written by its own context alone.
 */
#ifndef _DLIL_SENDER_H
#define _DLIL_SENDER_H

#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/preempt.h>

struct sk_buff;
struct task_struct;

/**
 * struct dlil_sender - what one context with bottom halves off is sending
 * @depth: outputs that it is inside of (OUT-10); 0 if it is not sending
 * @skb: the packet that it hands to dev_queue_xmit(), until the egress hook has
 *	seen it; or NULL
 * @by: the binding that does so: a packet may meet the hooks of several devices
 * @node: in the list of the CPU; if senders belong to tasks
 * @task: whose it is; likewise
 */
struct dlil_sender {
	unsigned int depth;
	const struct sk_buff *skb;
	const void *by;
	struct hlist_node node;
	struct task_struct *task;
};

/* How deep output may nest before packets are dropped (OUT-10). */
#define DLIL_OUTPUT_DEPTH 8

/* Do senders belong to tasks?  Tests try both. */
#ifdef DLIL_TESTED
extern bool dlil_sender_by_task;
#else
#define dlil_sender_by_task IS_ENABLED(CONFIG_PREEMPT_RT)
#endif

DECLARE_PER_CPU(struct dlil_sender, dlil_sender_of_cpu);

struct dlil_sender *dlil_sender_find(void);
struct dlil_sender *dlil_sender_join(struct dlil_sender *own);
void dlil_sender_remove(struct dlil_sender *s);

/* The sender of this context; NULL, or one without depth, if it is not sending. */
static __always_inline struct dlil_sender *dlil_sender_current(void)
{
	if (dlil_sender_by_task)
		return dlil_sender_find();
	return this_cpu_ptr(&dlil_sender_of_cpu);
}

/*
 * An output begins, one deeper than the one it is inside of.  @own becomes the
 * sender if there is none; it has to stay until dlil_sender_leave().  Bottom
 * halves off until then.
 */
static __always_inline struct dlil_sender *
dlil_sender_enter(struct dlil_sender *own)
{
	struct dlil_sender *s;

	if (dlil_sender_by_task)
		s = dlil_sender_join(own);
	else
		s = this_cpu_ptr(&dlil_sender_of_cpu);
	s->depth++;
	return s;
}

static __always_inline void dlil_sender_leave(struct dlil_sender *s)
{
	s->depth--;
	if (dlil_sender_by_task && !s->depth)
		dlil_sender_remove(s);
}

static __always_inline bool dlil_sender_is_too_deep(const struct dlil_sender *s)
{
	return s->depth > DLIL_OUTPUT_DEPTH;
}

/* @by is about to hand @skb to dev_queue_xmit(), and the sender is inside output. */
static __always_inline void dlil_sender_hand_over(const struct sk_buff *skb,
						  const void *by)
{
	struct dlil_sender *s = dlil_sender_current();

	if (dlil_sender_by_task && WARN_ON_ONCE(!s))
		return;
	s->by = by;
	s->skb = skb;
}

/* dev_queue_xmit() has returned: another packet may be found in the same place. */
static __always_inline void dlil_sender_handed_over(void)
{
	struct dlil_sender *s = dlil_sender_current();

	if (!dlil_sender_by_task || s)
		s->skb = NULL;
}

static __always_inline bool dlil_sender_claim(struct dlil_sender *s,
					      const struct sk_buff *skb,
					      const void *by)
{
	if (likely(s->skb != skb) || s->by != by)
		return false;
	s->skb = NULL;
	return true;
}

/* Is this the packet that @by is handing over?  That is true once. */
static __always_inline bool dlil_sender_is_handing(const struct sk_buff *skb,
						   const void *by)
{
	struct dlil_sender *s;

	if (dlil_sender_by_task) {
		s = dlil_sender_find();
		return s && dlil_sender_claim(s, skb, by);
	}
	/* One comparison for what the host sends. */
	if (likely(this_cpu_read(dlil_sender_of_cpu.skb) != skb))
		return false;
	return dlil_sender_claim(this_cpu_ptr(&dlil_sender_of_cpu), skb, by);
}

#endif /* _DLIL_SENDER_H */
