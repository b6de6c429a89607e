// SPDX-License-Identifier: GPL-2.0
/*
 * Tables that find the `match` filters of a packet, however many filters there are.
 *
 * The rules of a user often differ in a port or an address only: their programs are
 * equal but for the constants of some comparisons.  Such programs are a family.  A
 * program that is made from them runs on the path on which none of these comparisons
 * holds, and returns hashes of the values that are compared there.  A table then has the
 * few programs of the family that compare with a value of that hash.  They are run to
 * see whether they match, so the result does not depend on the hash.
 *
 * dlil_family_check() says which programs can be a family.  A comparison in which many
 * rules have the same constant, such as that of the protocol in `tcp port N` and `udp
 * port N`, would find all of these.  There the family is divided: rules that share such a
 * constant become a family of their own.
 */
#include <linux/bitmap.h>
#include <linux/jhash.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "dlil_condition.h"
#include "dlil_export.h"
#include "dlil_table.h"

/* A comparison with at most this many different constants divides a family. */
#define FEW	4

static_assert(DLIL_RULES_MAX <= U16_MAX);

/**
 * struct part - rules of the same shape, in &struct finder.order
 * @at: number of the first one
 * @n: number of rules
 */
struct part {
	u16 at;
	u16 n;
};

/**
 * struct finder - state of a search for families
 * @rules: the rules
 * @family: the result
 * @families: number of families found
 * @keys: shape and number of each rule, for sorting
 * @order: numbers of the rules; those of a part are adjacent
 * @spare: room for the division of a part
 * @todo: parts that may be families
 * @n_todo: number of them
 * @fam: the part that is looked at, as a family
 */
struct finder {
	const struct dlil_rule *const *rules;
	u8 *family;
	unsigned int families;
	u64 keys[DLIL_RULES_MAX];
	u16 order[DLIL_RULES_MAX];
	u16 spare[DLIL_RULES_MAX];
	struct part todo[DLIL_RULES_MAX];
	unsigned int n_todo;
	struct dlil_family fam;
};

static bool is_comparison(const struct sock_filter *insn)
{
	return insn->code == (BPF_JMP | BPF_JEQ | BPF_K);
}

/* Do two instructions differ in nothing but the constant of a comparison? */
static bool is_alike(const struct sock_filter *a, const struct sock_filter *b)
{
	return a->code == b->code && a->jt == b->jt && a->jf == b->jf &&
	       (a->k == b->k || is_comparison(a));
}

/* Make a rule of a program, which must exist as long as the rule. */
void dlil_rule_init(struct dlil_rule *rule, const struct dlil_program *prog)
{
	const struct sock_filter *insn = prog->insns;
	u32 shape = prog->n;

	rule->prog = *prog;
	rule->shape = 0;
	if (!dlil_merge_possible(prog))
		return;
	for (; insn < prog->insns + prog->n; insn++)
		shape = jhash_3words(insn->code, insn->jt << 8 | insn->jf,
				     is_comparison(insn) ? 0 : insn->k, shape);
	rule->shape = shape ?: 1;
}
EXPORT_SYMBOL_FOR_TEST(dlil_rule_init);

/*
 * Set @prog and @differs of a family to these rules.  Returns false if they have not the
 * same shape.
 */
static bool set_family(struct dlil_family *fam,
		       const struct dlil_rule *const *rules, const u16 *who,
		       unsigned int n)
{
	const struct dlil_program *first = &rules[who[0]]->prog, *prog;
	unsigned int i, pc;

	fam->prog = *first;
	bitmap_zero(fam->differs, DLIL_MERGE_INSNS);
	for (i = 1; i < n; i++) {
		prog = &rules[who[i]]->prog;
		if (prog->n != first->n)
			return false;
		for (pc = 0; pc < first->n; pc++) {
			if (!is_alike(&prog->insns[pc], &first->insns[pc]))
				return false;
			if (prog->insns[pc].k != first->insns[pc].k)
				__set_bit(pc, fam->differs);
		}
	}
	return true;
}

static u32 constant(const struct dlil_rule *const *rules, u16 number,
		    unsigned int pc)
{
	return rules[number]->prog.insns[pc].k;
}

static int compare_keys(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/* Fewer rules than a family has are of no use. */
static void add_part(struct finder *f, unsigned int at, unsigned int n)
{
	if (n >= DLIL_FAMILY_MIN)
		f->todo[f->n_todo++] = (struct part){ .at = at, .n = n };
}

/* Sort the rules of a part by their constant at @pc, then by number: to @keys. */
static void sort_by_constant(struct finder *f, const struct part *part,
			     unsigned int pc)
{
	unsigned int i;

	for (i = 0; i < part->n; i++)
		f->keys[i] = (u64)constant(f->rules, f->order[part->at + i], pc) << 16 | i;
	sort(f->keys, part->n, sizeof(*f->keys), compare_keys, NULL);
}

/* Returns the end of the rules that have the same constant as that at @start. */
static unsigned int end_of_run(const struct finder *f, unsigned int start,
			       unsigned int n)
{
	unsigned int end = start;

	while (end < n && f->keys[end] >> 16 == f->keys[start] >> 16)
		end++;
	return end;
}

/* Returns the number of rules with the same constant that are worth a family. */
static unsigned int many(unsigned int n)
{
	return max_t(unsigned int, DLIL_FAMILY_MIN, DIV_ROUND_UP(n, DLIL_FAMILIES_MAX));
}

/* Should a part with sorted @keys be divided? */
static bool is_divided(const struct finder *f, unsigned int n)
{
	unsigned int start, end, longest = 0, constants = 0;

	for (start = 0; start < n; start = end) {
		end = end_of_run(f, start, n);
		longest = max(longest, end - start);
		constants++;
	}
	return constants <= FEW || longest >= many(n);
}

/*
 * Divide a part by its constants in sorted @keys, keeping the order of rules: those that
 * share a constant, if they are many, and the rest.
 */
static void divide(struct finder *f, const struct part *part)
{
	unsigned int start, end, i, at = part->at, rest = 0;
	bool own;

	memcpy(f->spare, f->order + at, part->n * sizeof(*f->spare));
	for (start = 0; start < part->n; start = end) {
		end = end_of_run(f, start, part->n);
		own = end - start >= many(part->n);
		if (own)
			add_part(f, at, end - start);
		for (i = start; i < end; i++)
			if (own)
				f->order[at++] = f->spare[f->keys[i] & U16_MAX];
			else
				f->keys[rest++] = f->keys[i] & U16_MAX;
	}
	/* Rules that share nothing would be divided in the same way again, without end. */
	if (rest < part->n)
		add_part(f, at, rest);
	sort(f->keys, rest, sizeof(*f->keys), compare_keys, NULL);
	for (i = 0; i < rest; i++)
		f->order[at++] = f->spare[f->keys[i]];
}

/* Number of entries in the table of a family. */
static unsigned int entries(const struct dlil_family *fam, unsigned int n)
{
	return n * bitmap_weight(fam->reached, DLIL_MERGE_INSNS);
}

static void look_at(struct finder *f, const struct part *part)
{
	const u16 *who = f->order + part->at;
	unsigned int i, pc;

	if (f->families == DLIL_FAMILIES_MAX ||
	    !set_family(&f->fam, f->rules, who, part->n) ||
	    !dlil_family_check(&f->fam))
		return;
	for_each_set_bit(pc, f->fam.reached, DLIL_MERGE_INSNS) {
		sort_by_constant(f, part, pc);
		if (is_divided(f, part->n)) {
			divide(f, part);
			return;
		}
	}
	if (entries(&f->fam, part->n) > U16_MAX)
		return;
	for (i = 0; i < part->n; i++)
		f->family[who[i]] = f->families;
	f->families++;
}

/* Make parts of the rules of each shape, in their order. */
static void sort_by_shape(struct finder *f, unsigned int n)
{
	unsigned int i, start = 0;

	for (i = 0; i < n; i++)
		f->keys[i] = (u64)f->rules[i]->shape << 16 | i;
	sort(f->keys, n, sizeof(*f->keys), compare_keys, NULL);
	for (i = 0; i < n; i++) {
		f->order[i] = f->keys[i] & U16_MAX;
		if (f->keys[i] >> 16 != f->keys[start] >> 16) {
			add_part(f, start, i - start);
			start = i;
		}
	}
	add_part(f, start, n - start);
}

/* Take the largest part, since there is room for few families. */
static struct part take_part(struct finder *f)
{
	unsigned int i, largest = 0;
	struct part part;

	for (i = 1; i < f->n_todo; i++)
		if (f->todo[i].n > f->todo[largest].n)
			largest = i;
	part = f->todo[largest];
	f->todo[largest] = f->todo[--f->n_todo];
	return part;
}

/**
 * dlil_families_find - find families among rules
 * @rules: the rules
 * @n: number of rules, at most DLIL_RULES_MAX
 * @family: set for each rule to the number of its family, or DLIL_FAMILY_NONE
 *
 * Context: process; may sleep.
 * Return: number of families, or -ENOMEM.
 */
int dlil_families_find(const struct dlil_rule *const *rules, unsigned int n,
		       u8 *family)
{
	struct finder *f;
	struct part part;
	int families;

	memset(family, DLIL_FAMILY_NONE, n);
	if (n < DLIL_FAMILY_MIN)
		return 0;
	f = kvmalloc(sizeof(*f), GFP_KERNEL);
	if (!f)
		return -ENOMEM;
	f->rules = rules;
	f->family = family;
	f->families = 0;
	f->n_todo = 0;
	sort_by_shape(f, n);
	while (f->n_todo) {
		part = take_part(f);
		if (rules[f->order[part.at]]->shape)
			look_at(f, &part);
	}
	families = f->families;
	kvfree(f);
	return families;
}
EXPORT_SYMBOL_FOR_TEST(dlil_families_find);

static bool same_constants(const struct dlil_rule *const *rules, const u16 *who,
			   unsigned int n, unsigned int a, unsigned int b)
{
	while (n--)
		if (constant(rules, who[n], a) != constant(rules, who[n], b))
			return false;
	return true;
}

/*
 * Number the classes of comparisons, so that a rule with the same constant in all of
 * them is in the table once.  Returns the number of classes.
 */
static unsigned int set_classes(struct dlil_family *fam,
				const struct dlil_rule *const *rules,
				const u16 *who, unsigned int n)
{
	unsigned int pc, same, classes = 0;

	for_each_set_bit(pc, fam->reached, DLIL_MERGE_INSNS) {
		fam->class[pc] = classes;
		for_each_set_bit(same, fam->reached, pc)
			if (same_constants(rules, who, n, same, pc)) {
				fam->class[pc] = fam->class[same];
				break;
			}
		if (fam->class[pc] == classes)
			classes++;
	}
	return classes;
}

/* Call for each entry of the table: count it, or if @fill, add it to its list. */
static void walk_entries(struct dlil_table *table, const struct dlil_family *fam,
			 const struct dlil_rule *const *rules, bool fill)
{
	unsigned int i, pc, class;
	u32 hash;

	for (i = 0; i < table->n; i++) {
		class = 0;
		for_each_set_bit(pc, fam->reached, DLIL_MERGE_INSNS) {
			/* Classes are numbered in the order of their first members. */
			if (fam->class[pc] != class)
				continue;
			class++;
			hash = dlil_family_hash(constant(rules, table->members[i],
							 pc),
						fam->class[pc], fam->bits);
			if (fill)
				table->lists[table->starts[hash]++] =
					table->members[i];
			else
				table->starts[hash + 1]++;
		}
	}
}

/*
 * Fill the lists.  Each @starts moves to the end of its list meanwhile, where the next
 * one starts, so they move by one place afterwards.
 */
static void fill_lists(struct dlil_table *table, const struct dlil_family *fam,
		       const struct dlil_rule *const *rules)
{
	unsigned int i, n = 1 << fam->bits;

	walk_entries(table, fam, rules, false);
	for (i = 1; i <= n; i++)
		table->starts[i] += table->starts[i - 1];
	walk_entries(table, fam, rules, true);
	memmove(table->starts + 1, table->starts, n * sizeof(*table->starts));
	table->starts[0] = 0;
}

static int make_program(struct dlil_table *table, const struct dlil_family *fam)
{
	struct sock_filter *insns;
	unsigned int n;
	int err;

	err = dlil_family_merge(fam, &insns, &n);
	if (err)
		return err;
	err = dlil_create_program(&table->prog, insns, n);
	kvfree(insns);
	return err;
}

static struct dlil_table *table_new(const struct dlil_family *fam,
				    const u16 *who, unsigned int n,
				    unsigned int n_entries)
{
	unsigned int n_starts = (1 << fam->bits) + 1;
	struct dlil_table *table;

	table = kvzalloc(sizeof(*table) +
			 (n + n_starts + n_entries) * sizeof(u16), GFP_KERNEL);
	if (!table)
		return NULL;
	table->n = n;
	table->members = (u16 *)(table + 1);
	table->starts = table->members + n;
	table->lists = table->starts + n_starts;
	memcpy(table->members, who, n * sizeof(*who));
	return table;
}

/* Make the table of a family, of which everything but @bits and @class is set. */
static struct dlil_table *table_of(struct dlil_family *fam,
				   const struct dlil_rule *const *rules,
				   const u16 *who, unsigned int n)
{
	struct dlil_table *table;
	unsigned int n_entries;

	n_entries = n * set_classes(fam, rules, who, n);
	fam->bits = min_t(unsigned int, order_base_2(n_entries + 1) + 4,
			  DLIL_KEY_BITS);
	table = table_new(fam, who, n, n_entries);
	if (!table)
		return NULL;
	if (make_program(table, fam)) {
		kvfree(table);
		return NULL;
	}
	fill_lists(table, fam, rules);
	return table;
}

/**
 * dlil_table_make - make the table of a family
 * @rules: the rules
 * @n: number of rules
 * @family: the families of the rules, from dlil_families_find()
 * @which: the family
 *
 * Context: process; may sleep.
 * Return: the table, to be freed by dlil_table_free(); NULL if there is no memory.
 */
struct dlil_table *dlil_table_make(const struct dlil_rule *const *rules,
				   unsigned int n, const u8 *family, u8 which)
{
	struct dlil_table *table = NULL;
	struct dlil_family *fam;
	unsigned int i, members = 0;
	u16 *who;

	fam = kzalloc(sizeof(*fam), GFP_KERNEL);
	who = kvmalloc_array(n, sizeof(*who), GFP_KERNEL);
	if (!fam || !who)
		goto out;
	for (i = 0; i < n; i++)
		if (family[i] == which)
			who[members++] = i;
	if (!WARN_ON(!set_family(fam, rules, who, members) ||
		     !dlil_family_check(fam)))
		table = table_of(fam, rules, who, members);
out:
	kvfree(who);
	kfree(fam);
	return table;
}

/* Free a table that no packet uses, or NULL.  Any context. */
void dlil_table_free(struct dlil_table *table)
{
	if (!table)
		return;
	bpf_prog_destroy(table->prog);
	kvfree(table);
}
