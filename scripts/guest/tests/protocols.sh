# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2086,SC2154 # constants of lib.sh
#
# Protocols of the host, and packets without a protocol.

has_inet() { json '.protocols[].family' | grep -qx inet; }

# LNX-4 PRO-1 PRO-3: without inet, IPv4 works in neither direction and IPv6
# still does; afterwards everything works again.
test_unplumb_inet() {
	local seen dropped

	ctl attach dl0
	has_inet || fail "inet is not plumbed by attach"
	is answers "$(pings peer 5 $IP0)" 5
	ctl proto unplumb dl0 inet
	! has_inet || fail "inet is still shown"
	seen=$(json .account.input.drops.noproto)
	no_pings peer $IP0
	at_least "drops in" "$(json .account.input.drops.noproto)" $((seen + 1))
	is noproto "$(json .stats.noproto)" "$(json .account.input.drops.noproto)"
	dropped=$(json .account.output.drops.noproto)
	no_pings dut $IP1
	at_least "drops out" "$(json .account.output.drops.noproto)" \
		$((dropped + 1))
	is "answers by IPv6" "$(pings peer 20 $IP60)" 20
	ctl proto plumb dl0 inet
	comes_back peer $IP0
	is "answers with inet again" "$(pings peer 20 $IP0)" 20
}

# LNX-4 LNX-5: the policy for unmatched packets does not revive inet.
test_unplumb_is_not_unmatched() {
	ctl attach dl0 unmatched pass
	ctl proto unplumb dl0 inet
	no_pings peer $IP0
	is passed "$(json .account.input.passed)" 0
}

# LNX-4: the same for inet6.
test_unplumb_inet6() {
	ctl attach dl0
	ctl proto unplumb dl0 inet6
	no_pings peer $IP60
	is "answers by IPv4" "$(pings peer 20 $IP0)" 20
	ctl proto plumb dl0 inet6
	comes_back peer $IP60
	is "answers with inet6 again" "$(pings peer 20 $IP60)" 20
}

# PRO-4 LNX-4: plumbing under traffic.
test_plumb_under_traffic() {
	local _

	ctl attach dl0
	flood peer $IP0
	ping_along peer $IP60
	for _ in {1..10}; do
		ctl proto unplumb dl0 inet
		ctl proto plumb dl0 inet
	done
	end_along
	end_floods
	comes_back peer $IP0
	is "answers by IPv4" "$(pings peer 5 $IP0)" 5
}

# PRO-1 PRO-3 PRO-5: errors change nothing.
test_plumb_errors() {
	ctl attach dl0
	refused_with "already plumbed" ctl proto plumb dl0 inet
	refused_with "unknown protocol" ctl proto plumb dl0 decnet
	refused_with "unknown protocol" ctl proto unplumb dl0 decnet
	ctl proto unplumb dl0 inet
	refused_with "not plumbed" ctl proto unplumb dl0 inet
	ctl proto plumb dl0 inet
	comes_back peer $IP0
}

# plumber NAME: how often it is plumbed.
plumber() { ctl -j proto show dl0 |
	jq -r ".[0].plumbers[] | select(.family == \"$1\").count"; }

# PRO-5: `proto` lists what can be plumbed, with counts.
test_plumbers_shown() {
	local name

	ctl attach dl0
	for name in inet inet6 vlan mpls pppoe; do
		is "the count of $name" "$(plumber $name)" 1
	done
	ctl proto unplumb dl0 mpls
	is "the count of mpls" "$(plumber mpls)" 0
	ctl proto | grep -qx '    plumber mpls count 0' ||
		fail "mpls is not listed as what can be plumbed"
	ctl proto plumb dl0 mpls
	is "the count of mpls" "$(plumber mpls)" 1
}

# PRO-5 IFN-5: a plumber is loaded on demand, works, pins its module, and is asked by the
# final detach.
test_plumber_on_demand() {
	ctl attach dl0
	refused_with "unknown protocol" ctl proto unplumb dl0 sample
	! lsmod | grep -q dlil_sample || fail "the sample was loaded to unplumb it"
	ctl proto plumb dl0 sample
	is "the count of the sample" "$(plumber sample)" 1
	refused_with "already plumbed" ctl proto plumb dl0 sample
	is answers "$(peer echo-client pe0 $MAC0 20)" \
		"20 of 20 echoes came back"
	! rmmod dlil_sample 2>/dev/null || fail "it was unloaded while plumbed"
	ctl proto unplumb dl0 sample
	refused_with "not plumbed" ctl proto unplumb dl0 sample
	ctl proto plumb dl0 sample
	ctl detach dl0
	rmmod dlil_sample
}

# PRO-5: the same for a module that plumbs a protocol by its number.
test_plumber_by_number() {
	ctl attach dl0
	modprobe dlil_asker
	! lsmod | grep -q dlil_sample || fail "the sample is there already"
	dut bash -c 'echo "dl0 100533" >/sys/module/dlil_asker/parameters/plumb'
	is "the count of the sample" "$(plumber sample)" 1
	is answers "$(peer echo-client pe0 $MAC0 20)" \
		"20 of 20 echoes came back"
	dut bash -c 'echo "dl0 100533" >/sys/module/dlil_asker/parameters/unplumb'
	is "the count of the sample" "$(plumber sample)" 0
	rmmod dlil_asker
	rmmod dlil_sample
}

# PRO-5 LNX-13: only the task that plumbs a protocol waits while its module loads.
test_plumber_takes_long() {
	local pid

	ctl attach dl0
	cat >"$T/modprobe" <<-END
		#!/bin/bash
		export PATH=$PATH
		echo "\${@: -1}" >>$T/asked
		for _ in {1..300}; do
			[ ! -e $T/go ] || exit
			sleep 0.1
		done
	END
	chmod +x "$T/modprobe"
	echo "$T/modprobe" >/proc/sys/kernel/modprobe
	dlilctl -n dut proto plumb dl0 nosuch 2>"$T/said" &
	pid=$!
	wait_for 20 grep -qx dlil-proto-nosuch "$T/asked"
	ctl proto unplumb dl0 mpls
	ctl proto plumb dl0 mpls
	ctl show dl0 >/dev/null
	kill -0 $pid || fail "nobody waits for the module any more"
	: >"$T/go"
	! reap $pid || fail "it was plumbed"
	echo /sbin/modprobe >/proc/sys/kernel/modprobe
	grep -q "unknown protocol" "$T/said" || fail "it said $(<"$T/said")"
}

# A frame of an unused EtherType, from peer's address.
stray() { send_frames peer pe0 "$1 ${MAC1//:/} 88b6 $(printf '%092d' 0)"; }

host_has() { [ "$(stat -c %s "$T/host")" -ge "$1" ]; }

# LNX-5 INP-8: packets without protocol go to the host, or are dropped.
test_unmatched() {
	local _

	ctl attach dl0
	is unmatched "$(json .unmatched)" pass
	: >"$T/host"
	host_listens dl0 0x88b6
	for _ in 1 2 3; do
		stray ${MAC0//:/}
	done
	wait_for 5 host_has 180
	settle peer $IP0
	is "bytes the host got" "$(stat -c %s "$T/host")" 180
	is passed "$(json .account.input.passed)" 3
	is "drops without a protocol" "$(json .account.input.drops.noproto)" 0

	ctl set dl0 unmatched drop
	is unmatched "$(json .unmatched)" drop
	for _ in 1 2 3 4; do
		stray ${MAC0//:/}
	done
	comes_to "drops without a protocol" 4 json .account.input.drops.noproto
	is noproto "$(json .stats.noproto)" 7
	is passed "$(json .account.input.passed)" 3
	is "answers, which are claimed" "$(pings peer 5 $IP0)" 5

	ctl set dl0 unmatched pass
	stray ${MAC0//:/}
	wait_for 5 host_has 240
	settle peer $IP0
	is "bytes the host got" "$(stat -c %s "$T/host")" 240
}

# LNX-5 PRO-7: a frame for another station, on a promiscuous device.
test_not_for_us() {
	ip -n dut link set dl0 promisc on
	ctl attach dl0 unmatched drop
	is unmatched "$(json .unmatched)" drop
	stray 02aabbccddee
	comes_to "drops for others" 1 json .account.input.drops.promiscuous
	ctl set dl0 unmatched pass
	stray 02aabbccddee
	comes_to passed 1 json .account.input.passed
}
