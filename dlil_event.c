// SPDX-License-Identifier: GPL-2.0
/*
 * Events: something has happened to an ifnet.
 *
 * Whoever posts one only queues it, in any context, RTNL held or not; the work in
 * dlil_notify.c delivers it.
 *
 * An event that is for more than the listeners outside holds an I/O reference
 * until it has been delivered, so the final detach comes after all of them: it
 * finds neither a callback under way nor one to come.  An event that is posted later
 * is for the listeners outside only, holds a life-time reference, and is flushed
 * before the final detach ends.
 *
 * An event that nobody would hear is not made: whoever begins to listen later does
 * not get what was posted before.  A caller that would have to look for what happens
 * asks dlil_event_is_heard() whether that is worth it.
 */
#include <linux/slab.h>

#include "dlil_event.h"
#include "dlil_ifnet.h"
#include "dlil_retire.h"

/* Row EVT-3: programs and ported modules count on the numbers. */
static_assert(DLIL_EVENT_SIFFLAGS == 1);
static_assert(DLIL_EVENT_IF_ATTACHED == 9);
static_assert(DLIL_EVENT_LINK_ADDRESS_CHANGED == 16);
static_assert(DLIL_EVENT_MASTER_ELECTED == 23);

static BLOCKING_NOTIFIER_HEAD(event_listeners);

/* The same listeners, for questions in atomic context. */
static LIST_HEAD(listeners);
static DEFINE_SPINLOCK(listeners_lock);

/* Tell the listeners outside of @event, or that some were lost if it is NULL. */
void dlil_event_tell(struct dlil_ifnet *ifp, u64 net_cookie,
		     const struct dlil_event *event)
{
	struct dlil_told told = {
		.ifp = ifp,
		.net_cookie = net_cookie,
		.event = event,
	};

	blocking_notifier_call_chain(&event_listeners,
				     event ? DLIL_TELL_EVENT : DLIL_TELL_LOST,
				     &told);
}

/* It has been delivered.  The last one may take the ifnet with it. */
void dlil_event_done(struct dlil_ifnet *ifp, struct dlil_event_item *item)
{
	bool io = item->io;

	if (!item->life)
		kfree(item);
	if (io)
		dlil_ifnet_io_end(ifp);
	else
		dlil_ifnet_put(ifp);
}

/*
 * The oldest one, or NULL.  *@lost: others were lost since the last look; that takes a
 * full queue, so there is an item then, and it says whose they were.
 */
struct dlil_event_item *dlil_event_next(struct dlil_events *events, bool *lost)
{
	struct dlil_event_item *item;
	unsigned long flags;

	spin_lock_irqsave(&events->lock, flags);
	item = list_first_entry_or_null(&events->queue, struct dlil_event_item,
					list);
	if (item) {
		list_del(&item->list);
		events->len -= !item->life;
	}
	*lost = events->lost;
	events->lost = false;
	spin_unlock_irqrestore(&events->lock, flags);
	return item;
}

/*
 * An event speaks of what the ifnet is when it is posted: behind the final detach the
 * ifnet may become that of another device, in another namespace, before the event is
 * delivered.
 */
static void identify(struct dlil_event_item *item,
		     const struct dlil_events *events)
{
	lockdep_assert_held(&events->lock);

	item->net_cookie = events->net_cookie;
	item->event.unit = events->unit;
	strscpy(item->event.name, events->name, sizeof(item->event.name));
}

/* Takes @item.  Any context but hard interrupts. */
static int event_queue(struct dlil_ifnet *ifp, struct dlil_event_item *item)
{
	struct dlil_events *events = &ifp->events;
	unsigned long flags;
	int err = 0;

	item->io = dlil_ifnet_io_begin(ifp);
	if (!item->io)
		dlil_ifnet_get(ifp);
	/* The poster may have interrupts off. */
	spin_lock_irqsave(&events->lock, flags);
	if (!item->life && events->len >= DLIL_EVENT_QUEUE_MAX) {
		events->lost = true;
		err = -ENOBUFS;
	} else {
		/* Under the lock: what is queued later is not for fewer. */
		item->until = dlil_retire_now();
		identify(item, events);
		events->len += !item->life;
		list_add_tail(&item->list, &events->queue);
		queue_work(ifp->lane->wq, &events->work);
	}
	spin_unlock_irqrestore(&events->lock, flags);
	if (err)
		dlil_event_done(ifp, item);
	return err;
}

static struct dlil_event_item *item_new(u32 class, u32 subclass, u32 code,
					size_t len, gfp_t gfp)
{
	struct dlil_event_item *item = kzalloc(sizeof(*item) + len, gfp);

	if (!item)
		return NULL;
	item->event.class = class;
	item->event.subclass = subclass;
	item->event.code = code;
	item->event.len = len;
	item->data = len ? item + 1 : NULL;
	return item;
}

/*
 * An event of the class network, made while failing is still possible; its data
 * is zero.  It goes to dlil_event_queue() or kfree().
 */
struct dlil_event_item *dlil_event_new(u32 subclass, u32 code, size_t len)
{
	return item_new(DLIL_EVENT_CLASS_NETWORK, subclass, code, len,
			GFP_KERNEL);
}

/* Takes @item.  Any context but hard interrupts. */
void dlil_event_queue(struct dlil_ifnet *ifp, struct dlil_event_item *item)
{
	/* If it is lost the listeners outside are told so. */
	event_queue(ifp, item);
}

/**
 * dlil_event_post_class - post an event of any class
 * @ifp: ifnet that it is about
 * @class: who speaks, not 0
 * @subclass: of what
 * @code: what has happened, not 0
 * @data: more about it, copied; or NULL
 * @len: length of @data, at most DLIL_EVENT_DATA_MAX
 *
 * Rows EVT-1, EVT-2.  It is delivered later, behind those posted before: to every
 * filter, every protocol, the driver, and to listeners outside.  On an ifnet that
 * is not attached only those outside get it.
 *
 * Context: any but hard interrupts; whatever locks are held.
 * Return: 0; -EINVAL for bad arguments; -ENOMEM; -ENOBUFS if too many events wait
 * for delivery.
 */
int dlil_event_post_class(struct dlil_ifnet *ifp, u32 class, u32 subclass,
			  u32 code, const void *data, size_t len)
{
	struct dlil_event_item *item;

	if (!ifp || !class || !code || (len && !data) ||
	    len > DLIL_EVENT_DATA_MAX)
		return -EINVAL;
	if (!dlil_event_is_heard(ifp))
		return 0;
	item = item_new(class, subclass, code, len, GFP_ATOMIC);
	if (!item)
		return -ENOMEM;
	if (len)
		memcpy(item->data, data, len);
	return event_queue(ifp, item);
}
EXPORT_SYMBOL_GPL(dlil_event_post_class);

/* Row IFN-15: is it about the state of the ifnet, whose last change is dated? */
static bool is_of_state(u32 code)
{
	return code == DLIL_EVENT_SIFFLAGS || code == DLIL_EVENT_LINK_ON ||
	       code == DLIL_EVENT_LINK_OFF || code == DLIL_EVENT_IFCAP_CHANGED;
}

/**
 * dlil_event_post - post an event of those that every ifnet has
 * @ifp: ifnet that it is about
 * @code: enum dlil_event_code
 * @data: more about it, see &struct dlil_event; copied; or NULL
 * @len: length of @data, at most DLIL_EVENT_DATA_MAX
 *
 * Rows EVT-1, EVT-3; otherwise as dlil_event_post_class().
 *
 * Context: any but hard interrupts; whatever locks are held.
 * Return: as dlil_event_post_class(), and -EINVAL for an unknown code.
 */
int dlil_event_post(struct dlil_ifnet *ifp, u32 code, const void *data,
		    size_t len)
{
	if (code > DLIL_EVENT_MASTER_ELECTED)
		return -EINVAL;
	if (ifp && is_of_state(code))
		dlil_ifnet_touch(ifp);
	return dlil_event_post_class(ifp, DLIL_EVENT_CLASS_NETWORK,
				     DLIL_EVENT_SUBCLASS_DL, code, data, len);
}
EXPORT_SYMBOL_GPL(dlil_event_post);

/* Events that are posted from now on are about what @ifp is now. */
void dlil_event_identify(struct dlil_ifnet *ifp)
{
	struct dlil_events *events = &ifp->events;
	unsigned long flags;

	lockdep_assert_held(&dlil_ifnets_lock);

	spin_lock_irqsave(&events->lock, flags);
	events->net_cookie = ifp->net_cookie;
	events->unit = ifp->ifindex;
	strscpy(events->name, ifp->name, sizeof(events->name));
	spin_unlock_irqrestore(&events->lock, flags);
}

/*
 * Post what happens to the ifnet itself, which needs no memory.  At most once in each
 * life: dlil_event_flush() separates the lives.
 */
void dlil_event_life(struct dlil_ifnet *ifp, enum dlil_event_life what)
{
	event_queue(ifp, &ifp->events.life[what]);
}

/* All that was posted has been delivered.  May sleep; not from callbacks. */
void dlil_event_flush(struct dlil_ifnet *ifp)
{
	flush_work(&ifp->events.work);
}
EXPORT_SYMBOL_FOR_TEST(dlil_event_flush);

/* @work delivers them. */
void dlil_event_init(struct dlil_ifnet *ifp, work_func_t work)
{
	static const u32 codes[] = {
		[DLIL_LIFE_ATTACHED] = DLIL_EVENT_IF_ATTACHED,
		[DLIL_LIFE_DETACHING] = DLIL_EVENT_IF_DETACHING,
		[DLIL_LIFE_DETACHED] = DLIL_EVENT_IF_DETACHED,
	};
	struct dlil_event_item *item;
	int i;

	spin_lock_init(&ifp->events.lock);
	INIT_LIST_HEAD(&ifp->events.queue);
	INIT_WORK(&ifp->events.work, work);
	for (i = 0; i < DLIL_LIFE_MAX; i++) {
		item = &ifp->events.life[i];
		item->life = true;
		item->event.class = DLIL_EVENT_CLASS_NETWORK;
		item->event.subclass = DLIL_EVENT_SUBCLASS_DL;
		item->event.code = codes[i];
	}
}

/* Add a listener outside; may sleep. */
int dlil_event_listen(struct dlil_listener *listener)
{
	int err = blocking_notifier_chain_register(&event_listeners,
						   &listener->nb);

	if (err)
		return err;
	spin_lock_irq(&listeners_lock);
	list_add_tail(&listener->list, &listeners);
	spin_unlock_irq(&listeners_lock);
	return 0;
}
EXPORT_SYMBOL_FOR_TEST(dlil_event_listen);

/* Waits until nobody calls it. */
void dlil_event_unlisten(struct dlil_listener *listener)
{
	spin_lock_irq(&listeners_lock);
	list_del(&listener->list);
	spin_unlock_irq(&listeners_lock);
	blocking_notifier_chain_unregister(&event_listeners, &listener->nb);
}
EXPORT_SYMBOL_FOR_TEST(dlil_event_unlisten);

/*
 * A filter or protocol with a callback for events is being attached: under the
 * ifnet's lock, before it can come to its end.
 */
void dlil_event_hearer(struct dlil_ifnet *ifp)
{
	lockdep_assert_held(&ifp->lock);

	atomic_inc(&ifp->events.hearers);
}

/* It has come to its end.  Any context. */
void dlil_event_hearer_gone(struct dlil_ifnet *ifp)
{
	atomic_dec(&ifp->events.hearers);
}

/*
 * Say that there is somebody to hear now, once the attach is over and before its
 * caller knows.  Process context, without the ifnet's lock; may sleep.
 */
void dlil_event_announce(struct dlil_ifnet *ifp)
{
	struct dlil_told told = { .ifp = ifp };

	blocking_notifier_call_chain(&event_listeners, DLIL_TELL_HEARD, &told);
}

/* Would a listener outside hear what is posted now?  Any but hard interrupts. */
bool dlil_event_is_heard_outside(void)
{
	const struct dlil_listener *listener;
	unsigned long flags;
	bool heard = false;

	spin_lock_irqsave(&listeners_lock, flags);
	list_for_each_entry(listener, &listeners, list)
		if (!listener->hears || listener->hears())
			heard = true;
	spin_unlock_irqrestore(&listeners_lock, flags);
	return heard;
}

/* Would anybody hear what is posted on @ifp now?  Any but hard interrupts. */
bool dlil_event_is_heard(struct dlil_ifnet *ifp)
{
	bool heard = atomic_read(&ifp->events.hearers);

	/* The section keeps the vector of an attached ifnet. */
	rcu_read_lock();
	heard = heard || (dlil_ifnet_is_attached(ifp) && ifp->driver->event);
	rcu_read_unlock();
	return heard || dlil_event_is_heard_outside();
}
