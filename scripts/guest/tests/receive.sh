# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2086,SC2154 # constants of lib.sh
#
# The host gets the same packets from a wrapped device as from an unwrapped one,
# and packets queued in between block nothing.

HEAD="${MAC0//:/}${MAC1//:/}"

# listen PROTOCOL: a packet socket of that protocol in dut; the frames are in
# $T/pkt.*.
LISTENERS=()
listen() {
	inns dut pkt dl0 $1 >"$T/pkt.$1" &
	LISTENERS+=($!)
	wait_for 5 grep -q ready "$T/pkt.$1"
}

end_listeners() {
	kill "${LISTENERS[@]}"
	wait "${LISTENERS[@]}" 2>/dev/null || true
	LISTENERS=()
}

short_frames() {
	local rest pad

	pad=$(printf '%092d' 0)
	for rest in 0000 0001 01001122334455 05dd1122334455 05ffaaaa03000000 \
		0006aaaa03000000 0100ffff0022 002effff0022 0026424203; do
		peer pkt send pe0 0003 "$HEAD$rest${pad:${#rest}}"
	done
}

# Number of frames at the sockets for 802.2 and 802.3.
short_seen() {
	local n=0 m file

	for file in "$T/pkt.0004" "$T/pkt.0001"; do
		m=$(grep -c "^$HEAD" "$file" || true)
		n=$((n + m))
	done
	echo $n
}

# LNX-2 LNX-5 PRO-7: frames with a type below 0x600, whether a correct length or
# not, reach the same packet sockets as on an unwrapped device.
test_short_types() {
	listen 0004
	listen 0001
	short_frames
	comes_to "frames without DLIL" 9 short_seen
	cat "$T"/pkt.000[14] >"$T/unwrapped"
	end_listeners

	ctl attach dl0
	listen 0004
	listen 0001
	short_frames
	comes_to "frames with DLIL" 9 short_seen
	cat "$T"/pkt.000[14] | cmp - "$T/unwrapped" || fail "other frames"
	is "drops by demux" "$(json .account.input.drops.demux)" 0
	end_listeners
}

# Send IPv4 from dut by packet sockets of several protocols; the peer counts.
IPV4_FRAME="${MAC1//:/}${MAC0//:/}0800450000200000000040116ccb0a0700010a070002138813880c000000616263640000000000000000000000000000"

raw_sent() {
	local proto

	for proto in 0000 0800 0003 88b5 86dd; do
		dut pkt send dl0 $proto $IPV4_FRAME 2>/dev/null || true
	done
}

raw_seen() { grep -c "^${IPV4_FRAME:0:36}" "$T/raw" || true; }

# LNX-4: IPv4 is recognised, whatever protocol the packet socket has set.
test_raw_past_unplumb() {
	local listener

	quiet_wire
	ctl attach dl0
	inns peer pkt pe0 0003 >"$T/raw" &
	listener=$!
	wait_for 5 grep -q ready "$T/raw"
	raw_sent
	becomes "frames sent" 5 raw_seen
	ctl proto unplumb dl0 inet
	raw_sent
	is "frames cut off" "$(json .account.output.drops.noproto)" 5
	is "frames sent meanwhile" "$(raw_seen)" 5
	ctl proto plumb dl0 inet
	raw_sent
	becomes "frames sent" 10 raw_seen
	settle dut $IP1
	is "frames sent in all" "$(raw_seen)" 10
	kill $listener
}

# vlan_pair [OPTION...]: VLAN devices dl0.5 and pe0.5 with addresses.
vlan_pair() {
	ip -n dut link add link dl0 name dl0.5 type vlan id 5 "$@"
	ip -n dut addr add 10.8.0.1/24 dev dl0.5
	ip -n dut link set dl0.5 up
	ip -n peer link add link pe0 name pe0.5 type vlan id 5
	ip -n peer addr add 10.8.0.2/24 dev pe0.5
	ip -n peer link set pe0.5 up
}

vlan_packets() { ctl -j show dl0.5 | jget "[0].protocols[family=$1].packets"; }

# LNX-4: a VLAN device may leave its tag in the header; its IPv4 is still
# recognised, and can be cut off, in both directions.
test_vlan_header_stays() {
	vlan_pair reorder_hdr off
	ctl attach dl0.5
	is answers "$(pings peer 10 10.8.0.1)" 10
	at_least "packets of inet" "$(vlan_packets inet)" 10
	is "packets of vlan" "$(vlan_packets vlan)" 0
	ctl proto unplumb dl0.5 inet
	no_pings peer 10.8.0.1
	no_pings dut 10.8.0.2
	at_least "drops on the way out" "$(ctl -j -s show dl0.5 |
		jget '[0].account.output.drops.noproto')" 1
	ctl proto plumb dl0.5 inet
	comes_back peer 10.8.0.1
}

# A program on the VLAN device that drops all received packets while $XDP
# exists.
vlan_drops_all() {
	# shellcheck disable=SC2016 # for the other shell
	inns dut xdp drop dl0.5 bash -c 'echo on >"$0"; read -r _' \
		"$T/xdp" <&"$NEVER" &
	XDP=$!
	wait_for 10 grep -q on "$T/xdp"
}

# asked_by ADDRESS: ARP has asked the VLAN device for its address, on behalf of
# that one.
asked_by() { ip -n dut neigh show dev dl0.5 | grep -q "^$1 "; }

# LNX-2 LNX-15 LNX-3: a priority tag in front does not let a frame bypass XDP of
# the VLAN device of the next tag; without XDP that device gets the frame.
# Filters of the lower device see frames with two tags only for VLANs without a
# device.
test_priority_tag_and_vlan_xdp() {
	local frame="$HEAD 8100e000 81000005 88b7" listener

	vlan_pair
	ctl attach dl0
	ctl filter add dl0 tagged in match 'vlan and vlan' count
	frame="${frame// /}$(printf '%084d' 0)"
	inns dut pkt dl0.5 88b7 >"$T/vlan" &
	listener=$!
	wait_for 5 grep -q ready "$T/vlan"
	peer pkt send pe0 0003 $frame
	becomes "frames without XDP" 1 grep -c "^$HEAD" "$T/vlan"
	vlan_drops_all
	for _ in 1 2 3; do
		peer pkt send pe0 0003 $frame
	done
	is "answers past XDP" "$(pings peer 1 $IP0)" 1
	is "frames past XDP" "$(grep -c "^$HEAD" "$T/vlan")" 1
	kill "$XDP" $listener
	# An ARP request has no socket, like packets from a NIC.
	ip -n dut addr add 10.9.0.1/24 dev dl0.5
	ip -n peer link add link pe0 name pe0.0 type vlan id 0
	ip -n peer link add link pe0.0 name pe0.0.5 type vlan id 5
	ip -n peer addr add 10.9.0.2/24 dev pe0.0.5
	ip -n peer link set pe0.0 up
	ip -n peer link set pe0.0.5 up
	peer ping -q -c 1 -W 1 10.9.0.1 >"$T/ping" || true
	wait_for 5 asked_by 10.9.0.2
	is "frames that a filter met" "$(filter tagged matched)" 0
	peer pkt send pe0 0003 "$HEAD$(printf '8100e0008100000788b7%084d' 0)"
	comes_to "frames that a filter met" 1 filter tagged matched
}

# late_vlan COMMAND...: a VLAN device is created while a packet with its tag is
# queued; COMMAND runs on it before that packet is delivered.  The frames that
# it gets are in $T/vlan.
late_vlan() {
	local listener

	echo 0 >$SLEEPER/release
	peer pkt send pe0 0003 "$HEAD$(printf '8100000588b7%084d' 0)"
	wait_for 10 asleep 1
	ip -n dut link add link dl0 name dl0.5 type vlan id 5
	ip -n dut link set dl0.5 up
	inns dut pkt dl0.5 88b7 >"$T/vlan" &
	listener=$!
	wait_for 5 grep -q ready "$T/vlan"
	"$@"
	echo 1 >$SLEEPER/release
	is "answers behind it" "$(pings peer 1 $IP0)" 1
	kill $listener
	wait $listener 2>/dev/null || true
}

# LNX-15 LNX-2: a VLAN device gets a packet that was queued when the device was
# created, unless its own XDP program drops it.
test_vlan_device_comes() {
	ctl attach dl0
	sleeper input
	late_vlan true
	is "frames without XDP" "$(grep -c "^$HEAD" "$T/vlan")" 1
	ip -n dut link del dl0.5
	late_vlan vlan_drops_all
	is "frames past XDP" "$(grep -c "^$HEAD" "$T/vlan" || true)" 0
	kill "$XDP"
}

# LNX-15: two packets are kept in a filter that sleeps; the namespace of their
# socket can still be deleted.
test_sender_goes() {
	ctl attach dl0
	is answers "$(pings peer 1 $IP0)" 1
	sleeper input
	peer bash -c 'exec 3>/dev/udp/10.7.0.1/7; echo a >&3; echo b >&3'
	wait_for 10 asleep 1
	ip netns del peer
	# The wire goes with it, once nothing holds the namespace.
	wait_for 20 no_device dut dl0
	wake_sleeper
}

# Without the monitor, a change has no receiver.
monitor_listens() {
	ip -n dut link set dl0 mtu 1480
	ip -n dut link set dl0 mtu 1490
	grep -qi mtu "$T/monitor"
}

# IFN-15 LNX-5: the policy for unmatched packets can be set in sysfs as well,
# with the capability, and a change posts an event.
test_unmatched_is_told() {
	local file=/sys/class/net/dl0/dlil/unmatched listener

	ctl attach dl0
	inns dut dlilctl monitor >"$T/monitor" &
	listener=$!
	wait_for 10 monitor_listens
	: >"$T/monitor"
	dut bash -c "echo drop >$file"
	is unmatched "$(json .unmatched)" drop
	wait_for 10 grep -qi cap "$T/monitor"
	dut setpriv --reuid 65534 --regid 65534 --clear-groups \
		bash -c "echo pass >$file" 2>/dev/null && fail "anybody may"
	dut bash -c "echo perhaps >$file" 2>/dev/null && fail "it took nonsense"
	is unmatched "$(dut cat $file)" drop
	ctl set dl0 unmatched pass
	is unmatched "$(dut cat $file)" pass
	kill $listener
}

# LNX-11: a container does not see process ids of another namespace.
test_thread_in_container() {
	ctl attach dl0
	at_least "the thread" "$(json .thread)" 2
	is "the thread in a container" "$(dut unshare -p -f \
		dlilctl -j show dl0 | jget '[0].thread')" 0
	is "the thread in a container" "$(dut unshare -p -f \
		cat /sys/class/net/dl0/dlil/thread)" 0
	dut unshare -p -f dlilctl show dl0 >"$T/show"
	! grep -q thread "$T/show" || fail "it says: $(<"$T/show")"
}
