// SPDX-License-Identifier: GPL-2.0
/*
 * Interface families: Ethernet, and links without a header.
 *
 * The Ethernet family: demux of received frames, link headers for sent ones.
 *
 * Each ifnet has a small hash table from descriptors to protocol families,
 * created with the first protocol and freed with the last one. demux reads it
 * under RCU; the core serialises add_proto and del_proto.
 */
#include <linux/etherdevice.h>
#include <linux/hash.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_vlan.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/rculist.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <net/dlil.h>
#include <net/if_inet6.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "dlil_ifnet.h"

#define ETHER_HASH_BITS 4

/* 802.2: destination SAP, source SAP and control; SNAP: organisation and type. */
#define LLC_LEN		3
#define SNAP_LEN	5
#define LLC_SNAP	0xaaaa03

/**
 * typedef ether_key - a descriptor as one number
 *
 * The upper bits hold the kind, so that keys of different kinds differ.
 */
typedef u64 ether_key;

#define ETHER_KEY(kind, value) (((u64)(kind) << 48) | (value))

/**
 * struct ether_desc - one descriptor of a protocol
 * @node: entry in the hash table
 * @key: the descriptor
 * @family: family of the protocol
 * @rcu: for freeing
 */
struct ether_desc {
	struct hlist_node node;
	ether_key key;
	u32 family;
	struct rcu_head rcu;
};

/**
 * struct ether_table - all descriptors of an ifnet
 * @slots: descriptors by key
 * @n: number of descriptors; serialised by the core
 * @rcu: for freeing
 */
struct ether_table {
	struct hlist_head slots[1 << ETHER_HASH_BITS];
	unsigned int n;
	struct rcu_head rcu;
};

static struct hlist_head *slot_of(struct ether_table *table, ether_key key)
{
	return &table->slots[hash_64(key, ETHER_HASH_BITS)];
}

static __always_inline struct ether_desc *
find_desc(struct ether_table *table, ether_key key, bool locked)
{
	struct ether_desc *desc;

	hlist_for_each_entry_rcu(desc, slot_of(table, key), node, locked)
		if (desc->key == key)
			return desc;
	return NULL;
}

/* The table of @ifp, for callers that the core serialises. */
static struct ether_table *own_table(struct dlil_ifnet *ifp)
{
	return rcu_dereference_protected(*dlil_ifnet_family_data(ifp), true);
}

static u64 be_bytes(const u8 *data, unsigned int len)
{
	u64 value = 0;

	while (len--)
		value = value << 8 | *data++;
	return value;
}

static int make_key(const struct dlil_demux_desc *desc, ether_key *key)
{
	unsigned int want;

	switch (desc->kind) {
	case DLIL_DESC_ETYPE:
		want = sizeof(__be16);
		break;
	case DLIL_DESC_SAP:
		want = LLC_LEN;
		break;
	case DLIL_DESC_SNAP:
		want = SNAP_LEN;
		break;
	default:
		return -EOPNOTSUPP;
	}
	if (desc->len != want)
		return -EINVAL;
	*key = ETHER_KEY(desc->kind, be_bytes(desc->data, want));
	return 0;
}

static int add_desc(struct ether_table *table, u32 family,
		    const struct dlil_demux_desc *from)
{
	struct ether_desc *desc;
	ether_key key;
	int err;

	err = make_key(from, &key);
	if (err)
		return err;
	if (find_desc(table, key, true))
		return -EADDRINUSE;
	desc = kmalloc(sizeof(*desc), GFP_KERNEL);
	if (!desc)
		return -ENOMEM;
	desc->key = key;
	desc->family = family;
	hlist_add_head_rcu(&desc->node, slot_of(table, key));
	table->n++;
	return 0;
}

static void del_descs(struct ether_table *table, u32 family)
{
	struct hlist_node *next;
	struct ether_desc *desc;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(table->slots); i++) {
		hlist_for_each_entry_safe(desc, next, &table->slots[i], node) {
			if (desc->family != family)
				continue;
			hlist_del_rcu(&desc->node);
			kfree_rcu(desc, rcu);
			table->n--;
		}
	}
}

static void free_if_empty(struct dlil_ifnet *ifp, struct ether_table *table)
{
	if (table->n)
		return;
	RCU_INIT_POINTER(*dlil_ifnet_family_data(ifp), NULL);
	kfree_rcu(table, rcu);
}

/**
 * dlil_ether_add_proto - register the descriptors of a protocol
 * @ifp: ifnet
 * @family: family of the protocol
 * @descs: descriptors of the protocol
 * @n: number of descriptors
 *
 * Row PRO-6; see &dlil_family_ops.add_proto.
 *
 * Return: 0, -EINVAL, -EOPNOTSUPP, -EADDRINUSE or -ENOMEM; on an error no
 * descriptor has been added.
 */
int dlil_ether_add_proto(struct dlil_ifnet *ifp, u32 family,
			 const struct dlil_demux_desc *descs, unsigned int n)
{
	struct ether_table *table = own_table(ifp);
	unsigned int i;
	int err = 0;

	if (!n)
		return 0;
	if (!table) {
		table = kzalloc(sizeof(*table), GFP_KERNEL);
		if (!table)
			return -ENOMEM;
		rcu_assign_pointer(*dlil_ifnet_family_data(ifp), table);
	}
	for (i = 0; i < n && !err; i++)
		err = add_desc(table, family, &descs[i]);
	if (err) {
		del_descs(table, family);
		free_if_empty(ifp, table);
	}
	return err;
}
EXPORT_SYMBOL_GPL(dlil_ether_add_proto);

/**
 * dlil_ether_del_proto - remove the descriptors of a protocol
 * @ifp: ifnet
 * @family: family of the protocol
 *
 * Row PRO-6; see &dlil_family_ops.del_proto.
 *
 * Return: 0
 */
int dlil_ether_del_proto(struct dlil_ifnet *ifp, u32 family)
{
	struct ether_table *table = own_table(ifp);

	if (table) {
		del_descs(table, family);
		free_if_empty(ifp, table);
	}
	return 0;
}
EXPORT_SYMBOL_GPL(dlil_ether_del_proto);

/* Set skb->pkt_type from the destination address (PRO-7). */
static __always_inline void classify(const struct dlil_ifnet *ifp,
				     struct sk_buff *skb,
				     const struct ethhdr *eth)
{
	/* The same load as in dlil_ifnet_lladdr(). */
	const u8 *own = smp_load_acquire(&ifp->lladdr)->addr;

	if (likely(ether_addr_equal_64bits(eth->h_dest, own)))
		skb->pkt_type = PACKET_HOST;
	else if (!is_multicast_ether_addr(eth->h_dest))
		skb->pkt_type = PACKET_OTHERHOST;
	else if (ether_addr_equal_64bits(eth->h_dest, ifp->broadcast))
		skb->pkt_type = PACKET_BROADCAST;
	else
		skb->pkt_type = PACKET_MULTICAST;
}

static __always_inline int find_family(struct dlil_ifnet *ifp, ether_key key,
				       u32 *family)
{
	struct ether_table *table = rcu_dereference(ifp->family_data);
	struct ether_desc *desc;

	desc = table ? find_desc(table, key, false) : NULL;
	if (!desc)
		return -ENOENT;
	*family = desc->family;
	return 0;
}

/*
 * Make the key of an 802.3 frame, whose type field is its length.  The payload
 * begins @at bytes into the data.  A length that exceeds the frame, or is too
 * short for the LLC header, is treated as a private EtherType: no match.  A
 * frame that ends inside its LLC header is malformed.
 */
static int llc_key(const struct sk_buff *skb, unsigned int at, unsigned int len,
		   ether_key *key)
{
	u8 buf[LLC_LEN + SNAP_LEN];
	const u8 *llc;

	if (len > skb->len - at)
		return -ENOENT;
	llc = skb_header_pointer(skb, at, LLC_LEN, buf);
	if (!llc)
		return -EINVAL;
	if (len < LLC_LEN)
		return -ENOENT;
	*key = ETHER_KEY(DLIL_DESC_SAP, be_bytes(llc, LLC_LEN));
	if (*key != ETHER_KEY(DLIL_DESC_SAP, LLC_SNAP))
		return 0;
	llc = skb_header_pointer(skb, at + LLC_LEN, SNAP_LEN, buf);
	if (!llc)
		return -EINVAL;
	if (len < LLC_LEN + SNAP_LEN)
		return -ENOENT;
	*key = ETHER_KEY(DLIL_DESC_SNAP, be_bytes(llc, SNAP_LEN));
	return 0;
}

/* Out of line, to keep its stack usage away from all other frames. */
static noinline int demux_llc(struct dlil_ifnet *ifp, const struct sk_buff *skb,
			      unsigned int at, unsigned int len, u32 *family)
{
	ether_key key;
	int err;

	err = llc_key(skb, at, len, &key);
	return err ?: find_family(ifp, key, family);
}

/* Demux by @type; the payload begins @at bytes into the data. */
static __always_inline int demux_type(struct dlil_ifnet *ifp,
				      const struct sk_buff *skb,
				      unsigned int at, u16 type, u32 *family)
{
	if (unlikely(type < ETH_P_802_3_MIN))
		return demux_llc(ifp, skb, at, type, family);
	return find_family(ifp, ETHER_KEY(DLIL_DESC_ETYPE, type), family);
}

/*
 * Demux a frame with a VLAN tag beside its data; @type is the one behind it.
 * On the wire a tag is the outermost type.  Priority tags (VLAN id 0) are
 * removed before a protocol gets the packet, so the type behind them decides.
 */
static noinline int demux_tagged(struct dlil_ifnet *ifp,
				 const struct sk_buff *skb, u16 type,
				 u32 *family)
{
	const struct vlan_hdr *tag;
	struct vlan_hdr buf;
	unsigned int at = 0;

	if (skb_vlan_tag_get_id(skb))
		return demux_type(ifp, skb, 0, ntohs(skb->vlan_proto), family);
	while (eth_type_vlan(htons(type))) {
		tag = skb_header_pointer(skb, at, sizeof(buf), &buf);
		if (!tag)
			return -EINVAL;
		if (ntohs(tag->h_vlan_TCI) & VLAN_VID_MASK)
			break;
		type = ntohs(tag->h_vlan_encapsulated_proto);
		at += VLAN_HLEN;
	}
	/* eth_type_trans() replaces a length by one of these two. */
	if (!at && (type == ETH_P_802_2 || type == ETH_P_802_3))
		type = get_unaligned_be16(skb->data - 2);
	return demux_type(ifp, skb, at, type, family);
}

/**
 * dlil_ether_find_type - find the protocol family that takes an EtherType
 * @ifp: ifnet
 * @type: the EtherType
 * @family: set to the family
 *
 * Row PRO-6.  For families that use dlil_ether_add_proto() but have a demux of
 * their own.
 *
 * Context: RCU read lock held.
 * Return: 0, or -ENOENT if no protocol takes that type.
 */
int dlil_ether_find_type(struct dlil_ifnet *ifp, __be16 type, u32 *family)
{
	return find_family(ifp, ETHER_KEY(DLIL_DESC_ETYPE, ntohs(type)),
			   family);
}
EXPORT_SYMBOL_GPL(dlil_ether_find_type);

/* Is there an Ethernet header?  An unset mac_header makes this negative. */
static __always_inline bool has_header(const struct sk_buff *skb)
{
	return (int)skb_headroom(skb) - skb->mac_header >= ETH_HLEN;
}

/**
 * dlil_ether_demux - find the protocol family of a frame from its header
 * @ifp: ifnet
 * @skb: the frame
 * @family: set to the family
 *
 * Row PRO-7; see &dlil_family_ops.demux.  Sets skb->pkt_type unless the driver
 * does (DLIL_ATTR_CLASSIFIED).
 *
 * Context: RCU read lock held.
 * Return: 0; -ENOENT if no protocol takes such frames; -EINVAL if it is
 * truncated.
 */
int dlil_ether_demux(struct dlil_ifnet *ifp, struct sk_buff *skb, u32 *family)
{
	const struct ethhdr *eth;
	u16 type;

	if (unlikely(!has_header(skb)))
		return -EINVAL;
	eth = eth_hdr(skb);
	if (!(ifp->attrs & DLIL_ATTR_CLASSIFIED))
		classify(ifp, skb, eth);
	type = ntohs(eth->h_proto);
	if (unlikely(skb_vlan_tag_present(skb)))
		return demux_tagged(ifp, skb, type, family);
	return demux_type(ifp, skb, 0, type, family);
}
EXPORT_SYMBOL_GPL(dlil_ether_demux);

/**
 * dlil_ether_demux_protocol - find the protocol family from skb->protocol
 * @ifp: ifnet
 * @skb: the frame, with skb->protocol as eth_type_trans() sets it
 * @family: set to the family
 *
 * Rows PRO-7, LNX-4.  Same as dlil_ether_demux(), but uses skb->protocol, as
 * the stack does.  The header may differ, because a VLAN device may leave its
 * own tag there.  Families that use this may set &dlil_family_ops.by_protocol.
 *
 * Context: RCU read lock held.
 * Return: 0; -ENOENT if no protocol takes such frames; -EINVAL if it is
 * truncated.
 */
int dlil_ether_demux_protocol(struct dlil_ifnet *ifp, struct sk_buff *skb,
			      u32 *family)
{
	u16 type;

	if (unlikely(!has_header(skb)))
		return -EINVAL;
	if (!(ifp->attrs & DLIL_ATTR_CLASSIFIED))
		classify(ifp, skb, eth_hdr(skb));
	type = ntohs(skb->protocol);
	if (unlikely(skb_vlan_tag_present(skb)))
		return demux_tagged(ifp, skb, type, family);
	/* The length is the last field of the link header, behind any tags. */
	if (unlikely(type == ETH_P_802_2 || type == ETH_P_802_3))
		return demux_llc(ifp, skb, 0, get_unaligned_be16(skb->data - 2),
				 family);
	return find_family(ifp, ETHER_KEY(DLIL_DESC_ETYPE, type), family);
}
EXPORT_SYMBOL_GPL(dlil_ether_demux_protocol);

/* Rows OUT-4, PRO-6: prepend an Ethernet II header. */
static int ether_framer(struct dlil_ifnet *ifp, struct sk_buff **pskb,
			const struct dlil_frame *frame)
{
	struct sk_buff *skb = *pskb;
	struct ethhdr *eth;
	int err;

	err = skb_cow_head(skb, ETH_HLEN);
	if (err)
		return err;
	skb_reset_network_header(skb);
	eth = skb_push(skb, ETH_HLEN);
	skb_reset_mac_header(skb);
	ether_addr_copy(eth->h_dest, frame->dest);
	ether_addr_copy(eth->h_source, dlil_ifnet_lladdr(ifp));
	eth->h_proto = frame->type;
	skb->protocol = frame->type;
	return 0;
}

/**
 * dlil_ether_check_multi - is this the link address of a group?
 * @ifp: ifnet
 * @addr: the address, a struct sockaddr_ll
 *
 * Row MUL-2; see &dlil_family_ops.check_multi.
 *
 * Context: any.
 * Return: 0; -EAFNOSUPPORT if it is not a link address; -EADDRNOTAVAIL if it is
 * not a multicast Ethernet address.
 */
int dlil_ether_check_multi(struct dlil_ifnet *ifp, const struct sockaddr *addr)
{
	const struct sockaddr_ll *ll = (const struct sockaddr_ll *)addr;

	if (addr->sa_family != AF_PACKET)
		return -EAFNOSUPPORT;
	if (ll->sll_halen != ETH_ALEN || !is_multicast_ether_addr(ll->sll_addr))
		return -EADDRNOTAVAIL;
	return 0;
}
EXPORT_SYMBOL_GPL(dlil_ether_check_multi);

/**
 * dlil_ether_resolve_multi - map an IP group to its Ethernet address
 * @addr: the group, a struct sockaddr_in or sockaddr_in6
 * @link: set to the address
 *
 * Row MUL-2.  For &dlil_proto_ops.resolve_multi of IPv4 and IPv6.
 *
 * Context: any.
 * Return: 0; -EAFNOSUPPORT for other families; -EADDRNOTAVAIL if it is not a
 * group.
 */
int dlil_ether_resolve_multi(const struct sockaddr *addr,
			     struct dlil_ioc_lladdr *link)
{
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)addr;
	const struct sockaddr_in *sin = (const struct sockaddr_in *)addr;

	switch (addr->sa_family) {
	case AF_INET:
		if (!ipv4_is_multicast(sin->sin_addr.s_addr))
			return -EADDRNOTAVAIL;
		ip_eth_mc_map(sin->sin_addr.s_addr, link->addr);
		break;
	case AF_INET6:
		if (!ipv6_addr_is_multicast(&sin6->sin6_addr))
			return -EADDRNOTAVAIL;
		ipv6_eth_mc_map(&sin6->sin6_addr, link->addr);
		break;
	default:
		return -EAFNOSUPPORT;
	}
	link->len = ETH_ALEN;
	return 0;
}
EXPORT_SYMBOL_GPL(dlil_ether_resolve_multi);

const struct dlil_family_ops dlil_ether_family_ops = {
	.demux = dlil_ether_demux,
	.framer = ether_framer,
	.add_proto = dlil_ether_add_proto,
	.del_proto = dlil_ether_del_proto,
	.check_multi = dlil_ether_check_multi,
};
EXPORT_SYMBOL_GPL(dlil_ether_family_ops);

/*
 * The raw family: links without a link header.
 *
 * skb->protocol, if the driver sets it, or else the version in the IP header
 * tells the EtherType of a packet.  So protocols use EtherType descriptors,
 * stored as in the Ethernet family.
 */

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
