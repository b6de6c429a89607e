#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs commands, even after failures, and adds up the `N passed, N failed` with
# which each of them ends.
#
#   tally.sh [-j N] NAME COMMAND...
#
#   -j N   run N at once, started in this order; the output of each is printed
#          in one piece when it ends (default: one after the other)
#
# Each command is one argument.  The last line is `NAME: N passed, N failed`.
#
# A command that reports no counts, or only zeros, or that fails without
# reporting a failure, counts as one more failure.

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
# Each command has a process group of its own, with its VMs.
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

# The files of a command are named by its number; they have its time and process
# id.
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

# Wait for one of the running commands, whichever ends first.
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
