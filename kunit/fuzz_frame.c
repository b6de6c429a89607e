// SPDX-License-Identifier: GPL-2.0
/*
 * Frames with random contents, in packets as a driver, tun or a packet socket
 * would make them; see the top of fuzz_main.c.
 */
#include <linux/etherdevice.h>
#include <linux/icmp.h>
#include <linux/if_arp.h>
#include <linux/if_packet.h>
#include <linux/if_vlan.h>
#include <linux/in.h>
#include <linux/virtio_net.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ipv6.h>

#include "fuzz.h"

#define PATTERN_ORDER	4
#define PATTERN_SIZE	(PAGE_SIZE << PATTERN_ORDER)

/* Not written to after initialisation: fragments of all packets share it. */
static struct page *pattern_page;
static u8 *pattern;
static __wsum pattern_sum;

/* For packets of the fuzzer's own ifnet, which has no device. */
static struct net_device *some_dev;

static atomic_t live_skbs = ATOMIC_INIT(0);

static void destroyed(struct sk_buff *skb)
{
	atomic_dec(&live_skbs);
}

/* Count the packet until it is freed. */
void fuzz_track(struct sk_buff *skb)
{
	skb->destructor = destroyed;
	atomic_inc(&live_skbs);
}

static void put(struct fuzz_maker *m, const void *data, unsigned int n)
{
	n = min_t(unsigned int, n, sizeof(m->head) - m->len);
	memcpy(m->head + m->len, data, n);
	m->len += n;
}

static void put_noise(struct fuzz_maker *m, unsigned int n)
{
	n = min_t(unsigned int, n, sizeof(m->head) - m->len);
	prandom_bytes_state(&m->rnd, m->head + m->len, n);
	m->len += n;
}

static void put16(struct fuzz_maker *m, u16 value)
{
	__be16 be = htons(value);

	put(m, &be, sizeof(be));
}

/* Length of the rest of the frame, or a wrong one. */
static u16 rest(struct fuzz_maker *m)
{
	if (one_in(&m->rnd, 6))
		return rnd(&m->rnd, 65536);
	return m->total > m->len ? m->total - m->len : 0;
}

static unsigned int some_length(struct fuzz_maker *m)
{
	switch (rnd(&m->rnd, 20)) {
	case 0:
		return rnd(&m->rnd, 20);
	case 1 ... 3:
		return rnd(&m->rnd, 80);
	case 4 ... 11:
		return 34 + rnd(&m->rnd, 200);
	case 12 ... 16:
		return 60 + rnd(&m->rnd, 1455);
	case 17 ... 18:
		return rnd(&m->rnd, 9019);
	default:
		return rnd(&m->rnd, 65536 + ETH_HLEN);
	}
}

static void put_address(struct fuzz_maker *m, const u8 *own)
{
	static const u8 known[][ETH_ALEN] = {
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		{ 0x01, 0x00, 0x5e, 0x00, 0x00, 0x01 },
		{ 0x33, 0x33, 0x00, 0x00, 0x00, 0x01 },
		{ 0x01, 0x80, 0xc2, 0x00, 0x00, 0x00 },
		{ 0x01, 0x80, 0xc2, 0x00, 0x00, 0x01 },
		{ 0x00, 0x00, 0x00, 0x00, 0x00, 0x00 },
	};

	if (own && rnd(&m->rnd, 3))
		put(m, own, ETH_ALEN);
	else if (rnd(&m->rnd, 3))
		put(m, known[rnd(&m->rnd, ARRAY_SIZE(known))], ETH_ALEN);
	else
		put_noise(m, ETH_ALEN);
}

/* Addresses of the script that loads this, of groups, or random ones. */
__be32 fuzz_some_inet(struct fuzz_maker *m)
{
	static const u32 known[] = {
		0x0a070001, 0x0a070002, 0x0a080001, 0x0a080002, 0x0a0700ff,
		0xe0000001, 0xe0000016, 0xffffffff, 0x7f000001, 0,
	};

	if (one_in(&m->rnd, 8))
		return htonl(prandom_u32_state(&m->rnd));
	return htonl(known[rnd(&m->rnd, ARRAY_SIZE(known))]);
}

void fuzz_some_inet6(struct fuzz_maker *m, struct in6_addr *addr)
{
	static const u8 group[] = { 1, 2, 0x16, 0xfb };

	memset(addr, 0, sizeof(*addr));
	switch (rnd(&m->rnd, 6)) {
	case 0:
		prandom_bytes_state(&m->rnd, addr, sizeof(*addr));
		break;
	case 1:
		ipv6_addr_set(addr, htonl(0xff020000), 0, 0,
			      htonl(group[rnd(&m->rnd, sizeof(group))]));
		break;
	case 2:
		ipv6_addr_set(addr, htonl(0xfe800000), 0, 0,
			      htonl(1 + rnd(&m->rnd, 3)));
		break;
	case 3:
		addr->s6_addr[15] = rnd(&m->rnd, 2);
		break;
	default:
		ipv6_addr_set(addr, htonl(0xfd000007), 0, 0,
			      htonl(1 + rnd(&m->rnd, 3)));
		break;
	}
}

/* Write the header of some protocol above IP, more or less correct. */
static void put_l4(struct fuzz_maker *m, u8 proto)
{
	static const u16 ports[] = { 53, 67, 68, 123, 319, 546, 4789, 5001 };
	struct rnd_state *r = &m->rnd;
	struct tcphdr tcp = {};

	if (rnd(r, 3))
		m->l4 = m->len;
	switch (proto) {
	case IPPROTO_UDP:
		m->check = one_in(r, 3) ? 0 : offsetof(struct udphdr, check);
		put16(m, ports[rnd(r, ARRAY_SIZE(ports))]);
		put16(m, rnd(r, 2) ? ports[rnd(r, ARRAY_SIZE(ports))] :
				     rnd(r, 65536));
		put16(m, rest(m) + 4);
		put16(m, one_in(r, 2) ? 0 : rnd(r, 65536));
		break;
	case IPPROTO_TCP:
		m->check = one_in(r, 3) ? 0 : offsetof(struct tcphdr, check);
		prandom_bytes_state(r, &tcp, sizeof(tcp));
		tcp.dest = htons(ports[rnd(r, ARRAY_SIZE(ports))]);
		if (rnd(r, 4)) {
			tcp.doff = 5 + rnd(r, 6);
			tcp.syn = rnd(r, 2);
			tcp.rst = one_in(r, 8);
		}
		put(m, &tcp, sizeof(tcp));
		put_noise(m, 40);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		m->check = one_in(r, 3) ? 0 : offsetof(struct icmphdr, checksum);
		/* Mostly echo requests; also errors, redirects and others. */
		put16(m, rnd(r, 2) ? (proto == IPPROTO_ICMP ? 8 : 128) << 8 :
		      proto == IPPROTO_ICMP ? rnd(r, 20) << 8 | rnd(r, 4) :
		      (rnd(r, 2) ? 1 + rnd(r, 4) : 128 + rnd(r, 20)) << 8);
		put_noise(m, 38);
		break;
	default:
		put_noise(m, rnd(r, 64));
		break;
	}
}

static u8 some_proto(struct fuzz_maker *m)
{
	static const u8 known[] = {
		IPPROTO_UDP, IPPROTO_TCP, IPPROTO_ICMP, IPPROTO_ICMPV6,
		IPPROTO_UDP, IPPROTO_TCP, IPPROTO_ICMP, IPPROTO_ICMPV6,
		IPPROTO_IGMP, IPPROTO_GRE, IPPROTO_IPIP, IPPROTO_IPV6,
		IPPROTO_ESP, IPPROTO_AH, IPPROTO_SCTP, IPPROTO_NONE,
	};

	if (one_in(&m->rnd, 12))
		return rnd(&m->rnd, 256);
	return known[rnd(&m->rnd, ARRAY_SIZE(known))];
}

static void put_inet(struct fuzz_maker *m)
{
	struct rnd_state *r = &m->rnd;
	struct iphdr ip = {
		.version = one_in(r, 20) ? rnd(r, 16) : 4,
		.ihl = one_in(r, 8) ? rnd(r, 16) : 5,
		.tos = rnd(r, 256),
		.tot_len = htons(rest(m)),
		.id = htons(rnd(r, 8)),
		.ttl = one_in(r, 8) ? rnd(r, 3) : 64,
		.protocol = some_proto(m),
		.saddr = fuzz_some_inet(m),
		.daddr = fuzz_some_inet(m),
	};
	unsigned int at = m->len;

	m->l3 = at;
	if (one_in(r, 4))
		ip.frag_off = htons((rnd(r, 2) ? IP_MF : 0) | rnd(r, 32) * 8);
	else if (rnd(r, 2))
		ip.frag_off = htons(IP_DF);
	put(m, &ip, sizeof(ip));
	if (ip.ihl > 5)
		put_noise(m, ip.ihl * 4 - sizeof(ip));
	if (ip.ihl >= 5 && m->len >= at + ip.ihl * 4 && rnd(r, 10)) {
		__sum16 sum = ip_fast_csum(m->head + at, ip.ihl);

		memcpy(m->head + at + offsetof(struct iphdr, check), &sum,
		       sizeof(sum));
	}
	m->pseudo = csum_tcpudp_nofold(ip.saddr, ip.daddr, m->total - m->len,
				       ip.protocol, 0);
	if (ip.protocol == IPPROTO_ICMP)
		m->pseudo = 0;
	put_l4(m, ip.protocol);
}

static void put_inet6(struct fuzz_maker *m)
{
	static const u8 exts[] = {
		IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_FRAGMENT,
		IPPROTO_DSTOPTS,
	};
	struct rnd_state *r = &m->rnd;
	unsigned int n = one_in(r, 4) ? 1 + rnd(r, 4) : 0;
	u8 proto = some_proto(m);
	struct ipv6hdr ip6 = {
		.version = one_in(r, 20) ? rnd(r, 16) : 6,
		.hop_limit = one_in(r, 4) ? rnd(r, 3) : 255,
	};

	m->l3 = m->len;
	fuzz_some_inet6(m, &ip6.saddr);
	fuzz_some_inet6(m, &ip6.daddr);
	ip6.nexthdr = n ? exts[rnd(r, sizeof(exts))] : proto;
	ip6.payload_len = htons(rest(m) - sizeof(ip6));
	put(m, &ip6, sizeof(ip6));
	for (; n; n--) {
		u8 ext[8];

		prandom_bytes_state(r, ext, sizeof(ext));
		ext[0] = n > 1 ? exts[rnd(r, sizeof(exts))] : proto;
		if (rnd(r, 4))
			ext[1] = 0;
		put(m, ext, sizeof(ext));
	}
	m->pseudo = ~csum_unfold(csum_ipv6_magic(&ip6.saddr, &ip6.daddr,
						 m->total - m->len, proto, 0));
	put_l4(m, proto);
}

static void put_arp(struct fuzz_maker *m)
{
	struct arphdr arp = {
		.ar_hrd = htons(ARPHRD_ETHER),
		.ar_pro = htons(ETH_P_IP),
		.ar_hln = one_in(&m->rnd, 8) ? rnd(&m->rnd, 256) : ETH_ALEN,
		.ar_pln = one_in(&m->rnd, 8) ? rnd(&m->rnd, 256) : 4,
		.ar_op = htons(1 + rnd(&m->rnd, 3)),
	};
	__be32 addr;
	int i;

	put(m, &arp, sizeof(arp));
	for (i = 0; i < 2; i++) {
		put_address(m, NULL);
		addr = fuzz_some_inet(m);
		put(m, &addr, sizeof(addr));
	}
}

static void put_llc(struct fuzz_maker *m)
{
	static const u8 saps[][3] = {
		{ 0x42, 0x42, 0x03 }, { 0xaa, 0xaa, 0x03 }, { 0xaa, 0xaa, 0x03 },
		{ 0xe0, 0xe0, 0x03 }, { 0xff, 0xff, 0x00 }, { 0xaa, 0xaa, 0x00 },
	};
	static const u8 snaps[][5] = {
		{ 0, 0, 0, 0x08, 0 }, { 0, 0, 0x0c, 0x20, 0 },
		{ 0, 0, 0xf8, 0x80, 0x9b }, { 0, 0, 0, 0x86, 0xdd },
	};
	unsigned int i = rnd(&m->rnd, ARRAY_SIZE(saps));

	put(m, saps[i], sizeof(saps[i]));
	if (saps[i][0] != 0xaa)
		return;
	if (rnd(&m->rnd, 5))
		put(m, snaps[rnd(&m->rnd, ARRAY_SIZE(snaps))], 5);
	else
		put_noise(m, rnd(&m->rnd, 6));
}

/* Write the first bytes of a frame for @own. */
static void put_frame(struct fuzz_maker *m, const u8 *own)
{
	static const u16 tpids[] = { ETH_P_8021Q, ETH_P_8021AD, 0x9100 };
	static const u16 types[] = {
		ETH_P_IP, ETH_P_IP, ETH_P_IP, ETH_P_IPV6, ETH_P_IPV6, ETH_P_ARP,
		0, 0, ETH_P_MPLS_UC, ETH_P_PPP_DISC, ETH_P_PPP_SES, 0x88b6,
	};
	unsigned int tags = one_in(&m->rnd, 5) ? 1 + rnd(&m->rnd, 2) : 0;
	u16 type = types[rnd(&m->rnd, ARRAY_SIZE(types))];

	if (one_in(&m->rnd, 100))
		tags = rnd(&m->rnd, 20);
	put_address(m, own);
	put_address(m, NULL);
	for (; tags; tags--) {
		put16(m, tpids[rnd(&m->rnd, ARRAY_SIZE(tpids))]);
		put16(m, rnd(&m->rnd, 2) ? rnd(&m->rnd, 65536) :
					   rnd(&m->rnd, 8) << 13);
	}
	if (one_in(&m->rnd, 20)) {
		put_noise(m, 2);
		return;
	}
	/* An 802.3 frame has its length in place of the type. */
	put16(m, type ?: rest(m) - 2);
	switch (type) {
	case ETH_P_IP:
		put_inet(m);
		break;
	case ETH_P_IPV6:
		put_inet6(m);
		break;
	case ETH_P_ARP:
		put_arp(m);
		break;
	case 0:
		put_llc(m);
		break;
	default:
		put_noise(m, 24);
		break;
	}
}

static bool add_frag(struct sk_buff *skb, struct page *page, unsigned int off,
		     unsigned int len)
{
	if (skb_shinfo(skb)->nr_frags == MAX_SKB_FRAGS) {
		put_page(page);
		return false;
	}
	skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page, off, len, len);
	return true;
}

/* Add @len bytes of pattern as page fragments. */
static void add_pattern(struct fuzz_maker *m, struct sk_buff *skb,
			unsigned int len)
{
	unsigned int n;

	while (len) {
		n = min_t(unsigned int, len, PATTERN_SIZE);
		if (rnd(&m->rnd, 2) &&
		    skb_shinfo(skb)->nr_frags < MAX_SKB_FRAGS - 4)
			n = 1 + rnd(&m->rnd, n);
		get_page(pattern_page);
		if (!add_frag(skb, pattern_page,
			      rnd(&m->rnd, PATTERN_SIZE - n + 1), n))
			return;
		len -= n;
	}
}

static struct sk_buff *alloc_part(struct fuzz_maker *m, unsigned int len,
				  gfp_t gfp)
{
	unsigned int headroom, tailroom = rnd(&m->rnd, 64);
	struct sk_buff *skb;

	headroom = one_in(&m->rnd, 3) ? rnd(&m->rnd, 20) : rnd(&m->rnd, 160);
	skb = alloc_skb(headroom + len + tailroom, gfp | __GFP_NOWARN);
	if (!skb)
		return NULL;
	skb_reserve(skb, headroom);
	skb_put_data(skb, pattern + rnd(&m->rnd, PATTERN_SIZE - len + 1), len);
	return skb;
}

/* Add @len bytes of pattern as a frag_list. */
static void add_frag_list(struct fuzz_maker *m, struct sk_buff *skb,
			  unsigned int len, gfp_t gfp)
{
	struct sk_buff **tail = &skb_shinfo(skb)->frag_list, *part;
	unsigned int n;

	while (len) {
		n = min_t(unsigned int, len, 1 + rnd(&m->rnd, 20000));
		part = alloc_part(m, min_t(unsigned int, n, rnd(&m->rnd, 300)),
				  gfp);
		if (!part)
			return;
		add_pattern(m, part, n - part->len);
		skb->len += part->len;
		skb->data_len += part->len;
		skb->truesize += part->truesize;
		*tail = part;
		tail = &part->next;
		len -= n;
	}
}

/* Add the non-linear part of a frame. */
static void add_rest(struct fuzz_maker *m, struct sk_buff *skb, gfp_t gfp)
{
	unsigned int lin = skb->len, n;
	struct page *page;

	/* Headers need a page that may be written to. */
	if (lin < m->len && lin < m->total) {
		n = min(m->len, m->total) - lin;
		page = alloc_page(gfp | __GFP_NOWARN);
		if (!page)
			return;
		memcpy(page_address(page), m->head + lin, n);
		add_frag(skb, page, 0, n);
	}
	if (one_in(&m->rnd, 6))
		add_frag_list(m, skb, m->total - skb->len, gfp);
	else
		add_pattern(m, skb, m->total - skb->len);
}

/* Length of the linear part, at least a link header. */
static unsigned int some_linear(struct fuzz_maker *m)
{
	unsigned int lin = m->total;

	switch (rnd(&m->rnd, 6)) {
	case 0:
		lin = ETH_HLEN;
		break;
	case 1:
		lin = ETH_HLEN + rnd(&m->rnd, 64);
		break;
	case 2:
		lin = rnd(&m->rnd, 256);
		break;
	}
	if (lin > 8192)
		lin = 128;
	return min(m->total, max_t(unsigned int, lin, ETH_HLEN));
}

/* Fill in the checksum above IP, usually a correct one. */
static void fill_checksum(struct fuzz_maker *m, struct sk_buff *skb)
{
	unsigned int at = m->l4 + m->check;
	__sum16 sum = 0;

	if (!m->l4 || !m->check || skb_headlen(skb) < at + sizeof(sum))
		return;
	memcpy(skb->data + at, &sum, sizeof(sum));
	sum = csum_fold(skb_checksum(skb, m->l4, skb->len - m->l4, m->pseudo));
	memcpy(skb->data + at, &sum, sizeof(sum));
}

/* Request offloads, within the limits described at the top of fuzz_main.c. */
static void fill_offload(struct fuzz_maker *m, struct sk_buff *skb)
{
	static const u8 types[] = {
		VIRTIO_NET_HDR_GSO_TCPV4, VIRTIO_NET_HDR_GSO_TCPV6,
		VIRTIO_NET_HDR_GSO_UDP, VIRTIO_NET_HDR_GSO_NONE,
	};
	static const u16 sizes[] = { 1, 8, 88, 536, 1448, 1460, 9000, 65535 };
	u16 size = sizes[rnd(&m->rnd, ARRAY_SIZE(sizes))];
	u16 start = m->l4 && rnd(&m->rnd, 8) ? m->l4 : rnd(&m->rnd, 128);
	u16 check = m->check && rnd(&m->rnd, 8) ? m->check : rnd(&m->rnd, 24);
	struct virtio_net_hdr hdr = {
		.gso_type = types[rnd(&m->rnd, ARRAY_SIZE(types))],
		.flags = rnd(&m->rnd, 4) ? VIRTIO_NET_HDR_F_NEEDS_CSUM : 0,
		.gso_size = __cpu_to_virtio16(true, size),
		.csum_start = __cpu_to_virtio16(true, start),
		.csum_offset = __cpu_to_virtio16(true, check),
	};

	if (skb_has_frag_list(skb))
		hdr.gso_type = VIRTIO_NET_HDR_GSO_NONE;
	else if (one_in(&m->rnd, 6))
		hdr.gso_type |= VIRTIO_NET_HDR_GSO_ECN;
	if (virtio_net_hdr_to_skb(skb, &hdr, true))
		skb->ip_summed = CHECKSUM_NONE;
}

static const u8 *own_address(const struct fuzz_target *t)
{
	return dlil_ifnet_lladdr(t->ifp);
}

/* Make a frame, with skb->data at its link header. */
static struct sk_buff *make_frame(struct fuzz_maker *m, struct fuzz_target *t,
				  gfp_t gfp)
{
	struct sk_buff *skb;
	unsigned int i;

	m->len = 0;
	m->l3 = 0;
	m->l4 = 0;
	m->check = 0;
	m->total = some_length(m);
	/*
	 * A device receives nothing shorter, and a packet socket sends nothing
	 * shorter.
	 */
	if (t->dev)
		m->total = max_t(unsigned int, m->total, ETH_HLEN);
	put_frame(m, own_address(t));
	if (one_in(&m->rnd, 8))
		for (i = 1 + rnd(&m->rnd, 6); i; i--)
			m->head[rnd(&m->rnd, m->len)] ^= 1 << rnd(&m->rnd, 8);

	skb = alloc_part(m, some_linear(m), gfp);
	if (!skb)
		return NULL;
	fuzz_track(skb);
	memcpy(skb->data, m->head, min(skb->len, m->len));
	add_rest(m, skb, gfp);
	skb->mark = prandom_u32_state(&m->rnd);
	skb->priority = rnd(&m->rnd, 8);
	skb->dev = t->dev ?: some_dev;
	skb_reset_mac_header(skb);
	skb_set_network_header(skb, min_t(int, skb->len, ETH_HLEN));
	fill_checksum(m, skb);
	return skb;
}

static __be16 some_type(struct fuzz_maker *m)
{
	static const u16 types[] = {
		ETH_P_IP, ETH_P_IPV6, ETH_P_ARP, ETH_P_8021Q, ETH_P_8021AD,
		ETH_P_802_2, ETH_P_802_3, ETH_P_ALL, 0,
	};

	return htons(types[rnd(&m->rnd, ARRAY_SIZE(types))]);
}

static void some_tag(struct fuzz_maker *m, struct sk_buff *skb)
{
	__vlan_hwaccel_put_tag(skb, htons(rnd(&m->rnd, 4) ? ETH_P_8021Q :
							    ETH_P_8021AD),
			       rnd(&m->rnd, 4) ? rnd(&m->rnd, 65536) :
						 rnd(&m->rnd, 8) << 13);
}

/* Make a packet as a driver passes it to the stack. */
struct sk_buff *fuzz_make_received(struct fuzz_maker *m, struct fuzz_target *t,
				   gfp_t gfp)
{
	struct sk_buff *skb = make_frame(m, t, gfp);

	if (!skb)
		return NULL;
	if (skb->len >= ETH_HLEN && one_in(&m->rnd, 6))
		fill_offload(m, skb);
	if (skb->len >= ETH_HLEN)
		skb->protocol = eth_type_trans(skb, skb->dev);
	skb_reset_network_header(skb);
	skb_probe_transport_header(skb);
	if (one_in(&m->rnd, 10))
		skb->pkt_type = rnd(&m->rnd, 8);
	/* The stack loops back no packet without a route. */
	if (skb->pkt_type == PACKET_LOOPBACK)
		skb->pkt_type = PACKET_MULTICAST;
	if (!skb_is_gso(skb) && one_in(&m->rnd, 50))
		skb->protocol = some_type(m);
	if (one_in(&m->rnd, 8))
		some_tag(m, skb);
	if (one_in(&m->rnd, 200))
		skb->pfmemalloc = true;
	if (skb->ip_summed == CHECKSUM_NONE && one_in(&m->rnd, 3)) {
		skb->ip_summed = CHECKSUM_UNNECESSARY;
		if (rnd(&m->rnd, 2)) {
			skb->csum = skb_checksum(skb, 0, skb->len, 0);
			skb->ip_summed = CHECKSUM_COMPLETE;
		}
	}
	if (!t->dev && rnd(&m->rnd, 2))
		skb->dev = NULL;
	return skb;
}

/* Make a packet as a packet socket sends it. */
struct sk_buff *fuzz_make_sent(struct fuzz_maker *m, struct fuzz_target *t,
			       gfp_t gfp)
{
	struct sk_buff *skb = make_frame(m, t, gfp);
	int depth;

	if (!skb || skb->len < ETH_HLEN)
		return skb;
	skb->protocol = one_in(&m->rnd, 50) ? some_type(m) :
					      eth_hdr(skb)->h_proto;
	if (eth_type_vlan(skb->protocol) &&
	    __vlan_get_protocol(skb, skb->protocol, &depth))
		skb_set_network_header(skb, depth);
	skb_probe_transport_header(skb);
	if (one_in(&m->rnd, 6))
		fill_offload(m, skb);
	if (one_in(&m->rnd, 8))
		some_tag(m, skb);
	return skb;
}

/* Make a packet as a protocol passes it to dlil_output(). */
struct sk_buff *fuzz_make_unframed(struct fuzz_maker *m, struct fuzz_target *t,
				   gfp_t gfp)
{
	struct sk_buff *skb = make_frame(m, t, gfp);

	if (!skb)
		return NULL;
	__skb_pull(skb, min_t(unsigned int, skb->len, ETH_HLEN));
	skb->dev = NULL;
	skb_reset_network_header(skb);
	return skb;
}

/* Number of packets that have not been freed. */
int fuzz_live(void)
{
	return atomic_read(&live_skbs);
}

int fuzz_frame_init(struct net_device *dev)
{
	struct rnd_state r;

	some_dev = dev;
	pattern_page = alloc_pages(GFP_KERNEL | __GFP_COMP, PATTERN_ORDER);
	if (!pattern_page)
		return -ENOMEM;
	pattern = page_address(pattern_page);
	prandom_seed_state(&r, fuzz_seed);
	prandom_bytes_state(&r, pattern, PATTERN_SIZE);
	pattern_sum = csum_partial(pattern, PATTERN_SIZE, 0);
	return 0;
}

void fuzz_frame_exit(void)
{
	if (csum_partial(pattern, PATTERN_SIZE, 0) != pattern_sum)
		fuzz_fail("a page that packets share was written to");
	put_page(pattern_page);
}
