/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Queueing a received packet, for callers that do it for each: inline but for
 * what is rare.
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
 * Add a node, which is a packet or a whole list.
 *
 * Between the push that finds the queue empty and dlil_inq_ready() all other
 * producers rely on this one to wake the thread, so it must not be preempted
 * there.  Receive handlers run with bottom halves off, which is enough but on
 * PREEMPT_RT; other callers turn preemption off.
 */
static __always_inline void dlil_inq_push(struct dlil_inq *q,
					  struct sk_buff *first)
{
	struct llist_node *head;

	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		preempt_disable();
	lockdep_assert_preemption_disabled();
	head = READ_ONCE(q->head.first);
	/* llist_add(), which is a function of the kernel's. */
	do {
		first->ll_node.next = head;
	} while (!try_cmpxchg(&q->head.first, &head, &first->ll_node));
	if (!head)
		dlil_inq_ready(q);
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		preempt_enable();
}

/* Add one packet, which takes up @need.  Preemption off, as for dlil_inq_push(). */
static __always_inline void dlil_inq_put(struct dlil_inq *q,
					 struct sk_buff *skb, s64 need)
{
	atomic64_sub(need, &q->room);
	skb->prev = NULL;
	dlil_inq_push(q, skb);
}

/*
 * Is there room for what takes up @need, and the queue open?  Whoever sees it open
 * inside an RCU read section may use the ifnet as if he had seen it attached.
 *
 * The caller takes the room after the look: a queue may hold more than its limits
 * by what one hand-over is, for each processor that looks at the same time, and a
 * drop costs no atomic operation.  An empty queue takes any one packet, however large
 * that is, see dlil_inq_refuse(); else no packet that is larger than the limit would
 * ever be received.
 */
static __always_inline bool dlil_inq_fits(const struct dlil_inq *q, s64 need)
{
	/* Pairs with the release in dlil_inq_open(). */
	s64 left = atomic64_read_acquire(&q->room) - need;

	return left >= 0 && dlil_inq_space_bytes(left) >= 0;
}

/*
 * As dlil_input_one_rcu().  Must be called with bottom halves off.  On PREEMPT_RT the
 * caller stays preemptible but for the push, since dlil_inq_refuse() frees the packet
 * and counts it, which takes locks that may sleep there.
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
