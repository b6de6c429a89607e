/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_SYSFS_H
#define _DLIL_SYSFS_H

struct net_device;

int dlil_sysfs_add(struct net_device *dev);
void dlil_sysfs_remove(struct net_device *dev);
int dlil_sysfs_module_init(void);
void dlil_sysfs_module_exit(void);

#endif /* _DLIL_SYSFS_H */
