#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs commands, whatever becomes of them, and adds up the `N passed, N failed`
# that each of them ends with.
#
#   tally.sh [-j N] NAME COMMAND...
#
#   -j N   so many at once, started in this order; what each of them prints
#          comes when it is over, in one piece (one after the other)
#
# Each command is one argument.  The last line is `NAME: N passed, N failed`.
#
# A command that reports no counts, or none but zeros, or fails without saying
# what, counts as one failure more.

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

at_once=1
if [ "${1:-}" = -j ]; then
	at_once=${2:-}
	shift 2 || true
fi
[[ $# -ge 2 && $at_once =~ ^[1-9][0-9]*$ ]] ||
	die "usage: tally.sh [-j N] NAME COMMAND..."
name=$1
shift

cd "$TOP"
out=$(mktemp -d)
pids=()
# Each has a process group of its own, with its VMs.
clean_up() {
	local pid

	for pid in "${pids[@]}"; do
		kill -- "-$pid" 2>/dev/null || true
	done
	rm -rf "$out"
}
trap clean_up EXIT
trap 'exit 130' INT TERM
passed=0 failed=0 faults=()

# evaluate COMMAND STATUS OUTPUT SECONDS
evaluate() {
	local cmd=$1 status=$2 p=0 f=0
	local count='s/^\([a-z-]*: \)\{0,1\}\([0-9]\{1,\}\) passed, '
	count+='\([0-9]\{1,\}\) failed$/\2 \3/p'

	read -r p f < <(sed -n "$count" "$3" | tail -n 1) || true
	passed=$((passed + p))
	failed=$((failed + f))
	if [ $((p + f)) -eq 0 ]; then
		faults+=("$cmd reported no counts")
	elif [ "$f" -eq 0 ] && [ "$status" -ne 0 ]; then
		faults+=("$cmd ended with status $status")
	fi
	say "$name: $cmd took $4 s"
}

run() {
	local cmd=$1 start=$SECONDS status=0

	say "$name: $cmd"
	# shellcheck disable=SC2086 # a command with its arguments
	$cmd </dev/null 2>&1 | tee "$out/0" || status=$?
	evaluate "$cmd" $status "$out/0" $((SECONDS - start))
}

# The number of a command is that of its file, its time and its process.
start() {
	local i=$1 cmd=$2

	say "$name: begins: $cmd"
	starts[i]=$SECONDS
	set -m
	# shellcheck disable=SC2086 # a command with its arguments
	$cmd </dev/null >"$out/$i" 2>&1 &
	set +m
	pids[i]=$!
}

# One of those that run, whichever is the first.
finish() {
	local pid status=0 i

	wait -n -p pid "${pids[@]}" || status=$?
	for i in "${!pids[@]}"; do
		[ "${pids[i]}" = "$pid" ] || continue
		unset "pids[i]"
		say "$name: ends: ${commands[i]}"
		cat "$out/$i"
		evaluate "${commands[i]}" $status "$out/$i" \
			$((SECONDS - starts[i]))
	done
}

commands=("$@") starts=()
for i in "${!commands[@]}"; do
	if [ "$at_once" -eq 1 ]; then
		run "${commands[i]}"
		continue
	fi
	[ ${#pids[@]} -lt "$at_once" ] || finish
	start "$i" "${commands[i]}"
done
while [ ${#pids[@]} -gt 0 ]; do
	finish
done
for fault in "${faults[@]}"; do
	say "$name: $fault"
done
failed=$((failed + ${#faults[@]}))
echo "$name: $passed passed, $failed failed"
[ $failed -eq 0 ]
