// SPDX-License-Identifier: GPL-2.0
/*
 * Cost measurement: feeds packets to its device bench0, and reports the time
 * until the last one arrived.  For scripts/bench.sh; on a processor whose
 * clock counts instructions, it measures instructions.
 *
 * Files in the debugfs directory dlil_bench:
 *
 *	n, burst, flows, think, pid, udp, lost, mac	see struct bench_order
 *	attach		write `WHAT N`: filters, protocols and events, or `none`
 *	run		write `feed`, `lone`, `closed` or `send`, which returns when it is
 *			done; or `watch`, and `end` after others have sent packets.
 *			Read: the result, as JSON
 *
 * This module loads dlil, but does not wrap any device itself.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include "bench.h"

#define WARM_UP 1024	/* packets that are not measured */

struct bench_order bench_order = { .n = 8192, .burst = 64, .flows = 1 };
struct bench_flow bench_flows[BENCH_FLOWS];

/**
 * struct result - result of the last run
 * @n: number of packets
 * @ns: duration in nanoseconds
 * @delivered: number of packets that arrived
 * @reordered: number of packets that arrived behind a later one
 * @wakes: number of times that the watched thread has slept
 */
struct result {
	unsigned int n;
	u64 ns;
	unsigned int delivered;
	unsigned int reordered;
	unsigned long wakes;
};

static DEFINE_MUTEX(lock);	/* guards orders and result */
static struct result result;
static struct dentry *dir;

static unsigned long switches(void)
{
	struct task_struct *task;
	unsigned long n = 0;
	struct pid *pid;

	pid = bench_order.pid ? find_get_pid(bench_order.pid) : NULL;
	task = pid ? get_pid_task(pid, PIDTYPE_PID) : NULL;
	if (task) {
		n = READ_ONCE(task->nvcsw);
		put_task_struct(task);
	}
	put_pid(pid);
	return n;
}

/* Combine all flows: from the first packet of any to the last one. */
static void add_up(void)
{
	u64 start = U64_MAX, end = 0;
	unsigned int i;

	result.delivered = 0;
	result.reordered = 0;
	for (i = 0; i < bench_order.flows; i++) {
		const struct bench_flow *f = &bench_flows[i];

		start = min(start, f->start);
		end = max(end, f->end);
		result.delivered += f->count;
		result.reordered += f->reordered;
	}
	result.ns = end - start;
}

/*
 * Erase the history of the input thread: two lone packets after a rest show it
 * that there is no stream.
 */
static int forget(void)
{
	return bench_feed_lone(bench_order.flows) ?:
	       bench_feed_lone(bench_order.flows);
}

static int run_feed(int (*feed)(unsigned int n), unsigned int warm_up)
{
	unsigned long before;
	int err;

	err = forget();
	if (!err)
		err = feed(warm_up * bench_order.flows);
	before = switches();
	if (!err)
		err = feed(bench_order.n);
	result.wakes = switches() - before;
	add_up();
	return err;
}

static int run_send(void)
{
	struct bench_flow *f = &bench_flows[0];
	unsigned long before;
	int err;

	err = bench_send(WARM_UP);
	before = bench_sent();
	f->end = 0;
	bench_clock_start(f);
	if (!err)
		err = bench_send(bench_order.n);
	bench_clock_stop(f);
	result.ns = f->end - f->start;
	result.delivered = bench_sent() - before;
	result.reordered = 0;
	result.wakes = 0;
	return err;
}

static int watch(void)
{
	struct bench_flow *f = &bench_flows[0];

	f->expect = bench_order.n;
	f->count = 0;
	f->end = 0;
	__skb_queue_head_init(&f->kept);
	result.wakes = switches();
	return bench_sink_open();
}

static int end_watch(void)
{
	const struct bench_flow *f = &bench_flows[0];
	unsigned long deadline = jiffies + HZ;

	/* The flow may be at some device's ifnet.  Pairs with arrived(). */
	while (smp_load_acquire(&f->count) < f->expect &&
	       time_before(jiffies, deadline))
		schedule_timeout_uninterruptible(1);
	result.wakes = switches() - result.wakes;
	bench_sink_close();
	add_up();
	__skb_queue_purge(&bench_flows[0].kept);
	return 0;
}

static int post(void)
{
	u64 start = ktime_get_ns();
	int err = bench_attach("events", bench_order.n);

	result.ns = ktime_get_ns() - start;
	result.delivered = err ? 0 : bench_order.n;
	result.reordered = 0;
	result.wakes = 0;
	return err;
}

static int run(const char *what)
{
	result.n = bench_order.n;
	if (!strcmp(what, "feed"))
		return run_feed(bench_feed, WARM_UP);
	if (!strcmp(what, "lone"))
		return run_feed(bench_feed_lone, 4);
	if (!strcmp(what, "closed"))
		return run_feed(bench_feed_closed, 64);
	if (!strcmp(what, "send"))
		return run_send();
	if (!strcmp(what, "watch"))
		return watch();
	if (!strcmp(what, "end"))
		return end_watch();
	if (!strcmp(what, "post"))
		return post();
	return -EINVAL;
}

static int check_order(void)
{
	const struct bench_order *o = &bench_order;

	if (!o->burst || !o->flows || o->flows > BENCH_FLOWS || !o->n ||
	    (o->udp && o->flows > 1))
		return -EINVAL;
	return 0;
}

/* Parse a word and a number, or only a word. */
static int get_words(const char __user *ubuf, size_t len, char *word,
		     unsigned int *n)
{
	char buf[32];

	if (len >= sizeof(buf) || copy_from_user(buf, ubuf, len))
		return -EINVAL;
	buf[len] = '\0';
	*n = 0;
	return sscanf(buf, "%15s %u", word, n) < 1 ? -EINVAL : 0;
}

static ssize_t run_write(struct file *file, const char __user *ubuf,
			 size_t len, loff_t *pos)
{
	unsigned int n;
	char word[16];
	int err;

	err = get_words(ubuf, len, word, &n);
	if (err)
		return err;
	mutex_lock(&lock);
	err = check_order();
	if (!err)
		err = run(word);
	mutex_unlock(&lock);
	return err ?: len;
}

static int run_show(struct seq_file *m, void *v)
{
	mutex_lock(&lock);
	seq_printf(m, "\"burst\":%u,\"n\":%u,\"ns\":%llu,\"delivered\":%u,\"dropped\":%d,\"reordered\":%u,\"wakes\":%lu\n",
		   bench_order.burst, result.n, result.ns, result.delivered,
		   (int)(result.n - result.delivered), result.reordered,
		   result.wakes);
	mutex_unlock(&lock);
	return 0;
}

static int run_open(struct inode *inode, struct file *file)
{
	return single_open(file, run_show, NULL);
}

static const struct file_operations run_fops = {
	.owner = THIS_MODULE,
	.open = run_open,
	.read = seq_read,
	.write = run_write,
	.llseek = seq_lseek,
	.release = single_release,
};

static ssize_t attach_write(struct file *file, const char __user *ubuf,
			    size_t len, loff_t *pos)
{
	unsigned int n;
	char word[16];
	int err;

	err = get_words(ubuf, len, word, &n);
	if (err)
		return err;
	mutex_lock(&lock);
	if (!strcmp(word, "none"))
		bench_detach_all();
	else
		err = bench_attach(word, n);
	mutex_unlock(&lock);
	return err ?: len;
}

static const struct file_operations attach_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = attach_write,
};

static int __init bench_init(void)
{
	struct bench_order *o = &bench_order;
	int err;

	err = bench_frame_init();
	if (err)
		return err;
	dir = debugfs_create_dir("dlil_bench", NULL);
	debugfs_create_u32("n", 0600, dir, &o->n);
	debugfs_create_u32("burst", 0600, dir, &o->burst);
	debugfs_create_u32("flows", 0600, dir, &o->flows);
	debugfs_create_u32("think", 0600, dir, &o->think);
	debugfs_create_u32("pid", 0600, dir, &o->pid);
	debugfs_create_u32("mac", 0600, dir, &o->mac);
	debugfs_create_bool("udp", 0600, dir, &o->udp);
	debugfs_create_bool("lost", 0600, dir, &o->lost);
	debugfs_create_file("run", 0600, dir, NULL, &run_fops);
	debugfs_create_file("attach", 0200, dir, NULL, &attach_fops);
	return 0;
}

static void __exit bench_exit(void)
{
	debugfs_remove_recursive(dir);
	bench_detach_all();
	bench_frame_exit();
}

module_init(bench_init);
module_exit(bench_exit);

MODULE_DESCRIPTION("Cost measurement of the Data Link Interface Layer");
MODULE_LICENSE("GPL");
