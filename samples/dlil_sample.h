/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The echo protocol of the sample: what dlil_sample.c and echo-client.c say to
 * each other in Ethernet frames of an EtherType set aside for experiments.
 */
#ifndef DLIL_SAMPLE_H
#define DLIL_SAMPLE_H

#include <linux/types.h>

/* IEEE Std 802, local experimental EtherType 1 */
#define SAMPLE_ETHERTYPE	0x88B5

#define SAMPLE_MAGIC		0x444c494c	/* "DLIL" */
#define SAMPLE_REQUEST		1
#define SAMPLE_REPLY		2

/**
 * struct sample_hdr - what stands behind the Ethernet header
 * @magic: SAMPLE_MAGIC
 * @op: SAMPLE_REQUEST or SAMPLE_REPLY
 * @zero: 0
 * @len: bytes of payload; Ethernet may pad a frame, so its size does not tell
 * @seq: chosen by who asks, and sent back
 */
struct sample_hdr {
	__be32 magic;
	__u8 op;
	__u8 zero;
	__be16 len;
	__be32 seq;
};

#endif /* DLIL_SAMPLE_H */
