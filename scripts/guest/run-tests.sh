#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# run-tests.sh PATTERN PART PARTS: run the tests in tests/*.sh whose names match
# the pattern, every PARTS-th of them from number PART on, and report KTAP.  A
# test is a function test_NAME; the comment above it names the rows of
# Documentation/semantics.rst that it proves.

cd /dlil || exit
# shellcheck source=scripts/guest/lib.sh
. ./lib.sh
# shellcheck source=scripts/guest/reports.sh
. ./reports.sh

LIMIT=120

mapfile -t TESTS < <(sed -nE 's/^test_([a-z0-9_]+)\(\).*/\1/p' tests/*.sh |
	grep -E -- "$1" | awk -v part="$2" -v parts="$3" 'NR % parts == part % parts')

devices() { ip -n "$1" -br link | sed -E '/^lo /d; s/[ @].*//'; }

# Complaints about the state that a test left, one a line.
check_after() {
	local ns mod file

	# STA-3
	for ns in dut peer; do
		[ -e "/run/netns/$ns" ] || continue
		ip netns pids "$ns" | xargs -r kill -9 2>/dev/null
		[ -d /sys/module/dlil ] || continue
		(wait_for 5 accounted "$ns") 2>/dev/null || {
			echo "packets are unaccounted for in $ns:"
			unaccounted "$ns"
		}
	done
	# A device that is deleted here, not with its namespace, is gone when
	# the command returns: that waits for the last reference.
	for ns in dut peer; do
		[ -e "/run/netns/$ns" ] || continue
		devices "$ns" | sed 's/^/link del /' |
			timeout 20 ip -n "$ns" -force -batch - 2>/dev/null
		[ -z "$(devices "$ns")" ] ||
			echo "cannot be deleted: $(devices "$ns")"
		ip netns del "$ns"
	done
	for mod in dlil_sample dlil; do
		[ ! -d "/sys/module/$mod" ] || timeout 20 rmmod "$mod" 2>&1
	done
	grep -lE '^dl(il|0)' /proc/[0-9]*/comm 2>/dev/null |
		while read -r file; do
			echo "a thread is left: $(cat "$file")"
		done
	for file in /sys/kernel/slab/dlil*; do
		[ ! -e "$file" ] || echo "a slab cache is left: ${file##*/}"
	done
}

# dmesg_since MARK: what the kernel said since then.
dmesg_since() { dmesg | sed "1,/$1/d"; }

run() {
	local name=$1 status=0 complaints mark=dlil-test-begins-$1 log=/tmp/log.$1

	echo "$mark" >/dev/kmsg
	timeout -k 5 "$LIMIT" bash one-test.sh "test_$name" </dev/null \
		>"$log" 2>&1 || status=$?
	[ $status -ne 124 ] || echo "not over after $LIMIT s" >>"$log"
	complaints=$(check_after)
	[ -z "$complaints" ] || { status=1; echo "$complaints" >>"$log"; }
	dmesg_since "$mark" >/tmp/dmesg
	if kernel_reports /tmp/dmesg >/tmp/reports; then
		status=1
		echo "the kernel reported:" >>"$log"
		cat /tmp/dmesg >>"$log"
	fi
	rm -rf "/tmp/test.test_$name"
	return $status
}

echo "KTAP version 1"
echo "1..${#TESTS[@]}"
n=0 failed=0
for name in "${TESTS[@]}"; do
	n=$((n + 1))
	start=${EPOCHREALTIME/./}
	if run "$name"; then
		result=ok
	else
		result='not ok'
		failed=$((failed + 1))
		sed 's/^/# /' "/tmp/log.$name"
	fi
	took=$(((${EPOCHREALTIME/./} - start) / 100000))
	echo "$result $n $name # $((took / 10)).$((took % 10)) s"
done
[ "$failed" -eq 0 ]
