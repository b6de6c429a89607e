// SPDX-License-Identifier: GPL-2.0
/*
 * Protocols: attach, detach, look-up, delivery; and ARP by means of them.
 *
 * Packets find protocols in a hash table: received packets in a batch of the
 * input thread, sent packets under RCU.  Users see the list, under the ifnet's
 * lock.  A detach makes the protocol unreachable and its operations inert at
 * once, and leaves the rest to dlil_retire.c.
 */
#include <linux/bottom_half.h>
#include <linux/if_arp.h>
#include <linux/in.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "dlil_ifnet.h"
#include "dlil_proto.h"
#include "dlil_route.h"

static struct kmem_cache *proto_cache;

static int gone_input(void *cookie, struct dlil_ifnet *ifp, u32 family,
		      struct sk_buff *skb)
{
	return -ENXIO;
}

static int gone_input_list(void *cookie, struct dlil_ifnet *ifp, u32 family,
			   struct sk_buff_head *list)
{
	return -ENXIO;
}

static int gone_pre_output(void *cookie, struct dlil_ifnet *ifp, u32 family,
			   struct sk_buff *skb, const struct sockaddr *dest,
			   struct dlil_frame *frame)
{
	return -ENXIO;
}

static void gone_event(void *cookie, struct dlil_ifnet *ifp, u32 family,
		       const struct dlil_event *event)
{
}

static int gone_ioctl(void *cookie, struct dlil_ifnet *ifp, u32 family,
		      u32 code, void *arg)
{
	return -ENXIO;
}

static int gone_resolve_multi(void *cookie, struct dlil_ifnet *ifp, u32 family,
			      const struct sockaddr *addr,
			      struct dlil_ioc_lladdr *link)
{
	return -ENXIO;
}

static int gone_send_arp(void *cookie, struct dlil_ifnet *ifp, u32 family,
			 u16 op, const u8 *sender_hw,
			 const struct sockaddr *sender, const u8 *target_hw,
			 const struct sockaddr *target)
{
	return -ENXIO;
}

/* Operations for callers that have looked the protocol up too late (PRO-3). */
static const struct dlil_proto_ops gone_ops[] = {
	{
		.input = gone_input,
		.pre_output = gone_pre_output,
		.event = gone_event,
		.ioctl = gone_ioctl,
		.resolve_multi = gone_resolve_multi,
		.send_arp = gone_send_arp,
	}, {
		.input_list = gone_input_list,
		.pre_output = gone_pre_output,
		.event = gone_event,
		.ioctl = gone_ioctl,
		.resolve_multi = gone_resolve_multi,
		.send_arp = gone_send_arp,
	},
};

/**
 * dlil_proto_is_attached - does an ifnet have a protocol of a family?
 * @ifp: ifnet
 * @family: family
 *
 * Context: RCU read lock held.
 * Return: true if one is attached; valid until the read section ends at most.
 */
bool dlil_proto_is_attached(struct dlil_ifnet *ifp, u32 family)
{
	return dlil_proto_lookup(ifp, family);
}
EXPORT_SYMBOL_GPL(dlil_proto_is_attached);

u64 dlil_proto_packets(const struct dlil_proto *proto)
{
	unsigned int start;
	u64 n;

	do {
		start = u64_stats_fetch_begin(&proto->syncp);
		n = u64_stats_read(&proto->packets);
	} while (u64_stats_fetch_retry(&proto->syncp, start));
	return n;
}
EXPORT_SYMBOL_FOR_TEST(dlil_proto_packets);

static struct dlil_proto *find_living(struct dlil_ifnet *ifp, u32 family)
{
	struct dlil_proto *proto;

	lockdep_assert_held(&ifp->lock);

	list_for_each_entry(proto, &ifp->proto_list, retire.list)
		if (proto->family == family &&
		    !dlil_retire_is_dying(&proto->retire))
			return proto;
	return NULL;
}

static void proto_free(struct dlil_proto *proto)
{
	kfree(proto->events[0]);
	kfree(proto->events[1]);
	kmem_cache_free(proto_cache, proto);
}

/* Preallocate an event, so that a detach needs no memory. */
static struct dlil_event_item *proto_event(u32 code,
					   const struct dlil_proto *proto)
{
	struct dlil_event_proto *data;
	struct dlil_event_item *item;

	item = dlil_event_new(DLIL_EVENT_SUBCLASS_DL, code, sizeof(*data));
	if (!item)
		return NULL;
	data = item->data;
	data->family = proto->family;
	strscpy(data->name, proto->name, sizeof(data->name));
	return item;
}

/* Post the event of the attach (0) or detach (1), with the number of protocols. */
static void proto_say(struct dlil_ifnet *ifp, struct dlil_proto *proto,
		      unsigned int which)
{
	struct dlil_event_proto *data = proto->events[which]->data;
	struct dlil_proto *other;

	lockdep_assert_held(&ifp->lock);

	list_for_each_entry(other, &ifp->proto_list, retire.list)
		data->count += !dlil_retire_is_dying(&other->retire);
	dlil_event_queue(ifp, proto->events[which]);
	proto->events[which] = NULL;
}

static void proto_detached(struct dlil_proto *proto)
{
	struct dlil_ifnet *ifp = proto->retire.ifp;
	struct dlil_call call;

	if (!proto->real->detached)
		return;
	dlil_call_begin(&call, ifp);
	dlil_call_enter(&call, DLIL_PARTY_PROTO, DLIL_CALLBACK_DETACHED,
			proto->name);
	proto->real->detached(proto->cookie, ifp, proto->family);
	dlil_call_end(&call);
}

/* No callback is in flight: finish the detach. */
static void proto_end(struct dlil_retire *r)
{
	struct dlil_proto *proto = container_of(r, struct dlil_proto, retire);
	struct module *owner = proto->real->owner;
	struct dlil_ifnet *ifp = r->ifp;

	if (proto->sleeps)
		dlil_look_put(ifp);
	proto_detached(proto);
	dlil_route_drop(ifp, proto->family);
	dlil_log_verbose(ifp, "protocol %s detached, family %u", proto->name,
			 proto->family);
	mutex_lock(&ifp->lock);
	proto_say(ifp, proto, 1);
	if (proto->real->event)
		dlil_event_hearer_gone(ifp);
	list_del_init(&proto->retire.list);
	mutex_unlock(&ifp->lock);
	module_put(owner);
}

static void proto_retire_free(struct dlil_retire *r)
{
	proto_free(container_of(r, struct dlil_proto, retire));
}

static const struct dlil_retire_ops proto_retire_ops = {
	.end = proto_end,
	.free = proto_retire_free,
};

static struct dlil_proto *proto_new(struct dlil_ifnet *ifp, u32 family,
				    const struct dlil_proto_params *params,
				    bool v2)
{
	struct dlil_proto *proto = kmem_cache_zalloc(proto_cache, GFP_KERNEL);

	if (!proto)
		return NULL;
	proto->family = family;
	proto->real = params->ops;
	proto->v2 = v2;
	proto->sleeps = !(params->flags & DLIL_PROTO_ATOMIC);
	/* Only the list callback shows that a protocol has version 2. */
	proto->live = *params->ops;
	if (v2)
		proto->live.input = NULL;
	else
		proto->live.input_list = NULL;
	proto->ops = &proto->live;
	proto->cookie = params->cookie;
	u64_stats_init(&proto->syncp);
	if (params->name)
		strscpy(proto->name, params->name, sizeof(proto->name));
	dlil_retire_init(&proto->retire, ifp, &proto_retire_ops);
	proto->events[0] = proto_event(DLIL_EVENT_PROTO_ATTACHED, proto);
	proto->events[1] = proto_event(DLIL_EVENT_PROTO_DETACHED, proto);
	if (proto->events[0] && proto->events[1])
		return proto;
	proto_free(proto);
	return NULL;
}

/* Do everything that may fail, then make the protocol reachable (PRO-1). */
static int proto_link(struct dlil_ifnet *ifp, struct dlil_proto *proto,
		      const struct dlil_proto_params *params)
{
	u32 family = proto->family;
	int err;

	lockdep_assert_held(&ifp->lock);

	if (!dlil_ifnet_is_attached(ifp))
		return -ENXIO;
	if (find_living(ifp, family))
		return -EEXIST;
	err = ifp->family->add_proto(ifp, family, params->descs,
				     params->n_descs);
	if (err)
		return dlil_errno(err);
	dlil_retire_stamp(&proto->retire);
	list_add_tail(&proto->retire.list, &ifp->proto_list);
	hlist_add_head_rcu(&proto->node,
			   &ifp->protos[dlil_proto_slot(family)]);
	if (params->ops->event)
		dlil_event_hearer(ifp);
	dlil_ifnet_changed(ifp);
	proto_say(ifp, proto, 0);
	return 0;
}

static int proto_attach(struct dlil_ifnet *ifp, u32 family,
			const struct dlil_proto_params *params, bool v2)
{
	struct dlil_proto *proto;
	int err;

	if (!ifp || !family || !params || !params->ops)
		return -EINVAL;
	if (v2 ? !params->ops->input_list : !params->ops->input)
		return -EINVAL;
	if ((params->n_descs && !params->descs) ||
	    params->flags & ~DLIL_PROTO_ATOMIC)
		return -EINVAL;
	if (params->name && strlen(params->name) >= DLIL_NAME_MAX)
		return -ENAMETOOLONG;
	if (!try_module_get(params->ops->owner))
		return -ENODEV;
	proto = proto_new(ifp, family, params, v2);
	if (!proto) {
		err = -ENOMEM;
		goto put_module;
	}
	/* Before proto_link(), after which the protocol can be detached. */
	if (proto->sleeps)
		dlil_look_get(ifp);
	mutex_lock(&ifp->lock);
	err = proto_link(ifp, proto, params);
	mutex_unlock(&ifp->lock);
	if (!err && params->ops->event)
		dlil_event_announce(ifp);
	if (!err) {
		dlil_log_verbose(ifp, "protocol %s attached, family %u",
				 params->name ?: "", family);
		return 0;
	}
	if (proto->sleeps)
		dlil_look_put(ifp);
	proto_free(proto);
put_module:
	module_put(params->ops->owner);
	return err;
}

/**
 * dlil_proto_attach - attach a version 1 protocol, which gets packets one by
 * one
 * @ifp: ifnet
 * @family: family of the protocol, not 0
 * @params: the protocol, with @input
 *
 * Row PRO-1.  Pins the protocol's module until `detached` has returned.
 *
 * Context: process; may sleep.  Allowed in callbacks that may sleep.
 * Return: 0; -EINVAL for bad arguments; -ENAMETOOLONG; -ENXIO unless the ifnet
 * is attached; -EEXIST if the family has a protocol already; -ENODEV if the
 * module is being unloaded; -ENOMEM; or an error of the interface family's
 * add_proto.
 */
int dlil_proto_attach(struct dlil_ifnet *ifp, u32 family,
		      const struct dlil_proto_params *params)
{
	return proto_attach(ifp, family, params, false);
}
EXPORT_SYMBOL_GPL(dlil_proto_attach);

/**
 * dlil_proto_attach_v2 - attach a version 2 protocol, which gets lists
 * @ifp: ifnet
 * @family: family of the protocol, not 0
 * @params: the protocol, with @input_list
 *
 * Otherwise the same as dlil_proto_attach().
 *
 * Return: as dlil_proto_attach().
 */
int dlil_proto_attach_v2(struct dlil_ifnet *ifp, u32 family,
			 const struct dlil_proto_params *params)
{
	return proto_attach(ifp, family, params, true);
}
EXPORT_SYMBOL_GPL(dlil_proto_attach_v2);

/* Make a protocol unreachable; late callers get -ENXIO. */
static void proto_unlink(struct dlil_ifnet *ifp, struct dlil_proto *proto)
{
	lockdep_assert_held(&ifp->lock);

	dlil_retire_claim(&proto->retire);
	ifp->family->del_proto(ifp, proto->family);
	hlist_del_rcu(&proto->node);
	WRITE_ONCE(proto->ops, &gone_ops[proto->v2]);
	dlil_ifnet_changed(ifp);
}

/* Start a detach.  Unless @waiter is NULL, set it for dlil_retire_wait(). */
static int proto_detach(struct dlil_ifnet *ifp, u32 family,
			struct dlil_retire **waiter)
{
	struct dlil_proto *proto;

	if (!ifp || !family)
		return -EINVAL;
	if (dlil_output_is_current())
		return -EDEADLK;
	mutex_lock(&ifp->lock);
	proto = find_living(ifp, family);
	if (proto)
		proto_unlink(ifp, proto);
	mutex_unlock(&ifp->lock);
	if (!proto)
		return -ENXIO;
	if (waiter) {
		dlil_retire_get(&proto->retire);
		*waiter = &proto->retire;
	}
	/* A plumber, asked by the final detach: no callback runs any more. */
	if (READ_ONCE(ifp->final) == DLIL_FINAL_BEGIN)
		dlil_retire_queue_final(&proto->retire);
	else
		dlil_retire_queue(&proto->retire);
	return 0;
}

/**
 * dlil_proto_detach - detach a protocol, and wait until its teardown is over
 * @ifp: ifnet
 * @family: family of the protocol
 *
 * Row PRO-3.  Stops new calls, waits for those in flight, then calls `detached`
 * once.  In a callback that may sleep, it does not wait, like
 * dlil_proto_detach_async().
 *
 * Context: process; may sleep.  The caller must hold no lock that any callback
 * on this ifnet may take, so never RTNL, because this waits for those
 * callbacks.
 * Return: 0; -EINVAL for bad arguments; -ENXIO if there is no such protocol;
 * -EDEADLK in output callbacks, which cannot sleep; -ERESTARTSYS if the caller
 * was killed: then the detach finishes later.
 */
int dlil_proto_detach(struct dlil_ifnet *ifp, u32 family)
{
	struct dlil_retire *retire;
	int err;

	if (dlil_in_callback())
		return proto_detach(ifp, family, NULL);
	err = proto_detach(ifp, family, &retire);
	return err ?: dlil_retire_wait(retire);
}
EXPORT_SYMBOL_GPL(dlil_proto_detach);

/**
 * dlil_proto_detach_async - start to detach a protocol, without waiting
 * @ifp: ifnet
 * @family: family of the protocol
 *
 * Row PRO-3.  When this returns, the protocol gets nothing any more, and its
 * family may be attached again.  `detached` is called when the last callback is
 * over.
 *
 * Context: process; may sleep, waits for no callback.  RTNL may be held.
 * Allowed in callbacks that may sleep, except those of context L.
 * Return: 0; -EINVAL for bad arguments; -ENXIO if there is no such protocol;
 * -EDEADLK in output callbacks, which cannot sleep.
 */
int dlil_proto_detach_async(struct dlil_ifnet *ifp, u32 family)
{
	return proto_detach(ifp, family, NULL);
}
EXPORT_SYMBOL_GPL(dlil_proto_detach_async);

/*
 * Detach all protocols in the final detach, when no callback runs on @ifp any
 * more (IFN-5).  Protocols that are being detached already end by themselves.
 */
void dlil_proto_detach_all(struct dlil_ifnet *ifp)
{
	struct dlil_proto *proto;

	mutex_lock(&ifp->lock);
	list_for_each_entry(proto, &ifp->proto_list, retire.list) {
		if (dlil_retire_is_dying(&proto->retire))
			continue;
		proto_unlink(ifp, proto);
		dlil_retire_queue_final(&proto->retire);
	}
	mutex_unlock(&ifp->lock);
}

/* Call @fn for the protocols of @ifp until it returns non-zero. */
int dlil_proto_for_each(struct dlil_ifnet *ifp,
			int (*fn)(const struct dlil_proto *proto, void *arg),
			void *arg)
{
	struct dlil_proto *proto;
	int err = 0;

	mutex_lock(&ifp->lock);
	list_for_each_entry(proto, &ifp->proto_list, retire.list) {
		if (dlil_retire_is_dying(&proto->retire))
			continue;
		err = fn(proto, arg);
		if (err)
			break;
	}
	mutex_unlock(&ifp->lock);
	return err;
}
EXPORT_SYMBOL_FOR_TEST(dlil_proto_for_each);

/**
 * dlil_proto_call - call a function for each protocol, with no lock held
 * @ifp: ifnet, with an I/O reference
 * @until: skip protocols that were attached later, see dlil_retire_now()
 * @call: from dlil_call_begin()
 * @callback: the callback that @fn calls, for reports of calls that take long
 * @fn: called for each protocol, oldest first, until it returns non-zero; may
 *	sleep, attach and detach
 * @arg: argument of @fn
 *
 * Rows EVT-2, PRO-3.  If the detach of a protocol begins meanwhile, @fn gets
 * the operations for late callers.
 *
 * Context: process; may sleep.
 * Return: the last return value of @fn, or 0.
 */
int dlil_proto_call(struct dlil_ifnet *ifp, u64 until, struct dlil_call *call,
		    enum dlil_callback callback,
		    int (*fn)(const struct dlil_proto_ops *ops, void *cookie,
			      struct dlil_ifnet *ifp, u32 family, void *arg),
		    void *arg)
{
	struct dlil_retire *r = NULL;
	struct dlil_proto *proto;
	int err = 0;

	while (!err &&
	       (r = dlil_retire_next(ifp, &ifp->proto_list, r, until))) {
		proto = container_of(r, struct dlil_proto, retire);
		dlil_call_enter(call, DLIL_PARTY_PROTO, callback, proto->name);
		err = fn(READ_ONCE(proto->ops), proto->cookie, ifp,
			 proto->family, arg);
		dlil_call_leave(call);
	}
	if (r)
		dlil_retire_let_go(r);
	return err;
}

int dlil_proto_module_init(void)
{
	proto_cache = KMEM_CACHE(dlil_proto, 0);
	return proto_cache ? 0 : -ENOMEM;
}

void dlil_proto_module_exit(void)
{
	/* Protocols are freed a grace period after their end. */
	rcu_barrier();
	kmem_cache_destroy(proto_cache);
}

/*
 * ARP requests and replies, sent by the protocol of an ifnet (ARP-1), and for
 * link-local addresses on several ifnets (ARP-2).
 *
 * Everything runs with bottom halves off inside one RCU read section, which
 * keeps the ifnets and their protocols attached; so nothing here may sleep.
 */

/**
 * struct arp - an ARP packet to send
 * @op: ARPOP_*
 * @sender_hw: link address of the sender, or NULL
 * @sender: protocol address of the sender, or NULL
 * @target_hw: link address of the target, or NULL
 * @hw_len: length of link addresses
 * @target: protocol address of the target
 * @answer: combined result of the ifnets
 */
struct arp {
	u16 op;
	const u8 *sender_hw;
	const struct sockaddr *sender;
	const u8 *target_hw;
	u8 hw_len;
	const struct sockaddr *target;
	int answer;
};

static int send_on(struct dlil_ifnet *ifp, const struct arp *arp)
{
	const struct dlil_proto_ops *ops;
	struct dlil_proto *proto;

	if (!dlil_ifnet_is_attached(ifp))
		return -EOPNOTSUPP;
	proto = dlil_proto_lookup(ifp, arp->target->sa_family);
	if (!proto)
		return -EOPNOTSUPP;
	ops = READ_ONCE(proto->ops);
	if (!ops->send_arp)
		return -EOPNOTSUPP;
	/* A link with other addresses has no such target. */
	return dlil_errno(ops->send_arp(proto->cookie, ifp, proto->family,
					arp->op, arp->sender_hw, arp->sender,
					ifp->addr_len == arp->hw_len ?
						arp->target_hw : NULL,
					arp->target));
}

static __be32 ipv4_of(const struct sockaddr *addr)
{
	return ((const struct sockaddr_in *)addr)->sin_addr.s_addr;
}

/* Is the sender the target?  False without a sender. */
static bool is_announcement(const struct arp *arp)
{
	return arp->sender && ipv4_of(arp->sender) == ipv4_of(arp->target);
}

static bool is_for_all(const struct arp *arp)
{
	return arp->op == ARPOP_REQUEST && arp->target->sa_family == AF_INET &&
	       ipv4_is_linklocal_169(ipv4_of(arp->target)) &&
	       !is_announcement(arp);
}

/* Send on @ifp if it has the attribute, and an address to send from. */
static void send_if_wanted(struct dlil_ifnet *ifp, void *arg)
{
	struct arp *arp = arg;
	int err;

	if (!(dlil_ifnet_attrs(ifp) & DLIL_ATTR_ARPLL))
		return;
	err = send_on(ifp, arp);
	if (arp->answer == -EOPNOTSUPP && err != -EADDRNOTAVAIL)
		arp->answer = err;
}

/* Send on all suitable ifnets, each with its own addresses as sender. */
static int send_on_all(struct dlil_ifnet *ifp, struct arp *arp)
{
	arp->sender = NULL;
	arp->sender_hw = NULL;
	arp->answer = -EOPNOTSUPP;
	dlil_ifnet_walk(read_pnet(&ifp->net), send_if_wanted, arp);
	return arp->answer;
}

/**
 * dlil_send_arp - send an ARP packet
 * @ifp: ifnet
 * @op: ARPOP_*, in host order
 * @sender_hw: link address of the sender, with the ifnet's address length, or
 *	NULL for that of the ifnet
 * @sender: protocol address of the sender, or NULL for one of the ifnet
 * @target_hw: link address of the target, to which the packet is sent, or NULL
 *	for broadcast
 * @target: protocol address of the target
 *
 * Row ARP-1.  The protocol of the target's family on @ifp sends the packet.
 * Row ARP-2.  A request for a link-local IPv4 address (169.254/16) is sent on
 * every attached ifnet of the namespace that has DLIL_ATTR_ARPLL and an IPv4
 * address, with its own addresses as sender; on @ifp only if that is one of
 * them.  The result is the first one other than -EOPNOTSUPP, oldest ifnet
 * first.  An announcement, whose sender is its target, is sent on @ifp only.
 *
 * Context: any but hard interrupts; interrupts on.
 * Return: 0; -EINVAL without @ifp or @target, or if @sender and @target have
 * different families; -EOPNOTSUPP if @ifp is not attached or has no protocol
 * that sends ARP for the family; -ENXIO if that protocol is being detached;
 * -EADDRNOTAVAIL without a @sender if the ifnet has no address; or an error of
 * the protocol.
 */
int dlil_send_arp(struct dlil_ifnet *ifp, u16 op, const u8 *sender_hw,
		  const struct sockaddr *sender, const u8 *target_hw,
		  const struct sockaddr *target)
{
	struct arp arp = {
		.op = op,
		.sender_hw = sender_hw,
		.sender = sender,
		.target_hw = target_hw,
		.target = target,
	};
	int err;

	if (!ifp || !target ||
	    (sender && sender->sa_family != target->sa_family))
		return -EINVAL;
	arp.hw_len = ifp->addr_len;
	local_bh_disable();
	rcu_read_lock();
	if (!dlil_ifnet_is_attached(ifp))
		err = -EOPNOTSUPP;
	else if (is_for_all(&arp))
		err = send_on_all(ifp, &arp);
	else
		err = send_on(ifp, &arp);
	rcu_read_unlock();
	local_bh_enable();
	return err;
}
EXPORT_SYMBOL_GPL(dlil_send_arp);
