// SPDX-License-Identifier: GPL-2.0
/*
 * Not waking an input thread for every packet of a stream.
 *
 * To sleep, be woken and switched to costs a processor several times what the
 * packet does that the thread is woken for.  Where the thread runs on the processor
 * that produces the packets, that is taken away from producing them.  There, while
 * packets come faster than that one by one, the first of them starts a timer
 * instead, and the thread finds all that have come when it expires.
 *
 * It is not done where it would cost more than it saves:
 *  - a thread on another processor is woken at once, and works while others produce;
 *  - a lone packet wakes the thread at once: it takes a stream, of which the thread
 *    has seen the beginning;
 *  - packets that answer other packets, or whose senders wait for an answer, cannot
 *    gather for long.  A stream comes on at the rate at which it began, so if far
 *    fewer packets come in the second half of the time than in the first, which
 *    begins with a burst, or next to none at all, waiting was useless.  The thread
 *    is woken at once then, and gathering is tried again ever more rarely;
 *  - the main thread serves many ifnets, of which one is not to delay another.
 *
 * The end of the softirq round would be the other place to wake the thread from.
 * It gathers what one poll of the device has, which the thread finds anyway once it
 * gets the processor, and nothing where packets come in a round each; and it makes
 * the way of a lone packet longer by a round.
 *
 * The state that a thread sets before it sleeps is for producers to read after
 * they have seen that it is asleep (thread_fn() has the barriers).  One of them
 * starts the timer.  The producer may have seen an earlier sleep, and the timer may
 * expire before the thread is off its processor; so the thread is in its sleeping
 * state before it sets this one, and the timer never finds it running.  The thread
 * may be woken once too often, which does no harm.
 *
 * On PREEMPT_RT the timer expires in a thread of the kernel, a little later.
 */
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/sched.h>

#include "compat.h"
#include "dlil_gather.h"
#include "dlil_ifnet.h"
#include "dlil_inq.h"

unsigned int dlil_gather_usecs = DLIL_GATHER_USECS_MAX;
EXPORT_SYMBOL_FOR_TEST(dlil_gather_usecs);

/* A stream worth it lets that many packets gather. */
#define GATHER_WORTH	4

/*
 * A queue that is full sooner than the thread looks would lose packets.  The bytes are
 * what 1 Tbit/s is in the time, with one byte of every three left for headers.
 */
#define GATHER_ROOM	1024
#define GATHER_BYTES	(GATHER_ROOM * 8 * 1024)

/* So many packets are remembered of the two halves of the time, at the most. */
#define HALVES_KEPT	512

/* For how many sleeps it is not tried after it was useless: 16, 32, ... 1024. */
#define REST_MIN	16
#define REST_SHIFT_MAX	6

static unsigned int queued(const struct dlil_gather *g)
{
	u32 packets, bytes;

	dlil_inq_used(g->queue, &packets, &bytes);
	return packets;
}

/* Half of the time that packets may wait. */
static ktime_t half_time(void)
{
	return ns_to_ktime(NSEC_PER_USEC * READ_ONCE(dlil_gather_usecs) / 2);
}

/*
 * Half of the time is over, or all of it.  A producer may start the timer anew at
 * the same time, for a later sleep: then that one is cut short.
 */
static enum hrtimer_restart gather_over(struct hrtimer *timer)
{
	struct dlil_gather *g = container_of(timer, struct dlil_gather, timer);
	unsigned int n = queued(g);

	if (!READ_ONCE(g->halved)) {
		WRITE_ONCE(g->halved, true);
		WRITE_ONCE(g->at_half, n);
		hrtimer_start(timer, half_time(), HRTIMER_MODE_REL_PINNED);
		return HRTIMER_NORESTART;
	}
	WRITE_ONCE(g->at_end, n);
	wake_up_process(g->task);
	return HRTIMER_NORESTART;
}

/* For the thread that calls it; @queue, if that serves no other one. */
void dlil_gather_init(struct dlil_gather *g, const struct dlil_inq *queue)
{
	*g = (struct dlil_gather){
		.queue = queue,
		.task = current,
		.since = ktime_get(),
	};
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

static bool is_possible(const struct dlil_gather *g)
{
	return g->queue && READ_ONCE(dlil_gather_usecs) &&
	       READ_ONCE(g->queue->max_packets) >= GATHER_ROOM &&
	       READ_ONCE(g->queue->max_bytes) >= GATHER_BYTES;
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

/* Have packets gone on coming in the second half as they did in the first? */
static bool went_on(struct dlil_gather *g)
{
	unsigned int at_half = READ_ONCE(g->at_half);
	unsigned int at_end = READ_ONCE(g->at_end);

	/* Unless somebody else has woken the thread before. */
	if (at_half && at_end) {
		/* The first packet began the time, and came in neither half. */
		g->early += at_half - 1;
		g->late += at_end - min(at_half, at_end);
	}
	if (g->early + g->late > HALVES_KEPT) {
		g->early /= 2;
		g->late /= 2;
	}
	return g->late * 3 >= g->early * 2;
}

/* The timer was waited for: was it worth it? */
static void judge(struct dlil_gather *g)
{
	if (went_on(g) && g->packets >= GATHER_WORTH) {
		g->useless = 0;
		return;
	}
	g->early = 0;
	g->late = 0;
	g->rest = REST_MIN << min(g->useless, REST_SHIFT_MAX);
	g->useless++;
}

static bool is_worth_it(struct dlil_gather *g, ktime_t now)
{
	if (g->rest) {
		g->rest--;
		return false;
	}
	if (!is_possible(g))
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
 * Context: preemption off: others count on the timer as soon as they see that the
 * thread is held.
 * Return: whether a timer sees to it.
 */
bool dlil_gather_hold(struct dlil_gather *g)
{
	int state = READ_ONCE(g->state);

	lockdep_assert_preemption_disabled();

	if (state != DLIL_GATHER_OPEN)
		return state == DLIL_GATHER_HELD;
	if (task_cpu(g->task) != smp_processor_id())
		return false;
	state = cmpxchg(&g->state, DLIL_GATHER_OPEN, DLIL_GATHER_HELD);
	if (state != DLIL_GATHER_OPEN)
		return state == DLIL_GATHER_HELD;
	WRITE_ONCE(g->halved, false);
	WRITE_ONCE(g->at_half, 0);
	WRITE_ONCE(g->at_end, 0);
	hrtimer_start(&g->timer, half_time(), HRTIMER_MODE_REL_PINNED);
	return true;
}
EXPORT_SYMBOL_FOR_TEST(dlil_gather_hold);

/**
 * dlil_thread_kick - see that a thread looks at its lists
 * @t: the thread; a queue or a flush was added to one of them
 *
 * Context: RCU read lock held, preemption off.
 */
void dlil_thread_kick(struct dlil_thread *t)
{
	/* How it wants to be woken was set before it said that it sleeps. */
	if (smp_load_acquire(&t->asleep) && !dlil_gather_hold(&t->gather))
		wake_up_process(READ_ONCE(t->task));
}

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
