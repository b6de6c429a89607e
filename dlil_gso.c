// SPDX-License-Identifier: GPL-2.0
/* Software segmentation of GSO packets, received (GRO) or sent by the host. */
#include <linux/netdevice.h>
#include <net/net_namespace.h>

#include "compat.h"
#include "dlil_gso.h"

/*
 * Segments share the pages of the GSO packet, and inherit an incomplete
 * checksum.  Inside tunnels the kernel uses the features of the device as well,
 * see below.
 */
#define GSO_FEATURES (NETIF_F_SG | NETIF_F_HW_CSUM)

/* Does the packet have the headers that the kernel's segmentation requires? */
static bool has_headers(const struct sk_buff *skb, unsigned int header)
{
	int network = skb_network_offset(skb);

	return skb->protocol && network >= -(int)header &&
	       network <= (int)skb_headlen(skb);
}

/**
 * dlil_gso_segment - split a GSO packet into segments (FLT-10)
 * @skb: the packet; consumed on success
 * @header: length of the link header in front of skb->data
 * @out: the packet is being sent
 * @segments: list that receives the segments, with skb->data as in @skb
 *
 * Context: any but hard interrupts.
 * Return: 0, or an error: then the caller keeps the packet.
 */
int dlil_gso_segment(struct sk_buff *skb, unsigned int header, bool out,
		     struct sk_buff_head *segments)
{
	struct sk_buff *segs, *seg, *next;
	struct net_device *dev = skb->dev;
	int err;

	if (!has_headers(skb, header))
		return -EINVAL;
	/*
	 * Segmentation may write checksums, and taps may have clones of the
	 * header.
	 */
	err = skb_cow_head(skb, 0);
	if (err)
		return err;
	/*
	 * Inside tunnels the kernel uses hw_enc_features of the device.
	 * Received packets point to blackhole_netdev inside filters, which has
	 * none; so their segments are copies with complete checksums, which is
	 * correct, but more expensive.  If there is no device at all, use
	 * loopback.
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
