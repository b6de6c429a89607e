# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2086,SC2154 # constants of lib.sh
#
# Expressions of match filters: a filter counts the same packets as tcpdump on
# the device with the same expression (FLT-18).

# vlan_on NAMESPACE DEV VID ADDRESS: a VLAN device.
vlan_on() {
	ip -n "$1" link add link "$2" name "$2.$3" type vlan id "$3"
	ip -n "$1" addr add "$4" dev "$2.$3"
	ip -n "$1" link set "$2.$3" up
}

# dump_to NUMBER EXPR [OPTION...]: run tcpdump on dl0, a line for each packet.
dump_to() {
	local number=$1 expr=$2
	shift 2

	# The shell that creates the files may be slow.
	: >"$T/$number.seen"
	: >"$T/$number.err"
	inns dut tcpdump -Z root --immediate-mode -l -q -t -n -i dl0 "$@" \
		"$expr" >"$T/$number.seen" 2>"$T/$number.err" &
	LISTENERS+=($!)
	wait_for 10 grep -q 'listening on' "$T/$number.err"
}

stop_listening() {
	kill "${LISTENERS[@]}"
	wait "${LISTENERS[@]}" || true
	LISTENERS=()
}

# counts: for each expression the counts of the filter and of tcpdump.
counts() {
	local i matched seen

	mapfile -t matched < <(ctl -j filter show dl0 |
		jq '.[0].filters[].matched')
	for i in "${!EXPRS[@]}"; do
		mapfile -t seen <"$T/$i.seen"
		echo "${matched[i]} ${#seen[@]}"
	done
}

# at_rest: wait until nothing is in flight.  The counts so far are in $T/after,
# because filters and tcpdump have not started at the same moment.
at_rest() {
	counts >"$T/before"
	pause
	counts >"$T/after"
	cmp -s "$T/before" "$T/after"
}

# differences: a line for each expression for which filter and tcpdump have
# counted different numbers since then.
differences() {
	local i=0 f t f0 t0

	counts | paste - "$T/after" | while read -r f t f0 t0; do
		[ $((f - f0)) = $((t - t0)) ] ||
			echo "${EXPRS[i]}: filter $((f - f0)), tcpdump $((t - t0))"
		i=$((i + 1))
	done
}

# dns FROM ADDRESS: some datagrams to port 53, without answers.
dns() {
	local i

	for ((i = 0; i < 5; i++)); do
		"$1" socat -u - "UDP:$2:53" <<<"question $i" 2>/dev/null || true
	done
}

# Traffic of all kinds.  Tagged frames are for VLANs without a device in dut,
# since the kernel would take others before DLIL.
all_sorts() {
	is "answers of dut" "$(pings peer 5 $IP0)" 5
	is "answers of peer" "$(pings dut 3 $IP1)" 3
	is "answers by IPv6" "$(pings peer 4 $IP60)" 4
	dns peer $IP0
	dns dut $IP1
	ip -n peer neigh flush dev pe0
	is "answers after ARP" "$(pings peer 1 $IP0)" 1
	no_pings dut 10.8.0.2
	dns dut 10.8.0.2
	no_pings peer 10.9.9.1
	dns peer 10.9.9.1
	# With tags in the data, of VLAN 5 or 7, and of VLAN 6 in a service VLAN
	# 5.
	send_frames dut dl0 "${MAC1//:/} ${MAC0//:/} 81000005 88b5 $(printf '%092d' 0)" \
		"${MAC1//:/} ${MAC0//:/} 88a80005 81000006 88b5 $(printf '%092d' 0)"
	# Priority tags, one in front of VLAN 8 and one of another kind.
	send_frames peer pe0 "${MAC0//:/} ${MAC1//:/} 8100e000 88b5 $(printf '%092d' 0)" \
		"${MAC0//:/} ${MAC1//:/} 8100e000 81000008 88b5 $(printf '%092d' 0)" \
		"${MAC0//:/} ${MAC1//:/} 8100e000 81002000 0800 $(printf '%092d' 0)"
	send_frames peer pe0 "${MAC0//:/} ${MAC1//:/} 81000007 88b5 $(printf '%092d' 0)" \
		"${MAC0//:/} ${MAC1//:/} 88a80005 81000006 88b5 $(printf '%092d' 0)"
}

# FLT-18: the comparison, with tags beside the data and in it, in both directions.
test_match_as_tcpdump() {
	local i txvlan
	EXPRS=(icmp vlan 'vlan 5' 'vlan 5 and icmp' 'vlan 9 and udp port 53'
		'port 53' 'inbound and icmp' outbound 'ether broadcast' arp ip6
		'not vlan' 'icmp or vlan 9' 'vlan 7' 'vlan 5 and vlan 6' 'greater 101'
		'vlan 0' 'vlan 0 and vlan 8' 'vlan 0 and vlan 0 and ip'
		"ifindex $(ip -n dut -j link show dl0 | jq '.[0].ifindex')"
		"ifindex $(ip -n dut -j link show dl0 | jq '.[0].ifindex') and icmp"
		'not ifindex 9999' '')

	vlan_on dut dl0 5 10.8.0.1/24
	ip -n dut neigh add 10.8.0.2 lladdr $MAC1 dev dl0.5
	vlan_on peer pe0 9 10.9.9.2/24
	ip -n peer neigh add 10.9.9.1 lladdr $MAC0 dev pe0.9
	wait_for 10 is_up dut dl0.5
	wait_for 10 is_up peer pe0.9
	for txvlan in on off; do
		# The receiver of a veth is the other end of its sender.
		dut ethtool -K dl0 tx-vlan-hw-insert $txvlan \
			tx-vlan-stag-hw-insert $txvlan >/dev/null
		peer ethtool -K pe0 tx-vlan-hw-insert $txvlan \
			tx-vlan-stag-hw-insert $txvlan >/dev/null
		ctl attach dl0
		LISTENERS=()
		for i in "${!EXPRS[@]}"; do
			ctl filter add dl0 f$i match "${EXPRS[i]}" count
			dump_to $i "${EXPRS[i]}"
		done
		# libpcap itself filters the first packet after a new filter
		# once more, without knowing its direction, and loses it.
		is "answers" "$(pings peer 2 $IP0)" 2
		wait_for 20 at_rest
		all_sorts
		becomes "the difference, txvlan $txvlan" "" differences
		# Otherwise nothing would have been compared.
		for i in "${!EXPRS[@]}"; do
			at_least "packets for '${EXPRS[i]}'" \
				"$(filter f$i matched)" 1
		done
		stop_listening
		ctl detach dl0
	done
}

# FLT-18: the comparison with GSO packets, which a device without TSO gets in segments.
# Both see received packets as GRO and the sender have made them.
test_match_gso_as_tcpdump() {
	local i tso sum
	EXPRS=('outbound and tcp' 'outbound and greater 1600' 'inbound and tcp'
		'inbound and greater 1600' 'tcp[tcpflags] & tcp-push != 0' '')

	head -c 400000 /dev/urandom >"$T/data"
	sum=$(sha256sum "$T/data" | cut -d ' ' -f 1)
	for tso in on off; do
		dut ethtool -K dl0 tso $tso >/dev/null
		ctl attach dl0
		LISTENERS=()
		for i in "${!EXPRS[@]}"; do
			ctl filter add dl0 f$i match "${EXPRS[i]}" count
			# The buffer holds all packets.
			dump_to $i "${EXPRS[i]}" -s 128 -B 8192
		done
		# The first packets are those that libpcap filters itself, see above.
		transfer dut peer $IP1 "$T/data" >/dev/null
		transfer peer dut $IP0 "$T/data" >/dev/null
		wait_for 20 at_rest
		is "what was sent" "$(transfer dut peer $IP1 "$T/data")" "$sum"
		is "what was received" "$(transfer peer dut $IP0 "$T/data")" "$sum"
		becomes "the difference, tso $tso" "" differences
		if [ $tso = on ]; then
			at_least "GSO packets sent" "$(filter f1 matched)" 1
		else
			is "GSO packets sent" "$(filter f1 matched)" 0
			at_least "segments sent" "$(filter f0 matched)" 270
		fi
		at_least "GSO packets received" "$(filter f3 matched)" 1
		stop_listening
		ctl detach dl0
	done
}

# FLT-18: expressions with a direction.
test_match_direction() {
	local word

	ctl attach dl0
	for word in inbound outbound; do
		ctl filter add dl0 $word match "$word and icmp" count
	done
	is answers "$(pings peer 30 $IP0)" 30
	is "inbound packets" "$(filter inbound matched)" "$(sent)"
	is "outbound packets" "$(filter outbound matched)" "$(sent)"
	at_least "packets looked at" "$(filter outbound packets)" 60
	ctl filter add dl0 wrong in match 'outbound and icmp' drop
	is answers "$(pings peer 10 $IP0)" 10
	ctl filter add dl0 right out match 'outbound and icmp' drop
	no_pings peer $IP0
	is "answers dropped" "$(filter right matched)" 10
	is "requests dropped" "$(filter wrong matched)" 0
}

# FLT-18 FLT-9: filters on the parent of a VLAN device see packets that it
# sends, and received ones for a VLAN without a device.  A filter that drops
# everything drops those, too.
test_match_vlan() {
	local txvlan

	vlan_on dut dl0 5 10.8.0.1/24
	vlan_on peer pe0 5 10.8.0.2/24
	vlan_on peer pe0 9 10.9.9.2/24
	ip -n peer neigh add 10.9.9.1 lladdr $MAC0 dev pe0.9
	wait_for 10 is_up dut dl0.5
	wait_for 10 is_up peer pe0.5
	ctl attach dl0
	for txvlan in on off; do
		dut ethtool -K dl0 tx-vlan-hw-insert $txvlan >/dev/null
		ctl filter add dl0 five out match 'vlan 5 and icmp' count
		ctl filter add dl0 six out match 'vlan 6' count
		is answers "$(pings peer 10 10.8.0.1)" 10
		is "answers with a tag, txvlan $txvlan" \
			"$(filter five matched)" "$(sent)"
		is "answers with another tag" "$(filter six matched)" 0
		# The set has put the tag back beside the data.
		ctl filter add dl0 again out match 'vlan 5 and icmp' drop
		no_pings peer 10.8.0.1
		is "answers dropped" "$(filter again matched)" 10
		ctl filter del dl0 again
		ctl filter add dl0 all out match '' drop
		no_pings peer 10.8.0.1
		at_least "packets dropped" "$(filter all matched)" 1
		ctl filter del dl0 five
		ctl filter del dl0 six
		ctl filter del dl0 all
		is "answers without filters" "$(pings peer 5 10.8.0.1)" 5
	done

	ctl filter add dl0 nine in match 'vlan 9 and icmp' count
	ctl filter add dl0 any in match vlan drop
	no_pings peer 10.9.9.1
	comes_to "packets for VLAN 9" 10 filter nine matched
	# The VLAN devices of the peer send by themselves, too.
	at_least "packets dropped" "$(filter any matched)" 10
	is answers "$(pings peer 5 $IP0)" 5
}

# FLT-18: expressions with `vlan` do not need any device that is up, not even
# lo.
test_match_vlan_without_lo() {
	ip -n dut link set lo down
	ctl attach dl0
	ctl filter add dl0 five out match 'vlan 5' count
	is "the filter" "$(filter five expr)" 'vlan 5'
	is "its namespace's devices" "$(ip -n dut -br link show up type veth |
		cut -d@ -f1)" dl0
}
