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

/*
 * Have packets looked at for this reason, or no more.  Packets under way may still be
 * looked at until a grace period has passed.  Process context; may sleep.
 */
void dlil_inspect(u8 why, bool on)
{
	mutex_lock(&dlil_ifnets_lock);
	reasons = on ? reasons | why : reasons & ~why;
	mutex_unlock(&dlil_ifnets_lock);
	/* Whatever order several of these have, the last one brings what holds. */
	dlil_ifnet_for_each(apply, NULL);
}
