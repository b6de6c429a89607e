/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLIL_EXPORT_H
#define _DLIL_EXPORT_H

#include <linux/export.h>

/* Exported for the KUnit suites only, which may be a module of their own. */
#ifdef DLIL_TESTED
#define EXPORT_SYMBOL_FOR_TEST(sym) EXPORT_SYMBOL_GPL(sym)
#else
#define EXPORT_SYMBOL_FOR_TEST(sym)
#endif

#endif /* _DLIL_EXPORT_H */
