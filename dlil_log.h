/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_LOG_H
#define _DLIL_LOG_H

#include <linux/compiler_attributes.h>
#include <linux/types.h>

struct dlil_ifnet;

/* Messages of each kind are logged at most once a second for each ifnet. */
enum dlil_log_kind {
	DLIL_LOG_ATTACH,
	DLIL_LOG_SUSPENDED,
	DLIL_LOG_RESTORED,
	DLIL_LOG_OUTPUT,
	DLIL_LOG_KINDS
};

extern bool dlil_verbose;

void dlil_log(struct dlil_ifnet *ifp, enum dlil_log_kind kind, const char *fmt,
	      ...) __printf(3, 4);
void dlil_log_refused(const char *name, int ifindex, const char *why, int err);
void dlil_log_verbose(struct dlil_ifnet *ifp, const char *fmt, ...)
	__printf(2, 3);
void dlil_log_output(struct dlil_ifnet *ifp, int err);

#endif /* _DLIL_LOG_H */
