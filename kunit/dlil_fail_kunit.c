// SPDX-License-Identifier: GPL-2.0
/*
 * All error paths: rows IFN-1, IFN-3, IFN-10, IFN-12, FLT-1, PRO-1, PRO-6,
 * EVT-1, LNX-1.  Each call inside an operation that may fail does so once (see
 * fail.h).  The operation must return an error and leave everything
 * unchanged.
 */
#include <linux/etherdevice.h>
#include <linux/filter.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>

#include "../dlil_event.h"
#include "../dlil_filter.h"
#include "../dlil_ifnet.h"
#include "../dlil_kind.h"
#include "../dlil_netdev.h"
#include "fail.h"
#include "fake.h"

/* More calls than any operation has. */
#define ENOUGH	60

/**
 * struct trial - objects that an operation is tried on
 * @fake: an ifnet
 * @filter: a filter that may be attached
 * @proto: a protocol that may be attached
 * @owner: module of both, and of the driver
 * @other: an ifnet that was acquired
 * @list: a list of ifnets
 * @matched: a filter `match` is attached before the operation
 */
struct trial {
	struct fake *fake;
	struct fake_filter *filter;
	struct fake_proto *proto;
	struct module *owner;
	struct dlil_ifnet *other;
	struct dlil_ifnet **list;
	bool matched;
};

/**
 * struct operation - an operation that may fail
 * @name: name of the case
 * @calls: minimum number of calls inside it that may fail
 * @detached: it needs an ifnet that is not attached
 * @done: runs the operation; returns 0 or an error
 * @undo: reverts it
 * @tolerant: it succeeds even if some allocations fail
 */
struct operation {
	const char *name;
	unsigned int calls;
	bool detached;
	int (*done)(struct trial *t);
	void (*undo)(struct trial *t);
	bool tolerant;
};

static int do_acquire(struct trial *t)
{
	return dlil_ifnet_acquire(DLIL_IFNET_CELLULAR, "to fail", 7, &t->other);
}

static void undo_acquire(struct trial *t)
{
	dlil_ifnet_release(t->other);
}

static int do_init(struct trial *t)
{
	struct dlil_ifnet_params params = t->fake->params;

	params.addr_len = MAX_ADDR_LEN;
	return dlil_ifnet_init(t->fake->ifp, &params);
}

static void undo_init(struct trial *t)
{
	KUNIT_EXPECT_EQ(t->fake->test,
			dlil_ifnet_init(t->fake->ifp, &t->fake->params), 0);
}

static int do_attach(struct trial *t)
{
	int err = dlil_ifnet_attach(t->fake->ifp, fake_lladdr, ETH_ALEN);

	if (!err) {
		t->fake->attached = true;
		t->fake->attaches++;
	}
	return err;
}

static void undo_attach(struct trial *t)
{
	fake_detach(t->fake);
}

static int do_filter(struct trial *t)
{
	return fake_filter_attach(t->filter);
}

static void undo_filter(struct trial *t)
{
	KUNIT_EXPECT_EQ(t->fake->test, dlil_filter_detach(t->filter->ref), 0);
	t->filter->ref = 0;
}

static int do_proto(struct trial *t)
{
	return fake_proto_attach(t->proto);
}

static void undo_proto(struct trial *t)
{
	KUNIT_EXPECT_EQ(t->fake->test,
			dlil_proto_detach(t->fake->ifp, t->proto->family), 0);
}

static int do_post(struct trial *t)
{
	return dlil_event_post(t->fake->ifp, DLIL_EVENT_LINK_ON, NULL, 0);
}

static void undo_nothing(struct trial *t)
{
	dlil_event_flush(t->fake->ifp);
}

static const u8 group[ETH_ALEN] = { 1, 0, 0x5e, 1, 2, 3 };

static int do_join(struct trial *t)
{
	return dlil_multi_join(t->fake->ifp, group, ETH_ALEN);
}

static void undo_join(struct trial *t)
{
	KUNIT_EXPECT_EQ(t->fake->test,
			dlil_multi_leave(t->fake->ifp, group, ETH_ALEN), 0);
}

static int do_flush(struct trial *t)
{
	return dlil_input_flush(t->fake->ifp);
}

static int do_list(struct trial *t)
{
	unsigned int n;

	t->list = dlil_ifnet_list_get(&init_net, DLIL_IFNET_ANY, &n);
	return PTR_ERR_OR_ZERO(t->list);
}

static void undo_list(struct trial *t)
{
	dlil_ifnet_list_put(t->list);
}

static const struct sock_filter everything[] = {
	BPF_STMT(BPF_RET | BPF_K, 1),
};

static int add_match(struct trial *t, const char *name)
{
	const struct dlil_filter_request params = {
		.kind = "match",
		.name = name,
		.direction = DLIL_DIRECTION_IN | DLIL_DIRECTION_OUT,
		.action = "count",
		.program = everything,
		.n = ARRAY_SIZE(everything),
	};

	return fake_kind_add(t->fake->ifp, &params, true, NULL);
}

static int do_match(struct trial *t)
{
	return add_match(t, "second");
}

/* A deleted filter may not have ended yet. */
static void undo_match(struct trial *t)
{
	struct fake *fake = t->fake;

	KUNIT_EXPECT_EQ(fake->test, dlil_kind_del(fake->ifp, "second", NULL),
			0);
	KUNIT_EXPECT_TRUE(fake->test,
			  fake_wait_for(list_is_singular(&fake->ifp->filter_list)));
}

/* Row FLT-13: "first" is there already. */
static int do_step(struct trial *t)
{
	static const struct sock_filter everything[] = {
		BPF_STMT(BPF_RET | BPF_K, 1),
	};
	const struct dlil_filter_request reqs[] = {
		{
			.change = DLIL_CHANGE_ADD,
			.name = "second",
			.kind = "match",
			.direction = DLIL_DIRECTION_IN,
			.action = "drop",
			.program = everything,
			.n = 1,
		}, {
			.change = DLIL_CHANGE_MOVE,
			.name = "first",
			.place = DLIL_PLACE_LAST,
		},
	};
	struct dlil_kind_step step = {
		.ifp = t->fake->ifp,
		.reqs = reqs,
		.n = ARRAY_SIZE(reqs),
	};

	return dlil_kind_update(&step, NULL);
}

static const struct operation operations[] = {
	{ "acquire", 3, true, do_acquire, undo_acquire },
	{ "init", 1, true, do_init, undo_init },
	{ "attach", 2, true, do_attach, undo_attach },
	{ "filter", 6, false, do_filter, undo_filter },
	{ "protocol", 6, false, do_proto, undo_proto },
	{ "event", 1, false, do_post, undo_nothing },
	{ "membership", 1, false, do_join, undo_join },
	{ "flush", 1, false, do_flush, undo_nothing },
	{ "list", 1, false, do_list, undo_list },
	{ "match", 8, false, do_match, undo_match, true },
	{ "step", 12, false, do_step, undo_match, true },
};

static void operation_desc(const struct operation *o, char *desc)
{
	strscpy(desc, o->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(operation, operations, operation_desc);

static const struct dlil_demux_desc descs[] = {
	{ DLIL_DESC_ETYPE, 2, { 0x88, 0xb5 } },
	{ DLIL_DESC_ETYPE, 2, { 0x88, 0xb6 } },
	{ DLIL_DESC_ETYPE, 2, { 0x88, 0xb7 } },
};

static struct trial *trial_new(struct kunit *test, const struct operation *o)
{
	struct trial *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct fake *fake;

	KUNIT_ASSERT_NOT_NULL(test, t);
	/* Allocated before the ifnet, so that it is freed later. */
	t->owner = fake_module(test, MODULE_STATE_LIVE);
	fake = fake_acquire_id(test, DLIL_IFNET_ETHERNET, o->name,
			       strlen(o->name));
	t->fake = fake;
	fake->params.family = &dlil_ether_family_ops;
	fake->driver.owner = t->owner;
	if (!o->detached)
		KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	else
		KUNIT_ASSERT_EQ(test, dlil_ifnet_init(fake->ifp, &fake->params),
				0);
	t->filter = fake_filter_new(fake, 'a', &fake_filter_both_ops);
	t->filter->ops.event = fake_filter_event;
	t->filter->ops.owner = t->owner;
	t->proto = fake_proto_new(fake, 'P', FAKE_PF_A);
	t->proto->ops.event = fake_proto_event;
	t->proto->ops.owner = t->owner;
	t->proto->params.descs = descs;
	t->proto->params.n_descs = ARRAY_SIZE(descs);
	t->matched = o->done == do_match || o->done == do_step;
	if (t->matched)
		KUNIT_ASSERT_EQ(test, add_match(t, "first"), 0);
	return t;
}

/**
 * struct state - state of an ifnet that an operation may change
 * @refs: number of references
 * @pins: references of the module
 * @filters: number of filters
 * @protos: number of protocols
 * @hearers: receivers of events
 * @users: reasons to check the ifnet
 * @groups: number of memberships
 * @table: descriptors of its family
 * @found: look-ups find it
 */
struct state {
	unsigned int refs;
	int pins;
	size_t filters;
	size_t protos;
	int hearers;
	int users;
	unsigned int groups;
	const void *table;
	bool found;
};

static struct state state_of(const struct trial *t)
{
	struct dlil_ifnet *ifp = t->fake->ifp, *found;
	struct state s;

	/* Let all posted events be delivered. */
	dlil_event_flush(ifp);
	flush_work(&ifp->end_work);
	found = dlil_ifnet_by_index(&init_net, t->fake->params.ifindex);
	if (found)
		dlil_ifnet_put(found);
	s = (struct state){
		.refs = refcount_read(&ifp->refs),
		.pins = fake_module_pins(t->owner),
		.filters = fake_list_len(&ifp->filter_list),
		.protos = fake_list_len(&ifp->proto_list),
		.hearers = atomic_read(&ifp->events.hearers),
		.users = atomic_read(&ifp->look.users),
		.groups = ifp->n_multis,
		.table = rcu_access_pointer(*dlil_ifnet_family_data(ifp)),
		.found = found,
	};
	return s;
}

static void expect_as_before(struct trial *t, const struct state *before,
			     unsigned int nth)
{
	struct kunit *test = t->fake->test;
	struct state now;

	/* A work may drop its reference a little later. */
	fake_wait_for(refcount_read(&t->fake->ifp->refs) <= before->refs);
	now = state_of(t);
	KUNIT_EXPECT_EQ_MSG(test, now.refs, before->refs, "call %u", nth);
	KUNIT_EXPECT_EQ_MSG(test, now.pins, before->pins, "call %u", nth);
	KUNIT_EXPECT_EQ_MSG(test, now.filters, before->filters, "call %u", nth);
	KUNIT_EXPECT_EQ_MSG(test, now.protos, before->protos, "call %u", nth);
	KUNIT_EXPECT_EQ_MSG(test, now.hearers, before->hearers, "call %u", nth);
	KUNIT_EXPECT_EQ_MSG(test, now.users, before->users, "call %u", nth);
	KUNIT_EXPECT_EQ_MSG(test, now.groups, before->groups, "call %u", nth);
	KUNIT_EXPECT_PTR_EQ_MSG(test, now.table, before->table, "call %u", nth);
	KUNIT_EXPECT_EQ_MSG(test, now.found, before->found, "call %u", nth);
	KUNIT_EXPECT_EQ_MSG(test, t->filter->ref, 0, "call %u", nth);
	KUNIT_EXPECT_TRUE_MSG(test,
			      t->matched || fake_wait_for(dlil_filters_none()),
			      "call %u", nth);
}

/* IFN-1 IFN-3 IFN-10 IFN-12 FLT-1 PRO-1 PRO-6 EVT-1 */
static void each_call_fails(struct kunit *test)
{
	const struct operation *o = test->param_value;
	struct trial *t = trial_new(test, o);
	struct state before = state_of(t);
	unsigned int nth;
	bool failed;
	int err;

	for (nth = 1; nth < ENOUGH; nth++) {
		dlil_fail_begin(nth);
		err = o->done(t);
		failed = dlil_fail_end();
		if (!failed)
			break;
		if (!o->tolerant || err)
			KUNIT_EXPECT_EQ_MSG(test, err, -ENOMEM, "call %u", nth);
		if (!err)
			o->undo(t);
		expect_as_before(t, &before, nth);
	}
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_GE(test, nth - 1, o->calls);
	o->undo(t);
	expect_as_before(t, &before, 0);
}

static netdev_tx_t drop_xmit(struct sk_buff *skb, struct net_device *dev)
{
	consume_skb(skb);
	return NETDEV_TX_OK;
}

static const struct net_device_ops device_ops = {
	.ndo_start_xmit = drop_xmit,
};

/* The ifnet of an attach that failed must be gone first. */
static int attach_device(struct net_device *dev, unsigned int nth, bool *failed)
{
	struct dlil_ifnet *going;
	int err;

	for (;;) {
		dlil_fail_begin(nth);
		err = fake_wrap(dev, NULL, &going);
		*failed = dlil_fail_end();
		if (err != -EAGAIN)
			return err;
		dlil_ifnet_wait_death(going, FAKE_DEADLINE);
		dlil_ifnet_put(going);
	}
}

static void expect_bare(struct kunit *test, struct net_device *dev,
			unsigned int nth)
{
	struct dlil_ifnet *ifp = dlil_ifnet_by_index(&init_net, dev->ifindex);
	struct kernfs_node *group;

	KUNIT_EXPECT_NULL_MSG(test, ifp, "call %u", nth);
	rtnl_lock();
	KUNIT_EXPECT_FALSE_MSG(test, netdev_is_rx_handler_busy(dev), "call %u",
			       nth);
	rtnl_unlock();
	KUNIT_EXPECT_NULL_MSG(test, rcu_access_pointer(dev->nf_hooks_egress),
			      "call %u", nth);
	group = sysfs_get_dirent(dev->dev.kobj.sd, "dlil");
	KUNIT_EXPECT_NULL_MSG(test, group, "call %u", nth);
	sysfs_put(group);
	KUNIT_EXPECT_TRUE_MSG(test, dev->features & NETIF_F_LRO, "call %u", nth);
}

/*
 * LNX-1: if wrapping a device fails, the device is unchanged, and can be
 * wrapped once nothing fails.  The end of the test shows that it can be
 * unregistered, too.
 */
static void device_fails(struct kunit *test)
{
	struct dlil_ifnet *going;
	struct net_device *dev;
	unsigned int nth;
	bool failed;
	int err;

	dev = alloc_netdev(0, "dlilf%d", NET_NAME_UNKNOWN, ether_setup);
	KUNIT_ASSERT_NOT_NULL(test, dev);
	dev->netdev_ops = &device_ops;
	dev->hw_features |= NETIF_F_LRO;
	dev->features |= NETIF_F_LRO;
	eth_hw_addr_random(dev);
	KUNIT_ASSERT_EQ(test, register_netdev(dev), 0);
	for (nth = 1; nth < ENOUGH; nth++) {
		err = attach_device(dev, nth, &failed);
		if (!failed)
			break;
		/*
		 * A foreign receive handler is simulated, whose error is not
		 * -ENOMEM.
		 */
		KUNIT_EXPECT_TRUE_MSG(test, err == -ENOMEM || err == -EBUSY,
				      "call %u: %d", nth, err);
		expect_bare(test, dev, nth);
	}
	KUNIT_EXPECT_EQ(test, err, 0);
	/* The binding, the thread, five protocols, and three hooks. */
	KUNIT_EXPECT_GT(test, nth, 1 + 2 + 5 * 3 + 3);
	rtnl_lock();
	KUNIT_EXPECT_EQ(test, dlil_netdev_detach(dev, NULL, &going), 0);
	rtnl_unlock();
	if (going) {
		dlil_ifnet_wait_death(going, FAKE_DEADLINE);
		dlil_ifnet_put(going);
	}
	unregister_netdev(dev);
	free_netdev(dev);
}

static struct kunit_case dlil_fail_cases[] = {
	KUNIT_CASE_PARAM(each_call_fails, operation_gen_params),
	KUNIT_CASE(device_fails),
	{}
};

static struct kunit_suite dlil_fail_suite = {
	.name = "dlil_fail",
	.test_cases = dlil_fail_cases,
};

kunit_test_suite(dlil_fail_suite);
