// SPDX-License-Identifier: GPL-2.0
/*
 * A generic netlink family that is only registered and removed.  Both wait for
 * all requests in flight and delay later ones, so that tests see whether a
 * request waits for a callback (LNX-13).
 */
#include <linux/module.h>
#include <net/genetlink.h>

static struct genl_family family = {
	.name		= "dlil_test",
	.version	= 1,
	.module		= THIS_MODULE,
};

static int __init family_init(void)
{
	return genl_register_family(&family);
}

static void __exit family_exit(void)
{
	genl_unregister_family(&family);
}

module_init(family_init);
module_exit(family_exit);

MODULE_DESCRIPTION("Family of generic netlink for tests of DLIL");
MODULE_LICENSE("GPL");
