// SPDX-License-Identifier: GPL-2.0
/* Packets of a family without an ifnet: rows PRO-8 and INP-7. */
#include <linux/kthread.h>

#include "../dlil_call.h"
#include "../dlil_ifnet.h"
#include "../dlil_output.h"
#include "fake.h"

/**
 * struct inject_case - an input callback without an ifnet, and its results
 * @fake: an ifnet that shares the main thread; for its trace and its packets
 * @before: counters at the start of the test
 * @params: the registered callbacks
 * @verdict: return value of `input`
 * @leave: number of packets that `input_list` leaves in the list
 * @wrong: number of callbacks in a wrong context
 * @in_main: callbacks must run in the main thread
 * @detached: number of calls of `detached`
 * @again: result of an unregistration in `input`
 * @ask_again: `input` tries to unregister its family
 */
struct inject_case {
	struct fake *fake;
	struct dlil_account before;
	struct dlil_input_params params;
	int verdict;
	unsigned int leave;
	unsigned int wrong;
	bool in_main;
	atomic_t detached;
	int again;
	bool ask_again;
};

static void look_around(struct inject_case *c)
{
	bool in_main = current->flags & PF_KTHREAD &&
		       kthread_func(current) == dlil_call_thread_fn;

	c->wrong += !in_softirq() || in_main != c->in_main;
	if (c->ask_again)
		c->again = dlil_proto_unregister_input(FAKE_PF_A);
}

static int take_one(void *cookie, u32 family, struct sk_buff *skb)
{
	struct inject_case *c = cookie;

	c->wrong += family != FAKE_PF_A;
	/* A packet that has waited holds no device (LNX-15). */
	c->wrong += !skb->dev != c->in_main;
	look_around(c);
	fake_trace(c->fake, "i%u", fake_payload(skb)->seq);
	if (!c->verdict || c->verdict == DLIL_STOLEN)
		kfree_skb(skb);
	return c->verdict;
}

static void take_list(void *cookie, u32 family, struct sk_buff_head *list)
{
	struct inject_case *c = cookie;
	struct sk_buff *skb;

	look_around(c);
	fake_trace(c->fake, "[%u]", skb_queue_len(list));
	while (skb_queue_len(list) > c->leave && (skb = __skb_dequeue(list)))
		kfree_skb(skb);
}

static void told(void *cookie, u32 family)
{
	struct inject_case *c = cookie;

	atomic_inc(&c->detached);
	fake_trace(c->fake, "gone");
}

static void inject_end(struct kunit_resource *res)
{
	dlil_proto_unregister_input(FAKE_PF_A);
}

static struct inject_case *inject_begin(struct kunit *test, bool list)
{
	struct inject_case *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->fake = fake_acquire(test, DLIL_IFNET_RAW);
	KUNIT_ASSERT_EQ(test, fake_attach(c->fake), 0);
	if (list)
		c->params.input_list = take_list;
	else
		c->params.input = take_one;
	c->params.detached = told;
	c->params.cookie = c;
	dlil_inject_read(&c->before);
	KUNIT_ASSERT_EQ(test, dlil_proto_register_input(FAKE_PF_A, &c->params),
			0);
	KUNIT_ASSERT_NOT_NULL(test, kunit_alloc_resource(test, NULL, inject_end,
							 GFP_KERNEL, c));
	return c;
}

static int hand(struct inject_case *c, u32 family, u32 first, u32 n,
		int (*fn)(u32 family, struct sk_buff_head *list))
{
	struct sk_buff_head list;
	struct sk_buff *skb;
	int err;

	__skb_queue_head_init(&list);
	for (; n; n--) {
		skb = fake_rx(c->fake, family, first++);
		skb->dev = init_net.loopback_dev;
		__skb_queue_tail(&list, skb);
	}
	err = fn(family, &list);
	KUNIT_EXPECT_TRUE(c->fake->test, skb_queue_empty(&list));
	return err;
}

/* Number of packets that were delivered or dropped since the test began. */
static u64 ended(struct inject_case *c)
{
	struct dlil_account now;

	dlil_inject_read(&now);
	return now.delivered + now.freed - c->before.delivered -
	       c->before.freed;
}

/* STA-3: expect these counters. */
static void expect_account(struct inject_case *c, u64 delivered, u64 noproto,
			   u64 protocol, u64 full)
{
	struct kunit *test = c->fake->test;
	struct dlil_account now;

	KUNIT_EXPECT_TRUE(test, fake_wait_for(ended(c) == delivered + noproto +
					      protocol + full));
	dlil_inject_read(&now);
	KUNIT_EXPECT_EQ(test, now.seen - c->before.seen,
			delivered + noproto + protocol + full);
	KUNIT_EXPECT_EQ(test, now.delivered - c->before.delivered, delivered);
	KUNIT_EXPECT_EQ(test, now.drops[DLIL_DROP_NOPROTO] -
			c->before.drops[DLIL_DROP_NOPROTO], noproto);
	KUNIT_EXPECT_EQ(test, now.drops[DLIL_DROP_PROTOCOL] -
			c->before.drops[DLIL_DROP_PROTOCOL], protocol);
	KUNIT_EXPECT_EQ(test, now.drops[DLIL_DROP_QUEUE_FULL] -
			c->before.drops[DLIL_DROP_QUEUE_FULL], full);
	KUNIT_EXPECT_EQ(test, fake_skbs(), 0);
	KUNIT_EXPECT_EQ(test, c->wrong, 0);
}

/* PRO-8 */
static void errors(struct kunit *test)
{
	struct inject_case *c = inject_begin(test, false);
	struct dlil_input_params params = {};
	struct sk_buff_head list;

	KUNIT_EXPECT_EQ(test, dlil_proto_register_input(0, &c->params),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_proto_register_input(FAKE_PF_B, NULL),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_proto_register_input(FAKE_PF_B, &params),
			-EINVAL);
	params.input = take_one;
	params.input_list = take_list;
	KUNIT_EXPECT_EQ(test, dlil_proto_register_input(FAKE_PF_B, &params),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_proto_register_input(FAKE_PF_A, &c->params),
			-EEXIST);
	KUNIT_EXPECT_EQ(test, dlil_proto_unregister_input(0), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_proto_unregister_input(FAKE_PF_B), -ENXIO);
	KUNIT_EXPECT_EQ(test, dlil_proto_input(FAKE_PF_A, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_proto_inject(FAKE_PF_A, NULL), -EINVAL);
	__skb_queue_head_init(&list);
	KUNIT_EXPECT_EQ(test, dlil_proto_input(FAKE_PF_A, &list), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_proto_inject(FAKE_PF_A, &list), -EINVAL);
}

/* PRO-8: packets of a family that is not registered are freed. */
static void unknown_family(struct kunit *test)
{
	struct inject_case *c = inject_begin(test, false);

	KUNIT_EXPECT_EQ(test, hand(c, FAKE_PF_B, 1, 2, dlil_proto_input),
			-ENOENT);
	KUNIT_EXPECT_EQ(test, hand(c, FAKE_PF_B, 1, 3, dlil_proto_inject),
			-ENOENT);
	expect_account(c, 0, 5, 0, 0);
	KUNIT_EXPECT_EQ(test, dlil_proto_unregister_input(FAKE_PF_A), 0);
	KUNIT_EXPECT_EQ(test, hand(c, FAKE_PF_A, 1, 1, dlil_proto_input),
			-ENOENT);
	expect_account(c, 0, 6, 0, 0);
	FAKE_EXPECT_TRACE(c->fake, "gone");
}

/* PRO-8: `input` runs at once, in the task of the caller. */
static void at_once(struct kunit *test)
{
	struct inject_case *c = inject_begin(test, false);

	KUNIT_EXPECT_EQ(test, hand(c, FAKE_PF_A, 1, 2, dlil_proto_input), 0);
	FAKE_EXPECT_TRACE(c->fake, "i1 i2");
	c->verdict = DLIL_STOLEN;
	hand(c, FAKE_PF_A, 3, 1, dlil_proto_input);
	expect_account(c, 3, 0, 0, 0);
	/* A refused packet is freed, and does not stop the rest. */
	c->verdict = -EPROTO;
	KUNIT_EXPECT_EQ(test, hand(c, FAKE_PF_A, 4, 2, dlil_proto_input), 0);
	expect_account(c, 3, 0, 2, 0);
}

/* PRO-8: packets that `input_list` leaves in the list are freed. */
static void as_list(struct kunit *test)
{
	struct inject_case *c = inject_begin(test, true);

	KUNIT_EXPECT_EQ(test, hand(c, FAKE_PF_A, 1, 3, dlil_proto_input), 0);
	FAKE_EXPECT_TRACE(c->fake, "[3]");
	c->leave = 2;
	hand(c, FAKE_PF_A, 1, 5, dlil_proto_input);
	expect_account(c, 6, 0, 2, 0);
}

/* PRO-8 INP-7: the main thread delivers injected packets in order. */
static void by_main_thread(struct kunit *test)
{
	struct inject_case *c = inject_begin(test, false);
	u32 round;

	c->in_main = true;
	KUNIT_EXPECT_EQ(test, hand(c, FAKE_PF_A, 1, 2, dlil_proto_inject), 0);
	KUNIT_EXPECT_EQ(test, hand(c, FAKE_PF_A, 3, 1, dlil_proto_inject), 0);
	expect_account(c, 3, 0, 0, 0);
	FAKE_EXPECT_TRACE(c->fake, "i1 i2 i3");
	/* The same works repeatedly. */
	for (round = 0; round < 20; round++) {
		hand(c, FAKE_PF_A, 4 + round, 1, dlil_proto_inject);
		expect_account(c, 4 + round, 0, 0, 0);
	}
}

/* INP-7: injected packets are delivered behind those queued by ifnets. */
static void behind_the_rest(struct kunit *test)
{
	struct inject_case *c = inject_begin(test, false);
	struct fake_filter *filter = fake_filter(c->fake, 'a',
						 &fake_filter_in_ops);

	fake_proto(c->fake, 'P', FAKE_PF_B);
	c->in_main = true;
	filter->hook = fake_block_filter;
	fake_input_new(c->fake, FAKE_PF_B, 1, 1);
	fake_wait_blocked(c->fake);
	/* The thread is busy: both wait for its next pass. */
	hand(c, FAKE_PF_A, 7, 1, dlil_proto_inject);
	fake_input_new(c->fake, FAKE_PF_B, 2, 1);
	fake_unblock(c->fake);
	fake_read(c->fake);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(ended(c) == 1));
	FAKE_EXPECT_TRACE(c->fake, "a1 P1 a2 P2 i7");
}

/* PRO-8 INP-12: the limit of an input queue applies to injected packets. */
static void bounded(struct kunit *test)
{
	struct inject_case *c = inject_begin(test, true);
	unsigned int limit = dlil_rcvq_limit;
	struct fake_filter *filter = fake_filter(c->fake, 'a',
						 &fake_filter_in_ops);

	c->in_main = true;
	filter->hook = fake_block_filter;
	fake_input_new(c->fake, FAKE_PF_B, 1, 1);
	fake_wait_blocked(c->fake);
	dlil_rcvq_limit = 100;
	KUNIT_EXPECT_EQ(test, hand(c, FAKE_PF_A, 1, 98, dlil_proto_inject), 0);
	KUNIT_EXPECT_EQ(test, hand(c, FAKE_PF_A, 1, 5, dlil_proto_inject),
			-ENOBUFS);
	KUNIT_EXPECT_EQ(test, hand(c, FAKE_PF_A, 1, 1, dlil_proto_inject),
			-ENOBUFS);
	dlil_rcvq_limit = limit;
	fake_unblock(c->fake);
	fake_read(c->fake);
	expect_account(c, 100, 0, 0, 4);
	/* In batches. */
	FAKE_EXPECT_TRACE(c->fake, "a1 [64] [36]");
}

static int unregister_task(struct fake_task *task)
{
	return dlil_proto_unregister_input(FAKE_PF_A);
}

/* PRO-8: queued packets are delivered first, then `detached` is called once. */
static void unregister_waits(struct kunit *test)
{
	struct inject_case *c = inject_begin(test, false);
	struct fake_filter *filter = fake_filter(c->fake, 'a',
						 &fake_filter_in_ops);
	struct fake_task *task;

	c->in_main = true;
	filter->hook = fake_block_filter;
	fake_input_new(c->fake, FAKE_PF_B, 1, 1);
	fake_wait_blocked(c->fake);
	hand(c, FAKE_PF_A, 7, 2, dlil_proto_inject);
	task = fake_run(c->fake, unregister_task);
	KUNIT_EXPECT_TRUE(test, fake_stays(!fake_done(task)));
	fake_unblock(c->fake);
	KUNIT_EXPECT_EQ(test, fake_join(task), 0);
	fake_read(c->fake);
	FAKE_EXPECT_TRACE(c->fake, "a1 i7 i8 gone");
	KUNIT_EXPECT_EQ(test, atomic_read(&c->detached), 1);
	KUNIT_EXPECT_EQ(test, dlil_proto_unregister_input(FAKE_PF_A), -ENXIO);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->detached), 1);
}

/* PRO-8: no callback for which the unregistration waits can unregister. */
static void from_callbacks(struct kunit *test)
{
	struct inject_case *c = inject_begin(test, false);

	c->ask_again = true;
	hand(c, FAKE_PF_A, 1, 1, dlil_proto_input);
	KUNIT_EXPECT_EQ(test, c->again, -EDEADLK);
	c->again = 0;
	c->in_main = true;
	hand(c, FAKE_PF_A, 2, 1, dlil_proto_inject);
	expect_account(c, 2, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, c->again, -EDEADLK);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->detached), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(errors),
	KUNIT_CASE(unknown_family),
	KUNIT_CASE(at_once),
	KUNIT_CASE(as_list),
	KUNIT_CASE(by_main_thread),
	KUNIT_CASE(behind_the_rest),
	KUNIT_CASE(bounded),
	KUNIT_CASE(unregister_waits),
	KUNIT_CASE(from_callbacks),
	{}
};

static struct kunit_suite suite = {
	.name = "dlil_inject",
	.test_cases = cases,
};

kunit_test_suite(suite);
