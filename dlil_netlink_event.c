// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink: events, which go to the multicast group `events` of the ifnet's netns
 * (LNX-11), and answers to requests that are over.
 *
 * An ifnet holds no reference to its netns, which may be gone when an event of a
 * device that has left it is delivered.  So all live netns are listed here by
 * their cookie, which is never reused.
 */
#include <linux/hashtable.h>
#include <net/genetlink.h>
#include <net/netns/generic.h>

#include "dlil_event.h"
#include "dlil_netlink.h"
#include "dlil_netlink_gen.h"
#include "dlil_proto.h"

#define EVENT_MSG_SIZE	(512 + DLIL_EVENT_DATA_MAX)

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
	       is_event(event, subclass, DLIL_FILTER_EVENT_DETACHED, len) ||
	       is_event(event, subclass, DLIL_FILTER_EVENT_MOVED, len) ||
	       is_event(event, subclass, DLIL_FILTER_EVENT_CHANGED, len);
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
		nest = dlil_netlink_proto_nest(msg, proto->name,
					       proto->family);
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

/* The list of netns; needed by answers even after the family is gone. */
int dlil_netlink_nets_init(void)
{
	return register_pernet_subsys(&nl_net_ops);
}

void dlil_netlink_nets_exit(void)
{
	unregister_pernet_subsys(&nl_net_ops);
}

int dlil_netlink_events_init(void)
{
	return dlil_event_listen(&listener);
}

void dlil_netlink_events_exit(void)
{
	dlil_event_unlisten(&listener);
}
