// SPDX-License-Identifier: GPL-2.0
/*
 * A filter whose callbacks sleep until they are released, for tests of what a
 * sleeping callback may delay (LNX-13); or whose callbacks take RTNL (LNX-12).
 *
 *   dev      ifnet to attach to, by name; empty to detach, without waiting
 *   where    callbacks that sleep: input, event, ioctl, detached, with commas;
 *	      callbacks that sleep already are not affected
 *   asleep   number of callbacks that sleep now
 *   release  1 lets all of them return, including later ones; 0 makes later ones sleep
 *   gone     number of times that `detached` has returned
 *   rtnl     1 makes input, event and detached take and release RTNL
 *   took     number of times that input and detached have done so
 *   told     number of times that event has done so
 */
#include <linux/atomic.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/nsproxy.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/wait.h>
#include <net/dlil.h>
#include <net/net_namespace.h>

enum { IN_INPUT, IN_EVENT, IN_IOCTL, IN_DETACHED, N_PLACES };

static const char * const places[N_PLACES] = {
	[IN_INPUT] = "input",
	[IN_EVENT] = "event",
	[IN_IOCTL] = "ioctl",
	[IN_DETACHED] = "detached",
};

static unsigned long sleep_in;
static bool released;
static bool take_rtnl;
static atomic_t took = ATOMIC_INIT(0);
static atomic_t told = ATOMIC_INIT(0);
static atomic_t asleep = ATOMIC_INIT(0);
static atomic_t gone = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(wake);

/* Serialises writes of `dev`; guards the following variables. */
static DEFINE_MUTEX(dev_lock);
static char sleeper_dev[IFNAMSIZ];
static dlil_filter_t ref;
static bool loaded;

static void sleep_if(unsigned int place)
{
	if (READ_ONCE(take_rtnl) && place != IN_IOCTL) {
		rtnl_lock();
		rtnl_unlock();
		atomic_inc(place == IN_EVENT ? &told : &took);
	}
	if (!test_bit(place, &sleep_in) || READ_ONCE(released))
		return;
	atomic_inc(&asleep);
	wait_event_idle(wake, READ_ONCE(released));
	atomic_dec(&asleep);
}

static int sleeper_input(void *cookie, struct dlil_ifnet *ifp, u32 family,
			 struct sk_buff **skb)
{
	sleep_if(IN_INPUT);
	return 0;
}

static void sleeper_event(void *cookie, struct dlil_ifnet *ifp,
			  const struct dlil_event *event)
{
	sleep_if(IN_EVENT);
}

static int sleeper_ioctl(void *cookie, struct dlil_ifnet *ifp, u32 family,
			 u32 code, void *arg)
{
	sleep_if(IN_IOCTL);
	return -EOPNOTSUPP;
}

static void sleeper_detached(void *cookie, struct dlil_ifnet *ifp)
{
	sleep_if(IN_DETACHED);
	atomic_inc(&gone);
}

static const struct dlil_filter_ops sleeper_ops = {
	.owner = THIS_MODULE,
	.input = sleeper_input,
	.event = sleeper_event,
	.ioctl = sleeper_ioctl,
	.detached = sleeper_detached,
};

static int attach(const char *name)
{
	const struct dlil_filter_params params = {
		.ops = &sleeper_ops,
		.name = "sleeper",
	};
	struct dlil_ifnet *ifp;
	int err;

	ifp = dlil_ifnet_by_name(current->nsproxy->net_ns, name);
	if (!ifp)
		return -ENODEV;
	err = dlil_filter_attach(ifp, &params, &ref);
	dlil_ifnet_put(ifp);
	return err;
}

static int set_dev(const char *val, const struct kernel_param *kp)
{
	char name[IFNAMSIZ + 1];
	int err = 0;

	if (strscpy(name, val, sizeof(name)) < 0)
		return -EINVAL;
	mutex_lock(&dev_lock);
	if (ref)
		dlil_filter_detach_async(ref);
	ref = 0;
	strscpy(sleeper_dev, strim(name), sizeof(sleeper_dev));
	if (*sleeper_dev && loaded)
		err = attach(sleeper_dev);
	mutex_unlock(&dev_lock);
	return err;
}

static int get_dev(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", sleeper_dev);
}

static const struct kernel_param_ops dev_ops = {
	.set = set_dev,
	.get = get_dev,
};
module_param_cb(dev, &dev_ops, NULL, 0644);

static int set_where(const char *val, const struct kernel_param *kp)
{
	unsigned int i;

	for (i = 0; i < N_PLACES; i++)
		if (strstr(val, places[i]))
			set_bit(i, &sleep_in);
		else
			clear_bit(i, &sleep_in);
	return 0;
}

static int get_where(char *buf, const struct kernel_param *kp)
{
	unsigned int i;
	int len = 0;

	for_each_set_bit(i, &sleep_in, N_PLACES)
		len += sysfs_emit_at(buf, len, len ? ",%s" : "%s", places[i]);
	return len + sysfs_emit_at(buf, len, "\n");
}

static const struct kernel_param_ops where_ops = {
	.set = set_where,
	.get = get_where,
};
module_param_cb(where, &where_ops, NULL, 0644);

static int set_release(const char *val, const struct kernel_param *kp)
{
	int err = param_set_bool(val, kp);

	wake_up_all(&wake);
	return err;
}

static const struct kernel_param_ops release_ops = {
	.set = set_release,
	.get = param_get_bool,
};
module_param_cb(release, &release_ops, &released, 0644);

static int get_count(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%d\n", atomic_read(kp->arg));
}

static const struct kernel_param_ops count_ops = {
	.get = get_count,
};
module_param_cb(asleep, &count_ops, &asleep, 0444);
module_param_cb(gone, &count_ops, &gone, 0444);
module_param_cb(took, &count_ops, &took, 0444);
module_param_cb(told, &count_ops, &told, 0444);
module_param_named(rtnl, take_rtnl, bool, 0644);

static int __init sleeper_init(void)
{
	int err = 0;

	mutex_lock(&dev_lock);
	loaded = true;
	if (*sleeper_dev)
		err = attach(sleeper_dev);
	mutex_unlock(&dev_lock);
	return err;
}

/* An attached filter pins the module, so nothing is left to do. */
static void __exit sleeper_exit(void)
{
}

module_init(sleeper_init);
module_exit(sleeper_exit);

MODULE_DESCRIPTION("Filter of DLIL that sleeps");
MODULE_LICENSE("GPL");
