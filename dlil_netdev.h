/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_NETDEV_H
#define _DLIL_NETDEV_H

#include <linux/dlil.h>
#include <linux/if_ether.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/refcount.h>
#include <net/dlil.h>

#include "dlil_change.h"
#include "dlil_input.h"
#include "dlil_inspect.h"
#include "dlil_neigh.h"

struct attribute_group;
struct dst_entry;
struct netlink_ext_ack;

/* Bits of &struct dlil_netdev.slow: a tap is set; the device is being unhooked. */
#define DLIL_SLOW_TAP		0
#define DLIL_SLOW_UNHOOK	1

/**
 * struct dlil_errors - what a device counts itself (STA-7)
 * @rx: receive errors
 * @tx: transmit errors
 * @collisions: collisions
 */
struct dlil_errors {
	u64 rx;
	u64 tx;
	u64 collisions;
};

/**
 * struct dlil_netdev - the binding of a wrapped device to its ifnet
 * @list: entry in the list of all bindings, under its lock
 * @refs: one reference of the ifnet until its final detach, one of a task that
 *	drops @dev
 * @dev: the device, with a reference; NULL if the device has gone before the
 *	final detach of @ifp.  Written under bindings_lock.  May be used in RCU
 *	read sections that have seen @live, and under RTNL unless @unhooked
 * @tracker: tracker of that reference
 * @ifp: the ifnet; acquired
 * @raw: packets of the device have no link header; constant
 * @live: cleared when the device goes: later RCU read sections deliver nothing
 *	to it
 * @unhooked: the hooks are gone, and the ifnet is to be detached; written under
 *	RTNL
 * @slipped: packets with a slip were queued, see @slips.  Written by the
 *	receive handler before it queues them; read after they are dequeued
 * @slips: routes and conntrack entries of queued packets, for which the netns
 *	would wait; cleared when the device goes
 * @flush: detaches the ifnet behind the packets that were queued when the
 *	device was unhooked
 * @unmatched: enum dlil_unmatched
 * @errors_lock: guards @errors and @errors_seen
 * @errors: errors that the device has counted since it was wrapped
 * @errors_seen: the device's own counters when they were last read
 * @slow: reasons why received packets need more than queueing: %DLIL_SLOW_TAP
 *	and %DLIL_SLOW_UNHOOK; atomic bits
 * @tap_in: tap for received packets, or NULL; RCU
 * @tap_out: tap for sent packets, or NULL; RCU
 * @egress: hook for packets that the host sends
 * @change: reported state of the device
 * @watch: whether @groups and @neighs are tracked
 * @groups: multicast groups of the device
 * @neighs: neighbours of the device
 */
struct dlil_netdev {
	struct list_head list;
	refcount_t refs;
	struct net_device *dev;
	netdevice_tracker tracker;
	struct dlil_ifnet *ifp;
	bool raw;
	bool live;
	bool unhooked;
	bool slipped;
	struct dlil_slips *slips;
	struct dlil_flush flush;
	u32 unmatched;
	spinlock_t errors_lock;	/* see above */
	struct dlil_errors errors;
	struct dlil_errors errors_seen;
	unsigned long slow;
	const struct dlil_tap __rcu *tap_in;
	const struct dlil_tap __rcu *tap_out;
	struct nf_hook_ops egress;
	struct dlil_change change;
	struct dlil_watch watch;
	struct dlil_groups groups;
	struct dlil_neighs neighs;
};

/* sysfs files of a wrapped device; set before a device can be attached. */
extern const struct attribute_group *dlil_netdev_files;

/**
 * struct dlil_spare - parts of an attach that were made before RTNL was taken
 * @wanted: the attach needs parts for the device that the next members describe
 * @kind: interface family of its ifnet
 * @node: its memory node
 * @ifindex: its index, for the log
 * @name: its name
 * @nd: a binding that binds nothing yet
 * @ifp: a blank ifnet, unless a known one turned out to have the id
 * @runner: the task of the input thread; NULL if the main thread serves the ifnet
 */
struct dlil_spare {
	bool wanted;
	enum dlil_ifnet_family kind;
	int node;
	int ifindex;
	char name[IFNAMSIZ];
	struct dlil_netdev *nd;
	struct dlil_ifnet *ifp;
	struct dlil_runner *runner;
};

bool dlil_spare_get(struct dlil_spare *spare, int *err,
		    struct netlink_ext_ack *extack);
void dlil_spare_put(struct dlil_spare *spare);
int dlil_netdev_attach(struct net_device *dev, u32 unmatched,
		       struct dlil_spare *spare,
		       struct netlink_ext_ack *extack,
		       struct dlil_ifnet **going);
int dlil_netdev_detach(struct net_device *dev, struct netlink_ext_ack *extack,
		       struct dlil_ifnet **going);
struct dlil_netdev *dlil_netdev_of(const struct net_device *dev);
struct dlil_netdev *dlil_netdev_in(struct dlil_ifnet *ifp);
struct dlil_netdev *dlil_netdev_begin(struct dlil_ifnet *ifp);
void dlil_netdev_deliver(struct dlil_netdev *nd, struct sk_buff_head *list,
			 bool tagged);

/* Used in the operations and hooks of dlil_wrap.c. */
rx_handler_result_t dlil_netdev_rx(struct sk_buff **pskb);
rx_handler_result_t dlil_netdev_raw_rx(struct sk_buff **pskb);
unsigned int dlil_netdev_egress(void *priv, struct sk_buff *skb,
				const struct nf_hook_state *state);
unsigned int dlil_netdev_raw_egress(void *priv, struct sk_buff *skb,
				    const struct nf_hook_state *state);
int dlil_netdev_output(struct dlil_ifnet *ifp, struct sk_buff *skb);
int dlil_netdev_looped_output(struct dlil_ifnet *ifp, struct sk_buff *skb);
bool dlil_netdev_tag_in_data(struct dlil_ifnet *ifp, struct sk_buff *skb);
bool dlil_netdev_cuts_gso(struct dlil_ifnet *ifp, struct sk_buff *skb);
void dlil_netdev_unmatched(struct dlil_ifnet *ifp, struct sk_buff_head *list,
			   enum dlil_drop_reason why);
void dlil_netdev_errors_init(struct dlil_netdev *nd);
void dlil_netdev_stats(struct dlil_ifnet *ifp, struct dlil_stats *stats);
void dlil_netdev_dropped(struct dlil_ifnet *ifp, u32 direction, u64 n);
int dlil_netdev_set_tap(struct dlil_ifnet *ifp, u32 mode,
			const struct dlil_tap *tap);
int dlil_netdev_framer(struct dlil_ifnet *ifp, struct sk_buff **pskb,
		       const struct dlil_frame *frame);

/* The protocol family of the host for this EtherType, or 0. */
static __always_inline u32 dlil_family_of_type(__be16 type)
{
	/* The most common EtherType. */
	if (likely(type == htons(ETH_P_IP)))
		return DLIL_PF_INET;
	switch (type) {
	case htons(ETH_P_IPV6):
		return DLIL_PF_INET6;
	case htons(ETH_P_ARP):
		return DLIL_PF_INET;
	case htons(ETH_P_8021Q):
	case htons(ETH_P_8021AD):
		return DLIL_PF_VLAN;
	case htons(ETH_P_MPLS_UC):
	case htons(ETH_P_MPLS_MC):
		return DLIL_PF_MPLS;
	case htons(ETH_P_PPP_DISC):
	case htons(ETH_P_PPP_SES):
		return DLIL_PF_PPPOE;
	default:
		return 0;
	}
}

int dlil_netdev_module_init(void);
void dlil_netdev_module_exit(void);

/* dlil_host.c */
int dlil_host_plumb_all(struct dlil_netdev *nd);
struct dst_entry *dlil_host_route(struct dlil_ifnet *ifp,
				  const struct sockaddr *to, u32 *cookie);

int dlil_host_module_init(void);
void dlil_host_module_exit(void);

/* dlil_sysfs.c */
int dlil_sysfs_module_init(void);
void dlil_sysfs_module_exit(void);

#endif /* _DLIL_NETDEV_H */
