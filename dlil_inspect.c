// SPDX-License-Identifier: GPL-2.0
/*
 * Per-packet inspectors of the packets of the host: transmit policy, counting of
 * traffic classes, tracing.
 *
 * There is nearly always none, and then the path of these packets must not have
 * a single additional instruction.  That path checks for each packet whether
 * memberships must be restored (IFN-12).  The reasons for inspection are stored
 * beside that flag in the ifnet, so that a single load and test covers both
 * (&struct dlil_ifnet.host_slow).
 */
#include "dlil_export.h"
#include "dlil_ifnet.h"
#include "dlil_inspect.h"

#include <trace/events/dlil.h>

DEFINE_STATIC_KEY_FALSE(dlil_inspect_key);

/* Serialises changes. */
static DEFINE_MUTEX(inspect_lock);

/* DLIL_INSPECT_* that apply to all ifnets; under dlil_ifnets_lock. */
static u8 reasons;

static void apply(struct dlil_ifnet *ifp, void *arg)
{
	dlil_inspect_init(ifp);
}

/*
 * Set the reasons of an ifnet that is new or has changed.  Under
 * dlil_ifnets_lock.
 */
void dlil_inspect_init(struct dlil_ifnet *ifp)
{
	lockdep_assert_held(&dlil_ifnets_lock);

	/* DLIL calls no driver for packets that the host sends itself. */
	WRITE_ONCE(ifp->inspected, reasons & DLIL_INSPECT_HOST);
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
 * Start or stop inspecting packets for this reason.  Packets in flight may
 * still be inspected until a grace period has passed.  Process context; may
 * sleep.
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

/* Called for the first listener of a tracepoint for sent packets (STA-5). */

int dlil_trace_sent_reg(void)
{
	dlil_inspect(DLIL_INSPECT_SENT, true);
	return 0;
}
EXPORT_SYMBOL_FOR_TEST(dlil_trace_sent_reg);

void dlil_trace_sent_unreg(void)
{
	dlil_inspect(DLIL_INSPECT_SENT, false);
}
EXPORT_SYMBOL_FOR_TEST(dlil_trace_sent_unreg);

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
