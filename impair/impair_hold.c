// SPDX-License-Identifier: GPL-2.0
/*
 * Packets of one direction that are held until their time has come.
 *
 * The time of a packet is the time when it may leave: the end of its delay, behind the
 * time that a link of the rate needs.  Packets whose times are not before that of the last
 * one in the list `ordered` join that list, all other ones are in a tree.  The next packet
 * to leave is the first one of either.  A packet that is to be reordered does not leave
 * when its time has come: it joins the list `waiting`, and leaves that one when enough
 * packets have overtaken it, or after IMPAIR_REORDER_WAIT.
 *
 * Packets leave in impair_release().  Two call it: the filter's callback, after it has
 * added packets, whose time may have come already; and the timer, which is set to the time
 * of the next packet, or a pause later if many have just left.  It drops the lock to hand
 * packets back to the core, because the core may call the filter again while it sends a
 * packet.  A second caller does nothing meanwhile (`releasing`), so packets stay in order.
 */
#include <linux/ktime.h>
#include <linux/netdevice.h>
#include <net/dst_metadata.h>
#include <net/sock.h>

#include "compat.h"
#include "impair_hold.h"

/* Packets that are handed back at a time, how often, and the pause afterwards. */
#define BATCH 64
#define ROUNDS 16
#define PAUSE (50 * NSEC_PER_USEC)

/* A packet that is held for longer than this gives up its socket. */
#define SOCKET_KEPT NSEC_PER_SEC

/**
 * struct held - the part of skb->cb that belongs to the filter while it holds a packet
 * @kept: belongs to the core
 * @due: time when the packet may leave
 * @order: number of the packet; orders packets with the same time
 * @target: for a reordered packet in `waiting`, the value of &impair_way.overtaken at
 *	which it leaves
 * @family: protocol family of the packet
 * @reordered: the packet is to be overtaken
 * @copy: the filter has made the packet
 */
struct held {
	u8 kept[DLIL_FILTER_CB_KEPT];
	u64 due;
	u32 order;
	u32 target;
	u32 family;
	bool reordered;
	bool copy;
};

static struct held *held_of(const struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct held) > sizeof(skb->cb));
	return (struct held *)skb->cb;
}

static bool is_before(const struct sk_buff *a, const struct sk_buff *b)
{
	const struct held *x = held_of(a), *y = held_of(b);

	return x->due < y->due ||
	       (x->due == y->due && (s32)(x->order - y->order) < 0);
}

static void tree_add(struct impair_way *w, struct sk_buff *skb)
{
	struct rb_node **link = &w->tree.rb_root.rb_node, *parent = NULL;
	bool leftmost = true;

	while (*link) {
		parent = *link;
		if (is_before(skb, rb_to_skb(parent))) {
			link = &parent->rb_left;
		} else {
			link = &parent->rb_right;
			leftmost = false;
		}
	}
	rb_link_node(&skb->rbnode, parent, link);
	rb_insert_color_cached(&skb->rbnode, &w->tree, leftmost);
}

/* Add a packet to those that are held, and count it. */
static void add(struct impair_way *w, struct sk_buff *skb)
{
	struct sk_buff *last = skb_peek_tail(&w->ordered);

	w->counts.held++;
	w->counts.bytes += skb->len;
	w->memory += skb->truesize;
	held_of(skb)->order = w->order++;
	if (!last || !is_before(skb, last))
		__skb_queue_tail(&w->ordered, skb);
	else
		tree_add(w, skb);
}

/* The packet whose time comes first, or NULL. */
static struct sk_buff *first(const struct impair_way *w)
{
	struct sk_buff *a = skb_peek(&w->ordered);
	struct rb_node *node = rb_first_cached(&w->tree);
	struct sk_buff *b = node ? rb_to_skb(node) : NULL;

	if (a && b)
		return is_before(b, a) ? b : a;
	return a ?: b;
}

/* Take a packet, which is the first of `ordered` or in the tree, out of there. */
static void take(struct impair_way *w, struct sk_buff *skb)
{
	if (skb == skb_peek(&w->ordered)) {
		__skb_unlink(skb, &w->ordered);
		return;
	}
	rb_erase_cached(&skb->rbnode, &w->tree);
	skb_mark_not_on_list(skb);
	skb->prev = NULL;
	/* The node of the tree overlaps it. */
	skb->dev = NULL;
}

/* Returns the time when a reordered packet leaves even if too few have overtaken it. */
static u64 patience(const struct sk_buff *skb)
{
	return held_of(skb)->due + IMPAIR_REORDER_WAIT;
}

/* Take a packet from `waiting` that may leave, or return NULL. */
static struct sk_buff *take_waiting(struct impair_way *w, u64 now)
{
	struct sk_buff *skb = skb_peek(&w->waiting);

	if (!skb || ((s32)(w->overtaken - held_of(skb)->target) < 0 &&
		     patience(skb) > now))
		return NULL;
	__skb_unlink(skb, &w->waiting);
	return skb;
}

static void count_lateness(struct impair_way *w, u64 late)
{
	w->counts.timely++;
	w->counts.late_sum += late;
	w->counts.late_max = max(w->counts.late_max, late);
}

/* Take the next packet that may leave, from anywhere, or return NULL. */
static struct sk_buff *next_due(struct impair_way *w, u64 now)
{
	struct sk_buff *skb;
	struct held *h;

	while (!(skb = take_waiting(w, now))) {
		skb = first(w);
		if (!skb || held_of(skb)->due > now)
			return NULL;
		h = held_of(skb);
		take(w, skb);
		if (!h->reordered) {
			count_lateness(w, now - h->due);
			w->overtaken += !h->copy;
			break;
		}
		h->target = w->overtaken + w->params.distance;
		__skb_queue_tail(&w->waiting, skb);
	}
	w->counts.held--;
	w->counts.bytes -= skb->len;
	w->memory -= skb->truesize;
	return skb;
}

/* Collect packets that may leave.  Returns false if there are none. */
static bool collect(struct impair_way *w, struct sk_buff_head *list)
{
	u64 now = ktime_get_ns();
	struct sk_buff *skb;

	while (skb_queue_len(list) < BATCH && (skb = next_due(w, now)))
		__skb_queue_tail(list, skb);
	w->counts.passed += skb_queue_len(list);
	return !skb_queue_empty(list);
}

static bool is_alike(const struct sk_buff *a, const struct sk_buff *b)
{
	return held_of(a)->family == held_of(b)->family &&
	       held_of(a)->copy == held_of(b)->copy;
}

static void hand_run(const struct impair_way *w, struct sk_buff_head *run)
{
	const struct held h = *held_of(skb_peek(run));

	if (h.copy)
		dlil_filter_inject(*w->filter, w->direction, h.family, run);
	else
		dlil_filter_reinject(*w->filter, w->direction, h.family, run);
}

/*
 * Hand back packets, in order.  One call of the core takes packets of one family, which
 * all are copies or all are not, so consecutive packets that are alike go together.
 */
static void hand_on(const struct impair_way *w, struct sk_buff_head *list)
{
	struct net_device *dev = w->direction == DLIL_DIRECTION_IN ?
					 blackhole_netdev : NULL;
	struct sk_buff_head run;
	struct sk_buff *skb;
	unsigned int n;

	while ((skb = skb_peek(list))) {
		n = 0;
		skb_queue_walk(list, skb) {
			if (!is_alike(skb, skb_peek(list)))
				break;
			skb->dev = dev;
			n++;
		}
		if (likely(n == skb_queue_len(list))) {
			hand_run(w, list);
			return;
		}
		__skb_queue_head_init(&run);
		while (n--)
			__skb_queue_tail(&run, __skb_dequeue(list));
		hand_run(w, &run);
	}
}

/* Is the timer set to this time already?  Mostly: new packets leave behind others. */
static bool is_set(const struct impair_way *w, u64 due)
{
	return hrtimer_is_queued((struct hrtimer *)&w->timer) &&
	       ktime_to_ns(hrtimer_get_expires(&w->timer)) == due;
}

/*
 * Set the timer to the time of the next packet, but not before @from.  If that has come
 * already, the timer expires at once.
 */
static void set_timer(struct impair_way *w, u64 from)
{
	struct sk_buff *skb = first(w), *waiting = skb_peek(&w->waiting);
	u64 due = skb ? held_of(skb)->due : U64_MAX;

	if (waiting)
		due = min(due, patience(waiting));
	if (due == U64_MAX || w->ended)
		return;
	due = max(due, from);
	if (is_set(w, due))
		return;
	hrtimer_start(&w->timer, ns_to_ktime(due), HRTIMER_MODE_ABS_SOFT);
}

/**
 * impair_release - hand back the packets whose time has come
 * @w: the direction
 *
 * Context: as dlil_filter_reinject(), without @w->lock.
 */
void impair_release(struct impair_way *w)
{
	struct sk_buff_head list;
	unsigned int i;
	u64 from = 0;

	__skb_queue_head_init(&list);
	spin_lock_bh(&w->lock);
	if (w->releasing)
		goto unlock;
	w->releasing = true;
	/* Bounded, because other processors may add packets as fast as this one takes them. */
	for (i = 0; i < ROUNDS && !w->ended && collect(w, &list); i++) {
		spin_unlock_bh(&w->lock);
		hand_on(w, &list);
		spin_lock_bh(&w->lock);
	}
	/*
	 * The kernel calls timers that are over by the time at which it began to look.  So a
	 * timer for packets whose time has come would not let others run.
	 */
	if (i == ROUNDS)
		from = ktime_get_ns() + PAUSE;
	w->releasing = false;
	set_timer(w, from);
unlock:
	spin_unlock_bh(&w->lock);
}

static enum hrtimer_restart timer_over(struct hrtimer *timer)
{
	impair_release(container_of(timer, struct impair_way, timer));
	return HRTIMER_NORESTART;
}

/*
 * Drop the references of a packet for which others could wait, but not the one to a TCP
 * socket if the packet only waits for the link (@queued), for @hold nanoseconds.  TCP must
 * see that packets are queued here, or it would send more of them (TCP small queues).  A
 * delay stands for one in the network, which TCP cannot see: if it did, it would wait for
 * each packet.  The socket lives until its data are acknowledged in any case, unless it is
 * reset; then its namespace may have to wait for the packet, so a packet that is held for
 * long drops the socket, too.
 */
static void let_go(struct sk_buff *skb, u64 hold, bool queued)
{
	struct sock *sk = skb->sk;

	if (!queued || hold > SOCKET_KEPT || !sk || !sk_fullsock(sk) ||
	    !sk_is_tcp(sk))
		skb_orphan(skb);
	dlil_packet_keep_owned(skb);
}

/* Store the state of a held packet in its skb->cb. */
static void prepare(const struct impair_way *w, struct sk_buff *skb, u32 family,
		    const struct impair_fate *fate, u64 due, u64 now, bool copy)
{
	struct held *h = held_of(skb);

	if (w->direction == DLIL_DIRECTION_OUT) {
		let_go(skb, due - now, !fate->delay && !fate->reordered);
	} else if (due > now || fate->reordered) {
		/* Clear the timestamp, so that the host sets it when the delay is over. */
		skb_clear_tstamp(skb);
	}
	h->due = due;
	h->family = family;
	h->reordered = fate->reordered;
	h->copy = copy;
}

/*
 * May one more packet be held?  Not if too many are held, or too much memory, or if the
 * link has more to send already than it can send in IMPAIR_BACKLOG_MAX.
 */
bool impair_has_room(const struct impair_way *w, const struct sk_buff *skb, u64 now)
{
	return w->counts.held < w->params.limit &&
	       (!w->memory || w->memory + skb->truesize <= IMPAIR_MEMORY_MAX) &&
	       w->state.link_free <= now + IMPAIR_BACKLOG_MAX;
}

/**
 * impair_due - when may a packet leave?
 * @w: the direction, with its lock held
 * @fate: fate of the packet
 * @len: length of the packet with its link header
 * @now: time
 *
 * Asking sends the packet over the link of the rate, if there is a rate: the next one
 * finds the link occupied for so long.  So ask once for each packet.
 */
u64 impair_due(struct impair_way *w, const struct impair_fate *fate, u32 len, u64 now)
{
	return impair_link(&w->params, &w->state, len, now) + fate->delay;
}

/**
 * impair_may_pass - may a packet that is sent leave without being held?
 * @w: the direction, with its lock held
 * @fate: fate of the packet
 * @due: time of the packet
 * @now: time
 *
 * If so, the caller must let it pass, since it is counted.  It may not if others leave
 * first, or are being handed back.  Do not ask for received packets: those in front may
 * have been handed back, and be in the input queue.
 */
bool impair_may_pass(struct impair_way *w, const struct impair_fate *fate, u64 due,
		     u64 now)
{
	if (due > now || fate->reordered || w->counts.held || w->releasing)
		return false;
	count_lateness(w, 0);
	return true;
}

/* Hold a copy of @skb, which stays as it is. */
static void hold_copy(struct impair_way *w, struct sk_buff *skb, u32 family,
		      const struct impair_fate *fate, u32 len, u64 now)
{
	struct sk_buff *copy;

	if (!impair_has_room(w, skb, now)) {
		/* The copy counts as made and as dropped, so that the counters add up. */
		w->counts.duplicated++;
		w->counts.limited++;
		return;
	}
	copy = skb_clone(skb, GFP_ATOMIC);
	if (!copy) {
		w->counts.failed++;
		return;
	}
	prepare(w, copy, family, fate, impair_due(w, fate, len, now), now, true);
	add(w, copy);
	w->counts.duplicated++;
}

/**
 * impair_hold - hold a packet until its time has come, and its copy
 * @w: the direction, with its lock held
 * @skb: the packet, on no list; consumed
 * @family: protocol family of the packet
 * @fate: fate of the packet, which is not lost
 * @len: length of the packet with its link header
 * @due: time of the packet, from impair_due()
 * @now: time
 *
 * The caller has asked impair_has_room(), and calls impair_release() afterwards, without
 * the lock.
 *
 * Context: bottom halves off.
 */
void impair_hold(struct impair_way *w, struct sk_buff *skb, u32 family,
		 const struct impair_fate *fate, u32 len, u64 due, u64 now)
{
	lockdep_assert_held(&w->lock);

	prepare(w, skb, family, fate, due, now, false);
	add(w, skb);
	if (fate->duplicated)
		hold_copy(w, skb, family, fate, len, now);
	w->counts.reordered += fate->reordered;
}

/**
 * impair_way_init - prepare a direction
 * @w: the direction
 * @direction: DLIL_DIRECTION_IN or DLIL_DIRECTION_OUT
 * @filter: points to where the reference of the filter will be
 * @params: parameters, checked
 */
void impair_way_init(struct impair_way *w, u32 direction,
		     const dlil_filter_t *filter,
		     const struct impair_params *params)
{
	spin_lock_init(&w->lock);
	w->direction = direction;
	w->filter = filter;
	w->params = *params;
	impair_state_init(&w->state, params->seed,
			  direction == DLIL_DIRECTION_OUT);
	w->tree = RB_ROOT_CACHED;
	__skb_queue_head_init(&w->ordered);
	__skb_queue_head_init(&w->waiting);
	compat_hrtimer_setup(&w->timer, timer_over, CLOCK_MONOTONIC,
			     HRTIMER_MODE_ABS_SOFT);
}

/**
 * impair_way_end - free all packets of a direction whose filter has been detached
 * @w: the direction
 *
 * The packets stay counted as stolen.
 *
 * Context: the filter's `detached`; may sleep.
 */
void impair_way_end(struct impair_way *w)
{
	struct sk_buff *skb;

	spin_lock_bh(&w->lock);
	w->ended = true;
	spin_unlock_bh(&w->lock);
	hrtimer_cancel(&w->timer);
	while ((skb = first(w))) {
		take(w, skb);
		kfree_skb(skb);
		cond_resched();
	}
	while ((skb = __skb_dequeue(&w->waiting))) {
		kfree_skb(skb);
		cond_resched();
	}
}
