// SPDX-License-Identifier: GPL-2.0
/* Places of filters, and several changes of filters in one step: row FLT-13. */
#include <linux/netlink.h>

#include "../dlil_filter.h"
#include "../dlil_ifnet.h"
#include "../dlil_kind.h"
#include "../dlil_vec.h"
#include "fake.h"

static struct fake_filter *named(struct fake *fake, char tag, const char *name)
{
	struct fake_filter *f = fake_filter_new(fake, tag, &fake_filter_both_ops);

	f->params.name = name;
	return f;
}

/* An attached ifnet with filters a, b, c and d of modules, called by their letters. */
static struct fake *with_four(struct kunit *test, struct fake_filter **f)
{
	static const char * const names[] = { "a", "b", "c", "d" };
	struct fake *fake = fake_attached(test);
	int i;

	fake_proto(fake, 'P', FAKE_PF_A);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		f[i] = named(fake, 'a' + i, names[i]);
		KUNIT_ASSERT_EQ(test, fake_filter_attach(f[i]), 0);
	}
	return fake;
}

static void expect_way(struct fake *fake, u32 seq, const char *in, const char *out)
{
	fake_trace_clear(fake);
	fake_input_new(fake, FAKE_PF_A, seq, 1);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, in);
	fake_trace_clear(fake);
	fake_output_new(fake, FAKE_PF_A, seq, 1, DLIL_OUTPUT_RAW);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, out);
}

static int attach_at(struct fake_filter *f, enum dlil_filter_place place,
		     const char *beside)
{
	f->params.place = place;
	f->params.beside = beside;
	return fake_filter_attach(f);
}

/* FLT-13: a filter is attached first, last, before or after another, for both directions. */
static void place(struct kunit *test)
{
	struct fake_filter *f[4], *g;
	struct fake *fake = with_four(test, f);

	KUNIT_EXPECT_EQ(test, attach_at(named(fake, 'f', "f"),
					DLIL_PLACE_FIRST, NULL), 0);
	KUNIT_EXPECT_EQ(test, attach_at(named(fake, 'l', "l"),
					DLIL_PLACE_LAST, NULL), 0);
	KUNIT_EXPECT_EQ(test, attach_at(named(fake, 'x', "x"),
					DLIL_PLACE_BEFORE, "c"), 0);
	KUNIT_EXPECT_EQ(test, attach_at(named(fake, 'y', "y"),
					DLIL_PLACE_AFTER, "c"), 0);
	KUNIT_EXPECT_EQ(test, attach_at(named(fake, 'z', "z"),
					DLIL_PLACE_DEFAULT, NULL), 0);
	expect_way(fake, 1, "f1 a1 b1 x1 c1 y1 d1 l1 z1 P1",
		   "f1 a1 b1 x1 c1 y1 d1 l1 z1 D1");

	g = named(fake, 'g', "g");
	KUNIT_EXPECT_EQ(test, attach_at(g, DLIL_PLACE_BEFORE, "nobody"), -ENOENT);
	KUNIT_EXPECT_EQ(test, attach_at(g, DLIL_PLACE_AFTER, NULL), -ENOENT);
	KUNIT_EXPECT_EQ(test, attach_at(g, DLIL_PLACE_BEFORE, "g"), -EINVAL);
	KUNIT_EXPECT_EQ(test, attach_at(g, DLIL_PLACE_LAST, "a"), -EINVAL);
	KUNIT_EXPECT_EQ(test, attach_at(g, DLIL_PLACE_AFTER + 1, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, g->ref, 0);
	/* A filter that is being detached has no place. */
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(f[2]->ref), 0);
	KUNIT_EXPECT_EQ(test, attach_at(g, DLIL_PLACE_BEFORE, "c"), -ENOENT);
	expect_way(fake, 2, "f2 a2 b2 x2 y2 d2 l2 z2 P2",
		   "f2 a2 b2 x2 y2 d2 l2 z2 D2");
}

#define ADD(f, ...) { .change = DLIL_CHANGE_ADD, .params = &(f)->params, \
		      .ref = &(f)->ref, __VA_ARGS__ }
#define REPLACE(f, by) { .change = DLIL_CHANGE_REPLACE, .old = (f)->ref, \
			 .params = &(by)->params, .ref = &(by)->ref }
#define DEL(f) { .change = DLIL_CHANGE_DEL, .old = (f)->ref }
#define MOVE(f, to, other) { .change = DLIL_CHANGE_MOVE, .old = (f)->ref, \
			     .place = (to), .beside = (other) }

/* Make changes in one step, and count the attaches if it succeeds. */
static int update(struct fake *fake, const struct dlil_filter_change *changes,
		  unsigned int n, u64 revision)
{
	int err = dlil_filter_update(fake->ifp, changes, n, revision);
	struct fake_filter *f;
	unsigned int i;

	for (i = 0; i < n && !err; i++) {
		if (changes[i].change != DLIL_CHANGE_ADD &&
		    changes[i].change != DLIL_CHANGE_REPLACE)
			continue;
		f = changes[i].params->cookie;
		f->attached++;
	}
	return err;
}

/* FLT-13: each change of a step sees the result of those before it. */
static void step(struct kunit *test)
{
	struct fake_filter *f[4], *x, *y, *z;
	struct fake *fake = with_four(test, f);
	u64 before = dlil_filter_revision(fake->ifp);

	x = named(fake, 'x', "x");
	y = named(fake, 'y', "b");
	z = named(fake, 'z', "z");
	z->params.place = DLIL_PLACE_BEFORE;
	z->params.beside = "x";
	{
		const struct dlil_filter_change changes[] = {
			ADD(x),
			DEL(f[0]),
			REPLACE(f[1], y),
			MOVE(f[3], DLIL_PLACE_FIRST, NULL),
			ADD(z),
			MOVE(f[2], DLIL_PLACE_AFTER, "x"),
		};

		KUNIT_EXPECT_EQ(test, update(fake, changes, ARRAY_SIZE(changes),
					     before), 0);
	}
	KUNIT_EXPECT_TRUE(test, fake_wait_for(atomic_read(&f[0]->detached) == 1));
	KUNIT_EXPECT_TRUE(test, fake_wait_for(atomic_read(&f[1]->detached) == 1));
	KUNIT_EXPECT_EQ(test, atomic_read(&f[2]->detached), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f[3]->detached), 0);
	expect_way(fake, 1, "d1 y1 z1 x1 c1 P1", "d1 y1 z1 x1 c1 D1");
	KUNIT_EXPECT_GT(test, dlil_filter_revision(fake->ifp), before);
	/* A filter that was moved is the same one. */
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(f[3]->ref), 0);
	expect_way(fake, 2, "y2 z2 x2 c2 P2", "y2 z2 x2 c2 D2");
}

/* Changes that fail, and how. */
static const struct bad_case {
	const char *name;
	enum dlil_filter_what change;
	enum dlil_filter_place place;
	const char *beside;
	bool stale;
	int err;
} bad_cases[] = {
	{ "del_stale", DLIL_CHANGE_DEL, 0, NULL, true, -EINVAL },
	{ "move_stale", DLIL_CHANGE_MOVE, DLIL_PLACE_LAST, NULL, true, -EINVAL },
	{ "move_nowhere", DLIL_CHANGE_MOVE, 0, NULL, false, -EINVAL },
	{ "move_itself", DLIL_CHANGE_MOVE, DLIL_PLACE_AFTER, "a", false, -EINVAL },
	{ "move_nobody", DLIL_CHANGE_MOVE, DLIL_PLACE_AFTER, "e", false, -ENOENT },
	{ "move_behind_deleted", DLIL_CHANGE_MOVE, DLIL_PLACE_AFTER, "b", false,
	  -ENOENT },
	{ "add_without_params", DLIL_CHANGE_ADD, 0, NULL, false, -EINVAL },
	{ "unknown", DLIL_CHANGE_FLUSH + 1, 0, NULL, false, -EINVAL },
};

static void bad_desc(const struct bad_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(bad, bad_cases, bad_desc);

/* FLT-13: if one change is not possible, none is made, and nothing is left. */
static void all_or_nothing(struct kunit *test)
{
	const struct bad_case *c = test->param_value;
	struct module *owner = fake_module(test, MODULE_STATE_LIVE);
	struct fake_filter *f[4], *x, *y;
	struct fake *fake = with_four(test, f);
	u64 before = dlil_filter_revision(fake->ifp);

	x = named(fake, 'x', "x");
	y = named(fake, 'y', "b");
	x->ops.owner = owner;
	y->ops.owner = owner;
	{
		const struct dlil_filter_change changes[] = {
			ADD(x),
			REPLACE(f[1], y),
			DEL(f[2]),
			MOVE(f[3], DLIL_PLACE_FIRST, NULL),
			DEL(y),
			{ .change = c->change, .place = c->place,
			  .old = c->stale ? 0x7fffffff : f[0]->ref,
			  .beside = c->beside },
		};
		struct dlil_filter_change bad[] = {
			changes[0], changes[2], changes[3], changes[5],
		};

		/* y is not a filter yet. */
		KUNIT_EXPECT_EQ(test, update(fake, changes, 5, 0), -EINVAL);
		if (c->beside && *c->beside == 'b')
			bad[1].old = f[1]->ref;
		KUNIT_EXPECT_EQ(test, update(fake, bad, ARRAY_SIZE(bad), 0),
				c->err);
	}
	KUNIT_EXPECT_EQ(test, x->ref, 0);
	KUNIT_EXPECT_EQ(test, fake_module_pins(owner), 0);
	KUNIT_EXPECT_EQ(test, dlil_filter_revision(fake->ifp), before);
	expect_way(fake, 1, "a1 b1 c1 d1 P1", "a1 b1 c1 d1 D1");
	KUNIT_EXPECT_EQ(test, fake_list_len(&fake->ifp->filter_list), 4);
}

/* FLT-13: a step without changes, or with too many, is refused. */
static void bounds(struct kunit *test)
{
	struct fake_filter *f[4];
	struct fake *fake = with_four(test, f);
	const struct dlil_filter_change change = DEL(f[0]);

	KUNIT_EXPECT_EQ(test, dlil_filter_update(NULL, &change, 1, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_filter_update(fake->ifp, NULL, 1, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_filter_update(fake->ifp, &change, 0, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_filter_update(fake->ifp, &change,
						 DLIL_GENL_MAXCHANGES + 1, 0),
			-EINVAL);
	fake_detach(fake);
	KUNIT_EXPECT_EQ(test, dlil_filter_update(fake->ifp, &change, 1, 0), -ENXIO);
}

/* FLT-13: the revision rises with each change; an expected one that is old is refused. */
static void stale(struct kunit *test)
{
	struct fake_filter *f[4], *x;
	struct fake *fake = with_four(test, f);
	u64 seen = dlil_filter_revision(fake->ifp), next;

	x = named(fake, 'x', "x");
	{
		const struct dlil_filter_change add[] = { ADD(x) };
		const struct dlil_filter_change move[] = {
			MOVE(f[0], DLIL_PLACE_LAST, NULL),
		};
		const struct dlil_filter_change impossible[] = {
			MOVE(f[0], DLIL_PLACE_AFTER, "nobody"),
		};

		KUNIT_EXPECT_EQ(test, update(fake, move, 1, seen), 0);
		next = dlil_filter_revision(fake->ifp);
		KUNIT_EXPECT_GT(test, next, seen);
		KUNIT_EXPECT_EQ(test, update(fake, add, 1, seen), -ESTALE);
		/* The filter may have existed, and it is worth another look. */
		KUNIT_EXPECT_EQ(test, update(fake, impossible, 1, seen), -ESTALE);
		KUNIT_EXPECT_EQ(test, update(fake, impossible, 1, next), -ENOENT);
		KUNIT_EXPECT_EQ(test, dlil_filter_revision(fake->ifp), next);
		expect_way(fake, 1, "b1 c1 d1 a1 P1", "b1 c1 d1 a1 D1");
		/* The detach counts from its start. */
		KUNIT_EXPECT_EQ(test, dlil_filter_detach_async(f[1]->ref), 0);
		KUNIT_EXPECT_EQ(test, update(fake, add, 1, next), -ESTALE);
		KUNIT_EXPECT_TRUE(test,
				  fake_wait_for(atomic_read(&f[1]->detached) == 1));
		next = dlil_filter_revision(fake->ifp);
		KUNIT_EXPECT_EQ(test, update(fake, add, 1, next), 0);
	}
	expect_way(fake, 2, "c2 d2 a2 x2 P2", "c2 d2 a2 x2 D2");
	/* A revision does not come again when the ifnet is attached again. */
	next = dlil_filter_revision(fake->ifp);
	fake_detach(fake);
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	KUNIT_EXPECT_GT(test, dlil_filter_revision(fake->ifp), next);
}

/*
 * FLT-13: a detach that has begun, but has not raised the revision yet, makes a step fail
 * that expects a revision: it would not find the filter.
 */
static void detach_begins(struct kunit *test)
{
	struct fake_filter *f[4], *x;
	struct fake *fake = with_four(test, f);
	u64 seen = dlil_filter_revision(fake->ifp);
	struct dlil_filter *first;

	first = list_first_entry(&fake->ifp->filter_order, struct dlil_filter, order);
	x = named(fake, 'x', "x");
	{
		const struct dlil_filter_change add[] = { ADD(x) };

		KUNIT_ASSERT_TRUE(test, dlil_retire_claim(&first->retire));
		KUNIT_EXPECT_EQ(test, update(fake, add, 1, seen), -ESTALE);
		clear_bit(DLIL_RETIRE_DYING, &first->retire.state);
		KUNIT_EXPECT_EQ(test, update(fake, add, 1, seen), 0);
	}
	{
		const struct dlil_filter_change del[] = { DEL(f[0]) }, more[] = {
			MOVE(f[1], DLIL_PLACE_LAST, NULL),
		};

		/* One that a step removes has raised it. */
		f[1]->hook = fake_block_filter;
		fake_input_new(fake, FAKE_PF_A, 1, 1);
		fake_wait_blocked(fake);
		KUNIT_EXPECT_EQ(test, update(fake, del, 1, 0), 0);
		seen = dlil_filter_revision(fake->ifp);
		KUNIT_EXPECT_EQ(test, update(fake, more, 1, seen), 0);
		f[1]->hook = NULL;
		fake_unblock(fake);
	}
	KUNIT_EXPECT_TRUE(test, fake_wait_for(atomic_read(&f[0]->detached) == 1));
	expect_way(fake, 2, "c2 d2 x2 b2 P2", "c2 d2 x2 b2 D2");
}

/*
 * FLT-13: a module may keep the references of an old and a new filter in one variable.  A
 * step that fails leaves it alone.
 */
static void reference_kept(struct kunit *test)
{
	struct fake_filter *f[4], *x;
	struct fake *fake = with_four(test, f);
	dlil_filter_t ref = f[1]->ref;
	struct dlil_filter_change change[] = {
		{ .change = DLIL_CHANGE_REPLACE, .old = ref, .ref = &f[1]->ref },
	};

	x = named(fake, 'x', "x");
	x->params.place = DLIL_PLACE_AFTER;
	x->params.beside = "nobody";
	change->params = &x->params;
	KUNIT_EXPECT_EQ(test, update(fake, change, 1, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, f[1]->ref, ref);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(f[1]->ref), 0);
}

/*
 * FLT-13 FLT-2: a packet in flight meets all filters before the step, even those that go;
 * the next one all behind it.  They end when the batch is over.
 */
static void no_mixture(struct kunit *test)
{
	struct fake_filter *f[4], *x;
	struct fake *fake = with_four(test, f);

	fake_trace_clear(fake);
	f[1]->hook = fake_block_filter;
	fake_input_new(fake, FAKE_PF_A, 1, 2);
	fake_wait_blocked(fake);
	x = named(fake, 'x', "x");
	x->params.place = DLIL_PLACE_AFTER;
	x->params.beside = "b";
	{
		const struct dlil_filter_change changes[] = {
			DEL(f[0]), DEL(f[2]),
			MOVE(f[3], DLIL_PLACE_FIRST, NULL), ADD(x),
		};

		KUNIT_EXPECT_EQ(test, update(fake, changes, ARRAY_SIZE(changes), 0),
				0);
		/* Their end has begun. */
		KUNIT_EXPECT_EQ(test, dlil_filter_detach_async(f[0]->ref), -EINVAL);
		KUNIT_EXPECT_EQ(test, update(fake, changes, 1, 0), -EINVAL);
	}
	KUNIT_EXPECT_TRUE(test, fake_stays(!atomic_read(&f[0]->detached) &&
					   !atomic_read(&f[2]->detached)));
	/* Sent packets use the new filters meanwhile; b is busy. */
	f[1]->hook = NULL;
	fake_output_new(fake, FAKE_PF_A, 9, 1, DLIL_OUTPUT_RAW);
	fake_unblock(fake);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(atomic_read(&f[0]->detached) == 1 &&
					      atomic_read(&f[2]->detached) == 1));
	fake_input_new(fake, FAKE_PF_A, 3, 1);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake,
			  "a1 b1 d9 b9 x9 D9 c1 d1 a2 b2 c2 d2 P1 P2 ~a ~c d3 b3 x3 P3");
}

/* FLT-13 FLT-2: a filter that goes by itself during a step is left to that. */
static void gone_meanwhile(struct kunit *test)
{
	struct fake_filter *f[4];
	struct fake *fake = with_four(test, f);

	f[0]->hook = fake_block_filter;
	fake_input_new(fake, FAKE_PF_A, 1, 1);
	fake_wait_blocked(fake);
	{
		const struct dlil_filter_change changes[] = {
			DEL(f[1]), MOVE(f[2], DLIL_PLACE_LAST, NULL),
		};

		/* Nothing is left of c behind this, not even in the array in flight. */
		KUNIT_EXPECT_EQ(test, update(fake, changes, ARRAY_SIZE(changes), 0),
				0);
		KUNIT_EXPECT_EQ(test, dlil_filter_detach_async(f[2]->ref), 0);
	}
	fake_trace_clear(fake);
	fake_unblock(fake);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(atomic_read(&f[1]->detached) == 1 &&
					      atomic_read(&f[2]->detached) == 1));
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "b1 d1 P1 ~b ~c");
	expect_way(fake, 2, "a2 d2 P2", "a2 d2 D2");
}

static struct fake_filter *mover;

static void move_on_event(struct fake_filter *f, const struct dlil_event *event)
{
	const struct dlil_filter_change changes[] = {
		MOVE(f, DLIL_PLACE_LAST, NULL),
		MOVE(mover, DLIL_PLACE_FIRST, NULL),
	};

	if (event->code == DLIL_EVENT_LINK_ON)
		KUNIT_EXPECT_EQ(f->fake->test,
				dlil_filter_update(f->fake->ifp, changes, 2, 0), 0);
}

/*
 * FLT-13 EVT-1: each filter gets an event once, by age, even if filters are moved while it
 * is delivered.  Listeners are told of moves.
 */
static void events(struct kunit *test)
{
	static const char * const names[] = { "a", "b", "c" };
	struct fake *fake = fake_attached(test);
	struct fake_filter *f[3];
	int i;

	fake_proto(fake, 'P', FAKE_PF_A);
	for (i = 0; i < ARRAY_SIZE(f); i++) {
		f[i] = named(fake, 'a' + i, names[i]);
		f[i]->ops.event = fake_filter_event;
		f[i]->params.place = DLIL_PLACE_FIRST;
		KUNIT_ASSERT_EQ(test, fake_filter_attach(f[i]), 0);
	}
	dlil_event_flush(fake->ifp);
	mover = f[2];
	f[0]->event_hook = move_on_event;
	fake_listen(fake, BIT(DLIL_EVENT_LINK_ON) | BIT(0));
	fake_trace_clear(fake);
	KUNIT_EXPECT_EQ(test, dlil_event_post(fake->ifp, DLIL_EVENT_LINK_ON, NULL, 0),
			0);
	dlil_event_flush(fake->ifp);
	FAKE_EXPECT_TRACE(fake,
			  "a!13 b!13 c!13 D!13 o!13 a!f3 b!f3 c!f3 D!f3 o!f3 a!f3 b!f3 c!f3 D!f3 o!f3");
	expect_way(fake, 1, "c1 b1 a1 P1", "c1 b1 a1 D1");
}

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

/* FLT-13 LNX-11: a dump has the filters in the order in which packets meet them. */
static void dump_order(struct kunit *test)
{
	struct fake_filter *f[4];
	struct fake *fake = with_four(test, f);
	struct part part = { .fake = fake, .room = 2 };
	u64 behind = 0;

	KUNIT_EXPECT_EQ(test, attach_at(named(fake, 'x', "x"),
					DLIL_PLACE_BEFORE, "b"), 0);
	fake_trace_clear(fake);
	KUNIT_EXPECT_EQ(test, dlil_filters_behind(fake->ifp, &behind, put_in_part,
						  &part), -EMSGSIZE);
	part.room = 9;
	KUNIT_EXPECT_EQ(test, dlil_filters_behind(fake->ifp, &behind, put_in_part,
						  &part), 0);
	FAKE_EXPECT_TRACE(fake, "a x b c d");
}

/* FLT-13 FLT-17: the end of a lifetime does not remove the filter that came instead. */
static void replaced_in_time(struct kunit *test)
{
	struct fake_filter *x, *y;
	struct fake *fake = fake_attached(test);

	fake_proto(fake, 'P', FAKE_PF_A);
	x = named(fake, 'x', "x");
	x->params.lifetime = 50;
	KUNIT_ASSERT_EQ(test, fake_filter_attach(x), 0);
	y = named(fake, 'y', "x");
	{
		const struct dlil_filter_change changes[] = { REPLACE(x, y) };

		KUNIT_EXPECT_EQ(test, update(fake, changes, 1, 0), 0);
	}
	KUNIT_EXPECT_TRUE(test, fake_wait_for(atomic_read(&x->detached) == 1));
	schedule_timeout_uninterruptible(msecs_to_jiffies(100));
	KUNIT_EXPECT_EQ(test, atomic_read(&y->detached), 0);
	expect_way(fake, 1, "y1 P1", "y1 D1");
}

/* Filters of users. */

static const struct sock_filter everything[] = {
	BPF_STMT(BPF_RET | BPF_K, 1),
};

#define USER_ADD(what, called, ...) \
	{ .change = DLIL_CHANGE_##what, .name = (called), .kind = "match", \
	  .direction = DLIL_DIRECTION_IN | DLIL_DIRECTION_OUT, \
	  .action = "count", .program = everything, .n = 1, __VA_ARGS__ }
#define USER_ADD_AT(what, called, to, other) \
	USER_ADD(what, called, .place = (to), .beside = (other))
#define USER_ADD_BAD(called) \
	{ .change = DLIL_CHANGE_ADD, .name = (called), .kind = "match", \
	  .direction = DLIL_DIRECTION_IN, .action = "frob", \
	  .program = everything, .n = 1 }
#define USER_DEL(called) { .change = DLIL_CHANGE_DEL, .name = (called) }
#define USER_MOVE(called, to, other) { .change = DLIL_CHANGE_MOVE, .name = (called), \
				  .place = (to), .beside = (other) }
#define USER_FLUSH { .change = DLIL_CHANGE_FLUSH }

/* Returns the result; *@failed is the request at fault. */
static int user_step(struct fake *fake, const struct dlil_filter_request *reqs,
		     unsigned int n, unsigned int *failed)
{
	struct dlil_kind_step step = {
		.ifp = fake->ifp, .reqs = reqs, .n = n,
	};
	struct netlink_ext_ack extack = {};
	int err = dlil_kind_update(&step, &extack);

	/* Every error comes with a message, and success with none. */
	KUNIT_EXPECT_EQ(fake->test, !!extack._msg, !!err);
	*failed = step.failed;
	return err;
}

static int trace_name(const struct dlil_filter *f, void *arg)
{
	fake_trace(arg, "%s", f->name);
	return 0;
}

static void expect_names(struct fake *fake, const char *want)
{
	fake_trace_clear(fake);
	dlil_filter_for_each(fake->ifp, trace_name, fake);
	FAKE_EXPECT_TRACE(fake, want);
}

#define USER_STEP(fake, err, at, ...) do { \
	const struct dlil_filter_request reqs[] = { __VA_ARGS__ }; \
	unsigned int failed; \
	KUNIT_EXPECT_EQ((fake)->test, user_step(fake, reqs, ARRAY_SIZE(reqs), \
						&failed), err); \
	if (err) \
		KUNIT_EXPECT_EQ((fake)->test, failed, at); \
} while (0)

/* FLT-13 EVT-1: others are told nothing of a filter that comes and goes within a step. */
static void dropped_unheard(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	fake_listen(fake, BIT(0));
	dlil_event_flush(fake->ifp);
	fake_trace_clear(fake);
	USER_STEP(fake, 0, 0, USER_ADD(ADD, "x"),
		  USER_MOVE("x", DLIL_PLACE_FIRST, NULL), USER_DEL("x"));
	dlil_event_flush(fake->ifp);
	FAKE_EXPECT_TRACE(fake, "");
	USER_STEP(fake, 0, 0, USER_ADD(ADD, "x"), USER_MOVE("x", DLIL_PLACE_FIRST, NULL));
	dlil_event_flush(fake->ifp);
	FAKE_EXPECT_TRACE(fake, "D!f1 o!f1 D!f3 o!f3");
}

/* FLT-13 FLT-16: users make several changes by name; those of modules stay as they are. */
static void users(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *m = named(fake, 'm', "module");

	KUNIT_ASSERT_EQ(test, fake_filter_attach(m), 0);
	USER_STEP(fake, 0, 0, USER_ADD(ADD, "a"), USER_ADD(ADD, "b"),
		  USER_ADD_AT(ADD, "c", DLIL_PLACE_BEFORE, "module"));
	expect_names(fake, "c module a b");
	USER_STEP(fake, 0, 0, USER_DEL("a"), USER_ADD(REPLACE, "c"),
		  USER_ADD_AT(REPLACE, "new", DLIL_PLACE_FIRST, NULL),
		  USER_MOVE("b", DLIL_PLACE_AFTER, "c"), USER_ADD(ADD, "a"));
	expect_names(fake, "new c b module a");
	/* A name is free as soon as its filter goes. */
	USER_STEP(fake, 0, 0, USER_DEL("c"), USER_ADD(ADD, "c"));
	expect_names(fake, "new b module a c");
	/* A filter may come and go within a step. */
	USER_STEP(fake, 0, 0, USER_ADD(ADD, "d"), USER_ADD(ADD, "e"), USER_DEL("d"),
		  USER_ADD(REPLACE, "e"), USER_MOVE("e", DLIL_PLACE_FIRST, NULL),
		  USER_ADD(ADD, "d"), USER_DEL("new"));
	expect_names(fake, "e b module a c d");
	USER_STEP(fake, 0, 0, USER_ADD(ADD, "f"), USER_FLUSH, USER_ADD(ADD, "last"));
	expect_names(fake, "module last");
}

/* FLT-13: a refused step says which change is at fault, and leaves all as it was. */
static void users_refused(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *m = named(fake, 'm', "module");
	u64 before;

	KUNIT_ASSERT_EQ(test, fake_filter_attach(m), 0);
	USER_STEP(fake, 0, 0, USER_ADD(ADD, "a"), USER_ADD(ADD, "b"));
	before = dlil_filter_revision(fake->ifp);
	USER_STEP(fake, -EEXIST, 1, USER_ADD(ADD, "c"), USER_ADD(ADD, "b"));
	USER_STEP(fake, -EEXIST, 2, USER_ADD(ADD, "c"), USER_DEL("a"),
		  USER_ADD(ADD, "c"));
	USER_STEP(fake, -EEXIST, 0, USER_ADD(ADD, "module"));
	USER_STEP(fake, -ENOENT, 1, USER_DEL("a"), USER_DEL("a"), USER_DEL("b"));
	USER_STEP(fake, -ENOENT, 0, USER_MOVE("c", DLIL_PLACE_LAST, NULL));
	USER_STEP(fake, -ENOENT, 1, USER_ADD(ADD, "c"),
		  USER_ADD_AT(ADD, "d", DLIL_PLACE_AFTER, "e"));
	USER_STEP(fake, -EPERM, 1, USER_DEL("a"), USER_DEL("module"));
	USER_STEP(fake, -EPERM, 0, USER_MOVE("module", DLIL_PLACE_FIRST, NULL));
	USER_STEP(fake, -EPERM, 1, USER_DEL("a"), USER_ADD(REPLACE, "module"));
	USER_STEP(fake, -EINVAL, 1, USER_DEL("a"), USER_DEL(""));
	USER_STEP(fake, -EINVAL, 1, USER_DEL("a"),
		  USER_ADD_BAD("c"), USER_DEL("b"));
	USER_STEP(fake, -EINVAL, 0, USER_MOVE("a", DLIL_PLACE_DEFAULT, NULL));
	expect_names(fake, "module a b");
	KUNIT_EXPECT_EQ(test, dlil_filter_revision(fake->ifp), before);
	KUNIT_EXPECT_EQ(test, fake_list_len(&fake->ifp->filter_list), 3);
}

/* A kind that counts its filters. */
static atomic_t living = ATOMIC_INIT(0);

static const struct dlil_filter_kind counted_kind;

static int counted_input(void *cookie, struct dlil_ifnet *ifp, u32 family,
			 struct sk_buff **skb)
{
	return 0;
}

static void counted_detached(void *cookie, struct dlil_ifnet *ifp)
{
	atomic_dec(&living);
}

static const struct dlil_filter_ops counted_ops = {
	.input = counted_input,
	.detached = counted_detached,
	.kind = &counted_kind,
};

static int counted_create(const struct dlil_filter_args *args,
			  struct dlil_filter_params *params, dlil_filter_t **ref)
{
	atomic_inc(&living);
	params->ops = &counted_ops;
	return 0;
}

static void counted_destroy(void *cookie)
{
	atomic_dec(&living);
}

static const struct dlil_filter_kind counted_kind = {
	.name = "counted",
	.create = counted_create,
	.destroy = counted_destroy,
};

static void counted_end(struct kunit_resource *res)
{
	dlil_filter_unregister_kind(&counted_kind);
}

#define COUNTED(what, called) \
	{ .change = DLIL_CHANGE_##what, .name = (called), .kind = "counted", \
	  .direction = DLIL_DIRECTION_IN }

/* FLT-13: a filter that comes and goes within a step is freed, and was never attached. */
static void dropped(struct kunit *test)
{
	struct fake *fake;

	KUNIT_ASSERT_EQ(test, dlil_filter_register_kind(&counted_kind), 0);
	KUNIT_ASSERT_NOT_NULL(test, kunit_alloc_resource(test, NULL, counted_end,
							 GFP_KERNEL, &living));
	fake = fake_attached(test);
	USER_STEP(fake, 0, 0, COUNTED(ADD, "a"), COUNTED(ADD, "b"), USER_DEL("a"),
		  COUNTED(REPLACE, "b"));
	expect_names(fake, "b");
	KUNIT_EXPECT_EQ(test, atomic_read(&living), 1);
	USER_STEP(fake, -ENOENT, 1, COUNTED(ADD, "c"), USER_DEL("d"));
	KUNIT_EXPECT_EQ(test, atomic_read(&living), 1);
	USER_STEP(fake, 0, 0, COUNTED(ADD, "c"), USER_FLUSH);
	expect_names(fake, "");
	KUNIT_EXPECT_TRUE(test, fake_wait_for(!atomic_read(&living)));
}

/* FLT-13: users have a limit, which counts what is there behind the step. */
static void users_limit(struct kunit *test)
{
	unsigned int failed, i, n = DLIL_GENL_MAXFILTERS;
	struct dlil_filter_request *reqs;
	struct fake *fake = fake_attached(test);
	char (*names)[8];

	reqs = kunit_kzalloc(test, (n + 1) * sizeof(*reqs), GFP_KERNEL);
	names = kunit_kzalloc(test, (n + 1) * sizeof(*names), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, reqs);
	KUNIT_ASSERT_NOT_NULL(test, names);
	for (i = 0; i <= n; i++) {
		snprintf(names[i], sizeof(names[i]), "f%u", i);
		reqs[i] = (struct dlil_filter_request)
			USER_ADD(ADD, names[i]);
	}
	KUNIT_EXPECT_EQ(test, user_step(fake, reqs, n + 1, &failed), -ENOSPC);
	KUNIT_EXPECT_EQ(test, failed, n + 1);
	KUNIT_EXPECT_TRUE(test, list_empty(&fake->ifp->filter_list));
	KUNIT_EXPECT_EQ(test, user_step(fake, reqs, n, &failed), 0);
	KUNIT_EXPECT_EQ(test, user_step(fake, &reqs[n], 1, &failed), -ENOSPC);
	KUNIT_EXPECT_EQ(test, fake_list_len(&fake->ifp->filter_list), n);
	USER_STEP(fake, 0, 0, USER_ADD(ADD, "one more"), USER_DEL("f7"));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(place),
	KUNIT_CASE(step),
	KUNIT_CASE_PARAM(all_or_nothing, bad_gen_params),
	KUNIT_CASE(bounds),
	KUNIT_CASE(stale),
	KUNIT_CASE(detach_begins),
	KUNIT_CASE(reference_kept),
	KUNIT_CASE(no_mixture),
	KUNIT_CASE(gone_meanwhile),
	KUNIT_CASE(events),
	KUNIT_CASE(dump_order),
	KUNIT_CASE(replaced_in_time),
	KUNIT_CASE(dropped_unheard),
	KUNIT_CASE(users),
	KUNIT_CASE(users_refused),
	KUNIT_CASE(users_limit),
	KUNIT_CASE(dropped),
	{}
};

static struct kunit_suite suite = {
	.name = "dlil_step",
	.test_cases = cases,
};

kunit_test_suite(suite);
