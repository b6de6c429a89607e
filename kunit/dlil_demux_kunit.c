// SPDX-License-Identifier: GPL-2.0
/*
 * The Ethernet demux against a model (PRO-6, PRO-7): protocols with random
 * descriptors are attached and detached at random.  After each step, model and
 * demux must agree on the protocol of every frame.
 */
#include <linux/etherdevice.h>
#include <linux/prandom.h>

#include "fake.h"

/* Fewer steps, because a debug kernel on an emulated processor is slow. */
#define STEPS		(IS_ENABLED(CONFIG_UML) ? 100000 : 3000)

#define FAMILIES	12
#define DESCS_MAX	6
#define KINDS		3
#define VALUES		8
#define KEYS		(KINDS * VALUES)

/**
 * struct model - the state of the demux, as simple as possible
 * @test: the test
 * @fake: the ifnet
 * @rnd: random numbers, which select the next step
 * @owner: for each key, the family that has registered it, 0 for none
 * @attached: for each family, whether it is attached
 * @frames: one frame for each key
 * @stranger: a frame that matches no key
 */
struct model {
	struct kunit *test;
	struct fake *fake;
	struct rnd_state rnd;
	u32 owner[KEYS];
	bool attached[FAMILIES];
	struct sk_buff *frames[KEYS];
	struct sk_buff *stranger;
};

static u32 pick(struct model *m, u32 n)
{
	return prandom_u32_state(&m->rnd) % n;
}

/* The descriptor of a key. */
static struct dlil_demux_desc desc_of(unsigned int key)
{
	u8 v = key % VALUES;

	switch (key / VALUES) {
	case 0:
		return (struct dlil_demux_desc){ DLIL_DESC_ETYPE, 2,
						 { 0x88, 0x10 + v } };
	case 1:
		return (struct dlil_demux_desc){ DLIL_DESC_SAP, 3,
						 { 0x40 + 2 * v, 0x42, 3 } };
	default:
		/* The keys differ in the organisation, or in the type. */
		return (struct dlil_demux_desc){ DLIL_DESC_SNAP, 5,
						 { 0, v & 1, 0, 0x88,
						   0x10 + (v >> 1) } };
	}
}

/* A frame of 60 bytes that @desc describes. */
static struct sk_buff *frame_of(struct fake *fake,
				const struct dlil_demux_desc *desc)
{
	static const u8 snap[] = { 0, 46, 0xaa, 0xaa, 3 };
	struct sk_buff *skb = fake_skb(fake, ETH_ZLEN);
	u8 *data = skb_put_zero(skb, ETH_ZLEN);

	skb_reset_mac_header(skb);
	memcpy(data, fake_lladdr, ETH_ALEN);
	data += 2 * ETH_ALEN;
	if (desc->kind == DLIL_DESC_SNAP) {
		memcpy(data, snap, sizeof(snap));
		data += sizeof(snap);
	} else if (desc->kind == DLIL_DESC_SAP) {
		data[1] = 46;
		data += 2;
	}
	memcpy(data, desc->data, desc->len);
	__skb_pull(skb, ETH_HLEN);
	return skb;
}

static int model_input(void *cookie, struct dlil_ifnet *ifp, u32 family,
		       struct sk_buff *skb)
{
	return -EPROTO;
}

static const struct dlil_proto_ops model_ops = { .input = model_input };

/* Predict the result of an attach of @keys, in the order of the descriptors. */
static int model_attach(struct model *m, u32 i, const unsigned int *keys,
			unsigned int n, int odd, int odd_err)
{
	u32 before[KEYS];
	unsigned int d;

	if (m->attached[i])
		return -EEXIST;
	memcpy(before, m->owner, sizeof(before));
	for (d = 0; d < n; d++) {
		int err = d == odd ? odd_err :
			  m->owner[keys[d]] ? -EADDRINUSE : 0;

		if (err) {
			memcpy(m->owner, before, sizeof(before));
			return err;
		}
		m->owner[keys[d]] = DLIL_PF_PRIVATE + i;
	}
	m->attached[i] = true;
	return 0;
}

static void attach(struct model *m, u32 i)
{
	unsigned int keys[DESCS_MAX], n = pick(m, DESCS_MAX + 1), d;
	struct dlil_demux_desc descs[DESCS_MAX];
	struct dlil_proto_params params = {
		.ops = &model_ops,
		.name = "model",
		.descs = descs,
		.n_descs = n,
		.flags = DLIL_PROTO_ATOMIC,
	};
	/* Sometimes make a random descriptor invalid. */
	int odd = n && !pick(m, 8) ? pick(m, n) : -1;
	int odd_err = pick(m, 2) ? -EINVAL : -EOPNOTSUPP;

	for (d = 0; d < n; d++) {
		keys[d] = pick(m, KEYS);
		descs[d] = desc_of(keys[d]);
	}
	if (odd >= 0 && odd_err == -EINVAL)
		descs[odd].len++;
	else if (odd >= 0)
		descs[odd].kind = DLIL_DESC_SNAP + 1;
	KUNIT_ASSERT_EQ(m->test,
			dlil_proto_attach(m->fake->ifp, DLIL_PF_PRIVATE + i,
					  &params),
			model_attach(m, i, keys, n, odd, odd_err));
}

static void detach(struct model *m, u32 i)
{
	unsigned int key;

	KUNIT_ASSERT_EQ(m->test,
			dlil_proto_detach_async(m->fake->ifp,
						DLIL_PF_PRIVATE + i),
			m->attached[i] ? 0 : -ENXIO);
	m->attached[i] = false;
	for (key = 0; key < KEYS; key++)
		if (m->owner[key] == DLIL_PF_PRIVATE + i)
			m->owner[key] = 0;
}

static bool agrees(struct model *m, struct sk_buff *skb, u32 owner)
{
	u32 family = 0;
	int err;

	rcu_read_lock();
	err = dlil_ether_demux(m->fake->ifp, skb, &family);
	rcu_read_unlock();
	return owner ? !err && family == owner : err == -ENOENT;
}

static void compare(struct model *m, u32 step)
{
	unsigned int key;

	for (key = 0; key < KEYS; key++)
		if (!agrees(m, m->frames[key], m->owner[key]))
			break;
	KUNIT_ASSERT_EQ_MSG(m->test, key, KEYS,
			    "whose frame %u is, after step %u", key, step);
	KUNIT_ASSERT_TRUE(m->test, agrees(m, m->stranger, 0));
}

static void free_frames(struct kunit_resource *res)
{
	struct model *m = res->data;
	unsigned int key;

	for (key = 0; key < KEYS; key++)
		kfree_skb(m->frames[key]);
	kfree_skb(m->stranger);
}

/* PRO-6 PRO-7: compare demux and model after each of STEPS steps. */
static void agree_with_model(struct kunit *test)
{
	struct model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	struct dlil_demux_desc desc = { DLIL_DESC_ETYPE, 2, { 0x99, 0x99 } };
	unsigned int key;
	u32 step, i;

	KUNIT_ASSERT_NOT_NULL(test, m);
	m->test = test;
	m->fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	m->fake->params.family = &dlil_ether_family_ops;
	KUNIT_ASSERT_EQ(test, fake_attach(m->fake), 0);
	KUNIT_ASSERT_NOT_NULL(test, kunit_alloc_resource(test, NULL,
							 free_frames,
							 GFP_KERNEL, m));
	m->stranger = frame_of(m->fake, &desc);
	for (key = 0; key < KEYS; key++) {
		desc = desc_of(key);
		m->frames[key] = frame_of(m->fake, &desc);
	}
	prandom_seed_state(&m->rnd, 20260127);
	compare(m, 0);
	for (step = 1; step <= STEPS; step++) {
		i = pick(m, FAMILIES);
		/* Mostly steps that can succeed. */
		if (m->attached[i] == !!pick(m, 16))
			detach(m, i);
		else
			attach(m, i);
		compare(m, step);
		/* Let detached protocols be freed. */
		if (step % 256)
			cond_resched();
		else
			schedule_timeout_uninterruptible(1);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(agree_with_model),
	{}
};

static struct kunit_suite suite = {
	.name = "dlil_demux",
	.test_cases = cases,
};

kunit_test_suite(suite);
