// SPDX-License-Identifier: GPL-2.0
/*
 * A netdev as an ifnet: receive handler, egress hook, notifier.
 *
 * Received packets are taken by the device's rx_handler, which sits behind taps,
 * tc and nft ingress.  Packets for the host are given back to the stack on the same
 * device, marked so that it lets taps and classifiers alone and so that we know
 * them: skb->redirected together with tc_skip_classify.  The stack clears the
 * first of every packet that lacks the second, so nobody else's get here with it
 * (ifb clears it itself).  The mark travels with the packet, across RPS too, and
 * has the device's generic XDP program let the packet pass.
 *
 * The mark is for our receive handler only (LNX-15).  Between
 * netif_receive_skb_list() and the handler a packet can be led astray at these
 * places, in 6.1 and 6.12 alike:
 *  - vlan_do_receive() hands a packet with a tag to a VLAN device, and generic XDP
 *    of that one would let it pass: settle_tags() leaves no marked packet a tag
 *    that a VLAN device could have;
 *  - the handler may be gone.  begin_unhook() ends the marking, waits until the
 *    marked packets have been through, and only then is the handler taken away;
 *  - RPS queues the packet for another processor: begin_unhook() waits for those
 *    queues as well.  A device that is closed has nothing queued any more;
 *  - a PHY that time-stamps may hold a packet for some milliseconds.  That one
 *    would keep its mark if the device is unwrapped meanwhile.
 * Taps, tc and nft do not see it, and generic XDP of the device passes it.
 *
 * Packets that the host sends meet the netfilter egress hook, in front of nft, tc and
 * qdisc.  Packets of dlil_output() have been through the filters and are known by the
 * sender (dlil_sender.h), which remembers packet and binding: dev_queue_xmit() calls
 * the hook before anything else, in this context and with bottom halves off.  The
 * packet alone would not do, for a device on top hands it to the one below.
 *
 * Unwrapping a device begins under RTNL with the hooks, and with an RCU grace
 * period after which they do not run.  A device that stays is to lose no packet:
 * the ifnet is detached behind those that are queued, by the input thread.  No task
 * waits for that, since a callback may sleep before them (LNX-13).
 *
 * For a device that goes `live` is cleared before the grace period, so that after
 * it nothing is delivered to the device and nothing is sent by it; the ifnet is
 * detached at once, what is queued is freed, and our reference to the device is
 * dropped, all of it without waiting for a callback.  A callback may still have
 * packets then, so the core has packets point to the kernel's blackhole device before
 * a callback gets them that may sleep; what is queued points to the device, but nobody
 * follows that.  The binding lives until the final detach.
 *
 * Three kinds of devices can be wrapped: those with Ethernet headers; loopback
 * ones, whose headers say nothing; and raw ones, without any (LNX-9).  The code for
 * a packet is written once, and made for devices with headers and for those without
 * by an argument that is a constant: which of the two a device gets is settled when
 * it is attached.
 */
#include <linux/cpu.h>
#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/if_vlan.h>
#include <linux/netfilter_netdev.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/dsa.h>
#include <net/dst.h>
#include <net/dst_metadata.h>
#include <net/sch_generic.h>
#include <net/sock.h>

#include "dlil_drop.h"
#include "dlil_export.h"
#include "dlil_host.h"
#include "dlil_inq.h"
#include "dlil_netdev.h"
#include "dlil_output.h"
#include "dlil_proto.h"
#include "dlil_sender.h"
#include "dlil_sysfs.h"

/* The parameter verbose. */
bool dlil_verbose;

/* Devices that are wrapped or still being unwrapped. */
static LIST_HEAD(bindings);
static DEFINE_MUTEX(bindings_lock);

/* One test for both, since nearly no received packet has either. */
static __always_inline bool has_dst_or_ct(const struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_NF_CONNTRACK)
	return skb->_skb_refdst | skb->_nfct;
#else
	return skb->_skb_refdst;
#endif
}

/*
 * Behind a priority tag there may be the tag of a VLAN device: then the packet
 * belongs to that device, and the stack finds it by itself once we let it pass.
 */
static bool is_for_vlan_device(const struct sk_buff *skb)
{
	const struct vlan_hdr *tag;
	__be16 type = skb->protocol;
	struct vlan_hdr buf;
	int offset = 0;
	u16 id;

	if (!skb_vlan_tag_present(skb) || skb_vlan_tag_get_id(skb))
		return false;
	for (; eth_type_vlan(type); offset += VLAN_HLEN) {
		tag = skb_header_pointer(skb, offset, sizeof(buf), &buf);
		if (!tag)
			return false;
		id = ntohs(tag->h_vlan_TCI) & VLAN_VID_MASK;
		if (__vlan_find_dev_deep_rcu(skb->dev, type, id))
			return true;
		if (id)
			return false;
		type = tag->h_vlan_encapsulated_proto;
	}
	return false;
}

/*
 * May the packet be parked outside the RCU section as it is, and for long?  Packets
 * from a NIC have no socket; those from a veth have the sender's.
 */
static __always_inline bool is_own(struct sk_buff *skb)
{
	return !skb_shared(skb) &&
	       !(skb_shinfo(skb)->flags & SKBFL_ZEROCOPY_ENABLE) &&
	       !skb->sk && !has_dst_or_ct(skb) && !skb_vlan_tag_present(skb);
}

/* Is the packet's socket the receiver's, assigned by tc, and is it referenced? */
static bool has_receiver(struct sk_buff *skb)
{
	return skb_sk_is_prefetched(skb) && sk_is_refcounted(skb->sk);
}

/* Make the packet one that may be parked.  NULL: no memory, the packet is freed. */
static struct sk_buff *own_packet(struct dlil_netdev *nd, struct sk_buff *skb)
{
	skb = skb_share_check(skb, GFP_ATOMIC);
	if (unlikely(!skb))
		return NULL;
	/* Others wait for the pages of a packet that may be parked for long. */
	if (unlikely(skb_orphan_frags_rx(skb, GFP_ATOMIC))) {
		dlil_drop_skb(skb, DLIL_DROP_NOMEM);
		return NULL;
	}
	/*
	 * Row LNX-15: the sender's socket, its buffer and its namespace wait for
	 * the packet.  A socket that tc has assigned without a reference is under
	 * RCU only, and is lost.
	 */
	if (skb->sk && !has_receiver(skb))
		skb_orphan(skb);
	skb_dst_force(skb);
	/* Row LNX-13, and its exception: see struct dlil_netdev. */
	if (skb_valid_dst(skb) || skb_nfct(skb))
		WRITE_ONCE(nd->pinned, true);
	return skb;
}

/* Row TAP-1.  The pointers are where a packet's way has taken us anyhow. */
static void tap_in(struct dlil_netdev *nd, const struct sk_buff *skb)
{
	const struct dlil_tap *tap = rcu_dereference(nd->tap_in);

	if (unlikely(tap))
		tap->packet(tap->cookie, nd->ifp, DLIL_TAP_INPUT, skb);
}

static __always_inline void tap_out(struct dlil_netdev *nd,
				    const struct sk_buff *skb)
{
	const struct dlil_tap *tap = rcu_dereference(nd->tap_out);

	if (unlikely(tap))
		tap->packet(tap->cookie, nd->ifp, DLIL_TAP_OUTPUT, skb);
}

static int netdev_set_tap(struct dlil_ifnet *ifp, u32 mode,
			  const struct dlil_tap *tap)
{
	struct dlil_netdev *nd = dlil_ifnet_priv(ifp);

	rcu_assign_pointer(nd->tap_in, mode & DLIL_TAP_INPUT ? tap : NULL);
	if (mode & DLIL_TAP_INPUT)
		set_bit(DLIL_SLOW_TAP, &nd->slow);
	else
		clear_bit(DLIL_SLOW_TAP, &nd->slow);
	rcu_assign_pointer(nd->tap_out, mode & DLIL_TAP_OUTPUT ? tap : NULL);
	return 0;
}

/* A header that the driver took off in front is none of this link. */
static void raw_header(struct sk_buff *skb)
{
	skb_reset_mac_header(skb);
}

/* A packet with which more is to be done than to queue it. */
static noinline rx_handler_result_t receive_slow(struct sk_buff **pskb,
						 struct dlil_netdev *nd)
{
	struct sk_buff *skb;

	/*
	 * A multicast packet that the stack has looped back has no link header, and
	 * has not come from the link.  All such packets have a route.
	 */
	if ((*pskb)->pkt_type == PACKET_LOOPBACK)
		return RX_HANDLER_PASS;
	if (unlikely(test_bit(DLIL_SLOW_UNHOOK, &nd->slow) ||
		     is_for_vlan_device(*pskb)))
		return RX_HANDLER_PASS;
	skb = own_packet(nd, *pskb);
	*pskb = skb;
	if (unlikely(!skb)) {
		dlil_input_refused(nd->ifp, DLIL_DROP_NOMEM);
		return RX_HANDLER_CONSUMED;
	}
	if (nd->raw)
		raw_header(skb);
	tap_in(nd, skb);
	dlil_inq_add(nd->ifp, skb);
	return RX_HANDLER_CONSUMED;
}

/* Written so that a packet of the usual sort needs neither calls nor a frame. */
static __always_inline rx_handler_result_t receive(struct sk_buff **pskb,
						   bool raw)
{
	struct sk_buff *skb = *pskb;
	struct dlil_netdev *nd;

	/* A packet that we have handed back, on its way to the host. */
	if (skb_is_redirected(skb)) {
		skb_reset_redirect(skb);
		return RX_HANDLER_PASS;
	}
	/* Memory is short, and this packet may be what sets some free. */
	if (unlikely(skb_pfmemalloc(skb)))
		return RX_HANDLER_PASS;

	nd = rcu_dereference(skb->dev->rx_handler_data);
	if (unlikely(!is_own(skb) || READ_ONCE(nd->slow)))
		return receive_slow(pskb, nd);
	if (raw)
		raw_header(skb);
	dlil_inq_add(nd->ifp, skb);
	return RX_HANDLER_CONSUMED;
}

static rx_handler_result_t ether_rx(struct sk_buff **pskb)
{
	return receive(pskb, false);
}

static rx_handler_result_t raw_rx(struct sk_buff **pskb)
{
	return receive(pskb, true);
}

static_assert(offsetof(struct sk_buff, next) ==
		      offsetof(struct sk_buff, list.next) &&
	      offsetof(struct sk_buff, prev) ==
		      offsetof(struct sk_buff, list.prev));

/*
 * Make a queue the list that the stack takes.  A packet's links are the same in
 * both, so that only the ends have to be tied to another head.
 */
static void queue_to_list(struct sk_buff_head *queue, struct list_head *list)
{
	list->next = &skb_peek(queue)->list;
	list->prev = &skb_peek_tail(queue)->list;
	list->next->prev = list;
	list->prev->next = list;
	__skb_queue_head_init(queue);
}

/*
 * See that the stack hands a packet to no VLAN device while it bears our mark.  No
 * VLAN device had its tag when it was received, or it would not be here; but one
 * may be there by now, or a filter may have changed the tag.  Then the device gets
 * the packet, without our mark.  For the others the tag is made one that no VLAN
 * device can have: to the stack all such tags are the same.  Returns NULL if the
 * packet was malformed, and is freed, as the stack would do.
 */
static struct sk_buff *settle_tags(struct dlil_netdev *nd, struct sk_buff *skb)
{
	if (!skb_vlan_tag_present(skb))
		skb = skb_vlan_untag(skb);
	while (skb && skb_vlan_tag_present(skb)) {
		if (__vlan_find_dev_deep_rcu(nd->dev, skb->vlan_proto,
					     skb_vlan_tag_get_id(skb))) {
			skb->redirected = 0;
			break;
		}
		if (skb_vlan_tag_get_id(skb)) {
			skb->vlan_tci |= VLAN_VID_MASK;
			break;
		}
		__vlan_hwaccel_clear_tag(skb);
		if (eth_type_vlan(skb->protocol))
			skb = skb_vlan_untag(skb);
	}
	return skb;
}

static __always_inline void mark(struct dlil_netdev *nd, struct sk_buff *skb)
{
	skb->dev = nd->dev;
	skb->tc_skip_classify = 1;
	skb->redirected = 1;
}

/* As mark(), of packets that may have tags or on a device that is let go of. */
static noinline void mark_carefully(struct dlil_netdev *nd,
				    struct sk_buff_head *list)
{
	struct sk_buff *skb, *next;
	struct sk_buff_head marked;

	__skb_queue_head_init(&marked);
	skb_queue_walk_safe(list, skb, next) {
		__skb_unlink(skb, list);
		mark(nd, skb);
		/* Row LNX-15: nobody would take it off again. */
		if (test_bit(DLIL_SLOW_UNHOOK, &nd->slow))
			skb->redirected = 0;
		if (skb_vlan_tag_present(skb) || eth_type_vlan(skb->protocol))
			skb = settle_tags(nd, skb);
		if (skb)
			__skb_queue_tail(&marked, skb);
	}
	skb_queue_splice(&marked, list);
}

/* A filter that has changed packets was seen by us, and so is this. */
static bool is_filtered(const struct dlil_netdev *nd)
{
	/* Pairs with the release by which vecs_install() shows filters. */
	smp_rmb();
	return READ_ONCE(nd->ifp->filtered);
}

/*
 * Does the device still receive?  No longer once it is being unregistered: after
 * marking that (dev->dismantle) the kernel closes and unlists the device, and waits
 * for RCU readers before any protocol is told to let go of it.  For one that moves
 * to another namespace our notifier comes first.  (A device that is just closed has
 * its packets, as with the kernel's own backlog.)
 */
static bool is_receiving(const struct dlil_netdev *nd)
{
	return READ_ONCE(nd->live) && !READ_ONCE(nd->dev->dismantle);
}

/*
 * Give packets to the host; with @tagged they may have VLAN tags that no filter
 * has put there.  May sleep or not.  Leaves the packets in @list if the device is
 * going.
 */
void dlil_netdev_deliver(struct dlil_netdev *nd, struct sk_buff_head *list,
			 bool tagged)
{
	struct list_head packets;
	struct sk_buff *skb;

	if (skb_queue_empty(list))
		return;
	local_bh_disable();
	rcu_read_lock();
	if (likely(is_receiving(nd))) {
		if (unlikely(tagged || is_filtered(nd) ||
			     test_bit(DLIL_SLOW_UNHOOK, &nd->slow)))
			mark_carefully(nd, list);
		else
			skb_queue_walk(list, skb)
				mark(nd, skb);
		if (likely(!skb_queue_empty(list))) {
			queue_to_list(list, &packets);
			netif_receive_skb_list(&packets);
		}
	}
	rcu_read_unlock();
	local_bh_enable();
}

/* The host tells received packets by skb->protocol, and so do we (LNX-4). */
static u32 received_family(const struct sk_buff *skb)
{
	return dlil_host_family(skb_vlan_tag_present(skb) ? skb->vlan_proto :
							    skb->protocol);
}

/* Row LNX-5: to the host as they are, but for protocols that are cut off. */
static void netdev_unmatched(struct dlil_ifnet *ifp, struct sk_buff_head *list,
			     enum dlil_drop_reason why)
{
	struct dlil_netdev *nd = dlil_ifnet_priv(ifp);
	struct sk_buff *skb, *next;
	struct sk_buff_head pass;
	u32 family;

	/* A frame that ends before its headers do is of no use to the host. */
	if (READ_ONCE(nd->unmatched) == DLIL_UNMATCHED_DROP ||
	    why == DLIL_DROP_DEMUX)
		return;
	__skb_queue_head_init(&pass);
	rcu_read_lock();
	skb_queue_walk_safe(list, skb, next) {
		family = received_family(skb);
		if (why == DLIL_DROP_NOPROTO && family &&
		    !dlil_proto_is_attached(ifp, family))
			continue;
		__skb_unlink(skb, list);
		__skb_queue_tail(&pass, skb);
	}
	rcu_read_unlock();
	dlil_netdev_deliver(nd, &pass, true);
	/* The device is going. */
	skb_queue_splice_tail(&pass, list);
}

/*
 * Row LNX-14: to the counters that `ip -s link` shows.  Bottom halves off, RCU read
 * lock held.
 */
static void add_dropped(struct net_device *dev, u32 direction, u64 n)
{
	struct net_device_core_stats __percpu *stats;
	bool in = direction == DLIL_DIRECTION_IN;

	/* The first one has the kernel allocate the counters. */
	if (in)
		dev_core_stats_rx_dropped_inc(dev);
	else
		dev_core_stats_tx_dropped_inc(dev);
	stats = READ_ONCE(dev->core_stats);
	if (likely(n == 1) || !stats)
		return;
	if (in)
		this_cpu_add(stats->rx_dropped, n - 1);
	else
		this_cpu_add(stats->tx_dropped, n - 1);
}

/*
 * The stack counts what dev_queue_xmit() refuses, in the device's counters or the
 * qdisc's; it does not count what an egress hook drops.
 */
static void netdev_dropped(struct dlil_ifnet *ifp, u32 direction, u64 n)
{
	struct dlil_netdev *nd = dlil_ifnet_priv(ifp);

	rcu_read_lock();
	if (READ_ONCE(nd->live))
		add_dropped(nd->dev, direction, n);
	rcu_read_unlock();
}

/* Bottom halves off; takes the packet. */
static int netdev_send(struct dlil_netdev *nd, struct sk_buff *skb)
{
	int err;

	skb->dev = nd->dev;
	/* Our hook, being the first one, is to see it. */
	nf_skip_egress(skb, false);
	dlil_sender_hand_over(skb, nd);
	err = dev_queue_xmit(skb);
	dlil_sender_handed_over();
	return err > 0 ? net_xmit_errno(err) : err;
}

/* The link header of a packet on its way out. */
static __always_inline const struct ethhdr *header_of(const struct sk_buff *skb)
{
	return (const struct ethhdr *)skb->data;
}

static bool is_group(const struct sk_buff *skb)
{
	return is_multicast_ether_addr(header_of(skb)->h_dest);
}

/* Only the driver knows what is in a link header. */
static void count_group(struct dlil_netdev *nd, const struct sk_buff *skb)
{
	static const struct dlil_stats one = { .omcasts = 1 };

	if (unlikely(is_group(skb)))
		dlil_stats_add(nd->ifp, &one);
}

/* A raw packet may come without the headers that the stack looks at. */
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

static __always_inline int output(struct dlil_ifnet *ifp, struct sk_buff *skb,
				  bool raw)
{
	struct dlil_netdev *nd = dlil_ifnet_priv(ifp);

	if (unlikely(!READ_ONCE(nd->live))) {
		dlil_drop_skb(skb, DLIL_DROP_DETACHED);
		return -ENXIO;
	}
	if (unlikely(!pskb_may_pull(skb, raw ? 1 : ETH_HLEN))) {
		add_dropped(nd->dev, DLIL_DIRECTION_OUT, 1);
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
	return netdev_send(nd, skb);
}

/* The same question that validate_xmit_vlan() asks when the packet is sent. */
static bool netdev_tag_in_data(struct dlil_ifnet *ifp, struct sk_buff *skb)
{
	struct dlil_netdev *nd = dlil_ifnet_priv(ifp);
	struct net_device *dev = skb->dev;
	netdev_features_t features;

	/* The ifnet may be attached for a while after its device was let go of. */
	if (unlikely(!READ_ONCE(nd->live)))
		return false;
	/* A packet of dlil_output() may have no device yet. */
	skb->dev = nd->dev;
	features = netif_skb_features(skb);
	skb->dev = dev;
	return !vlan_hw_offload_capable(features, skb->vlan_proto);
}

static int ether_output(struct dlil_ifnet *ifp, struct sk_buff *skb)
{
	return output(ifp, skb, false);
}

static int raw_output(struct dlil_ifnet *ifp, struct sk_buff *skb)
{
	return output(ifp, skb, true);
}

/* On a raw device dev_hard_header() makes no header. */
static int netdev_framer(struct dlil_ifnet *ifp, struct sk_buff **pskb,
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
 * A tap that sends what it sees by the host's stack meets itself, so it counts as
 * an output (OUT-10): past the bound it is shown nothing.
 */
static noinline void tap_hosts(struct dlil_netdev *nd,
			       const struct sk_buff *skb)
{
	struct dlil_sender own, *sender = dlil_sender_enter(&own);

	if (!dlil_sender_is_too_deep(sender))
		tap_out(nd, skb);
	dlil_sender_leave(sender);
}

/* The last that a packet of the host meets here.  Bottom halves off. */
static noinline unsigned int send_noted(struct dlil_netdev *nd,
					const struct sk_buff *skb, bool raw)
{
	if (!raw)
		count_group(nd, skb);
	if (rcu_access_pointer(nd->tap_out))
		tap_hosts(nd, skb);
	return NF_ACCEPT;
}

/* The packet is gone, and the sender is told that it was not sent. */
static unsigned int verdict_gone(void)
{
	return NF_STOLEN | EPERM << NF_VERDICT_QBITS;
}

/*
 * Bytes that a GSO packet takes on the wire: each segment has the headers.
 * skb->data is at the link header.
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
 * A filter has changed the length in place, behind the stack's back: it has set
 * these two before it called us, and qdiscs schedule and count by the length.
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
 * Filters may use skb->cb, where the stack has put things for tc and the qdisc.
 * A packet that takes the place of @skb gets its own in dev_queue_xmit().
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
 * The type of a packet that the host sends, as whoever receives it will read it:
 * skb->protocol is what a packet socket likes to say (LNX-4).  Where there is no
 * header PPP makes one of it, and for all others the version of IP tells.
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
 * A VLAN device may put its tag in the header itself (reorder_hdr off).  That tag
 * belongs to the link, and the family is that of the packet behind it.
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
	return dlil_host_family(eth->h_vlan_encapsulated_proto);
}

static __always_inline u32 sent_family(const struct dlil_netdev *nd,
				       const struct sk_buff *skb, bool raw)
{
	u32 family = dlil_host_family(sent_type(nd, skb, raw));

	if (unlikely(family == DLIL_PF_VLAN) && !raw)
		return family_in_vlan(nd, skb);
	return family;
}

static noinline unsigned int refuse_cut(struct dlil_netdev *nd,
					struct sk_buff *skb)
{
	dlil_output_refused(nd->ifp, DLIL_DROP_NOPROTO);
	dlil_drop_skb(skb, DLIL_DROP_NOPROTO);
	return verdict_gone();
}

/*
 * Row LNX-6: what the host sends itself.  Bottom halves off.  Written so that a
 * packet which meets nobody needs neither calls nor a frame.
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

/* Packets that bypass the qdisc (PACKET_QDISC_BYPASS) come with bottom halves on. */
static __always_inline unsigned int egress(void *priv, struct sk_buff *skb,
					   bool raw)
{
	if (likely(in_softirq()))
		return send_hosts(priv, skb, raw);
	return send_hosts_bh(priv, skb);
}

static unsigned int ether_egress(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *state)
{
	return egress(priv, skb, false);
}

static unsigned int raw_egress(void *priv, struct sk_buff *skb,
			       const struct nf_hook_state *state)
{
	return egress(priv, skb, true);
}

static void netdev_put_binding(struct dlil_netdev *nd)
{
	if (refcount_dec_and_test(&nd->refs))
		kfree(nd);
}

/* Let go of the device, if that has not been done. */
static void release_device(struct dlil_netdev *nd)
{
	struct net_device *dev;

	mutex_lock(&bindings_lock);
	dev = nd->dev;
	WRITE_ONCE(nd->dev, NULL);
	mutex_unlock(&bindings_lock);
	if (dev)
		netdev_put(dev, &nd->tracker);
}

/* The final detach runs this: no packet and no thread of ours is left. */
static void netdev_free(struct dlil_ifnet *ifp)
{
	struct dlil_netdev *nd = dlil_ifnet_priv(ifp);

	mutex_lock(&bindings_lock);
	list_del(&nd->list);
	mutex_unlock(&bindings_lock);
	dlil_watch_exit(nd);
	dlil_change_exit(nd);
	release_device(nd);
	netdev_put_binding(nd);
	dlil_ifnet_release(ifp);
}

/*
 * Without owner: that would be us, and we could not be unloaded while a device is
 * wrapped.  dlil_life_wait_all() sees to it that no callback runs after that.
 */
static const struct dlil_driver_ops ether_driver = {
	.output = ether_output,
	.tag_in_data = netdev_tag_in_data,
	.unmatched = netdev_unmatched,
	.dropped = netdev_dropped,
	.ioctl = dlil_change_ioctl,
	.set_tap = netdev_set_tap,
	.free = netdev_free,
};

static const struct dlil_driver_ops raw_driver = {
	.output = raw_output,
	.unmatched = netdev_unmatched,
	.dropped = netdev_dropped,
	.ioctl = dlil_change_ioctl,
	.set_tap = netdev_set_tap,
	.free = netdev_free,
};

static const struct dlil_family_ops ether_family = {
	.demux = dlil_ether_demux_protocol,
	.by_protocol = true,
	.framer = netdev_framer,
	.add_proto = dlil_ether_add_proto,
	.del_proto = dlil_ether_del_proto,
	.check_multi = dlil_ether_check_multi,
};

static const struct dlil_family_ops raw_family = {
	.demux = dlil_raw_demux,
	.framer = netdev_framer,
	.add_proto = dlil_raw_add_proto,
	.del_proto = dlil_ether_del_proto,
};

/**
 * struct netdev_kind - what differs from device to device
 * @kind: interface family of the ifnet
 * @driver: its driver's vector
 * @family: its family's vector
 * @rx: the receive handler
 * @egress: the egress hook
 */
struct netdev_kind {
	enum dlil_ifnet_family kind;
	const struct dlil_driver_ops *driver;
	const struct dlil_family_ops *family;
	rx_handler_func_t *rx;
	nf_hookfn *egress;
};

static const struct netdev_kind ether_kind = {
	DLIL_IFNET_ETHERNET, &ether_driver, &ether_family, ether_rx,
	ether_egress,
};

/* The sender receives: the header says nothing that the packet does not. */
static const struct netdev_kind loopback_kind = {
	DLIL_IFNET_LOOPBACK, &ether_driver, &raw_family, ether_rx,
	ether_egress,
};

static const struct netdev_kind raw_kind = {
	DLIL_IFNET_RAW, &raw_driver, &raw_family, raw_rx, raw_egress,
};

/* NULL if it is none that we know.  Does not change while it is wrapped. */
static const struct netdev_kind *kind_of(const struct net_device *dev)
{
	bool ether = dev_has_header(dev) && dev->addr_len == ETH_ALEN;

	switch (dev->type) {
	case ARPHRD_ETHER:
		return ether ? &ether_kind : NULL;
	case ARPHRD_LOOPBACK:
		return ether ? &loopback_kind : NULL;
	case ARPHRD_NONE:
	case ARPHRD_PPP:
	case ARPHRD_RAWIP:
		return dev_has_header(dev) ? NULL : &raw_kind;
	default:
		return NULL;
	}
}

/**
 * dlil_netdev_of - what wraps a device
 * @dev: device
 *
 * Context: RTNL or RCU read lock held.
 * Return: the binding, or NULL.
 */
struct dlil_netdev *dlil_netdev_of(const struct net_device *dev)
{
	rx_handler_func_t *rx = rcu_dereference_rtnl(dev->rx_handler);

	if (rx != ether_rx && rx != raw_rx)
		return NULL;
	return rcu_dereference_rtnl(dev->rx_handler_data);
}

/**
 * dlil_netdev_begin - use the binding of an ifnet that may be anybody's
 * @ifp: ifnet
 *
 * Context: any.
 * Return: the binding, which stays until dlil_ifnet_io_end(), or NULL if the
 * ifnet is not attached or not a netdev.
 */
struct dlil_netdev *dlil_netdev_begin(struct dlil_ifnet *ifp)
{
	const struct dlil_driver_ops *driver;

	if (!dlil_ifnet_io_begin(ifp))
		return NULL;
	driver = dlil_ifnet_driver(ifp);
	if (driver == &ether_driver || driver == &raw_driver)
		return dlil_ifnet_priv(ifp);
	dlil_ifnet_io_end(ifp);
	return NULL;
}
EXPORT_SYMBOL_FOR_TEST(dlil_netdev_begin);

static struct dlil_netdev *find_binding(const struct net_device *dev)
{
	struct dlil_netdev *nd;

	lockdep_assert_held(&bindings_lock);

	list_for_each_entry(nd, &bindings, list)
		if (nd->dev == dev)
			return nd;
	return NULL;
}

/* The ifnet of a device that is wrapped or being unwrapped, referenced. */
static struct dlil_ifnet *ifnet_of(const struct net_device *dev)
{
	struct dlil_ifnet *ifp = NULL;
	struct dlil_netdev *nd;

	mutex_lock(&bindings_lock);
	nd = find_binding(dev);
	if (nd)
		ifp = dlil_ifnet_get(nd->ifp);
	mutex_unlock(&bindings_lock);
	return ifp;
}

static int check_device(struct net_device *dev, struct netlink_ext_ack *extack)
{
	if (dlil_netdev_of(dev)) {
		NL_SET_ERR_MSG(extack, "device is already attached");
		return -EEXIST;
	}
	if (!kind_of(dev)) {
		NL_SET_ERR_MSG(extack,
			       "only devices with Ethernet headers, with none (tun, PPP, raw IP) and loopback can be attached");
		return -EOPNOTSUPP;
	}
	if (netdev_uses_dsa(dev)) {
		NL_SET_ERR_MSG(extack,
			       "device leads to a switch: attach the switch's ports instead");
		return -EOPNOTSUPP;
	}
	if (dev->priv_flags & IFF_NO_RX_HANDLER) {
		NL_SET_ERR_MSG(extack,
			       "device does not allow a receive handler");
		return -EINVAL;
	}
	if (netdev_is_rx_handler_busy(dev)) {
		NL_SET_ERR_MSG(extack,
			       "device has a receive handler: take it out of its bridge, bond, team or switch, or delete its macvlan, ipvlan or macsec devices, first");
		return -EBUSY;
	}
	if (dev->reg_state != NETREG_REGISTERED) {
		NL_SET_ERR_MSG(extack, "device is going away");
		return -ENODEV;
	}
	return 0;
}

/* Has the device of an ifnet that is being detached stayed? */
static bool has_device(const struct dlil_ifnet *ifp)
{
	struct dlil_netdev *nd;
	bool has = false;

	mutex_lock(&bindings_lock);
	list_for_each_entry(nd, &bindings, list)
		if (nd->ifp == ifp)
			has = nd->dev;
	mutex_unlock(&bindings_lock);
	return has;
}

/*
 * An ifnet for an id.  -EAGAIN with the one to wait for in *@going while the last
 * one of that id is being detached; -EBUSY while another device has it.
 */
static int acquire_id(enum dlil_ifnet_family kind, const void *id, size_t len,
		      struct dlil_ifnet **ifp, struct dlil_ifnet **going)
{
	int err;

	err = dlil_ifnet_acquire(kind, id, len, ifp);
	if (err != -EBUSY)
		return err;
	*going = dlil_ifnet_going(kind, id, len);
	if (!*going)
		return -EBUSY;
	if (has_device(*going))
		return -EAGAIN;
	/* A callback of a device that has gone may sleep for long (LNX-13). */
	dlil_ifnet_put(*going);
	*going = NULL;
	return -EBUSY;
}

/* Row LNX-1: the permanent address, else the name, unique with its namespace. */
static int acquire_for(struct net_device *dev, struct dlil_ifnet **ifp,
		       struct dlil_ifnet **going)
{
	struct { char name[IFNAMSIZ]; u64 cookie; } id = {};
	enum dlil_ifnet_family kind = kind_of(dev)->kind;
	int err;

	if (memchr_inv(dev->perm_addr, 0, dev->addr_len)) {
		err = acquire_id(kind, dev->perm_addr, dev->addr_len, ifp,
				 going);
		/* Another device has the same: virtual functions, clones. */
		if (err != -EBUSY)
			return err;
	}
	strscpy(id.name, dev->name, sizeof(id.name));
	id.cookie = dev_net(dev)->net_cookie;
	err = acquire_id(kind, &id, sizeof(id), ifp, going);
	/* A device that had this name when it was wrapped: do without. */
	if (err == -EBUSY)
		err = acquire_id(kind, NULL, 0, ifp, going);
	return err;
}

static int init_ifnet(struct dlil_netdev *nd)
{
	struct net_device *dev = nd->dev;
	const struct netdev_kind *kind = kind_of(dev);
	const struct dlil_ifnet_params params = {
		.driver = kind->driver,
		.family = kind->family,
		.priv = nd,
		.net = dev_net(dev),
		.name = dev->name,
		.ifindex = dev->ifindex,
		.attrs = DLIL_ATTR_COUNT_INPUT | DLIL_ATTR_CLASSIFIED,
		.addr_len = dev->addr_len,
		.broadcast = dev->broadcast,
		.device = dev->dev.parent,
	};

	return dlil_ifnet_init(nd->ifp, &params);
}

/* The device's side of it; the ifnet is ready. */
static int hook_device(struct dlil_netdev *nd)
{
	struct net_device *dev = nd->dev;
	const struct netdev_kind *kind = kind_of(dev);
	int err;

	nd->egress.hook = kind->egress;
	nd->egress.priv = nd;
	nd->egress.dev = dev;
	nd->egress.pf = NFPROTO_NETDEV;
	nd->egress.hooknum = NF_NETDEV_EGRESS;
	/* In front of everybody: nft sees what has passed our filters. */
	nd->egress.priority = INT_MIN;
	err = nf_register_net_hook(dev_net(dev), &nd->egress);
	if (err)
		return err;
	err = dlil_sysfs_add(dev);
	if (err)
		goto unhook;
	err = netdev_rx_handler_register(dev, kind->rx, nd);
	if (err)
		goto remove;
	/* Merged packets cannot be forwarded or filtered as what they were. */
	dev_disable_lro(dev);
	dlil_watch_start(nd);
	return 0;

remove:
	dlil_sysfs_remove(dev);
unhook:
	nf_unregister_net_hook(dev_net(dev), &nd->egress);
	return err;
}

/* The ifnet is attached, and the final detach lets go of all of it. */
static int dress_ifnet(struct dlil_netdev *nd)
{
	int err;

	err = dlil_host_plumb_all(nd);
	if (!err)
		err = hook_device(nd);
	if (!err)
		return 0;
	WRITE_ONCE(nd->live, false);
	WRITE_ONCE(nd->unhooked, true);
	dlil_ifnet_detach(nd->ifp);
	return err;
}

/**
 * dlil_netdev_attach - wrap a device as an ifnet
 * @dev: device
 * @unmatched: enum dlil_unmatched
 * @extack: gets a sentence when it is refused
 * @going: with -EAGAIN set to the ifnet whose final detach has to be over first,
 *	referenced; else to NULL
 *
 * Row LNX-1.
 *
 * Context: RTNL held.
 * Return: 0, -EEXIST, -EOPNOTSUPP, -EINVAL, -EBUSY, -ENODEV or -ENOMEM; -EAGAIN
 * while the device, or another one of its permanent address, is being unwrapped.
 */
int dlil_netdev_attach(struct net_device *dev, u32 unmatched,
		       struct netlink_ext_ack *extack,
		       struct dlil_ifnet **going)
{
	struct dlil_netdev *nd;
	int err;

	ASSERT_RTNL();

	*going = NULL;
	err = check_device(dev, extack);
	if (err)
		return err;
	*going = ifnet_of(dev);
	if (*going)
		return -EAGAIN;
	nd = kzalloc(sizeof(*nd), GFP_KERNEL);
	if (!nd)
		return -ENOMEM;
	refcount_set(&nd->refs, 1);
	nd->dev = dev;
	nd->raw = kind_of(dev) == &raw_kind;
	nd->live = true;
	nd->unmatched = unmatched;
	dlil_change_init(nd);
	dlil_watch_init(nd);
	err = acquire_for(dev, &nd->ifp, going);
	if (err)
		goto free;
	err = init_ifnet(nd);
	if (!err)
		err = dlil_ifnet_attach(nd->ifp, dev->dev_addr, dev->addr_len);
	if (err) {
		NL_SET_ERR_MSG(extack, "no input thread could be started");
		goto release;
	}
	netdev_hold(dev, &nd->tracker, GFP_KERNEL);
	mutex_lock(&bindings_lock);
	list_add_tail(&nd->list, &bindings);
	mutex_unlock(&bindings_lock);
	err = dress_ifnet(nd);
	if (err)
		NL_SET_ERR_MSG(extack, "protocols and hooks could not be set up");
	else if (READ_ONCE(dlil_verbose))
		netdev_info(dev, "attached to DLIL\n");
	return err;

release:
	dlil_ifnet_release(nd->ifp);
free:
	kfree(nd);
	return err;
}
EXPORT_SYMBOL_FOR_TEST(dlil_netdev_attach);

/*
 * Packets that RPS has queued for other processors: wait until they have been
 * worked off, for a second at the most, since RTNL is held.
 */
static void drain_backlogs(void)
{
#ifdef CONFIG_RPS
	unsigned long until = jiffies + HZ;
	struct softnet_data *sd;
	unsigned int tail;
	int cpu;

	cpus_read_lock();
	for_each_online_cpu(cpu) {
		sd = &per_cpu(softnet_data, cpu);
		tail = READ_ONCE(sd->input_queue_tail);
		while ((int)(tail - READ_ONCE(sd->input_queue_head)) > 0 &&
		       time_before(jiffies, until))
			usleep_range(100, 200);
	}
	cpus_read_unlock();
#endif
}

/*
 * Row LNX-15: from here on the receive handler passes what it gets, and packets that
 * are worked off are given to the host without our mark.  Packets that have been
 * marked get to the handler before it is taken away.
 */
static void begin_unhook(struct dlil_netdev *nd)
{
	set_bit(DLIL_SLOW_UNHOOK, &nd->slow);
	synchronize_net();
	drain_backlogs();
}

static void unhook_device(struct dlil_netdev *nd)
{
	struct net_device *dev = nd->dev;

	dlil_sysfs_remove(dev);
	nf_unregister_net_hook(dev_net(dev), &nd->egress);
	begin_unhook(nd);
	/* Waits for readers: see the top of this file. */
	netdev_rx_handler_unregister(dev);
	dlil_change_unhook(nd);
	WRITE_ONCE(nd->unhooked, true);
	if (READ_ONCE(dlil_verbose))
		netdev_info(dev, "detached from DLIL\n");
}

/* The input thread has worked off what was queued when the device was unhooked. */
static void netdev_flushed(struct dlil_flush *flush)
{
	struct dlil_netdev *nd = container_of(flush, struct dlil_netdev, flush);

	/* The ifnet is being detached already if the device has gone meanwhile. */
	dlil_ifnet_detach(nd->ifp);
}

/**
 * dlil_netdev_detach - unwrap a device
 * @dev: device
 * @extack: gets a sentence when it is refused
 * @going: set to its ifnet, referenced, for those who want to wait for its final
 *	detach; or to NULL
 *
 * The device is as before when this returns.  The ifnet is detached when the
 * packets that are queued have been worked off, which this does not wait for.
 *
 * Context: RTNL held.
 * Return: 0; -ENXIO if the device is not attached, or is being detached already.
 */
int dlil_netdev_detach(struct net_device *dev, struct netlink_ext_ack *extack,
		       struct dlil_ifnet **going)
{
	struct dlil_netdev *nd = dlil_netdev_of(dev);
	struct dlil_ifnet *ifp;

	ASSERT_RTNL();

	*going = NULL;
	if (!nd) {
		ifp = ifnet_of(dev);
		if (ifp) {
			NL_SET_ERR_MSG(extack,
				       "device is being detached already");
			dlil_ifnet_put(ifp);
		} else {
			NL_SET_ERR_MSG(extack, "device is not attached");
		}
		return -ENXIO;
	}
	*going = dlil_ifnet_get(nd->ifp);
	unhook_device(nd);
	nd->flush.fn = netdev_flushed;
	/* A hooked device's ifnet is attached; nobody detaches it without RTNL. */
	if (!WARN_ON_ONCE(!dlil_ifnet_io_begin(nd->ifp))) {
		dlil_inq_flush(nd->ifp, &nd->flush);
		dlil_ifnet_io_end(nd->ifp);
	}
	return 0;
}
EXPORT_SYMBOL_FOR_TEST(dlil_netdev_detach);

/* Free what is queued; the ifnet is being detached, and an I/O reference is held. */
static void discard_queue(struct dlil_ifnet *ifp)
{
	if (!dlil_inq_is_busy(ifp))
		return;
	/* Wait for modules that hand packets in and have seen the ifnet attached. */
	synchronize_net();
	dlil_inq_discard(ifp);
}

/*
 * The device is being unregistered or moved to another namespace (LNX-8): stop
 * delivering to it and let go of it, whatever the callbacks on it do (LNX-13).
 */
static void forsake_device(const struct net_device *dev)
{
	bool hooked = dlil_netdev_of(dev);
	struct dlil_netdev *nd;
	bool attached = false;

	mutex_lock(&bindings_lock);
	nd = find_binding(dev);
	if (nd) {
		refcount_inc(&nd->refs);
		WRITE_ONCE(nd->live, false);
		/* This keeps the final detach from beginning before the end here. */
		attached = dlil_ifnet_io_begin(nd->ifp);
	}
	mutex_unlock(&bindings_lock);
	if (!nd)
		return;
	/* Either one waits for those who have seen it live. */
	if (hooked)
		unhook_device(nd);
	else
		synchronize_net();
	if (!READ_ONCE(nd->pinned))
		release_device(nd);
	if (attached) {
		dlil_ifnet_detach(nd->ifp);
		discard_queue(nd->ifp);
		dlil_ifnet_io_end(nd->ifp);
	}
	netdev_put_binding(nd);
}

/*
 * Merged packets have no type of GSO: they cannot be made what they were.  To
 * switch LRO off causes an event like this one, which finds nothing more to do.
 */
static void keep_lro_off(struct net_device *dev)
{
	if (dev->features & dev->hw_features & NETIF_F_LRO)
		dev_disable_lro(dev);
}

static int netdev_event(struct notifier_block *nb, unsigned long event,
			void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct dlil_netdev *nd = dlil_netdev_of(dev);

	switch (event) {
	case NETDEV_UNREGISTER:
		/* Also when it moves to another namespace. */
		forsake_device(dev);
		break;
	case NETDEV_PRE_TYPE_CHANGE:
		/* The header format stays while the device is attached. */
		return nd ? notifier_from_errno(-EBUSY) : NOTIFY_DONE;
	case NETDEV_CHANGENAME:
		if (nd)
			dlil_ifnet_set_name(nd->ifp, dev->name);
		break;
	case NETDEV_CHANGEADDR:
		if (nd)
			dlil_ifnet_set_lladdr(nd->ifp, dev->dev_addr);
		break;
	}
	/* Unless it was unhooked above. */
	nd = dlil_netdev_of(dev);
	if (nd && event == NETDEV_FEAT_CHANGE)
		keep_lro_off(dev);
	if (nd)
		dlil_change_notify(nd, event);
	return NOTIFY_DONE;
}

/*
 * First of all: no protocol is told that a device goes while we still give it
 * packets.
 */
static struct notifier_block netdev_notifier = {
	.notifier_call = netdev_event,
	.priority = INT_MAX,
};

int dlil_netdev_module_init(void)
{
	int err;

	err = dlil_watch_module_init();
	if (err)
		return err;
	err = register_netdevice_notifier(&netdev_notifier);
	if (err)
		dlil_watch_module_exit();
	return err;
}

/**
 * struct drain - somebody waits until a queue is worked off
 * @flush: is behind what is in the queue
 * @done: it has been reached
 */
struct drain {
	struct dlil_flush flush;
	struct completion done;
};

static void drain_done(struct dlil_flush *flush)
{
	complete(&container_of(flush, struct drain, flush)->done);
}

/*
 * No callback is left that might sleep, so this ends soon, and it is not to be cut
 * short: what would be left in the queue would be lost.
 */
static void drain_queue(struct dlil_ifnet *ifp)
{
	struct drain drain = { .flush.fn = drain_done };

	init_completion(&drain.done);
	if (!dlil_ifnet_io_begin(ifp))
		return;
	dlil_inq_flush(ifp, &drain.flush);
	wait_for_completion(&drain.done);
	dlil_ifnet_io_end(ifp);
}

/*
 * The devices stay, and what they have received is not to be lost: work it off
 * while the ifnets are attached.  No filter or protocol is left that might want
 * one of these locks: their modules pin this one.
 */
static void unhook_all(void)
{
	struct dlil_netdev *nd;

	rtnl_lock();
	mutex_lock(&bindings_lock);
	list_for_each_entry(nd, &bindings, list)
		if (nd->dev && dlil_netdev_of(nd->dev) == nd)
			unhook_device(nd);
	mutex_unlock(&bindings_lock);
	rtnl_unlock();

	mutex_lock(&bindings_lock);
	list_for_each_entry(nd, &bindings, list)
		drain_queue(nd->ifp);
	mutex_unlock(&bindings_lock);
}

/*
 * Unwrap all devices; none can be attached any more.  The notifier is told once more of
 * every device as if that were going, so it ends what is still there (INI-4).
 */
void dlil_netdev_module_exit(void)
{
	unhook_all();
	unregister_netdevice_notifier(&netdev_notifier);
	dlil_watch_module_exit();
}
