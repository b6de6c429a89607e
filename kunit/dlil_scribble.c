// SPDX-License-Identifier: GPL-2.0
/*
 * A hostile filter for tests: its output callback overwrites all of skb->cb, as
 * it may, and with `grow` makes packets other than GSO packets longer by that
 * many bytes.  It is attached to the ifnet `dev`, which is written as in the
 * sample.
 */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <net/dlil.h>

static unsigned int grow;
module_param(grow, uint, 0644);
MODULE_PARM_DESC(grow, "bytes that are added to each packet");

static DEFINE_MUTEX(scribble_lock);
static dlil_filter_t scribble_ref;

static int scribble_output(void *cookie, struct dlil_ifnet *ifp, u32 family,
			   struct sk_buff **skb)
{
	unsigned int more = READ_ONCE(grow);

	memset((*skb)->cb, 0x11, sizeof((*skb)->cb));
	if (more && !skb_is_gso(*skb) &&
	    __skb_put_padto(*skb, (*skb)->len + more, false))
		return -ENOMEM;
	return 0;
}

static const struct dlil_filter_ops scribble_ops = {
	.owner = THIS_MODULE,
	.output = scribble_output,
};

static int scribble_attach(const char *name)
{
	const struct dlil_filter_params params = {
		.ops = &scribble_ops,
		.name = "scribble",
	};
	struct dlil_ifnet *ifp;
	int err;

	ifp = dlil_ifnet_by_name(current->nsproxy->net_ns, name);
	if (!ifp)
		return -ENODEV;
	err = dlil_filter_attach(ifp, &params, &scribble_ref);
	dlil_ifnet_put(ifp);
	return err;
}

static int dev_set(const char *val, const struct kernel_param *kp)
{
	char name[IFNAMSIZ];
	int err = 0;

	strscpy(name, val, sizeof(name));
	mutex_lock(&scribble_lock);
	if (scribble_ref)
		dlil_filter_detach(scribble_ref);
	scribble_ref = 0;
	if (*strim(name))
		err = scribble_attach(strim(name));
	mutex_unlock(&scribble_lock);
	return err;
}

static const struct kernel_param_ops dev_ops = {
	.set = dev_set,
};

module_param_cb(dev, &dev_ops, NULL, 0200);
MODULE_PARM_DESC(dev, "ifnet to be on, empty for none");

MODULE_DESCRIPTION("Filter that spoils skb->cb, for tests");
MODULE_LICENSE("GPL");
