// SPDX-License-Identifier: GPL-2.0
/*
 * From the filters to the driver: linearising, the TSO rule, and the driver's
 * call for a packet or for a list (OUT-4, OUT-6, OUT-7, OUT-8).
 *
 * Everything runs with bottom halves off, inside the RCU read section that
 * keeps the ifnet attached.
 */
#include <linux/skbuff.h>

#include "dlil_class.h"
#include "dlil_drop.h"
#include "dlil_ifnet.h"
#include "dlil_inspect.h"
#include "dlil_send.h"

#include <trace/events/dlil.h>

/* Drop a packet that is being sent. */
void dlil_send_drop(struct dlil_ifnet *ifp, struct sk_buff *skb,
		    enum dlil_drop_reason why)
{
	dlil_stats_drop(ifp, DLIL_OUT, why, 1);
	dlil_drop_skb(skb, why);
}

/* The same for all packets of a list, which may be empty. */
void dlil_send_drop_list(struct dlil_ifnet *ifp, struct sk_buff_head *list,
			 enum dlil_drop_reason why)
{
	if (skb_queue_empty(list))
		return;
	dlil_stats_drop(ifp, DLIL_OUT, why, skb_queue_len(list));
	dlil_drop_list(list, why);
}

static int refuse(struct dlil_ifnet *ifp, struct sk_buff *skb,
		  enum dlil_drop_reason why, int err)
{
	dlil_send_drop(ifp, skb, why);
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
			       u32 attrs, struct dlil_send *s)
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

/**
 * dlil_send - send a packet that has passed the filters
 * @ifp: ifnet
 * @skb: the packet; consumed, even on error
 * @s: state of the output; @s->stopped is set if packets behind this one must
 *	not be sent
 *
 * Return: 0, even if the driver gets the packet later, in a list; or an error.
 */
int dlil_send(struct dlil_ifnet *ifp, struct sk_buff *skb, struct dlil_send *s)
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
		dlil_stats_drop(ifp, DLIL_OUT, DLIL_DROP_DRIVER, 1);
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
int dlil_send_list(struct dlil_ifnet *ifp, struct dlil_send *s)
{
	unsigned int n = skb_queue_len(&s->list), left;
	u64 bytes = bytes_of(&s->list);
	int err;

	err = dlil_inspect_is_on() ? call_list_inspected(ifp, &s->list) :
				     ifp->driver->output_list(ifp, &s->list);
	left = skb_queue_len(&s->list);
	if (unlikely(left)) {
		bytes -= bytes_of(&s->list);
		dlil_send_drop_list(ifp, &s->list, DLIL_DROP_DRIVER);
		dlil_log_output(ifp, err < 0 ? err : -EIO);
	}
	s->sent.delivered += n - left;
	s->sent.bytes += bytes;
	return err < 0 ? err : 0;
}
