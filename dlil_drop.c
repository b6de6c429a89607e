// SPDX-License-Identifier: GPL-2.0
/*
 * Free dropped packets so that the kernel's drop monitor and the tracepoint
 * skb:kfree_skb show the reason (STA-4, LNX-14).
 *
 * A module cannot add reasons in all supported kernels, so each reason is
 * mapped to the most similar one of the kernel.
 */
#include <linux/build_bug.h>
#include <linux/skbuff.h>

#include "dlil_drop.h"
#include "dlil_export.h"

static const enum skb_drop_reason kernel_reasons[] = {
	[DLIL_DROP_DETACHED] = SKB_DROP_REASON_DEV_READY,
	[DLIL_DROP_DEMUX] = SKB_DROP_REASON_HDR_TRUNC,
	[DLIL_DROP_FILTER] = SKB_DROP_REASON_NETFILTER_DROP,
	[DLIL_DROP_PROMISC] = SKB_DROP_REASON_OTHERHOST,
	[DLIL_DROP_NOPROTO] = SKB_DROP_REASON_UNHANDLED_PROTO,
	[DLIL_DROP_PROTOCOL] = SKB_DROP_REASON_UNHANDLED_PROTO,
	[DLIL_DROP_QUEUE_FULL] = SKB_DROP_REASON_CPU_BACKLOG,
	[DLIL_DROP_NOMEM] = SKB_DROP_REASON_NOMEM,
	[DLIL_DROP_FRAMER] = SKB_DROP_REASON_DEV_HDR,
	/* Kernels as old as 6.1 have no similar reason. */
	[DLIL_DROP_RECURSION] = SKB_DROP_REASON_NOT_SPECIFIED,
	/* The driver has freed the packet, with a reason of its own. */
	[DLIL_DROP_DRIVER] = SKB_DROP_REASON_NOT_SPECIFIED,
	[DLIL_DROP_SANITY] = SKB_DROP_REASON_DEV_HDR,
	[DLIL_DROP_POLICY] = SKB_DROP_REASON_NETFILTER_DROP,
	[DLIL_DROP_TSO] = SKB_DROP_REASON_SKB_GSO_SEG,
};

/* Each new reason needs a reason of the kernel. */
static_assert(ARRAY_SIZE(kernel_reasons) == DLIL_DROP_MAX);

/* Free a packet; does nothing if @skb is NULL.  Any context. */
void dlil_drop_skb(struct sk_buff *skb, enum dlil_drop_reason why)
{
	kfree_skb_reason(skb, kernel_reasons[why]);
}
EXPORT_SYMBOL_FOR_TEST(dlil_drop_skb);

/* Free a whole list, which is empty afterwards.  Any context. */
void dlil_drop_list(struct sk_buff_head *list, enum dlil_drop_reason why)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(list)))
		dlil_drop_skb(skb, why);
}
