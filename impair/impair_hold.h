/* SPDX-License-Identifier: GPL-2.0 */
/* Packets of one direction that are held until their time has come. */
#ifndef _IMPAIR_HOLD_H
#define _IMPAIR_HOLD_H

#include <linux/hrtimer.h>
#include <linux/rbtree.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>
#include <net/dlil.h>

#include "impair_fate.h"

/* A reordered packet that is not overtaken goes on after this time. */
#define IMPAIR_REORDER_WAIT	(100 * NSEC_PER_MSEC)

/* Most bytes of memory (truesize) that the packets of one direction use. */
#define IMPAIR_MEMORY_MAX	(256 * 1024 * 1024)

/**
 * struct impair_counts - counters of one direction
 * @packets: packets that the filter has seen; set by impair_read() only
 * @matched: packets that it is for
 * @passed: packets that have left it, copies included
 * @lost: packets lost
 * @duplicated: packets doubled
 * @corrupted: packets with a bit error
 * @reordered: packets that others were to overtake
 * @limited: packets dropped because too many were held
 * @failed: packets that got no bit error or no copy, or were dropped, because memory
 *	was short
 * @held: packets held now
 * @bytes: bytes of these packets
 * @timely: packets that have left after their time had come
 * @late_sum: sum of the nanoseconds between the time and the leaving
 * @late_max: longest one of these
 */
struct impair_counts {
	u64 packets;
	u64 matched;
	u64 passed;
	u64 lost;
	u64 duplicated;
	u64 corrupted;
	u64 reordered;
	u64 limited;
	u64 failed;
	u64 held;
	u64 bytes;
	u64 timely;
	u64 late_sum;
	u64 late_max;
};

/**
 * struct impair_way - one direction of a filter
 * @lock: guards all of it but @packets; taken with bottom halves off
 * @direction: DLIL_DIRECTION_IN or DLIL_DIRECTION_OUT; constant
 * @filter: points to the reference of the filter, which is set before packets come
 * @params: parameters
 * @state: state of the effects
 * @counts: counters
 * @packets: packets that the filter has seen; atomic, so that those that it is not for
 *	need no lock
 * @memory: truesize of all held packets
 * @order: number of packets that were ever held
 * @overtaken: number of packets that have left and were not reordered
 * @ordered: held packets that came in the order of their times
 * @tree: the other held packets, by time
 * @waiting: reordered packets whose time has come
 * @releasing: a task is in impair_release(), and hands back packets for all others
 * @ended: the filter has been detached: nothing is handed back, and the timer not set
 * @timer: expires at the time of the next packet, or a pause later, see impair_release()
 */
struct impair_way {
	spinlock_t lock;	/* guards all but @packets */
	u32 direction;
	const dlil_filter_t *filter;
	struct impair_params params;
	struct impair_state state;
	struct impair_counts counts;
	atomic64_t packets;
	u64 memory;
	u32 order;
	u32 overtaken;
	struct sk_buff_head ordered;
	struct rb_root_cached tree;
	struct sk_buff_head waiting;
	bool releasing;
	bool ended;
	struct hrtimer timer;
};

void impair_way_init(struct impair_way *w, u32 direction,
		     const dlil_filter_t *filter,
		     const struct impair_params *params);
void impair_hold(struct impair_way *w, struct sk_buff *skb, u32 family,
		 const struct impair_fate *fate, u32 len, u64 due, u64 now);
bool impair_has_room(const struct impair_way *w, const struct sk_buff *skb, u64 now);
u64 impair_due(struct impair_way *w, const struct impair_fate *fate, u32 len, u64 now);
bool impair_may_pass(struct impair_way *w, const struct impair_fate *fate, u64 due,
		     u64 now);
void impair_release(struct impair_way *w);
void impair_way_end(struct impair_way *w);

#endif /* _IMPAIR_HOLD_H */
