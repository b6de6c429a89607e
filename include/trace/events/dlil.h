/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints of DLIL (STA-5).  They print names, never pointers.
 *
 * Their sums are the counters of an ifnet: the packets of dlil_drop are its
 * drops; those of dlil_input_end are the received packets that it has seen,
 * except those refused before; those of dlil_sent are the packets passed to the
 * driver.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM dlil

#if !defined(_TRACE_DLIL_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_DLIL_H

#include <linux/string.h>
#include <linux/tracepoint.h>
#include <net/dlil.h>

#ifndef DLIL_TRACE_HELPERS
#define DLIL_TRACE_HELPERS

/* Watch verdicts, or inspect packets of the host, while one is on, see dlil_inspect.c. */
int dlil_trace_filter_reg(void);
void dlil_trace_filter_unreg(void);
int dlil_trace_sent_reg(void);
void dlil_trace_sent_unreg(void);
int dlil_trace_call_reg(void);
void dlil_trace_call_unreg(void);
int dlil_trace_return_reg(void);
void dlil_trace_return_unreg(void);

static inline u64 dlil_trace_freed(const struct dlil_account *account)
{
	u64 n = 0;
	int i;

	for (i = 0; i < DLIL_DROP_MAX; i++)
		n += account->drops[i];
	return n;
}

#endif /* DLIL_TRACE_HELPERS */

TRACE_DEFINE_ENUM(DLIL_STATE_ACQUIRED);
TRACE_DEFINE_ENUM(DLIL_STATE_ATTACHED);
TRACE_DEFINE_ENUM(DLIL_STATE_DETACHING);
TRACE_DEFINE_ENUM(DLIL_DIRECTION_IN);
TRACE_DEFINE_ENUM(DLIL_DIRECTION_OUT);
TRACE_DEFINE_ENUM(DLIL_DROP_DETACHED);
TRACE_DEFINE_ENUM(DLIL_DROP_DEMUX);
TRACE_DEFINE_ENUM(DLIL_DROP_FILTER);
TRACE_DEFINE_ENUM(DLIL_DROP_PROMISC);
TRACE_DEFINE_ENUM(DLIL_DROP_NOPROTO);
TRACE_DEFINE_ENUM(DLIL_DROP_PROTOCOL);
TRACE_DEFINE_ENUM(DLIL_DROP_QUEUE_FULL);
TRACE_DEFINE_ENUM(DLIL_DROP_NOMEM);
TRACE_DEFINE_ENUM(DLIL_DROP_FRAMER);
TRACE_DEFINE_ENUM(DLIL_DROP_RECURSION);
TRACE_DEFINE_ENUM(DLIL_DROP_DRIVER);
TRACE_DEFINE_ENUM(DLIL_DROP_SANITY);
TRACE_DEFINE_ENUM(DLIL_DROP_POLICY);
TRACE_DEFINE_ENUM(DLIL_DROP_TSO);

#define dlil_show_state(state)						\
	__print_symbolic(state,						\
			 { DLIL_STATE_ACQUIRED, "acquired" },		\
			 { DLIL_STATE_ATTACHED, "attached" },		\
			 { DLIL_STATE_DETACHING, "detaching" })

#define dlil_show_direction(direction)					\
	__print_symbolic(direction,					\
			 { DLIL_DIRECTION_IN, "in" },			\
			 { DLIL_DIRECTION_OUT, "out" })

/* Names as in dlilctl. */
#define dlil_show_reason(why)						\
	__print_symbolic(why,						\
			 { DLIL_DROP_DETACHED, "detached" },		\
			 { DLIL_DROP_DEMUX, "demux" },			\
			 { DLIL_DROP_FILTER, "filter" },		\
			 { DLIL_DROP_PROMISC, "promiscuous" },		\
			 { DLIL_DROP_NOPROTO, "noproto" },		\
			 { DLIL_DROP_PROTOCOL, "protocol" },		\
			 { DLIL_DROP_QUEUE_FULL, "queue-full" },	\
			 { DLIL_DROP_NOMEM, "nomem" },			\
			 { DLIL_DROP_FRAMER, "framer" },		\
			 { DLIL_DROP_RECURSION, "recursion" },		\
			 { DLIL_DROP_DRIVER, "driver" },		\
			 { DLIL_DROP_SANITY, "sanity" },		\
			 { DLIL_DROP_POLICY, "policy" },		\
			 { DLIL_DROP_TSO, "tso" })

/*
 * A positive verdict is DLIL_STOLEN or DLIL_SKIP, a negative one an errno.  Perf compares
 * fields as unsigned numbers, so all errnos are recorded as DLIL_TRACE_ERROR.
 */
#define DLIL_TRACE_ERROR 3
#define dlil_show_outcome(outcome)					\
	__print_symbolic(outcome, { 0, "pass" }, { 1, "stolen" },	\
			 { 2, "skip" }, { 3, "error" })

/* The state of an ifnet changes. */
TRACE_EVENT(dlil_state,
	TP_PROTO(const struct dlil_ifnet *ifp, u32 state),
	TP_ARGS(ifp, state),
	TP_STRUCT__entry(
		__array(char, ifname, IFNAMSIZ)
		__field(int, ifindex)
		__field(u32, state)
	),
	TP_fast_assign(
		strscpy(__entry->ifname, dlil_ifnet_name(ifp), IFNAMSIZ);
		__entry->ifindex = dlil_ifnet_index(ifp);
		__entry->state = state;
	),
	TP_printk("ifname=%s ifindex=%d state=%s", __entry->ifname,
		  __entry->ifindex, dlil_show_state(__entry->state))
);

/* The input thread begins a batch. */
TRACE_EVENT(dlil_input_begin,
	TP_PROTO(const struct dlil_ifnet *ifp),
	TP_ARGS(ifp),
	TP_STRUCT__entry(
		__array(char, ifname, IFNAMSIZ)
		__field(int, ifindex)
	),
	TP_fast_assign(
		strscpy(__entry->ifname, dlil_ifnet_name(ifp), IFNAMSIZ);
		__entry->ifindex = dlil_ifnet_index(ifp);
	),
	TP_printk("ifname=%s ifindex=%d", __entry->ifname, __entry->ifindex)
);

/* A batch is over; shows the fates of its packets. */
TRACE_EVENT(dlil_input_end,
	TP_PROTO(const struct dlil_ifnet *ifp, const struct dlil_account *account),
	TP_ARGS(ifp, account),
	TP_STRUCT__entry(
		__array(char, ifname, IFNAMSIZ)
		__field(int, ifindex)
		__field(u64, packets)
		__field(u64, delivered)
		__field(u64, passed)
		__field(u64, stolen)
		__field(u64, freed)
	),
	TP_fast_assign(
		strscpy(__entry->ifname, dlil_ifnet_name(ifp), IFNAMSIZ);
		__entry->ifindex = dlil_ifnet_index(ifp);
		__entry->packets = account->seen;
		__entry->delivered = account->delivered;
		__entry->passed = account->passed;
		__entry->stolen = account->stolen;
		__entry->freed = dlil_trace_freed(account);
	),
	TP_printk("ifname=%s ifindex=%d packets=%llu delivered=%llu passed=%llu stolen=%llu freed=%llu",
		  __entry->ifname, __entry->ifindex, __entry->packets,
		  __entry->delivered, __entry->passed, __entry->stolen,
		  __entry->freed)
);

/* A call of dlil_output() begins. */
TRACE_EVENT(dlil_output_begin,
	TP_PROTO(const struct dlil_ifnet *ifp, u32 family,
		 unsigned int packets),
	TP_ARGS(ifp, family, packets),
	TP_STRUCT__entry(
		__array(char, ifname, IFNAMSIZ)
		__field(int, ifindex)
		__field(u32, family)
		__field(unsigned int, packets)
	),
	TP_fast_assign(
		strscpy(__entry->ifname, dlil_ifnet_name(ifp), IFNAMSIZ);
		__entry->ifindex = dlil_ifnet_index(ifp);
		__entry->family = family;
		__entry->packets = packets;
	),
	TP_printk("ifname=%s ifindex=%d family=%u packets=%u", __entry->ifname,
		  __entry->ifindex, __entry->family, __entry->packets)
);

DECLARE_EVENT_CLASS(dlil_result,
	TP_PROTO(const struct dlil_ifnet *ifp, int err),
	TP_ARGS(ifp, err),
	TP_STRUCT__entry(
		__array(char, ifname, IFNAMSIZ)
		__field(int, ifindex)
		__field(int, err)
	),
	TP_fast_assign(
		strscpy(__entry->ifname, dlil_ifnet_name(ifp), IFNAMSIZ);
		__entry->ifindex = dlil_ifnet_index(ifp);
		__entry->err = err;
	),
	TP_printk("ifname=%s ifindex=%d err=%d", __entry->ifname,
		  __entry->ifindex, __entry->err)
);

/* A call of dlil_output() is over, with this result. */
DEFINE_EVENT(dlil_result, dlil_output_end,
	TP_PROTO(const struct dlil_ifnet *ifp, int err),
	TP_ARGS(ifp, err)
);

/* A filter has returned the same verdict for these packets. */
TRACE_EVENT_FN(dlil_filter,
	TP_PROTO(const struct dlil_ifnet *ifp, u32 direction, const char *name,
		 int verdict, unsigned int packets),
	TP_ARGS(ifp, direction, name, verdict, packets),
	TP_STRUCT__entry(
		__array(char, ifname, IFNAMSIZ)
		__array(char, filter, DLIL_NAME_MAX)
		__field(int, ifindex)
		__field(u32, direction)
		__field(int, verdict)
		__field(u32, outcome)
		__field(unsigned int, packets)
	),
	TP_fast_assign(
		strscpy(__entry->ifname, dlil_ifnet_name(ifp), IFNAMSIZ);
		strscpy(__entry->filter, name, DLIL_NAME_MAX);
		__entry->ifindex = dlil_ifnet_index(ifp);
		__entry->direction = direction;
		__entry->verdict = verdict;
		__entry->outcome = verdict < 0 ? DLIL_TRACE_ERROR : verdict;
		__entry->packets = packets;
	),
	TP_printk("ifname=%s ifindex=%d direction=%s filter=%s verdict=%s packets=%u",
		  __entry->ifname, __entry->ifindex,
		  dlil_show_direction(__entry->direction), __entry->filter,
		  dlil_show_outcome(__entry->outcome), __entry->packets),
	dlil_trace_filter_reg, dlil_trace_filter_unreg
);

/* Packets are passed to a protocol. */
TRACE_EVENT(dlil_deliver,
	TP_PROTO(const struct dlil_ifnet *ifp, u32 family, const char *name,
		 unsigned int packets),
	TP_ARGS(ifp, family, name, packets),
	TP_STRUCT__entry(
		__array(char, ifname, IFNAMSIZ)
		__array(char, proto, DLIL_NAME_MAX)
		__field(int, ifindex)
		__field(u32, family)
		__field(unsigned int, packets)
	),
	TP_fast_assign(
		strscpy(__entry->ifname, dlil_ifnet_name(ifp), IFNAMSIZ);
		strscpy(__entry->proto, name, DLIL_NAME_MAX);
		__entry->ifindex = dlil_ifnet_index(ifp);
		__entry->family = family;
		__entry->packets = packets;
	),
	TP_printk("ifname=%s ifindex=%d proto=%s family=%u packets=%u",
		  __entry->ifname, __entry->ifindex, __entry->proto,
		  __entry->family, __entry->packets)
);

/* Packets were dropped and counted. */
TRACE_EVENT(dlil_drop,
	TP_PROTO(const struct dlil_ifnet *ifp, u32 direction,
		 enum dlil_drop_reason why, u64 packets),
	TP_ARGS(ifp, direction, why, packets),
	TP_STRUCT__entry(
		__array(char, ifname, IFNAMSIZ)
		__field(int, ifindex)
		__field(u32, direction)
		__field(u32, why)
		__field(u64, packets)
	),
	TP_fast_assign(
		strscpy(__entry->ifname, dlil_ifnet_name(ifp), IFNAMSIZ);
		__entry->ifindex = dlil_ifnet_index(ifp);
		__entry->direction = direction;
		__entry->why = why;
		__entry->packets = packets;
	),
	TP_printk("ifname=%s ifindex=%d direction=%s reason=%s packets=%llu",
		  __entry->ifname, __entry->ifindex,
		  dlil_show_direction(__entry->direction),
		  dlil_show_reason(__entry->why), __entry->packets)
);

/* A packet goes to the driver: one of the host, or one of dlil_output(). */
TRACE_EVENT_FN(dlil_sent,
	TP_PROTO(const struct dlil_ifnet *ifp, unsigned int len),
	TP_ARGS(ifp, len),
	TP_STRUCT__entry(
		__array(char, ifname, IFNAMSIZ)
		__field(int, ifindex)
		__field(unsigned int, len)
	),
	TP_fast_assign(
		strscpy(__entry->ifname, dlil_ifnet_name(ifp), IFNAMSIZ);
		__entry->ifindex = dlil_ifnet_index(ifp);
		__entry->len = len;
	),
	TP_printk("ifname=%s ifindex=%d len=%u", __entry->ifname,
		  __entry->ifindex, __entry->len),
	dlil_trace_sent_reg, dlil_trace_sent_unreg
);

/* The driver is called for this many packets. */
TRACE_EVENT_FN(dlil_driver_begin,
	TP_PROTO(const struct dlil_ifnet *ifp, unsigned int packets),
	TP_ARGS(ifp, packets),
	TP_STRUCT__entry(
		__array(char, ifname, IFNAMSIZ)
		__field(int, ifindex)
		__field(unsigned int, packets)
	),
	TP_fast_assign(
		strscpy(__entry->ifname, dlil_ifnet_name(ifp), IFNAMSIZ);
		__entry->ifindex = dlil_ifnet_index(ifp);
		__entry->packets = packets;
	),
	TP_printk("ifname=%s ifindex=%d packets=%u", __entry->ifname,
		  __entry->ifindex, __entry->packets),
	dlil_trace_call_reg, dlil_trace_call_unreg
);

/* The driver has returned this result. */
DEFINE_EVENT_FN(dlil_result, dlil_driver_end,
	TP_PROTO(const struct dlil_ifnet *ifp, int err),
	TP_ARGS(ifp, err),
	dlil_trace_return_reg, dlil_trace_return_unreg
);

#endif /* _TRACE_DLIL_H */

/* This must be outside of the include guard. */
#include <trace/define_trace.h>
