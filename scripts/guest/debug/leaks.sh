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
cat $LEAKS
[ -z "$(cat $LEAKS)" ]
