// SPDX-License-Identifier: GPL-2.0
/*
 * Debugging aids: reports who holds references to ifnets, and which callbacks do
 * not return.
 *
 * /sys/kernel/debug/dlil/refs: who attached and detached each ifnet (IFN-3, IFN-4), and
 * where references were taken and dropped (IFN-7).
 *
 * References are recorded with the parameter ifnet_debug only.  Otherwise the recording
 * is a static branch that is off.  Addresses are shown as symbols or not at all.
 */
#include <linux/debugfs.h>
#include <linux/jiffies.h>
#include <linux/kallsyms.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/seq_file.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "dlil_filter.h"
#include "dlil_ifnet.h"
#include "dlil_input.h"
#include "dlil_output.h"
#include "dlil_proto.h"

static struct dentry *debug_dir;

/*
 * Set ifnet_debug.  An ifnet created meanwhile sees the key, or the walk finds
 * it.
 */
void dlil_debug_enable(bool on)
{
	if (on) {
		static_branch_enable(&dlil_debug_key);
		dlil_ifnet_for_each(dlil_debug_alloc, NULL);
	} else {
		static_branch_disable(&dlil_debug_key);
	}
}
EXPORT_SYMBOL_FOR_TEST(dlil_debug_enable);

/* %pS falls back to an address if the module is gone; print "(gone)" instead. */
static void show_entry(struct seq_file *m, unsigned long entry)
{
	char text[KSYM_SYMBOL_LEN];

	snprintf(text, sizeof(text), "%pS", (void *)entry);
	seq_printf(m, "    %s\n", strncmp(text, "0x", 2) ? text : "(gone)");
}

static void show_trace(struct seq_file *m, const char *what,
		       const struct dlil_trace *trace)
{
	unsigned int i;

	seq_printf(m, "  %s by\n", what);
	for (i = 0; i < trace->n; i++)
		show_entry(m, trace->entries[i]);
}

/* Show the newest first. */
static void show_debug(struct seq_file *m, struct dlil_debug *debug)
{
	static const char * const names[] = {
		[DLIL_DEBUG_TAKEN] = "taken",
		[DLIL_DEBUG_DROPPED] = "dropped",
	};
	unsigned int what, i, n;
	unsigned long flags;
	struct dlil_trace trace;

	for (what = 0; what < DLIL_DEBUG_WHATS; what++) {
		n = READ_ONCE(debug->n[what]);
		for (i = 1; i <= min_t(unsigned int, n, DLIL_DEBUG_LAST); i++) {
			spin_lock_irqsave(&debug->lock, flags);
			trace = debug->traces[what][(n - i) % DLIL_DEBUG_LAST];
			spin_unlock_irqrestore(&debug->lock, flags);
			show_trace(m, names[what], &trace);
		}
	}
}

/* Show the stack of the last attach or detach, if there was one. */
static void show_stack(struct seq_file *m, const char *what,
		       const struct dlil_trace *stack)
{
	struct dlil_trace trace;

	mutex_lock(&dlil_ifnets_lock);
	trace = *stack;
	mutex_unlock(&dlil_ifnets_lock);
	if (trace.n)
		show_trace(m, what, &trace);
}

/* Show one ifnet; do not count the reference of the reader itself. */
int dlil_debug_show(struct seq_file *m, void *v)
{
	struct dlil_ifnet *ifp = v;
	char name[IFNAMSIZ];

	dlil_ifnet_copy_name(ifp, name);
	seq_printf(m, "%s: index %u, references %u, attaches %u%s\n",
		   *name ? name : "?", READ_ONCE(ifp->ifindex),
		   refcount_read(&ifp->refs) - 1, READ_ONCE(ifp->lives),
		   READ_ONCE(ifp->in_use) ? "" : ", kept for reuse");
	if (ifp->debug)
		show_debug(m, ifp->debug);
	show_stack(m, "attached", &ifp->attached_by);
	show_stack(m, "detached", &ifp->detached_by);
	return 0;
}
EXPORT_SYMBOL_FOR_TEST(dlil_debug_show);

/* The list ends with NULL, which also ends the iteration. */
static void *refs_at(struct seq_file *m, loff_t pos)
{
	struct dlil_ifnet **list = m->private;
	loff_t i;

	for (i = 0; i < pos && list[i]; i++)
		;
	return list[i];
}

static void *refs_start(struct seq_file *m, loff_t *pos)
{
	return refs_at(m, *pos);
}

static void *refs_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct dlil_ifnet **list = m->private;

	return list[++*pos];
}

static void refs_stop(struct seq_file *m, void *v)
{
}

static const struct seq_operations refs_ops = {
	.start = refs_start,
	.next = refs_next,
	.stop = refs_stop,
	.show = dlil_debug_show,
};

/*
 * Take a reference to each ifnet, including those kept for reuse, because
 * printing takes long and must not hold a lock.
 */
static int refs_open(struct inode *inode, struct file *file)
{
	struct dlil_ifnet **list = dlil_ifnet_known_get();
	int err;

	if (!list)
		return -ENOMEM;
	err = seq_open(file, &refs_ops);
	if (err)
		dlil_ifnet_known_put(list);
	else
		((struct seq_file *)file->private_data)->private = list;
	return err;
}

static int refs_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;

	dlil_ifnet_known_put(m->private);
	return seq_release(inode, file);
}

static const struct file_operations refs_fops = {
	.owner = THIS_MODULE,
	.open = refs_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = refs_release,
};

/* Packets without an ifnet, by what became of them. */
static int input_show(struct seq_file *m, void *v)
{
	struct dlil_account account;
	int i;

	dlil_inject_read(&account);
	seq_printf(m, "seen %llu delivered %llu freed %llu\n", account.seen,
		   account.delivered, account.freed);
	for (i = 0; i < DLIL_DROP_MAX; i++)
		if (account.drops[i])
			seq_printf(m, "drop %d %llu\n", i, account.drops[i]);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(input);

/* A kernel without debugfs is not an error. */
int dlil_debug_module_init(void)
{
	debug_dir = debugfs_create_dir("dlil", NULL);
	debugfs_create_file("refs", 0400, debug_dir, NULL, &refs_fops);
	debugfs_create_file("input", 0400, debug_dir, NULL, &input_fops);
	return 0;
}

void dlil_debug_module_exit(void)
{
	debugfs_remove(debug_dir);
}

/*
 * Overdue callbacks: which callback has not returned, and for how long (LNX-13,
 * IFN-14).
 *
 * Tasks that deliver events, make requests or end something record each call,
 * see dlil_call.c.  That would cost the input thread too much.  The thread only
 * stores its position: the number of its batch, the packet, and the filter or
 * protocol that has it.  If two looks, some seconds apart, find the same
 * position, it is still the same call.  A look finds the filter by its
 * reference and the protocol by its address, both under RCU: they are freed a
 * grace period after the input thread has left the batch in which it called
 * them.
 *
 * A single work does the looks, for all recorded tasks and for all ifnets that
 * have a filter or protocol whose input may sleep, or that are being detached.
 * Otherwise the work does not run.  A look at an ifnet compares four words.
 *
 * look_lock guards the results of the last look at each ifnet.
 */

#define OVERDUE		(5 * HZ)
#define OVERDUE_AGAIN	(30 * HZ)
#define DETACH_OVERDUE	(10 * HZ)

static DEFINE_MUTEX(look_lock);

/* Start or stop watching the detach of @ifp.  May sleep. */
void dlil_look_detach(struct dlil_ifnet *ifp, bool detaching)
{
	struct dlil_look *w = &ifp->look;

	mutex_lock(&look_lock);
	w->detaching = detaching;
	if (detaching) {
		w->detach_since = jiffies;
		w->detach_told = 0;
	}
	mutex_unlock(&look_lock);
	if (detaching)
		dlil_look_get(ifp);
	else
		dlil_look_put(ifp);
}

/* Is the input thread still in the same callback as at the last look? */
static bool input_stays(struct dlil_ifnet *ifp)
{
	struct dlil_reader *reader = &ifp->inq.reader;
	struct dlil_look *w = &ifp->look;
	struct dlil_place now;
	unsigned long seq;

	lockdep_assert_held(&look_lock);

	seq = READ_ONCE(reader->seq);
	now.filter = READ_ONCE(reader->place.filter);
	now.skb = READ_ONCE(reader->place.skb);
	now.proto = READ_ONCE(reader->place.proto);
	if (seq & 1 && seq == w->seq && now.filter == w->place.filter &&
	    now.skb == w->place.skb && now.proto == w->place.proto)
		return now.filter || now.proto;
	w->seq = seq;
	w->place = now;
	w->since = jiffies;
	w->told = 0;
	return false;
}

/* Get the task of the input thread, which may have ended by now. */
static void fill_task(struct dlil_ifnet *ifp, struct dlil_overdue *o)
{
	struct task_struct *task;

	o->pid = dlil_inq_task(ifp);
	o->comm[0] = '\0';
	rcu_read_lock();
	task = pid_task(find_pid_ns(o->pid, &init_pid_ns), PIDTYPE_PID);
	if (task)
		strscpy(o->comm, task->comm, sizeof(o->comm));
	rcu_read_unlock();
}

/* Get the filter or protocol that has a packet; false if it is gone by now. */
static bool fill_party(const struct dlil_reader *reader, struct dlil_overdue *o)
{
	const struct dlil_proto *proto;
	bool found = true;

	rcu_read_lock();
	proto = READ_ONCE(reader->place.proto);
	if (proto) {
		o->party = DLIL_PARTY_PROTO;
		strscpy(o->name, proto->name, sizeof(o->name));
	} else {
		o->party = DLIL_PARTY_FILTER;
		found = dlil_filter_name(READ_ONCE(reader->place.filter),
					 o->name);
	}
	rcu_read_unlock();
	return found;
}

/* Is the input thread in an overdue callback?  If so, fill in @o. */
static bool input_overdue(struct dlil_ifnet *ifp, struct dlil_overdue *o)
{
	struct dlil_look *w = &ifp->look;

	if (!input_stays(ifp) || time_before(jiffies, w->since + OVERDUE))
		return false;
	strscpy(o->ifname, ifp->name, sizeof(o->ifname));
	o->callback = DLIL_CALLBACK_INPUT;
	o->seconds = (jiffies - w->since) / HZ;
	fill_task(ifp, o);
	/*
	 * Check again: if the thread has returned meanwhile, @o has another
	 * callback.
	 */
	return fill_party(&ifp->inq.reader, o) && input_stays(ifp);
}

/**
 * dlil_overdue_get - get the overdue callbacks of an ifnet
 * @ifp: ifnet, referenced
 * @o: array that receives them
 * @max: size of @o
 *
 * Row LNX-13.
 *
 * Context: process; may sleep, waits for no callback.
 * Return: number of callbacks in @o.
 */
unsigned int dlil_overdue_get(struct dlil_ifnet *ifp, struct dlil_overdue *o,
			      unsigned int max)
{
	unsigned int n;

	mutex_lock(&look_lock);
	n = max && input_overdue(ifp, o);
	mutex_unlock(&look_lock);
	return n + dlil_call_overdue(ifp, OVERDUE, 0, o + n, max - n);
}
EXPORT_SYMBOL_FOR_TEST(dlil_overdue_get);

const char *dlil_party_name(enum dlil_party party)
{
	static const char * const names[] = {
		[DLIL_PARTY_NONE] = "",
		[DLIL_PARTY_FILTER] = "filter",
		[DLIL_PARTY_PROTO] = "protocol",
		[DLIL_PARTY_DRIVER] = "driver",
		[DLIL_PARTY_TAP] = "tap",
		[DLIL_PARTY_PLUMBER] = "plumber",
	};

	return names[party];
}

const char *dlil_callback_name(enum dlil_callback callback)
{
	static const char * const names[] = {
		[DLIL_CALLBACK_NONE] = "",
		[DLIL_CALLBACK_INPUT] = "input",
		[DLIL_CALLBACK_EVENT] = "event",
		[DLIL_CALLBACK_IOCTL] = "ioctl",
		[DLIL_CALLBACK_RESOLVE_MULTI] = "resolve_multi",
		[DLIL_CALLBACK_DETACHED] = "detached",
		[DLIL_CALLBACK_FREE] = "free",
		[DLIL_CALLBACK_ATTACH] = "attach",
		[DLIL_CALLBACK_DETACH] = "detach",
	};

	return names[callback];
}

static void tell(const struct dlil_overdue *o)
{
	pr_warn("dlil: %s: %s of %s%s%s has not returned for %u s (task %s, pid %d)\n",
		o->ifname, dlil_callback_name(o->callback),
		dlil_party_name(o->party), *o->name ? " " : "", o->name,
		o->seconds, o->comm, o->pid);
}

static bool is_due(unsigned long told)
{
	return !told || time_after_eq(jiffies, told + OVERDUE_AGAIN);
}

/*
 * An ifnet that shares its input thread also waits for callbacks of the others.
 * Returns false if none of these is overdue.
 */
static bool other_overdue(const struct dlil_ifnet *ifp,
			  struct dlil_ifnet **all, struct dlil_overdue *o)
{
	lockdep_assert_held(&look_lock);

	for (; *all; all++)
		if (*all != ifp &&
		    READ_ONCE((*all)->inq.thread) == READ_ONCE(ifp->inq.thread) &&
		    input_overdue(*all, o))
			return true;
	return false;
}

/* Row IFN-14: log the callback that a detach waits for. */
static void tell_detach(struct dlil_ifnet *ifp, struct dlil_ifnet **all)
{
	struct dlil_look *w = &ifp->look;
	struct dlil_overdue o = {};

	if (!w->detaching || !is_due(w->detach_told) ||
	    time_before(jiffies, w->detach_since + DETACH_OVERDUE))
		return;
	w->detach_told = jiffies ?: 1;
	pr_warn("dlil: %s has been detaching for %lu s, I/O references: %ld\n",
		ifp->name, (jiffies - w->detach_since) / HZ,
		compat_ref_count(&ifp->io));
	/*
	 * Name the callback as well, whose own log message repeats every 30 s
	 * only.
	 */
	if (input_overdue(ifp, &o) ||
	    dlil_call_overdue(ifp, OVERDUE, 0, &o, 1) ||
	    other_overdue(ifp, all, &o)) {
		tell(&o);
		return;
	}
	fill_task(ifp, &o);
	pr_warn("dlil: %s: no callback is known to sleep (input thread %s, pid %d)\n",
		ifp->name, o.comm, o.pid);
}

static void look_at(struct dlil_ifnet *ifp, struct dlil_ifnet **all)
{
	struct dlil_overdue o = {};

	if (input_overdue(ifp, &o) && is_due(ifp->look.told)) {
		ifp->look.told = jiffies ?: 1;
		tell(&o);
	}
	tell_detach(ifp, all);
}

/* Returns true if another look is necessary. */
static bool look_at_all(void)
{
	struct dlil_ifnet **all = dlil_ifnet_known_get(), **ifp;
	bool again = false;

	/* Memory is short: try again at the next look. */
	if (!all)
		return true;
	mutex_lock(&look_lock);
	for (ifp = all; *ifp; ifp++)
		if (atomic_read(&(*ifp)->look.users)) {
			look_at(*ifp, all);
			again = true;
		}
	mutex_unlock(&look_lock);
	dlil_ifnet_known_put(all);
	return again;
}

static void look_work(struct work_struct *work)
{
	struct dlil_overdue o[DLIL_OVERDUE_MAX];
	bool again = look_at_all();
	unsigned int i, n;

	/* Further ones are logged at the next look. */
	n = dlil_call_overdue(NULL, OVERDUE, OVERDUE_AGAIN, o, ARRAY_SIZE(o));
	for (i = 0; i < n; i++)
		tell(&o[i]);
	if (again || dlil_call_any())
		dlil_look_arm();
}

int dlil_overdue_module_init(void)
{
	dlil_look_init(look_work);
	return 0;
}

/* No ifnet is attached and no task is in a callback, so nothing arms the work. */
void dlil_overdue_module_exit(void)
{
	dlil_look_exit();
}
