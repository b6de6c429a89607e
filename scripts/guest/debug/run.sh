#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# run.sh ROUNDS SEED PATTERN [each]: on a debug kernel, runs the tests in
# debug/tests that match the pattern, as run-tests.sh does.  Memory that was lost
# is looked for in the end, or behind each of them.

cd /dlil || exit
export ROUNDS=$1 SEED=$2 LEAKS_EACH=${4:-}

mount --bind debug/tests tests
# What the kernel lost while it booted is not ours.
bash debug/leaks.sh forget
bash run-tests.sh "$3" 1 1
status=$?
# How many allocations of what have failed.
[ ! -e /tmp/faults ] || sed 's/^/# /' /tmp/faults
exit $status
