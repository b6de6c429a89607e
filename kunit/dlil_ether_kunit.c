// SPDX-License-Identifier: GPL-2.0
/* The Ethernet family: rows PRO-6 and PRO-7, and its framer. */
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>

#include "fake.h"

#define PF_ETYPE	FAKE_PF_A
#define PF_SAP		FAKE_PF_B
#define PF_SNAP		FAKE_PF_C

#define ETYPE(a, b)	{ DLIL_DESC_ETYPE, 2, { a, b } }
#define SAP(a, b, c)	{ DLIL_DESC_SAP, 3, { a, b, c } }
#define SNAP(a, b, c, d, e) { DLIL_DESC_SNAP, 5, { a, b, c, d, e } }

/* The descriptors of the protocols in the demux tests. */
static const struct dlil_demux_desc etype_descs[] = {
	ETYPE(0x08, 0x00), ETYPE(0x06, 0x00), ETYPE(0x81, 0x00),
};

static const struct dlil_demux_desc sap_descs[] = {
	SAP(0x42, 0x42, 0x03), SAP(0xe0, 0xe0, 0x03), SAP(0xaa, 0xaa, 0x04),
};

static const struct dlil_demux_desc snap_descs[] = {
	SNAP(0x00, 0x00, 0x0c, 0x20, 0x00), SNAP(0x00, 0x00, 0x00, 0x08, 0x00),
};

static const u8 broadcast[ETH_ALEN] = { 255, 255, 255, 255, 255, 255 };

static struct fake *ether_acquire(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);

	fake->params.family = &dlil_ether_family_ops;
	fake->params.broadcast = broadcast;
	return fake;
}

static struct fake *ether_attached(struct kunit *test)
{
	struct fake *fake = ether_acquire(test);

	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	return fake;
}

static struct fake_proto *ether_proto(struct fake *fake, u32 family,
				      const struct dlil_demux_desc *descs,
				      unsigned int n)
{
	struct fake_proto *proto = fake_proto_new(fake, 'P', family);

	proto->params.descs = descs;
	proto->params.n_descs = n;
	return proto;
}

static void ether_protos(struct fake *fake, struct fake_proto **protos)
{
	protos[0] = ether_proto(fake, PF_ETYPE, etype_descs,
				ARRAY_SIZE(etype_descs));
	protos[1] = ether_proto(fake, PF_SAP, sap_descs,
				ARRAY_SIZE(sap_descs));
	protos[2] = ether_proto(fake, PF_SNAP, snap_descs,
				ARRAY_SIZE(snap_descs));
}

static struct fake *ether_with_protos(struct kunit *test)
{
	struct fake *fake = ether_attached(test);
	struct fake_proto *protos[3];
	int i;

	ether_protos(fake, protos);
	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_EQ(test, fake_proto_attach(protos[i]), 0);
	return fake;
}

/* Attach a protocol with one descriptor. */
static int attach_one(struct fake *fake, u32 family,
		      struct dlil_demux_desc desc)
{
	return fake_proto_attach(ether_proto(fake, family, &desc, 1));
}

/*
 * A frame of @len bytes, of which the first @have are present.  The others are
 * in memory behind the end of the packet, where nobody may read them.
 */
static struct sk_buff *frame(struct fake *fake, const u8 *data,
			     unsigned int len, unsigned int have)
{
	struct sk_buff *skb = fake_skb(fake, len);

	skb_reset_mac_header(skb);
	memcpy(skb_put(skb, len), data, len);
	__skb_trim(skb, have);
	__skb_pull(skb, min_t(unsigned int, have, ETH_HLEN));
	skb_reset_network_header(skb);
	return skb;
}

static int demux(struct fake *fake, struct sk_buff *skb, u32 *family)
{
	int err;

	*family = 0;
	rcu_read_lock();
	err = dlil_ether_demux(fake->ifp, skb, family);
	rcu_read_unlock();
	return err;
}

static const u8 somebody[ETH_ALEN] = { 2, 0x11, 0x22, 0x33, 0x44, 0x56 };
static const u8 group[ETH_ALEN] = { 0x01, 0x00, 0x5e, 0, 0, 1 };
static const u8 bridges[ETH_ALEN] = { 0x01, 0x80, 0xc2, 0, 0, 0 };

/**
 * struct frame_case - a frame, and the expected demux result
 * @name: name of the case
 * @len: length of the frame
 * @dest: destination address
 * @data: bytes behind the addresses, followed by zeros
 * @err: expected result
 * @family: expected protocol family
 * @type: expected PACKET_*
 */
struct frame_case {
	const char *name;
	unsigned int len;
	const u8 *dest;
	u8 data[20];
	int err;
	u32 family;
	u8 type;
};

static const struct frame_case frame_cases[] = {
	{
		"Ethernet II", 60, fake_lladdr,
		{ 0x08, 0x00 },
		0, PF_ETYPE,
	}, {
		"Ethernet II without payload", 14, fake_lladdr,
		{ 0x08, 0x00 },
		0, PF_ETYPE,
	}, {
		"unknown type", 60, fake_lladdr,
		{ 0x08, 0x06 },
		-ENOENT,
	}, {
		"the smallest type", 60, fake_lladdr,
		{ 0x06, 0x00 },
		0, PF_ETYPE,
	}, {
		"the largest length, frame too short", 1514, fake_lladdr,
		{ 0x05, 0xff, 0x42, 0x42, 0x03 },
		-ENOENT,
	}, {
		"the largest length", 14 + 0x5ff, fake_lladdr,
		{ 0x05, 0xff, 0x42, 0x42, 0x03 },
		0, PF_SAP,
	}, {
		"802.2", 60, fake_lladdr,
		{ 0x00, 0x26, 0x42, 0x42, 0x03 },
		0, PF_SAP,
	}, {
		"802.2, other control", 60, fake_lladdr,
		{ 0x00, 0x26, 0x42, 0x42, 0x7f },
		-ENOENT,
	}, {
		"802.2, other source SAP", 60, fake_lladdr,
		{ 0x00, 0x26, 0x42, 0x43, 0x03 },
		-ENOENT,
	}, {
		"802.2, nothing but the header", 17, fake_lladdr,
		{ 0x00, 0x03, 0xe0, 0xe0, 0x03 },
		0, PF_SAP,
	}, {
		"802.2, length cuts the header", 60, fake_lladdr,
		{ 0x00, 0x02, 0x42, 0x42, 0x03 },
		-ENOENT,
	}, {
		"length 0", 60, fake_lladdr,
		{ 0x00, 0x00, 0x42, 0x42, 0x03 },
		-ENOENT,
	}, {
		"802.2, length past the end", 60, fake_lladdr,
		{ 0x00, 0x2f, 0x42, 0x42, 0x03 },
		-ENOENT,
	}, {
		"802.2, length as the frame's", 60, fake_lladdr,
		{ 0x00, 0x2e, 0x42, 0x42, 0x03 },
		0, PF_SAP,
	}, {
		"SNAP", 60, fake_lladdr,
		{ 0x00, 0x26, 0xaa, 0xaa, 0x03, 0x00, 0x00, 0x0c, 0x20, 0x00 },
		0, PF_SNAP,
	}, {
		"SNAP, type of Ethernet II", 60, fake_lladdr,
		{ 0x00, 0x26, 0xaa, 0xaa, 0x03, 0x00, 0x00, 0x00, 0x08, 0x00 },
		0, PF_SNAP,
	}, {
		"SNAP, unknown type", 60, fake_lladdr,
		{ 0x00, 0x26, 0xaa, 0xaa, 0x03, 0x00, 0x00, 0x0c, 0x20, 0x01 },
		-ENOENT,
	}, {
		"SNAP, unknown organisation", 60, fake_lladdr,
		{ 0x00, 0x26, 0xaa, 0xaa, 0x03, 0x00, 0x01, 0x0c, 0x20, 0x00 },
		-ENOENT,
	}, {
		"SNAP, length cuts the type", 60, fake_lladdr,
		{ 0x00, 0x07, 0xaa, 0xaa, 0x03, 0x00, 0x00, 0x0c, 0x20, 0x00 },
		-ENOENT,
	}, {
		"802.2, frame ends in the header", 16, fake_lladdr,
		{ 0x00, 0x02, 0x42, 0x42, 0x03 },
		-EINVAL,
	}, {
		"length 0, nothing behind it", 14, fake_lladdr,
		{ 0x00, 0x00, 0x42, 0x42, 0x03 },
		-EINVAL,
	}, {
		"SNAP, frame ends in the type", 21, fake_lladdr,
		{ 0x00, 0x07, 0xaa, 0xaa, 0x03, 0x00, 0x00, 0x0c, 0x20, 0x00 },
		-EINVAL,
	}, {
		"raw 802.3", 60, fake_lladdr,
		{ 0x00, 0x2e, 0xff, 0xff, 0x00, 0x22 },
		-ENOENT,
	}, {
		"SNAP, nothing but the header", 22, fake_lladdr,
		{ 0x00, 0x08, 0xaa, 0xaa, 0x03, 0x00, 0x00, 0x0c, 0x20, 0x00 },
		0, PF_SNAP,
	}, {
		"SAPs of SNAP, other control", 60, fake_lladdr,
		{ 0x00, 0x03, 0xaa, 0xaa, 0x04 },
		0, PF_SAP,
	}, {
		"VLAN tag in the frame", 64, fake_lladdr,
		{ 0x81, 0x00, 0x00, 0x07, 0x08, 0x00 },
		0, PF_ETYPE,
	}, {
		"for somebody else", 60, somebody,
		{ 0x08, 0x00 },
		0, PF_ETYPE, PACKET_OTHERHOST,
	}, {
		"for somebody else, unknown type", 60, somebody,
		{ 0x08, 0x06 },
		-ENOENT, 0, PACKET_OTHERHOST,
	}, {
		"multicast", 60, group,
		{ 0x08, 0x00 },
		0, PF_ETYPE, PACKET_MULTICAST,
	}, {
		"multicast, 802.2", 60, bridges,
		{ 0x00, 0x26, 0x42, 0x42, 0x03 },
		0, PF_SAP, PACKET_MULTICAST,
	}, {
		"broadcast", 60, broadcast,
		{ 0x08, 0x00 },
		0, PF_ETYPE, PACKET_BROADCAST,
	},
};

static void frame_desc(const struct frame_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(frame, frame_cases, frame_desc);

/* Number of bytes that a case defines. */
#define KNOWN ((unsigned int)(2 * ETH_ALEN + sizeof_field(struct frame_case, data)))

static struct sk_buff *frame_of(struct fake *fake, const struct frame_case *c,
				unsigned int have)
{
	struct sk_buff *skb;
	u8 *data;

	data = kunit_kzalloc(fake->test, max(c->len, KNOWN), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(fake->test, data);
	memcpy(data, c->dest, ETH_ALEN);
	memcpy(data + ETH_ALEN, somebody, ETH_ALEN);
	memcpy(data + 2 * ETH_ALEN, c->data, sizeof(c->data));
	skb = frame(fake, data, c->len, have);
	kunit_kfree(fake->test, data);
	return skb;
}

/* PRO-7 */
static void demux_frame(struct kunit *test)
{
	const struct frame_case *c = test->param_value;
	struct fake *fake = ether_with_protos(test);
	struct sk_buff *skb = frame_of(fake, c, c->len);
	u32 family;

	KUNIT_EXPECT_EQ(test, demux(fake, skb, &family), c->err);
	KUNIT_EXPECT_EQ(test, family, c->family);
	KUNIT_EXPECT_EQ(test, (u8)skb->pkt_type, c->type);
	kfree_skb(skb);
}

/* PRO-7: demux trusts a driver that classifies packets itself. */
static void demux_classified(struct kunit *test)
{
	const struct frame_case *c = test->param_value;
	struct fake *fake = ether_acquire(test);
	struct sk_buff *skb;
	u32 family;

	fake->params.attrs = DLIL_ATTR_CLASSIFIED;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	skb = frame_of(fake, c, c->len);
	skb->pkt_type = PACKET_OUTGOING;
	demux(fake, skb, &family);
	KUNIT_EXPECT_EQ(test, (u8)skb->pkt_type, PACKET_OUTGOING);
	kfree_skb(skb);
}

/* Expected result for a frame of which the first @have bytes are present. */
static int demux_of_cut(const struct frame_case *c, unsigned int have)
{
	u16 type = c->data[0] << 8 | c->data[1];
	static const u8 snap[] = { 0xaa, 0xaa, 0x03 };

	if (have < ETH_HLEN)
		return -EINVAL;
	if (type >= ETH_P_802_3_MIN)
		return c->err;
	/* The length field exceeds the frame now. */
	if (type > have - ETH_HLEN)
		return -ENOENT;
	if (have < ETH_HLEN + 3)
		return -EINVAL;
	if (type >= 3 && have < ETH_HLEN + 8 &&
	    !memcmp(c->data + 2, snap, sizeof(snap)))
		return -EINVAL;
	return c->err;
}

/*
 * PRO-7: each frame above, truncated at every length.  The missing bytes are
 * still in memory, so that reading too far leads to a wrong match.
 */
static void demux_truncated(struct kunit *test)
{
	const struct frame_case *c = test->param_value;
	struct fake *fake = ether_with_protos(test);
	unsigned int have, len;
	struct sk_buff *skb;
	u32 family;
	int want;

	len = min_t(unsigned int, c->len, 64);
	for (have = 0; have < len; have++) {
		skb = frame_of(fake, c, have);
		want = demux_of_cut(c, have);
		KUNIT_EXPECT_EQ_MSG(test, demux(fake, skb, &family), want,
				    "%u bytes", have);
		if (want)
			KUNIT_EXPECT_EQ(test, family, 0);
		kfree_skb(skb);
	}
}

/* Set skb->protocol as eth_type_trans() does. */
static void set_protocol(struct sk_buff *skb, const struct frame_case *c)
{
	u16 type = c->data[0] << 8 | c->data[1];

	if (type < ETH_P_802_3_MIN)
		type = c->data[2] == 0xff && c->data[3] == 0xff ? ETH_P_802_3 :
								  ETH_P_802_2;
	skb->protocol = htons(type);
}

static int demux_protocol(struct fake *fake, struct sk_buff *skb, u32 *family)
{
	int err;

	*family = 0;
	rcu_read_lock();
	err = dlil_ether_demux_protocol(fake->ifp, skb, family);
	rcu_read_unlock();
	return err;
}

/* Insert a tag in front of the type that skb->protocol does not reflect. */
static void tag_in_header(struct sk_buff *skb)
{
	u8 *mac = skb_mac_header(skb) - VLAN_HLEN;

	memmove(mac, skb_mac_header(skb), 2 * ETH_ALEN);
	memcpy(mac + 2 * ETH_ALEN, "\x81\x00\x00\x05", VLAN_HLEN);
	skb->mac_header -= VLAN_HLEN;
}

/* PRO-7 LNX-4: demux uses skb->protocol, and ignores the rest of the header. */
static void demux_by_protocol(struct kunit *test)
{
	const struct frame_case *c = test->param_value;
	struct fake *fake = ether_with_protos(test);
	struct sk_buff *skb = frame_of(fake, c, c->len);
	u32 family;

	set_protocol(skb, c);
	KUNIT_EXPECT_EQ(test, demux_protocol(fake, skb, &family), c->err);
	KUNIT_EXPECT_EQ(test, family, c->family);
	KUNIT_EXPECT_EQ(test, (u8)skb->pkt_type, c->type);
	tag_in_header(skb);
	KUNIT_EXPECT_EQ(test, demux_protocol(fake, skb, &family), c->err);
	KUNIT_EXPECT_EQ(test, family, c->family);
	/* The result of a demux that uses the header. */
	KUNIT_EXPECT_EQ(test, demux(fake, skb, &family), 0);
	KUNIT_EXPECT_EQ(test, family, PF_ETYPE);
	kfree_skb(skb);
}

/* PRO-7: demux reads headers in page fragments, and not past their end. */
static void demux_fragmented(struct kunit *test)
{
	const struct frame_case *c = test->param_value;
	struct fake *fake = ether_with_protos(test);
	unsigned int linear, known;
	struct sk_buff *skb;
	struct page *page;
	u32 family;

	known = min(c->len, KNOWN);
	for (linear = ETH_HLEN; linear < known; linear++) {
		skb = frame_of(fake, c, linear);
		page = alloc_page(GFP_KERNEL | __GFP_ZERO);
		KUNIT_ASSERT_NOT_NULL(test, page);
		memcpy(page_address(page), c->data + linear - 2 * ETH_ALEN,
		       known - linear);
		/* Overwrite what was in the linear part. */
		memset(skb_tail_pointer(skb), 0x99, known - linear);
		skb_add_rx_frag(skb, 0, page, 0, c->len - linear, PAGE_SIZE);
		KUNIT_EXPECT_EQ_MSG(test, demux(fake, skb, &family), c->err,
				    "%u bytes linear", linear);
		KUNIT_EXPECT_EQ(test, family, c->family);
		kfree_skb(skb);
	}
}

/* PRO-7: demux fails without the position of the header. */
static void demux_no_header(struct kunit *test)
{
	struct fake *fake = ether_with_protos(test);
	struct sk_buff *skb = fake_skb(fake, 60);
	u32 family;

	skb_put_zero(skb, 60);
	KUNIT_EXPECT_EQ(test, demux(fake, skb, &family), -EINVAL);
	kfree_skb(skb);
}

/* PRO-7, LNX-4: a VLAN tag stripped by the hardware is the outer type. */
static void demux_vlan_metadata(struct kunit *test)
{
	const struct frame_case *c = &frame_cases[0];
	static const struct dlil_demux_desc vlan = ETYPE(0x81, 0x00);
	static const struct dlil_demux_desc ip = ETYPE(0x08, 0x00);
	struct fake *fake = ether_attached(test);
	struct sk_buff *skb;
	u32 family;

	KUNIT_ASSERT_EQ(test, attach_one(fake, PF_SAP, vlan), 0);
	KUNIT_ASSERT_EQ(test, attach_one(fake, PF_ETYPE, ip), 0);
	skb = frame_of(fake, c, c->len);
	KUNIT_EXPECT_EQ(test, demux(fake, skb, &family), 0);
	KUNIT_EXPECT_EQ(test, family, PF_ETYPE);
	__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q), 7);
	KUNIT_EXPECT_EQ(test, demux(fake, skb, &family), 0);
	KUNIT_EXPECT_EQ(test, family, PF_SAP);
	__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021AD), 7);
	KUNIT_EXPECT_EQ(test, demux(fake, skb, &family), -ENOENT);
	kfree_skb(skb);
}

/* PRO-7, INP-8, STA-1: the same frames through the input thread. */
static void demux_through_input(struct kunit *test)
{
	struct fake *fake = ether_attached(test);
	unsigned int i, mcasts = 0, packets = 0;
	struct fake_proto *protos[3];
	struct dlil_account want = {};
	struct sk_buff_head list;
	u64 noproto = 0;

	ether_protos(fake, protos);
	for (i = 0; i < 3; i++) {
		protos[i]->ops.input = fake_proto_take;
		KUNIT_ASSERT_EQ(test, fake_proto_attach(protos[i]), 0);
	}
	__skb_queue_head_init(&list);
	for (i = 0; i < ARRAY_SIZE(frame_cases); i++) {
		const struct frame_case *c = &frame_cases[i];

		__skb_queue_tail(&list, frame_of(fake, c, c->len));
		mcasts += c->type == PACKET_MULTICAST ||
			  c->type == PACKET_BROADCAST;
		if (c->err == -EINVAL) {
			want.drops[DLIL_DROP_DEMUX]++;
		} else if (c->type == PACKET_OTHERHOST) {
			want.drops[DLIL_DROP_PROMISC]++;
		} else if (c->err) {
			want.drops[DLIL_DROP_NOPROTO]++;
			noproto++;
		} else {
			want.delivered++;
		}
	}
	fake_input(fake, &list);

	fake_read(fake);
	fake_expect_account(fake, &fake->in, &want, __LINE__);
	KUNIT_EXPECT_EQ(test, fake->stats.imcasts, mcasts);
	KUNIT_EXPECT_EQ(test, fake->stats.noproto, noproto);
	for (i = 0; i < 3; i++)
		packets += atomic_read(&protos[i]->packets);
	KUNIT_EXPECT_EQ(test, packets, want.delivered);
}

/* Append a frame, maybe with an unknown tag, and count where it should go. */
static void expect_frame(struct fake *fake, const struct frame_case *c,
			 bool tagged, struct sk_buff_head *list,
			 struct dlil_account *want)
{
	struct sk_buff *skb = frame_of(fake, c, c->len);

	set_protocol(skb, c);
	if (tagged)
		__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021AD), 7);
	__skb_queue_tail(list, skb);
	if (tagged || c->err == -ENOENT)
		want->drops[DLIL_DROP_NOPROTO]++;
	else if (c->err)
		want->drops[DLIL_DROP_DEMUX]++;
	else
		want->delivered++;
}

static const struct dlil_family_ops by_protocol_family = {
	.demux = dlil_ether_demux_protocol,
	.by_protocol = true,
	.add_proto = dlil_ether_add_proto,
	.del_proto = dlil_ether_del_proto,
};

/*
 * PRO-7, INP-8: the demux result of a frame does not depend on the previous
 * frame, although demux is skipped for similar frames of a driver that
 * classifies.
 */
static void demux_one_after_another(struct kunit *test)
{
	const struct frame_case *first = test->param_value;
	static const u32 families[] = { PF_ETYPE, PF_SAP, PF_SNAP };
	struct fake *fake = ether_acquire(test);
	struct fake_proto *protos[3];
	struct dlil_account want = {};
	int packets[3] = {}, i, j;
	struct sk_buff_head list;

	fake->params.family = &by_protocol_family;
	fake->params.attrs = DLIL_ATTR_COUNT_INPUT | DLIL_ATTR_CLASSIFIED;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	ether_protos(fake, protos);
	__skb_queue_head_init(&list);
	for (i = 0; i < ARRAY_SIZE(frame_cases); i++) {
		expect_frame(fake, first, false, &list, &want);
		expect_frame(fake, &frame_cases[i], false, &list, &want);
		expect_frame(fake, first, false, &list, &want);
		expect_frame(fake, &frame_cases[i], true, &list, &want);
		for (j = 0; j < 3; j++)
			packets[j] += (first->family == families[j]) * 2 +
				      (frame_cases[i].family == families[j]);
	}
	for (j = 0; j < 3; j++) {
		protos[j]->ops.input = fake_proto_take;
		KUNIT_ASSERT_EQ(test, fake_proto_attach(protos[j]), 0);
	}
	fake_input(fake, &list);

	fake_read(fake);
	fake_expect_account(fake, &fake->in, &want, __LINE__);
	for (j = 0; j < 3; j++)
		KUNIT_EXPECT_EQ(test, atomic_read(&protos[j]->packets),
				packets[j]);
}

struct desc_case {
	const char *name;
	struct dlil_demux_desc desc;
	int err;
};

static const struct desc_case desc_cases[] = {
	{ "type of 1 byte", { DLIL_DESC_ETYPE, 1, { 8 } }, -EINVAL },
	{ "type of 3 bytes", { DLIL_DESC_ETYPE, 3, { 8 } }, -EINVAL },
	{ "type of no bytes", { DLIL_DESC_ETYPE, 0, { 8 } }, -EINVAL },
	{ "SAP of 2 bytes", { DLIL_DESC_SAP, 2, { 0x42, 0x42 } }, -EINVAL },
	{ "SAP of 5 bytes", { DLIL_DESC_SAP, 5, { 0x42, 0x42 } }, -EINVAL },
	{ "SNAP of 4 bytes", { DLIL_DESC_SNAP, 4, { 0 } }, -EINVAL },
	{ "SNAP of 200 bytes", { DLIL_DESC_SNAP, 200, { 0 } }, -EINVAL },
	{ "kind 0", { 0, 2, { 8 } }, -EOPNOTSUPP },
	{ "kind after the last", { DLIL_DESC_SNAP + 1, 5, { 8 } },
	  -EOPNOTSUPP },
	{ "type that is taken", ETYPE(0x08, 0x00), -EADDRINUSE },
	{ "SAP that is taken", SAP(0x42, 0x42, 0x03), -EADDRINUSE },
	{ "SNAP that is taken", SNAP(0, 0, 0x0c, 0x20, 0x00), -EADDRINUSE },
};

static void desc_desc(const struct desc_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(desc, desc_cases, desc_desc);

#define PF_LATE		(DLIL_PF_PRIVATE + 9)

/* PRO-6: a bad descriptor, even the last one, leaves nothing behind. */
static void bad_descriptor(struct kunit *test)
{
	const struct desc_case *c = test->param_value;
	struct dlil_demux_desc descs[] = {
		ETYPE(0x12, 0x34), SNAP(1, 2, 3, 4, 5), c->desc,
	};
	struct fake *fake = ether_with_protos(test);
	struct fake_proto *late = ether_proto(fake, PF_LATE, descs, 3);
	int i;

	KUNIT_EXPECT_EQ(test, fake_proto_attach(late), c->err);
	late->params.descs = &c->desc;
	late->params.n_descs = 1;
	KUNIT_EXPECT_EQ(test, fake_proto_attach(late), c->err);

	/* The valid ones are unused, and those of others unchanged. */
	late->params.descs = descs;
	late->params.n_descs = 2;
	KUNIT_EXPECT_EQ(test, fake_proto_attach(late), 0);
	for (i = 0; i < ARRAY_SIZE(frame_cases); i++) {
		const struct frame_case *f = &frame_cases[i];
		struct sk_buff *skb = frame_of(fake, f, f->len);
		u32 family;

		KUNIT_EXPECT_EQ(test, demux(fake, skb, &family), f->err);
		KUNIT_EXPECT_EQ(test, family, f->family);
		kfree_skb(skb);
	}
}

/* PRO-6: a descriptor that a protocol has twice is in use. */
static void descriptor_twice(struct kunit *test)
{
	static const struct dlil_demux_desc descs[] = {
		SNAP(0, 0, 0x0c, 0x20, 0x00), SAP(0x42, 0x42, 0x03),
		SNAP(0, 0, 0x0c, 0x20, 0x00),
	};
	struct fake *fake = ether_attached(test);
	struct fake_proto *proto = ether_proto(fake, PF_SNAP, descs, 3);

	KUNIT_EXPECT_EQ(test, fake_proto_attach(proto), -EADDRINUSE);
	proto->params.n_descs = 2;
	KUNIT_EXPECT_EQ(test, fake_proto_attach(proto), 0);
}

/* PRO-6: values of different kinds never collide. */
static void kinds_apart(struct kunit *test)
{
	static const struct dlil_demux_desc etype = ETYPE(0x08, 0x00);
	static const struct dlil_demux_desc sap = SAP(0x00, 0x08, 0x00);
	static const struct dlil_demux_desc snap = SNAP(0, 0, 0, 8, 0);
	struct fake *fake = ether_attached(test);

	KUNIT_EXPECT_EQ(test, attach_one(fake, PF_ETYPE, etype), 0);
	KUNIT_EXPECT_EQ(test, attach_one(fake, PF_SAP, sap), 0);
	KUNIT_EXPECT_EQ(test, attach_one(fake, PF_SNAP, snap), 0);
}

#define N_DESCS	200

/* PRO-6: any number of descriptors. */
static void many_descriptors(struct kunit *test)
{
	struct fake *fake = ether_attached(test);
	struct dlil_demux_desc *descs;
	struct fake_proto *proto;
	u8 data[60] = {};
	struct sk_buff *skb;
	u32 i, family;

	descs = kunit_kcalloc(test, N_DESCS, sizeof(*descs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, descs);
	for (i = 0; i < N_DESCS; i++)
		descs[i] = (struct dlil_demux_desc)ETYPE(0x90, i);
	proto = ether_proto(fake, PF_ETYPE, descs, N_DESCS);
	KUNIT_ASSERT_EQ(test, fake_proto_attach(proto), 0);
	/* The descriptors were copied. */
	memset(descs, 0, N_DESCS * sizeof(*descs));

	for (i = 0; i <= N_DESCS; i++) {
		data[12] = 0x90;
		data[13] = i;
		skb = frame(fake, data, sizeof(data), sizeof(data));
		KUNIT_EXPECT_EQ(test, demux(fake, skb, &family),
				i < N_DESCS ? 0 : -ENOENT);
		kfree_skb(skb);
	}
}

/* All orders of three things. */
static const u8 orders[6][3] = {
	{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
	{ 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
};

static void order_desc(const u8 (*order)[3], char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u, %u, %u", (*order)[0],
		 (*order)[1], (*order)[2]);
}

KUNIT_ARRAY_PARAM(order, orders, order_desc);

static void expect_only(struct fake *fake, const bool *there)
{
	static const u32 families[] = { PF_ETYPE, PF_SAP, PF_SNAP };
	struct sk_buff *skb;
	unsigned int i, j;
	u32 family;
	int err;

	for (i = 0; i < ARRAY_SIZE(frame_cases); i++) {
		const struct frame_case *c = &frame_cases[i];

		err = c->err;
		for (j = 0; j < 3; j++)
			if (!err && c->family == families[j] && !there[j])
				err = -ENOENT;
		skb = frame_of(fake, c, c->len);
		KUNIT_EXPECT_EQ(fake->test, demux(fake, skb, &family), err);
		KUNIT_EXPECT_EQ(fake->test, family, err ? 0 : c->family);
		kfree_skb(skb);
	}
}

/* PRO-6: three protocols attached in this order, detached in every order. */
static void attach_detach_orders(struct kunit *test)
{
	const u8 (*add)[3] = test->param_value;
	struct fake *fake = ether_attached(test);
	struct fake_proto *protos[3];
	bool there[3] = {};
	int i, j, n;
	void *data;

	ether_protos(fake, protos);
	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		for (j = 0; j < 3; j++) {
			n = (*add)[j];
			KUNIT_EXPECT_EQ(test, fake_proto_attach(protos[n]), 0);
			there[n] = true;
			expect_only(fake, there);
		}
		for (j = 0; j < 3; j++) {
			n = orders[i][j];
			KUNIT_EXPECT_EQ(test,
					dlil_proto_detach(fake->ifp,
							  protos[n]->family),
					0);
			there[n] = false;
			expect_only(fake, there);
		}
		data = rcu_access_pointer(*dlil_ifnet_family_data(fake->ifp));
		KUNIT_EXPECT_NULL(test, data);
	}
}

/* PRO-6: the final detach removes all descriptors; the next attach starts empty. */
static void descriptors_gone_after_detach(struct kunit *test)
{
	bool none[3] = {};
	struct fake *fake = ether_with_protos(test);

	fake_detach(fake);
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	expect_only(fake, none);
}

struct room_case {
	const char *name;
	unsigned int headroom;
	bool shared;
};

static const struct room_case room_cases[] = {
	{ "room", 64, false },
	{ "just enough room", ETH_HLEN, false },
	{ "one byte short", ETH_HLEN - 1, false },
	{ "no room", 0, false },
	{ "room that is shared", 64, true },
};

static void room_desc(const struct room_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(room, room_cases, room_desc);

static int target_pre_output(void *cookie, struct dlil_ifnet *ifp, u32 family,
			     struct sk_buff *skb, const struct sockaddr *dest,
			     struct dlil_frame *frame)
{
	frame->type = htons(0x88b5);
	memcpy(frame->dest, fake_target, ETH_ALEN);
	return 0;
}

static int keep(struct dlil_ifnet *ifp, struct sk_buff *skb)
{
	struct fake *fake = dlil_ifnet_priv(ifp);

	skb_queue_tail(&fake->sent, skb);
	return 0;
}

/* OUT-4: the Ethernet framer. */
static void framer(struct kunit *test)
{
	const struct room_case *c = test->param_value;
	static const u8 payload[] = { 1, 2, 3, 4, 5 };
	static const u8 want[] = {
		0x02, 't', 'a', 'r', 'g', 'e',
		0x02, 0x11, 0x22, 0x33, 0x44, 0x55, 0x88, 0xb5,
		1, 2, 3, 4, 5,
	};
	struct fake *fake = ether_acquire(test);
	struct sk_buff *skb, *clone = NULL;
	struct sk_buff_head list;
	struct fake_proto *proto;

	fake->driver.output = keep;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	proto = ether_proto(fake, PF_ETYPE, NULL, 0);
	proto->ops.pre_output = target_pre_output;
	KUNIT_ASSERT_EQ(test, fake_proto_attach(proto), 0);
	skb = fake_skb(fake, sizeof(payload) + 64);
	skb_reserve(skb, -(int)skb_headroom(skb) + (int)c->headroom);
	memcpy(skb_put(skb, sizeof(payload)), payload, sizeof(payload));
	if (c->shared)
		clone = skb_clone(skb, GFP_KERNEL);
	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, skb);

	KUNIT_EXPECT_EQ(test, fake_output(fake, PF_ETYPE, &list, 0), 0);

	fake_read(fake);
	skb = skb_peek(&fake->sent);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_EQ(test, skb->len, sizeof(want));
	KUNIT_EXPECT_EQ(test, memcmp(skb->data, want, sizeof(want)), 0);
	KUNIT_EXPECT_PTR_EQ(test, skb_mac_header(skb), skb->data);
	KUNIT_EXPECT_PTR_EQ(test, skb_network_header(skb),
			    skb->data + ETH_HLEN);
	KUNIT_EXPECT_EQ(test, ntohs(skb->protocol), 0x88b5);
	if (clone) {
		KUNIT_EXPECT_EQ(test, clone->len, sizeof(payload));
		kfree_skb(clone);
	}
}

static struct kunit_case dlil_ether_cases[] = {
	KUNIT_CASE_PARAM(demux_frame, frame_gen_params),
	KUNIT_CASE_PARAM(demux_classified, frame_gen_params),
	KUNIT_CASE_PARAM(demux_by_protocol, frame_gen_params),
	KUNIT_CASE_PARAM(demux_truncated, frame_gen_params),
	KUNIT_CASE_PARAM(demux_fragmented, frame_gen_params),
	KUNIT_CASE(demux_no_header),
	KUNIT_CASE(demux_vlan_metadata),
	KUNIT_CASE(demux_through_input),
	KUNIT_CASE_PARAM(demux_one_after_another, frame_gen_params),
	KUNIT_CASE_PARAM(bad_descriptor, desc_gen_params),
	KUNIT_CASE(descriptor_twice),
	KUNIT_CASE(kinds_apart),
	KUNIT_CASE(many_descriptors),
	KUNIT_CASE_PARAM(attach_detach_orders, order_gen_params),
	KUNIT_CASE(descriptors_gone_after_detach),
	KUNIT_CASE_PARAM(framer, room_gen_params),
	{}
};

static struct kunit_suite dlil_ether_suite = {
	.name = "dlil_ether",
	.test_cases = dlil_ether_cases,
};

kunit_test_suite(dlil_ether_suite);
