// SPDX-License-Identifier: GPL-2.0
/*
 * A user of DLIL to copy from: one filter, one protocol and, on demand, a tap
 * on one ifnet.
 *
 * The filter counts the packets of the ifnet and records their senders; it gets
 * the events of the ifnet, and refuses an MTU that is too large.  The protocol
 * answers echo requests of those senders.  Both sleep on input, which is
 * impossible in an rx_handler, tc or nftables.  See samples/README.
 *
 * Locking:
 *  - kernel_param_lock(THIS_MODULE) is held whenever a parameter is read or
 *    written, and taken by init and exit, so there is one attach or detach at a
 *    time.  No callback takes it, so it is safe to wait for callbacks under it.
 *  - sample_lock guards the pointer sample_now, which the callbacks `detached`
 *    clear asynchronously when the ifnet is detached.
 *  - The reference count of struct sample keeps it alive: one for the filter
 *    and one for the protocol, dropped by their `detached`, and one for a task
 *    that uses it.
 *  - sample_peers_lock guards the table of senders.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/etherdevice.h>
#include <linux/if_packet.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/nsproxy.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <net/dlil.h>

#include "dlil_sample.h"

/*
 * A private protocol family, whose number is used only between this module and
 * DLIL.
 */
#define SAMPLE_FAMILY	(DLIL_PF_PRIVATE + SAMPLE_ETHERTYPE)

/* Senders can be forged, so the table has a limit. */
#define SAMPLE_PEERS_MAX	64

/**
 * struct sample - one attachment to one ifnet, and cookie of every callback
 * @ifp: the ifnet; a reference is held
 * @filter: our filter on it; valid until its `detached`
 * @refs: see the top of the file
 */
struct sample {
	struct dlil_ifnet *ifp;
	dlil_filter_t filter;
	refcount_t refs;
};

static DEFINE_SPINLOCK(sample_lock);
static struct sample *sample_now;

struct sample_peer {
	struct list_head list;
	u8 addr[ETH_ALEN];
};

static DEFINE_MUTEX(sample_peers_lock);
static LIST_HEAD(sample_peers);
static unsigned int sample_n_peers;

/*
 * Module-wide, so that reading them needs no attachment.  A filter for high
 * packet rates should count per CPU.
 */
static atomic64_t sample_packets_in;
static atomic64_t sample_packets_out;
static atomic64_t sample_answered;
static atomic64_t sample_events;

static atomic64_t sample_tapped_in;
static atomic64_t sample_tapped_out;

/* Packets that the tap sees, enum dlil_tap_mode. */
static unsigned int sample_tap_mode;

/* Will the next filter request segments instead of GSO packets? */
static bool sample_segments;

/* Largest MTU that control requests may set; 0 for no limit. */
static unsigned int sample_max_mtu;

/* The senders that the filter has learned */

static struct sample_peer *sample_find_peer(const u8 *addr)
{
	struct sample_peer *peer;

	lockdep_assert_held(&sample_peers_lock);
	list_for_each_entry(peer, &sample_peers, list)
		if (ether_addr_equal(peer->addr, addr))
			return peer;
	return NULL;
}

/* May sleep, twice, to show that this is allowed here. */
static void sample_learn_peer(const u8 *addr)
{
	struct sample_peer *peer;

	mutex_lock(&sample_peers_lock);
	if (sample_n_peers == SAMPLE_PEERS_MAX || sample_find_peer(addr))
		goto unlock;
	peer = kzalloc(sizeof(*peer), GFP_KERNEL);
	if (!peer)
		goto unlock;
	ether_addr_copy(peer->addr, addr);
	list_add_tail(&peer->list, &sample_peers);
	sample_n_peers++;
unlock:
	mutex_unlock(&sample_peers_lock);
}

static bool sample_knows_peer(const u8 *addr)
{
	bool known;

	mutex_lock(&sample_peers_lock);
	known = sample_find_peer(addr);
	mutex_unlock(&sample_peers_lock);
	return known;
}

static void sample_forget_peers(void)
{
	struct sample_peer *peer, *next;

	mutex_lock(&sample_peers_lock);
	list_for_each_entry_safe(peer, next, &sample_peers, list)
		kfree(peer);
	INIT_LIST_HEAD(&sample_peers);
	sample_n_peers = 0;
	mutex_unlock(&sample_peers_lock);
}

/* The life of an attachment */

static void sample_put(struct sample *s)
{
	bool last;

	spin_lock(&sample_lock);
	last = refcount_dec_and_test(&s->refs);
	if (last && sample_now == s)
		sample_now = NULL;
	spin_unlock(&sample_lock);
	if (!last)
		return;
	dlil_ifnet_put(s->ifp);
	kfree(s);
}

/*
 * Does not hold a reference by itself: the last sample_put() clears sample_now
 * under the same lock, so that a sample found here still has a reference.
 */
static struct sample *sample_get_now(void)
{
	struct sample *s;

	spin_lock(&sample_lock);
	s = sample_now;
	if (s)
		refcount_inc(&s->refs);
	spin_unlock(&sample_lock);
	return s;
}

/* The filter */

/* A filter of family 0 also gets frames that demux could not read. */
static bool sample_has_sender(const struct sk_buff *skb)
{
	return skb_mac_header_was_set(skb) &&
	       skb_tail_pointer(skb) >= skb_mac_header(skb) + ETH_HLEN &&
	       is_valid_ether_addr(eth_hdr(skb)->h_source);
}

static int sample_filter_input(void *cookie, struct dlil_ifnet *ifp, u32 family,
			       struct sk_buff **skb)
{
	atomic64_inc(&sample_packets_in);
	if (sample_has_sender(*skb))
		sample_learn_peer(eth_hdr(*skb)->h_source);
	return 0;
}

/* Must not sleep here: the host may be sending from a softirq. */
static int sample_filter_output(void *cookie, struct dlil_ifnet *ifp,
				u32 family, struct sk_buff **skb)
{
	atomic64_inc(&sample_packets_out);
	return 0;
}

/*
 * May sleep and take RTNL, since DLIL holds no lock here.  Later events of this
 * ifnet wait meanwhile, so a filter with much to do should use a work.
 */
static void sample_filter_event(void *cookie, struct dlil_ifnet *ifp,
				const struct dlil_event *event)
{
	atomic64_inc(&sample_events);
}

/* -EOPNOTSUPP expresses no opinion; 0 would become the answer to the request. */
static int sample_filter_ioctl(void *cookie, struct dlil_ifnet *ifp, u32 family,
			       u32 code, void *arg)
{
	unsigned int max = READ_ONCE(sample_max_mtu);

	if (code != DLIL_IOC_SIFMTU || !max || !arg || *(u32 *)arg <= max)
		return -EOPNOTSUPP;
	return -EPERM;
}

static void sample_filter_detached(void *cookie, struct dlil_ifnet *ifp)
{
	sample_forget_peers();
	sample_put(cookie);
}

static void sample_filter_describe(void *cookie, struct dlil_filter_info *info)
{
	info->kind = "sample";
	info->action = "count";
	info->expr = "";
	info->packets = atomic64_read(&sample_packets_in) +
			atomic64_read(&sample_packets_out);
	info->matched = info->packets;
}

static const struct dlil_filter_ops sample_filter_ops = {
	.owner		= THIS_MODULE,
	.input		= sample_filter_input,
	.output		= sample_filter_output,
	.event		= sample_filter_event,
	.ioctl		= sample_filter_ioctl,
	.detached	= sample_filter_detached,
	.describe	= sample_filter_describe,
};

/* The tap */

/* Must neither sleep nor modify the packet. */
static void sample_tap_packet(void *cookie, struct dlil_ifnet *ifp,
			      enum dlil_tap_mode way, const struct sk_buff *skb)
{
	atomic64_inc(way == DLIL_TAP_INPUT ? &sample_tapped_in :
					     &sample_tapped_out);
}

static void sample_tap_detached(void *cookie, struct dlil_ifnet *ifp)
{
	WRITE_ONCE(sample_tap_mode, DLIL_TAP_OFF);
}

static const struct dlil_tap sample_tap = {
	.owner		= THIS_MODULE,
	.packet		= sample_tap_packet,
	.detached	= sample_tap_detached,
};

/* The protocol */

/*
 * Check the length before trusting any field.  The header may be spread over
 * fragments; skb_copy_bits() handles both.
 */
static int sample_read_request(const struct sk_buff *skb,
			       struct sample_hdr *hdr)
{
	if (skb_copy_bits(skb, 0, hdr, sizeof(*hdr)))
		return -EBADMSG;
	if (hdr->magic != htonl(SAMPLE_MAGIC) || hdr->op != SAMPLE_REQUEST ||
	    hdr->zero)
		return -EBADMSG;
	if (ntohs(hdr->len) > skb->len - sizeof(*hdr))
		return -EBADMSG;
	return 0;
}

/* No link header yet, but headroom for the one that the framer adds. */
static struct sk_buff *sample_build_reply(const struct sk_buff *request,
					  struct sample_hdr *hdr)
{
	unsigned int len = ntohs(hdr->len);
	struct sk_buff *skb;

	skb = alloc_skb(LL_MAX_HEADER + sizeof(*hdr) + len, GFP_KERNEL);
	if (!skb)
		return NULL;
	skb_reserve(skb, LL_MAX_HEADER);
	hdr->op = SAMPLE_REPLY;
	skb_put_data(skb, hdr, sizeof(*hdr));
	/* Cannot fail: sample_read_request() has compared the lengths. */
	skb_copy_bits(request, sizeof(*hdr), skb_put(skb, len), len);
	return skb;
}

static int sample_send(struct dlil_ifnet *ifp, struct sk_buff *skb,
		       const u8 *addr)
{
	struct sockaddr_ll dest = {
		.sll_family	= AF_PACKET,
		.sll_halen	= ETH_ALEN,
	};
	struct sk_buff_head list;

	ether_addr_copy(dest.sll_addr, addr);
	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, skb);
	/* Consumes the list, even on error. */
	return dlil_output(ifp, SAMPLE_FAMILY, &list, (struct sockaddr *)&dest,
			   0);
}

/*
 * 0 means that this protocol has consumed the packet; on an error, the caller
 * frees it and counts it as refused by the protocol.
 */
static int sample_proto_input(void *cookie, struct dlil_ifnet *ifp, u32 family,
			      struct sk_buff *skb)
{
	struct sample_hdr hdr;
	struct sk_buff *reply;
	int err;

	err = sample_read_request(skb, &hdr);
	if (err)
		return err;
	/* Plumbed, there is no filter that could know anybody. */
	if (cookie && !sample_knows_peer(eth_hdr(skb)->h_source))
		return -EPERM;
	reply = sample_build_reply(skb, &hdr);
	if (!reply)
		return -ENOMEM;
	if (!sample_send(ifp, reply, eth_hdr(skb)->h_source))
		atomic64_inc(&sample_answered);
	consume_skb(skb);
	return 0;
}

/*
 * Convert the address passed to sample_send() into the contents of the link
 * header.
 */
static int sample_proto_pre_output(void *cookie, struct dlil_ifnet *ifp,
				   u32 family, struct sk_buff *skb,
				   const struct sockaddr *dest,
				   struct dlil_frame *frame)
{
	const struct sockaddr_ll *ll = (const struct sockaddr_ll *)dest;

	if (!ll || ll->sll_family != AF_PACKET)
		return -EAFNOSUPPORT;
	if (ll->sll_halen != ETH_ALEN)
		return -EINVAL;
	frame->type = htons(SAMPLE_ETHERTYPE);
	ether_addr_copy(frame->dest, ll->sll_addr);
	return 0;
}

static void sample_proto_detached(void *cookie, struct dlil_ifnet *ifp,
				  u32 family)
{
	if (cookie)
		sample_put(cookie);
}

static const struct dlil_proto_ops sample_proto_ops = {
	.owner		= THIS_MODULE,
	.input		= sample_proto_input,
	.pre_output	= sample_proto_pre_output,
	.detached	= sample_proto_detached,
};

static const struct dlil_demux_desc sample_descs[] = {
	{
		.kind	= DLIL_DESC_ETYPE,
		.len	= 2,
		.data	= { SAMPLE_ETHERTYPE >> 8, SAMPLE_ETHERTYPE & 0xff },
	},
};

/* Attach and detach */

/*
 * The protocol comes first: its attach fails on ifnets without Ethernet
 * headers, which the filter needs.
 *
 * A filter of headers needs no flags, and so sees every packet: those with a
 * VLAN tag, whose link header looks as usual, and unsegmented GSO packets.
 * Segmentation loses the gain of GRO and GSO, so it is for filters that need
 * it, such as those that inspect the payload packet by packet.
 */
static int sample_attach(const char *name)
{
	struct dlil_filter_params filter = {
		.ops	= &sample_filter_ops,
		.name	= "sample",
		.flags	= sample_segments ? DLIL_FILTER_SEGMENTS : 0,
	};
	struct dlil_proto_params proto = {
		.ops		= &sample_proto_ops,
		.name		= "sample",
		.descs		= sample_descs,
		.n_descs	= ARRAY_SIZE(sample_descs),
	};
	struct sample *s;
	int err;

	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return -ENOMEM;
	s->ifp = dlil_ifnet_by_name(current->nsproxy->net_ns, name);
	if (!s->ifp) {
		kfree(s);
		return -ENODEV;
	}
	refcount_set(&s->refs, 1);

	/* From here on `detached` may be called at any time. */
	refcount_inc(&s->refs);
	proto.cookie = s;
	err = dlil_proto_attach(s->ifp, SAMPLE_FAMILY, &proto);
	if (err)
		goto put_proto;

	refcount_inc(&s->refs);
	filter.cookie = s;
	err = dlil_filter_attach(s->ifp, &filter, &s->filter);
	if (err)
		goto detach_proto;

	spin_lock(&sample_lock);
	sample_now = s;
	spin_unlock(&sample_lock);
	/* If both are detached by now, this clears sample_now again. */
	sample_put(s);
	return 0;

detach_proto:
	sample_put(s);	/* meant for the filter, which was not attached */
	/*
	 * If this fails, the ifnet is being detached, and `detached` is called
	 * as well.
	 */
	dlil_proto_detach(s->ifp, SAMPLE_FAMILY);
	goto put;
put_proto:
	sample_put(s);
put:
	sample_put(s);
	return err;
}

/*
 * Returns when all callbacks have, so that rmmod works right after.  An error
 * means that the final detach of the ifnet has claimed filter or protocol
 * first: then wait for that.  If the task is killed and stops waiting, the
 * references still make sure of the rest.
 */
static void sample_detach(void)
{
	struct sample *s = sample_get_now();
	int filter, proto;

	if (!s)
		return;
	/* Fails without effect if no tap is set. */
	dlil_set_tap(s->ifp, DLIL_TAP_OFF, &sample_tap);
	filter = dlil_filter_detach(s->filter);
	proto = dlil_proto_detach(s->ifp, SAMPLE_FAMILY);
	if (filter || proto)
		dlil_ifnet_wait_detached(s->ifp);
	sample_put(s);
}

/* The plumber */

/*
 * The protocol alone, for whoever asks for it: `dlilctl proto plumb DEV sample`, or
 * another module with dlil_proto_plumb().  Its callbacks need no cookie then.
 */
static int sample_plumb(struct dlil_ifnet *ifp, u32 family)
{
	static const struct dlil_proto_params proto = {
		.ops		= &sample_proto_ops,
		.name		= "sample",
		.descs		= sample_descs,
		.n_descs	= ARRAY_SIZE(sample_descs),
	};

	return dlil_proto_attach(ifp, family, &proto);
}

static const struct dlil_plumber_params sample_plumber = {
	.owner	= THIS_MODULE,
	.name	= "sample",
	.attach	= sample_plumb,
	.detach	= dlil_proto_detach,
};

/* The module is loaded when somebody plumbs its protocol, by name or by number. */
MODULE_ALIAS("dlil-proto-sample");
MODULE_ALIAS("dlil-proto-100533");
static_assert(SAMPLE_FAMILY == 100533);

/* Parameters */

/* Between init and exit: before, `dev` is only stored; after, nothing is done. */
static bool sample_loaded;
static char sample_dev[IFNAMSIZ + 1];	/* with the newline of echo */

static int sample_set_dev(const char *val, const struct kernel_param *kp)
{
	char *name;

	if (strscpy(sample_dev, val, sizeof(sample_dev)) < 0)
		return -EINVAL;
	if (!sample_loaded)
		return 0;
	sample_detach();
	name = strim(sample_dev);
	return *name ? sample_attach(name) : 0;
}

static int sample_get_dev(char *buf, const struct kernel_param *kp)
{
	int len;

	spin_lock(&sample_lock);
	len = sysfs_emit(buf, "%s\n",
			 sample_now ? dlil_ifnet_name(sample_now->ifp) : "");
	spin_unlock(&sample_lock);
	return len;
}

static const struct kernel_param_ops sample_dev_ops = {
	.set	= sample_set_dev,
	.get	= sample_get_dev,
};
module_param_cb(dev, &sample_dev_ops, NULL, 0644);
MODULE_PARM_DESC(dev, "ifnet to attach to, by name; empty to detach");

static const char * const sample_tap_modes[] = {
	[DLIL_TAP_OFF]		= "off",
	[DLIL_TAP_INPUT]	= "input",
	[DLIL_TAP_OUTPUT]	= "output",
	[DLIL_TAP_BOTH]		= "both",
};

static int sample_set_tap(const char *val, const struct kernel_param *kp)
{
	int mode = sysfs_match_string(sample_tap_modes, val), err = -ENODEV;
	struct sample *s;

	if (mode < 0)
		return mode;
	s = sample_get_now();
	if (s) {
		err = dlil_set_tap(s->ifp, mode, &sample_tap);
		if (!err)
			WRITE_ONCE(sample_tap_mode, mode);
		sample_put(s);
	}
	return err;
}

static int sample_get_tap(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n",
			  sample_tap_modes[READ_ONCE(sample_tap_mode)]);
}

static const struct kernel_param_ops sample_tap_ops = {
	.set	= sample_set_tap,
	.get	= sample_get_tap,
};
module_param_cb(tap, &sample_tap_ops, NULL, 0644);
MODULE_PARM_DESC(tap, "what the tap sees: off, input, output or both");

static int sample_get_count(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%lld\n", atomic64_read(kp->arg));
}

static const struct kernel_param_ops sample_count_ops = {
	.get	= sample_get_count,
};
module_param_cb(packets_in, &sample_count_ops, &sample_packets_in, 0444);
MODULE_PARM_DESC(packets_in, "packets that the filter saw on input");
module_param_cb(packets_out, &sample_count_ops, &sample_packets_out, 0444);
MODULE_PARM_DESC(packets_out, "packets that the filter saw on output");
module_param_cb(answered, &sample_count_ops, &sample_answered, 0444);
MODULE_PARM_DESC(answered, "echo requests answered");
module_param_cb(events, &sample_count_ops, &sample_events, 0444);
MODULE_PARM_DESC(events, "events that the filter was told of");

module_param_cb(tapped_in, &sample_count_ops, &sample_tapped_in, 0444);
MODULE_PARM_DESC(tapped_in, "packets that the tap saw on input");
module_param_cb(tapped_out, &sample_count_ops, &sample_tapped_out, 0444);
MODULE_PARM_DESC(tapped_out, "packets that the tap saw on output");

module_param_named(segments, sample_segments, bool, 0644);
MODULE_PARM_DESC(segments, "have the filter see segments, not GSO packets");

module_param_named(max_mtu, sample_max_mtu, uint, 0644);
MODULE_PARM_DESC(max_mtu, "largest MTU that dlilctl may set (0: any)");

static int sample_get_peers(char *buf, const struct kernel_param *kp)
{
	int len;

	mutex_lock(&sample_peers_lock);
	len = sysfs_emit(buf, "%u\n", sample_n_peers);
	mutex_unlock(&sample_peers_lock);
	return len;
}

static const struct kernel_param_ops sample_peers_ops = {
	.get	= sample_get_peers,
};
module_param_cb(peers, &sample_peers_ops, NULL, 0444);
MODULE_PARM_DESC(peers, "senders known to the filter");

/* The module */

/*
 * Succeeds even if it cannot attach.  Failing after something was attached
 * would free the module regardless of references, while a `detached` may still
 * be running.
 */
static int __init sample_init(void)
{
	const char *name;
	int err;

	err = dlil_proto_register_plumber(SAMPLE_FAMILY, DLIL_IFNET_ETHERNET,
					  &sample_plumber);
	if (err)
		return err;
	kernel_param_lock(THIS_MODULE);
	name = strim(sample_dev);
	err = *name ? sample_attach(name) : 0;
	if (err)
		pr_warn("cannot attach to %s: %pe\n", name, ERR_PTR(err));
	sample_loaded = true;
	kernel_param_unlock(THIS_MODULE);
	return 0;
}

/*
 * An attached filter pins the module, and so does a plumbed protocol, so nothing is
 * attached here.  The parameters are still there after this; a write that gets in
 * between changes nothing.
 */
static void __exit sample_exit(void)
{
	kernel_param_lock(THIS_MODULE);
	sample_loaded = false;
	kernel_param_unlock(THIS_MODULE);
	dlil_proto_unregister_plumber(SAMPLE_FAMILY, DLIL_IFNET_ETHERNET);
}

module_init(sample_init);
module_exit(sample_exit);
MODULE_DESCRIPTION("Sample consumer of DLIL: a filter and an echo protocol");
MODULE_LICENSE("GPL");
