// SPDX-License-Identifier: GPL-2.0
/*
 * Input for a protocol family without an ifnet: at once, or by the main thread (PRO-8).
 *
 * A packet that comes this way has no ifnet, so it meets no demux and no filter, and no
 * ifnet counts it; what became of such packets is counted here, for all families.
 *
 * inputs_lock guards the table, which is read under RCU.  A packet that is injected waits
 * in the queue of its family, under the queue's own lock.  Whoever finds the queue without
 * a call under way hands the main thread one; the thread makes it behind the packets that
 * ifnets have queued (INP-7).  Callbacks run inside an RCU read section with bottom halves
 * off: they must not sleep, since the main thread serves ifnets that have no part in it.
 *
 * These may still use a family that is taken back: callers in read sections, which a grace
 * period waits for, and the call, which comes before a call that is handed in behind it.
 */
#include <linux/completion.h>
#include <linux/hashtable.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "dlil_call.h"
#include "dlil_drop.h"
#include "dlil_ifnet.h"
#include "dlil_inject.h"

/**
 * struct input - a family that takes packets without an ifnet
 * @node: in the table
 * @family: the family
 * @params: what it was registered with
 * @call: has the main thread work off @queue
 * @called: bit 0: @call is under way; atomic
 * @queue: injected packets; under its own lock
 */
struct input {
	struct hlist_node node;
	u32 family;
	struct dlil_input_params params;
	struct dlil_flush call;
	unsigned long called;
	struct sk_buff_head queue;
};

static DEFINE_HASHTABLE(inputs, 4);
static DEFINE_MUTEX(inputs_lock);

/* Counters of all families together; drops by reason. */
static atomic64_t seen = ATOMIC64_INIT(0);
static atomic64_t delivered = ATOMIC64_INIT(0);
static atomic64_t drops[DLIL_DROP_MAX];

/* Inside an RCU read section, or with inputs_lock held. */
static struct input *find(u32 family)
{
	struct input *in;

	hash_for_each_possible_rcu(inputs, in, node, family,
				   lockdep_is_held(&inputs_lock))
		if (in->family == family)
			return in;
	return NULL;
}

static void free_list(struct sk_buff_head *list, enum dlil_drop_reason why)
{
	atomic64_add(skb_queue_len(list), &drops[why]);
	dlil_drop_list(list, why);
}

/* Bottom halves off, inside an RCU read section.  Takes all of @list. */
static void deliver(struct input *in, struct sk_buff_head *list)
{
	unsigned int n = skb_queue_len(list);
	struct sk_buff_head refused;
	struct sk_buff *skb;
	int err;

	__skb_queue_head_init(&refused);
	if (in->params.input_list) {
		in->params.input_list(in->params.cookie, in->family, list);
		skb_queue_splice_init(list, &refused);
	}
	while ((skb = __skb_dequeue(list))) {
		err = in->params.input(in->params.cookie, in->family, skb);
		if (err && err != DLIL_STOLEN)
			__skb_queue_tail(&refused, skb);
	}
	/* A list that has more in it than before has none that were taken. */
	n -= min(n, skb_queue_len(&refused));
	atomic64_add(n, &delivered);
	free_list(&refused, DLIL_DROP_PROTOCOL);
}

/* At most DLIL_INPUT_BATCH packets of the queue; false if there are none. */
static bool take(struct input *in, struct sk_buff_head *list)
{
	struct sk_buff *skb;
	unsigned int n;

	for (n = 0; n < DLIL_INPUT_BATCH; n++) {
		skb = skb_dequeue(&in->queue);
		if (!skb)
			break;
		__skb_queue_tail(list, skb);
	}
	return n;
}

/* In the main thread. */
static void work_off(struct dlil_flush *call)
{
	struct input *in = container_of(call, struct input, call);
	struct sk_buff_head list;

	__skb_queue_head_init(&list);
	/* Whoever adds a packet from here on makes a call of his own. */
	clear_bit(0, &in->called);
	/* Pairs with the barrier in dlil_proto_inject(). */
	smp_mb__after_atomic();
	while (take(in, &list)) {
		local_bh_disable();
		rcu_read_lock();
		deliver(in, &list);
		rcu_read_unlock();
		local_bh_enable();
		cond_resched();
	}
}

/**
 * dlil_proto_register_input - take packets of a family that come without an ifnet
 * @family: the family, not 0
 * @params: who takes them; copied
 *
 * Row PRO-8.  To be undone by dlil_proto_unregister_input(), at the latest in the exit
 * function of the module.
 *
 * Context: process; may sleep.
 * Return: 0; -EINVAL for bad arguments; -EEXIST if the family is taken; -ENOMEM.
 */
int dlil_proto_register_input(u32 family, const struct dlil_input_params *params)
{
	struct input *in;
	int err = 0;

	if (!family || !params || !params->input == !params->input_list)
		return -EINVAL;
	in = kzalloc(sizeof(*in), GFP_KERNEL);
	if (!in)
		return -ENOMEM;
	in->family = family;
	in->params = *params;
	in->call.fn = work_off;
	skb_queue_head_init(&in->queue);
	mutex_lock(&inputs_lock);
	if (find(family))
		err = -EEXIST;
	else
		hash_add_rcu(inputs, &in->node, family);
	mutex_unlock(&inputs_lock);
	if (err)
		kfree(in);
	return err;
}
EXPORT_SYMBOL_GPL(dlil_proto_register_input);

/**
 * struct last_call - a call behind those of a family
 * @call: the call
 * @done: it has been made
 */
struct last_call {
	struct dlil_flush call;
	struct completion done;
};

static void last_called(struct dlil_flush *call)
{
	complete(&container_of(call, struct last_call, call)->done);
}

/* The main thread has made all calls that it was handed before. */
static void wait_called(void)
{
	struct last_call last = { .call.fn = last_called };

	init_completion(&last.done);
	dlil_thread_call_main(&last.call);
	wait_for_completion(&last.done);
}

/**
 * dlil_proto_unregister_input - take no more packets of a family without an ifnet
 * @family: the family
 *
 * Row PRO-8.  What is queued is delivered; then `detached` is called, and no callback
 * runs any more.
 *
 * Context: process; may sleep.  Waits for the main thread, which callbacks of ifnets hold
 * up for a second and a half at most: with no lock held that they might want.
 * Return: 0; -EINVAL without family; -ENXIO if nobody has registered it; -EDEADLK from
 * callbacks.
 */
int dlil_proto_unregister_input(u32 family)
{
	struct input *in;

	if (!family)
		return -EINVAL;
	if (in_softirq() || dlil_in_callback())
		return -EDEADLK;
	mutex_lock(&inputs_lock);
	in = find(family);
	if (in)
		hash_del_rcu(&in->node);
	mutex_unlock(&inputs_lock);
	if (!in)
		return -ENXIO;
	synchronize_rcu();
	wait_called();
	if (in->params.detached)
		in->params.detached(in->params.cookie, family);
	kfree(in);
	return 0;
}
EXPORT_SYMBOL_GPL(dlil_proto_unregister_input);

/* Nobody takes them. */
static int unknown(struct sk_buff_head *list)
{
	free_list(list, DLIL_DROP_NOPROTO);
	return -ENOENT;
}

/**
 * dlil_proto_input - hand packets without an ifnet to a protocol, at once
 * @family: its family
 * @list: the packets, private to the caller, which gives them away in every case; empty
 *	afterwards
 *
 * Row PRO-8.
 *
 * Context: any but hard interrupts; interrupts on.
 * Return: 0; -EINVAL without list, or for an empty one; -ENOENT if nobody has registered
 * @family: the packets are freed.
 */
int dlil_proto_input(u32 family, struct sk_buff_head *list)
{
	struct input *in;
	int err = 0;

	if (!list || skb_queue_empty(list))
		return -EINVAL;
	atomic64_add(skb_queue_len(list), &seen);
	local_bh_disable();
	rcu_read_lock();
	in = find(family);
	if (in)
		deliver(in, list);
	else
		err = unknown(list);
	rcu_read_unlock();
	local_bh_enable();
	return err;
}
EXPORT_SYMBOL_GPL(dlil_proto_input);

/* As many of @list as the queue has room for.  The rest stays in @list. */
static void add(struct input *in, struct sk_buff_head *list)
{
	unsigned int max = READ_ONCE(dlil_rcvq_limit);
	struct sk_buff *skb;

	spin_lock(&in->queue.lock);
	while (skb_queue_len(&in->queue) < max && (skb = __skb_dequeue(list))) {
		/* It holds neither a socket nor a device while it waits (LNX-15). */
		dlil_packet_keep(skb);
		__skb_queue_tail(&in->queue, skb);
	}
	spin_unlock(&in->queue.lock);
}

static int inject(struct input *in, struct sk_buff_head *list)
{
	add(in, list);
	/* Pairs with the barrier in work_off(): one of us sees the packets. */
	smp_mb__before_atomic();
	if (!test_and_set_bit(0, &in->called))
		dlil_thread_call_main(&in->call);
	if (skb_queue_empty(list))
		return 0;
	free_list(list, DLIL_DROP_QUEUE_FULL);
	return -ENOBUFS;
}

/**
 * dlil_proto_inject - have the main thread hand packets without an ifnet to a protocol
 * @family: its family
 * @list: the packets, private to the caller, which gives them away in every case; empty
 *	afterwards
 *
 * Rows PRO-8, INP-7.  Their order is kept.  While they wait they let go of their sockets,
 * routes, connection tracking entries and devices.
 *
 * Context: any but hard interrupts; interrupts on.
 * Return: 0; -EINVAL without list, or for an empty one; -ENOENT if nobody has registered
 * @family: the packets are freed; -ENOBUFS if the queue, which holds rcvq_limit packets,
 * had no room for the last ones: those are freed.
 */
int dlil_proto_inject(u32 family, struct sk_buff_head *list)
{
	struct input *in;
	int err;

	if (!list || skb_queue_empty(list))
		return -EINVAL;
	atomic64_add(skb_queue_len(list), &seen);
	local_bh_disable();
	rcu_read_lock();
	in = find(family);
	err = in ? inject(in, list) : unknown(list);
	rcu_read_unlock();
	local_bh_enable();
	return err;
}
EXPORT_SYMBOL_GPL(dlil_proto_inject);

/* Read the counters of packets without an ifnet (STA-3).  Any context. */
void dlil_inject_read(struct dlil_flow *flow)
{
	int i;

	memset(flow, 0, sizeof(*flow));
	flow->seen = atomic64_read(&seen);
	flow->delivered = atomic64_read(&delivered);
	for (i = 0; i < DLIL_DROP_MAX; i++) {
		flow->drops[i] = atomic64_read(&drops[i]);
		flow->freed += flow->drops[i];
	}
}
EXPORT_SYMBOL_FOR_TEST(dlil_inject_read);
