// SPDX-License-Identifier: GPL-2.0
/* Traffic classes: row STA-2, and their part of INP-8 and OUT-8. */
#include <linux/if_ether.h>

#include "fail.h"
#include "../dlil_ifnet.h"
#include "../dlil_inspect.h"
#include "../dlil_output.h"
#include "fake.h"

#include <trace/events/dlil.h>

#define FRAMED	(FAKE_HLEN + sizeof(struct fake_payload))

static int class_test_init(struct kunit *test)
{
	return dlil_class_enable(true);
}

static void class_test_exit(struct kunit *test)
{
	dlil_class_enable(false);
}

/* The counters of one direction. */
static struct dlil_traffic in, out;

static bool read_classes(struct fake *fake)
{
	return dlil_stats_classes(fake->ifp, &in, &out);
}

/* Exactly @n packets of a class, and none of others, have been counted. */
static void expect_class(struct fake *fake, const struct dlil_traffic *t,
			 int class, unsigned int n, int line)
{
	int i;

	for (i = 0; i < DLIL_CLASS_MAX; i++) {
		KUNIT_EXPECT_EQ_MSG(fake->test, t->packets[i],
				    i == class ? n : 0, "class %d, line %d", i,
				    line);
		KUNIT_EXPECT_EQ_MSG(fake->test, t->bytes[i],
				    i == class ? n * FRAMED : 0,
				    "class %d, line %d", i, line);
	}
}

#define EXPECT_CLASS(fake, t, class, n) \
	expect_class(fake, t, class, n, __LINE__)

/**
 * struct class_case - a packet and its class
 * @priority: skb->priority
 * @type: skb->protocol
 * @tos: DSCP and ECN of an IP packet
 * @class: enum dlil_class, or -1
 */
struct class_case {
	u32 priority;
	u16 type;
	u8 tos;
	int class;
};

#define BK	DLIL_CLASS_BACKGROUND
#define VI	DLIL_CLASS_VIDEO
#define VO	DLIL_CLASS_VOICE
#define V4(dscp, class)	{ 0, ETH_P_IP, (dscp) << 2, class }
#define V6(dscp, class)	{ 0, ETH_P_IPV6, (dscp) << 2 | 3, class }

static const struct class_case class_cases[] = {
	/* Priorities of the kernel, and of 802.1d. */
	{ 1, 0, 0, BK }, { 2, 0, 0, BK }, { 3, 0, 0, -1 }, { 4, 0, 0, VI },
	{ 5, 0, 0, -1 }, { 6, 0, 0, VO }, { 7, 0, 0, VO }, { 8, 0, 0, -1 },
	{ 255, 0, 0, -1 }, { 256, 0, 0, -1 }, { 257, 0, 0, BK },
	{ 258, 0, 0, BK }, { 259, 0, 0, -1 }, { 260, 0, 0, VI },
	{ 261, 0, 0, VI }, { 262, 0, 0, VO }, { 263, 0, 0, VO },
	{ 264, 0, 0, -1 },
	/* The class of a qdisc, 1:6. */
	{ 0x10006, 0, 0, -1 },
	/* A priority overrides the DSCP, even a priority without a class. */
	{ 4, ETH_P_IP, 46 << 2, VI }, { 3, ETH_P_IP, 46 << 2, -1 },
	/* The code points of RFC 8325, and their neighbours. */
	V4(0, -1), V6(0, -1),
	V4(1, BK), V6(1, BK),
	V4(2, -1), V6(2, -1),
	V4(8, BK), V6(8, BK),
	V4(9, -1), V6(9, -1),
	V4(10, -1), V6(10, -1),
	V4(16, -1), V6(16, -1),
	V4(18, -1), V6(18, -1),
	V4(22, -1), V6(22, -1),
	V4(23, -1), V6(23, -1),
	V4(24, VI), V6(24, VI),
	V4(25, -1), V6(25, -1),
	V4(26, VI), V6(26, VI),
	V4(28, VI), V6(28, VI),
	V4(30, VI), V6(30, VI),
	V4(32, VI), V6(32, VI),
	V4(33, -1), V6(33, -1),
	V4(34, VI), V6(34, VI),
	V4(36, VI), V6(36, VI),
	V4(38, VI), V6(38, VI),
	V4(40, VI), V6(40, VI),
	V4(41, -1), V6(41, -1),
	V4(44, VO), V6(44, VO),
	V4(45, -1), V6(45, -1),
	V4(46, VO), V6(46, VO),
	V4(47, -1), V6(47, -1),
	V4(48, VO), V6(48, VO),
	V4(56, VO), V6(56, VO),
	V4(63, -1), V6(63, -1),
	/* Packets of other protocols have no class. */
	{ 0, ETH_P_ARP, 46 << 2, -1 }, { 0, ETH_P_8021Q, 46 << 2, -1 },
};

static void class_desc(const struct class_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "priority %u type %04x tos %02x",
		 c->priority, c->type, c->tos);
}

KUNIT_ARRAY_PARAM(class, class_cases, class_desc);

/*
 * The first four bytes of a fake packet are its number.  This number makes it look
 * like an IP packet with that DSCP.
 */
static u32 number_of(const struct class_case *c)
{
	u8 bytes[4] = { 0x45, c->tos };

	if (c->type == ETH_P_IPV6) {
		bytes[0] = 0x60 | c->tos >> 4;
		bytes[1] = c->tos << 4;
	}
	return get_unaligned((u32 *)bytes);
}

static struct sk_buff *as_case(struct sk_buff *skb, const struct class_case *c)
{
	skb->priority = c->priority;
	skb->protocol = htons(c->type);
	return skb;
}

static struct sk_buff *to_send(struct fake *fake, const struct class_case *c)
{
	return as_case(fake_raw(fake, number_of(c)), c);
}

static void receive(struct fake *fake, const struct class_case *c)
{
	struct sk_buff_head list;

	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, as_case(fake_rx(fake, FAKE_PF_A, number_of(c)),
					c));
	KUNIT_EXPECT_EQ(fake->test, fake_input(fake, &list), 0);
}

static int send(struct fake *fake, const struct class_case *c, unsigned int n)
{
	struct sk_buff_head list;

	__skb_queue_head_init(&list);
	while (n--)
		__skb_queue_tail(&list, to_send(fake, c));
	return fake_output(fake, FAKE_PF_A, &list, DLIL_OUTPUT_RAW);
}

/* As the egress hook does with packets of the host. */
static void send_by_host(struct fake *fake, const struct class_case *c)
{
	struct sk_buff *skb = to_send(fake, c);
	int err = 0;

	atomic_inc(&fake->handed_out);
	local_bh_disable();
	rcu_read_lock();
	if (!dlil_output_unfiltered(fake->ifp, skb->len))
		err = dlil_filter_output(fake->ifp, FAKE_PF_A, skb);
	rcu_read_unlock();
	local_bh_enable();
	if (!err)
		kfree_skb(skb);
}

/* STA-2, INP-8: each packet counts once, on every path. */
static void class_of_packet(struct kunit *test)
{
	const struct class_case *c = test->param_value;
	struct fake *fake = fake_attached(test);

	fake_proto(fake, 'P', FAKE_PF_A);
	KUNIT_EXPECT_TRUE(test, read_classes(fake));
	receive(fake, c);
	KUNIT_EXPECT_EQ(test, send(fake, c, 1), 0);
	send_by_host(fake, c);
	fake_filter(fake, 'a', &fake_filter_both_ops);
	receive(fake, c);
	KUNIT_EXPECT_EQ(test, send(fake, c, 1), 0);
	send_by_host(fake, c);
	fake_read(fake);
	KUNIT_EXPECT_TRUE(test, read_classes(fake));
	EXPECT_CLASS(fake, &in, c->class, 2);
	EXPECT_CLASS(fake, &out, c->class, 4);
}

static const struct class_case voice = { 0, ETH_P_IP, 46 << 2, VO };
static const struct class_case video = { 4, 0, 0, VI };
static const struct class_case none = { 0, 0, 0, -1 };

/* STA-2: an IP header in a page fragment, and a truncated one. */
static void class_of_scattered(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct sk_buff *skb = fake_skb(fake, FAKE_HLEN);
	struct page *page = alloc_page(GFP_KERNEL);
	u8 *bytes;

	KUNIT_ASSERT_NOT_NULL(test, page);
	bytes = page_address(page);
	memset(bytes, 0, 20);
	bytes[0] = 0x45;
	bytes[1] = 46 << 2;
	skb_put_zero(skb, FAKE_HLEN);
	skb_set_network_header(skb, FAKE_HLEN);
	skb_add_rx_frag(skb, 0, page, 0, 20, PAGE_SIZE);
	skb->protocol = htons(ETH_P_IP);
	KUNIT_EXPECT_EQ(test, dlil_class_of(skb, FAKE_HLEN), VO);
	KUNIT_EXPECT_EQ(test, dlil_class_of(skb, -1), -1);
	KUNIT_EXPECT_EQ(test, pskb_trim(skb, FAKE_HLEN + 19), 0);
	KUNIT_EXPECT_EQ(test, dlil_class_of(skb, FAKE_HLEN), -1);
	kfree_skb(skb);
}

/* STA-2, INP-8: each packet of a batch counts once, whatever its fate. */
static void batches(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct sk_buff_head list;
	int i;

	fake_filter(fake, 'a', &fake_filter_in_ops)->verdict = -EPERM;
	__skb_queue_head_init(&list);
	for (i = 0; i < 150; i++)
		__skb_queue_tail(&list,
				 as_case(fake_rx(fake, FAKE_PF_A, i),
					 i % 3 ? &video : &none));
	KUNIT_EXPECT_EQ(test, fake_input(fake, &list), 0);
	fake_read(fake);
	read_classes(fake);
	EXPECT_CLASS(fake, &in, VI, 100);
	FAKE_EXPECT_IN(fake, .drops[DLIL_DROP_FILTER] = 150);
}

/* An `output_list` of the driver, which leaves two packets in the list. */
static int leave_two(struct dlil_ifnet *ifp, struct sk_buff_head *list)
{
	while (skb_queue_len(list) > 2)
		kfree_skb(__skb_dequeue(list));
	return -ENOBUFS;
}

/* OUT-8: every packet of a list that was sent counts, not only the first one. */
static void lists(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);

	fake->driver.output_list = leave_two;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	KUNIT_EXPECT_EQ(test, send(fake, &voice, 7), -ENOBUFS);
	read_classes(fake);
	EXPECT_CLASS(fake, &out, VO, 5);
}

/* STA-2: a packet that the driver refuses was not sent. */
static void refused_by_driver(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct sk_buff_head list;
	struct sk_buff *skb = to_send(fake, &video);

	fake_payload(skb)->verdict[FAKE_DRIVER] = -ENETDOWN;
	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, skb);
	__skb_queue_tail(&list, to_send(fake, &video));
	KUNIT_EXPECT_EQ(test, fake_output(fake, FAKE_PF_A, &list,
					  DLIL_OUTPUT_RAW), -ENETDOWN);
	fake_filter(fake, 'a', &fake_filter_out_ops)->verdict = -EPERM;
	send_by_host(fake, &video);
	read_classes(fake);
	EXPECT_CLASS(fake, &out, VI, 1);
}

/*
 * STA-5: packets of the host are inspected while somebody traces what is sent, and no
 * longer.
 */
static void sent_traced(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	KUNIT_EXPECT_EQ(test, dlil_class_enable(false), 0);
	KUNIT_EXPECT_EQ(test, fake->ifp->host_slow, 0);
	KUNIT_EXPECT_EQ(test, dlil_trace_sent_reg(), 0);
	KUNIT_EXPECT_NE(test, fake->ifp->host_slow, 0);
	dlil_trace_sent_unreg();
	KUNIT_EXPECT_EQ(test, fake->ifp->host_slow, 0);
	KUNIT_EXPECT_EQ(test, dlil_class_enable(true), 0);
}

/* STA-2: nothing is counted while it is off; only an attach resets the counters. */
static void switched(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	int i;

	fake_proto(fake, 'P', FAKE_PF_A);
	for (i = 0; i < 2; i++) {
		receive(fake, &voice);
		send_by_host(fake, &voice);
		fake_read(fake);
		KUNIT_EXPECT_NE(test, fake->ifp->host_slow, 0);
		KUNIT_EXPECT_EQ(test, dlil_class_enable(false), 0);
		KUNIT_EXPECT_EQ(test, fake->ifp->host_slow, 0);
		receive(fake, &voice);
		send_by_host(fake, &voice);
		KUNIT_EXPECT_EQ(test, send(fake, &voice, 1), 0);
		fake_read(fake);
		KUNIT_EXPECT_EQ(test, dlil_class_enable(true), 0);
	}
	KUNIT_EXPECT_TRUE(test, read_classes(fake));
	EXPECT_CLASS(fake, &in, VO, 2);
	EXPECT_CLASS(fake, &out, VO, 2);
	fake_detach(fake);
	read_classes(fake);
	EXPECT_CLASS(fake, &in, VO, 2);
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	read_classes(fake);
	EXPECT_CLASS(fake, &in, -1, 0);
	EXPECT_CLASS(fake, &out, -1, 0);
}

/* STA-2: no counters before the first use; without memory it stays off. */
static void counters_on_demand(struct kunit *test)
{
	struct fake *fake;

	KUNIT_ASSERT_EQ(test, dlil_class_enable(false), 0);
	fake = fake_acquire_id(test, DLIL_IFNET_CELLULAR, "no classes", 10);
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	fake_proto(fake, 'P', FAKE_PF_A);
	receive(fake, &voice);
	fake_read(fake);
	KUNIT_EXPECT_FALSE(test, read_classes(fake));
	EXPECT_CLASS(fake, &in, -1, 0);

	dlil_fail_begin(1);
	KUNIT_EXPECT_EQ(test, dlil_class_enable(true), -ENOMEM);
	KUNIT_EXPECT_TRUE(test, dlil_fail_end());
	KUNIT_EXPECT_FALSE(test, dlil_class_is_on());
	receive(fake, &voice);
	fake_read(fake);
	KUNIT_EXPECT_EQ(test, dlil_class_enable(true), 0);
	receive(fake, &voice);
	fake_read(fake);
	KUNIT_EXPECT_TRUE(test, read_classes(fake));
	EXPECT_CLASS(fake, &in, VO, 1);
}

static struct kunit_case dlil_class_cases[] = {
	KUNIT_CASE_PARAM(class_of_packet, class_gen_params),
	KUNIT_CASE(class_of_scattered),
	KUNIT_CASE(batches),
	KUNIT_CASE(lists),
	KUNIT_CASE(refused_by_driver),
	KUNIT_CASE(switched),
	KUNIT_CASE(sent_traced),
	KUNIT_CASE(counters_on_demand),
	{}
};

static struct kunit_suite dlil_class_suite = {
	.name = "dlil_class",
	.init = class_test_init,
	.exit = class_test_exit,
	.test_cases = dlil_class_cases,
};

kunit_test_suite(dlil_class_suite);
