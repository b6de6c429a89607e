/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_INPUT_H
#define _DLIL_INPUT_H

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/llist.h>
#include <linux/types.h>

#include "dlil_gather.h"

struct dlil_ifnet;
struct sk_buff;
struct task_struct;

/* Packets worked on under one SRCU section and between two yields (INP-7). */
#define DLIL_INPUT_BATCH 64

/**
 * struct dlil_flush - a call that is to follow all that is queued now
 * @node: in the thread's list
 * @fn: called by the thread, with no lock held, once it has worked off all that
 *	was queued before; must not sleep for long, and may free this
 */
struct dlil_flush {
	struct llist_node node;
	void (*fn)(struct dlil_flush *flush);
};

/**
 * struct dlil_thread - an input thread
 * @task: the thread
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

/**
 * struct dlil_inq - the input queue of an ifnet
 * @head: packets, newest first; a node is a packet or a whole list, see
 *	dlil_input()
 * @len: packets in it, those that the thread has taken not counted
 * @ready: in its thread's ready list from becoming non-empty to being drained
 * @thread: who drains it; set while not attached
 * @list: which of the thread's lists @ready goes to; set while not attached
 * @own: used as @thread unless the main thread serves this ifnet
 * @pid: process id of @thread, for display
 */
struct dlil_inq {
	struct llist_head head;
	atomic_t len;
	struct llist_node ready;
	struct dlil_thread *thread;
	struct llist_head *list;
	struct dlil_thread own;
	pid_t pid;
};

extern unsigned int dlil_rcvq_limit;
extern bool dlil_multi_threaded_input;
extern bool dlil_net_affinity;
extern bool dlil_input_sanity_check;

int dlil_inq_start(struct dlil_ifnet *ifp);
void dlil_inq_stop(struct dlil_ifnet *ifp);
bool dlil_input_is_current(void);
void dlil_inq_flush(struct dlil_ifnet *ifp, struct dlil_flush *flush);
void dlil_inq_discard(struct dlil_ifnet *ifp);

struct sk_buff *dlil_input_batch(struct dlil_ifnet *ifp, struct sk_buff *list);

int dlil_input_module_init(void);
void dlil_input_module_exit(void);

#endif /* _DLIL_INPUT_H */
