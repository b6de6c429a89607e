/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_CALL_H
#define _DLIL_CALL_H

#include <linux/atomic.h>
#include <linux/if.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <net/dlil.h>

#include "dlil_reader.h"

struct dlil_ifnet;

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

/**
 * struct dlil_overdue - a callback that has not returned for some seconds
 * @ifname: of which ifnet
 * @party: whose
 * @callback: which
 * @name: of the filter or protocol, or empty
 * @seconds: for how long, as far as it was watched
 * @pid: the task that it runs in
 * @comm: the name of that task
 */
struct dlil_overdue {
	char ifname[IFNAMSIZ];
	enum dlil_party party;
	enum dlil_callback callback;
	char name[DLIL_NAME_MAX];
	unsigned int seconds;
	pid_t pid;
	char comm[TASK_COMM_LEN];
};

/**
 * struct dlil_look - what was seen of an ifnet at the last look; under the lock of
 *	dlil_overdue.c
 * @users: filters and protocols whose input may sleep, and the detach; it is looked
 *	at while there are some; atomic
 * @seq: of the batch
 * @place: where in it the input thread was
 * @since: since when it has been there, in jiffies
 * @told: when that was logged, or 0
 * @detaching: it is being detached
 * @detach_since: since when
 * @detach_told: when that was logged, or 0
 */
struct dlil_look {
	atomic_t users;
	unsigned long seq;
	struct dlil_place place;
	unsigned long since;
	unsigned long told;
	bool detaching;
	unsigned long detach_since;
	unsigned long detach_told;
};

/* The function that all input threads run. */
extern int (*dlil_call_thread_fn)(void *data);

void dlil_call_begin(struct dlil_call *call, struct dlil_ifnet *ifp);
void dlil_call_end(struct dlil_call *call);
void dlil_call_enter(struct dlil_call *call, enum dlil_party party,
		     enum dlil_callback callback, const char *name);
void dlil_call_leave(struct dlil_call *call);
bool dlil_in_callback(void);

/* Might the task be inside an output callback?  Bottom halves are off in those. */
bool dlil_output_is_current(void);

void dlil_look_init(work_func_t fn);
void dlil_look_exit(void);
void dlil_look_arm(void);
void dlil_look_get(struct dlil_ifnet *ifp);
void dlil_look_put(struct dlil_ifnet *ifp);
bool dlil_call_any(void);
unsigned int dlil_call_overdue(const struct dlil_ifnet *ifp, unsigned long age,
			       unsigned long again, struct dlil_overdue *o,
			       unsigned int max);

#endif /* _DLIL_CALL_H */
