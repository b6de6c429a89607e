# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2086,SC2154 # constants of lib.sh
#
# Filters of kind match.

ICMP_ECHO='icmp[icmptype] == icmp-echo'

small_transfer() {
	[ -e "$T/data" ] || head -c 1000000 /dev/urandom >"$T/data"
	is "the checksum of a transfer $1 to $2" \
		"$(transfer "$1" "$2" "$3" "$T/data")" \
		"$(sha256sum "$T/data" | cut -d ' ' -f 1)"
}

# FLT-1 FLT-5 STA-4: a filter that drops received packets takes effect at once,
# affects nothing else, and everything works again after its removal.
test_drop_on_input() {
	ctl attach dl0
	is answers "$(pings peer 5 $IP0)" 5
	ctl filter add dl0 noping in match icmp drop
	no_pings peer $IP0
	comes_to "pings dropped" "$(sent)" filter noping matched
	small_transfer peer dut $IP0
	is "answers by IPv6" "$(pings peer 5 $IP60)" 5
	is "drops by filters" "$(json .account.input.drops.filter)" \
		"$(filter noping matched)"
	is "drops on output" "$(json .account.output.freed)" 0
	ctl filter del dl0 noping
	is "filters left" "$(json .filters#)" 0
	is "answers after removal" "$(pings peer 5 $IP0)" 5
}

# FLT-1 FLT-5 LNX-6: the same for sent packets.
test_drop_on_output() {
	ctl attach dl0
	ctl filter add dl0 noping out match icmp drop
	no_pings peer $IP0
	no_pings dut $IP1
	small_transfer dut peer $IP1
	at_least "pings dropped" "$(filter noping matched)" 5
	is "drops by filters" "$(json .account.output.drops.filter)" \
		"$(filter noping matched)"
	is "drops on input" "$(json .account.input.freed)" 0
	ctl filter del dl0 noping
	is "answers after removal" "$(pings peer 5 $IP0)" 5
}

# FLT-3 FLT-5: filters run in the order in which they were added, in both
# directions; a drop ends the run.
test_order() {
	ctl attach dl0
	ctl filter add dl0 first match icmp count
	ctl filter add dl0 second in match "$ICMP_ECHO" drop
	ctl filter add dl0 third match icmp count
	is "the order shown" "$(json '[.filters[].name] | join(" ")')" \
		"first second third"
	no_pings peer $IP0
	is "pings after the one that drops" "$(filter third matched)" 0
	is "pings before it" "$(filter first matched)" \
		"$(filter second matched)"

	ctl filter del dl0 first
	ctl filter add dl0 first match icmp count
	is "the order after adding one again" \
		"$(json '[.filters[].name] | join(" ")')" "second third first"
	no_pings peer $IP0
	is "pings after the one that drops" "$(filter first matched)" 0

	ctl filter del dl0 second
	ctl filter add dl0 second out match icmp drop
	no_pings peer $IP0
	at_least "replies before the one that drops" "$(filter first matched)" 5
	at_least "replies that it drops" "$(filter second matched)" 5
}

# FLT-3: pass skips all later filters of the kind.
test_action_pass() {
	ctl attach dl0
	ctl filter add dl0 ping match icmp pass
	ctl filter add dl0 ip match ip drop
	ctl filter add dl0 all match ip count
	is answers "$(pings peer 5 $IP0)" 5
	comes_to "packets passed" $((2 * $(sent))) filter ping matched
	is "packets after the one that drops" "$(filter all matched)" 0
	ctl filter del dl0 ping
	no_pings peer $IP0
}

# FLT-3 LNX-2: a filter with the action count counts matches in its direction.
test_action_count() {
	ctl attach dl0
	ctl filter add dl0 in in match icmp count
	ctl filter add dl0 out out match icmp count
	ctl filter add dl0 both match icmp count
	ctl filter add dl0 other match udp port 9 count
	is answers "$(pings peer 50 $IP0)" 50
	settle peer $IP60
	is "packets in" "$(filter in matched)" "$(sent)"
	is "packets out" "$(filter out matched)" "$(sent)"
	is "packets both ways" "$(filter both matched)" $((2 * $(sent)))
	is "packets of others" "$(filter other matched)" 0
	at_least "packets looked at" "$(filter other packets)" 100
}

# FLT-1: a filter is shown as it was added.
test_shown_as_added() {
	ctl attach dl0
	ctl filter add dl0 'a name' out match 'tcp port 80 or udp' drop
	is "the filter" "$(json '.filters[0] | del(.packets, .matched) | tojson')" \
		"$(jq -cn '{name: "a name", kind: "match", direction: "out",
			action: "drop", expr: "tcp port 80 or udp"} | tojson' |
			jq -r .)"
	is "dlilctl filter show" \
		"$(ctl filter show dl0 | sed -nE 's/packets [0-9]+/packets N/p')" \
		'    filter a name out match "tcp port 80 or udp" drop packets N matched 0'
}

# FLT-5: a filter sees the whole frame, link header and payload.
test_whole_frame() {
	ctl attach dl0
	ctl filter add dl0 dst in match "ether dst $MAC0 and icmp" count
	ctl filter add dl0 src out match "ether src $MAC0 and icmp" count
	ctl filter add dl0 size in match 'icmp and len == 1042' count
	ctl filter add dl0 last in match "$ICMP_ECHO and ether[1041] == 0xab" count
	is answers "$(pings peer 10 $IP0 -s 1000 -p ab)" 10
	settle peer $IP60
	for name in dst src size last; do
		is "packets that match $name" "$(filter $name matched)" "$(sent)"
	done
}

# FLT-6: adding and deleting filters does not disturb full traffic.
test_change_under_traffic() {
	local i

	ctl attach dl0
	flood peer $IP60
	ping_along dut $IP1
	for i in {1..8}; do
		ctl filter add dl0 "a$i" match udp drop
		ctl filter add dl0 "b$i" in match udp drop
		ctl filter del dl0 "a$i"
		ctl filter del dl0 "b$i"
	done
	along_more 5
	end_along
	at_least "packets in" "$(json .stats.ipackets)" 100
	is "drops by filters" "$(json .drops.filter)" 0
}

# FLT-1: all of many filters are effective, and are shown, in more than one
# message of a dump.
test_many_filters() {
	local i long

	long=$(printf ' or udp port 1%04d' {0..55})
	ctl attach dl0
	for i in {1..36}; do
		ctl filter add dl0 "f$i" in match udp port "$i$long" count
	done
	is filters "$(json .filters#)" 36
	is "filters in the list of all" \
		"$(ctl -j show | jget '[0].filters#')" 36
	peer bash -c "echo >/dev/udp/$IP0/36"
	comes_to "packets that the last one saw" 1 filter f36 matched
	is "packets that match all of them" \
		"$(json '[.filters[].matched] | add')" 1
}

# FLT-1 LNX-11: a dump in parts has every filter that stays, once, and reports
# changes in between: of filters, protocols and other devices of the namespace,
# but not of other namespaces.
test_list_in_parts() {
	local i long ok="filters 40 twice 0 flagged 0 error 0 parts many"
	local changed="filters 40 twice 0 flagged 1 error 0 parts many"

	long=$(printf ' or udp port 1%04d' {0..30})
	ctl attach dl0
	for i in {1..40}; do
		ctl filter add dl0 "f$i" in match udp port "$i$long" count
	done
	is "the list" "$(dut dumps true)" "ifnets 1 $ok"
	is "one ifnet" "$(dut dumps true dl0)" "ifnets 1 $ok"
	is "with an attach elsewhere" \
		"$(dut dumps 'dlilctl -n peer attach pe0')" "ifnets 1 $ok"
	is "with a filter elsewhere" "$(dut dumps \
		'dlilctl -n peer filter add pe0 f match "" count')" "ifnets 1 $ok"
	is "with a protocol less" \
		"$(dut dumps 'dlilctl proto unplumb dl0 mpls')" \
		"ifnets 1 $changed"
	is "without the first one" \
		"$(dut dumps 'dlilctl filter del dl0 f1')" "ifnets 1 $changed"
	is "with a new one" "$(dut dumps \
		'dlilctl filter add dl0 f1 match "" count' dl0)" "ifnets 1 $changed"
	ip -n dut link add more0 type dummy
	is "with another device" "$(dut dumps 'dlilctl attach more0')" \
		"ifnets 2 $changed"
	dut dumps 'dlilctl detach dl0' dl0 >"$T/gone"
	[[ $(<"$T/gone") == *"flagged 1 error 0"* ]] ||
		fail "while it went: $(<"$T/gone")"
}

# FLT-1: a dump is complete, or reports an inconsistency, while filters change.
test_show_while_filters_change() {
	local i

	ctl attach dl0
	for i in {1..30}; do
		ctl filter add dl0 "f$i" match udp port "$i" count
		ctl filter del dl0 "f$((i - 1))" 2>/dev/null || true
	done &
	while kill -0 $! 2>/dev/null; do
		ctl show dl0 >"$T/show" || fail "it said: $(<"$T/show")"
		ctl -j show >"$T/show" || fail "it said: $(<"$T/show")"
	done
	reap $!
	is "what is left" "$(json '.filters[0].name')" f30
}

# LNX-6 FLT-5 STA-3: packets of a packet socket that bypasses the qdisc come
# with bottom halves on; they are counted and filtered like all others.
test_qdisc_bypass() {
	ctl attach dl0
	ctl filter add dl0 all out match 'ether proto 0x88b5' count
	dut bypass dl0 20
	is "packets matched" "$(filter all matched)" 20
	ctl filter add dl0 none out match 'ether proto 0x88b5' drop
	dut bypass dl0 30
	is "packets matched" "$(filter all matched)" 50
	is "packets dropped" "$(json .drops.filter)" 30
}

# sent_bytes: packets and bytes that the device has sent.
sent_bytes() {
	dut cat /sys/class/net/dl0/statistics/tx_{packets,bytes} | paste -sd ' '
}

# qdisc_says FIELD...: counters of the root qdisc of dl0.
qdisc_says() {
	tc -n dut -s -j qdisc show dev dl0 |
		jq -r --args '.[0] as $q | [$ARGS.positional[] | $q[.]] |
			join(" ")' "$@"
}

# qdisc_agrees PACKETS BYTES: beyond these, the device has sent what the qdisc
# has counted, each packet with its length.
qdisc_agrees() {
	local packets bytes

	read -r packets bytes < <(sent_bytes)
	[ "$(qdisc_says packets bytes)" = \
		"$((packets - $1)) $((bytes - $2))" ]
}

# behind_scribble KIND COMMAND...: the qdisc loses nothing and counts correctly.
behind_scribble() {
	local kind=$1 before
	shift

	# Both must start at the same packet, so nothing may be sent in between.
	until before=$(sent_bytes) && tc -n dut qdisc add dev dl0 root "$@" &&
		[ "$(sent_bytes)" = "$before" ]; do
		tc -n dut qdisc del dev dl0 root
	done
	if [ "$kind" = htb ]; then
		tc -n dut class add dev dl0 parent 1: classid 1:1 htb \
			rate 100mbit
	fi
	is "answers through $kind" "$(pings dut 20 $IP1 -s 300)" 20
	# shellcheck disable=SC2086 # two numbers
	wait_for 10 qdisc_agrees $before
	is "packets that $kind dropped" "$(qdisc_says drops)" 0
	tc -n dut qdisc del dev dl0 root
}

# LNX-6 LNX-2: an output filter may overwrite skb->cb and change the length in
# place; qdiscs behind it shape and count by the resulting length.
test_qdisc_behind_filter() {
	local grow

	ctl attach dl0
	dut modprobe dlil_scribble dev=dl0
	for grow in 0 10; do
		echo $grow >/sys/module/dlil_scribble/parameters/grow
		behind_scribble tbf tbf rate 100mbit burst 10k latency 50ms
		if modprobe -q sch_htb; then
			behind_scribble htb handle 1: htb default 1
		else
			may_lack htb
		fi
	done
	is "packets dropped" "$(json .account.output.freed)" 0
	echo >/sys/module/dlil_scribble/parameters/dev
	rmmod dlil_scribble
}

KFREE=/sys/kernel/debug/tracing/events/skb/kfree_skb

# kernel_says REASON: number of drops with this reason of the kernel.
kernel_says() {
	grep -c "kfree_skb: .* reason: $1\$" "${KFREE%/events/*}/trace"
}

# trace_drops: trace from now on, with an empty trace.
trace_drops() {
	echo 0 >$KFREE/enable
	echo >"${KFREE%/events/*}/trace"
	echo 1 >$KFREE/enable
}

# dropped_unplumbed IN OUT: besides these, the device has dropped packets
# without protocol.
dropped_unplumbed() {
	local in out

	in=$(json .account.input.drops.noproto)
	out=$(json .account.output.drops.noproto)
	[ "$(dropped)" = "$(($1 + in)) $(($2 + out))" ]
}

# LNX-14 STA-4: drops are visible where people look for them: once in the
# device's own counters, and in the kernel's drop reasons.
test_drops_seen() {
	local frame out in

	frame=$(printf '%092d' 0)

	in="${MAC0//:/} ${MAC1//:/} 88b5 $frame"
	out="${MAC1//:/} ${MAC0//:/} 88b5 $frame"
	ctl attach dl0
	is "packets dropped so far" "$(dropped)" "0 0"
	ctl filter add dl0 none match 'ether proto 0x88b5' drop

	trace_drops
	send_frames peer pe0 "$in" "$in" "$in"
	comes_to "drops by the input filter" "3 0" dropped
	at_least "drops by netfilter" "$(kernel_says NETFILTER_DROP)" 3
	trace_drops
	dut bypass dl0 5
	comes_to "drops by the output filter" "3 5" dropped
	at_least "drops by netfilter" "$(kernel_says NETFILTER_DROP)" 5
	ctl filter del dl0 none

	trace_drops
	ctl proto unplumb dl0 inet
	no_pings dut $IP1
	wait_for 10 dropped_unplumbed 3 5
	at_least "packets of no protocol" "$(json .account.output.drops.noproto)" 1
	at_least "drops of no protocol" "$(kernel_says UNHANDLED_PROTO)" 1
	trace_drops
	no_pings peer $IP0
	at_least "packets of no protocol" "$(json .account.input.drops.noproto)" 1
	wait_for 10 dropped_unplumbed 3 5
	at_least "drops of no protocol" "$(kernel_says UNHANDLED_PROTO)" 1
	echo 0 >$KFREE/enable
	echo >"${KFREE%/events/*}/trace"
}
