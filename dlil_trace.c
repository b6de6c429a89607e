// SPDX-License-Identifier: GPL-2.0
/*
 * Tracepoints (STA-5): what include/trace/events/dlil.h declares is made here.
 *
 * Off, a tracepoint is an instruction that does nothing where batches begin and end
 * and where packets are dropped.  Where a packet alone would pay, there is not even
 * that: verdicts of filters are traced by a second version of the loop (dlil_chain.c),
 * packets on their way to the driver only while dlil_inspect.h has them looked at.
 */
#define CREATE_TRACE_POINTS
#include <trace/events/dlil.h>
