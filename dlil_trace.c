// SPDX-License-Identifier: GPL-2.0
/*
 * Tracers: users who are told of each dropped packet (STA-6).
 *
 * Packets are dropped in any context, where nothing can wait for a reader.  So a drop
 * is written to a ring of each tracer that wants it, and a work sends what is in the
 * ring.  A packet that finds the ring full is only counted, and its number is sent.
 *
 * While there is no tracer, a static key keeps all of this out of the way, and the key
 * dlil_verdicts_key lets filters run without anybody watching their verdicts.
 *
 * A tracer is in use by these, in the order in which its end waits for them: drops, in
 * RCU read sections; and the work, which nothing but a drop or the work itself queues.
 *
 * The lock of a ring keeps interrupts off, since nothing forbids an owner of a packet to
 * free it so, and it is held for the copy of one record.  On PREEMPT_RT it is a mutex;
 * packets are not freed in atomic sections there.
 */
#include <linux/if_ether.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/skbuff.h>
#include <linux/timekeeping.h>

#include "dlil_export.h"
#include "dlil_ifnet.h"
#include "dlil_inspect.h"
#include "dlil_trace.h"

/* A record waits for others that long, and a reader who is late is given that long. */
#define DELAY msecs_to_jiffies(10)

DEFINE_STATIC_KEY_FALSE(dlil_trace_key);
EXPORT_SYMBOL_FOR_TEST(dlil_trace_key);

/* Protects the list; readers are in RCU read sections. */
static DEFINE_MUTEX(tracers_lock);
static LIST_HEAD(tracers);

/* The start of the link header, or, for a packet that has none, of the data. */
static const u8 *start_of(const struct dlil_ifnet *ifp, u32 direction,
			  const struct sk_buff *skb, bool *has_header)
{
	const u8 *mac = skb_mac_header_was_set(skb) ? skb_mac_header(skb) : NULL;
	bool ethernet = ifp->kind == DLIL_IFNET_ETHERNET ||
			ifp->kind == DLIL_IFNET_LOOPBACK;

	*has_header = false;
	if (!ethernet || !mac || mac < skb->head || mac > skb->data)
		return skb->data;
	/* A packet that is being sent begins with it, as soon as it is framed. */
	if (direction == DLIL_DIRECTION_OUT)
		*has_header = mac == skb->data && skb->len >= ETH_HLEN;
	else
		*has_header = skb->data - mac >= ETH_HLEN;
	return *has_header ? mac : skb->data;
}

static void describe(struct dlil_trace_record *r, const struct dlil_ifnet *ifp,
		     const struct sk_buff *skb)
{
	const u8 *start = start_of(ifp, r->direction, skb, &r->has_header);
	unsigned int header = skb->data - start, n;

	r->has_packet = true;
	r->type = skb->protocol;
	if (skb_vlan_tag_present(skb)) {
		r->vlan_proto = skb->vlan_proto;
		r->vlan_tci = skb_vlan_tag_get(skb);
	}
	r->len = skb->len + header;
	header = min_t(unsigned int, header, sizeof(r->bytes));
	memcpy(r->bytes, start, header);
	n = min_t(unsigned int, skb->len, sizeof(r->bytes) - header);
	/* The pages behind the head of a packet may not be readable. */
	if (skb_copy_bits(skb, 0, r->bytes + header, n)) {
		n = min(n, skb_headlen(skb));
		memcpy(r->bytes + header, skb->data, n);
	}
	r->n = header + n;
}

static void record(struct dlil_tracer *t, const struct dlil_ifnet *ifp,
		   u32 direction, enum dlil_drop_reason why, const char *by,
		   const struct sk_buff *skb)
{
	struct dlil_trace_record *r;
	unsigned long flags;
	unsigned int n;

	spin_lock_irqsave(&t->lock, flags);
	n = t->head - t->tail;
	if (n == DLIL_TRACE_RECORDS) {
		t->lost++;
		goto unlock;
	}
	r = &t->records[t->head % DLIL_TRACE_RECORDS];
	memset(r, 0, offsetof(struct dlil_trace_record, bytes));
	r->time = ktime_get_real_ns();
	r->ifindex = ifp->ifindex;
	strscpy(r->ifname, ifp->name, sizeof(r->ifname));
	r->direction = direction;
	r->why = why;
	if (by)
		strscpy(r->by, by, sizeof(r->by));
	if (skb)
		describe(r, ifp, skb);
	t->head++;
	if (!n)
		queue_delayed_work(system_unbound_wq, &t->work, DELAY);
	else if (n == DLIL_TRACE_RECORDS / 2)
		mod_delayed_work(system_unbound_wq, &t->work, 0);
unlock:
	spin_unlock_irqrestore(&t->lock, flags);
}

/* Same as dlil_trace_drop(), behind its key. */
void __dlil_trace_drop(const struct dlil_ifnet *ifp, u32 direction,
		       enum dlil_drop_reason why, const char *by,
		       const struct sk_buff *skb)
{
	struct dlil_tracer *t;

	rcu_read_lock();
	list_for_each_entry_rcu(t, &tracers, list)
		if (t->net_cookie == ifp->net_cookie &&
		    (!t->ifindex || t->ifindex == ifp->ifindex))
			record(t, ifp, direction, why, by, skb);
	rcu_read_unlock();
}
EXPORT_SYMBOL_FOR_TEST(__dlil_trace_drop);

/* Send all there is.  Returns 0, or the error of the tracer's `send`. */
static int flush(struct dlil_tracer *t)
{
	unsigned int n, start;
	u64 lost;
	int err;

	for (;;) {
		spin_lock_irq(&t->lock);
		n = t->head - t->tail;
		start = t->tail % DLIL_TRACE_RECORDS;
		lost = t->lost;
		spin_unlock_irq(&t->lock);
		if (!n && !lost)
			return 0;
		n = min_t(unsigned int, n, DLIL_TRACE_RECORDS - start);
		err = t->send(t, &t->records[start], &n, lost);
		if (err)
			return err;
		spin_lock_irq(&t->lock);
		t->tail += n;
		t->lost -= lost;
		spin_unlock_irq(&t->lock);
		cond_resched();
	}
}

static void send_work(struct work_struct *work)
{
	struct dlil_tracer *t = container_of(to_delayed_work(work),
					     struct dlil_tracer, work);

	if (flush(t) == -EAGAIN)
		queue_delayed_work(system_unbound_wq, &t->work, DELAY);
}

/* Is there room for another tracer in the netns? */
static bool has_room(u64 net_cookie)
{
	unsigned int all = 0, here = 0;
	const struct dlil_tracer *t;

	lockdep_assert_held(&tracers_lock);

	list_for_each_entry(t, &tracers, list) {
		all++;
		here += t->net_cookie == net_cookie;
	}
	return all < DLIL_TRACERS_MAX && here < DLIL_TRACERS_NET;
}

/**
 * dlil_trace_start - tell a tracer of each packet that is dropped from now on
 * @t: the tracer; it must stay until dlil_trace_end() has returned
 *
 * Row STA-6.
 *
 * Context: process; may sleep.
 * Return: 0; -ENOSPC if there are too many; -ENOMEM.
 */
int dlil_trace_start(struct dlil_tracer *t)
{
	int err = 0;

	t->records = kvcalloc(DLIL_TRACE_RECORDS, sizeof(*t->records),
			      GFP_KERNEL_ACCOUNT);
	if (!t->records)
		return -ENOMEM;
	spin_lock_init(&t->lock);
	t->head = 0;
	t->tail = 0;
	t->lost = 0;
	INIT_DELAYED_WORK(&t->work, send_work);
	mutex_lock(&tracers_lock);
	if (has_room(t->net_cookie))
		list_add_tail_rcu(&t->list, &tracers);
	else
		err = -ENOSPC;
	mutex_unlock(&tracers_lock);
	if (err) {
		kvfree(t->records);
		return err;
	}
	static_branch_inc(&dlil_verdicts_key);
	static_branch_inc(&dlil_trace_key);
	/* Drops that were too early to be recorded are over, outside of input threads. */
	synchronize_rcu();
	return 0;
}
EXPORT_SYMBOL_FOR_TEST(dlil_trace_start);

/**
 * dlil_trace_end - stop telling a tracer
 * @t: the tracer; afterwards nobody uses it any more
 *
 * Tries once to send what has not been sent.
 *
 * Context: process; may sleep, for as long as RCU readers and `send` take.
 * Return: the number of packets that the tracer has not been told of, nor that they were
 * lost.
 */
u64 dlil_trace_end(struct dlil_tracer *t)
{
	static_branch_dec(&dlil_trace_key);
	static_branch_dec(&dlil_verdicts_key);
	mutex_lock(&tracers_lock);
	list_del_rcu(&t->list);
	mutex_unlock(&tracers_lock);
	synchronize_rcu();
	cancel_delayed_work_sync(&t->work);
	flush(t);
	kvfree(t->records);
	return t->head - t->tail + t->lost;
}
EXPORT_SYMBOL_FOR_TEST(dlil_trace_end);
