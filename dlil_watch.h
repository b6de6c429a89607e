/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_WATCH_H
#define _DLIL_WATCH_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>

struct dlil_netdev;

/**
 * struct dlil_watch - whether a wrapped device is watched
 * @list: entry in the list of all wrapped devices, under its lock
 * @lock: guards @on and the groups of the device
 * @on: events have receivers, so groups and neighbours are tracked
 */
struct dlil_watch {
	struct list_head list;
	struct mutex lock;	/* see above */
	bool on;
};

void dlil_watch_init(struct dlil_netdev *nd);
void dlil_watch_start(struct dlil_netdev *nd);
void dlil_watch_look(struct dlil_netdev *nd);
void dlil_watch_exit(struct dlil_netdev *nd);
void dlil_watch_notice(void);

int dlil_watch_module_init(void);
void dlil_watch_module_exit(void);

#endif /* _DLIL_WATCH_H */
