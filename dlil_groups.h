/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_GROUPS_H
#define _DLIL_GROUPS_H

#include <linux/hashtable.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

struct dlil_netdev;

/**
 * struct dlil_groups - the groups that a wrapped device is in
 * @lock: guards @hash
 * @hash: all that are known, by link address
 * @work: looks for others
 */
struct dlil_groups {
	struct mutex lock;	/* see above */
	DECLARE_HASHTABLE(hash, 4);
	struct delayed_work work;
};

void dlil_groups_init(struct dlil_netdev *nd);
void dlil_groups_start(struct dlil_netdev *nd);
void dlil_groups_look(struct dlil_netdev *nd);
void dlil_groups_exit(struct dlil_netdev *nd);

#endif /* _DLIL_GROUPS_H */
