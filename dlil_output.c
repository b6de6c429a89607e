// SPDX-License-Identifier: GPL-2.0
/*
 * Output: protocol, framer, filters, driver.
 *
 * All of it runs with bottom halves off inside one RCU read section, which keeps
 * the ifnet attached, its filters and the protocol; so nothing here may sleep.
 */
#include <linux/bottom_half.h>
#include <linux/percpu.h>

#include "dlil_filter.h"
#include "dlil_ifnet.h"
#include "dlil_multi.h"
#include "dlil_output.h"
#include "dlil_proto.h"
#include "dlil_stats.h"

/* Outputs under way on this CPU, one inside the other; bottom halves off. */
static DEFINE_PER_CPU(unsigned int, output_depth);

/* Are we called from an output callback? */
bool dlil_output_is_current(void)
{
	return in_softirq() && this_cpu_read(output_depth);
}

static void drop(struct dlil_flow *flow, struct sk_buff *skb,
		 enum dlil_drop_reason why)
{
	flow->drops[why]++;
	kfree_skb(skb);
}

/* One packet that has passed the filters.  Takes it in every case. */
static int send_one(struct dlil_ifnet *ifp, struct sk_buff *skb,
		    struct dlil_tally *tally)
{
	unsigned int len = skb->len;
	int err;

	err = ifp->driver->output(ifp, skb);
	if (err < 0) {
		tally->flow.drops[DLIL_DROP_DRIVER]++;
		return err;
	}
	tally->flow.delivered++;
	tally->stats.opackets++;
	tally->stats.obytes += len;
	return 0;
}

/* Row FLT-10: a super-packet goes through the filters, and out, in segments. */
static int output_segments(const struct dlil_filter_vec *vec,
			   struct dlil_ifnet *ifp, u32 family,
			   struct sk_buff *skb, struct dlil_tally *tally)
{
	struct sk_buff_head list;
	int err, ret;

	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, skb);
	err = dlil_filter_run_list(vec, ifp, family, &list, &tally->flow);
	while ((skb = __skb_dequeue(&list))) {
		ret = send_one(ifp, skb, tally);
		err = err ?: ret;
	}
	return err;
}

/* The same for the host, which sees no more of the packet. */
static void host_segments(const struct dlil_filter_vec *vec,
			  struct dlil_ifnet *ifp, u32 family,
			  struct sk_buff *skb)
{
	struct dlil_tally tally = { .flow.seen = 1 };

	this_cpu_inc(output_depth);
	output_segments(vec, ifp, family, skb, &tally);
	this_cpu_dec(output_depth);
	dlil_stats_fold(ifp, DLIL_OUT, &tally);
}

static void count_stolen(struct dlil_ifnet *ifp)
{
	struct dlil_tally tally = { .flow = { .seen = 1, .stolen = 1 } };

	dlil_stats_fold(ifp, DLIL_OUT, &tally);
}

/**
 * dlil_filter_output - take a packet that the host sends through the filters
 * @ifp: ifnet on which it is about to be sent, by somebody other than
 *	dlil_output()
 * @family: its protocol family, 0 if there is none
 * @skb: the packet, with its link header; a filter may replace it
 *
 * Rows LNX-6, FLT-5.  The packet is counted, whatever becomes of it.  If it is
 * a super-packet that filters have to see in segments (FLT-10), these are given
 * to the driver's `output`, and it is gone.
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: 0: send *@skb; DLIL_STOLEN: it is gone; or an error: *@skb, unless it
 * is NULL, is the caller's to free.
 */
int dlil_filter_output(struct dlil_ifnet *ifp, u32 family,
		       struct sk_buff **skb)
{
	const struct dlil_filter_vec *vec;
	int err = 0;

	if (unlikely(!dlil_ifnet_is_attached(ifp)))
		return 0;
	dlil_multi_traffic(ifp);
	vec = rcu_dereference(ifp->filters_out);
	if (vec) {
		if (dlil_filter_segments(vec, *skb)) {
			host_segments(vec, ifp, family, *skb);
			return DLIL_STOLEN;
		}
		this_cpu_inc(output_depth);
		err = dlil_filter_run(vec, ifp, family, skb);
		this_cpu_dec(output_depth);
	}
	if (likely(!err)) {
		dlil_stats_sent(ifp, (*skb)->len);
		return 0;
	}
	if (err == DLIL_STOLEN) {
		count_stolen(ifp);
		return DLIL_STOLEN;
	}
	dlil_stats_drop(ifp, DLIL_OUT, DLIL_DROP_FILTER, 1);
	return dlil_errno(err);
}
EXPORT_SYMBOL_GPL(dlil_filter_output);

/**
 * dlil_output_refused - count a packet of the host's that may not go out
 * @ifp: ifnet on which it was about to be sent
 * @why: the reason
 *
 * The packet is the caller's to free.
 *
 * Context: any but hard interrupts.
 */
void dlil_output_refused(struct dlil_ifnet *ifp, enum dlil_drop_reason why)
{
	dlil_stats_drop(ifp, DLIL_OUT, why, 1);
}
EXPORT_SYMBOL_GPL(dlil_output_refused);

static void drop_all(struct dlil_flow *flow, struct sk_buff_head *list,
		     enum dlil_drop_reason why)
{
	flow->drops[why] += skb_queue_len(list);
	__skb_queue_purge(list);
}

/* One packet: framer, filters, driver (OUT-4).  Takes it in every case. */
static int output_packet(struct dlil_ifnet *ifp, u32 family,
			 struct sk_buff *skb, const struct dlil_frame *frame,
			 struct dlil_tally *tally)
{
	const struct dlil_filter_vec *vec = rcu_dereference(ifp->filters_out);
	enum dlil_drop_reason why;
	int err = 0;

	why = DLIL_DROP_FRAMER;
	if (frame)
		err = ifp->family->framer ?
		      ifp->family->framer(ifp, &skb, frame) : -EOPNOTSUPP;
	if (!err && vec) {
		if (dlil_filter_segments(vec, skb))
			return output_segments(vec, ifp, family, skb, tally);
		why = DLIL_DROP_FILTER;
		err = dlil_filter_run(vec, ifp, family, &skb);
	}
	if (err == DLIL_STOLEN) {
		tally->flow.stolen++;
		return 0;
	}
	if (err) {
		drop(&tally->flow, skb, why);
		return err;
	}
	return send_one(ifp, skb, tally);
}

/*
 * Ask the protocol where the packets go (OUT-2): it may keep some until it
 * knows.  Returns 0 with the first packet it has let through still in @list,
 * or with an empty list.
 */
static int ask_proto(struct dlil_ifnet *ifp, u32 family,
		     struct sk_buff_head *list, const struct sockaddr *dest,
		     struct dlil_frame *frame, struct dlil_flow *flow)
{
	struct dlil_proto *proto = dlil_proto_lookup(ifp, family);
	const struct dlil_proto_ops *ops;
	struct sk_buff *skb;
	int err;

	if (!proto) {
		drop_all(flow, list, DLIL_DROP_NOPROTO);
		return -ENXIO;
	}
	ops = READ_ONCE(proto->ops);
	while ((skb = skb_peek(list))) {
		/* It may keep the packet, so that has to be off the list. */
		__skb_unlink(skb, list);
		err = ops->pre_output ?
		      ops->pre_output(proto->cookie, ifp, family, skb, dest,
				      frame) : -EOPNOTSUPP;
		if (err == DLIL_STOLEN) {
			flow->stolen++;
			continue;
		}
		__skb_queue_head(list, skb);
		if (!err)
			break;
		drop_all(flow, list, DLIL_DROP_PROTOCOL);
		return dlil_errno(err);
	}
	return 0;
}

static int output_list(struct dlil_ifnet *ifp, u32 family,
		       struct sk_buff_head *list, const struct sockaddr *dest,
		       u32 flags, struct dlil_tally *tally)
{
	bool raw = flags & DLIL_OUTPUT_RAW;
	struct dlil_frame frame = {};
	struct sk_buff *skb;
	int err = 0, ret;

	if (!dlil_ifnet_is_attached(ifp)) {
		drop_all(&tally->flow, list, DLIL_DROP_DETACHED);
		return -ENXIO;
	}
	if (this_cpu_read(output_depth) > DLIL_OUTPUT_DEPTH) {
		drop_all(&tally->flow, list, DLIL_DROP_RECURSION);
		return -ELOOP;
	}
	dlil_multi_traffic(ifp);
	if (!raw) {
		err = ask_proto(ifp, family, list, dest, &frame, &tally->flow);
		if (err)
			return err;
	}
	/* A packet that is dropped or stolen does not stop the rest. */
	while ((skb = __skb_dequeue(list))) {
		ret = output_packet(ifp, family, skb, raw ? NULL : &frame,
				    tally);
		if (ret && !err)
			err = ret;
	}
	return err;
}

/**
 * dlil_output - a protocol hands packets out
 * @ifp: ifnet to send on
 * @family: the protocol's family
 * @list: the packets, private to the caller, which gives them away in every
 *	case; empty afterwards.  Without DLIL_OUTPUT_RAW they have no link
 *	header yet, and room for one or not
 * @dest: where to, as the protocol's pre_output understands it
 * @flags: DLIL_OUTPUT_*
 *
 * Rows OUT-1, OUT-2, OUT-4, OUT-9.
 *
 * Context: any but hard interrupts.
 * Return: 0; -EINVAL for bad arguments; -ENXIO if the ifnet, or without
 * DLIL_OUTPUT_RAW the protocol, is not attached; -ELOOP if output is nested too
 * deep; or the first error of protocol, framer, filter or driver.
 */
int dlil_output(struct dlil_ifnet *ifp, u32 family, struct sk_buff_head *list,
		const struct sockaddr *dest, u32 flags)
{
	struct dlil_tally tally = {};
	int err;

	if (!list)
		return -EINVAL;
	if (!ifp || (flags & ~DLIL_OUTPUT_RAW)) {
		__skb_queue_purge(list);
		return -EINVAL;
	}
	tally.flow.seen = skb_queue_len(list);
	local_bh_disable();
	rcu_read_lock();
	this_cpu_inc(output_depth);
	err = output_list(ifp, family, list, dest, flags, &tally);
	this_cpu_dec(output_depth);
	dlil_stats_fold(ifp, DLIL_OUT, &tally);
	rcu_read_unlock();
	local_bh_enable();
	return dlil_errno(err);
}
EXPORT_SYMBOL_GPL(dlil_output);
