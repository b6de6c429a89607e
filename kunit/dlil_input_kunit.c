// SPDX-License-Identifier: GPL-2.0
/* Input: rows INP-1 to INP-12, STA-1, STA-3. */
#include <linux/sched.h>

#include "../dlil_ifnet.h"
#include "fail.h"
#include "fake.h"

/* INP-1 */
static void bad_arguments(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct sk_buff_head list;

	__skb_queue_head_init(&list);
	KUNIT_EXPECT_EQ(test, dlil_input(fake->ifp, &list, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_input(fake->ifp, NULL, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_input(NULL, &list, NULL), -EINVAL);

	__skb_queue_tail(&list, fake_rx(fake, FAKE_PF_A, 1));
	__skb_queue_tail(&list, fake_rx(fake, FAKE_PF_A, 2));
	KUNIT_EXPECT_EQ(test, dlil_input(NULL, &list, NULL), -EINVAL);
	KUNIT_EXPECT_TRUE(test, skb_queue_empty(&list));
	KUNIT_EXPECT_EQ(test, fake_skbs(), 0);
}

struct thread_case {
	enum dlil_ifnet_family kind;
	bool multi;
	const char *thread;
};

static const struct thread_case thread_cases[] = {
	{ DLIL_IFNET_ETHERNET, true, "dlil/fake0" },
	{ DLIL_IFNET_CELLULAR, true, "dlil/fake0" },
	{ DLIL_IFNET_RAW, true, "dlil/main" },
	{ DLIL_IFNET_LOOPBACK, true, "dlil/main" },
	{ DLIL_IFNET_ANY, true, "dlil/main" },
	{ DLIL_IFNET_ETHERNET, false, "dlil/main" },
	{ DLIL_IFNET_CELLULAR, false, "dlil/main" },
};

static void thread_desc(const struct thread_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "family %d, %s", c->kind,
		 c->multi ? "many threads" : "one thread");
}

KUNIT_ARRAY_PARAM(thread, thread_cases, thread_desc);

static void note_thread(struct fake_proto *p)
{
	fake_trace(p->fake, "%s", current->comm);
}

/* INP-2: which ifnets have a thread of their own, and its name. */
static void thread_of_ifnet(struct kunit *test)
{
	const struct thread_case *c = test->param_value;
	bool multi = dlil_multi_threaded_input;
	char want[64];
	struct fake *fake;

	fake = fake_acquire(test, c->kind);
	dlil_multi_threaded_input = c->multi;
	KUNIT_EXPECT_EQ(test, fake_attach(fake), 0);
	dlil_multi_threaded_input = multi;
	fake_proto(fake, 'P', FAKE_PF_A)->hook = note_thread;

	KUNIT_EXPECT_EQ(test, fake_input_new(fake, FAKE_PF_A, 1, 1), 0);

	fake_read(fake);
	snprintf(want, sizeof(want), "P1 %s", c->thread);
	FAKE_EXPECT_TRACE(fake, want);
}

/* INP-2: two ifnets on the main thread do not get each other's packets. */
static void shared_thread(struct kunit *test)
{
	struct fake *first = fake_acquire(test, DLIL_IFNET_RAW);
	struct fake *second = fake_acquire(test, DLIL_IFNET_RAW);

	second->params.name = "fake1";
	second->params.ifindex++;
	KUNIT_ASSERT_EQ(test, fake_attach(first), 0);
	KUNIT_ASSERT_EQ(test, fake_attach(second), 0);
	fake_proto(first, 'P', FAKE_PF_A);
	fake_proto(second, 'Q', FAKE_PF_A);

	fake_input_new(first, FAKE_PF_A, 1, 2);
	fake_input_new(second, FAKE_PF_A, 11, 2);
	fake_input_new(first, FAKE_PF_A, 3, 1);

	fake_read(first);
	fake_read(second);
	FAKE_EXPECT_TRACE(first, "P1 P2 P3");
	FAKE_EXPECT_TRACE(second, "Q11 Q12");
	/* Detaching one of them does not disturb the other. */
	fake_detach(first);
	fake_input_new(second, FAKE_PF_A, 13, 1);
	fake_read(second);
	FAKE_EXPECT_TRACE(second, "Q11 Q12 Q13");
}

static DECLARE_COMPLETION(yield_to_me);

static void call_at_tenth(struct fake_proto *p)
{
	if (atomic_read(&p->packets) == 10)
		complete(&yield_to_me);
}

/* Records how many packets the input thread has processed when this task runs. */
static int run_at_once(struct fake_task *task)
{
	set_cpus_allowed_ptr(current, cpumask_of(0));
	sched_set_fifo(current);
	wait_for_completion(&yield_to_me);
	return atomic_read(&task->fake->protos[0].packets);
}

/* INP-7: another task gets the processor after at most 64 packets. */
static void yields(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_task *task;
	int at;

	reinit_completion(&yield_to_me);
	fake_proto(fake, 'P', FAKE_PF_A)->hook = call_at_tenth;
	/*
	 * Both on one processor; otherwise the other task could run all the
	 * time.
	 */
	set_cpus_allowed_ptr(fake->ifp->inq.thread->task, cpumask_of(0));
	task = fake_run(fake, run_at_once);
	/* The attach waits until the input thread runs. */
	schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_EQ(test, fake_input_new(fake, FAKE_PF_A, 1, 400), 0);
	at = fake_join(task);
	KUNIT_EXPECT_GE(test, at, 10);
	KUNIT_EXPECT_LE(test, at, 10 + 64);
	fake_read(fake);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake->protos[0].packets), 400);
}

static struct fake *attached_as(struct kunit *test, const char *name,
				enum dlil_ifnet_family kind, int ifindex)
{
	struct fake *fake = fake_acquire(test, kind);

	fake->params.name = name;
	fake->params.ifindex += ifindex;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	return fake;
}

static void block_thread(struct fake_proto *p)
{
	fake_block(p->fake);
}

/* The ifnet whose trace both use. */
static struct fake *order_notes;

static int note_order(void *cookie, struct dlil_ifnet *ifp, u32 family,
		      struct sk_buff *skb)
{
	struct fake_proto *p = cookie;

	fake_trace(order_notes, "%s", p->fake->ifp == ifp ?
		   dlil_ifnet_name(ifp) : "?");
	kfree_skb(skb);
	return 0;
}

static struct fake *noting(struct kunit *test, const char *name,
			   enum dlil_ifnet_family kind, int ifindex)
{
	struct fake *fake = attached_as(test, name, kind, ifindex);
	struct fake_proto *p = fake_proto_new(fake, 'P', FAKE_PF_A);

	p->ops.input = note_order;
	KUNIT_ASSERT_EQ(test, fake_proto_attach(p), 0);
	return fake;
}

/* Loop a packet back, as the stack does with multicast sent on @from. */
static void loop_back(struct fake *lo, const struct fake *from)
{
	struct sk_buff *skb = fake_rx(lo, FAKE_PF_A, 1);
	struct sk_buff_head list;

	skb->skb_iif = from->params.ifindex;
	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, skb);
	KUNIT_EXPECT_EQ(lo->test, fake_input(lo, &list), 0);
}

/*
 * INP-5: packets queued for loopback while the main thread is busy are
 * processed before those queued for others, earlier or later.  Their ifnet is
 * the loopback one, whatever skb->skb_iif is.
 */
static void loopback_first(struct kunit *test)
{
	struct fake *busy = attached_as(test, "busy", DLIL_IFNET_RAW, 1);
	struct fake *a = noting(test, "a", DLIL_IFNET_RAW, 2);
	struct fake *lo = noting(test, "lo", DLIL_IFNET_LOOPBACK, 3);
	struct fake *b = noting(test, "b", DLIL_IFNET_ANY, 4);

	order_notes = busy;
	fake_proto(busy, 'B', FAKE_PF_A)->hook = block_thread;
	fake_input_new(busy, FAKE_PF_A, 1, 1);
	fake_wait_blocked(busy);
	fake_trace_clear(busy);
	fake_input_new(a, FAKE_PF_A, 1, 1);
	loop_back(lo, b);
	fake_input_new(b, FAKE_PF_A, 1, 1);
	loop_back(lo, a);
	fake_unblock(busy);

	fake_read(a);
	fake_read(lo);
	fake_read(b);
	/* The others may come in any order. */
	KUNIT_EXPECT_TRUE_MSG(test, !strcmp(busy->trace, "lo lo a b") ||
			      !strcmp(busy->trace, "lo lo b a"), "%s",
			      busy->trace);
	FAKE_EXPECT_IN(lo, .delivered = 2);
}

static void set_limits(struct fake *fake, u32 packets, u32 bytes)
{
	mutex_lock(&fake->ifp->lock);
	dlil_inq_limit(fake->ifp, packets, bytes);
	mutex_unlock(&fake->ifp->lock);
}

static struct dlil_thread *thread_of(struct fake *fake)
{
	return READ_ONCE(fake->ifp->inq.thread);
}

static bool has_own(struct fake *fake)
{
	return thread_of(fake) == &fake->ifp->inq.own;
}

static int flush_input(struct fake_task *task)
{
	return dlil_input_flush(task->fake->ifp);
}

/* An ifnet on the main thread with one protocol. */
static struct fake *sharing(struct kunit *test, char tag,
			    enum dlil_ifnet_family kind, int ifindex)
{
	char *name = kunit_kzalloc(test, 2, GFP_KERNEL);
	struct fake *fake;

	KUNIT_ASSERT_NOT_NULL(test, name);
	*name = tag;
	fake = attached_as(test, name, kind, ifindex);
	fake_proto(fake, tag, FAKE_PF_A);
	return fake;
}

/* Make the main thread block in a callback of @fake. */
static void hold_main(struct fake *fake)
{
	fake->protos[0].hook = fake_block_proto;
	fake_input_new(fake, FAKE_PF_A, 1, 1);
	fake_wait_blocked(fake);
}

/*
 * LNX-13, INP-2: a sleeping callback does not block the main thread for long.
 * The ifnet with the callback takes over the task, and gets its packets in
 * order.  Packets, flushes and detaches of other ifnets continue.
 */
static void held_up(struct kunit *test)
{
	struct fake *a = sharing(test, 'a', DLIL_IFNET_RAW, 1);
	struct fake *b = sharing(test, 'b', DLIL_IFNET_RAW, 2);
	struct fake *lo = sharing(test, 'l', DLIL_IFNET_LOOPBACK, 3);
	struct dlil_thread *main = thread_of(a);
	struct task_struct *former = main->task;
	pid_t pid = dlil_inq_task(a->ifp);
	unsigned long since = jiffies;
	struct fake_task *task;
	bool own;
	int n;

	KUNIT_EXPECT_FALSE(test, has_own(a));
	hold_main(a);
	fake_input_new(a, FAKE_PF_A, 2, 2);
	task = fake_run(a, flush_input);
	fake_input_new(b, FAKE_PF_A, 1, 2);
	fake_input_new(lo, FAKE_PF_A, 1, 1);
	/* A short turn is not handed over. */
	schedule_timeout_uninterruptible(HZ * 3 / 4);
	own = has_own(a);
	n = atomic_read(&b->protos[0].packets);
	/* Unless the machine was too slow for this check. */
	if (time_before(jiffies, since + HZ)) {
		KUNIT_EXPECT_FALSE(test, own);
		KUNIT_EXPECT_EQ(test, n, 0);
	}

	KUNIT_EXPECT_EQ(test, dlil_input_flush(b->ifp), 0);
	KUNIT_EXPECT_EQ(test, dlil_input_flush(lo->ifp), 0);
	FAKE_EXPECT_TRACE(b, "b1 b2");
	FAKE_EXPECT_TRACE(lo, "l1");
	KUNIT_EXPECT_TRUE(test, has_own(a));
	KUNIT_EXPECT_PTR_EQ(test, thread_of(a)->task, former);
	KUNIT_EXPECT_EQ(test, dlil_inq_task(a->ifp), pid);
	KUNIT_EXPECT_STREQ(test, (const char *)former->comm, "dlil/a");
	KUNIT_EXPECT_PTR_EQ(test, thread_of(b), main);
	KUNIT_EXPECT_PTR_NE(test, main->task, former);
	KUNIT_EXPECT_NE(test, dlil_inq_task(b->ifp), pid);
	KUNIT_EXPECT_STREQ(test, (const char *)main->task->comm, "dlil/main");

	fake_input_new(a, FAKE_PF_A, 4, 2);
	fake_detach(b);
	KUNIT_EXPECT_EQ(test, fake_attach(b), 0);
	fake_detach(lo);
	KUNIT_EXPECT_FALSE(test, fake_done(task));
	KUNIT_EXPECT_EQ(test, atomic_read(&a->protos[0].packets), 1);

	fake_unblock(a);
	KUNIT_EXPECT_EQ(test, fake_join(task), 0);
	fake_input_new(a, FAKE_PF_A, 6, 1);
	KUNIT_EXPECT_EQ(test, dlil_input_flush(a->ifp), 0);
	FAKE_EXPECT_TRACE(a, "a1 a2 a3 a4 a5 a6");
	/* The thread belongs to the ifnet until that is detached. */
	KUNIT_EXPECT_TRUE(test, has_own(a));
	fake_detach(a);
	KUNIT_EXPECT_EQ(test, fake_attach(a), 0);
	KUNIT_EXPECT_PTR_EQ(test, thread_of(a), main);
}

/* LNX-13: the same if the ifnet is detached before its callback returns. */
static void held_up_detached(struct kunit *test)
{
	static const enum dlil_ifnet_family kinds[] = {
		DLIL_IFNET_RAW, DLIL_IFNET_LOOPBACK
	};
	struct fake *b = sharing(test, 'b', DLIL_IFNET_RAW, 2);
	struct fake *a;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		a = sharing(test, 'a', kinds[i], 3);
		hold_main(a);
		fake_input_new(a, FAKE_PF_A, 2, 100);
		/* Before the task is handed over, and after. */
		if (!i)
			KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(a->ifp), 0);
		KUNIT_EXPECT_EQ(test, dlil_input_flush(b->ifp), 0);
		KUNIT_EXPECT_TRUE(test, has_own(a));
		if (i)
			KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(a->ifp), 0);
		fake_input_new(b, FAKE_PF_A, 1, 1);
		KUNIT_EXPECT_EQ(test, dlil_input_flush(b->ifp), 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&a->freed), 0);
		fake_unblock(a);
		fake_detach(a);
		KUNIT_EXPECT_EQ(test, atomic_read(&a->freed), 1);
		fake_read(a);
		FAKE_EXPECT_IN(a, .delivered = 1,
			       .drops[DLIL_DROP_DETACHED] = 100);
	}
	fake_read(b);
	FAKE_EXPECT_IN(b, .delivered = 2);
}

/**
 * struct noted_flush - a flush that is traced
 * @flush: the flush
 * @fake: ifnet whose trace is used
 */
struct noted_flush {
	struct dlil_flush flush;
	struct fake *fake;
};

static void note_flush(struct dlil_flush *flush)
{
	fake_trace(container_of(flush, struct noted_flush, flush)->fake, "F");
}

/*
 * A flush is called behind the packets of its ifnet, and does not wait for
 * others.
 */
static void flush_noted(struct fake *fake, struct noted_flush *f)
{
	f->flush.fn = note_flush;
	f->fake = fake;
	KUNIT_ASSERT_TRUE(fake->test, dlil_ifnet_io_begin(fake->ifp));
	dlil_inq_flush(fake->ifp, &f->flush);
	dlil_ifnet_io_end(fake->ifp);
}

/*
 * LNX-13: if one pass of the main thread blocks twice, the next task continues
 * each time with the queues and flushes that the pass has taken.
 */
static void held_up_twice(struct kunit *test)
{
	struct fake *busy = sharing(test, 'm', DLIL_IFNET_RAW, 1);
	struct fake *a = sharing(test, 'a', DLIL_IFNET_RAW, 2);
	struct fake *b = sharing(test, 'b', DLIL_IFNET_RAW, 3);
	struct fake *c = sharing(test, 'c', DLIL_IFNET_RAW, 4);
	struct noted_flush flushes[3] = {};

	hold_main(busy);
	a->protos[0].hook = fake_block_proto;
	b->protos[0].hook = fake_block_proto;
	/* Turns are taken in the reverse order. */
	fake_input_new(c, FAKE_PF_A, 1, 3);
	fake_input_new(b, FAKE_PF_A, 1, 3);
	fake_input_new(a, FAKE_PF_A, 1, 3);
	flush_noted(a, &flushes[0]);
	flush_noted(b, &flushes[1]);
	flush_noted(c, &flushes[2]);
	fake_unblock(busy);

	KUNIT_EXPECT_EQ(test, dlil_input_flush(c->ifp), 0);
	FAKE_EXPECT_TRACE(c, "c1 c2 c3 F");
	KUNIT_EXPECT_TRUE(test, has_own(a));
	KUNIT_EXPECT_TRUE(test, has_own(b));
	KUNIT_EXPECT_PTR_NE(test, thread_of(a)->task, thread_of(b)->task);
	KUNIT_EXPECT_FALSE(test, has_own(c));
	FAKE_EXPECT_TRACE(a, "a1");
	FAKE_EXPECT_TRACE(b, "b1");

	fake_unblock(b);
	KUNIT_EXPECT_EQ(test, dlil_input_flush(b->ifp), 0);
	FAKE_EXPECT_TRACE(b, "b1 b2 b3 F");
	FAKE_EXPECT_TRACE(a, "a1");
	fake_unblock(a);
	KUNIT_EXPECT_EQ(test, dlil_input_flush(a->ifp), 0);
	FAKE_EXPECT_TRACE(a, "a1 a2 a3 F");
}

static atomic_t out_of_order, next_seq;
static bool stop_producing;

static int take_in_order(void *cookie, struct dlil_ifnet *ifp, u32 family,
			 struct sk_buff *skb)
{
	struct fake_proto *p = cookie;

	if (fake_payload(skb)->seq != atomic_inc_return(&next_seq))
		atomic_inc(&out_of_order);
	if (fake_payload(skb)->seq == 1)
		fake_block(p->fake);
	kfree_skb(skb);
	return 0;
}

static int produce_in_order(struct fake_task *task)
{
	u32 seq = 1;

	while (!READ_ONCE(stop_producing)) {
		fake_input_new(task->fake, FAKE_PF_A, seq, 1);
		if (seq++ % 4 == 0)
			schedule_timeout_uninterruptible(1);
	}
	return 0;
}

/*
 * LNX-13, INP-9: packets that arrive while the task is handed over stay in
 * order.
 */
static void held_up_under_traffic(struct kunit *test)
{
	struct fake *a = attached_as(test, "a", DLIL_IFNET_RAW, 1);
	struct fake *b = sharing(test, 'b', DLIL_IFNET_RAW, 2);
	struct fake_proto *p = fake_proto_new(a, 'a', FAKE_PF_A);
	struct fake_task *task;

	p->ops.input = take_in_order;
	KUNIT_ASSERT_EQ(test, fake_proto_attach(p), 0);
	set_limits(a, DLIL_INQ_PACKETS_MAX, DLIL_INQ_BYTES_MAX);
	atomic_set(&out_of_order, 0);
	atomic_set(&next_seq, 0);
	stop_producing = false;
	task = fake_run(a, produce_in_order);
	fake_wait_blocked(a);
	KUNIT_EXPECT_EQ(test, dlil_input_flush(b->ifp), 0);
	KUNIT_EXPECT_TRUE(test, has_own(a));
	fake_unblock(a);
	schedule_timeout_uninterruptible(HZ / 10);
	WRITE_ONCE(stop_producing, true);
	fake_join(task);
	fake_read(a);
	KUNIT_EXPECT_EQ(test, atomic_read(&out_of_order), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&next_seq),
			atomic_read(&a->handed_in));
	KUNIT_EXPECT_EQ(test, a->in.delivered, atomic_read(&a->handed_in));
}

static unsigned long sleeps(struct fake *fake)
{
	return READ_ONCE(fake->ifp->inq.thread->task->nvcsw);
}

static bool is_asleep(struct fake *fake)
{
	return READ_ONCE(fake->ifp->inq.thread->asleep);
}

/* INP-3: a list wakes the thread once and is processed in order. */
static void one_wake_per_list(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	unsigned long before;

	fake_proto(fake, 'P', FAKE_PF_A);
	KUNIT_ASSERT_TRUE(test, fake_wait_for(is_asleep(fake)));
	KUNIT_ASSERT_TRUE(test, fake_stays(is_asleep(fake)));
	before = sleeps(fake);

	KUNIT_EXPECT_EQ(test, fake_input_new(fake, FAKE_PF_A, 1, 10), 0);

	fake_read(fake);
	KUNIT_ASSERT_TRUE(test, fake_stays(is_asleep(fake)));
	KUNIT_EXPECT_EQ(test, sleeps(fake), before + 1);
	FAKE_EXPECT_TRACE(fake, "P1 P2 P3 P4 P5 P6 P7 P8 P9 P10");
}

/* Remaining jiffies of the sleep when the thread was woken. */
static long woken_early;

static void sleep_for_a_while(struct fake_proto *p)
{
	p->hook = NULL;
	/* As set_current_state(), but early, so that no wake-up is lost. */
	set_current_state(TASK_IDLE);
	complete(&p->fake->entered);
	woken_early = schedule_timeout(HZ / 2);
}

/*
 * INP-3: producers do not wake a thread that is not marked asleep.  Here the
 * thread sleeps in a callback, where a wake-up can be detected.
 */
static void no_wake_while_at_work(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	int i;

	woken_early = -1;
	fake_proto(fake, 'P', FAKE_PF_A)->hook = sleep_for_a_while;
	fake_input_new(fake, FAKE_PF_A, 1, 1);
	fake_wait_blocked(fake);
	for (i = 0; i < 20; i++) {
		KUNIT_EXPECT_EQ(test, fake_input_new(fake, FAKE_PF_A, 2, 3), 0);
		schedule_timeout_uninterruptible(1);
	}
	fake_read(fake);
	FAKE_EXPECT_IN(fake, .delivered = 61);
	KUNIT_EXPECT_EQ(test, woken_early, 0L);
}

/* INP-3, INP-7: queued lists of any length are processed in order. */
static void lists_in_order(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct sk_buff *skb;

	fake_proto(fake, 'P', FAKE_PF_A)->hook = fake_block_proto;
	fake_input_new(fake, FAKE_PF_A, 1, 1);
	fake_wait_blocked(fake);

	fake_input_new(fake, FAKE_PF_A, 2, 1);
	fake_input_new(fake, FAKE_PF_A, 3, 2);
	fake_input_new(fake, FAKE_PF_A, 5, 3);
	skb = fake_rx(fake, FAKE_PF_A, 8);
	atomic_inc(&fake->handed_in);
	KUNIT_EXPECT_EQ(test, dlil_input_one(fake->ifp, skb), 0);
	fake_input_new(fake, FAKE_PF_A, 9, 2);
	fake_unblock(fake);

	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "P1 P2 P3 P4 P5 P6 P7 P8 P9 P10");
}

#define MANY	200

static int take_list(struct fake_proto *p, struct sk_buff_head *list)
{
	KUNIT_EXPECT_LE(p->fake->test, skb_queue_len(list), DLIL_INPUT_BATCH);
	__skb_queue_purge(list);
	return 0;
}

/* INP-7: the thread yields between batches of a long list. */
static void long_list(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	u32 seq, len = 0;
	char *want;

	want = kunit_kzalloc(test, FAKE_TRACE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, want);
	fake_proto_v2(fake, 'P', FAKE_PF_A)->list_hook = take_list;

	KUNIT_EXPECT_EQ(test, fake_input_new(fake, FAKE_PF_A, 1, MANY), 0);

	for (seq = 1; seq <= MANY; seq++) {
		if (seq % DLIL_INPUT_BATCH == 1)
			len += scnprintf(want + len, FAKE_TRACE - len, "%sP[",
					 seq > 1 ? " ] " : "");
		len += scnprintf(want + len, FAKE_TRACE - len, " %u", seq);
	}
	scnprintf(want + len, FAKE_TRACE - len, " ]");
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, want);
	FAKE_EXPECT_IN(fake, .delivered = MANY);
}

/* Packets of each case, which share one fate in one batch. */
#define PACKETS	3

/**
 * struct path_case - a packet and its expected path
 * @name: name of the case
 * @payload: instructions in the packet
 * @unmatched: number of packets that the driver's `unmatched` keeps, -1 without
 *	it
 * @trace: expected calls for all packets
 * @account: expected account
 * @stats: expected counters
 */
struct path_case {
	const char *name;
	struct fake_payload payload;
	int unmatched;
	const char *trace;
	struct dlil_account account;
	struct dlil_stats stats;
};

/*
 * a: a filter for all protocols, b: for family A; P: protocol of family A,
 * version 1.
 */
static const struct path_case path_cases[] = {
	{
		.name = "delivered",
		.payload = { .family = FAKE_PF_A },
		.unmatched = PACKETS,
		.trace = "a0 b0 a1 b1 a2 b2 P0 P1 P2",
		.account = { .delivered = PACKETS },
	}, {
		.name = "protocol steals",
		.payload = { .family = FAKE_PF_A,
			     .verdict[FAKE_PROTO] = DLIL_STOLEN },
		.unmatched = PACKETS,
		.trace = "a0 b0 a1 b1 a2 b2 P0 P1 P2",
		.account = { .stolen = PACKETS },
	}, {
		.name = "protocol refuses",
		.payload = { .family = FAKE_PF_A,
			     .verdict[FAKE_PROTO] = -EPROTO },
		.unmatched = PACKETS,
		.trace = "a0 b0 a1 b1 a2 b2 P0 P1 P2",
		.account = { .drops[DLIL_DROP_PROTOCOL] = PACKETS },
	}, {
		.name = "filter steals",
		.payload = { .family = FAKE_PF_A,
			     .verdict[FAKE_FILTER_IN] = DLIL_STOLEN },
		.unmatched = PACKETS,
		.trace = "a0 a1 a2",
		.account = { .stolen = PACKETS },
	}, {
		.name = "filter refuses",
		.payload = { .family = FAKE_PF_A,
			     .verdict[FAKE_FILTER_IN] = -EPERM },
		.unmatched = PACKETS,
		.trace = "a0 a1 a2",
		.account = { .drops[DLIL_DROP_FILTER] = PACKETS },
	}, {
		.name = "demux steals",
		.payload = { .family = FAKE_PF_A,
			     .verdict[FAKE_DEMUX] = DLIL_STOLEN },
		.unmatched = PACKETS,
		.trace = "",
		.account = { .stolen = PACKETS },
	}, {
		.name = "demux error",
		.payload = { .family = FAKE_PF_A,
			     .verdict[FAKE_DEMUX] = -EINVAL },
		.unmatched = -1,
		.trace = "a0 a1 a2",
		.account = { .drops[DLIL_DROP_DEMUX] = PACKETS },
	}, {
		.name = "demux error, driver keeps some",
		.payload = { .family = FAKE_PF_A,
			     .verdict[FAKE_DEMUX] = -EINVAL },
		.unmatched = 1,
		.trace = "a0 a1 a2 U1[ 0 1 2 ]",
		.account = { .passed = 1, .drops[DLIL_DROP_DEMUX] = PACKETS - 1 },
	}, {
		.name = "demux error, filter steals",
		.payload = { .verdict[FAKE_DEMUX] = -EINVAL,
			     .verdict[FAKE_FILTER_IN] = DLIL_STOLEN },
		.unmatched = PACKETS,
		.trace = "a0 a1 a2",
		.account = { .stolen = PACKETS },
	}, {
		.name = "no descriptor",
		.payload = { .verdict[FAKE_DEMUX] = -ENOENT },
		.unmatched = -1,
		.trace = "a0 a1 a2",
		.account = { .drops[DLIL_DROP_NOPROTO] = PACKETS },
		.stats = { .noproto = PACKETS },
	}, {
		.name = "no protocol",
		.payload = { .family = FAKE_PF_B },
		.unmatched = -1,
		.trace = "a0 a1 a2",
		.account = { .drops[DLIL_DROP_NOPROTO] = PACKETS },
		.stats = { .noproto = PACKETS },
	}, {
		.name = "no protocol, driver keeps all",
		.payload = { .family = FAKE_PF_B },
		.unmatched = PACKETS,
		.trace = "a0 a1 a2 U4[ 0 1 2 ]",
		.account = { .passed = PACKETS },
		.stats = { .noproto = PACKETS },
	}, {
		.name = "promiscuous",
		.payload = { .family = FAKE_PF_A,
			     .pkt_type = PACKET_OTHERHOST },
		.unmatched = -1,
		.trace = "a0 b0 a1 b1 a2 b2",
		.account = { .drops[DLIL_DROP_PROMISC] = PACKETS },
	}, {
		.name = "promiscuous, driver keeps none",
		.payload = { .family = FAKE_PF_A,
			     .pkt_type = PACKET_OTHERHOST },
		.unmatched = 0,
		.trace = "a0 b0 a1 b1 a2 b2 U3[ 0 1 2 ]",
		.account = { .drops[DLIL_DROP_PROMISC] = PACKETS },
	}, {
		.name = "promiscuous, driver keeps all",
		.payload = { .family = FAKE_PF_A,
			     .pkt_type = PACKET_OTHERHOST },
		.unmatched = PACKETS,
		.trace = "a0 b0 a1 b1 a2 b2 U3[ 0 1 2 ]",
		.account = { .passed = PACKETS },
	}, {
		.name = "multicast",
		.payload = { .family = FAKE_PF_A,
			     .pkt_type = PACKET_MULTICAST },
		.unmatched = PACKETS,
		.trace = "a0 b0 a1 b1 a2 b2 P0 P1 P2",
		.account = { .delivered = PACKETS },
		.stats = { .imcasts = PACKETS },
	}, {
		.name = "broadcast",
		.payload = { .family = FAKE_PF_A,
			     .pkt_type = PACKET_BROADCAST },
		.unmatched = PACKETS,
		.trace = "a0 b0 a1 b1 a2 b2 P0 P1 P2",
		.account = { .delivered = PACKETS },
		.stats = { .imcasts = PACKETS },
	}, {
		.name = "multicast that a filter refuses",
		.payload = { .family = FAKE_PF_A,
			     .pkt_type = PACKET_MULTICAST,
			     .verdict[FAKE_FILTER_IN] = -EPERM },
		.unmatched = PACKETS,
		.trace = "a0 a1 a2",
		.account = { .drops[DLIL_DROP_FILTER] = PACKETS },
		.stats = { .imcasts = PACKETS },
	},
};

static void path_desc(const struct path_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(path, path_cases, path_desc);

/* INP-8, INP-10, FLT-4, FLT-5, LNX-5, STA-3, STA-4 */
static void path_of_packet(struct kunit *test)
{
	const struct path_case *c = test->param_value;
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct fake_filter *filter;
	struct sk_buff_head list;
	struct sk_buff *skb;
	u32 seq;

	if (c->unmatched >= 0) {
		fake->driver.unmatched = fake_unmatched;
		fake->keep_unmatched = c->unmatched;
	}
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	fake_filter(fake, 'a', &fake_filter_in_ops);
	filter = fake_filter_new(fake, 'b', &fake_filter_in_ops);
	filter->params.family = FAKE_PF_A;
	KUNIT_ASSERT_EQ(test, fake_filter_attach(filter), 0);
	fake_proto(fake, 'P', FAKE_PF_A);

	__skb_queue_head_init(&list);
	for (seq = 0; seq < PACKETS; seq++) {
		skb = fake_rx(fake, 0, 0);
		*fake_payload(skb) = c->payload;
		fake_payload(skb)->seq = seq;
		__skb_queue_tail(&list, skb);
	}
	KUNIT_EXPECT_EQ(test, fake_input(fake, &list), 0);

	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, c->trace);
	fake_expect_account(fake, &fake->in, &c->account, __LINE__);
	KUNIT_EXPECT_EQ(test, memcmp(&fake->stats, &c->stats,
				     sizeof(c->stats)), 0);
}

static void append(struct fake *fake, struct sk_buff_head *list, u32 family,
		   u32 seq, int demux)
{
	struct sk_buff *skb = fake_rx(fake, family, seq);

	fake_payload(skb)->verdict[FAKE_DEMUX] = demux;
	__skb_queue_tail(list, skb);
}

/* INP-9: a batch ends where the protocol changes; packets stay in order. */
static void batches(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct sk_buff_head list;

	fake->driver.unmatched = fake_unmatched;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	fake_proto_v2(fake, 'P', FAKE_PF_A);
	fake_proto_v2(fake, 'Q', FAKE_PF_B);
	__skb_queue_head_init(&list);
	append(fake, &list, FAKE_PF_A, 1, 0);
	append(fake, &list, FAKE_PF_A, 2, 0);
	append(fake, &list, FAKE_PF_B, 3, 0);
	append(fake, &list, FAKE_PF_A, 4, 0);
	append(fake, &list, FAKE_PF_C, 5, 0);
	append(fake, &list, FAKE_PF_C, 6, -ENOENT);
	append(fake, &list, FAKE_PF_C, 7, -EINVAL);
	append(fake, &list, FAKE_PF_B, 8, 0);
	append(fake, &list, FAKE_PF_B, 9, DLIL_STOLEN);
	append(fake, &list, FAKE_PF_B, 10, 0);

	fake_input(fake, &list);

	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "P[ 1 2 ] Q[ 3 ] P[ 4 ] U4[ 5 6 ] U1[ 7 ] Q[ 8 10 ]");
	FAKE_EXPECT_IN(fake, .delivered = 6, .stolen = 1,
		       .drops[DLIL_DROP_NOPROTO] = 2,
		       .drops[DLIL_DROP_DEMUX] = 1);
}

static int check_header(struct fake_proto *p, struct sk_buff_head *list)
{
	struct sk_buff *skb;

	skb_queue_walk(list, skb)
		KUNIT_EXPECT_EQ(p->fake->test,
				skb->data - skb_mac_header(skb), FAKE_HLEN);
	__skb_queue_purge(list);
	return 0;
}

/* INP-9: the offset of the link header is kept. */
static void header_position(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_proto *proto;

	proto = fake_proto_v2(fake, 'P', FAKE_PF_A);
	proto->list_hook = check_header;
	fake_input_new(fake, FAKE_PF_A, 1, 2);
	fake_read(fake);
	KUNIT_EXPECT_EQ(test, atomic_read(&proto->packets), 2);
}

static int expect_no_header(struct fake_proto *p, struct sk_buff_head *list)
{
	struct sk_buff *skb = skb_peek(list);

	KUNIT_EXPECT_PTR_EQ(p->fake->test, skb_mac_header(skb), skb->data);
	__skb_queue_purge(list);
	return 0;
}

/* INP-9: a packet without mac_header gets an empty link header. */
static void no_header(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct sk_buff_head list;
	struct sk_buff *skb;

	fake_proto_v2(fake, 'P', FAKE_PF_A)->list_hook = expect_no_header;
	__skb_queue_head_init(&list);
	skb = fake_rx(fake, FAKE_PF_A, 1);
	skb_unset_mac_header(skb);
	__skb_queue_tail(&list, skb);
	fake_input(fake, &list);
	fake_read(fake);
	FAKE_EXPECT_IN(fake, .delivered = 1);
}

struct version_case {
	const char *name;
	bool v2;
	int verdict;
	struct dlil_account account;
};

static const struct version_case version_cases[] = {
	{ "v1 takes", false, 0, { .delivered = 3 } },
	{ "v1 steals", false, DLIL_STOLEN, { .stolen = 3 } },
	{ "v1 refuses", false, -EIO, { .drops[DLIL_DROP_PROTOCOL] = 3 } },
	{ "v2 takes", true, 0, { .delivered = 3 } },
	{ "v2 steals", true, DLIL_STOLEN, { .stolen = 3 } },
	{ "v2 refuses", true, -EIO, { .drops[DLIL_DROP_PROTOCOL] = 3 } },
};

static void version_desc(const struct version_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(version, version_cases, version_desc);

/* INP-10: a protocol with both callbacks gets calls of its version only. */
static void versions(struct kunit *test)
{
	const struct version_case *c = test->param_value;
	struct fake *fake = fake_attached(test);
	struct sk_buff_head list;
	struct sk_buff *skb;
	u32 seq;

	if (c->v2)
		fake_proto_v2(fake, 'P', FAKE_PF_A);
	else
		fake_proto(fake, 'P', FAKE_PF_A);
	__skb_queue_head_init(&list);
	for (seq = 1; seq <= 3; seq++) {
		skb = fake_rx(fake, FAKE_PF_A, seq);
		fake_payload(skb)->verdict[FAKE_PROTO] = c->verdict;
		__skb_queue_tail(&list, skb);
	}
	fake_input(fake, &list);

	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, c->v2 ? "P[ 1 2 3 ]" : "P1 P2 P3");
	fake_expect_account(fake, &fake->in, &c->account, __LINE__);
}

static int take_first(struct fake_proto *p, struct sk_buff_head *list)
{
	kfree_skb(__skb_dequeue(list));
	return -EIO;
}

/* Take two packets, and put @n others into the list. */
static void take_and_add(struct fake *fake, struct sk_buff_head *list,
			 unsigned int n)
{
	kfree_skb(__skb_dequeue(list));
	kfree_skb(__skb_dequeue(list));
	while (n--)
		__skb_queue_tail(list, fake_rx(fake, FAKE_PF_A, 99));
}

static int leave_more(struct fake_proto *p, struct sk_buff_head *list)
{
	take_and_add(p->fake, list, 5);
	return 0;
}

static void leave_more_unmatched(struct dlil_ifnet *ifp,
				 struct sk_buff_head *list,
				 enum dlil_drop_reason why)
{
	take_and_add(dlil_ifnet_priv(ifp), list, 5);
}

/*
 * INP-10, STA-3: a callback that returns more packets than it got causes one
 * warning, and no counter wraps.
 */
static void more_than_it_got(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	int level = fake_silence();

	fake->driver.unmatched = leave_more_unmatched;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	fake_proto_v2(fake, 'P', FAKE_PF_A)->list_hook = leave_more;
	fake_input_new(fake, FAKE_PF_A, 1, 3);
	fake_input_new(fake, FAKE_PF_B, 4, 3);
	KUNIT_EXPECT_EQ(test, dlil_input_flush(fake->ifp), 0);
	fake_end_silence(level);
	KUNIT_EXPECT_TRUE(test, test_taint(TAINT_WARN));
	atomic_add(6, &fake->handed_in);
	fake_read(fake);
	FAKE_EXPECT_IN(fake, .drops[DLIL_DROP_PROTOCOL] = 6,
		       .drops[DLIL_DROP_NOPROTO] = 6);
	KUNIT_EXPECT_EQ(test, fake->stats.noproto, 3);
}

/* INP-10: packets that a version 2 protocol leaves in the list are freed. */
static void list_taken_in_part(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	fake_proto_v2(fake, 'P', FAKE_PF_A)->list_hook = take_first;
	fake_input_new(fake, FAKE_PF_A, 1, 3);
	fake_read(fake);
	FAKE_EXPECT_IN(fake, .delivered = 1, .drops[DLIL_DROP_PROTOCOL] = 2);
}

static void expect_queued(struct fake *fake, u32 packets, u32 bytes)
{
	u32 p, b;

	dlil_inq_used(&fake->ifp->inq, &p, &b);
	KUNIT_EXPECT_EQ(fake->test, p, packets);
	KUNIT_EXPECT_EQ(fake->test, b, bytes);
}

/* Queue one packet with dlil_input_one(). */
static int input_one(struct fake *fake, u32 seq)
{
	atomic_inc(&fake->handed_in);
	return dlil_input_one(fake->ifp, fake_rx(fake, FAKE_PF_A, seq));
}

/* The truesize of a packet of fake_input_new(). */
static u32 fake_truesize(struct fake *fake)
{
	struct sk_buff *skb = fake_rx(fake, FAKE_PF_A, 0);
	u32 truesize = skb->truesize;

	kfree_skb(skb);
	return truesize;
}

/**
 * struct limit_case - limits of a queue
 * @name: name of the case
 * @packets: limit of packets
 * @bytes: limit of bytes, in addition to four packets
 * @fit: number of packets that fit
 */
struct limit_case {
	const char *name;
	u32 packets;
	int bytes;
	u32 fit;
};

static const struct limit_case limit_cases[] = {
	{ "packets", 4, 1 << 20, 4 },
	{ "bytes, exactly", 2048, 0, 4 },
	{ "bytes, one less", 2048, -1, 3 },
	{ "bytes, one more", 2048, 1, 4 },
	{ "both at once", 4, 0, 4 },
	{ "packets first", 3, 0, 3 },
	{ "bytes first", 4, -1, 3 },
};

static void limit_desc(const struct limit_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(limit, limit_cases, limit_desc);

/* A queue of the case, whose thread is blocked. */
static struct fake *limited(struct kunit *test, const struct limit_case *c,
			    u32 *truesize)
{
	struct fake *fake = fake_attached(test);

	*truesize = fake_truesize(fake);
	fake_proto(fake, 'P', FAKE_PF_A)->hook = fake_block_proto;
	fake_input_new(fake, FAKE_PF_A, 1, 1);
	fake_wait_blocked(fake);
	expect_queued(fake, 0, 0);
	set_limits(fake, c->packets, 4 * *truesize + c->bytes);
	return fake;
}

/* Release the thread, and check that everything works as before. */
static void end_limited(struct fake *fake, u32 fit, u32 dropped)
{
	fake_unblock(fake);
	fake_read(fake);
	FAKE_EXPECT_IN(fake, .delivered = 1 + fit,
		       .drops[DLIL_DROP_QUEUE_FULL] = dropped);
	KUNIT_EXPECT_EQ(fake->test, fake->stats.iqdrops, dropped);
	expect_queued(fake, 0, 0);
	/* There is room again. */
	KUNIT_EXPECT_EQ(fake->test, fake_input_new(fake, FAKE_PF_A, 90, fit),
			0);
	fake_read(fake);
	KUNIT_EXPECT_EQ(fake->test, fake->in.delivered, 1 + 2 * fit);
	expect_queued(fake, 0, 0);
}

/* INP-12, STA-4: both limits are exact for single packets. */
static void limits_one_by_one(struct kunit *test)
{
	const struct limit_case *c = test->param_value;
	struct fake *fake;
	u32 truesize, i;

	fake = limited(test, c, &truesize);
	for (i = 0; i < c->fit; i++) {
		KUNIT_EXPECT_EQ(test, input_one(fake, 2 + i), 0);
		expect_queued(fake, i + 1, (i + 1) * truesize);
	}
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, input_one(fake, 50 + i), -ENOBUFS);
	expect_queued(fake, c->fit, c->fit * truesize);
	end_limited(fake, c->fit, 3);
}

/* INP-12, INP-3: and for lists, whose first packets are kept. */
static void limits_of_lists(struct kunit *test)
{
	const struct limit_case *c = test->param_value;
	struct fake *fake;
	u32 truesize;

	fake = limited(test, c, &truesize);
	KUNIT_EXPECT_EQ(test, fake_input_new(fake, FAKE_PF_A, 2, 2), 0);
	expect_queued(fake, 2, 2 * truesize);
	KUNIT_EXPECT_EQ(test, fake_input_new(fake, FAKE_PF_A, 4, 4), -ENOBUFS);
	expect_queued(fake, c->fit, c->fit * truesize);
	KUNIT_EXPECT_EQ(test, fake_input_new(fake, FAKE_PF_A, 50, 2), -ENOBUFS);
	end_limited(fake, c->fit, 8 - c->fit);
	KUNIT_EXPECT_TRUE(test, strstarts(fake->trace, c->fit == 4 ?
					  "P1 P2 P3 P4 P5 P90" :
					  "P1 P2 P3 P4 P90"));
}

/* INP-12: a limit may be set below what is queued, and raised again. */
static void limits_change(struct kunit *test)
{
	static const struct limit_case c = { "", 8, 1 << 20, 8 };
	struct fake *fake;
	u32 truesize;

	fake = limited(test, &c, &truesize);
	KUNIT_EXPECT_EQ(test, fake_input_new(fake, FAKE_PF_A, 2, 5), 0);
	set_limits(fake, 2, 2 * truesize);
	expect_queued(fake, 5, 5 * truesize);
	KUNIT_EXPECT_EQ(test, input_one(fake, 50), -ENOBUFS);
	set_limits(fake, DLIL_INQ_PACKETS_MAX, 6 * truesize - 1);
	KUNIT_EXPECT_EQ(test, input_one(fake, 50), -ENOBUFS);
	set_limits(fake, 5, DLIL_INQ_BYTES_MAX);
	KUNIT_EXPECT_EQ(test, input_one(fake, 50), -ENOBUFS);
	set_limits(fake, 6, 6 * truesize);
	KUNIT_EXPECT_EQ(test, input_one(fake, 7), 0);
	KUNIT_EXPECT_EQ(test, input_one(fake, 50), -ENOBUFS);
	expect_queued(fake, 6, 6 * truesize);
	end_limited(fake, 6, 4);
}

/* Queue a packet with this truesize, by dlil_input_one() or dlil_input(). */
static int input_large(struct fake *fake, u32 seq, u32 truesize, bool list)
{
	struct sk_buff *skb = fake_rx(fake, FAKE_PF_A, seq);
	struct sk_buff_head one;

	skb->truesize = truesize;
	if (list) {
		__skb_queue_head_init(&one);
		__skb_queue_tail(&one, skb);
		return fake_input(fake, &one);
	}
	atomic_inc(&fake->handed_in);
	return dlil_input_one(fake->ifp, skb);
}

/*
 * INP-12: an empty queue accepts a single packet of any size, and the next one
 * only after the thread has taken it; otherwise the limit is exact.
 */
static void limit_and_large_packet(struct kunit *test)
{
	static const struct limit_case c = { "", 2048, 0, 0 };
	u32 max = DLIL_INQ_BYTES_MIN, truesize;
	unsigned int i;
	struct fake *fake;

	for (i = 0; i < 2; i++) {
		fake = limited(test, &c, &truesize);
		set_limits(fake, 2048, max);
		KUNIT_EXPECT_EQ(test, input_large(fake, 2, 3 * max, i), 0);
		expect_queued(fake, 1, 3 * max);
		KUNIT_EXPECT_EQ(test, input_large(fake, 90, truesize, i),
				-ENOBUFS);
		KUNIT_EXPECT_EQ(test, input_large(fake, 90, 3 * max, i),
				-ENOBUFS);
		expect_queued(fake, 1, 3 * max);
		fake_unblock(fake);
		fake_read(fake);
		expect_queued(fake, 0, 0);

		reinit_completion(&fake->leave);
		fake->protos[0].hook = fake_block_proto;
		KUNIT_EXPECT_EQ(test, input_large(fake, 3, max + 1, i), 0);
		fake_wait_blocked(fake);
		/* The packet that the thread has taken is not charged any more. */
		KUNIT_EXPECT_EQ(test, input_large(fake, 4, 1, i), 0);
		KUNIT_EXPECT_EQ(test, input_large(fake, 90, max, i), -ENOBUFS);
		KUNIT_EXPECT_EQ(test, input_large(fake, 5, max - 1, i), 0);
		KUNIT_EXPECT_EQ(test, input_large(fake, 90, 1, i), -ENOBUFS);
		fake_unblock(fake);
		fake_read(fake);
		FAKE_EXPECT_TRACE(fake, "P1 P2 P3 P4 P5");
		FAKE_EXPECT_IN(fake, .delivered = 5,
			       .drops[DLIL_DROP_QUEUE_FULL] = 4);
		fake_detach(fake);
	}
}

/* INP-12: a closed queue refuses even a packet larger than the limit. */
static void large_packet_detached(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	set_limits(fake, 2048, DLIL_INQ_BYTES_MIN);
	KUNIT_ASSERT_TRUE(test, dlil_ifnet_io_begin(fake->ifp));
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), 0);
	KUNIT_EXPECT_EQ(test, input_large(fake, 1, 2 << 20, false), -ENXIO);
	KUNIT_EXPECT_EQ(test, input_large(fake, 1, 2 << 20, true), -ENXIO);
	dlil_ifnet_io_end(fake->ifp);
	fake_read(fake);
	FAKE_EXPECT_IN(fake, .drops[DLIL_DROP_DETACHED] = 2);
}

/* Reports of drops to the driver. */
static unsigned int told_times, told_packets;
static bool told_preemptible;

static void note_dropped(struct dlil_ifnet *ifp, u32 direction, u64 n)
{
	told_times++;
	told_packets += n;
	/* Where the kernel is not preemptible, an RCU read section is not, either. */
	told_preemptible &= !IS_ENABLED(CONFIG_PREEMPT_RCU) ||
			    !(preempt_count() & PREEMPT_MASK);
}

/*
 * INP-12, STA-1, LNX-14: packets that a full queue refuses are counted with
 * their bytes, a list at once.  Freeing and counting run with preemption on,
 * since PREEMPT_RT takes sleeping locks there.
 */
static void refused_is_counted(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	u64 len = FAKE_HLEN + sizeof(struct fake_payload);

	told_times = 0;
	told_packets = 0;
	told_preemptible = true;
	fake->driver.dropped = note_dropped;
	fake->params.attrs = DLIL_ATTR_COUNT_INPUT;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	fake_proto(fake, 'P', FAKE_PF_A)->hook = fake_block_proto;
	fake_input_new(fake, FAKE_PF_A, 1, 1);
	fake_wait_blocked(fake);
	set_limits(fake, 2, 1 << 20);

	KUNIT_EXPECT_EQ(test, fake_input_new(fake, FAKE_PF_A, 2, 5), -ENOBUFS);
	KUNIT_EXPECT_EQ(test, told_times, 1);
	KUNIT_EXPECT_EQ(test, told_packets, 3);
	KUNIT_EXPECT_EQ(test, input_one(fake, 90), -ENOBUFS);
	KUNIT_EXPECT_EQ(test, told_times, 2);
	KUNIT_EXPECT_EQ(test, told_packets, 4);
	KUNIT_EXPECT_TRUE(test, told_preemptible);

	fake_unblock(fake);
	fake_read(fake);
	FAKE_EXPECT_IN(fake, .delivered = 3, .drops[DLIL_DROP_QUEUE_FULL] = 4);
	KUNIT_EXPECT_EQ(test, fake->stats.ipackets, 7);
	KUNIT_EXPECT_EQ(test, fake->stats.ibytes, 7 * len);
	KUNIT_EXPECT_EQ(test, fake->stats.iqdrops, 4);
}

static atomic_t packets_gone;
static void (*usual_destructor)(struct sk_buff *skb);

static void call_at_tenth_gone(struct sk_buff *skb)
{
	usual_destructor(skb);
	if (atomic_inc_return(&packets_gone) == 10)
		complete(&yield_to_me);
}

/* Records how many packets have been freed when this task runs. */
static int count_gone_at_once(struct fake_task *task)
{
	set_cpus_allowed_ptr(current, cpumask_of(0));
	sched_set_fifo(current);
	wait_for_completion(&yield_to_me);
	return atomic_read(&packets_gone);
}

/* INP-7: another task gets the processor after at most 64 freed packets. */
static void discard_yields(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct sk_buff_head list;
	struct fake_task *task;
	struct sk_buff *skb;
	int i, at;

	reinit_completion(&yield_to_me);
	atomic_set(&packets_gone, 0);
	fake_proto(fake, 'P', FAKE_PF_A)->hook = fake_block_proto;
	set_cpus_allowed_ptr(fake->ifp->inq.thread->task, cpumask_of(0));
	fake_input_new(fake, FAKE_PF_A, 1, 1);
	fake_wait_blocked(fake);
	__skb_queue_head_init(&list);
	for (i = 0; i < 400; i++) {
		skb = fake_rx(fake, FAKE_PF_A, 2 + i);
		usual_destructor = skb->destructor;
		skb->destructor = call_at_tenth_gone;
		__skb_queue_tail(&list, skb);
	}
	KUNIT_EXPECT_EQ(test, fake_input(fake, &list), 0);
	task = fake_run(fake, count_gone_at_once);
	/* The attach waits until the input thread runs. */
	schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), 0);
	fake_unblock(fake);
	at = fake_join(task);
	KUNIT_EXPECT_GE(test, at, 10);
	KUNIT_EXPECT_LE(test, at, 10 + 64);
	fake_read(fake);
	FAKE_EXPECT_IN(fake, .delivered = 1, .drops[DLIL_DROP_DETACHED] = 400);
}

/*
 * LNX-13: packets may stay in the queue of a detached ifnet while the thread is
 * in a batch, even if nothing is queued yet.
 */
static void busy_queue(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	fake_proto(fake, 'P', FAKE_PF_A)->hook = fake_block_proto;
	KUNIT_EXPECT_FALSE(test, dlil_inq_is_busy(fake->ifp));
	fake_input_new(fake, FAKE_PF_A, 1, 1);
	fake_wait_blocked(fake);
	expect_queued(fake, 0, 0);
	KUNIT_EXPECT_TRUE(test, dlil_inq_is_busy(fake->ifp));
	fake_unblock(fake);
	KUNIT_EXPECT_EQ(test, dlil_input_flush(fake->ifp), 0);
	KUNIT_EXPECT_FALSE(test, dlil_inq_is_busy(fake->ifp));
}

static int change_limits(struct fake_task *task)
{
	unsigned int i;

	for (i = 0; i < 300; i++) {
		set_limits(task->fake, 1000 + i % 7, (1 + i % 3) << 20);
		if (i % 10 == 0)
			schedule_timeout_uninterruptible(1);
	}
	return 0;
}

/* INP-11, INP-12: the count stays exact while limits change under traffic. */
static void limits_change_under_traffic(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_task *task;
	u32 i;

	fake_proto(fake, 'P', FAKE_PF_A);
	dlil_input_sanity_check = true;
	task = fake_run(fake, change_limits);
	for (i = 0; !fake_done(task); i++) {
		fake_input_new(fake, FAKE_PF_A, i, 1 + i % 5);
		if (i % 4 == 0)
			schedule_timeout_uninterruptible(1);
	}
	fake_join(task);
	fake_read(fake);
	dlil_input_sanity_check = false;
	KUNIT_EXPECT_EQ(test, fake->in.drops[DLIL_DROP_SANITY], 0);
	expect_queued(fake, 0, 0);
}

/* INP-2, INP-12: the parameters set the limits of later attaches. */
static void limits_at_attach(struct kunit *test)
{
	unsigned int packets = dlil_rcvq_limit, bytes = dlil_rcvq_bytes;
	struct fake *fake = fake_attached(test);
	struct dlil_inq *q = &fake->ifp->inq;

	KUNIT_EXPECT_EQ(test, q->max_packets, packets);
	KUNIT_EXPECT_EQ(test, q->max_bytes, bytes);
	dlil_rcvq_limit = 7;
	dlil_rcvq_bytes = 7 << 20;
	KUNIT_EXPECT_EQ(test, q->max_packets, packets);
	KUNIT_EXPECT_EQ(test, q->max_bytes, bytes);
	/* Limits set in a previous life are not kept. */
	set_limits(fake, 9, 9 << 20);
	fake_detach(fake);
	KUNIT_EXPECT_EQ(test, fake_attach(fake), 0);
	dlil_rcvq_limit = packets;
	dlil_rcvq_bytes = bytes;
	KUNIT_EXPECT_EQ(test, q->max_packets, 7);
	KUNIT_EXPECT_EQ(test, q->max_bytes, 7 << 20);
	expect_queued(fake, 0, 0);
}

/* INP-1, INP-12, STA-4: a detached ifnet refuses packets and counts the reason. */
static void not_attached(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct sk_buff *skb;

	fake_proto(fake, 'P', FAKE_PF_A);
	KUNIT_ASSERT_TRUE(test, dlil_ifnet_io_begin(fake->ifp));
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), 0);

	KUNIT_EXPECT_EQ(test, fake_input_new(fake, FAKE_PF_A, 1, 3), -ENXIO);
	skb = fake_rx(fake, FAKE_PF_A, 4);
	atomic_inc(&fake->handed_in);
	KUNIT_EXPECT_EQ(test, dlil_input_one(fake->ifp, skb), -ENXIO);
	dlil_ifnet_io_end(fake->ifp);

	fake_read(fake);
	FAKE_EXPECT_IN(fake, .drops[DLIL_DROP_DETACHED] = 4);
}

/* INP-6, STA-1: the driver's increments are added. */
static void increments(struct kunit *test)
{
	static const struct dlil_stats inc = {
		.ipackets = 1, .ibytes = 2, .ierrors = 3, .opackets = 4,
		.obytes = 5, .oerrors = 6, .collisions = 7, .imcasts = 8,
		.omcasts = 9, .iqdrops = 10, .noproto = 1ULL << 40,
	};
	struct fake *fake = fake_attached(test);
	struct sk_buff_head list;
	u64 *counter, *one;
	int i;

	fake_proto(fake, 'P', FAKE_PF_A);
	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, fake_rx(fake, FAKE_PF_A, 1));
	atomic_inc(&fake->handed_in);
	KUNIT_EXPECT_EQ(test, dlil_input(fake->ifp, &list, &inc), 0);
	dlil_stats_add(fake->ifp, &inc);

	fake_read(fake);
	counter = (u64 *)&fake->stats;
	one = (u64 *)&inc;
	for (i = 0; i < sizeof(inc) / sizeof(u64); i++)
		KUNIT_EXPECT_EQ(test, counter[i], 2 * one[i]);
}

/* INP-6, STA-1: they are added even if a detaching ifnet refuses the packets. */
static void increments_too_late(struct kunit *test)
{
	static const struct dlil_stats inc = { .ierrors = 3, .collisions = 7 };
	struct fake *fake = fake_attached(test);
	struct sk_buff_head list;

	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, fake_rx(fake, FAKE_PF_A, 1));
	atomic_inc(&fake->handed_in);
	KUNIT_EXPECT_EQ(test, dlil_input(fake->ifp, &list, &inc), 0);
	KUNIT_ASSERT_TRUE(test, dlil_ifnet_io_begin(fake->ifp));
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), 0);
	__skb_queue_tail(&list, fake_rx(fake, FAKE_PF_A, 1));
	atomic_inc(&fake->handed_in);
	KUNIT_EXPECT_EQ(test, dlil_input(fake->ifp, &list, &inc), -ENXIO);
	dlil_ifnet_io_end(fake->ifp);
	fake_read(fake);
	KUNIT_EXPECT_EQ(test, fake->stats.ierrors, 6);
	KUNIT_EXPECT_EQ(test, fake->stats.collisions, 14);
	/* The counters of the next life start at 0. */
	fake_detach(fake);
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	fake_read(fake);
	KUNIT_EXPECT_EQ(test, fake->stats.ierrors, 0);
}

/* STA-1: the core counts on behalf of a driver that requests it. */
static void counted_by_core(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	u64 len = FAKE_HLEN + sizeof(struct fake_payload);

	fake->params.attrs = DLIL_ATTR_COUNT_INPUT;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	fake_filter(fake, 'a', &fake_filter_in_ops)->verdict = -EPERM;

	fake_input_new(fake, FAKE_PF_A, 1, 5);

	fake_read(fake);
	KUNIT_EXPECT_EQ(test, fake->stats.ipackets, 5);
	KUNIT_EXPECT_EQ(test, fake->stats.ibytes, 5 * len);
}

#define PRODUCERS	4
#define LISTS		150

/* Packets with all kinds of fates, from several producers in parallel. */
static int produce(struct fake_task *task)
{
	static const int demux[] = { 0, 0, -ENOENT, 0, DLIL_STOLEN, 0, -EINVAL };
	static const int filter[] = { 0, -EPERM, 0, 0, DLIL_STOLEN };
	static const int proto[] = { 0, DLIL_STOLEN, -EIO };
	struct fake *fake = task->fake;
	struct fake_payload *payload;
	struct sk_buff_head list;
	struct sk_buff *skb;
	u32 i, j, n = 0;

	for (i = 0; i < LISTS; i++) {
		__skb_queue_head_init(&list);
		for (j = 0; j <= i % 9; j++, n++) {
			skb = fake_rx(fake, FAKE_PF_A + n % 3, n);
			payload = fake_payload(skb);
			payload->pkt_type = n % 5;
			payload->verdict[FAKE_DEMUX] =
				demux[n % ARRAY_SIZE(demux)];
			payload->verdict[FAKE_FILTER_IN] =
				filter[n % ARRAY_SIZE(filter)];
			payload->verdict[FAKE_PROTO] =
				proto[n % ARRAY_SIZE(proto)];
			__skb_queue_tail(&list, skb);
		}
		fake_input(fake, &list);
		if (i % 3 == 0)
			cond_resched();
		if (i % 20 == 0)
			schedule_timeout_uninterruptible(1);
	}
	return 0;
}

/* STA-3, INP-8: no packet is lost or counted twice. */
static void conservation(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct fake_task *tasks[PRODUCERS];
	int i;

	fake->driver.unmatched = fake_unmatched;
	fake->keep_unmatched = 2;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	fake_filter(fake, 'a', &fake_filter_in_ops);
	fake_proto(fake, 'P', FAKE_PF_A);
	fake_proto_v2(fake, 'Q', FAKE_PF_B);

	for (i = 0; i < PRODUCERS; i++)
		tasks[i] = fake_run(fake, produce);
	for (i = 0; i < PRODUCERS; i++)
		fake_join(tasks[i]);

	fake_read(fake);
	KUNIT_EXPECT_GT(test, fake->in.delivered, 0);
	KUNIT_EXPECT_GT(test, fake->in.stolen, 0);
	KUNIT_EXPECT_GT(test, fake->in.passed, 0);
	KUNIT_EXPECT_GT(test, fake->in.freed, 0);
	KUNIT_EXPECT_EQ(test, fake_skbs(), 0);
}

struct sanity_case {
	const char *name;
	enum dlil_ifnet_family kind;
	bool on;
	int from;
	bool freed;
};

static const struct sanity_case sanity_cases[] = {
	{ "ours", DLIL_IFNET_ETHERNET, true, 0, false },
	{ "does not say whose", DLIL_IFNET_ETHERNET, true, -1, false },
	{ "another's", DLIL_IFNET_ETHERNET, true, 1, true },
	{ "another's on the main thread", DLIL_IFNET_RAW, true, 1, true },
	{ "another's, looped back", DLIL_IFNET_LOOPBACK, true, 1, false },
	{ "another's, not checked", DLIL_IFNET_ETHERNET, false, 1, false },
};

static void sanity_desc(const struct sanity_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(sanity, sanity_cases, sanity_desc);

/* INP-11: a packet received by another device is freed and counted. */
static void sanity(struct kunit *test)
{
	const struct sanity_case *c = test->param_value;
	struct fake *fake = fake_acquire(test, c->kind);
	struct sk_buff_head list;
	struct sk_buff *skb;

	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	fake_proto(fake, 'P', FAKE_PF_A);
	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, fake_rx(fake, FAKE_PF_A, 1));
	skb = fake_rx(fake, FAKE_PF_A, 2);
	skb->skb_iif = c->from < 0 ? 0 : fake->params.ifindex + c->from;
	__skb_queue_tail(&list, skb);
	__skb_queue_tail(&list, fake_rx(fake, FAKE_PF_A, 3));

	dlil_input_sanity_check = c->on;
	KUNIT_EXPECT_EQ(test, fake_input(fake, &list), 0);
	fake_read(fake);
	dlil_input_sanity_check = false;

	if (c->freed) {
		FAKE_EXPECT_IN(fake, .delivered = 2,
			       .drops[DLIL_DROP_SANITY] = 1);
		FAKE_EXPECT_TRACE(fake, "P1 P3");
	} else {
		FAKE_EXPECT_IN(fake, .delivered = 3);
		FAKE_EXPECT_TRACE(fake, "P1 P2 P3");
	}
}

/* INP-11: packets that were not charged are freed, and the count is corrected. */
static void sanity_of_count(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	fake_proto(fake, 'P', FAKE_PF_A)->hook = fake_block_proto;
	dlil_input_sanity_check = true;
	fake_input_new(fake, FAKE_PF_A, 1, 1);
	fake_wait_blocked(fake);
	fake_input_new(fake, FAKE_PF_A, 2, 3);
	/* As if a packet had been queued without being charged. */
	atomic64_add(DLIL_INQ_SPACE(1, 0), &fake->ifp->inq.room);
	fake_unblock(fake);
	fake_read(fake);
	FAKE_EXPECT_IN(fake, .delivered = 1, .drops[DLIL_DROP_SANITY] = 3);
	KUNIT_EXPECT_EQ(test, atomic64_read(&fake->ifp->inq.room),
			DLIL_INQ_SPACE(fake->ifp->inq.max_packets,
				       fake->ifp->inq.max_bytes));

	fake_input_new(fake, FAKE_PF_A, 5, 2);
	fake_read(fake);
	dlil_input_sanity_check = false;
	FAKE_EXPECT_IN(fake, .delivered = 3, .drops[DLIL_DROP_SANITY] = 3);
	FAKE_EXPECT_TRACE(fake, "P1 P5 P6");
}

static int queue_list(struct fake *fake, struct sk_buff *skb)
{
	struct sk_buff_head list;

	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, skb);
	return dlil_input(fake->ifp, &list, NULL);
}

static int queue_one(struct fake *fake, struct sk_buff *skb)
{
	return dlil_input_one(fake->ifp, skb);
}

static int queue_large(struct fake *fake, struct sk_buff *skb)
{
	/* The queue takes it, since it is empty, see dlil_inq_refuse(). */
	skb->truesize += DLIL_INQ_BYTES_MAX;
	return dlil_input_one(fake->ifp, skb);
}

struct producer_case {
	const char *name;
	int (*queue)(struct fake *fake, struct sk_buff *skb);
};

static const struct producer_case producer_cases[] = {
	{ "list", queue_list },
	{ "one", queue_one },
	{ "large", queue_large },
};

static void producer_desc(const struct producer_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(producer, producer_cases, producer_desc);

/*
 * INP-3: the producer that finds the queue empty is not preempted before it has woken
 * the thread: all others rely on it.  All tests look at this for all producers, see
 * fake_destroy(); this one shows that there is something to see.
 */
static void producer_not_preempted(struct kunit *test)
{
	const struct producer_case *c = test->param_value;
	struct fake *fake = fake_attached(test);
	struct sk_buff *skb = fake_rx(fake, FAKE_PF_A, 1);
	unsigned int before;

	fake_proto(fake, 'P', FAKE_PF_A);
	KUNIT_EXPECT_TRUE(test, dlil_is_preemptible());
	before = dlil_preempt_asserts;
	KUNIT_EXPECT_EQ(test, c->queue(fake, skb), 0);
	atomic_inc(&fake->handed_in);
	/* When the packet is pushed, when the queue is ready, and when it is added. */
	KUNIT_EXPECT_GE(test, dlil_preempt_asserts - before, 3);
	KUNIT_EXPECT_EQ(test, dlil_preempt_faults, 0);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "P1");
}

static int cpu_of(struct fake *fake)
{
	return READ_ONCE(fake->ifp->inq.thread->cpu);
}

/*
 * INP-4: the affinity of an input thread is set once per life, when it gets its
 * first packet.  Only a machine with several caches can show that the choice is
 * right: scripts/guest/tests/lifecycle.sh.
 */
static void affinity(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake *main = fake_acquire(test, DLIL_IFNET_RAW);

	KUNIT_EXPECT_EQ(test, cpu_of(fake), DLIL_CPU_OPEN);
	fake_input_new(fake, FAKE_PF_A, 1, 1);
	fake_read(fake);
	KUNIT_EXPECT_EQ(test, cpu_of(fake), DLIL_CPU_SETTLED);
	fake_detach(fake);
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	KUNIT_EXPECT_EQ(test, cpu_of(fake), DLIL_CPU_OPEN);
	fake_detach(fake);

	dlil_net_affinity = false;
	KUNIT_EXPECT_EQ(test, fake_attach(fake), 0);
	dlil_net_affinity = true;
	KUNIT_EXPECT_EQ(test, cpu_of(fake), DLIL_CPU_SETTLED);
	/* The main thread serves many devices. */
	KUNIT_ASSERT_EQ(test, fake_attach(main), 0);
	KUNIT_EXPECT_EQ(test, cpu_of(main), DLIL_CPU_SETTLED);
}

static struct kunit_case dlil_input_cases[] = {
	KUNIT_CASE(bad_arguments),
	KUNIT_CASE_PARAM(thread_of_ifnet, thread_gen_params),
	KUNIT_CASE(shared_thread),
	KUNIT_CASE(yields),
	KUNIT_CASE(loopback_first),
	KUNIT_CASE(held_up),
	KUNIT_CASE(held_up_detached),
	KUNIT_CASE(held_up_twice),
	KUNIT_CASE(held_up_under_traffic),
	KUNIT_CASE(one_wake_per_list),
	KUNIT_CASE(no_wake_while_at_work),
	KUNIT_CASE(lists_in_order),
	KUNIT_CASE_PARAM(producer_not_preempted, producer_gen_params),
	KUNIT_CASE(long_list),
	KUNIT_CASE_PARAM(path_of_packet, path_gen_params),
	KUNIT_CASE(batches),
	KUNIT_CASE(header_position),
	KUNIT_CASE(no_header),
	KUNIT_CASE_PARAM(versions, version_gen_params),
	KUNIT_CASE(list_taken_in_part),
	KUNIT_CASE(more_than_it_got),
	KUNIT_CASE_PARAM(limits_one_by_one, limit_gen_params),
	KUNIT_CASE_PARAM(limits_of_lists, limit_gen_params),
	KUNIT_CASE(limits_change),
	KUNIT_CASE(limit_and_large_packet),
	KUNIT_CASE(large_packet_detached),
	KUNIT_CASE(refused_is_counted),
	KUNIT_CASE(discard_yields),
	KUNIT_CASE(busy_queue),
	KUNIT_CASE(limits_change_under_traffic),
	KUNIT_CASE(limits_at_attach),
	KUNIT_CASE(not_attached),
	KUNIT_CASE_PARAM(sanity, sanity_gen_params),
	KUNIT_CASE(sanity_of_count),
	KUNIT_CASE(affinity),
	KUNIT_CASE(increments),
	KUNIT_CASE(increments_too_late),
	KUNIT_CASE(counted_by_core),
	KUNIT_CASE(conservation),
	{}
};

static struct kunit_suite dlil_input_suite = {
	.name = "dlil_input",
	.test_cases = dlil_input_cases,
};

kunit_test_suite(dlil_input_suite);
