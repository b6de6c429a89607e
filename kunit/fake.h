/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An ifnet without hardware, for tests: a driver, a family, filters and
 * protocols that do what each packet tells them to, and record their calls.
 *
 * When a test ends, even by failure, its ifnets are detached and checked: every
 * packet was freed and accounted for (STA-3, OUT-9), each `detached` and `free`
 * was called once, no reference is left to the ifnet or to filters, and nobody
 * counts as a listener or is watched any more.
 */
#ifndef _DLIL_KUNIT_FAKE_H
#define _DLIL_KUNIT_FAKE_H

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/module.h>
#include <linux/skbuff.h>
#include <net/dlil.h>

#include "../dlil_event.h"
#include "../dlil_kind.h"
#include "../dlil_trace.h"

/* Protocol families of the tests. */
#define FAKE_PF_A	(DLIL_PF_PRIVATE + 1)
#define FAKE_PF_B	(DLIL_PF_PRIVATE + 2)
#define FAKE_PF_C	(DLIL_PF_PRIVATE + 3)

#define FAKE_HLEN	16	/* link header of the fake family */
#define FAKE_IFINDEX	4711
#define FAKE_FILTERS	32
#define FAKE_PROTOS	32
#define FAKE_TASKS	8
#define FAKE_TRACE	2048
#define FAKE_DEADLINE	(60 * HZ)

/* Link address of the ifnet, and of the station that it sends to. */
extern const u8 fake_lladdr[ETH_ALEN];
extern const u8 fake_target[ETH_ALEN];

/* Stages that read their verdict from the packet. */
enum fake_stage {
	FAKE_DEMUX,
	FAKE_FILTER_IN,
	FAKE_FILTER_LIST,
	FAKE_PROTO,
	FAKE_PRE_OUTPUT,
	FAKE_FRAMER,
	FAKE_FILTER_OUT,
	FAKE_DRIVER,
	FAKE_STAGES
};

/**
 * struct fake_payload - instructions in a packet
 * @seq: number of the packet, for the trace
 * @family: protocol family of the packet
 * @pkt_type: PACKET_*
 * @verdict: return value of each stage for the packet
 */
struct fake_payload {
	u32 seq;
	u32 family;
	u32 pkt_type;
	int verdict[FAKE_STAGES];
};

struct fake;

/**
 * struct fake_filter - a filter, and its recorded calls
 * @fake: owner of the ifnet that it is attached to
 * @ops: callbacks; may be changed before the attach
 * @params: other arguments of the attach; likewise
 * @tag: letter of the filter in the trace
 * @ref: reference of the filter
 * @verdict: if not 0, verdict for every packet
 * @hook: if not NULL, called instead of obeying the packet
 * @list_hook: if not NULL, called instead of obeying the packets of a list
 * @event_hook: if not NULL, called for each event
 * @ioctl_hook: if not NULL, called by its ioctl
 * @answer: return value of its ioctl
 * @calls: number of calls for a packet or list
 * @attached: number of successful attaches
 * @detached: number of calls of `detached`
 */
struct fake_filter {
	struct fake *fake;
	struct dlil_filter_ops ops;
	struct dlil_filter_params params;
	char tag;
	dlil_filter_t ref;
	int verdict;
	int (*hook)(struct fake_filter *filter, struct sk_buff **skb);
	void (*list_hook)(struct fake_filter *filter, struct sk_buff_head *list,
			  struct sk_buff_head *drop);
	void (*event_hook)(struct fake_filter *filter,
			   const struct dlil_event *event);
	void (*ioctl_hook)(struct fake_filter *filter, u32 code, void *arg);
	int answer;
	atomic_t calls;
	unsigned int attached;
	atomic_t detached;
};

/**
 * struct fake_proto - a protocol, and its recorded calls
 * @fake: owner of the ifnet that it is attached to
 * @ops: callbacks; may be changed before the attach
 * @params: other arguments of the attach; likewise
 * @tag: letter of the protocol in the trace
 * @family: protocol family
 * @hook: if not NULL, called before a packet or list is taken
 * @list_hook: if not NULL, called instead of taking a list
 * @event_hook: if not NULL, called for each event
 * @answer: return value of its ioctl
 * @packets: number of packets that it got
 * @attached: number of successful attaches
 * @detached: number of calls of `detached`
 */
struct fake_proto {
	struct fake *fake;
	struct dlil_proto_ops ops;
	struct dlil_proto_params params;
	char tag;
	u32 family;
	void (*hook)(struct fake_proto *proto);
	int (*list_hook)(struct fake_proto *proto, struct sk_buff_head *list);
	void (*event_hook)(struct fake_proto *proto,
			   const struct dlil_event *event);
	int answer;
	atomic_t packets;
	unsigned int attached;
	atomic_t detached;
};

/**
 * struct fake_task - a thread of a test
 * @fake: owner of the thread
 * @fn: function that the thread runs
 * @task: the thread
 * @done: completed when @fn has returned
 */
struct fake_task {
	struct fake *fake;
	int (*fn)(struct fake_task *task);
	struct task_struct *task;
	struct completion done;
};

/**
 * struct fake_drops - a tracer that counts
 * @tracer: the tracer
 * @fake: owner of the ifnet
 * @on: it has started
 * @most: if not 0, the largest number of records that it takes at a time
 * @refusals: it refuses so many times
 * @refusal: what it returns then
 * @n: records by direction and reason
 * @sum: records
 * @lost: packets that were lost
 * @untold: packets that it has not been told of at the end
 * @calls: number of times that it has taken records
 * @last: the last record
 */
struct fake_drops {
	struct dlil_tracer tracer;
	struct fake *fake;
	bool on;
	unsigned int most;
	unsigned int refusals;
	int refusal;
	u64 n[2][DLIL_DROP_MAX];
	u64 sum;
	u64 lost;
	u64 untold;
	unsigned int calls;
	struct dlil_trace_record last;
};

/**
 * struct fake - an ifnet and its driver
 * @test: the test
 * @ifp: the ifnet
 * @refs: number of references when it was acquired
 * @params: arguments of dlil_ifnet_init(); may be changed before the attach
 * @name: name of the ifnet
 * @driver: driver operations, which the test may change
 * @family: family operations, which the test may change
 * @attached: attached and not yet detached by fake_detach()
 * @released: released already
 * @attaches: number of attaches
 * @freed: number of calls of the driver's `free`
 * @free_hook: if not NULL, called by `free`
 * @output_hook: if not NULL, called by the driver's output first
 * @event_hook: if not NULL, called by the external listener
 * @answer: return value of the driver's ioctl
 * @codes: bits of event codes to trace; bit 0 stands for all others
 * @losses: number of reports of lost events
 * @listener: external listener; registered by fake_listen()
 * @protos_added: number of successful calls of add_proto
 * @protos_deleted: number of calls of del_proto
 * @add_error: return value of add_proto
 * @framer_loses: the framer frees packets that it refuses
 * @tap: taps for received and for sent packets; RCU
 * @tap_error: return value of set_tap
 * @keep_unmatched: number of unmatched packets that the driver keeps of each
 *	list
 * @sent: packets that the driver got
 * @handed_in: number of packets given to dlil_input() since the attach
 * @handed_out: number of packets given to dlil_output() since the attach
 * @entered: completed by fake_block()
 * @leave: fake_block() waits for this
 * @filters: filters
 * @n_filters: number of filters in use
 * @protos: protocols
 * @n_protos: number of protocols in use
 * @tasks: threads; unused ones have no task
 * @stats: counters read by fake_read()
 * @in: likewise
 * @out: likewise
 * @drops: tracer of the ifnet
 * @lock: guards @len and @trace
 * @len: length of @trace
 * @trace: all calls in order, one word each
 */
struct fake {
	struct kunit *test;
	struct dlil_ifnet *ifp;
	unsigned int refs;
	struct dlil_ifnet_params params;
	char name[IFNAMSIZ];
	struct dlil_driver_ops driver;
	struct dlil_family_ops family;
	bool attached;
	bool released;
	unsigned int attaches;
	atomic_t freed;
	void (*free_hook)(struct fake *fake);
	void (*output_hook)(struct fake *fake, struct sk_buff *skb);
	void (*event_hook)(struct fake *fake, const struct dlil_event *event);
	int answer;
	u32 codes;
	atomic_t losses;
	struct dlil_listener listener;
	unsigned int protos_added;
	unsigned int protos_deleted;
	int add_error;
	bool framer_loses;
	const struct dlil_tap __rcu *tap[2];
	int tap_error;
	unsigned int keep_unmatched;
	struct sk_buff_head sent;
	atomic_t handed_in;
	atomic_t handed_out;
	struct completion entered;
	struct completion leave;
	struct fake_filter filters[FAKE_FILTERS];
	unsigned int n_filters;
	struct fake_proto protos[FAKE_PROTOS];
	unsigned int n_protos;
	struct fake_task tasks[FAKE_TASKS];
	struct dlil_stats stats;
	struct dlil_account in;
	struct dlil_account out;
	struct fake_drops drops;
	spinlock_t lock;	/* guards the trace */
	size_t len;
	char trace[FAKE_TRACE];
};

/* Add a filter of a user; arguments and result as those of dlil_kind_update(). */
int fake_kind_add(struct dlil_ifnet *ifp, const struct dlil_filter_request *req,
		  bool may_wait, struct netlink_ext_ack *extack);

/* Create an ifnet, initialised; or attached as well. */
struct fake *fake_acquire_id(struct kunit *test, enum dlil_ifnet_family kind,
			     const void *id, size_t len);
struct fake *fake_acquire(struct kunit *test, enum dlil_ifnet_family kind);
struct fake *fake_attached(struct kunit *test);
int fake_attach(struct fake *fake);

/* Wrap a device; arguments and result as those of dlil_netdev_attach(). */
int fake_wrap(struct net_device *dev, struct netlink_ext_ack *extack,
	      struct dlil_ifnet **going);

/* Number of tasks with this name that are not about to exit. */
unsigned int fake_tasks_named(const char *name);
void fake_detach(struct fake *fake);
unsigned int fake_refs(const struct fake *fake);

/* An `unmatched` of the driver, which a test may put into its operations. */
void fake_unmatched(struct dlil_ifnet *ifp, struct sk_buff_head *list,
		    enum dlil_drop_reason why);

/* Make packets: received, with the link header behind skb->data; or to be sent. */
struct sk_buff *fake_rx(struct fake *fake, u32 family, u32 seq);
struct sk_buff *fake_tx(struct fake *fake, u32 seq);
struct sk_buff *fake_raw(struct fake *fake, u32 seq);
struct sk_buff *fake_skb(struct fake *fake, unsigned int len);
struct sk_buff *fake_copy(struct fake *fake, struct sk_buff *skb);
struct fake_payload *fake_payload(const struct sk_buff *skb);
int fake_skbs(void);

/* Queue or send packets: a list or a single one. */
int fake_input(struct fake *fake, struct sk_buff_head *list);
int fake_input_new(struct fake *fake, u32 family, u32 first, u32 n);
int fake_output(struct fake *fake, u32 family, struct sk_buff_head *list,
		u32 flags);
int fake_output_new(struct fake *fake, u32 family, u32 first, u32 n,
		    u32 flags);

/* Filters and protocols; those of the _new functions are not attached yet. */
extern const struct dlil_filter_ops fake_filter_in_ops;
extern const struct dlil_filter_ops fake_filter_out_ops;
extern const struct dlil_filter_ops fake_filter_both_ops;
extern const struct dlil_filter_ops fake_filter_list_ops;
struct fake_filter *fake_filter_new(struct fake *fake, char tag,
				    const struct dlil_filter_ops *ops);
int fake_filter_attach(struct fake_filter *filter);
struct fake_filter *fake_filter(struct fake *fake, char tag,
				const struct dlil_filter_ops *ops);

struct fake_proto *fake_proto_new(struct fake *fake, char tag, u32 family);
int fake_proto_attach(struct fake_proto *proto);
int fake_proto_attach_v2(struct fake_proto *proto);
struct fake_proto *fake_proto(struct fake *fake, char tag, u32 family);
int fake_proto_take(void *cookie, struct dlil_ifnet *ifp, u32 family,
		    struct sk_buff *skb);
struct fake_proto *fake_proto_v2(struct fake *fake, char tag, u32 family);

/*
 * Events are traced as the letter of the receiver (D for the driver, o for the
 * external listener), an exclamation mark and the code, with an f in front if
 * the event is about a filter.  Control requests are traced as the letter, a
 * colon and the code.  Filters and protocols have these callbacks only if a
 * test sets them.
 */
void fake_filter_event(void *cookie, struct dlil_ifnet *ifp,
		       const struct dlil_event *event);
int fake_filter_ioctl(void *cookie, struct dlil_ifnet *ifp, u32 family,
		      u32 code, void *arg);
void fake_proto_event(void *cookie, struct dlil_ifnet *ifp, u32 family,
		      const struct dlil_event *event);
int fake_proto_ioctl(void *cookie, struct dlil_ifnet *ifp, u32 family,
		     u32 code, void *arg);
void fake_listen(struct fake *fake, u32 codes);

/* Run threads, and let a callback wait until the test releases it. */
struct fake_task *fake_run(struct fake *fake,
			   int (*fn)(struct fake_task *task));
int fake_join(struct fake_task *task);
void fake_kill(struct fake_task *task);
bool fake_done(struct fake_task *task);
size_t fake_list_len(const struct list_head *list);
void fake_block(struct fake *fake);
void fake_wait_blocked(struct fake *fake);
void fake_unblock(struct fake *fake);
int fake_block_filter(struct fake_filter *f, struct sk_buff **skb);
void fake_block_list(struct fake_filter *f, struct sk_buff_head *list,
		     struct sk_buff_head *drop);
void fake_block_proto(struct fake_proto *p);
int fake_detach_first(struct fake_task *task);
bool fake_has_group(struct net_device *dev, const u8 *addr);

/* Hide expected complaints of the kernel from those who search the log. */
int fake_silence(void);
void fake_end_silence(int level);

/* Make a module that filters and protocols can pin, in a given state. */
struct module *fake_module(struct kunit *test, enum module_state state);
int fake_module_pins(const struct module *module);

/*
 * Wait for @cond, until a deadline.  On User Mode Linux with time travel,
 * waiting takes no real time.
 */
#define fake_wait_for(cond)						\
({									\
	unsigned long __end = jiffies + FAKE_DEADLINE;			\
									\
	while (!(cond) && time_before(jiffies, __end))			\
		schedule_timeout_uninterruptible(1);			\
	(cond);								\
})

/* Is @cond still false after a while in which others could run? */
#define fake_stays(cond)						\
({									\
	unsigned int __i;						\
									\
	for (__i = 0; __i < 10 && (cond); __i++)			\
		schedule_timeout_uninterruptible(1);			\
	(cond);								\
})

void fake_trace(struct fake *fake, const char *fmt, ...) __printf(2, 3);
void fake_trace_clear(struct fake *fake);

/* Wait until all queued packets are accounted for, and read the counters. */
void fake_read(struct fake *fake);

void fake_expect_account(struct fake *fake, const struct dlil_account *got,
			 const struct dlil_account *want, int line);

/* fake_drops.c */
int fake_drops_start(struct fake_drops *d, struct fake *fake);
void fake_drops_end(struct fake_drops *d);
void fake_drops_compare(struct fake_drops *d);
void fake_drops_attached(struct fake *fake);
void fake_drops_destroyed(struct fake *fake);

/* Check the account of fake_read().  Counters that are not named must be 0. */
#define FAKE_EXPECT_IN(fake, ...)					\
	fake_expect_account(fake, &(fake)->in,				\
			    &(struct dlil_account){ __VA_ARGS__ }, __LINE__)
#define FAKE_EXPECT_OUT(fake, ...)					\
	fake_expect_account(fake, &(fake)->out,				\
			    &(struct dlil_account){ __VA_ARGS__ }, __LINE__)
#define FAKE_EXPECT_TRACE(fake, want)					\
	KUNIT_EXPECT_STREQ((fake)->test, (const char *)(fake)->trace, want)

#endif /* _DLIL_KUNIT_FAKE_H */
