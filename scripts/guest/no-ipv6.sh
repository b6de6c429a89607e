#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs in a kernel booted without IPv6 (ipv6.disable=1, a common hardening), and
# reports KTAP: a device can be wrapped, IPv4 works on it, and sending IPv6 by
# dlil_output(), as the packet fuzzer does, fails (LNX-6).

# shellcheck source=scripts/guest/fuzz/common.sh
. /dlil/fuzz/common.sh

has_no_ipv6() { [ ! -e /proc/net/if_inet6 ]; }

set_up() {
	modprobe dlil
	modprobe dummy numdummies=0
	ip netns add dut
	ip netns add peer
	ip -n dut link add dl0 address $MAC0 type veth \
		peer name pe0 address $MAC1 netns peer
	ip -n dut -batch - <<-END
		addr add $IP0/24 dev dl0
		link set dl0 up
		link add fz0 mtu 65535 type dummy
		addr add 10.8.0.1/24 dev fz0
		link set fz0 up
	END
	ip -n peer -batch - <<-END
		addr add $IP1/24 dev pe0
		link set pe0 up
	END
	wait_for 10 is_up dut dl0
	wait_for 10 is_up peer pe0
	ctl attach dl0
	ctl attach fz0
}

answers_ipv4() { is answers "$(pings peer 10 $IP0)" 10; }

plumbs_inet6() {
	ctl proto unplumb dl0 inet6
	ctl proto plumb dl0 inet6
}

sends_ipv6() {
	dut modprobe dlil_fuzz count=2000 devices=fz0,dl0
	at_least "frames made" "$(<"/sys/module/dlil_fuzz/parameters/made")" 2000
	is failures "$(<"/sys/module/dlil_fuzz/parameters/failures")" 0
	wait_for 10 accounted dut
}

goes_away() {
	detach_all dut
	rmmod dlil_fuzz
	rmmod dlil
}

plan 6
check no_ipv6 has_no_ipv6
check no_ipv6_set_up set_up
check no_ipv6_answers answers_ipv4
check no_ipv6_plumb plumbs_inet6
check no_ipv6_output sends_ipv6
check no_ipv6_ends goes_away
done_checking
