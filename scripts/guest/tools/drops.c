// SPDX-License-Identifier: GPL-2.0
/*
 * Reads the kernel's drop monitor (drop_monitor, the netlink family NET_DM) as dropwatch
 * does, until it is ended:
 *
 *	drops
 *
 * Prints `ready`, and then a line for each packet that is dropped: the reason, the bytes
 * of the packet, its first 14 bytes in hex, and the function that dropped it.  SIGTERM or
 * SIGINT stops the monitor and ends the program.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/net_dropmon.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE	65536
#define HEAD	14

static void die(const char *what)
{
	fprintf(stderr, "drops: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct nlmsghdr *start(void *buf, uint16_t type, uint8_t cmd)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	nlh->nlmsg_seq = 1;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	return nlh;
}

static bool is_granted(struct mnl_socket *nl, struct nlmsghdr *nlh, mnl_cb_t cb,
		       void *data)
{
	char buf[SIZE];
	int ret;

	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		die("send");
	do {
		ret = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (ret < 0)
			die("receive");
		ret = mnl_cb_run(buf, ret, 1, mnl_socket_get_portid(nl), cb, data);
	} while (ret > MNL_CB_STOP);
	return ret == MNL_CB_STOP;
}

static void ask(struct mnl_socket *nl, struct nlmsghdr *nlh, mnl_cb_t cb, void *data)
{
	if (!is_granted(nl, nlh, cb, data))
		die("the kernel");
}

/* A killed program would leave the monitor on, and then nobody could configure it. */
static bool stop(struct mnl_socket *nl, uint16_t family)
{
	char buf[SIZE];
	struct nlmsghdr *nlh = start(buf, family, NET_DM_CMD_STOP);

	mnl_attr_put(nlh, NET_DM_ATTR_SW_DROPS, 0, NULL);
	return is_granted(nl, nlh, NULL, NULL);
}

static void note_end(int signal)
{
	(void)signal;
}

/* From here on, these signals come while the program waits, and only then. */
static void hold_signals(sigset_t *others)
{
	struct sigaction action = { .sa_handler = note_end };
	sigset_t held;

	sigemptyset(&held);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGINT);
	sigaction(SIGTERM, &action, NULL);
	/* A shell starts commands in the background with this one ignored. */
	sigaction(SIGINT, &action, NULL);
	sigprocmask(SIG_BLOCK, &held, others);
	sigdelset(others, SIGTERM);
	sigdelset(others, SIGINT);
}

struct family {
	uint16_t id;
	uint32_t group;
};

/* A family has one group. */
static void note_groups(const struct nlattr *groups, struct family *family)
{
	const struct nlattr *group, *attr;

	mnl_attr_for_each_nested(group, groups) {
		mnl_attr_for_each_nested(attr, group) {
			if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_ID)
				family->group = mnl_attr_get_u32(attr);
		}
	}
}

static int note_family(const struct nlmsghdr *nlh, void *data)
{
	struct family *family = data;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
			family->id = mnl_attr_get_u16(attr);
		else if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GROUPS)
			note_groups(attr, family);
	}
	return MNL_CB_OK;
}

static int print_drop(const struct nlmsghdr *nlh, void *data)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const char *reason = "-", *symbol = "-";
	const uint8_t *head = NULL;
	const struct nlattr *attr;
	unsigned int i, n = 0, len = 0;

	(void)data;
	if (genl->cmd != NET_DM_CMD_PACKET_ALERT)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(*genl)) {
		switch (mnl_attr_get_type(attr)) {
		case NET_DM_ATTR_REASON:
			reason = mnl_attr_get_str(attr);
			break;
		case NET_DM_ATTR_SYMBOL:
			symbol = mnl_attr_get_str(attr);
			break;
		case NET_DM_ATTR_ORIG_LEN:
			len = mnl_attr_get_u32(attr);
			break;
		case NET_DM_ATTR_PAYLOAD:
			head = mnl_attr_get_payload(attr);
			n = mnl_attr_get_payload_len(attr);
			break;
		}
	}
	printf("%s %u ", reason, len);
	for (i = 0; i < n && i < HEAD; i++)
		printf("%02x", head[i]);
	printf(" %s\n", symbol);
	return MNL_CB_OK;
}

static void print_drops(struct mnl_socket *nl, const sigset_t *signals)
{
	struct pollfd pfd = { .fd = mnl_socket_get_fd(nl), .events = POLLIN };
	char buf[SIZE];
	int ret;

	puts("ready");
	while (ppoll(&pfd, 1, NULL, signals) > 0) {
		ret = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (ret < 0)
			die("receive");
		mnl_cb_run(buf, ret, 0, 0, print_drop, NULL);
	}
	if (errno != EINTR)
		die("wait");
}

int main(void)
{
	struct mnl_socket *nl = mnl_socket_open(NETLINK_GENERIC);
	/* Drops are told between a request and its answer, so they need a socket. */
	struct mnl_socket *events = mnl_socket_open(NETLINK_GENERIC);
	struct family family = { };
	struct nlmsghdr *nlh;
	sigset_t signals;
	char buf[SIZE];

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) ||
	    !events || mnl_socket_bind(events, 0, MNL_SOCKET_AUTOPID))
		die("netlink");
	nlh = start(buf, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, "NET_DM");
	ask(nl, nlh, note_family, &family);
	hold_signals(&signals);
	stop(nl, family.id);
	nlh = start(buf, family.id, NET_DM_CMD_CONFIG);
	mnl_attr_put_u8(nlh, NET_DM_ATTR_ALERT_MODE, NET_DM_ALERT_MODE_PACKET);
	ask(nl, nlh, NULL, NULL);
	if (mnl_socket_setsockopt(events, NETLINK_ADD_MEMBERSHIP, &family.group,
				  sizeof(family.group)) < 0)
		die("group");
	nlh = start(buf, family.id, NET_DM_CMD_START);
	mnl_attr_put(nlh, NET_DM_ATTR_SW_DROPS, 0, NULL);
	ask(nl, nlh, NULL, NULL);
	print_drops(events, &signals);
	if (!stop(nl, family.id))
		die("stop");
	return 0;
}
