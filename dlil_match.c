// SPDX-License-Identifier: GPL-2.0
/*
 * The filter kind `match`: a classic BPF program over the whole frame, and an
 * action for packets that match.
 *
 * dlil_condition.c says what a program sees.  A match filter is attached like the
 * filter of a module, except that adjacent match filters form a bundle, called a
 * set. dlil_merge.c merges their programs into one, which finds all filters that
 * match in a single run.  Their actions are then taken in the order of the filters.
 *
 * A detach clears the filter from `alive` of its sets.  A reader of the old
 * value may use the filter until it leaves the read section in which it found
 * the set; the filter is freed after that.
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

#include <trace/events/dlil.h>

/* Actions, and the verdict that callbacks return for a matching packet. */
static const struct {
	const char *name;
	int verdict;
} actions[] = {
	{ "drop", -EPERM },
	{ "count", 0 },
	{ "pass", DLIL_SKIP },
};

/* Counters with a single writer at a time. */
struct match_stats {
	u64_stats_t packets;
	u64_stats_t matched;
	struct u64_stats_sync syncp;
};

/**
 * struct match - a match filter; constant once attached
 * @cond: condition for a match
 * @verdict: verdict for packets that match
 * @action: name of the action
 * @in: counters of received packets; written by the ifnet's input thread
 * @out: counters of sent packets, per CPU; written with bottom halves off
 * @name: name of the filter
 */
struct match {
	struct dlil_condition *cond;
	int verdict;
	const char *action;
	struct match_stats in;
	struct match_stats __percpu *out;
	char name[DLIL_NAME_MAX];
};

/**
 * struct match_set - adjacent match filters; a u32 has one bit for each
 * @refs: number of filter arrays that refer to the set
 * @merged: merged program of the filters that can be merged, or NULL
 * @alone: filters that are not part of @merged
 * @alive: filters that are not being detached
 * @final: filters whose match ends the run, so that later ones do not count
 * @asks_type: some program loads skb->pkt_type
 * @n: number of filters
 * @match: the filters
 */
struct match_set {
	refcount_t refs;
	struct bpf_prog *merged;
	u32 alone;
	u32 alive;
	u32 final;
	bool asks_type;
	unsigned int n;
	struct match *match[];
};

static_assert(DLIL_BUNDLE_MAX <= DLIL_MERGE_MAX);

/* Run the programs of @which one by one, up to the first final match. */
static u32 run_alone(const struct match_set *set, unsigned long which,
		     const struct sk_buff *skb)
{
	unsigned int i;
	u32 found = 0;

	for_each_set_bit(i, &which, DLIL_BUNDLE_MAX) {
		if (!bpf_prog_run(set->match[i]->cond->prog, skb))
			continue;
		found |= BIT(i);
		if (set->final & BIT(i))
			break;
	}
	return found;
}

/* Returns the filters that match; may miss some behind a final match. */
static __always_inline u32 run_set(const struct match_set *set, u32 alive,
				   const struct sk_buff *skb)
{
	u32 found = 0, alone = alive;

	/* skb->cb need not be cleared: classic programs cannot read it. */
	if (likely(set->merged)) {
		found = bpf_prog_run(set->merged, skb);
		if (likely(found & DLIL_MERGE_DONE))
			alone &= set->alone;
		else
			found = 0;
	}
	if (unlikely(alone))
		found |= run_alone(set, alone, skb);
	return found & alive;
}

/*
 * Count one packet.  Must be called without migration, by the only context that
 * writes to @s on this CPU.  On PREEMPT_RT another sender may preempt this one;
 * the counters stay exact all the same, see dlil_stats.c.
 */
static __always_inline void count(struct match_stats *s, bool matched)
{
	u64_stats_update_begin(&s->syncp);
	u64_stats_inc(&s->packets);
	if (unlikely(matched))
		u64_stats_inc(&s->matched);
	u64_stats_update_end(&s->syncp);
}

/* Trace the verdicts of the first @n filters, of which @found matched (STA-5). */
static void trace_verdicts(const struct match_set *set,
			   const struct dlil_ifnet *ifp, u32 alive, u32 found,
			   unsigned int n, bool out)
{
	u32 direction = dlil_direction(out);
	const struct match *m;
	unsigned int i;

	for (i = 0; i < n; i++) {
		m = set->match[i];
		if (alive & BIT(i))
			trace_dlil_filter(ifp, direction, m->name,
					  found & BIT(i) ? m->verdict : 0, 1);
	}
}

/*
 * Run the programs and update the counters of that direction.  If @traced, the ifnet,
 * is not NULL, trace the verdicts; the fast path passes a constant NULL.
 */
static __always_inline int judge(const struct match_set *set,
				 const struct sk_buff *skb, bool out,
				 const struct dlil_ifnet *traced)
{
	u32 alive = READ_ONCE(set->alive), found, final;
	unsigned int i, n = set->n;
	int verdict = 0;

	found = run_set(set, alive, skb);
	final = found & set->final;
	if (unlikely(final)) {
		n = __ffs(final) + 1;
		verdict = set->match[n - 1]->verdict;
	}
	for (i = 0; i < n; i++) {
		struct match *m = set->match[i];

		if (likely(alive & BIT(i)))
			count(out ? this_cpu_ptr(m->out) : &m->in,
			      found & BIT(i));
	}
	if (traced)
		trace_verdicts(set, traced, alive, found, n, out);
	return verdict;
}

/* The programs see the frame from its link header on. */
static __always_inline int match_received(const struct match_set *set,
					  struct sk_buff **pskb,
					  const struct dlil_ifnet *traced)
{
	struct sk_buff *skb = *pskb;
	unsigned int header;
	int ret;

	if (unlikely(!dlil_filter_is_readable(skb)))
		return -EINVAL;
	header = skb->data - skb_mac_header(skb);
	__skb_push(skb, header);
	preempt_disable();
	ret = judge(set, skb, false, traced);
	preempt_enable();
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
				  const struct dlil_ifnet *traced)
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
		      struct sk_buff **pskb, bool out)
{
	return out ? judge_as_sent(bundle, ifp, *pskb, ifp) :
		     match_received(bundle, pskb, ifp);
}

/* Merging only saves time: if it fails, the programs run one by one. */
static void merge(struct match_set *set)
{
	struct dlil_program sources[DLIL_BUNDLE_MAX];
	struct sock_filter *insns;
	unsigned int i, n;
	u32 which = 0;

	for (i = 0; i < set->n; i++) {
		sources[i] = set->match[i]->cond->source;
		if (dlil_merge_possible(&sources[i]))
			which |= BIT(i);
	}
	set->alone = ~which;
	if (!which || dlil_merge(sources, which, &insns, &n))
		return;
	dlil_create_program(&set->merged, insns, n);
	kvfree(insns);
}

static void *set_make(void *const *cookies, unsigned int n, bool out)
{
	struct match_set *set = kzalloc(struct_size(set, match, n), GFP_KERNEL);
	unsigned int i;

	if (!set)
		return NULL;
	refcount_set(&set->refs, 1);
	set->n = n;
	for (i = 0; i < n; i++) {
		set->match[i] = cookies[i];
		if (set->match[i]->cond->asks_type)
			set->asks_type = true;
		set->alive |= BIT(i);
		if (set->match[i]->verdict)
			set->final |= BIT(i);
	}
	merge(set);
	return set;
}

static void set_drop(void *bundle, unsigned int i)
{
	struct match_set *set = bundle;

	WRITE_ONCE(set->alive, set->alive & ~BIT(i));
}

static void set_get(void *bundle)
{
	struct match_set *set = bundle;

	refcount_inc(&set->refs);
}

static void set_put(void *bundle)
{
	struct match_set *set = bundle;

	if (!refcount_dec_and_test(&set->refs))
		return;
	if (set->merged)
		bpf_prog_destroy(set->merged);
	kfree(set);
}

static const struct dlil_filter_bundle_ops match_sets = {
	.as_sent = true,
	.make = set_make,
	.drop = set_drop,
	.traced = set_traced,
	.get = set_get,
	.put = set_put,
};

/* Free a filter, except its condition. */
static void match_free(struct match *m)
{
	free_percpu(m->out);
	kfree(m);
}

/* Free a filter, none of whose callbacks can be called. */
static void match_destroy(void *cookie)
{
	struct match *m = cookie;

	dlil_condition_free(m->cond);
	match_free(m);
}

static void match_detached(void *cookie, struct dlil_ifnet *ifp)
{
	match_destroy(cookie);
}

static void add_stats(struct dlil_filter_info *info,
		      const struct match_stats *s)
{
	u64 packets, matched;
	unsigned int start;

	do {
		start = u64_stats_fetch_begin(&s->syncp);
		packets = u64_stats_read(&s->packets);
		matched = u64_stats_read(&s->matched);
	} while (u64_stats_fetch_retry(&s->syncp, start));
	info->packets += packets;
	info->matched += matched;
}

static void match_describe(void *cookie, struct dlil_filter_info *info)
{
	struct match *m = cookie;
	int cpu;

	info->kind = "match";
	info->action = m->action;
	info->expr = dlil_condition_expr(m->cond);
	add_stats(info, &m->in);
	for_each_possible_cpu(cpu)
		add_stats(info, per_cpu_ptr(m->out, cpu));
}

static const struct dlil_filter_kind match_kind;

/*
 * Operations by direction.  Without owner, because match filters are part of
 * the core, which detaches them when it is unloaded.  DLIL_SKIP skips filters
 * with the same callback, and a set needs the same callback, so all three use
 * the same ones.
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
	if (err)
		goto free;
	err = -ENOMEM;
	m->out = netdev_alloc_pcpu_stats(struct match_stats);
	if (!m->out)
		goto free;
	u64_stats_init(&m->in.syncp);
	/* A name that is too long is refused by the attach. */
	strscpy(m->name, args->name, sizeof(m->name));
	m->cond = args->cond;
	params->ops = &match_ops[args->direction];
	params->cookie = m;
	return 0;

free:
	match_free(m);
	return err;
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
