# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2016,SC2086,SC2154 # words of awk; constants of lib.sh
#
# Dropped packets, as shown by dlilctl drops (STA-6).

# tell_drops FILE [WORD...]: run dlilctl -j drops WORD... in the background.  What is
# dropped from now on is told.
tell_drops() {
	local file=$1
	shift

	inns dut dlilctl -d -j drops "$@" >"$file" 2>"$file.err" &
	TELLER=$!
	wait_for 10 grep -q '^Note: ' "$file.err"
}

# complaints FILE: print its complaints.
complaints() { grep -v '^Note: ' "$1.err" || true; }

# count_told [FILTER]: number of packets told, for which the jq filter is true.
count_told() {
	jq -s "[.[] | select(.reason) | select(${1:-true})] | length" "$T/drops" \
		2>/dev/null
}

# drops_differ: print how told drops differ from the counters, for each
# direction and reason.
drops_differ() {
	local counted

	counted=$(ctl -j -s show dl0 | jq -c '.[0].account |
		[(.input.drops | to_entries[] | ["in", .key, .value]),
		 (.output.drops | to_entries[] | ["out", .key, .value])]')
	jq -rs --argjson counted "$counted" '. as $all | $counted[] | . as $c |
		([$all[] | select(.direction == $c[0] and .reason == $c[1])] |
		 length) as $n | select($n != $c[2]) |
		"\($c[0]) \($c[1]): \($n) told, \($c[2]) counted"' "$T/drops" ||
		echo "no answer"
}

# STA-6 STA-3: each packet that DLIL drops is told once, with its reason, its filter and its
# first bytes.
test_drops() {
	local pad in out stray

	quiet_wire
	pad=$(printf '%092d' 0)
	in=${MAC0//:/}${MAC1//:/}88b5
	out=${MAC1//:/}${MAC0//:/}88b5
	stray=02aabbccddee${MAC1//:/}88b6
	ip -n dut link set dl0 promisc on mtu 4000
	ip -n peer link set pe0 mtu 4000
	modprobe dlil_mailer
	ctl attach dl0 unmatched drop
	is answers "$(pings dut 1 $IP1)" 1
	tell_drops "$T/drops" dl0

	send_frames peer pe0 $in$pad $in$pad
	send_frames peer pe0 $stray$pad
	ctl filter add dl0 seen in match '' count
	ctl filter add dl0 none match 'ether proto 0x88b5' drop
	ctl filter add dl0 never match 'ether proto 0x88b5' drop
	send_frames peer pe0 $in$pad $in$pad $in$pad
	becomes "frames dropped by a filter" 3 count_told '.filter == "none"'
	dut pkt send dl0 88b5 $out$pad 2>/dev/null || true
	ctl filter flush dl0
	mailer policy 1
	mail_refused "Permission denied" dl0 $IP0 $IP1 len=101 count=4
	mailer policy 0
	mailer attrs dl0 -tso4
	mail_refused "Message too long" dl0 $IP0 $IP1 len=3000 count=5 tso=3
	ctl proto unplumb dl0 inet
	no_pings dut $IP1
	sleeper input
	send_frames peer pe0 $in$pad
	wait_for 10 asleep 1
	ctl set dl0 queue packets 1
	send_frames peer pe0 $in$pad $in$pad $in$pad $in$pad $in$pad
	wake_sleeper

	becomes "what differs" "" drops_differ
	is "of the filter that saw them all" "$(count_told '.filter == "seen"')" 0
	is "of that behind" "$(count_told '.filter == "never"')" 0
	is "frames dropped by the filter" "$(count_told ".filter == \"none\" and
		.direction == \"in\" and .bytes == \"$in$pad\"")" 3
	is "frames not sent" "$(count_told ".filter == \"none\" and
		.direction == \"out\" and .bytes == \"$out$pad\"")" 1
	is "strays" "$(count_told ".reason == \"promiscuous\" and
		.bytes == \"$stray$pad\" and .len == 60")" 1
	is "mail refused" "$(count_told '.reason == "policy" and .header == "none"')" 4
	is "mail too long" "$(count_told '.reason == "tso"')" 3
	at_least "pings without a protocol" "$(count_told '.direction == "out" and
		.reason == "noproto" and (.summary | test("ICMP echo request"))')" 1
	at_least "frames for a full queue" "$(count_told '.reason == "queue-full"')" 4
	is "of other devices" "$(count_told '.ifname != "dl0"')" 0

	# The trace ends with its socket, and another one begins.
	kill $TELLER
	! reap $TELLER || fail "it has ended by itself"
	is "what it said" "$(complaints "$T/drops")" ""
	ctl proto plumb dl0 inet
	ctl filter add dl0 noping in match icmp drop
	tell_drops "$T/drops" count 3
	no_pings peer $IP0
	reap $TELLER || fail "it said: $(<"$T/drops.err")"
	is "pings told" "$(count_told '.filter == "noping"')" 3
	rmmod dlil_mailer
}

# STA-6: a file of packets can be read by others; the comment of a packet says why it was
# dropped.
test_drops_file() {
	ctl attach dl0
	ctl filter add dl0 noping in match icmp drop
	inns dut dlilctl -d drops dl0 count 5 -w "$T/drops.pcapng" \
		>"$T/lines" 2>"$T/lines.err" &
	TELLER=$!
	wait_for 10 grep -q '^Note: ' "$T/lines.err"
	no_pings peer $IP0
	no_pings peer $IP0
	reap $TELLER || fail "it said: $(<"$T/lines.err")"
	is "lines" "$(<"$T/lines")" ""
	is "packets that tcpdump reads" "$(tcpdump -Z root -nr "$T/drops.pcapng" \
		icmp 2>"$T/error" | grep -c "$IP1 > $IP0: ICMP echo request")" 5
	is "comments" "$(grep -ao 'filter noping' "$T/drops.pcapng" | wc -l)" 5
}

# told_or_lost N: have that many packets been told, or counted as lost?
told_or_lost() {
	local lost lines

	lost=$(sed -nE 's/^\{"lost":([0-9]+)\}$/\1/p' "$T/drops" | paste -sd +)
	lines=$(grep -c '"reason":.*}$' "$T/drops" || true)
	[ $((lines + ${lost:-0})) -eq "$1" ]
}

# fall_behind N: begin a trace whose reader is stopped while N frames are dropped.
fall_behind() {
	local frame

	quiet_wire
	frame=${MAC0//:/}${MAC1//:/}88b5$(printf '%092d' 0)
	ctl attach dl0 unmatched drop
	tell_drops "$T/drops" dl0
	kill -STOP $TELLER
	peer pkt send pe0 88b5 $frame "$1"
	becomes "frames dropped" "$1" json .account.input.freed
}

# STA-6: a reader that is too slow is told how many packets it has missed.  Its socket always
# has room for the answers to its requests.
test_drops_lost() {
	local n=20000

	fall_behind $n
	is "sockets that lost messages" \
		"$(inns dut awk '$2 == 16 && $9 > 0' /proc/net/netlink)" ""
	is "sockets that are more than half full" "$(inns dut awk '$2 == 16 &&
		$5 > 1024 * 1024 + 8192' /proc/net/netlink)" ""
	kill -CONT $TELLER
	wait_for 60 told_or_lost $n
	grep -q '^{"lost":' "$T/drops" || fail "none is said to be lost"
	at_least "packets told" "$(grep -c '"reason":' "$T/drops")" 1024
}

# STA-6: nobody but an administrator is told; there are 8 traces in a namespace, each of
# which ends with its socket.
test_drops_limits() {
	local i tellers=()

	ctl attach dl0
	for i in $(seq 8); do
		tell_drops "$T/drops$i"
		tellers+=("$TELLER")
	done
	refused_with "too many traces: 8 in a network namespace, 64 in all" \
		ctl drops dl0
	kill ${tellers[0]}
	! reap ${tellers[0]} || fail "it has ended by itself"
	tell_drops "$T/drops" dl0
	refused_with "device is not attached" ctl drops lo
	ctl detach dl0
}

# STA-6: a socket that is being closed gives up its port id; who takes that over hears
# nothing of the trace, of which packets are left.
test_drops_heir() {
	local frame go n=5000

	quiet_wire
	frame=${MAC0//:/}${MAC1//:/}88b5$(printf '%092d' 0)
	ctl attach dl0 unmatched drop
	mkfifo "$T/go"
	inns dut heir <"$T/go" >"$T/heir" &
	exec {go}>"$T/go"
	wait_for 10 grep -q ready "$T/heir"
	peer pkt send pe0 88b5 $frame $n
	becomes "frames dropped" $n json .account.input.freed
	exec {go}>&-
	reap $! || fail "the next owner of the port id heard of it, or there was none: $?"
}

# STA-6: the module can be unloaded with traces, which end.
test_drops_unload() {
	local status=0

	ctl attach dl0
	tell_drops "$T/drops"
	rmmod dlil
	reap $TELLER || status=$?
	is "the exit status" $status 1
	is "what it said" "$(complaints "$T/drops")" \
		"Error: the dlil module was unloaded"
}

# STA-6: a reader that is behind when the module is unloaded hears of that, and how many
# packets it has missed.
test_drops_unload_behind() {
	local n=20000 status=0

	fall_behind $n
	rmmod dlil
	kill -CONT $TELLER
	reap $TELLER || status=$?
	is "the exit status" $status 1
	is "what it said" "$(complaints "$T/drops")" \
		"Error: the dlil module was unloaded"
	told_or_lost $n || fail "told and lost are not all"
	at_least "packets told" "$(grep -c '"reason":' "$T/drops")" 1024
}
