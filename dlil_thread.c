// SPDX-License-Identifier: GPL-2.0
/*
 * Input threads: they sleep until a queue is ready, take what it has, and work it off
 * in batches (INP-2, INP-7).
 *
 * A thread serves one ifnet, or is the main thread, dlil/main, which serves all others.
 * Whoever wants to know that what was queued has been worked off hands the thread a
 * struct dlil_flush.
 */
#include <linux/kthread.h>
#include <linux/pid_namespace.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "dlil_call.h"
#include "dlil_export.h"
#include "dlil_gather.h"
#include "dlil_ifnet.h"
#include "dlil_input.h"
#include "dlil_inq.h"

bool dlil_multi_threaded_input = true;
EXPORT_SYMBOL_FOR_TEST(dlil_multi_threaded_input);
bool dlil_net_affinity = true;
EXPORT_SYMBOL_FOR_TEST(dlil_net_affinity);

static struct dlil_thread dlil_main_thread;

/**
 * struct waiter - a task that waits for a flush
 * @flush: the flush
 * @done: completed when what was queued before has been worked off
 * @refs: the task and the flush
 */
struct waiter {
	struct dlil_flush flush;
	struct completion done;
	refcount_t refs;
};

/* How much more is free than there ever was: then something was not counted. */
static s64 inq_surplus(s64 room, s64 limits)
{
	s32 packets = dlil_inq_space_packets(room) -
		      dlil_inq_space_packets(limits);
	s32 bytes = dlil_inq_space_bytes(room) - dlil_inq_space_bytes(limits);

	return DLIL_INQ_SPACE(max(packets, 0), max(bytes, 0));
}

/* Row INP-11: the count is wrong, and so may be the packets. */
static void inq_mistrust(struct dlil_ifnet *ifp, struct sk_buff *list,
			 s64 surplus)
{
	pr_warn_once("dlil: %s had %d packets and %d bytes more in its queue than were counted\n",
		     ifp->name, dlil_inq_space_packets(surplus),
		     dlil_inq_space_bytes(surplus));
	atomic64_sub(surplus, &ifp->inq.room);
	dlil_input_discard(ifp, list, DLIL_DROP_SANITY);
}

/*
 * Row INP-4: the thread settles where it runs, once.  If it is not allowed what
 * it was at the start, an administrator has chosen.  Alone with one processor it
 * would be at the mercy of whoever runs there, a real-time task for one; so if
 * there is no other one near, the choice is left to the scheduler.
 */
static void thread_settle(struct dlil_thread *t, int cpu)
{
	cpumask_var_t mask;

	WRITE_ONCE(t->cpu, DLIL_CPU_SETTLED);
	if (!cpumask_equal(current->cpus_ptr, t->allowed) ||
	    !alloc_cpumask_var(&mask, GFP_KERNEL))
		return;
	compat_llc_mask(cpu, mask);
	cpumask_and(mask, mask, t->allowed);
	if (cpumask_weight(mask) > 1)
		set_cpus_allowed_ptr(current, mask);
	free_cpumask_var(mask);
}

/* Work off what a queue has; it may become ready again as soon as it is taken. */
static void queue_serve(struct dlil_thread *t, struct dlil_inq *q)
{
	struct dlil_ifnet *ifp = container_of(q, struct dlil_ifnet, inq);
	struct sk_buff *list;
	unsigned int limits;
	s64 room, surplus;
	int taken;

	limits = raw_read_seqcount(&q->limits);
	list = dlil_inq_take(q, &taken, &room);
	t->gather.packets += taken;
	if (unlikely(READ_ONCE(dlil_input_sanity_check))) {
		surplus = inq_surplus(room, dlil_inq_limits(q));
		/*
		 * If the limits are being changed, they may be others than those
		 * that @room is of.  A surplus stays, so the next look finds it.
		 */
		if (surplus && !(limits & 1) &&
		    !read_seqcount_retry(&q->limits, limits)) {
			inq_mistrust(ifp, list, surplus);
			list = NULL;
		}
	}
	while (list) {
		list = dlil_input_batch(ifp, list);
		/* Nor may a busy thread hold up RCU Tasks. */
		cond_resched_tasks_rcu_qs();
	}
}

/* Call flushes, the oldest first: a later one may end what an older one needs. */
static void thread_call(struct llist_node *flush)
{
	struct dlil_flush *f, *next;

	flush = llist_reverse_order(flush);
	llist_for_each_entry_safe(f, next, flush, node)
		f->fn(f);
}

/* A pass of a thread that serves one ifnet. */
static void own_pass(struct dlil_thread *t)
{
	/*
	 * Packets that were queued before a flush are seen in ready and first
	 * after it, and those that loopback got before the others in first.
	 */
	struct llist_node *flush = llist_del_all(&t->flush);
	struct llist_node *ready = llist_del_all(&t->ready);
	struct llist_node *first = llist_del_all(&t->first);
	struct dlil_inq *q, *next;

	if (unlikely(READ_ONCE(t->cpu) >= 0))
		thread_settle(t, READ_ONCE(t->cpu));
	llist_for_each_entry_safe(q, next, first, ready)
		queue_serve(t, q);
	llist_for_each_entry_safe(q, next, ready, ready)
		queue_serve(t, q);
	thread_call(flush);
}

/*
 * Turns on the main thread (LNX-13)
 *
 * The ifnets that share the main thread have turns.  In its turn an ifnet has all that
 * it has queued worked off, and its callbacks may sleep.  When a turn has lasted for a
 * second, a work gives the task that is busy with it to that ifnet as a thread of its
 * own, until the ifnet is detached, and starts another task for the main thread, which
 * goes on with the pass that the former one has begun.
 *
 * Three contexts meet here: the task that serves the main thread, the work, of which
 * there is one, and producers.
 *
 * The task and the work meet at @queue only.  The task sets it when a turn begins and
 * takes it back when the turn is over, the work takes it when it gives the turn away:
 * both by cmpxchg(), so one of them succeeds.  While @queue is set the task touches
 * none of the other fields, nor the lists of the main thread.  If it finds @queue
 * taken, it waits until the work has made @own of the queue ready, which is said by
 * @thread of the queue, and is @own's task from then on.  So the ifnet stays as long
 * as the work needs it: its turn is not over before.  The new task is woken last, and
 * sees all that the former one and the work have written.
 *
 * Until a queue has been drained its node is in one list, wherever that is.  A producer
 * may have read @thread of the queue before it was changed, and add the node to the
 * main thread's list: then the main thread, which drains only queues that are its own,
 * passes the node on.  So each queue is drained by one task at any time, and packets
 * of an ifnet keep their order: those of the turn come first, since the task is busy
 * with them, and then what is queued.
 *
 * A flush of an ifnet that shares the main thread goes there for good, and is passed on
 * like a queue.  The main thread takes flushes before it takes queues, passes queues on
 * before flushes, and its successor does likewise.  So the node of a queue that was
 * filled before the flush gets to the list of @own before the flush does, whichever
 * thread a producer has added it to.  This holds for the last flush as well, that of
 * the final detach: after it the main thread knows nothing of the ifnet.
 *
 * A producer may read @task of the main thread before it is replaced, and wake the
 * former one.  That is harmless, and the task is there: producers hold the RCU read
 * lock, and a task is freed a grace period after its end.
 *
 * @queue: the queue whose turn it is; NULL between turns
 * @count: turns so far; written by the task
 * @first: queues whose turn is to come in this pass; as what follows, the task's
 * @ready: likewise, behind those
 * @flush: flushes behind them
 * @seen: @count when the work has looked last; the work's
 * @since: jiffies when it was not yet that number; the work's
 */
static struct {
	struct dlil_inq *queue;
	unsigned long count;
	struct llist_node *first;
	struct llist_node *ready;
	struct llist_node *flush;
	unsigned long seen;
	unsigned long since;
} turns;

/* A turn may last so long, and is looked at so often. */
#define TURN_MAX	HZ
#define TURN_LOOK	(HZ / 2)

static void turn_look(struct work_struct *work);
static DECLARE_DELAYED_WORK(turn_work, turn_look);

/* The main thread has something to do. */
static void turns_watch(void)
{
	/* Pairs with the barrier of the workqueue before turn_look(), see there. */
	smp_mb();
	if (!delayed_work_pending(&turn_work))
		queue_delayed_work(system_unbound_wq, &turn_work, TURN_LOOK);
}

/*
 * Give each queue of @rest its turn.  Returns the queue in whose turn the task has
 * ceased to be the main thread's, or NULL.
 */
static struct dlil_inq *turns_take(struct llist_node **rest)
{
	struct dlil_thread *t;
	struct dlil_inq *q;

	while (*rest) {
		q = llist_entry(*rest, struct dlil_inq, ready);
		/* It may become ready again as soon as it is taken. */
		*rest = (*rest)->next;
		t = READ_ONCE(q->thread);
		if (unlikely(t != &dlil_main_thread)) {
			rcu_read_lock();
			preempt_disable();
			dlil_thread_add(t, q);
			preempt_enable();
			rcu_read_unlock();
			continue;
		}
		WRITE_ONCE(turns.count, turns.count + 1);
		/* Pairs with the cmpxchg() in turn_give(). */
		smp_store_release(&turns.queue, q);
		queue_serve(t, q);
		if (unlikely(cmpxchg(&turns.queue, q, NULL) != q))
			return q;
	}
	return NULL;
}

/* Call the flushes of ifnets that the main thread serves, and pass on the others. */
static void main_call(void)
{
	struct llist_node *flush = llist_reverse_order(turns.flush);
	struct dlil_flush *f, *next;
	struct task_struct *task;
	struct dlil_thread *t;

	turns.flush = NULL;
	llist_for_each_entry_safe(f, next, flush, node) {
		t = READ_ONCE(f->queue->thread);
		if (likely(t == &dlil_main_thread)) {
			f->fn(f);
			continue;
		}
		/* The call may end the ifnet, which @t is part of. */
		task = get_task_struct(t->task);
		llist_add(&f->node, &t->flush);
		wake_up_process(task);
		put_task_struct(task);
	}
}

/* Is the queue's own thread ready?  The work needs a moment for that. */
static bool turn_is_given(const struct dlil_inq *q)
{
	/* Pairs with the release in turn_give(). */
	return smp_load_acquire(&q->thread) == &q->own;
}

/* Do the rest of a pass.  Returns the thread that this task is behind it. */
static struct dlil_thread *main_go_on(void)
{
	struct dlil_inq *q;

	q = turns_take(&turns.first);
	if (!q)
		q = turns_take(&turns.ready);
	if (q) {
		wait_var_event(&q->thread, turn_is_given(q));
		return &q->own;
	}
	main_call();
	return &dlil_main_thread;
}

static struct dlil_thread *thread_pass(struct dlil_thread *t)
{
	if (likely(t != &dlil_main_thread)) {
		own_pass(t);
		return t;
	}
	turns_watch();
	/* The order is that of own_pass(). */
	turns.flush = llist_del_all(&t->flush);
	turns.ready = llist_del_all(&t->ready);
	turns.first = llist_del_all(&t->first);
	return main_go_on();
}

static bool thread_idle(const struct dlil_thread *t)
{
	return llist_empty(&t->ready) && llist_empty(&t->first) &&
	       llist_empty(&t->flush);
}

/* This task is @t from now on, which has not said yet that it sleeps. */
static void thread_enter(struct dlil_thread *t)
{
	dlil_gather_init(&t->gather, t == &dlil_main_thread ? NULL :
			 &container_of(t, struct dlil_ifnet, inq.own)->inq);
}

static int thread_fn(void *arg)
{
	struct dlil_thread *t = arg, *next;

	cpumask_copy(t->allowed, current->cpus_ptr);
	thread_enter(t);
	complete(&t->started);
	/* Another task may have begun a pass of the main thread. */
	next = t == &dlil_main_thread ? main_go_on() : t;
	for (;;) {
		if (unlikely(next != t)) {
			t = next;
			thread_enter(t);
		}
		/* First: whose timer is started by what follows is woken by it. */
		set_current_state(TASK_IDLE);
		if (thread_idle(t))
			dlil_gather_sleep(&t->gather, ktime_get());
		/* Pairs with the acquire in dlil_thread_kick(). */
		smp_wmb();
		/* Pairs with the full barrier of llist_add() before dlil_thread_kick(). */
		smp_store_mb(t->asleep, true);
		if (thread_idle(t)) {
			if (kthread_should_stop())
				break;
			schedule();
		}
		WRITE_ONCE(t->asleep, false);
		__set_current_state(TASK_RUNNING);
		next = thread_pass(t);
		cond_resched_tasks_rcu_qs();
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static void thread_init(struct dlil_thread *t, int cpu)
{
	init_llist_head(&t->ready);
	init_llist_head(&t->first);
	init_llist_head(&t->flush);
	init_completion(&t->started);
	t->asleep = false;
	t->cpu = cpu;
}

/* Make @q's own a thread that @task serves already. */
static void thread_adopt(struct dlil_inq *q, struct task_struct *task, pid_t pid)
{
	struct dlil_thread *t = &q->own;

	thread_init(t, DLIL_CPU_SETTLED);
	memset(&t->allowed, 0, sizeof(t->allowed));
	t->task = task;
	t->pid = pid;
}

/* The new task runs where and as its predecessor was allowed and told to. */
static void task_resemble(struct task_struct *task, struct task_struct *former)
{
	set_cpus_allowed_ptr(task, &former->cpus_mask);
	set_user_nice(task, task_nice(former));
	/* Not rt_task(): the priority may be lent, by who waits for its lock. */
	if (former->policy == SCHED_FIFO || former->policy == SCHED_RR)
		sched_set_fifo(task);
}

/* Row INP-2: a thread is called after its ifnet. */
static void task_rename(struct task_struct *task, struct dlil_inq *q)
{
	struct dlil_ifnet *ifp = container_of(q, struct dlil_ifnet, inq);
	char name[IFNAMSIZ], comm[TASK_COMM_LEN];

	dlil_ifnet_copy_name(ifp, name);
	snprintf(comm, sizeof(comm), "dlil/%s", name);
	task_lock(task);
	strscpy_pad(task->comm, comm, sizeof(task->comm));
	task_unlock(task);
	pr_info("dlil: %s has an input thread of its own now, since its callbacks held up dlil/main\n",
		name);
}

/* The turn of @q, which may be over, has lasted too long: see above. */
static void turn_give(struct dlil_inq *q)
{
	struct dlil_thread *t = &dlil_main_thread;
	struct task_struct *task, *former;

	task = kthread_create(thread_fn, t, "dlil/main");
	if (IS_ERR(task))
		return;
	if (cmpxchg(&turns.queue, q, NULL) != q) {
		kthread_stop(task);
		return;
	}
	/* The reference of @t goes to @q. */
	former = t->task;
	thread_adopt(q, former, t->pid);
	task_rename(former, q);
	task_resemble(task, former);
	/*
	 * First, since whoever finds the new task may wake it, and it must not take
	 * the queue for one of the main thread's.  Pairs with the acquire in
	 * turn_is_given().
	 */
	smp_store_release(&q->thread, &q->own);
	WRITE_ONCE(t->pid, task_pid_nr(task));
	/* Behind the queue: those who read it depend on what they find. */
	smp_store_release(&t->task, get_task_struct(task));
	/*
	 * wake_up_var() looks for waiters without a lock.  It takes the address for
	 * a number: the ifnet may go from here on.
	 */
	smp_mb();
	wake_up_var(&q->thread);
	wake_up_process(task);
}

/*
 * Look whether a turn lasts long, while the main thread is awake.  If it is seen
 * asleep, it sees this work not pending any more when it wakes up.
 */
static void turn_look(struct work_struct *work)
{
	/* Pairs with the release in turns_take(): the count is no older. */
	struct dlil_inq *q = smp_load_acquire(&turns.queue);
	unsigned long count = READ_ONCE(turns.count);

	if (READ_ONCE(dlil_main_thread.asleep))
		return;
	if (!q || count != turns.seen) {
		turns.seen = count;
		turns.since = jiffies;
	} else if (time_after_eq(jiffies, turns.since + TURN_MAX)) {
		turn_give(q);
	}
	queue_delayed_work(system_unbound_wq, &turn_work, TURN_LOOK);
}

/* @node is where the memory of what feeds it is, or NUMA_NO_NODE. */
static int thread_start(struct dlil_thread *t, const char *name, int cpu,
			int node)
{
	struct task_struct *task;

	if (!alloc_cpumask_var(&t->allowed, GFP_KERNEL))
		return -ENOMEM;
	thread_init(t, cpu);
	task = kthread_create_on_node(thread_fn, t, node, "dlil/%s", name);
	if (IS_ERR(task)) {
		free_cpumask_var(t->allowed);
		return PTR_ERR(task);
	}
	t->task = get_task_struct(task);
	t->pid = task_pid_nr(task);
	wake_up_process(task);
	wait_for_completion(&t->started);
	return 0;
}

/* The thread works off what it has before it goes. */
static void thread_stop(struct dlil_thread *t)
{
	kthread_stop(t->task);
	dlil_gather_end(&t->gather);
	put_task_struct(t->task);
	t->task = NULL;
	free_cpumask_var(t->allowed);
}

/* The main thread passes it on if the queue has a thread of its own since. */
static void inq_flush(struct dlil_inq *q, struct dlil_flush *flush)
{
	struct dlil_thread *t = q->shared ? &dlil_main_thread : &q->own;

	flush->queue = q;
	rcu_read_lock();
	llist_add(&flush->node, &t->flush);
	if (READ_ONCE(t->asleep))
		wake_up_process(READ_ONCE(t->task));
	rcu_read_unlock();
}

/**
 * dlil_inq_flush - have a call follow what is queued now
 * @ifp: ifnet, with an I/O reference that the caller keeps until this returns.  Its
 *	final detach is not over before the call has been made
 * @flush: the call
 *
 * Context: any but hard interrupts.
 */
void dlil_inq_flush(struct dlil_ifnet *ifp, struct dlil_flush *flush)
{
	inq_flush(&ifp->inq, flush);
}
EXPORT_SYMBOL_FOR_TEST(dlil_inq_flush);

static void waiter_put(struct waiter *w)
{
	if (refcount_dec_and_test(&w->refs))
		kfree(w);
}

static void waiter_done(struct dlil_flush *flush)
{
	struct waiter *w = container_of(flush, struct waiter, flush);

	complete(&w->done);
	waiter_put(w);
}

static struct waiter *waiter_new(void)
{
	struct waiter *w = kmalloc(sizeof(*w), GFP_KERNEL);

	if (!w)
		return NULL;
	w->flush.fn = waiter_done;
	init_completion(&w->done);
	refcount_set(&w->refs, 2);
	return w;
}

static bool has_own_thread(const struct dlil_ifnet *ifp)
{
	return READ_ONCE(dlil_multi_threaded_input) &&
	       (ifp->kind == DLIL_IFNET_ETHERNET ||
		ifp->kind == DLIL_IFNET_CELLULAR);
}

/* Make the queue of an ifnet ready for use (INP-2, INP-5).  Not attached; may sleep. */
int dlil_inq_start(struct dlil_ifnet *ifp)
{
	struct dlil_inq *q = &ifp->inq;

	init_llist_head(&q->head);
	q->max_packets = READ_ONCE(dlil_rcvq_limit);
	q->max_bytes = READ_ONCE(dlil_rcvq_bytes);
	seqcount_init(&q->limits);
	atomic64_set(&q->room, dlil_inq_limits(q) - DLIL_INQ_CLOSED);
	ifp->filtered = false;
	q->shared = !has_own_thread(ifp);
	q->goes_first = ifp->kind == DLIL_IFNET_LOOPBACK;
	WRITE_ONCE(q->thread, q->shared ? &dlil_main_thread : &q->own);
	if (!q->shared) {
		int err = thread_start(&q->own, ifp->name,
				       READ_ONCE(dlil_net_affinity) ?
				       DLIL_CPU_OPEN : DLIL_CPU_SETTLED,
				       ifp->node);

		if (err)
			return err;
	}
	return 0;
}

/*
 * Nothing can be queued any more: have the thread let go of what was queued, and
 * stop it if it is the ifnet's own (IFN-5).  Its own thread is in no callback, and
 * frees what it has; the main thread may be in one of another ifnet.  May sleep.
 * Returns whether the thread has let go; else @flush will say so.
 */
bool dlil_inq_stop(struct dlil_ifnet *ifp, struct dlil_flush *flush)
{
	struct dlil_inq *q = &ifp->inq;

	if (q->shared) {
		inq_flush(q, flush);
		return false;
	}
	thread_stop(&q->own);
	return true;
}

/*
 * The thread has let go of what was queued, and is stopped if it has become the
 * ifnet's own.  May sleep; the thread is in no callback.
 */
void dlil_inq_end(struct dlil_ifnet *ifp)
{
	struct dlil_inq *q = &ifp->inq;

	if (q->shared && q->thread == &q->own)
		thread_stop(&q->own);
	if (READ_ONCE(dlil_input_sanity_check) &&
	    atomic64_read(&q->room) != dlil_inq_limits(q) - DLIL_INQ_CLOSED)
		pr_warn_once("dlil: %s had packets counted that were not in its queue\n",
			     ifp->name);
}

/*
 * The process id of the task that serves an ifnet, in the initial namespace.  0: it has
 * never been attached.  The task may be gone by now.
 */
pid_t dlil_inq_task(const struct dlil_ifnet *ifp)
{
	const struct dlil_thread *t = READ_ONCE(ifp->inq.thread);

	return t ? READ_ONCE(t->pid) : 0;
}
EXPORT_SYMBOL_FOR_TEST(dlil_inq_task);

/*
 * The process id of the thread that serves an ifnet, as the current task may use it:
 * kernel threads have none but in the initial namespace.  0: none there.
 */
pid_t dlil_inq_pid(const struct dlil_ifnet *ifp)
{
	return task_active_pid_ns(current) == &init_pid_ns ?
	       dlil_inq_task(ifp) : 0;
}

/**
 * dlil_input_flush - wait until what was handed in has been worked off
 * @ifp: ifnet
 *
 * Context: process; may sleep.  Holding no lock that a callback on @ifp might
 * want, RTNL included.
 * Return: 0; -ENXIO if the ifnet is not attached; -EDEADLK from a callback;
 * -ENOMEM; -ERESTARTSYS if the caller was killed.
 */
int dlil_input_flush(struct dlil_ifnet *ifp)
{
	struct waiter *w;
	int err;

	if (dlil_in_callback())
		return -EDEADLK;
	w = waiter_new();
	if (!w)
		return -ENOMEM;
	if (!dlil_ifnet_io_begin(ifp)) {
		kfree(w);
		return -ENXIO;
	}
	inq_flush(&ifp->inq, &w->flush);
	err = wait_for_completion_killable(&w->done);
	dlil_ifnet_io_end(ifp);
	waiter_put(w);
	return err;
}
EXPORT_SYMBOL_GPL(dlil_input_flush);

int dlil_thread_module_init(void)
{
	dlil_call_thread_fn = thread_fn;
	dlil_gather_module_init();
	return thread_start(&dlil_main_thread, "main", DLIL_CPU_SETTLED,
			    NUMA_NO_NODE);
}

void dlil_thread_module_exit(void)
{
	thread_stop(&dlil_main_thread);
	/* The thread was the last to queue it, and no turn is under way. */
	cancel_delayed_work_sync(&turn_work);
}
