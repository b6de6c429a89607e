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

/**
 * struct dlil_program - a classic BPF program that the kernel has accepted
 * @insns: its instructions
 * @n: number of instructions
 */
struct dlil_program {
	const struct sock_filter *insns;
	unsigned int n;
};

bool dlil_insn_loads(const struct sock_filter *insn, u32 what);
bool dlil_program_loads(const struct dlil_program *prog, u32 what);
bool dlil_merge_possible(const struct dlil_program *prog);
int dlil_merge(const struct dlil_program *progs, u32 which,
	       struct sock_filter **merged, unsigned int *n);

#endif /* _DLIL_MERGE_H */
