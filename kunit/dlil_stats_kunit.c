// SPDX-License-Identifier: GPL-2.0
/* Counters: rows STA-1, STA-3, STA-4, STA-7, INP-6, and LNX-14 in the core. */
#include <linux/sched.h>
#include <linux/sched/types.h>

#include "../dlil_call.h"
#include "../dlil_stats.h"
#include "fail.h"
#include "fake.h"

static const u32 reasons[] = {
	DLIL_DROP_DETACHED, DLIL_DROP_DEMUX, DLIL_DROP_FILTER,
	DLIL_DROP_PROMISC, DLIL_DROP_NOPROTO, DLIL_DROP_PROTOCOL,
	DLIL_DROP_QUEUE_FULL, DLIL_DROP_NOMEM, DLIL_DROP_FRAMER,
	DLIL_DROP_RECURSION, DLIL_DROP_DRIVER, DLIL_DROP_SANITY,
	DLIL_DROP_POLICY, DLIL_DROP_TSO,
};

static_assert(ARRAY_SIZE(reasons) == DLIL_DROP_MAX);

static void reason_desc(const u32 *why, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "reason %u", *why);
}

KUNIT_ARRAY_PARAM(reason, reasons, reason_desc);

/* An ifnet that is not attached, with counters at 0. */
static struct fake *fake_fresh(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	fake_detach(fake);
	return fake;
}

static void refuse(struct fake *fake, u32 why)
{
	dlil_input_refused(fake->ifp, why);
	dlil_input_refused(fake->ifp, why);
	dlil_output_refused(fake->ifp, why);
	atomic_add(2, &fake->handed_in);
	atomic_add(1, &fake->handed_out);
}

/*
 * STA-4 STA-3: every reason is counted, per CPU or not, attached or not.  An
 * attach, and nothing else, sets the counters to 0.
 */
static void every_reason(struct kunit *test)
{
	const u32 *why = test->param_value;
	struct dlil_account in = {}, out = {};
	struct fake *fake = fake_fresh(test);
	int life;

	in.drops[*why] = 2;
	out.drops[*why] = 1;
	refuse(fake, *why);
	fake_read(fake);
	fake_expect_account(fake, &fake->in, &in, __LINE__);
	fake_expect_account(fake, &fake->out, &out, __LINE__);
	for (life = 1; life <= 2; life++) {
		KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
		refuse(fake, *why);
		fake_read(fake);
		fake_expect_account(fake, &fake->in, &in, __LINE__);
		fake_expect_account(fake, &fake->out, &out, __LINE__);
		KUNIT_EXPECT_EQ(test, fake->stats.iqdrops, 2);
		KUNIT_EXPECT_EQ(test, fake->in.freed, 2);
		KUNIT_EXPECT_EQ(test, fake->out.freed, 1);
		fake_detach(fake);
	}
	fake_read(fake);
	fake_expect_account(fake, &fake->in, &in, __LINE__);
}

/* STA-4: each reason is given to the kernel as the one that is most like it. */
static void kernel_reasons(struct kunit *test)
{
	static const enum skb_drop_reason wanted[] = {
		[DLIL_DROP_DETACHED] = SKB_DROP_REASON_DEV_READY,
		[DLIL_DROP_DEMUX] = SKB_DROP_REASON_HDR_TRUNC,
		[DLIL_DROP_FILTER] = SKB_DROP_REASON_NETFILTER_DROP,
		[DLIL_DROP_PROMISC] = SKB_DROP_REASON_OTHERHOST,
		[DLIL_DROP_NOPROTO] = SKB_DROP_REASON_UNHANDLED_PROTO,
		[DLIL_DROP_PROTOCOL] = SKB_DROP_REASON_UNHANDLED_PROTO,
		[DLIL_DROP_QUEUE_FULL] = SKB_DROP_REASON_CPU_BACKLOG,
		[DLIL_DROP_NOMEM] = SKB_DROP_REASON_NOMEM,
		[DLIL_DROP_FRAMER] = SKB_DROP_REASON_DEV_HDR,
		[DLIL_DROP_RECURSION] = SKB_DROP_REASON_NOT_SPECIFIED,
		[DLIL_DROP_DRIVER] = SKB_DROP_REASON_NOT_SPECIFIED,
		[DLIL_DROP_SANITY] = SKB_DROP_REASON_DEV_HDR,
		[DLIL_DROP_POLICY] = SKB_DROP_REASON_NETFILTER_DROP,
		[DLIL_DROP_TSO] = SKB_DROP_REASON_SKB_GSO_SEG,
	};
	struct fake *fake = fake_attached(test);
	enum dlil_drop_reason why;

	for (why = 0; why < ARRAY_SIZE(wanted); why++) {
		dlil_freed_why = SKB_DROP_REASON_MAX;
		dlil_drop_skb(fake->ifp, DLIL_IN, fake_skb(fake, 60), why);
		KUNIT_EXPECT_EQ_MSG(test, (int)dlil_freed_why, (int)wanted[why],
				    "reason %d", why);
	}
	KUNIT_EXPECT_EQ(test, (int)why, (int)DLIL_DROP_MAX);
}

static bool pcpu_is_zero(struct fake *fake)
{
	const struct dlil_pcpu_stats *s;
	int cpu;

	for_each_possible_cpu(cpu) {
		s = per_cpu_ptr(fake->ifp->stats, cpu);
		if (memchr_inv(s->stats, 0, sizeof(s->stats)) ||
		    memchr_inv(s->account, 0, sizeof(s->account)))
			return false;
	}
	return true;
}

/*
 * STA-1 STA-3 INP-6: holders of a reference may count at any time, even while
 * an attach clears the per-CPU counters; so they do not use these.
 */
static void not_attached(struct kunit *test)
{
	static const struct dlil_stats inc = { .ierrors = 3, .collisions = 1 };
	struct fake *fake = fake_fresh(test);

	dlil_stats_add(fake->ifp, &inc);
	refuse(fake, DLIL_DROP_QUEUE_FULL);
	KUNIT_EXPECT_EQ(test, fake_output_new(fake, FAKE_PF_A, 1, 3, 0),
			-ENXIO);
	KUNIT_EXPECT_EQ(test, fake_input_new(fake, FAKE_PF_A, 1, 2), -ENXIO);
	KUNIT_EXPECT_TRUE(test, pcpu_is_zero(fake));
	fake_read(fake);
	KUNIT_EXPECT_EQ(test, fake->stats.ierrors, 3);
	KUNIT_EXPECT_EQ(test, fake->stats.collisions, 1);
	FAKE_EXPECT_IN(fake, .drops[DLIL_DROP_QUEUE_FULL] = 2,
		       .drops[DLIL_DROP_DETACHED] = 2);
	FAKE_EXPECT_OUT(fake, .drops[DLIL_DROP_QUEUE_FULL] = 1,
			.drops[DLIL_DROP_DETACHED] = 3);

	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	dlil_stats_add(fake->ifp, &inc);
	KUNIT_EXPECT_FALSE(test, pcpu_is_zero(fake));
	fake_read(fake);
	KUNIT_EXPECT_EQ(test, fake->stats.ierrors, 3);
	FAKE_EXPECT_IN(fake);
	FAKE_EXPECT_OUT(fake);
}

#define TOLD_MAX 8

static struct {
	u32 direction;
	u64 n;
} told[TOLD_MAX];
static unsigned int n_told;

static void note_dropped(struct dlil_ifnet *ifp, u32 direction, u64 n)
{
	if (n_told < TOLD_MAX) {
		told[n_told].direction = direction;
		told[n_told].n = n;
	}
	n_told++;
}

static void expect_told(struct fake *fake, u32 direction, u64 n, int line)
{
	struct kunit *test = fake->test;

	fake_read(fake);
	KUNIT_EXPECT_EQ_MSG(test, n_told, 1, "line %d", line);
	KUNIT_EXPECT_EQ_MSG(test, told[0].direction, direction, "line %d",
			    line);
	KUNIT_EXPECT_EQ_MSG(test, told[0].n, n, "line %d", line);
	n_told = 0;
}

/*
 * LNX-14: drops are reported to the driver, once per batch, except packets that
 * it has refused itself.
 */
static void driver_told(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct fake_filter *f;
	struct sk_buff_head list;
	struct sk_buff *skb;

	n_told = 0;
	fake->driver.dropped = note_dropped;
	refuse(fake, DLIL_DROP_DETACHED);
	KUNIT_EXPECT_EQ(test, n_told, 0);
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);

	fake_input_new(fake, FAKE_PF_A, 1, 5);
	KUNIT_EXPECT_EQ(test, dlil_input_flush(fake->ifp), 0);
	expect_told(fake, DLIL_DIRECTION_IN, 5, __LINE__);

	dlil_input_refused(fake->ifp, DLIL_DROP_QUEUE_FULL);
	atomic_inc(&fake->handed_in);
	expect_told(fake, DLIL_DIRECTION_IN, 1, __LINE__);

	dlil_output_refused(fake->ifp, DLIL_DROP_NOPROTO);
	atomic_inc(&fake->handed_out);
	expect_told(fake, DLIL_DIRECTION_OUT, 1, __LINE__);

	KUNIT_EXPECT_EQ(test, fake_output_new(fake, FAKE_PF_A, 1, 3, 0),
			-ENXIO);
	expect_told(fake, DLIL_DIRECTION_OUT, 3, __LINE__);

	f = fake_filter(fake, 'a', &fake_filter_out_ops);
	f->verdict = -EPERM;
	fake_output_new(fake, FAKE_PF_A, 1, 1, DLIL_OUTPUT_RAW);
	expect_told(fake, DLIL_DIRECTION_OUT, 1, __LINE__);
	f->verdict = 0;

	skb = fake_raw(fake, 1);
	fake_payload(skb)->verdict[FAKE_DRIVER] = -EIO;
	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, skb);
	KUNIT_EXPECT_EQ(test, fake_output(fake, FAKE_PF_A, &list,
					  DLIL_OUTPUT_RAW), -EIO);
	KUNIT_EXPECT_EQ(test, n_told, 0);
	fake_read(fake);
	KUNIT_EXPECT_EQ(test, fake->out.drops[DLIL_DROP_DRIVER], 1);
}

#define SENDERS		5
#define SENT_BY_EACH	2000

static atomic_t wrong;

static int send_many(struct fake_task *task)
{
	struct fake *fake = task->fake;
	unsigned int i;

	set_cpus_allowed_ptr(current, cpumask_of(0));
	/* Every other task preempts those of the other kind. */
	if ((task - fake->tasks) % 2)
		sched_set_fifo_low(current);
	for (i = 0; i < SENT_BY_EACH; i++) {
		if (fake_output_new(fake, FAKE_PF_A, 1, 1, DLIL_OUTPUT_RAW))
			atomic_inc(&wrong);
		if (dlil_sender_current())
			atomic_inc(&wrong);
		if (i % 16 == 0)
			schedule_timeout_uninterruptible(i % 64 == 0);
	}
	return 0;
}

static int seen_once(void *cookie, struct dlil_ifnet *ifp, u32 family,
		     struct sk_buff **skb)
{
	struct fake_filter *f = cookie;

	atomic_inc(&f->calls);
	return 0;
}

static int swallow(struct dlil_ifnet *ifp, struct sk_buff *skb)
{
	consume_skb(skb);
	return 0;
}

/*
 * STA-1 OUT-10: tasks of different priority send on one CPU; all packets are
 * counted.
 */
static void many_senders(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct fake_task *tasks[SENDERS];
	struct fake_filter *f;
	unsigned int i;

	atomic_set(&wrong, 0);
	dlil_sender_by_task = true;
	fake->driver.output = swallow;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	f = fake_filter_new(fake, 'a', &fake_filter_out_ops);
	f->ops.output = seen_once;
	KUNIT_ASSERT_EQ(test, fake_filter_attach(f), 0);
	for (i = 0; i < SENDERS; i++)
		tasks[i] = fake_run(fake, send_many);
	for (i = 0; i < SENDERS; i++)
		KUNIT_EXPECT_EQ(test, fake_join(tasks[i]), 0);
	dlil_sender_by_task = IS_ENABLED(CONFIG_PREEMPT_RT);

	KUNIT_EXPECT_EQ(test, atomic_read(&wrong), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->calls), SENDERS * SENT_BY_EACH);
	fake_read(fake);
	FAKE_EXPECT_OUT(fake, .delivered = SENDERS * SENT_BY_EACH);
	KUNIT_EXPECT_EQ(test, fake->stats.opackets, SENDERS * SENT_BY_EACH);
}

/* Counters of the hardware, and the number of queries. */
static struct dlil_stats hardware;
static atomic_t questions;

static void tell_own(struct dlil_ifnet *ifp, struct dlil_stats *stats)
{
	WARN_ON(!rcu_read_lock_held());
	atomic_inc(&questions);
	stats->ierrors += hardware.ierrors;
	stats->oerrors += hardware.oerrors;
	stats->collisions += hardware.collisions;
}

static void expect_errors(struct fake *fake, u64 in, u64 out, u64 collisions)
{
	struct kunit *test = fake->test;

	fake_read(fake);
	KUNIT_EXPECT_EQ(test, fake->stats.ierrors, in);
	KUNIT_EXPECT_EQ(test, fake->stats.oerrors, out);
	KUNIT_EXPECT_EQ(test, fake->stats.collisions, collisions);
}

/*
 * STA-7, STA-1: counters of the driver are included: queried at each read while the
 * ifnet is attached, and the last values are kept until the next attach.
 */
static void own_counters(struct kunit *test)
{
	static const struct dlil_stats more = { .ierrors = 100 };
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	int asked;

	fake->driver.stats = tell_own;
	hardware = (struct dlil_stats){};
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	expect_errors(fake, 0, 0, 0);
	hardware = (struct dlil_stats){ .ierrors = 3, .oerrors = 4,
					.collisions = 5 };
	expect_errors(fake, 3, 4, 5);
	expect_errors(fake, 3, 4, 5);
	dlil_stats_add(fake->ifp, &more);
	expect_errors(fake, 103, 4, 5);
	hardware.oerrors++;
	KUNIT_ASSERT_TRUE(test, dlil_ifnet_io_begin(fake->ifp));
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), 0);
	asked = atomic_read(&questions);
	expect_errors(fake, 103, 5, 5);
	dlil_ifnet_io_end(fake->ifp);
	fake_detach(fake);
	expect_errors(fake, 103, 5, 5);
	KUNIT_EXPECT_EQ(test, atomic_read(&questions), asked);
	hardware = (struct dlil_stats){ .collisions = 1 };
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	expect_errors(fake, 0, 0, 1);
}

static int look_until_killed(struct fake_task *task)
{
	struct fake *fake = task->fake;
	struct dlil_account in, out;
	struct dlil_stats stats;
	u64 last = 0;

	while (!signal_pending(current)) {
		dlil_stats_read(fake->ifp, &stats, &in, &out);
		if (stats.ierrors < last || stats.ierrors > 7)
			atomic_inc(&wrong);
		last = stats.ierrors;
		cond_resched();
	}
	return last == 7 ? 0 : -EIO;
}

/* STA-7: reads during a detach see these counts once, and never decreasing. */
static void own_counters_while_detached(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct fake_task *task;

	fake->driver.stats = tell_own;
	hardware = (struct dlil_stats){ .ierrors = 7 };
	atomic_set(&wrong, 0);
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	task = fake_run(fake, look_until_killed);
	fake_stays(true);
	fake_detach(fake);
	fake_stays(true);
	fake_kill(task);
	KUNIT_EXPECT_EQ(test, fake_join(task), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&wrong), 0);
}

static struct kunit_case dlil_stats_cases[] = {
	KUNIT_CASE(own_counters),
	KUNIT_CASE(own_counters_while_detached),
	KUNIT_CASE_PARAM(every_reason, reason_gen_params),
	KUNIT_CASE(kernel_reasons),
	KUNIT_CASE(not_attached),
	KUNIT_CASE(driver_told),
	KUNIT_CASE(many_senders),
	{}
};

static struct kunit_suite dlil_stats_suite = {
	.name = "dlil_stats",
	.test_cases = dlil_stats_cases,
};

kunit_test_suite(dlil_stats_suite);
