/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_ROUTE_H
#define _DLIL_ROUTE_H

#include <linux/in6.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct dlil_ifnet;
struct dst_entry;

/**
 * struct dlil_route - a cached route
 * @dst: the route, referenced; or NULL
 * @cookie: cookie for checking its validity
 * @addr: address that it leads to; IPv4 addresses are mapped to IPv6
 */
struct dlil_route {
	struct dst_entry *dst;
	u32 cookie;
	struct in6_addr addr;
};

/**
 * struct dlil_routes - the cached routes of an ifnet
 * @lock: guards the rest; bottom halves off
 * @on: routes may be cached
 * @inet: the last route to an IPv4 address
 * @inet6: the last route to an IPv6 address
 */
struct dlil_routes {
	spinlock_t lock;	/* see above */
	bool on;
	struct dlil_route inet;
	struct dlil_route inet6;
};

void dlil_route_init(struct dlil_ifnet *ifp);
void dlil_route_open(struct dlil_ifnet *ifp);
void dlil_route_close(struct dlil_ifnet *ifp);
void dlil_route_drop(struct dlil_ifnet *ifp, u32 family);
void dlil_route_end(struct dlil_ifnet *ifp);

#endif /* _DLIL_ROUTE_H */
