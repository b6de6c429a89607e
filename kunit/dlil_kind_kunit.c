// SPDX-License-Identifier: GPL-2.0
/* Kinds of filters that users add by name: row FLT-16. */
#include <linux/netlink.h>
#include <net/netlink.h>

#include "../dlil_ifnet.h"
#include "../dlil_kind.h"
#include "fake.h"

/* Attributes of the kind of the tests. */
enum {
	FAKE_A_UNSPEC,
	FAKE_A_NUMBER,
	FAKE_A_TEXT,
	FAKE_A_MAX = FAKE_A_TEXT
};

static const struct nla_policy fake_policy[FAKE_A_MAX + 1] = {
	[FAKE_A_NUMBER] = NLA_POLICY_MAX(NLA_U32, 100),
	[FAKE_A_TEXT] = { .type = NLA_STRING, .len = 8 },
};

/**
 * struct kind_case - the kind of a test, and what became of its filters
 * @fake: the ifnet
 * @kind: the kind
 * @ops: operations of its filters
 * @ref: reference of the last filter
 * @number: FAKE_A_NUMBER of the last filter
 * @action: action of the last filter, or ""
 * @words: words of the last filter, or ""
 * @direction: direction of the last filter
 * @cond: its condition
 * @seen: packets for which the condition holds
 * @created: number of calls of create
 * @destroyed: number of calls of destroy, for filters that were not attached
 * @detached: number of filters that have ended
 * @error: return value of create and change
 * @nest: attributes of a request
 */
struct kind_case {
	struct fake *fake;
	struct dlil_filter_kind kind;
	struct dlil_filter_ops ops;
	dlil_filter_t ref;
	u32 number;
	char action[16];
	char words[16];
	u32 direction;
	struct dlil_condition *cond;
	unsigned int seen;
	unsigned int created;
	unsigned int destroyed;
	atomic_t detached;
	int error;
	struct sk_buff *nest;
};

static struct kind_case *case_of(struct dlil_ifnet *ifp)
{
	struct fake *fake = dlil_ifnet_priv(ifp);

	return fake->test->priv;
}

static int kind_input(void *cookie, struct dlil_ifnet *ifp, u32 family,
		      struct sk_buff **skb)
{
	struct kind_case *c = cookie;

	/* The reference is there before the first call. */
	KUNIT_EXPECT_NE(c->fake->test, c->ref, 0);
	c->seen += dlil_condition_holds(c->cond, ifp, DLIL_DIRECTION_IN, *skb);
	return 0;
}

static void kind_detached(void *cookie, struct dlil_ifnet *ifp)
{
	struct kind_case *c = cookie;

	dlil_condition_free(c->cond);
	c->cond = NULL;
	atomic_inc(&c->detached);
}

static void kind_destroy(void *cookie)
{
	struct kind_case *c = cookie;

	dlil_condition_free(c->cond);
	c->cond = NULL;
	c->destroyed++;
}

static void take_args(struct kind_case *c, const struct dlil_filter_args *args)
{
	strscpy(c->action, args->action ?: "", sizeof(c->action));
	strscpy(c->words, args->words ?: "", sizeof(c->words));
	if (args->tb && args->tb[FAKE_A_NUMBER])
		c->number = nla_get_u32(args->tb[FAKE_A_NUMBER]);
}

static int kind_create(const struct dlil_filter_args *args,
		       struct dlil_filter_params *params, dlil_filter_t **ref)
{
	struct kind_case *c = case_of(args->ifp);

	c->created++;
	if (c->error) {
		NL_SET_ERR_MSG(args->extack, "no");
		return c->error;
	}
	take_args(c, args);
	c->direction = args->direction;
	c->cond = args->cond;
	params->ops = &c->ops;
	params->cookie = c;
	*ref = &c->ref;
	return 0;
}

static int kind_change(void *cookie, const struct dlil_filter_args *args)
{
	struct kind_case *c = cookie;

	KUNIT_EXPECT_NULL(c->fake->test, args->cond);
	if (!c->error)
		take_args(c, args);
	return c->error;
}

static int kind_fill(void *cookie, struct sk_buff *msg)
{
	struct kind_case *c = cookie;

	return nla_put_u32(msg, FAKE_A_NUMBER, c->number);
}

static void kind_end(struct kunit_resource *res)
{
	struct kind_case *c = res->data;

	/* The last final detach of the test is over by now. */
	dlil_filter_unregister_kind(&c->kind);
	kfree_skb(c->nest);
}

static struct kind_case *kind_begin(struct kunit *test)
{
	struct kind_case *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	test->priv = c;
	c->ops.input = kind_input;
	c->ops.detached = kind_detached;
	c->ops.kind = &c->kind;
	c->kind = (struct dlil_filter_kind){
		.name = "fake",
		.uses = DLIL_KIND_ACTION | DLIL_KIND_WORDS | DLIL_KIND_CONDITION,
		.maxattr = FAKE_A_MAX,
		.policy = fake_policy,
		.fill_size = nla_total_size(sizeof(u32)),
		.create = kind_create,
		.destroy = kind_destroy,
		.change = kind_change,
		.fill = kind_fill,
	};
	KUNIT_ASSERT_EQ(test, dlil_filter_register_kind(&c->kind), 0);
	KUNIT_ASSERT_NOT_NULL(test, kunit_alloc_resource(test, NULL, kind_end,
							 GFP_KERNEL, c));
	c->fake = fake_attached(test);
	fake_proto(c->fake, 'P', FAKE_PF_A);
	return c;
}

/* Attributes with this number, or with a text if it is 0. */
static const struct nlattr *nest(struct kind_case *c, u32 number,
				 const char *text)
{
	struct nlattr *attr;

	kfree_skb(c->nest);
	c->nest = nlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(c->fake->test, c->nest);
	attr = nla_nest_start(c->nest, DLIL_A_FILTER_DATA);
	if (number)
		nla_put_u32(c->nest, FAKE_A_NUMBER, number);
	if (text)
		nla_put_string(c->nest, FAKE_A_TEXT, text);
	nla_nest_end(c->nest, attr);
	return attr;
}

static int result(struct kind_case *c, int err, const struct netlink_ext_ack *ack)
{
	/* Every error comes with a message, and success with none. */
	if (err != -ENOMEM)
		KUNIT_EXPECT_EQ(c->fake->test, !!ack->_msg, !!err);
	return err;
}

static int add(struct kind_case *c, struct dlil_filter_request req)
{
	struct netlink_ext_ack extack = {};
	int err;

	req.name = req.name ?: "f";
	req.kind = req.kind ?: "fake";
	req.direction = req.direction ?: DLIL_DIRECTION_IN;
	err = fake_kind_add(c->fake->ifp, &req, true, &extack);
	return result(c, err, &extack);
}

static int change(struct kind_case *c, struct dlil_filter_request req)
{
	struct netlink_ext_ack extack = {};
	int err;

	req.name = req.name ?: "f";
	err = dlil_kind_change(c->fake->ifp, &req, 0, &extack);
	return result(c, err, &extack);
}

static int del(struct kind_case *c, const char *name)
{
	struct netlink_ext_ack extack = {};
	int err = dlil_kind_del(c->fake->ifp, name, &extack);

	return result(c, err, &extack);
}

#define ADD(c, ...) add(c, (struct dlil_filter_request){ __VA_ARGS__ })
#define CHANGE(c, ...) change(c, (struct dlil_filter_request){ __VA_ARGS__ })

/* The frame begins with a link header, which is all zeros in these tests. */
static const struct sock_filter link_header[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FAKE_HLEN - 4),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, 1),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

static const struct sock_filter never[] = {
	BPF_STMT(BPF_RET | BPF_K, 0),
};

/* FLT-16: a registration needs a name, callbacks, and a policy for attributes. */
static void register_errors(struct kunit *test)
{
	static const char * const bad_names[] = {
		"", "A", "a b", "a/b", "a.b", "sixteen-letters-",
	};
	struct kind_case *c = kind_begin(test);
	struct dlil_filter_kind kind = c->kind;
	int i;

	KUNIT_EXPECT_EQ(test, dlil_filter_register_kind(NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_filter_register_kind(&kind), -EEXIST);
	for (i = 0; i < ARRAY_SIZE(bad_names); i++) {
		kind.name = bad_names[i];
		KUNIT_EXPECT_EQ(test, dlil_filter_register_kind(&kind), -EINVAL);
	}
	kind.name = NULL;
	KUNIT_EXPECT_EQ(test, dlil_filter_register_kind(&kind), -EINVAL);
	kind.name = "other-kind_of_2";
	kind.create = NULL;
	KUNIT_EXPECT_EQ(test, dlil_filter_register_kind(&kind), -EINVAL);
	kind.create = kind_create;
	kind.destroy = NULL;
	KUNIT_EXPECT_EQ(test, dlil_filter_register_kind(&kind), -EINVAL);
	kind.destroy = kind_destroy;
	kind.fill_size = 1025;
	KUNIT_EXPECT_EQ(test, dlil_filter_register_kind(&kind), -EINVAL);
	kind.fill_size = 1024;
	kind.policy = NULL;
	KUNIT_EXPECT_EQ(test, dlil_filter_register_kind(&kind), -EINVAL);
	kind.maxattr = 0;
	KUNIT_EXPECT_EQ(test, dlil_filter_register_kind(&kind), 0);
	c->ops.kind = &kind;
	KUNIT_EXPECT_EQ(test, ADD(c, .kind = "other-kind_of_2"), 0);
	KUNIT_EXPECT_EQ(test, ADD(c, .name = "g", .kind = "other-kind_of_2",
				  .nest = nest(c, 1, NULL)), -EINVAL);
	KUNIT_EXPECT_EQ(test, del(c, "f"), 0);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(atomic_read(&c->detached) == 1));
	dlil_filter_unregister_kind(&kind);
	KUNIT_EXPECT_EQ(test, ADD(c, .kind = "other-kind_of_2"), -EOPNOTSUPP);
}

/* FLT-16: a kind gets all parts of the request, and its filter runs. */
static void created(struct kunit *test)
{
	struct kind_case *c = kind_begin(test);

	KUNIT_EXPECT_EQ(test, ADD(c, .action = "act", .words = "two words",
				  .direction = DLIL_DIRECTION_IN |
					       DLIL_DIRECTION_OUT,
				  .nest = nest(c, 7, "12345678")), 0);
	KUNIT_EXPECT_STREQ(test, (const char *)c->action, "act");
	KUNIT_EXPECT_STREQ(test, (const char *)c->words, "two words");
	KUNIT_EXPECT_EQ(test, c->direction, DLIL_DIRECTION_IN |
					    DLIL_DIRECTION_OUT);
	KUNIT_EXPECT_EQ(test, c->number, 7);
	KUNIT_EXPECT_NULL(test, c->cond);
	fake_input_new(c->fake, FAKE_PF_A, 1, 3);
	fake_read(c->fake);
	KUNIT_EXPECT_EQ(test, c->seen, 3);
	KUNIT_EXPECT_EQ(test, del(c, "f"), 0);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(atomic_read(&c->detached) == 1));
	KUNIT_EXPECT_EQ(test, del(c, "f"), -ENOENT);
	KUNIT_EXPECT_EQ(test, c->destroyed, 0);
}

/* FLT-16 FLT-18: the filter can ask whether its condition holds. */
static void condition(struct kunit *test)
{
	struct kind_case *c = kind_begin(test);

	KUNIT_EXPECT_EQ(test, ADD(c, .program = link_header, .expr = "mine",
				  .n = ARRAY_SIZE(link_header)), 0);
	KUNIT_ASSERT_NOT_NULL(test, c->cond);
	KUNIT_EXPECT_STREQ(test, dlil_condition_expr(c->cond), "mine");
	KUNIT_EXPECT_STREQ(test, dlil_condition_expr(NULL), "");
	fake_input_new(c->fake, FAKE_PF_A, 1, 3);
	fake_read(c->fake);
	KUNIT_EXPECT_EQ(test, del(c, "f"), 0);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(atomic_read(&c->detached) == 1));
	KUNIT_EXPECT_EQ(test, c->seen, 3);
	c->seen = 0;
	KUNIT_EXPECT_EQ(test, ADD(c, .program = never, .n = 1), 0);
	fake_input_new(c->fake, FAKE_PF_A, 4, 3);
	fake_read(c->fake);
	KUNIT_EXPECT_EQ(test, c->seen, 0);
	KUNIT_EXPECT_EQ(test, ADD(c, .name = "g", .program = link_header,
				  .n = 0), -EINVAL);
}

/* FLT-16: a refused request leaves nothing behind, and says why. */
static void add_errors(struct kunit *test)
{
	struct kind_case *c = kind_begin(test);
	struct fake_filter *other = fake_filter(c->fake, 'a',
						&fake_filter_in_ops);

	KUNIT_EXPECT_EQ(test, ADD(c, .kind = "fame"), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, ADD(c, .kind = "a/b"), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, ADD(c, .name = ""), -EINVAL);
	KUNIT_EXPECT_EQ(test, ADD(c, .direction = 4), -EINVAL);
	KUNIT_EXPECT_EQ(test, ADD(c, .lifetime = (u32)INT_MAX + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, ADD(c, .nest = nest(c, 101, NULL)), -ERANGE);
	KUNIT_EXPECT_EQ(test, ADD(c, .nest = nest(c, 0, "123456789")), -ERANGE);
	c->kind.uses = 0;
	KUNIT_EXPECT_EQ(test, ADD(c, .action = "act"), -EINVAL);
	KUNIT_EXPECT_EQ(test, ADD(c, .words = "word"), -EINVAL);
	KUNIT_EXPECT_EQ(test, ADD(c, .program = never, .n = 1), -EINVAL);
	c->kind.uses = DLIL_KIND_CONDITION;
	KUNIT_EXPECT_EQ(test, c->created, 0);
	/* The kind refuses: the condition stays with the caller, who frees it. */
	c->error = -ENODATA;
	KUNIT_EXPECT_EQ(test, ADD(c, .program = never, .n = 1), -ENODATA);
	c->error = 0;
	KUNIT_EXPECT_EQ(test, c->destroyed, 0);
	/* The attach fails: the filter is destroyed, with its condition. */
	KUNIT_EXPECT_EQ(test, ADD(c, .name = "fake", .program = never, .n = 1),
			-EEXIST);
	KUNIT_EXPECT_EQ(test, c->destroyed, 1);
	KUNIT_EXPECT_EQ(test, c->created, 2);
	KUNIT_EXPECT_EQ(test, del(c, "fake"), -EPERM);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(other->ref), 0);
	fake_detach(c->fake);
	KUNIT_EXPECT_EQ(test, ADD(c, .program = never, .n = 1), -ENXIO);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->detached), 0);
}

/* FLT-16: a change keeps the filter and its state; a refused one changes nothing. */
static void changed(struct kunit *test)
{
	struct kind_case *c = kind_begin(test);
	dlil_filter_t ref;
	int gen;

	KUNIT_EXPECT_EQ(test, ADD(c, .nest = nest(c, 7, NULL)), 0);
	fake_input_new(c->fake, FAKE_PF_A, 1, 3);
	fake_read(c->fake);
	ref = c->ref;
	gen = atomic_read(&c->fake->ifp->gen);
	KUNIT_EXPECT_EQ(test, CHANGE(c, .nest = nest(c, 8, NULL),
				     .words = "new", .action = "act"), 0);
	KUNIT_EXPECT_NE(test, atomic_read(&c->fake->ifp->gen), gen);
	KUNIT_EXPECT_EQ(test, c->number, 8);
	KUNIT_EXPECT_STREQ(test, (const char *)c->words, "new");
	KUNIT_EXPECT_STREQ(test, (const char *)c->action, "act");
	KUNIT_EXPECT_EQ(test, CHANGE(c, .kind = "fake", .words = "newer"), 0);
	fake_input_new(c->fake, FAKE_PF_A, 4, 1);
	fake_read(c->fake);
	KUNIT_EXPECT_EQ(test, c->seen, 4);
	KUNIT_EXPECT_EQ(test, c->ref, ref);
	KUNIT_EXPECT_EQ(test, c->created, 1);

	KUNIT_EXPECT_EQ(test, CHANGE(c, .kind = "match"), -EINVAL);
	KUNIT_EXPECT_EQ(test, CHANGE(c, .nest = nest(c, 101, NULL)), -ERANGE);
	KUNIT_EXPECT_EQ(test, CHANGE(c, .name = "g"), -ENOENT);
	c->kind.uses = 0;
	KUNIT_EXPECT_EQ(test, CHANGE(c, .words = "none"), -EINVAL);
	KUNIT_EXPECT_EQ(test, CHANGE(c, .action = "none"), -EINVAL);
	c->kind.change = NULL;
	KUNIT_EXPECT_EQ(test, CHANGE(c, .nest = nest(c, 9, NULL)), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, c->number, 8);
	KUNIT_EXPECT_STREQ(test, (const char *)c->words, "newer");
	fake_filter(c->fake, 'a', &fake_filter_in_ops);
	KUNIT_EXPECT_EQ(test, CHANGE(c, .name = "fake"), -EPERM);
}

/* FLT-16: the filter of a user is changed, not that of a module with its name. */
static void same_name(struct kunit *test)
{
	struct kind_case *c = kind_begin(test);

	KUNIT_EXPECT_EQ(test, ADD(c, .name = "fake"), 0);
	fake_filter(c->fake, 'a', &fake_filter_in_ops);
	KUNIT_EXPECT_EQ(test, CHANGE(c, .name = "fake", .words = "new"), 0);
	KUNIT_EXPECT_STREQ(test, (const char *)c->words, "new");
	KUNIT_EXPECT_EQ(test, del(c, "fake"), 0);
	KUNIT_EXPECT_EQ(test, del(c, "fake"), -EPERM);
}

/* FLT-16: a filter that would not pin its kind, or is not a user's, is not attached. */
static void wrong_filter(struct kunit *test)
{
	struct kind_case *c = kind_begin(test);
	int level = fake_silence();

	c->ops.kind = NULL;
	KUNIT_EXPECT_EQ(test, fake_kind_add(c->fake->ifp,
					    &(struct dlil_filter_request){
						.name = "f", .kind = "fake",
						.direction = DLIL_DIRECTION_IN,
					    }, true, NULL), -EINVAL);
	fake_end_silence(level);
	KUNIT_EXPECT_EQ(test, c->destroyed, 1);
	c->ops.kind = &c->kind;
	KUNIT_EXPECT_EQ(test, ADD(c), 0);
}

/* FLT-16 LNX-13: a request that may not wait loads nothing. */
static void not_loaded(struct kunit *test)
{
	struct kind_case *c = kind_begin(test);
	struct dlil_filter_request req = {
		.name = "f", .kind = "fame", .direction = DLIL_DIRECTION_IN,
	};

	KUNIT_EXPECT_EQ(test, fake_kind_add(c->fake->ifp, &req, false, NULL), 1);
	req.kind = "fake";
	KUNIT_EXPECT_EQ(test, fake_kind_add(c->fake->ifp, &req, false, NULL), 0);
}

/* FLT-16: the module of a kind is pinned while a filter of it exists. */
static void owner_pinned(struct kunit *test)
{
	struct kind_case *c = kind_begin(test);
	struct module *owner = fake_module(test, MODULE_STATE_LIVE);

	c->kind.owner = owner;
	c->ops.owner = owner;
	c->error = -ENODATA;
	KUNIT_EXPECT_EQ(test, ADD(c), -ENODATA);
	KUNIT_EXPECT_EQ(test, fake_module_pins(owner), 0);
	c->error = 0;
	KUNIT_EXPECT_EQ(test, ADD(c), 0);
	KUNIT_EXPECT_EQ(test, fake_module_pins(owner), 1);
	KUNIT_EXPECT_EQ(test, del(c, "f"), 0);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(!fake_module_pins(owner)));
	c->kind.owner = fake_module(test, MODULE_STATE_GOING);
	KUNIT_EXPECT_EQ(test, ADD(c), -EOPNOTSUPP);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(register_errors),
	KUNIT_CASE(created),
	KUNIT_CASE(condition),
	KUNIT_CASE(add_errors),
	KUNIT_CASE(changed),
	KUNIT_CASE(same_name),
	KUNIT_CASE(wrong_filter),
	KUNIT_CASE(not_loaded),
	KUNIT_CASE(owner_pinned),
	{}
};

static struct kunit_suite suite = {
	.name = "dlil_kind",
	.test_cases = cases,
};

kunit_test_suite(suite);
