# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2086,SC2154 # constants of lib.sh
#
# The sample module: a filter and a protocol of another module's, whose input
# callbacks sleep.

SAMPLE=/sys/module/dlil_sample/parameters

# FLT-1 FLT-11 PRO-1 PRO-6 OUT-1 OUT-4 LNX-6: its protocol answers echo requests
# by dlil_output, and each answer passes the output filters once.
test_sample_echo() {
	ctl attach dl0
	ctl filter add dl0 answers out match ether proto 0x88b5 count
	dut modprobe dlil_sample dev=dl0
	is "its device" "$(cat $SAMPLE/dev)" dl0
	is "its filter" "$(json '[.filters[].kind] | join(" ")')" "match sample"
	is answers "$(peer echo-client pe0 $MAC0 100)" \
		"100 of 100 echoes came back"
	is "requests answered" "$(cat $SAMPLE/answered)" 100
	is "senders known" "$(cat $SAMPLE/peers)" 1
	is "answers that a filter saw" "$(filter answers matched)" 100
	at_least "packets its filter saw" "$(cat $SAMPLE/packets_in)" 100
	is answers "$(pings peer 20 $IP0)" 20

	send_frames peer pe0 "${MAC0//:/} ${MAC1//:/} 88b5 $(printf '%092d' 0)"
	becomes "drops by the protocol" 1 json .flow.input.drops.protocol

	! rmmod dlil_sample 2>/dev/null || fail "it was unloaded while attached"
	echo >$SAMPLE/dev
	is "filters left" "$(json '[.filters[].kind] | join(" ")')" match
	rmmod dlil_sample
	is answers "$(pings peer 20 $IP0)" 20
}

# both_ways ADDRESS0 ADDRESS1: a transfer to the device under test, and one back.
both_ways() {
	is "the checksum of a transfer to $1" \
		"$(transfer peer dut "$1" "$T/data")" "$SUM"
	is "the checksum of a transfer to $2" \
		"$(transfer dut peer "$2" "$T/data")" "$SUM"
}

# large NAME: larger packets than the MTU that this filter has met.
large() { filter "$1" matched; }

# FLT-10 LNX-6 STA-3: its filter does not take super-packets, so they come to it
# in segments, in both directions, and TCP goes on; without it nothing is split.
test_sample_segments() {
	local dir

	head -c 2000000 /dev/urandom >"$T/data"
	SUM=$(sha256sum "$T/data" | cut -d ' ' -f 1)
	ctl attach dl0
	for dir in in out; do
		ctl filter add dl0 $dir-before $dir match 'greater 1600' count
	done
	dut modprobe dlil_sample dev=dl0
	for dir in in out; do
		ctl filter add dl0 $dir-after $dir match 'greater 1600' count
	done

	both_ways $IP0 $IP1
	both_ways "[$IP60]" "[$IP61]"
	for dir in in out; do
		at_least "large packets going $dir" "$(large $dir-before)" 10
		is "large packets going $dir behind it" "$(large $dir-after)" 0
	done
	at_least "packets it saw coming in" "$(cat $SAMPLE/packets_in)" 2700
	at_least "packets it saw going out" "$(cat $SAMPLE/packets_out)" 2700
	is "packets dropped" "$(json .flow.input.freed) $(json .flow.output.freed)" \
		"0 0"
	wait_for 10 accounted dut

	echo >$SAMPLE/dev
	rmmod dlil_sample
	both_ways $IP0 $IP1
	for dir in in out; do
		at_least "large packets going $dir without it" \
			"$(large $dir-after)" 10
	done
	wait_for 10 accounted dut
}

# FLT-8 PRO-3 IFN-5: the device goes with the sample on it, under traffic.
test_sample_detached() {
	ctl attach dl0
	dut modprobe dlil_sample dev=dl0
	flood peer $IP0
	ctl detach dl0
	is "its device" "$(cat $SAMPLE/dev)" ""
	ctl attach dl0
	dut bash -c "echo dl0 >$SAMPLE/dev"
	timeout 9 ip -n dut link del dl0
	becomes "its device" "" cat $SAMPLE/dev
	rmmod dlil_sample
}
