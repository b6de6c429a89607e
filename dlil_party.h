/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_PARTY_H
#define _DLIL_PARTY_H

#include <linux/types.h>
#include <linux/workqueue.h>

struct dlil_ifnet;

/* The party whose answer was final. */
enum dlil_ioctl_stage {
	DLIL_ASKED_FILTER,
	DLIL_ASKED_PROTO,
	DLIL_ASKED_DRIVER,
	DLIL_ASKED_ALL,
};

int dlil_ioctl_ask(struct dlil_ifnet *ifp, u32 family, u32 code, void *arg,
		   enum dlil_ioctl_stage *by);

void dlil_notify_work(struct work_struct *work);

void dlil_tap_detach(struct dlil_ifnet *ifp);
void dlil_tap_end(struct dlil_ifnet *ifp);

#endif /* _DLIL_PARTY_H */
