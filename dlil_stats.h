/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_STATS_H
#define _DLIL_STATS_H

#include <linux/percpu.h>
#include <linux/u64_stats_sync.h>
#include <net/dlil.h>

struct dlil_ifnet;

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

struct dlil_pcpu_stats __percpu *dlil_stats_alloc(void);
void dlil_stats_reset(struct dlil_ifnet *ifp);
void dlil_stats_fold(struct dlil_ifnet *ifp, enum dlil_dir dir,
		     const struct dlil_tally *tally);
void dlil_stats_sent(struct dlil_ifnet *ifp, unsigned int len);
void dlil_stats_drop(struct dlil_ifnet *ifp, enum dlil_dir dir,
		     enum dlil_drop_reason why, u64 n);

#endif /* _DLIL_STATS_H */
