// SPDX-License-Identifier: GPL-2.0
/*
 * Runs a command while an XDP program that passes or drops all packets is
 * attached to a device, in generic mode:
 *
 *	xdp pass|drop|count DEV COMMAND [ARG...]
 *
 * The program is attached as long as its link, whose descriptor the command
 * inherits.  With `count` it passes all packets, and the number of IPv4 packets of ICMP
 * among them is printed when the command has ended.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
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

#define INSN(code, dst, src, off, imm) \
	{ (code), (dst), (src), (off), (imm) }

static int load(const struct bpf_insn *insns, size_t n)
{
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_XDP,
		.insns = (uintptr_t)insns,
		.insn_cnt = n,
		.license = (uintptr_t)"GPL",
	};
	int fd = bpf(BPF_PROG_LOAD, &attr);

	if (fd < 0)
		die("load");
	return fd;
}

static int load_verdict(int verdict)
{
	const struct bpf_insn insns[] = {
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, verdict),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};

	return load(insns, sizeof(insns) / sizeof(*insns));
}

/* An array of one counter. */
static int make_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(uint32_t),
		.value_size = sizeof(uint64_t),
		.max_entries = 1,
	};
	int fd = bpf(BPF_MAP_CREATE, &attr);

	if (fd < 0)
		die("map");
	return fd;
}

static uint64_t read_map(int map)
{
	uint32_t key = 0;
	uint64_t value;
	union bpf_attr attr = {
		.map_fd = map,
		.key = (uintptr_t)&key,
		.value = (uintptr_t)&value,
	};

	if (bpf(BPF_MAP_LOOKUP_ELEM, &attr))
		die("look-up");
	return value;
}

static int load_counter(int map)
{
	const struct bpf_insn insns[] = {
		/* The packet begins at r2 and ends at r3; 24 bytes of it. */
		INSN(BPF_LDX | BPF_MEM | BPF_W, 2, 1, 0, 0),
		INSN(BPF_LDX | BPF_MEM | BPF_W, 3, 1, 4, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_X, 4, 2, 0, 0),
		INSN(BPF_ALU64 | BPF_ADD | BPF_K, 4, 0, 0, 24),
		INSN(BPF_JMP | BPF_JGT | BPF_X, 4, 3, 13, 0),
		INSN(BPF_LDX | BPF_MEM | BPF_H, 5, 2, 12, 0),
		INSN(BPF_JMP | BPF_JNE | BPF_K, 5, 0, 11, htons(ETH_P_IP)),
		INSN(BPF_LDX | BPF_MEM | BPF_B, 5, 2, 23, 0),
		INSN(BPF_JMP | BPF_JNE | BPF_K, 5, 0, 9, IPPROTO_ICMP),
		/* The counter at r0. */
		INSN(BPF_ST | BPF_MEM | BPF_W, 10, 0, -4, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_X, 2, 10, 0, 0),
		INSN(BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, -4),
		INSN(BPF_LD | BPF_IMM | BPF_DW, 1, BPF_PSEUDO_MAP_FD, 0, map),
		INSN(0, 0, 0, 0, 0),
		INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem),
		INSN(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, 1, 0, 0, 1),
		INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 0, 1, 0, BPF_ADD),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, XDP_PASS),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};

	return load(insns, sizeof(insns) / sizeof(*insns));
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

/* Returns the exit status of the command. */
static int run_counted(unsigned int ifindex, char **command)
{
	int map = make_map(), link, status;
	pid_t pid;

	link = attach(load_counter(map), ifindex);
	pid = fork();
	if (!pid) {
		execvp(command[0], command);
		die(command[0]);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("fork");
	printf("%llu\n", (unsigned long long)read_map(map));
	close(link);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

int main(int argc, char **argv)
{
	unsigned int ifindex;
	int verdict;

	if (argc < 4) {
		fputs("usage: xdp pass|drop|count DEV COMMAND [ARG...]\n", stderr);
		return 255;
	}
	verdict = strcmp(argv[1], "drop") ? XDP_PASS : XDP_DROP;
	ifindex = if_nametoindex(argv[2]);
	if (!ifindex)
		die(argv[2]);
	if (!strcmp(argv[1], "count"))
		return run_counted(ifindex, argv + 3);
	/* The descriptor has close-on-exec set, so duplicate it. */
	if (dup(attach(load_verdict(verdict), ifindex)) < 0)
		die("dup");
	execvp(argv[3], argv + 3);
	die(argv[3]);
	return 255;
}
