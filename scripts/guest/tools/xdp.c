// SPDX-License-Identifier: GPL-2.0
/*
 * Runs a command while an XDP program that passes or drops all packets is
 * attached to a device, in generic mode:
 *
 *	xdp pass|drop DEV COMMAND [ARG...]
 *
 * The program is attached as long as its link, whose descriptor the command
 * inherits.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "xdp: %s: %s\n", what, strerror(errno));
	exit(255);
}

static int bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static int load(int verdict)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = verdict },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_XDP,
		.insns = (uintptr_t)insns,
		.insn_cnt = 2,
		.license = (uintptr_t)"GPL",
	};
	int fd = bpf(BPF_PROG_LOAD, &attr);

	if (fd < 0)
		die("load");
	return fd;
}

static int attach(int prog, unsigned int ifindex)
{
	union bpf_attr attr = {
		.link_create = {
			.prog_fd = prog,
			.target_ifindex = ifindex,
			.attach_type = BPF_XDP,
			.flags = XDP_FLAGS_SKB_MODE,
		},
	};
	int fd = bpf(BPF_LINK_CREATE, &attr);

	if (fd < 0)
		die("attach");
	return fd;
}

int main(int argc, char **argv)
{
	unsigned int ifindex;
	int verdict;

	if (argc < 4) {
		fputs("usage: xdp pass|drop DEV COMMAND [ARG...]\n", stderr);
		return 255;
	}
	verdict = strcmp(argv[1], "drop") ? XDP_PASS : XDP_DROP;
	ifindex = if_nametoindex(argv[2]);
	if (!ifindex)
		die(argv[2]);
	/* The descriptor has close-on-exec set, so duplicate it. */
	if (dup(attach(load(verdict), ifindex)) < 0)
		die("dup");
	execvp(argv[3], argv + 3);
	die(argv[3]);
	return 255;
}
