// SPDX-License-Identifier: GPL-2.0
/*
 * Input for a protocol family without an ifnet: at once, or in the main thread (PRO-8).
 *
 * A packet on this path has no ifnet, so that it meets no demux and no filter,
 * and no ifnet counts it.  The counters here include such packets of all
 * families.
 *
 * inputs_lock guards the table, which is read under RCU.  An injected packet
 * waits in the queue of its family, under the lock of the queue.  A producer
 * that finds no call in flight for the queue queues one for the main thread,
 * which runs it behind the packets that ifnets have queued (INP-7).  Callbacks
 * run inside an RCU read section with bottom halves off: they must not sleep,
 * because the main thread serves unrelated ifnets.
 *
 * After a family was removed, these may still use it: callers in RCU read
 * sections, for which a grace period waits; and the call, which runs before
 * another one that is queued behind it.
 */
#include <linux/bottom_half.h>
#include <linux/completion.h>
#include <linux/hashtable.h>
#include <linux/module.h>
#include <linux/skbuff.h>
#include <linux/slab.h>

#include "dlil_call.h"
#include "dlil_ifnet.h"
#include "dlil_output.h"
#include "dlil_stats.h"

/**
 * struct input - a family that accepts packets without an ifnet
 * @node: entry in the table
 * @family: the family
 * @params: arguments of its registration
 * @call: makes the main thread process @queue
 * @called: bit 0: @call is in flight; atomic
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

/* Called inside an RCU read section, or with inputs_lock held. */
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
	/* They have no ifnet, so no tracer wants them. */
	dlil_free_list(list, why);
}

/*
 * Deliver all packets of @list.  Bottom halves off, inside an RCU read section.
 * Returns 0.
 */
static int deliver(struct input *in, struct sk_buff_head *list)
{
	unsigned int n = skb_queue_len(list);
	struct dlil_account surplus = {};
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
	atomic64_add(dlil_taken(&surplus, n, &refused), &delivered);
	atomic64_add(surplus.seen, &seen);
	free_list(&refused, DLIL_DROP_PROTOCOL);
	return 0;
}

/*
 * Process a queue, in the main thread.  Packets that are added meanwhile come with
 * another call, behind the queues of ifnets: a fast producer must not occupy the
 * thread.
 */
static void work_off(struct dlil_flush *call)
{
	struct input *in = container_of(call, struct input, call);
	struct sk_buff_head all, list;

	__skb_queue_head_init(&all);
	/* From here on, a producer that adds a packet queues a call of its own. */
	clear_bit(0, &in->called);
	/* Pairs with the barrier in dlil_proto_inject(). */
	smp_mb__after_atomic();
	spin_lock_bh(&in->queue.lock);
	skb_queue_splice_init(&in->queue, &all);
	spin_unlock_bh(&in->queue.lock);
	while (!skb_queue_empty(&all)) {
		dlil_list_cut(&all, &list, DLIL_INPUT_BATCH);
		local_bh_disable();
		rcu_read_lock();
		deliver(in, &list);
		rcu_read_unlock();
		local_bh_enable();
		cond_resched();
	}
}

/**
 * dlil_proto_register_input - accept packets of a family without an ifnet
 * @family: the family, not 0
 * @params: the callbacks; copied
 *
 * Row PRO-8.  Undo this by dlil_proto_unregister_input(), in the exit function
 * of the module at the latest.
 *
 * Context: process; may sleep.
 * Return: 0; -EINVAL for bad arguments; -EEXIST if the family is registered
 * already; -ENOMEM.
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
 * @done: completed by it
 */
struct last_call {
	struct dlil_flush call;
	struct completion done;
};

static void last_called(struct dlil_flush *call)
{
	complete(&container_of(call, struct last_call, call)->done);
}

/* Wait until the main thread has run all calls queued so far. */
static void wait_called(void)
{
	struct last_call last = { .call.fn = last_called };

	init_completion(&last.done);
	dlil_thread_call_main(&last.call);
	wait_for_completion(&last.done);
}

/**
 * dlil_proto_unregister_input - stop accepting packets without an ifnet
 * @family: the family
 *
 * Row PRO-8.  Delivers queued packets, then calls `detached`.  No callback is
 * in flight afterwards.
 *
 * Context: process; may sleep.  Waits for the main thread, which callbacks of
 * ifnets delay by a second and a half at most.  The caller must hold no lock
 * that these callbacks may take.
 * Return: 0; -EINVAL without family; -ENXIO if the family is not registered;
 * -EDEADLK in callbacks.
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

/* Drop packets of a family that is not registered. */
static int unknown(struct sk_buff_head *list)
{
	free_list(list, DLIL_DROP_NOPROTO);
	return -ENOENT;
}

/* Queue the packets of @list for which there is room; the rest stays in @list. */
static void add(struct input *in, struct sk_buff_head *list)
{
	unsigned int max = READ_ONCE(dlil_rcvq_limit);
	struct sk_buff *skb;

	/*
	 * Drop references to sockets and devices while the packets wait (LNX-15),
	 * without the lock, since that runs code of others.
	 */
	skb_queue_walk(list, skb)
		dlil_packet_keep(skb);
	spin_lock(&in->queue.lock);
	while (skb_queue_len(&in->queue) < max && (skb = __skb_dequeue(list)))
		__skb_queue_tail(&in->queue, skb);
	spin_unlock(&in->queue.lock);
}

static int inject(struct input *in, struct sk_buff_head *list)
{
	add(in, list);
	/* Pairs with the barrier in work_off(): one of the two sees the packets. */
	smp_mb__before_atomic();
	if (!test_and_set_bit(0, &in->called))
		dlil_thread_call_main(&in->call);
	if (skb_queue_empty(list))
		return 0;
	free_list(list, DLIL_DROP_QUEUE_FULL);
	return -ENOBUFS;
}

/* Count @list and pass it to @take, or drop it if @family is not registered. */
static int hand_in(u32 family, struct sk_buff_head *list,
		   int (*take)(struct input *in, struct sk_buff_head *list))
{
	struct input *in;
	int err;

	if (!list || skb_queue_empty(list))
		return -EINVAL;
	atomic64_add(skb_queue_len(list), &seen);
	local_bh_disable();
	rcu_read_lock();
	in = find(family);
	err = in ? take(in, list) : unknown(list);
	rcu_read_unlock();
	local_bh_enable();
	return err;
}

/**
 * dlil_proto_input - deliver packets without an ifnet to a protocol at once
 * @family: protocol family
 * @list: the packets, private to the caller; consumed, even on error, and empty
 *	afterwards
 *
 * Row PRO-8.
 *
 * Context: any but hard interrupts; interrupts on.
 * Return: 0; -EINVAL without list, or for an empty one; -ENOENT if @family is
 * not registered.
 */
int dlil_proto_input(u32 family, struct sk_buff_head *list)
{
	return hand_in(family, list, deliver);
}
EXPORT_SYMBOL_GPL(dlil_proto_input);

/**
 * dlil_proto_inject - deliver packets without an ifnet in the main thread
 * @family: protocol family
 * @list: the packets, private to the caller; consumed, even on error, and empty
 *	afterwards
 *
 * Rows PRO-8, INP-7.  Packets stay in order.  While they wait, they hold no
 * references to sockets, routes, conntrack entries and devices.
 *
 * Context: any but hard interrupts; interrupts on.
 * Return: 0; -EINVAL without list, or for an empty one; -ENOENT if @family is
 * not registered; -ENOBUFS if the queue, whose limit is rcvq_limit packets, had
 * no room for the last packets, which were dropped.
 */
int dlil_proto_inject(u32 family, struct sk_buff_head *list)
{
	return hand_in(family, list, inject);
}
EXPORT_SYMBOL_GPL(dlil_proto_inject);

/* Read the counters of packets without an ifnet (STA-3).  Any context. */
void dlil_inject_read(struct dlil_account *account)
{
	int i;

	memset(account, 0, sizeof(*account));
	account->seen = atomic64_read(&seen);
	account->delivered = atomic64_read(&delivered);
	for (i = 0; i < DLIL_DROP_MAX; i++) {
		account->drops[i] = atomic64_read(&drops[i]);
		account->freed += account->drops[i];
	}
}
EXPORT_SYMBOL_FOR_TEST(dlil_inject_read);
