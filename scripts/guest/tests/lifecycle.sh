# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2086,SC2154 # constants of lib.sh
#
# Devices, namespaces and the module come and go under traffic.  After every
# test, run-tests.sh checks that no thread, reference or memory is left.

has_no_thread() { ! grep -qE '^dlil/dl0' /proc/[0-9]*/comm 2>/dev/null; }

has_seen() { [ "$(json .stats.ipackets)" -gt "$1" ]; }

is_unwrapped() { [ "$(dlilctl -n "${1:-dut}" -j show)" = '[]' ]; }

# IFN-4 IFN-5 LNX-2: a detach under traffic loses no packet; afterwards the
# device works as before the attach.
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
	timeout 60 ip -n dut link del dl0
	is_unwrapped || fail "it is still shown"
	wait_for 5 has_no_thread
}

# LNX-8: the same by deleting its other end.
test_other_end_deleted() {
	ctl attach dl0
	flood peer $IP0
	wait_for 10 has_seen 100
	timeout 60 ip -n peer link del pe0
	is_unwrapped || fail "it is still shown"
	wait_for 5 has_no_thread
}

# Wait until deleted namespaces have gone: their teardown holds a lock that
# unloading this module needs.
namespaces_gone() { modprobe ipip && timeout 20 rmmod ipip; }

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

# LNX-8 LNX-11: a device that moves to another namespace under traffic is
# unwrapped, and can be wrapped there.
test_device_moved() {
	ip netns add third
	ctl attach dl0
	ctl filter add dl0 all match icmp count
	flood peer $IP0
	flood dut $IP1
	wait_for 10 has_seen 100
	timeout 60 ip -n dut link set dl0 netns third
	is_unwrapped || fail "dut still shows it"
	is_unwrapped third || fail "third shows it"
	wait_for 5 has_no_thread
	ip -n third addr add $IP0/24 dev dl0
	ip -n third link set dl0 up
	wait_for 10 is_up third dl0
	wait_for 10 is_up peer pe0
	is answers "$(pings peer 5 $IP0)" 5
	dlilctl -n third attach dl0
	is "answers of the wrapped device" "$(pings peer 5 $IP0)" 5
	is "its name there" "$(attached_in third)" dl0
	ip -n third link del dl0
	ip netns del third
}

REFS=/sys/kernel/debug/dlil/refs

# The text in debugfs about the ifnet of a device.
life_of() { sed -nE "s/^$1: index .*(attaches .*)/\\1/p" $REFS; }

# IFN-1 IFN-2: the same device gets the same ifnet again; another one does not.
test_identity() {
	ip -n dut link add other type dummy
	ctl attach dl0
	is "the first time" "$(life_of dl0)" "attaches 1"
	ctl detach dl0
	is "in between" "$(life_of dl0)" "attaches 1, kept for reuse"
	ctl attach other
	is "of another device" "$(life_of other)" "attaches 1"
	ctl attach dl0
	is "the second time" "$(life_of dl0)" "attaches 2"
	is answers "$(pings peer 5 $IP0)" 5
}

# lro DEV: is large receive offload on or off?
lro() { dut ethtool -k "$1" | sed -n 's/^large-receive-offload: //p'; }

# LNX-1: LRO is switched off, and stays so until the detach.
test_lro_off() {
	ip -n dut link add bond0 type bond
	is "LRO before" "$(lro bond0)" on
	ctl attach bond0
	is "LRO after attach" "$(lro bond0)" off
	dut ethtool -K bond0 lro on 2>/dev/null || true
	becomes "LRO after somebody switched it on" off lro bond0
	ctl detach bond0
	dut ethtool -K bond0 lro on
	is "LRO after detach" "$(lro bond0)" on
	ip -n dut link del bond0
}

# life_now DEV: print the life of the ifnet that is attached, while others of that name are kept.
life_now() { life_of "$1" | grep -v kept; }

# IFN-1 LNX-1: a device whose name is the id of another ifnet, since that device was
# called so when it was attached, gets an ifnet without an id.
test_identity_renamed() {
	ip -n dut link add first type dummy
	ctl attach first
	ip -n dut link set first name second
	ip -n dut link add first type dummy
	ctl attach first
	is "what is attached" "$(attached_in dut | sort | paste -sd ' ')" \
		"first second"
	is "the first one" "$(life_now second)" "attaches 1"
	is "the second one" "$(life_now first)" "attaches 1"
	ctl detach first
	ctl detach second
	# The name is the id again.
	ctl attach first
	is "the ifnet of the first one" "$(life_now first)" "attaches 2"
	ctl detach first
}

# nics NAME...: network interface cards with these names, in dut; false if this kernel or
# VM has none.  scripts/vmtest.sh gives them a wire, and one address to all of them.
nics() {
	local name devs

	modprobe -q vmxnet3 || return 1
	devs=(/sys/bus/pci/drivers/vmxnet3/*/net/*)
	[ -e "${devs[0]}" ] || return 1
	for name; do
		ip link set "${devs[0]##*/}" name "$name" netns dut
		devs=("${devs[@]:1}")
	done
}

# IFN-1 LNX-1: the id is the permanent address, whatever name and address the device
# has now; a second device with the same one has its name as id.
test_identity_by_address() {
	nics na nb || lacks "network cards"
	ctl attach na
	is "the first time" "$(life_now na)" "attaches 1"
	ctl detach na
	ip -n dut link set na name nc address 02:00:00:00:07:0d
	ctl attach nc
	is "with another name and address" "$(life_now nc)" "attaches 2"
	ctl attach nb
	is "the other card" "$(life_now nb)" "attaches 1"
	ctl detach nb
	ctl detach nc
	ip -n dut link set nc name na
	ctl attach na
	is "the card" "$(life_now na)" "attaches 3"
	ctl attach nb
	is "the other card, by its name" "$(life_now nb)" "attaches 2"
	ctl detach nb
	ctl detach na
	# Now its own address is free.
	ctl attach nb
	is "the other card, by its address" "$(life_now nb)" "attaches 4"
	ctl detach nb
	modprobe -r vmxnet3
}

# LNX-1 LNX-2 LNX-3 FLT-10: a card and its driver, with LRO and a queue of their own.
test_network_card() {
	nics na nb || lacks "network cards"
	# The emulated card receives for its permanent address alone otherwise.
	ip -n dut link set nb netns peer address 02:00:00:00:07:0d promisc on
	ip -n dut addr add 10.12.0.1/24 dev na
	ip -n peer addr add 10.12.0.2/24 dev nb
	ip -n dut link set na up
	ip -n peer link set nb up
	wait_for 10 is_up dut na
	wait_for 10 is_up peer nb
	is "LRO before" "$(lro na)" on
	head -c 5000000 /dev/urandom >"$T/data"
	ping_along peer 10.12.0.1
	ctl attach na
	is "LRO after attach" "$(lro na)" off
	ctl filter add na tcp match 'tcp port 5001' count
	along_more 20
	is "the checksum of what came" "$(transfer peer dut 10.12.0.1 "$T/data")" \
		"$(sha256sum "$T/data" | cut -d ' ' -f 1)"
	is "the checksum of what went" "$(transfer dut peer 10.12.0.2 "$T/data")" \
		"$(sha256sum "$T/data" | cut -d ' ' -f 1)"
	# At most 64 KiB in each, and as many acknowledgements as the peer likes.
	at_least "packets that a filter met" "$(ctl -j filter show na |
		jget '[0].filters[name=tcp].matched')" $((2 * 5000000 / 65536))
	ctl detach na
	along_more 20
	end_along
	timeout 60 modprobe -r vmxnet3
}

# IFN-7 IFN-3 IFN-4: debugfs shows callers of attach and detach, and with ifnet_debug users
# of references, to root only, and only as symbols.
test_ifnet_debug() {
	ctl attach dl0
	is "attaches when it is off" "$(grep -c ' attached by' $REFS)" 1
	ctl detach dl0
	is "detaches when it is off" "$(grep -c ' detached by' $REFS)" 1
	is "stacks when it is off" "$(grep -c ' by$' $REFS)" 2
	echo 1 >$PARAMS/ifnet_debug
	ctl attach dl0
	ctl show dl0 >"$T/shown"
	at_least takers "$(grep -c 'taken by' $REFS)" 1
	at_least droppers "$(grep -c 'dropped by' $REFS)" 1
	at_least "8 of either" 16 "$(grep -cE '(taken|dropped) by' $REFS)"
	is attaches "$(grep -c ' attached by' $REFS)" 1
	grep -qE '^    (attach_device|dlil_netdev_attach)\S* .*dlil' $REFS ||
		fail "no stack of an attach: $(<$REFS)"
	ctl detach dl0
	is detaches "$(grep -c ' detached by' $REFS)" 1
	! grep -qE '^ *(0x)?[0-9a-f]{8,}' $REFS || fail "an address is shown"
	is "its mode" "$(stat -c %a $REFS)" 400
	echo 0 >$PARAMS/ifnet_debug
}

SWITCHES='multi_threaded_input:Y verbose:N input_sanity_check:N
	net_affinity:Y ifnet_debug:N net_rtref:N traffic_classes:N'

# refuses PARAMETER VALUE...: each value fails with EINVAL, and changes nothing.
refuses() {
	local name=$1 value before
	shift

	before=$(<"$PARAMS/$name")
	for value; do
		! echo "$value" 2>"$T/said" >"$PARAMS/$name" ||
			fail "$name took $value"
		grep -q 'Invalid argument' "$T/said" ||
			fail "$name said: $(<"$T/said")"
		is "$name after $value" "$(<"$PARAMS/$name")" "$before"
	done
}

# INI-2: parameters can be read and written, and refuse values out of range.
test_parameter_values() {
	local pair name

	for pair in $SWITCHES; do
		name=${pair%:*}
		is "$name at first" "$(<"$PARAMS/$name")" "${pair#*:}"
		refuses "$name" 2 10 -1 maybe ''
		echo 1 >"$PARAMS/$name"
		is "$name" "$(<"$PARAMS/$name")" Y
		refuses "$name" 2 10 -1 maybe ''
		echo 0 >"$PARAMS/$name"
		is "$name" "$(<"$PARAMS/$name")" N
	done
	is rcvq_limit "$(<$PARAMS/rcvq_limit)" 2048
	refuses rcvq_limit 0 -1 many 1048577 99999999999 ''
	echo 1048576 >$PARAMS/rcvq_limit
	is rcvq_limit "$(<$PARAMS/rcvq_limit)" 1048576
	is rcvq_bytes "$(<$PARAMS/rcvq_bytes)" 33554432
	refuses rcvq_bytes 0 -1 many 1048575 1073741825 99999999999 ''
	echo 1073741824 >$PARAMS/rcvq_bytes
	is rcvq_bytes "$(<$PARAMS/rcvq_bytes)" 1073741824
	is gather_usecs "$(<$PARAMS/gather_usecs)" 50
	refuses gather_usecs -1 51 many ''
	echo 0 >$PARAMS/gather_usecs
	is gather_usecs "$(<$PARAMS/gather_usecs)" 0
	# Everything works with the unusual values as well.
	echo 1 >$PARAMS/input_sanity_check
	ctl attach dl0
	is answers "$(pings peer 5 $IP0)" 5
	is "freed as insane" "$(json .drops.sanity)" 0
	is "its thread" "$(comm_of "$(json .thread)")" dlil/main
}

comm_of() { cat "/proc/$1/comm"; }

has_caches() {
	local n=0 name

	for name in ifnet filter proto; do
		[ ! -e /sys/kernel/slab/dlil_$name ] || n=$((n + 1))
	done
	is "caches $1" $n "$2"
}

# log_says LINE: the kernel's log says that of dl0.
log_says() { dmesg | grep -xE "(\[[^]]*\] )?dlil: dl0: $1" >/dev/null; }

# INI-2 INI-5: with verbose the log says what comes and goes, without it does not.
test_verbose() {
	local line

	ctl attach dl0
	ctl detach dl0
	! log_says detaching || fail "a detach is logged without verbose"
	echo 1 >$PARAMS/verbose
	ctl attach dl0
	ctl filter add dl0 a match icmp count
	ctl filter del dl0 a
	ctl proto unplumb dl0 mpls
	ctl detach dl0
	wait_for 10 log_says detached
	for line in 'attached, reused' 'protocol inet attached, family 2' \
		'filter a attached' 'filter a detached' \
		'protocol mpls detached, family 258' detaching; do
		log_says "$line" || fail "this is not logged: $line"
	done
	echo 0 >$PARAMS/verbose
}

# INI-5: a device that is refused before it has an ifnet is logged, with the reason.
test_refused_logged() {
	ctl attach dl0
	refused ctl attach dl0
	log_says 'attach failed: device is already attached: .*' ||
		fail "the refused attach is not logged"
}

# INI-2 INP-12: limits hold for ifnets attached from then on.
test_limits_at_attach() {
	echo 100 >$PARAMS/rcvq_limit
	echo 2097152 >$PARAMS/rcvq_bytes
	ctl attach dl0
	echo 200 >$PARAMS/rcvq_limit
	is "its packets" "$(json '.queue["max-packets"]')" 100
	is "its bytes" "$(json '.queue["max-bytes"]')" 2097152
}

# INI-1 INI-2: loading creates these things, and a load that fails leaves
# nothing.
test_load() {
	has_caches "when loaded" 3
	grep -qx dlil/main /proc/[0-9]*/comm || fail "no main input thread"
	rmmod dlil
	has_caches "when unloaded" 0
	! modprobe dlil rcvq_limit=0 2>"$T/said" || fail "it was loaded"
	! modprobe dlil net_affinity=7 2>"$T/said" || fail "it was loaded"
	has_caches "when not loaded" 0
	modprobe dlil ifnet_debug net_rtref=1 input_sanity_check=1
	is ifnet_debug "$(<$PARAMS/ifnet_debug)" Y
	ctl attach dl0
	is attaches "$(grep -c ' attached by' $REFS)" 1
	is answers "$(pings peer 5 $IP0)" 5
}

# allowed PID: processors on which it may run.
allowed() { sed -nE 's/^Cpus_allowed_list:\s*//p' "/proc/$1/status"; }

# fed_by CPU: attach dl0, and receive its first packet on that processor.
fed_by() {
	peer taskset -c "$1" ping -q -n -c 3 -i 0.05 $IP0 >/dev/null
}

# near CPU: processors for a thread near that one: those of its package, if
# there are others.
near() {
	local list

	list=$(<"/sys/devices/system/cpu/cpu$1/topology/core_siblings_list")
	[[ $list == *[-,]* ]] || list=$(</sys/devices/system/cpu/online)
	echo "$list"
}

# INP-4: the input thread is placed near the first processor that feeds it,
# unless an administrator has set its affinity; it is never bound to a single
# processor.
test_affinity() {
	local pid cpu ns all last

	all=$(</sys/devices/system/cpu/online)
	last=${all##*[-,]}
	for ns in dut peer; do
		# IPv6 could feed the thread at any time.
		inns $ns sysctl -qw net.ipv6.conf.all.disable_ipv6=1
	done
	# Resolving a neighbour could, too, now and later.
	ip -n dut neigh replace $IP1 lladdr $MAC1 dev dl0 nud permanent
	ip -n peer neigh replace $IP0 lladdr $MAC0 dev pe0 nud permanent
	for cpu in "$last" 0 "$last"; do
		ctl attach dl0
		pid=$(json .thread)
		is "where it may run at first" "$(allowed "$pid")" "$all"
		fed_by $cpu
		becomes "where it may run" "$(near "$cpu")" allowed "$pid"
		# Only once.
		fed_by $((last - cpu))
		is "where it may run later" "$(allowed "$pid")" "$(near "$cpu")"
		ctl detach dl0
	done

	ctl attach dl0
	pid=$(json .thread)
	taskset -pc 0 "$pid" >/dev/null
	fed_by 1
	is "where the administrator has it" "$(allowed "$pid")" 0
	ctl detach dl0

	echo 0 >$PARAMS/net_affinity
	ctl attach dl0
	pid=$(json .thread)
	fed_by 1
	is "where it may run" "$(allowed "$pid")" "$all"
}

# INI-4: unloading the module with attached ifnets does not disturb traffic.
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

# IFN-3 IFN-4 LNX-1: repeated attach and detach under traffic in both
# directions.
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
	reap $!
	end_floods
	is "the checksum" "$(<"$T/got")" \
		"$(sha256sum "$T/data" | cut -d ' ' -f 1)"
	is answers "$(pings peer 10 $IP0)" 10
}

# LNX-2: a wrapped device goes down and up.
test_down_and_up() {
	ctl attach dl0
	ip -n dut link set dl0 down
	no_pings peer $IP0
	is state "$(json .state)" attached
	ip -n dut link set dl0 up
	comes_back peer $IP0
	is answers "$(pings peer 10 $IP0)" 10
}

# LNX-1: a device that is down can be wrapped, too.
test_attach_while_down() {
	ip -n dut link set dl0 down
	ctl attach dl0
	ip -n dut link set dl0 up
	comes_back peer $IP0
	is answers "$(pings peer 10 $IP0)" 10
}

# IFN-10: an ifnet follows the current name of its device.
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

# PRO-7 LNX-7: a new link address is recognised at once.
test_new_link_address() {
	ctl attach dl0 unmatched drop
	ip -n dut link set dl0 address 02:00:00:00:07:99
	ip -n peer neigh flush dev pe0
	is answers "$(pings peer 10 $IP0)" 10
	is "frames taken for somebody else's" \
		"$(json .account.input.drops.promiscuous)" 0
}
