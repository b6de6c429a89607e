// SPDX-License-Identifier: GPL-2.0
/*
 * The packets of a wrapped device: receive handler, egress hook, delivery to the host.
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
 *  - the handler may be gone.  begin_unhook() in dlil_wrap.c ends the marking, waits
 *    until the marked packets have been through, and only then is the handler taken
 *    away;
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
 * The code for a packet is written once, and made for devices with link headers and
 * for those without by an argument that is a constant: which of the two a device gets
 * is settled when it is attached (LNX-9).
 */
#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/if_vlan.h>
#include <linux/netfilter_netdev.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/dst.h>
#include <net/dst_metadata.h>
#include <net/sch_generic.h>
#include <net/sock.h>

#include "dlil_drop.h"
#include "dlil_export.h"
#include "dlil_inq.h"
#include "dlil_netdev.h"
#include "dlil_output.h"
#include "dlil_proto.h"
#include "dlil_sender.h"

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
	if (likely(!has_dst_or_ct(skb)))
		return skb;
	skb_dst_force(skb);
	if (unlikely(dlil_slip_put_on(nd->slips, skb))) {
		dlil_drop_skb(skb, DLIL_DROP_NOMEM);
		return NULL;
	}
	WRITE_ONCE(nd->slipped, true);
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

int dlil_netdev_set_tap(struct dlil_ifnet *ifp, u32 mode,
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

rx_handler_result_t dlil_netdev_rx(struct sk_buff **pskb)
{
	return receive(pskb, false);
}

rx_handler_result_t dlil_netdev_raw_rx(struct sk_buff **pskb)
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

/* Row LNX-13: the host gets its packets with routes and conntrack entries. */
static noinline void take_slips_off(struct sk_buff_head *list)
{
	struct sk_buff *skb;

	skb_queue_walk(list, skb)
		dlil_slip_take_off(skb);
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
		if (unlikely(READ_ONCE(nd->slipped)))
			take_slips_off(list);
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
	return dlil_family_of_type(skb_vlan_tag_present(skb) ? skb->vlan_proto :
							    skb->protocol);
}

/* Row LNX-5: to the host as they are, but for protocols that are cut off. */
void dlil_netdev_unmatched(struct dlil_ifnet *ifp, struct sk_buff_head *list,
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
void dlil_netdev_dropped(struct dlil_ifnet *ifp, u32 direction, u64 n)
{
	struct dlil_netdev *nd = dlil_ifnet_priv(ifp);

	rcu_read_lock();
	if (READ_ONCE(nd->live))
		add_dropped(nd->dev, direction, n);
	rcu_read_unlock();
}

/* Row STA-7: what the device has counted itself, ever.  Must not sleep. */
static void device_errors(struct net_device *dev, struct dlil_errors *errors)
{
	struct rtnl_link_stats64 stats;

	dev_get_stats(dev, &stats);
	errors->rx = stats.rx_errors;
	errors->tx = stats.tx_errors;
	errors->collisions = stats.collisions;
}

/* The device is being wrapped: count from here on. */
void dlil_netdev_errors_init(struct dlil_netdev *nd)
{
	spin_lock_init(&nd->errors_lock);
	device_errors(nd->dev, &nd->errors_seen);
}

/* A driver may begin again at 0, for instance when it is reset. */
static u64 gained(u64 now, u64 seen)
{
	return now < seen ? now : now - seen;
}

/*
 * Add what the device has counted since the last look, unless it has gone.  Process
 * context: drivers take locks that they do not take in softirqs.
 */
void dlil_netdev_errors_look(struct dlil_netdev *nd)
{
	struct dlil_errors now;

	rcu_read_lock();
	spin_lock(&nd->errors_lock);
	if (READ_ONCE(nd->live)) {
		device_errors(nd->dev, &now);
		nd->errors.rx += gained(now.rx, nd->errors_seen.rx);
		nd->errors.tx += gained(now.tx, nd->errors_seen.tx);
		nd->errors.collisions += gained(now.collisions,
						nd->errors_seen.collisions);
		nd->errors_seen = now;
	}
	spin_unlock(&nd->errors_lock);
	rcu_read_unlock();
}

void dlil_netdev_stats(struct dlil_ifnet *ifp, struct dlil_stats *stats)
{
	struct dlil_netdev *nd = dlil_ifnet_priv(ifp);

	dlil_netdev_errors_look(nd);
	spin_lock(&nd->errors_lock);
	stats->ierrors += nd->errors.rx;
	stats->oerrors += nd->errors.tx;
	stats->collisions += nd->errors.collisions;
	spin_unlock(&nd->errors_lock);
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
bool dlil_netdev_tag_in_data(struct dlil_ifnet *ifp, struct sk_buff *skb)
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

int dlil_netdev_output(struct dlil_ifnet *ifp, struct sk_buff *skb)
{
	return output(ifp, skb, false);
}

int dlil_netdev_raw_output(struct dlil_ifnet *ifp, struct sk_buff *skb)
{
	return output(ifp, skb, true);
}

/* On a raw device dev_hard_header() makes no header. */
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

	if (rx != dlil_netdev_rx && rx != dlil_netdev_raw_rx)
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
	if (driver->dropped == dlil_netdev_dropped)
		return dlil_ifnet_priv(ifp);
	dlil_ifnet_io_end(ifp);
	return NULL;
}
EXPORT_SYMBOL_FOR_TEST(dlil_netdev_begin);
