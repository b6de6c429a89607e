/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_SETTINGS_H
#define _DLIL_SETTINGS_H

#include <linux/types.h>

#include "dlil_change.h"

struct dlil_ifnet;
struct genl_info;

/* Control requests that one message can make. */
#define DLIL_CONTROLS_MAX 5

/**
 * struct dlil_settings - the settings of a request
 * @family: protocol family that control requests concern, or 0
 * @n: number of @controls
 * @controls: control requests, in the order in which they are made
 * @has_unmatched: @unmatched is given
 * @unmatched: enum dlil_unmatched
 * @attrs: attributes of the ifnet, within @attrs_mask
 * @attrs_mask: those that are given
 * @max_packets: limit of the queue, or 0 if that is not given
 * @max_bytes: likewise
 */
struct dlil_settings {
	u32 family;
	unsigned int n;
	struct dlil_control controls[DLIL_CONTROLS_MAX];
	bool has_unmatched;
	u32 unmatched;
	u32 attrs;
	u32 attrs_mask;
	u32 max_packets;
	u32 max_bytes;
};

int dlil_settings_parse(struct dlil_settings *s, struct genl_info *info);
int dlil_settings_run(struct dlil_ifnet *ifp, const struct dlil_settings *s,
		      char *sentence, size_t size);

#endif /* _DLIL_SETTINGS_H */
