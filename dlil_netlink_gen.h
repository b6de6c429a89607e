/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/dlil.yaml */
/* YNL-GEN kernel header */

#ifndef _LINUX_DLIL_GEN_H
#define _LINUX_DLIL_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <linux/dlil.h>

/* Common nested types */
extern const struct nla_policy dlil_filter_nl_policy[DLIL_A_FILTER_OF_MODULE + 1];
extern const struct nla_policy dlil_protocol_nl_policy[DLIL_A_PROTO_PACKETS + 1];
extern const struct nla_policy dlil_queue_nl_policy[DLIL_A_QUEUE_BYTES + 1];

extern const struct nla_policy dlil_ifnet_attach_nl_policy[DLIL_A_UNMATCHED + 1];

extern const struct nla_policy dlil_ifnet_detach_nl_policy[DLIL_A_IFNAME + 1];

extern const struct nla_policy dlil_ifnet_set_nl_policy[DLIL_A_ATTRS_MASK + 1];

extern const struct nla_policy dlil_ifnet_get_nl_policy[DLIL_A_IFNAME + 1];

extern const struct nla_policy dlil_filter_add_nl_policy[DLIL_A_REVISION + 1];

extern const struct nla_policy dlil_filter_del_nl_policy[DLIL_A_REVISION + 1];

extern const struct nla_policy dlil_proto_plumb_nl_policy[DLIL_A_PROTOCOL + 1];

extern const struct nla_policy dlil_proto_unplumb_nl_policy[DLIL_A_PROTOCOL + 1];

extern const struct nla_policy dlil_control_nl_policy[DLIL_A_ATTRS_MASK + 1];

extern const struct nla_policy dlil_filter_change_nl_policy[DLIL_A_REVISION + 1];

extern const struct nla_policy dlil_filter_update_nl_policy[DLIL_A_REVISION + 1];

extern const struct nla_policy dlil_trace_start_nl_policy[DLIL_A_IFNAME + 1];

/* Ops table for dlil */
extern const struct genl_ops dlil_nl_ops[12];

int dlil_nl_ifnet_attach_doit(struct sk_buff *skb, struct genl_info *info);
int dlil_nl_ifnet_detach_doit(struct sk_buff *skb, struct genl_info *info);
int dlil_nl_ifnet_set_doit(struct sk_buff *skb, struct genl_info *info);
int dlil_nl_ifnet_get_doit(struct sk_buff *skb, struct genl_info *info);
int dlil_nl_ifnet_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int dlil_nl_filter_add_doit(struct sk_buff *skb, struct genl_info *info);
int dlil_nl_filter_del_doit(struct sk_buff *skb, struct genl_info *info);
int dlil_nl_proto_plumb_doit(struct sk_buff *skb, struct genl_info *info);
int dlil_nl_proto_unplumb_doit(struct sk_buff *skb, struct genl_info *info);
int dlil_nl_control_doit(struct sk_buff *skb, struct genl_info *info);
int dlil_nl_filter_change_doit(struct sk_buff *skb, struct genl_info *info);
int dlil_nl_filter_update_doit(struct sk_buff *skb, struct genl_info *info);
int dlil_nl_trace_start_doit(struct sk_buff *skb, struct genl_info *info);

enum {
	DLIL_NLGRP_EVENTS,
};

#endif /* _LINUX_DLIL_GEN_H */
