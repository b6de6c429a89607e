// SPDX-License-Identifier: GPL-2.0
/* From the filters to the driver: rows OUT-4, OUT-5, OUT-6, OUT-7, OUT-8. */
#include "fail.h"
#include "../dlil_ifnet.h"
#include "fake.h"

/* Number of packets that the driver leaves of each list, and its return value. */
static unsigned int leaves;
static int says;

/* The driver's `output_list`: traces calls such as L[1 2]. */
static int take_list(struct dlil_ifnet *ifp, struct sk_buff_head *list)
{
	struct fake *fake = dlil_ifnet_priv(ifp);
	struct sk_buff *skb;

	fake_trace(fake, "L[");
	skb_queue_walk(list, skb)
		fake_trace(fake, "%u", fake_payload(skb)->seq);
	fake_trace(fake, "]");
	while (skb_queue_len(list) > leaves)
		skb_queue_tail(&fake->sent, __skb_dequeue(list));
	return says;
}

static struct fake *acquire(struct kunit *test, bool lists)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);

	leaves = 0;
	says = 0;
	if (lists)
		fake->driver.output_list = take_list;
	return fake;
}

static struct fake *attached(struct kunit *test, bool lists)
{
	struct fake *fake = acquire(test, lists);

	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	return fake;
}

#define FRAMED	(FAKE_HLEN + sizeof(struct fake_payload))

/* OUT-8, OUT-4, STA-1: one call has all packets that pass framer and filters. */
static void list_in_one_call(struct kunit *test)
{
	struct fake *fake = attached(test, true);
	struct sk_buff_head list;
	struct sk_buff *skb;
	u32 seq;

	fake_proto(fake, 'P', FAKE_PF_A);
	fake_filter(fake, 'a', &fake_filter_out_ops);
	__skb_queue_head_init(&list);
	for (seq = 0; seq < 5; seq++) {
		skb = fake_tx(fake, seq);
		if (seq == 1)
			fake_payload(skb)->verdict[FAKE_FRAMER] = -EIO;
		if (seq == 3)
			fake_payload(skb)->verdict[FAKE_FILTER_OUT] =
				DLIL_STOLEN;
		__skb_queue_tail(&list, skb);
	}
	KUNIT_EXPECT_EQ(test, fake_output(fake, FAKE_PF_A, &list, 0), -EIO);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "P?0 h0 a0 h1 h2 a2 h3 a3 h4 a4 L[ 0 2 4 ]");
	FAKE_EXPECT_OUT(fake, .delivered = 3, .stolen = 1,
			.drops[DLIL_DROP_FRAMER] = 1);
	KUNIT_EXPECT_EQ(test, fake->stats.opackets, 3);
	KUNIT_EXPECT_EQ(test, fake->stats.obytes, 3 * FRAMED);

	/* A single packet is a list of one; there is no call for an empty list. */
	fake_trace_clear(fake);
	fake_output_new(fake, FAKE_PF_A, 9, 1, DLIL_OUTPUT_RAW);
	fake_output_new(fake, FAKE_PF_A, 9, 0, DLIL_OUTPUT_RAW);
	FAKE_EXPECT_TRACE(fake, "a9 L[ 9 ]");
}

/*
 * OUT-8, OUT-9, STA-3: packets that the driver leaves are freed, and its error
 * is returned.
 */
static void list_left(struct kunit *test)
{
	struct fake *fake = attached(test, true);

	leaves = 2;
	says = -ENOBUFS;
	KUNIT_EXPECT_EQ(test, fake_output_new(fake, FAKE_PF_A, 1, 5,
					      DLIL_OUTPUT_RAW), -ENOBUFS);
	leaves = 0;
	says = DLIL_STOLEN;
	KUNIT_EXPECT_EQ(test, fake_output_new(fake, FAKE_PF_A, 6, 2,
					      DLIL_OUTPUT_RAW), 0);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "L[ 1 2 3 4 5 ] L[ 6 7 ]");
	FAKE_EXPECT_OUT(fake, .delivered = 5, .drops[DLIL_DROP_DRIVER] = 2);
	KUNIT_EXPECT_EQ(test, fake->stats.opackets, 5);
	KUNIT_EXPECT_EQ(test, fake->stats.obytes, 5 * FRAMED);
	KUNIT_EXPECT_EQ(test, fake_skbs(), 5);
}

static int replace(struct fake_filter *f, struct sk_buff **skb)
{
	kfree_skb(*skb);
	*skb = fake_raw(f->fake, 42);
	return 0;
}

/* OUT-8, LNX-6: the same for a packet that replaces one of the host. */
static void list_of_host(struct kunit *test)
{
	struct fake *fake = attached(test, true);
	struct fake_filter *f;
	struct sk_buff *skb;

	f = fake_filter(fake, 'a', &fake_filter_out_ops);
	f->hook = replace;
	skb = fake_raw(fake, 1);
	atomic_inc(&fake->handed_out);
	local_bh_disable();
	rcu_read_lock();
	KUNIT_EXPECT_EQ(test, dlil_filter_output(fake->ifp, FAKE_PF_A, skb),
			DLIL_STOLEN);
	rcu_read_unlock();
	local_bh_enable();
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "a1 L[ 42 ]");
	FAKE_EXPECT_OUT(fake, .delivered = 1);
	KUNIT_EXPECT_EQ(test, fake->stats.opackets, 1);
}

/* Send another packet when the first one arrives. */
static int send_another(struct fake_filter *f, struct sk_buff **skb)
{
	if (atomic_read(&f->calls) == 1)
		fake_output_new(f->fake, FAKE_PF_A, 77, 1, DLIL_OUTPUT_RAW);
	return 0;
}

/* OUT-8: nested output has a list of its own. */
static void list_nested(struct kunit *test)
{
	struct fake *fake = attached(test, true);
	struct fake_filter *f;

	f = fake_filter(fake, 'a', &fake_filter_out_ops);
	f->hook = send_another;
	fake_output_new(fake, FAKE_PF_A, 1, 2, DLIL_OUTPUT_RAW);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "a1 a77 L[ 77 ] a2 L[ 1 2 ]");
	FAKE_EXPECT_OUT(fake, .delivered = 3);
}

/* A framed packet, mostly in @pages pages. */
static struct sk_buff *scattered(struct fake *fake, u32 seq, unsigned int pages)
{
	struct sk_buff *skb = fake_raw(fake, seq);
	struct page *page;
	unsigned int i;

	for (i = 0; i < pages; i++) {
		page = alloc_page(GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(fake->test, page);
		memset(page_address(page), i + 1, PAGE_SIZE);
		skb_add_rx_frag(skb, i, page, 0, PAGE_SIZE, PAGE_SIZE);
	}
	return skb;
}

/* Is the packet unchanged? */
static bool is_intact(struct sk_buff *skb, unsigned int pages)
{
	unsigned int i;
	u8 byte;

	if (skb->len != FRAMED + pages * PAGE_SIZE)
		return false;
	for (i = 0; i < pages; i++)
		if (skb_copy_bits(skb, FRAMED + i * PAGE_SIZE + 7, &byte, 1) ||
		    byte != i + 1)
			return false;
	return true;
}

/* Trace L for a linear packet, S for a non-linear one. */
static void tell_layout(struct fake *fake, struct sk_buff *skb)
{
	fake_trace(fake, skb_is_nonlinear(skb) ? "S" : "L");
	KUNIT_EXPECT_TRUE(fake->test,
			  is_intact(skb, fake_payload(skb)->seq));
}

/* Packets with 0, 1 and 16 pages: the last one has 64 KiB. */
static int send_scattered(struct fake *fake)
{
	struct sk_buff_head list;

	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, fake_raw(fake, 0));
	__skb_queue_tail(&list, scattered(fake, 1, 1));
	__skb_queue_tail(&list, scattered(fake, 16, 16));
	return fake_output(fake, FAKE_PF_A, &list, DLIL_OUTPUT_RAW);
}

/* OUT-6, OUT-4, IFN-15: packets are linearised once the driver requests it. */
static void one_buffer(struct kunit *test)
{
	struct fake *fake = attached(test, false);
	u32 linear = DLIL_ATTR_LINEAR;

	fake->output_hook = tell_layout;
	KUNIT_EXPECT_EQ(test, send_scattered(fake), 0);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_set_attrs(fake->ifp, linear, linear),
			0);
	KUNIT_EXPECT_EQ(test, send_scattered(fake), 0);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_set_attrs(fake->ifp, 0, linear), 0);
	KUNIT_EXPECT_EQ(test, send_scattered(fake), 0);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake,
			  "D0 L D1 S D16 S D0 L D1 L D16 L D0 L D1 S D16 S");
	FAKE_EXPECT_OUT(fake, .delivered = 9);
}

/* OUT-6: the pages of a clone are shared, and are not modified. */
static void one_buffer_of_clone(struct kunit *test)
{
	struct fake *fake = acquire(test, false);
	struct sk_buff *skb, *clone;
	struct sk_buff_head list;

	fake->params.attrs = DLIL_ATTR_LINEAR;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	fake->output_hook = tell_layout;
	skb = scattered(fake, 2, 2);
	clone = skb_clone(skb, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, clone);
	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, clone);
	KUNIT_EXPECT_EQ(test, fake_output(fake, FAKE_PF_A, &list,
					  DLIL_OUTPUT_RAW), 0);
	FAKE_EXPECT_TRACE(fake, "D2 L");
	KUNIT_EXPECT_TRUE(test, skb_is_nonlinear(skb));
	KUNIT_EXPECT_TRUE(test, is_intact(skb, 2));
	kfree_skb(skb);
}

/* OUT-6, STA-3: without memory a packet is freed, and the next one is sent. */
static void one_buffer_without_memory(struct kunit *test)
{
	struct fake *fake = acquire(test, false);
	int err;

	fake->params.attrs = DLIL_ATTR_LINEAR;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	fake->output_hook = tell_layout;
	dlil_fail_begin(2);
	err = send_scattered(fake);
	KUNIT_EXPECT_TRUE(test, dlil_fail_end());
	KUNIT_EXPECT_EQ(test, err, -ENOMEM);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "D0 L D16 L");
	FAKE_EXPECT_OUT(fake, .delivered = 2, .drops[DLIL_DROP_NOMEM] = 1);
}

#define TSO4	DLIL_ATTR_TSO4
#define TSO6	DLIL_ATTR_TSO6

/**
 * struct tso_case - a GSO packet, and the attributes for it
 * @name: name of the packet
 * @type: SKB_GSO_*
 * @needs: attributes that the driver needs
 */
struct tso_case {
	const char *name;
	unsigned int type;
	u32 needs;
};

static const struct tso_case tso_cases[] = {
	{ "tcp4", SKB_GSO_TCPV4, TSO4 },
	{ "tcp4 with marks", SKB_GSO_TCPV4 | SKB_GSO_TCP_ECN | SKB_GSO_DODGY |
			     SKB_GSO_TCP_FIXEDID, TSO4 },
	{ "tcp6", SKB_GSO_TCPV6, TSO6 },
	{ "tcp6 with marks", SKB_GSO_TCPV6 | SKB_GSO_TCP_ECN | SKB_GSO_DODGY,
	  TSO6 },
	{ "tcp4 in a tunnel", SKB_GSO_TCPV4 | SKB_GSO_GRE, TSO4 | TSO6 },
	{ "tcp6 in a tunnel", SKB_GSO_TCPV6 | SKB_GSO_UDP_TUNNEL, TSO4 | TSO6 },
	{ "udp", SKB_GSO_UDP_L4, TSO4 | TSO6 },
	{ "list", SKB_GSO_TCPV4 | SKB_GSO_FRAGLIST, TSO4 | TSO6 },
};

static void tso_desc(const struct tso_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(tso, tso_cases, tso_desc);

/* Five packets, the third of which is such a GSO packet. */
static int send_third_gso(struct fake *fake, const struct tso_case *c)
{
	struct sk_buff_head list;
	struct sk_buff *skb;
	u32 seq;

	__skb_queue_head_init(&list);
	for (seq = 1; seq <= 5; seq++) {
		skb = fake_raw(fake, seq);
		if (seq == 3) {
			skb_shinfo(skb)->gso_size = 10;
			skb_shinfo(skb)->gso_type = c->type;
		}
		__skb_queue_tail(&list, skb);
	}
	fake_trace_clear(fake);
	return fake_output(fake, FAKE_PF_A, &list, DLIL_OUTPUT_RAW);
}

/*
 * OUT-7, OUT-4, IFN-15, STA-4: with each set of attributes, which change while
 * the ifnet is attached, either all packets are sent, or only those before the
 * GSO packet.
 */
static void tso_refused(struct kunit *test)
{
	static const u32 attrs[] = { 0, TSO4, TSO6, TSO4 | TSO6 };
	const struct tso_case *c = test->param_value;
	struct fake *fake = attached(test, false);
	unsigned int sent = 0, freed = 0;
	bool takes;
	int i, err;

	for (i = 0; i < ARRAY_SIZE(attrs); i++) {
		KUNIT_EXPECT_EQ(test, dlil_ifnet_set_attrs(fake->ifp, attrs[i],
							   TSO4 | TSO6), 0);
		takes = !(c->needs & ~attrs[i]);
		err = send_third_gso(fake, c);
		KUNIT_EXPECT_EQ(test, err, takes ? 0 : -EMSGSIZE);
		FAKE_EXPECT_TRACE(fake, takes ? "D1 D2 D3 D4 D5" : "D1 D2");
		sent += takes ? 5 : 2;
		freed += takes ? 0 : 3;
	}
	fake_read(fake);
	FAKE_EXPECT_OUT(fake, .delivered = sent, .drops[DLIL_DROP_TSO] = freed);
	KUNIT_EXPECT_EQ(test, fake_skbs(), skb_queue_len(&fake->sent));
}

/* OUT-7, OUT-8: packets collected for a list are sent, not lost. */
static void tso_refused_in_list(struct kunit *test)
{
	struct fake *fake = acquire(test, true);

	fake->params.attrs = TSO6;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	KUNIT_EXPECT_EQ(test, send_third_gso(fake, &tso_cases[0]), -EMSGSIZE);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "L[ 1 2 ]");
	FAKE_EXPECT_OUT(fake, .delivered = 2, .drops[DLIL_DROP_TSO] = 3);
	KUNIT_EXPECT_EQ(test, fake->stats.opackets, 2);
	KUNIT_EXPECT_EQ(test, fake_skbs(), 2);
}

/* OUT-7: the caller gets -EMSGSIZE, whatever error came first. */
static void tso_refusal_is_told(struct kunit *test)
{
	struct fake *fake = acquire(test, false);
	struct sk_buff_head list;
	struct sk_buff *skb;
	u32 seq;

	fake->params.attrs = 0;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	__skb_queue_head_init(&list);
	for (seq = 1; seq <= 2; seq++) {
		skb = fake_raw(fake, seq);
		if (seq == 1)
			fake_payload(skb)->verdict[FAKE_DRIVER] = -ENETDOWN;
		else
			skb_shinfo(skb)->gso_size = 10;
		__skb_queue_tail(&list, skb);
	}
	KUNIT_EXPECT_EQ(test, fake_output(fake, FAKE_PF_A, &list,
					  DLIL_OUTPUT_RAW), -EMSGSIZE);
	fake_read(fake);
	FAKE_EXPECT_OUT(fake, .drops[DLIL_DROP_DRIVER] = 1,
			.drops[DLIL_DROP_TSO] = 1);
}

/* OUT-5 */

static const u8 everybody[ETH_ALEN] = { 255, 255, 255, 255, 255, 255 };

/* How the framer of a test treats a packet, and whether others get a copy. */
enum loop_framer { LOOPS, FAILS, STEALS, LOSES, REPLACES };

static enum loop_framer loop_framer;
static struct fake *looped;

static int loop_back(struct dlil_ifnet *ifp, struct sk_buff **skb,
		     const struct dlil_frame *frame)
{
	struct fake *fake = dlil_ifnet_priv(ifp);
	struct sk_buff *copy;

	fake_trace(fake, "h%d", (*skb)->skb_iif);
	switch (loop_framer) {
	case LOOPS:
		copy = fake_copy(fake, *skb);
		skb_push(copy, FAKE_HLEN);
		skb_reset_mac_header(copy);
		skb_pull(copy, FAKE_HLEN);
		atomic_inc(&looped->handed_in);
		dlil_input_one(looped->ifp, copy);
		break;
	case FAILS:
		return -EIO;
	case LOSES:
		kfree_skb(*skb);
		*skb = NULL;
		return -EIO;
	case STEALS:
		kfree_skb(*skb);
		return DLIL_STOLEN;
	case REPLACES:
		kfree_skb(*skb);
		*skb = fake_tx(fake, 9);
		(*skb)->skb_iif = FAKE_IFINDEX;
		break;
	}
	memset(skb_push(*skb, FAKE_HLEN), 0, FAKE_HLEN);
	skb_reset_mac_header(*skb);
	return 0;
}

static int tell_iif(struct fake_filter *f, struct sk_buff **skb)
{
	fake_trace(f->fake, "i%d", (*skb)->skb_iif);
	return 0;
}

static int to_everybody(void *cookie, struct dlil_ifnet *ifp, u32 family,
			struct sk_buff *skb, const struct sockaddr *dest,
			struct dlil_frame *frame)
{
	memcpy(frame->dest, dest->sa_data, ETH_ALEN);
	return 0;
}

static void output_looped(struct fake *fake, const u8 *dest, int iif, u32 flags)
{
	struct sockaddr addr = {};
	struct sk_buff_head list;
	struct sk_buff *skb;

	memcpy(addr.sa_data, dest, ETH_ALEN);
	skb = fake_tx(fake, 1);
	fake_payload(skb)->family = FAKE_PF_A;
	skb->skb_iif = iif;
	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, skb);
	fake_trace_clear(fake);
	atomic_inc(&fake->handed_out);
	dlil_output(fake->ifp, FAKE_PF_A, &list, &addr, flags);
}

/*
 * OUT-5: only a broadcast that is looped back is marked, for the framer and the
 * receiver of its copy, and for nobody behind it.
 */
static void looped_broadcast(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct fake_filter *f;
	struct fake_proto *p;

	looped = fake_acquire_id(test, DLIL_IFNET_LOOPBACK, "looped", 6);
	looped->params.ifindex = FAKE_IFINDEX + 1;
	looped->params.name = "looped0";
	KUNIT_ASSERT_EQ(test, fake_attach(looped), 0);
	fake_proto(looped, 'Q', FAKE_PF_A);
	f = fake_filter(looped, 'l', &fake_filter_in_ops);
	f->hook = tell_iif;

	fake->params.broadcast = everybody;
	fake->family.framer = loop_back;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	p = fake_proto_new(fake, 'P', FAKE_PF_A);
	p->ops.pre_output = to_everybody;
	KUNIT_ASSERT_EQ(test, fake_proto_attach(p), 0);
	f = fake_filter(fake, 'a', &fake_filter_out_ops);
	f->hook = tell_iif;

	loop_framer = LOOPS;
	output_looped(fake, everybody, 0, DLIL_OUTPUT_LOOP);
	FAKE_EXPECT_TRACE(fake, "h4711 a1 i0 D1");
	fake_read(looped);
	FAKE_EXPECT_TRACE(looped, "l1 i4711 Q1");
	output_looped(fake, everybody, 0, 0);
	FAKE_EXPECT_TRACE(fake, "h0 a1 i0 D1");
	output_looped(fake, fake_target, 0, DLIL_OUTPUT_LOOP);
	FAKE_EXPECT_TRACE(fake, "h0 a1 i0 D1");
	/* The packet was received elsewhere, and says so again behind the framer. */
	output_looped(fake, everybody, 33, DLIL_OUTPUT_LOOP);
	FAKE_EXPECT_TRACE(fake, "h4711 a1 i33 D1");
	loop_framer = REPLACES;
	output_looped(fake, everybody, 0, DLIL_OUTPUT_LOOP);
	FAKE_EXPECT_TRACE(fake, "h4711 a9 i0 D9");
	for (loop_framer = FAILS; loop_framer <= LOSES; loop_framer++) {
		output_looped(fake, everybody, 0, DLIL_OUTPUT_LOOP);
		FAKE_EXPECT_TRACE(fake, "h4711");
	}
	fake_read(fake);
	FAKE_EXPECT_OUT(fake, .delivered = 5, .stolen = 1,
			.drops[DLIL_DROP_FRAMER] = 2);
	fake_read(looped);
	FAKE_EXPECT_IN(looped, .delivered = 4);
}

static struct kunit_case dlil_send_cases[] = {
	KUNIT_CASE(list_in_one_call),
	KUNIT_CASE(list_left),
	KUNIT_CASE(list_of_host),
	KUNIT_CASE(list_nested),
	KUNIT_CASE(one_buffer),
	KUNIT_CASE(one_buffer_of_clone),
	KUNIT_CASE(one_buffer_without_memory),
	KUNIT_CASE_PARAM(tso_refused, tso_gen_params),
	KUNIT_CASE(tso_refused_in_list),
	KUNIT_CASE(tso_refusal_is_told),
	KUNIT_CASE(looped_broadcast),
	{}
};

static struct kunit_suite dlil_send_suite = {
	.name = "dlil_send",
	.test_cases = dlil_send_cases,
};

kunit_test_suite(dlil_send_suite);
