/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_NETLINK_H
#define _DLIL_NETLINK_H

#include <linux/types.h>

struct dlil_ifnet;
struct genl_info;
struct nlattr;
struct sk_buff;

struct dlil_ifnet *dlil_netlink_ifnet(struct genl_info *info);
int dlil_netlink_proto(struct genl_info *info, struct nlattr **tb, u32 known);
void dlil_netlink_unicast(u64 net_cookie, struct sk_buff *msg, u32 portid);

int dlil_netlink_nets_init(void);
void dlil_netlink_nets_exit(void);
int dlil_netlink_module_init(void);
void dlil_netlink_module_exit(void);

#endif /* _DLIL_NETLINK_H */
