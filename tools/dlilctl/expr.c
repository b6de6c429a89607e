// SPDX-License-Identifier: GPL-2.0
/* From a tcpdump expression to the classic BPF program that the kernel runs. */
#include <assert.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>

#include <linux/bpf_common.h>
#include <linux/filter.h>

#include "dlilctl.h"

/* As long as any packet: the kernel only tells 0 from other values. */
#define SNAPLEN 262144

/* The program of libpcap is sent as it is. */
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
 * libpcap is loaded when there is an expression to compile.  It brings thirty
 * libraries, for capturing from devices that we know nothing of, and to load them
 * takes longer than anything else that dlilctl does.
 */
static struct {
	typeof(&pcap_open_dead) open_dead;
	typeof(&pcap_compile) compile;
	typeof(&pcap_geterr) geterr;
	typeof(&pcap_close) close;
	typeof(&pcap_freecode) freecode;
} lib;

static bool load_pcap(void)
{
	void *handle = dlopen(PCAP_SONAME, RTLD_NOW);

	if (handle) {
		lib.open_dead = dlsym(handle, "pcap_open_dead");
		lib.compile = dlsym(handle, "pcap_compile");
		lib.geterr = dlsym(handle, "pcap_geterr");
		lib.close = dlsym(handle, "pcap_close");
		lib.freecode = dlsym(handle, "pcap_freecode");
		if (lib.open_dead && lib.compile && lib.geterr && lib.close &&
		    lib.freecode)
			return true;
	}
	complain("Error", "expressions need libpcap: %s", dlerror());
	return false;
}

/**
 * compile_expr() - compile an expression over the packets of a device
 * @expr: as tcpdump takes it
 * @dlt: DLT_*, what the packets begin with
 * @prog: gets the program, to be given back with free_expr()
 *
 * Return: 0, or -1 when the user has been told what is wrong with it.
 */
int compile_expr(const char *expr, int dlt, struct bpf_program *prog)
{
	pcap_t *pcap;
	int ret = -1;

	if (!load_pcap())
		return -1;
	pcap = lib.open_dead(dlt, SNAPLEN);
	if (!pcap) {
		complain("Error", "out of memory");
	} else if (lib.compile(pcap, prog, expr, 1, PCAP_NETMASK_UNKNOWN)) {
		complain("Error", "bad expression: %s", lib.geterr(pcap));
	} else if (prog->bf_len > BPF_MAXINSNS) {
		complain("Error", "bad expression: it makes %u instructions, the kernel takes %d",
			 prog->bf_len, BPF_MAXINSNS);
		lib.freecode(prog);
	} else {
		ret = 0;
	}
	if (pcap)
		lib.close(pcap);
	return ret;
}

void free_expr(struct bpf_program *prog)
{
	lib.freecode(prog);
}
