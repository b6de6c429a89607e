/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_HOST_H
#define _DLIL_HOST_H

#include <net/dlil.h>

struct dlil_netdev;
struct dst_entry;

int dlil_host_plumb_all(struct dlil_netdev *nd);
struct dst_entry *dlil_host_route(struct dlil_ifnet *ifp,
				  const struct sockaddr *to, u32 *cookie);

int dlil_host_module_init(void);
void dlil_host_module_exit(void);

#endif /* _DLIL_HOST_H */
