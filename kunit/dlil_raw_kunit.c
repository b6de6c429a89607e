// SPDX-License-Identifier: GPL-2.0
/* The raw family: row LNX-9, its demux and its framer. */
#include <linux/etherdevice.h>
#include <linux/if_ether.h>

#include "fake.h"

#define PF_V4	FAKE_PF_A
#define PF_V6	FAKE_PF_B
#define PF_TAG	FAKE_PF_C

#define ETYPE(type) { DLIL_DESC_ETYPE, 2, { (type) >> 8, (type) & 0xff } }

static const struct dlil_demux_desc ip_desc = ETYPE(ETH_P_IP);
static const struct dlil_demux_desc ip6_desc = ETYPE(ETH_P_IPV6);
static const struct dlil_demux_desc mpls_desc = ETYPE(ETH_P_MPLS_UC);

/* A raw link has no addresses. */
static struct fake *raw_attached(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_RAW);

	fake->params.family = &dlil_raw_family_ops;
	fake->params.addr_len = 0;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	return fake;
}

static struct fake_proto *raw_proto(struct fake *fake, u32 family,
				    const struct dlil_demux_desc *desc)
{
	struct fake_proto *proto = fake_proto_new(fake, 'P', family);

	proto->params.descs = desc;
	proto->params.n_descs = 1;
	return proto;
}

static struct fake *raw_with_protos(struct kunit *test,
				    struct fake_proto **protos)
{
	struct fake *fake = raw_attached(test);
	int i;

	protos[0] = raw_proto(fake, PF_V4, &ip_desc);
	protos[1] = raw_proto(fake, PF_V6, &ip6_desc);
	protos[2] = raw_proto(fake, PF_TAG, &mpls_desc);
	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_EQ(test, fake_proto_attach(protos[i]), 0);
	return fake;
}

/**
 * struct packet_case - a packet, and the expected demux result
 * @name: name of the case
 * @type: skb->protocol set by the driver, or 0
 * @len: length
 * @first: first byte, followed by zeros
 * @err: expected result
 * @family: expected protocol family
 */
struct packet_case {
	const char *name;
	u16 type;
	unsigned int len;
	u8 first;
	int err;
	u32 family;
};

static const struct packet_case packet_cases[] = {
	{ "version 4", 0, 20, 0x45, 0, PF_V4 },
	{ "version 4, with options", 0, 61, 0x4f, 0, PF_V4 },
	{ "version 4, header length 0", 0, 3, 0x40, 0, PF_V4 },
	{ "version 4, one byte", 0, 1, 0x45, 0, PF_V4 },
	{ "version 6", 0, 41, 0x60, 0, PF_V6 },
	{ "version 6, one byte", 0, 1, 0x6f, 0, PF_V6 },
	{ "version 0", 0, 33, 0x00, -ENOENT },
	{ "version 5", 0, 33, 0x54, -ENOENT },
	{ "version 15", 0, 33, 0xf4, -ENOENT },
	{ "4 in the wrong half", 0, 33, 0x04, -ENOENT },
	{ "no byte", 0, 0, 0x45, -EINVAL },
	{ "told: IPv4", ETH_P_IP, 21, 0x45, 0, PF_V4 },
	{ "told: IPv6", ETH_P_IPV6, 41, 0x60, 0, PF_V6 },
	{ "told: MPLS, whose label looks like IPv4", ETH_P_MPLS_UC, 7, 0x45,
	  0, PF_TAG },
	{ "told: nobody's, though it looks like IPv4", ETH_P_IPX, 33, 0x45,
	  -ENOENT },
	{ "told: the driver knows better", ETH_P_IP, 33, 0x60, 0, PF_V4 },
	{ "told: no byte is needed", ETH_P_IP, 0, 0x60, 0, PF_V4 },
};

static void packet_desc(const struct packet_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(packet, packet_cases, packet_desc);

/*
 * Behind the end is a byte that demux must not read, and in front of the data
 * is the header that a driver has stripped, 0x66, which does not matter here.
 */
static struct sk_buff *packet_of(struct fake *fake,
				 const struct packet_case *c)
{
	struct sk_buff *skb = fake_skb(fake, c->len + 1);
	u8 *data = skb_put_zero(skb, c->len + 1);

	data[-1] = 0x66;
	data[0] = c->first;
	__skb_trim(skb, c->len);
	skb_reset_mac_header(skb);
	skb_reset_network_header(skb);
	skb->protocol = htons(c->type);
	skb->pkt_type = PACKET_OTHERHOST;
	return skb;
}

static int demux(struct fake *fake, struct sk_buff *skb, u32 *family)
{
	int err;

	*family = 0;
	rcu_read_lock();
	err = dlil_raw_demux(fake->ifp, skb, family);
	rcu_read_unlock();
	return err;
}

static void expect_packet(struct fake *fake, const struct packet_case *c,
			  struct sk_buff *skb)
{
	u32 family;

	KUNIT_EXPECT_EQ(fake->test, demux(fake, skb, &family), c->err);
	KUNIT_EXPECT_EQ(fake->test, family, c->family);
	KUNIT_EXPECT_TRUE(fake->test, skb->pkt_type == PACKET_HOST);
	KUNIT_EXPECT_EQ(fake->test, skb->len, c->len);
	kfree_skb(skb);
}

/* LNX-9: demux by type or IP version, for any length. */
static void demux_packet(struct kunit *test)
{
	const struct packet_case *c = test->param_value;
	struct fake_proto *protos[3];
	struct fake *fake = raw_with_protos(test, protos);

	expect_packet(fake, c, packet_of(fake, c));
}

/* The whole packet in a page, as large packets of tun are. */
static struct sk_buff *paged_packet_of(struct fake *fake,
				       const struct packet_case *c)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	struct sk_buff *skb = fake_skb(fake, 1);

	KUNIT_ASSERT_NOT_NULL(fake->test, page);
	*(u8 *)page_address(page) = c->first;
	if (c->len)
		skb_add_rx_frag(skb, 0, page, 0, c->len, PAGE_SIZE);
	else
		put_page(page);
	skb_reset_mac_header(skb);
	skb->protocol = htons(c->type);
	return skb;
}

/* LNX-9: the same for a packet without linear data. */
static void demux_paged(struct kunit *test)
{
	const struct packet_case *c = test->param_value;
	struct fake_proto *protos[3];
	struct fake *fake = raw_with_protos(test, protos);

	expect_packet(fake, c, paged_packet_of(fake, c));
}

/* LNX-9: demux trusts a driver that classifies packets itself. */
static void demux_classified(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_LOOPBACK);
	struct sk_buff *skb;
	u32 family;

	fake->params.family = &dlil_raw_family_ops;
	fake->params.attrs = DLIL_ATTR_CLASSIFIED;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	skb = packet_of(fake, &packet_cases[0]);
	KUNIT_EXPECT_EQ(test, demux(fake, skb, &family), -ENOENT);
	KUNIT_EXPECT_TRUE(test, skb->pkt_type == PACKET_OTHERHOST);
	kfree_skb(skb);
}

/* LNX-9, INP-8: the same packets through the input thread. */
static void demux_through_input(struct kunit *test)
{
	struct fake *fake = raw_attached(test);
	unsigned int i, taken[3] = {};
	struct fake_proto *protos[3] = {
		raw_proto(fake, PF_V4, &ip_desc),
		raw_proto(fake, PF_V6, &ip6_desc),
		raw_proto(fake, PF_TAG, &mpls_desc),
	};
	struct dlil_account want = {};
	struct sk_buff_head list;

	for (i = 0; i < 3; i++) {
		protos[i]->ops.input = fake_proto_take;
		KUNIT_ASSERT_EQ(test, fake_proto_attach(protos[i]), 0);
	}
	__skb_queue_head_init(&list);
	for (i = 0; i < ARRAY_SIZE(packet_cases); i++) {
		const struct packet_case *c = &packet_cases[i];

		__skb_queue_tail(&list, packet_of(fake, c));
		if (!c->err) {
			want.delivered++;
			taken[c->family - PF_V4]++;
		} else if (c->err == -ENOENT) {
			want.drops[DLIL_DROP_NOPROTO]++;
		} else {
			want.drops[DLIL_DROP_DEMUX]++;
		}
	}
	fake_input(fake, &list);

	fake_read(fake);
	fake_expect_account(fake, &fake->in, &want, __LINE__);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&protos[i]->packets),
				taken[i]);
}

struct desc_case {
	const char *name;
	struct dlil_demux_desc desc;
	int err;
};

static const struct desc_case desc_cases[] = {
	{ "a type", ETYPE(ETH_P_IPX), 0 },
	{ "a type that is taken", ETYPE(ETH_P_IP), -EADDRINUSE },
	{ "a type of 1 byte", { DLIL_DESC_ETYPE, 1, { 8 } }, -EINVAL },
	{ "SAP", { DLIL_DESC_SAP, 3, { 0x42, 0x42, 3 } }, -EOPNOTSUPP },
	{ "SNAP", { DLIL_DESC_SNAP, 5, { 0, 0, 0, 8 } }, -EOPNOTSUPP },
	{ "kind 0", { 0, 2, { 8 } }, -EOPNOTSUPP },
};

static void desc_desc(const struct desc_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(desc, desc_cases, desc_desc);

static int demux_type(struct fake *fake, u16 type)
{
	struct packet_case c = { .type = type, .len = 5 };
	struct sk_buff *skb = packet_of(fake, &c);
	u32 family;
	int err;

	err = demux(fake, skb, &family);
	kfree_skb(skb);
	return err;
}

/* LNX-9: only EtherTypes; after an error no descriptor is left. */
static void descriptors(struct kunit *test)
{
	const struct desc_case *c = test->param_value;
	const struct dlil_demux_desc descs[] = { ETYPE(ETH_P_ATALK), c->desc };
	struct fake *fake = raw_attached(test);
	struct fake_proto *proto;

	KUNIT_ASSERT_EQ(test,
			fake_proto_attach(raw_proto(fake, PF_V4, &ip_desc)), 0);
	proto = raw_proto(fake, PF_V6, descs);
	proto->params.n_descs = 2;
	KUNIT_EXPECT_EQ(test, fake_proto_attach(proto), c->err);
	KUNIT_EXPECT_EQ(test, demux_type(fake, ETH_P_ATALK),
			c->err ? -ENOENT : 0);
	KUNIT_EXPECT_EQ(test, demux_type(fake, ETH_P_IP), 0);
	if (!c->err)
		KUNIT_EXPECT_EQ(test, dlil_proto_detach(fake->ifp, PF_V6), 0);
	KUNIT_EXPECT_EQ(test, demux_type(fake, ETH_P_ATALK), -ENOENT);
}

static int pre_output(void *cookie, struct dlil_ifnet *ifp, u32 family,
		      struct sk_buff *skb, const struct sockaddr *dest,
		      struct dlil_frame *frame)
{
	frame->type = htons(ETH_P_IPV6);
	return 0;
}

/* LNX-9, OUT-4: the framer adds no header, but sets skb->protocol. */
static void framer(struct kunit *test)
{
	struct fake *fake = raw_attached(test);
	struct fake_proto *proto = raw_proto(fake, PF_V6, &ip6_desc);
	struct sk_buff *skb = fake_tx(fake, 7);
	unsigned int len = skb->len;
	struct sk_buff_head list;

	proto->ops.pre_output = pre_output;
	KUNIT_ASSERT_EQ(test, fake_proto_attach(proto), 0);
	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, skb);
	KUNIT_EXPECT_EQ(test, fake_output(fake, PF_V6, &list, 0), 0);

	skb = skb_peek(&fake->sent);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_EQ(test, skb->len, len);
	KUNIT_EXPECT_EQ(test, ntohs(skb->protocol), ETH_P_IPV6);
	KUNIT_EXPECT_PTR_EQ(test, skb_mac_header(skb), skb->data);
	KUNIT_EXPECT_PTR_EQ(test, skb_network_header(skb), skb->data);
	fake_read(fake);
	FAKE_EXPECT_OUT(fake, .delivered = 1);
	KUNIT_EXPECT_EQ(test, fake->stats.obytes, len);
}

static struct kunit_case dlil_raw_cases[] = {
	KUNIT_CASE_PARAM(demux_packet, packet_gen_params),
	KUNIT_CASE_PARAM(demux_paged, packet_gen_params),
	KUNIT_CASE(demux_classified),
	KUNIT_CASE(demux_through_input),
	KUNIT_CASE_PARAM(descriptors, desc_gen_params),
	KUNIT_CASE(framer),
	{}
};

static struct kunit_suite dlil_raw_suite = {
	.name = "dlil_raw",
	.test_cases = dlil_raw_cases,
};

kunit_test_suite(dlil_raw_suite);
