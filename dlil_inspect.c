// SPDX-License-Identifier: GPL-2.0
/*
 * Per-packet inspectors of the packets of the host: transmit policy, counting of
 * traffic classes, tracing.
 *
 * Nearly always nobody does, and then it is to cost nothing, not even an instruction
 * that does nothing.  The path of these packets asks for each whether memberships wait
 * to be restored (IFN-12); what is known here stands beside that in the ifnet, so that
 * one load and one test serve both (&struct dlil_ifnet.host_slow).
 */
#include "dlil_ifnet.h"
#include "dlil_inspect.h"

#include <trace/events/dlil.h>

DEFINE_STATIC_KEY_FALSE(dlil_inspect_key);

/* Serialises changes. */
static DEFINE_MUTEX(inspect_lock);

/* DLIL_INSPECT_* that hold for all ifnets; under dlil_ifnets_lock. */
static u8 reasons;

static void apply(struct dlil_ifnet *ifp, void *arg)
{
	dlil_inspect_init(ifp);
}

/* A new ifnet, or one for which something has changed.  Under dlil_ifnets_lock. */
void dlil_inspect_init(struct dlil_ifnet *ifp)
{
	lockdep_assert_held(&dlil_ifnets_lock);

	WRITE_ONCE(ifp->inspected, reasons);
}

static void inspect_all(void)
{
	lockdep_assert_held(&inspect_lock);

	if (reasons)
		static_branch_enable(&dlil_inspect_key);
	else
		static_branch_disable(&dlil_inspect_key);
	dlil_ifnet_for_each(apply, NULL);
}

/*
 * Have packets looked at for this reason, or no more.  Packets under way may still be
 * looked at until a grace period has passed.  Process context; may sleep.
 */
void dlil_inspect(u8 why, bool on)
{
	mutex_lock(&inspect_lock);
	mutex_lock(&dlil_ifnets_lock);
	reasons = on ? reasons | why : reasons & ~why;
	mutex_unlock(&dlil_ifnets_lock);
	inspect_all();
	mutex_unlock(&inspect_lock);
}

/* Somebody begins to listen to a tracepoint of sent packets, or ends it (STA-5). */

int dlil_trace_sent_reg(void)
{
	dlil_inspect(DLIL_INSPECT_SENT, true);
	return 0;
}

void dlil_trace_sent_unreg(void)
{
	dlil_inspect(DLIL_INSPECT_SENT, false);
}

int dlil_trace_call_reg(void)
{
	dlil_inspect(DLIL_INSPECT_CALL, true);
	return 0;
}

void dlil_trace_call_unreg(void)
{
	dlil_inspect(DLIL_INSPECT_CALL, false);
}

int dlil_trace_return_reg(void)
{
	dlil_inspect(DLIL_INSPECT_RETURN, true);
	return 0;
}

void dlil_trace_return_unreg(void)
{
	dlil_inspect(DLIL_INSPECT_RETURN, false);
}
