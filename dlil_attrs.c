// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of an ifnet that may change while it is attached (IFN-15).
 *
 * They have a word of their own, which the data path reads once per packet.
 * dlil_ifnets_lock serialises changes.  Events are queued under the same lock,
 * so that the last event has the last value.
 */
#include <linux/slab.h>

#include "dlil_event.h"
#include "dlil_ifnet.h"

/* Returns true if a value has changed; @item is then posted as event. */
static bool change(struct dlil_ifnet *ifp, u32 attrs, u32 mask,
		   struct dlil_event_item *item)
{
	u32 old = ifp->settable;

	lockdep_assert_held(&dlil_ifnets_lock);

	attrs = (old & ~mask) | (attrs & mask);
	if (attrs == old)
		return false;
	WRITE_ONCE(ifp->settable, attrs);
	dlil_ifnet_touch(ifp);
	*(u32 *)item->data = attrs;
	dlil_event_queue(ifp, item);
	return true;
}

/**
 * dlil_ifnet_set_attrs - change attributes of an attached ifnet
 * @ifp: ifnet
 * @attrs: new values, DLIL_ATTR_*
 * @mask: attributes to change, of DLIL_ATTRS_SETTABLE
 *
 * Row IFN-15.  A change is effective from the next packet on, and posts
 * IFCAP_CHANGED with the values of all DLIL_ATTRS_SETTABLE; without a change
 * nothing is posted.  The values last until the ifnet is detached;
 * dlil_ifnet_init() sets those for the next attach.  Only the driver should set
 * the first three.
 *
 * Context: process; may sleep.
 * Return: 0; -EINVAL for NULL, for an empty @mask or one with other attributes;
 * -ENXIO if the ifnet is not attached; -ENOMEM.
 */
int dlil_ifnet_set_attrs(struct dlil_ifnet *ifp, u32 attrs, u32 mask)
{
	struct dlil_event_item *item;
	bool changed = false;
	int err = 0;

	if (!ifp || !mask || mask & ~DLIL_ATTRS_SETTABLE)
		return -EINVAL;
	item = dlil_event_new(DLIL_EVENT_SUBCLASS_DL,
			      DLIL_EVENT_IFCAP_CHANGED, sizeof(u32));
	if (!item)
		return -ENOMEM;
	mutex_lock(&dlil_ifnets_lock);
	if (ifp->state == DLIL_STATE_ATTACHED)
		changed = change(ifp, attrs, mask, item);
	else
		err = -ENXIO;
	mutex_unlock(&dlil_ifnets_lock);
	if (!changed)
		kfree(item);
	return err;
}
EXPORT_SYMBOL_GPL(dlil_ifnet_set_attrs);

/*
 * Idle flags, and the route references of an ifnet (IFN-11).
 *
 * Flags that are set before the attach become effective then.  The detach
 * clears them.
 */

bool dlil_net_rtref;
EXPORT_SYMBOL_FOR_TEST(dlil_net_rtref);

/* Guards idle_wanted, idle_flags and idle_live of all ifnets, and n_flagged. */
static DEFINE_SPINLOCK(idle_lock);
static unsigned int n_flagged;

static void apply(struct dlil_ifnet *ifp, u32 flags)
{
	lockdep_assert_held(&idle_lock);

	n_flagged += !!flags - !!ifp->idle_flags;
	WRITE_ONCE(ifp->idle_flags, flags);
}

static u32 wanted(const struct dlil_ifnet *ifp)
{
	return ifp->idle_wanted | (dlil_net_rtref ? DLIL_IDLE_NOTIFY : 0);
}

/* Called with the change of state; under dlil_ifnets_lock. */
void dlil_idle_attach(struct dlil_ifnet *ifp)
{
	lockdep_assert_held(&dlil_ifnets_lock);

	spin_lock_bh(&idle_lock);
	ifp->idle_live = true;
	apply(ifp, wanted(ifp));
	spin_unlock_bh(&idle_lock);
}

/* Called with the change of state; under dlil_ifnets_lock. */
void dlil_idle_detach(struct dlil_ifnet *ifp)
{
	lockdep_assert_held(&dlil_ifnets_lock);

	spin_lock_bh(&idle_lock);
	ifp->idle_live = false;
	ifp->idle_wanted = 0;
	apply(ifp, 0);
	spin_unlock_bh(&idle_lock);
}

static void reapply(struct dlil_ifnet *ifp, void *arg)
{
	spin_lock_bh(&idle_lock);
	if (ifp->idle_live)
		apply(ifp, wanted(ifp));
	spin_unlock_bh(&idle_lock);
}

/* Set the parameter net_rtref: flag all ifnets, or only those that request it. */
void dlil_idle_force(bool on)
{
	spin_lock_bh(&idle_lock);
	dlil_net_rtref = on;
	spin_unlock_bh(&idle_lock);
	dlil_ifnet_for_each(reapply, NULL);
}
EXPORT_SYMBOL_FOR_TEST(dlil_idle_force);

/**
 * dlil_ifnet_set_idle_flags - set the action when an ifnet becomes unused
 * @ifp: ifnet
 * @flags: DLIL_IDLE_*
 * @mask: flags to change
 *
 * Row IFN-11.  Effective at once if the ifnet is attached, otherwise at its
 * attach.  A detach clears the flags.
 *
 * Context: any but hard interrupts; interrupts on.
 * Return: 0; -EINVAL for NULL and for unknown flags; -ENXIO if the ifnet is
 * being detached.
 */
int dlil_ifnet_set_idle_flags(struct dlil_ifnet *ifp, u32 flags, u32 mask)
{
	int err = 0;

	if (!ifp || (flags & ~mask) || (mask & ~DLIL_IDLE_NOTIFY))
		return -EINVAL;
	spin_lock_bh(&idle_lock);
	if (READ_ONCE(ifp->state) == DLIL_STATE_DETACHING) {
		err = -ENXIO;
	} else {
		ifp->idle_wanted = (ifp->idle_wanted & ~mask) | flags;
		if (ifp->idle_live)
			apply(ifp, wanted(ifp));
	}
	spin_unlock_bh(&idle_lock);
	return err;
}
EXPORT_SYMBOL_GPL(dlil_ifnet_set_idle_flags);

/**
 * dlil_ifnet_idle_flags - get the effective idle flags
 * @ifp: ifnet
 *
 * Row IFN-11.
 *
 * Context: any.
 * Return: DLIL_IDLE_*, 0 unless it is attached.
 */
u32 dlil_ifnet_idle_flags(const struct dlil_ifnet *ifp)
{
	return READ_ONCE(ifp->idle_flags);
}
EXPORT_SYMBOL_GPL(dlil_ifnet_idle_flags);

/**
 * dlil_ifnets_flagged - number of ifnets with effective idle flags
 *
 * Row IFN-11; XNU calls them aggressive drainers.
 *
 * Context: any.
 * Return: their number.
 */
unsigned int dlil_ifnets_flagged(void)
{
	return READ_ONCE(n_flagged);
}
EXPORT_SYMBOL_GPL(dlil_ifnets_flagged);

/* A route that leads through @ifp was handed out (RTC-3).  Any context. */
void dlil_idle_route_get(struct dlil_ifnet *ifp)
{
	WARN_ON_ONCE(atomic_inc_return(&ifp->route_refs) <= 0);
}
EXPORT_SYMBOL_FOR_TEST(dlil_idle_route_get);

/*
 * Such a route was put.  Behind the last one, with DLIL_IDLE_NOTIFY, the event
 * IF_IDLE_ROUTE_REFCNT is posted.  Any context but hard interrupts.
 */
void dlil_idle_route_put(struct dlil_ifnet *ifp)
{
	int left = atomic_dec_if_positive(&ifp->route_refs);

	WARN_ON_ONCE(left < 0);
	if (!left && dlil_ifnet_idle_flags(ifp) & DLIL_IDLE_NOTIFY)
		dlil_event_post(ifp, DLIL_EVENT_IF_IDLE_ROUTE_REFCNT, NULL, 0);
}
EXPORT_SYMBOL_FOR_TEST(dlil_idle_route_put);
