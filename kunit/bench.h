/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts of the cost measurement: bench_main.c takes orders and the time,
 * bench_feed.c feeds packets, bench_frame.c has the packets and the device that
 * receives them, bench_sink.c receives them at the end, bench_attach.c attaches
 * filters and protocols.
 */
#ifndef _DLIL_BENCH_H
#define _DLIL_BENCH_H

#include <linux/hrtimer.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/wait.h>
#include <net/dlil.h>

#define BENCH_FLOWS	16
#define BENCH_PORT	9	/* destination of the packets */
#define BENCH_MAGIC	0x424e4348
#define BENCH_HOST	0x0a090001	/* address of bench0 */
#define BENCH_PEER	0x0a090002	/* address of the sender */

/**
 * struct bench_payload - contents of a packet
 * @magic: BENCH_MAGIC
 * @flow: number of its flow
 * @seq: number of the packet in the flow, from 0
 */
struct bench_payload {
	__be32 magic;
	__be32 flow;
	__be32 seq;
};

/**
 * struct bench_flow - packets from one feeder
 * @id: number of the flow
 * @bursts: the packets, in lists that are queued together
 * @n_bursts: number of lists
 * @asked: lists queued so far, if each packet follows the arrival of the
 *	previous one; else @n_bursts
 * @timer: queues the next packet
 * @expect: number of packets that should arrive
 * @count: number of packets that have arrived; written with bottom halves off,
 *	by one CPU at a time
 * @reordered: number of packets that arrived behind a later one
 * @next: expected number of the next packet
 * @kept: packets that have arrived; freed after the clock was stopped
 * @start: time when the first packet was queued
 * @end: time when the last packet arrived
 * @wanted: count at which the feeder wants to be woken
 * @wait: wait queue of the feeder
 */
struct bench_flow {
	unsigned int id;
	struct list_head *bursts;
	unsigned int n_bursts;
	unsigned int asked;
	struct hrtimer timer;
	unsigned int expect;
	unsigned int count;
	unsigned int reordered;
	u32 next;
	struct sk_buff_head kept;
	u64 start;
	u64 end;
	unsigned int wanted;
	wait_queue_head_t wait;
} ____cacheline_aligned;

/**
 * struct bench_order - parameters of a measurement; set by debugfs
 * @n: number of packets
 * @burst: number of packets queued at a time
 * @flows: number of flows, each with a feeder on a processor of its own
 * @think: microseconds from an arrival to the next packet of a client
 * @pid: thread whose switches are counted, 0 for none
 * @udp: send the packets to a socket
 * @lost: the packets will be dropped on the way
 * @mac: last byte of the destination address, 0 for that of the device
 */
struct bench_order {
	u32 n;
	u32 burst;
	u32 flows;
	u32 think;
	u32 pid;
	bool udp;
	bool lost;
	u32 mac;
};

extern struct bench_order bench_order;
extern struct bench_flow bench_flows[BENCH_FLOWS];

/* bench_frame.c */
extern struct net_device *bench_dev;
struct sk_buff *bench_make(unsigned int flow, unsigned int seq);
unsigned long bench_sent(void);
int bench_frame_init(void);
void bench_frame_exit(void);

/* bench_sink.c */
int bench_sink_open(void);
void bench_sink_close(void);
int bench_send(unsigned int n);

/* bench_feed.c */
void bench_clock_start(struct bench_flow *f);
void bench_clock_stop(struct bench_flow *f);
int bench_feed(unsigned int n);
int bench_feed_lone(unsigned int n);
int bench_feed_closed(unsigned int n);

/* bench_attach.c */
int bench_attach(const char *what, unsigned int n);
void bench_detach_all(void);
void bench_settle(void);

#endif /* _DLIL_BENCH_H */
