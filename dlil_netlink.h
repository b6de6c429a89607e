/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_NETLINK_H
#define _DLIL_NETLINK_H

#include <linux/types.h>

struct dlil_ifnet;
struct genl_family;
struct genl_info;
struct net;
struct netlink_ext_ack;
struct nlattr;
struct sk_buff;

/* dlil_netlink.c */
extern struct genl_family dlil_nl_family;

struct dlil_ifnet *dlil_netlink_named(struct net *net, struct nlattr **a);
struct dlil_ifnet *dlil_netlink_ifnet(struct genl_info *info);
u64 dlil_netlink_revision(const struct genl_info *info);
int dlil_netlink_only(struct nlattr **tb, int max, u32 known,
		      struct netlink_ext_ack *extack);
int dlil_netlink_proto(struct genl_info *info, struct nlattr **tb, u32 known);
int dlil_netlink_filter_add(struct dlil_ifnet *ifp, const struct nlattr *filter,
			    u64 revision, bool may_wait,
			    struct netlink_ext_ack *extack);

/**
 * struct dlil_netlink_update - the request filter-update (FLT-13)
 * @attrs: its attributes, of which each DLIL_A_FILTER is a change
 * @len: length of @attrs in bytes
 * @revision: revision that the filters must have, or 0 for any
 * @failed: the change at fault, or their number
 */
struct dlil_netlink_update {
	const struct nlattr *attrs;
	int len;
	u64 revision;
	unsigned int failed;
};

int dlil_netlink_filter_update(struct dlil_ifnet *ifp,
			       struct dlil_netlink_update *u, bool may_wait,
			       struct netlink_ext_ack *extack);
const struct nlattr *dlil_netlink_change(const struct dlil_netlink_update *u,
					 unsigned int n);
int dlil_netlink_module_init(void);
void dlil_netlink_module_exit(void);

/* dlil_netlink_get.c */
struct nlattr *dlil_netlink_proto_nest(struct sk_buff *msg, const char *name,
				       u32 family);

/* dlil_netlink_event.c */
void dlil_netlink_unicast(u64 net_cookie, struct sk_buff *msg, u32 portid);
int dlil_netlink_nets_init(void);
void dlil_netlink_nets_exit(void);
int dlil_netlink_events_init(void);
void dlil_netlink_events_exit(void);

/* dlil_netlink_trace.c */
int dlil_netlink_trace_init(void);
void dlil_netlink_trace_exit(void);

/* dlil_control.c */
int dlil_control_module_init(void);
void dlil_control_module_exit(void);

#endif /* _DLIL_NETLINK_H */
