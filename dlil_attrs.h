/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_ATTRS_H
#define _DLIL_ATTRS_H

#include <linux/types.h>

struct dlil_ifnet;

extern bool dlil_net_rtref;

void dlil_idle_attach(struct dlil_ifnet *ifp);
void dlil_idle_detach(struct dlil_ifnet *ifp);
void dlil_idle_force(bool on);
void dlil_idle_route_get(struct dlil_ifnet *ifp);
void dlil_idle_route_put(struct dlil_ifnet *ifp);

#endif /* _DLIL_ATTRS_H */
