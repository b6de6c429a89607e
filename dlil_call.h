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
	DLIL_PARTY_PLUMBER,
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
	DLIL_CALLBACK_ATTACH,
	DLIL_CALLBACK_DETACH,
};

/**
 * struct dlil_call - a task that calls callbacks, other than those for packets
 * @list: entry in the list of all calls
 * @task: the task
 * @ifp: ifnet that the callbacks belong to
 * @party: party being called; DLIL_PARTY_NONE between two calls
 * @callback: callback being called
 * @name: name of the filter or protocol being called, or NULL
 * @since: start of the call, in jiffies
 * @told: when the call was last logged as overdue, or 0
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
 * @ifname: name of the ifnet
 * @party: party being called
 * @callback: callback being called
 * @name: name of the filter or protocol, or empty
 * @seconds: duration so far, as long as it was watched
 * @pid: process id of the task
 * @comm: name of the task
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
 * struct dlil_look - progress of an ifnet at the last check; under the lock of
 * dlil_overdue.c
 * @users: filters and protocols whose input may sleep, and a detach; the ifnet
 *	is checked while there are any; atomic
 * @seq: sequence number of the input thread's batch
 * @place: progress of the input thread in that batch
 * @since: when that progress was first seen, in jiffies
 * @told: when the delay was last logged, or 0
 * @detaching: the ifnet is being detached
 * @detach_since: when the detach was first seen
 * @detach_told: when its delay was last logged, or 0
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

/* The function that every input thread runs. */
extern int (*dlil_call_thread_fn)(void *data);

void dlil_call_begin(struct dlil_call *call, struct dlil_ifnet *ifp);
void dlil_call_end(struct dlil_call *call);
void dlil_call_enter(struct dlil_call *call, enum dlil_party party,
		     enum dlil_callback callback, const char *name);
void dlil_call_leave(struct dlil_call *call);
bool dlil_in_callback(void);

/* May the task be inside an output callback?  Bottom halves are off there. */
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
