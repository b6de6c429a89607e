// SPDX-License-Identifier: GPL-2.0
/*
 * Changes of an ifnet's filters: each attach, and several changes in one step (FLT-13).
 *
 * A plan is a copy of the order of an ifnet's filters, with a spot for each filter.
 * Changes are applied to it one after the other, so that each sees the result of those
 * before it.  The ifnet itself changes only when the plan is carried out, which happens
 * if all changes were possible.  A change that is refused leaves a sentence for the user
 * in `why`, and the plan is thrown away.
 *
 * A spot is in one of two lists by its @list: in the order, or, once a change has removed
 * its filter, among those that are gone, which are detached.
 *
 * Names are looked up in a table, because users may make thousands of changes at once.
 *
 * A step first makes the plan and the arrays of filters for packets, and allocates all
 * that it needs.  From then on nothing can fail: it claims the detach of the filters that
 * go, lists the new ones, and installs the arrays.  The filters that go are not stubbed: a
 * packet that is in flight in an old array meets all of the filters before the step.  They
 * end like others, when no packet uses the old arrays any more.
 */
#include <linux/hashtable.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/stringhash.h>

#include "dlil_event.h"
#include "dlil_filter.h"
#include "dlil_ifnet.h"
#include "dlil_retire.h"
#include "dlil_vec.h"

/**
 * struct spot - a filter in a plan
 * @list: entry in the order
 * @named: entry in the table of names, or in none once it is removed
 * @filter: the filter
 * @added: the step adds it
 * @moved: the step moves it
 */
struct spot {
	struct list_head list;
	struct hlist_node named;
	struct dlil_filter *filter;
	bool added;
	bool moved;
};

/**
 * struct plan - the filters of an ifnet as they will be after a step (FLT-13)
 * @order: the filters that stay or come, in order
 * @names: the same, by name
 * @gone: the filters that go; they must be detached
 * @n: number of filters in @order
 * @users: number of those that users have added
 * @for_user: names of added filters must be new, and modules' filters are left alone
 * @why: sentence about the change that was refused
 * @moved: the filter that was moved last
 * @used: number of @spots in use
 * @spots: storage
 */
struct plan {
	struct list_head order;
	DECLARE_HASHTABLE(names, 8);
	struct list_head gone;
	unsigned int n;
	unsigned int users;
	bool for_user;
	const char *why;
	const struct spot *moved;
	unsigned int used;
	struct spot spots[];
};

static u32 hash_of(const char *name)
{
	return full_name_hash(NULL, name, strlen(name));
}

/* Has a user added the filter?  Only such filters have a filter kind. */
static bool is_users(const struct spot *spot)
{
	return spot->filter->ops->kind;
}

/* Make a spot for @f; the caller puts it in the order.  There is room, see plan_new(). */
static struct spot *spot_new(struct plan *plan, struct dlil_filter *f)
{
	struct spot *spot = &plan->spots[plan->used++];

	spot->filter = f;
	hash_add(plan->names, &spot->named, hash_of(f->name));
	plan->n++;
	plan->users += is_users(spot);
	return spot;
}

/*
 * Remove a filter.  One that the same step adds has never been attached, so that there is
 * nothing to detach: it is in no list afterwards.
 */
static void del(struct plan *plan, struct spot *spot)
{
	hash_del(&spot->named);
	list_del(&spot->list);
	if (!spot->added)
		list_add_tail(&spot->list, &plan->gone);
	plan->n--;
	plan->users -= is_users(spot);
}

/*
 * Make a plan of the filters of @ifp, with room for @more filters; the ifnet's lock
 * held.  Returns NULL if there is no memory; otherwise kvfree() frees it.
 */
static struct plan *plan_new(struct dlil_ifnet *ifp, unsigned int more)
{
	struct dlil_filter *f;
	struct plan *plan;
	unsigned int n = more;

	lockdep_assert_held(&ifp->lock);

	list_for_each_entry(f, &ifp->filter_order, order)
		n++;
	plan = kvzalloc(struct_size(plan, spots, n), GFP_KERNEL);
	if (!plan)
		return NULL;
	INIT_LIST_HEAD(&plan->order);
	INIT_LIST_HEAD(&plan->gone);
	hash_init(plan->names);
	list_for_each_entry(f, &ifp->filter_order, order)
		if (!dlil_filter_is_dying(f))
			list_add_tail(&spot_new(plan, f)->list, &plan->order);
	return plan;
}

/* Find a filter by name; if a user and a module have one of this name, that of the user. */
static struct spot *find(struct plan *plan, const char *name)
{
	struct spot *spot, *found = NULL;

	hash_for_each_possible(plan->names, spot, named, hash_of(name))
		if (!strcmp(spot->filter->name, name) &&
		    (!found || is_users(spot)))
			found = spot;
	return found;
}

static struct spot *find_filter(struct plan *plan, const struct dlil_filter *f)
{
	struct spot *spot;

	hash_for_each_possible(plan->names, spot, named, hash_of(f->name))
		if (spot->filter == f)
			return spot;
	return NULL;
}

static int refuse(struct plan *plan, int err, const char *why)
{
	plan->why = why;
	return err;
}

/* Find the filter that a change removes, replaces or moves. */
static int find_old(struct plan *plan, const char *name,
		    const struct dlil_filter *old, struct spot **spot)
{
	*spot = name ? find(plan, name) : old ? find_filter(plan, old) : NULL;
	if (!*spot)
		return name ? refuse(plan, -ENOENT, "no filter of this name") :
			      refuse(plan, -EINVAL, "no such filter");
	if (name && !is_users(*spot))
		return refuse(plan, -EPERM,
			      "filter belongs to a module: change or detach it there");
	return 0;
}

/* Put @spot, which may be in the order already, at a place; @name is the filter beside it. */
static int put(struct plan *plan, struct spot *spot,
	       enum dlil_filter_place place, const char *name)
{
	struct spot *beside = NULL;

	if (place == DLIL_PLACE_BEFORE || place == DLIL_PLACE_AFTER) {
		beside = name ? find(plan, name) : NULL;
		if (!beside)
			return refuse(plan, -ENOENT,
				      "no filter has the name given with before or after");
		if (beside == spot)
			return refuse(plan, -EINVAL,
				      "a filter cannot stand before or after itself");
	} else if (name) {
		return refuse(plan, -EINVAL,
			      "another filter is named without before or after");
	}
	switch (place) {
	case DLIL_PLACE_DEFAULT:
	case DLIL_PLACE_LAST:
		list_move_tail(&spot->list, &plan->order);
		return 0;
	case DLIL_PLACE_FIRST:
		list_move(&spot->list, &plan->order);
		return 0;
	case DLIL_PLACE_BEFORE:
		list_move_tail(&spot->list, &beside->list);
		return 0;
	case DLIL_PLACE_AFTER:
		list_move(&spot->list, &beside->list);
		return 0;
	}
	return refuse(plan, -EINVAL, "there is no such place");
}

/*
 * Add @f at the place that its parameters give.  If they give none, it goes to the end,
 * or, if it replaces another filter, behind @in_place_of, the entry in front of that one.
 */
static int add(struct plan *plan, const struct dlil_filter_params *params,
	       struct dlil_filter *f, struct list_head *in_place_of)
{
	struct spot *spot = spot_new(plan, f);

	spot->added = true;
	INIT_LIST_HEAD(&spot->list);
	if (in_place_of && params->place == DLIL_PLACE_DEFAULT && !params->beside) {
		list_add(&spot->list, in_place_of);
		return 0;
	}
	return put(plan, spot, params->place, params->beside);
}

/* Put @f in the place of another filter; a user's request adds it if there is none. */
static int replace(struct plan *plan, const struct dlil_filter_change *c,
		   struct dlil_filter *f, const struct dlil_filter *old)
{
	const char *name = plan->for_user ? f->name : c->name;
	struct list_head *prev;
	struct spot *spot;
	int err;

	if (plan->for_user && !find(plan, name))
		return add(plan, c->params, f, NULL);
	err = find_old(plan, name, old, &spot);
	if (err)
		return err;
	prev = spot->list.prev;
	del(plan, spot);
	return add(plan, c->params, f, prev);
}

static int move(struct plan *plan, const struct dlil_filter_change *c,
		struct spot *spot)
{
	if (c->place == DLIL_PLACE_DEFAULT)
		return refuse(plan, -EINVAL,
			      "place of the filter is required: first, last, before or after");
	spot->moved = true;
	plan->moved = spot;
	return put(plan, spot, c->place, c->beside);
}

/* Remove all filters that users have added. */
static void flush(struct plan *plan)
{
	struct spot *spot, *next;

	list_for_each_entry_safe(spot, next, &plan->order, list)
		if (is_users(spot))
			del(plan, spot);
}

/*
 * Apply a change to a plan; the ifnet's lock held.  @f is the new filter, if there is one,
 * @old the filter that has the reference in @c, or NULL.  Returns 0, -EINVAL, -EEXIST,
 * -ENOENT or -EPERM; after an error, only the sentence in the plan is of use.
 */
static int plan_change(struct plan *plan, const struct dlil_filter_change *c,
		       struct dlil_filter *f, const struct dlil_filter *old)
{
	struct spot *spot;
	int err;

	switch (c->change) {
	case DLIL_CHANGE_ADD:
		if (plan->for_user && find(plan, f->name))
			return refuse(plan, -EEXIST,
				      "a filter of this name exists");
		return add(plan, c->params, f, NULL);
	case DLIL_CHANGE_REPLACE:
		return replace(plan, c, f, old);
	case DLIL_CHANGE_FLUSH:
		flush(plan);
		return 0;
	case DLIL_CHANGE_DEL:
	case DLIL_CHANGE_MOVE:
		err = find_old(plan, c->name, old, &spot);
		if (err)
			return err;
		if (c->change == DLIL_CHANGE_MOVE)
			return move(plan, c, spot);
		del(plan, spot);
		return 0;
	}
	return refuse(plan, -EINVAL, "there is no such change");
}

/**
 * struct part - what a change of a step needs
 * @new: the filter that it adds, or NULL
 * @moved: event of a move, or NULL
 * @spot: the filter that is moved
 */
struct part {
	struct dlil_filter *new;
	struct dlil_event_item *moved;
	const struct spot *spot;
};

static void discard_parts(struct dlil_step *step, struct part *parts)
{
	unsigned int i;

	for (i = 0; i < step->n; i++) {
		if (parts[i].new)
			dlil_filter_discard(parts[i].new);
		kfree(parts[i].moved);
	}
	kvfree(parts);
}

static int prepare_part(struct dlil_step *step, const struct dlil_filter_change *c,
			struct part *part)
{
	struct dlil_filter *f;

	if (c->change == DLIL_CHANGE_ADD || c->change == DLIL_CHANGE_REPLACE) {
		f = c->ref ? dlil_filter_prepare(step->ifp, c->params) :
			     ERR_PTR(-EINVAL);
		if (IS_ERR(f))
			return PTR_ERR(f);
		part->new = f;
	} else if (c->change == DLIL_CHANGE_MOVE) {
		part->moved = dlil_filter_event(DLIL_FILTER_EVENT_MOVED, "");
		if (!part->moved)
			return -ENOMEM;
	}
	return 0;
}

/* Allocate for all changes.  Returns an error pointer if that fails or one is invalid. */
static struct part *prepare_parts(struct dlil_step *step)
{
	struct part *parts = kvcalloc(step->n, sizeof(*parts), GFP_KERNEL);
	unsigned int i;
	int err;

	if (!parts)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < step->n; i++) {
		err = prepare_part(step, &step->changes[i], &parts[i]);
		if (err) {
			step->failed = i;
			discard_parts(step, parts);
			return ERR_PTR(err);
		}
		cond_resched();
	}
	return parts;
}

/* Apply one change to a plan. */
static int plan_part(struct plan *plan, const struct dlil_filter_change *c,
		     struct part *part)
{
	struct dlil_event_filter *data;
	const struct dlil_filter *old;
	int err;

	/* The reference may be stale: then @old is not in the plan, and may go. */
	rcu_read_lock();
	old = c->old ? dlil_filter_by_ref(c->old) : NULL;
	err = plan_change(plan, c, part->new, old);
	rcu_read_unlock();
	if (!err && part->moved) {
		part->spot = plan->moved;
		data = part->moved->data;
		strscpy(data->name, part->spot->filter->name, sizeof(data->name));
	}
	return err;
}

/* Apply all changes to a plan. */
static int plan_parts(struct dlil_step *step, struct plan *plan,
		      struct part *parts)
{
	unsigned int i;
	int err;

	plan->for_user = step->for_user;
	for (i = 0; i < step->n; i++) {
		err = plan_part(plan, &step->changes[i], &parts[i]);
		if (err) {
			step->failed = i;
			step->why = plan->why;
			return err;
		}
	}
	if (step->for_user && plan->users > DLIL_GENL_MAXFILTERS) {
		step->why = "too many filters: users can add 1024 at most";
		return -ENOSPC;
	}
	return 0;
}

/* Make the arrays that a plan leads to. */
static int plan_vecs(struct dlil_step *step, const struct plan *plan,
		     struct dlil_filter_vec **in, struct dlil_filter_vec **out)
{
	struct dlil_filter **filters;
	struct spot *spot;
	unsigned int n = 0;
	int err;

	filters = kvmalloc_array(plan->n, sizeof(*filters), GFP_KERNEL);
	if (!filters && plan->n)
		return -ENOMEM;
	list_for_each_entry(spot, &plan->order, list)
		filters[n++] = spot->filter;
	err = dlil_filter_vecs(step->ifp, filters, n, in, out);
	if (err == -ENOSPC)
		step->why = "too many different callbacks: 64 at most in one direction";
	kvfree(filters);
	return err;
}

/*
 * Has the ifnet other filters than those of the expected revision?  That is so as well if
 * the detach of one has begun and is about to raise the revision: a plan is made without
 * such a filter.
 */
static bool is_stale(struct dlil_step *step)
{
	struct dlil_ifnet *ifp = step->ifp;
	struct dlil_filter *f;

	lockdep_assert_held(&ifp->lock);
	lockdep_assert_held(&ifp->filter_lock);

	if (!step->revision)
		return false;
	if (step->revision == ifp->revision) {
		list_for_each_entry(f, &ifp->filter_order, order)
			if (dlil_filter_is_dying(f) && !f->killed)
				goto stale;
		return false;
	}
stale:
	step->why = "filters have changed since that revision: run filter show, and try again";
	return true;
}

/*
 * Row FLT-13: the point from which a step cannot fail.  Claim the detach of the filters
 * that go, unless another change has come first.  A filter whose detach has just begun
 * is left to that other detach.
 */
static int claim(struct dlil_step *step, struct plan *plan)
{
	struct dlil_ifnet *ifp = step->ifp;
	struct spot *spot, *next;
	int err = 0;

	spin_lock_bh(&ifp->filter_lock);
	if (is_stale(step)) {
		err = -ESTALE;
	} else {
		list_for_each_entry_safe(spot, next, &plan->gone, list)
			if (dlil_retire_claim(&spot->filter->retire))
				spot->filter->killed = true;
			else
				list_del(&spot->list);
		dlil_filter_revise_locked(ifp);
	}
	spin_unlock_bh(&ifp->filter_lock);
	return err;
}

/* Give the filters the order of the plan. */
static void put_in_order(struct dlil_ifnet *ifp, const struct plan *plan)
{
	struct spot *spot;
	u64 rank = 0;

	list_for_each_entry(spot, &plan->order, list) {
		struct dlil_filter *f = spot->filter;

		if (spot->added)
			dlil_filter_list(ifp, f);
		list_move_tail(&f->order, &ifp->filter_order);
		/* A filter that stays in its place keeps its rank, if possible. */
		if (spot->moved || f->rank <= rank)
			f->rank = rank + 1;
		rank = f->rank;
	}
}

/*
 * Carry out a plan for which all arrays have been made.  Of @parts, those new filters
 * remain that the same step has removed again.
 */
static int carry_out(struct dlil_step *step, struct plan *plan,
		     struct part *parts, struct dlil_filter_vec *in,
		     struct dlil_filter_vec *out)
{
	struct dlil_ifnet *ifp = step->ifp;
	struct spot *spot;
	unsigned int i;
	int err;

	err = claim(step, plan);
	if (err) {
		dlil_vec_free(in);
		dlil_vec_free(out);
		return err;
	}
	/* List new filters before the arrays: their first callback may detach them. */
	put_in_order(ifp, plan);
	dlil_ifnet_changed(ifp);
	for (i = 0; i < step->n; i++) {
		struct dlil_filter *new = parts[i].new;

		/* Others do not know a filter that the step has removed again. */
		if (parts[i].moved && !hlist_unhashed(&parts[i].spot->named)) {
			dlil_event_queue(ifp, parts[i].moved);
			parts[i].moved = NULL;
		}
		if (!new)
			continue;
		if (list_empty(&new->order)) {
			*step->changes[i].ref = 0;
			if (step->dropped)
				step->dropped[i] = true;
			continue;
		}
		/* Not earlier: the caller may have passed the place of the old reference. */
		*step->changes[i].ref = new->id;
		parts[i].new = NULL;
	}
	dlil_vecs_install(ifp, in, out);
	list_for_each_entry(spot, &plan->gone, list)
		dlil_retire_queue(&spot->filter->retire);
	return 0;
}

static int step_locked(struct dlil_step *step, struct part *parts)
{
	struct dlil_filter_vec *in, *out;
	struct plan *plan;
	bool stale;
	int err;

	if (!dlil_ifnet_is_attached(step->ifp)) {
		step->why = "device is being detached";
		return -ENXIO;
	}
	/* A change may be impossible because the revision is old: say that instead. */
	spin_lock_bh(&step->ifp->filter_lock);
	stale = is_stale(step);
	spin_unlock_bh(&step->ifp->filter_lock);
	if (stale)
		return -ESTALE;
	plan = plan_new(step->ifp, step->n);
	if (!plan)
		return -ENOMEM;
	err = plan_parts(step, plan, parts);
	if (!err)
		err = plan_vecs(step, plan, &in, &out);
	if (!err)
		err = carry_out(step, plan, parts, in, out);
	kvfree(plan);
	return err;
}

/* Log new filters, and announce new receivers of events.  No lock is held. */
static void announce(const struct dlil_step *step)
{
	const struct dlil_filter_params *params;
	bool hears = false;
	unsigned int i;

	for (i = 0; i < step->n; i++) {
		if ((step->changes[i].change != DLIL_CHANGE_ADD &&
		     step->changes[i].change != DLIL_CHANGE_REPLACE) ||
		    (step->dropped && step->dropped[i]))
			continue;
		params = step->changes[i].params;
		hears |= !!params->ops->event;
		dlil_log_verbose(step->ifp, "filter %s attached", params->name);
	}
	if (hears)
		dlil_event_announce(step->ifp);
}

/**
 * dlil_filter_step - change the filters of an ifnet in one step
 * @step: the step; on errors, @failed and maybe @why say what is at fault
 *
 * Row FLT-13.
 *
 * Context: process; may sleep.
 * Return: as dlil_filter_update().
 */
int dlil_filter_step(struct dlil_step *step)
{
	struct part *parts;
	int err;

	step->failed = step->n;
	step->why = NULL;
	parts = prepare_parts(step);
	if (IS_ERR(parts))
		return PTR_ERR(parts);
	mutex_lock(&step->ifp->lock);
	err = step_locked(step, parts);
	mutex_unlock(&step->ifp->lock);
	discard_parts(step, parts);
	if (!err)
		announce(step);
	return err;
}

/**
 * dlil_filter_update - change several filters of an ifnet in one step
 * @ifp: ifnet
 * @changes: the changes; each sees the result of those before it
 * @n: number of changes, at most DLIL_GENL_MAXCHANGES
 * @revision: revision that the filters must have, or 0 for any
 *
 * Row FLT-13.  All changes are made, or none.  A packet that passes the filters of one
 * direction meets those before the step, or those after it.  The filters that go may be
 * called for packets that were in flight when this returns, and their `detached` follows
 * when these are through.  A filter that is moved is not detached, and keeps its
 * reference.
 *
 * Context: process; may sleep.  Allowed in callbacks that may sleep.
 * Return: 0; -EINVAL for no, too many or bad changes, stale references included;
 * -ENOENT if no filter has a given name; -EPERM if the name is that of a module's filter;
 * -ESTALE if another change has come first; otherwise as dlil_filter_attach().
 */
int dlil_filter_update(struct dlil_ifnet *ifp,
		       const struct dlil_filter_change *changes, unsigned int n,
		       u64 revision)
{
	struct dlil_step step = {
		.ifp = ifp,
		.changes = changes,
		.n = n,
		.revision = revision,
	};

	if (!ifp || !changes || !n || n > DLIL_GENL_MAXCHANGES)
		return -EINVAL;
	return dlil_filter_step(&step);
}
EXPORT_SYMBOL_GPL(dlil_filter_update);

/**
 * dlil_filter_attach - add a filter to those of an ifnet
 * @ifp: ifnet
 * @params: the filter
 * @ref: set to its reference before its first callback can run
 *
 * Rows FLT-1, FLT-3, FLT-6, FLT-13.  Pins the filter's module until `detached` has
 * returned.  The module must therefore detach the filter on request, not in its
 * module exit, which could never run.
 *
 * Context: process; may sleep.  Allowed in callbacks that may sleep.
 * Return: 0; -EINVAL without ops or name, for unknown flags or places, a lifetime beyond
 * INT_MAX, DLIL_FILTER_REINJECTS without `detached`, or both `input` and
 * `input_list`; -ENAMETOOLONG; -ENOENT if there is no filter that it is to stand before
 * or after; -ENXIO unless the ifnet is attached; -ENODEV if the module is being unloaded;
 * -ENOSPC for more than 64 different callbacks for packets of one direction; -ENOMEM.
 */
int dlil_filter_attach(struct dlil_ifnet *ifp,
		       const struct dlil_filter_params *params,
		       dlil_filter_t *ref)
{
	const struct dlil_filter_change change = {
		.change = DLIL_CHANGE_ADD,
		.params = params,
		.ref = ref,
	};

	return dlil_filter_update(ifp, &change, 1, 0);
}
EXPORT_SYMBOL_GPL(dlil_filter_attach);
