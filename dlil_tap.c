// SPDX-License-Identifier: GPL-2.0
/*
 * The tap of an ifnet: a callback that sees its packets (TAP-1).
 *
 * Only the driver knows when a packet arrives or leaves, so it calls the tap;
 * the core manages which tap that is.  The driver calls the tap inside RCU read
 * sections, and nobody else refers to it.  So the tap is unused one grace
 * period after the driver was told to stop. dlil_set_tap() waits for one; after
 * a detach, the grace period that precedes the final detach serves.
 */
#include <linux/module.h>

#include "dlil_call.h"
#include "dlil_ifnet.h"
#include "dlil_tap.h"

/* Finish a tap that the driver does not call any more. */
static void tap_end(struct dlil_ifnet *ifp, const struct dlil_tap *tap)
{
	struct module *owner = tap->owner;
	struct dlil_call call;

	if (tap->detached) {
		dlil_call_begin(&call, ifp);
		dlil_call_enter(&call, DLIL_PARTY_TAP, DLIL_CALLBACK_DETACHED,
				NULL);
		/* This may free the tap. */
		tap->detached(tap->cookie, ifp);
		dlil_call_end(&call);
	}
	module_put(owner);
}

static int tap_set(struct dlil_ifnet *ifp, u32 mode,
		   const struct dlil_tap *tap)
{
	lockdep_assert_held(&ifp->lock);

	if (!dlil_ifnet_is_attached(ifp))
		return -ENXIO;
	if (ifp->tap && ifp->tap != tap)
		return -EBUSY;
	return dlil_errno(ifp->driver->set_tap(ifp, mode, tap));
}

static int tap_on(struct dlil_ifnet *ifp, u32 mode, const struct dlil_tap *tap)
{
	bool known;
	int err;

	if (!ifp->driver->set_tap)
		return -EOPNOTSUPP;
	if (!try_module_get(tap->owner))
		return -ENODEV;
	mutex_lock(&ifp->lock);
	known = ifp->tap == tap;
	err = tap_set(ifp, mode, tap);
	if (!err)
		ifp->tap = tap;
	mutex_unlock(&ifp->lock);
	/* Keep one module reference, however often the mode changes. */
	if (err || known)
		module_put(tap->owner);
	return err;
}

static int tap_off(struct dlil_ifnet *ifp, const struct dlil_tap *tap)
{
	bool ours;

	mutex_lock(&ifp->lock);
	/* If the ifnet is being detached, the final detach ends the tap. */
	ours = ifp->tap == tap && dlil_ifnet_is_attached(ifp);
	if (ours) {
		ifp->driver->set_tap(ifp, DLIL_TAP_OFF, NULL);
		ifp->tap = NULL;
	}
	mutex_unlock(&ifp->lock);
	if (!ours)
		return -ENXIO;
	synchronize_net();
	tap_end(ifp, tap);
	return 0;
}

/**
 * dlil_set_tap - set, change or remove the tap of an ifnet
 * @ifp: ifnet
 * @mode: enum dlil_tap_mode
 * @tap: the tap; if it is set already, its mode changes
 *
 * Row TAP-1.  An ifnet has at most one tap.  The tap sees received packets
 * before the filters and sent packets after them.  It is off once DLIL_TAP_OFF
 * has returned, or the ifnet has been detached.  It may be set again after its
 * `detached` was called.
 *
 * Context: process; may sleep; waits for no callback.  May be called under
 * RTNL, and from callbacks that may sleep, except those of context L.
 * Return: 0; -EINVAL for bad arguments; -ENXIO unless the ifnet is attached, or
 * if @tap to be removed is not set; -EBUSY if another tap is set; -EOPNOTSUPP
 * if the driver does not support taps; -ENODEV if the tap's module is being
 * unloaded; or an error of the driver.
 */
int dlil_set_tap(struct dlil_ifnet *ifp, u32 mode, const struct dlil_tap *tap)
{
	int err;

	if (!ifp || !tap || !tap->packet || mode > DLIL_TAP_BOTH)
		return -EINVAL;
	if (!dlil_ifnet_io_begin(ifp))
		return -ENXIO;
	err = mode ? tap_on(ifp, mode, tap) : tap_off(ifp, tap);
	dlil_ifnet_io_end(ifp);
	return err;
}
EXPORT_SYMBOL_GPL(dlil_set_tap);

/* Turn the tap off in a detach, before I/O references are killed (IFN-4). */
void dlil_tap_detach(struct dlil_ifnet *ifp)
{
	mutex_lock(&ifp->lock);
	/* A caller that locks later sees the state, and sets no tap. */
	if (ifp->tap)
		ifp->driver->set_tap(ifp, DLIL_TAP_OFF, NULL);
	mutex_unlock(&ifp->lock);
}

/* End the tap in the final detach. */
void dlil_tap_end(struct dlil_ifnet *ifp)
{
	const struct dlil_tap *tap = ifp->tap;

	ifp->tap = NULL;
	if (tap)
		tap_end(ifp, tap);
}
