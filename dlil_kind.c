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

/* Serialises adding, so that names of users' filters are unique. */
static DEFINE_MUTEX(add_lock);

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

static bool is_any(const struct dlil_filter_ops *ops)
{
	return true;
}

static bool is_users(const struct dlil_filter_ops *ops)
{
	return ops->kind;
}

static int count_users(const struct dlil_filter *f, void *arg)
{
	*(unsigned int *)arg += is_users(f->ops);
	return 0;
}

static int check_room(struct dlil_ifnet *ifp, const char *name,
		      struct netlink_ext_ack *extack)
{
	unsigned int n = 0;

	if (dlil_filter_find(ifp, name, is_any)) {
		NL_SET_ERR_MSG(extack, "a filter of this name exists");
		return -EEXIST;
	}
	dlil_filter_for_each(ifp, count_users, &n);
	if (n >= DLIL_GENL_MAXFILTERS) {
		NL_SET_ERR_MSG(extack, "too many filters: users can add 256 at most");
		return -ENOSPC;
	}
	return 0;
}

static int attach(struct dlil_ifnet *ifp, const struct dlil_filter_params *params,
		  dlil_filter_t *ref, struct netlink_ext_ack *extack)
{
	int err;

	mutex_lock(&add_lock);
	err = check_room(ifp, params->name, extack);
	if (!err) {
		err = dlil_filter_attach(ifp, params, ref);
		/* A detach may begin despite the I/O reference. */
		if (err == -ENXIO)
			NL_SET_ERR_MSG(extack, "device is being detached");
	}
	mutex_unlock(&add_lock);
	return err;
}

/* Create a filter, and attach it.  Clears @args->cond if that is not the caller's. */
static int create(const struct dlil_filter_kind *kind,
		  struct dlil_filter_args *args, u32 lifetime)
{
	struct dlil_filter_params params = {};
	dlil_filter_t unused, *ref = &unused;
	int err;

	err = kind->create(args, &params, &ref);
	if (err)
		return err < 0 ? dlil_errno(err) : -EINVAL;
	args->cond = NULL;
	/* Otherwise the code of the filter could be unloaded, or users not remove it. */
	if (WARN_ON_ONCE(!params.ops || params.ops->kind != kind ||
			 params.ops->owner != kind->owner)) {
		kind->destroy(params.cookie);
		return -EINVAL;
	}
	params.name = args->name;
	params.lifetime = lifetime;
	err = attach(args->ifp, &params, ref, args->extack);
	if (err)
		kind->destroy(params.cookie);
	return err;
}

static int add(struct dlil_ifnet *ifp, const struct dlil_filter_kind *kind,
	       const struct dlil_filter_request *req,
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

	err = check_uses(kind, req, extack);
	if (!err)
		err = parse_nest(kind, req, &args.tb, extack);
	if (err)
		return err;
	if (req->program) {
		args.cond = dlil_condition_new(req->program, req->n, req->expr,
					       ifp->ifindex, extack);
		err = PTR_ERR_OR_ZERO(args.cond);
	}
	if (!err) {
		err = create(kind, &args, req->lifetime);
		dlil_condition_free(args.cond);
	}
	kfree(args.tb);
	return err;
}

/**
 * dlil_kind_add - add a filter of a user to those of an ifnet
 * @ifp: ifnet
 * @req: the request
 * @may_wait: the caller holds no lock, and may wait until a module is loaded; not
 *	so in a generic netlink request, during which no family can be registered
 * @extack: receives a message on errors
 *
 * Row FLT-16.
 *
 * Context: process; may sleep.
 * Return: 0; 1 if the kind must be loaded, and @may_wait is not set; -EINVAL,
 * -EOPNOTSUPP, -EEXIST, -ENOSPC, -ENXIO, -ENOMEM, or an error of the kind.
 */
int dlil_kind_add(struct dlil_ifnet *ifp, const struct dlil_filter_request *req,
		  bool may_wait, struct netlink_ext_ack *extack)
{
	const struct dlil_filter_kind *kind;
	int err;

	if (!req->direction ||
	    req->direction & ~(DLIL_DIRECTION_IN | DLIL_DIRECTION_OUT)) {
		NL_SET_ERR_MSG(extack, "direction must be in, out or both");
		return -EINVAL;
	}
	if (!*req->name) {
		NL_SET_ERR_MSG(extack, "name of the filter is required");
		return -EINVAL;
	}
	if (req->lifetime > INT_MAX) {
		NL_SET_ERR_MSG(extack,
			       "a filter can stay for 2147483647 ms at most, or without end");
		return -EINVAL;
	}
	kind = may_wait ? get(req->kind) : try_get(req->kind);
	if (!kind && !may_wait)
		return 1;
	if (!kind) {
		NL_SET_ERR_MSG(extack,
			       "unknown kind of filter: no module provides it; a match filter ends with drop, count or pass");
		return -EOPNOTSUPP;
	}
	/*
	 * The reference delays the final detach, so that the index cannot
	 * change.
	 */
	if (dlil_ifnet_io_begin(ifp)) {
		err = add(ifp, kind, req, extack);
		dlil_ifnet_io_end(ifp);
	} else {
		NL_SET_ERR_MSG(extack, "device is being detached");
		err = -ENXIO;
	}
	put(kind);
	return err;
}
EXPORT_SYMBOL_FOR_TEST(dlil_kind_add);

/**
 * struct change - a change of a filter
 * @ifp: ifnet
 * @req: the request
 * @extack: receives a message on errors
 */
struct change {
	struct dlil_ifnet *ifp;
	const struct dlil_filter_request *req;
	struct netlink_ext_ack *extack;
};

/* Change the filter; under the ifnet's lock, so that the filter stays. */
static int change_filter(const struct dlil_filter *f, void *arg)
{
	const struct dlil_filter_kind *kind = f->ops->kind;
	const struct change *c = arg;
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
	err = kind->change(f->cookie, &args);
	kfree(args.tb);
	return err > 0 ? -EINVAL : dlil_errno(err);
}

/**
 * dlil_kind_change - change a filter of a user in place
 * @ifp: ifnet
 * @req: the request
 * @extack: receives a message on errors
 *
 * Row FLT-16.  The filter keeps its place and its state.
 *
 * Context: process; may sleep.
 * Return: 0, -ENOENT, -EPERM, -EOPNOTSUPP, -EINVAL, -ENOMEM, or an error of the
 * kind.
 */
int dlil_kind_change(struct dlil_ifnet *ifp,
		     const struct dlil_filter_request *req,
		     struct netlink_ext_ack *extack)
{
	struct change c = { .ifp = ifp, .req = req, .extack = extack };
	int err;

	err = dlil_filter_with(ifp, req->name, change_filter, &c);
	if (err == -ENOENT)
		NL_SET_ERR_MSG(extack, "no filter of this name");
	if (!err)
		dlil_ifnet_changed(ifp);
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
	dlil_filter_t ref;

	ref = dlil_filter_find(ifp, name, is_users);
	if (!ref && dlil_filter_find(ifp, name, is_any)) {
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
