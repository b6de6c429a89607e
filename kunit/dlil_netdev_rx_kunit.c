// SPDX-License-Identifier: GPL-2.0
/*
 * Packets of a wrapped network device: received by netif_receive_skb(), sent by
 * dev_queue_xmit().  Checked in a filter, in a packet_type handler like those
 * of the host's protocols, and in the transmit function of the device.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/kthread.h>
#include <linux/net.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/wait.h>
#include <net/dst_metadata.h>
#include <net/inet_hashtables.h>
#include <net/netlink.h>
#include <net/sock.h>

#include "../dlil_ifnet.h"
#include "../dlil_kind.h"
#include "../dlil_netdev.h"
#include "../dlil_party.h"
#include "../dlil_proto.h"
#include "compat.h"
#include "fake.h"

#define MAX_SEEN	16

/**
 * struct seen - a packet that the host got
 * @skb: the packet, which was freed; compare only
 * @marked: it had the mark of a redirected packet
 * @tagged: it had a VLAN tag
 * @pkt_type: PACKET_*
 * @protocol: skb->protocol
 * @len: length
 * @ip_summed: state of the checksum
 * @csum: the checksum
 * @dst: its route
 */
struct seen {
	const struct sk_buff *skb;
	bool marked;
	bool tagged;
	u8 pkt_type;
	__be16 protocol;
	unsigned int len;
	u8 ip_summed;
	__wsum csum;
	const struct dst_entry *dst;
};

/**
 * struct rx - a wrapped device and its packets
 * @test: the test
 * @dev: the device
 * @ifp: its ifnet, referenced
 * @filter: a filter on it, or 0
 * @edit: edits each packet in the filter, or NULL
 * @look: inspects each packet in the filter, or NULL
 * @keeps: the filter keeps the packet, and passes a clone on
 * @kept: that packet
 * @verdict: verdict of the filter
 * @filtered: the last packet that the filter saw
 * @calls: number of packets that the filter saw
 * @sk: socket of that packet
 * @tci: VLAN tag of that packet, or -1
 * @family: protocol family of that packet
 * @blocked: completed when the filter waits for @go
 * @go: releases the filter
 * @blocks: the filter waits
 * @host: handlers of the host, one for each of host_types
 * @n: number of packets that the host got
 * @seen: the first of them
 * @arrived: woken for each of them
 * @sent: number of unicast packets that the device got to send
 */
struct rx {
	struct kunit *test;
	struct net_device *dev;
	struct dlil_ifnet *ifp;
	dlil_filter_t filter;
	void (*edit)(struct sk_buff *skb);
	void (*look)(struct rx *rx, const struct sk_buff *skb);
	bool keeps;
	struct sk_buff *kept;
	int verdict;
	const struct sk_buff *filtered;
	unsigned int calls;
	const struct sock *sk;
	int tci;
	u32 family;
	struct completion blocked;
	struct completion go;
	bool blocks;
	struct packet_type host[4];
	unsigned int n;
	struct seen seen[MAX_SEEN];
	wait_queue_head_t arrived;
	atomic_t sent;
};

static struct rx *rx_now;

static netdev_tx_t rx_xmit(struct sk_buff *skb, struct net_device *dev)
{
	/* IPv6 may send multicast at any time on a device that is up. */
	if (!is_multicast_ether_addr(skb->data))
		atomic_inc(&rx_now->sent);
	consume_skb(skb);
	return NETDEV_TX_OK;
}

static const struct net_device_ops rx_netdev_ops = {
	.ndo_start_xmit = rx_xmit,
	.ndo_set_mac_address = eth_mac_addr,
};

static int host_rcv(struct sk_buff *skb, struct net_device *dev,
		    struct packet_type *pt, struct net_device *orig_dev)
{
	struct rx *rx = pt->af_packet_priv;

	if (rx->n < MAX_SEEN)
		rx->seen[rx->n] = (struct seen){
			.skb = skb,
			.marked = skb_is_redirected(skb),
			.tagged = skb_vlan_tag_present(skb),
			.pkt_type = skb->pkt_type,
			.protocol = skb->protocol,
			.len = skb->len,
			.ip_summed = skb->ip_summed,
			.csum = skb->csum,
			.dst = skb_dst(skb),
		};
	/* Pairs with the acquire in wait_host(). */
	smp_store_release(&rx->n, rx->n + 1);
	wake_up(&rx->arrived);
	kfree_skb(skb);
	return NET_RX_SUCCESS;
}

/* An unused EtherType, and frames without an EtherType. */
static const u16 host_types[] = { 0x88b6, ETH_P_802_2, ETH_P_802_3, ETH_P_8021Q };

static void host_listen(struct rx *rx)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(rx->host); i++) {
		rx->host[i] = (struct packet_type){
			.type = htons(host_types[i]),
			.dev = rx->dev,
			.func = host_rcv,
			.af_packet_priv = rx,
		};
		dev_add_pack(&rx->host[i]);
	}
}

static void host_stop(struct rx *rx)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(rx->host); i++)
		if (rx->host[i].dev)
			dev_remove_pack(&rx->host[i]);
	memset(rx->host, 0, sizeof(rx->host));
}

static void wait_host(struct rx *rx, unsigned int n)
{
	/* Pairs with the release in host_rcv(). */
	wait_event_timeout(rx->arrived, smp_load_acquire(&rx->n) >= n, FAKE_DEADLINE);
	KUNIT_EXPECT_EQ(rx->test, rx->n, n);
}

/* Wait until all received packets have been processed. */
static void settle(struct rx *rx)
{
	dlil_input_flush(rx->ifp);
}

static int filter_input(void *cookie, struct dlil_ifnet *ifp, u32 family,
			struct sk_buff **skb)
{
	struct rx *rx = cookie;

	rx->filtered = *skb;
	rx->sk = (*skb)->sk;
	rx->calls++;
	if (rx->look)
		rx->look(rx, *skb);
	rx->tci = skb_vlan_tag_present(*skb) ? skb_vlan_tag_get(*skb) : -1;
	rx->family = family;
	if (rx->edit)
		rx->edit(*skb);
	if (READ_ONCE(rx->blocks)) {
		complete(&rx->blocked);
		wait_for_completion(&rx->go);
	}
	if (rx->keeps) {
		rx->kept = *skb;
		*skb = skb_clone(rx->kept, GFP_KERNEL);
	}
	if (rx->verdict == DLIL_STOLEN)
		kfree_skb(*skb);
	return rx->verdict;
}

static const struct dlil_filter_ops filter_ops = {
	.input = filter_input,
};

static void add_filter(struct rx *rx)
{
	const struct dlil_filter_params params = {
		.ops = &filter_ops,
		.name = "looks",
		.cookie = rx,
	};

	KUNIT_ASSERT_EQ(rx->test,
			dlil_filter_attach(rx->ifp, &params, &rx->filter), 0);
}

static void wait_blocked(struct rx *rx)
{
	KUNIT_ASSERT_NE(rx->test, wait_for_completion_timeout(&rx->blocked, FAKE_DEADLINE), 0);
}

static void unblock(struct rx *rx)
{
	WRITE_ONCE(rx->blocks, false);
	complete_all(&rx->go);
}

/* The previous ifnet may not have ended yet. */
static int rx_attach(struct rx *rx)
{
	struct dlil_ifnet *going;
	int err;

	for (;;) {
		err = fake_wrap(rx->dev, NULL, &going);
		if (err != -EAGAIN)
			return err;
		err = dlil_ifnet_wait_death(going, FAKE_DEADLINE) > 0 ? 0 : -EBUSY;
		dlil_ifnet_put(going);
		if (err)
			return err;
	}
}

static int rx_init(struct kunit *test)
{
	u8 addr[ETH_ALEN];
	struct rx *rx;

	rx = kunit_kzalloc(test, sizeof(*rx), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, rx);
	rx->test = test;
	init_completion(&rx->blocked);
	init_completion(&rx->go);
	init_waitqueue_head(&rx->arrived);
	rx_now = rx;
	rx->dev = alloc_netdev(0, "dlilr%d", NET_NAME_UNKNOWN, ether_setup);
	KUNIT_ASSERT_NOT_NULL(test, rx->dev);
	rx->dev->netdev_ops = &rx_netdev_ops;
	rx->dev->priv_flags |= IFF_NO_QUEUE;
	rx->dev->hw_features |= NETIF_F_LRO;
	rx->dev->features |= NETIF_F_LRO;
	/* The previous ifnet, whose id is the address, may not have ended yet. */
	eth_random_addr(addr);
	eth_hw_addr_set(rx->dev, addr);
	KUNIT_ASSERT_EQ(test, register_netdev(rx->dev), 0);
	rtnl_lock();
	KUNIT_EXPECT_EQ(test, dev_open(rx->dev, NULL), 0);
	rtnl_unlock();
	KUNIT_ASSERT_EQ(test, rx_attach(rx), 0);
	rx->ifp = dlil_ifnet_by_index(&init_net, rx->dev->ifindex);
	KUNIT_ASSERT_NOT_NULL(test, rx->ifp);
	host_listen(rx);
	test->priv = rx;
	return 0;
}

static void rx_exit(struct kunit *test)
{
	struct rx *rx = test->priv;

	if (!rx)
		return;
	unblock(rx);
	host_stop(rx);
	if (rx->dev) {
		unregister_netdev(rx->dev);
		free_netdev(rx->dev);
	}
	dlil_ifnet_put(rx->ifp);
}

/* A frame to the device, with @data behind the addresses, followed by zeros. */
static struct sk_buff *frame(struct rx *rx, const u8 *data, unsigned int n,
			     unsigned int len)
{
	struct sk_buff *skb = alloc_skb(NET_SKB_PAD + 64 + len, GFP_KERNEL);
	u8 *to;

	KUNIT_ASSERT_NOT_NULL(rx->test, skb);
	skb_reserve(skb, NET_SKB_PAD + 64);
	to = skb_put_zero(skb, len);
	ether_addr_copy(to, rx->dev->dev_addr);
	ether_addr_copy(to + ETH_ALEN, rx->dev->dev_addr);
	to[2 * ETH_ALEN - 1]++;
	memcpy(to + 2 * ETH_ALEN, data, n);
	return skb;
}

static const u8 plain[] = { 0x88, 0xb6 };
static const u8 ipv4[] = { 0x08, 0x00, 0x45 };

/* Receive a packet as a driver does. */
static void receive(struct rx *rx, struct sk_buff *skb)
{
	skb->protocol = eth_type_trans(skb, rx->dev);
	local_bh_disable();
	netif_receive_skb(skb);
	local_bh_enable();
}

/* LNX-2 LNX-3 LNX-15: the host gets a packet once, unchanged and without a mark. */
static void passes_once(struct kunit *test)
{
	struct rx *rx = test->priv;

	add_filter(rx);
	receive(rx, frame(rx, plain, sizeof(plain), 60));
	wait_host(rx, 1);
	settle(rx);
	KUNIT_EXPECT_EQ(test, rx->n, 1);
	KUNIT_EXPECT_PTR_EQ(test, rx->seen[0].skb, rx->filtered);
	KUNIT_EXPECT_FALSE(test, rx->seen[0].marked);
	KUNIT_EXPECT_EQ(test, rx->seen[0].pkt_type, PACKET_HOST);
	KUNIT_EXPECT_EQ(test, rx->seen[0].len, 46);
}

/* LNX-3: a shared skb is not queued as it is. */
static void shared_packet(struct kunit *test)
{
	struct rx *rx = test->priv;
	struct sk_buff *skb = frame(rx, plain, sizeof(plain), 60);

	add_filter(rx);
	skb_get(skb);
	receive(rx, skb);
	wait_host(rx, 1);
	KUNIT_EXPECT_PTR_NE(test, rx->filtered, (const struct sk_buff *)skb);
	KUNIT_EXPECT_FALSE(test, skb_is_redirected(skb));
	KUNIT_EXPECT_NULL(test, skb->prev);
	KUNIT_EXPECT_EQ(test, refcount_read(&skb->users), 1);
	kfree_skb(skb);
}

/* LNX-3: a packet looped back by the stack, which has a route, bypasses DLIL. */
static void looped_back(struct kunit *test)
{
	struct rx *rx = test->priv;
	struct sk_buff *skb = frame(rx, plain, sizeof(plain), 60);
	struct metadata_dst *dst;

	dst = metadata_dst_alloc(0, METADATA_HW_PORT_MUX, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, dst);
	add_filter(rx);
	skb->protocol = eth_type_trans(skb, rx->dev);
	skb->pkt_type = PACKET_LOOPBACK;
	skb_dst_set(skb, &dst->dst);
	local_bh_disable();
	netif_receive_skb(skb);
	local_bh_enable();
	wait_host(rx, 1);
	settle(rx);
	KUNIT_EXPECT_NULL(test, rx->filtered);
	KUNIT_EXPECT_EQ(test, rx->seen[0].pkt_type, PACKET_LOOPBACK);
}

static unsigned int released;

static void release_sock_of(struct sk_buff *skb)
{
	released++;
}

/* A frame with a socket, whose destructor is counted. */
static struct sk_buff *frame_of_sock(struct rx *rx)
{
	struct sock *sk = kunit_kzalloc(rx->test, sizeof(*sk), GFP_KERNEL);
	struct sk_buff *skb = frame(rx, plain, sizeof(plain), 60);

	KUNIT_ASSERT_NOT_NULL(rx->test, sk);
	released = 0;
	skb->sk = sk;
	skb->destructor = release_sock_of;
	return skb;
}

/* LNX-15: the sender's socket is released before a filter sleeps on its packet. */
static void lets_go_of_socket(struct kunit *test)
{
	struct rx *rx = test->priv;
	struct sk_buff *skb = frame_of_sock(rx);

	rx->blocks = true;
	add_filter(rx);
	receive(rx, skb);
	wait_blocked(rx);
	KUNIT_EXPECT_EQ(test, released, 1);
	KUNIT_EXPECT_NULL(test, rx->sk);
	unblock(rx);
	wait_host(rx, 1);
	KUNIT_EXPECT_EQ(test, released, 1);
}

/*
 * LNX-13 LNX-15: the same for a filter that keeps packets of the host: they lose their
 * socket unless it says otherwise, their route and their device; but not the key of a
 * tunnel, which the kernel has in place of a route.
 */
static void keep_lets_go(struct kunit *test)
{
	struct metadata_dst *key = metadata_dst_alloc(0, METADATA_IP_TUNNEL, GFP_KERNEL);
	struct rx *rx = test->priv;
	struct sk_buff *skb = frame_of_sock(rx);
	static struct dst_entry route;

	KUNIT_ASSERT_NOT_NULL(test, key);
	rcu_read_lock();
	skb_dst_set_noref(skb, &route);
	dlil_packet_keep_owned(skb);
	KUNIT_EXPECT_NULL(test, skb_dst(skb));
	KUNIT_EXPECT_NULL(test, skb->dev);
	KUNIT_EXPECT_EQ(test, released, 0);
	skb_dst_set(skb, &key->dst);
	dlil_packet_keep(skb);
	KUNIT_EXPECT_PTR_EQ(test, skb_dst(skb), &key->dst);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, released, 1);
	KUNIT_EXPECT_NULL(test, skb->sk);
	kfree_skb(skb);
}

static int detach(struct rx *rx, struct dlil_ifnet **going)
{
	int err;

	rtnl_lock();
	err = dlil_netdev_detach(rx->dev, NULL, going);
	rtnl_unlock();
	return err;
}

/*
 * LNX-15 LNX-8: packets processed after the device was unhooked reach the host
 * without a mark, since nobody could remove it.
 */
static void unmarked_at_detach(struct kunit *test)
{
	struct rx *rx = test->priv;
	struct dlil_ifnet *going;
	unsigned int i;

	rx->blocks = true;
	add_filter(rx);
	for (i = 0; i < 12; i++)
		receive(rx, frame(rx, plain, sizeof(plain), 60));
	wait_blocked(rx);
	KUNIT_ASSERT_EQ(test, detach(rx, &going), 0);
	/* A packet received now bypasses DLIL. */
	receive(rx, frame(rx, plain, sizeof(plain), 60));
	KUNIT_EXPECT_EQ(test, rx->n, 1);
	unblock(rx);
	wait_host(rx, 13);
	KUNIT_EXPECT_GT(test, dlil_ifnet_wait_death(going, 10 * HZ), 0L);
	dlil_ifnet_put(going);
	KUNIT_EXPECT_EQ(test, rx->n, 13);
	for (i = 0; i < 13; i++)
		KUNIT_EXPECT_FALSE(test, rx->seen[i].marked);
}

static void put_tag_beside(struct sk_buff *skb)
{
	__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q), 5);
}

static void put_tag_in_frame(struct sk_buff *skb)
{
	u8 *to = skb_push(skb, VLAN_HLEN);

	/* Insert a tag behind the addresses, whose type becomes the EtherType. */
	memcpy(to, "\x00\x05\x88\xb6", VLAN_HLEN);
	memmove(skb_mac_header(skb) - VLAN_HLEN, skb_mac_header(skb), ETH_HLEN);
	skb->mac_header -= VLAN_HLEN;
	eth_hdr(skb)->h_proto = htons(ETH_P_8021Q);
	skb->protocol = htons(ETH_P_8021Q);
}

static void put_priority_tag(struct sk_buff *skb)
{
	__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q), 0xe000);
}

static void put_two_tags(struct sk_buff *skb)
{
	put_tag_in_frame(skb);
	__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021AD), 7);
}

/**
 * struct tag_case - a VLAN tag that a filter adds
 * @name: name of the case
 * @edit: adds the tag
 * @pkt_type: expected skb->pkt_type at the host
 * @protocol: expected skb->protocol at the host
 */
struct tag_case {
	const char *name;
	void (*edit)(struct sk_buff *skb);
	u8 pkt_type;
	u16 protocol;
};

static const struct tag_case tag_cases[] = {
	{ "beside", put_tag_beside, PACKET_OTHERHOST, 0x88b6 },
	{ "in the frame", put_tag_in_frame, PACKET_OTHERHOST, 0x88b6 },
	{ "of priority alone", put_priority_tag, PACKET_HOST, 0x88b6 },
	{ "two", put_two_tags, PACKET_OTHERHOST, ETH_P_8021Q },
};

static void tag_desc(const struct tag_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(tag, tag_cases, tag_desc);

/* LNX-15 LNX-2: the host gets a tagged packet for which there is no VLAN device. */
static void tagged_by_filter(struct kunit *test)
{
	const struct tag_case *c = test->param_value;
	struct rx *rx = test->priv;

	rx->edit = c->edit;
	add_filter(rx);
	receive(rx, frame(rx, plain, sizeof(plain), 60));
	receive(rx, frame(rx, plain, sizeof(plain), 60));
	wait_host(rx, 2);
	KUNIT_EXPECT_FALSE(test, rx->seen[1].marked);
	KUNIT_EXPECT_FALSE(test, rx->seen[1].tagged);
	KUNIT_EXPECT_EQ(test, rx->seen[1].pkt_type, c->pkt_type);
	KUNIT_EXPECT_EQ(test, ntohs(rx->seen[1].protocol), c->protocol);
}

/**
 * struct priority_case - a received frame, usually with a priority tag
 * @name: name of the case
 * @data: the frame behind its addresses
 * @n: length of @data
 * @tci: the tag that a filter sees beside the data, -1 for none
 * @family: protocol family that the filter gets
 * @protocol: skb->protocol that the host sees; 0 if it is not checked
 * @pkt_type: skb->pkt_type that the host sees
 * @len: number of bytes that the host gets of 64
 * @short_len: length of a malformed frame, or 0
 */
struct priority_case {
	const char *name;
	u8 data[20];
	unsigned int n;
	int tci;
	u32 family;
	u16 protocol;
	u8 pkt_type;
	unsigned int len;
	unsigned int short_len;
};

static const struct priority_case priority_cases[] = {
	{ "no tag", { 0x88, 0xb6 }, 2, -1, 0, 0x88b6, PACKET_HOST, 50 },
	{ "a VLAN", { 0x81, 0, 0x20, 5, 0x88, 0xb6 }, 6, 0x2005, DLIL_PF_VLAN,
	  0x88b6, PACKET_OTHERHOST, 46 },
	{ "a VLAN in front", { 0x81, 0, 0x20, 5, 0x81, 0, 0x20, 0, 0x88, 0xb6 },
	  10, 0x2005, DLIL_PF_VLAN, ETH_P_8021Q, PACKET_OTHERHOST, 46 },
	{ "a type of nobody", { 0x81, 0, 0xe0, 0, 0x88, 0xb6 }, 6, 0xe000, 0,
	  0x88b6, PACKET_HOST, 46 },
	{ "IPv4", { 0x81, 0, 0x20, 0, 0x08, 0x00, 0x45 }, 7, 0x2000,
	  DLIL_PF_INET },
	{ "802.3", { 0x81, 0, 0xe0, 0, 0x00, 0x26, 0x42, 0x42, 0x03 }, 9, 0xe000,
	  0, ETH_P_802_2, PACKET_HOST, 46 },
	{ "two of them", { 0x81, 0, 0xe0, 0, 0x81, 0, 0x20, 0, 0x88, 0xb6 }, 10,
	  0xe000, 0, 0x88b6, PACKET_HOST, 42 },
	{ "three, of both types", { 0x88, 0xa8, 0, 0, 0x81, 0, 0x20, 0, 0x88, 0xa8,
	  0, 0, 0x88, 0xb6 }, 14, 0, 0, 0x88b6, PACKET_HOST, 38 },
	{ "IPv4 behind two", { 0x81, 0, 0xe0, 0, 0x81, 0, 0x20, 0, 0x08, 0, 0x45 },
	  11, 0xe000, DLIL_PF_INET },
	{ "802.3 behind two", { 0x81, 0, 0xe0, 0, 0x81, 0, 0, 0, 0x00, 0x22, 0x42,
	  0x42, 0x03 }, 13, 0xe000, 0, ETH_P_802_2, PACKET_HOST, 42 },
	{ "a VLAN behind it", { 0x81, 0, 0xe0, 0, 0x81, 0, 0, 5, 0x88, 0xb6 },
	  10, 0xe000, DLIL_PF_VLAN, 0x88b6, PACKET_OTHERHOST, 42 },
	{ "a VLAN and a tag in it", { 0x88, 0xa8, 0xe0, 0, 0x81, 0, 0, 5, 0x81, 0,
	  0, 6 }, 12, 0xe000, DLIL_PF_VLAN, ETH_P_8021Q, PACKET_OTHERHOST, 42 },
	{ "half a tag behind it", { 0x81, 0, 0xe0, 0, 0x81, 0, 0x20, 0 }, 8,
	  0xe000, 0, .short_len = 20 },
	{ "a tag, a type and an end", { 0x81, 0, 0xe0, 0, 0x81, 0, 0x20, 0, 0x88,
	  0xb6 }, 10, 0xe000, 0, .short_len = 22 },
	{ "a tag and no type", { 0x81, 0, 0xe0, 0, 0x81, 0, 0x20, 0 }, 8,
	  0xe000, 0, .short_len = 22 },
};

static void priority_desc(const struct priority_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(priority, priority_cases, priority_desc);

static void expect_priority(struct rx *rx, const struct priority_case *c,
			    unsigned int i)
{
	struct kunit *test = rx->test;
	struct dlil_account in, out;
	struct dlil_stats stats;

	receive(rx, frame(rx, c->data, c->n, c->short_len ?: 64));
	settle(rx);
	dlil_stats_read(rx->ifp, &stats, &in, &out);
	KUNIT_EXPECT_EQ(test, in.seen, i + 1);
	KUNIT_EXPECT_EQ(test, in.drops[DLIL_DROP_DEMUX],
			c->short_len ? i + 1 : 0);
	KUNIT_EXPECT_EQ(test, in.drops[DLIL_DROP_NOMEM], 0);
	KUNIT_EXPECT_EQ(test, in.delivered, c->family ? i + 1 : 0);
	KUNIT_EXPECT_EQ(test, in.passed,
			c->family || c->short_len ? 0 : i + 1);
	if (!c->protocol)
		return;
	wait_host(rx, i + 1);
	KUNIT_EXPECT_EQ(test, ntohs(rx->seen[i].protocol), c->protocol);
	KUNIT_EXPECT_FALSE(test, rx->seen[i].tagged);
	KUNIT_EXPECT_FALSE(test, rx->seen[i].marked);
	KUNIT_EXPECT_EQ(test, rx->seen[i].pkt_type, c->pkt_type);
	KUNIT_EXPECT_EQ(test, rx->seen[i].len, c->len);
}

/*
 * FLT-18 FLT-4 LNX-3 LNX-4: filters see priority tags, as tcpdump does, but the
 * host does not.  The type behind the tags decides the family.
 */
static void priority_tags(struct kunit *test)
{
	const struct priority_case *c = test->param_value;
	struct rx *rx = test->priv;

	expect_priority(rx, c, 0);
	add_filter(rx);
	rx->tci = -2;
	expect_priority(rx, c, 1);
	KUNIT_EXPECT_EQ(test, rx->tci, c->tci);
	KUNIT_EXPECT_EQ(test, rx->family, c->family);
}

/**
 * struct proto_saw - a packet that a protocol got
 * @protocol: skb->protocol
 * @tci: VLAN tag, or -1
 * @len: length
 * @n: number of packets so far
 */
struct proto_saw {
	u16 protocol;
	int tci;
	unsigned int len;
	unsigned int n;
};

static int proto_look(void *cookie, struct dlil_ifnet *ifp, u32 family,
		      struct sk_buff *skb)
{
	struct proto_saw *saw = cookie;

	saw->protocol = ntohs(skb->protocol);
	saw->tci = skb_vlan_tag_present(skb) ? skb_vlan_tag_get(skb) : -1;
	saw->len = skb->len;
	saw->n++;
	consume_skb(skb);
	return 0;
}

static const struct dlil_proto_ops proto_looks = {
	.owner = THIS_MODULE,
	.input = proto_look,
};

/* FLT-18 LNX-4: no protocol gets a priority tag, with or without filters. */
static void priority_to_proto(struct kunit *test)
{
	static const u8 data[] = { 0x88, 0xa8, 0, 0, 0x81, 0, 0x20, 0, 0x88, 0xb6 };
	static const struct dlil_demux_desc desc = {
		.kind = DLIL_DESC_ETYPE, .len = 2, .data = { 0x88, 0xb6 },
	};
	struct proto_saw saw = {};
	const struct dlil_proto_params params = {
		.ops = &proto_looks, .name = "looks", .cookie = &saw,
		.descs = &desc, .n_descs = 1,
	};
	struct rx *rx = test->priv;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, dlil_proto_attach(rx->ifp, DLIL_PF_PRIVATE, &params),
			0);
	for (i = 1; i <= 2; i++) {
		receive(rx, frame(rx, data, sizeof(data), 64));
		settle(rx);
		KUNIT_EXPECT_EQ(test, saw.n, i);
		KUNIT_EXPECT_EQ(test, saw.protocol, 0x88b6);
		KUNIT_EXPECT_EQ(test, saw.tci, -1);
		KUNIT_EXPECT_EQ(test, saw.len, 42);
		if (i == 1)
			add_filter(rx);
	}
	KUNIT_EXPECT_EQ(test, rx->tci, 0);
	KUNIT_EXPECT_EQ(test, rx->family, DLIL_PF_PRIVATE);
	KUNIT_EXPECT_EQ(test, dlil_proto_detach(rx->ifp, DLIL_PF_PRIVATE), 0);
}

/* FLT-9: a priority tag is no reason to skip filters without tagged packets. */
static void priority_is_no_vlan(struct kunit *test)
{
	const struct dlil_filter_params params = {
		.ops = &filter_ops,
		.name = "looks",
		.cookie = test->priv,
		.flags = DLIL_FILTER_NO_VLAN,
	};
	struct rx *rx = test->priv;

	KUNIT_ASSERT_EQ(test, dlil_filter_attach(rx->ifp, &params, &rx->filter),
			0);
	receive(rx, frame(rx, (const u8 *)"\x81\0\0\x05\x88\xb6", 6, 60));
	wait_host(rx, 1);
	settle(rx);
	KUNIT_EXPECT_NULL(test, rx->filtered);
	receive(rx, frame(rx, (const u8 *)"\x81\0\xe0\0\x88\xb6", 6, 60));
	wait_host(rx, 2);
	settle(rx);
	KUNIT_EXPECT_EQ(test, rx->tci, 0xe000);
}

/* Unregister the packet's own device, in the input thread; see &struct rx.edit. */
static void unregister_own(struct sk_buff *skb)
{
	struct net_device *dev = rx_now->dev;

	/* Only once: later packets are freed as detached. */
	rx_now->edit = NULL;
	unregister_netdev(dev);
	KUNIT_EXPECT_EQ(rx_now->test, dev->reg_state, NETREG_UNREGISTERED);
	/* The packet does not point to the device any more. */
	KUNIT_EXPECT_PTR_NE(rx_now->test, skb->dev, dev);
	free_netdev(dev);
	rx_now->dev = NULL;
	complete(&rx_now->blocked);
}

/*
 * LNX-8 LNX-12: a callback may unregister the device of its packet, which waits
 * for all references to it.
 */
static void callback_unregisters(struct kunit *test)
{
	struct rx *rx = test->priv;
	struct dlil_account in, out;
	struct dlil_stats stats;

	host_stop(rx);
	rx->edit = unregister_own;
	add_filter(rx);
	receive(rx, frame(rx, plain, sizeof(plain), 60));
	wait_blocked(rx);
	dlil_ifnet_wait_detached(rx->ifp);
	KUNIT_EXPECT_NULL(test, rx->dev);
	dlil_stats_read(rx->ifp, &stats, &in, &out);
	KUNIT_EXPECT_EQ(test, in.seen, 1);
	KUNIT_EXPECT_EQ(test, in.passed, 0);
	KUNIT_EXPECT_EQ(test, rx->n, 0);
}

/*
 * LNX-8 FLT-18: the device has gone, but the ifnet is not detached yet.  A
 * match filter sees a tagged packet, which makes it ask for features of the
 * device.
 */
static void output_without_device(struct kunit *test)
{
	static const struct sock_filter everything[] = {
		BPF_STMT(BPF_RET | BPF_K, 1),
	};
	const struct dlil_filter_request params = {
		.kind = "match",
		.name = "m", .direction = DLIL_DIRECTION_OUT, .action = "count",
		.program = everything, .n = 1,
	};
	struct rx *rx = test->priv;
	struct dlil_netdev *nd = dlil_ifnet_priv(rx->ifp);
	struct sk_buff_head list;
	int err;

	KUNIT_ASSERT_EQ(test, fake_kind_add(rx->ifp, &params, true, NULL), 0);
	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, frame(rx, plain, sizeof(plain), 60));
	put_tag_beside(skb_peek(&list));
	rtnl_lock();
	WRITE_ONCE(nd->live, false);
	synchronize_net();
	WRITE_ONCE(nd->dev, NULL);
	err = dlil_output(rx->ifp, 0, &list, NULL, DLIL_OUTPUT_RAW);
	WRITE_ONCE(nd->dev, rx->dev);
	WRITE_ONCE(nd->live, true);
	rtnl_unlock();
	KUNIT_EXPECT_EQ(test, err, -ENXIO);
	KUNIT_EXPECT_EQ(test, atomic_read(&rx->sent), 0);
}

static const u8 short_types[][10] = {
	{ 0x00, 0x00 },
	{ 0x00, 0x01 },
	{ 0x01, 0x00, 0x11, 0x22 },
	{ 0x05, 0xdd, 0x11, 0x22 },
	{ 0x05, 0xff, 0xaa, 0xaa, 0x03 },
	{ 0x00, 0x06, 0xaa, 0xaa, 0x03 },
	{ 0x01, 0x00, 0xff, 0xff, 0x00, 0x22 },
	{ 0x00, 0x2e, 0xff, 0xff, 0x00, 0x22 },
	{ 0x00, 0x26, 0x42, 0x42, 0x03 },
};

/* PRO-7 LNX-5: frames with a wrong length below 0x600 as type reach the host. */
static void short_types_pass(struct kunit *test)
{
	struct rx *rx = test->priv;
	struct dlil_account in, out;
	struct dlil_stats stats;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(short_types); i++)
		receive(rx, frame(rx, short_types[i], sizeof(short_types[i]),
				  60));
	wait_host(rx, ARRAY_SIZE(short_types));
	/* These two end before their LLC headers do. */
	receive(rx, frame(rx, (const u8 *)"\x00\x02\x42\x42", 4, 16));
	receive(rx, frame(rx, (const u8 *)"\x00\x05\xaa\xaa\x03\0\0", 7, 19));
	settle(rx);
	KUNIT_EXPECT_EQ(test, rx->n, ARRAY_SIZE(short_types));
	dlil_stats_read(rx->ifp, &stats, &in, &out);
	KUNIT_EXPECT_EQ(test, in.passed, ARRAY_SIZE(short_types));
	KUNIT_EXPECT_EQ(test, in.drops[DLIL_DROP_DEMUX], 2);
}

/* Send as a packet socket whose owner sets the protocol. */
static int send(struct rx *rx, const u8 *data, unsigned int n, u16 protocol)
{
	struct sk_buff *skb = frame(rx, data, n, 60);
	int before = atomic_read(&rx->sent);

	skb->dev = rx->dev;
	skb->protocol = htons(protocol);
	skb_reset_mac_header(skb);
	skb_set_network_header(skb, ETH_HLEN);
	dev_queue_xmit(skb);
	return atomic_read(&rx->sent) - before;
}

/* LNX-4: the type in the frame counts, not the protocol set by the sender. */
static void sent_by_frame(struct kunit *test)
{
	static const u16 types[] = { 0, 3, ETH_P_IP, ETH_P_IPV6, 0x88b5 };
	struct rx *rx = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(types); i++)
		KUNIT_EXPECT_EQ(test, send(rx, ipv4, sizeof(ipv4), types[i]), 1);
	KUNIT_ASSERT_EQ(test, dlil_proto_detach(rx->ifp, DLIL_PF_INET), 0);
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		KUNIT_EXPECT_EQ_MSG(test, send(rx, ipv4, sizeof(ipv4), types[i]),
				    0, "IPv4 said to be %x", types[i]);
		KUNIT_EXPECT_EQ_MSG(test,
				    send(rx, plain, sizeof(plain), types[i]), 1,
				    "no IPv4 said to be %x", types[i]);
	}
}

/**
 * struct cut_case - an EtherType, and the host's protocol for it
 * @type: the EtherType
 * @family: family of the protocol
 * @name: name of the protocol
 */
struct cut_case {
	u16 type;
	u32 family;
	const char *name;
};

static const struct cut_case cut_cases[] = {
	{ ETH_P_IP, DLIL_PF_INET, "inet" },
	{ ETH_P_ARP, DLIL_PF_INET, "inet" },
	{ ETH_P_IPV6, DLIL_PF_INET6, "inet6" },
	{ ETH_P_8021Q, DLIL_PF_VLAN, "vlan" },
	{ ETH_P_8021AD, DLIL_PF_VLAN, "vlan" },
	{ ETH_P_MPLS_UC, DLIL_PF_MPLS, "mpls" },
	{ ETH_P_MPLS_MC, DLIL_PF_MPLS, "mpls" },
	{ ETH_P_PPP_DISC, DLIL_PF_PPPOE, "pppoe" },
	{ ETH_P_PPP_SES, DLIL_PF_PPPOE, "pppoe" },
};

static void cut_desc(const struct cut_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "type %04x", c->type);
}

KUNIT_ARRAY_PARAM(cut, cut_cases, cut_desc);

/* As a request of a user does, which waits for nobody. */
static int plumb(struct rx *rx, const char *name, bool up)
{
	const char *why;
	int err;

	KUNIT_ASSERT_TRUE(rx->test, dlil_ifnet_io_begin(rx->ifp));
	err = dlil_plumb_for_user(rx->ifp, name, up, false, &why);
	dlil_ifnet_io_end(rx->ifp);
	return err;
}

/*
 * LNX-4 LNX-5 PRO-5: each protocol of the host can be detached, with all its types,
 * and attached again.
 */
static void cut_off_both_ways(struct kunit *test)
{
	const struct cut_case *c = test->param_value;
	const u8 data[] = { c->type >> 8, c->type, 0, 5, 0x88, 0xb6 };
	struct rx *rx = test->priv;
	struct dlil_account in, out;
	struct dlil_stats stats;

	KUNIT_EXPECT_EQ(test, send(rx, data, sizeof(data), c->type), 1);
	receive(rx, frame(rx, data, sizeof(data), 60));
	settle(rx);
	dlil_stats_read(rx->ifp, &stats, &in, &out);
	KUNIT_EXPECT_EQ(test, in.delivered, 1);

	KUNIT_EXPECT_EQ(test, plumb(rx, c->name, true), -EEXIST);
	KUNIT_ASSERT_EQ(test, plumb(rx, c->name, false), 0);
	KUNIT_EXPECT_EQ(test, plumb(rx, c->name, false), -ENXIO);
	KUNIT_EXPECT_EQ(test, dlil_proto_detach(rx->ifp, c->family), -ENXIO);
	KUNIT_EXPECT_EQ(test, send(rx, data, sizeof(data), 0x1234), 0);
	receive(rx, frame(rx, data, sizeof(data), 60));
	settle(rx);
	dlil_stats_read(rx->ifp, &stats, &in, &out);
	KUNIT_EXPECT_EQ(test, in.delivered, 1);
	KUNIT_EXPECT_EQ(test, in.passed, 0);
	KUNIT_EXPECT_EQ(test, in.drops[DLIL_DROP_NOPROTO], 1);
	/* A device that is up sends IPv6 packets by itself. */
	KUNIT_EXPECT_GE(test, out.drops[DLIL_DROP_NOPROTO], 1);

	KUNIT_ASSERT_EQ(test, plumb(rx, c->name, true), 0);
	KUNIT_EXPECT_EQ(test, send(rx, data, sizeof(data), c->type), 1);
	receive(rx, frame(rx, data, sizeof(data), 60));
	settle(rx);
	dlil_stats_read(rx->ifp, &stats, &in, &out);
	KUNIT_EXPECT_EQ(test, in.delivered, 2);
	KUNIT_EXPECT_EQ(test, in.drops[DLIL_DROP_NOPROTO], 1);
}

/*
 * IFN-12 LNX-6: without filters, too, the first packet that the host sends
 * restores the memberships of the device.
 */
static void host_restores_groups(struct kunit *test)
{
	static const u8 group[ETH_ALEN] = { 0x01, 0, 0x5e, 0x12, 0x34, 0x57 };
	struct rx *rx = test->priv;
	struct dlil_ifnet *going;

	/* A device that is up sends packets by itself, which would come first. */
	rtnl_lock();
	dev_close(rx->dev);
	rtnl_unlock();
	KUNIT_ASSERT_EQ(test, dlil_multi_join(rx->ifp, group, ETH_ALEN), 0);
	KUNIT_ASSERT_EQ(test, detach(rx, &going), 0);
	KUNIT_EXPECT_GT(test, dlil_ifnet_wait_death(going, 10 * HZ), 0L);
	dlil_ifnet_put(going);
	KUNIT_EXPECT_FALSE(test, fake_has_group(rx->dev, group));
	KUNIT_ASSERT_EQ(test, rx_attach(rx), 0);
	KUNIT_EXPECT_EQ(test, dlil_multi_suspended(rx->ifp), 1);
	KUNIT_EXPECT_FALSE(test, fake_has_group(rx->dev, group));
	rtnl_lock();
	KUNIT_EXPECT_EQ(test, dev_open(rx->dev, NULL), 0);
	rtnl_unlock();
	KUNIT_EXPECT_EQ(test, send(rx, plain, sizeof(plain), 0x88b6), 1);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(!dlil_multi_suspended(rx->ifp)));
	KUNIT_EXPECT_TRUE(test, fake_has_group(rx->dev, group));
	KUNIT_EXPECT_EQ(test, dlil_multi_leave(rx->ifp, group, ETH_ALEN), 0);
	KUNIT_EXPECT_FALSE(test, fake_has_group(rx->dev, group));
}

static int unregister_fn(void *arg)
{
	struct rx *rx = arg;

	unregister_netdev(rx->dev);
	return 0;
}

static bool is_wrapped(struct rx *rx)
{
	return rcu_access_pointer(rx->dev->rx_handler);
}

/* Start a task that unregisters the device; returns when it is unwrapped. */
static struct task_struct *begin_unregister(struct rx *rx)
{
	struct task_struct *task;

	task = kthread_run(unregister_fn, rx, "dlil-unregister");
	KUNIT_ASSERT_FALSE(rx->test, IS_ERR(task));
	get_task_struct(task);
	/* A thread that is stopped before it runs does nothing. */
	KUNIT_EXPECT_TRUE(rx->test, fake_wait_for(!is_wrapped(rx)));
	return task;
}

/*
 * LNX-8 STA-4: a packet in a filter is not delivered to the host once the
 * device goes, and counts as detached.
 */
static void device_goes(struct kunit *test)
{
	struct rx *rx = test->priv;
	struct dlil_account in, out;
	struct dlil_stats stats;
	struct task_struct *task;

	rx->blocks = true;
	add_filter(rx);
	/* A packet of a protocol of the host. */
	host_stop(rx);
	receive(rx, frame(rx, ipv4, sizeof(ipv4), 60));
	wait_blocked(rx);
	task = begin_unregister(rx);
	unblock(rx);
	kthread_stop(task);
	put_task_struct(task);
	dlil_ifnet_wait_detached(rx->ifp);
	dlil_stats_read(rx->ifp, &stats, &in, &out);
	KUNIT_EXPECT_EQ(test, in.drops[DLIL_DROP_DETACHED], 1);
	KUNIT_EXPECT_EQ(test, in.drops[DLIL_DROP_PROTOCOL], 0);
	KUNIT_EXPECT_EQ(test, in.delivered, 0);
	free_netdev(rx->dev);
	rx->dev = NULL;
}

/* LNX-8: the same once the kernel has begun to unregister the device. */
static void device_begins_to_go(struct kunit *test)
{
	struct rx *rx = test->priv;

	rx->blocks = true;
	add_filter(rx);
	receive(rx, frame(rx, plain, sizeof(plain), 60));
	wait_blocked(rx);
	rx->dev->dismantle = true;
	unblock(rx);
	settle(rx);
	KUNIT_EXPECT_EQ(test, rx->n, 0);
	rx->dev->dismantle = false;
}

/* Same as receive(), for a packet after eth_type_trans(). */
static void receive_typed(struct sk_buff *skb)
{
	local_bh_disable();
	netif_receive_skb(skb);
	local_bh_enable();
}

/* Add @n bytes to @skb, in a page of its own. */
static struct page *add_page(struct rx *rx, struct sk_buff *skb, unsigned int n)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);

	KUNIT_ASSERT_NOT_NULL(rx->test, page);
	get_page(page);
	skb_add_rx_frag(skb, 0, page, 0, n, PAGE_SIZE);
	return page;
}

static unsigned int pages_released;

static void let_go_of_pages(struct sk_buff *skb, struct ubuf_info *owner, bool zerocopy)
{
	pages_released++;
}

static struct ubuf_info page_owner = COMPAT_UBUF_INFO(let_go_of_pages);

/*
 * LNX-3: zero-copy pages, whose owner waits for them, are released before a
 * filter may sleep on the packet.
 */
static void zero_copy(struct kunit *test)
{
	struct rx *rx = test->priv;
	struct sk_buff *skb = frame(rx, plain, sizeof(plain), 60);
	struct page *page = add_page(rx, skb, 100);

	pages_released = 0;
	refcount_set(&page_owner.refcnt, 1);
	page_owner.flags = SKBFL_ZEROCOPY_FRAG;
	skb_zcopy_set(skb, &page_owner, NULL);
	rx->blocks = true;
	add_filter(rx);
	receive(rx, skb);
	wait_blocked(rx);
	KUNIT_EXPECT_EQ(test, pages_released, 1);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	unblock(rx);
	wait_host(rx, 1);
	KUNIT_EXPECT_EQ(test, rx->seen[0].len, 146);
	put_page(page);
}

/* LNX-3: a pfmemalloc packet goes to the host at once. */
static void memory_reserves(struct kunit *test)
{
	struct rx *rx = test->priv;
	struct sk_buff *skb = frame(rx, plain, sizeof(plain), 60);
	struct dlil_account in, out;
	struct dlil_stats stats;

	skb->pfmemalloc = 1;
	add_filter(rx);
	receive(rx, skb);
	/* Delivered by the receiving context, not by the thread. */
	KUNIT_EXPECT_EQ(test, rx->n, 1);
	settle(rx);
	KUNIT_EXPECT_EQ(test, rx->calls, 0);
	dlil_stats_read(rx->ifp, &stats, &in, &out);
	KUNIT_EXPECT_EQ(test, in.seen, 0);
}

/* The packet's route, as the filter finds it. */
static struct dst_entry *route_seen;
static bool route_valid;

static void look_at_dst(struct rx *rx, const struct sk_buff *skb)
{
	route_seen = skb_dst(skb);
	route_valid = skb_valid_dst(skb);
}

static unsigned int routes_gone;

/* The kernel frees it as what it has been allocated as. */
static void route_destroy(struct dst_entry *dst)
{
	routes_gone++;
	dst->flags |= DST_METADATA;
}

static struct dst_ops route_ops = { .destroy = route_destroy };

/* A route which is, unless it is that of a @tunnel, one of a namespace. */
static struct dst_entry *make_route(struct rx *rx, bool tunnel)
{
	struct metadata_dst *md;

	md = metadata_dst_alloc(0, METADATA_HW_PORT_MUX, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(rx->test, md);
	md->dst.ops = &route_ops;
	if (!tunnel)
		md->dst.flags &= ~DST_METADATA;
	routes_gone = 0;
	rx->look = look_at_dst;
	add_filter(rx);
	return &md->dst;
}

/* A packet whose route is not referenced. */
static void receive_routed(struct rx *rx, struct dst_entry *dst)
{
	struct sk_buff *skb = frame(rx, plain, sizeof(plain), 60);

	skb->protocol = eth_type_trans(skb, rx->dev);
	rcu_read_lock();
	skb_dst_set_noref(skb, dst);
	receive_typed(skb);
	rcu_read_unlock();
}

/* A slip ends after a grace period, and its route after another one. */
static void wait_for_routes(void)
{
	rcu_barrier();
	rcu_barrier();
}

/*
 * LNX-3 LNX-13: a packet that is parked does not have its route, and the host gets it
 * with its route.
 */
static void route_of_packet(struct kunit *test)
{
	struct rx *rx = test->priv;
	struct dst_entry *dst = make_route(rx, false);

	receive_routed(rx, dst);
	wait_host(rx, 1);
	KUNIT_EXPECT_NOT_NULL(test, route_seen);
	KUNIT_EXPECT_PTR_NE(test, route_seen, dst);
	KUNIT_EXPECT_FALSE(test, route_valid);
	KUNIT_EXPECT_PTR_EQ(test, rx->seen[0].dst, (const struct dst_entry *)dst);
	settle(rx);
	wait_for_routes();
	KUNIT_EXPECT_EQ(test, routes_gone, 0);
	dst_release(dst);
	wait_for_routes();
	KUNIT_EXPECT_EQ(test, routes_gone, 1);
}

/* LNX-3: metadata of a tunnel stays with a packet that is parked, referenced. */
static void tunnel_of_packet(struct kunit *test)
{
	struct rx *rx = test->priv;
	struct dst_entry *dst = make_route(rx, true);

	rx->blocks = true;
	receive_routed(rx, dst);
	wait_blocked(rx);
	dst_release(dst);
	wait_for_routes();
	KUNIT_EXPECT_EQ(test, routes_gone, 0);
	KUNIT_EXPECT_PTR_EQ(test, route_seen, dst);
	unblock(rx);
	wait_host(rx, 1);
	KUNIT_EXPECT_PTR_EQ(test, rx->seen[0].dst, (const struct dst_entry *)dst);
	wait_for_routes();
	KUNIT_EXPECT_EQ(test, routes_gone, 1);
}

/*
 * LNX-13 LNX-15: a device goes while a callback has a packet with a route, and another
 * one is queued.  Nobody waits for the callback, and nothing has the route any more.
 */
static void route_of_gone_device(struct kunit *test)
{
	struct rx *rx = test->priv;
	struct dst_entry *dst = make_route(rx, false);

	host_stop(rx);
	rx->blocks = true;
	receive_routed(rx, dst);
	receive_routed(rx, dst);
	wait_blocked(rx);
	dst_release(dst);
	wait_for_routes();
	KUNIT_EXPECT_EQ(test, routes_gone, 0);
	unregister_netdev(rx->dev);
	free_netdev(rx->dev);
	rx->dev = NULL;
	wait_for_routes();
	KUNIT_EXPECT_EQ(test, routes_gone, 1);
	KUNIT_EXPECT_TRUE(test, rx->blocks);
	unblock(rx);
	dlil_ifnet_wait_detached(rx->ifp);
	KUNIT_EXPECT_EQ(test, rx->n, 0);
}

/* LNX-13: packet and clone share the route; the last of them lets go of it. */
static void route_of_clone(struct kunit *test)
{
	struct rx *rx = test->priv;
	struct dst_entry *dst = make_route(rx, false);

	rx->keeps = true;
	receive_routed(rx, dst);
	wait_host(rx, 1);
	settle(rx);
	KUNIT_EXPECT_PTR_EQ(test, rx->seen[0].dst, (const struct dst_entry *)dst);
	KUNIT_EXPECT_PTR_EQ(test, skb_dst(rx->kept), route_seen);
	dst_release(dst);
	wait_for_routes();
	KUNIT_EXPECT_EQ(test, routes_gone, 0);
	kfree_skb(rx->kept);
	wait_for_routes();
	KUNIT_EXPECT_EQ(test, routes_gone, 1);
}

/* LNX-13: a filter drops a packet, which lets go of its route then. */
static void route_of_dropped(struct kunit *test)
{
	struct rx *rx = test->priv;
	struct dst_entry *dst = make_route(rx, false);

	rx->verdict = -EPERM;
	receive_routed(rx, dst);
	settle(rx);
	dst_release(dst);
	wait_for_routes();
	KUNIT_EXPECT_EQ(test, routes_gone, 1);
	KUNIT_EXPECT_EQ(test, rx->n, 0);
}

/* LNX-15: a socket assigned by tc stays if it is referenced. */
static void assigned_socket(struct kunit *test)
{
	struct sock *sk = kunit_kzalloc(test, sizeof(*sk), GFP_KERNEL);
	struct rx *rx = test->priv;
	struct sk_buff *skb;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, sk);
	refcount_set(&sk->sk_refcnt, 2);
	add_filter(rx);
	for (i = 0; i < 2; i++) {
		skb = frame(rx, plain, sizeof(plain), 60);
		skb->sk = sk;
		skb->destructor = sock_pfree;
		receive(rx, skb);
		wait_host(rx, i + 1);
		settle(rx);
		KUNIT_EXPECT_PTR_EQ(test, rx->sk,
				    (const struct sock *)(i ? NULL : sk));
		KUNIT_EXPECT_EQ(test, refcount_read(&sk->sk_refcnt), 1);
		/* The next one is not referenced. */
		sock_set_flag(sk, SOCK_RCU_FREE);
	}
}

static void make_nothing(struct rx *rx, struct sk_buff *skb)
{
}

static void make_cloned(struct rx *rx, struct sk_buff *skb)
{
	consume_skb(skb_clone(skb, GFP_KERNEL));
}

static void make_paged(struct rx *rx, struct sk_buff *skb)
{
	put_page(add_page(rx, skb, 1000));
}

static void make_unnecessary(struct rx *rx, struct sk_buff *skb)
{
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	skb->csum_level = 1;
}

static void make_complete(struct rx *rx, struct sk_buff *skb)
{
	skb->ip_summed = CHECKSUM_COMPLETE;
	skb->csum = skb_checksum(skb, 0, skb->len, 0);
}

static void make_partial(struct rx *rx, struct sk_buff *skb)
{
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_headroom(skb) + 4;
	skb->csum_offset = 2;
}

static void make_empty(struct rx *rx, struct sk_buff *skb)
{
	skb_trim(skb, 0);
}

static void make_group(struct rx *rx, struct sk_buff *skb)
{
	skb->pkt_type = PACKET_MULTICAST;
	eth_hdr(skb)->h_dest[0] |= 1;
}

static void make_others(struct rx *rx, struct sk_buff *skb)
{
	skb->pkt_type = PACKET_OTHERHOST;
	eth_hdr(skb)->h_dest[5] ^= 0xff;
}

/**
 * struct odd_case - an unusual received packet
 * @name: name of the case
 * @make: makes the packet
 */
struct odd_case {
	const char *name;
	void (*make)(struct rx *rx, struct sk_buff *skb);
};

static const struct odd_case odd_cases[] = {
	{ "plain", make_nothing },
	{ "cloned", make_cloned },
	{ "with a page", make_paged },
	{ "checksum verified", make_unnecessary },
	{ "checksum complete", make_complete },
	{ "checksum partial", make_partial },
	{ "no payload", make_empty },
	{ "to a group", make_group },
	{ "to another station", make_others },
};

static void odd_desc(const struct odd_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(odd, odd_cases, odd_desc);

static struct sk_buff *odd_packet(struct rx *rx, const struct odd_case *c)
{
	struct sk_buff *skb = frame(rx, plain, sizeof(plain), 60);

	skb->protocol = eth_type_trans(skb, rx->dev);
	c->make(rx, skb);
	return skb;
}

/*
 * LNX-2 LNX-3 STA-3: the host gets each packet unchanged, with or without a
 * filter, and none that the filter refuses or keeps.
 */
static void odd_packets(struct kunit *test)
{
	const struct odd_case *c = test->param_value;
	struct rx *rx = test->priv;
	struct dlil_account in, out;
	struct dlil_stats stats;
	struct sk_buff *skb;
	struct seen want;
	int i;

	for (i = 0; i < 2; i++) {
		skb = odd_packet(rx, c);
		want = (struct seen){
			.pkt_type = skb->pkt_type,
			.protocol = skb->protocol,
			.len = skb->len,
			.ip_summed = skb->ip_summed,
			.csum = skb->csum,
		};
		receive_typed(skb);
		wait_host(rx, i + 1);
		settle(rx);
		KUNIT_EXPECT_EQ(test, rx->n, i + 1);
		KUNIT_EXPECT_EQ(test, rx->calls, i);
		KUNIT_EXPECT_EQ(test, rx->seen[i].pkt_type, want.pkt_type);
		KUNIT_EXPECT_EQ(test, ntohs(rx->seen[i].protocol),
				ntohs(want.protocol));
		KUNIT_EXPECT_EQ(test, rx->seen[i].len, want.len);
		KUNIT_EXPECT_EQ(test, rx->seen[i].ip_summed, want.ip_summed);
		KUNIT_EXPECT_TRUE(test, rx->seen[i].csum == want.csum);
		KUNIT_EXPECT_FALSE(test, rx->seen[i].marked);
		if (!i)
			add_filter(rx);
	}
	rx->verdict = -EPERM;
	receive_typed(odd_packet(rx, c));
	settle(rx);
	rx->verdict = DLIL_STOLEN;
	receive_typed(odd_packet(rx, c));
	settle(rx);
	KUNIT_EXPECT_EQ(test, rx->n, 2);
	dlil_stats_read(rx->ifp, &stats, &in, &out);
	KUNIT_EXPECT_EQ(test, in.seen, 4);
	KUNIT_EXPECT_EQ(test, in.passed, 2);
	KUNIT_EXPECT_EQ(test, in.stolen, 1);
	KUNIT_EXPECT_EQ(test, in.drops[DLIL_DROP_FILTER], 1);
	KUNIT_EXPECT_EQ(test, stats.ipackets, 4);
	KUNIT_EXPECT_EQ(test, stats.imcasts, c->make == make_group ? 4 : 0);
}

/*
 * LNX-5: packets without protocol are freed if so configured, and counted by
 * reason.
 */
static void unmatched_dropped(struct kunit *test)
{
	static const struct odd_case others = { .make = make_others };
	struct rx *rx = test->priv;
	struct dlil_netdev *nd = dlil_ifnet_priv(rx->ifp);
	struct dlil_account in, out;
	struct dlil_stats stats;

	dlil_change_unmatched(nd, DLIL_UNMATCHED_DROP);
	receive(rx, frame(rx, plain, sizeof(plain), 60));
	receive_typed(odd_packet(rx, &others));
	settle(rx);
	KUNIT_EXPECT_EQ(test, rx->n, 0);
	dlil_stats_read(rx->ifp, &stats, &in, &out);
	KUNIT_EXPECT_EQ(test, in.passed, 0);
	KUNIT_EXPECT_EQ(test, in.drops[DLIL_DROP_NOPROTO], 1);
	KUNIT_EXPECT_EQ(test, in.drops[DLIL_DROP_PROMISC], 1);
	dlil_change_unmatched(nd, DLIL_UNMATCHED_PASS);
	receive(rx, frame(rx, plain, sizeof(plain), 60));
	wait_host(rx, 1);
}

static const struct sk_buff *tapped;
static unsigned int taps;

static void tap_in(void *cookie, struct dlil_ifnet *ifp, enum dlil_tap_mode way,
		   const struct sk_buff *skb)
{
	tapped = skb;
	taps++;
}

/*
 * TAP-1 LNX-3: a tap sees a received packet once, and sent packets only on
 * request.
 */
static void tap_sees_once(struct kunit *test)
{
	static const struct dlil_tap tap = { .packet = tap_in };
	struct rx *rx = test->priv;

	taps = 0;
	add_filter(rx);
	KUNIT_ASSERT_EQ(test, dlil_set_tap(rx->ifp, DLIL_TAP_INPUT, &tap), 0);
	receive(rx, frame(rx, plain, sizeof(plain), 60));
	wait_host(rx, 1);
	KUNIT_EXPECT_EQ(test, taps, 1);
	KUNIT_EXPECT_PTR_EQ(test, tapped, rx->filtered);
	KUNIT_EXPECT_EQ(test, dlil_set_tap(rx->ifp, DLIL_TAP_OFF, &tap), 0);
	receive(rx, frame(rx, plain, sizeof(plain), 60));
	wait_host(rx, 2);
	KUNIT_EXPECT_EQ(test, taps, 1);
}

/*
 * LNX-8 LNX-15: while the device is being unhooked, packets bypass tap and
 * queue.
 */
static void passes_while_unhooked(struct kunit *test)
{
	struct rx *rx = test->priv;
	struct dlil_netdev *nd = dlil_ifnet_priv(rx->ifp);

	add_filter(rx);
	set_bit(DLIL_SLOW_UNHOOK, &nd->slow);
	receive(rx, frame(rx, plain, sizeof(plain), 60));
	KUNIT_EXPECT_EQ(test, rx->n, 1);
	settle(rx);
	KUNIT_EXPECT_EQ(test, rx->calls, 0);
	clear_bit(DLIL_SLOW_UNHOOK, &nd->slow);
}

/* LNX-8: packets queued when the device goes are freed and counted. */
static void queue_of_device_that_goes(struct kunit *test)
{
	struct rx *rx = test->priv;
	struct dlil_account in, out;
	struct dlil_stats stats;
	struct task_struct *task;
	int i;

	rx->blocks = true;
	add_filter(rx);
	receive(rx, frame(rx, ipv4, sizeof(ipv4), 60));
	wait_blocked(rx);
	for (i = 0; i < 5; i++)
		receive(rx, frame(rx, ipv4, sizeof(ipv4), 60));
	host_stop(rx);
	task = begin_unregister(rx);
	/*
	 * The callback still has its packet, but the device has gone without
	 * waiting.
	 */
	kthread_stop(task);
	put_task_struct(task);
	/* Nor did it wait for the packets behind it. */
	dlil_stats_read(rx->ifp, &stats, &in, &out);
	KUNIT_EXPECT_EQ(test, in.drops[DLIL_DROP_DETACHED], 5);
	unblock(rx);
	dlil_ifnet_wait_detached(rx->ifp);
	dlil_stats_read(rx->ifp, &stats, &in, &out);
	KUNIT_EXPECT_EQ(test, in.seen, 6);
	KUNIT_EXPECT_EQ(test, in.drops[DLIL_DROP_DETACHED], 6);
	KUNIT_EXPECT_EQ(test, rx->calls, 1);
	free_netdev(rx->dev);
	rx->dev = NULL;
}

/* LNX-1: LRO is disabled, and stays so. */
static void lro_stays_off(struct kunit *test)
{
	struct rx *rx = test->priv;
	struct net_device *dev = rx->dev;

	KUNIT_EXPECT_FALSE(test, dev->features & NETIF_F_LRO);
	rtnl_lock();
	dev->wanted_features |= NETIF_F_LRO;
	netdev_update_features(dev);
	KUNIT_EXPECT_FALSE(test, dev->features & NETIF_F_LRO);
	rtnl_unlock();
}

/* LNX-10 IFN-12: modules and users do not end each other's memberships. */
static void groups_of_two(struct kunit *test)
{
	struct dlil_ioc_lladdr group = {
		.len = ETH_ALEN, .addr = { 0x01, 0, 0x5e, 0x12, 0x34, 0x56 },
	};
	struct rx *rx = test->priv;
	struct dlil_ifnet *ifp = rx->ifp;

	KUNIT_ASSERT_EQ(test, dlil_multi_join(ifp, group.addr, ETH_ALEN), 0);
	KUNIT_EXPECT_EQ(test, dlil_ioctl(ifp, 0, DLIL_IOC_DELMULTI, &group),
			-ENOENT);
	KUNIT_EXPECT_TRUE(test, fake_has_group(rx->dev, group.addr));
	KUNIT_EXPECT_EQ(test, dlil_ioctl(ifp, 0, DLIL_IOC_ADDMULTI, &group), 0);
	KUNIT_EXPECT_EQ(test, dlil_ioctl(ifp, 0, DLIL_IOC_ADDMULTI, &group),
			-EEXIST);
	KUNIT_EXPECT_EQ(test, dlil_ioctl(ifp, 0, DLIL_IOC_DELMULTI, &group), 0);
	KUNIT_EXPECT_TRUE(test, fake_has_group(rx->dev, group.addr));
	KUNIT_EXPECT_EQ(test, dlil_ioctl(ifp, 0, DLIL_IOC_ADDMULTI, &group), 0);
	KUNIT_EXPECT_EQ(test, dlil_multi_leave(ifp, group.addr, ETH_ALEN), 0);
	KUNIT_EXPECT_TRUE(test, fake_has_group(rx->dev, group.addr));
	KUNIT_EXPECT_EQ(test, dlil_multi_join(ifp, group.addr, ETH_ALEN), 0);
	KUNIT_EXPECT_EQ(test, dlil_multi_leave(ifp, group.addr, ETH_ALEN), 0);
	KUNIT_EXPECT_EQ(test, dlil_ioctl(ifp, 0, DLIL_IOC_DELMULTI, &group), 0);
	KUNIT_EXPECT_FALSE(test, fake_has_group(rx->dev, group.addr));
}

/* LNX-6: a kernel without IPv6 has no neighbour table for it. */
static void output_without_ipv6(struct kunit *test)
{
	struct sockaddr_in6 dest = { .sin6_family = AF_INET6 };
	struct rx *rx = test->priv;
	struct sk_buff_head list;
	int err;

	dest.sin6_addr.s6_addr[0] = 0xfe;
	dest.sin6_addr.s6_addr[1] = 0x80;
	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, frame(rx, plain, sizeof(plain), 60));
	WRITE_ONCE(dlil_without_ipv6, true);
	err = dlil_output(rx->ifp, DLIL_PF_INET6, &list,
			  (struct sockaddr *)&dest, 0);
	WRITE_ONCE(dlil_without_ipv6, false);
	KUNIT_EXPECT_EQ(test, err, -EAFNOSUPPORT);
	KUNIT_EXPECT_EQ(test, atomic_read(&rx->sent), 0);
}

/* Send a request to rtnetlink as `ip link` does; the answer is ignored. */
static void link_request(struct kunit *test, struct sk_buff *msg)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct msghdr hdr = {
		.msg_name = &kernel, .msg_namelen = sizeof(kernel),
	};
	struct nlmsghdr *nlh = (struct nlmsghdr *)msg->data;
	struct socket *sock;
	struct kvec vec;

	nlmsg_end(msg, nlh);
	vec = (struct kvec){ .iov_base = nlh, .iov_len = nlh->nlmsg_len };
	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, AF_NETLINK, SOCK_RAW,
					       NETLINK_ROUTE, &sock), 0);
	KUNIT_EXPECT_EQ(test, kernel_sendmsg(sock, &hdr, &vec, 1, vec.iov_len),
			vec.iov_len);
	sock_release(sock);
	nlmsg_free(msg);
}

static struct sk_buff *link_msg(struct kunit *test, int type, int flags,
				int ifindex)
{
	struct sk_buff *msg = nlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	struct ifinfomsg *info;
	struct nlmsghdr *nlh;

	KUNIT_ASSERT_NOT_NULL(test, msg);
	nlh = nlmsg_put(msg, 0, 1, type, sizeof(*info), NLM_F_REQUEST | flags);
	info = nlmsg_data(nlh);
	*info = (struct ifinfomsg){ .ifi_index = ifindex };
	return msg;
}

/**
 * struct vlan - a VLAN device on the wrapped one
 * @dev: the device, which goes with the wrapped one
 * @host: handler of the host for it
 * @n: number of packets that the host got
 * @marked: one of them had the mark of a redirected packet
 * @tagged: one of them had a VLAN tag
 * @protocol: skb->protocol of the last one
 */
struct vlan {
	struct net_device *dev;
	struct packet_type host;
	unsigned int n;
	bool marked;
	bool tagged;
	u16 protocol;
};

static int vlan_rcv(struct sk_buff *skb, struct net_device *dev,
		    struct packet_type *pt, struct net_device *orig_dev)
{
	struct vlan *vlan = pt->af_packet_priv;

	vlan->marked |= skb_is_redirected(skb);
	vlan->tagged |= skb_vlan_tag_present(skb);
	vlan->protocol = ntohs(skb->protocol);
	/* Pairs with the acquire in expect_vlan(). */
	smp_store_release(&vlan->n, vlan->n + 1);
	wake_up(&rx_now->arrived);
	kfree_skb(skb);
	return NET_RX_SUCCESS;
}

static void vlan_end(void *arg)
{
	struct vlan *vlan = arg;

	dev_remove_pack(&vlan->host);
}

#define VLAN_ID 5

static void vlan_add(struct rx *rx, struct vlan *vlan)
{
	struct sk_buff *msg = link_msg(rx->test, RTM_NEWLINK,
				       NLM_F_CREATE | NLM_F_EXCL, 0);
	struct nlattr *info, *data;

	nla_put_string(msg, IFLA_IFNAME, "dlilvlan");
	nla_put_u32(msg, IFLA_LINK, rx->dev->ifindex);
	info = nla_nest_start(msg, IFLA_LINKINFO);
	nla_put_string(msg, IFLA_INFO_KIND, "vlan");
	data = nla_nest_start(msg, IFLA_INFO_DATA);
	nla_put_u16(msg, IFLA_VLAN_ID, VLAN_ID);
	nla_nest_end(msg, data);
	nla_nest_end(msg, info);
	link_request(rx->test, msg);
	rtnl_lock();
	vlan->dev = __dev_get_by_name(&init_net, "dlilvlan");
	if (vlan->dev)
		KUNIT_EXPECT_EQ(rx->test, dev_open(vlan->dev, NULL), 0);
	rtnl_unlock();
	KUNIT_ASSERT_NOT_NULL(rx->test, vlan->dev);
	vlan->host = (struct packet_type){
		.type = htons(0x88b6), .dev = vlan->dev, .func = vlan_rcv,
		.af_packet_priv = vlan,
	};
	dev_add_pack(&vlan->host);
}

/* The VLAN device has got @n packets, untagged and without marks. */
static void expect_vlan(struct rx *rx, struct vlan *vlan, unsigned int n)
{
	/* Pairs with the release in vlan_rcv(). */
	wait_event_timeout(rx->arrived, smp_load_acquire(&vlan->n) >= n,
			   FAKE_DEADLINE);
	settle(rx);
	KUNIT_EXPECT_EQ(rx->test, vlan->n, n);
	KUNIT_EXPECT_FALSE(rx->test, vlan->marked);
	KUNIT_EXPECT_FALSE(rx->test, vlan->tagged);
	KUNIT_EXPECT_EQ(rx->test, vlan->protocol, 0x88b6);
}

static const u8 in_vlan[] = { 0x81, 0, 0, VLAN_ID, 0x88, 0xb6 };
static const u8 in_priority_vlan[] = {
	0x81, 0, 0x20, 0, 0x81, 0, 0, VLAN_ID, 0x88, 0xb6
};

/*
 * LNX-2 LNX-3 LNX-15: a VLAN device on a wrapped one gets the packets of its
 * VLAN, including those that a filter of the wrapped device tags.
 */
static void vlan_on_top(struct kunit *test)
{
	struct rx *rx = test->priv;
	struct vlan *vlan = kunit_kzalloc(test, sizeof(*vlan), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, vlan);
	vlan_add(rx, vlan);
	add_filter(rx);
	receive(rx, frame(rx, in_vlan, sizeof(in_vlan), 64));
	expect_vlan(rx, vlan, 1);
	receive(rx, frame(rx, in_priority_vlan, sizeof(in_priority_vlan), 68));
	expect_vlan(rx, vlan, 2);
	/* The stack has taken these before a filter could see them. */
	KUNIT_EXPECT_EQ(test, rx->calls, 0);
	rx->edit = put_tag_beside;
	receive(rx, frame(rx, plain, sizeof(plain), 60));
	expect_vlan(rx, vlan, 3);
	rx->edit = put_tag_in_frame;
	receive(rx, frame(rx, plain, sizeof(plain), 60));
	expect_vlan(rx, vlan, 4);
	KUNIT_EXPECT_EQ(test, rx->calls, 2);
	vlan_end(vlan);
}

/* LNX-4 LNX-6: packets of a VLAN device have family vlan on the wrapped device. */
static void vlan_sends(struct kunit *test)
{
	struct rx *rx = test->priv;
	struct vlan *vlan = kunit_kzalloc(test, sizeof(*vlan), GFP_KERNEL);
	struct dlil_account in, out;
	struct dlil_stats stats;
	struct sk_buff *skb;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, vlan);
	vlan_add(rx, vlan);
	for (i = 0; i < 2; i++) {
		skb = frame(rx, plain, sizeof(plain), 60);
		/* Unicast, because rx_xmit() counts only that. */
		skb->data[0] = 2;
		skb->dev = vlan->dev;
		skb_reset_mac_header(skb);
		skb->protocol = htons(0x88b6);
		dev_queue_xmit(skb);
		KUNIT_EXPECT_EQ(test, atomic_read(&rx->sent), 1);
		if (!i)
			KUNIT_EXPECT_EQ(test, dlil_proto_detach(rx->ifp, DLIL_PF_VLAN),
					0);
	}
	dlil_stats_read(rx->ifp, &stats, &in, &out);
	KUNIT_EXPECT_GE(test, out.drops[DLIL_DROP_NOPROTO], 1);
	vlan_end(vlan);
}

/*
 * LNX-8 LNX-15: if both devices are wrapped, a packet passes the filters of
 * each once.
 */
static void vlan_wrapped_too(struct kunit *test)
{
	struct rx *rx = test->priv;
	struct vlan *vlan = kunit_kzalloc(test, sizeof(*vlan), GFP_KERNEL);
	struct dlil_ifnet *going, *upper;
	struct dlil_account in, out;
	struct dlil_stats stats;
	int err;

	KUNIT_ASSERT_NOT_NULL(test, vlan);
	vlan_add(rx, vlan);
	err = fake_wrap(vlan->dev, NULL, &going);
	KUNIT_ASSERT_EQ(test, err, 0);
	upper = dlil_ifnet_by_index(&init_net, vlan->dev->ifindex);
	KUNIT_ASSERT_NOT_NULL(test, upper);
	add_filter(rx);
	rx->edit = put_tag_beside;
	receive(rx, frame(rx, plain, sizeof(plain), 60));
	settle(rx);
	KUNIT_EXPECT_EQ(test, dlil_input_flush(upper), 0);
	expect_vlan(rx, vlan, 1);
	KUNIT_EXPECT_EQ(test, rx->calls, 1);
	dlil_stats_read(upper, &stats, &in, &out);
	KUNIT_EXPECT_EQ(test, in.passed, 1);
	vlan_end(vlan);
	dlil_ifnet_put(upper);
}

/* IFN-10 EVT-1: renaming the device renames the ifnet, also in later events. */
static void device_renamed(struct kunit *test)
{
	struct rx *rx = test->priv;
	struct sk_buff *msg = link_msg(test, RTM_NEWLINK, 0, rx->dev->ifindex);
	struct dlil_ifnet *found;
	char before[IFNAMSIZ], name[IFNAMSIZ];

	strscpy(before, rx->dev->name, sizeof(before));
	/* Older kernels cannot rename a device that is up. */
	rtnl_lock();
	dev_close(rx->dev);
	rtnl_unlock();
	nla_put_string(msg, IFLA_IFNAME, "dlilnew");
	link_request(test, msg);
	KUNIT_ASSERT_STREQ(test, rx->dev->name, "dlilnew");
	found = dlil_ifnet_by_name(&init_net, "dlilnew");
	KUNIT_EXPECT_PTR_EQ(test, found, rx->ifp);
	if (found)
		dlil_ifnet_put(found);
	KUNIT_EXPECT_NULL(test, dlil_ifnet_by_name(&init_net, before));
	dlil_ifnet_copy_name(rx->ifp, name);
	KUNIT_EXPECT_STREQ(test, name, "dlilnew");
}

static struct kunit_case rx_cases[] = {
	KUNIT_CASE(passes_once),
	KUNIT_CASE(shared_packet),
	KUNIT_CASE(looped_back),
	KUNIT_CASE(lets_go_of_socket),
	KUNIT_CASE(keep_lets_go),
	KUNIT_CASE(unmarked_at_detach),
	KUNIT_CASE_PARAM(tagged_by_filter, tag_gen_params),
	KUNIT_CASE_PARAM(priority_tags, priority_gen_params),
	KUNIT_CASE(priority_to_proto),
	KUNIT_CASE(priority_is_no_vlan),
	KUNIT_CASE(callback_unregisters),
	KUNIT_CASE(output_without_device),
	KUNIT_CASE(short_types_pass),
	KUNIT_CASE(sent_by_frame),
	KUNIT_CASE_PARAM(cut_off_both_ways, cut_gen_params),
	KUNIT_CASE(device_goes),
	KUNIT_CASE(device_begins_to_go),
	KUNIT_CASE(zero_copy),
	KUNIT_CASE(memory_reserves),
	KUNIT_CASE(route_of_packet),
	KUNIT_CASE(tunnel_of_packet),
	KUNIT_CASE(route_of_gone_device),
	KUNIT_CASE(route_of_clone),
	KUNIT_CASE(route_of_dropped),
	KUNIT_CASE(assigned_socket),
	KUNIT_CASE_PARAM(odd_packets, odd_gen_params),
	KUNIT_CASE(unmatched_dropped),
	KUNIT_CASE(tap_sees_once),
	KUNIT_CASE(passes_while_unhooked),
	KUNIT_CASE(queue_of_device_that_goes),
	KUNIT_CASE(lro_stays_off),
	KUNIT_CASE(groups_of_two),
	KUNIT_CASE(host_restores_groups),
	KUNIT_CASE(output_without_ipv6),
	KUNIT_CASE(vlan_on_top),
	KUNIT_CASE(vlan_sends),
	KUNIT_CASE(vlan_wrapped_too),
	KUNIT_CASE(device_renamed),
	{}
};

static struct kunit_suite rx_suite = {
	.name = "dlil_netdev_rx",
	.init = rx_init,
	.exit = rx_exit,
	.test_cases = rx_cases,
};

kunit_test_suite(rx_suite);
