// SPDX-License-Identifier: GPL-2.0
/*
 * Groups of a wrapped device: whose link addresses it receives besides its own
 * becomes the events ADDMULTI and DELMULTI (LNX-7).
 *
 * The kernel tells nobody of them.  There is neither a notifier for the list of a
 * device nor a count of its changes, and drivers, who are told, are not ours.  An
 * egress hook could look for the IGMP and MLD reports of the host; but there are
 * none for some groups of IP and for all that are joined by link address (ip
 * maddr, packet sockets, devices on top), they come late or not at all, and to
 * look costs something for every packet that is sent.  So it is the list that is
 * looked at: once a second, and when a control request has changed it.  A group
 * that was there for less than that may go untold, the last state never does.
 */
#include <linux/etherdevice.h>
#include <linux/jhash.h>
#include <linux/slab.h>

#include "dlil_groups.h"
#include "dlil_netdev.h"

#define PERIOD HZ

/**
 * struct known - a group
 * @hash: in the hash of its device
 * @here: the device is in it
 * @told: what was told last, or was so when the device was wrapped
 * @addr: its link address, as long as the device's
 */
struct known {
	struct hlist_node hash;
	bool here;
	bool told;
	u8 addr[MAX_ADDR_LEN];
};

static void note(struct dlil_groups *gs, const u8 *addr, u8 len)
{
	u32 key = jhash(addr, len, 0);
	struct known *k;

	hash_for_each_possible(gs->hash, k, hash, key)
		if (!memcmp(k->addr, addr, len)) {
			k->here = true;
			return;
		}
	/* Without memory it is new the next time. */
	k = kzalloc(sizeof(*k), GFP_ATOMIC);
	if (!k)
		return;
	k->here = true;
	memcpy(k->addr, addr, len);
	hash_add(gs->hash, &k->hash, key);
}

/* What the device is in now. */
static void take_stock(struct dlil_netdev *nd, struct net_device *dev)
{
	struct netdev_hw_addr *ha;
	struct known *k;
	int i;

	lockdep_assert_held(&nd->groups.lock);

	hash_for_each(nd->groups.hash, i, k, hash)
		k->here = false;
	netif_addr_lock_bh(dev);
	netdev_for_each_mc_addr(ha, dev)
		note(&nd->groups, ha->addr, dev->addr_len);
	netif_addr_unlock_bh(dev);
}

/* If there is no room for the event, it is still to be told the next time. */
static void tell(struct dlil_netdev *nd, struct known *k)
{
	if (k->here != k->told &&
	    !dlil_event_post(nd->ifp, k->here ? DLIL_EVENT_ADDMULTI :
						DLIL_EVENT_DELMULTI,
			     k->addr, dlil_ifnet_addr_len(nd->ifp)))
		k->told = k->here;
	if (k->here || k->told)
		return;
	hash_del(&k->hash);
	kfree(k);
}

/* May sleep; RTNL held or not. */
void dlil_groups_look(struct dlil_netdev *nd)
{
	struct hlist_node *next;
	netdevice_tracker tracker;
	struct net_device *dev;
	struct known *k;
	int i;

	dev = dlil_netdev_hold(nd, &tracker);
	if (!dev)
		return;
	mutex_lock(&nd->groups.lock);
	take_stock(nd, dev);
	netdev_put(dev, &tracker);
	hash_for_each_safe(nd->groups.hash, i, next, k, hash)
		tell(nd, k);
	mutex_unlock(&nd->groups.lock);
}

static void look_again(struct dlil_netdev *nd)
{
	/* For all devices at the same time: it wakes a processor only once. */
	queue_delayed_work(system_power_efficient_wq, &nd->groups.work,
			   round_jiffies_relative(PERIOD));
}

static void groups_work(struct work_struct *work)
{
	struct dlil_netdev *nd = container_of(to_delayed_work(work),
					      struct dlil_netdev, groups.work);

	/* Nobody wants to know of a device that is being unwrapped. */
	if (!dlil_ifnet_io_begin(nd->ifp))
		return;
	dlil_groups_look(nd);
	look_again(nd);
	dlil_ifnet_io_end(nd->ifp);
}

void dlil_groups_init(struct dlil_netdev *nd)
{
	mutex_init(&nd->groups.lock);
	hash_init(nd->groups.hash);
	INIT_DELAYED_WORK(&nd->groups.work, groups_work);
}

/* What there is when the device is wrapped is no news.  RTNL held. */
void dlil_groups_start(struct dlil_netdev *nd)
{
	struct known *k;
	int i;

	mutex_lock(&nd->groups.lock);
	take_stock(nd, nd->dev);
	hash_for_each(nd->groups.hash, i, k, hash)
		k->told = true;
	mutex_unlock(&nd->groups.lock);
	if (nd->dev->addr_len)
		look_again(nd);
}

/* The device is unhooked, and no I/O reference is left.  May sleep. */
void dlil_groups_exit(struct dlil_netdev *nd)
{
	struct hlist_node *next;
	struct known *k;
	int i;

	cancel_delayed_work_sync(&nd->groups.work);
	hash_for_each_safe(nd->groups.hash, i, next, k, hash) {
		hash_del(&k->hash);
		kfree(k);
	}
}
