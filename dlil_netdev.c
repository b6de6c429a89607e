// SPDX-License-Identifier: GPL-2.0
/*
 * Received packets of a wrapped device: the receive handler, and delivery to the
 * host; and its counters.  dlil_netdev_tx.c has the other direction.
 *
 * The device's rx_handler takes received packets, behind taps, tc and nft
 * ingress.  Packets for the host are passed back to the stack on the same
 * device, with a mark: skb->redirected together with tc_skip_classify.  The
 * mark makes the stack skip taps and classifiers, and makes our handler
 * recognise the packet.  The stack clears skb->redirected of every packet
 * without tc_skip_classify, so that no other packets arrive with the mark (ifb
 * clears it itself).  The mark travels with the packet, even across RPS, and
 * makes the device's generic XDP program pass the packet.
 *
 * Only our receive handler may see the mark (LNX-15).  A packet can take
 * another way between netif_receive_skb_list() and the handler at these places,
 * in 6.1 and 6.12 alike:
 *  - vlan_do_receive() passes a tagged packet to a VLAN device, whose generic
 *    XDP would let the marked packet pass: settle_tags() makes sure that no
 *    marked packet has a tag of an existing VLAN device.
 *  - The handler may have been removed. begin_unhook() in dlil_wrap.c stops the
 *    marking, waits for the marked packets, and only then removes the handler.
 *  - RPS queues the packet for another processor: begin_unhook() waits for
 *    those queues as well.  A closed device has no packets there any more.
 *  - A PHY with time stamping may hold a packet for some milliseconds.  Such a
 *    packet keeps its mark if the device is unwrapped meanwhile: then taps, tc
 *    and nft do not see it, and generic XDP of the device passes it.
 *
 * The per-packet code is written once, and compiled for devices with and
 * without link headers by a constant argument.  An attach decides which variant
 * a device gets (LNX-9).
 */
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <net/dst.h>
#include <net/dst_metadata.h>
#include <net/sock.h>

#include "dlil_export.h"
#include "dlil_input.h"
#include "dlil_netdev.h"
#include "dlil_proto.h"
#include "dlil_stats.h"

/* A single test for both, since hardly any received packet has either. */
static __always_inline bool has_dst_or_ct(const struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_NF_CONNTRACK)
	return skb->_skb_refdst | skb->_nfct;
#else
	return skb->_skb_refdst;
#endif
}

/*
 * Is the packet for a VLAN device, behind a priority tag?  Then the stack finds
 * the device itself, if the handler passes the packet.
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
 * Can this skb be queued beyond the RCU section as is?  Packets from a NIC have
 * no socket; those from a veth have that of the sender.
 */
static __always_inline bool is_own(struct sk_buff *skb)
{
	return !skb_shared(skb) &&
	       !(skb_shinfo(skb)->flags & SKBFL_ZEROCOPY_ENABLE) &&
	       !skb->sk && !has_dst_or_ct(skb) && !skb_vlan_tag_present(skb);
}

/* Is skb->sk the receiver's socket, assigned by tc, with a reference? */
static bool has_receiver(struct sk_buff *skb)
{
	return skb_sk_is_prefetched(skb) && sk_is_refcounted(skb->sk);
}

/* Prepare the packet for being queued.  NULL if it was freed for lack of memory. */
static struct sk_buff *own_packet(struct dlil_netdev *nd, struct sk_buff *skb)
{
	skb = skb_share_check(skb, GFP_ATOMIC);
	if (unlikely(!skb))
		return NULL;
	/* A filter may keep the packet; release zero-copy user pages now. */
	if (unlikely(skb_orphan_frags_rx(skb, GFP_ATOMIC))) {
		dlil_free_skb(skb, DLIL_DROP_NOMEM);
		return NULL;
	}
	/*
	 * Row LNX-15: the sender's socket, its send buffer and its netns would
	 * wait for the packet.  A socket that tc has assigned without a
	 * reference is protected by RCU only, and is dropped from the packet.
	 */
	if (skb->sk && !has_receiver(skb))
		skb_orphan(skb);
	if (likely(!has_dst_or_ct(skb)))
		return skb;
	skb_dst_force(skb);
	/* A route that is metadata, as that of a tunnel, refers to no netns. */
	if (!skb_valid_dst(skb) && !skb_nfct(skb))
		return skb;
	if (unlikely(dlil_slip_put_on(nd->slips, skb))) {
		dlil_free_skb(skb, DLIL_DROP_NOMEM);
		return NULL;
	}
	WRITE_ONCE(nd->slipped, true);
	return skb;
}

/*
 * Row TAP-1.  The tap pointers share a cache line that this path has already
 * loaded.
 */
static void tap_in(struct dlil_netdev *nd, const struct sk_buff *skb)
{
	const struct dlil_tap *tap = rcu_dereference(nd->tap_in);

	if (unlikely(tap))
		tap->packet(tap->cookie, nd->ifp, DLIL_TAP_INPUT, skb);
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

/* Whatever header the driver stripped is not a link header. */
static void raw_header(struct sk_buff *skb)
{
	skb_reset_mac_header(skb);
}

/* Receive a packet that needs more than queueing. */
static noinline rx_handler_result_t receive_slow(struct sk_buff **pskb,
						 struct dlil_netdev *nd)
{
	struct sk_buff *skb;

	/*
	 * Multicast that the stack has looped back has no link header, and was
	 * not received from the link.  All such packets have a route.
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
	dlil_inq_add(&nd->ifp->inq, skb);
	return RX_HANDLER_CONSUMED;
}

/* Written so that the common packet needs neither calls nor a stack frame. */
static __always_inline rx_handler_result_t receive(struct sk_buff **pskb,
						   bool raw)
{
	struct sk_buff *skb = *pskb;
	struct dlil_netdev *nd;

	/* A packet that we have passed back, on its way to the host. */
	if (skb_is_redirected(skb)) {
		skb_reset_redirect(skb);
		return RX_HANDLER_PASS;
	}
	/*
	 * pfmemalloc: this packet may be needed to free memory, so never queue
	 * it.
	 */
	if (unlikely(skb_pfmemalloc(skb)))
		return RX_HANDLER_PASS;

	nd = rcu_dereference(skb->dev->rx_handler_data);
	if (unlikely(!is_own(skb) || READ_ONCE(nd->slow)))
		return receive_slow(pskb, nd);
	if (raw)
		raw_header(skb);
	dlil_inq_add(&nd->ifp->inq, skb);
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
 * Convert a queue into the list that the stack takes.  The links of packets are
 * the same in both, so only the ends must be changed.
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
 * Make sure that the stack passes no marked packet to a VLAN device.  There was
 * no VLAN device for its tag when it was received, since it would not be here
 * otherwise.  But one may have been created since, or a filter may have changed
 * the tag.  In that case, the device gets the packet without a mark.  For other
 * packets, the tag is replaced by one that no VLAN device can have; the stack
 * treats all such tags alike.  Returns NULL if the packet was malformed and has
 * been freed, as the stack would do.
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

/* Same as mark(), for packets with tags, or on a device that is being unhooked. */
static noinline void mark_carefully(struct dlil_netdev *nd,
				    struct sk_buff_head *list)
{
	struct sk_buff *skb, *next;
	struct sk_buff_head marked;

	__skb_queue_head_init(&marked);
	skb_queue_walk_safe(list, skb, next) {
		__skb_unlink(skb, list);
		mark(nd, skb);
		/* Row LNX-15: nobody would remove the mark. */
		if (test_bit(DLIL_SLOW_UNHOOK, &nd->slow))
			skb->redirected = 0;
		if (skb_vlan_tag_present(skb) || eth_type_vlan(skb->protocol))
			skb = settle_tags(nd, skb);
		if (skb)
			__skb_queue_tail(&marked, skb);
	}
	skb_queue_splice(&marked, list);
}

/*
 * Row LNX-13: restore routes and conntrack entries before the host gets the
 * packets.
 */
static noinline void take_slips_off(struct sk_buff_head *list)
{
	struct sk_buff *skb;

	skb_queue_walk(list, skb)
		dlil_slip_take_off(skb);
}

/*
 * Has the ifnet had filters?  If one of them has changed a packet that the caller
 * holds, this returns true.
 */
static bool is_filtered(const struct dlil_netdev *nd)
{
	/* Pairs with the release by which dlil_vecs_install() publishes filters. */
	smp_rmb();
	return READ_ONCE(nd->ifp->filtered);
}

/*
 * Does the device still receive?  Not while it is being unregistered: the
 * kernel sets dev->dismantle, then closes and unlists the device, and waits for
 * RCU readers before protocols must drop it.  If it moves to another netns, our
 * notifier runs first.  (A device that is only closed still gets its packets,
 * as with the kernel's own backlog.)
 */
static bool is_receiving(const struct dlil_netdev *nd)
{
	return READ_ONCE(nd->live) && !READ_ONCE(nd->dev->dismantle);
}

/*
 * Deliver packets to the host; with @tagged, they may have VLAN tags that no
 * filter has added.  Any context but hard interrupts.  Leaves the packets in
 * @list if the device is being removed.
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

/* The host demuxes received packets by skb->protocol, and so do we (LNX-4). */
static u32 received_family(const struct sk_buff *skb)
{
	return dlil_family_of_type(skb_vlan_tag_present(skb) ? skb->vlan_proto :
							    skb->protocol);
}

/* Row LNX-5: pass packets to the host, except those of detached protocols. */
void dlil_netdev_unmatched(struct dlil_ifnet *ifp, struct sk_buff_head *list,
			   enum dlil_drop_reason why)
{
	struct dlil_netdev *nd = dlil_ifnet_priv(ifp);
	struct sk_buff *skb, *next;
	struct sk_buff_head pass;
	u32 family;

	/* The host cannot use a frame that ends inside its headers. */
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
	/* The device is being removed. */
	skb_queue_splice_tail(&pass, list);
}

/*
 * Row LNX-14: update the counters that `ip -s link` shows.  Bottom halves off,
 * RCU read lock held.
 */
static void add_dropped(struct net_device *dev, u32 direction, u64 n)
{
	struct net_device_core_stats __percpu *stats;
	bool in = direction == DLIL_DIRECTION_IN;

	/* Increment one: this makes the kernel allocate the counters. */
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
 * The stack itself counts packets that dev_queue_xmit() refuses, in counters of
 * the device or qdisc; but it does not count those that an egress hook drops.
 */
void dlil_netdev_dropped(struct dlil_ifnet *ifp, u32 direction, u64 n)
{
	struct dlil_netdev *nd = dlil_ifnet_priv(ifp);

	rcu_read_lock();
	if (READ_ONCE(nd->live))
		add_dropped(nd->dev, direction, n);
	rcu_read_unlock();
}

/* Row STA-7: get the error counters of the device.  Must not sleep. */
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

/* Difference of counters; a driver may restart at 0, for instance on a reset. */
static u64 gained(u64 now, u64 seen)
{
	return now < seen ? now : now - seen;
}

/*
 * Row STA-7: update the errors of the device, unless it has gone, and add them to
 * @stats.  Process context: drivers take locks that they do not take in softirqs.
 */
void dlil_netdev_stats(struct dlil_ifnet *ifp, struct dlil_stats *stats)
{
	struct dlil_netdev *nd = dlil_ifnet_priv(ifp);
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
	stats->ierrors += nd->errors.rx;
	stats->oerrors += nd->errors.tx;
	stats->collisions += nd->errors.collisions;
	spin_unlock(&nd->errors_lock);
	rcu_read_unlock();
}

/**
 * dlil_netdev_of - get the binding of a wrapped device
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
 * dlil_netdev_in - get the binding of an ifnet of any driver
 * @ifp: ifnet, attached or with an I/O reference
 *
 * Context: any.
 * Return: the binding, or NULL if the ifnet does not belong to a network device.
 */
struct dlil_netdev *dlil_netdev_in(struct dlil_ifnet *ifp)
{
	if (dlil_ifnet_driver(ifp)->dropped != dlil_netdev_dropped)
		return NULL;
	return dlil_ifnet_priv(ifp);
}

/**
 * dlil_netdev_begin - use the binding of any ifnet
 * @ifp: ifnet
 *
 * Context: any.
 * Return: the binding, which stays until dlil_ifnet_io_end(); NULL if the ifnet
 * is not attached, or does not belong to a network device.
 */
struct dlil_netdev *dlil_netdev_begin(struct dlil_ifnet *ifp)
{
	struct dlil_netdev *nd;

	if (!dlil_ifnet_io_begin(ifp))
		return NULL;
	nd = dlil_netdev_in(ifp);
	if (!nd)
		dlil_ifnet_io_end(ifp);
	return nd;
}
EXPORT_SYMBOL_FOR_TEST(dlil_netdev_begin);
