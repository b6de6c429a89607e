// SPDX-License-Identifier: GPL-2.0
/*
 * Kinds of filters that users add by name (FLT-16), and the filters that users add,
 * change and remove.
 *
 * A kind is registered by its module, which is loaded when a user first names the
 * kind.  The kind creates a filter from the user's arguments, and the filter is
 * attached like that of a module.  It pins the module of its kind.
 *
 * kinds_lock guards the list of kinds.  It is not held around a callback: a request
 * pins the module of the kind meanwhile.
 */
#include <linux/ctype.h>
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <net/netlink.h>

#include "dlil_condition.h"
#include "dlil_event.h"
#include "dlil_filter.h"
#include "dlil_ifnet.h"
#include "dlil_kind.h"

/* Longest name of a kind, and the most that one may tell of a filter, in bytes. */
#define KIND_LEN	15
#define FILL_MAX	1024

/**
 * struct entry - a registered kind
 * @list: entry in the list of kinds
 * @kind: the kind
 */
struct entry {
	struct list_head list;
	const struct dlil_filter_kind *kind;
};

static DEFINE_MUTEX(kinds_lock);
static LIST_HEAD(kinds);

static struct entry *find(const char *name)
{
	struct entry *e;

	lockdep_assert_held(&kinds_lock);

	list_for_each_entry(e, &kinds, list)
		if (!strcmp(e->kind->name, name))
			return e;
	return NULL;
}

/* The name is part of a module alias. */
static bool is_name(const char *name)
{
	size_t len = strlen(name);

	if (!len || len > KIND_LEN)
		return false;
	while (len--)
		if (!islower(name[len]) && !isdigit(name[len]) &&
		    name[len] != '-' && name[len] != '_')
			return false;
	return true;
}

/**
 * dlil_filter_register_kind - register a kind of filters
 * @kind: the kind, which must stay until it is unregistered
 *
 * Row FLT-16.
 *
 * Context: process; may sleep.
 * Return: 0; -EINVAL without callbacks, for a bad name, which has at most 15
 * characters, attributes without policy, or a @fill_size beyond 1024; -EEXIST if
 * there is a kind with this name; -ENOMEM.
 */
int dlil_filter_register_kind(const struct dlil_filter_kind *kind)
{
	struct entry *e;
	int err = 0;

	if (!kind || !kind->name || !is_name(kind->name) || !kind->create ||
	    !kind->destroy || (kind->maxattr && !kind->policy) ||
	    kind->fill_size > FILL_MAX)
		return -EINVAL;
	e = kzalloc(sizeof(*e), GFP_KERNEL);
	if (!e)
		return -ENOMEM;
	e->kind = kind;
	mutex_lock(&kinds_lock);
	if (find(kind->name))
		err = -EEXIST;
	else
		list_add_tail(&e->list, &kinds);
	mutex_unlock(&kinds_lock);
	if (err)
		kfree(e);
	return err;
}
EXPORT_SYMBOL_GPL(dlil_filter_register_kind);

/**
 * dlil_filter_unregister_kind - remove a kind of filters
 * @kind: a registered kind, of which no filter exists
 *
 * Row FLT-16.  A filter pins the module of its kind, so a module may call this in
 * its exit function.
 *
 * Context: process; may sleep.
 */
void dlil_filter_unregister_kind(const struct dlil_filter_kind *kind)
{
	struct entry *e;

	mutex_lock(&kinds_lock);
	e = find(kind->name);
	if (!WARN_ON(!e || e->kind != kind))
		list_del(&e->list);
	else
		e = NULL;
	mutex_unlock(&kinds_lock);
	kfree(e);
}
EXPORT_SYMBOL_GPL(dlil_filter_unregister_kind);

/* Find a kind, and pin its module; or return NULL. */
static const struct dlil_filter_kind *try_get(const char *name)
{
	const struct dlil_filter_kind *kind = NULL;
	struct entry *e;

	mutex_lock(&kinds_lock);
	e = find(name);
	if (e && try_module_get(e->kind->owner))
		kind = e->kind;
	mutex_unlock(&kinds_lock);
	return kind;
}

/* The same, but load the module if needed, which may take long. */
static const struct dlil_filter_kind *get(const char *name)
{
	const struct dlil_filter_kind *kind = try_get(name);

	if (!kind && is_name(name)) {
		request_module("dlil-filter-%s", name);
		kind = try_get(name);
	}
	return kind;
}

static void put(const struct dlil_filter_kind *kind)
{
	module_put(kind->owner);
}

/* Refuse a part of a request that the kind would ignore. */
static int check_uses(const struct dlil_filter_kind *kind,
		      const struct dlil_filter_request *req,
		      struct netlink_ext_ack *extack)
{
	if (req->action && !(kind->uses & DLIL_KIND_ACTION)) {
		NL_SET_ERR_MSG(extack, "filters of this kind have no action");
		return -EINVAL;
	}
	if (req->words && !(kind->uses & DLIL_KIND_WORDS)) {
		NL_SET_ERR_MSG(extack,
			       "filters of this kind have no arguments in words");
		return -EINVAL;
	}
	if (req->program && !(kind->uses & DLIL_KIND_CONDITION)) {
		NL_SET_ERR_MSG(extack, "filters of this kind have no condition");
		return -EINVAL;
	}
	if (req->nest && !kind->maxattr) {
		NL_SET_ERR_MSG(extack, "filters of this kind have no attributes");
		return -EINVAL;
	}
	return 0;
}

/* Parse the attributes of a kind.  *@tb becomes an array to be freed, or NULL. */
static int parse_nest(const struct dlil_filter_kind *kind,
		      const struct dlil_filter_request *req, struct nlattr ***tb,
		      struct netlink_ext_ack *extack)
{
	int err;

	*tb = NULL;
	if (!req->nest)
		return 0;
	*tb = kcalloc(kind->maxattr + 1, sizeof(**tb), GFP_KERNEL);
	if (!*tb)
		return -ENOMEM;
	err = nla_parse(*tb, kind->maxattr, nla_data(req->nest),
			nla_len(req->nest), kind->policy, extack);
	if (err) {
		kfree(*tb);
		*tb = NULL;
	}
	return err;
}

/**
 * struct part - what a request of a step needs
 * @kind: the kind, its module pinned, or NULL
 * @params: the filter that the kind has created
 * @created: it has
 * @unused: reference of a filter whose kind does not want it
 */
struct part {
	const struct dlil_filter_kind *kind;
	struct dlil_filter_params params;
	bool created;
	dlil_filter_t unused;
};

/* Storage of a step. */
struct parts {
	struct part *part;
	struct dlil_filter_change *changes;
	bool *dropped;
};

static bool is_new(const struct dlil_filter_request *req)
{
	return req->change == DLIL_CHANGE_ADD ||
	       req->change == DLIL_CHANGE_REPLACE;
}

/* Create a filter.  Clears @args->cond once the filter owns it. */
static int create_filter(struct part *part, struct dlil_filter_change *change,
			 struct dlil_filter_args *args)
{
	const struct dlil_filter_kind *kind = part->kind;
	struct dlil_filter_params *params = &part->params;
	int err;

	change->ref = &part->unused;
	err = kind->create(args, params, &change->ref);
	if (err)
		return err < 0 ? dlil_errno(err) : -EINVAL;
	args->cond = NULL;
	part->created = true;
	/* Otherwise the code of the filter could be unloaded, or users not remove it. */
	if (WARN_ON_ONCE(!params->ops || params->ops->kind != kind ||
			 params->ops->owner != kind->owner))
		return -EINVAL;
	return 0;
}

static int create(struct dlil_ifnet *ifp, const struct dlil_filter_request *req,
		  struct part *part, struct dlil_filter_change *change,
		  struct netlink_ext_ack *extack)
{
	struct dlil_filter_args args = {
		.ifp = ifp,
		.name = req->name,
		.direction = req->direction,
		.action = req->action,
		.words = req->words,
		.extack = extack,
	};
	int err;

	err = check_uses(part->kind, req, extack);
	if (!err)
		err = parse_nest(part->kind, req, &args.tb, extack);
	if (err)
		return err;
	if (req->program) {
		args.cond = dlil_condition_new(req->program, req->n, req->expr,
					       ifp->ifindex, extack);
		err = PTR_ERR_OR_ZERO(args.cond);
	}
	if (!err) {
		err = create_filter(part, change, &args);
		dlil_condition_free(args.cond);
	}
	kfree(args.tb);
	part->params.name = req->name;
	part->params.lifetime = req->lifetime;
	part->params.place = req->place;
	part->params.beside = req->beside;
	return err;
}

/* Check what does not depend on the kind. */
static int check(const struct dlil_filter_request *req,
		 struct netlink_ext_ack *extack)
{
	if (req->change == DLIL_CHANGE_FLUSH)
		return 0;
	if (!req->name || !*req->name) {
		NL_SET_ERR_MSG(extack, "name of the filter is required");
		return -EINVAL;
	}
	if (!is_new(req))
		return 0;
	if (!req->direction ||
	    req->direction & ~(DLIL_DIRECTION_IN | DLIL_DIRECTION_OUT)) {
		NL_SET_ERR_MSG(extack, "direction must be in, out or both");
		return -EINVAL;
	}
	if (req->lifetime > INT_MAX) {
		NL_SET_ERR_MSG(extack,
			       "a filter can stay for 2147483647 ms at most, or without end");
		return -EINVAL;
	}
	return 0;
}

/*
 * Find the kinds of all new filters, and pin their modules.  Returns 1 if one must be
 * loaded, and the step may not wait for that.
 */
static int find_kinds(struct dlil_kind_step *step, struct part *parts,
		      struct netlink_ext_ack *extack)
{
	const struct dlil_filter_request *req;
	unsigned int i;
	int err;

	for (i = 0; i < step->n; i++) {
		req = &step->reqs[i];
		step->failed = i;
		err = check(req, extack);
		if (err)
			return err;
		if (!is_new(req))
			continue;
		parts[i].kind = step->may_wait ? get(req->kind) :
						 try_get(req->kind);
		if (!parts[i].kind && !step->may_wait)
			return 1;
		if (!parts[i].kind) {
			NL_SET_ERR_MSG(extack,
				       "unknown kind of filter: no module provides it; a match filter ends with drop, count or pass; quote an expression in front of a kind");
			return -EOPNOTSUPP;
		}
	}
	return 0;
}

/* Have the kinds create all new filters, and fill in the changes. */
static int create_all(struct dlil_kind_step *step, struct part *parts,
		      struct dlil_filter_change *changes,
		      struct netlink_ext_ack *extack)
{
	const struct dlil_filter_request *req;
	unsigned int i;
	int err = 0;

	for (i = 0; i < step->n && !err; i++) {
		req = &step->reqs[i];
		step->failed = i;
		changes[i] = (struct dlil_filter_change){ .change = req->change };
		if (is_new(req)) {
			changes[i].params = &parts[i].params;
			err = create(step->ifp, req, &parts[i], &changes[i],
				     extack);
		} else if (req->change != DLIL_CHANGE_FLUSH) {
			changes[i].name = req->name;
			changes[i].place = req->place;
			changes[i].beside = req->beside;
		}
		cond_resched();
	}
	return err;
}

static int update(struct dlil_kind_step *step, struct parts *parts,
		  struct netlink_ext_ack *extack)
{
	struct dlil_step s = {
		.ifp = step->ifp,
		.changes = parts->changes,
		.dropped = parts->dropped,
		.n = step->n,
		.revision = step->revision,
		.for_user = true,
	};
	int err;

	err = create_all(step, parts->part, parts->changes, extack);
	if (err)
		return err;
	err = dlil_filter_step(&s);
	step->failed = s.failed;
	if (err && s.why && extack)
		extack->_msg = s.why;
	return err;
}

/* Drop the references of a step.  Filters that were not attached are freed. */
static void put_parts(const struct dlil_kind_step *step, const struct parts *parts,
		      bool done)
{
	struct part *part;
	unsigned int i;

	for (i = 0; i < step->n; i++) {
		part = &parts->part[i];
		if (part->created && (!done || parts->dropped[i]))
			part->kind->destroy(part->params.cookie);
		if (part->kind)
			put(part->kind);
	}
}

/**
 * dlil_kind_update - change the filters of users in one step
 * @step: the step; on errors, @failed says which request is at fault
 * @extack: receives a message on errors
 *
 * Row FLT-13.  All requests are carried out, or none.
 *
 * Context: process; may sleep.
 * Return: 0; 1 if a kind must be loaded, and the step may not wait; -EINVAL,
 * -EOPNOTSUPP, -EEXIST, -ENOENT, -EPERM, -ESTALE, -ENOSPC, -ENXIO, -ENOMEM, or an error
 * of a kind.
 */
int dlil_kind_update(struct dlil_kind_step *step, struct netlink_ext_ack *extack)
{
	struct parts parts = {
		.part = kvcalloc(step->n, sizeof(*parts.part), GFP_KERNEL),
		.changes = kvcalloc(step->n, sizeof(*parts.changes), GFP_KERNEL),
		.dropped = kvcalloc(step->n, sizeof(*parts.dropped), GFP_KERNEL),
	};
	int err = -ENOMEM;

	step->failed = step->n;
	if (!parts.part || !parts.changes || !parts.dropped)
		goto free;
	err = find_kinds(step, parts.part, extack);
	if (err)
		goto put;
	/*
	 * The reference delays the final detach, so that the index cannot
	 * change.
	 */
	if (dlil_ifnet_io_begin(step->ifp)) {
		err = update(step, &parts, extack);
		dlil_ifnet_io_end(step->ifp);
	} else {
		NL_SET_ERR_MSG(extack, "device is being detached");
		step->failed = step->n;
		err = -ENXIO;
	}

put:
	put_parts(step, &parts, !err);
free:
	kvfree(parts.part);
	kvfree(parts.changes);
	kvfree(parts.dropped);
	return err;
}
EXPORT_SYMBOL_FOR_TEST(dlil_kind_update);

/**
 * struct change - a change of a filter
 * @ifp: ifnet
 * @req: the request
 * @revision: revision that the filters must have, or 0 for any
 * @event: event of the change; NULL once it is posted
 * @extack: receives a message on errors
 */
struct change {
	struct dlil_ifnet *ifp;
	const struct dlil_filter_request *req;
	u64 revision;
	struct dlil_event_item *event;
	struct netlink_ext_ack *extack;
};

/* Have the filters changed since the revision that the request expects? */
static bool is_stale(const struct change *c)
{
	if (!c->revision || c->revision == dlil_filter_revision(c->ifp))
		return false;
	NL_SET_ERR_MSG(c->extack,
		       "filters have changed since that revision: run filter show, and try again");
	return true;
}

/* Change the filter; under the ifnet's lock, so that the filter stays. */
static int change_filter(const struct dlil_filter *f, void *arg)
{
	const struct dlil_filter_kind *kind = f->ops->kind;
	struct change *c = arg;
	struct dlil_filter_args args = {
		.ifp = c->ifp,
		.name = c->req->name,
		.action = c->req->action,
		.words = c->req->words,
		.extack = c->extack,
	};
	int err;

	if (!kind) {
		NL_SET_ERR_MSG(c->extack,
			       "filter belongs to a module: change it there");
		return -EPERM;
	}
	if (!kind->change) {
		NL_SET_ERR_MSG(c->extack,
			       "filters of this kind cannot be changed: delete it, and add another one");
		return -EOPNOTSUPP;
	}
	if (c->req->kind && strcmp(c->req->kind, kind->name)) {
		NL_SET_ERR_MSG(c->extack, "filter is of another kind");
		return -EINVAL;
	}
	err = check_uses(kind, c->req, c->extack);
	if (!err)
		err = parse_nest(kind, c->req, &args.tb, c->extack);
	if (err)
		return err;
	if (is_stale(c))
		err = -ESTALE;
	if (!err) {
		err = kind->change(f->cookie, &args);
		err = err > 0 ? -EINVAL : dlil_errno(err);
	}
	if (!err) {
		dlil_filter_revise(c->ifp);
		dlil_ifnet_changed(c->ifp);
		dlil_event_queue(c->ifp, c->event);
		c->event = NULL;
	}
	kfree(args.tb);
	return err;
}

/**
 * dlil_kind_change - change a filter of a user in place
 * @ifp: ifnet
 * @req: the request
 * @revision: revision that the filters must have, or 0 for any
 * @extack: receives a message on errors
 *
 * Row FLT-16.  The filter keeps its place and its state.
 *
 * Context: process; may sleep.
 * Return: 0, -ENOENT, -EPERM, -EOPNOTSUPP, -EINVAL, -ESTALE, -ENOMEM, or an error of the
 * kind.
 */
int dlil_kind_change(struct dlil_ifnet *ifp,
		     const struct dlil_filter_request *req, u64 revision,
		     struct netlink_ext_ack *extack)
{
	struct change c = {
		.ifp = ifp,
		.req = req,
		.revision = revision,
		.extack = extack,
	};
	int err;

	/* The filter may be gone, which would not be the reason. */
	if (is_stale(&c))
		return -ESTALE;
	c.event = dlil_filter_event(DLIL_FILTER_EVENT_CHANGED, req->name);
	if (!c.event)
		return -ENOMEM;
	err = dlil_filter_with(ifp, req->name, change_filter, &c);
	if (err == -ENOENT)
		NL_SET_ERR_MSG(extack, "no filter of this name");
	kfree(c.event);
	return err;
}
EXPORT_SYMBOL_FOR_TEST(dlil_kind_change);

/**
 * dlil_kind_del - remove a filter of a user from an ifnet
 * @ifp: ifnet
 * @name: name of the filter
 * @extack: receives a message on errors
 *
 * Names of users' filters are unique.  The filter of a module may have the same
 * name; it is left alone.
 *
 * The filter sees no packet that arrives after the return.  Callbacks in flight
 * are not waited for (LNX-13): the event of the detach follows when they are
 * over.
 *
 * Context: process; may sleep.
 * Return: 0, -ENOENT or -EPERM.
 */
int dlil_kind_del(struct dlil_ifnet *ifp, const char *name,
		  struct netlink_ext_ack *extack)
{
	bool users = true;
	dlil_filter_t ref;

	ref = dlil_filter_find(ifp, name, &users);
	if (!users) {
		NL_SET_ERR_MSG(extack,
			       "filter belongs to a module: detach it there");
		return -EPERM;
	}
	/*
	 * Detach by reference.  If another task was faster, the reference is
	 * stale and the detach fails, even if a new filter has the same name by
	 * now.
	 */
	if (!ref || dlil_filter_detach_async(ref)) {
		NL_SET_ERR_MSG(extack, "no filter of this name");
		return -ENOENT;
	}
	return 0;
}
EXPORT_SYMBOL_FOR_TEST(dlil_kind_del);
