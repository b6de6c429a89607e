// SPDX-License-Identifier: GPL-2.0
#include <linux/console.h>
#include <linux/etherdevice.h>
#include <linux/kthread.h>
#include <linux/rtnetlink.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "../dlil_event.h"
#include "../dlil_filter.h"
#include "../dlil_ifnet.h"
#include "../dlil_netdev.h"
#include "fail.h"
#include "fake.h"

const u8 fake_lladdr[ETH_ALEN] = { 0x02, 0x11, 0x22, 0x33, 0x44, 0x55 };

const u8 fake_target[ETH_ALEN] = { 0x02, 't', 'a', 'r', 'g', 'e' };

/* Packets that are not freed, and ifnets that are not destroyed. */
static atomic_t live_skbs = ATOMIC_INIT(0);
static atomic_t live_fakes = ATOMIC_INIT(0);

void fake_trace(struct fake *fake, const char *fmt, ...)
{
	unsigned long flags;
	va_list args;

	spin_lock_irqsave(&fake->lock, flags);
	if (fake->len)
		fake->len += scnprintf(fake->trace + fake->len,
				       FAKE_TRACE - fake->len, " ");
	va_start(args, fmt);
	fake->len += vscnprintf(fake->trace + fake->len,
				FAKE_TRACE - fake->len, fmt, args);
	va_end(args);
	spin_unlock_irqrestore(&fake->lock, flags);
}

void fake_trace_clear(struct fake *fake)
{
	unsigned long flags;

	spin_lock_irqsave(&fake->lock, flags);
	fake->len = 0;
	fake->trace[0] = '\0';
	spin_unlock_irqrestore(&fake->lock, flags);
}

/* Packets */

static void skb_destroyed(struct sk_buff *skb)
{
	atomic_dec(&live_skbs);
}

int fake_skbs(void)
{
	return atomic_read(&live_skbs);
}

/*
 * A packet with @len bytes of data, and as much headroom; the caller fills it
 * in.
 */
struct sk_buff *fake_skb(struct fake *fake, unsigned int len)
{
	struct sk_buff *skb = alloc_skb(2 * len + FAKE_HLEN, GFP_ATOMIC);

	KUNIT_ASSERT_NOT_NULL(fake->test, skb);
	skb_reserve(skb, len + FAKE_HLEN);
	skb->destructor = skb_destroyed;
	atomic_inc(&live_skbs);
	return skb;
}

struct sk_buff *fake_copy(struct fake *fake, struct sk_buff *skb)
{
	struct sk_buff *copy = pskb_copy(skb, GFP_ATOMIC);

	KUNIT_EXPECT_NOT_NULL(fake->test, copy);
	if (copy) {
		copy->destructor = skb_destroyed;
		atomic_inc(&live_skbs);
	}
	return copy;
}

struct fake_payload *fake_payload(const struct sk_buff *skb)
{
	return (struct fake_payload *)skb_network_header(skb);
}

struct sk_buff *fake_tx(struct fake *fake, u32 seq)
{
	struct fake_payload *payload;
	struct sk_buff *skb;

	skb = fake_skb(fake, sizeof(*payload));
	skb_reset_network_header(skb);
	payload = skb_put_zero(skb, sizeof(*payload));
	payload->seq = seq;
	return skb;
}

struct sk_buff *fake_raw(struct fake *fake, u32 seq)
{
	struct sk_buff *skb = fake_tx(fake, seq);

	memset(skb_push(skb, FAKE_HLEN), 0, FAKE_HLEN);
	skb_reset_mac_header(skb);
	return skb;
}

struct sk_buff *fake_rx(struct fake *fake, u32 family, u32 seq)
{
	struct sk_buff *skb = fake_raw(fake, seq);

	fake_payload(skb)->family = family;
	skb_pull(skb, FAKE_HLEN);
	return skb;
}

/* Do what the packet tells @stage to do; if that is stealing, free the packet. */
static int obey(struct sk_buff *skb, enum fake_stage stage)
{
	int verdict = fake_payload(skb)->verdict[stage];

	if (verdict == DLIL_STOLEN)
		kfree_skb(skb);
	return verdict;
}

static u32 seq_of(const struct sk_buff *skb)
{
	return fake_payload(skb)->seq;
}

/* The driver */

static int driver_set_tap(struct dlil_ifnet *ifp, u32 mode,
			  const struct dlil_tap *tap)
{
	struct fake *fake = dlil_ifnet_priv(ifp);

	fake_trace(fake, "T%u", mode);
	if (mode && fake->tap_error)
		return fake->tap_error;
	rcu_assign_pointer(fake->tap[0], mode & DLIL_TAP_INPUT ? tap : NULL);
	rcu_assign_pointer(fake->tap[1], mode & DLIL_TAP_OUTPUT ? tap : NULL);
	return 0;
}

static void show(struct fake *fake, enum dlil_tap_mode way,
		 const struct sk_buff *skb)
{
	const struct dlil_tap *tap;

	local_bh_disable();
	rcu_read_lock();
	tap = rcu_dereference(fake->tap[way == DLIL_TAP_OUTPUT]);
	if (tap)
		tap->packet(tap->cookie, fake->ifp, way, skb);
	rcu_read_unlock();
	local_bh_enable();
}

static int driver_output(struct dlil_ifnet *ifp, struct sk_buff *skb)
{
	struct fake *fake = dlil_ifnet_priv(ifp);
	int err = fake_payload(skb)->verdict[FAKE_DRIVER];

	show(fake, DLIL_TAP_OUTPUT, skb);
	fake_trace(fake, "D%u", seq_of(skb));
	if (fake->output_hook)
		fake->output_hook(fake, skb);
	if (err)
		kfree_skb(skb);
	else
		skb_queue_tail(&fake->sent, skb);
	return err;
}

/* Used by tests that put it into the driver operations. */
void fake_unmatched(struct dlil_ifnet *ifp, struct sk_buff_head *list,
		    enum dlil_drop_reason why)
{
	struct fake *fake = dlil_ifnet_priv(ifp);
	unsigned int keep = fake->keep_unmatched;
	struct sk_buff *skb;

	fake_trace(fake, "U%d[", why);
	skb_queue_walk(list, skb)
		fake_trace(fake, "%u", seq_of(skb));
	fake_trace(fake, "]");
	for (; keep && (skb = __skb_dequeue(list)); keep--)
		kfree_skb(skb);
}

static void trace_event(struct fake *fake, char tag,
			const struct dlil_event *event)
{
	bool dl = event->subclass == DLIL_EVENT_SUBCLASS_DL;
	u32 bit = dl && event->code < 32 ? BIT(event->code) : BIT(0);

	if (fake->codes & bit)
		fake_trace(fake, dl ? "%c!%u" : "%c!f%u", tag, event->code);
}

static void driver_event(struct dlil_ifnet *ifp, const struct dlil_event *event)
{
	trace_event(dlil_ifnet_priv(ifp), 'D', event);
}

static int driver_ioctl(struct dlil_ifnet *ifp, u32 code, void *arg)
{
	struct fake *fake = dlil_ifnet_priv(ifp);

	fake_trace(fake, "D:%u", code);
	return fake->answer;
}

static int outside(struct notifier_block *nb, unsigned long what, void *ptr)
{
	struct fake *fake = container_of(nb, struct fake, listener.nb);
	const struct dlil_told *told = ptr;

	if (told->ifp != fake->ifp)
		return NOTIFY_DONE;
	if (what == DLIL_TELL_LOST) {
		atomic_inc(&fake->losses);
		return NOTIFY_DONE;
	}
	if (what != DLIL_TELL_EVENT)
		return NOTIFY_DONE;
	trace_event(fake, 'o', told->event);
	if (fake->event_hook)
		fake->event_hook(fake, told->event);
	return NOTIFY_DONE;
}

/* Trace events with a bit in @codes from now on. */
void fake_listen(struct fake *fake, u32 codes)
{
	fake->codes = codes;
	fake->listener.nb.notifier_call = outside;
	KUNIT_ASSERT_EQ(fake->test, dlil_event_listen(&fake->listener), 0);
}

static void driver_free(struct dlil_ifnet *ifp)
{
	struct fake *fake = dlil_ifnet_priv(ifp);

	fake_trace(fake, "free");
	atomic_inc(&fake->freed);
	if (fake->free_hook)
		fake->free_hook(fake);
}

/* The family: reads everything from the payload and header. */

static int family_demux(struct dlil_ifnet *ifp, struct sk_buff *skb,
			u32 *family)
{
	struct fake_payload *payload = fake_payload(skb);
	int err = payload->verdict[FAKE_DEMUX];

	skb->pkt_type = payload->pkt_type;
	*family = payload->family;
	if (err == DLIL_STOLEN)
		kfree_skb(skb);
	return err;
}

static int family_framer(struct dlil_ifnet *ifp, struct sk_buff **skb,
			 const struct dlil_frame *frame)
{
	struct fake *fake = dlil_ifnet_priv(ifp);
	u8 *header;
	int err;

	fake_trace(fake, "h%u", seq_of(*skb));
	err = obey(*skb, FAKE_FRAMER);
	if (err) {
		if (err != DLIL_STOLEN && fake->framer_loses) {
			kfree_skb(*skb);
			*skb = NULL;
		}
		return err;
	}
	header = skb_push(*skb, FAKE_HLEN);
	skb_reset_mac_header(*skb);
	memset(header, 0, FAKE_HLEN);
	memcpy(header, frame->dest, ETH_ALEN);
	memcpy(header + ETH_ALEN, &frame->type, sizeof(frame->type));
	return 0;
}

static int family_add_proto(struct dlil_ifnet *ifp, u32 family,
			    const struct dlil_demux_desc *descs,
			    unsigned int n)
{
	struct fake *fake = dlil_ifnet_priv(ifp);

	if (fake->add_error)
		return fake->add_error;
	fake->protos_added++;
	return 0;
}

static int family_del_proto(struct dlil_ifnet *ifp, u32 family)
{
	struct fake *fake = dlil_ifnet_priv(ifp);

	fake->protos_deleted++;
	return 0;
}

/* Filters */

static int filter_run(struct fake_filter *f, struct sk_buff **skb,
		      enum fake_stage stage)
{
	atomic_inc(&f->calls);
	fake_trace(f->fake, "%c%u", f->tag, seq_of(*skb));
	if (f->hook)
		return f->hook(f, skb);
	if (f->verdict) {
		if (f->verdict == DLIL_STOLEN)
			kfree_skb(*skb);
		return f->verdict;
	}
	return obey(*skb, stage);
}

static int filter_input(void *cookie, struct dlil_ifnet *ifp, u32 family,
			struct sk_buff **skb)
{
	struct fake_filter *f = cookie;

	KUNIT_EXPECT_PTR_EQ(f->fake->test, ifp, f->fake->ifp);
	return filter_run(f, skb, FAKE_FILTER_IN);
}

/* Each packet of the list decides its own fate. */
static void filter_input_list(void *cookie, struct dlil_ifnet *ifp, u32 family,
			      struct sk_buff_head *list,
			      struct sk_buff_head *drop)
{
	struct sk_buff *skb, *next;
	struct fake_filter *f = cookie;
	int verdict;

	KUNIT_EXPECT_PTR_EQ(f->fake->test, ifp, f->fake->ifp);
	KUNIT_EXPECT_FALSE(f->fake->test, skb_queue_empty(list));
	KUNIT_EXPECT_TRUE(f->fake->test, skb_queue_empty(drop));
	atomic_inc(&f->calls);
	fake_trace(f->fake, "%c[", f->tag);
	skb_queue_walk(list, skb)
		fake_trace(f->fake, "%u", seq_of(skb));
	fake_trace(f->fake, "]");
	if (f->list_hook)
		return f->list_hook(f, list, drop);
	skb_queue_walk_safe(list, skb, next) {
		verdict = fake_payload(skb)->verdict[FAKE_FILTER_LIST];
		if (verdict == DLIL_STOLEN) {
			__skb_unlink(skb, list);
			kfree_skb(skb);
		} else if (verdict) {
			dlil_filter_drop(skb, list, drop);
		}
	}
}

static int filter_output(void *cookie, struct dlil_ifnet *ifp, u32 family,
			 struct sk_buff **skb)
{
	struct fake_filter *f = cookie;

	KUNIT_EXPECT_PTR_EQ(f->fake->test, ifp, f->fake->ifp);
	return filter_run(f, skb, FAKE_FILTER_OUT);
}

void fake_filter_event(void *cookie, struct dlil_ifnet *ifp,
		       const struct dlil_event *event)
{
	struct fake_filter *f = cookie;

	trace_event(f->fake, f->tag, event);
	if (f->event_hook)
		f->event_hook(f, event);
}

int fake_filter_ioctl(void *cookie, struct dlil_ifnet *ifp, u32 family,
		      u32 code, void *arg)
{
	struct fake_filter *f = cookie;

	fake_trace(f->fake, "%c:%u", f->tag, code);
	if (f->ioctl_hook)
		f->ioctl_hook(f, code, arg);
	return f->answer;
}

static void filter_detached(void *cookie, struct dlil_ifnet *ifp)
{
	struct fake_filter *f = cookie;

	atomic_inc(&f->detached);
	fake_trace(f->fake, "~%c", f->tag);
}

const struct dlil_filter_ops fake_filter_in_ops = {
	.input = filter_input,
	.detached = filter_detached,
};

const struct dlil_filter_ops fake_filter_out_ops = {
	.output = filter_output,
	.detached = filter_detached,
};

const struct dlil_filter_ops fake_filter_both_ops = {
	.input = filter_input,
	.output = filter_output,
	.detached = filter_detached,
};

const struct dlil_filter_ops fake_filter_list_ops = {
	.input_list = filter_input_list,
	.output = filter_output,
	.detached = filter_detached,
};

struct fake_filter *fake_filter_new(struct fake *fake, char tag,
				    const struct dlil_filter_ops *ops)
{
	struct fake_filter *f = &fake->filters[fake->n_filters];

	KUNIT_ASSERT_LT(fake->test, fake->n_filters, FAKE_FILTERS);
	fake->n_filters++;
	f->fake = fake;
	f->tag = tag;
	f->ops = *ops;
	f->params.ops = &f->ops;
	f->params.name = "fake";
	f->params.cookie = f;
	return f;
}

int fake_filter_attach(struct fake_filter *f)
{
	int err = dlil_filter_attach(f->fake->ifp, &f->params, &f->ref);

	if (!err)
		f->attached++;
	return err;
}

struct fake_filter *fake_filter(struct fake *fake, char tag,
				const struct dlil_filter_ops *ops)
{
	struct fake_filter *f = fake_filter_new(fake, tag, ops);

	KUNIT_ASSERT_EQ(fake->test, fake_filter_attach(f), 0);
	KUNIT_ASSERT_NE(fake->test, f->ref, 0);
	return f;
}

/* Protocols */

static int proto_input(void *cookie, struct dlil_ifnet *ifp, u32 family,
		       struct sk_buff *skb)
{
	struct fake_proto *p = cookie;
	int err;

	KUNIT_EXPECT_EQ(p->fake->test, family, p->family);
	atomic_inc(&p->packets);
	fake_trace(p->fake, "%c%u", p->tag, seq_of(skb));
	if (p->hook)
		p->hook(p);
	err = obey(skb, FAKE_PROTO);
	if (!err)
		kfree_skb(skb);
	return err;
}

/* The first packet decides for the list. */
static int proto_input_list(void *cookie, struct dlil_ifnet *ifp, u32 family,
			    struct sk_buff_head *list)
{
	struct fake_proto *p = cookie;
	struct sk_buff *skb;
	int err;

	KUNIT_EXPECT_EQ(p->fake->test, family, p->family);
	atomic_add(skb_queue_len(list), &p->packets);
	fake_trace(p->fake, "%c[", p->tag);
	skb_queue_walk(list, skb)
		fake_trace(p->fake, "%u", seq_of(skb));
	fake_trace(p->fake, "]");
	if (p->hook)
		p->hook(p);
	if (p->list_hook)
		return p->list_hook(p, list);
	err = fake_payload(skb_peek(list))->verdict[FAKE_PROTO];
	if (!err || err == DLIL_STOLEN)
		__skb_queue_purge(list);
	return err;
}

static int proto_pre_output(void *cookie, struct dlil_ifnet *ifp, u32 family,
			    struct sk_buff *skb, const struct sockaddr *dest,
			    struct dlil_frame *frame)
{
	struct fake_proto *p = cookie;

	fake_trace(p->fake, "%c?%u", p->tag, seq_of(skb));
	frame->type = cpu_to_be16(0x9000 + seq_of(skb));
	memcpy(frame->dest, dest->sa_data, ETH_ALEN);
	return obey(skb, FAKE_PRE_OUTPUT);
}

void fake_proto_event(void *cookie, struct dlil_ifnet *ifp, u32 family,
		      const struct dlil_event *event)
{
	struct fake_proto *p = cookie;

	KUNIT_EXPECT_EQ(p->fake->test, family, p->family);
	trace_event(p->fake, p->tag, event);
	if (p->event_hook)
		p->event_hook(p, event);
}

int fake_proto_ioctl(void *cookie, struct dlil_ifnet *ifp, u32 family,
		     u32 code, void *arg)
{
	struct fake_proto *p = cookie;

	KUNIT_EXPECT_EQ(p->fake->test, family, p->family);
	fake_trace(p->fake, "%c:%u", p->tag, code);
	return p->answer;
}

size_t fake_list_len(const struct list_head *list)
{
	const struct list_head *pos;
	size_t n = 0;

	list_for_each(pos, list)
		n++;
	return n;
}

static void proto_detached(void *cookie, struct dlil_ifnet *ifp, u32 family)
{
	struct fake_proto *p = cookie;

	KUNIT_EXPECT_EQ(p->fake->test, family, p->family);
	atomic_inc(&p->detached);
	fake_trace(p->fake, "~%c", p->tag);
}

static const struct dlil_proto_ops proto_ops = {
	.input = proto_input,
	.input_list = proto_input_list,
	.pre_output = proto_pre_output,
	.detached = proto_detached,
};

struct fake_proto *fake_proto_new(struct fake *fake, char tag, u32 family)
{
	struct fake_proto *p = &fake->protos[fake->n_protos];

	KUNIT_ASSERT_LT(fake->test, fake->n_protos, FAKE_PROTOS);
	fake->n_protos++;
	p->fake = fake;
	p->tag = tag;
	p->family = family;
	p->ops = proto_ops;
	p->params.ops = &p->ops;
	p->params.name = "fake";
	p->params.cookie = p;
	return p;
}

int fake_proto_attach(struct fake_proto *p)
{
	int err = dlil_proto_attach(p->fake->ifp, p->family, &p->params);

	if (!err)
		p->attached++;
	return err;
}

int fake_proto_attach_v2(struct fake_proto *p)
{
	int err = dlil_proto_attach_v2(p->fake->ifp, p->family, &p->params);

	if (!err)
		p->attached++;
	return err;
}

struct fake_proto *fake_proto(struct fake *fake, char tag, u32 family)
{
	struct fake_proto *p = fake_proto_new(fake, tag, family);

	KUNIT_ASSERT_EQ(fake->test, fake_proto_attach(p), 0);
	return p;
}

struct fake_proto *fake_proto_v2(struct fake *fake, char tag, u32 family)
{
	struct fake_proto *p = fake_proto_new(fake, tag, family);

	KUNIT_ASSERT_EQ(fake->test, fake_proto_attach_v2(p), 0);
	return p;
}

/* Traffic */

int fake_input(struct fake *fake, struct sk_buff_head *list)
{
	struct sk_buff *skb;
	int err;

	skb_queue_walk(list, skb)
		show(fake, DLIL_TAP_INPUT, skb);
	atomic_add(skb_queue_len(list), &fake->handed_in);
	err = dlil_input(fake->ifp, list, NULL);
	KUNIT_EXPECT_TRUE(fake->test, skb_queue_empty(list));
	return err;
}

int fake_input_new(struct fake *fake, u32 family, u32 first, u32 n)
{
	struct sk_buff_head list;

	__skb_queue_head_init(&list);
	for (; n; n--)
		__skb_queue_tail(&list, fake_rx(fake, family, first++));
	return fake_input(fake, &list);
}

int fake_output(struct fake *fake, u32 family, struct sk_buff_head *list,
		u32 flags)
{
	struct sockaddr dest = {};
	int err;

	memcpy(dest.sa_data, fake_target, ETH_ALEN);
	atomic_add(skb_queue_len(list), &fake->handed_out);
	err = dlil_output(fake->ifp, family, list, &dest, flags);
	KUNIT_EXPECT_TRUE(fake->test, skb_queue_empty(list));
	return err;
}

int fake_output_new(struct fake *fake, u32 family, u32 first, u32 n,
		    u32 flags)
{
	bool raw = flags & DLIL_OUTPUT_RAW;
	struct sk_buff_head list;

	__skb_queue_head_init(&list);
	for (; n; n--, first++)
		__skb_queue_tail(&list, raw ? fake_raw(fake, first) :
					      fake_tx(fake, first));
	return fake_output(fake, family, &list, flags);
}

/* Counters */

static bool all_seen(struct fake *fake)
{
	dlil_stats_read(fake->ifp, &fake->stats, &fake->in, &fake->out);
	return fake->in.seen == atomic_read(&fake->handed_in) &&
	       fake->out.seen == atomic_read(&fake->handed_out);
}

/* Row STA-3. */
static void expect_conserved(struct fake *fake, const struct dlil_account *account)
{
	u64 freed = 0;
	int i;

	for (i = 0; i < DLIL_DROP_MAX; i++)
		freed += account->drops[i];
	KUNIT_EXPECT_EQ(fake->test, account->freed, freed);
	KUNIT_EXPECT_EQ(fake->test, account->seen,
			account->delivered + account->passed + account->stolen +
			account->freed);
}

void fake_read(struct fake *fake)
{
	struct kunit *test = fake->test;

	if (!fake_wait_for(all_seen(fake))) {
		KUNIT_EXPECT_EQ(test, fake->in.seen,
				atomic_read(&fake->handed_in));
		KUNIT_EXPECT_EQ(test, fake->out.seen,
				atomic_read(&fake->handed_out));
	}
	expect_conserved(fake, &fake->in);
	expect_conserved(fake, &fake->out);
}

void fake_expect_account(struct fake *fake, const struct dlil_account *got,
			 const struct dlil_account *want, int line)
{
	struct kunit *test = fake->test;
	int i;

	KUNIT_EXPECT_EQ_MSG(test, got->delivered, want->delivered,
			    "delivered, line %d", line);
	KUNIT_EXPECT_EQ_MSG(test, got->passed, want->passed,
			    "passed, line %d", line);
	KUNIT_EXPECT_EQ_MSG(test, got->stolen, want->stolen,
			    "stolen, line %d", line);
	for (i = 0; i < DLIL_DROP_MAX; i++)
		KUNIT_EXPECT_EQ_MSG(test, got->drops[i], want->drops[i],
				    "dropped for reason %d, line %d", i, line);
}

/* Threads */

static int task_fn(void *arg)
{
	struct fake_task *task = arg;
	int err;

	/* Lets fake_kill() end a killable wait. */
	allow_signal(SIGKILL);
	err = task->fn(task);
	flush_signals(current);
	complete(&task->done);
	return err;
}

struct fake_task *fake_run(struct fake *fake,
			   int (*fn)(struct fake_task *task))
{
	struct fake_task *task = fake->tasks;
	struct task_struct *thread;

	while (task->task)
		KUNIT_ASSERT_LT(fake->test, ++task - fake->tasks, FAKE_TASKS);
	task->fake = fake;
	task->fn = fn;
	init_completion(&task->done);
	thread = kthread_create(task_fn, task, "fake");
	KUNIT_ASSERT_FALSE(fake->test, IS_ERR(thread));
	task->task = thread;
	get_task_struct(task->task);
	wake_up_process(task->task);
	return task;
}

bool fake_done(struct fake_task *task)
{
	return completion_done(&task->done);
}

/* End a killable wait of the task. */
void fake_kill(struct fake_task *task)
{
	send_sig(SIGKILL, task->task, 1);
}

int fake_join(struct fake_task *task)
{
	int err;

	KUNIT_EXPECT_NE(task->fake->test,
			wait_for_completion_timeout(&task->done,
						    FAKE_DEADLINE), 0);
	complete_all(&task->done);
	err = kthread_stop(task->task);
	put_task_struct(task->task);
	task->task = NULL;
	return err;
}

/* Time out, so that a failing test does not leave a callback behind. */
void fake_block(struct fake *fake)
{
	complete(&fake->entered);
	KUNIT_EXPECT_NE(fake->test,
			wait_for_completion_timeout(&fake->leave,
						    2 * FAKE_DEADLINE), 0);
}

void fake_wait_blocked(struct fake *fake)
{
	KUNIT_ASSERT_NE(fake->test,
			wait_for_completion_timeout(&fake->entered,
						    FAKE_DEADLINE), 0);
}

/* Hooks that call fake_block() once. */
int fake_block_filter(struct fake_filter *f, struct sk_buff **skb)
{
	f->hook = NULL;
	fake_block(f->fake);
	return 0;
}

void fake_block_list(struct fake_filter *f, struct sk_buff_head *list,
		     struct sk_buff_head *drop)
{
	f->list_hook = NULL;
	fake_block(f->fake);
}

void fake_block_proto(struct fake_proto *p)
{
	p->hook = NULL;
	fake_block(p->fake);
}

int fake_detach_first(struct fake_task *task)
{
	return dlil_filter_detach(task->fake->filters[0].ref);
}

int fake_wrap(struct net_device *dev, struct netlink_ext_ack *extack,
	      struct dlil_ifnet **going)
{
	struct dlil_spare spare = {};
	int err;

	do {
		rtnl_lock();
		err = dlil_netdev_attach(dev, DLIL_UNMATCHED_PASS, &spare,
					 extack, going);
		rtnl_unlock();
	} while (dlil_spare_get(&spare, &err, extack));
	dlil_spare_put(&spare);
	return err;
}

unsigned int fake_tasks_named(const char *name)
{
	struct task_struct *task;
	unsigned int n = 0;

	rcu_read_lock();
	/* kthread_stop() returns before the thread has left the list. */
	for_each_process(task)
		n += !(READ_ONCE(task->flags) & PF_EXITING) &&
		     !strncmp(task->comm, name, sizeof(task->comm));
	rcu_read_unlock();
	return n;
}

bool fake_has_group(struct net_device *dev, const u8 *addr)
{
	struct netdev_hw_addr *ha;
	bool found = false;

	netif_addr_lock_bh(dev);
	netdev_for_each_mc_addr(ha, dev)
		found |= ether_addr_equal(ha->addr, addr);
	netif_addr_unlock_bh(dev);
	return found;
}

void fake_unblock(struct fake *fake)
{
	complete_all(&fake->leave);
}

/* Modules */

struct module *fake_module(struct kunit *test, enum module_state state)
{
	struct module *module;

	module = kunit_kzalloc(test, sizeof(*module), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, module);
	module->state = state;
	atomic_set(&module->refcnt, 1);
	return module;
}

int fake_module_pins(const struct module *module)
{
	return atomic_read(&module->refcnt) - 1;
}

/* The ifnet */

unsigned int fake_refs(const struct fake *fake)
{
	return refcount_read(&fake->ifp->refs);
}

static int copy_group(const u8 *addr, size_t len, void *arg)
{
	memcpy(arg, addr, len);
	return len;
}

/* An ifnet is reused with its groups, maybe by a test that expects none. */
static void leave_groups(struct fake *fake)
{
	u8 addr[MAX_ADDR_LEN];
	int len;

	while ((len = dlil_multi_for_each(fake->ifp, copy_group, addr)) > 0)
		KUNIT_EXPECT_EQ(fake->test, dlil_multi_leave(fake->ifp, addr, len), 0);
}

static void fake_destroy(struct fake *fake)
{
	struct kunit *test = fake->test;
	unsigned int i;

	fake_unblock(fake);
	for (i = 0; i < FAKE_TASKS; i++)
		if (fake->tasks[i].task)
			fake_join(&fake->tasks[i]);
	if (fake->attached)
		fake_detach(fake);
	fake_read(fake);
	fake_drops_destroyed(fake);

	for (i = 0; i < fake->n_filters; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&fake->filters[i].detached),
				fake->filters[i].attached);
	for (i = 0; i < fake->n_protos; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&fake->protos[i].detached),
				fake->protos[i].attached);
	KUNIT_EXPECT_EQ(test, fake->protos_deleted, fake->protos_added);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake->freed), fake->attaches);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(fake_refs(fake) == fake->refs));
	KUNIT_EXPECT_EQ(test, atomic_read(&fake->ifp->events.hearers), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake->ifp->look.users), 0);
	/* INP-3: see lockdep_assert_preemption_disabled() in fail.h. */
	KUNIT_EXPECT_EQ(test, dlil_preempt_faults, 0);
	dlil_preempt_faults = 0;

	if (fake->listener.nb.notifier_call)
		dlil_event_unlisten(&fake->listener);
	if (!fake->released) {
		leave_groups(fake);
		dlil_ifnet_release(fake->ifp);
	}
	skb_queue_purge(&fake->sent);
	if (atomic_dec_and_test(&live_fakes)) {
		KUNIT_EXPECT_EQ(test, fake_skbs(), 0);
		KUNIT_EXPECT_TRUE(test, fake_wait_for(dlil_filters_none()));
		atomic_set(&live_skbs, 0);
	}
}

static void fake_resource_free(struct kunit_resource *res)
{
	fake_destroy(res->data);
}

int fake_kind_add(struct dlil_ifnet *ifp, const struct dlil_filter_request *req,
		  bool may_wait, struct netlink_ext_ack *extack)
{
	struct dlil_kind_step step = {
		.ifp = ifp,
		.reqs = req,
		.n = 1,
		.may_wait = may_wait,
	};

	return dlil_kind_update(&step, extack);
}

struct fake *fake_acquire_id(struct kunit *test, enum dlil_ifnet_family kind,
			     const void *id, size_t len)
{
	unsigned long end;
	struct fake *fake;

	fake = kunit_kzalloc(test, sizeof(*fake), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, fake);
	fake->test = test;
	fake->driver.output = driver_output;
	fake->driver.event = driver_event;
	fake->driver.ioctl = driver_ioctl;
	fake->driver.set_tap = driver_set_tap;
	fake->driver.free = driver_free;
	fake->family.demux = family_demux;
	fake->family.framer = family_framer;
	fake->family.add_proto = family_add_proto;
	fake->family.del_proto = family_del_proto;
	fake->params.driver = &fake->driver;
	fake->params.family = &fake->family;
	fake->params.priv = fake;
	fake->params.net = &init_net;
	/* No two of a test have the same (IFN-13). */
	snprintf(fake->name, sizeof(fake->name), "fake%d",
		 atomic_read(&live_fakes));
	fake->params.name = fake->name;
	fake->params.ifindex = FAKE_IFINDEX + atomic_read(&live_fakes);
	fake->params.addr_len = ETH_ALEN;
	fake->params.attrs = DLIL_ATTR_TSO4 | DLIL_ATTR_TSO6;
	skb_queue_head_init(&fake->sent);
	init_completion(&fake->entered);
	init_completion(&fake->leave);
	spin_lock_init(&fake->lock);

	KUNIT_ASSERT_EQ(test, dlil_ifnet_acquire(kind, id, len, &fake->ifp), 0);
	/*
	 * The last work of its former life may still have a reference to an ifnet that is
	 * used again.  Otherwise only the test has further ones.
	 */
	end = jiffies + 5 * HZ;
	while (fake_refs(fake) > 1 && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	fake->refs = fake_refs(fake);
	atomic_inc(&live_fakes);
	KUNIT_ASSERT_NOT_NULL(test,
			      kunit_alloc_resource(test, NULL,
						   fake_resource_free,
						   GFP_KERNEL, fake));
	return fake;
}

struct fake *fake_acquire(struct kunit *test, enum dlil_ifnet_family kind)
{
	return fake_acquire_id(test, kind, NULL, 0);
}

int fake_attach(struct fake *fake)
{
	int err = dlil_ifnet_init(fake->ifp, &fake->params);

	if (!err)
		err = dlil_ifnet_attach(fake->ifp, fake_lladdr,
					fake->params.addr_len);
	if (err)
		return err;
	fake->attached = true;
	fake->attaches++;
	fake_drops_attached(fake);
	atomic_set(&fake->handed_in, 0);
	atomic_set(&fake->handed_out, 0);
	return 0;
}

struct fake *fake_attached(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);

	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	return fake;
}

/* A test may have detached it, or begun to. */
void fake_detach(struct fake *fake)
{
	int err = dlil_ifnet_detach(fake->ifp);

	KUNIT_EXPECT_TRUE(fake->test,
			  !err || err == -ENXIO || err == -EINVAL);
	KUNIT_EXPECT_EQ(fake->test, dlil_ifnet_wait_detached(fake->ifp), 0);
	fake->attached = false;
}

/* A protocol input that only counts. */
int fake_proto_take(void *cookie, struct dlil_ifnet *ifp, u32 family,
		    struct sk_buff *skb)
{
	struct fake_proto *p = cookie;

	atomic_inc(&p->packets);
	kfree_skb(skb);
	return 0;
}

MODULE_DESCRIPTION("KUnit tests of the Data Link Interface Layer");
MODULE_LICENSE("GPL");

/*
 * Wait until the consoles have written everything.  KUnit leaves its lines
 * open, and an open line waits for the next one.
 */
static void flush_consoles(const char *why)
{
	pr_info("# %s\n", why);
	console_lock();
	console_unlock();
}

/*
 * Suppress console output of complaints that the test provokes.  If they are
 * visible anyway, scripts/guest/reports.sh recognises these two lines.
 */
int fake_silence(void)
{
	int level = console_loglevel;

	flush_consoles("the kernel is to complain from here on");
	console_loglevel = CONSOLE_LOGLEVEL_SILENT;
	return level;
}

void fake_end_silence(int level)
{
	flush_consoles("up to here");
	console_loglevel = level;
}
