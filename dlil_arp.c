// SPDX-License-Identifier: GPL-2.0
/*
 * ARP requests and replies, sent by the protocol of an ifnet (ARP-1), and for
 * link-local addresses on several ifnets (ARP-2).
 *
 * Everything runs with bottom halves off inside one RCU read section, which
 * keeps the ifnets and their protocols attached; so nothing here may sleep.
 */
#include <linux/bottom_half.h>
#include <linux/if_arp.h>
#include <linux/in.h>

#include "dlil_ifnet.h"
#include "dlil_proto.h"

/**
 * struct arp - an ARP packet to send
 * @op: ARPOP_*
 * @sender_hw: link address of the sender, or NULL
 * @sender: protocol address of the sender, or NULL
 * @target_hw: link address of the target, or NULL
 * @hw_len: length of link addresses
 * @target: protocol address of the target
 * @answer: combined result of the ifnets
 */
struct arp {
	u16 op;
	const u8 *sender_hw;
	const struct sockaddr *sender;
	const u8 *target_hw;
	u8 hw_len;
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
	/* A link with other addresses has no such target. */
	return dlil_errno(ops->send_arp(proto->cookie, ifp, proto->family,
					arp->op, arp->sender_hw, arp->sender,
					ifp->addr_len == arp->hw_len ?
						arp->target_hw : NULL,
					arp->target));
}

static __be32 ipv4_of(const struct sockaddr *addr)
{
	return ((const struct sockaddr_in *)addr)->sin_addr.s_addr;
}

/* Is the sender the target?  False without a sender. */
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

/* Send on @ifp if it has the attribute, and an address to send from. */
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

/* Send on all suitable ifnets, each with its own addresses as sender. */
static int send_on_all(struct dlil_ifnet *ifp, struct arp *arp)
{
	arp->sender = NULL;
	arp->sender_hw = NULL;
	arp->answer = -EOPNOTSUPP;
	dlil_ifnet_walk(read_pnet(&ifp->net), send_if_wanted, arp);
	return arp->answer;
}

/**
 * dlil_send_arp - send an ARP packet
 * @ifp: ifnet
 * @op: ARPOP_*, in host order
 * @sender_hw: link address of the sender, with the ifnet's address length, or
 *	NULL for that of the ifnet
 * @sender: protocol address of the sender, or NULL for one of the ifnet
 * @target_hw: link address of the target, to which the packet is sent, or NULL
 *	for broadcast
 * @target: protocol address of the target
 *
 * Row ARP-1.  The protocol of the target's family on @ifp sends the packet.
 * Row ARP-2.  A request for a link-local IPv4 address (169.254/16) is sent on
 * every attached ifnet of the namespace that has DLIL_ATTR_ARPLL and an IPv4
 * address, with its own addresses as sender; on @ifp only if that is one of
 * them.  The result is the first one other than -EOPNOTSUPP, oldest ifnet
 * first.  An announcement, whose sender is its target, is sent on @ifp only.
 *
 * Context: any but hard interrupts; interrupts on.
 * Return: 0; -EINVAL without @ifp or @target, or if @sender and @target have
 * different families; -EOPNOTSUPP if @ifp is not attached or has no protocol
 * that sends ARP for the family; -ENXIO if that protocol is being detached;
 * -EADDRNOTAVAIL without a @sender if the ifnet has no address; or an error of
 * the protocol.
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
	arp.hw_len = ifp->addr_len;
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
