/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_GATHER_H
#define _DLIL_GATHER_H

#include <linux/hrtimer.h>
#include <linux/types.h>

struct dlil_inq;
struct task_struct;

/* Longest time that packets may wait for others, in microseconds. */
#define DLIL_GATHER_USECS_MAX 50

/**
 * enum dlil_gather_state - reaction of a producer that finds the thread asleep
 * @DLIL_GATHER_WAKE: wake the thread
 * @DLIL_GATHER_OPEN: start the timer, which wakes the thread soon
 * @DLIL_GATHER_HELD: do nothing, because the timer runs
 */
enum dlil_gather_state {
	DLIL_GATHER_WAKE,
	DLIL_GATHER_OPEN,
	DLIL_GATHER_HELD,
};

/**
 * struct dlil_gather - when to wake a sleeping input thread
 * @timer: wakes the thread
 * @queue: the queue that it waits for, NULL if it serves many
 * @task: the thread
 * @state: enum dlil_gather_state; the thread sets the first two, one producer
 *	changes OPEN to HELD
 * @since: when the thread went to sleep; used by the thread only, as are the
 *	next five
 * @packets: packets that the thread has taken since @since
 * @rest: number of sleeps for which gathering is not tried
 * @useless: number of useless attempts in a row
 * @early: packets that arrived in the first halves of the waiting times
 * @late: packets that arrived in the second halves
 * @halved: the first half is over; written by the timer, like the next two, and
 *	by the producer that starts it
 * @at_half: packets queued after the first half
 * @at_end: packets queued at the end
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
