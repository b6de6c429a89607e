// SPDX-License-Identifier: GPL-2.0
/*
 * How a filter or a protocol ends.
 *
 * It is made unreachable first, by whoever detaches it.  Then these may still be
 * inside one of its callbacks: the input thread, in the SRCU read section of
 * its batch; output, in an RCU read section; netlink, describing it under the
 * ifnet's lock.  A worker waits for both kinds of read section, takes it off the
 * ifnet's list under that lock, calls `detached` with no lock held, and frees it.
 * A worker, because the one who detaches may be one of these very callbacks.
 */
#include <linux/srcu.h>

#include "dlil_ifnet.h"
#include "dlil_output.h"
#include "dlil_retire.h"

static struct workqueue_struct *retire_wq;

static void retire_work(struct work_struct *work)
{
	struct dlil_retire *r = container_of(work, struct dlil_retire, work);
	struct completion *done = r->done;
	struct dlil_ifnet *ifp = r->ifp;

	synchronize_srcu(&ifp->srcu);
	synchronize_rcu();
	r->end(r);
	wake_up_all(&ifp->wait);
	if (done)
		complete(done);
	dlil_ifnet_put(ifp);
}

/* Any context.  The caller has made it unreachable and is the only one to. */
void dlil_retire_queue(struct dlil_retire *r, struct dlil_ifnet *ifp,
		       void (*end)(struct dlil_retire *r),
		       struct completion *done)
{
	INIT_WORK(&r->work, retire_work);
	r->ifp = dlil_ifnet_get(ifp);
	r->end = end;
	r->done = done;
	queue_work(retire_wq, &r->work);
}

/*
 * Might waiting here for callbacks be waiting for ourselves?  Or for a callback
 * of another ifnet that in turn waits for us?
 */
bool dlil_in_callback(void)
{
	return dlil_input_is_current() || dlil_output_is_current();
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
