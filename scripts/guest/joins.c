// SPDX-License-Identifier: GPL-2.0
/*
 * joins DEV COUNT: join so many groups of IPv6 on a device, as any user may, say
 * so, and stay in them until standard input ends.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct ipv6_mreq mreq = {
		.ipv6mr_multiaddr.s6_addr = { 0xff, 0x02, [8] = 0x77 },
	};
	int fd = -1, count, i;
	char c;

	if (argc != 3)
		return 2;
	mreq.ipv6mr_interface = if_nametoindex(argv[1]);
	count = atoi(argv[2]);
	for (i = 0; i < count; i++) {
		mreq.ipv6mr_multiaddr.s6_addr[14] = i >> 8;
		mreq.ipv6mr_multiaddr.s6_addr[15] = i;
		/* A socket has room for some hundred. */
		if (fd >= 0 && !setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP,
					   &mreq, sizeof(mreq)))
			continue;
		fd = socket(AF_INET6, SOCK_DGRAM, 0);
		if (fd < 0 || setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP,
					 &mreq, sizeof(mreq))) {
			perror("joins");
			return 1;
		}
	}
	printf("joined %d\n", count);
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	return 0;
}
