/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_OVERDUE_H
#define _DLIL_OVERDUE_H

#include <linux/if.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <net/dlil.h>

#include "dlil_call.h"
#include "dlil_reader.h"

/* Callbacks that are shown of one ifnet. */
#define DLIL_OVERDUE_MAX 8

/**
 * struct dlil_overdue - a callback that has not returned for some seconds
 * @ifname: of which ifnet
 * @party: whose
 * @callback: which
 * @name: of the filter or protocol, or empty
 * @seconds: for how long, as far as it was watched
 * @pid: the task that it runs in
 * @comm: the name of that task
 */
struct dlil_overdue {
	char ifname[IFNAMSIZ];
	enum dlil_party party;
	enum dlil_callback callback;
	char name[DLIL_NAME_MAX];
	unsigned int seconds;
	pid_t pid;
	char comm[TASK_COMM_LEN];
};

void dlil_look_detach(struct dlil_ifnet *ifp, bool detaching);
unsigned int dlil_overdue_get(struct dlil_ifnet *ifp, struct dlil_overdue *o,
			      unsigned int max);
const char *dlil_party_name(enum dlil_party party);
const char *dlil_callback_name(enum dlil_callback callback);

int dlil_overdue_module_init(void);
void dlil_overdue_module_exit(void);

#endif /* _DLIL_OVERDUE_H */
