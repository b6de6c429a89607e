/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_FILTER_H
#define _DLIL_FILTER_H

#include <net/dlil.h>

#include "dlil_call.h"
#include "dlil_chain.h"
#include "dlil_vec.h"

struct dlil_event_item;
struct dlil_ifnet;

/**
 * struct dlil_step - several changes of an ifnet's filters in one step (FLT-13)
 * @ifp: ifnet
 * @changes: the changes
 * @n: number of changes
 * @revision: revision that the filters must have, or 0 for any
 * @for_user: names of added filters must be new, a filter replaces the one of its name if
 *	there is one, users have a limit, and modules' filters are left alone
 * @dropped: NULL, or for each change, set to true if the filter that it adds was removed
 *	by a later one: then it was never attached
 * @failed: on errors the number of the change at fault, or @n
 * @why: on errors a sentence, or NULL
 */
struct dlil_step {
	struct dlil_ifnet *ifp;
	const struct dlil_filter_change *changes;
	unsigned int n;
	u64 revision;
	bool for_user;
	bool *dropped;
	unsigned int failed;
	const char *why;
};

struct dlil_event_item *dlil_filter_event(u32 code, const char *name);
void dlil_filter_revise(struct dlil_ifnet *ifp);
void dlil_filter_revise_locked(struct dlil_ifnet *ifp);
struct dlil_filter *dlil_filter_prepare(struct dlil_ifnet *ifp,
					const struct dlil_filter_params *params);
void dlil_filter_discard(struct dlil_filter *f);
void dlil_filter_list(struct dlil_ifnet *ifp, struct dlil_filter *f);
int dlil_filter_vecs(struct dlil_ifnet *ifp, struct dlil_filter *const *filters,
		     unsigned int n, struct dlil_filter_vec **in,
		     struct dlil_filter_vec **out);
const struct dlil_filter *dlil_filter_by_ref(dlil_filter_t ref);
void dlil_filter_detach_all(struct dlil_ifnet *ifp);

int dlil_filter_for_each(struct dlil_ifnet *ifp,
			 int (*fn)(const struct dlil_filter *f, void *arg),
			 void *arg);
int dlil_filters_behind(struct dlil_ifnet *ifp, u64 *behind,
			int (*fn)(const struct dlil_filter *f, void *arg),
			void *arg);
u32 dlil_filter_direction(const struct dlil_filter *f);
u32 dlil_filter_left(const struct dlil_filter *f);
int dlil_filter_call(struct dlil_ifnet *ifp, u64 until, struct dlil_call *call,
		     enum dlil_callback callback,
		     int (*fn)(const struct dlil_filter_ops *ops, void *cookie,
			       struct dlil_ifnet *ifp, u32 family, void *arg),
		     void *arg);
dlil_filter_t dlil_filter_find(struct dlil_ifnet *ifp, const char *name, bool *users);
int dlil_filter_with(struct dlil_ifnet *ifp, const char *name,
		     int (*fn)(const struct dlil_filter *f, void *arg), void *arg);
bool dlil_filter_name(dlil_filter_t ref, char *name);
int dlil_filter_of_packet(dlil_filter_t ref, u32 direction,
			  struct dlil_ifnet **ifp);

/* dlil_plan.c */
int dlil_filter_step(struct dlil_step *step);

bool dlil_filters_none(void);
void dlil_filter_reuse(void);
int dlil_filter_module_init(void);
void dlil_filter_module_exit(void);

#endif /* _DLIL_FILTER_H */
