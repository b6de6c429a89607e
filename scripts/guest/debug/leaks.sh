#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Asks kmemleak for what nothing points to any more: prints it, and fails if there
# is any.  `leaks.sh forget` lets what there is be, for instance of the boot.

LEAKS=/sys/kernel/debug/kmemleak
# A kernel that does not look for leaks (kmemleak=off) has none to tell of.
[ -e $LEAKS ] || exit 0
! grep -qw kmemleak=off /proc/cmdline || exit 0
[ "${1:-}" != forget ] || { echo clear >$LEAKS; exit; }

# An object that changed since the last scan is not suspected: all of them in the
# first one.  Nor is one that is younger than this when a scan begins
# (MSECS_MIN_AGE in kmemleak.c).
AGE=5
start=$SECONDS
echo scan >$LEAKS || exit
while [ $((SECONDS - start)) -le $AGE ]; do
	sleep 1
done
echo scan >$LEAKS || exit

# All but a name that the kernel itself (6.1) loses when sysfs has no memory for a
# new slab cache: sysfs_slab_add() does not put the kobject.  For where memory has
# been made to run short only (debug/tests/faults.sh).
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
