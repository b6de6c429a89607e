/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts of the packet fuzzer: fuzz_main.c sets up and checks, fuzz_feed.c
 * feeds, fuzz_filter.c and fuzz_proto.c have the callbacks, fuzz_frame.c makes
 * packets, and fuzz_calls.c makes calls that are not about packets of an ifnet.
 */
#ifndef _DLIL_FUZZ_H
#define _DLIL_FUZZ_H

#include <linux/jhash.h>
#include <linux/prandom.h>
#include <linux/skbuff.h>
#include <net/dlil.h>

#define FUZZ_DEADLINE	(60 * HZ)

/* The family of the fuzzer's protocol that is plumbed. */
#define FUZZ_PLUMBED	(DLIL_PF_PRIVATE + 1)

/* Counts that the fuzzer's callbacks keep for each ifnet. */
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
 * struct fuzz_filter - a filter of the fuzzer
 * @target: owner of the ifnet that it is attached to
 * @kind: what it does to packets
 * @params: arguments of the attach
 * @ref: reference of its latest attachment
 */
struct fuzz_filter {
	struct fuzz_target *target;
	const struct fuzz_kind *kind;
	struct dlil_filter_params params;
	dlil_filter_t ref;
};

/* Number of filters, one of each kind. */
#define FUZZ_FILTERS 10
/* The first filters, which always accept GSO packets. */
#define FUZZ_WHOLE 7

/**
 * struct fuzz_target - an ifnet that gets frames
 * @ifp: the ifnet
 * @dev: its device, or NULL if it is the fuzzer's own ifnet
 * @exact: nobody but the fuzzer sends to it
 * @attrs: those of the settable attributes that were on before the run
 * @n: counts
 * @parked: packets that filters keep, received and sent ones
 * @filters: filters
 * @ipackets: packets received before the run
 * @in: account of input before the run
 * @out: account of output before the run
 */
struct fuzz_target {
	struct dlil_ifnet *ifp;
	struct net_device *dev;
	bool exact;
	u32 attrs;
	atomic64_t n[N_COUNTS];
	struct sk_buff_head parked[2];
	struct fuzz_filter filters[FUZZ_FILTERS];
	u64 ipackets;
	struct dlil_account in;
	struct dlil_account out;
};

/**
 * struct fuzz_maker - state of making a frame
 * @rnd: random numbers
 * @head: first bytes of the frame; the rest is a pattern
 * @len: number of bytes in @head
 * @total: length of the frame
 * @l3: offset of the network header
 * @l4: offset of the transport header, 0 if there is none
 * @check: offset of the checksum in the transport header, 0 to leave it alone
 * @pseudo: sum of the pseudo header
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

/* A random number that depends on the packet and @asker only. */
static inline u32 fuzz_whim(const struct sk_buff *skb, u32 asker)
{
	return jhash_2words(skb->mark, asker, fuzz_seed);
}

/* Make packets: received, sent, or to be framed by dlil_output(). */
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

/* Filters and protocols of the fuzzer. */
int fuzz_filter_attach(struct fuzz_filter *f);
int fuzz_filter_attach_all(struct fuzz_target *t);
void fuzz_filter_detach_all(struct fuzz_target *t);
void fuzz_filter_purge(struct fuzz_target *t);
int fuzz_proto_attach_all(struct fuzz_target *t);
int fuzz_proto_attach_plumbed(struct dlil_ifnet *ifp, u32 family);
extern const struct dlil_driver_ops fuzz_driver;
extern const struct dlil_driver_ops fuzz_list_driver;

/* Routes that a worker holds. */
struct fuzz_routes {
	struct dst_entry *dst[8];
	struct dlil_ifnet *ifp[8];
};

/* Calls that are not about packets of an ifnet. */
int fuzz_calls_init(void);
int fuzz_calls_plumb(struct fuzz_target *t);
void fuzz_call(struct fuzz_maker *m, struct fuzz_target *t,
	       struct fuzz_routes *held, bool first);
void fuzz_calls_end(struct fuzz_routes *held);
void fuzz_calls_unplumb(struct fuzz_target *t);
void fuzz_calls_stop(void);
void fuzz_calls_exit(void);

/* Pass packets to the core, and count them. */
void fuzz_hand_out(struct fuzz_target *t, u32 family, struct sk_buff_head *list,
		   const struct sockaddr *dest, u32 flags);
int fuzz_feed(struct fuzz_target *to, unsigned int n, unsigned long frames,
	      unsigned long *made);

#endif /* _DLIL_FUZZ_H */
