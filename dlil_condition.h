/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_CONDITION_H
#define _DLIL_CONDITION_H

#include <linux/filter.h>
#include <net/dlil.h>

#include "dlil_merge.h"

struct netlink_ext_ack;

/**
 * struct dlil_condition - which packets a filter is for
 * @prog: the program
 * @source: the program in classic BPF, for merging
 * @expr: expression that the program was compiled from, or ""
 * @asks_type: the program loads skb->pkt_type
 */
struct dlil_condition {
	struct bpf_prog *prog;
	struct dlil_program source;
	char *expr;
	bool asks_type;
};

/**
 * struct dlil_as_sent - a packet that looks as it will when packet sockets see it
 * @type: skb->pkt_type until then
 * @protocol: skb->protocol until then
 * @inserted: the VLAN tag was moved into the data
 */
struct dlil_as_sent {
	u8 type;
	__be16 protocol;
	bool inserted;
};

/*
 * Programs of received packets run between these two, on one processor.  A set may have
 * many of them, so on PREEMPT_RT other tasks may run meanwhile.
 */
static inline void dlil_programs_begin(void)
{
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		migrate_disable();
	else
		preempt_disable();
}

static inline void dlil_programs_end(void)
{
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		migrate_enable();
	else
		preempt_enable();
}

struct dlil_condition *dlil_condition_new(const struct sock_filter *program,
					  unsigned int n, const char *expr,
					  int ifindex,
					  struct netlink_ext_ack *extack);
int dlil_create_program(struct bpf_prog **prog, const struct sock_filter *insns,
			unsigned int n);
void dlil_as_sent_begin(struct dlil_as_sent *as, struct dlil_ifnet *ifp,
			struct sk_buff *skb);
void dlil_as_sent_end(const struct dlil_as_sent *as, struct sk_buff *skb);

#endif /* _DLIL_CONDITION_H */
