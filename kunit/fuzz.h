/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The packet fuzzer's parts: fuzz_main.c sets up and checks, fuzz_feed.c feeds,
 * fuzz_filter.c and fuzz_proto.c are what the packets meet, fuzz_frame.c makes
 * them.
 */
#ifndef _DLIL_FUZZ_H
#define _DLIL_FUZZ_H

#include <linux/jhash.h>
#include <linux/prandom.h>
#include <linux/skbuff.h>
#include <net/dlil.h>

#define FUZZ_DEADLINE	(60 * HZ)

/* The counts that our callbacks keep of an ifnet. */
enum fuzz_count {
	HANDED_IN,	/* to dlil_input(), or to the device so that it gets there */
	HANDED_OUT,
	BYTES_IN,
	FIRST_IN,	/* seen by the first filter */
	FIRST_OUT,
	STOLEN_IN,	/* by a filter */
	STOLEN_OUT,
	DROPPED_IN,	/* by a filter */
	DROPPED_OUT,
	TAKEN,		/* by a protocol */
	TAKEN_STOLEN,	/* by a protocol, as DLIL_STOLEN */
	REFUSED,	/* by a protocol */
	PASSED,		/* unmatched, taken by the driver */
	KEPT,		/* by a protocol's pre_output */
	SENT,		/* by the driver */
	UNSENT,		/* refused by the driver */
	ATTACHED,	/* filters */
	DETACHED,
	N_COUNTS
};

struct fuzz_kind;
struct fuzz_target;

/**
 * struct fuzz_filter - a filter, and how often it is attached
 * @target: on whose ifnet
 * @kind: what it does
 * @params: what it is attached with
 * @ref: the reference of its latest attachment
 */
struct fuzz_filter {
	struct fuzz_target *target;
	const struct fuzz_kind *kind;
	struct dlil_filter_params params;
	dlil_filter_t ref;
};

/* One of each kind */
#define FUZZ_FILTERS 10
/* So many of them always take GSO packets. */
#define FUZZ_WHOLE 7

/**
 * struct fuzz_target - an ifnet that frames are fed to
 * @ifp: the ifnet
 * @dev: its device, or NULL if it is our own
 * @exact: nothing but what we feed is received by it
 * @n: counts
 * @parked: packets that filters keep, received and sent ones
 * @filters: filters
 * @ipackets: how many packets it had received before
 * @in: how its flow was before
 * @out: likewise
 */
struct fuzz_target {
	struct dlil_ifnet *ifp;
	struct net_device *dev;
	bool exact;
	atomic64_t n[N_COUNTS];
	struct sk_buff_head parked[2];
	struct fuzz_filter filters[FUZZ_FILTERS];
	u64 ipackets;
	struct dlil_flow in;
	struct dlil_flow out;
};

/**
 * struct fuzz_maker - a frame in the making
 * @rnd: where it comes from
 * @head: its first bytes; the rest is pattern
 * @len: how many
 * @total: length of the frame
 * @l3: where the network header is
 * @l4: where the transport header is, 0 if nowhere
 * @check: where in that its checksum is, 0 if it is to be left alone
 * @pseudo: sum of the pseudo header that goes with it
 */
struct fuzz_maker {
	struct rnd_state rnd;
	u8 head[320];
	unsigned int len;
	unsigned int total;
	unsigned int l3;
	unsigned int l4;
	unsigned int check;
	__wsum pseudo;
};

extern unsigned int fuzz_seed;

__printf(1, 2) void fuzz_fail(const char *fmt, ...);

static inline void fuzz_add(struct fuzz_target *t, enum fuzz_count what, u64 n)
{
	atomic64_add(n, &t->n[what]);
}

static inline u64 fuzz_counted(struct fuzz_target *t, enum fuzz_count what)
{
	return atomic64_read(&t->n[what]);
}

static inline u32 rnd(struct rnd_state *r, u32 below)
{
	return ((u64)prandom_u32_state(r) * below) >> 32;
}

static inline bool one_in(struct rnd_state *r, u32 n)
{
	return !rnd(r, n);
}

/* Random, but the same for the same packet and asker. */
static inline u32 fuzz_whim(const struct sk_buff *skb, u32 asker)
{
	return jhash_2words(skb->mark, asker, fuzz_seed);
}

/* Packets: received ones, sent ones, and those for dlil_output() to frame. */
typedef struct sk_buff *(*fuzz_make)(struct fuzz_maker *m,
				     struct fuzz_target *t, gfp_t gfp);
struct sk_buff *fuzz_make_received(struct fuzz_maker *m, struct fuzz_target *t,
				   gfp_t gfp);
struct sk_buff *fuzz_make_sent(struct fuzz_maker *m, struct fuzz_target *t,
			       gfp_t gfp);
struct sk_buff *fuzz_make_unframed(struct fuzz_maker *m, struct fuzz_target *t,
				   gfp_t gfp);
__be32 fuzz_some_inet(struct fuzz_maker *m);
void fuzz_some_inet6(struct fuzz_maker *m, struct in6_addr *addr);
void fuzz_track(struct sk_buff *skb);
int fuzz_live(void);
int fuzz_frame_init(struct net_device *dev);
void fuzz_frame_exit(void);

/* The packets that they meet. */
int fuzz_filter_attach(struct fuzz_filter *f);
int fuzz_filter_attach_all(struct fuzz_target *t);
void fuzz_filter_detach_all(struct fuzz_target *t);
void fuzz_filter_purge(struct fuzz_target *t);
int fuzz_proto_attach_all(struct fuzz_target *t);
extern const struct dlil_driver_ops fuzz_driver;

/* Hand packets to the core, and count them. */
void fuzz_hand_out(struct fuzz_target *t, u32 family, struct sk_buff_head *list,
		   const struct sockaddr *dest, u32 flags);
int fuzz_feed(struct fuzz_target *to, unsigned int n, unsigned long frames,
	      unsigned long *made);

#endif /* _DLIL_FUZZ_H */
