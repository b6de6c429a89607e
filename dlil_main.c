// SPDX-License-Identifier: GPL-2.0
/* Module load and unload, parameters. */
#include <linux/ctype.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sysfs.h>
#include <net/genetlink.h>

#include "dlil_filter.h"
#include "dlil_ifnet.h"
#include "dlil_input.h"
#include "dlil_inspect.h"
#include "dlil_kind.h"
#include "dlil_netdev.h"
#include "dlil_netlink.h"
#include "dlil_proto.h"

/* Row INI-2. kstrtobool() looks at the first digit only: reject 10. */
static int get_switch(const char *val, bool *on)
{
	if (!val)
		val = "1";
	if (isdigit(val[0]) && isdigit(val[1]))
		return -EINVAL;
	return kstrtobool(val, on);
}

static int set_switch(const char *val, const struct kernel_param *kp)
{
	bool on;
	int err = get_switch(val, &on);

	if (!err)
		WRITE_ONCE(*(bool *)kp->arg, on);
	return err;
}

static const struct kernel_param_ops switch_ops = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG,
	.set = set_switch,
	.get = param_get_bool,
};

module_param_cb(multi_threaded_input, &switch_ops, &dlil_multi_threaded_input,
		0644);
__MODULE_PARM_TYPE(multi_threaded_input, "bool");
MODULE_PARM_DESC(multi_threaded_input,
		 "ifnets attached from now on have an input thread each (1)");

module_param_cb(verbose, &switch_ops, &dlil_verbose, 0644);
__MODULE_PARM_TYPE(verbose, "bool");
MODULE_PARM_DESC(verbose, "log attaches and detaches, and what drivers do not send (0)");

module_param_cb(input_sanity_check, &switch_ops, &dlil_input_sanity_check,
		0644);
__MODULE_PARM_TYPE(input_sanity_check, "bool");
MODULE_PARM_DESC(input_sanity_check,
		 "free queued packets of another ifnet or that were miscounted (0)");

module_param_cb(net_affinity, &switch_ops, &dlil_net_affinity, 0644);
__MODULE_PARM_TYPE(net_affinity, "bool");
MODULE_PARM_DESC(net_affinity,
		 "input threads of ifnets attached from now on stay near the processor that feeds them first (1)");

static int set_ifnet_debug(const char *val, const struct kernel_param *kp)
{
	bool on;
	int err = get_switch(val, &on);

	if (!err)
		dlil_debug_enable(on);
	return err;
}

static int get_ifnet_debug(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%c\n", dlil_debug_is_on() ? 'Y' : 'N');
}

static const struct kernel_param_ops ifnet_debug_ops = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG,
	.set = set_ifnet_debug,
	.get = get_ifnet_debug,
};

module_param_cb(ifnet_debug, &ifnet_debug_ops, NULL, 0644);
__MODULE_PARM_TYPE(ifnet_debug, "bool");
MODULE_PARM_DESC(ifnet_debug,
		 "record stack traces of reference users, see debugfs (0)");

static int set_net_rtref(const char *val, const struct kernel_param *kp)
{
	bool on;
	int err = get_switch(val, &on);

	if (!err)
		dlil_idle_force(on);
	return err;
}

static const struct kernel_param_ops net_rtref_ops = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG,
	.set = set_net_rtref,
	.get = param_get_bool,
};

module_param_cb(net_rtref, &net_rtref_ops, &dlil_net_rtref, 0644);
__MODULE_PARM_TYPE(net_rtref, "bool");
MODULE_PARM_DESC(net_rtref,
		 "report every ifnet that has lost its last route (0)");

static int set_traffic_classes(const char *val, const struct kernel_param *kp)
{
	bool on;
	int err = get_switch(val, &on);

	return err ?: dlil_class_enable(on);
}

static int get_traffic_classes(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%c\n", dlil_class_is_on() ? 'Y' : 'N');
}

static const struct kernel_param_ops traffic_classes_ops = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG,
	.set = set_traffic_classes,
	.get = get_traffic_classes,
};

module_param_cb(traffic_classes, &traffic_classes_ops, NULL, 0644);
__MODULE_PARM_TYPE(traffic_classes, "bool");
MODULE_PARM_DESC(traffic_classes,
		 "count packets and bytes of background, video and voice (0)");

static int set_rcvq_limit(const char *val, const struct kernel_param *kp)
{
	int err = param_set_uint_minmax(val, kp, 1, DLIL_INQ_PACKETS_MAX);

	return err == -ERANGE ? -EINVAL : err;
}

static const struct kernel_param_ops rcvq_limit_ops = {
	.set = set_rcvq_limit,
	.get = param_get_uint,
};

module_param_cb(rcvq_limit, &rcvq_limit_ops, &dlil_rcvq_limit, 0644);
__MODULE_PARM_TYPE(rcvq_limit, "uint");
MODULE_PARM_DESC(rcvq_limit,
		 "packets that the input queues of ifnets attached from now on hold (2048)");

static int set_rcvq_bytes(const char *val, const struct kernel_param *kp)
{
	int err = param_set_uint_minmax(val, kp, DLIL_INQ_BYTES_MIN,
					DLIL_INQ_BYTES_MAX);

	return err == -ERANGE ? -EINVAL : err;
}

static const struct kernel_param_ops rcvq_bytes_ops = {
	.set = set_rcvq_bytes,
	.get = param_get_uint,
};

module_param_cb(rcvq_bytes, &rcvq_bytes_ops, &dlil_rcvq_bytes, 0644);
__MODULE_PARM_TYPE(rcvq_bytes, "uint");
MODULE_PARM_DESC(rcvq_bytes,
		 "bytes that the input queues of ifnets attached from now on hold (33554432)");

static int set_gather_usecs(const char *val, const struct kernel_param *kp)
{
	unsigned int max = dlil_gather_has_timer() ? DLIL_GATHER_USECS_MAX : 0;
	int err = param_set_uint_minmax(val, kp, 0, max);

	return err == -ERANGE ? -EINVAL : err;
}

static const struct kernel_param_ops gather_usecs_ops = {
	.set = set_gather_usecs,
	.get = param_get_uint,
};

module_param_cb(gather_usecs, &gather_usecs_ops, &dlil_gather_usecs, 0644);
__MODULE_PARM_TYPE(gather_usecs, "uint");
MODULE_PARM_DESC(gather_usecs,
		 "microseconds that a stream of single packets may gather (50)");

static int nothing(void)
{
	return 0;
}

/*
 * In the order of loading.  Modules that use the API pin this one, so at unload
 * only netlink and sysfs can have attached anything.  Unloading first closes
 * these ways to attach, then detaches everything, then stops the threads, which
 * detaching needs.
 */
static const struct dlil_part parts[] = {
	{ nothing, dlil_slip_module_exit },
	{ dlil_life_module_init, dlil_life_module_exit },
	/* A check in flight holds references to ifnets. */
	{ dlil_overdue_module_init, dlil_overdue_module_exit },
	{ dlil_filter_module_init, dlil_filter_module_exit },
	{ dlil_match_module_init, dlil_match_module_exit },
	{ dlil_proto_module_init, dlil_proto_module_exit },
	{ nothing, dlil_lanes_flush },
	{ dlil_thread_module_init, dlil_thread_module_exit },
	{ dlil_host_module_init, dlil_host_module_exit },
	{ nothing, dlil_life_wait_all },
	{ dlil_netdev_module_init, dlil_netdev_module_exit },
	{ dlil_sysfs_module_init, dlil_sysfs_module_exit },
	{ dlil_netlink_nets_init, dlil_netlink_nets_exit },
	/*
	 * Both are unloaded after the family: its last requests are answered by the
	 * first, and may start what the second ends.
	 */
	{ dlil_control_module_init, dlil_control_module_exit },
	{ dlil_netlink_trace_init, dlil_netlink_trace_exit },
	{ dlil_netlink_module_init, dlil_netlink_module_exit },
	{ dlil_netlink_events_init, dlil_netlink_events_exit },
	{ dlil_debug_module_init, dlil_debug_module_exit },
};

/* Exit the first @n parts in reverse order. */
void dlil_parts_exit(const struct dlil_part *part, unsigned int n)
{
	while (n--)
		part[n].exit();
}
EXPORT_SYMBOL_FOR_TEST(dlil_parts_exit);

/* Initialise all @n parts, or none (INI-1). */
int dlil_parts_init(const struct dlil_part *part, unsigned int n)
{
	unsigned int i;
	int err;

	for (i = 0; i < n; i++) {
		err = part[i].init();
		if (!err)
			continue;
		dlil_parts_exit(part, i);
		return err;
	}
	return 0;
}
EXPORT_SYMBOL_FOR_TEST(dlil_parts_init);

static int __init dlil_init(void)
{
	return dlil_parts_init(parts, ARRAY_SIZE(parts));
}

static void __exit dlil_exit(void)
{
	dlil_parts_exit(parts, ARRAY_SIZE(parts));
}

module_init(dlil_init);
module_exit(dlil_exit);

MODULE_DESCRIPTION("Data Link Interface Layer");
MODULE_LICENSE("GPL");
MODULE_ALIAS_GENL_FAMILY(DLIL_GENL_NAME);
