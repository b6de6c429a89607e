/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_MERGE_H
#define _DLIL_MERGE_H

#include <linux/bits.h>
#include <linux/filter.h>
#include <linux/types.h>

/*
 * Largest number of programs to merge: the result has one bit for each, plus
 * one.
 */
#define DLIL_MERGE_MAX	31

/* Set if the merged program ran to its end: then the other bits are valid. */
#define DLIL_MERGE_DONE	BIT(31)

/* Largest number of instructions of a program that can be merged. */
#define DLIL_MERGE_INSNS	(BPF_MAXINSNS / DLIL_MERGE_MAX)

/*
 * Largest number of values of a packet that a family is looked up by, and how the program
 * returns them: for each a hash, and a bit that says that there is one.
 */
#define DLIL_KEYS	2
#define DLIL_KEY_BITS	14
#define DLIL_KEY_VALID	BIT(DLIL_KEY_BITS)
#define DLIL_KEY_SHIFT	(DLIL_KEY_BITS + 1)

static_assert(DLIL_KEYS * DLIL_KEY_SHIFT <= 31);

/**
 * struct dlil_program - a classic BPF program that the kernel has accepted
 * @insns: its instructions
 * @n: number of instructions
 */
struct dlil_program {
	const struct sock_filter *insns;
	unsigned int n;
};

/**
 * struct dlil_family - programs that are equal but for the constants of some comparisons
 * @prog: one of the programs
 * @differs: comparisons (JEQ) whose constants differ, by instruction
 * @reached: those of @differs that are reached if none of @differs holds
 * @key: by instruction of @reached, number of the key that is made there
 * @class: by instruction of @reached; comparisons of the same class have the same
 *	constant in each program
 * @bits: size of a hash in bits
 */
struct dlil_family {
	struct dlil_program prog;
	DECLARE_BITMAP(differs, DLIL_MERGE_INSNS);
	DECLARE_BITMAP(reached, DLIL_MERGE_INSNS);
	u8 key[DLIL_MERGE_INSNS];
	u8 class[DLIL_MERGE_INSNS];
	unsigned int bits;
};

#define DLIL_HASH_FACTOR 0x9e3779b1u
#define DLIL_CLASS_SALT	0x3c6ef372u

/* The hash of a value that is compared in a class. */
static inline u32 dlil_family_hash(u32 value, u8 class, unsigned int bits)
{
	return ((value ^ class * DLIL_CLASS_SALT) * DLIL_HASH_FACTOR) >>
	       (32 - bits);
}

bool dlil_insn_loads(const struct sock_filter *insn, u32 what);
bool dlil_program_loads(const struct dlil_program *prog, u32 what);
bool dlil_merge_possible(const struct dlil_program *prog);
int dlil_merge(const struct dlil_program *progs, u32 which,
	       struct sock_filter **merged, unsigned int *n);
bool dlil_family_check(struct dlil_family *f);
int dlil_family_merge(const struct dlil_family *f, struct sock_filter **merged,
		      unsigned int *n);

#endif /* _DLIL_MERGE_H */
