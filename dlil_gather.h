/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_GATHER_H
#define _DLIL_GATHER_H

#include <linux/hrtimer.h>
#include <linux/types.h>

struct dlil_inq;
struct task_struct;

/* Microseconds that packets may wait for others at the most. */
#define DLIL_GATHER_USECS_MAX 50

/**
 * enum dlil_gather_state - what a producer does that finds the thread asleep
 * @DLIL_GATHER_WAKE: wakes it
 * @DLIL_GATHER_OPEN: has a timer wake it soon
 * @DLIL_GATHER_HELD: nothing: the timer runs
 */
enum dlil_gather_state {
	DLIL_GATHER_WAKE,
	DLIL_GATHER_OPEN,
	DLIL_GATHER_HELD,
};

/**
 * struct dlil_gather - when a sleeping input thread is woken
 * @timer: wakes it
 * @queue: what it waits for, NULL for many queues
 * @task: the thread
 * @state: enum dlil_gather_state; the thread sets all but the last, to which one
 *	producer changes it
 * @since: when the thread went to sleep; its own, as what follows
 * @packets: how many it has taken since
 * @rest: sleeps for which gathering is not tried again
 * @useless: how often in turn it was useless
 * @early: packets of the first halves of the times that the timer was waited for
 * @late: packets of the second halves
 * @halved: half of the time is over; written by the timer, as what follows, and by
 *	the producer that starts it
 * @at_half: how many were queued after half of the time
 * @at_end: how many in the end
 */
struct dlil_gather {
	struct hrtimer timer;
	const struct dlil_inq *queue;
	struct task_struct *task;
	int state;
	ktime_t since;
	unsigned int packets;
	unsigned int rest;
	unsigned int useless;
	unsigned int early;
	unsigned int late;
	bool halved;
	unsigned int at_half;
	unsigned int at_end;
};

extern unsigned int dlil_gather_usecs;

void dlil_gather_init(struct dlil_gather *g, const struct dlil_inq *queue);
void dlil_gather_sleep(struct dlil_gather *g, ktime_t now);
bool dlil_gather_hold(struct dlil_gather *g);
void dlil_gather_end(struct dlil_gather *g);

bool dlil_gather_has_timer(void);
void dlil_gather_module_init(void);

#endif /* _DLIL_GATHER_H */
