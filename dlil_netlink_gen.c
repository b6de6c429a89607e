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

/* Constants and members that exist twice */
#include <net/dlil.h>

static_assert((DLIL_A_STATS_IPACKETS - DLIL_A_STATS_PAD - 1) * sizeof(u64) == offsetof(struct dlil_stats, ipackets));
static_assert((DLIL_A_STATS_IBYTES - DLIL_A_STATS_PAD - 1) * sizeof(u64) == offsetof(struct dlil_stats, ibytes));
static_assert((DLIL_A_STATS_IERRORS - DLIL_A_STATS_PAD - 1) * sizeof(u64) == offsetof(struct dlil_stats, ierrors));
static_assert((DLIL_A_STATS_OPACKETS - DLIL_A_STATS_PAD - 1) * sizeof(u64) == offsetof(struct dlil_stats, opackets));
static_assert((DLIL_A_STATS_OBYTES - DLIL_A_STATS_PAD - 1) * sizeof(u64) == offsetof(struct dlil_stats, obytes));
static_assert((DLIL_A_STATS_OERRORS - DLIL_A_STATS_PAD - 1) * sizeof(u64) == offsetof(struct dlil_stats, oerrors));
static_assert((DLIL_A_STATS_COLLISIONS - DLIL_A_STATS_PAD - 1) * sizeof(u64) == offsetof(struct dlil_stats, collisions));
static_assert((DLIL_A_STATS_IMCASTS - DLIL_A_STATS_PAD - 1) * sizeof(u64) == offsetof(struct dlil_stats, imcasts));
static_assert((DLIL_A_STATS_OMCASTS - DLIL_A_STATS_PAD - 1) * sizeof(u64) == offsetof(struct dlil_stats, omcasts));
static_assert((DLIL_A_STATS_IQDROPS - DLIL_A_STATS_PAD - 1) * sizeof(u64) == offsetof(struct dlil_stats, iqdrops));
static_assert((DLIL_A_STATS_NOPROTO - DLIL_A_STATS_PAD - 1) * sizeof(u64) == offsetof(struct dlil_stats, noproto));
static_assert((DLIL_A_ACCOUNT_SEEN - DLIL_A_ACCOUNT_PAD - 1) * sizeof(u64) == offsetof(struct dlil_account, seen));
static_assert((DLIL_A_ACCOUNT_DELIVERED - DLIL_A_ACCOUNT_PAD - 1) * sizeof(u64) == offsetof(struct dlil_account, delivered));
static_assert((DLIL_A_ACCOUNT_PASSED - DLIL_A_ACCOUNT_PAD - 1) * sizeof(u64) == offsetof(struct dlil_account, passed));
static_assert((DLIL_A_ACCOUNT_STOLEN - DLIL_A_ACCOUNT_PAD - 1) * sizeof(u64) == offsetof(struct dlil_account, stolen));
static_assert((DLIL_A_ACCOUNT_FREED - DLIL_A_ACCOUNT_PAD - 1) * sizeof(u64) == offsetof(struct dlil_account, freed));
static_assert((DLIL_A_ACCOUNT_DROPS - DLIL_A_ACCOUNT_PAD - 1) * sizeof(u64) == offsetof(struct dlil_account, drops));
static_assert(DLIL_A_DROPS_DETACHED - DLIL_A_DROPS_PAD - 1 == (int)DLIL_DROP_DETACHED);
static_assert(DLIL_A_DROPS_DEMUX - DLIL_A_DROPS_PAD - 1 == (int)DLIL_DROP_DEMUX);
static_assert(DLIL_A_DROPS_FILTER - DLIL_A_DROPS_PAD - 1 == (int)DLIL_DROP_FILTER);
static_assert(DLIL_A_DROPS_PROMISCUOUS - DLIL_A_DROPS_PAD - 1 == (int)DLIL_DROP_PROMISC);
static_assert(DLIL_A_DROPS_NOPROTO - DLIL_A_DROPS_PAD - 1 == (int)DLIL_DROP_NOPROTO);
static_assert(DLIL_A_DROPS_PROTOCOL - DLIL_A_DROPS_PAD - 1 == (int)DLIL_DROP_PROTOCOL);
static_assert(DLIL_A_DROPS_QUEUE_FULL - DLIL_A_DROPS_PAD - 1 == (int)DLIL_DROP_QUEUE_FULL);
static_assert(DLIL_A_DROPS_NOMEM - DLIL_A_DROPS_PAD - 1 == (int)DLIL_DROP_NOMEM);
static_assert(DLIL_A_DROPS_FRAMER - DLIL_A_DROPS_PAD - 1 == (int)DLIL_DROP_FRAMER);
static_assert(DLIL_A_DROPS_RECURSION - DLIL_A_DROPS_PAD - 1 == (int)DLIL_DROP_RECURSION);
static_assert(DLIL_A_DROPS_DRIVER - DLIL_A_DROPS_PAD - 1 == (int)DLIL_DROP_DRIVER);
static_assert(DLIL_A_DROPS_SANITY - DLIL_A_DROPS_PAD - 1 == (int)DLIL_DROP_SANITY);
static_assert(DLIL_A_DROPS_POLICY - DLIL_A_DROPS_PAD - 1 == (int)DLIL_DROP_POLICY);
static_assert(DLIL_A_DROPS_TSO - DLIL_A_DROPS_PAD - 1 == (int)DLIL_DROP_TSO);
static_assert(DLIL_A_CLASSES_BACKGROUND - 1 == (int)DLIL_CLASS_BACKGROUND);
static_assert(DLIL_A_CLASSES_VIDEO - 1 == (int)DLIL_CLASS_VIDEO);
static_assert(DLIL_A_CLASSES_VOICE - 1 == (int)DLIL_CLASS_VOICE);
