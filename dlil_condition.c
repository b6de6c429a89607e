// SPDX-License-Identifier: GPL-2.0
/*
 * Conditions: which packets a filter that users have added is for.
 *
 * A condition is a classic BPF program over the whole frame, which the kernel
 * checks, translates and runs.  It sees the packet as on a packet socket of the
 * device, so that a filter counts the same packets as tcpdump with the same
 * program (FLT-18).  A VLAN tag beside the data is visible to the loads that
 * libpcap generates for live captures.  On output, packet sockets see the packet
 * that goes to the driver, behind the filters.  At the filters, a tag is still
 * beside the data even if the device needs it in the data, and skb->pkt_type is
 * not yet PACKET_OUTGOING.  Both are set to their later values while programs run.
 */
#include <linux/if_vlan.h>
#include <linux/netlink.h>
#include <linux/slab.h>

#include "dlil_chain.h"
#include "dlil_condition.h"
#include "dlil_export.h"
#include "dlil_ifnet.h"

/* Translate a classic program. */
int dlil_create_program(struct bpf_prog **prog, const struct sock_filter *insns,
			unsigned int n)
{
	struct sock_fprog_kern fprog = {
		.len = n,
		.filter = (struct sock_filter *)insns,
	};
	int err = bpf_prog_create(prog, &fprog);

	/* Every valid classic program compiles, so only memory can be missing. */
	return err == -ENOTSUPP ? -ENOMEM : err;
}

/*
 * Resolve loads that refer to the device.  Received packets do not point to
 * their device inside filters (LNX-13), so a load of its index becomes a
 * constant, the index of the ifnet.  That is constant while the filter is
 * attached, because a device that moves to another netns is detached first.
 */
static int settle_device(const struct dlil_program *prog,
			 struct sock_filter *insns, int ifindex,
			 struct netlink_ext_ack *extack)
{
	unsigned int i;

	if (dlil_program_loads(prog, SKF_AD_HATYPE)) {
		NL_SET_ERR_MSG(extack,
			       "program must not load the device's hardware type: filters do not know it");
		return -EOPNOTSUPP;
	}
	for (i = 0; i < prog->n; i++)
		if (dlil_insn_loads(&insns[i], SKF_AD_IFINDEX))
			insns[i] = (struct sock_filter)
				BPF_STMT(BPF_LD | BPF_IMM, ifindex);
	return 0;
}

static int set_program(struct dlil_condition *cond,
		       const struct sock_filter *program, unsigned int n,
		       int ifindex, struct netlink_ext_ack *extack)
{
	struct sock_filter *insns;
	int err;

	if (!n || n > BPF_MAXINSNS) {
		NL_SET_ERR_MSG(extack,
			       "program must have between 1 and 4096 instructions");
		return -EINVAL;
	}
	insns = kvmalloc_array(n, sizeof(*insns), GFP_KERNEL);
	if (!insns)
		return -ENOMEM;
	memcpy(insns, program, n * sizeof(*insns));
	cond->source.insns = insns;
	cond->source.n = n;
	err = settle_device(&cond->source, insns, ifindex, extack);
	if (err)
		return err;
	cond->asks_type = dlil_program_loads(&cond->source, SKF_AD_PKTTYPE);
	err = dlil_create_program(&cond->prog, insns, n);
	if (err == -EINVAL)
		NL_SET_ERR_MSG(extack, "program is not valid classic BPF");
	return err;
}

/**
 * dlil_condition_free - free the condition of a filter
 * @cond: the condition, or NULL
 *
 * Row FLT-16.
 *
 * Context: process.
 */
void dlil_condition_free(struct dlil_condition *cond)
{
	if (!cond)
		return;
	if (cond->prog)
		bpf_prog_destroy(cond->prog);
	kvfree(cond->source.insns);
	kfree(cond->expr);
	kfree(cond);
}
EXPORT_SYMBOL_GPL(dlil_condition_free);

/*
 * Create a condition for an ifnet with index @ifindex; or return an error pointer,
 * with a message.  @expr may be NULL.  May sleep.
 */
struct dlil_condition *dlil_condition_new(const struct sock_filter *program,
					  unsigned int n, const char *expr,
					  int ifindex,
					  struct netlink_ext_ack *extack)
{
	struct dlil_condition *cond = kzalloc(sizeof(*cond), GFP_KERNEL);
	int err;

	if (!cond)
		return ERR_PTR(-ENOMEM);
	err = set_program(cond, program, n, ifindex, extack);
	if (err)
		goto free;
	err = -ENOMEM;
	cond->expr = kstrdup(expr ?: "", GFP_KERNEL);
	if (!cond->expr)
		goto free;
	return cond;

free:
	dlil_condition_free(cond);
	return ERR_PTR(err);
}

/*
 * Move the VLAN tag into the data, as the stack does behind the filters for
 * devices without tag insertion.  On failure nothing has changed.  A shared skb
 * fails, because its head cannot be made private; pktgen shares its skbs, but
 * it sends no tags beside the data.
 */
static bool insert_tag(struct sk_buff *skb)
{
	if (skb_shared(skb) ||
	    __vlan_insert_tag(skb, skb->vlan_proto, skb_vlan_tag_get(skb)))
		return false;
	skb->protocol = skb->vlan_proto;
	__vlan_hwaccel_clear_tag(skb);
	return true;
}

static void remove_tag(struct sk_buff *skb, __be16 protocol)
{
	const struct vlan_ethhdr *veth = (const void *)skb->data;
	__be16 proto = veth->h_vlan_proto;
	u16 tci = ntohs(veth->h_vlan_TCI);

	memmove(skb->data + VLAN_HLEN, skb->data, 2 * ETH_ALEN);
	__skb_pull(skb, VLAN_HLEN);
	skb_reset_mac_header(skb);
	skb->protocol = protocol;
	__vlan_hwaccel_put_tag(skb, proto, tci);
}

/*
 * Make a packet that is being sent look as packet sockets will see it, until
 * dlil_as_sent_end().  The skb may be modified temporarily, even if its data is
 * cloned: it is in no queue yet, and its sender has given it away.
 */
void dlil_as_sent_begin(struct dlil_as_sent *as, struct dlil_ifnet *ifp,
			struct sk_buff *skb)
{
	const struct dlil_driver_ops *driver = ifp->driver;

	as->type = skb->pkt_type;
	as->protocol = skb->protocol;
	as->inserted = skb_vlan_tag_present(skb) && driver->tag_in_data &&
		       driver->tag_in_data(ifp, skb) && insert_tag(skb);
	skb->pkt_type = PACKET_OUTGOING;
}

void dlil_as_sent_end(const struct dlil_as_sent *as, struct sk_buff *skb)
{
	skb->pkt_type = as->type;
	if (as->inserted)
		remove_tag(skb, as->protocol);
}

static bool holds_received(const struct dlil_condition *cond,
			   struct sk_buff *skb)
{
	unsigned int header;
	bool holds;

	if (unlikely(!dlil_filter_is_readable(skb)))
		return false;
	header = skb->data - skb_mac_header(skb);
	__skb_push(skb, header);
	dlil_programs_begin();
	holds = bpf_prog_run(cond->prog, skb);
	dlil_programs_end();
	__skb_pull(skb, header);
	return holds;
}

/**
 * dlil_condition_holds - is a filter for this packet?
 * @cond: condition of the filter; NULL for all packets
 * @ifp: ifnet
 * @direction: DLIL_DIRECTION_IN or DLIL_DIRECTION_OUT
 * @skb: the packet, as the filter's callback gets it
 *
 * Rows FLT-16, FLT-18.
 *
 * Context: the filter's callback.
 * Return: whether it is.
 */
bool dlil_condition_holds(const struct dlil_condition *cond,
			  struct dlil_ifnet *ifp, u32 direction,
			  struct sk_buff *skb)
{
	struct dlil_as_sent as;
	bool holds;

	if (!cond)
		return true;
	if (direction == DLIL_DIRECTION_IN)
		return holds_received(cond, skb);
	if (likely(!cond->asks_type && !skb_vlan_tag_present(skb)))
		return bpf_prog_run(cond->prog, skb);
	dlil_as_sent_begin(&as, ifp, skb);
	holds = bpf_prog_run(cond->prog, skb);
	dlil_as_sent_end(&as, skb);
	return holds;
}
EXPORT_SYMBOL_GPL(dlil_condition_holds);

/**
 * dlil_condition_expr - the expression of a condition, for users
 * @cond: the condition, or NULL
 *
 * Return: the expression, as long as the condition exists; or "".
 */
const char *dlil_condition_expr(const struct dlil_condition *cond)
{
	return cond ? cond->expr : "";
}
EXPORT_SYMBOL_GPL(dlil_condition_expr);
