/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_KIND_H
#define _DLIL_KIND_H

#include <linux/filter.h>
#include <net/dlil.h>

/**
 * struct dlil_filter_request - a user's request to add or change a filter
 * @change: what to do in a step, see dlil_kind_update()
 * @place: place of a filter that is added, replaced or moved (FLT-13)
 * @beside: name of the filter that it is to stand before or after, or NULL
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
	enum dlil_filter_what change;
	enum dlil_filter_place place;
	const char *beside;
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

/**
 * struct dlil_kind_step - requests of a user that are one step (FLT-13)
 * @ifp: ifnet
 * @reqs: the requests
 * @n: number of requests
 * @revision: revision that the filters must have, or 0 for any
 * @may_wait: the caller holds no lock, and may wait until a module is loaded; not
 *	so in a generic netlink request, during which no family can be registered
 * @failed: on errors the number of the request at fault, or @n
 */
struct dlil_kind_step {
	struct dlil_ifnet *ifp;
	const struct dlil_filter_request *reqs;
	unsigned int n;
	u64 revision;
	bool may_wait;
	unsigned int failed;
};

int dlil_kind_update(struct dlil_kind_step *step, struct netlink_ext_ack *extack);
int dlil_kind_change(struct dlil_ifnet *ifp,
		     const struct dlil_filter_request *req, u64 revision,
		     struct netlink_ext_ack *extack);
int dlil_kind_del(struct dlil_ifnet *ifp, const char *name,
		  struct netlink_ext_ack *extack);

/* The kind `match`. */
int dlil_match_module_init(void);
void dlil_match_module_exit(void);

#endif /* _DLIL_KIND_H */
