// SPDX-License-Identifier: GPL-2.0
/*
 * Teardown of a filter or protocol.
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
 * find a worker, see dlil_lane.c.  A `detached` callback must not wait for
 * other endings (FLT-7), which may come after it in the same work.
 *
 * A task may hold an object that it finds on the ifnet's list, under the
 * ifnet's lock.  The object stays on the list until nobody holds it, so that
 * the task can continue from there to the next one.
 */
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

/* Delay the end of an object on the list; the ifnet's lock is held. */
static bool retire_hold(struct dlil_retire *r)
{
	return refcount_inc_not_zero(&r->calls);
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
		    retire_hold(next))
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
