// SPDX-License-Identifier: GPL-2.0
/*
 * Packet fuzzer: loading it feeds frames that are wild inside through input and
 * output, and says in the end whether all is accounted for.
 *
 *	modprobe dlil_fuzz count=200000 seed=1 devices=fz0,dl0
 *
 * Frames go to an ifnet of our own, whose driver is this file, and to wrapped
 * devices of the caller's network namespace: up from the device, down from the
 * host, and by dlil_output().  Filters on all of them read, edit, replace, keep,
 * drop and inject packets; protocols and drivers take and refuse them.
 *
 * Burst number n is the same for the same seed, whichever worker feeds it.  What a
 * callback does with a packet follows from the packet's number, in skb->mark.
 *
 * Where the line is.  What is in a frame, and how long it is, is free.  Around it
 * we keep to what a driver, tun or a packet socket may do, since the kernel
 * relies on it:
 *  - lengths are consistent, and a link header, if there is one, is linear and
 *    contiguous with the data; what is received from a real device has one;
 *  - received packets are as eth_type_trans() leaves them, but for pkt_type and now
 *    and then the protocol; sent ones as packet_snd() does;
 *  - GSO and CHECKSUM_PARTIAL only as virtio_net_hdr_to_skb() permits, which is how
 *    guests and programs get them in, odd ones too; not together with a frag_list;
 *  - CHECKSUM_COMPLETE is the true sum;
 *  - filters write only to what skb_ensure_writable() gave them, do not change the
 *    length or the headers behind the link header of GSO and CHECKSUM_PARTIAL
 *    packets, and give up CHECKSUM_COMPLETE when they write;
 *  - only what is received from a device is shared (skb->users); anything may be
 *    cloned.
 * Zero-copy packets are not made.
 *
 * Oracles: every packet we made is destroyed; each flow adds up, and to what our
 * callbacks have counted; nobody has written to a clone's data or a shared page;
 * callbacks run in the context that they are promised; and the kernel's own
 * checkers.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/etherdevice.h>
#include <linux/icmp.h>
#include <linux/if_arp.h>
#include <linux/if_packet.h>
#include <linux/if_vlan.h>
#include <linux/in.h>
#include <linux/inetdevice.h>
#include <linux/jhash.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/prandom.h>
#include <linux/virtio_net.h>
#include <net/dlil.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>
#include <net/rtnetlink.h>

#define FUZZ_DEVICES	4
#define FUZZ_WORKERS	2
#define FUZZ_BURST	64
#define FUZZ_HELD	32	/* clones and shared packets that a worker holds */
#define FUZZ_PARKED	64	/* packets that filters of an ifnet keep */
#define FUZZ_DEADLINE	(60 * HZ)
#define FUZZ_IFINDEX	0x7e000001

#define PATTERN_ORDER	4
#define PATTERN_SIZE	(PAGE_SIZE << PATTERN_ORDER)

static unsigned long count = 200000;
module_param(count, ulong, 0444);
MODULE_PARM_DESC(count, "frames (200000)");

static unsigned int seed = 1;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "what frames to make (1)");

static char *devices[FUZZ_DEVICES];
static unsigned int n_devices;
module_param_array(devices, charp, &n_devices, 0444);
MODULE_PARM_DESC(devices, "wrapped devices to feed");

static unsigned long made;
module_param(made, ulong, 0444);
MODULE_PARM_DESC(made, "how many frames were made");

static unsigned int failures;
module_param(failures, uint, 0444);
MODULE_PARM_DESC(failures, "how much was wrong");

/* What our callbacks count of an ifnet. */
enum fuzz_count {
	HANDED_IN,	/* to dlil_input(), or to the device so that it gets there */
	HANDED_OUT,
	BYTES_IN,
	FIRST_IN,	/* seen by the first filter */
	FIRST_OUT,
	STOLEN_IN,	/* by a filter */
	STOLEN_OUT,
	DROPPED_IN,	/* by a filter */
	DROPPED_OUT,
	TAKEN,		/* by a protocol */
	TAKEN_STOLEN,	/* by a protocol, as DLIL_STOLEN */
	REFUSED,	/* by a protocol */
	PASSED,		/* unmatched, taken by the driver */
	KEPT,		/* by a protocol's pre_output */
	SENT,		/* by the driver */
	UNSENT,		/* refused by the driver */
	ATTACHED,	/* filters */
	DETACHED,
	N_COUNTS
};

struct fuzz_target;

/**
 * struct fuzz_filter - a filter, and how often it is attached
 * @target: on whose ifnet
 * @kind: what it does
 * @params: what it is attached with
 * @ref: the reference of its latest attachment
 */
struct fuzz_filter {
	struct fuzz_target *target;
	const struct fuzz_kind *kind;
	struct dlil_filter_params params;
	dlil_filter_t ref;
};

/**
 * struct fuzz_kind - a kind of filter
 * @name: its name
 * @often: works on one packet in so many
 * @fn: what it does with such a packet; @r is random; returns a verdict
 */
struct fuzz_kind {
	const char *name;
	unsigned int often;
	int (*fn)(struct fuzz_filter *f, struct sk_buff **skb, u32 r, bool in);
};

#define FUZZ_KINDS 9

/* In skb->mark: filter_inject() goes on and on with such a packet. */
#define ENDLESS_MASK	0xff000000
#define ENDLESS		0x5a000000

/**
 * struct fuzz_target - an ifnet that frames are fed to
 * @ifp: the ifnet
 * @dev: its device, or NULL if it is our own
 * @exact: nothing but what we feed is received by it
 * @n: counts
 * @parked: packets that filters keep, received and sent ones
 * @filters: filters
 * @in: how its flow was before
 * @out: likewise
 */
struct fuzz_target {
	struct dlil_ifnet *ifp;
	struct net_device *dev;
	bool exact;
	atomic64_t n[N_COUNTS];
	struct sk_buff_head parked[2];
	struct fuzz_filter filters[FUZZ_KINDS];
	struct dlil_flow in;
	struct dlil_flow out;
};

static struct fuzz_target targets[1 + FUZZ_DEVICES];
static unsigned int n_targets;

/* Never written to once it is filled: fragments of all packets share it. */
static struct page *pattern_page;
static u8 *pattern;

/* For packets of our own ifnet, which has none. */
static struct net_device *some_dev;

static atomic_long_t bursts = ATOMIC_LONG_INIT(0);
static atomic_long_t fed = ATOMIC_LONG_INIT(0);
static atomic_t live_skbs = ATOMIC_INIT(0);
static bool stopping;

static __printf(1, 2) void fail(const char *fmt, ...)
{
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	va_start(args, fmt);
	vaf.va = &args;
	if (failures++ < 20)
		pr_err("failed: %pV\n", &vaf);
	va_end(args);
}

static void add(struct fuzz_target *t, enum fuzz_count what, u64 n)
{
	atomic64_add(n, &t->n[what]);
}

static u64 counted(struct fuzz_target *t, enum fuzz_count what)
{
	return atomic64_read(&t->n[what]);
}

static u32 rnd(struct rnd_state *r, u32 below)
{
	return ((u64)prandom_u32_state(r) * below) >> 32;
}

static bool one_in(struct rnd_state *r, u32 n)
{
	return !rnd(r, n);
}

/* The same for the same packet and asker. */
static u32 whim(const struct sk_buff *skb, u32 asker)
{
	return jhash_2words(skb->mark, asker, seed);
}

/* Packets */

static void destroyed(struct sk_buff *skb)
{
	atomic_dec(&live_skbs);
}

/* Its end will be noticed. */
static void track(struct sk_buff *skb)
{
	skb->destructor = destroyed;
	atomic_inc(&live_skbs);
}

/**
 * struct maker - a frame in the making
 * @rnd: where it comes from
 * @head: its first bytes; the rest is pattern
 * @len: how many
 * @total: length of the frame
 * @l3: where the network header is
 * @l4: where the transport header is, 0 if nowhere
 * @check: where in that its checksum is, 0 if it is to be left alone
 * @pseudo: sum of the pseudo header that goes with it
 */
struct maker {
	struct rnd_state rnd;
	u8 head[320];
	unsigned int len;
	unsigned int total;
	unsigned int l3;
	unsigned int l4;
	unsigned int check;
	__wsum pseudo;
};

static void put(struct maker *m, const void *data, unsigned int n)
{
	n = min_t(unsigned int, n, sizeof(m->head) - m->len);
	memcpy(m->head + m->len, data, n);
	m->len += n;
}

static void put_noise(struct maker *m, unsigned int n)
{
	n = min_t(unsigned int, n, sizeof(m->head) - m->len);
	prandom_bytes_state(&m->rnd, m->head + m->len, n);
	m->len += n;
}

static void put16(struct maker *m, u16 value)
{
	__be16 be = htons(value);

	put(m, &be, sizeof(be));
}

/* How long the rest of the frame is, or not. */
static u16 rest(struct maker *m)
{
	if (one_in(&m->rnd, 6))
		return rnd(&m->rnd, 65536);
	return m->total > m->len ? m->total - m->len : 0;
}

static unsigned int some_length(struct maker *m)
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

static void put_address(struct maker *m, const u8 *own)
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

/* Those of the script that loads us, groups, and any. */
static __be32 some_inet(struct maker *m)
{
	static const u32 known[] = {
		0x0a070001, 0x0a070002, 0x0a080001, 0x0a080002, 0x0a0700ff,
		0xe0000001, 0xe0000016, 0xffffffff, 0x7f000001, 0,
	};

	if (one_in(&m->rnd, 8))
		return htonl(prandom_u32_state(&m->rnd));
	return htonl(known[rnd(&m->rnd, ARRAY_SIZE(known))]);
}

static void some_inet6(struct maker *m, struct in6_addr *addr)
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

/* The header of some protocol above IP, more or less right. */
static void put_l4(struct maker *m, u8 proto)
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
		/* Echo requests, mostly; errors, redirects and the rest. */
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

static u8 some_proto(struct maker *m)
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

static void put_inet(struct maker *m)
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
		.saddr = some_inet(m),
		.daddr = some_inet(m),
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

static void put_inet6(struct maker *m)
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
	some_inet6(m, &ip6.saddr);
	some_inet6(m, &ip6.daddr);
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

static void put_arp(struct maker *m)
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
		addr = some_inet(m);
		put(m, &addr, sizeof(addr));
	}
}

static void put_llc(struct maker *m)
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

/* The first bytes of a frame for @own. */
static void put_frame(struct maker *m, const u8 *own)
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
	/* The length of an 802.3 frame stands in the place of the type. */
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

/* @len bytes of pattern behind the linear part. */
static void add_pattern(struct maker *m, struct sk_buff *skb, unsigned int len)
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

static struct sk_buff *alloc_part(struct maker *m, unsigned int len, gfp_t gfp)
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

/* @len bytes of pattern in packets behind the packet. */
static void add_frag_list(struct maker *m, struct sk_buff *skb,
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

/* What is not linear of a frame. */
static void add_rest(struct maker *m, struct sk_buff *skb, gfp_t gfp)
{
	unsigned int lin = skb->len, n;
	struct page *page;

	/* The headers want a page that they can be written to. */
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

/* The linear part, at least a link header. */
static unsigned int some_linear(struct maker *m)
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

/* Where there is a checksum above IP, it is right as a rule. */
static void fill_checksum(struct maker *m, struct sk_buff *skb)
{
	unsigned int at = m->l4 + m->check;
	__sum16 sum = 0;

	if (!m->l4 || !m->check || skb_headlen(skb) < at + sizeof(sum))
		return;
	memcpy(skb->data + at, &sum, sizeof(sum));
	sum = csum_fold(skb_checksum(skb, m->l4, skb->len - m->l4, m->pseudo));
	memcpy(skb->data + at, &sum, sizeof(sum));
}

/* See the top: who may ask for offloads. */
static void fill_offload(struct maker *m, struct sk_buff *skb)
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

/* A frame with skb->data at its link header. */
static struct sk_buff *make_frame(struct maker *m, struct fuzz_target *t,
				  gfp_t gfp)
{
	struct sk_buff *skb;
	unsigned int i;

	m->len = 0;
	m->l3 = 0;
	m->l4 = 0;
	m->check = 0;
	m->total = some_length(m);
	/* A device receives, and a packet socket sends, nothing shorter. */
	if (t->dev)
		m->total = max_t(unsigned int, m->total, ETH_HLEN);
	put_frame(m, own_address(t));
	if (one_in(&m->rnd, 8))
		for (i = 1 + rnd(&m->rnd, 6); i; i--)
			m->head[rnd(&m->rnd, m->len)] ^= 1 << rnd(&m->rnd, 8);

	skb = alloc_part(m, some_linear(m), gfp);
	if (!skb)
		return NULL;
	track(skb);
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

static __be16 some_type(struct maker *m)
{
	static const u16 types[] = {
		ETH_P_IP, ETH_P_IPV6, ETH_P_ARP, ETH_P_8021Q, ETH_P_8021AD,
		ETH_P_802_2, ETH_P_802_3, ETH_P_ALL, 0,
	};

	return htons(types[rnd(&m->rnd, ARRAY_SIZE(types))]);
}

static void some_tag(struct maker *m, struct sk_buff *skb)
{
	__vlan_hwaccel_put_tag(skb, htons(rnd(&m->rnd, 4) ? ETH_P_8021Q :
							    ETH_P_8021AD),
			       rnd(&m->rnd, 4) ? rnd(&m->rnd, 65536) :
						 rnd(&m->rnd, 8) << 13);
}

/* As a driver hands a packet in. */
static struct sk_buff *make_received(struct maker *m, struct fuzz_target *t,
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

/* As a packet socket sends one. */
static struct sk_buff *make_sent(struct maker *m, struct fuzz_target *t,
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

/* As a protocol hands one to dlil_output(). */
static struct sk_buff *make_unframed(struct maker *m, struct fuzz_target *t,
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

/* Filters */

static void hand_out(struct fuzz_target *t, u32 family,
		     struct sk_buff_head *list, const struct sockaddr *dest,
		     u32 flags)
{
	int err;

	add(t, HANDED_OUT, skb_queue_len(list));
	err = dlil_output(t->ifp, family, list, dest, flags);
	if (err > 0 || err < -MAX_ERRNO || err == -ENOTSUPP)
		fail("dlil_output() returned %d", err);
	if (!skb_queue_empty(list))
		fail("dlil_output() left something in the list");
}

static void park(struct fuzz_target *t, struct sk_buff *skb, bool in)
{
	if (skb_queue_len_lockless(&t->parked[in]) < FUZZ_PARKED)
		skb_queue_tail(&t->parked[in], skb);
	else
		kfree_skb(skb);
}

static int filter_count(struct fuzz_filter *f, struct sk_buff **skb, u32 r,
			bool in)
{
	add(f->target, in ? FIRST_IN : FIRST_OUT, 1);
	return 0;
}

static int filter_read(struct fuzz_filter *f, struct sk_buff **pskb, u32 r,
		       bool in)
{
	unsigned int from, len, header;
	struct sk_buff *skb = *pskb;
	struct flow_keys_basic keys;
	u8 buf[64];

	header = skb->data - skb_mac_header(skb);
	from = skb->len ? r % skb->len : 0;
	len = min_t(unsigned int, skb->len - from, sizeof(buf));
	if (skb_copy_bits(skb, from, buf, len))
		fail("%u bytes at %u of %u cannot be read", len, from,
		     skb->len);
	if (len && !skb_header_pointer(skb, from, len, buf))
		fail("no pointer to %u bytes at %u of %u", len, from, skb->len);
	skb_checksum(skb, from, skb->len - from, 0);
	if (skb->dev)
		skb_flow_dissect_flow_keys_basic(NULL, skb, &keys, NULL, 0, 0,
						 0, 0);
	/* The link header stands in front of what is received. */
	if (in && header && header != ETH_HLEN)
		fail("received packet with a link header of %u bytes", header);
	if (!in && header)
		fail("sent packet with %u bytes in front of it", header);
	if (in && r % 4096 == 0)
		schedule_timeout_uninterruptible(1);
	return 0;
}

static void edit_addresses(struct sk_buff *skb, u32 r)
{
	unsigned int header = skb->data - skb_mac_header(skb);

	__skb_push(skb, header);
	if (skb->len >= ETH_HLEN && !skb_ensure_writable(skb, ETH_HLEN))
		skb->data[r % (2 * ETH_ALEN)] ^= r >> 8;
	__skb_pull(skb, header);
}

static void edit_bytes(struct sk_buff *skb, u32 r)
{
	unsigned int len = min_t(unsigned int, skb->len, 1 + r % 300);

	if (len && !skb_ensure_writable(skb, len))
		skb->data[len - 1] ^= r >> 8;
}

/* Also of packets whose layout others rely on, see the top. */
static void edit_any(struct sk_buff *skb, u32 r, bool in)
{
	switch (r % 6) {
	case 0:
		edit_addresses(skb, r >> 3);
		break;
	case 1:
		skb_cow(skb, r >> 3 & 127);
		break;
	case 2:
		pskb_expand_head(skb, r >> 3 & 31, r >> 8 & 31, GFP_ATOMIC);
		break;
	case 3:
		skb->priority = r >> 3 & 7;
		if (in)
			skb->pkt_type = r >> 6 & 3;
		break;
	case 4:
		if (skb_vlan_tag_present(skb))
			__vlan_hwaccel_clear_tag(skb);
		else
			__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q), r >> 3);
		break;
	case 5:
		skb_linearize(skb);
		break;
	}
}

static void edit_all(struct sk_buff *skb, u32 r, bool in)
{
	unsigned int least = in ? 0 : min_t(unsigned int, skb->len, ETH_HLEN);

	switch (r % 5) {
	case 0:
		edit_bytes(skb, r >> 3);
		break;
	case 1: /* shorter */
		pskb_trim(skb, least + (r >> 3) % (skb->len - least + 1));
		break;
	case 2: /* longer, if there is memory */
		if (__skb_put_padto(skb, min_t(unsigned int, 65535, skb->len +
					       (r >> 3) % 200), false))
			return;
		break;
	case 3:
		if (!in && skb->len >= ETH_HLEN) {
			skb_reset_mac_len(skb);
			skb_vlan_push(skb, htons(ETH_P_8021Q), r >> 3);
		}
		break;
	case 4:
		if (!in && skb->len >= ETH_HLEN) {
			skb_reset_mac_len(skb);
			skb_vlan_pop(skb);
		}
		break;
	}
}

static int filter_edit(struct fuzz_filter *f, struct sk_buff **pskb, u32 r,
		       bool in)
{
	struct sk_buff *skb = *pskb;

	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE;
	if (r & 1 || skb_is_gso(skb) || skb->ip_summed == CHECKSUM_PARTIAL)
		edit_any(skb, r >> 1, in);
	else
		edit_all(skb, r >> 1, in);
	return 0;
}

/* By a copy of some sort, or by another one. */
static int filter_replace(struct fuzz_filter *f, struct sk_buff **pskb, u32 r,
			  bool in)
{
	gfp_t gfp = in ? GFP_KERNEL : GFP_ATOMIC;
	struct sk_buff *old = *pskb, *new;
	struct maker m;
	int room;

	switch (r % 5) {
	case 0:
		new = skb_copy(old, gfp | __GFP_NOWARN);
		break;
	case 1:
		new = pskb_copy(old, gfp);
		break;
	case 2:
		new = skb_clone(old, gfp);
		break;
	case 3:
		/* The link header of a received packet wants its room. */
		room = skb_headroom(old) - (old->data - skb_mac_header(old));
		room = max_t(int, (r >> 3 & 127) - 64, -room);
		new = skb_copy_expand(old, skb_headroom(old) + room,
				      r >> 10 & 127, gfp | __GFP_NOWARN);
		break;
	default:
		prandom_seed_state(&m.rnd, r);
		new = in ? make_received(&m, f->target, gfp) :
			   make_sent(&m, f->target, gfp);
		if (new)
			new->dev = old->dev;
		break;
	}
	if (!new)
		return 0;
	if (!new->destructor)
		track(new);
	*pskb = new;
	if (r & BIT(20))
		park(f->target, old, in);
	else
		consume_skb(old);
	return 0;
}

static int filter_steal(struct fuzz_filter *f, struct sk_buff **skb, u32 r,
			bool in)
{
	add(f->target, in ? STOLEN_IN : STOLEN_OUT, 1);
	if (r & 1)
		park(f->target, *skb, in);
	else
		kfree_skb(*skb);
	return DLIL_STOLEN;
}

static int filter_drop(struct fuzz_filter *f, struct sk_buff **skb, u32 r,
		       bool in)
{
	static const int errors[] = { -EPERM, -ENOTSUPP, -EINVAL, -ENOBUFS };

	add(f->target, in ? DROPPED_IN : DROPPED_OUT, 1);
	if (r & 4) {
		kfree_skb(*skb);
		*skb = NULL;
	}
	return errors[r & 3];
}

/*
 * Send a copy, as one that mirrors or answers would.  The copies of some packets
 * are copied in turn, until the core stops that.
 */
static int filter_inject(struct fuzz_filter *f, struct sk_buff **pskb, u32 r,
			 bool in)
{
	bool endless = ((*pskb)->mark & ENDLESS_MASK) == ENDLESS;
	struct sk_buff *skb = *pskb, *copy;
	struct sk_buff_head list;

	if ((in || !endless) && r % 16)
		return 0;
	copy = skb_clone(skb, in ? GFP_KERNEL : GFP_ATOMIC);
	if (!copy)
		return 0;
	track(copy);
	if (in)
		__skb_push(copy, copy->data - skb_mac_header(copy));
	if (copy->ip_summed == CHECKSUM_COMPLETE)
		copy->ip_summed = CHECKSUM_NONE;
	if (!endless)
		copy->mark = whim(skb, 4001);
	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, copy);
	hand_out(f->target, 0, &list, NULL, DLIL_OUTPUT_RAW);
	return 0;
}

/* All later ones of ours, since all have the same callback. */
static int filter_skip(struct fuzz_filter *f, struct sk_buff **skb, u32 r,
		       bool in)
{
	return DLIL_SKIP;
}

static const struct fuzz_kind kinds[FUZZ_KINDS] = {
	{ "fuzz-count", 1, filter_count },
	{ "fuzz-read", 1, filter_read },
	{ "fuzz-inject", 1, filter_inject },
	{ "fuzz-edit", 3, filter_edit },
	{ "fuzz-skip", 40, filter_skip },
	{ "fuzz-replace", 10, filter_replace },
	{ "fuzz-drop", 12, filter_drop },
	{ "fuzz-steal", 12, filter_steal },
	{ "fuzz-again", 3, filter_edit },
};

static int run_filter(struct fuzz_filter *f, struct dlil_ifnet *ifp,
		      struct sk_buff **skb, bool in)
{
	u32 asker = (f->kind - kinds) * 2 + in;
	u32 r = whim(*skb, asker);

	if (ifp != f->target->ifp)
		fail("%s was called for another ifnet", f->kind->name);
	if (skb_shared(*skb) || (*skb)->next)
		fail("%s got a packet that is not private", f->kind->name);
	if (r % f->kind->often)
		return 0;
	return f->kind->fn(f, skb, whim(*skb, asker + 1000), in);
}

static int fuzz_filter_in(void *cookie, struct dlil_ifnet *ifp, u32 family,
			  struct sk_buff **skb)
{
	might_sleep();
	if (in_softirq() || !(current->flags & PF_KTHREAD))
		fail("an input filter does not run in a thread");
	return run_filter(cookie, ifp, skb, true);
}

static int fuzz_filter_out(void *cookie, struct dlil_ifnet *ifp, u32 family,
			   struct sk_buff **skb)
{
	if (!in_softirq())
		fail("an output filter runs with bottom halves on");
	return run_filter(cookie, ifp, skb, false);
}

static void fuzz_filter_detached(void *cookie, struct dlil_ifnet *ifp)
{
	struct fuzz_filter *f = cookie;

	might_sleep();
	add(f->target, DETACHED, 1);
}

static const struct dlil_filter_ops filter_ops = {
	.owner = THIS_MODULE,
	.input = fuzz_filter_in,
	.output = fuzz_filter_out,
	.detached = fuzz_filter_detached,
};

/* Protocols, of our own ifnet only */

static int fuzz_input(void *cookie, struct dlil_ifnet *ifp, u32 family,
		      struct sk_buff *skb)
{
	struct fuzz_target *t = cookie;

	might_sleep();
	switch (whim(skb, 2000) % 8) {
	case 0:
		add(t, REFUSED, 1);
		return -EPROTO;
	case 1:
		add(t, TAKEN_STOLEN, 1);
		kfree_skb(skb);
		return DLIL_STOLEN;
	default:
		add(t, TAKEN, 1);
		consume_skb(skb);
		return 0;
	}
}

/* Takes none, some or all. */
static int fuzz_input_list(void *cookie, struct dlil_ifnet *ifp, u32 family,
			   struct sk_buff_head *list)
{
	static const int results[] = { 0, 0, DLIL_STOLEN, -EPROTO };
	struct sk_buff *skb, *next;
	struct fuzz_target *t = cookie;
	u32 n = 0;
	int ret;

	might_sleep();
	ret = results[whim(skb_peek(list), 3000) % ARRAY_SIZE(results)];
	skb_queue_walk_safe(list, skb, next) {
		if (whim(skb, 2000) % 8 == 0)
			continue;
		__skb_unlink(skb, list);
		consume_skb(skb);
		n++;
	}
	add(t, ret == DLIL_STOLEN ? TAKEN_STOLEN : TAKEN, n);
	add(t, REFUSED, skb_queue_len(list));
	return ret;
}

static int fuzz_pre_output(void *cookie, struct dlil_ifnet *ifp, u32 family,
			   struct sk_buff *skb, const struct sockaddr *dest,
			   struct dlil_frame *frame)
{
	struct fuzz_target *t = cookie;
	u32 r = whim(skb, 2001);

	if (!in_softirq())
		fail("pre_output runs with bottom halves on");
	switch (r % 8) {
	case 0:
		add(t, KEPT, 1);
		kfree_skb(skb);
		return DLIL_STOLEN;
	case 1:
		return -EHOSTUNREACH;
	}
	frame->type = htons(r >> 8);
	memcpy(frame->dest, &r, sizeof(r));
	return 0;
}

static const struct dlil_proto_ops proto_ops = {
	.owner = THIS_MODULE,
	.input = fuzz_input,
	.input_list = fuzz_input_list,
	.pre_output = fuzz_pre_output,
};

static const struct dlil_demux_desc inet_descs[] = {
	{ DLIL_DESC_ETYPE, 2, { 0x08, 0x00 } },
	{ DLIL_DESC_ETYPE, 2, { 0x08, 0x06 } },
};

static const struct dlil_demux_desc inet6_descs[] = {
	{ DLIL_DESC_ETYPE, 2, { 0x86, 0xdd } },
};

static const struct dlil_demux_desc vlan_descs[] = {
	{ DLIL_DESC_ETYPE, 2, { 0x81, 0x00 } },
	{ DLIL_DESC_ETYPE, 2, { 0x88, 0xa8 } },
};

static const struct dlil_demux_desc llc_descs[] = {
	{ DLIL_DESC_SAP, 3, { 0x42, 0x42, 0x03 } },
	{ DLIL_DESC_SNAP, 5, { 0, 0, 0, 0x08, 0 } },
	{ DLIL_DESC_SNAP, 5, { 0, 0, 0x0c, 0x20, 0 } },
};

static const struct {
	u32 family;
	const struct dlil_demux_desc *descs;
	unsigned int n;
} protos[] = {
	{ DLIL_PF_INET, inet_descs, ARRAY_SIZE(inet_descs) },
	{ DLIL_PF_INET6, inet6_descs, ARRAY_SIZE(inet6_descs) },
	{ DLIL_PF_VLAN, vlan_descs, ARRAY_SIZE(vlan_descs) },
	{ DLIL_PF_PRIVATE + 1, llc_descs, ARRAY_SIZE(llc_descs) },
};

/* The driver of our own ifnet */

static int fuzz_output(struct dlil_ifnet *ifp, struct sk_buff *skb)
{
	struct fuzz_target *t = dlil_ifnet_priv(ifp);
	bool sent = whim(skb, 2002) % 8;

	if (!in_softirq())
		fail("the driver's output runs with bottom halves on");
	add(t, sent ? SENT : UNSENT, 1);
	kfree_skb(skb);
	return sent ? 0 : -ENOBUFS;
}

static void fuzz_unmatched(struct dlil_ifnet *ifp, struct sk_buff_head *list,
			   enum dlil_drop_reason why)
{
	struct fuzz_target *t = dlil_ifnet_priv(ifp);
	struct sk_buff *skb, *next;

	might_sleep();
	skb_queue_walk_safe(list, skb, next) {
		if (whim(skb, 2003) % 2)
			continue;
		__skb_unlink(skb, list);
		kfree_skb(skb);
		add(t, PASSED, 1);
	}
}

static const struct dlil_driver_ops driver_ops = {
	.output = fuzz_output,
	.unmatched = fuzz_unmatched,
};

/* Feeding */

/**
 * struct held - a packet that a worker holds on to while others work on it
 * @skb: the packet
 * @sum: of its data, if that must not change; else it is shared
 * @clone: whether it is a clone
 */
struct held {
	struct sk_buff *skb;
	__wsum sum;
	bool clone;
};

struct worker {
	struct completion done;
	struct maker m;
	struct held held[FUZZ_HELD];
	unsigned int n_held;
};

static struct worker workers[FUZZ_WORKERS];

static void let_go(struct worker *w, unsigned int i)
{
	struct held *h = &w->held[i];

	if (!h->skb)
		return;
	if (h->clone && skb_checksum(h->skb, 0, h->skb->len, 0) != h->sum)
		fail("the data of a clone was changed");
	kfree_skb(h->skb);
	h->skb = NULL;
}

static void hold(struct worker *w, struct sk_buff *skb, bool clone)
{
	unsigned int i = w->n_held++ % FUZZ_HELD;

	let_go(w, i);
	w->held[i] = (struct held){
		.skb = skb,
		.sum = clone ? skb_checksum(skb, 0, skb->len, 0) : 0,
		.clone = clone,
	};
}

/* Not of what the kernel's own segmentation of UDP writes to, clone or not. */
static void maybe_clone(struct worker *w, struct sk_buff *skb)
{
	struct sk_buff *clone;

	if (rnd(&w->m.rnd, 6) || skb_shinfo(skb)->gso_type & SKB_GSO_UDP)
		return;
	clone = skb_clone(skb, GFP_KERNEL);
	if (!clone)
		return;
	track(clone);
	hold(w, clone, true);
}

typedef struct sk_buff *(*make_fn)(struct maker *m, struct fuzz_target *t,
				   gfp_t gfp);

static struct sk_buff *next_packet(struct worker *w, struct fuzz_target *t,
				   make_fn make)
{
	struct sk_buff *skb = make(&w->m, t, GFP_KERNEL);

	if (skb)
		maybe_clone(w, skb);
	return skb;
}

static unsigned int make_list(struct worker *w, struct fuzz_target *t,
			      make_fn make, unsigned int n,
			      struct sk_buff_head *list)
{
	struct sk_buff *skb;

	__skb_queue_head_init(list);
	while (n--) {
		skb = next_packet(w, t, make);
		if (skb)
			__skb_queue_tail(list, skb);
	}
	return skb_queue_len(list);
}

/* Which of the frames for a device get as far as its rx_handler. */
static bool reaches_handler(const struct sk_buff *skb)
{
	if (skb->pkt_type == PACKET_LOOPBACK || skb->pfmemalloc)
		return false;
	return !eth_type_vlan(skb->protocol) || skb_vlan_tag_present(skb) ||
	       skb->len >= VLAN_HLEN + sizeof(u16);
}

static void count_in(struct fuzz_target *t, const struct sk_buff *skb)
{
	add(t, HANDED_IN, 1);
	add(t, BYTES_IN, skb->len + (skb->data - skb_mac_header(skb)));
}

static void hand_in(struct fuzz_target *t, struct sk_buff_head *list,
		    const struct dlil_stats *inc)
{
	struct sk_buff *skb;
	int err;

	skb_queue_walk(list, skb)
		count_in(t, skb);
	err = dlil_input(t->ifp, list, inc);
	if (err && err != -ENOBUFS)
		fail("dlil_input() returned %d", err);
	if (!skb_queue_empty(list))
		fail("dlil_input() left something in the list");
}

static void feed_input(struct worker *w, struct fuzz_target *t, unsigned int n)
{
	static const struct dlil_stats inc = { .ierrors = 1 };
	struct sk_buff_head list;
	struct sk_buff *skb;
	int err;

	if (!make_list(w, t, make_received, n, &list))
		return;
	if (rnd(&w->m.rnd, 2)) {
		hand_in(t, &list, rnd(&w->m.rnd, 2) ? &inc : NULL);
		return;
	}
	while ((skb = __skb_dequeue(&list))) {
		count_in(t, skb);
		err = dlil_input_one(t->ifp, skb);
		if (err && err != -ENOBUFS)
			fail("dlil_input_one() returned %d", err);
	}
}

/* Packets that the device receives. */
static void feed_device(struct worker *w, struct fuzz_target *t, unsigned int n)
{
	bool as_list = rnd(&w->m.rnd, 2);
	struct sk_buff_head list;
	struct sk_buff *skb;
	LIST_HEAD(packets);

	make_list(w, t, make_received, n, &list);
	while ((skb = __skb_dequeue(&list))) {
		if (reaches_handler(skb))
			add(t, HANDED_IN, 1);
		if (one_in(&w->m.rnd, 12))
			hold(w, skb_get(skb), false);
		list_add_tail(&skb->list, &packets);
	}
	local_bh_disable();
	if (as_list)
		netif_receive_skb_list(&packets);
	while (!as_list && !list_empty(&packets)) {
		skb = list_first_entry(&packets, struct sk_buff, list);
		skb_list_del_init(skb);
		netif_receive_skb(skb);
	}
	local_bh_enable();
}

/* Packets that the host sends by the device. */
static void feed_xmit(struct worker *w, struct fuzz_target *t, unsigned int n)
{
	struct sk_buff *skb;

	while (n--) {
		skb = next_packet(w, t, make_sent);
		if (skb)
			dev_queue_xmit(skb);
	}
}

static void feed_raw(struct worker *w, struct fuzz_target *t, unsigned int n)
{
	struct sk_buff_head list;

	make_list(w, t, make_sent, n, &list);
	hand_out(t, rnd(&w->m.rnd, 2) ? DLIL_PF_INET : 0, &list, NULL,
		 DLIL_OUTPUT_RAW);
}

/* Packets that want a link header, to somewhere. */
static void feed_framed(struct worker *w, struct fuzz_target *t, unsigned int n)
{
	static const u32 families[] = {
		DLIL_PF_INET, DLIL_PF_INET, DLIL_PF_INET6, DLIL_PF_INET6,
		DLIL_PF_VLAN, DLIL_PF_PRIVATE + 1, DLIL_PF_PRIVATE + 9, 0,
	};
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6 };
	struct sockaddr *dest = (struct sockaddr *)&sin;
	u32 family = families[rnd(&w->m.rnd, ARRAY_SIZE(families))];
	struct sk_buff_head list;
	bool odd;

	sin.sin_addr.s_addr = some_inet(&w->m);
	some_inet6(&w->m, &sin6.sin6_addr);
	/* The right kind of address mostly, and the wrong one now and then. */
	odd = one_in(&w->m.rnd, 16);
	if (family == DLIL_PF_INET6 ? !odd : odd)
		dest = (struct sockaddr *)&sin6;
	if (one_in(&w->m.rnd, 16))
		dest = NULL;
	make_list(w, t, make_unframed, n, &list);
	hand_out(t, family, &list, dest, 0);
}

/* Packets that filters have kept go on from where they were taken. */
static void feed_parked(struct fuzz_target *t, bool in)
{
	unsigned int n = FUZZ_BURST;
	struct sk_buff_head list;
	struct sk_buff *skb;

	__skb_queue_head_init(&list);
	while (n-- && (skb = skb_dequeue(&t->parked[in]))) {
		/* Another fate this time. */
		skb->mark = whim(skb, 4000);
		__skb_queue_tail(&list, skb);
	}
	if (skb_queue_empty(&list))
		return;
	if (in)
		hand_in(t, &list, NULL);
	else
		hand_out(t, 0, &list, NULL, DLIL_OUTPUT_RAW);
}

static int attach_filter(struct fuzz_filter *f)
{
	int err = dlil_filter_attach(f->target->ifp, &f->params, &f->ref);

	if (!err)
		add(f->target, ATTACHED, 1);
	return err;
}

/* A filter goes and comes again, behind the others.  By one worker only. */
static void change_filter(struct worker *w, struct fuzz_target *t)
{
	struct fuzz_filter *f;
	int err;

	/* The first one counts, and stays where it is. */
	f = &t->filters[1 + rnd(&w->m.rnd, FUZZ_KINDS - 1)];
	err = rnd(&w->m.rnd, 2) ? dlil_filter_detach(f->ref) :
				  dlil_filter_detach_async(f->ref);
	if (err)
		fail("filter cannot be detached: %d", err);
	err = attach_filter(f);
	if (err)
		fail("filter cannot be attached again: %d", err);
}

/* Let those who work on packets catch up, more or less. */
static void wait_for_others(int limit)
{
	unsigned long deadline = jiffies + FUZZ_DEADLINE;

	while (atomic_read(&live_skbs) > limit && !READ_ONCE(stopping)) {
		if (time_after(jiffies, deadline)) {
			fail("%d packets are stuck", atomic_read(&live_skbs));
			WRITE_ONCE(stopping, true);
		}
		schedule_timeout_uninterruptible(1);
	}
}

/* Every tenth part of it. */
static void say_progress(unsigned int n)
{
	unsigned long now = atomic_long_add_return(n, &fed);

	if (now * 10 / count != (now - n) * 10 / count)
		pr_info("%lu of %lu frames\n", min(now, count), count);
}

static void feed_burst(struct worker *w, unsigned long number)
{
	struct fuzz_target *t;
	unsigned int n;

	prandom_seed_state(&w->m.rnd, (u64)seed << 32 | (u32)number);
	n = 1 + rnd(&w->m.rnd, rnd(&w->m.rnd, 4) ? 8 : FUZZ_BURST);
	t = &targets[rnd(&w->m.rnd, n_targets)];
	switch (rnd(&w->m.rnd, 5)) {
	case 0:
	case 1:
		if (t->dev)
			feed_device(w, t, n);
		else
			feed_input(w, t, n);
		break;
	case 2:
		if (t->dev)
			feed_xmit(w, t, n);
		else
			feed_raw(w, t, n);
		break;
	case 3:
		feed_raw(w, t, n);
		break;
	case 4:
		feed_framed(w, t, n);
		break;
	}
	feed_parked(t, number & 1);
	say_progress(n);
}

static int work(void *arg)
{
	struct worker *w = arg;
	unsigned long number;
	unsigned int i;

	while (atomic_long_read(&fed) < count && !READ_ONCE(stopping)) {
		number = atomic_long_inc_return(&bursts);
		feed_burst(w, number);
		if (w == workers && one_in(&w->m.rnd, 128))
			change_filter(w, &targets[rnd(&w->m.rnd, n_targets)]);
		wait_for_others(512 + rnd(&w->m.rnd, 1500));
		cond_resched();
	}
	for (i = 0; i < FUZZ_HELD; i++)
		let_go(w, i);
	complete(&w->done);
	return 0;
}

/* Before and after */

static void expect(const char *name, const char *what, u64 got, u64 want)
{
	if (got != want)
		fail("%s: %s is %llu, not %llu", name, what, got, want);
}

static void expect_least(const char *name, const char *what, u64 got, u64 want)
{
	if (got < want)
		fail("%s: %s is %llu, less than %llu", name, what, got, want);
}

static void flow_diff(struct dlil_flow *now, const struct dlil_flow *before)
{
	u64 *to = (u64 *)now;
	size_t i;

	for (i = 0; i < sizeof(*now) / sizeof(u64); i++)
		to[i] -= ((const u64 *)before)[i];
}

static void check_flow(const char *name, const char *what,
		       const struct dlil_flow *f)
{
	char reasons[12 * DLIL_DROP_MAX] = "";
	u64 freed = 0;
	int i, n = 0;

	for (i = 0; i < DLIL_DROP_MAX; i++) {
		freed += f->drops[i];
		n += scnprintf(reasons + n, sizeof(reasons) - n, " %llu",
			       f->drops[i]);
	}
	expect(name, "the sum of the reasons for drops", freed, f->freed);
	expect(name, what, f->delivered + f->passed + f->stolen + f->freed,
	       f->seen);
	pr_info("%s: %s: %llu = %llu delivered + %llu passed + %llu stolen + %llu freed:%s\n",
		name, what, f->seen, f->delivered, f->passed, f->stolen,
		f->freed, reasons);
}

/* Nobody but us has to do with it. */
static void check_own(struct fuzz_target *t, const struct dlil_stats *stats,
		      const struct dlil_flow *in, const struct dlil_flow *out)
{
	const char *name = dlil_ifnet_name(t->ifp);
	u64 full = in->drops[DLIL_DROP_QUEUE_FULL];

	expect(name, "received", in->seen, counted(t, HANDED_IN));
	expect(name, "ipackets", stats->ipackets, in->seen);
	expect(name, "ibytes", stats->ibytes, counted(t, BYTES_IN));
	expect(name, "iqdrops", stats->iqdrops, full);
	expect(name, "filtered", in->seen - full, counted(t, FIRST_IN));
	expect(name, "delivered", in->delivered, counted(t, TAKEN));
	expect(name, "passed", in->passed, counted(t, PASSED));
	expect(name, "stolen on input", in->stolen,
	       counted(t, STOLEN_IN) + counted(t, TAKEN_STOLEN));
	expect(name, "dropped by input filters", in->drops[DLIL_DROP_FILTER],
	       counted(t, DROPPED_IN));
	expect(name, "dropped by protocols", in->drops[DLIL_DROP_PROTOCOL],
	       counted(t, REFUSED));

	expect(name, "handed out", out->seen, counted(t, HANDED_OUT));
	expect(name, "sent", out->delivered, counted(t, SENT));
	expect(name, "opackets", stats->opackets, out->delivered);
	expect(name, "refused by the driver", out->drops[DLIL_DROP_DRIVER],
	       counted(t, UNSENT));
	expect(name, "stolen on output", out->stolen,
	       counted(t, STOLEN_OUT) + counted(t, KEPT));
	expect(name, "dropped by output filters", out->drops[DLIL_DROP_FILTER],
	       counted(t, DROPPED_OUT));
	expect(name, "filtered on output", counted(t, FIRST_OUT),
	       counted(t, SENT) + counted(t, UNSENT) + counted(t, STOLEN_OUT) +
	       counted(t, DROPPED_OUT));
}

/* Others may use it, too. */
static void check_device(struct fuzz_target *t, const struct dlil_flow *in,
			 const struct dlil_flow *out)
{
	const char *name = dlil_ifnet_name(t->ifp);

	if (t->exact)
		expect(name, "received", in->seen, counted(t, HANDED_IN));
	else
		expect_least(name, "received", in->seen, counted(t, HANDED_IN));
	expect(name, "stolen on input", in->stolen, counted(t, STOLEN_IN));
	expect_least(name, "dropped by input filters",
		     in->drops[DLIL_DROP_FILTER], counted(t, DROPPED_IN));
	expect_least(name, "handed out", out->seen, counted(t, HANDED_OUT));
	expect_least(name, "stolen on output", out->stolen,
		     counted(t, STOLEN_OUT));
	expect_least(name, "dropped by output filters",
		     out->drops[DLIL_DROP_FILTER], counted(t, DROPPED_OUT));
}

static void check_target(struct fuzz_target *t)
{
	const char *name = dlil_ifnet_name(t->ifp);
	struct dlil_flow in, out;
	struct dlil_stats stats;

	dlil_stats_read(t->ifp, &stats, &in, &out);
	flow_diff(&in, &t->in);
	flow_diff(&out, &t->out);
	check_flow(name, "in", &in);
	check_flow(name, "out", &out);
	if (t->dev)
		check_device(t, &in, &out);
	else
		check_own(t, &stats, &in, &out);
	/* A fuzzer that gets nothing through finds nothing. */
	expect_least(name, "delivered", in.delivered, in.seen / 20);
	expect_least(name, "sent", out.delivered, out.seen / 20);
}

static int fuzz_target_add(struct dlil_ifnet *ifp, struct net_device *dev)
{
	struct fuzz_target *t = &targets[n_targets++];
	struct dlil_stats stats;
	struct fuzz_filter *f;
	unsigned int i;
	int err;

	t->ifp = ifp;
	t->dev = dev;
	t->exact = dev && dev->rtnl_link_ops &&
		   !strcmp(dev->rtnl_link_ops->kind, "dummy");
	skb_queue_head_init(&t->parked[0]);
	skb_queue_head_init(&t->parked[1]);
	dlil_stats_read(ifp, &stats, &t->in, &t->out);
	for (i = 0; i < FUZZ_KINDS; i++) {
		f = &t->filters[i];
		f->target = t;
		f->kind = &kinds[i];
		f->params.ops = &filter_ops;
		f->params.name = kinds[i].name;
		f->params.cookie = f;
		/* Some do not see tagged packets; all of ours count. */
		f->params.flags = i % 3 ? 0 : DLIL_FILTER_VLAN;
		err = attach_filter(f);
		if (err)
			return err;
	}
	return 0;
}

/* Our own ifnet: @targets[0], since the driver's callbacks get at it by that. */
static int add_own(struct net *net)
{
	static const u8 lladdr[ETH_ALEN] = { 2, 0, 0, 0, 7, 0x77 };
	static const u8 broadcast[ETH_ALEN] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	};
	const struct dlil_ifnet_params params = {
		.driver = &driver_ops,
		.family = &dlil_ether_family_ops,
		.priv = &targets[0],
		.net = net,
		.name = "fuzz0",
		.ifindex = FUZZ_IFINDEX,
		.attrs = DLIL_ATTR_COUNT_INPUT,
		.addr_len = ETH_ALEN,
		.broadcast = broadcast,
	};
	struct dlil_ifnet *ifp;
	unsigned int i;
	int err;

	err = dlil_ifnet_acquire(DLIL_IFNET_ETHERNET, "fuzz0", 5, &ifp);
	if (err)
		return err;
	err = dlil_ifnet_init(ifp, &params);
	if (!err)
		err = dlil_ifnet_attach(ifp, lladdr, sizeof(lladdr));
	if (err) {
		dlil_ifnet_release(ifp);
		return err;
	}
	dlil_ifnet_get(ifp);
	err = fuzz_target_add(ifp, NULL);
	for (i = 0; i < ARRAY_SIZE(protos) && !err; i++) {
		const struct dlil_proto_params proto = {
			.ops = &proto_ops,
			.name = "fuzz",
			.cookie = &targets[0],
			.descs = protos[i].descs,
			.n_descs = protos[i].n,
		};

		err = i % 2 ? dlil_proto_attach_v2(ifp, protos[i].family,
						   &proto) :
			      dlil_proto_attach(ifp, protos[i].family, &proto);
	}
	return err;
}

static int add_device(struct net *net, const char *name)
{
	struct net_device *dev = dev_get_by_name(net, name);
	struct dlil_ifnet *ifp;

	if (!dev)
		return -ENODEV;
	ifp = dlil_ifnet_by_index(net, dev->ifindex);
	if (!ifp) {
		dev_put(dev);
		return -ENXIO;
	}
	return fuzz_target_add(ifp, dev);
}

static void detach_filters(struct fuzz_target *t)
{
	unsigned long deadline = jiffies + FUZZ_DEADLINE;
	unsigned int i;

	for (i = 0; i < FUZZ_KINDS; i++)
		if (t->filters[i].ref)
			dlil_filter_detach(t->filters[i].ref);
	/* Some may be on their way out. */
	while (counted(t, DETACHED) < counted(t, ATTACHED) &&
	       time_before(jiffies, deadline))
		schedule_timeout_uninterruptible(1);
	expect(dlil_ifnet_name(t->ifp), "detached filters",
	       counted(t, DETACHED), counted(t, ATTACHED));
}

static void drop_target(struct fuzz_target *t)
{
	if (t->dev) {
		dev_put(t->dev);
	} else {
		dlil_ifnet_detach(t->ifp);
		dlil_ifnet_wait_detached(t->ifp);
		dlil_ifnet_release(t->ifp);
	}
	dlil_ifnet_put(t->ifp);
}

/* Whoever still has a packet of ours calls us when it is freed. */
static void wait_for_packets(void)
{
	unsigned long deadline = jiffies + FUZZ_DEADLINE;
	unsigned int i;

	while (atomic_read(&live_skbs) && time_before(jiffies, deadline)) {
		for (i = 0; i < n_targets; i++) {
			skb_queue_purge(&targets[i].parked[0]);
			skb_queue_purge(&targets[i].parked[1]);
		}
		schedule_timeout_uninterruptible(1);
	}
	expect("fuzz", "packets that are never freed",
	       atomic_read(&live_skbs), 0);
}

/* Filters and protocols let go of the module after their last call. */
static void wait_for_unpinning(int pins)
{
	unsigned long deadline = jiffies + FUZZ_DEADLINE;

	while (module_refcount(THIS_MODULE) > pins &&
	       time_before(jiffies, deadline))
		schedule_timeout_uninterruptible(1);
	expect("fuzz", "pins of the module", module_refcount(THIS_MODULE),
	       pins);
}

static int run_workers(void)
{
	struct task_struct *task;
	unsigned int i, n;
	int err = 0;

	for (n = 0; n < FUZZ_WORKERS; n++) {
		init_completion(&workers[n].done);
		task = kthread_run(work, &workers[n], "dlil_fuzz/%u", n);
		if (IS_ERR(task)) {
			err = PTR_ERR(task);
			WRITE_ONCE(stopping, true);
			break;
		}
	}
	for (i = 0; i < n; i++)
		if (wait_for_completion_killable(&workers[i].done)) {
			err = -EINTR;
			WRITE_ONCE(stopping, true);
			wait_for_completion(&workers[i].done);
		}
	return err;
}

static __wsum pattern_sum(void)
{
	return csum_partial(pattern, PATTERN_SIZE, 0);
}

static int make_pattern(void)
{
	struct rnd_state r;

	pattern_page = alloc_pages(GFP_KERNEL | __GFP_COMP, PATTERN_ORDER);
	if (!pattern_page)
		return -ENOMEM;
	pattern = page_address(pattern_page);
	prandom_seed_state(&r, seed);
	prandom_bytes_state(&r, pattern, PATTERN_SIZE);
	return 0;
}

static int __init fuzz_init(void)
{
	struct net *net = get_net(current->nsproxy->net_ns);
	int pins = module_refcount(THIS_MODULE);
	unsigned int i;
	__wsum sum;
	int err;

	err = make_pattern();
	if (err)
		goto put_net;
	sum = pattern_sum();
	some_dev = net->loopback_dev;
	pr_info("%lu frames, seed %u\n", count, seed);
	err = add_own(net);
	for (i = 0; i < n_devices && !err; i++)
		err = add_device(net, devices[i]);
	if (!err)
		err = run_workers();
	wait_for_packets();
	for (i = 0; i < n_targets; i++)
		detach_filters(&targets[i]);
	for (i = 0; i < n_targets; i++) {
		if (!err)
			check_target(&targets[i]);
		drop_target(&targets[i]);
	}
	wait_for_unpinning(pins);
	if (pattern_sum() != sum)
		fail("a page that packets share was written to");
	made = atomic_long_read(&fed);
	put_page(pattern_page);
put_net:
	put_net(net);
	pr_info("%lu frames made, %u failures\n", made, failures);
	/* A packet that is freed some day will call us. */
	if (atomic_read(&live_skbs)) {
		__module_get(THIS_MODULE);
		return 0;
	}
	return err;
}

static void __exit fuzz_exit(void)
{
}

module_init(fuzz_init);
module_exit(fuzz_exit);

MODULE_DESCRIPTION("Packet fuzzer of the Data Link Interface Layer");
MODULE_LICENSE("GPL");
