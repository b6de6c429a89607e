// SPDX-License-Identifier: GPL-2.0
/*
 * Sends packets by dlil_output() as tests ask for, and looks at what reaches a driver.
 * Names of ifnets refer to the netns of the task that writes the parameter.
 *
 *   send     DEV FROM TO [WORD...]: one dlil_output() of UDP packets between these two
 *	      addresses, both of IPv4 or of IPv6, from port 6001, 6002 and so on to
 *	      port 7009; the error of the write is the result.  WORDs:
 *	      count=N      packets in the list (1)
 *	      len=N        bytes of each, from the IP header on (100)
 *	      tso=N        packet N of the list is a GSO packet of TCP
 *	      priority=N   skb->priority of each
 *	      scattered    the data of each are in pages
 *	      routed       they have a route (skb_dst), as the host's routes say
 *	      mac=MAC      send them raw, with a link header, to that address
 *   attrs    DEV [+-]NAME...: switch attributes of the ifnet: linear, tso4, tso6
 *   tap      DEV: set a tap for sent packets on that ifnet; empty: turn it off.  A read
 *	      shows how many packets it has seen, and how many of them were scattered
 *   lists    DEV: attach an ifnet `list0` whose driver takes lists, and sends their
 *	      packets on this network device; empty: detach it.  A read shows the
 *	      number of lists, of packets, and of scattered ones
 *   inject   N: accept packets of a family without an ifnet, inject that many, and stop
 *	      to accept them; the error of the write is the first one.  A read shows how
 *	      many have come so far
 *   policy   1: a transmit policy refuses each packet of UDP to port 7009 whose length
 *	      from the IP header on is odd; 0: there is none
 */
#include <linux/etherdevice.h>
#include <linux/if_ether.h>
#include <linux/inet.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/module.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/net_namespace.h>
#include <net/route.h>

#include "compat.h"
#include "words.h"

#define FROM_PORT	6001
#define TO_PORT		7009
#define GSO_SIZE	1000

/* The contents of all packets. */
#define FILLING		'd'

/**
 * struct letter - what to send
 * @from: source address
 * @to: destination address
 * @count: number of packets
 * @len: bytes of each, from the IP header on
 * @tso: number of the packet that is a GSO packet; 0 for none
 * @priority: skb->priority
 * @scattered: the data are in pages
 * @routed: with a route
 * @raw: with a link header
 * @mac: destination in the link header
 */
struct letter {
	struct sockaddr_storage from, to;
	unsigned int count, len, tso, priority;
	bool scattered, routed, raw;
	u8 mac[ETH_ALEN];
};

static bool is_inet(const struct letter *l)
{
	return l->to.ss_family == AF_INET;
}

static bool read_word(struct letter *l, const char *word)
{
	if (!strncmp(word, "mac=", 4)) {
		l->raw = true;
		return mac_pton(word + 4, l->mac);
	}
	if (!strcmp(word, "scattered"))
		return l->scattered = true;
	if (!strcmp(word, "routed"))
		return l->routed = true;
	return sscanf(word, "count=%u", &l->count) == 1 ||
	       sscanf(word, "len=%u", &l->len) == 1 ||
	       sscanf(word, "tso=%u", &l->tso) == 1 ||
	       sscanf(word, "priority=%u", &l->priority) == 1;
}

static bool read_address(struct sockaddr_storage *addr, const char *word)
{
	*addr = (struct sockaddr_storage){};
	return word && !inet_pton_with_scope(&init_net, AF_UNSPEC, word, NULL, addr);
}

static int read_letter(struct letter *l, char *words)
{
	char *word;

	*l = (struct letter){ .count = 1, .len = 100 };
	if (!read_address(&l->from, next_word(&words)) ||
	    !read_address(&l->to, next_word(&words)) ||
	    l->from.ss_family != l->to.ss_family)
		return -EINVAL;
	while ((word = next_word(&words)))
		if (!read_word(l, word))
			return -EINVAL;
	return 0;
}

/* False if there are too many, or there is no memory. */
static bool scatter(struct sk_buff *skb, unsigned int len)
{
	struct page *page;
	unsigned int n;

	for (; len; len -= n) {
		n = min_t(unsigned int, len, PAGE_SIZE);
		page = skb_shinfo(skb)->nr_frags < MAX_SKB_FRAGS ?
		       alloc_page(GFP_KERNEL) : NULL;
		if (!page)
			return false;
		memset(page_address(page), FILLING, n);
		skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page, 0, n,
				PAGE_SIZE);
	}
	return true;
}

/* A packet with room for @header bytes of headers, which are 0 so far. */
static struct sk_buff *new_packet(const struct letter *l, unsigned int header)
{
	unsigned int data = l->len - header, linear = l->scattered ? 0 : data;
	struct sk_buff *skb;

	skb = alloc_skb(LL_MAX_HEADER + header + linear, GFP_KERNEL);
	if (!skb)
		return NULL;
	skb_reserve(skb, LL_MAX_HEADER);
	skb_put_zero(skb, header);
	memset(skb_put(skb, linear), FILLING, linear);
	if (l->scattered && !scatter(skb, data)) {
		kfree_skb(skb);
		return NULL;
	}
	return skb;
}

/* Returns the sum of the pseudo header. */
static __sum16 put_inet(struct sk_buff *skb, const struct letter *l, u8 proto)
{
	const struct sockaddr_in *from = (const struct sockaddr_in *)&l->from;
	const struct sockaddr_in *to = (const struct sockaddr_in *)&l->to;
	struct iphdr *ip = ip_hdr(skb);

	ip->version = 4;
	ip->ihl = sizeof(*ip) / 4;
	ip->tot_len = htons(l->len);
	ip->ttl = 64;
	ip->protocol = proto;
	ip->saddr = from->sin_addr.s_addr;
	ip->daddr = to->sin_addr.s_addr;
	ip_send_check(ip);
	return csum_tcpudp_magic(ip->saddr, ip->daddr, l->len - sizeof(*ip),
				 proto, 0);
}

static __sum16 put_inet6(struct sk_buff *skb, const struct letter *l, u8 proto)
{
	const struct sockaddr_in6 *from = (const struct sockaddr_in6 *)&l->from;
	const struct sockaddr_in6 *to = (const struct sockaddr_in6 *)&l->to;
	struct ipv6hdr *ip6 = ipv6_hdr(skb);
	unsigned int len = l->len - sizeof(*ip6);

	ip6->version = 6;
	ip6->payload_len = htons(len);
	ip6->hop_limit = 64;
	ip6->nexthdr = proto;
	ip6->saddr = from->sin6_addr;
	ip6->daddr = to->sin6_addr;
	return csum_ipv6_magic(&ip6->saddr, &ip6->daddr, len, proto, 0);
}

/* The sender or receiver of the packet adds the sum of the data. */
static void put_udp(struct sk_buff *skb, unsigned int port, __sum16 pseudo)
{
	struct udphdr *udp = udp_hdr(skb);

	udp->source = htons(port);
	udp->dest = htons(TO_PORT);
	udp->len = htons(skb->len - skb_transport_offset(skb));
	udp->check = ~pseudo;
	skb->csum_offset = offsetof(struct udphdr, check);
}

static void put_tcp(struct sk_buff *skb, unsigned int port, __sum16 pseudo,
		    int gso_type)
{
	unsigned int data = skb->len - skb_transport_offset(skb) -
			    sizeof(struct tcphdr);
	struct tcphdr *tcp = tcp_hdr(skb);

	tcp->source = htons(port);
	tcp->dest = htons(TO_PORT);
	tcp->doff = sizeof(*tcp) / 4;
	tcp->ack = 1;
	tcp->check = ~pseudo;
	skb->csum_offset = offsetof(struct tcphdr, check);
	skb_shinfo(skb)->gso_type = gso_type;
	skb_shinfo(skb)->gso_size = GSO_SIZE;
	skb_shinfo(skb)->gso_segs = DIV_ROUND_UP(data, GSO_SIZE);
}

static void put_ether(struct sk_buff *skb, const struct letter *l,
		      const struct dlil_ifnet *ifp)
{
	struct ethhdr *eth = skb_push(skb, sizeof(*eth));

	ether_addr_copy(eth->h_dest, l->mac);
	ether_addr_copy(eth->h_source, dlil_ifnet_lladdr(ifp));
	eth->h_proto = htons(is_inet(l) ? ETH_P_IP : ETH_P_IPV6);
}

/* The route from the one address to the other, out of the ifnet's device. */
static struct dst_entry *find_route(const struct letter *l, struct net *net,
				    int ifindex)
{
	const struct sockaddr_in *from = (const struct sockaddr_in *)&l->from;
	const struct sockaddr_in *to = (const struct sockaddr_in *)&l->to;
	struct flowi4 fl = {
		.flowi4_oif = ifindex,
		.saddr = from->sin_addr.s_addr,
		.daddr = to->sin_addr.s_addr,
	};
	struct flowi6 fl6 = {
		.flowi6_oif = ifindex,
		.saddr = ((const struct sockaddr_in6 *)&l->from)->sin6_addr,
		.daddr = ((const struct sockaddr_in6 *)&l->to)->sin6_addr,
	};
	struct rtable *rt;

	if (!is_inet(l))
		return compat_ip6_route(net, &fl6);
	rt = ip_route_output_key(net, &fl);
	return IS_ERR(rt) ? ERR_CAST(rt) : &rt->dst;
}

static int set_route(struct sk_buff *skb, const struct letter *l, int ifindex)
{
	struct dst_entry *dst = find_route(l, current->nsproxy->net_ns, ifindex);

	if (IS_ERR(dst))
		return PTR_ERR(dst);
	skb_dst_set(skb, dst);
	return 0;
}

/* Packet number @i of the letter, counted from 1; NULL if it cannot be made. */
static struct sk_buff *write_packet(const struct letter *l,
				    const struct dlil_ifnet *ifp, unsigned int i)
{
	unsigned int ip = is_inet(l) ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	bool tso = i == l->tso;
	unsigned int l4 = tso ? sizeof(struct tcphdr) : sizeof(struct udphdr);
	u8 proto = tso ? IPPROTO_TCP : IPPROTO_UDP;
	struct sk_buff *skb;
	__sum16 pseudo;

	if (l->len < ip + l4 || l->len > IP_MAX_MTU)
		return NULL;
	skb = new_packet(l, ip + l4);
	if (!skb)
		return NULL;
	skb->priority = l->priority;
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, ip);
	pseudo = is_inet(l) ? put_inet(skb, l, proto) : put_inet6(skb, l, proto);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_transport_header(skb) - skb->head;
	if (tso)
		put_tcp(skb, FROM_PORT + i - 1, pseudo,
			is_inet(l) ? SKB_GSO_TCPV4 : SKB_GSO_TCPV6);
	else
		put_udp(skb, FROM_PORT + i - 1, pseudo);
	if (l->raw)
		put_ether(skb, l, ifp);
	return skb;
}

static int post(struct dlil_ifnet *ifp, const struct letter *l)
{
	struct sk_buff_head list;
	struct sk_buff *skb;
	unsigned int i;
	int err = 0;

	__skb_queue_head_init(&list);
	for (i = 1; i <= l->count && !err; i++) {
		skb = write_packet(l, ifp, i);
		if (skb)
			__skb_queue_tail(&list, skb);
		else
			err = -ENOMEM;
		if (!err && l->routed)
			err = set_route(skb, l, dlil_ifnet_index(ifp));
	}
	if (err) {
		__skb_queue_purge(&list);
		return err;
	}
	return dlil_output(ifp, l->to.ss_family, &list,
			   l->raw ? NULL : (const struct sockaddr *)&l->to,
			   l->raw ? DLIL_OUTPUT_RAW : 0);
}

static int set_send(const char *val, const struct kernel_param *kp)
{
	char buf[WORDS_MAX], *words;
	struct dlil_ifnet *ifp = ifnet_of(val, buf, &words);
	struct letter l;
	int err;

	if (IS_ERR(ifp))
		return PTR_ERR(ifp);
	err = read_letter(&l, words);
	if (!err)
		err = post(ifp, &l);
	dlil_ifnet_put(ifp);
	return err;
}

static const struct kernel_param_ops send_ops = {
	.set = set_send,
};
module_param_cb(send, &send_ops, NULL, 0200);

/* Attributes */

static const struct {
	const char *name;
	u32 attr;
} attr_names[] = {
	{ "linear", DLIL_ATTR_LINEAR },
	{ "tso4", DLIL_ATTR_TSO4 },
	{ "tso6", DLIL_ATTR_TSO6 },
};

static u32 attr_of(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(attr_names); i++)
		if (!strcmp(attr_names[i].name, name))
			return attr_names[i].attr;
	return 0;
}

static int set_attrs(const char *val, const struct kernel_param *kp)
{
	char buf[WORDS_MAX], *words, *word;
	struct dlil_ifnet *ifp = ifnet_of(val, buf, &words);
	u32 attrs = 0, mask = 0;
	int err;

	if (IS_ERR(ifp))
		return PTR_ERR(ifp);
	while ((word = next_word(&words))) {
		mask |= attr_of(word + 1);
		if (*word == '+')
			attrs |= attr_of(word + 1);
	}
	err = mask ? dlil_ifnet_set_attrs(ifp, attrs, mask) : -EINVAL;
	dlil_ifnet_put(ifp);
	return err;
}

static const struct kernel_param_ops attrs_ops = {
	.set = set_attrs,
};
module_param_cb(attrs, &attrs_ops, NULL, 0200);

/* The tap */

static atomic_t tapped = ATOMIC_INIT(0);
static atomic_t tapped_scattered = ATOMIC_INIT(0);
static struct dlil_ifnet *tap_ifp;

static void tap_packet(void *cookie, struct dlil_ifnet *ifp,
		       enum dlil_tap_mode way, const struct sk_buff *skb)
{
	atomic_inc(&tapped);
	if (skb_is_nonlinear(skb))
		atomic_inc(&tapped_scattered);
}

static const struct dlil_tap tap = {
	.owner = THIS_MODULE,
	.packet = tap_packet,
};

static void end_tap(void)
{
	if (!tap_ifp)
		return;
	dlil_set_tap(tap_ifp, DLIL_TAP_OFF, &tap);
	dlil_ifnet_put(tap_ifp);
	tap_ifp = NULL;
}

static int set_tap(const char *val, const struct kernel_param *kp)
{
	char buf[WORDS_MAX], *words;
	struct dlil_ifnet *ifp = ifnet_of(val, buf, &words);
	int err;

	end_tap();
	if (IS_ERR(ifp))
		return *strim(buf) ? PTR_ERR(ifp) : 0;
	atomic_set(&tapped, 0);
	atomic_set(&tapped_scattered, 0);
	err = dlil_set_tap(ifp, DLIL_TAP_OUTPUT, &tap);
	if (err)
		dlil_ifnet_put(ifp);
	else
		tap_ifp = ifp;
	return err;
}

static int get_tap(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%d %d\n", atomic_read(&tapped),
			  atomic_read(&tapped_scattered));
}

static const struct kernel_param_ops tap_ops = {
	.set = set_tap,
	.get = get_tap,
};
module_param_cb(tap, &tap_ops, NULL, 0600);

/* A driver that takes lists */

static atomic_t lists = ATOMIC_INIT(0);
static atomic_t listed = ATOMIC_INIT(0);
static atomic_t listed_scattered = ATOMIC_INIT(0);
static struct net_device *list_dev;
static struct dlil_ifnet *list_ifp;

static int list_output(struct dlil_ifnet *ifp, struct sk_buff_head *list)
{
	struct sk_buff *skb;

	atomic_inc(&lists);
	while ((skb = __skb_dequeue(list))) {
		atomic_inc(&listed);
		if (skb_is_nonlinear(skb))
			atomic_inc(&listed_scattered);
		skb->dev = list_dev;
		skb_reset_mac_header(skb);
		skb->protocol = eth_hdr(skb)->h_proto;
		dev_queue_xmit(skb);
	}
	return 0;
}

/* A driver must have this one, too. */
static int single_output(struct dlil_ifnet *ifp, struct sk_buff *skb)
{
	kfree_skb(skb);
	return -EOPNOTSUPP;
}

static const struct dlil_driver_ops list_driver = {
	.owner = THIS_MODULE,
	.output = single_output,
	.output_list = list_output,
};

static void end_lists(void)
{
	if (!list_ifp)
		return;
	dlil_ifnet_detach(list_ifp);
	dlil_ifnet_wait_detached(list_ifp);
	dlil_ifnet_release(list_ifp);
	dev_put(list_dev);
	list_ifp = NULL;
}

static int begin_lists(struct net *net, struct net_device *dev)
{
	const struct dlil_ifnet_params params = {
		.driver = &list_driver,
		.family = &dlil_ether_family_ops,
		.net = net,
		.name = "list0",
		.addr_len = ETH_ALEN,
		.broadcast = dev->broadcast,
	};
	struct dlil_ifnet *ifp;
	int err;

	err = dlil_ifnet_acquire(DLIL_IFNET_ETHERNET, "list0", 5, &ifp);
	if (err)
		return err;
	err = dlil_ifnet_init(ifp, &params);
	if (!err) {
		list_dev = dev;
		err = dlil_ifnet_attach(ifp, dev->dev_addr, dev->addr_len);
	}
	if (err)
		dlil_ifnet_release(ifp);
	else
		list_ifp = ifp;
	return err;
}

static int set_lists(const char *val, const struct kernel_param *kp)
{
	struct net *net = current->nsproxy->net_ns;
	char name[IFNAMSIZ + 1];
	struct net_device *dev;
	int err;

	if (strscpy(name, val, sizeof(name)) < 0)
		return -EINVAL;
	end_lists();
	if (!*strim(name))
		return 0;
	dev = dev_get_by_name(net, strim(name));
	if (!dev)
		return -ENODEV;
	err = begin_lists(net, dev);
	if (err)
		dev_put(dev);
	return err;
}

static int get_lists(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%d %d %d\n", atomic_read(&lists),
			  atomic_read(&listed), atomic_read(&listed_scattered));
}

static const struct kernel_param_ops lists_ops = {
	.set = set_lists,
	.get = get_lists,
};
module_param_cb(lists, &lists_ops, NULL, 0600);

/* Packets without an ifnet */

#define INJECT_FAMILY	(DLIL_PF_PRIVATE + 7009)

static atomic_t injected = ATOMIC_INIT(0);

static int inject_input(void *cookie, u32 family, struct sk_buff *skb)
{
	atomic_inc(&injected);
	consume_skb(skb);
	return 0;
}

static int inject_packets(unsigned int n)
{
	struct sk_buff_head list;
	struct sk_buff *skb;

	__skb_queue_head_init(&list);
	while (n--) {
		skb = alloc_skb(100, GFP_KERNEL);
		if (!skb) {
			__skb_queue_purge(&list);
			return -ENOMEM;
		}
		skb_put_zero(skb, 100);
		__skb_queue_tail(&list, skb);
	}
	return dlil_proto_inject(INJECT_FAMILY, &list);
}

static int set_inject(const char *val, const struct kernel_param *kp)
{
	static const struct dlil_input_params params = {
		.input = inject_input,
	};
	unsigned int n;
	int err;

	err = kstrtouint(val, 10, &n);
	if (!err)
		err = dlil_proto_register_input(INJECT_FAMILY, &params);
	if (err)
		return err;
	err = inject_packets(n);
	/* Waits for them. */
	return dlil_proto_unregister_input(INJECT_FAMILY) ?: err;
}

static int get_inject(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%d\n", atomic_read(&injected));
}

static const struct kernel_param_ops inject_ops = {
	.set = set_inject,
	.get = get_inject,
};
module_param_cb(inject, &inject_ops, NULL, 0600);

/* The transmit policy */

static bool has_policy;

/* The IP header of a packet of the host is behind a link header. */
static unsigned int network_len(const struct sk_buff *skb)
{
	return skb->len - skb_network_offset(skb);
}

static bool is_mail(const struct sk_buff *skb)
{
	struct udphdr buf;
	const struct udphdr *udp;

	if (!skb_transport_header_was_set(skb))
		return false;
	udp = skb_header_pointer(skb, skb_transport_offset(skb), sizeof(buf), &buf);
	return udp && udp->dest == htons(TO_PORT);
}

static int policy_check(void *cookie, struct dlil_ifnet *ifp, u32 family, int type,
			const struct sk_buff *skb)
{
	return type == SOCK_DGRAM && is_mail(skb) && network_len(skb) % 2 ? -EACCES : 0;
}

static const struct dlil_output_policy policy = {
	.check = policy_check,
};

static int set_policy(const char *val, const struct kernel_param *kp)
{
	bool had = has_policy;
	int err = param_set_bool(val, kp);

	if (!err && had != has_policy)
		err = dlil_output_set_policy(has_policy ? &policy : NULL);
	if (err)
		has_policy = had;
	return err;
}

static const struct kernel_param_ops policy_ops = {
	.set = set_policy,
	.get = param_get_bool,
};
module_param_cb(policy, &policy_ops, &has_policy, 0600);

static int __init mailer_init(void)
{
	return 0;
}

/* A tap and an attached ifnet pin the module. */
static void __exit mailer_exit(void)
{
	if (has_policy)
		dlil_output_set_policy(NULL);
}

module_init(mailer_init);
module_exit(mailer_exit);

MODULE_DESCRIPTION("Sends packets through DLIL");
MODULE_LICENSE("GPL");
