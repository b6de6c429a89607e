/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_SEND_H
#define _DLIL_SEND_H

#include <net/dlil.h>

#include "dlil_stats.h"

/**
 * struct dlil_send - packets on their way to the driver, behind the filters
 * @sent: counts what becomes of them
 * @list: the packets for one call of the driver's `output_list` (OUT-8)
 * @stopped: a packet was met behind which no other may be sent (OUT-7)
 *
 * On the stack of whoever sends, so that output that nests has one for each level.
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

int dlil_send(struct dlil_ifnet *ifp, struct sk_buff *skb,
	      struct dlil_send *s);
int dlil_send_list(struct dlil_ifnet *ifp, struct dlil_send *s);

/*
 * The driver gets what was collected for it, and all is counted.  Returns 0 or the
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

#endif /* _DLIL_SEND_H */
