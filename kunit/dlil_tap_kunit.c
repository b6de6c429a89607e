// SPDX-License-Identifier: GPL-2.0
/* Taps: rows TAP-1, IFN-4, IFN-6, IFN-8. */
#include "../dlil_ifnet.h"
#include "fake.h"

/**
 * struct tapper - a tap of a test
 * @fake: owner of the ifnet
 * @tap: the tap
 * @packets: number of packets that it saw
 * @detached: number of calls of `detached`
 * @quiet: count only, no trace
 */
struct tapper {
	struct fake *fake;
	struct dlil_tap tap;
	atomic_t packets;
	atomic_t detached;
	bool quiet;
};

static void tap_packet(void *cookie, struct dlil_ifnet *ifp,
		       enum dlil_tap_mode way, const struct sk_buff *skb)
{
	struct tapper *t = cookie;

	KUNIT_EXPECT_PTR_EQ(t->fake->test, ifp, t->fake->ifp);
	KUNIT_EXPECT_EQ(t->fake->test, atomic_read(&t->detached), 0);
	atomic_inc(&t->packets);
	if (!t->quiet)
		fake_trace(t->fake, "%c%u", way == DLIL_TAP_INPUT ? '<' : '>',
			   fake_payload(skb)->seq);
}

static void tap_detached(void *cookie, struct dlil_ifnet *ifp)
{
	struct tapper *t = cookie;

	atomic_inc(&t->detached);
	if (!t->quiet)
		fake_trace(t->fake, "~t");
}

static struct tapper *tapper_new(struct fake *fake)
{
	struct tapper *t = kunit_kzalloc(fake->test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(fake->test, t);
	t->fake = fake;
	t->tap.packet = tap_packet;
	t->tap.detached = tap_detached;
	t->tap.cookie = t;
	return t;
}

static int set_tap(struct tapper *t, u32 mode)
{
	return dlil_set_tap(t->fake->ifp, mode, &t->tap);
}

static void one_each_way(struct fake *fake)
{
	fake_input_new(fake, FAKE_PF_A, 1, 1);
	fake_read(fake);
	fake_output_new(fake, FAKE_PF_A, 2, 1, 0);
}

struct mode {
	u32 mode;
	const char *name;
	const char *trace;
};

static const struct mode modes[] = {
	{ DLIL_TAP_INPUT, "input", "T1 <1 a1 P1 P?2 h2 a2 D2" },
	{ DLIL_TAP_OUTPUT, "output", "T2 a1 P1 P?2 h2 a2 >2 D2" },
	{ DLIL_TAP_BOTH, "both", "T3 <1 a1 P1 P?2 h2 a2 >2 D2" },
};

static void mode_desc(const struct mode *m, char *desc)
{
	strscpy(desc, m->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(mode, modes, mode_desc);

/*
 * TAP-1: a tap sees the packets of its mode, before filters on input, behind
 * them on output.
 */
static void each_mode(struct kunit *test)
{
	const struct mode *m = test->param_value;
	struct fake *fake = fake_attached(test);
	struct tapper *t = tapper_new(fake);

	fake_filter(fake, 'a', &fake_filter_both_ops);
	fake_proto(fake, 'P', FAKE_PF_A);
	KUNIT_ASSERT_EQ(test, set_tap(t, m->mode), 0);
	one_each_way(fake);
	FAKE_EXPECT_TRACE(fake, m->trace);

	fake_trace_clear(fake);
	KUNIT_EXPECT_EQ(test, set_tap(t, DLIL_TAP_OFF), 0);
	one_each_way(fake);
	FAKE_EXPECT_TRACE(fake, "T0 ~t a1 P1 P?2 h2 a2 D2");
}

/* TAP-1: a tap sees received packets that filters drop, but not sent ones. */
static void beside_filters(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct tapper *t = tapper_new(fake);
	struct fake_filter *a = fake_filter(fake, 'a', &fake_filter_both_ops);

	fake_proto(fake, 'P', FAKE_PF_A);
	a->verdict = -EPERM;
	KUNIT_ASSERT_EQ(test, set_tap(t, DLIL_TAP_BOTH), 0);
	one_each_way(fake);
	FAKE_EXPECT_TRACE(fake, "T3 <1 a1 P?2 h2 a2");
	/*
	 * Turn it off before its memory is freed, which happens before the
	 * ifnet ends.
	 */
	KUNIT_EXPECT_EQ(test, set_tap(t, DLIL_TAP_OFF), 0);
}

/* TAP-1: the mode of a tap can be changed. */
static void mode_changes(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct tapper *t = tapper_new(fake);

	t->tap.owner = fake_module(test, MODULE_STATE_LIVE);
	KUNIT_EXPECT_EQ(test, set_tap(t, DLIL_TAP_INPUT), 0);
	KUNIT_EXPECT_EQ(test, set_tap(t, DLIL_TAP_BOTH), 0);
	KUNIT_EXPECT_EQ(test, set_tap(t, DLIL_TAP_OUTPUT), 0);
	KUNIT_EXPECT_EQ(test, fake_module_pins(t->tap.owner), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->detached), 0);
	KUNIT_EXPECT_EQ(test, set_tap(t, DLIL_TAP_OFF), 0);
	KUNIT_EXPECT_EQ(test, fake_module_pins(t->tap.owner), 0);
	FAKE_EXPECT_TRACE(fake, "T1 T3 T2 T0 ~t");
	KUNIT_EXPECT_EQ(test, set_tap(t, DLIL_TAP_OFF), -ENXIO);
}

/* TAP-1: an error changes nothing. */
static void refusals(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct tapper *t = tapper_new(fake), *other = tapper_new(fake);
	struct dlil_tap empty = {};

	KUNIT_EXPECT_EQ(test, dlil_set_tap(NULL, DLIL_TAP_BOTH, &t->tap),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_set_tap(fake->ifp, DLIL_TAP_BOTH, NULL),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_set_tap(fake->ifp, DLIL_TAP_BOTH, &empty),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, set_tap(t, DLIL_TAP_BOTH + 1), -EINVAL);
	FAKE_EXPECT_TRACE(fake, "");

	other->tap.owner = fake_module(test, MODULE_STATE_GOING);
	KUNIT_EXPECT_EQ(test, set_tap(other, DLIL_TAP_BOTH), -ENODEV);
	other->tap.owner = fake_module(test, MODULE_STATE_LIVE);
	fake->tap_error = -ENOTSUPP;
	KUNIT_EXPECT_EQ(test, set_tap(other, DLIL_TAP_BOTH), -EOPNOTSUPP);
	fake->tap_error = 0;
	FAKE_EXPECT_TRACE(fake, "T3");

	KUNIT_EXPECT_EQ(test, set_tap(t, DLIL_TAP_INPUT), 0);
	KUNIT_EXPECT_EQ(test, set_tap(other, DLIL_TAP_INPUT), -EBUSY);
	KUNIT_EXPECT_EQ(test, set_tap(other, DLIL_TAP_OFF), -ENXIO);
	KUNIT_EXPECT_EQ(test, fake_module_pins(other->tap.owner), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&other->detached), 0);
	fake_input_new(fake, FAKE_PF_A, 1, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->packets), 1);
	KUNIT_EXPECT_EQ(test, set_tap(t, DLIL_TAP_OFF), 0);
	KUNIT_EXPECT_EQ(test, set_tap(other, DLIL_TAP_INPUT), 0);
	KUNIT_EXPECT_EQ(test, set_tap(other, DLIL_TAP_OFF), 0);
}

/* TAP-1: drivers need not support taps. */
static void without(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct tapper *t = tapper_new(fake);

	fake->driver.set_tap = NULL;
	KUNIT_EXPECT_EQ(test, set_tap(t, DLIL_TAP_BOTH), -ENXIO);
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	KUNIT_EXPECT_EQ(test, set_tap(t, DLIL_TAP_BOTH), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, set_tap(t, DLIL_TAP_OFF), -ENXIO);
}

/*
 * IFN-4, IFN-5, TAP-1: the tap is off once the detach has returned; the final
 * detach calls `detached`; no tap can be set in between.
 */
static void off_at_detach(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct tapper *t = tapper_new(fake);

	t->tap.owner = fake_module(test, MODULE_STATE_LIVE);
	KUNIT_ASSERT_EQ(test, set_tap(t, DLIL_TAP_BOTH), 0);
	KUNIT_ASSERT_TRUE(test, dlil_ifnet_io_begin(fake->ifp));
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), 0);
	FAKE_EXPECT_TRACE(fake, "T3 T0");
	fake_input_new(fake, FAKE_PF_A, 1, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->packets), 0);
	KUNIT_EXPECT_EQ(test, set_tap(t, DLIL_TAP_BOTH), -ENXIO);
	KUNIT_EXPECT_EQ(test, set_tap(t, DLIL_TAP_OFF), -ENXIO);
	KUNIT_EXPECT_TRUE(test, fake_stays(!atomic_read(&t->detached)));
	KUNIT_EXPECT_EQ(test, fake_module_pins(t->tap.owner), 1);

	dlil_ifnet_io_end(fake->ifp);
	fake_detach(fake);
	FAKE_EXPECT_TRACE(fake, "T3 T0 ~t free");
	KUNIT_EXPECT_EQ(test, fake_module_pins(t->tap.owner), 0);
	KUNIT_EXPECT_EQ(test, set_tap(t, DLIL_TAP_BOTH), -ENXIO);

	/* The next life starts without a tap. */
	fake_trace_clear(fake);
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	fake_detach(fake);
	FAKE_EXPECT_TRACE(fake, "free");
}

#ifdef CONFIG_SMP
static void block_packet(void *cookie, struct dlil_ifnet *ifp,
			 enum dlil_tap_mode way, const struct sk_buff *skb)
{
	struct tapper *t = cookie;

	/* Cannot sleep, but it can spin for long. */
	complete(&t->fake->entered);
	while (!completion_done(&t->fake->leave))
		cpu_relax();
	atomic_inc(&t->packets);
}

static int input_one(struct fake_task *task)
{
	return fake_input_new(task->fake, FAKE_PF_A, 1, 1);
}

static int unblock(struct fake_task *task)
{
	schedule_timeout_uninterruptible(5);
	fake_unblock(task->fake);
	return 0;
}

/* TAP-1: once the tap is off, no callback is in flight. */
static void off_waits(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct tapper *t = tapper_new(fake);
	struct fake_task *input, *later;

	if (num_online_cpus() < 2)
		kunit_skip(test, "one processor");
	t->tap.packet = block_packet;
	KUNIT_ASSERT_EQ(test, set_tap(t, DLIL_TAP_INPUT), 0);
	input = fake_run(fake, input_one);
	fake_wait_blocked(fake);
	later = fake_run(fake, unblock);
	KUNIT_EXPECT_EQ(test, set_tap(t, DLIL_TAP_OFF), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->packets), 1);
	fake_join(later);
	fake_join(input);
}
#endif

static int on_and_off(struct fake_task *task)
{
	struct tapper *t;
	int i, err = 0;

	for (i = 0; i < 50 && !err; i++) {
		/* A new tap each time, so that a late call is detected. */
		t = tapper_new(task->fake);
		t->quiet = true;
		err = set_tap(t, 1 + i % DLIL_TAP_BOTH);
		if (err)
			break;
		fake_input_new(task->fake, FAKE_PF_A, i, 1);
		err = set_tap(t, DLIL_TAP_OFF);
		if (!err)
			KUNIT_EXPECT_EQ(task->fake->test,
					atomic_read(&t->detached), 1);
	}
	return err == -EBUSY ? 0 : err;
}

static int keep_sending(struct fake_task *task)
{
	int i;

	for (i = 0; i < 200; i++)
		fake_output_new(task->fake, 0, i, 1, DLIL_OUTPUT_RAW);
	return 0;
}

/* TAP-1, IFN-8: set and unset taps while packets pass and the ifnet is detached. */
static void storm(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct fake_task *one, *two, *three;
	int i, err;

	for (i = 0; i < 10; i++) {
		fake_trace_clear(fake);
		KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
		one = fake_run(fake, on_and_off);
		two = fake_run(fake, on_and_off);
		three = fake_run(fake, keep_sending);
		schedule_timeout_uninterruptible(i % 3);
		fake_detach(fake);
		err = fake_join(one);
		KUNIT_EXPECT_TRUE(test, !err || err == -ENXIO);
		err = fake_join(two);
		KUNIT_EXPECT_TRUE(test, !err || err == -ENXIO);
		fake_join(three);
		fake_read(fake);
		KUNIT_EXPECT_NULL(test, fake->ifp->tap);
	}
}

static struct kunit_case dlil_tap_cases[] = {
	KUNIT_CASE_PARAM(each_mode, mode_gen_params),
	KUNIT_CASE(beside_filters),
	KUNIT_CASE(mode_changes),
	KUNIT_CASE(refusals),
	KUNIT_CASE(without),
	KUNIT_CASE(off_at_detach),
#ifdef CONFIG_SMP
	KUNIT_CASE(off_waits),
#endif
	KUNIT_CASE(storm),
	{}
};

static struct kunit_suite dlil_tap_suite = {
	.name = "dlil_tap",
	.test_cases = dlil_tap_cases,
};

kunit_test_suite(dlil_tap_suite);
