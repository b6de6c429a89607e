/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_CONTROL_H
#define _DLIL_CONTROL_H

int dlil_control_module_init(void);
void dlil_control_module_exit(void);

#endif /* _DLIL_CONTROL_H */
