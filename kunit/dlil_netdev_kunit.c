// SPDX-License-Identifier: GPL-2.0
/*
 * Network devices as ifnets: rows LNX-1, LNX-7 to LNX-10, STA-1, STA-7, and
 * packets that the host sends: LNX-6, LNX-14, OUT-10.
 */
#include <kunit/test.h>
#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/ip.h>
#include <linux/kernfs.h>
#include <linux/kthread.h>
#include <linux/netfilter.h>
#include <linux/netfilter_netdev.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/sysfs.h>
#include <linux/tcp.h>
#include <net/arp.h>
#include <net/neighbour.h>
#include <net/sch_generic.h>

#include "../dlil_call.h"
#include "../dlil_ifnet.h"
#include "../dlil_netdev.h"
#include "fail.h"
#include "fake.h"

static netdev_tx_t test_xmit(struct sk_buff *skb, struct net_device *dev)
{
	consume_skb(skb);
	return NETDEV_TX_OK;
}

static const struct net_device_ops test_netdev_ops = {
	.ndo_start_xmit = test_xmit,
	.ndo_set_mac_address = eth_mac_addr,
};

/* An Ethernet device, whose type a test may change before it is attached. */
static int test_init(struct kunit *test)
{
	struct net_device *dev;
	u8 addr[ETH_ALEN];

	dev = alloc_netdev(0, "dlilt%d", NET_NAME_UNKNOWN, ether_setup);
	KUNIT_ASSERT_NOT_NULL(test, dev);
	dev->netdev_ops = &test_netdev_ops;
	/* The previous ifnet, whose id is the address, may not have ended yet. */
	eth_random_addr(addr);
	eth_hw_addr_set(dev, addr);
	if (register_netdev(dev)) {
		free_netdev(dev);
		KUNIT_FAIL(test, "no device");
		return -ENODEV;
	}
	test->priv = dev;
	return 0;
}

/* Row LNX-8: the device can be unregistered, wrapped or not. */
static void test_exit(struct kunit *test)
{
	struct net_device *dev = test->priv;

	if (!dev)
		return;
	unregister_netdev(dev);
	free_netdev(dev);
}

static int attach(struct net_device *dev, struct dlil_ifnet **going)
{
	return fake_wrap(dev, NULL, going);
}

static int detach(struct net_device *dev, struct dlil_ifnet **going)
{
	int err;

	rtnl_lock();
	err = dlil_netdev_detach(dev, NULL, going);
	rtnl_unlock();
	return err;
}

/* Wait for the final detach of an ifnet. */
static void wait_gone(struct kunit *test, struct dlil_ifnet *going)
{
	KUNIT_EXPECT_GT(test, dlil_ifnet_wait_death(going, 10 * HZ), 0L);
	dlil_ifnet_put(going);
}

/* The ifnet of the device if it is attached, without a reference. */
static struct dlil_ifnet *ifnet_of(struct net_device *dev)
{
	struct dlil_ifnet *ifp = dlil_ifnet_by_index(&init_net, dev->ifindex);

	if (ifp)
		dlil_ifnet_put(ifp);
	return ifp;
}

/* LNX-1 IFN-1: a device gets the same ifnet each time it is wrapped. */
static void attach_and_detach(struct kunit *test)
{
	struct net_device *dev = test->priv;
	struct dlil_ifnet *going, *first;

	KUNIT_EXPECT_EQ(test, detach(dev, &going), -ENXIO);
	KUNIT_EXPECT_NULL(test, going);
	KUNIT_ASSERT_EQ(test, attach(dev, &going), 0);
	first = ifnet_of(dev);
	KUNIT_ASSERT_NOT_NULL(test, first);
	KUNIT_EXPECT_EQ(test, attach(dev, &going), -EEXIST);
	KUNIT_EXPECT_NULL(test, going);
	KUNIT_ASSERT_EQ(test, detach(dev, &going), 0);
	KUNIT_EXPECT_PTR_EQ(test, going, first);
	wait_gone(test, going);
	KUNIT_EXPECT_NULL(test, ifnet_of(dev));
	KUNIT_ASSERT_EQ(test, attach(dev, &going), 0);
	KUNIT_EXPECT_PTR_EQ(test, ifnet_of(dev), first);
	/* The device can be unregistered while it is wrapped. */
}

static void expect_errors(struct kunit *test, struct dlil_ifnet *ifp, u64 in,
			  u64 out, u64 collisions)
{
	struct dlil_account account[2];
	struct dlil_stats stats;

	dlil_stats_read(ifp, &stats, &account[0], &account[1]);
	KUNIT_EXPECT_EQ(test, stats.ierrors, in);
	KUNIT_EXPECT_EQ(test, stats.oerrors, out);
	KUNIT_EXPECT_EQ(test, stats.collisions, collisions);
}

/*
 * STA-7, STA-1: errors and collisions that a device counts are included in the counters
 * of its ifnet from the attach on, and are kept when it is unwrapped or unregistered.
 */
static void errors_of_device(struct kunit *test)
{
	struct net_device *dev = test->priv;
	struct dlil_ifnet *going, *ifp;

	dev->stats.rx_errors = 1000;
	dev->stats.tx_errors = 2000;
	dev->stats.collisions = 3000;
	KUNIT_ASSERT_EQ(test, attach(dev, &going), 0);
	ifp = ifnet_of(dev);
	KUNIT_ASSERT_NOT_NULL(test, ifp);
	expect_errors(test, ifp, 0, 0, 0);
	dev->stats.rx_errors += 1;
	dev->stats.tx_errors += 2;
	dev->stats.collisions += 3;
	expect_errors(test, ifp, 1, 2, 3);
	/* The counters of the device restart; those of the ifnet go on. */
	dev->stats.collisions = 7;
	expect_errors(test, ifp, 1, 2, 10);
	dev->stats.collisions = 3010;
	expect_errors(test, ifp, 1, 2, 3013);

	dlil_ifnet_get(ifp);
	KUNIT_ASSERT_EQ(test, detach(dev, &going), 0);
	wait_gone(test, going);
	expect_errors(test, ifp, 1, 2, 3013);
	KUNIT_ASSERT_EQ(test, attach(dev, &going), 0);
	expect_errors(test, ifp, 0, 0, 0);
	dev->stats.rx_errors += 5;
	test->priv = NULL;
	unregister_netdev(dev);
	KUNIT_EXPECT_GT(test, dlil_ifnet_wait_death(ifp, 10 * HZ), 0L);
	dev->stats.rx_errors += 100;
	expect_errors(test, ifp, 5, 0, 0);
	dlil_ifnet_put(ifp);
	free_netdev(dev);
}

/**
 * struct attacher - a task that attaches a device
 * @dev: the device
 * @going: ifnet returned by dlil_netdev_attach()
 * @err: result of dlil_netdev_attach()
 * @done: completed afterwards
 */
struct attacher {
	struct net_device *dev;
	struct dlil_ifnet *going;
	int err;
	struct completion done;
};

static int attach_task(void *arg)
{
	struct attacher *a = arg;

	a->err = attach(a->dev, &a->going);
	complete(&a->done);
	return 0;
}

/*
 * LNX-1: one of two tasks that attach a device succeeds; the other leaves
 * nothing behind.
 */
static void attach_at_once(struct kunit *test)
{
	struct net_device *dev = test->priv;
	struct attacher a[2] = { { .dev = dev }, { .dev = dev } };
	int i, refs = netdev_refcnt_read(dev);
	struct dlil_ifnet *going;

	rtnl_lock();
	for (i = 0; i < 2; i++) {
		init_completion(&a[i].done);
		KUNIT_EXPECT_FALSE(test, IS_ERR(kthread_run(attach_task, &a[i],
							    "attach")));
	}
	rtnl_unlock();
	for (i = 0; i < 2; i++) {
		wait_for_completion(&a[i].done);
		KUNIT_EXPECT_TRUE(test, !a[i].err || a[i].err == -EEXIST);
		KUNIT_EXPECT_NULL(test, a[i].going);
	}
	KUNIT_EXPECT_EQ(test, a[0].err + a[1].err, -EEXIST);
	KUNIT_EXPECT_EQ(test, detach(dev, &going), 0);
	wait_gone(test, going);
	KUNIT_EXPECT_NULL(test, ifnet_of(dev));
	KUNIT_EXPECT_TRUE(test, fake_wait_for(netdev_refcnt_read(dev) == refs));
}

/**
 * struct kind_case - a kind of device
 * @name: name of the case
 * @type: ARPHRD_*
 * @addr_len: length of its link addresses
 * @headers: it has link headers
 * @kind: expected kind of its ifnet, or a negative errno
 */
struct kind_case {
	const char *name;
	unsigned short type;
	unsigned char addr_len;
	bool headers;
	int kind;
};

static const struct kind_case kind_cases[] = {
	{ "Ethernet", ARPHRD_ETHER, ETH_ALEN, true, DLIL_IFNET_ETHERNET },
	{ "Ethernet without headers", ARPHRD_ETHER, ETH_ALEN, false,
	  -EOPNOTSUPP },
	{ "Ethernet with long addresses", ARPHRD_ETHER, 8, true, -EOPNOTSUPP },
	{ "loopback", ARPHRD_LOOPBACK, ETH_ALEN, true, DLIL_IFNET_LOOPBACK },
	{ "loopback without headers", ARPHRD_LOOPBACK, 0, false, -EOPNOTSUPP },
	{ "tun", ARPHRD_NONE, 0, false, DLIL_IFNET_RAW },
	{ "PPP", ARPHRD_PPP, 0, false, DLIL_IFNET_RAW },
	{ "raw IP", ARPHRD_RAWIP, 0, false, DLIL_IFNET_RAW },
	{ "tun with headers", ARPHRD_NONE, 0, true, -EOPNOTSUPP },
	{ "PPP with headers", ARPHRD_PPP, 0, true, -EOPNOTSUPP },
	{ "tunnel", ARPHRD_TUNNEL, 4, false, -EOPNOTSUPP },
	{ "InfiniBand", ARPHRD_INFINIBAND, 20, true, -EOPNOTSUPP },
};

static void kind_desc(const struct kind_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(kind, kind_cases, kind_desc);

/* LNX-9: supported and unsupported kinds of devices. */
static void kinds(struct kunit *test)
{
	const struct kind_case *c = test->param_value;
	struct net_device *dev = test->priv;
	struct dlil_ifnet *going, *ifp;

	dev->type = c->type;
	dev->addr_len = c->addr_len;
	if (!c->headers)
		dev->header_ops = NULL;
	KUNIT_ASSERT_EQ(test, attach(dev, &going), min(c->kind, 0));
	KUNIT_EXPECT_NULL(test, going);
	ifp = ifnet_of(dev);
	if (c->kind < 0) {
		KUNIT_EXPECT_NULL(test, ifp);
		return;
	}
	KUNIT_ASSERT_NOT_NULL(test, ifp);
	KUNIT_EXPECT_EQ(test, (int)ifp->kind, c->kind);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_addr_len(ifp), c->addr_len);
}

static rx_handler_result_t another_rx(struct sk_buff **skb)
{
	return RX_HANDLER_PASS;
}

/**
 * struct slow - what an attach does that may take long
 * @things: how often, by enum dlil_slow
 * @locked: how often RTNL was not free
 * @nodes: memory nodes of the threads
 * @hook: if not NULL, called before the first thread is created
 */
static struct {
	unsigned int things[2];
	unsigned int locked;
	int nodes[4];
	void (*hook)(void);
} slow;

static bool is_rtnl_free(void)
{
	if (!rtnl_trylock())
		return false;
	rtnl_unlock();
	return true;
}

static void note_slow(enum dlil_slow what, int node)
{
	unsigned int n = slow.things[what]++;
	unsigned long end = jiffies + HZ;
	bool rtnl_free;

	/* Somebody else may have it for a moment. */
	while (!(rtnl_free = is_rtnl_free()) && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	slow.locked += !rtnl_free;
	if (what != DLIL_SLOW_THREAD)
		return;
	if (n < ARRAY_SIZE(slow.nodes))
		slow.nodes[n] = node;
	if (!n && slow.hook)
		slow.hook();
}

static void begin_slow(void (*hook)(void))
{
	memset(&slow, 0, sizeof(slow));
	slow.hook = hook;
	dlil_slow_begin(note_slow);
}

/* The device of a test, and a parent that is on a memory node. */
static struct net_device *slow_dev;
static struct device slow_parent;

static int attach_slowly(struct kunit *test, void (*hook)(void))
{
	struct dlil_ifnet *going;
	int err;

	slow_dev = test->priv;
	slow_dev->dev.parent = &slow_parent;
	dlil_dev_set_node(&slow_parent, 0);
	begin_slow(hook);
	err = attach(slow_dev, &going);
	dlil_slow_end();
	dlil_dev_set_node(NULL, NUMA_NO_NODE);
	slow_dev->dev.parent = NULL;
	KUNIT_EXPECT_NULL(test, going);
	return err;
}

/*
 * LNX-1 LNX-13 INP-4: while an attach creates the input thread and the counters of the
 * ifnet, RTNL is free.  The thread is created on the memory node of the hardware.
 */
static void slow_without_rtnl(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, attach_slowly(test, NULL), 0);
	KUNIT_EXPECT_EQ(test, slow.things[DLIL_SLOW_THREAD], 1);
	KUNIT_EXPECT_GE(test, slow.things[DLIL_SLOW_PERCPU], 1);
	KUNIT_EXPECT_EQ(test, slow.locked, 0);
	KUNIT_EXPECT_EQ(test, slow.nodes[0], 0);
}

/* As if the device had been renamed, and another one with other hardware were meant. */
static void replace_device(void)
{
	rtnl_lock();
	slow_dev->name[4] = 'T';
	dlil_dev_set_node(&slow_parent, NUMA_NO_NODE);
	rtnl_unlock();
}

/* LNX-1 INP-2: the device has become another one while its thread was created. */
static void replaced_meanwhile(struct kunit *test)
{
	struct net_device *dev = test->priv;
	char old[TASK_COMM_LEN], new[TASK_COMM_LEN];
	struct dlil_ifnet *ifp, *going;

	snprintf(old, sizeof(old), "dlil/%s", dev->name);
	KUNIT_ASSERT_EQ(test, attach_slowly(test, replace_device), 0);
	snprintf(new, sizeof(new), "dlil/%s", dev->name);
	KUNIT_EXPECT_STRNEQ(test, (const char *)old, (const char *)new);
	KUNIT_EXPECT_EQ(test, slow.things[DLIL_SLOW_THREAD], 2);
	KUNIT_EXPECT_EQ(test, slow.nodes[1], NUMA_NO_NODE);
	KUNIT_EXPECT_EQ(test, slow.locked, 0);
	ifp = ifnet_of(dev);
	KUNIT_ASSERT_NOT_NULL(test, ifp);
	KUNIT_EXPECT_STREQ(test, dlil_ifnet_name(ifp), (const char *)dev->name);
	/* The ifnet of an earlier test with that name may still be ending. */
	KUNIT_EXPECT_TRUE(test, fake_wait_for(!fake_tasks_named(old)));
	KUNIT_EXPECT_TRUE(test, fake_wait_for(fake_tasks_named(new) == 1));
	KUNIT_EXPECT_EQ(test, detach(dev, &going), 0);
	wait_gone(test, going);
	rtnl_lock();
	dev->name[4] = 't';
	rtnl_unlock();
}

static void remove_device(void)
{
	slow_dev->dev.parent = NULL;
	unregister_netdev(slow_dev);
}

/* LNX-1 LNX-8: the device is unregistered while its thread is created. */
static void gone_meanwhile(struct kunit *test)
{
	struct net_device *dev = test->priv;
	char name[TASK_COMM_LEN];

	snprintf(name, sizeof(name), "dlil/%s", dev->name);
	KUNIT_EXPECT_EQ(test, attach_slowly(test, remove_device), -ENODEV);
	KUNIT_EXPECT_EQ(test, slow.things[DLIL_SLOW_THREAD], 1);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(!fake_tasks_named(name)));
	test->priv = NULL;
	free_netdev(dev);
}

/* An attach fails with that errno, and a message that contains @words. */
static void refused(struct kunit *test, int err, const char *words)
{
	struct netlink_ext_ack extack = {};
	struct net_device *dev = test->priv;
	struct dlil_ifnet *going;

	begin_slow(NULL);
	KUNIT_EXPECT_EQ(test, fake_wrap(dev, &extack, &going), err);
	dlil_slow_end();
	KUNIT_EXPECT_EQ(test, slow.things[DLIL_SLOW_THREAD], 0);
	KUNIT_EXPECT_NULL(test, going);
	KUNIT_ASSERT_NOT_NULL(test, extack._msg);
	if (!strstr(extack._msg, words))
		KUNIT_FAIL(test, "it said: %s", extack._msg);
}

/*
 * LNX-1: reasons why a device cannot be attached, as errno and message.  They are found
 * before anything large is made for it.
 */
static void refusals(struct kunit *test)
{
	struct net_device *dev = test->priv;
	struct dlil_ifnet *going;

	rtnl_lock();
	KUNIT_ASSERT_EQ(test, netdev_rx_handler_register(dev, another_rx, dev),
			0);
	rtnl_unlock();
	refused(test, -EBUSY, "receive handler");
	rtnl_lock();
	netdev_rx_handler_unregister(dev);
	rtnl_unlock();

	dev->priv_flags |= IFF_NO_RX_HANDLER;
	refused(test, -EINVAL, "does not allow");
	dev->priv_flags &= ~IFF_NO_RX_HANDLER;

	dev->reg_state = NETREG_UNREGISTERING;
	refused(test, -ENODEV, "going away");
	dev->reg_state = NETREG_REGISTERED;

	dlil_fake_dsa = true;
	refused(test, -EOPNOTSUPP, "leads to a switch");
	dlil_fake_dsa = false;

	dev->type = ARPHRD_TUNNEL;
	refused(test, -EOPNOTSUPP, "can be attached");
	dev->type = ARPHRD_ETHER;

	KUNIT_ASSERT_EQ(test, attach(dev, &going), 0);
	refused(test, -EEXIST, "already attached");
}

static int groups_of(struct net_device *dev)
{
	int n;

	netif_addr_lock_bh(dev);
	n = netdev_mc_count(dev);
	netif_addr_unlock_bh(dev);
	return n;
}

/* LNX-10: five requests concern the device. */
static void requests(struct kunit *test)
{
	struct dlil_ioc_lladdr group = {
		.len = ETH_ALEN, .addr = { 0x01, 0, 0x5e, 0x12, 0x34, 0x56 },
	};
	struct dlil_ioc_lladdr lladdr = {
		.len = ETH_ALEN, .addr = { 2, 0, 0, 0, 7, 0x56 },
	};
	struct dlil_ioc_flags up = { .flags = IFF_UP, .mask = IFF_UP };
	struct net_device *dev = test->priv;
	struct dlil_ifnet *ifp, *going;
	u32 code, mtu = 1400;
	int groups;

	KUNIT_ASSERT_EQ(test, attach(dev, &going), 0);
	ifp = ifnet_of(dev);
	KUNIT_ASSERT_NOT_NULL(test, ifp);
	KUNIT_EXPECT_EQ(test, dlil_ioctl(ifp, 0, DLIL_IOC_SIFMTU, &mtu), 0);
	KUNIT_EXPECT_EQ(test, dev->mtu, 1400);
	KUNIT_EXPECT_EQ(test, dlil_ioctl(ifp, 0, DLIL_IOC_SIFLLADDR, &lladdr),
			0);
	KUNIT_EXPECT_TRUE(test, ether_addr_equal(dev->dev_addr, lladdr.addr));
	KUNIT_EXPECT_TRUE(test, ether_addr_equal(dlil_ifnet_lladdr(ifp),
						 lladdr.addr));
	groups = groups_of(dev);
	KUNIT_EXPECT_EQ(test, dlil_ioctl(ifp, 0, DLIL_IOC_ADDMULTI, &group), 0);
	KUNIT_EXPECT_EQ(test, groups_of(dev), groups + 1);
	KUNIT_EXPECT_EQ(test, dlil_ioctl(ifp, 0, DLIL_IOC_DELMULTI, &group), 0);
	KUNIT_EXPECT_EQ(test, groups_of(dev), groups);
	KUNIT_EXPECT_EQ(test, dlil_ioctl(ifp, 0, DLIL_IOC_SIFFLAGS, &up), 0);
	KUNIT_EXPECT_TRUE(test, dev->flags & IFF_UP);

	for (code = 1; code < 100; code++)
		if (code < DLIL_IOC_SIFFLAGS || code > DLIL_IOC_DELMULTI)
			KUNIT_EXPECT_EQ(test, dlil_ioctl(ifp, 0, code, &mtu),
					-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, dlil_ioctl(ifp, 0, DLIL_IOC_PRIVATE, &mtu),
			-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, dlil_ioctl(ifp, 0, DLIL_IOC_SIFMTU, NULL),
			-EINVAL);

	/* A device that was detached gets no more requests. */
	KUNIT_ASSERT_EQ(test, detach(dev, &going), 0);
	mtu = 1300;
	/* The ifnet may be detached by now, which is another error. */
	KUNIT_EXPECT_LT(test, dlil_ioctl(ifp, 0, DLIL_IOC_SIFMTU, &mtu), 0);
	wait_gone(test, going);
	KUNIT_EXPECT_EQ(test, dev->mtu, 1400);
}

#define GROUPS 2048

/**
 * struct groups_case - reported changes of a device's groups
 * @listener: external listener
 * @ifp: the ifnet
 * @block: blocks the next event until @go_on
 * @blocked: completed when an event is blocked
 * @go_on: releases the event
 * @joined: number of events ADDMULTI
 * @left: number of events DELMULTI
 * @wrong: number of events that contradict earlier ones
 * @in: groups that the device is in, by these events
 */
struct groups_case {
	struct dlil_listener listener;
	struct dlil_ifnet *ifp;
	bool block;
	struct completion blocked;
	struct completion go_on;
	unsigned int joined;
	unsigned int left;
	unsigned int wrong;
	bool in[GROUPS];
};

static int hear_groups(struct notifier_block *nb, unsigned long what, void *ptr)
{
	struct groups_case *c = container_of(nb, struct groups_case,
					     listener.nb);
	const struct dlil_told *told = ptr;
	const u8 *addr;
	bool join;

	if (what != DLIL_TELL_EVENT || told->ifp != c->ifp)
		return NOTIFY_DONE;
	if (READ_ONCE(c->block)) {
		WRITE_ONCE(c->block, false);
		complete(&c->blocked);
		wait_for_completion(&c->go_on);
	}
	if (told->event->code != DLIL_EVENT_ADDMULTI &&
	    told->event->code != DLIL_EVENT_DELMULTI)
		return NOTIFY_DONE;
	join = told->event->code == DLIL_EVENT_ADDMULTI;
	c->joined += join;
	c->left += !join;
	addr = told->event->data;
	if (addr[2] != 0x77)
		return NOTIFY_DONE;
	c->wrong += c->in[addr[4] << 8 | addr[5]] == join;
	c->in[addr[4] << 8 | addr[5]] = join;
	return NOTIFY_DONE;
}

/* Join or leave the groups [@first, @end). */
static void change_groups(struct kunit *test, bool join, int first, int end)
{
	struct net_device *dev = test->priv;
	int i;

	for (i = first; i < end; i++) {
		u8 addr[ETH_ALEN] = { 1, 0, 0x77, 0, i >> 8, i };

		KUNIT_ASSERT_EQ(test, join ? dev_mc_add(dev, addr) :
					     dev_mc_del(dev, addr), 0);
	}
}

static struct groups_case *groups_case(struct kunit *test)
{
	struct net_device *dev = test->priv;
	struct dlil_ifnet *going;
	struct groups_case *c;
	int err;

	c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, c);
	init_completion(&c->blocked);
	init_completion(&c->go_on);
	c->listener.nb.notifier_call = hear_groups;
	err = attach(dev, &going);
	/* The previous ifnet may not have ended yet. */
	if (err == -EAGAIN && going) {
		wait_gone(test, going);
		err = attach(dev, &going);
	}
	KUNIT_ASSERT_EQ(test, err, 0);
	c->ifp = ifnet_of(dev);
	KUNIT_ASSERT_NOT_NULL(test, c->ifp);
	return c;
}

static void look(struct groups_case *c)
{
	dlil_watch_look(dlil_ifnet_priv(c->ifp));
	dlil_event_flush(c->ifp);
}

/*
 * LNX-13 LNX-7: groups are tracked only while events have a receiver.  Existing
 * groups are not reported, and the number of reported groups is bounded.
 */
static void groups_are_bounded(struct kunit *test)
{
	struct groups_case *c = groups_case(test);
	struct dlil_netdev *nd = dlil_ifnet_priv(c->ifp);
	struct net_device *dev = test->priv;
	int there;

	change_groups(test, true, 0, 3);
	there = groups_of(dev);
	dlil_watch_notice();
	KUNIT_EXPECT_FALSE(test, nd->watch.on);
	KUNIT_EXPECT_NULL(test, nd->groups.told);

	KUNIT_ASSERT_EQ(test, dlil_event_listen(&c->listener), 0);
	dlil_watch_notice();
	KUNIT_EXPECT_TRUE(test, nd->watch.on);
	change_groups(test, true, 3, 5);
	look(c);
	KUNIT_EXPECT_EQ(test, c->joined, 2);
	change_groups(test, true, 5, GROUPS);
	look(c);
	KUNIT_EXPECT_EQ(test, c->joined, DLIL_GROUPS_MAX - there);
	KUNIT_EXPECT_FALSE(test, c->in[GROUPS - 1]);
	/* After others were left, there is room for them. */
	change_groups(test, false, 0, GROUPS - 10);
	look(c);
	/* There was room for as many events as for those that were left. */
	look(c);
	KUNIT_EXPECT_TRUE(test, c->in[GROUPS - 1]);
	KUNIT_EXPECT_FALSE(test, c->in[3]);
	/* The first three groups existed before the listener. */
	KUNIT_EXPECT_EQ(test, c->wrong, 3);

	dlil_event_unlisten(&c->listener);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(!READ_ONCE(nd->watch.on)));
	KUNIT_EXPECT_NULL(test, nd->groups.told);
}

/* LNX-7: the final state is reported, even if the queue was full. */
static void groups_without_room(struct kunit *test)
{
	struct groups_case *c = groups_case(test);
	int i;

	KUNIT_ASSERT_EQ(test, dlil_event_listen(&c->listener), 0);
	dlil_watch_notice();
	dlil_event_flush(c->ifp);
	WRITE_ONCE(c->block, true);
	KUNIT_ASSERT_EQ(test, dlil_event_post(c->ifp, DLIL_EVENT_LINK_ON, NULL,
					      0), 0);
	wait_for_completion(&c->blocked);
	for (i = 0; i < 3; i++) {
		change_groups(test, true, 0, 700);
		dlil_watch_look(dlil_ifnet_priv(c->ifp));
		change_groups(test, false, 0, 700);
		change_groups(test, true, 700, 1400);
		dlil_watch_look(dlil_ifnet_priv(c->ifp));
		change_groups(test, false, 700, 1400);
	}
	change_groups(test, true, 700, 1400);
	complete(&c->go_on);
	dlil_event_flush(c->ifp);
	/* As many groups are left as there were, and as many are joined. */
	look(c);
	look(c);
	dlil_event_unlisten(&c->listener);
	for (i = 0; i < 1400; i++)
		KUNIT_EXPECT_EQ(test, c->in[i], i >= 700);
	KUNIT_EXPECT_EQ(test, c->wrong, 0);
}

static void hear_nothing(void *cookie, struct dlil_ifnet *ifp,
			 const struct dlil_event *event)
{
}

/* LNX-13: a filter with an `event` callback is a receiver from its attach on. */
static void groups_for_a_filter(struct kunit *test)
{
	struct groups_case *c = groups_case(test);
	struct dlil_netdev *nd = dlil_ifnet_priv(c->ifp);
	static const struct dlil_filter_ops deaf_ops = {};
	const struct dlil_filter_ops ops = { .event = hear_nothing };
	struct dlil_filter_params params = { .ops = &deaf_ops, .name = "f" };
	dlil_filter_t deaf, f;

	KUNIT_ASSERT_EQ(test, dlil_filter_attach(c->ifp, &params, &deaf), 0);
	KUNIT_EXPECT_FALSE(test, nd->watch.on);
	params.ops = &ops;
	KUNIT_ASSERT_EQ(test, dlil_filter_attach(c->ifp, &params, &f), 0);
	KUNIT_EXPECT_TRUE(test, nd->watch.on);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(f), 0);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(!READ_ONCE(nd->watch.on)));
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(deaf), 0);
}

/* The device, up and attached. */
static struct dlil_ifnet *attached(struct kunit *test, struct net_device *dev)
{
	struct dlil_ifnet *going;
	int err;

	rtnl_lock();
	KUNIT_EXPECT_EQ(test, dev_open(dev, NULL), 0);
	rtnl_unlock();
	/* The previous ifnet may not have ended yet. */
	while ((err = attach(dev, &going)) == -EAGAIN)
		wait_gone(test, going);
	KUNIT_ASSERT_EQ(test, err, 0);
	return ifnet_of(dev);
}

#define CODES (DLIL_EVENT_MASTER_ELECTED + 1)

/**
 * struct heard - recorded events of an ifnet
 * @listener: external listener
 * @ifp: the ifnet
 * @block: blocks the next event until @go_on
 * @blocked: completed when an event is blocked
 * @go_on: releases the event
 * @n: number of events, by code
 * @last: data of the last event, by code
 */
struct heard {
	struct dlil_listener listener;
	struct dlil_ifnet *ifp;
	bool block;
	struct completion blocked;
	struct completion go_on;
	unsigned int n[CODES];
	union {
		u32 value;
		u8 addr[ETH_ALEN];
		struct dlil_event_node node;
	} last[CODES];
};

static int hear(struct notifier_block *nb, unsigned long what, void *ptr)
{
	struct heard *h = container_of(nb, struct heard, listener.nb);
	const struct dlil_told *told = ptr;
	const struct dlil_event *event;

	if (what != DLIL_TELL_EVENT || told->ifp != h->ifp)
		return NOTIFY_DONE;
	event = told->event;
	if (READ_ONCE(h->block)) {
		WRITE_ONCE(h->block, false);
		complete(&h->blocked);
		wait_for_completion(&h->go_on);
	}
	if (event->code >= CODES)
		return NOTIFY_DONE;
	memset(&h->last[event->code], 0, sizeof(h->last[0]));
	memcpy(&h->last[event->code], event->data,
	       min_t(size_t, event->len, sizeof(h->last[0])));
	WRITE_ONCE(h->n[event->code], h->n[event->code] + 1);
	return NOTIFY_DONE;
}

/* Attach the device, bring it up and record its events from here on. */
static struct heard *begin_hearing(struct kunit *test)
{
	struct heard *h = kunit_kzalloc(test, sizeof(*h), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, h);
	init_completion(&h->blocked);
	init_completion(&h->go_on);
	h->listener.nb.notifier_call = hear;
	h->ifp = attached(test, test->priv);
	KUNIT_ASSERT_NOT_NULL(test, h->ifp);
	dlil_event_flush(h->ifp);
	KUNIT_ASSERT_EQ(test, dlil_event_listen(&h->listener), 0);
	dlil_watch_notice();
	return h;
}

/* Block an event, and fill the queue behind it. */
static void fill_events(struct kunit *test, struct heard *h)
{
	int n = 0, err;

	WRITE_ONCE(h->block, true);
	KUNIT_ASSERT_EQ(test, dlil_event_post(h->ifp, DLIL_EVENT_SIFGENERIC,
					      NULL, 0), 0);
	wait_for_completion(&h->blocked);
	do {
		err = dlil_event_post(h->ifp, DLIL_EVENT_SIFGENERIC, NULL, 0);
	} while (!err && ++n < 100000);
	KUNIT_ASSERT_EQ(test, err, -ENOBUFS);
	KUNIT_EXPECT_EQ(test, n, DLIL_EVENT_QUEUE_MAX);
}

/* LNX-7 EVT-3: each change of the device is reported once, with its new value. */
static void changes_told(struct kunit *test)
{
	struct dlil_ioc_lladdr lladdr = {
		.len = ETH_ALEN, .addr = { 2, 0, 0, 0, 8, 0x57 },
	};
	struct heard *h = begin_hearing(test);
	struct net_device *dev = test->priv;

	dev->priv_flags |= IFF_LIVE_ADDR_CHANGE;
	rtnl_lock();
	KUNIT_EXPECT_EQ(test, dev_set_mtu(dev, 1300), 0);
	rtnl_unlock();
	dlil_event_flush(h->ifp);
	KUNIT_EXPECT_EQ(test, h->n[DLIL_EVENT_SIFMTU], 1);
	KUNIT_EXPECT_EQ(test, h->last[DLIL_EVENT_SIFMTU].value, 1300);

	KUNIT_EXPECT_EQ(test, dlil_ioctl(h->ifp, 0, DLIL_IOC_SIFLLADDR, &lladdr),
			0);
	dlil_event_flush(h->ifp);
	KUNIT_EXPECT_EQ(test, h->n[DLIL_EVENT_LINK_ADDRESS_CHANGED], 1);
	KUNIT_EXPECT_EQ(test,
			memcmp(h->last[DLIL_EVENT_LINK_ADDRESS_CHANGED].addr,
			       lladdr.addr, ETH_ALEN), 0);

	/* This changes the link only. */
	rtnl_lock();
	netif_carrier_off(dev);
	netdev_state_change(dev);
	netdev_state_change(dev);
	rtnl_unlock();
	dlil_event_flush(h->ifp);
	KUNIT_EXPECT_EQ(test, h->n[DLIL_EVENT_LINK_OFF], 1);
	KUNIT_EXPECT_EQ(test, h->n[DLIL_EVENT_LINK_ON], 0);
	KUNIT_EXPECT_EQ(test, h->n[DLIL_EVENT_SIFFLAGS], 0);
	rtnl_lock();
	netif_carrier_on(dev);
	netdev_state_change(dev);
	rtnl_unlock();
	dlil_event_flush(h->ifp);
	KUNIT_EXPECT_EQ(test, h->n[DLIL_EVENT_LINK_ON], 1);

	/* The kernel counts these flags, and notifies only sometimes. */
	rtnl_lock();
	KUNIT_EXPECT_EQ(test, dev_set_promiscuity(dev, 1), 0);
	netdev_state_change(dev);
	dlil_event_flush(h->ifp);
	KUNIT_EXPECT_EQ(test, h->n[DLIL_EVENT_SIFFLAGS], 0);
	KUNIT_EXPECT_EQ(test, dev_set_promiscuity(dev, -1), 0);
	dev_close(dev);
	rtnl_unlock();
	dlil_event_flush(h->ifp);
	KUNIT_EXPECT_EQ(test, h->n[DLIL_EVENT_SIFFLAGS], 1);
	KUNIT_EXPECT_EQ(test, h->last[DLIL_EVENT_SIFFLAGS].value & IFF_UP, 0);
	KUNIT_EXPECT_EQ(test, h->n[DLIL_EVENT_LINK_OFF], 2);

	rtnl_lock();
	netdev_features_change(dev);
	rtnl_unlock();
	dlil_event_flush(h->ifp);
	KUNIT_EXPECT_EQ(test, h->n[DLIL_EVENT_IFCAP_CHANGED], 1);
	dlil_change_unmatched(dlil_ifnet_priv(h->ifp), DLIL_UNMATCHED_PASS);
	dlil_event_flush(h->ifp);
	KUNIT_EXPECT_EQ(test, h->n[DLIL_EVENT_IFCAP_CHANGED], 1);
	dlil_change_unmatched(dlil_ifnet_priv(h->ifp), DLIL_UNMATCHED_DROP);
	dlil_event_flush(h->ifp);
	KUNIT_EXPECT_EQ(test, h->n[DLIL_EVENT_IFCAP_CHANGED], 2);
	dlil_event_unlisten(&h->listener);
}

/*
 * LNX-7: changes that did not fit into the queue are reported later, with the
 * values of that time.
 */
static void changes_owed(struct kunit *test)
{
	struct heard *h = begin_hearing(test);
	struct dlil_netdev *nd = dlil_ifnet_priv(h->ifp);
	struct net_device *dev = test->priv;

	fill_events(test, h);
	rtnl_lock();
	KUNIT_EXPECT_EQ(test, dev_set_mtu(dev, 1300), 0);
	dev_close(dev);
	rtnl_unlock();
	/* Meanwhile the retry fails, and the event is still owed. */
	msleep(500);
	rtnl_lock();
	KUNIT_EXPECT_EQ(test, dev_set_mtu(dev, 1350), 0);
	rtnl_unlock();
	KUNIT_EXPECT_EQ(test, h->n[DLIL_EVENT_SIFMTU], 0);
	complete(&h->go_on);
	KUNIT_EXPECT_TRUE_MSG(test,
			      fake_wait_for(READ_ONCE(h->n[DLIL_EVENT_SIFMTU]) &&
					    READ_ONCE(h->n[DLIL_EVENT_SIFFLAGS]) &&
					    READ_ONCE(h->n[DLIL_EVENT_LINK_OFF])),
			      "owed %lx, retry %x, RTNL %d, %u queued, %u flags, %u link",
			      nd->change.owed, work_busy(&nd->change.retry.work),
			      rtnl_is_locked(), h->ifp->events.len,
			      h->n[DLIL_EVENT_SIFFLAGS], h->n[DLIL_EVENT_LINK_OFF]);
	KUNIT_EXPECT_EQ(test, h->last[DLIL_EVENT_SIFMTU].value, 1350);
	KUNIT_EXPECT_EQ(test, h->last[DLIL_EVENT_SIFFLAGS].value & IFF_UP, 0);
	/* The retries end. */
	msleep(500);
	dlil_event_flush(h->ifp);
	KUNIT_EXPECT_EQ(test, h->n[DLIL_EVENT_SIFMTU], 1);
	dlil_event_unlisten(&h->listener);
}

/* Set state and link address of the neighbour 10.0.x.y of the device. */
static void neigh_is(struct kunit *test, u16 number, u8 end, u8 state)
{
	const u8 lladdr[ETH_ALEN] = { 2, 0, 0, 9, 0, end };
	struct net_device *dev = test->priv;
	__be32 key = htonl(0x0a000000 + number);
	struct neighbour *neigh;

	neigh = neigh_lookup(&arp_tbl, &key, dev) ?:
		neigh_create(&arp_tbl, &key, dev);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(neigh));
	KUNIT_EXPECT_EQ(test, neigh_update(neigh, end ? lladdr : NULL, state,
					   NEIGH_UPDATE_F_OVERRIDE |
					   NEIGH_UPDATE_F_ADMIN, 0), 0);
	neigh_release(neigh);
}

/* Wait until all changes of neighbours have been reported. */
static void settle_neighs(struct heard *h)
{
	struct dlil_netdev *nd = dlil_ifnet_priv(h->ifp);

	flush_delayed_work(&nd->neighs.work);
	dlil_event_flush(h->ifp);
}

/**
 * struct neigh_step - a change of a neighbour, and the expected events
 * @number: the neighbour
 * @end: last byte of its link address, 0 if unknown
 * @state: NUD_*
 * @here: number of events NODE_PRESENCE
 * @gone: number of events NODE_ABSENCE
 */
struct neigh_step {
	u16 number;
	u8 end;
	u8 state;
	unsigned int here;
	unsigned int gone;
};

static const struct neigh_step neigh_steps[] = {
	{ 1, 0, NUD_FAILED, 0, 0 },	/* was never present */
	{ 1, 1, NUD_REACHABLE, 1, 0 },
	{ 1, 1, NUD_STALE, 0, 0 },
	{ 1, 1, NUD_REACHABLE, 0, 0 },
	{ 1, 2, NUD_REACHABLE, 1, 0 },	/* another machine */
	{ 1, 0, NUD_FAILED, 0, 1 },
	{ 1, 0, NUD_FAILED, 0, 0 },
	{ 1, 2, NUD_PERMANENT, 1, 0 },
	{ 2, 3, NUD_NOARP, 0, 0 },
	{ 3, 4, NUD_STALE, 1, 0 },
	{ 3, 0, NUD_FAILED, 0, 1 },
};

/* LNX-7: each change of a neighbour's reachability is reported once. */
static void neighbours_told(struct kunit *test)
{
	const struct dlil_event_node *node;
	const struct neigh_step *s;
	struct heard *h;
	unsigned int i;

	/* A neighbour that exists already is not reported. */
	neigh_is(test, 7, 7, NUD_PERMANENT);
	h = begin_hearing(test);
	settle_neighs(h);
	KUNIT_EXPECT_EQ(test, h->n[DLIL_EVENT_NODE_PRESENCE], 0);
	for (i = 0; i < ARRAY_SIZE(neigh_steps); i++) {
		s = &neigh_steps[i];
		h->n[DLIL_EVENT_NODE_PRESENCE] = 0;
		h->n[DLIL_EVENT_NODE_ABSENCE] = 0;
		neigh_is(test, s->number, s->end, s->state);
		settle_neighs(h);
		KUNIT_EXPECT_EQ_MSG(test, h->n[DLIL_EVENT_NODE_PRESENCE],
				    s->here, "step %u", i);
		KUNIT_EXPECT_EQ_MSG(test, h->n[DLIL_EVENT_NODE_ABSENCE],
				    s->gone, "step %u", i);
		if (!s->here)
			continue;
		node = &h->last[DLIL_EVENT_NODE_PRESENCE].node;
		KUNIT_EXPECT_EQ(test, node->family, AF_INET);
		KUNIT_EXPECT_EQ(test, node->lladdr_len, ETH_ALEN);
		KUNIT_EXPECT_EQ(test, node->lladdr[ETH_ALEN - 1], s->end);
		KUNIT_EXPECT_EQ(test, node->addr[3], s->number);
	}
	/* The absence of that neighbour is reported. */
	neigh_is(test, 7, 0, NUD_FAILED);
	settle_neighs(h);
	KUNIT_EXPECT_EQ(test, h->n[DLIL_EVENT_NODE_ABSENCE], 2);
	dlil_event_unlisten(&h->listener);
}

/*
 * LNX-7: if the queue was full, the final state of a neighbour is reported
 * later.
 */
static void neighbours_owed(struct kunit *test)
{
	struct heard *h = begin_hearing(test);
	struct dlil_netdev *nd = dlil_ifnet_priv(h->ifp);

	neigh_is(test, 1, 1, NUD_REACHABLE);
	settle_neighs(h);
	fill_events(test, h);
	neigh_is(test, 1, 0, NUD_FAILED);
	neigh_is(test, 2, 2, NUD_PERMANENT);
	flush_delayed_work(&nd->neighs.work);
	neigh_is(test, 2, 0, NUD_FAILED);
	neigh_is(test, 2, 4, NUD_PERMANENT);
	KUNIT_EXPECT_EQ(test, h->n[DLIL_EVENT_NODE_ABSENCE], 0);
	complete(&h->go_on);
	KUNIT_EXPECT_TRUE(test,
			  fake_wait_for(READ_ONCE(h->n[DLIL_EVENT_NODE_ABSENCE]) &&
					READ_ONCE(h->n[DLIL_EVENT_NODE_PRESENCE]) > 1));
	settle_neighs(h);
	KUNIT_EXPECT_EQ(test, h->n[DLIL_EVENT_NODE_ABSENCE], 1);
	KUNIT_EXPECT_EQ(test, h->n[DLIL_EVENT_NODE_PRESENCE], 2);
	KUNIT_EXPECT_EQ(test, h->last[DLIL_EVENT_NODE_PRESENCE].node.lladdr[5],
			4);
	dlil_event_unlisten(&h->listener);
}

#define NEIGHS 1024

/* LNX-13: the number of recorded neighbours is bounded; absent ones make room. */
static void neighbours_bounded(struct kunit *test)
{
	struct heard *h = begin_hearing(test);
	struct dlil_netdev *nd = dlil_ifnet_priv(h->ifp);
	int i;

	for (i = 1; i <= NEIGHS; i++) {
		neigh_is(test, i, 1, NUD_PERMANENT);
		if (!(i % 100))
			settle_neighs(h);
	}
	settle_neighs(h);
	KUNIT_EXPECT_EQ(test, nd->neighs.n, NEIGHS);
	KUNIT_EXPECT_EQ(test, h->n[DLIL_EVENT_NODE_PRESENCE], NEIGHS);
	neigh_is(test, i++, 1, NUD_PERMANENT);
	settle_neighs(h);
	KUNIT_EXPECT_EQ(test, h->n[DLIL_EVENT_NODE_PRESENCE], NEIGHS);
	neigh_is(test, 5, 0, NUD_FAILED);
	settle_neighs(h);
	KUNIT_EXPECT_EQ(test, h->n[DLIL_EVENT_NODE_ABSENCE], 1);
	neigh_is(test, i, 1, NUD_PERMANENT);
	settle_neighs(h);
	KUNIT_EXPECT_EQ(test, h->n[DLIL_EVENT_NODE_PRESENCE], NEIGHS + 1);
	KUNIT_EXPECT_EQ(test, nd->neighs.n, NEIGHS);

	dlil_event_unlisten(&h->listener);
	/* Without a receiver, they are forgotten. */
	KUNIT_EXPECT_TRUE(test, fake_wait_for(!READ_ONCE(nd->watch.on)));
	KUNIT_EXPECT_TRUE(test, fake_wait_for(!READ_ONCE(nd->neighs.n)));
}

/*
 * LNX-1 IFN-1: two devices with the same permanent address have different
 * ifnets.
 */
static void same_permanent_address(struct kunit *test)
{
	struct net_device *first = test->priv, *second;
	struct dlil_ifnet *a, *b, *going;

	second = alloc_netdev(0, "dlilu%d", NET_NAME_UNKNOWN, ether_setup);
	KUNIT_ASSERT_NOT_NULL(test, second);
	second->netdev_ops = &test_netdev_ops;
	eth_hw_addr_set(second, first->dev_addr);
	KUNIT_ASSERT_EQ(test, register_netdev(second), 0);
	KUNIT_EXPECT_TRUE(test, ether_addr_equal(second->perm_addr,
						 first->perm_addr));
	a = attached(test, first);
	b = attached(test, second);
	KUNIT_EXPECT_NOT_NULL(test, a);
	KUNIT_EXPECT_NOT_NULL(test, b);
	KUNIT_EXPECT_PTR_NE(test, a, b);
	KUNIT_ASSERT_EQ(test, detach(second, &going), 0);
	KUNIT_EXPECT_PTR_EQ(test, going, b);
	wait_gone(test, going);
	KUNIT_EXPECT_PTR_EQ(test, attached(test, second), b);
	KUNIT_ASSERT_EQ(test, detach(first, &going), 0);
	KUNIT_EXPECT_PTR_EQ(test, going, a);
	wait_gone(test, going);
	KUNIT_EXPECT_PTR_EQ(test, attached(test, first), a);
	/* The id is the permanent address, not the current one. */
	KUNIT_ASSERT_EQ(test, detach(first, &going), 0);
	wait_gone(test, going);
	dev_addr_mod(first, 5, "\x77", 1);
	KUNIT_EXPECT_PTR_EQ(test, attached(test, first), a);
	unregister_netdev(second);
	free_netdev(second);
}

/* LNX-9: the type of an attached device cannot change. */
static void type_stays(struct kunit *test)
{
	struct net_device *dev = test->priv;
	struct dlil_ifnet *going;
	int before, during;

	rtnl_lock();
	before = notifier_to_errno(call_netdevice_notifiers(NETDEV_PRE_TYPE_CHANGE,
							    dev));
	rtnl_unlock();
	KUNIT_ASSERT_EQ(test, attach(dev, &going), 0);
	rtnl_lock();
	during = notifier_to_errno(call_netdevice_notifiers(NETDEV_PRE_TYPE_CHANGE,
							    dev));
	rtnl_unlock();
	KUNIT_EXPECT_EQ(test, before, 0);
	KUNIT_EXPECT_EQ(test, during, -EBUSY);
}

/* Read a file of the group `dlil` of the device; NULL if it does not exist. */
static const char *sysfs_says(struct net_device *dev, const char *name, char *buf)
{
	struct kernfs_node *group, *file = NULL;
	struct device_attribute *attr;
	ssize_t len = -1;

	group = kernfs_find_and_get(dev->dev.kobj.sd, "dlil");
	if (group)
		file = kernfs_find_and_get(group, name);
	if (file) {
		attr = container_of((struct attribute *)file->priv,
				    struct device_attribute, attr);
		len = attr->show(&dev->dev, attr, buf);
	}
	kernfs_put(file);
	kernfs_put(group);
	return len < 0 ? NULL : buf;
}

/* STA-1: each file in sysfs shows its own counter. */
static void sysfs_counters(struct kunit *test)
{
	static const struct dlil_stats inc = {
		.ipackets = 1001, .ierrors = 1002, .opackets = 1003,
		.oerrors = 1004, .collisions = 1005, .ibytes = 1006,
		.obytes = 1007, .imcasts = 1008, .omcasts = 1009,
		.iqdrops = 1010, .noproto = 1011,
	};
	static const struct { const char *name, *says; } files[] = {
		{ "ipackets", "1001\n" }, { "ibytes", "1006\n" },
		{ "opackets", "1003\n" }, { "obytes", "1007\n" },
		{ "imcasts", "1008\n" }, { "iqdrops", "1010\n" },
		{ "noproto", "1011\n" }, { "state", "attached\n" },
		{ "unmatched", "pass\n" },
	};
	char *buf = (char *)get_zeroed_page(GFP_KERNEL);
	struct net_device *dev = test->priv;
	struct kernfs_node *group;
	struct dlil_ifnet *going;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	KUNIT_ASSERT_EQ(test, attach(dev, &going), 0);
	dlil_stats_add(ifnet_of(dev), &inc);
	for (i = 0; i < ARRAY_SIZE(files); i++)
		KUNIT_EXPECT_STREQ(test, sysfs_says(dev, files[i].name, buf) ?: "",
				   files[i].says);
	dlil_change_unmatched(dlil_ifnet_priv(ifnet_of(dev)),
			      DLIL_UNMATCHED_DROP);
	KUNIT_EXPECT_STREQ(test, sysfs_says(dev, "unmatched", buf) ?: "",
			   "drop\n");
	KUNIT_ASSERT_EQ(test, detach(dev, &going), 0);
	group = kernfs_find_and_get(dev->dev.kobj.sd, "dlil");
	KUNIT_EXPECT_NULL(test, group);
	kernfs_put(group);
	wait_gone(test, going);
	free_page((unsigned long)buf);
}

static struct sk_buff *frame(struct net_device *dev, unsigned int len,
			     u16 type)
{
	struct sk_buff *skb = alloc_skb(len + 192, GFP_KERNEL | __GFP_NOFAIL);
	struct ethhdr *eth;

	skb_reserve(skb, 128);
	eth = skb_put_zero(skb, len);
	eth_broadcast_addr(eth->h_dest);
	eth->h_proto = htons(type);
	skb->protocol = htons(type);
	skb_reset_mac_header(skb);
	skb_set_network_header(skb, ETH_HLEN);
	skb->dev = dev;
	return skb;
}

/* The host may send IPv6 packets at any time on a device that is up. */
static bool is_ours(const struct sk_buff *skb)
{
	return skb->protocol != htons(ETH_P_IPV6);
}

#define SEGMENT	1000
#define HEADERS	(ETH_HLEN + sizeof(struct iphdr) + sizeof(struct tcphdr))

static struct sk_buff *gso_frame(struct net_device *dev, unsigned int segments)
{
	struct sk_buff *skb = frame(dev, HEADERS + segments * SEGMENT, ETH_P_IP);

	ip_hdr(skb)->version = 4;
	ip_hdr(skb)->ihl = 5;
	ip_hdr(skb)->protocol = IPPROTO_TCP;
	skb_set_transport_header(skb, ETH_HLEN + sizeof(struct iphdr));
	tcp_hdr(skb)->doff = sizeof(struct tcphdr) / 4;
	skb_shinfo(skb)->gso_type = SKB_GSO_TCPV4;
	skb_shinfo(skb)->gso_size = SEGMENT;
	skb_shinfo(skb)->gso_segs = segments;
	return skb;
}

static void leave_alone(struct sk_buff *skb)
{
}

static void make_shorter(struct sk_buff *skb)
{
	skb_trim(skb, skb->len - 20);
}

static void make_longer(struct sk_buff *skb)
{
	skb_put_zero(skb, 30);
}

static void add_in_front(struct sk_buff *skb)
{
	memset(skb_push(skb, 8), 0xff, 8);
}

static void lose_segment(struct sk_buff *skb)
{
	skb_trim(skb, skb->len - SEGMENT);
}

static void grow_segments(struct sk_buff *skb)
{
	skb_shinfo(skb)->gso_size = 2 * SEGMENT;
	skb_shinfo(skb)->gso_segs /= 2;
}

struct cb_case {
	const char *name;
	unsigned int segments;
	void (*change)(struct sk_buff *skb);
	unsigned int before;
	unsigned int after;
};

static const struct cb_case cb_cases[] = {
	{ "alone", 0, leave_alone, 100, 100 },
	{ "shorter", 0, make_shorter, 100, 80 },
	{ "longer", 0, make_longer, 100, 130 },
	{ "longer in front", 0, add_in_front, 100, 108 },
	{ "segments", 4, leave_alone, 4 * SEGMENT + 4 * HEADERS,
	  4 * SEGMENT + 4 * HEADERS },
	{ "a segment less", 4, lose_segment, 4 * SEGMENT + 4 * HEADERS,
	  3 * SEGMENT + 3 * HEADERS },
	{ "larger segments", 4, grow_segments, 4 * SEGMENT + 4 * HEADERS,
	  4 * SEGMENT + 2 * HEADERS },
};

static void cb_desc(const struct cb_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(cb, cb_cases, cb_desc);

static struct {
	unsigned int packets;
	unsigned int len;
	bool mac_header;
	u8 cb[sizeof_field(struct sk_buff, cb)];
} before, after;

static int scribble(void *cookie, struct dlil_ifnet *ifp, u32 family,
		    struct sk_buff **skb)
{
	const struct cb_case *c = cookie;

	if (!is_ours(*skb))
		return 0;
	before.packets++;
	before.len = qdisc_skb_cb(*skb)->pkt_len;
	memcpy(before.cb, (*skb)->cb, sizeof(before.cb));
	memset((*skb)->cb, 0x11, sizeof((*skb)->cb));
	c->change(*skb);
	return 0;
}

static unsigned int look_behind(void *priv, struct sk_buff *skb,
				const struct nf_hook_state *state)
{
	if (!is_ours(skb))
		return NF_ACCEPT;
	after.packets++;
	after.len = qdisc_skb_cb(skb)->pkt_len;
	after.mac_header = skb_mac_header(skb) == skb->data;
	memcpy(after.cb, skb->cb, sizeof(after.cb));
	return NF_ACCEPT;
}

/*
 * LNX-6: output filters may use skb->cb.  Behind them, the stack finds its own
 * contents restored, with the length updated.
 */
static void control_block(struct kunit *test)
{
	static const struct dlil_filter_ops ops = { .output = scribble };
	const struct cb_case *c = test->param_value;
	struct dlil_filter_params params = {
		.ops = &ops,
		.name = "scribble",
		.cookie = (void *)c,
	};
	struct net_device *dev = test->priv;
	struct dlil_ifnet *ifp = attached(test, dev);
	struct nf_hook_ops hook = {
		.hook = look_behind,
		.dev = dev,
		.pf = NFPROTO_NETDEV,
		.hooknum = NF_NETDEV_EGRESS,
		.priority = 100,
	};
	dlil_filter_t ref;

	memset(&before, 0, sizeof(before));
	memset(&after, 0, sizeof(after));
	KUNIT_ASSERT_EQ(test, nf_register_net_hook(&init_net, &hook), 0);
	KUNIT_EXPECT_EQ(test, dlil_filter_attach(ifp, &params, &ref), 0);
	dev_queue_xmit(c->segments ? gso_frame(dev, c->segments) :
				     frame(dev, 100, ETH_P_LOOPBACK));
	nf_unregister_net_hook(&init_net, &hook);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(ref), 0);

	KUNIT_EXPECT_EQ(test, before.packets, 1);
	KUNIT_EXPECT_EQ(test, after.packets, 1);
	KUNIT_EXPECT_EQ(test, before.len, c->before);
	KUNIT_EXPECT_EQ(test, after.len, c->after);
	KUNIT_EXPECT_TRUE(test, after.mac_header);
	memcpy(&((struct qdisc_skb_cb *)before.cb)->pkt_len, &after.len,
	       sizeof(after.len));
	KUNIT_EXPECT_EQ(test, memcmp(before.cb, after.cb, sizeof(after.cb)), 0);
}

static int filter_verdict;
static unsigned int filter_calls;

static int obey(void *cookie, struct dlil_ifnet *ifp, u32 family,
		struct sk_buff **skb)
{
	if (!is_ours(*skb))
		return 0;
	filter_calls++;
	return filter_verdict;
}

static const struct dlil_filter_ops obey_ops = {
	.input = obey,
	.output = obey,
};

static dlil_filter_t attach_obedient(struct kunit *test, struct dlil_ifnet *ifp,
				     int verdict)
{
	const struct dlil_filter_params params = {
		.ops = &obey_ops,
		.name = "obey",
	};
	dlil_filter_t ref = 0;

	filter_verdict = verdict;
	filter_calls = 0;
	KUNIT_EXPECT_EQ(test, dlil_filter_attach(ifp, &params, &ref), 0);
	return ref;
}

static int send_raw(struct net_device *dev, struct dlil_ifnet *ifp)
{
	struct sk_buff_head list;

	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, frame(dev, 100, ETH_P_LOOPBACK));
	return dlil_output(ifp, 0, &list, NULL, DLIL_OUTPUT_RAW);
}

/* Pass the same packet to the lower device, as VLAN devices do. */
static netdev_tx_t stacked_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct net_device **lower = netdev_priv(dev);

	skb->dev = *lower;
	dev_queue_xmit(skb);
	return NETDEV_TX_OK;
}

static const struct net_device_ops stacked_netdev_ops = {
	.ndo_start_xmit = stacked_xmit,
};

static struct net_device *stacked_device(struct kunit *test,
					 struct net_device *lower)
{
	struct net_device *dev;

	dev = alloc_netdev(sizeof(lower), "dlils%d", NET_NAME_UNKNOWN,
			   ether_setup);
	KUNIT_ASSERT_NOT_NULL(test, dev);
	dev->netdev_ops = &stacked_netdev_ops;
	dev->priv_flags |= IFF_NO_QUEUE;
	*(struct net_device **)netdev_priv(dev) = lower;
	eth_hw_addr_random(dev);
	KUNIT_ASSERT_EQ(test, register_netdev(dev), 0);
	/*
	 * The lock of the upper device's queue is taken around that of the
	 * lower one.
	 */
	netdev_lockdep_set_classes(dev);
	return dev;
}

static DECLARE_COMPLETION(held);
static DECLARE_COMPLETION(let_go);

static int hold(void *cookie, struct dlil_ifnet *ifp, u32 family,
		struct sk_buff **skb)
{
	complete(&held);
	wait_for_completion_timeout(&let_go, 60 * HZ);
	return 0;
}

/*
 * Make an input callback sleep, so that a detach cannot proceed beyond the
 * hooks.
 */
static void hold_up(struct kunit *test, struct net_device *dev,
		    struct dlil_ifnet *ifp)
{
	static const struct dlil_filter_ops ops = { .input = hold };
	const struct dlil_filter_params params = { .ops = &ops, .name = "hold" };
	struct sk_buff *skb = frame(dev, 100, ETH_P_LOOPBACK);
	dlil_filter_t ref;

	reinit_completion(&held);
	reinit_completion(&let_go);
	KUNIT_EXPECT_EQ(test, dlil_filter_attach(ifp, &params, &ref), 0);
	skb_pull(skb, ETH_HLEN);
	local_bh_disable();
	netif_receive_skb(skb);
	local_bh_enable();
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&held, 60 * HZ), 0);
}

static int pass(void *cookie, struct dlil_ifnet *ifp, u32 family,
		struct sk_buff **skb)
{
	return 0;
}

static void hold_end(void *cookie, struct dlil_ifnet *ifp)
{
	complete(&held);
	wait_for_completion_timeout(&let_go, 60 * HZ);
}

/*
 * LNX-13 LNX-1: the attach of a device does not wait for a callback on another one that
 * is being unwrapped, even if both have the same permanent address.
 */
static void other_goes_slowly(struct kunit *test)
{
	static const struct dlil_filter_ops ops = { .input = pass, .detached = hold_end };
	const struct dlil_filter_params params = { .ops = &ops, .name = "hold" };
	struct net_device *first = test->priv, *second;
	struct dlil_ifnet *a, *going, *other;
	dlil_filter_t ref;

	second = alloc_netdev(0, "dlilu%d", NET_NAME_UNKNOWN, ether_setup);
	KUNIT_ASSERT_NOT_NULL(test, second);
	second->netdev_ops = &test_netdev_ops;
	eth_hw_addr_set(second, first->dev_addr);
	KUNIT_ASSERT_EQ(test, register_netdev(second), 0);
	a = attached(test, first);
	KUNIT_ASSERT_EQ(test, dlil_filter_attach(a, &params, &ref), 0);
	reinit_completion(&held);
	reinit_completion(&let_go);
	KUNIT_ASSERT_EQ(test, detach(first, &going), 0);
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&held, 60 * HZ), 0);
	KUNIT_EXPECT_EQ(test, attach(second, &other), 0);
	KUNIT_EXPECT_NULL(test, other);
	KUNIT_EXPECT_PTR_NE(test, ifnet_of(second), a);
	/* The device itself has to wait. */
	KUNIT_EXPECT_EQ(test, attach(first, &other), -EAGAIN);
	KUNIT_EXPECT_PTR_EQ(test, other, a);
	dlil_ifnet_put(other);
	complete(&let_go);
	wait_gone(test, going);
	KUNIT_EXPECT_PTR_EQ(test, attached(test, first), a);
	unregister_netdev(second);
	free_netdev(second);
}

#ifdef CONFIG_RPS
static void add_to_backlog(void *n)
{
	__this_cpu_add(softnet_data.input_queue_tail, (long)n);
}

/*
 * LNX-15: a detach waits for packets that RPS has queued on a processor, since the receive
 * handler has to see them; but for at most a second, because it holds RTNL.
 */
static void backlog_drained(struct kunit *test)
{
	unsigned int cpu = cpumask_last(cpu_online_mask);
	struct net_device *dev = test->priv;
	struct dlil_ifnet *going;
	unsigned long begin;

	attached(test, dev);
	/* As if a packet were queued there. */
	KUNIT_ASSERT_EQ(test, smp_call_function_single(cpu, add_to_backlog,
						       (void *)1L, 1), 0);
	begin = jiffies;
	KUNIT_EXPECT_EQ(test, detach(dev, &going), 0);
	KUNIT_EXPECT_GE(test, jiffies - begin, (unsigned long)HZ);
	KUNIT_EXPECT_EQ(test, smp_call_function_single(cpu, add_to_backlog,
						       (void *)-1L, 1), 0);
	wait_gone(test, going);
}
#endif

static struct delayed_work *held_work;

static void hold_cancel(struct delayed_work *work)
{
	if (work != held_work)
		return;
	complete(&held);
	wait_for_completion_timeout(&let_go, 60 * HZ);
}

/* IFN-1: a device that is attached while its binding is being freed waits for its ifnet. */
static void attached_while_freed(struct kunit *test)
{
	struct net_device *dev = test->priv;
	struct dlil_ifnet *ifp = attached(test, dev), *going, *again;

	held_work = &((struct dlil_netdev *)dlil_ifnet_priv(ifp))->change.retry;
	reinit_completion(&held);
	reinit_completion(&let_go);
	WRITE_ONCE(dlil_cancel_hook, hold_cancel);
	KUNIT_ASSERT_EQ(test, detach(dev, &going), 0);
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&held, 60 * HZ), 0);
	KUNIT_EXPECT_EQ(test, attach(dev, &again), -EAGAIN);
	KUNIT_EXPECT_PTR_EQ(test, again, ifp);
	WRITE_ONCE(dlil_cancel_hook, NULL);
	complete(&let_go);
	wait_gone(test, going);
	if (again)
		dlil_ifnet_put(again);
	KUNIT_EXPECT_PTR_EQ(test, attached(test, dev), ifp);
}

static const bool by_task[] = { false, true };

static void by_task_desc(const bool *by_task, char *desc)
{
	strscpy(desc, *by_task ? "by task" : "by CPU", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(by_task, by_task, by_task_desc);

/*
 * LNX-6: packets of a wrapped upper device also pass the filters of the wrapped
 * lower one, although it is the same skb; even while the upper device is
 * unhooked but not detached.
 */
static void stacked(struct kunit *test)
{
	struct net_device *lower = test->priv, *upper;
	struct dlil_ifnet *below, *above, *going;
	dlil_filter_t ref;
	int i;

	dlil_sender_by_task = *(const bool *)test->param_value;
	upper = stacked_device(test, lower);
	below = attached(test, lower);
	above = attached(test, upper);
	ref = attach_obedient(test, below, 0);
	for (i = 1; i <= 3; i++) {
		KUNIT_EXPECT_EQ(test, send_raw(upper, above), 0);
		KUNIT_EXPECT_EQ(test, filter_calls, i);
	}
	hold_up(test, upper, above);
	KUNIT_EXPECT_EQ(test, detach(upper, &going), 0);
	for (; i <= 6; i++) {
		KUNIT_EXPECT_EQ(test, send_raw(upper, above), 0);
		KUNIT_EXPECT_EQ(test, filter_calls, i);
	}
	complete(&let_go);
	wait_gone(test, going);
	/* Packets of the lower device itself pass them once, not twice. */
	KUNIT_EXPECT_EQ(test, send_raw(lower, below), 0);
	KUNIT_EXPECT_EQ(test, filter_calls, i);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(ref), 0);
	dlil_sender_by_task = IS_ENABLED(CONFIG_PREEMPT_RT);
	unregister_netdev(upper);
	free_netdev(upper);
}

static void expect_drops(struct kunit *test, u64 rx, u64 tx, int line)
{
	struct rtnl_link_stats64 stats;

	dev_get_stats(test->priv, &stats);
	KUNIT_EXPECT_EQ_MSG(test, stats.rx_dropped, rx, "line %d", line);
	KUNIT_EXPECT_EQ_MSG(test, stats.tx_dropped, tx, "line %d", line);
}

/* LNX-14: drops are counted once in the counters of the device. */
static void device_counters(struct kunit *test)
{
	struct net_device *dev = test->priv;
	struct dlil_ifnet *ifp = attached(test, dev);
	struct sk_buff_head list;
	struct sk_buff *skb;
	dlil_filter_t ref;
	int i;

	expect_drops(test, 0, 0, __LINE__);
	ref = attach_obedient(test, ifp, -EPERM);
	KUNIT_EXPECT_EQ(test, dev_queue_xmit(frame(dev, 100, ETH_P_LOOPBACK)),
			NET_XMIT_DROP);
	expect_drops(test, 0, 1, __LINE__);
	KUNIT_EXPECT_EQ(test, send_raw(dev, ifp), -EPERM);
	expect_drops(test, 0, 2, __LINE__);

	for (i = 0; i < 3; i++) {
		skb = frame(dev, 100, ETH_P_LOOPBACK);
		skb_pull(skb, ETH_HLEN);
		local_bh_disable();
		netif_receive_skb(skb);
		local_bh_enable();
	}
	KUNIT_EXPECT_EQ(test, dlil_input_flush(ifp), 0);
	expect_drops(test, 3, 2, __LINE__);
	KUNIT_EXPECT_EQ(test, dlil_filter_detach(ref), 0);

	KUNIT_EXPECT_EQ(test, dlil_proto_detach(ifp, DLIL_PF_INET), 0);
	KUNIT_EXPECT_EQ(test, dev_queue_xmit(frame(dev, 100, ETH_P_IP)),
			NET_XMIT_DROP);
	expect_drops(test, 3, 3, __LINE__);
	/* Too short for a link header: the driver refuses it. */
	skb = frame(dev, ETH_HLEN, ETH_P_LOOPBACK);
	skb_trim(skb, 5);
	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, skb);
	KUNIT_EXPECT_EQ(test, dlil_output(ifp, 0, &list, NULL,
					  DLIL_OUTPUT_RAW), -ENXIO);
	expect_drops(test, 3, 4, __LINE__);
}

static unsigned int taps;

static void tap_and_send(void *cookie, struct dlil_ifnet *ifp,
			 enum dlil_tap_mode way, const struct sk_buff *skb)
{
	struct sk_buff *copy;

	if (!is_ours(skb) || ++taps > 64)
		return;
	copy = skb_copy(skb, GFP_ATOMIC);
	if (copy)
		dev_queue_xmit(copy);
}

/*
 * OUT-10 TAP-1: the limit of nested output also holds for a tap that sends
 * through the host's stack.
 */
static void tap_recursion(struct kunit *test)
{
	static const struct dlil_tap tap = { .packet = tap_and_send };
	struct net_device *dev = test->priv;
	struct dlil_ifnet *ifp = attached(test, dev);

	taps = 0;
	KUNIT_ASSERT_EQ(test, dlil_set_tap(ifp, DLIL_TAP_OUTPUT, &tap), 0);
	dev_queue_xmit(frame(dev, 100, ETH_P_LOOPBACK));
	KUNIT_EXPECT_EQ(test, dlil_set_tap(ifp, DLIL_TAP_OFF, &tap), 0);
	KUNIT_EXPECT_EQ(test, taps, DLIL_OUTPUT_DEPTH);
}

static unsigned int asked;

static int send_and_refuse(void *cookie, struct dlil_ifnet *ifp, u32 family,
			   int type, const struct sk_buff *skb)
{
	struct sk_buff *copy;

	if (ifp != cookie || !is_ours(skb) || ++asked > 64)
		return 0;
	copy = skb_copy(skb, GFP_ATOMIC);
	if (copy)
		dev_queue_xmit(copy);
	return -EACCES;
}

/* OUT-3 OUT-10: a policy that sends by the host's stack nests no deeper either. */
static void policy_recursion(struct kunit *test)
{
	struct net_device *dev = test->priv;
	struct dlil_ifnet *ifp = attached(test, dev);
	const struct dlil_output_policy policy = {
		.check = send_and_refuse, .cookie = ifp,
	};
	struct dlil_account in, out;
	struct dlil_stats stats;

	asked = 0;
	KUNIT_ASSERT_EQ(test, dlil_output_set_policy(&policy), 0);
	/* As of a filter: the egress hook has refused it. */
	KUNIT_EXPECT_EQ(test, dev_queue_xmit(frame(dev, 100, ETH_P_LOOPBACK)),
			NET_XMIT_DROP);
	KUNIT_EXPECT_EQ(test, dlil_output_set_policy(NULL), 0);
	KUNIT_EXPECT_EQ(test, asked, DLIL_OUTPUT_DEPTH);
	dlil_stats_read(ifp, &stats, &in, &out);
	KUNIT_EXPECT_EQ(test, out.drops[DLIL_DROP_POLICY], DLIL_OUTPUT_DEPTH);
	KUNIT_EXPECT_EQ(test, out.drops[DLIL_DROP_RECURSION], 1);
}

static struct kunit_case dlil_netdev_cases[] = {
	KUNIT_CASE_PARAM(control_block, cb_gen_params),
	KUNIT_CASE_PARAM(stacked, by_task_gen_params),
	KUNIT_CASE(device_counters),
	KUNIT_CASE(tap_recursion),
	KUNIT_CASE(policy_recursion),
	KUNIT_CASE(attach_and_detach),
	KUNIT_CASE(errors_of_device),
	KUNIT_CASE(attach_at_once),
	KUNIT_CASE_PARAM(kinds, kind_gen_params),
	KUNIT_CASE(refusals),
	KUNIT_CASE(slow_without_rtnl),
	KUNIT_CASE(replaced_meanwhile),
	KUNIT_CASE(gone_meanwhile),
	KUNIT_CASE(requests),
	KUNIT_CASE(groups_are_bounded),
	KUNIT_CASE(groups_without_room),
	KUNIT_CASE(groups_for_a_filter),
	KUNIT_CASE(changes_told),
	KUNIT_CASE(changes_owed),
	KUNIT_CASE(neighbours_told),
	KUNIT_CASE(neighbours_owed),
	KUNIT_CASE(neighbours_bounded),
	KUNIT_CASE(same_permanent_address),
	KUNIT_CASE(other_goes_slowly),
	KUNIT_CASE(attached_while_freed),
#ifdef CONFIG_RPS
	KUNIT_CASE(backlog_drained),
#endif
	KUNIT_CASE(type_stays),
	KUNIT_CASE(sysfs_counters),
	{}
};

static struct kunit_suite dlil_netdev_suite = {
	.name = "dlil_netdev",
	.init = test_init,
	.exit = test_exit,
	.test_cases = dlil_netdev_cases,
};

kunit_test_suite(dlil_netdev_suite);
