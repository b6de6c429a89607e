// SPDX-License-Identifier: GPL-2.0
/* Protocols: rows PRO-1 to PRO-4. */
#include "../dlil_ifnet.h"
#include "../dlil_proto.h"
#include "fake.h"

/* Both versions, for tests where that matters. */
static const bool versions[] = { false, true };

static void version_desc(const bool *v2, char *desc)
{
	strscpy(desc, *v2 ? "version 2" : "version 1", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(version, versions, version_desc);

static int attach(struct fake_proto *p, bool v2)
{
	return v2 ? fake_proto_attach_v2(p) : fake_proto_attach(p);
}

struct attach_case {
	const char *name;
	bool v2;
	int err;
	void (*spoil)(struct fake_proto *p);
};

static void no_family(struct fake_proto *p)
{
	p->family = 0;
}

static void no_ops(struct fake_proto *p)
{
	p->params.ops = NULL;
}

static void no_input(struct fake_proto *p)
{
	p->ops.input = NULL;
}

static void no_input_list(struct fake_proto *p)
{
	p->ops.input_list = NULL;
}

static void no_descs(struct fake_proto *p)
{
	p->params.n_descs = 1;
}

static void long_name(struct fake_proto *p)
{
	p->params.name = "a name that does not fit in there";
}

/* PRO-1: names have at most 31 characters. */
static void name_of_32(struct fake_proto *p)
{
	p->params.name = "a name of thirty-two characters.";
}

static void unknown_flags(struct fake_proto *p)
{
	p->params.flags = DLIL_PROTO_ATOMIC << 1;
}

static const struct attach_case attach_cases[] = {
	{ "v1 without family", false, -EINVAL, no_family },
	{ "v1 without ops", false, -EINVAL, no_ops },
	{ "v1 without input", false, -EINVAL, no_input },
	{ "v1 without descriptors", false, -EINVAL, no_descs },
	{ "v2 without family", true, -EINVAL, no_family },
	{ "v2 without ops", true, -EINVAL, no_ops },
	{ "v2 without input_list", true, -EINVAL, no_input_list },
	{ "v2 without descriptors", true, -EINVAL, no_descs },
	{ "v1 with a long name", false, -ENAMETOOLONG, long_name },
	{ "v2 with a long name", true, -ENAMETOOLONG, long_name },
	{ "v1 with a name of 32", false, -ENAMETOOLONG, name_of_32 },
	{ "v2 with a name of 32", true, -ENAMETOOLONG, name_of_32 },
	{ "v1 with unknown flags", false, -EINVAL, unknown_flags },
	{ "v2 with unknown flags", true, -EINVAL, unknown_flags },
};

static void attach_desc(const struct attach_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(attach, attach_cases, attach_desc);

/* PRO-1 */
static void attach_errors(struct kunit *test)
{
	const struct attach_case *c = test->param_value;
	struct fake *fake = fake_attached(test);
	struct fake_proto *proto = fake_proto_new(fake, 'P', FAKE_PF_A);

	c->spoil(proto);
	KUNIT_EXPECT_EQ(test, attach(proto, c->v2), c->err);
	KUNIT_EXPECT_EQ(test, fake->protos_added, 0);
}

static int note_proto(const struct dlil_proto *proto, void *arg)
{
	struct fake *fake = arg;

	fake_trace(fake, "%s:%llu", proto->name, dlil_proto_packets(proto));
	return 0;
}

/* PRO-1, STA-1: a name of 31 characters fits; packets are counted one by one. */
static void longest_name(struct kunit *test)
{
	const bool *v2 = test->param_value;
	struct fake *fake = fake_attached(test);
	struct fake_proto *proto = fake_proto_new(fake, 'P', FAKE_PF_A);

	proto->params.name = "a name of thirty-one characters";
	KUNIT_ASSERT_EQ(test, strlen(proto->params.name), DLIL_NAME_MAX - 1);
	KUNIT_EXPECT_EQ(test, attach(proto, *v2), 0);
	fake_input_new(fake, FAKE_PF_A, 1, 3);
	fake_read(fake);
	fake_trace_clear(fake);
	dlil_proto_for_each(fake->ifp, note_proto, fake);
	FAKE_EXPECT_TRACE(fake, "a name of thirty-one characters:3");
}

/* PRO-1 */
static void attach_null(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_proto *proto = fake_proto_new(fake, 'P', FAKE_PF_A);

	KUNIT_EXPECT_EQ(test, dlil_proto_attach(NULL, FAKE_PF_A,
						&proto->params), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_proto_attach(fake->ifp, FAKE_PF_A, NULL),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_proto_attach_v2(NULL, FAKE_PF_A,
						   &proto->params), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_proto_attach_v2(fake->ifp, FAKE_PF_A, NULL),
			-EINVAL);
}

/* PRO-1: before the attach, while detaching and afterwards. */
static void attach_not_attached(struct kunit *test)
{
	const bool *v2 = test->param_value;
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct fake_proto *proto = fake_proto_new(fake, 'P', FAKE_PF_A);

	KUNIT_EXPECT_EQ(test, attach(proto, *v2), -ENXIO);
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	KUNIT_ASSERT_TRUE(test, dlil_ifnet_io_begin(fake->ifp));
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), 0);
	KUNIT_EXPECT_EQ(test, attach(proto, *v2), -ENXIO);
	dlil_ifnet_io_end(fake->ifp);
	fake_detach(fake);
	KUNIT_EXPECT_EQ(test, attach(proto, *v2), -ENXIO);
	KUNIT_EXPECT_EQ(test, fake->protos_added, 0);
}

/* PRO-1: one protocol per family; the first one stays. */
static void attach_twice(struct kunit *test)
{
	const bool *v2 = test->param_value;
	struct fake *fake = fake_attached(test);
	struct fake_proto *second;

	fake_proto(fake, 'P', FAKE_PF_A);
	second = fake_proto_new(fake, 'Q', FAKE_PF_A);
	KUNIT_EXPECT_EQ(test, attach(second, *v2), -EEXIST);
	KUNIT_EXPECT_EQ(test, fake->protos_added, 1);

	fake_input_new(fake, FAKE_PF_A, 1, 1);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "P1");
}

struct refusal_case {
	int error;
	int err;
};

static const struct refusal_case refusal_cases[] = {
	{ -EADDRINUSE, -EADDRINUSE },
	{ -EINVAL, -EINVAL },
	{ -ENOTSUPP, -EOPNOTSUPP },
};

static void refusal_desc(const struct refusal_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "error %d", c->error);
}

KUNIT_ARRAY_PARAM(refusal, refusal_cases, refusal_desc);

/* PRO-1: if the family refuses the descriptors, nothing is left behind. */
static void add_proto_refuses(struct kunit *test)
{
	const struct refusal_case *c = test->param_value;
	struct module *owner = fake_module(test, MODULE_STATE_LIVE);
	struct fake *fake = fake_attached(test);
	struct fake_proto *proto = fake_proto_new(fake, 'P', FAKE_PF_A);
	unsigned int refs = fake_refs(fake);

	proto->ops.owner = owner;
	fake->add_error = c->error;
	KUNIT_EXPECT_EQ(test, fake_proto_attach(proto), c->err);

	KUNIT_EXPECT_EQ(test, dlil_proto_detach(fake->ifp, FAKE_PF_A), -ENXIO);
	KUNIT_EXPECT_EQ(test, fake_module_pins(owner), 0);
	KUNIT_EXPECT_EQ(test, fake_refs(fake), refs);
	fake_input_new(fake, FAKE_PF_A, 1, 1);
	fake_read(fake);
	FAKE_EXPECT_IN(fake, .drops[DLIL_DROP_NOPROTO] = 1);
	/* The next attempt succeeds. */
	fake->add_error = 0;
	KUNIT_EXPECT_EQ(test, fake_proto_attach(proto), 0);
	fake_detach(fake);
	KUNIT_EXPECT_EQ(test, fake_module_pins(owner), 0);
}

/* PRO-1: the module is pinned until `detached` has returned. */
static void module_pinned(struct kunit *test)
{
	struct module *owner = fake_module(test, MODULE_STATE_LIVE);
	struct fake *fake = fake_attached(test);
	struct fake_proto *proto = fake_proto_new(fake, 'P', FAKE_PF_A);

	proto->ops.owner = owner;
	KUNIT_EXPECT_EQ(test, fake_proto_attach(proto), 0);
	KUNIT_EXPECT_EQ(test, fake_module_pins(owner), 1);
	KUNIT_EXPECT_EQ(test, fake_proto_attach(proto), -EEXIST);
	KUNIT_EXPECT_EQ(test, fake_module_pins(owner), 1);
	KUNIT_EXPECT_EQ(test, dlil_proto_detach(fake->ifp, FAKE_PF_A), 0);
	KUNIT_EXPECT_EQ(test, fake_module_pins(owner), 0);
}

/* PRO-1: a module that is being unloaded cannot attach. */
static void module_going(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_proto *proto = fake_proto_new(fake, 'P', FAKE_PF_A);

	proto->ops.owner = fake_module(test, MODULE_STATE_GOING);
	KUNIT_EXPECT_EQ(test, fake_proto_attach(proto), -ENODEV);
	KUNIT_EXPECT_EQ(test, fake->protos_added, 0);
}

#define FAMILIES	24

/* PRO-2: families that share a hash slot are distinguished. */
static void many_families(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	u32 i, first = DLIL_PF_PRIVATE;

	for (i = 0; i < FAMILIES; i++)
		fake_proto(fake, 'A' + i, first + i);
	for (i = 0; i < FAMILIES; i++) {
		fake_input_new(fake, first + i, i, 1);
		fake_read(fake);
		KUNIT_EXPECT_EQ(test, atomic_read(&fake->protos[i].packets), 1);
	}
	/* Detach every other one; the rest still get their packets. */
	for (i = 0; i < FAMILIES; i += 2)
		KUNIT_EXPECT_EQ(test, dlil_proto_detach(fake->ifp, first + i),
				0);
	for (i = 0; i < FAMILIES; i++)
		fake_input_new(fake, first + i, i, 1);
	fake_read(fake);
	for (i = 0; i < FAMILIES; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&fake->protos[i].packets),
				1 + i % 2);
	FAKE_EXPECT_IN(fake, .delivered = FAMILIES + FAMILIES / 2,
		       .drops[DLIL_DROP_NOPROTO] = FAMILIES / 2);
}

/* PRO-3 */
static void detach_errors(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	fake_proto(fake, 'P', FAKE_PF_A);
	KUNIT_EXPECT_EQ(test, dlil_proto_detach(NULL, FAKE_PF_A), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_proto_detach(fake->ifp, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_proto_detach(fake->ifp, FAKE_PF_B), -ENXIO);
	KUNIT_EXPECT_EQ(test, dlil_proto_detach(fake->ifp, FAKE_PF_A), 0);
	KUNIT_EXPECT_EQ(test, dlil_proto_detach(fake->ifp, FAKE_PF_A), -ENXIO);
}

/* PRO-3: after the detach its packets have no protocol, in both directions. */
static void detach_ends_traffic(struct kunit *test)
{
	const bool *v2 = test->param_value;
	struct fake *fake = fake_attached(test);
	struct fake_proto *proto = fake_proto_new(fake, 'P', FAKE_PF_A);

	KUNIT_ASSERT_EQ(test, attach(proto, *v2), 0);
	fake_input_new(fake, FAKE_PF_A, 1, 1);
	fake_read(fake);
	KUNIT_EXPECT_EQ(test, dlil_proto_detach(fake->ifp, FAKE_PF_A), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&proto->detached), 1);
	KUNIT_EXPECT_EQ(test, fake->protos_deleted, 1);

	fake_input_new(fake, FAKE_PF_A, 2, 1);
	KUNIT_EXPECT_EQ(test, fake_output_new(fake, FAKE_PF_A, 3, 1, 0),
			-ENXIO);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, *v2 ? "P[ 1 ] ~P" : "P1 ~P");
	FAKE_EXPECT_IN(fake, .delivered = 1, .drops[DLIL_DROP_NOPROTO] = 1);
	FAKE_EXPECT_OUT(fake, .drops[DLIL_DROP_NOPROTO] = 1);
	KUNIT_EXPECT_EQ(test, fake->stats.noproto, 1);
}

static int detach_a(struct fake_task *task)
{
	return dlil_proto_detach(task->fake->ifp, FAKE_PF_A);
}

/* PRO-3, PRO-4: a batch that is being delivered is delivered completely. */
static void detach_waits(struct kunit *test)
{
	const bool *v2 = test->param_value;
	struct fake *fake = fake_attached(test);
	struct fake_proto *proto = fake_proto_new(fake, 'P', FAKE_PF_A);
	struct fake_task *task;

	proto->hook = fake_block_proto;
	KUNIT_ASSERT_EQ(test, attach(proto, *v2), 0);
	fake_input_new(fake, FAKE_PF_A, 1, 3);
	fake_wait_blocked(fake);

	task = fake_run(fake, detach_a);
	KUNIT_EXPECT_TRUE(test, fake_stays(!fake_done(task)));
	KUNIT_EXPECT_EQ(test, atomic_read(&proto->detached), 0);
	/* But the protocol is not attached any more. */
	KUNIT_EXPECT_EQ(test, dlil_proto_detach(fake->ifp, FAKE_PF_A), -ENXIO);
	fake_unblock(fake);
	KUNIT_EXPECT_EQ(test, fake_join(task), 0);

	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, *v2 ? "P[ 1 2 3 ] ~P" : "P1 P2 P3 ~P");
	FAKE_EXPECT_IN(fake, .delivered = 3);
}

/* PRO-3: the family is free once the detach has begun. */
static void successor(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_proto *old, *new;
	struct fake_task *task;

	old = fake_proto(fake, 'P', FAKE_PF_A);
	old->hook = fake_block_proto;
	fake_input_new(fake, FAKE_PF_A, 1, 1);
	fake_wait_blocked(fake);
	task = fake_run(fake, detach_a);
	KUNIT_EXPECT_TRUE(test, fake_stays(!fake_done(task)));

	new = fake_proto(fake, 'Q', FAKE_PF_A);
	fake_input_new(fake, FAKE_PF_A, 2, 1);
	fake_unblock(fake);
	KUNIT_EXPECT_EQ(test, fake_join(task), 0);

	fake_read(fake);
	FAKE_EXPECT_IN(fake, .delivered = 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&old->packets), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&new->packets), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&new->detached), 0);
}

/* PRO-3: if the waiting task is killed, the protocol still ends, once. */
static void detach_killed(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_proto *proto = fake_proto(fake, 'P', FAKE_PF_A);
	struct fake_task *task;

	proto->hook = fake_block_proto;
	fake_input_new(fake, FAKE_PF_A, 1, 3);
	fake_wait_blocked(fake);

	task = fake_run(fake, detach_a);
	KUNIT_EXPECT_TRUE(test, fake_stays(!fake_done(task)));
	fake_kill(task);
	KUNIT_EXPECT_EQ(test, fake_join(task), -ERESTARTSYS);
	KUNIT_EXPECT_EQ(test, atomic_read(&proto->detached), 0);

	fake_unblock(fake);
	KUNIT_EXPECT_TRUE(test,
			  fake_wait_for(atomic_read(&proto->detached) == 1));
	fake_read(fake);
	FAKE_EXPECT_IN(fake, .delivered = 3);
}

/* PRO-3: an asynchronous detach frees the family at once. */
static void detach_async(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_proto *old = fake_proto(fake, 'P', FAKE_PF_A);
	struct fake_proto *new;

	KUNIT_EXPECT_EQ(test, dlil_proto_detach_async(NULL, FAKE_PF_A),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_proto_detach_async(fake->ifp, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_proto_detach_async(fake->ifp, FAKE_PF_B),
			-ENXIO);
	old->hook = fake_block_proto;
	fake_input_new(fake, FAKE_PF_A, 1, 1);
	fake_wait_blocked(fake);
	KUNIT_EXPECT_EQ(test, dlil_proto_detach_async(fake->ifp, FAKE_PF_A), 0);
	KUNIT_EXPECT_EQ(test, dlil_proto_detach_async(fake->ifp, FAKE_PF_A),
			-ENXIO);
	new = fake_proto(fake, 'Q', FAKE_PF_A);
	KUNIT_EXPECT_TRUE(test, fake_stays(!atomic_read(&old->detached)));
	fake_unblock(fake);
	KUNIT_EXPECT_TRUE(test,
			  fake_wait_for(atomic_read(&old->detached) == 1));
	fake_input_new(fake, FAKE_PF_A, 2, 1);
	fake_read(fake);
	FAKE_EXPECT_IN(fake, .delivered = 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&new->packets), 1);
}

static void detach_self(struct fake_proto *p)
{
	p->hook = NULL;
	KUNIT_EXPECT_EQ(p->fake->test,
			dlil_proto_detach(p->fake->ifp, p->family), 0);
	KUNIT_EXPECT_EQ(p->fake->test, atomic_read(&p->detached), 0);
}

/* PRO-3: a detach in its own callback returns at once; `detached` follows later. */
static void detach_from_own_callback(struct kunit *test)
{
	const bool *v2 = test->param_value;
	struct fake *fake = fake_attached(test);
	struct fake_proto *proto = fake_proto_new(fake, 'P', FAKE_PF_A);

	proto->hook = detach_self;
	KUNIT_ASSERT_EQ(test, attach(proto, *v2), 0);
	fake_input_new(fake, FAKE_PF_A, 1, 1);
	KUNIT_EXPECT_TRUE(test,
			  fake_wait_for(atomic_read(&proto->detached) == 1));
	fake_input_new(fake, FAKE_PF_A, 2, 1);
	fake_read(fake);
	FAKE_EXPECT_IN(fake, .delivered = 1, .drops[DLIL_DROP_NOPROTO] = 1);
}

static int detach_from_pre_output(void *cookie, struct dlil_ifnet *ifp,
				  u32 family, struct sk_buff *skb,
				  const struct sockaddr *dest,
				  struct dlil_frame *frame)
{
	struct fake_proto *p = cookie;

	KUNIT_EXPECT_EQ(p->fake->test, dlil_proto_detach(ifp, family),
			-EDEADLK);
	return 0;
}

/* PRO-3: output callbacks cannot sleep, so waiting fails there. */
static void detach_from_output(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_proto *proto = fake_proto_new(fake, 'P', FAKE_PF_A);

	proto->ops.pre_output = detach_from_pre_output;
	KUNIT_ASSERT_EQ(test, fake_proto_attach(proto), 0);
	KUNIT_EXPECT_EQ(test, fake_output_new(fake, FAKE_PF_A, 1, 1, 0), 0);
	fake_read(fake);
	FAKE_EXPECT_OUT(fake, .delivered = 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&proto->detached), 0);
}

#ifdef CONFIG_SMP
static int spin_in_pre_output(void *cookie, struct dlil_ifnet *ifp, u32 family,
			      struct sk_buff *skb, const struct sockaddr *dest,
			      struct dlil_frame *frame)
{
	struct fake_proto *p = cookie;

	/* This callback cannot sleep, but it can spin for long. */
	complete(&p->fake->entered);
	while (!completion_done(&p->fake->leave))
		cpu_relax();
	return 0;
}

static int output_one(struct fake_task *task)
{
	return fake_output_new(task->fake, FAKE_PF_A, 1, 1, 0);
}

/* PRO-3: a detach waits for a callback in output on another processor. */
static void detach_waits_for_output(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_proto *proto = fake_proto_new(fake, 'P', FAKE_PF_A);
	struct fake_task *task;

	if (num_online_cpus() < 2)
		kunit_skip(test, "one processor");
	proto->ops.pre_output = spin_in_pre_output;
	KUNIT_ASSERT_EQ(test, fake_proto_attach(proto), 0);
	task = fake_run(fake, output_one);
	fake_wait_blocked(fake);
	KUNIT_EXPECT_EQ(test, dlil_proto_detach_async(fake->ifp, FAKE_PF_A), 0);
	KUNIT_EXPECT_TRUE(test, fake_stays(!atomic_read(&proto->detached)));
	/* The final detach of the ifnet waits as well. */
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), 0);
	KUNIT_EXPECT_TRUE(test, fake_stays(!atomic_read(&proto->detached) &&
					   !atomic_read(&fake->freed)));
	fake_unblock(fake);
	KUNIT_EXPECT_EQ(test, fake_join(task), 0);
	fake_detach(fake);
	KUNIT_EXPECT_EQ(test, atomic_read(&proto->detached), 1);
}
#endif

static bool is_attached(struct fake *fake, u32 family)
{
	bool ret;

	rcu_read_lock();
	ret = dlil_proto_is_attached(fake->ifp, family);
	rcu_read_unlock();
	return ret;
}

/* PRO-1, PRO-3 */
static void asked_for(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	KUNIT_EXPECT_FALSE(test, is_attached(fake, FAKE_PF_A));
	fake_proto(fake, 'P', FAKE_PF_A);
	KUNIT_EXPECT_TRUE(test, is_attached(fake, FAKE_PF_A));
	KUNIT_EXPECT_FALSE(test, is_attached(fake, FAKE_PF_B));
	KUNIT_EXPECT_EQ(test, dlil_proto_detach(fake->ifp, FAKE_PF_A), 0);
	KUNIT_EXPECT_FALSE(test, is_attached(fake, FAKE_PF_A));
}

static int detach_proto(struct fake_filter *f, struct sk_buff **skb)
{
	f->hook = NULL;
	KUNIT_EXPECT_EQ(f->fake->test,
			dlil_proto_detach(f->fake->ifp, FAKE_PF_A), 0);
	return 0;
}

/* PRO-3: a protocol detached between filter and delivery gets nothing. */
static void detach_before_delivery(struct kunit *test)
{
	const bool *v2 = test->param_value;
	struct fake *fake = fake_attached(test);
	struct fake_proto *proto = fake_proto_new(fake, 'P', FAKE_PF_A);
	struct fake_filter *filter;

	KUNIT_ASSERT_EQ(test, attach(proto, *v2), 0);
	filter = fake_filter(fake, 'a', &fake_filter_in_ops);
	fake_input_new(fake, FAKE_PF_A, 1, 1);
	fake_read(fake);
	filter->hook = detach_proto;
	fake_input_new(fake, FAKE_PF_A, 2, 1);
	fake_read(fake);

	KUNIT_EXPECT_EQ(test, atomic_read(&proto->packets), 1);
	KUNIT_EXPECT_EQ(test, fake->in.delivered, 1);
	KUNIT_EXPECT_EQ(test, fake->in.freed, 1);
}

static void attach_again(void *cookie, struct dlil_ifnet *ifp, u32 family)
{
	struct fake_proto *p = cookie;

	if (atomic_inc_return(&p->detached) == 1)
		KUNIT_EXPECT_EQ(p->fake->test, fake_proto_attach(p), 0);
}

/* PRO-3: `detached` may attach anything; no lock is held. */
static void detached_without_lock(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_proto *proto = fake_proto_new(fake, 'P', FAKE_PF_A);

	proto->ops.detached = attach_again;
	KUNIT_ASSERT_EQ(test, fake_proto_attach(proto), 0);
	KUNIT_EXPECT_EQ(test, dlil_proto_detach(fake->ifp, FAKE_PF_A), 0);

	KUNIT_EXPECT_EQ(test, atomic_read(&proto->detached), 1);
	fake_input_new(fake, FAKE_PF_A, 1, 1);
	fake_read(fake);
	FAKE_EXPECT_IN(fake, .delivered = 1);
}

static int detach_two(struct fake_filter *f, struct sk_buff **skb)
{
	struct fake *fake = f->fake;

	f->hook = NULL;
	KUNIT_EXPECT_EQ(fake->test,
			dlil_proto_detach_async(fake->ifp, FAKE_PF_A), 0);
	KUNIT_EXPECT_EQ(fake->test,
			dlil_proto_detach_async(fake->ifp, FAKE_PF_B), 0);
	/* They are not counted any more, although neither has ended. */
	KUNIT_EXPECT_EQ(fake->test, fake_proto_attach(&fake->protos[3]), 0);
	return 0;
}

static void note_count(struct fake *fake, const struct dlil_event *event)
{
	const struct dlil_event_proto *p = event->data;

	if (event->subclass == DLIL_EVENT_SUBCLASS_DL &&
	    (event->code == DLIL_EVENT_PROTO_ATTACHED ||
	     event->code == DLIL_EVENT_PROTO_DETACHED))
		fake_trace(fake, "%u/%u", p->family - DLIL_PF_PRIVATE,
			   p->count);
}

/*
 * PRO-1, PRO-3: two protocols that are being detached do not count in the
 * events of the other, or of a new one.
 */
static void two_on_their_way(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	fake_proto(fake, 'P', FAKE_PF_A);
	fake_proto(fake, 'Q', FAKE_PF_B);
	fake_proto(fake, 'R', FAKE_PF_C);
	fake_proto_new(fake, 'S', FAKE_PF_C + 1);
	fake_filter(fake, 'a', &fake_filter_in_ops)->hook = detach_two;
	dlil_event_flush(fake->ifp);
	fake_listen(fake, 0);
	fake->event_hook = note_count;
	fake_input_new(fake, FAKE_PF_C, 1, 1);
	KUNIT_EXPECT_TRUE(test,
			  fake_wait_for(atomic_read(&fake->protos[0].detached) &&
					atomic_read(&fake->protos[1].detached)));
	KUNIT_EXPECT_TRUE(test, fake_wait_for(strstr(fake->trace, "2/")));
	dlil_event_flush(fake->ifp);
	KUNIT_EXPECT_NOT_NULL(test, strstr(fake->trace, "4/2"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(fake->trace, "1/2"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(fake->trace, "2/2"));
}

/*
 * PRO-3 ARP-1: a caller that has looked a protocol up before its detach gets the
 * result for no protocol, for each version and callback.
 */
static void late_callers(struct kunit *test)
{
	const bool *v2 = test->param_value;
	struct fake *fake = fake_attached(test);
	struct fake_proto *proto = fake_proto_new(fake, 'P', FAKE_PF_A);
	const struct dlil_event event = { .code = DLIL_EVENT_LINK_ON };
	const struct dlil_proto_ops *ops;
	struct dlil_ifnet *ifp = fake->ifp;
	struct dlil_ioc_lladdr link;
	struct dlil_frame frame;
	struct sk_buff_head list;
	struct sk_buff *skb;
	struct sockaddr addr = {};
	struct dlil_proto *held;

	KUNIT_ASSERT_EQ(test, attach(proto, *v2), 0);
	/* This task takes the place of the thread, which is idle. */
	dlil_reader_enter(&ifp->inq.reader);
	held = dlil_proto_lookup(ifp, FAKE_PF_A);
	KUNIT_EXPECT_NOT_NULL(test, held);
	KUNIT_EXPECT_EQ(test, dlil_proto_detach_async(ifp, FAKE_PF_A), 0);
	ops = READ_ONCE(held->ops);
	skb = fake_rx(fake, FAKE_PF_A, 1);
	__skb_queue_head_init(&list);
	if (*v2) {
		__skb_queue_tail(&list, skb);
		KUNIT_EXPECT_NULL(test, ops->input);
		KUNIT_EXPECT_EQ(test, ops->input_list(proto, ifp, FAKE_PF_A,
						      &list), -ENXIO);
		KUNIT_EXPECT_EQ(test, skb_queue_len(&list), 1);
	} else {
		KUNIT_EXPECT_NULL(test, ops->input_list);
		KUNIT_EXPECT_EQ(test, ops->input(proto, ifp, FAKE_PF_A, skb),
				-ENXIO);
	}
	KUNIT_EXPECT_EQ(test, ops->pre_output(proto, ifp, FAKE_PF_A, skb, &addr,
					      &frame), -ENXIO);
	KUNIT_EXPECT_EQ(test, ops->ioctl(proto, ifp, FAKE_PF_A, 1, NULL),
			-ENXIO);
	KUNIT_EXPECT_EQ(test, ops->resolve_multi(proto, ifp, FAKE_PF_A, &addr,
						 &link), -ENXIO);
	KUNIT_EXPECT_EQ(test, ops->send_arp(proto, ifp, FAKE_PF_A, 1, NULL,
					    NULL, NULL, &addr), -ENXIO);
	ops->event(proto, ifp, FAKE_PF_A, &event);
	kfree_skb(skb);
	FAKE_EXPECT_TRACE(fake, "");
	dlil_reader_leave(&ifp->inq.reader);
}

static int send(struct fake_task *task)
{
	struct fake *fake = task->fake;
	u32 seq;

	for (seq = 0; !completion_done(&fake->leave); seq += 2) {
		fake_input_new(fake, FAKE_PF_A, seq, 2);
		fake_output_new(fake, FAKE_PF_A, seq, 2, 0);
		skb_queue_purge(&fake->sent);
		if (seq % 4)
			cond_resched();
		else
			schedule_timeout_uninterruptible(1);
	}
	return 0;
}

/* CPUs of debug kernels are slow, but there are several of them. */
#define ROUNDS	(IS_ENABLED(CONFIG_SMP) ? 20 : 60)

/* PRO-1, PRO-3, STA-3: attach and detach of protocols under traffic. */
static void attach_under_traffic(struct kunit *test)
{
	const bool *v2 = test->param_value;
	struct fake *fake = fake_attached(test);
	struct fake_proto *proto = fake_proto_new(fake, 'P', FAKE_PF_A);
	struct fake_task *task;
	int i, packets;

	task = fake_run(fake, send);
	for (i = 0; i < ROUNDS; i++) {
		packets = atomic_read(&proto->packets);
		KUNIT_ASSERT_EQ(test, attach(proto, *v2), 0);
		KUNIT_EXPECT_TRUE(test,
				  fake_wait_for(atomic_read(&proto->packets) >
						packets));
		KUNIT_EXPECT_EQ(test, dlil_proto_detach(fake->ifp, FAKE_PF_A),
				0);
		KUNIT_EXPECT_EQ(test, atomic_read(&proto->detached), i + 1);
		packets = atomic_read(&proto->packets);
		schedule_timeout_uninterruptible(1);
		KUNIT_EXPECT_EQ(test, atomic_read(&proto->packets), packets);
	}
	fake_unblock(fake);
	fake_join(task);
}

static int slow_add(struct dlil_ifnet *ifp, u32 family,
		    const struct dlil_demux_desc *descs, unsigned int n)
{
	struct fake *fake = dlil_ifnet_priv(ifp);

	fake_block(fake);
	fake->protos_added++;
	return 0;
}

static int attach_first(struct fake_task *task)
{
	return fake_proto_attach(&task->fake->protos[0]);
}

static int attach_second(struct fake_task *task)
{
	return fake_proto_attach(&task->fake->protos[1]);
}

/*
 * PRO-1: one of two tasks that attach a family succeeds; the other leaves
 * nothing behind.
 */
static void attach_twice_at_once(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct module *module = fake_module(test, MODULE_STATE_LIVE);
	struct fake_task *first, *second;

	fake->family.add_proto = slow_add;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	fake_proto_new(fake, 'P', FAKE_PF_A)->ops.owner = module;
	fake_proto_new(fake, 'Q', FAKE_PF_A)->ops.owner = module;
	first = fake_run(fake, attach_first);
	fake_wait_blocked(fake);
	second = fake_run(fake, attach_second);
	KUNIT_EXPECT_TRUE(test, fake_stays(!fake_done(second)));
	fake_unblock(fake);
	KUNIT_EXPECT_EQ(test, fake_join(first), 0);
	KUNIT_EXPECT_EQ(test, fake_join(second), -EEXIST);
	KUNIT_EXPECT_EQ(test, fake->protos_added, 1);
	KUNIT_EXPECT_EQ(test, fake_module_pins(module), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake->ifp->look.users), 1);
	fake_input_new(fake, FAKE_PF_A, 1, 1);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "P1");
	fake_detach(fake);
	KUNIT_EXPECT_EQ(test, fake_module_pins(module), 0);
}

static struct kunit_case dlil_proto_cases[] = {
	KUNIT_CASE_PARAM(attach_errors, attach_gen_params),
	KUNIT_CASE_PARAM(longest_name, version_gen_params),
	KUNIT_CASE(attach_null),
	KUNIT_CASE_PARAM(attach_not_attached, version_gen_params),
	KUNIT_CASE_PARAM(attach_twice, version_gen_params),
	KUNIT_CASE(attach_twice_at_once),
	KUNIT_CASE_PARAM(add_proto_refuses, refusal_gen_params),
	KUNIT_CASE(module_pinned),
	KUNIT_CASE(module_going),
	KUNIT_CASE_PARAM(attach_under_traffic, version_gen_params),
	KUNIT_CASE(many_families),
	KUNIT_CASE(detach_errors),
	KUNIT_CASE_PARAM(detach_ends_traffic, version_gen_params),
	KUNIT_CASE_PARAM(detach_waits, version_gen_params),
	KUNIT_CASE(detach_killed),
	KUNIT_CASE(detach_async),
	KUNIT_CASE(successor),
	KUNIT_CASE_PARAM(detach_from_own_callback, version_gen_params),
	KUNIT_CASE(detach_from_output),
#ifdef CONFIG_SMP
	KUNIT_CASE(detach_waits_for_output),
#endif
	KUNIT_CASE(asked_for),
	KUNIT_CASE(two_on_their_way),
	KUNIT_CASE_PARAM(late_callers, version_gen_params),
	KUNIT_CASE_PARAM(detach_before_delivery, version_gen_params),
	KUNIT_CASE(detached_without_lock),
	{}
};

static struct kunit_suite dlil_proto_suite = {
	.name = "dlil_proto",
	.test_cases = dlil_proto_cases,
};

kunit_test_suite(dlil_proto_suite);
