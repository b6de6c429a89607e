/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_HOST_H
#define _DLIL_HOST_H

#include <net/dlil.h>

struct dlil_netdev;
struct netlink_ext_ack;

int dlil_host_plumb_all(struct dlil_netdev *nd);
int dlil_host_plumb(struct dlil_netdev *nd, const char *name,
		    struct netlink_ext_ack *extack);
int dlil_host_unplumb(struct dlil_netdev *nd, const char *name,
		      struct netlink_ext_ack *extack);

#endif /* _DLIL_HOST_H */
