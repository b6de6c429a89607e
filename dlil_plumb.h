/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_PLUMB_H
#define _DLIL_PLUMB_H

#include <linux/types.h>

struct dlil_ifnet;

int dlil_plumb_for_user(struct dlil_ifnet *ifp, const char *name, bool up,
			bool may_wait, const char **why);
int dlil_plumb_for_each(struct dlil_ifnet *ifp,
			int (*fn)(const char *name, u32 family,
				  unsigned int count, void *arg),
			void *arg);
void dlil_plumb_end(struct dlil_ifnet *ifp);

#endif /* _DLIL_PLUMB_H */
