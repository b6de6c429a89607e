/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_RETIRE_H
#define _DLIL_RETIRE_H

#include <linux/completion.h>
#include <linux/llist.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>

#include "dlil_reader.h"

struct dlil_ifnet;
struct dlil_retire;

/**
 * struct dlil_retire_ops - what ends, and how
 * @end: no callback runs and none will: says goodbye, and takes what it is part of
 *	off all lists; the ifnet's worker, may sleep
 * @free: frees it, a grace period later; any context
 */
struct dlil_retire_ops {
	void (*end)(struct dlil_retire *r);
	void (*free)(struct dlil_retire *r);
};

/**
 * struct dlil_retire - the end of a filter or protocol
 * @ops: what ends
 * @ifp: on what; referenced from the retirement to the end
 * @since: when it was attached, see dlil_retire_stamp()
 * @calls: event and control callbacks under way; 1 until it is retired and a grace
 *	period has gone by; 1 from then until the input thread has left its batch
 * @refs: 1 until it has ended, and 1 for the task that waits for that
 * @over: completed behind @end
 * @node: in the ifnet's list of what is to be ended, once @calls is 0
 * @leaver: waits for the input thread
 * @rcu: waits for output, and later for look-ups
 */
struct dlil_retire {
	const struct dlil_retire_ops *ops;
	struct dlil_ifnet *ifp;
	u64 since;
	refcount_t calls;
	refcount_t refs;
	struct completion over;
	struct llist_node node;
	struct dlil_leaver leaver;
	struct rcu_head rcu;
};

void dlil_retire_init(struct dlil_retire *r, struct dlil_ifnet *ifp,
		      const struct dlil_retire_ops *ops);
void dlil_retire_stamp(struct dlil_retire *r);
u64 dlil_retire_now(void);
bool dlil_retire_hold(struct dlil_retire *r);
void dlil_retire_let_go(struct dlil_retire *r);
void dlil_retire_queue(struct dlil_retire *r);
void dlil_retire_queue_final(struct dlil_retire *r);
void dlil_retire_get(struct dlil_retire *r);
int dlil_retire_wait(struct dlil_retire *r);
void dlil_retire_run(struct dlil_ifnet *ifp);

#endif /* _DLIL_RETIRE_H */
