// SPDX-License-Identifier: GPL-2.0
/*
 * Calls of the packet fuzzer beside those that hand packets over: plumbing, attributes,
 * the transmit policy, ARP, routes, groups, and packets without an ifnet.  Whatever they
 * are given, they return 0 or an error that user space has a name for; and packets that
 * were injected come, each once.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/etherdevice.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/module.h>

#include "fuzz.h"

/* Packets of these come without an ifnet, one by one and in lists. */
#define FUZZ_SINGLE	(DLIL_PF_PRIVATE + 20)
#define FUZZ_LISTED	(DLIL_PF_PRIVATE + 21)

/* Packets handed over that must come, and that may. */
static atomic64_t sure = ATOMIC64_INIT(0);
static atomic64_t perhaps = ATOMIC64_INIT(0);
static atomic64_t came = ATOMIC64_INIT(0);

/* Numbers from ERESTARTSYS on are for use inside the kernel. */
static void expect_errno(const char *what, int err)
{
	if (err > 0 || err <= -ERESTARTSYS)
		fuzz_fail("%s returned %d", what, err);
}

/* Packets without an ifnet */

static int take_single(void *cookie, u32 family, struct sk_buff *skb)
{
	static const int results[] = { 0, 0, DLIL_STOLEN, -EPROTO };
	int ret = results[fuzz_whim(skb, 5000) % ARRAY_SIZE(results)];

	if (!in_softirq())
		fuzz_fail("an injected packet comes with bottom halves on");
	atomic64_inc(&came);
	if (ret >= 0)
		kfree_skb(skb);
	return ret;
}

static void take_list(void *cookie, u32 family, struct sk_buff_head *list)
{
	struct sk_buff *skb, *next;

	if (skb_queue_empty(list))
		fuzz_fail("an empty list was injected");
	atomic64_add(skb_queue_len(list), &came);
	skb_queue_walk_safe(list, skb, next) {
		if (fuzz_whim(skb, 5001) % 4 == 0)
			continue;
		__skb_unlink(skb, list);
		kfree_skb(skb);
	}
}

static void inject(struct fuzz_maker *m, struct fuzz_target *t)
{
	static const u32 families[] = {
		FUZZ_SINGLE, FUZZ_SINGLE, FUZZ_LISTED, FUZZ_LISTED,
		DLIL_PF_INET, FUZZ_LISTED + 1, 0,
	};
	u32 family = families[rnd(&m->rnd, ARRAY_SIZE(families))];
	bool known = family == FUZZ_SINGLE || family == FUZZ_LISTED;
	unsigned int n = rnd(&m->rnd, 40);
	struct sk_buff_head list;
	struct sk_buff *skb;
	int err;

	__skb_queue_head_init(&list);
	while (n--) {
		skb = fuzz_make_unframed(m, t, GFP_KERNEL);
		if (skb)
			__skb_queue_tail(&list, skb);
	}
	n = skb_queue_len(&list);
	err = rnd(&m->rnd, 2) ? dlil_proto_inject(family, &list) :
				dlil_proto_input(family, &list);
	if (!n ? err != -EINVAL : !known ? err != -ENOENT : err && err != -ENOBUFS)
		fuzz_fail("%u injected packets of family %u: %d", n, family, err);
	if (!skb_queue_empty(&list))
		fuzz_fail("injection left something in the list");
	if (known && n)
		atomic64_add(n, err ? &perhaps : &sure);
}

/* Called when nothing injects any more, and no packet waits. */
static void check_injected(void)
{
	u64 least = atomic64_read(&sure), n = atomic64_read(&came);

	if (n < least || n > least + atomic64_read(&perhaps))
		fuzz_fail("%llu injected packets came, %llu or %llu more had to",
			  n, least, (u64)atomic64_read(&perhaps));
	pr_info("injected packets = %llu\n", n);
}

/* The transmit policy */

/* Packets of others, whose mark is 0, pass. */
static int check_policy(void *cookie, struct dlil_ifnet *ifp, u32 family,
			int type, const struct sk_buff *skb)
{
	if (!in_softirq())
		fuzz_fail("the policy is asked with bottom halves on");
	if (type != SOCK_STREAM && type != SOCK_DGRAM && type != SOCK_RAW)
		fuzz_fail("the policy is asked about a socket of type %d", type);
	return skb->mark && fuzz_whim(skb, 5002) % 16 == 0 ? -EACCES : 0;
}

static const struct dlil_output_policy policy = {
	.check = check_policy,
};

/* Used by one worker only. */
static void change_policy(void)
{
	static bool on;
	int err;

	on = !on;
	err = dlil_output_set_policy(on ? &policy : NULL);
	if (err)
		fuzz_fail("the policy cannot be changed: %d", err);
}

/* Plumbing: by the fuzzer on its own ifnets, and by the host on devices. */

static const struct dlil_plumber_params plumber = {
	.owner = THIS_MODULE,
	.name = "fuzz",
	.attach = fuzz_proto_attach_plumbed,
	.detach = dlil_proto_detach,
};

/* Used by one worker only, which has plumbed the family once for each ifnet. */
static void replumb(struct fuzz_maker *m, struct fuzz_target *t)
{
	u32 family = t->dev ? DLIL_PF_MPLS : FUZZ_PLUMBED;
	bool twice = rnd(&m->rnd, 2);
	int err = 0;

	if (twice)
		err = dlil_proto_plumb(t->ifp, family);
	if (!err)
		err = dlil_proto_unplumb(t->ifp, family);
	if (!err && !twice)
		err = dlil_proto_plumb(t->ifp, family);
	if (err)
		fuzz_fail("%s cannot be plumbed again: %d",
			  dlil_ifnet_name(t->ifp), err);
	expect_errno("unplumbing", dlil_proto_unplumb(t->ifp, FUZZ_SINGLE));
}

int fuzz_calls_plumb(struct fuzz_target *t)
{
	t->attrs = dlil_ifnet_attrs(t->ifp) & DLIL_ATTRS_SETTABLE;
	return dlil_proto_plumb(t->ifp, t->dev ? DLIL_PF_MPLS : FUZZ_PLUMBED);
}

/* A group of few, so that several join and leave the same. */
#define GROUPS	4

static void group_of(u8 *addr, u8 i)
{
	const u8 group[ETH_ALEN] = { 1, 0, 0x5e, 0, 0, i };

	ether_addr_copy(addr, group);
}

/* Restore a device, whose ifnet stays. */
void fuzz_calls_unplumb(struct fuzz_target *t)
{
	int err = dlil_proto_unplumb(t->ifp, DLIL_PF_MPLS);
	u8 addr[ETH_ALEN], i;

	for (i = 0; i < GROUPS; i++) {
		group_of(addr, i);
		while (!dlil_multi_leave(t->ifp, addr, sizeof(addr)))
			;
	}
	expect_errno("dlil_ifnet_set_attrs()",
		     dlil_ifnet_set_attrs(t->ifp, t->attrs, DLIL_ATTRS_SETTABLE));

	if (err)
		fuzz_fail("%s cannot be unplumbed: %d", dlil_ifnet_name(t->ifp), err);
}

/* The others */

static void ask_arp(struct fuzz_maker *m, struct fuzz_target *t)
{
	struct sockaddr_in target = { .sin_family = AF_INET }, sender = target;
	u8 hw[MAX_ADDR_LEN] = { 2, 0, 0, 0, 7, rnd(&m->rnd, 256) };

	target.sin_addr.s_addr = one_in(&m->rnd, 4) ?
				 htonl(0xa9fe0000 | rnd(&m->rnd, 65536)) :
				 fuzz_some_inet(m);
	sender.sin_addr.s_addr = fuzz_some_inet(m);
	if (one_in(&m->rnd, 16))
		sender.sin_family = AF_INET6;
	expect_errno("dlil_send_arp()",
		     dlil_send_arp(t->ifp, 1 + rnd(&m->rnd, 3),
				   rnd(&m->rnd, 2) ? hw : NULL,
				   rnd(&m->rnd, 2) ? (struct sockaddr *)&sender : NULL,
				   rnd(&m->rnd, 2) ? hw : NULL,
				   one_in(&m->rnd, 16) ? NULL :
						 (struct sockaddr *)&target));
}

static void put_route(struct fuzz_routes *held, unsigned int i)
{
	if (held->dst[i])
		dlil_route_put(held->ifp[i], held->dst[i]);
	held->dst[i] = NULL;
}

/* A worker has finished. */
void fuzz_calls_end(struct fuzz_routes *held)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(held->dst); i++)
		put_route(held, i);
}

static void ask_route(struct fuzz_maker *m, struct fuzz_target *t,
		      struct fuzz_routes *held)
{
	unsigned int i = rnd(&m->rnd, ARRAY_SIZE(held->dst));
	struct dst_entry *dst;

	put_route(held, i);
	dst = dlil_rtlookup_inet(t->ifp, fuzz_some_inet(m));
	if (IS_ERR(dst)) {
		expect_errno("dlil_rtlookup_inet()", PTR_ERR(dst));
		return;
	}
	if (dst->dev != t->dev)
		fuzz_fail("a route of %s leads elsewhere", dlil_ifnet_name(t->ifp));
	held->dst[i] = dst;
	held->ifp[i] = t->ifp;
}

static void ask_route6(struct fuzz_maker *m, struct fuzz_target *t)
{
	struct dst_entry *dst;
	struct in6_addr addr;

	fuzz_some_inet6(m, &addr);
	rcu_read_lock();
	dst = dlil_rtlookup_inet6(t->ifp, &addr);
	if (IS_ERR(dst))
		expect_errno("dlil_rtlookup_inet6()", PTR_ERR(dst));
	else
		dlil_route_put(t->ifp, dst);
	rcu_read_unlock();
}

static void change_attrs(struct fuzz_maker *m, struct fuzz_target *t)
{
	u32 attrs = prandom_u32_state(&m->rnd), mask = prandom_u32_state(&m->rnd);

	if (!one_in(&m->rnd, 8))
		mask &= DLIL_ATTRS_SETTABLE;
	expect_errno("dlil_ifnet_set_attrs()",
		     dlil_ifnet_set_attrs(t->ifp, attrs, mask));
}

static void change_group(struct fuzz_maker *m, struct fuzz_target *t)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct dlil_ioc_lladdr link;
	u8 addr[ETH_ALEN];

	group_of(addr, rnd(&m->rnd, GROUPS));
	if (one_in(&m->rnd, 16))
		addr[0] = 2;
	if (rnd(&m->rnd, 2))
		expect_errno("a join", dlil_multi_join(t->ifp, addr, sizeof(addr)));
	else
		expect_errno("a leave", dlil_multi_leave(t->ifp, addr, sizeof(addr)));
	sin.sin_addr.s_addr = fuzz_some_inet(m);
	fuzz_some_inet6(m, &sin6.sin6_addr);
	expect_errno("dlil_resolve_multi()",
		     dlil_resolve_multi(t->ifp, (struct sockaddr *)&sin, &link));
	expect_errno("dlil_resolve_multi()",
		     dlil_resolve_multi(t->ifp, (struct sockaddr *)&sin6, &link));
}

/*
 * One call about @t.  @first: by the first worker, which alone changes what is there
 * once.
 */
void fuzz_call(struct fuzz_maker *m, struct fuzz_target *t,
	       struct fuzz_routes *held, bool first)
{
	switch (rnd(&m->rnd, first ? 8 : 6)) {
	case 0:
		inject(m, t);
		break;
	case 1:
		ask_arp(m, t);
		break;
	case 2:
		ask_route(m, t, held);
		break;
	case 3:
		ask_route6(m, t);
		break;
	case 4:
		change_attrs(m, t);
		break;
	case 5:
		change_group(m, t);
		break;
	case 6:
		replumb(m, t);
		break;
	case 7:
		change_policy();
		break;
	}
}

int fuzz_calls_init(void)
{
	static const struct dlil_input_params single = { .input = take_single };
	static const struct dlil_input_params listed = { .input_list = take_list };
	int err;

	err = dlil_proto_register_plumber(FUZZ_PLUMBED, DLIL_IFNET_ETHERNET, &plumber);
	if (err)
		return err;
	err = dlil_proto_register_input(FUZZ_SINGLE, &single);
	if (!err)
		err = dlil_proto_register_input(FUZZ_LISTED, &listed);
	return err;
}

/* Called when the feeding is over, while packets may still wait. */
void fuzz_calls_stop(void)
{
	dlil_output_set_policy(NULL);
	dlil_proto_unregister_input(FUZZ_SINGLE);
	dlil_proto_unregister_input(FUZZ_LISTED);
	check_injected();
}

/* The fuzzer's own ifnets are gone. */
void fuzz_calls_exit(void)
{
	int err = dlil_proto_unregister_plumber(FUZZ_PLUMBED, DLIL_IFNET_ETHERNET);

	if (err)
		fuzz_fail("the plumber cannot be unregistered: %d", err);
}
