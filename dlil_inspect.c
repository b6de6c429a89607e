// SPDX-License-Identifier: GPL-2.0
/*
 * Per-packet inspectors of the packets of the host: tracing, counting of traffic
 * classes, the transmit policy.
 *
 * There is nearly always none, and then the path of these packets must not have
 * a single additional instruction.  That path checks for each packet whether
 * memberships must be restored (IFN-12).  The reasons for inspection are stored
 * beside that flag in the ifnet, so that a single load and test covers both
 * (&struct dlil_ifnet.host_slow).
 */
#include <linux/bottom_half.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/mutex.h>
#include <linux/net.h>
#include <linux/percpu.h>
#include <linux/pkt_sched.h>
#include <net/dsfield.h>
#include <net/ipv6.h>

#include "dlil_export.h"
#include "dlil_ifnet.h"
#include "dlil_inspect.h"

/*
 * Tracepoints (STA-5): what include/trace/events/dlil.h declares is made here.
 *
 * Off, a tracepoint is an instruction that does nothing where batches begin and end
 * and where packets are dropped.  Where a packet alone would pay, there is not even
 * that: verdicts of filters are traced by a second version of the loop (dlil_chain.c),
 * packets on their way to the driver only while they are inspected.
 */
#define CREATE_TRACE_POINTS
#include <trace/events/dlil.h>

DEFINE_STATIC_KEY_FALSE(dlil_inspect_key);
DEFINE_STATIC_KEY_FALSE(dlil_verdicts_key);
EXPORT_SYMBOL_FOR_TEST(dlil_verdicts_key);

/* Serialises changes. */
static DEFINE_MUTEX(inspect_lock);

/* DLIL_INSPECT_* that apply to all ifnets; under dlil_ifnets_lock. */
static u8 reasons;

static void apply(struct dlil_ifnet *ifp, void *arg)
{
	dlil_inspect_init(ifp);
}

/*
 * Set the reasons of an ifnet that is new or has changed.  Under
 * dlil_ifnets_lock.
 */
void dlil_inspect_init(struct dlil_ifnet *ifp)
{
	lockdep_assert_held(&dlil_ifnets_lock);

	/* DLIL calls no driver for packets that the host sends itself. */
	WRITE_ONCE(ifp->inspected, reasons & DLIL_INSPECT_HOST);
}

static void inspect_all(void)
{
	lockdep_assert_held(&inspect_lock);

	if (reasons)
		static_branch_enable(&dlil_inspect_key);
	else
		static_branch_disable(&dlil_inspect_key);
	dlil_ifnet_for_each(apply, NULL);
}

/*
 * Start or stop inspecting packets for this reason.  Packets in flight may
 * still be inspected until a grace period has passed.  Process context; may
 * sleep.
 */
void dlil_inspect(u8 why, bool on)
{
	mutex_lock(&inspect_lock);
	mutex_lock(&dlil_ifnets_lock);
	reasons = on ? reasons | why : reasons & ~why;
	mutex_unlock(&dlil_ifnets_lock);
	inspect_all();
	mutex_unlock(&inspect_lock);
}

/* Called for the first listener of the tracepoint for verdicts (STA-5). */

int dlil_trace_filter_reg(void)
{
	static_branch_inc(&dlil_verdicts_key);
	return 0;
}

void dlil_trace_filter_unreg(void)
{
	static_branch_dec(&dlil_verdicts_key);
}

/* Called for the first listener of a tracepoint for sent packets (STA-5). */

int dlil_trace_sent_reg(void)
{
	dlil_inspect(DLIL_INSPECT_SENT, true);
	return 0;
}
EXPORT_SYMBOL_FOR_TEST(dlil_trace_sent_reg);

void dlil_trace_sent_unreg(void)
{
	dlil_inspect(DLIL_INSPECT_SENT, false);
}
EXPORT_SYMBOL_FOR_TEST(dlil_trace_sent_unreg);

int dlil_trace_call_reg(void)
{
	dlil_inspect(DLIL_INSPECT_CALL, true);
	return 0;
}

void dlil_trace_call_unreg(void)
{
	dlil_inspect(DLIL_INSPECT_CALL, false);
}

int dlil_trace_return_reg(void)
{
	dlil_inspect(DLIL_INSPECT_RETURN, true);
	return 0;
}

void dlil_trace_return_unreg(void)
{
	dlil_inspect(DLIL_INSPECT_RETURN, false);
}

/*
 * Traffic classes: packets and bytes of background, video and voice (STA-2).
 *
 * Finding the class of a packet, by its priority and usually its DSCP, costs
 * some instructions.  So classes are counted only while the parameter
 * traffic_classes is on: a static key keeps the code out of input and
 * dlil_output(), and dlil_inspect.h keeps it out of the path of the host's
 * packets.  An ifnet gets counters when the parameter is first switched on.
 *
 * Counters are per CPU and written with bottom halves off, see dlil_stats.c.
 */

/* New ifnets get counters; under dlil_ifnets_lock. */
static bool wanted;

DEFINE_STATIC_KEY_FALSE(dlil_class_key);
EXPORT_SYMBOL_FOR_TEST(dlil_class_key);

/* Packets of no class, mostly best effort. */
#define NO_CLASS	-1

/* Offset that distinguishes priorities of 802.1d from those of the kernel. */
#define PRIO_8021D	256

/* Row STA-2: the access category of 802.11 for a user priority. */
static int class_of_user_priority(unsigned int up)
{
	switch (up) {
	case 1:
	case 2:
		return DLIL_CLASS_BACKGROUND;
	case 4:
	case 5:
		return DLIL_CLASS_VIDEO;
	case 6:
	case 7:
		return DLIL_CLASS_VOICE;
	default:
		return NO_CLASS;
	}
}

/*
 * A priority is one of TC_PRIO_*, or one of 802.1d with an offset.  Other
 * values that a socket may set, such as the class of a qdisc, have no traffic
 * class.
 */
static int class_of_priority(u32 priority)
{
	switch (priority) {
	case TC_PRIO_FILLER:
	case TC_PRIO_BULK:
		return DLIL_CLASS_BACKGROUND;
	case TC_PRIO_INTERACTIVE_BULK:
		return DLIL_CLASS_VIDEO;
	case TC_PRIO_INTERACTIVE:
	case TC_PRIO_CONTROL:
		return DLIL_CLASS_VOICE;
	case PRIO_8021D ... PRIO_8021D + 7:
		return class_of_user_priority(priority - PRIO_8021D);
	default:
		return NO_CLASS;
	}
}

/* As RFC 8325 maps DSCPs to user priorities, and RFC 8622 lower effort. */
static int class_of_dscp(u8 dscp)
{
	switch (dscp) {
	case 1:			/* lower effort */
	case 8:			/* CS1: low-priority data */
		return DLIL_CLASS_BACKGROUND;
	case 24:		/* CS3: broadcast video */
	case 26:		/* AF3x: multimedia streaming */
	case 28:
	case 30:
	case 32:		/* CS4: real-time interactive */
	case 34:		/* AF4x: multimedia conferencing */
	case 36:
	case 38:
	case 40:		/* CS5: signaling */
		return DLIL_CLASS_VIDEO;
	case 44:		/* VA: telephony with admission control */
	case 46:		/* EF: telephony */
	case 48:		/* CS6: network control */
	case 56:		/* CS7: network control */
		return DLIL_CLASS_VOICE;
	default:
		return NO_CLASS;
	}
}

static int class_of_ip(const struct sk_buff *skb, int offset)
{
	union {
		struct iphdr v4;
		struct ipv6hdr v6;
	} buf;
	const void *header;

	if (offset < 0)
		return NO_CLASS;
	if (skb->protocol == htons(ETH_P_IP)) {
		header = skb_header_pointer(skb, offset, sizeof(buf.v4), &buf);
		return header ? class_of_dscp(ipv4_get_dsfield(header) >> 2) :
				NO_CLASS;
	}
	if (skb->protocol == htons(ETH_P_IPV6)) {
		header = skb_header_pointer(skb, offset, sizeof(buf.v6), &buf);
		return header ? class_of_dscp(ipv6_get_dsfield(header) >> 2) :
				NO_CLASS;
	}
	return NO_CLASS;
}

/*
 * The class of a packet whose network header is @offset bytes behind skb->data,
 * or a negative number.  Any context.
 */
int dlil_class_of(const struct sk_buff *skb, int offset)
{
	return skb->priority ? class_of_priority(skb->priority) :
			       class_of_ip(skb, offset);
}
EXPORT_SYMBOL_FOR_TEST(dlil_class_of);

/* Count a packet of @len bytes in @tally.  Any context. */
void dlil_class_note(struct dlil_traffic *tally, const struct sk_buff *skb,
		     int offset, unsigned int len)
{
	int class = dlil_class_of(skb, offset);

	if (class == NO_CLASS)
		return;
	tally->packets[class]++;
	tally->bytes[class] += len;
}

/* Count packets that are being sent in @tally.  Any context. */
void dlil_class_note_list(struct dlil_traffic *tally,
			  const struct sk_buff_head *list)
{
	const struct sk_buff *skb;

	skb_queue_walk(list, skb)
		dlil_class_note(tally, skb, skb_network_offset(skb), skb->len);
}

static struct dlil_class_pcpu __percpu *classes_of(struct dlil_ifnet *ifp)
{
	/* Pairs with the release in dlil_class_init(). */
	return smp_load_acquire(&ifp->classes);
}

/*
 * Add to the counters of an ifnet that stays attached meanwhile.  Any context,
 * interrupts on.
 */
void dlil_class_add(struct dlil_ifnet *ifp, enum dlil_dir dir,
		    const struct dlil_traffic *tally)
{
	struct dlil_class_pcpu __percpu *classes = classes_of(ifp);
	struct dlil_class_pcpu *c;
	int i;

	if (!classes)
		return;
	local_bh_disable();
	c = this_cpu_ptr(classes);
	u64_stats_update_begin(&c->syncp);
	for (i = 0; i < DLIL_CLASS_MAX; i++) {
		if (!tally->packets[i])
			continue;
		u64_stats_add(&c->packets[dir][i], tally->packets[i]);
		u64_stats_add(&c->bytes[dir][i], tally->bytes[i]);
	}
	u64_stats_update_end(&c->syncp);
	local_bh_enable();
}

/* Count a packet that the host sends, in the same contexts. */
void dlil_class_sent(struct dlil_ifnet *ifp, const struct sk_buff *skb)
{
	struct dlil_traffic tally = {};

	dlil_class_note(&tally, skb, skb_network_offset(skb), skb->len);
	dlil_class_add(ifp, DLIL_OUT, &tally);
}

/*
 * Allocate counters if they are wanted, for an ifnet that nobody knows yet.
 * dlil_class_init() follows, since that may have changed when the ifnet becomes known.
 * May sleep.
 */
int dlil_class_prepare(struct dlil_ifnet *ifp)
{
	struct dlil_class_pcpu __percpu *classes;

	if (!READ_ONCE(wanted) || ifp->classes)
		return 0;
	classes = netdev_alloc_pcpu_stats(struct dlil_class_pcpu);
	if (!classes)
		return -ENOMEM;
	/* Pairs with the acquires of code that reads or writes them. */
	smp_store_release(&ifp->classes, classes);
	return 0;
}

/* Allocate counters if they are wanted.  Under dlil_ifnets_lock; may sleep. */
int dlil_class_init(struct dlil_ifnet *ifp)
{
	lockdep_assert_held(&dlil_ifnets_lock);

	return dlil_class_prepare(ifp);
}

static void init_known(struct dlil_ifnet *ifp, void *arg)
{
	int *err = arg;

	*err = *err ?: dlil_class_init(ifp);
}

static void want(bool on)
{
	mutex_lock(&dlil_ifnets_lock);
	WRITE_ONCE(wanted, on);
	mutex_unlock(&dlil_ifnets_lock);
}

/*
 * Start or stop counting; the counters keep their values.  The caller
 * serialises calls.  Returns 0, or -ENOMEM, in which case nothing is counted.
 * May sleep.
 */
int dlil_class_enable(bool on)
{
	int err = 0;

	want(on);
	if (on)
		dlil_ifnet_for_each(init_known, &err);
	if (err) {
		want(false);
		on = false;
	}
	if (on)
		static_branch_enable(&dlil_class_key);
	else
		static_branch_disable(&dlil_class_key);
	dlil_inspect(DLIL_INSPECT_CLASS, on);
	return err;
}
EXPORT_SYMBOL_FOR_TEST(dlil_class_enable);

/* Reset the counters before an attach is over, when nobody counts. */
void dlil_class_reset(struct dlil_ifnet *ifp)
{
	struct dlil_class_pcpu __percpu *classes = classes_of(ifp);
	struct dlil_class_pcpu *c;
	int cpu;

	if (!classes)
		return;
	for_each_possible_cpu(cpu) {
		c = per_cpu_ptr(classes, cpu);
		memset(c->packets, 0, sizeof(c->packets));
		memset(c->bytes, 0, sizeof(c->bytes));
	}
}

void dlil_class_free(struct dlil_ifnet *ifp)
{
	free_percpu(ifp->classes);
}

/* Add a consistent copy of the counters of a CPU. */
static void sum(struct dlil_traffic *traffic, const struct dlil_class_pcpu *c)
{
	struct dlil_traffic now[DLIL_DIRS];
	unsigned int start;
	int dir, i;

	do {
		start = u64_stats_fetch_begin(&c->syncp);
		for (dir = 0; dir < DLIL_DIRS; dir++)
			for (i = 0; i < DLIL_CLASS_MAX; i++) {
				now[dir].packets[i] =
					u64_stats_read(&c->packets[dir][i]);
				now[dir].bytes[i] =
					u64_stats_read(&c->bytes[dir][i]);
			}
	} while (u64_stats_fetch_retry(&c->syncp, start));
	for (dir = 0; dir < DLIL_DIRS; dir++)
		for (i = 0; i < DLIL_CLASS_MAX; i++) {
			traffic[dir].packets[i] += now[dir].packets[i];
			traffic[dir].bytes[i] += now[dir].bytes[i];
		}
}

/**
 * dlil_stats_classes - sum up the traffic classes of an ifnet
 * @ifp: ifnet
 * @in: received packets, by class
 * @out: sent packets, by class
 *
 * Row STA-2.  Counts those times since the attach during which the parameter
 * traffic_classes was on.  The sums are exact when no packet is in flight.
 *
 * Context: any.
 * Return: false if the parameter was never on, and all counters are 0.
 */
bool dlil_stats_classes(struct dlil_ifnet *ifp, struct dlil_traffic *in,
			struct dlil_traffic *out)
{
	struct dlil_class_pcpu __percpu *classes = classes_of(ifp);
	struct dlil_traffic traffic[DLIL_DIRS] = {};
	int cpu;

	if (classes)
		for_each_possible_cpu(cpu)
			sum(traffic, per_cpu_ptr(classes, cpu));
	*in = traffic[DLIL_IN];
	*out = traffic[DLIL_OUT];
	return classes;
}
EXPORT_SYMBOL_GPL(dlil_stats_classes);

/*
 * The transmit policy: one callback for all ifnets that may refuse packets
 * which protocols and the host send (OUT-3).
 *
 * Output calls it inside RCU read sections, so removing it waits for a grace
 * period.  While there is a policy, packets are inspected (dlil_inspect.h).
 */

/* Guards changes of dlil_policy. */
static DEFINE_MUTEX(policy_lock);

const struct dlil_output_policy __rcu *dlil_policy;

static int socket_type(u8 protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return SOCK_STREAM;
	case IPPROTO_UDP:
		return SOCK_DGRAM;
	default:
		return SOCK_RAW;
	}
}

static int inet_type(const struct sk_buff *skb, int offset)
{
	const struct iphdr *iph;
	struct iphdr buf;

	iph = skb_header_pointer(skb, offset, sizeof(buf), &buf);
	if (!iph || iph->version != 4)
		return SOCK_RAW;
	return socket_type(iph->protocol);
}

static int inet6_type(const struct sk_buff *skb, int offset)
{
	const struct ipv6hdr *ip6h;
	struct ipv6hdr buf;
	__be16 frag;
	u8 next;

	ip6h = skb_header_pointer(skb, offset, sizeof(buf), &buf);
	if (!ip6h || ip6h->version != 6)
		return SOCK_RAW;
	next = ip6h->nexthdr;
	if (ipv6_skip_exthdr(skb, offset + sizeof(buf), &next, &frag) < 0)
		return SOCK_RAW;
	return socket_type(next);
}

/* The type of socket that sends such packets, according to the IP header. */
static int type_of(u32 family, const struct sk_buff *skb, int offset)
{
	if (offset < 0)
		return SOCK_RAW;
	switch (family) {
	case DLIL_PF_INET:
		return inet_type(skb, offset);
	case DLIL_PF_INET6:
		return inet6_type(skb, offset);
	default:
		return SOCK_RAW;
	}
}

/*
 * May @skb be sent, according to the transmit policy, if there is one?  @offset
 * is the offset of its network header from skb->data, negative if unknown.
 * Returns 0 or an error.  Inside an RCU read section.
 */
int dlil_policy_check(struct dlil_ifnet *ifp, u32 family,
		      const struct sk_buff *skb, int offset)
{
	const struct dlil_output_policy *p = rcu_dereference(dlil_policy);
	int err;

	if (!p)
		return 0;
	err = p->check(p->cookie, ifp, family, type_of(family, skb, offset),
		       skb);
	/* The caller keeps the packet, so it cannot have been stolen. */
	return err > 0 ? -EINVAL : dlil_errno(err);
}

static void install(const struct dlil_output_policy *p)
{
	lockdep_assert_held(&policy_lock);

	rcu_assign_pointer(dlil_policy, p);
	dlil_inspect(DLIL_INSPECT_POLICY, true);
}

static void take_off(void)
{
	lockdep_assert_held(&policy_lock);

	dlil_inspect(DLIL_INSPECT_POLICY, false);
	RCU_INIT_POINTER(dlil_policy, NULL);
	synchronize_rcu();
}

/**
 * dlil_output_set_policy - set or remove the transmit policy
 * @p: the policy, for all ifnets, which must stay valid until it is removed; or
 *	NULL to remove it, even if another module has set it
 *
 * Row OUT-3.  The policy is called before the framer for the first packet of
 * each dlil_output(), and for each packet of the host.  When this returns, the
 * policy is called for every such packet; or, with NULL, it is not in flight
 * and will not be called again.
 *
 * Context: process; may sleep.
 * Return: 0; -EINVAL without a check; -EBUSY if there is a policy.
 */
int dlil_output_set_policy(const struct dlil_output_policy *p)
{
	bool is_set;
	int err = 0;

	if (p && !p->check)
		return -EINVAL;
	mutex_lock(&policy_lock);
	is_set = rcu_access_pointer(dlil_policy);
	if (p && is_set)
		err = -EBUSY;
	else if (p)
		install(p);
	else if (is_set)
		take_off();
	mutex_unlock(&policy_lock);
	return err;
}
EXPORT_SYMBOL_GPL(dlil_output_set_policy);
