/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_CHANGE_H
#define _DLIL_CHANGE_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <net/dlil.h>

struct dlil_ifnet;
struct dlil_netdev;

/**
 * struct dlil_control - a control request for a device (LNX-10)
 * @code: enum dlil_ioctl_code, or 0
 * @arg: its argument
 */
struct dlil_control {
	u32 code;
	union {
		u32 mtu;
		struct dlil_ioc_flags flags;
		struct dlil_ioc_lladdr lladdr;
	} arg;
};

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

/**
 * struct dlil_change - reported state of a wrapped device
 * @flags: flags that were last reported; under RTNL
 * @link: link state that was last reported; under RTNL
 * @groups: link-layer groups that DLIL has joined; under RTNL
 * @owed: codes of events that could not be posted; atomic bits
 * @retry: posts the events of @owed
 */
struct dlil_change {
	unsigned int flags;
	bool link;
	struct list_head groups;
	unsigned long owed;
	struct delayed_work retry;
};

void dlil_change_init(struct dlil_netdev *nd);
void dlil_change_unhook(struct dlil_netdev *nd);
void dlil_change_exit(struct dlil_netdev *nd);
void dlil_change_notify(struct dlil_netdev *nd, unsigned long event);
void dlil_change_unmatched(struct dlil_netdev *nd, u32 unmatched);
int dlil_change_ioctl(struct dlil_ifnet *ifp, u32 code, void *arg);
void dlil_change_invert(struct dlil_ifnet *ifp, struct dlil_control *c);

#endif /* _DLIL_CHANGE_H */
