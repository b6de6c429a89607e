/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_LIFE_H
#define _DLIL_LIFE_H

#include <linux/types.h>

struct dlil_ifnet;

long dlil_ifnet_wait_death(struct dlil_ifnet *ifp, long timeout);

int dlil_life_module_init(void);
void dlil_life_wait_all(void);
void dlil_life_module_exit(void);

#endif /* _DLIL_LIFE_H */
