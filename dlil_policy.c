// SPDX-License-Identifier: GPL-2.0
/*
 * The transmit policy: one callback for all ifnets that may refuse packets
 * which protocols and the host send (OUT-3).
 *
 * Output calls it inside RCU read sections, so removing it waits for a grace
 * period.  While there is a policy, packets are inspected (dlil_inspect.h).
 */
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/mutex.h>
#include <linux/net.h>
#include <net/ipv6.h>

#include "dlil_ifnet.h"
#include "dlil_inspect.h"
#include "dlil_policy.h"

/* Guards changes of dlil_policy. */
static DEFINE_MUTEX(policy_lock);

const struct dlil_output_policy __rcu *dlil_policy;

static int socket_type(u8 protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return SOCK_STREAM;
	case IPPROTO_UDP:
		return SOCK_DGRAM;
	default:
		return SOCK_RAW;
	}
}

static int inet_type(const struct sk_buff *skb, int offset)
{
	const struct iphdr *iph;
	struct iphdr buf;

	iph = skb_header_pointer(skb, offset, sizeof(buf), &buf);
	if (!iph || iph->version != 4)
		return SOCK_RAW;
	return socket_type(iph->protocol);
}

static int inet6_type(const struct sk_buff *skb, int offset)
{
	const struct ipv6hdr *ip6h;
	struct ipv6hdr buf;
	__be16 frag;
	u8 next;

	ip6h = skb_header_pointer(skb, offset, sizeof(buf), &buf);
	if (!ip6h || ip6h->version != 6)
		return SOCK_RAW;
	next = ip6h->nexthdr;
	if (ipv6_skip_exthdr(skb, offset + sizeof(buf), &next, &frag) < 0)
		return SOCK_RAW;
	return socket_type(next);
}

/* The type of socket that sends such packets, according to the IP header. */
static int type_of(u32 family, const struct sk_buff *skb, int offset)
{
	if (offset < 0)
		return SOCK_RAW;
	switch (family) {
	case DLIL_PF_INET:
		return inet_type(skb, offset);
	case DLIL_PF_INET6:
		return inet6_type(skb, offset);
	default:
		return SOCK_RAW;
	}
}

/*
 * May @skb be sent, according to the transmit policy, if there is one?  @offset
 * is the offset of its network header from skb->data, negative if unknown.
 * Returns 0 or an error.  Inside an RCU read section.
 */
int dlil_policy_check(struct dlil_ifnet *ifp, u32 family,
		      const struct sk_buff *skb, int offset)
{
	const struct dlil_output_policy *p = rcu_dereference(dlil_policy);
	int err;

	if (!p)
		return 0;
	err = p->check(p->cookie, ifp, family, type_of(family, skb, offset),
		       skb);
	/* The caller keeps the packet, so it cannot have been stolen. */
	return err > 0 ? -EINVAL : dlil_errno(err);
}

static void install(const struct dlil_output_policy *p)
{
	lockdep_assert_held(&policy_lock);

	rcu_assign_pointer(dlil_policy, p);
	dlil_inspect(DLIL_INSPECT_POLICY, true);
}

static void take_off(void)
{
	lockdep_assert_held(&policy_lock);

	dlil_inspect(DLIL_INSPECT_POLICY, false);
	RCU_INIT_POINTER(dlil_policy, NULL);
	synchronize_rcu();
}

/**
 * dlil_output_set_policy - set or remove the transmit policy
 * @p: the policy, for all ifnets, which must stay valid until it is removed; or
 *	NULL to remove it, whoever has set it
 *
 * Row OUT-3.  The policy is called before the framer for the first packet of
 * each dlil_output(), and for each packet of the host.  When this returns, the
 * policy is called for every such packet; or, with NULL, it is not in flight
 * and will not be called again.
 *
 * Context: process; may sleep.
 * Return: 0; -EINVAL without a check; -EBUSY if there is a policy.
 */
int dlil_output_set_policy(const struct dlil_output_policy *p)
{
	bool is_set;
	int err = 0;

	if (p && !p->check)
		return -EINVAL;
	mutex_lock(&policy_lock);
	is_set = rcu_access_pointer(dlil_policy);
	if (p && is_set)
		err = -EBUSY;
	else if (p)
		install(p);
	else if (is_set)
		take_off();
	mutex_unlock(&policy_lock);
	return err;
}
EXPORT_SYMBOL_GPL(dlil_output_set_policy);
