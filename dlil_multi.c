// SPDX-License-Identifier: GPL-2.0
/*
 * Multicast memberships of an ifnet: the group addresses it listens to (IFN-12).
 *
 * They belong to the ifnet, not to one of its lives.
 */
#include <linux/slab.h>

#include "dlil_ifnet.h"
#include "dlil_multi.h"

/**
 * struct membership - a group address
 * @list: in the ifnet's list
 * @users: joined so many times
 * @len: length of @addr
 * @addr: the address
 */
struct membership {
	struct list_head list;
	unsigned int users;
	size_t len;
	u8 addr[MAX_ADDR_LEN];
};

/* Guards the memberships of all ifnets; never held around a callback. */
static DEFINE_MUTEX(multi_lock);

static struct membership *find(struct dlil_ifnet *ifp, const u8 *addr,
			       size_t len)
{
	struct membership *m;

	lockdep_assert_held(&multi_lock);

	list_for_each_entry(m, &ifp->multis, list)
		if (m->len == len && !memcmp(m->addr, addr, len))
			return m;
	return NULL;
}

/* Returns 1 if the ifnet did not have it before. */
static int add(struct dlil_ifnet *ifp, const u8 *addr, size_t len)
{
	struct membership *m = find(ifp, addr, len);

	if (m) {
		m->users++;
		return 0;
	}
	m = kzalloc(sizeof(*m), GFP_KERNEL);
	if (!m)
		return -ENOMEM;
	m->users = 1;
	m->len = len;
	memcpy(m->addr, addr, len);
	list_add_tail(&m->list, &ifp->multis);
	ifp->n_multis++;
	return 1;
}

/* Returns 1 if the ifnet does not have it any more. */
static int del(struct dlil_ifnet *ifp, const u8 *addr, size_t len)
{
	struct membership *m = find(ifp, addr, len);

	if (!m)
		return -EADDRNOTAVAIL;
	if (--m->users)
		return 0;
	list_del(&m->list);
	kfree(m);
	ifp->n_multis--;
	return 1;
}

static bool is_bad(struct dlil_ifnet *ifp, const u8 *addr, size_t len)
{
	return !ifp || !addr || !len || len > MAX_ADDR_LEN ||
	       (ifp->addr_len && len != ifp->addr_len);
}

/**
 * dlil_multi_join - listen to a group address
 * @ifp: ifnet, attached or not
 * @addr: link-layer address of the group
 * @len: its length
 *
 * Row IFN-12.  To be undone by as many calls of dlil_multi_leave().
 *
 * Context: process; may sleep.  Holding no lock that a callback on @ifp might
 * want.
 * Return: 0; -EINVAL for bad arguments; -ENOMEM; or what the driver said: then
 * all is as before.
 */
int dlil_multi_join(struct dlil_ifnet *ifp, const u8 *addr, size_t len)
{
	int err;

	if (is_bad(ifp, addr, len))
		return -EINVAL;
	mutex_lock(&multi_lock);
	err = add(ifp, addr, len);
	mutex_unlock(&multi_lock);
	return err < 0 ? err : 0;
}
EXPORT_SYMBOL_GPL(dlil_multi_join);

/**
 * dlil_multi_leave - listen to a group address no longer
 * @ifp: ifnet, attached or not
 * @addr: link-layer address of the group
 * @len: its length
 *
 * Row IFN-12.
 *
 * Context: as dlil_multi_join().
 * Return: 0; -EINVAL for bad arguments; -EADDRNOTAVAIL if it was not joined; or
 * what the driver said, which does not bring the membership back.
 */
int dlil_multi_leave(struct dlil_ifnet *ifp, const u8 *addr, size_t len)
{
	int err;

	if (is_bad(ifp, addr, len))
		return -EINVAL;
	mutex_lock(&multi_lock);
	err = del(ifp, addr, len);
	mutex_unlock(&multi_lock);
	return err < 0 ? err : 0;
}
EXPORT_SYMBOL_GPL(dlil_multi_leave);

/**
 * dlil_multi_for_each - look at the group addresses of an ifnet
 * @ifp: ifnet
 * @fn: called for each until it returns not 0; must neither join nor leave
 * @arg: handed to @fn
 *
 * Context: process; may sleep.
 * Return: what @fn returned last, 0 if there was nothing to call it for.
 */
int dlil_multi_for_each(struct dlil_ifnet *ifp,
			int (*fn)(const u8 *addr, size_t len, void *arg),
			void *arg)
{
	struct membership *m;
	int err = 0;

	mutex_lock(&multi_lock);
	list_for_each_entry(m, &ifp->multis, list) {
		err = fn(m->addr, m->len, arg);
		if (err)
			break;
	}
	mutex_unlock(&multi_lock);
	return err;
}
EXPORT_SYMBOL_GPL(dlil_multi_for_each);

/**
 * dlil_multi_suspended - how many memberships the driver does not know of yet
 * @ifp: ifnet
 *
 * Row IFN-12.
 *
 * Context: any.
 * Return: their number; 0 once they are restored.
 */
unsigned int dlil_multi_suspended(const struct dlil_ifnet *ifp)
{
	return READ_ONCE(ifp->multi_suspended);
}
EXPORT_SYMBOL_GPL(dlil_multi_suspended);

/* Before anybody can see it attached. */
void dlil_multi_attach(struct dlil_ifnet *ifp)
{
	mutex_lock(&multi_lock);
	WRITE_ONCE(ifp->multi_suspended, ifp->n_multis);
	mutex_unlock(&multi_lock);
}

void dlil_multi_init(struct dlil_ifnet *ifp)
{
	INIT_LIST_HEAD(&ifp->multis);
}

/* The last reference is gone. */
void dlil_multi_free(struct dlil_ifnet *ifp)
{
	struct membership *m, *next;

	list_for_each_entry_safe(m, next, &ifp->multis, list)
		kfree(m);
}
