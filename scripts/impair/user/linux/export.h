/* SPDX-License-Identifier: GPL-2.0 */
/* A program exports nothing. */
