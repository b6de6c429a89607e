/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An ifnet without hardware: a driver, a family, filters and protocols that do
 * what each packet tells them to, and write down what they were called for.
 *
 * When a test ends, however it ends, its ifnets are detached and checked: every
 * packet made was freed and accounted for (STA-3, OUT-9), each `detached` and
 * `free` was called once, no reference is left, neither to the ifnet nor to filters,
 * and nobody is taken for a listener or watched any more.
 */
#ifndef _DLIL_KUNIT_FAKE_H
#define _DLIL_KUNIT_FAKE_H

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/module.h>
#include <linux/skbuff.h>
#include <net/dlil.h>

#include "../dlil_event.h"

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

/* Our link address, and that of who we send to. */
extern const u8 fake_lladdr[ETH_ALEN];
extern const u8 fake_target[ETH_ALEN];

/* Stages that ask a packet what to do with it. */
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
 * struct fake_payload - what a packet says
 * @seq: its number, for the trace
 * @family: its protocol family
 * @pkt_type: PACKET_*
 * @verdict: what each stage shall return for it
 */
struct fake_payload {
	u32 seq;
	u32 family;
	u32 pkt_type;
	int verdict[FAKE_STAGES];
};

struct fake;

/**
 * struct fake_filter - a filter and what it was called for
 * @fake: on whose ifnet
 * @ops: its callbacks; to be changed before it is attached
 * @params: what else it is attached with; likewise
 * @tag: its letter in the trace
 * @ref: its reference
 * @verdict: if not 0, what it returns for every packet
 * @hook: if not NULL, called in place of obeying the packet
 * @list_hook: if not NULL, called in place of obeying the packets of a list
 * @event_hook: if not NULL, called for each event
 * @ioctl_hook: if not NULL, called by its ioctl
 * @answer: what its ioctl says
 * @calls: how often it was called for a packet or list
 * @attached: attached successfully so many times
 * @detached: how often `detached` was called
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
 * struct fake_proto - a protocol and what it was called for
 * @fake: on whose ifnet
 * @ops: its callbacks; to be changed before it is attached
 * @params: what else it is attached with; likewise
 * @tag: its letter in the trace
 * @family: its family
 * @hook: if not NULL, called before a packet or list is taken
 * @list_hook: if not NULL, called in place of taking a list
 * @event_hook: if not NULL, called for each event
 * @answer: what its ioctl says
 * @packets: how many it was given
 * @attached: attached successfully so many times
 * @detached: how often `detached` was called
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
 * @fake: whose
 * @fn: what it does
 * @task: the thread
 * @done: completed when @fn is over
 */
struct fake_task {
	struct fake *fake;
	int (*fn)(struct fake_task *task);
	struct task_struct *task;
	struct completion done;
};

/**
 * struct fake - an ifnet and its driver
 * @test: the test
 * @ifp: the ifnet
 * @refs: references to it when it was acquired
 * @params: what it was made with; to be changed before it is attached
 * @driver: its driver's vector, as the test wants it
 * @family: its family's vector, as the test wants it
 * @attached: attached and not yet detached by fake_detach()
 * @released: given back already
 * @attaches: attached so many times
 * @freed: calls of the driver's free callback
 * @free_hook: if not NULL, called by that
 * @output_hook: if not NULL, called by the driver's output first
 * @event_hook: if not NULL, called by the listener outside
 * @answer: what the driver's ioctl says
 * @codes: bits of the event codes that are traced; bit 0 is for all others
 * @losses: how often the listener outside was told that events were lost
 * @listener: it; not there before fake_listen()
 * @protos_added: calls of add_proto that succeeded
 * @protos_deleted: calls of del_proto
 * @add_error: what add_proto shall say
 * @framer_loses: the framer frees what it refuses
 * @tap: who is shown received packets, and who those sent; RCU
 * @tap_error: what set_tap shall say
 * @keep_unmatched: how many unmatched packets the driver keeps of each list
 * @sent: what the driver was given
 * @handed_in: packets given to dlil_input() since attach
 * @handed_out: packets given to dlil_output() since attach
 * @entered: completed by fake_block()
 * @leave: what fake_block() waits for
 * @filters: filters
 * @n_filters: how many are taken
 * @protos: protocols
 * @n_protos: how many are taken
 * @tasks: threads, free ones without a task
 * @stats: as fake_read() found them
 * @in: likewise
 * @out: likewise
 * @lock: guards @len and @trace
 * @len: length of @trace
 * @trace: all calls in order, a word each
 */
struct fake {
	struct kunit *test;
	struct dlil_ifnet *ifp;
	unsigned int refs;
	struct dlil_ifnet_params params;
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
	struct dlil_flow in;
	struct dlil_flow out;
	spinlock_t lock;	/* of the trace */
	size_t len;
	char trace[FAKE_TRACE];
};

/* An ifnet of its own, filled in; and one that is attached. */
struct fake *fake_acquire_id(struct kunit *test, enum dlil_ifnet_family kind,
			     const void *id, size_t len);
struct fake *fake_acquire(struct kunit *test, enum dlil_ifnet_family kind);
struct fake *fake_attached(struct kunit *test);
int fake_attach(struct fake *fake);
void fake_detach(struct fake *fake);
unsigned int fake_refs(const struct fake *fake);

/* A driver's `unmatched`; not in its vector unless a test puts it there. */
void fake_unmatched(struct dlil_ifnet *ifp, struct sk_buff_head *list,
		    enum dlil_drop_reason why);

/* Packets: to be received, with the link header behind skb->data; or sent. */
struct sk_buff *fake_rx(struct fake *fake, u32 family, u32 seq);
struct sk_buff *fake_tx(struct fake *fake, u32 seq);
struct sk_buff *fake_raw(struct fake *fake, u32 seq);
struct sk_buff *fake_skb(struct fake *fake, unsigned int len);
struct sk_buff *fake_copy(struct fake *fake, struct sk_buff *skb);
struct fake_payload *fake_payload(const struct sk_buff *skb);
int fake_skbs(void);

/* Hand packets in or out, a list or a single one. */
int fake_input(struct fake *fake, struct sk_buff_head *list);
int fake_input_new(struct fake *fake, u32 family, u32 first, u32 n);
int fake_output(struct fake *fake, u32 family, struct sk_buff_head *list,
		u32 flags);
int fake_output_new(struct fake *fake, u32 family, u32 first, u32 n,
		    u32 flags);

/* Filters and protocols; _new ones are still to be attached. */
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
 * Events: traced as the letter of who got it (D for the driver, o for the
 * listener outside), an exclamation mark and the code, behind an f if the
 * event is about a filter.  And control requests: the letter, a colon and the
 * code.  Filters and protocols have neither unless a test puts them there.
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

/* Threads, and a place where a callback waits until the test lets it go on. */
struct fake_task *fake_run(struct fake *fake,
			   int (*fn)(struct fake_task *task));
int fake_join(struct fake_task *task);
void fake_kill(struct fake_task *task);
bool fake_done(struct fake_task *task);
void fake_block(struct fake *fake);
void fake_wait_blocked(struct fake *fake);
void fake_unblock(struct fake *fake);
int fake_block_filter(struct fake_filter *f, struct sk_buff **skb);
void fake_block_list(struct fake_filter *f, struct sk_buff_head *list,
		     struct sk_buff_head *drop);
void fake_block_proto(struct fake_proto *p);
int fake_detach_first(struct fake_task *task);
bool fake_has_group(struct net_device *dev, const u8 *addr);

/* A test wants to see what the kernel complains of in between: it is no fault. */
int fake_silence(void);
void fake_end_silence(int level);

/* A module that filters and protocols can pin; its state can be chosen. */
struct module *fake_module(struct kunit *test, enum module_state state);
int fake_module_pins(const struct module *module);

/*
 * Wait for @cond, until the deadline.  The clock of User Mode Linux jumps when
 * there is nothing to do, so there it costs nothing.
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

/* Wait until all that was handed in is accounted for, and read the counters. */
void fake_read(struct fake *fake);

void fake_expect_flow(struct fake *fake, const struct dlil_flow *got,
		      const struct dlil_flow *want, int line);

/* After fake_read(): where did the packets go?  What is not named is 0. */
#define FAKE_EXPECT_IN(fake, ...)					\
	fake_expect_flow(fake, &(fake)->in,				\
			 &(struct dlil_flow){ __VA_ARGS__ }, __LINE__)
#define FAKE_EXPECT_OUT(fake, ...)					\
	fake_expect_flow(fake, &(fake)->out,				\
			 &(struct dlil_flow){ __VA_ARGS__ }, __LINE__)
#define FAKE_EXPECT_TRACE(fake, want)					\
	KUNIT_EXPECT_STREQ((fake)->test, (const char *)(fake)->trace, want)

#endif /* _DLIL_KUNIT_FAKE_H */
