/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_OUTPUT_H
#define _DLIL_OUTPUT_H

#include <linux/rcupdate.h>
#include <linux/types.h>
#include <net/dlil.h>

#include "dlil_ifnet.h"
#include "dlil_stats.h"

/**
 * struct dlil_send - state of output behind the filters
 * @sent: counts the packets
 * @list: packets for one call of the driver's `output_list` (OUT-8)
 * @stopped: no packet behind the last one may be sent (OUT-7)
 *
 * Lives on the stack of the sender, so that each level of nested output has its
 * own.
 */
struct dlil_send {
	struct dlil_sent sent;
	struct sk_buff_head list;
	bool stopped;
};

static inline void dlil_send_begin(struct dlil_send *s, unsigned int seen)
{
	s->sent = (struct dlil_sent){ .seen = seen };
	__skb_queue_head_init(&s->list);
	s->stopped = false;
}

void dlil_send_drop(struct dlil_ifnet *ifp, struct sk_buff *skb,
		    enum dlil_drop_reason why);
void dlil_send_drop_list(struct dlil_ifnet *ifp, struct sk_buff_head *list,
			 enum dlil_drop_reason why);
int dlil_send(struct dlil_ifnet *ifp, struct sk_buff *skb,
	      struct dlil_send *s);
int dlil_send_list(struct dlil_ifnet *ifp, struct dlil_send *s);

/*
 * Pass collected packets to the driver, and count everything.  Returns 0 or the
 * driver's error.  Bottom halves off, inside the RCU read section.
 */
static inline int dlil_send_end(struct dlil_ifnet *ifp, struct dlil_send *s)
{
	int err = 0;

	if (unlikely(!skb_queue_empty(&s->list)))
		err = dlil_send_list(ifp, s);
	dlil_stats_output(ifp, &s->sent);
	return err;
}

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
