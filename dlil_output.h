/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_OUTPUT_H
#define _DLIL_OUTPUT_H

#include <linux/rcupdate.h>
#include <linux/types.h>
#include <net/dlil.h>

#include "dlil_ifnet.h"
#include "dlil_stats.h"

/**
 * dlil_output_unfiltered - count a packet of the host that needs nothing else
 * @ifp: ifnet that sends the packet
 * @len: length of the packet with its link header, in bytes
 *
 * The fast path, if no filter and no policy has to look at the packet.
 *
 * Context: bottom halves off; RCU read lock held.
 * Return: true if the packet has been counted; false if the caller must use
 * dlil_filter_output().
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

/* dlil_inject.c */
void dlil_inject_read(struct dlil_account *account);

#endif /* _DLIL_OUTPUT_H */
