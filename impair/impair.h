/* SPDX-License-Identifier: GPL-2.0 */
/* The filter of `impair`. */
#ifndef _IMPAIR_H
#define _IMPAIR_H

#include "impair_hold.h"

/**
 * struct impair - a filter
 * @filter: its reference
 * @direction: DLIL_DIRECTION_*
 * @cond: packets that it is for
 * @way: its two directions, received packets first.  If the filter is for one direction
 *	only, the other one gets no packets
 */
struct impair {
	dlil_filter_t filter;
	u32 direction;
	struct dlil_condition *cond;
	struct impair_way way[2];
};

extern const struct dlil_filter_ops impair_ops[];
extern const struct dlil_filter_kind impair_kind;

/* Flags of the filter: each packet on the wire has a fate of its own. */
#define IMPAIR_FLAGS (DLIL_FILTER_SEGMENTS | DLIL_FILTER_REINJECTS)

struct impair *impair_new(u32 direction, struct dlil_condition *cond,
			  const struct impair_params *params);
void impair_free(struct impair *f);
void impair_change(struct impair *f, const struct impair_params *params);
void impair_read(struct impair *f, u32 direction, struct impair_params *params,
		 struct impair_counts *counts);

#endif /* _IMPAIR_H */
