// SPDX-License-Identifier: GPL-2.0
/*
 * The tap of an ifnet: somebody who looks at what goes by (TAP-1).
 *
 * Only the driver knows when a packet goes by, so it does the showing; the core
 * says to whom, and whether.  The driver shows packets inside RCU read sections,
 * and nobody else refers to the tap.  So it is gone a grace period after the
 * driver was told to show no more: dlil_set_tap() waits for one; after a detach
 * the final detach has one behind it, which the last I/O reference began.
 */
#include <linux/module.h>

#include "dlil_call.h"
#include "dlil_ifnet.h"
#include "dlil_tap.h"

/* End a tap that no driver shows packets to any more. */
static void tap_end(struct dlil_ifnet *ifp, const struct dlil_tap *tap)
{
	struct module *owner = tap->owner;
	struct dlil_call call;

	if (tap->detached) {
		dlil_call_begin(&call, ifp);
		dlil_call_enter(&call, DLIL_PARTY_TAP, DLIL_CALLBACK_DETACHED,
				NULL);
		/* It may be freed by this. */
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
	/* One reference, however often its mode changes. */
	if (err || known)
		module_put(tap->owner);
	return err;
}

static int tap_off(struct dlil_ifnet *ifp, const struct dlil_tap *tap)
{
	bool ours;

	mutex_lock(&ifp->lock);
	/* If the ifnet is detaching, the final detach ends the tap. */
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
 * dlil_set_tap - look at what goes by on an ifnet, or no longer
 * @ifp: ifnet
 * @mode: enum dlil_tap_mode
 * @tap: the tap; one that is set already changes its mode
 *
 * Row TAP-1.  An ifnet has one tap at a time.  It sees received packets before
 * the filters and sent packets after them, and is off when the ifnet is detached,
 * and when DLIL_TAP_OFF returns.  Then, and not before its `detached` has been
 * called, it may be set again.
 *
 * Context: process; may sleep; waits for no callback.  May be called with RTNL
 * held, and from callbacks that may sleep, but for those of context L.
 * Return: 0; -EINVAL for bad arguments; -ENXIO unless the ifnet is attached, or if
 * @tap is not the one to be turned off; -EBUSY if there is another one; -EOPNOTSUPP
 * if the driver has no taps; -ENODEV if the tap's module is going away; or what
 * the driver said.
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

/* The ifnet is detaching, its I/O references are not killed yet (IFN-4). */
void dlil_tap_detach(struct dlil_ifnet *ifp)
{
	mutex_lock(&ifp->lock);
	/* A caller that comes later sees the state, and sets none. */
	if (ifp->tap)
		ifp->driver->set_tap(ifp, DLIL_TAP_OFF, NULL);
	mutex_unlock(&ifp->lock);
}

/* Part of the final detach. */
void dlil_tap_end(struct dlil_ifnet *ifp)
{
	const struct dlil_tap *tap = ifp->tap;

	ifp->tap = NULL;
	if (tap)
		tap_end(ifp, tap);
}
