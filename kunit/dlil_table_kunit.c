// SPDX-License-Identifier: GPL-2.0
/*
 * Tables of match filters (FLT-5, STA-1): whatever the filters are, packets end and are
 * counted as if each filter had been run on its own.
 */
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/netlink.h>
#include <linux/prandom.h>
#include <linux/skbuff.h>
#include <linux/slab.h>

#include "../dlil_filter.h"
#include "../dlil_ifnet.h"
#include "../dlil_kind.h"
#include "../dlil_table.h"
#include "fake.h"

/* Programs as libpcap makes them (tcpdump -dd); their constants are replaced. */

/* port 4660 */
static const struct sock_filter port[] = {
	{ 0x28, 0, 0, 12 }, { 0x15, 0, 8, 34525 }, { 0x30, 0, 0, 20 },
	{ 0x15, 2, 0, 132 }, { 0x15, 1, 0, 6 }, { 0x15, 0, 17, 17 }, { 0x28, 0, 0, 54 },
	{ 0x15, 14, 0, 4660 }, { 0x28, 0, 0, 56 }, { 0x15, 12, 13, 4660 },
	{ 0x15, 0, 12, 2048 }, { 0x30, 0, 0, 23 }, { 0x15, 2, 0, 132 },
	{ 0x15, 1, 0, 6 }, { 0x15, 0, 8, 17 }, { 0x28, 0, 0, 20 }, { 0x45, 6, 0, 8191 },
	{ 0xb1, 0, 0, 14 }, { 0x48, 0, 0, 14 }, { 0x15, 2, 0, 4660 }, { 0x48, 0, 0, 16 },
	{ 0x15, 0, 1, 4660 }, { 0x06, 0, 0, 0x00040000 }, { 0x06, 0, 0, 0 },
};

/* tcp port 4660 */
static const struct sock_filter tcp_port[] = {
	{ 0x28, 0, 0, 12 }, { 0x15, 0, 6, 34525 }, { 0x30, 0, 0, 20 },
	{ 0x15, 0, 15, 6 }, { 0x28, 0, 0, 54 }, { 0x15, 12, 0, 4660 },
	{ 0x28, 0, 0, 56 }, { 0x15, 10, 11, 4660 }, { 0x15, 0, 10, 2048 },
	{ 0x30, 0, 0, 23 }, { 0x15, 0, 8, 6 }, { 0x28, 0, 0, 20 }, { 0x45, 6, 0, 8191 },
	{ 0xb1, 0, 0, 14 }, { 0x48, 0, 0, 14 }, { 0x15, 2, 0, 4660 }, { 0x48, 0, 0, 16 },
	{ 0x15, 0, 1, 4660 }, { 0x06, 0, 0, 0x00040000 }, { 0x06, 0, 0, 0 },
};

/* udp dst port 4660 */
static const struct sock_filter udp_dst_port[] = {
	{ 0x28, 0, 0, 12 }, { 0x15, 0, 4, 34525 }, { 0x30, 0, 0, 20 },
	{ 0x15, 0, 11, 17 }, { 0x28, 0, 0, 56 }, { 0x15, 8, 9, 4660 },
	{ 0x15, 0, 8, 2048 }, { 0x30, 0, 0, 23 }, { 0x15, 0, 6, 17 }, { 0x28, 0, 0, 20 },
	{ 0x45, 4, 0, 8191 }, { 0xb1, 0, 0, 14 }, { 0x48, 0, 0, 16 },
	{ 0x15, 0, 1, 4660 }, { 0x06, 0, 0, 0x00040000 }, { 0x06, 0, 0, 0 },
};

/* host 1.2.3.4 */
static const struct sock_filter host[] = {
	{ 0x28, 0, 0, 12 }, { 0x15, 0, 4, 2048 }, { 0x20, 0, 0, 26 },
	{ 0x15, 8, 0, 0x01020304 }, { 0x20, 0, 0, 30 }, { 0x15, 6, 7, 0x01020304 },
	{ 0x15, 1, 0, 2054 }, { 0x15, 0, 5, 32821 }, { 0x20, 0, 0, 28 },
	{ 0x15, 2, 0, 0x01020304 }, { 0x20, 0, 0, 38 }, { 0x15, 0, 1, 0x01020304 },
	{ 0x06, 0, 0, 0x00040000 }, { 0x06, 0, 0, 0 },
};

/* src host 1.2.3.4 */
static const struct sock_filter src_host[] = {
	{ 0x28, 0, 0, 12 }, { 0x15, 0, 2, 2048 }, { 0x20, 0, 0, 26 },
	{ 0x15, 4, 5, 0x01020304 }, { 0x15, 1, 0, 2054 }, { 0x15, 0, 3, 32821 },
	{ 0x20, 0, 0, 28 }, { 0x15, 0, 1, 0x01020304 }, { 0x06, 0, 0, 0x00040000 },
	{ 0x06, 0, 0, 0 },
};

/* net 1.2.3.0/24 */
static const struct sock_filter net[] = {
	{ 0x28, 0, 0, 12 }, { 0x15, 0, 6, 2048 }, { 0x20, 0, 0, 26 },
	{ 0x54, 0, 0, 0xffffff00 }, { 0x15, 11, 0, 0x01020300 }, { 0x20, 0, 0, 30 },
	{ 0x54, 0, 0, 0xffffff00 }, { 0x15, 8, 9, 0x01020300 }, { 0x15, 1, 0, 2054 },
	{ 0x15, 0, 7, 32821 }, { 0x20, 0, 0, 28 }, { 0x54, 0, 0, 0xffffff00 },
	{ 0x15, 3, 0, 0x01020300 }, { 0x20, 0, 0, 38 }, { 0x54, 0, 0, 0xffffff00 },
	{ 0x15, 0, 1, 0x01020300 }, { 0x06, 0, 0, 0x00040000 }, { 0x06, 0, 0, 0 },
};

/* ip6 host 102:304:506:708:90a:b0c:d0e:f10 */
static const struct sock_filter ip6_host[] = {
	{ 0x28, 0, 0, 12 }, { 0x15, 0, 17, 34525 }, { 0x20, 0, 0, 22 },
	{ 0x15, 0, 6, 0x01020304 }, { 0x20, 0, 0, 26 }, { 0x15, 0, 4, 0x05060708 },
	{ 0x20, 0, 0, 30 }, { 0x15, 0, 2, 0x090a0b0c }, { 0x20, 0, 0, 34 },
	{ 0x15, 8, 0, 0x0d0e0f10 }, { 0x20, 0, 0, 38 }, { 0x15, 0, 7, 0x01020304 },
	{ 0x20, 0, 0, 42 }, { 0x15, 0, 5, 0x05060708 }, { 0x20, 0, 0, 46 },
	{ 0x15, 0, 3, 0x090a0b0c }, { 0x20, 0, 0, 50 }, { 0x15, 0, 1, 0x0d0e0f10 },
	{ 0x06, 0, 0, 0x00040000 }, { 0x06, 0, 0, 0 },
};

/* ether host 2:3:4:5:6:7 */
static const struct sock_filter ether_host[] = {
	{ 0x20, 0, 0, 8 }, { 0x15, 0, 2, 0x04050607 }, { 0x28, 0, 0, 6 },
	{ 0x15, 4, 0, 515 }, { 0x20, 0, 0, 2 }, { 0x15, 0, 3, 0x04050607 },
	{ 0x28, 0, 0, 0 }, { 0x15, 0, 1, 515 }, { 0x06, 0, 0, 0x00040000 },
	{ 0x06, 0, 0, 0 },
};

/* not port 4660 */
static const struct sock_filter not_port[] = {
	{ 0x28, 0, 0, 12 }, { 0x15, 0, 8, 34525 }, { 0x30, 0, 0, 20 },
	{ 0x15, 2, 0, 132 }, { 0x15, 1, 0, 6 }, { 0x15, 0, 17, 17 }, { 0x28, 0, 0, 54 },
	{ 0x15, 14, 0, 4660 }, { 0x28, 0, 0, 56 }, { 0x15, 12, 13, 4660 },
	{ 0x15, 0, 12, 2048 }, { 0x30, 0, 0, 23 }, { 0x15, 2, 0, 132 },
	{ 0x15, 1, 0, 6 }, { 0x15, 0, 8, 17 }, { 0x28, 0, 0, 20 }, { 0x45, 6, 0, 8191 },
	{ 0xb1, 0, 0, 14 }, { 0x48, 0, 0, 14 }, { 0x15, 2, 0, 4660 }, { 0x48, 0, 0, 16 },
	{ 0x15, 0, 1, 4660 }, { 0x06, 0, 0, 0 }, { 0x06, 0, 0, 0x00040000 },
};

/* src host 1.2.3.4 and tcp dst port 4660 */
static const struct sock_filter host_port[] = {
	{ 0x28, 0, 0, 12 }, { 0x15, 0, 10, 2048 }, { 0x20, 0, 0, 26 },
	{ 0x15, 0, 8, 0x01020304 }, { 0x30, 0, 0, 23 }, { 0x15, 0, 6, 6 },
	{ 0x28, 0, 0, 20 }, { 0x45, 4, 0, 8191 }, { 0xb1, 0, 0, 14 }, { 0x48, 0, 0, 16 },
	{ 0x15, 0, 1, 4660 }, { 0x06, 0, 0, 0x00040000 }, { 0x06, 0, 0, 0 },
};

/* tcp[13] & 2 != 0 and dst port 4660 */
static const struct sock_filter syn_port[] = {
	{ 0x28, 0, 0, 12 }, { 0x15, 0, 10, 2048 }, { 0x30, 0, 0, 23 }, { 0x15, 0, 8, 6 },
	{ 0x28, 0, 0, 20 }, { 0x45, 6, 0, 8191 }, { 0xb1, 0, 0, 14 }, { 0x50, 0, 0, 27 },
	{ 0x45, 0, 3, 2 }, { 0x48, 0, 0, 16 }, { 0x15, 0, 1, 4660 },
	{ 0x06, 0, 0, 0x00040000 }, { 0x06, 0, 0, 0 },
};

/* src host 1.2.3.4 or tcp dst port 4660 */
static const struct sock_filter host_or_port[] = {
	{ 0x28, 0, 0, 12 }, { 0x15, 0, 9, 2048 }, { 0x20, 0, 0, 26 },
	{ 0x15, 16, 0, 0x01020304 }, { 0x30, 0, 0, 23 }, { 0x15, 0, 15, 6 },
	{ 0x28, 0, 0, 20 }, { 0x45, 13, 0, 8191 }, { 0xb1, 0, 0, 14 },
	{ 0x48, 0, 0, 16 }, { 0x15, 9, 10, 4660 }, { 0x15, 1, 0, 2054 },
	{ 0x15, 0, 2, 32821 }, { 0x20, 0, 0, 28 }, { 0x15, 5, 6, 0x01020304 },
	{ 0x15, 0, 5, 34525 }, { 0x30, 0, 0, 20 }, { 0x15, 0, 3, 6 }, { 0x28, 0, 0, 56 },
	{ 0x15, 0, 1, 4660 }, { 0x06, 0, 0, 0x00040000 }, { 0x06, 0, 0, 0 },
};

/* vlan 5, for a live capture */
static const struct sock_filter vlan[] = {
	{ 0x30, 0, 0, SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT }, { 0x15, 4, 0, 1 },
	{ 0x28, 0, 0, 12 }, { 0x15, 2, 0, ETH_P_8021Q }, { 0x15, 1, 0, ETH_P_8021AD },
	{ 0x15, 0, 8, ETH_P_QINQ1 },
	{ 0x30, 0, 0, SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT }, { 0x15, 0, 2, 1 },
	{ 0x30, 0, 0, SKF_AD_OFF + SKF_AD_VLAN_TAG }, { 0x05, 0, 0, 1 },
	{ 0x28, 0, 0, 14 }, { 0x54, 0, 0, VLAN_VID_MASK }, { 0x15, 0, 1, 4660 },
	{ 0x06, 0, 0, 0x00040000 }, { 0x06, 0, 0, 0 },
};

/* Three comparisons on one path, more than a look-up has. */
static const struct sock_filter three[] = {
	{ 0x28, 0, 0, 34 }, { 0x15, 4, 0, 4660 }, { 0x28, 0, 0, 36 },
	{ 0x15, 2, 0, 4660 }, { 0x28, 0, 0, 16 }, { 0x15, 0, 1, 4660 },
	{ 0x06, 0, 0, 1 }, { 0x06, 0, 0, 0 },
};

/* The second value is compared while A still has the first, and X is used behind. */
static const struct sock_filter kept[] = {
	{ 0xb1, 0, 0, 14 }, { 0x48, 0, 0, 14 }, { 0x15, 6, 0, 4660 },
	{ 0x04, 0, 0, 1 }, { 0x15, 4, 0, 4660 }, { 0x48, 0, 0, 16 },
	{ 0x35, 0, 1, 60000 }, { 0x06, 0, 0, 0 }, { 0x06, 0, 0, 0 }, { 0x06, 0, 0, 1 },
};

/* Uses scratch memory. */
static const struct sock_filter memory[] = {
	{ 0x28, 0, 0, 36 }, { 0x02, 0, 0, 0 }, { 0x15, 0, 1, 4660 },
	{ 0x06, 0, 0, 1 }, { 0x06, 0, 0, 0 },
};

static const struct sock_filter everything[] = { { 0x06, 0, 0, 1 } };
static const struct sock_filter beyond[] = { { 0x20, 0, 0, 5000 }, { 0x06, 0, 0, 1 } };

/* Constants @from become @base + value << @shift. */
struct constant {
	u32 from;
	u32 base;
	u8 shift;
};

struct template {
	const char *name;
	const struct sock_filter *insns;
	unsigned int n;
	struct constant constant[2];
	bool is_family;
};

#define PROGRAM(p) .name = #p, .insns = p, .n = ARRAY_SIZE(p)
#define PORT .constant = { { 4660, 1000, 0 } }
#define HOST .constant = { { 0x01020304, 0x0a000000, 0 } }

static const struct template templates[] = {
	{ PROGRAM(port), PORT, true },
	{ PROGRAM(tcp_port), PORT, true },
	{ PROGRAM(udp_dst_port), PORT, true },
	{ PROGRAM(host), HOST, true },
	{ PROGRAM(src_host), HOST, true },
	{ PROGRAM(net), .constant = { { 0x01020300, 0x0a000000, 8 } }, true },
	/* Differ in the first word as well. */
	{ PROGRAM(ip6_host), .constant = { { 219025168, 0, 0 },
					   { 16909060, 0x20010000, 0 } }, true },
	{ PROGRAM(ether_host), .constant = { { 67438087, 0x04000000, 0 } }, true },
	{ PROGRAM(vlan), .constant = { { 4660, 0, 0 } }, true },
	{ PROGRAM(host_port), .constant = { { 4660, 1000, 0 },
					    { 16909060, 0x0a000000, 0 } }, true },
	{ PROGRAM(host_or_port), .constant = { { 4660, 1000, 0 },
					       { 16909060, 0x0a000000, 0 } }, true },
	{ PROGRAM(syn_port), PORT, true },
	{ PROGRAM(kept), PORT, true },
	{ PROGRAM(not_port), PORT, false },
	{ PROGRAM(three), PORT, false },
	{ PROGRAM(memory), PORT, false },
	{ PROGRAM(everything), .is_family = false },
	{ PROGRAM(beyond), .is_family = false },
};

#define INSNS_MAX 32

static void fill(const struct template *t, u32 value, struct sock_filter *insns)
{
	unsigned int i, j;

	memcpy(insns, t->insns, t->n * sizeof(*insns));
	for (i = 0; i < t->n; i++)
		for (j = 0; j < ARRAY_SIZE(t->constant); j++)
			if (insns[i].code == 0x15 && t->constant[j].from &&
			    t->insns[i].k == t->constant[j].from)
				insns[i].k = t->constant[j].base +
					     (value << t->constant[j].shift);
}

/* A filter, and what it would do alone. */
struct rule {
	char name[8];
	const char *action;
	int verdict;
	struct sock_filter insns[INSNS_MAX];
	unsigned int n;
	struct bpf_prog *prog;
	bool gone;
	u64 packets;
	u64 matched;
};

#define RULES_MAX 1000

struct rules {
	struct kunit *test;
	struct fake *fake;
	u32 direction;
	struct rnd_state rnd;
	u32 values;
	unsigned int n;
	u64 hits;
	struct rule rule[RULES_MAX];
	struct dlil_filter_request reqs[RULES_MAX];
};

static u32 below(struct rules *r, u32 limit)
{
	return prandom_u32_state(&r->rnd) % limit;
}

static void add_rule(struct rules *r, const struct template *t, u32 value,
		     unsigned int action)
{
	static const char * const actions[] = { "count", "drop", "pass" };
	static const int verdicts[] = { 0, -EPERM, DLIL_SKIP };
	struct rule *rule = &r->rule[r->n];
	struct sock_fprog_kern fprog = { .len = t->n, .filter = rule->insns };

	memset(rule, 0, sizeof(*rule));
	snprintf(rule->name, sizeof(rule->name), "r%u", r->n);
	rule->action = actions[action];
	rule->verdict = verdicts[action];
	rule->n = t->n;
	fill(t, value, rule->insns);
	KUNIT_ASSERT_EQ(r->test, bpf_prog_create(&rule->prog, &fprog), 0);
	r->reqs[r->n] = (struct dlil_filter_request){
		.change = DLIL_CHANGE_ADD,
		.kind = "match",
		.name = rule->name,
		.direction = r->direction,
		.action = rule->action,
		.program = rule->insns,
		.n = rule->n,
	};
	r->n++;
}

static struct rules *rules_new(struct kunit *test, u32 direction)
{
	struct rules *r = kvzalloc(sizeof(*r), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->test = test;
	r->direction = direction;
	r->fake = fake_attached(test);
	return r;
}

static void rules_free(struct rules *r)
{
	while (r->n--)
		bpf_prog_destroy(r->rule[r->n].prog);
	kvfree(r);
}

/* Add the rules from @first on in one step. */
static void attach_rules(struct rules *r, unsigned int first)
{
	struct netlink_ext_ack extack = {};
	struct dlil_kind_step step = {
		.ifp = r->fake->ifp,
		.reqs = r->reqs + first,
		.n = r->n - first,
		.may_wait = true,
	};

	KUNIT_ASSERT_EQ(r->test, dlil_kind_update(&step, &extack), 0);
}

static void put16(u8 *to, u16 value)
{
	*(__be16 *)to = htons(value);
}

static void put32(u8 *to, u32 value)
{
	put16(to, value >> 16);
	put16(to + 2, value);
}

#define FRAME_MAX 80

static u32 some(struct rules *r)
{
	return below(r, r->values + r->values / 4 + 2);
}

static void fill_ports(struct rules *r, u8 *ports)
{
	put16(ports, 1000 + some(r));
	put16(ports + 2, below(r, 4) ? 1000 + some(r) : get_unaligned_be16(ports));
	ports[13] = below(r, 4);
}

static void fill_ip(struct rules *r, u8 *data)
{
	static const u8 protocols[] = { 6, 6, 17, 17, 132, 1 };
	u32 shift = below(r, 2) ? 8 : 0;

	data[14] = below(r, 8) ? 0x45 : 0x46;
	put16(data + 20, below(r, 8) ? 0 : 1);
	data[23] = protocols[below(r, ARRAY_SIZE(protocols))];
	put32(data + 26, 0x0a000000 + (some(r) << shift));
	put32(data + 30, 0x0a000000 + (some(r) << shift));
	fill_ports(r, data + 14 + 4 * (data[14] & 15));
}

static void fill_ip6(struct rules *r, u8 *data)
{
	u32 src = some(r), dst = some(r);

	data[20] = below(r, 2) ? 6 : 17;
	put32(data + 22, 0x20010000 + src);
	put32(data + 26, 84281096);
	put32(data + 30, 151653132);
	put32(data + 34, src);
	put32(data + 38, 0x20010000 + dst);
	put32(data + 42, 84281096);
	put32(data + 46, 151653132);
	put32(data + 50, below(r, 4) ? dst : src);
	fill_ports(r, data + 54);
}

static void fill_frame(struct rules *r, u8 *data)
{
	static const u16 types[] = { ETH_P_IP, ETH_P_IP, ETH_P_IP, ETH_P_IPV6,
				     ETH_P_ARP, ETH_P_8021Q, 0x88cc };
	u16 type = types[below(r, ARRAY_SIZE(types))];

	prandom_bytes_state(&r->rnd, data, FRAME_MAX);
	put16(data, 515);
	put32(data + 2, 0x04000000 + some(r));
	put16(data + 6, 515);
	put32(data + 8, 0x04000000 + some(r));
	put16(data + 12, type);
	if (type == ETH_P_IP) {
		fill_ip(r, data);
	} else if (type == ETH_P_IPV6) {
		fill_ip6(r, data);
	} else if (type == ETH_P_ARP) {
		put32(data + 28, 0x0a000000 + some(r));
		put32(data + 38, 0x0a000000 + some(r));
	} else {
		put16(data + 14, some(r));
	}
}

/* A packet as filters get it: maybe short, tagged, or a GSO packet. */
static struct sk_buff *random_packet(struct rules *r)
{
	struct sk_buff *skb = alloc_skb(FRAME_MAX, GFP_KERNEL);
	unsigned int len = below(r, 8) ? FRAME_MAX : below(r, FRAME_MAX);
	u8 data[FRAME_MAX];

	KUNIT_ASSERT_NOT_NULL(r->test, skb);
	fill_frame(r, data);
	skb_put_data(skb, data, len);
	skb_reset_mac_header(skb);
	skb->protocol = htons(ETH_P_IP);
	if (!below(r, 3))
		__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q), some(r));
	if (!below(r, 8))
		skb_shinfo(skb)->gso_size = 20;
	return skb;
}

/* Run each filter on its own. */
static int expected(struct rules *r, const struct sk_buff *skb)
{
	struct rule *rule;
	bool matches;

	for (rule = r->rule; rule < r->rule + r->n; rule++) {
		if (rule->gone)
			continue;
		preempt_disable();
		matches = bpf_prog_run(rule->prog, skb);
		preempt_enable();
		rule->packets++;
		rule->matched += matches;
		r->hits += matches;
		if (matches && rule->verdict)
			return rule->verdict;
	}
	return 0;
}

static const struct dlil_filter_vec *vec_of(struct rules *r)
{
	struct dlil_ifnet *ifp = r->fake->ifp;

	return rcu_dereference_protected(r->direction == DLIL_DIRECTION_IN ?
					 ifp->filters_in : ifp->filters_out,
					 true);
}

/* Run the filters as dlil_chain.c does; a verdict but 0 ends the run of match filters. */
static int actual(struct rules *r, struct sk_buff *skb)
{
	const struct dlil_filter_vec *vec = vec_of(r);
	const struct dlil_filter_slot *slot;
	bool traced = !below(r, 4);
	const char *name;
	unsigned int i;
	int err = 0;

	local_bh_disable();
	for (i = 0; i < vec->n && !err; i++) {
		slot = &vec->slots[i];
		if (traced)
			err = slot->bundle->traced(slot->cookie, r->fake->ifp, 0,
						   &skb, vec->out, &name);
		else
			err = slot->fn(slot->cookie, r->fake->ifp, 0, &skb);
	}
	local_bh_enable();
	return err;
}

static void run_packets(struct rules *r, unsigned int n)
{
	unsigned int header;
	struct sk_buff *skb;

	int wanted;

	while (n--) {
		skb = random_packet(r);
		wanted = expected(r, skb);
		header = r->direction == DLIL_DIRECTION_IN ?
			 min_t(unsigned int, ETH_HLEN, skb->len) : 0;
		__skb_pull(skb, header);
		KUNIT_EXPECT_EQ(r->test, actual(r, skb), wanted);
		kfree_skb(skb);
	}
}

static int compare_one(const struct dlil_filter *f, void *arg)
{
	struct dlil_filter_info info = {};
	struct rules *r = arg;
	const struct rule *rule;
	unsigned int i;

	KUNIT_ASSERT_EQ(r->test, kstrtouint(f->name + 1, 10, &i), 0);
	rule = &r->rule[i];
	if (rule->gone)
		return 0;
	f->ops->describe(f->cookie, &info);
	KUNIT_EXPECT_EQ_MSG(r->test, info.packets, rule->packets, "%s", f->name);
	KUNIT_EXPECT_EQ_MSG(r->test, info.matched, rule->matched, "%s", f->name);
	return 0;
}

static void compare_counters(struct rules *r)
{
	dlil_filter_for_each(r->fake->ifp, compare_one, r);
}

/* Stop running some filter, as when a detach has begun. */
static void drop_one(struct rules *r)
{
	const struct dlil_filter_vec *vec = vec_of(r);
	const struct dlil_filter_slot *slot = &vec->slots[below(r, vec->n)];
	unsigned int i = below(r, slot->n), number;

	KUNIT_ASSERT_EQ(r->test, kstrtouint(slot->filters[i]->name + 1, 10,
					    &number), 0);
	slot->bundle->drop(slot->cookie, i);
	r->rule[number].gone = true;
}

static void delete_dropped(struct rules *r)
{
	struct netlink_ext_ack extack = {};
	unsigned int i;

	for (i = 0; i < r->n; i++)
		if (r->rule[i].gone)
			KUNIT_EXPECT_EQ(r->test,
					dlil_kind_del(r->fake->ifp,
						      r->rule[i].name, &extack),
					0);
}

/* Rules of a few templates, in any order; few are of another one. */
static void random_rules(struct rules *r, unsigned int n)
{
	const struct template *chosen[4];
	unsigned int kinds = 1 + below(r, ARRAY_SIZE(chosen)), i, action;
	const struct template *t;

	for (i = 0; i < kinds; i++)
		chosen[i] = &templates[below(r, ARRAY_SIZE(templates))];
	while (n--) {
		t = chosen[below(r, kinds)];
		if (!below(r, 20))
			t = &templates[below(r, ARRAY_SIZE(templates))];
		/* Few may end the run, or hardly any packet would reach the last ones. */
		action = below(r, 30);
		if (action > 2 || t->insns == everything || t->insns == not_port)
			action = 0;
		add_rule(r, t, below(r, r->values), action);
	}
}

struct way {
	u32 direction;
	u32 seed;
};

static const struct way ways[] = {
	{ DLIL_DIRECTION_IN, 1 }, { DLIL_DIRECTION_IN, 2 }, { DLIL_DIRECTION_IN, 3 },
	{ DLIL_DIRECTION_OUT, 4 }, { DLIL_DIRECTION_OUT, 5 },
};

static void way_desc(const struct way *way, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s, seed %u",
		 way->direction == DLIL_DIRECTION_IN ? "in" : "out", way->seed);
}

KUNIT_ARRAY_PARAM(way, ways, way_desc);

#define ROUNDS 8

/* FLT-5, STA-1: random rules, of which some go and others come, and random packets. */
static void at_random(struct kunit *test)
{
	const struct way *way = test->param_value;
	unsigned int i, j, first;
	struct rules *r;
	u64 hits = 0;

	for (i = 0; i < ROUNDS; i++) {
		r = rules_new(test, way->direction);
		prandom_seed_state(&r->rnd, way->seed * ROUNDS + i);
		/* Sometimes many rules have the same constants, or are the same. */
		r->values = 2 + below(r, 200);
		random_rules(r, 1 + below(r, 200));
		attach_rules(r, 0);
		run_packets(r, 60);
		compare_counters(r);
		for (j = 0; j < 3; j++)
			drop_one(r);
		run_packets(r, 30);
		delete_dropped(r);
		first = r->n;
		random_rules(r, 1 + below(r, 20));
		attach_rules(r, first);
		run_packets(r, 60);
		compare_counters(r);
		hits += r->hits;
		rules_free(r);
	}
	/* Otherwise nothing would have been compared. */
	KUNIT_EXPECT_GT(test, hits, 300);
}

static void template_desc(const struct template *t, char *desc)
{
	strscpy(desc, t->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(template, templates, template_desc);

#define MANY (DLIL_FAMILY_MIN * (DLIL_FAMILIES_MAX + 2))

struct sought {
	struct sock_filter insns[MANY][INSNS_MAX];
	struct dlil_rule rules[MANY];
	const struct dlil_rule *list[MANY];
	u8 family[MANY];
};

static int find(struct sought *s)
{
	unsigned int i;

	for (i = 0; i < MANY; i++)
		s->list[i] = &s->rules[i];
	return dlil_families_find(s->list, MANY, s->family);
}

static void set_rule(struct sought *s, unsigned int i, const struct template *t,
		     u32 value)
{
	const struct dlil_program prog = { .insns = s->insns[i], .n = t->n };

	fill(t, value, s->insns[i]);
	dlil_rule_init(&s->rules[i], &prog);
}

/* FLT-5: rules that differ in a port or an address are looked up. */
static void families(struct kunit *test)
{
	const struct template *t = test->param_value;
	struct sought *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, s);
	for (i = 0; i < MANY; i++)
		set_rule(s, i, t, i);
	KUNIT_EXPECT_EQ(test, find(s), t->is_family);
	for (i = 0; i < MANY; i++)
		KUNIT_EXPECT_EQ(test, s->family[i],
				t->is_family ? 0 : DLIL_FAMILY_NONE);
	/* Equal programs compare with nothing that could be looked up. */
	for (i = 0; i < MANY; i++)
		set_rule(s, i, t, 7);
	KUNIT_EXPECT_EQ(test, find(s), 0);
}

/* FLT-5: two kinds of rules that take turns, one of which differs by its protocol too. */
static void mixed_families(struct kunit *test)
{
	static const struct template tcp = { PROGRAM(tcp_port), PORT };
	struct sought *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	unsigned int i, j;

	KUNIT_ASSERT_NOT_NULL(test, s);
	for (i = 0; i < MANY; i++)
		set_rule(s, i, i & 1 ? &templates[3] : &tcp, i);
	KUNIT_EXPECT_EQ(test, find(s), 2);
	for (i = 2; i < MANY; i++)
		KUNIT_EXPECT_EQ(test, s->family[i], s->family[i & 1]);
	KUNIT_EXPECT_NE(test, s->family[0], s->family[1]);

	/* The protocol alone would find half of them. */
	for (i = 0; i < MANY; i++) {
		set_rule(s, i, &tcp, i);
		for (j = 0; j < tcp.n && i & 1; j++)
			if (s->insns[i][j].k == 6)
				s->insns[i][j].k = 17;
	}
	KUNIT_EXPECT_EQ(test, find(s), 2);
	for (i = 2; i < MANY; i++)
		KUNIT_EXPECT_EQ(test, s->family[i], s->family[i & 1]);
}

/* FLT-5: rules that share an address are not looked up by it: it would find them all. */
static void shared_constant(struct kunit *test)
{
	struct sought *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	unsigned int i, shared = MANY - DLIL_FAMILY_MIN;

	KUNIT_ASSERT_NOT_NULL(test, s);
	for (i = 0; i < MANY; i++)
		set_rule(s, i, &templates[3], i < shared ? MANY : i);
	KUNIT_EXPECT_EQ(test, find(s), 1);
	for (i = 0; i < MANY; i++)
		KUNIT_EXPECT_EQ(test, s->family[i],
				i < shared ? DLIL_FAMILY_NONE : 0);
}

/* Returns the shape of a rule where all have the least number of rules, but one twice. */
static unsigned int shape_of(unsigned int i, unsigned int twice)
{
	i /= DLIL_FAMILY_MIN;
	return i > DLIL_FAMILIES_MAX ? twice : i;
}

/* FLT-5: too many families leave the smallest one out, in whatever order they come. */
static void largest_families(struct kunit *test)
{
	struct sought *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	const struct template *t = &templates[3];
	struct dlil_program prog = { .n = t->n };
	unsigned int i, twice;

	KUNIT_ASSERT_NOT_NULL(test, s);
	for (twice = 0; twice <= DLIL_FAMILIES_MAX; twice++) {
		for (i = 0; i < MANY; i++) {
			fill(t, i, s->insns[i]);
			/* The length that a program returns is part of its shape. */
			s->insns[i][t->n - 2].k = 100 + shape_of(i, twice);
			prog.insns = s->insns[i];
			dlil_rule_init(&s->rules[i], &prog);
		}
		KUNIT_EXPECT_EQ(test, find(s), DLIL_FAMILIES_MAX);
		for (i = 0; i < MANY; i++)
			if (shape_of(i, twice) == twice)
				KUNIT_EXPECT_NE(test, s->family[i], DLIL_FAMILY_NONE);
	}
}

/* FLT-5: a packet matches although a value that no filter needs is beyond its end. */
static void cut_short(struct kunit *test)
{
	static const struct template t = { PROGRAM(host), HOST };
	struct rules *r = rules_new(test, DLIL_DIRECTION_IN);
	u8 data[30] = {};
	struct sk_buff *skb;
	unsigned int i;

	for (i = 0; i < MANY; i++)
		add_rule(r, &t, i, 1);
	attach_rules(r, 0);
	put16(data + 12, ETH_P_IP);
	put32(data + 26, 0x0a000000 + 7);
	skb = alloc_skb(sizeof(data), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_put_data(skb, data, sizeof(data));
	skb_reset_mac_header(skb);
	KUNIT_EXPECT_EQ(test, expected(r, skb), -EPERM);
	KUNIT_EXPECT_EQ(test, r->rule[7].matched, 1);
	__skb_pull(skb, ETH_HLEN);
	KUNIT_EXPECT_EQ(test, actual(r, skb), -EPERM);
	compare_counters(r);
	kfree_skb(skb);
	rules_free(r);
}

/* FLT-5: as many filters as users may have, each with a packet that it matches. */
static void thousand(struct kunit *test)
{
	struct rules *r = rules_new(test, DLIL_DIRECTION_IN);
	unsigned int i;

	prandom_seed_state(&r->rnd, 6);
	for (i = 0; i < RULES_MAX; i++)
		add_rule(r, &templates[i % 5], i, i % 3);
	attach_rules(r, 0);
	/* One slot, so that a packet costs one run of a program per family. */
	KUNIT_EXPECT_EQ(test, vec_of(r)->n, 1);
	r->values = RULES_MAX;
	run_packets(r, 300);
	compare_counters(r);
	KUNIT_EXPECT_GT(test, r->hits, 50);
	rules_free(r);
}

static struct kunit_case dlil_table_cases[] = {
	KUNIT_CASE_PARAM(families, template_gen_params),
	KUNIT_CASE(mixed_families),
	KUNIT_CASE_PARAM(at_random, way_gen_params),
	KUNIT_CASE(shared_constant),
	KUNIT_CASE(largest_families),
	KUNIT_CASE(cut_short),
	KUNIT_CASE(thousand),
	{}
};

static struct kunit_suite dlil_table_suite = {
	.name = "dlil_table",
	.test_cases = dlil_table_cases,
};

kunit_test_suite(dlil_table_suite);
