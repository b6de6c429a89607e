// SPDX-License-Identifier: GPL-2.0
/*
 * The filter kind `match`: a classic BPF program over the whole frame, and what
 * to do with packets that it picks.
 *
 * The kernel checks, translates and runs the program.  A match filter is a filter
 * like any module's.
 */
#include <linux/etherdevice.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <linux/u64_stats_sync.h>

#include "dlil_filter.h"
#include "dlil_ifnet.h"
#include "dlil_match.h"

/* What input and output callbacks return for a packet that matches. */
static const struct {
	const char *name;
	int verdict;
} actions[] = {
	{ "drop", -EPERM },
	{ "count", 0 },
	{ "pass", DLIL_SKIP },
};

/* Counters with one writer at a time. */
struct match_stats {
	u64_stats_t packets;
	u64_stats_t matched;
	struct u64_stats_sync syncp;
};

/**
 * struct match - a match filter; all of it constant once attached
 * @prog: the program
 * @verdict: what a packet that it picks gets
 * @action: the same in words
 * @expr: the expression that it was made from, or ""
 * @in: counts received packets; written by the ifnet's input thread
 * @out: counts sent packets, per CPU; written with bottom halves off
 */
struct match {
	struct bpf_prog *prog;
	int verdict;
	const char *action;
	char *expr;
	struct match_stats in;
	struct match_stats __percpu *out;
};

/* Serialises adding, so that the names of match filters are unique. */
static DEFINE_MUTEX(match_lock);

/*
 * Run the program and count.  Must be called where nobody else can write to @s, on
 * a processor that does not change.
 */
static int judge(struct match *m, struct match_stats *s, struct sk_buff *skb)
{
	/* A classic program knows no skb->cb, so that need not be cleared. */
	bool matched = bpf_prog_run(m->prog, skb);

	u64_stats_update_begin(&s->syncp);
	u64_stats_inc(&s->packets);
	if (matched)
		u64_stats_inc(&s->matched);
	u64_stats_update_end(&s->syncp);
	return matched ? m->verdict : 0;
}

/* The program sees the frame from its link header on. */
static int match_input(void *cookie, struct dlil_ifnet *ifp, u32 family,
		       struct sk_buff **pskb)
{
	struct sk_buff *skb = *pskb;
	unsigned int header = skb->data - skb_mac_header(skb);
	struct match *m = cookie;
	int ret;

	__skb_push(skb, header);
	preempt_disable();
	ret = judge(m, &m->in, skb);
	preempt_enable();
	__skb_pull(skb, header);
	return ret;
}

static int match_output(void *cookie, struct dlil_ifnet *ifp, u32 family,
			struct sk_buff **pskb)
{
	struct match *m = cookie;

	return judge(m, this_cpu_ptr(m->out), *pskb);
}

static void match_free(struct match *m)
{
	free_percpu(m->out);
	if (m->prog)
		bpf_prog_destroy(m->prog);
	kfree(m->expr);
	kfree(m);
}

static void match_detached(void *cookie, struct dlil_ifnet *ifp)
{
	match_free(cookie);
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
	info->expr = m->expr;
	add_stats(info, &m->in);
	for_each_possible_cpu(cpu)
		add_stats(info, per_cpu_ptr(m->out, cpu));
}

/*
 * By direction.  No owner: they are part of the core, and unloading that takes
 * them off.  DLIL_SKIP goes past filters with the same callback, so the callbacks
 * are the same in all of them.
 */
static const struct dlil_filter_ops match_ops[] = {
	[DLIL_DIRECTION_IN] = {
		.input = match_input,
		.detached = match_detached,
		.describe = match_describe,
	},
	[DLIL_DIRECTION_OUT] = {
		.output = match_output,
		.detached = match_detached,
		.describe = match_describe,
	},
	[DLIL_DIRECTION_IN | DLIL_DIRECTION_OUT] = {
		.input = match_input,
		.output = match_output,
		.detached = match_detached,
		.describe = match_describe,
	},
};

static bool is_match(const struct dlil_filter_ops *ops)
{
	return ops >= match_ops && ops < match_ops + ARRAY_SIZE(match_ops);
}

static bool is_any(const struct dlil_filter_ops *ops)
{
	return true;
}

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
	NL_SET_ERR_MSG(extack, "unknown action: drop, count and pass are known");
	return -EINVAL;
}

static int set_program(struct match *m, const struct dlil_match_params *params,
		       struct netlink_ext_ack *extack)
{
	struct sock_fprog_kern fprog = {
		.len = params->n,
		.filter = (struct sock_filter *)params->program,
	};
	int err;

	if (!params->n || params->n > BPF_MAXINSNS) {
		NL_SET_ERR_MSG(extack,
			       "program must have between 1 and 4096 instructions");
		return -EINVAL;
	}
	err = bpf_prog_create(&m->prog, &fprog);
	if (err == -EINVAL)
		NL_SET_ERR_MSG(extack, "program is not valid classic BPF");
	/* All classic programs can be compiled, as long as there is memory. */
	return err == -ENOTSUPP ? -ENOMEM : err;
}

static struct match *match_new(const struct dlil_match_params *params,
			       struct netlink_ext_ack *extack)
{
	struct match *m = kzalloc(sizeof(*m), GFP_KERNEL);
	int err, cpu;

	if (!m)
		return ERR_PTR(-ENOMEM);
	err = set_action(m, params->action, extack);
	if (err)
		goto free;
	err = set_program(m, params, extack);
	if (err)
		goto free;
	err = -ENOMEM;
	m->expr = kstrdup(params->expr ?: "", GFP_KERNEL);
	m->out = alloc_percpu(struct match_stats);
	if (!m->expr || !m->out)
		goto free;
	u64_stats_init(&m->in.syncp);
	for_each_possible_cpu(cpu)
		u64_stats_init(&per_cpu_ptr(m->out, cpu)->syncp);
	return m;

free:
	match_free(m);
	return ERR_PTR(err);
}

static int count_match(const char *name, u32 direction,
		       const struct dlil_filter_ops *ops, void *cookie,
		       void *arg)
{
	*(unsigned int *)arg += is_match(ops);
	return 0;
}

static int check_room(struct dlil_ifnet *ifp, const char *name,
		      struct netlink_ext_ack *extack)
{
	unsigned int n = 0;

	if (dlil_filter_find(ifp, name, is_any)) {
		NL_SET_ERR_MSG(extack, "there is a filter of this name already");
		return -EEXIST;
	}
	dlil_filter_for_each(ifp, count_match, &n);
	if (n >= DLIL_GENL_MAXFILTERS) {
		NL_SET_ERR_MSG(extack, "ifnet has 256 match filters already");
		return -ENOSPC;
	}
	return 0;
}

/**
 * dlil_match_add - put a match filter behind the filters of an ifnet
 * @ifp: ifnet
 * @params: the filter
 * @extack: gets a sentence when it is refused
 *
 * Context: process; may sleep.
 * Return: 0, -EINVAL, -EEXIST, -ENOSPC, -ENXIO or -ENOMEM.
 */
int dlil_match_add(struct dlil_ifnet *ifp,
		   const struct dlil_match_params *params,
		   struct netlink_ext_ack *extack)
{
	struct dlil_filter_params filter = {
		.name = params->name,
		/* Headers are what it looks at, and a super-packet has them. */
		.flags = DLIL_FILTER_GSO,
	};
	dlil_filter_t ref;
	struct match *m;
	int err;

	if (!params->direction ||
	    params->direction >= ARRAY_SIZE(match_ops)) {
		NL_SET_ERR_MSG(extack, "direction must be in, out or both");
		return -EINVAL;
	}
	if (!*params->name) {
		NL_SET_ERR_MSG(extack, "filter needs a name");
		return -EINVAL;
	}
	m = match_new(params, extack);
	if (IS_ERR(m))
		return PTR_ERR(m);
	filter.ops = &match_ops[params->direction];
	filter.cookie = m;

	mutex_lock(&match_lock);
	err = check_room(ifp, params->name, extack);
	if (!err) {
		err = dlil_filter_attach(ifp, &filter, &ref);
		if (err == -ENXIO)
			NL_SET_ERR_MSG(extack, "device is being detached");
	}
	mutex_unlock(&match_lock);
	if (err)
		match_free(m);
	return err;
}
EXPORT_SYMBOL_FOR_TEST(dlil_match_add);

/**
 * dlil_match_del - take a match filter off an ifnet
 * @ifp: ifnet
 * @name: its name
 * @extack: gets a sentence when it is refused
 *
 * Names of match filters are unique, but modules may name theirs as they like: if
 * one is called the same it is left alone.
 *
 * Context: process; may sleep; waits for the filter's callbacks.
 * Return: 0, -ENOENT or -EPERM.
 */
int dlil_match_del(struct dlil_ifnet *ifp, const char *name,
		   struct netlink_ext_ack *extack)
{
	dlil_filter_t ref;

	ref = dlil_filter_find(ifp, name, is_match);
	if (!ref && dlil_filter_find(ifp, name, is_any)) {
		NL_SET_ERR_MSG(extack,
			       "filter belongs to a module: detach it there");
		return -EPERM;
	}
	/*
	 * By reference: if somebody else was faster it is stale, even if there is
	 * another filter of this name by now, which came after ours was gone.
	 */
	if (!ref || dlil_filter_detach(ref)) {
		NL_SET_ERR_MSG(extack, "there is no filter of this name");
		return -ENOENT;
	}
	return 0;
}
EXPORT_SYMBOL_FOR_TEST(dlil_match_del);
