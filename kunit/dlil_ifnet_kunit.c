// SPDX-License-Identifier: GPL-2.0
/* The life of an ifnet: the basic cases of rows IFN-1 to IFN-10. */
#include <linux/etherdevice.h>
#include <linux/sched/signal.h>

#include "../dlil_ifnet.h"
#include "fake.h"

/* IFN-1: an id in use is busy, and identifies the same ifnet afterwards. */
static void acquire_id(struct kunit *test)
{
	static const u8 id[] = { 1, 2, 3 };
	struct dlil_ifnet *first, *second, *other;

	KUNIT_ASSERT_EQ(test, dlil_ifnet_acquire(DLIL_IFNET_RAW, id,
						 sizeof(id), &first), 0);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_acquire(DLIL_IFNET_RAW, id,
						 sizeof(id), &second), -EBUSY);
	/* The same bytes with another family or length are another id. */
	KUNIT_ASSERT_EQ(test, dlil_ifnet_acquire(DLIL_IFNET_ANY, id,
						 sizeof(id), &second), 0);
	KUNIT_ASSERT_EQ(test, dlil_ifnet_acquire(DLIL_IFNET_RAW, id,
						 sizeof(id) - 1, &other), 0);
	KUNIT_EXPECT_PTR_NE(test, first, second);
	KUNIT_EXPECT_PTR_NE(test, first, other);
	dlil_ifnet_release(other);
	dlil_ifnet_release(second);
	dlil_ifnet_release(first);

	KUNIT_ASSERT_EQ(test, dlil_ifnet_acquire(DLIL_IFNET_RAW, id,
						 sizeof(id), &second), 0);
	KUNIT_EXPECT_PTR_EQ(test, first, second);
	dlil_ifnet_release(second);
}

/*
 * IFN-1: an id that is a prefix of another one differs from it, even if both
 * are in the same hash slot, as some of this many are.
 */
static void acquire_prefix(struct kunit *test)
{
	struct dlil_ifnet *whole, *part;
	u32 id;

	for (id = 1; id < 600; id++) {
		KUNIT_ASSERT_EQ(test, dlil_ifnet_acquire(DLIL_IFNET_RAW, &id,
							 sizeof(id), &whole), 0);
		KUNIT_ASSERT_EQ(test, dlil_ifnet_acquire(DLIL_IFNET_RAW, &id,
							 sizeof(id) - 1, &part),
				0);
		KUNIT_EXPECT_PTR_NE(test, whole, part);
		dlil_ifnet_release(part);
		dlil_ifnet_release(whole);
	}
}

/* IFN-1: an empty id never identifies an existing ifnet. */
static void acquire_empty_id(struct kunit *test)
{
	struct dlil_ifnet *first, *second;

	KUNIT_ASSERT_EQ(test, dlil_ifnet_acquire(DLIL_IFNET_RAW, NULL, 0,
						 &first), 0);
	KUNIT_ASSERT_EQ(test, dlil_ifnet_acquire(DLIL_IFNET_RAW, NULL, 0,
						 &second), 0);
	KUNIT_EXPECT_PTR_NE(test, first, second);
	dlil_ifnet_release(first);
	dlil_ifnet_release(second);
}

/* IFN-1 */
static void acquire_bad_arguments(struct kunit *test)
{
	static const u8 id[DLIL_ID_MAX + 1];
	struct dlil_ifnet *ifp = NULL;

	KUNIT_EXPECT_EQ(test, dlil_ifnet_acquire(DLIL_IFNET_RAW, id, 1, NULL),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_acquire(DLIL_IFNET_RAW, NULL, 1, &ifp),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_acquire(DLIL_IFNET_RAW, id,
						 sizeof(id), &ifp), -EINVAL);
	KUNIT_EXPECT_NULL(test, ifp);
}

/* IFN-1: the longest id, in which each byte matters. */
static void acquire_longest_id(struct kunit *test)
{
	u8 id[DLIL_ID_MAX] = {};
	struct dlil_ifnet *first, *second;

	KUNIT_ASSERT_EQ(test, dlil_ifnet_acquire(DLIL_IFNET_RAW, id, sizeof(id),
						 &first), 0);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_acquire(DLIL_IFNET_RAW, id, sizeof(id),
						 &second), -EBUSY);
	id[DLIL_ID_MAX - 1] = 1;
	KUNIT_ASSERT_EQ(test, dlil_ifnet_acquire(DLIL_IFNET_RAW, id, sizeof(id),
						 &second), 0);
	KUNIT_EXPECT_PTR_NE(test, first, second);
	dlil_ifnet_release(first);
	dlil_ifnet_release(second);
}

/* IFN-2: an ifnet released while attached is in use until its final detach. */
static void release_while_attached(struct kunit *test)
{
	static const u8 id[] = "released while attached";
	struct dlil_ifnet *ifp;
	struct fake *fake;

	fake = fake_acquire_id(test, DLIL_IFNET_RAW, id, sizeof(id));
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);

	dlil_ifnet_release(fake->ifp);
	fake->released = true;
	KUNIT_EXPECT_EQ(test, dlil_ifnet_acquire(DLIL_IFNET_RAW, id, sizeof(id),
						 &ifp), -EBUSY);
	fake_detach(fake);

	KUNIT_ASSERT_EQ(test, dlil_ifnet_acquire(DLIL_IFNET_RAW, id, sizeof(id),
						 &ifp), 0);
	KUNIT_EXPECT_PTR_EQ(test, ifp, fake->ifp);
	dlil_ifnet_release(ifp);
}

static void release_it(struct fake *fake)
{
	dlil_ifnet_release(fake->ifp);
	fake->released = true;
}

/* IFN-2, IFN-5: a driver may release its ifnet in its `free`. */
static void release_in_free(struct kunit *test)
{
	static const u8 id[] = "released in free";
	struct dlil_ifnet *ifp;
	struct fake *fake;

	fake = fake_acquire_id(test, DLIL_IFNET_RAW, id, sizeof(id));
	fake->free_hook = release_it;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);

	fake_detach(fake);

	KUNIT_EXPECT_TRUE(test, fake->released);
	KUNIT_ASSERT_EQ(test, dlil_ifnet_acquire(DLIL_IFNET_RAW, id, sizeof(id),
						 &ifp), 0);
	KUNIT_EXPECT_PTR_EQ(test, ifp, fake->ifp);
	dlil_ifnet_release(ifp);
}

#define ENOUGH	200
#define KEPT	64

/* IFN-2: only 64 released ifnets are kept. */
static void released_are_bounded(struct kunit *test)
{
	struct dlil_ifnet *first, *ifp;
	unsigned int left_at = 0;
	u32 id = 0;

	KUNIT_ASSERT_EQ(test, dlil_ifnet_acquire(DLIL_IFNET_RAW, &id,
						 sizeof(id), &first), 0);
	dlil_ifnet_get(first);
	KUNIT_EXPECT_EQ(test, refcount_read(&first->refs), 2);
	dlil_ifnet_release(first);
	KUNIT_EXPECT_EQ(test, refcount_read(&first->refs), 2);
	for (id = 1; id < ENOUGH; id++) {
		KUNIT_ASSERT_EQ(test, dlil_ifnet_acquire(DLIL_IFNET_RAW, &id,
							 sizeof(id), &ifp), 0);
		dlil_ifnet_release(ifp);
		if (!left_at && refcount_read(&first->refs) == 1)
			left_at = id;
	}
	/* This ifnet was the oldest, and the next release removed it. */
	KUNIT_EXPECT_EQ(test, left_at, KEPT);
	/* Only the reference of the test is left. */
	KUNIT_EXPECT_EQ(test, refcount_read(&first->refs), 1);
	dlil_ifnet_put(first);
}

/* IFN-1, IFN-5: look up the ifnet that keeps an id busy by its final detach. */
static void going(struct kunit *test)
{
	static const u8 id[] = "going";
	struct dlil_ifnet *ifp;
	struct fake *fake;

	fake = fake_acquire_id(test, DLIL_IFNET_RAW, id, sizeof(id));
	KUNIT_EXPECT_NULL(test, dlil_ifnet_going(DLIL_IFNET_RAW, id,
						 sizeof(id)));
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	KUNIT_EXPECT_NULL(test, dlil_ifnet_going(DLIL_IFNET_RAW, id,
						 sizeof(id)));
	KUNIT_ASSERT_TRUE(test, dlil_ifnet_io_begin(fake->ifp));
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), 0);
	ifp = dlil_ifnet_going(DLIL_IFNET_RAW, id, sizeof(id));
	dlil_ifnet_io_end(fake->ifp);
	KUNIT_ASSERT_PTR_EQ(test, ifp, fake->ifp);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_wait_detached(ifp), 0);
	dlil_ifnet_put(ifp);
	KUNIT_EXPECT_NULL(test, dlil_ifnet_going(DLIL_IFNET_RAW, id,
						 sizeof(id)));
}

/*
 * Drop a reference that should not have been granted, so that the test cannot
 * hang.
 */
static bool io_refused(struct fake *fake)
{
	if (!dlil_ifnet_io_begin(fake->ifp))
		return true;
	dlil_ifnet_io_end(fake->ifp);
	return false;
}

struct init_case {
	const char *name;
	void (*spoil)(struct fake *fake);
};

static void no_driver(struct fake *fake)
{
	fake->params.driver = NULL;
}

static void no_output(struct fake *fake)
{
	fake->driver.output = NULL;
}

static void no_family(struct fake *fake)
{
	fake->params.family = NULL;
}

static void no_demux(struct fake *fake)
{
	fake->family.demux = NULL;
}

static void no_net(struct fake *fake)
{
	fake->params.net = NULL;
}

static void no_name(struct fake *fake)
{
	fake->params.name = NULL;
}

static void no_index(struct fake *fake)
{
	fake->params.ifindex = -1;
}

static void bad_index(struct fake *fake)
{
	fake->params.ifindex = -1;
}

static void long_address(struct fake *fake)
{
	fake->params.addr_len = MAX_ADDR_LEN + 1;
}

static const struct init_case init_cases[] = {
	{ "no driver", no_driver },
	{ "no output", no_output },
	{ "no family", no_family },
	{ "no demux", no_demux },
	{ "no namespace", no_net },
	{ "no name", no_name },
	{ "a negative index", no_index },
	{ "negative index", bad_index },
	{ "address too long", long_address },
};

static void init_desc(const struct init_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(init, init_cases, init_desc);

/* IFN-3: invalid arguments are refused before the attach. */
static void init_bad_arguments(struct kunit *test)
{
	const struct init_case *c = test->param_value;
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);

	c->spoil(fake);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_init(fake->ifp, &fake->params),
			-EINVAL);
	/* The ifnet is not initialised, so it cannot be attached. */
	KUNIT_EXPECT_EQ(test, dlil_ifnet_attach(fake->ifp, NULL, 0), -EINVAL);
}

static void init_null(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);

	KUNIT_EXPECT_EQ(test, dlil_ifnet_init(NULL, &fake->params), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_init(fake->ifp, NULL), -EINVAL);
}

/* IFN-3: an attached ifnet cannot be initialised again. */
static void init_while_attached(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	KUNIT_EXPECT_EQ(test, dlil_ifnet_init(fake->ifp, &fake->params),
			-EBUSY);
}

struct attach_case {
	const char *name;
	int err;
	void (*spoil)(struct fake *fake);
	size_t len;
	bool no_address;
};

static void no_add_proto(struct fake *fake)
{
	fake->family.add_proto = NULL;
}

static void no_del_proto(struct fake *fake)
{
	fake->family.del_proto = NULL;
}

static const struct attach_case attach_cases[] = {
	{ "no add_proto", -ENODEV, no_add_proto, ETH_ALEN },
	{ "no del_proto", -ENODEV, no_del_proto, ETH_ALEN },
	{ "short address", -EINVAL, NULL, ETH_ALEN - 1 },
	{ "long address", -EINVAL, NULL, ETH_ALEN + 1 },
	{ "longest address", -EINVAL, NULL, MAX_ADDR_LEN + 1 },
	{ "length without address", -EINVAL, NULL, ETH_ALEN, true },
};

static void attach_desc(const struct attach_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(attach, attach_cases, attach_desc);

/* IFN-3: each error leaves the ifnet unchanged. */
static void attach_errors(struct kunit *test)
{
	static const u8 address[MAX_ADDR_LEN + 1] = { 2 };
	const struct attach_case *c = test->param_value;
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct dlil_family_ops family = fake->family;
	unsigned int refs = fake_refs(fake);

	if (c->spoil)
		c->spoil(fake);
	KUNIT_ASSERT_EQ(test, dlil_ifnet_init(fake->ifp, &fake->params), 0);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_attach(fake->ifp, c->no_address ?
						NULL : address, c->len),
			c->err);

	KUNIT_EXPECT_NULL(test, dlil_ifnet_by_index(&init_net,
						    fake->params.ifindex));
	KUNIT_EXPECT_TRUE(test, io_refused(fake));
	KUNIT_EXPECT_EQ(test, fake_refs(fake), refs);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), -EINVAL);
	fake->family = family;
	KUNIT_EXPECT_EQ(test, fake_attach(fake), 0);
}

/* IFN-3 */
static void attach_null(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, dlil_ifnet_attach(NULL, fake_lladdr, ETH_ALEN),
			-EINVAL);
}

/* IFN-3 */
static void attach_twice(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	KUNIT_EXPECT_EQ(test, dlil_ifnet_attach(fake->ifp, fake_lladdr,
						ETH_ALEN), -EEXIST);
	/* The ifnet still works, and is listed once. */
	KUNIT_EXPECT_TRUE(test, dlil_ifnet_io_begin(fake->ifp));
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), 0);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_attach(fake->ifp, fake_lladdr,
						ETH_ALEN), -EEXIST);
	dlil_ifnet_io_end(fake->ifp);
}

/* IFN-3: the attach sets the link address, and its length if it was unknown. */
static void attach_adopts_length(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);

	fake->params.addr_len = 0;
	KUNIT_ASSERT_EQ(test, dlil_ifnet_init(fake->ifp, &fake->params), 0);
	KUNIT_ASSERT_EQ(test, dlil_ifnet_attach(fake->ifp, fake_lladdr,
						ETH_ALEN), 0);
	fake->attached = true;
	fake->attaches++;

	KUNIT_EXPECT_EQ(test, dlil_ifnet_addr_len(fake->ifp), ETH_ALEN);
	KUNIT_EXPECT_EQ(test, memcmp(dlil_ifnet_lladdr(fake->ifp), fake_lladdr,
				     ETH_ALEN), 0);
}

/* IFN-3, STA-1: an attach starts with nothing left of the previous one. */
static void attach_again(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	fake_filter(fake, 'a', &fake_filter_in_ops);
	fake_proto(fake, 'P', FAKE_PF_A);
	fake_input_new(fake, FAKE_PF_A, 1, 2);
	fake_read(fake);
	FAKE_EXPECT_IN(fake, .delivered = 2);
	fake_detach(fake);
	/* The counters are still readable. */
	fake_read(fake);
	FAKE_EXPECT_IN(fake, .delivered = 2);

	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	fake_read(fake);
	FAKE_EXPECT_IN(fake, .delivered = 0);
	KUNIT_EXPECT_EQ(test, fake->in.seen, 0);
	KUNIT_EXPECT_EQ(test, dlil_proto_detach(fake->ifp, FAKE_PF_A), -ENXIO);
	fake_trace_clear(fake);
	fake_input_new(fake, FAKE_PF_A, 3, 1);
	fake_read(fake);
	FAKE_EXPECT_IN(fake, .drops[DLIL_DROP_NOPROTO] = 1);
	FAKE_EXPECT_TRACE(fake, "");
}

/* IFN-4 */
static void detach_errors(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);

	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), -EINVAL);
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	KUNIT_ASSERT_TRUE(test, dlil_ifnet_io_begin(fake->ifp));
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), 0);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), -ENXIO);
	dlil_ifnet_io_end(fake->ifp);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_wait_detached(fake->ifp), 0);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), -EINVAL);
}

static int attach_too(struct fake_task *task)
{
	return dlil_ifnet_attach(task->fake->ifp, NULL, 0);
}

/* IFN-3: one of two tasks that attach the same ifnet succeeds. */
static void attach_twice_at_once(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct module *module = fake_module(test, MODULE_STATE_LIVE);
	struct fake_task *first, *second;
	int err;

	fake->driver.owner = module;
	KUNIT_ASSERT_EQ(test, dlil_ifnet_init(fake->ifp, &fake->params), 0);
	first = fake_run(fake, attach_too);
	second = fake_run(fake, attach_too);
	err = fake_join(first);
	/* Either task may have won. */
	KUNIT_EXPECT_TRUE(test, !err || err == -EEXIST);
	KUNIT_EXPECT_EQ(test, err + fake_join(second), -EEXIST);
	fake->attached = true;
	fake->attaches++;
	KUNIT_EXPECT_TRUE(test, fake_wait_for(fake_tasks_named("dlil/fake0") == 1));
	KUNIT_EXPECT_EQ(test, fake_module_pins(module), 1);
	/* Nothing is left of the other attach. */
	fake_detach(fake);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(!fake_tasks_named("dlil/fake0")));
	KUNIT_EXPECT_TRUE(test, fake_wait_for(!fake_module_pins(module)));
}

/*
 * IFN-4, IFN-5, IFN-8: a detach does not wait for I/O references, the final
 * detach does.
 */
static void detach_waits_for_io(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct dlil_ifnet *ifp = fake->ifp;

	KUNIT_ASSERT_TRUE(test, dlil_ifnet_io_begin(ifp));
	KUNIT_ASSERT_TRUE(test, dlil_ifnet_io_begin(ifp));

	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(ifp), 0);
	KUNIT_EXPECT_TRUE(test, io_refused(fake));
	KUNIT_EXPECT_TRUE(test, fake_stays(!atomic_read(&fake->freed)));
	dlil_ifnet_io_end(ifp);
	KUNIT_EXPECT_TRUE(test, fake_stays(!atomic_read(&fake->freed)));
	dlil_ifnet_io_end(ifp);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_wait_detached(ifp), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake->freed), 1);
	KUNIT_EXPECT_TRUE(test, io_refused(fake));
}

/*
 * IFN-5: code that has seen the ifnet attached, in an RCU read section, may use it to the
 * end of the section.  The reference counter itself, which is not per CPU any more after a
 * detach, waits for nobody.
 */
static void detach_after_grace_period(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct dlil_ifnet *ifp = fake->ifp;
	enum dlil_final final;

	KUNIT_ASSERT_TRUE(test, dlil_ifnet_io_begin(ifp));
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(ifp), 0);
	rcu_barrier();
	rcu_read_lock();
	dlil_ifnet_io_end(ifp);
	final = READ_ONCE(ifp->final);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, final, DLIL_FINAL_NONE);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_wait_detached(ifp), 0);
}

static void expect_clean(struct fake *fake)
{
	struct fake_filter *late = fake_filter_new(fake, 'z',
						   &fake_filter_in_ops);

	KUNIT_EXPECT_TRUE(fake->test, io_refused(fake));
	KUNIT_EXPECT_EQ(fake->test, fake_filter_attach(late), -ENXIO);
	KUNIT_EXPECT_EQ(fake->test, dlil_proto_detach(fake->ifp, FAKE_PF_A),
			-ENXIO);
}

static void expect_thread(struct fake *fake)
{
	const struct dlil_thread *thread = fake->ifp->inq.thread;

	KUNIT_EXPECT_PTR_EQ(fake->test, thread, &fake->ifp->inq.own);
	KUNIT_EXPECT_NOT_NULL(fake->test, thread->task);
}

static void detached_with_thread(void *cookie, struct dlil_ifnet *ifp)
{
	struct fake_filter *f = cookie;

	expect_thread(f->fake);
	fake_filter_in_ops.detached(cookie, ifp);
}

static void proto_detached_with_thread(void *cookie, struct dlil_ifnet *ifp,
				       u32 family)
{
	struct fake_proto *p = cookie;

	expect_thread(p->fake);
	atomic_inc(&p->detached);
	fake_trace(p->fake, "~%c", p->tag);
}

static void expect_no_thread(struct fake *fake)
{
	KUNIT_EXPECT_NULL(fake->test, fake->ifp->inq.own.task);
}

/* IFN-5: the thread stops after all other users, and before the driver's `free`. */
static void detach_order_of_thread(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *f;
	struct fake_proto *p;

	f = fake_filter_new(fake, 'a', &fake_filter_in_ops);
	f->ops.detached = detached_with_thread;
	KUNIT_ASSERT_EQ(test, fake_filter_attach(f), 0);
	p = fake_proto_new(fake, 'P', FAKE_PF_A);
	p->ops.detached = proto_detached_with_thread;
	KUNIT_ASSERT_EQ(test, fake_proto_attach(p), 0);
	fake->free_hook = expect_no_thread;
	fake_detach(fake);
	FAKE_EXPECT_TRACE(fake, "~a ~P free");
}

/* IFN-5: filters, then protocols, then the driver when everything is clean. */
static void detach_order(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	fake_proto(fake, 'P', FAKE_PF_A);
	fake_filter(fake, 'a', &fake_filter_in_ops);
	fake_filter(fake, 'b', &fake_filter_out_ops);
	fake_proto_v2(fake, 'Q', FAKE_PF_B);
	fake->free_hook = expect_clean;

	fake_detach(fake);

	FAKE_EXPECT_TRACE(fake, "~a ~b ~P ~Q free");
}

/* IFN-5, STA-3: packets queued behind the last batch are freed and counted. */
static void detach_frees_queue(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	fake_filter(fake, 'a', &fake_filter_in_ops)->hook = fake_block_filter;
	fake_proto(fake, 'P', FAKE_PF_A);
	fake_input_new(fake, FAKE_PF_A, 1, 1);
	fake_wait_blocked(fake);
	fake_input_new(fake, FAKE_PF_A, 2, 5);

	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), 0);
	KUNIT_EXPECT_TRUE(test, fake_stays(!atomic_read(&fake->freed)));
	fake_unblock(fake);
	fake_detach(fake);

	fake_read(fake);
	FAKE_EXPECT_IN(fake, .delivered = 1, .drops[DLIL_DROP_DETACHED] = 5);
	FAKE_EXPECT_TRACE(fake, "a1 P1 ~a ~P free");
}

static const enum dlil_ifnet_family kinds[] = {
	DLIL_IFNET_ETHERNET,	/* own thread */
	DLIL_IFNET_RAW,		/* main thread */
};

static void kind_desc(const enum dlil_ifnet_family *kind, char *desc)
{
	strscpy(desc, *kind == DLIL_IFNET_RAW ? "main thread" : "own thread",
		KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(kind, kinds, kind_desc);

/* IFN-6, INP-1, OUT-1: users of a stale reference do no harm. */
static void detached_is_inert(struct kunit *test)
{
	const enum dlil_ifnet_family *kind = test->param_value;
	struct fake *fake = fake_acquire(test, *kind);
	struct fake_filter *filter;
	struct fake_proto *proto;

	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	fake_detach(fake);
	fake_trace_clear(fake);

	KUNIT_EXPECT_EQ(test, fake_input_new(fake, FAKE_PF_A, 1, 2), -ENXIO);
	KUNIT_EXPECT_EQ(test, fake_output_new(fake, FAKE_PF_A, 1, 2, 0),
			-ENXIO);
	KUNIT_EXPECT_EQ(test, fake_output_new(fake, FAKE_PF_A, 1, 1,
					      DLIL_OUTPUT_RAW), -ENXIO);
	filter = fake_filter_new(fake, 'a', &fake_filter_in_ops);
	KUNIT_EXPECT_EQ(test, fake_filter_attach(filter), -ENXIO);
	proto = fake_proto_new(fake, 'P', FAKE_PF_A);
	KUNIT_EXPECT_EQ(test, fake_proto_attach(proto), -ENXIO);

	fake_read(fake);
	FAKE_EXPECT_IN(fake, .drops[DLIL_DROP_DETACHED] = 2);
	FAKE_EXPECT_OUT(fake, .drops[DLIL_DROP_DETACHED] = 3);
	FAKE_EXPECT_TRACE(fake, "");
}

static void attach_in_free(struct fake *fake)
{
	fake->free_hook = NULL;
	KUNIT_EXPECT_EQ(fake->test, fake_attach(fake), 0);
}

/*
 * IFN-5: the state is clean before the driver's `free` is called, so the driver
 * may attach again there, without mixing up the two lives.
 */
static void attach_again_in_free(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	fake->free_hook = attach_in_free;
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), 0);
	KUNIT_ASSERT_TRUE(test, fake_wait_for(fake->attaches == 2));
	KUNIT_EXPECT_EQ(test, dlil_ifnet_wait_detached(fake->ifp), 0);

	/* The second life ends like the first: after its last I/O reference. */
	KUNIT_ASSERT_TRUE(test, dlil_ifnet_io_begin(fake->ifp));
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake->freed), 1);
	dlil_ifnet_io_end(fake->ifp);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_wait_detached(fake->ifp), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake->freed), 2);
}

static int wait_from_filter(struct fake_filter *f, struct sk_buff **skb)
{
	KUNIT_EXPECT_EQ(f->fake->test, dlil_ifnet_detach(f->fake->ifp), 0);
	KUNIT_EXPECT_EQ(f->fake->test, dlil_ifnet_wait_detached(f->fake->ifp),
			-EDEADLK);
	return 0;
}

/* IFN-4: a callback may detach the ifnet; waiting there returns an error. */
static void detach_from_callback(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	fake_filter(fake, 'a', &fake_filter_in_ops)->hook = wait_from_filter;
	fake_input_new(fake, FAKE_PF_A, 1, 1);

	fake_read(fake);
	fake_detach(fake);
	FAKE_EXPECT_TRACE(fake, "a1 ~a free");
}

/* IFN-10 */
static void look_up(struct kunit *test)
{
	/* Only compared, never dereferenced. */
	struct net *other = (struct net *)test;
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	int ifindex = fake->params.ifindex;
	unsigned int refs;

	KUNIT_EXPECT_NULL(test, dlil_ifnet_by_index(&init_net, ifindex));
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	refs = fake_refs(fake);

	KUNIT_EXPECT_PTR_EQ(test, dlil_ifnet_by_index(&init_net, ifindex),
			    fake->ifp);
	KUNIT_EXPECT_EQ(test, fake_refs(fake), refs + 1);
	KUNIT_EXPECT_PTR_EQ(test, dlil_ifnet_by_name(&init_net, "fake0"),
			    fake->ifp);
	KUNIT_EXPECT_EQ(test, fake_refs(fake), refs + 2);
	dlil_ifnet_put(fake->ifp);
	dlil_ifnet_put(fake->ifp);

	KUNIT_EXPECT_NULL(test, dlil_ifnet_by_index(&init_net, ifindex + 1));
	KUNIT_EXPECT_NULL(test, dlil_ifnet_by_name(&init_net, "fake"));
	KUNIT_EXPECT_NULL(test, dlil_ifnet_by_index(other, ifindex));
	KUNIT_EXPECT_NULL(test, dlil_ifnet_by_name(other, "fake0"));
	KUNIT_EXPECT_EQ(test, fake_refs(fake), refs);
}

/* IFN-13: an index and a name are those of one attached ifnet of a namespace. */
static void taken(struct kunit *test)
{
	struct net *other = kunit_kzalloc(test, sizeof(*other), GFP_KERNEL);
	struct fake *first = fake_attached(test);
	struct fake *second = fake_acquire(test, DLIL_IFNET_ETHERNET);
	int index = second->params.ifindex;

	KUNIT_ASSERT_NOT_NULL(test, other);
	second->params.ifindex = first->params.ifindex;
	KUNIT_EXPECT_EQ(test, fake_attach(second), -EEXIST);
	KUNIT_EXPECT_PTR_EQ(test, dlil_ifnet_by_index(&init_net, second->params.ifindex),
			    first->ifp);
	dlil_ifnet_put(first->ifp);
	second->params.ifindex = index;
	second->params.name = first->params.name;
	KUNIT_EXPECT_EQ(test, fake_attach(second), -EEXIST);
	/* Nor the name that it has by now. */
	dlil_ifnet_set_name(first->ifp, "other0");
	second->params.name = "other0";
	KUNIT_EXPECT_EQ(test, fake_attach(second), -EEXIST);

	/* In another namespace both may be had. */
	second->params.ifindex = first->params.ifindex;
	second->params.net = other;
	KUNIT_EXPECT_EQ(test, fake_attach(second), 0);
	fake_detach(second);
	/* And as soon as the first is being detached. */
	second->params.net = &init_net;
	KUNIT_EXPECT_EQ(test, fake_attach(second), -EEXIST);
	KUNIT_ASSERT_TRUE(test, dlil_ifnet_io_begin(first->ifp));
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(first->ifp), 0);
	KUNIT_EXPECT_EQ(test, fake_attach(second), 0);
	dlil_ifnet_io_end(first->ifp);
	fake_detach(first);
}

/* IFN-13: an index that no netdev can have, of its own for all lives. */
static void own_index(struct kunit *test)
{
	struct fake *first = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct fake *second = fake_acquire(test, DLIL_IFNET_ETHERNET);
	int index;

	first->params.ifindex = 0;
	second->params.ifindex = 0;
	KUNIT_ASSERT_EQ(test, fake_attach(first), 0);
	KUNIT_ASSERT_EQ(test, fake_attach(second), 0);
	index = dlil_ifnet_index(first->ifp);
	KUNIT_EXPECT_LT(test, index, 0);
	KUNIT_EXPECT_LT(test, dlil_ifnet_index(second->ifp), 0);
	KUNIT_EXPECT_NE(test, dlil_ifnet_index(second->ifp), index);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_link(first->ifp)->ifindex, index);
	KUNIT_EXPECT_PTR_EQ(test, dlil_ifnet_by_index(&init_net, index),
			    first->ifp);
	dlil_ifnet_put(first->ifp);
	fake_detach(first);
	KUNIT_ASSERT_EQ(test, fake_attach(first), 0);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_index(first->ifp), index);
	/* One that it was given does not change that. */
	fake_detach(first);
	first->params.ifindex = FAKE_IFINDEX;
	KUNIT_ASSERT_EQ(test, fake_attach(first), 0);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_index(first->ifp), FAKE_IFINDEX);
	fake_detach(first);
	first->params.ifindex = -1;
	KUNIT_EXPECT_EQ(test, fake_attach(first), -EINVAL);
	first->params.ifindex = 0;
	KUNIT_ASSERT_EQ(test, fake_attach(first), 0);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_index(first->ifp), index);
}

/* IFN-4, IFN-10: a detaching ifnet cannot be looked up, even while it has users. */
static void look_up_detaching(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	KUNIT_ASSERT_TRUE(test, dlil_ifnet_io_begin(fake->ifp));
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), 0);
	KUNIT_EXPECT_NULL(test, dlil_ifnet_by_index(&init_net,
						    fake->params.ifindex));
	KUNIT_EXPECT_NULL(test, dlil_ifnet_by_name(&init_net, "fake0"));
	dlil_ifnet_io_end(fake->ifp);
}

/* IFN-10, LNX-7: change the name and the link address. */
static void rename_and_readdress(struct kunit *test)
{
	static const u8 address[ETH_ALEN] = { 2, 9, 9, 9, 9, 9 };
	struct fake *fake = fake_attached(test);
	const u8 *lladdr = dlil_ifnet_lladdr(fake->ifp);

	dlil_ifnet_set_name(fake->ifp, "other0");
	dlil_ifnet_set_lladdr(fake->ifp, address);

	KUNIT_EXPECT_NULL(test, dlil_ifnet_by_name(&init_net, "fake0"));
	KUNIT_EXPECT_PTR_EQ(test, dlil_ifnet_by_name(&init_net, "other0"),
			    fake->ifp);
	dlil_ifnet_put(fake->ifp);
	KUNIT_EXPECT_STREQ(test, dlil_ifnet_name(fake->ifp), "other0");
	/* IFN-9: the link address stays at its place. */
	KUNIT_EXPECT_PTR_EQ(test, dlil_ifnet_lladdr(fake->ifp), lladdr);
	KUNIT_EXPECT_EQ(test, memcmp(lladdr, address, ETH_ALEN), 0);
}

/* IFN-3, IFN-5: the driver's pointer, index and attributes while attached. */
static void properties(struct kunit *test)
{
	static const u8 broadcast[ETH_ALEN] = { 255, 255, 255, 255, 255, 254 };
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);

	fake->params.broadcast = broadcast;
	fake->params.attrs = DLIL_ATTR_COUNT_INPUT;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);

	KUNIT_EXPECT_PTR_EQ(test, dlil_ifnet_priv(fake->ifp), (void *)fake);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_index(fake->ifp),
			fake->params.ifindex);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_attrs(fake->ifp),
			DLIL_ATTR_COUNT_INPUT);
	KUNIT_EXPECT_STREQ(test, dlil_ifnet_name(fake->ifp), "fake0");
	KUNIT_EXPECT_EQ(test, memcmp(dlil_ifnet_broadcast(fake->ifp),
				     broadcast, ETH_ALEN), 0);

	/* These are reset in the next life. */
	fake_detach(fake);
	fake->params.broadcast = NULL;
	fake->params.attrs = 0;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(dlil_ifnet_broadcast(fake->ifp), 0,
					   MAX_ADDR_LEN));
	KUNIT_EXPECT_EQ(test, dlil_ifnet_attrs(fake->ifp), 0);
}

#define LIVES	20

static int send_until_detached(struct fake_task *task)
{
	struct fake *fake = task->fake;
	u32 seq = 0;

	while (fake_input_new(fake, FAKE_PF_A, seq++, 3) != -ENXIO) {
		fake_output_new(fake, FAKE_PF_A, seq, 2, 0);
		cond_resched();
	}
	return 0;
}

/* IFN-5, STA-3: many lives, each ended under traffic in both directions. */
static void detach_under_traffic(struct kunit *test)
{
	const enum dlil_ifnet_family *kind = test->param_value;
	struct fake *fake = fake_acquire(test, *kind);
	struct fake_task *first, *second;
	struct fake_filter *filter;
	struct fake_proto *proto;
	int i;

	filter = fake_filter_new(fake, 'a', &fake_filter_both_ops);
	proto = fake_proto_new(fake, 'P', FAKE_PF_A);
	for (i = 0; i < LIVES; i++) {
		KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
		KUNIT_ASSERT_EQ(test, fake_filter_attach(filter), 0);
		KUNIT_ASSERT_EQ(test, fake_proto_attach_v2(proto), 0);
		atomic_set(&proto->packets, 0);
		first = fake_run(fake, send_until_detached);
		second = fake_run(fake, send_until_detached);
		KUNIT_EXPECT_TRUE(test,
				  fake_wait_for(atomic_read(&proto->packets) > 50));

		KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), 0);
		fake_join(first);
		fake_join(second);
		fake_detach(fake);
		fake_read(fake);
		skb_queue_purge(&fake->sent);
	}
}

static struct kunit_case dlil_ifnet_cases[] = {
	KUNIT_CASE(acquire_id),
	KUNIT_CASE(acquire_prefix),
	KUNIT_CASE(acquire_empty_id),
	KUNIT_CASE(acquire_bad_arguments),
	KUNIT_CASE(acquire_longest_id),
	KUNIT_CASE(release_while_attached),
	KUNIT_CASE(release_in_free),
	KUNIT_CASE(released_are_bounded),
	KUNIT_CASE(going),
	KUNIT_CASE_PARAM(init_bad_arguments, init_gen_params),
	KUNIT_CASE(init_null),
	KUNIT_CASE(init_while_attached),
	KUNIT_CASE_PARAM(attach_errors, attach_gen_params),
	KUNIT_CASE(attach_null),
	KUNIT_CASE(attach_twice),
	KUNIT_CASE(attach_twice_at_once),
	KUNIT_CASE(attach_adopts_length),
	KUNIT_CASE(attach_again),
	KUNIT_CASE(attach_again_in_free),
	KUNIT_CASE(detach_errors),
	KUNIT_CASE(detach_waits_for_io),
	KUNIT_CASE(detach_after_grace_period),
	KUNIT_CASE(detach_order),
	KUNIT_CASE(detach_order_of_thread),
	KUNIT_CASE(detach_frees_queue),
	KUNIT_CASE(detach_from_callback),
	KUNIT_CASE_PARAM(detached_is_inert, kind_gen_params),
	KUNIT_CASE_PARAM(detach_under_traffic, kind_gen_params),
	KUNIT_CASE(look_up),
	KUNIT_CASE(taken),
	KUNIT_CASE(own_index),
	KUNIT_CASE(look_up_detaching),
	KUNIT_CASE(rename_and_readdress),
	KUNIT_CASE(properties),
	{}
};

static struct kunit_suite dlil_ifnet_suite = {
	.name = "dlil_ifnet",
	.test_cases = dlil_ifnet_cases,
};

kunit_test_suite(dlil_ifnet_suite);
