#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# packets.sh [COUNT [SEED]]: feed COUNT frames with random contents through
# input and output (kunit/dlil_fuzz.c), and report KTAP.

# shellcheck source=scripts/guest/fuzz/common.sh
. /dlil/fuzz/common.sh

COUNT=${1:-200000} SEED=${2:-1}

# fz0 receives nothing but frames of the fuzzer; frames that it sends on dl0
# arrive at pe0, which is wrapped as well.
set_up() {
	pin_static_branches
	modprobe dlil
	# A small MTU, so that some frames do not fit.
	echo 128 >"$PARAMS/rcvq_limit"
	modprobe dummy numdummies=0
	two_namespaces
	ip -n dut -batch - <<-END
		link add fz0 mtu 65535 type dummy
		addr add 10.8.0.1/24 dev fz0
		link set fz0 up
		link set dl0 mtu 65535
	END
	ip -n peer link set pe0 mtu 65535
	ctl attach fz0
	ctl attach dl0
	dlilctl -n peer attach pe0
	for dev in fz0 dl0; do
		ctl filter add $dev m0 match 'ip' count
		ctl filter add $dev m1 in match 'udp port 4789' drop
		ctl filter add $dev m2 out match 'icmp6' pass
		ctl filter add $dev m3 match 'greater 9000 or vlan' drop
	done
}

# Meanwhile, match filters are added and deleted, and everything is shown.
feed() {
	local dev line

	# The shell reads single bytes, and the kernel writes whole lines.
	# shellcheck disable=SC2002
	cat /dev/kmsg | while IFS= read -r line; do
		[[ ! $line =~ dlil_fuzz:\ ([0-9]+ of .*) ]] ||
			echo "# ${BASH_REMATCH[1]}"
	done &
	dut modprobe dlil_fuzz count="$COUNT" seed="$SEED" devices=fz0,dl0 &
	while kill -0 $! 2>/dev/null; do
		for dev in fz0 dl0 fuzz0 fuzz1; do
			ctl filter add $dev m match 'len >= 64 and ip' count \
				2>/dev/null || continue
			ctl -j -s show >/dev/null
			ctl filter del $dev m || true
		done
	done
	reap $!
	kill %1
	dmesg | sed -n 's/.*dlil_fuzz: \(.*\(=\|fail\).*\)/# \1/p'
	at_least "frames made" "$(cat /sys/module/dlil_fuzz/parameters/made)" \
		"$COUNT"
	is failures "$(cat /sys/module/dlil_fuzz/parameters/failures)" 0
}

still_answers() {
	wait_for 10 accounted dut
	wait_for 10 accounted peer
	detach_all dut
	detach_all peer
}

echo "# $COUNT frames, seed $SEED"
plan 4
check set_up set_up
check feed feed
check answers still_answers
check unloads eval 'works && unloads dlil_fuzz dlil'
done_checking
