// SPDX-License-Identifier: GPL-2.0
/*
 * Multicast: the link-layer groups that an ifnet has joined (IFN-12), and the
 * link address of a group (MUL-1).
 *
 * Memberships belong to the ifnet and survive a detach.  An ADDMULTI or
 * DELMULTI request tells the driver of each change.  After an attach, a single
 * ADDMULTI request without argument tells it of all memberships, which it reads
 * with dlil_multi_for_each().  The first packet triggers this request, in a
 * worker, because the request reaches callbacks that sleep.
 *
 * The driver must get changes in the order in which they are made.  Otherwise a
 * join that overtakes an earlier leave would end in a group that the driver has
 * left. multi_lock cannot serialise the requests, since callbacks sleep and may
 * read memberships.  So each ifnet has a bit lock, multi_order: one task at a
 * time makes a change and tells the driver.  Others wait, even with changes of
 * the refcount only, because the driver may still refuse the join that they
 * rely on.
 */
#include <linux/if_packet.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "dlil_call.h"
#include "dlil_party.h"
#include "dlil_proto.h"
#include "dlil_retire.h"

/**
 * struct membership - a group that the ifnet has joined
 * @list: entry in the ifnet's list
 * @users: number of joins that have not been left
 * @len: length of @addr
 * @addr: the address
 */
struct membership {
	struct list_head list;
	unsigned int users;
	size_t len;
	u8 addr[MAX_ADDR_LEN];
};

/* Guards the memberships of all ifnets; not held while a driver is told. */
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

/* Returns 1 if the ifnet was not a member before. */
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

/* Returns 1 if the ifnet is not a member any more. */
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

/* Tell the driver.  Drivers that receive all groups need not support this. */
static int tell(struct dlil_ifnet *ifp, u32 code, const u8 *addr, size_t len)
{
	struct dlil_ioc_lladdr arg = { .len = len };
	int err;

	memcpy(arg.addr, addr, len);
	err = dlil_ioctl(ifp, 0, code, &arg);
	return err == -EAFNOSUPPORT || err == -EOPNOTSUPP ? 0 : err;
}

#define TELLING 0

/*
 * Start a change, after the previous one is over.  A callback that is told of a
 * change must not change memberships of the same ifnet, because it would wait
 * for itself.  It may change those of another ifnet, as stacked drivers do;
 * hence a bit lock rather than a mutex, for which lockdep would report
 * recursion.  But no callback waits for another task's change: that one may be in
 * a callback that waits for this ifnet.  The previous change may be in a callback
 * that sleeps, so waiting is killable; works cannot be killed.
 */
static int begin_telling(struct dlil_ifnet *ifp)
{
	if (READ_ONCE(ifp->multi_teller) == current)
		return -EDEADLK;
	if (test_and_set_bit_lock(TELLING, &ifp->multi_order)) {
		if (dlil_in_callback())
			return -EDEADLK;
		if (wait_on_bit_lock(&ifp->multi_order, TELLING, TASK_KILLABLE))
			return -ERESTARTSYS;
	}
	WRITE_ONCE(ifp->multi_teller, current);
	return 0;
}

static void end_telling(struct dlil_ifnet *ifp)
{
	WRITE_ONCE(ifp->multi_teller, NULL);
	clear_and_wake_up_bit(TELLING, &ifp->multi_order);
}

static bool is_bad(struct dlil_ifnet *ifp, const u8 *addr, size_t len)
{
	return !ifp || !addr || !len || len > MAX_ADDR_LEN ||
	       (ifp->addr_len && len != ifp->addr_len);
}

static int join(struct dlil_ifnet *ifp, const u8 *addr, size_t len)
{
	int err;

	mutex_lock(&multi_lock);
	err = add(ifp, addr, len);
	mutex_unlock(&multi_lock);
	if (err != 1)
		return err;
	err = tell(ifp, DLIL_IOC_ADDMULTI, addr, len);
	if (!err)
		return 0;
	mutex_lock(&multi_lock);
	del(ifp, addr, len);
	mutex_unlock(&multi_lock);
	return err;
}

/* Serialise a change with others of the same ifnet. */
static int change(struct dlil_ifnet *ifp, const u8 *addr, size_t len,
		  int (*fn)(struct dlil_ifnet *ifp, const u8 *addr, size_t len))
{
	int err;

	if (is_bad(ifp, addr, len))
		return -EINVAL;
	err = begin_telling(ifp);
	if (err)
		return err;
	err = fn(ifp, addr, len);
	end_telling(ifp);
	return err;
}

/**
 * dlil_multi_join - join a link-layer group
 * @ifp: ifnet, attached or not
 * @addr: link-layer address of the group
 * @len: length of @addr
 *
 * Row IFN-12.  Each successful call needs one call of dlil_multi_leave().
 *
 * Context: process; may sleep.  The caller must hold no lock that a callback on
 * @ifp may take.
 * Return: 0; -EINVAL for bad arguments; -ENOMEM; -EDEADLK in a callback that is
 * being told of a group of this ifnet, and in any callback while another task
 * changes the groups of this ifnet; -ERESTARTSYS if the caller was killed while it
 * waited for another change; or an error of the driver, which undoes the join.
 */
int dlil_multi_join(struct dlil_ifnet *ifp, const u8 *addr, size_t len)
{
	return change(ifp, addr, len, join);
}
EXPORT_SYMBOL_GPL(dlil_multi_join);

static int leave(struct dlil_ifnet *ifp, const u8 *addr, size_t len)
{
	int err;

	mutex_lock(&multi_lock);
	err = del(ifp, addr, len);
	mutex_unlock(&multi_lock);
	return err == 1 ? tell(ifp, DLIL_IOC_DELMULTI, addr, len) : err;
}

/**
 * dlil_multi_leave - leave a link-layer group
 * @ifp: ifnet, attached or not
 * @addr: link-layer address of the group
 * @len: length of @addr
 *
 * Row IFN-12.
 *
 * Context: as dlil_multi_join().
 * Return: 0; -EINVAL for bad arguments; -EADDRNOTAVAIL if the ifnet is not a
 * member; -EDEADLK and -ERESTARTSYS as dlil_multi_join(); or an error of the
 * driver, after which the membership is gone all the same.
 */
int dlil_multi_leave(struct dlil_ifnet *ifp, const u8 *addr, size_t len)
{
	return change(ifp, addr, len, leave);
}
EXPORT_SYMBOL_GPL(dlil_multi_leave);

/**
 * dlil_multi_for_each - iterate over the groups of an ifnet
 * @ifp: ifnet
 * @fn: called for each group until it returns non-zero; must neither join nor
 *	leave nor take RTNL
 * @arg: argument of @fn
 *
 * Context: process; may sleep.
 * Return: the last return value of @fn, or 0 if there is no group.
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
 * dlil_multi_suspended - number of memberships that the driver does not know
 * yet
 * @ifp: ifnet
 *
 * Row IFN-12.
 *
 * Context: any.
 * Return: their number; 0 once they have been restored.
 */
unsigned int dlil_multi_suspended(const struct dlil_ifnet *ifp)
{
	return READ_ONCE(ifp->multi_suspended);
}
EXPORT_SYMBOL_GPL(dlil_multi_suspended);

/**
 * struct resolution - translation of a group address
 * @addr: the address
 * @link: receives the link address
 * @result: errno of the protocol
 */
struct resolution {
	const struct sockaddr *addr;
	struct dlil_ioc_lladdr *link;
	int result;
};

static int ask_proto(const struct dlil_proto_ops *ops, void *cookie,
		     struct dlil_ifnet *ifp, u32 family, void *arg)
{
	struct resolution *r = arg;

	if (family != r->addr->sa_family || !ops->resolve_multi)
		return 0;
	r->result = dlil_errno(ops->resolve_multi(cookie, ifp, family, r->addr,
						  r->link));
	return 1;
}

/* Convert a link address for `check_multi` of the interface family. */
static void to_sockaddr(const struct dlil_ioc_lladdr *link,
			struct sockaddr_storage *ss)
{
	struct sockaddr_ll *ll = (struct sockaddr_ll *)ss;

	memset(ss, 0, sizeof(*ss));
	ll->sll_family = AF_PACKET;
	ll->sll_halen = link->len;
	memcpy((u8 *)ss + offsetof(struct sockaddr_ll, sll_addr), link->addr,
	       link->len);
}

static int from_sockaddr(const struct sockaddr *addr,
			 struct dlil_ioc_lladdr *link)
{
	const struct sockaddr_ll *ll = (const struct sockaddr_ll *)addr;

	if (addr->sa_family != AF_PACKET)
		return -EAFNOSUPPORT;
	if (!ll->sll_halen || ll->sll_halen > sizeof(link->addr))
		return -EINVAL;
	link->len = ll->sll_halen;
	memcpy(link->addr,
	       (const u8 *)addr + offsetof(struct sockaddr_ll, sll_addr),
	       ll->sll_halen);
	return 0;
}

/* Let the interface family check the address, unless the protocol refused it. */
static int check(struct dlil_ifnet *ifp, const struct resolution *r)
{
	int (*check_multi)(struct dlil_ifnet *ifp,
			   const struct sockaddr *addr);
	const struct sockaddr *addr = r->addr;
	struct sockaddr_storage ss;
	int err;

	if (r->result && r->result != -EOPNOTSUPP)
		return r->result;
	if (!r->result) {
		if (!r->link->len || r->link->len > MAX_ADDR_LEN)
			return -EINVAL;
		to_sockaddr(r->link, &ss);
		addr = (const struct sockaddr *)&ss;
	}
	check_multi = ifp->family->check_multi;
	if (!check_multi)
		return r->result;
	err = dlil_errno(check_multi(ifp, addr));
	if (!err && r->result)
		err = from_sockaddr(addr, r->link);
	return err;
}

/**
 * dlil_resolve_multi - get the link address of a group
 * @ifp: ifnet
 * @addr: the group: an address of a protocol, or a link address as a struct
 *	sockaddr_ll, which may be longer than the struct if sll_halen says so
 * @link: set to the link address, in the form that dlil_multi_join() takes
 *
 * Row MUL-1.  The protocol of the address's family translates it first.  If it
 * returns 0 or -EOPNOTSUPP, the interface family decides: about the translated
 * address, or about @addr itself.
 *
 * Context: process; may sleep.  The caller must hold no lock that a callback
 * may take.
 * Return: 0; -EINVAL for bad arguments; -EOPNOTSUPP if the ifnet is not
 * attached, or neither knows the address; or the error of the protocol or
 * interface family: -EADDRNOTAVAIL if it is not a group, -EAFNOSUPPORT if
 * neither knows the family.
 */
int dlil_resolve_multi(struct dlil_ifnet *ifp, const struct sockaddr *addr,
		       struct dlil_ioc_lladdr *link)
{
	struct resolution r = {
		.addr = addr,
		.link = link,
		.result = -EOPNOTSUPP,
	};
	struct dlil_call call;
	int err;

	if (!ifp || !addr || !link)
		return -EINVAL;
	*link = (struct dlil_ioc_lladdr){};
	if (!dlil_ifnet_io_begin(ifp))
		return -EOPNOTSUPP;
	dlil_call_begin(&call, ifp);
	dlil_proto_call(ifp, dlil_retire_now(), &call,
			DLIL_CALLBACK_RESOLVE_MULTI, ask_proto, &r);
	err = check(ifp, &r);
	dlil_call_end(&call);
	dlil_ifnet_io_end(ifp);
	return err;
}
EXPORT_SYMBOL_GPL(dlil_resolve_multi);

/* Suspend the memberships, before the ifnet becomes attached. */
void dlil_multi_attach(struct dlil_ifnet *ifp)
{
	mutex_lock(&multi_lock);
	WRITE_ONCE(ifp->multi_suspended, ifp->n_multis);
	WRITE_ONCE(ifp->multi_pending, ifp->n_multis > 0);
	mutex_unlock(&multi_lock);
	if (dlil_multi_suspended(ifp))
		dlil_log(ifp, DLIL_LOG_SUSPENDED,
			 "%u memberships are suspended until the first packet",
			 dlil_multi_suspended(ifp));
}

/*
 * First packet since the attach: restore the memberships.  Any context; when
 * several packets race, one of them queues the work.
 */
void dlil_multi_restore(struct dlil_ifnet *ifp)
{
	if (xchg(&ifp->multi_pending, false))
		dlil_ifnet_queue_work(ifp, &ifp->multi_work);
}

/* Memberships that the driver refuses stay suspended until the next attach. */
static void multi_work(struct work_struct *work)
{
	struct dlil_ifnet *ifp = container_of(work, struct dlil_ifnet,
					      multi_work);
	int err;

	/* A work is neither a callback nor can it be killed. */
	WARN_ON_ONCE(begin_telling(ifp));
	err = dlil_ioctl(ifp, 0, DLIL_IOC_ADDMULTI, NULL);
	end_telling(ifp);
	if (!err || err == -EAFNOSUPPORT) {
		WRITE_ONCE(ifp->multi_suspended, 0);
		dlil_log(ifp, DLIL_LOG_RESTORED, "memberships are restored");
	} else {
		dlil_log(ifp, DLIL_LOG_RESTORED,
			 "memberships could not be restored: %pe", ERR_PTR(err));
	}
	dlil_ifnet_put(ifp);
}

void dlil_multi_init(struct dlil_ifnet *ifp)
{
	INIT_LIST_HEAD(&ifp->multis);
	INIT_WORK(&ifp->multi_work, multi_work);
}

/* Free the memberships with the last reference of the ifnet. */
void dlil_multi_free(struct dlil_ifnet *ifp)
{
	struct membership *m, *next;

	list_for_each_entry_safe(m, next, &ifp->multis, list)
		kfree(m);
}
