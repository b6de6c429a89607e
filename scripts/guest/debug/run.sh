#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# run.sh ROUNDS SEED NAMES [each]: on a debug kernel, runs the tests with these
# names (a|b|c) in debug/tests, like run-tests.sh, those with faults last.
# Scans for leaks before those and at the end, or after each test.

cd /dlil || exit
export ROUNDS=$1 SEED=$2 LEAKS_EACH=${4:-}

mount --bind debug/tests tests
# Leaks of the kernel's boot are not ours.
bash debug/leaks.sh forget
status=0
for kind in chaos fault; do
	names=$(grep -oE "${kind}_[a-z0-9_]+" <<<"$3" | tr '\n' '|')
	[ -n "$names" ] || continue
	bash run-tests.sh "^(${names%|})\$" 1 1 || status=1
	# After tests with faults, leaks.sh ignores leaks of the kernel itself.
	[ $kind = fault ] || [ -n "$LEAKS_EACH" ] ||
		bash debug/leaks.sh || status=1
done
# Number of allocations that have failed, by kind.
[ ! -e /tmp/faults ] || sed 's/^/# /' /tmp/faults
exit $status
