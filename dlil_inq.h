/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Queueing a received packet.  The common path is inline, because callers run
 * it once per packet.
 */
#ifndef _DLIL_INQ_H
#define _DLIL_INQ_H

#include <linux/lockdep.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>

#include "dlil_ifnet.h"

void dlil_inq_ready(struct dlil_inq *q);
int dlil_inq_refuse(struct dlil_ifnet *ifp, struct sk_buff *skb);

/*
 * Push a node, which is a packet or a whole list.
 *
 * The producer that finds the queue empty also wakes the thread, in
 * dlil_inq_ready().  All other producers rely on that, so the first one must
 * not be preempted in between.  Disabled bottom halves, as in receive handlers,
 * prevent preemption except on PREEMPT_RT; other callers disable preemption.
 */
static __always_inline void dlil_inq_push(struct dlil_inq *q,
					  struct sk_buff *first)
{
	struct llist_node *head;

	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		preempt_disable();
	lockdep_assert_preemption_disabled();
	head = READ_ONCE(q->head.first);
	/* This is llist_add(), inlined. */
	do {
		first->ll_node.next = head;
	} while (!try_cmpxchg(&q->head.first, &head, &first->ll_node));
	if (!head)
		dlil_inq_ready(q);
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		preempt_enable();
}

/* Queue one packet that uses @need.  Preemption is off, as for dlil_inq_push(). */
static __always_inline void dlil_inq_put(struct dlil_inq *q,
					 struct sk_buff *skb, s64 need)
{
	atomic64_sub(need, &q->room);
	skb->prev = NULL;
	dlil_inq_push(q, skb);
}

/*
 * Is the queue open, and is there room for @need?  A caller that sees the queue
 * open inside an RCU read section may use the ifnet as if it had seen it
 * attached.
 *
 * The caller subtracts @need afterwards, so a drop costs no atomic operation.
 * In exchange, processors that check at the same time may overfill the queue,
 * by one packet or list each.  An empty queue accepts one packet of any size,
 * see dlil_inq_refuse(); otherwise a packet larger than the byte limit could
 * never be received.
 */
static __always_inline bool dlil_inq_fits(const struct dlil_inq *q, s64 need)
{
	/* Pairs with the release in dlil_inq_open(). */
	s64 left = atomic64_read_acquire(&q->room) - need;

	return left >= 0 && dlil_inq_space_bytes(left) >= 0;
}

/*
 * As dlil_input_one_rcu(), for callers with bottom halves off.  On PREEMPT_RT
 * only the push disables preemption, because dlil_inq_refuse() takes locks that
 * sleep there.
 */
static __always_inline int dlil_inq_add(struct dlil_ifnet *ifp,
					struct sk_buff *skb)
{
	s64 need = DLIL_INQ_SPACE(1, skb->truesize);
	struct dlil_inq *q = &ifp->inq;

	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "RCU read lock not held");
	if (unlikely(!dlil_inq_fits(q, need)))
		return dlil_inq_refuse(ifp, skb);
	dlil_inq_put(q, skb, need);
	return 0;
}

#endif /* _DLIL_INQ_H */
