/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_NETDEV_H
#define _DLIL_NETDEV_H

#include <linux/dlil.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/refcount.h>
#include <net/dlil.h>

#include "dlil_change.h"
#include "dlil_groups.h"
#include "dlil_input.h"
#include "dlil_neigh.h"
#include "dlil_watch.h"

struct netlink_ext_ack;

/* The bits of &struct dlil_netdev.slow: a tap is set; the device is let go of. */
#define DLIL_SLOW_TAP		0
#define DLIL_SLOW_UNHOOK	1

/**
 * struct dlil_netdev - a netdev wrapped as an ifnet
 * @list: in the list of all, under its lock
 * @refs: the ifnet until its final detach, and whoever lets go of @dev
 * @dev: the device, referenced; NULL once the device has gone, if that is before
 *	the final detach of @ifp.  Written under bindings_lock.  It may be used by
 *	RCU read sections that have seen @live, and by holders of RTNL that
 *	have not seen @unhooked
 * @tracker: of that reference
 * @ifp: the ifnet; acquired
 * @raw: the device's packets have no link header; constant
 * @live: cleared when the device goes: nothing is delivered to it in RCU read
 *	sections that begin later
 * @unhooked: no packet of the device comes here any more, and the ifnet is to be
 *	detached; written with RTNL
 * @pinned: packets were queued that have a route or a conntrack entry.  Either is
 *	the namespace's, which must not go before them, so the device is not let go
 *	of before the final detach.  Written by the receive handler
 * @flush: detaches the ifnet behind what was queued when the device was unhooked
 * @unmatched: enum dlil_unmatched
 * @slow: bits %DLIL_SLOW_TAP and %DLIL_SLOW_UNHOOK: why received packets need more
 *	than to be queued; atomic bits
 * @tap_in: is shown what comes in, or NULL; RCU
 * @tap_out: is shown what goes out, or NULL; RCU
 * @egress: hook in the path of what the host sends
 * @change: what was last said of the device
 * @watch: whether @groups and @neighs are looked at
 * @groups: the groups that it is in
 * @neighs: its neighbours
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
	bool pinned;
	struct dlil_flush flush;
	u32 unmatched;
	unsigned long slow;
	const struct dlil_tap __rcu *tap_in;
	const struct dlil_tap __rcu *tap_out;
	struct nf_hook_ops egress;
	struct dlil_change change;
	struct dlil_watch watch;
	struct dlil_groups groups;
	struct dlil_neighs neighs;
};

extern bool dlil_verbose;

int dlil_netdev_attach(struct net_device *dev, u32 unmatched,
		       struct netlink_ext_ack *extack,
		       struct dlil_ifnet **going);
int dlil_netdev_detach(struct net_device *dev, struct netlink_ext_ack *extack,
		       struct dlil_ifnet **going);
struct dlil_netdev *dlil_netdev_of(const struct net_device *dev);
struct dlil_netdev *dlil_netdev_begin(struct dlil_ifnet *ifp);
void dlil_netdev_deliver(struct dlil_netdev *nd, struct sk_buff_head *list,
			 bool tagged);

int dlil_netdev_module_init(void);
void dlil_netdev_module_exit(void);

#endif /* _DLIL_NETDEV_H */
