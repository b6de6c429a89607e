// SPDX-License-Identifier: GPL-2.0
/* Dropped packets that users are told of: row STA-6. */
#include <linux/if_vlan.h>

#include "../dlil_inspect.h"
#include "../dlil_kind.h"
#include "../dlil_stats.h"
#include "fake.h"

/* Count drops beside fake_drops_attached(), from now on. */
static struct fake_drops *count(struct fake *fake)
{
	struct fake_drops *d = kunit_kzalloc(fake->test, sizeof(*d), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(fake->test, d);
	KUNIT_ASSERT_EQ(fake->test, fake_drops_start(d, fake), 0);
	return d;
}

static void match_add(struct fake *fake, const char *name, u32 direction,
		      const char *action)
{
	static const struct sock_filter everything[] = {
		BPF_STMT(BPF_RET | BPF_K, 1),
	};
	struct dlil_filter_request req = {
		.kind = "match",
		.name = name,
		.direction = direction,
		.action = action,
		.expr = "",
		.program = everything,
		.n = ARRAY_SIZE(everything),
	};
	struct netlink_ext_ack extack = {};

	KUNIT_ASSERT_EQ(fake->test, fake_kind_add(fake->ifp, &req, true, &extack),
			0);
}

static void receive(struct fake *fake, enum fake_stage stage, int verdict)
{
	struct sk_buff *skb = fake_rx(fake, FAKE_PF_A, 1);
	struct sk_buff_head list;

	fake_payload(skb)->verdict[stage] = verdict;
	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, skb);
	KUNIT_EXPECT_EQ(fake->test, fake_input(fake, &list), 0);
}

static int send(struct fake *fake, enum fake_stage stage, int verdict)
{
	struct sk_buff *skb = fake_tx(fake, 1);
	struct sk_buff_head list;

	fake_payload(skb)->verdict[stage] = verdict;
	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, skb);
	return fake_output(fake, FAKE_PF_A, &list, 0);
}

/**
 * struct way - one way to lose a packet
 * @name: what drops it
 * @lose: loses one packet, or more
 * @why: reason
 * @out: it is being sent
 * @by: filter or protocol that does, or ""
 * @gone: there is no packet any more when its drop is counted
 */
struct way {
	const char *name;
	void (*lose)(struct fake *fake);
	u32 why;
	bool out;
	const char *by;
	bool gone;
};

static void by_filter_in(struct fake *fake)
{
	fake_filter(fake, 'a', &fake_filter_in_ops);
	receive(fake, FAKE_FILTER_IN, -EPERM);
}

/* The packet loses its link header, and the list filter is behind another. */
static void by_filter_list(struct fake *fake)
{
	fake_filter(fake, 'a', &fake_filter_in_ops);
	fake_filter(fake, 'b', &fake_filter_list_ops);
	receive(fake, FAKE_FILTER_LIST, -EPERM);
}

static int lose_packet(struct fake_filter *f, struct sk_buff **skb)
{
	kfree_skb(*skb);
	*skb = NULL;
	return -EIO;
}

static void by_filter_that_frees(struct fake *fake)
{
	struct fake_filter *f = fake_filter(fake, 'a', &fake_filter_in_ops);

	f->hook = lose_packet;
	receive(fake, FAKE_FILTER_IN, 0);
}

static void by_filter_out(struct fake *fake)
{
	fake_filter(fake, 'a', &fake_filter_out_ops);
	KUNIT_EXPECT_EQ(fake->test, send(fake, FAKE_FILTER_OUT, -EPERM), -EPERM);
}

/* The first and the last of these filters run in a single call. */
static void by_match_in(struct fake *fake)
{
	match_add(fake, "first", DLIL_DIRECTION_IN, "count");
	match_add(fake, "second", DLIL_DIRECTION_IN, "drop");
	match_add(fake, "third", DLIL_DIRECTION_IN, "drop");
	receive(fake, FAKE_FILTER_IN, 0);
}

static void by_match_out(struct fake *fake)
{
	match_add(fake, "first", DLIL_DIRECTION_OUT, "count");
	match_add(fake, "second", DLIL_DIRECTION_OUT, "drop");
	KUNIT_EXPECT_EQ(fake->test, send(fake, FAKE_FILTER_OUT, 0), -EPERM);
}

static void by_match_of_host(struct fake *fake)
{
	struct sk_buff *skb = fake_tx(fake, 1);
	int err;

	match_add(fake, "second", DLIL_DIRECTION_OUT, "drop");
	atomic_inc(&fake->handed_out);
	local_bh_disable();
	rcu_read_lock();
	err = dlil_filter_output(fake->ifp, FAKE_PF_A, skb);
	rcu_read_unlock();
	local_bh_enable();
	KUNIT_EXPECT_EQ(fake->test, err, -EPERM);
}

static void by_demux(struct fake *fake)
{
	receive(fake, FAKE_DEMUX, -EINVAL);
}

static void by_nobody(struct fake *fake)
{
	KUNIT_EXPECT_EQ(fake->test, fake_input_new(fake, FAKE_PF_B, 1, 3), 0);
}

static void by_proto(struct fake *fake)
{
	receive(fake, FAKE_PROTO, -EIO);
}

static int refuse_list(struct fake_proto *proto, struct sk_buff_head *list)
{
	return -EIO;
}

static void by_proto_v2(struct fake *fake)
{
	struct fake_proto *p = fake_proto_v2(fake, 'Q', FAKE_PF_B);

	p->list_hook = refuse_list;
	KUNIT_EXPECT_EQ(fake->test, fake_input_new(fake, FAKE_PF_B, 1, 3), 0);
}

static void by_proto_out(struct fake *fake)
{
	KUNIT_EXPECT_EQ(fake->test, send(fake, FAKE_PRE_OUTPUT, -EIO), -EIO);
}

static void by_framer(struct fake *fake)
{
	KUNIT_EXPECT_EQ(fake->test, send(fake, FAKE_FRAMER, -EIO), -EIO);
}

static void by_driver(struct fake *fake)
{
	KUNIT_EXPECT_EQ(fake->test, send(fake, FAKE_DRIVER, -EIO), -EIO);
}

static void by_detach(struct fake *fake)
{
	fake_detach(fake);
	KUNIT_EXPECT_EQ(fake->test, fake_input_new(fake, FAKE_PF_A, 1, 2),
			-ENXIO);
}

static void by_detach_out(struct fake *fake)
{
	fake_detach(fake);
	KUNIT_EXPECT_EQ(fake->test, fake_output_new(fake, FAKE_PF_A, 1, 2, 0),
			-ENXIO);
}

static void by_driver_in(struct fake *fake)
{
	dlil_input_refused(fake->ifp, DLIL_DROP_NOMEM);
	atomic_inc(&fake->handed_in);
}

static void by_driver_out(struct fake *fake)
{
	dlil_output_refused(fake->ifp, DLIL_DROP_NOMEM);
	atomic_inc(&fake->handed_out);
}

static const struct way ways[] = {
	{ "filter in", by_filter_in, DLIL_DROP_FILTER, false, "fake", false },
	{ "list filter", by_filter_list, DLIL_DROP_FILTER, false, "fake", false },
	{ "filter frees", by_filter_that_frees, DLIL_DROP_FILTER, false, "fake",
	  true },
	{ "filter out", by_filter_out, DLIL_DROP_FILTER, true, "fake", false },
	{ "match in", by_match_in, DLIL_DROP_FILTER, false, "second", false },
	{ "match out", by_match_out, DLIL_DROP_FILTER, true, "second", false },
	{ "match host", by_match_of_host, DLIL_DROP_FILTER, true, "second", false },
	{ "demux", by_demux, DLIL_DROP_DEMUX, false, "", false },
	{ "no protocol", by_nobody, DLIL_DROP_NOPROTO, false, "", false },
	{ "protocol", by_proto, DLIL_DROP_PROTOCOL, false, "fake", false },
	{ "list protocol", by_proto_v2, DLIL_DROP_PROTOCOL, false, "fake", false },
	{ "pre_output", by_proto_out, DLIL_DROP_PROTOCOL, true, "fake", false },
	{ "framer", by_framer, DLIL_DROP_FRAMER, true, "", false },
	{ "driver", by_driver, DLIL_DROP_DRIVER, true, "", true },
	{ "detached in", by_detach, DLIL_DROP_DETACHED, false, "", false },
	{ "detached out", by_detach_out, DLIL_DROP_DETACHED, true, "", false },
	{ "refused in", by_driver_in, DLIL_DROP_NOMEM, false, "", true },
	{ "refused out", by_driver_out, DLIL_DROP_NOMEM, true, "", true },
};

static void way_desc(const struct way *w, char *desc)
{
	strscpy(desc, w->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(way, ways, way_desc);

/*
 * STA-6: each dropped packet is one record, which says why and by whom it was dropped.
 * The sums of the records are the counters.
 */
static void every_way(struct kunit *test)
{
	const struct way *w = test->param_value;
	struct fake *fake = fake_attached(test);
	u64 before = ktime_get_real_ns();
	struct fake_drops *d = count(fake);
	struct dlil_trace_record *r = &d->last;

	fake_proto(fake, 'P', FAKE_PF_A);
	w->lose(fake);
	fake_read(fake);
	fake_drops_compare(d);
	KUNIT_ASSERT_NE(test, d->sum, 0);
	KUNIT_EXPECT_EQ(test, d->n[w->out][w->why], d->sum);
	KUNIT_EXPECT_EQ(test, d->lost, 0);
	KUNIT_EXPECT_EQ(test, r->why, w->why);
	KUNIT_EXPECT_EQ(test, r->direction, w->out ? DLIL_DIRECTION_OUT :
						     DLIL_DIRECTION_IN);
	KUNIT_EXPECT_STREQ(test, r->by, w->by);
	KUNIT_EXPECT_STREQ(test, r->ifname, fake->name);
	KUNIT_EXPECT_EQ(test, r->ifindex, fake->params.ifindex);
	KUNIT_EXPECT_GE(test, r->time, before);
	KUNIT_EXPECT_LE(test, r->time, ktime_get_real_ns());
	KUNIT_EXPECT_EQ(test, r->has_packet, !w->gone);
	KUNIT_EXPECT_EQ(test, !!r->n, !w->gone);
	KUNIT_EXPECT_EQ(test, !!r->len, !w->gone);
}

static struct sk_buff *packet(struct fake *fake, unsigned int len)
{
	struct sk_buff *skb = fake_skb(fake, len);
	unsigned int i;

	skb_put(skb, len - skb->len);
	for (i = 0; i < len; i++)
		skb->data[i] = i;
	skb->protocol = htons(ETH_P_IP);
	return skb;
}

struct view_case {
	const char *name;
	u32 direction;
	unsigned int len;
	int mac;	/* link header from skb->data on, or NO_MAC */
	bool has_header;
	unsigned int first;	/* byte of the record */
	unsigned int n;
};

#define NO_MAC 1000

static const struct view_case views[] = {
	{ "in", DLIL_DIRECTION_IN, 60, -14, true, 0, 60 },
	{ "in, cut", DLIL_DIRECTION_IN, 200, -14, true, 0, 128 },
	{ "in, short header", DLIL_DIRECTION_IN, 60, -13, false, 14, 46 },
	{ "in, header behind", DLIL_DIRECTION_IN, 60, 1, false, 14, 46 },
	{ "in, no header", DLIL_DIRECTION_IN, 60, NO_MAC, false, 14, 46 },
	{ "out", DLIL_DIRECTION_OUT, 60, 0, true, 14, 46 },
	{ "out, not framed", DLIL_DIRECTION_OUT, 60, NO_MAC, false, 14, 46 },
	{ "out, forwarded", DLIL_DIRECTION_OUT, 60, -14, false, 14, 46 },
	{ "out, too short", DLIL_DIRECTION_OUT, 27, 0, false, 14, 13 },
	{ "empty", DLIL_DIRECTION_OUT, 14, NO_MAC, false, 0, 0 },
};

static void view_desc(const struct view_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(view, views, view_desc);

/*
 * STA-6: a record begins with the link header if the packet has one, whichever way it
 * goes, and never has more than the first 128 bytes.
 */
static void first_bytes(struct kunit *test)
{
	const struct view_case *c = test->param_value;
	struct fake *fake = fake_attached(test);
	struct sk_buff *skb = packet(fake, c->len);
	struct fake_drops *d = count(fake);
	struct dlil_trace_record *r = &d->last;
	unsigned int i;

	/* Nothing that this tells of is counted. */
	fake_drops_end(&fake->drops);
	__skb_pull(skb, 14);
	if (c->mac == NO_MAC)
		skb->mac_header = (typeof(skb->mac_header))~0U;
	else
		skb_set_mac_header(skb, c->mac);
	__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021AD), 0x2005);
	dlil_trace_drop(fake->ifp, c->direction, DLIL_DROP_SANITY, NULL, skb);
	kfree_skb(skb);
	fake_drops_end(d);
	KUNIT_ASSERT_EQ(test, d->sum, 1);
	KUNIT_EXPECT_EQ(test, r->has_header, c->has_header);
	KUNIT_EXPECT_EQ(test, r->n, c->n);
	KUNIT_EXPECT_EQ(test, r->len, c->len - c->first - (c->n ? 0 : 14));
	for (i = 0; i < r->n; i++)
		KUNIT_EXPECT_EQ(test, r->bytes[i], c->first + i);
	KUNIT_EXPECT_EQ(test, ntohs(r->type), ETH_P_IP);
	KUNIT_EXPECT_EQ(test, ntohs(r->vlan_proto), ETH_P_8021AD);
	KUNIT_EXPECT_EQ(test, r->vlan_tci, 0x2005);
}

/* STA-6: a packet in pages is copied as well. */
static void in_pages(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct sk_buff *skb = packet(fake, 20);
	struct page *page = alloc_page(GFP_KERNEL);
	struct fake_drops *d = count(fake);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, page);
	fake_drops_end(&fake->drops);
	for (i = 0; i < 300; i++)
		((u8 *)page_address(page))[i] = 20 + i;
	skb_add_rx_frag(skb, 0, page, 0, 300, PAGE_SIZE);
	skb_reset_mac_header(skb);
	dlil_trace_drop(fake->ifp, DLIL_DIRECTION_OUT, DLIL_DROP_TSO, NULL, skb);
	kfree_skb(skb);
	fake_drops_end(d);
	KUNIT_ASSERT_EQ(test, d->last.n, DLIL_TRACE_BYTES);
	KUNIT_EXPECT_EQ(test, d->last.len, 320);
	for (i = 0; i < DLIL_TRACE_BYTES; i++)
		KUNIT_EXPECT_EQ(test, d->last.bytes[i], i);
}

static void lose(struct fake *fake, unsigned int n)
{
	for (; n; n--) {
		dlil_input_refused(fake->ifp, DLIL_DROP_QUEUE_FULL);
		atomic_inc(&fake->handed_in);
	}
}

/* Is there anything that has not been sent? */
static bool is_behind(struct fake_drops *d)
{
	unsigned long flags;
	bool behind;

	spin_lock_irqsave(&d->tracer.lock, flags);
	behind = d->tracer.head != d->tracer.tail || d->tracer.lost;
	spin_unlock_irqrestore(&d->tracer.lock, flags);
	return behind;
}

/*
 * STA-6: packets wait for a reader who is late, and those that find no room are counted,
 * once.  When there is room again, records come again.
 */
static void slow_reader(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_drops *d = count(fake);

	d->most = 100;
	d->refusal = -EAGAIN;
	WRITE_ONCE(d->refusals, 1000000);
	lose(fake, DLIL_TRACE_RECORDS);
	KUNIT_EXPECT_EQ(test, d->tracer.lost, 0);
	lose(fake, 7);
	KUNIT_EXPECT_EQ(test, d->tracer.lost, 7);
	KUNIT_EXPECT_EQ(test, d->sum, 0);
	WRITE_ONCE(d->refusals, 0);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(!is_behind(d)));
	KUNIT_EXPECT_EQ(test, d->sum, DLIL_TRACE_RECORDS);
	KUNIT_EXPECT_EQ(test, d->lost, 7);
	lose(fake, DLIL_TRACE_RECORDS / 2 + 3);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(!is_behind(d)));
	KUNIT_EXPECT_EQ(test, d->lost, 7);
	fake_read(fake);
	fake_drops_compare(d);
	KUNIT_EXPECT_GE(test, d->calls, 16);
}

/* STA-6: at the end, it is known how many packets a reader has not been told of. */
static void left_behind(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_drops *d = count(fake);

	d->refusal = -EAGAIN;
	WRITE_ONCE(d->refusals, UINT_MAX);
	lose(fake, DLIL_TRACE_RECORDS + 7);
	fake_drops_end(d);
	KUNIT_EXPECT_EQ(test, d->sum, 0);
	KUNIT_EXPECT_EQ(test, d->untold, DLIL_TRACE_RECORDS + 7);

	d = count(fake);
	lose(fake, 5);
	fake_drops_end(d);
	KUNIT_EXPECT_EQ(test, d->sum, 5);
	KUNIT_EXPECT_EQ(test, d->untold, 0);
}

static struct fake_drops late;

static void begin_late(struct fake_filter *f)
{
	late = (struct fake_drops){};
	KUNIT_EXPECT_EQ(f->fake->test, fake_drops_start(&late, f->fake), 0);
}

static int drop_late(struct fake_filter *f, struct sk_buff **skb)
{
	begin_late(f);
	return -EPERM;
}

static int pass_late(struct fake_filter *f, struct sk_buff **skb)
{
	begin_late(f);
	return 0;
}

/*
 * STA-6: a drop by a filter that was called before the trace began is told, but not which
 * filter it was.
 */
static void late_start(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_filter *f = fake_filter(fake, 'a', &fake_filter_in_ops);

	fake_drops_end(&fake->drops);
	fake_proto(fake, 'P', FAKE_PF_A);
	f->hook = drop_late;
	receive(fake, FAKE_FILTER_IN, 0);
	fake_read(fake);
	fake_drops_end(&late);
	KUNIT_EXPECT_EQ(test, late.n[0][DLIL_DROP_FILTER], 1);
	KUNIT_EXPECT_STREQ(test, late.last.by, "");
	KUNIT_EXPECT_TRUE(test, late.last.has_packet);

	/* Filters of a list do not run in the same loop. */
	fake_filter(fake, 'b', &fake_filter_in_ops);
	fake_filter(fake, 'c', &fake_filter_list_ops);
	f->hook = pass_late;
	receive(fake, FAKE_FILTER_IN, -EPERM);
	fake_read(fake);
	fake_drops_end(&late);
	KUNIT_EXPECT_EQ(test, late.n[0][DLIL_DROP_FILTER], 1);
}

/* STA-6: a reader who is gone is not called again; the next records get lost. */
static void reader_gone(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_drops *d = count(fake);

	d->refusal = -ECONNREFUSED;
	d->refusals = 1;
	lose(fake, 1);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(!READ_ONCE(d->refusals)));
	KUNIT_EXPECT_FALSE(test, fake_stays(d->sum));
	lose(fake, DLIL_TRACE_RECORDS / 4);
	KUNIT_EXPECT_FALSE(test, fake_stays(d->sum));
	fake_read(fake);
	/* The end tries once more. */
	fake_drops_compare(d);
	KUNIT_EXPECT_EQ(test, d->sum, 1 + DLIL_TRACE_RECORDS / 4);
}

/* STA-6: a tracer gets what it wants: one ifnet or all, of its own netns. */
static void chosen(struct kunit *test)
{
	struct fake *one = fake_attached(test), *two = fake_attached(test);
	struct fake_drops *all, *own, *foreign;

	own = count(one);
	all = kunit_kzalloc(test, sizeof(*all), GFP_KERNEL);
	foreign = kunit_kzalloc(test, sizeof(*foreign), GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, all && foreign);
	*all = *foreign = (struct fake_drops){
		.fake = one,
		.tracer.net_cookie = init_net.net_cookie,
		.tracer.send = own->tracer.send,
	};
	foreign->tracer.net_cookie++;
	KUNIT_ASSERT_EQ(test, dlil_trace_start(&all->tracer), 0);
	KUNIT_ASSERT_EQ(test, dlil_trace_start(&foreign->tracer), 0);
	lose(one, 2);
	lose(two, 3);
	dlil_trace_end(&all->tracer);
	dlil_trace_end(&foreign->tracer);
	lose(one, 4);
	fake_drops_end(own);
	KUNIT_EXPECT_EQ(test, own->sum, 6);
	KUNIT_EXPECT_EQ(test, all->sum, 5);
	KUNIT_EXPECT_EQ(test, foreign->sum, 0);
}

static int nothing(struct dlil_tracer *t, const struct dlil_trace_record *records,
		   unsigned int *n, u64 lost)
{
	return 0;
}

/*
 * STA-6: at most 8 tracers in a netns, and 64 in all; while there is one, and no longer,
 * the keys are on.
 */
static void limits(struct kunit *test)
{
	bool was_on = static_key_enabled(&dlil_trace_key);
	struct dlil_tracer *t;
	unsigned int i, n = 0;

	t = kunit_kcalloc(test, DLIL_TRACERS_MAX + 1, sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	for (i = 0; i <= DLIL_TRACERS_MAX; i++) {
		t[i].net_cookie = 1000000 + i / DLIL_TRACERS_NET;
		t[i].send = nothing;
	}
	while (n < DLIL_TRACERS_MAX && !dlil_trace_start(&t[n]))
		n++;
	KUNIT_EXPECT_EQ(test, n, DLIL_TRACERS_MAX);
	KUNIT_EXPECT_TRUE(test, static_key_enabled(&dlil_trace_key));
	KUNIT_EXPECT_TRUE(test, static_key_enabled(&dlil_verdicts_key));
	KUNIT_EXPECT_EQ(test, dlil_trace_start(&t[DLIL_TRACERS_MAX]), -ENOSPC);
	/* There is room in all, but not in this netns. */
	dlil_trace_end(&t[--n]);
	t[n].net_cookie = t[0].net_cookie;
	KUNIT_EXPECT_EQ(test, dlil_trace_start(&t[n]), -ENOSPC);
	t[n].net_cookie = 2000000;
	KUNIT_EXPECT_EQ(test, dlil_trace_start(&t[n]), 0);
	for (i = 0; i < DLIL_TRACERS_MAX; i++)
		dlil_trace_end(&t[i]);
	KUNIT_EXPECT_EQ(test, static_key_enabled(&dlil_trace_key), was_on);
	KUNIT_EXPECT_EQ(test, static_key_enabled(&dlil_verdicts_key), was_on);
}

static bool enough;

static int lose_always(struct fake_task *task)
{
	while (!READ_ONCE(enough)) {
		lose(task->fake, 1);
		cond_resched();
	}
	return 0;
}

/* STA-6: tracers come and go under drops. */
static void ends_under_drops(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_drops *d;
	int i;

	enough = false;
	fake_run(fake, lose_always);

	for (i = 0; i < 50; i++) {
		d = count(fake);
		d->most = 1 + i;
		if (i % 2)
			KUNIT_EXPECT_TRUE(test, fake_wait_for(READ_ONCE(d->sum)));
		fake_drops_end(d);
		KUNIT_EXPECT_FALSE(test, delayed_work_pending(&d->tracer.work));
	}
	WRITE_ONCE(enough, true);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(every_way, way_gen_params),
	KUNIT_CASE_PARAM(first_bytes, view_gen_params),
	KUNIT_CASE(in_pages),
	KUNIT_CASE(slow_reader),
	KUNIT_CASE(left_behind),
	KUNIT_CASE(late_start),
	KUNIT_CASE(reader_gone),
	KUNIT_CASE(chosen),
	KUNIT_CASE(limits),
	KUNIT_CASE(ends_under_drops),
	{}
};

static struct kunit_suite suite = {
	.name = "dlil_trace",
	.test_cases = cases,
};

kunit_test_suite(suite);
