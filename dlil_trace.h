/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_TRACE_H
#define _DLIL_TRACE_H

#include <linux/if.h>
#include <linux/jump_label.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <net/dlil.h>

/* First bytes of a packet that a record has. */
#define DLIL_TRACE_BYTES 128

/* Records that a tracer keeps until they are sent: 256 KiB. */
#define DLIL_TRACE_RECORDS 1024

/* Largest numbers of tracers, in one netns and in all. */
#define DLIL_TRACERS_NET 8
#define DLIL_TRACERS_MAX 64

/**
 * struct dlil_trace_record - one dropped packet
 * @time: nanoseconds since 1970
 * @ifname: name of the ifnet
 * @ifindex: its index
 * @direction: DLIL_DIRECTION_*
 * @why: reason
 * @by: name of the filter that has dropped the packet, or of the protocol that has
 *	refused it; empty if it is unknown or there was none
 * @has_packet: there was a packet; the members below are 0 if not
 * @has_header: @bytes begin with an Ethernet header; otherwise behind any link header
 * @type: EtherType
 * @vlan_proto: protocol of the VLAN tag beside the data, 0 without one
 * @vlan_tci: that tag
 * @len: length of the packet, with its link header
 * @n: number of @bytes
 * @bytes: its first bytes
 */
struct dlil_trace_record {
	u64 time;
	char ifname[IFNAMSIZ];
	int ifindex;
	u32 direction;
	u32 why;
	char by[DLIL_NAME_MAX];
	bool has_packet;
	bool has_header;
	__be16 type;
	__be16 vlan_proto;
	u16 vlan_tci;
	u32 len;
	u32 n;
	u8 bytes[DLIL_TRACE_BYTES];
};

static_assert(sizeof(struct dlil_trace_record) * DLIL_TRACE_RECORDS <= 256 * 1024);

/**
 * struct dlil_tracer - somebody who wants to know of dropped packets
 * @net_cookie: the netns whose packets it wants
 * @ifindex: the only ifnet whose packets it wants, or 0 for all
 * @send: sends the first records of an array, and the number of packets lost since the
 *	last success, and sets *@n, their number on entry, to how many it has sent.
 *	Returns 0; or an error, having sent nothing: -EAGAIN if it is to be called again
 *	later.  Process context, one call at a time
 * @list: entry in the list of tracers; RCU
 * @lock: protects @head, @tail and @lost
 * @records: ring; entries from @tail to @head belong to the work, the others to whoever
 *	holds @lock
 * @head: records written so far
 * @tail: records sent so far
 * @lost: packets that found no room
 * @work: calls @send
 *
 * The owner sets the first three.
 */
struct dlil_tracer {
	u64 net_cookie;
	int ifindex;
	int (*send)(struct dlil_tracer *t, const struct dlil_trace_record *records,
		    unsigned int *n, u64 lost);
	struct list_head list;
	spinlock_t lock;	/* guards head, tail and lost */
	struct dlil_trace_record *records;
	unsigned int head;
	unsigned int tail;
	u64 lost;
	struct delayed_work work;
};

DECLARE_STATIC_KEY_FALSE(dlil_trace_key);

void __dlil_trace_drop(const struct dlil_ifnet *ifp, u32 direction,
		       enum dlil_drop_reason why, const char *by,
		       const struct sk_buff *skb);

/*
 * Record a drop that is counted elsewhere (STA-6): @by is as in the record, or NULL; @skb
 * is the packet, or NULL if it has been freed already.  Any context but NMI.
 */
static __always_inline void dlil_trace_drop(const struct dlil_ifnet *ifp,
					    u32 direction,
					    enum dlil_drop_reason why,
					    const char *by,
					    const struct sk_buff *skb)
{
	if (static_branch_unlikely(&dlil_trace_key))
		__dlil_trace_drop(ifp, direction, why, by, skb);
}

int dlil_trace_start(struct dlil_tracer *t);
u64 dlil_trace_end(struct dlil_tracer *t);

#endif /* _DLIL_TRACE_H */
