# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Patterns of kernel messages that report a fault.  One list for the host, which
# reads the whole log of a VM, and for the guest, which reads what each test
# added; for stock kernels and for debug kernels.  Sourced, never run.

KERNEL_REPORTS=(
	'WARNING:' 'BUG:' 'BUG [^ ]+ ?\(' 'Oops' 'Call Trace:' 'Kernel panic'
	'general protection fault' 'unable to handle' 'stack-protector:'
	'kernel BUG at' 'Bad page' 'double fault' 'divide error:'
	# lockdep, sleeping in atomic context, RCU
	'possible recursive locking' 'possible circular locking'
	'INFO: possible' 'inconsistent lock state' 'suspicious RCU'
	'Invalid wait context' 'held lock freed' 'bad unlock balance'
	'lock held when returning' 'still has locks held'
	'sleeping function called' 'scheduling while atomic'
	'DEBUG_LOCKS_WARN_ON' 'workqueue: .* leaked'
	# memory and references
	'KASAN:' 'KCSAN:' 'KMSAN:' 'UBSAN:' 'KFENCE:' 'ODEBUG:'
	'kmemleak: [0-9]+ new suspected' 'Objects remaining' 'still has objects'
	'redzone overwritten' 'oison overwritten' 'Object already free'
	'list_(add|del) corruption' 'waiting for .* to become free'
	'refcount_t:' 'leaked' 'ref_tracker:' 'page allocation failure'
	# hangs
	'blocked for more than' 'soft lockup' 'hard LOCKUP'
	'rcu.*stall' 'NETDEV WATCHDOG' 'workqueue lockup' 'hogged CPU'
	# the network
	'hw csum failure' 'skb_over_panic' 'skb_under_panic'
)

# Not caused by us: the module is unsigned and out of tree, and debug facilities
# announce themselves.
KERNEL_REPORTS_FINE=(
	'loading out-of-tree module taints kernel'
	'module verification failed'
	'KASAN: .*initialized' 'RCU CPU stall'
)

# Messages that tests provoke, by failing allocations or otherwise
# (kunit/dlil_life_kunit.c), and leaks of the kernel itself (debug/leaks.sh).  A
# slab cache with too little memory is reported as invalid.  The sed of the
# guest is that of busybox.
INJECTED='/# the kernel is to complain from here on/,/# up to here/d
	/vmalloc error: .* vm_struct allocation failed/,/<\/TASK>/d
	/kmem_cache_create.* failed with error -12/,/<\/TASK>/d
	/dlil-test: memory runs short/,/dlil-test: there is memory/{/kmem_cache_create.* failed with error -22/,/<\/TASK>/d}
	/kmemleak: [0-9]* new suspected/{N;/these are the kernel.s own/d}'

# kernel_reports FILE: prints the reports in a kernel log; true if there are any.
kernel_reports() {
	local IFS='|'

	grep -qE "${KERNEL_REPORTS[*]}" "$1" || return
	sed "$INJECTED" "$1" | grep -E "${KERNEL_REPORTS[*]}" |
		grep -vE "${KERNEL_REPORTS_FINE[*]}"
}
