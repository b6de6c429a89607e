// SPDX-License-Identifier: GPL-2.0
/*
 * The host's own protocols, attached to a wrapped network device (LNX-4).
 *
 * Each of them passes received packets back to the host's stack.  If a family
 * of this file has no protocol attached, it is cut off: its packets are neither
 * received, whatever the policy for unmatched packets, nor sent.  This does not
 * apply to packets that DLIL does not see: those received for a VLAN device on
 * top, which the stack takes first, and those that tc redirects to the device.
 */
#include <linux/if_ether.h>
#include <linux/inetdevice.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/arp.h>
#include <net/dst.h>
#include <net/ip6_fib.h>
#include <net/ndisc.h>
#include <net/route.h>

#include "compat.h"
#include "dlil_netdev.h"
#include "dlil_proto.h"

/* Input of every protocol here: pass the whole list to the stack. */
static int host_input(void *cookie, struct dlil_ifnet *ifp, u32 family,
		      struct sk_buff_head *list)
{
	dlil_netdev_deliver(cookie, list, family == DLIL_PF_VLAN);
	/* Packets are left only if the device is being removed. */
	return likely(skb_queue_empty(list)) ? 0 : -ENXIO;
}

/*
 * Get the link address of the next hop @neigh.  While it is unresolved, the
 * kernel keeps the packet; it frames and sends the packet itself later (LNX-6).
 */
static int resolve(struct neighbour *neigh, struct net_device *dev,
		   struct sk_buff *skb, __be16 type, struct dlil_frame *frame)
{
	int err;

	if (IS_ERR(neigh))
		return PTR_ERR(neigh);
	/* The neighbour code requires headroom for a link header. */
	err = skb_cow_head(skb, LL_RESERVED_SPACE(dev));
	if (err)
		return err;
	skb->dev = dev;
	skb->protocol = type;
	skb_reset_network_header(skb);
	if (neigh_event_send(neigh, skb))
		return DLIL_STOLEN;
	neigh_ha_snapshot(frame->dest, neigh, dev);
	frame->type = type;
	return 0;
}

/*
 * Does the route of a packet of @family lead out of this device?  One by IPsec does
 * not: its packets are to be transformed first, which is not done here.
 */
static bool is_routed(const struct net_device *dev, const struct dst_entry *dst,
		      unsigned short family)
{
	return dst && dst->ops->family == family && dst->dev == dev &&
	       !dst->error && !dst_xfrm(dst);
}

/*
 * Row OUT-11: the next hop of the packet's route, referenced, or an error
 * pointer.  NULL if it has no route through this device.  @header: length of
 * its IP header.
 */
static struct neighbour *routed_neigh(struct net_device *dev,
				      struct sk_buff *skb,
				      unsigned short family,
				      unsigned int header)
{
	struct dst_entry *dst = skb_dst(skb);

	if (!is_routed(dev, dst, family))
		return NULL;
	/* Without a gateway, the next hop is the destination of the packet. */
	if (!pskb_may_pull(skb, header))
		return ERR_PTR(-EINVAL);
	skb_reset_network_header(skb);
	return dst_neigh_lookup_skb(dst, skb) ?: ERR_PTR(-ENOBUFS);
}

/* Same as resolve(), for the result of routed_neigh(). */
static int resolve_routed(struct neighbour *neigh, struct net_device *dev,
			  struct sk_buff *skb, __be16 type,
			  struct dlil_frame *frame)
{
	int err = resolve(neigh, dev, skb, type, frame);

	if (!IS_ERR(neigh))
		neigh_release(neigh);
	return err;
}

static int inet_pre_output(void *cookie, struct dlil_ifnet *ifp, u32 family,
			   struct sk_buff *skb, const struct sockaddr *dest,
			   struct dlil_frame *frame)
{
	const struct sockaddr_in *sin = (const struct sockaddr_in *)dest;
	struct dlil_netdev *nd = cookie;
	struct neighbour *neigh;

	if (!READ_ONCE(nd->live))
		return -ENXIO;
	neigh = routed_neigh(nd->dev, skb, AF_INET, sizeof(struct iphdr));
	if (neigh)
		return resolve_routed(neigh, nd->dev, skb, htons(ETH_P_IP),
				      frame);
	if (!dest || dest->sa_family != AF_INET)
		return -EAFNOSUPPORT;
	return resolve(ip_neigh_gw4(nd->dev, sin->sin_addr.s_addr), nd->dev,
		       skb, htons(ETH_P_IP), frame);
}

static int inet6_pre_output(void *cookie, struct dlil_ifnet *ifp, u32 family,
			    struct sk_buff *skb, const struct sockaddr *dest,
			    struct dlil_frame *frame)
{
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)dest;
	struct dlil_netdev *nd = cookie;
	struct neighbour *neigh;

	if (!READ_ONCE(nd->live))
		return -ENXIO;
	neigh = routed_neigh(nd->dev, skb, AF_INET6, sizeof(struct ipv6hdr));
	if (neigh)
		return resolve_routed(neigh, nd->dev, skb, htons(ETH_P_IPV6),
				      frame);
	if (!dest || dest->sa_family != AF_INET6)
		return -EAFNOSUPPORT;
	/* NULL if IPv6 is not built, not loaded, or disabled. */
	if (!compat_nd_tbl())
		return -EAFNOSUPPORT;
	return resolve(ip_neigh_gw6(nd->dev, &sin6->sin6_addr), nd->dev, skb,
		       htons(ETH_P_IPV6), frame);
}

/* Rows MUL-1, MUL-2. */
static int ip_resolve_multi(void *cookie, struct dlil_ifnet *ifp, u32 family,
			    const struct sockaddr *addr,
			    struct dlil_ioc_lladdr *link)
{
	return dlil_ether_resolve_multi(addr, link);
}

/* An address of the device's own, of @target's network if there is one, or 0. */
static __be32 own_addr(const struct net_device *dev, __be32 target)
{
	const struct in_device *in_dev = __in_dev_get_rcu(dev);
	const struct in_ifaddr *ifa;
	__be32 addr = 0;

	if (!in_dev)
		return 0;
	in_dev_for_each_ifa_rcu(ifa, in_dev) {
		if (ifa->ifa_scope > RT_SCOPE_LINK)
			continue;
		if (inet_ifa_match(target, ifa))
			return ifa->ifa_local;
		if (!addr)
			addr = ifa->ifa_local;
	}
	return addr;
}

/*
 * Rows ARP-1, ARP-2.  ARP packets pass the egress hook like all packets of the host, so
 * filters see them there.
 */
static int inet_send_arp(void *cookie, struct dlil_ifnet *ifp, u32 family,
			 u16 op, const u8 *sender_hw,
			 const struct sockaddr *sender, const u8 *target_hw,
			 const struct sockaddr *target)
{
	struct dlil_netdev *nd = cookie;
	__be32 to, from;

	if (!READ_ONCE(nd->live))
		return -ENXIO;
	if (nd->dev->flags & IFF_NOARP)
		return -EOPNOTSUPP;
	if (!netif_running(nd->dev))
		return -ENETDOWN;
	to = ((const struct sockaddr_in *)target)->sin_addr.s_addr;
	from = sender ? ((const struct sockaddr_in *)sender)->sin_addr.s_addr :
			own_addr(nd->dev, to);
	if (!sender && !from)
		return -EADDRNOTAVAIL;
	arp_send(op, ETH_P_ARP, to, nd->dev, from, target_hw, sender_hw,
		 target_hw);
	return 0;
}

/* A raw link has a single other station, without an address. */
static int raw_pre_output(void *cookie, struct dlil_ifnet *ifp, u32 family,
			  struct sk_buff *skb, const struct sockaddr *dest,
			  struct dlil_frame *frame)
{
	struct dlil_netdev *nd = cookie;

	if (!READ_ONCE(nd->live))
		return -ENXIO;
	if (!is_routed(nd->dev, skb_dst(skb), family) &&
	    (!dest || dest->sa_family != family))
		return -EAFNOSUPPORT;
	frame->type = htons(family == DLIL_PF_INET ? ETH_P_IP : ETH_P_IPV6);
	return 0;
}

/* Refuse a route that does not leave through @dev. */
static struct dst_entry *usable(const struct net_device *dev,
				struct dst_entry *dst)
{
	int err = dst->error;

	if (!err && dst->dev == dev)
		return dst;
	dst_release(dst);
	return ERR_PTR(err ?: -ENETUNREACH);
}

static struct dst_entry *inet_route(struct net_device *dev,
				    const struct sockaddr_in *sin)
{
	struct flowi4 fl = {
		.flowi4_oif = dev->ifindex,
		.daddr = sin->sin_addr.s_addr,
	};
	struct rtable *rt = ip_route_output_flow(dev_net(dev), &fl, NULL);

	return IS_ERR(rt) ? ERR_CAST(rt) : usable(dev, &rt->dst);
}

static struct dst_entry *inet6_route(struct net_device *dev,
				     const struct sockaddr_in6 *sin6,
				     u32 *cookie)
{
	struct flowi6 fl = {
		.flowi6_oif = dev->ifindex,
		.daddr = sin6->sin6_addr,
	};
	struct dst_entry *dst;

	/* The kernel has no IPv6, has not loaded it, or was told to do without. */
	if (!compat_nd_tbl())
		return ERR_PTR(-EAFNOSUPPORT);
	dst = compat_ip6_route(dev_net(dev), &fl);
	if (IS_ERR(dst))
		return dst;
	*cookie = rt6_get_cookie((struct rt6_info *)dst);
	return usable(dev, dst);
}

/* The driver's `route` (RTC-1). */
struct dst_entry *dlil_host_route(struct dlil_ifnet *ifp,
				  const struct sockaddr *to, u32 *cookie)
{
	struct dlil_netdev *nd = dlil_ifnet_priv(ifp);

	if (!READ_ONCE(nd->live))
		return ERR_PTR(-ENXIO);
	if (to->sa_family == AF_INET)
		return inet_route(nd->dev, (const struct sockaddr_in *)to);
	return inet6_route(nd->dev, (const struct sockaddr_in6 *)to, cookie);
}

static const struct dlil_proto_ops inet_ops = {
	.input_list = host_input,
	.pre_output = inet_pre_output,
	.resolve_multi = ip_resolve_multi,
	.send_arp = inet_send_arp,
};

static const struct dlil_proto_ops inet6_ops = {
	.input_list = host_input,
	.pre_output = inet6_pre_output,
	.resolve_multi = ip_resolve_multi,
};

static const struct dlil_proto_ops raw_ops = {
	.input_list = host_input,
	.pre_output = raw_pre_output,
};

/* Protocols without neighbour resolution: raw output only. */
static const struct dlil_proto_ops link_ops = {
	.input_list = host_input,
};

#define ETYPE(type) { DLIL_DESC_ETYPE, 2, { (type) >> 8, (type) & 0xff } }

/**
 * struct host_proto - a protocol of the host
 * @name: name for users
 * @family: protocol family
 * @ops: operations
 * @raw_ops: operations on a raw device
 * @descs: EtherTypes, consistent with dlil_family_of_type()
 * @n: number of @descs
 */
struct host_proto {
	const char *name;
	u32 family;
	const struct dlil_proto_ops *ops;
	const struct dlil_proto_ops *raw_ops;
	struct dlil_demux_desc descs[2];
	unsigned int n;
};

static const struct host_proto host_protos[] = {
	{ "inet", DLIL_PF_INET, &inet_ops, &raw_ops,
	  { ETYPE(ETH_P_IP), ETYPE(ETH_P_ARP) }, 2 },
	{ "inet6", DLIL_PF_INET6, &inet6_ops, &raw_ops,
	  { ETYPE(ETH_P_IPV6) }, 1 },
	{ "vlan", DLIL_PF_VLAN, &link_ops, &link_ops,
	  { ETYPE(ETH_P_8021Q), ETYPE(ETH_P_8021AD) }, 2 },
	{ "mpls", DLIL_PF_MPLS, &link_ops, &link_ops,
	  { ETYPE(ETH_P_MPLS_UC), ETYPE(ETH_P_MPLS_MC) }, 2 },
	{ "pppoe", DLIL_PF_PPPOE, &link_ops, &link_ops,
	  { ETYPE(ETH_P_PPP_DISC), ETYPE(ETH_P_PPP_SES) }, 2 },
};

static const struct host_proto *find_family(u32 family)
{
	const struct host_proto *p;

	for (p = host_protos; p < host_protos + ARRAY_SIZE(host_protos); p++)
		if (p->family == family)
			return p;
	return NULL;
}

/* Rows PRO-5, LNX-4. */
static int host_attach(struct dlil_ifnet *ifp, u32 family)
{
	const struct host_proto *proto = find_family(family);
	struct dlil_netdev *nd = dlil_netdev_in(ifp);
	struct dlil_proto_params params = {
		.name = proto->name,
		.cookie = nd,
		.descs = proto->descs,
		.n_descs = proto->n,
		.flags = DLIL_PROTO_ATOMIC,
	};

	/* The ifnet of another driver has no host that could get its packets. */
	if (!nd)
		return -EOPNOTSUPP;
	params.ops = nd->raw ? proto->raw_ops : proto->ops;
	return dlil_proto_attach_v2(ifp, family, &params);
}

/*
 * Attach all protocols of the host, as on a device that is not wrapped.  The
 * ifnet of @nd must be attached, and stay so.  A module or a user who has seen
 * the ifnet attached may have plumbed some already.
 */
int dlil_host_plumb_all(struct dlil_netdev *nd)
{
	const char *why;
	int i, err = 0;

	for (i = 0; !err && i < ARRAY_SIZE(host_protos); i++) {
		err = dlil_plumb_for_user(nd->ifp, host_protos[i].name, true,
					  false, &why);
		/* Plumbed by a user, or attached by a module without plumber. */
		if (err == -EEXIST || err == -EADDRINUSE)
			err = 0;
	}
	return err;
}

/* Interface families of network devices. */
static const enum dlil_ifnet_family host_kinds[] = {
	DLIL_IFNET_LOOPBACK, DLIL_IFNET_ETHERNET, DLIL_IFNET_RAW,
};

#define HOST_PLUMBERS	(ARRAY_SIZE(host_protos) * ARRAY_SIZE(host_kinds))

static u32 plumber_family(unsigned int i)
{
	return host_protos[i % ARRAY_SIZE(host_protos)].family;
}

static enum dlil_ifnet_family plumber_kind(unsigned int i)
{
	return host_kinds[i / ARRAY_SIZE(host_protos)];
}

/* Unregister the first @n plumbers, which have plumbed nothing. */
static void unregister_plumbers(unsigned int n)
{
	while (n--)
		WARN_ON(dlil_proto_unregister_plumber(plumber_family(n),
						      plumber_kind(n)));
}

/*
 * The plumbers have no owner.  With one, this module would pin itself, and could not be
 * unloaded while a device is wrapped.
 */
int dlil_host_module_init(void)
{
	struct dlil_plumber_params params = {
		.attach = host_attach,
		/* This one waits for no delivery in flight (LNX-13). */
		.detach = dlil_proto_detach_async,
		.flags = DLIL_PLUMBER_PROMPT,
	};
	unsigned int i;
	int err;

	for (i = 0; i < HOST_PLUMBERS; i++) {
		params.name = find_family(plumber_family(i))->name;
		err = dlil_proto_register_plumber(plumber_family(i),
						  plumber_kind(i), &params);
		if (err) {
			unregister_plumbers(i);
			return err;
		}
	}
	return 0;
}

/* The last final detach is over. */
void dlil_host_module_exit(void)
{
	unregister_plumbers(HOST_PLUMBERS);
}
