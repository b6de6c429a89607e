// SPDX-License-Identifier: GPL-2.0
/*
 * Delivery of events (EVT-1, EVT-2) that dlil_event.c has queued.
 *
 * The work of an ifnet delivers events in the order of posting, one at a time,
 * with no lock held.  So a callback may sleep, take RTNL (LNX-12), attach or
 * detach anything, and post further events.
 *
 * A filter or protocol gets an event if it was attached when the event was
 * posted, and is not being detached at the time of delivery.  The work holds it
 * during the callback, see dlil_retire.c, and continues from there to the next
 * one (EVT-2).
 */
#include <linux/sched.h>

#include "dlil_call.h"
#include "dlil_event.h"
#include "dlil_filter.h"
#include "dlil_ifnet.h"
#include "dlil_notify.h"
#include "dlil_proto.h"

static int filter_event(const struct dlil_filter_ops *ops, void *cookie,
			struct dlil_ifnet *ifp, u32 family, void *arg)
{
	if (ops->event)
		ops->event(cookie, ifp, arg);
	return 0;
}

static int proto_event(const struct dlil_proto_ops *ops, void *cookie,
		       struct dlil_ifnet *ifp, u32 family, void *arg)
{
	if (ops->event)
		ops->event(cookie, ifp, family, arg);
	return 0;
}

/* Row EVT-1: deliver to filters, protocols, the driver, then external listeners. */
static void deliver(struct dlil_ifnet *ifp, struct dlil_event_item *item,
		    struct dlil_call *call)
{
	struct dlil_event *event = &item->event;

	/*
	 * Waits for ifnet_list() to release its lock: receivers then find the
	 * ifnet.
	 */
	if (item->life)
		dlil_ifnet_copy_name(ifp, event->name);
	event->family = ifp->kind;
	event->data = item->data;
	if (item->io && (item->life || dlil_ifnet_is_attached(ifp))) {
		dlil_filter_call(ifp, item->until, call, DLIL_CALLBACK_EVENT,
				 filter_event, event);
		dlil_proto_call(ifp, item->until, call, DLIL_CALLBACK_EVENT,
				proto_event, event);
		if (ifp->driver->event) {
			dlil_call_enter(call, DLIL_PARTY_DRIVER,
					DLIL_CALLBACK_EVENT, NULL);
			ifp->driver->event(ifp, event);
			dlil_call_leave(call);
		}
	}
	dlil_event_tell(ifp, item->net_cookie, event);
}

void dlil_notify_work(struct work_struct *work)
{
	struct dlil_ifnet *ifp = container_of(work, struct dlil_ifnet,
					      events.work);
	struct dlil_event_item *item, *next;
	struct dlil_call call;
	bool lost;

	dlil_call_begin(&call, ifp);
	item = dlil_event_next(&ifp->events, &lost);
	while (item) {
		if (lost)
			dlil_event_tell(ifp, item->net_cookie, NULL);
		deliver(ifp, item, &call);
		/* Dequeue first: the reference of @item may be the last of @ifp. */
		next = dlil_event_next(&ifp->events, &lost);
		dlil_event_done(ifp, item);
		item = next;
		/* Events may be posted as fast as they are delivered. */
		cond_resched();
	}
	dlil_call_end(&call);
}
