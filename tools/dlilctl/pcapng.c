// SPDX-License-Identifier: GPL-2.0
/*
 * Files of packets in the format pcapng, which Wireshark and tcpdump read: a section
 * header, and for each packet a block, before the first of an interface one for that.
 */
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <net/ethernet.h>

#include "dlilctl.h"

enum { BLOCK_INTERFACE = 1, BLOCK_PACKET = 6, BLOCK_SECTION = 0x0a0d0d0a };

enum {
	OPTION_END = 0,
	OPTION_COMMENT = 1,
	OPTION_IF_NAME = 2,
	OPTION_PACKET_FLAGS = 2,
	OPTION_IF_TSRESOL = 9,
};

enum { LINK_ETHERNET = 1, LINK_RAW = 101, LINK_COOKED = 113 };

/* Length of the header that stands for a link header, with LINK_COOKED. */
#define COOKED_LEN 16

/**
 * struct interface - an interface block of the file; their number is their place
 * @ifindex: index of the device
 * @link: LINK_*
 * @name: name of the device
 */
struct interface {
	uint32_t ifindex;
	uint16_t link;
	char name[DEV_MAX_LEN + 1];
};

static struct interface *interfaces;
static uint32_t n_interfaces;

/* The block in the making: longer than any that is made here. */
static uint8_t block[4096];
static size_t block_len;

static void put(const void *data, size_t len)
{
	memcpy(block + block_len, data, len);
	block_len += len;
	while (block_len % 4)
		block[block_len++] = 0;
}

static void put_u32(uint32_t value)
{
	put(&value, sizeof(value));
}

/* Two numbers of 16 bits, in the byte order of this machine, as all. */
static void put_pair(uint16_t a, uint16_t b)
{
	const uint16_t pair[] = { a, b };

	put(pair, sizeof(pair));
}

static void put_option(uint16_t code, const void *data, uint16_t len)
{
	put_pair(code, len);
	put(data, len);
}

static void begin(uint32_t type)
{
	block_len = 0;
	put_u32(type);
	put_u32(0);
}

/* The length is at both ends of a block. */
static void end(FILE *f)
{
	uint32_t len = block_len + sizeof(len);

	put_u32(len);
	memcpy(block + sizeof(uint32_t), &len, sizeof(len));
	fwrite(block, 1, block_len, f);
}

void pcapng_begin(FILE *f)
{
	n_interfaces = 0;
	begin(BLOCK_SECTION);
	put_u32(0x1a2b3c4d);
	put_pair(1, 0);
	/* The length of the section is not known. */
	put_u32(UINT32_MAX);
	put_u32(UINT32_MAX);
	end(f);
}

/* Returns the number of the interface, which the file has afterwards. */
static uint32_t interface_of(FILE *f, const struct packet *packet, uint16_t link)
{
	struct interface *i;
	uint32_t number;

	for (number = 0; number < n_interfaces; number++) {
		i = &interfaces[number];
		if (i->ifindex == packet->ifindex && i->link == link &&
		    !strcmp(i->name, packet->ifname))
			return number;
	}
	i = realloc(interfaces, (n_interfaces + 1) * sizeof(*i));
	if (!i)
		need(NULL);
	interfaces = i;
	i += n_interfaces++;
	i->ifindex = packet->ifindex;
	i->link = link;
	snprintf(i->name, sizeof(i->name), "%s", packet->ifname);
	begin(BLOCK_INTERFACE);
	put_pair(link, 0);
	put_u32(0);
	put_option(OPTION_IF_NAME, i->name, strlen(i->name));
	/* Times are in units of 10^-9 s. */
	put_option(OPTION_IF_TSRESOL, "\x09", 1);
	put_pair(OPTION_END, 0);
	end(f);
	return number;
}

static uint16_t link_of(const struct packet *packet)
{
	/* A packet that is gone begins in no way; most would begin like that. */
	if (packet->ethernet || !packet->n)
		return LINK_ETHERNET;
	return packet->type == ETHERTYPE_IP || packet->type == ETHERTYPE_IPV6 ?
	       LINK_RAW : LINK_COOKED;
}

/* Only the direction and the protocol are known of the link. */
static void cook(uint8_t *header, const struct packet *packet)
{
	const uint16_t fields[] = {
		htons(packet->out ? 4 : 0), htons(0xffff), htons(0)
	};
	uint16_t type = htons(packet->type);

	memset(header, 0, COOKED_LEN);
	memcpy(header, fields, sizeof(fields));
	memcpy(header + COOKED_LEN - sizeof(type), &type, sizeof(type));
}

void pcapng_packet(FILE *f, const struct packet *packet, const char *comment)
{
	uint16_t link = link_of(packet);
	size_t extra = link == LINK_COOKED ? COOKED_LEN : 0;
	uint32_t number = interface_of(f, packet, link);
	uint8_t data[COOKED_LEN + PACKET_BYTES];
	uint32_t flags = packet->out ? 2 : 1;

	if (extra)
		cook(data, packet);
	memcpy(data + extra, packet->bytes, packet->n);
	begin(BLOCK_PACKET);
	put_u32(number);
	put_u32(packet->time >> 32);
	put_u32(packet->time);
	put_u32(extra + packet->n);
	put_u32(extra + packet->len);
	put(data, extra + packet->n);
	put_option(OPTION_COMMENT, comment, strlen(comment));
	put_option(OPTION_PACKET_FLAGS, &flags, sizeof(flags));
	put_pair(OPTION_END, 0);
	end(f);
}
