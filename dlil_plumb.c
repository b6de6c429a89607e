// SPDX-License-Identifier: GPL-2.0
/*
 * Plumbers: one module registers how a protocol is attached, and others, or
 * users, request it for an ifnet (PRO-5).
 *
 * plumb_lock guards the plumbers and everything that is plumbed on any ifnet.
 * It is never held around a callback, or while RTNL is taken.  While a callback
 * of a plumber runs, its struct dlil_plumbing is busy; tasks that want the same
 * family on the same ifnet wait until the callback has returned.
 *
 * Plumb and unplumb hold an I/O reference.  So the final detach, which unplumbs
 * what is left, finds no call in flight, and no later one can start.
 */
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "dlil_call.h"
#include "dlil_ifnet.h"
#include "dlil_proto.h"

/**
 * struct plumber - a registered plumber
 * @list: entry in the list of all plumbers
 * @family: protocol family
 * @kind: interface family
 * @params: arguments of the registration; the name is replaced by @name
 * @name: name of the plumber
 * @users: number of plumbings by it, including those in progress
 */
struct plumber {
	struct list_head list;
	u32 family;
	enum dlil_ifnet_family kind;
	struct dlil_plumber_params params;
	char name[DLIL_NAME_MAX];
	unsigned int users;
};

/**
 * struct dlil_plumbing - a family that is plumbed on an ifnet, or being plumbed
 * @list: entry in the list of the ifnet
 * @plumber: the plumber; counted in its @users, and its module is pinned
 * @count: number of times that modules have plumbed it
 * @by_user: users have plumbed it, which they can do once
 * @busy: a callback for it is in flight
 */
struct dlil_plumbing {
	struct list_head list;
	struct plumber *plumber;
	unsigned int count;
	bool by_user;
	bool busy;
};

/* Guards the list, and everything that is plumbed on any ifnet. */
static DEFINE_MUTEX(plumb_lock);
static LIST_HEAD(plumbers);

/*
 * Number of callbacks that have returned, and the queue of tasks that wait for
 * one.
 */
static unsigned int n_returned;
static DECLARE_WAIT_QUEUE_HEAD(returned);

static struct plumber *find_plumber(enum dlil_ifnet_family kind, u32 family)
{
	struct plumber *p;

	lockdep_assert_held(&plumb_lock);

	list_for_each_entry(p, &plumbers, list)
		if (p->kind == kind && p->family == family)
			return p;
	return NULL;
}

static struct plumber *find_name(enum dlil_ifnet_family kind, const char *name)
{
	struct plumber *p;

	lockdep_assert_held(&plumb_lock);

	list_for_each_entry(p, &plumbers, list)
		if (p->kind == kind && !strcmp(p->name, name))
			return p;
	return NULL;
}

/**
 * dlil_proto_register_plumber - register how to attach a protocol
 * @family: family of the protocol, not 0
 * @kind: interface family of the ifnets
 * @params: the plumber; copied, so only its callbacks must stay valid
 *
 * Row PRO-5.
 *
 * Context: process; may sleep.
 * Return: 0; -EINVAL for bad arguments; -EEXIST if there is a plumber for
 * @family and @kind, or one with this name for @kind; -ENAMETOOLONG; -ENOMEM.
 */
int dlil_proto_register_plumber(u32 family, enum dlil_ifnet_family kind,
				const struct dlil_plumber_params *params)
{
	struct plumber *p;
	int err = 0;

	if (!family || !params || !params->attach || !params->detach ||
	    !params->name || !*params->name ||
	    params->flags & ~DLIL_PLUMBER_PROMPT)
		return -EINVAL;
	if (strlen(params->name) >= DLIL_NAME_MAX)
		return -ENAMETOOLONG;
	p = kzalloc(sizeof(*p), GFP_KERNEL);
	if (!p)
		return -ENOMEM;
	p->family = family;
	p->kind = kind;
	p->params = *params;
	strscpy(p->name, params->name, sizeof(p->name));
	mutex_lock(&plumb_lock);
	if (find_plumber(kind, family) || find_name(kind, params->name))
		err = -EEXIST;
	else
		list_add_tail(&p->list, &plumbers);
	mutex_unlock(&plumb_lock);
	if (err)
		kfree(p);
	return err;
}
EXPORT_SYMBOL_GPL(dlil_proto_register_plumber);

/**
 * dlil_proto_unregister_plumber - remove a plumber
 * @family: family of its registration
 * @kind: interface family of its registration
 *
 * Row PRO-5.  Plumbings by a plumber with an owner pin that module, so its exit
 * function can rely on a result of 0.
 *
 * Context: process; may sleep, waits for no callback.
 * Return: 0: no callback of it is in flight, or will be called; -ENXIO if there
 * is no such plumber; -EBUSY while something is plumbed by it, or being
 * plumbed.
 */
int dlil_proto_unregister_plumber(u32 family, enum dlil_ifnet_family kind)
{
	struct plumber *p;
	int err = 0;

	mutex_lock(&plumb_lock);
	p = find_plumber(kind, family);
	if (!p)
		err = -ENXIO;
	else if (p->users)
		err = -EBUSY;
	else
		list_del(&p->list);
	mutex_unlock(&plumb_lock);
	if (!err)
		kfree(p);
	return err;
}
EXPORT_SYMBOL_GPL(dlil_proto_unregister_plumber);

static struct dlil_plumbing *find_plumbing(struct dlil_ifnet *ifp, u32 family)
{
	struct dlil_plumbing *pl;

	lockdep_assert_held(&plumb_lock);

	list_for_each_entry(pl, &ifp->plumbed, list)
		if (pl->plumber->family == family)
			return pl;
	return NULL;
}

/* Wait without plumb_lock until a callback has returned. */
static int wait_returned(void)
{
	unsigned int n = n_returned;
	int err;

	lockdep_assert_held(&plumb_lock);

	mutex_unlock(&plumb_lock);
	err = wait_event_killable(returned, READ_ONCE(n_returned) != n);
	mutex_lock(&plumb_lock);
	return err;
}

/*
 * Find the plumbing of @family, and wait for a callback for it; or NULL.  A task
 * inside a callback does not wait: the callback in flight may be its own, or may
 * wait for it.
 */
static struct dlil_plumbing *find_idle(struct dlil_ifnet *ifp, u32 family)
{
	struct dlil_plumbing *pl;
	int err;

	while ((pl = find_plumbing(ifp, family)) && pl->busy) {
		if (dlil_in_callback())
			return ERR_PTR(-EDEADLK);
		err = wait_returned();
		if (err)
			return ERR_PTR(err);
	}
	return pl;
}

/*
 * Call a callback.  The task counts as inside a callback, so that a detach does
 * not wait.
 */
static int call(struct dlil_ifnet *ifp, struct plumber *p, bool attach)
{
	struct dlil_call call;
	int err;

	dlil_call_begin(&call, ifp);
	dlil_call_enter(&call, DLIL_PARTY_PLUMBER,
			attach ? DLIL_CALLBACK_ATTACH : DLIL_CALLBACK_DETACH,
			p->name);
	if (attach)
		err = p->params.attach(ifp, p->family);
	else
		err = p->params.detach(ifp, p->family);
	dlil_call_end(&call);
	return dlil_errno(err);
}

/* Call a callback for @pl, without plumb_lock. */
static int call_unlocked(struct dlil_ifnet *ifp, struct dlil_plumbing *pl,
			 bool attach)
{
	int err;

	lockdep_assert_held(&plumb_lock);

	pl->busy = true;
	mutex_unlock(&plumb_lock);
	err = call(ifp, pl->plumber, attach);
	mutex_lock(&plumb_lock);
	pl->busy = false;
	WRITE_ONCE(n_returned, n_returned + 1);
	wake_up_all(&returned);
	return err;
}

/* Free a plumbing that has ended. */
static void forget(struct dlil_plumbing *pl)
{
	struct plumber *p = pl->plumber;

	lockdep_assert_held(&plumb_lock);

	list_del(&pl->list);
	kfree(pl);
	p->users--;
	module_put(p->params.owner);
}

/* Plumb a family of which there is no plumbing.  Returns it, or an error pointer. */
static struct dlil_plumbing *plumb_first(struct dlil_ifnet *ifp, u32 family)
{
	struct plumber *p = find_plumber(ifp->kind, family);
	struct dlil_plumbing *pl;
	int err;

	lockdep_assert_held(&plumb_lock);

	if (!p)
		return ERR_PTR(-ENXIO);
	pl = kzalloc(sizeof(*pl), GFP_KERNEL);
	if (!pl)
		return ERR_PTR(-ENOMEM);
	if (!try_module_get(p->params.owner)) {
		kfree(pl);
		return ERR_PTR(-ENXIO);
	}
	p->users++;
	pl->plumber = p;
	list_add_tail(&pl->list, &ifp->plumbed);
	err = call_unlocked(ifp, pl, true);
	if (!err)
		return pl;
	forget(pl);
	/* Users take -EEXIST to mean that they have plumbed the family already. */
	return ERR_PTR(err == -EEXIST ? -EADDRINUSE : err);
}

/* Plumb: each request of a module counts; users together count once. */
static int plumb(struct dlil_ifnet *ifp, u32 family, bool by_user)
{
	struct dlil_plumbing *pl;
	int err = 0;

	mutex_lock(&plumb_lock);
	pl = find_idle(ifp, family) ?: plumb_first(ifp, family);
	if (IS_ERR(pl))
		err = PTR_ERR(pl);
	else if (!by_user)
		pl->count++;
	else if (pl->by_user)
		err = -EEXIST;
	else
		pl->by_user = true;
	mutex_unlock(&plumb_lock);
	if (!err)
		dlil_ifnet_changed(ifp);
	return err;
}

/* Undo the plumbing of a module, or that of users. */
static int unplumb(struct dlil_ifnet *ifp, u32 family, bool by_user)
{
	struct dlil_plumbing *pl;
	int err = 0;

	mutex_lock(&plumb_lock);
	pl = find_idle(ifp, family);
	if (IS_ERR(pl)) {
		err = PTR_ERR(pl);
	} else if (!pl || (!by_user && !pl->count)) {
		err = -ENXIO;
	} else if (by_user && pl->count) {
		err = -EBUSY;
	} else {
		/* Cleared before the callback, which may query it. */
		if (by_user)
			pl->by_user = false;
		else
			pl->count--;
		if (!pl->count && !pl->by_user) {
			err = call_unlocked(ifp, pl, false);
			forget(pl);
		}
		dlil_ifnet_changed(ifp);
	}
	mutex_unlock(&plumb_lock);
	return err;
}

static bool is_known(enum dlil_ifnet_family kind, u32 family)
{
	bool known;

	mutex_lock(&plumb_lock);
	known = find_plumber(kind, family);
	mutex_unlock(&plumb_lock);
	return known;
}

/**
 * dlil_proto_plumb - attach a protocol to an ifnet by its plumber
 * @ifp: ifnet
 * @family: family of the protocol
 *
 * Row PRO-5.  The first call for an ifnet calls the plumber's `attach`, further
 * ones only count; each needs a dlil_proto_unplumb().  If there is no plumber,
 * loads the module with the alias ``dlil-proto-FAMILY``, a decimal number.
 *
 * Context: process; may sleep.  Allowed in callbacks that may sleep.  RTNL may
 * be held only if the plumber is registered and its callbacks do not take RTNL.
 * Return: 0; -EINVAL for bad arguments; -ENXIO if the ifnet is not attached, or
 * there is no plumber; -EDEADLK in output callbacks, and in other callbacks while
 * a plumber is called for the same family; -ENOMEM; -ERESTARTSYS if the caller was
 * killed while another task plumbed; -EADDRINUSE if a protocol of the family, or
 * one with its frame types, is attached already; or another error of `attach`.
 */
int dlil_proto_plumb(struct dlil_ifnet *ifp, u32 family)
{
	int err;

	if (!ifp || !family)
		return -EINVAL;
	if (dlil_output_is_current())
		return -EDEADLK;
	/* Without a reference to the ifnet, because loading may take long. */
	if (dlil_ifnet_is_attached(ifp) && !is_known(ifp->kind, family))
		request_module("dlil-proto-%u", family);
	if (!dlil_ifnet_io_begin(ifp))
		return -ENXIO;
	err = plumb(ifp, family, false);
	dlil_ifnet_io_end(ifp);
	return err;
}
EXPORT_SYMBOL_GPL(dlil_proto_plumb);

/**
 * dlil_proto_unplumb - undo a dlil_proto_plumb()
 * @ifp: ifnet
 * @family: family of the protocol
 *
 * Row PRO-5.  The last call for an ifnet calls the plumber's `detach`.  When
 * that has returned, nothing is plumbed any more, whatever its result.
 * Plumbing by users is not affected.
 *
 * Context: process; may sleep, waits for no callback except the plumber's.
 * Allowed in callbacks that may sleep.
 * Return: 0; -EINVAL for bad arguments; -ENXIO if the ifnet is not attached,
 * which unplumbs everything, or if no module has plumbed the family; -EDEADLK
 * and -ERESTARTSYS as dlil_proto_plumb(); or an error of `detach`.
 */
int dlil_proto_unplumb(struct dlil_ifnet *ifp, u32 family)
{
	int err;

	if (!ifp || !family)
		return -EINVAL;
	if (dlil_output_is_current())
		return -EDEADLK;
	if (!dlil_ifnet_io_begin(ifp))
		return -ENXIO;
	err = unplumb(ifp, family, false);
	dlil_ifnet_io_end(ifp);
	return err;
}
EXPORT_SYMBOL_GPL(dlil_proto_unplumb);

/*
 * Get the family that @name stands for on @ifp, or 0, and whether its plumber
 * is prompt.
 */
static u32 family_of(const struct dlil_ifnet *ifp, const char *name,
		     bool *prompt)
{
	struct plumber *p;
	u32 family = 0;

	mutex_lock(&plumb_lock);
	p = find_name(ifp->kind, name);
	if (p) {
		family = p->family;
		*prompt = p->params.flags & DLIL_PLUMBER_PROMPT;
	}
	mutex_unlock(&plumb_lock);
	return family;
}

static const char *sentence(int err, bool up)
{
	switch (err) {
	case 0:
	case 1:
		return NULL;
	case -EPROTONOSUPPORT:
		return "unknown protocol: `dlilctl proto show` lists those that can be plumbed";
	case -EEXIST:
		return "protocol is already plumbed";
	case -EADDRINUSE:
		return "another protocol already uses this family or a frame type of it";
	case -EBUSY:
		return "a module uses the protocol: unload the module first";
	case -ENXIO:
		return up ? "device is being detached" :
			    "protocol is not plumbed";
	default:
		return up ? "protocol could not be plumbed" :
			    "protocol could not be unplumbed";
	}
}

/*
 * Plumb or unplumb for users: by name, and once.  Unless @may_wait, returns 1
 * without doing anything if the plumber must be loaded, or is not prompt.  Sets
 * @why to a message for the user after an error, else to NULL.  The caller has an
 * I/O reference; may sleep.
 */
int dlil_plumb_for_user(struct dlil_ifnet *ifp, const char *name, bool up,
			bool may_wait, const char **why)
{
	bool prompt = false;
	u32 family = family_of(ifp, name, &prompt);
	int err;

	if (!family && may_wait && up) {
		request_module("dlil-proto-%s", name);
		family = family_of(ifp, name, &prompt);
	}
	if (!may_wait && (family ? !prompt : up))
		err = 1;
	else if (!family)
		err = -EPROTONOSUPPORT;
	else
		err = up ? plumb(ifp, family, true) :
			   unplumb(ifp, family, true);
	*why = sentence(err, up);
	return err;
}
EXPORT_SYMBOL_FOR_TEST(dlil_plumb_for_user);

/*
 * Call @fn for each protocol that can be plumbed on @ifp, until it returns
 * non-zero.
 */
int dlil_plumb_for_each(struct dlil_ifnet *ifp,
			int (*fn)(const char *name, u32 family,
				  unsigned int count, void *arg),
			void *arg)
{
	struct dlil_plumbing *pl;
	struct plumber *p;
	int err = 0;

	mutex_lock(&plumb_lock);
	list_for_each_entry(p, &plumbers, list) {
		if (p->kind != ifp->kind)
			continue;
		pl = find_plumbing(ifp, p->family);
		err = fn(p->name, p->family,
			 pl ? pl->count + pl->by_user : 0, arg);
		if (err)
			break;
	}
	mutex_unlock(&plumb_lock);
	return err;
}
EXPORT_SYMBOL_FOR_TEST(dlil_plumb_for_each);

/*
 * Unplumb everything in the final detach (IFN-5), when no I/O reference is
 * left.  Calls each plumber once, whatever its result and its count; protocols
 * that it leaves are detached afterwards.
 */
void dlil_plumb_end(struct dlil_ifnet *ifp)
{
	struct dlil_plumbing *pl;

	mutex_lock(&plumb_lock);
	while ((pl = list_first_entry_or_null(&ifp->plumbed,
					      struct dlil_plumbing, list))) {
		pl->count = 0;
		pl->by_user = false;
		call_unlocked(ifp, pl, false);
		forget(pl);
	}
	mutex_unlock(&plumb_lock);
}
