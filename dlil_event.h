/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_EVENT_H
#define _DLIL_EVENT_H

#include <linux/atomic.h>
#include <linux/compiler_attributes.h>
#include <linux/list.h>
#include <linux/notifier.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <net/dlil.h>

struct dlil_ifnet;

/* Limit of queued events, not counting attach and detach of the ifnet itself. */
#define DLIL_EVENT_QUEUE_MAX 1024

/**
 * struct dlil_event_item - a queued event
 * @list: entry in the ifnet's queue
 * @event: the event; name, family and unit are those of the ifnet when it was
 *	posted
 * @data: data of the event, behind this struct, or NULL; filled in before it is
 *	queued
 * @net_cookie: netns of the ifnet when the event was posted
 * @until: filters and protocols attached later do not get it, see
 *	dlil_retire_stamp()
 * @io: holds an I/O reference; otherwise a life-time reference
 * @life: embedded in the ifnet: exempt from the limit, and delivered even if
 *	the ifnet is not attached
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
 * struct dlil_events - event queue of an ifnet
 * @lock: guards the rest, except @hearers and @work
 * @queue: events to be delivered, oldest first
 * @len: number of queued events without those of @life
 * @lost: an event was dropped since the external listeners were last told of a
 *	loss
 * @net_cookie: netns of the ifnet, for events posted now
 * @unit: index of the ifnet, likewise
 * @name: name of the ifnet, likewise
 * @life: preallocated events: attach, detach and final detach of the ifnet
 * @hearers: number of attached filters and protocols with an `event` callback;
 *	atomic
 * @work: delivers the events, one at a time
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
 * Notifications for external listeners: an event; the loss of events; the
 * attach of a filter or protocol with an `event` callback.
 */
enum { DLIL_TELL_EVENT, DLIL_TELL_LOST, DLIL_TELL_HEARD };

/**
 * struct dlil_told - argument of external listeners
 * @ifp: ifnet; it may have been reused for another device, in another netns
 * @net_cookie: netns of the event; 0 with DLIL_TELL_HEARD
 * @event: the event; NULL with DLIL_TELL_LOST and DLIL_TELL_HEARD
 */
struct dlil_told {
	struct dlil_ifnet *ifp;
	u64 net_cookie;
	const struct dlil_event *event;
};

/**
 * struct dlil_listener - an external listener
 * @nb: its callback gets DLIL_TELL_* and a struct dlil_told, in the ifnet's
 *	event work, or with DLIL_TELL_HEARD in the task that attaches the filter
 *	or protocol; it may sleep, but must not add or remove listeners
 * @hears: returns whether anybody receives an event that is posted now, in any
 *	context but hard interrupts; NULL if always
 * @list: entry in the list of all listeners, under its lock
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

/* Messages of each kind are logged at most once a second for each ifnet. */
enum dlil_log_kind {
	DLIL_LOG_ATTACH,
	DLIL_LOG_SUSPENDED,
	DLIL_LOG_RESTORED,
	DLIL_LOG_OUTPUT,
	DLIL_LOG_KINDS
};

extern bool dlil_verbose;

void dlil_log(struct dlil_ifnet *ifp, enum dlil_log_kind kind, const char *fmt,
	      ...) __printf(3, 4);
void dlil_log_refused(const char *name, int ifindex, const char *why, int err);
void dlil_log_verbose(struct dlil_ifnet *ifp, const char *fmt, ...)
	__printf(2, 3);
void dlil_log_output(struct dlil_ifnet *ifp, int err);

#endif /* _DLIL_EVENT_H */
