/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_VEC_H
#define _DLIL_VEC_H

#include <linux/workqueue.h>
#include <net/dlil.h>

#include "dlil_retire.h"

struct dlil_event_item;
struct dlil_filter_vec;

/**
 * struct dlil_filter - an attached filter
 * @id: reference that the owner got
 * @ops: callbacks
 * @cookie: argument of the callbacks
 * @family: protocol family that the filter sees, 0 for all
 * @flags: DLIL_FILTER_*
 * @name: shown to users
 * @lifetime: milliseconds after which it is detached, 0 for never (FLT-17)
 * @expires: when that time is over, in jiffies; set when it is attached
 * @expiry: detaches it then
 * @events: preallocated events for its attach and detach, until they are posted
 * @order: entry in the order of the ifnet's filters, until it has ended (FLT-13)
 * @rank: rises along that order; under the ifnet's lock
 * @killed: its detach has raised the revision; under the ifnet's filter_lock
 * @retire: the ifnet, list entry and teardown of the filter
 */
struct dlil_filter {
	dlil_filter_t id;
	const struct dlil_filter_ops *ops;
	void *cookie;
	u32 family;
	u32 flags;
	char name[DLIL_NAME_MAX];
	u32 lifetime;
	unsigned long expires;
	struct delayed_work expiry;
	struct dlil_event_item *events[2];
	struct list_head order;
	u64 rank;
	bool killed;
	struct dlil_retire retire;
};

static inline bool dlil_filter_is_dying(const struct dlil_filter *f)
{
	return dlil_retire_is_dying(&f->retire);
}

struct dlil_filter_vec *dlil_vec_make(struct dlil_ifnet *ifp, bool out,
				      struct dlil_filter *const *filters,
				      unsigned int n);
bool dlil_vec_stub(struct dlil_filter_vec *vec, const struct dlil_filter *f);
void dlil_vecs_install(struct dlil_ifnet *ifp, struct dlil_filter_vec *in,
		       struct dlil_filter_vec *out);
void dlil_vec_free(struct dlil_filter_vec *vec);
void dlil_filter_free_vecs(struct dlil_ifnet *ifp);

#endif /* _DLIL_VEC_H */
