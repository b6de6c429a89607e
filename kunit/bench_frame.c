// SPDX-License-Identifier: GPL-2.0
/* Packets as a driver would have them ready for the stack, and their device. */
#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <net/ip.h>

#include "bench.h"

#define FRAME_LEN 60

struct net_device *bench_dev;

static unsigned long sent;	/* under the lock of the only queue */

static netdev_tx_t bench_xmit(struct sk_buff *skb, struct net_device *dev)
{
	sent++;
	dev_consume_skb_any(skb);
	return NETDEV_TX_OK;
}

unsigned long bench_sent(void)
{
	return READ_ONCE(sent);
}

static const struct net_device_ops bench_netdev_ops = {
	.ndo_start_xmit = bench_xmit,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_validate_addr = eth_validate_addr,
};

static void bench_setup(struct net_device *dev)
{
	static const u8 addr[ETH_ALEN] = { 2, 0, 0, 0, 9, 1 };

	ether_setup(dev);
	dev->netdev_ops = &bench_netdev_ops;
	dev->needs_free_netdev = true;
	dev->priv_flags |= IFF_NO_QUEUE;
	dev->features |= NETIF_F_HW_CSUM | NETIF_F_SG;
	eth_hw_addr_set(dev, addr);
}

static void put_headers(struct sk_buff *skb, unsigned int flow)
{
	unsigned int len = FRAME_LEN - ETH_HLEN;
	struct ethhdr *eth = skb_put_zero(skb, sizeof(*eth));
	struct iphdr *iph = skb_put_zero(skb, sizeof(*iph));
	struct udphdr *udp = skb_put_zero(skb, sizeof(*udp));

	ether_addr_copy(eth->h_dest, bench_dev->dev_addr);
	if (bench_order.mac)
		eth->h_dest[ETH_ALEN - 1] = bench_order.mac;
	ether_addr_copy(eth->h_source, bench_dev->dev_addr);
	eth->h_source[ETH_ALEN - 1]++;
	eth->h_proto = htons(ETH_P_IP);
	iph->version = 4;
	iph->ihl = sizeof(*iph) / 4;
	iph->tot_len = htons(len);
	iph->ttl = 64;
	iph->protocol = IPPROTO_UDP;
	iph->saddr = htonl(BENCH_PEER);
	iph->daddr = htonl(BENCH_HOST);
	ip_send_check(iph);
	udp->source = htons(1000 + flow);
	udp->dest = htons(BENCH_PORT);
	udp->len = htons(len - sizeof(*iph));
}

/* Make a received packet whose checksum is verified. */
struct sk_buff *bench_make(unsigned int flow, unsigned int seq)
{
	const struct bench_payload payload = {
		.magic = htonl(BENCH_MAGIC),
		.flow = htonl(flow),
		.seq = htonl(seq),
	};
	struct sk_buff *skb;

	skb = __netdev_alloc_skb_ip_align(bench_dev, FRAME_LEN, GFP_KERNEL);
	if (!skb)
		return NULL;
	put_headers(skb, flow);
	skb_put_data(skb, &payload, sizeof(payload));
	skb_put_zero(skb, FRAME_LEN - skb->len);
	skb->protocol = eth_type_trans(skb, bench_dev);
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	return skb;
}

int bench_frame_init(void)
{
	int err;

	bench_dev = alloc_netdev(0, "bench0", NET_NAME_USER, bench_setup);
	if (!bench_dev)
		return -ENOMEM;
	err = register_netdev(bench_dev);
	if (err)
		free_netdev(bench_dev);
	return err;
}

void bench_frame_exit(void)
{
	unregister_netdev(bench_dev);
}
