// SPDX-License-Identifier: GPL-2.0
/*
 * Feeds packets to the stack in bursts, as a driver's poll function does.
 *
 * The feeders have the lowest priority, so that a task woken by a burst runs
 * before the next burst, as it would on an otherwise idle machine with
 * interrupts.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <uapi/linux/sched/types.h>

#include "compat.h"
#include "bench.h"

#define WINDOW		1024	/* limit of packets in flight, of all flows */
#define PATIENCE	(HZ / 2)	/* wait for lost packets */

static DECLARE_COMPLETION(go);
static DECLARE_COMPLETION(fed);

static void free_packets(struct bench_flow *f)
{
	struct sk_buff *skb, *next;
	unsigned int i;

	for (i = 0; i < f->n_bursts; i++)
		list_for_each_entry_safe(skb, next, &f->bursts[i], list) {
			skb_list_del_init(skb);
			kfree_skb(skb);
		}
	__skb_queue_purge(&f->kept);
	kvfree(f->bursts);
	f->bursts = NULL;
	f->n_bursts = 0;
}

/* A client sends its next request after thinking.  In softirq. */
static enum hrtimer_restart ask(struct hrtimer *timer)
{
	struct bench_flow *f = container_of(timer, struct bench_flow, timer);

	netif_receive_skb_list(&f->bursts[f->asked++]);
	return HRTIMER_NORESTART;
}

static int make_packets(struct bench_flow *f, unsigned int n)
{
	unsigned int i, burst = bench_order.burst;
	struct sk_buff *skb;

	f->expect = bench_order.lost ? 0 : n;
	f->count = 0;
	f->reordered = 0;
	f->next = 0;
	f->end = 0;
	f->wanted = 0;
	init_waitqueue_head(&f->wait);
	compat_hrtimer_setup(&f->timer, ask, CLOCK_MONOTONIC,
			     HRTIMER_MODE_REL_PINNED_SOFT);
	__skb_queue_head_init(&f->kept);
	f->bursts = kvmalloc_array(DIV_ROUND_UP(n, burst),
				   sizeof(*f->bursts), GFP_KERNEL);
	if (!f->bursts)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		if (i % burst == 0)
			INIT_LIST_HEAD(&f->bursts[f->n_bursts++]);
		skb = bench_make(f->id, i);
		if (!skb)
			return -ENOMEM;
		list_add_tail(&skb->list, &f->bursts[i / burst]);
	}
	f->asked = f->n_bursts;
	return 0;
}

/* The profiler starts and stops here: must not be inlined. */
noinline void bench_clock_start(struct bench_flow *f)
{
	f->start = ktime_get_ns();
}

noinline void bench_clock_stop(struct bench_flow *f)
{
	/* A lost packet is given up when the last thread is idle. */
	if (!f->end)
		f->end = ktime_get_ns();
}

static void hand_in(struct list_head *burst)
{
	local_bh_disable();
	netif_receive_skb_list(burst);
	local_bh_enable();
	cond_resched();
}

/*
 * Wait until at most @left of @n packets are in flight.  Sleeps instead of
 * spinning, because not every scheduler runs a woken thread before the tick
 * while a feeder is busy.
 */
static void wait_for_arrival(struct bench_flow *f, unsigned int n,
			     unsigned int left)
{
	WRITE_ONCE(f->wanted, n - left);
	/* Pairs with the release in arrived(). */
	wait_event_timeout(f->wait, n - smp_load_acquire(&f->count) <= left,
			   PATIENCE);
}

static void feed(struct bench_flow *f)
{
	unsigned int i, n, window = WINDOW / bench_order.flows;

	bench_clock_start(f);
	for (i = 0; i < f->n_bursts; i++) {
		hand_in(&f->bursts[i]);
		n = (i + 1) * bench_order.burst;
		if (f->expect && n - READ_ONCE(f->count) > window)
			wait_for_arrival(f, n, window);
	}
	if (f->expect)
		wait_for_arrival(f, f->expect, 0);
	else
		bench_settle();
	bench_clock_stop(f);
}

static int feed_fn(void *arg)
{
	wait_for_completion(&go);
	feed(arg);
	kthread_complete_and_exit(&fed, 0);
}

/* Measure a single packet after a rest. */
static int lone_fn(void *arg)
{
	struct bench_flow *f = arg;
	unsigned int i;
	u64 sum = 0;

	for (i = 0; i < f->n_bursts; i++) {
		usleep_range(2000, 2001);
		f->expect = i + 1;
		bench_clock_start(f);
		hand_in(&f->bursts[i]);
		if (bench_order.lost)
			bench_settle();
		else
			wait_for_arrival(f, i + 1, 0);
		sum += f->end - f->start;
	}
	f->start = 0;
	f->end = sum;
	kthread_complete_and_exit(&fed, 0);
}

/* A client: sends the next request when it has got an answer. */
static int closed_fn(void *arg)
{
	struct bench_flow *f = arg;

	wait_for_completion(&go);
	bench_clock_start(f);
	f->asked = 1;
	hand_in(&f->bursts[0]);
	wait_for_arrival(f, f->expect, 0);
	bench_clock_stop(f);
	hrtimer_cancel(&f->timer);
	kthread_complete_and_exit(&fed, 0);
}

static int start_feeder(struct bench_flow *f, int (*fn)(void *arg))
{
	static const struct sched_attr idle = { .sched_policy = SCHED_IDLE };
	struct task_struct *task;

	task = kthread_create(fn, f, "bench/%u", f->id);
	if (IS_ERR(task))
		return PTR_ERR(task);
	sched_setattr_nocheck(task, &idle);
	if (bench_order.flows > 1)
		kthread_bind(task, f->id % num_online_cpus());
	wake_up_process(task);
	return 0;
}

static int run_feeders(unsigned int n, int (*fn)(void *arg))
{
	unsigned int i, started = 0, flows = bench_order.flows;
	int err = 0;

	for (i = 0; i < flows && !err; i++) {
		bench_flows[i].id = i;
		err = make_packets(&bench_flows[i], n / flows);
	}
	reinit_completion(&go);
	reinit_completion(&fed);
	for (i = 0; i < flows && !err; i++) {
		err = start_feeder(&bench_flows[i], fn);
		started += !err;
	}
	complete_all(&go);
	for (i = 0; i < started; i++)
		wait_for_completion(&fed);
	/* A late packet must still find its flow. */
	bench_settle();
	return err;
}

static int run(unsigned int n, int (*fn)(void *arg))
{
	unsigned int i;
	int err;

	err = bench_sink_open();
	if (err)
		return err;
	err = run_feeders(n, fn);
	bench_sink_close();
	for (i = 0; i < bench_order.flows; i++)
		free_packets(&bench_flows[i]);
	return err;
}

int bench_feed(unsigned int n)
{
	return run(n, feed_fn);
}

int bench_feed_closed(unsigned int n)
{
	return run(n, closed_fn);
}

int bench_feed_lone(unsigned int n)
{
	return run(n, lone_fn);
}
