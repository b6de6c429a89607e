/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_INSPECT_H
#define _DLIL_INSPECT_H

#include <linux/jump_label.h>
#include <linux/types.h>

struct dlil_ifnet;

/*
 * Reasons why packets of the host need more than the usual processing: bits of
 * &struct dlil_ifnet.inspected.
 */
#define DLIL_INSPECT_POLICY	BIT(0)	/* there is a transmit policy (OUT-3) */
#define DLIL_INSPECT_CLASS	BIT(1)	/* traffic classes are counted (STA-2) */
#define DLIL_INSPECT_SENT	BIT(2)	/* sent packets are traced (STA-5) */
#define DLIL_INSPECT_CALL	BIT(3)	/* calls of the driver are */
#define DLIL_INSPECT_RETURN	BIT(4)	/* their returns are */

/* The reasons that also apply to packets which the host itself sends. */
#define DLIL_INSPECT_HOST \
	(DLIL_INSPECT_POLICY | DLIL_INSPECT_CLASS | DLIL_INSPECT_SENT)

DECLARE_STATIC_KEY_FALSE(dlil_inspect_key);

/*
 * Is there any reason?  For dlil_output(), where the packets of the host do not
 * pass.
 */
static __always_inline bool dlil_inspect_is_on(void)
{
	return static_branch_unlikely(&dlil_inspect_key);
}

void dlil_inspect(u8 why, bool on);
void dlil_inspect_init(struct dlil_ifnet *ifp);

#endif /* _DLIL_INSPECT_H */
