// SPDX-License-Identifier: GPL-2.0
/*
 * End points for packets: at the entry of IP, or in a socket.  Packets are kept
 * until the clock was stopped, so that freeing them is not measured.
 */
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/netfilter_ipv4.h>
#include <linux/udp.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "compat.h"
#include "bench.h"

static struct socket *receiver;

static void arrived(struct bench_flow *f)
{
	unsigned int count = f->count + 1;

	if (count == f->expect)
		WRITE_ONCE(f->end, ktime_get_ns());
	/* Pairs with the acquire in wait_for_arrival(), which comes before end. */
	smp_store_release(&f->count, count);
	/* Either this sees @wanted, or the feeder sees the count. */
	smp_mb();
	if (count == READ_ONCE(f->wanted))
		wake_up(&f->wait);
}

/*
 * Foreign packets, for instance of pktgen, belong to the first flow, without
 * numbers.
 */
static struct bench_flow *flow_of(const void *data)
{
	const struct bench_payload *payload = data;
	struct bench_flow *f;
	u32 seq;

	if (payload->magic != htonl(BENCH_MAGIC)) {
		f = &bench_flows[0];
		if (!f->count)
			f->start = ktime_get_ns();
		return f;
	}
	f = &bench_flows[ntohl(payload->flow) % BENCH_FLOWS];
	seq = ntohl(payload->seq);
	if (seq < f->next)
		f->reordered++;
	else
		f->next = seq + 1;
	return f;
}

static unsigned int sink_hook(void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *state)
{
	const struct iphdr *iph = ip_hdr(skb);
	const struct udphdr *udp = (const void *)(iph + 1);
	struct bench_flow *f;

	if (iph->protocol != IPPROTO_UDP ||
	    skb_headlen(skb) < sizeof(*iph) + sizeof(*udp) +
			       sizeof(struct bench_payload) ||
	    udp->dest != htons(BENCH_PORT))
		return NF_ACCEPT;
	f = flow_of(udp + 1);
	__skb_queue_tail(&f->kept, skb);
	arrived(f);
	return NF_STOLEN;
}

/* Lets a client send its next request when it has thought about an answer. */
static unsigned int closed_hook(void *priv, struct sk_buff *skb,
				const struct nf_hook_state *state)
{
	struct bench_flow *f = &bench_flows[0];

	if (sink_hook(priv, skb, state) != NF_STOLEN)
		return NF_ACCEPT;
	/* Find the flow that has just got the packet. */
	for (; skb_peek_tail(&f->kept) != skb; f++)
		;
	if (f->asked < f->n_bursts)
		hrtimer_start(&f->timer,
			      ns_to_ktime(NSEC_PER_USEC * bench_order.think),
			      HRTIMER_MODE_REL_PINNED_SOFT);
	return NF_STOLEN;
}

static const struct nf_hook_ops sink_ops = {
	.hook = sink_hook,
	.pf = NFPROTO_IPV4,
	.hooknum = NF_INET_PRE_ROUTING,
	.priority = INT_MIN,
};

static const struct nf_hook_ops closed_ops = {
	.hook = closed_hook,
	.pf = NFPROTO_IPV4,
	.hooknum = NF_INET_PRE_ROUTING,
	.priority = INT_MIN,
};

/* Called for every packet that the socket has received. */
static void socket_ready(struct sock *sk)
{
	arrived(&bench_flows[0]);
}

static int open_socket(void)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons(BENCH_PORT),
		.sin_addr.s_addr = htonl(BENCH_HOST),
	};
	int err;

	err = sock_create_kern(&init_net, AF_INET, SOCK_DGRAM, IPPROTO_UDP,
			       &receiver);
	if (err)
		return err;
	receiver->sk->sk_rcvbuf = INT_MAX / 2;
	receiver->sk->sk_data_ready = socket_ready;
	err = kernel_bind(receiver, (struct compat_sockaddr *)&addr, sizeof(addr));
	if (err)
		sock_release(receiver);
	return err;
}

int bench_sink_open(void)
{
	if (bench_order.udp)
		return open_socket();
	return nf_register_net_hook(&init_net, bench_order.think ? &closed_ops :
							     &sink_ops);
}

void bench_sink_close(void)
{
	if (bench_order.udp)
		sock_release(receiver);
	else
		nf_unregister_net_hook(&init_net, bench_order.think ?
				       &closed_ops : &sink_ops);
}

/* Send as a program would, in its own context. */
int bench_send(unsigned int n)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons(BENCH_PORT),
		.sin_addr.s_addr = htonl(BENCH_PEER),
	};
	struct socket *sock;
	char data[18] = {};
	int err;

	err = sock_create_kern(&init_net, AF_INET, SOCK_DGRAM, IPPROTO_UDP,
			       &sock);
	if (err)
		return err;
	err = kernel_connect(sock, (struct compat_sockaddr *)&addr, sizeof(addr), 0);
	while (!err && n--) {
		struct kvec vec = { .iov_base = data, .iov_len = sizeof(data) };
		struct msghdr msg = { .msg_flags = MSG_DONTWAIT };

		err = kernel_sendmsg(sock, &msg, &vec, 1, sizeof(data));
		err = min(err, 0);
	}
	sock_release(sock);
	return err;
}
