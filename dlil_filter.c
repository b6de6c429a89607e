// SPDX-License-Identifier: GPL-2.0
/*
 * Interface filters: how one is made, found and detached.  dlil_plan.c attaches them,
 * several in one step if need be, and dlil_chain.c runs packets through them.
 *
 * All attached filters of an ifnet are in two lists under its lock: by age, for events
 * and control requests, and in the order in which packets meet them.  Packets
 * use two arrays made from the latter: received packets in a batch of the input thread,
 * sent packets under RCU.  An update replaces an array as a whole, so attaching
 * a filter never stops traffic.
 *
 * An entry of an array is a slot.  Adjacent filters that can be run as one, such
 * as match filters, share a slot and a bundle (struct dlil_filter_bundle_ops).
 * A slot of a new array takes over the bundle of the previous array if it has
 * the same filters.
 *
 * dlil_retire_claim() starts a detach and has a single winner.  The winner
 * replaces the filter's callbacks in the arrays by a stub, after which no new
 * call starts (FLT-2).  That needs no memory and does not sleep, so a detach can
 * start in any context and cannot fail.  filter_end() then removes the stubs,
 * once dlil_retire.c has seen the last callback return.  filter_lock serialises
 * stubbing with the installation of new arrays, because a detach may start while
 * they are being made.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "dlil_event.h"
#include "dlil_filter.h"
#include "dlil_ifnet.h"
#include "dlil_retire.h"

#define FILTER_FLAGS (DLIL_FILTER_NO_VLAN | DLIL_FILTER_SEGMENTS | \
		      DLIL_FILTER_REINJECTS)

static_assert(!(FILTER_FLAGS & DLIL_SLOT_AS_SENT));

/* All attached filters by id.  Ids are cyclic: a stale id finds no other filter soon. */
static DEFINE_XARRAY_ALLOC1(dlil_filters);
static u32 dlil_filters_next;
static struct kmem_cache *filter_cache;

/* The last revision of the filters of any ifnet: a number is used once (FLT-13). */
static atomic64_t revisions = ATOMIC64_INIT(0);

/* The filters of an ifnet have changed, or it is being attached. */
void dlil_filter_revise_locked(struct dlil_ifnet *ifp)
{
	lockdep_assert_held(&ifp->filter_lock);

	ifp->revision = atomic64_inc_return(&revisions);
}

/* The same for callers without that lock.  Any context. */
void dlil_filter_revise(struct dlil_ifnet *ifp)
{
	spin_lock_bh(&ifp->filter_lock);
	dlil_filter_revise_locked(ifp);
	spin_unlock_bh(&ifp->filter_lock);
}

/**
 * dlil_filter_revision - get the revision of the filters of an ifnet
 * @ifp: ifnet
 *
 * Row FLT-13.  The revision rises with each attach, detach, move and change in place of
 * a filter, once for a step of several changes.  No ifnet gets a number a second time.
 *
 * Context: any but hard interrupts; interrupts on.
 * Return: the revision, never 0 on an ifnet that has been attached.
 */
u64 dlil_filter_revision(struct dlil_ifnet *ifp)
{
	u64 revision;

	spin_lock_bh(&ifp->filter_lock);
	revision = ifp->revision;
	spin_unlock_bh(&ifp->filter_lock);
	return revision;
}
EXPORT_SYMBOL_GPL(dlil_filter_revision);

/* Post the event of the attach (0) or detach (1). */
static void filter_post(struct dlil_filter *f, unsigned int which)
{
	lockdep_assert_held(&f->retire.ifp->lock);

	dlil_event_queue(f->retire.ifp, f->events[which]);
	f->events[which] = NULL;
}

/*
 * Row FLT-17: the time of a filter is over.  Another detach may have begun.  The
 * kernel shortens timers to some twelve days, so part of the time may remain.
 */
static void filter_expired(struct work_struct *work)
{
	struct dlil_filter *f = container_of(to_delayed_work(work),
					     struct dlil_filter, expiry);
	unsigned long now = jiffies;

	if (time_before(now, f->expires))
		queue_delayed_work(system_unbound_wq, &f->expiry,
				   f->expires - now);
	else
		dlil_filter_detach_async(f->id);
}

static void start_expiry(struct dlil_filter *f)
{
	unsigned long delay = msecs_to_jiffies(f->lifetime);

	lockdep_assert_held(&f->retire.ifp->lock);

	f->expires = jiffies + delay;
	queue_delayed_work(system_unbound_wq, &f->expiry, delay);
}

/* Make the arrays of both directions.  Returns 0, -ENOMEM or -ENOSPC. */
int dlil_filter_vecs(struct dlil_ifnet *ifp, struct dlil_filter *const *filters,
		     unsigned int n, struct dlil_filter_vec **in,
		     struct dlil_filter_vec **out)
{
	*in = dlil_vec_make(ifp, false, filters, n);
	if (!*in)
		return -ENOMEM;
	*out = dlil_vec_make(ifp, true, filters, n);
	if (!*out) {
		dlil_vec_free(*in);
		return -ENOMEM;
	}
	if ((*in)->too_many || (*out)->too_many) {
		dlil_vec_free(*in);
		dlil_vec_free(*out);
		return -ENOSPC;
	}
	return 0;
}

/* Make both arrays again, without stubs.  Without memory nothing happens. */
static void vecs_rebuild(struct dlil_ifnet *ifp)
{
	struct dlil_filter_vec *in, *out;
	struct dlil_filter **filters, *f;
	unsigned int n = 0;

	lockdep_assert_held(&ifp->lock);

	list_for_each_entry(f, &ifp->filter_order, order)
		n++;
	filters = kvmalloc_array(n, sizeof(*filters), GFP_KERNEL);
	if (!filters)
		return;
	n = 0;
	list_for_each_entry(f, &ifp->filter_order, order)
		if (!dlil_filter_is_dying(f))
			filters[n++] = f;
	if (!dlil_filter_vecs(ifp, filters, n, &in, &out))
		dlil_vecs_install(ifp, in, out);
	kvfree(filters);
}

static void filter_free(struct dlil_filter *f)
{
	kfree(f->events[0]);
	kfree(f->events[1]);
	kmem_cache_free(filter_cache, f);
}

/* May the filter sleep on received packets?  Bundled filters never do. */
static bool filter_sleeps(const struct dlil_filter *f)
{
	return !f->ops->bundle && (f->ops->input || f->ops->input_list);
}

/* Stop new calls for packets.  Any context but hard interrupts. */
static void filter_kill(struct dlil_filter *f)
{
	struct dlil_ifnet *ifp = f->retire.ifp;
	struct dlil_filter_vec *vec;

	spin_lock_bh(&ifp->filter_lock);
	/* The batch in flight may use an array that was replaced since. */
	list_for_each_entry(vec, &ifp->filters_old, old)
		dlil_vec_stub(vec, f);
	if (dlil_vec_stub(rcu_dereference_protected(ifp->filters_in, true), f) |
	    dlil_vec_stub(rcu_dereference_protected(ifp->filters_out, true), f))
		WRITE_ONCE(ifp->filters_stale, true);
	f->killed = true;
	dlil_filter_revise_locked(ifp);
	spin_unlock_bh(&ifp->filter_lock);
	dlil_ifnet_changed(ifp);
}

static void filter_detached(struct dlil_filter *f)
{
	struct dlil_call call;

	if (!f->ops->detached)
		return;
	dlil_call_begin(&call, f->retire.ifp);
	dlil_call_enter(&call, DLIL_PARTY_FILTER, DLIL_CALLBACK_DETACHED,
			f->name);
	f->ops->detached(f->cookie, f->retire.ifp);
	dlil_call_end(&call);
}

/* Finish a detach, in the end work: no callback of the filter is in flight. */
static void filter_end(struct dlil_retire *r)
{
	struct dlil_filter *f = container_of(r, struct dlil_filter, retire);
	struct module *owner = f->ops->owner;
	struct dlil_ifnet *ifp = f->retire.ifp;

	/*
	 * Take the lock even if nothing is stale: a task that found the filter
	 * on the list before it was dying may use its cookie until it unlocks.
	 */
	mutex_lock(&ifp->lock);
	/*
	 * One update removes the stubs of all dying filters.  Without memory
	 * the stubs stay until the next update.
	 */
	if (READ_ONCE(ifp->filters_stale))
		vecs_rebuild(ifp);
	mutex_unlock(&ifp->lock);

	if (filter_sleeps(f))
		dlil_look_put(ifp);
	/* This work waits for nothing: it finds that the detach has begun. */
	cancel_delayed_work_sync(&f->expiry);
	/* Until `detached` has returned, the filter may hand back packets (FLT-14). */
	filter_detached(f);
	xa_erase(&dlil_filters, f->id);
	dlil_log_verbose(ifp, "filter %s detached", f->name);

	mutex_lock(&ifp->lock);
	filter_post(f, 1);
	if (f->ops->event)
		dlil_event_hearer_gone(ifp);
	list_del_init(&f->retire.list);
	list_del(&f->order);
	mutex_unlock(&ifp->lock);
	module_put(owner);
}

static void filter_retire_free(struct dlil_retire *r)
{
	filter_free(container_of(r, struct dlil_filter, retire));
}

static const struct dlil_retire_ops filter_retire_ops = {
	.end = filter_end,
	.free = filter_retire_free,
};

/* Preallocate an event, so that a detach needs no memory; NULL without memory. */
struct dlil_event_item *dlil_filter_event(u32 code, const char *name)
{
	struct dlil_event_filter *data;
	struct dlil_event_item *item;

	item = dlil_event_new(DLIL_EVENT_SUBCLASS_FILTER, code, sizeof(*data));
	if (!item)
		return NULL;
	data = item->data;
	strscpy(data->name, name, sizeof(data->name));
	return item;
}

static struct dlil_filter *filter_new(struct dlil_ifnet *ifp,
				      const struct dlil_filter_params *params)
{
	struct dlil_filter *f = kmem_cache_zalloc(filter_cache, GFP_KERNEL);

	if (!f)
		return NULL;
	f->events[0] = dlil_filter_event(DLIL_FILTER_EVENT_ATTACHED, params->name);
	f->events[1] = dlil_filter_event(DLIL_FILTER_EVENT_DETACHED, params->name);
	if (!f->events[0] || !f->events[1]) {
		filter_free(f);
		return NULL;
	}
	dlil_retire_init(&f->retire, ifp, &filter_retire_ops);
	f->ops = params->ops;
	f->cookie = params->cookie;
	f->family = params->family;
	f->flags = params->flags;
	f->lifetime = params->lifetime;
	INIT_DELAYED_WORK(&f->expiry, filter_expired);
	INIT_LIST_HEAD(&f->order);
	strscpy(f->name, params->name, sizeof(f->name));
	return f;
}

/* Make an attached filter known.  Nothing can fail here. */
void dlil_filter_list(struct dlil_ifnet *ifp, struct dlil_filter *f)
{
	lockdep_assert_held(&ifp->lock);

	dlil_retire_stamp(&f->retire);
	list_add_tail(&f->retire.list, &ifp->filter_list);
	list_add_tail(&f->order, &ifp->filter_order);
	xa_store(&dlil_filters, f->id, f, GFP_KERNEL);
	if (f->lifetime)
		start_expiry(f);
	if (f->ops->event)
		dlil_event_hearer(ifp);
	filter_post(f, 0);
}

static int check_params(const struct dlil_filter_params *params)
{
	if (!params || !params->ops || !params->name ||
	    !*params->name || (params->flags & ~FILTER_FLAGS) ||
	    params->lifetime > INT_MAX ||
	    (params->flags & DLIL_FILTER_REINJECTS && !params->ops->detached) ||
	    (params->ops->input && params->ops->input_list))
		return -EINVAL;
	return strlen(params->name) < DLIL_NAME_MAX ? 0 : -ENAMETOOLONG;
}

/* Create a filter with a reference, which nobody can find yet. */
struct dlil_filter *dlil_filter_prepare(struct dlil_ifnet *ifp,
					const struct dlil_filter_params *params)
{
	struct dlil_filter *f;
	int err;

	err = check_params(params);
	if (err)
		return ERR_PTR(err);
	if (!try_module_get(params->ops->owner))
		return ERR_PTR(-ENODEV);
	f = filter_new(ifp, params);
	if (!f) {
		err = -ENOMEM;
		goto put_module;
	}
	/* Reserve the id only: a look-up must not find the filter yet. */
	err = xa_alloc_cyclic(&dlil_filters, &f->id, NULL, xa_limit_31b,
			      &dlil_filters_next, GFP_KERNEL);
	if (err < 0)
		goto free;
	/* Count the filter before it is listed, after which filter_end() may run. */
	if (filter_sleeps(f))
		dlil_look_get(ifp);
	return f;

free:
	filter_free(f);
put_module:
	module_put(params->ops->owner);
	return ERR_PTR(err);
}

/* Undo dlil_filter_prepare(). */
void dlil_filter_discard(struct dlil_filter *f)
{
	struct module *owner = f->ops->owner;

	if (filter_sleeps(f))
		dlil_look_put(f->retire.ifp);
	xa_erase(&dlil_filters, f->id);
	filter_free(f);
	module_put(owner);
}

/* Returns the filter of a reference, or NULL if there is none.  RCU read lock held. */
const struct dlil_filter *dlil_filter_by_ref(dlil_filter_t ref)
{
	return xa_load(&dlil_filters, ref);
}

/* Start a detach.  If @waiter is given, *@waiter is for dlil_retire_wait(). */
static int filter_detach(dlil_filter_t ref, struct dlil_retire **waiter)
{
	struct dlil_filter *f;
	int err = 0;

	rcu_read_lock();
	f = xa_load(&dlil_filters, ref);
	if (!f)
		err = -EINVAL;
	else if (waiter && dlil_in_callback())
		err = -EDEADLK;
	else if (!dlil_retire_claim(&f->retire))
		err = -EINVAL;
	rcu_read_unlock();
	if (err)
		return err;
	if (waiter) {
		dlil_retire_get(&f->retire);
		*waiter = &f->retire;
	}
	filter_kill(f);
	dlil_retire_queue(&f->retire);
	return 0;
}

/**
 * dlil_filter_detach - detach a filter, and wait until its teardown is over
 * @ref: reference of the filter
 *
 * Row FLT-2.  Stops new calls, waits for those in flight, then calls `detached`
 * once.
 *
 * Context: process; may sleep.  The caller must hold no lock that any callback
 * on this ifnet may take, so never RTNL, because this waits for those
 * callbacks.
 * Return: 0; -EINVAL for a reference that is unknown, stale or already being
 * detached; -EDEADLK in a callback, which might wait for itself: use
 * dlil_filter_detach_async() there; -ERESTARTSYS if the caller was killed: then
 * the detach finishes later.
 */
int dlil_filter_detach(dlil_filter_t ref)
{
	struct dlil_retire *retire;
	int err;

	err = filter_detach(ref, &retire);
	return err ?: dlil_retire_wait(retire);
}
EXPORT_SYMBOL_GPL(dlil_filter_detach);

/**
 * dlil_filter_detach_async - start to detach a filter, without waiting
 * @ref: reference of the filter
 *
 * Row FLT-7.  The filter's `detached` is called when no callback runs any more.
 *
 * Context: any but hard interrupts, interrupts on; also callbacks of the filter
 * itself.
 * Return: 0; -EINVAL for a reference that is unknown, stale or already being
 * detached.
 */
int dlil_filter_detach_async(dlil_filter_t ref)
{
	return filter_detach(ref, NULL);
}
EXPORT_SYMBOL_GPL(dlil_filter_detach_async);

/*
 * Detach all filters in the final detach, when no callback runs on @ifp any
 * more (IFN-5).  Stub out all filters before any of them ends: then the end of
 * the first one removes all stubs, and the others rebuild no arrays.  A filter
 * whose detach was claimed before ends by itself (FLT-8).
 */
void dlil_filter_detach_all(struct dlil_ifnet *ifp)
{
	struct dlil_filter *f;

	mutex_lock(&ifp->lock);
	list_for_each_entry(f, &ifp->filter_list, retire.list) {
		if (!dlil_retire_claim(&f->retire))
			continue;
		filter_kill(f);
		dlil_retire_queue_final(&f->retire);
	}
	mutex_unlock(&ifp->lock);
}

/**
 * dlil_filter_call - call a function for each filter, by age, with no lock held
 * @ifp: ifnet, with an I/O reference
 * @until: skip filters that were attached later, see dlil_retire_now()
 * @call: from dlil_call_begin()
 * @callback: the callback that @fn calls, for reports of calls that take long
 * @fn: called for each filter, the oldest first, until it returns non-zero; may sleep,
 *	attach, detach and move filters
 * @arg: argument of @fn
 *
 * Row EVT-2.  Skips filters whose detach has begun (FLT-2).
 *
 * Context: process; may sleep.
 * Return: the last return value of @fn, or 0.
 */
int dlil_filter_call(struct dlil_ifnet *ifp, u64 until, struct dlil_call *call,
		     enum dlil_callback callback,
		     int (*fn)(const struct dlil_filter_ops *ops, void *cookie,
			       struct dlil_ifnet *ifp, u32 family, void *arg),
		     void *arg)
{
	struct dlil_retire *r = NULL;
	struct dlil_filter *f;
	int err = 0;

	while (!err &&
	       (r = dlil_retire_next(ifp, &ifp->filter_list, r, until))) {
		f = container_of(r, struct dlil_filter, retire);
		if (dlil_filter_is_dying(f))
			continue;
		dlil_call_enter(call, DLIL_PARTY_FILTER, callback, f->name);
		err = fn(f->ops, f->cookie, ifp, f->family, arg);
		dlil_call_leave(call);
	}
	if (r)
		dlil_retire_let_go(r);
	return err;
}

/* DLIL_DIRECTION_* of the packets that a filter sees. */
u32 dlil_filter_direction(const struct dlil_filter *f)
{
	u32 direction = 0;

	if (f->ops->input || f->ops->input_list)
		direction |= DLIL_DIRECTION_IN;
	if (f->ops->output)
		direction |= DLIL_DIRECTION_OUT;
	return direction;
}
EXPORT_SYMBOL_FOR_TEST(dlil_filter_direction);

/*
 * Milliseconds until a filter is detached by itself, at least 1; or 0 for never
 * (FLT-17).  The ifnet's lock held.
 */
u32 dlil_filter_left(const struct dlil_filter *f)
{
	unsigned long now = jiffies;

	if (!f->lifetime)
		return 0;
	if (time_after_eq(now, f->expires))
		return 1;
	return max(jiffies_to_msecs(f->expires - now), 1U);
}
EXPORT_SYMBOL_FOR_TEST(dlil_filter_left);

/*
 * Call @fn for the filters of @ifp behind *@behind (0 for all), in order, until
 * it returns non-zero.  *@behind becomes the last filter for which @fn returned
 * 0.  A later call continues there, without missing or repeating a filter that stays
 * attached, unless filters were moved or put between others meanwhile.
 */
int dlil_filters_behind(struct dlil_ifnet *ifp, u64 *behind,
			int (*fn)(const struct dlil_filter *f, void *arg),
			void *arg)
{
	struct dlil_filter *f;
	int err = 0;

	mutex_lock(&ifp->lock);
	list_for_each_entry(f, &ifp->filter_order, order) {
		if (dlil_filter_is_dying(f) || f->rank <= *behind)
			continue;
		err = fn(f, arg);
		if (err)
			break;
		*behind = f->rank;
	}
	mutex_unlock(&ifp->lock);
	return err;
}
EXPORT_SYMBOL_FOR_TEST(dlil_filters_behind);

/* Call @fn for the filters of @ifp, in order, until it returns non-zero. */
int dlil_filter_for_each(struct dlil_ifnet *ifp,
			 int (*fn)(const struct dlil_filter *f, void *arg),
			 void *arg)
{
	u64 behind = 0;

	return dlil_filters_behind(ifp, &behind, fn, arg);
}
EXPORT_SYMBOL_FOR_TEST(dlil_filter_for_each);

/*
 * Find the filter @name of @ifp: that of a user if a module has one with the same name.
 * Returns NULL if there is none.
 */
static struct dlil_filter *find_named(struct dlil_ifnet *ifp, const char *name)
{
	struct dlil_filter *f, *found = NULL;

	lockdep_assert_held(&ifp->lock);

	list_for_each_entry(f, &ifp->filter_list, retire.list)
		if (!dlil_filter_is_dying(f) && !strcmp(f->name, name) &&
		    (!found || f->ops->kind))
			found = f;
	return found;
}

/*
 * Returns the filter @name of @ifp, or 0.  *@users becomes whether it belongs to a user;
 * then a module may have one with the same name.
 */
dlil_filter_t dlil_filter_find(struct dlil_ifnet *ifp, const char *name, bool *users)
{
	const struct dlil_filter *f;
	dlil_filter_t ref = 0;

	mutex_lock(&ifp->lock);
	f = find_named(ifp, name);
	if (f) {
		ref = f->id;
		*users = f->ops->kind;
	}
	mutex_unlock(&ifp->lock);
	return ref;
}
EXPORT_SYMBOL_FOR_TEST(dlil_filter_find);

/*
 * Call @fn for the filter that dlil_filter_find() finds, with the lock of the ifnet, so
 * that the filter stays.  Returns the result of @fn, or -ENOENT.
 */
int dlil_filter_with(struct dlil_ifnet *ifp, const char *name,
		     int (*fn)(const struct dlil_filter *f, void *arg), void *arg)
{
	const struct dlil_filter *f;
	int err = -ENOENT;

	mutex_lock(&ifp->lock);
	f = find_named(ifp, name);
	if (f)
		err = fn(f, arg);
	mutex_unlock(&ifp->lock);
	return err;
}

/*
 * Copy the name of a filter to @name, which has DLIL_NAME_MAX bytes.  Returns
 * false if the filter is gone.  Any context.
 */
bool dlil_filter_name(dlil_filter_t ref, char *name)
{
	struct dlil_filter *f;

	rcu_read_lock();
	f = xa_load(&dlil_filters, ref);
	if (f)
		strscpy(name, f->name, DLIL_NAME_MAX);
	rcu_read_unlock();
	return f;
}

/*
 * Find a filter that may hand back packets of this direction (FLT-14): *@ifp
 * becomes its ifnet.  RCU read lock held.  Returns 0; -EINVAL if it may not;
 * -ENXIO if it is gone.
 */
int dlil_filter_of_packet(dlil_filter_t ref, u32 direction,
			  struct dlil_ifnet **ifp)
{
	const struct dlil_filter *f = xa_load(&dlil_filters, ref);
	const struct dlil_filter_ops *ops;

	if (!f)
		return -ENXIO;
	ops = f->ops;
	if (!(f->flags & DLIL_FILTER_REINJECTS) ||
	    (direction == DLIL_DIRECTION_IN ? !ops->input && !ops->input_list :
					      !ops->output))
		return -EINVAL;
	*ifp = f->retire.ifp;
	return 0;
}

/* True if no filter is attached, being attached or being detached. */
bool dlil_filters_none(void)
{
	return xa_empty(&dlil_filters);
}
EXPORT_SYMBOL_FOR_TEST(dlil_filters_none);

#ifdef DLIL_TESTED
/*
 * Make the memory of freed filters available at once, which KASAN delays.  A
 * test can then get a new filter at the address of a freed one.  May sleep.
 */
void dlil_filter_reuse(void)
{
	kmem_cache_shrink(filter_cache);
}
EXPORT_SYMBOL_FOR_TEST(dlil_filter_reuse);
#endif

int dlil_filter_module_init(void)
{
	filter_cache = KMEM_CACHE(dlil_filter, 0);
	return filter_cache ? 0 : -ENOMEM;
}

void dlil_filter_module_exit(void)
{
	rcu_barrier();
	WARN_ON(!dlil_filters_none());
	kmem_cache_destroy(filter_cache);
}
