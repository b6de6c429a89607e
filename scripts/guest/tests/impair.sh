# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2086,SC2154 # constants of lib.sh
#
# The filter kind impair, in a module of its own: traffic made bad on purpose.

# impaired FIELD: a value of the filter bad of dl0, e.g. in.lost.
impaired() { filter bad "impair.$1"; }

# echoes COUNT: ping dut that often, whatever is lost; the numbers of the answers that
# did not come are in $MISSING.
echoes() {
	peer ping -n -i 0.01 -c "$1" -W 1 $IP0 >"$T/pings" || true
	is "pings sent" "$(sent)" "$1"
	MISSING=$(awk -v n="$1" 'match($0, /icmp_seq=[0-9]+ ttl=/) {
			there[substr($0, RSTART + 9, RLENGTH - 14) + 0] = 1
		}
		END {
			for (i = 1; i <= n; i++)
				if (!there[i])
					s = s " " i
			print substr(s, 2)
		}' "$T/pings")
}

# Packets that seed 7 loses at 10 %, as scripts/impair/model.py predicts.
LOST_IN='1 11 28 32 34 54 100 101 119 127 130 136 154 162 167 175 176 180 192 196'
LOST_OUT='2 3 22 43 65 78 80 82 83 86 92 105 109 124 131 133 143 146 153 157 166 173'

# FLT-16: the module is loaded when it is first named; the filter loses exactly the
# packets that its seed says, in both directions, and counts them.
test_impair_loss() {
	is "answers" "$(pings peer 1 $IP0)" 1
	ctl attach dl0
	! lsmod | grep -q dlil_impair || fail "the module is there already"
	ctl filter add dl0 bad in match 'icmp[icmptype] == icmp-echo' \
		impair loss 10% seed 7
	lsmod | grep -q dlil_impair || fail "the module was not loaded"
	echoes 200
	is "pings lost on input" "$MISSING" "$LOST_IN"
	is "packets for it" "$(impaired in.matched)" 200
	is "packets lost" "$(impaired in.lost)" "$(wc -w <<<"$LOST_IN")"
	is "packets passed" "$(impaired in.passed)" $((200 - $(wc -w <<<"$LOST_IN")))
	is "drops by a filter" "$(json .account.input.drops.filter)" \
		"$(wc -w <<<"$LOST_IN")"
	ctl filter del dl0 bad
	ctl filter add dl0 bad out match 'icmp[icmptype] == icmp-echoreply' \
		impair loss 10% seed 7
	echoes 200
	is "pings lost on output" "$MISSING" "$LOST_OUT"
	is "answers lost" "$(impaired out.lost)" "$(wc -w <<<"$LOST_OUT")"
	! rmmod dlil_impair 2>/dev/null || fail "it was unloaded while attached"
	ctl filter del dl0 bad
	wait_for 5 rmmod dlil_impair
	is "answers" "$(pings peer 20 $IP0)" 20
}

# rtts: the round trip times of the pings, in microseconds, smallest and mean.
rtts() {
	sed -nE 's#^rtt min/avg/max/mdev = ([0-9.]+)/([0-9.]+)/.*#\1 \2#p' "$T/pings" |
		awk '{ printf "%d %d\n", 1000 * $1, 1000 * $2 }'
}

# FLT-14: received packets are held for the time, and not for much longer; a change
# applies to later packets, and keeps the counters.
test_impair_delay() {
	local min avg

	is "answers" "$(pings peer 1 $IP0)" 1
	ctl attach dl0
	ctl filter add dl0 bad in match icmp impair delay 50ms
	is "answers" "$(pings peer 20 $IP0)" 20
	read -r min avg < <(rtts)
	at_least "the shortest round trip" "$min" 50000
	at_least "the mean round trip is not too long: 250000 less" \
		$((250000 - avg)) 0
	becomes "packets held" 0 impaired in.held
	is "the text" "$(ctl filter show dl0 | grep -o 'impair delay .*seed')" \
		'impair delay 50ms limit 1000 seed'
	ctl filter change dl0 bad impair delay 0 duplicate 100%
	dut ping -n -i 0.01 -c 10 -W 1 $IP1 >"$T/pings"
	# ping does not wait for the last one.
	at_least "copies" "$(grep -c DUP "$T/pings")" 9
	is "copies counted" "$(impaired in.duplicated)" 10
	at_least "packets so far" "$(impaired in.matched)" 30
	ctl filter change dl0 bad impair duplicate 0% reorder 100% 1 gap 2
	peer ping -n -i 0.01 -c 10 -W 1 $IP0 >"$T/pings"
	# The first one that is chosen is the first or the second one.
	at_least "answers that were overtaken" "$(sed -nE \
		's/.*icmp_seq=([0-9]+) .*/\1/p' "$T/pings" |
		awk '$1 < last { n++ } { last = $1 } END { print n + 0 }')" 4
	ctl filter del dl0 bad
	wait_for 5 rmmod dlil_impair
}

# FLT-14 LNX-9: packets of loopback that are held while they are sent are received.
test_impair_loopback() {
	local min avg

	ip -n dut link set lo up
	ctl attach lo
	ctl filter add lo bad out match icmp impair delay 20ms
	is "answers" "$(pings dut 10 127.0.0.1)" 10
	read -r min avg < <(rtts)
	at_least "the shortest round trip" "$min" 40000
	is "answers of another address" "$(pings dut 10 $IP0)" 10
	ctl filter del lo bad
	wait_for 5 rmmod dlil_impair
}

# FLT-14 FLT-10: a transfer survives everything, segment by segment, in both
# directions, and bit errors do not get past the checksums.
test_impair_transfer() {
	local way

	head -c 1000000 /dev/urandom >"$T/data"
	# shellcheck disable=SC2034 # for both_ways
	SUM=$(sha256sum "$T/data" | cut -d ' ' -f 1)
	ctl attach dl0
	ctl filter add dl0 bad match tcp impair delay 1ms 500us loss 0.5% \
		duplicate 1% corrupt 0.5% reorder 2% 3 seed 7
	both_ways $IP0 $IP1
	for way in in out; do
		at_least "packets $way" "$(impaired $way.matched)" 700
		at_least "packets lost $way" "$(impaired $way.lost)" 1
		at_least "packets doubled $way" "$(impaired $way.duplicated)" 1
		at_least "packets corrupted $way" "$(impaired $way.corrupted)" 1
		at_least "packets reordered $way" "$(impaired $way.reordered)" 1
		is "packets without memory $way" "$(impaired $way.failed)" 0
	done
	becomes "packets held in" 0 impaired in.held
	becomes "packets held out" 0 impaired out.held
	ctl filter del dl0 bad
	wait_for 5 rmmod dlil_impair
}

# hold COUNT: hold pings of peer for long, and answers of dut's own.
hold() {
	ctl filter add dl0 bad match icmp impair delay 100s 50s seed 7
	peer ping -n -i 0.01 -c "$1" -W 0.1 $IP0 >/dev/null || true
	dut ping -n -i 0.01 -c "$1" -W 0.1 $IP1 >/dev/null || true
	becomes "packets held in" "$1" impaired in.held
	becomes "packets held out" "$1" impaired out.held
}

# FLT-14: packets that are held when their filter, their device or their namespace goes
# are freed and accounted for, and nothing waits for them.
test_impair_held() {
	is "answers" "$(pings peer 1 $IP0)" 1
	ctl attach dl0
	hold 20
	ctl filter del dl0 bad
	is "packets kept for ever on input" "$(json .account.input.stolen)" 20
	is "packets kept for ever on output" "$(json .account.output.stolen)" 20
	becomes "packets unaccounted for" '' unaccounted dut
	hold 20
	ctl detach dl0
	wait_for 5 rmmod dlil_impair
	is "answers" "$(pings peer 5 $IP0)" 5
	ctl attach dl0
	hold 20
	ip -n dut link del dl0
	wait_for 5 no_device dut dl0
	wait_for 10 rmmod dlil_impair
}

# holds_tcp: does the filter tcp hold a packet?  They are sent again after a second.
holds_tcp() { [ "$(filter tcp impair.out.held)" -ge 1 ]; }

# FLT-14 LNX-8 LNX-15: a namespace goes while packets of its devices and sockets are
# held, for longer than anybody would wait.
test_impair_namespace() {
	is "answers" "$(pings peer 1 $IP0)" 1
	ctl attach dl0
	hold 20
	ctl filter add dl0 tcp out match tcp impair delay 100s
	inns dut socat -u OPEN:/dev/null TCP:$IP1:5001 &
	wait_for 10 holds_tcp
	kill $!
	wait $! || true
	ip netns del dut
	wait_for 20 no_device peer pe0
	namespaces_gone
	wait_for 10 rmmod dlil_impair
}

# without_counters: the filters of dl0, which packets may meet meanwhile.
without_counters() { ctl filter show dl0 | sed 's/ packets .*//'; }

# is_refused SENTENCE WORDS...: dlilctl fails with this sentence.
is_refused() {
	local sentence=$1
	shift

	! dlilctl -n dut "$@" 2>"$T/said" || fail "it was accepted: $*"
	is "the error" "$(head -n 1 "$T/said")" "Error: $sentence"
}

# FLT-16: parameters that make no sense are refused, also by the kernel, and leave
# everything as it was.
test_impair_errors() {
	local before

	ctl attach dl0
	ctl filter add dl0 bad in impair delay 5ms loss 1% seed 7
	before=$(without_counters)
	is_refused 'the jitter must not exceed the delay' \
		filter change dl0 bad impair delay 5ms 6ms
	is_refused 'dlil: loss state: P13 and P14, and P31 and P32, must not exceed 100% in sum' \
		filter change dl0 bad impair loss state 60% 1% 1% 1% 60%
	is_refused 'dlil: the seed cannot be changed: delete the filter, and add another one' \
		filter change dl0 bad impair seed 8
	is_refused 'dlil: the distance of reordered packets must be between 1 and 1024' \
		filter change dl0 bad impair reorder 1% 2000
	is "the filter" "$(without_counters)" "$before"
	is_refused 'dlil: a filter of this name exists' \
		filter add dl0 bad in impair loss 1%
	ctl filter del dl0 bad
	wait_for 5 rmmod dlil_impair
}
