// SPDX-License-Identifier: GPL-2.0
/*
 * Sends broadcast frames of EtherType 0x88b5 that bypass the qdisc of a device:
 *
 *	bypass DEV COUNT
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>

int main(int argc, char **argv)
{
	unsigned char frame[64] = { [12] = 0x88, [13] = 0xb5 };
	struct sockaddr_ll to = { .sll_family = AF_PACKET };
	int fd, one = 1, n;

	if (argc != 3) {
		fprintf(stderr, "usage: bypass DEV COUNT\n");
		return 2;
	}
	memset(frame, 0xff, ETH_ALEN);
	to.sll_ifindex = if_nametoindex(argv[1]);
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd < 0 || !to.sll_ifindex ||
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one,
		       sizeof(one))) {
		perror("bypass");
		return 1;
	}
	for (n = atoi(argv[2]); n > 0; n--)
		/* The sender gets an error for a packet that a filter drops. */
		sendto(fd, frame, sizeof(frame), 0, (void *)&to, sizeof(to));
	return 0;
}
