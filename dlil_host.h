/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_HOST_H
#define _DLIL_HOST_H

#include <net/dlil.h>

struct dlil_netdev;

int dlil_host_plumb_all(struct dlil_netdev *nd);

int dlil_host_module_init(void);
void dlil_host_module_exit(void);

#endif /* _DLIL_HOST_H */
