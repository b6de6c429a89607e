/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_INSPECT_H
#define _DLIL_INSPECT_H

#include <linux/types.h>

struct dlil_ifnet;

/*
 * Why more is to be done with the packets of the host than what most of them need:
 * bits of &struct dlil_ifnet.inspected.
 */
#define DLIL_INSPECT_POLICY	BIT(0)	/* there is a transmit policy (OUT-3) */
#define DLIL_INSPECT_CLASS	BIT(1)	/* traffic classes are counted (STA-2) */
#define DLIL_INSPECT_TRACE	BIT(2)	/* sent packets are traced (STA-5) */

void dlil_inspect(u8 why, bool on);
void dlil_inspect_init(struct dlil_ifnet *ifp);

#endif /* _DLIL_INSPECT_H */
