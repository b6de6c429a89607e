// SPDX-License-Identifier: GPL-2.0
/* Attributes that may change while attached: row IFN-15. */
#include "../dlil_ifnet.h"
#include "fake.h"

#define IFCAP	BIT(DLIL_EVENT_IFCAP_CHANGED)

/* Trace the attributes that an event reports. */
static void tell_attrs(struct fake *fake, const struct dlil_event *event)
{
	if (event->code != DLIL_EVENT_IFCAP_CHANGED)
		return;
	KUNIT_EXPECT_EQ(fake->test, event->len, sizeof(u32));
	fake_trace(fake, "=%x", *(const u32 *)event->data);
}

/* IFN-15: all receivers get each single change once, with the new values. */
static void set(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct fake_filter *filter;
	struct fake_proto *proto;

	fake->event_hook = tell_attrs;
	fake->params.attrs = DLIL_ATTR_COUNT_INPUT | DLIL_ATTR_TSO6;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	fake_listen(fake, IFCAP);
	filter = fake_filter_new(fake, 'a', &fake_filter_in_ops);
	filter->ops.event = fake_filter_event;
	KUNIT_ASSERT_EQ(test, fake_filter_attach(filter), 0);
	proto = fake_proto_new(fake, 'P', FAKE_PF_A);
	proto->ops.event = fake_proto_event;
	KUNIT_ASSERT_EQ(test, fake_proto_attach(proto), 0);
	dlil_event_flush(fake->ifp);
	fake_trace_clear(fake);

	KUNIT_EXPECT_EQ(test, dlil_ifnet_set_attrs(fake->ifp, DLIL_ATTR_ARPLL,
						   DLIL_ATTR_ARPLL), 0);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_attrs(fake->ifp),
			DLIL_ATTR_COUNT_INPUT | DLIL_ATTR_TSO6 |
			DLIL_ATTR_ARPLL);
	dlil_event_flush(fake->ifp);
	FAKE_EXPECT_TRACE(fake, "a!19 P!19 D!19 o!19 =c");

	/* A value outside of the mask is ignored. */
	fake_trace_clear(fake);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_set_attrs(fake->ifp, DLIL_ATTR_LINEAR |
						   DLIL_ATTR_TSO4,
						   DLIL_ATTR_LINEAR |
						   DLIL_ATTR_TSO6), 0);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_attrs(fake->ifp),
			DLIL_ATTR_COUNT_INPUT | DLIL_ATTR_LINEAR |
			DLIL_ATTR_ARPLL);
	dlil_event_flush(fake->ifp);
	FAKE_EXPECT_TRACE(fake, "a!19 P!19 D!19 o!19 =9");

	/* Without a change no event is posted. */
	fake_trace_clear(fake);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_set_attrs(fake->ifp, DLIL_ATTR_ARPLL,
						   DLIL_ATTR_ARPLL |
						   DLIL_ATTR_TSO4), 0);
	dlil_event_flush(fake->ifp);
	FAKE_EXPECT_TRACE(fake, "");
}

/* IFN-15: errors for bad arguments, and for an ifnet that is not attached. */
static void refused(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	u32 arpll = DLIL_ATTR_ARPLL;

	fake->params.attrs = DLIL_ATTR_TSO4;
	KUNIT_EXPECT_EQ(test, dlil_ifnet_set_attrs(NULL, arpll, arpll),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_set_attrs(fake->ifp, arpll, arpll),
			-ENXIO);
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_set_attrs(fake->ifp, arpll, 0),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_set_attrs(fake->ifp, ~0U, arpll |
						   DLIL_ATTR_COUNT_INPUT),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_attrs(fake->ifp), DLIL_ATTR_TSO4);

	/* The attributes are reset when the ifnet is detached. */
	KUNIT_EXPECT_EQ(test, dlil_ifnet_set_attrs(fake->ifp, arpll, arpll), 0);
	KUNIT_ASSERT_TRUE(test, dlil_ifnet_io_begin(fake->ifp));
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), 0);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_set_attrs(fake->ifp, 0, arpll),
			-ENXIO);
	dlil_ifnet_io_end(fake->ifp);
	fake_detach(fake);
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_attrs(fake->ifp), DLIL_ATTR_TSO4);
}

/* Has the time of the last change moved since the previous call? */
static bool has_moved(struct fake *fake, u64 *last)
{
	u64 old = *last;

	*last = dlil_ifnet_last_change(fake->ifp);
	KUNIT_EXPECT_LE(fake->test, *last, ktime_get_boottime_ns());
	/*
	 * Make sure that the next change is later, despite the clock's
	 * resolution.
	 */
	schedule_timeout_uninterruptible(2);
	return *last > old;
}

/* IFN-15: the time of the last change of state is recorded. */
static void last_change(struct kunit *test)
{
	static const struct {
		u32 code;
		bool moves;
	} events[] = {
		{ DLIL_EVENT_SIFFLAGS, true },
		{ DLIL_EVENT_SIFMTU, false },
		{ DLIL_EVENT_LINK_OFF, true },
		{ DLIL_EVENT_LINK_ON, true },
		{ DLIL_EVENT_LINK_ADDRESS_CHANGED, false },
		{ DLIL_EVENT_IFCAP_CHANGED, true },
		{ DLIL_EVENT_NODE_PRESENCE, false },
	};
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	u32 arpll = DLIL_ATTR_ARPLL;
	u64 last = dlil_ifnet_last_change(fake->ifp);
	int i;

	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	KUNIT_EXPECT_TRUE(test, has_moved(fake, &last));
	KUNIT_EXPECT_FALSE(test, has_moved(fake, &last));
	KUNIT_EXPECT_EQ(test, dlil_ifnet_set_attrs(fake->ifp, arpll, arpll), 0);
	KUNIT_EXPECT_TRUE(test, has_moved(fake, &last));
	KUNIT_EXPECT_EQ(test, dlil_ifnet_set_attrs(fake->ifp, arpll, arpll), 0);
	KUNIT_EXPECT_FALSE(test, has_moved(fake, &last));
	for (i = 0; i < ARRAY_SIZE(events); i++) {
		KUNIT_EXPECT_EQ(test, dlil_event_post(fake->ifp, events[i].code,
						      NULL, 0), 0);
		KUNIT_EXPECT_EQ(test, has_moved(fake, &last), events[i].moves);
	}
	KUNIT_ASSERT_TRUE(test, dlil_ifnet_io_begin(fake->ifp));
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), 0);
	KUNIT_EXPECT_TRUE(test, has_moved(fake, &last));
	dlil_ifnet_io_end(fake->ifp);
	fake_detach(fake);
	KUNIT_EXPECT_TRUE(test, has_moved(fake, &last));
}

static struct kunit_case dlil_attrs_cases[] = {
	KUNIT_CASE(set),
	KUNIT_CASE(refused),
	KUNIT_CASE(last_change),
	{}
};

static struct kunit_suite dlil_attrs_suite = {
	.name = "dlil_attrs",
	.test_cases = dlil_attrs_cases,
};

kunit_test_suite(dlil_attrs_suite);
