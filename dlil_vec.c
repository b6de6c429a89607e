// SPDX-License-Identifier: GPL-2.0
/*
 * The arrays of filters that packets are run through, see dlil_filter.c: how they
 * are made, installed, stubbed and freed.
 */
#include <linux/slab.h>

#include "dlil_chain.h"
#include "dlil_ifnet.h"
#include "dlil_retire.h"
#include "dlil_vec.h"

/* Stub for the slot of a filter that is being detached. */
static int filter_gone(void *cookie, struct dlil_ifnet *ifp, u32 family,
		       struct sk_buff **skb)
{
	return 0;
}

/* The stub for a slot that takes lists. */
static void list_filter_gone(void *cookie, struct dlil_ifnet *ifp, u32 family,
			     struct sk_buff_head *list,
			     struct sk_buff_head *drop)
{
}

void dlil_vec_free(struct dlil_filter_vec *vec)
{
	unsigned int i;

	for (i = 0; i < vec->n; i++)
		if (vec->slots[i].bundle && vec->slots[i].cookie)
			vec->slots[i].bundle->put(vec->slots[i].cookie);
	kvfree(vec);
}

static void vec_free_rcu(struct rcu_head *head)
{
	dlil_vec_free(container_of(head, struct dlil_filter_vec, rcu));
}

static void vec_free_left(struct dlil_leaver *leaver)
{
	struct dlil_filter_vec *vec =
		container_of(leaver, struct dlil_filter_vec, leaver);
	struct dlil_ifnet *ifp = vec->ifp;

	spin_lock_bh(&ifp->filter_lock);
	list_del(&vec->old);
	spin_unlock_bh(&ifp->filter_lock);
	dlil_vec_free(vec);
}

/*
 * Free the arrays of an ifnet that has no filters any more.  Arrays are left,
 * full of stubs, only if the last update had no memory for new ones.
 */
void dlil_filter_free_vecs(struct dlil_ifnet *ifp)
{
	struct dlil_filter_vec *in, *out;

	in = rcu_dereference_protected(ifp->filters_in, true);
	out = rcu_dereference_protected(ifp->filters_out, true);
	if (in)
		dlil_vec_free(in);
	if (out)
		dlil_vec_free(out);
}

/* Find a slot with this callback. */
static const struct dlil_filter_slot *find_fn(const struct dlil_filter_vec *vec,
					      dlil_filter_fn fn)
{
	unsigned int i;

	for (i = 0; vec && i < vec->n; i++)
		if (!vec->slots[i].takes_lists &&
		    READ_ONCE(vec->slots[i].fn) == fn)
			return &vec->slots[i];
	return NULL;
}

/* Choose an unused kind, not the one that was in use last. */
static u8 new_kind(struct dlil_filter_vec *vec, u64 used)
{
	unsigned int i;
	u8 kind;

	for (i = 0; i < DLIL_FILTER_KINDS; i++) {
		kind = (vec->next_kind + i) % DLIL_FILTER_KINDS;
		if (!(used & BIT_ULL(kind))) {
			vec->next_kind = kind + 1;
			return kind;
		}
	}
	vec->too_many = true;
	return 0;
}

/*
 * Number the callbacks of an array: slots with the same @fn have the same kind.
 * A packet that skips kinds (DLIL_SKIP) carries them as bits of a 64-bit mark.  A
 * filter may keep a packet over changes of the array (FLT-14), so a callback keeps
 * its kind, and the kind of a callback that is gone is not reused soon.
 */
static u8 kind_of(struct dlil_filter_vec *vec, const struct dlil_filter_vec *old,
		  dlil_filter_fn fn)
{
	const struct dlil_filter_slot *same = find_fn(vec, fn);
	u64 used = vec->kinds;

	if (same)
		return same->kind;
	same = find_fn(old, fn);
	if (same)
		return same->kind;
	if (old && ~(used | old->kinds))
		used |= old->kinds;
	return new_kind(vec, used);
}

static u8 slot_flags(const struct dlil_filter_vec *vec,
		     const struct dlil_filter *f)
{
	bool as_sent = vec->out && f->ops->bundle && f->ops->bundle->as_sent;

	return f->flags | (as_sent ? DLIL_SLOT_AS_SENT : 0);
}

/* Can @f join the bundle of @slot? */
static bool joins(const struct dlil_filter_slot *slot,
		  const struct dlil_filter *f, dlil_filter_fn fn, u8 flags)
{
	return f->ops->bundle && slot->bundle == f->ops->bundle &&
	       slot->fn == fn && slot->family == f->family &&
	       slot->flags == flags && slot->n < DLIL_BUNDLE_MAX;
}

/* Append @f, to the last slot if it can join that bundle, or in a new slot. */
static void vec_add(struct dlil_filter_vec *vec,
		    const struct dlil_filter_vec *old,
		    const struct dlil_filter *f)
{
	struct dlil_filter_slot *slot = &vec->slots[vec->n];
	dlil_filter_fn fn = vec->out ? f->ops->output : f->ops->input;
	const struct dlil_filter **place = vec->filters;
	u8 flags = slot_flags(vec, f);

	if (vec->n)
		place = slot[-1].filters + slot[-1].n;
	if (vec->n && joins(slot - 1, f, fn, flags)) {
		*place = f;
		slot[-1].n++;
		return;
	}
	if (fn) {
		slot->kind = kind_of(vec, old, fn);
		vec->kinds |= BIT_ULL(slot->kind);
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
	slot->flags = flags;
	slot->bundle = f->ops->bundle;
	slot->id = f->ops->bundle ? 0 : f->id;
	slot->name = f->ops->bundle ? NULL : f->name;
	slot->filters = place;
	slot->n = 1;
	*place = f;
	if (f->family ||
	    f->flags & (DLIL_FILTER_NO_VLAN | DLIL_FILTER_REINJECTS))
		vec->selective = true;
	if (flags & (DLIL_FILTER_SEGMENTS | DLIL_SLOT_AS_SENT))
		vec->wants_segments = true;
	if (flags & DLIL_FILTER_SEGMENTS)
		vec->segments_always = true;
	vec->n++;
}

/*
 * Find a slot of @old with the same filters.  Skip stubbed slots: a filter in
 * one may have been freed, and a new filter may have its address.
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

/**
 * struct room - memory to make an array with, for all filters of the ifnet
 * @cookies: cookies of the filters of a slot
 * @sizes: numbers of filters in the bundles of a slot
 */
struct room {
	void **cookies;
	u16 *sizes;
};

static bool room_get(struct room *room, unsigned int n)
{
	room->cookies = kvmalloc_array(n, sizeof(*room->cookies), GFP_KERNEL);
	room->sizes = kvmalloc_array(n, sizeof(*room->sizes), GFP_KERNEL);
	return !n || (room->cookies && room->sizes);
}

static void room_put(struct room *room)
{
	kvfree(room->cookies);
	kvfree(room->sizes);
}

static void get_cookies(const struct room *room,
			const struct dlil_filter_slot *slot)
{
	unsigned int i;

	for (i = 0; i < slot->n; i++)
		room->cookies[i] = slot->filters[i]->cookie;
}

/*
 * Divide the slots of bundles as these ask for, the last one first.  Slots are moved to
 * the end of the array, which has room for as many as there are filters: up to @end.
 * Returns the number of the first slot, or -ENOMEM.
 */
static int cut_slots(struct dlil_filter_vec *vec, unsigned int end,
		     const struct room *room)
{
	struct dlil_filter_slot slot;
	unsigned int i, behind;
	int bundles;

	for (i = vec->n; i--; ) {
		slot = vec->slots[i];
		bundles = 1;
		room->sizes[0] = slot.n;
		if (slot.bundle) {
			get_cookies(room, &slot);
			bundles = slot.bundle->cut(room->cookies, slot.n,
						   room->sizes);
		}
		if (bundles < 0)
			return bundles;
		behind = slot.n;
		while (bundles--) {
			vec->slots[--end] = slot;
			behind -= room->sizes[bundles];
			vec->slots[end].filters = slot.filters + behind;
			vec->slots[end].n = room->sizes[bundles];
		}
	}
	return end;
}

/* The same, with the slots at the start of the array again.  False without memory. */
static bool vec_cut(struct dlil_filter_vec *vec, unsigned int n,
		    const struct room *room)
{
	int first = cut_slots(vec, n, room);

	if (first < 0)
		return false;
	vec->n = n - first;
	memmove(vec->slots, vec->slots + first, vec->n * sizeof(*vec->slots));
	return true;
}

/*
 * Set the bundle of a slot; reuse the one in @old if it has the same filters.
 * Returns false if there is no memory.
 */
static bool slot_bundle(struct dlil_filter_slot *slot,
			const struct dlil_filter_vec *old, bool out,
			const struct room *room)
{
	const struct dlil_filter_slot *same = find_same(old, slot);

	if (same) {
		slot->bundle->get(same->cookie);
		slot->cookie = same->cookie;
		return true;
	}
	get_cookies(room, slot);
	slot->cookie = slot->bundle->make(room->cookies, slot->n, out);
	return slot->cookie;
}

/* Make the bundles of an array.  False without memory. */
static bool vec_bundle(struct dlil_filter_vec *vec,
		       const struct dlil_filter_vec *old,
		       const struct room *room)
{
	unsigned int i;

	for (i = 0; i < vec->n; i++) {
		if (vec->slots[i].bundle &&
		    !slot_bundle(&vec->slots[i], old, vec->out, room))
			return false;
		/* Users may add thousands of filters at once. */
		cond_resched();
	}
	return true;
}

static struct dlil_filter_vec *vec_new(struct dlil_ifnet *ifp, unsigned int n,
				       bool out)
{
	struct dlil_filter_vec *vec;

	/* The @n slots are followed by the array of @n pointers to filters. */
	vec = kvzalloc(struct_size(vec, slots, n) + n * sizeof(*vec->filters),
		       GFP_KERNEL);
	if (!vec)
		return NULL;
	vec->filters = (const struct dlil_filter **)&vec->slots[n];
	vec->ifp = ifp;
	vec->out = out;
	return vec;
}

/* Make the array of one direction of these @n filters, in order. */
struct dlil_filter_vec *dlil_vec_make(struct dlil_ifnet *ifp, bool out,
				      struct dlil_filter *const *filters,
				      unsigned int n)
{
	struct dlil_filter_vec *vec, *old;
	struct room room;
	unsigned int i;
	bool made;

	lockdep_assert_held(&ifp->lock);

	vec = vec_new(ifp, n, out);
	if (!vec)
		return NULL;
	old = rcu_dereference_protected(out ? ifp->filters_out :
					      ifp->filters_in, true);
	if (old)
		vec->next_kind = old->next_kind;
	for (i = 0; i < n; i++)
		vec_add(vec, old, filters[i]);
	made = room_get(&room, n) && vec_cut(vec, n, &room) &&
	       vec_bundle(vec, old, &room);
	room_put(&room);
	if (made)
		return vec;
	dlil_vec_free(vec);
	return NULL;
}

/* Stop calling the @i-th filter of a slot. */
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
 * Stub out the slots of @f, or of all dying filters if @f is NULL.  Returns
 * whether there were any.
 */
bool dlil_vec_stub(struct dlil_filter_vec *vec, const struct dlil_filter *f)
{
	struct dlil_filter_slot *slot;
	bool stubbed = false;
	unsigned int i, j;

	for (i = 0; vec && i < vec->n; i++) {
		slot = &vec->slots[i];
		for (j = 0; j < slot->n; j++)
			if (f ? slot->filters[j] == f :
				dlil_filter_is_dying(slot->filters[j])) {
				slot_stub(slot, j);
				stubbed = true;
			}
	}
	return stubbed;
}

/* Replace an empty array by NULL, so that the hot path needs a single test. */
static struct dlil_filter_vec *vec_or_null(struct dlil_filter_vec *vec)
{
	if (vec->n)
		return vec;
	dlil_vec_free(vec);
	return NULL;
}

/*
 * Install the arrays of both directions.  A packet uses one array until it is through,
 * so it meets either the filters before this or those after it.
 */
void dlil_vecs_install(struct dlil_ifnet *ifp, struct dlil_filter_vec *in,
		       struct dlil_filter_vec *out)
{
	struct dlil_filter_vec *old_in, *old_out;

	lockdep_assert_held(&ifp->lock);

	in = vec_or_null(in);
	out = vec_or_null(out);
	spin_lock_bh(&ifp->filter_lock);
	/* filter_kill() could not stub these arrays while they were being made. */
	WRITE_ONCE(ifp->filters_stale,
		   dlil_vec_stub(in, NULL) | dlil_vec_stub(out, NULL));
	if (in)
		WRITE_ONCE(ifp->filtered, true);
	/*
	 * Output first: what is sent because of a packet that has met the new input
	 * filters shall meet the new output filters (FLT-13).
	 */
	old_out = rcu_replace_pointer(ifp->filters_out, out, true);
	old_in = rcu_replace_pointer(ifp->filters_in, in, true);
	if (old_in)
		list_add_tail(&old_in->old, &ifp->filters_old);
	spin_unlock_bh(&ifp->filter_lock);
	if (old_in)
		dlil_reader_after(&ifp->inq.reader, &old_in->leaver,
				  vec_free_left);
	if (old_out)
		call_rcu(&old_out->rcu, vec_free_rcu);
}
