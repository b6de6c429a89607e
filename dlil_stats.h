/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_STATS_H
#define _DLIL_STATS_H

#include <linux/percpu.h>
#include <linux/u64_stats_sync.h>
#include <net/dlil.h>

#include "dlil_ifnet.h"

/* The two directions, as indices. */
enum dlil_dir {
	DLIL_IN,
	DLIL_OUT,
	DLIL_DIRS
};

/**
 * struct dlil_tally - what one batch adds to the counters
 * @stats: as in struct dlil_stats
 * @flow: by direction, without freed, which is the sum of drops
 *
 * Lives on the stack of whoever works on a batch, so that the hot path counts
 * in its own memory and touches the per-CPU counters once per batch.
 */
struct dlil_tally {
	struct dlil_stats stats;
	struct dlil_flow flow;
};

/* The per-CPU counters of one ifnet, all u64, see dlil_stats_read(). */
struct dlil_pcpu_stats {
	u64_stats_t stats[sizeof(struct dlil_stats) / sizeof(u64)];
	u64_stats_t flow[DLIL_DIRS][sizeof(struct dlil_flow) / sizeof(u64)];
	struct u64_stats_sync syncp;
};

/* Counters are read and written as a whole: none may straddle a cache line. */
static_assert(offsetof(struct dlil_pcpu_stats, stats) % sizeof(u64) == 0);
static_assert(offsetof(struct dlil_pcpu_stats, flow) % sizeof(u64) == 0);
static_assert(sizeof(u64_stats_t) == sizeof(u64));

#define DLIL_STATS_WORD(member) \
	(offsetof(struct dlil_stats, member) / sizeof(u64))
#define DLIL_FLOW_WORD(member) \
	(offsetof(struct dlil_flow, member) / sizeof(u64))

struct dlil_pcpu_stats __percpu *dlil_stats_alloc(void);
void dlil_stats_reset(struct dlil_ifnet *ifp);
void dlil_stats_fold(struct dlil_ifnet *ifp, enum dlil_dir dir,
		     const struct dlil_tally *tally);
void dlil_stats_drop(struct dlil_ifnet *ifp, enum dlil_dir dir,
		     enum dlil_drop_reason why, u64 n);

/* One packet of the host's own went out.  Must be called with BH disabled. */
static __always_inline void dlil_stats_sent(struct dlil_ifnet *ifp,
					    unsigned int len)
{
	struct dlil_pcpu_stats *s = this_cpu_ptr(ifp->stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_inc(&s->stats[DLIL_STATS_WORD(opackets)]);
	u64_stats_add(&s->stats[DLIL_STATS_WORD(obytes)], len);
	u64_stats_inc(&s->flow[DLIL_OUT][DLIL_FLOW_WORD(seen)]);
	u64_stats_inc(&s->flow[DLIL_OUT][DLIL_FLOW_WORD(delivered)]);
	u64_stats_update_end(&s->syncp);
}

#endif /* _DLIL_STATS_H */
