/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_SYSFS_H
#define _DLIL_SYSFS_H

int dlil_sysfs_module_init(void);
void dlil_sysfs_module_exit(void);

#endif /* _DLIL_SYSFS_H */
