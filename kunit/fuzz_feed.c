// SPDX-License-Identifier: GPL-2.0
/* Feeds frames in bursts, from several threads. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/etherdevice.h>
#include <linux/if_packet.h>
#include <linux/if_vlan.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/kthread.h>

#include "fuzz.h"

#define FUZZ_WORKERS	2
#define FUZZ_BURST	64
#define FUZZ_HELD	32	/* clones and shared packets that a worker holds */

static struct fuzz_target *targets;
static unsigned int n_targets;
static unsigned long count;

static bool stopping;
static atomic_long_t bursts = ATOMIC_LONG_INIT(0);
static atomic_long_t fed = ATOMIC_LONG_INIT(0);

/**
 * struct held - a packet that a worker shares with the code under test
 * @skb: the packet
 * @sum: checksum of its data, if that must not change
 * @clone: a clone, rather than a shared skb
 */
struct held {
	struct sk_buff *skb;
	__wsum sum;
	bool clone;
};

struct worker {
	struct completion done;
	struct fuzz_maker m;
	struct held held[FUZZ_HELD];
	unsigned int n_held;
	struct fuzz_routes routes;
};

static struct worker workers[FUZZ_WORKERS];

static void let_go(struct worker *w, unsigned int i)
{
	struct held *h = &w->held[i];

	if (!h->skb)
		return;
	if (h->clone && skb_checksum(h->skb, 0, h->skb->len, 0) != h->sum)
		fuzz_fail("the data of a clone was changed");
	kfree_skb(h->skb);
	h->skb = NULL;
}

static void hold(struct worker *w, struct sk_buff *skb, bool clone)
{
	unsigned int i = w->n_held++ % FUZZ_HELD;

	let_go(w, i);
	w->held[i] = (struct held){
		.skb = skb,
		.sum = clone ? skb_checksum(skb, 0, skb->len, 0) : 0,
		.clone = clone,
	};
}

/* Do not clone what the kernel's own segmentation of UDP writes to. */
static void maybe_clone(struct worker *w, struct sk_buff *skb)
{
	struct sk_buff *clone;

	if (rnd(&w->m.rnd, 6) || skb_shinfo(skb)->gso_type & SKB_GSO_UDP)
		return;
	clone = skb_clone(skb, GFP_KERNEL);
	if (!clone)
		return;
	fuzz_track(clone);
	hold(w, clone, true);
}

static struct sk_buff *next_packet(struct worker *w, struct fuzz_target *t,
				   fuzz_make make)
{
	struct sk_buff *skb = make(&w->m, t, GFP_KERNEL);

	if (skb)
		maybe_clone(w, skb);
	return skb;
}

static unsigned int make_list(struct worker *w, struct fuzz_target *t,
			      fuzz_make make, unsigned int n,
			      struct sk_buff_head *list)
{
	struct sk_buff *skb;

	__skb_queue_head_init(list);
	while (n--) {
		skb = next_packet(w, t, make);
		if (skb)
			__skb_queue_tail(list, skb);
	}
	return skb_queue_len(list);
}

/* Does a frame for a device reach its rx_handler? */
static bool reaches_handler(const struct sk_buff *skb)
{
	if (skb->pfmemalloc)
		return false;
	return !eth_type_vlan(skb->protocol) || skb_vlan_tag_present(skb) ||
	       skb->len >= VLAN_HLEN + sizeof(u16);
}

static void count_in(struct fuzz_target *t, const struct sk_buff *skb)
{
	fuzz_add(t, HANDED_IN, 1);
	fuzz_add(t, BYTES_IN, skb->len + (skb->data - skb_mac_header(skb)));
}

void fuzz_hand_out(struct fuzz_target *t, u32 family,
		   struct sk_buff_head *list, const struct sockaddr *dest,
		   u32 flags)
{
	int err;

	fuzz_add(t, HANDED_OUT, skb_queue_len(list));
	err = dlil_output(t->ifp, family, list, dest, flags);
	if (err > 0 || err < -MAX_ERRNO || err == -ENOTSUPP)
		fuzz_fail("dlil_output() returned %d", err);
	if (!skb_queue_empty(list))
		fuzz_fail("dlil_output() left something in the list");
}

static void hand_in(struct fuzz_target *t, struct sk_buff_head *list,
		    const struct dlil_stats *inc)
{
	struct sk_buff *skb;
	int err;

	skb_queue_walk(list, skb)
		count_in(t, skb);
	err = dlil_input(t->ifp, list, inc);
	if (err && err != -ENOBUFS)
		fuzz_fail("dlil_input() returned %d", err);
	if (!skb_queue_empty(list))
		fuzz_fail("dlil_input() left something in the list");
}

static void feed_input(struct worker *w, struct fuzz_target *t, unsigned int n)
{
	static const struct dlil_stats inc = { .ierrors = 1 };
	struct sk_buff_head list;
	struct sk_buff *skb;
	int err;

	if (!make_list(w, t, fuzz_make_received, n, &list))
		return;
	if (rnd(&w->m.rnd, 2)) {
		hand_in(t, &list, rnd(&w->m.rnd, 2) ? &inc : NULL);
		return;
	}
	while ((skb = __skb_dequeue(&list))) {
		count_in(t, skb);
		err = dlil_input_one(t->ifp, skb);
		if (err && err != -ENOBUFS)
			fuzz_fail("dlil_input_one() returned %d", err);
	}
}

/* Feed packets that the device receives. */
static void feed_device(struct worker *w, struct fuzz_target *t, unsigned int n)
{
	bool as_list = rnd(&w->m.rnd, 2);
	struct sk_buff_head list;
	struct sk_buff *skb;
	LIST_HEAD(packets);

	make_list(w, t, fuzz_make_received, n, &list);
	while ((skb = __skb_dequeue(&list))) {
		if (reaches_handler(skb))
			fuzz_add(t, HANDED_IN, 1);
		if (one_in(&w->m.rnd, 12))
			hold(w, skb_get(skb), false);
		list_add_tail(&skb->list, &packets);
	}
	local_bh_disable();
	if (as_list)
		netif_receive_skb_list(&packets);
	while (!as_list && !list_empty(&packets)) {
		skb = list_first_entry(&packets, struct sk_buff, list);
		skb_list_del_init(skb);
		netif_receive_skb(skb);
	}
	local_bh_enable();
}

/* Feed packets that the host sends through the device. */
static void feed_xmit(struct worker *w, struct fuzz_target *t, unsigned int n)
{
	struct sk_buff *skb;

	while (n--) {
		skb = next_packet(w, t, fuzz_make_sent);
		if (skb)
			dev_queue_xmit(skb);
	}
}

static void feed_raw(struct worker *w, struct fuzz_target *t, unsigned int n)
{
	struct sk_buff_head list;

	make_list(w, t, fuzz_make_sent, n, &list);
	fuzz_hand_out(t, rnd(&w->m.rnd, 2) ? DLIL_PF_INET : 0, &list, NULL,
		      DLIL_OUTPUT_RAW);
}

/* Feed packets without a link header, with some destination. */
static void feed_framed(struct worker *w, struct fuzz_target *t, unsigned int n)
{
	static const u32 families[] = {
		DLIL_PF_INET, DLIL_PF_INET, DLIL_PF_INET6, DLIL_PF_INET6,
		DLIL_PF_VLAN, DLIL_PF_PRIVATE + 1, DLIL_PF_PRIVATE + 9, 0,
	};
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6 };
	struct sockaddr *dest = (struct sockaddr *)&sin;
	u32 family = families[rnd(&w->m.rnd, ARRAY_SIZE(families))];
	struct sk_buff_head list;
	bool odd;

	sin.sin_addr.s_addr = fuzz_some_inet(&w->m);
	fuzz_some_inet6(&w->m, &sin6.sin6_addr);
	/* Mostly the right kind of address, sometimes the wrong one. */
	odd = one_in(&w->m.rnd, 16);
	if (family == DLIL_PF_INET6 ? !odd : odd)
		dest = (struct sockaddr *)&sin6;
	if (one_in(&w->m.rnd, 16))
		dest = NULL;
	make_list(w, t, fuzz_make_unframed, n, &list);
	fuzz_hand_out(t, family, &list, dest, 0);
}

/* Packets that filters have kept continue where they were taken. */
static void feed_parked(struct fuzz_target *t, bool in)
{
	unsigned int n = FUZZ_BURST;
	struct sk_buff_head list;
	struct sk_buff *skb;

	__skb_queue_head_init(&list);
	while (n-- && (skb = skb_dequeue(&t->parked[in]))) {
		/* Get a different fate this time. */
		skb->mark = fuzz_whim(skb, 4000);
		__skb_queue_tail(&list, skb);
	}
	if (skb_queue_empty(&list))
		return;
	if (in)
		hand_in(t, &list, NULL);
	else
		fuzz_hand_out(t, 0, &list, NULL, DLIL_OUTPUT_RAW);
}

/* Any filter but the first one, which counts, and stays where it is. */
static struct fuzz_filter *any_filter(struct worker *w, struct fuzz_target *t)
{
	return &t->filters[1 + rnd(&w->m.rnd, FUZZ_FILTERS - 1)];
}

/* Replace a filter, and move another one, in one step (FLT-13). */
static void change_in_step(struct worker *w, struct fuzz_target *t)
{
	struct fuzz_filter *f = any_filter(w, t), *g = any_filter(w, t);
	dlil_filter_t ref = 0;
	const struct dlil_filter_change changes[] = {
		{
			.change = DLIL_CHANGE_REPLACE,
			.old = f->ref,
			.params = &f->params,
			.ref = &ref,
		}, {
			.change = DLIL_CHANGE_MOVE,
			.old = g->ref,
			.place = DLIL_PLACE_LAST,
		},
	};
	int err;

	err = dlil_filter_update(t->ifp, changes, f == g ? 1 : 2, 0);
	if (err) {
		fuzz_fail("filters cannot be changed: %d", err);
		return;
	}
	f->ref = ref;
	fuzz_add(t, ATTACHED, 1);
}

/* Detach a filter, or attach it behind the others.  Used by one worker only. */
static void change_filter(struct worker *w, struct fuzz_target *t)
{
	struct fuzz_filter *f;
	int err;

	if (rnd(&w->m.rnd, 2)) {
		change_in_step(w, t);
		return;
	}
	f = any_filter(w, t);
	err = rnd(&w->m.rnd, 2) ? dlil_filter_detach(f->ref) :
				  dlil_filter_detach_async(f->ref);
	if (err)
		fuzz_fail("filter cannot be detached: %d", err);
	err = fuzz_filter_attach(f);
	if (err)
		fuzz_fail("filter cannot be attached again: %d", err);
}

/* Let the code under test catch up, more or less. */
static void wait_for_others(int limit)
{
	unsigned long deadline = jiffies + FUZZ_DEADLINE;

	while (fuzz_live() > limit && !READ_ONCE(stopping)) {
		if (time_after(jiffies, deadline)) {
			fuzz_fail("%d packets are stuck", fuzz_live());
			WRITE_ONCE(stopping, true);
		}
		schedule_timeout_uninterruptible(1);
	}
}

/* Report each tenth of the run. */
static void say_progress(unsigned int n)
{
	unsigned long now = atomic_long_add_return(n, &fed);

	if (now * 10 / count != (now - n) * 10 / count)
		pr_info("%lu of %lu frames\n", min(now, count), count);
}

static void feed_burst(struct worker *w, unsigned long number)
{
	struct fuzz_target *t;
	unsigned int n;

	prandom_seed_state(&w->m.rnd, (u64)fuzz_seed << 32 | (u32)number);
	n = 1 + rnd(&w->m.rnd, rnd(&w->m.rnd, 4) ? 8 : FUZZ_BURST);
	t = &targets[rnd(&w->m.rnd, n_targets)];
	switch (rnd(&w->m.rnd, 5)) {
	case 0:
	case 1:
		if (t->dev)
			feed_device(w, t, n);
		else
			feed_input(w, t, n);
		break;
	case 2:
		if (t->dev)
			feed_xmit(w, t, n);
		else
			feed_raw(w, t, n);
		break;
	case 3:
		feed_raw(w, t, n);
		break;
	case 4:
		feed_framed(w, t, n);
		break;
	}
	feed_parked(t, number & 1);
	say_progress(n);
}

static int work(void *arg)
{
	struct worker *w = arg;
	unsigned long number;
	unsigned int i;

	while (atomic_long_read(&fed) < count && !READ_ONCE(stopping)) {
		number = atomic_long_inc_return(&bursts);
		feed_burst(w, number);
		if (w == workers && one_in(&w->m.rnd, 128))
			change_filter(w, &targets[rnd(&w->m.rnd, n_targets)]);
		if (one_in(&w->m.rnd, 8))
			fuzz_call(&w->m, &targets[rnd(&w->m.rnd, n_targets)],
				  &w->routes, w == workers);
		wait_for_others(512 + rnd(&w->m.rnd, 1500));
		cond_resched();
	}
	for (i = 0; i < FUZZ_HELD; i++)
		let_go(w, i);
	fuzz_calls_end(&w->routes);
	kthread_complete_and_exit(&w->done, 0);
}

/* Feed @frames frames to the @n ifnets; *@made is the number that was fed. */
int fuzz_feed(struct fuzz_target *to, unsigned int n, unsigned long frames,
	      unsigned long *made)
{
	struct task_struct *task;
	unsigned int i, started;
	int err = 0;

	targets = to;
	n_targets = n;
	count = frames;
	for (started = 0; started < FUZZ_WORKERS; started++) {
		init_completion(&workers[started].done);
		task = kthread_run(work, &workers[started], "dlil_fuzz/%u",
				   started);
		if (IS_ERR(task)) {
			err = PTR_ERR(task);
			WRITE_ONCE(stopping, true);
			break;
		}
	}
	for (i = 0; i < started; i++)
		if (wait_for_completion_killable(&workers[i].done)) {
			err = -EINTR;
			WRITE_ONCE(stopping, true);
			wait_for_completion(&workers[i].done);
		}
	*made = atomic_long_read(&fed);
	return err;
}
