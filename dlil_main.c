// SPDX-License-Identifier: GPL-2.0
/*
 * Loading, unloading, parameters.
 */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <net/genetlink.h>

#include "compat.h"
#include "dlil_event.h"
#include "dlil_ifnet.h"
#include "dlil_input.h"
#include "dlil_netdev.h"
#include "dlil_netlink.h"
#include "dlil_retire.h"
#include "dlil_sysfs.h"

#define RCVQ_LIMIT_MAX (1024 * 1024)

bool dlil_verbose;

module_param_named(multi_threaded_input, dlil_multi_threaded_input, bool, 0644);
MODULE_PARM_DESC(multi_threaded_input,
		 "ifnets attached from now on have an input thread each (1)");

module_param_named(verbose, dlil_verbose, bool, 0644);
MODULE_PARM_DESC(verbose, "log attaches and detaches (0)");

static int set_rcvq_limit(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, 1, RCVQ_LIMIT_MAX);
}

static const struct kernel_param_ops rcvq_limit_ops = {
	.set = set_rcvq_limit,
	.get = param_get_uint,
};

module_param_cb(rcvq_limit, &rcvq_limit_ops, &dlil_rcvq_limit, 0644);
__MODULE_PARM_TYPE(rcvq_limit, "uint");
MODULE_PARM_DESC(rcvq_limit, "packets an input queue holds (2048)");

static int __init dlil_init(void)
{
	int err;

	err = dlil_ifnet_module_init();
	if (err)
		return err;
	err = dlil_event_module_init();
	if (err)
		goto exit_ifnet;
	err = dlil_retire_module_init();
	if (err)
		goto exit_event;
	err = dlil_input_module_init();
	if (err)
		goto exit_retire;
	err = dlil_netdev_module_init();
	if (err)
		goto exit_input;
	err = dlil_sysfs_module_init();
	if (err)
		goto exit_netdev;
	err = dlil_netlink_module_init();
	if (err)
		goto exit_sysfs;
	return 0;

exit_sysfs:
	dlil_sysfs_module_exit();
exit_netdev:
	dlil_netdev_module_exit();
	dlil_ifnet_wait_all();
exit_input:
	dlil_input_module_exit();
exit_retire:
	dlil_retire_module_exit();
exit_event:
	dlil_event_module_exit();
exit_ifnet:
	dlil_ifnet_module_exit();
	return err;
}

/*
 * Users of the API pin us, so what is attached now was attached by netlink or
 * sysfs.  First nobody can attach any more, then what is attached goes, then the
 * threads that it needed for that.
 */
static void __exit dlil_exit(void)
{
	dlil_netlink_module_exit();
	dlil_sysfs_module_exit();
	dlil_netdev_module_exit();
	dlil_ifnet_wait_all();
	dlil_input_module_exit();
	dlil_retire_module_exit();
	dlil_event_module_exit();
	dlil_ifnet_module_exit();
}

module_init(dlil_init);
module_exit(dlil_exit);

MODULE_DESCRIPTION("Data Link Interface Layer");
MODULE_LICENSE("GPL");
MODULE_ALIAS_GENL_FAMILY(DLIL_GENL_NAME);
