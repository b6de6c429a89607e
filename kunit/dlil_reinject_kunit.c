// SPDX-License-Identifier: GPL-2.0
/* Packets that a filter keeps and hands back: row FLT-14. */
#include "../dlil_ifnet.h"
#include "../dlil_call.h"
#include "fake.h"

/**
 * struct keep - a filter that keeps packets
 * @fake: the ifnet
 * @filter: the filter
 * @family: protocol family of the last packet
 * @kept: the packets
 * @limit: keep at most this many
 * @scribble: overwrite the part of skb->cb that belongs to the filter
 * @skips: packets skip a kind of filters
 * @in_detached: result of handing back all packets in `detached`
 * @flushes: hand back all packets in `detached`
 */
struct keep {
	struct fake *fake;
	struct fake_filter *filter;
	u32 family;
	struct sk_buff_head kept;
	unsigned int limit;
	bool scribble;
	bool skips;
	int in_detached;
	u32 flushes;
};

static struct keep *keep_of(struct fake_filter *filter)
{
	return filter->fake->test->priv;
}

static void keep(struct keep *c, u32 family, struct sk_buff *skb)
{
	c->family = family;
	/* Nothing is skipped unless a test says so. */
	if (!c->skips)
		KUNIT_EXPECT_EQ(c->fake->test, *(u64 *)skb->cb, 0);
	if (c->scribble)
		memset(skb->cb + DLIL_FILTER_CB_KEPT, 0xff,
		       sizeof(skb->cb) - DLIL_FILTER_CB_KEPT);
	skb_queue_tail(&c->kept, skb);
}

/* Callbacks of a kind of their own, so that DLIL_SKIP of others does not skip them. */
static int keep_input(void *cookie, struct dlil_ifnet *ifp, u32 family,
		      struct sk_buff **skb)
{
	struct fake_filter *filter = cookie;
	struct keep *c = keep_of(filter);

	if (skb_queue_len(&c->kept) >= c->limit)
		return 0;
	fake_trace(c->fake, "k%u", fake_payload(*skb)->seq);
	keep(c, family, *skb);
	return DLIL_STOLEN;
}

static int keep_output(void *cookie, struct dlil_ifnet *ifp, u32 family,
		       struct sk_buff **skb)
{
	struct keep *c = keep_of(cookie);

	if (skb_queue_len(&c->kept) >= c->limit)
		return 0;
	dlil_packet_keep(*skb);
	return keep_input(cookie, ifp, family, skb);
}

static void keep_list(void *cookie, struct dlil_ifnet *ifp, u32 family,
		      struct sk_buff_head *list, struct sk_buff_head *drop)
{
	struct keep *c = keep_of(cookie);
	struct sk_buff *skb;

	if (!c->limit)
		return;
	fake_trace(c->fake, "k[%u]", skb_queue_len(list));
	while ((skb = __skb_dequeue(list)))
		keep(c, family, skb);
}

static int hand_back(struct keep *c, u32 direction, unsigned int n);

static void keep_detached(void *cookie, struct dlil_ifnet *ifp)
{
	struct fake_filter *filter = cookie;
	struct keep *c = keep_of(filter);

	if (c->flushes)
		c->in_detached = hand_back(c, c->flushes, UINT_MAX);
	filter->fake->filters[0].ops.detached(cookie, ifp);
}

static void keep_end(struct kunit_resource *res)
{
	struct keep *c = res->data;

	skb_queue_purge(&c->kept);
}

/* An attached ifnet with filter a, the one that keeps packets, and filter b. */
static struct keep *keep_begin(struct kunit *test, bool list)
{
	struct dlil_filter_ops ops = fake_filter_both_ops;
	struct keep *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	skb_queue_head_init(&c->kept);
	test->priv = c;
	c->limit = UINT_MAX;
	c->fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	c->fake->params.attrs |= DLIL_ATTR_COUNT_INPUT;
	KUNIT_ASSERT_EQ(test, fake_attach(c->fake), 0);
	KUNIT_ASSERT_NOT_NULL(test, kunit_alloc_resource(test, NULL, keep_end,
							 GFP_KERNEL, c));
	fake_filter(c->fake, 'a', &fake_filter_both_ops);
	ops.input = list ? NULL : keep_input;
	ops.input_list = list ? keep_list : NULL;
	ops.output = keep_output;
	ops.detached = keep_detached;
	c->filter = fake_filter_new(c->fake, 'k', &ops);
	c->filter->params.flags = DLIL_FILTER_REINJECTS;
	KUNIT_ASSERT_EQ(test, fake_filter_attach(c->filter), 0);
	fake_filter(c->fake, 'b', &fake_filter_both_ops);
	fake_proto(c->fake, 'P', FAKE_PF_A);
	return c;
}

/* Hand back the first @n kept packets, or all of them if there are fewer. */
static int hand_back(struct keep *c, u32 direction, unsigned int n)
{
	struct sk_buff_head list;
	struct sk_buff *skb;
	int err;

	__skb_queue_head_init(&list);
	while (n-- && (skb = skb_dequeue(&c->kept)))
		__skb_queue_tail(&list, skb);
	err = dlil_filter_reinject(c->filter->ref, direction, c->family, &list);
	KUNIT_EXPECT_TRUE(c->fake->test, skb_queue_empty(&list));
	return err;
}

/* The same for received packets, and wait until they have been processed. */
static int hand_in(struct keep *c, unsigned int n)
{
	int err = hand_back(c, DLIL_DIRECTION_IN, n);

	KUNIT_EXPECT_EQ(c->fake->test, dlil_input_flush(c->fake->ifp), 0);
	return err;
}

/* Receive packets of FAKE_PF_A, and wait until the filter has kept them. */
static void receive(struct keep *c, u32 first, u32 n)
{
	struct sk_buff_head list;
	struct sk_buff *skb;

	__skb_queue_head_init(&list);
	for (; n; n--) {
		skb = fake_rx(c->fake, FAKE_PF_A, first++);
		/* Others leave anything there. */
		memset(skb->cb, 0xaa, sizeof(skb->cb));
		__skb_queue_tail(&list, skb);
	}
	KUNIT_EXPECT_EQ(c->fake->test, fake_input(c->fake, &list), 0);
	fake_read(c->fake);
}

/* FLT-14: a received packet goes on behind the filter, and is counted once. */
static void input_goes_on(struct kunit *test)
{
	struct keep *c = keep_begin(test, false);

	c->scribble = true;
	receive(c, 1, 3);
	FAKE_EXPECT_IN(c->fake, .seen = 3, .stolen = 3);
	FAKE_EXPECT_TRACE(c->fake, "a1 k1 a2 k2 a3 k3");
	fake_trace_clear(c->fake);
	KUNIT_EXPECT_EQ(test, c->family, FAKE_PF_A);
	/* One by one: the thread may take the first of two before the second is queued. */
	KUNIT_EXPECT_EQ(test, hand_in(c, 1), 0);
	KUNIT_EXPECT_EQ(test, hand_in(c, 1), 0);
	FAKE_EXPECT_TRACE(c->fake, "b1 P1 b2 P2");
	fake_read(c->fake);
	FAKE_EXPECT_IN(c->fake, .seen = 3, .delivered = 2, .stolen = 1);
	KUNIT_EXPECT_EQ(test, c->fake->stats.ipackets, 3);
	KUNIT_EXPECT_EQ(test, hand_in(c, 1), 0);
	fake_read(c->fake);
	FAKE_EXPECT_IN(c->fake, .seen = 3, .delivered = 3);
}

/* FLT-14: later filters may refuse or keep the packet, as any other one. */
static void input_verdicts(struct kunit *test)
{
	struct keep *c = keep_begin(test, false);
	struct sk_buff *skb;

	receive(c, 1, 3);
	skb = skb_peek(&c->kept);
	fake_payload(skb)->verdict[FAKE_FILTER_IN] = -EPERM;
	fake_payload(skb->next)->verdict[FAKE_FILTER_IN] = DLIL_STOLEN;
	fake_payload(skb->next->next)->verdict[FAKE_PROTO] = -EPROTO;
	KUNIT_EXPECT_EQ(test, hand_in(c, 3), 0);
	fake_read(c->fake);
	FAKE_EXPECT_IN(c->fake, .seen = 3, .stolen = 1, .freed = 2,
		       .drops[DLIL_DROP_FILTER] = 1,
		       .drops[DLIL_DROP_PROTOCOL] = 1);
}

/* FLT-14: a packet that is sent goes on before the call returns, and counts once. */
static void output_goes_on(struct kunit *test)
{
	struct keep *c = keep_begin(test, false);
	struct sk_buff *skb;

	c->scribble = true;
	fake_output_new(c->fake, FAKE_PF_A, 1, 3, DLIL_OUTPUT_RAW);
	fake_read(c->fake);
	FAKE_EXPECT_OUT(c->fake, .seen = 3, .stolen = 3);
	FAKE_EXPECT_TRACE(c->fake, "a1 k1 a2 k2 a3 k3");
	fake_trace_clear(c->fake);
	KUNIT_EXPECT_EQ(test, hand_back(c, DLIL_DIRECTION_OUT, 1), 0);
	FAKE_EXPECT_TRACE(c->fake, "b1 D1");
	skb = skb_peek(&c->kept);
	fake_payload(skb)->verdict[FAKE_FILTER_OUT] = -EPERM;
	fake_payload(skb->next)->verdict[FAKE_DRIVER] = -EIO;
	KUNIT_EXPECT_EQ(test, hand_back(c, DLIL_DIRECTION_OUT, 1), -EPERM);
	KUNIT_EXPECT_EQ(test, hand_back(c, DLIL_DIRECTION_OUT, 1), -EIO);
	fake_read(c->fake);
	FAKE_EXPECT_OUT(c->fake, .seen = 3, .delivered = 1, .freed = 2,
			.drops[DLIL_DROP_FILTER] = 1,
			.drops[DLIL_DROP_DRIVER] = 1);
	KUNIT_EXPECT_EQ(test, c->fake->stats.opackets, 1);
}

/*
 * FLT-14 OUT-7: a GSO packet that the driver does not support stops those behind it,
 * and the result says so, whatever else has happened.
 */
static void output_stopped(struct kunit *test)
{
	struct keep *c = keep_begin(test, false);
	struct sk_buff *skb;

	KUNIT_EXPECT_EQ(test, dlil_ifnet_set_attrs(c->fake->ifp, 0, DLIL_ATTR_TSO4), 0);
	fake_output_new(c->fake, FAKE_PF_A, 1, 5, DLIL_OUTPUT_RAW);
	skb = skb_peek(&c->kept);
	fake_payload(skb)->verdict[FAKE_FILTER_OUT] = -EPERM;
	skb = skb->next->next;
	skb_shinfo(skb)->gso_size = 10;
	skb_shinfo(skb)->gso_type = SKB_GSO_TCPV4;
	fake_trace_clear(c->fake);
	KUNIT_EXPECT_EQ(test, hand_back(c, DLIL_DIRECTION_OUT, 5), -EMSGSIZE);
	FAKE_EXPECT_TRACE(c->fake, "b1 b2 D2 b3");
	fake_read(c->fake);
	FAKE_EXPECT_OUT(c->fake, .seen = 5, .delivered = 1, .freed = 4,
			.drops[DLIL_DROP_FILTER] = 1, .drops[DLIL_DROP_TSO] = 3);
}

/* Expects consecutive packets. */
static u32 next_seq;

static int in_order(struct fake_filter *filter, struct sk_buff **skb)
{
	KUNIT_EXPECT_EQ(filter->fake->test, fake_payload(*skb)->seq, next_seq);
	next_seq = fake_payload(*skb)->seq + 1;
	return 0;
}

static unsigned int longest;

static int note_length(struct fake_proto *proto, struct sk_buff_head *list)
{
	longest = max(longest, skb_queue_len(list));
	__skb_queue_purge(list);
	return 0;
}

/*
 * FLT-14 INP-7: packets stay in order, however many there are, and their protocol gets
 * no more than 64 at once.
 */
static void many(struct kunit *test)
{
	struct keep *c = keep_begin(test, false);
	struct fake_filter *blocker = &c->fake->filters[0];

	KUNIT_EXPECT_EQ(test, dlil_proto_detach(c->fake->ifp, FAKE_PF_A), 0);
	fake_proto_v2(c->fake, 'V', FAKE_PF_A)->list_hook = note_length;
	receive(c, 1, 150);
	longest = 0;
	next_seq = 1;
	c->fake->filters[2].hook = in_order;
	/* The thread takes all of them at once, since it is busy meanwhile. */
	c->limit = 0;
	blocker->hook = fake_block_filter;
	fake_input_new(c->fake, FAKE_PF_B, 0, 1);
	fake_wait_blocked(c->fake);
	KUNIT_EXPECT_EQ(test, hand_back(c, DLIL_DIRECTION_IN, 150), 0);
	next_seq = 0;
	fake_unblock(c->fake);
	KUNIT_EXPECT_EQ(test, dlil_input_flush(c->fake->ifp), 0);
	KUNIT_EXPECT_EQ(test, next_seq, 151);
	KUNIT_EXPECT_EQ(test, longest, 64);
	fake_read(c->fake);
	FAKE_EXPECT_IN(c->fake, .seen = 151, .delivered = 150, .freed = 1,
		       .drops[DLIL_DROP_NOPROTO] = 1);
}

/* FLT-14 FLT-12: the same for a filter that takes lists. */
static void list_filter(struct kunit *test)
{
	struct keep *c = keep_begin(test, true);

	/* The filter is also the first one, which gets packets as others leave them. */
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(c->fake->filters[0].ref), 0);
	receive(c, 1, 2);
	fake_trace_clear(c->fake);
	KUNIT_EXPECT_EQ(test, hand_in(c, 1), 0);
	KUNIT_EXPECT_EQ(test, hand_in(c, 1), 0);
	FAKE_EXPECT_TRACE(c->fake, "b1 P1 b2 P2");
	fake_read(c->fake);
	FAKE_EXPECT_IN(c->fake, .seen = 2, .delivered = 2);
}

/* FLT-14 INP-8: packets without a protocol, and malformed ones, go on as such. */
static void unmatched(struct kunit *test)
{
	struct keep *c = keep_begin(test, false);
	struct sk_buff_head list;
	struct sk_buff *skb;

	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, fake_rx(c->fake, FAKE_PF_C, 1));
	skb = fake_rx(c->fake, FAKE_PF_A, 2);
	fake_payload(skb)->verdict[FAKE_DEMUX] = -EBADMSG;
	__skb_queue_tail(&list, skb);
	skb = fake_rx(c->fake, FAKE_PF_A, 3);
	fake_payload(skb)->verdict[FAKE_DEMUX] = -ENOENT;
	__skb_queue_tail(&list, skb);
	KUNIT_EXPECT_EQ(test, fake_input(c->fake, &list), 0);
	fake_read(c->fake);
	FAKE_EXPECT_IN(c->fake, .seen = 3, .stolen = 3);
	KUNIT_EXPECT_EQ(test, c->family, 0);
	/* The first of them has a family, which no protocol has attached. */
	c->family = FAKE_PF_C;
	KUNIT_EXPECT_EQ(test, hand_in(c, 1), 0);
	c->family = 0;
	KUNIT_EXPECT_EQ(test, hand_in(c, 2), 0);
	fake_read(c->fake);
	FAKE_EXPECT_IN(c->fake, .seen = 3, .freed = 3,
		       .drops[DLIL_DROP_NOPROTO] = 2,
		       .drops[DLIL_DROP_DEMUX] = 1);
}

/* FLT-14: a received packet that has lost its link header is refused. */
static void spoilt(struct kunit *test)
{
	struct keep *c = keep_begin(test, false);

	receive(c, 1, 1);
	skb_peek(&c->kept)->mac_header = (typeof(skb_peek(&c->kept)->mac_header))~0U;
	KUNIT_EXPECT_EQ(test, hand_in(c, 1), 0);
	fake_read(c->fake);
	FAKE_EXPECT_IN(c->fake, .seen = 1, .freed = 1,
		       .drops[DLIL_DROP_FILTER] = 1);
}

static int skip(struct fake_filter *filter, struct sk_buff **skb)
{
	fake_trace(filter->fake, "s%u", fake_payload(*skb)->seq);
	return DLIL_SKIP;
}

static int other_input(void *cookie, struct dlil_ifnet *ifp, u32 family,
		       struct sk_buff **skb)
{
	struct fake_filter *filter = cookie;

	fake_trace(filter->fake, "%c%u", filter->tag, fake_payload(*skb)->seq);
	return 0;
}

/*
 * FLT-14 FLT-5: a packet that skips a kind of filters skips it also behind the one
 * that kept it, although filters have changed meanwhile.
 */
static void still_skips(struct kunit *test)
{
	struct dlil_filter_ops ops = fake_filter_in_ops;
	struct keep *c = keep_begin(test, *(const bool *)test->param_value);
	struct fake_filter *first = &c->fake->filters[0];

	c->skips = true;
	first->hook = skip;
	receive(c, 1, 1);
	fake_trace_clear(c->fake);
	/* This takes away the kind with the lowest number, and adds another one. */
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(first->ref), 0);
	ops.input = other_input;
	fake_filter(c->fake, 'o', &ops);
	fake_filter(c->fake, 'c', &fake_filter_in_ops);
	fake_trace_clear(c->fake);
	KUNIT_EXPECT_EQ(test, hand_in(c, 1), 0);
	FAKE_EXPECT_TRACE(c->fake, "o1 P1");
	/* Other packets meet all filters. */
	c->limit = 0;
	receive(c, 2, 1);
	FAKE_EXPECT_TRACE(c->fake, "o1 P1 b2 o2 c2 P2");
}

static int skip_input(void *cookie, struct dlil_ifnet *ifp, u32 family,
		      struct sk_buff **skb)
{
	return skip(cookie, skb);
}

/* FLT-14: a packet does not skip filters that came when the skipped ones were gone. */
static void skipped_gone(struct kunit *test)
{
	struct keep *c = keep_begin(test, false);
	struct dlil_filter_ops ops = fake_filter_in_ops;
	struct fake_filter *skipper, *keeper = c->filter;

	c->skips = true;
	/* Another filter that keeps packets, behind the one that skips a kind. */
	ops.input = skip_input;
	skipper = fake_filter(c->fake, 's', &ops);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(keeper->ref), 0);
	ops.input = keep_input;
	c->filter = fake_filter_new(c->fake, 'k', &ops);
	c->filter->params.flags = DLIL_FILTER_REINJECTS;
	KUNIT_ASSERT_EQ(test, fake_filter_attach(c->filter), 0);
	receive(c, 1, 1);
	FAKE_EXPECT_TRACE(c->fake, "~k a1 b1 s1 k1");
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(skipper->ref), 0);
	/* Now no array has the kind of that one. */
	fake_filter(c->fake, 'c', &fake_filter_in_ops);
	ops.input = other_input;
	fake_filter(c->fake, 'o', &ops);
	fake_trace_clear(c->fake);
	KUNIT_EXPECT_EQ(test, hand_in(c, 1), 0);
	FAKE_EXPECT_TRACE(c->fake, "c1 o1 P1");
}

/* FLT-14: the filters that are there when the packet is handed back count. */
static void filters_change(struct kunit *test)
{
	struct keep *c = keep_begin(test, false);

	receive(c, 1, 1);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(c->fake->filters[2].ref), 0);
	fake_filter(c->fake, 'c', &fake_filter_in_ops);
	fake_trace_clear(c->fake);
	KUNIT_EXPECT_EQ(test, hand_in(c, 1), 0);
	FAKE_EXPECT_TRACE(c->fake, "c1 P1");
}

/* FLT-14: packets of a filter that is gone, or is about to go, are freed. */
static void filter_gone(struct kunit *test)
{
	struct keep *c = keep_begin(test, false);
	struct fake_filter *blocker = &c->fake->filters[0];
	struct sk_buff_head list;

	receive(c, 1, 3);
	fake_output_new(c->fake, FAKE_PF_A, 4, 2, DLIL_OUTPUT_RAW);
	c->limit = 0;
	/* The detach waits for a callback in flight, and the packets with it. */
	blocker->hook = fake_block_filter;
	fake_input_new(c->fake, FAKE_PF_A, 6, 1);
	fake_wait_blocked(c->fake);
	fake_trace_clear(c->fake);
	KUNIT_EXPECT_EQ(test, hand_back(c, DLIL_DIRECTION_IN, 1), 0);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach_async(c->filter->ref), 0);
	KUNIT_EXPECT_EQ(test, hand_back(c, DLIL_DIRECTION_IN, 1), 0);
	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, skb_dequeue_tail(&c->kept));
	KUNIT_EXPECT_EQ(test, dlil_filter_reinject(c->filter->ref,
						   DLIL_DIRECTION_OUT,
						   FAKE_PF_A, &list), -ENXIO);
	fake_unblock(c->fake);
	KUNIT_EXPECT_TRUE(test,
			  fake_wait_for(atomic_read(&c->filter->detached) == 1));
	fake_read(c->fake);
	FAKE_EXPECT_IN(c->fake, .seen = 4, .delivered = 1, .stolen = 1,
		       .freed = 2, .drops[DLIL_DROP_DETACHED] = 2);
	FAKE_EXPECT_OUT(c->fake, .seen = 2, .stolen = 1, .freed = 1,
			.drops[DLIL_DROP_DETACHED] = 1);
	/* The reference is stale: the packets are freed, and stay stolen. */
	KUNIT_EXPECT_EQ(test, hand_back(c, DLIL_DIRECTION_IN, 1), -ENXIO);
	KUNIT_EXPECT_EQ(test, hand_back(c, DLIL_DIRECTION_OUT, 1), -ENXIO);
	KUNIT_EXPECT_EQ(test, fake_skbs(), 0);
	fake_read(c->fake);
	FAKE_EXPECT_IN(c->fake, .seen = 4, .delivered = 1, .stolen = 1,
		       .freed = 2, .drops[DLIL_DROP_DETACHED] = 2);
}

/* FLT-14 STA-3: in its `detached` a filter can flush what it has kept. */
static void flushed_in_detached(struct kunit *test)
{
	struct keep *c = keep_begin(test, false);

	receive(c, 1, 2);
	c->flushes = DLIL_DIRECTION_IN;
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(c->filter->ref), 0);
	KUNIT_EXPECT_EQ(test, dlil_input_flush(c->fake->ifp), 0);
	fake_read(c->fake);
	FAKE_EXPECT_IN(c->fake, .seen = 2, .freed = 2,
		       .drops[DLIL_DROP_DETACHED] = 2);

	KUNIT_ASSERT_EQ(test, fake_filter_attach(c->filter), 0);
	fake_output_new(c->fake, FAKE_PF_A, 3, 2, DLIL_OUTPUT_RAW);
	c->flushes = DLIL_DIRECTION_OUT;
	fake_detach(c->fake);
	KUNIT_EXPECT_EQ(test, c->in_detached, -ENXIO);
	fake_read(c->fake);
	FAKE_EXPECT_OUT(c->fake, .seen = 2, .freed = 2,
			.drops[DLIL_DROP_DETACHED] = 2);
}

static int wants_blackhole(struct fake_filter *filter, struct sk_buff **skb)
{
	KUNIT_EXPECT_PTR_EQ(filter->fake->test, (*skb)->dev, blackhole_netdev);
	return 0;
}

/* FLT-14 LNX-13: no packet that is handed back leads to a device. */
static void without_device(struct kunit *test)
{
	struct keep *c = keep_begin(test, false);

	c->fake->filters[2].hook = wants_blackhole;
	receive(c, 1, 1);
	skb_peek(&c->kept)->dev = init_net.loopback_dev;
	KUNIT_EXPECT_EQ(test, hand_in(c, 1), 0);
	fake_output_new(c->fake, FAKE_PF_A, 2, 1, DLIL_OUTPUT_RAW);
	skb_peek(&c->kept)->dev = NULL;
	KUNIT_EXPECT_EQ(test, hand_back(c, DLIL_DIRECTION_OUT, 1), 0);
	fake_read(c->fake);
	FAKE_EXPECT_IN(c->fake, .seen = 1, .delivered = 1);
	FAKE_EXPECT_OUT(c->fake, .seen = 1, .delivered = 1);
}

/* FLT-14 INP-11: with the sanity check, packets of another ifnet are refused. */
static void foreign(struct kunit *test)
{
	struct keep *c = keep_begin(test, false);

	receive(c, 1, 2);
	skb_peek(&c->kept)->skb_iif = FAKE_IFINDEX + 1;
	WRITE_ONCE(dlil_input_sanity_check, true);
	KUNIT_EXPECT_EQ(test, hand_in(c, 2), 0);
	WRITE_ONCE(dlil_input_sanity_check, false);
	fake_read(c->fake);
	FAKE_EXPECT_IN(c->fake, .seen = 2, .delivered = 1, .freed = 1,
		       .drops[DLIL_DROP_SANITY] = 1);
}

/* FLT-14: packets can be handed back with bottom halves off, as in a timer. */
static void in_atomic_context(struct kunit *test)
{
	struct keep *c = keep_begin(test, false);

	receive(c, 1, 1);
	fake_output_new(c->fake, FAKE_PF_A, 2, 1, DLIL_OUTPUT_RAW);
	local_bh_disable();
	KUNIT_EXPECT_EQ(test, hand_back(c, DLIL_DIRECTION_IN, 1), 0);
	KUNIT_EXPECT_EQ(test, hand_back(c, DLIL_DIRECTION_OUT, 1), 0);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, dlil_input_flush(c->fake->ifp), 0);
	fake_read(c->fake);
	FAKE_EXPECT_IN(c->fake, .seen = 1, .delivered = 1);
	FAKE_EXPECT_OUT(c->fake, .seen = 1, .delivered = 1);
}

/* FLT-14 IFN-4: packets of an ifnet that is being detached are freed. */
static void ifnet_going(struct kunit *test)
{
	struct keep *c = keep_begin(test, false);
	struct dlil_ifnet *ifp = c->fake->ifp;
	struct fake_filter *blocker = &c->fake->filters[0];

	receive(c, 1, 3);
	fake_output_new(c->fake, FAKE_PF_A, 4, 1, DLIL_OUTPUT_RAW);
	blocker->hook = fake_block_filter;
	fake_input_new(c->fake, FAKE_PF_A, 5, 1);
	fake_wait_blocked(c->fake);
	/* This one is queued when the detach begins. */
	KUNIT_EXPECT_EQ(test, hand_back(c, DLIL_DIRECTION_IN, 1), 0);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(ifp), 0);
	KUNIT_EXPECT_EQ(test, hand_back(c, DLIL_DIRECTION_IN, 2), -ENXIO);
	KUNIT_EXPECT_EQ(test, hand_back(c, DLIL_DIRECTION_OUT, 1), -ENXIO);
	c->limit = 0;
	fake_unblock(c->fake);
	fake_detach(c->fake);
	fake_read(c->fake);
	KUNIT_EXPECT_EQ(test, c->fake->in.stolen, 0);
	KUNIT_EXPECT_EQ(test, c->fake->in.drops[DLIL_DROP_DETACHED], 3);
	FAKE_EXPECT_OUT(c->fake, .seen = 1, .freed = 1,
			.drops[DLIL_DROP_DETACHED] = 1);
}

/* FLT-14 */
static void reinject_errors(struct kunit *test)
{
	struct keep *c = keep_begin(test, false);
	struct dlil_filter_ops ops = fake_filter_in_ops;
	struct fake_filter *in_only, *plain = &c->fake->filters[0];
	struct sk_buff_head list;

	ops.input = keep_input;
	in_only = fake_filter_new(c->fake, 'i', &ops);
	in_only->params.flags = DLIL_FILTER_REINJECTS;
	KUNIT_ASSERT_EQ(test, fake_filter_attach(in_only), 0);

	__skb_queue_head_init(&list);
	KUNIT_EXPECT_EQ(test, dlil_filter_reinject(c->filter->ref,
						   DLIL_DIRECTION_IN, FAKE_PF_A,
						   NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_filter_reinject(c->filter->ref,
						   DLIL_DIRECTION_IN, FAKE_PF_A,
						   &list), -EINVAL);
	receive(c, 1, 4);
	KUNIT_EXPECT_EQ(test, hand_back(c, 0, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, hand_back(c, DLIL_DIRECTION_IN |
					   DLIL_DIRECTION_OUT, 1), -EINVAL);
	c->filter = plain;
	KUNIT_EXPECT_EQ(test, hand_back(c, DLIL_DIRECTION_IN, 1), -EINVAL);
	c->filter = in_only;
	KUNIT_EXPECT_EQ(test, hand_back(c, DLIL_DIRECTION_OUT, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, fake_skbs(), 0);
	fake_read(c->fake);
	FAKE_EXPECT_IN(c->fake, .seen = 4, .stolen = 4);
}

/* FLT-14 INP-12: packets that are handed back count towards the limit. */
static void queue_full(struct kunit *test)
{
	struct keep *c = keep_begin(test, false);
	struct fake_filter *blocker = &c->fake->filters[0];

	receive(c, 1, 6);
	blocker->hook = fake_block_filter;
	fake_input_new(c->fake, FAKE_PF_A, 7, 1);
	fake_wait_blocked(c->fake);
	c->limit = 0;
	mutex_lock(&c->fake->ifp->lock);
	dlil_inq_limit(c->fake->ifp, 4, dlil_rcvq_bytes);
	mutex_unlock(&c->fake->ifp->lock);
	fake_input_new(c->fake, FAKE_PF_A, 8, 1);
	KUNIT_EXPECT_EQ(test, hand_back(c, DLIL_DIRECTION_IN, 5), -ENOBUFS);
	KUNIT_EXPECT_EQ(test, hand_back(c, DLIL_DIRECTION_IN, 1), -ENOBUFS);
	fake_unblock(c->fake);
	KUNIT_EXPECT_EQ(test, dlil_input_flush(c->fake->ifp), 0);
	fake_read(c->fake);
	FAKE_EXPECT_IN(c->fake, .seen = 8, .delivered = 5, .freed = 3,
		       .drops[DLIL_DROP_QUEUE_FULL] = 3);
	KUNIT_EXPECT_EQ(test, c->fake->stats.iqdrops, 3);
}

static int wants_no_owner(struct fake_filter *filter, struct sk_buff **skb)
{
	KUNIT_EXPECT_NULL(filter->fake->test, (*skb)->destructor);
	return 0;
}

/* FLT-14 LNX-15: copies that a filter makes count as seen, and lose their socket. */
static void copies(struct kunit *test)
{
	struct keep *c = keep_begin(test, false);
	struct sk_buff_head list;

	__skb_queue_head_init(&list);
	receive(c, 1, 1);
	__skb_queue_tail(&list, fake_copy(c->fake, skb_peek(&c->kept)));
	atomic_inc(&c->fake->handed_in);
	fake_trace_clear(c->fake);
	c->fake->filters[2].hook = wants_no_owner;
	KUNIT_EXPECT_EQ(test, dlil_filter_inject(c->filter->ref,
						 DLIL_DIRECTION_IN, FAKE_PF_A,
						 &list), 0);
	KUNIT_EXPECT_EQ(test, dlil_input_flush(c->fake->ifp), 0);
	c->fake->filters[2].hook = NULL;
	KUNIT_EXPECT_EQ(test, hand_in(c, 1), 0);
	fake_read(c->fake);
	FAKE_EXPECT_TRACE(c->fake, "b1 P1 b1 P1");
	FAKE_EXPECT_IN(c->fake, .seen = 2, .delivered = 2);

	fake_output_new(c->fake, FAKE_PF_A, 2, 1, DLIL_OUTPUT_RAW);
	__skb_queue_tail(&list, fake_copy(c->fake, skb_peek(&c->kept)));
	atomic_inc(&c->fake->handed_out);
	fake_trace_clear(c->fake);
	KUNIT_EXPECT_EQ(test, dlil_filter_inject(c->filter->ref,
						 DLIL_DIRECTION_OUT, FAKE_PF_A,
						 &list), 0);
	KUNIT_EXPECT_EQ(test, hand_back(c, DLIL_DIRECTION_OUT, 1), 0);
	fake_read(c->fake);
	FAKE_EXPECT_TRACE(c->fake, "b2 D2 b2 D2");
	FAKE_EXPECT_OUT(c->fake, .seen = 2, .delivered = 2);
}

static int nested[DLIL_OUTPUT_DEPTH + 2];
static unsigned int level;

/* The driver, which hands back the next packet while it sends one. */
static void hand_back_next(struct fake *fake, struct sk_buff *skb)
{
	struct keep *c = fake->test->priv;
	unsigned int mine = level++;

	if (mine < ARRAY_SIZE(nested) && !skb_queue_empty(&c->kept))
		nested[mine] = hand_back(c, DLIL_DIRECTION_OUT, 1);
}

/* FLT-14 OUT-10: packets that are handed back while others are sent are bounded. */
static void nested_output(struct kunit *test)
{
	struct keep *c = keep_begin(test, false);
	unsigned int i;

	fake_output_new(c->fake, FAKE_PF_A, 1, DLIL_OUTPUT_DEPTH + 1,
			DLIL_OUTPUT_RAW);
	level = 0;
	memset(nested, 0, sizeof(nested));
	c->fake->output_hook = hand_back_next;
	KUNIT_EXPECT_EQ(test, hand_back(c, DLIL_DIRECTION_OUT, 1), 0);
	KUNIT_EXPECT_EQ(test, level, DLIL_OUTPUT_DEPTH);
	for (i = 0; i + 1 < DLIL_OUTPUT_DEPTH; i++)
		KUNIT_EXPECT_EQ(test, nested[i], 0);
	KUNIT_EXPECT_EQ(test, nested[i], -ELOOP);
	fake_read(c->fake);
	FAKE_EXPECT_OUT(c->fake, .seen = DLIL_OUTPUT_DEPTH + 1,
			.delivered = DLIL_OUTPUT_DEPTH, .freed = 1,
			.drops[DLIL_DROP_RECURSION] = 1);
}

static int hand_back_at_once(struct fake_filter *filter, struct sk_buff **skb)
{
	struct sk_buff_head list;

	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, *skb);
	KUNIT_EXPECT_EQ(filter->fake->test,
			dlil_filter_reinject(filter->ref, DLIL_DIRECTION_IN,
					     FAKE_PF_A, &list), 0);
	return DLIL_STOLEN;
}

/* FLT-14: a filter may hand back a packet before its callback returns. */
static void at_once(struct kunit *test)
{
	struct keep *c = keep_begin(test, false);
	struct fake_filter *last = fake_filter_new(c->fake, 'l',
						   &fake_filter_in_ops);

	c->limit = 0;
	last->params.flags = DLIL_FILTER_REINJECTS;
	last->hook = hand_back_at_once;
	KUNIT_ASSERT_EQ(test, fake_filter_attach(last), 0);
	fake_input_new(c->fake, FAKE_PF_A, 1, 2);
	KUNIT_EXPECT_EQ(test, dlil_input_flush(c->fake->ifp), 0);
	KUNIT_EXPECT_EQ(test, dlil_input_flush(c->fake->ifp), 0);
	fake_read(c->fake);
	FAKE_EXPECT_IN(c->fake, .seen = 2, .delivered = 2);
}

/* The two forms of a filter for received packets. */
static const bool forms[] = { false, true };

static void form_desc(const bool *list, char *desc)
{
	strscpy(desc, *list ? "list" : "single", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(form, forms, form_desc);

static int move(struct fake_filter *filter, enum dlil_filter_place place)
{
	const struct dlil_filter_change change = {
		.change = DLIL_CHANGE_MOVE, .old = filter->ref, .place = place,
	};

	return dlil_filter_update(filter->fake->ifp, &change, 1, 0);
}

/* FLT-14 FLT-13: a packet goes on behind the place that the filter has at that moment. */
static void filters_move(struct kunit *test)
{
	struct keep *c = keep_begin(test, false);
	struct fake_filter *b = &c->fake->filters[2];

	receive(c, 1, 3);
	fake_output_new(c->fake, FAKE_PF_A, 4, 1, DLIL_OUTPUT_RAW);
	fake_trace_clear(c->fake);
	KUNIT_EXPECT_EQ(test, move(c->filter, DLIL_PLACE_LAST), 0);
	KUNIT_EXPECT_EQ(test, hand_in(c, 1), 0);
	FAKE_EXPECT_TRACE(c->fake, "P1");
	fake_trace_clear(c->fake);
	KUNIT_EXPECT_EQ(test, move(b, DLIL_PLACE_LAST), 0);
	KUNIT_EXPECT_EQ(test, hand_in(c, 1), 0);
	FAKE_EXPECT_TRACE(c->fake, "b2 P2");
	fake_trace_clear(c->fake);
	KUNIT_EXPECT_EQ(test, move(b, DLIL_PLACE_FIRST), 0);
	KUNIT_EXPECT_EQ(test, hand_in(c, 1), 0);
	KUNIT_EXPECT_EQ(test, hand_back(c, DLIL_DIRECTION_OUT, 1), 0);
	FAKE_EXPECT_TRACE(c->fake, "P3 D4");
	fake_read(c->fake);
	FAKE_EXPECT_IN(c->fake, .seen = 3, .delivered = 3);
	FAKE_EXPECT_OUT(c->fake, .seen = 1, .delivered = 1);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(input_goes_on),
	KUNIT_CASE(input_verdicts),
	KUNIT_CASE(output_goes_on),
	KUNIT_CASE(output_stopped),
	KUNIT_CASE(many),
	KUNIT_CASE(list_filter),
	KUNIT_CASE(unmatched),
	KUNIT_CASE(spoilt),
	KUNIT_CASE_PARAM(still_skips, form_gen_params),
	KUNIT_CASE(skipped_gone),
	KUNIT_CASE(filters_change),
	KUNIT_CASE(filters_move),
	KUNIT_CASE(filter_gone),
	KUNIT_CASE(flushed_in_detached),
	KUNIT_CASE(without_device),
	KUNIT_CASE(foreign),
	KUNIT_CASE(in_atomic_context),
	KUNIT_CASE(ifnet_going),
	KUNIT_CASE(reinject_errors),
	KUNIT_CASE(queue_full),
	KUNIT_CASE(copies),
	KUNIT_CASE(nested_output),
	KUNIT_CASE(at_once),
	{}
};

static struct kunit_suite suite = {
	.name = "dlil_reinject",
	.test_cases = cases,
};

kunit_test_suite(suite);
