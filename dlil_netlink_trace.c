// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink: traces, which tell a socket of each dropped packet (STA-6).
 *
 * A trace belongs to the socket that has asked for it, and ends when that is closed, or
 * with the module.
 *
 * Messages are put into the socket itself.  To send them to its port id would be wrong: a
 * socket that is being closed gives up the id first, and then anybody may have it, who must
 * not see packets.  Also, a message that finds no room could not wait.
 */
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "dlil_ifnet.h"
#include "dlil_netlink.h"
#include "dlil_netlink_gen.h"
#include "dlil_trace.h"

/**
 * struct trace - a trace
 * @tracer: what the core knows of it
 * @list: entry in the list of traces
 * @sk: the socket, referenced
 * @portid: port id of the socket
 * @end: the last message, which needs no memory at the end
 * @untold: where in that message the number of untold packets goes
 */
struct trace {
	struct dlil_tracer tracer;
	struct list_head list;
	struct sock *sk;
	u32 portid;
	struct sk_buff *end;
	void *untold;
};

/* All traces.  Whoever takes one off the list ends it. */
static DEFINE_SPINLOCK(traces_lock);
static LIST_HEAD(traces);

static int put_packet(struct sk_buff *msg, const struct dlil_trace_record *r)
{
	u32 header = r->has_header ? DLIL_HEADER_ETHERNET : DLIL_HEADER_NONE;

	if (!r->has_packet)
		return 0;
	if (nla_put_u32(msg, DLIL_A_TRACE_LEN, r->len) ||
	    nla_put_u32(msg, DLIL_A_TRACE_HEADER, header) ||
	    nla_put_be16(msg, DLIL_A_TRACE_TYPE, r->type))
		return -EMSGSIZE;
	if (r->vlan_proto &&
	    (nla_put_be16(msg, DLIL_A_TRACE_VLAN_PROTO, r->vlan_proto) ||
	     nla_put_u16(msg, DLIL_A_TRACE_VLAN_TCI, r->vlan_tci)))
		return -EMSGSIZE;
	return nla_put(msg, DLIL_A_TRACE_BYTES, r->n, r->bytes);
}

static int put_record(struct sk_buff *msg, const struct dlil_trace_record *r)
{
	int by = r->why == DLIL_DROP_FILTER ? DLIL_A_TRACE_FILTER :
					      DLIL_A_TRACE_PROTOCOL;
	struct nlattr *nest = nla_nest_start(msg, DLIL_A_TRACE);

	if (!nest)
		return -EMSGSIZE;
	if (nla_put_u64_64bit(msg, DLIL_A_TRACE_TIME, r->time,
			      DLIL_A_TRACE_PAD) ||
	    nla_put_u32(msg, DLIL_A_TRACE_IFINDEX, r->ifindex) ||
	    nla_put_string(msg, DLIL_A_TRACE_IFNAME, r->ifname) ||
	    nla_put_u32(msg, DLIL_A_TRACE_DIRECTION, r->direction) ||
	    nla_put_u32(msg, DLIL_A_TRACE_REASON, DLIL_A_DROPS_DETACHED + r->why) ||
	    (r->by[0] && nla_put_string(msg, by, r->by)) ||
	    put_packet(msg, r)) {
		nla_nest_cancel(msg, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(msg, nest);
	return 0;
}

static struct sk_buff *begin_msg(size_t size, void **hdr)
{
	struct sk_buff *msg = genlmsg_new(size, GFP_KERNEL);

	*hdr = msg ? genlmsg_put(msg, 0, 0, &dlil_nl_family, 0, DLIL_CMD_TRACE) :
		     NULL;
	return msg;
}

/*
 * Is there room in a socket for packets?  The other half is left for the answers to its
 * requests, which nobody would send again.
 */
static bool has_room(const struct sock *sk)
{
	return atomic_read(&sk->sk_rmem_alloc) < READ_ONCE(sk->sk_rcvbuf) / 2;
}

/* Put a message into the socket, for which there may be no memory. */
static int deliver(const struct trace *trace, struct sk_buff *msg)
{
	int err = sock_queue_rcv_skb(trace->sk, msg);

	if (!err)
		return 0;
	kfree_skb(msg);
	/* Any other error is that of a filter of the socket, which does not want it. */
	return err == -ENOMEM || err == -ENOBUFS ? -EAGAIN : 0;
}

/* The tracer's `send`: one message, with as many records as it has room for, ten at least. */
static int send_records(struct dlil_tracer *t,
			const struct dlil_trace_record *records, unsigned int *n,
			u64 lost)
{
	struct trace *trace = container_of(t, struct trace, tracer);
	unsigned int i;
	struct sk_buff *msg;
	void *hdr;

	if (sock_flag(trace->sk, SOCK_DEAD))
		return -ENOTCONN;
	if (!has_room(trace->sk))
		return -EAGAIN;
	msg = begin_msg(GENLMSG_DEFAULT_SIZE, &hdr);
	if (!msg)
		return -EAGAIN;
	if (lost && nla_put_u64_64bit(msg, DLIL_A_LOST, lost, DLIL_A_PAD)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	for (i = 0; i < *n && !put_record(msg, &records[i]); i++)
		;
	*n = i;
	genlmsg_end(msg, hdr);
	return deliver(trace, msg);
}

/* Make the last message of a trace. */
static int make_end(struct trace *trace)
{
	struct nlattr *untold = NULL;
	struct sk_buff *msg;
	void *hdr;

	msg = begin_msg(nla_total_size(0) + nla_total_size_64bit(sizeof(u64)), &hdr);
	if (!msg)
		return -ENOMEM;
	if (!nla_put_flag(msg, DLIL_A_END))
		untold = nla_reserve_64bit(msg, DLIL_A_LOST, sizeof(u64), DLIL_A_PAD);
	if (!untold) {
		nlmsg_free(msg);
		return -ENOMEM;
	}
	genlmsg_end(msg, hdr);
	trace->end = msg;
	trace->untold = nla_data(untold);
	return 0;
}

/* Say that the trace is over.  A reader who is behind gets that in excess of the limit. */
static void send_end(struct trace *trace, u64 untold)
{
	struct sk_buff *msg = trace->end;
	struct sock *sk = trace->sk;

	trace->end = NULL;
	memcpy(trace->untold, &untold, sizeof(untold));
	skb_set_owner_r(msg, sk);
	skb_queue_tail(&sk->sk_receive_queue, msg);
	if (!sock_flag(sk, SOCK_DEAD))
		sk->sk_data_ready(sk);
}

/* Add to the list, unless the socket has another trace there. */
static bool add(struct trace *trace)
{
	const struct trace *other;
	bool added = false;

	spin_lock(&traces_lock);
	list_for_each_entry(other, &traces, list)
		if (other->sk == trace->sk)
			goto unlock;
	list_add_tail(&trace->list, &traces);
	added = true;
unlock:
	spin_unlock(&traces_lock);
	return added;
}

static void take_off(struct trace *trace)
{
	spin_lock(&traces_lock);
	list_del(&trace->list);
	spin_unlock(&traces_lock);
}

/*
 * Take the trace of a socket that is being closed off the list; returns NULL if it has
 * none.  Sockets that have had the port id one after another may be closed at once; then
 * each takes the trace of any of them.
 */
static struct trace *take_off_closed(const struct net *net, u32 portid)
{
	struct trace *trace;

	spin_lock(&traces_lock);
	list_for_each_entry(trace, &traces, list)
		if (trace->portid == portid && net_eq(sock_net(trace->sk), net) &&
		    sock_flag(trace->sk, SOCK_DEAD)) {
			list_del(&trace->list);
			goto unlock;
		}
	trace = NULL;
unlock:
	spin_unlock(&traces_lock);
	return trace;
}

static void trace_free(struct trace *trace)
{
	nlmsg_free(trace->end);
	sock_put(trace->sk);
	kfree(trace);
}

static struct trace *trace_new(struct sock *sk, const struct genl_info *info,
			       int ifindex)
{
	struct trace *trace = kzalloc(sizeof(*trace), GFP_KERNEL_ACCOUNT);

	if (!trace)
		return NULL;
	sock_hold(sk);
	trace->sk = sk;
	trace->portid = info->snd_portid;
	trace->tracer.net_cookie = sock_net(sk)->net_cookie;
	trace->tracer.ifindex = ifindex;
	trace->tracer.send = send_records;
	if (!make_end(trace))
		return trace;
	trace_free(trace);
	return NULL;
}

/* The socket is not closed meanwhile, since it is sending this request. */
static int start(struct sock *sk, struct genl_info *info, int ifindex)
{
	struct trace *trace = trace_new(sk, info, ifindex);
	int err;

	if (!trace)
		return -ENOMEM;
	if (!add(trace)) {
		NL_SET_ERR_MSG(info->extack, "the socket has a trace already");
		trace_free(trace);
		return -EEXIST;
	}
	err = dlil_trace_start(&trace->tracer);
	if (!err)
		return 0;
	if (err == -ENOSPC)
		NL_SET_ERR_MSG(info->extack,
			       "too many traces: 8 in a network namespace, 64 in all");
	take_off(trace);
	trace_free(trace);
	return err;
}

int dlil_nl_trace_start_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct dlil_ifnet *ifp;
	int ifindex = 0;

	if (info->attrs[DLIL_A_IFINDEX] || info->attrs[DLIL_A_IFNAME]) {
		ifp = dlil_netlink_ifnet(info);
		if (IS_ERR(ifp))
			return PTR_ERR(ifp);
		ifindex = ifp->ifindex;
		dlil_ifnet_put(ifp);
	}
	return start(NETLINK_CB(skb).sk, info, ifindex);
}

static int socket_closed(struct notifier_block *nb, unsigned long event,
			 void *ptr)
{
	const struct netlink_notify *n = ptr;
	struct trace *trace;

	if (event != NETLINK_URELEASE || n->protocol != NETLINK_GENERIC)
		return NOTIFY_DONE;
	trace = take_off_closed(n->net, n->portid);
	if (trace) {
		dlil_trace_end(&trace->tracer);
		trace_free(trace);
	}
	return NOTIFY_DONE;
}

static struct notifier_block socket_notifier = {
	.notifier_call = socket_closed,
};

int dlil_netlink_trace_init(void)
{
	return netlink_register_notifier(&socket_notifier);
}

/* The family is gone, so no trace starts any more. */
void dlil_netlink_trace_exit(void)
{
	struct trace *trace, *next;

	/* Waits for sockets that are ending their traces; the others are left to us. */
	netlink_unregister_notifier(&socket_notifier);
	list_for_each_entry_safe(trace, next, &traces, list) {
		take_off(trace);
		send_end(trace, dlil_trace_end(&trace->tracer));
		trace_free(trace);
	}
}
