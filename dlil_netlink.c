// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink: the requests of Documentation/netlink/specs/dlil.yaml.
 *
 * Requests run in parallel; each takes the locks that it needs.  Generic
 * netlink holds a lock for reading during a request.  A family that is
 * registered or removed waits for that lock, and then the requests of all
 * families wait, too.  So no request may wait for a callback of a filter or
 * protocol, which may sleep for long (LNX-13).  A detach is answered once no
 * new callback can start; an event reports its end.  A control request calls
 * callbacks, and a work answers it later.
 *
 * Events go to the multicast group `events` of the ifnet's netns (LNX-11).  An
 * ifnet holds no reference to its netns, which may be gone when an event of a
 * device that has left it is delivered.  So all live netns are listed here by
 * their cookie, which is never reused.
 */
#include <linux/hashtable.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/rtnetlink.h>
#include <net/genetlink.h>
#include <net/netns/generic.h>
#include <net/sock.h>

#include "compat.h"
#include "dlil_event.h"
#include "dlil_filter.h"
#include "dlil_ifnet.h"
#include "dlil_match.h"
#include "dlil_netdev.h"
#include "dlil_netlink.h"
#include "dlil_netlink_gen.h"
#include "dlil_overdue.h"
#include "dlil_plumb.h"
#include "dlil_proto.h"

/* Size of an ifnet without its protocols and filters, and size of each of those. */
#define IFNET_MSG_SIZE	3072
#define PROTO_MSG_SIZE	96
#define FILTER_MSG_SIZE	128
#define EVENT_MSG_SIZE	(512 + DLIL_EVENT_DATA_MAX)

static struct genl_family dlil_nl_family;

/* A request that names its device in two ways may mean two devices. */
static int check_one_name(struct genl_info *info)
{
	if (!info->attrs[DLIL_A_IFINDEX] || !info->attrs[DLIL_A_IFNAME])
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[DLIL_A_IFNAME],
			    "give ifindex or ifname, not both");
	return -EINVAL;
}

/* Find the device of a request; RTNL held. */
static struct net_device *find_device(struct genl_info *info)
{
	struct nlattr **a = info->attrs;
	struct net_device *dev = NULL;
	int err;

	err = check_one_name(info);
	if (err)
		return ERR_PTR(err);
	if (a[DLIL_A_IFINDEX]) {
		dev = __dev_get_by_index(genl_info_net(info),
					 nla_get_u32(a[DLIL_A_IFINDEX]));
	} else if (a[DLIL_A_IFNAME]) {
		dev = __dev_get_by_name(genl_info_net(info),
					nla_data(a[DLIL_A_IFNAME]));
	} else {
		NL_SET_ERR_MSG(info->extack,
			       "ifindex or ifname of the device is required");
		return ERR_PTR(-EINVAL);
	}
	if (dev)
		return dev;
	NL_SET_ERR_MSG(info->extack, "no such device");
	return ERR_PTR(-ENODEV);
}

/* Find the attached ifnet of a device by alternative name: referenced, or NULL. */
static struct dlil_ifnet *altnamed_ifnet(struct net *net, const char *name)
{
	struct net_device *dev;
	int ifindex = 0;

	rcu_read_lock();
	dev = dev_get_by_name_rcu(net, name);
	if (dev)
		ifindex = dev->ifindex;
	rcu_read_unlock();
	return ifindex ? dlil_ifnet_by_index(net, ifindex) : NULL;
}

/* Find the attached ifnet by index, or by name: referenced, or NULL. */
static struct dlil_ifnet *named_ifnet(struct net *net, struct nlattr **a)
{
	struct dlil_ifnet *ifp;
	const char *name;

	if (a[DLIL_A_IFINDEX])
		return dlil_ifnet_by_index(net,
					   nla_get_u32(a[DLIL_A_IFINDEX]));
	if (!a[DLIL_A_IFNAME])
		return NULL;
	name = nla_data(a[DLIL_A_IFNAME]);
	ifp = dlil_ifnet_by_name(net, name);
	return ifp ?: altnamed_ifnet(net, name);
}

/* Find the ifnet of a request: referenced, or an error pointer. */
struct dlil_ifnet *dlil_netlink_ifnet(struct genl_info *info)
{
	struct net_device *dev;
	struct dlil_ifnet *ifp;
	int err;

	err = check_one_name(info);
	if (err)
		return ERR_PTR(err);
	ifp = named_ifnet(genl_info_net(info), info->attrs);
	if (ifp)
		return ifp;

	/* The request fails; this only finds the right message. */
	rtnl_lock();
	dev = find_device(info);
	rtnl_unlock();
	if (IS_ERR(dev))
		return ERR_CAST(dev);
	NL_SET_ERR_MSG(info->extack, "device is not attached");
	return ERR_PTR(-ENXIO);
}

/* Attach or detach the device of a request; does not wait for a final detach. */
static int change_device(struct genl_info *info,
			 int (*fn)(struct net_device *dev,
				   struct genl_info *info,
				   struct dlil_ifnet **going))
{
	struct dlil_ifnet *going = NULL;
	struct net_device *dev;
	int err;

	rtnl_lock();
	dev = find_device(info);
	err = IS_ERR(dev) ? PTR_ERR(dev) : fn(dev, info, &going);
	rtnl_unlock();
	if (going)
		dlil_ifnet_put(going);
	return err;
}

static int attach_device(struct net_device *dev, struct genl_info *info,
			 struct dlil_ifnet **going)
{
	u32 unmatched = DLIL_UNMATCHED_PASS;
	int err;

	if (info->attrs[DLIL_A_UNMATCHED])
		unmatched = nla_get_u32(info->attrs[DLIL_A_UNMATCHED]);
	err = dlil_netdev_attach(dev, unmatched, info->extack, going);
	if (err == -EAGAIN)
		NL_SET_ERR_MSG(info->extack,
			       "device is still being detached: try again when it is over (event if-detached)");
	return err;
}

int dlil_nl_ifnet_attach_doit(struct sk_buff *skb, struct genl_info *info)
{
	return change_device(info, attach_device);
}

static int detach_device(struct net_device *dev, struct genl_info *info,
			 struct dlil_ifnet **going)
{
	return dlil_netdev_detach(dev, info->extack, going);
}

int dlil_nl_ifnet_detach_doit(struct sk_buff *skb, struct genl_info *info)
{
	return change_device(info, detach_device);
}

/*
 * Reject attributes of a nest other than @known.  (The policies of the
 * operations reject useless attributes outside nests.)
 */
static int only_known(struct nlattr **tb, int max, u32 known,
		      struct netlink_ext_ack *extack)
{
	int i;

	for (i = 1; i <= max; i++) {
		if (!tb[i] || known & BIT(i))
			continue;
		NL_SET_ERR_MSG_ATTR(extack, tb[i],
				    "attribute not supported here");
		return -EINVAL;
	}
	return 0;
}

/* Parse the protocol nest of a request, which may only have attributes @known. */
int dlil_netlink_proto(struct genl_info *info, struct nlattr **tb, u32 known)
{
	int err;

	err = nla_parse_nested(tb, DLIL_A_PROTO_MAX,
			       info->attrs[DLIL_A_PROTOCOL],
			       dlil_protocol_nl_policy, info->extack);
	return err ?: only_known(tb, DLIL_A_PROTO_MAX, known, info->extack);
}

/* Is the attribute absent, or its value within the range? */
static bool is_within(const struct nlattr *attr, u32 min, u32 max)
{
	return !attr || (nla_get_u32(attr) >= min && nla_get_u32(attr) <= max);
}

static int parse_queue(struct genl_info *info, struct nlattr **tb)
{
	int err;

	err = nla_parse_nested(tb, DLIL_A_QUEUE_MAX, info->attrs[DLIL_A_QUEUE],
			       dlil_queue_nl_policy, info->extack);
	if (!err)
		err = only_known(tb, DLIL_A_QUEUE_MAX,
				 BIT(DLIL_A_QUEUE_MAX_PACKETS) |
				 BIT(DLIL_A_QUEUE_MAX_BYTES), info->extack);
	if (err)
		return err;
	if (!tb[DLIL_A_QUEUE_MAX_PACKETS] && !tb[DLIL_A_QUEUE_MAX_BYTES]) {
		NL_SET_ERR_MSG(info->extack,
			       "give the queue max-packets, max-bytes, or both");
		return -EINVAL;
	}
	if (!is_within(tb[DLIL_A_QUEUE_MAX_PACKETS], 1,
		       DLIL_INQ_PACKETS_MAX)) {
		NL_SET_ERR_MSG_ATTR(info->extack, tb[DLIL_A_QUEUE_MAX_PACKETS],
				    "a queue holds 1 to 1048576 packets");
		return -ERANGE;
	}
	if (!is_within(tb[DLIL_A_QUEUE_MAX_BYTES], DLIL_INQ_BYTES_MIN,
		       DLIL_INQ_BYTES_MAX)) {
		NL_SET_ERR_MSG_ATTR(info->extack, tb[DLIL_A_QUEUE_MAX_BYTES],
				    "a queue holds 1048576 to 1073741824 bytes");
		return -ERANGE;
	}
	return 0;
}

/* Set those limits of the queue that are in the request. */
static void limit_queue(struct dlil_ifnet *ifp, struct nlattr **tb)
{
	u32 packets, bytes;

	mutex_lock(&ifp->lock);
	packets = ifp->inq.max_packets;
	if (tb[DLIL_A_QUEUE_MAX_PACKETS])
		packets = nla_get_u32(tb[DLIL_A_QUEUE_MAX_PACKETS]);
	bytes = ifp->inq.max_bytes;
	if (tb[DLIL_A_QUEUE_MAX_BYTES])
		bytes = nla_get_u32(tb[DLIL_A_QUEUE_MAX_BYTES]);
	dlil_inq_limit(ifp, packets, bytes);
	mutex_unlock(&ifp->lock);
}

/* Row IFN-15: check a change of attributes; users may change one of them only. */
static int check_attrs(struct genl_info *info)
{
	struct nlattr **a = info->attrs;
	u32 mask;

	if (!a[DLIL_A_ATTRS] || !a[DLIL_A_ATTRS_MASK]) {
		NL_SET_ERR_MSG(info->extack,
			       "attrs and attrs-mask are required together");
		return -EINVAL;
	}
	mask = nla_get_u32(a[DLIL_A_ATTRS_MASK]);
	if (!mask || nla_get_u32(a[DLIL_A_ATTRS]) & ~mask) {
		NL_SET_ERR_MSG_ATTR(info->extack, a[DLIL_A_ATTRS],
				    "attrs-mask must include all attributes in attrs");
		return -EINVAL;
	}
	if (mask & ~DLIL_ATTR_ARPLL) {
		NL_SET_ERR_MSG_ATTR(info->extack, a[DLIL_A_ATTRS_MASK],
				    "the driver decides this attribute: only arpll can be set");
		return -EOPNOTSUPP;
	}
	return 0;
}

/*
 * Change the ifnet, whose I/O reference is held.  What may fail comes first, so that
 * all of a request is done, or nothing.
 */
static int set_ifnet(struct dlil_ifnet *ifp, struct genl_info *info,
		     struct nlattr **queue)
{
	struct nlattr **a = info->attrs;
	struct dlil_netdev *nd = NULL;
	int err = 0;

	if (a[DLIL_A_UNMATCHED]) {
		nd = dlil_netdev_begin(ifp);
		if (!nd) {
			NL_SET_ERR_MSG(info->extack,
				       "device is being detached, or is not a network device");
			return -ENXIO;
		}
	}
	if (a[DLIL_A_ATTRS])
		err = dlil_ifnet_set_attrs(ifp, nla_get_u32(a[DLIL_A_ATTRS]),
					   nla_get_u32(a[DLIL_A_ATTRS_MASK]));
	if (err == -ENXIO)
		NL_SET_ERR_MSG(info->extack, "ifnet is being detached");
	if (!err && nd)
		dlil_change_unmatched(nd, nla_get_u32(a[DLIL_A_UNMATCHED]));
	if (!err && a[DLIL_A_QUEUE])
		limit_queue(ifp, queue);
	if (nd)
		dlil_ifnet_io_end(ifp);
	return err;
}

/* Check the whole request before anything is changed. */
int dlil_nl_ifnet_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *tb[DLIL_A_QUEUE_MAX + 1];
	struct nlattr **a = info->attrs;
	struct dlil_ifnet *ifp;
	bool attrs = a[DLIL_A_ATTRS] || a[DLIL_A_ATTRS_MASK];
	int err = 0;

	if (!a[DLIL_A_UNMATCHED] && !a[DLIL_A_QUEUE] && !attrs) {
		NL_SET_ERR_MSG(info->extack,
			       "nothing to set: give unmatched, queue or attrs");
		return -EINVAL;
	}
	if (attrs)
		err = check_attrs(info);
	if (!err && a[DLIL_A_QUEUE])
		err = parse_queue(info, tb);
	if (err)
		return err;
	ifp = dlil_netlink_ifnet(info);
	if (IS_ERR(ifp))
		return PTR_ERR(ifp);
	if (dlil_ifnet_io_begin(ifp)) {
		err = set_ifnet(ifp, info, tb);
		dlil_ifnet_io_end(ifp);
	} else {
		NL_SET_ERR_MSG(info->extack, "ifnet is being detached");
		err = -ENXIO;
	}
	dlil_ifnet_put(ifp);
	return err;
}

static int parse_filter(struct genl_info *info, struct nlattr **tb, u32 known)
{
	int err;

	if (!info->attrs[DLIL_A_FILTER]) {
		NL_SET_ERR_MSG(info->extack, "filter is required");
		return -EINVAL;
	}
	err = nla_parse_nested(tb, DLIL_A_FILTER_MAX,
			       info->attrs[DLIL_A_FILTER],
			       dlil_filter_nl_policy, info->extack);
	if (!err)
		err = only_known(tb, DLIL_A_FILTER_MAX, known, info->extack);
	if (err)
		return err;
	if (!tb[DLIL_A_FILTER_NAME]) {
		NL_SET_ERR_MSG(info->extack, "name of the filter is required");
		return -EINVAL;
	}
	return 0;
}

/* Attributes of a request to add a filter; only the kernel sends the others. */
#define MATCH_ATTRS (BIT(DLIL_A_FILTER_NAME) | BIT(DLIL_A_FILTER_KIND) | \
		     BIT(DLIL_A_FILTER_DIRECTION) | \
		     BIT(DLIL_A_FILTER_ACTION) | BIT(DLIL_A_FILTER_PROGRAM) | \
		     BIT(DLIL_A_FILTER_EXPR))

static int parse_match(struct genl_info *info,
		       struct dlil_match_params *params)
{
	struct nlattr *tb[DLIL_A_FILTER_MAX + 1], *program;
	int err;

	err = parse_filter(info, tb, MATCH_ATTRS);
	if (err)
		return err;
	if (!tb[DLIL_A_FILTER_KIND] ||
	    strcmp(nla_data(tb[DLIL_A_FILTER_KIND]), "match")) {
		NL_SET_ERR_MSG(info->extack,
			       "unknown kind of filter: expected match");
		return -EOPNOTSUPP;
	}
	program = tb[DLIL_A_FILTER_PROGRAM];
	if (!tb[DLIL_A_FILTER_ACTION] || !program) {
		NL_SET_ERR_MSG(info->extack,
			       "action and program are required for a match filter");
		return -EINVAL;
	}
	if (nla_len(program) % sizeof(struct sock_filter)) {
		NL_SET_ERR_MSG(info->extack,
			       "program is not a whole number of instructions");
		return -EINVAL;
	}
	params->name = nla_data(tb[DLIL_A_FILTER_NAME]);
	params->action = nla_data(tb[DLIL_A_FILTER_ACTION]);
	params->direction = DLIL_DIRECTION_IN | DLIL_DIRECTION_OUT;
	if (tb[DLIL_A_FILTER_DIRECTION])
		params->direction = nla_get_u32(tb[DLIL_A_FILTER_DIRECTION]);
	if (tb[DLIL_A_FILTER_EXPR])
		params->expr = nla_data(tb[DLIL_A_FILTER_EXPR]);
	params->program = nla_data(program);
	params->n = nla_len(program) / sizeof(struct sock_filter);
	return 0;
}

int dlil_nl_filter_add_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct dlil_match_params params = {};
	struct dlil_ifnet *ifp;
	int err;

	err = parse_match(info, &params);
	if (err)
		return err;
	ifp = dlil_netlink_ifnet(info);
	if (IS_ERR(ifp))
		return PTR_ERR(ifp);
	err = dlil_match_add(ifp, &params, info->extack);
	dlil_ifnet_put(ifp);
	return err;
}

int dlil_nl_filter_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *tb[DLIL_A_FILTER_MAX + 1];
	struct dlil_ifnet *ifp;
	int err;

	err = parse_filter(info, tb, BIT(DLIL_A_FILTER_NAME));
	if (err)
		return err;
	ifp = dlil_netlink_ifnet(info);
	if (IS_ERR(ifp))
		return PTR_ERR(ifp);
	err = dlil_match_del(ifp, nla_data(tb[DLIL_A_FILTER_NAME]),
			     info->extack);
	dlil_ifnet_put(ifp);
	return err;
}

static int put_u64s(struct sk_buff *msg, int first, const u64 *values, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (nla_put_u64_64bit(msg, first + i, values[i],
				      DLIL_A_STATS_PAD))
			return -EMSGSIZE;
	return 0;
}

static_assert(DLIL_A_STATS_PAD == 1 && DLIL_A_FLOW_PAD == 1 &&
	      DLIL_A_DROPS_PAD == 1);
static_assert(DLIL_A_STATS_MAX - DLIL_A_STATS_PAD ==
	      sizeof(struct dlil_stats) / sizeof(u64));
static_assert(DLIL_A_DROPS_MAX - DLIL_A_DROPS_PAD == DLIL_DROP_MAX);

/* Both enums have the same reasons in the same order. */
#define DROP_IS(attr, why) \
	static_assert((attr) - DLIL_A_DROPS_PAD - 1 == (int)(why))

DROP_IS(DLIL_A_DROPS_DETACHED, DLIL_DROP_DETACHED);
DROP_IS(DLIL_A_DROPS_DEMUX, DLIL_DROP_DEMUX);
DROP_IS(DLIL_A_DROPS_FILTER, DLIL_DROP_FILTER);
DROP_IS(DLIL_A_DROPS_PROMISCUOUS, DLIL_DROP_PROMISC);
DROP_IS(DLIL_A_DROPS_NOPROTO, DLIL_DROP_NOPROTO);
DROP_IS(DLIL_A_DROPS_PROTOCOL, DLIL_DROP_PROTOCOL);
DROP_IS(DLIL_A_DROPS_QUEUE_FULL, DLIL_DROP_QUEUE_FULL);
DROP_IS(DLIL_A_DROPS_NOMEM, DLIL_DROP_NOMEM);
DROP_IS(DLIL_A_DROPS_FRAMER, DLIL_DROP_FRAMER);
DROP_IS(DLIL_A_DROPS_RECURSION, DLIL_DROP_RECURSION);
DROP_IS(DLIL_A_DROPS_DRIVER, DLIL_DROP_DRIVER);
DROP_IS(DLIL_A_DROPS_SANITY, DLIL_DROP_SANITY);
DROP_IS(DLIL_A_DROPS_POLICY, DLIL_DROP_POLICY);
DROP_IS(DLIL_A_DROPS_TSO, DLIL_DROP_TSO);

static int put_stats(struct sk_buff *msg, const struct dlil_stats *stats)
{
	struct nlattr *nest = nla_nest_start(msg, DLIL_A_STATS);

	if (!nest || put_u64s(msg, DLIL_A_STATS_IPACKETS, (const u64 *)stats,
			      sizeof(*stats) / sizeof(u64)))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int put_flow(struct sk_buff *msg, int attr,
		    const struct dlil_flow *flow)
{
	struct nlattr *nest = nla_nest_start(msg, attr), *drops;

	if (!nest || put_u64s(msg, DLIL_A_FLOW_SEEN, &flow->seen,
			      DLIL_A_FLOW_FREED - DLIL_A_FLOW_SEEN + 1))
		return -EMSGSIZE;
	drops = nla_nest_start(msg, DLIL_A_FLOW_DROPS);
	if (!drops || put_u64s(msg, DLIL_A_DROPS_DETACHED, flow->drops,
			       DLIL_DROP_MAX))
		return -EMSGSIZE;
	nla_nest_end(msg, drops);
	nla_nest_end(msg, nest);
	return 0;
}

/*
 * Start the nest of a protocol with its name and number; NULL if it does not
 * fit.
 */
static struct nlattr *start_proto(struct sk_buff *msg, const char *name,
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
	struct nlattr *nest = start_proto(msg, proto->name, proto->family);

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

static int put_filter(const char *name, u32 direction,
		      const struct dlil_filter_ops *ops, void *cookie,
		      void *arg)
{
	struct put_filters *put = arg;
	struct sk_buff *msg = put->msg;
	struct dlil_filter_info info;
	struct nlattr *nest;

	describe(ops, cookie, &info);
	nest = nla_nest_start(msg, DLIL_A_FILTER);
	if (!nest)
		return -EMSGSIZE;
	if (nla_put_string(msg, DLIL_A_FILTER_NAME, name) ||
	    nla_put_string(msg, DLIL_A_FILTER_KIND, info.kind) ||
	    nla_put_u32(msg, DLIL_A_FILTER_DIRECTION, direction) ||
	    nla_put_string(msg, DLIL_A_FILTER_ACTION, info.action) ||
	    nla_put_string(msg, DLIL_A_FILTER_EXPR, info.expr) ||
	    nla_put_u64_64bit(msg, DLIL_A_FILTER_PACKETS, info.packets,
			      DLIL_A_FILTER_PAD) ||
	    nla_put_u64_64bit(msg, DLIL_A_FILTER_MATCHED, info.matched,
			      DLIL_A_FILTER_PAD)) {
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

/* The same classes in the same order. */
#define CLASS_IS(attr, class) \
	static_assert((attr) - 1 == (int)(class))

CLASS_IS(DLIL_A_CLASSES_BACKGROUND, DLIL_CLASS_BACKGROUND);
CLASS_IS(DLIL_A_CLASSES_VIDEO, DLIL_CLASS_VIDEO);
CLASS_IS(DLIL_A_CLASSES_VOICE, DLIL_CLASS_VOICE);
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
	struct dlil_flow in, out;
	struct dlil_stats stats;
	pid_t pid = dlil_inq_pid(ifp);
	struct dlil_netdev *nd;
	u32 unmatched, state;
	char name[IFNAMSIZ];

	dlil_ifnet_copy_name(ifp, name);
	if (nla_put_string(msg, DLIL_A_IFNAME, name) ||
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
	    put_flow(msg, DLIL_A_INPUT, &in) ||
	    put_flow(msg, DLIL_A_OUTPUT, &out) ||
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

static int size_filter(const char *name, u32 direction,
		       const struct dlil_filter_ops *ops, void *cookie,
		       void *arg)
{
	struct dlil_filter_info info;
	size_t *size = arg;

	describe(ops, cookie, &info);
	*size += FILTER_MSG_SIZE + strlen(name) + strlen(info.kind) +
		 strlen(info.action) + strlen(info.expr);
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
	ifp = named_ifnet(net, attrs);
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

static bool is_event(const struct dlil_event *event, u32 subclass, u32 code,
		     size_t len)
{
	return event->class == DLIL_EVENT_CLASS_NETWORK &&
	       event->subclass == subclass && event->code == code &&
	       event->len == len;
}

static bool is_dl(const struct dlil_event *event, u32 code, size_t len)
{
	return is_event(event, DLIL_EVENT_SUBCLASS_DL, code, len);
}

static bool is_address(const struct dlil_event *event)
{
	return is_dl(event, DLIL_EVENT_LINK_ADDRESS_CHANGED, event->len) ||
	       is_dl(event, DLIL_EVENT_ADDMULTI, event->len) ||
	       is_dl(event, DLIL_EVENT_DELMULTI, event->len);
}

static bool is_proto(const struct dlil_event *event)
{
	size_t len = sizeof(struct dlil_event_proto);

	return is_dl(event, DLIL_EVENT_PROTO_ATTACHED, len) ||
	       is_dl(event, DLIL_EVENT_PROTO_DETACHED, len);
}

static bool is_node(const struct dlil_event *event)
{
	size_t len = sizeof(struct dlil_event_node);

	return is_dl(event, DLIL_EVENT_NODE_PRESENCE, len) ||
	       is_dl(event, DLIL_EVENT_NODE_ABSENCE, len);
}

static bool is_filter(const struct dlil_event *event)
{
	size_t len = sizeof(struct dlil_event_filter);
	u32 subclass = DLIL_EVENT_SUBCLASS_FILTER;

	return is_event(event, subclass, DLIL_FILTER_EVENT_ATTACHED, len) ||
	       is_event(event, subclass, DLIL_FILTER_EVENT_DETACHED, len);
}

static int put_node(struct sk_buff *msg, const struct dlil_event_node *node)
{
	size_t len = node->family == AF_INET ? 4 : sizeof(node->addr);

	if (nla_put(msg, DLIL_A_EVENT_NODE, len, node->addr))
		return -EMSGSIZE;
	if (!node->lladdr_len || node->lladdr_len > sizeof(node->lladdr))
		return 0;
	return nla_put(msg, DLIL_A_EVENT_ADDRESS, node->lladdr_len,
		       node->lladdr);
}

/* Put the data of an event: as attributes if the event is known, or as bytes. */
static int put_event_data(struct sk_buff *msg, const struct dlil_event *event)
{
	const struct dlil_event_proto *proto = event->data;

	if (!event->len)
		return 0;
	if (is_dl(event, DLIL_EVENT_SIFFLAGS, sizeof(u32)))
		return nla_put(msg, DLIL_A_EVENT_FLAGS, sizeof(u32),
			       event->data);
	if (is_dl(event, DLIL_EVENT_SIFMTU, sizeof(u32)))
		return nla_put(msg, DLIL_A_EVENT_MTU, sizeof(u32),
			       event->data);
	if (is_dl(event, DLIL_EVENT_IFCAP_CHANGED, sizeof(u32)))
		return nla_put(msg, DLIL_A_EVENT_ATTRS, sizeof(u32),
			       event->data);
	if (is_address(event))
		return nla_put(msg, DLIL_A_EVENT_ADDRESS, event->len,
			       event->data);
	if (is_proto(event))
		return nla_put_u32(msg, DLIL_A_EVENT_PROTOCOLS, proto->count);
	if (is_node(event))
		return put_node(msg, event->data);
	if (is_filter(event))
		return 0;
	return nla_put(msg, DLIL_A_EVENT_DATA, event->len, event->data);
}

/* Put the protocol or filter that an event is about. */
static int put_event_object(struct sk_buff *msg, const struct dlil_event *event)
{
	const struct dlil_event_filter *filter = event->data;
	const struct dlil_event_proto *proto = event->data;
	struct nlattr *nest;

	if (is_proto(event)) {
		nest = start_proto(msg, proto->name, proto->family);
		if (!nest)
			return -EMSGSIZE;
	} else if (is_filter(event)) {
		nest = nla_nest_start(msg, DLIL_A_FILTER);
		if (!nest || nla_put_string(msg, DLIL_A_FILTER_NAME,
					    filter->name))
			return -EMSGSIZE;
	} else {
		return 0;
	}
	nla_nest_end(msg, nest);
	return 0;
}

static int put_event(struct sk_buff *msg, const struct dlil_event *event)
{
	struct nlattr *nest;

	if (nla_put_u32(msg, DLIL_A_IFINDEX, event->unit) ||
	    nla_put_string(msg, DLIL_A_IFNAME, event->name) ||
	    put_event_object(msg, event))
		return -EMSGSIZE;
	nest = nla_nest_start(msg, DLIL_A_EVENT);
	if (!nest ||
	    nla_put_u32(msg, DLIL_A_EVENT_CLASS, event->class) ||
	    nla_put_u32(msg, DLIL_A_EVENT_SUBCLASS, event->subclass) ||
	    nla_put_u32(msg, DLIL_A_EVENT_CODE, event->code) ||
	    put_event_data(msg, event))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static struct sk_buff *event_msg(const struct dlil_event *event)
{
	struct sk_buff *msg = genlmsg_new(EVENT_MSG_SIZE, GFP_KERNEL);
	void *hdr;

	if (!msg)
		return NULL;
	hdr = genlmsg_put(msg, 0, 0, &dlil_nl_family, 0, DLIL_CMD_EVENT);
	if (!hdr || put_event(msg, event)) {
		nlmsg_free(msg);
		return NULL;
	}
	genlmsg_end(msg, hdr);
	return msg;
}

/**
 * struct nl_net - a live netns
 * @node: entry in the hash table, by cookie
 * @net: the netns
 */
struct nl_net {
	struct hlist_node node;
	struct net *net;
};

/* A hash, because any user may create netns, and each event looks one up. */
static unsigned int nl_net_id;
static DEFINE_HASHTABLE(nl_nets, 8);
static DEFINE_MUTEX(nl_nets_lock);

/* Is a socket in the group, in any netns?  The kernel does not tell which netns. */
static bool has_listeners(void)
{
	return genl_has_listeners(&dlil_nl_family, &init_net,
				  DLIL_NLGRP_EVENTS);
}

/* Send an event to the group.  If memory is short, tell its sockets of the loss. */
static void multicast(struct net *net, const struct dlil_event *event)
{
	struct sk_buff *msg = event ? event_msg(event) : NULL;

	if (msg)
		genlmsg_multicast_netns(&dlil_nl_family, net, msg, 0,
					DLIL_NLGRP_EVENTS, GFP_KERNEL);
	else
		genl_set_err(&dlil_nl_family, net, 0, DLIL_NLGRP_EVENTS,
			     -ENOBUFS);
}

/*
 * Send to a socket in the netns with that cookie, if it exists.  Consumes @msg.
 * May sleep.
 */
void dlil_netlink_unicast(u64 net_cookie, struct sk_buff *msg, u32 portid)
{
	struct nl_net *nn;

	mutex_lock(&nl_nets_lock);
	hash_for_each_possible(nl_nets, nn, node, net_cookie)
		if (nn->net->net_cookie == net_cookie) {
			genlmsg_unicast(nn->net, msg, portid);
			msg = NULL;
			break;
		}
	mutex_unlock(&nl_nets_lock);
	nlmsg_free(msg);
}

static int told(struct notifier_block *nb, unsigned long what, void *ptr)
{
	const struct dlil_told *t = ptr;
	struct nl_net *nn;

	if (what == DLIL_TELL_HEARD || !has_listeners())
		return NOTIFY_DONE;
	mutex_lock(&nl_nets_lock);
	hash_for_each_possible(nl_nets, nn, node, t->net_cookie)
		if (nn->net->net_cookie == t->net_cookie)
			multicast(nn->net, t->event);
	mutex_unlock(&nl_nets_lock);
	return NOTIFY_DONE;
}

static struct dlil_listener listener = {
	.nb.notifier_call = told,
	.hears = has_listeners,
};

static int __net_init nl_net_init(struct net *net)
{
	struct nl_net *nn = net_generic(net, nl_net_id);

	nn->net = net;
	mutex_lock(&nl_nets_lock);
	hash_add(nl_nets, &nn->node, net->net_cookie);
	mutex_unlock(&nl_nets_lock);
	return 0;
}

static void __net_exit nl_net_exit(struct net *net)
{
	struct nl_net *nn = net_generic(net, nl_net_id);

	mutex_lock(&nl_nets_lock);
	hash_del(&nn->node);
	mutex_unlock(&nl_nets_lock);
}

static struct pernet_operations nl_net_ops = {
	.init = nl_net_init,
	.exit = nl_net_exit,
	.id = &nl_net_id,
	.size = sizeof(struct nl_net),
};

static const struct genl_multicast_group dlil_nl_mcgrps[] = {
	[DLIL_NLGRP_EVENTS] = { .name = DLIL_MCGRP_EVENTS },
};

static struct genl_family dlil_nl_family __ro_after_init = {
	.name		= DLIL_GENL_NAME,
	.version	= DLIL_GENL_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.ops		= dlil_nl_ops,
	.n_ops		= ARRAY_SIZE(dlil_nl_ops),
	.mcgrps		= dlil_nl_mcgrps,
	.n_mcgrps	= ARRAY_SIZE(dlil_nl_mcgrps),
	.resv_start_op	= DLIL_CMD_IFNET_ATTACH,
};

/* The list of netns; needed by answers even after the family is gone. */
int dlil_netlink_nets_init(void)
{
	return register_pernet_subsys(&nl_net_ops);
}

void dlil_netlink_nets_exit(void)
{
	unregister_pernet_subsys(&nl_net_ops);
}

int dlil_netlink_module_init(void)
{
	int err = genl_register_family(&dlil_nl_family);

	if (err)
		return err;
	err = dlil_event_listen(&listener);
	if (err)
		genl_unregister_family(&dlil_nl_family);
	return err;
}

/* Unregistering the family notifies user space. */
void dlil_netlink_module_exit(void)
{
	dlil_event_unlisten(&listener);
	genl_unregister_family(&dlil_nl_family);
}
