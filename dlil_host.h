/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_HOST_H
#define _DLIL_HOST_H

#include <linux/if_ether.h>
#include <net/dlil.h>

struct dlil_netdev;
struct netlink_ext_ack;

int dlil_host_plumb_all(struct dlil_netdev *nd);
int dlil_host_plumb(struct dlil_netdev *nd, const char *name,
		    struct netlink_ext_ack *extack);
int dlil_host_unplumb(struct dlil_netdev *nd, const char *name,
		      struct netlink_ext_ack *extack);

/* The protocol family of the host that has packets of this Ethernet II type, or 0. */
static __always_inline u32 dlil_host_family(__be16 type)
{
	/* Nearly all that are asked for. */
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

#endif /* _DLIL_HOST_H */
