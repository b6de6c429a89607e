/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_GROUPS_H
#define _DLIL_GROUPS_H

/* Groups of a device that are told of (LNX-13). */
#define DLIL_GROUPS_MAX 1024

struct dlil_group_list;
struct dlil_netdev;

/**
 * struct dlil_groups - the groups of a wrapped device
 * @told: those of which was told that the device is in them, or that were no news,
 *	sorted; NULL while nobody can hear, or for want of memory.  Under watch.lock
 */
struct dlil_groups {
	struct dlil_group_list *told;
};

void dlil_groups_look(struct dlil_netdev *nd);
void dlil_groups_end(struct dlil_netdev *nd);

#endif /* _DLIL_GROUPS_H */
