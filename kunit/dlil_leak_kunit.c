// SPDX-License-Identifier: GPL-2.0
/*
 * Checks for memory leaks of the other suites, so it is linked last.
 *
 * kmemleak scans by itself a minute after boot and ten minutes later, and
 * reports what was unreferenced both times.  On User Mode Linux with time
 * travel, waiting for that takes no real time; other kernels can be asked for a
 * scan.
 */
#include <kunit/test.h>
#include <linux/console.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#define SCANS_DONE	(720 * HZ)
#define PLANTS		8

static unsigned int reports, reported_plants;

static void watch(struct console *con, const char *text, unsigned int len)
{
	if (strnstr(text, "unreferenced object", len))
		reports++;
	if (strnstr(text, "dlil_leak_plant", len))
		reported_plants++;
}

static struct console watcher = {
	.name = "dlil_leak",
	.write = watch,
	.flags = CON_ENABLED,
	.index = -1,
};

/* Deliberate leaks, to prove that kmemleak works and that this test sees it. */
noinline void dlil_leak_plant(void);
noinline void dlil_leak_plant(void)
{
	void *lost;
	int i;

	/* The last one may stay in a register for a while. */
	for (i = 0; i < PLANTS; i++) {
		lost = kzalloc(48, GFP_KERNEL);
		OPTIMIZER_HIDE_VAR(lost);
	}
}

static int dlil_leak_suite_init(struct kunit_suite *suite)
{
	long left = SCANS_DONE;

	dlil_leak_plant();
	register_console(&watcher);
	while (left)
		left = schedule_timeout_interruptible(left);
	return unregister_console(&watcher);
}

/* STA-3, OUT-9, IFN-5: no memory was leaked. */
static void dlil_leak_none(struct kunit *test)
{
	KUNIT_EXPECT_GT(test, reported_plants, 0);
	KUNIT_EXPECT_EQ(test, reports, reported_plants);
}

static struct kunit_case dlil_leak_cases[] = {
	KUNIT_CASE(dlil_leak_none),
	{}
};

static struct kunit_suite dlil_leak_suite = {
	.name = "dlil_leak",
	.suite_init = dlil_leak_suite_init,
	.test_cases = dlil_leak_cases,
};

kunit_test_suite(dlil_leak_suite);
