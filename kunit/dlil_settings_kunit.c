// SPDX-License-Identifier: GPL-2.0
/* Several settings in one request, and the reasons of refusals: row LNX-10. */
#include <kunit/test.h>
#include <linux/etherdevice.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>

#include "../dlil_ifnet.h"
#include "../dlil_netdev.h"
#include "../dlil_settings.h"
#include "fake.h"

/**
 * struct settings_test - a wrapped device
 * @dev: the device
 * @ifp: its ifnet
 * @addr: its address at first
 * @asked: codes that the filter was asked for, as letters, in order
 * @forbidden: MTU that the filter refuses, or 0
 * @filter: the filter
 * @sentence: what was said of the last request
 */
struct settings_test {
	struct net_device *dev;
	struct dlil_ifnet *ifp;
	u8 addr[ETH_ALEN];
	char asked[32];
	u32 forbidden;
	dlil_filter_t filter;
	char sentence[256];
};

static netdev_tx_t test_xmit(struct sk_buff *skb, struct net_device *dev)
{
	consume_skb(skb);
	return NETDEV_TX_OK;
}

static const struct net_device_ops test_netdev_ops = {
	.ndo_start_xmit = test_xmit,
	.ndo_set_mac_address = eth_mac_addr,
};

static int note(void *cookie, struct dlil_ifnet *ifp, u32 family, u32 code, void *arg)
{
	static const char letters[] = {
		[DLIL_IOC_SIFFLAGS] = 'f', [DLIL_IOC_SIFMTU] = 'm',
		[DLIL_IOC_SIFLLADDR] = 'l', [DLIL_IOC_ADDMULTI] = '+',
		[DLIL_IOC_DELMULTI] = '-',
	};
	struct settings_test *t = cookie;
	char letter[2] = { code < sizeof(letters) ? letters[code] : '?' };

	if (code == DLIL_IOC_SIFFLAGS && ((struct dlil_ioc_flags *)arg)->flags & IFF_UP)
		letter[0] = 'u';
	strlcat(t->asked, letter, sizeof(t->asked));
	if (code == DLIL_IOC_SIFMTU && *(u32 *)arg == t->forbidden)
		return -EPERM;
	return -EOPNOTSUPP;
}

static int attach_all(struct kunit *test, struct settings_test *t)
{
	static const struct dlil_filter_ops ops = { .ioctl = note };
	struct dlil_filter_params params = {
		.ops = &ops, .name = "guard", .cookie = t,
	};
	struct dlil_ifnet *going;
	int err;

	err = fake_wrap(t->dev, NULL, &going);
	if (err)
		return err;
	t->ifp = dlil_ifnet_by_index(&init_net, t->dev->ifindex);
	if (!t->ifp)
		return -ENXIO;
	return dlil_filter_attach(t->ifp, &params, &t->filter);
}

static int settings_init(struct kunit *test)
{
	struct settings_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->dev = alloc_netdev(0, "dlils%d", NET_NAME_UNKNOWN, ether_setup);
	KUNIT_ASSERT_NOT_NULL(test, t->dev);
	t->dev->netdev_ops = &test_netdev_ops;
	t->dev->max_mtu = 9000;
	eth_random_addr(t->addr);
	eth_hw_addr_set(t->dev, t->addr);
	if (register_netdev(t->dev)) {
		free_netdev(t->dev);
		KUNIT_FAIL(test, "no device");
		return -ENODEV;
	}
	test->priv = t;
	KUNIT_EXPECT_EQ(test, attach_all(test, t), 0);
	return 0;
}

static void settings_exit(struct kunit *test)
{
	struct settings_test *t = test->priv;

	if (!t)
		return;
	if (t->filter)
		dlil_filter_detach(t->filter);
	if (t->ifp)
		dlil_ifnet_put(t->ifp);
	unregister_netdev(t->dev);
	free_netdev(t->dev);
}

static struct dlil_control mtu(u32 value)
{
	return (struct dlil_control){ .code = DLIL_IOC_SIFMTU, .arg.mtu = value };
}

static struct dlil_control flags(u32 value)
{
	return (struct dlil_control){
		.code = DLIL_IOC_SIFFLAGS,
		.arg.flags = { .flags = value, .mask = IFF_UP },
	};
}

static struct dlil_control address(u32 code, u8 first, u8 last)
{
	return (struct dlil_control){
		.code = code,
		.arg.lladdr = { .len = ETH_ALEN, .addr = { first, 0, 0, 0, 0, last } },
	};
}

static int run(struct settings_test *t, const struct dlil_settings *s)
{
	t->asked[0] = 0;
	t->sentence[0] = 0;
	return dlil_settings_run(t->ifp, s, t->sentence, sizeof(t->sentence));
}

static bool is_unmatched(struct settings_test *t, u32 unmatched)
{
	struct dlil_netdev *nd = dlil_netdev_begin(t->ifp);
	bool same = nd && nd->unmatched == unmatched;

	if (nd)
		dlil_ifnet_io_end(t->ifp);
	return same;
}

/* LNX-10: all settings of a request are made, in its order, and the fields. */
static void all_set(struct kunit *test)
{
	struct settings_test *t = test->priv;
	struct dlil_settings s = {
		.n = 3,
		.controls = {
			address(DLIL_IOC_SIFLLADDR, 2, 7), mtu(1400), flags(IFF_UP),
		},
		.has_unmatched = true, .unmatched = DLIL_UNMATCHED_DROP,
		.max_packets = 77,
	};

	KUNIT_EXPECT_EQ(test, run(t, &s), 0);
	KUNIT_EXPECT_STREQ(test, t->asked, "lmu");
	KUNIT_EXPECT_STREQ(test, t->sentence, "");
	KUNIT_EXPECT_EQ(test, t->dev->dev_addr[5], 7);
	KUNIT_EXPECT_EQ(test, t->dev->mtu, 1400);
	KUNIT_EXPECT_TRUE(test, t->dev->flags & IFF_UP);
	KUNIT_EXPECT_TRUE(test, is_unmatched(t, DLIL_UNMATCHED_DROP));
	KUNIT_EXPECT_EQ(test, t->ifp->inq.max_packets, 77);
}

/* LNX-10: settings before the one that is refused are undone, the last one first. */
static void undone(struct kunit *test)
{
	struct settings_test *t = test->priv;
	struct dlil_settings up = { .n = 1, .controls = { flags(IFF_UP) } };
	struct dlil_settings s = {
		.n = 5,
		.controls = {
			flags(0), address(DLIL_IOC_SIFLLADDR, 2, 7), mtu(1400),
			address(DLIL_IOC_ADDMULTI, 1, 9),
			address(DLIL_IOC_DELMULTI, 1, 8),
		},
		.has_unmatched = true, .unmatched = DLIL_UNMATCHED_DROP,
	};

	KUNIT_ASSERT_EQ(test, run(t, &up), 0);
	KUNIT_EXPECT_EQ(test, run(t, &s), -ENOENT);
	KUNIT_EXPECT_STREQ(test, t->asked, "flm+--mlu");
	KUNIT_EXPECT_STREQ(test, t->sentence,
			   "group-del: the device refused it: the group has not been joined (put back, but the device was down, which removes routes and IPv6 addresses)");
	KUNIT_EXPECT_TRUE(test, ether_addr_equal(t->dev->dev_addr, t->addr));
	KUNIT_EXPECT_EQ(test, t->dev->mtu, 1500);
	KUNIT_EXPECT_TRUE(test, t->dev->flags & IFF_UP);
	KUNIT_EXPECT_TRUE(test, is_unmatched(t, DLIL_UNMATCHED_PASS));
	s.n = 4;
	KUNIT_EXPECT_EQ(test, run(t, &s), 0);
	/* The device is down, and stays down. */
	s.n = 5;
	s.controls[3].code = DLIL_IOC_DELMULTI;
	KUNIT_EXPECT_EQ(test, run(t, &s), -ENOENT);
	KUNIT_EXPECT_STREQ(test, t->sentence,
			   "group-del: the device refused it: the group has not been joined (nothing was changed)");
	KUNIT_EXPECT_FALSE(test, t->dev->flags & IFF_UP);
}

/* LNX-10: a filter lets the device go, but not back. */
static void not_undone(struct kunit *test)
{
	struct settings_test *t = test->priv;
	struct dlil_settings s = {
		.n = 3,
		.controls = {
			address(DLIL_IOC_SIFLLADDR, 2, 7), mtu(1400),
			address(DLIL_IOC_ADDMULTI, 2, 9),
		},
	};

	t->forbidden = 1500;
	KUNIT_EXPECT_EQ(test, run(t, &s), -EINVAL);
	KUNIT_EXPECT_STREQ(test, t->asked, "lm+ml");
	KUNIT_EXPECT_STREQ(test, t->sentence,
			   "group-add: the device refused it: this is not the address of a group (mtu was changed, and could not be undone)");
	KUNIT_EXPECT_EQ(test, t->dev->mtu, 1400);
	KUNIT_EXPECT_TRUE(test, ether_addr_equal(t->dev->dev_addr, t->addr));
}

/* IOC-1 LNX-10: a filter that refuses is named. */
static void filter_named(struct kunit *test)
{
	struct settings_test *t = test->priv;
	struct dlil_settings s = { .n = 1, .controls = { mtu(1400) } };

	t->forbidden = 1400;
	KUNIT_EXPECT_EQ(test, run(t, &s), -EPERM);
	KUNIT_EXPECT_STREQ(test, t->sentence, "filter guard refused it");
	KUNIT_EXPECT_EQ(test, t->dev->mtu, 1500);
}

struct reason_case {
	struct dlil_control c;
	int err;
	const char *reason;
};

static const struct reason_case reasons[] = {
	{ { .code = DLIL_IOC_SIFMTU, .arg.mtu = 10 }, -EINVAL,
	  "it takes an MTU of 68 to 9000" },
	{ { .code = DLIL_IOC_SIFMTU, .arg.mtu = 9001 }, -EINVAL,
	  "it takes an MTU of 68 to 9000" },
	{ { .code = DLIL_IOC_SIFMTU, .arg.mtu = U32_MAX }, -EINVAL,
	  "it takes an MTU of 68 to 9000" },
	{ { .code = DLIL_IOC_SIFLLADDR,
	    .arg.lladdr = { .len = ETH_ALEN, .addr = { 1 } } }, -EBUSY,
	  "this is the address of a group, or of nobody" },
	{ { .code = DLIL_IOC_SIFLLADDR, .arg.lladdr = { .len = 5, .addr = { 2 } } },
	  -EINVAL, "its link addresses have 6 bytes" },
	{ { .code = DLIL_IOC_SIFLLADDR,
	    .arg.lladdr = { .len = ETH_ALEN, .addr = { 2 } } }, -EBUSY,
	  "it can change its address only while it is down" },
	{ { .code = DLIL_IOC_SIFFLAGS, .arg.flags = { .mask = IFF_LOOPBACK } }, -EINVAL,
	  "these flags cannot be changed by a request" },
	{ { .code = DLIL_IOC_ADDMULTI, .arg.lladdr = { .len = ETH_ALEN } }, -EINVAL,
	  "this is not the address of a group" },
	{ { .code = DLIL_IOC_DELMULTI,
	    .arg.lladdr = { .len = ETH_ALEN, .addr = { 1 } } }, -ENOENT,
	  "the group has not been joined" },
};

static void reason_desc(const struct reason_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", c->reason);
}

KUNIT_ARRAY_PARAM(reason, reasons, reason_desc);

/* LNX-10: a device gives a reason for each refusal. */
static void reason(struct kunit *test)
{
	const struct reason_case *c = test->param_value;
	struct settings_test *t = test->priv;
	struct dlil_settings up = { .n = 1, .controls = { flags(IFF_UP) } };
	struct dlil_settings s = { .n = 1, .controls = { c->c } };
	char sentence[sizeof(t->sentence)];

	t->dev->priv_flags &= ~IFF_LIVE_ADDR_CHANGE;
	KUNIT_ASSERT_EQ(test, run(t, &up), 0);
	snprintf(sentence, sizeof(sentence), "the device refused it: %s", c->reason);
	KUNIT_EXPECT_EQ(test, run(t, &s), c->err);
	KUNIT_EXPECT_STREQ(test, t->sentence, sentence);
}

static int say_no(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct netdev_notifier_info *info = ptr;

	if (event != NETDEV_PRE_CHANGEADDR ||
	    strncmp(netdev_notifier_info_to_dev(info)->name, "dlils", 5))
		return NOTIFY_DONE;
	NL_SET_ERR_MSG(info->extack, "the switch has no room");
	return notifier_from_errno(-ENOSPC);
}

/* LNX-10: the text that somebody else in the kernel has for a refusal is passed on. */
static void reason_of_kernel(struct kunit *test)
{
	struct notifier_block nb = { .notifier_call = say_no };
	struct settings_test *t = test->priv;
	struct dlil_settings s = {
		.n = 1, .controls = { address(DLIL_IOC_SIFLLADDR, 2, 7) },
	};

	KUNIT_ASSERT_EQ(test, register_netdevice_notifier(&nb), 0);
	KUNIT_EXPECT_EQ(test, run(t, &s), -ENOSPC);
	unregister_netdevice_notifier(&nb);
	KUNIT_EXPECT_STREQ(test, t->sentence,
			   "the device refused it: the switch has no room");
	KUNIT_EXPECT_TRUE(test, ether_addr_equal(t->dev->dev_addr, t->addr));
}

static int keep_down(struct notifier_block *nb, unsigned long event, void *ptr)
{
	const char *name = netdev_notifier_info_to_dev(ptr)->name;

	return event == NETDEV_PRE_UP && !strncmp(name, "dlils", 5) ?
		       notifier_from_errno(-ENOSPC) : NOTIFY_DONE;
}

/* LNX-10: flags that are refused together stay as they were. */
static void flags_undone(struct kunit *test)
{
	struct notifier_block nb = { .notifier_call = keep_down };
	struct settings_test *t = test->priv;
	struct dlil_settings s = { .n = 1, .controls = { {
		.code = DLIL_IOC_SIFFLAGS,
		.arg.flags = {
			.flags = IFF_UP | IFF_NOARP | IFF_PROMISC,
			.mask = IFF_UP | IFF_NOARP | IFF_PROMISC,
		},
	} } };

	KUNIT_ASSERT_EQ(test, register_netdevice_notifier(&nb), 0);
	KUNIT_EXPECT_EQ(test, run(t, &s), -ENOSPC);
	unregister_netdevice_notifier(&nb);
	KUNIT_EXPECT_EQ(test, t->dev->flags & (IFF_UP | IFF_NOARP | IFF_PROMISC), 0);
	KUNIT_EXPECT_EQ(test, t->dev->promiscuity, 0);
}

static struct kunit_case dlil_settings_cases[] = {
	KUNIT_CASE(all_set),
	KUNIT_CASE(undone),
	KUNIT_CASE(not_undone),
	KUNIT_CASE(filter_named),
	KUNIT_CASE_PARAM(reason, reason_gen_params),
	KUNIT_CASE(reason_of_kernel),
	KUNIT_CASE(flags_undone),
	{}
};

static struct kunit_suite dlil_settings_suite = {
	.name = "dlil_settings",
	.init = settings_init,
	.exit = settings_exit,
	.test_cases = dlil_settings_cases,
};

kunit_test_suite(dlil_settings_suite);
