// SPDX-License-Identifier: GPL-2.0
/*
 * Packet fuzzer: loading this module feeds frames with random contents through
 * input and output, and reports whether all of them are accounted for.
 *
 *	modprobe dlil_fuzz count=200000 seed=1 devices=fz0,dl0
 *
 * Frames go to two ifnets of the fuzzer, whose drivers are in fuzz_proto.c, and to
 * wrapped devices of the caller's network namespace: up from the device, down
 * from the host, and through dlil_output().  Filters on all of them read, edit,
 * replace, keep, drop and inject packets; protocols and drivers take and refuse
 * them.  In between come other calls of the API (fuzz_calls.c).
 *
 * Burst number n is the same for the same seed, whichever thread feeds it.  The
 * number of a packet, in skb->mark, decides what a callback does with it.
 *
 * The contents and the length of a frame are arbitrary.  Its metadata stay
 * within what a driver, tun or a packet socket may do, because the kernel
 * relies on it:
 *  - Lengths are consistent.  A link header, if there is one, is linear and
 *    contiguous with the data; packets received by a real device have one.
 *  - Received packets are as eth_type_trans() leaves them, except for pkt_type
 *    and sometimes the protocol; sent packets are as packet_snd() leaves them.
 *  - GSO and CHECKSUM_PARTIAL only as virtio_net_hdr_to_skb() permits, which is
 *    how guests and programs inject them, even odd ones; not with a frag_list.
 *  - CHECKSUM_COMPLETE is the true sum.
 *  - Filters write only to data that skb_ensure_writable() gave them.  They do
 *    not change the length, or the headers behind the link header, of GSO and
 *    CHECKSUM_PARTIAL packets; they drop CHECKSUM_COMPLETE when they write; and
 *    they leave a link header.
 *  - Only packets received by a device are shared (skb->users); any packet may
 *    be cloned.
 *
 * Zero-copy packets are not made.
 *
 * Checks: every packet is destroyed; each account is consistent in itself and
 * with the counts of the callbacks; nobody has written to the data of a clone
 * or to a shared page; callbacks run in the promised context; and the kernel's
 * own checkers.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/etherdevice.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <net/net_namespace.h>
#include <net/rtnetlink.h>

#include "fuzz.h"

#define FUZZ_DEVICES	4
#define FUZZ_OWN	2	/* ifnets of the fuzzer */
#define FUZZ_IFINDEX	0x7e000001

static unsigned long count = 200000;
module_param(count, ulong, 0444);
MODULE_PARM_DESC(count, "frames (200000)");

unsigned int fuzz_seed = 1;
module_param_named(seed, fuzz_seed, uint, 0444);
MODULE_PARM_DESC(seed, "what frames to make (1)");

static char *devices[FUZZ_DEVICES];
static unsigned int n_devices;
module_param_array(devices, charp, &n_devices, 0444);
MODULE_PARM_DESC(devices, "wrapped devices to feed");

static unsigned long made;
module_param(made, ulong, 0444);
MODULE_PARM_DESC(made, "how many frames were made");

static unsigned int failures;
module_param(failures, uint, 0444);
MODULE_PARM_DESC(failures, "how much was wrong");

static struct fuzz_target targets[FUZZ_OWN + FUZZ_DEVICES];
static unsigned int n_targets;

void fuzz_fail(const char *fmt, ...)
{
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	va_start(args, fmt);
	vaf.va = &args;
	if (failures++ < 20)
		pr_err("failed: %pV\n", &vaf);
	va_end(args);
}

static void expect(const char *name, const char *what, u64 got, u64 want)
{
	if (got != want)
		fuzz_fail("%s: %s is %llu, not %llu", name, what, got, want);
}

static void expect_least(const char *name, const char *what, u64 got, u64 want)
{
	if (got < want)
		fuzz_fail("%s: %s is %llu, less than %llu", name, what, got,
			  want);
}

/* The least number of @n that has to get through: a fuzzer that sees none finds nothing. */
static u64 some_of(u64 n)
{
	return max_t(u64, n / 20, 1);
}

static void account_diff(struct dlil_account *now, const struct dlil_account *before)
{
	u64 *to = (u64 *)now;
	size_t i;

	for (i = 0; i < sizeof(*now) / sizeof(u64); i++)
		to[i] -= ((const u64 *)before)[i];
}

static void check_account(const char *name, const char *what,
			  const struct dlil_account *f)
{
	char reasons[12 * DLIL_DROP_MAX] = "";
	u64 freed = 0;
	int i, n = 0;

	for (i = 0; i < DLIL_DROP_MAX; i++) {
		freed += f->drops[i];
		n += scnprintf(reasons + n, sizeof(reasons) - n, " %llu",
			       f->drops[i]);
	}
	expect(name, "the sum of the reasons for drops", freed, f->freed);
	expect(name, what, f->delivered + f->passed + f->stolen + f->freed,
	       f->seen);
	pr_info("%s %s: %llu = %llu delivered, %llu passed, %llu stolen, %llu freed:%s\n",
		name, what, f->seen, f->delivered, f->passed, f->stolen,
		f->freed, reasons);
}

/*
 * Check what the output filters saw.  Of the packets that the rule for TSO drops, the
 * first of each list has been through them, and those behind it have not (OUT-7); so
 * have those that could not be made linear (OUT-6).
 */
static void check_filtered_out(struct fuzz_target *t, const struct dlil_account *out)
{
	u64 filtered = fuzz_counted(t, FIRST_OUT);
	u64 ended = fuzz_counted(t, SENT) + fuzz_counted(t, UNSENT) +
		    fuzz_counted(t, STOLEN_OUT) + fuzz_counted(t, DROPPED_OUT);

	u64 most = ended + out->drops[DLIL_DROP_TSO] + out->drops[DLIL_DROP_NOMEM];

	if (filtered < ended || filtered > most)
		expect(dlil_ifnet_name(t->ifp), "filtered on output", filtered,
		       ended);
}

/* Check the fuzzer's own ifnet, which nobody else uses. */
static void check_own(struct fuzz_target *t, const struct dlil_stats *stats,
		      const struct dlil_account *in, const struct dlil_account *out)
{
	const char *name = dlil_ifnet_name(t->ifp);
	u64 full = in->drops[DLIL_DROP_QUEUE_FULL];

	expect(name, "received", in->seen, fuzz_counted(t, HANDED_IN));
	expect(name, "ipackets", stats->ipackets, in->seen);
	expect(name, "ibytes", stats->ibytes, fuzz_counted(t, BYTES_IN));
	expect(name, "iqdrops", stats->iqdrops, full);
	expect(name, "filtered", in->seen - full, fuzz_counted(t, FIRST_IN));
	expect(name, "delivered", in->delivered, fuzz_counted(t, TAKEN));
	expect(name, "passed", in->passed, fuzz_counted(t, PASSED));
	expect(name, "stolen on input", in->stolen,
	       fuzz_counted(t, STOLEN_IN) + fuzz_counted(t, TAKEN_STOLEN));
	expect(name, "dropped by input filters", in->drops[DLIL_DROP_FILTER],
	       fuzz_counted(t, DROPPED_IN));
	expect(name, "dropped by protocols", in->drops[DLIL_DROP_PROTOCOL],
	       fuzz_counted(t, REFUSED));

	expect(name, "handed out", out->seen, fuzz_counted(t, HANDED_OUT));
	expect(name, "sent", out->delivered, fuzz_counted(t, SENT));
	expect(name, "opackets", stats->opackets, out->delivered);
	expect(name, "refused by the driver", out->drops[DLIL_DROP_DRIVER],
	       fuzz_counted(t, UNSENT));
	expect(name, "stolen on output", out->stolen,
	       fuzz_counted(t, STOLEN_OUT) + fuzz_counted(t, KEPT));
	expect(name, "dropped by output filters", out->drops[DLIL_DROP_FILTER],
	       fuzz_counted(t, DROPPED_OUT));
	check_filtered_out(t, out);
}

/* Check a device, which others may use as well. */
static void check_device(struct fuzz_target *t, u64 received,
			 const struct dlil_account *in,
			 const struct dlil_account *out)
{
	const char *name = dlil_ifnet_name(t->ifp);

	/*
	 * Segments count as seen; they do not change the number of received
	 * packets.
	 */
	expect_least(name, "seen on input", in->seen, received);
	if (t->exact)
		expect(name, "received", received, fuzz_counted(t, HANDED_IN));
	else
		expect_least(name, "received", received,
			     fuzz_counted(t, HANDED_IN));
	expect(name, "stolen on input", in->stolen, fuzz_counted(t, STOLEN_IN));
	expect_least(name, "dropped by input filters",
		     in->drops[DLIL_DROP_FILTER], fuzz_counted(t, DROPPED_IN));
	expect_least(name, "handed out", out->seen,
		     fuzz_counted(t, HANDED_OUT));
	expect_least(name, "stolen on output", out->stolen,
		     fuzz_counted(t, STOLEN_OUT));
	expect_least(name, "dropped by output filters",
		     out->drops[DLIL_DROP_FILTER], fuzz_counted(t, DROPPED_OUT));
}

static void check_target(struct fuzz_target *t)
{
	const char *name = dlil_ifnet_name(t->ifp);
	struct dlil_account in, out;
	struct dlil_stats stats;

	dlil_stats_read(t->ifp, &stats, &in, &out);
	account_diff(&in, &t->in);
	account_diff(&out, &t->out);
	check_account(name, "in", &in);
	check_account(name, "out", &out);
	if (t->dev)
		check_device(t, stats.ipackets - t->ipackets, &in, &out);
	else
		check_own(t, &stats, &in, &out);
	/* A filter may drop a GSO packet in thousands of segments. */
	expect_least(name, "delivered", in.delivered,
		     some_of(in.seen - in.drops[DLIL_DROP_FILTER]));
	expect_least(name, "sent", out.delivered,
		     some_of(out.seen - out.drops[DLIL_DROP_FILTER]));
}

/* Takes over the references to @ifp and @dev. */
static int add_target(struct dlil_ifnet *ifp, struct net_device *dev)
{
	struct fuzz_target *t = &targets[n_targets++];
	struct dlil_stats stats;

	t->ifp = ifp;
	t->dev = dev;
	t->exact = dev && dev->rtnl_link_ops &&
		   !strcmp(dev->rtnl_link_ops->kind, "dummy");
	dlil_stats_read(ifp, &stats, &t->in, &t->out);
	t->ipackets = stats.ipackets;
	return fuzz_filter_attach_all(t);
}

/*
 * Add number @i of the fuzzer's own ifnets.  They come first: the callbacks of their
 * drivers rely on that.
 */
static int add_own(struct net *net, unsigned int i)
{
	const char id[] = { 'f', 'u', 'z', 'z', '0' + i, '\0' };
	static const u8 lladdr[ETH_ALEN] = { 2, 0, 0, 0, 7, 0x77 };
	static const u8 broadcast[ETH_ALEN] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	};
	const struct dlil_ifnet_params params = {
		.driver = i ? &fuzz_list_driver : &fuzz_driver,
		.family = &dlil_ether_family_ops,
		.priv = &targets[i],
		.net = net,
		.name = id,
		.ifindex = FUZZ_IFINDEX + i,
		.attrs = DLIL_ATTR_COUNT_INPUT,
		.addr_len = ETH_ALEN,
		.broadcast = broadcast,
	};
	struct dlil_ifnet *ifp;
	int err;

	err = dlil_ifnet_acquire(DLIL_IFNET_ETHERNET, id, sizeof(id), &ifp);
	if (err)
		return err;
	err = dlil_ifnet_init(ifp, &params);
	if (!err)
		err = dlil_ifnet_attach(ifp, lladdr, sizeof(lladdr));
	if (err) {
		dlil_ifnet_release(ifp);
		return err;
	}
	dlil_ifnet_get(ifp);
	err = add_target(ifp, NULL);
	if (err)
		return err;
	return fuzz_proto_attach_all(&targets[i]);
}

static int add_device(struct net *net, const char *name)
{
	struct net_device *dev = dev_get_by_name(net, name);
	struct dlil_ifnet *ifp;

	if (!dev)
		return -ENODEV;
	ifp = dlil_ifnet_by_index(net, dev->ifindex);
	if (!ifp) {
		dev_put(dev);
		return -ENXIO;
	}
	return add_target(ifp, dev);
}

static void drop_target(struct fuzz_target *t)
{
	if (t->dev) {
		fuzz_calls_unplumb(t);
		dev_put(t->dev);
	} else {
		dlil_ifnet_detach(t->ifp);
		dlil_ifnet_wait_detached(t->ifp);
		dlil_ifnet_release(t->ifp);
	}
	dlil_ifnet_put(t->ifp);
}

/* Wait: freeing a packet of the fuzzer calls its destructor in this module. */
static void wait_for_packets(void)
{
	unsigned long deadline = jiffies + FUZZ_DEADLINE;
	unsigned int i;

	while (fuzz_live() && time_before(jiffies, deadline)) {
		for (i = 0; i < n_targets; i++)
			fuzz_filter_purge(&targets[i]);
		schedule_timeout_uninterruptible(1);
	}
	expect("fuzz", "packets that are never freed", fuzz_live(), 0);
}

/* Filters and protocols unpin the module after their last call. */
static void wait_for_unpinning(int pins)
{
	unsigned long deadline = jiffies + FUZZ_DEADLINE;

	while (module_refcount(THIS_MODULE) > pins &&
	       time_before(jiffies, deadline))
		schedule_timeout_uninterruptible(1);
	expect("fuzz", "pins of the module", module_refcount(THIS_MODULE),
	       pins);
}

static int __init fuzz_init(void)
{
	struct net *net = get_net(current->nsproxy->net_ns);
	int pins = module_refcount(THIS_MODULE);
	unsigned int i;
	int err;

	pr_info("%lu frames, seed %u\n", count, fuzz_seed);
	err = fuzz_frame_init(net->loopback_dev);
	if (err)
		goto put_net;
	err = fuzz_calls_init();
	for (i = 0; i < FUZZ_OWN && !err; i++)
		err = add_own(net, i);
	for (i = 0; i < n_devices && !err; i++)
		err = add_device(net, devices[i]);
	for (i = 0; i < n_targets && !err; i++)
		err = fuzz_calls_plumb(&targets[i]);
	if (!err)
		err = fuzz_feed(targets, n_targets, count, &made);
	fuzz_calls_stop();
	wait_for_packets();
	for (i = 0; i < n_targets; i++)
		fuzz_filter_detach_all(&targets[i]);
	for (i = 0; i < n_targets; i++) {
		if (!err)
			check_target(&targets[i]);
		drop_target(&targets[i]);
	}
	wait_for_unpinning(pins);
	fuzz_calls_exit();
	fuzz_frame_exit();
put_net:
	put_net(net);
	pr_info("%lu frames made, %u failures\n", made, failures);
	/* Stay loaded: a packet that is freed later will call into this module. */
	if (fuzz_live()) {
		__module_get(THIS_MODULE);
		return 0;
	}
	return err;
}

static void __exit fuzz_exit(void)
{
}

module_init(fuzz_init);
module_exit(fuzz_exit);

MODULE_DESCRIPTION("Packet fuzzer of the Data Link Interface Layer");
MODULE_LICENSE("GPL");
