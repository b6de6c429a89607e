/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_PROTO_H
#define _DLIL_PROTO_H

#include <linux/rculist.h>
#include <linux/types.h>
#include <linux/u64_stats_sync.h>
#include <net/dlil.h>

#include "dlil_call.h"
#include "dlil_event.h"
#include "dlil_ifnet.h"
#include "dlil_retire.h"

/**
 * struct dlil_proto - a protocol attached to an ifnet
 * @node: entry in the ifnet's hash table
 * @family: protocol family
 * @ops: points to @live, or to inert operations once the detach has begun
 *	(PRO-3)
 * @live: callbacks, only those of its version
 * @real: callbacks as passed to the attach
 * @v2: takes lists of packets
 * @sleeps: its input may sleep
 * @cookie: argument of the callbacks
 * @name: shown to users
 * @packets: number of received packets passed to it; written by the input
 *	thread
 * @syncp: makes @packets readable on 32-bit processors
 * @events: preallocated events for its attach and detach, until they are posted
 * @retire: teardown state
 */
struct dlil_proto {
	struct hlist_node node;
	u32 family;
	const struct dlil_proto_ops *ops;
	struct dlil_proto_ops live;
	const struct dlil_proto_ops *real;
	bool v2;
	bool sleeps;
	void *cookie;
	char name[DLIL_NAME_MAX];
	u64_stats_t packets;
	struct u64_stats_sync syncp;
	struct dlil_event_item *events[2];
	struct dlil_retire retire;
};

static inline unsigned int dlil_proto_slot(u32 family)
{
	switch (family) {
	case DLIL_PF_INET:
		return 0;
	case DLIL_PF_INET6:
		return 1;
	case DLIL_PF_VLAN:
		return 2;
	default:
		return 3 + family % (DLIL_PROTO_SLOTS - 3);
	}
}

/* Called inside a batch of the input thread or an RCU read section. */
static inline struct dlil_proto *dlil_proto_lookup(struct dlil_ifnet *ifp,
						   u32 family)
{
	struct hlist_head *slot = &ifp->protos[dlil_proto_slot(family)];
	struct dlil_proto *proto;

	hlist_for_each_entry_rcu(proto, slot, node,
				 dlil_reader_is_inside(&ifp->inq.reader))
		if (proto->family == family)
			return proto;
	return NULL;
}

void dlil_proto_detach_all(struct dlil_ifnet *ifp);
int dlil_proto_for_each(struct dlil_ifnet *ifp,
			int (*fn)(const struct dlil_proto *proto, void *arg),
			void *arg);
int dlil_proto_call(struct dlil_ifnet *ifp, u64 until, struct dlil_call *call,
		    enum dlil_callback callback,
		    int (*fn)(const struct dlil_proto_ops *ops, void *cookie,
			      struct dlil_ifnet *ifp, u32 family, void *arg),
		    void *arg);
u64 dlil_proto_packets(const struct dlil_proto *proto);

int dlil_proto_module_init(void);
void dlil_proto_module_exit(void);

/* dlil_plumb.c */
int dlil_plumb_for_user(struct dlil_ifnet *ifp, const char *name, bool up,
			bool may_wait, const char **why);
int dlil_plumb_for_each(struct dlil_ifnet *ifp,
			int (*fn)(const char *name, u32 family,
				  unsigned int count, void *arg),
			void *arg);
void dlil_plumb_end(struct dlil_ifnet *ifp);

#endif /* _DLIL_PROTO_H */
