# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2086,SC2154 # constants of lib.sh
#
# Cached routes that modules ask for (kunit/dlil_asker.c).

ASKER=/sys/module/dlil_asker/parameters

# route ADDRESS: the next hop, and whether the route is the same as the last one.
route() {
	dut bash -c "echo 'dl0 $1' >$ASKER/route" 2>"$T/error" || return
	cat "$ASKER/route"
}

# no_route TEXT ADDRESS: there is none, for that reason.
no_route() {
	! route "$2" || fail "there is a route to $2"
	grep -q "$1" "$T/error" || fail "the route to $2: $(<"$T/error")"
}

# by_route FAMILY PEER OTHER FAR FARTHER: each change of the routes makes a fresh look-up.
# The kernel may change its tables a moment later, and the route is the same only after
# that.  To the last address the host goes by another device, and dl0 by the peer.
by_route() {
	local family=$1 peer=$2 other=$3 far=$4 farther=$5

	ip -n dut $family route add $far via $peer dev dl0
	is "the first look-up" "$(route $far)" "$peer fresh"
	becomes "the second one" "$peer same" route $far
	ip -n dut $family route replace $far via $other dev dl0
	is "behind another route" "$(route $far)" "$other fresh"
	becomes "the next one" "$other same" route $far
	is "the peer itself" "$(route $peer)" "$peer fresh"
	becomes "the peer again" "$peer same" route $peer

	ip -n dut link add other0 type dummy
	ip -n dut link set other0 up
	ip -n dut $family route add $farther dev other0 metric 5
	ip -n dut $family route add $farther via $other dev dl0 metric 500
	is "by this device" "$(route $farther)" "$other fresh"
	ip -n dut link del other0
}

# RTC-1 RTC-3: a route change, an address that goes and a device that goes down.
test_route_inet() {
	modprobe dlil_asker
	ctl attach dl0
	by_route -4 $IP1 10.7.0.9 192.0.2.1 203.0.113.1
	ip -n dut addr add 10.9.0.1/24 dev dl0
	ip -n dut route add 198.51.100.1 via 10.9.0.2 dev dl0
	is "by the new address" "$(route 198.51.100.1)" "10.9.0.2 fresh"
	becomes "and again" "10.9.0.2 same" route 198.51.100.1
	ip -n dut addr del 10.9.0.1/24 dev dl0
	is "without the address" "$(route 198.51.100.1)" "10.9.0.2 fresh"
	is "the peer" "$(route $IP1)" "$IP1 fresh"
	becomes "and again" "$IP1 same" route $IP1
	ip -n dut link set dl0 down
	no_route "Network is unreachable" $IP1
	ip -n dut link set dl0 up
	is "up again" "$(route $IP1)" "$IP1 fresh"
	# The own address is reached by another way.
	no_route "Network is unreachable" $IP0
	ctl detach dl0
	rmmod dlil_asker
}

# RTC-1 RTC-3: the same for IPv6.
test_route_inet6() {
	modprobe dlil_asker
	ctl attach dl0
	by_route -6 $IP61 fd00:7::9 2001:db8::1 2001:db8:1::1
	ip -n dut addr add fd00:9::1/64 dev dl0 nodad
	is "by the new address" "$(route fd00:9::2)" "fd00:9::2 fresh"
	becomes "and again" "fd00:9::2 same" route fd00:9::2
	ip -n dut addr del fd00:9::1/64 dev dl0
	no_route "Network is unreachable" fd00:9::2
	is "the peer" "$(route $IP61)" "$IP61 fresh"
	becomes "and again" "$IP61 same" route $IP61
	ip -n dut link set dl0 down
	no_route "Network is unreachable" $IP61
	ctl detach dl0
	rmmod dlil_asker
}

# RTC-2 RTC-3 IFN-11 LNX-8: a cached route holds no device that goes, and the last one that
# is put is told of.
test_route_lets_go() {
	modprobe dlil_asker
	ctl attach dl0
	echo 1 >$PARAMS/net_rtref
	monitor dut "$T/events"
	echo 1 >$ASKER/hold
	route $IP1 >/dev/null
	route $IP61 >/dev/null
	echo 0 >$ASKER/hold
	hears '.event == "if-idle-route-refcnt"'
	is "events" "$(grep -c if-idle-route-refcnt "$T/events")" 1
	echo 0 >$PARAMS/net_rtref
	rmmod dlil_asker
	ip -n dut link del dl0
	wait_for 10 no_device dut dl0
}
