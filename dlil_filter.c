// SPDX-License-Identifier: GPL-2.0
/*
 * Interface filters: how they come and go.  How packets go through them is in
 * dlil_chain.c.
 *
 * The list of an ifnet, under its lock, is what is attached; the two arrays made
 * from it are what packets meet: received ones in a batch of the input thread, sent
 * ones under RCU.
 * An array is replaced as a whole, so attach never stops traffic.
 *
 * Filters that know how to be run as one, such as match filters, share a slot if
 * they stand side by side: a bundle, which an array that has the same filters in
 * that place takes over from the one before it.
 *
 * A detach begins by dlil_retire_claim(); the winner, and only it, brings the
 * filter to its end.  It puts a stub in the filter's slots, which works from any
 * context and cannot fail; from then on no new call is made (FLT-2).  The rest is
 * in dlil_retire.c and filter_end().  That a filter may die while new arrays are
 * made from the list is what filter_lock is for.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "dlil_event.h"
#include "dlil_filter.h"
#include "dlil_ifnet.h"
#include "dlil_retire.h"

#define FILTER_FLAGS (DLIL_FILTER_NO_VLAN | DLIL_FILTER_SEGMENTS)

/**
 * struct dlil_filter - an attached filter
 * @id: what its owner knows it by
 * @ops: callbacks
 * @cookie: handed to them
 * @family: protocol family it sees, 0 for all
 * @flags: DLIL_FILTER_*
 * @name: shown to users
 * @said: the events of its attach and detach, until they are posted
 * @retire: where it is attached, and its end
 */
struct dlil_filter {
	dlil_filter_t id;
	const struct dlil_filter_ops *ops;
	void *cookie;
	u32 family;
	u32 flags;
	char name[DLIL_NAME_MAX];
	struct dlil_event_item *said[2];
	struct dlil_retire retire;
};

/* All attached filters by id; ids are not used again for a long time. */
static DEFINE_XARRAY_ALLOC1(dlil_filters);
static u32 dlil_filters_next;
static struct kmem_cache *filter_cache;

/* In the slot of a filter that is being detached. */
static int filter_gone(void *cookie, struct dlil_ifnet *ifp, u32 family,
		       struct sk_buff **skb)
{
	return 0;
}

/* Likewise, where that takes lists. */
static void list_filter_gone(void *cookie, struct dlil_ifnet *ifp, u32 family,
			     struct sk_buff_head *list,
			     struct sk_buff_head *drop)
{
}

static void vec_free(struct dlil_filter_vec *vec)
{
	unsigned int i;

	for (i = 0; i < vec->n; i++)
		if (vec->slots[i].bundle && vec->slots[i].cookie)
			vec->slots[i].bundle->put(vec->slots[i].cookie);
	kvfree(vec);
}

static void vec_free_rcu(struct rcu_head *head)
{
	vec_free(container_of(head, struct dlil_filter_vec, rcu));
}

static void vec_free_left(struct dlil_leaver *leaver)
{
	vec_free(container_of(leaver, struct dlil_filter_vec, leaver));
}

/* Arrays that are left have stubs only: there was no memory to replace them. */
void dlil_filter_free_vecs(struct dlil_ifnet *ifp)
{
	struct dlil_filter_vec *in, *out;

	in = rcu_dereference_protected(ifp->filters_in, true);
	out = rcu_dereference_protected(ifp->filters_out, true);
	if (in)
		vec_free(in);
	if (out)
		vec_free(out);
}

static bool filter_is_dying(const struct dlil_filter *f)
{
	return dlil_retire_is_dying(&f->retire);
}

/* Number the kinds, so that what a packet goes past can be said in a word. */
static u16 kind_of(struct dlil_filter_vec *vec, dlil_filter_fn fn)
{
	unsigned int i;

	for (i = 0; i < vec->n; i++)
		if (!vec->slots[i].takes_lists && vec->slots[i].fn == fn)
			return vec->slots[i].kind;
	return vec->kinds++;
}

/* Can @f be one more of the filters of @slot? */
static bool joins(const struct dlil_filter_slot *slot,
		  const struct dlil_filter *f, dlil_filter_fn fn)
{
	return f->ops->bundle && slot->bundle == f->ops->bundle &&
	       slot->fn == fn && slot->family == f->family &&
	       slot->flags == f->flags && slot->n < DLIL_BUNDLE_MAX;
}

static void vec_add(struct dlil_filter_vec *vec, const struct dlil_filter *f)
{
	struct dlil_filter_slot *slot = &vec->slots[vec->n];
	dlil_filter_fn fn = vec->out ? f->ops->output : f->ops->input;
	const struct dlil_filter **place = vec->filters;

	if (vec->n)
		place = slot[-1].filters + slot[-1].n;
	if (vec->n && joins(slot - 1, f, fn)) {
		*place = f;
		slot[-1].n++;
		return;
	}
	if (fn) {
		slot->kind = kind_of(vec, fn);
		slot->fn = fn;
	} else if (!vec->out && f->ops->input_list) {
		slot->list_fn = f->ops->input_list;
		slot->takes_lists = true;
		vec->takes_lists = true;
	} else {
		return;
	}
	slot->cookie = f->ops->bundle ? NULL : f->cookie;
	slot->family = f->family;
	slot->flags = f->flags;
	slot->bundle = f->ops->bundle;
	slot->id = f->ops->bundle ? 0 : f->id;
	slot->filters = place;
	slot->n = 1;
	*place = f;
	if (f->family || f->flags & DLIL_FILTER_NO_VLAN)
		vec->selective = true;
	if (f->flags & DLIL_FILTER_SEGMENTS)
		vec->wants_segments = true;
	vec->n++;
}

/*
 * The same filters in @old, all of them living: one that has been freed may have
 * the address of a new one.
 */
static const struct dlil_filter_slot *
find_same(const struct dlil_filter_vec *old, const struct dlil_filter_slot *slot)
{
	const struct dlil_filter_slot *same;
	unsigned int i;

	for (i = 0; old && i < old->n; i++) {
		same = &old->slots[i];
		if (same->bundle == slot->bundle && same->n == slot->n &&
		    !READ_ONCE(same->stubbed) &&
		    !memcmp(same->filters, slot->filters,
			    slot->n * sizeof(*slot->filters)))
			return same;
	}
	return NULL;
}

/* The bundle of a slot: what it was before, if it has the same filters. */
static bool slot_bundle(struct dlil_filter_slot *slot,
			const struct dlil_filter_vec *old, bool out)
{
	const struct dlil_filter_slot *same = find_same(old, slot);
	void *cookies[DLIL_BUNDLE_MAX];
	unsigned int i;

	if (same) {
		slot->bundle->get(same->cookie);
		slot->cookie = same->cookie;
		return true;
	}
	for (i = 0; i < slot->n; i++)
		cookies[i] = slot->filters[i]->cookie;
	slot->cookie = slot->bundle->make(cookies, slot->n, out);
	return slot->cookie;
}

static struct dlil_filter_vec *vec_new(unsigned int n, bool out)
{
	struct dlil_filter_vec *vec;

	/* Filters behind the slots, of which there may be as many. */
	vec = kvzalloc(struct_size(vec, slots, n) + n * sizeof(*vec->filters),
		       GFP_KERNEL);
	if (!vec)
		return NULL;
	vec->filters = (const struct dlil_filter **)&vec->slots[n];
	vec->out = out;
	return vec;
}

/* The living filters of one direction and, behind them, @f unless NULL. */
static struct dlil_filter_vec *vec_make(struct dlil_ifnet *ifp, bool out,
					const struct dlil_filter *f)
{
	struct dlil_filter_vec *vec, *old;
	struct dlil_filter *other;
	unsigned int i, n = 1;

	lockdep_assert_held(&ifp->lock);

	list_for_each_entry(other, &ifp->filter_list, retire.list)
		n++;
	vec = vec_new(n, out);
	if (!vec)
		return NULL;
	list_for_each_entry(other, &ifp->filter_list, retire.list)
		if (!filter_is_dying(other))
			vec_add(vec, other);
	if (f)
		vec_add(vec, f);
	old = rcu_dereference_protected(out ? ifp->filters_out :
					      ifp->filters_in, true);
	for (i = 0; i < vec->n; i++)
		if (vec->slots[i].bundle &&
		    !slot_bundle(&vec->slots[i], old, out)) {
			vec_free(vec);
			return NULL;
		}
	return vec;
}

/* The @i-th filter of a slot is not to be called any more. */
static void slot_stub(struct dlil_filter_slot *slot, unsigned int i)
{
	WRITE_ONCE(slot->stubbed, true);
	if (slot->bundle)
		slot->bundle->drop(slot->cookie, i);
	else if (slot->takes_lists)
		WRITE_ONCE(slot->list_fn, list_filter_gone);
	else
		WRITE_ONCE(slot->fn, filter_gone);
}

/*
 * Stub out the slots of @f, or of all dying filters if that is NULL.  Returns
 * whether there were any.
 */
static bool vec_stub(struct dlil_filter_vec *vec, const struct dlil_filter *f)
{
	struct dlil_filter_slot *slot;
	bool stubbed = false;
	unsigned int i, j;

	for (i = 0; vec && i < vec->n; i++) {
		slot = &vec->slots[i];
		for (j = 0; j < slot->n; j++)
			if (f ? slot->filters[j] == f :
				filter_is_dying(slot->filters[j])) {
				slot_stub(slot, j);
				stubbed = true;
			}
	}
	return stubbed;
}

/* An array without slots is none: the hot path then looks at a pointer only. */
static struct dlil_filter_vec *vec_or_null(struct dlil_filter_vec *vec)
{
	if (vec->n)
		return vec;
	vec_free(vec);
	return NULL;
}

static void vecs_install(struct dlil_ifnet *ifp, struct dlil_filter_vec *in,
			 struct dlil_filter_vec *out)
{
	struct dlil_filter_vec *old_in, *old_out;

	lockdep_assert_held(&ifp->lock);

	in = vec_or_null(in);
	out = vec_or_null(out);
	spin_lock_bh(&ifp->filter_lock);
	WRITE_ONCE(ifp->filters_stale,
		   vec_stub(in, NULL) | vec_stub(out, NULL));
	if (in)
		WRITE_ONCE(ifp->filtered, true);
	old_in = rcu_replace_pointer(ifp->filters_in, in, true);
	old_out = rcu_replace_pointer(ifp->filters_out, out, true);
	spin_unlock_bh(&ifp->filter_lock);
	if (old_in)
		dlil_reader_after(&ifp->inq.reader, &old_in->leaver,
				  vec_free_left);
	if (old_out)
		call_rcu(&old_out->rcu, vec_free_rcu);
}

/* Post the event of its attach (0) or detach (1). */
static void filter_say(struct dlil_filter *f, unsigned int which)
{
	lockdep_assert_held(&f->retire.ifp->lock);

	dlil_event_queue(f->retire.ifp, f->said[which]);
	f->said[which] = NULL;
}

/* Make new arrays, with @f if that is not NULL; fails without a trace. */
static int vecs_update(struct dlil_ifnet *ifp, struct dlil_filter *f)
{
	struct dlil_filter_vec *in, *out;

	in = vec_make(ifp, false, f);
	if (!in)
		return -ENOMEM;
	out = vec_make(ifp, true, f);
	if (!out) {
		vec_free(in);
		return -ENOMEM;
	}
	if (in->kinds > DLIL_FILTER_KINDS || out->kinds > DLIL_FILTER_KINDS) {
		vec_free(in);
		vec_free(out);
		return -ENOSPC;
	}
	if (f) {
		/* First, as its owner may detach it from the very first call. */
		dlil_retire_stamp(&f->retire);
		list_add_tail(&f->retire.list, &ifp->filter_list);
		xa_store(&dlil_filters, f->id, f, GFP_KERNEL);
		if (f->ops->event)
			dlil_event_hearer(ifp);
		dlil_ifnet_changed(ifp);
		filter_say(f, 0);
	}
	vecs_install(ifp, in, out);
	return 0;
}

static void filter_free(struct dlil_filter *f)
{
	kfree(f->said[0]);
	kfree(f->said[1]);
	kmem_cache_free(filter_cache, f);
}

/* May its input sleep? */
static bool filter_sleeps(const struct dlil_filter *f)
{
	return !f->ops->bundle && (f->ops->input || f->ops->input_list);
}

/* From here on no new call is made.  Any context but hard interrupts. */
static void filter_kill(struct dlil_filter *f)
{
	struct dlil_ifnet *ifp = f->retire.ifp;

	spin_lock_bh(&ifp->filter_lock);
	if (vec_stub(rcu_dereference_protected(ifp->filters_in, true), f) |
	    vec_stub(rcu_dereference_protected(ifp->filters_out, true), f))
		WRITE_ONCE(ifp->filters_stale, true);
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

/* No callback runs any more and whoever retired it has claimed it. */
static void filter_end(struct dlil_retire *r)
{
	struct dlil_filter *f = container_of(r, struct dlil_filter, retire);
	struct module *owner = f->ops->owner;
	struct dlil_ifnet *ifp = f->retire.ifp;

	/*
	 * This lock is taken in any case: whoever has found the filter before it
	 * was dying, to describe it or to make arrays, may use the cookie until he
	 * lets go of the lock.
	 */
	mutex_lock(&ifp->lock);
	/*
	 * One update takes out the stubs of all that are dying.  Without memory
	 * they stay where they are, for the next one.
	 */
	if (READ_ONCE(ifp->filters_stale))
		vecs_update(ifp, NULL);
	mutex_unlock(&ifp->lock);

	if (filter_sleeps(f))
		dlil_look_put(ifp);
	xa_erase(&dlil_filters, f->id);
	filter_detached(f);

	mutex_lock(&ifp->lock);
	filter_say(f, 1);
	if (f->ops->event)
		dlil_event_hearer_gone(ifp);
	list_del_init(&f->retire.list);
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

/* Allocate an event of its life early, so that a detach needs no memory. */
static struct dlil_event_item *filter_event(u32 code, const char *name)
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
	f->said[0] = filter_event(DLIL_FILTER_EVENT_ATTACHED, params->name);
	f->said[1] = filter_event(DLIL_FILTER_EVENT_DETACHED, params->name);
	if (!f->said[0] || !f->said[1]) {
		filter_free(f);
		return NULL;
	}
	dlil_retire_init(&f->retire, ifp, &filter_retire_ops);
	f->ops = params->ops;
	f->cookie = params->cookie;
	f->family = params->family;
	f->flags = params->flags;
	strscpy(f->name, params->name, sizeof(f->name));
	return f;
}

/**
 * dlil_filter_attach - put a filter behind those that are on an ifnet
 * @ifp: ifnet
 * @params: the filter
 * @ref: set to its reference before its first callback can run
 *
 * Rows FLT-1, FLT-3, FLT-6.  Pins the filter's module until `detached` has
 * returned, so the module detaches it at somebody's request, not in its exit.
 *
 * Context: process; may sleep.  May be called from callbacks that may.
 * Return: 0; -EINVAL without ops or name, for unknown flags or for both `input`
 * and `input_list`; -ENAMETOOLONG; -ENXIO unless the ifnet is attached; -ENODEV
 * if the module is going away; -ENOSPC for more than 64 different callbacks for
 * packets of one direction; -ENOMEM.
 */
int dlil_filter_attach(struct dlil_ifnet *ifp,
		       const struct dlil_filter_params *params,
		       dlil_filter_t *ref)
{
	struct dlil_filter *f;
	int err;

	if (!ifp || !params || !ref || !params->ops || !params->name ||
	    !*params->name || (params->flags & ~FILTER_FLAGS) ||
	    (params->ops->input && params->ops->input_list))
		return -EINVAL;
	if (strlen(params->name) >= DLIL_NAME_MAX)
		return -ENAMETOOLONG;
	if (!try_module_get(params->ops->owner))
		return -ENODEV;
	f = filter_new(ifp, params);
	if (!f) {
		err = -ENOMEM;
		goto put_module;
	}
	/* Only the number for now: nobody finds the filter by it. */
	err = xa_alloc_cyclic(&dlil_filters, &f->id, NULL, xa_limit_31b,
			      &dlil_filters_next, GFP_KERNEL);
	if (err < 0)
		goto free;
	*ref = f->id;

	/* Before it can end. */
	if (filter_sleeps(f))
		dlil_look_get(ifp);
	mutex_lock(&ifp->lock);
	if (dlil_ifnet_is_attached(ifp))
		err = vecs_update(ifp, f);
	else
		err = -ENXIO;
	mutex_unlock(&ifp->lock);
	if (err)
		goto erase;
	if (params->ops->event)
		dlil_event_announce(ifp);
	return 0;

erase:
	if (filter_sleeps(f))
		dlil_look_put(ifp);
	*ref = 0;
	xa_erase(&dlil_filters, f->id);
free:
	filter_free(f);
put_module:
	module_put(params->ops->owner);
	return err;
}
EXPORT_SYMBOL_GPL(dlil_filter_attach);

/* If @waiter is not NULL it is set to what dlil_retire_wait() is to be called for. */
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
 * dlil_filter_detach - take a filter off, and wait until it is gone
 * @ref: its reference
 *
 * Row FLT-2: from now on no new call is made to the filter; calls under way are
 * waited for; then `detached` is called once.
 *
 * Context: process; may sleep.  Holding no lock that a callback on this ifnet
 * might want, anybody's: that is waited for.  So never RTNL.
 * Return: 0; -EINVAL for a reference that is unknown, stale or already being
 * detached; -EDEADLK from a callback, which dlil_filter_detach_async() is for:
 * waiting there could be for itself, or for one that waits for this one;
 * -ERESTARTSYS if the caller was killed: then it is not over yet, and goes on by
 * itself.
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
 * dlil_filter_detach_async - take a filter off, without waiting
 * @ref: its reference
 *
 * Row FLT-7: `detached` says when it is over.
 *
 * Context: any but hard interrupts, interrupts on; callbacks of this very filter
 * included.
 * Return: 0, or -EINVAL as dlil_filter_detach().
 */
int dlil_filter_detach_async(dlil_filter_t ref)
{
	return filter_detach(ref, NULL);
}
EXPORT_SYMBOL_GPL(dlil_filter_detach_async);

/*
 * Part of the final detach: no callback runs on @ifp any more (IFN-5).  All are
 * killed before any of them is ended, so that what is made of the rest is nothing.
 * Others may be on their way out by themselves (FLT-8).
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
 * dlil_filter_call - call something of each filter, with no lock held
 * @ifp: ifnet, with an I/O reference
 * @until: only of those attached by then, see dlil_retire_now()
 * @call: from dlil_call_begin()
 * @callback: what is called
 * @fn: called for one filter after the other, in order, until it returns not 0;
 *	may sleep, attach and detach
 * @arg: handed to @fn
 *
 * Row EVT-2.  A filter whose detach has begun is left out (FLT-2).
 *
 * Context: process; may sleep.
 * Return: what @fn returned last, or 0.
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
		if (filter_is_dying(f))
			continue;
		dlil_call_enter(call, DLIL_PARTY_FILTER, callback, f->name);
		err = fn(f->ops, f->cookie, ifp, f->family, arg);
		dlil_call_leave(call);
	}
	if (r)
		dlil_retire_let_go(r);
	return err;
}

/*
 * Call @fn for the filters of @ifp behind *@behind (0 for all), in order, until it
 * returns not 0.  *@behind becomes the last one for which it returned 0.  Filters
 * are in the order of their attach, so whatever goes and comes meanwhile, those
 * that stay are met once.
 */
int dlil_filters_behind(struct dlil_ifnet *ifp, u64 *behind,
			int (*fn)(const char *name, u32 direction,
				  const struct dlil_filter_ops *ops,
				  void *cookie, void *arg),
			void *arg)
{
	struct dlil_filter *f;
	u32 direction;
	int err = 0;

	mutex_lock(&ifp->lock);
	list_for_each_entry(f, &ifp->filter_list, retire.list) {
		if (f->retire.since <= *behind || filter_is_dying(f))
			continue;
		direction = 0;
		if (f->ops->input || f->ops->input_list)
			direction |= DLIL_DIRECTION_IN;
		if (f->ops->output)
			direction |= DLIL_DIRECTION_OUT;
		err = fn(f->name, direction, f->ops, f->cookie, arg);
		if (err)
			break;
		*behind = f->retire.since;
	}
	mutex_unlock(&ifp->lock);
	return err;
}
EXPORT_SYMBOL_FOR_TEST(dlil_filters_behind);

/* Call @fn for the filters of @ifp, in order, until it returns not 0. */
int dlil_filter_for_each(struct dlil_ifnet *ifp,
			 int (*fn)(const char *name, u32 direction,
				   const struct dlil_filter_ops *ops,
				   void *cookie, void *arg),
			 void *arg)
{
	u64 behind = 0;

	return dlil_filters_behind(ifp, &behind, fn, arg);
}
EXPORT_SYMBOL_FOR_TEST(dlil_filter_for_each);

/* The first filter on @ifp called @name of which @is says yes: a reference, or 0. */
dlil_filter_t dlil_filter_find(struct dlil_ifnet *ifp, const char *name,
			       bool (*is)(const struct dlil_filter_ops *ops))
{
	dlil_filter_t ref = 0;
	struct dlil_filter *f;

	mutex_lock(&ifp->lock);
	list_for_each_entry(f, &ifp->filter_list, retire.list) {
		if (filter_is_dying(f) || strcmp(f->name, name) || !is(f->ops))
			continue;
		ref = f->id;
		break;
	}
	mutex_unlock(&ifp->lock);
	return ref;
}
EXPORT_SYMBOL_FOR_TEST(dlil_filter_find);

/* The name of a filter to @name of DLIL_NAME_MAX bytes.  Any context. */
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

/* Is no filter attached or being attached, and no reference taken? */
bool dlil_filters_none(void)
{
	return xa_empty(&dlil_filters);
}
EXPORT_SYMBOL_FOR_TEST(dlil_filters_none);

#ifdef DLIL_TESTED
/*
 * Give the memory of filters that have been freed to new ones, which checkers put off:
 * for tests of filters at the address of a dead one.  May sleep.
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
