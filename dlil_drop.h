/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_DROP_H
#define _DLIL_DROP_H

#include <net/dlil.h>

void dlil_drop_skb(struct sk_buff *skb, enum dlil_drop_reason why);
void dlil_drop_list(struct sk_buff_head *list, enum dlil_drop_reason why);

#endif /* _DLIL_DROP_H */
