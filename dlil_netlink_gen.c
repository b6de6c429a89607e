// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/dlil.yaml */
/* YNL-GEN kernel source */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "dlil_netlink_gen.h"

#include <linux/dlil.h>

/* Common nested types */
const struct nla_policy dlil_filter_nl_policy[DLIL_A_FILTER_OF_MODULE + 1] = {
	[DLIL_A_FILTER_NAME] = { .type = NLA_NUL_STRING, .len = 31, },
	[DLIL_A_FILTER_KIND] = { .type = NLA_NUL_STRING, .len = 15, },
	[DLIL_A_FILTER_DIRECTION] = NLA_POLICY_MASK(NLA_U32, 0x3),
	[DLIL_A_FILTER_ACTION] = { .type = NLA_NUL_STRING, .len = 15, },
	[DLIL_A_FILTER_PROGRAM] = { .type = NLA_BINARY, },
	[DLIL_A_FILTER_EXPR] = { .type = NLA_NUL_STRING, .len = 1023, },
	[DLIL_A_FILTER_PACKETS] = { .type = NLA_U64, },
	[DLIL_A_FILTER_MATCHED] = { .type = NLA_U64, },
	[DLIL_A_FILTER_WORDS] = { .type = NLA_NUL_STRING, .len = 255, },
	[DLIL_A_FILTER_DATA] = { .type = NLA_BINARY, },
	[DLIL_A_FILTER_LIFETIME] = NLA_POLICY_MIN(NLA_U32, 1),
	[DLIL_A_FILTER_CHANGE] = NLA_POLICY_MAX(NLA_U32, 4),
	[DLIL_A_FILTER_PLACE] = NLA_POLICY_MAX(NLA_U32, 4),
	[DLIL_A_FILTER_BESIDE] = { .type = NLA_NUL_STRING, .len = 31, },
	[DLIL_A_FILTER_OF_MODULE] = { .type = NLA_FLAG, },
};

const struct nla_policy dlil_protocol_nl_policy[DLIL_A_PROTO_PACKETS + 1] = {
	[DLIL_A_PROTO_FAMILY] = { .type = NLA_NUL_STRING, .len = 31, },
	[DLIL_A_PROTO_NUMBER] = { .type = NLA_U32, },
	[DLIL_A_PROTO_PACKETS] = { .type = NLA_U64, },
};

const struct nla_policy dlil_queue_nl_policy[DLIL_A_QUEUE_BYTES + 1] = {
	[DLIL_A_QUEUE_MAX_PACKETS] = { .type = NLA_U32, },
	[DLIL_A_QUEUE_MAX_BYTES] = { .type = NLA_U32, },
	[DLIL_A_QUEUE_PACKETS] = { .type = NLA_U32, },
	[DLIL_A_QUEUE_BYTES] = { .type = NLA_U32, },
};

/* DLIL_CMD_IFNET_ATTACH - do */
const struct nla_policy dlil_ifnet_attach_nl_policy[DLIL_A_UNMATCHED + 1] = {
	[DLIL_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[DLIL_A_IFNAME] = { .type = NLA_NUL_STRING, .len = 127, },
	[DLIL_A_UNMATCHED] = NLA_POLICY_MAX(NLA_U32, 1),
};

/* DLIL_CMD_IFNET_DETACH - do */
const struct nla_policy dlil_ifnet_detach_nl_policy[DLIL_A_IFNAME + 1] = {
	[DLIL_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[DLIL_A_IFNAME] = { .type = NLA_NUL_STRING, .len = 127, },
};

/* DLIL_CMD_IFNET_SET - do */
const struct nla_policy dlil_ifnet_set_nl_policy[DLIL_A_ATTRS_MASK + 1] = {
	[DLIL_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[DLIL_A_IFNAME] = { .type = NLA_NUL_STRING, .len = 127, },
	[DLIL_A_UNMATCHED] = NLA_POLICY_MAX(NLA_U32, 1),
	[DLIL_A_QUEUE] = NLA_POLICY_NESTED(dlil_queue_nl_policy),
	[DLIL_A_ATTRS] = NLA_POLICY_MASK(NLA_U32, 0xf),
	[DLIL_A_ATTRS_MASK] = NLA_POLICY_MASK(NLA_U32, 0xf),
};

/* DLIL_CMD_IFNET_GET - do */
const struct nla_policy dlil_ifnet_get_nl_policy[DLIL_A_IFNAME + 1] = {
	[DLIL_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[DLIL_A_IFNAME] = { .type = NLA_NUL_STRING, .len = 127, },
};

/* DLIL_CMD_FILTER_ADD - do */
const struct nla_policy dlil_filter_add_nl_policy[DLIL_A_REVISION + 1] = {
	[DLIL_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[DLIL_A_IFNAME] = { .type = NLA_NUL_STRING, .len = 127, },
	[DLIL_A_FILTER] = NLA_POLICY_NESTED(dlil_filter_nl_policy),
	[DLIL_A_REVISION] = { .type = NLA_U64, },
};

/* DLIL_CMD_FILTER_DEL - do */
const struct nla_policy dlil_filter_del_nl_policy[DLIL_A_REVISION + 1] = {
	[DLIL_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[DLIL_A_IFNAME] = { .type = NLA_NUL_STRING, .len = 127, },
	[DLIL_A_FILTER] = NLA_POLICY_NESTED(dlil_filter_nl_policy),
	[DLIL_A_REVISION] = { .type = NLA_U64, },
};

/* DLIL_CMD_PROTO_PLUMB - do */
const struct nla_policy dlil_proto_plumb_nl_policy[DLIL_A_PROTOCOL + 1] = {
	[DLIL_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[DLIL_A_IFNAME] = { .type = NLA_NUL_STRING, .len = 127, },
	[DLIL_A_PROTOCOL] = NLA_POLICY_NESTED(dlil_protocol_nl_policy),
};

/* DLIL_CMD_PROTO_UNPLUMB - do */
const struct nla_policy dlil_proto_unplumb_nl_policy[DLIL_A_PROTOCOL + 1] = {
	[DLIL_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[DLIL_A_IFNAME] = { .type = NLA_NUL_STRING, .len = 127, },
	[DLIL_A_PROTOCOL] = NLA_POLICY_NESTED(dlil_protocol_nl_policy),
};

/* DLIL_CMD_CONTROL - do */
const struct nla_policy dlil_control_nl_policy[DLIL_A_ATTRS_MASK + 1] = {
	[DLIL_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[DLIL_A_IFNAME] = { .type = NLA_NUL_STRING, .len = 127, },
	[DLIL_A_PROTOCOL] = NLA_POLICY_NESTED(dlil_protocol_nl_policy),
	[DLIL_A_UNMATCHED] = NLA_POLICY_MAX(NLA_U32, 1),
	[DLIL_A_QUEUE] = NLA_POLICY_NESTED(dlil_queue_nl_policy),
	[DLIL_A_ATTRS] = NLA_POLICY_MASK(NLA_U32, 0xf),
	[DLIL_A_ATTRS_MASK] = NLA_POLICY_MASK(NLA_U32, 0xf),
	[DLIL_A_MTU] = { .type = NLA_U32, },
	[DLIL_A_ADDRESS] = { .type = NLA_BINARY, },
	[DLIL_A_FLAGS] = { .type = NLA_U32, },
	[DLIL_A_FLAGS_MASK] = { .type = NLA_U32, },
	[DLIL_A_GROUP_ADD] = { .type = NLA_BINARY, },
	[DLIL_A_GROUP_DEL] = { .type = NLA_BINARY, },
};

/* DLIL_CMD_FILTER_CHANGE - do */
const struct nla_policy dlil_filter_change_nl_policy[DLIL_A_REVISION + 1] = {
	[DLIL_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[DLIL_A_IFNAME] = { .type = NLA_NUL_STRING, .len = 127, },
	[DLIL_A_FILTER] = NLA_POLICY_NESTED(dlil_filter_nl_policy),
	[DLIL_A_REVISION] = { .type = NLA_U64, },
};

/* DLIL_CMD_FILTER_UPDATE - do */
const struct nla_policy dlil_filter_update_nl_policy[DLIL_A_REVISION + 1] = {
	[DLIL_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[DLIL_A_IFNAME] = { .type = NLA_NUL_STRING, .len = 127, },
	[DLIL_A_FILTER] = NLA_POLICY_NESTED(dlil_filter_nl_policy),
	[DLIL_A_REVISION] = { .type = NLA_U64, },
};

/* DLIL_CMD_TRACE_START - do */
const struct nla_policy dlil_trace_start_nl_policy[DLIL_A_IFNAME + 1] = {
	[DLIL_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[DLIL_A_IFNAME] = { .type = NLA_NUL_STRING, .len = 127, },
};

/* Ops table for dlil */
const struct genl_ops dlil_nl_ops[12] = {
	{
		.cmd		= DLIL_CMD_IFNET_ATTACH,
		.doit		= dlil_nl_ifnet_attach_doit,
		.policy		= dlil_ifnet_attach_nl_policy,
		.maxattr	= DLIL_A_UNMATCHED,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= DLIL_CMD_IFNET_DETACH,
		.doit		= dlil_nl_ifnet_detach_doit,
		.policy		= dlil_ifnet_detach_nl_policy,
		.maxattr	= DLIL_A_IFNAME,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= DLIL_CMD_IFNET_SET,
		.doit		= dlil_nl_ifnet_set_doit,
		.policy		= dlil_ifnet_set_nl_policy,
		.maxattr	= DLIL_A_ATTRS_MASK,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= DLIL_CMD_IFNET_GET,
		.doit		= dlil_nl_ifnet_get_doit,
		.dumpit		= dlil_nl_ifnet_get_dumpit,
		.policy		= dlil_ifnet_get_nl_policy,
		.maxattr	= DLIL_A_IFNAME,
	},
	{
		.cmd		= DLIL_CMD_FILTER_ADD,
		.doit		= dlil_nl_filter_add_doit,
		.policy		= dlil_filter_add_nl_policy,
		.maxattr	= DLIL_A_REVISION,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= DLIL_CMD_FILTER_DEL,
		.doit		= dlil_nl_filter_del_doit,
		.policy		= dlil_filter_del_nl_policy,
		.maxattr	= DLIL_A_REVISION,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= DLIL_CMD_PROTO_PLUMB,
		.doit		= dlil_nl_proto_plumb_doit,
		.policy		= dlil_proto_plumb_nl_policy,
		.maxattr	= DLIL_A_PROTOCOL,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= DLIL_CMD_PROTO_UNPLUMB,
		.doit		= dlil_nl_proto_unplumb_doit,
		.policy		= dlil_proto_unplumb_nl_policy,
		.maxattr	= DLIL_A_PROTOCOL,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= DLIL_CMD_CONTROL,
		.doit		= dlil_nl_control_doit,
		.policy		= dlil_control_nl_policy,
		.maxattr	= DLIL_A_ATTRS_MASK,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= DLIL_CMD_FILTER_CHANGE,
		.doit		= dlil_nl_filter_change_doit,
		.policy		= dlil_filter_change_nl_policy,
		.maxattr	= DLIL_A_REVISION,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= DLIL_CMD_FILTER_UPDATE,
		.doit		= dlil_nl_filter_update_doit,
		.policy		= dlil_filter_update_nl_policy,
		.maxattr	= DLIL_A_REVISION,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= DLIL_CMD_TRACE_START,
		.doit		= dlil_nl_trace_start_doit,
		.policy		= dlil_trace_start_nl_policy,
		.maxattr	= DLIL_A_IFNAME,
		.flags		= GENL_ADMIN_PERM,
	},
};
