// SPDX-License-Identifier: GPL-2.0
/*
 * Merge several classic BPF programs into one that returns one bit per program:
 * whether it matched.
 *
 * Programs of users have much in common: "udp dst port 53" and "udp dst port
 * 123" compile to the same code up to the last comparison.  A group is a number of
 * programs that have run the same instructions up to one place, so that the values of
 * registers are those of each of them.  At first all programs are one group.  As long as
 * the next instructions are the same, they are emitted once for the whole group.  Where
 * they differ, the group is divided into smaller ones, whose code is emitted one after
 * the other; the code of each begins with the registers of the undivided group.
 *
 * The result is collected in a word of scratch memory.  To set a bit in it changes
 * register A, but the next group needs the A of the undivided group.  So A is saved where
 * a group is divided, and reloaded behind each part that may have changed it.  The
 * same applies to X.
 *
 * A load beyond the end of the packet, or a division by zero, ends a classic
 * program with 0.  That would end all of the merged programs; in this case
 * DLIL_MERGE_DONE is missing in the result, and the caller must run the
 * programs one by one.
 *
 * All jumps of classic BPF go forward, so a single pass in the order of the
 * instructions sees every jump to an instruction before the instruction itself.
 */
#include <linux/bitmap.h>
#include <linux/slab.h>

#include "dlil_export.h"
#include "dlil_merge.h"

/* Scratch memory: the result; then A and X for each level of division. */
#define ANSWER		0
#define SAVED_A(depth)	(1 + 2 * (depth))
#define SAVED_X(depth)	(2 + 2 * (depth))
#define DEPTH_MAX	7

static_assert(SAVED_X(DEPTH_MAX - 1) < BPF_MEMWORDS);

#define LABELS_MAX	(2 * BPF_MAXINSNS)

/* Largest distance of a conditional jump. */
#define NEAR_MAX	U8_MAX

/**
 * struct item - an emitted instruction, which jumps to labels and not to places yet
 * @insn: the instruction
 * @jt: label that it jumps to if its condition holds, or unconditionally; or 0
 * @jf: label that it jumps to if the condition does not hold; or 0
 * @far: a target is too far for a conditional jump, so this becomes a condition followed
 *	by two unconditional jumps
 * @at: position in the merged program; valid after lay_out()
 */
struct item {
	struct sock_filter insn;
	u16 jt;
	u16 jf;
	bool far;
	unsigned int at;
};

/**
 * struct merge - state of a merge
 * @progs: the programs; a group is a u32 with one bit for each member
 * @items: instructions emitted so far
 * @n_items: number of @items
 * @labels: index in @items by label, from 1 on
 * @n_labels: number of labels in use
 * @reached: temporary bitmap of instructions that can be reached
 * @err: errno of the failure, or 0
 */
struct merge {
	const struct dlil_program *progs;
	struct item items[BPF_MAXINSNS];
	unsigned int n_items;
	u16 labels[LABELS_MAX];
	unsigned int n_labels;
	DECLARE_BITMAP(reached, BPF_MAXINSNS);
	int err;
};

/**
 * struct group - programs that have the same registers at an instruction
 * @members: the programs
 * @depth: number of divisions that led to this group
 * @end: label behind the code of the group, where its members go when they end
 * @len: number of instructions of the first member; none gets further as part of the
 *	group, since that one ends there
 * @labels: label by instruction; 0 if no code of the group gets there
 */
struct group {
	u32 members;
	unsigned int depth;
	u16 end;
	unsigned int len;
	u16 *labels;
};

static const struct sock_filter *insn_of(const struct merge *m, u32 members,
					 unsigned int pc)
{
	return &m->progs[__ffs(members)].insns[pc];
}

static void emit(struct merge *m, u16 code, u32 k, u16 jt, u16 jf)
{
	if (m->n_items == BPF_MAXINSNS) {
		m->err = -E2BIG;
		return;
	}
	m->items[m->n_items++] = (struct item) {
		.insn = { .code = code, .k = k }, .jt = jt, .jf = jf,
	};
}

static void emit_jump(struct merge *m, u16 label)
{
	emit(m, BPF_JMP | BPF_JA, 0, label, 0);
}

static u16 new_label(struct merge *m)
{
	if (m->n_labels == LABELS_MAX - 1) {
		m->err = -E2BIG;
		return 0;
	}
	return ++m->n_labels;
}

/* The next instruction that is emitted is the one at @label. */
static void place(struct merge *m, u16 label)
{
	m->labels[label] = m->n_items;
}

/* Members whose instruction at @pc equals that of the first member. */
static u32 agreeing(const struct merge *m, u32 members, unsigned int pc)
{
	const struct sock_filter *first = insn_of(m, members, pc);
	unsigned long rest = members;
	unsigned int i;
	u32 same = 0;

	for_each_set_bit(i, &rest, DLIL_MERGE_MAX)
		if (!memcmp(&m->progs[i].insns[pc], first, sizeof(*first)))
			same |= BIT(i);
	return same;
}

/* Do all members end at @pc, each without a match? */
static bool is_miss(const struct merge *m, u32 members, unsigned int pc)
{
	const struct sock_filter *insn = insn_of(m, members, pc);

	return insn->code == (BPF_RET | BPF_K) && !insn->k &&
	       agreeing(m, members, pc) == members;
}

/* Returns the label for a jump of all members to @pc. */
static u16 label_of(struct merge *m, struct group *g, unsigned int pc)
{
	if (is_miss(m, g->members, pc))
		return g->end;
	if (!g->labels[pc])
		g->labels[pc] = new_label(m);
	return g->labels[pc];
}

/* Emit code that adds all members to the result, restores A, and ends the group. */
static void emit_match(struct merge *m, const struct group *g)
{
	emit(m, BPF_LD | BPF_MEM, ANSWER, 0, 0);
	emit(m, BPF_ALU | BPF_OR | BPF_K, g->members, 0, 0);
	emit(m, BPF_ST, ANSWER, 0, 0);
	if (g->depth)
		emit(m, BPF_LD | BPF_MEM, SAVED_A(g->depth - 1), 0, 0);
	emit_jump(m, g->end);
}

static void emit_return(struct merge *m, const struct group *g,
			const struct sock_filter *insn)
{
	u16 match;

	if (BPF_RVAL(insn->code) == BPF_A) {
		match = new_label(m);
		emit(m, BPF_JMP | BPF_JEQ | BPF_K, 0, g->end, match);
		place(m, match);
		emit_match(m, g);
	} else if (insn->k) {
		emit_match(m, g);
	} else {
		emit_jump(m, g->end);
	}
}

/* Emit the instruction at @pc, on which all members agree. */
static void emit_insn(struct merge *m, struct group *g, unsigned int pc)
{
	const struct sock_filter *insn = insn_of(m, g->members, pc);
	u16 jt, jf;

	switch (BPF_CLASS(insn->code)) {
	case BPF_RET:
		emit_return(m, g, insn);
		break;
	case BPF_JMP:
		if (BPF_OP(insn->code) == BPF_JA) {
			emit_jump(m, label_of(m, g, pc + 1 + insn->k));
			break;
		}
		jt = label_of(m, g, pc + 1 + insn->jt);
		jf = label_of(m, g, pc + 1 + insn->jf);
		emit(m, insn->code, insn->k, jt, jf);
		break;
	default:
		emit(m, insn->code, insn->k, 0, 0);
		/*
		 * Execution continues at the next instruction, so it needs a
		 * label.
		 */
		if (!g->labels[pc + 1])
			g->labels[pc + 1] = new_label(m);
	}
}

static bool writes_a(const struct sock_filter *insn)
{
	return BPF_CLASS(insn->code) == BPF_LD ||
	       BPF_CLASS(insn->code) == BPF_ALU ||
	       insn->code == (BPF_MISC | BPF_TXA);
}

static bool writes_x(const struct sock_filter *insn)
{
	return BPF_CLASS(insn->code) == BPF_LDX ||
	       insn->code == (BPF_MISC | BPF_TAX);
}

static void mark_next(struct merge *m, const struct sock_filter *insn,
		      unsigned int pc)
{
	if (BPF_CLASS(insn->code) == BPF_RET)
		return;
	if (BPF_CLASS(insn->code) != BPF_JMP) {
		__set_bit(pc + 1, m->reached);
	} else if (BPF_OP(insn->code) == BPF_JA) {
		__set_bit(pc + 1 + insn->k, m->reached);
	} else {
		__set_bit(pc + 1 + insn->jt, m->reached);
		__set_bit(pc + 1 + insn->jf, m->reached);
	}
}

/* Can a member reach an instruction from @pc on for which @test is true? */
static bool do_from(struct merge *m, u32 members, unsigned int pc,
		    bool (*test)(const struct sock_filter *insn))
{
	unsigned long rest = members;
	unsigned int i, at;

	for_each_set_bit(i, &rest, DLIL_MERGE_MAX) {
		const struct dlil_program *prog = &m->progs[i];

		bitmap_zero(m->reached, BPF_MAXINSNS);
		__set_bit(pc, m->reached);
		for (at = pc; at < prog->n; at++) {
			if (!test_bit(at, m->reached))
				continue;
			if (test(&prog->insns[at]))
				return true;
			mark_next(m, &prog->insns[at], at);
		}
	}
	return false;
}

static void emit_group(struct merge *m, u32 members, unsigned int pc,
		       unsigned int depth, u16 end);

/* Divide the group at @pc, where its members differ. */
static void emit_division(struct merge *m, const struct group *g,
			  unsigned int pc)
{
	u32 rest = g->members, part;
	u16 end;

	if (g->depth == DEPTH_MAX) {
		m->err = -E2BIG;
		return;
	}
	emit(m, BPF_ST, SAVED_A(g->depth), 0, 0);
	emit(m, BPF_STX, SAVED_X(g->depth), 0, 0);
	for (;;) {
		part = agreeing(m, rest, pc);
		rest &= ~part;
		if (!rest)
			break;
		end = new_label(m);
		emit_group(m, part, pc, g->depth + 1, end);
		if (m->err)
			return;
		place(m, end);
		/* Members may have ended without a match; else emit_match() has reloaded A. */
		if (do_from(m, part, pc, writes_a))
			emit(m, BPF_LD | BPF_MEM, SAVED_A(g->depth), 0, 0);
		if (do_from(m, part, pc, writes_x))
			emit(m, BPF_LDX | BPF_MEM, SAVED_X(g->depth), 0, 0);
	}
	emit_group(m, part, pc, g->depth + 1, g->end);
}

/* Emit the code of a group from @pc on, where all @members have the same registers. */
static void emit_group(struct merge *m, u32 members, unsigned int pc,
		       unsigned int depth, u16 end)
{
	struct group g = {
		.members = members,
		.depth = depth,
		.end = end,
		.len = m->progs[__ffs(members)].n,
	};

	if (m->err)
		return;
	g.labels = kvcalloc(g.len, sizeof(*g.labels), GFP_KERNEL);
	if (!g.labels) {
		m->err = -ENOMEM;
		return;
	}
	g.labels[pc] = new_label(m);
	for (; pc < g.len && !m->err; pc++) {
		if (!g.labels[pc])
			continue;
		place(m, g.labels[pc]);
		if (agreeing(m, members, pc) == members)
			emit_insn(m, &g, pc);
		else
			emit_division(m, &g, pc);
	}
	kvfree(g.labels);
}

static bool is_conditional(const struct item *item)
{
	return item->jf;
}

/* Number of instructions between @item and @label. */
static unsigned int distance(const struct merge *m, const struct item *item,
			     u16 label)
{
	return m->items[m->labels[label]].at - item->at - 1;
}

/* Assign positions; lengthen conditional jumps that do not reach their target. */
static unsigned int lay_out(struct merge *m)
{
	unsigned int i, n;
	bool changed;

	do {
		for (i = 0, n = 0; i < m->n_items; i++) {
			m->items[i].at = n;
			n += m->items[i].far ? 3 : 1;
		}
		changed = false;
		for (i = 0; i < m->n_items; i++) {
			struct item *item = &m->items[i];

			if (item->far || !is_conditional(item) ||
			    (distance(m, item, item->jt) <= NEAR_MAX &&
			     distance(m, item, item->jf) <= NEAR_MAX))
				continue;
			item->far = true;
			changed = true;
		}
	} while (changed);
	return n;
}

static void resolve(const struct merge *m, struct sock_filter *to)
{
	unsigned int i;

	for (i = 0; i < m->n_items; i++) {
		const struct item *item = &m->items[i];

		*to = item->insn;
		if (item->far) {
			to->jf = 1;
			*++to = (struct sock_filter)
				BPF_STMT(BPF_JMP | BPF_JA,
					 distance(m, item, item->jt) - 1);
			*++to = (struct sock_filter)
				BPF_STMT(BPF_JMP | BPF_JA,
					 distance(m, item, item->jf) - 2);
		} else if (is_conditional(item)) {
			to->jt = distance(m, item, item->jt);
			to->jf = distance(m, item, item->jf);
		} else if (item->jt) {
			to->k = distance(m, item, item->jt);
		}
		to++;
	}
}

/* Loads of values outside the packet's data have negative offsets. */
static bool is_ancillary(const struct sock_filter *insn)
{
	return BPF_CLASS(insn->code) == BPF_LD &&
	       BPF_MODE(insn->code) == BPF_ABS && (s32)insn->k < 0;
}

/* Does @insn load the ancillary value @what, one of SKF_AD_*? */
bool dlil_insn_loads(const struct sock_filter *insn, u32 what)
{
	return is_ancillary(insn) && insn->k == SKF_AD_OFF + what;
}

/**
 * dlil_program_loads - does a program load an ancillary value?
 * @prog: the program
 * @what: SKF_AD_*
 *
 * Context: any.
 * Return: true if it does.
 */
bool dlil_program_loads(const struct dlil_program *prog, u32 what)
{
	const struct sock_filter *insn;

	for (insn = prog->insns; insn < prog->insns + prog->n; insn++)
		if (dlil_insn_loads(insn, what))
			return true;
	return false;
}
EXPORT_SYMBOL_FOR_TEST(dlil_program_loads);

/*
 * Ancillary values that the kernel loads inline from the skb: they are the same
 * for all programs, and the load cannot end a program.
 */
static bool is_field(const struct sock_filter *insn)
{
	switch (insn->k - SKF_AD_OFF) {
	case SKF_AD_PROTOCOL:
	case SKF_AD_PKTTYPE:
	case SKF_AD_MARK:
	case SKF_AD_QUEUE:
	case SKF_AD_RXHASH:
	case SKF_AD_VLAN_TAG:
	case SKF_AD_VLAN_TAG_PRESENT:
	case SKF_AD_VLAN_TPID:
		return true;
	}
	return false;
}

/**
 * dlil_merge_possible - can a program be merged with others?
 * @prog: the program
 *
 * Rejects programs that use scratch memory, which the merged program needs
 * itself; that load ancillary values other than those of is_field(), because
 * such a load may end the program with whatever is in A, and a random number
 * differs from load to load; and that have more instructions than their share.
 *
 * Context: any.
 * Return: true if it can.
 */
bool dlil_merge_possible(const struct dlil_program *prog)
{
	const struct sock_filter *insn;

	if (prog->n > DLIL_MERGE_INSNS)
		return false;
	for (insn = prog->insns; insn < prog->insns + prog->n; insn++)
		if (insn->code == BPF_ST || insn->code == BPF_STX ||
		    (is_ancillary(insn) && !is_field(insn)))
			return false;
	return true;
}
EXPORT_SYMBOL_FOR_TEST(dlil_merge_possible);

/* Resolve all jumps, and copy the program to *@merged.  Returns 0 or an error. */
static int finish(struct merge *m, struct sock_filter **merged, unsigned int *n)
{
	if (m->err)
		return m->err;
	*n = lay_out(m);
	if (*n > BPF_MAXINSNS)
		return -E2BIG;
	*merged = kvmalloc_array(*n, sizeof(**merged), GFP_KERNEL);
	if (!*merged)
		return -ENOMEM;
	resolve(m, *merged);
	return 0;
}

/**
 * dlil_merge - merge several programs into one
 * @progs: the programs
 * @which: bits of the programs to merge, at least one; dlil_merge_possible()
 *	must be true for each of them
 * @merged: set to the program, to be freed by kvfree()
 * @n: set to the number of its instructions
 *
 * If the merged program returns a value with DLIL_MERGE_DONE, bit i of it is
 * set if program i would have returned non-zero.
 *
 * Context: process; may sleep.
 * Return: 0; -E2BIG if the result would be too large; -ENOMEM.
 */
int dlil_merge(const struct dlil_program *progs, u32 which,
	       struct sock_filter **merged, unsigned int *n)
{
	struct merge *m = kvzalloc(sizeof(*m), GFP_KERNEL);
	int err = -ENOMEM;
	u16 end;

	if (!m)
		return err;
	m->progs = progs;
	end = new_label(m);
	/*
	 * Programs start with A == 0, which holds behind these two instructions
	 * as well.
	 */
	emit(m, BPF_LD | BPF_IMM, 0, 0, 0);
	emit(m, BPF_ST, ANSWER, 0, 0);
	emit_group(m, which, 0, 0, end);
	place(m, end);
	emit(m, BPF_LD | BPF_MEM, ANSWER, 0, 0);
	emit(m, BPF_ALU | BPF_OR | BPF_K, DLIL_MERGE_DONE, 0, 0);
	emit(m, BPF_RET | BPF_A, 0, 0, 0);
	err = finish(m, merged, n);
	kvfree(m);
	return err;
}
EXPORT_SYMBOL_FOR_TEST(dlil_merge);

/* Families, see dlil_table.c.  Scratch memory: the keys; then A. */
#define FAMILY_A	DLIL_KEYS

static void mark_path(u8 *depth, unsigned int pc, u8 keys)
{
	/* 0 for instructions that are not reached. */
	depth[pc] = max_t(u8, depth[pc], keys + 1);
}

/**
 * dlil_family_check - can programs be looked up by the values of a packet?
 * @f: the family, with @prog and @differs; sets @reached and @key
 *
 * They can if a packet for which no comparison of @differs holds matches none of the
 * programs, and reaches at most DLIL_KEYS of these comparisons.  A packet that matches a
 * program has taken the same path up to the first of @differs that holds for it.  So the
 * value that is compared there is the constant of that program.
 *
 * Context: any.
 * Return: true if they can.
 */
bool dlil_family_check(struct dlil_family *f)
{
	const struct sock_filter *insn = f->prog.insns;
	u8 depth[DLIL_MERGE_INSNS + 1] = { 1 }, keys;
	unsigned int pc;

	bitmap_zero(f->reached, DLIL_MERGE_INSNS);
	for (pc = 0; pc < f->prog.n; pc++, insn++) {
		if (!depth[pc])
			continue;
		keys = depth[pc] - 1;
		if (BPF_CLASS(insn->code) == BPF_RET) {
			if (insn->code != (BPF_RET | BPF_K) || insn->k)
				return false;
		} else if (test_bit(pc, f->differs)) {
			if (keys == DLIL_KEYS)
				return false;
			__set_bit(pc, f->reached);
			f->key[pc] = keys;
			mark_path(depth, pc + 1 + insn->jf, keys + 1);
		} else if (BPF_CLASS(insn->code) != BPF_JMP) {
			mark_path(depth, pc + 1, keys);
		} else if (BPF_OP(insn->code) == BPF_JA) {
			mark_path(depth, pc + 1 + insn->k, keys);
		} else {
			mark_path(depth, pc + 1 + insn->jt, keys);
			mark_path(depth, pc + 1 + insn->jf, keys);
		}
	}
	return true;
}

/* Is A overwritten, or not used any more, at this instruction? */
static bool ignores_a(const struct sock_filter *insn)
{
	return BPF_CLASS(insn->code) == BPF_LD ||
	       insn->code == (BPF_RET | BPF_K);
}

/* Make a key of A, and go on as if the comparison at @pc did not hold. */
static void emit_key(struct merge *m, struct group *g,
		     const struct dlil_family *f, unsigned int pc)
{
	unsigned int next = pc + 1 + f->prog.insns[pc].jf;
	bool keep = !ignores_a(&f->prog.insns[next]);

	if (keep)
		emit(m, BPF_ST, FAMILY_A, 0, 0);
	if (f->class[pc])
		emit(m, BPF_ALU | BPF_XOR | BPF_K,
		     f->class[pc] * DLIL_CLASS_SALT, 0, 0);
	emit(m, BPF_ALU | BPF_MUL | BPF_K, DLIL_HASH_FACTOR, 0, 0);
	emit(m, BPF_ALU | BPF_RSH | BPF_K, 32 - f->bits, 0, 0);
	emit(m, BPF_ALU | BPF_OR | BPF_K, DLIL_KEY_VALID, 0, 0);
	if (f->key[pc])
		emit(m, BPF_ALU | BPF_LSH | BPF_K, f->key[pc] * DLIL_KEY_SHIFT,
		     0, 0);
	emit(m, BPF_ST, f->key[pc], 0, 0);
	if (keep)
		emit(m, BPF_LD | BPF_MEM, FAMILY_A, 0, 0);
	emit_jump(m, label_of(m, g, next));
}

/* Emit the path on which no comparison of the family holds. */
static void emit_family(struct merge *m, const struct dlil_family *f, u16 end)
{
	struct group g = { .members = BIT(0), .end = end, .len = f->prog.n };
	unsigned int pc;

	g.labels = kvcalloc(g.len, sizeof(*g.labels), GFP_KERNEL);
	if (!g.labels) {
		m->err = -ENOMEM;
		return;
	}
	g.labels[0] = new_label(m);
	for (pc = 0; pc < g.len && !m->err; pc++) {
		if (!g.labels[pc])
			continue;
		place(m, g.labels[pc]);
		if (test_bit(pc, f->reached))
			emit_key(m, &g, f, pc);
		else
			emit_insn(m, &g, pc);
	}
	kvfree(g.labels);
}

/**
 * dlil_family_merge - make the program that looks up the programs of a family
 * @f: the family, for which dlil_family_check() was true
 * @merged: set to the program, to be freed by kvfree()
 * @n: set to the number of its instructions
 *
 * If the program returns a value with DLIL_MERGE_DONE, this has the keys of the packet:
 * each a hash with DLIL_KEY_VALID, or 0.
 *
 * Context: process; may sleep.
 * Return: 0; -E2BIG if the result would be too large; -ENOMEM.
 */
int dlil_family_merge(const struct dlil_family *f, struct sock_filter **merged,
		      unsigned int *n)
{
	struct merge *m = kvzalloc(sizeof(*m), GFP_KERNEL);
	unsigned int i;
	int err;
	u16 end;

	if (!m)
		return -ENOMEM;
	m->progs = &f->prog;
	end = new_label(m);
	/* A is 0 at the start of a program, and still is behind this. */
	emit(m, BPF_LD | BPF_IMM, 0, 0, 0);
	for (i = 0; i < DLIL_KEYS; i++)
		emit(m, BPF_ST, i, 0, 0);
	emit_family(m, f, end);
	place(m, end);
	emit(m, BPF_LD | BPF_MEM, 0, 0, 0);
	for (i = 1; i < DLIL_KEYS; i++) {
		emit(m, BPF_LDX | BPF_MEM, i, 0, 0);
		emit(m, BPF_ALU | BPF_OR | BPF_X, 0, 0, 0);
	}
	emit(m, BPF_ALU | BPF_OR | BPF_K, DLIL_MERGE_DONE, 0, 0);
	emit(m, BPF_RET | BPF_A, 0, 0, 0);
	err = finish(m, merged, n);
	kvfree(m);
	return err;
}
