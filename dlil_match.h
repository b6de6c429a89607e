/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_MATCH_H
#define _DLIL_MATCH_H

#include <linux/filter.h>
#include <net/dlil.h>

struct netlink_ext_ack;

/**
 * struct dlil_match_params - parameters of a match filter
 * @name: name, unique among the match filters of the ifnet
 * @direction: DLIL_DIRECTION_*, at least one
 * @action: "drop", "count" or "pass"
 * @expr: expression that the program was compiled from, or NULL
 * @program: classic BPF over the whole frame
 * @n: number of instructions
 */
struct dlil_match_params {
	const char *name;
	u32 direction;
	const char *action;
	const char *expr;
	const struct sock_filter *program;
	unsigned int n;
};

int dlil_match_add(struct dlil_ifnet *ifp,
		   const struct dlil_match_params *params,
		   struct netlink_ext_ack *extack);
int dlil_match_del(struct dlil_ifnet *ifp, const char *name,
		   struct netlink_ext_ack *extack);

#endif /* _DLIL_MATCH_H */
