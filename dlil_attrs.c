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
