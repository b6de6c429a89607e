// SPDX-License-Identifier: GPL-2.0
/*
 * Cached routes (RTC-1 to RTC-3): for each ifnet the last route to an IPv4
 * address and the last one to an IPv6 address.
 *
 * The driver looks routes up, outside the lock of the cache, and the kernel
 * checks whether a cached one is still valid.  The cache is open while the
 * ifnet is attached.  The detach closes and empties it under its lock, so that
 * a look-up in flight leaves no route behind.
 *
 * A route that a look-up returns is referenced, and the ifnet counts it
 * (IFN-11).  Neither the device nor its netns waits for it.  An IPv4 route works
 * without either, and must be put before the final detach is over.  The dst_ops of
 * an IPv6 route are part of the netns, so it must be put in the RCU read section
 * of its look-up, for which the unregistering of a device waits.
 */
#include <linux/in6.h>
#include <net/dst.h>
#include <net/ipv6.h>

#include "dlil_ifnet.h"
#include "dlil_route.h"

/*
 * Returns the cached route to @addr in @r with a reference, if it is valid; or
 * NULL.
 */
static struct dst_entry *find_cached(struct dlil_routes *routes,
				     struct dlil_route *r,
				     const struct in6_addr *addr)
{
	struct dst_entry *dst = NULL, *stale = NULL;

	spin_lock_bh(&routes->lock);
	if (r->dst && ipv6_addr_equal(&r->addr, addr)) {
		if (dst_check(r->dst, r->cookie)) {
			dst = r->dst;
			dst_hold(dst);
		} else {
			stale = r->dst;
			r->dst = NULL;
		}
	}
	spin_unlock_bh(&routes->lock);
	dst_release(stale);
	return dst;
}

/* Store @dst in @r, with a reference; false if the cache is closed. */
static bool keep(struct dlil_routes *routes, struct dlil_route *r,
		 const struct in6_addr *addr, struct dst_entry *dst, u32 cookie)
{
	struct dst_entry *old = NULL;
	bool on;

	spin_lock_bh(&routes->lock);
	on = routes->on;
	if (on) {
		old = r->dst;
		dst_hold(dst);
		r->dst = dst;
		r->cookie = cookie;
		r->addr = *addr;
	}
	spin_unlock_bh(&routes->lock);
	dst_release(old);
	return on;
}

static struct dst_entry *look_up(struct dlil_ifnet *ifp, struct dlil_route *r,
				 const struct in6_addr *addr,
				 const struct sockaddr *to)
{
	struct dst_entry *dst;
	u32 cookie = 0;

	if (!ifp->driver->route)
		return ERR_PTR(-EOPNOTSUPP);
	dst = ifp->driver->route(ifp, to, &cookie);
	if (IS_ERR(dst))
		return dst;
	if (keep(&ifp->routes, r, addr, dst, cookie))
		return dst;
	dst_release(dst);
	return ERR_PTR(-ENXIO);
}

static struct dst_entry *get(struct dlil_ifnet *ifp, struct dlil_route *r,
			     const struct in6_addr *addr,
			     const struct sockaddr *to)
{
	struct dst_entry *dst;

	rcu_read_lock();
	if (dlil_ifnet_is_attached(ifp))
		dst = find_cached(&ifp->routes, r, addr) ?:
		      look_up(ifp, r, addr, to);
	else
		dst = ERR_PTR(-ENXIO);
	/* The final detach checks the count after this RCU section. */
	if (!IS_ERR(dst))
		dlil_idle_route_get(ifp);
	rcu_read_unlock();
	return dst;
}

/**
 * dlil_rtlookup_inet - look up the route to an IPv4 source through an ifnet
 * @ifp: ifnet, referenced by the caller
 * @source: the address
 *
 * Rows RTC-1, RTC-3.  The last route is cached, and returned again while it is
 * valid.  The caller must put it by dlil_route_put(): a filter or protocol
 * before its `detached` returns, others before they have handled the event
 * IF_DETACHING of the ifnet.  The final detach warns of routes that are left.
 *
 * Context: any but hard interrupts.
 * Return: the route, referenced; or an error pointer: -EINVAL without @ifp,
 * -ENXIO if it is not attached, -EOPNOTSUPP if its driver does not look up
 * routes, or an error of the driver.
 */
struct dst_entry *dlil_rtlookup_inet(struct dlil_ifnet *ifp, __be32 source)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = source,
	};
	struct in6_addr addr;

	if (!ifp)
		return ERR_PTR(-EINVAL);
	ipv6_addr_set_v4mapped(source, &addr);
	return get(ifp, &ifp->routes.inet, &addr, (struct sockaddr *)&to);
}
EXPORT_SYMBOL_GPL(dlil_rtlookup_inet);

/**
 * dlil_rtlookup_inet6 - look up the route to an IPv6 source through an ifnet
 * @ifp: ifnet, referenced by the caller
 * @source: the address
 *
 * Same as dlil_rtlookup_inet(), but the route must be put in the RCU read section
 * of the look-up: it uses parts of its netns, which may go.  Another look-up finds
 * it in the cache.
 *
 * Context: RCU read lock held; any but hard interrupts.
 * Return: as dlil_rtlookup_inet(); also -EINVAL without @source.
 */
struct dst_entry *dlil_rtlookup_inet6(struct dlil_ifnet *ifp,
				      const struct in6_addr *source)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6 };

	RCU_LOCKDEP_WARN(!rcu_read_lock_held() && !rcu_read_lock_bh_held(),
			 "RCU read lock not held");
	if (!ifp || !source)
		return ERR_PTR(-EINVAL);
	to.sin6_addr = *source;
	return get(ifp, &ifp->routes.inet6, source, (struct sockaddr *)&to);
}
EXPORT_SYMBOL_GPL(dlil_rtlookup_inet6);

/**
 * dlil_route_put - release a route
 * @ifp: ifnet of the look-up
 * @dst: the route
 *
 * Rows RTC-3, IFN-11.  With DLIL_IDLE_NOTIFY, the last one posts the event
 * IF_IDLE_ROUTE_REFCNT.
 *
 * Context: any but hard interrupts.
 */
void dlil_route_put(struct dlil_ifnet *ifp, struct dst_entry *dst)
{
	dst_release(dst);
	dlil_idle_route_put(ifp);
}
EXPORT_SYMBOL_GPL(dlil_route_put);

void dlil_route_init(struct dlil_ifnet *ifp)
{
	spin_lock_init(&ifp->routes.lock);
}

/* Open the cache at an attach; the detach before has emptied it. */
void dlil_route_open(struct dlil_ifnet *ifp)
{
	spin_lock_bh(&ifp->routes.lock);
	ifp->routes.on = true;
	spin_unlock_bh(&ifp->routes.lock);
}

static void drop(struct dlil_routes *routes, struct dlil_route *r)
{
	struct dst_entry *dst;

	/*
	 * Another task may find nothing here and go on.  The end of a device waits
	 * for this section, and the namespace, which the route needs, for the device.
	 */
	rcu_read_lock();
	spin_lock_bh(&routes->lock);
	dst = r->dst;
	r->dst = NULL;
	spin_unlock_bh(&routes->lock);
	dst_release(dst);
	rcu_read_unlock();
}

/* Row RTC-2: close and empty the cache at a detach. */
void dlil_route_close(struct dlil_ifnet *ifp)
{
	spin_lock_bh(&ifp->routes.lock);
	ifp->routes.on = false;
	spin_unlock_bh(&ifp->routes.lock);
	drop(&ifp->routes, &ifp->routes.inet);
	drop(&ifp->routes, &ifp->routes.inet6);
}
EXPORT_SYMBOL_FOR_TEST(dlil_route_close);

/* Row PRO-3: empty the cache of @family, whose protocol has ended. */
void dlil_route_drop(struct dlil_ifnet *ifp, u32 family)
{
	if (family == DLIL_PF_INET)
		drop(&ifp->routes, &ifp->routes.inet);
	else if (family == DLIL_PF_INET6)
		drop(&ifp->routes, &ifp->routes.inet6);
}

/* Check the count in the final detach, when filters and protocols have ended. */
void dlil_route_end(struct dlil_ifnet *ifp)
{
	int n = atomic_read(&ifp->route_refs);

	WARN_ONCE(n, "dlil: %s is gone, and %d of its routes have not been put\n",
		  ifp->name, n);
}
