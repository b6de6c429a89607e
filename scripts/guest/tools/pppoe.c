// SPDX-License-Identifier: GPL-2.0
/*
 * One end of a PPP link over Ethernet, without negotiation:
 *
 *	pppoe DEV MAC SESSION
 *
 * Creates a PPP device whose packets go through DEV to MAC, in the session with
 * that number.  The device exists until this program ends.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_ether.h>
#include <linux/if_pppox.h>
#include <linux/ppp-ioctl.h>

static void die(const char *what)
{
	fprintf(stderr, "pppoe: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void call(int fd, unsigned long request, int *arg, const char *what)
{
	if (ioctl(fd, request, arg))
		die(what);
}

static int open_ppp(void)
{
	int fd = open("/dev/ppp", O_RDWR);

	if (fd < 0)
		die("/dev/ppp");
	return fd;
}

static int session(const char *dev, const char *mac, const char *number)
{
	struct pppoe_addr addr = { .sid = htons(atoi(number)) };
	struct sockaddr_pppox to = {
		.sa_family = AF_PPPOX,
		.sa_protocol = PX_PROTO_OE,
	};
	unsigned char *m = addr.remote;
	struct sockaddr_storage ss;
	int fd;

	snprintf(addr.dev, sizeof(addr.dev), "%s", dev);
	if (sscanf(mac, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", m, m + 1, m + 2, m + 3,
		   m + 4, m + 5) != ETH_ALEN) {
		errno = EINVAL;
		die(mac);
	}
	to.sa_addr.pppoe = addr;
	memcpy(&ss, &to, sizeof(to));
	fd = socket(AF_PPPOX, SOCK_STREAM, PX_PROTO_OE);
	if (fd < 0 || connect(fd, (struct sockaddr *)&ss, sizeof(to)))
		die(dev);
	return fd;
}

int main(int argc, char **argv)
{
	int channel, unit, fd, number, any = -1;

	if (argc != 4) {
		fprintf(stderr, "usage: pppoe DEV MAC SESSION\n");
		return 2;
	}
	fd = session(argv[1], argv[2], argv[3]);
	call(fd, PPPIOCGCHAN, &number, "PPPIOCGCHAN");
	channel = open_ppp();
	call(channel, PPPIOCATTCHAN, &number, "PPPIOCATTCHAN");
	unit = open_ppp();
	call(unit, PPPIOCNEWUNIT, &any, "PPPIOCNEWUNIT");
	call(channel, PPPIOCCONNECT, &any, "PPPIOCCONNECT");
	for (;;)
		pause();
}
