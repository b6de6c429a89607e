/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_IOCTL_H
#define _DLIL_IOCTL_H

#include <linux/types.h>

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

#endif /* _DLIL_IOCTL_H */
