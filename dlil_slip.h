/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_SLIP_H
#define _DLIL_SLIP_H

struct dlil_slips;
struct sk_buff;

struct dlil_slips *dlil_slips_new(void);
void dlil_slips_clear(struct dlil_slips *slips);
void dlil_slips_put(struct dlil_slips *slips);

int dlil_slip_put_on(struct dlil_slips *slips, struct sk_buff *skb);
void dlil_slip_take_off(struct sk_buff *skb);

void dlil_slip_module_exit(void);

#endif /* _DLIL_SLIP_H */
