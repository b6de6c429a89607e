/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_INSPECT_H
#define _DLIL_INSPECT_H

#include <linux/jump_label.h>
#include <linux/rcupdate.h>
#include <linux/types.h>
#include <linux/u64_stats_sync.h>
#include <net/dlil.h>

#include "dlil_stats.h"

struct dlil_ifnet;

/*
 * Reasons why packets of the host need more than the usual processing: bits of
 * &struct dlil_ifnet.inspected.
 */
#define DLIL_INSPECT_POLICY	BIT(0)	/* there is a transmit policy (OUT-3) */
#define DLIL_INSPECT_CLASS	BIT(1)	/* traffic classes are counted (STA-2) */
#define DLIL_INSPECT_SENT	BIT(2)	/* sent packets are traced (STA-5) */
#define DLIL_INSPECT_CALL	BIT(3)	/* calls of the driver are */
#define DLIL_INSPECT_RETURN	BIT(4)	/* their returns are */

/* The reasons that also apply to packets which the host itself sends. */
#define DLIL_INSPECT_HOST \
	(DLIL_INSPECT_POLICY | DLIL_INSPECT_CLASS | DLIL_INSPECT_SENT)

DECLARE_STATIC_KEY_FALSE(dlil_inspect_key);

/*
 * Is there any reason?  For dlil_output(), where the packets of the host do not
 * pass.
 */
static __always_inline bool dlil_inspect_is_on(void)
{
	return static_branch_unlikely(&dlil_inspect_key);
}

DECLARE_STATIC_KEY_FALSE(dlil_verdicts_key);

/*
 * Does somebody want to know the verdict of each filter (STA-5, STA-6)?  Then filters
 * run in a second version of the loop.
 */
static __always_inline bool dlil_verdicts_are_watched(void)
{
	return static_branch_unlikely(&dlil_verdicts_key);
}

void dlil_inspect(u8 why, bool on);
void dlil_inspect_init(struct dlil_ifnet *ifp);

DECLARE_STATIC_KEY_FALSE(dlil_class_key);

/* The parameter traffic_classes: are traffic classes counted (STA-2)? */
static __always_inline bool dlil_class_is_on(void)
{
	return static_branch_unlikely(&dlil_class_key);
}

/**
 * struct dlil_class_pcpu - per-CPU counters of traffic classes
 * @packets: by direction and class
 * @bytes: by direction and class
 * @syncp: makes counters readable on 32-bit processors
 */
struct dlil_class_pcpu {
	u64_stats_t packets[DLIL_DIRS][DLIL_CLASS_MAX];
	u64_stats_t bytes[DLIL_DIRS][DLIL_CLASS_MAX];
	struct u64_stats_sync syncp;
};

int dlil_class_enable(bool on);
int dlil_class_prepare(struct dlil_ifnet *ifp);
int dlil_class_init(struct dlil_ifnet *ifp);
void dlil_class_reset(struct dlil_ifnet *ifp);
void dlil_class_free(struct dlil_ifnet *ifp);

int dlil_class_of(const struct sk_buff *skb, int offset);
void dlil_class_note(struct dlil_traffic *tally, const struct sk_buff *skb,
		     int offset, unsigned int len);
void dlil_class_note_list(struct dlil_traffic *tally,
			  const struct sk_buff_head *list);
void dlil_class_add(struct dlil_ifnet *ifp, enum dlil_dir dir,
		    const struct dlil_traffic *tally);
void dlil_class_sent(struct dlil_ifnet *ifp, const struct sk_buff *skb);

/* The policy, or NULL; RCU. */
extern const struct dlil_output_policy __rcu *dlil_policy;

int dlil_policy_check(struct dlil_ifnet *ifp, u32 family,
		      const struct sk_buff *skb, int offset);

/* Is there a policy?  Packets are inspected while there is one. */
static inline bool dlil_policy_is_set(void)
{
	return dlil_inspect_is_on() && rcu_access_pointer(dlil_policy);
}

/* dlil_slip.c */
struct dlil_slips;

struct dlil_slips *dlil_slips_new(void);
void dlil_slips_clear(struct dlil_slips *slips);
void dlil_slips_put(struct dlil_slips *slips);

int dlil_slip_put_on(struct dlil_slips *slips, struct sk_buff *skb);
void dlil_slip_take_off(struct sk_buff *skb);

void dlil_slip_module_exit(void);

#endif /* _DLIL_INSPECT_H */
