/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_RETIRE_H
#define _DLIL_RETIRE_H

#include <linux/completion.h>
#include <linux/workqueue.h>

struct dlil_ifnet;

/**
 * struct dlil_retire - the end of a filter or protocol
 * @work: waits until no callback runs and none will, then calls @end
 * @ifp: on what; referenced
 * @end: says goodbye and frees what this is part of
 * @done: completed behind @end, or NULL
 */
struct dlil_retire {
	struct work_struct work;
	struct dlil_ifnet *ifp;
	void (*end)(struct dlil_retire *r);
	struct completion *done;
};

void dlil_retire_queue(struct dlil_retire *r, struct dlil_ifnet *ifp,
		       void (*end)(struct dlil_retire *r),
		       struct completion *done);
bool dlil_in_callback(void);

int dlil_retire_module_init(void);
void dlil_retire_module_exit(void);

#endif /* _DLIL_RETIRE_H */
