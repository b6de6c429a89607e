// SPDX-License-Identifier: GPL-2.0
/* Failures on demand: see dlil_fail.h. */
#include <linux/sched.h>

#include "dlil_export.h"
#include "dlil_fail.h"

/* The task in which something is to fail, and how many calls from now. */
static struct task_struct *failing;
static unsigned int calls_left;

/* Is this call, of one that may fail, the one that a test wants to fail? */
bool dlil_fails(void)
{
	if (likely(READ_ONCE(failing) != current) || !in_task())
		return false;
	return calls_left && !--calls_left;
}
EXPORT_SYMBOL_FOR_TEST(dlil_fails);

/* The @nth call from now on fails in this task.  One task at a time. */
void dlil_fail_begin(unsigned int nth)
{
	calls_left = nth;
	WRITE_ONCE(failing, current);
}
EXPORT_SYMBOL_FOR_TEST(dlil_fail_begin);

/* Nothing fails any more.  Returns whether there were so many calls. */
bool dlil_fail_end(void)
{
	WRITE_ONCE(failing, NULL);
	return !calls_left;
}
EXPORT_SYMBOL_FOR_TEST(dlil_fail_end);
