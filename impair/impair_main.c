// SPDX-License-Identifier: GPL-2.0
/*
 * The filter kind `impair`: traffic that is made bad on purpose (FLT-16).
 *
 * impair_fate.c decides what happens to each packet (its fate), impair_filter.c does it,
 * and impair_hold.c holds packets that are to leave later.  This file takes the parameters
 * from netlink, and puts parameters and counters into replies.
 *
 * A filter has two ways (struct impair_way), one for each direction, with the same
 * parameters, and random numbers, packets and counters of their own.
 */
#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/random.h>
#include <net/netlink.h>

#include "../dlil_export.h"
#include "../dlil_netlink_gen.h"
#include "impair.h"

#define DEFAULT_LIMIT 1000

DLIL_ASSERT_IMPAIR;

/* Where the value of an attribute is stored in struct impair_params. */
struct place {
	u8 type;
	u8 size;
	u16 offset;
};

#define PLACE(attr, field) { DLIL_A_IMPAIR_##attr,			\
			     sizeof_field(struct impair_params, field),	\
			     offsetof(struct impair_params, field) }

static const struct place places[] = {
	PLACE(SEED, seed), PLACE(LOSS_MODEL, loss_model),
	PLACE(LOSS_P1, loss[0]), PLACE(LOSS_P2, loss[1]),
	PLACE(LOSS_P3, loss[2]), PLACE(LOSS_P4, loss[3]),
	PLACE(LOSS_P5, loss[4]), PLACE(EVERY, every), PLACE(DELAY, delay),
	PLACE(JITTER, jitter), PLACE(CORRELATION, correlation),
	PLACE(DISTRIBUTION, distribution), PLACE(DUPLICATE, duplicate),
	PLACE(CORRUPT, corrupt), PLACE(REORDER, reorder),
	PLACE(DISTANCE, distance), PLACE(GAP, gap), PLACE(RATE, rate),
	PLACE(OVERHEAD, overhead), PLACE(LIMIT, limit),
};

static const struct nla_policy policy[DLIL_A_IMPAIR_MAX + 1] = {
	[DLIL_A_IMPAIR_SEED] = { .type = NLA_U64 },
	[DLIL_A_IMPAIR_LOSS_MODEL] = { .type = NLA_U32 },
	[DLIL_A_IMPAIR_LOSS_P1] = { .type = NLA_U32 },
	[DLIL_A_IMPAIR_LOSS_P2] = { .type = NLA_U32 },
	[DLIL_A_IMPAIR_LOSS_P3] = { .type = NLA_U32 },
	[DLIL_A_IMPAIR_LOSS_P4] = { .type = NLA_U32 },
	[DLIL_A_IMPAIR_LOSS_P5] = { .type = NLA_U32 },
	[DLIL_A_IMPAIR_EVERY] = { .type = NLA_U32 },
	[DLIL_A_IMPAIR_DELAY] = { .type = NLA_U64 },
	[DLIL_A_IMPAIR_JITTER] = { .type = NLA_U64 },
	[DLIL_A_IMPAIR_CORRELATION] = { .type = NLA_U32 },
	[DLIL_A_IMPAIR_DISTRIBUTION] = { .type = NLA_U32 },
	[DLIL_A_IMPAIR_DUPLICATE] = { .type = NLA_U32 },
	[DLIL_A_IMPAIR_CORRUPT] = { .type = NLA_U32 },
	[DLIL_A_IMPAIR_REORDER] = { .type = NLA_U32 },
	[DLIL_A_IMPAIR_DISTANCE] = { .type = NLA_U32 },
	[DLIL_A_IMPAIR_GAP] = { .type = NLA_U32 },
	[DLIL_A_IMPAIR_RATE] = { .type = NLA_U64 },
	[DLIL_A_IMPAIR_OVERHEAD] = { .type = NLA_S32 },
	[DLIL_A_IMPAIR_LIMIT] = { .type = NLA_U32 },
};

/* Take the parameters that are in @tb, and leave the others of @params as they are. */
static int parse(struct impair_params *params, struct nlattr **tb,
		 struct netlink_ext_ack *extack)
{
	const struct place *p;
	const char *error;

	for (p = places; tb && p < places + ARRAY_SIZE(places); p++)
		if (tb[p->type])
			memcpy((u8 *)params + p->offset, nla_data(tb[p->type]),
			       p->size);
	error = impair_params_check(params);
	if (!error)
		return 0;
	/* NL_SET_ERR_MSG() takes literals only. */
	if (extack)
		extack->_msg = error;
	return -EINVAL;
}

static int impair_create(const struct dlil_filter_args *args,
			 struct dlil_filter_params *filter, dlil_filter_t **ref)
{
	struct impair_params params = {
		.seed = get_random_u32(),
		.distance = 1,
		.limit = DEFAULT_LIMIT,
	};
	struct impair *f;
	int err;

	err = parse(&params, args->tb, args->extack);
	if (err)
		return err;
	f = impair_new(args->direction, args->cond, &params);
	if (!f)
		return -ENOMEM;
	filter->ops = &impair_ops[args->direction];
	filter->cookie = f;
	filter->flags = IMPAIR_FLAGS;
	*ref = &f->filter;
	return 0;
}

static void impair_destroy(void *cookie)
{
	impair_free(cookie);
}

static int impair_kind_change(void *cookie, const struct dlil_filter_args *args)
{
	struct impair_params params, old;
	struct impair_counts unused;
	struct impair *f = cookie;
	int err;

	impair_read(f, DLIL_DIRECTION_IN, &old, &unused);
	params = old;
	err = parse(&params, args->tb, args->extack);
	if (err)
		return err;
	if (params.seed != old.seed) {
		NL_SET_ERR_MSG(args->extack,
			       "the seed cannot be changed: delete the filter, and add another one");
		return -EOPNOTSUPP;
	}
	impair_change(f, &params);
	return 0;
}

static int put_u64(struct sk_buff *msg, int type, u64 value)
{
	return nla_put_u64_64bit(msg, type, value, DLIL_A_IMPAIR_PAD);
}

static int put_params(struct sk_buff *msg, const struct impair_params *params)
{
	const struct place *p;
	const void *value;
	int err = 0;

	for (p = places; !err && p < places + ARRAY_SIZE(places); p++) {
		value = (const u8 *)params + p->offset;
		err = p->size == sizeof(u64) ?
			      put_u64(msg, p->type, *(const u64 *)value) :
			      nla_put_u32(msg, p->type, *(const u32 *)value);
	}
	return err;
}

static int put_counts(struct sk_buff *msg, int type,
		      const struct impair_counts *c)
{
	const struct {
		int type;
		u64 value;
	} counts[] = {
		{ DLIL_A_IMPAIR_COUNTS_MATCHED, c->matched },
		{ DLIL_A_IMPAIR_COUNTS_PASSED, c->passed },
		{ DLIL_A_IMPAIR_COUNTS_LOST, c->lost },
		{ DLIL_A_IMPAIR_COUNTS_DUPLICATED, c->duplicated },
		{ DLIL_A_IMPAIR_COUNTS_CORRUPTED, c->corrupted },
		{ DLIL_A_IMPAIR_COUNTS_REORDERED, c->reordered },
		{ DLIL_A_IMPAIR_COUNTS_LIMITED, c->limited },
		{ DLIL_A_IMPAIR_COUNTS_FAILED, c->failed },
		{ DLIL_A_IMPAIR_COUNTS_HELD, c->held },
		{ DLIL_A_IMPAIR_COUNTS_BYTES, c->bytes },
		{ DLIL_A_IMPAIR_COUNTS_LATE_MEAN,
		  c->timely ? div64_u64(c->late_sum, c->timely) : 0 },
		{ DLIL_A_IMPAIR_COUNTS_LATE_MAX, c->late_max },
	};
	struct nlattr *nest = nla_nest_start(msg, type);
	unsigned int i;

	if (!nest)
		return -EMSGSIZE;
	for (i = 0; i < ARRAY_SIZE(counts); i++)
		if (nla_put_u64_64bit(msg, counts[i].type, counts[i].value,
				      DLIL_A_IMPAIR_COUNTS_PAD))
			return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

/* Fill in parameters and counters.  On errors, the core cancels the nest around them. */
static int impair_fill(void *cookie, struct sk_buff *msg)
{
	struct impair_params params;
	struct impair_counts in, out;
	struct impair *f = cookie;
	int err;

	impair_read(f, DLIL_DIRECTION_IN, &params, &in);
	impair_read(f, DLIL_DIRECTION_OUT, NULL, &out);
	err = put_params(msg, &params);
	if (!err && f->direction & DLIL_DIRECTION_IN)
		err = put_counts(msg, DLIL_A_IMPAIR_IN, &in);
	if (!err && f->direction & DLIL_DIRECTION_OUT)
		err = put_counts(msg, DLIL_A_IMPAIR_OUT, &out);
	return err ? -EMSGSIZE : 0;
}

/* Each value may be a u64 with padding: the parameters, and two nests of counters. */
#define FILL_SIZE ((ARRAY_SIZE(places) + 2 * (DLIL_A_IMPAIR_COUNTS_MAX + 1)) * \
		   (2 * NLA_HDRLEN + sizeof(u64)))

const struct dlil_filter_kind impair_kind = {
	.name = "impair",
	.owner = THIS_MODULE,
	.uses = DLIL_KIND_CONDITION,
	.maxattr = DLIL_A_IMPAIR_MAX,
	.policy = policy,
	.create = impair_create,
	.destroy = impair_destroy,
	.change = impair_kind_change,
	.fill = impair_fill,
	.fill_size = FILL_SIZE,
};
EXPORT_SYMBOL_FOR_TEST(impair_kind);

static int __init impair_init(void)
{
	return dlil_filter_register_kind(&impair_kind);
}

static void __exit impair_exit(void)
{
	dlil_filter_unregister_kind(&impair_kind);
}

module_init(impair_init);
module_exit(impair_exit);

MODULE_ALIAS("dlil-filter-impair");
MODULE_DESCRIPTION("DLIL filters that impair traffic on purpose");
MODULE_LICENSE("GPL");
