// SPDX-License-Identifier: GPL-2.0
/*
 * The Ethernet family: tells whose a frame is, and puts headers on.
 *
 * Each ifnet has a small hash from descriptors to protocol families, made with
 * its first protocol and freed with its last.  demux reads it under RCU;
 * add_proto and del_proto are serialised by the core.
 */
#include <linux/etherdevice.h>
#include <linux/hash.h>
#include <linux/if_packet.h>
#include <linux/if_vlan.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <net/dlil.h>
#include <net/if_inet6.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "dlil_ifnet.h"

#define ETHER_HASH_BITS 4

/* Destination SAP, source SAP, control; and for SNAP organisation and type. */
#define LLC_LEN		3
#define SNAP_LEN	5
#define LLC_SNAP	0xaaaa03

/**
 * typedef ether_key - a descriptor as one number
 *
 * The kind is in the upper bits, so that keys of different kinds never meet.
 */
typedef u64 ether_key;

#define ETHER_KEY(kind, value) (((u64)(kind) << 48) | (value))

/**
 * struct ether_desc - one descriptor of a protocol
 * @node: in the hash
 * @key: the descriptor
 * @family: the protocol's family
 * @rcu: for freeing
 */
struct ether_desc {
	struct hlist_node node;
	ether_key key;
	u32 family;
	struct rcu_head rcu;
};

/**
 * struct ether_table - what an ifnet recognises
 * @slots: descriptors by key
 * @n: how many; under the core's lock
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

/* The table of @ifp; its users are serialised by the core. */
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
 * dlil_ether_add_proto - recognise a protocol's frames
 * @ifp: ifnet
 * @family: the protocol's family
 * @descs: its descriptors
 * @n: how many
 *
 * Row PRO-6; see &dlil_family_ops.add_proto.
 *
 * Return: 0, -EINVAL, -EOPNOTSUPP, -EADDRINUSE or -ENOMEM; after an error none
 * of @descs is left behind.
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
 * dlil_ether_del_proto - forget a protocol's frames
 * @ifp: ifnet
 * @family: the protocol's family
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

/* Group, ours or somebody else's (PRO-7). */
static __always_inline void classify(const struct dlil_ifnet *ifp,
				     struct sk_buff *skb,
				     const struct ethhdr *eth)
{
	/* As dlil_ifnet_lladdr() does. */
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
 * The key of an 802.3 frame, whose type field is its length.  The packet begins @at
 * bytes into the data, which are there.  A length that is not true, or has no room
 * for the header, is a type of somebody's own: no match.  The frame is malformed if
 * its length is true and the header goes on behind its end.
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

/* Out of line: what it needs of the stack would be a cost of every frame. */
static noinline int demux_llc(struct dlil_ifnet *ifp, const struct sk_buff *skb,
			      unsigned int at, unsigned int len, u32 *family)
{
	ether_key key;
	int err;

	err = llc_key(skb, at, len, &key);
	return err ?: find_family(ifp, key, family);
}

/* The packet begins behind the link header, or the tag, that has this type. */
static __always_inline int demux_type(struct dlil_ifnet *ifp,
				      const struct sk_buff *skb,
				      unsigned int at, u16 type, u32 *family)
{
	if (unlikely(type < ETH_P_802_3_MIN))
		return demux_llc(ifp, skb, at, type, family);
	return find_family(ifp, ETHER_KEY(DLIL_DESC_ETYPE, type), family);
}

/*
 * The frame has a tag beside its data, and @type behind that.  A tag is the outermost
 * type on the wire; but tags without a VLAN only carry a priority, and are taken off
 * before any protocol gets the packet, so that the type behind them decides.
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
	/* The stack has made one of these two of a length. */
	if (!at && (type == ETH_P_802_2 || type == ETH_P_802_3))
		type = get_unaligned_be16(skb->data - 2);
	return demux_type(ifp, skb, at, type, family);
}

/**
 * dlil_ether_find_type - the protocol family that has an Ethernet II type
 * @ifp: ifnet
 * @type: the type
 * @family: set to the family
 *
 * Row PRO-6.  For families that keep their protocols by dlil_ether_add_proto()
 * and tell types in a way of their own.
 *
 * Context: RCU read lock held.
 * Return: 0, or -ENOENT if nobody wants that type.
 */
int dlil_ether_find_type(struct dlil_ifnet *ifp, __be16 type, u32 *family)
{
	return find_family(ifp, ETHER_KEY(DLIL_DESC_ETYPE, ntohs(type)),
			   family);
}
EXPORT_SYMBOL_GPL(dlil_ether_find_type);

/* A header that was never set would be far behind the data. */
static __always_inline bool has_header(const struct sk_buff *skb)
{
	return (int)skb_headroom(skb) - skb->mac_header >= ETH_HLEN;
}

/**
 * dlil_ether_demux - tell the protocol family of a frame by its header
 * @ifp: ifnet
 * @skb: the frame
 * @family: set to the family
 *
 * Row PRO-7; see &dlil_family_ops.demux.  Sets skb->pkt_type unless the driver
 * has (DLIL_ATTR_CLASSIFIED).
 *
 * Context: RCU read lock held.
 * Return: 0; -ENOENT if nobody wants such frames; -EINVAL if it is truncated.
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
 * dlil_ether_demux_protocol - tell the protocol family of a frame as the stack does
 * @ifp: ifnet
 * @skb: the frame, with skb->protocol as eth_type_trans() sets it
 * @family: set to the family
 *
 * Rows PRO-7, LNX-4.  As dlil_ether_demux(), but by skb->protocol.  That is not
 * always what the header says: a VLAN device may leave its own tag in there.
 * Families that use it may set &dlil_family_ops.by_protocol.
 *
 * Context: RCU read lock held.
 * Return: 0; -ENOENT if nobody wants such frames; -EINVAL if it is truncated.
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
	/* The length ends the link header, however many tags are in that. */
	if (unlikely(type == ETH_P_802_2 || type == ETH_P_802_3))
		return demux_llc(ifp, skb, 0, get_unaligned_be16(skb->data - 2),
				 family);
	return find_family(ifp, ETHER_KEY(DLIL_DESC_ETYPE, type), family);
}
EXPORT_SYMBOL_GPL(dlil_ether_demux_protocol);

/* Rows OUT-4, PRO-6: an Ethernet II header in front of the packet. */
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
 * Return: 0; -EAFNOSUPPORT for what is no link address; -EADDRNOTAVAIL for that
 * of a single machine, or one that Ethernet does not have.
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
 * dlil_ether_resolve_multi - the link address that an IP group has on Ethernet
 * @addr: the group, a struct sockaddr_in or sockaddr_in6
 * @link: set to the address
 *
 * Row MUL-2.  For &dlil_proto_ops.resolve_multi of IPv4 and IPv6.
 *
 * Context: any.
 * Return: 0; -EAFNOSUPPORT for other families; -EADDRNOTAVAIL if it is no group.
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
