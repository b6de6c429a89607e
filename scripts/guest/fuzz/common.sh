# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Shared by the fuzzers in the VM: KTAP, and checks at the end.  Sourced, never
# run.

set -uo pipefail
cd /dlil || exit
# shellcheck source=scripts/guest/lib.sh
. ./lib.sh
# shellcheck source=scripts/guest/reports.sh
. ./reports.sh

T=/tmp/fuzz
mkdir -p "$T"

LIMIT=900
KTAP_N=0 KTAP_FAILED=0

plan() { printf 'KTAP version 1\n1..%d\n' "$1"; }

# check NAME COMMAND...: one line of KTAP, with the output of the command as a
# comment.  It fails if the command does, or if the kernel has reported a fault
# since.
check() {
	local name=$1 result=ok status line mark=dlil-fuzz-$$-$KTAP_N start=$SECONDS
	shift

	KTAP_N=$((KTAP_N + 1))
	echo "$mark" >/dev/kmsg
	# If it hangs, the kernel's log shows where.
	(sleep $LIMIT && echo w >/proc/sysrq-trigger) &
	(set -e; "$@") 2>&1 | while IFS= read -r line; do
		echo "# ${line#\# }"
	done
	status=${PIPESTATUS[0]}
	kill $!
	dmesg | sed "1,/$mark\$/d" >"$T/dmesg"
	if kernel_reports "$T/dmesg" >"$T/reports"; then
		status=1
		sed 's/^/# the kernel reported: /' "$T/reports"
	fi
	[ "$status" -eq 0 ] || { result='not ok'; KTAP_FAILED=$((KTAP_FAILED + 1)); }
	echo "$result $KTAP_N $name # $((SECONDS - start)) s"
}

done_checking() { [ "$KTAP_FAILED" -eq 0 ] && [ "$KTAP_N" -gt 0 ]; }

# as_nobody COMMAND...: run it without privilege, in the namespace of the
# device.
as_nobody() {
	dut setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

# All ifnets of a namespace can be detached by ordinary means.
detach_all() {
	local dev

	for dev in $(attached_in "$1"); do
		dlilctl -n "$1" detach "$dev"
	done
	is "what $1 shows" "$(dlilctl -n "$1" -j show)" "[]"
}

# Everything still works on a wrapped device: attach, ping, filter, detach.
works() {
	dut ip neigh flush all
	peer ip neigh flush all
	ctl attach dl0
	wait_for 30 answer_comes
	ctl filter add dl0 last match icmp count
	is answers "$(pings peer 5 "$IP0")" 5
	at_least "packets matched" "$(filter last matched)" 10
	ctl filter del dl0 last
	ctl detach dl0
	is answers "$(pings peer 5 "$IP0")" 5
}

answer_comes() { [ "$(pings peer 1 "$IP0")" = 1 ]; }

# The module can be unloaded, with its threads and caches; then the namespaces
# go.
unloads() {
	local mod left

	for mod; do
		timeout 60 rmmod "$mod"
	done
	wire del dut peer
	left=$(grep -hE '^dlil' /proc/[0-9]*/comm 2>/dev/null || true)
	is "threads left" "$left" ""
	left=$(ls -d /sys/kernel/slab/dlil* 2>/dev/null || true)
	is "slab caches left" "$left" ""
}
