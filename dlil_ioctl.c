// SPDX-License-Identifier: GPL-2.0
/*
 * Control requests: ask filters, protocol and driver in turn.
 *
 * All run in the task that makes the request, with no lock held.  An I/O
 * reference keeps the ifnet attached, and filters and protocol are held during
 * their callbacks, as for events.
 */
#include "dlil_call.h"
#include "dlil_filter.h"
#include "dlil_ifnet.h"
#include "dlil_ioctl.h"
#include "dlil_proto.h"
#include "dlil_retire.h"

/**
 * struct request - a control request
 * @family: protocol family
 * @code: request code
 * @arg: argument of the request
 * @answer: the answer so far
 */
struct request {
	u32 family;
	u32 code;
	void *arg;
	int answer;
};

/* Merge a result into the answer.  Returns true if it is final now (IOC-1). */
static bool settles(struct request *req, int result)
{
	if (result == -ENOTSUPP)
		result = -EOPNOTSUPP;
	if (req->answer == -EOPNOTSUPP || result == DLIL_STOLEN)
		req->answer = result;
	return req->answer && req->answer != -EOPNOTSUPP;
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

/* Same as dlil_ioctl(), and sets *@by to the party whose answer was final. */
int dlil_ioctl_ask(struct dlil_ifnet *ifp, u32 family, u32 code, void *arg,
		   enum dlil_ioctl_stage *by)
{
	struct request req = {
		.family = family,
		.code = code,
		.arg = arg,
		.answer = -EOPNOTSUPP,
	};
	struct dlil_call call;

	*by = DLIL_ASKED_ALL;
	if (!ifp || !code)
		return -EINVAL;
	if (!dlil_ifnet_io_begin(ifp))
		return -EOPNOTSUPP;
	dlil_call_begin(&call, ifp);
	*by = ask(ifp, &req, &call);
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
	enum dlil_ioctl_stage by;

	return dlil_ioctl_ask(ifp, family, code, arg, &by);
}
EXPORT_SYMBOL_GPL(dlil_ioctl);
