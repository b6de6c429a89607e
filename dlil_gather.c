// SPDX-License-Identifier: GPL-2.0
/*
 * Wake-up moderation for input threads: not waking a thread for every packet.
 *
 * Sleeping, waking and switching cost a processor several times as much as the
 * packet that the thread is woken for.  If the thread runs on the processor
 * that produces the packets, production slows down by that much.  In that case,
 * and while packets arrive faster than the thread could handle them one by one,
 * the first packet starts a timer instead.  When the timer expires, the thread
 * finds all packets that have arrived.
 *
 * Gathering is off where it would cost more than it saves:
 *  - A thread on another processor is woken at once, and works in parallel.
 *  - A lone packet wakes the thread at once.  Gathering needs a stream, whose
 *    beginning the thread has seen.
 *  - Packets that answer other packets, or whose senders wait for an answer,
 *    cannot gather for long.  A stream continues at the rate at which it began.
 *    So if far fewer packets arrive in the second half of the time than in the
 *    first, which begins with a burst, or almost none at all, waiting was
 *    useless.  The thread is then woken at once, and gathering is tried again
 *    ever more rarely.
 *  - The main thread serves many ifnets, and one must not delay another.
 *
 * The alternative, waking the thread at the end of the softirq round, gathers
 * the packets of one poll of the device.  The thread finds those anyway once it
 * gets the processor, and gains nothing if each round brings one packet; and a
 * lone packet has to wait for the end of the round.
 *
 * A thread sets @state before it sleeps, and producers read it after they have
 * seen that the thread is asleep (thread_fn() has the barriers).  One of them
 * starts the timer.  That producer may have seen an earlier sleep, and the
 * timer may expire before the thread has left its processor.  Therefore the
 * thread is in its sleeping task state before it sets @state, so that the timer
 * never finds it running.  A spurious wake-up is harmless.
 *
 * On PREEMPT_RT the timer expires in a kernel thread, slightly later.
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

/* Gathering pays off if at least this many packets gather. */
#define GATHER_WORTH	4

/*
 * The queue must not fill up before the thread takes it.  GATHER_BYTES is what
 * 1 Tbit/s delivers in the time, plus a third for skb overhead.
 */
#define GATHER_ROOM	1024
#define GATHER_BYTES	(GATHER_ROOM * 8 * 1024)

/* Limit of the packets that the statistics of the two halves remember. */
#define HALVES_KEPT	512

/* Sleeps without gathering after a useless attempt: 16, 32, ... 1024. */
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
 * Timer: the first half is over, or all of it.  If a producer restarts the
 * timer for a later sleep at the same time, that sleep is cut short.
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

/* Called by the thread; @queue is NULL if it serves several queues. */
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

/* The thread has ended, and no producer is in flight that could start the timer. */
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
 * At the rate since @since, would at least two packets arrive in the time, and
 * no more than there is room for?
 */
static bool is_stream(const struct dlil_gather *g, ktime_t now)
{
	u64 wait = (u64)READ_ONCE(dlil_gather_usecs) * NSEC_PER_USEC;
	u64 took = max_t(u64, ktime_sub(now, g->since), NSEC_PER_USEC);

	return took * 2 < wait * g->packets &&
	       wait * g->packets < took * GATHER_ROOM;
}

/* Did packets arrive in the second half at about the rate of the first? */
static bool went_on(struct dlil_gather *g)
{
	unsigned int at_half = READ_ONCE(g->at_half);
	unsigned int at_end = READ_ONCE(g->at_end);

	/* Skip this if somebody else has woken the thread early. */
	if (at_half && at_end) {
		/*
		 * The first packet started the timer, and belongs to neither
		 * half.
		 */
		g->early += at_half - 1;
		g->late += at_end - min(at_half, at_end);
	}
	if (g->early + g->late > HALVES_KEPT) {
		g->early /= 2;
		g->late /= 2;
	}
	return g->late * 3 >= g->early * 2;
}

/* The thread has waited for the timer: did that pay off? */
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

/* The thread is about to sleep, at time @now. */
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
 * dlil_gather_hold - leave the wake-up of a sleeping thread to the timer
 * @g: gathering state of the thread
 *
 * Context: preemption off, because others rely on the timer once they see HELD.
 * Return: true if the timer will wake the thread, false if the caller must.
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
 * dlil_thread_kick - make a thread check its lists
 * @t: the thread; the caller has added a queue or a flush to one of its lists
 *
 * Context: RCU read lock held, preemption off.
 */
void dlil_thread_kick(struct dlil_thread *t)
{
	/*
	 * Pairs with the smp_wmb() in thread_fn(): @state was set before
	 * @asleep.
	 */
	if (smp_load_acquire(&t->asleep) && !dlil_gather_hold(&t->gather))
		wake_up_process(READ_ONCE(t->task));
}

/* Without high resolution timers, packets would wait for the next tick. */
bool dlil_gather_has_timer(void)
{
	return hrtimer_resolution < NSEC_PER_USEC;
}

void dlil_gather_module_init(void)
{
	if (!dlil_gather_has_timer())
		dlil_gather_usecs = 0;
}
