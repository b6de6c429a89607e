/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_GROUPS_H
#define _DLIL_GROUPS_H

/* Limit of the groups of a device that are reported (LNX-13). */
#define DLIL_GROUPS_MAX 1024

struct dlil_group_list;
struct dlil_netdev;

/**
 * struct dlil_groups - the groups of a wrapped device
 * @told: groups that were reported, or existed when watching began, sorted;
 *	NULL while the device is not watched, or if memory is short.  Under
 *	watch.lock
 */
struct dlil_groups {
	struct dlil_group_list *told;
};

void dlil_groups_look(struct dlil_netdev *nd);
void dlil_groups_end(struct dlil_netdev *nd);

#endif /* _DLIL_GROUPS_H */
