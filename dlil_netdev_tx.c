// SPDX-License-Identifier: GPL-2.0
/*
 * Sent packets of a wrapped device: those of dlil_output(), and those of the host,
 * in the egress hook.
 *
 * Packets that the host sends reach the netfilter egress hook, before nft, tc
 * and qdisc.  Packets of dlil_output() have passed the filters already; the
 * hook recognises them by the sender (dlil_call.h), which records packet and
 * binding. dev_queue_xmit() calls the hook before anything else, in this
 * context and with bottom halves off.  The packet alone is not sufficient,
 * because an upper device passes the same skb to the lower one.
 *
 * A packet that is sent on loopback is received with its route.  The host drops IPv4
 * packets from its own addresses that have none, as forged ones.  So a packet without a
 * route that dlil_output() sends there, or a filter that has kept it, gets one
 * (LNX-9).
 *
 * As in dlil_netdev.c, the per-packet code is written once, and compiled for devices
 * with and without link headers, and for loopback.
 */
#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/netfilter_netdev.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/dst_metadata.h>
#include <net/route.h>
#include <net/sch_generic.h>

#include "dlil_call.h"
#include "dlil_netdev.h"
#include "dlil_output.h"
#include "dlil_proto.h"
#include "dlil_stats.h"

static __always_inline void tap_out(struct dlil_netdev *nd,
				    const struct sk_buff *skb)
{
	const struct dlil_tap *tap = rcu_dereference(nd->tap_out);

	if (unlikely(tap))
		tap->packet(tap->cookie, nd->ifp, DLIL_TAP_OUTPUT, skb);
}

/* Consumes the packet.  Bottom halves off. */
static int netdev_send(struct dlil_netdev *nd, struct sk_buff *skb)
{
	int err;

	skb->dev = nd->dev;
	/* Our egress hook comes first, and must see the packet. */
	nf_skip_egress(skb, false);
	dlil_sender_hand_over(skb, nd);
	err = dev_queue_xmit(skb);
	dlil_sender_handed_over();
	return err > 0 ? net_xmit_errno(err) : err;
}

/* The link header of a packet that is being sent. */
static __always_inline const struct ethhdr *header_of(const struct sk_buff *skb)
{
	return (const struct ethhdr *)skb->data;
}

static bool is_group(const struct sk_buff *skb)
{
	return is_multicast_ether_addr(header_of(skb)->h_dest);
}

/* Count multicast: only the driver can parse the link header. */
static void count_group(struct dlil_netdev *nd, const struct sk_buff *skb)
{
	static const struct dlil_stats one = { .omcasts = 1 };

	if (unlikely(is_group(skb)))
		dlil_stats_add(nd->ifp, &one);
}

/* Set the protocol of a raw packet, which may come without it. */
static void set_protocol(struct sk_buff *skb, bool raw)
{
	if (raw) {
		skb_reset_network_header(skb);
		/* If it is not IP, the driver may know better. */
		dlil_raw_type(skb, &skb->protocol);
	} else {
		skb->protocol = dev_parse_header_protocol(skb);
		skb_set_network_header(skb, ETH_HLEN);
	}
}

/*
 * Give a packet on loopback the route by which the host takes it, if it has none.  A
 * route that does not lead to the host itself would have the packet dropped.
 */
static noinline void route_looped(struct dlil_netdev *nd, struct sk_buff *skb)
{
	const struct iphdr *iph;
	struct flowi4 fl = { .flowi4_oif = nd->dev->ifindex };
	struct rtable *rt;
	struct iphdr buf;

	if (skb->protocol != htons(ETH_P_IP) || skb_valid_dst(skb))
		return;
	iph = skb_header_pointer(skb, ETH_HLEN, sizeof(buf), &buf);
	if (!iph)
		return;
	fl.daddr = iph->daddr;
	fl.saddr = iph->saddr;
	fl.flowi4_mark = skb->mark;
	rt = ip_route_output_key(dev_net(nd->dev), &fl);
	if (IS_ERR(rt))
		return;
	if (!(rt->rt_flags & RTCF_LOCAL)) {
		ip_rt_put(rt);
		return;
	}
	skb_dst_drop(skb);
	skb_dst_set(skb, &rt->dst);
}

static __always_inline int output_as(struct dlil_ifnet *ifp,
				     struct sk_buff *skb, bool looped)
{
	struct dlil_netdev *nd = dlil_ifnet_priv(ifp);
	bool raw = nd->raw;

	if (unlikely(!READ_ONCE(nd->live))) {
		/* The core counts and records a drop by the driver. */
		dlil_free_skb(skb, DLIL_DROP_DETACHED);
		return -ENXIO;
	}
	if (unlikely(!pskb_may_pull(skb, raw ? 1 : ETH_HLEN))) {
		dlil_netdev_dropped(ifp, DLIL_DIRECTION_OUT, 1);
		kfree_skb_reason(skb, SKB_DROP_REASON_PKT_TOO_SMALL);
		return -ENXIO;
	}
	skb_reset_mac_header(skb);
	skb->dev = nd->dev;
	if (!skb->protocol)
		set_protocol(skb, raw);
	if (!raw)
		count_group(nd, skb);
	tap_out(nd, skb);
	if (looped)
		route_looped(nd, skb);
	return netdev_send(nd, skb);
}

int dlil_netdev_output(struct dlil_ifnet *ifp, struct sk_buff *skb)
{
	return output_as(ifp, skb, false);
}

int dlil_netdev_looped_output(struct dlil_ifnet *ifp, struct sk_buff *skb)
{
	return output_as(ifp, skb, true);
}

/* The features of the device for @skb, as validate_xmit_skb() finds them. */
static netdev_features_t features_for(const struct dlil_netdev *nd,
				      struct sk_buff *skb)
{
	struct net_device *dev = skb->dev;
	netdev_features_t features;

	/* A packet of dlil_output() may have no device yet. */
	skb->dev = nd->dev;
	features = netif_skb_features(skb);
	skb->dev = dev;
	return features;
}

/* The same question that validate_xmit_vlan() asks when the packet is sent. */
bool dlil_netdev_tag_in_data(struct dlil_ifnet *ifp, struct sk_buff *skb)
{
	struct dlil_netdev *nd = dlil_ifnet_priv(ifp);

	/* The ifnet may be attached for a while after its device was let go of. */
	return READ_ONCE(nd->live) &&
	       !vlan_hw_offload_capable(features_for(nd, skb), skb->vlan_proto);
}

/*
 * The same question that validate_xmit_skb() and the kernel's segmentation ask when the
 * packet is sent, behind the filters and before packet sockets see it.  A packet from a
 * guest (SKB_GSO_DODGY) is checked, and stays whole.  One that the device takes in a few
 * large parts (NETIF_F_GSO_PARTIAL) counts as whole.
 */
bool dlil_netdev_cuts_gso(struct dlil_ifnet *ifp, struct sk_buff *skb)
{
	struct dlil_netdev *nd = dlil_ifnet_priv(ifp);
	netdev_features_t features;

	/* Segmentation goes by the type, which a raw packet gets behind the filters. */
	if (unlikely(!READ_ONCE(nd->live) || !skb->protocol))
		return false;
	features = features_for(nd, skb) | NETIF_F_GSO_ROBUST;
	if (features & NETIF_F_GSO_PARTIAL)
		features |= nd->dev->features & nd->dev->gso_partial_features;
	return !skb_gso_ok(skb, features);
}

/* On a raw device dev_hard_header() adds no header. */
int dlil_netdev_framer(struct dlil_ifnet *ifp, struct sk_buff **pskb,
		       const struct dlil_frame *frame)
{
	struct dlil_netdev *nd = dlil_ifnet_priv(ifp);
	struct sk_buff *skb = *pskb;
	int err;

	if (unlikely(!READ_ONCE(nd->live)))
		return -ENXIO;
	err = skb_cow_head(skb, LL_RESERVED_SPACE(nd->dev));
	if (err)
		return err;
	skb->dev = nd->dev;
	skb->protocol = frame->type;
	skb_reset_network_header(skb);
	err = dev_hard_header(skb, nd->dev, ntohs(frame->type), frame->dest,
			      dlil_ifnet_lladdr(ifp), skb->len);
	if (err < 0)
		return err;
	skb_reset_mac_header(skb);
	return 0;
}

/*
 * Show a packet of the host to the tap.  A tap may send by the host's stack
 * what it sees, and then sees that as well; so it counts as an output (OUT-10),
 * and sees nothing beyond the limit.
 */
static noinline void tap_hosts(struct dlil_netdev *nd,
			       const struct sk_buff *skb)
{
	struct dlil_sender own, *sender = dlil_sender_enter(&own);

	if (!dlil_sender_is_too_deep(sender))
		tap_out(nd, skb);
	dlil_sender_leave(sender);
}

/* Last step for packets of the host: count multicast and show them to the tap. */
static noinline unsigned int send_noted(struct dlil_netdev *nd,
					const struct sk_buff *skb, bool raw)
{
	if (!raw)
		count_group(nd, skb);
	if (rcu_access_pointer(nd->tap_out))
		tap_hosts(nd, skb);
	return NF_ACCEPT;
}

/* Verdict for a packet that was consumed and not sent; the sender gets an error. */
static unsigned int verdict_gone(void)
{
	return NF_STOLEN | EPERM << NF_VERDICT_QBITS;
}

/*
 * Number of bytes of a GSO packet on the wire, where each segment has the
 * headers. skb->data is at the link header.
 */
static unsigned int gso_wire_len(const struct sk_buff *skb)
{
	const struct skb_shared_info *info = skb_shinfo(skb);
	unsigned int header, segments;

	header = skb->encapsulation ? skb_inner_transport_offset(skb) :
				      skb_transport_offset(skb);
	if (info->gso_type & (SKB_GSO_TCPV4 | SKB_GSO_TCPV6)) {
		struct tcphdr buf;
		const struct tcphdr *th;

		th = skb_header_pointer(skb, header, sizeof(buf), &buf);
		header += th ? __tcp_hdrlen(th) : 0;
	} else if (info->gso_type & SKB_GSO_UDP_L4) {
		header += sizeof(struct udphdr);
	}
	if (header >= skb->len)
		return skb->len;
	segments = info->gso_size == GSO_BY_FRAGS ? info->gso_segs :
		   DIV_ROUND_UP(skb->len - header, info->gso_size);
	return skb->len + (max(segments, 1U) - 1) * header;
}

/*
 * Correct the packet length after a filter has changed it in place.  The stack
 * has computed it before the hook, and qdiscs schedule and count by it.
 */
static noinline void measure(struct sk_buff *skb)
{
	skb_reset_mac_header(skb);
	if (skb_is_gso(skb) && skb_transport_header_was_set(skb))
		qdisc_skb_cb(skb)->pkt_len = gso_wire_len(skb);
	else
		qdisc_skb_cb(skb)->pkt_len = skb->len;
}

/*
 * Run filters.  They may overwrite skb->cb, where the stack has stored data for
 * tc and the qdisc.  A packet that replaces @skb gets its own in
 * dev_queue_xmit().
 */
static noinline unsigned int send_filtered(struct dlil_netdev *nd,
					   struct sk_buff *skb, u32 family)
{
	unsigned int gso_size = skb_shinfo(skb)->gso_size, len = skb->len;
	u64 cb[sizeof(skb->cb) / sizeof(u64)];
	int err;

	static_assert(sizeof(cb) == sizeof(skb->cb));

	memcpy(cb, skb->cb, sizeof(cb));
	err = dlil_filter_output(nd->ifp, family, skb);
	if (unlikely(err))
		return err == DLIL_STOLEN ? NF_STOLEN : verdict_gone();
	memcpy(skb->cb, cb, sizeof(cb));
	if (unlikely(skb->len != len || skb_shinfo(skb)->gso_size != gso_size))
		measure(skb);
	return send_noted(nd, skb, nd->raw);
}

/*
 * The EtherType of a packet that the host sends, as its receiver will see it.
 * skb->protocol may be any value that a packet socket has set (LNX-4).  Without
 * a link header, PPP builds one from skb->protocol; otherwise the IP version
 * decides.
 */
static __always_inline __be16 sent_type(const struct dlil_netdev *nd,
					const struct sk_buff *skb, bool raw)
{
	__be16 type;

	if (unlikely(skb_vlan_tag_present(skb)))
		return skb->vlan_proto;
	if (!raw)
		return header_of(skb)->h_proto;
	if (nd->dev->type == ARPHRD_PPP || dlil_raw_type(skb, &type))
		return skb->protocol;
	return type;
}

#if IS_ENABLED(CONFIG_VLAN_8021Q)
static bool has_own_tag(const struct net_device *dev,
			const struct vlan_ethhdr *eth)
{
	return is_vlan_dev(dev) &&
	       !(vlan_dev_priv(dev)->flags & VLAN_FLAG_REORDER_HDR) &&
	       eth->h_vlan_proto == vlan_dev_vlan_proto(dev) &&
	       (ntohs(eth->h_vlan_TCI) & VLAN_VID_MASK) == vlan_dev_vlan_id(dev);
}
#else
static bool has_own_tag(const struct net_device *dev,
			const struct vlan_ethhdr *eth)
{
	return false;
}
#endif

/*
 * A VLAN device may put its tag in the header itself (reorder_hdr off).  That
 * tag belongs to the link, so the family is that of the packet behind it.
 */
static noinline u32 family_in_vlan(const struct dlil_netdev *nd,
				   const struct sk_buff *skb)
{
	const struct vlan_ethhdr *eth;
	struct vlan_ethhdr buf;

	if (skb_vlan_tag_present(skb))
		return DLIL_PF_VLAN;
	eth = skb_header_pointer(skb, 0, sizeof(buf), &buf);
	if (!eth || !has_own_tag(nd->dev, eth))
		return DLIL_PF_VLAN;
	return dlil_family_of_type(eth->h_vlan_encapsulated_proto);
}

static __always_inline u32 sent_family(const struct dlil_netdev *nd,
				       const struct sk_buff *skb, bool raw)
{
	u32 family = dlil_family_of_type(sent_type(nd, skb, raw));

	if (unlikely(family == DLIL_PF_VLAN) && !raw)
		return family_in_vlan(nd, skb);
	return family;
}

static noinline unsigned int refuse_cut(struct dlil_netdev *nd,
					struct sk_buff *skb)
{
	dlil_stats_refuse(nd->ifp, DLIL_OUT, DLIL_DROP_NOPROTO, 1, 0);
	dlil_drop_skb(nd->ifp, DLIL_OUT, skb, DLIL_DROP_NOPROTO);
	return verdict_gone();
}

/*
 * Row LNX-6: the egress hook for packets of the host.  Bottom halves off.
 * Written so that a packet without filters needs neither calls nor a stack
 * frame.
 */
static __always_inline unsigned int send_hosts(struct dlil_netdev *nd,
					       struct sk_buff *skb, bool raw)
{
	u32 family;

	if (dlil_sender_is_handing(skb, nd))
		return NF_ACCEPT;
	family = sent_family(nd, skb, raw);
	if (unlikely(family && !dlil_proto_lookup(nd->ifp, family)))
		return refuse_cut(nd, skb);
	if (!dlil_output_unfiltered(nd->ifp, skb->len))
		return send_filtered(nd, skb, family);
	if (unlikely(rcu_access_pointer(nd->tap_out) ||
		     (!raw && is_group(skb))))
		return send_noted(nd, skb, raw);
	return NF_ACCEPT;
}

static noinline unsigned int send_hosts_bh(struct dlil_netdev *nd,
					   struct sk_buff *skb)
{
	unsigned int verdict;

	local_bh_disable();
	verdict = send_hosts(nd, skb, nd->raw);
	local_bh_enable();
	return verdict;
}

/*
 * Packets that bypass the qdisc (PACKET_QDISC_BYPASS) come with bottom halves
 * on.
 */
static __always_inline unsigned int egress(void *priv, struct sk_buff *skb,
					   bool raw)
{
	if (likely(in_softirq()))
		return send_hosts(priv, skb, raw);
	return send_hosts_bh(priv, skb);
}

unsigned int dlil_netdev_egress(void *priv, struct sk_buff *skb,
				const struct nf_hook_state *state)
{
	return egress(priv, skb, false);
}

unsigned int dlil_netdev_raw_egress(void *priv, struct sk_buff *skb,
				    const struct nf_hook_state *state)
{
	return egress(priv, skb, true);
}
