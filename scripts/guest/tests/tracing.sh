# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2086,SC2154 # constants of lib.sh
#
# Tracepoints, as tracefs shows them.

TRACING=/sys/kernel/debug/tracing

# trace_all: from now on, with an empty buffer.
trace_all() {
	echo 0 >$TRACING/tracing_on
	echo 4096 >$TRACING/buffer_size_kb
	echo >$TRACING/trace
	echo 1 >$TRACING/events/dlil/enable
	echo 1 >$TRACING/tracing_on
}

# sum EVENT FIELD [KEY=VALUE...]: add up events of dl0 that have these values; the sum
# of a field, or with FIELD - how many there are.
sum() {
	local event=$1 field=$2
	shift 2

	awk -v event="dlil_$event:" -v field="$field" -v wanted="ifname=dl0 $*" '
		BEGIN { n = split(wanted, want, " ") }
		{
			delete got
			at = 0
			for (i = 1; i <= NF; i++) {
				if ($i == event)
					at = i
				got[$i] = 1
			}
			if (!at)
				next
			for (i = 1; i <= n; i++)
				if (!(want[i] in got))
					next
			if (field == "-")
				sum++
			for (i = at + 1; i <= NF; i++)
				if (index($i, field "=") == 1)
					sum += substr($i, length(field) + 2)
		}
		END { print sum + 0 }' "$T/trace"
}

# alike WHAT SUM COUNTER: tracepoints and counters agree; prints what differs.
alike() { [ "$2" = "$3" ] || echo "$1: $2 traced, $3 counted"; }

# compare: say what of $T/trace differs from the counters.
compare() {
	local name

	ctl -j -s show dl0 | jq '.[0]' >"$T/all"
	counted() { jq -r "$1" "$T/all"; }
	alike "packets in" "$(sum input_end packets)" \
		"$(counted .account.input.seen)"
	alike "delivered" "$(sum input_end delivered)" \
		"$(counted .account.input.delivered)"
	alike "passed" "$(sum input_end passed)" "$(counted .account.input.passed)"
	alike "freed" "$(sum input_end freed)" "$(counted .account.input.freed)"
	alike "drops in" "$(sum drop packets direction=in)" \
		"$(counted .account.input.freed)"
	alike "drops by filters in" \
		"$(sum drop packets direction=in reason=filter)" \
		"$(counted .account.input.drops.filter)"
	alike "drops by filters out" \
		"$(sum drop packets direction=out reason=filter)" \
		"$(counted .account.output.drops.filter)"
	alike "drops for want of a protocol" \
		"$(sum drop packets direction=in reason=noproto)" \
		"$(counted .account.input.drops.noproto)"
	alike "packets out" "$(sum sent -)" "$(counted .account.output.delivered)"
	alike "bytes out" "$(sum sent len)" "$(counted .stats.obytes)"
	alike "packets to inet" "$(sum deliver packets proto=inet)" \
		"$(counted '.protocols[] | select(.family == "inet").packets')"
	alike "begun" "$(sum input_begin -)" "$(sum input_end -)"
	of_filter() { counted ".filters[] | select(.name == \"$1\").$2"; }
	for name in noping all late noreply; do
		alike "packets that $name saw" \
			"$(sum filter packets filter=$name)" \
			"$(of_filter $name packets)"
	done
	for name in noping noreply; do
		alike "packets that $name dropped" \
			"$(sum filter packets filter=$name verdict=error)" \
			"$(of_filter $name matched)"
	done
}

# busy_device: attach dl0, and have packets go, stay and be dropped in all ways.
busy_device() {
	ctl attach dl0 unmatched drop
	ctl filter add dl0 noping in match 'icmp[icmptype] == icmp-echo' drop
	ctl filter add dl0 all both match '' count
	ctl filter add dl0 late in match icmp count
	is answers "$(pings dut 20 $IP1)" 20
	no_pings peer $IP0
	ctl filter add dl0 noreply out match 'icmp[icmptype] == icmp-echo' drop
	no_pings dut $IP1
	send_frames peer pe0 "${MAC0//:/}${MAC1//:/}88b6$(printf '%092d' 0)"
	dut modprobe dlil_sample dev=dl0
	is answers "$(peer echo-client pe0 $MAC0 30)" \
		"30 of 30 echoes came back"
}

# fall_silent: nothing comes or goes from here on.
fall_silent() {
	ip -n peer link set pe0 down
	ip -n dut link set dl0 down
	wait_for 5 accounted dut
}

# has_told: print the lines of $T/trace about busy_device, by tracepoint.
has_told() {
	at_least "pings dropped" "$(sum drop packets reason=filter)" 2
	at_least "pings dropped out" \
		"$(sum filter packets filter=noreply verdict=error)" 1
	at_least "packets of a module's filter" \
		"$(sum filter packets filter=sample verdict=pass)" 30
	is "outputs begun" "$(sum output_begin packets)" 30
	is "outputs ended" "$(sum output_end - err=0)" 30
	is "packets to the driver" "$(sum driver_begin packets)" 30
	is "returns of the driver" "$(sum driver_end - err=0)" 30
	is "packets to the sample" "$(sum deliver packets proto=sample)" 30
}

# STA-5 STA-3: each tracepoint tells of what happens, by name; the sums are what the
# counters have.
test_tracepoints() {
	trace_all
	busy_device
	fall_silent
	cat $TRACING/trace >"$T/trace"
	is "what differs" "$(compare)" ""
	has_told

	echo >/sys/module/dlil_sample/parameters/dev
	ctl detach dl0
	cat $TRACING/trace >"$T/trace"
	is "states" "$(sed -nE 's/.*dlil_state: ifname=dl0 .*state=//p' \
		"$T/trace" | paste -sd ' ')" "attached detaching acquired"
	! grep -E 'dlil_[a-z_]+:.*(0x|[0-9a-f]{12})' "$T/trace" ||
		fail "an address is told"
	echo 0 >$TRACING/events/dlil/enable
	rmmod dlil_sample
}

# perf_records: record all tracepoints with perf until $T/enough is there.
perf_records() {
	# shellcheck disable=SC2016 # for the other shell
	perf record -q -a -c 1 -m 4M -e 'dlil:*' -o "$T/perf.data" -- \
		bash -c ': >"$0/recording"
			until [ -e "$0/enough" ]; do read -rt 0.1 -u 9; done
			exit 0' \
		"$T" 9<&"$NEVER" >"$T/perf.log" 2>&1 &
	PERF=$!
	wait_for 30 [ -e "$T/recording" ]
}

# STA-5 STA-3: perf, which reads the formats of the tracepoints, sees each of them, and sums
# up to what the counters have.
test_tracepoints_perf() {
	local event

	type perf >/dev/null 2>&1 || lacks perf
	perf_records
	busy_device
	fall_silent
	: >"$T/enough"
	reap $PERF || fail "perf said: $(<"$T/perf.log")"
	perf script -i "$T/perf.data" -F comm,event,trace 2>"$T/perf.log" |
		sed 's/ dlil:dlil_/ dlil_/' >"$T/trace"
	is "what differs" "$(compare)" ""
	has_told
	for event in "$TRACING"/events/dlil/dlil_*; do
		grep -q " ${event##*/}: .*ifname=dl0" "$T/trace" ||
			fail "perf has not seen ${event##*/}"
	done
	echo >/sys/module/dlil_sample/parameters/dev
	rmmod dlil_sample
}

# STA-5: nothing is traced that nobody listens to, and the packets of the host go the
# short way again.
test_tracepoints_off() {
	trace_all
	ctl attach dl0
	is answers "$(pings peer 10 $IP0)" 10
	cat $TRACING/trace >"$T/trace"
	at_least "packets traced" "$(sum sent -)" 10
	echo 0 >$TRACING/events/dlil/enable
	echo >$TRACING/trace
	is answers "$(pings peer 10 $IP0)" 10
	is "lines" "$(grep -c dlil_ $TRACING/trace || true)" 0
	ctl detach dl0
}

# monitor_drops: from now on, the packets that the kernel's drop monitor tells of are in
# $T/drops, see tools/drops.c.
monitor_drops() {
	drops >"$T/drops" 2>"$T/drops.err" &
	MONITOR=$!
	wait_for 10 grep -qx ready "$T/drops"
}

# dropped_by_us REASON [HEADER]: number of packets that dlil dropped for this reason, with
# this link header.
dropped_by_us() {
	grep -cE "^$1 [0-9]+ ${2:-[0-9a-f]*} .*\[dlil\]$" "$T/drops" || true
}

# told_drop N REASON [HEADER]: that many so far.
told_drop() { becomes "drops for $2 told" "$1" dropped_by_us "${@:2}"; }

# told_in_all N REASON [HEADER]: the same when all is told.
told_in_all() { is "drops for $2 told in all" "$(dropped_by_us "${@:2}")" "$1"; }

# end_monitor: have all drops so far told.  The monitor has a queue for each
# processor, so that a packet that is dropped there now is told behind that.
end_monitor() {
	local cpu

	settle peer $IP0
	ctl filter add dl0 last out match 'ether proto 0x88b7' drop
	for cpu in $(seq 0 $(($(nproc) - 1))); do
		dut taskset -c $cpu pkt send dl0 88b7 \
			"$(printf '%012d%012d88b7%092d' $cpu 0 0)" 2>/dev/null || true
		told_drop 1 NETFILTER_DROP "$(printf '%012d%012d88b7' $cpu 0)"
	done
	kill $MONITOR
	reap $MONITOR || fail "the monitor said: $(<"$T/drops.err")"
}

# STA-4 LNX-14: the kernel's drop monitor tells of each packet once, with its reason.
test_drop_monitor() {
	local pad in out stray full

	modprobe -q drop_monitor || lacks "drop monitor"
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
	monitor_drops

	send_frames peer pe0 $in$pad $in$pad
	told_drop 2 UNHANDLED_PROTO $in
	send_frames peer pe0 $stray$pad
	told_drop 1 OTHERHOST $stray
	ctl filter add dl0 none match 'ether proto 0x88b5' drop
	send_frames peer pe0 $in$pad $in$pad $in$pad
	told_drop 3 NETFILTER_DROP $in
	dut pkt send dl0 88b5 $out$pad 2>/dev/null || true
	told_drop 1 NETFILTER_DROP $out
	ctl filter del dl0 none

	mailer policy 1
	mail_refused "Permission denied" dl0 $IP0 $IP1 len=101 count=4
	told_drop 8 NETFILTER_DROP
	mailer policy 0
	mailer attrs dl0 -tso4
	mail_refused "Message too long" dl0 $IP0 $IP1 len=3000 count=5 tso=3
	told_drop 3 SKB_GSO_SEG

	# One packet is in the filter that sleeps, and one more fits into the queue.  Which
	# those are does not matter.
	sleeper input
	send_frames peer pe0 $in$pad
	wait_for 10 asleep 1
	ctl set dl0 queue packets 1
	send_frames peer pe0 $in$pad $in$pad $in$pad $in$pad $in$pad
	wake_sleeper
	ctl set dl0 queue packets 2048
	end_monitor
	full=$(dropped_by_us CPU_BACKLOG $in)
	at_least "drops for a full queue told" "$full" 4
	told_in_all "$(json '.account.input.drops."queue-full"')" CPU_BACKLOG
	told_in_all $((2 + 6 - full)) UNHANDLED_PROTO $in
	told_in_all 1 OTHERHOST $stray
	told_in_all 3 NETFILTER_DROP $in
	told_in_all 1 NETFILTER_DROP $out
	told_in_all 3 SKB_GSO_SEG
	told_in_all "$(json '.account | .input.freed + .output.freed')" '[A-Z_]+'

	# The drop monitor has been stopped, and can be started again.
	monitor_drops
	kill $MONITOR
	reap $MONITOR || fail "the monitor said: $(<"$T/drops.err")"
	rmmod dlil_mailer
}
