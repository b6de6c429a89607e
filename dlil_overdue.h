/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_OVERDUE_H
#define _DLIL_OVERDUE_H

#include <net/dlil.h>

#include "dlil_call.h"

/* Limit of overdue callbacks that are shown for one ifnet. */
#define DLIL_OVERDUE_MAX 8

void dlil_look_detach(struct dlil_ifnet *ifp, bool detaching);
unsigned int dlil_overdue_get(struct dlil_ifnet *ifp, struct dlil_overdue *o,
			      unsigned int max);
const char *dlil_party_name(enum dlil_party party);
const char *dlil_callback_name(enum dlil_callback callback);

int dlil_overdue_module_init(void);
void dlil_overdue_module_exit(void);

#endif /* _DLIL_OVERDUE_H */
