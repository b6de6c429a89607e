// SPDX-License-Identifier: GPL-2.0
/*
 * Events: rows EVT-1 to EVT-3, and their relation to FLT-2, FLT-4, FLT-7, IFN-3
 * to IFN-6, IFN-8, PRO-1 and PRO-3.
 */
#include "../dlil_event.h"
#include "../dlil_ifnet.h"
#include "../dlil_proto.h"
#include "fake.h"

#define ON	DLIL_EVENT_LINK_ON	/* 13 */
#define OFF	DLIL_EVENT_LINK_OFF	/* 12 */
#define LIFE	(BIT(DLIL_EVENT_IF_ATTACHED) | \
		 BIT(DLIL_EVENT_IF_DETACHING) | BIT(DLIL_EVENT_IF_DETACHED))
#define PROTOS	(BIT(DLIL_EVENT_PROTO_ATTACHED) | \
		 BIT(DLIL_EVENT_PROTO_DETACHED))

static struct fake_filter *filter_new(struct fake *fake, char tag)
{
	struct fake_filter *f = fake_filter_new(fake, tag,
						&fake_filter_in_ops);

	f->ops.event = fake_filter_event;
	return f;
}

static struct fake_filter *filter(struct fake *fake, char tag)
{
	struct fake_filter *f = filter_new(fake, tag);

	KUNIT_ASSERT_EQ(fake->test, fake_filter_attach(f), 0);
	return f;
}

static struct fake_proto *proto_new(struct fake *fake, char tag, u32 family)
{
	struct fake_proto *p = fake_proto_new(fake, tag, family);

	p->ops.event = fake_proto_event;
	return p;
}

static struct fake_proto *proto(struct fake *fake, char tag, u32 family)
{
	struct fake_proto *p = proto_new(fake, tag, family);

	KUNIT_ASSERT_EQ(fake->test, fake_proto_attach(p), 0);
	return p;
}

static int post(struct fake *fake, u32 code)
{
	return dlil_event_post(fake->ifp, code, NULL, 0);
}

/* Wait until all posted events have been delivered. */
static void flush(struct fake *fake)
{
	dlil_event_flush(fake->ifp);
}

struct code_case {
	const char *name;
	u32 code;
};

/* All codes in order, from 1 on. */
static const struct code_case code_cases[] = {
	{ "SIFFLAGS", DLIL_EVENT_SIFFLAGS },
	{ "SIFMETRICS", DLIL_EVENT_SIFMETRICS },
	{ "SIFMTU", DLIL_EVENT_SIFMTU },
	{ "SIFPHYS", DLIL_EVENT_SIFPHYS },
	{ "SIFMEDIA", DLIL_EVENT_SIFMEDIA },
	{ "SIFGENERIC", DLIL_EVENT_SIFGENERIC },
	{ "ADDMULTI", DLIL_EVENT_ADDMULTI },
	{ "DELMULTI", DLIL_EVENT_DELMULTI },
	{ "IF_ATTACHED", DLIL_EVENT_IF_ATTACHED },
	{ "IF_DETACHING", DLIL_EVENT_IF_DETACHING },
	{ "IF_DETACHED", DLIL_EVENT_IF_DETACHED },
	{ "LINK_OFF", DLIL_EVENT_LINK_OFF },
	{ "LINK_ON", DLIL_EVENT_LINK_ON },
	{ "PROTO_ATTACHED", DLIL_EVENT_PROTO_ATTACHED },
	{ "PROTO_DETACHED", DLIL_EVENT_PROTO_DETACHED },
	{ "LINK_ADDRESS_CHANGED", DLIL_EVENT_LINK_ADDRESS_CHANGED },
	{ "WAKEFLAGS_CHANGED", DLIL_EVENT_WAKEFLAGS_CHANGED },
	{ "IF_IDLE_ROUTE_REFCNT", DLIL_EVENT_IF_IDLE_ROUTE_REFCNT },
	{ "IFCAP_CHANGED", DLIL_EVENT_IFCAP_CHANGED },
	{ "LINK_QUALITY_METRIC_CHANGED",
	  DLIL_EVENT_LINK_QUALITY_METRIC_CHANGED },
	{ "NODE_PRESENCE", DLIL_EVENT_NODE_PRESENCE },
	{ "NODE_ABSENCE", DLIL_EVENT_NODE_ABSENCE },
	{ "MASTER_ELECTED", DLIL_EVENT_MASTER_ELECTED },
};

/* EVT-3 */
static void codes(struct kunit *test)
{
	int i;

	KUNIT_EXPECT_EQ(test, ARRAY_SIZE(code_cases), 23);
	for (i = 0; i < ARRAY_SIZE(code_cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, code_cases[i].code, i + 1, "%s",
				    code_cases[i].name);
}

/* EVT-3: each code is delivered unchanged. */
static void every_code(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	char want[256] = "";
	u32 code;

	flush(fake);
	fake_listen(fake, U32_MAX);
	for (code = 1; code <= 23; code++) {
		KUNIT_EXPECT_EQ(test, post(fake, code), 0);
		snprintf(want + strlen(want), sizeof(want) - strlen(want),
			 "%sD!%u o!%u", code > 1 ? " " : "", code, code);
	}
	flush(fake);
	FAKE_EXPECT_TRACE(fake, want);
	fake->codes = 0;
}

/* EVT-1 */
static void bad_arguments(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	u8 *data = kunit_kzalloc(test, DLIL_EVENT_DATA_MAX + 1, GFP_KERNEL);
	struct dlil_ifnet *ifp = fake->ifp;

	KUNIT_ASSERT_NOT_NULL(test, data);
	flush(fake);
	fake_listen(fake, U32_MAX);
	KUNIT_EXPECT_EQ(test, dlil_event_post(NULL, ON, NULL, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_event_post(ifp, ON, NULL, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_event_post(ifp, 0, NULL, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_event_post(ifp, 24, NULL, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_event_post(ifp, ON, data,
					      DLIL_EVENT_DATA_MAX + 1),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_event_post_class(NULL, 7, 8, 9, NULL, 0),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_event_post_class(ifp, 0, 8, 9, NULL, 0),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_event_post_class(ifp, 7, 8, 0, NULL, 0),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_event_post_class(ifp, 7, 8, 9, NULL, 1),
			-EINVAL);
	flush(fake);
	FAKE_EXPECT_TRACE(fake, "");
	fake->codes = 0;
}

/* EVT-1, FLT-3: filters, protocols, driver, and then external listeners. */
static void order(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	fake_listen(fake, BIT(ON) | BIT(OFF));
	filter(fake, 'a');
	proto(fake, 'P', FAKE_PF_A);
	filter(fake, 'b');
	fake_filter(fake, 'c', &fake_filter_in_ops);
	fake_proto(fake, 'R', FAKE_PF_C);
	proto(fake, 'Q', FAKE_PF_B);
	KUNIT_EXPECT_EQ(test, post(fake, ON), 0);
	KUNIT_EXPECT_EQ(test, post(fake, OFF), 0);
	flush(fake);
	FAKE_EXPECT_TRACE(fake,
			  "a!13 b!13 P!13 Q!13 D!13 o!13 a!12 b!12 P!12 Q!12 D!12 o!12");
}

/* FLT-4: events reach every filter, whatever its family. */
static void every_filter(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *f;

	fake_listen(fake, BIT(ON));
	f = filter_new(fake, 'a');
	f->params.family = FAKE_PF_A;
	KUNIT_ASSERT_EQ(test, fake_filter_attach(f), 0);
	filter(fake, 'b');
	post(fake, ON);
	flush(fake);
	FAKE_EXPECT_TRACE(fake, "a!13 b!13 D!13 o!13");
}

static void expect_contents(struct fake_filter *f,
			    const struct dlil_event *event)
{
	struct kunit *test = f->fake->test;
	const u8 *data = event->data;

	if (event->class != 7)
		return;
	KUNIT_EXPECT_EQ(test, event->subclass, 8);
	KUNIT_EXPECT_EQ(test, event->code, 9);
	KUNIT_EXPECT_STREQ(test, (const char *)event->name, "fake0");
	KUNIT_EXPECT_EQ(test, event->family, DLIL_IFNET_ETHERNET);
	KUNIT_EXPECT_EQ(test, event->unit, dlil_ifnet_index(f->fake->ifp));
	KUNIT_ASSERT_EQ(test, event->len, DLIL_EVENT_DATA_MAX);
	KUNIT_EXPECT_EQ(test, data[0], 0x5a);
	KUNIT_EXPECT_PTR_EQ(test, memchr_inv(data, 0x5a, event->len), NULL);
	atomic_inc(&f->calls);
}

/* EVT-1: class, subclass, code and 512 bytes of data; name, index and family. */
static void contents(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	u8 *data = kunit_kzalloc(test, DLIL_EVENT_DATA_MAX, GFP_KERNEL);
	struct fake_filter *f = filter(fake, 'a');

	KUNIT_ASSERT_NOT_NULL(test, data);
	f->event_hook = expect_contents;
	memset(data, 0x5a, DLIL_EVENT_DATA_MAX);
	KUNIT_EXPECT_EQ(test, dlil_event_post_class(fake->ifp, 7, 8, 9, data,
						    DLIL_EVENT_DATA_MAX), 0);
	/* The data was copied. */
	memset(data, 0, DLIL_EVENT_DATA_MAX);
	flush(fake);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->calls), 1);
}

/* EVT-1: events may be posted in atomic context. */
static void post_in_atomic_context(struct kunit *test)
{
	static DEFINE_SPINLOCK(lock);
	struct fake *fake = fake_attached(test);

	fake_listen(fake, BIT(ON));
	filter(fake, 'a');
	spin_lock_bh(&lock);
	KUNIT_EXPECT_EQ(test, post(fake, ON), 0);
	spin_unlock_bh(&lock);
	flush(fake);
	FAKE_EXPECT_TRACE(fake, "a!13 D!13 o!13");
}

/* EVT-1: and with interrupts disabled. */
static void post_with_interrupts_off(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	unsigned long flags;
	int err;

	fake_listen(fake, BIT(ON));
	filter(fake, 'a');
	local_irq_save(flags);
	err = post(fake, ON);
	local_irq_restore(flags);
	KUNIT_EXPECT_EQ(test, err, 0);
	flush(fake);
	FAKE_EXPECT_TRACE(fake, "a!13 D!13 o!13");
}

/*
 * EVT-1: before the attach, while detaching and afterwards only external
 * listeners get events.
 */
static void not_attached(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);

	fake_listen(fake, BIT(ON) | BIT(OFF));
	KUNIT_EXPECT_EQ(test, post(fake, ON), 0);
	flush(fake);
	FAKE_EXPECT_TRACE(fake, "o!13");

	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	filter(fake, 'a');
	proto(fake, 'P', FAKE_PF_A);
	KUNIT_ASSERT_TRUE(test, dlil_ifnet_io_begin(fake->ifp));
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), 0);
	fake_trace_clear(fake);
	KUNIT_EXPECT_EQ(test, post(fake, OFF), 0);
	flush(fake);
	FAKE_EXPECT_TRACE(fake, "o!12");

	dlil_ifnet_io_end(fake->ifp);
	fake_detach(fake);
	fake_trace_clear(fake);
	KUNIT_EXPECT_EQ(test, post(fake, ON), 0);
	flush(fake);
	FAKE_EXPECT_TRACE(fake, "o!13");
}

static void block_on(struct fake_filter *f, const struct dlil_event *event)
{
	if (event->code == ON)
		fake_block(f->fake);
}

/* EVT-1: the same for an event posted before, but delivered during the detach. */
static void overtaken_by_detach(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	fake_listen(fake, BIT(ON) | BIT(OFF) | LIFE);
	filter(fake, 'a')->event_hook = block_on;
	flush(fake);
	fake_trace_clear(fake);
	post(fake, ON);
	fake_wait_blocked(fake);
	post(fake, OFF);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), 0);
	fake_unblock(fake);
	fake_detach(fake);
	FAKE_EXPECT_TRACE(fake, "a!13 D!13 o!13 o!12 a!10 D!10 o!10 ~a o!11 free");
}

/*
 * IFN-3, IFN-4, IFN-5, EVT-1: filters and protocols get IF_DETACHING, before they
 * are detached; IF_DETACHED comes before the driver's free.
 */
static void life(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	int i;

	fake_listen(fake, LIFE);
	for (i = 0; i < 3; i++) {
		KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
		flush(fake);
		FAKE_EXPECT_TRACE(fake, "D!9 o!9");
		fake->n_filters = 0;
		fake->n_protos = 0;
		filter(fake, 'a');
		proto(fake, 'P', FAKE_PF_A);
		fake_detach(fake);
		FAKE_EXPECT_TRACE(fake,
				  "D!9 o!9 a!10 P!10 D!10 o!10 ~a ~P o!11 free");
		fake_trace_clear(fake);
		memset(fake->filters, 0, sizeof(fake->filters));
		memset(fake->protos, 0, sizeof(fake->protos));
	}
	fake->n_filters = 0;
	fake->n_protos = 0;
}

/* IFN-4: a callback of the filter detaches the ifnet. */
static void detach_ifnet_hook(struct fake_filter *f,
			      const struct dlil_event *event)
{
	if (event->code != ON)
		return;
	KUNIT_EXPECT_EQ(f->fake->test, dlil_ifnet_detach(f->fake->ifp), 0);
	KUNIT_EXPECT_EQ(f->fake->test, dlil_ifnet_wait_detached(f->fake->ifp),
			-EDEADLK);
}

/* IFN-4, EVT-2 */
static void detach_ifnet_from_callback(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	fake_listen(fake, LIFE | BIT(ON));
	flush(fake);
	filter(fake, 'a')->event_hook = detach_ifnet_hook;
	fake_trace_clear(fake);
	post(fake, ON);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(atomic_read(&fake->freed)));
	fake_detach(fake);
	/* While the ifnet is detaching, only external listeners get events. */
	FAKE_EXPECT_TRACE(fake, "a!13 D!13 o!13 a!10 D!10 o!10 ~a o!11 free");
}

/* PRO-1, PRO-3: trace family and number of protocols. */
static void trace_proto(struct fake *fake, const struct dlil_event *event)
{
	const struct dlil_event_proto *p = event->data;

	if (event->subclass != DLIL_EVENT_SUBCLASS_DL ||
	    !(PROTOS & BIT(event->code)))
		return;
	KUNIT_ASSERT_EQ(fake->test, event->len, sizeof(*p));
	KUNIT_EXPECT_STREQ(fake->test, (const char *)p->name, "fake");
	fake_trace(fake, "%u/%u", p->family - DLIL_PF_PRIVATE, p->count);
}

/* PRO-1, PRO-3: the event follows the return of `detached`. */
static void protocols(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	fake_listen(fake, PROTOS);
	fake->event_hook = trace_proto;
	filter(fake, 'a');
	proto(fake, 'P', FAKE_PF_A);
	flush(fake);
	FAKE_EXPECT_TRACE(fake, "a!14 P!14 D!14 o!14 1/1");
	fake_trace_clear(fake);

	proto(fake, 'Q', FAKE_PF_B);
	flush(fake);
	FAKE_EXPECT_TRACE(fake, "a!14 P!14 Q!14 D!14 o!14 2/2");
	fake_trace_clear(fake);

	KUNIT_EXPECT_EQ(test, dlil_proto_detach(fake->ifp, FAKE_PF_A), 0);
	flush(fake);
	FAKE_EXPECT_TRACE(fake, "~P a!15 Q!15 D!15 o!15 1/1");
	fake_trace_clear(fake);

	/*
	 * The final detach removes the other protocol; only external listeners
	 * hear of it.
	 */
	fake_detach(fake);
	FAKE_EXPECT_TRACE(fake, "~a ~Q o!15 2/0 free");
}

/* PRO-1: no event for a protocol that was refused. */
static void refused_protocol(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	fake_listen(fake, PROTOS);
	fake->add_error = -EADDRINUSE;
	KUNIT_EXPECT_EQ(test, fake_proto_attach(proto_new(fake, 'P',
							  FAKE_PF_A)),
			-EADDRINUSE);
	flush(fake);
	FAKE_EXPECT_TRACE(fake, "");
}

/* FLT-1, FLT-2: attach and detach of filters post events, too. */
static void filters(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *b;

	fake_listen(fake, BIT(0));
	filter(fake, 'a');
	b = filter(fake, 'b');
	flush(fake);
	FAKE_EXPECT_TRACE(fake, "a!f1 D!f1 o!f1 a!f1 b!f1 D!f1 o!f1");
	fake_trace_clear(fake);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(b->ref), 0);
	flush(fake);
	FAKE_EXPECT_TRACE(fake, "~b a!f2 D!f2 o!f2");
	fake->codes = 0;
}

static void slow_detached(void *cookie, struct dlil_ifnet *ifp)
{
	/* Deliver all posted events before `detached` returns. */
	dlil_event_flush(ifp);
	fake_filter_in_ops.detached(cookie, ifp);
}

static void slow_proto_detached(void *cookie, struct dlil_ifnet *ifp, u32 family)
{
	struct fake_proto *p = cookie;

	dlil_event_flush(ifp);
	atomic_inc(&p->detached);
	fake_trace(p->fake, "~%c", p->tag);
}

/* FLT-2, PRO-3: the event of a detach follows the return of `detached`. */
static void told_after_detached(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *f = filter_new(fake, 'a');
	struct fake_proto *p = proto_new(fake, 'P', FAKE_PF_A);

	f->ops.detached = slow_detached;
	p->ops.detached = slow_proto_detached;
	KUNIT_ASSERT_EQ(test, fake_filter_attach(f), 0);
	KUNIT_ASSERT_EQ(test, fake_proto_attach(p), 0);
	flush(fake);
	fake_listen(fake, PROTOS | BIT(0));
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(f->ref), 0);
	flush(fake);
	FAKE_EXPECT_TRACE(fake, "~a P!f2 D!f2 o!f2");
	fake_trace_clear(fake);
	KUNIT_EXPECT_EQ(test, dlil_proto_detach(fake->ifp, FAKE_PF_A), 0);
	flush(fake);
	FAKE_EXPECT_TRACE(fake, "~P D!15 o!15");
	fake->codes = 0;
}

/* EVT-2: a filter does not get events posted before its attach. */
static void late_filter(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	fake_listen(fake, BIT(ON) | BIT(OFF));
	filter(fake, 'a')->event_hook = block_on;
	flush(fake);
	post(fake, ON);
	fake_wait_blocked(fake);
	post(fake, OFF);
	filter(fake, 'b');
	proto(fake, 'P', FAKE_PF_A);
	fake_unblock(fake);
	flush(fake);
	FAKE_EXPECT_TRACE(fake, "a!13 D!13 o!13 a!12 D!12 o!12");
}

/* Make all kinds of changes, to later objects only. */
static void change_everything(struct fake_filter *f,
			      const struct dlil_event *event)
{
	struct fake *fake = f->fake;

	if (event->code != ON)
		return;
	KUNIT_EXPECT_EQ(fake->test, dlil_filter_detach_async(f[1].ref), 0);
	KUNIT_EXPECT_EQ(fake->test, fake_filter_attach(&f[3]), 0);
	KUNIT_EXPECT_EQ(fake->test, dlil_proto_detach(fake->ifp, FAKE_PF_A), 0);
	KUNIT_EXPECT_EQ(fake->test, fake_proto_attach(&fake->protos[2]), 0);
	KUNIT_EXPECT_EQ(fake->test, post(fake, OFF), 0);
}

/*
 * EVT-2, FLT-2: a callback may attach and detach anything.  Detached objects
 * get no new call; attached ones do not get the current event.
 */
static void change_from_callback(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *a;

	fake_listen(fake, BIT(ON) | BIT(OFF));
	a = filter(fake, 'a');
	filter(fake, 'b');
	filter(fake, 'c');
	filter_new(fake, 'd');
	proto(fake, 'P', FAKE_PF_A);
	proto(fake, 'Q', FAKE_PF_B);
	proto_new(fake, 'R', FAKE_PF_C);
	flush(fake);
	a->event_hook = change_everything;
	post(fake, ON);
	flush(fake);
	KUNIT_EXPECT_TRUE(test,
			  fake_wait_for(atomic_read(&a[1].detached) == 1 &&
					atomic_read(&fake->protos[0].detached)));
	KUNIT_EXPECT_NULL(test, strstr(fake->trace, "b!"));
	KUNIT_EXPECT_NULL(test, strstr(fake->trace, "d!13"));
	KUNIT_EXPECT_NULL(test, strstr(fake->trace, "P!"));
	KUNIT_EXPECT_NULL(test, strstr(fake->trace, "R!13"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(fake->trace, "a!13"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(fake->trace, "c!13"));
	KUNIT_EXPECT_NOT_NULL(test,
			      strstr(fake->trace,
				     "a!12 c!12 d!12 Q!12 R!12 D!12 o!12"));
}

static void detach_self(struct fake_filter *f, const struct dlil_event *event)
{
	struct fake *fake = f->fake;

	if (event->code != ON)
		return;
	/* A callback can wait neither for its own filter nor for another one. */
	KUNIT_EXPECT_EQ(fake->test, dlil_filter_detach(f->ref), -EDEADLK);
	KUNIT_EXPECT_EQ(fake->test, dlil_filter_detach(f[1].ref), -EDEADLK);
	KUNIT_EXPECT_EQ(fake->test, dlil_ifnet_wait_detached(fake->ifp),
			-EDEADLK);
	KUNIT_EXPECT_EQ(fake->test, dlil_filter_detach_async(f->ref), 0);
	KUNIT_EXPECT_EQ(fake->test, dlil_filter_detach_async(f->ref), -EINVAL);
	KUNIT_EXPECT_TRUE(fake->test, fake_stays(!atomic_read(&f->detached)));
}

/* FLT-7 */
static void detach_from_own_callback(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *f = filter(fake, 'a');

	fake_listen(fake, BIT(ON) | BIT(OFF));
	f->event_hook = detach_self;
	filter(fake, 'b');
	flush(fake);
	post(fake, ON);
	post(fake, OFF);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(atomic_read(&f->detached)));
	flush(fake);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->detached), 1);
	KUNIT_EXPECT_NULL(test, strstr(fake->trace, "a!12"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(fake->trace, "b!12"));
	/* Outside of callbacks waiting works. */
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(f[1].ref), 0);
}

static int detach_second(struct fake_task *task)
{
	return dlil_filter_detach(task->fake->filters[1].ref);
}

/*
 * FLT-2, EVT-2: a detach waits for the filter's event callback in flight, but
 * not for those of others; input continues.
 */
static void detach_waits(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *f = filter(fake, 'a');
	struct fake_task *first, *second;

	f->event_hook = block_on;
	filter(fake, 'b');
	fake_proto(fake, 'P', FAKE_PF_A);
	flush(fake);
	post(fake, ON);
	fake_wait_blocked(fake);
	first = fake_run(fake, fake_detach_first);
	second = fake_run(fake, detach_second);
	KUNIT_EXPECT_EQ(test, fake_join(second), 0);
	fake_input_new(fake, FAKE_PF_A, 1, 1);
	fake_read(fake);
	FAKE_EXPECT_IN(fake, .delivered = 1);
	KUNIT_EXPECT_TRUE(test, fake_stays(!fake_done(first)));
	KUNIT_EXPECT_EQ(test, atomic_read(&f->detached), 0);
	fake_unblock(fake);
	KUNIT_EXPECT_EQ(test, fake_join(first), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->detached), 1);
}

static void proto_block_on(struct fake_proto *p, const struct dlil_event *event)
{
	if (event->code == ON)
		fake_block(p->fake);
}

static int detach_proto(struct fake_task *task)
{
	return dlil_proto_detach(task->fake->ifp, FAKE_PF_A);
}

/*
 * PRO-3: the same for a protocol; callers that still have a pointer to it get
 * no effect.
 */
static void proto_detach_waits(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_proto *p = proto(fake, 'P', FAKE_PF_A);
	const struct dlil_event event = { .code = OFF };
	const struct dlil_proto_ops *ops;
	struct dlil_proto *held;
	struct fake_task *task;

	p->event_hook = proto_block_on;
	/* This task takes the place of the thread, which is idle. */
	dlil_reader_enter(&fake->ifp->inq.reader);
	held = dlil_proto_lookup(fake->ifp, FAKE_PF_A);
	KUNIT_EXPECT_NOT_NULL(test, held);
	post(fake, ON);
	fake_wait_blocked(fake);
	task = fake_run(fake, detach_proto);
	KUNIT_EXPECT_TRUE(test,
			  fake_wait_for(!dlil_proto_lookup(fake->ifp,
							   FAKE_PF_A)));
	ops = READ_ONCE(held->ops);
	p->event_hook = NULL;
	fake_trace_clear(fake);
	ops->event(p, fake->ifp, FAKE_PF_A, &event);
	KUNIT_EXPECT_EQ(test, ops->ioctl(p, fake->ifp, FAKE_PF_A, 1, NULL),
			-ENXIO);
	FAKE_EXPECT_TRACE(fake, "");
	dlil_reader_leave(&fake->ifp->inq.reader);
	KUNIT_EXPECT_TRUE(test, fake_stays(!fake_done(task)));
	fake_unblock(fake);
	KUNIT_EXPECT_EQ(test, fake_join(task), 0);
}

/* IFN-5, IFN-8: the final detach waits for an event callback in flight. */
static void final_detach_waits(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *f = filter(fake, 'a');

	f->event_hook = block_on;
	flush(fake);
	post(fake, ON);
	fake_wait_blocked(fake);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), 0);
	KUNIT_EXPECT_TRUE(test, fake_stays(!atomic_read(&fake->freed) &&
					   !atomic_read(&f->detached)));
	fake_unblock(fake);
	fake_detach(fake);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->detached), 1);
}

/*
 * EVT-1: the queue is bounded.  The poster gets an error, and external
 * listeners a report of the loss; events of the ifnet's own life always fit.
 */
static void queue_full(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *f = filter(fake, 'a');
	int i, err = 0;

	fake_listen(fake, LIFE);
	f->event_hook = block_on;
	flush(fake);
	post(fake, ON);
	fake_wait_blocked(fake);
	for (i = 0; i < DLIL_EVENT_QUEUE_MAX && !err; i++)
		err = post(fake, OFF);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, post(fake, OFF), -ENOBUFS);
	KUNIT_EXPECT_EQ(test, post(fake, OFF), -ENOBUFS);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake->losses), 0);
	fake_trace_clear(fake);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), 0);
	fake_unblock(fake);
	fake_detach(fake);
	KUNIT_EXPECT_GE(test, atomic_read(&fake->losses), 1);
	FAKE_EXPECT_TRACE(fake, "a!10 D!10 o!10 ~a o!11 free");
}

static void lose_one(struct fake *fake, const struct dlil_event *event)
{
	fake->event_hook = NULL;
	if (event->code == ON)
		fake_block(fake);
}

/*
 * EVT-1: external listeners get one report of lost events, even if the last
 * event was lost, and no reference is leaked.
 */
static void told_of_loss(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	unsigned int refs = fake_refs(fake);
	int i;

	flush(fake);
	fake_listen(fake, 0);
	fake->event_hook = lose_one;
	post(fake, ON);
	fake_wait_blocked(fake);
	for (i = 0; i < DLIL_EVENT_QUEUE_MAX; i++)
		KUNIT_EXPECT_EQ(test, post(fake, OFF), 0);
	KUNIT_EXPECT_EQ(test, post(fake, OFF), -ENOBUFS);
	fake_unblock(fake);
	flush(fake);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake->losses), 1);
	KUNIT_EXPECT_EQ(test, post(fake, OFF), 0);
	flush(fake);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake->losses), 1);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(fake_refs(fake) == refs));
}

/* EVT-1, IFN-3: events of the ifnet's own life have memory of their own. */
static void life_takes_no_room(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	int i;

	fake_listen(fake, LIFE);
	fake->event_hook = lose_one;
	KUNIT_EXPECT_EQ(test, post(fake, ON), 0);
	fake_wait_blocked(fake);
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	for (i = 0; i < DLIL_EVENT_QUEUE_MAX; i++)
		KUNIT_ASSERT_EQ(test, post(fake, OFF), 0);
	KUNIT_EXPECT_EQ(test, post(fake, OFF), -ENOBUFS);
	/* Other events are refused, those two are not. */
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), 0);
	KUNIT_EXPECT_EQ(test, post(fake, OFF), -ENOBUFS);
	fake_unblock(fake);
	fake_detach(fake);
	FAKE_EXPECT_TRACE(fake, "D!9 o!9 D!10 o!10 o!11 free");
	KUNIT_EXPECT_EQ(test, atomic_read(&fake->losses), 1);
}

static void block_each(struct fake *fake, const struct dlil_event *event)
{
	if (event->code == ON)
		fake_block(fake);
}

/* EVT-1: one delivery makes room for one event, and each loss is reported. */
static void room_for_one(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	int i;

	flush(fake);
	fake_listen(fake, 0);
	fake->event_hook = block_each;
	post(fake, ON);
	fake_wait_blocked(fake);
	for (i = 0; i < DLIL_EVENT_QUEUE_MAX; i++)
		KUNIT_ASSERT_EQ(test, post(fake, i < 2 ? ON : OFF), 0);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, post(fake, OFF), -ENOBUFS);
		KUNIT_EXPECT_EQ(test, atomic_read(&fake->losses), i);
		complete(&fake->leave);
		fake_wait_blocked(fake);
		KUNIT_EXPECT_EQ(test, atomic_read(&fake->losses), i + 1);
		KUNIT_EXPECT_EQ(test, post(fake, OFF), 0);
	}
	fake_unblock(fake);
	flush(fake);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake->losses), 2);
}

/*
 * FLT-1, FLT-2, PRO-1, PRO-3, EVT-1: filters and protocols can be attached and
 * detached while the queue is full.  The loss is reported, and no lost event is
 * leaked.
 */
static void changes_without_room(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	unsigned int refs = fake_refs(fake);
	struct fake_filter *f;
	int i;

	flush(fake);
	fake_listen(fake, PROTOS | BIT(0));
	fake->event_hook = lose_one;
	post(fake, ON);
	fake_wait_blocked(fake);
	for (i = 0; i < DLIL_EVENT_QUEUE_MAX; i++)
		KUNIT_ASSERT_EQ(test, post(fake, OFF), 0);
	f = filter(fake, 'a');
	proto(fake, 'P', FAKE_PF_A);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(f->ref), 0);
	KUNIT_EXPECT_EQ(test, dlil_proto_detach(fake->ifp, FAKE_PF_A), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake->losses), 0);
	fake_unblock(fake);
	flush(fake);
	FAKE_EXPECT_TRACE(fake, "~a ~P");
	fake->codes = 0;
	KUNIT_EXPECT_EQ(test, atomic_read(&fake->losses), 1);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(fake_refs(fake) == refs));
}

/* EVT-1: there is room again after the delivery. */
static void queue_drains(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	int i;

	flush(fake);
	for (i = 0; i < 3 * DLIL_EVENT_QUEUE_MAX; i++) {
		if (i % DLIL_EVENT_QUEUE_MAX == 0)
			flush(fake);
		KUNIT_ASSERT_EQ(test, post(fake, ON), 0);
	}
	fake_listen(fake, 0);
	flush(fake);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake->losses), 0);
}

/* IFN-6: users of a stale reference find operations without effect. */
static void inert(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	const struct dlil_event event = { .code = ON };
	const struct dlil_driver_ops *ops;

	fake_listen(fake, BIT(ON));
	dlil_ifnet_get(fake->ifp);
	fake_detach(fake);
	fake_trace_clear(fake);
	ops = dlil_ifnet_driver(fake->ifp);
	ops->event(fake->ifp, &event);
	KUNIT_EXPECT_EQ(test, ops->ioctl(fake->ifp, DLIL_IOC_SIFMTU, NULL),
			-EOPNOTSUPP);
	FAKE_EXPECT_TRACE(fake, "");
	dlil_ifnet_put(fake->ifp);
}

/**
 * struct witness - an external listener that records events
 * @listener: the listener
 * @fake: ifnet whose events it records
 * @block: it waits at the first event
 * @n: number of events
 * @net_cookie: netns of the last event
 * @unit: index in the last event
 * @name: name in the last event
 */
struct witness {
	struct dlil_listener listener;
	struct fake *fake;
	bool block;
	unsigned int n;
	u64 net_cookie[8];
	int unit[8];
	char name[8][IFNAMSIZ];
};

static int witness(struct notifier_block *nb, unsigned long what, void *ptr)
{
	struct witness *w = container_of(nb, struct witness, listener.nb);
	const struct dlil_told *told = ptr;

	if (told->ifp != w->fake->ifp || what != DLIL_TELL_EVENT || w->n == 8)
		return NOTIFY_DONE;
	w->net_cookie[w->n] = told->net_cookie;
	w->unit[w->n] = told->event->unit;
	strscpy(w->name[w->n++], told->event->name, IFNAMSIZ);
	if (w->block)
		fake_block(w->fake);
	w->block = false;
	return NOTIFY_DONE;
}

/*
 * EVT-1, LNX-11: an event posted after the final detach has the name, index and
 * netns of that time, even if the ifnet is reused before its delivery.
 */
static void overtaken_by_init(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct witness w = { .listener.nb.notifier_call = witness, .fake = fake };
	u64 here = init_net.net_cookie, there = here + 4711;
	struct net *other;
	int i;

	other = kunit_kzalloc(test, sizeof(*other), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, other);
	other->net_cookie = there;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	fake_detach(fake);
	KUNIT_ASSERT_EQ(test, dlil_event_listen(&w.listener), 0);
	w.block = true;
	KUNIT_EXPECT_EQ(test, post(fake, ON), 0);
	fake_wait_blocked(fake);
	KUNIT_EXPECT_EQ(test, post(fake, OFF), 0);

	fake->params.net = other;
	fake->params.ifindex++;
	fake->params.name = "other0";
	KUNIT_EXPECT_EQ(test, dlil_ifnet_init(fake->ifp, &fake->params), 0);
	KUNIT_EXPECT_EQ(test, post(fake, ON), 0);
	dlil_ifnet_set_name(fake->ifp, "third0");
	KUNIT_EXPECT_EQ(test, post(fake, OFF), 0);
	fake_unblock(fake);
	flush(fake);
	dlil_event_unlisten(&w.listener);

	KUNIT_EXPECT_EQ(test, w.n, 4);
	for (i = 0; i < 4; i++) {
		KUNIT_EXPECT_EQ(test, w.net_cookie[i], i < 2 ? here : there);
		KUNIT_EXPECT_EQ(test, w.unit[i],
				fake->params.ifindex - (i < 2));
	}
	KUNIT_EXPECT_STREQ(test, (const char *)w.name[1], "fake0");
	KUNIT_EXPECT_STREQ(test, (const char *)w.name[2], "other0");
	KUNIT_EXPECT_STREQ(test, (const char *)w.name[3], "third0");
	fake->params.net = &init_net;
	KUNIT_EXPECT_EQ(test, dlil_ifnet_init(fake->ifp, &fake->params), 0);
}

static int post_many(struct fake_task *task)
{
	int i, err;

	for (i = 0; i < 500; i++) {
		err = post(task->fake, i & 1 ? ON : OFF);
		if (err && err != -ENOBUFS)
			return err;
	}
	return 0;
}

/* EVT-2, FLT-8: events, attaches, detaches and a final detach in parallel. */
static void storm(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct fake_filter *a = filter_new(fake, 'a');
	struct fake_filter *b = filter_new(fake, 'b');
	struct fake_proto *p = proto_new(fake, 'P', FAKE_PF_A);
	struct fake_task *one, *two, *three;
	int i, err;

	for (i = 0; i < 20; i++) {
		KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
		KUNIT_ASSERT_EQ(test, fake_filter_attach(a), 0);
		KUNIT_ASSERT_EQ(test, fake_filter_attach(b), 0);
		KUNIT_ASSERT_EQ(test, fake_proto_attach(p), 0);
		one = fake_run(fake, post_many);
		two = fake_run(fake, fake_detach_first);
		three = fake_run(fake, detach_proto);
		if (i % 2)
			schedule_timeout_uninterruptible(1);
		fake_detach(fake);
		KUNIT_EXPECT_EQ(test, fake_join(one), 0);
		err = fake_join(two);
		KUNIT_EXPECT_TRUE(test, !err || err == -EINVAL);
		err = fake_join(three);
		KUNIT_EXPECT_TRUE(test, !err || err == -ENXIO);
		KUNIT_EXPECT_EQ(test, atomic_read(&a->detached), i + 1);
		KUNIT_EXPECT_EQ(test, atomic_read(&b->detached), i + 1);
		KUNIT_EXPECT_EQ(test, atomic_read(&p->detached), i + 1);
	}
	flush(fake);
}

static struct kunit_case dlil_event_cases[] = {
	KUNIT_CASE(codes),
	KUNIT_CASE(every_code),
	KUNIT_CASE(bad_arguments),
	KUNIT_CASE(order),
	KUNIT_CASE(every_filter),
	KUNIT_CASE(contents),
	KUNIT_CASE(post_in_atomic_context),
	KUNIT_CASE(post_with_interrupts_off),
	KUNIT_CASE(not_attached),
	KUNIT_CASE(overtaken_by_detach),
	KUNIT_CASE(life),
	KUNIT_CASE(detach_ifnet_from_callback),
	KUNIT_CASE(protocols),
	KUNIT_CASE(refused_protocol),
	KUNIT_CASE(filters),
	KUNIT_CASE(told_after_detached),
	KUNIT_CASE(late_filter),
	KUNIT_CASE(change_from_callback),
	KUNIT_CASE(detach_from_own_callback),
	KUNIT_CASE(detach_waits),
	KUNIT_CASE(proto_detach_waits),
	KUNIT_CASE(final_detach_waits),
	KUNIT_CASE(queue_full),
	KUNIT_CASE(told_of_loss),
	KUNIT_CASE(life_takes_no_room),
	KUNIT_CASE(room_for_one),
	KUNIT_CASE(changes_without_room),
	KUNIT_CASE(queue_drains),
	KUNIT_CASE(inert),
	KUNIT_CASE(overtaken_by_init),
	KUNIT_CASE(storm),
	{}
};

static struct kunit_suite dlil_event_suite = {
	.name = "dlil_event",
	.test_cases = dlil_event_cases,
};

kunit_test_suite(dlil_event_suite);
