/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_FILTER_H
#define _DLIL_FILTER_H

#include <net/dlil.h>

struct dlil_ifnet;

/**
 * struct dlil_filter_slot - a filter as the packets meet it
 * @fn: its callback for this direction; a stub from the moment its detach starts
 * @cookie: handed to @fn
 * @family: protocol family it sees, 0 for all
 * @flags: DLIL_FILTER_*
 * @filter: whose slot this is; only compared
 */
struct dlil_filter_slot {
	int (*fn)(void *cookie, struct dlil_ifnet *ifp, u32 family,
		  struct sk_buff **skb);
	void *cookie;
	u32 family;
	u32 flags;
	const void *filter;
};

/**
 * struct dlil_filter_vec - the filters of one direction, in order
 * @rcu: for freeing
 * @n: how many
 * @slots: the filters
 */
struct dlil_filter_vec {
	struct rcu_head rcu;
	unsigned int n;
	struct dlil_filter_slot slots[];
};

int dlil_filter_run(const struct dlil_filter_vec *vec, struct dlil_ifnet *ifp,
		    u32 family, struct sk_buff **skb);
void dlil_filter_detach_all(struct dlil_ifnet *ifp);

int dlil_filter_for_each(struct dlil_ifnet *ifp,
			 int (*fn)(const char *name, u32 direction,
				   const struct dlil_filter_ops *ops,
				   void *cookie, void *arg),
			 void *arg);
int dlil_filter_call(struct dlil_ifnet *ifp, u64 until,
		     int (*fn)(const struct dlil_filter_ops *ops, void *cookie,
			       struct dlil_ifnet *ifp, u32 family, void *arg),
		     void *arg);
dlil_filter_t dlil_filter_find(struct dlil_ifnet *ifp, const char *name,
			       const struct dlil_filter_ops **ops);

int dlil_filter_module_init(void);
void dlil_filter_module_exit(void);

#endif /* _DLIL_FILTER_H */
