# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2086,SC2154 # constants of lib.sh
#
# The sample module: a filter and a protocol of another module, whose input
# callbacks sleep.

SAMPLE=/sys/module/dlil_sample/parameters

# FLT-1 FLT-11 PRO-1 PRO-6 OUT-1 OUT-4 LNX-6: the protocol of the sample answers echo requests
# by dlil_output(), and each answer passes the output filters once.
test_sample_echo() {
	ctl attach dl0
	ctl filter add dl0 answers out match ether proto 0x88b5 count
	dut modprobe dlil_sample dev=dl0
	is "its device" "$(<$SAMPLE/dev)" dl0
	is "its filter" "$(json '[.filters[].kind] | join(" ")')" "match sample"
	is answers "$(peer echo-client pe0 $MAC0 100)" \
		"100 of 100 echoes came back"
	is "requests answered" "$(<$SAMPLE/answered)" 100
	is "senders known" "$(<$SAMPLE/peers)" 1
	is "answers that a filter saw" "$(filter answers matched)" 100
	at_least "packets its filter saw" "$(<$SAMPLE/packets_in)" 100
	is answers "$(pings peer 20 $IP0)" 20

	send_frames peer pe0 "${MAC0//:/} ${MAC1//:/} 88b5 $(printf '%092d' 0)"
	comes_to "drops by the protocol" 1 json .account.input.drops.protocol

	! rmmod dlil_sample 2>/dev/null || fail "it was unloaded while attached"
	echo >$SAMPLE/dev
	is "filters left" "$(json '[.filters[].kind] | join(" ")')" match
	rmmod dlil_sample
	is answers "$(pings peer 20 $IP0)" 20
}

# both_ways ADDRESS0 ADDRESS1: a transfer to the device, and one back.
both_ways() {
	is "the checksum of a transfer to $1" \
		"$(transfer peer dut "$1" "$T/data")" "$SUM"
	is "the checksum of a transfer to $2" \
		"$(transfer dut peer "$2" "$T/data")" "$SUM"
}

# large NAME: number of packets larger than the MTU that this filter has seen.
large() { filter "$1" matched; }

# FLT-10 LNX-6 STA-3: the filter of the sample sees GSO packets unsegmented.  If it requests
# segments, it gets those, in both directions, and TCP still works.
test_sample_segments() {
	local dir

	head -c 2000000 /dev/urandom >"$T/data"
	SUM=$(sha256sum "$T/data" | cut -d ' ' -f 1)
	ctl attach dl0
	for dir in in out; do
		ctl filter add dl0 $dir-before $dir match 'greater 1600' count
	done
	dut modprobe dlil_sample dev=dl0 segments=Y
	for dir in in out; do
		ctl filter add dl0 $dir-after $dir match 'greater 1600' count
	done

	both_ways $IP0 $IP1
	both_ways "[$IP60]" "[$IP61]"
	for dir in in out; do
		at_least "large packets going $dir" "$(large $dir-before)" 10
		is "large packets going $dir behind it" "$(large $dir-after)" 0
	done
	at_least "packets it saw coming in" "$(<$SAMPLE/packets_in)" 2700
	at_least "packets it saw going out" "$(<$SAMPLE/packets_out)" 2700
	is "packets dropped" "$(json .account.input.freed) $(json .account.output.freed)" \
		"0 0"
	wait_for 10 accounted dut

	echo >$SAMPLE/dev
	echo N >$SAMPLE/segments
	dut bash -c "echo dl0 >$SAMPLE/dev"
	for dir in in out; do
		ctl filter add dl0 $dir-last $dir match 'greater 1600' count
	done
	both_ways $IP0 $IP1
	for dir in in out; do
		at_least "large packets going $dir, whole" \
			"$(large $dir-last)" 10
	done
	echo >$SAMPLE/dev
	rmmod dlil_sample
	wait_for 10 accounted dut
}

# FLT-8 PRO-3 IFN-5: the device is deleted with the sample attached, under
# traffic.
test_sample_detached() {
	ctl attach dl0
	dut modprobe dlil_sample dev=dl0
	flood peer $IP0
	ctl detach dl0
	is "its device" "$(<$SAMPLE/dev)" ""
	ctl attach dl0
	dut bash -c "echo dl0 >$SAMPLE/dev"
	timeout 60 ip -n dut link del dl0
	becomes "its device" "" cat $SAMPLE/dev
	rmmod dlil_sample
}

# tapped WAY: number of packets that the tap has seen.
tapped() {
	local n

	n=$(<"$SAMPLE/tapped_$1")
	echo "$n"
}

# attach_sample: attach it to dl0, which is attached, without a tap at first.
attach_sample() {
	modprobe dlil_sample
	! bash -c "echo both >$SAMPLE/tap" 2>/dev/null ||
		fail "a tap was set on nothing"
	dut bash -c "echo dl0 >$SAMPLE/dev"
}

# TAP-1: a tap on a device sees received packets before the filters, and sent
# ones behind them, whoever sends them.
test_sample_tap() {
	local in out dropped

	ctl attach dl0
	attach_sample
	is answers "$(pings peer 5 $IP0)" 5
	is "packets without a tap" "$(tapped in) $(tapped out)" "0 0"

	echo both >$SAMPLE/tap
	is answers "$(peer echo-client pe0 $MAC0 10)" \
		"10 of 10 echoes came back"
	at_least "packets in" "$(tapped in)" 10
	at_least "answers by dlil_output" "$(tapped out)" 10
	is answers "$(pings peer 10 $IP0)" 10
	at_least "packets in" "$(tapped in)" 20
	at_least "answers" "$(tapped out)" 20

	ctl filter add dl0 noping match icmp drop
	in=$(tapped in) out=$(tapped out)
	no_pings peer $IP0
	no_pings dut $IP1
	at_least "dropped on its way in" "$(($(tapped in) - in))" 5
	# The tap sees the few packets that the neighbours exchange meanwhile.
	dropped=$(json .account.output.drops.filter)
	at_least "dropped on its way out" "$dropped" 5
	[ $(($(tapped out) - out)) -lt "$dropped" ] ||
		fail "the tap saw what a filter had dropped on its way out"
	echo >$SAMPLE/dev
	is "the mode without a device" "$(<$SAMPLE/tap)" off
	rmmod dlil_sample
}

# TAP-1 IFN-4: a tap sees the packets of its mode, and nothing once the device
# is detached.
test_sample_tap_modes() {
	local in out

	ctl attach dl0
	attach_sample
	echo input >$SAMPLE/tap
	is answers "$(pings peer 10 $IP0)" 10
	is "packets out in mode input" "$(tapped out)" 0
	at_least "packets in in mode input" "$(tapped in)" 10
	echo output >$SAMPLE/tap
	in=$(tapped in)
	is answers "$(pings peer 10 $IP0)" 10
	is "packets in in mode output" "$(tapped in)" "$in"
	at_least "packets out in mode output" "$(tapped out)" 10

	echo both >$SAMPLE/tap
	flood peer $IP0
	ctl detach dl0
	in=$(tapped in) out=$(tapped out)
	end_floods
	is answers "$(pings peer 10 $IP0)" 10
	is "packets after the detach" "$(tapped in) $(tapped out)" "$in $out"
	is "the mode after the detach" "$(<$SAMPLE/tap)" off
	rmmod dlil_sample
}
