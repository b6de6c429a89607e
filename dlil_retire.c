// SPDX-License-Identifier: GPL-2.0
/*
 * Teardown of a filter or protocol; read sections of input threads, which it
 * waits for; and the work queues on which it ends.
 *
 * A detach first makes the object unreachable for new callers.  Afterwards,
 * these may still run one of its callbacks or use it: the input thread, in its
 * batch; output, in an RCU read section; netlink, which describes it under the
 * ifnet's lock; and tasks that deliver an event or make a control request,
 * which hold it as long as their callback takes.
 *
 * No task waits for these users.  Each of them except netlink has a share in
 * the refcount `calls` (see struct dlil_retire).  Dropping the last share adds
 * the object to the ifnet's list of endings and queues the ifnet's work.  A
 * protocol is made unreachable under the ifnet's lock; for a filter, the work
 * takes that lock before it calls `detached`.  So netlink has finished by then,
 * or does not find the object any more.  The work calls `detached` for one
 * object at a time, with no lock held, and removes the object from the ifnet's
 * list under its lock.  Look-ups under RCU may still have found the object, so
 * it is freed a grace period later.
 *
 * Only `detached` needs a worker, because it may sleep.  If it does, it delays
 * other endings of its ifnet; other ifnets have works of their own that always
 * find a worker, see below.  A `detached` callback must not wait for
 * other endings (FLT-7), which may come after it in the same work.
 *
 * A task may hold an object that it finds on the ifnet's list, under the
 * ifnet's lock.  The object stays on the list until nobody holds it, so that
 * the task can continue from there to the next one.
 */
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "dlil_export.h"
#include "dlil_ifnet.h"
#include "dlil_retire.h"

/* Number of attaches of filters and protocols; gives each its order of age. */
static atomic64_t attaches = ATOMIC64_INIT(0);

/* Initialise the teardown state of a new filter or protocol, before its attach. */
void dlil_retire_init(struct dlil_retire *r, struct dlil_ifnet *ifp,
		      const struct dlil_retire_ops *ops)
{
	r->ops = ops;
	r->ifp = ifp;
	refcount_set(&r->calls, 1);
	refcount_set(&r->refs, 1);
	init_completion(&r->over);
}

/*
 * Record the time of the attach; under the ifnet's lock, which keeps lists
 * sorted.
 */
void dlil_retire_stamp(struct dlil_retire *r)
{
	r->since = atomic64_inc_return(&attaches);
}

/* Whatever is attached from now on gets a higher number than this. */
u64 dlil_retire_now(void)
{
	return atomic64_read(&attaches);
}

/* Drop a share of @calls; the last one starts the end.  Any context. */
void dlil_retire_let_go(struct dlil_retire *r)
{
	struct dlil_ifnet *ifp = r->ifp;

	if (!refcount_dec_and_test(&r->calls))
		return;
	/* Once on the list, @r may end at once and drop its reference of @ifp. */
	dlil_ifnet_get(ifp);
	if (llist_add(&r->node, &ifp->endings))
		dlil_ifnet_queue_work(ifp, &ifp->end_work);
	dlil_ifnet_put(ifp);
}

/*
 * Find the next live object of @all behind @r (NULL: from the start) that was
 * attached no later than @until, and hold it.  Drops the hold of @r.
 */
struct dlil_retire *dlil_retire_next(struct dlil_ifnet *ifp,
				     struct list_head *all,
				     struct dlil_retire *r, u64 until)
{
	struct dlil_retire *next;

	mutex_lock(&ifp->lock);
	next = list_prepare_entry(r, all, list);
	list_for_each_entry_continue(next, all, list)
		if (next->since <= until && !dlil_retire_is_dying(next) &&
		    refcount_inc_not_zero(&next->calls))
			goto out;
	next = NULL;
out:
	mutex_unlock(&ifp->lock);
	if (r)
		dlil_retire_let_go(r);
	return next;
}

static void retire_left(struct dlil_leaver *leaver)
{
	dlil_retire_let_go(container_of(leaver, struct dlil_retire, leaver));
}

static void retire_rcu(struct rcu_head *head)
{
	dlil_retire_let_go(container_of(head, struct dlil_retire, rcu));
}

/*
 * Start the end of an object.  Any context but hard interrupts.  The caller has
 * claimed the detach, and has made the object unreachable.
 */
void dlil_retire_queue(struct dlil_retire *r)
{
	struct dlil_ifnet *ifp = dlil_ifnet_get(r->ifp);

	/* Before call_rcu(), which drops the initial share. */
	refcount_inc(&r->calls);
	dlil_reader_after(&ifp->inq.reader, &r->leaver, retire_left);
	call_rcu(&r->rcu, retire_rcu);
}

/* The same in the final detach, when no callback is in flight (IFN-5). */
void dlil_retire_queue_final(struct dlil_retire *r)
{
	dlil_ifnet_get(r->ifp);
	dlil_retire_let_go(r);
}

static void retire_free_rcu(struct rcu_head *head)
{
	struct dlil_retire *r = container_of(head, struct dlil_retire, rcu);

	r->ops->free(r);
}

/* Free after a grace period, because of look-ups under RCU. */
static void retire_put(struct dlil_retire *r)
{
	if (refcount_dec_and_test(&r->refs))
		call_rcu(&r->rcu, retire_free_rcu);
}

/* Called before dlil_retire_queue() by the task that will wait. */
void dlil_retire_get(struct dlil_retire *r)
{
	refcount_inc(&r->refs);
}

/*
 * Wait until the object has ended, and drop the reference of dlil_retire_get().
 * Returns -ERESTARTSYS if the task was killed; the end then comes later,
 * without a waiter.
 */
int dlil_retire_wait(struct dlil_retire *r)
{
	int err = wait_for_completion_killable(&r->over);

	retire_put(r);
	return err;
}

/*
 * End all objects that nobody holds any more, oldest first; in the ifnet's end
 * work.
 */
void dlil_retire_run(struct dlil_ifnet *ifp)
{
	struct llist_node *list;
	struct dlil_retire *r, *next;

	list = llist_reverse_order(llist_del_all(&ifp->endings));
	llist_for_each_entry_safe(r, next, list, node) {
		r->ops->end(r);
		complete_all(&r->over);
		retire_put(r);
		dlil_ifnet_put(ifp);
	}
}

/* Read sections of input threads; dlil_retire.h says how they work. */

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

/*
 * Work queues ("lanes") for works that call callbacks.
 *
 * A work queue runs a limited number of works at a time, and a callback may
 * sleep without limit.  If all ifnets shared one work queue, sleeping callbacks
 * of some ifnets could block the works of all others.  Therefore each ifnet is
 * assigned to a lane, whose work queue runs more works at a time than its
 * ifnets have in total.  So no work waits for that of another ifnet.
 *
 * An ifnet has five works: events; endings and the final detach; restoring
 * groups; control requests; and freeing.  A full lane has 25 x 5 works, a
 * quarter of the limit of its work queue.  The margin is for newer kernels,
 * which divide the limit among NUMA nodes in proportion to their processors:
 * with more than four nodes, or on a node with few processors, there is less of
 * a guarantee.
 *
 * A lane exists until the module is unloaded, because a work on it frees the
 * last ifnet.
 */

/* Largest number of ifnets on a lane. */
#define LANE_USERS 25

/* Guards the list of lanes and their @users. */
static DEFINE_MUTEX(lanes_lock);
static LIST_HEAD(lanes);

static struct dlil_lane *lane_new(void)
{
	struct dlil_lane *lane = kzalloc(sizeof(*lane), GFP_KERNEL);

	if (!lane)
		return NULL;
	lane->wq = alloc_workqueue("dlil_ifnet", WQ_UNBOUND, WQ_MAX_ACTIVE);
	if (!lane->wq) {
		kfree(lane);
		return NULL;
	}
	list_add(&lane->list, &lanes);
	return lane;
}

/* Assign a new ifnet to a lane; NULL if there is no memory.  May sleep. */
struct dlil_lane *dlil_lane_get(void)
{
	struct dlil_lane *lane;

	mutex_lock(&lanes_lock);
	list_for_each_entry(lane, &lanes, list)
		if (lane->users < LANE_USERS)
			goto found;
	lane = lane_new();
found:
	if (lane)
		lane->users++;
	mutex_unlock(&lanes_lock);
	return lane;
}

/*
 * Release the place of an ifnet that is being freed, maybe on this lane.  May
 * sleep.
 */
void dlil_lane_put(struct dlil_lane *lane)
{
	mutex_lock(&lanes_lock);
	lane->users--;
	mutex_unlock(&lanes_lock);
}

/* Wait for all queued works.  No ifnet can be created any more. */
void dlil_lanes_flush(void)
{
	struct dlil_lane *lane;

	list_for_each_entry(lane, &lanes, list)
		flush_workqueue(lane->wq);
}

/* Destroy the lanes at unload, when only works that free ifnets are queued. */
void dlil_lanes_destroy(void)
{
	struct dlil_lane *lane, *next;

	list_for_each_entry_safe(lane, next, &lanes, list) {
		destroy_workqueue(lane->wq);
		kfree(lane);
	}
	INIT_LIST_HEAD(&lanes);
}
