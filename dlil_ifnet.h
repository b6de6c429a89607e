/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_IFNET_H
#define _DLIL_IFNET_H

#include <linux/atomic.h>
#include <linux/dlil.h>
#include <linux/jump_label.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/percpu-refcount.h>
#include <linux/refcount.h>
#include <linux/seqlock.h>
#include <linux/timekeeping.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <net/dlil.h>
#include <net/net_namespace.h>

#include "dlil_call.h"
#include "dlil_event.h"
#include "dlil_export.h"
#include "dlil_input.h"
#include "dlil_lane.h"
#include "dlil_log.h"
#include "dlil_reader.h"
#include "dlil_route.h"

struct dlil_class_pcpu;
struct dlil_filter_vec;
struct dlil_pcpu_stats;
struct dlil_proto;

/* Room for a link address within the ifnet: EUI-64 fits (IFN-9). */
#define DLIL_LLADDR_OWN (sizeof(struct dlil_lladdr) + 8)

/* Slots of the protocol hash; the common families have one each (PRO-2). */
#define DLIL_PROTO_SLOTS 8

/* How far the final detach is (IFN-5). */
enum dlil_final {
	DLIL_FINAL_NONE,	/* attached, or not; or it is used still */
	DLIL_FINAL_BEGIN,	/* nothing uses it any more */
	DLIL_FINAL_ENDING,	/* filters and protocols are being ended */
	DLIL_FINAL_FLUSHING,	/* the main thread is to let go of its queue */
	DLIL_FINAL_FLUSHED,	/* the rest is to be done */
};

/* Kinds of stacks that are remembered of an ifnet; indices. */
enum dlil_debug_what {
	DLIL_DEBUG_TAKEN,
	DLIL_DEBUG_DROPPED,
	DLIL_DEBUG_ATTACHED,
	DLIL_DEBUG_DETACHED,
	DLIL_DEBUG_WHATS
};

#define DLIL_DEBUG_LAST	8	/* takers, and droppers */
#define DLIL_DEBUG_DEPTH	12	/* calls of a stack */

/**
 * struct dlil_trace - a stack
 * @entries: return addresses, innermost first
 * @n: how many
 */
struct dlil_trace {
	unsigned long entries[DLIL_DEBUG_DEPTH];
	unsigned int n;
};

/**
 * struct dlil_debug - what is remembered of an ifnet
 * @lock: guards the rest
 * @n: how often each kind of thing has happened
 * @traces: the last ones of each kind; slot @n modulo DLIL_DEBUG_LAST is the next
 */
struct dlil_debug {
	spinlock_t lock;	/* see above */
	unsigned int n[DLIL_DEBUG_WHATS];
	struct dlil_trace traces[DLIL_DEBUG_WHATS][DLIL_DEBUG_LAST];
};

/**
 * struct dlil_shared_stats - counters of an ifnet that are not per CPU
 * @lock: guards the others
 * @stats: as in struct dlil_stats
 * @flow: by direction, without freed
 *
 * They count drops for rare reasons, and everything while the ifnet is not
 * attached, see dlil_stats.c.
 */
struct dlil_shared_stats {
	raw_spinlock_t lock;
	struct dlil_stats stats;
	struct dlil_flow flow[2];
};

/**
 * struct dlil_ifnet - an interface known to DLIL
 *
 * @driver: the driver's vector; set while not attached
 * @family: the family's vector; set while not attached
 * @priv: the driver's; set while not attached
 * @family_data: the family's; RCU, written by add_proto and del_proto
 * @attrs: DLIL_ATTR_* that do not change; set while not attached
 * @kind: interface family, constant
 * @settable: those of DLIL_ATTRS_SETTABLE; written under dlil_ifnets_lock
 * @node: memory node of the hardware, or NUMA_NO_NODE; set while not attached
 * @multi_pending: memberships are to be restored by the first packet (IFN-12)
 * @inspected: why packets of the host are looked at: DLIL_INSPECT_*; written under
 *	dlil_ifnets_lock
 * @host_slow: both of these at once
 * @state: enum dlil_state; written under dlil_ifnets_lock.  Whoever sees it
 *	attached inside an RCU read section may use the ifnet until the end of
 *	the section: the final detach begins a grace period later
 * @stats: per-CPU counters, written by those who keep the ifnet attached
 * @filters_in: filters of received packets; used in a batch (@inq.reader)
 * @filters_out: filters of sent packets; RCU
 * @filtered: filters may have changed received packets since the attach; written
 *	before @filters_in under @lock, and while not attached
 * @protos: attached protocols by family; used in a batch, and under RCU
 * @io: I/O references of those that may sleep; dead unless attached
 * @inq: the input queue
 *
 * @lock: guards @filter_list, @proto_list, @tap, the publishing of @filters_in,
 *	@filters_out and @protos, and serialises add_proto and del_proto
 * @filter_lock: guards the slots of @filters_in and @filters_out against a
 *	filter that dies while they are replaced
 * @filters_stale: there are stubs in @filters_in or @filters_out; written under
 *	@filter_lock
 * @filter_list: attached filters in order, until their last callback is over
 * @proto_list: attached protocols, until their last callback is over
 * @plumbed: protocols that were brought up by plumbers; under the lock of dlil_plumb.c
 * @tap: who is shown what goes by, or NULL; written under @lock, and by the final
 *	detach
 * @endings: filters and protocols that nobody uses any more, see dlil_retire.c
 * @end_work: ends them, and does the final detach once it may
 * @final: how far that is: enum dlil_final; each step is written by who makes it,
 *	before @end_work is queued for the next one
 * @final_rcu: the grace period before it
 * @final_leaver: the batch before it
 * @final_flush: the main thread lets go of the queue
 * @lane: where its works run; constant
 * @look: what was seen of it, see dlil_overdue.c
 *
 * @shared: the other counters
 * @own_seq: makes the step from asking the driver for its own counters to keeping
 *	them in @shared one for readers
 * @own_kept: it was made; under @own_seq
 * @classes: per-CPU counters of traffic classes, or NULL; set once, under
 *	dlil_ifnets_lock
 *
 * @events: events that wait for delivery
 *
 * @net: namespace; set while not attached, not held
 * @net_cookie: what tells it from later ones at the same place
 * @name: name; written under dlil_ifnets_lock
 * @ifindex: index; set while not attached
 * @own_index: one that no netdev has, if the driver ever wanted one, else 0; under
 *	dlil_ifnets_lock
 * @addr_len: length of a link address; set while not attached
 * @lladdr: link address; contents written under dlil_ifnets_lock, readers may
 *	see them change (LNX-7)
 * @lladdr_large: what @lladdr points to once an address was long, or NULL;
 *	written under dlil_ifnets_lock
 * @lladdr_own: what @lladdr points to before
 * @broadcast: broadcast address; set while not attached
 *
 * @id: unique id, constant
 * @id_len: its length, constant
 * @refs: life-time references
 * @gen: changes with each attach and detach of a filter or protocol; atomic
 * @listed: number of its attach, of all that there were; under dlil_ifnets_lock
 * @touched: when its state changed last, see dlil_ifnet_touch(); atomic
 * @lives: attaches so far; under dlil_ifnets_lock
 * @deaths: which of them have come to the end of their final detach; written
 *	under dlil_ifnets_lock
 * @in_use: acquired by somebody; under dlil_ifnets_lock
 * @reused: acquired again after a release; written under dlil_ifnets_lock
 * @release_later: released before its final detach; under dlil_ifnets_lock
 * @known: in the table of known ifnets; under dlil_ifnets_lock
 * @released: in the list of those that nobody uses; under dlil_ifnets_lock
 * @attached: in the list of attached ifnets; written under dlil_ifnets_lock, read
 *	under RCU
 * @by_name: in their table by name; under dlil_ifnets_lock
 * @by_index: in their table by index; written under dlil_ifnets_lock, read
 *	under RCU
 * @free_work: frees it
 * @detached: woken when the final detach is over
 *
 * @idle_wanted: DLIL_IDLE_* as set; under the lock of dlil_idle.c
 * @idle_live: attached, so that they are in effect; under that lock
 * @idle_flags: those in effect; written under that lock
 * @route_refs: route references (RTC-3)
 * @routes: cached routes
 * @multis: multicast memberships; under the lock of dlil_multi.c
 * @n_multis: how many; under that lock
 * @multi_suspended: how many the driver has not been told of since attach; set
 *	under that lock, cleared by @multi_work, and only told to users
 * @multi_order: a bit that is locked by who changes a membership and tells the
 *	driver of it
 * @multi_teller: who has locked it
 * @multi_work: tells it
 * @logged: when each kind of thing was logged last, in jiffies; atomic
 * @debug: who took and dropped references, or NULL (IFN-7); set once
 */
struct dlil_ifnet {
	const struct dlil_driver_ops *driver;
	const struct dlil_family_ops *family;
	void *priv;
	void __rcu *family_data;
	u32 attrs;
	enum dlil_ifnet_family kind;
	int node;
	u32 settable;
	union {
		struct {
			bool multi_pending;
			u8 inspected;
		};
		u16 host_slow;
	};
	bool filtered;
	u32 state;
	struct dlil_pcpu_stats __percpu *stats;
	struct dlil_filter_vec __rcu *filters_in;
	struct dlil_filter_vec __rcu *filters_out;
	struct hlist_head protos[DLIL_PROTO_SLOTS];
	struct percpu_ref io;

	struct dlil_inq inq ____cacheline_aligned_in_smp;

	struct mutex lock ____cacheline_aligned_in_smp;
	spinlock_t filter_lock;	/* see above */
	struct list_head filter_list;
	struct list_head proto_list;
	struct list_head plumbed;
	const struct dlil_tap *tap;
	bool filters_stale;
	struct llist_head endings;
	struct work_struct end_work;
	enum dlil_final final;
	struct rcu_head final_rcu;
	struct dlil_leaver final_leaver;
	struct dlil_flush final_flush;
	struct dlil_lane *lane;
	struct dlil_look look;

	struct dlil_shared_stats shared;
	seqlock_t own_seq;	/* see above */
	bool own_kept;
	struct dlil_class_pcpu __percpu *classes;

	struct dlil_events events;

	possible_net_t net;
	u64 net_cookie;
	char name[IFNAMSIZ];
	int ifindex;
	int own_index;
	u8 addr_len;
	struct dlil_lladdr *lladdr;
	struct dlil_lladdr *lladdr_large;
	u8 lladdr_own[DLIL_LLADDR_OWN] __aligned(8);
	u8 broadcast[MAX_ADDR_LEN] __aligned(8);

	u8 id[DLIL_ID_MAX];
	size_t id_len;
	refcount_t refs;
	atomic_t gen;
	u32 listed;
	atomic64_t touched;
	u32 lives;
	u32 deaths;
	bool in_use;
	bool reused;
	bool release_later;
	struct hlist_node known;
	struct list_head released;
	struct list_head attached;
	struct hlist_node by_name;
	struct hlist_node by_index;
	struct work_struct free_work;
	wait_queue_head_t detached;

	u32 idle_wanted;
	bool idle_live;
	u32 idle_flags;
	atomic_t route_refs;
	struct dlil_routes routes;
	struct list_head multis;
	unsigned int n_multis;
	unsigned int multi_suspended;
	unsigned long multi_order;
	struct task_struct *multi_teller;
	struct work_struct multi_work;
	unsigned long logged[DLIL_LOG_KINDS];
	struct dlil_debug *debug;
};

static_assert(sizeof(bool) == sizeof(u8));

/* See dlil_ifnet.c. */
extern struct mutex dlil_ifnets_lock;

/* May @ifp be used until the end of the RCU read section that we are in? */
static inline bool dlil_ifnet_is_attached(const struct dlil_ifnet *ifp)
{
	/* Pairs with the release in ifnet_list(). */
	return smp_load_acquire(&ifp->state) == DLIL_STATE_ATTACHED;
}

/* A filter or protocol of @ifp has come or gone.  Any context. */
static inline void dlil_ifnet_changed(struct dlil_ifnet *ifp)
{
	atomic_inc(&ifp->gen);
}

/*
 * The state of @ifp has changed: where it is in its life, its flags, its link or its
 * attributes (IFN-15).  Any context.
 */
static inline void dlil_ifnet_touch(struct dlil_ifnet *ifp)
{
	atomic64_set(&ifp->touched, ktime_get_boottime_ns());
}

/* Convert what a callback returned to what our callers want to see. */
static inline int dlil_errno(int err)
{
	if (err == DLIL_STOLEN)
		return 0;
	if (err > 0)
		return -EINVAL;
	return err == -ENOTSUPP ? -EOPNOTSUPP : err;
}

struct dlil_ifnet *dlil_ifnet_next(struct net *net, struct dlil_ifnet *ifp,
				   unsigned long pos);
u32 dlil_ifnets_seq(const struct net *net);
void dlil_ifnet_copy_name(struct dlil_ifnet *ifp, char *name);
struct dlil_ifnet **dlil_ifnet_known_get(void);
void dlil_ifnet_known_put(struct dlil_ifnet **list);
void dlil_ifnet_for_each(void (*fn)(struct dlil_ifnet *ifp, void *arg),
			 void *arg);
void dlil_ifnet_walk(const struct net *net,
		     void (*fn)(struct dlil_ifnet *ifp, void *arg), void *arg);
void dlil_ifnet_queue_work(struct dlil_ifnet *ifp, struct work_struct *work);

struct dlil_ifnet *dlil_ifnet_find_known(enum dlil_ifnet_family kind,
					 const void *id, size_t len);
void dlil_ifnet_know(struct dlil_ifnet *ifp);
void dlil_ifnet_forget(struct dlil_ifnet *ifp);
unsigned int dlil_ifnets_known(void);
bool dlil_ifnet_is_taken(const struct dlil_ifnet *ifp);
void dlil_ifnet_enlist(struct dlil_ifnet *ifp);
void dlil_ifnet_delist(struct dlil_ifnet *ifp);
void dlil_ifnet_relist(struct dlil_ifnet *ifp);

void dlil_lladdr_init(struct dlil_ifnet *ifp);
int dlil_lladdr_reserve(struct dlil_ifnet *ifp, size_t len);
void dlil_lladdr_fill(struct dlil_ifnet *ifp, const u8 *addr);
void dlil_lladdr_free(struct dlil_ifnet *ifp);

DECLARE_STATIC_KEY_FALSE(dlil_debug_key);

void dlil_debug_save(struct dlil_ifnet *ifp, enum dlil_debug_what what);

/* The parameter ifnet_debug, off unless somebody is looking for something. */
static inline bool dlil_debug_is_on(void)
{
	return static_branch_unlikely(&dlil_debug_key);
}

static inline void dlil_debug_taken(struct dlil_ifnet *ifp)
{
	if (dlil_debug_is_on())
		dlil_debug_save(ifp, DLIL_DEBUG_TAKEN);
}

static inline void dlil_debug_dropped(struct dlil_ifnet *ifp)
{
	if (dlil_debug_is_on())
		dlil_debug_save(ifp, DLIL_DEBUG_DROPPED);
}

static inline void dlil_debug_attached(struct dlil_ifnet *ifp)
{
	if (dlil_debug_is_on())
		dlil_debug_save(ifp, DLIL_DEBUG_ATTACHED);
}

static inline void dlil_debug_detached(struct dlil_ifnet *ifp)
{
	if (dlil_debug_is_on())
		dlil_debug_save(ifp, DLIL_DEBUG_DETACHED);
}

void dlil_debug_alloc(struct dlil_ifnet *ifp, void *arg);
void dlil_debug_init(struct dlil_ifnet *ifp);
void dlil_debug_free(struct dlil_ifnet *ifp);

#endif /* _DLIL_IFNET_H */
