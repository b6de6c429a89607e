// SPDX-License-Identifier: GPL-2.0
/*
 * Work queues for works that call callbacks.
 *
 * A work queue runs a bounded number of works at a time, and a callback may sleep
 * for as long as it likes.  If all ifnets had one work queue, callbacks that sleep
 * on some of them would keep the works of all others from running.  Therefore an
 * ifnet has a place on a lane, and a lane has a work queue that runs more works
 * at a time than its ifnets have: no work of an ifnet waits for one of another
 * ifnet.
 *
 * An ifnet has five works: events; endings and the final detach; groups to be
 * restored; control requests; and freeing.  A full lane has 25 x 5 works, a quarter
 * of what its work queue may run at a time, since newer kernels divide that number
 * among the memory nodes, by their processors: a machine with more than four of
 * them, or one that has few processors, is promised less.
 *
 * A lane stays until the module goes, as the last ifnet is freed by a work of it.
 */
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "dlil_lane.h"

/* Ifnets that have a place on a lane. */
#define LANE_USERS 25

/* Guards the list of lanes, and how many users each has. */
static DEFINE_MUTEX(lanes_lock);
static LIST_HEAD(lanes);

static struct dlil_lane *lane_new(void)
{
	struct dlil_lane *lane = kzalloc(sizeof(*lane), GFP_KERNEL);

	if (!lane)
		return NULL;
	lane->wq = alloc_workqueue("dlil_ifnet", WQ_UNBOUND, WQ_MAX_ACTIVE);
	if (!lane->wq) {
		kfree(lane);
		return NULL;
	}
	list_add(&lane->list, &lanes);
	return lane;
}

/* A place for a new ifnet, or NULL without memory.  May sleep. */
struct dlil_lane *dlil_lane_get(void)
{
	struct dlil_lane *lane;

	mutex_lock(&lanes_lock);
	list_for_each_entry(lane, &lanes, list)
		if (lane->users < LANE_USERS)
			goto found;
	lane = lane_new();
found:
	if (lane)
		lane->users++;
	mutex_unlock(&lanes_lock);
	return lane;
}

/* The ifnet is being freed, maybe by a work on this lane.  May sleep. */
void dlil_lane_put(struct dlil_lane *lane)
{
	mutex_lock(&lanes_lock);
	lane->users--;
	mutex_unlock(&lanes_lock);
}

/* Wait until all that was queued has run.  No place is given out any more. */
void dlil_lanes_flush(void)
{
	struct dlil_lane *lane;

	list_for_each_entry(lane, &lanes, list)
		flush_workqueue(lane->wq);
}

/* As the last thing, when nothing but frees is queued. */
void dlil_lanes_destroy(void)
{
	struct dlil_lane *lane, *next;

	list_for_each_entry_safe(lane, next, &lanes, list) {
		destroy_workqueue(lane->wq);
		kfree(lane);
	}
	INIT_LIST_HEAD(&lanes);
}
