// SPDX-License-Identifier: GPL-2.0
/* From a tcpdump expression to the classic BPF program that the kernel runs. */
#include <assert.h>
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

/**
 * compile_expr() - compile an expression over the packets of a device
 * @expr: as tcpdump takes it
 * @dlt: DLT_*, what the packets begin with
 * @prog: gets the program, to be given back with pcap_freecode()
 *
 * Return: 0, or -1 when the user has been told what is wrong with it.
 */
int compile_expr(const char *expr, int dlt, struct bpf_program *prog)
{
	pcap_t *pcap = pcap_open_dead(dlt, SNAPLEN);
	int ret = -1;

	if (!pcap) {
		complain("Error", "out of memory");
	} else if (pcap_compile(pcap, prog, expr, 1, PCAP_NETMASK_UNKNOWN)) {
		complain("Error", "bad expression: %s", pcap_geterr(pcap));
	} else if (prog->bf_len > BPF_MAXINSNS) {
		complain("Error", "bad expression: it makes %u instructions, the kernel takes %d",
			 prog->bf_len, BPF_MAXINSNS);
		pcap_freecode(prog);
	} else {
		ret = 0;
	}
	if (pcap)
		pcap_close(pcap);
	return ret;
}
