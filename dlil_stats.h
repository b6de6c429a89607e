/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_STATS_H
#define _DLIL_STATS_H

#include <linux/percpu.h>
#include <linux/u64_stats_sync.h>
#include <net/dlil.h>

#include "dlil_ifnet.h"

/* Directions, as indices. */
enum dlil_dir {
	DLIL_IN,
	DLIL_OUT,
	DLIL_DIRS
};

/* DLIL_DIRECTION_* of a direction, as users and drivers are told. */
static inline u32 dlil_direction(bool out)
{
	return out ? DLIL_DIRECTION_OUT : DLIL_DIRECTION_IN;
}

/**
 * struct dlil_tally - counters of one batch
 * @stats: as in struct dlil_stats
 * @account: as in struct dlil_account, for one direction; without freed, which is the
 *	sum of drops
 *
 * Lives on the stack, so that the hot path counts in memory of its own and
 * updates the per-CPU counters once per batch.
 */
struct dlil_tally {
	struct dlil_stats stats;
	struct dlil_account account;
};

/**
 * struct dlil_sent - counters of one output
 * @seen: packets to send
 * @delivered: packets that the driver accepted
 * @bytes: bytes of @delivered
 * @stolen: packets that filters kept
 *
 * A smaller variant of a tally, since a call of dlil_output() often sends one
 * packet.
 */
struct dlil_sent {
	unsigned int seen;
	unsigned int delivered;
	u64 bytes;
	unsigned int stolen;
};

/* Drop reasons that are counted per CPU; the others are rare. */
#define DLIL_DROPS_PCPU	6

/* Words per direction: seen, delivered, passed, stolen, and the per-CPU reasons. */
#define DLIL_ACCOUNT_PCPU	(4 + DLIL_DROPS_PCPU)

/**
 * struct dlil_pcpu_stats - per-CPU counters of an ifnet
 * @stats: as in struct dlil_stats
 * @account: as in struct dlil_account, by direction
 * @syncp: makes counters readable on 32-bit processors
 */
struct dlil_pcpu_stats {
	u64_stats_t stats[sizeof(struct dlil_stats) / sizeof(u64)];
	u64_stats_t account[DLIL_DIRS][DLIL_ACCOUNT_PCPU];
	struct u64_stats_sync syncp;
};

/* Counters are read and written as single words: none may cross a cache line. */
static_assert(offsetof(struct dlil_pcpu_stats, stats) % sizeof(u64) == 0);
static_assert(offsetof(struct dlil_pcpu_stats, account) % sizeof(u64) == 0);
static_assert(sizeof(u64_stats_t) == sizeof(u64));
static_assert(ARRAY_SIZE(((struct dlil_shared_stats *)0)->account) == DLIL_DIRS);

/*
 * An ifnet uses at most 300 bytes per possible CPU: these counters, and one
 * word of the percpu_ref for I/O references.  Further drop reasons (policy,
 * TSO) are rare and are in struct dlil_shared_stats, so that they use none of
 * the 44 bytes that are left.  The 12 counters of traffic classes (STA-2) do
 * not fit; dlil_inspect.c allocates them when they are switched on.
 */
#define DLIL_PCPU_MAX	300
static_assert(sizeof(struct dlil_pcpu_stats) + sizeof(unsigned long) <=
	      DLIL_PCPU_MAX);

#define DLIL_STATS_WORD(member) \
	(offsetof(struct dlil_stats, member) / sizeof(u64))
#define DLIL_ACCOUNT_WORD(member) \
	(offsetof(struct dlil_account, member) / sizeof(u64))

void dlil_stats_reset(struct dlil_ifnet *ifp);
void dlil_stats_keep_own(struct dlil_ifnet *ifp);
void dlil_stats_fold(struct dlil_ifnet *ifp, enum dlil_dir dir,
		     const struct dlil_tally *tally);
void dlil_stats_returned(struct dlil_ifnet *ifp, enum dlil_dir dir,
			 enum dlil_drop_reason why, unsigned int kept,
			 unsigned int made);
void dlil_stats_drop(struct dlil_ifnet *ifp, enum dlil_dir dir,
		     enum dlil_drop_reason why, unsigned int n);
void dlil_stats_refuse(struct dlil_ifnet *ifp, enum dlil_dir dir,
		       enum dlil_drop_reason why, unsigned int n, u64 bytes);
void dlil_stats_refuse_bh(struct dlil_ifnet *ifp, enum dlil_dir dir,
			  enum dlil_drop_reason why, unsigned int n, u64 bytes,
			  bool attached);

/*
 * Count one sent packet of the host.  Must be called with BH disabled, for an
 * ifnet that stays attached meanwhile.
 */
static __always_inline void dlil_stats_sent(struct dlil_ifnet *ifp,
					    unsigned int len)
{
	struct dlil_pcpu_stats *s = this_cpu_ptr(ifp->stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_inc(&s->stats[DLIL_STATS_WORD(opackets)]);
	u64_stats_add(&s->stats[DLIL_STATS_WORD(obytes)], len);
	u64_stats_inc(&s->account[DLIL_OUT][DLIL_ACCOUNT_WORD(seen)]);
	u64_stats_inc(&s->account[DLIL_OUT][DLIL_ACCOUNT_WORD(delivered)]);
	u64_stats_update_end(&s->syncp);
}

/* The same for all packets of one output. */
static inline void dlil_stats_output(struct dlil_ifnet *ifp,
				     const struct dlil_sent *sent)
{
	struct dlil_pcpu_stats *s = this_cpu_ptr(ifp->stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_add(&s->stats[DLIL_STATS_WORD(opackets)], sent->delivered);
	u64_stats_add(&s->stats[DLIL_STATS_WORD(obytes)], sent->bytes);
	u64_stats_add(&s->account[DLIL_OUT][DLIL_ACCOUNT_WORD(seen)], sent->seen);
	u64_stats_add(&s->account[DLIL_OUT][DLIL_ACCOUNT_WORD(delivered)],
		      sent->delivered);
	if (unlikely(sent->stolen))
		u64_stats_add(&s->account[DLIL_OUT][DLIL_ACCOUNT_WORD(stolen)],
			      sent->stolen);
	u64_stats_update_end(&s->syncp);
}

void dlil_free_skb(struct sk_buff *skb, enum dlil_drop_reason why);
void dlil_free_list(struct sk_buff_head *list, enum dlil_drop_reason why);
void dlil_drop_skb(const struct dlil_ifnet *ifp, enum dlil_dir dir,
		   struct sk_buff *skb, enum dlil_drop_reason why);
void dlil_drop_list_by(const struct dlil_ifnet *ifp, enum dlil_dir dir,
		       struct sk_buff_head *list, enum dlil_drop_reason why,
		       const char *by);

/* The same for packets that neither a filter nor a protocol has refused. */
static inline void dlil_drop_list(const struct dlil_ifnet *ifp, enum dlil_dir dir,
				  struct sk_buff_head *list,
				  enum dlil_drop_reason why)
{
	dlil_drop_list_by(ifp, dir, list, why, NULL);
}

void dlil_drop_returned(struct dlil_ifnet *ifp, enum dlil_dir dir,
			struct sk_buff_head *list, bool made,
			enum dlil_drop_reason why);

#endif /* _DLIL_STATS_H */
