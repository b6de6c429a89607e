/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A sender: the output state of one context with bottom halves off.
 *
 * Without PREEMPT_RT there is a single such context per CPU at a time, so the
 * sender is per CPU.
 *
 * On PREEMPT_RT from 6.18 on (without PREEMPT_RT_NEEDS_BH_LOCK), disabling
 * bottom halves only prevents migration: another task may preempt this one,
 * disable bottom halves as well, and send.  So a sender belongs to a task.  The
 * outermost output has it on its stack, in a list of its CPU, where nested code
 * finds it by `current`.  Tasks leave the list in any order, because on
 * PREEMPT_RT they may sleep on locks meanwhile.  Only tasks of this CPU use the
 * list, with preemption disabled; softirqs and interrupt handlers that send are
 * tasks, too.  Older PREEMPT_RT kernels do the same, although a lock there
 * limits the list to a single entry.
 *
 * In both cases only its own context reads and writes a sender.
 */
#ifndef _DLIL_SENDER_H
#define _DLIL_SENDER_H

#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/preempt.h>

struct sk_buff;
struct task_struct;

/**
 * struct dlil_sender - output state of one context with bottom halves off
 * @depth: depth of nested outputs (OUT-10); 0 if it is not sending
 * @skb: packet in flight to dev_queue_xmit(), until the egress hook sees it; or
 *	NULL
 * @by: binding that sends @skb, which may meet the hooks of several devices
 * @node: entry in the list of the CPU; used if senders belong to tasks
 * @task: task of the sender; likewise
 */
struct dlil_sender {
	unsigned int depth;
	const struct sk_buff *skb;
	const void *by;
	struct hlist_node node;
	struct task_struct *task;
};

/* Depth of nested output beyond which packets are dropped (OUT-10). */
#define DLIL_OUTPUT_DEPTH 8

/* Do senders belong to tasks?  KUnit tests both variants. */
#ifdef DLIL_TESTED
extern bool dlil_sender_by_task;
#else
#define dlil_sender_by_task IS_ENABLED(CONFIG_PREEMPT_RT)
#endif

DECLARE_PER_CPU(struct dlil_sender, dlil_sender_of_cpu);

struct dlil_sender *dlil_sender_find(void);
struct dlil_sender *dlil_sender_join(struct dlil_sender *own);
void dlil_sender_remove(struct dlil_sender *s);

/* The sender of this context.  If it is not sending, NULL or @depth is 0. */
static __always_inline struct dlil_sender *dlil_sender_current(void)
{
	if (dlil_sender_by_task)
		return dlil_sender_find();
	return this_cpu_ptr(&dlil_sender_of_cpu);
}

/*
 * Enter an output, possibly inside another one.  @own becomes the sender unless
 * the context has one already, and must stay until dlil_sender_leave().  Bottom
 * halves are off until then.
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

/* @by passes @skb to dev_queue_xmit(), inside an output of this context. */
static __always_inline void dlil_sender_hand_over(const struct sk_buff *skb,
						  const void *by)
{
	struct dlil_sender *s = dlil_sender_current();

	if (dlil_sender_by_task && WARN_ON_ONCE(!s))
		return;
	s->by = by;
	s->skb = skb;
}

/* After dev_queue_xmit(): another packet may reuse the address of the skb. */
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

/* Is @by sending this very packet?  Returns true once. */
static __always_inline bool dlil_sender_is_handing(const struct sk_buff *skb,
						   const void *by)
{
	struct dlil_sender *s;

	if (dlil_sender_by_task) {
		s = dlil_sender_find();
		return s && dlil_sender_claim(s, skb, by);
	}
	/* Packets of the host cost a single comparison. */
	if (likely(this_cpu_read(dlil_sender_of_cpu.skb) != skb))
		return false;
	return dlil_sender_claim(this_cpu_ptr(&dlil_sender_of_cpu), skb, by);
}

#endif /* _DLIL_SENDER_H */
