// SPDX-License-Identifier: GPL-2.0
/*
 * Counters of an ifnet: 64 bits, per CPU, exact when summed (STA-1, STA-3).
 *
 * Every update runs with bottom halves off on the counters of its own CPU, so
 * there is one writer at a time; readers use the u64_stats sequence.  They are
 * set to zero at attach only, before anybody else can see the ifnet.
 */
#include <linux/bottom_half.h>

#include "dlil_ifnet.h"
#include "dlil_stats.h"

#define STATS_WORDS	(sizeof(struct dlil_stats) / sizeof(u64))
#define FLOW_WORDS	(sizeof(struct dlil_flow) / sizeof(u64))

static_assert(sizeof(struct dlil_stats) % sizeof(u64) == 0);
static_assert(sizeof(struct dlil_flow) ==
	      offsetof(struct dlil_flow, drops) + DLIL_DROP_MAX * sizeof(u64));

struct dlil_pcpu_stats __percpu *dlil_stats_alloc(void)
{
	struct dlil_pcpu_stats __percpu *stats;
	int cpu;

	stats = alloc_percpu(struct dlil_pcpu_stats);
	if (!stats)
		return NULL;
	for_each_possible_cpu(cpu)
		u64_stats_init(&per_cpu_ptr(stats, cpu)->syncp);
	return stats;
}

/* Not attached yet: only packets that are refused for it may be counted. */
void dlil_stats_reset(struct dlil_ifnet *ifp)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct dlil_pcpu_stats *s = per_cpu_ptr(ifp->stats, cpu);

		memset(s->stats, 0, sizeof(s->stats));
		memset(s->flow, 0, sizeof(s->flow));
	}
}

static void add_words(u64_stats_t *to, const u64 *from, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (from[i])
			u64_stats_set(&to[i], u64_stats_read(&to[i]) + from[i]);
}

/* Add what one batch has counted in direction @dir. */
void dlil_stats_fold(struct dlil_ifnet *ifp, enum dlil_dir dir,
		     const struct dlil_tally *tally)
{
	struct dlil_pcpu_stats *s;

	local_bh_disable();
	s = this_cpu_ptr(ifp->stats);
	u64_stats_update_begin(&s->syncp);
	add_words(s->stats, (const u64 *)&tally->stats, STATS_WORDS);
	add_words(s->flow[dir], (const u64 *)&tally->flow, FLOW_WORDS);
	u64_stats_update_end(&s->syncp);
	local_bh_enable();
}

/* @n packets came and were freed at once. */
void dlil_stats_drop(struct dlil_ifnet *ifp, enum dlil_dir dir,
		     enum dlil_drop_reason why, u64 n)
{
	struct dlil_tally tally = { .flow.seen = n };

	tally.flow.drops[why] = n;
	if (dir == DLIL_IN)
		tally.stats.iqdrops = n;
	dlil_stats_fold(ifp, dir, &tally);
}

/**
 * dlil_stats_add - add what only the driver knows to the counters
 * @ifp: ifnet
 * @inc: increments
 *
 * Row INP-6.  Any context but hard interrupts.
 */
void dlil_stats_add(struct dlil_ifnet *ifp, const struct dlil_stats *inc)
{
	struct dlil_tally tally = { .stats = *inc };

	dlil_stats_fold(ifp, DLIL_IN, &tally);
}
EXPORT_SYMBOL_GPL(dlil_stats_add);

static void sum_words(u64 *to, const u64 *from, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		to[i] += from[i];
}

static void read_words(u64 *to, const u64_stats_t *from, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		to[i] = u64_stats_read(&from[i]);
}

/**
 * dlil_stats_read - sum up the counters of an ifnet
 * @ifp: ifnet
 * @stats: where the counters go
 * @in: where received packets went
 * @out: where sent packets went
 *
 * Row STA-1.  The sums are exact once traffic rests; under traffic each counter
 * is a value that it had.  Any context.
 */
void dlil_stats_read(struct dlil_ifnet *ifp, struct dlil_stats *stats,
		     struct dlil_flow *in, struct dlil_flow *out)
{
	struct dlil_flow *flow[DLIL_DIRS] = { in, out };
	struct { struct dlil_stats s; struct dlil_flow f[DLIL_DIRS]; } one;
	unsigned int start, i;
	int cpu, dir;

	memset(stats, 0, sizeof(*stats));
	memset(in, 0, sizeof(*in));
	memset(out, 0, sizeof(*out));
	for_each_possible_cpu(cpu) {
		const struct dlil_pcpu_stats *s = per_cpu_ptr(ifp->stats, cpu);

		do {
			start = u64_stats_fetch_begin(&s->syncp);
			read_words((u64 *)&one.s, s->stats, STATS_WORDS);
			for (dir = 0; dir < DLIL_DIRS; dir++)
				read_words((u64 *)&one.f[dir], s->flow[dir],
					   FLOW_WORDS);
		} while (u64_stats_fetch_retry(&s->syncp, start));

		sum_words((u64 *)stats, (u64 *)&one.s, STATS_WORDS);
		for (dir = 0; dir < DLIL_DIRS; dir++)
			sum_words((u64 *)flow[dir], (u64 *)&one.f[dir],
				  FLOW_WORDS);
	}
	for (dir = 0; dir < DLIL_DIRS; dir++) {
		flow[dir]->freed = 0;
		for (i = 0; i < DLIL_DROP_MAX; i++)
			flow[dir]->freed += flow[dir]->drops[i];
	}
}
EXPORT_SYMBOL_GPL(dlil_stats_read);
