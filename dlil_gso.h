/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_GSO_H
#define _DLIL_GSO_H

#include <linux/skbuff.h>

int dlil_gso_segment(struct sk_buff *skb, unsigned int header, bool out,
		     struct sk_buff_head *segments);

#endif /* _DLIL_GSO_H */
