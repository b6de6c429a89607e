/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_CALL_H
#define _DLIL_CALL_H

#include <linux/list.h>
#include <linux/types.h>

struct dlil_ifnet;
struct task_struct;

/* Parties that have callbacks. */
enum dlil_party {
	DLIL_PARTY_NONE,
	DLIL_PARTY_FILTER,
	DLIL_PARTY_PROTO,
	DLIL_PARTY_DRIVER,
	DLIL_PARTY_TAP,
};

/* Callbacks that may sleep. */
enum dlil_callback {
	DLIL_CALLBACK_NONE,
	DLIL_CALLBACK_INPUT,
	DLIL_CALLBACK_EVENT,
	DLIL_CALLBACK_IOCTL,
	DLIL_CALLBACK_RESOLVE_MULTI,
	DLIL_CALLBACK_DETACHED,
	DLIL_CALLBACK_FREE,
};

/**
 * struct dlil_call - a task is where callbacks other than those for packets are
 *	called
 * @list: in the list of all
 * @task: the task
 * @ifp: of which ifnet the callbacks are
 * @party: who is being called; DLIL_PARTY_NONE between two calls
 * @callback: which of its callbacks
 * @name: of the filter or protocol that is being called, or NULL
 * @since: when the call began, in jiffies
 * @told: when it was logged that it takes long, or 0
 */
struct dlil_call {
	struct list_head list;
	struct task_struct *task;
	struct dlil_ifnet *ifp;
	enum dlil_party party;
	enum dlil_callback callback;
	const char *name;
	unsigned long since;
	unsigned long told;
};

struct dlil_overdue;

void dlil_call_begin(struct dlil_call *call, struct dlil_ifnet *ifp);
void dlil_call_end(struct dlil_call *call);
void dlil_call_enter(struct dlil_call *call, enum dlil_party party,
		     enum dlil_callback callback, const char *name);
void dlil_call_leave(struct dlil_call *call);
bool dlil_in_callback(void);
bool dlil_call_any(void);
unsigned int dlil_call_overdue(const struct dlil_ifnet *ifp, unsigned long age,
			       unsigned long again, struct dlil_overdue *o,
			       unsigned int max);

#endif /* _DLIL_CALL_H */
