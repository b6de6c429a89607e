// SPDX-License-Identifier: GPL-2.0
/* The transmit policy: row OUT-3, and STA-4 for its reason. */
#include <linux/in.h>
#include <linux/net.h>

#include "../dlil_ifnet.h"
#include "../dlil_output.h"
#include "fake.h"

/* Return value of the policy; its calls, and the arguments of the last one. */
static int says;
static atomic_t asked;
static struct dlil_ifnet *of_ifnet;
static u32 of_family;
static int of_type;
static unsigned int of_len;

static int check(void *cookie, struct dlil_ifnet *ifp, u32 family, int type,
		 const struct sk_buff *skb)
{
	WARN_ON(cookie != &says || !in_softirq() || !rcu_read_lock_held());
	atomic_inc(&asked);
	of_ifnet = ifp;
	of_family = family;
	of_type = type;
	of_len = skb->len;
	return says;
}

static const struct dlil_output_policy policy = {
	.check = check,
	.cookie = &says,
};

static int policy_test_init(struct kunit *test)
{
	says = 0;
	atomic_set(&asked, 0);
	return 0;
}

static void policy_test_exit(struct kunit *test)
{
	dlil_output_set_policy(NULL);
}

/* As the egress hook does with packets of the host. */
static int output_by_host(struct fake *fake, u32 family, struct sk_buff *skb)
{
	int err = 0;

	atomic_inc(&fake->handed_out);
	local_bh_disable();
	rcu_read_lock();
	if (!dlil_output_unfiltered(fake->ifp, skb->len))
		err = dlil_filter_output(fake->ifp, family, skb);
	rcu_read_unlock();
	local_bh_enable();
	if (!err)
		kfree_skb(skb);
	return err;
}

/* OUT-3: one policy at a time. */
static void one_policy(struct kunit *test)
{
	static const struct dlil_output_policy without = {};

	KUNIT_EXPECT_EQ(test, dlil_output_set_policy(&without), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_output_set_policy(NULL), 0);
	KUNIT_EXPECT_EQ(test, dlil_output_set_policy(&policy), 0);
	KUNIT_EXPECT_EQ(test, dlil_output_set_policy(&policy), -EBUSY);
	KUNIT_EXPECT_EQ(test, dlil_output_set_policy(NULL), 0);
	KUNIT_EXPECT_EQ(test, dlil_output_set_policy(&policy), 0);
}

/*
 * OUT-3, STA-4, OUT-9: the policy sees the first packet; if it refuses, all are
 * freed.
 */
static void refuses_list(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct sk_buff_head list;
	struct sk_buff *skb;

	fake_proto(fake, 'P', FAKE_PF_A);
	fake_filter(fake, 'a', &fake_filter_out_ops);
	KUNIT_ASSERT_EQ(test, dlil_output_set_policy(&policy), 0);
	says = -EACCES;
	__skb_queue_head_init(&list);
	skb = fake_tx(fake, 1);
	fake_payload(skb)->verdict[FAKE_PRE_OUTPUT] = DLIL_STOLEN;
	__skb_queue_tail(&list, skb);
	__skb_queue_tail(&list, fake_tx(fake, 2));
	__skb_queue_tail(&list, fake_tx(fake, 3));
	KUNIT_EXPECT_EQ(test, fake_output(fake, FAKE_PF_A, &list, 0), -EACCES);
	FAKE_EXPECT_TRACE(fake, "P?1 P?2");
	KUNIT_EXPECT_EQ(test, atomic_read(&asked), 1);
	KUNIT_EXPECT_PTR_EQ(test, of_ifnet, fake->ifp);
	KUNIT_EXPECT_EQ(test, of_family, FAKE_PF_A);
	KUNIT_EXPECT_EQ(test, of_type, SOCK_RAW);
	KUNIT_EXPECT_EQ(test, of_len, sizeof(struct fake_payload));

	/* The policy is called for raw packets as well, but not for an empty list. */
	KUNIT_EXPECT_EQ(test, fake_output_new(fake, FAKE_PF_A, 4, 2,
					      DLIL_OUTPUT_RAW), -EACCES);
	KUNIT_EXPECT_EQ(test, fake_output_new(fake, FAKE_PF_A, 4, 0,
					      DLIL_OUTPUT_RAW), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&asked), 2);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "P?1 P?2");
	FAKE_EXPECT_OUT(fake, .stolen = 1, .drops[DLIL_DROP_POLICY] = 4);
	KUNIT_EXPECT_EQ(test, fake_skbs(), 0);
}

/* OUT-3: results of the policy, and of the caller. */
static void answers(struct kunit *test)
{
	static const int said[] = { 0, -EPERM, -ENOTSUPP, DLIL_STOLEN };
	static const int told[] = { 0, -EPERM, -EOPNOTSUPP, -EINVAL };
	struct fake *fake = fake_attached(test);
	int i;

	KUNIT_ASSERT_EQ(test, dlil_output_set_policy(&policy), 0);
	for (i = 0; i < ARRAY_SIZE(said); i++) {
		says = said[i];
		KUNIT_EXPECT_EQ(test, fake_output_new(fake, FAKE_PF_A, i, 1,
						      DLIL_OUTPUT_RAW),
				told[i]);
	}
	/* From here on there is no policy. */
	KUNIT_EXPECT_EQ(test, dlil_output_set_policy(NULL), 0);
	KUNIT_EXPECT_EQ(test, fake_output_new(fake, FAKE_PF_A, 9, 1,
					      DLIL_OUTPUT_RAW), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&asked), ARRAY_SIZE(said));
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "D0 D9");
}

/* OUT-3: the policy is called for packets of the host, with and without filters. */
static void refuses_host(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake *later;
	int i;

	KUNIT_EXPECT_EQ(test, output_by_host(fake, FAKE_PF_A,
					     fake_raw(fake, 1)), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&asked), 0);
	KUNIT_ASSERT_EQ(test, dlil_output_set_policy(&policy), 0);
	for (i = 1; i <= 2; i++) {
		says = 0;
		KUNIT_EXPECT_EQ(test, output_by_host(fake, FAKE_PF_A,
						     fake_raw(fake, 2)), 0);
		says = -EACCES;
		KUNIT_EXPECT_EQ(test, output_by_host(fake, FAKE_PF_A,
						     fake_raw(fake, 3)),
				-EACCES);
		KUNIT_EXPECT_EQ(test, atomic_read(&asked), 2 * i);
		KUNIT_EXPECT_PTR_EQ(test, of_ifnet, fake->ifp);
		KUNIT_EXPECT_EQ(test, of_family, FAKE_PF_A);
		fake_filter(fake, 'a', &fake_filter_out_ops);
	}
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "a2");
	FAKE_EXPECT_OUT(fake, .delivered = 3, .drops[DLIL_DROP_POLICY] = 2);

	/* An ifnet that is created while there is a policy. */
	later = fake_acquire_id(test, DLIL_IFNET_CELLULAR, "later policy", 12);
	later->params.ifindex = FAKE_IFINDEX + 1;
	later->params.name = "later0";
	KUNIT_ASSERT_EQ(test, fake_attach(later), 0);
	KUNIT_EXPECT_EQ(test, output_by_host(later, FAKE_PF_A,
					     fake_raw(later, 1)), -EACCES);
	KUNIT_EXPECT_EQ(test, dlil_output_set_policy(NULL), 0);
	KUNIT_EXPECT_EQ(test, output_by_host(later, FAKE_PF_A,
					     fake_raw(later, 1)), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&asked), 5);
	/* No cost remains. */
	KUNIT_EXPECT_EQ(test, later->ifp->host_slow, 0);
}

#define V6(next, ...) { 0x60, 0, 0, 0, 0, 16, next, 64, [40] = __VA_ARGS__ }

/**
 * struct type_case - a packet, and the type of socket that sends it
 * @name: name of the case
 * @family: protocol family
 * @type: SOCK_*
 * @len: length of the packet
 * @data: first bytes
 */
struct type_case {
	const char *name;
	u32 family;
	int type;
	unsigned int len;
	u8 data[64];
};

static const struct type_case type_cases[] = {
	{ "tcp", DLIL_PF_INET, SOCK_STREAM, 40,
	  { 0x45, 0, 0, 40, [9] = IPPROTO_TCP } },
	{ "udp", DLIL_PF_INET, SOCK_DGRAM, 28,
	  { 0x45, 0, 0, 28, [9] = IPPROTO_UDP } },
	{ "icmp", DLIL_PF_INET, SOCK_RAW, 28,
	  { 0x45, 0, 0, 28, [9] = IPPROTO_ICMP } },
	{ "tcp, cut off", DLIL_PF_INET, SOCK_RAW, 19,
	  { 0x45, 0, 0, 40, [9] = IPPROTO_TCP } },
	{ "no ipv4", DLIL_PF_INET, SOCK_RAW, 40,
	  { 0x65, 0, 0, 40, [9] = IPPROTO_TCP } },
	{ "arp", DLIL_PF_INET, SOCK_RAW, 28, { 0, 1, 8, 0, 6, 4 } },
	{ "tcp6", DLIL_PF_INET6, SOCK_STREAM, 60, V6(IPPROTO_TCP, 0) },
	{ "udp6", DLIL_PF_INET6, SOCK_DGRAM, 60, V6(IPPROTO_UDP, 0) },
	{ "icmp6", DLIL_PF_INET6, SOCK_RAW, 60, V6(IPPROTO_ICMPV6, 0) },
	{ "udp6 behind options", DLIL_PF_INET6, SOCK_DGRAM, 60,
	  V6(IPPROTO_DSTOPTS, IPPROTO_UDP, 0) },
	{ "first fragment of udp6", DLIL_PF_INET6, SOCK_DGRAM, 60,
	  V6(IPPROTO_FRAGMENT, IPPROTO_UDP, 0, 0, 1) },
	{ "later fragment of udp6", DLIL_PF_INET6, SOCK_RAW, 60,
	  V6(IPPROTO_FRAGMENT, IPPROTO_UDP, 0, 1, 0) },
	{ "options, cut off", DLIL_PF_INET6, SOCK_RAW, 41,
	  V6(IPPROTO_DSTOPTS, IPPROTO_UDP, 0) },
	{ "tcp6, cut off", DLIL_PF_INET6, SOCK_RAW, 39, V6(IPPROTO_TCP, 0) },
	{ "no ipv6", DLIL_PF_INET6, SOCK_RAW, 60,
	  { 0x45, [6] = IPPROTO_TCP } },
	{ "of another family", FAKE_PF_A, SOCK_RAW, 40,
	  { 0x45, 0, 0, 40, [9] = IPPROTO_TCP } },
};

static void type_desc(const struct type_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(type, type_cases, type_desc);

/* Move bytes of the packet from its buffer to a page. */
static void scatter(struct kunit *test, struct sk_buff *skb, const u8 *data,
		    unsigned int len)
{
	struct page *page = alloc_page(GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	memcpy(page_address(page), data, len);
	skb_add_rx_frag(skb, 0, page, 0, len, PAGE_SIZE);
}

static struct sk_buff *typed(struct fake *fake, const struct type_case *c,
			     bool framed, bool scattered)
{
	struct sk_buff *skb = fake_skb(fake, sizeof(c->data) + FAKE_HLEN);

	if (framed)
		skb_put_zero(skb, FAKE_HLEN);
	skb_set_network_header(skb, skb->len);
	if (scattered)
		scatter(fake->test, skb, c->data, c->len);
	else
		memcpy(skb_put(skb, c->len), c->data, c->len);
	return skb;
}

/* Accepts every packet. */
static int take(void *cookie, struct dlil_ifnet *ifp, u32 family,
		struct sk_buff *skb, const struct sockaddr *dest,
		struct dlil_frame *frame)
{
	return 0;
}

/* OUT-3: the type of socket, of linear packets and of non-linear ones. */
static void type_of_socket(struct kunit *test)
{
	const struct type_case *c = test->param_value;
	struct fake *fake = fake_attached(test);
	struct fake_proto *p = fake_proto_new(fake, 'P', c->family);
	struct sk_buff_head list;
	int scattered;

	p->ops.pre_output = take;
	KUNIT_ASSERT_EQ(test, fake_proto_attach(p), 0);
	KUNIT_ASSERT_EQ(test, dlil_output_set_policy(&policy), 0);
	says = -EACCES;
	__skb_queue_head_init(&list);
	for (scattered = 0; scattered < 2; scattered++) {
		of_type = -1;
		KUNIT_EXPECT_EQ(test, output_by_host(fake, c->family,
						     typed(fake, c, true,
							   scattered)),
				-EACCES);
		KUNIT_EXPECT_EQ(test, of_type, c->type);
		of_type = -1;
		__skb_queue_tail(&list, typed(fake, c, false, scattered));
		KUNIT_EXPECT_EQ(test, fake_output(fake, c->family, &list, 0),
				-EACCES);
		KUNIT_EXPECT_EQ(test, of_type, c->type);
		/* A raw frame has no known offset of its network header. */
		of_type = -1;
		__skb_queue_tail(&list, typed(fake, c, true, scattered));
		KUNIT_EXPECT_EQ(test, fake_output(fake, c->family, &list,
						  DLIL_OUTPUT_RAW), -EACCES);
		KUNIT_EXPECT_EQ(test, of_type, SOCK_RAW);
	}
	fake_read(fake);
	FAKE_EXPECT_OUT(fake, .drops[DLIL_DROP_POLICY] = 6);
}

static int send_until_stopped(struct fake_task *task)
{
	struct fake *fake = task->fake;
	u32 seq = 0;

	while (!signal_pending(current)) {
		fake_output_new(fake, FAKE_PF_A, seq++, 2, DLIL_OUTPUT_RAW);
		output_by_host(fake, FAKE_PF_A, fake_raw(fake, seq));
		skb_queue_purge(&fake->sent);
		fake_trace_clear(fake);
		cond_resched();
	}
	return 0;
}

/* OUT-3: set and removed under traffic; it is not called once it is removed. */
static void changed_under_traffic(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_task *task = fake_run(fake, send_until_stopped);
	int i, n;

	for (i = 0; i < 20; i++) {
		n = atomic_read(&asked);
		KUNIT_ASSERT_EQ(test, dlil_output_set_policy(&policy), 0);
		KUNIT_EXPECT_TRUE(test,
				  fake_wait_for(atomic_read(&asked) > n + 2));
		says = i & 1 ? -EACCES : 0;
		KUNIT_ASSERT_EQ(test, dlil_output_set_policy(NULL), 0);
		n = atomic_read(&asked);
		KUNIT_EXPECT_TRUE(test, fake_stays(atomic_read(&asked) == n));
	}
	fake_kill(task);
	fake_join(task);
	fake_read(fake);
}

static struct kunit_case dlil_policy_cases[] = {
	KUNIT_CASE(one_policy),
	KUNIT_CASE(refuses_list),
	KUNIT_CASE(answers),
	KUNIT_CASE(refuses_host),
	KUNIT_CASE_PARAM(type_of_socket, type_gen_params),
	KUNIT_CASE(changed_under_traffic),
	{}
};

static struct kunit_suite dlil_policy_suite = {
	.name = "dlil_policy",
	.init = policy_test_init,
	.exit = policy_test_exit,
	.test_cases = dlil_policy_cases,
};

kunit_test_suite(dlil_policy_suite);
