// SPDX-License-Identifier: GPL-2.0
/*
 * Deliberate bugs, triggered by writing their name to the parameter `bug`.
 * scripts/test-debug.sh does that on each debug kernel and expects a report, to
 * prove that the checkers work.  Also makes allocations fail while dlil is
 * being loaded, which cannot be done otherwise.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#define PLANTED_SIZE	48

/* Several, because a register or stale stack slot may still point to one. */
#define PLANTED_LEAKS	8

/* Racing accesses by each of two threads. */
#define PLANTED_RACES	2000000

static noinline void planted_use_after_free(void)
{
	u8 *gone = kzalloc(PLANTED_SIZE, GFP_KERNEL);

	kfree(gone);
	/* Hide the bug from the compiler. */
	OPTIMIZER_HIDE_VAR(gone);
	if (gone)
		WRITE_ONCE(gone[PLANTED_SIZE / 2], 1);
}

static DEFINE_MUTEX(planted_a);
static DEFINE_MUTEX(planted_b);

/* Nothing deadlocks: lockdep must complain about the order. */
static noinline void planted_inversion(void)
{
	mutex_lock(&planted_a);
	mutex_lock(&planted_b);
	mutex_unlock(&planted_b);
	mutex_unlock(&planted_a);

	mutex_lock(&planted_b);
	mutex_lock(&planted_a);
	mutex_unlock(&planted_a);
	mutex_unlock(&planted_b);
}

static noinline void planted_leak(void)
{
	void *lost;
	int i;

	for (i = 0; i < PLANTED_LEAKS; i++) {
		lost = kzalloc(PLANTED_SIZE, GFP_KERNEL);
		/* Keep the compiler from removing it. */
		OPTIMIZER_HIDE_VAR(lost);
	}
}

static DEFINE_SPINLOCK(planted_lock);

static noinline void planted_atomic(void)
{
	void *p;

	spin_lock(&planted_lock);
	p = kmalloc(PLANTED_SIZE, GFP_KERNEL);
	spin_unlock(&planted_lock);
	kfree(p);
}

static unsigned long planted_count;
static struct completion planted_over;

static int planted_racer(void *arg)
{
	int i;

	for (i = 0; i < PLANTED_RACES; i++) {
		planted_count++;
		/* Keep the compiler from merging all additions. */
		barrier();
		if (!(i % 1024))
			cond_resched();
	}
	complete(&planted_over);
	return 0;
}

static noinline void planted_race(void)
{
	struct task_struct *task;
	int i;

	init_completion(&planted_over);
	for (i = 0; i < 2; i++) {
		task = kthread_run(planted_racer, NULL, "planted/%d", i);
		if (IS_ERR(task))
			complete(&planted_over);
	}
	for (i = 0; i < 2; i++)
		wait_for_completion(&planted_over);
}

static const struct {
	const char *name;
	void (*plant)(void);
} planted[] = {
	{ "use-after-free", planted_use_after_free },
	{ "inversion", planted_inversion },
	{ "leak", planted_leak },
	{ "atomic", planted_atomic },
	{ "race", planted_race },
};

static int plant(const char *val, const struct kernel_param *kp)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(planted); i++)
		if (sysfs_streq(val, planted[i].name)) {
			planted[i].plant();
			return 0;
		}
	return -EINVAL;
}

static const struct kernel_param_ops plant_ops = {
	.set = plant,
};

module_param_cb(bug, &plant_ops, NULL, 0200);
MODULE_PARM_DESC(bug, "what to do: use-after-free, inversion, leak, atomic or race");

static unsigned int load_fails;
module_param(load_fails, uint, 0600);
MODULE_PARM_DESC(load_fails, "which allocation fails while dlil is loaded, 0 for none; then how many there were too few");

static int (*dlil_init)(void);

static int failing_init(void)
{
	int err;

#ifdef CONFIG_FAULT_INJECTION
	current->fail_nth = load_fails;
#endif
	err = dlil_init();
#ifdef CONFIG_FAULT_INJECTION
	load_fails = current->fail_nth;
	current->fail_nth = 0;
#endif
	return err;
}

/* The kernel's loader allocates before this point, and must not fail. */
static int planted_notify(struct notifier_block *nb, unsigned long state,
			  void *data)
{
	struct module *mod = data;

	if (state == MODULE_STATE_COMING && load_fails &&
	    !strcmp(mod->name, "dlil")) {
		dlil_init = mod->init;
		mod->init = failing_init;
	}
	return NOTIFY_DONE;
}

static struct notifier_block planted_notifier = {
	.notifier_call = planted_notify,
};

static int __init planted_init(void)
{
	return register_module_notifier(&planted_notifier);
}

static void __exit planted_exit(void)
{
	unregister_module_notifier(&planted_notifier);
}

module_init(planted_init);
module_exit(planted_exit);
MODULE_DESCRIPTION("Bugs on purpose, for the checks of the debug kernels");
MODULE_LICENSE("GPL");
