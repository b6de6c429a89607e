/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_RETIRE_H
#define _DLIL_RETIRE_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/workqueue.h>

struct dlil_ifnet;
struct task_struct;

/**
 * struct dlil_retire - the end of a filter or protocol
 * @work: waits until no callback runs and none will, then calls @end
 * @ifp: on what; referenced
 * @end: says goodbye, and takes what this is part of off all lists
 * @free: frees what this is part of, a grace period after the last of @refs
 * @since: when it was attached, see dlil_retire_stamp()
 * @calls: event and control callbacks under way, and 1 until it is retired
 * @idle: completed when @calls is 0
 * @refs: 1 until it has ended, and 1 for the task that waits for that
 * @over: completed behind @end
 * @rcu: for freeing
 */
struct dlil_retire {
	struct work_struct work;
	struct dlil_ifnet *ifp;
	void (*end)(struct dlil_retire *r);
	void (*free)(struct dlil_retire *r);
	u64 since;
	refcount_t calls;
	struct completion idle;
	refcount_t refs;
	struct completion over;
	struct rcu_head rcu;
};

/**
 * struct dlil_call - a task is inside event or control callbacks
 * @list: in the list of all
 * @task: the task
 */
struct dlil_call {
	struct list_head list;
	struct task_struct *task;
};

void dlil_retire_init(struct dlil_retire *r,
		      void (*end)(struct dlil_retire *r),
		      void (*free)(struct dlil_retire *r));
void dlil_retire_stamp(struct dlil_retire *r);
u64 dlil_retire_now(void);
bool dlil_retire_hold(struct dlil_retire *r);
void dlil_retire_let_go(struct dlil_retire *r);
void dlil_retire_queue(struct dlil_retire *r, struct dlil_ifnet *ifp);
void dlil_retire_get(struct dlil_retire *r);
int dlil_retire_wait(struct dlil_retire *r);
void dlil_retire_end(struct dlil_retire *r);
void dlil_call_begin(struct dlil_call *call);
void dlil_call_end(struct dlil_call *call);
bool dlil_in_callback(void);

int dlil_retire_module_init(void);
void dlil_retire_module_exit(void);

#endif /* _DLIL_RETIRE_H */
