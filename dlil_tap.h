/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_TAP_H
#define _DLIL_TAP_H

struct dlil_ifnet;

void dlil_tap_detach(struct dlil_ifnet *ifp);
void dlil_tap_end(struct dlil_ifnet *ifp);

#endif /* _DLIL_TAP_H */
