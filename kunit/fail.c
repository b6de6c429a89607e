// SPDX-License-Identifier: GPL-2.0
/* Failure injection, see fail.h. */
#include <linux/sched.h>

#include "../dlil_export.h"
#include "compat.h"
#include "fail.h"

/* The task in which a call is to fail, and how many calls from now. */
static struct task_struct *failing;
static unsigned int calls_left;

/* The task that wants to know what may take long, and the device with a node. */
static struct task_struct *slow_task;
static void (*slow_hook)(enum dlil_slow what, int node);
static struct device *node_dev;
static int node_of_dev;

unsigned int dlil_preempt_asserts;
EXPORT_SYMBOL_FOR_TEST(dlil_preempt_asserts);
unsigned int dlil_preempt_faults;
EXPORT_SYMBOL_FOR_TEST(dlil_preempt_faults);
#ifndef CONFIG_PREEMPT_COUNT
int dlil_preempt_off;
EXPORT_SYMBOL_FOR_TEST(dlil_preempt_off);
#endif

/* The kernel seems to have no IPv6, see compat_nd_tbl(). */
bool dlil_without_ipv6;
EXPORT_SYMBOL_FOR_TEST(dlil_without_ipv6);

/* Is this the call that the test wants to fail? */
bool dlil_fails(void)
{
	if (likely(READ_ONCE(failing) != current) || !in_task())
		return false;
	return calls_left && !--calls_left;
}
EXPORT_SYMBOL_FOR_TEST(dlil_fails);

/* Make the @nth call from now on fail in this task.  One task at a time. */
void dlil_fail_begin(unsigned int nth)
{
	calls_left = nth;
	WRITE_ONCE(failing, current);
}
EXPORT_SYMBOL_FOR_TEST(dlil_fail_begin);

/* Stop.  Returns whether the call was reached. */
bool dlil_fail_end(void)
{
	WRITE_ONCE(failing, NULL);
	return !calls_left;
}
EXPORT_SYMBOL_FOR_TEST(dlil_fail_end);

/* Called before what may take long.  The hook may do such things itself. */
void dlil_slow(enum dlil_slow what, int node)
{
	if (likely(READ_ONCE(slow_task) != current))
		return;
	WRITE_ONCE(slow_task, NULL);
	slow_hook(what, node);
	WRITE_ONCE(slow_task, current);
}
EXPORT_SYMBOL_FOR_TEST(dlil_slow);

/* Call @hook, from now on, before this task does what may take long. */
void dlil_slow_begin(void (*hook)(enum dlil_slow what, int node))
{
	slow_hook = hook;
	WRITE_ONCE(slow_task, current);
}
EXPORT_SYMBOL_FOR_TEST(dlil_slow_begin);

void dlil_slow_end(void)
{
	WRITE_ONCE(slow_task, NULL);
}
EXPORT_SYMBOL_FOR_TEST(dlil_slow_end);

int dlil_dev_node(struct device *dev)
{
	/* The function, not the macro. */
	return READ_ONCE(node_dev) == dev ? node_of_dev : (dev_to_node)(dev);
}
EXPORT_SYMBOL_FOR_TEST(dlil_dev_node);

/* Pretend that @dev, or none if it is NULL, is on @node. */
void dlil_dev_set_node(struct device *dev, int node)
{
	node_of_dev = node;
	WRITE_ONCE(node_dev, dev);
}
EXPORT_SYMBOL_FOR_TEST(dlil_dev_set_node);

void (*dlil_cancel_hook)(struct delayed_work *work);
EXPORT_SYMBOL_FOR_TEST(dlil_cancel_hook);

void dlil_cancelling(struct delayed_work *work)
{
	void (*hook)(struct delayed_work *work) = READ_ONCE(dlil_cancel_hook);

	if (unlikely(hook))
		hook(work);
}
EXPORT_SYMBOL_FOR_TEST(dlil_cancelling);

enum skb_drop_reason dlil_freed_why;
EXPORT_SYMBOL_FOR_TEST(dlil_freed_why);

bool dlil_fake_dsa;
EXPORT_SYMBOL_FOR_TEST(dlil_fake_dsa);

bool dlil_is_preemptible(void)
{
#ifdef CONFIG_PREEMPT_COUNT
	return preemptible();
#else
	return !READ_ONCE(dlil_preempt_off) && !in_interrupt();
#endif
}
EXPORT_SYMBOL_FOR_TEST(dlil_is_preemptible);
