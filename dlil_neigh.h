/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_NEIGH_H
#define _DLIL_NEIGH_H

#include <linux/hashtable.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

struct dlil_group_list;
struct dlil_netdev;

/**
 * struct dlil_neighs - the neighbours of a wrapped device
 * @lock: guards the rest, except @work
 * @on: the device is watched, so that neighbours are recorded
 * @hash: all recorded neighbours, by address
 * @n: number of recorded neighbours
 * @news: neighbours with an unreported change, oldest change first
 * @here: other neighbours that are present
 * @gone: other neighbours that are absent, longest absent first
 * @work: posts events for @news
 */
struct dlil_neighs {
	spinlock_t lock;	/* see above */
	bool on;
	DECLARE_HASHTABLE(hash, 5);
	unsigned int n;
	struct list_head news;
	struct list_head here;
	struct list_head gone;
	struct delayed_work work;
};

void dlil_neigh_init(struct dlil_netdev *nd);
void dlil_neigh_begin(struct dlil_netdev *nd);
void dlil_neigh_tell(struct dlil_netdev *nd);
void dlil_neigh_note(struct dlil_netdev *nd);
void dlil_neigh_end(struct dlil_netdev *nd);
void dlil_neigh_exit(struct dlil_netdev *nd);

int dlil_neigh_module_init(void);
void dlil_neigh_module_exit(void);

/* Limit of the groups of a device that are reported (LNX-13). */
#define DLIL_GROUPS_MAX 1024

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

#endif /* _DLIL_NEIGH_H */
