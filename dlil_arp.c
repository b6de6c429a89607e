// SPDX-License-Identifier: GPL-2.0
/*
 * ARP, sent by the protocol of an ifnet (ARP-1), and for link-local addresses on all
 * ifnets that want it (ARP-2).
 *
 * All of it runs with bottom halves off inside one RCU read section, which keeps the
 * ifnets attached and their protocols; so nothing here may sleep.
 */
#include <linux/bottom_half.h>
#include <linux/if_arp.h>
#include <linux/in.h>
#include <linux/inet.h>

#include "dlil_ifnet.h"
#include "dlil_proto.h"

/**
 * struct arp - what is to be sent
 * @op: ARPOP_*
 * @sender_hw: link address of the sender, or NULL
 * @sender: its protocol address, or NULL
 * @target_hw: link address of the target, or NULL
 * @target: its protocol address
 * @answer: of those who have been asked
 */
struct arp {
	u16 op;
	const u8 *sender_hw;
	const struct sockaddr *sender;
	const u8 *target_hw;
	const struct sockaddr *target;
	int answer;
};

static int send_on(struct dlil_ifnet *ifp, const struct arp *arp)
{
	const struct dlil_proto_ops *ops;
	struct dlil_proto *proto;

	if (!dlil_ifnet_is_attached(ifp))
		return -EOPNOTSUPP;
	proto = dlil_proto_lookup(ifp, arp->target->sa_family);
	if (!proto)
		return -EOPNOTSUPP;
	ops = READ_ONCE(proto->ops);
	if (!ops->send_arp)
		return -EOPNOTSUPP;
	return dlil_errno(ops->send_arp(proto->cookie, ifp, proto->family,
					arp->op, arp->sender_hw, arp->sender,
					arp->target_hw, arp->target));
}

static __be32 ipv4_of(const struct sockaddr *addr)
{
	return ((const struct sockaddr_in *)addr)->sin_addr.s_addr;
}

/* Without a sender it announces nobody. */
static bool is_announcement(const struct arp *arp)
{
	return arp->sender && ipv4_of(arp->sender) == ipv4_of(arp->target);
}

static bool is_for_all(const struct arp *arp)
{
	return arp->op == ARPOP_REQUEST && arp->target->sa_family == AF_INET &&
	       ipv4_is_linklocal_169(ipv4_of(arp->target)) &&
	       !is_announcement(arp);
}

/* An ifnet that has no address, or does not want it, has no answer. */
static void send_if_wanted(struct dlil_ifnet *ifp, void *arg)
{
	struct arp *arp = arg;
	int err;

	if (!(dlil_ifnet_attrs(ifp) & DLIL_ATTR_ARPLL))
		return;
	err = send_on(ifp, arp);
	if (arp->answer == -EOPNOTSUPP && err != -EADDRNOTAVAIL)
		arp->answer = err;
}

/* Each ifnet is its own sender there. */
static int send_on_all(struct dlil_ifnet *ifp, struct arp *arp)
{
	arp->sender = NULL;
	arp->sender_hw = NULL;
	arp->answer = -EOPNOTSUPP;
	dlil_ifnet_walk(read_pnet(&ifp->net), send_if_wanted, arp);
	return arp->answer;
}

/**
 * dlil_send_arp - have ARP sent
 * @ifp: ifnet
 * @op: ARPOP_*, in host order
 * @sender_hw: link address of the sender, of the ifnet's address length, or NULL for
 *	that of the ifnet
 * @sender: its protocol address, or NULL for one of the ifnet's own
 * @target_hw: link address of the target, where it goes, or NULL for broadcast
 * @target: its protocol address
 *
 * Row ARP-1: the protocol of the target's family on @ifp does it.  Row ARP-2: a request
 * for a link-local IPv4 address (169.254/16) goes out on every attached ifnet of the
 * namespace that has DLIL_ATTR_ARPLL and an IPv4 address, with its own addresses as those
 * of the sender, and not on @ifp unless that is one of them; the answer is the first that
 * is not -EOPNOTSUPP, oldest ifnet first.  An announcement, whose sender is its target,
 * stays on @ifp.
 *
 * Context: any but hard interrupts; interrupts on.
 * Return: 0; -EINVAL without @ifp or @target, or if @sender and @target are of different
 * families; -EOPNOTSUPP if @ifp is not attached or has no protocol that sends ARP for the
 * family; -ENXIO if that is being detached; -EADDRNOTAVAIL if there is neither a @sender
 * nor an address of the ifnet's own; or what the protocol said.
 */
int dlil_send_arp(struct dlil_ifnet *ifp, u16 op, const u8 *sender_hw,
		  const struct sockaddr *sender, const u8 *target_hw,
		  const struct sockaddr *target)
{
	struct arp arp = {
		.op = op,
		.sender_hw = sender_hw,
		.sender = sender,
		.target_hw = target_hw,
		.target = target,
	};
	int err;

	if (!ifp || !target ||
	    (sender && sender->sa_family != target->sa_family))
		return -EINVAL;
	local_bh_disable();
	rcu_read_lock();
	if (!dlil_ifnet_is_attached(ifp))
		err = -EOPNOTSUPP;
	else if (is_for_all(&arp))
		err = send_on_all(ifp, &arp);
	else
		err = send_on(ifp, &arp);
	rcu_read_unlock();
	local_bh_enable();
	return err;
}
EXPORT_SYMBOL_GPL(dlil_send_arp);
