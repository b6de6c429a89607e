// SPDX-License-Identifier: GPL-2.0
/*
 * The fuzzer's own ifnets: protocols and drivers, which take or refuse a packet
 * depending on its number.
 */
#include <linux/module.h>

#include "fuzz.h"

static int fuzz_input(void *cookie, struct dlil_ifnet *ifp, u32 family,
		      struct sk_buff *skb)
{
	struct fuzz_target *t = cookie;

	might_sleep();
	switch (fuzz_whim(skb, 2000) % 8) {
	case 0:
		fuzz_add(t, REFUSED, 1);
		return -EPROTO;
	case 1:
		fuzz_add(t, TAKEN_STOLEN, 1);
		kfree_skb(skb);
		return DLIL_STOLEN;
	default:
		fuzz_add(t, TAKEN, 1);
		consume_skb(skb);
		return 0;
	}
}

/* Takes none, some or all packets. */
static int fuzz_input_list(void *cookie, struct dlil_ifnet *ifp, u32 family,
			   struct sk_buff_head *list)
{
	static const int results[] = { 0, 0, DLIL_STOLEN, -EPROTO };
	struct sk_buff *skb, *next;
	struct fuzz_target *t = cookie;
	u32 n = 0;
	int ret;

	might_sleep();
	ret = results[fuzz_whim(skb_peek(list), 3000) % ARRAY_SIZE(results)];
	skb_queue_walk_safe(list, skb, next) {
		if (fuzz_whim(skb, 2000) % 8 == 0)
			continue;
		__skb_unlink(skb, list);
		consume_skb(skb);
		n++;
	}
	fuzz_add(t, ret == DLIL_STOLEN ? TAKEN_STOLEN : TAKEN, n);
	fuzz_add(t, REFUSED, skb_queue_len(list));
	return ret;
}

static int fuzz_pre_output(void *cookie, struct dlil_ifnet *ifp, u32 family,
			   struct sk_buff *skb, const struct sockaddr *dest,
			   struct dlil_frame *frame)
{
	struct fuzz_target *t = cookie;
	u32 r = fuzz_whim(skb, 2001);

	if (!in_softirq())
		fuzz_fail("pre_output runs with bottom halves on");
	switch (r % 8) {
	case 0:
		fuzz_add(t, KEPT, 1);
		kfree_skb(skb);
		return DLIL_STOLEN;
	case 1:
		return -EHOSTUNREACH;
	}
	frame->type = htons(r >> 8);
	memcpy(frame->dest, &r, sizeof(r));
	return 0;
}

static const struct dlil_proto_ops proto_ops = {
	.owner = THIS_MODULE,
	.input = fuzz_input,
	.input_list = fuzz_input_list,
	.pre_output = fuzz_pre_output,
};

static const struct dlil_demux_desc inet_descs[] = {
	{ DLIL_DESC_ETYPE, 2, { 0x08, 0x00 } },
	{ DLIL_DESC_ETYPE, 2, { 0x08, 0x06 } },
};

static const struct dlil_demux_desc inet6_descs[] = {
	{ DLIL_DESC_ETYPE, 2, { 0x86, 0xdd } },
};

static const struct dlil_demux_desc vlan_descs[] = {
	{ DLIL_DESC_ETYPE, 2, { 0x81, 0x00 } },
	{ DLIL_DESC_ETYPE, 2, { 0x88, 0xa8 } },
};

static const struct dlil_demux_desc llc_descs[] = {
	{ DLIL_DESC_SAP, 3, { 0x42, 0x42, 0x03 } },
	{ DLIL_DESC_SNAP, 5, { 0, 0, 0, 0x08, 0 } },
	{ DLIL_DESC_SNAP, 5, { 0, 0, 0x0c, 0x20, 0 } },
};

static const struct {
	u32 family;
	const struct dlil_demux_desc *descs;
	unsigned int n;
} protos[] = {
	{ DLIL_PF_INET, inet_descs, ARRAY_SIZE(inet_descs) },
	{ DLIL_PF_INET6, inet6_descs, ARRAY_SIZE(inet6_descs) },
	{ DLIL_PF_VLAN, vlan_descs, ARRAY_SIZE(vlan_descs) },
	{ FUZZ_PLUMBED, llc_descs, ARRAY_SIZE(llc_descs) },
};

static int attach(struct fuzz_target *t, unsigned int i)
{
	const struct dlil_proto_params params = {
		.ops = &proto_ops,
		.name = "fuzz",
		.cookie = t,
		.descs = protos[i].descs,
		.n_descs = protos[i].n,
	};

	return i % 2 ? dlil_proto_attach_v2(t->ifp, protos[i].family, &params) :
		       dlil_proto_attach(t->ifp, protos[i].family, &params);
}

/* All but the last, which is plumbed. */
int fuzz_proto_attach_all(struct fuzz_target *t)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(protos) - 1 && !err; i++)
		err = attach(t, i);
	return err;
}

int fuzz_proto_attach_plumbed(struct dlil_ifnet *ifp, u32 family)
{
	const struct dlil_driver_ops *driver = dlil_ifnet_driver(ifp);

	if (driver != &fuzz_driver && driver != &fuzz_list_driver)
		return -EOPNOTSUPP;
	return attach(dlil_ifnet_priv(ifp), ARRAY_SIZE(protos) - 1);
}

/* Drivers of the fuzzer's own ifnets: one that takes packets, and one that takes lists. */

static int fuzz_output(struct dlil_ifnet *ifp, struct sk_buff *skb)
{
	struct fuzz_target *t = dlil_ifnet_priv(ifp);
	bool sent = fuzz_whim(skb, 2002) % 8;

	if (!in_softirq())
		fuzz_fail("the driver's output runs with bottom halves on");
	fuzz_add(t, sent ? SENT : UNSENT, 1);
	kfree_skb(skb);
	return sent ? 0 : -ENOBUFS;
}

static void fuzz_unmatched(struct dlil_ifnet *ifp, struct sk_buff_head *list,
			   enum dlil_drop_reason why)
{
	struct fuzz_target *t = dlil_ifnet_priv(ifp);
	struct sk_buff *skb, *next;

	might_sleep();
	skb_queue_walk_safe(list, skb, next) {
		if (fuzz_whim(skb, 2003) % 2)
			continue;
		__skb_unlink(skb, list);
		kfree_skb(skb);
		fuzz_add(t, PASSED, 1);
	}
}

/* Leaves packets that it does not send. */
static int fuzz_output_list(struct dlil_ifnet *ifp, struct sk_buff_head *list)
{
	struct fuzz_target *t = dlil_ifnet_priv(ifp);
	struct sk_buff *skb, *next;

	if (!in_softirq())
		fuzz_fail("the driver's output_list runs with bottom halves on");
	if (skb_queue_empty(list))
		fuzz_fail("the driver got an empty list");
	skb_queue_walk_safe(list, skb, next) {
		if (fuzz_whim(skb, 2002) % 8 == 0) {
			fuzz_add(t, UNSENT, 1);
			continue;
		}
		__skb_unlink(skb, list);
		fuzz_add(t, SENT, 1);
		kfree_skb(skb);
	}
	return skb_queue_empty(list) ? 0 : -ENOBUFS;
}

/* A driver with output_list is never asked to send a single packet. */
static int fuzz_output_single(struct dlil_ifnet *ifp, struct sk_buff *skb)
{
	fuzz_fail("a driver that takes lists got a single packet");
	kfree_skb(skb);
	return -EOPNOTSUPP;
}

const struct dlil_driver_ops fuzz_driver = {
	.output = fuzz_output,
	.unmatched = fuzz_unmatched,
};

const struct dlil_driver_ops fuzz_list_driver = {
	.output = fuzz_output_single,
	.output_list = fuzz_output_list,
	.unmatched = fuzz_unmatched,
};
