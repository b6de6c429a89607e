/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Random numbers of `impair`: a function of seed, direction, effect and packet
 * number, without state.
 *
 * The fate of packet n can therefore be computed without those before it, and no
 * effect takes a number away from another one: a filter whose loss is changed
 * still delays the same packets by the same times.
 *
 *   mix(x): x ^= x >> 32; x *= MUL_1; x ^= x >> 29; x *= MUL_2; x ^= x >> 32
 *   key(seed, stream) = mix(mix(seed + ADD) + stream * ADD)
 *   draw(key, n) = mix(mix(n * ADD + key) ^ key)
 *
 * All arithmetic is modulo 2^64.  Each step of mix() can be undone, so mix() gives
 * different results for different arguments; so two seeds never have the same key
 * for a stream, and two packets of a stream never have the same 64 bits.  The
 * constants are the first 64 bits behind the point of the square roots of 2, 3 and
 * 5, with the last bit set, because only odd factors can be undone.
 */
#ifndef _IMPAIR_RAND_H
#define _IMPAIR_RAND_H

#include <linux/types.h>

#define IMPAIR_ADD	0x6a09e667f3bcc909ULL
#define IMPAIR_MUL_1	0xbb67ae8584caa73bULL
#define IMPAIR_MUL_2	0x3c6ef372fe94f82bULL

static inline u64 impair_mix(u64 x)
{
	x ^= x >> 32;
	x *= IMPAIR_MUL_1;
	x ^= x >> 29;
	x *= IMPAIR_MUL_2;
	return x ^ (x >> 32);
}

/* The key of a stream, which is constant while the filter lives. */
static inline u64 impair_key(u64 seed, u32 stream)
{
	return impair_mix(impair_mix(seed + IMPAIR_ADD) + stream * IMPAIR_ADD);
}

/* The number of packet @n, of which both halves are used. */
static inline u64 impair_draw(u64 key, u64 n)
{
	return impair_mix(impair_mix(n * IMPAIR_ADD + key) ^ key);
}

#endif /* _IMPAIR_RAND_H */
