/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_CLASS_H
#define _DLIL_CLASS_H

#include <linux/jump_label.h>
#include <linux/u64_stats_sync.h>
#include <net/dlil.h>

#include "dlil_stats.h"

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

#endif /* _DLIL_CLASS_H */
