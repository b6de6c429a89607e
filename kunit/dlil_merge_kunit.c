// SPDX-License-Identifier: GPL-2.0
/*
 * A merged program returns the results of all programs (FLT-5): tested with
 * typical programs of users, and with random ones.
 */
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_vlan.h>
#include <linux/prandom.h>
#include <linux/skbuff.h>
#include <linux/slab.h>

#include "../dlil_merge.h"
#include "fake.h"

#define PACKET_MAX 96
#define RANDOM_MAX 48	/* instructions of a random program */

/* The programs under test, and the merged one. */
struct merged {
	struct kunit *test;
	struct dlil_program sources[DLIL_MERGE_MAX];
	struct bpf_prog *alone[DLIL_MERGE_MAX];
	struct bpf_prog *all;
	unsigned int n;
	unsigned int len;
};

static struct bpf_prog *compile(struct kunit *test,
				const struct sock_filter *insns,
				unsigned int n)
{
	struct sock_fprog_kern fprog = {
		.len = n, .filter = (struct sock_filter *)insns,
	};
	struct bpf_prog *prog = NULL;

	KUNIT_EXPECT_EQ(test, bpf_prog_create(&prog, &fprog), 0);
	return prog;
}

/* The kernel accepts each program, and the merged one. */
static bool merged_make(struct merged *m)
{
	struct sock_filter *insns;
	unsigned int i;
	int err;

	err = dlil_merge(m->sources, GENMASK(m->n - 1, 0), &insns, &m->len);
	if (err == -E2BIG)
		return false;
	KUNIT_ASSERT_EQ(m->test, err, 0);
	m->all = compile(m->test, insns, m->len);
	kvfree(insns);
	for (i = 0; i < m->n; i++)
		m->alone[i] = compile(m->test, m->sources[i].insns,
				      m->sources[i].n);
	return m->all;
}

static void merged_free(struct merged *m)
{
	unsigned int i;

	for (i = 0; i < m->n; i++)
		if (m->alone[i])
			bpf_prog_destroy(m->alone[i]);
	if (m->all)
		bpf_prog_destroy(m->all);
	memset(m->alone, 0, sizeof(m->alone));
	m->all = NULL;
}

static u32 run(const struct bpf_prog *prog, const struct sk_buff *skb)
{
	u32 ret;

	preempt_disable();
	ret = bpf_prog_run(prog, skb);
	preempt_enable();
	return ret;
}

/* The results of the programs run one by one. */
static u32 run_each(const struct merged *m, const struct sk_buff *skb)
{
	unsigned int i;
	u32 found = 0;

	for (i = 0; i < m->n; i++)
		if (run(m->alone[i], skb))
			found |= BIT(i);
	return found;
}

static struct sk_buff *packet(struct kunit *test, const void *data,
			      unsigned int len)
{
	struct sk_buff *skb = alloc_skb(PACKET_MAX, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_put_data(skb, data, len);
	skb_reset_mac_header(skb);
	return skb;
}

/* As tcpdump compiles it, for IPv4 and IPv6. */
#define DST_PORT(protocol, port) {				\
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),			\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 4),	\
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 20),			\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (protocol), 0, 11),	\
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 56),			\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (port), 8, 9),	\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 8),	\
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 23),			\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (protocol), 0, 6),	\
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 20),			\
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 4, 0),	\
	BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 14),		\
	BPF_STMT(BPF_LD | BPF_H | BPF_IND, 16),			\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (port), 0, 1),	\
	BPF_STMT(BPF_RET | BPF_K, 0x40000),			\
	BPF_STMT(BPF_RET | BPF_K, 0),				\
}

#define HOST(addr) {						\
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),			\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 4),	\
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 26),			\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (addr), 3, 0),	\
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 30),			\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (addr), 1, 0),	\
	BPF_STMT(BPF_RET | BPF_K, 0),				\
	BPF_STMT(BPF_RET | BPF_K, 0x40000),			\
}

static const struct sock_filter udp_53[] = DST_PORT(17, 53);
static const struct sock_filter udp_123[] = DST_PORT(17, 123);
static const struct sock_filter udp_5353[] = DST_PORT(17, 5353);
static const struct sock_filter tcp_53[] = DST_PORT(6, 53);
static const struct sock_filter tcp_80[] = DST_PORT(6, 80);
static const struct sock_filter host_1[] = HOST(0x0a070001);
static const struct sock_filter host_2[] = HOST(0x0a070002);
static const struct sock_filter all[] = { BPF_STMT(BPF_RET | BPF_K, 1) };
static const struct sock_filter none[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
static const struct sock_filter odd_length[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
	BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 1),
	BPF_STMT(BPF_RET | BPF_A, 0),
};

#define PROGRAM(p) { p, ARRAY_SIZE(p) }

/* Fields of a frame that matter here; the rest is 0. */
struct frame_case {
	const char *name;
	u16 type;
	u8 protocol;
	u16 fragment;
	u32 src;
	u32 dst;
	u16 port;
	unsigned int len;
	u32 found;
};

static const struct dlil_program usual[] = {
	PROGRAM(udp_53), PROGRAM(udp_123), PROGRAM(host_1), PROGRAM(udp_5353),
	PROGRAM(tcp_53), PROGRAM(all), PROGRAM(tcp_80), PROGRAM(host_2),
	PROGRAM(udp_53), PROGRAM(none), PROGRAM(odd_length),
};

#define DONE(bits) (DLIL_MERGE_DONE | BIT(5) | (bits))

static const struct frame_case frame_cases[] = {
	{ "udp 53", ETH_P_IP, 17, 0, 1, 2, 53, 60, DONE(BIT(0) | BIT(8)) },
	{ "udp 123", ETH_P_IP, 17, 0, 1, 2, 123, 60, DONE(BIT(1)) },
	{ "udp 5353 to a host", ETH_P_IP, 17, 0, 1, 0x0a070001, 5353, 61,
	  DONE(BIT(2) | BIT(3) | BIT(10)) },
	{ "tcp 53 from one to the other", ETH_P_IP, 6, 0, 0x0a070001,
	  0x0a070002, 53, 60, DONE(BIT(2) | BIT(4) | BIT(7)) },
	{ "tcp 80", ETH_P_IP, 6, 0, 1, 2, 80, 60, DONE(BIT(6)) },
	{ "later fragment", ETH_P_IP, 17, 1, 1, 2, 53, 60, DONE(0) },
	{ "other protocol", ETH_P_IP, 1, 0, 0x0a070002, 2, 53, 60,
	  DONE(BIT(7)) },
	{ "ARP", ETH_P_ARP, 0, 0, 0, 0, 0, 43, DONE(BIT(10)) },
	/* The port is missing, so the merged program returns no result. */
	{ "cut short", ETH_P_IP, 17, 0, 1, 2, 53, 34, 0 },
};

static void frame_desc(const struct frame_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(frame, frame_cases, frame_desc);

static void put16(u8 *to, u16 value)
{
	*(__be16 *)to = htons(value);
}

static struct sk_buff *frame_of(struct kunit *test, const struct frame_case *c)
{
	u8 data[PACKET_MAX] __aligned(4) = {};

	put16(data + 12, c->type);
	data[14] = 0x45;
	put16(data + 20, c->fragment);
	data[23] = c->protocol;
	put16(data + 26, c->src >> 16);
	put16(data + 28, c->src);
	put16(data + 30, c->dst >> 16);
	put16(data + 32, c->dst);
	put16(data + 36, c->port);
	return packet(test, data, c->len);
}

static void usual_programs(struct kunit *test)
{
	const struct frame_case *c = test->param_value;
	struct merged m = { .test = test, .n = ARRAY_SIZE(usual) };
	struct sk_buff *skb = frame_of(test, c);

	memcpy(m.sources, usual, sizeof(usual));
	KUNIT_ASSERT_TRUE(test, merged_make(&m));
	KUNIT_EXPECT_EQ(test, run(m.all, skb), c->found);
	if (c->found)
		KUNIT_EXPECT_EQ(test, run_each(&m, skb),
				c->found & ~DLIL_MERGE_DONE);
	merged_free(&m);
	kfree_skb(skb);
}

#define BESIDE(field) ((u32)(SKF_AD_OFF + (field)))

/* As tcpdump compiles `vlan N` for a device. */
#define VLAN(n) {							\
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, BESIDE(SKF_AD_VLAN_TAG_PRESENT)), \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 4, 0),			\
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),				\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_8021Q, 2, 0),		\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_8021AD, 1, 0),	\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_QINQ1, 0, 8),		\
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, BESIDE(SKF_AD_VLAN_TAG_PRESENT)), \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 2),			\
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, BESIDE(SKF_AD_VLAN_TAG)),	\
	BPF_STMT(BPF_JMP | BPF_JA, 1),					\
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 14),				\
	BPF_STMT(BPF_ALU | BPF_AND | BPF_K, VLAN_VID_MASK),		\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (n), 0, 1),			\
	BPF_STMT(BPF_RET | BPF_K, 0x40000),				\
	BPF_STMT(BPF_RET | BPF_K, 0),					\
}

#define DIRECTION(out) {						\
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, BESIDE(SKF_AD_PKTTYPE)),	\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, !(out), (out)), \
	BPF_STMT(BPF_RET | BPF_K, 0x40000),				\
	BPF_STMT(BPF_RET | BPF_K, 0),					\
}

static const struct sock_filter vlan_5[] = VLAN(5);
static const struct sock_filter vlan_600[] = VLAN(600);
static const struct sock_filter inbound[] = DIRECTION(0);
static const struct sock_filter outbound[] = DIRECTION(1);

static const struct dlil_program beside[] = {
	PROGRAM(vlan_5), PROGRAM(vlan_600), PROGRAM(inbound),
	PROGRAM(outbound), PROGRAM(udp_53),
};

/* Packets with a tag beside the data, in the data, or without one. */
static void beside_the_data(struct kunit *test)
{
	struct merged m = { .test = test, .n = ARRAY_SIZE(beside) };
	const struct frame_case frame = {
		.type = ETH_P_IP, .protocol = 17, .port = 53, .len = 60,
	};
	struct sk_buff *skb = frame_of(test, &frame);
	unsigned int i;

	memcpy(m.sources, beside, sizeof(beside));
	for (i = 0; i < m.n; i++)
		KUNIT_EXPECT_TRUE(test, dlil_merge_possible(&beside[i]));
	KUNIT_ASSERT_TRUE(test, merged_make(&m));

	KUNIT_EXPECT_EQ(test, run(m.all, skb), DLIL_MERGE_DONE | BIT(2) |
			BIT(4));
	__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q), 0xe005);
	skb->pkt_type = PACKET_OUTGOING;
	KUNIT_EXPECT_EQ(test, run(m.all, skb), DLIL_MERGE_DONE | BIT(0) |
			BIT(3) | BIT(4));
	__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021AD), 600);
	KUNIT_EXPECT_EQ(test, run(m.all, skb), DLIL_MERGE_DONE | BIT(1) |
			BIT(3) | BIT(4));
	__vlan_hwaccel_clear_tag(skb);
	put16(skb->data + 12, ETH_P_8021Q);
	put16(skb->data + 14, 600);
	KUNIT_EXPECT_EQ(test, run(m.all, skb), DLIL_MERGE_DONE | BIT(1) |
			BIT(3));
	merged_free(&m);
	kfree_skb(skb);
}

/* Common parts of programs are emitted once. */
static void common_part_once(struct kunit *test)
{
	const struct sock_filter program[] = DST_PORT(17, 4000);
	struct sock_filter (*programs)[ARRAY_SIZE(program)];
	struct merged m = { .test = test, .n = DLIL_MERGE_MAX };
	unsigned int i, pc;

	programs = kunit_kcalloc(test, m.n, sizeof(*programs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, programs);
	for (i = 0; i < m.n; i++) {
		memcpy(programs[i], program, sizeof(program));
		for (pc = 0; pc < ARRAY_SIZE(program); pc++)
			if (programs[i][pc].k == 4000)
				programs[i][pc].k += i;
		m.sources[i] = (struct dlil_program)PROGRAM(programs[i]);
	}
	KUNIT_ASSERT_TRUE(test, merged_make(&m));
	/*
	 * Each program has two comparisons, for IPv4 and IPv6, and the code for
	 * a match behind each; all programs share the rest.
	 */
	KUNIT_EXPECT_LE(test, m.len, 31 * 2 * 6 + 24);
	merged_free(&m);
}

static u32 below(struct rnd_state *rnd, u32 limit)
{
	return prandom_u32_state(rnd) % limit;
}

static u32 small_number(struct rnd_state *rnd)
{
	return below(rnd, 4) ? below(rnd, 8) : prandom_u32_state(rnd);
}

/* Random loads, mostly of fields that exist in every packet. */
static struct sock_filter random_load(struct rnd_state *rnd)
{
	static const u16 codes[] = {
		BPF_LD | BPF_B | BPF_ABS, BPF_LD | BPF_H | BPF_ABS,
		BPF_LD | BPF_W | BPF_ABS, BPF_LD | BPF_B | BPF_IND,
		BPF_LD | BPF_W | BPF_LEN, BPF_LD | BPF_IMM,
		BPF_LDX | BPF_B | BPF_MSH, BPF_LDX | BPF_W | BPF_LEN,
		BPF_LDX | BPF_IMM,
	};
	static const u8 fields[] = {
		SKF_AD_PROTOCOL, SKF_AD_PKTTYPE, SKF_AD_MARK, SKF_AD_QUEUE,
		SKF_AD_RXHASH, SKF_AD_VLAN_TAG, SKF_AD_VLAN_TAG_PRESENT,
		SKF_AD_VLAN_TPID,
	};
	u32 k = below(rnd, 50) ? below(rnd, 16) : 40;

	/* Load an ancillary value, of any size. */
	if (!below(rnd, 6))
		return (struct sock_filter)
			BPF_STMT(codes[below(rnd, 3)],
				 BESIDE(fields[below(rnd, ARRAY_SIZE(fields))]));
	return (struct sock_filter)BPF_STMT(codes[below(rnd, ARRAY_SIZE(codes))],
					    k);
}

static struct sock_filter random_alu(struct rnd_state *rnd)
{
	static const u16 ops[] = {
		BPF_ADD, BPF_SUB, BPF_AND, BPF_OR, BPF_XOR, BPF_MUL, BPF_NEG,
		BPF_LSH, BPF_RSH,
	};
	u16 op = ops[below(rnd, ARRAY_SIZE(ops))];
	bool x = below(rnd, 2);

	switch (below(rnd, 12)) {
	case 0:
		return (struct sock_filter)BPF_STMT(BPF_MISC | BPF_TAX, 0);
	case 1:
		return (struct sock_filter)BPF_STMT(BPF_MISC | BPF_TXA, 0);
	case 2:
		return (struct sock_filter)BPF_STMT(BPF_ALU | BPF_DIV | BPF_X,
						    0);
	}
	if (op == BPF_NEG)
		return (struct sock_filter)BPF_STMT(BPF_ALU | BPF_NEG, 0);
	if (op == BPF_LSH || op == BPF_RSH)
		return (struct sock_filter)BPF_STMT(BPF_ALU | op | BPF_K,
						    below(rnd, 32));
	return (struct sock_filter)BPF_STMT(BPF_ALU | op |
					    (x ? BPF_X : BPF_K),
					    small_number(rnd));
}

/* @left: number of instructions behind it. */
static struct sock_filter random_jump(struct rnd_state *rnd, unsigned int left)
{
	static const u16 ops[] = { BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET };
	u16 op = ops[below(rnd, ARRAY_SIZE(ops))];

	if (!below(rnd, 8))
		return (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA,
						    below(rnd, left));
	return (struct sock_filter)
		BPF_JUMP(BPF_JMP | op | (below(rnd, 4) ? BPF_K : BPF_X),
			 small_number(rnd), below(rnd, left),
			 below(rnd, left));
}

static struct sock_filter random_return(struct rnd_state *rnd)
{
	if (!below(rnd, 4))
		return (struct sock_filter)BPF_STMT(BPF_RET | BPF_A, 0);
	return (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, below(rnd, 2));
}

static struct sock_filter random_insn(struct rnd_state *rnd, unsigned int left)
{
	u32 what = below(rnd, 10);

	if (!left || !what)
		return random_return(rnd);
	if (what < 4)
		return random_load(rnd);
	return what < 6 ? random_alu(rnd) : random_jump(rnd, left);
}

static void random_program(struct rnd_state *rnd, struct sock_filter *insns,
			   unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		insns[i] = random_insn(rnd, n - 1 - i);
}

/* Variations of the first program, and different ones. */
static void random_programs(struct rnd_state *rnd, struct merged *m,
			    struct sock_filter (*insns)[RANDOM_MAX])
{
	unsigned int len = 2 + below(rnd, RANDOM_MAX - 2), i, changes, at;

	m->n = 2 + below(rnd, DLIL_MERGE_MAX - 1);
	random_program(rnd, insns[0], len);
	for (i = 0; i < m->n; i++) {
		m->sources[i].insns = insns[i];
		m->sources[i].n = len;
		if (!i)
			continue;
		memcpy(insns[i], insns[0], sizeof(insns[0]));
		if (!below(rnd, 6)) {
			m->sources[i].n = 2 + below(rnd, RANDOM_MAX - 2);
			random_program(rnd, insns[i], m->sources[i].n);
		}
		for (changes = below(rnd, 4); changes; changes--) {
			at = below(rnd, m->sources[i].n);
			insns[i][at] = random_insn(rnd, m->sources[i].n - 1 -
						   at);
		}
	}
}

/* Returns how often the merged program returned a result. */
static unsigned int compare(const struct merged *m, struct rnd_state *rnd)
{
	unsigned int i, promised = 0;
	u8 data[PACKET_MAX];
	struct sk_buff *skb;
	u32 found;

	for (i = 0; i < 8; i++) {
		prandom_bytes_state(rnd, data, sizeof(data));
		if (i & 1)
			memset(data, i, sizeof(data));
		skb = packet(m->test, data, below(rnd, 4) ? 64 : 12);
		skb->protocol = htons(below(rnd, 8));
		skb->pkt_type = below(rnd, 8);
		skb->mark = below(rnd, 8);
		skb_set_queue_mapping(skb, below(rnd, 8));
		skb->hash = below(rnd, 8);
		if (below(rnd, 2))
			__vlan_hwaccel_put_tag(skb, htons(below(rnd, 8)),
					       below(rnd, 8));
		found = run(m->all, skb);
		if (found & DLIL_MERGE_DONE) {
			promised++;
			KUNIT_EXPECT_EQ(m->test, found & ~DLIL_MERGE_DONE,
					run_each(m, skb));
		}
		kfree_skb(skb);
	}
	return promised;
}

#define ROUNDS 100

static void at_random(struct kunit *test)
{
	struct sock_filter (*insns)[RANDOM_MAX];
	unsigned int i, made = 0, promised = 0;
	struct merged *m;
	struct rnd_state rnd;

	m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	insns = kunit_kcalloc(test, DLIL_MERGE_MAX, sizeof(*insns), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m);
	KUNIT_ASSERT_NOT_NULL(test, insns);
	m->test = test;
	prandom_seed_state(&rnd, 5);
	for (i = 0; i < ROUNDS; i++) {
		random_programs(&rnd, m, insns);
		if (merged_make(m)) {
			made++;
			promised += compare(m, &rnd);
		}
		merged_free(m);
	}
	kunit_info(test, "%u of %u made, %u of %u answers", made, ROUNDS,
		   promised, 8 * made);
	/* Otherwise nothing would have been compared. */
	KUNIT_EXPECT_GT(test, made, ROUNDS / 2);
	KUNIT_EXPECT_GT(test, promised, 2 * made);
}

/* A comparison with a long jump, whose ends differ between the programs. */
static void long_program(struct sock_filter *insns, unsigned int n, u32 k)
{
	unsigned int i;

	insns[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0);
	insns[1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 7,
						n - 4, 0);
	for (i = 2; i < n - 2; i++)
		insns[i] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_ADD |
							BPF_K, 1);
	insns[n - 3] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
						    k, 1, 0);
	insns[n - 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
	insns[n - 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 1);
}

#define LONG 250

/* Jumps that become longer than a conditional jump can be. */
static void far_jumps(struct kunit *test)
{
	struct sock_filter (*insns)[LONG];
	struct merged m = { .test = test, .n = DLIL_MERGE_MAX };
	u8 data[2] = {};
	struct sk_buff *skb;
	unsigned int i;

	insns = kunit_kcalloc(test, m.n, sizeof(*insns), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, insns);
	for (i = 0; i < m.n; i++) {
		long_program(insns[i], LONG, LONG - 5 + 10 + i);
		m.sources[i].insns = insns[i];
		m.sources[i].n = LONG;
	}
	KUNIT_ASSERT_TRUE(test, merged_make(&m));
	for (data[0] = 0; data[0] < 50; data[0]++) {
		skb = packet(test, data, sizeof(data));
		KUNIT_EXPECT_EQ(test, run(m.all, skb),
				run_each(&m, skb) | DLIL_MERGE_DONE);
		kfree_skb(skb);
	}
	merged_free(&m);
}

/* All different, and together too long for a program. */
static void too_large(struct kunit *test)
{
	struct merged m = { .test = test, .n = DLIL_MERGE_MAX };
	struct sock_filter (*insns)[LONG];
	unsigned int i;

	insns = kunit_kcalloc(test, m.n, sizeof(*insns), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, insns);
	for (i = 0; i < m.n; i++) {
		long_program(insns[i], LONG, 1);
		insns[i][0].k = i;
		m.sources[i].insns = insns[i];
		m.sources[i].n = LONG;
	}
	KUNIT_EXPECT_FALSE(test, merged_make(&m));
}

struct left_alone {
	const char *name;
	struct sock_filter insn;
};

/* Programs with these instructions are not merged. */
static const struct left_alone left_alone_cases[] = {
	{ "memory", BPF_STMT(BPF_ST, 3) },
	{ "random", BPF_STMT(BPF_LD | BPF_W | BPF_ABS, BESIDE(SKF_AD_RANDOM)) },
	/* Without a device it ends the program with what is in A. */
	{ "index", BPF_STMT(BPF_LD | BPF_W | BPF_ABS, BESIDE(SKF_AD_IFINDEX)) },
	{ "network header", BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
				     (u32)SKF_NET_OFF) },
};

static void left_alone_desc(const struct left_alone *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(left_alone, left_alone_cases, left_alone_desc);

static void not_possible(struct kunit *test)
{
	const struct left_alone *c = test->param_value;
	const struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_IMM, (u32)-1),
		c->insn,
		BPF_STMT(BPF_RET | BPF_A, 0),
	};
	const struct dlil_program program = PROGRAM(insns);

	KUNIT_EXPECT_FALSE(test, dlil_merge_possible(&program));
	KUNIT_EXPECT_TRUE(test, dlil_merge_possible(&usual[0]));
}

/* A program this long would leave no room for others. */
static void too_long(struct kunit *test)
{
	static struct sock_filter insns[BPF_MAXINSNS / DLIL_MERGE_MAX + 1];
	struct dlil_program program = PROGRAM(insns);

	KUNIT_EXPECT_FALSE(test, dlil_merge_possible(&program));
	program.n--;
	KUNIT_EXPECT_TRUE(test, dlil_merge_possible(&program));
}

static struct kunit_case dlil_merge_cases[] = {
	KUNIT_CASE_PARAM(usual_programs, frame_gen_params),
	KUNIT_CASE(beside_the_data),
	KUNIT_CASE(common_part_once),
	KUNIT_CASE(at_random),
	KUNIT_CASE(far_jumps),
	KUNIT_CASE(too_large),
	KUNIT_CASE_PARAM(not_possible, left_alone_gen_params),
	KUNIT_CASE(too_long),
	{}
};

static struct kunit_suite dlil_merge_suite = {
	.name = "dlil_merge",
	.test_cases = dlil_merge_cases,
};

kunit_test_suite(dlil_merge_suite);
