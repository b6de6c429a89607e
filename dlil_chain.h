/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_CHAIN_H
#define _DLIL_CHAIN_H

#include <net/dlil.h>

#include "dlil_reader.h"

struct dlil_filter;
struct dlil_ifnet;

typedef int (*dlil_filter_fn)(void *cookie, struct dlil_ifnet *ifp, u32 family,
			 struct sk_buff **skb);
typedef void (*dlil_filter_list_fn)(void *cookie, struct dlil_ifnet *ifp,
			       u32 family, struct sk_buff_head *list,
			       struct sk_buff_head *drop);

/* Filters that can be one bundle. */
#define DLIL_BUNDLE_MAX 31

/**
 * struct dlil_filter_bundle_ops - filters that are run as one
 *
 * Filters whose operations have this, and that stand side by side with the same
 * family and flags, are called once for all: `input` and `output` get a bundle in
 * the place of a cookie, and do for its filters, in their order, what each would
 * have done.  Only for filters of the core's own.
 */
struct dlil_filter_bundle_ops {
	/**
	 * @make: a bundle of the @n filters with these cookies, for output or
	 * input; or NULL without memory.  The ifnet's lock is held; may sleep.
	 */
	void *(*make)(void *const *cookies, unsigned int n, bool out);
	/**
	 * @drop: the @i-th filter is being detached: from now on it is not to
	 * be noticed, nor its cookie used once a grace period has passed and
	 * the input thread has left its batch.  Any context; serialised by the
	 * ifnet's filter_lock.
	 */
	void (*drop)(void *bundle, unsigned int i);
	/** @get: another reference.  Process context. */
	void (*get)(void *bundle);
	/** @put: one reference less; with the last one it is freed.  Any context. */
	void (*put)(void *bundle);
};

/**
 * struct dlil_filter_slot - a filter, or a bundle of them, as the packets meet it
 * @fn: its callback for this direction, unless it has one for lists; a stub from
 *	the moment its detach starts
 * @list_fn: its callback for lists; likewise
 * @cookie: handed to either
 * @family: protocol family it sees, 0 for all
 * @flags: DLIL_FILTER_*
 * @takes_lists: it is @list_fn
 * @kind: filters with the same @fn are of the same kind
 * @bundle: @cookie is a bundle of theirs; or NULL
 * @filters: whose slot this is; not to be followed once they may be dying
 * @id: its reference, for @place of the input thread; 0 for a bundle, whose filters do
 *	not sleep
 * @n: how many
 * @stubbed: some of them are being detached; under the ifnet's filter_lock
 */
struct dlil_filter_slot {
	union {
		dlil_filter_fn fn;
		dlil_filter_list_fn list_fn;
	};
	void *cookie;
	u32 family;
	u8 flags;
	bool takes_lists;
	u16 kind;
	const struct dlil_filter_bundle_ops *bundle;
	const struct dlil_filter **filters;
	u32 id;
	u8 n;
	bool stubbed;
};

static_assert(DLIL_BUNDLE_MAX <= U8_MAX);

/* Kinds of filters that there may be in one direction. */
#define DLIL_FILTER_KINDS 64

/**
 * struct dlil_filter_vec - the filters of one direction, in order
 * @rcu: for freeing, once output has left its read sections
 * @leaver: for freeing, once the input thread has left its batch
 * @n: how many slots they have
 * @filters: the filters of all slots
 * @kinds: how many kinds of them
 * @takes_lists: some take lists: dlil_filter_run_list() is to be called
 * @selective: packets may go past some of them: by family, or for a VLAN tag
 * @wants_segments: some want segments, not GSO packets: dlil_filter_segments()
 * @out: they are for output
 * @slots: the filters
 */
struct dlil_filter_vec {
	union {
		struct rcu_head rcu;
		struct dlil_leaver leaver;
	};
	unsigned int n;
	const struct dlil_filter **filters;
	u16 kinds;
	bool takes_lists;
	bool selective;
	bool wants_segments;
	bool out;
	struct dlil_filter_slot slots[];
};

/* Is a packet to go through dlil_filter_run_list(), even if it is alone? */
static inline bool dlil_filter_segments(const struct dlil_filter_vec *vec,
					const struct sk_buff *skb)
{
	return vec->wants_segments && unlikely(skb_is_gso(skb));
}

/* Does a received packet, which a filter may have put in place, have a link header? */
static inline bool dlil_filter_is_readable(const struct sk_buff *skb)
{
	return skb_mac_header_was_set(skb) && skb_mac_header(skb) <= skb->data;
}

int dlil_filter_run_at(const struct dlil_filter_vec *vec,
		       struct dlil_ifnet *ifp, u32 family, struct sk_buff **skb,
		       struct dlil_place *place);
int dlil_filter_run_list_at(const struct dlil_filter_vec *vec,
			    struct dlil_ifnet *ifp, u32 family,
			    struct sk_buff_head *list, struct dlil_flow *flow,
			    struct dlil_place *place);

/* The same for output, which does not sleep: nobody looks where it is. */
static inline int dlil_filter_run(const struct dlil_filter_vec *vec,
				  struct dlil_ifnet *ifp, u32 family,
				  struct sk_buff **skb)
{
	struct dlil_place place;

	return dlil_filter_run_at(vec, ifp, family, skb, &place);
}

static inline int dlil_filter_run_list(const struct dlil_filter_vec *vec,
				       struct dlil_ifnet *ifp, u32 family,
				       struct sk_buff_head *list,
				       struct dlil_flow *flow)
{
	struct dlil_place place;

	return dlil_filter_run_list_at(vec, ifp, family, list, flow, &place);
}

#endif /* _DLIL_CHAIN_H */
