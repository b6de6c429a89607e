// SPDX-License-Identifier: GPL-2.0
/*
 * The log (INI-5).
 *
 * What somebody has to know is logged always, each kind of it at most once a second for
 * each ifnet, so that nobody can fill the log by doing it again and again.  What somebody
 * may want to know is logged with the parameter verbose.
 */
#include <linux/jiffies.h>
#include <linux/printk.h>

#include "dlil_ifnet.h"
#include "dlil_log.h"

/* The parameter verbose. */
bool dlil_verbose;
EXPORT_SYMBOL_FOR_TEST(dlil_verbose);

/* True for one caller a second; 0 stands for never. */
static bool is_due(unsigned long *last)
{
	unsigned long then = READ_ONCE(*last), now = jiffies ?: 1;

	if (then && time_before(now, then + HZ))
		return false;
	return cmpxchg(last, then, now) == then;
}

static void print(struct dlil_ifnet *ifp, struct va_format *text)
{
	pr_info("dlil: %s: %pV\n", ifp->name, text);
}

/* A line about @ifp, unless there was one of this kind a second ago.  Any context. */
void dlil_log(struct dlil_ifnet *ifp, enum dlil_log_kind kind, const char *fmt,
	      ...)
{
	struct va_format text = { .fmt = fmt };
	va_list args;

	if (!is_due(&ifp->logged[kind]))
		return;
	va_start(args, fmt);
	text.va = &args;
	print(ifp, &text);
	va_end(args);
}

/* A line about @ifp for who wants to know all.  Any context. */
void dlil_log_verbose(struct dlil_ifnet *ifp, const char *fmt, ...)
{
	struct va_format text = { .fmt = fmt };
	va_list args;

	if (!READ_ONCE(dlil_verbose))
		return;
	va_start(args, fmt);
	text.va = &args;
	print(ifp, &text);
	va_end(args);
}

/* The driver has refused a packet: with verbose, and not for each of them. */
void dlil_log_output(struct dlil_ifnet *ifp, int err)
{
	if (READ_ONCE(dlil_verbose))
		dlil_log(ifp, DLIL_LOG_OUTPUT, "the driver did not send: %pe",
			 ERR_PTR(err));
}
