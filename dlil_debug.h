/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_DEBUG_H
#define _DLIL_DEBUG_H

#include <linux/jump_label.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct dlil_ifnet;
struct seq_file;

/* Kinds of stacks that are remembered of an ifnet; indices. */
enum dlil_debug_what {
	DLIL_DEBUG_TAKEN,
	DLIL_DEBUG_DROPPED,
	DLIL_DEBUG_ATTACHED,
	DLIL_DEBUG_DETACHED,
	DLIL_DEBUG_WHATS
};

#define DLIL_DEBUG_LAST	8	/* takers, and droppers */
#define DLIL_DEBUG_DEPTH	12	/* calls of a stack */

/**
 * struct dlil_trace - a stack
 * @entries: return addresses, innermost first
 * @n: how many
 */
struct dlil_trace {
	unsigned long entries[DLIL_DEBUG_DEPTH];
	unsigned int n;
};

/**
 * struct dlil_debug - what is remembered of an ifnet
 * @lock: guards the rest
 * @n: how often each kind of thing has happened
 * @traces: the last ones of each kind; slot @n modulo DLIL_DEBUG_LAST is the next
 */
struct dlil_debug {
	spinlock_t lock;	/* see above */
	unsigned int n[DLIL_DEBUG_WHATS];
	struct dlil_trace traces[DLIL_DEBUG_WHATS][DLIL_DEBUG_LAST];
};

DECLARE_STATIC_KEY_FALSE(dlil_debug_key);

void dlil_debug_save(struct dlil_ifnet *ifp, enum dlil_debug_what what);

/* The parameter ifnet_debug, off unless somebody is looking for something. */
static inline bool dlil_debug_is_on(void)
{
	return static_branch_unlikely(&dlil_debug_key);
}

static inline void dlil_debug_taken(struct dlil_ifnet *ifp)
{
	if (dlil_debug_is_on())
		dlil_debug_save(ifp, DLIL_DEBUG_TAKEN);
}

static inline void dlil_debug_dropped(struct dlil_ifnet *ifp)
{
	if (dlil_debug_is_on())
		dlil_debug_save(ifp, DLIL_DEBUG_DROPPED);
}

static inline void dlil_debug_attached(struct dlil_ifnet *ifp)
{
	if (dlil_debug_is_on())
		dlil_debug_save(ifp, DLIL_DEBUG_ATTACHED);
}

static inline void dlil_debug_detached(struct dlil_ifnet *ifp)
{
	if (dlil_debug_is_on())
		dlil_debug_save(ifp, DLIL_DEBUG_DETACHED);
}

void dlil_debug_alloc(struct dlil_ifnet *ifp, void *arg);
void dlil_debug_init(struct dlil_ifnet *ifp);
void dlil_debug_free(struct dlil_ifnet *ifp);
void dlil_debug_enable(bool on);
int dlil_debug_show(struct seq_file *m, void *arg);

int dlil_debug_module_init(void);
void dlil_debug_module_exit(void);

#endif /* _DLIL_DEBUG_H */
