/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_MULTI_H
#define _DLIL_MULTI_H

struct dlil_ifnet;

void dlil_multi_init(struct dlil_ifnet *ifp);
void dlil_multi_attach(struct dlil_ifnet *ifp);
void dlil_multi_free(struct dlil_ifnet *ifp);

#endif /* _DLIL_MULTI_H */
