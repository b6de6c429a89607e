/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_NETLINK_H
#define _DLIL_NETLINK_H

int dlil_netlink_module_init(void);
void dlil_netlink_module_exit(void);

#endif /* _DLIL_NETLINK_H */
