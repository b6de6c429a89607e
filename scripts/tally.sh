#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs commands one after the other, whatever becomes of them, and adds up the
# `N passed, N failed` that each of them ends with.
#
#   tally.sh NAME COMMAND...     each command is one argument; ends with the
#                                line `NAME: N passed, N failed`
#
# A command that reports no counts, or none but zeros, or fails without saying
# what, counts as one failure more.

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

[ $# -ge 2 ] || die "usage: tally.sh NAME COMMAND..."
name=$1
shift

cd "$TOP"
out=$(mktemp)
trap 'rm -f "$out"' EXIT
passed=0 failed=0 faults=()

run() {
	local cmd=$1 start=$SECONDS status=0 p=0 f=0
	local count='s/^\([a-z-]*: \)\{0,1\}\([0-9]\{1,\}\) passed, '
	count+='\([0-9]\{1,\}\) failed$/\2 \3/p'

	say "$name: $cmd"
	# shellcheck disable=SC2086 # a command with its arguments
	$cmd </dev/null 2>&1 | tee "$out" || status=$?
	read -r p f < <(sed -n "$count" "$out" | tail -n 1) || true
	passed=$((passed + p))
	failed=$((failed + f))
	if [ $((p + f)) -eq 0 ]; then
		faults+=("$cmd reported no counts")
	elif [ "$f" -eq 0 ] && [ $status -ne 0 ]; then
		faults+=("$cmd ended with status $status")
	fi
	say "$name: $cmd took $((SECONDS - start)) s"
}

for cmd; do
	run "$cmd"
done
for fault in "${faults[@]}"; do
	say "$name: $fault"
done
failed=$((failed + ${#faults[@]}))
echo "$name: $passed passed, $failed failed"
[ $failed -eq 0 ]
