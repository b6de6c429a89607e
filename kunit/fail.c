// SPDX-License-Identifier: GPL-2.0
/* Failure injection, see fail.h. */
#include <linux/sched.h>

#include "../dlil_export.h"
#include "compat.h"
#include "fail.h"

/* The task in which a call is to fail, and how many calls from now. */
static struct task_struct *failing;
static unsigned int calls_left;

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
