// SPDX-License-Identifier: GPL-2.0
/*
 * Counters of an ifnet, and reasons for drops.
 *
 * Counters have 64 bits and are exact when summed (STA-1, STA-3).
 *
 * Frequent events are counted per CPU, by callers that keep the ifnet attached:
 * they hold an I/O reference, or are in an RCU read section in which they have
 * seen it attached.  The final detach waits for both, so nobody counts there
 * when the next attach sets these counters to 0.
 *
 * Drops for rare reasons, and everything while the ifnet is not attached (by
 * holders of a life-time reference, at any time), are counted in the shared
 * counters under their lock.  All counts for one refused packet are made in a
 * single section, so that an attach clears all of them or none.
 *
 * Per-CPU counters are written with bottom halves off, which keeps the writer
 * on its CPU.  On PREEMPT_RT a second task may preempt it there and write to
 * the same counters.  The result is still correct: on 64-bit processors
 * u64_stats_add() cannot be preempted in the middle (local64), and on 32-bit
 * processors u64_stats_update_begin() disables preemption.  For that reason, no
 * counter may be written by u64_stats_set() on 64 bits.
 */
#include <linux/bottom_half.h>
#include <linux/build_bug.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>

#include "dlil_export.h"
#include "dlil_ifnet.h"
#include "dlil_stats.h"
#include "dlil_trace.h"

#include <trace/events/dlil.h>

#define STATS_WORDS	(sizeof(struct dlil_stats) / sizeof(u64))

/* The first words of struct dlil_account, each of which has a per-CPU counter. */
#define ACCOUNT_WORDS	(offsetof(struct dlil_account, freed) / sizeof(u64))

static_assert(sizeof(struct dlil_stats) % sizeof(u64) == 0);
static_assert(sizeof(struct dlil_account) ==
	      offsetof(struct dlil_account, drops) + DLIL_DROP_MAX * sizeof(u64));
static_assert(offsetof(struct dlil_account, drops) ==
	      offsetof(struct dlil_account, freed) + sizeof(u64));
static_assert(ACCOUNT_WORDS + DLIL_DROPS_PCPU == DLIL_ACCOUNT_PCPU);

/* Index of the per-CPU word of a reason; 0 for a rare one, which has none. */
static const u8 drop_words[DLIL_DROP_MAX] = {
	[DLIL_DROP_FILTER] = ACCOUNT_WORDS,
	[DLIL_DROP_PROMISC] = ACCOUNT_WORDS + 1,
	[DLIL_DROP_NOPROTO] = ACCOUNT_WORDS + 2,
	[DLIL_DROP_PROTOCOL] = ACCOUNT_WORDS + 3,
	[DLIL_DROP_QUEUE_FULL] = ACCOUNT_WORDS + 4,
	[DLIL_DROP_DRIVER] = ACCOUNT_WORDS + 5,
};

/* Must be called while the ifnet is not attached, see above. */
void dlil_stats_reset(struct dlil_ifnet *ifp)
{
	struct dlil_shared_stats *shared = &ifp->shared;
	unsigned long flags;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct dlil_pcpu_stats *s = per_cpu_ptr(ifp->stats, cpu);

		memset(s->stats, 0, sizeof(s->stats));
		memset(s->account, 0, sizeof(s->account));
	}
	raw_spin_lock_irqsave(&shared->lock, flags);
	memset(&shared->stats, 0, sizeof(shared->stats));
	memset(shared->account, 0, sizeof(shared->account));
	raw_spin_unlock_irqrestore(&shared->lock, flags);
	write_seqlock_bh(&ifp->own_seq);
	ifp->own_kept = false;
	write_sequnlock_bh(&ifp->own_seq);
}

/* Called inside an update of the counters. */
static __always_inline void add_word(u64_stats_t *to, u64 n)
{
	if (IS_ENABLED(CONFIG_64BIT))
		u64_stats_add(to, n);
	else
		u64_stats_set(to, u64_stats_read(to) + n);
}

static void add_words(u64_stats_t *to, const u64 *from, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (from[i])
			add_word(&to[i], from[i]);
}

static void sum_words(u64 *to, const u64 *from, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		to[i] += from[i];
}

/*
 * Row STA-7: add the driver's own counters, as long as the ifnet is attached.
 * Called inside an RCU read section, and under own_seq.
 */
static void add_own(struct dlil_ifnet *ifp, struct dlil_stats *stats)
{
	if (!ifp->own_kept && dlil_ifnet_is_attached(ifp) &&
	    ifp->driver->stats)
		ifp->driver->stats(ifp, stats);
}

/* Add drops to their per-CPU counters.  Returns the number of drops. */
static u64 add_drops(u64_stats_t *account, const u64 *drops, bool *rare)
{
	unsigned int i;
	u64 n = 0;

	for (i = 0; i < DLIL_DROP_MAX; i++) {
		if (likely(!drops[i]))
			continue;
		n += drops[i];
		if (drop_words[i])
			add_word(&account[drop_words[i]], drops[i]);
		else
			*rare = true;
	}
	return n;
}

/* Add to the shared counters, for an ifnet in any state. */
static void add_shared(struct dlil_ifnet *ifp, enum dlil_dir dir,
		       const struct dlil_tally *tally)
{
	struct dlil_shared_stats *shared = &ifp->shared;
	unsigned long flags;

	raw_spin_lock_irqsave(&shared->lock, flags);
	sum_words((u64 *)&shared->stats, (const u64 *)&tally->stats,
		  STATS_WORDS);
	sum_words((u64 *)&shared->account[dir], (const u64 *)&tally->account,
		  sizeof(tally->account) / sizeof(u64));
	raw_spin_unlock_irqrestore(&shared->lock, flags);
}

/*
 * Save the driver's own counters when the detach of @ifp begins, since the
 * driver will not be called for them any more.  Process context.
 */
void dlil_stats_keep_own(struct dlil_ifnet *ifp)
{
	struct dlil_tally tally = {};

	rcu_read_lock();
	write_seqlock_bh(&ifp->own_seq);
	add_own(ifp, &tally.stats);
	add_shared(ifp, DLIL_IN, &tally);
	ifp->own_kept = true;
	write_sequnlock_bh(&ifp->own_seq);
	rcu_read_unlock();
}

static noinline void add_rare(struct dlil_ifnet *ifp, enum dlil_dir dir,
			      const u64 *drops)
{
	struct dlil_tally tally = {};
	unsigned int i;

	for (i = 0; i < DLIL_DROP_MAX; i++)
		if (!drop_words[i])
			tally.account.drops[i] = drops[i];
	add_shared(ifp, dir, &tally);
}

static void trace_drops(struct dlil_ifnet *ifp, enum dlil_dir dir,
			const u64 *drops)
{
	unsigned int i;

	if (!trace_dlil_drop_enabled())
		return;
	for (i = 0; i < DLIL_DROP_MAX; i++)
		if (drops[i])
			trace_dlil_drop(ifp, dlil_direction(dir), i, drops[i]);
}

/* Report drops to the driver (LNX-14).  The caller keeps the ifnet attached. */
static void tell_dropped(struct dlil_ifnet *ifp, enum dlil_dir dir, u64 n)
{
	if (ifp->driver->dropped)
		ifp->driver->dropped(ifp, dlil_direction(dir), n);
}

/*
 * May some of the packets have been dropped?  A received packet that was not is
 * delivered, passed or stolen (STA-3), so most batches need no look at each reason.
 */
static bool may_have_drops(enum dlil_dir dir, const struct dlil_account *account)
{
	return dir == DLIL_OUT ||
	       account->seen != account->delivered + account->passed + account->stolen;
}

/*
 * Add the counts of one batch in direction @dir.  They do not include drops by
 * the driver, which has counters of its own for them.  For an ifnet that stays
 * attached meanwhile; any context, interrupts on.
 */
void dlil_stats_fold(struct dlil_ifnet *ifp, enum dlil_dir dir,
		     const struct dlil_tally *tally)
{
	const struct dlil_account *account = &tally->account;
	struct dlil_pcpu_stats *s;
	bool rare = false;
	u64 dropped = 0;

	local_bh_disable();
	s = this_cpu_ptr(ifp->stats);
	u64_stats_update_begin(&s->syncp);
	add_words(s->stats, (const u64 *)&tally->stats, STATS_WORDS);
	add_words(s->account[dir], (const u64 *)account, ACCOUNT_WORDS);
	if (unlikely(may_have_drops(dir, account)))
		dropped = add_drops(s->account[dir], account->drops, &rare);
	u64_stats_update_end(&s->syncp);
	if (unlikely(rare))
		add_rare(ifp, dir, account->drops);
	if (unlikely(dropped)) {
		trace_drops(ifp, dir, account->drops);
		tell_dropped(ifp, dir, dropped);
	}
	local_bh_enable();
}

static noinline void drop_shared(struct dlil_ifnet *ifp, enum dlil_dir dir,
				 enum dlil_drop_reason why, unsigned int n)
{
	struct dlil_tally tally = {};

	tally.account.drops[why] = n;
	add_shared(ifp, dir, &tally);
}

/*
 * Count dropped packets that are counted as seen elsewhere.  For an ifnet that
 * stays attached meanwhile; any context, interrupts on.
 */
void dlil_stats_drop(struct dlil_ifnet *ifp, enum dlil_dir dir,
		     enum dlil_drop_reason why, unsigned int n)
{
	struct dlil_pcpu_stats *s;

	local_bh_disable();
	if (likely(drop_words[why])) {
		s = this_cpu_ptr(ifp->stats);
		u64_stats_update_begin(&s->syncp);
		u64_stats_add(&s->account[dir][drop_words[why]], n);
		u64_stats_update_end(&s->syncp);
	} else {
		drop_shared(ifp, dir, why, n);
	}
	trace_dlil_drop(ifp, dlil_direction(dir), why, n);
	if (why != DLIL_DROP_DRIVER)
		tell_dropped(ifp, dir, n);
	local_bh_enable();
}

/*
 * Count dropped packets: @kept of them a filter has handed back, and @made of them it
 * has made (FLT-14).  For an ifnet in any state; any context, interrupts on.
 */
void dlil_stats_returned(struct dlil_ifnet *ifp, enum dlil_dir dir,
			 enum dlil_drop_reason why, unsigned int kept,
			 unsigned int made)
{
	unsigned int n = kept + made;
	struct dlil_tally tally = {};

	tally.account.seen = made;
	tally.account.stolen = -(u64)kept;
	if (dir == DLIL_IN)
		tally.stats.iqdrops = n;
	tally.account.drops[why] = n;
	add_shared(ifp, dir, &tally);
	trace_dlil_drop(ifp, dlil_direction(dir), why, n);
	local_bh_disable();
	rcu_read_lock();
	if (dlil_ifnet_is_attached(ifp))
		tell_dropped(ifp, dir, n);
	rcu_read_unlock();
	local_bh_enable();
}

static void refuse_pcpu(struct dlil_ifnet *ifp, enum dlil_dir dir,
			enum dlil_drop_reason why, unsigned int n, bool count,
			u64 bytes)
{
	struct dlil_pcpu_stats *s = this_cpu_ptr(ifp->stats);

	u64_stats_update_begin(&s->syncp);
	if (count) {
		u64_stats_add(&s->stats[DLIL_STATS_WORD(ipackets)], n);
		u64_stats_add(&s->stats[DLIL_STATS_WORD(ibytes)], bytes);
	}
	if (dir == DLIL_IN)
		u64_stats_add(&s->stats[DLIL_STATS_WORD(iqdrops)], n);
	u64_stats_add(&s->account[dir][DLIL_ACCOUNT_WORD(seen)], n);
	u64_stats_add(&s->account[dir][drop_words[why]], n);
	u64_stats_update_end(&s->syncp);
}

static noinline void refuse_shared(struct dlil_ifnet *ifp, enum dlil_dir dir,
				   enum dlil_drop_reason why, unsigned int n,
				   bool count, u64 bytes)
{
	struct dlil_tally tally = {};

	if (count) {
		tally.stats.ipackets = n;
		tally.stats.ibytes = bytes;
	}
	if (dir == DLIL_IN)
		tally.stats.iqdrops = n;
	tally.account.seen = n;
	tally.account.drops[why] = n;
	add_shared(ifp, dir, &tally);
}

/*
 * Same as dlil_stats_refuse(), for callers with bottom halves off, inside the
 * RCU read section in which they have checked @attached.
 */
void dlil_stats_refuse_bh(struct dlil_ifnet *ifp, enum dlil_dir dir,
			  enum dlil_drop_reason why, unsigned int n, u64 bytes,
			  bool attached)
{
	bool count = dir == DLIL_IN && ifp->attrs & DLIL_ATTR_COUNT_INPUT;

	if (likely(attached && drop_words[why]))
		refuse_pcpu(ifp, dir, why, n, count, bytes);
	else
		refuse_shared(ifp, dir, why, n, count, bytes);
	trace_dlil_drop(ifp, dlil_direction(dir), why, n);
	if (attached)
		tell_dropped(ifp, dir, n);
}

/*
 * Count packets with these bytes that arrived and were freed at once, but not
 * by the driver.  For an ifnet in any state; any context, interrupts on.
 */
void dlil_stats_refuse(struct dlil_ifnet *ifp, enum dlil_dir dir,
		       enum dlil_drop_reason why, unsigned int n, u64 bytes)
{
	local_bh_disable();
	rcu_read_lock();
	dlil_stats_refuse_bh(ifp, dir, why, n, bytes,
			     dlil_ifnet_is_attached(ifp));
	rcu_read_unlock();
	local_bh_enable();
}

static noinline void add_inc_shared(struct dlil_ifnet *ifp,
				    const struct dlil_stats *inc)
{
	struct dlil_tally tally = { .stats = *inc };

	add_shared(ifp, DLIL_IN, &tally);
}

/**
 * dlil_stats_add - add counts that only the driver knows
 * @ifp: ifnet
 * @inc: increments
 *
 * Row INP-6.
 *
 * Context: any but hard interrupts; interrupts on.
 */
void dlil_stats_add(struct dlil_ifnet *ifp, const struct dlil_stats *inc)
{
	struct dlil_pcpu_stats *s;

	local_bh_disable();
	rcu_read_lock();
	if (likely(dlil_ifnet_is_attached(ifp))) {
		s = this_cpu_ptr(ifp->stats);
		u64_stats_update_begin(&s->syncp);
		add_words(s->stats, (const u64 *)inc, STATS_WORDS);
		u64_stats_update_end(&s->syncp);
	} else {
		add_inc_shared(ifp, inc);
	}
	rcu_read_unlock();
	local_bh_enable();
}
EXPORT_SYMBOL_GPL(dlil_stats_add);

static void read_words(u64 *to, const u64_stats_t *from, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		to[i] = u64_stats_read(&from[i]);
}

/**
 * struct pcpu_copy - consistent copy of the counters of one CPU
 * @stats: as in struct dlil_stats
 * @account: as in struct dlil_account, by direction
 */
struct pcpu_copy {
	u64 stats[STATS_WORDS];
	u64 account[DLIL_DIRS][DLIL_ACCOUNT_PCPU];
};

static void read_pcpu(struct pcpu_copy *copy, const struct dlil_pcpu_stats *s)
{
	unsigned int start;

	do {
		start = u64_stats_fetch_begin(&s->syncp);
		read_words(copy->stats, s->stats, STATS_WORDS);
		read_words(&copy->account[0][0], &s->account[0][0],
			   DLIL_DIRS * DLIL_ACCOUNT_PCPU);
	} while (u64_stats_fetch_retry(&s->syncp, start));
}

static void sum_account(struct dlil_account *account, const u64 *words)
{
	unsigned int i;

	sum_words((u64 *)account, words, ACCOUNT_WORDS);
	for (i = 0; i < DLIL_DROP_MAX; i++)
		if (drop_words[i])
			account->drops[i] += words[drop_words[i]];
}

static void read_all(struct dlil_ifnet *ifp, struct dlil_stats *stats,
		     struct dlil_account *in, struct dlil_account *out)
{
	struct dlil_shared_stats *shared = &ifp->shared;
	struct dlil_account *account[DLIL_DIRS] = { in, out };
	struct pcpu_copy copy;
	unsigned long flags;
	unsigned int i;
	int cpu, dir;

	raw_spin_lock_irqsave(&shared->lock, flags);
	*stats = shared->stats;
	*in = shared->account[DLIL_IN];
	*out = shared->account[DLIL_OUT];
	raw_spin_unlock_irqrestore(&shared->lock, flags);
	for_each_possible_cpu(cpu) {
		read_pcpu(&copy, per_cpu_ptr(ifp->stats, cpu));
		sum_words((u64 *)stats, copy.stats, STATS_WORDS);
		for (dir = 0; dir < DLIL_DIRS; dir++)
			sum_account(account[dir], copy.account[dir]);
	}
	for (dir = 0; dir < DLIL_DIRS; dir++) {
		for (i = 0; i < DLIL_DROP_MAX; i++)
			account[dir]->freed += account[dir]->drops[i];
		/* A filter may hand back a packet before that counts as stolen. */
		if ((s64)account[dir]->stolen < 0)
			account[dir]->stolen = 0;
	}
}

/**
 * dlil_stats_read - sum up the counters of an ifnet
 * @ifp: ifnet
 * @stats: set to the counters
 * @in: set to the account of received packets
 * @out: set to the account of sent packets
 *
 * Rows STA-1, STA-7.  The sums are exact when no packet is in flight; under
 * traffic, each counter has a value that was true at some time.
 *
 * Context: process: the driver is asked for its own counters, and may take locks for
 * that which it does not take in softirqs.
 */
void dlil_stats_read(struct dlil_ifnet *ifp, struct dlil_stats *stats,
		     struct dlil_account *in, struct dlil_account *out)
{
	unsigned int seq;

	rcu_read_lock();
	do {
		seq = read_seqbegin(&ifp->own_seq);
		read_all(ifp, stats, in, out);
		add_own(ifp, stats);
	} while (read_seqretry(&ifp->own_seq, seq));
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(dlil_stats_read);

/*
 * Free dropped packets so that the kernel's drop monitor and the tracepoint
 * skb:kfree_skb show the reason (STA-4, LNX-14).
 *
 * A module cannot add reasons in all supported kernels, so each reason is
 * mapped to the most similar one of the kernel.
 */

static const enum skb_drop_reason kernel_reasons[] = {
	[DLIL_DROP_DETACHED] = SKB_DROP_REASON_DEV_READY,
	[DLIL_DROP_DEMUX] = SKB_DROP_REASON_HDR_TRUNC,
	[DLIL_DROP_FILTER] = SKB_DROP_REASON_NETFILTER_DROP,
	[DLIL_DROP_PROMISC] = SKB_DROP_REASON_OTHERHOST,
	[DLIL_DROP_NOPROTO] = SKB_DROP_REASON_UNHANDLED_PROTO,
	[DLIL_DROP_PROTOCOL] = SKB_DROP_REASON_UNHANDLED_PROTO,
	[DLIL_DROP_QUEUE_FULL] = SKB_DROP_REASON_CPU_BACKLOG,
	[DLIL_DROP_NOMEM] = SKB_DROP_REASON_NOMEM,
	[DLIL_DROP_FRAMER] = SKB_DROP_REASON_DEV_HDR,
	/* Kernels as old as 6.1 have no similar reason. */
	[DLIL_DROP_RECURSION] = SKB_DROP_REASON_NOT_SPECIFIED,
	/* The driver has freed the packet, with a reason of its own. */
	[DLIL_DROP_DRIVER] = SKB_DROP_REASON_NOT_SPECIFIED,
	[DLIL_DROP_SANITY] = SKB_DROP_REASON_DEV_HDR,
	[DLIL_DROP_POLICY] = SKB_DROP_REASON_NETFILTER_DROP,
	[DLIL_DROP_TSO] = SKB_DROP_REASON_SKB_GSO_SEG,
};

/* Each new reason needs a reason of the kernel. */
static_assert(ARRAY_SIZE(kernel_reasons) == DLIL_DROP_MAX);

/*
 * Free a packet that is counted and recorded elsewhere, or nowhere; does nothing if @skb
 * is NULL.  Any context.  The drop monitor leaves out packets without a link header, as
 * those of dlil_output() are before they are framed.
 */
void dlil_free_skb(struct sk_buff *skb, enum dlil_drop_reason why)
{
	if (skb && unlikely(!skb_mac_header_was_set(skb)))
		skb_reset_mac_header(skb);
	kfree_skb_reason(skb, kernel_reasons[why]);
}

/* The same for a whole list, which is empty afterwards. */
void dlil_free_list(struct sk_buff_head *list, enum dlil_drop_reason why)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(list)))
		dlil_free_skb(skb, why);
}

/*
 * Record and free a dropped packet, which the caller counts (STA-6); @skb may be NULL if
 * it is gone.  Any context.
 */
void dlil_drop_skb(const struct dlil_ifnet *ifp, enum dlil_dir dir,
		   struct sk_buff *skb, enum dlil_drop_reason why)
{
	dlil_trace_drop(ifp, dlil_direction(dir), why, NULL, skb);
	dlil_free_skb(skb, why);
}
EXPORT_SYMBOL_FOR_TEST(dlil_drop_skb);

/*
 * The same for a whole list, which is empty afterwards.  @by is the name of the filter or
 * protocol that has refused it, or NULL.
 */
void dlil_drop_list_by(const struct dlil_ifnet *ifp, enum dlil_dir dir,
		       struct sk_buff_head *list, enum dlil_drop_reason why,
		       const char *by)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(list))) {
		dlil_trace_drop(ifp, dlil_direction(dir), why, by, skb);
		dlil_free_skb(skb, why);
	}
}

/*
 * Count and free a list that a filter hands back, or has made (FLT-14).  For an ifnet in
 * any state; any context, interrupts on.
 */
void dlil_drop_returned(struct dlil_ifnet *ifp, enum dlil_dir dir,
			struct sk_buff_head *list, bool made,
			enum dlil_drop_reason why)
{
	unsigned int n = skb_queue_len(list);

	dlil_stats_returned(ifp, dir, why, made ? 0 : n, made ? n : 0);
	dlil_drop_list(ifp, dir, list, why);
}
