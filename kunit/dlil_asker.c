// SPDX-License-Identifier: GPL-2.0
/*
 * Calls functions of DLIL that only modules can call, for tests.  Each has a
 * parameter; names of ifnets refer to the netns of the task that writes it.
 *
 *   arp      DEV TARGET [SENDER]: send an ARP request for the IPv4 address TARGET; the
 *	      error of the write is the result
 *   route    DEV ADDRESS: look up the route to an IPv4 or IPv6 address; the error of the
 *	      write is the result.  A read shows the next hop, and `same` if the route
 *	      is the one of the look-up before, else `fresh`
 *   hold     1: do not put the routes of later look-ups; 0: put all of them
 */
#include <linux/if_arp.h>
#include <linux/in.h>
#include <linux/inet.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/string.h>
#include <net/dlil.h>
#include <net/dst.h>
#include <net/ip6_fib.h>
#include <net/net_namespace.h>
#include <net/route.h>

/* The next word of *@words, cut off there, or NULL. */
static char *next_word(char **words)
{
	char *word;

	do {
		word = strsep(words, " ");
	} while (word && !*word);
	return word ? strim(word) : NULL;
}

#define WORDS_MAX 64

/*
 * Copy what was written to @buf.  Returns the ifnet that the first word names,
 * referenced, with the other words in *@words; or an error pointer.
 */
static struct dlil_ifnet *ifnet_of(const char *val, char *buf, char **words)
{
	struct dlil_ifnet *ifp = NULL;
	char *name;

	if (strscpy(buf, val, WORDS_MAX) < 0)
		return ERR_PTR(-EINVAL);
	*words = buf;
	name = next_word(words);
	if (name)
		ifp = dlil_ifnet_by_name(current->nsproxy->net_ns, name);
	return ifp ?: ERR_PTR(-ENODEV);
}

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

static int __init asker_init(void)
{
	return 0;
}

static void __exit asker_exit(void)
{
	let_go();
	dst_release(last);
}

module_init(asker_init);
module_exit(asker_exit);

MODULE_DESCRIPTION("Asks DLIL what modules can ask");
MODULE_LICENSE("GPL");
