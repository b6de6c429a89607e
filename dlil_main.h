/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_MAIN_H
#define _DLIL_MAIN_H

/**
 * struct dlil_part - a part of the module
 * @init: initialises the part; 0, or an error after which nothing is left
 *	behind
 * @exit: undoes @init
 */
struct dlil_part {
	int (*init)(void);
	void (*exit)(void);
};

int dlil_parts_init(const struct dlil_part *part, unsigned int n);
void dlil_parts_exit(const struct dlil_part *part, unsigned int n);

#endif /* _DLIL_MAIN_H */
