// SPDX-License-Identifier: GPL-2.0
/* Plumbers: row PRO-5. */
#include "../dlil_ifnet.h"
#include "../dlil_proto.h"
#include "fake.h"

/**
 * struct plumb - behaviour of the plumber of a test
 * @fake: the ifnet
 * @proto: the protocol that it attaches
 * @error: return value of its attach
 * @leaves: its detach leaves the protocol attached
 * @block: its next attach waits in fake_block()
 * @nested: result of a plumb inside its attach
 * @nest: its attach plumbs the same family
 */
struct plumb {
	struct fake *fake;
	struct fake_proto *proto;
	int error;
	bool leaves;
	bool block;
	int nested;
	bool nest;
};

static int plumber_attach(struct dlil_ifnet *ifp, u32 family)
{
	struct fake *fake = dlil_ifnet_priv(ifp);
	struct plumb *c = fake->test->priv;

	fake_trace(fake, "+%u", family - DLIL_PF_PRIVATE);
	if (c->nest)
		c->nested = dlil_proto_plumb(ifp, family);
	if (c->block) {
		c->block = false;
		fake_block(fake);
	}
	return c->error ?: fake_proto_attach(c->proto);
}

static int plumber_detach(struct dlil_ifnet *ifp, u32 family)
{
	struct fake *fake = dlil_ifnet_priv(ifp);
	struct plumb *c = fake->test->priv;

	fake_trace(fake, "-%u", family - DLIL_PF_PRIVATE);
	return c->leaves ? 0 : dlil_proto_detach(ifp, family);
}

static const struct dlil_plumber_params fake_plumber = {
	.name = "fake",
	.attach = plumber_attach,
	.detach = plumber_detach,
};

static void unregister(struct kunit_resource *res)
{
	/* The last final detach of the test is over by now. */
	WARN_ON(dlil_proto_unregister_plumber(FAKE_PF_A, DLIL_IFNET_ETHERNET) ==
		-EBUSY);
}

/* A plumber of FAKE_PF_A and an attached ifnet with a protocol for it. */
static struct plumb *plumb_begin(struct kunit *test,
				 const struct dlil_plumber_params *params)
{
	struct plumb *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	test->priv = c;
	KUNIT_ASSERT_EQ(test, dlil_proto_register_plumber(FAKE_PF_A,
							  DLIL_IFNET_ETHERNET,
							  params), 0);
	KUNIT_ASSERT_NOT_NULL(test, kunit_alloc_resource(test, NULL, unregister,
							 GFP_KERNEL, c));
	c->fake = fake_attached(test);
	c->proto = fake_proto_new(c->fake, 'P', FAKE_PF_A);
	return c;
}

/* The same with a plumber of a module. */
static struct plumb *plumb_begin_of_module(struct kunit *test,
					   struct module **owner)
{
	struct dlil_plumber_params params = fake_plumber;

	*owner = fake_module(test, MODULE_STATE_LIVE);
	params.owner = *owner;
	return plumb_begin(test, &params);
}

struct register_case {
	const char *name;
	int err;
	void (*spoil)(struct dlil_plumber_params *params, u32 *family);
};

static void no_family(struct dlil_plumber_params *params, u32 *family)
{
	*family = 0;
}

static void no_attach(struct dlil_plumber_params *params, u32 *family)
{
	params->attach = NULL;
}

static void no_detach(struct dlil_plumber_params *params, u32 *family)
{
	params->detach = NULL;
}

static void no_name(struct dlil_plumber_params *params, u32 *family)
{
	params->name = NULL;
}

static void no_letter(struct dlil_plumber_params *params, u32 *family)
{
	params->name = "";
}

static void name_of_32(struct dlil_plumber_params *params, u32 *family)
{
	params->name = "a name of thirty-two characters.";
}

static void unknown_flags(struct dlil_plumber_params *params, u32 *family)
{
	params->flags = DLIL_PLUMBER_PROMPT << 1;
}

static void same_family(struct dlil_plumber_params *params, u32 *family)
{
	params->name = "other";
}

static void same_name(struct dlil_plumber_params *params, u32 *family)
{
	*family = FAKE_PF_B;
}

static const struct register_case register_cases[] = {
	{ "no family", -EINVAL, no_family },
	{ "no attach", -EINVAL, no_attach },
	{ "no detach", -EINVAL, no_detach },
	{ "no name", -EINVAL, no_name },
	{ "an empty name", -EINVAL, no_letter },
	{ "a name of 32", -ENAMETOOLONG, name_of_32 },
	{ "unknown flags", -EINVAL, unknown_flags },
	{ "the same family", -EEXIST, same_family },
	{ "the same name", -EEXIST, same_name },
};

static void register_desc(const struct register_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(register, register_cases, register_desc);

/* PRO-5: a refused registration leaves no plumber behind. */
static void register_errors(struct kunit *test)
{
	const struct register_case *c = test->param_value;
	struct dlil_plumber_params params = fake_plumber;
	u32 family = FAKE_PF_A;

	plumb_begin(test, &fake_plumber);
	c->spoil(&params, &family);
	KUNIT_EXPECT_EQ(test, dlil_proto_register_plumber(family,
							  DLIL_IFNET_ETHERNET,
							  &params), c->err);
	KUNIT_EXPECT_EQ(test, dlil_proto_unregister_plumber(FAKE_PF_B,
							    DLIL_IFNET_ETHERNET),
			-ENXIO);
	KUNIT_EXPECT_EQ(test, dlil_proto_unregister_plumber(FAKE_PF_A,
							    DLIL_IFNET_ETHERNET),
			0);
	KUNIT_EXPECT_EQ(test, dlil_proto_unregister_plumber(FAKE_PF_A,
							    DLIL_IFNET_ETHERNET),
			-ENXIO);
}

/* PRO-5: plumbers are identified by the pair; the longest name fits. */
static void another_kind(struct kunit *test)
{
	struct dlil_plumber_params params = fake_plumber;
	struct plumb *c = plumb_begin(test, &fake_plumber);

	KUNIT_EXPECT_EQ(test, dlil_proto_register_plumber(FAKE_PF_A,
							  DLIL_IFNET_RAW,
							  &fake_plumber), 0);
	params.name = "a name of thirty-one characters";
	KUNIT_EXPECT_EQ(test, dlil_proto_register_plumber(FAKE_PF_B,
							  DLIL_IFNET_RAW,
							  &params), 0);
	/* Not on an Ethernet. */
	KUNIT_EXPECT_EQ(test, dlil_proto_plumb(c->fake->ifp, FAKE_PF_B),
			-ENXIO);
	KUNIT_EXPECT_EQ(test, dlil_proto_unregister_plumber(FAKE_PF_A,
							    DLIL_IFNET_RAW), 0);
	KUNIT_EXPECT_EQ(test, dlil_proto_unregister_plumber(FAKE_PF_B,
							    DLIL_IFNET_RAW), 0);
	KUNIT_EXPECT_EQ(test, dlil_proto_register_plumber(FAKE_PF_A,
							  DLIL_IFNET_ETHERNET,
							  NULL), -EINVAL);
}

/* PRO-5: the first plumb attaches, the last unplumb detaches. */
static void counted(struct kunit *test)
{
	struct plumb *c = plumb_begin(test, &fake_plumber);
	struct dlil_ifnet *ifp = c->fake->ifp;

	KUNIT_EXPECT_EQ(test, dlil_proto_unplumb(ifp, FAKE_PF_A), -ENXIO);
	KUNIT_EXPECT_EQ(test, dlil_proto_plumb(ifp, FAKE_PF_A), 0);
	KUNIT_EXPECT_EQ(test, dlil_proto_plumb(ifp, FAKE_PF_A), 0);
	KUNIT_EXPECT_EQ(test, dlil_proto_unplumb(ifp, FAKE_PF_A), 0);
	FAKE_EXPECT_TRACE(c->fake, "+1");
	fake_input_new(c->fake, FAKE_PF_A, 7, 1);
	fake_read(c->fake);
	KUNIT_EXPECT_EQ(test, dlil_proto_unplumb(ifp, FAKE_PF_A), 0);
	KUNIT_EXPECT_TRUE(test,
			  fake_wait_for(atomic_read(&c->proto->detached) == 1));
	FAKE_EXPECT_TRACE(c->fake, "+1 P7 -1 ~P");
	KUNIT_EXPECT_EQ(test, dlil_proto_unplumb(ifp, FAKE_PF_A), -ENXIO);
	KUNIT_EXPECT_EQ(test, dlil_proto_plumb(ifp, FAKE_PF_A), 0);
}

/* PRO-5 */
static void plumb_errors(struct kunit *test)
{
	struct plumb *c = plumb_begin(test, &fake_plumber);
	struct dlil_ifnet *ifp = c->fake->ifp;

	KUNIT_EXPECT_EQ(test, dlil_proto_plumb(NULL, FAKE_PF_A), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_proto_plumb(ifp, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_proto_unplumb(NULL, FAKE_PF_A), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_proto_unplumb(ifp, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_proto_plumb(ifp, FAKE_PF_C), -ENXIO);
	/* Packets of a driver's own ifnet do not go to the host. */
	KUNIT_EXPECT_EQ(test, dlil_proto_plumb(ifp, DLIL_PF_INET),
			-EOPNOTSUPP);
	FAKE_EXPECT_TRACE(c->fake, "");
}

/* PRO-5: a plumb that the plumber refuses leaves nothing behind. */
static void attach_refuses(struct kunit *test)
{
	struct module *owner;
	struct plumb *c = plumb_begin_of_module(test, &owner);

	c->error = -ENOTSUPP;
	KUNIT_EXPECT_EQ(test, dlil_proto_plumb(c->fake->ifp, FAKE_PF_A),
			-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, fake_module_pins(owner), 0);
	KUNIT_EXPECT_EQ(test, dlil_proto_unplumb(c->fake->ifp, FAKE_PF_A),
			-ENXIO);
	c->error = 0;
	KUNIT_EXPECT_EQ(test, dlil_proto_plumb(c->fake->ifp, FAKE_PF_A), 0);
	FAKE_EXPECT_TRACE(c->fake, "+1 +1");
}

/* PRO-5: a plumbing pins the plumber, and its module once. */
static void plumber_pinned(struct kunit *test)
{
	struct module *owner;
	struct plumb *c = plumb_begin_of_module(test, &owner);

	KUNIT_EXPECT_EQ(test, dlil_proto_plumb(c->fake->ifp, FAKE_PF_A), 0);
	KUNIT_EXPECT_EQ(test, dlil_proto_plumb(c->fake->ifp, FAKE_PF_A), 0);
	KUNIT_EXPECT_EQ(test, fake_module_pins(owner), 1);
	KUNIT_EXPECT_EQ(test, dlil_proto_unregister_plumber(FAKE_PF_A,
							    DLIL_IFNET_ETHERNET),
			-EBUSY);
	fake_detach(c->fake);
	KUNIT_EXPECT_EQ(test, fake_module_pins(owner), 0);
	KUNIT_EXPECT_EQ(test, dlil_proto_unregister_plumber(FAKE_PF_A,
							    DLIL_IFNET_ETHERNET),
			0);
}

/* PRO-5: a module that is being unloaded plumbs nothing. */
static void plumber_going(struct kunit *test)
{
	struct dlil_plumber_params params = fake_plumber;
	struct plumb *c;

	params.owner = fake_module(test, MODULE_STATE_GOING);
	c = plumb_begin(test, &params);
	KUNIT_EXPECT_EQ(test, dlil_proto_plumb(c->fake->ifp, FAKE_PF_A),
			-ENXIO);
	FAKE_EXPECT_TRACE(c->fake, "");
}

/* PRO-5: only an attached ifnet has plumbings. */
static void only_attached(struct kunit *test)
{
	struct plumb *c = plumb_begin(test, &fake_plumber);
	struct dlil_ifnet *ifp = c->fake->ifp;

	KUNIT_EXPECT_EQ(test, dlil_proto_plumb(ifp, FAKE_PF_A), 0);
	KUNIT_ASSERT_TRUE(test, dlil_ifnet_io_begin(ifp));
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(ifp), 0);
	KUNIT_EXPECT_EQ(test, dlil_proto_plumb(ifp, FAKE_PF_A), -ENXIO);
	KUNIT_EXPECT_EQ(test, dlil_proto_unplumb(ifp, FAKE_PF_A), -ENXIO);
	dlil_ifnet_io_end(ifp);
	fake_detach(c->fake);
	KUNIT_EXPECT_EQ(test, dlil_proto_plumb(ifp, FAKE_PF_A), -ENXIO);
	KUNIT_EXPECT_EQ(test, dlil_proto_unplumb(ifp, FAKE_PF_A), -ENXIO);
	FAKE_EXPECT_TRACE(c->fake, "+1 -1 ~P free");
	/* After the next attach, nothing is plumbed. */
	KUNIT_ASSERT_EQ(test, fake_attach(c->fake), 0);
	KUNIT_EXPECT_EQ(test, dlil_proto_unplumb(ifp, FAKE_PF_A), -ENXIO);
}

/*
 * IFN-5 PRO-5: the final detach unplumbs after the filters were detached, and
 * once, however often the family was plumbed.  It also detaches a protocol that
 * the plumber leaves.
 */
static void final_unplumbs(struct kunit *test)
{
	struct plumb *c = plumb_begin(test, &fake_plumber);
	const char *why;

	fake_filter(c->fake, 'a', &fake_filter_in_ops);
	KUNIT_EXPECT_EQ(test, dlil_proto_plumb(c->fake->ifp, FAKE_PF_A), 0);
	KUNIT_EXPECT_EQ(test, dlil_proto_plumb(c->fake->ifp, FAKE_PF_A), 0);
	fake_detach(c->fake);
	FAKE_EXPECT_TRACE(c->fake, "+1 ~a -1 ~P free");

	KUNIT_ASSERT_EQ(test, fake_attach(c->fake), 0);
	fake_trace_clear(c->fake);
	c->leaves = true;
	KUNIT_EXPECT_EQ(test, dlil_plumb_for_user(c->fake->ifp, "fake", true,
						  true, &why), 0);
	fake_detach(c->fake);
	FAKE_EXPECT_TRACE(c->fake, "+1 -1 ~P free");
}

static int plumb_task(struct fake_task *task)
{
	return dlil_proto_plumb(task->fake->ifp, FAKE_PF_A);
}

static int unplumb_task(struct fake_task *task)
{
	return dlil_proto_unplumb(task->fake->ifp, FAKE_PF_A);
}

/* PRO-5: a concurrent plumb waits for the first one, then only counts. */
static void second_waits(struct kunit *test)
{
	struct plumb *c = plumb_begin(test, &fake_plumber);
	struct fake_task *first, *second, *killed;

	c->block = true;
	first = fake_run(c->fake, plumb_task);
	fake_wait_blocked(c->fake);
	second = fake_run(c->fake, plumb_task);
	killed = fake_run(c->fake, unplumb_task);
	KUNIT_EXPECT_TRUE(test, fake_stays(!fake_done(second)));
	KUNIT_EXPECT_FALSE(test, fake_done(killed));
	fake_kill(killed);
	KUNIT_EXPECT_EQ(test, fake_join(killed), -ERESTARTSYS);
	KUNIT_EXPECT_EQ(test, dlil_proto_unregister_plumber(FAKE_PF_A,
							    DLIL_IFNET_ETHERNET),
			-EBUSY);
	fake_unblock(c->fake);
	KUNIT_EXPECT_EQ(test, fake_join(first), 0);
	KUNIT_EXPECT_EQ(test, fake_join(second), 0);
	KUNIT_EXPECT_EQ(test, dlil_proto_unplumb(c->fake->ifp, FAKE_PF_A), 0);
	KUNIT_EXPECT_EQ(test, dlil_proto_unplumb(c->fake->ifp, FAKE_PF_A), 0);
	KUNIT_EXPECT_EQ(test, dlil_proto_unplumb(c->fake->ifp, FAKE_PF_A),
			-ENXIO);
}

/* PRO-5: if the first plumb fails, the one that waited calls attach itself. */
static void second_tries(struct kunit *test)
{
	struct plumb *c = plumb_begin(test, &fake_plumber);
	struct fake_task *first, *second;

	c->block = true;
	c->error = -ENODATA;
	first = fake_run(c->fake, plumb_task);
	fake_wait_blocked(c->fake);
	second = fake_run(c->fake, plumb_task);
	KUNIT_EXPECT_TRUE(test, fake_stays(!fake_done(second)));
	fake_unblock(c->fake);
	KUNIT_EXPECT_EQ(test, fake_join(first), -ENODATA);
	KUNIT_EXPECT_EQ(test, fake_join(second), -ENODATA);
	FAKE_EXPECT_TRACE(c->fake, "+1 +1");
}

/* PRO-5: a plumber that plumbs its own family does not wait for itself. */
static void from_its_attach(struct kunit *test)
{
	struct plumb *c = plumb_begin(test, &fake_plumber);

	c->nest = true;
	KUNIT_EXPECT_EQ(test, dlil_proto_plumb(c->fake->ifp, FAKE_PF_A), 0);
	KUNIT_EXPECT_EQ(test, c->nested, -EDEADLK);
}

static void unplumb_in_input(struct fake_proto *p)
{
	p->hook = NULL;
	KUNIT_EXPECT_EQ(p->fake->test,
			dlil_proto_unplumb(p->fake->ifp, FAKE_PF_A), 0);
	KUNIT_EXPECT_EQ(p->fake->test, atomic_read(&p->detached), 0);
}

/* PRO-5 FLT-7: a protocol may unplumb itself while it is called. */
static void from_its_input(struct kunit *test)
{
	struct plumb *c = plumb_begin(test, &fake_plumber);

	KUNIT_EXPECT_EQ(test, dlil_proto_plumb(c->fake->ifp, FAKE_PF_A), 0);
	c->proto->hook = unplumb_in_input;
	fake_input_new(c->fake, FAKE_PF_A, 1, 1);
	KUNIT_EXPECT_TRUE(test,
			  fake_wait_for(atomic_read(&c->proto->detached) == 1));
	KUNIT_EXPECT_EQ(test, dlil_proto_unplumb(c->fake->ifp, FAKE_PF_A),
			-ENXIO);
}

/* Results inside the driver's output. */
static int plumb_in_output, unplumb_in_output;

static void plumb_while_sending(struct fake *fake, struct sk_buff *skb)
{
	plumb_in_output = dlil_proto_plumb(fake->ifp, FAKE_PF_A);
	unplumb_in_output = dlil_proto_unplumb(fake->ifp, FAKE_PF_A);
}

/* PRO-5: callbacks that must not sleep cannot plumb. */
static void from_output(struct kunit *test)
{
	struct plumb *c = plumb_begin(test, &fake_plumber);

	plumb_in_output = 0;
	unplumb_in_output = 0;
	c->fake->output_hook = plumb_while_sending;
	fake_output_new(c->fake, 0, 1, 1, DLIL_OUTPUT_RAW);
	KUNIT_EXPECT_EQ(test, plumb_in_output, -EDEADLK);
	KUNIT_EXPECT_EQ(test, unplumb_in_output, -EDEADLK);
}

static int user(struct plumb *c, const char *name, bool up, bool may_wait)
{
	/* Not NULL, and no sentence. */
	const char *why = ERR_PTR(-EINVAL);
	int err;

	err = dlil_plumb_for_user(c->fake->ifp, name, up, may_wait, &why);
	/* The caller gets the reason of an error, and nothing else. */
	if (err < 0)
		KUNIT_EXPECT_FALSE(c->fake->test, IS_ERR_OR_NULL(why));
	else
		KUNIT_EXPECT_NULL(c->fake->test, why);
	return err;
}

/* PRO-5: users plumb by name and once, independently of modules. */
static void users_and_modules(struct kunit *test)
{
	struct plumb *c = plumb_begin(test, &fake_plumber);
	struct dlil_ifnet *ifp = c->fake->ifp;

	KUNIT_EXPECT_EQ(test, user(c, "fake", false, true), -ENXIO);
	KUNIT_EXPECT_EQ(test, user(c, "fake", true, true), 0);
	KUNIT_EXPECT_EQ(test, user(c, "fake", true, true), -EEXIST);
	KUNIT_EXPECT_EQ(test, dlil_proto_unplumb(ifp, FAKE_PF_A), -ENXIO);
	KUNIT_EXPECT_EQ(test, dlil_proto_plumb(ifp, FAKE_PF_A), 0);
	KUNIT_EXPECT_EQ(test, user(c, "fake", false, true), -EBUSY);
	KUNIT_EXPECT_EQ(test, dlil_proto_unplumb(ifp, FAKE_PF_A), 0);
	FAKE_EXPECT_TRACE(c->fake, "+1");
	KUNIT_EXPECT_EQ(test, user(c, "fake", false, true), 0);
	KUNIT_EXPECT_TRUE(test,
			  fake_wait_for(atomic_read(&c->proto->detached) == 1));
	FAKE_EXPECT_TRACE(c->fake, "+1 -1 ~P");

	/* A user keeps a protocol that a module has plumbed first. */
	KUNIT_EXPECT_EQ(test, dlil_proto_plumb(ifp, FAKE_PF_A), 0);
	KUNIT_EXPECT_EQ(test, user(c, "fake", false, true), -EBUSY);
	KUNIT_EXPECT_EQ(test, user(c, "fake", true, true), 0);
	KUNIT_EXPECT_EQ(test, user(c, "fake", true, true), -EEXIST);
	KUNIT_EXPECT_EQ(test, dlil_proto_unplumb(ifp, FAKE_PF_A), 0);
	FAKE_EXPECT_TRACE(c->fake, "+1 -1 ~P +1");
	KUNIT_EXPECT_EQ(test, user(c, "fake", false, true), 0);
	KUNIT_EXPECT_TRUE(test,
			  fake_wait_for(atomic_read(&c->proto->detached) == 2));
	FAKE_EXPECT_TRACE(c->fake, "+1 -1 ~P +1 -1 ~P");

	KUNIT_EXPECT_EQ(test, user(c, "fame", true, true), -EPROTONOSUPPORT);
	KUNIT_EXPECT_EQ(test, user(c, "fame", false, true), -EPROTONOSUPPORT);
}

/* PRO-5: an attach that finds the family attached is not taken for a second plumb. */
static void attached_before(struct kunit *test)
{
	struct plumb *c = plumb_begin(test, &fake_plumber);
	struct dlil_ifnet *ifp = c->fake->ifp;

	KUNIT_ASSERT_EQ(test, fake_proto_attach(c->proto), 0);
	KUNIT_EXPECT_EQ(test, dlil_proto_plumb(ifp, FAKE_PF_A), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, user(c, "fake", true, true), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, dlil_proto_unplumb(ifp, FAKE_PF_A), -ENXIO);
	KUNIT_EXPECT_EQ(test, user(c, "fake", false, true), -ENXIO);
	FAKE_EXPECT_TRACE(c->fake, "+1 +1");
}

/* PRO-5 LNX-13: requests do not wait for slow callbacks, nor for a module. */
static void users_wait_not(struct kunit *test)
{
	struct dlil_plumber_params params = fake_plumber;
	struct plumb *c = plumb_begin(test, &fake_plumber);

	KUNIT_EXPECT_EQ(test, user(c, "fake", true, false), 1);
	KUNIT_EXPECT_EQ(test, user(c, "fake", false, false), 1);
	KUNIT_EXPECT_EQ(test, user(c, "fame", true, false), 1);
	KUNIT_EXPECT_EQ(test, user(c, "fame", false, false), -EPROTONOSUPPORT);
	FAKE_EXPECT_TRACE(c->fake, "");

	KUNIT_EXPECT_EQ(test, dlil_proto_unregister_plumber(FAKE_PF_A,
							    DLIL_IFNET_ETHERNET),
			0);
	params.flags = DLIL_PLUMBER_PROMPT;
	KUNIT_EXPECT_EQ(test, dlil_proto_register_plumber(FAKE_PF_A,
							  DLIL_IFNET_ETHERNET,
							  &params), 0);
	KUNIT_EXPECT_EQ(test, user(c, "fake", true, false), 0);
	KUNIT_EXPECT_EQ(test, user(c, "fake", false, false), 0);
	KUNIT_EXPECT_TRUE(test,
			  fake_wait_for(atomic_read(&c->proto->detached) == 1));
	FAKE_EXPECT_TRACE(c->fake, "+1 -1 ~P");
}

static int note(const char *name, u32 family, unsigned int count, void *arg)
{
	if (!strcmp(name, "fake"))
		*(unsigned int *)arg = count;
	return 0;
}

static unsigned int shown(struct plumb *c)
{
	unsigned int n = ~0;

	dlil_plumb_for_each(c->fake->ifp, note, &n);
	return n;
}

/* PRO-5: the list of plumbers has the counts, and changes are noticed. */
static void shown_counts(struct kunit *test)
{
	struct plumb *c = plumb_begin(test, &fake_plumber);
	struct dlil_ifnet *ifp = c->fake->ifp;
	int gen;

	KUNIT_EXPECT_EQ(test, shown(c), 0);
	KUNIT_EXPECT_EQ(test, dlil_proto_plumb(ifp, FAKE_PF_A), 0);
	gen = atomic_read(&ifp->gen);
	KUNIT_EXPECT_EQ(test, dlil_proto_plumb(ifp, FAKE_PF_A), 0);
	KUNIT_EXPECT_NE(test, atomic_read(&ifp->gen), gen);
	KUNIT_EXPECT_EQ(test, shown(c), 2);
	gen = atomic_read(&ifp->gen);
	KUNIT_EXPECT_EQ(test, dlil_proto_unplumb(ifp, FAKE_PF_A), 0);
	KUNIT_EXPECT_NE(test, atomic_read(&ifp->gen), gen);
	KUNIT_EXPECT_EQ(test, shown(c), 1);
	KUNIT_EXPECT_EQ(test, dlil_proto_unplumb(ifp, FAKE_PF_A), 0);
	KUNIT_EXPECT_EQ(test, user(c, "fake", true, true), 0);
	KUNIT_EXPECT_EQ(test, shown(c), 1);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(register_errors, register_gen_params),
	KUNIT_CASE(another_kind),
	KUNIT_CASE(counted),
	KUNIT_CASE(plumb_errors),
	KUNIT_CASE(attach_refuses),
	KUNIT_CASE(plumber_pinned),
	KUNIT_CASE(plumber_going),
	KUNIT_CASE(only_attached),
	KUNIT_CASE(final_unplumbs),
	KUNIT_CASE(second_waits),
	KUNIT_CASE(second_tries),
	KUNIT_CASE(from_its_attach),
	KUNIT_CASE(from_its_input),
	KUNIT_CASE(from_output),
	KUNIT_CASE(users_and_modules),
	KUNIT_CASE(attached_before),
	KUNIT_CASE(users_wait_not),
	KUNIT_CASE(shown_counts),
	{}
};

static struct kunit_suite suite = {
	.name = "dlil_plumb",
	.test_cases = cases,
};

kunit_test_suite(suite);
