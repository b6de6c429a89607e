// SPDX-License-Identifier: GPL-2.0
/*
 * The life of an ifnet: acquired, attached, detaching, and acquired again.
 * This file is above all parts of an ifnet, and calls them in order:
 *
 *	new, free	dlil_ifnet_blank(), ifnet_free()
 *	attach		ifnet_attach(), then ifnet_list()
 *	detach		ifnet_unlist(), then dlil_ifnet_detach()
 *	final detach	final_run(), then final_end()
 *
 * attach_lock serialises attaches, so that nobody sees an incomplete one.  The input
 * thread is created before, without a lock, see dlil_thread.c.
 *
 * A detach changes the state, removes the ifnet from the list of attached ones
 * and kills its I/O references, all without waiting.  Afterwards, these may
 * still use it:
 *  - producers of input, output and look-ups, inside RCU read sections that
 *    have seen it attached;
 *  - holders of an I/O reference: the input thread in a batch;
 *  - the input thread in a batch of a loopback ifnet, which has no I/O
 *    reference;
 *  - attaches and detaches of filters and protocols, which check the state
 *    under ifp->lock, and the work that ends them;
 *  - holders of a life-time reference, who can only query it.
 *
 * The final detach begins when the first three are over.  The last I/O
 * reference starts a grace period (percpu_ref has none), and after that a
 * leaver waits for the batch.  The work that ends filters and protocols does
 * the final detach, in steps: it waits for no callback of a filter or protocol,
 * but continues when the last one has ended.  Nobody waits for it except
 * callers that ask to.
 */

#include <linux/device.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "dlil_call.h"
#include "dlil_filter.h"
#include "dlil_ifnet.h"
#include "dlil_inspect.h"
#include "dlil_party.h"
#include "dlil_proto.h"
#include "dlil_retire.h"
#include "dlil_route.h"
#include "dlil_stats.h"

#include <trace/events/dlil.h>

/* Number of released ifnets that are kept for reuse (IFN-2). */
#define IFNET_POOL_MAX 64

static DEFINE_MUTEX(attach_lock);

/* Unused ifnets, least recently released first. */
static LIST_HEAD(released_ifnets);
static unsigned int n_released;

static struct kmem_cache *ifnet_cache;

/* Number of attached or detaching ifnets; unloading the module waits for 0. */
static atomic_t n_live = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(all_dead);

/*
 * No-op operations, which replace those of a driver after its ifnet's end
 * (IFN-6).
 */
static int inert_output(struct dlil_ifnet *ifp, struct sk_buff *skb)
{
	kfree_skb(skb);
	return 0;
}

static int inert_demux(struct dlil_ifnet *ifp, struct sk_buff *skb,
		       u32 *family)
{
	kfree_skb(skb);
	return DLIL_STOLEN;
}

static int inert_framer(struct dlil_ifnet *ifp, struct sk_buff **skb,
			const struct dlil_frame *frame)
{
	kfree_skb(*skb);
	*skb = NULL;
	return DLIL_STOLEN;
}

static int inert_add_proto(struct dlil_ifnet *ifp, u32 family,
			   const struct dlil_demux_desc *descs, unsigned int n)
{
	return -EINVAL;
}

static int inert_del_proto(struct dlil_ifnet *ifp, u32 family)
{
	return -EINVAL;
}

static void inert_event(struct dlil_ifnet *ifp, const struct dlil_event *event)
{
}

static int inert_ioctl(struct dlil_ifnet *ifp, u32 code, void *arg)
{
	return -EOPNOTSUPP;
}

static int inert_set_tap(struct dlil_ifnet *ifp, u32 mode,
			 const struct dlil_tap *tap)
{
	return 0;
}

static int inert_check_multi(struct dlil_ifnet *ifp,
			     const struct sockaddr *addr)
{
	return -EOPNOTSUPP;
}

static const struct dlil_driver_ops inert_driver = {
	.output = inert_output,
	.event = inert_event,
	.ioctl = inert_ioctl,
	.set_tap = inert_set_tap,
};

static const struct dlil_family_ops inert_family = {
	.demux = inert_demux,
	.framer = inert_framer,
	.add_proto = inert_add_proto,
	.del_proto = inert_del_proto,
	.check_multi = inert_check_multi,
};

static void ifnet_free(struct dlil_ifnet *ifp)
{
	/*
	 * The event work that held the last reference may have been queued
	 * again while it ran, for an event that it has delivered already.
	 */
	dlil_event_flush(ifp);
	dlil_filter_free_vecs(ifp);
	percpu_ref_exit(&ifp->io);
	free_percpu(ifp->stats);
	dlil_class_free(ifp);
	dlil_multi_free(ifp);
	dlil_lladdr_free(ifp);
	dlil_debug_free(ifp);
	dlil_lane_put(ifp->lane);
	kmem_cache_free(ifnet_cache, ifp);
}

static void ifnet_free_work(struct work_struct *work)
{
	ifnet_free(container_of(work, struct dlil_ifnet, free_work));
}

/* Record a completed step of the final detach, and queue the work for the next. */
static void final_step(struct dlil_ifnet *ifp, enum dlil_final final)
{
	/*
	 * The work may be queued already, for an ending.  Then it may see the
	 * step at once, and finish the ifnet before it is queued here.
	 */
	dlil_ifnet_get(ifp);
	/* Pairs with the acquire in ifnet_end_work(). */
	smp_store_release(&ifp->final, final);
	dlil_ifnet_queue_work(ifp, &ifp->end_work);
	dlil_ifnet_put(ifp);
}

static void ifnet_left(struct dlil_leaver *leaver)
{
	final_step(container_of(leaver, struct dlil_ifnet, final_leaver),
		   DLIL_FINAL_BEGIN);
}

static void ifnet_gone_rcu(struct rcu_head *head)
{
	struct dlil_ifnet *ifp = container_of(head, struct dlil_ifnet,
					      final_rcu);

	/* A batch in flight belongs to loopback, which takes no I/O reference. */
	dlil_reader_after(&ifp->inq.reader, &ifp->final_leaver, ifnet_left);
}

/* The last I/O reference is gone, and no new one can be taken.  Any context. */
static void ifnet_io_gone(struct percpu_ref *ref)
{
	struct dlil_ifnet *ifp = container_of(ref, struct dlil_ifnet, io);

	call_rcu(&ifp->final_rcu, ifnet_gone_rcu);
}

static void ifnet_end_work(struct work_struct *work);

/*
 * Create an ifnet that has no id yet, with one reference, for
 * dlil_ifnet_acquire_with().  Returns NULL without memory.  May sleep.
 */
struct dlil_ifnet *dlil_ifnet_blank(void)
{
	struct dlil_ifnet *ifp;

	ifp = kmem_cache_zalloc(ifnet_cache, GFP_KERNEL);
	if (!ifp)
		return NULL;
	ifp->stats = netdev_alloc_pcpu_stats(struct dlil_pcpu_stats);
	if (!ifp->stats)
		goto free;
	if (percpu_ref_init(&ifp->io, ifnet_io_gone,
			    PERCPU_REF_INIT_DEAD | PERCPU_REF_ALLOW_REINIT,
			    GFP_KERNEL))
		goto free_stats;
	if (dlil_class_prepare(ifp))
		goto exit_ref;
	ifp->lane = dlil_lane_get();
	if (!ifp->lane)
		goto free_classes;

	ifp->driver = &inert_driver;
	ifp->family = &inert_family;
	mutex_init(&ifp->lock);
	spin_lock_init(&ifp->filter_lock);
	raw_spin_lock_init(&ifp->shared.lock);
	seqlock_init(&ifp->own_seq);
	INIT_LIST_HEAD(&ifp->filter_list);
	INIT_LIST_HEAD(&ifp->filter_order);
	INIT_LIST_HEAD(&ifp->filters_old);
	INIT_LIST_HEAD(&ifp->proto_list);
	INIT_LIST_HEAD(&ifp->plumbed);
	INIT_LIST_HEAD(&ifp->attached);
	INIT_LIST_HEAD(&ifp->released);
	dlil_lladdr_init(ifp);
	dlil_multi_init(ifp);
	dlil_route_init(ifp);
	init_waitqueue_head(&ifp->detached);
	init_llist_head(&ifp->endings);
	dlil_reader_init(&ifp->inq.reader);
	INIT_WORK(&ifp->end_work, ifnet_end_work);
	INIT_WORK(&ifp->free_work, ifnet_free_work);
	dlil_event_init(ifp, dlil_notify_work);
	refcount_set(&ifp->refs, 1);
	return ifp;

free_classes:
	dlil_class_free(ifp);
exit_ref:
	percpu_ref_exit(&ifp->io);
free_stats:
	free_percpu(ifp->stats);
free:
	kmem_cache_free(ifnet_cache, ifp);
	return NULL;
}

/* Find the ifnet that has the id, or give the id to *@blank.  -ENOMEM without either. */
static int acquire(enum dlil_ifnet_family family, const void *id, size_t len,
		   struct dlil_ifnet **blank, struct dlil_ifnet **out)
{
	struct dlil_ifnet *ifp;

	lockdep_assert_held(&dlil_ifnets_lock);

	ifp = dlil_ifnet_find_known(family, id, len);
	if (ifp && ifp->in_use)
		return -EBUSY;
	if (ifp) {
		list_del_init(&ifp->released);
		n_released--;
		ifp->reused = true;
	} else {
		ifp = *blank;
		if (!ifp || dlil_class_init(ifp))
			return -ENOMEM;
		*blank = NULL;
		dlil_inspect_init(ifp);
		dlil_debug_init(ifp);
		ifp->kind = family;
		ifp->id_len = len;
		if (len)
			memcpy(ifp->id, id, len);
		dlil_ifnet_know(ifp);
	}
	ifp->in_use = true;
	*out = ifp;
	return 0;
}

/*
 * Same as dlil_ifnet_acquire(), but allocates no ifnet: if there is none with the id,
 * *@blank from dlil_ifnet_blank() gets it, and is set to NULL.
 */
int dlil_ifnet_acquire_with(enum dlil_ifnet_family family, const void *id,
			    size_t len, struct dlil_ifnet **blank,
			    struct dlil_ifnet **out)
{
	int err;

	if (!out || len > DLIL_ID_MAX || (len && !id))
		return -EINVAL;
	mutex_lock(&dlil_ifnets_lock);
	err = acquire(family, id, len, blank, out);
	mutex_unlock(&dlil_ifnets_lock);
	return err;
}

/**
 * dlil_ifnet_acquire - get an ifnet
 * @family: interface family
 * @id: unique id within the family
 * @len: length of @id in bytes, at most DLIL_ID_MAX, 0 for none
 * @out: set to the ifnet
 *
 * Row IFN-1.  Returns an ifnet that was released before if it has the same id.
 *
 * Context: process; may sleep.
 * Return: 0; -EINVAL for bad arguments; -EBUSY if the ifnet with this id is in
 * use; -ENOMEM.
 */
int dlil_ifnet_acquire(enum dlil_ifnet_family family, const void *id,
		       size_t len, struct dlil_ifnet **out)
{
	struct dlil_ifnet *blank = NULL;
	int err;

	err = dlil_ifnet_acquire_with(family, id, len, &blank, out);
	if (err != -ENOMEM)
		return err;
	/* Without a lock, because this may take long. */
	blank = dlil_ifnet_blank();
	if (!blank)
		return -ENOMEM;
	err = dlil_ifnet_acquire_with(family, id, len, &blank, out);
	if (blank)
		dlil_ifnet_put(blank);
	return err;
}
EXPORT_SYMBOL_GPL(dlil_ifnet_acquire);

/**
 * dlil_ifnet_going - find the detaching ifnet that makes an id busy
 * @family: interface family
 * @id: unique id
 * @len: length of @id
 *
 * For callers that get -EBUSY from dlil_ifnet_acquire(): they can wait for the
 * ifnet by dlil_ifnet_wait_detached(), and try again.
 *
 * Context: process; may sleep.
 * Return: the ifnet with this id if it is being detached, with a reference; or
 * NULL.
 */
struct dlil_ifnet *dlil_ifnet_going(enum dlil_ifnet_family family,
				    const void *id, size_t len)
{
	struct dlil_ifnet *ifp;

	mutex_lock(&dlil_ifnets_lock);
	ifp = dlil_ifnet_find_known(family, id, len);
	if (ifp && ifp->deaths != ifp->lives &&
	    ifp->state != DLIL_STATE_ATTACHED)
		dlil_ifnet_get(ifp);
	else
		ifp = NULL;
	mutex_unlock(&dlil_ifnets_lock);
	return ifp;
}
EXPORT_SYMBOL_GPL(dlil_ifnet_going);

static void forget(struct dlil_ifnet *ifp)
{
	lockdep_assert_held(&dlil_ifnets_lock);

	dlil_ifnet_forget(ifp);
	list_del_init(&ifp->released);
	n_released--;
	dlil_ifnet_put(ifp);
}

static void ifnet_release_locked(struct dlil_ifnet *ifp)
{
	lockdep_assert_held(&dlil_ifnets_lock);

	ifp->in_use = false;
	ifp->release_later = false;
	/* The driver that set these may be unloaded before the next acquire. */
	ifp->driver = &inert_driver;
	ifp->family = &inert_family;
	list_add_tail(&ifp->released, &released_ifnets);
	if (++n_released > IFNET_POOL_MAX)
		forget(list_first_entry(&released_ifnets, struct dlil_ifnet,
					released));
}

/**
 * dlil_ifnet_release - release an ifnet
 * @ifp: ifnet from dlil_ifnet_acquire()
 *
 * Row IFN-2.  The ifnet is kept for the next acquire of its id, within a limit.
 * If it is attached or detaching, it stays in use until the final detach is
 * over.
 *
 * Context: process; may sleep.
 */
void dlil_ifnet_release(struct dlil_ifnet *ifp)
{
	mutex_lock(&dlil_ifnets_lock);
	if (!WARN_ON_ONCE(!ifp->in_use || ifp->release_later)) {
		/* Not before the driver's free() has returned, see final_end(). */
		if (ifp->deaths == ifp->lives)
			ifnet_release_locked(ifp);
		else
			ifp->release_later = true;
	}
	mutex_unlock(&dlil_ifnets_lock);
}
EXPORT_SYMBOL_GPL(dlil_ifnet_release);

/*
 * An index of the ifnet's own, in each of its lives the same (IFN-13).  Those of netdevs
 * are positive, so no netdev has it, now or later.
 */
static int own_index(struct dlil_ifnet *ifp)
{
	static u32 n;

	lockdep_assert_held(&dlil_ifnets_lock);

	if (!ifp->own_index)
		ifp->own_index = (int)(BIT(31) | n++);
	return ifp->own_index;
}

/**
 * dlil_ifnet_init - initialise an ifnet before it is attached
 * @ifp: ifnet that the caller has acquired
 * @params: its driver, family and properties
 *
 * Context: process; may sleep.
 * Return: 0; -EINVAL for bad arguments; -EBUSY if it is attached or detaching;
 * -ENOMEM.
 */
int dlil_ifnet_init(struct dlil_ifnet *ifp,
		    const struct dlil_ifnet_params *params)
{
	int err = 0;

	if (!ifp || !params || !params->driver || !params->driver->output ||
	    !params->family || !params->family->demux || !params->net ||
	    !params->name || !*params->name || params->ifindex < 0 ||
	    params->addr_len > MAX_ADDR_LEN)
		return -EINVAL;
	mutex_lock(&dlil_ifnets_lock);
	if (ifp->state != DLIL_STATE_ACQUIRED) {
		err = -EBUSY;
		goto unlock;
	}
	err = dlil_lladdr_reserve(ifp, params->addr_len);
	if (err)
		goto unlock;
	ifp->driver = params->driver;
	ifp->family = params->family;
	ifp->priv = params->priv;
	ifp->attrs = params->attrs & ~DLIL_ATTRS_SETTABLE;
	WRITE_ONCE(ifp->settable, params->attrs & DLIL_ATTRS_SETTABLE);
	ifp->ifindex = params->ifindex ?: own_index(ifp);
	ifp->addr_len = params->addr_len;
	ifp->node = params->device ? dev_to_node(params->device) : NUMA_NO_NODE;
	write_pnet(&ifp->net, params->net);
	ifp->net_cookie = params->net->net_cookie;
	strscpy(ifp->name, params->name, sizeof(ifp->name));
	memset(ifp->broadcast, 0, sizeof(ifp->broadcast));
	if (params->broadcast)
		memcpy(ifp->broadcast, params->broadcast, params->addr_len);
	dlil_event_identify(ifp);
unlock:
	mutex_unlock(&dlil_ifnets_lock);
	return err;
}
EXPORT_SYMBOL_GPL(dlil_ifnet_init);

static int attach_check(struct dlil_ifnet *ifp, size_t len)
{
	lockdep_assert_held(&attach_lock);

	if (READ_ONCE(ifp->state) != DLIL_STATE_ACQUIRED)
		return -EEXIST;
	if (ifp->driver == &inert_driver)
		return -EINVAL;
	if (!ifp->family->add_proto || !ifp->family->del_proto)
		return -ENODEV;
	if (len > MAX_ADDR_LEN ||
	    (len && ifp->addr_len && len != ifp->addr_len))
		return -EINVAL;
	return 0;
}

/* Make the ifnet visible, and open its queue. */
static void ifnet_list(struct dlil_ifnet *ifp)
{
	mutex_lock(&dlil_ifnets_lock);
	/*
	 * Before anybody can find the ifnet and post another event.  The
	 * delivery takes this lock, so that receivers can look the ifnet up.
	 */
	dlil_event_life(ifp, DLIL_LIFE_ATTACHED);
	ifp->lives++;
	dlil_route_open(ifp);
	dlil_idle_attach(ifp);
	/*
	 * A packet that is queued between these two is accepted.  The thread
	 * can take an I/O reference for it, or for loopback drops it as
	 * detached.  In the opposite order, it would be counted as refused by a
	 * full queue.
	 */
	dlil_inq_open(ifp);
	dlil_filter_revise(ifp);
	dlil_ifnet_touch(ifp);
	/* Pairs with dlil_ifnet_is_attached(). */
	smp_store_release(&ifp->state, DLIL_STATE_ATTACHED);
	dlil_ifnet_enlist(ifp);
	trace_dlil_state(ifp, DLIL_STATE_ATTACHED);
	mutex_unlock(&dlil_ifnets_lock);
}

/* Undo ifnet_list(), except what a reader under RCU may still use. */
static void ifnet_unlist(struct dlil_ifnet *ifp)
{
	lockdep_assert_held(&dlil_ifnets_lock);

	dlil_stats_keep_own(ifp);
	dlil_ifnet_touch(ifp);
	WRITE_ONCE(ifp->state, DLIL_STATE_DETACHING);
	trace_dlil_state(ifp, DLIL_STATE_DETACHING);
	dlil_inq_close(ifp);
	dlil_ifnet_delist(ifp);
	dlil_idle_detach(ifp);
	dlil_route_close(ifp);
}

/* Steps that may fail come first, and change nothing that is visible. */
static int ifnet_attach(struct dlil_ifnet *ifp, const u8 *lladdr, size_t len,
			struct dlil_runner *runner)
{
	int err;

	err = attach_check(ifp, len);
	if (err)
		return err;
	mutex_lock(&dlil_ifnets_lock);
	err = dlil_ifnet_is_taken(ifp) ? -EEXIST :
					 dlil_lladdr_reserve(ifp, len);
	mutex_unlock(&dlil_ifnets_lock);
	if (err)
		return err;
	if (!try_module_get(ifp->driver->owner))
		return -ENODEV;
	dlil_inq_start(ifp, runner);

	if (len)
		ifp->addr_len = len;
	mutex_lock(&dlil_ifnets_lock);
	dlil_lladdr_fill(ifp, len ? lladdr : NULL);
	mutex_unlock(&dlil_ifnets_lock);
	dlil_stats_reset(ifp);
	dlil_class_reset(ifp);
	dlil_debug_stack(&ifp->attached_by);
	dlil_ifnet_get(ifp);
	atomic_inc(&n_live);
	percpu_ref_reinit(&ifp->io);
	/* From here on, joining a group tells the driver at once. */
	dlil_multi_attach(ifp);
	dlil_log_verbose(ifp, "attached%s", ifp->reused ? ", reused" : "");
	ifnet_list(ifp);
	return 0;
}

static void log_attach(struct dlil_ifnet *ifp, int err)
{
	dlil_log(ifp, DLIL_LOG_ATTACH, "attach failed: %pe", ERR_PTR(err));
}

/*
 * Same as dlil_ifnet_attach(), with *@runner from dlil_runner_new(), which is set to
 * NULL on success.  Creates no thread, so the caller may hold RTNL.
 */
int dlil_ifnet_attach_with(struct dlil_ifnet *ifp, const u8 *lladdr, size_t len,
			   struct dlil_runner **runner)
{
	int err;

	mutex_lock(&attach_lock);
	err = ifnet_attach(ifp, lladdr, len, *runner);
	mutex_unlock(&attach_lock);
	if (err)
		log_attach(ifp, err);
	else
		*runner = NULL;
	return err;
}

/* Create the runner of an ifnet, unless an attach would fail anyway. */
static struct dlil_runner *runner_for(struct dlil_ifnet *ifp, size_t len)
{
	char name[IFNAMSIZ];
	int err;

	mutex_lock(&attach_lock);
	err = attach_check(ifp, len);
	mutex_unlock(&attach_lock);
	if (err)
		return ERR_PTR(err);
	dlil_ifnet_copy_name(ifp, name);
	return dlil_runner_new(ifp->kind, name, ifp->node);
}

/**
 * dlil_ifnet_attach - make an ifnet live
 * @ifp: ifnet, filled in by dlil_ifnet_init()
 * @lladdr: its link address
 * @len: length of that; 0 keeps the one it has
 *
 * Row IFN-3.  When it returns the input thread is running.  Creating the thread may take
 * long, so better call this without RTNL.
 *
 * Context: process; may sleep.
 * Return: 0; -EINVAL without ifnet, if it was not filled in, or for a link
 * address of another length than the ifnet's; -EEXIST if it is attached or
 * detaching, or another attached ifnet of its namespace has its index or name (IFN-13);
 * -ENODEV if the family lacks add_proto or del_proto, or if the
 * driver's module is going away; -ENOMEM; or why the thread could not be had.
 * After an error all is as before.
 */
int dlil_ifnet_attach(struct dlil_ifnet *ifp, const u8 *lladdr, size_t len)
{
	struct dlil_runner *runner;
	int err;

	if (!ifp || (len && !lladdr))
		return -EINVAL;
	/* Without attach_lock, so that no other ifnet waits for the thread. */
	runner = runner_for(ifp, len);
	if (IS_ERR(runner)) {
		log_attach(ifp, PTR_ERR(runner));
		return PTR_ERR(runner);
	}
	err = dlil_ifnet_attach_with(ifp, lladdr, len, &runner);
	dlil_runner_free(runner);
	return err;
}
EXPORT_SYMBOL_GPL(dlil_ifnet_attach);

static void driver_free(struct dlil_ifnet *ifp,
			const struct dlil_driver_ops *driver)
{
	struct module *owner = driver->owner;
	struct dlil_call call;

	if (driver->free) {
		dlil_call_begin(&call, ifp);
		dlil_call_enter(&call, DLIL_PARTY_DRIVER, DLIL_CALLBACK_FREE,
				NULL);
		driver->free(ifp);
		dlil_call_end(&call);
	}
	/*
	 * Only now: free() was code of that module, whose operations may be
	 * unloaded.
	 */
	module_put(owner);
}

/* The last step: filters and protocols have ended, the queue has been released. */
static void final_end(struct dlil_ifnet *ifp)
{
	const struct dlil_driver_ops *driver = ifp->driver;
	u32 life = ifp->lives;

	dlil_inq_end(ifp);
	dlil_route_end(ifp);
	dlil_event_life(ifp, DLIL_LIFE_DETACHED);
	dlil_event_flush(ifp);

	/* Before the next life, which free() may begin. */
	WRITE_ONCE(ifp->final, DLIL_FINAL_NONE);
	dlil_look_detach(ifp, false);
	dlil_log_verbose(ifp, "detached");
	mutex_lock(&dlil_ifnets_lock);
	ifp->driver = &inert_driver;
	ifp->family = &inert_family;
	dlil_ifnet_touch(ifp);
	WRITE_ONCE(ifp->state, DLIL_STATE_ACQUIRED);
	trace_dlil_state(ifp, DLIL_STATE_ACQUIRED);
	mutex_unlock(&dlil_ifnets_lock);

	/* From here on, the driver may attach the ifnet again. */
	driver_free(ifp, driver);

	mutex_lock(&dlil_ifnets_lock);
	if (ifp->release_later && ifp->lives == life)
		ifnet_release_locked(ifp);
	WRITE_ONCE(ifp->deaths, life);
	mutex_unlock(&dlil_ifnets_lock);
	wake_up_all(&ifp->detached);
	dlil_ifnet_put(ifp);
	if (atomic_dec_and_test(&n_live))
		wake_up_all(&all_dead);
}

static void final_flushed(struct dlil_flush *flush)
{
	final_step(container_of(flush, struct dlil_ifnet, final_flush),
		   DLIL_FINAL_FLUSHED);
}

/*
 * Run the final detach (IFN-5) as far as possible.  No callback is in flight or
 * will be called, except `detached` of filters and protocols, one at a time.
 */
static void final_run(struct dlil_ifnet *ifp, enum dlil_final final)
{
	if (final == DLIL_FINAL_BEGIN) {
		dlil_tap_end(ifp);
		dlil_filter_detach_all(ifp);
		/* Filters end before protocols. */
		dlil_retire_run(ifp);
		dlil_plumb_end(ifp);
		/* This detaches protocols without a plumber, and those that a plumber has left. */
		dlil_proto_detach_all(ifp);
		final = DLIL_FINAL_ENDING;
		WRITE_ONCE(ifp->final, final);
		dlil_retire_run(ifp);
	}
	if (final == DLIL_FINAL_ENDING) {
		/* This work also ends the last one of them, and then gets here. */
		if (!list_empty(&ifp->filter_list) ||
		    !list_empty(&ifp->proto_list))
			return;
		final = DLIL_FINAL_FLUSHING;
		WRITE_ONCE(ifp->final, final);
		ifp->final_flush.fn = final_flushed;
		if (dlil_inq_stop(ifp, &ifp->final_flush))
			final = DLIL_FINAL_FLUSHED;
	}
	if (final == DLIL_FINAL_FLUSHED)
		final_end(ifp);
}

/* End filters and protocols, and continue the final detach. */
static void ifnet_end_work(struct work_struct *work)
{
	struct dlil_ifnet *ifp = container_of(work, struct dlil_ifnet,
					      end_work);
	enum dlil_final final;

	dlil_retire_run(ifp);
	/* Pairs with the release in final_step(). */
	final = smp_load_acquire(&ifp->final);
	if (final != DLIL_FINAL_NONE)
		final_run(ifp, final);
	/* The reference taken by dlil_ifnet_queue_work(). */
	dlil_ifnet_put(ifp);
}

/**
 * dlil_ifnet_detach - start to detach an ifnet
 * @ifp: ifnet
 *
 * Row IFN-4.  Look-ups do not find it any more when this returns.  The final
 * detach (IFN-5) follows in a worker, and ends with the driver's `free`.  Only
 * the driver that has acquired the ifnet may call this, after its own producers
 * have stopped.
 *
 * Context: process; may sleep, but waits for no callback.
 * Return: 0; -EINVAL for NULL or an ifnet that is not attached; -ENXIO if it is
 * detaching already.
 */
int dlil_ifnet_detach(struct dlil_ifnet *ifp)
{
	int err = 0;

	if (!ifp)
		return -EINVAL;
	mutex_lock(&dlil_ifnets_lock);
	if (ifp->state == DLIL_STATE_ACQUIRED)
		err = -EINVAL;
	else if (ifp->state == DLIL_STATE_DETACHING)
		err = -ENXIO;
	else
		ifnet_unlist(ifp);
	mutex_unlock(&dlil_ifnets_lock);
	if (err)
		return err;
	dlil_look_detach(ifp, true);
	dlil_log_verbose(ifp, "detaching");
	dlil_debug_stack(&ifp->detached_by);
	dlil_tap_detach(ifp);
	/*
	 * Filters and protocols get this event: its I/O reference is the last
	 * one.
	 */
	dlil_event_life(ifp, DLIL_LIFE_DETACHING);
	percpu_ref_kill(&ifp->io);
	return 0;
}
EXPORT_SYMBOL_GPL(dlil_ifnet_detach);

static bool has_died(const struct dlil_ifnet *ifp, u32 life)
{
	return (s32)(READ_ONCE(ifp->deaths) - life) >= 0;
}

/**
 * dlil_ifnet_wait_detached - wait until the final detach is over
 * @ifp: ifnet, referenced by the caller
 *
 * Waits until the driver's `free` has returned.  Does not wait for an attached
 * ifnet: an earlier detach of it is over.
 *
 * Context: process; may sleep.  The caller must hold no lock that a callback on
 * @ifp may take, so never RTNL.
 * Return: 0; -EDEADLK in a callback; -ERESTARTSYS if the caller was killed:
 * then the detach finishes later.  A caller that must not return before, such
 * as the module exit of a driver whose operations have no owner, must repeat
 * the call until it returns 0; killing has no effect there.
 */
int dlil_ifnet_wait_detached(struct dlil_ifnet *ifp)
{
	bool attached;
	u32 life;

	if (dlil_in_callback())
		return -EDEADLK;
	mutex_lock(&dlil_ifnets_lock);
	attached = ifp->state == DLIL_STATE_ATTACHED;
	life = ifp->lives;
	mutex_unlock(&dlil_ifnets_lock);
	if (attached)
		return 0;
	return wait_event_killable(ifp->detached, has_died(ifp, life));
}
EXPORT_SYMBOL_GPL(dlil_ifnet_wait_detached);

/*
 * Wait at most @timeout jiffies until the present life of @ifp is over, even if
 * its detach has not begun.  The caller has a reference.  May sleep.  Returns
 * the jiffies that were left, 0 after a timeout, or -ERESTARTSYS if the caller
 * was killed.
 */
long dlil_ifnet_wait_death(struct dlil_ifnet *ifp, long timeout)
{
	u32 life;

	mutex_lock(&dlil_ifnets_lock);
	life = ifp->lives;
	mutex_unlock(&dlil_ifnets_lock);
	return wait_event_killable_timeout(ifp->detached, has_died(ifp, life),
					   timeout);
}
EXPORT_SYMBOL_FOR_TEST(dlil_ifnet_wait_death);

/**
 * dlil_ifnet_set_name - rename an ifnet
 * @ifp: ifnet
 * @name: new name
 *
 * Context: process; may sleep.
 */
void dlil_ifnet_set_name(struct dlil_ifnet *ifp, const char *name)
{
	mutex_lock(&dlil_ifnets_lock);
	strscpy(ifp->name, name, sizeof(ifp->name));
	dlil_event_identify(ifp);
	dlil_lladdr_fill(ifp, NULL);
	if (ifp->state == DLIL_STATE_ATTACHED)
		dlil_ifnet_relist(ifp);
	mutex_unlock(&dlil_ifnets_lock);
}
EXPORT_SYMBOL_GPL(dlil_ifnet_set_name);

int dlil_life_module_init(void)
{
	ifnet_cache = kmem_cache_create("dlil_ifnet",
					sizeof(struct dlil_ifnet), 0,
					SLAB_HWCACHE_ALIGN, NULL);
	return ifnet_cache ? 0 : -ENOMEM;
}

/* Wait for the last final detach.  No ifnet can be attached any more. */
void dlil_life_wait_all(void)
{
	wait_event(all_dead, !atomic_read(&n_live));
}

void dlil_life_module_exit(void)
{
	struct dlil_ifnet *ifp, *next;

	mutex_lock(&dlil_ifnets_lock);
	list_for_each_entry_safe(ifp, next, &released_ifnets, released)
		forget(ifp);
	WARN_ON(dlil_ifnets_known());
	mutex_unlock(&dlil_ifnets_lock);
	/* Runs the works that free the ifnets released above. */
	dlil_lanes_destroy();
	kmem_cache_destroy(ifnet_cache);
}
