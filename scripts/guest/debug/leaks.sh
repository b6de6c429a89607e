#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Prints what kmemleak has found, and fails if there is anything.  `leaks.sh
# forget` ignores what exists now, for instance leaks of the boot.

LEAKS=/sys/kernel/debug/kmemleak
# A kernel without leak detection (kmemleak=off) has nothing to report.
[ -e $LEAKS ] || exit 0
! grep -qw kmemleak=off /proc/cmdline || exit 0
[ "${1:-}" != forget ] || { echo clear >$LEAKS; exit; }

# An object that has changed since the previous scan is not suspected: that is
# all of them in the first scan.  Nor is one that is younger than this when a
# scan begins (MSECS_MIN_AGE in kmemleak.c).
AGE=5
start=$SECONDS
echo scan >$LEAKS || exit
while [ $((SECONDS - start)) -le $AGE ]; do
	sleep 1
done
echo scan >$LEAKS || exit

# Ignores a name that the kernel itself (6.1) leaks when sysfs has no memory for
# a new slab cache: sysfs_slab_add() does not put the kobject.  Only for tests
# with failing allocations (debug/tests/faults.sh).
ours() {
	awk '
		/^unreferenced object/ { flush() }
		/ kobject_set_name_vargs\+/ { named = 1 }
		/ sysfs_slab_add\+/ { slab = 1 }
		{ report = report $0 "\n" }
		END { flush() }
		function flush() {
			if (!(named && slab))
				printf "%s", report
			report = named = slab = ""
		}'
}

all=$(cat $LEAKS) || exit
found=$all
[ ! -e /tmp/faults ] || found=$(ours <<<"$all") || exit
if [ -n "$found" ]; then
	echo "$found"
	exit 1
fi
if [ -n "$all" ]; then
	# The next line of the log: see reports.sh.
	echo "dlil-test: these are the kernel's own" >/dev/kmsg
	echo clear >$LEAKS
fi
