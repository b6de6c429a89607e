#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# run-tests.sh PATTERN PART PARTS: run the tests in tests/*.sh whose names match
# the pattern, every PARTS-th of them from number PART on, and report KTAP.  A
# test is a function test_NAME; the comment above it names the rows of
# Documentation/semantics.rst that it tests.

cd /dlil || exit
# shellcheck source=scripts/guest/lib.sh
. ./lib.sh
# shellcheck source=scripts/guest/reports.sh
. ./reports.sh
for file in tests/*.sh; do
	# shellcheck disable=SC1090 # each of them
	. "$file"
done

# In seconds; a kernel with checkers is slower.
LIMIT=120
[ ! -e /sys/kernel/debug/kmemleak ] || LIMIT=1200

mapfile -t TESTS < <(sed -nE 's/^test_([a-z0-9_]+)\(\).*/\1/p' tests/*.sh |
	grep -E -- "$1" | awk -v part="$2" -v parts="$3" 'NR % parts == part % parts')

# Run the test NAME in a new pair of namespaces, with dlil loaded.
one_test() {
	set -eEuo pipefail
	T=/tmp/test.$1
	mkdir "$T"
	trap 'fail "line $LINENO of ${BASH_SOURCE[0]##*/}: $BASH_COMMAND"' ERR
	trap 'trap - ERR; set +e; end_faults; kill $(jobs -p) 2>/dev/null; wait' EXIT

	in_haste 1
	modprobe dlil
	two_namespaces
	in_haste 0
	"test_$1"
}

# end_at_limit PID: kill the process group of a test that does not end.
end_at_limit() {
	read -rt "$LIMIT" -u "$NEVER"
	echo "not over after $LIMIT s"
	kill -- "-$1"
	read -rt 5 -u "$NEVER"
	kill -9 -- "-$1"
}

# Prints what is wrong with the state after a test.
check_after() {
	local ns all=() left mod file comm

	in_haste 1
	for ns in dut peer; do
		[ ! -e "/run/netns/$ns" ] || all+=("$ns")
	done
	# STA-3
	for ns in "${all[@]}"; do
		[ -d /sys/module/dlil ] || continue
		left=$(unaccounted "$ns" 2>/dev/null)
		[ -n "$left" ] || continue
		(wait_for 5 accounted "$ns") 2>/dev/null || {
			echo "packets are unaccounted for in $ns:"
			unaccounted "$ns"
		}
	done
	end_mailer
	# A test may have put a slow one in its place.
	echo /sbin/modprobe >/proc/sys/kernel/modprobe
	[ ! -d /sys/module/vmxnet3 ] || modprobe -r vmxnet3
	[ ${#all[@]} -eq 0 ] || wire del "${all[@]}"
	wake_sleeper
	# A filter ends a moment after its device is gone.
	[ ! -d /sys/module/dlil_impair ] || (wait_for 5 rmmod dlil_impair) 2>/dev/null
	for mod in dlil_sleeper dlil_planted dlil_sample dlil_asker dlil_mailer dlil_nth \
		dlil_family dlil_scribble dlil; do
		[ ! -d "/sys/module/$mod" ] || rmmod "$mod"
	done
	for file in /proc/[0-9]*/comm; do
		read -r comm 2>/dev/null <"$file" || continue
		[[ $comm != dlil* ]] || echo "a thread is left: $comm"
	done
	for file in /sys/kernel/slab/dlil*; do
		[ ! -e "$file" ] || echo "a slab cache is left: ${file##*/}"
	done
}

# run NAME: run the test, with its output in /tmp/log.NAME.  Its processes form a group, which
# must be empty afterwards.  Must not be called in a condition, which would
# disable `set -e` in the test.
run() {
	local name=$1 log=/tmp/log.$1 pid guard status

	dmesg -c >/dev/null
	echo "dlil-test: $name" >/dev/kmsg
	: >"$log"
	set -m
	(set +m; one_test "$name") </dev/null >>"$log" 2>&1 &
	pid=$!
	set +m
	end_at_limit $pid >>"$log" 2>&1 &
	guard=$!
	reap $pid 2>>"$log"
	status=$?
	kill $guard 2>/dev/null
	wait $guard 2>/dev/null
	kill -9 -- -$pid 2>/dev/null
	check_after >/tmp/complaints 2>&1
	[ ! -s /tmp/complaints ] || { status=1; cat /tmp/complaints >>"$log"; }
	dmesg >/tmp/dmesg
	if kernel_reports /tmp/dmesg >/tmp/reports; then
		status=1
		echo "the kernel reported:" >>"$log"
		cat /tmp/dmesg >>"$log"
	fi
	rm -rf "/tmp/test.$name"
	if [ -n "${LEAKS_EACH:-}" ] && ! bash debug/leaks.sh >>"$log"; then
		status=1
		bash debug/leaks.sh forget
	fi
	return $status
}

pin_static_branches || exit
echo "KTAP version 1"
echo "1..${#TESTS[@]}"
n=0 failed=0
for name in "${TESTS[@]}"; do
	n=$((n + 1))
	start=${EPOCHREALTIME/./}
	run "$name"
	status=$?
	took=$(((${EPOCHREALTIME/./} - start) / 100000))
	took="$((took / 10)).$((took % 10)) s"
	if [ $status -eq $NOT_RUN ]; then
		result=ok
		took="SKIP $(sed -n 's/^# not run: //p' "/tmp/log.$name")"
	elif [ $status -eq 0 ]; then
		result=ok
		# Results of measurements.
		grep '^# ' "/tmp/log.$name"
	else
		result='not ok'
		failed=$((failed + 1))
		sed 's/^/# /' "/tmp/log.$name"
	fi
	echo "$result $n $name # $took"
done
[ "$failed" -eq 0 ]
