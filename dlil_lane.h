/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_LANE_H
#define _DLIL_LANE_H

#include <linux/workqueue.h>

/**
 * struct dlil_lane - a work queue for the works of a few ifnets
 * @wq: the work queue
 * @list: entry in the list of all lanes
 * @users: number of ifnets that use the lane
 */
struct dlil_lane {
	struct workqueue_struct *wq;
	struct list_head list;
	unsigned int users;
};

struct dlil_lane *dlil_lane_get(void);
void dlil_lane_put(struct dlil_lane *lane);
void dlil_lanes_flush(void);
void dlil_lanes_destroy(void);

#endif /* _DLIL_LANE_H */
