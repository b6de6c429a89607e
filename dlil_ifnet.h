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
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <net/dlil.h>
#include <net/net_namespace.h>

#include "dlil_call.h"
#include "dlil_event.h"
#include "dlil_export.h"
#include "dlil_input.h"
#include "dlil_retire.h"
#include "dlil_route.h"

struct dlil_class_pcpu;
struct dlil_filter_vec;
struct dlil_pcpu_stats;
struct dlil_proto;
struct seq_file;

/* Size of an embedded link address: EUI-64 fits (IFN-9). */
#define DLIL_LLADDR_OWN (sizeof(struct dlil_lladdr) + 8)

/* Slots of the protocol hash; the common families have one each (PRO-2). */
#define DLIL_PROTO_SLOTS 8

/* Progress of the final detach (IFN-5). */
enum dlil_final {
	DLIL_FINAL_NONE,	/* not begun: attached, not attached, or still in use */
	DLIL_FINAL_BEGIN,	/* the ifnet is unused */
	DLIL_FINAL_ENDING,	/* filters and protocols are ending */
	DLIL_FINAL_FLUSHING,	/* the main thread must release the queue */
	DLIL_FINAL_FLUSHED,	/* the queue has been released */
};

/* Kinds of stack traces that are recorded with ifnet_debug; indices. */
enum dlil_debug_what {
	DLIL_DEBUG_TAKEN,
	DLIL_DEBUG_DROPPED,
	DLIL_DEBUG_WHATS
};

#define DLIL_DEBUG_LAST	8	/* recorded traces of each kind */
#define DLIL_DEBUG_DEPTH	12	/* entries of a trace */

/**
 * struct dlil_trace - a stack trace
 * @entries: return addresses, innermost first
 * @n: number of @entries
 */
struct dlil_trace {
	unsigned long entries[DLIL_DEBUG_DEPTH];
	unsigned int n;
};

/**
 * struct dlil_debug - recorded stack traces of an ifnet
 * @lock: guards the rest
 * @n: number of events of each kind so far
 * @traces: the last traces of each kind; slot @n modulo DLIL_DEBUG_LAST is next
 */
struct dlil_debug {
	spinlock_t lock;	/* see above */
	unsigned int n[DLIL_DEBUG_WHATS];
	struct dlil_trace traces[DLIL_DEBUG_WHATS][DLIL_DEBUG_LAST];
};

/**
 * struct dlil_shared_stats - counters of an ifnet that are not per CPU
 * @lock: guards the rest
 * @stats: as in struct dlil_stats
 * @account: by direction, without freed
 *
 * Drops for rare reasons, and everything while the ifnet is not attached, see
 * dlil_stats.c.
 */
struct dlil_shared_stats {
	raw_spinlock_t lock;
	struct dlil_stats stats;
	struct dlil_account account[2];
};

/**
 * struct dlil_ifnet - an interface known to DLIL
 *
 * @driver: driver operations; set while not attached
 * @family: operations of the interface family; set while not attached
 * @priv: private to the driver; set while not attached
 * @family_data: private to the family; RCU, written by add_proto and del_proto
 * @attrs: DLIL_ATTR_* that do not change; set while not attached
 * @kind: interface family, constant
 * @settable: current DLIL_ATTRS_SETTABLE; written under dlil_ifnets_lock
 * @node: NUMA node of the hardware, or NUMA_NO_NODE; set while not attached
 * @multi_pending: the first packet must restore memberships (IFN-12)
 * @inspected: reasons to look at packets of the host: DLIL_INSPECT_*; written
 *	under dlil_ifnets_lock
 * @host_slow: @multi_pending and @inspected, read at once
 * @state: enum dlil_state; written under dlil_ifnets_lock.  A reader that sees
 *	it attached inside an RCU read section may use the ifnet until the end
 *	of the section, because the final detach begins a grace period later
 * @stats: per-CPU counters; writers keep the ifnet attached
 * @filters_in: filters for received packets; used in a batch (@inq.reader)
 * @filters_out: filters for sent packets; RCU
 * @filtered: filters may have changed received packets since the attach;
 *	written before @filters_in under @lock, and while not attached
 * @protos: attached protocols by family; used in a batch, and under RCU
 * @io: I/O references, for users that may sleep; dead unless attached
 * @inq: the input queue
 *
 * @lock: guards @filter_list, @filter_order, @proto_list, @tap and the publishing of
 *	@filters_in, @filters_out and @protos; serialises add_proto and
 *	del_proto
 * @filter_lock: guards the slots of @filters_in and @filters_out, so that a
 *	filter can start dying while they are replaced
 * @filters_stale: @filters_in or @filters_out contain stubs; written under
 *	@filter_lock
 * @filters_old: replaced arrays for received packets that are not freed yet; a batch
 *	in flight may use one of them.  Under @filter_lock
 * @filter_list: attached filters by age, until their last callback is over
 * @filter_order: the same filters, in the order in which packets meet them; under @lock
 * @revision: of the filters, see dlil_filter_revision(); under @filter_lock
 * @proto_list: attached protocols, until their last callback is over
 * @plumbed: protocols attached by plumbers; under the lock of dlil_plumb.c
 * @tap: the tap, or NULL; written under @lock, and by the final detach
 * @endings: filters and protocols that nobody uses any more, see dlil_retire.c
 * @end_work: ends @endings, and does the steps of the final detach
 * @final: enum dlil_final; the context that completes a step writes it, and
 *	then queues @end_work for the next step
 * @final_rcu: grace period before the final detach
 * @final_leaver: waits for the batch before the final detach
 * @final_flush: called when the main thread has released the queue
 * @lane: runs the works of the ifnet; constant
 * @look: state of the last check for overdue callbacks, see dlil_debug.c
 *
 * @shared: counters that are not per CPU
 * @own_seq: lets readers see either the counters of the driver or those saved
 *	in @shared, never both or none
 * @own_kept: counters of the driver have been saved in @shared; under @own_seq
 * @classes: per-CPU counters of traffic classes, or NULL; set once, under
 *	dlil_ifnets_lock
 *
 * @events: queued events
 *
 * @net: netns; set while not attached, no reference
 * @net_cookie: cookie of the netns, whose address may be reused
 * @name: name; written under dlil_ifnets_lock
 * @ifindex: index; set while not attached
 * @own_index: index that no netdev has, for a driver that wants one; else 0;
 *	under dlil_ifnets_lock
 * @addr_len: length of a link address; set while not attached
 * @lladdr: link address; contents written under dlil_ifnets_lock, and readers
 *	may see a partial change (LNX-7)
 * @lladdr_large: storage of @lladdr after a long address was set, or NULL;
 *	written under dlil_ifnets_lock
 * @lladdr_own: storage of @lladdr before that
 * @broadcast: broadcast address; set while not attached
 *
 * @id: unique id, constant
 * @id_len: length of @id, constant
 * @refs: life-time references
 * @gen: changes with each attach and detach of a filter or protocol; atomic
 * @listed: sequence number of its attach among those of all ifnets; under
 *	dlil_ifnets_lock
 * @touched: time of the last change of state, see dlil_ifnet_touch(); atomic
 * @lives: number of attaches so far; under dlil_ifnets_lock
 * @deaths: number of completed final detaches; written under dlil_ifnets_lock
 * @in_use: acquired by a driver; under dlil_ifnets_lock
 * @reused: acquired again after a release; written under dlil_ifnets_lock
 * @release_later: released before its final detach; under dlil_ifnets_lock
 * @known: entry in the table of known ifnets; under dlil_ifnets_lock
 * @released: entry in the list of unused ifnets; under dlil_ifnets_lock
 * @attached: entry in the list of attached ifnets; written under
 *	dlil_ifnets_lock, read under RCU
 * @by_name: entry in the table of attached ifnets by name; under
 *	dlil_ifnets_lock
 * @by_index: entry in the table of attached ifnets by index; written under
 *	dlil_ifnets_lock, read under RCU
 * @free_work: frees the ifnet
 * @detached: woken when the final detach is over
 *
 * @idle_wanted: requested DLIL_IDLE_*; under the lock of dlil_attrs.c
 * @idle_live: attached, so that requested flags are effective; under that lock
 * @idle_flags: effective flags; written under that lock
 * @route_refs: route references (RTC-3)
 * @routes: cached routes
 * @multis: multicast memberships; under the lock of dlil_multi.c
 * @n_multis: number of @multis; under that lock
 * @multi_suspended: number of memberships not restored since the attach; set
 *	under that lock, cleared by @multi_work, and only reported to users
 * @multi_order: bit lock, held while a membership is changed and the driver is
 *	told
 * @multi_teller: task that holds @multi_order
 * @multi_work: restores the memberships
 * @logged: time of the last log message of each kind, in jiffies; atomic
 * @debug: traces of reference users, or NULL (IFN-7); set once
 * @attached_by: stack of the last attach (IFN-3), under dlil_ifnets_lock
 * @detached_by: stack of the last detach (IFN-4), likewise
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
	struct list_head filter_order;
	u64 revision;
	struct list_head proto_list;
	struct list_head plumbed;
	const struct dlil_tap *tap;
	bool filters_stale;
	struct list_head filters_old;
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
	struct dlil_trace attached_by;
	struct dlil_trace detached_by;
};

static_assert(sizeof(bool) == sizeof(u8));

/* See dlil_ifnet.c. */
extern struct mutex dlil_ifnets_lock;

/* May @ifp be used until the end of the current RCU read section? */
static inline bool dlil_ifnet_is_attached(const struct dlil_ifnet *ifp)
{
	/* Pairs with the release in ifnet_list(). */
	return smp_load_acquire(&ifp->state) == DLIL_STATE_ATTACHED;
}

/* Note that a filter or protocol has come or gone.  Any context. */
static inline void dlil_ifnet_changed(struct dlil_ifnet *ifp)
{
	atomic_inc(&ifp->gen);
}

/*
 * Record the time of a change of state: attach or detach, flags, link or
 * attributes (IFN-15).  Any context.
 */
static inline void dlil_ifnet_touch(struct dlil_ifnet *ifp)
{
	atomic64_set(&ifp->touched, ktime_get_boottime_ns());
}

/* Convert the result of a callback to an errno for callers of the API. */
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
void dlil_debug_stack(struct dlil_trace *trace);

/* The parameter ifnet_debug; off by default. */
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

void dlil_debug_alloc(struct dlil_ifnet *ifp, void *arg);
void dlil_debug_init(struct dlil_ifnet *ifp);
void dlil_debug_free(struct dlil_ifnet *ifp);

void dlil_debug_enable(bool on);
int dlil_debug_show(struct seq_file *m, void *arg);

int dlil_debug_module_init(void);
void dlil_debug_module_exit(void);

/* Limit of overdue callbacks that are shown for one ifnet. */
#define DLIL_OVERDUE_MAX 8

void dlil_look_detach(struct dlil_ifnet *ifp, bool detaching);
unsigned int dlil_overdue_get(struct dlil_ifnet *ifp, struct dlil_overdue *o,
			      unsigned int max);
const char *dlil_party_name(enum dlil_party party);
const char *dlil_callback_name(enum dlil_callback callback);

int dlil_overdue_module_init(void);
void dlil_overdue_module_exit(void);

/* dlil_attrs.c */
extern bool dlil_net_rtref;

void dlil_idle_attach(struct dlil_ifnet *ifp);
void dlil_idle_detach(struct dlil_ifnet *ifp);
void dlil_idle_force(bool on);
void dlil_idle_route_get(struct dlil_ifnet *ifp);
void dlil_idle_route_put(struct dlil_ifnet *ifp);

/* dlil_life.c */
struct dlil_ifnet *dlil_ifnet_blank(void);
int dlil_ifnet_acquire_with(enum dlil_ifnet_family family, const void *id,
			    size_t len, struct dlil_ifnet **blank,
			    struct dlil_ifnet **out);
int dlil_ifnet_attach_with(struct dlil_ifnet *ifp, const u8 *lladdr, size_t len,
			   struct dlil_runner **runner);
long dlil_ifnet_wait_death(struct dlil_ifnet *ifp, long timeout);

int dlil_life_module_init(void);
void dlil_life_wait_all(void);
void dlil_life_module_exit(void);

/* dlil_main.c */

/**
 * struct dlil_part - a part of the module
 * @init: initialises the part; 0, or an error after which nothing is left
 *	behind
 * @exit: undoes @init
 */
struct dlil_part {
	int (*init)(void);
	void (*exit)(void);
};

int dlil_parts_init(const struct dlil_part *part, unsigned int n);
void dlil_parts_exit(const struct dlil_part *part, unsigned int n);

#endif /* _DLIL_IFNET_H */
