/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_RETIRE_H
#define _DLIL_RETIRE_H

#include <linux/bitops.h>
#include <linux/completion.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>

#include "dlil_reader.h"

struct dlil_ifnet;
struct dlil_retire;

/**
 * struct dlil_retire_ops - type-specific end of a filter or protocol
 * @end: called when no callback is in flight or can start; calls the owner's
 *	`detached` and removes the object from all lists; the ifnet's worker,
 *	may sleep
 * @free: frees the object, a grace period later; any context
 */
struct dlil_retire_ops {
	void (*end)(struct dlil_retire *r);
	void (*free)(struct dlil_retire *r);
};

/**
 * struct dlil_retire - teardown state of a filter or protocol
 * @ops: how to end and free it
 * @ifp: ifnet that it is attached to; referenced from the detach until @end has
 *	returned
 * @list: entry in the ifnet's list of filters or of protocols, under its lock,
 *	until it has ended
 * @state: %DLIL_RETIRE_DYING
 * @since: sequence number of its attach, see dlil_retire_stamp()
 * @calls: one reference for each event or control callback in flight; one until
 *	it is detached and a grace period has passed; one from the detach until
 *	the input thread has left its batch
 * @refs: one reference until it has ended, and one for a task that waits for
 *	that
 * @over: completed after @end
 * @node: entry in the ifnet's list @endings, once @calls is 0
 * @leaver: waits for the input thread
 * @rcu: waits for output, and later for look-ups
 */
struct dlil_retire {
	const struct dlil_retire_ops *ops;
	struct dlil_ifnet *ifp;
	struct list_head list;
	unsigned long state;
	u64 since;
	refcount_t calls;
	refcount_t refs;
	struct completion over;
	struct llist_node node;
	struct dlil_leaver leaver;
	struct rcu_head rcu;
};

/* Bit in &struct dlil_retire.state: the detach has begun. */
#define DLIL_RETIRE_DYING	0

static inline bool dlil_retire_is_dying(const struct dlil_retire *r)
{
	return test_bit(DLIL_RETIRE_DYING, &r->state);
}

/* Claim the detach: true for the first caller, who must finish it.  Any context. */
static inline bool dlil_retire_claim(struct dlil_retire *r)
{
	return !test_and_set_bit(DLIL_RETIRE_DYING, &r->state);
}

void dlil_retire_init(struct dlil_retire *r, struct dlil_ifnet *ifp,
		      const struct dlil_retire_ops *ops);
void dlil_retire_stamp(struct dlil_retire *r);
u64 dlil_retire_now(void);
struct dlil_retire *dlil_retire_next(struct dlil_ifnet *ifp,
				     struct list_head *all,
				     struct dlil_retire *r, u64 until);
void dlil_retire_let_go(struct dlil_retire *r);
void dlil_retire_queue(struct dlil_retire *r);
void dlil_retire_queue_final(struct dlil_retire *r);
void dlil_retire_get(struct dlil_retire *r);
int dlil_retire_wait(struct dlil_retire *r);
void dlil_retire_run(struct dlil_ifnet *ifp);

#endif /* _DLIL_RETIRE_H */
