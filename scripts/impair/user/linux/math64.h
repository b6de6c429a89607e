/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's divisions, for impair_fate.c in a program. */
#ifndef _IMPAIR_USER_MATH64_H
#define _IMPAIR_USER_MATH64_H

#include "types.h"

static inline u64 div64_u64(u64 dividend, u64 divisor)
{
	return dividend / divisor;
}

static inline u64 div_u64_rem(u64 dividend, u32 divisor, u32 *rest)
{
	*rest = dividend % divisor;
	return dividend / divisor;
}

#endif /* _IMPAIR_USER_MATH64_H */
