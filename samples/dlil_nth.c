// SPDX-License-Identifier: GPL-2.0
/*
 * A kind of filters: `nth N` drops every N-th packet.
 *
 *	dlilctl filter add eth0 loss in nth 100
 *	dlilctl filter add eth0 loss in match 'udp' nth 100
 *	dlilctl filter change eth0 loss nth 50
 *
 * Users add filters of a kind by its name (FLT-16).  The kernel loads this module
 * when a user first names `nth`.  It includes only include/net/dlil.h.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <net/dlil.h>

/**
 * struct nth - a filter of this kind
 * @cond: packets that it is for
 * @n: drop every @n-th of them; may be changed at any time
 * @packets: packets that it has seen
 * @matched: those for which @cond holds
 * @words: the arguments, for users
 */
struct nth {
	struct dlil_condition *cond;
	unsigned int n;
	atomic64_t packets;
	atomic64_t matched;
	char words[12];
};

/* Output runs on several processors at once, hence the atomic counters. */
static int judge(struct nth *nth, struct dlil_ifnet *ifp, u32 direction,
		 struct sk_buff *skb)
{
	u32 rest;

	atomic64_inc(&nth->packets);
	if (!dlil_condition_holds(nth->cond, ifp, direction, skb))
		return 0;
	div_u64_rem(atomic64_inc_return(&nth->matched), READ_ONCE(nth->n), &rest);
	return rest ? 0 : -EPERM;
}

static int nth_input(void *cookie, struct dlil_ifnet *ifp, u32 family,
		     struct sk_buff **skb)
{
	return judge(cookie, ifp, DLIL_DIRECTION_IN, *skb);
}

static int nth_output(void *cookie, struct dlil_ifnet *ifp, u32 family,
		      struct sk_buff **skb)
{
	return judge(cookie, ifp, DLIL_DIRECTION_OUT, *skb);
}

static void nth_destroy(void *cookie)
{
	struct nth *nth = cookie;

	dlil_condition_free(nth->cond);
	kfree(nth);
}

static void nth_detached(void *cookie, struct dlil_ifnet *ifp)
{
	nth_destroy(cookie);
}

static void nth_describe(void *cookie, struct dlil_filter_info *info)
{
	struct nth *nth = cookie;

	info->kind = "nth";
	info->action = nth->words;
	info->expr = dlil_condition_expr(nth->cond);
	info->packets = atomic64_read(&nth->packets);
	info->matched = atomic64_read(&nth->matched);
}

static const struct dlil_filter_kind nth_kind;

static const struct dlil_filter_ops nth_ops[] = {
	[DLIL_DIRECTION_IN] = {
		.owner = THIS_MODULE,
		.input = nth_input,
		.detached = nth_detached,
		.describe = nth_describe,
		.kind = &nth_kind,
	},
	[DLIL_DIRECTION_OUT] = {
		.owner = THIS_MODULE,
		.output = nth_output,
		.detached = nth_detached,
		.describe = nth_describe,
		.kind = &nth_kind,
	},
	[DLIL_DIRECTION_IN | DLIL_DIRECTION_OUT] = {
		.owner = THIS_MODULE,
		.input = nth_input,
		.output = nth_output,
		.detached = nth_detached,
		.describe = nth_describe,
		.kind = &nth_kind,
	},
};

/* Set N; nothing has changed after an error. */
static int set_n(struct nth *nth, const struct dlil_filter_args *args)
{
	unsigned int n;

	if (!args->words || kstrtouint(args->words, 10, &n) || !n) {
		NL_SET_ERR_MSG(args->extack,
			       "nth needs a number of packets: `nth 100` drops every 100th");
		return -EINVAL;
	}
	WRITE_ONCE(nth->n, n);
	snprintf(nth->words, sizeof(nth->words), "%u", n);
	return 0;
}

static int nth_create(const struct dlil_filter_args *args,
		      struct dlil_filter_params *params, dlil_filter_t **ref)
{
	struct nth *nth = kzalloc(sizeof(*nth), GFP_KERNEL);
	int err;

	if (!nth)
		return -ENOMEM;
	err = set_n(nth, args);
	if (err) {
		kfree(nth);
		return err;
	}
	nth->cond = args->cond;
	params->ops = &nth_ops[args->direction];
	params->cookie = nth;
	/* One packet is one packet on the wire. */
	params->flags = DLIL_FILTER_SEGMENTS;
	return 0;
}

static int nth_change(void *cookie, const struct dlil_filter_args *args)
{
	return set_n(cookie, args);
}

static const struct dlil_filter_kind nth_kind = {
	.name = "nth",
	.owner = THIS_MODULE,
	.uses = DLIL_KIND_WORDS | DLIL_KIND_CONDITION,
	.create = nth_create,
	.destroy = nth_destroy,
	.change = nth_change,
};

static int __init nth_init(void)
{
	return dlil_filter_register_kind(&nth_kind);
}
module_init(nth_init);

static void __exit nth_exit(void)
{
	dlil_filter_unregister_kind(&nth_kind);
}
module_exit(nth_exit);

MODULE_DESCRIPTION("Sample kind of DLIL filters that drops every N-th packet");
MODULE_LICENSE("GPL");
MODULE_ALIAS("dlil-filter-nth");
