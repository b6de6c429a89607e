/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_MULTI_H
#define _DLIL_MULTI_H

#include <linux/sched.h>

#include "dlil_ifnet.h"

void dlil_multi_init(struct dlil_ifnet *ifp);
void dlil_multi_attach(struct dlil_ifnet *ifp);
void dlil_multi_free(struct dlil_ifnet *ifp);
void dlil_multi_restore(struct dlil_ifnet *ifp);

/*
 * Does the current task make an ADDMULTI or DELMULTI request on behalf of a
 * membership of the ifnet, rather than a request of its own?
 */
static inline bool dlil_multi_is_telling(const struct dlil_ifnet *ifp)
{
	return READ_ONCE(ifp->multi_teller) == current;
}

/* Called for each packet, in any context. */
static inline void dlil_multi_traffic(struct dlil_ifnet *ifp)
{
	if (unlikely(READ_ONCE(ifp->multi_pending)))
		dlil_multi_restore(ifp);
}

#endif /* _DLIL_MULTI_H */
