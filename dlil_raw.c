// SPDX-License-Identifier: GPL-2.0
/*
 * The raw family: links without a link header.
 *
 * skb->protocol, if the driver sets it, or else the version in the IP header
 * tells the EtherType of a packet.  So protocols use EtherType descriptors,
 * stored as in the Ethernet family.
 */
#include <linux/if_ether.h>
#include <linux/skbuff.h>
#include <net/dlil.h>

/**
 * dlil_raw_type - get the EtherType of a packet from its IP version
 * @skb: the packet, from its network header on
 * @type: set to the EtherType
 *
 * Row LNX-9.
 *
 * Context: any.
 * Return: 0; -EINVAL if the packet is empty; -ENOENT if it is not IP.
 */
int dlil_raw_type(const struct sk_buff *skb, __be16 *type)
{
	const u8 *first;
	u8 buf;

	first = skb_header_pointer(skb, 0, sizeof(buf), &buf);
	if (!first)
		return -EINVAL;
	switch (*first >> 4) {
	case 4:
		*type = htons(ETH_P_IP);
		return 0;
	case 6:
		*type = htons(ETH_P_IPV6);
		return 0;
	default:
		return -ENOENT;
	}
}
EXPORT_SYMBOL_GPL(dlil_raw_type);

/**
 * dlil_raw_demux - find the protocol family of a packet
 * @ifp: ifnet
 * @skb: the packet
 * @family: set to the family
 *
 * Row LNX-9; see &dlil_family_ops.demux.  A raw link has no other stations:
 * unless the driver classifies packets (DLIL_ATTR_CLASSIFIED), all are for this
 * host.
 *
 * Context: RCU read lock held.
 * Return: 0; -ENOENT if no protocol takes such packets; -EINVAL if it is empty.
 */
int dlil_raw_demux(struct dlil_ifnet *ifp, struct sk_buff *skb, u32 *family)
{
	__be16 type = skb->protocol;
	int err;

	if (!(dlil_ifnet_attrs(ifp) & DLIL_ATTR_CLASSIFIED))
		skb->pkt_type = PACKET_HOST;
	if (!type) {
		err = dlil_raw_type(skb, &type);
		if (err)
			return err;
	}
	return dlil_ether_find_type(ifp, type, family);
}
EXPORT_SYMBOL_GPL(dlil_raw_demux);

/**
 * dlil_raw_add_proto - register the descriptors of a protocol
 * @ifp: ifnet
 * @family: family of the protocol
 * @descs: descriptors of the protocol
 * @n: number of descriptors
 *
 * Row LNX-9; see &dlil_family_ops.add_proto.  Accepts EtherTypes only, because
 * raw packets have no 802.2 header.
 *
 * Return: 0, -EINVAL, -EOPNOTSUPP, -EADDRINUSE or -ENOMEM; on an error no
 * descriptor has been added.
 */
int dlil_raw_add_proto(struct dlil_ifnet *ifp, u32 family,
		       const struct dlil_demux_desc *descs, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (descs[i].kind != DLIL_DESC_ETYPE)
			return -EOPNOTSUPP;
	return dlil_ether_add_proto(ifp, family, descs, n);
}
EXPORT_SYMBOL_GPL(dlil_raw_add_proto);

/* Row OUT-4: adds no header, but sets skb->protocol for the driver. */
static int raw_framer(struct dlil_ifnet *ifp, struct sk_buff **pskb,
		      const struct dlil_frame *frame)
{
	struct sk_buff *skb = *pskb;

	skb_reset_network_header(skb);
	skb_reset_mac_header(skb);
	skb->protocol = frame->type;
	return 0;
}

const struct dlil_family_ops dlil_raw_family_ops = {
	.demux = dlil_raw_demux,
	.framer = raw_framer,
	.add_proto = dlil_raw_add_proto,
	.del_proto = dlil_ether_del_proto,
};
EXPORT_SYMBOL_GPL(dlil_raw_family_ops);
