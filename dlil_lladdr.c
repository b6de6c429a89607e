// SPDX-License-Identifier: GPL-2.0
/*
 * The link address of an ifnet (IFN-9).
 *
 * It stands in the ifnet itself as long as addresses are short.  The first long
 * one moves it, once and for good, to storage with room for any; that happens
 * before an attach is over and packets flow.  Both places live as long as the
 * ifnet, so that a pointer to either can be followed by whoever has a reference.
 */
#include <linux/slab.h>

#include "dlil_ifnet.h"
#include "dlil_lladdr.h"

/* ether_addr_equal_64bits() and its like read 8 bytes. */
static_assert(offsetof(struct dlil_lladdr, addr) % 8 == 0);
static_assert(DLIL_LLADDR_OWN - sizeof(struct dlil_lladdr) >= 8);

void dlil_lladdr_init(struct dlil_ifnet *ifp)
{
	ifp->lladdr = (struct dlil_lladdr *)ifp->lladdr_own;
}

/* Have room for @len bytes.  Not attached, under dlil_ifnets_lock; may sleep. */
int dlil_lladdr_reserve(struct dlil_ifnet *ifp, size_t len)
{
	dlil_ifnets_assert_locked();

	if (len <= DLIL_LLADDR_OWN - sizeof(*ifp->lladdr) || ifp->lladdr_large)
		return 0;
	ifp->lladdr_large = kzalloc(struct_size(ifp->lladdr, addr,
						MAX_ADDR_LEN), GFP_KERNEL);
	return ifp->lladdr_large ? 0 : -ENOMEM;
}

/*
 * Take over name, index and length of @ifp and, unless it is NULL, @addr.  Must
 * be called with dlil_ifnets_lock.
 */
void dlil_lladdr_fill(struct dlil_ifnet *ifp, const u8 *addr)
{
	struct dlil_lladdr *old = ifp->lladdr;
	struct dlil_lladdr *la = ifp->lladdr_large ?: old;

	dlil_ifnets_assert_locked();

	if (la != old)
		memcpy(la->addr, old->addr, old->len);
	la->ifindex = ifp->ifindex;
	la->family = ifp->kind;
	strscpy(la->name, ifp->name, sizeof(la->name));
	if (addr)
		memcpy(la->addr, addr, ifp->addr_len);
	if (ifp->addr_len < la->len)
		memset(la->addr + ifp->addr_len, 0, la->len - ifp->addr_len);
	la->len = ifp->addr_len;
	/* Its readers may have no lock. */
	smp_store_release(&ifp->lladdr, la);
}

void dlil_lladdr_free(struct dlil_ifnet *ifp)
{
	kfree(ifp->lladdr_large);
}

/**
 * dlil_ifnet_link - the link address of an ifnet, and whose it is
 * @ifp: ifnet
 *
 * Row IFN-9.  It stays where it is, with contents that change in place, as long
 * as the caller has a reference to @ifp.  Only an attach with an address longer
 * than 8 bytes may put the next contents elsewhere, once.
 *
 * Context: any.
 * Return: the link address.
 */
const struct dlil_lladdr *dlil_ifnet_link(const struct dlil_ifnet *ifp)
{
	/* Pairs with the release in dlil_lladdr_fill(). */
	return smp_load_acquire(&ifp->lladdr);
}
EXPORT_SYMBOL_GPL(dlil_ifnet_link);

/**
 * dlil_ifnet_lladdr - the link address of an ifnet, nothing but its bytes
 * @ifp: ifnet
 *
 * Otherwise as dlil_ifnet_link().
 *
 * Return: the address, aligned to 8 and at least 8 bytes that can be read.
 */
const u8 *dlil_ifnet_lladdr(const struct dlil_ifnet *ifp)
{
	return dlil_ifnet_link(ifp)->addr;
}
EXPORT_SYMBOL_GPL(dlil_ifnet_lladdr);
