// SPDX-License-Identifier: GPL-2.0
/*
 * GSO packets, which GRO makes of received packets and which the host sends,
 * into the packets that are on the wire.
 */
#include <linux/netdevice.h>
#include <net/net_namespace.h>

#include "compat.h"
#include "dlil_gso.h"

/*
 * Segments share the pages of the GSO packet, and leave their checksums open if it did.
 * Inside a tunnel the kernel does what the device can do with tunnels, too, see
 * dlil_gso_segment().
 */
#define GSO_FEATURES (NETIF_F_SG | NETIF_F_HW_CSUM)

/* Has the packet the headers that the kernel's segmentation takes for granted? */
static bool has_headers(const struct sk_buff *skb, unsigned int header)
{
	int network = skb_network_offset(skb);

	return skb->protocol && network >= -(int)header &&
	       network <= (int)skb_headlen(skb);
}

/**
 * dlil_gso_segment - make segments of a GSO packet (FLT-10)
 * @skb: the packet; gone afterwards, unless this fails
 * @header: bytes of its link header in front of skb->data
 * @out: it is on its way out
 * @segments: where they go, with skb->data where it was
 *
 * Context: any but hard interrupts.
 * Return: 0, or an error: then the packet is the caller's still.
 */
int dlil_gso_segment(struct sk_buff *skb, unsigned int header, bool out,
		     struct sk_buff_head *segments)
{
	struct sk_buff *segs, *seg, *next;
	struct net_device *dev = skb->dev;
	int err;

	if (!has_headers(skb, header))
		return -EINVAL;
	/* Checksums may be written to it, which taps may have clones of. */
	err = skb_cow_head(skb, 0);
	if (err)
		return err;
	/*
	 * The kernel asks the device what it can do with tunnels (hw_enc_features).
	 * blackhole_netdev, which received packets point to while filters have them,
	 * can do nothing: their segments are copies with complete checksums,
	 * which is right, and dearer.  Without any device loopback answers.
	 */
	if (!dev)
		skb->dev = init_net.loopback_dev;
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE;
	__skb_push(skb, header);
	segs = __skb_gso_segment(skb, GSO_FEATURES, out);
	if (IS_ERR_OR_NULL(segs)) {
		__skb_pull(skb, header);
		skb->dev = dev;
		return segs ? PTR_ERR(segs) : -EINVAL;
	}
	consume_skb(skb);
	skb_list_walk_safe(segs, seg, next) {
		skb_mark_not_on_list(seg);
		seg->dev = dev;
		__skb_pull(seg, header);
		__skb_queue_tail(segments, seg);
	}
	return 0;
}
