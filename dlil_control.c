// SPDX-License-Identifier: GPL-2.0
/*
 * Control requests of user space (LNX-10).
 *
 * A control request asks callbacks of filters and protocols, which may sleep for
 * long, and a request to generic netlink must not wait for a callback (see
 * dlil_netlink.c).  So the request is only checked when it comes; a work asks the
 * callbacks and sends the acknowledgment that the kernel would have sent.  It knows
 * the namespace of the requester by its cookie only, and does not keep it.
 */
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>

#include "dlil_control.h"
#include "dlil_ifnet.h"
#include "dlil_ioctl.h"
#include "dlil_netlink.h"
#include "dlil_netlink_gen.h"

/* Requests of one ifnet that may wait for their answer at the same time. */
#define PENDING_MAX 8

/* Requests that are being answered, and what guards the list of them. */
static LIST_HEAD(pending);
static DEFINE_SPINLOCK(pending_lock);
static struct workqueue_struct *control_wq;

/**
 * struct control - a control request as it came
 * @code: enum dlil_ioctl_code
 * @arg: its argument
 */
struct control {
	u32 code;
	union {
		u32 mtu;
		struct dlil_ioc_flags flags;
		struct dlil_ioc_lladdr lladdr;
	} arg;
};

static int parse_lladdr(struct control *c, u32 code, const struct nlattr *attr,
			struct netlink_ext_ack *extack)
{
	c->code = code;
	c->arg.lladdr.len = nla_len(attr);
	if (!c->arg.lladdr.len || c->arg.lladdr.len > MAX_ADDR_LEN) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "a link address must have 1 to 32 bytes");
		return -EINVAL;
	}
	nla_memcpy(c->arg.lladdr.addr, attr, MAX_ADDR_LEN);
	return 0;
}

static int parse_flags(struct control *c, struct genl_info *info)
{
	struct nlattr **a = info->attrs;

	if (!a[DLIL_A_FLAGS] || !a[DLIL_A_FLAGS_MASK]) {
		NL_SET_ERR_MSG(info->extack,
			       "flags and flags-mask are required together");
		return -EINVAL;
	}
	c->code = DLIL_IOC_SIFFLAGS;
	c->arg.flags.flags = nla_get_u32(a[DLIL_A_FLAGS]);
	c->arg.flags.mask = nla_get_u32(a[DLIL_A_FLAGS_MASK]);
	return 0;
}

/* One thing at a time: nothing is to be half-done. */
static int parse_control(struct control *c, struct genl_info *info)
{
	struct nlattr **a = info->attrs;

	if (!!a[DLIL_A_MTU] + !!a[DLIL_A_ADDRESS] + !!a[DLIL_A_GROUP_ADD] +
	    !!a[DLIL_A_GROUP_DEL] +
	    (a[DLIL_A_FLAGS] || a[DLIL_A_FLAGS_MASK]) != 1) {
		NL_SET_ERR_MSG(info->extack,
			       "exactly one of mtu, address, flags, group-add and group-del is required");
		return -EINVAL;
	}
	if (a[DLIL_A_ADDRESS])
		return parse_lladdr(c, DLIL_IOC_SIFLLADDR, a[DLIL_A_ADDRESS],
				    info->extack);
	if (a[DLIL_A_GROUP_ADD])
		return parse_lladdr(c, DLIL_IOC_ADDMULTI, a[DLIL_A_GROUP_ADD],
				    info->extack);
	if (a[DLIL_A_GROUP_DEL])
		return parse_lladdr(c, DLIL_IOC_DELMULTI, a[DLIL_A_GROUP_DEL],
				    info->extack);
	if (!a[DLIL_A_MTU])
		return parse_flags(c, info);
	c->code = DLIL_IOC_SIFMTU;
	c->arg.mtu = nla_get_u32(a[DLIL_A_MTU]);
	return 0;
}

/* The protocol family that a request concerns, 0 for none. */
static int parse_family(struct genl_info *info, u32 *family)
{
	struct nlattr *tb[DLIL_A_PROTO_MAX + 1];
	int err;

	*family = 0;
	if (!info->attrs[DLIL_A_PROTOCOL])
		return 0;
	err = dlil_netlink_proto(info, tb, BIT(DLIL_A_PROTO_NUMBER));
	if (err)
		return err;
	if (!tb[DLIL_A_PROTO_NUMBER]) {
		NL_SET_ERR_MSG(info->extack,
			       "number of the protocol is required");
		return -EINVAL;
	}
	*family = nla_get_u32(tb[DLIL_A_PROTO_NUMBER]);
	return 0;
}

/**
 * struct request - a control request that is being answered
 * @list: in the list of all, under pending_lock
 * @work: answers it
 * @ifp: ifnet, referenced
 * @family: protocol family that it concerns, or 0
 * @control: what is asked for
 * @net_cookie: namespace of the requester
 * @portid: the requester's socket
 * @nlh: header of the request
 */
struct request {
	struct list_head list;
	struct work_struct work;
	struct dlil_ifnet *ifp;
	u32 family;
	struct control control;
	u64 net_cookie;
	u32 portid;
	struct nlmsghdr nlh;
};

static const char *who_refused(enum dlil_ioctl_stage by)
{
	switch (by) {
	case DLIL_ASKED_FILTER:
		return "a filter refused it";
	case DLIL_ASKED_PROTO:
		return "the protocol refused it";
	case DLIL_ASKED_DRIVER:
		return "the device refused it";
	default:
		return "request not supported by the device, or device is being detached";
	}
}

/* An acknowledgment as netlink_ack() makes it, with the request's header only. */
static struct sk_buff *ack_msg(const struct request *req, int err,
			       const char *sentence)
{
	struct nlmsgerr *e;
	struct nlmsghdr *nlh;
	struct sk_buff *msg;

	msg = nlmsg_new(sizeof(*e) + nla_total_size(strlen(sentence) + 1),
			GFP_KERNEL);
	if (!msg)
		return NULL;
	nlh = nlmsg_put(msg, req->portid, req->nlh.nlmsg_seq, NLMSG_ERROR,
			sizeof(*e), NLM_F_CAPPED);
	e = nlmsg_data(nlh);
	*e = (struct nlmsgerr){ .error = err, .msg = req->nlh };
	if (err && !nla_put_string(msg, NLMSGERR_ATTR_MSG, sentence))
		nlh->nlmsg_flags |= NLM_F_ACK_TLVS;
	nlmsg_end(msg, nlh);
	return msg;
}

static void answer(const struct request *req, int err,
		   enum dlil_ioctl_stage by)
{
	struct sk_buff *msg;

	if (!err && !(req->nlh.nlmsg_flags & NLM_F_ACK))
		return;
	msg = ack_msg(req, err, who_refused(by));
	if (msg)
		dlil_netlink_unicast(req->net_cookie, msg, req->portid);
}

static void request_free(struct request *req)
{
	spin_lock(&pending_lock);
	list_del(&req->list);
	spin_unlock(&pending_lock);
	dlil_ifnet_put(req->ifp);
	kfree(req);
}

static void request_work(struct work_struct *work)
{
	struct request *req = container_of(work, struct request, work);
	enum dlil_ioctl_stage by;
	int err;

	err = dlil_ioctl_ask(req->ifp, req->family, req->control.code,
			     &req->control.arg, &by);
	answer(req, err, by);
	request_free(req);
}

static bool request_queue(struct request *req)
{
	struct request *other;
	unsigned int n = 0;

	spin_lock(&pending_lock);
	list_for_each_entry(other, &pending, list)
		n += other->ifp == req->ifp;
	if (n < PENDING_MAX)
		list_add_tail(&req->list, &pending);
	spin_unlock(&pending_lock);
	if (n >= PENDING_MAX)
		return false;
	queue_work(control_wq, &req->work);
	return true;
}

static struct request *request_new(struct genl_info *info,
				   const struct control *control, u32 family)
{
	struct request *req = kzalloc(sizeof(*req), GFP_KERNEL);
	struct dlil_ifnet *ifp;

	if (!req)
		return ERR_PTR(-ENOMEM);
	ifp = dlil_netlink_ifnet(info);
	if (IS_ERR(ifp)) {
		kfree(req);
		return ERR_CAST(ifp);
	}
	INIT_WORK(&req->work, request_work);
	req->ifp = ifp;
	req->family = family;
	req->control = *control;
	req->net_cookie = genl_info_net(info)->net_cookie;
	req->portid = info->snd_portid;
	req->nlh = *info->nlhdr;
	return req;
}

/* Netlink sends no acknowledgment for -EINTR: the work does that. */
int dlil_nl_control_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct control control = {};
	struct request *req;
	u32 family;
	int err;

	err = parse_control(&control, info);
	if (!err)
		err = parse_family(info, &family);
	if (err)
		return err;
	req = request_new(info, &control, family);
	if (IS_ERR(req))
		return PTR_ERR(req);
	if (request_queue(req))
		return -EINTR;
	dlil_ifnet_put(req->ifp);
	kfree(req);
	NL_SET_ERR_MSG(info->extack,
		       "8 requests to this device wait for callbacks already: try again later");
	return -EBUSY;
}

int dlil_control_module_init(void)
{
	control_wq = alloc_workqueue("dlil_control", WQ_UNBOUND, WQ_MAX_ACTIVE);
	return control_wq ? 0 : -ENOMEM;
}

/* No request comes any more; those that are under way are answered. */
void dlil_control_module_exit(void)
{
	destroy_workqueue(control_wq);
}
