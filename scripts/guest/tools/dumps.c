// SPDX-License-Identifier: GPL-2.0
/*
 * dumps COMMAND [DEV]: reads the list of ifnets, or one ifnet, in the smallest
 * parts that the kernel makes, and runs a shell command after the first part.
 * Prints the numbers of parts, ifnets and different filters, whether a filter
 * came twice, and whether the kernel has flagged the dump as inconsistent.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include <linux/dlil.h>

#define MAX_FILTERS 1024
#define NAME_MAX_LEN 64

static struct {
	struct nlmsghdr nlh;
	struct genlmsghdr genl;
	char attrs[256];
} msg;

static _Alignas(struct nlmsghdr) char buf[4096];
static char names[MAX_FILTERS][NAME_MAX_LEN];
static unsigned int n_names, ifnets, twice, flagged, error;

static void put_str(unsigned short type, const char *text)
{
	struct nlattr *attr = (void *)((char *)&msg + msg.nlh.nlmsg_len);

	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + strlen(text) + 1;
	strcpy((char *)(attr + 1), text);
	msg.nlh.nlmsg_len += NLA_ALIGN(attr->nla_len);
}

static int ask(int fd, unsigned short type, unsigned char cmd, int flags)
{
	msg.nlh.nlmsg_type = type;
	msg.nlh.nlmsg_flags = NLM_F_REQUEST | flags;
	msg.genl.cmd = cmd;
	msg.genl.version = 1;
	return send(fd, &msg, msg.nlh.nlmsg_len, 0) < 0;
}

static struct nlattr *next_of(struct nlattr *attr)
{
	return (void *)((char *)attr + NLA_ALIGN(attr->nla_len));
}

static void note(const char *name)
{
	unsigned int i;

	for (i = 0; i < n_names; i++)
		if (!strcmp(names[i], name)) {
			twice++;
			return;
		}
	strncpy(names[n_names++], name, NAME_MAX_LEN - 1);
}

static void note_filter(struct nlattr *nest)
{
	struct nlattr *attr = nest + 1, *end = next_of(nest);

	for (; attr < end; attr = next_of(attr))
		if (attr->nla_type == DLIL_A_FILTER_NAME && n_names < MAX_FILTERS)
			note((char *)(attr + 1));
}

/* The family's number in an answer of the controller. */
static unsigned short family_of(struct nlmsghdr *nlh)
{
	struct nlattr *attr = (void *)((char *)NLMSG_DATA(nlh) + GENL_HDRLEN);
	char *end = (char *)nlh + nlh->nlmsg_len;

	for (; (char *)attr < end; attr = next_of(attr))
		if (attr->nla_type == CTRL_ATTR_FAMILY_ID)
			return *(unsigned short *)(attr + 1);
	return 0;
}

/* True at the end of the dump. */
static int take(struct nlmsghdr *nlh, int len)
{
	struct nlattr *attr;
	char *end;

	for (; NLMSG_OK(nlh, len); nlh = NLMSG_NEXT(nlh, len)) {
		flagged |= !!(nlh->nlmsg_flags & NLM_F_DUMP_INTR);
		if (nlh->nlmsg_type == NLMSG_ERROR)
			error = -*(int *)NLMSG_DATA(nlh);
		if (nlh->nlmsg_type == NLMSG_DONE ||
		    nlh->nlmsg_type == NLMSG_ERROR)
			return 1;
		attr = (void *)((char *)NLMSG_DATA(nlh) + GENL_HDRLEN);
		end = (char *)nlh + nlh->nlmsg_len;
		for (; (char *)attr < end; attr = next_of(attr)) {
			ifnets += attr->nla_type == DLIL_A_IFNAME;
			if ((attr->nla_type & NLA_TYPE_MASK) == DLIL_A_FILTER)
				note_filter(attr);
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC), parts = 0, len;
	unsigned short family;

	if (argc < 2 || fd < 0)
		return 2;
	msg.nlh.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	put_str(CTRL_ATTR_FAMILY_NAME, DLIL_GENL_NAME);
	if (ask(fd, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0) ||
	    recv(fd, buf, sizeof(buf), 0) < 0)
		return 2;
	family = family_of((void *)buf);
	msg.nlh.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	if (argc > 2)
		put_str(DLIL_A_IFNAME, argv[2]);
	if (ask(fd, family, DLIL_CMD_IFNET_GET, NLM_F_DUMP))
		return 2;
	do {
		len = recv(fd, buf, sizeof(buf), 0);
		if (len < 0)
			return 2;
		if (++parts == 1 && system(argv[1]))
			return 2;
	} while (!take((void *)buf, len));
	printf("ifnets %u filters %u twice %u flagged %u error %u parts %s\n",
	       ifnets, n_names, twice, flagged, error,
	       parts < 3 ? "few" : "many");
	return 0;
}
