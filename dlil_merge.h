/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_MERGE_H
#define _DLIL_MERGE_H

#include <linux/bits.h>
#include <linux/filter.h>
#include <linux/types.h>

/* How many programs can be merged: the answer has a bit for each, and one more. */
#define DLIL_MERGE_MAX	31

/* Nothing ended the merged program early: the other bits say which ones matched. */
#define DLIL_MERGE_DONE	BIT(31)

/**
 * struct dlil_program - a classic BPF program that the kernel has accepted
 * @insns: its instructions
 * @n: how many
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
