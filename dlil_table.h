/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_TABLE_H
#define _DLIL_TABLE_H

#include <linux/types.h>

#include "dlil_merge.h"

struct bpf_prog;

/* Largest number of rules to find families in. */
#define DLIL_RULES_MAX	1024

/* Largest number of families among them, and the number of a rule of none. */
#define DLIL_FAMILIES_MAX	8
#define DLIL_FAMILY_NONE	U8_MAX

/* Smallest family: a look-up costs more than a few merged programs. */
#define DLIL_FAMILY_MIN	16

/**
 * struct dlil_rule - a program that may belong to a family
 * @prog: the program
 * @shape: hash of what the programs of a family have in common, or 0 if the program
 *	cannot be merged with others
 */
struct dlil_rule {
	struct dlil_program prog;
	u32 shape;
};

/**
 * struct dlil_table - finds the rules of a family that a packet may match
 * @prog: returns the keys of a packet, see dlil_family_merge()
 * @n: number of rules in the family
 * @members: the rules, as numbers, in ascending order
 * @starts: by hash, and one more: where the list of that hash begins in @lists
 * @lists: numbers of rules
 */
struct dlil_table {
	struct bpf_prog *prog;
	unsigned int n;
	u16 *members;
	u16 *starts;
	u16 *lists;
};

void dlil_rule_init(struct dlil_rule *rule, const struct dlil_program *prog);
int dlil_families_find(const struct dlil_rule *const *rules, unsigned int n,
		       u8 *family);
struct dlil_table *dlil_table_make(const struct dlil_rule *const *rules,
				   unsigned int n, const u8 *family, u8 which);
void dlil_table_free(struct dlil_table *table);

#endif /* _DLIL_TABLE_H */
