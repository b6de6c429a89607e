// SPDX-License-Identifier: GPL-2.0
/* Gathering packets before a sleeping input thread is woken: INP-3. */
#include <linux/kthread.h>
#include <linux/sched.h>

#include "../dlil_input.h"
#include "fail.h"
#include "fake.h"

/* State of a test, whose own task acts as the input thread. */
struct gather_test {
	struct dlil_gather g;
	struct dlil_inq queue;
	unsigned int usecs;
};

static int gather_test_init(struct kunit *test)
{
	struct gather_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->usecs = dlil_gather_usecs;
	dlil_gather_usecs = DLIL_GATHER_USECS_MAX;
	t->queue.max_packets = 2048;
	t->queue.max_bytes = 1 << 30;
	atomic64_set(&t->queue.room, DLIL_INQ_SPACE(2048, 1 << 30));
	dlil_gather_init(&t->g, &t->queue);
	test->priv = t;
	return 0;
}

static void gather_test_exit(struct kunit *test)
{
	struct gather_test *t = test->priv;

	dlil_gather_end(&t->g);
	dlil_gather_usecs = t->usecs;
}

static struct dlil_gather *gather(struct kunit *test)
{
	struct gather_test *t = test->priv;

	return &t->g;
}

/* Sleep, after @packets arrived in the @usecs since the last sleep. */
static void sleep_after(struct dlil_gather *g, unsigned int packets,
			unsigned int usecs)
{
	g->packets = packets;
	dlil_gather_sleep(g, ktime_add_us(g->since, usecs));
}

static bool hold(struct dlil_gather *g)
{
	bool held;

	preempt_disable();
	held = dlil_gather_hold(g);
	preempt_enable();
	return held;
}

/*
 * Record what the timer would: packets queued after half of the time, and after
 * all of it.
 */
static void gathered(struct dlil_gather *g, unsigned int half, unsigned int end)
{
	hrtimer_cancel(&g->timer);
	g->at_half = half;
	g->at_end = end;
	sleep_after(g, end, 100);
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

/* INP-3: only packets of a stream wait for each other. */
static void held_in_stream(struct kunit *test)
{
	const struct stream_case *c = test->param_value;
	struct dlil_gather *g = gather(test);

	sleep_after(g, c->packets, c->usecs);

	KUNIT_EXPECT_EQ(test, hold(g), c->held);
	/* The second producer gets the same answer. */
	KUNIT_EXPECT_EQ(test, hold(g), c->held);
}

static void not_at_first(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, hold(gather(test)));
}

/* The timer wakes the thread. */
static void woken_in_time(struct kunit *test)
{
	struct dlil_gather *g = gather(test);

	sleep_after(g, 1, 0);
	set_current_state(TASK_IDLE);
	KUNIT_EXPECT_TRUE(test, hold(g));
	KUNIT_EXPECT_GT(test, schedule_timeout(FAKE_DEADLINE), 0L);
	KUNIT_EXPECT_FALSE(test, hrtimer_active(&g->timer));
}

static void not_if_off(struct kunit *test)
{
	struct dlil_gather *g = gather(test);

	dlil_gather_usecs = 0;
	sleep_after(g, 1, 0);
	KUNIT_EXPECT_FALSE(test, hold(g));
}

/* No gathering if the queue is so short that it would overflow (INP-12). */
static void not_with_short_queue(struct kunit *test)
{
	struct dlil_gather *g = gather(test);
	struct gather_test *t = test->priv;

	t->queue.max_packets = 1023;
	sleep_after(g, 1, 0);
	KUNIT_EXPECT_FALSE(test, hold(g));
	t->queue.max_packets = 1024;
	sleep_after(g, 1, 0);
	KUNIT_EXPECT_TRUE(test, hold(g));
}

/* The same if its limit of bytes is low. */
static void not_with_small_queue(struct kunit *test)
{
	struct dlil_gather *g = gather(test);
	struct gather_test *t = test->priv;

	t->queue.max_bytes = (8 << 20) - 1;
	sleep_after(g, 1, 0);
	KUNIT_EXPECT_FALSE(test, hold(g));
	t->queue.max_bytes = 8 << 20;
	sleep_after(g, 1, 0);
	KUNIT_EXPECT_TRUE(test, hold(g));
}

/* If gathering has paid off, it is tried again, at any rate of packets. */
static void goes_on_while_it_pays(struct kunit *test)
{
	struct dlil_gather *g = gather(test);
	int i;

	sleep_after(g, 1, 0);
	for (i = 0; i < 10; i++) {
		KUNIT_ASSERT_TRUE(test, hold(g));
		gathered(g, 2, 4);
	}
}

/* No gathering on the main thread, which serves several ifnets. */
static void not_for_many_queues(struct kunit *test)
{
	struct dlil_gather *g = gather(test);

	g->queue = NULL;
	sleep_after(g, 1, 0);
	KUNIT_EXPECT_FALSE(test, hold(g));
}

#ifdef CONFIG_SMP
static int never_run(void *arg)
{
	return 0;
}

/* No gathering if the thread runs on another processor. */
static void not_for_another_processor(struct kunit *test)
{
	struct dlil_gather *g = gather(test);
	struct task_struct *task;
	int cpu;

	task = kthread_create(never_run, NULL, "dlil_test");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	cpu = cpumask_any_but(cpu_online_mask, task_cpu(task));
	/* A task that never ran does not migrate, so this one moves away. */
	set_cpus_allowed_ptr(current, cpumask_of(cpu));
	g->task = task;
	sleep_after(g, 1, 0);
	KUNIT_EXPECT_FALSE(test, hold(g));
	g->task = current;
	KUNIT_EXPECT_TRUE(test, hold(g));
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	kthread_stop(task);
}
#endif

/**
 * struct halves_case - arrivals while the thread was not woken
 * @name: name of the case
 * @half: packets in the first half of the time, the first one included
 * @end: packets in total
 * @useful: gathering continues
 */
struct halves_case {
	const char *name;
	unsigned int half;
	unsigned int end;
	bool useful;
};

static const struct halves_case halves_cases[] = {
	{ "an even stream", 21, 41, true },
	{ "one that gets faster", 11, 41, true },
	{ "bursts, and the first one more", 129, 215, true },
	{ "eight clients that wait", 8, 8, false },
	{ "most of them wait", 8, 12, false },
	{ "fewer than four", 2, 3, false },
	{ "somebody else has woken it", 0, 0, false },
};

static void halves_desc(const struct halves_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(halves, halves_cases, halves_desc);

/* INP-3: gathering stops after one attempt if senders wait for answers. */
static void thins_out(struct kunit *test)
{
	const struct halves_case *c = test->param_value;
	struct dlil_gather *g = gather(test);

	sleep_after(g, 1, 0);
	KUNIT_ASSERT_TRUE(test, hold(g));
	gathered(g, c->half, c->end);
	KUNIT_EXPECT_EQ(test, hold(g), c->useful);
}

/* INP-3: the timer counts what is queued at its expiry. */
static void counts_halves(struct kunit *test)
{
	struct gather_test *t = test->priv;
	struct dlil_gather *g = &t->g;

	sleep_after(g, 1, 0);
	atomic64_sub(DLIL_INQ_SPACE(5, 500), &t->queue.room);
	KUNIT_ASSERT_TRUE(test, hold(g));
	KUNIT_ASSERT_TRUE(test, fake_wait_for(READ_ONCE(g->at_end)));
	KUNIT_EXPECT_EQ(test, g->at_half, 5);
	KUNIT_EXPECT_EQ(test, g->at_end, 5);
	KUNIT_EXPECT_FALSE(test, hrtimer_active(&g->timer));
}

/* Sleeps until it is tried again, with one fast packet each. */
static unsigned int rest_of(struct dlil_gather *g)
{
	unsigned int n;

	for (n = 0; n < 5000; n++) {
		sleep_after(g, 1, 0);
		if (hold(g))
			break;
	}
	return n;
}

/* Gathering becomes rare where packets answer packets, so that it only delays. */
static void gives_up_when_useless(struct kunit *test)
{
	struct dlil_gather *g = gather(test);
	unsigned int want;

	KUNIT_EXPECT_EQ(test, rest_of(g), 0);
	for (want = 16; want < 1024; want *= 2)
		KUNIT_EXPECT_EQ(test, rest_of(g), want);
	KUNIT_EXPECT_EQ(test, rest_of(g), 1024);
	KUNIT_EXPECT_EQ(test, rest_of(g), 1024);
	/* A single success resets that. */
	gathered(g, 25, 50);
	KUNIT_ASSERT_TRUE(test, hold(g));
	KUNIT_EXPECT_EQ(test, rest_of(g), 16);
}

/* INP-3 STA-3: every packet is processed without further packets behind it. */
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
	KUNIT_CASE(not_with_small_queue),
	KUNIT_CASE(not_for_many_queues),
#ifdef CONFIG_SMP
	KUNIT_CASE(not_for_another_processor),
#endif
	KUNIT_CASE(goes_on_while_it_pays),
	KUNIT_CASE_PARAM(thins_out, halves_gen_params),
	KUNIT_CASE(counts_halves),
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
