// SPDX-License-Identifier: GPL-2.0
/*
 * Output, from the protocol to the driver: framer, filters, rules of the driver.
 *
 * Everything runs with bottom halves off inside one RCU read section, which
 * keeps the ifnet, its filters and the protocol attached; so nothing here may
 * sleep.
 *
 * Output nests: a callback may send by dlil_output(), or by the host's stack,
 * whose egress hook passes the packet to dlil_filter_output(), or hand back a
 * packet by dlil_output_resume().  All three count in the depth of the sender
 * (dlil_call.h), and stop beyond DLIL_OUTPUT_DEPTH (OUT-10).  A packet of the host
 * without filters meets no callback except a tap, so it does not count.
 */
#include <linux/bottom_half.h>
#include <linux/skbuff.h>

#include "dlil_call.h"
#include "dlil_chain.h"
#include "dlil_ifnet.h"
#include "dlil_inspect.h"
#include "dlil_output.h"
#include "dlil_party.h"
#include "dlil_proto.h"
#include "dlil_stats.h"

#include <trace/events/dlil.h>

/*
 * From the filters to the driver: linearising, the TSO rule, and the driver's
 * call for a packet or for a list (OUT-4, OUT-6, OUT-7, OUT-8).
 *
 * Everything runs with bottom halves off, inside the RCU read section that
 * keeps the ifnet attached.
 */

/**
 * struct send - state of output behind the filters
 * @sent: counts the packets
 * @list: packets for one call of the driver's `output_list` (OUT-8)
 * @stopped: no packet behind the last one may be sent (OUT-7)
 *
 * Lives on the stack of the sender, so that each level of nested output has its
 * own.
 */
struct send {
	struct dlil_sent sent;
	struct sk_buff_head list;
	bool stopped;
};

static void send_begin(struct send *s, unsigned int seen)
{
	s->sent = (struct dlil_sent){ .seen = seen };
	__skb_queue_head_init(&s->list);
	s->stopped = false;
}

/* Drop a packet that is being sent. */
static void drop_one(struct dlil_ifnet *ifp, struct sk_buff *skb,
		     enum dlil_drop_reason why)
{
	dlil_stats_drop(ifp, DLIL_OUT, why, 1);
	dlil_drop_skb(ifp, DLIL_OUT, skb, why);
}

/* The same for one that a filter has dropped, as the chain has recorded. */
static void drop_filtered(struct dlil_ifnet *ifp, struct sk_buff *skb)
{
	dlil_stats_drop(ifp, DLIL_OUT, DLIL_DROP_FILTER, 1);
	dlil_free_skb(skb, DLIL_DROP_FILTER);
}

/* The same for all packets of a list, which may be empty. */
static void drop_all(struct dlil_ifnet *ifp, struct sk_buff_head *list,
		     enum dlil_drop_reason why)
{
	if (skb_queue_empty(list))
		return;
	dlil_stats_drop(ifp, DLIL_OUT, why, skb_queue_len(list));
	dlil_drop_list(ifp, DLIL_OUT, list, why);
}

/* The same for packets that a protocol has refused. */
static void drop_refused(struct dlil_ifnet *ifp, struct sk_buff_head *list,
			 const struct dlil_proto *proto)
{
	dlil_stats_drop(ifp, DLIL_OUT, DLIL_DROP_PROTOCOL, skb_queue_len(list));
	dlil_drop_list_by(ifp, DLIL_OUT, list, DLIL_DROP_PROTOCOL, proto->name);
}

static int refuse(struct dlil_ifnet *ifp, struct sk_buff *skb,
		  enum dlil_drop_reason why, int err)
{
	drop_one(ifp, skb, why);
	return err;
}

/* GSO types that request nothing but segmentation of TCP over IPv4. */
#define TSO4_TYPES (SKB_GSO_TCPV4 | SKB_GSO_DODGY | SKB_GSO_TCP_ECN | \
		    SKB_GSO_TCP_FIXEDID)
#define TSO6_TYPES (SKB_GSO_TCPV6 | SKB_GSO_DODGY | SKB_GSO_TCP_ECN)

/*
 * Attributes that a driver needs for this GSO packet.  TCP in a tunnel, UDP and
 * everything else go to drivers with both.
 */
static u32 assist_for(const struct sk_buff *skb)
{
	unsigned int type = skb_shinfo(skb)->gso_type;

	if (type & SKB_GSO_TCPV4 && !(type & ~TSO4_TYPES))
		return DLIL_ATTR_TSO4;
	if (type & SKB_GSO_TCPV6 && !(type & ~TSO6_TYPES))
		return DLIL_ATTR_TSO6;
	return DLIL_ATTR_TSO4 | DLIL_ATTR_TSO6;
}

/*
 * Apply the rules to a packet that needs them.  On an error, the packet was
 * freed.
 */
static noinline int obey_rules(struct dlil_ifnet *ifp, struct sk_buff *skb,
			       u32 attrs, struct send *s)
{
	if (attrs & DLIL_ATTR_LINEAR && skb_linearize(skb))
		return refuse(ifp, skb, DLIL_DROP_NOMEM, -ENOMEM);
	if (!skb_is_gso(skb) || !(assist_for(skb) & ~attrs))
		return 0;
	s->stopped = true;
	return refuse(ifp, skb, DLIL_DROP_TSO, -EMSGSIZE);
}

/* Call the driver, when sent packets are inspected, see dlil_inspect.h. */
static noinline int call_inspected(struct dlil_ifnet *ifp, struct sk_buff *skb)
{
	struct dlil_traffic traffic = {};
	bool classes = dlil_class_is_on();
	int err;

	if (classes)
		dlil_class_note(&traffic, skb, skb_network_offset(skb),
				skb->len);
	trace_dlil_sent(ifp, skb->len);
	trace_dlil_driver_begin(ifp, 1);
	err = ifp->driver->output(ifp, skb);
	trace_dlil_driver_end(ifp, dlil_errno(err));
	if (classes && err >= 0)
		dlil_class_add(ifp, DLIL_OUT, &traffic);
	return err;
}

static __always_inline int call_output(struct dlil_ifnet *ifp,
				       struct sk_buff *skb)
{
	return dlil_inspect_is_on() ? call_inspected(ifp, skb) :
				      ifp->driver->output(ifp, skb);
}

/*
 * Send a packet that has passed the filters; it is consumed, even on error.  Sets
 * @s->stopped if packets behind it must not be sent.  Returns 0, even if the driver gets
 * the packet later, in a list; or an error.
 */
static int send_one(struct dlil_ifnet *ifp, struct sk_buff *skb, struct send *s)
{
	u32 attrs = READ_ONCE(ifp->settable);
	unsigned int len;
	int err;

	if (unlikely(skb_is_gso(skb) || attrs & DLIL_ATTR_LINEAR)) {
		err = obey_rules(ifp, skb, attrs, s);
		if (err)
			return err;
	}
	if (ifp->driver->output_list) {
		__skb_queue_tail(&s->list, skb);
		return 0;
	}
	len = skb->len;
	err = call_output(ifp, skb);
	if (err < 0) {
		/* The driver has freed it. */
		drop_one(ifp, NULL, DLIL_DROP_DRIVER);
		dlil_log_output(ifp, err);
		return err;
	}
	s->sent.delivered++;
	s->sent.bytes += len;
	return 0;
}

static u64 bytes_of(const struct sk_buff_head *list)
{
	const struct sk_buff *skb;
	u64 bytes = 0;

	skb_queue_walk(list, skb)
		bytes += skb->len;
	return bytes;
}

/* Row OUT-8: count the traffic classes of all packets of a list that were sent. */
static void count_classes(struct dlil_ifnet *ifp, struct dlil_traffic *traffic,
			  const struct sk_buff_head *rest)
{
	struct dlil_traffic left = {};
	int i;

	dlil_class_note_list(&left, rest);
	for (i = 0; i < DLIL_CLASS_MAX; i++) {
		traffic->packets[i] -= left.packets[i];
		traffic->bytes[i] -= left.bytes[i];
	}
	dlil_class_add(ifp, DLIL_OUT, traffic);
}

/* Same as call_inspected(), for a list. */
static noinline int call_list_inspected(struct dlil_ifnet *ifp,
					struct sk_buff_head *list)
{
	struct dlil_traffic traffic = {};
	bool classes = dlil_class_is_on();
	const struct sk_buff *skb;
	int err;

	if (classes)
		dlil_class_note_list(&traffic, list);
	skb_queue_walk(list, skb)
		trace_dlil_sent(ifp, skb->len);
	trace_dlil_driver_begin(ifp, skb_queue_len(list));
	err = ifp->driver->output_list(ifp, list);
	trace_dlil_driver_end(ifp, dlil_errno(err));
	if (classes)
		count_classes(ifp, &traffic, list);
	return err;
}

/*
 * Row OUT-8: pass all collected packets to the driver at once.  Their lengths
 * are taken before the call, because only packets that the driver leaves exist
 * after it.
 */
static int send_list(struct dlil_ifnet *ifp, struct send *s)
{
	unsigned int n = skb_queue_len(&s->list), left;
	u64 bytes = bytes_of(&s->list);
	int err;

	err = dlil_inspect_is_on() ? call_list_inspected(ifp, &s->list) :
				     ifp->driver->output_list(ifp, &s->list);
	left = skb_queue_len(&s->list);
	if (unlikely(left)) {
		bytes -= bytes_of(&s->list);
		drop_all(ifp, &s->list, DLIL_DROP_DRIVER);
		dlil_log_output(ifp, err < 0 ? err : -EIO);
	}
	s->sent.delivered += n - left;
	s->sent.bytes += bytes;
	return err < 0 ? err : 0;
}

/*
 * Pass collected packets to the driver, and count everything.  Returns 0 or the
 * driver's error.  Bottom halves off, inside the RCU read section.
 */
static int send_end(struct dlil_ifnet *ifp, struct send *s)
{
	int err = 0;

	if (unlikely(!skb_queue_empty(&s->list)))
		err = send_list(ifp, s);
	dlil_stats_output(ifp, &s->sent);
	return err;
}

/* From the protocol to the filters, see the top of this file. */

/*
 * Send packets that have passed the filters, up to one that stops the rest (OUT-7).
 * Returns the first error.
 */
static int send_all(struct dlil_ifnet *ifp, struct sk_buff_head *list,
		    struct send *s)
{
	struct sk_buff *skb;
	int err = 0, ret;

	while (!s->stopped && (skb = __skb_dequeue(list))) {
		ret = send_one(ifp, skb, s);
		err = err ?: ret;
	}
	drop_all(ifp, list, DLIL_DROP_TSO);
	return err;
}

/* Row FLT-10: a GSO packet passes the filters, and is sent, in segments. */
static int output_segments(const struct dlil_filter_vec *vec,
			   struct dlil_ifnet *ifp, u32 family,
			   struct sk_buff *skb, struct send *s)
{
	struct dlil_tally tally = {};
	struct sk_buff_head list;
	int err, ret;

	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, skb);
	err = dlil_filter_run_list(vec, ifp, family, &list, &tally.account);
	dlil_stats_fold(ifp, DLIL_OUT, &tally);
	ret = send_all(ifp, &list, s);
	return err ?: ret;
}

/* Same as output_segments(), for a GSO packet of the host, which is consumed. */
static int host_segments(const struct dlil_filter_vec *vec,
			 struct dlil_ifnet *ifp, u32 family,
			 struct sk_buff *skb)
{
	struct send s;

	send_begin(&s, 1);
	output_segments(vec, ifp, family, skb, &s);
	send_end(ifp, &s);
	return DLIL_STOLEN;
}

/* Send the packet that filters have returned instead of the host's. */
static int host_replaced(struct dlil_ifnet *ifp, struct sk_buff *skb)
{
	struct send s;
	int err, ret;

	send_begin(&s, 1);
	err = send_one(ifp, skb, &s);
	ret = send_end(ifp, &s);
	return dlil_errno(err ?: ret) ?: DLIL_STOLEN;
}

static void host_stolen(struct dlil_ifnet *ifp)
{
	static const struct dlil_sent one = { .seen = 1, .stolen = 1 };

	dlil_stats_output(ifp, &one);
}

static int host_dropped(struct dlil_ifnet *ifp, struct sk_buff *skb,
			enum dlil_drop_reason why, int err)
{
	dlil_stats_refuse(ifp, DLIL_OUT, why, 1, 0);
	dlil_drop_skb(ifp, DLIL_OUT, skb, why);
	return dlil_errno(err);
}

/* The same for a packet that a filter has dropped, as the chain has recorded. */
static int host_refused(struct dlil_ifnet *ifp, struct sk_buff *skb, int err)
{
	dlil_stats_refuse(ifp, DLIL_OUT, DLIL_DROP_FILTER, 1, 0);
	dlil_free_skb(skb, DLIL_DROP_FILTER);
	return dlil_errno(err);
}

static int host_filtered(const struct dlil_filter_vec *vec,
			 struct dlil_ifnet *ifp, u32 family,
			 struct sk_buff *skb)
{
	struct sk_buff *out = skb;
	int err;

	if (dlil_filter_segments(vec, ifp, skb))
		return host_segments(vec, ifp, family, skb);
	err = dlil_filter_run(vec, ifp, family, &out);
	if (likely(!err && out == skb)) {
		dlil_stats_sent(ifp, skb->len);
		return 0;
	}
	if (!err)
		return host_replaced(ifp, out);
	if (err != DLIL_STOLEN)
		return host_refused(ifp, out, err);
	host_stolen(ifp);
	return DLIL_STOLEN;
}

/* Filter a packet of the host that the policy has not refused. */
static __always_inline int host_output(struct dlil_ifnet *ifp, u32 family,
				       struct sk_buff *skb)
{
	const struct dlil_filter_vec *vec = rcu_dereference(ifp->filters_out);
	struct dlil_sender own, *sender;
	int err;

	if (!vec) {
		dlil_stats_sent(ifp, skb->len);
		return 0;
	}
	sender = dlil_sender_enter(&own);
	if (unlikely(dlil_sender_is_too_deep(sender)))
		err = host_dropped(ifp, skb, DLIL_DROP_RECURSION, -ELOOP);
	else
		err = host_filtered(vec, ifp, family, skb);
	dlil_sender_leave(sender);
	return err;
}

/*
 * Row OUT-3: may the host send the packet?  A policy that sends by the host's stack
 * meets itself, so the question counts as an output (OUT-10).
 */
static int host_allowed(struct dlil_ifnet *ifp, u32 family, struct sk_buff *skb)
{
	struct dlil_sender own, *sender = dlil_sender_enter(&own);
	enum dlil_drop_reason why = DLIL_DROP_POLICY;
	int err;

	if (unlikely(dlil_sender_is_too_deep(sender))) {
		why = DLIL_DROP_RECURSION;
		err = -ELOOP;
	} else {
		err = dlil_policy_check(ifp, family, skb,
					skb_network_offset(skb));
	}
	dlil_sender_leave(sender);
	return err ? host_dropped(ifp, skb, why, err) : 0;
}

/* Same as host_output(), for packets that must be inspected, see dlil_inspect.h. */
static noinline int host_inspected(struct dlil_ifnet *ifp, u32 family,
				   struct sk_buff *skb)
{
	int err;

	dlil_multi_traffic(ifp);
	if (dlil_policy_is_set()) {
		err = host_allowed(ifp, family, skb);
		if (err)
			return err;
	}
	err = host_output(ifp, family, skb);
	if (err)
		return err;
	if (dlil_class_is_on())
		dlil_class_sent(ifp, skb);
	trace_dlil_sent(ifp, skb->len);
	return 0;
}

/**
 * dlil_filter_output - run a packet that the host sends through the filters
 * @ifp: ifnet on which it is about to be sent, but not by dlil_output()
 * @family: protocol family of the packet, 0 if there is none
 * @skb: the packet, with its link header
 *
 * Rows LNX-6, FLT-5, OUT-3, OUT-10.  Counts the packet, whatever happens to it.
 * If filters want a GSO packet segmented (FLT-10), or a filter replaces the
 * packet, the resulting packets go to the driver's `output`.  Filters may
 * overwrite skb->cb.
 *
 * Context: bottom halves off, RCU read lock held; interrupts on.
 * Return: 0: the caller must send @skb; DLIL_STOLEN: the packet was consumed,
 * and was sent or kept; or an error, including those of the driver's `output`
 * and of the transmit policy: the packet was consumed, and not sent. -ELOOP if
 * output is nested too deeply.  A GSO packet that was segmented counts as consumed,
 * whatever became of its segments.
 */
int dlil_filter_output(struct dlil_ifnet *ifp, u32 family, struct sk_buff *skb)
{
	if (unlikely(!dlil_ifnet_is_attached(ifp)))
		return 0;
	if (unlikely(READ_ONCE(ifp->host_slow)))
		return host_inspected(ifp, family, skb);
	return host_output(ifp, family, skb);
}
EXPORT_SYMBOL_GPL(dlil_filter_output);

/**
 * dlil_output_refused - count a packet of the host that must not be sent
 * @ifp: ifnet on which it was about to be sent
 * @why: drop reason
 *
 * The caller keeps the packet and frees it.
 *
 * Context: any but hard interrupts; interrupts on.
 */
void dlil_output_refused(struct dlil_ifnet *ifp, enum dlil_drop_reason why)
{
	dlil_stats_refuse(ifp, DLIL_OUT, why, 1, 0);
	dlil_drop_skb(ifp, DLIL_OUT, NULL, why);
}
EXPORT_SYMBOL_GPL(dlil_output_refused);

/* Refuse all packets; the ifnet may be in any state. */
static void refuse_all(struct dlil_ifnet *ifp, struct sk_buff_head *list,
		       enum dlil_drop_reason why)
{
	if (skb_queue_empty(list))
		return;
	dlil_stats_refuse(ifp, DLIL_OUT, why, skb_queue_len(list), 0);
	dlil_drop_list(ifp, DLIL_OUT, list, why);
}

/**
 * struct output - state of one call of dlil_output()
 * @ifp: ifnet
 * @family: family of the protocol
 * @frame: contents of the link header; NULL for raw packets
 * @loop: the framer loops the packets back as well
 * @send: state of the driver's side
 */
struct output {
	struct dlil_ifnet *ifp;
	u32 family;
	const struct dlil_frame *frame;
	bool loop;
	struct send send;
};

static bool is_broadcast(const struct output *o)
{
	unsigned int len = o->ifp->addr_len;

	return len && !memcmp(o->frame->dest, o->ifp->broadcast, len);
}

/*
 * Returns 0, DLIL_STOLEN or an error; on an error the caller owns *@pskb,
 * unless NULL.
 */
static int call_framer(const struct output *o, struct sk_buff **pskb)
{
	struct dlil_ifnet *ifp = o->ifp;
	int err;

	if (!ifp->family->framer)
		return -EOPNOTSUPP;
	err = ifp->family->framer(ifp, pskb, o->frame);
	if (WARN_ON_ONCE(!err && !*pskb))
		return -EINVAL;
	return err;
}

/*
 * Row OUT-5: mark a broadcast that the framer loops back as received here.  The
 * mark is for the framer only, because tc and nft would mistake the packet for
 * a received one.
 */
static int frame_looped(const struct output *o, struct sk_buff **pskb)
{
	int iif = (*pskb)->skb_iif;
	int err;

	if (!is_broadcast(o))
		return call_framer(o, pskb);
	(*pskb)->skb_iif = o->ifp->ifindex;
	err = call_framer(o, pskb);
	if (err != DLIL_STOLEN && *pskb)
		(*pskb)->skb_iif = iif;
	return err;
}

static int frame_packet(const struct output *o, struct sk_buff **pskb)
{
	return unlikely(o->loop) ? frame_looped(o, pskb) :
				   call_framer(o, pskb);
}

/* Framer, filters and driver for one packet (OUT-4).  Always consumes it. */
static int output_packet(struct output *o, struct sk_buff *skb)
{
	struct dlil_ifnet *ifp = o->ifp;
	const struct dlil_filter_vec *vec = rcu_dereference(ifp->filters_out);
	bool filtered = false;
	int err = 0;

	if (o->frame)
		err = frame_packet(o, &skb);
	if (!err && vec) {
		if (dlil_filter_segments(vec, ifp, skb))
			return output_segments(vec, ifp, o->family, skb,
					       &o->send);
		filtered = true;
		err = dlil_filter_run(vec, ifp, o->family, &skb);
	}
	if (err == DLIL_STOLEN) {
		o->send.sent.stolen++;
		return 0;
	}
	if (err) {
		if (filtered)
			drop_filtered(ifp, skb);
		else
			drop_one(ifp, skb, DLIL_DROP_FRAMER);
		return err;
	}
	return send_one(ifp, skb, &o->send);
}

/*
 * Call pre_output of the protocol (OUT-2), which may keep packets until their
 * destination is resolved.  Returns 0 with the first packet that was not kept
 * still in @list, or with an empty list.
 */
static int ask_proto(struct dlil_ifnet *ifp, u32 family,
		     struct sk_buff_head *list, const struct sockaddr *dest,
		     struct dlil_frame *frame, struct dlil_sent *sent)
{
	struct dlil_proto *proto = dlil_proto_lookup(ifp, family);
	const struct dlil_proto_ops *ops;
	struct sk_buff *skb;
	int err;

	if (!proto) {
		drop_all(ifp, list, DLIL_DROP_NOPROTO);
		return -ENXIO;
	}
	ops = READ_ONCE(proto->ops);
	while ((skb = skb_peek(list))) {
		/* The protocol may keep the packet, so it must be off the list. */
		__skb_unlink(skb, list);
		err = ops->pre_output ?
		      ops->pre_output(proto->cookie, ifp, family, skb, dest,
				      frame) : -EOPNOTSUPP;
		if (err == DLIL_STOLEN) {
			sent->stolen++;
			continue;
		}
		__skb_queue_head(list, skb);
		if (!err)
			break;
		drop_refused(ifp, list, proto);
		return dlil_errno(err);
	}
	return 0;
}

/* Row OUT-3: ask the transmit policy; the first packet decides for all. */
static int ask_policy(const struct output *o, struct sk_buff_head *list)
{
	struct sk_buff *skb = skb_peek(list);
	int err;

	if (!skb || !dlil_policy_is_set())
		return 0;
	/* Without a link header, a packet begins with its network header. */
	err = dlil_policy_check(o->ifp, o->family, skb, o->frame ? 0 : -1);
	if (unlikely(err))
		drop_all(o->ifp, list, DLIL_DROP_POLICY);
	return err;
}

/*
 * Returns the first error, or -EMSGSIZE if a packet has stopped the rest
 * (OUT-7).
 */
static int output_packets(struct output *o, struct sk_buff_head *list)
{
	struct sk_buff *skb;
	int err = 0, ret;

	/* A dropped or stolen packet does not stop the rest. */
	while ((skb = __skb_dequeue(list))) {
		ret = output_packet(o, skb);
		if (unlikely(o->send.stopped)) {
			drop_all(o->ifp, list, DLIL_DROP_TSO);
			return -EMSGSIZE;
		}
		if (ret && !err)
			err = ret;
	}
	return err;
}

static int output_list(struct dlil_ifnet *ifp, u32 family,
		       struct sk_buff_head *list, const struct sockaddr *dest,
		       u32 flags)
{
	bool raw = flags & DLIL_OUTPUT_RAW;
	struct dlil_frame frame = {};
	struct output o = {
		.ifp = ifp,
		.family = family,
		.frame = raw ? NULL : &frame,
		.loop = flags & DLIL_OUTPUT_LOOP,
	};
	int err = 0, ret;

	trace_dlil_output_begin(ifp, family, skb_queue_len(list));
	send_begin(&o.send, skb_queue_len(list));
	if (!raw)
		err = ask_proto(ifp, family, list, dest, &frame, &o.send.sent);
	if (!err)
		err = ask_policy(&o, list);
	if (!err)
		err = output_packets(&o, list);
	/* On every path: send what was collected for the driver. */
	ret = send_end(ifp, &o.send);
	err = err ?: ret;
	trace_dlil_output_end(ifp, dlil_errno(err));
	return err;
}

/* Called with bottom halves off, inside an RCU read section. */
static int output(struct dlil_ifnet *ifp, u32 family,
		  struct sk_buff_head *list, const struct sockaddr *dest,
		  u32 flags)
{
	struct dlil_sender own, *sender;
	int err;

	if (!dlil_ifnet_is_attached(ifp)) {
		refuse_all(ifp, list, DLIL_DROP_DETACHED);
		return -ENXIO;
	}
	sender = dlil_sender_enter(&own);
	if (unlikely(dlil_sender_is_too_deep(sender))) {
		refuse_all(ifp, list, DLIL_DROP_RECURSION);
		err = -ELOOP;
	} else {
		dlil_multi_traffic(ifp);
		err = output_list(ifp, family, list, dest, flags);
	}
	dlil_sender_leave(sender);
	return err;
}

/**
 * dlil_output - send packets of a protocol
 * @ifp: ifnet to send on
 * @family: family of the protocol
 * @list: the packets, private to the caller; consumed, even on error, and empty
 *	afterwards.  Without DLIL_OUTPUT_RAW they have no link header yet, and
 *	need no headroom for one
 * @dest: destination, in the form that the protocol's pre_output expects
 * @flags: DLIL_OUTPUT_*
 *
 * Rows OUT-1 to OUT-9.
 *
 * Context: any but hard interrupts; interrupts on.
 * Return: 0; -EINVAL for bad arguments; -ENXIO if the ifnet, or without
 * DLIL_OUTPUT_RAW the protocol, is not attached; -ELOOP if output is nested too
 * deeply; the error of the transmit policy; -EMSGSIZE if one was a GSO packet
 * that the driver does not support: that packet and those behind it were not
 * sent; or the first error of protocol, framer, filter or driver.
 */
int dlil_output(struct dlil_ifnet *ifp, u32 family, struct sk_buff_head *list,
		const struct sockaddr *dest, u32 flags)
{
	int err;

	if (!list)
		return -EINVAL;
	if (!ifp || flags & ~(DLIL_OUTPUT_RAW | DLIL_OUTPUT_LOOP)) {
		__skb_queue_purge(list);
		return -EINVAL;
	}
	local_bh_disable();
	rcu_read_lock();
	err = output(ifp, family, list, dest, flags);
	rcu_read_unlock();
	local_bh_enable();
	return dlil_errno(err);
}
EXPORT_SYMBOL_GPL(dlil_output);

/*
 * Filters and driver for packets that a filter has handed back.  Of @list, a GSO packet
 * is alone, since it may become many segments.
 */
static int returned_part(const struct dlil_filter_vec *vec, unsigned int slot,
			 struct dlil_ifnet *ifp, u32 family,
			 struct sk_buff_head *list, struct dlil_account *account,
			 struct send *s)
{
	struct dlil_place place;
	int err, ret;

	err = dlil_filter_resume(vec, slot, ifp, family, list, account, &place);
	ret = send_all(ifp, list, s);
	return err ?: ret;
}

/* Take packets from the front of @list: a GSO packet, or up to 64 others. */
static void take_part(struct sk_buff_head *list, struct sk_buff_head *part)
{
	struct sk_buff *skb;

	__skb_queue_head_init(part);
	do {
		skb = __skb_dequeue(list);
		/* skb->dev may point to a device that has gone (LNX-13), or be NULL. */
		skb->dev = blackhole_netdev;
		__skb_queue_tail(part, skb);
	} while (!skb_is_gso(skb) && skb_queue_len(part) < DLIL_INPUT_BATCH &&
		 (skb = skb_peek(list)) && !skb_is_gso(skb));
}

/* Returns the first error, or -EMSGSIZE if a packet has stopped the rest (OUT-7). */
static int returned_output(struct dlil_ifnet *ifp, dlil_filter_t filter,
			   u32 family, struct sk_buff_head *list, bool made)
{
	const struct dlil_filter_vec *vec = rcu_dereference(ifp->filters_out);
	unsigned int slot = dlil_filter_behind(vec, filter);
	unsigned int n = skb_queue_len(list);
	struct sk_buff_head part;
	struct dlil_tally tally = {};
	struct send s;
	int err = 0, ret;

	if (!slot) {
		dlil_drop_returned(ifp, DLIL_OUT, list, made, DLIL_DROP_DETACHED);
		return -ENXIO;
	}
	if (made)
		tally.account.seen = n;
	else
		tally.account.stolen = -(u64)n;
	send_begin(&s, 0);
	while (!s.stopped && !skb_queue_empty(list)) {
		take_part(list, &part);
		ret = returned_part(vec, slot, ifp, family, &part, &tally.account, &s);
		err = err ?: ret;
	}
	dlil_stats_fold(ifp, DLIL_OUT, &tally);
	drop_all(ifp, list, DLIL_DROP_TSO);
	ret = send_end(ifp, &s);
	if (s.stopped)
		return -EMSGSIZE;
	return err ?: ret;
}

/**
 * dlil_output_resume - send packets that a filter has handed back
 * @ifp: ifnet
 * @filter: reference of the filter
 * @family: protocol family of the packets, 0 for none
 * @list: the packets, with their marks; consumed, and empty afterwards
 * @made: the filter has made the packets: they are not counted yet
 *
 * Row FLT-14.
 *
 * Context: bottom halves off, inside the RCU read section in which the ifnet was
 * seen attached.
 * Return: 0; -ENXIO if the filter is being detached; -ELOOP if output is nested
 * too deeply; -EMSGSIZE as dlil_output(); or the first error of filter or driver.
 */
int dlil_output_resume(struct dlil_ifnet *ifp, dlil_filter_t filter, u32 family,
		       struct sk_buff_head *list, bool made)
{
	struct dlil_sender own, *sender = dlil_sender_enter(&own);
	int err = -ELOOP;

	if (unlikely(dlil_sender_is_too_deep(sender)))
		dlil_drop_returned(ifp, DLIL_OUT, list, made, DLIL_DROP_RECURSION);
	else
		err = returned_output(ifp, filter, family, list, made);
	dlil_sender_leave(sender);
	return err;
}
