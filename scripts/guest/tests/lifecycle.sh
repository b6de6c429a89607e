# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2086,SC2154 # constants of lib.sh
#
# Devices, namespaces and the module come and go under traffic.  That no thread,
# reference or memory is left is seen to after every test.

has_no_thread() { ! grep -qE '^dlil/dl0' /proc/[0-9]*/comm 2>/dev/null; }

has_seen() { [ "$(json .stats.ipackets)" -gt "$1" ]; }

is_unwrapped() { [ "$(dlilctl -n "${1:-dut}" -j show)" = '[]' ]; }

# IFN-4 IFN-5 LNX-2: detach under traffic, and not a packet is lost; after it the
# device is as before.
test_detach() {
	ctl attach dl0
	ctl filter add dl0 none in match udp drop
	ping_along peer $IP0
	ctl detach dl0
	is_unwrapped || fail "it is still shown"
	has_no_thread || fail "its thread is still there"
	along_more 50
	end_along
	[ ! -e /sys/class/net/dl0/dlil ] || fail "sysfs still has it"
	ip -n dut link add br0 type bridge
	ip -n dut link set dl0 master br0
	ip -n dut link set dl0 nomaster
	ctl attach dl0
	is "filters after attaching again" "$(json .filters#)" 0
	is "packets seen after attaching again, of before" \
		"$(json '.stats.ipackets < 50')" true
}

# LNX-8 IFN-5: the device is deleted under traffic.
test_device_deleted() {
	ctl attach dl0
	ctl filter add dl0 all match icmp count
	flood peer $IP0
	flood dut $IP1
	wait_for 10 has_seen 100
	timeout 9 ip -n dut link del dl0
	is_unwrapped || fail "it is still shown"
	wait_for 5 has_no_thread
}

# LNX-8: the same by way of its other end.
test_other_end_deleted() {
	ctl attach dl0
	flood peer $IP0
	wait_for 10 has_seen 100
	timeout 9 ip -n peer link del pe0
	is_unwrapped || fail "it is still shown"
	wait_for 5 has_no_thread
}

no_device() { ! ip -n "$1" link show "$2" >/dev/null 2>&1; }

# Until namespaces that are being deleted are gone: they hold a lock that
# unloading this module wants.
namespaces_gone() { modprobe 8021q && timeout 20 rmmod 8021q; }

# LNX-8: the namespace is deleted under traffic.
test_namespace_deleted() {
	ctl attach dl0
	ctl filter add dl0 all match icmp count
	flood peer $IP0
	wait_for 10 has_seen 100
	ip netns del dut
	wait_for 20 no_device peer pe0
	namespaces_gone
	wait_for 5 has_no_thread
}

# LNX-8 LNX-11: the device moves to another namespace under traffic: it is
# unwrapped, and can be wrapped there.
test_device_moved() {
	ip netns add third
	ctl attach dl0
	ctl filter add dl0 all match icmp count
	flood peer $IP0
	flood dut $IP1
	wait_for 10 has_seen 100
	timeout 9 ip -n dut link set dl0 netns third
	is_unwrapped || fail "dut still shows it"
	is_unwrapped third || fail "third shows it"
	wait_for 5 has_no_thread
	ip -n third addr add $IP0/24 dev dl0
	ip -n third link set dl0 up
	is answers "$(pings peer 5 $IP0)" 5
	dlilctl -n third attach dl0
	is "answers of the wrapped device" "$(pings peer 5 $IP0)" 5
	is "its name there" "$(attached_in third)" dl0
	ip -n third link del dl0
	ip netns del third
}

# INI-4: the module is unloaded with ifnets attached, under traffic that does not
# notice.
test_module_unloaded() {
	ctl attach dl0
	dlilctl -n peer attach pe0
	ctl filter add dl0 all match icmp count
	ping_along peer $IP0
	flood dut $IP61
	along_more 20
	timeout 20 rmmod dlil
	along_more 50
	end_along
}

# IFN-3 IFN-4 LNX-1: attach and detach again and again under traffic both ways.
test_attach_detach_loop() {
	local _

	head -c 5000000 /dev/urandom >"$T/data"
	flood peer $IP0
	flood dut $IP61
	transfer peer dut $IP0 "$T/data" >"$T/got" &
	for _ in {1..15}; do
		ctl attach dl0
		ctl filter add dl0 all match icmp count
		ctl detach dl0
	done
	wait $!
	end_floods
	is "the checksum" "$(cat "$T/got")" \
		"$(sha256sum "$T/data" | cut -d ' ' -f 1)"
	is answers "$(pings peer 10 $IP0)" 10
}

# LNX-2: a wrapped device is set down and up.
test_down_and_up() {
	ctl attach dl0
	ip -n dut link set dl0 down
	no_pings peer $IP0
	is state "$(json .state)" attached
	ip -n dut link set dl0 up
	comes_back peer $IP0
	is answers "$(pings peer 10 $IP0)" 10
}

# LNX-1: a device that is down can be wrapped too.
test_attach_while_down() {
	ip -n dut link set dl0 down
	ctl attach dl0
	ip -n dut link set dl0 up
	comes_back peer $IP0
	is answers "$(pings peer 10 $IP0)" 10
}

# IFN-10: an ifnet goes by the name that its device has now.
test_renamed() {
	local index

	ctl attach dl0
	index=$(json .ifindex)
	ip -n dut link set dl0 down
	ip -n dut link set dl0 name dl0new
	ip -n dut link set dl0new up
	is "the name" "$(attached_in dut)" dl0new
	is "the index" "$(ctl -j show dl0new | jq '.[].ifindex')" "$index"
	refused ctl show dl0
	ctl detach dl0new
}

# PRO-7 LNX-7: a new link address is known as ours at once.
test_new_link_address() {
	ctl attach dl0 unmatched drop
	ip -n dut link set dl0 address 02:00:00:00:07:99
	ip -n peer neigh flush dev pe0
	is answers "$(pings peer 10 $IP0)" 10
	is "frames taken for somebody else's" \
		"$(json .flow.input.drops.promiscuous)" 0
}
