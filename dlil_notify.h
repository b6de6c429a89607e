/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_NOTIFY_H
#define _DLIL_NOTIFY_H

#include <linux/workqueue.h>

void dlil_notify_work(struct work_struct *work);

#endif /* _DLIL_NOTIFY_H */
