// SPDX-License-Identifier: GPL-2.0
/*
 * Packets that a filter has kept, and hands back (FLT-14).
 *
 * A received packet is queued again: the input thread takes it through the
 * filters behind that one, and on to its protocol (dlil_input_resume()).  A packet that is
 * being sent goes through the remaining filters, and to the driver, at once
 * (dlil_output_resume()).  In both cases the packet goes on behind the place that the
 * filter has in the array of that moment, so filters may have come and gone since it has
 * kept the packet.  Where the packet goes on is in its skb->cb (struct dlil_return).
 *
 * Everything happens inside one RCU read section, in which the ifnet is seen
 * attached; so the final detach waits for it, as for other producers.
 */
#include <linux/bottom_half.h>
#include <linux/skbuff.h>

#include "dlil_chain.h"
#include "dlil_filter.h"
#include "dlil_ifnet.h"
#include "dlil_input.h"
#include "dlil_output.h"
#include "dlil_stats.h"

/*
 * Queue received packets.  Returns the first error.
 *
 * A packet that a filter has made may have references for which others could wait while
 * it is queued, so it gives them up (LNX-15).  A copy of a received packet keeps the slip
 * of that packet, which is no such reference, see dlil_slip.c.
 */
static int input_list(struct dlil_ifnet *ifp, const struct dlil_return *back,
		      struct sk_buff_head *list)
{
	struct sk_buff_head refused;
	enum dlil_drop_reason why;
	struct sk_buff *skb;
	int err = 0, ret;

	__skb_queue_head_init(&refused);
	while ((skb = __skb_dequeue(list))) {
		u64 mark = dlil_return_of(skb)->mark;

		*dlil_return_of(skb) = *back;
		dlil_return_of(skb)->mark = mark;
		if (back->made)
			dlil_packet_keep(skb);
		ret = dlil_inq_return(ifp, skb, &why);
		if (!ret)
			continue;
		__skb_queue_tail(&refused, skb);
		dlil_drop_returned(ifp, DLIL_IN, &refused, back->made, why);
		err = err ?: ret;
	}
	return err;
}

/* Called inside an RCU read section, with bottom halves off. */
static int hand_back(u32 direction, const struct dlil_return *back,
		     struct sk_buff_head *list)
{
	bool in = direction == DLIL_DIRECTION_IN;
	struct dlil_ifnet *ifp;
	int err;

	err = dlil_filter_of_packet(back->filter, direction, &ifp);
	if (err) {
		/* They stay counted as stolen, since nobody knows their ifnet any more. */
		dlil_free_list(list, DLIL_DROP_DETACHED);
		return err;
	}
	if (!dlil_ifnet_is_attached(ifp)) {
		dlil_drop_returned(ifp, in ? DLIL_IN : DLIL_OUT, list, back->made,
				   DLIL_DROP_DETACHED);
		return -ENXIO;
	}
	if (in)
		return input_list(ifp, back, list);
	return dlil_output_resume(ifp, back->filter, back->family, list,
				  back->made);
}

static int check_and_hand_back(u32 direction, const struct dlil_return *back,
			       struct sk_buff_head *list)
{
	int err;

	if (!list)
		return -EINVAL;
	if (skb_queue_empty(list) ||
	    (direction != DLIL_DIRECTION_IN && direction != DLIL_DIRECTION_OUT)) {
		__skb_queue_purge(list);
		return -EINVAL;
	}
	local_bh_disable();
	rcu_read_lock();
	err = hand_back(direction, back, list);
	rcu_read_unlock();
	local_bh_enable();
	return dlil_errno(err);
}

/**
 * dlil_filter_reinject - hand back packets that a filter has kept
 * @ref: reference of the filter, which has DLIL_FILTER_REINJECTS
 * @direction: DLIL_DIRECTION_IN or DLIL_DIRECTION_OUT, as when it got the packets
 * @family: the protocol family with which it got them
 * @list: the packets, private to the caller; consumed, even on error, and empty
 *	afterwards
 *
 * Row FLT-14.  The packets go on behind the filter, and count no longer as stolen.
 * Received packets are queued, and processed by the input thread, in order.  Sent
 * packets meet the remaining filters, and the driver, before this returns.
 *
 * A filter hands back only packets that it has got from DLIL in this direction, or
 * packets in their place, each once.  When its `detached` returns, no call of this may
 * be in flight or follow: stop timers there.  In `detached`, and before
 * dlil_filter_attach() has returned, this frees packets as detached.
 *
 * Context: any but hard interrupts; interrupts on.
 * Return: 0; -EINVAL for bad arguments, or if the filter has no such flag, or no
 * callback for the direction; -ENXIO if the ifnet is being detached, or the filter of
 * sent packets: then they were freed as detached, as the input thread does later with
 * received ones of such a filter; -ENOBUFS if the input queue had no room for some of
 * the packets, which were dropped (INP-12); -ELOOP if output is nested too deeply;
 * -EMSGSIZE as dlil_output(); or, for sent packets, the first error of filter or driver.
 */
int dlil_filter_reinject(dlil_filter_t ref, u32 direction, u32 family,
			 struct sk_buff_head *list)
{
	const struct dlil_return back = { .filter = ref, .family = family };

	return check_and_hand_back(direction, &back, list);
}
EXPORT_SYMBOL_GPL(dlil_filter_reinject);

/**
 * dlil_filter_inject - hand on packets that a filter has made
 * @ref: reference of the filter, which has DLIL_FILTER_REINJECTS
 * @direction: DLIL_DIRECTION_IN or DLIL_DIRECTION_OUT
 * @family: protocol family of the packets, 0 for none
 * @list: the packets, as the filter gets them in this direction: with a link header;
 *	private to the caller; consumed, even on error, and empty afterwards
 *
 * Row FLT-14.  The same as dlil_filter_reinject() for packets that the filter has not
 * got, for instance copies: they count as seen.  The first %DLIL_FILTER_CB_KEPT bytes
 * of skb->cb must be 0, or those of the packet that was copied.  Packets to be sent are
 * not shown to the transmit policy (OUT-3).  Received ones lose their socket, route,
 * conntrack entry and device.
 *
 * Context: any but hard interrupts; interrupts on.
 * Return: as dlil_filter_reinject().
 */
int dlil_filter_inject(dlil_filter_t ref, u32 direction, u32 family,
		       struct sk_buff_head *list)
{
	const struct dlil_return back = {
		.filter = ref,
		.family = family,
		.made = true,
	};

	return check_and_hand_back(direction, &back, list);
}
EXPORT_SYMBOL_GPL(dlil_filter_inject);
