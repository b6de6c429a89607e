// SPDX-License-Identifier: GPL-2.0
/*
 * Compiles a tcpdump expression to the classic BPF program that the kernel
 * runs.
 *
 * It must be the program that tcpdump uses on a device.  A handle of
 * pcap_open_dead() leads to a program that differs in one respect: `vlan` looks
 * for the tag in the data only, but it is usually beside the data. libpcap
 * compiles for both places if the handle is that of any device.  So an
 * expression with `vlan` is compiled for lo.  If lo cannot be opened, for
 * instance because it is down, the lo of a temporary network namespace is used.
 */
#define _GNU_SOURCE
#include <assert.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/bpf_common.h>
#include <linux/filter.h>

#include "dlilctl.h"

/* As long as any packet: the kernel only distinguishes 0 and other values. */
#define SNAPLEN 262144

/* The program of libpcap is sent unchanged. */
#define SAME_MEMBER(a, b) \
	(offsetof(struct bpf_insn, a) == offsetof(struct sock_filter, b) && \
	 sizeof(((struct bpf_insn *)0)->a) == \
	 sizeof(((struct sock_filter *)0)->b))
static_assert(sizeof(struct bpf_insn) == sizeof(struct sock_filter) &&
	      SAME_MEMBER(code, code) && SAME_MEMBER(jt, jt) &&
	      SAME_MEMBER(jf, jf) && SAME_MEMBER(k, k),
	      "libpcap and the kernel differ on what an instruction is");

static_assert(sizeof(PCAP_SONAME) > 1, "libpcap.so was not found");

/*
 * libpcap is loaded only when there is an expression to compile.  It depends on
 * thirty libraries, for kinds of devices that are not used here, and loading
 * them takes longer than everything else that dlilctl does.
 */
static struct {
	typeof(&pcap_open_dead) open_dead;
	typeof(&pcap_create) create;
	typeof(&pcap_set_snaplen) set_snaplen;
	typeof(&pcap_set_buffer_size) set_buffer_size;
	typeof(&pcap_activate) activate;
	typeof(&pcap_compile) compile;
	typeof(&pcap_geterr) geterr;
	typeof(&pcap_statustostr) statustostr;
	typeof(&pcap_close) close;
	typeof(&pcap_freecode) freecode;
} lib;

/* In the global scope, so that a test can replace some of it. */
static bool load_pcap(void)
{
	if (dlopen(PCAP_SONAME, RTLD_NOW | RTLD_GLOBAL)) {
		lib.open_dead = dlsym(RTLD_DEFAULT, "pcap_open_dead");
		lib.create = dlsym(RTLD_DEFAULT, "pcap_create");
		lib.set_snaplen = dlsym(RTLD_DEFAULT, "pcap_set_snaplen");
		lib.set_buffer_size = dlsym(RTLD_DEFAULT,
					    "pcap_set_buffer_size");
		lib.activate = dlsym(RTLD_DEFAULT, "pcap_activate");
		lib.compile = dlsym(RTLD_DEFAULT, "pcap_compile");
		lib.geterr = dlsym(RTLD_DEFAULT, "pcap_geterr");
		lib.statustostr = dlsym(RTLD_DEFAULT, "pcap_statustostr");
		lib.close = dlsym(RTLD_DEFAULT, "pcap_close");
		lib.freecode = dlsym(RTLD_DEFAULT, "pcap_freecode");
		if (lib.open_dead && lib.create && lib.set_snaplen &&
		    lib.set_buffer_size && lib.activate && lib.compile &&
		    lib.geterr && lib.statustostr && lib.close && lib.freecode)
			return true;
	}
	complain("Error", "expressions need libpcap: %s", dlerror());
	return false;
}

/* Open lo.  If that fails, return NULL and set *@why to the reason. */
static pcap_t *open_lo(const char **why)
{
	static char errors[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = lib.create("lo", errors);
	int err;

	*why = errors;
	if (!pcap)
		return NULL;
	lib.set_snaplen(pcap, SNAPLEN);
	/* Nothing is read, so use the smallest buffer that libpcap allows. */
	lib.set_buffer_size(pcap, 4096);
	err = lib.activate(pcap);
	if (err >= 0)
		return pcap;
	*why = lib.statustostr(err);
	lib.close(pcap);
	return NULL;
}

static bool set_lo_up(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool up = fd >= 0 && !ioctl(fd, SIOCSIFFLAGS, &ifr);

	if (fd >= 0)
		close(fd);
	return up;
}

/* The same in a new network namespace, which exists as long as the handle. */
static pcap_t *open_private_lo(const char **why)
{
	int netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	pcap_t *pcap = NULL;

	if (netns < 0)
		return NULL;
	if (!unshare(CLONE_NEWNET)) {
		if (set_lo_up())
			pcap = open_lo(why);
		if (setns(netns, CLONE_NEWNET)) {
			complain("Error",
				 "cannot return to the network namespace");
			exit(EXIT_REFUSED);
		}
	}
	close(netns);
	return pcap;
}

/* A handle for compiling as for a capture from an Ethernet device. */
static pcap_t *open_live(void)
{
	const char *why, *again;
	pcap_t *pcap = open_lo(&why);

	if (!pcap)
		pcap = open_private_lo(&again);
	if (!pcap)
		complain("Error",
			 "an expression with vlan needs to open a capture on lo: %s",
			 why);
	return pcap;
}

static pcap_t *open_dead(int dlt)
{
	pcap_t *pcap = lib.open_dead(dlt, SNAPLEN);

	if (!pcap)
		complain("Error", "out of memory");
	return pcap;
}

/* The handle of the expression at hand. */
static pcap_t *handle;

/* Compiles a part of it; returns what is wrong, or NULL. */
static const char *try_part(const char *expr)
{
	struct bpf_program prog;

	if (lib.compile(handle, &prog, expr, 1, PCAP_NETMASK_UNKNOWN))
		return lib.geterr(handle);
	lib.freecode(&prog);
	return NULL;
}

/**
 * compile_expr() - compile an expression over the packets of a device
 * @expr: the expression, as for tcpdump
 * @dlt: DLT_*, the kind of header of the packets
 * @prog: set to the program, to be released by free_expr()
 *
 * Return: 0, or -1 after printing what is wrong with the expression.
 */
int compile_expr(const char *expr, int dlt, struct bpf_program *prog)
{
	pcap_t *pcap;
	int ret = -1;

	if (!load_pcap())
		return -1;
	if (dlt == DLT_EN10MB && strstr(expr, "vlan"))
		pcap = open_live();
	else
		pcap = open_dead(dlt);
	if (!pcap)
		return -1;
	if (lib.compile(pcap, prog, expr, 1, PCAP_NETMASK_UNKNOWN)) {
		complain("Error", "bad expression: %s", lib.geterr(pcap));
		handle = pcap;
		show_fault(expr, lib.geterr(pcap), try_part);
	} else if (prog->bf_len > BPF_MAXINSNS) {
		complain("Error", "bad expression: %u instructions, the kernel accepts %d",
			 prog->bf_len, BPF_MAXINSNS);
		lib.freecode(prog);
	} else {
		ret = 0;
	}
	lib.close(pcap);
	return ret;
}

void free_expr(struct bpf_program *prog)
{
	lib.freecode(prog);
}
