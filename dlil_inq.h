/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Queueing a received packet, for callers that do it for each: inline but for
 * what is rare.
 */
#ifndef _DLIL_INQ_H
#define _DLIL_INQ_H

#include <linux/rcupdate.h>

#include "dlil_ifnet.h"

void dlil_inq_ready(struct dlil_inq *q);
int dlil_inq_refuse(struct dlil_ifnet *ifp, struct sk_buff *skb);
int dlil_inq_full(struct dlil_ifnet *ifp, struct sk_buff *skb);

/* Add a node, which is a packet or a whole list. */
static __always_inline void dlil_inq_push(struct dlil_inq *q,
					  struct sk_buff *first)
{
	struct llist_node *head = READ_ONCE(q->head.first);

	/* llist_add(), which is a function of the kernel's. */
	do {
		first->ll_node.next = head;
	} while (!try_cmpxchg(&q->head.first, &head, &first->ll_node));
	if (!head)
		dlil_inq_ready(q);
}

/* See dlil_input_one_rcu(). */
static __always_inline int dlil_inq_add(struct dlil_ifnet *ifp,
					struct sk_buff *skb)
{
	struct dlil_inq *q = &ifp->inq;

	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "RCU read lock not held");
	if (unlikely(!dlil_ifnet_is_attached(ifp)))
		return dlil_inq_refuse(ifp, skb);
	if (unlikely(atomic_inc_return(&q->len) >
		     (int)READ_ONCE(dlil_rcvq_limit)))
		return dlil_inq_full(ifp, skb);
	skb->prev = NULL;
	dlil_inq_push(q, skb);
	return 0;
}

#endif /* _DLIL_INQ_H */
