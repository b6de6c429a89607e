/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_POLICY_H
#define _DLIL_POLICY_H

#include <linux/jump_label.h>
#include <net/dlil.h>

DECLARE_STATIC_KEY_FALSE(dlil_policy_key);

int dlil_policy_ask(struct dlil_ifnet *ifp, u32 family,
		    const struct sk_buff *skb, int offset);

/*
 * May @skb be sent, according to the transmit policy, if there is one?  @offset
 * is the offset of its network header from skb->data, negative if unknown.
 * Returns 0 or an error.  Inside an RCU read section.
 */
static inline int dlil_policy_check(struct dlil_ifnet *ifp, u32 family,
				    const struct sk_buff *skb, int offset)
{
	if (!static_branch_unlikely(&dlil_policy_key))
		return 0;
	return dlil_policy_ask(ifp, family, skb, offset);
}

#endif /* _DLIL_POLICY_H */
