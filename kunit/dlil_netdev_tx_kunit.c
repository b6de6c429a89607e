// SPDX-License-Identifier: GPL-2.0
/*
 * Packets sent through a wrapped network device, by the host with
 * dev_queue_xmit(), and by protocols with dlil_output().  Checked in filters
 * and in the transmit function of the device.  Rows LNX-6, LNX-4, LNX-14,
 * FLT-10, IFN-12, MUL-1, MUL-2, OUT-11, STA-1, STA-3.
 */
#include <kunit/test.h>
#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/if_vlan.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/tcp.h>
#include <net/addrconf.h>
#include <net/arp.h>
#include <net/ip6_route.h>
#include <net/ndisc.h>
#include <net/neighbour.h>
#include <net/route.h>

#include "../dlil_ifnet.h"
#include "../dlil_kind.h"
#include "../dlil_netdev.h"
#include "../dlil_party.h"
#include "compat.h"
#include "fake.h"

#define MAX_SENT	16

/**
 * struct sent - a packet that the device got
 * @skb: the packet, which was freed; compare only
 * @len: length
 * @tag: VLAN id of the tag beside the data, or 0
 * @protocol: skb->protocol
 * @network: offset of the network header
 * @head: first bytes
 */
struct sent {
	const struct sk_buff *skb;
	unsigned int len;
	u16 tag;
	u16 protocol;
	int network;
	u8 head[60];
};

/**
 * struct tx - a wrapped device and its sent packets
 * @test: the test
 * @dev: the device
 * @ifp: its ifnet, referenced
 * @n: number of packets of the tests that the device got
 * @sent: the first of them
 * @live: packets that have not been freed
 * @calls: calls of filter a, and of filter b
 * @do_a: action of filter a
 * @verdict: verdict of filter b
 * @made: the last packet that a filter made
 */
struct tx {
	struct kunit *test;
	struct net_device *dev;
	struct dlil_ifnet *ifp;
	unsigned int n;
	struct sent sent[MAX_SENT];
	atomic_t live;
	unsigned int calls[2];
	int (*do_a)(struct tx *tx, struct sk_buff **skb);
	int verdict;
	const struct sk_buff *made;
};

static struct tx *tx_now;

/* The host may send IPv6 multicast on a device that is up; ignore that. */
static bool is_ours(const struct sk_buff *skb)
{
	return skb->len >= ETH_HLEN && skb->data[0] != 0x33;
}

static netdev_tx_t tx_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct sent *sent = &tx_now->sent[tx_now->n];

	if (!is_ours(skb) && dev->type == ARPHRD_ETHER) {
		consume_skb(skb);
		return NETDEV_TX_OK;
	}
	if (tx_now->n < MAX_SENT) {
		sent->skb = skb;
		sent->len = skb->len;
		sent->tag = skb_vlan_tag_get_id(skb);
		sent->protocol = ntohs(skb->protocol);
		sent->network = skb_network_offset(skb);
		skb_copy_bits(skb, 0, sent->head,
			      min_t(int, skb->len, sizeof(sent->head)));
	}
	tx_now->n++;
	consume_skb(skb);
	return NETDEV_TX_OK;
}

static const struct net_device_ops tx_netdev_ops = {
	.ndo_start_xmit = tx_xmit,
	.ndo_set_mac_address = eth_mac_addr,
};

static int tx_attach(struct tx *tx)
{
	struct dlil_ifnet *going;
	int err;

	for (;;) {
		err = fake_wrap(tx->dev, NULL, &going);
		if (err != -EAGAIN)
			return err;
		dlil_ifnet_wait_death(going, 60 * HZ);
		dlil_ifnet_put(going);
	}
}

static void tx_detach(struct tx *tx)
{
	struct dlil_ifnet *going;

	rtnl_lock();
	KUNIT_EXPECT_EQ(tx->test, dlil_netdev_detach(tx->dev, NULL, &going), 0);
	rtnl_unlock();
	dlil_ifnet_wait_death(going, 60 * HZ);
	dlil_ifnet_put(going);
}

static int tx_make(struct kunit *test, unsigned short type)
{
	u8 addr[ETH_ALEN];
	struct tx *tx;

	tx = kunit_kzalloc(test, sizeof(*tx), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, tx);
	tx->test = test;
	tx_now = tx;
	tx->dev = alloc_netdev(0, "dlilx%d", NET_NAME_UNKNOWN, ether_setup);
	KUNIT_ASSERT_NOT_NULL(test, tx->dev);
	tx->dev->netdev_ops = &tx_netdev_ops;
	tx->dev->priv_flags |= IFF_NO_QUEUE;
	/* Keep the stack from changing lengths of frames and tags. */
	tx->dev->features |= NETIF_F_HW_VLAN_CTAG_TX | NETIF_F_SG;
	tx->dev->hw_features |= NETIF_F_HW_VLAN_CTAG_TX;
	/* The previous ifnet, whose id is the address, may not have ended yet. */
	eth_random_addr(addr);
	eth_hw_addr_set(tx->dev, addr);
	if (type != ARPHRD_ETHER) {
		tx->dev->type = type;
		tx->dev->header_ops = NULL;
		tx->dev->addr_len = 0;
		tx->dev->hard_header_len = 0;
		tx->dev->flags = IFF_POINTOPOINT | IFF_NOARP;
	}
	KUNIT_ASSERT_EQ(test, register_netdev(tx->dev), 0);
	rtnl_lock();
	/* Keep IPv6 from sending multicast. */
	if (__in6_dev_get(tx->dev))
		__in6_dev_get(tx->dev)->cnf.disable_ipv6 = 1;
	KUNIT_EXPECT_EQ(test, dev_open(tx->dev, NULL), 0);
	rtnl_unlock();
	KUNIT_ASSERT_EQ(test, tx_attach(tx), 0);
	tx->ifp = dlil_ifnet_by_index(&init_net, tx->dev->ifindex);
	KUNIT_ASSERT_NOT_NULL(test, tx->ifp);
	test->priv = tx;
	return 0;
}

static int tx_init(struct kunit *test)
{
	return tx_make(test, ARPHRD_ETHER);
}

static void tx_exit(struct kunit *test)
{
	struct tx *tx = test->priv;

	if (!tx)
		return;
	unregister_netdev(tx->dev);
	free_netdev(tx->dev);
	dlil_ifnet_put(tx->ifp);
}

/* Replace the Ethernet device of the case by one of another type. */
static struct tx *instead(struct kunit *test, unsigned short type)
{
	tx_exit(test);
	test->priv = NULL;
	KUNIT_ASSERT_EQ(test, tx_make(test, type), 0);
	return test->priv;
}

static void uncount(struct sk_buff *skb)
{
	atomic_dec(&tx_now->live);
}

/* @len bytes of zeros, with headroom; counted until freed. */
static struct sk_buff *new_skb(struct tx *tx, unsigned int len)
{
	struct sk_buff *skb = alloc_skb(128 + len + 64, GFP_ATOMIC | __GFP_NOFAIL);

	skb_reserve(skb, 128);
	skb_put_zero(skb, len);
	skb->dev = tx->dev;
	/* skb_orphan() needs a socket, not only a destructor. */
	skb->destructor = uncount;
	skb->sk = NULL;
	atomic_inc(&tx->live);
	return skb;
}

static const u8 station[ETH_ALEN] = { 2, 0, 0, 1, 2, 3 };

/* A frame of an experimental type, as the host sends it. */
static struct sk_buff *frame(struct tx *tx, unsigned int len, u16 type)
{
	struct sk_buff *skb = new_skb(tx, len);

	ether_addr_copy(skb->data, station);
	ether_addr_copy(skb->data + ETH_ALEN, tx->dev->dev_addr);
	skb->data[12] = type >> 8;
	skb->data[13] = type;
	skb->protocol = htons(type);
	skb_reset_mac_header(skb);
	skb_set_network_header(skb, ETH_HLEN);
	return skb;
}

static int filter_a(void *cookie, struct dlil_ifnet *ifp, u32 family,
		    struct sk_buff **skb)
{
	struct tx *tx = cookie;

	if (!is_ours(*skb) && !tx->dev->header_ops)
		return 0;
	tx->calls[0]++;
	return tx->do_a ? tx->do_a(tx, skb) : 0;
}

static int filter_b(void *cookie, struct dlil_ifnet *ifp, u32 family,
		    struct sk_buff **skb)
{
	struct tx *tx = cookie;

	if ((*skb)->data[0] == 0x33)
		return 0;
	tx->calls[1]++;
	if (tx->verdict == DLIL_STOLEN)
		kfree_skb(*skb);
	return tx->verdict;
}

static const struct dlil_filter_ops a_ops = { .output = filter_a };
static const struct dlil_filter_ops b_ops = { .output = filter_b };

/* Filter a comes first. */
static void add_filters(struct tx *tx, u32 flags)
{
	struct dlil_filter_params params = {
		.ops = &a_ops, .name = "a", .cookie = tx, .flags = flags,
	};
	dlil_filter_t ref;

	KUNIT_ASSERT_EQ(tx->test,
			dlil_filter_attach(tx->ifp, &params, &ref), 0);
	params.ops = &b_ops;
	params.name = "b";
	KUNIT_ASSERT_EQ(tx->test,
			dlil_filter_attach(tx->ifp, &params, &ref), 0);
}

static int looks(struct tx *tx, struct sk_buff **skb)
{
	return 0;
}

static int replaces(struct tx *tx, struct sk_buff **skb)
{
	struct sk_buff *old = *skb;

	*skb = frame(tx, old->len + 10, ntohs(old->protocol));
	tx->made = *skb;
	kfree_skb(old);
	return 0;
}

static int steals(struct tx *tx, struct sk_buff **skb)
{
	kfree_skb(*skb);
	return DLIL_STOLEN;
}

static int refuses(struct tx *tx, struct sk_buff **skb)
{
	return -EPERM;
}

/* Send another packet through the host's stack, which passes the filters again. */
static int sends(struct tx *tx, struct sk_buff **skb)
{
	if (tx->calls[0] == 1)
		dev_queue_xmit(frame(tx, 80, 0x88b5));
	return 0;
}

/**
 * struct out_case - a packet of 60 bytes from the host, and its filters
 * @name: name of the case
 * @a: action of the first filter
 * @b: verdict of the second filter
 * @result: result that the sender gets
 * @calls: expected calls of the second filter
 * @sent: expected number of sent packets
 * @last: expected length of the last one
 * @stolen: packets counted as stolen
 * @freed: packets counted as freed by a filter
 */
struct out_case {
	const char *name;
	int (*a)(struct tx *tx, struct sk_buff **skb);
	int b;
	int result;
	unsigned int calls;
	unsigned int sent;
	unsigned int last;
	unsigned int stolen;
	unsigned int freed;
};

static const struct out_case out_cases[] = {
	{ "looks", looks, 0, 0, 1, 1, 60, 0, 0 },
	{ "looks, refused", looks, -EPERM, NET_XMIT_DROP, 1, 0, 0, 0, 1 },
	{ "looks, stolen", looks, DLIL_STOLEN, 0, 1, 0, 0, 1, 0 },
	{ "replaces", replaces, 0, 0, 1, 1, 70, 0, 0 },
	{ "replaces, refused", replaces, -EPERM, NET_XMIT_DROP, 1, 0, 0, 0, 1 },
	{ "replaces, stolen", replaces, DLIL_STOLEN, 0, 1, 0, 0, 1, 0 },
	{ "steals", steals, 0, 0, 0, 0, 0, 1, 0 },
	{ "refuses", refuses, 0, NET_XMIT_DROP, 0, 0, 0, 0, 1 },
	{ "sends", sends, 0, 0, 2, 2, 60, 0, 0 },
	{ "sends, refused", sends, -EPERM, NET_XMIT_DROP, 2, 0, 0, 0, 2 },
};

static void out_desc(const struct out_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(out, out_cases, out_desc);

static void make_plain(struct sk_buff *skb)
{
}

static void make_cloned(struct sk_buff *skb)
{
	struct sk_buff *clone = skb_clone(skb, GFP_KERNEL);

	consume_skb(clone);
}

static void make_tagged(struct sk_buff *skb)
{
	__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q), 5);
}

static void make_group(struct sk_buff *skb)
{
	skb->data[0] = 0x01;
}

static void (* const odd[])(struct sk_buff *skb) = {
	make_plain, make_cloned, make_tagged, make_group,
};

/*
 * LNX-6 STA-3: whatever filters do with a packet of the host, each packet is
 * sent or freed once, and counted once.
 */
static void filters_out(struct kunit *test)
{
	const struct out_case *c = test->param_value;
	struct dlil_account in, out, before;
	struct tx *tx = test->priv;
	struct dlil_stats stats;
	struct sk_buff *skb;
	unsigned int i;

	add_filters(tx, 0);
	tx->do_a = c->a;
	tx->verdict = c->b;
	for (i = 0; i < ARRAY_SIZE(odd); i++) {
		dlil_stats_read(tx->ifp, &stats, &in, &before);
		tx->n = 0;
		tx->calls[0] = 0;
		tx->calls[1] = 0;
		skb = frame(tx, 60, 0x88b6);
		odd[i](skb);
		KUNIT_EXPECT_EQ(test, dev_queue_xmit(skb), c->result);
		KUNIT_EXPECT_EQ(test, tx->calls[1], c->calls);
		KUNIT_ASSERT_EQ(test, tx->n, c->sent);
		KUNIT_EXPECT_EQ(test, atomic_read(&tx->live), 0);
		if (c->sent)
			KUNIT_EXPECT_EQ(test, tx->sent[c->sent - 1].len,
					c->last);
		if (c->sent && c->a == replaces)
			KUNIT_EXPECT_PTR_EQ(test, tx->sent[0].skb, tx->made);
		if (c->sent == 1 && c->a == looks)
			KUNIT_EXPECT_PTR_EQ(test, tx->sent[0].skb,
					    (const struct sk_buff *)skb);
		dlil_stats_read(tx->ifp, &stats, &in, &out);
		KUNIT_EXPECT_EQ(test, out.stolen - before.stolen, c->stolen);
		KUNIT_EXPECT_EQ(test, out.drops[DLIL_DROP_FILTER] -
				before.drops[DLIL_DROP_FILTER], c->freed);
		KUNIT_EXPECT_EQ(test, out.seen, out.delivered + out.passed +
				out.stolen + out.freed);
	}
}

/*
 * LNX-6 STA-1: bytes and multicast packets are counted, with and without
 * filters.
 */
static void counts_groups(struct kunit *test)
{
	struct dlil_stats before, after;
	struct tx *tx = test->priv;
	struct sk_buff_head list;
	struct dlil_account in, out;
	struct sk_buff *skb;
	int i;

	for (i = 0; i < 2; i++) {
		dlil_stats_read(tx->ifp, &before, &in, &out);
		skb = frame(tx, 60, 0x88b6);
		make_group(skb);
		dev_queue_xmit(skb);
		dev_queue_xmit(frame(tx, 61, 0x88b6));
		__skb_queue_head_init(&list);
		skb = frame(tx, 62, 0x88b6);
		make_group(skb);
		__skb_queue_tail(&list, skb);
		__skb_queue_tail(&list, frame(tx, 63, 0x88b6));
		KUNIT_EXPECT_EQ(test, dlil_output(tx->ifp, 0, &list, NULL,
						  DLIL_OUTPUT_RAW), 0);
		dlil_stats_read(tx->ifp, &after, &in, &out);
		KUNIT_EXPECT_EQ(test, after.omcasts - before.omcasts, 2);
		KUNIT_EXPECT_EQ(test, after.opackets - before.opackets, 4);
		KUNIT_EXPECT_EQ(test, after.obytes - before.obytes,
				60 + 61 + 62 + 63);
		if (!i)
			add_filters(tx, 0);
	}
	KUNIT_EXPECT_EQ(test, tx->calls[0], 4);
	KUNIT_EXPECT_EQ(test, tx->n, 8);
}

/* LNX-6 FLT-9 STA-3: a tag beside a packet of the host stays beside it. */
static void tag_stays(struct kunit *test)
{
	struct tx *tx = test->priv;
	struct sk_buff *skb;
	int i;

	for (i = 0; i < 2; i++) {
		skb = frame(tx, 60, 0x88b6);
		make_tagged(skb);
		KUNIT_EXPECT_EQ(test, dev_queue_xmit(skb), 0);
		KUNIT_EXPECT_EQ(test, tx->sent[i].tag, 5);
		KUNIT_EXPECT_EQ(test, tx->sent[i].len, 60);
		add_filters(tx, 0);
	}
	KUNIT_ASSERT_EQ(test, dlil_proto_detach(tx->ifp, DLIL_PF_VLAN), 0);
	skb = frame(tx, 60, 0x88b6);
	make_tagged(skb);
	KUNIT_EXPECT_EQ(test, dev_queue_xmit(skb), NET_XMIT_DROP);
	KUNIT_EXPECT_EQ(test, tx->n, 2);
}

#define SEGMENT	1000

/**
 * struct gso_kind - a kind of GSO packet
 * @name: name of the case
 * @type: EtherType
 * @protocol: protocol above IP
 * @gso_type: SKB_GSO_*
 * @feature: feature of devices that support it
 */
struct gso_kind {
	const char *name;
	u16 type;
	u8 protocol;
	unsigned int gso_type;
	netdev_features_t feature;
};

static const struct gso_kind gso_kinds[] = {
	{ "TCP, IPv4", ETH_P_IP, IPPROTO_TCP, SKB_GSO_TCPV4, NETIF_F_TSO },
	{ "TCP, IPv6", ETH_P_IPV6, IPPROTO_TCP, SKB_GSO_TCPV6, NETIF_F_TSO6 },
	{ "UDP, IPv4", ETH_P_IP, IPPROTO_UDP, SKB_GSO_UDP_L4,
	  NETIF_F_GSO_UDP_L4 },
	{ "UDP, IPv6", ETH_P_IPV6, IPPROTO_UDP, SKB_GSO_UDP_L4,
	  NETIF_F_GSO_UDP_L4 },
};

static void gso_desc(const struct gso_kind *kind, char *desc)
{
	strscpy(desc, kind->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(gso, gso_kinds, gso_desc);

static unsigned int ip_len(const struct gso_kind *kind)
{
	return kind->type == ETH_P_IP ? sizeof(struct iphdr) :
					sizeof(struct ipv6hdr);
}

static unsigned int gso_headers(const struct gso_kind *kind)
{
	return ETH_HLEN + ip_len(kind) + (kind->protocol == IPPROTO_TCP ?
					  sizeof(struct tcphdr) :
					  sizeof(struct udphdr));
}

static void make_ip(struct sk_buff *skb, const struct gso_kind *kind)
{
	if (kind->type == ETH_P_IP) {
		ip_hdr(skb)->version = 4;
		ip_hdr(skb)->ihl = 5;
		ip_hdr(skb)->protocol = kind->protocol;
		ip_hdr(skb)->tot_len = htons(skb->len - ETH_HLEN);
	} else {
		ipv6_hdr(skb)->version = 6;
		ipv6_hdr(skb)->nexthdr = kind->protocol;
		ipv6_hdr(skb)->payload_len =
			htons(skb->len - ETH_HLEN - sizeof(struct ipv6hdr));
	}
}

static struct sk_buff *gso_frame(struct tx *tx, const struct gso_kind *kind,
				 unsigned int segments)
{
	struct sk_buff *skb = frame(tx, gso_headers(kind) + segments * SEGMENT,
				    kind->type);

	make_ip(skb, kind);
	skb_set_transport_header(skb, ETH_HLEN + ip_len(kind));
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_transport_header(skb) - skb->head;
	if (kind->protocol == IPPROTO_TCP) {
		tcp_hdr(skb)->doff = sizeof(struct tcphdr) / 4;
		skb->csum_offset = offsetof(struct tcphdr, check);
	} else {
		udp_hdr(skb)->len = htons(skb->len - ETH_HLEN - ip_len(kind));
		skb->csum_offset = offsetof(struct udphdr, check);
	}
	skb_shinfo(skb)->gso_type = kind->gso_type;
	skb_shinfo(skb)->gso_size = SEGMENT;
	skb_shinfo(skb)->gso_segs = segments;
	return skb;
}

static int refuses_second(struct tx *tx, struct sk_buff **skb)
{
	return tx->calls[0] == 2 ? -EPERM : 0;
}

/*
 * FLT-10 LNX-6: a filter that wants segments gets each once, and so does the
 * device.
 */
static void gso_in_segments(struct kunit *test)
{
	const struct gso_kind *kind = test->param_value;
	struct tx *tx = test->priv;
	struct dlil_account in, out;
	struct dlil_stats stats;

	tx->do_a = refuses_second;
	add_filters(tx, DLIL_FILTER_SEGMENTS);
	KUNIT_EXPECT_EQ(test, dev_queue_xmit(gso_frame(tx, kind, 4)), 0);
	KUNIT_EXPECT_EQ(test, tx->calls[0], 4);
	KUNIT_EXPECT_EQ(test, tx->calls[1], 3);
	KUNIT_ASSERT_EQ(test, tx->n, 3);
	KUNIT_EXPECT_EQ(test, tx->sent[0].len, gso_headers(kind) + SEGMENT);
	KUNIT_EXPECT_EQ(test, tx->sent[2].len, gso_headers(kind) + SEGMENT);
	dlil_stats_read(tx->ifp, &stats, &in, &out);
	KUNIT_EXPECT_EQ(test, out.drops[DLIL_DROP_FILTER], 1);
	KUNIT_EXPECT_EQ(test, out.seen, out.delivered + out.passed +
			out.stolen + out.freed);
	KUNIT_EXPECT_EQ(test, atomic_read(&tx->live), 0);
}

/*
 * FLT-18: a match filter judges a GSO packet as the device gets it: in segments, or
 * whole.  Others see it whole in either case.
 */
static void gso_as_sent(struct kunit *test)
{
	const struct gso_kind *kind = test->param_value;
	const struct sock_filter larger[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, gso_headers(kind) + SEGMENT,
			 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct dlil_filter_request params = {
		.kind = "match",
		.name = "m", .direction = DLIL_DIRECTION_OUT, .action = "drop",
		.program = larger, .n = ARRAY_SIZE(larger),
	};
	struct tx *tx = test->priv;
	struct dlil_account in, out;
	struct dlil_stats stats;

	add_filters(tx, 0);
	KUNIT_ASSERT_EQ(test, fake_kind_add(tx->ifp, &params, true, NULL), 0);
	KUNIT_EXPECT_EQ(test, dev_queue_xmit(gso_frame(tx, kind, 4)), 0);
	KUNIT_EXPECT_EQ(test, tx->calls[0], 1);
	KUNIT_EXPECT_EQ(test, tx->n, 4);
	tx->dev->features |= kind->feature | NETIF_F_HW_CSUM | NETIF_F_SG;
	KUNIT_EXPECT_EQ(test, dev_queue_xmit(gso_frame(tx, kind, 4)),
			NET_XMIT_DROP);
	KUNIT_EXPECT_EQ(test, tx->calls[0], 2);
	KUNIT_EXPECT_EQ(test, tx->n, 4);
	dlil_stats_read(tx->ifp, &stats, &in, &out);
	KUNIT_EXPECT_EQ(test, out.seen, 5);
	KUNIT_EXPECT_EQ(test, out.delivered, 4);
	KUNIT_EXPECT_EQ(test, out.drops[DLIL_DROP_FILTER], 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&tx->live), 0);
}

/* FLT-10: filters that do not want segments see the GSO packet. */
static void gso_whole(struct kunit *test)
{
	const struct gso_kind *kind = test->param_value;
	struct tx *tx = test->priv;

	add_filters(tx, 0);
	KUNIT_EXPECT_EQ(test, dev_queue_xmit(gso_frame(tx, kind, 4)), 0);
	KUNIT_EXPECT_EQ(test, tx->calls[0], 1);
	/* The device has no TSO, so the stack segments behind the filters. */
	KUNIT_EXPECT_EQ(test, tx->n, 4);
	KUNIT_EXPECT_EQ(test, tx->sent[3].len, gso_headers(kind) + SEGMENT);
	/* A device that supports the packet gets it unsegmented. */
	tx->dev->features |= kind->feature | NETIF_F_HW_CSUM | NETIF_F_SG;
	KUNIT_EXPECT_EQ(test, dev_queue_xmit(gso_frame(tx, kind, 4)), 0);
	KUNIT_EXPECT_EQ(test, tx->calls[0], 2);
	KUNIT_ASSERT_EQ(test, tx->n, 5);
	KUNIT_EXPECT_EQ(test, tx->sent[4].len, gso_headers(kind) + 4 * SEGMENT);
	KUNIT_EXPECT_EQ(test, atomic_read(&tx->live), 0);
}

static int output_one(struct tx *tx, u32 family, struct sk_buff *skb,
		      const void *dest, u32 flags)
{
	struct sk_buff_head list;

	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, skb);
	return dlil_output(tx->ifp, family, &list, dest, flags);
}

/* LNX-6: a raw frame without skb->protocol gets the type in its header. */
static void raw_without_type(struct kunit *test)
{
	struct tx *tx = test->priv;
	struct sk_buff *skb = frame(tx, 60, 0x88b6);

	skb->protocol = 0;
	skb_reset_network_header(skb);
	skb->mac_header = 0;
	KUNIT_EXPECT_EQ(test, output_one(tx, 0, skb, NULL, DLIL_OUTPUT_RAW), 0);
	KUNIT_ASSERT_EQ(test, tx->n, 1);
	KUNIT_EXPECT_EQ(test, tx->sent[0].protocol, 0x88b6);
	KUNIT_EXPECT_EQ(test, tx->sent[0].network, ETH_HLEN);
	/* A frame may consist of a header only. */
	skb = frame(tx, ETH_HLEN, 0x88b6);
	KUNIT_EXPECT_EQ(test, output_one(tx, 0, skb, NULL, DLIL_OUTPUT_RAW), 0);
	skb = frame(tx, ETH_HLEN - 1, 0x88b6);
	KUNIT_EXPECT_EQ(test, output_one(tx, 0, skb, NULL, DLIL_OUTPUT_RAW),
			-ENXIO);
	KUNIT_EXPECT_EQ(test, tx->n, 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&tx->live), 0);
}

/* FLT-18: a match filter leaves alone a GSO packet that has no type yet. */
static void raw_gso_without_type(struct kunit *test)
{
	struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, 1);
	const struct dlil_filter_request params = {
		.kind = "match",
		.name = "m", .direction = DLIL_DIRECTION_OUT, .action = "count",
		.program = &all, .n = 1,
	};
	struct tx *tx = test->priv;
	struct dlil_account in, out;
	struct dlil_stats stats;
	struct sk_buff *skb;

	KUNIT_ASSERT_EQ(test, fake_kind_add(tx->ifp, &params, true, NULL), 0);
	skb = gso_frame(tx, &gso_kinds[0], 4);
	skb->protocol = 0;
	KUNIT_EXPECT_EQ(test, output_one(tx, 0, skb, NULL, DLIL_OUTPUT_RAW), 0);
	/* The stack segments it behind the filters. */
	KUNIT_EXPECT_EQ(test, tx->n, 4);
	dlil_stats_read(tx->ifp, &stats, &in, &out);
	KUNIT_EXPECT_EQ(test, out.delivered, 1);
	KUNIT_EXPECT_EQ(test, out.drops[DLIL_DROP_FILTER], 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&tx->live), 0);
}

/* LNX-6 LNX-14: packets that the stack refuses count as refused by the driver. */
static void refused_by_stack(struct kunit *test)
{
	struct tx *tx = test->priv;
	struct dlil_account in, out;
	struct dlil_stats stats;

	netif_tx_stop_all_queues(tx->dev);
	KUNIT_EXPECT_EQ(test, output_one(tx, 0, frame(tx, 60, 0x88b6), NULL,
					 DLIL_OUTPUT_RAW), -ENETDOWN);
	netif_tx_wake_all_queues(tx->dev);
	dlil_stats_read(tx->ifp, &stats, &in, &out);
	KUNIT_EXPECT_EQ(test, out.drops[DLIL_DROP_DRIVER], 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&tx->live), 0);
}

static const struct sockaddr_in near = {
	.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000007),
};

static const struct sockaddr_in group4 = {
	.sin_family = AF_INET, .sin_addr.s_addr = htonl(0xe1818283),
};

static const struct sockaddr_in6 near6 = {
	.sin6_family = AF_INET6,
	.sin6_addr.s6_addr = { 0xfe, 0x80, [15] = 7 },
};

/* Create or update the neighbour @key in @tbl. */
static void know(struct tx *tx, struct neigh_table *tbl, const void *key,
		 const u8 *lladdr, u8 state)
{
	struct neighbour *neigh;

	neigh = neigh_lookup(tbl, key, tx->dev) ?:
		neigh_create(tbl, key, tx->dev);
	KUNIT_ASSERT_FALSE(tx->test, IS_ERR_OR_NULL(neigh));
	KUNIT_EXPECT_EQ(tx->test,
			neigh_update(neigh, lladdr, state,
				     NEIGH_UPDATE_F_OVERRIDE, 0), 0);
	neigh_release(neigh);
}

static void expect_frame(struct tx *tx, unsigned int i, const u8 *dest,
			 u16 type, unsigned int len)
{
	const u8 *head = tx->sent[i].head;

	KUNIT_ASSERT_GT(tx->test, tx->n, i);
	KUNIT_EXPECT_EQ(tx->test, tx->sent[i].len, ETH_HLEN + len);
	KUNIT_EXPECT_TRUE(tx->test, ether_addr_equal(head, dest));
	KUNIT_EXPECT_TRUE(tx->test, ether_addr_equal(head + ETH_ALEN,
						     tx->dev->dev_addr));
	KUNIT_EXPECT_EQ(tx->test, head[12] << 8 | head[13], type);
	KUNIT_EXPECT_EQ(tx->test, tx->sent[i].protocol, type);
}

/* An IP packet without a link header, as a protocol sends it. */
static struct sk_buff *packet(struct tx *tx, u8 first)
{
	struct sk_buff *skb = new_skb(tx, 40);

	skb->data[0] = first;
	skb->dev = NULL;
	return skb;
}

/* LNX-6: packets of inet and inet6 are framed for their neighbour. */
static void framed_for_neighbour(struct kunit *test)
{
	static const u8 mapped[ETH_ALEN] = { 1, 0, 0x5e, 0x01, 0x82, 0x83 };
	struct tx *tx = test->priv;

	know(tx, &arp_tbl, &near.sin_addr, station, NUD_PERMANENT);
	know(tx, compat_nd_tbl(), &near6.sin6_addr, station, NUD_PERMANENT);
	add_filters(tx, 0);
	KUNIT_EXPECT_EQ(test, output_one(tx, DLIL_PF_INET, packet(tx, 0x45),
					 &near, 0), 0);
	expect_frame(tx, 0, station, ETH_P_IP, 40);
	KUNIT_EXPECT_EQ(test, output_one(tx, DLIL_PF_INET6, packet(tx, 0x60),
					 &near6, 0), 0);
	expect_frame(tx, 1, station, ETH_P_IPV6, 40);
	KUNIT_EXPECT_EQ(test, output_one(tx, DLIL_PF_INET, packet(tx, 0x45),
					 &group4, 0), 0);
	expect_frame(tx, 2, mapped, ETH_P_IP, 40);
	KUNIT_EXPECT_EQ(test, tx->calls[0], 3);

	/* Without a destination, or with one of another family. */
	KUNIT_EXPECT_EQ(test, output_one(tx, DLIL_PF_INET, packet(tx, 0x45),
					 NULL, 0), -EAFNOSUPPORT);
	KUNIT_EXPECT_EQ(test, output_one(tx, DLIL_PF_INET, packet(tx, 0x45),
					 &near6, 0), -EAFNOSUPPORT);
	KUNIT_EXPECT_EQ(test, output_one(tx, DLIL_PF_INET6, packet(tx, 0x60),
					 NULL, 0), -EAFNOSUPPORT);
	KUNIT_EXPECT_EQ(test, output_one(tx, DLIL_PF_INET6, packet(tx, 0x60),
					 &near, 0), -EAFNOSUPPORT);
	KUNIT_EXPECT_EQ(test, tx->n, 3);
	KUNIT_EXPECT_EQ(test, atomic_read(&tx->live), 0);
}

/* A route through @dev, via a gateway unless @gw is 0; owned by the caller. */
static struct dst_entry *route4(struct tx *tx, struct net_device *dev, __be32 gw)
{
	struct rtable *rt = rt_dst_alloc(dev, 0, RTN_UNICAST, true);

	KUNIT_ASSERT_NOT_NULL(tx->test, rt);
	if (gw) {
		rt->rt_gw_family = AF_INET;
		rt->rt_gw4 = gw;
	}
	return &rt->dst;
}

static struct dst_entry *route6(struct tx *tx, const struct in6_addr *gw)
{
	struct rt6_info *rt = ip6_dst_alloc(dev_net(tx->dev), tx->dev, 0);

	KUNIT_ASSERT_NOT_NULL(tx->test, rt);
	if (gw) {
		rt->rt6i_flags = RTF_GATEWAY;
		rt->rt6i_gateway = *gw;
	}
	return &rt->dst;
}

/* An IPv4 packet to @near with this route, or an IPv6 packet. */
static struct sk_buff *routed(struct tx *tx, struct dst_entry *dst, bool v6)
{
	struct sk_buff *skb = packet(tx, v6 ? 0x60 : 0x45);

	if (v6)
		memcpy(skb->data + 24, &near6.sin6_addr, 16);
	else
		memcpy(skb->data + 16, &near.sin_addr, 4);
	skb_dst_set(skb, dst);
	return skb;
}

/*
 * OUT-11: a packet with a route goes to the next hop of the route, whatever
 * destination the caller gives, unless the route is of another device or
 * family.
 */
static void routed_to_next_hop(struct kunit *test)
{
	static const u8 gateway[ETH_ALEN] = { 2, 'g', 'w', 0, 0, 1 };
	static const u8 elsewhere[ETH_ALEN] = { 2, 'e', 'l', 's', 'e', 1 };
	static const struct in6_addr gw6 = { { { 0xfe, 0x80, [15] = 9 } } };
	static const struct sockaddr_in far = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000063),
	};
	static const struct sockaddr_in6 far6 = {
		.sin6_family = AF_INET6,
		.sin6_addr.s6_addr = { 0xfe, 0x80, [15] = 99 },
	};
	__be32 gw = htonl(0x0a000009);
	struct tx *tx = test->priv;
	struct sk_buff *skb;

	know(tx, &arp_tbl, &near.sin_addr, station, NUD_PERMANENT);
	know(tx, &arp_tbl, &gw, gateway, NUD_PERMANENT);
	know(tx, &arp_tbl, &far.sin_addr, elsewhere, NUD_PERMANENT);
	know(tx, compat_nd_tbl(), &near6.sin6_addr, station, NUD_PERMANENT);
	know(tx, compat_nd_tbl(), &gw6, gateway, NUD_PERMANENT);
	know(tx, compat_nd_tbl(), &far6.sin6_addr, elsewhere, NUD_PERMANENT);

	/* Via the gateway; without one, to the destination of the packet. */
	skb = routed(tx, route4(tx, tx->dev, gw), false);
	KUNIT_EXPECT_EQ(test, output_one(tx, DLIL_PF_INET, skb, &far, 0), 0);
	expect_frame(tx, 0, gateway, ETH_P_IP, 40);
	skb = routed(tx, route4(tx, tx->dev, 0), false);
	KUNIT_EXPECT_EQ(test, output_one(tx, DLIL_PF_INET, skb, &far, 0), 0);
	expect_frame(tx, 1, station, ETH_P_IP, 40);
	skb = routed(tx, route6(tx, &gw6), true);
	KUNIT_EXPECT_EQ(test, output_one(tx, DLIL_PF_INET6, skb, &far6, 0), 0);
	expect_frame(tx, 2, gateway, ETH_P_IPV6, 40);
	skb = routed(tx, route6(tx, NULL), true);
	KUNIT_EXPECT_EQ(test, output_one(tx, DLIL_PF_INET6, skb, &far6, 0), 0);
	expect_frame(tx, 3, station, ETH_P_IPV6, 40);

	/* In this case no destination is needed. */
	skb = routed(tx, route4(tx, tx->dev, gw), false);
	KUNIT_EXPECT_EQ(test, output_one(tx, DLIL_PF_INET, skb, NULL, 0), 0);
	expect_frame(tx, 4, gateway, ETH_P_IP, 40);

	/* A route through another device is ignored. */
	skb = routed(tx, route4(tx, init_net.loopback_dev, gw), false);
	KUNIT_EXPECT_EQ(test, output_one(tx, DLIL_PF_INET, skb, &far, 0), 0);
	expect_frame(tx, 5, elsewhere, ETH_P_IP, 40);
	skb = routed(tx, route6(tx, &gw6), false);
	KUNIT_EXPECT_EQ(test, output_one(tx, DLIL_PF_INET, skb, &far, 0), 0);
	expect_frame(tx, 6, elsewhere, ETH_P_IP, 40);

	/* A packet without a complete header has no destination. */
	skb = routed(tx, route4(tx, tx->dev, 0), false);
	skb_trim(skb, 19);
	KUNIT_EXPECT_EQ(test, output_one(tx, DLIL_PF_INET, skb, &far, 0),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, tx->n, 7);
	KUNIT_EXPECT_EQ(test, atomic_read(&tx->live), 0);
}

/* OUT-11: on a device without link headers a route does for a destination. */
static void routed_on_raw(struct kunit *test)
{
	struct tx *tx = instead(test, ARPHRD_NONE);
	struct sk_buff *skb;

	skb = routed(tx, route4(tx, tx->dev, 0), false);
	KUNIT_EXPECT_EQ(test, output_one(tx, DLIL_PF_INET, skb, NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, tx->n, 1);
	skb = routed(tx, route4(tx, tx->dev, 0), false);
	skb_dst_drop(skb);
	KUNIT_EXPECT_EQ(test, output_one(tx, DLIL_PF_INET, skb, NULL, 0),
			-EAFNOSUPPORT);
	KUNIT_EXPECT_EQ(test, tx->n, 1);
}

/*
 * LNX-6: the kernel keeps a packet for an unresolved neighbour, and sends it
 * later.
 */
static void kept_until_known(struct kunit *test)
{
	struct tx *tx = test->priv;
	struct dlil_account in, out;
	struct dlil_stats stats;
	unsigned int asked;

	know(tx, &arp_tbl, &near.sin_addr, NULL, NUD_NONE);
	add_filters(tx, 0);
	KUNIT_EXPECT_EQ(test, output_one(tx, DLIL_PF_INET, packet(tx, 0x45),
					 &near, 0), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&tx->live), 1);
	dlil_stats_read(tx->ifp, &stats, &in, &out);
	KUNIT_EXPECT_EQ(test, out.stolen, 1);
	/* The kernel sends a neighbour solicitation. */
	asked = tx->n;
	KUNIT_ASSERT_EQ(test, asked, 1);
	KUNIT_EXPECT_EQ(test, tx->sent[0].protocol, ETH_P_ARP);
	tx->calls[0] = 0;
	know(tx, &arp_tbl, &near.sin_addr, station, NUD_REACHABLE);
	KUNIT_ASSERT_EQ(test, tx->n, asked + 1);
	expect_frame(tx, asked, station, ETH_P_IP, 40);
	/* The kernel has sent the packet like any packet of the host. */
	KUNIT_EXPECT_EQ(test, tx->calls[0], 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&tx->live), 0);
}

/* MUL-1 MUL-2: the host's protocols map groups to link addresses. */
static void groups_resolved(struct kunit *test)
{
	static const struct sockaddr_in6 group6 = {
		.sin6_family = AF_INET6,
		.sin6_addr.s6_addr = { 0xff, 2, [12] = 1, 2, 3, 4 },
	};
	struct tx *tx = test->priv;
	struct dlil_ioc_lladdr link;

	KUNIT_EXPECT_EQ(test, dlil_resolve_multi(tx->ifp,
						 (struct sockaddr *)&group4,
						 &link), 0);
	KUNIT_EXPECT_EQ(test, link.len, ETH_ALEN);
	KUNIT_EXPECT_EQ(test, memcmp(link.addr, "\x01\x00\x5e\x01\x82\x83",
				     ETH_ALEN), 0);
	KUNIT_EXPECT_EQ(test, dlil_resolve_multi(tx->ifp,
						 (struct sockaddr *)&group6,
						 &link), 0);
	KUNIT_EXPECT_EQ(test, memcmp(link.addr, "\x33\x33\x01\x02\x03\x04",
				     ETH_ALEN), 0);
	KUNIT_EXPECT_EQ(test, dlil_resolve_multi(tx->ifp,
						 (struct sockaddr *)&near,
						 &link), -EADDRNOTAVAIL);
}

static const u8 first[ETH_ALEN] = { 0x01, 0, 0x5e, 0x12, 0x34, 0x56 };
static const u8 second[ETH_ALEN] = { 0x01, 0, 0x5e, 0x12, 0x34, 0x57 };
static const u8 third[ETH_ALEN] = { 0x01, 0, 0x5e, 0x12, 0x34, 0x58 };

/* Two memberships that have survived a detach. */
static void suspend_two(struct tx *tx)
{
	struct kunit *test = tx->test;

	KUNIT_ASSERT_EQ(test, dlil_multi_join(tx->ifp, first, ETH_ALEN), 0);
	KUNIT_ASSERT_EQ(test, dlil_multi_join(tx->ifp, second, ETH_ALEN), 0);
	KUNIT_EXPECT_TRUE(test, fake_has_group(tx->dev, first));
	tx_detach(tx);
	KUNIT_EXPECT_FALSE(test, fake_has_group(tx->dev, first));
	/* A device that is down sends nothing by itself. */
	rtnl_lock();
	dev_close(tx->dev);
	rtnl_unlock();
	KUNIT_ASSERT_EQ(test, tx_attach(tx), 0);
	KUNIT_EXPECT_EQ(test, dlil_multi_suspended(tx->ifp), 2);
	KUNIT_EXPECT_FALSE(test, fake_has_group(tx->dev, first));
}

static bool restored(struct tx *tx)
{
	return !dlil_multi_suspended(tx->ifp);
}

static void leave_both(struct tx *tx)
{
	struct kunit *test = tx->test;

	KUNIT_EXPECT_TRUE(test, fake_has_group(tx->dev, first));
	KUNIT_EXPECT_TRUE(test, fake_has_group(tx->dev, second));
	KUNIT_EXPECT_EQ(test, dlil_multi_leave(tx->ifp, first, ETH_ALEN), 0);
	KUNIT_EXPECT_EQ(test, dlil_multi_leave(tx->ifp, second, ETH_ALEN), 0);
}

/* IFN-12: the first packet restores memberships, even without filters. */
static void memberships_restored(struct kunit *test)
{
	struct tx *tx = test->priv;

	suspend_two(tx);
	rtnl_lock();
	KUNIT_EXPECT_EQ(test, dev_open(tx->dev, NULL), 0);
	rtnl_unlock();
	dev_queue_xmit(frame(tx, 60, 0x88b6));
	KUNIT_EXPECT_TRUE(test, fake_wait_for(restored(tx)));
	leave_both(tx);
	KUNIT_EXPECT_FALSE(test, fake_has_group(tx->dev, first));
	KUNIT_EXPECT_FALSE(test, fake_has_group(tx->dev, second));
}

/*
 * IFN-12 LNX-10: groups that a user or a module has joined meanwhile cause no
 * error.
 */
static void membership_joined_since(struct kunit *test)
{
	struct dlil_ioc_lladdr group = { .len = ETH_ALEN };
	struct tx *tx = test->priv;
	struct sk_buff *skb;

	memcpy(group.addr, first, ETH_ALEN);
	suspend_two(tx);
	KUNIT_EXPECT_EQ(test, dlil_ioctl(tx->ifp, 0, DLIL_IOC_ADDMULTI, &group),
			0);
	KUNIT_EXPECT_EQ(test, dlil_multi_join(tx->ifp, third, ETH_ALEN), 0);
	rtnl_lock();
	KUNIT_EXPECT_EQ(test, dev_open(tx->dev, NULL), 0);
	rtnl_unlock();
	/* The same with a received packet. */
	skb = frame(tx, 60, 0x88b6);
	skb->protocol = eth_type_trans(skb, tx->dev);
	local_bh_disable();
	netif_receive_skb(skb);
	local_bh_enable();
	KUNIT_EXPECT_TRUE(test, fake_wait_for(restored(tx)));
	leave_both(tx);
	KUNIT_EXPECT_EQ(test, dlil_multi_leave(tx->ifp, third, ETH_ALEN), 0);
	KUNIT_EXPECT_FALSE(test, fake_has_group(tx->dev, third));
	/* The group of the user is not left. */
	KUNIT_EXPECT_TRUE(test, fake_has_group(tx->dev, first));
	KUNIT_EXPECT_EQ(test, dlil_ioctl(tx->ifp, 0, DLIL_IOC_DELMULTI, &group),
			0);
	KUNIT_EXPECT_FALSE(test, fake_has_group(tx->dev, first));
}

/* LNX-10: errors for an address that is not a group, or not of this link. */
static void no_groups(struct kunit *test)
{
	struct dlil_ioc_lladdr addr = { .len = ETH_ALEN };
	struct dlil_ioc_flags flags = {};
	struct tx *tx = test->priv;
	u32 mtu = 0x80000000;

	memcpy(addr.addr, station, ETH_ALEN);
	KUNIT_EXPECT_EQ(test, dlil_ioctl(tx->ifp, 0, DLIL_IOC_ADDMULTI, &addr),
			-EINVAL);
	memcpy(addr.addr, first, ETH_ALEN);
	addr.len = ETH_ALEN - 1;
	KUNIT_EXPECT_EQ(test, dlil_ioctl(tx->ifp, 0, DLIL_IOC_ADDMULTI, &addr),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_ioctl(tx->ifp, 0, DLIL_IOC_SIFLLADDR, &addr),
			-EINVAL);
	addr.len = ETH_ALEN;
	KUNIT_EXPECT_EQ(test, dlil_ioctl(tx->ifp, 0, DLIL_IOC_DELMULTI, &addr),
			-ENOENT);
	KUNIT_EXPECT_EQ(test, dlil_ioctl(tx->ifp, 0, DLIL_IOC_SIFFLAGS, &flags),
			-EINVAL);
	flags.mask = IFF_LOOPBACK;
	KUNIT_EXPECT_EQ(test, dlil_ioctl(tx->ifp, 0, DLIL_IOC_SIFFLAGS, &flags),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_ioctl(tx->ifp, 0, DLIL_IOC_SIFMTU, &mtu),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, tx->dev->mtu, ETH_DATA_LEN);
}

/* LNX-10: a request does not remove promiscuity that others have requested. */
static void promiscuity_of_others(struct kunit *test)
{
	struct dlil_ioc_flags want = { .flags = 0, .mask = IFF_NOARP };
	struct tx *tx = test->priv;
	struct net_device *dev = tx->dev;

	rtnl_lock();
	KUNIT_ASSERT_EQ(test, dev_set_promiscuity(dev, 1), 0);
	rtnl_unlock();
	KUNIT_EXPECT_EQ(test, dlil_ioctl(tx->ifp, 0, DLIL_IOC_SIFFLAGS, &want),
			0);
	KUNIT_EXPECT_EQ(test, dev->promiscuity, 1);
	want.mask = IFF_PROMISC;
	want.flags = IFF_PROMISC;
	KUNIT_EXPECT_EQ(test, dlil_ioctl(tx->ifp, 0, DLIL_IOC_SIFFLAGS, &want),
			0);
	KUNIT_EXPECT_EQ(test, dev->promiscuity, 2);
	want.mask = IFF_NOARP;
	want.flags = 0;
	KUNIT_EXPECT_EQ(test, dlil_ioctl(tx->ifp, 0, DLIL_IOC_SIFFLAGS, &want),
			0);
	KUNIT_EXPECT_EQ(test, dev->promiscuity, 2);
	want.mask = IFF_PROMISC;
	KUNIT_EXPECT_EQ(test, dlil_ioctl(tx->ifp, 0, DLIL_IOC_SIFFLAGS, &want),
			0);
	KUNIT_EXPECT_EQ(test, dev->promiscuity, 1);
	rtnl_lock();
	dev_set_promiscuity(dev, -1);
	rtnl_unlock();
}

static int raw_headers[4];

static int see_raw(void *cookie, struct dlil_ifnet *ifp, u32 family,
		   struct sk_buff **skb)
{
	raw_headers[0]++;
	raw_headers[1] = skb_mac_offset(*skb);
	raw_headers[2] = family;
	return 0;
}

static void tap_raw(void *cookie, struct dlil_ifnet *ifp,
		    enum dlil_tap_mode way, const struct sk_buff *skb)
{
	raw_headers[3] = skb_mac_offset(skb) ?: skb->data[0];
}

/*
 * LNX-9: on a raw device, filters and taps see packets from the IP header on,
 * whatever the driver has stripped.
 */
static void raw_received(struct kunit *test)
{
	static const struct dlil_filter_ops ops = { .input = see_raw };
	static const struct dlil_tap tap = { .packet = tap_raw };
	const struct dlil_filter_params params = { .ops = &ops, .name = "r" };
	struct tx *tx = instead(test, ARPHRD_NONE);
	struct sk_buff *skb;
	dlil_filter_t ref;
	int i;

	KUNIT_ASSERT_EQ(test, dlil_filter_attach(tx->ifp, &params, &ref), 0);
	for (i = 1; i <= 2; i++) {
		memset(&raw_headers[1], 0xff, sizeof(int) * 3);
		raw_headers[0] = 0;
		skb = packet(tx, 0x45);
		skb->destructor = NULL;
		atomic_dec(&tx->live);
		skb_set_mac_header(skb, -20);
		skb->dev = tx->dev;
		skb->protocol = htons(ETH_P_IP);
		skb_reset_network_header(skb);
		local_bh_disable();
		netif_receive_skb(skb);
		local_bh_enable();
		dlil_input_flush(tx->ifp);
		KUNIT_EXPECT_EQ(test, raw_headers[0], 1);
		KUNIT_EXPECT_EQ(test, raw_headers[1], 0);
		KUNIT_EXPECT_EQ(test, raw_headers[2], DLIL_PF_INET);
		KUNIT_EXPECT_EQ(test, raw_headers[3], i == 1 ? -1 : 0x45);
		KUNIT_EXPECT_EQ(test, dlil_set_tap(tx->ifp, DLIL_TAP_INPUT,
						   &tap), 0);
	}
	KUNIT_EXPECT_EQ(test, dlil_set_tap(tx->ifp, DLIL_TAP_OFF, &tap), 0);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(ref), 0);
}

/*
 * LNX-9 LNX-4: the IP version decides the family of a raw packet; on PPP its
 * type.
 */
static void raw_sent(struct kunit *test)
{
	static const unsigned short types[] = { ARPHRD_NONE, ARPHRD_PPP };
	struct sk_buff *skb;
	struct tx *tx;
	int i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		tx = instead(test, types[i]);
		/* No neighbour is looked up, and no header is built. */
		KUNIT_EXPECT_EQ(test, output_one(tx, DLIL_PF_INET,
						 packet(tx, 0x45), &near, 0),
				0);
		KUNIT_ASSERT_EQ(test, tx->n, 1);
		KUNIT_EXPECT_EQ(test, tx->sent[0].len, 40);
		KUNIT_EXPECT_EQ(test, tx->sent[0].protocol, ETH_P_IP);
		skb = packet(tx, 0x60);
		KUNIT_EXPECT_EQ(test, output_one(tx, 0, skb, NULL,
						 DLIL_OUTPUT_RAW), 0);
		KUNIT_EXPECT_EQ(test, tx->sent[1].protocol, ETH_P_IPV6);
		KUNIT_EXPECT_EQ(test, tx->sent[1].network, 0);
		KUNIT_EXPECT_EQ(test, output_one(tx, DLIL_PF_INET6,
						 packet(tx, 0x60), &near, 0),
				-EAFNOSUPPORT);

		KUNIT_ASSERT_EQ(test, dlil_proto_detach(tx->ifp, DLIL_PF_INET),
				0);
		skb = packet(tx, 0x45);
		skb->dev = tx->dev;
		skb->protocol = htons(ETH_P_IPV6);
		skb_reset_mac_header(skb);
		skb_reset_network_header(skb);
		KUNIT_EXPECT_EQ(test, dev_queue_xmit(skb),
				types[i] == ARPHRD_PPP ? 0 : NET_XMIT_DROP);
		KUNIT_EXPECT_EQ(test, atomic_read(&tx->live), 0);
	}
}

/* LNX-13: if the device cannot insert tags, they are in the data. */
static void tags_of_device(struct kunit *test)
{
	struct tx *tx = test->priv;
	struct sk_buff *skb = frame(tx, 60, 0x88b6);
	const struct dlil_driver_ops *ops = dlil_ifnet_driver(tx->ifp);

	make_tagged(skb);
	skb->dev = NULL;
	KUNIT_EXPECT_FALSE(test, ops->tag_in_data(tx->ifp, skb));
	skb->vlan_proto = htons(ETH_P_8021AD);
	KUNIT_EXPECT_TRUE(test, ops->tag_in_data(tx->ifp, skb));
	KUNIT_EXPECT_NULL(test, skb->dev);
	kfree_skb(skb);
}

static struct kunit_case tx_cases[] = {
	KUNIT_CASE_PARAM(filters_out, out_gen_params),
	KUNIT_CASE(counts_groups),
	KUNIT_CASE(tag_stays),
	KUNIT_CASE_PARAM(gso_in_segments, gso_gen_params),
	KUNIT_CASE_PARAM(gso_as_sent, gso_gen_params),
	KUNIT_CASE_PARAM(gso_whole, gso_gen_params),
	KUNIT_CASE(raw_without_type),
	KUNIT_CASE(raw_gso_without_type),
	KUNIT_CASE(refused_by_stack),
	KUNIT_CASE(framed_for_neighbour),
	KUNIT_CASE(routed_to_next_hop),
	KUNIT_CASE(routed_on_raw),
	KUNIT_CASE(kept_until_known),
	KUNIT_CASE(groups_resolved),
	KUNIT_CASE(memberships_restored),
	KUNIT_CASE(membership_joined_since),
	KUNIT_CASE(no_groups),
	KUNIT_CASE(promiscuity_of_others),
	KUNIT_CASE(raw_received),
	KUNIT_CASE(raw_sent),
	KUNIT_CASE(tags_of_device),
	{}
};

static struct kunit_suite tx_suite = {
	.name = "dlil_netdev_tx",
	.init = tx_init,
	.exit = tx_exit,
	.test_cases = tx_cases,
};

kunit_test_suite(tx_suite);
