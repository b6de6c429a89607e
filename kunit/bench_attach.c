// SPDX-License-Identifier: GPL-2.0
/* Filters and protocols without any effect, on the ifnet of the device. */
#include <linux/module.h>
#include <net/net_namespace.h>

#include "bench.h"

#define MAX_FILTERS	256
#define MAX_PROTOS	64

static dlil_filter_t filters[MAX_FILTERS];
static unsigned int n_filters, n_protos;

static int empty(void *cookie, struct dlil_ifnet *ifp, u32 family,
		 struct sk_buff **skb)
{
	return 0;
}

static void empty_list(void *cookie, struct dlil_ifnet *ifp, u32 family,
		       struct sk_buff_head *list, struct sk_buff_head *drop)
{
}

static const struct dlil_filter_ops empty_ops = {
	.owner = THIS_MODULE,
	.input = empty,
	.output = empty,
};

static const struct dlil_filter_ops list_ops = {
	.owner = THIS_MODULE,
	.input_list = empty_list,
};

/* The kinds of filters, by name. */
static const struct {
	const char *name;
	const struct dlil_filter_ops *ops;
} kinds[] = {
	{ "empty", &empty_ops },
	{ "list", &list_ops },
};

static int attach_filters(struct dlil_ifnet *ifp,
			  const struct dlil_filter_ops *ops, const char *name,
			  unsigned int n)
{
	const struct dlil_filter_params params = { .ops = ops, .name = name };
	int err = 0;

	while (!err && n_filters < min_t(unsigned int, n, MAX_FILTERS)) {
		err = dlil_filter_attach(ifp, &params, &filters[n_filters]);
		n_filters += !err;
	}
	return err;
}

static int proto_input(void *cookie, struct dlil_ifnet *ifp, u32 family,
		       struct sk_buff *skb)
{
	kfree_skb(skb);
	return 0;
}

static const struct dlil_proto_ops proto_ops = {
	.owner = THIS_MODULE,
	.input = proto_input,
};

static int attach_protos(struct dlil_ifnet *ifp, unsigned int n)
{
	int err = 0;

	while (!err && n_protos < min_t(unsigned int, n, MAX_PROTOS)) {
		const struct dlil_demux_desc desc = {
			DLIL_DESC_ETYPE, 2, { 0x9f, n_protos }
		};
		const struct dlil_proto_params params = {
			.ops = &proto_ops,
			.name = "bench",
			.descs = &desc,
			.n_descs = 1,
		};

		err = dlil_proto_attach(ifp, DLIL_PF_PRIVATE + n_protos,
					&params);
		n_protos += !err;
	}
	return err;
}

static int post_events(struct dlil_ifnet *ifp, unsigned int n)
{
	int err = 0;

	while (!err && n--)
		err = dlil_event_post_class(ifp, 77, 1, 1, NULL, 0);
	return err;
}

/* Attach @n filters of the kind @what, or `protos`; or post @n `events`. */
int bench_attach(const char *what, unsigned int n)
{
	struct dlil_ifnet *ifp;
	int err = -EINVAL;
	unsigned int i;

	ifp = dlil_ifnet_by_index(&init_net, bench_dev->ifindex);
	if (!ifp)
		return -ENXIO;
	if (!strcmp(what, "protos"))
		err = attach_protos(ifp, n);
	else if (!strcmp(what, "events"))
		err = post_events(ifp, n);
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(what, kinds[i].name))
			err = attach_filters(ifp, kinds[i].ops, what, n);
	dlil_ifnet_put(ifp);
	return err;
}

/* They are gone already if the device has been unwrapped. */
void bench_detach_all(void)
{
	struct dlil_ifnet *ifp;

	while (n_filters)
		dlil_filter_detach(filters[--n_filters]);
	ifp = dlil_ifnet_by_index(&init_net, bench_dev->ifindex);
	while (n_protos) {
		n_protos--;
		if (ifp)
			dlil_proto_detach(ifp, DLIL_PF_PRIVATE + n_protos);
	}
	if (ifp)
		dlil_ifnet_put(ifp);
}

/* Wait until the ifnet, if there is one, has processed its queue. */
void bench_settle(void)
{
	struct dlil_ifnet *ifp;

	ifp = dlil_ifnet_by_index(&init_net, bench_dev->ifindex);
	if (!ifp)
		return;
	dlil_input_flush(ifp);
	dlil_ifnet_put(ifp);
}
