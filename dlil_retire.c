// SPDX-License-Identifier: GPL-2.0
/*
 * How a filter or a protocol ends.
 *
 * It is made unreachable first, by whoever detaches it.  Then these may still be
 * inside one of its callbacks: the input thread, in the SRCU read section of
 * its batch; output, in an RCU read section; netlink, describing it under the
 * ifnet's lock; and those who deliver an event or make a control request, who
 * hold it for as long as their callback may take, without keeping others.  A
 * worker waits for both kinds of read section and until nobody holds it, calls
 * `detached` with no lock held, takes it off the ifnet's list under that lock, and
 * has it freed a grace period later.  A worker, because the one who detaches may be
 * one of these very callbacks.
 *
 * To hold it takes the ifnet's lock and finding it on the list: it stays there
 * until nobody holds it, so from there one can go on to the next one.
 */
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>

#include "dlil_ifnet.h"
#include "dlil_output.h"
#include "dlil_retire.h"

static struct workqueue_struct *retire_wq;

/* Attaches of filters and protocols so far: who is older than what. */
static atomic64_t attaches = ATOMIC64_INIT(0);

/* Tasks inside event and control callbacks. */
static LIST_HEAD(calls);
static DEFINE_SPINLOCK(calls_lock);

static void retire_work(struct work_struct *work)
{
	struct dlil_retire *r = container_of(work, struct dlil_retire, work);
	struct dlil_ifnet *ifp = r->ifp;

	synchronize_srcu(&ifp->srcu);
	synchronize_rcu();
	dlil_retire_let_go(r);
	wait_for_completion(&r->idle);
	dlil_retire_end(r);
	wake_up_all(&ifp->wait);
	dlil_ifnet_put(ifp);
}

/* The filter or protocol is new and not attached yet. */
void dlil_retire_init(struct dlil_retire *r,
		      void (*end)(struct dlil_retire *r),
		      void (*free)(struct dlil_retire *r))
{
	r->end = end;
	r->free = free;
	refcount_set(&r->calls, 1);
	init_completion(&r->idle);
	refcount_set(&r->refs, 1);
	init_completion(&r->over);
}

static void retire_free_rcu(struct rcu_head *head)
{
	struct dlil_retire *r = container_of(head, struct dlil_retire, rcu);

	r->free(r);
}

/* Look-ups under RCU may still have found it. */
static void retire_put(struct dlil_retire *r)
{
	if (refcount_dec_and_test(&r->refs))
		call_rcu(&r->rcu, retire_free_rcu);
}

/*
 * No callback runs and none will, and the caller is the only one to end it.  May
 * sleep; it may be gone afterwards.
 */
void dlil_retire_end(struct dlil_retire *r)
{
	r->end(r);
	complete_all(&r->over);
	retire_put(r);
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

/* It is being attached; under the ifnet's lock, so that lists are in order. */
void dlil_retire_stamp(struct dlil_retire *r)
{
	r->since = atomic64_inc_return(&attaches);
}

/* What is attached from now on is younger than this. */
u64 dlil_retire_now(void)
{
	return atomic64_read(&attaches);
}

/* Keep it from its end; under the ifnet's lock, and it is on the list. */
bool dlil_retire_hold(struct dlil_retire *r)
{
	return refcount_inc_not_zero(&r->calls);
}

void dlil_retire_let_go(struct dlil_retire *r)
{
	if (refcount_dec_and_test(&r->calls))
		complete(&r->idle);
}

/* Any context.  The caller has made it unreachable and is the only one to. */
void dlil_retire_queue(struct dlil_retire *r, struct dlil_ifnet *ifp)
{
	INIT_WORK(&r->work, retire_work);
	r->ifp = dlil_ifnet_get(ifp);
	queue_work(retire_wq, &r->work);
}

/* From here to dlil_call_end() event and control callbacks may be called. */
void dlil_call_begin(struct dlil_call *call)
{
	call->task = current;
	spin_lock(&calls_lock);
	list_add(&call->list, &calls);
	spin_unlock(&calls_lock);
}

void dlil_call_end(struct dlil_call *call)
{
	spin_lock(&calls_lock);
	list_del(&call->list);
	spin_unlock(&calls_lock);
}

/* Only process context has its own there, and others cannot wait anyway. */
static bool call_is_current(void)
{
	struct dlil_call *call;
	bool found = false;

	if (!in_task())
		return false;
	spin_lock(&calls_lock);
	list_for_each_entry(call, &calls, list)
		if (call->task == current)
			found = true;
	spin_unlock(&calls_lock);
	return found;
}

/*
 * Might waiting here for callbacks be waiting for ourselves?  Or for a callback
 * of another ifnet that in turn waits for us?
 */
bool dlil_in_callback(void)
{
	return dlil_input_is_current() || dlil_output_is_current() ||
	       call_is_current();
}

int dlil_retire_module_init(void)
{
	retire_wq = alloc_workqueue("dlil_retire", WQ_UNBOUND, 0);
	return retire_wq ? 0 : -ENOMEM;
}

void dlil_retire_module_exit(void)
{
	destroy_workqueue(retire_wq);
}
