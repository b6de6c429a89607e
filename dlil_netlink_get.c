// SPDX-License-Identifier: GPL-2.0
/* Generic netlink: ifnets with all that they have. */
#include <linux/math64.h>
#include <linux/module.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "compat.h"
#include "dlil_filter.h"
#include "dlil_ifnet.h"
#include "dlil_netdev.h"
#include "dlil_netlink.h"
#include "dlil_netlink_gen.h"
#include "dlil_proto.h"

/* Size of an ifnet without its protocols and filters, and size of each of those. */
#define IFNET_MSG_SIZE	3072
#define PROTO_MSG_SIZE	96
#define FILTER_MSG_SIZE	128

static int put_u64s(struct sk_buff *msg, int first, const u64 *values, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (nla_put_u64_64bit(msg, first + i, values[i],
				      DLIL_A_STATS_PAD))
			return -EMSGSIZE;
	return 0;
}

static_assert(DLIL_A_STATS_PAD == 1 && DLIL_A_ACCOUNT_PAD == 1 &&
	      DLIL_A_DROPS_PAD == 1);
static_assert(DLIL_A_STATS_MAX - DLIL_A_STATS_PAD ==
	      sizeof(struct dlil_stats) / sizeof(u64));
static_assert(DLIL_A_DROPS_MAX - DLIL_A_DROPS_PAD == DLIL_DROP_MAX);

static int put_stats(struct sk_buff *msg, const struct dlil_stats *stats)
{
	struct nlattr *nest = nla_nest_start(msg, DLIL_A_STATS);

	if (!nest || put_u64s(msg, DLIL_A_STATS_IPACKETS, (const u64 *)stats,
			      sizeof(*stats) / sizeof(u64)))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int put_account(struct sk_buff *msg, int attr,
		       const struct dlil_account *account)
{
	struct nlattr *nest = nla_nest_start(msg, attr), *drops;

	if (!nest || put_u64s(msg, DLIL_A_ACCOUNT_SEEN, &account->seen,
			      DLIL_A_ACCOUNT_FREED - DLIL_A_ACCOUNT_SEEN + 1))
		return -EMSGSIZE;
	drops = nla_nest_start(msg, DLIL_A_ACCOUNT_DROPS);
	if (!drops || put_u64s(msg, DLIL_A_DROPS_DETACHED, account->drops,
			       DLIL_DROP_MAX))
		return -EMSGSIZE;
	nla_nest_end(msg, drops);
	nla_nest_end(msg, nest);
	return 0;
}

/* Start the nest of a protocol with its name and number; NULL if it does not fit. */
struct nlattr *dlil_netlink_proto_nest(struct sk_buff *msg, const char *name,
				       u32 family)
{
	struct nlattr *nest = nla_nest_start(msg, DLIL_A_PROTOCOL);

	if (!nest || nla_put_string(msg, DLIL_A_PROTO_FAMILY, name) ||
	    nla_put_u32(msg, DLIL_A_PROTO_NUMBER, family))
		return NULL;
	return nest;
}

static int put_proto(const struct dlil_proto *proto, void *arg)
{
	struct sk_buff *msg = arg;
	struct nlattr *nest = dlil_netlink_proto_nest(msg, proto->name,
						      proto->family);

	if (!nest ||
	    nla_put_u64_64bit(msg, DLIL_A_PROTO_PACKETS,
			      dlil_proto_packets(proto), DLIL_A_PROTO_PAD))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int put_plumber(const char *name, u32 family, unsigned int count,
		       void *arg)
{
	struct sk_buff *msg = arg;
	struct nlattr *nest = nla_nest_start(msg, DLIL_A_PLUMBER);

	if (!nest || nla_put_string(msg, DLIL_A_PLUMBER_FAMILY, name) ||
	    nla_put_u32(msg, DLIL_A_PLUMBER_NUMBER, family) ||
	    nla_put_u32(msg, DLIL_A_PLUMBER_COUNT, count))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

/**
 * struct put_filters - arguments of put_filter()
 * @msg: message that receives the filters
 * @n: number of filters in it
 */
struct put_filters {
	struct sk_buff *msg;
	unsigned int n;
};

/**
 * struct place - position of a dump between two messages
 * @pos: number of ifnets of the netns that are complete
 * @behind: last filter of the current ifnet that was dumped
 * @gen: generation of the current ifnet at its first message
 * @changes: how often the generation differed at a further message
 * @begun: the first message of the current ifnet has been built
 * @over: the requested ifnet is complete
 */
struct place {
	unsigned long pos;
	u64 behind;
	u32 gen;
	u32 changes;
	bool begun;
	bool over;
};

static_assert(sizeof(struct place) <=
	      sizeof_field(struct netlink_callback, ctx));

static void describe(const struct dlil_filter_ops *ops, void *cookie,
		     struct dlil_filter_info *info)
{
	*info = (struct dlil_filter_info){ .action = "", .expr = "" };
	info->kind = ops->owner ? module_name(ops->owner) : "module";
	if (!ops->describe)
		return;
	/* A request must not wait for a callback, so `describe` must not sleep. */
	rcu_read_lock();
	ops->describe(cookie, info);
	rcu_read_unlock();
}

/* Put the attributes of the filter's kind (FLT-16). */
static int put_kind(struct sk_buff *msg, const struct dlil_filter_kind *kind,
		    void *cookie)
{
	struct nlattr *nest;
	int err;

	if (!kind || !kind->fill)
		return 0;
	/* As in requests, where the attribute is binary for the policy. */
	nest = nla_nest_start_noflag(msg, DLIL_A_FILTER_DATA);
	if (!nest || skb_tailroom(msg) < kind->fill_size)
		return -EMSGSIZE;
	rcu_read_lock();
	err = kind->fill(cookie, msg);
	rcu_read_unlock();
	/* A kind that needs more room than it says must not stop all dumps. */
	if (WARN_ON_ONCE(err))
		nla_nest_cancel(msg, nest);
	else
		nla_nest_end(msg, nest);
	return 0;
}

static int put_filter(const struct dlil_filter *f, void *arg)
{
	u32 left = dlil_filter_left(f);
	struct put_filters *put = arg;
	struct sk_buff *msg = put->msg;
	struct dlil_filter_info info;
	struct nlattr *nest;

	describe(f->ops, f->cookie, &info);
	nest = nla_nest_start(msg, DLIL_A_FILTER);
	if (!nest)
		return -EMSGSIZE;
	if (nla_put_string(msg, DLIL_A_FILTER_NAME, f->name) ||
	    nla_put_string(msg, DLIL_A_FILTER_KIND, info.kind) ||
	    nla_put_u32(msg, DLIL_A_FILTER_DIRECTION,
			dlil_filter_direction(f)) ||
	    nla_put_string(msg, DLIL_A_FILTER_ACTION, info.action) ||
	    nla_put_string(msg, DLIL_A_FILTER_EXPR, info.expr) ||
	    nla_put_u64_64bit(msg, DLIL_A_FILTER_PACKETS, info.packets,
			      DLIL_A_FILTER_PAD) ||
	    nla_put_u64_64bit(msg, DLIL_A_FILTER_MATCHED, info.matched,
			      DLIL_A_FILTER_PAD) ||
	    (left && nla_put_u32(msg, DLIL_A_FILTER_LIFETIME, left)) ||
	    (!f->ops->kind && nla_put_flag(msg, DLIL_A_FILTER_OF_MODULE)) ||
	    put_kind(msg, f->ops->kind, f->cookie)) {
		nla_nest_cancel(msg, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(msg, nest);
	put->n++;
	return 0;
}

static u32 header_of(const struct dlil_ifnet *ifp)
{
	return ifp->kind == DLIL_IFNET_RAW ? DLIL_HEADER_NONE :
					     DLIL_HEADER_ETHERNET;
}

static int put_queue(struct sk_buff *msg, const struct dlil_inq *q)
{
	struct nlattr *nest = nla_nest_start(msg, DLIL_A_QUEUE);
	u32 packets, bytes;

	dlil_inq_used(q, &packets, &bytes);
	if (!nest ||
	    nla_put_u32(msg, DLIL_A_QUEUE_MAX_PACKETS,
			READ_ONCE(q->max_packets)) ||
	    nla_put_u32(msg, DLIL_A_QUEUE_MAX_BYTES, READ_ONCE(q->max_bytes)) ||
	    nla_put_u32(msg, DLIL_A_QUEUE_PACKETS, packets) ||
	    nla_put_u32(msg, DLIL_A_QUEUE_BYTES, bytes))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int put_overdue(struct sk_buff *msg, struct dlil_ifnet *ifp)
{
	struct dlil_overdue list[DLIL_OVERDUE_MAX], *o;
	unsigned int n = dlil_overdue_get(ifp, list, ARRAY_SIZE(list));
	struct nlattr *nest;

	for (o = list; o < list + n; o++) {
		nest = nla_nest_start(msg, DLIL_A_OVERDUE);
		if (!nest ||
		    nla_put_string(msg, DLIL_A_OVERDUE_PARTY,
				   dlil_party_name(o->party)) ||
		    nla_put_string(msg, DLIL_A_OVERDUE_CALLBACK,
				   dlil_callback_name(o->callback)) ||
		    nla_put_string(msg, DLIL_A_OVERDUE_NAME, o->name) ||
		    nla_put_u32(msg, DLIL_A_OVERDUE_SECONDS, o->seconds) ||
		    nla_put_u32(msg, DLIL_A_OVERDUE_PID, o->pid) ||
		    nla_put_string(msg, DLIL_A_OVERDUE_TASK, o->comm))
			return -EMSGSIZE;
		nla_nest_end(msg, nest);
	}
	return 0;
}

static_assert(DLIL_A_CLASSES_MAX == DLIL_CLASS_MAX);
static_assert(DLIL_A_CLASS_PAD == 1);

static int put_class(struct sk_buff *msg, int class,
		     const struct dlil_traffic *in,
		     const struct dlil_traffic *out)
{
	const u64 values[] = {
		in->packets[class], in->bytes[class],
		out->packets[class], out->bytes[class],
	};
	struct nlattr *nest = nla_nest_start(msg, class + 1);

	if (!nest || put_u64s(msg, DLIL_A_CLASS_IPACKETS, values,
			      ARRAY_SIZE(values)))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

/* Row STA-2 */
static int put_classes(struct sk_buff *msg, struct dlil_ifnet *ifp)
{
	struct dlil_traffic in, out;
	struct nlattr *nest;
	int i;

	if (!dlil_stats_classes(ifp, &in, &out))
		return 0;
	nest = nla_nest_start(msg, DLIL_A_CLASSES);
	if (!nest)
		return -EMSGSIZE;
	for (i = 0; i < DLIL_CLASS_MAX; i++)
		if (put_class(msg, i, &in, &out))
			return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

/* Row IFN-15 */
static int put_attrs(struct sk_buff *msg, const struct dlil_ifnet *ifp)
{
	/* First, since it may change meanwhile. */
	u64 change = dlil_ifnet_last_change(ifp);
	u64 age = ktime_get_boottime_ns() - change;

	if (nla_put_u32(msg, DLIL_A_ATTRS,
			dlil_ifnet_attrs(ifp) & DLIL_ATTRS_SETTABLE) ||
	    nla_put_u64_64bit(msg, DLIL_A_LAST_CHANGE,
			      div_u64(age, NSEC_PER_MSEC), DLIL_A_PAD))
		return -EMSGSIZE;
	return 0;
}

/* Put everything except the filters. */
static int put_ifnet(struct sk_buff *msg, struct dlil_ifnet *ifp)
{
	struct dlil_account in, out;
	struct dlil_stats stats;
	pid_t pid = dlil_inq_pid(ifp);
	struct dlil_netdev *nd;
	u32 unmatched, state;
	char name[IFNAMSIZ];

	dlil_ifnet_copy_name(ifp, name);
	/* The revision before the filters: if they change meanwhile, it is an old one. */
	if (nla_put_string(msg, DLIL_A_IFNAME, name) ||
	    nla_put_u64_64bit(msg, DLIL_A_REVISION, dlil_filter_revision(ifp),
			      DLIL_A_PAD) ||
	    nla_put_u32(msg, DLIL_A_HEADER, header_of(ifp)) ||
	    (pid && nla_put_u32(msg, DLIL_A_THREAD, pid)))
		return -EMSGSIZE;
	state = READ_ONCE(ifp->state);
	nd = dlil_netdev_begin(ifp);
	if (nd) {
		/*
		 * The ifnet is detached once its queued packets have been
		 * processed.
		 */
		if (READ_ONCE(nd->unhooked))
			state = DLIL_STATE_DETACHING;
		unmatched = READ_ONCE(nd->unmatched);
		dlil_ifnet_io_end(ifp);
		if (nla_put_u32(msg, DLIL_A_UNMATCHED, unmatched))
			return -EMSGSIZE;
	}
	if (nla_put_u32(msg, DLIL_A_STATE, state))
		return -EMSGSIZE;
	dlil_stats_read(ifp, &stats, &in, &out);
	if (dlil_proto_for_each(ifp, put_proto, msg) ||
	    dlil_plumb_for_each(ifp, put_plumber, msg) ||
	    put_queue(msg, &ifp->inq) ||
	    put_attrs(msg, ifp) ||
	    put_stats(msg, &stats) ||
	    put_account(msg, DLIL_A_INPUT, &in) ||
	    put_account(msg, DLIL_A_OUTPUT, &out) ||
	    put_classes(msg, ifp))
		return -EMSGSIZE;
	return put_overdue(msg, ifp);
}

/*
 * Sequence number of a dump: messages with the same number show the same state.
 * It changes with the ifnets of the netns, and if the filters and protocols of
 * an ifnet change while it takes several messages.  The kernel flags a dump
 * whose number changes, and the reader starts again. 0 is reserved for "no
 * number yet".
 */
static u32 dump_seq(const struct net *net, const struct place *at)
{
	return (dlil_ifnets_seq(net) + at->changes) ?: 1;
}

/* Called when @hdr is complete, so that later changes are not in it. */
static void check_consistent(struct netlink_callback *cb, struct net *net,
			     void *hdr, struct dlil_ifnet *ifp,
			     struct place *at)
{
	if (at->begun && at->gen != (u32)atomic_read(&ifp->gen))
		at->changes++;
	cb->seq = dump_seq(net, at);
	genl_dump_check_consistent(cb, hdr);
}

/*
 * Build one message about @ifp.  Filters that do not fit go to further
 * messages, which have only the index and filters.  @at is the position of the
 * dump; @cb is NULL if this is not a dump.
 *
 * Return: 0 if the ifnet is complete, 1 if there is more, or -EMSGSIZE if
 * nothing did fit.
 */
static int fill_ifnet(struct sk_buff *msg, struct dlil_ifnet *ifp, u32 portid,
		      u32 seq, int flags, struct place *at,
		      struct netlink_callback *cb)
{
	struct put_filters put = { .msg = msg };
	u32 gen = atomic_read(&ifp->gen);
	void *hdr;
	int err;

	hdr = genlmsg_put(msg, portid, seq, &dlil_nl_family, flags,
			  DLIL_CMD_IFNET_GET);
	if (!hdr)
		return -EMSGSIZE;
	err = nla_put_u32(msg, DLIL_A_IFINDEX, ifp->ifindex);
	if (!err && !at->begun)
		err = put_ifnet(msg, ifp);
	if (err)
		goto cancel;
	err = dlil_filters_behind(ifp, &at->behind, put_filter, &put);
	if (err && at->begun && !put.n)
		goto cancel;
	if (cb)
		check_consistent(cb, sock_net(msg->sk), hdr, ifp, at);
	if (!at->begun)
		at->gen = gen;
	at->begun = err;
	if (!err)
		at->behind = 0;
	genlmsg_end(msg, hdr);
	return err ? 1 : 0;

cancel:
	genlmsg_cancel(msg, hdr);
	return -EMSGSIZE;
}

static int size_filter(const struct dlil_filter *f, void *arg)
{
	struct dlil_filter_info info;
	size_t *size = arg;

	describe(f->ops, f->cookie, &info);
	*size += FILTER_MSG_SIZE + strlen(f->name) + strlen(info.kind) +
		 strlen(info.action) + strlen(info.expr);
	if (f->ops->kind && f->ops->kind->fill)
		*size += nla_total_size(f->ops->kind->fill_size);
	return 0;
}

static int size_proto(const struct dlil_proto *proto, void *arg)
{
	*(size_t *)arg += PROTO_MSG_SIZE;
	return 0;
}

static int size_plumber(const char *name, u32 family, unsigned int count,
			void *arg)
{
	*(size_t *)arg += PROTO_MSG_SIZE;
	return 0;
}

/* Build one message with everything about @ifp, or return an error pointer. */
static struct sk_buff *ifnet_msg(struct dlil_ifnet *ifp, u32 portid, u32 seq)
{
	struct sk_buff *msg;
	struct place at;
	size_t size;

	do {
		at = (struct place){};
		size = IFNET_MSG_SIZE;
		dlil_proto_for_each(ifp, size_proto, &size);
		dlil_plumb_for_each(ifp, size_plumber, &size);
		dlil_filter_for_each(ifp, size_filter, &size);
		msg = genlmsg_new(size, GFP_KERNEL);
		if (!msg)
			return ERR_PTR(-ENOMEM);
		if (!fill_ifnet(msg, ifp, portid, seq, 0, &at, NULL))
			return msg;
		/* More was attached meanwhile than there is room for. */
		nlmsg_free(msg);
	} while (!fatal_signal_pending(current));
	return ERR_PTR(-EINTR);
}

int dlil_nl_ifnet_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct dlil_ifnet *ifp;
	struct sk_buff *msg;

	dlil_watch_notice();
	ifp = dlil_netlink_ifnet(info);
	if (IS_ERR(ifp))
		return PTR_ERR(ifp);
	msg = ifnet_msg(ifp, info->snd_portid, info->snd_seq);
	dlil_ifnet_put(ifp);
	return IS_ERR(msg) ? PTR_ERR(msg) : genlmsg_reply(msg, info);
}

/* Dump the requested ifnet, in as many messages as necessary. */
static int dump_one(struct sk_buff *skb, struct netlink_callback *cb,
		    struct nlattr **attrs)
{
	struct place *at = (struct place *)cb->ctx;
	struct net *net = sock_net(skb->sk);
	struct dlil_ifnet *ifp;
	int err;

	cb->seq = dump_seq(net, at);
	if (at->over)
		return 0;
	ifp = dlil_netlink_named(net, attrs);
	/*
	 * If the ifnet was detached meanwhile, end the dump, flagged as
	 * inconsistent.
	 */
	if (!ifp && at->begun)
		return 0;
	if (!ifp) {
		NL_SET_ERR_MSG(cb->extack, "device is not attached");
		return -ENXIO;
	}
	err = fill_ifnet(skb, ifp, NETLINK_CB(cb->skb).portid,
			 cb->nlh->nlmsg_seq, NLM_F_MULTI, at, cb);
	dlil_ifnet_put(ifp);
	at->over = !err;
	return skb->len ?: err;
}

int dlil_nl_ifnet_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct place *at = (struct place *)cb->ctx;
	struct nlattr **attrs = compat_dump_attrs(cb);
	struct net *net = sock_net(skb->sk);
	struct dlil_ifnet *ifp, *last;
	int err = 0;

	dlil_watch_notice();
	if (attrs[DLIL_A_IFINDEX] || attrs[DLIL_A_IFNAME])
		return dump_one(skb, cb, attrs);
	cb->seq = dump_seq(net, at);
	ifp = dlil_ifnet_next(net, NULL, at->pos);
	while (ifp && err >= 0) {
		err = fill_ifnet(skb, ifp, NETLINK_CB(cb->skb).portid,
				 cb->nlh->nlmsg_seq, NLM_F_MULTI, at, cb);
		if (err)
			continue;
		last = ifp;
		ifp = dlil_ifnet_next(net, last, ++at->pos);
		dlil_ifnet_put(last);
	}
	if (ifp)
		dlil_ifnet_put(ifp);
	/* A part that does not fit into an empty message never will. */
	return skb->len ?: err;
}
