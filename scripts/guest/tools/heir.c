// SPDX-License-Identifier: GPL-2.0
/*
 * heir: begins a trace of dropped packets, and closes its socket when standard input ends,
 * unread, while another process waits for the port id of that socket.  It fails if the
 * other one gets a message of the trace, or does not get the port id.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include <linux/dlil.h>

static struct {
	struct nlmsghdr nlh;
	struct genlmsghdr genl;
	struct nlattr attr;
	char name[GENL_NAMSIZ];
} msg;

static _Alignas(struct nlmsghdr) char buf[4096];

static int ask(int fd, unsigned short type, unsigned char cmd, int flags)
{
	msg.nlh.nlmsg_type = type;
	msg.nlh.nlmsg_flags = NLM_F_REQUEST | flags;
	msg.genl.cmd = cmd;
	msg.genl.version = 1;
	return send(fd, &msg, msg.nlh.nlmsg_len, 0) < 0 ||
	       recv(fd, buf, sizeof(buf), 0) < 0;
}

/* Asks the controller for the number of the family; returns 0 if there is none. */
static unsigned short find_family(int fd)
{
	struct nlmsghdr *nlh = (void *)buf;
	struct nlattr *attr = (void *)(buf + NLMSG_LENGTH(GENL_HDRLEN));

	msg.attr.nla_type = CTRL_ATTR_FAMILY_NAME;
	msg.attr.nla_len = NLA_HDRLEN + sizeof(DLIL_GENL_NAME);
	strcpy(msg.name, DLIL_GENL_NAME);
	msg.nlh.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN) + NLA_ALIGN(msg.attr.nla_len);
	if (ask(fd, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0))
		return 0;
	for (; (char *)attr < buf + nlh->nlmsg_len;
	     attr = (void *)((char *)attr + NLA_ALIGN(attr->nla_len)))
		if (attr->nla_type == CTRL_ATTR_FAMILY_ID)
			return *(unsigned short *)(attr + 1);
	return 0;
}

static int begin_trace(int fd)
{
	unsigned short family = find_family(fd);

	msg.nlh.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	if (!family || ask(fd, family, DLIL_CMD_TRACE_START, NLM_F_ACK))
		return -1;
	return ((struct nlmsghdr *)buf)->nlmsg_type == NLMSG_ERROR ?
	       *(int *)NLMSG_DATA((struct nlmsghdr *)buf) : -1;
}

/*
 * Takes over the port id as soon as it is free.  Writes to @waiting when it has found that it
 * is not; @closed ends when the close has returned.
 */
static int inherit(struct sockaddr_nl *addr, int waiting, int closed)
{
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	char byte;

	if (!bind(fd, (struct sockaddr *)addr, sizeof(*addr)) ||
	    write(waiting, "", 1) != 1)
		return 2;
	while (bind(fd, (struct sockaddr *)addr, sizeof(*addr)))
		if (errno != EADDRINUSE)
			return 2;
	if (read(closed, &byte, 1))
		return 2;
	/* Whatever the trace had for its socket, it has sent by now. */
	return recv(fd, buf, sizeof(buf), MSG_DONTWAIT) >= 0 || errno != EAGAIN;
}

int main(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	int waiting[2], closed[2], status;
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(addr);
	char byte;
	pid_t pid;

	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, len) ||
	    getsockname(fd, (struct sockaddr *)&addr, &len) || begin_trace(fd) ||
	    pipe(waiting) || pipe(closed))
		return 2;
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	pid = fork();
	if (!pid) {
		close(fd);
		close(closed[1]);
		_exit(inherit(&addr, waiting[1], closed[0]));
	}
	close(waiting[1]);
	if (pid < 0 || read(waiting[0], &byte, 1) != 1)
		return 2;
	close(fd);
	close(closed[1]);
	if (waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return 2;
	return WEXITSTATUS(status);
}
