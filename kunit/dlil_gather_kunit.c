// SPDX-License-Identifier: GPL-2.0
/* When a sleeping input thread is woken: INP-3. */
#include <linux/sched.h>

#include "../dlil_gather.h"
#include "../dlil_input.h"
#include "fake.h"

/* How a thread ends that we are: what it set before is as it was. */
struct thread_we_are {
	struct dlil_gather g;
	unsigned int usecs;
};

static int gather_test_init(struct kunit *test)
{
	struct thread_we_are *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->usecs = dlil_gather_usecs;
	dlil_gather_usecs = DLIL_GATHER_USECS_MAX;
	dlil_gather_init(&t->g);
	test->priv = t;
	return 0;
}

static void gather_test_exit(struct kunit *test)
{
	struct thread_we_are *t = test->priv;

	dlil_gather_end(&t->g);
	dlil_gather_usecs = t->usecs;
}

static struct dlil_gather *gather(struct kunit *test)
{
	struct thread_we_are *t = test->priv;

	return &t->g;
}

/* Sleep, after @packets came in the @usecs since the last sleep. */
static void sleep_after(struct dlil_gather *g, unsigned int packets,
			unsigned int usecs)
{
	g->packets = packets;
	dlil_gather_sleep(g, ktime_add_us(g->since, usecs));
}

struct stream_case {
	const char *name;
	unsigned int packets;
	unsigned int usecs;
	bool held;
};

static const struct stream_case stream_cases[] = {
	{ "fast, one by one", 1, 24, true },
	{ "fast, two by two", 2, 49, true },
	{ "fast, many at once", 32, 30, true },
	{ "slow", 1, 25, false },
	{ "slow, some at once", 8, 200, false },
	{ "very slow", 1, 10000000, false },
	{ "bursts as long as a batch", 64, 60, true },
	{ "as fast as there is room", 40, 2, true },
	{ "faster than there is room", 41, 2, false },
	{ "nothing", 0, 0, false },
};

static void stream_desc(const struct stream_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(stream, stream_cases, stream_desc);

/* INP-3: only the packets of a stream wait for one another. */
static void held_in_stream(struct kunit *test)
{
	const struct stream_case *c = test->param_value;
	struct dlil_gather *g = gather(test);

	sleep_after(g, c->packets, c->usecs);

	KUNIT_EXPECT_EQ(test, dlil_gather_hold(g), c->held);
	/* The second producer is told the same. */
	KUNIT_EXPECT_EQ(test, dlil_gather_hold(g), c->held);
}

static void not_at_first(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, dlil_gather_hold(gather(test)));
}

/* The timer wakes the thread. */
static void woken_in_time(struct kunit *test)
{
	struct dlil_gather *g = gather(test);

	sleep_after(g, 1, 0);
	set_current_state(TASK_IDLE);
	KUNIT_EXPECT_TRUE(test, dlil_gather_hold(g));
	KUNIT_EXPECT_GT(test, schedule_timeout(FAKE_DEADLINE), 0L);
	KUNIT_EXPECT_FALSE(test, hrtimer_active(&g->timer));
}

static void not_if_off(struct kunit *test)
{
	struct dlil_gather *g = gather(test);

	dlil_gather_usecs = 0;
	sleep_after(g, 1, 0);
	KUNIT_EXPECT_FALSE(test, dlil_gather_hold(g));
}

/* A short queue would overflow meanwhile (INP-12). */
static void not_with_short_queue(struct kunit *test)
{
	struct dlil_gather *g = gather(test);
	unsigned int limit = dlil_rcvq_limit;

	dlil_rcvq_limit = 1023;
	sleep_after(g, 1, 0);
	dlil_rcvq_limit = limit;
	KUNIT_EXPECT_FALSE(test, dlil_gather_hold(g));
}

/* What has paid is done again, however the packets come now. */
static void goes_on_while_it_pays(struct kunit *test)
{
	struct dlil_gather *g = gather(test);
	int i;

	sleep_after(g, 1, 0);
	for (i = 0; i < 10; i++) {
		KUNIT_ASSERT_TRUE(test, dlil_gather_hold(g));
		sleep_after(g, 4, 100);
	}
}

/* Sleeps until it is tried again, with one packet coming fast every time. */
static unsigned int rest_of(struct dlil_gather *g)
{
	unsigned int n;

	for (n = 0; n < 5000; n++) {
		sleep_after(g, 1, 0);
		if (dlil_gather_hold(g))
			break;
	}
	return n;
}

/* Where answers wait for answers nothing gathers, and all have to wait. */
static void gives_up_when_useless(struct kunit *test)
{
	struct dlil_gather *g = gather(test);
	unsigned int want;

	KUNIT_EXPECT_EQ(test, rest_of(g), 0);
	for (want = 16; want < 1024; want *= 2)
		KUNIT_EXPECT_EQ(test, rest_of(g), want);
	KUNIT_EXPECT_EQ(test, rest_of(g), 1024);
	KUNIT_EXPECT_EQ(test, rest_of(g), 1024);
	/* One success, and it is as before. */
	sleep_after(g, 50, 50);
	KUNIT_ASSERT_TRUE(test, dlil_gather_hold(g));
	KUNIT_EXPECT_EQ(test, rest_of(g), 16);
}

/* INP-3 STA-3: nothing is left lying, and nobody has to help. */
static void all_arrive(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	int i;

	fake_proto(fake, 'P', FAKE_PF_A);
	for (i = 1; i <= 200; i++) {
		fake_input_new(fake, FAKE_PF_A, i, 1);
		KUNIT_ASSERT_TRUE(test, fake_wait_for(fake_skbs() == 0));
	}
}

static struct kunit_case dlil_gather_cases[] = {
	KUNIT_CASE_PARAM(held_in_stream, stream_gen_params),
	KUNIT_CASE(not_at_first),
	KUNIT_CASE(woken_in_time),
	KUNIT_CASE(not_if_off),
	KUNIT_CASE(not_with_short_queue),
	KUNIT_CASE(goes_on_while_it_pays),
	KUNIT_CASE(gives_up_when_useless),
	KUNIT_CASE(all_arrive),
	{}
};

static struct kunit_suite dlil_gather_suite = {
	.name = "dlil_gather",
	.init = gather_test_init,
	.exit = gather_test_exit,
	.test_cases = dlil_gather_cases,
};

kunit_test_suite(dlil_gather_suite);
