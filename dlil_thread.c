// SPDX-License-Identifier: GPL-2.0
/*
 * Input threads: sleep until a queue is ready, take its packets, and process
 * them in batches (INP-2, INP-7).
 *
 * A thread serves one ifnet, or is the main thread, dlil/main, which serves all
 * ifnets without a thread of their own.  It wakes up, makes a pass, and sleeps
 * again unless there is more to do.  In a pass it serves the queues that have become
 * ready since the last pass, each until the packets taken from it are processed, and
 * then calls the flushes.  A turn is the part of a pass of the main thread in which
 * it serves one queue.
 *
 * A flush (struct dlil_flush) is a function that the thread calls when the packets
 * queued before it have been processed.  It is part of an object of the caller, such as
 * the ifnet or a struct waiter.  The thread does not touch it after the call: so the
 * function may free that object, and the thread frees none.
 *
 * The struct dlil_thread itself is part of the queue of its ifnet, or static in the
 * case of the main thread.  Its task, with a reference, belongs to a runner (struct
 * dlil_runner), which exists before its first thread: creating a task may take long,
 * and whoever attaches an ifnet does that before he takes locks (LNX-13).
 *
 * A producer is a context that queues packets: the driver of the ifnet, or a filter that
 * hands packets back.  dlil_input.c has the functions of producers.
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
#include "dlil_ifnet.h"
#include "dlil_input.h"

bool dlil_multi_threaded_input = true;
EXPORT_SYMBOL_FOR_TEST(dlil_multi_threaded_input);
bool dlil_net_affinity = true;
EXPORT_SYMBOL_FOR_TEST(dlil_net_affinity);

static struct dlil_thread dlil_main_thread;

/**
 * struct waiter - a task that waits for a flush
 * @flush: the flush
 * @done: completed when all packets queued before have been processed
 * @refs: one reference of the task, one of the flush; the last one frees this, so that
 *	the task need not wait when it is killed
 */
struct waiter {
	struct dlil_flush flush;
	struct completion done;
	refcount_t refs;
};

/**
 * struct dlil_runner - a task that can serve input queues
 * @task: the task, with a reference
 * @thread: the thread that it serves first; NULL until thread_begin()
 * @started: completed by the task when it runs
 * @allowed: affinity of the task when it was started
 */
struct dlil_runner {
	struct task_struct *task;
	struct dlil_thread *thread;
	struct completion started;
	cpumask_var_t allowed;
};

/*
 * Returns by how much @room, the free space, exceeds the limits of the queue, which
 * bound it.  It exceeds them only if packets were taken that were not counted when
 * they were queued.
 */
static s64 inq_surplus(s64 room, s64 limits)
{
	s32 packets = dlil_inq_space_packets(room) -
		      dlil_inq_space_packets(limits);
	s32 bytes = dlil_inq_space_bytes(room) - dlil_inq_space_bytes(limits);

	return DLIL_INQ_SPACE(max(packets, 0), max(bytes, 0));
}

/*
 * Row INP-11: packets got into the queue past the count.  Correct the count, and
 * drop all packets of the queue, because none of them can be trusted.
 */
static void inq_mistrust(struct dlil_ifnet *ifp, struct sk_buff *list,
			 struct sk_buff *returned, s64 surplus)
{
	pr_warn_once("dlil: %s had %d packets and %d bytes in its queue that were not counted\n",
		     ifp->name, dlil_inq_space_packets(surplus),
		     dlil_inq_space_bytes(surplus));
	atomic64_sub(surplus, &ifp->inq.room);
	dlil_input_discard(ifp, list, DLIL_DROP_SANITY);
	dlil_returned_discard(ifp, returned, DLIL_DROP_SANITY);
}

/*
 * Row INP-4: let the thread run, from now on, on the processors that share a
 * cache with @cpu, which feeds it: the first producer has set t->cpu to its own
 * number, in dlil_inq_ready(), and this sets it to DLIL_CPU_SETTLED, for good.  Keep
 * the affinity that an administrator has set since the start.  Keep it as well if no
 * other processor shares the cache, because a real-time task could starve a thread
 * that is bound to a single one.
 */
static void thread_settle(struct dlil_thread *t, int cpu)
{
	cpumask_var_t mask;

	WRITE_ONCE(t->cpu, DLIL_CPU_SETTLED);
	if (!cpumask_equal(current->cpus_ptr, t->runner->allowed) ||
	    !alloc_cpumask_var(&mask, GFP_KERNEL))
		return;
	compat_llc_mask(cpu, mask);
	cpumask_and(mask, mask, t->runner->allowed);
	if (cpumask_weight(mask) > 1)
		set_cpus_allowed_ptr(current, mask);
	free_cpumask_var(mask);
}

/*
 * Take all packets of a queue and process them.  Producers may make the queue
 * ready again meanwhile.  Returns the number of packets.
 */
static int queue_serve(struct dlil_inq *q)
{
	struct dlil_ifnet *ifp = container_of(q, struct dlil_ifnet, inq);
	struct sk_buff *list, *returned;
	unsigned int limits;
	s64 room, surplus;
	int taken;

	limits = raw_read_seqcount(&q->limits);
	list = dlil_inq_take(q, &taken, &room, &returned);
	if (unlikely(READ_ONCE(dlil_input_sanity_check))) {
		surplus = inq_surplus(room, dlil_inq_limits(q));
		/*
		 * If the limits are being changed, @room may belong to the old
		 * ones.  Skip the check then: a surplus stays, and the next
		 * check finds it.
		 */
		if (surplus && !(limits & 1) &&
		    !read_seqcount_retry(&q->limits, limits)) {
			inq_mistrust(ifp, list, returned, surplus);
			list = NULL;
			returned = NULL;
		}
	}
	/* Packets that filters have handed back come first: they are older. */
	while (unlikely(returned)) {
		returned = dlil_input_resume(ifp, returned);
		cond_resched_tasks_rcu_qs();
	}
	while (list) {
		list = dlil_input_batch(ifp, list);
		/* Report a quiescent state to RCU Tasks, which otherwise waits for us to sleep. */
		cond_resched_tasks_rcu_qs();
	}
	return taken;
}

/*
 * Call flushes, oldest first, because a later one may free what an older one needs.
 * @flush has the newest one first, as a lock-free list always has.
 */
static void thread_call(struct llist_node *flush)
{
	struct dlil_flush *f, *next;

	flush = llist_reverse_order(flush);
	llist_for_each_entry_safe(f, next, flush, node)
		f->fn(f);
}

/* One pass of a thread that serves one ifnet. */
static void own_pass(struct dlil_thread *t)
{
	/*
	 * Take the lists in the reverse order of their use.  A packet that was queued
	 * before a flush of this pass is then served in this pass: its queue is in
	 * @ready or @first, which are taken after @flush.  In the same way, a loopback
	 * queue that was filled before another one is in @first.
	 */
	struct llist_node *flush = llist_del_all(&t->flush);
	struct llist_node *ready = llist_del_all(&t->ready);
	struct llist_node *first = llist_del_all(&t->first);
	struct dlil_inq *q, *next;

	if (unlikely(READ_ONCE(t->cpu) >= 0))
		thread_settle(t, READ_ONCE(t->cpu));
	llist_for_each_entry_safe(q, next, first, ready)
		t->gather.packets += queue_serve(q);
	llist_for_each_entry_safe(q, next, ready, ready)
		t->gather.packets += queue_serve(q);
	thread_call(flush);
}

/*
 * Turns on the main thread (LNX-13)
 *
 * The ifnets that share the main thread take turns.  In its turn, all queued
 * packets of an ifnet are processed, and its callbacks may sleep.  If a turn
 * lasts longer than a second, turn_look() hands the task over to that ifnet: it
 * is the ifnet's own thread until the ifnet is detached.  turn_look() also
 * starts a new task for the main thread, which continues the pass that the
 * former task has begun.
 *
 * Three contexts meet here: the task of the main thread, the work turn_look(),
 * of which there is a single one, and producers.
 *
 * The task and the work synchronise through @queue of the struct below only.  The task
 * sets it when a turn begins and clears it when the turn is over; the work clears it
 * when it hands the turn over.  Both clear it by cmpxchg(), so that one of them
 * succeeds.  While @queue is set, the task touches neither the other fields nor
 * the lists of the main thread.  If the task finds @queue cleared, it waits
 * until the work has set up @own of the queue and published it in @thread, and
 * serves @own from then on.  No flush is called meanwhile, and the final detach
 * waits for one, so the ifnet stays while the work uses it.  The work wakes the
 * new task last, so that task sees all that the former one and the work have
 * written.
 *
 * A queue's node (@ready of struct dlil_inq) is in exactly one list of a thread from
 * the first packet until the queue is drained.  A producer that read @thread before
 * it changed may add the node to the main thread's list.  The main thread drains
 * its own queues only, and passes such a node on.  So one task at a time drains
 * a queue, and the packets of an ifnet keep their order: the task first finishes
 * the packets of the turn, then takes the packets queued since.
 *
 * A flush of an ifnet that was attached to the main thread always goes to the
 * main thread, which passes it on like a queue.  Each task of the main thread
 * takes flushes before queues and passes queues on before flushes.  So a queue
 * that was filled before the flush reaches @own before the flush, whichever
 * thread the producer used.  This holds for the last flush, too, that of the
 * final detach, after which the main thread does not refer to the ifnet any
 * more.
 *
 * A producer may read @task of the main thread just before it is replaced, and
 * wake the former task.  That is harmless, and the task still exists: producers
 * hold the RCU read lock, and a task is freed a grace period after its end.
 *
 * @queue: the queue whose turn it is; NULL between turns
 * @count: number of turns so far; written by the task
 * @first: queues of loopback ifnets still to be served in this pass; used by
 * the task
 * @ready: other queues still to be served in this pass; used by the task
 * @flush: flushes to call at the end of this pass; used by the task
 * @seen: @count when the work last checked it; used by the work
 * @since: time when the work first saw that count, in jiffies; used by the work
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

/* Maximum length of a turn, and interval of the checks. */
#define TURN_MAX	HZ
#define TURN_LOOK	(HZ / 2)

static void turn_look(struct work_struct *work);
static DECLARE_DELAYED_WORK(turn_work, turn_look);

/* Make turn_look() watch the turns of the main thread, which has woken up. */
static void turns_watch(void)
{
	/*
	 * Order the caller's write of @asleep before the look at the work.
	 * Pairs with the barrier of the workqueue before turn_look(), see there.
	 */
	smp_mb();
	if (!delayed_work_pending(&turn_work))
		queue_delayed_work(system_unbound_wq, &turn_work, TURN_LOOK);
}

/*
 * Give each queue of @rest a turn.  Returns NULL after the last turn; or the queue whose
 * turn has lasted so long that turn_give() has made this task the queue's own thread:
 * then @rest has the queues whose turns the new task of the main thread gives.
 */
static struct dlil_inq *turns_take(struct llist_node **rest)
{
	struct dlil_thread *t;
	struct dlil_inq *q;

	while (*rest) {
		q = llist_entry(*rest, struct dlil_inq, ready);
		/*
		 * Read the next node first, because a producer may reuse this
		 * one as soon as the queue is drained.
		 */
		*rest = (*rest)->next;
		t = READ_ONCE(q->thread);
		if (unlikely(t != &dlil_main_thread)) {
			/* Act as a producer, see dlil_thread_add(). */
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
		queue_serve(q);
		if (unlikely(cmpxchg(&turns.queue, q, NULL) != q))
			return q;
	}
	return NULL;
}

/* Call the flushes for the main thread, and pass the others on to their threads. */
static void main_call(void)
{
	struct llist_node *flush = llist_reverse_order(turns.flush);
	struct dlil_flush *f, *next;
	struct task_struct *task;
	struct dlil_thread *t;

	turns.flush = NULL;
	llist_for_each_entry_safe(f, next, flush, node) {
		t = f->queue ? READ_ONCE(f->queue->thread) : &dlil_main_thread;
		if (likely(t == &dlil_main_thread)) {
			f->fn(f);
			continue;
		}
		/* Once the flush is in the list, its call may free the ifnet and @t. */
		task = get_task_struct(t->task);
		llist_add(&f->node, &t->flush);
		wake_up_process(task);
		put_task_struct(task);
	}
}

/* Has turn_give() set up the thread of the queue? */
static bool turn_is_given(const struct dlil_inq *q)
{
	/* Pairs with the release in turn_give(). */
	return smp_load_acquire(&q->thread) == &q->own;
}

/*
 * Finish a pass of the main thread, which this task or its predecessor has begun.
 * Returns the thread that this task serves afterwards: the main thread, or the own
 * thread of the queue that it was given to.
 */
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

/* Make a pass.  Returns the thread that this task serves afterwards. */
static struct dlil_thread *thread_pass(struct dlil_thread *t)
{
	if (likely(t != &dlil_main_thread)) {
		own_pass(t);
		return t;
	}
	turns_watch();
	/* Same order as in own_pass(). */
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

/*
 * Prepare this task to serve @t, which is not marked asleep.  The main thread
 * serves several queues, so its wake-ups are never delayed (NULL).
 */
static void thread_enter(struct dlil_thread *t)
{
	dlil_gather_init(&t->gather, t == &dlil_main_thread ? NULL :
			 &container_of(t, struct dlil_ifnet, inq.own)->inq);
}

/* Wait for the first thread.  Returns NULL if the runner is freed without one. */
static struct dlil_thread *runner_wait(struct dlil_runner *r)
{
	struct dlil_thread *t;
	bool stop;

	cpumask_copy(r->allowed, current->cpus_ptr);
	complete(&r->started);
	for (;;) {
		set_current_state(TASK_IDLE);
		stop = kthread_should_stop();
		/* A thread may have been set, and stopped, before this task got here. */
		smp_rmb();
		/* Pairs with the release in thread_begin(). */
		t = smp_load_acquire(&r->thread);
		if (t || stop)
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	return t;
}

static int thread_fn(void *arg)
{
	struct dlil_thread *t = runner_wait(arg), *next;

	if (!t)
		return 0;
	thread_enter(t);
	/* The former task may have left a pass of the main thread unfinished. */
	next = t == &dlil_main_thread ? main_go_on() : t;
	for (;;) {
		if (unlikely(next != t)) {
			t = next;
			thread_enter(t);
		}
		/*
		 * Set the task's state before dlil_gather_sleep() lets producers
		 * start the timer, which may expire and wake this task at once.
		 */
		set_current_state(TASK_IDLE);
		if (thread_idle(t))
			dlil_gather_sleep(&t->gather, ktime_get());
		/* Pairs with the acquire in dlil_thread_add(). */
		smp_wmb();
		/* Pairs with the full barrier of llist_add() before that. */
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
	t->asleep = false;
	t->cpu = cpu;
}

/*
 * Create a runner, and wait until its task runs.  @node is the NUMA node of its device,
 * or NUMA_NO_NODE.  Returns an error pointer on failure.
 */
static struct dlil_runner *runner_new(const char *name, int node)
{
	struct dlil_runner *r = kzalloc(sizeof(*r), GFP_KERNEL);
	struct task_struct *task;

	if (!r)
		return ERR_PTR(-ENOMEM);
	if (!alloc_cpumask_var(&r->allowed, GFP_KERNEL)) {
		kfree(r);
		return ERR_PTR(-ENOMEM);
	}
	init_completion(&r->started);
	task = kthread_create_on_node(thread_fn, r, node, "dlil/%s", name);
	if (IS_ERR(task)) {
		free_cpumask_var(r->allowed);
		kfree(r);
		/* Too many tasks: -EAGAIN would mean that a detach is not over. */
		return PTR_ERR(task) == -EAGAIN ? ERR_PTR(-ENOMEM) : ERR_CAST(task);
	}
	r->task = get_task_struct(task);
	wake_up_process(task);
	wait_for_completion(&r->started);
	return r;
}

/* Free a runner whose task has ended. */
static void runner_free(struct dlil_runner *r)
{
	put_task_struct(r->task);
	free_cpumask_var(r->allowed);
	kfree(r);
}

/* End a runner that has never had a thread.  May sleep. */
static void runner_dismiss(struct dlil_runner *r)
{
	kthread_stop(r->task);
	runner_free(r);
}

/* Set up the thread @t of the runner. */
static void thread_own(struct dlil_thread *t, struct dlil_runner *r)
{
	t->runner = r;
	WRITE_ONCE(t->pid, task_pid_nr(r->task));
	/*
	 * Publish the task last, see turn_give().  Readers need no barrier, because they
	 * use the task only through this pointer.
	 */
	smp_store_release(&t->task, r->task);
}

/* Let a new runner, which has got the thread @t, serve it. */
static void thread_begin(struct dlil_thread *t, struct dlil_runner *r)
{
	/* Pairs with the acquire in runner_wait(). */
	smp_store_release(&r->thread, t);
	wake_up_process(r->task);
}

/* Give the new task the affinity and priority of its predecessor. */
static void task_resemble(struct task_struct *task, struct task_struct *former)
{
	set_cpus_allowed_ptr(task, &former->cpus_mask);
	set_user_nice(task, task_nice(former));
	/* Do not ask rt_task(), which is also true for a priority inherited by PI. */
	if (former->policy == SCHED_FIFO || former->policy == SCHED_RR)
		sched_set_fifo(task);
}

/* Row INP-2: name the thread after its ifnet. */
static void task_rename(struct task_struct *task, struct dlil_inq *q)
{
	struct dlil_ifnet *ifp = container_of(q, struct dlil_ifnet, inq);
	char name[IFNAMSIZ], comm[TASK_COMM_LEN] = "dlil/";

	dlil_ifnet_copy_name(ifp, name);
	strlcat(comm, name, sizeof(comm));
	task_lock(task);
	strscpy_pad(task->comm, comm, sizeof(task->comm));
	task_unlock(task);
	pr_info("dlil: %s now has an input thread of its own, because its callbacks blocked dlil/main\n",
		name);
}

/*
 * Hand the task of the main thread over to @q, whose turn has lasted too long,
 * unless that turn is over by now.  If another turn of @q has begun meanwhile, that one
 * is handed over, however short it is, which does no harm.
 */
static void turn_give(struct dlil_inq *q)
{
	struct dlil_thread *t = &dlil_main_thread;
	struct dlil_runner *runner, *former;

	runner = runner_new("main", NUMA_NO_NODE);
	if (IS_ERR(runner))
		return;
	if (cmpxchg(&turns.queue, q, NULL) != q) {
		runner_dismiss(runner);
		return;
	}
	former = t->runner;
	thread_init(&q->own, DLIL_CPU_SETTLED);
	thread_own(&q->own, former);
	task_rename(former->task, q);
	task_resemble(runner->task, former->task);
	/*
	 * Publish q->thread before the new task: a producer that finds that
	 * task may wake it, and the task must not serve this queue.  Pairs with
	 * the acquire in turn_is_given().
	 */
	smp_store_release(&q->thread, &q->own);
	thread_own(t, runner);
	/*
	 * wake_up_var() checks for waiters without a lock, so it needs a full
	 * barrier before it.  It uses the address as a key only: the ifnet may
	 * be freed from here on.
	 */
	smp_mb();
	wake_up_var(&q->thread);
	thread_begin(t, runner);
}

/*
 * Check for a turn that lasts too long, every TURN_LOOK until the main thread is
 * asleep.  If this work finds the thread asleep and stops, the thread finds the
 * work not pending when it wakes up, and queues it again, see turns_watch().
 */
static void turn_look(struct work_struct *work)
{
	/* Pairs with the release in turns_take(): @count is not older than @q. */
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

/* Stop the thread, which first makes passes until its lists are empty. */
static void thread_stop(struct dlil_thread *t)
{
	kthread_stop(t->task);
	dlil_gather_end(&t->gather);
	/* Only now: the timer wakes the task. */
	runner_free(t->runner);
	t->runner = NULL;
	t->task = NULL;
}

/*
 * Hand @flush to the thread of @q, or to the main thread if @q is NULL.  If a
 * shared queue has its own thread by now, the main thread passes the flush on.
 */
static void inq_flush(struct dlil_inq *q, struct dlil_flush *flush)
{
	struct dlil_thread *t = !q || q->shared ? &dlil_main_thread : &q->own;

	flush->queue = q;
	rcu_read_lock();
	llist_add(&flush->node, &t->flush);
	if (READ_ONCE(t->asleep))
		wake_up_process(READ_ONCE(t->task));
	rcu_read_unlock();
}

/**
 * dlil_inq_flush - call a function behind all packets queued so far
 * @ifp: ifnet, with an I/O reference that the caller keeps until this returns;
 *	the final detach waits for the call
 * @flush: the call
 *
 * Context: any but hard interrupts.
 */
void dlil_inq_flush(struct dlil_ifnet *ifp, struct dlil_flush *flush)
{
	inq_flush(&ifp->inq, flush);
}
EXPORT_SYMBOL_FOR_TEST(dlil_inq_flush);

/*
 * Let the main thread call a function behind all queues and calls that it has
 * got so far (INP-7).  Any context but hard interrupts.
 */
void dlil_thread_call_main(struct dlil_flush *flush)
{
	inq_flush(NULL, flush);
}

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

static bool has_own_thread(enum dlil_ifnet_family kind)
{
	return READ_ONCE(dlil_multi_threaded_input) &&
	       (kind == DLIL_IFNET_ETHERNET || kind == DLIL_IFNET_CELLULAR);
}

/**
 * dlil_runner_new - create the task for the input thread of an ifnet (INP-2)
 * @kind: interface family of the ifnet
 * @name: name of the ifnet
 * @node: memory node of its device, or NUMA_NO_NODE
 *
 * Waits until the task runs, which may take long when the processors are busy.
 *
 * Context: process; may sleep.  The caller should hold no lock (LNX-13).
 * Return: a runner; NULL if the ifnet shares the main thread; or an error pointer,
 * which is -ENOMEM, or -EINTR if the caller was killed.
 */
struct dlil_runner *dlil_runner_new(enum dlil_ifnet_family kind,
				    const char *name, int node)
{
	return has_own_thread(kind) ? runner_new(name, node) : NULL;
}

/* Free a runner, NULL or an error pointer, without a thread to serve.  May sleep. */
void dlil_runner_free(struct dlil_runner *runner)
{
	if (!IS_ERR_OR_NULL(runner))
		runner_dismiss(runner);
}

/*
 * Set up the queue of an ifnet before its attach (INP-2, INP-5).  Its own thread gets
 * @runner; without one, the main thread serves it.
 */
void dlil_inq_start(struct dlil_ifnet *ifp, struct dlil_runner *runner)
{
	struct dlil_inq *q = &ifp->inq;

	init_llist_head(&q->head);
	q->max_packets = READ_ONCE(dlil_rcvq_limit);
	q->max_bytes = READ_ONCE(dlil_rcvq_bytes);
	seqcount_init(&q->limits);
	atomic64_set(&q->room, dlil_inq_limits(q) - DLIL_INQ_CLOSED);
	ifp->filtered = false;
	q->shared = !runner;
	q->goes_first = ifp->kind == DLIL_IFNET_LOOPBACK;
	WRITE_ONCE(q->thread, runner ? &q->own : &dlil_main_thread);
	if (!runner)
		return;
	thread_init(&q->own, READ_ONCE(dlil_net_affinity) ? DLIL_CPU_OPEN :
							    DLIL_CPU_SETTLED);
	thread_own(&q->own, runner);
	thread_begin(&q->own, runner);
}

/*
 * Make the thread release an ifnet for which no packet can be queued any more
 * (IFN-5).  The ifnet's own thread is in no callback, so wait until it has freed
 * the queued packets and stopped.  The main thread may be in a callback of
 * another ifnet, so let it call @flush.  Returns true if the thread has released
 * the ifnet, false if it will call @flush.  May sleep.
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
 * Stop the ifnet's own thread if turn_give() made one: dlil_inq_stop() has
 * stopped any other.  The thread has released the queue and is in no callback.
 * May sleep.
 */
void dlil_inq_end(struct dlil_ifnet *ifp)
{
	struct dlil_inq *q = &ifp->inq;

	if (q->shared && q->thread == &q->own)
		thread_stop(&q->own);
	if (READ_ONCE(dlil_input_sanity_check) &&
	    atomic64_read(&q->room) != dlil_inq_limits(q) - DLIL_INQ_CLOSED)
		pr_warn_once("dlil: %s counted packets that were not in its queue\n",
			     ifp->name);
}

/*
 * Returns the process id, in the initial pid namespace, of the task that serves
 * an ifnet, or 0 if the ifnet has never been attached.  The task may have ended
 * by now.
 */
pid_t dlil_inq_task(const struct dlil_ifnet *ifp)
{
	const struct dlil_thread *t = READ_ONCE(ifp->inq.thread);

	return t ? READ_ONCE(t->pid) : 0;
}
EXPORT_SYMBOL_FOR_TEST(dlil_inq_task);

/*
 * Returns the process id of the task that serves an ifnet, as seen by the current
 * task.  Other pid namespaces see 0, because kernel threads have no id there.
 */
pid_t dlil_inq_pid(const struct dlil_ifnet *ifp)
{
	return task_active_pid_ns(current) == &init_pid_ns ?
	       dlil_inq_task(ifp) : 0;
}

/**
 * dlil_input_flush - wait until all packets queued so far have been processed
 * @ifp: ifnet
 *
 * Context: process; may sleep.  The caller must hold no lock that a callback on
 * @ifp may take, so never RTNL.
 * Return: 0; -ENXIO if the ifnet is not attached; -EDEADLK in a callback;
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
	struct dlil_runner *runner;

	dlil_call_thread_fn = thread_fn;
	dlil_gather_module_init();
	runner = runner_new("main", NUMA_NO_NODE);
	if (IS_ERR(runner))
		return PTR_ERR(runner);
	thread_init(&dlil_main_thread, DLIL_CPU_SETTLED);
	thread_own(&dlil_main_thread, runner);
	thread_begin(&dlil_main_thread, runner);
	return 0;
}

void dlil_thread_module_exit(void)
{
	thread_stop(&dlil_main_thread);
	/*
	 * The thread has stopped, so nobody queues the work, and no turn is in
	 * flight.
	 */
	cancel_delayed_work_sync(&turn_work);
}
