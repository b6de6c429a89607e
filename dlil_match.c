// SPDX-License-Identifier: GPL-2.0
/*
 * The filter kind `match`: a classic BPF program over the whole frame, and an
 * action for packets that match.
 *
 * The kernel checks, translates and runs the program.  A match filter is
 * attached like the filter of a module, except that adjacent match filters form
 * a bundle, called a set. dlil_merge.c merges their programs into one, which
 * finds all filters that match in a single run.  Their actions are then taken
 * in the order of the filters.
 *
 * A program sees the packet as on a packet socket of the device, so that a
 * filter counts the same packets as tcpdump with the same program (FLT-18).  A
 * VLAN tag beside the data is visible to the loads that libpcap generates for
 * live captures.  On output, packet sockets see the packet that goes to the
 * driver, behind the filters.  At the filters, a tag is still beside the data
 * even if the device needs it in the data, and skb->pkt_type is not yet
 * PACKET_OUTGOING.  Both are set to their later values while the programs run.
 *
 * A detach clears the filter from `alive` of its sets.  A reader of the old
 * value may use the filter until it leaves the read section in which it found
 * the set; the filter is freed after that.
 */
#include <linux/etherdevice.h>
#include <linux/filter.h>
#include <linux/if_vlan.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <linux/u64_stats_sync.h>

#include "dlil_filter.h"
#include "dlil_ifnet.h"
#include "dlil_match.h"
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
 * @prog: the program
 * @source: the program in classic BPF, for merging
 * @verdict: verdict for packets that match
 * @action: name of the action
 * @expr: expression that the program was compiled from, or ""
 * @in: counters of received packets; written by the ifnet's input thread
 * @out: counters of sent packets, per CPU; written with bottom halves off
 * @name: name of the filter
 */
struct match {
	struct bpf_prog *prog;
	struct dlil_program source;
	int verdict;
	const char *action;
	char *expr;
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

/* Serialises adding, so that names of match filters are unique. */
static DEFINE_MUTEX(match_lock);

/* Run the programs of @which one by one, up to the first final match. */
static u32 run_alone(const struct match_set *set, unsigned long which,
		     const struct sk_buff *skb)
{
	unsigned int i;
	u32 found = 0;

	for_each_set_bit(i, &which, DLIL_BUNDLE_MAX) {
		if (!bpf_prog_run(set->match[i]->prog, skb))
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

/*
 * Move the VLAN tag into the data, as the stack does behind the filters for
 * devices without tag insertion.  On failure nothing has changed.  A shared skb
 * fails, because its head cannot be made private; pktgen shares its skbs, but
 * it sends no tags beside the data.
 */
static bool insert_tag(struct sk_buff *skb)
{
	if (skb_shared(skb) ||
	    __vlan_insert_tag(skb, skb->vlan_proto, skb_vlan_tag_get(skb)))
		return false;
	skb->protocol = skb->vlan_proto;
	__vlan_hwaccel_clear_tag(skb);
	return true;
}

static void remove_tag(struct sk_buff *skb, __be16 protocol)
{
	const struct vlan_ethhdr *veth = (const void *)skb->data;
	__be16 proto = veth->h_vlan_proto;
	u16 tci = ntohs(veth->h_vlan_TCI);

	memmove(skb->data + VLAN_HLEN, skb->data, 2 * ETH_ALEN);
	__skb_pull(skb, VLAN_HLEN);
	skb_reset_mac_header(skb);
	skb->protocol = protocol;
	__vlan_hwaccel_put_tag(skb, proto, tci);
}

/*
 * Run the programs on the packet as packet sockets will see it.  The skb may be
 * modified temporarily, even if its data is cloned: it is in no queue yet, and
 * its sender has given it away.
 */
static noinline int judge_as_sent(const struct match_set *set,
				  struct dlil_ifnet *ifp, struct sk_buff *skb,
				  const struct dlil_ifnet *traced)
{
	const struct dlil_driver_ops *driver = ifp->driver;
	u8 type = skb->pkt_type;
	__be16 protocol = skb->protocol;
	bool inserted = false;
	int verdict;

	if (skb_vlan_tag_present(skb) && driver->tag_in_data &&
	    driver->tag_in_data(ifp, skb))
		inserted = insert_tag(skb);
	skb->pkt_type = PACKET_OUTGOING;
	verdict = judge(set, skb, true, traced);
	skb->pkt_type = type;
	if (inserted)
		remove_tag(skb, protocol);
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

static int create_program(struct bpf_prog **prog,
			  const struct sock_filter *insns, unsigned int n)
{
	struct sock_fprog_kern fprog = {
		.len = n,
		.filter = (struct sock_filter *)insns,
	};
	int err = bpf_prog_create(prog, &fprog);

	/* Every valid classic program compiles, so only memory can be missing. */
	return err == -ENOTSUPP ? -ENOMEM : err;
}

/* Merging only saves time: if it fails, the programs run one by one. */
static void merge(struct match_set *set)
{
	struct dlil_program sources[DLIL_BUNDLE_MAX];
	struct sock_filter *insns;
	unsigned int i, n;
	u32 which = 0;

	for (i = 0; i < set->n; i++) {
		sources[i] = set->match[i]->source;
		if (dlil_merge_possible(&sources[i]))
			which |= BIT(i);
	}
	set->alone = ~which;
	if (!which || dlil_merge(sources, which, &insns, &n))
		return;
	create_program(&set->merged, insns, n);
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
		if (dlil_program_loads(&set->match[i]->source, SKF_AD_PKTTYPE))
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

static void match_free(struct match *m)
{
	free_percpu(m->out);
	if (m->prog)
		bpf_prog_destroy(m->prog);
	kvfree(m->source.insns);
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
		.bundle = &match_sets,
	},
	[DLIL_DIRECTION_OUT] = {
		.output = match_output,
		.detached = match_detached,
		.describe = match_describe,
		.bundle = &match_sets,
	},
	[DLIL_DIRECTION_IN | DLIL_DIRECTION_OUT] = {
		.input = match_input,
		.output = match_output,
		.detached = match_detached,
		.describe = match_describe,
		.bundle = &match_sets,
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
	NL_SET_ERR_MSG(extack, "unknown action: expected drop, count or pass");
	return -EINVAL;
}

/*
 * Resolve loads that refer to the device.  Received packets do not point to
 * their device inside filters (LNX-13), so a load of its index becomes a
 * constant, the index of the ifnet.  That is constant while the filter is
 * attached, because a device that moves to another netns is detached first.
 */
static int settle_device(const struct dlil_program *prog,
			 struct sock_filter *insns, int ifindex,
			 struct netlink_ext_ack *extack)
{
	unsigned int i;

	if (dlil_program_loads(prog, SKF_AD_HATYPE)) {
		NL_SET_ERR_MSG(extack,
			       "program must not load the device's hardware type: filters do not know it");
		return -EOPNOTSUPP;
	}
	for (i = 0; i < prog->n; i++)
		if (dlil_insn_loads(&insns[i], SKF_AD_IFINDEX))
			insns[i] = (struct sock_filter)
				BPF_STMT(BPF_LD | BPF_IMM, ifindex);
	return 0;
}

static int set_program(struct match *m, const struct dlil_match_params *params,
		       int ifindex, struct netlink_ext_ack *extack)
{
	struct sock_filter *insns;
	int err;

	if (!params->n || params->n > BPF_MAXINSNS) {
		NL_SET_ERR_MSG(extack,
			       "program must have between 1 and 4096 instructions");
		return -EINVAL;
	}
	insns = kvmalloc_array(params->n, sizeof(*insns), GFP_KERNEL);
	if (!insns)
		return -ENOMEM;
	memcpy(insns, params->program, params->n * sizeof(*insns));
	m->source.insns = insns;
	m->source.n = params->n;
	err = settle_device(&m->source, insns, ifindex, extack);
	if (err)
		return err;
	err = create_program(&m->prog, insns, params->n);
	if (err == -EINVAL)
		NL_SET_ERR_MSG(extack, "program is not valid classic BPF");
	return err;
}

/* Create a filter for an ifnet with index @ifindex. */
static struct match *match_new(const struct dlil_match_params *params,
			       int ifindex, struct netlink_ext_ack *extack)
{
	struct match *m = kzalloc(sizeof(*m), GFP_KERNEL);
	int err;

	if (!m)
		return ERR_PTR(-ENOMEM);
	err = set_action(m, params->action, extack);
	if (err)
		goto free;
	err = set_program(m, params, ifindex, extack);
	if (err)
		goto free;
	err = -ENOMEM;
	m->expr = kstrdup(params->expr ?: "", GFP_KERNEL);
	m->out = netdev_alloc_pcpu_stats(struct match_stats);
	if (!m->expr || !m->out)
		goto free;
	u64_stats_init(&m->in.syncp);
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
		NL_SET_ERR_MSG(extack, "a filter of this name exists");
		return -EEXIST;
	}
	dlil_filter_for_each(ifp, count_match, &n);
	if (n >= DLIL_GENL_MAXFILTERS) {
		NL_SET_ERR_MSG(extack, "too many match filters: 256 at most");
		return -ENOSPC;
	}
	return 0;
}

/* The caller holds an I/O reference of @ifp. */
static int match_attach(struct dlil_ifnet *ifp,
			const struct dlil_match_params *params,
			struct netlink_ext_ack *extack)
{
	struct dlil_filter_params filter = {
		.name = params->name,
		.ops = &match_ops[params->direction],
	};
	dlil_filter_t ref;
	struct match *m;
	int err;

	m = match_new(params, ifp->ifindex, extack);
	if (IS_ERR(m))
		return PTR_ERR(m);
	filter.cookie = m;
	/* A name that is too long is refused below. */
	strscpy(m->name, params->name, sizeof(m->name));
	mutex_lock(&match_lock);
	err = check_room(ifp, params->name, extack);
	if (!err) {
		err = dlil_filter_attach(ifp, &filter, &ref);
		/* A detach may begin despite our reference. */
		if (err == -ENXIO)
			NL_SET_ERR_MSG(extack, "device is being detached");
	}
	mutex_unlock(&match_lock);
	if (err)
		match_free(m);
	return err;
}

/**
 * dlil_match_add - append a match filter to the filters of an ifnet
 * @ifp: ifnet
 * @params: the filter
 * @extack: receives a message on errors
 *
 * Context: process; may sleep.
 * Return: 0, -EINVAL, -EOPNOTSUPP, -EEXIST, -ENOSPC, -ENXIO or -ENOMEM.
 */
int dlil_match_add(struct dlil_ifnet *ifp,
		   const struct dlil_match_params *params,
		   struct netlink_ext_ack *extack)
{
	int err;

	if (!params->direction ||
	    params->direction >= ARRAY_SIZE(match_ops)) {
		NL_SET_ERR_MSG(extack, "direction must be in, out or both");
		return -EINVAL;
	}
	if (!*params->name) {
		NL_SET_ERR_MSG(extack, "name of the filter is required");
		return -EINVAL;
	}
	/*
	 * The reference delays the final detach, so that the index cannot
	 * change.
	 */
	if (!dlil_ifnet_io_begin(ifp)) {
		NL_SET_ERR_MSG(extack, "device is being detached");
		return -ENXIO;
	}
	err = match_attach(ifp, params, extack);
	dlil_ifnet_io_end(ifp);
	return err;
}
EXPORT_SYMBOL_FOR_TEST(dlil_match_add);

/**
 * dlil_match_del - remove a match filter from an ifnet
 * @ifp: ifnet
 * @name: name of the filter
 * @extack: receives a message on errors
 *
 * Names of match filters are unique.  The filter of a module may have the same
 * name; it is left alone.
 *
 * The filter sees no packet that arrives after the return.  Callbacks in flight
 * are not waited for (LNX-13): the event of the detach follows when they are
 * over.
 *
 * Context: process; may sleep.
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
	 * Detach by reference.  If another task was faster, the reference is
	 * stale and the detach fails, even if a new filter has the same name by
	 * now.
	 */
	if (!ref || dlil_filter_detach_async(ref)) {
		NL_SET_ERR_MSG(extack, "no filter of this name");
		return -ENOENT;
	}
	return 0;
}
EXPORT_SYMBOL_FOR_TEST(dlil_match_del);
