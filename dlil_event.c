// SPDX-License-Identifier: GPL-2.0
/*
 * Events of an ifnet: posting, queueing, external listeners; and the log.
 *
 * Posting only queues an event, in any context, even under RTNL; the work in
 * dlil_party.c delivers it.
 *
 * An event for filters, protocols and the driver holds an I/O reference until
 * it has been delivered.  So the final detach comes after all such events, and
 * finds no callback in flight.  An event that is posted later goes to external
 * listeners only.  It holds a life-time reference, and is flushed before the
 * final detach ends.
 *
 * An event without a receiver is not created, so a listener that is added later
 * does not get earlier events.  Code that would have to search for changes asks
 * dlil_event_is_heard() first.
 */
#include <linux/jiffies.h>
#include <linux/printk.h>
#include <linux/slab.h>

#include "dlil_event.h"
#include "dlil_ifnet.h"
#include "dlil_retire.h"

/* Row EVT-3: the numbers are ABI for programs and ported modules. */
static_assert(DLIL_EVENT_SIFFLAGS == 1);
static_assert(DLIL_EVENT_IF_ATTACHED == 9);
static_assert(DLIL_EVENT_LINK_ADDRESS_CHANGED == 16);
static_assert(DLIL_EVENT_MASTER_ELECTED == 23);

static BLOCKING_NOTIFIER_HEAD(event_listeners);

/* The same listeners, under a spinlock for callers in atomic context. */
static LIST_HEAD(listeners);
static DEFINE_SPINLOCK(listeners_lock);

/* Notify external listeners of @event, or of lost events if @event is NULL. */
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

/* Free a delivered event and drop its reference, which may be the last of @ifp. */
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
 * Dequeue the oldest event, or NULL.  *@lost is set if events were dropped
 * since the last call.  Events are dropped only when the queue is full, so
 * there is an item then, whose netns is that of the lost ones.
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
 * Store in the event how the ifnet is called when the event is posted.  After
 * the final detach, the ifnet may be reused for another device, in another
 * netns, before the event is delivered.
 */
static void identify(struct dlil_event_item *item,
		     const struct dlil_events *events)
{
	lockdep_assert_held(&events->lock);

	item->net_cookie = events->net_cookie;
	item->event.unit = events->unit;
	strscpy(item->event.name, events->name, sizeof(item->event.name));
}

/* Consumes @item.  Any context but hard interrupts. */
static int event_queue(struct dlil_ifnet *ifp, struct dlil_event_item *item)
{
	struct dlil_events *events = &ifp->events;
	unsigned long flags;
	int err = 0;

	item->io = dlil_ifnet_io_begin(ifp);
	if (!item->io)
		dlil_ifnet_get(ifp);
	/* The poster may have interrupts disabled. */
	spin_lock_irqsave(&events->lock, flags);
	if (!item->life && events->len >= DLIL_EVENT_QUEUE_MAX) {
		events->lost = true;
		err = -ENOBUFS;
	} else {
		/* Under the lock, so that @until grows along the queue. */
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
 * Allocate an event of the class network, at a time when failure is possible;
 * its data is zeroed.  Pass it to dlil_event_queue() or kfree().
 */
struct dlil_event_item *dlil_event_new(u32 subclass, u32 code, size_t len)
{
	return item_new(DLIL_EVENT_CLASS_NETWORK, subclass, code, len,
			GFP_KERNEL);
}

/* Consumes @item.  Any context but hard interrupts. */
void dlil_event_queue(struct dlil_ifnet *ifp, struct dlil_event_item *item)
{
	/* If the queue is full, external listeners will be told of the loss. */
	event_queue(ifp, item);
}

/**
 * dlil_event_post_class - post an event of any class
 * @ifp: ifnet that it is about
 * @class: class, not 0
 * @subclass: subclass in that class
 * @code: what has happened, not 0
 * @data: data of the event, copied; or NULL
 * @len: length of @data, at most DLIL_EVENT_DATA_MAX
 *
 * Rows EVT-1, EVT-2.  The event is delivered later, in the order of posting, to
 * each filter, each protocol, the driver and external listeners.  If the ifnet
 * is not attached, only external listeners get it.
 *
 * Context: any but hard interrupts; any locks may be held.
 * Return: 0; -EINVAL for bad arguments; -ENOMEM; -ENOBUFS if too many events
 * are queued.
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

/* Row IFN-15: does the event report a change of state, whose time is recorded? */
static bool is_of_state(u32 code)
{
	return code == DLIL_EVENT_SIFFLAGS || code == DLIL_EVENT_LINK_ON ||
	       code == DLIL_EVENT_LINK_OFF || code == DLIL_EVENT_IFCAP_CHANGED;
}

/**
 * dlil_event_post - post a standard event
 * @ifp: ifnet that it is about
 * @code: enum dlil_event_code
 * @data: data of the event, see &struct dlil_event; copied; or NULL
 * @len: length of @data, at most DLIL_EVENT_DATA_MAX
 *
 * Rows EVT-1, EVT-3; otherwise as dlil_event_post_class().
 *
 * Context: any but hard interrupts; any locks may be held.
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

/* Copy name, index and netns of @ifp, for events posted from now on. */
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
 * Post an event of the ifnet's own life, which needs no memory.  Each is posted
 * at most once per life; dlil_event_flush() separates two lives.
 */
void dlil_event_life(struct dlil_ifnet *ifp, enum dlil_event_life what)
{
	event_queue(ifp, &ifp->events.life[what]);
}

/* Wait for the delivery of all posted events.  May sleep; not from callbacks. */
void dlil_event_flush(struct dlil_ifnet *ifp)
{
	flush_work(&ifp->events.work);
}
EXPORT_SYMBOL_FOR_TEST(dlil_event_flush);

/* Initialise the event queue; @work delivers the events. */
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

/* Add an external listener; may sleep. */
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

/* Remove it, and wait for its callbacks in flight. */
void dlil_event_unlisten(struct dlil_listener *listener)
{
	spin_lock_irq(&listeners_lock);
	list_del(&listener->list);
	spin_unlock_irq(&listeners_lock);
	blocking_notifier_chain_unregister(&event_listeners, &listener->nb);
}
EXPORT_SYMBOL_FOR_TEST(dlil_event_unlisten);

/*
 * Count a filter or protocol with an `event` callback, which is being attached:
 * under the ifnet's lock, before it can be detached.
 */
void dlil_event_hearer(struct dlil_ifnet *ifp)
{
	lockdep_assert_held(&ifp->lock);

	atomic_inc(&ifp->events.hearers);
}

/* Such a filter or protocol has ended.  Any context. */
void dlil_event_hearer_gone(struct dlil_ifnet *ifp)
{
	atomic_dec(&ifp->events.hearers);
}

/*
 * Tell external listeners that @ifp has a new receiver, after its attach and
 * before the caller of the attach learns of it.  Process context, without the
 * ifnet's lock; may sleep.
 */
void dlil_event_announce(struct dlil_ifnet *ifp)
{
	struct dlil_told told = { .ifp = ifp };

	blocking_notifier_call_chain(&event_listeners, DLIL_TELL_HEARD, &told);
}

/* Would an external listener get an event posted now?  Any but hard interrupts. */
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

/* Would anybody get an event posted on @ifp now?  Any but hard interrupts. */
bool dlil_event_is_heard(struct dlil_ifnet *ifp)
{
	bool heard = atomic_read(&ifp->events.hearers);

	/* Keeps ifp->driver valid while the ifnet is attached. */
	rcu_read_lock();
	heard = heard || (dlil_ifnet_is_attached(ifp) && ifp->driver->event);
	rcu_read_unlock();
	return heard || dlil_event_is_heard_outside();
}

/*
 * The log (INI-5).
 *
 * Important messages are always logged, but each kind at most once a second for
 * each ifnet, so that repeating an action cannot flood the log.  Other messages
 * are logged with the parameter verbose.
 *
 * A device that is refused before it has an ifnet has no place for the time of its
 * last message.  Such devices share a few, by their index.
 */

#define REFUSED_SLOTS	16

/* The parameter verbose. */
bool dlil_verbose;
EXPORT_SYMBOL_FOR_TEST(dlil_verbose);

/* When refused devices were last logged, by index. */
static unsigned long refused[REFUSED_SLOTS];

/* True for one caller per second; 0 stands for never. */
static bool is_due(unsigned long *last)
{
	unsigned long then = READ_ONCE(*last), now = jiffies ?: 1;

	if (then && time_before(now, then + HZ))
		return false;
	return cmpxchg(last, then, now) == then;
}

static void print(struct dlil_ifnet *ifp, struct va_format *text)
{
	pr_info("dlil: %s: %pV\n", ifp->name, text);
}

/*
 * Log a message about @ifp, but one of this kind per second at most.  Any
 * context.
 */
void dlil_log(struct dlil_ifnet *ifp, enum dlil_log_kind kind, const char *fmt,
	      ...)
{
	struct va_format text = { .fmt = fmt };
	va_list args;

	if (!is_due(&ifp->logged[kind]))
		return;
	va_start(args, fmt);
	text.va = &args;
	print(ifp, &text);
	va_end(args);
}

/*
 * Log that the device @name was refused with @err before it had an ifnet; @why is
 * a reason for users, or NULL.  Any context.
 */
void dlil_log_refused(const char *name, int ifindex, const char *why, int err)
{
	if (is_due(&refused[ifindex % REFUSED_SLOTS]))
		pr_info("dlil: %s: attach failed: %s%s%pe\n", name, why ?: "",
			why ? ": " : "", ERR_PTR(err));
}
EXPORT_SYMBOL_FOR_TEST(dlil_log_refused);

/* Log a message about @ifp if verbose is on.  Any context. */
void dlil_log_verbose(struct dlil_ifnet *ifp, const char *fmt, ...)
{
	struct va_format text = { .fmt = fmt };
	va_list args;

	if (!READ_ONCE(dlil_verbose))
		return;
	va_start(args, fmt);
	text.va = &args;
	print(ifp, &text);
	va_end(args);
}

/*
 * The driver has refused a packet: log it if verbose is on, but not for each
 * packet.
 */
void dlil_log_output(struct dlil_ifnet *ifp, int err)
{
	if (READ_ONCE(dlil_verbose))
		dlil_log(ifp, DLIL_LOG_OUTPUT, "the driver did not send: %pe",
			 ERR_PTR(err));
}
