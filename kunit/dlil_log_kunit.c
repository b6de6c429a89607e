// SPDX-License-Identifier: GPL-2.0
/* The log: row INI-5, and of INI-2 what `verbose` does. */
#include <linux/kmsg_dump.h>

#include "../dlil_event.h"
#include "../dlil_ifnet.h"
#include "../dlil_party.h"
#include "fake.h"

#define LOG_SIZE	2048

/**
 * struct log_case - log messages about an ifnet
 * @fake: the ifnet
 * @from: end of the log when the test began
 * @text: the lines since, without what stands in front of the name, each with a
 *	semicolon behind it
 */
struct log_case {
	struct fake *fake;
	struct kmsg_dump_iter from;
	char text[LOG_SIZE];
};

static void log_end(struct kunit_resource *res)
{
	WRITE_ONCE(dlil_verbose, false);
}

/* An ifnet that is attached, and has been logged so far. */
static struct log_case *log_begin(struct kunit *test, bool verbose)
{
	struct log_case *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	static unsigned int id;
	char line[16];
	size_t len;

	KUNIT_ASSERT_NOT_NULL(test, c);
	/* A name that no ifnet has had before. */
	id++;
	c->fake = fake_acquire_id(test, DLIL_IFNET_ETHERNET, &id, sizeof(id));
	KUNIT_ASSERT_NOT_NULL(test, kunit_alloc_resource(test, NULL, log_end,
							 GFP_KERNEL, c));
	kmsg_dump_rewind(&c->from);
	while (kmsg_dump_get_line(&c->from, false, line, sizeof(line), &len))
		;
	WRITE_ONCE(dlil_verbose, verbose);
	return c;
}

/* Collect the lines about the ifnet since the test began. */
static const char *logged(struct log_case *c)
{
	struct kmsg_dump_iter iter = c->from;
	static char line[512];
	size_t len, n = 0;
	char *text;

	c->text[0] = '\0';
	while (kmsg_dump_get_line(&iter, false, line, sizeof(line) - 1, &len)) {
		line[len] = '\0';
		text = strstr(line, "dlil: fake0");
		if (!text)
			continue;
		text += strlen("dlil: fake0");
		if (*text == ':')
			text++;
		if (*text == ' ')
			n += scnprintf(c->text + n, LOG_SIZE - n, "%s;",
				       strim(text));
	}
	return c->text;
}

static void expect_log(struct log_case *c, const char *want)
{
	KUNIT_EXPECT_STREQ(c->fake->test, logged(c), want);
}

/* Wait until @want is in the log. */
static void expect_logged(struct log_case *c, const char *want)
{
	KUNIT_EXPECT_TRUE(c->fake->test,
			  fake_wait_for(strstr(logged(c), want)));
}

/* INI-5: without verbose, successful operations are not logged. */
static void quiet(struct kunit *test)
{
	struct log_case *c = log_begin(test, false);

	KUNIT_ASSERT_EQ(test, fake_attach(c->fake), 0);
	fake_filter(c->fake, 'a', &fake_filter_in_ops);
	fake_proto(c->fake, 'P', FAKE_PF_A);
	fake_detach(c->fake);
	expect_log(c, "");
}

/* INI-5 INI-2: with verbose, all operations are logged. */
static void verbose(struct kunit *test)
{
	struct log_case *c = log_begin(test, true);
	struct fake_filter *filter;

	KUNIT_ASSERT_EQ(test, fake_attach(c->fake), 0);
	filter = fake_filter(c->fake, 'a', &fake_filter_in_ops);
	fake_proto(c->fake, 'P', FAKE_PF_A);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(filter->ref), 0);
	KUNIT_EXPECT_EQ(test, dlil_proto_detach(c->fake->ifp, FAKE_PF_A), 0);
	fake_detach(c->fake);
	expect_log(c, "attached;filter fake attached;"
		   "protocol fake attached, family 65537;filter fake detached;"
		   "protocol fake detached, family 65537;detaching;detached;");
}

/* INI-5 IFN-1: the log tells whether an ifnet was reused. */
static void used_again(struct kunit *test)
{
	struct log_case *c = log_begin(test, true);
	struct dlil_ifnet *ifp = c->fake->ifp, *again;

	dlil_ifnet_release(ifp);
	KUNIT_ASSERT_EQ(test, dlil_ifnet_acquire(DLIL_IFNET_ETHERNET, ifp->id,
						 ifp->id_len, &again), 0);
	KUNIT_ASSERT_PTR_EQ(test, again, ifp);
	KUNIT_ASSERT_EQ(test, fake_attach(c->fake), 0);
	expect_log(c, "attached, reused;");
}

/* INI-5: failed attaches are always logged, with the reason, once a second. */
static void attach_fails(struct kunit *test)
{
	struct log_case *c = log_begin(test, false);
	struct dlil_ifnet *ifp = c->fake->ifp;

	KUNIT_ASSERT_EQ(test, fake_attach(c->fake), 0);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_attach(ifp, NULL, 0), -EEXIST);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_attach(ifp, NULL, 0), -EEXIST);
	if (IS_ENABLED(CONFIG_SYMBOLIC_ERRNAME))
		expect_log(c, "attach failed: -EEXIST;");
	else
		expect_log(c, "attach failed: -17;");
	schedule_timeout_uninterruptible(HZ + 1);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_attach(ifp, NULL, 0), -EEXIST);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_attach(ifp, NULL, 0), -EEXIST);
	if (IS_ENABLED(CONFIG_SYMBOLIC_ERRNAME))
		expect_log(c, "attach failed: -EEXIST;attach failed: -EEXIST;");
}

/* INI-5: a device without an ifnet is logged as well, once a second each. */
static void device_refused(struct kunit *test)
{
	struct log_case *c = log_begin(test, false);
	int err = -EBUSY;

	dlil_log_refused("fake0", 1, "it is taken", err);
	dlil_log_refused("fake0", 1, "it is taken", err);
	dlil_log_refused("fake0", 2, NULL, err);
	if (IS_ENABLED(CONFIG_SYMBOLIC_ERRNAME))
		expect_log(c, "attach failed: it is taken: -EBUSY;"
			   "attach failed: -EBUSY;");
	else
		expect_log(c, "attach failed: it is taken: -16;"
			   "attach failed: -16;");
	schedule_timeout_uninterruptible(HZ + 1);
	dlil_log_refused("fake0", 1, "again", err);
	KUNIT_EXPECT_NOT_NULL(test, strstr(logged(c), "attach failed: again: -"));
}

/* INI-5 IFN-12: suspended and restored memberships are always logged. */
static void groups(struct kunit *test)
{
	static const u8 group[ETH_ALEN] = { 1, 0, 0x5e, 0, 0, 1 };
	struct log_case *c = log_begin(test, false);
	struct dlil_ifnet *ifp = c->fake->ifp;

	KUNIT_ASSERT_EQ(test, fake_attach(c->fake), 0);
	KUNIT_EXPECT_EQ(test, dlil_multi_join(ifp, group, ETH_ALEN), 0);
	fake_detach(c->fake);
	expect_log(c, "");
	KUNIT_ASSERT_EQ(test, fake_attach(c->fake), 0);
	expect_log(c, "1 memberships are suspended until the first packet;");
	fake_output_new(c->fake, 0, 1, 1, DLIL_OUTPUT_RAW);
	expect_logged(c, "packet;memberships are restored;");

	fake_detach(c->fake);
	schedule_timeout_uninterruptible(HZ + 1);
	KUNIT_ASSERT_EQ(test, fake_attach(c->fake), 0);
	c->fake->answer = -EIO;
	fake_output_new(c->fake, 0, 1, 1, DLIL_OUTPUT_RAW);
	expect_logged(c, "memberships could not be restored: -");
	c->fake->answer = 0;
	KUNIT_EXPECT_EQ(test, dlil_multi_leave(ifp, group, ETH_ALEN), 0);
}

static void send_refused(struct fake *fake)
{
	struct sk_buff_head list;
	struct sk_buff *skb = fake_raw(fake, 1);

	fake_payload(skb)->verdict[FAKE_DRIVER] = -ENOBUFS;
	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, skb);
	KUNIT_EXPECT_EQ(fake->test,
			fake_output(fake, 0, &list, DLIL_OUTPUT_RAW), -ENOBUFS);
}

/* INI-5: with verbose, packets that the driver refuses are logged once a second. */
static void driver_errors(struct kunit *test)
{
	struct log_case *c = log_begin(test, false);
	const char *text;

	KUNIT_ASSERT_EQ(test, fake_attach(c->fake), 0);
	send_refused(c->fake);
	expect_log(c, "");
	WRITE_ONCE(dlil_verbose, true);
	send_refused(c->fake);
	send_refused(c->fake);
	text = strstr(logged(c), "did not send: -");
	KUNIT_ASSERT_NOT_NULL(test, text);
	KUNIT_EXPECT_NULL(test, strstr(text + 1, "did not send"));
}

/* The lines of the log behind the first one about a detach that lasts. */
static const char *behind_detaching(struct log_case *c)
{
	static const char end[] = ", I/O references: 1;";
	const char *text = strstr(logged(c), "has been detaching for ");

	text = text ? strstr(text, end) : NULL;
	return text ? text + strlen(end) : "";
}

/*
 * The detach of an ifnet has lasted for longer than ten seconds.  Returns the line that is
 * logged with the message about that.
 */
static const char *detach_lasts(struct log_case *c)
{
	unsigned long begin = jiffies;

	KUNIT_EXPECT_EQ(c->fake->test, dlil_ifnet_detach(c->fake->ifp), 0);
	WRITE_ONCE(c->fake->ifp->look.detach_since, jiffies - 20 * HZ);
	KUNIT_EXPECT_TRUE(c->fake->test, fake_wait_for(*behind_detaching(c)));
	/* A callback that does not return is named every 30 seconds anyway. */
	KUNIT_EXPECT_TRUE(c->fake->test, time_before(jiffies, begin + 20 * HZ));
	return behind_detaching(c);
}

static void expect_start(struct log_case *c, const char *line, const char *want)
{
	if (strncmp(line, want, strlen(want)))
		KUNIT_FAIL(c->fake->test, "logged: %s", line);
}

/* IFN-14: the log names the callback that a detach waits for, and its task. */
static void detach_waits(struct kunit *test)
{
	struct log_case *c = log_begin(test, false);
	const char *line;

	KUNIT_ASSERT_EQ(test, fake_attach(c->fake), 0);
	fake_filter(c->fake, 'a', &fake_filter_in_ops)->hook = fake_block_filter;
	fake_input_new(c->fake, FAKE_PF_A, 1, 1);
	fake_wait_blocked(c->fake);
	expect_logged(c, "has not returned");
	line = detach_lasts(c);
	expect_start(c, line, "input of filter fake has not returned for ");
	KUNIT_EXPECT_NOT_NULL(test, strstr(line, " s (task dlil/fake0, pid "));
	fake_unblock(c->fake);
}

/* IFN-14: without such a callback, the log names the input thread. */
static void detach_waits_for_reference(struct kunit *test)
{
	struct log_case *c = log_begin(test, false);

	KUNIT_ASSERT_EQ(test, fake_attach(c->fake), 0);
	KUNIT_ASSERT_TRUE(test, dlil_ifnet_io_begin(c->fake->ifp));
	expect_start(c, detach_lasts(c),
		     "no callback is known to sleep (input thread dlil/fake0, pid ");
	dlil_ifnet_io_end(c->fake->ifp);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(detach_waits),
	KUNIT_CASE(detach_waits_for_reference),
	KUNIT_CASE(quiet),
	KUNIT_CASE(verbose),
	KUNIT_CASE(used_again),
	KUNIT_CASE(attach_fails),
	KUNIT_CASE(device_refused),
	KUNIT_CASE(groups),
	KUNIT_CASE(driver_errors),
	{}
};

static struct kunit_suite suite = {
	.name = "dlil_log",
	.test_cases = cases,
};

kunit_test_suite(suite);
