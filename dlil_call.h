/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_CALL_H
#define _DLIL_CALL_H

#include <linux/atomic.h>
#include <linux/if.h>
#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <net/dlil.h>

#include "dlil_retire.h"

struct dlil_ifnet;
struct sk_buff;
struct task_struct;

/* Parties that have callbacks. */
enum dlil_party {
	DLIL_PARTY_NONE,
	DLIL_PARTY_FILTER,
	DLIL_PARTY_PROTO,
	DLIL_PARTY_DRIVER,
	DLIL_PARTY_TAP,
	DLIL_PARTY_PLUMBER,
};

/* Callbacks that may sleep. */
enum dlil_callback {
	DLIL_CALLBACK_NONE,
	DLIL_CALLBACK_INPUT,
	DLIL_CALLBACK_EVENT,
	DLIL_CALLBACK_IOCTL,
	DLIL_CALLBACK_RESOLVE_MULTI,
	DLIL_CALLBACK_DETACHED,
	DLIL_CALLBACK_FREE,
	DLIL_CALLBACK_ATTACH,
	DLIL_CALLBACK_DETACH,
};

/**
 * struct dlil_call - a task that calls callbacks, other than those for packets
 * @list: entry in the list of all calls
 * @task: the task
 * @ifp: ifnet that the callbacks belong to
 * @party: party being called; DLIL_PARTY_NONE between two calls
 * @callback: callback being called
 * @name: name of the filter or protocol being called, or NULL
 * @since: start of the call, in jiffies
 * @told: when the call was last logged as overdue, or 0
 * @why: storage of DLIL_WHY_MAX bytes for what a driver says of a control request, or
 *	NULL; used by @task only
 */
struct dlil_call {
	struct list_head list;
	struct task_struct *task;
	struct dlil_ifnet *ifp;
	enum dlil_party party;
	enum dlil_callback callback;
	const char *name;
	unsigned long since;
	unsigned long told;
	char *why;
};

/* Size of the longest reason of a driver. */
#define DLIL_WHY_MAX 128

/**
 * struct dlil_overdue - a callback that has not returned for some seconds
 * @ifname: name of the ifnet
 * @party: party being called
 * @callback: callback being called
 * @name: name of the filter or protocol, or empty
 * @seconds: duration so far, as long as it was watched
 * @pid: process id of the task
 * @comm: name of the task
 */
struct dlil_overdue {
	char ifname[IFNAMSIZ];
	enum dlil_party party;
	enum dlil_callback callback;
	char name[DLIL_NAME_MAX];
	unsigned int seconds;
	pid_t pid;
	char comm[TASK_COMM_LEN];
};

/**
 * struct dlil_look - progress of an ifnet at the last check; under the lock of
 * dlil_debug.c
 * @users: filters and protocols whose input may sleep, and a detach; the ifnet
 *	is checked while there are any; atomic
 * @seq: sequence number of the input thread's batch
 * @place: progress of the input thread in that batch
 * @since: when that progress was first seen, in jiffies
 * @told: when the delay was last logged, or 0
 * @detaching: the ifnet is being detached
 * @detach_since: when the detach was first seen
 * @detach_told: when its delay was last logged, or 0
 */
struct dlil_look {
	atomic_t users;
	unsigned long seq;
	struct dlil_place place;
	unsigned long since;
	unsigned long told;
	bool detaching;
	unsigned long detach_since;
	unsigned long detach_told;
};

/* The function that every input thread runs. */
extern int (*dlil_call_thread_fn)(void *data);

void dlil_call_begin(struct dlil_call *call, struct dlil_ifnet *ifp);
void dlil_call_end(struct dlil_call *call);
void dlil_call_enter(struct dlil_call *call, enum dlil_party party,
		     enum dlil_callback callback, const char *name);
void dlil_call_leave(struct dlil_call *call);
__printf(1, 2)
void dlil_call_why(const char *format, ...);
bool dlil_in_callback(void);

/* May the task be inside an output callback?  Bottom halves are off there. */
bool dlil_output_is_current(void);

void dlil_look_init(work_func_t fn);
void dlil_look_exit(void);
void dlil_look_arm(void);
void dlil_look_get(struct dlil_ifnet *ifp);
void dlil_look_put(struct dlil_ifnet *ifp);
bool dlil_call_any(void);
unsigned int dlil_call_overdue(const struct dlil_ifnet *ifp, unsigned long age,
			       unsigned long again, struct dlil_overdue *o,
			       unsigned int max);

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

/* Is @by handing @skb to the stack at the moment?  Returns true once per packet. */
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

#endif /* _DLIL_CALL_H */
