// SPDX-License-Identifier: GPL-2.0
/* ARP: rows ARP-1 and ARP-2. */
#include <linux/if_arp.h>
#include <linux/in.h>

#include "../dlil_ifnet.h"
#include "fake.h"

#define IFNETS	3

static const u8 their_hw[ETH_ALEN] = { 2, 0, 0, 0, 0, 9 };

/* Results of the protocols, by ifnet, and number of their calls. */
static int answers[IFNETS];
static unsigned int asked[IFNETS];

static unsigned int number_of(struct dlil_ifnet *ifp)
{
	struct fake *fake = dlil_ifnet_priv(ifp);

	return fake->params.ifindex - FAKE_IFINDEX;
}

static void trace_addr(struct fake *fake, const struct sockaddr *addr)
{
	const struct sockaddr_in *sin = (const struct sockaddr_in *)addr;

	if (addr)
		fake_trace(fake, "%pI4", &sin->sin_addr);
	else
		fake_trace(fake, "none");
}

/* Traces its arguments. */
static int note_arp(void *cookie, struct dlil_ifnet *ifp, u32 family, u16 op,
		    const u8 *sender_hw, const struct sockaddr *sender,
		    const u8 *target_hw, const struct sockaddr *target)
{
	struct fake *fake = dlil_ifnet_priv(ifp);
	unsigned int i = number_of(ifp);

	KUNIT_EXPECT_TRUE(fake->test, in_softirq());
	KUNIT_EXPECT_EQ(fake->test, family, AF_INET);
	asked[i]++;
	fake_trace(fake, "%u", op);
	fake_trace(fake, sender_hw ? "%pM" : "own", sender_hw);
	trace_addr(fake, sender);
	fake_trace(fake, target_hw ? "%pM" : "all", target_hw);
	trace_addr(fake, target);
	return answers[i];
}

/* The @i'th attached ifnet, whose protocol of AF_INET sends ARP. */
static struct fake *arp_ifnet(struct kunit *test, unsigned int i, u32 attrs)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct fake_proto *proto = fake_proto_new(fake, 'P', AF_INET);
	static const char * const names[IFNETS] = { "arp0", "arp1", "arp2" };

	fake->params.ifindex = FAKE_IFINDEX + i;
	fake->params.name = names[i];
	fake->params.attrs |= attrs;
	if (i == IFNETS - 1)
		fake->params.addr_len = ETH_ALEN - 2;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	proto->ops.send_arp = note_arp;
	KUNIT_ASSERT_EQ(test, fake_proto_attach(proto), 0);
	answers[i] = 0;
	asked[i] = 0;
	return fake;
}

static struct sockaddr_in ipv4(u32 addr)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = cpu_to_be32(addr),
	};
}

static int arp(struct fake *fake, u16 op, u32 sender, u32 target)
{
	struct sockaddr_in from = ipv4(sender), to = ipv4(target);

	return dlil_send_arp(fake->ifp, op, fake_lladdr,
			     sender ? (struct sockaddr *)&from : NULL, their_hw,
			     (struct sockaddr *)&to);
}

/* ARP-1 */
static void arp_errors(struct kunit *test)
{
	struct fake *fake = arp_ifnet(test, 0, 0);
	struct sockaddr_in to = ipv4(0x0a070002);
	struct sockaddr other = { .sa_family = AF_INET6 };
	struct sockaddr *target = (struct sockaddr *)&to;

	KUNIT_EXPECT_EQ(test, dlil_send_arp(NULL, ARPOP_REQUEST, NULL, NULL,
					    NULL, target), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_send_arp(fake->ifp, ARPOP_REQUEST, NULL,
					    NULL, NULL, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_send_arp(fake->ifp, ARPOP_REQUEST, NULL,
					    &other, NULL, target), -EINVAL);
	/* No protocol of that family. */
	KUNIT_EXPECT_EQ(test, dlil_send_arp(fake->ifp, ARPOP_REQUEST, NULL,
					    NULL, NULL, &other), -EOPNOTSUPP);
	/* A protocol without send_arp. */
	fake_proto(fake, 'Q', AF_INET6);
	KUNIT_EXPECT_EQ(test, dlil_send_arp(fake->ifp, ARPOP_REQUEST, NULL,
					    NULL, NULL, &other), -EOPNOTSUPP);
	fake_detach(fake);
	KUNIT_EXPECT_EQ(test, arp(fake, ARPOP_REQUEST, 0, 0x0a070002),
			-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, asked[0], 0);
}

/* ARP-1: the protocol gets all arguments, and its result is returned. */
static void arp_by_protocol(struct kunit *test)
{
	struct fake *fake = arp_ifnet(test, 0, 0);
	struct sockaddr_in to = ipv4(0x0a070002);

	KUNIT_EXPECT_EQ(test, arp(fake, ARPOP_REPLY, 0x0a070001, 0x0a070002),
			0);
	FAKE_EXPECT_TRACE(fake,
			  "2 02:11:22:33:44:55 10.7.0.1 02:00:00:00:00:09 10.7.0.2");
	fake_trace_clear(fake);
	KUNIT_EXPECT_EQ(test, dlil_send_arp(fake->ifp, ARPOP_REQUEST, NULL,
					    NULL, NULL,
					    (struct sockaddr *)&to), 0);
	FAKE_EXPECT_TRACE(fake, "1 own none all 10.7.0.2");
	answers[0] = -ENOTSUPP;
	KUNIT_EXPECT_EQ(test, arp(fake, ARPOP_REQUEST, 0, 0x0a070002),
			-EOPNOTSUPP);
	answers[0] = DLIL_STOLEN;
	KUNIT_EXPECT_EQ(test, arp(fake, ARPOP_REQUEST, 0, 0x0a070002), 0);
	answers[0] = -EADDRNOTAVAIL;
	KUNIT_EXPECT_EQ(test, arp(fake, ARPOP_REQUEST, 0, 0x0a070002),
			-EADDRNOTAVAIL);
}

/**
 * struct local_case - ARP on the first of three ifnets; only the others have ARPLL
 * @name: name of the case
 * @op: ARPOP_*
 * @sender: address of the sender, 0 for none
 * @target: address of the target
 * @all: sent on the ifnets with ARPLL instead
 */
struct local_case {
	const char *name;
	u16 op;
	u32 sender;
	u32 target;
	bool all;
};

static const struct local_case local_cases[] = {
	{ "a request", ARPOP_REQUEST, 0x0a070001, 0xa9fe0102, true },
	{ "a request of nobody", ARPOP_REQUEST, 0, 0xa9fe0102, true },
	{ "the first address", ARPOP_REQUEST, 0, 0xa9fe0000, true },
	{ "the last address", ARPOP_REQUEST, 0, 0xa9feffff, true },
	{ "behind the last", ARPOP_REQUEST, 0, 0xa9ff0000, false },
	{ "in front of the first", ARPOP_REQUEST, 0, 0xa9fdffff, false },
	{ "an announcement", ARPOP_REQUEST, 0xa9fe0102, 0xa9fe0102, false },
	{ "an answer", ARPOP_REPLY, 0x0a070001, 0xa9fe0102, false },
};

static void local_desc(const struct local_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(local, local_cases, local_desc);

/*
 * ARP-2: which ARP is sent on all ifnets with ARPLL, from the address of each.  The
 * last one has shorter link addresses, so that the target's does not fit.
 */
static void arp_link_local(struct kunit *test)
{
	const struct local_case *c = test->param_value;
	struct fake *fake[IFNETS];
	char want[64];
	__be32 target;
	int i;

	for (i = 0; i < IFNETS; i++)
		fake[i] = arp_ifnet(test, i, i ? DLIL_ATTR_ARPLL : 0);
	KUNIT_EXPECT_EQ(test, arp(fake[0], c->op, c->sender, c->target), 0);
	for (i = 0; i < IFNETS; i++)
		KUNIT_EXPECT_EQ(test, asked[i], i ? c->all : !c->all);
	target = cpu_to_be32(c->target);
	if (!c->all)
		return;
	snprintf(want, sizeof(want), "1 own none 02:00:00:00:00:09 %pI4",
		 &target);
	FAKE_EXPECT_TRACE(fake[1], want);
	snprintf(want, sizeof(want), "1 own none all %pI4", &target);
	FAKE_EXPECT_TRACE(fake[2], want);
}

/**
 * struct answer_case - results of two ifnets, oldest first
 * @first: result of the first ifnet
 * @second: result of the second ifnet
 * @answer: expected result
 */
struct answer_case {
	int first;
	int second;
	int answer;
};

static const struct answer_case answer_cases[] = {
	{ 0, -EIO, 0 },
	{ -EIO, 0, -EIO },
	{ -EOPNOTSUPP, 0, 0 },
	{ -EOPNOTSUPP, -EIO, -EIO },
	{ -EADDRNOTAVAIL, 0, 0 },
	{ -EADDRNOTAVAIL, -EIO, -EIO },
	{ -EADDRNOTAVAIL, -EADDRNOTAVAIL, -EOPNOTSUPP },
	{ -EOPNOTSUPP, -EOPNOTSUPP, -EOPNOTSUPP },
};

static void answer_desc(const struct answer_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%d and %d", c->first, c->second);
}

KUNIT_ARRAY_PARAM(answer, answer_cases, answer_desc);

/* ARP-2: the first real result is returned; all ifnets send in any case. */
static void arp_answers(struct kunit *test)
{
	const struct answer_case *c = test->param_value;
	struct fake *fake = arp_ifnet(test, 0, DLIL_ATTR_ARPLL);

	arp_ifnet(test, 1, DLIL_ATTR_ARPLL);
	answers[0] = c->first;
	answers[1] = c->second;
	KUNIT_EXPECT_EQ(test, arp(fake, ARPOP_REQUEST, 0, 0xa9fe0102),
			c->answer);
	KUNIT_EXPECT_EQ(test, asked[0], 1);
	KUNIT_EXPECT_EQ(test, asked[1], 1);
}

/* ARP-2: every call checks the attribute, and whether the ifnet is attached. */
static void arp_switched(struct kunit *test)
{
	struct fake *fake = arp_ifnet(test, 0, 0);
	struct fake *other = arp_ifnet(test, 1, 0);

	KUNIT_EXPECT_EQ(test, arp(fake, ARPOP_REQUEST, 0, 0xa9fe0102),
			-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_set_attrs(other->ifp, DLIL_ATTR_ARPLL,
						   DLIL_ATTR_ARPLL), 0);
	KUNIT_EXPECT_EQ(test, arp(fake, ARPOP_REQUEST, 0, 0xa9fe0102), 0);
	KUNIT_EXPECT_EQ(test, asked[1], 1);
	KUNIT_EXPECT_EQ(test, asked[0], 0);
	fake_detach(other);
	KUNIT_EXPECT_EQ(test, arp(fake, ARPOP_REQUEST, 0, 0xa9fe0102),
			-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, asked[1], 1);
}

/* ARP-2 LNX-11: nothing is sent on ifnets of another netns. */
static void arp_in_namespace(struct kunit *test)
{
	struct fake *fake = arp_ifnet(test, 0, DLIL_ATTR_ARPLL);
	struct fake *other = arp_ifnet(test, 1, DLIL_ATTR_ARPLL);
	struct net *net = kunit_kzalloc(test, sizeof(*net), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, net);
	fake_detach(other);
	other->params.net = net;
	KUNIT_ASSERT_EQ(test, fake_attach(other), 0);
	KUNIT_ASSERT_EQ(test, fake_proto_attach(&other->protos[0]), 0);
	KUNIT_EXPECT_EQ(test, arp(fake, ARPOP_REQUEST, 0, 0xa9fe0102), 0);
	KUNIT_EXPECT_EQ(test, asked[0], 1);
	KUNIT_EXPECT_EQ(test, asked[1], 0);
	KUNIT_EXPECT_EQ(test, arp(other, ARPOP_REQUEST, 0, 0xa9fe0102), 0);
	KUNIT_EXPECT_EQ(test, asked[1], 1);
	fake_detach(other);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(arp_errors),
	KUNIT_CASE(arp_by_protocol),
	KUNIT_CASE_PARAM(arp_link_local, local_gen_params),
	KUNIT_CASE_PARAM(arp_answers, answer_gen_params),
	KUNIT_CASE(arp_switched),
	KUNIT_CASE(arp_in_namespace),
	{}
};

static struct kunit_suite suite = {
	.name = "dlil_arp",
	.test_cases = cases,
};

kunit_test_suite(suite);
