// SPDX-License-Identifier: GPL-2.0
/*
 * Not waking an input thread for every packet of a stream.
 *
 * To sleep, be woken and switched to costs a thread several times what the
 * packet does that it is woken for.  While packets come faster than that one by
 * one, the first of them starts a timer instead, and the thread finds all that
 * have come when it expires.  A lone packet is not held up: it takes a stream,
 * of which the thread has seen the beginning.  Where one packet answers another
 * nothing can be gathered; the thread notices that at once, and tries again ever
 * more rarely.
 *
 * The state that a thread sets before it sleeps is for producers to read after
 * they have seen that it is asleep (thread_fn() has the barriers).  One of them
 * starts the timer.  He may have seen an earlier sleep, and the timer may expire
 * before the thread is off its processor; so the thread is in its sleeping state
 * before it sets this one, and the timer never finds it running.  It may be woken
 * once too often, which does no harm.
 */
#include <linux/ktime.h>
#include <linux/sched.h>

#include "compat.h"
#include "dlil_gather.h"
#include "dlil_input.h"
#include "dlil_ifnet.h"

unsigned int dlil_gather_usecs = DLIL_GATHER_USECS_MAX;
EXPORT_SYMBOL_FOR_TEST(dlil_gather_usecs);

/* A stream worth it lets that many packets gather. */
#define GATHER_WORTH	4

/* A queue that is full sooner than the thread looks would lose packets. */
#define GATHER_ROOM	1024

/* For how many sleeps it is not tried after it was useless: 16, 32, ... 1024. */
#define REST_MIN	16
#define REST_SHIFT_MAX	6

static enum hrtimer_restart gather_over(struct hrtimer *timer)
{
	struct dlil_gather *g = container_of(timer, struct dlil_gather, timer);

	wake_up_process(g->task);
	return HRTIMER_NORESTART;
}

/* For the thread that calls it. */
void dlil_gather_init(struct dlil_gather *g)
{
	*g = (struct dlil_gather){ .task = current, .since = ktime_get() };
	compat_hrtimer_setup(&g->timer, gather_over, CLOCK_MONOTONIC,
			     HRTIMER_MODE_REL_PINNED);
}
EXPORT_SYMBOL_FOR_TEST(dlil_gather_init);

/* The thread is gone, and so is everybody who might start the timer. */
void dlil_gather_end(struct dlil_gather *g)
{
	hrtimer_cancel(&g->timer);
}
EXPORT_SYMBOL_FOR_TEST(dlil_gather_end);

static bool is_possible(void)
{
	return READ_ONCE(dlil_gather_usecs) &&
	       READ_ONCE(dlil_rcvq_limit) >= GATHER_ROOM;
}

/*
 * If packets come on as they did since @g->since, are there two in the time, and
 * no more than there is room for?
 */
static bool is_stream(const struct dlil_gather *g, ktime_t now)
{
	u64 wait = (u64)READ_ONCE(dlil_gather_usecs) * NSEC_PER_USEC;
	u64 took = max_t(u64, ktime_sub(now, g->since), NSEC_PER_USEC);

	return took * 2 < wait * g->packets &&
	       wait * g->packets < took * GATHER_ROOM;
}

/* The timer was waited for: was it worth it? */
static void judge(struct dlil_gather *g)
{
	if (g->packets >= GATHER_WORTH) {
		g->useless = 0;
		return;
	}
	g->rest = REST_MIN << min(g->useless, REST_SHIFT_MAX);
	g->useless++;
}

static bool is_worth_it(struct dlil_gather *g, ktime_t now)
{
	if (g->rest) {
		g->rest--;
		return false;
	}
	if (!is_possible())
		return false;
	return READ_ONCE(g->state) != DLIL_GATHER_WAKE || is_stream(g, now);
}

/* The thread is about to sleep; it is @now. */
void dlil_gather_sleep(struct dlil_gather *g, ktime_t now)
{
	if (READ_ONCE(g->state) == DLIL_GATHER_HELD)
		judge(g);
	WRITE_ONCE(g->state, is_worth_it(g, now) ? DLIL_GATHER_OPEN :
						   DLIL_GATHER_WAKE);
	g->since = now;
	g->packets = 0;
}
EXPORT_SYMBOL_FOR_TEST(dlil_gather_sleep);

/**
 * dlil_gather_hold - have a sleeping thread woken later, if that is better
 * @g: of the thread
 *
 * Return: whether a timer sees to it.
 */
bool dlil_gather_hold(struct dlil_gather *g)
{
	int state = READ_ONCE(g->state);

	if (state != DLIL_GATHER_OPEN)
		return state == DLIL_GATHER_HELD;
	/* Others count on the timer as soon as they see that it is held. */
	preempt_disable();
	state = cmpxchg(&g->state, DLIL_GATHER_OPEN, DLIL_GATHER_HELD);
	if (state == DLIL_GATHER_OPEN)
		hrtimer_start(&g->timer,
			      ns_to_ktime(NSEC_PER_USEC *
					  READ_ONCE(dlil_gather_usecs)),
			      HRTIMER_MODE_REL_PINNED);
	preempt_enable();
	return state != DLIL_GATHER_WAKE;
}
EXPORT_SYMBOL_FOR_TEST(dlil_gather_hold);

/* A timer that expires with the next tick only would hold up packets for long. */
bool dlil_gather_has_timer(void)
{
	return hrtimer_resolution < NSEC_PER_USEC;
}

void dlil_gather_module_init(void)
{
	if (!dlil_gather_has_timer())
		dlil_gather_usecs = 0;
}
