/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_PARTY_H
#define _DLIL_PARTY_H

#include <linux/sched.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <net/dlil.h>

#include "dlil_call.h"
#include "dlil_ifnet.h"

/* The party whose answer was final. */
enum dlil_ioctl_stage {
	DLIL_ASKED_FILTER,
	DLIL_ASKED_PROTO,
	DLIL_ASKED_DRIVER,
	DLIL_ASKED_ALL,
};

/**
 * struct dlil_ioctl_why - who answered a control request, and why
 * @by: the party whose answer was final
 * @name: name of that filter or protocol, or empty
 * @text: what the driver said of it, or empty
 */
struct dlil_ioctl_why {
	enum dlil_ioctl_stage by;
	char name[DLIL_NAME_MAX];
	char text[DLIL_WHY_MAX];
};

int dlil_ioctl_ask(struct dlil_ifnet *ifp, u32 family, u32 code, void *arg,
		   struct dlil_ioctl_why *why);

void dlil_notify_work(struct work_struct *work);

void dlil_tap_detach(struct dlil_ifnet *ifp);
void dlil_tap_end(struct dlil_ifnet *ifp);

/* dlil_multi.c */
void dlil_multi_init(struct dlil_ifnet *ifp);
void dlil_multi_attach(struct dlil_ifnet *ifp);
void dlil_multi_free(struct dlil_ifnet *ifp);
void dlil_multi_restore(struct dlil_ifnet *ifp);

/*
 * Does the current task make an ADDMULTI or DELMULTI request on behalf of a
 * membership of the ifnet, rather than a request of its own?
 */
static inline bool dlil_multi_is_telling(const struct dlil_ifnet *ifp)
{
	return READ_ONCE(ifp->multi_teller) == current;
}

/* Called for each packet, in any context. */
static inline void dlil_multi_traffic(struct dlil_ifnet *ifp)
{
	if (unlikely(READ_ONCE(ifp->multi_pending)))
		dlil_multi_restore(ifp);
}

#endif /* _DLIL_PARTY_H */
