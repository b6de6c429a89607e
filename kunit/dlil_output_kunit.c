// SPDX-License-Identifier: GPL-2.0
/* Output: rows OUT-1, OUT-2, OUT-4, OUT-9, OUT-10, and LNX-6 in the core. */
#include <linux/sched.h>

#include "../dlil_call.h"
#include "../dlil_inspect.h"
#include "fake.h"

/* OUT-1 */
static void bad_arguments(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct sk_buff_head list;

	KUNIT_EXPECT_EQ(test, dlil_output(fake->ifp, FAKE_PF_A, NULL, NULL, 0),
			-EINVAL);
	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, fake_tx(fake, 1));
	KUNIT_EXPECT_EQ(test, dlil_output(NULL, FAKE_PF_A, &list, NULL, 0),
			-EINVAL);
	KUNIT_EXPECT_TRUE(test, skb_queue_empty(&list));
	__skb_queue_tail(&list, fake_tx(fake, 1));
	KUNIT_EXPECT_EQ(test, dlil_output(fake->ifp, FAKE_PF_A, &list, NULL,
					  DLIL_OUTPUT_LOOP << 1), -EINVAL);
	KUNIT_EXPECT_TRUE(test, skb_queue_empty(&list));
	KUNIT_EXPECT_EQ(test, fake_skbs(), 0);
}

static const u32 flags[] = { 0, DLIL_OUTPUT_RAW };

static void flags_desc(const u32 *flags, char *desc)
{
	strscpy(desc, *flags ? "raw" : "framed", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(flags, flags, flags_desc);

/* OUT-1: an ifnet that is not attached, and one that is detaching. */
static void not_attached(struct kunit *test)
{
	const u32 *flags = test->param_value;
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);

	KUNIT_EXPECT_EQ(test, fake_output_new(fake, FAKE_PF_A, 1, 3, *flags),
			-ENXIO);
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	fake_proto(fake, 'P', FAKE_PF_A);
	KUNIT_ASSERT_TRUE(test, dlil_ifnet_io_begin(fake->ifp));
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), 0);
	KUNIT_EXPECT_EQ(test, fake_output_new(fake, FAKE_PF_A, 1, 3, *flags),
			-ENXIO);
	dlil_ifnet_io_end(fake->ifp);

	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "");
	FAKE_EXPECT_OUT(fake, .drops[DLIL_DROP_DETACHED] = 3);
}

/* OUT-1: without its protocol only raw packets can be sent. */
static void no_protocol(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	fake_proto(fake, 'Q', FAKE_PF_B);
	KUNIT_EXPECT_EQ(test, fake_output_new(fake, FAKE_PF_A, 1, 2, 0),
			-ENXIO);
	KUNIT_EXPECT_EQ(test, fake_output_new(fake, FAKE_PF_A, 3, 2,
					      DLIL_OUTPUT_RAW), 0);

	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "D3 D4");
	FAKE_EXPECT_OUT(fake, .delivered = 2, .drops[DLIL_DROP_NOPROTO] = 2);
}

/* OUT-2: a protocol without pre_output can only send raw packets. */
static void no_pre_output(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct fake_proto *proto = fake_proto_new(fake, 'P', FAKE_PF_A);

	proto->ops.pre_output = NULL;
	KUNIT_ASSERT_EQ(test, fake_proto_attach(proto), 0);
	KUNIT_EXPECT_EQ(test, fake_output_new(fake, FAKE_PF_A, 1, 2, 0),
			-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, fake_output_new(fake, FAKE_PF_A, 3, 1,
					      DLIL_OUTPUT_RAW), 0);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "D3");
	FAKE_EXPECT_OUT(fake, .delivered = 1, .drops[DLIL_DROP_PROTOCOL] = 2);
}

/*
 * OUT-2, OUT-4: one pre_output call serves the list; STA-1: sent packets are
 * counted.
 */
static void frame_serves_list(struct kunit *test)
{
	u32 len = FAKE_HLEN + sizeof(struct fake_payload);
	struct fake *fake = fake_attached(test);
	struct sk_buff *skb;
	__be16 type;

	fake_proto(fake, 'P', FAKE_PF_A);
	fake_filter(fake, 'a', &fake_filter_out_ops);
	KUNIT_EXPECT_EQ(test, fake_output_new(fake, FAKE_PF_A, 1, 3, 0), 0);

	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "P?1 h1 a1 D1 h2 a2 D2 h3 a3 D3");
	FAKE_EXPECT_OUT(fake, .delivered = 3);
	KUNIT_EXPECT_EQ(test, fake->stats.opackets, 3);
	KUNIT_EXPECT_EQ(test, fake->stats.obytes, 3 * len);
	skb_queue_walk(&fake->sent, skb) {
		KUNIT_EXPECT_EQ(test, skb->len, len);
		KUNIT_EXPECT_EQ(test, memcmp(skb->data, fake_target,
					     ETH_ALEN), 0);
		memcpy(&type, skb->data + ETH_ALEN, sizeof(type));
		KUNIT_EXPECT_EQ(test, be16_to_cpu(type), 0x9001);
	}
}

/* OUT-4: raw packets are not framed, but they are filtered. */
static void raw(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct sk_buff *skb;

	fake_proto(fake, 'P', FAKE_PF_A);
	fake_filter(fake, 'a', &fake_filter_out_ops);
	KUNIT_EXPECT_EQ(test, fake_output_new(fake, FAKE_PF_A, 1, 2,
					      DLIL_OUTPUT_RAW), 0);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "a1 D1 a2 D2");
	FAKE_EXPECT_OUT(fake, .delivered = 2);
	skb_queue_walk(&fake->sent, skb)
		KUNIT_EXPECT_EQ(test, skb->len,
				FAKE_HLEN + sizeof(struct fake_payload));
}

#define PACKETS	4

/**
 * struct path_case - a list of packets and its expected path
 * @name: name of the case
 * @stage: the stage that does not return 0
 * @verdict: its verdict for each packet
 * @loses: the framer frees packets that it refuses
 * @err: expected result of dlil_output()
 * @trace: expected calls
 * @account: expected account
 */
struct path_case {
	const char *name;
	enum fake_stage stage;
	int verdict[PACKETS];
	bool loses;
	int err;
	const char *trace;
	struct dlil_account account;
};

static const struct path_case path_cases[] = {
	{
		.name = "protocol keeps the first two",
		.stage = FAKE_PRE_OUTPUT,
		.verdict = { DLIL_STOLEN, DLIL_STOLEN },
		.trace = "P?0 P?1 P?2 h2 a2 D2 h3 a3 D3",
		.account = { .stolen = 2, .delivered = 2 },
	}, {
		.name = "protocol keeps all",
		.stage = FAKE_PRE_OUTPUT,
		.verdict = { DLIL_STOLEN, DLIL_STOLEN, DLIL_STOLEN,
			     DLIL_STOLEN },
		.trace = "P?0 P?1 P?2 P?3",
		.account = { .stolen = 4 },
	}, {
		.name = "protocol fails",
		.stage = FAKE_PRE_OUTPUT,
		.verdict = { -EHOSTUNREACH },
		.err = -EHOSTUNREACH,
		.trace = "P?0",
		.account = { .drops[DLIL_DROP_PROTOCOL] = 4 },
	}, {
		.name = "protocol keeps one, then fails",
		.stage = FAKE_PRE_OUTPUT,
		.verdict = { DLIL_STOLEN, -ENOTSUPP },
		.err = -EOPNOTSUPP,
		.trace = "P?0 P?1",
		.account = { .stolen = 1, .drops[DLIL_DROP_PROTOCOL] = 3 },
	}, {
		.name = "framer fails",
		.stage = FAKE_FRAMER,
		.verdict = { 0, -EMSGSIZE, -EIO },
		.err = -EMSGSIZE,
		.trace = "P?0 h0 a0 D0 h1 h2 h3 a3 D3",
		.account = { .delivered = 2, .drops[DLIL_DROP_FRAMER] = 2 },
	}, {
		.name = "framer loses",
		.stage = FAKE_FRAMER,
		.verdict = { 0, -EMSGSIZE, -EIO },
		.loses = true,
		.err = -EMSGSIZE,
		.trace = "P?0 h0 a0 D0 h1 h2 h3 a3 D3",
		.account = { .delivered = 2, .drops[DLIL_DROP_FRAMER] = 2 },
	}, {
		.name = "framer steals",
		.stage = FAKE_FRAMER,
		.verdict = { 0, DLIL_STOLEN },
		.trace = "P?0 h0 a0 D0 h1 h2 a2 D2 h3 a3 D3",
		.account = { .delivered = 3, .stolen = 1 },
	}, {
		.name = "filter refuses",
		.stage = FAKE_FILTER_OUT,
		.verdict = { -EPERM, 0, -EACCES, 0 },
		.err = -EPERM,
		.trace = "P?0 h0 a0 h1 a1 D1 h2 a2 h3 a3 D3",
		.account = { .delivered = 2, .drops[DLIL_DROP_FILTER] = 2 },
	}, {
		.name = "filter steals",
		.stage = FAKE_FILTER_OUT,
		.verdict = { 0, 0, DLIL_STOLEN, DLIL_STOLEN },
		.trace = "P?0 h0 a0 D0 h1 a1 D1 h2 a2 h3 a3",
		.account = { .delivered = 2, .stolen = 2 },
	}, {
		.name = "driver fails",
		.stage = FAKE_DRIVER,
		.verdict = { -ENETDOWN, 0, 0, -ENOBUFS },
		.err = -ENETDOWN,
		.trace = "P?0 h0 a0 D0 h1 a1 D1 h2 a2 D2 h3 a3 D3",
		.account = { .delivered = 2, .drops[DLIL_DROP_DRIVER] = 2 },
	},
};

static void path_desc(const struct path_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(path, path_cases, path_desc);

/* OUT-2, OUT-4, OUT-9, FLT-5, STA-3, STA-4 */
static void path_of_list(struct kunit *test)
{
	const struct path_case *c = test->param_value;
	struct fake *fake = fake_attached(test);
	struct sk_buff_head list;
	struct sk_buff *skb;
	u32 seq;

	fake->framer_loses = c->loses;
	fake_proto(fake, 'P', FAKE_PF_A);
	fake_filter(fake, 'a', &fake_filter_out_ops);
	__skb_queue_head_init(&list);
	for (seq = 0; seq < PACKETS; seq++) {
		skb = fake_tx(fake, seq);
		fake_payload(skb)->verdict[c->stage] = c->verdict[seq];
		__skb_queue_tail(&list, skb);
	}

	KUNIT_EXPECT_EQ(test, fake_output(fake, FAKE_PF_A, &list, 0), c->err);

	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, c->trace);
	fake_expect_account(fake, &fake->out, &c->account, __LINE__);
	KUNIT_EXPECT_EQ(test, fake->stats.opackets, c->account.delivered);
	KUNIT_EXPECT_EQ(test, fake_skbs(), skb_queue_len(&fake->sent));
}

/* OUT-4 */
static void no_framer(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);

	fake->family.framer = NULL;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	fake_proto(fake, 'P', FAKE_PF_A);
	KUNIT_EXPECT_EQ(test, fake_output_new(fake, FAKE_PF_A, 1, 1, 0),
			-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, fake_output_new(fake, FAKE_PF_A, 2, 1,
					      DLIL_OUTPUT_RAW), 0);
	fake_read(fake);
	FAKE_EXPECT_OUT(fake, .delivered = 1, .drops[DLIL_DROP_FRAMER] = 1);
}

/* OUT-4: an empty list is not an error. */
static void empty_list(struct kunit *test)
{
	const u32 *flags = test->param_value;
	struct fake *fake = fake_attached(test);

	fake_proto(fake, 'P', FAKE_PF_A);
	KUNIT_EXPECT_EQ(test, fake_output_new(fake, FAKE_PF_A, 1, 0, *flags),
			0);
	FAKE_EXPECT_TRACE(fake, "");
}

/* Nested calls use little stack: with KASAN 8 levels barely fit. */

/* As the egress hook does with packets of the host. */
static int output_by_host(struct fake *fake, u32 seq)
{
	struct sk_buff *skb = fake_raw(fake, seq);
	int err;

	atomic_inc(&fake->handed_out);
	local_bh_disable();
	rcu_read_lock();
	err = dlil_filter_output(fake->ifp, FAKE_PF_A, skb);
	rcu_read_unlock();
	local_bh_enable();
	if (!err)
		kfree_skb(skb);
	return err;
}

static int output_by_dlil(struct fake *fake, u32 seq)
{
	struct sk_buff_head list;

	atomic_inc(&fake->handed_out);
	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, fake_raw(fake, seq));
	return dlil_output(fake->ifp, FAKE_PF_A, &list, NULL, DLIL_OUTPUT_RAW);
}

/**
 * struct depth_case - nested output
 * @name: name of the case
 * @by_task: senders belong to tasks, as with PREEMPT_RT
 * @even: sends the packets with even numbers
 * @odd: sends the packets with odd numbers
 */
struct depth_case {
	const char *name;
	bool by_task;
	int (*even)(struct fake *fake, u32 seq);
	int (*odd)(struct fake *fake, u32 seq);
};

static const struct depth_case depth_cases[] = {
	{ "dlil_output", false, output_by_dlil, output_by_dlil },
	{ "the host", false, output_by_host, output_by_host },
	{ "dlil_output and the host", false, output_by_dlil, output_by_host },
	{ "the host and dlil_output", false, output_by_host, output_by_dlil },
	{ "dlil_output, by task", true, output_by_dlil, output_by_dlil },
	{ "the host, by task", true, output_by_host, output_by_host },
	{ "dlil_output and the host, by task", true, output_by_dlil,
	  output_by_host },
};

static void depth_desc(const struct depth_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(depth, depth_cases, depth_desc);

static int send_numbered(struct fake *fake, u32 seq)
{
	const struct depth_case *c = fake->test->param_value;

	return seq % 2 ? c->odd(fake, seq) : c->even(fake, seq);
}

static unsigned int surprises;

/*
 * Packet 0 is at depth 1, packet 7 at depth 8.  A depth far beyond the limit
 * ends the test.
 */
static int send_again(struct fake_filter *f, struct sk_buff **skb)
{
	u32 seq = fake_payload(*skb)->seq + 1;

	if (seq > DLIL_OUTPUT_DEPTH + 1)
		return 0;
	if (seq == 1 && dlil_input_flush(f->fake->ifp) != -EDEADLK)
		surprises++;
	if (send_numbered(f->fake, seq) !=
	    (seq < DLIL_OUTPUT_DEPTH ? 0 : -ELOOP))
		surprises++;
	return 0;
}

/*
 * OUT-10: nested output is limited for each kind of output.  The 8th packet is
 * sent, the 9th is freed and counted; the next output from outside is not
 * affected.
 */
static void recursion(struct kunit *test)
{
	const struct depth_case *c = test->param_value;
	struct fake *fake = fake_attached(test);
	struct fake_filter *f;
	int round;

	/* The documentation says so. */
	KUNIT_EXPECT_EQ(test, DLIL_OUTPUT_DEPTH, 8);
	surprises = 0;
	dlil_sender_by_task = c->by_task;
	f = fake_filter(fake, 'a', &fake_filter_out_ops);
	f->hook = send_again;
	for (round = 1; round <= 2; round++) {
		KUNIT_EXPECT_EQ(test, send_numbered(fake, 0), 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&f->calls),
				round * DLIL_OUTPUT_DEPTH);
		KUNIT_EXPECT_EQ(test, dlil_input_flush(fake->ifp), 0);
	}
	dlil_sender_by_task = IS_ENABLED(CONFIG_PREEMPT_RT);
	KUNIT_EXPECT_EQ(test, surprises, 0);
	fake_read(fake);
	FAKE_EXPECT_OUT(fake, .delivered = 2 * DLIL_OUTPUT_DEPTH,
			.drops[DLIL_DROP_RECURSION] = 2);
}

static void send_deeper(struct fake *fake, struct sk_buff *skb)
{
	u32 seq = fake_payload(skb)->seq + 1;

	if (seq < DLIL_OUTPUT_DEPTH && output_by_dlil(fake, seq))
		surprises++;
	if (seq == DLIL_OUTPUT_DEPTH && output_by_host(fake, seq))
		surprises++;
}

/*
 * OUT-10: without filters there is no nesting, and so no limit; nor is there one because
 * packets are counted by class.
 */
static void recursion_without_filters(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	int i;

	surprises = 0;
	fake->output_hook = send_deeper;
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, dlil_class_enable(i), 0);
		KUNIT_EXPECT_EQ(test, output_by_dlil(fake, 0), 0);
	}
	KUNIT_EXPECT_EQ(test, dlil_class_enable(false), 0);
	KUNIT_EXPECT_EQ(test, surprises, 0);
	fake_read(fake);
	FAKE_EXPECT_OUT(fake, .delivered = 2 * (DLIL_OUTPUT_DEPTH + 1));
}

static const char packet_a[1], packet_b[1], binding_a[1], binding_b[1];

#define PACKET(p) ((const struct sk_buff *)(p))

/* Enter output and wait, as a task that sleeps on a lock with PREEMPT_RT. */
static int sender_task(struct fake_task *task)
{
	struct kunit *test = task->fake->test;
	struct dlil_sender own, *s;

	set_cpus_allowed_ptr(current, cpumask_of(0));
	s = dlil_sender_enter(&own);
	dlil_sender_hand_over(PACKET(packet_a), binding_a);
	fake_block(task->fake);
	KUNIT_EXPECT_PTR_EQ(test, dlil_sender_current(), s);
	KUNIT_EXPECT_EQ(test, s->depth, 1);
	/* False for packets of another task, and for other devices. */
	KUNIT_EXPECT_FALSE(test, dlil_sender_is_handing(PACKET(packet_b),
							binding_a));
	KUNIT_EXPECT_FALSE(test, dlil_sender_is_handing(PACKET(packet_a),
							binding_b));
	KUNIT_EXPECT_TRUE(test, dlil_sender_is_handing(PACKET(packet_a),
						       binding_a));
	KUNIT_EXPECT_FALSE(test, dlil_sender_is_handing(PACKET(packet_a),
							binding_a));
	dlil_sender_handed_over();
	dlil_sender_leave(s);
	KUNIT_EXPECT_NULL(test, dlil_sender_current());
	return 0;
}

/*
 * OUT-10 LNX-6: with PREEMPT_RT one task may preempt another one that is
 * sending on the same CPU, and be overtaken by it.  Their senders are kept
 * apart.
 */
static void senders_of_tasks(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct dlil_sender own[2], *s;
	struct fake_task *task;

	set_cpus_allowed_ptr(current, cpumask_of(0));
	dlil_sender_by_task = true;
	task = fake_run(fake, sender_task);
	fake_wait_blocked(fake);

	KUNIT_EXPECT_NULL(test, dlil_sender_current());
	KUNIT_EXPECT_FALSE(test, dlil_sender_is_handing(PACKET(packet_a),
							binding_a));
	s = dlil_sender_enter(&own[0]);
	KUNIT_EXPECT_PTR_EQ(test, s, &own[0]);
	KUNIT_EXPECT_EQ(test, s->depth, 1);
	dlil_sender_hand_over(PACKET(packet_b), binding_b);
	KUNIT_EXPECT_PTR_EQ(test, dlil_sender_enter(&own[1]), s);
	KUNIT_EXPECT_EQ(test, s->depth, 2);

	/* The first to enter leaves first. */
	fake_unblock(fake);
	KUNIT_EXPECT_EQ(test, fake_join(task), 0);
	KUNIT_EXPECT_PTR_EQ(test, dlil_sender_current(), s);
	dlil_sender_leave(s);
	KUNIT_EXPECT_PTR_EQ(test, dlil_sender_current(), s);
	KUNIT_EXPECT_TRUE(test, dlil_sender_is_handing(PACKET(packet_b),
						       binding_b));
	dlil_sender_leave(s);
	KUNIT_EXPECT_NULL(test, dlil_sender_current());
	dlil_sender_by_task = IS_ENABLED(CONFIG_PREEMPT_RT);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
}

static int answer(struct fake_filter *f, struct sk_buff **skb)
{
	u32 seq = fake_payload(*skb)->seq;

	KUNIT_EXPECT_EQ(f->fake->test,
			fake_output_new(f->fake, FAKE_PF_A, seq + 10, 1, 0), 0);
	return 0;
}

/* OUT-10: an input callback may send. */
static void output_from_input(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	fake_proto(fake, 'P', FAKE_PF_A);
	fake_filter(fake, 'a', &fake_filter_in_ops)->hook = answer;
	fake_input_new(fake, FAKE_PF_A, 1, 2);
	fake_read(fake);
	FAKE_EXPECT_OUT(fake, .delivered = 2);
	FAKE_EXPECT_TRACE(fake, "a1 P?11 h11 D11 a2 P?12 h12 D12 P1 P2");
}

struct host_case {
	const char *name;
	int verdict;
	int err;
	struct dlil_account account;
};

static const struct host_case host_cases[] = {
	{ "goes on", 0, 0, { .delivered = 1 } },
	{ "stolen", DLIL_STOLEN, DLIL_STOLEN, { .stolen = 1 } },
	{ "refused", -EPERM, -EPERM, { .drops[DLIL_DROP_FILTER] = 1 } },
	{ "not supported", -ENOTSUPP, -EOPNOTSUPP,
	  { .drops[DLIL_DROP_FILTER] = 1 } },
};

static void host_desc(const struct host_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(host, host_cases, host_desc);

/* LNX-6, STA-3: packets of the host pass the filters and are counted. */
static void output_of_host(struct kunit *test)
{
	const struct host_case *c = test->param_value;
	struct fake *fake = fake_attached(test);
	struct sk_buff *skb = fake_raw(fake, 1);
	int err;

	fake_filter(fake, 'a', &fake_filter_out_ops)->verdict = c->verdict;
	atomic_inc(&fake->handed_out);

	local_bh_disable();
	rcu_read_lock();
	err = dlil_filter_output(fake->ifp, FAKE_PF_A, skb);
	rcu_read_unlock();
	local_bh_enable();

	KUNIT_EXPECT_EQ(test, err, c->err);
	if (!err)
		kfree_skb(skb);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "a1");
	fake_expect_account(fake, &fake->out, &c->account, __LINE__);
	KUNIT_EXPECT_EQ(test, fake->stats.opackets, c->account.delivered);
}

struct replace_case {
	const char *name;
	int driver;
	int err;
	struct dlil_account account;
};

static const struct replace_case replace_cases[] = {
	{ "sent", 0, DLIL_STOLEN, { .delivered = 1 } },
	{ "refused by the driver", -ENOBUFS, -ENOBUFS,
	  { .drops[DLIL_DROP_DRIVER] = 1 } },
};

static void replace_desc(const struct replace_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(replace, replace_cases, replace_desc);

static int put_another(struct fake_filter *f, struct sk_buff **skb)
{
	const struct replace_case *c = f->fake->test->param_value;

	kfree_skb(*skb);
	*skb = fake_raw(f->fake, 2);
	fake_payload(*skb)->verdict[FAKE_DRIVER] = c->driver;
	return 0;
}

/* LNX-6, STA-3: a replacement is counted instead of the original packet. */
static void output_of_host_replaced(struct kunit *test)
{
	const struct replace_case *c = test->param_value;
	struct fake *fake = fake_attached(test);

	fake_filter(fake, 'a', &fake_filter_out_ops)->hook = put_another;
	KUNIT_EXPECT_EQ(test, output_by_host(fake, 1), c->err);
	fake_read(fake);
	FAKE_EXPECT_TRACE(fake, "a1 D2");
	fake_expect_account(fake, &fake->out, &c->account, __LINE__);
	KUNIT_EXPECT_EQ(test, fake->stats.opackets, c->account.delivered);
	KUNIT_EXPECT_EQ(test, fake_skbs(), skb_queue_len(&fake->sent));
}

static int lose(struct fake_filter *f, struct sk_buff **skb)
{
	kfree_skb(*skb);
	*skb = NULL;
	return -EIO;
}

/*
 * FLT-5 STA-3: the host gets an error for a packet that a filter has freed
 * itself.
 */
static void output_of_host_lost(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	fake_filter(fake, 'a', &fake_filter_out_ops)->hook = lose;
	KUNIT_EXPECT_EQ(test, output_by_host(fake, 1), -EIO);
	fake_read(fake);
	FAKE_EXPECT_OUT(fake, .drops[DLIL_DROP_FILTER] = 1);
	KUNIT_EXPECT_EQ(test, fake_skbs(), 0);
}

static int try_to_wait(struct fake_filter *f, struct sk_buff **skb)
{
	struct fake *fake = f->fake;

	if (dlil_filter_detach(f->ref) != -EDEADLK ||
	    dlil_filter_detach(f[1].ref) != -EDEADLK ||
	    dlil_proto_detach(fake->ifp, FAKE_PF_A) != -EDEADLK ||
	    dlil_ifnet_wait_detached(fake->ifp) != -EDEADLK)
		surprises++;
	return 0;
}

/*
 * FLT-7 PRO-3: waiting for a detach fails in output callbacks, for packets of
 * the host as well; with senders per CPU and per task.
 */
static void output_does_not_wait(struct kunit *test)
{
	const struct depth_case *c = test->param_value;
	struct fake *fake = fake_attached(test);

	surprises = 0;
	fake_proto(fake, 'P', FAKE_PF_A);
	fake_filter(fake, 'a', &fake_filter_out_ops)->hook = try_to_wait;
	fake_filter(fake, 'b', &fake_filter_out_ops);
	dlil_sender_by_task = c->by_task;
	KUNIT_EXPECT_EQ(test, c->even(fake, 1), 0);
	dlil_sender_by_task = IS_ENABLED(CONFIG_PREEMPT_RT);
	KUNIT_EXPECT_EQ(test, surprises, 0);
	fake_read(fake);
	KUNIT_EXPECT_EQ(test, fake->out.delivered, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake->filters[1].calls), 1);
}

/* LNX-6: refused packets are counted by reason. */
static void output_of_host_refused(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	atomic_inc(&fake->handed_out);
	dlil_output_refused(fake->ifp, DLIL_DROP_NOPROTO);
	fake_read(fake);
	FAKE_EXPECT_OUT(fake, .drops[DLIL_DROP_NOPROTO] = 1);
}

static struct kunit_case dlil_output_cases[] = {
	KUNIT_CASE(bad_arguments),
	KUNIT_CASE_PARAM(not_attached, flags_gen_params),
	KUNIT_CASE(no_protocol),
	KUNIT_CASE(no_pre_output),
	KUNIT_CASE(frame_serves_list),
	KUNIT_CASE(raw),
	KUNIT_CASE_PARAM(path_of_list, path_gen_params),
	KUNIT_CASE(no_framer),
	KUNIT_CASE_PARAM(empty_list, flags_gen_params),
	KUNIT_CASE_PARAM(recursion, depth_gen_params),
	KUNIT_CASE(recursion_without_filters),
	KUNIT_CASE(senders_of_tasks),
	KUNIT_CASE(output_from_input),
	KUNIT_CASE_PARAM(output_of_host, host_gen_params),
	KUNIT_CASE_PARAM(output_of_host_replaced, replace_gen_params),
	KUNIT_CASE(output_of_host_lost),
	KUNIT_CASE_PARAM(output_does_not_wait, depth_gen_params),
	KUNIT_CASE(output_of_host_refused),
	{}
};

static struct kunit_suite dlil_output_suite = {
	.name = "dlil_output",
	.test_cases = dlil_output_cases,
};

kunit_test_suite(dlil_output_suite);
