// SPDX-License-Identifier: GPL-2.0
/*
 * The fate of each packet: whether it is lost, delayed, doubled and so on.
 *
 * A fate follows from the parameters, the number of the packet, the random numbers that
 * belong to this number (impair_rand.h), and the state that earlier packets have left.
 *
 * The file uses integers of fixed size only, and nothing of the kernel but types and
 * divisions, so that fates are the same on every architecture and kernel, and in the
 * program that scripts/impair/test.sh compares with the model in Python.
 */
#include <linux/math64.h>
#include <linux/types.h>

#include "../dlil_export.h"
#include "impair_fate.h"
#include "impair_tables.h"

#define NSEC_PER_SECOND 1000000000U

/* States of the models of loss; both start in the first one. */
enum { GAP, BURST_LOST, BURST_OK, GAP_LOST };
enum { GOOD, BAD };

/* Does something happen that has this probability, in multiples of 2^-32? */
static bool happens(u32 drawn, u32 probability)
{
	return drawn < probability || probability == IMPAIR_CERTAIN;
}

static u32 high(u64 drawn)
{
	return drawn >> 32;
}

static u32 low(u64 drawn)
{
	return (u32)drawn;
}

/* Two random numbers, the halves, for one effect and the next packet. */
static u64 draw(const struct impair_state *s, enum impair_stream stream)
{
	return impair_draw(s->key[stream], s->n);
}

/*
 * The model with four states: reception and loss inside bursts, and outside of them.
 * The state changes with each packet, and the new state decides about the packet.  Two
 * changes from one state share a random number: the first one has the numbers below its
 * probability, the second one those above, hence the subtraction.
 */
static bool lost_in_state(const u32 *p, struct impair_state *s)
{
	u32 drawn = high(draw(s, IMPAIR_STREAM_LOSS));

	switch (s->loss) {
	case GAP:
		if (happens(drawn, p[IMPAIR_P14]))
			s->loss = GAP_LOST;
		else if (happens(drawn - p[IMPAIR_P14], p[IMPAIR_P13]))
			s->loss = BURST_LOST;
		break;
	case BURST_LOST:
		if (happens(drawn, p[IMPAIR_P32]))
			s->loss = BURST_OK;
		else if (happens(drawn - p[IMPAIR_P32], p[IMPAIR_P31]))
			s->loss = GAP;
		break;
	case BURST_OK:
		if (happens(drawn, p[IMPAIR_P23]))
			s->loss = BURST_LOST;
		break;
	default:
		s->loss = GAP;
	}
	return s->loss == BURST_LOST || s->loss == GAP_LOST;
}

/* The model of Gilbert and Elliott: the state decides about the packet, and changes. */
static bool lost_in_gemodel(const u32 *p, struct impair_state *s)
{
	u64 drawn = draw(s, IMPAIR_STREAM_LOSS);
	bool bad = s->loss == BAD;

	if (happens(high(drawn), bad ? p[IMPAIR_GE_R] : p[IMPAIR_GE_P]))
		s->loss = bad ? GOOD : BAD;
	return happens(low(drawn), bad ? p[IMPAIR_GE_BAD] : p[IMPAIR_GE_GOOD]);
}

/* Is packet @n, counted from 0, the last of @group packets? */
static bool is_last_of(u64 n, u32 group)
{
	u32 rest;

	div_u64_rem(n, group, &rest);
	return rest == group - 1;
}

static bool is_lost(const struct impair_params *p, struct impair_state *s)
{
	switch (p->loss_model) {
	case IMPAIR_LOSS_RANDOM:
		return happens(high(draw(s, IMPAIR_STREAM_LOSS)), p->loss[0]);
	case IMPAIR_LOSS_EVERY:
		return is_last_of(s->n, p->every);
	case IMPAIR_LOSS_STATE:
		return lost_in_state(p->loss, s);
	case IMPAIR_LOSS_GEMODEL:
		return lost_in_gemodel(p->loss, s);
	default:
		return false;
	}
}

/* The quantile of @drawn, in multiples of 2^-16: between two entries of the table. */
static s64 quantile(u32 distribution, u32 drawn)
{
	const s32 *entry;
	u32 part = drawn & (IMPAIR_TABLE_STEP - 1);

	if (distribution == IMPAIR_UNIFORM)
		return (s64)(drawn >> 15) - 65536;
	entry = &impair_tables[distribution - IMPAIR_NORMAL]
			      [drawn / IMPAIR_TABLE_STEP];
	return entry[0] + (((s64)entry[1] - entry[0]) * part >> IMPAIR_TABLE_SHIFT);
}

/*
 * With the probability @correlation a packet has the same draw as the one before.
 * That makes it the coefficient of correlation of consecutive delays, and leaves
 * their distribution as it is.
 */
static u64 delay_of(const struct impair_params *p, struct impair_state *s)
{
	u64 drawn;
	s64 delay;

	if (!p->jitter)
		return p->delay;
	drawn = draw(s, IMPAIR_STREAM_DELAY);
	if (!s->has_drawn || !happens(high(drawn), p->correlation))
		s->drawn = low(drawn);
	s->has_drawn = true;
	delay = (s64)p->delay +
		((s64)p->jitter * quantile(p->distribution, s->drawn) >> 16);
	return delay > 0 ? delay : 0;
}

static void corrupt(const struct impair_params *p, const struct impair_state *s,
		    u32 len, struct impair_fate *fate)
{
	u64 drawn = draw(s, IMPAIR_STREAM_CORRUPT);

	fate->corrupted = len && happens(high(drawn), p->corrupt);
	fate->bit = fate->corrupted ? low(drawn) * ((u64)len * 8) >> 32 : 0;
}

/**
 * impair_fate - the fate of the next packet
 * @p: the parameters
 * @s: the state; changed
 * @len: number of bytes of the packet that may get a bit error
 * @fate: the fate
 *
 * Each effect is decided without regard to the other ones, so that switching one on
 * or off changes nothing about them, even for packets that are lost.
 */
void impair_fate(const struct impair_params *p, struct impair_state *s, u32 len,
		 struct impair_fate *fate)
{
	*fate = (struct impair_fate){};
	fate->lost = is_lost(p, s);
	fate->delay = delay_of(p, s);
	if (p->duplicate)
		fate->duplicated = happens(high(draw(s, IMPAIR_STREAM_DUPLICATE)),
					   p->duplicate);
	if (p->corrupt)
		corrupt(p, s, len, fate);
	if (p->reorder && (!p->gap || is_last_of(s->n, p->gap)))
		fate->reordered = happens(high(draw(s, IMPAIR_STREAM_REORDER)),
					  p->reorder);
	s->n++;
}
EXPORT_SYMBOL_FOR_TEST(impair_fate);

/**
 * impair_link - send a packet over a link of the rate
 * @p: the parameters
 * @s: the state; changed
 * @len: length of the packet, with its link header
 * @now: time at which the packet arrives at the link, in nanoseconds
 *
 * Return: the time when the last bit has been sent, in nanoseconds.
 */
u64 impair_link(const struct impair_params *p, struct impair_state *s, u32 len,
		u64 now)
{
	s64 bytes = (s64)len + p->overhead;

	if (!p->rate)
		return now;
	if (s->link_free < now)
		s->link_free = now;
	if (bytes > 0)
		s->link_free += div64_u64(bytes * NSEC_PER_SECOND, p->rate);
	return s->link_free;
}

/* impair_holds - can there be packets that do not pass at once? */
bool impair_holds(const struct impair_params *p)
{
	return p->delay || p->rate || p->reorder;
}

/**
 * impair_state_init - state before the first packet
 * @s: the state
 * @seed: seed of the filter
 * @way: direction; received and sent packets have different random numbers
 */
void impair_state_init(struct impair_state *s, u64 seed, u32 way)
{
	unsigned int i;

	*s = (struct impair_state){};
	for (i = 0; i < IMPAIR_STREAMS; i++)
		s->key[i] = impair_key(seed, way * IMPAIR_STREAMS + i);
}
EXPORT_SYMBOL_FOR_TEST(impair_state_init);

/**
 * impair_state_change - state for other parameters
 * @s: the state
 * @old: the parameters so far
 * @new: the parameters from now on, with the same seed
 *
 * Effects whose parameters stay the same go on as if nothing had changed.
 */
void impair_state_change(struct impair_state *s, const struct impair_params *old,
			 const struct impair_params *new)
{
	if (old->loss_model != new->loss_model)
		s->loss = 0;
	if (!new->jitter)
		s->has_drawn = false;
	if (!new->rate)
		s->link_free = 0;
}
EXPORT_SYMBOL_FOR_TEST(impair_state_change);

static bool exceeds(u32 a, u32 b)
{
	return (u64)a + b > IMPAIR_CERTAIN;
}

/**
 * impair_params_check - are the parameters valid?
 * @p: the parameters
 *
 * Return: NULL, or a sentence that says why they are not.
 */
const char *impair_params_check(const struct impair_params *p)
{
	if (p->loss_model >= IMPAIR_LOSS_MAX)
		return "unknown model of loss";
	if (p->loss_model == IMPAIR_LOSS_EVERY && !p->every)
		return "loss every: the number of packets must be at least 1";
	if (p->loss_model == IMPAIR_LOSS_STATE &&
	    (exceeds(p->loss[IMPAIR_P13], p->loss[IMPAIR_P14]) ||
	     exceeds(p->loss[IMPAIR_P31], p->loss[IMPAIR_P32])))
		return "loss state: P13 and P14, and P31 and P32, must not exceed 100% in sum";
	if (p->distribution >= IMPAIR_DISTRIBUTION_MAX)
		return "unknown distribution";
	if (p->delay > IMPAIR_TIME_MAX)
		return "the delay must not exceed 100 seconds";
	if (p->jitter > p->delay)
		return "the jitter must not exceed the delay";
	if (p->reorder && (!p->distance || p->distance > IMPAIR_DISTANCE_MAX))
		return "the distance of reordered packets must be between 1 and 1024";
	if (p->overhead < -IMPAIR_OVERHEAD_MAX || p->overhead > IMPAIR_OVERHEAD_MAX)
		return "the overhead must be between -1024 and 1024 bytes";
	if (impair_holds(p) && !p->limit)
		return "the limit must be at least 1 packet";
	if (p->limit > IMPAIR_LIMIT_MAX)
		return "the limit must not exceed 1000000 packets";
	return NULL;
}
EXPORT_SYMBOL_FOR_TEST(impair_params_check);
