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

/* Constants that exist twice, for the module of the kind impair */
#define DLIL_ASSERT_IMPAIR \
	static_assert((int)DLIL_IMPAIR_LOSS_NONE == (int)IMPAIR_LOSS_NONE); \
	static_assert((int)DLIL_IMPAIR_LOSS_RANDOM == (int)IMPAIR_LOSS_RANDOM); \
	static_assert((int)DLIL_IMPAIR_LOSS_EVERY == (int)IMPAIR_LOSS_EVERY); \
	static_assert((int)DLIL_IMPAIR_LOSS_STATE == (int)IMPAIR_LOSS_STATE); \
	static_assert((int)DLIL_IMPAIR_LOSS_GEMODEL == (int)IMPAIR_LOSS_GEMODEL); \
	static_assert((int)DLIL_IMPAIR_DISTRIBUTION_UNIFORM == (int)IMPAIR_UNIFORM); \
	static_assert((int)DLIL_IMPAIR_DISTRIBUTION_NORMAL == (int)IMPAIR_NORMAL); \
	static_assert((int)DLIL_IMPAIR_DISTRIBUTION_PARETO == (int)IMPAIR_PARETO); \
	static_assert((int)DLIL_IMPAIR_DISTRIBUTION_PARETONORMAL == (int)IMPAIR_PARETONORMAL)

#endif /* _LINUX_DLIL_GEN_H */
