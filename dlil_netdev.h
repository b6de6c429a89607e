/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_NETDEV_H
#define _DLIL_NETDEV_H

#include <linux/dlil.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <net/dlil.h>

#include "dlil_change.h"
#include "dlil_groups.h"
#include "dlil_neigh.h"

struct netlink_ext_ack;

/**
 * struct dlil_netdev - a netdev wrapped as an ifnet
 * @list: in the list of all, under its lock
 * @dev: the device; referenced until the final detach of @ifp
 * @tracker: of that reference
 * @ifp: the ifnet; acquired
 * @raw: the device's packets have no link header; constant
 * @live: cleared when the device goes: nothing is delivered to it in RCU read
 *	sections that begin later
 * @unhooked: the device is let go of, so that the ifnet is to be detached;
 *	written with RTNL
 * @serial: tells it from others that @ifp has had
 * @unmatched: enum dlil_unmatched
 * @tap_in: is shown what comes in, or NULL; RCU
 * @tap_out: is shown what goes out, or NULL; RCU
 * @egress: hook in the path of what the host sends
 * @change: what was last said of the device
 * @groups: the groups that it is in
 * @neighs: its neighbours
 */
struct dlil_netdev {
	struct list_head list;
	struct net_device *dev;
	netdevice_tracker tracker;
	struct dlil_ifnet *ifp;
	bool raw;
	bool live;
	bool unhooked;
	u64 serial;
	u32 unmatched;
	const struct dlil_tap __rcu *tap_in;
	const struct dlil_tap __rcu *tap_out;
	struct nf_hook_ops egress;
	struct dlil_change change;
	struct dlil_groups groups;
	struct dlil_neighs neighs;
};

extern bool dlil_verbose;

int dlil_netdev_attach(struct net_device *dev, u32 unmatched,
		       struct netlink_ext_ack *extack,
		       struct dlil_ifnet **going);
int dlil_netdev_detach(struct net_device *dev, struct netlink_ext_ack *extack,
		       struct dlil_ifnet **going);
int dlil_netdev_settle(struct dlil_ifnet *going);
struct dlil_netdev *dlil_netdev_of(const struct net_device *dev);
struct dlil_netdev *dlil_netdev_begin(struct dlil_ifnet *ifp);
void dlil_netdev_deliver(struct dlil_netdev *nd, struct sk_buff_head *list);

int dlil_netdev_module_init(void);
void dlil_netdev_module_exit(void);

#endif /* _DLIL_NETDEV_H */
