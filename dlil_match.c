// SPDX-License-Identifier: GPL-2.0
/*
 * The filter kind `match`: a classic BPF program over the whole frame, and an
 * action for packets that match.
 *
 * dlil_condition.c says what a program sees.  A match filter is attached like the
 * filter of a module, except that adjacent match filters form a bundle (see
 * dlil_chain.h), here called a set.  dlil_table.c makes tables for those that differ in a
 * port or an address only, and dlil_merge.c merges the programs of up to 31 others into
 * one, which finds all filters that match in a single run.  The actions of all that match
 * are then taken in the order of the filters.
 *
 * A match is final if the filter's action is not count: the packet meets no later match
 * filter, so that those do not count it.
 *
 * A set is constant except for `alive` and its counters.  A detach clears the filter from
 * `alive` of its sets.  Code that has read the old value may use the filter until the end
 * of the read section in which it found the set; the filter is freed after that.  The
 * arrays that dlil_vec.c then makes have sets without the filter.
 *
 * Packets are counted in the sets (STA-1).  A packet that meets a set passes it, or ends
 * at a filter with a final verdict.  One of these is counted for each packet, however
 * many filters there are, and the matches of each filter.  A filter has seen the packets
 * that passed the set, and those that ended at this filter or a later one.
 *
 * A filter may be in several sets at a time: one for each direction, and older ones that
 * packets in flight still use.  `in_sets` lists its places in them, under sets_lock, and
 * its figures are the sums over this list and what was folded into the filter.
 *
 * The last reference to a set is dropped when no packet uses the set any more, so that
 * its counters are final.  In one section of sets_lock, they are then folded into the
 * filters and the set leaves their lists; a task that sums up sees each count once.  The
 * set may outlive a filter: its array of sent packets may wait for another grace period
 * than the filter does.  Therefore a filter that is freed leaves the lists first, also
 * under sets_lock.  The first of the two to leave unlinks the pair, so that the
 * second does not find it.  The counters of a filter are not read once its detach has
 * begun.
 */
#include <linux/if_vlan.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <linux/u64_stats_sync.h>

#include "dlil_condition.h"
#include "dlil_filter.h"
#include "dlil_ifnet.h"
#include "dlil_kind.h"
#include "dlil_merge.h"
#include "dlil_stats.h"
#include "dlil_table.h"

#include <trace/events/dlil.h>

/* The actions, and the verdict of each for a packet that matches; that of others is 0. */
static const struct {
	const char *name;
	int verdict;
} actions[] = {
	{ "drop", -EPERM },
	{ "count", 0 },
	{ "pass", DLIL_SKIP },
};

struct match;
struct match_set;

/**
 * struct match_stats - counters of a set, with a single writer at a time
 * @passed: packets that no filter ended
 * @syncp: makes counters readable on 32-bit processors
 * @matched: packets that matched, by filter
 */
struct match_stats {
	u64_stats_t passed;
	struct u64_stats_sync syncp;
	u64_stats_t matched[];
};

/**
 * struct match_place - the place of a filter in a set
 * @match: the filter; only for packets in flight, since it may be freed before the set
 * @set: the set
 * @list: entry in the list of the filter, until one of both ends
 */
struct match_place {
	struct match *match;
	struct match_set *set;
	struct hlist_node list;
};

/* Guards all lists of places, and what is folded into filters. */
static DEFINE_SPINLOCK(sets_lock);

/**
 * struct match - a match filter; constant once attached, except for its figures
 * @cond: condition for a match
 * @rule: its program, for tables
 * @verdict: verdict for packets that match
 * @action: name of the action
 * @in_sets: its places in sets, under sets_lock
 * @packets: packets that it saw in sets that are gone, under sets_lock
 * @matched: those of them that matched, under sets_lock
 * @name: name of the filter
 */
struct match {
	struct dlil_condition *cond;
	struct dlil_rule rule;
	int verdict;
	const char *action;
	struct hlist_head in_sets;
	u64 packets;
	u64 matched;
	char name[DLIL_NAME_MAX];
};

/**
 * struct match_group - filters of a set whose programs are merged
 * @merged: merged program of those that can be merged, or NULL
 * @all: all filters of the group, as bits
 * @alone: filters that are not part of @merged, whose programs run one by one
 * @n: number of filters
 * @at: their numbers in the set, in ascending order
 */
struct match_group {
	struct bpf_prog *merged;
	u32 all;
	u32 alone;
	unsigned int n;
	u16 at[DLIL_MERGE_MAX];
};

/**
 * struct match_set - adjacent match filters
 * @refs: number of filter arrays that refer to the set
 * @n: number of filters
 * @n_groups: number of @groups
 * @n_tables: number of @tables
 * @groups: filters that are in no table
 * @tables: tables of the others
 * @in: counters of received packets, or NULL; written by the ifnet's input thread
 * @out: counters of sent packets, per CPU, or NULL; written with bottom halves off
 * @asks_type: some program loads skb->pkt_type
 * @alive: filters that are not being detached
 * @final: filters whose match is final, see the top of this file
 * @places: the filters
 */
struct match_set {
	refcount_t refs;
	unsigned int n;
	unsigned int n_groups;
	unsigned int n_tables;
	struct match_group *groups;
	struct dlil_table *tables[DLIL_FAMILIES_MAX];
	struct match_stats *in;
	struct match_stats __percpu *out;
	bool asks_type;
	DECLARE_BITMAP(alive, DLIL_BUNDLE_MAX);
	DECLARE_BITMAP(final, DLIL_BUNDLE_MAX);
	struct match_place places[];
};

static_assert(DLIL_BUNDLE_MAX <= DLIL_RULES_MAX);

/**
 * struct verdict - what a set finds for a packet
 * @end: number of the filter that ends the run, or of filters in the set
 * @any: some filter matches
 * @found: filters that match, maybe some behind @end; undefined unless @any
 */
struct verdict {
	unsigned int end;
	bool any;
	DECLARE_BITMAP(found, DLIL_BUNDLE_MAX);
};

/*
 * The @i-th filter matches.  This may be found twice.  Filters that are being detached
 * match nothing.
 */
static noinline void hit(const struct match_set *set, unsigned int i,
			 struct verdict *v)
{
	if (!test_bit(i, set->alive))
		return;
	if (!v->any)
		bitmap_zero(v->found, set->n);
	v->any = true;
	__set_bit(i, v->found);
	if (test_bit(i, set->final) && i < v->end)
		v->end = i;
}

/* Run the program of the @i-th filter, unless the packet does not get there. */
static void try(const struct match_set *set, unsigned int i,
		const struct sk_buff *skb, struct verdict *v)
{
	if (i < v->end && test_bit(i, set->alive) &&
	    bpf_prog_run(set->places[i].match->cond->prog, skb))
		hit(set, i, v);
}

static noinline void run_alone(const struct match_set *set,
			       const struct match_group *group,
			       unsigned long which, const struct sk_buff *skb,
			       struct verdict *v)
{
	unsigned int i;

	for_each_set_bit(i, &which, DLIL_MERGE_MAX)
		try(set, group->at[i], skb, v);
}

static noinline void hit_all(const struct match_set *set,
			     const struct match_group *group,
			     unsigned long found, struct verdict *v)
{
	unsigned int i;

	for_each_set_bit(i, &found, DLIL_MERGE_MAX)
		hit(set, group->at[i], v);
}

static __always_inline void run_group(const struct match_set *set,
				      const struct match_group *group,
				      const struct sk_buff *skb,
				      struct verdict *v)
{
	u32 found = 0, alone = group->all;

	/* skb->cb need not be cleared: classic programs cannot read it. */
	if (likely(group->merged)) {
		found = bpf_prog_run(group->merged, skb);
		if (likely(found & DLIL_MERGE_DONE)) {
			alone = group->alone;
			found &= ~DLIL_MERGE_DONE;
		} else {
			found = 0;
		}
	}
	if (unlikely(alone))
		run_alone(set, group, alone, skb, v);
	if (unlikely(found))
		hit_all(set, group, found, v);
}

/* Run the programs of a table that compare with the value of this key. */
static void try_key(const struct match_set *set, const struct dlil_table *table,
		    u32 key, const struct sk_buff *skb, struct verdict *v)
{
	u32 hash = key & (DLIL_KEY_VALID - 1);
	unsigned int i;

	if (!(key & DLIL_KEY_VALID))
		return;
	for (i = table->starts[hash]; i < table->starts[hash + 1]; i++)
		try(set, table->lists[i], skb, v);
}

static void run_table(const struct match_set *set,
		      const struct dlil_table *table, const struct sk_buff *skb,
		      struct verdict *v)
{
	u32 keys = bpf_prog_run(table->prog, skb);
	unsigned int i;

	if (likely(keys & DLIL_MERGE_DONE)) {
		for (i = 0; i < DLIL_KEYS; i++, keys >>= DLIL_KEY_SHIFT)
			try_key(set, table, keys, skb, v);
		return;
	}
	for (i = 0; i < table->n; i++)
		try(set, table->members[i], skb, v);
}

/* Find the filters that match. */
static __always_inline void run_set(const struct match_set *set,
				    const struct sk_buff *skb,
				    struct verdict *v)
{
	unsigned int i;

	v->end = set->n;
	v->any = false;
	for (i = 0; i < set->n_groups; i++)
		run_group(set, &set->groups[i], skb, v);
	for (i = 0; i < set->n_tables; i++)
		run_table(set, set->tables[i], skb, v);
}

/* Count the matches up to the filter that ended the packet. */
static noinline void count_found(struct match_stats *s,
				 const struct match_set *set,
				 const struct verdict *v)
{
	unsigned int i;

	if (v->end == set->n)
		u64_stats_inc(&s->passed);
	for_each_set_bit(i, v->found, set->n) {
		if (i > v->end)
			break;
		u64_stats_inc(&s->matched[i]);
	}
}

/*
 * Count one packet.  Must be called without migration, by the only context that writes
 * to @s on this CPU.  On PREEMPT_RT another sender may preempt this one; the counters
 * stay exact all the same, see dlil_stats.c.
 */
static __always_inline void count(struct match_stats *s,
				  const struct match_set *set,
				  const struct verdict *v)
{
	u64_stats_update_begin(&s->syncp);
	if (likely(!v->any))
		u64_stats_inc(&s->passed);
	else
		count_found(s, set, v);
	u64_stats_update_end(&s->syncp);
}

/* Trace the verdicts of the filters that the packet met (STA-5). */
static void trace_verdicts(const struct match_set *set,
			   const struct dlil_ifnet *ifp,
			   const struct verdict *v, bool out)
{
	u32 direction = dlil_direction(out);
	const struct match *m;
	unsigned int i;

	for (i = 0; i < set->n && i <= v->end; i++) {
		if (!test_bit(i, set->alive))
			continue;
		m = set->places[i].match;
		trace_dlil_filter(ifp, direction, m->name,
				  v->any && test_bit(i, v->found) ?
				  m->verdict : 0, 1);
	}
}

/**
 * struct traced - what a traced run needs beyond an untraced one
 * @ifp: the ifnet
 * @name: set to the name of the filter whose verdict is final, if there is one
 */
struct traced {
	const struct dlil_ifnet *ifp;
	const char *name;
};

/*
 * Run the programs and update the counters of that direction.  If @traced is not NULL,
 * trace the verdicts; the fast path passes a constant NULL.
 */
static __always_inline int judge(const struct match_set *set,
				 const struct sk_buff *skb, bool out,
				 struct traced *traced)
{
	struct verdict v;

	run_set(set, skb, &v);
	count(out ? this_cpu_ptr(set->out) : set->in, set, &v);
	if (traced)
		trace_verdicts(set, traced->ifp, &v, out);
	if (likely(v.end == set->n))
		return 0;
	if (traced)
		traced->name = set->places[v.end].match->name;
	return set->places[v.end].match->verdict;
}

/* The programs see the frame from its link header on. */
static __always_inline int match_received(const struct match_set *set,
					  struct sk_buff **pskb,
					  struct traced *traced)
{
	struct sk_buff *skb = *pskb;
	unsigned int header;
	int ret;

	if (unlikely(!dlil_filter_is_readable(skb)))
		return -EINVAL;
	header = skb->data - skb_mac_header(skb);
	__skb_push(skb, header);
	dlil_programs_begin();
	ret = judge(set, skb, false, traced);
	dlil_programs_end();
	__skb_pull(skb, header);
	return ret;
}

static int match_input(void *cookie, struct dlil_ifnet *ifp, u32 family,
		       struct sk_buff **pskb)
{
	return match_received(cookie, pskb, NULL);
}

/* Run the programs on the packet as packet sockets will see it. */
static noinline int judge_as_sent(const struct match_set *set,
				  struct dlil_ifnet *ifp, struct sk_buff *skb,
				  struct traced *traced)
{
	struct dlil_as_sent as;
	int verdict;

	dlil_as_sent_begin(&as, ifp, skb);
	verdict = judge(set, skb, true, traced);
	dlil_as_sent_end(&as, skb);
	return verdict;
}

static int match_output(void *cookie, struct dlil_ifnet *ifp, u32 family,
			struct sk_buff **pskb)
{
	const struct match_set *set = cookie;
	struct sk_buff *skb = *pskb;

	if (unlikely(set->asks_type || skb_vlan_tag_present(skb)))
		return judge_as_sent(set, ifp, skb, NULL);
	return judge(set, skb, true, NULL);
}

/* Same as match_input() or match_output(), but trace the verdicts. */
static int set_traced(void *bundle, struct dlil_ifnet *ifp, u32 family,
		      struct sk_buff **pskb, bool out, const char **name)
{
	struct traced traced = { .ifp = ifp };
	int ret;

	ret = out ? judge_as_sent(bundle, ifp, *pskb, &traced) :
		    match_received(bundle, pskb, &traced);
	*name = traced.name;
	return ret;
}

/* Merging only saves time: if it fails, the programs run one by one. */
static void merge(const struct match_set *set, struct match_group *group)
{
	struct dlil_program sources[DLIL_MERGE_MAX];
	struct sock_filter *insns;
	unsigned int i, n;
	u32 which = 0;

	group->all = GENMASK(group->n - 1, 0);
	for (i = 0; i < group->n; i++) {
		sources[i] = set->places[group->at[i]].match->cond->source;
		if (dlil_merge_possible(&sources[i]))
			which |= BIT(i);
	}
	group->alone = group->all & ~which;
	if (!which || dlil_merge(sources, which, &insns, &n))
		return;
	dlil_create_program(&group->merged, insns, n);
	kvfree(insns);
}

/* Merge the @n filters that are in no table, in groups.  False without memory. */
static bool make_groups(struct match_set *set, const u8 *family, unsigned int n)
{
	unsigned int n_groups = DIV_ROUND_UP(n, DLIL_MERGE_MAX), i;
	struct match_group *group;

	if (!n)
		return true;
	set->groups = kvcalloc(n_groups, sizeof(*set->groups), GFP_KERNEL);
	if (!set->groups)
		return false;
	set->n_groups = n_groups;
	group = set->groups;
	for (i = 0; i < set->n; i++) {
		if (family[i] != DLIL_FAMILY_NONE)
			continue;
		if (group->n == DLIL_MERGE_MAX)
			group++;
		group->at[group->n++] = i;
	}
	for (i = 0; i < n_groups; i++) {
		merge(set, &set->groups[i]);
		cond_resched();
	}
	return true;
}

/**
 * struct sorted - filters by family
 * @rules: their rules
 * @family: numbers of their families
 * @families: number of families
 */
struct sorted {
	const struct dlil_rule **rules;
	u8 *family;
	int families;
};

static void sorted_free(struct sorted *sorted)
{
	kvfree(sorted->rules);
	kvfree(sorted->family);
}

/* Sort filters by family.  Returns false without memory. */
static bool sort_filters(struct sorted *sorted, void *const *cookies,
			 unsigned int n)
{
	const struct match *m;
	unsigned int i;

	sorted->families = -ENOMEM;
	sorted->rules = kvmalloc_array(n, sizeof(*sorted->rules), GFP_KERNEL);
	sorted->family = kvmalloc(n, GFP_KERNEL);
	if (sorted->rules && sorted->family) {
		for (i = 0; i < n; i++) {
			m = cookies[i];
			sorted->rules[i] = &m->rule;
		}
		sorted->families = dlil_families_find(sorted->rules, n,
						      sorted->family);
	}
	if (sorted->families >= 0)
		return true;
	sorted_free(sorted);
	return false;
}

/* Make tables and merged programs.  False without memory. */
static bool make_programs(struct match_set *set, void *const *cookies)
{
	unsigned int i, rest = 0;
	struct sorted sorted;
	bool made;

	if (!sort_filters(&sorted, cookies, set->n))
		return false;
	for (i = 0; i < set->n; i++)
		rest += sorted.family[i] == DLIL_FAMILY_NONE;
	made = make_groups(set, sorted.family, rest);
	for (i = 0; made && i < sorted.families; i++) {
		set->tables[i] = dlil_table_make(sorted.rules, set->n,
						 sorted.family, i);
		made = set->tables[i];
		set->n_tables += made;
	}
	sorted_free(&sorted);
	return made;
}

/*
 * Filters of families stay together.  Others are cut into bundles of the size of a merged
 * program, so that a change makes few of those again.  dlil_vec.c takes over bundles that
 * have not changed.
 */
static int set_cut(void *const *cookies, unsigned int n, u16 *sizes)
{
	unsigned int i, rest = 0, sets = 0;
	struct sorted sorted;

	if (!sort_filters(&sorted, cookies, n))
		return -ENOMEM;
	sizes[0] = 0;
	for (i = 0; i < n; i++) {
		if (sorted.family[i] == DLIL_FAMILY_NONE &&
		    rest++ == DLIL_MERGE_MAX) {
			sizes[++sets] = 0;
			rest = 1;
		}
		sizes[sets]++;
	}
	sorted_free(&sorted);
	return sets + 1;
}

/* Allocate the counters of a set; false if there is no memory. */
static bool make_stats(struct match_set *set, bool out)
{
	size_t size = struct_size(set->in, matched, set->n);
	int cpu;

	if (!out) {
		set->in = kvzalloc(size, GFP_KERNEL);
		if (set->in)
			u64_stats_init(&set->in->syncp);
		return set->in;
	}
	set->out = __alloc_percpu(size, __alignof__(struct match_stats));
	if (!set->out)
		return false;
	for_each_possible_cpu(cpu)
		u64_stats_init(&per_cpu_ptr(set->out, cpu)->syncp);
	return true;
}

/* Add the set to the lists of its filters. */
static void join(struct match_set *set)
{
	struct match_place *place;

	spin_lock_bh(&sets_lock);
	for (place = set->places; place < set->places + set->n; place++)
		hlist_add_head(&place->list, &place->match->in_sets);
	spin_unlock_bh(&sets_lock);
}

/* Free a set that is in the lists of no filters. */
static void set_free(struct match_set *set)
{
	unsigned int i;

	for (i = 0; i < set->n_groups; i++)
		if (set->groups[i].merged)
			bpf_prog_destroy(set->groups[i].merged);
	for (i = 0; i < set->n_tables; i++)
		dlil_table_free(set->tables[i]);
	kvfree(set->groups);
	kvfree(set->in);
	free_percpu(set->out);
	kvfree(set);
}

static void *set_make(void *const *cookies, unsigned int n, bool out)
{
	struct match_set *set = kvzalloc(struct_size(set, places, n),
					 GFP_KERNEL);
	struct match *m;
	unsigned int i;

	if (!set)
		return NULL;
	refcount_set(&set->refs, 1);
	set->n = n;
	for (i = 0; i < n; i++) {
		m = cookies[i];
		set->places[i].match = m;
		set->places[i].set = set;
		if (m->cond->asks_type)
			set->asks_type = true;
		if (m->verdict)
			__set_bit(i, set->final);
	}
	bitmap_set(set->alive, 0, n);
	if (!make_stats(set, out) || !make_programs(set, cookies)) {
		set_free(set);
		return NULL;
	}
	join(set);
	return set;
}

static void set_drop(void *bundle, unsigned int i)
{
	struct match_set *set = bundle;

	clear_bit(i, set->alive);
}

static void set_get(void *bundle)
{
	struct match_set *set = bundle;

	refcount_inc(&set->refs);
}

/* Fold counters that are final into the filters that have not been freed. */
static void fold_stats(struct match_set *set, const struct match_stats *s)
{
	u64 packets = u64_stats_read(&s->passed), matched;
	unsigned int i = set->n;
	struct match *m;

	lockdep_assert_held(&sets_lock);

	while (i--) {
		matched = u64_stats_read(&s->matched[i]);
		if (test_bit(i, set->final))
			packets += matched;
		if (hlist_unhashed(&set->places[i].list))
			continue;
		m = set->places[i].match;
		m->packets += packets;
		m->matched += matched;
	}
}

/* Take a set that no packet uses off the lists of its filters, which keep its counts. */
static void leave(struct match_set *set)
{
	unsigned int i;
	int cpu;

	spin_lock_bh(&sets_lock);
	if (set->in)
		fold_stats(set, set->in);
	else
		for_each_possible_cpu(cpu)
			fold_stats(set, per_cpu_ptr(set->out, cpu));
	for (i = 0; i < set->n; i++)
		hlist_del_init(&set->places[i].list);
	spin_unlock_bh(&sets_lock);
}

static void set_put(void *bundle)
{
	struct match_set *set = bundle;

	if (!refcount_dec_and_test(&set->refs))
		return;
	leave(set);
	set_free(set);
}

static const struct dlil_filter_bundle_ops match_sets = {
	.as_sent = true,
	.cut = set_cut,
	.make = set_make,
	.drop = set_drop,
	.traced = set_traced,
	.get = set_get,
	.put = set_put,
};

/* Free a filter, none of whose callbacks can be called. */
static void match_destroy(void *cookie)
{
	struct match *m = cookie;
	struct match_place *place;
	struct hlist_node *next;

	spin_lock_bh(&sets_lock);
	hlist_for_each_entry_safe(place, next, &m->in_sets, list)
		hlist_del_init(&place->list);
	spin_unlock_bh(&sets_lock);
	dlil_condition_free(m->cond);
	kfree(m);
}

static void match_detached(void *cookie, struct dlil_ifnet *ifp)
{
	match_destroy(cookie);
}

/*
 * Add the packets that the @i-th filter of a set saw, and its matches.  All counters only
 * rise, so later sums are no smaller.  Matches are read first, since they are counted
 * last: more of them than packets would look odd.
 */
static void add_stats(struct dlil_filter_info *info,
		      const struct match_set *set, unsigned int i,
		      const struct match_stats *s)
{
	u64 packets, matched;
	unsigned int start, j;

	do {
		start = u64_stats_fetch_begin(&s->syncp);
		matched = u64_stats_read(&s->matched[i]);
		packets = test_bit(i, set->final) ? matched : 0;
		for (j = i + 1; j < set->n; j++)
			if (test_bit(j, set->final))
				packets += u64_stats_read(&s->matched[j]);
		packets += u64_stats_read(&s->passed);
	} while (u64_stats_fetch_retry(&s->syncp, start));
	info->packets += packets;
	info->matched += matched;
}

static void add_place(struct dlil_filter_info *info,
		      const struct match_place *place)
{
	const struct match_set *set = place->set;
	unsigned int i = place - set->places;
	int cpu;

	if (set->in)
		add_stats(info, set, i, set->in);
	else
		for_each_possible_cpu(cpu)
			add_stats(info, set, i, per_cpu_ptr(set->out, cpu));
}

static void match_describe(void *cookie, struct dlil_filter_info *info)
{
	const struct match_place *place;
	struct match *m = cookie;

	info->kind = "match";
	info->action = m->action;
	info->expr = dlil_condition_expr(m->cond);
	spin_lock_bh(&sets_lock);
	info->packets += m->packets;
	info->matched += m->matched;
	hlist_for_each_entry(place, &m->in_sets, list)
		add_place(info, place);
	spin_unlock_bh(&sets_lock);
}

static const struct dlil_filter_kind match_kind;

/*
 * Operations by direction.  They have no owner, because match filters are part of
 * the core, which detaches them when it is unloaded.  All three have the same callbacks,
 * because DLIL_SKIP skips filters with the same callback, and filters with the same one
 * form a set.
 */
static const struct dlil_filter_ops match_ops[] = {
	[DLIL_DIRECTION_IN] = {
		.input = match_input,
		.detached = match_detached,
		.describe = match_describe,
		.kind = &match_kind,
		.bundle = &match_sets,
	},
	[DLIL_DIRECTION_OUT] = {
		.output = match_output,
		.detached = match_detached,
		.describe = match_describe,
		.kind = &match_kind,
		.bundle = &match_sets,
	},
	[DLIL_DIRECTION_IN | DLIL_DIRECTION_OUT] = {
		.input = match_input,
		.output = match_output,
		.detached = match_detached,
		.describe = match_describe,
		.kind = &match_kind,
		.bundle = &match_sets,
	},
};

static int set_action(struct match *m, const char *name,
		      struct netlink_ext_ack *extack)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(actions); i++)
		if (!strcmp(actions[i].name, name)) {
			m->action = actions[i].name;
			m->verdict = actions[i].verdict;
			return 0;
		}
	NL_SET_ERR_MSG(extack, "unknown action: expected drop, count or pass");
	return -EINVAL;
}

static int match_create(const struct dlil_filter_args *args,
			struct dlil_filter_params *params, dlil_filter_t **ref)
{
	struct match *m;
	int err;

	if (!args->action || !args->cond) {
		NL_SET_ERR_MSG(args->extack,
			       "action and program are required for a match filter");
		return -EINVAL;
	}
	m = kzalloc(sizeof(*m), GFP_KERNEL);
	if (!m)
		return -ENOMEM;
	err = set_action(m, args->action, args->extack);
	if (err) {
		kfree(m);
		return err;
	}
	/* A name that is too long is refused by the attach. */
	strscpy(m->name, args->name, sizeof(m->name));
	m->cond = args->cond;
	dlil_rule_init(&m->rule, &m->cond->source);
	params->ops = &match_ops[args->direction];
	params->cookie = m;
	return 0;
}

static const struct dlil_filter_kind match_kind = {
	.name = "match",
	.uses = DLIL_KIND_ACTION | DLIL_KIND_CONDITION,
	.create = match_create,
	.destroy = match_destroy,
};

int dlil_match_module_init(void)
{
	return dlil_filter_register_kind(&match_kind);
}

void dlil_match_module_exit(void)
{
	dlil_filter_unregister_kind(&match_kind);
}
