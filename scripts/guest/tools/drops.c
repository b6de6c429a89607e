// SPDX-License-Identifier: GPL-2.0
/*
 * Reads the kernel's drop monitor (drop_monitor, the netlink family NET_DM) as dropwatch
 * does, until it is ended:
 *
 *	drops
 *
 * Prints `ready`, and then a line for each packet that is dropped: the reason, the bytes
 * of the packet, its first 14 bytes in hex, and the function that dropped it.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/net_dropmon.h>
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

static void ask(struct mnl_socket *nl, struct nlmsghdr *nlh, mnl_cb_t cb, void *data)
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
		if (ret < 0)
			die("the kernel");
	} while (ret > MNL_CB_STOP);
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

int main(void)
{
	struct mnl_socket *nl = mnl_socket_open(NETLINK_GENERIC);
	struct family family = { };
	char buf[SIZE];
	struct nlmsghdr *nlh;
	int ret;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID))
		die("netlink");
	nlh = start(buf, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, "NET_DM");
	ask(nl, nlh, note_family, &family);
	nlh = start(buf, family.id, NET_DM_CMD_CONFIG);
	mnl_attr_put_u8(nlh, NET_DM_ATTR_ALERT_MODE, NET_DM_ALERT_MODE_PACKET);
	ask(nl, nlh, NULL, NULL);
	if (mnl_socket_setsockopt(nl, NETLINK_ADD_MEMBERSHIP, &family.group,
				  sizeof(family.group)) < 0)
		die("group");
	nlh = start(buf, family.id, NET_DM_CMD_START);
	mnl_attr_put(nlh, NET_DM_ATTR_SW_DROPS, 0, NULL);
	ask(nl, nlh, NULL, NULL);
	puts("ready");
	for (;;) {
		ret = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (ret < 0)
			die("receive");
		mnl_cb_run(buf, ret, 0, 0, print_drop, NULL);
	}
}
