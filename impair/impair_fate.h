/* SPDX-License-Identifier: GPL-2.0 */
/* The fate of each packet: pure functions, which a program outside the kernel can use. */
#ifndef _IMPAIR_FATE_H
#define _IMPAIR_FATE_H

#include <linux/types.h>

#include "impair_rand.h"

/* Longest delay or jitter, in nanoseconds. */
#define IMPAIR_TIME_MAX		100000000000ULL
/* A probability of 1.  Others are multiples of 2^-32. */
#define IMPAIR_CERTAIN		0xffffffffU
/* Longest distance of a reordered packet, in packets. */
#define IMPAIR_DISTANCE_MAX	1024
#define IMPAIR_OVERHEAD_MAX	1024
#define IMPAIR_LIMIT_MAX	1000000

/* The longest time for which packets wait for the link, in nanoseconds: a day. */
#define IMPAIR_BACKLOG_MAX	86400000000000ULL

enum impair_loss {
	IMPAIR_LOSS_NONE,
	IMPAIR_LOSS_RANDOM,
	IMPAIR_LOSS_EVERY,
	IMPAIR_LOSS_STATE,
	IMPAIR_LOSS_GEMODEL,
	IMPAIR_LOSS_MAX
};

enum impair_distribution {
	IMPAIR_UNIFORM,
	IMPAIR_NORMAL,
	IMPAIR_PARETO,
	IMPAIR_PARETONORMAL,
	IMPAIR_DISTRIBUTION_MAX
};

/* Each effect has a stream of random numbers of its own. */
enum impair_stream {
	IMPAIR_STREAM_LOSS,
	IMPAIR_STREAM_DELAY,
	IMPAIR_STREAM_DUPLICATE,
	IMPAIR_STREAM_CORRUPT,
	IMPAIR_STREAM_REORDER,
	IMPAIR_STREAMS
};

/* Meaning of impair_params.loss in the models with states; as in netem's papers. */
enum {
	IMPAIR_P13, IMPAIR_P31, IMPAIR_P32, IMPAIR_P23, IMPAIR_P14,
	IMPAIR_LOSS_PARAMS,
	IMPAIR_GE_P = 0, IMPAIR_GE_R, IMPAIR_GE_BAD, IMPAIR_GE_GOOD,
};

/**
 * struct impair_params - parameters; 0 turns an effect off
 * @seed: chooses the random numbers
 * @loss_model: enum impair_loss
 * @loss: probabilities of the model; the first one for IMPAIR_LOSS_RANDOM
 * @every: for IMPAIR_LOSS_EVERY: the last of this many packets is lost
 * @delay: nanoseconds that each packet is held
 * @jitter: nanoseconds; the standard deviation of the delay, or the largest
 *	difference from @delay if it is uniform
 * @correlation: probability that a packet has the same draw as the one before
 * @distribution: enum impair_distribution, of the delay
 * @duplicate: probability that a packet is doubled
 * @corrupt: probability that a packet has a bit error
 * @reorder: probability that a packet is held until others have overtaken it
 * @gap: if not 0, only the last of this many packets can be reordered
 * @distance: number of packets that overtake it
 * @rate: bytes per second, or 0 for no bound
 * @overhead: bytes to add to the length of each packet for @rate
 * @limit: number of packets that can be held at a time
 */
struct impair_params {
	u64 seed;
	u32 loss_model;
	u32 loss[IMPAIR_LOSS_PARAMS];
	u32 every;
	u64 delay;
	u64 jitter;
	u32 correlation;
	u32 distribution;
	u32 duplicate;
	u32 corrupt;
	u32 reorder;
	u32 gap;
	u32 distance;
	u64 rate;
	s32 overhead;
	u32 limit;
};

/**
 * struct impair_state - all that one packet leaves to the next ones
 * @key: keys of the streams; constant
 * @n: number of the next packet, from 0 on
 * @loss: state of the model of loss
 * @has_drawn: @drawn is valid
 * @drawn: random number that has chosen the last delay
 * @link_free: time when a link of the rate has sent all packets so far
 */
struct impair_state {
	u64 key[IMPAIR_STREAMS];
	u64 n;
	u8 loss;
	bool has_drawn;
	u32 drawn;
	u64 link_free;
};

/**
 * struct impair_fate - all that happens to one packet
 * @lost: the packet is lost, and nothing else happens to it
 * @duplicated: the packet comes twice
 * @corrupted: bit @bit is wrong
 * @reordered: later packets overtake the packet
 * @bit: number of the wrong bit, from the most significant bit of the first byte on
 * @delay: nanoseconds that the packet is held
 */
struct impair_fate {
	bool lost;
	bool duplicated;
	bool corrupted;
	bool reordered;
	u32 bit;
	u64 delay;
};

const char *impair_params_check(const struct impair_params *p);
bool impair_holds(const struct impair_params *p);
void impair_state_init(struct impair_state *s, u64 seed, u32 way);
void impair_state_change(struct impair_state *s, const struct impair_params *old,
			 const struct impair_params *new);
void impair_fate(const struct impair_params *p, struct impair_state *s, u32 len,
		 struct impair_fate *fate);
u64 impair_link(const struct impair_params *p, struct impair_state *s, u32 len,
		u64 now);

#endif /* _IMPAIR_FATE_H */
