// SPDX-License-Identifier: GPL-2.0
/*
 * How a filter or a protocol ends.
 *
 * It is made unreachable first, by whoever detaches it.  Then these may still be
 * inside one of its callbacks or use it: the input thread, in its batch; output, in
 * an RCU read section; netlink, describing it under the ifnet's lock; and those who
 * deliver an event or make a control request, who hold it for as long as their
 * callback may take, without keeping others.
 *
 * No task waits for these users: each but netlink has a part in `calls` (see struct
 * dlil_retire), and whoever drops the last one puts it on the ifnet's list of what is
 * to be ended and queues the ifnet's work.  A protocol is made unreachable under the
 * ifnet's lock; for a filter the work takes that lock before it calls `detached`.  So
 * either comes behind netlink, which finds the object no more.  The work calls
 * `detached` with no lock held, one after the other, and takes the object off the
 * ifnet's list under that lock.  Look-ups under RCU may still have found it, so it is
 * freed a grace period later.
 *
 * A worker is needed for `detached` only, which may sleep.  One that does holds up
 * the other endings of its ifnet; those of other ifnets have a work of their own
 * that always finds a worker, see dlil_lane.c.  A callback `detached` must not wait
 * for other endings (FLT-7): they may come after it in the same work.
 *
 * To hold it takes the ifnet's lock and finding it on the list: it stays there
 * until nobody holds it, so from there one can go on to the next one.
 */
#include "dlil_ifnet.h"
#include "dlil_retire.h"

/* Attaches of filters and protocols so far: who is older than what. */
static atomic64_t attaches = ATOMIC64_INIT(0);

/* The filter or protocol is new and not attached yet. */
void dlil_retire_init(struct dlil_retire *r, struct dlil_ifnet *ifp,
		      const struct dlil_retire_ops *ops)
{
	r->ops = ops;
	r->ifp = ifp;
	refcount_set(&r->calls, 1);
	refcount_set(&r->refs, 1);
	init_completion(&r->over);
}

/* It is being attached; under the ifnet's lock, so that lists are in order. */
void dlil_retire_stamp(struct dlil_retire *r)
{
	r->since = atomic64_inc_return(&attaches);
}

/* Everything that is attached from now on is younger than this. */
u64 dlil_retire_now(void)
{
	return atomic64_read(&attaches);
}

/* Keep it from its end; under the ifnet's lock, and it is on the list. */
static bool retire_hold(struct dlil_retire *r)
{
	return refcount_inc_not_zero(&r->calls);
}

/* Any context. */
void dlil_retire_let_go(struct dlil_retire *r)
{
	struct dlil_ifnet *ifp = r->ifp;

	if (!refcount_dec_and_test(&r->calls))
		return;
	/* As soon as it is on the list it may be ended, and drop its reference. */
	dlil_ifnet_get(ifp);
	if (llist_add(&r->node, &ifp->endings))
		dlil_ifnet_queue_work(ifp, &ifp->end_work);
	dlil_ifnet_put(ifp);
}

/*
 * The living one of @all behind @r, or the first one, if it is no younger than @until:
 * held.  @r, held or NULL, is let go of.
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
 * Have it ended.  Any context but hard interrupts.  The caller has made it
 * unreachable and is the only one to.
 */
void dlil_retire_queue(struct dlil_retire *r)
{
	struct dlil_ifnet *ifp = dlil_ifnet_get(r->ifp);

	/* Before the 1 that call_rcu() drops. */
	refcount_inc(&r->calls);
	dlil_reader_after(&ifp->inq.reader, &r->leaver, retire_left);
	call_rcu(&r->rcu, retire_rcu);
}

/* The same in the final detach, when no callback runs any more (IFN-5). */
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

/* Look-ups under RCU may still have found it. */
static void retire_put(struct dlil_retire *r)
{
	if (refcount_dec_and_test(&r->refs))
		call_rcu(&r->rcu, retire_free_rcu);
}

/* Before dlil_retire_queue(), by the task that will wait. */
void dlil_retire_get(struct dlil_retire *r)
{
	refcount_inc(&r->refs);
}

/*
 * Wait for the end, and drop the reference of dlil_retire_get().  Returns
 * -ERESTARTSYS if the task was killed: the end comes all the same, and finds its
 * completion in the object that is being ended.
 */
int dlil_retire_wait(struct dlil_retire *r)
{
	int err = wait_for_completion_killable(&r->over);

	retire_put(r);
	return err;
}

/* End all that nobody holds any more, oldest first; in the ifnet's end work. */
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
