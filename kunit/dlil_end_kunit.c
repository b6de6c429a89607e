// SPDX-License-Identifier: GPL-2.0
/*
 * Ends of filters, protocols and ifnets: nobody waits for an unrelated callback
 * (LNX-13, FLT-2, FLT-7, PRO-3, IFN-5).
 */
#include <linux/delay.h>

#include "../dlil_ifnet.h"
#include "../dlil_proto.h"
#include "fake.h"

/* More works than a work queue runs at a time. */
#define PAIRS	300
#define SLOW	1000
#define IFNETS	300

static int nothing(void *cookie, struct dlil_ifnet *ifp, u32 family,
		   struct sk_buff **skb)
{
	return 0;
}

/* Filters whose `detached` waits for the test. */
static atomic_t slow_begun, slow_ended;
static DECLARE_COMPLETION(slow_leave);

static void slow_detached(void *cookie, struct dlil_ifnet *ifp)
{
	atomic_inc(&slow_begun);
	wait_for_completion_timeout(&slow_leave, 2 * FAKE_DEADLINE);
	atomic_inc(&slow_ended);
}

static const struct dlil_filter_ops slow_ops = {
	.output = nothing,
	.detached = slow_detached,
};

static void slow_reset(void)
{
	atomic_set(&slow_begun, 0);
	atomic_set(&slow_ended, 0);
	reinit_completion(&slow_leave);
}

static dlil_filter_t slow_attach(struct kunit *test, struct dlil_ifnet *ifp)
{
	const struct dlil_filter_params params = {
		.ops = &slow_ops,
		.name = "slow",
	};
	dlil_filter_t ref = 0;

	KUNIT_EXPECT_EQ(test, dlil_filter_attach(ifp, &params, &ref), 0);
	return ref;
}

/* A detach that waits returns on an ifnet where nobody sleeps. */
static void expect_detach(struct fake *fake)
{
	struct fake_filter *f = fake_filter(fake, 'a', &fake_filter_both_ops);
	struct fake_task *task = fake_run(fake, fake_detach_first);

	KUNIT_EXPECT_TRUE(fake->test, fake_wait_for(fake_done(task)));
	if (fake_done(task))
		KUNIT_EXPECT_EQ(fake->test, fake_join(task), 0);
	KUNIT_EXPECT_EQ(fake->test, atomic_read(&f->detached), 1);
}

/*
 * FLT-2, LNX-13: a thousand filters whose `detached` sleeps delay neither a
 * detach nor the final detach of another ifnet.
 */
static void slow_on_one(struct kunit *test)
{
	struct fake *fake = fake_attached(test), *other = fake_attached(test);
	dlil_filter_t *refs;
	int i;

	slow_reset();
	refs = kunit_kcalloc(test, SLOW, sizeof(*refs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, refs);
	for (i = 0; i < SLOW; i++)
		refs[i] = slow_attach(test, fake->ifp);
	for (i = 0; i < SLOW; i++)
		KUNIT_EXPECT_EQ(test, dlil_filter_detach_async(refs[i]), 0);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(atomic_read(&slow_begun)));

	expect_detach(other);
	fake_detach(other);
	/* The filters end one by one. */
	KUNIT_EXPECT_EQ(test, atomic_read(&slow_begun), 1);
	complete_all(&slow_leave);
	KUNIT_EXPECT_TRUE(test,
			  fake_wait_for(atomic_read(&slow_ended) == SLOW));
}

static struct dlil_ifnet *ifnet_attach(struct fake *fake, int i,
				       const struct dlil_driver_ops *driver)
{
	struct dlil_ifnet_params params = fake->params;
	struct dlil_ifnet *ifp;
	char name[IFNAMSIZ];

	snprintf(name, sizeof(name), "end%d", i);
	params.name = name;
	params.ifindex = 20000 + i;
	params.priv = NULL;
	params.driver = driver;
	/* These ifnets share the main thread. */
	KUNIT_ASSERT_EQ(fake->test, dlil_ifnet_acquire(DLIL_IFNET_RAW, name,
						       strlen(name), &ifp), 0);
	KUNIT_ASSERT_EQ(fake->test, dlil_ifnet_init(ifp, &params), 0);
	KUNIT_ASSERT_EQ(fake->test, dlil_ifnet_attach(ifp, NULL, 0), 0);
	return ifp;
}

/*
 * IFN-5, LNX-13: the same with as many ifnets, each with a `detached` that
 * sleeps.
 */
static void slow_on_many(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct dlil_driver_ops driver = { .output = fake->driver.output };
	struct dlil_ifnet **ifps;
	int i;

	slow_reset();
	ifps = kunit_kcalloc(test, IFNETS, sizeof(*ifps), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ifps);
	for (i = 0; i < IFNETS; i++) {
		ifps[i] = ifnet_attach(fake, i, &driver);
		slow_attach(test, ifps[i]);
		KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(ifps[i]), 0);
	}
	KUNIT_EXPECT_TRUE(test,
			  fake_wait_for(atomic_read(&slow_begun) == IFNETS));
	KUNIT_EXPECT_EQ(test, atomic_read(&slow_ended), 0);

	expect_detach(fake);
	fake_detach(fake);
	complete_all(&slow_leave);
	for (i = 0; i < IFNETS; i++) {
		KUNIT_EXPECT_EQ(test, dlil_ifnet_wait_detached(ifps[i]), 0);
		dlil_ifnet_release(ifps[i]);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&slow_ended), IFNETS);
}

/* Pairs of filters: `detached` of the first one detaches the second one. */
static struct kunit *pair_test;
static dlil_filter_t pair_first[PAIRS], pair_second[PAIRS];
static atomic_t pairs_ended;

static void first_detached(void *cookie, struct dlil_ifnet *ifp)
{
	dlil_filter_t second = pair_second[(unsigned long)cookie];

	KUNIT_EXPECT_EQ(pair_test, dlil_filter_detach(second), -EDEADLK);
	KUNIT_EXPECT_EQ(pair_test, dlil_filter_detach_async(second), 0);
}

static void second_detached(void *cookie, struct dlil_ifnet *ifp)
{
	atomic_inc(&pairs_ended);
}

/* FLT-7: calls that wait fail in `detached`, so nothing stalls. */
static void nested(struct kunit *test)
{
	static const struct dlil_filter_ops first = {
		.output = nothing, .detached = first_detached,
	}, second = {
		.output = nothing, .detached = second_detached,
	};
	struct dlil_filter_params params = { .name = "pair" };
	struct fake *fake = fake_attached(test);
	unsigned long i;

	pair_test = test;
	atomic_set(&pairs_ended, 0);
	for (i = 0; i < PAIRS; i++) {
		params.cookie = (void *)i;
		params.ops = &second;
		KUNIT_ASSERT_EQ(test, dlil_filter_attach(fake->ifp, &params,
							 &pair_second[i]), 0);
		params.ops = &first;
		KUNIT_ASSERT_EQ(test, dlil_filter_attach(fake->ifp, &params,
							 &pair_first[i]), 0);
	}
	for (i = 0; i < PAIRS; i++)
		KUNIT_EXPECT_EQ(test, dlil_filter_detach_async(pair_first[i]),
				0);
	KUNIT_EXPECT_TRUE(test,
			  fake_wait_for(atomic_read(&pairs_ended) == PAIRS));
}

/* Every call that waits for callbacks fails. */
static void expect_refused(struct fake *fake, dlil_filter_t filter)
{
	KUNIT_EXPECT_EQ(fake->test, dlil_filter_detach(filter), -EDEADLK);
	KUNIT_EXPECT_EQ(fake->test, dlil_input_flush(fake->ifp), -EDEADLK);
	KUNIT_EXPECT_EQ(fake->test, dlil_ifnet_wait_detached(fake->ifp),
			-EDEADLK);
}

static struct fake *refusing;
static dlil_filter_t refusing_filter;
static atomic_t refused;

static void refusing_detached(void *cookie, struct dlil_ifnet *ifp)
{
	atomic_inc(&refused);
	expect_refused(refusing, refusing_filter);
	/* This call does not wait in a callback. */
	KUNIT_EXPECT_EQ(refusing->test,
			dlil_proto_detach(refusing->ifp, FAKE_PF_B), 0);
	KUNIT_EXPECT_EQ(refusing->test,
			fake_proto_attach(&refusing->protos[0]), 0);
}

static void refusing_proto_detached(void *cookie, struct dlil_ifnet *ifp,
				    u32 family)
{
	atomic_inc(&refused);
	expect_refused(refusing, refusing_filter);
}

static void refusing_free(struct fake *fake)
{
	atomic_inc(&refused);
	expect_refused(refusing, refusing_filter);
}

static void tap_nothing(void *cookie, struct dlil_ifnet *ifp,
			enum dlil_tap_mode way, const struct sk_buff *skb)
{
}

/*
 * FLT-7: calls that wait fail in `detached` of filters, protocols and taps and
 * in the driver's `free`, on any ifnet, for single detaches and in the final
 * detach.
 */
static void refused_at_ends(struct kunit *test)
{
	static const struct dlil_filter_ops filter = {
		.output = nothing, .detached = refusing_detached,
	};
	static const struct dlil_tap tap = {
		.packet = tap_nothing, .detached = refusing_detached,
	};
	const struct dlil_filter_params params = {
		.ops = &filter, .name = "refusing",
	};
	struct fake *fake = fake_attached(test);
	struct fake *other = fake_attached(test);
	struct dlil_proto_ops ops = { };
	struct dlil_proto_params proto = { .ops = &ops };
	dlil_filter_t ref;

	refusing = other;
	refusing_filter = fake_filter(other, 'a', &fake_filter_in_ops)->ref;
	fake_proto(other, 'P', FAKE_PF_B);
	atomic_set(&refused, 0);
	ops = other->protos[0].ops;
	ops.detached = refusing_proto_detached;

	KUNIT_EXPECT_EQ(test, dlil_filter_attach(fake->ifp, &params, &ref), 0);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(ref), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&refused), 1);
	KUNIT_EXPECT_EQ(test, dlil_proto_attach(fake->ifp, FAKE_PF_A, &proto),
			0);
	KUNIT_EXPECT_EQ(test, dlil_proto_detach(fake->ifp, FAKE_PF_A), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&refused), 2);
	KUNIT_EXPECT_EQ(test, dlil_set_tap(fake->ifp, DLIL_TAP_BOTH, &tap), 0);
	KUNIT_EXPECT_EQ(test, dlil_set_tap(fake->ifp, DLIL_TAP_OFF, &tap), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&refused), 3);

	KUNIT_EXPECT_EQ(test, dlil_filter_attach(fake->ifp, &params, &ref), 0);
	KUNIT_EXPECT_EQ(test, dlil_proto_attach(fake->ifp, FAKE_PF_A, &proto),
			0);
	KUNIT_EXPECT_EQ(test, dlil_set_tap(fake->ifp, DLIL_TAP_BOTH, &tap), 0);
	fake->free_hook = refusing_free;
	fake_detach(fake);
	KUNIT_EXPECT_EQ(test, atomic_read(&refused), 7);
	/* Calls work again for a task that has left its callback. */
	KUNIT_EXPECT_EQ(test, dlil_input_flush(other->ifp), 0);
}

/**
 * struct left - a leaver that counts its calls
 * @leaver: the leaver
 * @n: number of calls
 */
struct left {
	struct dlil_leaver leaver;
	int n;
};

static void left(struct dlil_leaver *leaver)
{
	container_of(leaver, struct left, leaver)->n++;
}

/*
 * FLT-2: a leaver is called after the current batch, and does not wait for
 * others.
 */
static void leavers(struct kunit *test)
{
	struct dlil_reader reader;
	struct left a = {}, b = {}, c = {};

	dlil_reader_init(&reader);
	KUNIT_EXPECT_FALSE(test, dlil_reader_is_inside(&reader));
	/* No batch is in flight: called at once. */
	dlil_reader_after(&reader, &a.leaver, left);
	KUNIT_EXPECT_EQ(test, a.n, 1);

	dlil_reader_enter(&reader);
	KUNIT_EXPECT_TRUE(test, dlil_reader_is_inside(&reader));
	dlil_reader_after(&reader, &a.leaver, left);
	dlil_reader_after(&reader, &b.leaver, left);
	KUNIT_EXPECT_EQ(test, a.n, 1);
	KUNIT_EXPECT_EQ(test, b.n, 0);
	dlil_reader_leave(&reader);
	KUNIT_EXPECT_EQ(test, a.n, 2);
	KUNIT_EXPECT_EQ(test, b.n, 1);

	dlil_reader_enter(&reader);
	dlil_reader_after(&reader, &c.leaver, left);
	dlil_reader_leave(&reader);
	dlil_reader_enter(&reader);
	KUNIT_EXPECT_EQ(test, c.n, 1);
	dlil_reader_leave(&reader);
	KUNIT_EXPECT_EQ(test, a.n, 2);
	KUNIT_EXPECT_EQ(test, b.n, 1);
	KUNIT_EXPECT_EQ(test, c.n, 1);
	/* The thread would loop for ever if a leaver stayed on the list. */
	KUNIT_EXPECT_TRUE(test, list_empty(&reader.leavers));
}

/* FLT-2, PRO-3: filter and protocol end when the batch in flight is over. */
static void ends_after_batch(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct dlil_reader *reader = &fake->ifp->inq.reader;
	struct fake_filter *f = fake_filter(fake, 'a', &fake_filter_both_ops);
	struct fake_proto *p = fake_proto(fake, 'P', FAKE_PF_A);

	/* This task takes the place of the thread, which is idle. */
	dlil_reader_enter(reader);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach_async(f->ref), 0);
	KUNIT_EXPECT_TRUE(test, fake_stays(!atomic_read(&f->detached)));
	dlil_reader_leave(reader);
	/* The next batch cannot find them, and is not waited for. */
	dlil_reader_enter(reader);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(atomic_read(&f->detached) == 1));
	KUNIT_EXPECT_EQ(test, dlil_proto_detach_async(fake->ifp, FAKE_PF_A), 0);
	KUNIT_EXPECT_TRUE(test, fake_stays(!atomic_read(&p->detached)));
	dlil_reader_leave(reader);
	dlil_reader_enter(reader);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(atomic_read(&p->detached) == 1));
	dlil_reader_leave(reader);
}

/**
 * struct hand_over - a thing that a reader uses and an updater removes
 * @reader: the reader's batches
 * @thing: the thing, published as with RCU
 * @stop: tells the reader to stop
 * @batches: number of the reader's batches
 */
static struct hand_over {
	struct dlil_reader reader;
	int *thing;
	bool stop;
	unsigned long batches;
} hand_over;

#define THING_ALIVE 0x600d

static int hand_over_read(struct fake_task *task)
{
	struct hand_over *h = &hand_over;
	int *thing, bad = 0;

	while (!READ_ONCE(h->stop)) {
		dlil_reader_enter(&h->reader);
		thing = READ_ONCE(h->thing);
		if (thing && READ_ONCE(*thing) != THING_ALIVE)
			bad++;
		/* Some callbacks sleep. */
		if (!(h->batches % 64))
			cond_resched();
		if (thing && READ_ONCE(*thing) != THING_ALIVE)
			bad++;
		dlil_reader_leave(&h->reader);
		if (!(h->batches++ % 256))
			schedule_timeout_uninterruptible(1);
	}
	return bad;
}

/**
 * struct thing - a thing that is poisoned after its last use
 * @leaver: called after the last use
 * @alive: THING_ALIVE until then
 * @left: @leaver was called
 */
struct thing {
	struct dlil_leaver leaver;
	int alive;
	bool left;
};

static void thing_left(struct dlil_leaver *leaver)
{
	struct thing *thing = container_of(leaver, struct thing, leaver);

	WRITE_ONCE(thing->alive, 0);
	/* Pairs with the acquire in has_left(). */
	smp_store_release(&thing->left, true);
}

static bool has_left(const struct thing *thing)
{
	/* Pairs with the release in thing_left(). */
	return smp_load_acquire(&thing->left);
}

/* FLT-2: nothing is used after its leaver was called, and no leaver is lost. */
static void hand_overs(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct hand_over *h = &hand_over;
	static struct thing things[2];
	struct fake_task *task;
	unsigned long end;
	int i;

	memset(h, 0, sizeof(*h));
	dlil_reader_init(&h->reader);
	task = fake_run(fake, hand_over_read);
	end = jiffies + 2 * HZ;
	for (i = 0; time_before(jiffies, end); i++) {
		struct thing *thing = &things[i % 2];

		thing->alive = THING_ALIVE;
		thing->left = false;
		/* Complete before readers can find it. */
		smp_store_release(&h->thing, &thing->alive);
		if (i % 3)
			cond_resched();
		else
			schedule_timeout_uninterruptible(1);
		WRITE_ONCE(h->thing, NULL);
		dlil_reader_after(&h->reader, &thing->leaver, thing_left);
		KUNIT_ASSERT_TRUE(test, fake_wait_for(has_left(thing)));
	}
	WRITE_ONCE(h->stop, true);
	KUNIT_EXPECT_EQ(test, fake_join(task), 0);
	KUNIT_EXPECT_GT(test, h->batches, 1UL);
	kunit_info(test, "%d things, %lu batches", i, h->batches);
}

/* Look protocols up all the time, and take some time for each. */
static int look_up(struct fake_task *task)
{
	struct dlil_ifnet *ifp = task->fake->ifp;
	struct dlil_proto *proto;
	int bad = 0;

	while (!READ_ONCE(hand_over.stop)) {
		rcu_read_lock();
		proto = dlil_proto_lookup(ifp, FAKE_PF_A);
		if (proto) {
			mdelay(1);
			bad += READ_ONCE(proto->family) != FAKE_PF_A;
		}
		bad += dlil_proto_is_attached(ifp, FAKE_PF_B);
		rcu_read_unlock();
		schedule_timeout_uninterruptible(1);
	}
	return bad;
}

/*
 * PRO-2, PRO-3: a look-up under RCU that does not check whether the ifnet is
 * attached never finds a freed protocol, not even in the final detach.
 */
static void look_up_final(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct fake_proto *proto = fake_proto_new(fake, 'P', FAKE_PF_A);
	struct fake_task *task;
	int i;

	WRITE_ONCE(hand_over.stop, false);
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	task = fake_run(fake, look_up);
	for (i = 0; i < 30; i++) {
		if (i)
			KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
		KUNIT_ASSERT_EQ(test, fake_proto_attach(proto), 0);
		schedule_timeout_uninterruptible(1);
		fake_detach(fake);
	}
	WRITE_ONCE(hand_over.stop, true);
	KUNIT_EXPECT_EQ(test, fake_join(task), 0);
}

static void block_event(struct fake_filter *f, const struct dlil_event *event)
{
	f->event_hook = NULL;
	fake_block(f->fake);
}

static void block_detached(void *cookie, struct dlil_ifnet *ifp)
{
	struct fake_filter *f = cookie;

	fake_block(f->fake);
	fake_filter_both_ops.detached(cookie, ifp);
}

/* LNX-13: the sleeping callback is reported, with its duration and its task. */
static void expect_overdue(struct fake *fake, enum dlil_party party,
			   enum dlil_callback callback, const char *name,
			   bool input)
{
	struct dlil_overdue o[2] = {};

	KUNIT_EXPECT_EQ(fake->test, dlil_overdue_get(fake->ifp, o, 2), 0);
	KUNIT_EXPECT_TRUE(fake->test,
			  fake_wait_for(dlil_overdue_get(fake->ifp, o, 2)));
	KUNIT_EXPECT_EQ(fake->test, dlil_overdue_get(fake->ifp, o, 2), 1);
	KUNIT_EXPECT_EQ(fake->test, o[0].party, party);
	KUNIT_EXPECT_EQ(fake->test, o[0].callback, callback);
	KUNIT_EXPECT_STREQ(fake->test, (const char *)o[0].name, name);
	KUNIT_EXPECT_GE(fake->test, o[0].seconds, 5U);
	KUNIT_EXPECT_LT(fake->test, o[0].seconds, 60U);
	if (input)
		KUNIT_EXPECT_EQ(fake->test, o[0].pid, dlil_inq_task(fake->ifp));
	else
		KUNIT_EXPECT_NE(fake->test, o[0].pid, 0);
	KUNIT_EXPECT_EQ(fake->test, dlil_overdue_get(fake->ifp, o, 0), 0);
	fake_unblock(fake);
	KUNIT_EXPECT_TRUE(fake->test,
			  fake_wait_for(!dlil_overdue_get(fake->ifp, o, 2)));
}

static void overdue_filter(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *f;

	fake_filter(fake, 'a', &fake_filter_in_ops);
	f = fake_filter_new(fake, 'b', &fake_filter_in_ops);
	f->params.name = "slow";
	f->hook = fake_block_filter;
	KUNIT_ASSERT_EQ(test, fake_filter_attach(f), 0);
	fake_input_new(fake, FAKE_PF_A, 1, 2);
	fake_wait_blocked(fake);
	expect_overdue(fake, DLIL_PARTY_FILTER, DLIL_CALLBACK_INPUT, "slow",
		       true);
}

/*
 * IFN-14: a detach that waits for a callback is logged after 10 s, and again each 30 s.
 * The times at which it began and was logged are put back.
 */
static void detach_logged(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct dlil_look *look = &fake->ifp->look;
	unsigned long since;

	fake_filter(fake, 'a', &fake_filter_in_ops)->hook = fake_block_filter;
	fake_input_new(fake, FAKE_PF_A, 1, 1);
	fake_wait_blocked(fake);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), 0);
	WRITE_ONCE(look->detach_since, jiffies - 8 * HZ);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(READ_ONCE(look->detach_told)));
	KUNIT_EXPECT_TRUE(test, time_after_eq(look->detach_told,
					      look->detach_since + 10 * HZ));
	KUNIT_EXPECT_TRUE(test, time_before(look->detach_told,
					    look->detach_since + 30 * HZ));
	since = jiffies - 28 * HZ;
	WRITE_ONCE(look->detach_told, since);
	KUNIT_EXPECT_TRUE(test,
			  fake_wait_for(READ_ONCE(look->detach_told) != since));
	KUNIT_EXPECT_TRUE(test, time_after_eq(look->detach_told, since + 30 * HZ));
	KUNIT_EXPECT_TRUE(test, time_before(look->detach_told, since + 50 * HZ));
	fake_unblock(fake);
}

/* A callback is reported until it returns, even during its detach. */
static void overdue_dying(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *f;

	f = fake_filter_new(fake, 'b', &fake_filter_list_ops);
	f->params.name = "slow";
	f->list_hook = fake_block_list;
	KUNIT_ASSERT_EQ(test, fake_filter_attach(f), 0);
	fake_input_new(fake, FAKE_PF_A, 1, 2);
	fake_wait_blocked(fake);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach_async(f->ref), 0);
	expect_overdue(fake, DLIL_PARTY_FILTER, DLIL_CALLBACK_INPUT, "slow",
		       true);
}

static void overdue_proto(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_proto *p = fake_proto_new(fake, 'P', FAKE_PF_A);

	p->params.name = "lazy";
	p->hook = fake_block_proto;
	KUNIT_ASSERT_EQ(test, fake_proto_attach(p), 0);
	fake_input_new(fake, FAKE_PF_A, 1, 2);
	fake_wait_blocked(fake);
	expect_overdue(fake, DLIL_PARTY_PROTO, DLIL_CALLBACK_INPUT, "lazy",
		       true);
}

static void overdue_event(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *f;

	f = fake_filter_new(fake, 'b', &fake_filter_out_ops);
	f->params.name = "deaf";
	f->ops.event = fake_filter_event;
	f->event_hook = block_event;
	KUNIT_ASSERT_EQ(test, fake_filter_attach(f), 0);
	fake_wait_blocked(fake);
	expect_overdue(fake, DLIL_PARTY_FILTER, DLIL_CALLBACK_EVENT, "deaf",
		       false);
}

static void overdue_detached(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *f;

	f = fake_filter_new(fake, 'b', &fake_filter_both_ops);
	f->params.name = "last";
	f->ops.detached = block_detached;
	KUNIT_ASSERT_EQ(test, fake_filter_attach(f), 0);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach_async(f->ref), 0);
	fake_wait_blocked(fake);
	expect_overdue(fake, DLIL_PARTY_FILTER, DLIL_CALLBACK_DETACHED, "last",
		       false);
}

/*
 * IFN-14, LNX-13: only ifnets with callbacks that may sleep, and detaching
 * ones, are checked.
 */
static void watched(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct dlil_look *w = &fake->ifp->look;
	struct fake_proto *p;

	KUNIT_EXPECT_EQ(test, atomic_read(&w->users), 0);
	fake_filter(fake, 'a', &fake_filter_out_ops);
	KUNIT_EXPECT_EQ(test, atomic_read(&w->users), 0);
	fake_filter(fake, 'b', &fake_filter_in_ops);
	KUNIT_EXPECT_EQ(test, atomic_read(&w->users), 1);
	p = fake_proto_new(fake, 'P', FAKE_PF_A);
	p->params.flags = DLIL_PROTO_ATOMIC;
	KUNIT_ASSERT_EQ(test, fake_proto_attach(p), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&w->users), 1);
	fake_proto(fake, 'Q', FAKE_PF_B);
	KUNIT_EXPECT_EQ(test, atomic_read(&w->users), 2);
	KUNIT_EXPECT_EQ(test, dlil_proto_detach(fake->ifp, FAKE_PF_B), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&w->users), 1);
	KUNIT_EXPECT_FALSE(test, w->detaching);
	fake_detach(fake);
	KUNIT_EXPECT_FALSE(test, w->detaching);
	KUNIT_EXPECT_EQ(test, atomic_read(&w->users), 0);
}

static struct kunit_case dlil_end_cases[] = {
	KUNIT_CASE(overdue_filter),
	KUNIT_CASE(detach_logged),
	KUNIT_CASE(overdue_dying),
	KUNIT_CASE(overdue_proto),
	KUNIT_CASE(overdue_event),
	KUNIT_CASE(overdue_detached),
	KUNIT_CASE(watched),
	KUNIT_CASE(slow_on_one),
	KUNIT_CASE(slow_on_many),
	KUNIT_CASE(nested),
	KUNIT_CASE(refused_at_ends),
	KUNIT_CASE(leavers),
	KUNIT_CASE(ends_after_batch),
	KUNIT_CASE(hand_overs),
	KUNIT_CASE(look_up_final),
	{}
};

static struct kunit_suite dlil_end_suite = {
	.name = "dlil_end",
	.test_cases = dlil_end_cases,
};

kunit_test_suite(dlil_end_suite);
