/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_INJECT_H
#define _DLIL_INJECT_H

struct dlil_flow;

void dlil_inject_read(struct dlil_flow *flow);

#endif /* _DLIL_INJECT_H */
