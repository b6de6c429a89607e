// SPDX-License-Identifier: GPL-2.0
/*
 * A packet socket:
 *
 *	pkt DEV PROTOCOL		print what it gets, a line of hex per packet
 *	pkt send DEV PROTOCOL HEX [N]	send one frame as it is, or N times
 *
 * PROTOCOL is the socket's, in hex: it need not be that of the frame.  Once it
 * listens it prints `ready`.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/if_packet.h>

static unsigned char buf[65536];

static void die(const char *what)
{
	fprintf(stderr, "pkt: %s: %s\n", what, strerror(errno));
	exit(1);
}

static size_t parse(const char *hex)
{
	unsigned int byte;
	size_t n;

	for (n = 0; sscanf(hex, "%2x", &byte) == 1; hex += 2)
		buf[n++] = byte;
	return n;
}

static void print_packet(ssize_t len)
{
	ssize_t i;

	for (i = 0; i < len && i < 64; i++)
		printf("%02x", buf[i]);
	putchar('\n');
}

int main(int argc, char **argv)
{
	struct sockaddr_ll addr = { .sll_family = AF_PACKET };
	int sending = argc >= 5 && argc <= 6 && !strcmp(argv[1], "send");
	unsigned long n;
	ssize_t len;
	int fd;

	if (!sending && argc != 3) {
		fputs("usage: pkt [send] DEV PROTOCOL [HEX [N]]\n", stderr);
		return 2;
	}
	argv += sending;
	addr.sll_ifindex = if_nametoindex(argv[1]);
	addr.sll_protocol = htons(strtoul(argv[2], NULL, 16));
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd < 0 || !addr.sll_ifindex)
		die(argv[1]);
	if (sending) {
		len = parse(argv[3]);
		n = argc == 6 ? strtoul(argv[4], NULL, 10) : 1;
		while (n--)
			if (sendto(fd, buf, len, 0, (struct sockaddr *)&addr,
				   sizeof(addr)) != len)
				die("send");
		return 0;
	}
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		die("bind");
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("ready");
	while ((len = recv(fd, buf, sizeof(buf), 0)) >= 0)
		print_packet(len);
	die("recv");
	return 1;
}
