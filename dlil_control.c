// SPDX-License-Identifier: GPL-2.0
/*
 * Control requests of user space (LNX-10), those that ask a plumber (PRO-5), and those
 * that load a kind of filters (FLT-16), and steps of changes of filters (FLT-13).
 *
 * A control request calls filters, protocols and plumbers, whose callbacks may sleep for
 * long, but a generic netlink request must not wait for a callback (see
 * dlil_netlink.c).  So the request is only checked when it arrives.  A work of
 * its ifnet calls the callbacks later, for one request at a time in the order
 * of arrival, and sends the acknowledgment.  The work is on the lane of its
 * ifnet (dlil_retire.c), so that an ifnet whose callbacks sleep delays its own
 * requests only.
 *
 * A request holds an I/O reference, so that the ifnet cannot be reused for
 * another device before the answer.  The request stores the cookie of the
 * requester's netns, and no reference to it.  If the requester closes its
 * socket, no answer is sent.
 */
#include <linux/list.h>
#include <linux/netlink.h>
#include <linux/notifier.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>

#include "dlil_ifnet.h"
#include "dlil_netlink.h"
#include "dlil_netlink_gen.h"
#include "dlil_proto.h"
#include "dlil_settings.h"

/* Limit of unanswered requests per ifnet. */
#define PENDING_MAX 8

/* Size of the longest error message. */
#define SENTENCE_MAX 320

/* Ifnets with unanswered requests. */
static LIST_HEAD(queues);
/* Guards @queues and everything in it. */
static DEFINE_SPINLOCK(queues_lock);
/* Woken when @queues has become empty. */
static DECLARE_WAIT_QUEUE_HEAD(queues_empty);

/*
 * A request is a control request (IOC-1), one to a plumber (PRO-5), one to add a
 * filter (FLT-16), or one to change several filters (FLT-13).
 */
enum {
	CONTROL_SETTINGS,
	CONTROL_FILTER,
	CONTROL_UPDATE,
	CONTROL_PLUMB,
	CONTROL_UNPLUMB,
};

/**
 * struct control - a parsed request
 * @what: CONTROL_*
 * @arg: argument of the request
 */
struct control {
	unsigned int what;
	union {
		char name[DLIL_NAME_MAX];
		struct dlil_settings settings;
		struct {
			const struct nlattr *attr;
			u64 revision;
		} filter;
		struct dlil_netlink_update update;
	} arg;
};

/* Get the protocol family that a request concerns, 0 for none. */
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
 * struct request - an unanswered control request
 * @list: entry in its queue, under queues_lock
 * @control: the request
 * @net_cookie: netns of the requester
 * @portid: socket of the requester; 0 once it is closed; under queues_lock
 * @nlh: header of the netlink message
 * @ack: preallocated skb for the answer
 * @offset: where in the message the attribute at fault is, or 0
 * @sentence: storage for a message that is made of parts
 */
struct request {
	struct list_head list;
	struct control control;
	u64 net_cookie;
	u32 portid;
	struct nlmsghdr nlh;
	struct sk_buff *ack;
	u32 offset;
	char sentence[SENTENCE_MAX];
};

/**
 * struct queue - the unanswered requests of an ifnet
 * @list: entry in the list of all queues, under queues_lock
 * @work: answers the requests; frees the queue after the last one
 * @ifp: ifnet; each request holds an I/O reference
 * @requests: oldest first; the first one is being answered; under queues_lock
 * @n: number of @requests, under queues_lock
 */
struct queue {
	struct list_head list;
	struct work_struct work;
	struct dlil_ifnet *ifp;
	struct list_head requests;
	unsigned int n;
};

/*
 * Build an acknowledgment.  A module cannot see the socket options
 * NETLINK_CAP_ACK and NETLINK_EXT_ACK of the requester.  So the acknowledgment
 * always has only the header of the request, with NLM_F_CAPPED, and always the
 * message.
 */
static void make_ack(struct sk_buff *ack, u32 portid,
		     const struct nlmsghdr *request, int err,
		     const char *sentence, u32 offset)
{
	struct nlmsgerr *e;
	struct nlmsghdr *nlh;

	nlh = nlmsg_put(ack, portid, request->nlmsg_seq, NLMSG_ERROR,
			sizeof(*e), NLM_F_CAPPED);
	e = nlmsg_data(nlh);
	*e = (struct nlmsgerr){ .error = err, .msg = *request };
	if (err && !nla_put_string(ack, NLMSGERR_ATTR_MSG, sentence))
		nlh->nlmsg_flags |= NLM_F_ACK_TLVS;
	if (err && offset)
		nla_put_u32(ack, NLMSGERR_ATTR_OFFS, offset);
	nlmsg_end(ack, nlh);
}

static struct sk_buff *ack_new(void)
{
	return nlmsg_new(sizeof(struct nlmsgerr) + nla_total_size(SENTENCE_MAX) +
			 nla_total_size(sizeof(u32)), GFP_KERNEL);
}

/*
 * Row FLT-13: say which change is at fault, in words and as an offset of the message: that
 * of an attribute in the change, if that is known.
 */
static void blame(const struct dlil_netlink_update *u, int err,
		  const struct netlink_ext_ack *extack, char *sentence, u32 *offset)
{
	const struct nlattr *attr = dlil_netlink_change(u, u->failed);
	const char *msg = extack ? extack->_msg : NULL;

	if (!msg)
		msg = err == -ENOMEM ? "out of memory" : "change is not possible";
	*offset = 0;
	if (!attr) {
		strscpy(sentence, msg, SENTENCE_MAX);
		return;
	}
	snprintf(sentence, SENTENCE_MAX, "change %u: %s", u->failed + 1, msg);
	if (extack && extack->bad_attr)
		attr = extack->bad_attr;
	*offset = NLMSG_HDRLEN + GENL_HDRLEN + ((char *)attr - (char *)u->attrs);
}

/*
 * The sentence is copied, since that of a kind may be in @extack, and the module of the
 * kind may be unloaded before the answer is sent.
 */
static int add_filter(struct dlil_ifnet *ifp, struct request *req)
{
	struct netlink_ext_ack extack = {};
	int err;

	err = dlil_netlink_filter_add(ifp, req->control.arg.filter.attr,
				      req->control.arg.filter.revision, true, &extack);
	strscpy(req->sentence, extack._msg ?: "filter could not be added",
		SENTENCE_MAX);
	return err;
}

static int update_filters(struct dlil_ifnet *ifp, struct request *req)
{
	struct dlil_netlink_update *u = &req->control.arg.update;
	struct netlink_ext_ack extack = {};
	int err;

	err = dlil_netlink_filter_update(ifp, u, true, &extack);
	if (err)
		blame(u, err, &extack, req->sentence, &req->offset);
	return err;
}

/* Do what is asked for; @why is set to a sentence about what went wrong. */
static int run(struct dlil_ifnet *ifp, struct request *req, const char **why)
{
	struct control *c = &req->control;

	if (c->what == CONTROL_FILTER || c->what == CONTROL_UPDATE) {
		*why = req->sentence;
		return c->what == CONTROL_FILTER ? add_filter(ifp, req) :
						   update_filters(ifp, req);
	}
	if (c->what != CONTROL_SETTINGS)
		return dlil_plumb_for_user(ifp, c->arg.name,
					   c->what == CONTROL_PLUMB, true, why);
	*why = req->sentence;
	return dlil_settings_run(ifp, &c->arg.settings, req->sentence, SENTENCE_MAX);
}

static void answer(struct request *req, int err, const char *why)
{
	u32 portid;

	if (!err && !(req->nlh.nlmsg_flags & NLM_F_ACK))
		return;
	spin_lock(&queues_lock);
	portid = req->portid;
	spin_unlock(&queues_lock);
	if (!portid)
		return;
	make_ack(req->ack, portid, &req->nlh, err, why, req->offset);
	dlil_netlink_unicast(req->net_cookie, req->ack, portid);
	req->ack = NULL;
}

static void request_free(struct request *req)
{
	if (req->control.what == CONTROL_FILTER)
		kfree(req->control.arg.filter.attr);
	if (req->control.what == CONTROL_UPDATE)
		kvfree(req->control.arg.update.attrs);
	nlmsg_free(req->ack);
	kfree(req);
}

/* Remove the answered request, and return the next one, or NULL. */
static struct request *next_request(struct queue *q, struct request *answered)
{
	struct request *next;

	spin_lock(&queues_lock);
	if (answered) {
		list_del(&answered->list);
		q->n--;
	}
	next = list_first_entry_or_null(&q->requests, struct request, list);
	/* A request that arrives later starts a new queue. */
	if (!next) {
		list_del(&q->list);
		if (list_empty(&queues))
			wake_up(&queues_empty);
	}
	spin_unlock(&queues_lock);
	return next;
}

static void queue_work_fn(struct work_struct *work)
{
	struct queue *q = container_of(work, struct queue, work);
	struct request *req = next_request(q, NULL), *next;
	const char *why;
	int err;

	while (req) {
		err = run(q->ifp, req, &why);
		answer(req, err, why);
		next = next_request(q, req);
		request_free(req);
		dlil_ifnet_io_end(q->ifp);
		req = next;
	}
	kfree(q);
}

static struct queue *find_queue(const struct dlil_ifnet *ifp)
{
	struct queue *q;

	lockdep_assert_held(&queues_lock);

	list_for_each_entry(q, &queues, list)
		if (q->ifp == ifp)
			return q;
	return NULL;
}

/* Queue @req, with its I/O reference, unless there are too many. */
static int request_queue(struct dlil_ifnet *ifp, struct request *req)
{
	struct queue *added = kzalloc(sizeof(*added), GFP_KERNEL), *q;
	int err = 0;

	if (!added)
		return -ENOMEM;
	INIT_WORK(&added->work, queue_work_fn);
	INIT_LIST_HEAD(&added->requests);
	added->ifp = ifp;

	spin_lock(&queues_lock);
	q = find_queue(ifp);
	if (!q) {
		q = added;
		list_add_tail(&q->list, &queues);
		/*
		 * The work blocks on the lock, and finds the request added
		 * below.
		 */
		queue_work(ifp->lane->wq, &q->work);
		added = NULL;
	}
	if (q->n < PENDING_MAX) {
		list_add_tail(&req->list, &q->requests);
		q->n++;
	} else {
		err = -EBUSY;
	}
	spin_unlock(&queues_lock);
	kfree(added);
	return err;
}

/* Copy the attributes of a request to add or change filters, which outlive the message. */
static bool copy_attrs(struct control *c)
{
	const struct nlattr *attr = c->arg.filter.attr;
	const void *attrs = c->arg.update.attrs;
	void *copy;

	if (c->what == CONTROL_FILTER) {
		c->arg.filter.attr = kmemdup(attr, attr->nla_len, GFP_KERNEL);
		return c->arg.filter.attr;
	}
	if (c->what == CONTROL_UPDATE) {
		copy = kvmalloc(c->arg.update.len, GFP_KERNEL);
		if (copy)
			memcpy(copy, attrs, c->arg.update.len);
		c->arg.update.attrs = copy;
		return copy;
	}
	return true;
}

static struct request *request_new(struct genl_info *info,
				   const struct control *control)
{
	struct request *req = kzalloc(sizeof(*req), GFP_KERNEL);

	if (!req)
		return NULL;
	req->ack = ack_new();
	if (!req->ack) {
		kfree(req);
		return NULL;
	}
	req->control = *control;
	if (!copy_attrs(&req->control)) {
		request_free(req);
		return NULL;
	}
	req->net_cookie = genl_info_net(info)->net_cookie;
	req->portid = info->snd_portid;
	req->nlh = *info->nlhdr;
	return req;
}

static int control_ifnet(struct dlil_ifnet *ifp, const struct control *control,
			 struct genl_info *info)
{
	struct request *req = request_new(info, control);
	int err;

	if (!req)
		return -ENOMEM;
	if (!dlil_ifnet_io_begin(ifp)) {
		NL_SET_ERR_MSG(info->extack, "device is being detached");
		request_free(req);
		return -ENXIO;
	}
	err = request_queue(ifp, req);
	if (!err)
		return 0;
	if (err == -EBUSY)
		NL_SET_ERR_MSG(info->extack,
			       "8 requests to this device are waiting for callbacks: try again later");
	dlil_ifnet_io_end(ifp);
	request_free(req);
	return err;
}

/* The name of the protocol in a request. */
static int proto_name(struct genl_info *info, struct control *c)
{
	struct nlattr *tb[DLIL_A_PROTO_MAX + 1] = {};
	int err = 0;

	if (info->attrs[DLIL_A_PROTOCOL])
		err = dlil_netlink_proto(info, tb, BIT(DLIL_A_PROTO_FAMILY));
	if (err)
		return err;
	if (!tb[DLIL_A_PROTO_FAMILY]) {
		NL_SET_ERR_MSG(info->extack, "family of the protocol is required");
		return -EINVAL;
	}
	nla_strscpy(c->arg.name, tb[DLIL_A_PROTO_FAMILY], sizeof(c->arg.name));
	return 0;
}

/*
 * Plumb or unplumb at once.  Returns 1 without doing anything if that needs a wait
 * for a callback, so that a control request must do it.
 */
static int plumb_now(struct dlil_ifnet *ifp, const struct control *c,
		     struct genl_info *info)
{
	const char *why;
	int err;

	if (!dlil_ifnet_io_begin(ifp)) {
		NL_SET_ERR_MSG(info->extack, "device is being detached");
		return -ENXIO;
	}
	err = dlil_plumb_for_user(ifp, c->arg.name, c->what == CONTROL_PLUMB,
				  false, &why);
	dlil_ifnet_io_end(ifp);
	if (info->extack)
		info->extack->_msg = why;
	/* Netlink sends no acknowledgment for -EINTR. */
	return err == -EINTR ? -EAGAIN : err;
}

static int change_proto(struct genl_info *info, unsigned int what)
{
	struct control control = { .what = what };
	struct dlil_ifnet *ifp;
	int err;

	ifp = dlil_netlink_ifnet(info);
	if (IS_ERR(ifp))
		return PTR_ERR(ifp);
	err = proto_name(info, &control);
	if (!err)
		err = plumb_now(ifp, &control, info);
	if (err > 0)
		/* Netlink sends no acknowledgment for -EINTR: the work does. */
		err = control_ifnet(ifp, &control, info) ?: -EINTR;
	dlil_ifnet_put(ifp);
	return err;
}

int dlil_nl_proto_plumb_doit(struct sk_buff *skb, struct genl_info *info)
{
	return change_proto(info, CONTROL_PLUMB);
}

int dlil_nl_proto_unplumb_doit(struct sk_buff *skb, struct genl_info *info)
{
	return change_proto(info, CONTROL_UNPLUMB);
}

int dlil_nl_filter_add_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *filter = info->attrs[DLIL_A_FILTER];
	struct control control = {
		.what = CONTROL_FILTER,
		.arg.filter = {
			.attr = filter,
			.revision = dlil_netlink_revision(info),
		},
	};
	struct dlil_ifnet *ifp;
	int err;

	ifp = dlil_netlink_ifnet(info);
	if (IS_ERR(ifp))
		return PTR_ERR(ifp);
	err = dlil_netlink_filter_add(ifp, filter, control.arg.filter.revision,
				      false, info->extack);
	if (err > 0)
		/* Netlink sends no acknowledgment for -EINTR: the work does. */
		err = control_ifnet(ifp, &control, info) ?: -EINTR;
	else if (err == -EINTR)
		err = -EAGAIN;
	dlil_ifnet_put(ifp);
	return err;
}

/*
 * Answer a step that was refused with a sentence of parts, which an extended
 * acknowledgment cannot hold on older kernels.  Returns -EINTR, or @err if it could not.
 */
static int refuse_update(struct genl_info *info, const struct dlil_netlink_update *u,
			 int err)
{
	char sentence[SENTENCE_MAX];
	struct sk_buff *ack;
	u32 offset;

	ack = ack_new();
	if (!ack)
		return err;
	blame(u, err, info->extack, sentence, &offset);
	make_ack(ack, info->snd_portid, info->nlhdr, err, sentence, offset);
	genlmsg_unicast(genl_info_net(info), ack, info->snd_portid);
	/* Netlink sends no acknowledgment for -EINTR. */
	return -EINTR;
}

int dlil_nl_filter_update_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct control control = {
		.what = CONTROL_UPDATE,
		.arg.update = {
			.attrs = genlmsg_data(info->genlhdr),
			.len = genlmsg_len(info->genlhdr),
			.revision = dlil_netlink_revision(info),
		},
	};
	struct dlil_netlink_update *u = &control.arg.update;
	struct dlil_ifnet *ifp;
	int err;

	ifp = dlil_netlink_ifnet(info);
	if (IS_ERR(ifp))
		return PTR_ERR(ifp);
	err = dlil_netlink_filter_update(ifp, u, false, info->extack);
	if (err > 0)
		err = control_ifnet(ifp, &control, info) ?: -EINTR;
	else if (err)
		err = refuse_update(info, u, err);
	dlil_ifnet_put(ifp);
	return err;
}

int dlil_nl_control_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct control control = { .what = CONTROL_SETTINGS };
	struct dlil_ifnet *ifp;
	int err;

	err = dlil_settings_parse(&control.arg.settings, info);
	if (!err)
		err = parse_family(info, &control.arg.settings.family);
	if (err)
		return err;
	ifp = dlil_netlink_ifnet(info);
	if (IS_ERR(ifp))
		return PTR_ERR(ifp);
	err = control_ifnet(ifp, &control, info);
	dlil_ifnet_put(ifp);
	/* Suppresses the acknowledgment of netlink; the work sends it. */
	return err ?: -EINTR;
}

/* The port id of a closed socket may be reused by another one. */
static int socket_closed(struct notifier_block *nb, unsigned long event,
			 void *ptr)
{
	const struct netlink_notify *n = ptr;
	struct request *req;
	struct queue *q;

	if (event != NETLINK_URELEASE || n->protocol != NETLINK_GENERIC)
		return NOTIFY_DONE;
	spin_lock(&queues_lock);
	list_for_each_entry(q, &queues, list)
		list_for_each_entry(req, &q->requests, list)
			if (req->portid == n->portid &&
			    req->net_cookie == n->net->net_cookie)
				req->portid = 0;
	spin_unlock(&queues_lock);
	return NOTIFY_DONE;
}

static struct notifier_block socket_notifier = {
	.notifier_call = socket_closed,
};

int dlil_control_module_init(void)
{
	return netlink_register_notifier(&socket_notifier);
}

static bool all_answered(void)
{
	bool empty;

	spin_lock(&queues_lock);
	empty = list_empty(&queues);
	spin_unlock(&queues_lock);
	return empty;
}

/*
 * No request arrives any more; wait until all have been answered.  The works
 * may still be in flight; flushing the lanes waits for them.
 */
void dlil_control_module_exit(void)
{
	wait_event(queues_empty, all_answered());
	netlink_unregister_notifier(&socket_notifier);
}
