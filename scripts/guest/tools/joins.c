// SPDX-License-Identifier: GPL-2.0
/*
 * joins DEV COUNT: joins that many IPv6 groups on a device, as any user may,
 * prints a message, and stays in them until the end of standard input.
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
		/* A socket can join some hundred groups. */
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
