// SPDX-License-Identifier: GPL-2.0
/*
 * Requests and events that go to all parties of an ifnet in turn; and its tap.
 *
 * Control requests ask filters, the protocol of the family and the driver.
 * All run in the task that makes the request, with no lock held.  An I/O
 * reference keeps the ifnet attached, and filters and protocol are held during
 * their callbacks, as for events.
 */
#include <linux/module.h>
#include <linux/sched.h>

#include "dlil_call.h"
#include "dlil_event.h"
#include "dlil_filter.h"
#include "dlil_ifnet.h"
#include "dlil_party.h"
#include "dlil_proto.h"
#include "dlil_retire.h"

/**
 * struct request - a control request
 * @family: protocol family
 * @code: request code
 * @arg: argument of the request
 * @answer: the answer so far
 * @call: the calls of callbacks
 * @why: who has answered
 */
struct request {
	u32 family;
	u32 code;
	void *arg;
	int answer;
	struct dlil_call *call;
	struct dlil_ioctl_why *why;
};

/* Merge a result into the answer.  Returns true if it is final now (IOC-1). */
static bool settles(struct request *req, int result)
{
	if (result == -ENOTSUPP)
		result = -EOPNOTSUPP;
	if (req->answer == -EOPNOTSUPP || result == DLIL_STOLEN)
		req->answer = result;
	if (!req->answer || req->answer == -EOPNOTSUPP)
		return false;
	/* The party is held during its callback only. */
	strscpy(req->why->name, req->call->name ?: "", DLIL_NAME_MAX);
	return true;
}

static int filter_ioctl(const struct dlil_filter_ops *ops, void *cookie,
			struct dlil_ifnet *ifp, u32 family, void *arg)
{
	struct request *req = arg;

	if (!ops->ioctl || (family && family != req->family))
		return 0;
	return settles(req, ops->ioctl(cookie, ifp, req->family, req->code,
				       req->arg));
}

static int proto_ioctl(const struct dlil_proto_ops *ops, void *cookie,
		       struct dlil_ifnet *ifp, u32 family, void *arg)
{
	struct request *req = arg;

	if (!ops->ioctl || family != req->family)
		return 0;
	return settles(req, ops->ioctl(cookie, ifp, family, req->code,
				       req->arg));
}

static int driver_ioctl(struct dlil_ifnet *ifp, struct request *req,
			struct dlil_call *call)
{
	int err;

	if (!ifp->driver->ioctl)
		return 0;
	dlil_call_enter(call, DLIL_PARTY_DRIVER, DLIL_CALLBACK_IOCTL, NULL);
	err = ifp->driver->ioctl(ifp, req->code, req->arg);
	dlil_call_leave(call);
	/* The name is that of no filter or protocol now. */
	return settles(req, err);
}

static enum dlil_ioctl_stage ask(struct dlil_ifnet *ifp, struct request *req,
				 struct dlil_call *call)
{
	u64 now = dlil_retire_now();

	if (dlil_filter_call(ifp, now, call, DLIL_CALLBACK_IOCTL, filter_ioctl,
			     req))
		return DLIL_ASKED_FILTER;
	if (dlil_proto_call(ifp, now, call, DLIL_CALLBACK_IOCTL, proto_ioctl,
			    req))
		return DLIL_ASKED_PROTO;
	return driver_ioctl(ifp, req, call) ? DLIL_ASKED_DRIVER : DLIL_ASKED_ALL;
}

/* Same as dlil_ioctl(), and sets *@why to who has answered, and why. */
int dlil_ioctl_ask(struct dlil_ifnet *ifp, u32 family, u32 code, void *arg,
		   struct dlil_ioctl_why *why)
{
	struct dlil_call call;
	struct request req = {
		.family = family,
		.code = code,
		.arg = arg,
		.answer = -EOPNOTSUPP,
		.call = &call,
		.why = why,
	};

	*why = (struct dlil_ioctl_why){ .by = DLIL_ASKED_ALL };
	if (!ifp || !code)
		return -EINVAL;
	if (!dlil_ifnet_io_begin(ifp))
		return -EOPNOTSUPP;
	dlil_call_begin(&call, ifp);
	call.why = why->text;
	why->by = ask(ifp, &req, &call);
	dlil_call_end(&call);
	dlil_ifnet_io_end(ifp);
	return dlil_errno(req.answer);
}

/**
 * dlil_ioctl - make a control request
 * @ifp: ifnet
 * @family: protocol family that it concerns, 0 for none
 * @code: enum dlil_ioctl_code, or a code of your own from DLIL_IOC_PRIVATE on
 * @arg: argument that belongs to @code
 *
 * Row IOC-1.  Asks in turn the filters with an `ioctl` callback and this family
 * or family 0, the protocol of the family, and the driver.  The answer starts
 * as -EOPNOTSUPP.  A result replaces the answer while that is -EOPNOTSUPP, or
 * if the result is DLIL_STOLEN.  An answer other than 0 and -EOPNOTSUPP is
 * final and ends the request.
 *
 * Context: process; may sleep.  The caller must hold no lock that a callback
 * may take; the driver of a network device takes RTNL.
 * Return: the answer; -EINVAL without ifnet or code; -EOPNOTSUPP if the ifnet
 * is not attached.
 */
int dlil_ioctl(struct dlil_ifnet *ifp, u32 family, u32 code, void *arg)
{
	struct dlil_ioctl_why why;

	return dlil_ioctl_ask(ifp, family, code, arg, &why);
}
EXPORT_SYMBOL_GPL(dlil_ioctl);

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
		/* A step may post an event for each of a thousand filters. */
		if (atomic_read(&ifp->events.hearers)) {
			dlil_filter_call(ifp, item->until, call,
					 DLIL_CALLBACK_EVENT, filter_event, event);
			dlil_proto_call(ifp, item->until, call,
					DLIL_CALLBACK_EVENT, proto_event, event);
		}
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

/*
 * The tap of an ifnet: a callback that sees its packets (TAP-1).
 *
 * Only the driver knows when a packet arrives or leaves, so it calls the tap;
 * the core manages which tap that is.  The driver calls the tap inside RCU read
 * sections, and nobody else refers to it.  So the tap is unused one grace
 * period after the driver was told to stop. dlil_set_tap() waits for one; after
 * a detach, the grace period that precedes the final detach serves.
 */

/* Finish a tap that the driver does not call any more. */
static void tap_end(struct dlil_ifnet *ifp, const struct dlil_tap *tap)
{
	struct module *owner = tap->owner;
	struct dlil_call call;

	if (tap->detached) {
		dlil_call_begin(&call, ifp);
		dlil_call_enter(&call, DLIL_PARTY_TAP, DLIL_CALLBACK_DETACHED,
				NULL);
		/* This may free the tap. */
		tap->detached(tap->cookie, ifp);
		dlil_call_end(&call);
	}
	module_put(owner);
}

static int tap_set(struct dlil_ifnet *ifp, u32 mode,
		   const struct dlil_tap *tap)
{
	lockdep_assert_held(&ifp->lock);

	if (!dlil_ifnet_is_attached(ifp))
		return -ENXIO;
	if (ifp->tap && ifp->tap != tap)
		return -EBUSY;
	return dlil_errno(ifp->driver->set_tap(ifp, mode, tap));
}

static int tap_on(struct dlil_ifnet *ifp, u32 mode, const struct dlil_tap *tap)
{
	bool known;
	int err;

	if (!ifp->driver->set_tap)
		return -EOPNOTSUPP;
	if (!try_module_get(tap->owner))
		return -ENODEV;
	mutex_lock(&ifp->lock);
	known = ifp->tap == tap;
	err = tap_set(ifp, mode, tap);
	if (!err)
		ifp->tap = tap;
	mutex_unlock(&ifp->lock);
	/* Keep one module reference, however often the mode changes. */
	if (err || known)
		module_put(tap->owner);
	return err;
}

static int tap_off(struct dlil_ifnet *ifp, const struct dlil_tap *tap)
{
	bool ours;

	mutex_lock(&ifp->lock);
	/* If the ifnet is being detached, the final detach ends the tap. */
	ours = ifp->tap == tap && dlil_ifnet_is_attached(ifp);
	if (ours) {
		ifp->driver->set_tap(ifp, DLIL_TAP_OFF, NULL);
		ifp->tap = NULL;
	}
	mutex_unlock(&ifp->lock);
	if (!ours)
		return -ENXIO;
	synchronize_net();
	tap_end(ifp, tap);
	return 0;
}

/**
 * dlil_set_tap - set, change or remove the tap of an ifnet
 * @ifp: ifnet
 * @mode: enum dlil_tap_mode
 * @tap: the tap; if it is set already, its mode changes
 *
 * Row TAP-1.  An ifnet has at most one tap.  The tap sees received packets
 * before the filters and sent packets after them.  It is off once DLIL_TAP_OFF
 * has returned, or the ifnet has been detached.  It may be set again after its
 * `detached` was called.
 *
 * Context: process; may sleep; waits for no callback.  May be called under
 * RTNL, and from callbacks that may sleep, except those of context L.
 * Return: 0; -EINVAL for bad arguments; -ENXIO unless the ifnet is attached, or
 * if @tap to be removed is not set; -EBUSY if another tap is set; -EOPNOTSUPP
 * if the driver does not support taps; -ENODEV if the tap's module is being
 * unloaded; or an error of the driver.
 */
int dlil_set_tap(struct dlil_ifnet *ifp, u32 mode, const struct dlil_tap *tap)
{
	int err;

	if (!ifp || !tap || !tap->packet || mode > DLIL_TAP_BOTH)
		return -EINVAL;
	if (!dlil_ifnet_io_begin(ifp))
		return -ENXIO;
	err = mode ? tap_on(ifp, mode, tap) : tap_off(ifp, tap);
	dlil_ifnet_io_end(ifp);
	return err;
}
EXPORT_SYMBOL_GPL(dlil_set_tap);

/* Turn the tap off in a detach, before I/O references are killed (IFN-4). */
void dlil_tap_detach(struct dlil_ifnet *ifp)
{
	mutex_lock(&ifp->lock);
	/* A caller that locks later sees the state, and sets no tap. */
	if (ifp->tap)
		ifp->driver->set_tap(ifp, DLIL_TAP_OFF, NULL);
	mutex_unlock(&ifp->lock);
}

/* End the tap in the final detach. */
void dlil_tap_end(struct dlil_ifnet *ifp)
{
	const struct dlil_tap *tap = ifp->tap;

	ifp->tap = NULL;
	if (tap)
		tap_end(ifp, tap);
}
