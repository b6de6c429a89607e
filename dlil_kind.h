/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_KIND_H
#define _DLIL_KIND_H

#include <linux/filter.h>
#include <net/dlil.h>

/**
 * struct dlil_filter_request - a user's request to add or change a filter
 * @name: name, unique among the filters of the ifnet when it is added
 * @kind: name of the kind
 * @direction: DLIL_DIRECTION_*, at least one
 * @action: action for packets that match, or NULL
 * @words: arguments of the kind in words, or NULL
 * @expr: expression that the program was compiled from, or NULL
 * @program: condition, classic BPF over the whole frame; or NULL
 * @n: number of instructions
 * @nest: attributes of the kind, or NULL
 * @lifetime: milliseconds after which it is removed, or 0 (FLT-17)
 *
 * A change uses the name, the kind if it is not NULL, the action, the words and the
 * nest.
 */
struct dlil_filter_request {
	const char *name;
	const char *kind;
	u32 direction;
	const char *action;
	const char *words;
	const char *expr;
	const struct sock_filter *program;
	unsigned int n;
	const struct nlattr *nest;
	u32 lifetime;
};

int dlil_kind_add(struct dlil_ifnet *ifp, const struct dlil_filter_request *req,
		  bool may_wait, struct netlink_ext_ack *extack);
int dlil_kind_change(struct dlil_ifnet *ifp,
		     const struct dlil_filter_request *req,
		     struct netlink_ext_ack *extack);
int dlil_kind_del(struct dlil_ifnet *ifp, const char *name,
		  struct netlink_ext_ack *extack);

/* The kind `match`. */
int dlil_match_module_init(void);
void dlil_match_module_exit(void);

#endif /* _DLIL_KIND_H */
