// SPDX-License-Identifier: GPL-2.0
/*
 * The wire of the tests: two network namespaces joined by a pair of veth devices,
 * with addresses, up.
 *
 *	wire add NAME DEV INDEX MAC ADDRESS/LENGTH... -- NAME DEV INDEX MAC ...
 *	wire del NAME...	what devices are left there, then the namespaces
 *
 * As `ip netns` and `ip link` do it, but all at once: to start ip eight times is a
 * large part of what a test costs on an emulated processor.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NETNS_DIR "/run/netns"
#define OPER_UP 6	/* IF_OPER_UP of linux/if.h, which net/if.h excludes */
#define SIZE 32768	/* length of a message: a device tells much of itself */

/* One end of the wire. */
struct end {
	const char *ns, *dev;
	unsigned int index;
	unsigned char mac[6];
	char **addr;			/* up to the next NULL */
	int fd;				/* the namespace */
	struct mnl_socket *ask, *watch;
};

static void die(const char *what)
{
	fprintf(stderr, "wire: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct mnl_socket *open_socket(unsigned int groups)
{
	const struct timeval limit = { .tv_sec = 20 };
	struct mnl_socket *nl = mnl_socket_open(NETLINK_ROUTE);

	if (!nl || mnl_socket_bind(nl, groups, MNL_SOCKET_AUTOPID) ||
	    setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_RCVTIMEO, &limit,
		       sizeof(limit)))
		die("netlink");
	return nl;
}

/* A message with room for @len zeroed bytes of its family. */
static struct nlmsghdr *start(void *buf, int type, int flags, size_t len)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = 1;
	mnl_nlmsg_put_extra_header(nlh, len);
	return nlh;
}

/* True on success; @cb gets each message before the last one. */
static bool talk(struct mnl_socket *nl, struct nlmsghdr *nlh, mnl_cb_t cb,
		 void *data)
{
	static char buf[SIZE];
	int ret;

	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		return false;
	do {
		ret = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (ret < 0)
			return false;
		ret = mnl_cb_run(buf, ret, nlh->nlmsg_seq,
				 mnl_socket_get_portid(nl), cb, data);
	} while (ret > MNL_CB_STOP);
	return ret == MNL_CB_STOP;
}

/* Mounts of namespaces there must be visible, and unmounted, everywhere. */
static void share_dir(void)
{
	if (mkdir(NETNS_DIR, 0755) && errno != EEXIST)
		die(NETNS_DIR);
	if (!mount("", NETNS_DIR, "none", MS_SHARED | MS_REC, NULL))
		return;
	if (errno != EINVAL ||
	    mount(NETNS_DIR, NETNS_DIR, "none", MS_BIND | MS_REC, NULL) ||
	    mount("", NETNS_DIR, "none", MS_SHARED | MS_REC, NULL))
		die(NETNS_DIR);
}

static char *path_of(const char *ns)
{
	static char path[4096];

	snprintf(path, sizeof(path), NETNS_DIR "/%s", ns);
	return path;
}

/* Create a namespace, and enter it. */
static void make_ns(struct end *end)
{
	const char *path = path_of(end->ns);
	int fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);

	if (fd < 0 || unshare(CLONE_NEWNET) ||
	    mount("/proc/self/ns/net", path, "none", MS_BIND, NULL))
		die(path);
	close(fd);
	end->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (end->fd < 0)
		die(path);
	end->ask = open_socket(0);
	end->watch = open_socket(RTMGRP_LINK);
}

static void describe(struct nlmsghdr *nlh, const struct end *end)
{
	mnl_attr_put_strz(nlh, IFLA_IFNAME, end->dev);
	mnl_attr_put(nlh, IFLA_ADDRESS, sizeof(end->mac), end->mac);
}

static void join(const struct end *a, const struct end *b)
{
	char buf[1024];
	struct nlmsghdr *nlh = start(buf, RTM_NEWLINK,
				     NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
				     sizeof(struct ifinfomsg));
	struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	struct nlattr *info, *data, *peer;

	ifi->ifi_index = a->index;
	describe(nlh, a);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(nlh, VETH_INFO_PEER);
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_index = b->index;
	describe(nlh, b);
	mnl_attr_put_u32(nlh, IFLA_NET_NS_FD, b->fd);
	mnl_attr_nest_end(nlh, peer);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	if (!talk(a->ask, nlh, NULL, NULL))
		die(a->dev);
}

static void set_up(const struct end *end, unsigned int index)
{
	char buf[256];
	struct nlmsghdr *nlh = start(buf, RTM_NEWLINK, NLM_F_ACK,
				     sizeof(struct ifinfomsg));
	struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);

	ifi->ifi_index = index;
	ifi->ifi_flags = IFF_UP;
	ifi->ifi_change = IFF_UP;
	if (!talk(end->ask, nlh, NULL, NULL))
		die("up");
}

static void add_address(const struct end *end, const char *text)
{
	char buf[256], name[INET6_ADDRSTRLEN];
	unsigned char addr[16];
	struct nlmsghdr *nlh = start(buf, RTM_NEWADDR,
				     NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
				     sizeof(struct ifaddrmsg));
	struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	size_t len = strcspn(text, "/");
	bool v6 = strchr(text, ':');

	errno = EINVAL;
	snprintf(name, sizeof(name), "%.*s", (int)len, text);
	if (text[len] != '/' || inet_pton(v6 ? AF_INET6 : AF_INET, name,
					  addr) != 1)
		die(text);
	ifa->ifa_family = v6 ? AF_INET6 : AF_INET;
	ifa->ifa_prefixlen = atoi(text + len + 1);
	ifa->ifa_index = end->index;
	mnl_attr_put(nlh, IFA_LOCAL, v6 ? 16 : 4, addr);
	mnl_attr_put(nlh, IFA_ADDRESS, v6 ? 16 : 4, addr);
	if (v6)
		mnl_attr_put_u32(nlh, IFA_FLAGS, IFA_F_NODAD);
	if (!talk(end->ask, nlh, NULL, NULL))
		die(text);
}

static int is_up(const struct nlmsghdr *nlh, void *data)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	const struct end *end = data;
	const struct nlattr *attr;

	if (nlh->nlmsg_type != RTM_NEWLINK ||
	    (unsigned int)ifi->ifi_index != end->index)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(*ifi)) {
		if (mnl_attr_get_type(attr) == IFLA_OPERSTATE &&
		    mnl_attr_get_u8(attr) == OPER_UP)
			return MNL_CB_STOP;
	}
	return MNL_CB_OK;
}

/* Until the kernel has noticed that the link is there, a device drops what it is to
 * send.
 */
static void wait_until_up(struct end *end)
{
	static char buf[SIZE];
	int ret;

	do {
		ret = mnl_socket_recvfrom(end->watch, buf, sizeof(buf));
		if (ret < 0)
			die(end->dev);
		ret = mnl_cb_run(buf, ret, 0, 0, is_up, end);
	} while (ret != MNL_CB_STOP);
}

static bool parse_end(struct end *end, char **argv)
{
	unsigned char *mac = end->mac;
	int i;

	for (i = 0; i < 4; i++) {
		if (!argv[i])
			return false;
	}
	end->ns = argv[0];
	end->dev = argv[1];
	end->index = strtoul(argv[2], NULL, 10);
	end->addr = argv + 4;
	return end->index &&
	       sscanf(argv[3], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", mac, mac + 1,
		      mac + 2, mac + 3, mac + 4, mac + 5) == 6;
}

static void add(struct end ends[2])
{
	int i;

	share_dir();
	make_ns(&ends[0]);
	make_ns(&ends[1]);
	join(&ends[0], &ends[1]);
	for (i = 0; i < 2; i++) {
		set_up(&ends[i], 1);
		for (; *ends[i].addr; ends[i].addr++)
			add_address(&ends[i], *ends[i].addr);
		set_up(&ends[i], ends[i].index);
	}
	wait_until_up(&ends[0]);
	wait_until_up(&ends[1]);
}

/* The devices of a namespace, without lo and the tunnel that sit creates. */
struct devices {
	unsigned int n, index[4096];
	char name[4096][IF_NAMESIZE];
};

static int note_device(const struct nlmsghdr *nlh, void *data)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	struct devices *all = data;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(*ifi)) {
		const char *name = mnl_attr_get_payload(attr);

		if (mnl_attr_get_type(attr) != IFLA_IFNAME)
			continue;
		if (!strcmp(name, "lo") || !strcmp(name, "sit0") ||
		    all->n == 4096)
			continue;
		all->index[all->n] = ifi->ifi_index;
		snprintf(all->name[all->n++], IF_NAMESIZE, "%s", name);
	}
	return MNL_CB_OK;
}

/* Repeat if devices came or went meanwhile. */
static void list(struct devices *all)
{
	char buf[256];
	struct nlmsghdr *nlh = start(buf, RTM_GETLINK, NLM_F_DUMP,
				     sizeof(struct ifinfomsg));
	bool done;

	mnl_attr_put_u32(nlh, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	do {
		struct mnl_socket *nl = open_socket(0);

		all->n = 0;
		done = talk(nl, nlh, note_device, all);
		if (!done && errno != EINTR)
			die("list");
		mnl_socket_close(nl);
	} while (!done);
}

/* Deleted here, not with its namespace, a device is gone when the kernel answers:
 * that waits for the last reference.  One may go with another.
 */
static bool delete_devices(const char *ns)
{
	struct mnl_socket *nl = open_socket(0);
	static struct devices all;
	unsigned int i;

	list(&all);
	for (i = 0; i < all.n; i++) {
		char buf[256];
		struct nlmsghdr *nlh = start(buf, RTM_DELLINK, NLM_F_ACK,
					     sizeof(struct ifinfomsg));
		struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);

		ifi->ifi_index = all.index[i];
		talk(nl, nlh, NULL, NULL);
	}
	mnl_socket_close(nl);
	if (!all.n)
		return true;
	list(&all);
	for (i = 0; i < all.n; i++)
		fprintf(stderr, "wire: cannot be deleted from %s: %s\n", ns,
			all.name[i]);
	return !all.n;
}

/* Remove the name even if its namespace is incomplete. */
static bool del(const char *ns)
{
	const char *path = path_of(ns);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool done = false;

	if (fd < 0 || setns(fd, CLONE_NEWNET))
		perror(path);
	else
		done = delete_devices(ns);
	if (fd >= 0)
		close(fd);
	umount2(path, MNT_DETACH);
	if (unlink(path)) {
		perror(path);
		done = false;
	}
	return done;
}

int main(int argc, char **argv)
{
	struct end ends[2] = { };
	bool done = true;
	int i;

	if (argc > 2 && !strcmp(argv[1], "del")) {
		for (i = 2; i < argc; i++)
			done = del(argv[i]) && done;
		return done ? 0 : 1;
	}
	for (i = 2; i < argc && strcmp(argv[i], "--"); i++)
		;
	if (i < argc)
		argv[i] = NULL;
	if (i >= argc || strcmp(argv[1], "add") ||
	    !parse_end(&ends[0], argv + 2) || !parse_end(&ends[1], argv + i + 1)) {
		fprintf(stderr, "usage: wire add NAME DEV INDEX MAC ADDRESS/LENGTH... -- NAME ...\n"
				"       wire del NAME...\n");
		return 2;
	}
	add(ends);
	return 0;
}
