#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# run.sh ROUNDS SEED NAMES [each]: on a debug kernel, runs the tests of these names
# (a|b|c) in debug/tests, as run-tests.sh does, those with faults last.  Memory that
# was lost is looked for in the end and before them, or behind each test.

cd /dlil || exit
export ROUNDS=$1 SEED=$2 LEAKS_EACH=${4:-}

mount --bind debug/tests tests
# What the kernel lost while it booted is not ours.
bash debug/leaks.sh forget
status=0
for kind in chaos fault; do
	names=$(grep -oE "${kind}_[a-z0-9_]+" <<<"$3" | tr '\n' '|')
	[ -n "$names" ] || continue
	bash run-tests.sh "^(${names%|})\$" 1 1 || status=1
	# Of faults leaks.sh forgives what the kernel loses itself.
	[ $kind = fault ] || [ -n "$LEAKS_EACH" ] ||
		bash debug/leaks.sh || status=1
done
# How many allocations of what have failed.
[ ! -e /tmp/faults ] || sed 's/^/# /' /tmp/faults
exit $status
