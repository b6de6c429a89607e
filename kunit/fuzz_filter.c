// SPDX-License-Identifier: GPL-2.0
/*
 * Filters of the packet fuzzer: the number of a packet decides what they do
 * with it.
 */
#include <linux/etherdevice.h>
#include <linux/if_packet.h>
#include <linux/if_vlan.h>
#include <linux/module.h>
#include <net/flow_dissector.h>

#include "fuzz.h"

#define FUZZ_PARKED	64	/* packets that filters of an ifnet keep */

/*
 * A mark in skb->mark: filter_inject() injects again and again for such a
 * packet.
 */
#define ENDLESS_MASK	0xff000000
#define ENDLESS		0x5a000000

/**
 * struct fuzz_kind - a kind of filter
 * @name: name of the kind
 * @often: works on one packet of this many
 * @fn: processes such a packet; @r is random; returns a verdict; NULL if it
 *	takes lists
 */
struct fuzz_kind {
	const char *name;
	unsigned int often;
	int (*fn)(struct fuzz_filter *f, struct sk_buff **skb, u32 r, bool in);
};

static void park(struct fuzz_target *t, struct sk_buff *skb, bool in)
{
	if (skb_queue_len_lockless(&t->parked[in]) < FUZZ_PARKED)
		skb_queue_tail(&t->parked[in], skb);
	else
		kfree_skb(skb);
}

static int filter_count(struct fuzz_filter *f, struct sk_buff **skb, u32 r,
			bool in)
{
	fuzz_add(f->target, in ? FIRST_IN : FIRST_OUT, 1);
	return 0;
}

static int filter_read(struct fuzz_filter *f, struct sk_buff **pskb, u32 r,
		       bool in)
{
	unsigned int from, len, header;
	struct sk_buff *skb = *pskb;
	struct flow_keys_basic keys;
	u8 buf[64];

	header = skb->data - skb_mac_header(skb);
	from = skb->len ? r % skb->len : 0;
	len = min_t(unsigned int, skb->len - from, sizeof(buf));
	if (skb_copy_bits(skb, from, buf, len))
		fuzz_fail("%u bytes at %u of %u cannot be read", len, from,
			  skb->len);
	if (len && !skb_header_pointer(skb, from, len, buf))
		fuzz_fail("no pointer to %u bytes at %u of %u", len, from, skb->len);
	skb_checksum(skb, from, skb->len - from, 0);
	if (skb->dev)
		skb_flow_dissect_flow_keys_basic(NULL, skb, &keys, NULL, 0, 0,
						 0, 0);
	/* The link header must be in front of received packets. */
	if (in && header && header != ETH_HLEN)
		fuzz_fail("received packet with a link header of %u bytes", header);
	if (!in && header)
		fuzz_fail("sent packet with %u bytes in front of it", header);
	if (in && r % 4096 == 0)
		schedule_timeout_uninterruptible(1);
	return 0;
}

static void edit_addresses(struct sk_buff *skb, u32 r)
{
	unsigned int header = skb->data - skb_mac_header(skb);

	__skb_push(skb, header);
	if (skb->len >= ETH_HLEN && !skb_ensure_writable(skb, ETH_HLEN))
		skb->data[r % (2 * ETH_ALEN)] ^= r >> 8;
	__skb_pull(skb, header);
}

static void edit_bytes(struct sk_buff *skb, u32 r)
{
	unsigned int len = min_t(unsigned int, skb->len, 1 + r % 300);

	if (len && !skb_ensure_writable(skb, len))
		skb->data[len - 1] ^= r >> 8;
}

/* Edit any packet, even where others rely on the layout, see the top. */
static void edit_any(struct sk_buff *skb, u32 r, bool in)
{
	switch (r % 6) {
	case 0:
		edit_addresses(skb, r >> 3);
		break;
	case 1:
		skb_cow(skb, r >> 3 & 127);
		break;
	case 2:
		pskb_expand_head(skb, r >> 3 & 31, r >> 8 & 31, GFP_ATOMIC);
		break;
	case 3:
		skb->priority = r >> 3 & 7;
		if (in)
			skb->pkt_type = r >> 6 & 3;
		break;
	case 4:
		if (skb_vlan_tag_present(skb))
			__vlan_hwaccel_clear_tag(skb);
		else
			__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q), r >> 3);
		break;
	case 5:
		skb_linearize(skb);
		break;
	}
}

static void edit_all(struct sk_buff *skb, u32 r, bool in)
{
	unsigned int least = in ? 0 : min_t(unsigned int, skb->len, ETH_HLEN);

	switch (r % 5) {
	case 0:
		edit_bytes(skb, r >> 3);
		break;
	case 1: /* shorter */
		pskb_trim(skb, least + (r >> 3) % (skb->len - least + 1));
		break;
	case 2: /* longer, if there is memory */
		if (__skb_put_padto(skb, min_t(unsigned int, 65535, skb->len +
					       (r >> 3) % 200), false))
			return;
		break;
	case 3:
		if (!in && skb->len >= ETH_HLEN) {
			skb_reset_mac_len(skb);
			skb_vlan_push(skb, htons(ETH_P_8021Q), r >> 3);
		}
		break;
	case 4:
		if (!in && skb->len >= ETH_HLEN) {
			skb_reset_mac_len(skb);
			skb_vlan_pop(skb);
		}
		break;
	}
}

static int filter_edit(struct fuzz_filter *f, struct sk_buff **pskb, u32 r,
		       bool in)
{
	struct sk_buff *skb = *pskb;

	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE;
	if (r & 1 || skb_is_gso(skb) || skb->ip_summed == CHECKSUM_PARTIAL)
		edit_any(skb, r >> 1, in);
	else
		edit_all(skb, r >> 1, in);
	return 0;
}

/* Replace the packet by some kind of copy, or by another one. */
static int filter_replace(struct fuzz_filter *f, struct sk_buff **pskb, u32 r,
			  bool in)
{
	gfp_t gfp = in ? GFP_KERNEL : GFP_ATOMIC;
	struct sk_buff *old = *pskb, *new;
	struct fuzz_maker m;
	int room;

	switch (r % 5) {
	case 0:
		new = skb_copy(old, gfp | __GFP_NOWARN);
		break;
	case 1:
		new = pskb_copy(old, gfp);
		break;
	case 2:
		new = skb_clone(old, gfp);
		break;
	case 3:
		/* The link header of a received packet needs its room. */
		room = skb_headroom(old) - (old->data - skb_mac_header(old));
		room = max_t(int, (r >> 3 & 127) - 64, -room);
		new = skb_copy_expand(old, skb_headroom(old) + room,
				      r >> 10 & 127, gfp | __GFP_NOWARN);
		break;
	default:
		prandom_seed_state(&m.rnd, r);
		new = in ? fuzz_make_received(&m, f->target, gfp) :
			   fuzz_make_sent(&m, f->target, gfp);
		if (new)
			new->dev = old->dev;
		break;
	}
	if (!new)
		return 0;
	if (!new->destructor)
		fuzz_track(new);
	*pskb = new;
	if (r & BIT(20))
		park(f->target, old, in);
	else
		consume_skb(old);
	return 0;
}

static int filter_steal(struct fuzz_filter *f, struct sk_buff **skb, u32 r,
			bool in)
{
	fuzz_add(f->target, in ? STOLEN_IN : STOLEN_OUT, 1);
	if (r & 1)
		park(f->target, *skb, in);
	else
		kfree_skb(*skb);
	return DLIL_STOLEN;
}

static int filter_drop(struct fuzz_filter *f, struct sk_buff **skb, u32 r,
		       bool in)
{
	static const int errors[] = { -EPERM, -ENOTSUPP, -EINVAL, -ENOBUFS };

	fuzz_add(f->target, in ? DROPPED_IN : DROPPED_OUT, 1);
	if (r & 4) {
		kfree_skb(*skb);
		*skb = NULL;
	}
	return errors[r & 3];
}

/*
 * Send a copy, as a filter that mirrors or answers would.  Copies of some
 * packets are copied again, until the core stops that.
 */
static int filter_inject(struct fuzz_filter *f, struct sk_buff **pskb, u32 r,
			 bool in)
{
	bool endless = ((*pskb)->mark & ENDLESS_MASK) == ENDLESS;
	struct sk_buff *skb = *pskb, *copy;
	struct sk_buff_head list;

	if ((in || !endless) && r % 16)
		return 0;
	copy = skb_clone(skb, in ? GFP_KERNEL : GFP_ATOMIC);
	if (!copy)
		return 0;
	fuzz_track(copy);
	if (in)
		__skb_push(copy, copy->data - skb_mac_header(copy));
	if (copy->ip_summed == CHECKSUM_COMPLETE)
		copy->ip_summed = CHECKSUM_NONE;
	if (!endless)
		copy->mark = fuzz_whim(skb, 4001);
	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, copy);
	fuzz_hand_out(f->target, 0, &list, NULL, DLIL_OUTPUT_RAW);
	return 0;
}

/* Skips all later filters of the fuzzer, which have the same callback. */
static int filter_skip(struct fuzz_filter *f, struct sk_buff **skb, u32 r,
		       bool in)
{
	return DLIL_SKIP;
}

static const struct fuzz_kind kinds[FUZZ_FILTERS] = {
	{ "fuzz-count", 1, filter_count },
	{ "fuzz-read", 1, filter_read },
	{ "fuzz-inject", 1, filter_inject },
	{ "fuzz-edit", 3, filter_edit },
	{ "fuzz-skip", 40, filter_skip },
	{ "fuzz-list" },
	{ "fuzz-replace", 10, filter_replace },
	{ "fuzz-drop", 12, filter_drop },
	{ "fuzz-steal", 12, filter_steal },
	{ "fuzz-again", 3, filter_edit },
};

static int run_filter(struct fuzz_filter *f, struct dlil_ifnet *ifp,
		      struct sk_buff **skb, bool in)
{
	u32 asker = (f->kind - kinds) * 2 + in;
	u32 r = fuzz_whim(*skb, asker);

	if (ifp != f->target->ifp)
		fuzz_fail("%s was called for another ifnet", f->kind->name);
	if (skb_shared(*skb) || (*skb)->next)
		fuzz_fail("%s got a packet that is not private", f->kind->name);
	/* GSO packets made by filter_replace() on output are allowed. */
	if (in && skb_is_gso(*skb) && f->params.flags & DLIL_FILTER_SEGMENTS)
		fuzz_fail("%s got a GSO packet", f->kind->name);
	if (r % f->kind->often)
		return 0;
	return f->kind->fn(f, skb, fuzz_whim(*skb, asker + 1000), in);
}

static int fuzz_filter_in(void *cookie, struct dlil_ifnet *ifp, u32 family,
			  struct sk_buff **skb)
{
	might_sleep();
	if (in_softirq() || !(current->flags & PF_KTHREAD))
		fuzz_fail("an input filter does not run in a thread");
	return run_filter(cookie, ifp, skb, true);
}

/*
 * List filter: the number decides for each packet here, too.  A replacement
 * keeps the place of the packet.
 */
static void run_list(struct fuzz_filter *f, struct sk_buff *skb,
		     struct sk_buff_head *list, struct sk_buff_head *drop)
{
	u32 r = fuzz_whim(skb, 3001);
	struct sk_buff *other = skb;

	memset(skb->cb, 0xff, sizeof(skb->cb));
	switch (r % 24) {
	case 0:
		fuzz_add(f->target, STOLEN_IN, 1);
		__skb_unlink(skb, list);
		park(f->target, skb, true);
		break;
	case 1:
		fuzz_add(f->target, DROPPED_IN, 1);
		dlil_filter_drop(skb, list, drop);
		break;
	case 2:
		other = skb_copy(skb, GFP_KERNEL | __GFP_NOWARN);
		if (!other)
			break;
		fuzz_track(other);
		__skb_queue_after(list, skb, other);
		__skb_unlink(skb, list);
		consume_skb(skb);
		break;
	case 3:
		filter_edit(f, &other, r >> 5, true);
		break;
	}
}

static void fuzz_filter_list(void *cookie, struct dlil_ifnet *ifp, u32 family,
			     struct sk_buff_head *list,
			     struct sk_buff_head *drop)
{
	unsigned int n = skb_queue_len(list);
	struct fuzz_filter *f = cookie;
	struct sk_buff *skb, *next;

	might_sleep();
	if (in_softirq() || !(current->flags & PF_KTHREAD))
		fuzz_fail("an input filter does not run in a thread");
	if (ifp != f->target->ifp)
		fuzz_fail("%s was called for another ifnet", f->kind->name);
	if (!n || !skb_queue_empty(drop))
		fuzz_fail("%s got %u packets, %u dropped", f->kind->name, n,
			  skb_queue_len(drop));
	skb_queue_walk_safe(list, skb, next) {
		n--;
		if (skb_shared(skb))
			fuzz_fail("%s got a packet that is not private",
				  f->kind->name);
		if (skb_vlan_tag_present(skb) && skb_vlan_tag_get_id(skb) &&
		    f->params.flags & DLIL_FILTER_NO_VLAN)
			fuzz_fail("%s got a tagged packet", f->kind->name);
		run_list(f, skb, list, drop);
	}
	if (n)
		fuzz_fail("%s got a list of another length", f->kind->name);
}

static int fuzz_filter_out(void *cookie, struct dlil_ifnet *ifp, u32 family,
			   struct sk_buff **skb)
{
	if (!in_softirq())
		fuzz_fail("an output filter runs with bottom halves on");
	return run_filter(cookie, ifp, skb, false);
}

static void fuzz_filter_detached(void *cookie, struct dlil_ifnet *ifp)
{
	struct fuzz_filter *f = cookie;

	might_sleep();
	fuzz_add(f->target, DETACHED, 1);
}

static const struct dlil_filter_ops filter_ops = {
	.owner = THIS_MODULE,
	.input = fuzz_filter_in,
	.output = fuzz_filter_out,
	.detached = fuzz_filter_detached,
};

static const struct dlil_filter_ops list_filter_ops = {
	.owner = THIS_MODULE,
	.input_list = fuzz_filter_list,
	.detached = fuzz_filter_detached,
};

int fuzz_filter_attach(struct fuzz_filter *f)
{
	int err = dlil_filter_attach(f->target->ifp, &f->params, &f->ref);

	if (!err)
		fuzz_add(f->target, ATTACHED, 1);
	return err;
}

int fuzz_filter_attach_all(struct fuzz_target *t)
{
	struct fuzz_filter *f;
	unsigned int i;
	int err;

	skb_queue_head_init(&t->parked[0]);
	skb_queue_head_init(&t->parked[1]);
	for (i = 0; i < FUZZ_FILTERS; i++) {
		f = &t->filters[i];
		f->target = t;
		f->kind = &kinds[i];
		f->params.ops = kinds[i].fn ? &filter_ops : &list_filter_ops;
		f->params.name = kinds[i].name;
		f->params.cookie = f;
		/* Some filters do not see tagged packets; the first one does. */
		f->params.flags = i % 3 ? DLIL_FILTER_NO_VLAN : 0;
		/* The last filters of a device see segments. */
		if (t->dev && i >= FUZZ_WHOLE)
			f->params.flags |= DLIL_FILTER_SEGMENTS;
		err = fuzz_filter_attach(f);
		if (err)
			return err;
	}
	return 0;
}

/* Free the packets that filters keep. */
void fuzz_filter_purge(struct fuzz_target *t)
{
	skb_queue_purge(&t->parked[0]);
	skb_queue_purge(&t->parked[1]);
}

void fuzz_filter_detach_all(struct fuzz_target *t)
{
	unsigned long deadline = jiffies + FUZZ_DEADLINE;
	unsigned int i;

	for (i = 0; i < FUZZ_FILTERS; i++)
		if (t->filters[i].ref)
			dlil_filter_detach(t->filters[i].ref);
	/* Some filters may still be detaching. */
	while (fuzz_counted(t, DETACHED) < fuzz_counted(t, ATTACHED) &&
	       time_before(jiffies, deadline))
		schedule_timeout_uninterruptible(1);
	if (fuzz_counted(t, DETACHED) != fuzz_counted(t, ATTACHED))
		fuzz_fail("%llu filters attached, %llu detached",
			  fuzz_counted(t, ATTACHED),
			  fuzz_counted(t, DETACHED));
}
