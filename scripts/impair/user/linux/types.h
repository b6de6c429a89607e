/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's types, for impair_fate.c in a program. */
#ifndef _IMPAIR_USER_TYPES_H
#define _IMPAIR_USER_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

#endif /* _IMPAIR_USER_TYPES_H */
