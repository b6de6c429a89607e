# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2086,SC2154 # constants of lib.sh
#
# A chain of filters that people steer: places, files of changes that are one step, and
# the running state as such a file.

names() { ctl -j filter show dl0 | jq -r '[.[0].filters[].name] | join(" ")'; }
revision() { ctl -j filter show dl0 | jq '.[0].revision'; }

# batch LINE...: run them as a file.
batch() { printf '%s\n' "$@" | ctl -batch -; }

# faulty LINE SENTENCE WORDS...: the command fails with this sentence about that line.
faulty() {
	local want="Error: stdin:$1: $2" got

	shift 2
	! got=$(batch "$@" 2>&1) || fail "this was taken: $*"
	[[ $got == "$want"* ]] || fail "it said: $got, not: $want"
}

# FLT-13 FLT-3: filters are added first, last, before or after others, moved, replaced in
# their places, and removed together; they drop in that order.
test_places() {
	ctl attach dl0
	ctl filter add dl0 b match icmp count
	ctl filter add dl0 a first match icmp count
	ctl filter add dl0 d last match icmp count
	ctl filter add dl0 c before d match icmp count
	ctl filter add dl0 e after d match icmp count
	is "the order" "$(names)" "a b c d e"
	is "without -j" "$(ctl filter show dl0 | sed -n 's/^    filter \([a-e]\) .*/\1/p' |
		paste -sd ' ')" "a b c d e"
	is answers "$(pings peer 3 $IP0)" 3
	ctl filter move dl0 a after d
	ctl filter move dl0 e first
	is "the order after moves" "$(names)" "e b c d a"
	at_least "matches of what was moved" "$(filter a matched)" 6
	ctl filter replace dl0 c in match icmp drop
	is "the order after a replacement" "$(names)" "e b c d a"
	no_pings peer $IP0
	at_least "requests in front of it" "$(filter e matched)" 8
	is "packets that it dropped" "$(filter c matched)" "$(sent)"
	ctl filter replace dl0 c last in match icmp count
	ctl filter replace dl0 f before b match icmp count
	is "the order after replacements" "$(names)" "e f b d a c"

	refused_with "no filter has the name given with before or after" \
		ctl filter add dl0 g before h match icmp drop
	refused_with "a filter cannot stand before or after itself" \
		ctl filter move dl0 a after a
	refused_with "no filter of this name" ctl filter move dl0 g first
	refused_with "a filter of this name exists" \
		ctl filter add dl0 a first match icmp drop
	is "the order after refusals" "$(names)" "e f b d a c"
	ctl filter flush dl0
	is "what is left" "$(names)" ""
	is answers "$(pings peer 3 $IP0)" 3
}

# FLT-13: a file is one step: an error in any line changes nothing, and is told with the
# number of the line.
test_batch() {
	local before

	ctl attach dl0
	batch '# A comment, and an empty line.' '' \
		'filter add dl0 a match icmp count' \
		"filter add dl0 'b c' first in match 'udp or tcp' drop for 1h" \
		'filter add dl0 d after "b c" match icmp '\\ '  count' \
		'filter add dl0 e match "" count' 'filter del dl0 a' \
		'filter move dl0 e first'
	is "the order" "$(names)" "e b c d"
	is "an expression in quotes" "$(filter 'b c' expr)" "udp or tcp"
	before=$(revision)
	faulty 3 'dlil: a filter of this name exists' \
		'filter add dl0 x match icmp count' '' 'filter add dl0 d match icmp drop'
	faulty 2 'dlil: no filter of this name' \
		'filter del dl0 d' 'filter del dl0 d' 'filter flush dl0'
	faulty 2 'dlil: no filter has the name given with before or after' \
		'filter flush dl0' 'filter add dl0 x before d match icmp drop'
	faulty 3 'bad expression' 'filter del dl0 d' \
		'filter add dl0 x match icmp count' 'filter add dl0 y match icpm count'
	faulty 2 'unknown command' 'filter del dl0 d' 'frob'
	faulty 2 'a quote is not closed' 'filter del dl0 d' "filter del dl0 'e"
	faulty 1 'dlil: unknown kind of filter' 'filter add dl0 x nosuch'
	is "the revision" "$(revision)" "$before"
	is "the order" "$(names)" "e b c d"
	# Other commands come in between, and end a step.
	faulty 3 'dlil: no filter of this name' 'filter del dl0 d' \
		'set dl0 unmatched drop' 'filter del dl0 d'
	is "the order" "$(names)" "e b c"
	is "the setting" "$(json .unmatched)" drop
	! batch 'filter del dl0 nobody' 'set dl0 unmatched pass' 2>/dev/null ||
		fail "an error was no error"
	is "the setting behind an error" "$(json .unmatched)" drop
	! printf '%s\n' 'filter del dl0 nobody' 'set dl0 unmatched pass' |
		ctl -force -batch - 2>/dev/null || fail "an error was no error"
	is "the setting, with -force" "$(json .unmatched)" pass
	batch ''
}

# FLT-13: a change that expects a revision is refused if another came first.
test_revision() {
	local seen

	ctl attach dl0
	ctl filter add dl0 a match icmp count
	seen=$(revision)
	is "without -j" "$(ctl filter show dl0 | sed -n '1s/.* //p')" "$seen"
	ctl -revision "$seen" filter add dl0 b match icmp count
	for change in 'add dl0 c match icmp count' 'replace dl0 a match icmp drop' \
		'del dl0 a' 'move dl0 a last' 'flush dl0'; do
		refused_with "filters have changed since that revision" \
			ctl -revision "$seen" filter $change
	done
	is "the order" "$(names)" "a b"
	seen=$(revision)
	ctl -revision "$seen" filter del dl0 a
	at_least "the revision" "$(revision)" $((seen + 1))
	ctl detach dl0
	ctl attach dl0
	at_least "the revision of a new attach" "$(revision)" $((seen + 2))
}

# FLT-13 FLT-6: no packet meets a mixture.  Of two filters one drops all that the other
# has not let pass; they come and go together, under traffic in both directions.
test_no_mixture() {
	local i rounds=60

	[ ! -e /sys/kernel/debug/failslab ] || rounds=15
	ctl attach dl0
	flood peer $IP60
	flood dut $IP1
	ping_along dut $IP1
	{
		for ((i = 0; i < rounds; i++)); do
			cat <<-END
				filter add dl0 deny first match '' drop
				filter add dl0 allow before deny match '' pass
				show dl0
				filter move dl0 deny first
				filter del dl0 deny
				filter replace dl0 allow match '' count
				show dl0
				filter flush dl0
				show dl0
			END
		done
	} >"$T/file"
	ctl -b "$T/file" >"$T/shown"
	along_more 5
	end_along
	at_least "packets in" "$(json .stats.ipackets)" 100
	is "times that both were there" \
		"$(grep -c 'filter deny both match "" drop' "$T/shown")" $rounds
	is "drops by filters" "$(json .drops.filter)" 0
}

# FLT-13 FLT-16 LNX-13: the modules of kinds are loaded for a step, which fails as a whole;
# filters of kinds and of match go together.
test_kinds_in_batch() {
	ctl attach dl0
	! lsmod | grep -q dlil_nth || fail "the sample was loaded already"
	faulty 2 'dlil: nth needs a number' 'filter add dl0 a match icmp count' \
		'filter add dl0 loss nth x'
	is "what is left" "$(names)" ""
	rmmod dlil_nth
	batch 'filter add dl0 a match icmp count' 'filter add dl0 loss in match icmp nth 2' \
		'filter add dl0 late impair delay 1ms seed 7'
	is "the order" "$(names)" "a loss late"
	is "answers with every second one lost" "$(answered 20)" 10
	batch 'filter replace dl0 loss in match icmp nth 5' 'filter move dl0 late first'
	is "the order" "$(names)" "late a loss"
	is "answers with every fifth one lost" "$(answered 20)" 16
	ctl filter flush dl0
	becomes "modules of kinds in use" 0 in_use
	rmmod dlil_nth dlil_impair
}

in_use() { lsmod | awk '/^dlil_(nth|impair)/ { n += $3 } END { print n + 0 }'; }

# FLT-13: a step of 1,000 filters takes less than twice as long as one of 500, and less
# than 2 s.  The shortest times count, since others may use the processor; the test takes
# them in turn until they tell.  A kernel with checkers is slow, and other machines run
# beside that one: its times say nothing.
test_thousand_filters() {
	local ms half=100000 whole=100000 tries

	ctl attach dl0
	adds 500 f "'udp port %d'" >"$T/half"
	adds 1000 f "'udp port %d'" >"$T/file"
	for ((tries = 12; tries && (whole >= 2 * half || whole >= 2000); tries--)); do
		ms=$(step_time "$T/half")
		((ms >= half)) || half=$ms
		ms=$(step_time "$T/file")
		((ms >= whole)) || whole=$ms
		[ ! -e /sys/kernel/debug/failslab ] || break
	done
	ctl -b "$T/file"
	is "the filters" "$(ctl -j filter show dl0 | jq '.[0].filters | length')" 1000
	is "answers" "$(pings peer 3 $IP0)" 3
	echo "# 500 filters: $half ms, 1000 filters: $whole ms"
	if [ ! -e /sys/kernel/debug/failslab ]; then
		((whole < 2000)) || fail "1,000 filters took $whole ms"
		((whole < 2 * half)) || fail "1,000 took $whole ms, 500 took $half ms"
	fi
	adds 25 more 'icmp' >"$T/file"
	! ctl -b "$T/file" 2>"$T/said" || fail "there are more than 1,024"
	[[ $(<"$T/said") == *'too many filters'* ]] || fail "it said: $(<"$T/said")"
	ctl filter flush dl0
	adds 4097 f icmp >"$T/file"
	! ctl -b "$T/file" 2>"$T/said" || fail "a step has at most 4,096 changes"
	[[ $(<"$T/said") == *':4097: too many changes of dl0 in a row'* ]] ||
		fail "it said: $(<"$T/said")"
	is "what is left" "$(names)" ""
}

# adds N NAME EXPR: print lines that add so many filters; %d in EXPR is their number.
adds() {
	local i

	for ((i = 1; i <= $1; i++)); do
		echo "filter add dl0 $2$i match ${3/\%d/$i} count"
	done
}

# step_time FILE: print the milliseconds that it takes, and remove the filters.
step_time() {
	local start=${EPOCHREALTIME/./}

	ctl -b "$1"
	echo $(((${EPOCHREALTIME/./} - start) / 1000))
	ctl filter flush dl0
}

# FLT-13: restore makes true what save has written, and changes only what differs.
test_save_and_restore() {
	local before seen lost

	ctl attach dl0 unmatched drop
	ctl set dl0 queue packets 100 bytes 2000000
	ctl set dl0 arpll on
	ctl proto unplumb dl0 mpls
	ctl filter add dl0 "it's # one" in match 'icmp or udp' count
	ctl filter add dl0 slow out match icmp impair delay 1ms loss gemodel 1% 30% seed 7
	ctl filter add dl0 loss in match icmp nth 100
	ctl filter add dl0 brief match 'port 9' drop for 1h
	ctl save >"$T/state"
	is answers "$(pings peer 3 $IP0)" 3
	settle peer $IP60
	lost=$(filter loss matched)
	seen=$(filter "it's # one" matched)
	at_least "what a filter has counted" "$lost" 3

	# There is nothing to do: not even a new revision.
	before=$(revision)
	ctl restore "$T/state"
	ctl save dl0 | ctl restore -
	is "the revision" "$(revision)" "$before"
	is "what a filter has counted" "$(filter loss matched)" "$lost"

	# Filters that differ do not keep their counters.
	ctl filter del dl0 brief
	ctl filter add dl0 other first match icmp count
	ctl filter move dl0 loss first
	ctl filter replace dl0 slow out match icmp impair delay 2ms seed 7
	ctl set dl0 unmatched pass
	ctl set dl0 arpll off
	ctl proto plumb dl0 mpls
	ctl restore "$T/state"
	is "the state" "$(ctl save | lasting)" "$(lasting <"$T/state")"
	is "what a filter has counted" "$(filter loss matched)" "$lost"
	is "what another one has counted" "$(filter "it's # one" matched)" "$seen"
	is "what a new one has counted" "$(filter slow matched)" 0

	# All is gone.
	ctl detach dl0
	ctl restore "$T/state"
	is "the state" "$(ctl save | lasting)" "$(lasting <"$T/state")"
	before=$(revision)
	ctl restore "$T/state"
	is "the revision" "$(revision)" "$before"

	# A mistake changes nothing; what no line is about goes with `all` only.
	ip -n dut link add more0 type dummy
	ctl attach more0
	{ sed '/slow/d' "$T/state"; echo 'filter add dl0 x match icpm drop'; } >"$T/bad"
	! ctl restore "$T/bad" 2>"$T/said" || fail "a bad expression was taken"
	[[ $(<"$T/said") == *":$(grep -c '' "$T/bad"): bad expression"* ]] ||
		fail "it said: $(<"$T/said")"
	is "the revision" "$(revision)" "$before"
	ctl restore "$T/state"
	is devices "$(ctl -j show | jq -r '[.[].ifname] | sort | join(" ")')" "dl0 more0"
	ctl restore "$T/state" all
	is devices "$(ctl -j show | jq -r '[.[].ifname] | join(" ")')" dl0
	ctl detach dl0
	rmmod dlil_nth dlil_impair
}

# Without the time that is left.
lasting() { sed 's/ for [0-9]*ms$/ for a time/'; }

# FLT-13: the filter of a module is saved as a comment, keeps its place, and is not touched.
test_filter_of_module() {
	ctl attach dl0
	sleeper ioctl
	ctl filter add dl0 a first match icmp count
	ctl filter add dl0 b match icmp count
	is "the order" "$(names)" "a sleeper b"
	ctl save >"$T/state"
	is "its line" "$(grep -c '^# of a module: filter add dl0 sleeper ' "$T/state")" 1
	refused_with "filter belongs to a module" ctl filter move dl0 sleeper first
	refused_with "filter belongs to a module" \
		ctl filter replace dl0 sleeper match icmp drop
	ctl filter flush dl0
	is "the order" "$(names)" "sleeper"
	ctl restore "$T/state"
	is "the filters" "$(names)" "sleeper a b"
	ctl detach dl0
	modprobe -r dlil_sleeper
}

# FLT-13 EVT-1: a monitor tells what was moved.
test_events_of_changes() {
	ctl attach dl0
	inns dut dlilctl -j monitor >"$T/events" &
	becomes "the first event" 1 monitor_begun
	batch 'filter add dl0 a match icmp count' 'filter add dl0 b match icmp count'
	batch 'filter move dl0 b first' 'filter replace dl0 a match icmp drop'
	becomes "the events" "filter-attached a filter-attached b filter-attached a \
filter-moved b filter-detached a" changes_told
	kill $!
	wait $! || true
}

changes_told() {
	jq -rs '[.[] | select(.filter and .filter != "begin") | "\(.event) \(.filter)"] |
		join(" ")' "$T/events"
}

monitor_begun() {
	ctl filter replace dl0 begin match icmp count
	ctl filter del dl0 begin
	grep -qs begin "$T/events" && echo 1
}

# FLT-13: several devices are detached by one command.
test_detach_several() {
	local i

	for i in 1 2 3; do
		ip -n dut link add more$i type dummy
		ctl attach more$i
	done
	ctl attach dl0
	! ctl detach more1 lo more2 2>"$T/said" || fail "lo was detached"
	[[ $(<"$T/said") == *'not attached'* ]] || fail "it said: $(<"$T/said")"
	is devices "$(ctl -j show | jq -r '[.[].ifname] | sort | join(" ")')" "dl0 more3"
	ctl detach dl0 more3
	is devices "$(ctl -j show | jq length)" 0
}
