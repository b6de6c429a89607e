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

# Seconds; a kernel with checkers is slower.
LIMIT=120
[ ! -e /sys/kernel/debug/kmemleak ] || LIMIT=1200

mapfile -t TESTS < <(sed -nE 's/^test_([a-z0-9_]+)\(\).*/\1/p' tests/*.sh |
	grep -E -- "$1" | awk -v part="$2" -v parts="$3" 'NR % parts == part % parts')

# Every first egress hook and every last one gone has the kernel rewrite its code,
# and an emulated processor that is just there may trap at the old one for ever.
# One hook that stays keeps that from happening thousands of times.
pin_egress_hook() {
	modprobe dummy numdummies=0
	ip link add pin0 type dummy
	nft -f - <<-END
		table netdev pin {
			chain out { type filter hook egress device pin0 priority 0; }
		}
	END
}

# Of a namespace, but for lo: a line each.
devices() {
	# shellcheck disable=SC2016 # the inner shell's
	inns "$1" bash -c 'cd /sys/class/net && for dev in *; do
		case $dev in
		lo | sit0 | dlil_ifnets | bonding_masters) ;;
		*) echo "$dev" ;;
		esac
	done'
}

# Deleted here, not with its namespace, a device is gone when the command
# returns: that waits for the last reference.
delete_devices() {
	local all

	all=$(devices "$1")
	[ -n "$all" ] || return 0
	timeout 20 ip -n "$1" -force -batch - 2>/dev/null \
		<<<"link del ${all//$'\n'/$'\n'link del }"
	all=$(devices "$1")
	[ -z "$all" ] || echo "cannot be deleted: $all"
}

# Complaints about the state that a test left, one a line.
check_after() {
	local ns mod file comm gone=''

	in_haste 1
	# STA-3
	for ns in dut peer; do
		[ -e "/run/netns/$ns" ] || continue
		[ -d /sys/module/dlil ] || continue
		(wait_for 5 accounted "$ns") 2>/dev/null || {
			echo "packets are unaccounted for in $ns:"
			unaccounted "$ns"
		}
	done
	for ns in dut peer; do
		[ -e "/run/netns/$ns" ] || continue
		delete_devices "$ns"
		gone+="netns del $ns"$'\n'
	done
	[ -z "$gone" ] || ip -force -batch - <<<"$gone"
	for mod in dlil_planted dlil_sample dlil; do
		[ ! -d "/sys/module/$mod" ] || timeout 20 rmmod "$mod" 2>&1
	done
	for file in /proc/[0-9]*/comm; do
		read -r comm 2>/dev/null <"$file" || continue
		[[ $comm != dlil* ]] || echo "a thread is left: $comm"
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
	# Has a process group of its own, of which nothing is to be left.
	timeout -k 5 "$LIMIT" bash one-test.sh "test_$name" </dev/null \
		>"$log" 2>&1 &
	wait $! || status=$?
	kill -9 -- -$! 2>/dev/null
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
	if [ -n "${LEAKS_EACH:-}" ] && ! bash debug/leaks.sh >>"$log"; then
		status=1
		bash debug/leaks.sh forget
	fi
	return $status
}

pin_egress_hook || exit
echo "KTAP version 1"
echo "1..${#TESTS[@]}"
n=0 failed=0
for name in "${TESTS[@]}"; do
	n=$((n + 1))
	start=${EPOCHREALTIME/./}
	if run "$name"; then
		result=ok
		# What it has measured.
		grep '^# ' "/tmp/log.$name"
	else
		result='not ok'
		failed=$((failed + 1))
		sed 's/^/# /' "/tmp/log.$name"
	fi
	took=$(((${EPOCHREALTIME/./} - start) / 100000))
	echo "$result $n $name # $((took / 10)).$((took % 10)) s"
done
[ "$failed" -eq 0 ]
