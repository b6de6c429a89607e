// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink: the family, and the requests of
 * Documentation/netlink/specs/dlil.yaml that change something.
 *
 * Requests run in parallel; each takes the locks that it needs.  Generic
 * netlink holds a lock for reading during a request.  A family that is
 * registered or removed waits for that lock, and then the requests of all
 * families wait, too.  So no request may wait for a callback of a filter or
 * protocol, which may sleep for long (LNX-13).  A detach is answered once no
 * new callback can start; an event reports its end.  A control request calls
 * callbacks, and a work answers it later.
 */
#include <linux/module.h>
#include <linux/rtnetlink.h>
#include <net/genetlink.h>

#include "dlil_ifnet.h"
#include "dlil_kind.h"
#include "dlil_netdev.h"
#include "dlil_netlink.h"
#include "dlil_netlink_gen.h"

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
struct dlil_ifnet *dlil_netlink_named(struct net *net, struct nlattr **a)
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
	ifp = dlil_netlink_named(genl_info_net(info), info->attrs);
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

int dlil_nl_ifnet_attach_doit(struct sk_buff *skb, struct genl_info *info)
{
	u32 unmatched = DLIL_UNMATCHED_PASS;
	struct dlil_ifnet *going = NULL;
	struct dlil_spare spare = {};
	struct net_device *dev;
	int err;

	if (info->attrs[DLIL_A_UNMATCHED])
		unmatched = nla_get_u32(info->attrs[DLIL_A_UNMATCHED]);
	do {
		rtnl_lock();
		dev = find_device(info);
		err = IS_ERR(dev) ? PTR_ERR(dev) :
				    dlil_netdev_attach(dev, unmatched, &spare,
						       info->extack, &going);
		rtnl_unlock();
	} while (dlil_spare_get(&spare, &err, info->extack));
	dlil_spare_put(&spare);
	if (!going)
		return err;
	/* Does not wait for the final detach (LNX-13). */
	dlil_ifnet_put(going);
	NL_SET_ERR_MSG(info->extack,
		       "device is still being detached: try again when it is over (event if-detached)");
	return err;
}

int dlil_nl_ifnet_detach_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct dlil_ifnet *going = NULL;
	struct net_device *dev;
	int err;

	rtnl_lock();
	dev = find_device(info);
	err = IS_ERR(dev) ? PTR_ERR(dev) :
			    dlil_netdev_detach(dev, info->extack, &going);
	rtnl_unlock();
	/* Does not wait for the final detach (LNX-13). */
	if (going)
		dlil_ifnet_put(going);
	return err;
}

/*
 * Reject attributes of a nest other than @known.  (The policies of the
 * operations reject useless attributes outside nests.)
 */
int dlil_netlink_only(struct nlattr **tb, int max, u32 known,
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
	return err ?: dlil_netlink_only(tb, DLIL_A_PROTO_MAX, known, info->extack);
}

static int parse_filter(const struct nlattr *filter, struct nlattr **tb,
			u32 known, struct netlink_ext_ack *extack)
{
	int err;

	if (!filter) {
		NL_SET_ERR_MSG(extack, "filter is required");
		return -EINVAL;
	}
	err = nla_parse_nested(tb, DLIL_A_FILTER_MAX, filter,
			       dlil_filter_nl_policy, extack);
	if (!err)
		err = dlil_netlink_only(tb, DLIL_A_FILTER_MAX, known, extack);
	if (err)
		return err;
	return 0;
}

/* Attributes of requests to add and to change a filter; only the kernel sends others. */
#define ADD_ATTRS (CHANGE_ATTRS | PLACE_ATTRS | BIT(DLIL_A_FILTER_DIRECTION) | \
		   BIT(DLIL_A_FILTER_PROGRAM) | BIT(DLIL_A_FILTER_EXPR) | \
		   BIT(DLIL_A_FILTER_LIFETIME))
#define PLACE_ATTRS (BIT(DLIL_A_FILTER_PLACE) | BIT(DLIL_A_FILTER_BESIDE))
#define CHANGE_ATTRS (BIT(DLIL_A_FILTER_NAME) | BIT(DLIL_A_FILTER_KIND) | \
		      BIT(DLIL_A_FILTER_ACTION) | BIT(DLIL_A_FILTER_WORDS) | \
		      BIT(DLIL_A_FILTER_DATA))

static int parse_program(struct nlattr **tb, struct dlil_filter_request *req,
			 struct netlink_ext_ack *extack)
{
	const struct nlattr *program = tb[DLIL_A_FILTER_PROGRAM];

	if (!program)
		return 0;
	if (nla_len(program) % sizeof(struct sock_filter)) {
		NL_SET_ERR_MSG(extack,
			       "program is not a whole number of instructions");
		return -EINVAL;
	}
	req->program = nla_data(program);
	req->n = nla_len(program) / sizeof(struct sock_filter);
	return 0;
}

static const char *string_of(const struct nlattr *attr)
{
	return attr ? nla_data(attr) : NULL;
}

static int parse_request(const struct nlattr *filter, u32 known,
			 struct dlil_filter_request *req,
			 struct netlink_ext_ack *extack)
{
	struct nlattr *tb[DLIL_A_FILTER_MAX + 1];
	int err;

	err = parse_filter(filter, tb, known, extack);
	if (err)
		return err;
	req->name = string_of(tb[DLIL_A_FILTER_NAME]);
	if (!req->name) {
		NL_SET_ERR_MSG(extack, "name of the filter is required");
		return -EINVAL;
	}
	if (tb[DLIL_A_FILTER_PLACE])
		req->place = nla_get_u32(tb[DLIL_A_FILTER_PLACE]);
	req->beside = string_of(tb[DLIL_A_FILTER_BESIDE]);
	req->kind = string_of(tb[DLIL_A_FILTER_KIND]);
	req->action = string_of(tb[DLIL_A_FILTER_ACTION]);
	req->words = string_of(tb[DLIL_A_FILTER_WORDS]);
	req->expr = string_of(tb[DLIL_A_FILTER_EXPR]);
	req->nest = tb[DLIL_A_FILTER_DATA];
	req->direction = DLIL_DIRECTION_IN | DLIL_DIRECTION_OUT;
	if (tb[DLIL_A_FILTER_DIRECTION])
		req->direction = nla_get_u32(tb[DLIL_A_FILTER_DIRECTION]);
	if (tb[DLIL_A_FILTER_LIFETIME])
		req->lifetime = nla_get_u32(tb[DLIL_A_FILTER_LIFETIME]);
	return parse_program(tb, req, extack);
}

/* The revision that a request expects, or 0 for any. */
u64 dlil_netlink_revision(const struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[DLIL_A_REVISION];

	return attr ? nla_get_u64(attr) : 0;
}

static int parse_add(const struct nlattr *filter, struct dlil_filter_request *req,
		     u32 more, struct netlink_ext_ack *extack)
{
	int err = parse_request(filter, ADD_ATTRS | more, req, extack);

	if (!err && !req->kind) {
		NL_SET_ERR_MSG(extack, "kind of the filter is required");
		err = -EINVAL;
	}
	return err;
}

/* Parse one change of a step. */
static int parse_change(const struct nlattr *filter,
			struct dlil_filter_request *req,
			struct netlink_ext_ack *extack)
{
	const struct nlattr *change = nla_find_nested(filter, DLIL_A_FILTER_CHANGE);
	struct nlattr *tb[DLIL_A_FILTER_MAX + 1];
	u32 known = BIT(DLIL_A_FILTER_CHANGE);

	if (!change) {
		NL_SET_ERR_MSG_ATTR(extack, filter,
				    "change is required: add, del, replace, move or flush");
		return -EINVAL;
	}
	req->change = nla_get_u32(change);
	switch (req->change) {
	case DLIL_CHANGE_ADD:
	case DLIL_CHANGE_REPLACE:
		return parse_add(filter, req, known, extack);
	case DLIL_CHANGE_DEL:
		return parse_request(filter, known | BIT(DLIL_A_FILTER_NAME), req,
				     extack);
	case DLIL_CHANGE_MOVE:
		return parse_request(filter, known | BIT(DLIL_A_FILTER_NAME) |
					     PLACE_ATTRS, req, extack);
	default:
		return parse_filter(filter, tb, known, extack);
	}
}

/* Parse all changes of a step.  @u->failed is that at fault. */
static int parse_changes(struct dlil_netlink_update *u,
			 struct dlil_filter_request *reqs,
			 struct netlink_ext_ack *extack)
{
	const struct nlattr *attr;
	int err, rem;

	u->failed = 0;
	nla_for_each_attr(attr, u->attrs, u->len, rem) {
		if (nla_type(attr) != DLIL_A_FILTER)
			continue;
		err = parse_change(attr, &reqs[u->failed], extack);
		if (err)
			return err;
		u->failed++;
	}
	return 0;
}

/* Find the attribute of the @n-th change, or NULL. */
const struct nlattr *dlil_netlink_change(const struct dlil_netlink_update *u,
					 unsigned int n)
{
	const struct nlattr *attr;
	int rem;

	nla_for_each_attr(attr, u->attrs, u->len, rem)
		if (nla_type(attr) == DLIL_A_FILTER && !n--)
			return attr;
	return NULL;
}

static unsigned int count_changes(const struct dlil_netlink_update *u)
{
	const struct nlattr *attr;
	unsigned int n = 0;
	int rem;

	nla_for_each_attr(attr, u->attrs, u->len, rem)
		n += nla_type(attr) == DLIL_A_FILTER;
	return n;
}

/*
 * Change filters of @ifp in one step (FLT-13).  Unless @may_wait, returns 1 without doing
 * anything if a kind must be loaded.  On errors, @u->failed is the change at fault, or the
 * number of changes.
 */
int dlil_netlink_filter_update(struct dlil_ifnet *ifp,
			       struct dlil_netlink_update *u, bool may_wait,
			       struct netlink_ext_ack *extack)
{
	struct dlil_kind_step step = {
		.ifp = ifp,
		.n = count_changes(u),
		.revision = u->revision,
		.may_wait = may_wait,
	};
	struct dlil_filter_request *reqs;
	int err;

	u->failed = step.n;
	if (!step.n || step.n > DLIL_GENL_MAXCHANGES) {
		NL_SET_ERR_MSG(extack, "a step has 1 to 4096 changes");
		return step.n ? -E2BIG : -EINVAL;
	}
	reqs = kvcalloc(step.n, sizeof(*reqs), GFP_KERNEL);
	if (!reqs)
		return -ENOMEM;
	err = parse_changes(u, reqs, extack);
	if (!err) {
		step.reqs = reqs;
		err = dlil_kind_update(&step, extack);
		u->failed = step.failed;
	}
	kvfree(reqs);
	return err;
}

/*
 * Add a filter to @ifp, as the attribute @filter of a request says, which may be NULL.
 * Unless @may_wait, returns 1 without doing anything if the kind must be loaded.
 */
int dlil_netlink_filter_add(struct dlil_ifnet *ifp, const struct nlattr *filter,
			    u64 revision, bool may_wait,
			    struct netlink_ext_ack *extack)
{
	struct dlil_filter_request req = { .change = DLIL_CHANGE_ADD };
	struct dlil_kind_step step = {
		.ifp = ifp,
		.reqs = &req,
		.n = 1,
		.revision = revision,
		.may_wait = may_wait,
	};
	int err;

	err = parse_add(filter, &req, 0, extack);
	return err ?: dlil_kind_update(&step, extack);
}

int dlil_nl_filter_change_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct dlil_filter_request req = {};
	struct dlil_ifnet *ifp;
	int err;

	err = parse_request(info->attrs[DLIL_A_FILTER], CHANGE_ATTRS, &req,
			    info->extack);
	if (err)
		return err;
	ifp = dlil_netlink_ifnet(info);
	if (IS_ERR(ifp))
		return PTR_ERR(ifp);
	err = dlil_kind_change(ifp, &req, dlil_netlink_revision(info),
			       info->extack);
	dlil_ifnet_put(ifp);
	return err;
}

/* A removal needs no memory, unless it expects a revision. */
static int del_filter(struct dlil_ifnet *ifp,
		      const struct dlil_filter_request *req, u64 revision,
		      struct netlink_ext_ack *extack)
{
	struct dlil_kind_step step = {
		.ifp = ifp,
		.reqs = req,
		.n = 1,
		.revision = revision,
	};

	if (revision)
		return dlil_kind_update(&step, extack);
	return dlil_kind_del(ifp, req->name, extack);
}

int dlil_nl_filter_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct dlil_filter_request req = { .change = DLIL_CHANGE_DEL };
	struct dlil_ifnet *ifp;
	int err;

	err = parse_request(info->attrs[DLIL_A_FILTER],
			    BIT(DLIL_A_FILTER_NAME), &req, info->extack);
	if (err)
		return err;
	ifp = dlil_netlink_ifnet(info);
	if (IS_ERR(ifp))
		return PTR_ERR(ifp);
	err = del_filter(ifp, &req, dlil_netlink_revision(info),
			 info->extack);
	dlil_ifnet_put(ifp);
	return err;
}

static const struct genl_multicast_group dlil_nl_mcgrps[] = {
	[DLIL_NLGRP_EVENTS] = { .name = DLIL_MCGRP_EVENTS },
};

struct genl_family dlil_nl_family __ro_after_init = {
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

int dlil_netlink_module_init(void)
{
	return genl_register_family(&dlil_nl_family);
}

/* Unregistering the family notifies user space. */
void dlil_netlink_module_exit(void)
{
	genl_unregister_family(&dlil_nl_family);
}
