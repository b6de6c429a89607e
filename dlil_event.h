/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_EVENT_H
#define _DLIL_EVENT_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/notifier.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <net/dlil.h>

/* Events that wait for delivery, those of the ifnet's own life not counted. */
#define DLIL_EVENT_QUEUE_MAX 1024

/**
 * struct dlil_event_item - an event on its way
 * @list: in the ifnet's queue
 * @event: the event; name, family and unit are those that the ifnet had when it was
 *	posted
 * @data: its data, to be written before it is queued; behind this, or NULL
 * @net_cookie: of the namespace that the ifnet was in when it was posted
 * @until: who was attached later does not get it, see dlil_retire_stamp()
 * @io: holds an I/O reference, else a life-time reference
 * @life: part of the ifnet: it always has room, and gets through while the ifnet
 *	is not attached yet or any more
 */
struct dlil_event_item {
	struct list_head list;
	struct dlil_event event;
	void *data;
	u64 net_cookie;
	u64 until;
	bool io;
	bool life;
};

enum dlil_event_life {
	DLIL_LIFE_ATTACHED,
	DLIL_LIFE_DETACHING,
	DLIL_LIFE_DETACHED,
	DLIL_LIFE_MAX
};

/**
 * struct dlil_events - the events of an ifnet
 * @lock: guards the rest, but for @hearers and @work
 * @queue: those to be delivered, oldest first
 * @len: how many of them are not of @life
 * @lost: there was no room for one since the listeners outside were told so
 * @net_cookie: of the namespace that the ifnet is in
 * @unit: its index
 * @name: its name
 * @life: the attach, detach and final detach of the ifnet
 * @hearers: attached filters and protocols with a callback for events; atomic
 * @work: delivers them, one after the other
 */
struct dlil_events {
	spinlock_t lock;	/* see above */
	struct list_head queue;
	unsigned int len;
	bool lost;
	u64 net_cookie;
	int unit;
	char name[IFNAMSIZ];
	struct dlil_event_item life[DLIL_LIFE_MAX];
	atomic_t hearers;
	struct work_struct work;
};

void dlil_event_init(struct dlil_ifnet *ifp, work_func_t work);
void dlil_event_identify(struct dlil_ifnet *ifp);
void dlil_event_life(struct dlil_ifnet *ifp, enum dlil_event_life what);
void dlil_event_flush(struct dlil_ifnet *ifp);

struct dlil_event_item *dlil_event_new(u32 subclass, u32 code, size_t len);
void dlil_event_queue(struct dlil_ifnet *ifp, struct dlil_event_item *item);
struct dlil_event_item *dlil_event_next(struct dlil_events *events, bool *lost);
void dlil_event_done(struct dlil_ifnet *ifp, struct dlil_event_item *item);
void dlil_event_tell(struct dlil_ifnet *ifp, u64 net_cookie,
		     const struct dlil_event *event);

/*
 * The listeners outside are told of an event, that some were lost, or that a filter
 * or protocol with a callback for events is attached to an ifnet.
 */
enum { DLIL_TELL_EVENT, DLIL_TELL_LOST, DLIL_TELL_HEARD };

/**
 * struct dlil_told - what the listeners outside are called with
 * @ifp: ifnet, which may be another one's, in another namespace, by now
 * @net_cookie: of the namespace that it is told in; with DLIL_TELL_HEARD 0
 * @event: what happened; with DLIL_TELL_LOST and DLIL_TELL_HEARD NULL
 */
struct dlil_told {
	struct dlil_ifnet *ifp;
	u64 net_cookie;
	const struct dlil_event *event;
};

/**
 * struct dlil_listener - a listener outside
 * @nb: its callback gets DLIL_TELL_* and a struct dlil_told, from the ifnet's event
 *	work, or with DLIL_TELL_HEARD from whoever attaches the filter or protocol;
 *	it may sleep, but neither listen nor stop listening
 * @hears: says whether anybody would hear an event that is posted now, in any
 *	context but hard interrupts; NULL for a listener that always does
 * @list: in the list of all, under its lock
 */
struct dlil_listener {
	struct notifier_block nb;
	bool (*hears)(void);
	struct list_head list;
};

int dlil_event_listen(struct dlil_listener *listener);
void dlil_event_unlisten(struct dlil_listener *listener);

void dlil_event_hearer(struct dlil_ifnet *ifp);
void dlil_event_hearer_gone(struct dlil_ifnet *ifp);
void dlil_event_announce(struct dlil_ifnet *ifp);
bool dlil_event_is_heard_outside(void);
bool dlil_event_is_heard(struct dlil_ifnet *ifp);

#endif /* _DLIL_EVENT_H */
