// SPDX-License-Identifier: GPL-2.0
/* Control requests: row IOC-1, and their relation to FLT-2, FLT-4 and FLT-7. */
#include "../dlil_ifnet.h"
#include "fake.h"

#define CODE	DLIL_IOC_PRIVATE	/* 65536 */

static struct fake_filter *filter(struct fake *fake, char tag, u32 family,
				  int answer)
{
	struct fake_filter *f = fake_filter_new(fake, tag,
						&fake_filter_in_ops);

	f->ops.ioctl = fake_filter_ioctl;
	f->params.family = family;
	f->answer = answer;
	KUNIT_ASSERT_EQ(fake->test, fake_filter_attach(f), 0);
	return f;
}

static struct fake_proto *proto(struct fake *fake, char tag, u32 family,
				int answer)
{
	struct fake_proto *p = fake_proto_new(fake, tag, family);

	p->ops.ioctl = fake_proto_ioctl;
	p->answer = answer;
	KUNIT_ASSERT_EQ(fake->test, fake_proto_attach(p), 0);
	return p;
}

/* IOC-1 */
static void bad_arguments(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	KUNIT_EXPECT_EQ(test, dlil_ioctl(NULL, 0, CODE, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_ioctl(fake->ifp, 0, 0, NULL), -EINVAL);
	FAKE_EXPECT_TRACE(fake, "");
}

/* IOC-1: before the attach, while detaching and afterwards, no callback is called. */
static void not_attached(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);

	KUNIT_EXPECT_EQ(test, dlil_ioctl(fake->ifp, 0, CODE, NULL),
			-EOPNOTSUPP);
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	KUNIT_ASSERT_TRUE(test, dlil_ifnet_io_begin(fake->ifp));
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), 0);
	KUNIT_EXPECT_EQ(test, dlil_ioctl(fake->ifp, 0, CODE, NULL),
			-EOPNOTSUPP);
	dlil_ifnet_io_end(fake->ifp);
	fake_detach(fake);
	KUNIT_EXPECT_EQ(test, dlil_ioctl(fake->ifp, 0, CODE, NULL),
			-EOPNOTSUPP);
	FAKE_EXPECT_TRACE(fake, "free");
}

#define NONE -EOPNOTSUPP

struct answer_case {
	const char *name;
	int a, b, p, d;
	int answer;
	const char *asked;
};

#define ALL "a:65536 b:65536 P:65536 D:65536"

static const struct answer_case answer_cases[] = {
	{ "nobody knows", NONE, NONE, NONE, NONE, NONE, ALL },
	{ "driver does", NONE, NONE, NONE, 0, 0, ALL },
	{ "driver refuses", NONE, NONE, NONE, -EPERM, -EPERM, ALL },
	{ "protocol refuses", NONE, NONE, -EPERM, 0, -EPERM,
	  "a:65536 b:65536 P:65536" },
	{ "filter refuses", -EPERM, 0, 0, 0, -EPERM, "a:65536" },
	{ "second refuses", NONE, -EPERM, 0, 0, -EPERM, "a:65536 b:65536" },
	{ "done, and asked on", 0, NONE, NONE, NONE, 0, ALL },
	{ "done, no veto after", 0, -EPERM, -EBUSY, -EIO, 0, ALL },
	{ "stolen", DLIL_STOLEN, -EPERM, 0, 0, 0, "a:65536" },
	{ "done, then stolen", 0, DLIL_STOLEN, -EPERM, 0, 0,
	  "a:65536 b:65536" },
	{ "stolen by protocol", 0, NONE, DLIL_STOLEN, -EIO, 0,
	  "a:65536 b:65536 P:65536" },
	{ "stolen by driver", NONE, 0, NONE, DLIL_STOLEN, 0, ALL },
	{ "ENOTSUPP is no opinion", -ENOTSUPP, -ENOTSUPP, -ENOTSUPP, 0, 0,
	  ALL },
	{ "ENOTSUPP of all", -ENOTSUPP, NONE, -ENOTSUPP, -ENOTSUPP, NONE,
	  ALL },
	{ "not an errno", 42, 0, 0, 0, -EINVAL, "a:65536" },
};

static void answer_desc(const struct answer_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(answer, answer_cases, answer_desc);

/* IOC-1 */
static void answers(struct kunit *test)
{
	const struct answer_case *c = test->param_value;
	struct fake *fake = fake_attached(test);

	filter(fake, 'a', 0, c->a);
	filter(fake, 'b', 0, c->b);
	fake_filter(fake, 'c', &fake_filter_in_ops);
	proto(fake, 'P', FAKE_PF_A, c->p);
	fake->answer = c->d;
	KUNIT_EXPECT_EQ(test, dlil_ioctl(fake->ifp, FAKE_PF_A, CODE, NULL),
			c->answer);
	FAKE_EXPECT_TRACE(fake, c->asked);
}

/* IOC-1, FLT-4: filters of the family or of 0, and the protocol of the family. */
static void families(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	filter(fake, 'a', FAKE_PF_A, NONE);
	filter(fake, 'b', FAKE_PF_B, NONE);
	filter(fake, 'c', 0, NONE);
	proto(fake, 'P', FAKE_PF_A, NONE);
	proto(fake, 'Q', FAKE_PF_B, NONE);
	fake_proto(fake, 'R', FAKE_PF_C);
	fake->answer = NONE;

	dlil_ioctl(fake->ifp, FAKE_PF_A, 1, NULL);
	dlil_ioctl(fake->ifp, FAKE_PF_B, 2, NULL);
	dlil_ioctl(fake->ifp, FAKE_PF_C, 3, NULL);
	dlil_ioctl(fake->ifp, 0, 4, NULL);
	FAKE_EXPECT_TRACE(fake,
			  "a:1 c:1 P:1 D:1 b:2 c:2 Q:2 D:2 c:3 D:3 c:4 D:4");
}

/* IOC-1: without any ioctl callback. */
static void no_callbacks(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);

	fake->driver.ioctl = NULL;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	fake_filter(fake, 'a', &fake_filter_in_ops);
	fake_proto(fake, 'P', FAKE_PF_A);
	KUNIT_EXPECT_EQ(test, dlil_ioctl(fake->ifp, FAKE_PF_A, CODE, NULL),
			-EOPNOTSUPP);
	FAKE_EXPECT_TRACE(fake, "");
}

static void double_it(struct fake_filter *f, u32 code, void *arg)
{
	*(u32 *)arg *= 2;
}

/* IOC-1: all callbacks get the same argument. */
static void argument(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	u32 value = 21;

	filter(fake, 'a', 0, NONE)->ioctl_hook = double_it;
	filter(fake, 'b', 0, NONE)->ioctl_hook = double_it;
	KUNIT_EXPECT_EQ(test, dlil_ioctl(fake->ifp, 0, CODE, &value), 0);
	KUNIT_EXPECT_EQ(test, value, 84);
}

static void detach_things(struct fake_filter *f, u32 code, void *arg)
{
	struct fake *fake = f->fake;

	KUNIT_EXPECT_EQ(fake->test, dlil_filter_detach(f->ref), -EDEADLK);
	KUNIT_EXPECT_EQ(fake->test, dlil_filter_detach(f[1].ref), -EDEADLK);
	KUNIT_EXPECT_EQ(fake->test, dlil_ifnet_wait_detached(fake->ifp),
			-EDEADLK);
	KUNIT_EXPECT_EQ(fake->test, dlil_filter_detach_async(f->ref), 0);
	KUNIT_EXPECT_EQ(fake->test, dlil_filter_detach_async(f[1].ref), 0);
	KUNIT_EXPECT_EQ(fake->test, dlil_proto_detach(fake->ifp, FAKE_PF_A), 0);
	KUNIT_EXPECT_TRUE(fake->test, fake_stays(!atomic_read(&f->detached)));
}

/* FLT-2, FLT-7: filters detached meanwhile get no new call. */
static void detach_from_callback(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *f = filter(fake, 'a', 0, NONE);

	f->ioctl_hook = detach_things;
	filter(fake, 'b', 0, -EPERM);
	filter(fake, 'c', 0, NONE);
	proto(fake, 'P', FAKE_PF_A, -EPERM);
	KUNIT_EXPECT_EQ(test, dlil_ioctl(fake->ifp, FAKE_PF_A, 7, NULL), 0);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(atomic_read(&f->detached) &&
					      atomic_read(&f[1].detached)));
	KUNIT_EXPECT_NULL(test, strstr(fake->trace, "b:7"));
	KUNIT_EXPECT_NULL(test, strstr(fake->trace, "P:7"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(fake->trace, "c:7"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(fake->trace, "D:7"));
}

static void block(struct fake_filter *f, u32 code, void *arg)
{
	fake_block(f->fake);
}

static int request(struct fake_task *task)
{
	return dlil_ioctl(task->fake->ifp, 0, CODE, NULL);
}

/* FLT-2, IFN-8: the detach of the filter waits, and so does the final detach. */
static void detaches_wait(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *f = filter(fake, 'a', 0, NONE);
	struct fake_task *asks, *detaches;

	f->ioctl_hook = block;
	asks = fake_run(fake, request);
	fake_wait_blocked(fake);
	detaches = fake_run(fake, fake_detach_first);
	KUNIT_EXPECT_TRUE(test, fake_stays(!fake_done(detaches)));
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), 0);
	KUNIT_EXPECT_TRUE(test, fake_stays(!atomic_read(&f->detached) &&
					   !atomic_read(&fake->freed)));
	fake_unblock(fake);
	KUNIT_EXPECT_EQ(test, fake_join(asks), 0);
	KUNIT_EXPECT_EQ(test, fake_join(detaches), 0);
	fake_detach(fake);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->detached), 1);
}

static struct kunit_case dlil_ioctl_cases[] = {
	KUNIT_CASE(bad_arguments),
	KUNIT_CASE(not_attached),
	KUNIT_CASE_PARAM(answers, answer_gen_params),
	KUNIT_CASE(families),
	KUNIT_CASE(no_callbacks),
	KUNIT_CASE(argument),
	KUNIT_CASE(detach_from_callback),
	KUNIT_CASE(detaches_wait),
	{}
};

static struct kunit_suite dlil_ioctl_suite = {
	.name = "dlil_ioctl",
	.test_cases = dlil_ioctl_cases,
};

kunit_test_suite(dlil_ioctl_suite);
