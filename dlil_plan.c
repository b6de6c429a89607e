// SPDX-License-Identifier: GPL-2.0
/*
 * The order of filters after several changes that are one step (FLT-13).
 *
 * A plan is a copy of the order of an ifnet's filters, with a spot for each filter.
 * Changes are applied to it one after the other, so that each sees the result of those
 * before it.  The ifnet itself changes only when dlil_filter.c carries out the plan, which
 * it does if all changes were possible.  A change that is refused leaves a sentence for
 * the user in `why`, and the plan is thrown away.
 *
 * A spot is in one of two lists by its @list: in the order, or, once a change has removed
 * its filter, among those that are gone, whose filters dlil_filter.c detaches.
 *
 * Names are looked up in a table, because users may make thousands of changes at once.
 */
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/stringhash.h>

#include "dlil_ifnet.h"
#include "dlil_plan.h"
#include "dlil_vec.h"

static u32 hash_of(const char *name)
{
	return full_name_hash(NULL, name, strlen(name));
}

/* Has a user added the filter?  Only such filters have a filter kind. */
static bool is_users(const struct dlil_spot *spot)
{
	return spot->filter->ops->kind;
}

/* Make a spot for @f; the caller puts it in the order.  There is room, see dlil_plan_new(). */
static struct dlil_spot *spot_new(struct dlil_plan *plan, struct dlil_filter *f)
{
	struct dlil_spot *spot = &plan->spots[plan->used++];

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
static void del(struct dlil_plan *plan, struct dlil_spot *spot)
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
struct dlil_plan *dlil_plan_new(struct dlil_ifnet *ifp, unsigned int more)
{
	struct dlil_filter *f;
	struct dlil_plan *plan;
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
static struct dlil_spot *find(struct dlil_plan *plan, const char *name)
{
	struct dlil_spot *spot, *found = NULL;

	hash_for_each_possible(plan->names, spot, named, hash_of(name))
		if (!strcmp(spot->filter->name, name) &&
		    (!found || is_users(spot)))
			found = spot;
	return found;
}

static struct dlil_spot *find_filter(struct dlil_plan *plan,
				     const struct dlil_filter *f)
{
	struct dlil_spot *spot;

	hash_for_each_possible(plan->names, spot, named, hash_of(f->name))
		if (spot->filter == f)
			return spot;
	return NULL;
}

static int refuse(struct dlil_plan *plan, int err, const char *why)
{
	plan->why = why;
	return err;
}

/* Find the filter that a change removes, replaces or moves. */
static int find_old(struct dlil_plan *plan, const char *name,
		    const struct dlil_filter *old, struct dlil_spot **spot)
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
static int put(struct dlil_plan *plan, struct dlil_spot *spot,
	       enum dlil_filter_place place, const char *name)
{
	struct dlil_spot *beside = NULL;

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
static int add(struct dlil_plan *plan, const struct dlil_filter_params *params,
	       struct dlil_filter *f, struct list_head *in_place_of)
{
	struct dlil_spot *spot = spot_new(plan, f);

	spot->added = true;
	INIT_LIST_HEAD(&spot->list);
	if (in_place_of && params->place == DLIL_PLACE_DEFAULT && !params->beside) {
		list_add(&spot->list, in_place_of);
		return 0;
	}
	return put(plan, spot, params->place, params->beside);
}

/* Put @f in the place of another filter; a user's request adds it if there is none. */
static int replace(struct dlil_plan *plan, const struct dlil_filter_change *c,
		   struct dlil_filter *f, const struct dlil_filter *old)
{
	const char *name = plan->for_user ? f->name : c->name;
	struct list_head *prev;
	struct dlil_spot *spot;
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

static int move(struct dlil_plan *plan, const struct dlil_filter_change *c,
		struct dlil_spot *spot)
{
	if (c->place == DLIL_PLACE_DEFAULT)
		return refuse(plan, -EINVAL,
			      "place of the filter is required: first, last, before or after");
	spot->moved = true;
	plan->moved = spot;
	return put(plan, spot, c->place, c->beside);
}

/* Remove all filters that users have added. */
static void flush(struct dlil_plan *plan)
{
	struct dlil_spot *spot, *next;

	list_for_each_entry_safe(spot, next, &plan->order, list)
		if (is_users(spot))
			del(plan, spot);
}

/**
 * dlil_plan_change - apply a change to a plan
 * @plan: the plan, of no use after an error, except that it has a sentence then
 * @c: the change
 * @f: the new filter, if there is one
 * @old: the filter that has the reference in @c, or NULL
 *
 * Context: process; the ifnet's lock held.
 * Return: 0, -EINVAL, -EEXIST, -ENOENT or -EPERM.
 */
int dlil_plan_change(struct dlil_plan *plan, const struct dlil_filter_change *c,
		     struct dlil_filter *f, const struct dlil_filter *old)
{
	struct dlil_spot *spot;
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
