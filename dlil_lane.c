// SPDX-License-Identifier: GPL-2.0
/*
 * Work queues ("lanes") for works that call callbacks.
 *
 * A work queue runs a limited number of works at a time, and a callback may
 * sleep without limit.  If all ifnets shared one work queue, sleeping callbacks
 * of some ifnets could block the works of all others.  Therefore each ifnet is
 * assigned to a lane, whose work queue runs more works at a time than its
 * ifnets have in total.  So no work waits for that of another ifnet.
 *
 * An ifnet has five works: events; endings and the final detach; restoring
 * groups; control requests; and freeing.  A full lane has 25 x 5 works, a
 * quarter of the limit of its work queue.  The margin is for newer kernels,
 * which divide the limit among NUMA nodes in proportion to their processors:
 * with more than four nodes, or on a node with few processors, there is less of
 * a guarantee.
 *
 * A lane exists until the module is unloaded, because a work on it frees the
 * last ifnet.
 */
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "dlil_lane.h"

/* Largest number of ifnets on a lane. */
#define LANE_USERS 25

/* Guards the list of lanes and their @users. */
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

/* Assign a new ifnet to a lane; NULL if there is no memory.  May sleep. */
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

/*
 * Release the place of an ifnet that is being freed, maybe on this lane.  May
 * sleep.
 */
void dlil_lane_put(struct dlil_lane *lane)
{
	mutex_lock(&lanes_lock);
	lane->users--;
	mutex_unlock(&lanes_lock);
}

/* Wait for all queued works.  No ifnet can be created any more. */
void dlil_lanes_flush(void)
{
	struct dlil_lane *lane;

	list_for_each_entry(lane, &lanes, list)
		flush_workqueue(lane->wq);
}

/* Destroy the lanes at unload, when only works that free ifnets are queued. */
void dlil_lanes_destroy(void)
{
	struct dlil_lane *lane, *next;

	list_for_each_entry_safe(lane, next, &lanes, list) {
		destroy_workqueue(lane->wq);
		kfree(lane);
	}
	INIT_LIST_HEAD(&lanes);
}
