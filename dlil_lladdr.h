/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_LLADDR_H
#define _DLIL_LLADDR_H

#include <linux/types.h>

struct dlil_ifnet;

void dlil_lladdr_init(struct dlil_ifnet *ifp);
int dlil_lladdr_reserve(struct dlil_ifnet *ifp, size_t len);
void dlil_lladdr_fill(struct dlil_ifnet *ifp, const u8 *addr);
void dlil_lladdr_free(struct dlil_ifnet *ifp);

#endif /* _DLIL_LLADDR_H */
