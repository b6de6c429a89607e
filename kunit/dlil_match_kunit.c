// SPDX-License-Identifier: GPL-2.0
/* The filter kind `match`: a BPF program and an action (FLT-5, STA-1). */
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/if_vlan.h>
#include <linux/netlink.h>

#include "../dlil_filter.h"
#include "../dlil_ifnet.h"
#include "../dlil_kind.h"
#include "fake.h"

/* Offset of a packet's number, from its link header on. */
#define SEQ_LOW (FAKE_HLEN + offsetof(struct fake_payload, seq) + \
		 (IS_ENABLED(CONFIG_CPU_BIG_ENDIAN) ? 3 : 0))

/* Matches packet 2. */
static const struct sock_filter packet_2[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, SEQ_LOW),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 2, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, 0xffff),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

static const struct sock_filter everything[] = {
	BPF_STMT(BPF_RET | BPF_K, 1),
};

/* Reads beyond the end of every packet here, so that it matches none. */
static const struct sock_filter past_the_end[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 5000),
	BPF_STMT(BPF_RET | BPF_K, 1),
};

static const struct sock_filter without_end[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
};

static int match_add(struct fake *fake, const char *name, u32 direction,
		     const char *action, const struct sock_filter *program,
		     unsigned int n)
{
	struct dlil_filter_request params = {
		.kind = "match",
		.name = name, .direction = direction, .action = action,
		.expr = "an expression", .program = program, .n = n,
	};
	struct netlink_ext_ack extack = {};
	int err = fake_kind_add(fake->ifp, &params, true, &extack);

	/* Every error comes with a message, and success with none. */
	KUNIT_EXPECT_EQ(fake->test, !!extack._msg, !!err);
	return err;
}

static int match_del(struct fake *fake, const char *name)
{
	struct netlink_ext_ack extack = {};
	int err = dlil_kind_del(fake->ifp, name, &extack);

	KUNIT_EXPECT_EQ(fake->test, !!extack._msg, !!err);
	return err;
}

struct found {
	const char *name;
	unsigned int n;
	u32 direction;
	struct dlil_filter_info info;
};

static int look_at(const struct dlil_filter *f, void *arg)
{
	struct found *found = arg;

	if (strcmp(f->name, found->name))
		return 0;
	found->n++;
	found->direction = dlil_filter_direction(f);
	f->ops->describe(f->cookie, &found->info);
	return 0;
}

static void expect_counters(struct fake *fake, const char *name, u64 packets,
			    u64 matched)
{
	struct found found = { .name = name };

	dlil_filter_for_each(fake->ifp, look_at, &found);
	KUNIT_EXPECT_EQ(fake->test, found.n, 1);
	KUNIT_EXPECT_EQ(fake->test, found.info.packets, packets);
	KUNIT_EXPECT_EQ(fake->test, found.info.matched, matched);
}

struct action_case {
	const char *action;
	u32 direction;
	int err;
	const char *trace;
	u64 later;
};

/*
 * Three packets, the second of which matches.  Behind the match filter comes
 * filter a of a module, and one that drops every packet that was not passed.
 */
static const struct action_case action_cases[] = {
	{ "drop", DLIL_DIRECTION_IN, 0, "a1 a3", 2 },
	{ "count", DLIL_DIRECTION_IN, 0, "a1 a2 a3", 3 },
	{ "pass", DLIL_DIRECTION_IN, 0, "a1 a2 a3 P2", 2 },
	{ "drop", DLIL_DIRECTION_OUT, -EPERM, "a1 a3", 2 },
	{ "count", DLIL_DIRECTION_OUT, -EPERM, "a1 a2 a3", 3 },
	{ "pass", DLIL_DIRECTION_OUT, -EPERM, "a1 a2 D2 a3", 2 },
};

static void action_desc(const struct action_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s, %s", c->action,
		 c->direction == DLIL_DIRECTION_IN ? "in" : "out");
}

KUNIT_ARRAY_PARAM(action, action_cases, action_desc);

/* FLT-3, FLT-5 */
static void actions(struct kunit *test)
{
	const struct action_case *c = test->param_value;
	struct fake *fake = fake_attached(test);
	bool in = c->direction == DLIL_DIRECTION_IN;
	int err;

	fake_proto(fake, 'P', FAKE_PF_A);
	KUNIT_ASSERT_EQ(test, match_add(fake, "first", c->direction, c->action,
					packet_2, ARRAY_SIZE(packet_2)), 0);
	fake_filter(fake, 'a', in ? &fake_filter_in_ops : &fake_filter_out_ops);
	KUNIT_ASSERT_EQ(test, match_add(fake, "later", c->direction, "drop",
					everything, 1), 0);

	if (in)
		err = fake_input_new(fake, FAKE_PF_A, 1, 3);
	else
		err = fake_output_new(fake, FAKE_PF_A, 1, 3, DLIL_OUTPUT_RAW);

	fake_read(fake);
	KUNIT_EXPECT_EQ(test, err, c->err);
	FAKE_EXPECT_TRACE(fake, c->trace);
	expect_counters(fake, "first", 3, 1);
	expect_counters(fake, "later", c->later, c->later);
}

/* A filter for both directions counts both. */
static void both_directions(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct found found = { .name = "both" };

	fake_proto(fake, 'P', FAKE_PF_A);
	KUNIT_ASSERT_EQ(test, match_add(fake, "both", DLIL_DIRECTION_IN |
					DLIL_DIRECTION_OUT, "drop", packet_2,
					ARRAY_SIZE(packet_2)), 0);
	fake_input_new(fake, FAKE_PF_A, 1, 3);
	fake_output_new(fake, FAKE_PF_A, 1, 2, DLIL_OUTPUT_RAW);
	fake_read(fake);
	FAKE_EXPECT_IN(fake, .delivered = 2, .drops[DLIL_DROP_FILTER] = 1);
	FAKE_EXPECT_OUT(fake, .delivered = 1, .drops[DLIL_DROP_FILTER] = 1);

	expect_counters(fake, "both", 5, 2);
	dlil_filter_for_each(fake->ifp, look_at, &found);
	KUNIT_EXPECT_EQ(test, found.direction,
			DLIL_DIRECTION_IN | DLIL_DIRECTION_OUT);
	KUNIT_EXPECT_STREQ(test, found.info.kind, "match");
	KUNIT_EXPECT_STREQ(test, found.info.action, "drop");
	KUNIT_EXPECT_STREQ(test, found.info.expr, "an expression");
}

/* A program that reads beyond the end of a packet does not match it. */
static void short_packet(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	fake_proto(fake, 'P', FAKE_PF_A);
	KUNIT_ASSERT_EQ(test, match_add(fake, "long", DLIL_DIRECTION_IN, "drop",
					past_the_end,
					ARRAY_SIZE(past_the_end)), 0);
	fake_input_new(fake, FAKE_PF_A, 1, 2);
	fake_read(fake);
	FAKE_EXPECT_IN(fake, .delivered = 2);
	expect_counters(fake, "long", 2, 0);
}

static int check_packet(struct fake_filter *f, struct sk_buff **skb)
{
	KUNIT_EXPECT_EQ(f->fake->test, (*skb)->data - skb_mac_header(*skb),
			FAKE_HLEN);
	KUNIT_EXPECT_EQ(f->fake->test, (*skb)->len,
			sizeof(struct fake_payload));
	return 0;
}

/* INP-9: the next filter finds the packet unchanged. */
static void packet_unchanged(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	KUNIT_ASSERT_EQ(test, match_add(fake, "m", DLIL_DIRECTION_IN, "count",
					packet_2, ARRAY_SIZE(packet_2)), 0);
	fake_filter(fake, 'a', &fake_filter_in_ops)->hook = check_packet;
	fake_input_new(fake, FAKE_PF_A, 1, 2);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "a1 a2");
}

static int without_header(struct fake_filter *f, struct sk_buff **skb)
{
	skb_unset_mac_header(*skb);
	return 0;
}

/* A program does not read beyond the end of a packet left without link header. */
static void no_link_header(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	fake_filter(fake, 'a', &fake_filter_in_ops)->hook = without_header;
	KUNIT_ASSERT_EQ(test, match_add(fake, "m", DLIL_DIRECTION_IN, "count",
					everything, 1), 0);
	fake_input_new(fake, FAKE_PF_A, 1, 2);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "a1 a2");
	FAKE_EXPECT_IN(fake, .drops[DLIL_DROP_FILTER] = 2);
	expect_counters(fake, "m", 0, 0);
}

#define BESIDE(field) ((u32)(SKF_AD_OFF + (field)))

static const struct sock_filter is_outgoing[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, BESIDE(SKF_AD_PKTTYPE)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, 1),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

static const struct sock_filter tag_beside[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, BESIDE(SKF_AD_VLAN_TAG_PRESENT)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 3),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, BESIDE(SKF_AD_VLAN_TAG)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x6007, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, 1),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

/* The tag between the addresses, and the protocol and type behind it. */
static const struct sock_filter tag_within[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, BESIDE(SKF_AD_VLAN_TAG_PRESENT)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 11),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 12),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_8021AD << 16 | 0x6007, 0, 9),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x00010203, 0, 7),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 8),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x08090a0b, 0, 5),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x0c0d0e0f, 0, 3),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, BESIDE(SKF_AD_PROTOCOL)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_8021AD, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, 1),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

static bool puts_in_data(struct dlil_ifnet *ifp, struct sk_buff *skb)
{
	return true;
}

static bool leaves_beside(struct dlil_ifnet *ifp, struct sk_buff *skb)
{
	return false;
}

struct sent_case {
	const char *name;
	bool (*tag_in_data)(struct dlil_ifnet *ifp, struct sk_buff *skb);
	bool tagged;
	bool cloned;
	u64 beside;
	u64 within;
};

static const struct sent_case sent_cases[] = {
	{ "no tag", puts_in_data, false, false, 0, 0 },
	{ "a driver that does not say", NULL, true, false, 1, 0 },
	{ "tag left beside the data", leaves_beside, true, false, 1, 0 },
	{ "tag put in the data", puts_in_data, true, false, 0, 1 },
	{ "tag put in data that is shared", puts_in_data, true, true, 0, 1 },
};

static void sent_desc(const struct sent_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(sent, sent_cases, sent_desc);

static const struct sent_case *sent_now;

/* Behind the match filters the packet is unchanged. */
static int check_sent(struct fake_filter *f, struct sk_buff **pskb)
{
	struct kunit *test = f->fake->test;
	struct sk_buff *skb = *pskb;
	int i;

	KUNIT_EXPECT_EQ(test, (bool)skb_vlan_tag_present(skb),
			sent_now->tagged);
	if (sent_now->tagged) {
		KUNIT_EXPECT_EQ(test, skb_vlan_tag_get(skb), 0x6007);
		KUNIT_EXPECT_EQ(test, ntohs(skb->vlan_proto), ETH_P_8021AD);
	}
	KUNIT_EXPECT_EQ(test, (int)skb->pkt_type, PACKET_OTHERHOST);
	KUNIT_EXPECT_EQ(test, ntohs(skb->protocol), ETH_P_ARP);
	KUNIT_EXPECT_EQ(test, skb->len,
			FAKE_HLEN + sizeof(struct fake_payload));
	KUNIT_EXPECT_PTR_EQ(test, skb_mac_header(skb), skb->data);
	for (i = 0; i < FAKE_HLEN; i++)
		KUNIT_EXPECT_EQ(test, skb->data[i], i);
	return 0;
}

/*
 * FLT-18: programs see the packet as packet sockets do: outgoing, and with the
 * tag in the data if the device needs it there.  Cloned data is not modified.
 */
static void as_sent(struct kunit *test)
{
	const struct sent_case *c = test->param_value;
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct sk_buff *skb, *clone = NULL;
	struct sk_buff_head list;
	int i;

	fake->driver.tag_in_data = c->tag_in_data;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	sent_now = c;
	KUNIT_ASSERT_EQ(test, match_add(fake, "outgoing", DLIL_DIRECTION_OUT,
					"count", is_outgoing,
					ARRAY_SIZE(is_outgoing)), 0);
	KUNIT_ASSERT_EQ(test, match_add(fake, "beside", DLIL_DIRECTION_OUT,
					"count", tag_beside,
					ARRAY_SIZE(tag_beside)), 0);
	KUNIT_ASSERT_EQ(test, match_add(fake, "within", DLIL_DIRECTION_OUT,
					"count", tag_within,
					ARRAY_SIZE(tag_within)), 0);
	fake_filter(fake, 'a', &fake_filter_out_ops)->hook = check_sent;

	skb = fake_raw(fake, 1);
	for (i = 0; i < FAKE_HLEN; i++)
		skb->data[i] = i;
	skb->protocol = htons(ETH_P_ARP);
	skb->pkt_type = PACKET_OTHERHOST;
	if (c->tagged)
		__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021AD), 0x6007);
	if (c->cloned) {
		clone = skb_clone(skb, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, clone);
	}
	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, skb);
	KUNIT_EXPECT_EQ(test, fake_output(fake, FAKE_PF_A, &list,
					  DLIL_OUTPUT_RAW), 0);
	fake_read(fake);
	FAKE_EXPECT_OUT(fake, .delivered = 1);
	expect_counters(fake, "outgoing", 1, 1);
	expect_counters(fake, "beside", 1, c->beside);
	expect_counters(fake, "within", 1, c->within);
	for (i = 0; clone && i < FAKE_HLEN; i++)
		KUNIT_EXPECT_EQ(test, clone->data[i], i);
	kfree_skb(clone);
}

/* FLT-18: a received packet is not outgoing, and has its tag beside the data. */
static void as_received(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct sk_buff_head list;
	struct sk_buff *skb;

	KUNIT_ASSERT_EQ(test, match_add(fake, "outgoing", DLIL_DIRECTION_IN,
					"count", is_outgoing,
					ARRAY_SIZE(is_outgoing)), 0);
	KUNIT_ASSERT_EQ(test, match_add(fake, "beside", DLIL_DIRECTION_IN,
					"count", tag_beside,
					ARRAY_SIZE(tag_beside)), 0);
	skb = fake_rx(fake, FAKE_PF_A, 1);
	__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021AD), 0x6007);
	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, skb);
	fake_input(fake, &list);
	fake_input_new(fake, FAKE_PF_A, 2, 1);
	fake_read(fake);
	expect_counters(fake, "outgoing", 2, 0);
	expect_counters(fake, "beside", 2, 1);
}

static const struct sock_filter is_of_device[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, BESIDE(SKF_AD_IFINDEX)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FAKE_IFINDEX, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, 1),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

/* Cannot be merged, since it uses scratch memory; loads the index as a byte. */
static const struct sock_filter is_of_device_alone[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, BESIDE(SKF_AD_IFINDEX)),
	BPF_STMT(BPF_ST, 0),
	BPF_STMT(BPF_LD | BPF_MEM, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FAKE_IFINDEX, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, 1),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

static const struct sock_filter asks_hatype[] = {
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, BESIDE(SKF_AD_HATYPE)),
	BPF_STMT(BPF_RET | BPF_A, 0),
};

/*
 * FLT-18: programs see the same index as in tcpdump, although received packets
 * do not point to their device, and those of dlil_output() have none; alone and
 * merged with others.
 */
static void index_of_device(struct kunit *test)
{
	const u32 both = DLIL_DIRECTION_IN | DLIL_DIRECTION_OUT;
	struct fake *fake = fake_attached(test);

	fake_proto(fake, 'P', FAKE_PF_A);
	KUNIT_ASSERT_EQ(test, match_add(fake, "second", both, "count", packet_2,
					ARRAY_SIZE(packet_2)), 0);
	KUNIT_ASSERT_EQ(test, match_add(fake, "index", both, "count",
					is_of_device,
					ARRAY_SIZE(is_of_device)), 0);
	KUNIT_ASSERT_EQ(test, match_add(fake, "alone", both, "count",
					is_of_device_alone,
					ARRAY_SIZE(is_of_device_alone)), 0);
	KUNIT_ASSERT_EQ(test, match_add(fake, "all", both, "count", everything,
					1), 0);
	fake_input_new(fake, FAKE_PF_A, 1, 3);
	fake_read(fake);
	expect_counters(fake, "index", 3, 3);
	expect_counters(fake, "alone", 3, 3);
	expect_counters(fake, "second", 3, 1);
	fake_output_new(fake, FAKE_PF_A, 1, 3, DLIL_OUTPUT_RAW);
	fake_read(fake);
	expect_counters(fake, "index", 6, 6);
	expect_counters(fake, "alone", 6, 6);
	expect_counters(fake, "second", 6, 2);
	expect_counters(fake, "all", 6, 6);
	KUNIT_EXPECT_EQ(test, match_add(fake, "type", both, "count",
					asks_hatype, ARRAY_SIZE(asks_hatype)),
			-EOPNOTSUPP);
}

struct error_case {
	const char *name;
	const char *filter;
	u32 direction;
	const char *action;
	const struct sock_filter *program;
	unsigned int n;
};

static const struct error_case error_cases[] = {
	{ "no name", "", DLIL_DIRECTION_IN, "drop", everything, 1 },
	{ "no direction", "f", 0, "drop", everything, 1 },
	{ "unknown direction", "f", 4, "drop", everything, 1 },
	{ "unknown action", "f", DLIL_DIRECTION_IN, "eat", everything, 1 },
	{ "no action", "f", DLIL_DIRECTION_IN, "", everything, 1 },
	{ "no program", "f", DLIL_DIRECTION_IN, "drop", everything, 0 },
	{ "long program", "f", DLIL_DIRECTION_IN, "drop", everything,
	  BPF_MAXINSNS + 1 },
	{ "program without end", "f", DLIL_DIRECTION_IN, "drop", without_end,
	  1 },
};

static void error_desc(const struct error_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(error, error_cases, error_desc);

static void bad_arguments(struct kunit *test)
{
	const struct error_case *c = test->param_value;
	struct fake *fake = fake_attached(test);

	KUNIT_EXPECT_EQ(test, match_add(fake, c->filter, c->direction,
					c->action, c->program, c->n), -EINVAL);
	KUNIT_EXPECT_EQ(test, match_del(fake, c->filter), -ENOENT);
}

/* FLT-1 */
static void not_attached(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);

	KUNIT_EXPECT_EQ(test, match_add(fake, "f", DLIL_DIRECTION_IN, "drop",
					everything, 1), -ENXIO);
	KUNIT_EXPECT_EQ(test, match_del(fake, "f"), -ENOENT);
}

/* FLT-2 */
static void add_and_del(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	fake_proto(fake, 'P', FAKE_PF_A);
	KUNIT_EXPECT_EQ(test, match_add(fake, "f", DLIL_DIRECTION_IN, "drop",
					everything, 1), 0);
	KUNIT_EXPECT_EQ(test, match_add(fake, "f", DLIL_DIRECTION_OUT, "count",
					everything, 1), -EEXIST);
	fake_input_new(fake, FAKE_PF_A, 1, 1);
	fake_read(fake);
	KUNIT_EXPECT_EQ(test, match_del(fake, "g"), -ENOENT);
	KUNIT_EXPECT_EQ(test, match_del(fake, "f"), 0);
	KUNIT_EXPECT_EQ(test, match_del(fake, "f"), -ENOENT);
	fake_input_new(fake, FAKE_PF_A, 2, 1);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "P2");
	/* The name is free again; the last filter is freed at the end. */
	KUNIT_EXPECT_EQ(test, match_add(fake, "f", DLIL_DIRECTION_IN, "drop",
					everything, 1), 0);
}

/* A match request cannot remove the filter of a module. */
static void filter_of_module(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	fake_filter(fake, 'a', &fake_filter_in_ops);
	KUNIT_EXPECT_EQ(test, match_del(fake, "fake"), -EPERM);
	fake_input_new(fake, FAKE_PF_A, 1, 1);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "a1");
}

/* FLT-2: a module's filter of the same name is not removed. */
static void same_name(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	fake_proto(fake, 'P', FAKE_PF_A);
	KUNIT_ASSERT_EQ(test, match_add(fake, "fake", DLIL_DIRECTION_IN, "drop",
					everything, 1), 0);
	fake_filter(fake, 'a', &fake_filter_in_ops);
	KUNIT_EXPECT_EQ(test, match_del(fake, "fake"), 0);
	KUNIT_EXPECT_EQ(test, match_del(fake, "fake"), -EPERM);
	KUNIT_EXPECT_EQ(test, match_add(fake, "fake", DLIL_DIRECTION_IN, "drop",
					everything, 1), -EEXIST);
	fake_input_new(fake, FAKE_PF_A, 1, 1);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "a1 P1");
}

static void too_many(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	char name[16];
	int i;

	for (i = 0; i < DLIL_GENL_MAXFILTERS; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		KUNIT_ASSERT_EQ(test, match_add(fake, name, DLIL_DIRECTION_IN,
						"count", everything, 1), 0);
	}
	KUNIT_EXPECT_EQ(test, match_add(fake, "one more", DLIL_DIRECTION_IN,
					"count", everything, 1), -ENOSPC);
	KUNIT_EXPECT_EQ(test, match_del(fake, "f17"), 0);
	KUNIT_EXPECT_EQ(test, match_add(fake, "one more", DLIL_DIRECTION_IN,
					"count", everything, 1), 0);
	fake_input_new(fake, FAKE_PF_A, 1, 2);
	fake_read(fake);
	expect_counters(fake, "one more", 2, 2);
}

/* Program @i of many: matches packets with that number. */
static int add_numbered(struct fake *fake, unsigned int i, u32 direction,
			const char *action)
{
	const struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, SEQ_LOW),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, i, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	char name[16];

	snprintf(name, sizeof(name), "f%u", i);
	return match_add(fake, name, direction, action, program,
			 ARRAY_SIZE(program));
}

#define MANY 70	/* needs more than two sets */

static void expect_numbered(struct fake *fake, unsigned int i, u64 packets,
			    u64 matched)
{
	char name[16];

	snprintf(name, sizeof(name), "f%u", i);
	expect_counters(fake, name, packets, matched);
}

static void send_many(struct fake *fake, u32 direction)
{
	if (direction == DLIL_DIRECTION_IN)
		fake_input_new(fake, FAKE_PF_A, 1, MANY);
	else
		fake_output_new(fake, FAKE_PF_A, 1, MANY, DLIL_OUTPUT_RAW);
	fake_read(fake);
}

static const u32 set_cases[] = { DLIL_DIRECTION_IN, DLIL_DIRECTION_OUT };

static void set_desc(const u32 *direction, char *desc)
{
	strscpy(desc, *direction == DLIL_DIRECTION_IN ? "in" : "out",
		KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(set, set_cases, set_desc);

/*
 * FLT-2, FLT-3, STA-1: adjacent filters run as one, but each has its own
 * counters.
 */
static void sets(struct kunit *test)
{
	u32 direction = *(const u32 *)test->param_value;
	struct fake *fake = fake_attached(test);
	unsigned int i;

	for (i = 1; i <= MANY; i++)
		KUNIT_ASSERT_EQ(test, add_numbered(fake, i, direction, "count"),
				0);
	send_many(fake, direction);
	for (i = 1; i <= MANY; i++)
		expect_numbered(fake, i, MANY, 1);

	KUNIT_EXPECT_EQ(test, match_del(fake, "f1"), 0);
	KUNIT_EXPECT_EQ(test, match_del(fake, "f40"), 0);
	KUNIT_EXPECT_EQ(test, match_del(fake, "f70"), 0);
	send_many(fake, direction);
	for (i = 2; i < MANY; i++)
		if (i != 40)
			expect_numbered(fake, i, 2 * MANY, 2);
}

/* FLT-5: later filters, in the set and behind it, do not see a dropped packet. */
static void set_drops(struct kunit *test)
{
	u32 direction = *(const u32 *)test->param_value;
	struct fake *fake = fake_attached(test);
	unsigned int i;

	for (i = 1; i <= MANY; i++)
		KUNIT_ASSERT_EQ(test, add_numbered(fake, i, direction,
						   i % 2 ? "drop" : "count"),
				0);
	send_many(fake, direction);
	/* Packet 1 ends at the first filter, 3 at the third, and so on. */
	for (i = 1; i <= MANY; i++)
		expect_numbered(fake, i, MANY - i / 2, 1);
}

static const struct dlil_filter_slot *first_slot(struct fake *fake, u32 direction)
{
	struct dlil_ifnet *ifp = fake->ifp;
	const struct dlil_filter_vec *vec;

	vec = rcu_dereference_protected(direction == DLIL_DIRECTION_IN ?
					ifp->filters_in : ifp->filters_out, true);
	KUNIT_ASSERT_NOT_NULL(fake->test, vec);
	return &vec->slots[0];
}

/*
 * STA-1: filters keep their counts when others before them come and go, while an old set
 * is in use, and after that.  The old set may outlive a filter.
 */
static void set_outlives_filter(struct kunit *test)
{
	u32 direction = *(const u32 *)test->param_value;
	struct fake *fake = fake_attached(test);
	const struct dlil_filter_bundle_ops *ops;
	const struct dlil_filter_slot *slot;
	unsigned int i;
	void *set;

	for (i = 1; i <= 4; i++)
		KUNIT_ASSERT_EQ(test, add_numbered(fake, i, direction,
						   i % 2 ? "drop" : "count"),
				0);
	send_many(fake, direction);
	slot = first_slot(fake, direction);
	ops = slot->bundle;
	set = slot->cookie;
	ops->get(set);
	KUNIT_EXPECT_EQ(test, match_del(fake, "f1"), 0);
	send_many(fake, direction);
	for (i = 0; i < 2; i++) {
		expect_numbered(fake, 2, 2 * MANY - 1, 2);
		expect_numbered(fake, 3, 2 * MANY - 1, 2);
		expect_numbered(fake, 4, 2 * MANY - 3, 2);
		if (!i)
			ops->put(set);
	}
	KUNIT_ASSERT_EQ(test, add_numbered(fake, 5, direction, "drop"), 0);
	KUNIT_EXPECT_EQ(test, match_del(fake, "f3"), 0);
	send_many(fake, direction);
	expect_numbered(fake, 2, 3 * MANY - 1, 3);
	expect_numbered(fake, 4, 3 * MANY - 3, 3);
	expect_numbered(fake, 5, MANY, 1);
}

/* FLT-5: behind a filter that ends the run, filters of the set do not count. */
static void set_stops(struct kunit *test)
{
	u32 direction = *(const u32 *)test->param_value;
	struct fake *fake = fake_attached(test);

	KUNIT_ASSERT_EQ(test, add_numbered(fake, 1, direction, "count"), 0);
	KUNIT_ASSERT_EQ(test, match_add(fake, "end", direction, "drop",
					everything, 1), 0);
	KUNIT_ASSERT_EQ(test, add_numbered(fake, 2, direction, "count"), 0);
	KUNIT_ASSERT_EQ(test, match_add(fake, "rest", direction, "drop",
					everything, 1), 0);
	send_many(fake, direction);
	expect_numbered(fake, 1, MANY, 1);
	expect_counters(fake, "end", MANY, MANY);
	expect_numbered(fake, 2, 0, 0);
	expect_counters(fake, "rest", 0, 0);
}

/* DLIL_SKIP skips the rest of the set, and the set behind another filter. */
static void set_passes(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	fake_proto(fake, 'P', FAKE_PF_A);
	KUNIT_ASSERT_EQ(test, add_numbered(fake, 1, DLIL_DIRECTION_IN, "count"),
			0);
	KUNIT_ASSERT_EQ(test, add_numbered(fake, 2, DLIL_DIRECTION_IN, "pass"),
			0);
	KUNIT_ASSERT_EQ(test, match_add(fake, "rest", DLIL_DIRECTION_IN,
					"count", everything, 1), 0);
	fake_filter(fake, 'a', &fake_filter_in_ops);
	KUNIT_ASSERT_EQ(test, match_add(fake, "last", DLIL_DIRECTION_IN,
					"drop", everything, 1), 0);
	fake_input_new(fake, FAKE_PF_A, 1, 3);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "a1 a2 a3 P2");
	expect_numbered(fake, 1, 3, 1);
	expect_numbered(fake, 2, 3, 1);
	expect_counters(fake, "rest", 2, 2);
	expect_counters(fake, "last", 2, 2);
}

/*
 * FLT-3: a filter that cannot be merged, and one that ends early, keep their
 * place.
 */
static void odd_ones(struct kunit *test)
{
	static const struct sock_filter own_memory[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, SEQ_LOW),
		BPF_STMT(BPF_ST, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 3, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct fake *fake = fake_attached(test);

	fake_proto(fake, 'P', FAKE_PF_A);
	KUNIT_ASSERT_EQ(test, add_numbered(fake, 1, DLIL_DIRECTION_IN, "drop"),
			0);
	KUNIT_ASSERT_EQ(test, match_add(fake, "memory", DLIL_DIRECTION_IN,
					"drop", own_memory,
					ARRAY_SIZE(own_memory)), 0);
	KUNIT_ASSERT_EQ(test, add_numbered(fake, 4, DLIL_DIRECTION_IN, "count"),
			0);
	fake_input_new(fake, FAKE_PF_A, 1, 5);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "P2 P4 P5");
	expect_numbered(fake, 1, 5, 1);
	expect_counters(fake, "memory", 4, 1);
	expect_numbered(fake, 4, 3, 1);

	/* This load makes the merged program return no result. */
	KUNIT_ASSERT_EQ(test, match_add(fake, "long", DLIL_DIRECTION_IN, "drop",
					past_the_end,
					ARRAY_SIZE(past_the_end)), 0);
	fake_input_new(fake, FAKE_PF_A, 1, 5);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "P2 P4 P5 P2 P4 P5");
	expect_numbered(fake, 1, 10, 2);
	expect_counters(fake, "memory", 8, 2);
	expect_numbered(fake, 4, 6, 2);
	expect_counters(fake, "long", 3, 0);
}

static int detach_second(struct fake_filter *f, struct sk_buff **skb)
{
	struct dlil_ifnet *ifp = f->fake->ifp;
	bool users;
	dlil_filter_t ref = dlil_filter_find(ifp, "second", &users);

	/* At the second packet, once. */
	if (((const struct fake_payload *)(*skb)->data)->seq == 2)
		KUNIT_EXPECT_EQ(f->fake->test, dlil_filter_detach_async(ref),
				0);
	return 0;
}

/* FLT-2, FLT-7: detach a filter of the array that packets are passing through. */
static void set_loses_one(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	fake_proto(fake, 'P', FAKE_PF_A);
	fake_filter(fake, 'a', &fake_filter_in_ops)->hook = detach_second;
	KUNIT_ASSERT_EQ(test, match_add(fake, "first", DLIL_DIRECTION_IN,
					"count", everything, 1), 0);
	KUNIT_ASSERT_EQ(test, match_add(fake, "second", DLIL_DIRECTION_IN,
					"drop", everything, 1), 0);
	fake_input_new(fake, FAKE_PF_A, 1, 3);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "a1 a2 a3 P2 P3");
	expect_counters(fake, "first", 3, 3);
}

static struct kunit_case dlil_match_cases[] = {
	KUNIT_CASE_PARAM(actions, action_gen_params),
	KUNIT_CASE(both_directions),
	KUNIT_CASE(short_packet),
	KUNIT_CASE(packet_unchanged),
	KUNIT_CASE(no_link_header),
	KUNIT_CASE_PARAM(as_sent, sent_gen_params),
	KUNIT_CASE(as_received),
	KUNIT_CASE(index_of_device),
	KUNIT_CASE_PARAM(bad_arguments, error_gen_params),
	KUNIT_CASE(not_attached),
	KUNIT_CASE(add_and_del),
	KUNIT_CASE(filter_of_module),
	KUNIT_CASE(same_name),
	KUNIT_CASE(too_many),
	KUNIT_CASE_PARAM(sets, set_gen_params),
	KUNIT_CASE_PARAM(set_drops, set_gen_params),
	KUNIT_CASE_PARAM(set_outlives_filter, set_gen_params),
	KUNIT_CASE_PARAM(set_stops, set_gen_params),
	KUNIT_CASE(set_passes),
	KUNIT_CASE(odd_ones),
	KUNIT_CASE(set_loses_one),
	{}
};

static struct kunit_suite dlil_match_suite = {
	.name = "dlil_match",
	.test_cases = dlil_match_cases,
};

kunit_test_suite(dlil_match_suite);
