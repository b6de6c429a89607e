// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/dlil/refs: where references were taken and dropped (IFN-7).
 *
 * With the parameter ifnet_debug, each ifnet records the last stack traces.
 * Otherwise the recording is a static branch that is off.  Addresses are shown
 * as symbols or not at all.
 */
#include <linux/debugfs.h>
#include <linux/kallsyms.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "dlil_debug.h"
#include "dlil_ifnet.h"
#include "dlil_inject.h"

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

/* Show the newest first; of attaches and detaches only the newest. */
static void show_debug(struct seq_file *m, struct dlil_debug *debug)
{
	static const char * const names[] = {
		[DLIL_DEBUG_TAKEN] = "taken",
		[DLIL_DEBUG_DROPPED] = "dropped",
		[DLIL_DEBUG_ATTACHED] = "attached",
		[DLIL_DEBUG_DETACHED] = "detached",
	};
	unsigned int what, i, n, last;
	unsigned long flags;
	struct dlil_trace trace;

	for (what = 0; what < DLIL_DEBUG_WHATS; what++) {
		last = what < DLIL_DEBUG_ATTACHED ? DLIL_DEBUG_LAST : 1;
		n = READ_ONCE(debug->n[what]);
		for (i = 1; i <= min(n, last); i++) {
			spin_lock_irqsave(&debug->lock, flags);
			trace = debug->traces[what][(n - i) % DLIL_DEBUG_LAST];
			spin_unlock_irqrestore(&debug->lock, flags);
			show_trace(m, names[what], &trace);
		}
	}
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
	struct dlil_flow flow;
	int i;

	dlil_inject_read(&flow);
	seq_printf(m, "seen %llu delivered %llu freed %llu\n", flow.seen,
		   flow.delivered, flow.freed);
	for (i = 0; i < DLIL_DROP_MAX; i++)
		if (flow.drops[i])
			seq_printf(m, "drop %d %llu\n", i, flow.drops[i]);
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
