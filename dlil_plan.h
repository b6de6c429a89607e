/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_PLAN_H
#define _DLIL_PLAN_H

#include <linux/hashtable.h>
#include <net/dlil.h>

struct dlil_filter;
struct dlil_ifnet;

/**
 * struct dlil_spot - a filter in a plan
 * @list: entry in the order
 * @named: entry in the table of names, or in none once it is removed
 * @filter: the filter
 * @added: the step adds it
 * @moved: the step moves it
 */
struct dlil_spot {
	struct list_head list;
	struct hlist_node named;
	struct dlil_filter *filter;
	bool added;
	bool moved;
};

/**
 * struct dlil_plan - the filters of an ifnet as they will be after a step (FLT-13)
 * @order: the filters that stay or come, in order
 * @names: the same, by name
 * @gone: the filters that go; they must be detached
 * @n: number of filters in @order
 * @users: number of those that users have added
 * @for_user: names of added filters must be new, and modules' filters are left alone
 * @why: sentence about the change that was refused
 * @moved: the filter that was moved last
 * @used: number of @spots in use
 * @spots: storage
 */
struct dlil_plan {
	struct list_head order;
	DECLARE_HASHTABLE(names, 8);
	struct list_head gone;
	unsigned int n;
	unsigned int users;
	bool for_user;
	const char *why;
	const struct dlil_spot *moved;
	unsigned int used;
	struct dlil_spot spots[];
};

struct dlil_plan *dlil_plan_new(struct dlil_ifnet *ifp, unsigned int more);
int dlil_plan_change(struct dlil_plan *plan, const struct dlil_filter_change *c,
		     struct dlil_filter *f, const struct dlil_filter *old);

#endif /* _DLIL_PLAN_H */
