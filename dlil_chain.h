/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_CHAIN_H
#define _DLIL_CHAIN_H

#include <net/dlil.h>

#include "dlil_retire.h"

struct dlil_filter;
struct dlil_ifnet;

typedef int (*dlil_filter_fn)(void *cookie, struct dlil_ifnet *ifp, u32 family,
			 struct sk_buff **skb);
typedef void (*dlil_filter_list_fn)(void *cookie, struct dlil_ifnet *ifp,
			       u32 family, struct sk_buff_head *list,
			       struct sk_buff_head *drop);

/* Largest number of filters in a bundle. */
#define DLIL_BUNDLE_MAX 1024

/**
 * struct dlil_filter_bundle_ops - run several filters with a single call
 *
 * For filters of the core only.  Adjacent filters with the same bundle
 * operations, family and flags share a slot.  Their `input` and `output` are
 * called once for all of them, with a bundle in place of the cookie, and act as
 * if each filter had been called in order.
 */
struct dlil_filter_bundle_ops {
	/**
	 * @as_sent: on output the filters take a GSO packet in segments if the
	 * driver says that the device will get those (FLT-18).
	 */
	bool as_sent;
	/**
	 * @cut: divide @n filters with these cookies, which could all be in one
	 * bundle, into bundles that are cheap to run and to make again.  Sets
	 * @sizes to the numbers of filters, and returns how many bundles there
	 * are; -ENOMEM.  The ifnet's lock is held; may sleep.
	 */
	int (*cut)(void *const *cookies, unsigned int n, u16 *sizes);
	/**
	 * @make: create a bundle of the @n filters with these cookies, for
	 * output or input; NULL if there is no memory.  The ifnet's lock is
	 * held; may sleep.
	 */
	void *(*make)(void *const *cookies, unsigned int n, bool out);
	/**
	 * @drop: stop running the @i-th filter, which is being detached.  The
	 * filter's cookie may be freed once a grace period has passed and the
	 * input thread has left its batch.  Any context; serialised by the
	 * ifnet's filter_lock.
	 */
	void (*drop)(void *bundle, unsigned int i);
	/**
	 * @traced: the same as `input` or, if @out, `output`, but the verdict of
	 * each filter goes to the tracepoint dlil_filter (STA-5), and *@name is
	 * set to the name of the filter whose verdict is returned, if there is one.
	 */
	int (*traced)(void *bundle, struct dlil_ifnet *ifp, u32 family,
		      struct sk_buff **skb, bool out, const char **name);
	/** @get: take a reference.  Process context. */
	void (*get)(void *bundle);
	/** @put: drop a reference; the last one frees the bundle.  Any context. */
	void (*put)(void *bundle);
};

/**
 * struct dlil_filter_slot - one entry of the chain: a filter or a bundle
 * @fn: packet callback of this direction; replaced by a stub when the filter's
 *	detach starts.  A bundle keeps it, see @drop of the bundle
 * @list_fn: list callback, used instead of @fn if @takes_lists; replaced by a
 *	stub as well
 * @cookie: argument of @fn or @list_fn: the filter's cookie, or the bundle
 * @family: protocol family that the slot sees, 0 for all
 * @flags: DLIL_FILTER_* and DLIL_SLOT_AS_SENT
 * @takes_lists: the slot has @list_fn, not @fn
 * @kind: number of @fn in this array: slots with the same @fn have the same
 *	kind, so that DLIL_SKIP can skip them; not the filter kind of users
 * @bundle: bundle operations if @cookie is a bundle, or NULL
 * @filters: the filters of this slot; compare only, since dying ones may be
 *	freed
 * @name: name of the filter, NULL for a bundle; must not be read once the filter may
 *	be freed, see name_of()
 * @id: reference of the filter, which dlil_debug.c finds in &dlil_place.filter;
 *	0 for a bundle, whose filters do not sleep
 * @n: number of @filters
 * @stubbed: at least one of @filters is being detached; written under the ifnet's
 *	filter_lock
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
	u8 kind;
	const struct dlil_filter_bundle_ops *bundle;
	const struct dlil_filter **filters;
	const char *name;
	u32 id;
	u16 n;
	bool stubbed;
};

static_assert(DLIL_BUNDLE_MAX <= U16_MAX);

/**
 * struct dlil_return - where a packet that a filter hands back goes on (FLT-14)
 * @mark: kinds that the packet skips, see DLIL_FILTER_KINDS; set before the
 *	filter is called, and kept by the filter
 * @filter: reference of the filter
 * @family: protocol family of the packet, 0 for none
 * @made: the filter has made the packet, which is therefore not counted yet
 *
 * It is in skb->cb.  While the filter keeps the packet, only @mark is valid; the rest
 * is set when the packet is handed back.
 */
struct dlil_return {
	u64 mark;
	dlil_filter_t filter;
	u32 family;
	bool made;
};

static_assert(sizeof(struct dlil_return) <= sizeof_field(struct sk_buff, cb));
static_assert(sizeof_field(struct dlil_return, mark) == DLIL_FILTER_CB_KEPT);

static inline struct dlil_return *dlil_return_of(struct sk_buff *skb)
{
	return (struct dlil_return *)skb->cb;
}

/* Largest number of kinds in one direction: a packet's mark has a bit for each. */
#define DLIL_FILTER_KINDS 64

/**
 * struct dlil_filter_vec - the filters of one direction, in order
 * @rcu: frees the array once output has left its read sections
 * @leaver: frees the array once the input thread has left its batch
 * @ifp: ifnet that the filters are on
 * @old: entry in the replaced input arrays of @ifp
 * @n: number of @slots
 * @filters: storage for the filters of all slots
 * @kinds: kinds in use, as bits
 * @next_kind: kind to try first for a new callback
 * @too_many: there are more callbacks than kinds
 * @takes_lists: at least one slot takes lists: call dlil_filter_run_list_at()
 * @selective: packets may skip a slot, because of their family or a VLAN tag, or
 *	a slot needs the mark of its packets
 * @wants_segments: at least one slot takes some or all GSO packets in segments,
 *	see dlil_filter_segments()
 * @segments_always: at least one slot takes all GSO packets in segments
 * @out: the array is for output
 * @slots: the entries
 */
struct dlil_filter_vec {
	union {
		struct rcu_head rcu;
		struct dlil_leaver leaver;
	};
	struct dlil_ifnet *ifp;
	struct list_head old;
	unsigned int n;
	const struct dlil_filter **filters;
	u64 kinds;
	u8 next_kind;
	bool too_many;
	bool takes_lists;
	bool selective;
	bool wants_segments;
	bool segments_always;
	bool out;
	struct dlil_filter_slot slots[];
};

/*
 * Flag of a slot for output: its bundle has @as_sent.  DLIL_FILTER_* flags share
 * the field.
 */
#define DLIL_SLOT_AS_SENT BIT(7)

bool dlil_filter_cuts(const struct dlil_filter_vec *vec, struct dlil_ifnet *ifp,
		      struct sk_buff *skb);

/*
 * Does a filter take this packet in segments?  Then it must go through
 * dlil_filter_run_list_at(), even alone, because it becomes a list.
 */
static inline bool dlil_filter_segments(const struct dlil_filter_vec *vec,
					struct dlil_ifnet *ifp,
					struct sk_buff *skb)
{
	return vec->wants_segments && unlikely(skb_is_gso(skb)) &&
	       dlil_filter_cuts(vec, ifp, skb);
}

/* Does a received packet, which a filter may have replaced, have a link header? */
static inline bool dlil_filter_is_readable(const struct sk_buff *skb)
{
	return skb_mac_header_was_set(skb) && skb_mac_header(skb) <= skb->data;
}

int dlil_filter_run_at(const struct dlil_filter_vec *vec,
		       struct dlil_ifnet *ifp, u32 family, struct sk_buff **skb,
		       struct dlil_place *place);
int dlil_filter_run_list_at(const struct dlil_filter_vec *vec,
			    struct dlil_ifnet *ifp, u32 family,
			    struct sk_buff_head *list, struct dlil_account *account,
			    struct dlil_place *place);
unsigned int dlil_filter_behind(const struct dlil_filter_vec *vec,
				dlil_filter_t filter);
int dlil_filter_resume(const struct dlil_filter_vec *vec, unsigned int i,
		       struct dlil_ifnet *ifp, u32 family,
		       struct sk_buff_head *list, struct dlil_account *account,
		       struct dlil_place *place);

/* Output filters cannot sleep, so the watchdog never reads their place: use a local one. */
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
				       struct dlil_account *account)
{
	struct dlil_place place;

	return dlil_filter_run_list_at(vec, ifp, family, list, account, &place);
}

#endif /* _DLIL_CHAIN_H */
