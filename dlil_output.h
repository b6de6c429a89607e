/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_OUTPUT_H
#define _DLIL_OUTPUT_H

#include <linux/rcupdate.h>
#include <linux/types.h>
#include <net/dlil.h>

#include "dlil_ifnet.h"
#include "dlil_stats.h"

/*
 * Fast path for a packet of the host that only needs to be counted: counts it
 * and returns true.  Otherwise the caller must use dlil_filter_output().
 * Bottom halves off, RCU read lock held.
 */
static __always_inline bool dlil_output_unfiltered(struct dlil_ifnet *ifp,
						   unsigned int len)
{
	if (unlikely(!dlil_ifnet_is_attached(ifp) ||
		     READ_ONCE(ifp->host_slow)))
		return false;
	if (rcu_access_pointer(ifp->filters_out))
		return false;
	dlil_stats_sent(ifp, len);
	return true;
}

int dlil_output_resume(struct dlil_ifnet *ifp, dlil_filter_t filter, u32 family,
		       struct sk_buff_head *list, bool made);

#endif /* _DLIL_OUTPUT_H */
