/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_DEBUG_H
#define _DLIL_DEBUG_H

#include <linux/types.h>
#include <net/dlil.h>

#include "dlil_call.h"

struct seq_file;

void dlil_debug_enable(bool on);
int dlil_debug_show(struct seq_file *m, void *arg);

int dlil_debug_module_init(void);
void dlil_debug_module_exit(void);

/* Limit of overdue callbacks that are shown for one ifnet. */
#define DLIL_OVERDUE_MAX 8

void dlil_look_detach(struct dlil_ifnet *ifp, bool detaching);
unsigned int dlil_overdue_get(struct dlil_ifnet *ifp, struct dlil_overdue *o,
			      unsigned int max);
const char *dlil_party_name(enum dlil_party party);
const char *dlil_callback_name(enum dlil_callback callback);

int dlil_overdue_module_init(void);
void dlil_overdue_module_exit(void);

#endif /* _DLIL_DEBUG_H */
