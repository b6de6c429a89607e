/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/dlil.yaml */
/* YNL-GEN uapi header */

#ifndef _UAPI_LINUX_DLIL_H
#define _UAPI_LINUX_DLIL_H

#define DLIL_GENL_NAME		"dlil"
#define DLIL_GENL_VERSION	1

#define DLIL_GENL_MAXFILTERS	256

/**
 * enum dlil_state - State of an ifnet.
 */
enum dlil_state {
	DLIL_STATE_ACQUIRED,
	DLIL_STATE_ATTACHED,
	DLIL_STATE_DETACHING,
};

/**
 * enum dlil_unmatched - Packets that no protocol takes go to the host
 *   unchanged (pass), or are dropped (drop).
 */
enum dlil_unmatched {
	DLIL_UNMATCHED_PASS,
	DLIL_UNMATCHED_DROP,
};

/**
 * enum dlil_header - The first header of the packets that filters see: an
 *   Ethernet header, or no link header, so that packets begin with the IP
 *   header.
 */
enum dlil_header {
	DLIL_HEADER_ETHERNET,
	DLIL_HEADER_NONE,
};

/**
 * enum dlil_direction - The direction of the packets that a filter sees.
 */
enum dlil_direction {
	DLIL_DIRECTION_IN = 1,
	DLIL_DIRECTION_OUT = 2,
};

/**
 * enum dlil_attr - Attributes of an ifnet that may change while it is
 *   attached. The driver decides the first three, users the last one.
 * @DLIL_ATTR_LINEAR: The driver needs each packet in one buffer.
 * @DLIL_ATTR_TSO4: The driver can segment TCP packets of IPv4.
 * @DLIL_ATTR_TSO6: The driver can segment TCP packets of IPv6.
 * @DLIL_ATTR_ARPLL: ARP requests for link-local addresses also go out here.
 */
enum dlil_attr {
	DLIL_ATTR_LINEAR = 1,
	DLIL_ATTR_TSO4 = 2,
	DLIL_ATTR_TSO6 = 4,
	DLIL_ATTR_ARPLL = 8,
};

/**
 * enum dlil_event_class - The source of an event.
 */
enum dlil_event_class {
	DLIL_EVENT_CLASS_NETWORK = 1,
};

/**
 * enum dlil_event_subclass - The subject of an event of the class network; it
 *   selects the codes.
 * @DLIL_EVENT_SUBCLASS_DL: The interface; enum dlil_event_code.
 * @DLIL_EVENT_SUBCLASS_FILTER: Its filters; enum dlil_filter_event.
 */
enum dlil_event_subclass {
	DLIL_EVENT_SUBCLASS_DL = 2,
	DLIL_EVENT_SUBCLASS_FILTER,
};

/**
 * enum dlil_event_code - What has happened to an interface.
 */
enum dlil_event_code {
	DLIL_EVENT_SIFFLAGS = 1,
	DLIL_EVENT_SIFMETRICS,
	DLIL_EVENT_SIFMTU,
	DLIL_EVENT_SIFPHYS,
	DLIL_EVENT_SIFMEDIA,
	DLIL_EVENT_SIFGENERIC,
	DLIL_EVENT_ADDMULTI,
	DLIL_EVENT_DELMULTI,
	DLIL_EVENT_IF_ATTACHED,
	DLIL_EVENT_IF_DETACHING,
	DLIL_EVENT_IF_DETACHED,
	DLIL_EVENT_LINK_OFF,
	DLIL_EVENT_LINK_ON,
	DLIL_EVENT_PROTO_ATTACHED,
	DLIL_EVENT_PROTO_DETACHED,
	DLIL_EVENT_LINK_ADDRESS_CHANGED,
	DLIL_EVENT_WAKEFLAGS_CHANGED,
	DLIL_EVENT_IF_IDLE_ROUTE_REFCNT,
	DLIL_EVENT_IFCAP_CHANGED,
	DLIL_EVENT_LINK_QUALITY_METRIC_CHANGED,
	DLIL_EVENT_NODE_PRESENCE,
	DLIL_EVENT_NODE_ABSENCE,
	DLIL_EVENT_MASTER_ELECTED,
};

/**
 * enum dlil_filter_event - What has happened to a filter.
 */
enum dlil_filter_event {
	DLIL_FILTER_EVENT_ATTACHED = 1,
	DLIL_FILTER_EVENT_DETACHED,
};

enum {
	DLIL_A_IFINDEX = 1,
	DLIL_A_IFNAME,
	DLIL_A_STATE,
	DLIL_A_UNMATCHED,
	DLIL_A_THREAD,
	DLIL_A_PROTOCOL,
	DLIL_A_FILTER,
	DLIL_A_STATS,
	DLIL_A_INPUT,
	DLIL_A_OUTPUT,
	DLIL_A_MTU,
	DLIL_A_ADDRESS,
	DLIL_A_FLAGS,
	DLIL_A_FLAGS_MASK,
	DLIL_A_GROUP_ADD,
	DLIL_A_GROUP_DEL,
	DLIL_A_EVENT,
	DLIL_A_HEADER,
	DLIL_A_QUEUE,
	DLIL_A_OVERDUE,
	DLIL_A_PAD,
	DLIL_A_ATTRS,
	DLIL_A_ATTRS_MASK,
	DLIL_A_LAST_CHANGE,

	__DLIL_A_MAX
};
#define DLIL_A_MAX (__DLIL_A_MAX - 1)

enum {
	DLIL_A_QUEUE_MAX_PACKETS = 1,
	DLIL_A_QUEUE_MAX_BYTES,
	DLIL_A_QUEUE_PACKETS,
	DLIL_A_QUEUE_BYTES,

	__DLIL_A_QUEUE_MAX
};
#define DLIL_A_QUEUE_MAX (__DLIL_A_QUEUE_MAX - 1)

enum {
	DLIL_A_PROTO_PAD = 1,
	DLIL_A_PROTO_FAMILY,
	DLIL_A_PROTO_NUMBER,
	DLIL_A_PROTO_PACKETS,

	__DLIL_A_PROTO_MAX
};
#define DLIL_A_PROTO_MAX (__DLIL_A_PROTO_MAX - 1)

enum {
	DLIL_A_FILTER_PAD = 1,
	DLIL_A_FILTER_NAME,
	DLIL_A_FILTER_KIND,
	DLIL_A_FILTER_DIRECTION,
	DLIL_A_FILTER_ACTION,
	DLIL_A_FILTER_PROGRAM,
	DLIL_A_FILTER_EXPR,
	DLIL_A_FILTER_PACKETS,
	DLIL_A_FILTER_MATCHED,

	__DLIL_A_FILTER_MAX
};
#define DLIL_A_FILTER_MAX (__DLIL_A_FILTER_MAX - 1)

enum {
	DLIL_A_OVERDUE_PARTY = 1,
	DLIL_A_OVERDUE_CALLBACK,
	DLIL_A_OVERDUE_NAME,
	DLIL_A_OVERDUE_SECONDS,
	DLIL_A_OVERDUE_PID,
	DLIL_A_OVERDUE_TASK,

	__DLIL_A_OVERDUE_MAX
};
#define DLIL_A_OVERDUE_MAX (__DLIL_A_OVERDUE_MAX - 1)

enum {
	DLIL_A_EVENT_CLASS = 1,
	DLIL_A_EVENT_SUBCLASS,
	DLIL_A_EVENT_CODE,
	DLIL_A_EVENT_FLAGS,
	DLIL_A_EVENT_MTU,
	DLIL_A_EVENT_ADDRESS,
	DLIL_A_EVENT_PROTOCOLS,
	DLIL_A_EVENT_NODE,
	DLIL_A_EVENT_DATA,
	DLIL_A_EVENT_ATTRS,

	__DLIL_A_EVENT_MAX
};
#define DLIL_A_EVENT_MAX (__DLIL_A_EVENT_MAX - 1)

enum {
	DLIL_A_STATS_PAD = 1,
	DLIL_A_STATS_IPACKETS,
	DLIL_A_STATS_IBYTES,
	DLIL_A_STATS_IERRORS,
	DLIL_A_STATS_OPACKETS,
	DLIL_A_STATS_OBYTES,
	DLIL_A_STATS_OERRORS,
	DLIL_A_STATS_COLLISIONS,
	DLIL_A_STATS_IMCASTS,
	DLIL_A_STATS_OMCASTS,
	DLIL_A_STATS_IQDROPS,
	DLIL_A_STATS_NOPROTO,

	__DLIL_A_STATS_MAX
};
#define DLIL_A_STATS_MAX (__DLIL_A_STATS_MAX - 1)

enum {
	DLIL_A_FLOW_PAD = 1,
	DLIL_A_FLOW_SEEN,
	DLIL_A_FLOW_DELIVERED,
	DLIL_A_FLOW_PASSED,
	DLIL_A_FLOW_STOLEN,
	DLIL_A_FLOW_FREED,
	DLIL_A_FLOW_DROPS,

	__DLIL_A_FLOW_MAX
};
#define DLIL_A_FLOW_MAX (__DLIL_A_FLOW_MAX - 1)

enum {
	DLIL_A_DROPS_PAD = 1,
	DLIL_A_DROPS_DETACHED,
	DLIL_A_DROPS_DEMUX,
	DLIL_A_DROPS_FILTER,
	DLIL_A_DROPS_PROMISCUOUS,
	DLIL_A_DROPS_NOPROTO,
	DLIL_A_DROPS_PROTOCOL,
	DLIL_A_DROPS_QUEUE_FULL,
	DLIL_A_DROPS_NOMEM,
	DLIL_A_DROPS_FRAMER,
	DLIL_A_DROPS_RECURSION,
	DLIL_A_DROPS_DRIVER,
	DLIL_A_DROPS_SANITY,
	DLIL_A_DROPS_POLICY,
	DLIL_A_DROPS_TSO,

	__DLIL_A_DROPS_MAX
};
#define DLIL_A_DROPS_MAX (__DLIL_A_DROPS_MAX - 1)

enum {
	DLIL_CMD_IFNET_ATTACH = 1,
	DLIL_CMD_IFNET_DETACH,
	DLIL_CMD_IFNET_SET,
	DLIL_CMD_IFNET_GET,
	DLIL_CMD_FILTER_ADD,
	DLIL_CMD_FILTER_DEL,
	DLIL_CMD_PROTO_PLUMB,
	DLIL_CMD_PROTO_UNPLUMB,
	DLIL_CMD_CONTROL,
	DLIL_CMD_EVENT,

	__DLIL_CMD_MAX
};
#define DLIL_CMD_MAX (__DLIL_CMD_MAX - 1)

#define DLIL_MCGRP_EVENTS	"events"

#endif /* _UAPI_LINUX_DLIL_H */
