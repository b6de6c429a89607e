// SPDX-License-Identifier: GPL-2.0
/* The filter kind `impair`: rows FLT-14, FLT-15 and FLT-16, and its own promises. */
#include <linux/filter.h>
#include <linux/ktime.h>
#include <linux/net.h>
#include <linux/netlink.h>
#include <net/netlink.h>
#include <net/sock.h>

#include "../dlil_filter.h"
#include "../dlil_ifnet.h"
#include "../dlil_kind.h"
#include "../impair/impair.h"
#include "fake.h"

/* A probability in per cent. */
#define PERCENT(x) ((u32)((x) * 42949672ULL))
#define LENGTH ((u32)sizeof(struct fake_payload))
#define ARRIVALS 64

/*
 * How late a packet may be, in nanoseconds: a tick until the timer, one for its rounding,
 * and some time to run, of which a kernel with checkers needs more.
 */
#define LATE (IS_ENABLED(CONFIG_UML) ? 3ULL * NSEC_PER_SEC / HZ : NSEC_PER_SEC)

/**
 * struct impaired - an ifnet with an impair filter
 * @fake: the ifnet, with protocol P
 * @f: the filter; freed by its detach
 * @params: its parameters
 * @state: state of a filter that has not seen a packet, for predictions
 * @start: time of the first packet
 * @n: number of packets that have arrived
 * @seq: their numbers
 * @at: the times of their arrival
 */
struct impaired {
	struct fake *fake;
	struct impair *f;
	struct impair_params params;
	struct impair_state state;
	u64 start;
	unsigned int n;
	u32 seq[ARRIVALS];
	u64 at[ARRIVALS];
};

static struct impaired *impaired_new(struct kunit *test)
{
	struct impaired *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	test->priv = c;
	c->params.seed = 7;
	c->params.limit = 1000;
	c->params.distance = 1;
	c->fake = fake_attached(test);
	fake_proto(c->fake, 'P', FAKE_PF_A);
	return c;
}

/* Attach the filter with the parameters that the test has set. */
static void impaired_attach(struct impaired *c, u32 direction)
{
	struct dlil_filter_params params = {
		.ops = &impair_ops[direction],
		.name = "bad",
		.flags = IMPAIR_FLAGS,
	};
	struct kunit *test = c->fake->test;

	KUNIT_ASSERT_NULL(test, impair_params_check(&c->params));
	c->f = impair_new(direction, NULL, &c->params);
	KUNIT_ASSERT_NOT_NULL(test, c->f);
	params.cookie = c->f;
	KUNIT_ASSERT_EQ(test, dlil_filter_attach(c->fake->ifp, &params,
						 &c->f->filter), 0);
	impair_state_init(&c->state, c->params.seed,
			  direction == DLIL_DIRECTION_OUT);
}

/* Behind the filter: note which packet arrives when. */
static int arrive(struct fake_filter *filter, struct sk_buff **skb)
{
	struct impaired *c = filter->fake->test->priv;

	if (c->n < ARRIVALS) {
		c->seq[c->n] = fake_payload(*skb)->seq;
		c->at[c->n] = ktime_get_ns();
	}
	c->n++;
	return 0;
}

static void watch_arrivals(struct impaired *c)
{
	fake_filter(c->fake, 'b', &fake_filter_both_ops)->hook = arrive;
}

/* Receive packets; those that are not held have arrived afterwards. */
static void receive(struct impaired *c, u32 first, u32 n)
{
	c->start = ktime_get_ns();
	fake_input_new(c->fake, FAKE_PF_A, first, n);
	/* The second turn is that of packets that were handed back. */
	KUNIT_EXPECT_EQ(c->fake->test, dlil_input_flush(c->fake->ifp), 0);
	KUNIT_EXPECT_EQ(c->fake->test, dlil_input_flush(c->fake->ifp), 0);
}

/* The sender is not told about losses. */
static void transmit(struct impaired *c, u32 first, u32 n)
{
	c->start = ktime_get_ns();
	KUNIT_EXPECT_EQ(c->fake->test,
			fake_output_new(c->fake, FAKE_PF_A, first, n,
					DLIL_OUTPUT_RAW), 0);
}

static struct impair_counts counts_of(struct impaired *c, u32 direction)
{
	struct impair_counts counts;

	impair_read(c->f, direction, NULL, &counts);
	return counts;
}

static u64 held(struct impaired *c, u32 direction)
{
	return counts_of(c, direction).held;
}

static void expect_order(struct impaired *c, const u32 *want, unsigned int n)
{
	struct kunit *test = c->fake->test;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, c->n, n);
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_EQ_MSG(test, c->seq[i], want[i], "arrival %u", i);
}

#define EXPECT_ORDER(c, ...) do {					\
	const u32 __want[] = { __VA_ARGS__ };				\
									\
	expect_order(c, __want, ARRAY_SIZE(__want));			\
} while (0)

/* The directions, for cases that are the same in both. */
static const u32 directions[] = { DLIL_DIRECTION_IN, DLIL_DIRECTION_OUT };

static void direction_desc(const u32 *direction, char *desc)
{
	strscpy(desc, *direction == DLIL_DIRECTION_IN ? "in" : "out",
		KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(direction, directions, direction_desc);

static u32 direction_of(const struct kunit *test)
{
	return *(const u32 *)test->param_value;
}

static void send_some(struct impaired *c, u32 direction, u32 first, u32 n)
{
	if (direction == DLIL_DIRECTION_IN)
		receive(c, first, n);
	else
		transmit(c, first, n);
}

/* FLT-14: exactly the predicted packets are lost; the others stay in order. */
static void loss(struct kunit *test)
{
	struct impaired *c = impaired_new(test);
	u32 direction = direction_of(test), want[ARRIVALS], seq, n = 0;
	struct impair_fate fate;

	c->params.loss_model = IMPAIR_LOSS_RANDOM;
	c->params.loss[0] = PERCENT(40);
	impaired_attach(c, direction);
	watch_arrivals(c);
	send_some(c, direction, 1, 60);
	for (seq = 1; seq <= 60; seq++) {
		impair_fate(&c->params, &c->state, LENGTH, &fate);
		if (!fate.lost)
			want[n++] = seq;
	}
	KUNIT_EXPECT_GT(test, n, 20);
	KUNIT_EXPECT_LT(test, n, 55);
	expect_order(c, want, n);
	KUNIT_EXPECT_EQ(test, counts_of(c, direction).matched, 60);
	KUNIT_EXPECT_EQ(test, counts_of(c, direction).passed, n);
	KUNIT_EXPECT_EQ(test, counts_of(c, direction).lost, 60 - n);
	fake_read(c->fake);
	if (direction == DLIL_DIRECTION_IN)
		FAKE_EXPECT_IN(c->fake, .seen = 60, .delivered = n,
			       .freed = 60 - n,
			       .drops[DLIL_DROP_FILTER] = 60 - n);
	else
		FAKE_EXPECT_OUT(c->fake, .seen = 60, .delivered = n,
				.stolen = 60 - n);
}

/* FLT-14: received and sent packets have random numbers of their own. */
static void directions_differ(struct kunit *test)
{
	struct impaired *c = impaired_new(test);
	u32 in[ARRIVALS], n;

	c->params.loss_model = IMPAIR_LOSS_RANDOM;
	c->params.loss[0] = PERCENT(50);
	impaired_attach(c, DLIL_DIRECTION_IN | DLIL_DIRECTION_OUT);
	watch_arrivals(c);
	receive(c, 1, 60);
	n = c->n;
	memcpy(in, c->seq, sizeof(in));
	c->n = 0;
	transmit(c, 1, 60);
	KUNIT_EXPECT_TRUE(test, c->n != n || memcmp(in, c->seq, n * sizeof(*in)));
	KUNIT_EXPECT_EQ(test, counts_of(c, DLIL_DIRECTION_IN).matched, 60);
	KUNIT_EXPECT_EQ(test, counts_of(c, DLIL_DIRECTION_OUT).matched, 60);
}

/* Copies count as seen. */
static void add_handed(struct impaired *c, u32 direction, int n)
{
	atomic_add(n, direction == DLIL_DIRECTION_IN ? &c->fake->handed_in :
						       &c->fake->handed_out);
}

/* FLT-14: a copy follows, or precedes, its packet at once, and counts as seen. */
static void duplicate(struct kunit *test)
{
	struct impaired *c = impaired_new(test);
	u32 direction = direction_of(test);

	c->params.duplicate = IMPAIR_CERTAIN;
	impaired_attach(c, direction);
	watch_arrivals(c);
	send_some(c, direction, 1, 3);
	EXPECT_ORDER(c, 1, 1, 2, 2, 3, 3);
	KUNIT_EXPECT_EQ(test, counts_of(c, direction).duplicated, 3);
	KUNIT_EXPECT_EQ(test, counts_of(c, direction).passed, 6);
	add_handed(c, direction, 3);
	fake_read(c->fake);
	if (direction == DLIL_DIRECTION_IN)
		FAKE_EXPECT_IN(c->fake, .seen = 6, .delivered = 6);
	else
		FAKE_EXPECT_OUT(c->fake, .seen = 6, .delivered = 6);
}

/* FLT-14: the same if packets are held; copies count towards the limit. */
static void duplicate_held(struct kunit *test)
{
	struct impaired *c = impaired_new(test);
	u32 direction = direction_of(test);

	c->params.duplicate = IMPAIR_CERTAIN;
	c->params.delay = NSEC_PER_SEC;
	c->params.limit = 5;
	impaired_attach(c, direction);
	watch_arrivals(c);
	send_some(c, direction, 1, 4);
	KUNIT_EXPECT_EQ(test, held(c, direction), 5);
	KUNIT_EXPECT_EQ(test, counts_of(c, direction).bytes,
			direction == DLIL_DIRECTION_IN ?
				5 * LENGTH : 5 * (LENGTH + FAKE_HLEN));
	KUNIT_EXPECT_TRUE(test, fake_wait_for(c->n == 5));
	EXPECT_ORDER(c, 1, 1, 2, 2, 3);
	/* The copy of packet 3 and packet 4 found no room. */
	KUNIT_EXPECT_EQ(test, counts_of(c, direction).duplicated, 3);
	KUNIT_EXPECT_EQ(test, counts_of(c, direction).limited, 2);
	KUNIT_EXPECT_EQ(test, counts_of(c, direction).passed, 5);
	KUNIT_EXPECT_EQ(test, held(c, direction), 0);
	KUNIT_EXPECT_EQ(test, counts_of(c, direction).bytes, 0);
	add_handed(c, direction, 2);
	fake_read(c->fake);
	if (direction == DLIL_DIRECTION_IN)
		FAKE_EXPECT_IN(c->fake, .seen = 6, .delivered = 5, .freed = 1,
			       .drops[DLIL_DROP_FILTER] = 1);
	else
		FAKE_EXPECT_OUT(c->fake, .seen = 6, .delivered = 5,
				.stolen = 1);
}

/* Behind the filter: find the wrong bits of packet 1, and mend them. */
static int mend(struct fake_filter *filter, struct sk_buff **pskb)
{
	struct impaired *c = filter->fake->test->priv;
	struct fake_payload good = { .seq = 1, .family = FAKE_PF_A };
	const u8 *want = (const u8 *)&good;
	struct sk_buff *skb = *pskb;
	u8 *got = skb_network_header(skb), wrong;
	unsigned int i, bit;

	/* Only fake_rx() sets the family. */
	if (filter->tag == 'o')
		good.family = 0;
	KUNIT_EXPECT_EQ(filter->fake->test, (int)skb->ip_summed,
			CHECKSUM_NONE);
	for (i = 0; i < LENGTH; i++) {
		wrong = got[i] ^ want[i];
		for (bit = 0; bit < 8; bit++)
			if (wrong & 0x80 >> bit && c->n++ < ARRIVALS)
				c->seq[c->n - 1] = 8 * i + bit;
		got[i] = want[i];
	}
	return 0;
}

/* FLT-14: exactly the predicted bit is wrong, and no checksum hides that. */
static void corrupt(struct kunit *test)
{
	struct impaired *c = impaired_new(test);
	u32 direction = direction_of(test), want[20];
	struct impair_fate fate;
	unsigned int i;

	c->params.corrupt = IMPAIR_CERTAIN;
	impaired_attach(c, direction);
	fake_filter(c->fake, direction == DLIL_DIRECTION_IN ? 'b' : 'o',
		    &fake_filter_both_ops)->hook = mend;
	for (i = 0; i < ARRAY_SIZE(want); i++) {
		send_some(c, direction, 1, 1);
		impair_fate(&c->params, &c->state, LENGTH, &fate);
		want[i] = fate.bit;
	}
	expect_order(c, want, ARRAY_SIZE(want));
	KUNIT_EXPECT_EQ(test, counts_of(c, direction).corrupted, 20);
	KUNIT_EXPECT_EQ(test, counts_of(c, direction).failed, 0);
}

/* In front of the filter: leave the checksum of the packet to the device. */
static int leave_sum(struct fake_filter *filter, struct sk_buff **skb)
{
	(*skb)->ip_summed = CHECKSUM_PARTIAL;
	(*skb)->csum_start = skb_network_header(*skb) - (*skb)->head;
	(*skb)->csum_offset = offsetof(struct fake_payload, verdict[FAKE_DEMUX]);
	return 0;
}

/* Behind the filter: one bit differs from the packet with its checksum. */
static int check_sum(struct fake_filter *filter, struct sk_buff **pskb)
{
	struct impaired *c = filter->fake->test->priv;
	struct kunit *test = filter->fake->test;
	const struct fake_payload good = { .seq = 1 };
	u8 want[LENGTH], *got = skb_network_header(*pskb);
	unsigned int i, wrong = 0;
	__sum16 sum = csum_fold(csum_partial(&good, LENGTH, 0)) ?: CSUM_MANGLED_0;

	memcpy(want, &good, LENGTH);
	memcpy(want + offsetof(struct fake_payload, verdict[FAKE_DEMUX]), &sum,
	       sizeof(sum));
	for (i = 0; i < LENGTH; i++)
		wrong += hweight8(want[i] ^ got[i]);
	KUNIT_EXPECT_EQ(test, wrong, 1);
	KUNIT_EXPECT_EQ(test, (int)(*pskb)->ip_summed, CHECKSUM_NONE);
	memcpy(got, &good, LENGTH);
	c->n++;
	return 0;
}

/* FLT-14: the checksum that a device would complete is that of the intact packet. */
static void corrupt_summed(struct kunit *test)
{
	struct impaired *c = impaired_new(test);
	unsigned int i;

	c->params.corrupt = IMPAIR_CERTAIN;
	fake_filter(c->fake, 'a', &fake_filter_out_ops)->hook = leave_sum;
	impaired_attach(c, DLIL_DIRECTION_OUT);
	fake_filter(c->fake, 'o', &fake_filter_out_ops)->hook = check_sum;
	for (i = 0; i < 20; i++)
		transmit(c, 1, 1);
	KUNIT_EXPECT_EQ(test, c->n, 20);
	KUNIT_EXPECT_EQ(test, counts_of(c, DLIL_DIRECTION_OUT).failed, 0);
}

static struct sk_buff *shared;

static int share(struct fake_filter *filter, struct sk_buff **skb)
{
	shared = skb_get(*skb);
	return 0;
}

static int is_private(struct fake_filter *filter, struct sk_buff **skb)
{
	KUNIT_EXPECT_FALSE(filter->fake->test, skb_shared(*skb));
	return -EPERM;
}

/* FLT-14: a bit error, or a delay, does not reach others who share a sent packet. */
static void sent_shared(struct kunit *test)
{
	struct impaired *c = impaired_new(test);
	struct fake_payload good = { .seq = 1 };

	c->params.corrupt = IMPAIR_CERTAIN;
	fake_filter(c->fake, 'a', &fake_filter_out_ops)->hook = share;
	impaired_attach(c, DLIL_DIRECTION_OUT);
	fake_filter(c->fake, 'o', &fake_filter_out_ops)->hook = is_private;
	c->start = ktime_get_ns();
	KUNIT_EXPECT_EQ(test, fake_output_new(c->fake, FAKE_PF_A, 1, 1,
					      DLIL_OUTPUT_RAW), -EPERM);
	KUNIT_EXPECT_EQ(test, counts_of(c, DLIL_DIRECTION_OUT).corrupted, 1);
	KUNIT_EXPECT_EQ(test, memcmp(skb_network_header(shared), &good, LENGTH), 0);
	kfree_skb(shared);
}

/* A copy of a packet that somebody else has, such as a tap, stays intact. */
static int clone_shows(struct fake_filter *filter, struct sk_buff **skb)
{
	struct fake *fake = filter->fake;

	skb_queue_tail(&fake->sent, skb_clone(*skb, GFP_ATOMIC));
	return 0;
}

static int refuse(struct fake_filter *filter, struct sk_buff **skb)
{
	return -EPERM;
}

/* FLT-14: a bit error does not reach others who have the packet's data. */
static void corrupt_private(struct kunit *test)
{
	struct impaired *c = impaired_new(test);
	struct fake_payload good = { .seq = 1, .family = FAKE_PF_A };
	struct sk_buff *clone;

	c->params.corrupt = IMPAIR_CERTAIN;
	fake_filter(c->fake, 'a', &fake_filter_both_ops)->hook = clone_shows;
	impaired_attach(c, DLIL_DIRECTION_IN);
	/* Drop the damaged packet, of whose contents the fake protocol would complain. */
	fake_filter(c->fake, 'b', &fake_filter_both_ops)->hook = refuse;
	receive(c, 1, 1);
	KUNIT_EXPECT_EQ(test, counts_of(c, DLIL_DIRECTION_IN).corrupted, 1);
	clone = skb_peek(&c->fake->sent);
	KUNIT_ASSERT_NOT_NULL(test, clone);
	KUNIT_EXPECT_EQ(test, memcmp(fake_payload(clone), &good, LENGTH), 0);
}

/* FLT-14: no packet is early, none is late, and they stay in order. */
static void delay(struct kunit *test)
{
	struct impaired *c = impaired_new(test);
	u32 direction = direction_of(test);
	struct impair_counts counts;
	unsigned int i;

	c->params.delay = NSEC_PER_SEC;
	impaired_attach(c, direction);
	watch_arrivals(c);
	send_some(c, direction, 1, 3);
	KUNIT_EXPECT_EQ(test, c->n, 0);
	KUNIT_EXPECT_EQ(test, held(c, direction), 3);
	fake_read(c->fake);
	if (direction == DLIL_DIRECTION_IN)
		FAKE_EXPECT_IN(c->fake, .seen = 3, .stolen = 3);
	else
		FAKE_EXPECT_OUT(c->fake, .seen = 3, .stolen = 3);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(c->n == 3));
	EXPECT_ORDER(c, 1, 2, 3);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_GE(test, c->at[i], c->start + c->params.delay);
		KUNIT_EXPECT_LE(test, c->at[i],
				c->start + c->params.delay + LATE);
	}
	counts = counts_of(c, direction);
	KUNIT_EXPECT_EQ(test, counts.timely, 3);
	KUNIT_EXPECT_EQ(test, counts.passed, 3);
	KUNIT_EXPECT_LE(test, counts.late_max, LATE);
	KUNIT_EXPECT_LE(test, counts.late_sum, 3 * counts.late_max);
	fake_read(c->fake);
	if (direction == DLIL_DIRECTION_IN)
		FAKE_EXPECT_IN(c->fake, .seen = 3, .delivered = 3);
	else
		FAKE_EXPECT_OUT(c->fake, .seen = 3, .delivered = 3);
}

/* FLT-14: with jitter packets leave in the order of their times. */
static void jitter(struct kunit *test)
{
	struct impaired *c = impaired_new(test);
	u64 due[40], delays[40], best;
	struct impair_fate fate;
	u32 want[40];
	unsigned int i, j, turned = 0;

	c->params.delay = 200 * NSEC_PER_MSEC;
	c->params.jitter = 200 * NSEC_PER_MSEC;
	impaired_attach(c, DLIL_DIRECTION_IN);
	watch_arrivals(c);
	receive(c, 1, 40);
	for (i = 0; i < 40; i++) {
		impair_fate(&c->params, &c->state, LENGTH, &fate);
		due[i] = fate.delay;
		delays[i] = fate.delay;
	}
	for (i = 0; i < 40; i++) {
		best = U64_MAX;
		for (j = 0; j < 40; j++)
			if (due[j] < best) {
				best = due[j];
				want[i] = j + 1;
			}
		due[want[i] - 1] = U64_MAX;
		turned += i && want[i] < want[i - 1];
	}
	KUNIT_EXPECT_GT(test, turned, 10);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(c->n == 40));
	expect_order(c, want, 40);
	for (i = 0; i < 40; i++)
		KUNIT_EXPECT_GE(test, c->at[i], c->start + delays[c->seq[i] - 1]);
}

/* FLT-14: a reordered packet is overtaken by as many others as asked for. */
static void reorder(struct kunit *test)
{
	struct impaired *c = impaired_new(test);
	u32 direction = direction_of(test);

	c->params.reorder = IMPAIR_CERTAIN;
	c->params.gap = 4;
	c->params.distance = 2;
	impaired_attach(c, direction);
	watch_arrivals(c);
	send_some(c, direction, 1, 7);
	EXPECT_ORDER(c, 1, 2, 3, 5, 6, 4, 7);
	/* The next one has nobody to overtake it. */
	send_some(c, direction, 8, 2);
	EXPECT_ORDER(c, 1, 2, 3, 5, 6, 4, 7, 9);
	KUNIT_EXPECT_EQ(test, held(c, direction), 1);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(c->n == 9));
	EXPECT_ORDER(c, 1, 2, 3, 5, 6, 4, 7, 9, 8);
	KUNIT_EXPECT_GE(test, c->at[8], c->start + IMPAIR_REORDER_WAIT);
	KUNIT_EXPECT_EQ(test, counts_of(c, direction).reordered, 2);
	KUNIT_EXPECT_EQ(test, held(c, direction), 0);
}

/* FLT-14: the limit drops the newest packets. */
static void limit(struct kunit *test)
{
	struct impaired *c = impaired_new(test);
	u32 direction = direction_of(test);

	c->params.delay = NSEC_PER_SEC;
	c->params.limit = 3;
	impaired_attach(c, direction);
	watch_arrivals(c);
	send_some(c, direction, 1, 5);
	KUNIT_EXPECT_EQ(test, held(c, direction), 3);
	KUNIT_EXPECT_EQ(test, counts_of(c, direction).limited, 2);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(c->n == 3));
	EXPECT_ORDER(c, 1, 2, 3);
	send_some(c, direction, 6, 1);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(c->n == 4));
	KUNIT_EXPECT_EQ(test, counts_of(c, direction).limited, 2);
}

/* FLT-14: packets leave at the rate, whose overhead counts; a pause is not made up. */
static void rate(struct kunit *test)
{
	struct impaired *c = impaired_new(test);
	u32 direction = direction_of(test);
	u64 each = 100 * NSEC_PER_MSEC;
	unsigned int i;

	c->params.rate = 10 * (LENGTH + FAKE_HLEN + 24);
	c->params.overhead = 24;
	impaired_attach(c, direction);
	watch_arrivals(c);
	send_some(c, direction, 1, 3);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(c->n == 3));
	EXPECT_ORDER(c, 1, 2, 3);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_GE(test, c->at[i], c->start + (i + 1) * each);
		KUNIT_EXPECT_LE(test, c->at[i],
				c->start + (i + 1) * each + LATE);
	}
	msleep(1000);
	send_some(c, direction, 4, 2);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(c->n == 5));
	KUNIT_EXPECT_GE(test, c->at[3], c->start + each);
	KUNIT_EXPECT_GE(test, c->at[4], c->start + 2 * each);
}

/* FLT-14: the link sends copies as well. */
static void rate_copies(struct kunit *test)
{
	struct impaired *c = impaired_new(test);
	u32 direction = direction_of(test);
	u64 each = 100 * NSEC_PER_MSEC;
	unsigned int i;

	c->params.rate = 10 * (LENGTH + FAKE_HLEN);
	c->params.duplicate = IMPAIR_CERTAIN;
	impaired_attach(c, direction);
	watch_arrivals(c);
	send_some(c, direction, 1, 2);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(c->n == 4));
	EXPECT_ORDER(c, 1, 1, 2, 2);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_GE(test, c->at[i], c->start + (i + 1) * each);
	add_handed(c, direction, 2);
}

static int stamp(struct fake_filter *filter, struct sk_buff **skb)
{
	(*skb)->tstamp = 1;
	return 0;
}

static int note_stamp(struct fake_filter *filter, struct sk_buff **skb)
{
	struct impaired *c = filter->fake->test->priv;

	c->seq[c->n++] = (*skb)->tstamp;
	return 0;
}

/* FLT-14: the host stamps a packet when it gets it, so that it sees the delay. */
static void stamped_late(struct kunit *test)
{
	struct impaired *c = impaired_new(test);

	c->params.delay = 10 * NSEC_PER_MSEC;
	fake_filter(c->fake, 'a', &fake_filter_in_ops)->hook = stamp;
	impaired_attach(c, DLIL_DIRECTION_IN);
	fake_filter(c->fake, 'b', &fake_filter_in_ops)->hook = note_stamp;
	receive(c, 1, 1);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(c->n == 1));
	KUNIT_EXPECT_EQ(test, c->seq[0], 0);
}

static int wants_owner(struct fake_filter *filter, struct sk_buff **skb)
{
	KUNIT_EXPECT_NOT_NULL(filter->fake->test, (*skb)->destructor);
	return arrive(filter, skb);
}

/* FLT-14 OUT-10: a sent packet that need not wait goes on as it is. */
static void sent_at_once(struct kunit *test)
{
	struct impaired *c = impaired_new(test);

	c->params.reorder = 1;
	impaired_attach(c, DLIL_DIRECTION_OUT);
	fake_filter(c->fake, 'b', &fake_filter_out_ops)->hook = wants_owner;
	transmit(c, 1, 3);
	EXPECT_ORDER(c, 1, 2, 3);
	KUNIT_EXPECT_EQ(test, counts_of(c, DLIL_DIRECTION_OUT).passed, 3);
	KUNIT_EXPECT_EQ(test, counts_of(c, DLIL_DIRECTION_OUT).timely, 3);
}

static int grow(struct fake_filter *filter, struct sk_buff **skb)
{
	(*skb)->truesize = IMPAIR_MEMORY_MAX / 2 + 1;
	return 0;
}

/* FLT-14: held packets are bounded in memory, too. */
static void memory(struct kunit *test)
{
	struct impaired *c = impaired_new(test);

	c->params.delay = NSEC_PER_SEC;
	fake_filter(c->fake, 'a', &fake_filter_out_ops)->hook = grow;
	impaired_attach(c, DLIL_DIRECTION_OUT);
	watch_arrivals(c);
	transmit(c, 1, 2);
	KUNIT_EXPECT_EQ(test, held(c, DLIL_DIRECTION_OUT), 1);
	KUNIT_EXPECT_EQ(test, counts_of(c, DLIL_DIRECTION_OUT).limited, 1);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(c->n == 1));
	transmit(c, 3, 1);
	KUNIT_EXPECT_EQ(test, held(c, DLIL_DIRECTION_OUT), 1);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(c->n == 2));
}

/* FLT-14: packets that would wait for the link for more than a day are dropped. */
static void backlog(struct kunit *test)
{
	struct impaired *c = impaired_new(test);

	c->params.rate = 1;
	c->params.overhead = IMPAIR_OVERHEAD_MAX;
	impaired_attach(c, DLIL_DIRECTION_IN);
	send_some(c, DLIL_DIRECTION_IN, 1, 100);
	/* Each of them takes 1,024 seconds, and some more. */
	KUNIT_EXPECT_GT(test, held(c, DLIL_DIRECTION_IN), 70);
	KUNIT_EXPECT_LE(test, held(c, DLIL_DIRECTION_IN), 86400 / 1024 + 1);
	KUNIT_EXPECT_EQ(test, counts_of(c, DLIL_DIRECTION_IN).limited,
			100 - held(c, DLIL_DIRECTION_IN));
}

/* FLT-14 FLT-2: packets that are held when the filter goes are freed, and counted. */
static void detach_while_held(struct kunit *test)
{
	struct impaired *c = impaired_new(test);

	c->params.delay = NSEC_PER_SEC;
	c->params.jitter = NSEC_PER_SEC;
	impaired_attach(c, DLIL_DIRECTION_IN | DLIL_DIRECTION_OUT);
	watch_arrivals(c);
	receive(c, 1, 10);
	transmit(c, 11, 7);
	KUNIT_EXPECT_EQ(test, held(c, DLIL_DIRECTION_IN), 10 - c->n);
	KUNIT_ASSERT_EQ(test, c->n, 0);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(c->f->filter), 0);
	KUNIT_EXPECT_EQ(test, fake_skbs(), 0);
	fake_read(c->fake);
	FAKE_EXPECT_IN(c->fake, .seen = 10, .stolen = 10);
	FAKE_EXPECT_OUT(c->fake, .seen = 7, .stolen = 7);
	/* No timer is left. */
	KUNIT_EXPECT_TRUE(test, fake_stays(c->n == 0));
}

/* FLT-14 IFN-4: the same when the ifnet goes; reordered packets, too. */
static void ifnet_goes_while_held(struct kunit *test)
{
	struct impaired *c = impaired_new(test);
	bool reordered = *(const u32 *)test->param_value == DLIL_DIRECTION_OUT;

	if (reordered)
		c->params.reorder = IMPAIR_CERTAIN;
	else
		c->params.delay = NSEC_PER_SEC;
	impaired_attach(c, DLIL_DIRECTION_IN | DLIL_DIRECTION_OUT);
	watch_arrivals(c);
	receive(c, 1, 10);
	transmit(c, 11, 7);
	fake_detach(c->fake);
	KUNIT_EXPECT_EQ(test, c->n, 0);
	KUNIT_EXPECT_EQ(test, fake_skbs(), 0);
}

/* Behind the filter: note whether the packet still has a socket. */
static int has_socket(struct fake_filter *filter, struct sk_buff **skb)
{
	struct impaired *c = filter->fake->test->priv;

	c->seq[c->n] = !!(*skb)->sk;
	c->n++;
	return 0;
}

/* Send a packet of a socket of this type, and wait until it arrives. */
static void transmit_from(struct impaired *c, int type)
{
	struct kunit *test = c->fake->test;
	struct sk_buff_head list;
	struct socket *sock;
	struct sk_buff *skb;
	unsigned int n = c->n;

	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, AF_INET, type, 0,
					       &sock), 0);
	skb = fake_raw(c->fake, 1);
	skb_set_owner_w(skb, sock->sk);
	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, skb);
	KUNIT_EXPECT_EQ(test, fake_output(c->fake, FAKE_PF_A, &list,
					  DLIL_OUTPUT_RAW), 0);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(c->n > n));
	skb_queue_purge(&c->fake->sent);
	sock_release(sock);
}

/* FLT-14 LNX-15: only TCP's packets keep their socket, and not for long. */
static void sockets(struct kunit *test)
{
	struct impaired *c = impaired_new(test);

	c->params.rate = 1000;
	impaired_attach(c, DLIL_DIRECTION_OUT);
	fake_filter(c->fake, 'b', &fake_filter_both_ops)->hook = has_socket;
	transmit_from(c, SOCK_STREAM);
	transmit_from(c, SOCK_DGRAM);
	/* A delay is one of the network. */
	c->params.delay = NSEC_PER_MSEC;
	impair_change(c->f, &c->params);
	transmit_from(c, SOCK_STREAM);
	/* More than a second for a packet. */
	c->params.delay = 0;
	c->params.rate = 10;
	impair_change(c->f, &c->params);
	transmit_from(c, SOCK_STREAM);
	EXPECT_ORDER(c, true, false, false, false);
}

static void change(struct impaired *c)
{
	KUNIT_ASSERT_NULL(c->fake->test, impair_params_check(&c->params));
	impair_change(c->f, &c->params);
}

/* FLT-16: a change keeps the number of the next packet, and held packets. */
static void changed_in_place(struct kunit *test)
{
	struct impaired *c = impaired_new(test);

	c->params.loss_model = IMPAIR_LOSS_EVERY;
	c->params.every = 4;
	impaired_attach(c, DLIL_DIRECTION_IN);
	watch_arrivals(c);
	receive(c, 1, 3);
	c->params.delay = NSEC_PER_SEC;
	change(c);
	receive(c, 4, 2);
	EXPECT_ORDER(c, 1, 2, 3);
	KUNIT_EXPECT_EQ(test, held(c, DLIL_DIRECTION_IN), 1);
	c->params.delay = 0;
	change(c);
	receive(c, 6, 2);
	EXPECT_ORDER(c, 1, 2, 3, 6, 7);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(c->n == 6));
	EXPECT_ORDER(c, 1, 2, 3, 6, 7, 5);
	KUNIT_EXPECT_EQ(test, counts_of(c, DLIL_DIRECTION_IN).lost, 1);
	KUNIT_EXPECT_EQ(test, counts_of(c, DLIL_DIRECTION_IN).matched, 7);
}

/* FLT-14 FLT-16: packets with a shorter delay overtake others, and stay in order. */
static void shorter_delay(struct kunit *test)
{
	struct impaired *c = impaired_new(test);
	u32 direction = direction_of(test);

	c->params.delay = 3ULL * NSEC_PER_SEC;
	impaired_attach(c, direction);
	watch_arrivals(c);
	send_some(c, direction, 1, 2);
	c->params.delay = NSEC_PER_SEC;
	change(c);
	send_some(c, direction, 3, 3);
	KUNIT_EXPECT_EQ(test, held(c, direction), 5);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(c->n == 5));
	EXPECT_ORDER(c, 3, 4, 5, 1, 2);
	KUNIT_EXPECT_LE(test, c->at[2], c->start + c->params.delay + LATE);
}

/* All effects at once; the model of loss with states. */
static const struct impair_params everything = {
	.seed = 99,
	.loss_model = IMPAIR_LOSS_GEMODEL,
	.loss = { PERCENT(10), PERCENT(30), PERCENT(90), PERCENT(5) },
	.delay = 20 * NSEC_PER_MSEC,
	.jitter = 5 * NSEC_PER_MSEC,
	.correlation = PERCENT(25),
	.distribution = IMPAIR_PARETONORMAL,
	.duplicate = PERCENT(20),
	.corrupt = PERCENT(30),
	.reorder = PERCENT(40),
	.gap = 2,
	.distance = 3,
	.limit = 1,
};

/* One change of @changed for each effect. */
static void change_effect(struct impair_params *changed, enum impair_stream effect)
{
	switch (effect) {
	case IMPAIR_STREAM_LOSS:
		changed->loss_model = IMPAIR_LOSS_RANDOM;
		break;
	case IMPAIR_STREAM_DELAY:
		changed->jitter = 0;
		break;
	case IMPAIR_STREAM_DUPLICATE:
		changed->duplicate = 0;
		break;
	case IMPAIR_STREAM_CORRUPT:
		changed->corrupt = PERCENT(60);
		break;
	default:
		changed->gap = 0;
	}
}

static bool same_effect(const struct impair_fate *a, const struct impair_fate *b,
			enum impair_stream effect)
{
	switch (effect) {
	case IMPAIR_STREAM_LOSS:
		return a->lost == b->lost;
	case IMPAIR_STREAM_DELAY:
		return a->delay == b->delay;
	case IMPAIR_STREAM_DUPLICATE:
		return a->duplicated == b->duplicated;
	case IMPAIR_STREAM_CORRUPT:
		return a->corrupted == b->corrupted && a->bit == b->bit;
	default:
		return a->reordered == b->reordered;
	}
}

/* FLT-16: a change of one effect leaves the other ones as they were. */
static void effects_are_apart(struct kunit *test)
{
	enum impair_stream effect, other;
	struct impair_state s, t;
	struct impair_fate a, b;
	unsigned int i, differ[IMPAIR_STREAMS];

	for (effect = 0; effect < IMPAIR_STREAMS; effect++) {
		struct impair_params changed = everything;

		memset(differ, 0, sizeof(differ));
		change_effect(&changed, effect);
		impair_state_init(&s, 99, 0);
		impair_state_init(&t, 99, 0);
		for (i = 0; i < 2000; i++) {
			bool late = i >= 1000;

			if (i == 1000)
				impair_state_change(&t, &everything, &changed);
			impair_fate(&everything, &s, 100, &a);
			impair_fate(late ? &changed : &everything, &t, 100, &b);
			for (other = 0; other < IMPAIR_STREAMS; other++)
				differ[other] += !same_effect(&a, &b, other);
		}
		for (other = 0; other < IMPAIR_STREAMS; other++)
			KUNIT_EXPECT_EQ_MSG(test, differ[other] > 0,
					    other == effect,
					    "change of %d, effect %d: %u differ",
					    effect, other, differ[other]);
	}
}

/* FNV-1a over the fates, in the format of the model. */
static u64 fnv_add(u64 hash, u64 value)
{
	unsigned int i;

	for (i = 0; i < 8; i++, value >>= 8)
		hash = (hash ^ (value & 0xff)) * 0x100000001b3ULL;
	return hash;
}

/* FLT-16: the fates are those of scripts/impair/model.py, on every architecture. */
static void as_the_model_says(struct kunit *test)
{
	u64 hash = 0xcbf29ce484222325ULL;
	struct impair_state s;
	struct impair_fate fate;
	unsigned int i;

	impair_state_init(&s, everything.seed, 1);
	for (i = 0; i < 100000; i++) {
		impair_fate(&everything, &s, 40 + i * 7919 % 1461, &fate);
		hash = fnv_add(hash, fate.lost);
		hash = fnv_add(hash, fate.delay);
		hash = fnv_add(hash, fate.duplicated);
		hash = fnv_add(hash, fate.corrupted ? fate.bit : U64_MAX);
		hash = fnv_add(hash, fate.reordered);
	}
	KUNIT_EXPECT_EQ(test, hash, 0x29efae3220c43340ULL);
}

/* FLT-16: parameters that make no sense are refused with a sentence. */
static void params_errors(struct kunit *test)
{
	static const struct impair_params bad[] = {
		{ .loss_model = IMPAIR_LOSS_MAX },
		{ .loss_model = IMPAIR_LOSS_EVERY },
		{ .loss_model = IMPAIR_LOSS_STATE,
		  .loss[IMPAIR_P13] = PERCENT(60), .loss[IMPAIR_P14] = PERCENT(60) },
		{ .loss_model = IMPAIR_LOSS_STATE,
		  .loss[IMPAIR_P31] = PERCENT(60), .loss[IMPAIR_P32] = PERCENT(60) },
		{ .distribution = IMPAIR_DISTRIBUTION_MAX },
		{ .delay = IMPAIR_TIME_MAX + 1, .limit = 1 },
		{ .delay = 5, .jitter = 6, .limit = 1 },
		{ .reorder = 1, .limit = 1 },
		{ .overhead = IMPAIR_OVERHEAD_MAX + 1, .limit = 1 },
		{ .overhead = -IMPAIR_OVERHEAD_MAX - 1, .limit = 1 },
		{ .limit = IMPAIR_LIMIT_MAX + 1 },
		{ .reorder = 1, .distance = IMPAIR_DISTANCE_MAX + 1, .limit = 1 },
		{ .delay = 1 },
		{ .rate = 1 },
		{ .reorder = 1, .distance = 1 },
	};
	static const struct impair_params good[] = {
		{},
		{ .delay = IMPAIR_TIME_MAX, .jitter = IMPAIR_TIME_MAX, .limit = 1 },
		{ .loss_model = IMPAIR_LOSS_STATE,
		  .loss[IMPAIR_P13] = PERCENT(60), .loss[IMPAIR_P14] = PERCENT(40) },
		{ .reorder = 1, .distance = IMPAIR_DISTANCE_MAX, .limit = 1 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_NOT_NULL_MSG(test, impair_params_check(&bad[i]),
					  "number %u", i);
	for (i = 0; i < ARRAY_SIZE(good); i++)
		KUNIT_EXPECT_NULL_MSG(test, impair_params_check(&good[i]),
				      "number %u", i);
}

/* Attributes for requests. */
struct nest {
	struct sk_buff *msg;
	struct nlattr *attr;
};

static struct nest nest_begin(struct kunit *test)
{
	struct nest nest;

	nest.msg = nlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, nest.msg);
	nest.attr = nla_nest_start(nest.msg, DLIL_A_FILTER_DATA);
	return nest;
}

static void put_u64(struct nest *nest, int type, u64 value)
{
	nla_put(nest->msg, type, sizeof(value), &value);
}

/* Every error comes with a message, and success with none. */
static int request(struct impaired *c, struct nest *nest, bool add,
		   const struct sock_filter *program, unsigned int n)
{
	struct dlil_filter_request req = {
		.name = "bad",
		.kind = "impair",
		.direction = DLIL_DIRECTION_IN,
		.program = program,
		.n = n,
		.nest = nest->attr,
	};
	struct netlink_ext_ack extack = {};
	int err;

	nla_nest_end(nest->msg, nest->attr);
	err = add ? fake_kind_add(c->fake->ifp, &req, true, &extack) :
		    dlil_kind_change(c->fake->ifp, &req, 0, &extack);
	KUNIT_EXPECT_EQ(c->fake->test, !!extack._msg, !!err);
	kfree_skb(nest->msg);
	return err;
}

static int find_filter(const struct dlil_filter *f, void *arg)
{
	struct impaired *c = arg;

	KUNIT_EXPECT_STREQ(c->fake->test, (const char *)f->name, "bad");
	c->f = f->cookie;
	return 0;
}

static int add_by_request(struct impaired *c, struct nest *nest,
			  const struct sock_filter *program, unsigned int n)
{
	int err = request(c, nest, true, program, n);

	if (!err)
		dlil_filter_for_each(c->fake->ifp, find_filter, c);
	return err;
}

static struct impair_params params_of(struct impaired *c)
{
	struct impair_counts counts;
	struct impair_params params;

	impair_read(c->f, DLIL_DIRECTION_IN, &params, &counts);
	return params;
}

/* FLT-16: attributes become parameters, and others have their defaults. */
static void request_add(struct kunit *test)
{
	struct impaired *c = impaired_new(test);
	struct nest nest = nest_begin(test);
	struct impair_params p;

	put_u64(&nest, DLIL_A_IMPAIR_SEED, 1ULL << 40 | 7);
	nla_put_u32(nest.msg, DLIL_A_IMPAIR_LOSS_MODEL,
		    DLIL_IMPAIR_LOSS_GEMODEL);
	nla_put_u32(nest.msg, DLIL_A_IMPAIR_LOSS_P1, 1);
	nla_put_u32(nest.msg, DLIL_A_IMPAIR_LOSS_P2, 2);
	nla_put_u32(nest.msg, DLIL_A_IMPAIR_LOSS_P3, 3);
	nla_put_u32(nest.msg, DLIL_A_IMPAIR_LOSS_P4, 4);
	put_u64(&nest, DLIL_A_IMPAIR_DELAY, 2000);
	put_u64(&nest, DLIL_A_IMPAIR_JITTER, 1000);
	nla_put_u32(nest.msg, DLIL_A_IMPAIR_CORRELATION, 5);
	nla_put_u32(nest.msg, DLIL_A_IMPAIR_DISTRIBUTION,
		    DLIL_IMPAIR_DISTRIBUTION_PARETO);
	nla_put_u32(nest.msg, DLIL_A_IMPAIR_DUPLICATE, 6);
	nla_put_u32(nest.msg, DLIL_A_IMPAIR_CORRUPT, 7);
	nla_put_u32(nest.msg, DLIL_A_IMPAIR_REORDER, 8);
	nla_put_u32(nest.msg, DLIL_A_IMPAIR_GAP, 9);
	put_u64(&nest, DLIL_A_IMPAIR_RATE, 10);
	nla_put_s32(nest.msg, DLIL_A_IMPAIR_OVERHEAD, -11);
	KUNIT_ASSERT_EQ(test, add_by_request(c, &nest, NULL, 0), 0);
	p = params_of(c);
	KUNIT_EXPECT_EQ(test, p.seed, 1ULL << 40 | 7);
	KUNIT_EXPECT_EQ(test, p.loss_model, IMPAIR_LOSS_GEMODEL);
	KUNIT_EXPECT_EQ(test, p.loss[IMPAIR_GE_P], 1);
	KUNIT_EXPECT_EQ(test, p.loss[IMPAIR_GE_R], 2);
	KUNIT_EXPECT_EQ(test, p.loss[IMPAIR_GE_BAD], 3);
	KUNIT_EXPECT_EQ(test, p.loss[IMPAIR_GE_GOOD], 4);
	KUNIT_EXPECT_EQ(test, p.delay, 2000);
	KUNIT_EXPECT_EQ(test, p.jitter, 1000);
	KUNIT_EXPECT_EQ(test, p.correlation, 5);
	KUNIT_EXPECT_EQ(test, p.distribution, IMPAIR_PARETO);
	KUNIT_EXPECT_EQ(test, p.duplicate, 6);
	KUNIT_EXPECT_EQ(test, p.corrupt, 7);
	KUNIT_EXPECT_EQ(test, p.reorder, 8);
	KUNIT_EXPECT_EQ(test, p.gap, 9);
	KUNIT_EXPECT_EQ(test, p.distance, 1);
	KUNIT_EXPECT_EQ(test, p.rate, 10);
	KUNIT_EXPECT_EQ(test, p.overhead, -11);
	KUNIT_EXPECT_EQ(test, p.limit, 1000);
}

/* FLT-16: a change keeps what it does not name; a bad one changes nothing. */
static void request_change(struct kunit *test)
{
	struct impaired *c = impaired_new(test);
	struct nest nest = nest_begin(test);
	struct impair_params old, p;

	put_u64(&nest, DLIL_A_IMPAIR_SEED, 7);
	put_u64(&nest, DLIL_A_IMPAIR_DELAY, 2000);
	nla_put_u32(nest.msg, DLIL_A_IMPAIR_CORRUPT, 7);
	KUNIT_ASSERT_EQ(test, add_by_request(c, &nest, NULL, 0), 0);
	old = params_of(c);

	nest = nest_begin(test);
	put_u64(&nest, DLIL_A_IMPAIR_JITTER, 2001);
	nla_put_u32(nest.msg, DLIL_A_IMPAIR_CORRUPT, 8);
	KUNIT_EXPECT_EQ(test, request(c, &nest, false, NULL, 0), -EINVAL);
	nest = nest_begin(test);
	put_u64(&nest, DLIL_A_IMPAIR_SEED, 8);
	KUNIT_EXPECT_EQ(test, request(c, &nest, false, NULL, 0), -EOPNOTSUPP);
	nest = nest_begin(test);
	nla_put_u32(nest.msg, DLIL_A_IMPAIR_DELAY, 1);
	KUNIT_EXPECT_EQ(test, request(c, &nest, false, NULL, 0), -EINVAL);
	nest = nest_begin(test);
	nla_put_u32(nest.msg, DLIL_A_IMPAIR_IN, 1);
	KUNIT_EXPECT_EQ(test, request(c, &nest, false, NULL, 0), -EINVAL);
	p = params_of(c);
	KUNIT_EXPECT_EQ(test, memcmp(&p, &old, sizeof(p)), 0);

	nest = nest_begin(test);
	put_u64(&nest, DLIL_A_IMPAIR_JITTER, 1000);
	put_u64(&nest, DLIL_A_IMPAIR_SEED, 7);
	KUNIT_EXPECT_EQ(test, request(c, &nest, false, NULL, 0), 0);
	old.jitter = 1000;
	p = params_of(c);
	KUNIT_EXPECT_EQ(test, memcmp(&p, &old, sizeof(p)), 0);
}

/* FLT-16: a filter of which a parameter is wrong is not added. */
static void request_refused(struct kunit *test)
{
	struct impaired *c = impaired_new(test);
	struct nest nest = nest_begin(test);

	nla_put_u32(nest.msg, DLIL_A_IMPAIR_DISTRIBUTION,
		    IMPAIR_DISTRIBUTION_MAX);
	KUNIT_EXPECT_EQ(test, add_by_request(c, &nest, NULL, 0), -EINVAL);
	nest = nest_begin(test);
	put_u64(&nest, DLIL_A_IMPAIR_DELAY, IMPAIR_TIME_MAX + 1);
	KUNIT_EXPECT_EQ(test, add_by_request(c, &nest, NULL, 0), -EINVAL);
	dlil_filter_for_each(c->fake->ifp, find_filter, c);
	KUNIT_EXPECT_NULL(test, c->f);
}

/* Matches packet 2. */
static const struct sock_filter packet_2[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS,
		 FAKE_HLEN + offsetof(struct fake_payload, seq) +
		 (IS_ENABLED(CONFIG_CPU_BIG_ENDIAN) ? 3 : 0)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 2, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, 1),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

/* FLT-16 FLT-18: other packets pass at once, and have no number. */
static void condition(struct kunit *test)
{
	struct impaired *c = impaired_new(test);
	struct nest nest = nest_begin(test);
	struct impair_counts counts;

	put_u64(&nest, DLIL_A_IMPAIR_DELAY, 10 * NSEC_PER_MSEC);
	KUNIT_ASSERT_EQ(test, add_by_request(c, &nest, packet_2,
					     ARRAY_SIZE(packet_2)), 0);
	watch_arrivals(c);
	receive(c, 1, 3);
	EXPECT_ORDER(c, 1, 3);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(c->n == 3));
	EXPECT_ORDER(c, 1, 3, 2);
	counts = counts_of(c, DLIL_DIRECTION_IN);
	KUNIT_EXPECT_EQ(test, counts.packets, 3);
	KUNIT_EXPECT_EQ(test, counts.matched, 1);
	KUNIT_EXPECT_EQ(test, c->f->way[0].state.n, 1);
}

/* FLT-16: users see the parameters, and counters of the filter's direction only. */
static void shown(struct kunit *test)
{
	struct impaired *c = impaired_new(test);
	struct nest nest = nest_begin(test);
	struct nlattr *tb[DLIL_A_IMPAIR_MAX + 1], *attr;
	struct nlattr *counts[DLIL_A_IMPAIR_COUNTS_MAX + 1];
	struct sk_buff *msg;

	put_u64(&nest, DLIL_A_IMPAIR_SEED, 7);
	nla_put_u32(nest.msg, DLIL_A_IMPAIR_LOSS_MODEL,
		    DLIL_IMPAIR_LOSS_EVERY);
	nla_put_u32(nest.msg, DLIL_A_IMPAIR_EVERY, 2);
	nla_put_s32(nest.msg, DLIL_A_IMPAIR_OVERHEAD, -11);
	KUNIT_ASSERT_EQ(test, add_by_request(c, &nest, NULL, 0), 0);
	receive(c, 1, 5);

	msg = nlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, msg);
	attr = nla_nest_start(msg, DLIL_A_FILTER_DATA);
	KUNIT_EXPECT_EQ(test, impair_kind.fill(c->f, msg), 0);
	nla_nest_end(msg, attr);
	KUNIT_EXPECT_LE(test, nla_len(attr), impair_kind.fill_size);
	KUNIT_ASSERT_EQ(test, nla_parse_nested_deprecated(tb, DLIL_A_IMPAIR_MAX,
							  attr, NULL, NULL), 0);
	KUNIT_EXPECT_EQ(test, nla_get_u64(tb[DLIL_A_IMPAIR_SEED]), 7);
	KUNIT_EXPECT_EQ(test, nla_get_u32(tb[DLIL_A_IMPAIR_EVERY]), 2);
	KUNIT_EXPECT_EQ(test, nla_get_s32(tb[DLIL_A_IMPAIR_OVERHEAD]), -11);
	KUNIT_EXPECT_NULL(test, tb[DLIL_A_IMPAIR_OUT]);
	KUNIT_ASSERT_NOT_NULL(test, tb[DLIL_A_IMPAIR_IN]);
	KUNIT_ASSERT_EQ(test,
			nla_parse_nested_deprecated(counts,
						    DLIL_A_IMPAIR_COUNTS_MAX,
						    tb[DLIL_A_IMPAIR_IN], NULL,
						    NULL), 0);
	KUNIT_EXPECT_EQ(test,
			nla_get_u64(counts[DLIL_A_IMPAIR_COUNTS_MATCHED]), 5);
	KUNIT_EXPECT_EQ(test,
			nla_get_u64(counts[DLIL_A_IMPAIR_COUNTS_PASSED]), 3);
	KUNIT_EXPECT_EQ(test, nla_get_u64(counts[DLIL_A_IMPAIR_COUNTS_LOST]), 2);
	kfree_skb(msg);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(loss, direction_gen_params),
	KUNIT_CASE(directions_differ),
	KUNIT_CASE_PARAM(duplicate, direction_gen_params),
	KUNIT_CASE_PARAM(duplicate_held, direction_gen_params),
	KUNIT_CASE_PARAM(corrupt, direction_gen_params),
	KUNIT_CASE(corrupt_private),
	KUNIT_CASE(corrupt_summed),
	KUNIT_CASE(sent_shared),
	KUNIT_CASE_PARAM(delay, direction_gen_params),
	KUNIT_CASE(jitter),
	KUNIT_CASE_PARAM(reorder, direction_gen_params),
	KUNIT_CASE_PARAM(limit, direction_gen_params),
	KUNIT_CASE_PARAM(rate, direction_gen_params),
	KUNIT_CASE_PARAM(rate_copies, direction_gen_params),
	KUNIT_CASE(stamped_late),
	KUNIT_CASE(sent_at_once),
	KUNIT_CASE(memory),
	KUNIT_CASE(backlog),
	KUNIT_CASE(detach_while_held),
	KUNIT_CASE_PARAM(ifnet_goes_while_held, direction_gen_params),
	KUNIT_CASE(sockets),
	KUNIT_CASE(changed_in_place),
	KUNIT_CASE_PARAM(shorter_delay, direction_gen_params),
	KUNIT_CASE(effects_are_apart),
	KUNIT_CASE(as_the_model_says),
	KUNIT_CASE(params_errors),
	KUNIT_CASE(request_add),
	KUNIT_CASE(request_change),
	KUNIT_CASE(request_refused),
	KUNIT_CASE(condition),
	KUNIT_CASE(shown),
	{}
};

static struct kunit_suite suite = {
	.name = "dlil_impair",
	.test_cases = cases,
};

kunit_test_suite(suite);
