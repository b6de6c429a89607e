// SPDX-License-Identifier: GPL-2.0
/*
 * The ifnet as an object: references, look-ups, attributes and link address
 * (IFN-9). dlil_life.c has its life, from acquire to release.
 *
 * dlil_ifnets_lock guards which ifnets are known, in use and attached, and
 * changes of their state.  It is not held around callbacks, except the driver's
 * `stats`, which must not sleep.
 *
 * A short link address is stored in the ifnet itself.  The first long one moves
 * it, once and for good, to storage with room for any length, before the attach
 * is over and packets arrive.  Both places live as long as the ifnet, so a
 * holder of a reference may follow a pointer to either.
 *
 * With the parameter ifnet_debug, each ifnet records the stack traces of the
 * last callers that took and dropped references (IFN-7); dlil_debug.c shows
 * them.
 */

#include <linux/hash.h>
#include <linux/hashtable.h>
#include <linux/jhash.h>
#include <linux/slab.h>
#include <linux/stringhash.h>

#include "compat.h"
#include "dlil_ifnet.h"

/* Guards the tables below, and those fields of struct dlil_ifnet that name it. */
DEFINE_MUTEX(dlil_ifnets_lock);

/* Attached ifnets, oldest first, also read under RCU; and how many there have been. */
static LIST_HEAD(dlil_ifnets);
static unsigned int n_attached;
static u32 n_listed;

/* The same by index and by name, to find one of a thousand quickly. */
#define IFNET_HASH_BITS 8
static DEFINE_HASHTABLE(ifnets_by_index, IFNET_HASH_BITS);
static DEFINE_HASHTABLE(ifnets_by_name, IFNET_HASH_BITS);

/* All ifnets by id; each holds one reference. */
static DEFINE_HASHTABLE(known_ifnets, IFNET_HASH_BITS);
static unsigned int n_known;

DEFINE_STATIC_KEY_FALSE(dlil_debug_key);
EXPORT_SYMBOL_FOR_TEST(dlil_debug_key);

/* Record the caller's stack trace.  Any context. */
void dlil_debug_save(struct dlil_ifnet *ifp, enum dlil_debug_what what)
{
	/* Pairs with the release in dlil_debug_alloc(). */
	struct dlil_debug *debug = smp_load_acquire(&ifp->debug);
	struct dlil_trace *trace;
	unsigned long flags;

	if (!debug)
		return;
	spin_lock_irqsave(&debug->lock, flags);
	trace = &debug->traces[what][debug->n[what]++ % DLIL_DEBUG_LAST];
	/* Skip this function itself. */
	trace->n = compat_stack_trace(trace->entries, DLIL_DEBUG_DEPTH, 1);
	spin_unlock_irqrestore(&debug->lock, flags);
}
EXPORT_SYMBOL_FOR_TEST(dlil_debug_save);

/* Record the stack of the caller, which attaches or detaches an ifnet (IFN-3, IFN-4). */
void dlil_debug_stack(struct dlil_trace *trace)
{
	mutex_lock(&dlil_ifnets_lock);
	trace->n = compat_stack_trace(trace->entries, DLIL_DEBUG_DEPTH, 1);
	mutex_unlock(&dlil_ifnets_lock);
}

/* Called under dlil_ifnets_lock; without memory nothing is recorded. */
void dlil_debug_alloc(struct dlil_ifnet *ifp, void *arg)
{
	struct dlil_debug *debug;

	lockdep_assert_held(&dlil_ifnets_lock);

	if (ifp->debug)
		return;
	debug = kzalloc(sizeof(*debug), GFP_KERNEL);
	if (!debug)
		return;
	spin_lock_init(&debug->lock);
	/* Pairs with the acquire in dlil_debug_save(). */
	smp_store_release(&ifp->debug, debug);
}

/* Called for a new ifnet, under dlil_ifnets_lock. */
void dlil_debug_init(struct dlil_ifnet *ifp)
{
	if (dlil_debug_is_on())
		dlil_debug_alloc(ifp, NULL);
}

void dlil_debug_free(struct dlil_ifnet *ifp)
{
	kfree(ifp->debug);
}

/**
 * dlil_ifnet_get - take a life-time reference
 * @ifp: ifnet
 *
 * Row IFN-7.
 *
 * Context: any.
 * Return: @ifp
 */
struct dlil_ifnet *dlil_ifnet_get(struct dlil_ifnet *ifp)
{
	refcount_inc(&ifp->refs);
	dlil_debug_taken(ifp);
	return ifp;
}
EXPORT_SYMBOL_GPL(dlil_ifnet_get);

static void ifnet_unref(struct dlil_ifnet *ifp)
{
	if (!refcount_dec_and_test(&ifp->refs))
		return;
	/* Freeing may sleep, so a work does it. */
	queue_work(ifp->lane->wq, &ifp->free_work);
}

/**
 * dlil_ifnet_put - drop a life-time reference
 * @ifp: ifnet
 *
 * Row IFN-7.  Dropping one too many causes a warning, and is ignored.
 *
 * Context: any.
 */
void dlil_ifnet_put(struct dlil_ifnet *ifp)
{
	/* Before the put, which may free @ifp. */
	dlil_debug_dropped(ifp);
	ifnet_unref(ifp);
}
EXPORT_SYMBOL_GPL(dlil_ifnet_put);

/**
 * dlil_ifnet_io_begin - take an I/O reference
 * @ifp: ifnet
 *
 * Row IFN-8.  The final detach waits until the reference is dropped.
 *
 * Context: any.
 * Return: false if the ifnet is not attached.
 */
bool dlil_ifnet_io_begin(struct dlil_ifnet *ifp)
{
	return percpu_ref_tryget_live(&ifp->io);
}
EXPORT_SYMBOL_GPL(dlil_ifnet_io_begin);

/**
 * dlil_ifnet_io_end - drop an I/O reference
 * @ifp: ifnet
 *
 * Context: any.
 */
void dlil_ifnet_io_end(struct dlil_ifnet *ifp)
{
	percpu_ref_put(&ifp->io);
}
EXPORT_SYMBOL_GPL(dlil_ifnet_io_end);

/*
 * Queue @work of @ifp, unless it is queued already.  The work holds a reference
 * to @ifp, and drops it at its end.  Works of an ifnet run in no particular
 * order.  Any context.
 */
void dlil_ifnet_queue_work(struct dlil_ifnet *ifp, struct work_struct *work)
{
	dlil_ifnet_get(ifp);
	if (!queue_work(ifp->lane->wq, work))
		dlil_ifnet_put(ifp);
}

static u32 id_key(enum dlil_ifnet_family kind, const void *id, size_t len)
{
	return jhash(id, len, kind);
}

/* Find an ifnet by id.  Several may have an empty id: prefer an unused one. */
struct dlil_ifnet *dlil_ifnet_find_known(enum dlil_ifnet_family kind,
					 const void *id, size_t len)
{
	struct dlil_ifnet *ifp, *used = NULL;

	lockdep_assert_held(&dlil_ifnets_lock);

	hash_for_each_possible(known_ifnets, ifp, known,
			       id_key(kind, id, len)) {
		if (ifp->kind != kind || ifp->id_len != len ||
		    memcmp(ifp->id, id, len))
			continue;
		if (!ifp->in_use)
			return ifp;
		/* Ifnets with an empty id differ: look for another one. */
		if (len)
			used = ifp;
	}
	return used;
}

static u32 index_key(const struct net *net, int ifindex)
{
	return hash_ptr(net, 32) ^ ifindex;
}

static u32 name_key(const struct net *net, const char *name)
{
	return full_name_hash(net, name, strnlen(name, IFNAMSIZ));
}

/* Make a new ifnet known by its id. */
void dlil_ifnet_know(struct dlil_ifnet *ifp)
{
	lockdep_assert_held(&dlil_ifnets_lock);

	hash_add(known_ifnets, &ifp->known,
		 id_key(ifp->kind, ifp->id, ifp->id_len));
	n_known++;
}

/* Remove an ifnet from the table; the caller takes over the table's reference. */
void dlil_ifnet_forget(struct dlil_ifnet *ifp)
{
	lockdep_assert_held(&dlil_ifnets_lock);

	hash_del(&ifp->known);
	n_known--;
}

/* Number of known ifnets.  Any context. */
unsigned int dlil_ifnets_known(void)
{
	return READ_ONCE(n_known);
}

static struct dlil_ifnet *find_name(const struct net *net, const char *name)
{
	struct dlil_ifnet *ifp;

	lockdep_assert_held(&dlil_ifnets_lock);

	hash_for_each_possible(ifnets_by_name, ifp, by_name,
			       name_key(net, name))
		if (net_eq(read_pnet(&ifp->net), net) &&
		    !strncmp(ifp->name, name, IFNAMSIZ))
			return ifp;
	return NULL;
}

/* Has an attached ifnet of its namespace the index or name of @ifp (IFN-13)? */
bool dlil_ifnet_is_taken(const struct dlil_ifnet *ifp)
{
	const struct net *net = read_pnet(&ifp->net);
	const struct dlil_ifnet *other;

	lockdep_assert_held(&dlil_ifnets_lock);

	hash_for_each_possible(ifnets_by_index, other, by_index,
			       index_key(net, ifp->ifindex))
		if (other->ifindex == ifp->ifindex &&
		    net_eq(read_pnet(&other->net), net))
			return true;
	return find_name(net, ifp->name);
}

/* Make an attached ifnet visible to look-ups. */
void dlil_ifnet_enlist(struct dlil_ifnet *ifp)
{
	struct net *net = read_pnet(&ifp->net);

	lockdep_assert_held(&dlil_ifnets_lock);

	list_add_tail_rcu(&ifp->attached, &dlil_ifnets);
	n_attached++;
	ifp->listed = ++n_listed;
	hash_add(ifnets_by_name, &ifp->by_name, name_key(net, ifp->name));
	hash_add_rcu(ifnets_by_index, &ifp->by_index,
		     index_key(net, ifp->ifindex));
}

/* Readers under RCU may still find it, by its index or in the list. */
void dlil_ifnet_delist(struct dlil_ifnet *ifp)
{
	lockdep_assert_held(&dlil_ifnets_lock);

	hash_del_rcu(&ifp->by_index);
	hash_del(&ifp->by_name);
	list_del_rcu(&ifp->attached);
	n_attached--;
}

/* Update the table after a change of the name. */
void dlil_ifnet_relist(struct dlil_ifnet *ifp)
{
	lockdep_assert_held(&dlil_ifnets_lock);

	hash_del(&ifp->by_name);
	hash_add(ifnets_by_name, &ifp->by_name,
		 name_key(read_pnet(&ifp->net), ifp->name));
}

/**
 * dlil_ifnet_by_index - find an attached ifnet by its index
 * @net: namespace
 * @ifindex: index
 *
 * Row IFN-10.
 *
 * Context: any.
 * Return: the ifnet, referenced, or NULL.
 */
struct dlil_ifnet *dlil_ifnet_by_index(struct net *net, int ifindex)
{
	struct dlil_ifnet *ifp;

	rcu_read_lock();
	hash_for_each_possible_rcu(ifnets_by_index, ifp, by_index,
				   index_key(net, ifindex))
		if (ifp->ifindex == ifindex &&
		    net_eq(read_pnet(&ifp->net), net) &&
		    dlil_ifnet_is_attached(ifp) &&
		    refcount_inc_not_zero(&ifp->refs)) {
			dlil_debug_taken(ifp);
			goto out;
		}
	ifp = NULL;
out:
	rcu_read_unlock();
	return ifp;
}
EXPORT_SYMBOL_GPL(dlil_ifnet_by_index);

/**
 * dlil_ifnet_by_name - find an attached ifnet by its name
 * @net: namespace
 * @name: name
 *
 * Row IFN-10.
 *
 * Context: process; may sleep.
 * Return: the ifnet, referenced, or NULL.
 */
struct dlil_ifnet *dlil_ifnet_by_name(struct net *net, const char *name)
{
	struct dlil_ifnet *ifp;

	mutex_lock(&dlil_ifnets_lock);
	ifp = find_name(net, name);
	if (ifp)
		dlil_ifnet_get(ifp);
	mutex_unlock(&dlil_ifnets_lock);
	return ifp;
}
EXPORT_SYMBOL_GPL(dlil_ifnet_by_name);

/* Call @fn for the attached ifnets of @net, oldest first, inside an RCU read section. */
void dlil_ifnet_walk(const struct net *net,
		     void (*fn)(struct dlil_ifnet *ifp, void *arg), void *arg)
{
	struct dlil_ifnet *ifp;

	list_for_each_entry_rcu(ifp, &dlil_ifnets, attached)
		if (net_eq(read_pnet(&ifp->net), net))
			fn(ifp, arg);
}

static bool is_listed(const struct dlil_ifnet *ifp, const struct net *net,
		      enum dlil_ifnet_family family)
{
	return net_eq(read_pnet(&ifp->net), net) &&
	       (family == DLIL_IFNET_ANY || ifp->kind == family);
}

/**
 * dlil_ifnet_list_get - get all attached ifnets of a family
 * @net: namespace
 * @family: interface family, DLIL_IFNET_ANY for all
 * @n: set to the number of ifnets
 *
 * Row IFN-10.  The list is a snapshot: later attaches are missing, and ifnets
 * that are detached later stay in it, without function.
 *
 * Context: process; may sleep.
 * Return: the ifnets, oldest first, each with a reference, and NULL behind the
 * last one; release them with dlil_ifnet_list_put().  Or -ENOMEM as an error
 * pointer.
 */
struct dlil_ifnet **dlil_ifnet_list_get(struct net *net,
					enum dlil_ifnet_family family,
					unsigned int *n)
{
	struct dlil_ifnet **list, *ifp;

	*n = 0;
	mutex_lock(&dlil_ifnets_lock);
	list = kvcalloc(n_attached + 1, sizeof(*list), GFP_KERNEL);
	if (list)
		list_for_each_entry(ifp, &dlil_ifnets, attached)
			if (is_listed(ifp, net, family))
				list[(*n)++] = dlil_ifnet_get(ifp);
	mutex_unlock(&dlil_ifnets_lock);
	return list ?: ERR_PTR(-ENOMEM);
}
EXPORT_SYMBOL_GPL(dlil_ifnet_list_get);

/**
 * dlil_ifnet_list_put - release a list of ifnets
 * @list: from dlil_ifnet_list_get()
 *
 * Row IFN-10.
 *
 * Context: process; may sleep.
 */
void dlil_ifnet_list_put(struct dlil_ifnet **list)
{
	unsigned int i;

	for (i = 0; list[i]; i++)
		dlil_ifnet_put(list[i]);
	kvfree(list);
}
EXPORT_SYMBOL_GPL(dlil_ifnet_list_put);

/* Call @fn for all ifnets, attached or not.  @fn must not sleep for long. */
void dlil_ifnet_for_each(void (*fn)(struct dlil_ifnet *ifp, void *arg),
			 void *arg)
{
	struct dlil_ifnet *ifp;
	unsigned int bucket;

	mutex_lock(&dlil_ifnets_lock);
	hash_for_each(known_ifnets, bucket, ifp, known)
		fn(ifp, arg);
	mutex_unlock(&dlil_ifnets_lock);
}

/*
 * Get all ifnets, attached or not, each with a reference that ifnet_debug does
 * not record, and NULL behind the last one; NULL if there is no memory.  May
 * sleep.
 */
struct dlil_ifnet **dlil_ifnet_known_get(void)
{
	struct dlil_ifnet **list, *ifp;
	unsigned int bucket, n = 0;

	mutex_lock(&dlil_ifnets_lock);
	list = kvcalloc(n_known + 1, sizeof(*list), GFP_KERNEL);
	if (list)
		hash_for_each(known_ifnets, bucket, ifp, known) {
			refcount_inc(&ifp->refs);
			list[n++] = ifp;
		}
	mutex_unlock(&dlil_ifnets_lock);
	return list;
}

void dlil_ifnet_known_put(struct dlil_ifnet **list)
{
	unsigned int i;

	for (i = 0; list[i]; i++)
		ifnet_unref(list[i]);
	kvfree(list);
}

/**
 * dlil_ifnet_priv - get the private pointer of the driver
 * @ifp: ifnet
 *
 * Return: &dlil_ifnet_params.priv as passed to dlil_ifnet_init().
 */
void *dlil_ifnet_priv(const struct dlil_ifnet *ifp)
{
	return ifp->priv;
}
EXPORT_SYMBOL_GPL(dlil_ifnet_priv);

/**
 * dlil_ifnet_driver - get the operations of the driver
 * @ifp: ifnet, attached
 *
 * Return: &dlil_ifnet_params.driver as passed to dlil_ifnet_init().
 */
const struct dlil_driver_ops *
dlil_ifnet_driver(const struct dlil_ifnet *ifp)
{
	return ifp->driver;
}
EXPORT_SYMBOL_GPL(dlil_ifnet_driver);

/**
 * dlil_ifnet_name - get the name of an ifnet
 * @ifp: ifnet
 *
 * Return: the name, which changes in place when the device is renamed.
 */
const char *dlil_ifnet_name(const struct dlil_ifnet *ifp)
{
	return ifp->name;
}
EXPORT_SYMBOL_GPL(dlil_ifnet_name);

/**
 * dlil_ifnet_index - get the index of an ifnet
 * @ifp: ifnet
 *
 * Return: the index in its namespace.
 */
int dlil_ifnet_index(const struct dlil_ifnet *ifp)
{
	return ifp->ifindex;
}
EXPORT_SYMBOL_GPL(dlil_ifnet_index);

/**
 * dlil_ifnet_attrs - get the attributes of an ifnet
 * @ifp: ifnet
 *
 * Row IFN-15.  DLIL_ATTRS_SETTABLE may change at any time.
 *
 * Return: DLIL_ATTR_*
 */
u32 dlil_ifnet_attrs(const struct dlil_ifnet *ifp)
{
	return ifp->attrs | READ_ONCE(ifp->settable);
}
EXPORT_SYMBOL_GPL(dlil_ifnet_attrs);

/**
 * dlil_ifnet_last_change - get the time of the last change of state
 * @ifp: ifnet
 *
 * Row IFN-15.  Changes of state are: the attach; begin and end of a detach; a
 * change of an attribute; and the events SIFFLAGS, LINK_ON, LINK_OFF and
 * IFCAP_CHANGED posted by the driver.
 *
 * Context: any.
 * Return: time as of ktime_get_boottime_ns(); 0 if it has never been attached.
 */
u64 dlil_ifnet_last_change(const struct dlil_ifnet *ifp)
{
	return atomic64_read(&ifp->touched);
}
EXPORT_SYMBOL_GPL(dlil_ifnet_last_change);

/**
 * dlil_ifnet_broadcast - get the broadcast address of an ifnet
 * @ifp: ifnet
 *
 * Return: the address, MAX_ADDR_LEN bytes aligned to 8.
 */
const u8 *dlil_ifnet_broadcast(const struct dlil_ifnet *ifp)
{
	return ifp->broadcast;
}
EXPORT_SYMBOL_GPL(dlil_ifnet_broadcast);

/**
 * dlil_ifnet_addr_len - get the length of an ifnet's link addresses
 * @ifp: ifnet
 *
 * Return: the length in bytes.
 */
u8 dlil_ifnet_addr_len(const struct dlil_ifnet *ifp)
{
	return ifp->addr_len;
}
EXPORT_SYMBOL_GPL(dlil_ifnet_addr_len);

/**
 * dlil_ifnet_family_data - get the place for data of the interface family
 * @ifp: ifnet
 *
 * Return: a pointer to an RCU pointer, NULL at first.  The family owns the
 * data, and frees it when its last protocol goes.
 */
void __rcu **dlil_ifnet_family_data(struct dlil_ifnet *ifp)
{
	return &ifp->family_data;
}
EXPORT_SYMBOL_GPL(dlil_ifnet_family_data);

/**
 * dlil_ifnet_set_lladdr - change the link address of an ifnet
 * @ifp: ifnet
 * @lladdr: new address, with the address length of the ifnet
 *
 * Context: process; may sleep.
 */
void dlil_ifnet_set_lladdr(struct dlil_ifnet *ifp, const u8 *lladdr)
{
	mutex_lock(&dlil_ifnets_lock);
	dlil_lladdr_fill(ifp, lladdr);
	mutex_unlock(&dlil_ifnets_lock);
}
EXPORT_SYMBOL_GPL(dlil_ifnet_set_lladdr);

/*
 * Get the next attached ifnet of a namespace behind @ifp, whose reference the
 * caller keeps.  If @ifp is NULL or not attached any more, get the @pos-th one.
 * Returns it with a reference, or NULL.
 */
struct dlil_ifnet *dlil_ifnet_next(struct net *net, struct dlil_ifnet *ifp,
				   unsigned long pos)
{
	struct dlil_ifnet *next;

	mutex_lock(&dlil_ifnets_lock);
	if (ifp && ifp->state == DLIL_STATE_ATTACHED)
		pos = 0;
	else
		ifp = NULL;
	next = list_prepare_entry(ifp, &dlil_ifnets, attached);
	list_for_each_entry_continue(next, &dlil_ifnets, attached)
		if (net_eq(read_pnet(&next->net), net) && !pos--) {
			dlil_ifnet_get(next);
			goto out;
		}
	next = NULL;
out:
	mutex_unlock(&dlil_ifnets_lock);
	return next;
}
EXPORT_SYMBOL_FOR_TEST(dlil_ifnet_next);

/*
 * Returns a number that identifies the list of attached ifnets of a namespace,
 * made of the newest ifnet and their number.  Ifnets of other namespaces do not
 * change it.
 */
u32 dlil_ifnets_seq(const struct net *net)
{
	struct dlil_ifnet *ifp;
	u32 n = 0, last = 0;

	mutex_lock(&dlil_ifnets_lock);
	list_for_each_entry(ifp, &dlil_ifnets, attached)
		if (net_eq(read_pnet(&ifp->net), net)) {
			last = ifp->listed;
			n++;
		}
	mutex_unlock(&dlil_ifnets_lock);
	return jhash_2words(last, n, 0);
}

/* Copy the current name to @name of IFNAMSIZ bytes. */
void dlil_ifnet_copy_name(struct dlil_ifnet *ifp, char *name)
{
	mutex_lock(&dlil_ifnets_lock);
	strscpy(name, ifp->name, IFNAMSIZ);
	mutex_unlock(&dlil_ifnets_lock);
}
EXPORT_SYMBOL_FOR_TEST(dlil_ifnet_copy_name);

/* ether_addr_equal_64bits() and similar functions read 8 bytes. */
static_assert(offsetof(struct dlil_lladdr, addr) % 8 == 0);
static_assert(DLIL_LLADDR_OWN - sizeof(struct dlil_lladdr) >= 8);

void dlil_lladdr_init(struct dlil_ifnet *ifp)
{
	ifp->lladdr = (struct dlil_lladdr *)ifp->lladdr_own;
}

/* Make room for @len bytes.  Not attached, under dlil_ifnets_lock; may sleep. */
int dlil_lladdr_reserve(struct dlil_ifnet *ifp, size_t len)
{
	lockdep_assert_held(&dlil_ifnets_lock);

	if (len <= DLIL_LLADDR_OWN - sizeof(*ifp->lladdr) || ifp->lladdr_large)
		return 0;
	ifp->lladdr_large = kzalloc(struct_size(ifp->lladdr, addr,
						MAX_ADDR_LEN), GFP_KERNEL);
	return ifp->lladdr_large ? 0 : -ENOMEM;
}

/*
 * Store name, index and address length of @ifp with the link address, and @addr
 * unless it is NULL.  Called with dlil_ifnets_lock.
 */
void dlil_lladdr_fill(struct dlil_ifnet *ifp, const u8 *addr)
{
	struct dlil_lladdr *old = ifp->lladdr;
	struct dlil_lladdr *la = ifp->lladdr_large ?: old;

	lockdep_assert_held(&dlil_ifnets_lock);

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
	/* Readers may hold no lock. */
	smp_store_release(&ifp->lladdr, la);
}

void dlil_lladdr_free(struct dlil_ifnet *ifp)
{
	kfree(ifp->lladdr_large);
}

/**
 * dlil_ifnet_link - get the link address of an ifnet, with its name and index
 * @ifp: ifnet
 *
 * Row IFN-9.  The address stays at its place, with contents that change, as
 * long as the caller has a reference to @ifp.  Only an attach with an address
 * longer than 8 bytes may move later contents, once.
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
 * dlil_ifnet_lladdr - get the bytes of the link address of an ifnet
 * @ifp: ifnet
 *
 * Otherwise the same as dlil_ifnet_link().
 *
 * Return: the address, aligned to 8; at least 8 bytes can be read.
 */
const u8 *dlil_ifnet_lladdr(const struct dlil_ifnet *ifp)
{
	return dlil_ifnet_link(ifp)->addr;
}
EXPORT_SYMBOL_GPL(dlil_ifnet_lladdr);
