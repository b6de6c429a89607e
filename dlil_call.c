// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that are inside callbacks, and what a CPU or task is sending.
 *
 * Listed are tasks that call callbacks other than those for packets: `event`, `ioctl`,
 * `detached` and so on.  Such a task must not wait for callbacks (FLT-7), and
 * is reported if a callback takes long (LNX-13).
 *
 * calls_lock guards the list and its members.  The task holds the filter or
 * protocol named there until dlil_call_leave().
 */
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#include "dlil_call.h"
#include "dlil_export.h"
#include "dlil_ifnet.h"

#define LOOK_INTERVAL	(5 * HZ / 2)

int (*dlil_call_thread_fn)(void *data);
EXPORT_SYMBOL_FOR_TEST(dlil_call_thread_fn);

/* The work of dlil_debug.c, which checks for overdue callbacks. */
static struct delayed_work look;

static LIST_HEAD(calls);
static DEFINE_SPINLOCK(calls_lock);

void dlil_look_init(work_func_t fn)
{
	INIT_DELAYED_WORK(&look, fn);
}

void dlil_look_exit(void)
{
	cancel_delayed_work_sync(&look);
}

/* Start the checks.  Any context but hard interrupts. */
void dlil_look_arm(void)
{
	if (!delayed_work_pending(&look))
		queue_delayed_work(system_unbound_wq, &look, LOOK_INTERVAL);
}

/* Count a filter or protocol of @ifp whose input may sleep. */
void dlil_look_get(struct dlil_ifnet *ifp)
{
	atomic_inc(&ifp->look.users);
	/*
	 * Pairs with the work, which is not pending any more when it reads
	 * @users.
	 */
	smp_mb__after_atomic();
	dlil_look_arm();
}

void dlil_look_put(struct dlil_ifnet *ifp)
{
	atomic_dec(&ifp->look.users);
}

/* The task may call callbacks until dlil_call_end().  Process context. */
void dlil_call_begin(struct dlil_call *call, struct dlil_ifnet *ifp)
{
	call->task = current;
	call->ifp = ifp;
	call->party = DLIL_PARTY_NONE;
	call->why = NULL;
	spin_lock(&calls_lock);
	list_add(&call->list, &calls);
	spin_unlock(&calls_lock);
	dlil_look_arm();
}

void dlil_call_end(struct dlil_call *call)
{
	spin_lock(&calls_lock);
	list_del(&call->list);
	spin_unlock(&calls_lock);
}

/* A callback runs until dlil_call_leave(). */
void dlil_call_enter(struct dlil_call *call, enum dlil_party party,
		     enum dlil_callback callback, const char *name)
{
	spin_lock(&calls_lock);
	call->party = party;
	call->callback = callback;
	call->name = name;
	call->since = jiffies;
	call->told = 0;
	spin_unlock(&calls_lock);
}

void dlil_call_leave(struct dlil_call *call)
{
	dlil_call_enter(call, DLIL_PARTY_NONE, DLIL_CALLBACK_NONE, NULL);
}

/*
 * The driver says why it refuses the control request that the current task makes.  A
 * request may be made inside another one: the last one is meant, which is first in the
 * list.
 */
void dlil_call_why(const char *format, ...)
{
	struct dlil_call *call;
	char *why = NULL;
	va_list ap;

	spin_lock(&calls_lock);
	list_for_each_entry(call, &calls, list)
		if (call->task == current) {
			why = call->why;
			break;
		}
	spin_unlock(&calls_lock);
	if (!why)
		return;
	va_start(ap, format);
	vscnprintf(why, DLIL_WHY_MAX, format, ap);
	va_end(ap);
}

/* Is the current task in the list?  Only task context can be, or could wait. */
static bool call_is_current(void)
{
	struct dlil_call *call;
	bool found = false;

	if (!in_task())
		return false;
	spin_lock(&calls_lock);
	list_for_each_entry(call, &calls, list)
		if (call->task == current)
			found = true;
	spin_unlock(&calls_lock);
	return found;
}

/* Is the current task an input thread, of any ifnet? */
static bool input_is_current(void)
{
	return current->flags & PF_KTHREAD &&
	       kthread_func(current) == dlil_call_thread_fn;
}

bool dlil_output_is_current(void)
{
	const struct dlil_sender *s;

	if (!in_softirq())
		return false;
	s = dlil_sender_current();
	return s && s->depth;
}

/*
 * Could a wait for callbacks deadlock here?  It could wait for the current
 * callback, or for a callback of another ifnet that in turn waits for this one.
 */
bool dlil_in_callback(void)
{
	return input_is_current() || dlil_output_is_current() ||
	       call_is_current();
}

bool dlil_call_any(void)
{
	return !list_empty_careful(&calls);
}

/* A callback in flight keeps its ifnet from being freed. */
static void fill(struct dlil_overdue *o, const struct dlil_call *call)
{
	strscpy(o->ifname, call->ifp->name, sizeof(o->ifname));
	o->party = call->party;
	o->callback = call->callback;
	strscpy(o->name, call->name ?: "", sizeof(o->name));
	o->seconds = (jiffies - call->since) / HZ;
	o->pid = task_pid_nr(call->task);
	strscpy(o->comm, call->task->comm, sizeof(o->comm));
}

/*
 * Report callbacks of @ifp, or of all ifnets if @ifp is NULL, that have run for
 * @age jiffies: the first @max of them to @o.  If @again is not 0, skip
 * callbacks that were reported this way within the last @again jiffies.
 * Returns the number of reports.
 */
unsigned int dlil_call_overdue(const struct dlil_ifnet *ifp, unsigned long age,
			       unsigned long again, struct dlil_overdue *o,
			       unsigned int max)
{
	struct dlil_call *call;
	unsigned int n = 0;

	spin_lock(&calls_lock);
	list_for_each_entry(call, &calls, list) {
		if (n == max)
			break;
		if (!call->party || (ifp && call->ifp != ifp) ||
		    time_before(jiffies, call->since + age) ||
		    (again && call->told &&
		     time_before(jiffies, call->told + again)))
			continue;
		if (again)
			call->told = jiffies ?: 1;
		fill(&o[n++], call);
	}
	spin_unlock(&calls_lock);
	return n;
}

/* Senders that belong to tasks; dlil_call.h says when they do. */

DEFINE_PER_CPU(struct dlil_sender, dlil_sender_of_cpu);

/* Senders of the tasks that send on this CPU; preemption disabled. */
static DEFINE_PER_CPU(struct hlist_head, senders);

#ifdef DLIL_TESTED
bool dlil_sender_by_task = IS_ENABLED(CONFIG_PREEMPT_RT);
EXPORT_SYMBOL_FOR_TEST(dlil_sender_by_task);
EXPORT_PER_CPU_SYMBOL_GPL(dlil_sender_of_cpu);
#endif

static struct dlil_sender *find(void)
{
	struct dlil_sender *s;

	hlist_for_each_entry(s, this_cpu_ptr(&senders), node)
		if (s->task == current)
			return s;
	return NULL;
}

/* The sender of this task, or NULL.  The task must not migrate while it uses it. */
struct dlil_sender *dlil_sender_find(void)
{
	struct dlil_sender *s;

	preempt_disable();
	s = find();
	preempt_enable();
	return s;
}
EXPORT_SYMBOL_FOR_TEST(dlil_sender_find);

/* Returns the sender of this task, which becomes @own if it had none. */
struct dlil_sender *dlil_sender_join(struct dlil_sender *own)
{
	struct dlil_sender *s;

	preempt_disable();
	s = find();
	if (!s) {
		s = own;
		s->depth = 0;
		s->skb = NULL;
		s->task = current;
		hlist_add_head(&s->node, this_cpu_ptr(&senders));
	}
	preempt_enable();
	return s;
}
EXPORT_SYMBOL_FOR_TEST(dlil_sender_join);

/* Must be called on the CPU of dlil_sender_join(). */
void dlil_sender_remove(struct dlil_sender *s)
{
	preempt_disable();
	hlist_del(&s->node);
	preempt_enable();
}
EXPORT_SYMBOL_FOR_TEST(dlil_sender_remove);
