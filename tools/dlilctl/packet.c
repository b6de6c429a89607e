// SPDX-License-Identifier: GPL-2.0
/* A packet in one line, from its first bytes. */
#include <stdarg.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/icmp6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <net/ethernet.h>
#include <net/if_arp.h>

#include "dlilctl.h"

/**
 * struct line - the line in the making
 * @text: where it goes
 * @size: room for it, NUL included
 * @len: its length so far
 */
struct line {
	char *text;
	size_t size;
	size_t len;
};

static void add(struct line *line, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void add(struct line *line, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line->text + line->len, line->size - line->len, fmt, ap);
	va_end(ap);
	line->len += n;
	if (line->len >= line->size)
		line->len = line->size - 1;
}

/* Bytes of the packet that are left. */
struct rest {
	const uint8_t *at;
	size_t n;
};

/* Takes a header of @size bytes, or returns false if it is not all there. */
static bool take(struct rest *rest, void *header, size_t size)
{
	if (rest->n < size)
		return false;
	memcpy(header, rest->at, size);
	rest->at += size;
	rest->n -= size;
	return true;
}

static void skip(struct rest *rest, size_t size)
{
	if (size > rest->n)
		size = rest->n;
	rest->at += size;
	rest->n -= size;
}

static void add_mac(struct line *line, const uint8_t *mac)
{
	add(line, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
	    mac[3], mac[4], mac[5]);
}

/**
 * struct ends - the addresses of an IP packet
 * @family: AF_INET or AF_INET6
 * @source: address of the sender
 * @target: that of the receiver
 */
struct ends {
	int family;
	struct in6_addr source;
	struct in6_addr target;
};

static void add_end(struct line *line, int family, const void *addr, int port)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(family, addr, text, sizeof(text));
	if (port < 0)
		add(line, "%s", text);
	else
		add(line, family == AF_INET ? "%s:%d" : "[%s]:%d", text, port);
}

#define NO_PORT (-1)

static void add_ends(struct line *line, const struct ends *ends, int from, int to)
{
	add_end(line, ends->family, &ends->source, from);
	add(line, " > ");
	add_end(line, ends->family, &ends->target, to);
}

static void add_tcp(struct line *line, const struct ends *ends, struct rest *rest)
{
	static const struct {
		uint8_t bit;
		const char *name;
	} flags[] = {
		{ TH_SYN, "SYN" }, { TH_FIN, "FIN" }, { TH_RST, "RST" },
		{ TH_PUSH, "PSH" }, { TH_ACK, "ACK" },
	};
	const char *separator = " ";
	struct tcphdr tcp;
	size_t i;

	if (!take(rest, &tcp, sizeof(tcp))) {
		add_ends(line, ends, NO_PORT, NO_PORT);
		add(line, " TCP");
		return;
	}
	add_ends(line, ends, ntohs(tcp.th_sport), ntohs(tcp.th_dport));
	add(line, " TCP");
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		if (!(tcp.th_flags & flags[i].bit))
			continue;
		add(line, "%s%s", separator, flags[i].name);
		separator = ",";
	}
}

static void add_udp(struct line *line, const struct ends *ends, struct rest *rest)
{
	struct udphdr udp;

	if (take(rest, &udp, sizeof(udp)))
		add_ends(line, ends, ntohs(udp.uh_sport), ntohs(udp.uh_dport));
	else
		add_ends(line, ends, NO_PORT, NO_PORT);
	add(line, " UDP");
}

static const char *icmp_name(int family, uint8_t type)
{
	static const struct {
		int family;
		uint8_t type;
		const char *name;
	} names[] = {
		{ AF_INET, ICMP_ECHO, "echo request" },
		{ AF_INET, ICMP_ECHOREPLY, "echo reply" },
		{ AF_INET, ICMP_DEST_UNREACH, "unreachable" },
		{ AF_INET, ICMP_TIME_EXCEEDED, "time exceeded" },
		{ AF_INET6, ICMP6_ECHO_REQUEST, "echo request" },
		{ AF_INET6, ICMP6_ECHO_REPLY, "echo reply" },
		{ AF_INET6, ICMP6_DST_UNREACH, "unreachable" },
		{ AF_INET6, ICMP6_PACKET_TOO_BIG, "too big" },
		{ AF_INET6, ICMP6_TIME_EXCEEDED, "time exceeded" },
		{ AF_INET6, 133, "router solicitation" },
		{ AF_INET6, 134, "router advertisement" },
		{ AF_INET6, 135, "neighbour solicitation" },
		{ AF_INET6, 136, "neighbour advertisement" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].family == family && names[i].type == type)
			return names[i].name;
	return NULL;
}

static void add_icmp(struct line *line, const struct ends *ends, struct rest *rest)
{
	const char *name;
	uint8_t type;

	add_ends(line, ends, NO_PORT, NO_PORT);
	add(line, ends->family == AF_INET ? " ICMP" : " ICMPv6");
	if (!take(rest, &type, sizeof(type)))
		return;
	name = icmp_name(ends->family, type);
	if (name)
		add(line, " %s", name);
	else
		add(line, " type %u", type);
}

/* @offset: of a fragment, in bytes. */
static void add_ip_payload(struct line *line, const struct ends *ends,
			   uint8_t proto, unsigned int offset, struct rest *rest)
{
	if (offset) {
		add_ends(line, ends, NO_PORT, NO_PORT);
		add(line, " protocol %u, fragment at %u", proto, offset);
		return;
	}
	switch (proto) {
	case IPPROTO_TCP:
		add_tcp(line, ends, rest);
		break;
	case IPPROTO_UDP:
		add_udp(line, ends, rest);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		add_icmp(line, ends, rest);
		break;
	default:
		add_ends(line, ends, NO_PORT, NO_PORT);
		add(line, " protocol %u", proto);
	}
}

static bool add_ip4(struct line *line, struct rest *rest)
{
	struct ends ends = { .family = AF_INET };
	struct iphdr ip;

	if (!take(rest, &ip, sizeof(ip)))
		return false;
	memcpy(&ends.source, &ip.saddr, sizeof(ip.saddr));
	memcpy(&ends.target, &ip.daddr, sizeof(ip.daddr));
	if (ip.ihl > 5)
		skip(rest, 4 * (ip.ihl - 5));
	add_ip_payload(line, &ends, ip.protocol,
		       8 * (ntohs(ip.frag_off) & IP_OFFMASK), rest);
	return true;
}

static bool add_ip6(struct line *line, struct rest *rest)
{
	struct ends ends = { .family = AF_INET6 };
	unsigned int offset = 0;
	struct ip6_frag frag;
	struct ip6_hdr ip6;
	uint8_t next;

	if (!take(rest, &ip6, sizeof(ip6)))
		return false;
	ends.source = ip6.ip6_src;
	ends.target = ip6.ip6_dst;
	next = ip6.ip6_nxt;
	/* Each of these headers has at least 8 bytes, so this comes to an end. */
	while (!offset && (next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING ||
			   next == IPPROTO_DSTOPTS || next == IPPROTO_FRAGMENT) &&
	       take(rest, &frag, sizeof(frag))) {
		if (next == IPPROTO_FRAGMENT)
			offset = ntohs(frag.ip6f_offlg & IP6F_OFF_MASK);
		else
			skip(rest, 8 * frag.ip6f_reserved);
		next = frag.ip6f_nxt;
	}
	add_ip_payload(line, &ends, next, offset, rest);
	return true;
}

static bool add_arp(struct line *line, struct rest *rest)
{
	struct {
		struct arphdr head;
		uint8_t from[6], from_ip[4], to[6], to_ip[4];
	} __attribute__((packed)) arp;

	if (!take(rest, &arp, sizeof(arp)) || arp.head.ar_hln != 6 ||
	    arp.head.ar_pln != 4)
		return false;
	switch (ntohs(arp.head.ar_op)) {
	case ARPOP_REQUEST:
		add(line, "ARP who has ");
		add_end(line, AF_INET, arp.to_ip, NO_PORT);
		add(line, ", tell ");
		add_end(line, AF_INET, arp.from_ip, NO_PORT);
		return true;
	case ARPOP_REPLY:
		add(line, "ARP ");
		add_end(line, AF_INET, arp.from_ip, NO_PORT);
		add(line, " is at ");
		add_mac(line, arp.from);
		return true;
	}
	return false;
}

/* Adds what is behind the EtherType; false if nothing is known of it. */
static bool add_type(struct line *line, uint16_t type, struct rest *rest)
{
	switch (type) {
	case ETHERTYPE_IP:
		return add_ip4(line, rest);
	case ETHERTYPE_IPV6:
		return add_ip6(line, rest);
	case ETHERTYPE_ARP:
		return add_arp(line, rest);
	}
	return false;
}

static bool is_tag(uint16_t type)
{
	return type == ETHERTYPE_VLAN || type == 0x88a8;
}

/**
 * summarize() - describe a packet in a few words
 * @packet: the packet
 * @text: where the words go
 * @size: room for them
 */
void summarize(const struct packet *packet, char *text, size_t size)
{
	struct line line = { .text = text, .size = size };
	struct rest rest = { .at = packet->bytes, .n = packet->n };
	uint16_t type = packet->type, tag[2];
	struct ether_header eth;
	bool framed;

	*text = 0;
	framed = packet->ethernet && take(&rest, &eth, sizeof(eth));
	if (framed)
		type = ntohs(eth.ether_type);
	while (is_tag(type) && take(&rest, tag, sizeof(tag))) {
		add(&line, "vlan %u ", ntohs(tag[0]) & 0xfff);
		type = ntohs(tag[1]);
	}
	if (packet->ethernet && !framed) {
		add(&line, "too short");
		return;
	}
	if (add_type(&line, type, &rest))
		return;
	if (framed) {
		add_mac(&line, eth.ether_shost);
		add(&line, " > ");
		add_mac(&line, eth.ether_dhost);
		add(&line, " ");
	}
	if (type < 1536)
		add(&line, "LLC");
	else
		add(&line, "type 0x%04x", type);
}
