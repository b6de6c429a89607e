/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Differences between the kernels that DLIL builds on.  The sources are written
 * for the newest of them; what older ones spell otherwise stands here.
 */
#ifndef _DLIL_COMPAT_H
#define _DLIL_COMPAT_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "DLIL needs Linux 6.1 or later"
#endif

#if !IS_ENABLED(CONFIG_NET_CLS_ACT) || !IS_ENABLED(CONFIG_NETFILTER_EGRESS)
#error "DLIL needs a kernel with CONFIG_NET_CLS_ACT and CONFIG_NETFILTER_EGRESS"
#endif

/* Class attributes took const pointers in 6.4. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define compat_class_const
#else
#define compat_class_const const
#endif

/* Link addresses are set from a struct sockaddr_storage since 6.16. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
#define compat_set_mac_address(dev, ss) \
	dev_set_mac_address(dev, (struct sockaddr *)(ss), NULL)
#else
#define compat_set_mac_address(dev, ss) dev_set_mac_address(dev, ss, NULL)
#endif

#endif /* _DLIL_COMPAT_H */
