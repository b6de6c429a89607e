# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2086,SC2154 # constants of lib.sh
#
# ARP that modules have sent (kunit/dlil_asker.c), as it is seen on the wire.

ASKER=/sys/module/dlil_asker/parameters

# arp DEV TARGET [SENDER]: call dlil_send_arp(), and print its answer.
arp() { dut bash -c "echo '$*' >$ASKER/arp" 2>"$T/error"; }

# arp_refused TEXT DEV TARGET: the call says that error.
arp_refused() {
	local text=$1
	shift

	! arp "$@" || fail "ARP $* was sent"
	grep -q "$text" "$T/error" || fail "ARP $* said: $(<"$T/error")"
}

# knock_arp N LAST: ask on wire N for an address that no test asks for, which ends so.
knock_arp() {
	arp dl$1 10.7.255.$2 10.7.255.1
	grep -q "who-has 10.7.255.$2 " "$T/arp.pe$1"
}

# watch_arp N...: record what comes out of these wires, a line each in $T/arp.peN.  Packets that
# come just after tcpdump says that it listens may not be shown.
watch_arp() {
	local n

	for n; do
		: >"$T/arp.pe$n"
		inns peer tcpdump -Z root --immediate-mode -l -q -e -t -n \
			-i pe$n arp >>"$T/arp.pe$n" 2>"$T/err.pe$n" &
		wait_for 20 grep -q 'listening on' "$T/err.pe$n"
		wait_for 20 knock_arp $n 2
	done
	settle_arp "$@"
}

# settle_arp N...: all that was sent on these wires so far has come.
settle_arp() {
	local n cpu

	for n; do
		for cpu in $(seq 0 $(($(nproc) - 1))); do
			dut taskset -c $cpu bash -c "echo dl$n \
				10.7.255.$((3 + cpu)) 10.7.255.1 >$ASKER/arp"
		done
		for cpu in $(seq 0 $(($(nproc) - 1))); do
			wait_for 5 grep -q "who-has 10.7.255.$((3 + cpu)) " "$T/arp.pe$n"
		done
	done
}

# came DEV: the ARP that came there, without the hardware addresses in front.
came() {
	sed -nE '/ tell 10\.7\.255\.1/d; s/.*(Request who-has [^,]*).*/\1/p' "$T/arp.$1"
}

last_came() { came $1 | tail -n 1; }

# more_devices: dl1 with a link-local address, dl2 with one, dl3 with none.
more_devices() {
	local i

	for i in 1 2 3; do
		ip link add dl$i netns dut type veth peer name pe$i netns peer
		ip -n peer link set pe$i up
		ip -n dut link set dl$i up
		wait_for 10 is_up dut dl$i
	done
	ip -n dut addr add 169.254.7.1/16 dev dl1
	ip -n dut addr add 10.8.0.1/24 dev dl2
	for i in 0 1 2 3; do
		ctl attach dl$i
	done
}

# ARP-1: inet sends it, chooses its own sender, and filters see it once, as they see
# what the host sends.
test_arp_by_inet() {
	modprobe dlil_asker
	ctl attach dl0
	watch_arp 0
	ctl filter add dl0 arps out match arp count
	arp dl0 $IP1
	arp dl0 $IP1 10.7.0.99
	becomes "what came" "Request who-has $IP1 tell $IP0
Request who-has $IP1 tell 10.7.0.99" came pe0
	grep -q "^$MAC0 > ff:ff:ff:ff:ff:ff" "$T/arp.pe0" ||
		fail "not sent by dl0 to all: $(<"$T/arp.pe0")"
	is "ARP that the filter saw" "$(filter arps matched)" 2
	ip -n dut addr flush dev dl0
	arp_refused "Cannot assign requested address" dl0 $IP1
	arp dl0 $IP1 10.7.0.98
	ctl proto unplumb dl0 inet
	arp_refused "Operation not supported" dl0 $IP1 10.7.0.97
	ctl proto plumb dl0 inet
	ip -n dut link set dl0 arp off
	arp_refused "Operation not supported" dl0 $IP1 10.7.0.96
	ip -n dut link set dl0 arp on
	ip -n dut link set dl0 down
	arp_refused "Network is down" dl0 $IP1 10.7.0.95
	ip -n dut link set dl0 up
	wait_for 10 is_up dut dl0
	settle_arp 0
	is "ARP that came" "$(came pe0 | wc -l)" 3
	rmmod dlil_asker
}

# ARP-2 IFN-15: a link-local request goes out on those that have arpll on and an IPv4
# address, which is then the sender; an announcement stays on its own.
test_arp_link_local() {
	modprobe dlil_asker
	more_devices
	watch_arp 0 1 2 3
	arp_refused "Operation not supported" dl0 169.254.7.9
	for dev in dl0 dl1 dl3; do
		ctl set $dev arpll on
	done
	arp dl2 169.254.7.9 10.8.0.1
	becomes "what came on dl0" \
		"Request who-has 169.254.7.9 tell $IP0" came pe0
	becomes "what came on dl1" \
		"Request who-has 169.254.7.9 tell 169.254.7.1" came pe1
	ctl set dl0 arpll off
	arp dl0 169.254.7.8
	becomes "what came on dl1" "Request who-has 169.254.7.9 tell 169.254.7.1
Request who-has 169.254.7.8 tell 169.254.7.1" came pe1
	# An announcement, and what is not link-local, stay where they are asked for.
	arp dl2 169.254.7.2 169.254.7.2
	arp dl2 10.8.0.9
	becomes "what came on dl2" "Request who-has 169.254.7.2 tell 169.254.7.2
Request who-has 10.8.0.9 tell 10.8.0.1" came pe2
	settle_arp 0 1 2
	is "what came on dl0" "$(came pe0)" \
		"Request who-has 169.254.7.9 tell $IP0"
	is "what came on dl1" "$(came pe1 | wc -l)" 2
	is "what came on dl2" "$(came pe2 | wc -l)" 2
	# On three, each with its own address.
	ctl set dl0 arpll on
	ctl set dl2 arpll on
	arp dl3 169.254.7.7
	becomes "the last on dl0" "Request who-has 169.254.7.7 tell $IP0" last_came pe0
	becomes "the last on dl1" "Request who-has 169.254.7.7 tell 169.254.7.1" \
		last_came pe1
	becomes "the last on dl2" "Request who-has 169.254.7.7 tell 10.8.0.1" \
		last_came pe2
	settle_arp 0 1 2 3
	is "what came on dl0" "$(came pe0 | wc -l)" 2
	is "what came on dl1" "$(came pe1 | wc -l)" 3
	is "what came on dl2" "$(came pe2 | wc -l)" 3
	is "what came on dl3" "$(came pe3)" ""
	rmmod dlil_asker
}
