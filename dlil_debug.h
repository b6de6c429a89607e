/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_DEBUG_H
#define _DLIL_DEBUG_H

#include <linux/types.h>

struct seq_file;

void dlil_debug_enable(bool on);
int dlil_debug_show(struct seq_file *m, void *arg);

int dlil_debug_module_init(void);
void dlil_debug_module_exit(void);

#endif /* _DLIL_DEBUG_H */
