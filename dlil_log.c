// SPDX-License-Identifier: GPL-2.0
/*
 * The log (INI-5).
 *
 * Important messages are always logged, but each kind at most once a second for
 * each ifnet, so that repeating an action cannot flood the log.  Other messages
 * are logged with the parameter verbose.
 *
 * A device that is refused before it has an ifnet has no place for the time of its
 * last message.  Such devices share a few, by their index.
 */
#include <linux/jiffies.h>
#include <linux/printk.h>

#include "dlil_ifnet.h"
#include "dlil_log.h"

#define REFUSED_SLOTS	16

/* The parameter verbose. */
bool dlil_verbose;
EXPORT_SYMBOL_FOR_TEST(dlil_verbose);

/* When refused devices were last logged, by index. */
static unsigned long refused[REFUSED_SLOTS];

/* True for one caller per second; 0 stands for never. */
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

/*
 * Log a message about @ifp, but one of this kind per second at most.  Any
 * context.
 */
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

/*
 * Log that the device @name was refused with @err before it had an ifnet; @why is
 * a reason for users, or NULL.  Any context.
 */
void dlil_log_refused(const char *name, int ifindex, const char *why, int err)
{
	if (is_due(&refused[ifindex % REFUSED_SLOTS]))
		pr_info("dlil: %s: attach failed: %s%s%pe\n", name, why ?: "",
			why ? ": " : "", ERR_PTR(err));
}
EXPORT_SYMBOL_FOR_TEST(dlil_log_refused);

/* Log a message about @ifp if verbose is on.  Any context. */
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

/*
 * The driver has refused a packet: log it if verbose is on, but not for each
 * packet.
 */
void dlil_log_output(struct dlil_ifnet *ifp, int err)
{
	if (READ_ONCE(dlil_verbose))
		dlil_log(ifp, DLIL_LOG_OUTPUT, "the driver did not send: %pe",
			 ERR_PTR(err));
}
