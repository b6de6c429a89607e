// SPDX-License-Identifier: GPL-2.0
/*
 * The host's own protocols, as protocols of a wrapped netdev (LNX-4).
 *
 * Each of them gives what it receives back to the host's stack.  A family that is
 * known here and has no protocol attached is cut off: packets of it that we see
 * neither come in, whatever the policy for unmatched ones says, nor go out.  We do
 * not see what a VLAN device on the wrapped one receives, since the stack hands
 * that over before it calls us, nor what tc redirects to the device.
 */
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netlink.h>
#include <net/dst.h>
#include <net/ipv6_stubs.h>
#include <net/ndisc.h>
#include <net/route.h>

#include "dlil_export.h"
#include "dlil_host.h"
#include "dlil_netdev.h"

/* Every one of them is input to the stack, which takes the whole list. */
static int host_input(void *cookie, struct dlil_ifnet *ifp, u32 family,
		      struct sk_buff_head *list)
{
	dlil_netdev_deliver(cookie, list, family == DLIL_PF_VLAN);
	/* Only a device that goes takes no packets. */
	return likely(skb_queue_empty(list)) ? 0 : -ENXIO;
}

/*
 * The link address of the next hop @neigh.  While it is not known the kernel
 * keeps the packet, frames it later and sends it itself (LNX-6).
 */
static int resolve(struct neighbour *neigh, struct net_device *dev,
		   struct sk_buff *skb, __be16 type, struct dlil_frame *frame)
{
	int err;

	if (IS_ERR(neigh))
		return PTR_ERR(neigh);
	/* The neighbour code takes the room for a header for granted. */
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
 * Row OUT-11: where the packet's own route leads, referenced, or an error pointer.
 * NULL: it has none over this device.  @header: bytes of its IP header.
 */
static struct neighbour *routed_neigh(struct net_device *dev,
				      struct sk_buff *skb,
				      unsigned short family,
				      unsigned int header)
{
	struct dst_entry *dst = skb_dst(skb);

	if (!dst || dst->ops->family != family || dst->dev != dev)
		return NULL;
	/* Without a gateway the next hop is the packet's own destination. */
	if (!pskb_may_pull(skb, header))
		return ERR_PTR(-EINVAL);
	skb_reset_network_header(skb);
	return dst_neigh_lookup_skb(dst, skb) ?: ERR_PTR(-ENOBUFS);
}

/* As resolve(), for what routed_neigh() has found. */
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
	/* The kernel has no IPv6, has not loaded it, or was told to do without. */
	if (!READ_ONCE(ipv6_stub)->nd_tbl)
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

/* On a raw device there is one who gets it, and it has no address. */
static int raw_pre_output(void *cookie, struct dlil_ifnet *ifp, u32 family,
			  struct sk_buff *skb, const struct sockaddr *dest,
			  struct dlil_frame *frame)
{
	if (!dest || dest->sa_family != family)
		return -EAFNOSUPPORT;
	frame->type = htons(family == DLIL_PF_INET ? ETH_P_IP : ETH_P_IPV6);
	return 0;
}

static const struct dlil_proto_ops inet_ops = {
	.input_list = host_input,
	.pre_output = inet_pre_output,
	.resolve_multi = ip_resolve_multi,
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

/* Protocols without neighbours to resolve: raw output only. */
static const struct dlil_proto_ops link_ops = {
	.input_list = host_input,
};

#define ETYPE(type) { DLIL_DESC_ETYPE, 2, { (type) >> 8, (type) & 0xff } }

/**
 * struct host_proto - a protocol of the host's
 * @name: as users write it
 * @family: its family
 * @ops: its operations
 * @raw_ops: those on a raw device
 * @descs: its frames, as dlil_host_family() knows them too
 * @n: how many
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

static int find_name(const char *name, struct netlink_ext_ack *extack)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(host_protos); i++)
		if (!strcmp(host_protos[i].name, name))
			return i;
	NL_SET_ERR_MSG(extack,
		       "unknown protocol: expected inet, inet6, vlan, mpls or pppoe");
	return -EPROTONOSUPPORT;
}

static int plumb(struct dlil_netdev *nd, int i)
{
	const struct host_proto *proto = &host_protos[i];
	const struct dlil_proto_params params = {
		.ops = nd->raw ? proto->raw_ops : proto->ops,
		.name = proto->name,
		.cookie = nd,
		.descs = proto->descs,
		.n_descs = proto->n,
		.flags = DLIL_PROTO_ATOMIC,
	};

	return dlil_proto_attach_v2(nd->ifp, proto->family, &params);
}

/* All protocols of the host, as a device has them before it is wrapped. */
int dlil_host_plumb_all(struct dlil_netdev *nd)
{
	int i, err;

	for (i = 0; i < ARRAY_SIZE(host_protos); i++) {
		err = plumb(nd, i);
		if (err)
			return err;
	}
	return 0;
}

/* May sleep; the ifnet of @nd is acquired by somebody, attached or not. */
int dlil_host_plumb(struct dlil_netdev *nd, const char *name,
		    struct netlink_ext_ack *extack)
{
	int i = find_name(name, extack), err;

	if (i < 0)
		return i;
	err = plumb(nd, i);
	if (err == -EEXIST)
		NL_SET_ERR_MSG(extack, "protocol is already plumbed");
	else if (err == -EADDRINUSE)
		NL_SET_ERR_MSG(extack,
			       "another protocol has taken a frame type of this one");
	else if (err == -ENXIO)
		NL_SET_ERR_MSG(extack, "device is being detached");
	return err;
}
EXPORT_SYMBOL_FOR_TEST(dlil_host_plumb);

/*
 * As dlil_host_plumb().  Packets that are being delivered are not waited for
 * (LNX-13): the event of the detach tells when that is over.
 */
int dlil_host_unplumb(struct dlil_netdev *nd, const char *name,
		      struct netlink_ext_ack *extack)
{
	int i = find_name(name, extack), err;

	if (i < 0)
		return i;
	err = dlil_proto_detach_async(nd->ifp, host_protos[i].family);
	if (err == -ENXIO)
		NL_SET_ERR_MSG(extack, "protocol is not plumbed");
	return err;
}
EXPORT_SYMBOL_FOR_TEST(dlil_host_unplumb);
