// SPDX-License-Identifier: GPL-2.0
/* The lives of an ifnet, and what survives them: rows INI-1, IFN-1 to IFN-12. */
#include <linux/etherdevice.h>
#include <linux/moduleparam.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>

#include "../dlil_event.h"
#include "../dlil_ifnet.h"
#include "../dlil_input.h"
#include "../dlil_stats.h"
#include "fail.h"
#include "fake.h"

/* INI-1: if a part fails, the previous ones are exited in reverse order. */
static char part_trace[32];
static int part_failing;

static int part_init(int n)
{
	if (n == part_failing)
		return -ENOMEM - n;
	part_trace[strlen(part_trace)] = 'a' + n;
	return 0;
}

static void part_exit(int n)
{
	part_trace[strlen(part_trace)] = 'A' + n;
}

#define PART(n)								\
static int part_init_##n(void) { return part_init(n); }			\
static void part_exit_##n(void) { part_exit(n); }

PART(0)
PART(1)
PART(2)

static const struct dlil_part test_parts[] = {
	{ part_init_0, part_exit_0 },
	{ part_init_1, part_exit_1 },
	{ part_init_2, part_exit_2 },
};

static void parts_unwind(struct kunit *test)
{
	static const char * const traces[] = { "", "aA", "abBA", "abcCBA" };
	int i;

	for (i = 0; i <= ARRAY_SIZE(test_parts); i++) {
		memset(part_trace, 0, sizeof(part_trace));
		part_failing = i;
		KUNIT_EXPECT_EQ(test, dlil_parts_init(test_parts, 3),
				i < 3 ? -ENOMEM - i : 0);
		if (i == 3)
			dlil_parts_exit(test_parts, 3);
		KUNIT_EXPECT_STREQ(test, (const char *)part_trace, traces[i]);
	}
}

static void release_new(struct kunit *test, u32 id)
{
	struct dlil_ifnet *ifp;

	KUNIT_ASSERT_EQ(test, dlil_ifnet_acquire(DLIL_IFNET_RAW, &id,
						 sizeof(id), &ifp), 0);
	dlil_ifnet_release(ifp);
}

static unsigned int refs_of(const struct dlil_ifnet *ifp)
{
	return refcount_read(&ifp->refs);
}

#define ENOUGH	200

/* IFN-2: the least recently used of the ifnets kept for reuse is freed first. */
static void oldest_goes_first(struct kunit *test)
{
	struct dlil_ifnet *first, *second, *again;
	u32 id = 1000;

	KUNIT_ASSERT_EQ(test, dlil_ifnet_acquire(DLIL_IFNET_RAW, "1st", 3,
						 &first), 0);
	KUNIT_ASSERT_EQ(test, dlil_ifnet_acquire(DLIL_IFNET_RAW, "2nd", 3,
						 &second), 0);
	dlil_ifnet_get(first);
	dlil_ifnet_get(second);
	dlil_ifnet_release(first);
	dlil_ifnet_release(second);
	/* Used again, the first ifnet is the most recent one. */
	KUNIT_ASSERT_EQ(test, dlil_ifnet_acquire(DLIL_IFNET_RAW, "1st", 3,
						 &again), 0);
	KUNIT_EXPECT_PTR_EQ(test, again, first);
	dlil_ifnet_release(again);

	while (refs_of(second) == 2 && id < 1000 + ENOUGH)
		release_new(test, id++);
	KUNIT_EXPECT_EQ(test, refs_of(second), 1);
	KUNIT_EXPECT_EQ(test, refs_of(first), 2);
	dlil_ifnet_put(second);
	dlil_ifnet_put(first);
}

static const u8 group[ETH_ALEN] = { 0x01, 0, 0x5e, 1, 2, 3 };
static const u8 other_group[ETH_ALEN] = { 0x01, 0, 0x5e, 4, 5, 6 };

/*
 * IFN-1, IFN-9, IFN-12: the same NIC gets the same ifnet, with its link address
 * and memberships; another NIC gets another ifnet.
 */
static void identity(struct kunit *test)
{
	static const u8 nic[] = "a nic", other_nic[] = "another nic";
	const struct dlil_lladdr *link;
	struct dlil_ifnet *ifp, *other;
	struct fake *fake;

	fake = fake_acquire_id(test, DLIL_IFNET_ETHERNET, nic, sizeof(nic));
	fake->free_hook = NULL;
	ifp = fake->ifp;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	KUNIT_EXPECT_EQ(test, dlil_multi_join(ifp, group, ETH_ALEN), 0);
	link = dlil_ifnet_link(ifp);
	fake_detach(fake);
	dlil_ifnet_release(ifp);

	KUNIT_ASSERT_EQ(test, dlil_ifnet_acquire(DLIL_IFNET_ETHERNET, other_nic,
						 sizeof(other_nic), &other), 0);
	KUNIT_EXPECT_PTR_NE(test, other, ifp);
	dlil_ifnet_release(other);

	KUNIT_ASSERT_EQ(test, dlil_ifnet_acquire(DLIL_IFNET_ETHERNET, nic,
						 sizeof(nic), &other), 0);
	KUNIT_ASSERT_PTR_EQ(test, other, ifp);
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	KUNIT_EXPECT_PTR_EQ(test, dlil_ifnet_link(ifp), link);
	KUNIT_EXPECT_EQ(test, ifp->lives, 2);
	KUNIT_EXPECT_EQ(test, dlil_multi_suspended(ifp), 1);
	KUNIT_EXPECT_EQ(test, dlil_multi_leave(ifp, group, ETH_ALEN), 0);
}

static void block_in_free(struct fake *fake)
{
	fake->free_hook = NULL;
	fake_block(fake);
}

/*
 * IFN-2 IFN-5: an ifnet released while `free` runs cannot be acquired before
 * its end.
 */
static void released_in_free(struct kunit *test)
{
	static const u8 nic[] = { 2, 9, 9, 9, 9, 1 };
	struct dlil_ifnet *other;
	struct fake *fake;

	fake = fake_acquire_id(test, DLIL_IFNET_ETHERNET, nic, sizeof(nic));
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	fake->free_hook = block_in_free;
	KUNIT_ASSERT_EQ(test, dlil_ifnet_detach(fake->ifp), 0);
	fake_wait_blocked(fake);
	dlil_ifnet_release(fake->ifp);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_acquire(DLIL_IFNET_ETHERNET, nic,
						 sizeof(nic), &other), -EBUSY);
	fake_unblock(fake);
	fake_detach(fake);
	KUNIT_ASSERT_EQ(test, dlil_ifnet_acquire(DLIL_IFNET_ETHERNET, nic,
						 sizeof(nic), &other), 0);
	KUNIT_EXPECT_PTR_EQ(test, other, fake->ifp);
}

static int attach_killed(struct fake_task *task)
{
	int err;

	allow_signal(SIGKILL);
	send_sig(SIGKILL, current, 1);
	err = dlil_ifnet_attach(task->fake->ifp, fake_lladdr, ETH_ALEN);
	flush_signals(current);
	return err;
}

/*
 * IFN-3: if a task is killed while its attach waits for the input thread, the
 * attach fails and changes nothing.
 */
static void attach_without_thread(struct kunit *test)
{
	/* Allocated before the ifnet, so that it is freed later. */
	struct module *owner = fake_module(test, MODULE_STATE_LIVE);
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	static const u8 before[ETH_ALEN] = { 2, 7, 7, 7, 7, 7 };
	unsigned int refs = fake_refs(fake);
	struct dlil_ifnet **list;
	unsigned int n;
	int err;

	fake->driver.owner = owner;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	dlil_ifnet_set_lladdr(fake->ifp, before);
	fake_input_new(fake, FAKE_PF_A, 1, 3);
	fake_read(fake);
	fake_detach(fake);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_set_idle_flags(fake->ifp,
							DLIL_IDLE_NOTIFY,
							DLIL_IDLE_NOTIFY), 0);

	/* The attach would set the length of the address. */
	fake->params.addr_len = 0;
	KUNIT_ASSERT_EQ(test, dlil_ifnet_init(fake->ifp, &fake->params), 0);
	err = fake_join(fake_run(fake, attach_killed));

	/* The thread may have been ready before the wait began. */
	if (!err) {
		fake->attached = true;
		fake->attaches++;
		atomic_set(&fake->handed_in, 0);
		kunit_skip(test, "the thread was faster");
	}
	KUNIT_EXPECT_EQ(test, err, -EINTR);
	KUNIT_EXPECT_EQ(test, fake_refs(fake), refs);
	KUNIT_EXPECT_EQ(test, fake_module_pins(owner), 0);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_addr_len(fake->ifp), 0);
	KUNIT_EXPECT_FALSE(test, dlil_ifnet_io_begin(fake->ifp));
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), -EINVAL);
	KUNIT_EXPECT_EQ(test, memcmp(dlil_ifnet_lladdr(fake->ifp), before,
				     ETH_ALEN), 0);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_idle_flags(fake->ifp), 0);
	KUNIT_EXPECT_NULL(test, dlil_ifnet_by_index(&init_net,
						    fake->params.ifindex));
	list = dlil_ifnet_list_get(&init_net, DLIL_IFNET_ANY, &n);
	KUNIT_ASSERT_FALSE(test, IS_ERR(list));
	KUNIT_EXPECT_EQ(test, n, 0);
	dlil_ifnet_list_put(list);
	/* The counters of the previous life are still readable (STA-1). */
	fake_read(fake);
	KUNIT_EXPECT_EQ(test, fake->in.seen, 3);

	fake->params.addr_len = ETH_ALEN;
	KUNIT_EXPECT_EQ(test, fake_attach(fake), 0);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_idle_flags(fake->ifp),
			DLIL_IDLE_NOTIFY);
}

/* An ifnet that another task attaches, and how often it could not. */
static struct fake *beside;
static unsigned int slow_things, beside_late;

static int attach_beside(struct fake_task *task)
{
	return fake_attach(task->fake);
}

static void while_slow(enum dlil_slow what, int node)
{
	struct fake_task *task = fake_run(beside, attach_beside);

	slow_things++;
	if (!fake_wait_for(fake_done(task)))
		beside_late++;
	else
		KUNIT_EXPECT_EQ(beside->test, fake_join(task), 0);
	fake_detach(beside);
}

/*
 * IFN-1 IFN-3 LNX-13: while memory is allocated for one ifnet, and while its input thread
 * is created, others are attached.
 */
static void attach_beside_others(struct kunit *test)
{
	struct fake *fake;

	beside = fake_acquire(test, DLIL_IFNET_ETHERNET);
	slow_things = 0;
	beside_late = 0;
	dlil_slow_begin(while_slow);
	fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	KUNIT_EXPECT_GE(test, slow_things, 1);
	slow_things = 0;
	KUNIT_EXPECT_EQ(test, fake_attach(fake), 0);
	dlil_slow_end();
	KUNIT_EXPECT_EQ(test, slow_things, 1);
	KUNIT_EXPECT_EQ(test, beside_late, 0);
}

static int thread_node;

static void note_node(enum dlil_slow what, int node)
{
	if (what == DLIL_SLOW_THREAD)
		thread_node = node;
}

/* INP-4: the thread is created on the memory node of the device that the driver names. */
static void node_of_driver(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	static struct device device;

	thread_node = NUMA_NO_NODE;
	fake->params.device = &device;
	dlil_dev_set_node(&device, 0);
	dlil_slow_begin(note_node);
	KUNIT_EXPECT_EQ(test, fake_attach(fake), 0);
	KUNIT_EXPECT_EQ(test, thread_node, 0);
	fake_detach(fake);
	/* Without one, it is created on any node. */
	fake->params.device = NULL;
	KUNIT_EXPECT_EQ(test, fake_attach(fake), 0);
	KUNIT_EXPECT_EQ(test, thread_node, NUMA_NO_NODE);
	dlil_slow_end();
	dlil_dev_set_node(NULL, NUMA_NO_NODE);
}

/* IFN-13: an attach that fails at last leaves no thread. */
static void no_thread_left(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct fake *other = fake_acquire(test, DLIL_IFNET_ETHERNET);

	other->params.name = fake->params.name;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(fake_tasks_named("dlil/fake0") == 1));
	KUNIT_EXPECT_EQ(test, fake_attach(other), -EEXIST);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(fake_tasks_named("dlil/fake0") == 1));
}

static struct task_struct *input_thread;

static void expect_thread_gone(struct fake *fake)
{
	KUNIT_EXPECT_TRUE(fake->test,
			  READ_ONCE(input_thread->flags) & PF_EXITING);
}

/* IFN-5: the final detach waits for the input thread before it calls `free`. */
static void detach_ends_thread(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	input_thread = get_task_struct(fake->ifp->inq.thread->task);
	KUNIT_EXPECT_FALSE(test, READ_ONCE(input_thread->flags) & PF_EXITING);
	fake->free_hook = expect_thread_gone;
	fake_detach(fake);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake->freed), 1);
	put_task_struct(input_thread);
}

#define MANY	200

static atomic_t many_detached, many_freed;

static int many_output(struct dlil_ifnet *ifp, struct sk_buff *skb)
{
	kfree_skb(skb);
	return 0;
}

static void many_free(struct dlil_ifnet *ifp)
{
	atomic_inc(&many_freed);
}

static int many_demux(struct dlil_ifnet *ifp, struct sk_buff *skb, u32 *family)
{
	return -ENOENT;
}

static int many_add_proto(struct dlil_ifnet *ifp, u32 family,
			  const struct dlil_demux_desc *descs, unsigned int n)
{
	return 0;
}

static int many_del_proto(struct dlil_ifnet *ifp, u32 family)
{
	return 0;
}

static const struct dlil_driver_ops many_driver = {
	.output = many_output,
	.free = many_free,
};

static const struct dlil_family_ops many_family = {
	.demux = many_demux,
	.add_proto = many_add_proto,
	.del_proto = many_del_proto,
};

static int many_filter(void *cookie, struct dlil_ifnet *ifp, u32 family,
		       struct sk_buff **skb)
{
	return 0;
}

static void many_filter_detached(void *cookie, struct dlil_ifnet *ifp)
{
	atomic_inc(&many_detached);
}

static const struct dlil_filter_ops many_filter_ops = {
	.input = many_filter,
	.detached = many_filter_detached,
};

static struct dlil_ifnet *many_attach(struct kunit *test, int i)
{
	const struct dlil_filter_params filter = {
		.ops = &many_filter_ops,
		.name = "many",
	};
	struct dlil_ifnet_params params = {
		.driver = &many_driver,
		.family = &many_family,
		.net = &init_net,
		.ifindex = 10000 + i,
		.addr_len = ETH_ALEN,
	};
	struct dlil_ifnet *ifp;
	char name[IFNAMSIZ];
	dlil_filter_t ref;

	snprintf(name, sizeof(name), "many%d", i);
	params.name = name;
	KUNIT_ASSERT_EQ(test, dlil_ifnet_acquire(DLIL_IFNET_ETHERNET, name,
						 strlen(name), &ifp), 0);
	KUNIT_ASSERT_EQ(test, dlil_ifnet_init(ifp, &params), 0);
	KUNIT_ASSERT_EQ(test, dlil_ifnet_attach(ifp, fake_lladdr, ETH_ALEN),
			0);
	KUNIT_ASSERT_EQ(test, dlil_filter_attach(ifp, &filter, &ref), 0);
	return ifp;
}

/* Returns the duration in jiffies. */
static unsigned long many_detach(struct kunit *test, struct dlil_ifnet **ifps,
				 int n)
{
	unsigned long start = jiffies;
	int i;

	for (i = 0; i < n; i++)
		KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(ifps[i]), 0);
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_EQ(test, dlil_ifnet_wait_detached(ifps[i]), 0);
	start = jiffies - start;
	for (i = 0; i < n; i++)
		dlil_ifnet_release(ifps[i]);
	return start;
}

/*
 * IFN-5, IFN-10: many ifnets detached at once share their grace periods, and
 * each can be looked up.  The fastest of several single detaches is the
 * yardstick.
 */
static void many_at_once(struct kunit *test)
{
	unsigned long one = ULONG_MAX, all, limit;
	struct dlil_ifnet **ifps, *ifp;
	int i;

	ifps = kunit_kcalloc(test, MANY, sizeof(*ifps), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ifps);
	atomic_set(&many_detached, 0);
	atomic_set(&many_freed, 0);
	for (i = 0; i < 3; i++) {
		ifps[0] = many_attach(test, 0);
		one = min(one, many_detach(test, ifps, 1));
	}
	for (i = 0; i < MANY; i++)
		ifps[i] = many_attach(test, i);
	for (i = 0; i < MANY; i++) {
		ifp = dlil_ifnet_by_index(&init_net, 10000 + i);
		KUNIT_EXPECT_PTR_EQ(test, ifp, ifps[i]);
		if (ifp)
			dlil_ifnet_put(ifp);
	}

	all = many_detach(test, ifps, MANY);

	/*
	 * One after the other, they would take MANY times as long; but they share a few
	 * grace periods, however many they are.  A kernel with checkers on an emulated
	 * processor needs most of the time for other things.
	 */
	limit = (IS_ENABLED(CONFIG_UML) ? 20 : MANY / 2) * max(one, 2UL);
	kunit_info(test, "one: %lu jiffies, %d at once: %lu", one, MANY, all);
	KUNIT_EXPECT_LT(test, all, limit);
	KUNIT_EXPECT_EQ(test, atomic_read(&many_detached), MANY + 3);
	KUNIT_EXPECT_EQ(test, atomic_read(&many_freed), MANY + 3);
}

/* IFN-7: dropping a reference too often causes a warning, and no harm. */
static void underflow(struct kunit *test)
{
	struct dlil_ifnet *ifp;
	int level = fake_silence();

	KUNIT_ASSERT_EQ(test, dlil_ifnet_acquire(DLIL_IFNET_RAW, NULL, 0, &ifp),
			0);
	refcount_set(&ifp->refs, 0);
	dlil_ifnet_put(ifp);
	fake_end_silence(level);
	KUNIT_EXPECT_TRUE(test, test_taint(TAINT_WARN));
	/* The ifnet is not freed any more, however many references are dropped. */
	KUNIT_EXPECT_GT(test, refs_of(ifp), 1000);
	dlil_ifnet_put(ifp);
	KUNIT_EXPECT_GT(test, refs_of(ifp), 1000);
	refcount_set(&ifp->refs, 1);
	dlil_ifnet_release(ifp);
}

/* IFN-7: references saturate. */
static void saturation(struct kunit *test)
{
	struct dlil_ifnet *ifp;
	int level = fake_silence();
	int i;

	KUNIT_ASSERT_EQ(test, dlil_ifnet_acquire(DLIL_IFNET_RAW, NULL, 0, &ifp),
			0);
	refcount_set(&ifp->refs, REFCOUNT_MAX);
	for (i = 0; i < 4; i++)
		dlil_ifnet_get(ifp);
	KUNIT_EXPECT_EQ(test, refs_of(ifp), (unsigned int)REFCOUNT_SATURATED);
	for (i = 0; i < 8; i++)
		dlil_ifnet_put(ifp);
	KUNIT_EXPECT_EQ(test, refs_of(ifp), (unsigned int)REFCOUNT_SATURATED);
	fake_end_silence(level);
	refcount_set(&ifp->refs, 1);
	dlil_ifnet_release(ifp);
}

noinline void dlil_life_taker(struct dlil_ifnet *ifp);
noinline void dlil_life_taker(struct dlil_ifnet *ifp)
{
	dlil_ifnet_get(ifp);
	barrier();
}

noinline void dlil_life_dropper(struct dlil_ifnet *ifp);
noinline void dlil_life_dropper(struct dlil_ifnet *ifp)
{
	dlil_ifnet_put(ifp);
	barrier();
}

#define SHOWN	(64 * 1024)

/* The text in debugfs about an ifnet. */
static char *shown(struct kunit *test, struct fake *fake)
{
	struct seq_file m = { .size = SHOWN };

	m.buf = kunit_kzalloc(test, SHOWN, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m.buf);
	KUNIT_ASSERT_EQ(test, dlil_debug_show(&m, fake->ifp), 0);
	KUNIT_ASSERT_LT(test, m.count, SHOWN);
	return m.buf;
}

static unsigned int times(const char *text, const char *word)
{
	unsigned int n = 0;

	while ((text = strstr(text, word))) {
		text += strlen(word);
		n++;
	}
	return n;
}

/* IFN-7: debugfs shows the last users of references as symbols. */
static void who_took_it(struct kunit *test)
{
	struct fake *fake;
	char *text;
	int i;

	dlil_debug_enable(true);
	fake = fake_acquire_id(test, DLIL_IFNET_ETHERNET, "debug", 5);
	fake->params.name = "fakedebug";
	KUNIT_EXPECT_EQ(test, fake_attach(fake), 0);
	for (i = 0; i < 10; i++)
		dlil_life_taker(fake->ifp);
	for (i = 0; i < 3; i++)
		dlil_life_dropper(fake->ifp);
	text = shown(test, fake);
	KUNIT_EXPECT_EQ(test, times(text, "taken by"), 8);
	KUNIT_EXPECT_EQ(test, times(text, "dlil_life_taker+"), 8);
	KUNIT_EXPECT_EQ(test, times(text, "dropped by"), 3);
	KUNIT_EXPECT_EQ(test, times(text, "dlil_life_dropper+"), 3);
	KUNIT_EXPECT_EQ(test, times(text, "attached by"), 1);
	KUNIT_EXPECT_EQ(test, times(text, "fake_attach+"), 1);
	KUNIT_EXPECT_EQ(test, times(text, "detached by"), 0);
	KUNIT_EXPECT_EQ(test, times(text, " 0x"), 0);

	fake_detach(fake);
	text = shown(test, fake);
	KUNIT_EXPECT_EQ(test, times(text, "detached by"), 1);
	KUNIT_EXPECT_EQ(test, times(text, "fake_detach+"), 1);

	dlil_debug_enable(false);
	for (i = 0; i < 3; i++)
		dlil_life_dropper(fake->ifp);
	text = shown(test, fake);
	KUNIT_EXPECT_LE(test, times(text, "dlil_life_dropper+"), 3);
	for (i = 0; i < 4; i++)
		dlil_ifnet_put(fake->ifp);
}

/* IFN-7: recording can be switched on for existing ifnets. */
static void who_took_it_later(struct kunit *test)
{
	struct fake *fake = fake_acquire_id(test, DLIL_IFNET_ETHERNET, "later",
					    5);

	fake->params.name = "fakelater";
	KUNIT_EXPECT_EQ(test, fake_attach(fake), 0);
	dlil_life_taker(fake->ifp);
	KUNIT_EXPECT_EQ(test, times(shown(test, fake), "taken by"), 0);
	KUNIT_EXPECT_EQ(test, times(shown(test, fake), "dropped by"), 0);
	dlil_debug_enable(true);
	dlil_life_taker(fake->ifp);
	dlil_debug_enable(false);
	KUNIT_EXPECT_EQ(test, times(shown(test, fake), "dlil_life_taker+"), 1);
	dlil_life_dropper(fake->ifp);
	dlil_life_dropper(fake->ifp);
}

/* IFN-3, IFN-4: the stacks of the last attach and detach are kept in any case. */
static void who_attached_it(struct kunit *test)
{
	struct fake *fake = fake_acquire_id(test, DLIL_IFNET_ETHERNET, "who", 3);
	char *text;
	int i;

	KUNIT_EXPECT_EQ(test, times(shown(test, fake), " by"), 0);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, fake_attach(fake), 0);
		text = shown(test, fake);
		KUNIT_EXPECT_EQ(test, times(text, "attached by"), 1);
		KUNIT_EXPECT_EQ(test, times(text, "fake_attach+"), 1);
		KUNIT_EXPECT_EQ(test, times(text, "detached by"), i);
		fake_detach(fake);
		text = shown(test, fake);
		KUNIT_EXPECT_EQ(test, times(text, "attached by"), 1);
		KUNIT_EXPECT_EQ(test, times(text, "detached by"), 1);
		KUNIT_EXPECT_EQ(test, times(text, "fake_detach+"), 1);
	}
}

struct input_ref_case {
	enum dlil_ifnet_family kind;
	bool takes;
};

static const struct input_ref_case input_ref_cases[] = {
	{ DLIL_IFNET_LOOPBACK, false },
	{ DLIL_IFNET_ETHERNET, true },
};

static void input_ref_desc(const struct input_ref_case *c, char *desc)
{
	strscpy(desc, c->takes ? "Ethernet" : "loopback",
		KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(input_ref, input_ref_cases, input_ref_desc);

/*
 * IFN-8: loopback input takes no I/O reference, but the final detach still
 * waits for a callback in flight.
 */
static void input_reference(struct kunit *test)
{
	const struct input_ref_case *c = test->param_value;
	struct fake *fake = fake_acquire(test, c->kind);
	struct percpu_ref *io = &fake->ifp->io;

	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	fake_filter(fake, 'a', &fake_filter_in_ops)->hook = fake_block_filter;
	fake_proto(fake, 'P', FAKE_PF_A);
	fake_input_new(fake, FAKE_PF_A, 1, 1);
	fake_wait_blocked(fake);

	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), 0);
	if (c->takes)
		KUNIT_EXPECT_TRUE(test, fake_stays(!percpu_ref_is_zero(io)));
	else
		KUNIT_EXPECT_TRUE(test, fake_wait_for(percpu_ref_is_zero(io)));
	KUNIT_EXPECT_TRUE(test, fake_stays(!atomic_read(&fake->freed)));
	FAKE_EXPECT_TRACE(fake, "a1");

	fake_unblock(fake);
	fake_detach(fake);
	FAKE_EXPECT_TRACE(fake, "a1 P1 ~a ~P free");
}

/* IFN-6: operations that are reachable with a stale reference have no effect. */
static void inert_vectors(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	struct dlil_ifnet *ifp = fake->ifp;
	struct dlil_frame frame = {};
	struct sk_buff *skb;
	u32 family = 0;

	fake_detach(fake);
	fake_trace_clear(fake);
	KUNIT_EXPECT_EQ(test, ifp->driver->output(ifp, fake_raw(fake, 1)), 0);
	KUNIT_EXPECT_EQ(test, ifp->family->demux(ifp, fake_raw(fake, 2),
						 &family), DLIL_STOLEN);
	skb = fake_tx(fake, 3);
	KUNIT_EXPECT_EQ(test, ifp->family->framer(ifp, &skb, &frame),
			DLIL_STOLEN);
	KUNIT_EXPECT_NULL(test, skb);
	KUNIT_EXPECT_EQ(test, ifp->family->add_proto(ifp, FAKE_PF_A, NULL, 0),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, ifp->family->del_proto(ifp, FAKE_PF_A), -EINVAL);
	KUNIT_EXPECT_EQ(test, ifp->family->check_multi(ifp, NULL), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, ifp->driver->ioctl(ifp, 1, NULL), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, ifp->driver->set_tap(ifp, DLIL_TAP_BOTH, NULL),
			0);
	ifp->driver->event(ifp, NULL);
	KUNIT_EXPECT_NULL(test, ifp->driver->free);
	KUNIT_EXPECT_EQ(test, fake_skbs(), 0);
	FAKE_EXPECT_TRACE(fake, "");
}

static void note_pins(struct fake *fake)
{
	fake_trace(fake, "%d", fake_module_pins(fake->driver.owner));
}

static int attach_again(struct fake *fake)
{
	return dlil_ifnet_attach(fake->ifp, fake_lladdr, ETH_ALEN);
}

/* IFN-3, IFN-5: the driver's module is pinned until `free` has returned. */
static void driver_pinned(struct kunit *test)
{
	/* Allocated before the ifnet, so that it is freed later. */
	struct module *owner = fake_module(test, MODULE_STATE_LIVE);
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);

	fake->driver.owner = owner;
	fake->free_hook = note_pins;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	KUNIT_EXPECT_EQ(test, fake_module_pins(owner), 1);
	KUNIT_EXPECT_EQ(test, attach_again(fake), -EEXIST);
	KUNIT_EXPECT_EQ(test, fake_module_pins(owner), 1);
	KUNIT_ASSERT_TRUE(test, dlil_ifnet_io_begin(fake->ifp));
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(fake->ifp), 0);
	KUNIT_EXPECT_EQ(test, fake_module_pins(owner), 1);
	dlil_ifnet_io_end(fake->ifp);
	fake_detach(fake);
	FAKE_EXPECT_TRACE(fake, "free 1");
	KUNIT_EXPECT_EQ(test, fake_module_pins(owner), 0);

	/* A module that is being unloaded cannot attach. */
	owner->state = MODULE_STATE_GOING;
	KUNIT_EXPECT_EQ(test, fake_attach(fake), -ENODEV);
	KUNIT_EXPECT_EQ(test, fake_module_pins(owner), 0);
	KUNIT_EXPECT_FALSE(test, dlil_ifnet_io_begin(fake->ifp));
	owner->state = MODULE_STATE_LIVE;
	KUNIT_EXPECT_EQ(test, fake_attach(fake), 0);
	KUNIT_EXPECT_EQ(test, fake_module_pins(owner), 1);
}

static void attach_in_free(struct fake *fake)
{
	fake->free_hook = note_pins;
	note_pins(fake);
	KUNIT_EXPECT_EQ(fake->test, fake_attach(fake), 0);
	note_pins(fake);
}

/* IFN-5: if `free` attaches again, each life pins the module. */
static void driver_pinned_twice(struct kunit *test)
{
	/* Allocated before the ifnet, so that it is freed later. */
	struct module *owner = fake_module(test, MODULE_STATE_LIVE);
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);

	fake->driver.owner = owner;
	fake->free_hook = attach_in_free;
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	fake_detach(fake);
	FAKE_EXPECT_TRACE(fake, "free 1 2");
	KUNIT_EXPECT_TRUE(test,
			  fake_wait_for(fake_module_pins(owner) == 1));
	fake_detach(fake);
	FAKE_EXPECT_TRACE(fake, "free 1 2 free 1");
	KUNIT_EXPECT_EQ(test, fake_module_pins(owner), 0);
}

/* INI-3: allocations have the alignment that the declarations request. */
static void layout(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	int cpu;

	for_each_possible_cpu(cpu) {
		struct dlil_pcpu_stats *s = per_cpu_ptr(fake->ifp->stats, cpu);

		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)s->stats,
						   sizeof(u64)));
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)s->account,
						   sizeof(u64)));
	}
	KUNIT_EXPECT_TRUE(test,
			  IS_ALIGNED((unsigned long)dlil_ifnet_lladdr(fake->ifp),
				     8));
}

/* IFN-9: the link address carries name, index and family of its ifnet. */
static void link_address(struct kunit *test)
{
	struct fake *fake = fake_attached(test);
	const struct dlil_lladdr *link = dlil_ifnet_link(fake->ifp);

	KUNIT_EXPECT_EQ(test, link->ifindex, fake->params.ifindex);
	KUNIT_EXPECT_EQ(test, link->family, DLIL_IFNET_ETHERNET);
	KUNIT_EXPECT_EQ(test, link->len, ETH_ALEN);
	KUNIT_EXPECT_STREQ(test, (const char *)link->name, "fake0");
	KUNIT_EXPECT_EQ(test, memcmp(link->addr, fake_lladdr, ETH_ALEN), 0);

	dlil_ifnet_set_name(fake->ifp, "other0");
	KUNIT_EXPECT_STREQ(test, (const char *)link->name, "other0");
	/* The ifnet stays after the end of its life. */
	fake_detach(fake);
	KUNIT_EXPECT_PTR_EQ(test, dlil_ifnet_link(fake->ifp), link);
	KUNIT_EXPECT_EQ(test, memcmp(link->addr, fake_lladdr, ETH_ALEN), 0);
}

static void attach_with(struct fake *fake, const u8 *addr, size_t len)
{
	fake->params.addr_len = len;
	KUNIT_ASSERT_EQ(fake->test, dlil_ifnet_init(fake->ifp, &fake->params),
			0);
	KUNIT_ASSERT_EQ(fake->test, dlil_ifnet_attach(fake->ifp, addr, len), 0);
	fake->attached = true;
	fake->attaches++;
}

/* IFN-9: a long address gets larger storage, which is kept when it shrinks. */
static void long_link_address(struct kunit *test)
{
	static const u8 addr[MAX_ADDR_LEN] = "an address as long as can be...";
	/* An ifnet that was never used before. */
	struct fake *fake = fake_acquire_id(test, DLIL_IFNET_ETHERNET, "short",
					    5);
	const struct dlil_lladdr *small, *large;

	attach_with(fake, addr, 8);
	small = dlil_ifnet_link(fake->ifp);
	fake_detach(fake);

	/* 8 bytes fit into the ifnet itself, 9 do not. */
	KUNIT_EXPECT_NULL(test, fake->ifp->lladdr_large);
	attach_with(fake, addr, 9);
	KUNIT_EXPECT_PTR_NE(test, dlil_ifnet_link(fake->ifp), small);
	KUNIT_EXPECT_EQ(test, memcmp(dlil_ifnet_lladdr(fake->ifp), addr, 9), 0);
	fake_detach(fake);

	attach_with(fake, addr, MAX_ADDR_LEN);
	large = dlil_ifnet_link(fake->ifp);
	KUNIT_EXPECT_PTR_NE(test, large, small);
	KUNIT_EXPECT_EQ(test, large->len, MAX_ADDR_LEN);
	KUNIT_EXPECT_EQ(test, memcmp(large->addr, addr, MAX_ADDR_LEN), 0);
	/* Readers of the old storage still see the old address. */
	KUNIT_EXPECT_EQ(test, memcmp(small->addr, addr, 8), 0);
	fake_detach(fake);

	attach_with(fake, fake_lladdr, ETH_ALEN);
	KUNIT_EXPECT_PTR_EQ(test, dlil_ifnet_link(fake->ifp), large);
	KUNIT_EXPECT_EQ(test, large->len, ETH_ALEN);
	KUNIT_EXPECT_EQ(test, memcmp(large->addr, fake_lladdr, ETH_ALEN), 0);
	/* Bytes behind the address are cleared. */
	KUNIT_EXPECT_EQ(test, large->addr[ETH_ALEN], 0);
	fake_detach(fake);
	attach_with(fake, addr, 20);
	KUNIT_EXPECT_PTR_EQ(test, dlil_ifnet_link(fake->ifp), large);
}

/* IFN-9: storage for a long address can be reserved before the attach. */
static void link_address_before_attach(struct kunit *test)
{
	static const u8 addr[MAX_ADDR_LEN] = "an address as long as can be...";
	static const u8 nothing[MAX_ADDR_LEN];
	/* An ifnet that was never used before. */
	struct fake *fake = fake_acquire_id(test, DLIL_IFNET_ETHERNET, "long",
					    4);
	struct dlil_ifnet *ifp = fake->ifp;

	fake->params.addr_len = MAX_ADDR_LEN;
	fake->params.broadcast = nothing;
	KUNIT_ASSERT_EQ(test, dlil_ifnet_init(ifp, &fake->params), 0);
	dlil_ifnet_set_lladdr(ifp, addr);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_link(ifp)->len, MAX_ADDR_LEN);
	KUNIT_EXPECT_EQ(test, memcmp(dlil_ifnet_broadcast(ifp), nothing,
				     MAX_ADDR_LEN), 0);
	/* An attach without address keeps the old one. */
	KUNIT_ASSERT_EQ(test, dlil_ifnet_attach(ifp, NULL, 0), 0);
	fake->attached = true;
	fake->attaches++;
	KUNIT_EXPECT_EQ(test, memcmp(dlil_ifnet_lladdr(ifp), addr,
				     MAX_ADDR_LEN), 0);
}

static unsigned int listed(struct kunit *test, struct net *net,
			   enum dlil_ifnet_family family,
			   struct dlil_ifnet *first, struct dlil_ifnet *second)
{
	unsigned int n, refs = refs_of(first);
	struct dlil_ifnet **list;

	list = dlil_ifnet_list_get(net, family, &n);
	KUNIT_ASSERT_FALSE(test, IS_ERR(list));
	KUNIT_EXPECT_NULL(test, list[n]);
	if (n > 0) {
		KUNIT_EXPECT_PTR_EQ(test, list[0], first);
		KUNIT_EXPECT_EQ(test, refs_of(first), refs + 1);
	}
	if (n > 1)
		KUNIT_EXPECT_PTR_EQ(test, list[1], second);
	dlil_ifnet_list_put(list);
	KUNIT_EXPECT_EQ(test, refs_of(first), refs);
	return n;
}

/* The ifnet that a dump gets behind @ifp, or at @pos. */
static struct dlil_ifnet *next_of(struct dlil_ifnet *ifp, unsigned long pos)
{
	struct dlil_ifnet *next = dlil_ifnet_next(&init_net, ifp, pos);

	if (next)
		dlil_ifnet_put(next);
	return next;
}

/*
 * IFN-10 LNX-11: a dump continues behind the last ifnet, by position if that is
 * gone.
 */
static void next_in_list(struct kunit *test)
{
	struct net *other = (struct net *)test;
	struct fake *raw = fake_acquire(test, DLIL_IFNET_RAW);
	struct fake *ether = fake_acquire(test, DLIL_IFNET_ETHERNET);
	unsigned int refs = refs_of(raw->ifp);

	ether->params.name = "fake1";
	ether->params.ifindex++;
	KUNIT_EXPECT_NULL(test, next_of(NULL, 0));
	KUNIT_ASSERT_EQ(test, fake_attach(raw), 0);
	KUNIT_ASSERT_EQ(test, fake_attach(ether), 0);
	KUNIT_EXPECT_PTR_EQ(test, next_of(NULL, 0), raw->ifp);
	KUNIT_EXPECT_PTR_EQ(test, next_of(NULL, 1), ether->ifp);
	KUNIT_EXPECT_NULL(test, next_of(NULL, 2));
	KUNIT_EXPECT_PTR_EQ(test, next_of(raw->ifp, 1), ether->ifp);
	KUNIT_EXPECT_NULL(test, next_of(ether->ifp, 2));
	KUNIT_EXPECT_NULL(test, dlil_ifnet_next(other, NULL, 0));
	KUNIT_EXPECT_NULL(test, dlil_ifnet_next(other, raw->ifp, 0));
	fake_detach(raw);
	KUNIT_EXPECT_PTR_EQ(test, next_of(raw->ifp, 0), ether->ifp);
	KUNIT_EXPECT_NULL(test, next_of(raw->ifp, 1));
	KUNIT_EXPECT_TRUE(test, fake_wait_for(refs_of(raw->ifp) == refs));
}

/*
 * IFN-10: a list has all ifnets of a family, oldest first, each with a
 * reference.
 */
static void list_of_family(struct kunit *test)
{
	/* Only compared, never dereferenced. */
	struct net *other = (struct net *)test;
	struct fake *raw = fake_acquire(test, DLIL_IFNET_RAW);
	struct fake *ether = fake_acquire(test, DLIL_IFNET_ETHERNET);

	ether->params.name = "fake1";
	ether->params.ifindex++;
	KUNIT_EXPECT_EQ(test, listed(test, &init_net, DLIL_IFNET_ANY, raw->ifp,
				     NULL), 0);
	KUNIT_ASSERT_EQ(test, fake_attach(raw), 0);
	KUNIT_ASSERT_EQ(test, fake_attach(ether), 0);
	KUNIT_EXPECT_EQ(test, listed(test, &init_net, DLIL_IFNET_ANY, raw->ifp,
				     ether->ifp), 2);
	KUNIT_EXPECT_EQ(test, listed(test, &init_net, DLIL_IFNET_RAW, raw->ifp,
				     NULL), 1);
	KUNIT_EXPECT_EQ(test, listed(test, &init_net, DLIL_IFNET_ETHERNET,
				     ether->ifp, NULL), 1);
	KUNIT_EXPECT_EQ(test, listed(test, &init_net, DLIL_IFNET_CELLULAR,
				     raw->ifp, NULL), 0);
	KUNIT_EXPECT_EQ(test, listed(test, other, DLIL_IFNET_ANY, raw->ifp,
				     NULL), 0);
	fake_detach(raw);
	KUNIT_EXPECT_EQ(test, listed(test, &init_net, DLIL_IFNET_ANY,
				     ether->ifp, NULL), 1);
}

static int set_idle(struct fake *fake, u32 flags)
{
	return dlil_ifnet_set_idle_flags(fake->ifp, flags, DLIL_IDLE_NOTIFY);
}

/*
 * IFN-11, IFN-4: idle flags become effective at the attach, and end with the
 * detach.
 */
static void idle_flags(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	unsigned int before = dlil_ifnets_flagged();
	struct dlil_ifnet *ifp = fake->ifp;

	KUNIT_EXPECT_EQ(test, dlil_ifnet_set_idle_flags(NULL, 0, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_set_idle_flags(ifp, 0, 2), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_set_idle_flags(ifp, 1, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, set_idle(fake, DLIL_IDLE_NOTIFY), 0);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_idle_flags(ifp), 0);
	KUNIT_EXPECT_EQ(test, dlil_ifnets_flagged(), before);

	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_idle_flags(ifp), DLIL_IDLE_NOTIFY);
	KUNIT_EXPECT_EQ(test, dlil_ifnets_flagged(), before + 1);
	KUNIT_EXPECT_EQ(test, set_idle(fake, 0), 0);
	KUNIT_EXPECT_EQ(test, dlil_ifnets_flagged(), before);
	KUNIT_EXPECT_EQ(test, set_idle(fake, DLIL_IDLE_NOTIFY), 0);
	KUNIT_EXPECT_EQ(test, set_idle(fake, DLIL_IDLE_NOTIFY), 0);
	KUNIT_EXPECT_EQ(test, dlil_ifnets_flagged(), before + 1);

	KUNIT_ASSERT_TRUE(test, dlil_ifnet_io_begin(ifp));
	KUNIT_EXPECT_EQ(test, dlil_ifnet_detach(ifp), 0);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_idle_flags(ifp), 0);
	KUNIT_EXPECT_EQ(test, dlil_ifnets_flagged(), before);
	KUNIT_EXPECT_EQ(test, set_idle(fake, DLIL_IDLE_NOTIFY), -ENXIO);
	dlil_ifnet_io_end(ifp);
	fake_detach(fake);

	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_idle_flags(ifp), 0);
	KUNIT_EXPECT_EQ(test, dlil_ifnets_flagged(), before);
}

/* IFN-11, INI-2: net_rtref sets the flag of all ifnets, even attached ones. */
static void idle_forced(struct kunit *test)
{
	struct fake *first = fake_attached(test);
	struct fake *second = fake_acquire(test, DLIL_IFNET_RAW);
	unsigned int before = dlil_ifnets_flagged();

	KUNIT_EXPECT_EQ(test, set_idle(first, DLIL_IDLE_NOTIFY), 0);
	dlil_idle_force(true);
	KUNIT_EXPECT_EQ(test, dlil_ifnets_flagged(), before + 1);
	KUNIT_EXPECT_EQ(test, fake_attach(second), 0);
	KUNIT_EXPECT_EQ(test, dlil_ifnets_flagged(), before + 2);
	KUNIT_EXPECT_EQ(test, set_idle(second, 0), 0);
	KUNIT_EXPECT_EQ(test, dlil_ifnets_flagged(), before + 2);
	fake_detach(first);
	KUNIT_EXPECT_EQ(test, dlil_ifnets_flagged(), before + 1);
	dlil_idle_force(false);
	KUNIT_EXPECT_EQ(test, dlil_ifnets_flagged(), before);
	KUNIT_EXPECT_EQ(test, dlil_ifnet_idle_flags(second->ifp), 0);
}

static int note_group(const u8 *addr, size_t len, void *arg)
{
	struct fake *fake = arg;

	fake_trace(fake, "%d", addr[3]);
	return addr[3] == 4 ? -EINTR : 0;
}

/* IFN-12: a group joined twice must be left twice; memberships survive a detach. */
static void memberships(struct kunit *test)
{
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct dlil_ifnet *ifp = fake->ifp;

	KUNIT_EXPECT_EQ(test, dlil_multi_join(NULL, group, ETH_ALEN), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_multi_join(ifp, NULL, ETH_ALEN), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_multi_join(ifp, group, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_multi_join(ifp, group, MAX_ADDR_LEN + 1),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_multi_leave(ifp, group, ETH_ALEN),
			-EADDRNOTAVAIL);
	KUNIT_EXPECT_EQ(test, dlil_multi_join(ifp, group, ETH_ALEN), 0);
	KUNIT_EXPECT_EQ(test, dlil_multi_join(ifp, group, ETH_ALEN), 0);
	KUNIT_EXPECT_EQ(test, dlil_multi_suspended(ifp), 0);
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	KUNIT_EXPECT_EQ(test, dlil_multi_join(ifp, group, ETH_ALEN - 1),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_multi_suspended(ifp), 1);
	KUNIT_EXPECT_EQ(test, dlil_multi_join(ifp, other_group, ETH_ALEN), 0);
	KUNIT_EXPECT_EQ(test, dlil_multi_for_each(ifp, note_group, fake),
			-EINTR);
	/*
	 * The driver is told of the second group only: the first was joined
	 * before.
	 */
	FAKE_EXPECT_TRACE(fake, "D:4 1 4");

	KUNIT_EXPECT_EQ(test, dlil_multi_leave(ifp, group, ETH_ALEN), 0);
	KUNIT_EXPECT_EQ(test, dlil_multi_leave(ifp, other_group, ETH_ALEN), 0);
	KUNIT_EXPECT_EQ(test, dlil_multi_leave(ifp, other_group, ETH_ALEN),
			-EADDRNOTAVAIL);
	FAKE_EXPECT_TRACE(fake, "D:4 1 4 D:5");
	fake_detach(fake);
	fake_trace_clear(fake);
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	KUNIT_EXPECT_EQ(test, dlil_multi_for_each(ifp, note_group, fake), 0);
	FAKE_EXPECT_TRACE(fake, "1");
	KUNIT_EXPECT_EQ(test, dlil_multi_leave(ifp, group, ETH_ALEN), 0);
}

/* IFN-12: an ifnet whose address length is unknown accepts groups of any length. */
static void longest_group(struct kunit *test)
{
	static const u8 longest[MAX_ADDR_LEN + 1] = { 1 };
	/* An ifnet that was never used before. */
	struct fake *fake = fake_acquire_id(test, DLIL_IFNET_ETHERNET, "groups",
					    6);
	struct dlil_ifnet *ifp = fake->ifp;

	KUNIT_EXPECT_EQ(test, dlil_multi_join(ifp, longest, MAX_ADDR_LEN + 1),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_multi_join(ifp, longest, MAX_ADDR_LEN), 0);
	KUNIT_EXPECT_EQ(test, dlil_multi_join(ifp, longest, 1), 0);
	KUNIT_EXPECT_EQ(test, dlil_multi_leave(ifp, longest, MAX_ADDR_LEN), 0);
	KUNIT_EXPECT_EQ(test, dlil_multi_leave(ifp, longest, 1), 0);
	KUNIT_EXPECT_EQ(test, ifp->n_multis, 0);
}

/* IFN-12: a join that the driver refuses has no effect. */
static void membership_refused(struct kunit *test)
{
	struct fake *fake = fake_attached(test);

	fake->answer = -EBUSY;
	KUNIT_EXPECT_EQ(test, dlil_multi_join(fake->ifp, group, ETH_ALEN),
			-EBUSY);
	KUNIT_EXPECT_EQ(test, dlil_multi_leave(fake->ifp, group, ETH_ALEN),
			-EADDRNOTAVAIL);
	fake->answer = -EOPNOTSUPP;
	KUNIT_EXPECT_EQ(test, dlil_multi_join(fake->ifp, group, ETH_ALEN), 0);
	KUNIT_EXPECT_EQ(test, dlil_multi_leave(fake->ifp, group, ETH_ALEN), 0);
}

struct restore_case {
	const char *name;
	void (*traffic)(struct fake *fake);
	int answer;
	unsigned int left;
};

static void traffic_in(struct fake *fake)
{
	fake_input_new(fake, FAKE_PF_A, 1, 3);
	fake_input_new(fake, FAKE_PF_A, 4, 3);
}

static void traffic_out(struct fake *fake)
{
	fake_output_new(fake, FAKE_PF_A, 1, 3, DLIL_OUTPUT_RAW);
	fake_output_new(fake, FAKE_PF_A, 4, 3, DLIL_OUTPUT_RAW);
}

/* Packets that the host sends. */
static void traffic_of_host(struct fake *fake)
{
	struct sk_buff *skb = fake_raw(fake, 1);
	int i;

	local_bh_disable();
	rcu_read_lock();
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(fake->test,
				dlil_filter_output(fake->ifp, 0, skb), 0);
	rcu_read_unlock();
	local_bh_enable();
	atomic_add(2, &fake->handed_out);
	kfree_skb(skb);
}

static const struct restore_case restore_cases[] = {
	{ "input", traffic_in, 0, 0 },
	{ "output", traffic_out, 0, 0 },
	{ "the host's output", traffic_of_host, 0, 0 },
	{ "no such family", traffic_in, -EAFNOSUPPORT, 0 },
	{ "refused", traffic_in, -EIO, 1 },
};

static void restore_desc(const struct restore_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(restore, restore_cases, restore_desc);

/* Called in a worker, without argument. */
static int restore_ioctl(struct dlil_ifnet *ifp, u32 code, void *arg)
{
	struct fake *fake = dlil_ifnet_priv(ifp);

	KUNIT_EXPECT_EQ(fake->test, code, DLIL_IOC_ADDMULTI);
	KUNIT_EXPECT_NULL(fake->test, arg);
	KUNIT_EXPECT_TRUE(fake->test, current->flags & PF_WQ_WORKER);
	complete(&fake->entered);
	return fake->answer;
}

/*
 * IFN-12: the first packet of either direction restores the memberships, once,
 * in a worker.
 */
static void restore_memberships(struct kunit *test)
{
	const struct restore_case *c = test->param_value;
	struct fake *fake = fake_acquire(test, DLIL_IFNET_ETHERNET);
	struct dlil_ifnet *ifp = fake->ifp;

	fake->driver.ioctl = restore_ioctl;
	fake->answer = c->answer;
	KUNIT_EXPECT_EQ(test, dlil_multi_join(ifp, group, ETH_ALEN), 0);
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	KUNIT_EXPECT_EQ(test, dlil_multi_suspended(ifp), 1);
	KUNIT_EXPECT_TRUE(test, fake_stays(!fake->entered.done));

	c->traffic(fake);
	fake_read(fake);
	KUNIT_ASSERT_TRUE(test, fake_wait_for(fake->entered.done));
	KUNIT_EXPECT_TRUE(test,
			  fake_wait_for(dlil_multi_suspended(ifp) == c->left));
	c->traffic(fake);
	fake_read(fake);
	KUNIT_EXPECT_TRUE(test, fake_stays(fake->entered.done == 1));
	KUNIT_EXPECT_EQ(test, dlil_multi_suspended(ifp), c->left);

	/* And again in the next life. */
	fake_detach(fake);
	KUNIT_ASSERT_EQ(test, fake_attach(fake), 0);
	KUNIT_EXPECT_EQ(test, dlil_multi_suspended(ifp), 1);
	c->traffic(fake);
	KUNIT_EXPECT_TRUE(test, fake_wait_for(fake->entered.done == 2));
	fake_detach(fake);
	KUNIT_EXPECT_EQ(test, dlil_multi_leave(ifp, group, ETH_ALEN), 0);
}

/* The parameter @name, which has to be there; NULL where it belongs to another module. */
static const struct kernel_param *parameter(struct kunit *test, const char *name)
{
#ifndef MODULE
	const struct kernel_param *p;

	for (p = __start___param; p < __stop___param; p++)
		if (!strcmp(p->name, name))
			return p;
	KUNIT_FAIL(test, "there is none with the name %s", name);
#endif
	return NULL;
}

static int set_parameter(const struct kernel_param *p, const char *val)
{
	return p->ops->set(val, p);
}

/*
 * INI-2: users set the variables whose effect other tests show (INP-3, INP-4, INP-11).  A
 * value out of range is refused, and the old one stays.
 */
static void parameters(struct kunit *test)
{
	const struct kernel_param *check, *affinity, *gather;
	unsigned int usecs = dlil_gather_usecs;

	check = parameter(test, "dlil.input_sanity_check");
	affinity = parameter(test, "dlil.net_affinity");
	gather = parameter(test, "dlil.gather_usecs");
	if (!check || !affinity || !gather)
		kunit_skip(test, "the suite is a module");

	KUNIT_EXPECT_EQ(test, set_parameter(check, "Y"), 0);
	KUNIT_EXPECT_TRUE(test, dlil_input_sanity_check);
	KUNIT_EXPECT_EQ(test, set_parameter(check, "2"), -EINVAL);
	KUNIT_EXPECT_TRUE(test, dlil_input_sanity_check);
	KUNIT_EXPECT_EQ(test, set_parameter(check, "N"), 0);
	KUNIT_EXPECT_FALSE(test, dlil_input_sanity_check);

	KUNIT_EXPECT_EQ(test, set_parameter(affinity, "0"), 0);
	KUNIT_EXPECT_FALSE(test, dlil_net_affinity);
	KUNIT_EXPECT_EQ(test, set_parameter(affinity, ""), -EINVAL);
	KUNIT_EXPECT_FALSE(test, dlil_net_affinity);
	KUNIT_EXPECT_EQ(test, set_parameter(affinity, "1"), 0);
	KUNIT_EXPECT_TRUE(test, dlil_net_affinity);

	KUNIT_EXPECT_EQ(test, set_parameter(gather, "0"), 0);
	KUNIT_EXPECT_EQ(test, dlil_gather_usecs, 0);
	KUNIT_EXPECT_EQ(test, set_parameter(gather, "51"), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_gather_usecs, 0);
	KUNIT_EXPECT_EQ(test, set_parameter(gather, "50"),
			dlil_gather_has_timer() ? 0 : -EINVAL);
	KUNIT_EXPECT_EQ(test, dlil_gather_usecs, dlil_gather_has_timer() ? 50 : 0);
	dlil_gather_usecs = usecs;
}

static struct kunit_case dlil_life_cases[] = {
	KUNIT_CASE(parts_unwind),
	KUNIT_CASE(oldest_goes_first),
	KUNIT_CASE(identity),
	KUNIT_CASE(released_in_free),
	KUNIT_CASE(attach_without_thread),
	KUNIT_CASE(attach_beside_others),
	KUNIT_CASE(node_of_driver),
	KUNIT_CASE(no_thread_left),
	KUNIT_CASE(detach_ends_thread),
	KUNIT_CASE(many_at_once),
	KUNIT_CASE(underflow),
	KUNIT_CASE(saturation),
	KUNIT_CASE(who_took_it),
	KUNIT_CASE(who_took_it_later),
	KUNIT_CASE(who_attached_it),
	KUNIT_CASE_PARAM(input_reference, input_ref_gen_params),
	KUNIT_CASE(inert_vectors),
	KUNIT_CASE(driver_pinned),
	KUNIT_CASE(driver_pinned_twice),
	KUNIT_CASE(layout),
	KUNIT_CASE(link_address),
	KUNIT_CASE(long_link_address),
	KUNIT_CASE(link_address_before_attach),
	KUNIT_CASE(list_of_family),
	KUNIT_CASE(next_in_list),
	KUNIT_CASE(idle_flags),
	KUNIT_CASE(idle_forced),
	KUNIT_CASE(memberships),
	KUNIT_CASE(parameters),
	KUNIT_CASE(longest_group),
	KUNIT_CASE(membership_refused),
	KUNIT_CASE_PARAM(restore_memberships, restore_gen_params),
	{}
};

static struct kunit_suite dlil_life_suite = {
	.name = "dlil_life",
	.test_cases = dlil_life_cases,
};

kunit_test_suite(dlil_life_suite);
