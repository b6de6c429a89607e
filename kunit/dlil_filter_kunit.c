// SPDX-License-Identifier: GPL-2.0
/* Interface filters: rows FLT-1 to FLT-10 and FLT-12. */
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <net/protocol.h>

#include "../dlil_call.h"
#include "../dlil_filter.h"
#include "../dlil_ifnet.h"
#include "../dlil_input.h"
#include "fake.h"

struct attach_case {
	const char *name;
	int err;
	void (*spoil)(struct fake_filter *filter);
};

static void no_ops(struct fake_filter *f)
{
	f->params.ops = NULL;
}

static void no_name(struct fake_filter *f)
{
	f->params.name = NULL;
}

static void blank_name(struct fake_filter *f)
{
	f->params.name = "";
}

static void long_name(struct fake_filter *f)
{
	f->params.name = "a name that does not fit in there";
}

/* FLT-1: names have at most 31 characters. */
static void name_of_32(struct fake_filter *f)
{
	f->params.name = "a name of thirty-two characters.";
}

static void too_long_a_life(struct fake_filter *f)
{
	f->params.lifetime = (u32)INT_MAX + 1;
}

static void without_detached(struct fake_filter *f)
{
	f->params.flags = DLIL_FILTER_REINJECTS;
	f->ops.detached = NULL;
}

static void unknown_flags(struct fake_filter *f)
{
	f->params.flags = DLIL_FILTER_REINJECTS << 1;
}

/* FLT-12: a filter cannot have both input callbacks. */
static void both_inputs(struct fake_filter *f)
{
	f->ops.input_list = fake_filter_list_ops.input_list;
}

static const struct attach_case attach_cases[] = {
	{ "no ops", -EINVAL, no_ops },
	{ "no name", -EINVAL, no_name },
	{ "empty name", -EINVAL, blank_name },
	{ "long name", -ENAMETOOLONG, long_name },
	{ "name of 32 characters", -ENAMETOOLONG, name_of_32 },
	{ "unknown flags", -EINVAL, unknown_flags },
	{ "hands back without detached", -EINVAL, without_detached },
	{ "too long a life", -EINVAL, too_long_a_life },
	{ "both inputs", -EINVAL, both_inputs },
};

static void attach_desc(const struct attach_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(attach, attach_cases, attach_desc);

/* FLT-1 */
static void attach_errors(struct kunit *test)
{
	const struct attach_case *c = test->param_value;
	struct fake *fake = fake_attached(test);
	struct fake_filter *filter;

	filter = fake_filter_new(fake, 'a', &fake_filter_both_ops);
	c->spoil(filter);
	KUNIT_EXPECT_EQ(test, fake_filter_attach(filter), c->err);
	KUNIT_EXPECT_EQ(test, filter->ref, 0);

	fake_input_new(fake, FAKE_PF_A, 1, 1);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "");
}

static int same_name(const struct dlil_filter *f, void *arg)
{
	return !strcmp(f->name, arg);
}

/* FLT-1: a name of 31 characters fits, and is shown unchanged. */
static void longest_name(struct kunit *test)
{
	static const char name[] = "a name of thirty-one characters";
	struct fake *fake = fake_attached(test);
	struct fake_filter *filter;

	KUNIT_ASSERT_EQ(test, strlen(name), DLIL_NAME_MAX - 1);
	filter = fake_filter_new(fake, 'a', &fake_filter_both_ops);
	filter->params.name = name;
	KUNIT_EXPECT_EQ(test, fake_filter_attach(filter), 0);
	KUNIT_EXPECT_EQ(test, dlil_filter_for_each(fake->ifp, same_name,
						   (void *)name), 1);
}

/* FLT-1 */
static void attach_null(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *filter;

	filter = fake_filter_new(fake, 'a', &fake_filter_both_ops);
	KUNIT_EXPECT_EQ(test, dlil_filter_attach(NULL, &filter->params,
						 &filter->ref), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_filter_attach(fake->ifp, NULL,
						 &filter->ref), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_filter_attach(fake->ifp, &filter->params,
						 NULL), -EINVAL);
}

/* FLT-1: before the attach, while detaching and afterwards. */
static void attach_not_attached(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct fake_filter *filter;

	filter = fake_filter_new(fake, 'a', &fake_filter_both_ops);
	KUNIT_EXPECT_EQ(test, fake_filter_attach(filter), -ENXIO);
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	KUNIT_ASSERT_TRUE(test, dlil_ifnet_io_begin(fake->ifp));
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), 0);
	KUNIT_EXPECT_EQ(test, fake_filter_attach(filter), -ENXIO);
	KUNIT_EXPECT_EQ(test, filter->ref, 0);
	dlil_ifnet_io_end(fake->ifp);
	fake_detach(fake);
	KUNIT_EXPECT_EQ(test, fake_filter_attach(filter), -ENXIO);
}

/* FLT-1: the module is pinned until `detached` has returned. */
static void module_pinned(struct kunit *test)
{
	struct module *owner = fake_module(test, MODULE_STATE_LIVE);
	struct fake *fake = fake_attached(test);
	struct fake_filter *filter;

	filter = fake_filter_new(fake, 'a', &fake_filter_both_ops);
	filter->ops.owner = owner;
	KUNIT_EXPECT_EQ(test, fake_filter_attach(filter), 0);
	KUNIT_EXPECT_EQ(test, fake_module_pins(owner), 1);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(filter->ref), 0);
	KUNIT_EXPECT_EQ(test, fake_module_pins(owner), 0);

	/* A final detach unpins it as well, and a failed attach does not pin it. */
	KUNIT_EXPECT_EQ(test, fake_filter_attach(filter), 0);
	KUNIT_EXPECT_EQ(test, fake_module_pins(owner), 1);
	fake_detach(fake);
	KUNIT_EXPECT_EQ(test, fake_module_pins(owner), 0);
	KUNIT_EXPECT_EQ(test, fake_filter_attach(filter), -ENXIO);
	KUNIT_EXPECT_EQ(test, fake_module_pins(owner), 0);
}

/* FLT-1: a module that is being unloaded cannot attach. */
static void module_going(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *filter;

	filter = fake_filter_new(fake, 'a', &fake_filter_both_ops);
	filter->ops.owner = fake_module(test, MODULE_STATE_GOING);
	KUNIT_EXPECT_EQ(test, fake_filter_attach(filter), -ENODEV);
}

static int expect_ref(struct fake_filter *f, struct sk_buff **skb)
{
	KUNIT_EXPECT_NE(f->fake->test, READ_ONCE(f->ref), 0);
	return 0;
}

static void expect_ref_list(struct fake_filter *f, struct sk_buff_head *list,
			    struct sk_buff_head *drop)
{
	KUNIT_EXPECT_NE(f->fake->test, READ_ONCE(f->ref), 0);
}

static int send(struct fake_task *task)
{
	struct fake *fake = task->fake;
	u32 seq = 0;

	while (!completion_done(&fake->leave)) {
		fake_input_new(fake, FAKE_PF_A, seq, 2);
		fake_output_new(fake, FAKE_PF_A, seq, 2, 0);
		skb_queue_purge(&fake->sent);
		seq += 2;
		/* Let other tasks run on the CPU, but not after every packet. */
		if (seq % 4)
			cond_resched();
		else
			schedule_timeout_uninterruptible(1);
	}
	return 0;
}

/* CPUs of debug kernels are slow, but there are several of them. */
#define ROUNDS	(IS_ENABLED(CONFIG_SMP) ? 30 : 100)

struct input_case {
	const char *name;
	const struct dlil_filter_ops *ops;
};

static const struct input_case input_cases[] = {
	{ "packets", &fake_filter_both_ops },
	{ "lists", &fake_filter_list_ops },
};

static void input_desc(const struct input_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(input, input_cases, input_desc);

/*
 * FLT-1, FLT-2, FLT-6: attach and detach of filters do not stop traffic.  The
 * owner has the reference before the first call; there is no call after the
 * detach.
 */
static void attach_under_traffic(struct kunit *test)
{
	const struct input_case *c = test->param_value;
	struct fake *fake = fake_attached(test);
	struct fake_task *first, *second;
	struct fake_filter *filter;
	u64 delivered = 0;
	int i, calls;

	fake_proto(fake, 'P', FAKE_PF_A);
	filter = fake_filter_new(fake, 'a', c->ops);
	filter->hook = expect_ref;
	filter->list_hook = expect_ref_list;
	first = fake_run(fake, send);
	second = fake_run(fake, send);

	for (i = 0; i < ROUNDS; i++) {
		filter->ref = 0;
		calls = atomic_read(&filter->calls);
		KUNIT_ASSERT_EQ(test, fake_filter_attach(filter), 0);
		KUNIT_EXPECT_TRUE(test,
				  fake_wait_for(atomic_read(&filter->calls) >
						calls + 4));
		KUNIT_EXPECT_EQ(test, dlil_filter_detach(filter->ref), 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&filter->detached), i + 1);
		calls = atomic_read(&filter->calls);
		schedule_timeout_uninterruptible(1);
		KUNIT_EXPECT_EQ(test, atomic_read(&filter->calls), calls);

		dlil_stats_read(fake->ifp, &fake->stats, &fake->in, &fake->out);
		KUNIT_EXPECT_GT(test, fake->in.delivered, delivered);
		delivered = fake->in.delivered;
	}

	fake_unblock(fake);
	fake_join(first);
	fake_join(second);
	fake_read(fake);
	KUNIT_EXPECT_EQ(test, fake->in.freed, 0);
	KUNIT_EXPECT_EQ(test, fake->out.freed, 0);
}

struct direction_case {
	const char *name;
	bool out;
};

static const struct direction_case direction_cases[] = {
	{ "input", false },
	{ "output", true },
};

static void direction_desc(const struct direction_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(direction, direction_cases, direction_desc);

/* Filters of one direction see packets of that direction only. */
static int pass_packets(struct fake *fake, bool out, u32 family, u32 first,
			u32 n)
{
	int err;

	err = out ? fake_output_new(fake, family, first, n, DLIL_OUTPUT_RAW) :
		    fake_input_new(fake, family, first, n);
	fake_read(fake);
	return err;
}

static const struct dlil_filter_ops *ops_of(bool out)
{
	return out ? &fake_filter_out_ops : &fake_filter_in_ops;
}

/* FLT-3 */
static void order(struct kunit *test)
{
	const struct direction_case *c = test->param_value;
	struct fake *fake = fake_attached(test);
	struct fake_filter *a, *b;

	a = fake_filter(fake, 'a', &fake_filter_both_ops);
	b = fake_filter(fake, 'b', ops_of(c->out));
	fake_filter(fake, 'x', ops_of(!c->out));
	fake_filter(fake, 'c', ops_of(c->out));
	fake_filter(fake, 'd', &fake_filter_both_ops);
	pass_packets(fake, c->out, FAKE_PF_A, 1, 2);
	FAKE_EXPECT_TRACE(fake, c->out ? "a1 b1 c1 d1 D1 a2 b2 c2 d2 D2" :
					 "a1 b1 c1 d1 a2 b2 c2 d2");

	/* A filter that is attached again comes last. */
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(b->ref), 0);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(a->ref), 0);
	KUNIT_EXPECT_EQ(test, fake_filter_attach(b), 0);
	fake_trace_clear(fake);
	pass_packets(fake, c->out, FAKE_PF_A, 3, 1);
	FAKE_EXPECT_TRACE(fake, c->out ? "c3 d3 b3 D3" : "c3 d3 b3");
}

/* FLT-4 */
static void family_match(struct kunit *test)
{
	const struct direction_case *c = test->param_value;
	struct fake *fake = fake_attached(test);
	struct fake_filter *filter;
	char tag;

	/* Neither the first nor the last filter has a family. */
	for (tag = 'a'; tag <= 'd'; tag++) {
		filter = fake_filter_new(fake, tag, ops_of(c->out));
		filter->params.family = tag == 'b' ? FAKE_PF_A :
					tag == 'c' ? FAKE_PF_B : 0;
		KUNIT_ASSERT_EQ(test, fake_filter_attach(filter), 0);
	}

	pass_packets(fake, c->out, FAKE_PF_A, 1, 1);
	pass_packets(fake, c->out, FAKE_PF_B, 2, 1);
	pass_packets(fake, c->out, FAKE_PF_C, 3, 1);
	pass_packets(fake, c->out, 0, 4, 1);

	FAKE_EXPECT_TRACE(fake, c->out ?
			  "a1 b1 d1 D1 a2 c2 d2 D2 a3 d3 D3 a4 d4 D4" :
			  "a1 b1 d1 a2 c2 d2 a3 d3 a4 d4");
}

struct verdict_case {
	const char *name;
	bool out;
	int verdict;
	int err;
	const char *trace;
	struct dlil_account account;
};

/* Filter b of a, b, c decides; protocol P receives. */
static const struct verdict_case verdict_cases[] = {
	{ "input goes on", false, 0, 0, "a1 b1 c1 P1", { .delivered = 1 } },
	{ "input stolen", false, DLIL_STOLEN, 0, "a1 b1", { .stolen = 1 } },
	{ "input refused", false, -EPERM, 0, "a1 b1",
	  { .drops[DLIL_DROP_FILTER] = 1 } },
	{ "input skips its kind", false, DLIL_SKIP, 0, "a1 b1 P1",
	  { .delivered = 1 } },
	{ "input unknown verdict", false, DLIL_SKIP + 1, 0, "a1 b1",
	  { .drops[DLIL_DROP_FILTER] = 1 } },
	{ "output goes on", true, 0, 0, "a1 b1 c1 D1", { .delivered = 1 } },
	{ "output stolen", true, DLIL_STOLEN, 0, "a1 b1", { .stolen = 1 } },
	{ "output refused", true, -EPERM, -EPERM, "a1 b1",
	  { .drops[DLIL_DROP_FILTER] = 1 } },
	{ "output not supported", true, -ENOTSUPP, -EOPNOTSUPP, "a1 b1",
	  { .drops[DLIL_DROP_FILTER] = 1 } },
	{ "output skips its kind", true, DLIL_SKIP, 0, "a1 b1 D1",
	  { .delivered = 1 } },
	{ "output unknown verdict", true, DLIL_SKIP + 1, -EINVAL, "a1 b1",
	  { .drops[DLIL_DROP_FILTER] = 1 } },
};

static void verdict_desc(const struct verdict_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(verdict, verdict_cases, verdict_desc);

/* FLT-5 */
static void verdicts(struct kunit *test)
{
	const struct verdict_case *c = test->param_value;
	struct fake *fake = fake_attached(test);

	fake_proto(fake, 'P', FAKE_PF_A);
	fake_filter(fake, 'a', ops_of(c->out));
	fake_filter(fake, 'b', ops_of(c->out))->verdict = c->verdict;
	fake_filter(fake, 'c', ops_of(c->out));

	KUNIT_EXPECT_EQ(test, pass_packets(fake, c->out, FAKE_PF_A, 1, 1),
			c->err);

	FAKE_EXPECT_TRACE(fake, c->trace);
	fake_expect_account(fake, c->out ? &fake->out : &fake->in, &c->account,
			    __LINE__);
}

static int other_input(void *cookie, struct dlil_ifnet *ifp, u32 family,
		       struct sk_buff **skb)
{
	return fake_filter_in_ops.input(cookie, ifp, family, skb);
}

/*
 * FLT-3, FLT-5: DLIL_SKIP skips filters of the same kind only; several kinds
 * may be skipped.
 */
static void skip_kinds(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *filter;
	const char *tag;

	/*
	 * Small and capital letters are two kinds; b and B skip the rest of
	 * theirs.
	 */
	for (tag = "abcABdCDe"; *tag; tag++) {
		filter = fake_filter_new(fake, *tag, &fake_filter_in_ops);
		if (*tag < 'a')
			filter->ops.input = other_input;
		if (*tag == 'b' || *tag == 'B')
			filter->verdict = DLIL_SKIP;
		KUNIT_ASSERT_EQ(test, fake_filter_attach(filter), 0);
	}

	fake_input_new(fake, FAKE_PF_A, 1, 2);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "a1 b1 A1 B1 a2 b2 A2 B2");
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(fake->filters[4].ref), 0);
	fake_trace_clear(fake);
	fake_input_new(fake, FAKE_PF_A, 3, 1);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "a3 b3 A3 C3 D3");
}

/* Replace packet n by n + 100. */
static int replace(struct fake_filter *f, struct sk_buff **skb)
{
	struct sk_buff *other = fake_copy(f->fake, *skb);

	if (!other)
		return -ENOMEM;
	kfree_skb(*skb);
	*skb = other;
	fake_payload(other)->seq += 100;
	return 0;
}

/* FLT-5 */
static void replaced_packet(struct kunit *test)
{
	const struct direction_case *c = test->param_value;
	struct fake *fake = fake_attached(test);

	fake_proto(fake, 'P', FAKE_PF_A);
	fake_filter(fake, 'a', ops_of(c->out))->hook = replace;
	fake_filter(fake, 'b', ops_of(c->out));

	pass_packets(fake, c->out, FAKE_PF_A, 1, 1);

	FAKE_EXPECT_TRACE(fake, c->out ? "a1 b101 D101" : "a1 b101 P101");
	/*
	 * The first packet was freed; the second one is with the driver, or
	 * freed.
	 */
	KUNIT_EXPECT_EQ(test, fake_skbs(), c->out);
}

static int lose(struct fake_filter *f, struct sk_buff **skb)
{
	kfree_skb(*skb);
	*skb = NULL;
	return -ENOMEM;
}

/* FLT-5: a filter that has freed the packet itself sets it to NULL. */
static void lost_packet(struct kunit *test)
{
	const struct direction_case *c = test->param_value;
	struct fake *fake = fake_attached(test);

	fake_filter(fake, 'a', ops_of(c->out))->hook = lose;
	pass_packets(fake, c->out, FAKE_PF_A, 1, 2);
	FAKE_EXPECT_TRACE(fake, "a1 a2");
	KUNIT_EXPECT_EQ(test, (c->out ? &fake->out : &fake->in)->
			drops[DLIL_DROP_FILTER], 2);
}

static int lose_in_silence(struct fake_filter *f, struct sk_buff **skb)
{
	kfree_skb(*skb);
	*skb = NULL;
	return 0;
}

static int lose_and_skip(struct fake_filter *f, struct sk_buff **skb)
{
	lose_in_silence(f, skb);
	return DLIL_SKIP;
}

/**
 * struct silent_case - a filter that leaves no packet and returns 0
 * @name: name of the case
 * @hook: the filter's callback
 * @family: family of the filter behind it
 * @flags: flags of the filter behind it
 * @list: a last filter takes lists on input, and sees sent packets as well
 */
struct silent_case {
	const char *name;
	int (*hook)(struct fake_filter *f, struct sk_buff **skb);
	u32 family;
	u32 flags;
	bool list;
};

static const struct silent_case silent_cases[] = {
	{ "goes on", lose_in_silence, 0, 0, false },
	{ "skips", lose_and_skip, 0, 0, false },
	{ "goes on, families", lose_in_silence, FAKE_PF_A, 0, false },
	{ "skips, families", lose_and_skip, FAKE_PF_A, 0, false },
	{ "goes on, tags", lose_in_silence, 0, DLIL_FILTER_NO_VLAN, false },
	{ "goes on, lists", lose_in_silence, 0, 0, true },
};

static void silent_desc(const struct silent_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(silent, silent_cases, silent_desc);

/* FLT-5, STA-3: neither later filters nor the driver get a NULL packet. */
static void lost_in_silence(struct kunit *test)
{
	const struct silent_case *c = test->param_value;
	struct fake *fake = fake_attached(test);
	struct fake_filter *next;
	bool out;

	fake_proto(fake, 'P', FAKE_PF_A);
	for (out = false; ; out = true) {
		fake_filter(fake, out ? 'c' : 'a', ops_of(out))->hook = c->hook;
		next = fake_filter_new(fake, out ? 'd' : 'b', ops_of(out));
		next->params.family = c->family;
		next->params.flags = c->flags;
		KUNIT_ASSERT_EQ(test, fake_filter_attach(next), 0);
		if (c->list && !out)
			fake_filter(fake, 'L', &fake_filter_list_ops);
		pass_packets(fake, out, FAKE_PF_A, 1, 2);
		if (out)
			break;
	}
	FAKE_EXPECT_TRACE(fake, c->list ? "a1 a2 L1 c1 L2 c2" : "a1 a2 c1 c2");
	FAKE_EXPECT_IN(fake, .drops[DLIL_DROP_FILTER] = 2);
	FAKE_EXPECT_OUT(fake, .drops[DLIL_DROP_FILTER] = 2);
}

/* FLT-2, FLT-11: a callback in flight may sleep, and the detach waits for it. */
static void detach_waits(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *filter;
	struct fake_task *task;

	fake_proto(fake, 'P', FAKE_PF_A);
	filter = fake_filter(fake, 'a', &fake_filter_in_ops);
	filter->hook = fake_block_filter;
	fake_filter(fake, 'b', &fake_filter_in_ops);
	fake_input_new(fake, FAKE_PF_A, 1, 2);
	fake_wait_blocked(fake);

	task = fake_run(fake, fake_detach_first);
	KUNIT_EXPECT_TRUE(test, fake_stays(!fake_done(task)));
	KUNIT_EXPECT_EQ(test, atomic_read(&filter->detached), 0);
	/* Further attempts to detach it fail. */
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(filter->ref), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach_async(filter->ref), -EINVAL);
	fake_unblock(fake);
	KUNIT_EXPECT_EQ(test, fake_join(task), 0);

	KUNIT_EXPECT_EQ(test, atomic_read(&filter->detached), 1);
	fake_read(fake);
	/* The second packet of that batch did not meet the filter any more. */
	KUNIT_EXPECT_EQ(test, atomic_read(&filter->calls), 1);
	KUNIT_EXPECT_EQ(test, fake->in.delivered, 2);
}

/* FLT-2: not even a batch that began before the latest filter was attached calls it. */
static void detach_in_old_array(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *filter;

	fake_proto(fake, 'P', FAKE_PF_A);
	filter = fake_filter(fake, 'a', &fake_filter_in_ops);
	filter->hook = fake_block_filter;
	fake_input_new(fake, FAKE_PF_A, 1, 3);
	fake_wait_blocked(fake);

	fake_filter(fake, 'b', &fake_filter_in_ops);
	fake_filter(fake, 'c', &fake_filter_in_ops);
	/* Which of them a batch uses is not known, so both are looked after. */
	KUNIT_EXPECT_EQ(test, fake_list_len(&fake->ifp->filters_old), 2);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach_async(filter->ref), 0);
	fake_unblock(fake);
	KUNIT_EXPECT_TRUE(test,
			  fake_wait_for(atomic_read(&filter->detached) == 1));
	fake_read(fake);
	KUNIT_EXPECT_EQ(test, atomic_read(&filter->calls), 1);
	KUNIT_EXPECT_EQ(test, fake->in.delivered, 3);
	KUNIT_EXPECT_TRUE(test, list_empty(&fake->ifp->filters_old));
}

/* FLT-2: if the waiting task is killed, the filter still ends, once. */
static void detach_killed(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *filter;
	struct fake_task *task;

	filter = fake_filter(fake, 'a', &fake_filter_in_ops);
	filter->hook = fake_block_filter;
	fake_input_new(fake, FAKE_PF_A, 1, 2);
	fake_wait_blocked(fake);

	task = fake_run(fake, fake_detach_first);
	KUNIT_EXPECT_TRUE(test, fake_stays(!fake_done(task)));
	fake_kill(task);
	KUNIT_EXPECT_EQ(test, fake_join(task), -ERESTARTSYS);
	KUNIT_EXPECT_EQ(test, atomic_read(&filter->detached), 0);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach_async(filter->ref), -EINVAL);

	fake_unblock(fake);
	KUNIT_EXPECT_TRUE(test,
			  fake_wait_for(atomic_read(&filter->detached) == 1));
	fake_read(fake);
	KUNIT_EXPECT_EQ(test, atomic_read(&filter->calls), 1);
}

/* FLT-2 */
static void detach_stale(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *filter, *other;
	dlil_filter_t stale;

	filter = fake_filter(fake, 'a', &fake_filter_both_ops);
	other = fake_filter(fake, 'b', &fake_filter_both_ops);
	stale = filter->ref;
	KUNIT_EXPECT_NE(test, stale, other->ref);

	KUNIT_EXPECT_EQ(test, dlil_filter_detach(0), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(0x7fffffff), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(U32_MAX), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(stale), 0);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(stale), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach_async(stale), -EINVAL);
	/* A new filter does not get the stale reference. */
	KUNIT_ASSERT_EQ(test, fake_filter_attach(filter), 0);
	KUNIT_EXPECT_NE(test, filter->ref, stale);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(stale), -EINVAL);
	stale = filter->ref;
	fake_detach(fake);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(stale), -EINVAL);
}

/* FLT-2: `detached` may attach and detach anything. */
static void busy_detached(void *cookie, struct dlil_ifnet *ifp)
{
	struct fake_filter *f = cookie;
	struct fake *fake = f->fake;
	struct fake_filter *last = &fake->filters[1];
	struct fake_proto *proto = &fake->protos[0];

	fake_filter_both_ops.detached(cookie, ifp);
	KUNIT_EXPECT_EQ(fake->test, fake_filter_attach(last), 0);
	KUNIT_EXPECT_EQ(fake->test, dlil_filter_detach_async(last->ref), 0);
	KUNIT_EXPECT_EQ(fake->test, fake_proto_attach(proto), 0);
	KUNIT_EXPECT_EQ(fake->test, dlil_ifnet_detach(ifp), 0);
}

/* FLT-2: no lock is held while `detached` runs. */
static void detached_without_lock(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *filter;

	filter = fake_filter_new(fake, 'a', &fake_filter_both_ops);
	filter->ops.detached = busy_detached;
	KUNIT_ASSERT_EQ(test, fake_filter_attach(filter), 0);
	fake_filter_new(fake, 'b', &fake_filter_both_ops);
	fake_proto_new(fake, 'P', FAKE_PF_A);

	KUNIT_EXPECT_EQ(test, dlil_filter_detach(filter->ref), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&filter->detached), 1);
	fake_detach(fake);
}

static int detach_self(struct fake_filter *f, struct sk_buff **skb)
{
	/* Waiting fails here, even for another filter of this ifnet. */
	KUNIT_EXPECT_EQ(f->fake->test, dlil_filter_detach(f->ref), -EDEADLK);
	KUNIT_EXPECT_EQ(f->fake->test,
			dlil_filter_detach(f->fake->filters[1].ref), -EDEADLK);
	KUNIT_EXPECT_EQ(f->fake->test, dlil_filter_detach_async(f->ref), 0);
	KUNIT_EXPECT_EQ(f->fake->test, dlil_filter_detach_async(f->ref),
			-EINVAL);
	KUNIT_EXPECT_EQ(f->fake->test, atomic_read(&f->detached), 0);
	return 0;
}

/* FLT-7 */
static void detach_from_own_callback(struct kunit *test)
{
	const struct direction_case *c = test->param_value;
	struct fake *fake = fake_attached(test);
	struct fake_filter *filter;

	filter = fake_filter(fake, 'a', ops_of(c->out));
	filter->hook = detach_self;
	fake_filter(fake, 'b', ops_of(c->out));

	pass_packets(fake, c->out, FAKE_PF_A, 1, 3);

	KUNIT_EXPECT_TRUE(test,
			  fake_wait_for(atomic_read(&filter->detached) == 1));
	KUNIT_EXPECT_EQ(test, atomic_read(&filter->calls), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake->filters[1].calls), 3);
}

static int detach_next(struct fake_filter *f, struct sk_buff **skb)
{
	f->hook = NULL;
	KUNIT_EXPECT_EQ(f->fake->test, dlil_filter_detach_async(f[1].ref), 0);
	return 0;
}

/* FLT-2, FLT-7: detach the next filter before the packet gets there. */
static void detach_next_filter(struct kunit *test)
{
	const struct direction_case *c = test->param_value;
	struct fake *fake = fake_attached(test);
	struct fake_filter *next;

	fake_filter(fake, 'a', ops_of(c->out))->hook = detach_next;
	next = fake_filter(fake, 'b', ops_of(c->out));
	fake_filter(fake, 'c', ops_of(c->out));

	pass_packets(fake, c->out, FAKE_PF_A, 1, 2);

	KUNIT_EXPECT_TRUE(test,
			  fake_wait_for(atomic_read(&next->detached) == 1));
	KUNIT_EXPECT_EQ(test, atomic_read(&next->calls), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake->filters[2].calls), 2);
}

static int attach_next(struct fake_filter *f, struct sk_buff **skb)
{
	f->hook = NULL;
	KUNIT_EXPECT_EQ(f->fake->test, fake_filter_attach(f + 1), 0);
	return 0;
}

/* FLT-7, FLT-11: an input callback may attach filters. */
static void attach_from_callback(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	fake_filter(fake, 'a', &fake_filter_in_ops)->hook = attach_next;
	fake_filter_new(fake, 'b', &fake_filter_in_ops);
	fake_input_new(fake, FAKE_PF_A, 1, 1);
	fake_read(fake);
	fake_input_new(fake, FAKE_PF_A, 2, 1);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "a1 a2 b2");
}

#ifdef CONFIG_SMP
/* An output callback cannot sleep, but it can spin for long. */
static int spin(struct fake_filter *f, struct sk_buff **skb)
{
	complete(&f->fake->entered);
	while (!completion_done(&f->fake->leave))
		cpu_relax();
	return 0;
}

static int output_one(struct fake_task *task)
{
	return fake_output_new(task->fake, FAKE_PF_A, 1, 1, DLIL_OUTPUT_RAW);
}

/*
 * FLT-2, FLT-6: a detach waits for a callback in output on another processor.
 * The array that output uses is not freed before, either.
 */
static void detach_waits_for_output(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *first, *second;
	struct fake_task *task;

	if (num_online_cpus() < 2)
		kunit_skip(test, "one processor");
	first = fake_filter(fake, 'a', &fake_filter_out_ops);
	second = fake_filter(fake, 'b', &fake_filter_out_ops);
	first->hook = spin;
	task = fake_run(fake, output_one);
	fake_wait_blocked(fake);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach_async(first->ref), 0);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach_async(second->ref), 0);
	KUNIT_EXPECT_TRUE(test, fake_stays(!atomic_read(&first->detached) &&
					   !atomic_read(&second->detached)));
	/* A filter attached meanwhile, and detached at once, is also waited for. */
	KUNIT_EXPECT_EQ(test, fake_filter_attach(second), 0);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach_async(second->ref), 0);
	fake_unblock(fake);
	KUNIT_EXPECT_EQ(test, fake_join(task), 0);
	KUNIT_EXPECT_TRUE(test,
			  fake_wait_for(atomic_read(&first->detached) == 1 &&
					atomic_read(&second->detached) == 2));
	/* The second filter was dying before the packet got to it. */
	KUNIT_EXPECT_EQ(test, atomic_read(&second->calls), 0);
}
#endif

static int detach_ifnet(struct fake_task *task)
{
	return dlil_ifnet_detach(task->fake->ifp);
}

/* FLT-8: when a detach races with the final detach, `detached` is called once. */
static void detach_races_final_detach(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct fake_task *one, *two;
	struct fake_filter *filter;
	int i, err;

	filter = fake_filter_new(fake, 'a', &fake_filter_in_ops);
	for (i = 0; i < 4 * FAKE_TASKS; i++) {
		KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
		KUNIT_ASSERT_EQ(test, fake_filter_attach(filter), 0);
		if (i % 2) {
			one = fake_run(fake, detach_ifnet);
			two = fake_run(fake, fake_detach_first);
		} else {
			two = fake_run(fake, fake_detach_first);
			one = fake_run(fake, detach_ifnet);
		}
		/* Both at the worst moment: while a callback is in flight. */
		if (i % 4 < 2) {
			filter->hook = fake_block_filter;
			fake_input_new(fake, FAKE_PF_A, 1, 1);
		}
		schedule_timeout_uninterruptible(i % 3);
		complete(&fake->leave);
		KUNIT_EXPECT_EQ(test, fake_join(one), 0);
		err = fake_join(two);
		KUNIT_EXPECT_TRUE(test, !err || err == -EINVAL);
		fake_detach(fake);
		KUNIT_EXPECT_EQ(test, atomic_read(&filter->detached), i + 1);
		reinit_completion(&fake->leave);
		filter->hook = NULL;
	}
}

/* FLT-8: the final detach waits for a filter that is being detached. */
static void final_detach_waits(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *filter;
	struct fake_task *task;

	filter = fake_filter(fake, 'a', &fake_filter_in_ops);
	filter->hook = fake_block_filter;
	fake_input_new(fake, FAKE_PF_A, 1, 1);
	fake_wait_blocked(fake);
	task = fake_run(fake, fake_detach_first);
	KUNIT_EXPECT_TRUE(test, fake_stays(!fake_done(task)));

	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), 0);
	KUNIT_EXPECT_TRUE(test, fake_stays(!atomic_read(&fake->freed)));
	fake_unblock(fake);
	KUNIT_EXPECT_EQ(test, fake_join(task), 0);
	fake_detach(fake);
	FAKE_EXPECT_TRACE(fake, "a1 ~a free");
}

/* A packet with a VLAN tag beside its data. */
static void pass_tagged(struct fake *fake, bool out, u32 seq)
{
	struct sk_buff_head list;
	struct sk_buff *skb;

	__skb_queue_head_init(&list);
	skb = out ? fake_raw(fake, seq) : fake_rx(fake, FAKE_PF_A, seq);
	__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q), 7);
	__skb_queue_tail(&list, skb);
	if (out)
		fake_output(fake, FAKE_PF_A, &list, DLIL_OUTPUT_RAW);
	else
		fake_input(fake, &list);
}

/* FLT-9: a tag beside the data hides a packet from filters with that flag only. */
static void vlan_tagged(struct kunit *test)
{
	const struct direction_case *c = test->param_value;
	struct fake *fake = fake_attached(test);
	struct fake_filter *filter;

	filter = fake_filter_new(fake, 'a', ops_of(c->out));
	filter->params.flags = DLIL_FILTER_NO_VLAN;
	filter->verdict = -EPERM;
	KUNIT_ASSERT_EQ(test, fake_filter_attach(filter), 0);
	fake_filter(fake, 'b', ops_of(c->out));
	pass_tagged(fake, c->out, 1);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, c->out ? "b1 D1" : "b1");

	/* Without such a filter, all filters see it. */
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(filter->ref), 0);
	fake_filter(fake, 'c', ops_of(c->out))->verdict = -EPERM;
	fake_trace_clear(fake);
	pass_tagged(fake, c->out, 2);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "b2 c2");
}

/* Attach a filter for each letter; capital letters take lists. */
static void attach_letters(struct fake *fake, const char *letters)
{
	for (; *letters; letters++)
		fake_filter(fake, *letters, *letters < 'a' ?
			    &fake_filter_list_ops : &fake_filter_in_ops);
}

/*
 * FLT-12: a list filter is called once per batch, with any number of filters
 * and batches.
 */
static void list_once_per_batch(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	fake_proto_v2(fake, 'P', FAKE_PF_A);
	attach_letters(fake, "AB");
	fake_input_new(fake, FAKE_PF_A, 1, 3);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "A[ 1 2 3 ] B[ 1 2 3 ] P[ 1 2 3 ]");

	/* Batches of the input thread have 64 packets. */
	fake_input_new(fake, FAKE_PF_A, 1, 130);
	fake_read(fake);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake->filters[0].calls), 1 + 3);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake->filters[1].calls), 1 + 3);
	FAKE_EXPECT_IN(fake, .delivered = 133);
}

/* FLT-3, FLT-12: each packet meets the filters in order, with any mix of kinds. */
static void list_mixed_order(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	fake_proto(fake, 'P', FAKE_PF_A);
	attach_letters(fake, "abCdEFg");
	fake_input_new(fake, FAKE_PF_A, 1, 2);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "a1 b1 a2 b2 C[ 1 2 ] d1 d2 E[ 1 2 ] F[ 1 2 ] g1 g2 P1 P2");

	/* The same without the list filters. */
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(fake->filters[2].ref), 0);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(fake->filters[4].ref), 0);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(fake->filters[5].ref), 0);
	fake_trace_clear(fake);
	fake_input_new(fake, FAKE_PF_A, 3, 2);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "a3 b3 d3 g3 a4 b4 d4 g4 P3 P4");
}

/* Append packet @seq, for which @stage returns @verdict. */
static void add_rx(struct fake *fake, struct sk_buff_head *list, u32 family,
		   u32 seq, enum fake_stage stage, int verdict)
{
	struct sk_buff *skb = fake_rx(fake, family, seq);

	fake_payload(skb)->verdict[stage] = verdict;
	__skb_queue_tail(list, skb);
}

/* FLT-5, FLT-12, STA-3: verdicts of both kinds of filters are counted exactly. */
static void list_verdicts(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct sk_buff_head list;

	fake_proto_v2(fake, 'P', FAKE_PF_A);
	attach_letters(fake, "aBC");
	__skb_queue_head_init(&list);
	add_rx(fake, &list, FAKE_PF_A, 1, FAKE_FILTER_LIST, 0);
	add_rx(fake, &list, FAKE_PF_A, 2, FAKE_FILTER_IN, -EPERM);
	add_rx(fake, &list, FAKE_PF_A, 3, FAKE_FILTER_LIST, -EPERM);
	add_rx(fake, &list, FAKE_PF_A, 4, FAKE_FILTER_IN, DLIL_STOLEN);
	add_rx(fake, &list, FAKE_PF_A, 5, FAKE_FILTER_LIST, DLIL_STOLEN);
	add_rx(fake, &list, FAKE_PF_A, 6, FAKE_FILTER_LIST, DLIL_STOLEN);
	add_rx(fake, &list, FAKE_PF_A, 7, FAKE_FILTER_LIST, 0);
	add_rx(fake, &list, FAKE_PF_A, 8, FAKE_FILTER_IN, DLIL_SKIP + 1);

	fake_input(fake, &list);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "a1 a2 a3 a4 a5 a6 a7 a8 B[ 1 3 5 6 7 ] C[ 1 7 ] P[ 1 7 ]");
	FAKE_EXPECT_IN(fake, .delivered = 2, .stolen = 3,
		       .drops[DLIL_DROP_FILTER] = 3);
}

/* FLT-12: filters are not called for an empty list. */
static void list_emptied(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct sk_buff_head list;

	fake_proto_v2(fake, 'P', FAKE_PF_A);
	attach_letters(fake, "AbC");
	__skb_queue_head_init(&list);
	add_rx(fake, &list, FAKE_PF_A, 1, FAKE_FILTER_LIST, DLIL_STOLEN);
	add_rx(fake, &list, FAKE_PF_A, 2, FAKE_FILTER_LIST, -EPERM);
	fake_input(fake, &list);
	fake_read(fake);
	add_rx(fake, &list, FAKE_PF_A, 3, FAKE_FILTER_IN, DLIL_STOLEN);
	fake_input(fake, &list);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "A[ 1 2 ] A[ 3 ] b3");
	FAKE_EXPECT_IN(fake, .stolen = 2, .drops[DLIL_DROP_FILTER] = 1);
}

/* Replace each packet n by n + 100, followed by a packet n + 200. */
static void replace_and_add(struct fake_filter *f, struct sk_buff_head *list,
			    struct sk_buff_head *drop)
{
	struct sk_buff *skb, *next, *other, *more;

	skb_queue_walk_safe(list, skb, next) {
		other = fake_copy(f->fake, skb);
		more = fake_copy(f->fake, skb);
		if (!other || !more)
			return;
		fake_payload(other)->seq += 100;
		fake_payload(more)->seq += 200;
		__skb_queue_after(list, skb, other);
		__skb_queue_after(list, other, more);
		__skb_unlink(skb, list);
		kfree_skb(skb);
		/* A packet that a filter adds counts as received. */
		atomic_inc(&f->fake->handed_in);
	}
}

/* FLT-5, FLT-12, STA-3 */
static void list_replaced(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	fake_proto_v2(fake, 'P', FAKE_PF_A);
	attach_letters(fake, "Ab");
	fake->filters[0].list_hook = replace_and_add;
	fake_input_new(fake, FAKE_PF_A, 1, 2);
	KUNIT_EXPECT_EQ(test, dlil_input_flush(fake->ifp), 0);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "A[ 1 2 ] b101 b201 b102 b202 P[ 101 201 102 202 ]");
	FAKE_EXPECT_IN(fake, .delivered = 4);
}

/* The same, but without a mac_header. */
static int replace_bare(struct fake_filter *f, struct sk_buff **skb)
{
	struct sk_buff *other = fake_copy(f->fake, *skb);

	if (!other)
		return -ENOMEM;
	skb_unset_mac_header(other);
	kfree_skb(*skb);
	*skb = other;
	return f->verdict;
}

static void replace_all_bare(struct fake_filter *f, struct sk_buff_head *list,
			     struct sk_buff_head *drop)
{
	struct sk_buff *skb = skb_peek(list);

	skb_unset_mac_header(skb);
}

struct bare_case {
	const char *name;
	char filter;
	int verdict;
	u32 flags;
	const char *trace;
};

static const struct bare_case bare_cases[] = {
	{ "one by one", 'a', 0, 0, "a1 a2 P2" },
	{ "past others", 'a', DLIL_SKIP, 0, "a1 a2 P2" },
	{ "where some see less", 'a', 0, DLIL_FILTER_NO_VLAN, "a1 a2 P2" },
	{ "in lists", 'A', 0, 0, "A[ 1 ] A[ 2 ] P2" },
};

static void bare_desc(const struct bare_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(bare, bare_cases, bare_desc);

/* FLT-5: a replacement without link header is freed as an error of the filter. */
static void replaced_bare(struct kunit *test)
{
	const struct bare_case *c = test->param_value;
	struct fake *fake = fake_attached(test);
	struct fake_filter *f;

	fake_proto(fake, 'P', FAKE_PF_A);
	f = fake_filter_new(fake, c->filter, c->filter < 'a' ?
			    &fake_filter_list_ops : &fake_filter_in_ops);
	f->hook = replace_bare;
	f->list_hook = replace_all_bare;
	f->verdict = c->verdict;
	f->params.flags = c->flags;
	KUNIT_ASSERT_EQ(test, fake_filter_attach(f), 0);
	fake_input_new(fake, FAKE_PF_A, 1, 1);
	KUNIT_EXPECT_EQ(test, dlil_input_flush(fake->ifp), 0);
	f->hook = NULL;
	f->list_hook = NULL;
	fake_input_new(fake, FAKE_PF_A, 2, 1);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, c->trace);
	FAKE_EXPECT_IN(fake, .delivered = 1, .drops[DLIL_DROP_FILTER] = 1);
}

/*
 * FLT-4, FLT-12: a list has packets of one family; filters get those of their
 * family only.
 */
static void list_family(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *filter;
	struct sk_buff_head list;

	fake_filter(fake, 'A', &fake_filter_list_ops);
	filter = fake_filter_new(fake, 'B', &fake_filter_list_ops);
	filter->params.family = FAKE_PF_B;
	KUNIT_ASSERT_EQ(test, fake_filter_attach(filter), 0);
	__skb_queue_head_init(&list);
	add_rx(fake, &list, FAKE_PF_A, 1, FAKE_DEMUX, 0);
	add_rx(fake, &list, FAKE_PF_A, 2, FAKE_DEMUX, 0);
	add_rx(fake, &list, FAKE_PF_B, 3, FAKE_DEMUX, 0);
	add_rx(fake, &list, FAKE_PF_B, 4, FAKE_DEMUX, 0);
	add_rx(fake, &list, FAKE_PF_A, 5, FAKE_DEMUX, 0);
	/* One without protocol, and two that demux cannot read: family 0. */
	add_rx(fake, &list, FAKE_PF_B, 6, FAKE_DEMUX, -ENOENT);
	add_rx(fake, &list, FAKE_PF_B, 7, FAKE_DEMUX, -EINVAL);
	add_rx(fake, &list, FAKE_PF_B, 8, FAKE_DEMUX, -EINVAL);
	add_rx(fake, &list, FAKE_PF_B, 9, FAKE_DEMUX, DLIL_STOLEN);

	fake_input(fake, &list);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "A[ 1 2 ] A[ 3 4 ] B[ 3 4 ] A[ 5 ] A[ 6 ] A[ 7 8 ]");
	FAKE_EXPECT_IN(fake, .stolen = 1, .drops[DLIL_DROP_NOPROTO] = 6,
		       .drops[DLIL_DROP_DEMUX] = 2);
}

/* FLT-9, FLT-12: tagged packets skip a filter and keep their place. */
static void list_vlan(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *filter;
	struct sk_buff_head list;
	struct sk_buff *skb;
	u32 seq;

	fake_proto_v2(fake, 'P', FAKE_PF_A);
	filter = fake_filter_new(fake, 'A', &fake_filter_list_ops);
	filter->params.flags = DLIL_FILTER_NO_VLAN;
	KUNIT_ASSERT_EQ(test, fake_filter_attach(filter), 0);
	fake_filter(fake, 'B', &fake_filter_list_ops);
	__skb_queue_head_init(&list);
	for (seq = 1; seq <= 6; seq++) {
		skb = fake_rx(fake, FAKE_PF_A, seq);
		if (seq == 3 || seq == 4 || seq == 6)
			__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q), 7);
		__skb_queue_tail(&list, skb);
	}

	fake_input(fake, &list);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "A[ 1 2 ] A[ 5 ] B[ 1 2 3 4 5 6 ] P[ 1 2 3 4 5 6 ]");
}

/* A filter may overwrite skb->cb without any effect on others. */
static void scribble(struct fake_filter *f, struct sk_buff_head *list,
		     struct sk_buff_head *drop)
{
	struct sk_buff *skb;

	skb_queue_walk(list, skb)
		memset(skb->cb, 0xff, sizeof(skb->cb));
}

/* Packet 2 skips the later filters of this kind. */
static int skip_second(struct fake_filter *f, struct sk_buff **skb)
{
	memset((*skb)->cb, 0xff, sizeof((*skb)->cb));
	return fake_payload(*skb)->seq == 2 ? DLIL_SKIP : 0;
}

/* FLT-5, FLT-12: DLIL_SKIP works across filters that take lists. */
static void list_skip(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *filter;
	const char *tag;

	fake_proto_v2(fake, 'P', FAKE_PF_A);
	/* Filter x is of another kind than a and b. */
	for (tag = "aLMxb"; *tag; tag++) {
		filter = fake_filter_new(fake, *tag, *tag < 'a' ?
					 &fake_filter_list_ops :
					 &fake_filter_in_ops);
		if (*tag == 'x')
			filter->ops.input = other_input;
		filter->list_hook = scribble;
		if (*tag == 'a')
			filter->hook = skip_second;
		KUNIT_ASSERT_EQ(test, fake_filter_attach(filter), 0);
	}

	fake_input_new(fake, FAKE_PF_A, 1, 2);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "a1 a2 L[ 1 ] L[ 2 ] M[ 1 ] M[ 2 ] x1 b1 x2 P[ 1 2 ]");

	/* Without a skipping packet, lists are not divided. */
	fake_trace_clear(fake);
	fake_input_new(fake, FAKE_PF_A, 3, 2);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "a3 a4 L[ 3 4 ] M[ 3 4 ] x3 b3 x4 b4 P[ 3 4 ]");
}

/* FLT-1: each direction has a limit of 64 kinds. */
static void many_kinds(struct kunit *test)
{
	const struct direction_case *c = test->param_value;
	struct dlil_filter_params params = { .name = "kind" };
	struct dlil_filter_ops *ops;
	dlil_filter_t refs[65];
	struct fake *fake;
	int i, err;

	/* The operations must outlive the ifnet's filters. */
	ops = kunit_kcalloc(test, ARRAY_SIZE(refs), sizeof(*ops), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ops);
	fake = fake_attached(test);
	/* No packet arrives, so they are never called. */
	for (i = 0; i < ARRAY_SIZE(refs); i++) {
		if (c->out)
			ops[i].output = (void *)&ops[i];
		else
			ops[i].input = (void *)&ops[i];
		params.ops = &ops[i];
		err = dlil_filter_attach(fake->ifp, &params, &refs[i]);
		KUNIT_ASSERT_EQ(test, err, i < 64 ? 0 : -ENOSPC);
	}
	/* Another filter of a known kind fits, and so does one that takes lists. */
	params.ops = &ops[1];
	err = dlil_filter_attach(fake->ifp, &params, &refs[64]);
	KUNIT_EXPECT_EQ(test, err, 0);
	if (!c->out)
		fake_filter(fake, 'A', &fake_filter_list_ops);
	/* A new kind fits if another one has gone. */
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(refs[0]), 0);
	params.ops = &ops[64];
	err = dlil_filter_attach(fake->ifp, &params, &refs[0]);
	KUNIT_EXPECT_EQ(test, err, 0);
}

/*
 * FLT-2, FLT-12: a detach waits for a list callback in flight; the next list
 * does not meet the filter.
 */
static void list_detach_waits(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *filter;
	struct fake_task *task;

	fake_proto(fake, 'P', FAKE_PF_A);
	filter = fake_filter(fake, 'A', &fake_filter_list_ops);
	filter->list_hook = fake_block_list;
	fake_input_new(fake, FAKE_PF_A, 1, 64 + 2);
	fake_wait_blocked(fake);

	task = fake_run(fake, fake_detach_first);
	KUNIT_EXPECT_TRUE(test, fake_stays(!fake_done(task)));
	KUNIT_EXPECT_EQ(test, atomic_read(&filter->detached), 0);
	fake_unblock(fake);
	KUNIT_EXPECT_EQ(test, fake_join(task), 0);

	KUNIT_EXPECT_EQ(test, atomic_read(&filter->detached), 1);
	fake_read(fake);
	KUNIT_EXPECT_EQ(test, atomic_read(&filter->calls), 1);
	KUNIT_EXPECT_EQ(test, fake->in.delivered, 66);
}

static void detach_both(struct fake_filter *f, struct sk_buff_head *list,
			struct sk_buff_head *drop)
{
	KUNIT_EXPECT_EQ(f->fake->test, dlil_filter_detach(f->ref), -EDEADLK);
	KUNIT_EXPECT_EQ(f->fake->test, dlil_filter_detach_async(f->ref), 0);
	KUNIT_EXPECT_EQ(f->fake->test, dlil_filter_detach_async(f[1].ref), 0);
	KUNIT_EXPECT_EQ(f->fake->test, atomic_read(&f->detached), 0);
}

/*
 * FLT-2, FLT-7, FLT-12: a list callback detaches its own filter, and the next
 * one, which does not get the list.
 */
static void list_detach_from_callback(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	fake_proto_v2(fake, 'P', FAKE_PF_A);
	attach_letters(fake, "ABC");
	fake->filters[0].list_hook = detach_both;
	fake_input_new(fake, FAKE_PF_A, 1, 2);
	fake_input_new(fake, FAKE_PF_A, 3, 2);
	fake_read(fake);

	KUNIT_EXPECT_TRUE(test,
			  fake_wait_for(atomic_read(&fake->filters[1].detached)));
	KUNIT_EXPECT_TRUE(test,
			  fake_wait_for(atomic_read(&fake->filters[0].detached)));
	KUNIT_EXPECT_EQ(test, atomic_read(&fake->filters[0].calls), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake->filters[1].calls), 0);
	KUNIT_EXPECT_EQ(test, fake->in.delivered, 4);
}

/* Such a packet contains TCP, and no instructions for the fake. */
static int gso_demux(struct dlil_ifnet *ifp, struct sk_buff *skb, u32 *family)
{
	*family = FAKE_PF_A;
	return 0;
}

static int gso_sent(struct dlil_ifnet *ifp, struct sk_buff *skb)
{
	kfree_skb(skb);
	return 0;
}

#define SEGMENT		100	/* payload of a segment, in bytes */
#define HEADERS		(sizeof(struct iphdr) + sizeof(struct tcphdr))

/**
 * struct gso_watch - packets that the filters of a test have seen
 * @whole: GSO packets
 * @parts: other packets
 * @bytes: payload of both
 * @bad: packets that are not as expected
 */
struct gso_watch {
	unsigned int whole;
	unsigned int parts;
	unsigned int bytes;
	unsigned int bad;
};

/* One for each position; reset before a test. */
static struct gso_watch watched[8];

/* A TCP packet of @n segments, received or to be sent. */
static struct sk_buff *gso_skb(struct fake *fake, bool out, unsigned int n)
{
	unsigned int len = HEADERS + n * SEGMENT;
	struct sk_buff *skb = fake_skb(fake, FAKE_HLEN + len);
	struct tcphdr *th;
	struct iphdr *iph;

	skb_reset_mac_header(skb);
	skb_put_zero(skb, FAKE_HLEN);
	skb_pull(skb, FAKE_HLEN);
	skb_reset_network_header(skb);
	iph = skb_put_zero(skb, sizeof(*iph));
	iph->version = 4;
	iph->ihl = 5;
	iph->tot_len = htons(len);
	iph->ttl = 64;
	iph->protocol = IPPROTO_TCP;
	iph->saddr = htonl(0x0a000001);
	iph->daddr = htonl(0x0a000002);
	skb_set_transport_header(skb, sizeof(*iph));
	th = skb_put_zero(skb, sizeof(*th));
	th->doff = sizeof(*th) / 4;
	th->ack = 1;
	memset(skb_put(skb, n * SEGMENT), 0x5a, n * SEGMENT);
	skb->protocol = htons(ETH_P_IP);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_transport_header(skb) - skb->head;
	skb->csum_offset = offsetof(struct tcphdr, check);
	skb_shinfo(skb)->gso_size = SEGMENT;
	skb_shinfo(skb)->gso_segs = n;
	skb_shinfo(skb)->gso_type = SKB_GSO_TCPV4;
	if (out)
		skb_push(skb, FAKE_HLEN);
	return skb;
}

static void watch(struct fake_filter *f, struct sk_buff *skb)
{
	struct gso_watch *w = &watched[f - f->fake->filters];
	unsigned int payload;

	payload = skb_tail_pointer(skb) - skb_network_header(skb) +
		  skb->data_len - HEADERS;
	w->bytes += payload;
	if (skb_is_gso(skb))
		w->whole++;
	else
		w->parts++;
	if (!skb_is_gso(skb) &&
	    (payload > SEGMENT || skb->ip_summed != CHECKSUM_PARTIAL ||
	     ntohs(ip_hdr(skb)->tot_len) != payload + HEADERS))
		w->bad++;
	if (skb_network_header(skb) - skb_mac_header(skb) != FAKE_HLEN)
		w->bad++;
}

static int watch_packet(void *cookie, struct dlil_ifnet *ifp, u32 family,
			struct sk_buff **skb)
{
	struct fake_filter *f = cookie;

	watch(f, *skb);
	return f->verdict;
}

/* A callback of another kind. */
static int watch_again(void *cookie, struct dlil_ifnet *ifp, u32 family,
		       struct sk_buff **skb)
{
	return watch_packet(cookie, ifp, family, skb);
}

/* Largest number of packets that a callback of the test got at once. */
static unsigned int longest;

static void note_bound(const struct sk_buff_head *list)
{
	longest = max(longest, skb_queue_len(list));
}

static void watch_list(void *cookie, struct dlil_ifnet *ifp, u32 family,
		       struct sk_buff_head *list, struct sk_buff_head *drop)
{
	struct sk_buff *skb, *next;

	note_bound(list);
	skb_queue_walk_safe(list, skb, next)
		watch(cookie, skb);
}

/* Filters p and P want segments, g and G do not; capital letters take lists. */
static void attach_watchers(struct fake *fake, const char *letters)
{
	struct fake_filter *f;

	memset(watched, 0, sizeof(watched));
	for (; *letters; letters++) {
		f = fake_filter_new(fake, *letters, &fake_filter_both_ops);
		f->ops.input = watch_packet;
		f->ops.output = watch_packet;
		if (*letters < 'a') {
			f->ops.input = NULL;
			f->ops.input_list = watch_list;
		}
		if ((*letters | 0x20) == 'p')
			f->params.flags = DLIL_FILTER_SEGMENTS;
		KUNIT_ASSERT_EQ(fake->test, fake_filter_attach(f), 0);
	}
}

/* A GSO packet of @n segments. */
static void pass_gso(struct fake *fake, bool out, unsigned int n)
{
	struct sk_buff_head list;

	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, gso_skb(fake, out, n));
	if (out) {
		fake_output(fake, FAKE_PF_A, &list, DLIL_OUTPUT_RAW);
		return;
	}
	fake_input(fake, &list);
	KUNIT_EXPECT_EQ(fake->test, dlil_input_flush(fake->ifp), 0);
}

static void expect_watched(struct fake *fake, unsigned int i,
			   unsigned int whole, unsigned int parts)
{
	struct kunit *test = fake->test;

	KUNIT_EXPECT_EQ_MSG(test, watched[i].whole, whole, "filter %u", i);
	KUNIT_EXPECT_EQ_MSG(test, watched[i].parts, parts, "filter %u", i);
	KUNIT_EXPECT_EQ_MSG(test, watched[i].bytes, 5 * SEGMENT, "filter %u", i);
	KUNIT_EXPECT_EQ_MSG(test, watched[i].bad, 0, "filter %u", i);
}

/* Turns the third packet into a GSO packet. */
static int grow_third(struct fake_filter *f, struct sk_buff **skb)
{
	if (atomic_read(&f->calls) == 3) {
		skb_shinfo(*skb)->gso_size = SEGMENT / 2;
		skb_shinfo(*skb)->gso_type = SKB_GSO_TCPV4;
	}
	return 0;
}

/*
 * OUT-7: a filter turns one of several segments into a GSO packet that the
 * driver does not support.  Nothing behind it is sent, neither of the segments
 * nor of the list.
 */
static void gso_refused_behind_filter(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct fake_filter *f;
	struct sk_buff_head list;

	fake->driver.output = gso_sent;
	fake->params.attrs = DLIL_ATTR_TSO6;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	attach_watchers(fake, "p");
	f = fake_filter_new(fake, 'g', &fake_filter_out_ops);
	f->hook = grow_third;
	KUNIT_ASSERT_EQ(test, fake_filter_attach(f), 0);
	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, gso_skb(fake, true, 5));
	__skb_queue_tail(&list, gso_skb(fake, true, 5));

	KUNIT_EXPECT_EQ(test, fake_output(fake, FAKE_PF_A, &list,
					  DLIL_OUTPUT_RAW), -EMSGSIZE);
	atomic_add(4, &fake->handed_out);
	fake_read(fake);
	FAKE_EXPECT_OUT(fake, .delivered = 2, .drops[DLIL_DROP_TSO] = 4);
	KUNIT_EXPECT_EQ(test, fake_skbs(), 0);
}

struct gso_case {
	const char *name;
	bool out;
	const char *filters;
	unsigned int whole;	/* number of first filters that see it unsegmented */
};

static const struct gso_case gso_cases[] = {
	{ "input", false, "p", 0 },
	{ "input, behind one that can", false, "gpg", 1 },
	{ "input, behind a list that can", false, "GpG", 1 },
	{ "input, a list that cannot", false, "gPgP", 1 },
	{ "input, lists only", false, "GP", 1 },
	{ "input, all can", false, "gGg", 3 },
	{ "output", true, "p", 0 },
	{ "output, behind one that can", true, "ggpg", 2 },
	{ "output, all can", true, "gg", 2 },
};

static void gso_desc(const struct gso_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(gso, gso_cases, gso_desc);

/*
 * FLT-10, STA-3: GSO packets are segmented before the first filter that
 * requests it, and stay whole without such a filter.  Each segment counts.
 */
static void gso_segments(struct kunit *test)
{
	const struct gso_case *c = test->param_value;
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	unsigned int n = strlen(c->filters), i;
	unsigned int packets = c->whole < n ? 5 : 1;

	fake->driver.output = gso_sent;
	fake->family.demux = gso_demux;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	attach_watchers(fake, c->filters);

	pass_gso(fake, c->out, 5);
	atomic_add(packets - 1, c->out ? &fake->handed_out : &fake->handed_in);
	fake_read(fake);

	for (i = 0; i < n; i++)
		if (!c->out || c->filters[i] >= 'a')
			expect_watched(fake, i, i < c->whole,
				       i < c->whole ? 0 : 5);
	if (c->out)
		FAKE_EXPECT_OUT(fake, .delivered = packets);
	else
		FAKE_EXPECT_IN(fake, .drops[DLIL_DROP_NOPROTO] = packets);
	KUNIT_EXPECT_EQ(test, fake->stats.opackets, c->out ? packets : 0);
	if (c->out)
		KUNIT_EXPECT_EQ(test, fake->stats.obytes, 5 * SEGMENT + packets *
				(HEADERS + FAKE_HLEN));
}

/* A protocol that leaves the checksum of its segments alone, as SCTP and ESP do. */
#define UNSUMMED_PROTO	253

static int unsummed_error, unsummed_summed;

static struct sk_buff *unsummed_segment(struct sk_buff *skb,
					netdev_features_t features)
{
	unsummed_summed = skb->ip_summed;
	if (unsummed_error)
		return ERR_PTR(unsummed_error);
	__skb_pull(skb, sizeof(struct tcphdr));
	return skb_segment(skb, features);
}

static const struct net_offload unsummed_offload = {
	.callbacks = { .gso_segment = unsummed_segment },
};

static int watch_unsummed(void *cookie, struct dlil_ifnet *ifp, u32 family,
			  struct sk_buff **skb)
{
	watched[0].parts++;
	watched[0].bad += skb_is_gso(*skb) ||
			  (*skb)->ip_summed != CHECKSUM_NONE;
	return 0;
}

struct unsummed_case {
	const char *name;
	bool out;
	u8 summed;
	int error;
};

static const struct unsummed_case unsummed_cases[] = {
	{ "input, complete", false, CHECKSUM_COMPLETE },
	{ "input, none", false, CHECKSUM_NONE },
	{ "input, error", false, CHECKSUM_COMPLETE, -EINVAL },
	{ "output, complete", true, CHECKSUM_COMPLETE },
	{ "output, none", true, CHECKSUM_NONE },
	{ "output, error", true, CHECKSUM_NONE, -EINVAL },
};

static void unsummed_desc(const struct unsummed_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(unsummed, unsummed_cases, unsummed_desc);

/*
 * FLT-10: a GSO packet whose protocol sums up no segments, and which has no checksum
 * offload, is segmented without a warning of the kernel.  Nobody is told that the
 * checksums of its segments are right.
 */
static void gso_unsummed(struct kunit *test)
{
	const struct unsummed_case *c = test->param_value;
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct sk_buff *skb = gso_skb(fake, c->out, 5);
	unsigned int n = c->error ? 1 : 5;
	struct sk_buff_head list;
	struct fake_filter *f;

	KUNIT_ASSERT_EQ(test, inet_add_offload(&unsummed_offload, UNSUMMED_PROTO), 0);
	fake->driver.output = gso_sent;
	fake->family.demux = gso_demux;
	KUNIT_EXPECT_EQ(test, fake_attach(fake), 0);
	memset(watched, 0, sizeof(watched));
	unsummed_error = c->error;
	unsummed_summed = -1;
	f = fake_filter_new(fake, 'p', &fake_filter_both_ops);
	f->ops.input = watch_unsummed;
	f->ops.output = watch_unsummed;
	f->params.flags = DLIL_FILTER_SEGMENTS;
	KUNIT_EXPECT_EQ(test, fake_filter_attach(f), 0);
	ip_hdr(skb)->protocol = UNSUMMED_PROTO;
	skb->ip_summed = c->summed;
	skb_shinfo(skb)->gso_type = SKB_GSO_SCTP;

	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, skb);
	if (c->out)
		fake_output(fake, FAKE_PF_A, &list, DLIL_OUTPUT_RAW);
	else
		fake_input(fake, &list);
	KUNIT_EXPECT_EQ(test, dlil_input_flush(fake->ifp), 0);
	inet_del_offload(&unsummed_offload, UNSUMMED_PROTO);
	atomic_add(n - 1, c->out ? &fake->handed_out : &fake->handed_in);
	fake_read(fake);
	/* The kernel warns of others, if they are as before when the protocol returns. */
	KUNIT_EXPECT_EQ(test, unsummed_summed, CHECKSUM_UNNECESSARY);
	KUNIT_EXPECT_EQ(test, watched[0].parts, c->error ? 0 : 5);
	KUNIT_EXPECT_EQ(test, watched[0].bad, 0);
	if (c->out && c->error)
		FAKE_EXPECT_OUT(fake, .drops[DLIL_DROP_FILTER] = 1);
	else if (c->out)
		FAKE_EXPECT_OUT(fake, .delivered = 5);
	else if (c->error)
		FAKE_EXPECT_IN(fake, .drops[DLIL_DROP_FILTER] = 1);
	else
		FAKE_EXPECT_IN(fake, .drops[DLIL_DROP_NOPROTO] = 5);
}

/* FLT-4, FLT-9, FLT-10: a packet that skips the filter is not segmented for it. */
static void gso_not_for_others(struct kunit *test)
{
	const struct direction_case *c = test->param_value;
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct fake_filter *f;
	char tag;

	fake->driver.output = gso_sent;
	fake->family.demux = gso_demux;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	memset(watched, 0, sizeof(watched));
	for (tag = 'a'; tag <= 'c'; tag++) {
		f = fake_filter_new(fake, tag, &fake_filter_both_ops);
		f->ops.input = tag == 'b' ? watch_again : watch_packet;
		f->ops.output = f->ops.input;
		f->params.flags = tag == 'b' ? DLIL_FILTER_SEGMENTS : 0;
		f->params.family = tag == 'b' ? FAKE_PF_B : 0;
		KUNIT_ASSERT_EQ(test, fake_filter_attach(f), 0);
	}

	pass_gso(fake, c->out, 5);
	fake_read(fake);
	expect_watched(fake, 0, 1, 0);
	KUNIT_EXPECT_EQ(test, watched[1].bytes, 0);
	expect_watched(fake, 2, 1, 0);
}

/* FLT-5, FLT-10: a packet that skips the filter by DLIL_SKIP stays whole, too. */
static void gso_skip(struct kunit *test)
{
	const struct direction_case *c = test->param_value;
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct fake_filter *f;
	char tag;

	fake->driver.output = gso_sent;
	fake->family.demux = gso_demux;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	memset(watched, 0, sizeof(watched));
	/* Filter a skips b, which is of its kind; c and d are of other kinds. */
	for (tag = 'a'; tag <= 'd'; tag++) {
		f = fake_filter_new(fake, tag, &fake_filter_both_ops);
		f->ops.input = tag < 'c' ? watch_packet : watch_again;
		f->ops.output = f->ops.input;
		f->params.flags = tag == 'b' || tag == 'd' ?
				  DLIL_FILTER_SEGMENTS : 0;
		f->verdict = tag == 'a' ? DLIL_SKIP : 0;
		KUNIT_ASSERT_EQ(test, fake_filter_attach(f), 0);
	}

	pass_gso(fake, c->out, 5);
	atomic_add(4, c->out ? &fake->handed_out : &fake->handed_in);
	fake_read(fake);
	expect_watched(fake, 0, 1, 0);
	KUNIT_EXPECT_EQ(test, watched[1].bytes, 0);
	expect_watched(fake, 2, 1, 0);
	expect_watched(fake, 3, 0, 5);
}

/* FLT-5, FLT-10, STA-3: a verdict applies to a single segment. */
static void gso_dropped(struct kunit *test)
{
	const struct direction_case *c = test->param_value;
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);

	fake->driver.output = gso_sent;
	fake->family.demux = gso_demux;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	attach_watchers(fake, "gp");
	fake->filters[1].verdict = -EPERM;
	pass_gso(fake, c->out, 5);
	atomic_add(4, c->out ? &fake->handed_out : &fake->handed_in);
	fake_read(fake);
	fake_expect_account(fake, c->out ? &fake->out : &fake->in,
			    &(struct dlil_account){ .drops[DLIL_DROP_FILTER] = 5 },
			    __LINE__);
}

/* FLT-10: segmentation does not write to data of clones, not even checksums. */
static void gso_cloned(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct sk_buff_head list;
	struct sk_buff *clone;

	fake->family.demux = gso_demux;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	attach_watchers(fake, "p");
	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, gso_skb(fake, false, 5));
	/* The checksum was verified: segmentation has to prepare it again. */
	skb_peek(&list)->ip_summed = CHECKSUM_UNNECESSARY;
	tcp_hdr(skb_peek(&list))->check = (__force __sum16)0x1234;
	clone = skb_clone(skb_peek(&list), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, clone);
	fake_input(fake, &list);
	KUNIT_EXPECT_EQ(test, dlil_input_flush(fake->ifp), 0);
	atomic_add(4, &fake->handed_in);
	fake_read(fake);
	expect_watched(fake, 0, 0, 5);
	KUNIT_EXPECT_EQ(test, (__force u16)tcp_hdr(clone)->check, 0x1234);
	kfree_skb(clone);
}

/* FLT-10: a GSO packet that cannot be segmented is dropped, not passed whole. */
static void gso_malformed(struct kunit *test)
{
	const struct direction_case *c = test->param_value;
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct sk_buff_head list;
	struct sk_buff *skb;
	int i;

	fake->driver.output = gso_sent;
	fake->family.demux = gso_demux;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	attach_watchers(fake, "p");
	for (i = 0; i < 3; i++) {
		skb = gso_skb(fake, c->out, 5);
		if (i == 0)
			skb->protocol = htons(0x9000);
		else if (i == 1)
			skb->protocol = 0;
		else
			skb->network_header = 0;
		__skb_queue_head_init(&list);
		__skb_queue_tail(&list, skb);
		if (c->out)
			fake_output(fake, FAKE_PF_A, &list, DLIL_OUTPUT_RAW);
		else
			fake_input(fake, &list);
	}
	fake_read(fake);
	KUNIT_EXPECT_EQ(test, watched[0].bytes, 0);
	fake_expect_account(fake, c->out ? &fake->out : &fake->in,
			    &(struct dlil_account){ .drops[DLIL_DROP_FILTER] = 3 },
			    __LINE__);
}

static unsigned int nested, surprises;

/*
 * The first segment of each GSO packet makes the host send another one.  A
 * depth far beyond the limit ends the test.
 */
static int nest_segments(void *cookie, struct dlil_ifnet *ifp, u32 family,
			 struct sk_buff **skb)
{
	struct fake_filter *f = cookie;
	unsigned int depth;
	int err;

	if (skb_is_gso(*skb))
		surprises++;
	if (atomic_inc_return(&f->calls) != nested + 1 || nested >= 2)
		return 0;
	depth = ++nested;
	err = dlil_filter_output(ifp, family, gso_skb(f->fake, true, 2));
	if (err != (depth < 2 ? DLIL_STOLEN : -ELOOP))
		surprises++;
	return 0;
}

/*
 * OUT-10 FLT-10: the limit of nested output holds if filters get packets of the
 * host segmented.  Starts at the last two levels, because with KASAN 8 levels
 * do not fit on a small stack.
 */
static void gso_recursion(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct dlil_sender own, *sender;
	struct fake_filter *f;
	int i;

	nested = 0;
	surprises = 0;
	fake->driver.output = gso_sent;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	f = fake_filter_new(fake, 'p', &fake_filter_out_ops);
	f->ops.output = nest_segments;
	f->params.flags = DLIL_FILTER_SEGMENTS;
	KUNIT_ASSERT_EQ(test, fake_filter_attach(f), 0);

	local_bh_disable();
	rcu_read_lock();
	for (i = 0; i < DLIL_OUTPUT_DEPTH - 2; i++)
		sender = dlil_sender_enter(&own);
	KUNIT_EXPECT_EQ(test, dlil_filter_output(fake->ifp, FAKE_PF_A,
						 gso_skb(fake, true, 2)),
			DLIL_STOLEN);
	for (i = 0; i < DLIL_OUTPUT_DEPTH - 2; i++)
		dlil_sender_leave(sender);
	rcu_read_unlock();
	local_bh_enable();

	KUNIT_EXPECT_EQ(test, nested, 2);
	KUNIT_EXPECT_EQ(test, surprises, 0);
	atomic_add(5, &fake->handed_out);
	fake_read(fake);
	FAKE_EXPECT_OUT(fake, .delivered = 4, .drops[DLIL_DROP_RECURSION] = 1);
}

/**
 * struct bound_case - GSO packets that become many segments
 * @name: name of the case
 * @letters: the filters, see attach_watchers()
 * @packets: number of GSO packets queued at once
 * @segments: number of segments of each
 * @batches: number of batches that they are processed in
 * @untrusted: gso_segs is 0
 * @noproto: no protocol takes them, so the driver's `unmatched` gets them
 */
struct bound_case {
	const char *name;
	const char *letters;
	unsigned int packets;
	unsigned int segments;
	unsigned int batches;
	bool untrusted;
	bool noproto;
};

static const struct bound_case bound_cases[] = {
	{ "many packets, filter", "p", 64, 45, 64 },
	{ "many packets, list filter", "P", 64, 45, 64 },
	{ "many packets, both", "gPpP", 64, 45, 64 },
	{ "many packets, nobody's", "P", 64, 45, 64, .noproto = true },
	{ "without a number of segments", "pP", 64, 45, 64, .untrusted = true },
	{ "two to a batch", "P", 64, 31, 32 },
	{ "as many as a batch", "P", 3, 64, 3 },
	{ "one more than a batch", "P", 3, 65, 3 },
	{ "one packet, filter", "p", 1, 362, 1 },
	{ "one packet, list filter", "P", 1, 362, 1 },
	{ "one packet, filter that can before one that cannot", "GPp", 1, 362, 1 },
	{ "one packet, nobody's", "P", 1, 362, 1, .noproto = true },
};

static void bound_desc(const struct bound_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(bound, bound_cases, bound_desc);

/* Number of packets that passed the filters of the test in total. */
static unsigned int bound_all;

static int bound_proto(struct fake_proto *p, struct sk_buff_head *list)
{
	note_bound(list);
	bound_all += skb_queue_len(list);
	__skb_queue_purge(list);
	return 0;
}

static void bound_unmatched(struct dlil_ifnet *ifp, struct sk_buff_head *list,
			    enum dlil_drop_reason why)
{
	note_bound(list);
	bound_all += skb_queue_len(list);
	__skb_queue_purge(list);
}

/* Number of batches so far; the thread is in none. */
static unsigned long batches_of(struct fake *fake)
{
	return READ_ONCE(fake->ifp->inq.reader.seq) / 2;
}

/*
 * FLT-12, INP-7: with GSO packets that become segments, no callback gets more
 * than a batch at once, no packet is lost, and a batch has no more segments than packets
 * otherwise, unless it is a single packet.
 */
static void gso_bound(struct kunit *test)
{
	const struct bound_case *c = test->param_value;
	unsigned long seq;
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct sk_buff_head list;
	struct sk_buff *skb;
	unsigned int i;

	bound_all = 0;
	fake->driver.output = gso_sent;
	fake->driver.unmatched = bound_unmatched;
	fake->family.demux = gso_demux;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	attach_watchers(fake, c->letters);
	longest = 0;
	if (!c->noproto)
		fake_proto_v2(fake, 'x', FAKE_PF_A)->list_hook = bound_proto;
	__skb_queue_head_init(&list);
	for (i = 0; i < c->packets; i++) {
		skb = gso_skb(fake, false, c->segments);
		if (c->untrusted)
			skb_shinfo(skb)->gso_segs = 0;
		__skb_queue_tail(&list, skb);
	}
	seq = batches_of(fake);
	KUNIT_EXPECT_EQ(test, fake_input(fake, &list), 0);
	KUNIT_EXPECT_EQ(test, dlil_input_flush(fake->ifp), 0);
	KUNIT_EXPECT_EQ(test, batches_of(fake) - seq, c->batches);
	atomic_add(c->packets * (c->segments - 1), &fake->handed_in);
	fake_read(fake);

	KUNIT_EXPECT_LE(test, longest, (unsigned int)DLIL_INPUT_BATCH);
	KUNIT_EXPECT_EQ(test, bound_all, c->packets * c->segments);
	KUNIT_EXPECT_EQ(test, fake->in.seen, c->packets * c->segments);
}

/* A packet whose @n segments are the packets in its list of fragments, as for SCTP. */
static struct sk_buff *by_frags(struct fake *fake, unsigned int n)
{
	struct sk_buff *skb = gso_skb(fake, false, 1), *frag;
	struct sk_buff **end = &skb_shinfo(skb)->frag_list;

	skb_shinfo(skb)->gso_size = GSO_BY_FRAGS;
	skb_shinfo(skb)->gso_segs = 0;
	skb_shinfo(skb)->gso_type = SKB_GSO_SCTP;
	while (n--) {
		frag = fake_skb(fake, 10);
		skb_put_zero(frag, 10);
		skb->len += frag->len;
		skb->data_len += frag->len;
		skb->truesize += frag->truesize;
		*end = frag;
		end = &frag->next;
	}
	return skb;
}

/* FLT-12, INP-7: the segments of such a packet are charged to the batch as well. */
static void gso_bound_by_frags(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct fake_filter *f;
	struct sk_buff_head list;
	unsigned long seq;
	int i;

	fake->family.demux = gso_demux;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);

	/* The filter has batches charged with segments, but sees none of these packets. */
	f = fake_filter_new(fake, 'p', &fake_filter_in_ops);
	f->params.family = FAKE_PF_B;
	f->params.flags = DLIL_FILTER_SEGMENTS;
	KUNIT_ASSERT_EQ(test, fake_filter_attach(f), 0);
	fake_proto_v2(fake, 'x', FAKE_PF_A)->list_hook = bound_proto;
	__skb_queue_head_init(&list);
	for (i = 0; i < 6; i++)
		__skb_queue_tail(&list, by_frags(fake, 32));
	seq = batches_of(fake);
	KUNIT_EXPECT_EQ(test, fake_input(fake, &list), 0);
	KUNIT_EXPECT_EQ(test, dlil_input_flush(fake->ifp), 0);
	KUNIT_EXPECT_EQ(test, batches_of(fake) - seq, 3);
}

#define SET_MAX 31

/**
 * struct set - a bundle of filters that only trace their packets
 * @refs: references
 * @n: number of filters
 * @alive: bits of filters that have not been dropped
 * @f: the filters
 */
struct set {
	refcount_t refs;
	unsigned int n;
	unsigned long alive;
	struct fake_filter *f[SET_MAX];
};

/* Number of sets, and whether creating one fails or waits. */
static atomic_t sets;
static bool set_fails;
static struct fake *set_waits;

/* As few sets as possible. */
static int set_cut(void *const *cookies, unsigned int n, u16 *sizes)
{
	unsigned int i;

	for (i = 0; n > SET_MAX; n -= SET_MAX)
		sizes[i++] = SET_MAX;
	sizes[i++] = n;
	return i;
}

static void *set_make(void *const *cookies, unsigned int n, bool out)
{
	struct set *set;

	if (set_waits)
		fake_block(set_waits);
	set = set_fails ? NULL : kzalloc(sizeof(*set), GFP_KERNEL);
	if (!set)
		return NULL;
	refcount_set(&set->refs, 1);
	memcpy(set->f, cookies, n * sizeof(*cookies));
	set->n = n;
	set->alive = BIT(n) - 1;
	atomic_inc(&sets);
	return set;
}

static void set_drop(void *bundle, unsigned int i)
{
	struct set *set = bundle;

	clear_bit(i, &set->alive);
}

static void set_get(void *bundle)
{
	struct set *set = bundle;

	refcount_inc(&set->refs);
}

static void set_put(void *bundle)
{
	struct set *set = bundle;

	if (!refcount_dec_and_test(&set->refs))
		return;
	kfree(set);
	atomic_dec(&sets);
}

static int set_input(void *cookie, struct dlil_ifnet *ifp, u32 family,
		     struct sk_buff **skb)
{
	const struct fake_payload *payload = fake_payload(*skb);
	struct set *set = cookie;
	unsigned int i;

	for_each_set_bit(i, &set->alive, set->n)
		fake_trace(set->f[i]->fake, "%c%u", set->f[i]->tag, payload->seq);
	return 0;
}

static int set_traced(void *bundle, struct dlil_ifnet *ifp, u32 family,
		      struct sk_buff **skb, bool out, const char **name)
{
	return set_input(bundle, ifp, family, skb);
}

static const struct dlil_filter_bundle_ops set_ops = {
	.cut = set_cut,
	.make = set_make,
	.drop = set_drop,
	.traced = set_traced,
	.get = set_get,
	.put = set_put,
};

static struct fake_filter *set_filter(struct fake *fake, char tag)
{
	struct fake_filter *f;

	f = fake_filter_new(fake, tag, &fake_filter_in_ops);
	f->ops.input = set_input;
	f->ops.bundle = &set_ops;
	return f;
}

/* The second filter of the first bundle; must not be dereferenced. */
static const struct dlil_filter *second_in_set(struct fake *fake)
{
	const struct dlil_filter_vec *vec;

	vec = rcu_dereference_protected(fake->ifp->filters_in, true);
	KUNIT_ASSERT_NOT_NULL(fake->test, vec);
	KUNIT_ASSERT_EQ(fake->test, vec->slots[0].n, 2);
	return vec->slots[0].filters[1];
}

/* Make the memory of all detached filters available again. */
static void forget_dead(struct fake *fake)
{
	flush_work(&fake->ifp->end_work);
	rcu_barrier();
	dlil_filter_reuse();
}

/*
 * FLT-1, FLT-2: without memory for a new array, a dead filter stays in the old
 * one.  A new filter may get the address of the dead one, but must not get its
 * slot, which is stubbed.
 */
static void address_of_dead(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *a = set_filter(fake, 'a'), *b = set_filter(fake, 'b');
	struct fake_filter *c = set_filter(fake, 'c');
	struct fake *other = fake_attached(test);
	const struct dlil_filter *dead;
	int i;

	for (i = 0; i < FAKE_FILTERS; i++) {
		forget_dead(fake);
		KUNIT_ASSERT_EQ(test, fake_filter_attach(a), 0);
		KUNIT_ASSERT_EQ(test, fake_filter_attach(b), 0);
		dead = second_in_set(fake);
		set_fails = true;
		KUNIT_EXPECT_EQ(test, dlil_filter_detach(b->ref), 0);
		forget_dead(fake);
		set_fails = false;
		/* The stub still has the slot of the filter. */
		KUNIT_ASSERT_PTR_EQ(test, second_in_set(fake), dead);
		KUNIT_ASSERT_EQ(test, fake_filter_attach(c), 0);
		if (second_in_set(fake) == dead)
			break;
		KUNIT_EXPECT_EQ(test, dlil_filter_detach(c->ref), 0);
		KUNIT_EXPECT_EQ(test, dlil_filter_detach(a->ref), 0);
		/*
		 * If other filters stay, only the memory of the dead one is
		 * free.
		 */
		fake_filter(other, 'x', &fake_filter_in_ops);
	}
	KUNIT_ASSERT_LT_MSG(test, i, FAKE_FILTERS, "no address was used again");
	fake_trace_clear(fake);
	fake_input_new(fake, FAKE_PF_A, 1, 1);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "a1 c1");
	fake_detach(fake);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(!atomic_read(&sets)));
}

/* FLT-6, FLT-11: an array is freed when the batch that may use it is over. */
static void array_after_batch(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct dlil_reader *reader = &fake->ifp->inq.reader;
	struct fake_filter *b = set_filter(fake, 'b');

	KUNIT_ASSERT_EQ(test, fake_filter_attach(set_filter(fake, 'a')), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&sets), 1);
	/* This task takes the place of the thread, which is idle. */
	dlil_reader_enter(reader);
	KUNIT_EXPECT_EQ(test, fake_filter_attach(b), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&sets), 2);
	KUNIT_EXPECT_TRUE(test, fake_stays(atomic_read(&sets) == 2));
	dlil_reader_leave(reader);
	KUNIT_EXPECT_EQ(test, atomic_read(&sets), 1);

	/* A later batch has the new array, and does not keep the old one. */
	dlil_reader_enter(reader);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach_async(b->ref), 0);
	dlil_reader_leave(reader);
	dlil_reader_enter(reader);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(atomic_read(&b->detached)));
	dlil_reader_leave(reader);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(atomic_read(&sets) == 1));
	fake_detach(fake);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(!atomic_read(&sets)));
}

static int attach_second(struct fake_task *task)
{
	return fake_filter_attach(&task->fake->filters[1]);
}

static int attach_third(struct fake_task *task)
{
	return fake_filter_attach(&task->fake->filters[2]);
}

/*
 * FLT-1, FLT-8: a filter whose attach races with the detach of the ifnet is
 * detached with it; an attach that comes too late fails.
 */
static void attach_races_final_detach(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *first = set_filter(fake, 'a');
	struct fake_filter *second = set_filter(fake, 'b');
	struct fake_filter *third = set_filter(fake, 'c');
	struct fake_task *during, *late, *end;

	KUNIT_ASSERT_EQ(test, fake_filter_attach(first), 0);
	set_waits = fake;
	during = fake_run(fake, attach_second);
	fake_wait_blocked(fake);
	set_waits = NULL;
	late = fake_run(fake, attach_third);
	KUNIT_EXPECT_TRUE(test, fake_stays(!fake_done(late)));
	end = fake_run(fake, detach_ifnet);
	KUNIT_EXPECT_TRUE(test,
			  fake_wait_for(!dlil_ifnet_is_attached(fake->ifp)));
	/* The final detach proceeds as far as it can. */
	KUNIT_EXPECT_TRUE(test, fake_stays(!atomic_read(&first->detached) &&
					   !atomic_read(&fake->freed)));
	fake_unblock(fake);
	KUNIT_EXPECT_EQ(test, fake_join(during), 0);
	KUNIT_EXPECT_EQ(test, fake_join(late), -ENXIO);
	KUNIT_EXPECT_EQ(test, fake_join(end), 0);
	KUNIT_EXPECT_EQ(test, third->ref, 0);
	fake_detach(fake);
	KUNIT_EXPECT_EQ(test, atomic_read(&first->detached), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&second->detached), 1);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(!atomic_read(&sets)));
}

/* Milliseconds that the filters of an ifnet have left, in total. */
static int add_left(const struct dlil_filter *filter, void *arg)
{
	*(u32 *)arg += dlil_filter_left(filter);
	return 0;
}

static u32 left(struct fake *fake)
{
	u32 sum = 0;

	dlil_filter_for_each(fake->ifp, add_left, &sum);
	return sum;
}

static struct fake_filter *mortal(struct fake *fake, char tag, u32 lifetime)
{
	struct fake_filter *filter = fake_filter_new(fake, tag,
						     &fake_filter_in_ops);

	filter->params.lifetime = lifetime;
	KUNIT_ASSERT_EQ(fake->test, fake_filter_attach(filter), 0);
	return filter;
}

/* FLT-17: a filter is detached by itself when its time is over, and not before. */
static void lifetime(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *filter, *other;
	unsigned long begin, attached;

	other = fake_filter(fake, 'a', &fake_filter_in_ops);
	KUNIT_EXPECT_EQ(test, left(fake), 0);
	begin = jiffies;
	filter = mortal(fake, 'f', 2000);
	attached = jiffies;
	KUNIT_EXPECT_LE(test, left(fake), 2000);
	KUNIT_EXPECT_GT(test, left(fake), 1000);
	while (time_before(jiffies, attached + msecs_to_jiffies(1500)))
		schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_EQ(test, atomic_read(&filter->detached), 0);
	KUNIT_EXPECT_LE(test, left(fake), 500);
	KUNIT_EXPECT_GT(test, left(fake), 0);
	KUNIT_EXPECT_TRUE(test,
			  fake_wait_for(atomic_read(&filter->detached) == 1));
	KUNIT_EXPECT_TRUE(test, time_after_eq(jiffies, begin +
					      msecs_to_jiffies(2000)));
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(filter->ref), -EINVAL);
	KUNIT_EXPECT_EQ(test, atomic_read(&other->detached), 0);
	KUNIT_EXPECT_EQ(test, left(fake), 0);
}

static int extend(const struct dlil_filter *f, void *arg)
{
	((struct dlil_filter *)f)->expires += msecs_to_jiffies(1000);
	return 0;
}

/* FLT-17: a timer that is over too early, as those of many days are, is set again. */
static void lifetime_of_weeks(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	unsigned long begin = jiffies;
	struct fake_filter *filter = mortal(fake, 'f', 500);

	dlil_filter_for_each(fake->ifp, extend, NULL);
	KUNIT_EXPECT_TRUE(test,
			  fake_wait_for(atomic_read(&filter->detached) == 1));
	KUNIT_EXPECT_TRUE(test, time_after_eq(jiffies, begin +
					      msecs_to_jiffies(1500)));
}

/* FLT-17 FLT-2: a filter may end before its time, and its ifnet as well. */
static void lifetime_not_over(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *first = mortal(fake, 'f', INT_MAX);
	struct fake_filter *second = mortal(fake, 'g', 1000);

	KUNIT_EXPECT_EQ(test, dlil_filter_detach(first->ref), 0);
	fake_detach(fake);
	KUNIT_EXPECT_EQ(test, atomic_read(&second->detached), 1);
	/* Nothing happens when the time would be over. */
	schedule_timeout_uninterruptible(msecs_to_jiffies(1100));
	KUNIT_EXPECT_EQ(test, atomic_read(&first->detached), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&second->detached), 1);
}

/**
 * struct part - one part of a dump
 * @fake: owner of the filters
 * @room: number of further filters that fit
 */
struct part {
	struct fake *fake;
	unsigned int room;
};

static int put_in_part(const struct dlil_filter *filter, void *arg)
{
	const struct fake_filter *f = filter->cookie;
	struct part *part = arg;

	if (!part->room)
		return -EMSGSIZE;
	part->room--;
	fake_trace(part->fake, "%c", f->tag);
	return 0;
}

/*
 * LNX-11: a dump in parts has each filter that stays exactly once, even if
 * others come and go in between, including the one at the end of the last part.
 */
static void dump_in_parts(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct part part = { .fake = fake };
	struct fake_filter *f[6];
	u64 behind = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(f); i++)
		f[i] = fake_filter(fake, 'a' + i, &fake_filter_in_ops);
	part.room = 2;
	KUNIT_EXPECT_EQ(test, dlil_filters_behind(fake->ifp, &behind,
						  put_in_part, &part),
			-EMSGSIZE);
	FAKE_EXPECT_TRACE(fake, "a b");
	/* Nothing fits: nothing is skipped. */
	KUNIT_EXPECT_EQ(test, dlil_filters_behind(fake->ifp, &behind,
						  put_in_part, &part),
			-EMSGSIZE);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(f[0]->ref), 0);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(f[1]->ref), 0);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(f[3]->ref), 0);
	fake_filter(fake, 'g', &fake_filter_in_ops);
	fake_trace_clear(fake);
	part.room = 1;
	KUNIT_EXPECT_EQ(test, dlil_filters_behind(fake->ifp, &behind,
						  put_in_part, &part),
			-EMSGSIZE);
	FAKE_EXPECT_TRACE(fake, "c");
	part.room = 3;
	KUNIT_EXPECT_EQ(test, dlil_filters_behind(fake->ifp, &behind,
						  put_in_part, &part), 0);
	FAKE_EXPECT_TRACE(fake, "c e f g");
	KUNIT_EXPECT_EQ(test, dlil_filters_behind(fake->ifp, &behind,
						  put_in_part, &part), 0);
	FAKE_EXPECT_TRACE(fake, "c e f g");
}

static struct kunit_case dlil_filter_cases[] = {
	KUNIT_CASE_PARAM(gso_bound, bound_gen_params),
	KUNIT_CASE(gso_bound_by_frags),
	KUNIT_CASE_PARAM(attach_errors, attach_gen_params),
	KUNIT_CASE(longest_name),
	KUNIT_CASE(attach_null),
	KUNIT_CASE(attach_not_attached),
	KUNIT_CASE(module_pinned),
	KUNIT_CASE(module_going),
	KUNIT_CASE_PARAM(attach_under_traffic, input_gen_params),
	KUNIT_CASE_PARAM(order, direction_gen_params),
	KUNIT_CASE_PARAM(family_match, direction_gen_params),
	KUNIT_CASE_PARAM(verdicts, verdict_gen_params),
	KUNIT_CASE(skip_kinds),
	KUNIT_CASE_PARAM(replaced_packet, direction_gen_params),
	KUNIT_CASE_PARAM(lost_packet, direction_gen_params),
	KUNIT_CASE_PARAM(lost_in_silence, silent_gen_params),
	KUNIT_CASE(detach_waits),
	KUNIT_CASE(detach_in_old_array),
	KUNIT_CASE(detach_killed),
	KUNIT_CASE(detach_stale),
	KUNIT_CASE(detached_without_lock),
	KUNIT_CASE_PARAM(detach_from_own_callback, direction_gen_params),
	KUNIT_CASE_PARAM(detach_next_filter, direction_gen_params),
#ifdef CONFIG_SMP
	KUNIT_CASE(detach_waits_for_output),
#endif
	KUNIT_CASE(attach_from_callback),
	KUNIT_CASE(detach_races_final_detach),
	KUNIT_CASE(attach_races_final_detach),
	KUNIT_CASE(address_of_dead),
	KUNIT_CASE(array_after_batch),
	KUNIT_CASE(dump_in_parts),
	KUNIT_CASE(lifetime),
	KUNIT_CASE(lifetime_of_weeks),
	KUNIT_CASE(lifetime_not_over),
	KUNIT_CASE(final_detach_waits),
	KUNIT_CASE_PARAM(vlan_tagged, direction_gen_params),
	KUNIT_CASE(list_once_per_batch),
	KUNIT_CASE(list_mixed_order),
	KUNIT_CASE(list_verdicts),
	KUNIT_CASE(list_emptied),
	KUNIT_CASE(list_replaced),
	KUNIT_CASE_PARAM(replaced_bare, bare_gen_params),
	KUNIT_CASE(list_family),
	KUNIT_CASE(list_vlan),
	KUNIT_CASE(list_skip),
	KUNIT_CASE_PARAM(many_kinds, direction_gen_params),
	KUNIT_CASE(list_detach_waits),
	KUNIT_CASE(list_detach_from_callback),
	KUNIT_CASE(gso_refused_behind_filter),
	KUNIT_CASE_PARAM(gso_segments, gso_gen_params),
	KUNIT_CASE_PARAM(gso_unsummed, unsummed_gen_params),
	KUNIT_CASE_PARAM(gso_not_for_others, direction_gen_params),
	KUNIT_CASE_PARAM(gso_skip, direction_gen_params),
	KUNIT_CASE_PARAM(gso_dropped, direction_gen_params),
	KUNIT_CASE(gso_cloned),
	KUNIT_CASE_PARAM(gso_malformed, direction_gen_params),
	KUNIT_CASE(gso_recursion),
	{}
};

static struct kunit_suite dlil_filter_suite = {
	.name = "dlil_filter",
	.test_cases = dlil_filter_cases,
};

kunit_test_suite(dlil_filter_suite);
