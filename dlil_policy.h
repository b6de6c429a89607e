/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_POLICY_H
#define _DLIL_POLICY_H

#include <linux/rcupdate.h>
#include <net/dlil.h>

#include "dlil_inspect.h"

/* The policy, or NULL; RCU. */
extern const struct dlil_output_policy __rcu *dlil_policy;

int dlil_policy_check(struct dlil_ifnet *ifp, u32 family,
		      const struct sk_buff *skb, int offset);

/* Is there a policy?  Packets are inspected while there is one. */
static inline bool dlil_policy_is_set(void)
{
	return dlil_inspect_is_on() && rcu_access_pointer(dlil_policy);
}

#endif /* _DLIL_POLICY_H */
