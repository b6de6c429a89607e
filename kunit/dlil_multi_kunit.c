// SPDX-License-Identifier: GPL-2.0
/* Group addresses: rows MUL-1, MUL-2, IFN-12. */
#include <linux/etherdevice.h>
#include <linux/if_packet.h>
#include <linux/inet.h>

#include "../dlil_ifnet.h"
#include "fake.h"

static const u8 ip_group[ETH_ALEN] = { 0x01, 0x00, 0x5e, 0x01, 0x02, 0x03 };

/* Return values of the family and the protocol of a test. */
static int proto_says, family_says;
static u8 proto_len;

static void note_ll(struct fake *fake, char tag, const struct sockaddr *addr)
{
	const struct sockaddr_ll *ll = (const struct sockaddr_ll *)addr;

	if (addr->sa_family == AF_PACKET)
		fake_trace(fake, "%c%*phN", tag, ll->sll_halen, ll->sll_addr);
	else
		fake_trace(fake, "%c%u", tag, addr->sa_family);
}

static int check_multi(struct dlil_ifnet *ifp, const struct sockaddr *addr)
{
	note_ll(dlil_ifnet_priv(ifp), 'f', addr);
	return family_says;
}

static int resolve_multi(void *cookie, struct dlil_ifnet *ifp, u32 family,
			 const struct sockaddr *addr,
			 struct dlil_ioc_lladdr *link)
{
	struct fake_proto *p = cookie;

	KUNIT_EXPECT_EQ(p->fake->test, family, p->family);
	note_ll(p->fake, p->tag, addr);
	if (!proto_says) {
		link->len = proto_len;
		ether_addr_copy(link->addr, ip_group);
	}
	return proto_says;
}

static struct fake *attached(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);

	fake->family.check_multi = check_multi;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	proto_says = 0;
	family_says = 0;
	proto_len = ETH_ALEN;
	return fake;
}

static void add_proto(struct fake *fake, char tag, u32 family)
{
	struct fake_proto *p = fake_proto_new(fake, tag, family);

	p->ops.resolve_multi = resolve_multi;
	KUNIT_ASSERT_EQ(fake->test, fake_proto_attach(p), 0);
}

struct verdicts {
	const char *name;
	int proto;
	int family;
	int answer;
	const char *trace;
};

static const struct verdicts verdicts[] = {
	{ "both agree", 0, 0, 0, "I2 f01005e010203" },
	{ "resolved, then refused", 0, -EADDRNOTAVAIL, -EADDRNOTAVAIL,
	  "I2 f01005e010203" },
	{ "no opinion, then none", -EOPNOTSUPP, -EAFNOSUPPORT, -EAFNOSUPPORT,
	  "I2 f2" },
	{ "no opinion of the old sort", -ENOTSUPP, -EAFNOSUPPORT, -EAFNOSUPPORT,
	  "I2 f2" },
	{ "refused", -EADDRNOTAVAIL, 0, -EADDRNOTAVAIL, "I2" },
	{ "failed", -ENOMEM, 0, -ENOMEM, "I2" },
};

static void verdict_desc(const struct verdicts *v, char *desc)
{
	strscpy(desc, v->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(verdict, verdicts, verdict_desc);

/* MUL-1: first the protocol, then the family, which checks the result. */
static void in_turn(struct kunit *test)
{
	const struct verdicts *v = test->param_value;
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct fake *fake = attached(test);
	struct dlil_ioc_lladdr link;

	add_proto(fake, 'I', DLIL_PF_INET);
	add_proto(fake, '6', DLIL_PF_INET6);
	proto_says = v->proto;
	family_says = v->family;
	KUNIT_EXPECT_EQ(test, dlil_resolve_multi(fake->ifp,
						 (struct sockaddr *)&sin,
						 &link), v->answer);
	FAKE_EXPECT_TRACE(fake, v->trace);
	if (!v->answer)
		KUNIT_EXPECT_EQ(test, memcmp(link.addr, ip_group, ETH_ALEN), 0);
}

/* MUL-1: a protocol that returns 0 must set the link address. */
static void empty_resolution(struct kunit *test)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct sockaddr *addr = (struct sockaddr *)&sin;
	struct fake *fake = attached(test);
	struct dlil_ioc_lladdr link;

	add_proto(fake, 'I', DLIL_PF_INET);
	proto_len = 0;
	KUNIT_EXPECT_EQ(test, dlil_resolve_multi(fake->ifp, addr, &link),
			-EINVAL);
	proto_len = MAX_ADDR_LEN + 1;
	KUNIT_EXPECT_EQ(test, dlil_resolve_multi(fake->ifp, addr, &link),
			-EINVAL);
	proto_len = MAX_ADDR_LEN;
	KUNIT_EXPECT_EQ(test, dlil_resolve_multi(fake->ifp, addr, &link), 0);
}

static const u8 odd[MAX_ADDR_LEN] = "a link address of all 32 bytes";

/* MUL-1: link addresses of any length are passed to the family only. */
static void link_addresses(struct kunit *test)
{
	struct fake *fake = attached(test);
	struct sockaddr_storage ss = {};
	struct sockaddr_ll *ll = (struct sockaddr_ll *)&ss;
	struct dlil_ioc_lladdr link;

	ll->sll_family = AF_PACKET;
	ll->sll_halen = sizeof(odd);
	memcpy((u8 *)&ss + offsetof(struct sockaddr_ll, sll_addr), odd,
	       sizeof(odd));
	KUNIT_EXPECT_EQ(test, dlil_resolve_multi(fake->ifp,
						 (struct sockaddr *)&ss,
						 &link), 0);
	KUNIT_EXPECT_EQ(test, link.len, sizeof(odd));
	KUNIT_EXPECT_EQ(test, memcmp(link.addr, odd, sizeof(odd)), 0);
	ll->sll_halen = 1;
	KUNIT_EXPECT_EQ(test, dlil_resolve_multi(fake->ifp,
						 (struct sockaddr *)&ss,
						 &link), 0);
	KUNIT_EXPECT_EQ(test, link.len, 1);
	ll->sll_halen = 0;
	KUNIT_EXPECT_EQ(test, dlil_resolve_multi(fake->ifp,
						 (struct sockaddr *)&ss,
						 &link), -EINVAL);
	ll->sll_halen = sizeof(odd) + 1;
	KUNIT_EXPECT_EQ(test, dlil_resolve_multi(fake->ifp,
						 (struct sockaddr *)&ss,
						 &link), -EINVAL);
	family_says = -EADDRNOTAVAIL;
	KUNIT_EXPECT_EQ(test, dlil_resolve_multi(fake->ifp,
						 (struct sockaddr *)&ss,
						 &link), -EADDRNOTAVAIL);
}

/* MUL-1: if neither has an opinion, and if neither applies. */
static void nobody(struct kunit *test)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct sockaddr *addr = (struct sockaddr *)&sin;
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct dlil_ioc_lladdr link;

	KUNIT_EXPECT_EQ(test, dlil_resolve_multi(NULL, addr, &link), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_resolve_multi(fake->ifp, NULL, &link),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_resolve_multi(fake->ifp, addr, NULL),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_resolve_multi(fake->ifp, addr, &link),
			-EOPNOTSUPP);
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	KUNIT_EXPECT_EQ(test, dlil_resolve_multi(fake->ifp, addr, &link),
			-EOPNOTSUPP);
	/* A protocol without the callback has no opinion. */
	fake_proto(fake, 'P', DLIL_PF_INET);
	KUNIT_EXPECT_EQ(test, dlil_resolve_multi(fake->ifp, addr, &link),
			-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, dlil_proto_detach(fake->ifp, DLIL_PF_INET), 0);
	/* Without the callback of the family, the protocol decides. */
	add_proto(fake, 'I', DLIL_PF_INET);
	KUNIT_EXPECT_EQ(test, dlil_resolve_multi(fake->ifp, addr, &link), 0);
	KUNIT_EXPECT_EQ(test, link.len, ETH_ALEN);
	fake_detach(fake);
	KUNIT_EXPECT_EQ(test, dlil_resolve_multi(fake->ifp, addr, &link),
			-EOPNOTSUPP);
}

struct check {
	const char *name;
	int family;
	u8 len;
	u8 addr[8];
	int err;
};

static const struct check checks[] = {
	{ "a group", AF_PACKET, 6, { 0x01, 0, 0x5e, 1, 2, 3 }, 0 },
	{ "all", AF_PACKET, 6, { 255, 255, 255, 255, 255, 255 }, 0 },
	{ "a local group", AF_PACKET, 6, { 3, 0, 0, 0, 0, 1 }, 0 },
	{ "one machine", AF_PACKET, 6, { 2, 0, 0, 0, 0, 1 }, -EADDRNOTAVAIL },
	{ "nobody", AF_PACKET, 6, {}, -EADDRNOTAVAIL },
	{ "too short", AF_PACKET, 5, { 1, 0, 0, 0, 1 }, -EADDRNOTAVAIL },
	{ "too long", AF_PACKET, 8, { 1, 0, 0, 0, 0, 0, 0, 1 },
	  -EADDRNOTAVAIL },
	{ "IPv4", AF_INET, 6, { 1, 0, 0x5e, 1, 2, 3 }, -EAFNOSUPPORT },
	{ "IPv6", AF_INET6, 6, { 0x33, 0x33, 0, 0, 0, 1 }, -EAFNOSUPPORT },
};

static void check_desc(const struct check *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(check, checks, check_desc);

static struct fake *ether_attached(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);

	fake->params.family = &dlil_ether_family_ops;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	return fake;
}

/* MUL-2: link addresses on Ethernet. */
static void ether_check(struct kunit *test)
{
	const struct check *c = test->param_value;
	struct fake *fake = ether_attached(test);
	struct sockaddr_ll ll = {
		.sll_family = c->family,
		.sll_halen = c->len,
	};
	struct dlil_ioc_lladdr link;

	memcpy(ll.sll_addr, c->addr, sizeof(c->addr));
	KUNIT_EXPECT_EQ(test, dlil_resolve_multi(fake->ifp,
						 (struct sockaddr *)&ll,
						 &link), c->err);
	if (c->err)
		return;
	KUNIT_EXPECT_EQ(test, link.len, ETH_ALEN);
	KUNIT_EXPECT_EQ(test, memcmp(link.addr, c->addr, ETH_ALEN), 0);
}

struct group {
	const char *ip;
	u8 link[ETH_ALEN];
	int err;
};

/* The lower 23 bits (IPv4) or 32 bits (IPv6) of a group determine its address. */
static const struct group ip_groups[] = {
	{ "224.0.0.1", { 0x01, 0x00, 0x5e, 0x00, 0x00, 0x01 } },
	{ "239.129.2.3", { 0x01, 0x00, 0x5e, 0x01, 0x02, 0x03 } },
	{ "239.255.255.255", { 0x01, 0x00, 0x5e, 0x7f, 0xff, 0xff } },
	{ "10.7.0.1", {}, -EADDRNOTAVAIL },
	{ "255.255.255.255", {}, -EADDRNOTAVAIL },
	{ "ff02::1", { 0x33, 0x33, 0x00, 0x00, 0x00, 0x01 } },
	{ "ff0e:1:2:3:4:5:6789:abcd", { 0x33, 0x33, 0x67, 0x89, 0xab, 0xcd } },
	{ "fd00:7::1", {}, -EADDRNOTAVAIL },
	{ "::", {}, -EADDRNOTAVAIL },
};

static void group_desc(const struct group *g, char *desc)
{
	strscpy(desc, g->ip, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(group, ip_groups, group_desc);

static int ip_resolve(void *cookie, struct dlil_ifnet *ifp, u32 family,
		      const struct sockaddr *addr, struct dlil_ioc_lladdr *link)
{
	return dlil_ether_resolve_multi(addr, link);
}

/* MUL-2, MUL-1: IPv4 and IPv6 on Ethernet. */
static void ether_resolve(struct kunit *test)
{
	const struct group *g = test->param_value;
	u32 family = strchr(g->ip, ':') ? DLIL_PF_INET6 : DLIL_PF_INET;
	struct fake *fake = ether_attached(test);
	struct fake_proto *p = fake_proto_new(fake, 'P', family);
	struct sockaddr_storage addr = {};
	struct dlil_ioc_lladdr link;

	KUNIT_ASSERT_EQ(test, inet_pton_with_scope(&init_net, family, g->ip,
						   NULL, &addr), 0);
	p->ops.resolve_multi = ip_resolve;
	KUNIT_ASSERT_EQ(test, fake_proto_attach(p), 0);
	KUNIT_EXPECT_EQ(test, dlil_resolve_multi(fake->ifp,
						 (struct sockaddr *)&addr,
						 &link), g->err);
	if (!g->err) {
		KUNIT_EXPECT_EQ(test, link.len, ETH_ALEN);
		KUNIT_EXPECT_EQ(test, memcmp(link.addr, g->link, ETH_ALEN), 0);
	}
	/* Ethernet maps no other families. */
	addr.ss_family = AF_PACKET;
	KUNIT_EXPECT_EQ(test, dlil_ether_resolve_multi((struct sockaddr *)&addr,
						       &link), -EAFNOSUPPORT);
}

static struct fake_filter *listener(struct fake *fake,
				    void (*hook)(struct fake_filter *filter,
						 u32 code, void *arg))
{
	struct fake_filter *f = fake_filter_new(fake, 'f', &fake_filter_in_ops);

	f->ops.ioctl = fake_filter_ioctl;
	f->ioctl_hook = hook;
	f->answer = -EOPNOTSUPP;
	KUNIT_ASSERT_EQ(fake->test, fake_filter_attach(f), 0);
	return f;
}

static void hold_up_leave(struct fake_filter *f, u32 code, void *arg)
{
	if (code == DLIL_IOC_DELMULTI)
		fake_block(f->fake);
}

static int join(struct fake_task *task)
{
	return dlil_multi_join(task->fake->ifp, ip_group, ETH_ALEN);
}

static int leave(struct fake_task *task)
{
	return dlil_multi_leave(task->fake->ifp, ip_group, ETH_ALEN);
}

/* IFN-12: the driver is told of a leave and a join in the order of their effect. */
static void told_in_order(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_task *leaver, *joiner;

	KUNIT_ASSERT_EQ(test, dlil_multi_join(fake->ifp, ip_group, ETH_ALEN),
			0);
	listener(fake, hold_up_leave);
	fake_trace_clear(fake);
	leaver = fake_run(fake, leave);
	fake_wait_blocked(fake);
	joiner = fake_run(fake, join);
	KUNIT_EXPECT_TRUE(test, fake_stays(!fake_done(joiner)));
	FAKE_EXPECT_TRACE(fake, "f:5");
	fake_unblock(fake);
	KUNIT_EXPECT_EQ(test, fake_join(leaver), 0);
	KUNIT_EXPECT_EQ(test, fake_join(joiner), 0);
	FAKE_EXPECT_TRACE(fake, "f:5 D:5 f:4 D:4");
	KUNIT_EXPECT_EQ(test, dlil_multi_leave(fake->ifp, ip_group, ETH_ALEN),
			0);
}

/*
 * LNX-13 IFN-12: a task that waits for another change can be killed, and has
 * changed nothing.
 */
static void change_killed(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_task *leaver, *joiner;

	KUNIT_ASSERT_EQ(test, dlil_multi_join(fake->ifp, ip_group, ETH_ALEN),
			0);
	listener(fake, hold_up_leave);
	leaver = fake_run(fake, leave);
	fake_wait_blocked(fake);
	fake_trace_clear(fake);
	joiner = fake_run(fake, join);
	KUNIT_EXPECT_TRUE(test, fake_stays(!fake_done(joiner)));
	fake_kill(joiner);
	KUNIT_EXPECT_EQ(test, fake_join(joiner), -ERESTARTSYS);
	fake_unblock(fake);
	KUNIT_EXPECT_EQ(test, fake_join(leaver), 0);
	FAKE_EXPECT_TRACE(fake, "D:5");
	KUNIT_EXPECT_EQ(test, dlil_multi_leave(fake->ifp, ip_group, ETH_ALEN),
			-EADDRNOTAVAIL);
}

/* IFN-12: the driver restores all memberships before it is told of a change. */
static void restored_first(struct kunit *test)
{
	static const u8 other[ETH_ALEN] = { 1, 0, 0, 0, 0, 1 };
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct fake_filter *f;
	struct fake_task *leaver;

	KUNIT_ASSERT_EQ(test, dlil_multi_join(fake->ifp, ip_group, ETH_ALEN),
			0);
	KUNIT_ASSERT_EQ(test, dlil_multi_join(fake->ifp, other, ETH_ALEN), 0);
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	f = listener(fake, NULL);
	f->ioctl_hook = hold_up_leave;
	/* The first request is blocked, and the restoring waits for it. */
	leaver = fake_run(fake, leave);
	fake_wait_blocked(fake);
	fake_output_new(fake, 0, 1, 1, DLIL_OUTPUT_RAW);
	KUNIT_EXPECT_TRUE(test, fake_stays(dlil_multi_suspended(fake->ifp)));
	fake_unblock(fake);
	KUNIT_EXPECT_EQ(test, fake_join(leaver), 0);
	KUNIT_EXPECT_TRUE(test,
			  fake_wait_for(!dlil_multi_suspended(fake->ifp)));
	FAKE_EXPECT_TRACE(fake, "f:5 D1 D:5 f:4 D:4");
	KUNIT_EXPECT_EQ(test, dlil_multi_leave(fake->ifp, other, ETH_ALEN), 0);
}

static struct dlil_ifnet *below;

static void join_again(struct fake_filter *f, u32 code, void *arg)
{
	static const u8 other[ETH_ALEN] = { 1, 0, 0, 0, 0, 1 };
	int err;

	err = dlil_multi_join(f->fake->ifp, other, ETH_ALEN);
	KUNIT_EXPECT_EQ(f->fake->test, err, -EDEADLK);
	err = dlil_multi_leave(f->fake->ifp, ip_group, ETH_ALEN);
	KUNIT_EXPECT_EQ(f->fake->test, err, -EDEADLK);
	/* As a stacked driver does. */
	err = dlil_multi_join(below, ip_group, ETH_ALEN);
	KUNIT_EXPECT_EQ(f->fake->test, err, 0);
}

/*
 * IFN-12: a callback that is told of a change can change memberships of other
 * ifnets only.
 */
static void change_while_told(struct kunit *test)
{
	struct fake *lower = fake_acquire(test, DLIL_IFNET_RAW);
	struct fake *fake = fake_attached(test);

	KUNIT_ASSERT_EQ(test, fake_attach(lower), 0);
	below = lower->ifp;
	listener(fake, join_again);
	KUNIT_EXPECT_EQ(test, dlil_multi_join(fake->ifp, ip_group, ETH_ALEN),
			0);
	KUNIT_EXPECT_EQ(test, dlil_multi_leave(below, ip_group, ETH_ALEN), 0);
}

static int joined_below;

static void join_below(struct fake_filter *f, u32 code, void *arg)
{
	joined_below = dlil_multi_join(below, ip_group, ETH_ALEN);
}

/*
 * LNX-13 IFN-12: a callback that changes memberships of another ifnet does not wait for
 * another task's change of these, which may be in a callback that waits for this ifnet.
 */
static void callback_does_not_wait(struct kunit *test)
{
	struct fake *upper = fake_acquire(test, DLIL_IFNET_RAW);
	struct fake *fake = fake_attached(test);
	struct fake_task *leaver;

	KUNIT_ASSERT_EQ(test, fake_attach(upper), 0);
	KUNIT_ASSERT_EQ(test, dlil_multi_join(fake->ifp, ip_group, ETH_ALEN),
			0);
	listener(fake, hold_up_leave);
	leaver = fake_run(fake, leave);
	fake_wait_blocked(fake);
	below = fake->ifp;
	joined_below = 0;
	listener(upper, join_below);
	KUNIT_EXPECT_EQ(test, dlil_multi_join(upper->ifp, ip_group, ETH_ALEN),
			0);
	KUNIT_EXPECT_EQ(test, joined_below, -EDEADLK);
	fake_unblock(fake);
	KUNIT_EXPECT_EQ(test, fake_join(leaver), 0);
	KUNIT_EXPECT_EQ(test, dlil_multi_leave(upper->ifp, ip_group, ETH_ALEN),
			0);
	KUNIT_EXPECT_EQ(test, joined_below, 0);
	KUNIT_EXPECT_EQ(test, dlil_multi_leave(below, ip_group, ETH_ALEN), 0);
}

static int join_and_leave(struct fake_task *task)
{
	int i, err = 0;

	for (i = 0; i < 100 && !err; i++)
		err = join(task) ?: leave(task);
	return err;
}

static bool in_group;

static int note_ioctl(struct dlil_ifnet *ifp, u32 code, void *arg)
{
	struct fake *fake = dlil_ifnet_priv(ifp);

	KUNIT_EXPECT_EQ(fake->test, in_group, code == DLIL_IOC_DELMULTI);
	in_group = code == DLIL_IOC_ADDMULTI;
	cond_resched();
	return 0;
}

/* IFN-12: changes alternate for the driver, and the last one is a leave. */
static void storm(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct fake_task *tasks[3];
	int i;

	in_group = false;
	fake->driver.ioctl = note_ioctl;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	for (i = 0; i < ARRAY_SIZE(tasks); i++)
		tasks[i] = fake_run(fake, join_and_leave);
	for (i = 0; i < ARRAY_SIZE(tasks); i++)
		KUNIT_EXPECT_EQ(test, fake_join(tasks[i]), 0);
	KUNIT_EXPECT_FALSE(test, in_group);
}

static struct kunit_case dlil_multi_cases[] = {
	KUNIT_CASE_PARAM(in_turn, verdict_gen_params),
	KUNIT_CASE(empty_resolution),
	KUNIT_CASE(link_addresses),
	KUNIT_CASE(nobody),
	KUNIT_CASE_PARAM(ether_check, check_gen_params),
	KUNIT_CASE_PARAM(ether_resolve, group_gen_params),
	KUNIT_CASE(told_in_order),
	KUNIT_CASE(change_killed),
	KUNIT_CASE(restored_first),
	KUNIT_CASE(change_while_told),
	KUNIT_CASE(callback_does_not_wait),
	KUNIT_CASE(storm),
	{}
};

static struct kunit_suite dlil_multi_suite = {
	.name = "dlil_multi",
	.test_cases = dlil_multi_cases,
};

kunit_test_suite(dlil_multi_suite);
