/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_OUTPUT_H
#define _DLIL_OUTPUT_H

#include <linux/types.h>

/* How deep output may nest on one CPU before packets are dropped (OUT-10). */
#define DLIL_OUTPUT_DEPTH 8

bool dlil_output_is_current(void);

#endif /* _DLIL_OUTPUT_H */
