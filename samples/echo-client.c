// SPDX-License-Identifier: GPL-2.0
/*
 * Asks dlil_sample for echoes and checks the answers.
 *
 *	echo-client DEV MAC COUNT
 *
 * Exit status: 0 when all COUNT answers came, 1 when one did not come in time
 * or came back changed, 2 for wrong arguments.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "dlil_sample.h"

#define TIMEOUT_MS	5000
#define PAYLOAD		100	/* more than Ethernet's least, so not padding */

struct frame {
	struct ether_header eth;
	struct sample_hdr hdr;
	unsigned char payload[PAYLOAD];
} __attribute__((packed));

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static int open_socket(unsigned int ifindex)
{
	struct sockaddr_ll sll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(SAMPLE_ETHERTYPE),
		.sll_ifindex = ifindex,
	};
	int fd;

	/* Protocol 0 takes nothing in until bind() names device and protocol. */
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&sll, sizeof(sll))) {
		close(fd);
		return -1;
	}
	return fd;
}

static int get_mac(int fd, unsigned char *mac)
{
	struct sockaddr_ll sll;
	socklen_t len = sizeof(sll);

	if (getsockname(fd, (struct sockaddr *)&sll, &len))
		return -1;
	memcpy(mac, sll.sll_addr, ETH_ALEN);
	return 0;
}

/* Is @reply what @request must bring? */
static int matches(const struct frame *request, const struct frame *reply,
		   ssize_t len)
{
	struct sample_hdr hdr = request->hdr;

	hdr.op = SAMPLE_REPLY;
	return len >= (ssize_t)sizeof(*reply) &&
	       !memcmp(reply->eth.ether_shost, request->eth.ether_dhost,
		       ETH_ALEN) &&
	       !memcmp(reply->eth.ether_dhost, request->eth.ether_shost,
		       ETH_ALEN) &&
	       !memcmp(&reply->hdr, &hdr, sizeof(hdr)) &&
	       !memcmp(reply->payload, request->payload, PAYLOAD);
}

/* 1 with the answer, 0 when the time is over, -1 with errno. */
static int wait_reply(int fd, const struct frame *request)
{
	long long left, deadline = now_ms() + TIMEOUT_MS;
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	struct frame reply;
	ssize_t len;

	while ((left = deadline - now_ms()) > 0) {
		if (poll(&pfd, 1, left) < 0)
			return -1;
		if (!pfd.revents)
			continue;
		len = recv(fd, &reply, sizeof(reply), 0);
		if (len < 0)
			return -1;
		if (matches(request, &reply, len))
			return 1;
	}
	return 0;
}

static int echo(int fd, struct frame *request, unsigned int seq)
{
	request->hdr.seq = htonl(seq);
	memset(request->payload, seq, PAYLOAD);
	if (send(fd, request, sizeof(*request), 0) != sizeof(*request))
		return -1;
	return wait_reply(fd, request);
}

int main(int argc, char **argv)
{
	struct frame request = {
		.eth.ether_type = htons(SAMPLE_ETHERTYPE),
		.hdr.magic = htonl(SAMPLE_MAGIC),
		.hdr.op = SAMPLE_REQUEST,
		.hdr.len = htons(PAYLOAD),
	};
	const struct ether_addr *mac;
	unsigned long seq, count;
	char *end;
	int fd, ret;

	if (argc != 4)
		goto usage;
	mac = ether_aton(argv[2]);
	count = strtoul(argv[3], &end, 10);
	if (!mac || *end || !count)
		goto usage;
	memcpy(request.eth.ether_dhost, mac, ETH_ALEN);

	if (!if_nametoindex(argv[1])) {
		perror(argv[1]);
		return 1;
	}
	fd = open_socket(if_nametoindex(argv[1]));
	if (fd < 0 || get_mac(fd, request.eth.ether_shost)) {
		perror("packet socket");
		return 1;
	}
	for (seq = 0; seq < count; seq++) {
		ret = echo(fd, &request, seq);
		if (ret < 0) {
			perror(argv[1]);
			return 1;
		}
		if (!ret) {
			printf("%lu of %lu echoes came back, none for %d s\n",
			       seq, count, TIMEOUT_MS / 1000);
			return 1;
		}
	}
	printf("%lu of %lu echoes came back\n", seq, count);
	return 0;
usage:
	fprintf(stderr, "usage: echo-client DEV MAC COUNT\n");
	return 2;
}
