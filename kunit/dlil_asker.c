// SPDX-License-Identifier: GPL-2.0
/*
 * Calls functions of DLIL that only modules can call, for tests.  Each has a
 * parameter; names of ifnets refer to the netns of the task that writes it.  The module
 * dlil_mailer sends packets.
 *
 *   arp      DEV TARGET [SENDER]: send an ARP request for the IPv4 address TARGET; the
 *	      error of the write is the result
 *   route    DEV ADDRESS: look up the route to an IPv4 or IPv6 address; the error of the
 *	      write is the result.  A read shows the next hop, and `same` if the route
 *	      is the one of the look-up before, else `fresh`
 *   hold     1: do not put the routes of later look-ups; 0: put all of them
 *   join     DEV MAC: join the link-layer group; the error of the write is the result
 *   leave    MAC: leave it on the ifnet that joined last, which may be detached
 *   resolve  DEV ADDRESS: resolve the group, an IPv4, IPv6 or link address; the error of
 *	      the write is the result.  A read shows the link address
 *   plumb    DEV FAMILY: plumb the protocol of that number; the error of the write is the
 *	      result
 *   unplumb  DEV FAMILY: undo one of these
 */
#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/inet.h>
#include <linux/module.h>
#include <net/dst.h>
#include <net/ip6_fib.h>
#include <net/net_namespace.h>
#include <net/route.h>

#include "compat.h"
#include "words.h"

/* False if there is no such word, or it is no IPv4 address. */
static bool next_ipv4(char **words, struct sockaddr_in *sin)
{
	char *word = next_word(words);

	*sin = (struct sockaddr_in){ .sin_family = AF_INET };
	return word && in4_pton(word, -1, (u8 *)&sin->sin_addr, -1, NULL);
}

static int send_arp(const char *val, const struct kernel_param *kp)
{
	struct sockaddr_in target, sender;
	char buf[WORDS_MAX], *words;
	struct dlil_ifnet *ifp = ifnet_of(val, buf, &words);
	int err = -EINVAL;

	if (IS_ERR(ifp))
		return PTR_ERR(ifp);
	if (next_ipv4(&words, &target))
		err = dlil_send_arp(ifp, ARPOP_REQUEST, NULL,
				    next_ipv4(&words, &sender) ?
					    (struct sockaddr *)&sender : NULL,
				    NULL, (struct sockaddr *)&target);
	dlil_ifnet_put(ifp);
	return err;
}

static const struct kernel_param_ops arp_ops = {
	.set = send_arp,
};
module_param_cb(arp, &arp_ops, NULL, 0200);

/* The route that was found last, so that no other one comes to its place in memory. */
static struct dst_entry *last;
static char result[64];

/* Routes that are held, all of one ifnet. */
#define HELD_MAX 8
static struct dst_entry *held[HELD_MAX];
static struct dlil_ifnet *held_ifp;
static unsigned int n_held;
static bool holding;

static struct dst_entry *find_route(struct dlil_ifnet *ifp, const char *word,
				    char *next_hop, size_t size)
{
	struct in6_addr addr6;
	struct dst_entry *dst;
	__be32 addr;

	if (in4_pton(word, -1, (u8 *)&addr, -1, NULL)) {
		dst = dlil_rtlookup_inet(ifp, addr);
		if (!IS_ERR(dst))
			addr = rt_nexthop((struct rtable *)dst, addr);
		snprintf(next_hop, size, "%pI4", &addr);
	} else if (in6_pton(word, -1, (u8 *)&addr6, -1, NULL)) {
		dst = dlil_rtlookup_inet6(ifp, &addr6);
		if (!IS_ERR(dst) && ((struct rt6_info *)dst)->rt6i_flags &
				    RTF_GATEWAY)
			addr6 = ((struct rt6_info *)dst)->rt6i_gateway;
		snprintf(next_hop, size, "%pI6c", &addr6);
	} else {
		dst = ERR_PTR(-EINVAL);
	}
	return dst;
}

/* Hold an IPv4 route if that is wanted, else give the route back. */
static void keep_route(struct dlil_ifnet *ifp, struct dst_entry *dst,
		       const char *next_hop)
{
	snprintf(result, sizeof(result), "%s %s", next_hop,
		 dst == last ? "same" : "fresh");
	dst_release(last);
	last = dst_clone(dst);
	if (!holding || n_held == HELD_MAX || dst->ops->family != AF_INET) {
		dlil_route_put(ifp, dst);
		return;
	}
	if (!n_held)
		held_ifp = dlil_ifnet_get(ifp);
	held[n_held++] = dst;
}

static int ask_route(struct dlil_ifnet *ifp, const char *word)
{
	struct dst_entry *dst;
	char next_hop[48];

	/* An IPv6 route may be used in here only. */
	rcu_read_lock();
	dst = find_route(ifp, word, next_hop, sizeof(next_hop));
	if (!IS_ERR(dst))
		keep_route(ifp, dst, next_hop);
	rcu_read_unlock();
	return PTR_ERR_OR_ZERO(dst);
}

static int set_route(const char *val, const struct kernel_param *kp)
{
	char buf[WORDS_MAX], *words, *word;
	struct dlil_ifnet *ifp = ifnet_of(val, buf, &words);
	int err = -EINVAL;

	if (IS_ERR(ifp))
		return PTR_ERR(ifp);
	word = next_word(&words);
	if (word)
		err = ask_route(ifp, word);
	dlil_ifnet_put(ifp);
	return err;
}

static int get_route(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", result);
}

static const struct kernel_param_ops route_ops = {
	.set = set_route,
	.get = get_route,
};
module_param_cb(route, &route_ops, NULL, 0600);

static void let_go(void)
{
	if (!n_held)
		return;
	while (n_held)
		dlil_route_put(held_ifp, held[--n_held]);
	dlil_ifnet_put(held_ifp);
}

/* Writes of parameters come one at a time. */
static int set_hold(const char *val, const struct kernel_param *kp)
{
	int err = param_set_bool(val, kp);

	if (!err && !holding)
		let_go();
	return err;
}

static const struct kernel_param_ops hold_ops = {
	.set = set_hold,
	.get = param_get_bool,
};
module_param_cb(hold, &hold_ops, &holding, 0600);

/* The ifnet that joined last, referenced: its memberships outlive an attachment. */
static struct dlil_ifnet *member;

static int set_join(const char *val, const struct kernel_param *kp)
{
	char buf[WORDS_MAX], *words, *word;
	struct dlil_ifnet *ifp = ifnet_of(val, buf, &words);
	u8 addr[ETH_ALEN];

	if (IS_ERR(ifp))
		return PTR_ERR(ifp);
	if (member)
		dlil_ifnet_put(member);
	member = ifp;
	word = next_word(&words);
	if (!word || !mac_pton(word, addr))
		return -EINVAL;
	return dlil_multi_join(ifp, addr, sizeof(addr));
}

static const struct kernel_param_ops join_ops = {
	.set = set_join,
};
module_param_cb(join, &join_ops, NULL, 0200);

static int set_leave(const char *val, const struct kernel_param *kp)
{
	u8 addr[ETH_ALEN];

	if (!member || !mac_pton(val, addr))
		return -EINVAL;
	return dlil_multi_leave(member, addr, sizeof(addr));
}

static const struct kernel_param_ops leave_ops = {
	.set = set_leave,
};
module_param_cb(leave, &leave_ops, NULL, 0200);

/* False if @word is no address. */
static bool group_of(const char *word, struct sockaddr_storage *ss)
{
	struct sockaddr_ll *ll = (struct sockaddr_ll *)ss;

	*ss = (struct sockaddr_storage){};
	ll->sll_family = AF_PACKET;
	ll->sll_halen = ETH_ALEN;
	return mac_pton(word, ll->sll_addr) ||
	       !inet_pton_with_scope(&init_net, AF_UNSPEC, word, NULL, ss);
}

static struct dlil_ioc_lladdr resolved;

static int set_resolve(const char *val, const struct kernel_param *kp)
{
	char buf[WORDS_MAX], *words, *word;
	struct dlil_ifnet *ifp = ifnet_of(val, buf, &words);
	struct sockaddr_storage group;
	int err = -EINVAL;

	if (IS_ERR(ifp))
		return PTR_ERR(ifp);
	word = next_word(&words);
	if (word && group_of(word, &group))
		err = dlil_resolve_multi(ifp, (struct sockaddr *)&group, &resolved);
	dlil_ifnet_put(ifp);
	return err;
}

static int get_resolve(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%*phC\n", (int)resolved.len, resolved.addr);
}

static const struct kernel_param_ops resolve_ops = {
	.set = set_resolve,
	.get = get_resolve,
};
module_param_cb(resolve, &resolve_ops, NULL, 0600);

/* Call @fn for the ifnet and family that @val names. */
static int with_family(const char *val,
		       int (*fn)(struct dlil_ifnet *ifp, u32 family))
{
	char buf[WORDS_MAX], *words, *word;
	struct dlil_ifnet *ifp = ifnet_of(val, buf, &words);
	int err = -EINVAL;
	u32 family;

	if (IS_ERR(ifp))
		return PTR_ERR(ifp);
	word = next_word(&words);
	if (word && !kstrtou32(word, 10, &family))
		err = fn(ifp, family);
	dlil_ifnet_put(ifp);
	return err;
}

static int set_plumb(const char *val, const struct kernel_param *kp)
{
	return with_family(val, dlil_proto_plumb);
}

static const struct kernel_param_ops plumb_ops = {
	.set = set_plumb,
};
module_param_cb(plumb, &plumb_ops, NULL, 0200);

static int set_unplumb(const char *val, const struct kernel_param *kp)
{
	return with_family(val, dlil_proto_unplumb);
}

static const struct kernel_param_ops unplumb_ops = {
	.set = set_unplumb,
};
module_param_cb(unplumb, &unplumb_ops, NULL, 0200);

static int __init asker_init(void)
{
	return 0;
}

static void __exit asker_exit(void)
{
	let_go();
	dst_release(last);
	if (member)
		dlil_ifnet_put(member);
}

module_init(asker_init);
module_exit(asker_exit);

MODULE_DESCRIPTION("Asks DLIL what modules can ask");
MODULE_LICENSE("GPL");
