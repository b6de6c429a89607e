// SPDX-License-Identifier: GPL-2.0
/* Cached routes: rows RTC-1 to RTC-3. */
#include <linux/in6.h>
#include <net/dst.h>

#include "../compat.h"
#include "../dlil_ifnet.h"
#include "../dlil_route.h"
#include "fake.h"

#define A	cpu_to_be32(0x0a070002)
#define B	cpu_to_be32(0x0a070003)

static const struct in6_addr a6 = { .s6_addr = { 0xfd, [15] = 2 } };
static const struct in6_addr b6 = { .s6_addr = { 0xfd, [15] = 3 } };

/**
 * struct route_case - state of the driver of a test
 * @test: the test
 * @ops: operations of its routes
 * @fake: the ifnet
 * @lookups: number of look-ups
 * @live: number of routes that are not freed
 * @valid: routes with this cookie are valid
 * @error: result of the next look-up
 * @close: the ifnet is detached during the next look-up
 * @last: family of the last look-up
 */
struct route_case {
	struct kunit *test;
	struct dst_ops ops;
	struct fake *fake;
	unsigned int lookups;
	atomic_t live;
	u32 valid;
	int error;
	bool close;
	sa_family_t last;
};

static struct route_case *route_case(struct dlil_ifnet *ifp)
{
	struct fake *fake = dlil_ifnet_priv(ifp);

	return fake->test->priv;
}

static struct dst_entry *check_cookie(struct dst_entry *dst, u32 cookie)
{
	struct route_case *c = container_of(dst->ops, struct route_case, ops);

	return cookie == c->valid ? dst : NULL;
}

static void route_destroy(struct dst_entry *dst)
{
	struct route_case *c = container_of(dst->ops, struct route_case, ops);

	atomic_dec(&c->live);
}

static struct dst_entry *fake_route(struct dlil_ifnet *ifp,
				    const struct sockaddr *to, u32 *cookie)
{
	struct route_case *c = route_case(ifp);
	struct dst_entry *dst;

	c->lookups++;
	c->last = to->sa_family;
	if (c->error)
		return ERR_PTR(c->error);
	/* As the detach does. */
	if (c->close)
		dlil_route_close(ifp);
	dst = compat_dst_alloc(&c->ops, NULL, DST_OBSOLETE_FORCE_CHK, 0);
	if (!dst)
		return ERR_PTR(-ENOMEM);
	atomic_inc(&c->live);
	*cookie = c->valid;
	return dst;
}

static void routes_end(struct kunit_resource *res)
{
	struct route_case *c = res->data;

	/* They are freed a grace period later. */
	rcu_barrier();
	KUNIT_EXPECT_TRUE(c->test, fake_wait_for(!atomic_read(&c->live)));
	dst_entries_destroy(&c->ops);
	kmem_cache_destroy(c->ops.kmem_cachep);
}

/* An attached ifnet whose driver looks up routes. */
static struct route_case *routes_begin(struct kunit *test)
{
	struct route_case *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	test->priv = c;
	c->test = test;
	c->valid = 1;
	c->ops.family = AF_INET;
	c->ops.check = check_cookie;
	c->ops.destroy = route_destroy;
	c->ops.kmem_cachep = kmem_cache_create("dlil_test_dst",
					       sizeof(struct dst_entry), 0, 0,
					       NULL);
	KUNIT_ASSERT_NOT_NULL(test, c->ops.kmem_cachep);
	KUNIT_ASSERT_EQ(test, dst_entries_init(&c->ops), 0);
	/* Registered first, so that it runs after the ifnet has put its routes. */
	KUNIT_ASSERT_NOT_NULL(test, kunit_alloc_resource(test, NULL, routes_end,
							 GFP_KERNEL, c));
	c->fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	c->fake->driver.route = fake_route;
	KUNIT_ASSERT_EQ(test, fake_attach(c->fake), 0);
	return c;
}

/* Look up and put; returns the route, for comparison only. */
static const void *ask(struct route_case *c, __be32 addr)
{
	struct dst_entry *dst = dlil_rtlookup_inet(c->fake->ifp, addr);

	KUNIT_ASSERT_FALSE(c->fake->test, IS_ERR(dst));
	dlil_route_put(c->fake->ifp, dst);
	return dst;
}

static const void *ask6(struct route_case *c, const struct in6_addr *addr)
{
	struct dst_entry *dst;

	rcu_read_lock();
	dst = dlil_rtlookup_inet6(c->fake->ifp, addr);
	KUNIT_EXPECT_FALSE(c->fake->test, IS_ERR(dst));
	if (!IS_ERR(dst))
		dlil_route_put(c->fake->ifp, dst);
	rcu_read_unlock();
	return dst;
}

/* RTC-1 */
static void lookup_errors(struct kunit *test)
{
	struct route_case *c = routes_begin(test);
	struct dlil_ifnet *ifp = c->fake->ifp;

	KUNIT_EXPECT_PTR_EQ(test, dlil_rtlookup_inet(NULL, A),
			    (struct dst_entry *)ERR_PTR(-EINVAL));
	rcu_read_lock();
	KUNIT_EXPECT_PTR_EQ(test, dlil_rtlookup_inet6(NULL, &a6),
			    (struct dst_entry *)ERR_PTR(-EINVAL));
	KUNIT_EXPECT_PTR_EQ(test, dlil_rtlookup_inet6(ifp, NULL),
			    (struct dst_entry *)ERR_PTR(-EINVAL));
	rcu_read_unlock();
	c->error = -EHOSTUNREACH;
	KUNIT_EXPECT_PTR_EQ(test, dlil_rtlookup_inet(ifp, A),
			    (struct dst_entry *)ERR_PTR(-EHOSTUNREACH));
	/* A look-up that failed is not cached, and counts as no route. */
	KUNIT_EXPECT_EQ(test, atomic_read(&ifp->route_refs), 0);
	c->error = 0;
	ask(c, A);
	KUNIT_EXPECT_EQ(test, c->lookups, 2);

	fake_detach(c->fake);
	KUNIT_EXPECT_PTR_EQ(test, dlil_rtlookup_inet(ifp, A),
			    (struct dst_entry *)ERR_PTR(-ENXIO));
	c->fake->driver.route = NULL;
	KUNIT_ASSERT_EQ(test, fake_attach(c->fake), 0);
	KUNIT_EXPECT_PTR_EQ(test, dlil_rtlookup_inet(ifp, A),
			    (struct dst_entry *)ERR_PTR(-EOPNOTSUPP));
	KUNIT_EXPECT_EQ(test, c->lookups, 2);
}

/* RTC-1: a hit takes the same address; each family has an entry of its own. */
static void one_of_each_family(struct kunit *test)
{
	struct route_case *c = routes_begin(test);
	const void *first = ask(c, A);

	KUNIT_EXPECT_EQ(test, c->last, AF_INET);
	KUNIT_EXPECT_PTR_EQ(test, ask(c, A), first);
	KUNIT_EXPECT_EQ(test, c->lookups, 1);
	ask6(c, &a6);
	KUNIT_EXPECT_EQ(test, c->last, AF_INET6);
	ask6(c, &a6);
	KUNIT_EXPECT_EQ(test, c->lookups, 2);
	KUNIT_EXPECT_PTR_EQ(test, ask(c, A), first);
	KUNIT_EXPECT_EQ(test, c->lookups, 2);

	/* One entry: another address replaces the first. */
	ask(c, B);
	KUNIT_EXPECT_EQ(test, c->lookups, 3);
	ask(c, B);
	KUNIT_EXPECT_EQ(test, c->lookups, 3);
	ask(c, A);
	KUNIT_EXPECT_EQ(test, c->lookups, 4);
	ask6(c, &b6);
	KUNIT_EXPECT_EQ(test, c->lookups, 5);
	ask6(c, &a6);
	KUNIT_EXPECT_EQ(test, c->lookups, 6);
	ask(c, A);
	KUNIT_EXPECT_EQ(test, c->lookups, 6);
}

/* RTC-1: a stale route is released, and looked up again. */
static void stale_route(struct kunit *test)
{
	struct route_case *c = routes_begin(test);

	ask(c, A);
	ask6(c, &a6);
	c->valid = 2;
	ask(c, A);
	ask6(c, &a6);
	KUNIT_EXPECT_EQ(test, c->lookups, 4);
	ask(c, A);
	ask6(c, &a6);
	KUNIT_EXPECT_EQ(test, c->lookups, 4);
	rcu_barrier();
	KUNIT_EXPECT_TRUE(test, fake_wait_for(atomic_read(&c->live) == 2));
	/* If the new look-up fails, nothing is cached. */
	c->valid = 3;
	c->error = -ENETUNREACH;
	KUNIT_EXPECT_TRUE(test, IS_ERR(dlil_rtlookup_inet(c->fake->ifp, A)));
	KUNIT_EXPECT_TRUE(test, fake_wait_for(atomic_read(&c->live) == 1));
}

/* RTC-2 IFN-3 IFN-4: the cache is empty after an attach and after a detach. */
static void detach_drops(struct kunit *test)
{
	struct route_case *c = routes_begin(test);
	struct dlil_ifnet *ifp = c->fake->ifp;

	ask(c, A);
	ask6(c, &a6);
	KUNIT_ASSERT_TRUE(test, dlil_ifnet_io_begin(ifp));
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(ifp), 0);
	/* At once, before the final detach. */
	KUNIT_EXPECT_TRUE(test, fake_wait_for(!atomic_read(&c->live)));
	KUNIT_EXPECT_PTR_EQ(test, dlil_rtlookup_inet(ifp, A),
			    (struct dst_entry *)ERR_PTR(-ENXIO));
	dlil_ifnet_io_end(ifp);
	fake_detach(c->fake);
	KUNIT_EXPECT_EQ(test, c->lookups, 2);
	KUNIT_ASSERT_EQ(test, fake_attach(c->fake), 0);
	ask(c, A);
	ask6(c, &a6);
	KUNIT_EXPECT_EQ(test, c->lookups, 4);
}

/* RTC-2: a look-up in flight during the detach leaves nothing cached. */
static void detach_overtakes(struct kunit *test)
{
	struct route_case *c = routes_begin(test);
	struct dlil_ifnet *ifp = c->fake->ifp;

	c->close = true;
	KUNIT_EXPECT_PTR_EQ(test, dlil_rtlookup_inet(ifp, A),
			    (struct dst_entry *)ERR_PTR(-ENXIO));
	KUNIT_EXPECT_EQ(test, c->lookups, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&ifp->route_refs), 0);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(!atomic_read(&c->live)));
}

/* PRO-3 RTC-2: a detached protocol drops the route of its family only. */
static void protocol_drops(struct kunit *test)
{
	struct route_case *c = routes_begin(test);
	struct fake_proto *inet = fake_proto(c->fake, 'P', AF_INET);

	fake_proto(c->fake, 'Q', AF_INET6);
	fake_proto(c->fake, 'R', FAKE_PF_A);
	ask(c, A);
	ask6(c, &a6);
	KUNIT_EXPECT_EQ(test, dlil_proto_detach(c->fake->ifp, FAKE_PF_A), 0);
	ask(c, A);
	KUNIT_EXPECT_EQ(test, dlil_proto_detach(c->fake->ifp, inet->family), 0);
	ask6(c, &a6);
	KUNIT_EXPECT_EQ(test, c->lookups, 2);
	ask(c, A);
	KUNIT_EXPECT_EQ(test, c->lookups, 3);
	KUNIT_EXPECT_EQ(test, dlil_proto_detach(c->fake->ifp, AF_INET6), 0);
	ask(c, A);
	KUNIT_EXPECT_EQ(test, c->lookups, 3);
	ask6(c, &a6);
	KUNIT_EXPECT_EQ(test, c->lookups, 4);
}

/* RTC-3 IFN-11: putting the last route posts an event, if requested. */
static void last_route(struct kunit *test)
{
	struct route_case *c = routes_begin(test);
	struct dlil_ifnet *ifp = c->fake->ifp;
	struct dst_entry *first, *second;

	fake_listen(c->fake, BIT(DLIL_EVENT_IF_IDLE_ROUTE_REFCNT));
	ask(c, A);
	KUNIT_EXPECT_EQ(test,
			dlil_ifnet_set_idle_flags(ifp, DLIL_IDLE_NOTIFY,
						  DLIL_IDLE_NOTIFY), 0);
	first = dlil_rtlookup_inet(ifp, A);
	second = dlil_rtlookup_inet(ifp, A);
	KUNIT_EXPECT_EQ(test, atomic_read(&ifp->route_refs), 2);
	ask6(c, &a6);
	KUNIT_EXPECT_EQ(test, atomic_read(&ifp->route_refs), 2);
	dlil_route_put(ifp, first);
	dlil_event_flush(ifp);
	FAKE_EXPECT_TRACE(c->fake, "");
	dlil_route_put(ifp, second);
	dlil_event_flush(ifp);
	FAKE_EXPECT_TRACE(c->fake, "D!18 o!18");
}

/* RTC-3 IFN-4: a route that is kept too long causes a warning, but no harm. */
static void route_too_long(struct kunit *test)
{
	struct route_case *c = routes_begin(test);
	struct dlil_ifnet *ifp = c->fake->ifp;
	struct dst_entry *dst = dlil_rtlookup_inet(ifp, A);
	int level;

	KUNIT_ASSERT_FALSE(test, IS_ERR(dst));
	fake_listen(c->fake, BIT(DLIL_EVENT_IF_IDLE_ROUTE_REFCNT));
	KUNIT_EXPECT_EQ(test,
			dlil_ifnet_set_idle_flags(ifp, DLIL_IDLE_NOTIFY,
						  DLIL_IDLE_NOTIFY), 0);
	level = fake_silence();
	fake_detach(c->fake);
	fake_end_silence(level);
	fake_trace_clear(c->fake);
	/* The detach has cleared the flag. */
	dlil_route_put(ifp, dst);
	dlil_event_flush(ifp);
	FAKE_EXPECT_TRACE(c->fake, "");
}

static struct kunit_case cases[] = {
	KUNIT_CASE(lookup_errors),
	KUNIT_CASE(one_of_each_family),
	KUNIT_CASE(stale_route),
	KUNIT_CASE(detach_drops),
	KUNIT_CASE(detach_overtakes),
	KUNIT_CASE(protocol_drops),
	KUNIT_CASE(last_route),
	KUNIT_CASE(route_too_long),
	{}
};

static struct kunit_suite suite = {
	.name = "dlil_route",
	.test_cases = cases,
};

kunit_test_suite(suite);
