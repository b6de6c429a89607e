# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2016,SC2086,SC2154 # lib.sh; awk
#
# Events, as shown by dlilctl monitor, and control requests.

SAMPLE=/sys/module/dlil_sample/parameters

# listening NAMESPACE COUNT: have that many sockets joined the group of generic
# netlink itself, which a monitor does last?
listening() {
	inns "$1" awk -v n="$2" '
		$2 == 16 && $4 ~ /[89a-f]...$/ { n-- }
		END { exit n > 0 }' /proc/net/netlink
}

# monitor NAMESPACE FILE [ARG...]: run it in the background, an object per line.
monitor() {
	local ns=$1 file=$2
	shift 2

	inns "$ns" dlilctl -j "$@" monitor >"$file" 2>"$file.err" &
	MONITOR=$!
	wait_for 10 listening "$ns" "${LISTENERS:-1}"
}

# heard FILTER [FILE]: is there an event for which the jq filter is true?
# Equations joined by `and` are evaluated here, since jq is slow.
heard() {
	local file=${2:-$T/events} rest=${1% and (true)} line member
	local equation='^\(?\.([a-z_]+) == ("[^"]*"|[0-9]+)\)?( and (.+))?$'
	local members=()

	while [[ $rest =~ $equation ]]; do
		members+=("\"${BASH_REMATCH[1]}\":${BASH_REMATCH[2]}")
		rest=${BASH_REMATCH[4]}
	done
	if [ -n "$rest" ]; then
		jq -es "any(.[]; $1)" "$file" >/dev/null 2>&1
		return
	fi
	while IFS= read -r line; do
		for member in "${members[@]}"; do
			[[ $line = *"$member"[,\}]* ]] || continue 2
		done
		return 0
	done <"$file"
	return 1
}
hears() { wait_for 10 heard "$@"; }

# is_event NAME [FILTER]: an event of that name, for which FILTER is true.
is_event() { hears ".event == \"$1\" and .ifname == \"dl0\" and (${2:-true})"; }

# EVT-1 EVT-3 LNX-7 IFN-3 IFN-4 IFN-5 PRO-1 PRO-3: each change posts its event,
# in order.
test_monitor() {
	local new=02:00:00:00:07:99

	monitor dut "$T/events"
	ctl attach dl0
	is_event if-attached ".ifindex == $(json .ifindex)"
	is_event proto-attached '.proto == "inet" and .protocols == 1'
	is_event proto-attached '.proto == "pppoe" and .protocols == 5'

	ip -n dut link set dl0 mtu 1400
	is_event sifmtu '.mtu == 1400'
	ip -n dut link set dl0 address $new
	is_event link-address-changed ".lladdr == \"$new\""
	ip -n dut link set dl0 address $MAC0
	is_event link-address-changed ".lladdr == \"$MAC0\""
	ip -n peer link set pe0 down
	is_event link-off
	ip -n peer link set pe0 up
	is_event link-on
	ip -n dut link set dl0 down
	is_event sifflags '(.flags | index("UP")) == null'
	ip -n dut link set dl0 up
	is_event sifflags '(.flags | index("UP")) != null'
	is_event link-on
	dut ethtool -K dl0 tx off >/dev/null
	is_event ifcap-changed

	ctl proto unplumb dl0 inet6
	is_event proto-detached '.proto == "inet6" and .protocols == 4'
	ctl filter add dl0 noping match icmp count
	is_event filter-attached '.filter == "noping"'
	ctl filter del dl0 noping
	is_event filter-detached '.filter == "noping"'

	ctl detach dl0
	is_event if-detaching
	is_event if-detached
	is "the first event" "$(head -n 1 "$T/events" | jq -r .event)" \
		if-attached
	is "the last event" "$(tail -n 1 "$T/events" | jq -r .event)" \
		if-detached
	is "events that nobody knows" \
		"$(jq -s 'map(select(.event == "unknown")) | length' \
			"$T/events")" 0
	is "what it complained of" "$(<"$T/events.err")" ""
}

# LNX-7: neighbours; intermediate states may be missing, the final state is
# reported.
test_monitor_neighbours() {
	local i

	ctl attach dl0
	monitor dut "$T/events"
	ip -n dut neigh flush dev dl0
	is answers "$(pings dut 1 $IP1)" 1
	is_event node-presence ".addr == \"$IP1\" and .lladdr == \"$MAC1\""
	is answers "$(pings dut 1 $IP61)" 1
	is_event node-presence ".addr == \"$IP61\" and .lladdr == \"$MAC1\""
	ip -n dut neigh del $IP1 dev dl0
	is_event node-absence ".addr == \"$IP1\" and .lladdr == \"$MAC1\""
	! heard ".event == \"node-absence\" and .addr == \"$IP61\"" ||
		fail "the other one is gone, too"

	# No absence of a neighbour that was never present.
	no_pings dut 10.7.0.77
	# Another machine takes over the address.
	ip -n dut neigh replace $IP1 lladdr 02:00:00:00:07:55 dev dl0
	is_event node-presence ".addr == \"$IP1\" and .lladdr == \"02:00:00:00:07:55\""

	for ((i = 1; i <= 250; i++)); do
		echo "neigh replace 10.7.0.$i lladdr 02:00:00:00:08:00 dev dl0"
		echo "neigh del 10.7.0.$i dev dl0"
	done | ip -n dut -batch -
	for ((i = 1; i <= 250; i++)); do
		echo "neigh replace 10.7.0.$i lladdr 02:00:00:00:08:00 dev dl0"
	done | ip -n dut -batch -
	wait_for 20 last_states 250 node-presence
	is "absent ones" "$(jq -s 'map(select(.event == "node-absence" and
		.addr == "10.7.0.77" and .lladdr != "02:00:00:00:08:00")) |
		length' "$T/events")" 0
}

# LNX-7: neighbours that exist when the device is wrapped.
test_monitor_neighbours_before() {
	is answers "$(pings dut 1 $IP1)" 1
	is answers "$(pings dut 1 $IP61)" 1
	ip -n dut neigh replace 10.7.0.78 nud failed dev dl0
	monitor dut "$T/events"
	ctl attach dl0
	is_event node-presence ".addr == \"$IP1\" and .lladdr == \"$MAC1\""
	is_event node-presence ".addr == \"$IP61\" and .lladdr == \"$MAC1\""
	ip -n dut neigh del $IP1 dev dl0
	is_event node-absence ".addr == \"$IP1\""
	! heard '.addr == "10.7.0.78"' || fail "it was told of who is not there"
	is "presences of $IP61" "$(jq -s 'map(select(.addr == "'$IP61'")) |
		length' "$T/events")" 1
}

# LNX-7 EVT-3: groups, joined in any way; existing ones are not reported.
test_monitor_groups() {
	local group=01:00:5e:12:34:57 ip=239.1.2.3 ipmac=01:00:5e:01:02:03

	ctl attach dl0
	monitor dut "$T/events"
	ip -n dut maddr add $group dev dl0
	is_event addmulti ".lladdr == \"$group\""
	ip -n dut maddr del $group dev dl0
	is_event delmulti ".lladdr == \"$group\""

	inns dut socat -u UDP4-RECV:5007,ip-add-membership=$ip:dl0 - \
		</dev/null >/dev/null &
	is_event addmulti ".lladdr == \"$ipmac\""
	# The host has joined it already, and stays.
	ctl set dl0 multicast add $ipmac
	ctl set dl0 multicast del $ipmac
	kill $!
	is_event delmulti ".lladdr == \"$ipmac\""
	is "how often it was said" "$(jq -s 'map(select(.lladdr == "'$ipmac'")) |
		length' "$T/events")" 2
	! heard '.lladdr == "01:00:5e:00:00:01"' || fail "old news was told"
}

# Processor time of the kernel's workers so far, in hundredths of a second.
worker_ticks() {
	cat /proc/[0-9]*/stat 2>/dev/null |
		awk '$2 ~ /^\(kworker/ { n += $14 + $15 } END { print n + 0 }'
}

# worked SECONDS: processor time that they use in that period.
worked() {
	local before

	before=$(worker_ticks)
	sleep "$1"
	echo $(($(worker_ticks) - before))
}

idle_workers() { [ "$(worked 1)" -le 2 ]; }

# add_groups FIRST: join twenty groups; prints the duration in milliseconds.
add_groups() {
	local start=${EPOCHREALTIME/./} i group

	for ((i = $1; i < $1 + 20; i++)); do
		printf -v group '01:00:5e:70:00:%02x' "$i"
		ip -n dut maddr add "$group" dev dl0
	done
	echo $(((${EPOCHREALTIME/./} - start) / 1000))
}

# LNX-13 LNX-7: any user may join many groups.  Without a listener that costs
# nothing, otherwise the cost is bounded; others can join groups meanwhile.
test_groups_of_many() {
	local before after i

	before=$(add_groups 0)
	inns dut setpriv --reuid 65534 --regid 65534 --clear-groups \
		joins dl0 8000 <&"$NEVER" >"$T/joins" &
	wait_for 60 grep -q joined "$T/joins"
	ctl attach dl0
	wait_for 60 idle_workers
	after=$(worked 4)
	[ "$after" -le 8 ] || fail "$after ticks in 4 s, and nobody listens"

	monitor dut "$T/events"
	wait_for 60 idle_workers
	after=$(worked 4)
	[ "$after" -le 24 ] || fail "$after ticks in 4 s for 8000 groups"
	after=$(add_groups 20)
	[ "$after" -le $((before * 4 + 200)) ] ||
		fail "20 joins took $after ms, and $before before"
	# Existing groups are not reported; leaving one of them is.
	! heard '.event == "addmulti" and .lladdr == "33:33:00:00:00:00"' ||
		fail "old news was told"
	ip -n dut maddr del 01:00:5e:70:00:00 dev dl0
	is_event delmulti '.lladdr == "01:00:5e:70:00:00"'
	is "how often it was logged" "$(dmesg | grep -c 'more groups than')" 1
}

# LNX-13: a listener gets what happens from then on: no existing group or
# neighbour, but its disappearance.
test_monitor_later() {
	local group=01:00:5e:12:34:57

	# The attach listens as well, and that may be noticed up to a second
	# later.
	is answers "$(pings dut 1 $IP1)" 1
	ip -n dut maddr add $group dev dl0
	ctl attach dl0
	monitor dut "$T/events"
	ip -n dut maddr add 01:00:5e:12:34:58 dev dl0
	is_event addmulti '.lladdr == "01:00:5e:12:34:58"'
	ip -n dut maddr del $group dev dl0
	is_event delmulti ".lladdr == \"$group\""
	ip -n dut neigh del $IP1 dev dl0
	is_event node-absence ".addr == \"$IP1\" and .lladdr == \"$MAC1\""
	! heard ".lladdr == \"$group\" and .event == \"addmulti\"" ||
		fail "an old group was told"
}

# unchanged_for MS: the state of dl0 has not changed for that time.
unchanged_for() { [ "$(json '."last-change"')" -ge "$1" ]; }

# is_arpll YES: does dl0 have that attribute?
is_arpll() { is arpll "$(json '.attrs | index("arpll") != null')" "$1"; }

# IFN-15: users may set link-local ARP; a change posts an event, and its time is
# recorded.
test_attributes() {
	monitor dut "$T/events"
	ctl attach dl0
	is_arpll false
	wait_for 60 unchanged_for 5000
	ctl set dl0 arpll on
	! unchanged_for 5000 || fail "the change has no time"
	is_event ifcap-changed '(.attrs | index("arpll")) != null'
	is_arpll true
	wait_for 60 unchanged_for 5000
	ip -n peer link set pe0 down
	is_event link-off
	! unchanged_for 5000 || fail "the link that went has no time"
	ctl set dl0 arpll off
	is_event ifcap-changed '(.attrs | index("arpll")) == null'
	is_arpll false
	ctl detach dl0
	refused_with 'not attached' ctl set dl0 arpll on
}

# last_states COUNT EVENT: is that the last event of that many neighbours?
last_states() {
	[ "$(jq -s 'map(select(.event | startswith("node-"))) |
		map(select(.addr | startswith("10.7."))) | group_by(.addr) |
		map(last | select(.event == "'$2'" and
			.lladdr == "02:00:00:00:08:00")) | length' \
		"$T/events")" -ge "$1" ]
}

# LNX-11: events of a namespace are received there and nowhere else.
test_monitor_namespaces() {
	monitor dut "$T/events"
	monitor peer "$T/peer"
	ctl attach dl0
	ip -n dut link set dl0 mtu 1400
	is_event sifmtu
	is "what peer heard" "$(<"$T/peer")" ""
	dlilctl -n peer attach pe0
	hears '.event == "if-attached" and .ifname == "pe0"' "$T/peer"
	# A device that moves is detached in its old namespace.
	ip -n dut link set dl0 netns peer
	is_event if-detached
	dlilctl -n peer detach pe0
	hears '.event == "if-detached"' "$T/peer"
	is "what else dut heard" \
		"$(jq -s 'map(select(.ifname != "dl0")) | length' \
			"$T/events")" 0
	is "what else peer heard" \
		"$(jq -s 'map(select(.ifname != "pe0")) | length' "$T/peer")" 0
}

# LNX-8 LNX-11: a namespace goes with everything in it, including listeners.
test_monitor_namespace_goes() {
	ip netns add third
	ip -n third link add tv0 type veth peer name tv1
	monitor third "$T/third"
	dlilctl -n third attach tv0
	dlilctl -n third attach tv1
	ip -n third link set tv0 up
	ip -n third link set tv1 up
	hears '.event == "link-on" and .ifname == "tv1"' "$T/third"
	ip netns del third
	kill $MONITOR
	wait $MONITOR || true
	becomes "its devices" "" bash -c 'grep -l . /proc/[0-9]*/comm |
		xargs grep -hs "^dlil/tv" || true'
}

# EVT-1: a slow listener gets a report of the loss, and the present state; the
# kernel does not wait, and others miss nothing.
test_monitor_slow() {
	local i

	ctl attach dl0
	ctl filter add dl0 noping match icmp count
	monitor dut "$T/slow"
	LISTENERS=2 monitor dut "$T/events"
	kill -STOP %1
	for ((i = 0; i < 600; i++)); do
		echo "link set dl0 mtu $((1300 + i % 100))"
	done | timeout 30 ip -n dut -batch -
	ip -n dut link set dl0 mtu 1234
	is_event sifmtu '.mtu == 1234'
	kill -CONT %1
	hears '.event == "lost"' "$T/slow"
	hears '.event == "resync" and .ifname == "dl0" and
		.state == "attached" and .filters[0].name == "noping" and
		(.protocols | length) == 5' "$T/slow"
	# The monitor is up to date again.
	ip -n dut link set dl0 mtu 1233
	hears '.mtu == 1233' "$T/slow"
	! heard '.event == "lost"' || fail "the fast one lost some as well"
}

TRACING=/sys/kernel/debug/tracing
BUILT=$TRACING/events/kprobes/dlil_built

# Number of generic netlink messages that the workers for events have started.
built() { grep -c '^ *kworker/.* dlil_built:' $TRACING/trace; }

# EVT-1: no message is built without a listener.
test_monitor_nobody() {
	[ -e $TRACING/kprobe_events ] || lacks kprobes
	echo 'p:dlil_built genlmsg_put' >$TRACING/kprobe_events
	echo 1 >$BUILT/enable
	ctl -w 0 attach dl0
	ip -n dut link set dl0 mtu 1400
	ctl -w 0 detach dl0
	becomes "what is attached" '[]' ctl -j show
	is "messages for nobody" "$(built)" 0

	monitor dut "$T/events"
	ctl attach dl0
	ctl detach dl0
	is_event if-detached
	at_least "messages for somebody" "$(built)" 8
	echo 0 >$BUILT/enable
	echo >$TRACING/kprobe_events
}

# The module can be unloaded with listeners, which end.
test_monitor_unload() {
	local status=0

	ctl attach dl0
	monitor dut "$T/events"
	rmmod dlil
	reap $MONITOR || status=$?
	is "the exit status" $status 1
	is "what it said" "$(<"$T/events.err")" \
		"Error: the dlil module was unloaded"
}

mtu() { dut cat /sys/class/net/dl0/mtu; }
groups_of() { ip -n dut maddr show dev dl0; }

# LNX-10 IOC-1: requests change the device, and listeners get the events.
test_set() {
	local group=01:00:5e:12:34:56 new=02:00:00:00:07:99

	ctl attach dl0
	monitor dut "$T/events"
	ctl set dl0 mtu 1400
	is mtu "$(mtu)" 1400
	is_event sifmtu '.mtu == 1400'
	ctl set dl0 lladdr $new
	is address "$(dut cat /sys/class/net/dl0/address)" $new
	is_event link-address-changed ".lladdr == \"$new\""
	ctl set dl0 lladdr $MAC0
	ctl set dl0 down
	is_event sifflags '(.flags | index("UP")) == null'
	[[ $(ip -n dut -br link show dl0) != *[,\<]UP[,\>]* ]] ||
		fail "it is up"
	ctl set dl0 up
	is_event sifflags '(.flags | index("UP")) != null'
	ctl set dl0 multicast add $group
	[[ $(groups_of) == *$group* ]] || fail "not in the group: $(groups_of)"
	is_event addmulti ".lladdr == \"$group\""
	ctl set dl0 multicast del $group
	[[ $(groups_of) != *$group* ]] || fail "in the group: $(groups_of)"
	is_event delmulti ".lladdr == \"$group\""
	ip -n dut addr replace $IP60/64 dev dl0 nodad
	is answers "$(pings peer 5 $IP0)" 5
}

# LNX-10 IOC-1: impossible requests fail with a message, and change nothing.
test_set_errors() {
	refused_with "not attached" ctl set dl0 mtu 1400
	refused_with "no such device" ctl set nodev0 mtu 1400
	ctl attach dl0
	refused_with "the device refused it: it takes an MTU of 68 to 65535" \
		ctl set dl0 mtu 20
	refused_with "the device refused it: it takes an MTU of 68 to 65535" \
		ctl set dl0 mtu 4000000000
	refused_with "the device refused it: this is the address of a group" \
		ctl set dl0 lladdr 01:00:00:00:00:01
	refused_with "the device refused it: its link addresses have 6 bytes" \
		ctl set dl0 lladdr 02:00:00:00:01
	refused_with "the device refused it: this is not the address of a group" \
		ctl set dl0 multicast add 02:00:00:00:00:01
	refused_with "the device refused it: the group has not been joined" \
		ctl set dl0 multicast del 01:00:5e:12:34:56
	ctl set dl0 multicast add 01:00:5e:12:34:56
	refused_with "the device refused it: the group has been joined already" \
		ctl set dl0 multicast add 01:00:5e:12:34:56
	is mtu "$(mtu)" 1500
	is address "$(dut cat /sys/class/net/dl0/address)" $MAC0
	is answers "$(pings peer 5 $IP0)" 5
}

# LNX-10: several settings at once are all made, or none.
test_set_several() {
	local all=01:00:5e:00:00:77

	ctl attach dl0
	ctl set dl0 unmatched drop mtu 1400 lladdr 02:00:00:00:07:99 \
		multicast add $all queue packets 99 arpll on
	is mtu "$(mtu)" 1400
	is address "$(dut cat /sys/class/net/dl0/address)" 02:00:00:00:07:99
	[[ $(groups_of) == *$all* ]] || fail "not in the group: $(groups_of)"
	is "what DLIL keeps" \
		"$(json '"\(.unmatched) \(.queue."max-packets") \(.attrs | contains(["arpll"]))"')" \
		"drop 99 true"
	monitor dut "$T/events"
	refused_with "mtu: the device refused it: it takes an MTU of 68 to 65535 (nothing" \
		ctl set dl0 unmatched pass mtu 20
	refused_with "it takes an MTU of 68 to 65535 (put back, but the device was down" \
		ctl set dl0 unmatched pass mtu 20 lladdr $MAC0 down
	is mtu "$(mtu)" 1400
	is address "$(dut cat /sys/class/net/dl0/address)" 02:00:00:00:07:99
	is unmatched "$(json .unmatched)" drop
	[[ $(ip -n dut -br link show dl0) == *[,\<]UP[,\>]* ]] || fail "it is down"
	# The change was tried, and undone.
	is_event link-address-changed ".lladdr == \"$MAC0\""
	ctl set dl0 lladdr $MAC0 mtu 1500 unmatched pass up
	ip -n dut addr replace $IP60/64 dev dl0 nodad
	is answers "$(pings peer 5 $IP0)" 5
}

# LNX-10 IFN-12: requests do not affect groups that others have joined; groups
# joined by requests are left at the detach.
test_set_shared_group() {
	local all=01:00:5e:00:00:01 own=01:00:5e:12:34:56

	[[ $(groups_of) == *$all* ]] || fail "not in the group: $(groups_of)"
	ctl attach dl0
	refused_with "the device refused it: the group has not been joined" \
		ctl set dl0 multicast del $all
	[[ $(groups_of) == *$all* ]] || fail "taken away: $(groups_of)"
	ctl set dl0 multicast add $all
	ctl set dl0 multicast del $all
	[[ $(groups_of) == *$all* ]] || fail "taken away: $(groups_of)"
	ctl set dl0 multicast add $all
	ctl set dl0 multicast add $own
	ctl detach dl0
	[[ $(groups_of) == *$all* ]] || fail "taken away: $(groups_of)"
	[[ $(groups_of) != *$own* ]] || fail "still in it: $(groups_of)"
}

# LNX-10: requests need the capability; listening does not.
test_set_unprivileged() {
	local args

	ctl attach dl0
	for args in 'mtu 1400' 'lladdr 02:00:00:00:07:99' up down \
		'multicast add 01:00:5e:12:34:56' \
		'multicast del 01:00:5e:12:34:56'; do
		# shellcheck disable=SC2086 # words
		refused dut setpriv --reuid 65534 --regid 65534 --clear-groups \
			dlilctl set dl0 $args
		[[ $SENTENCE == *'Operation not permitted'* ]] ||
			fail "it said: $SENTENCE"
	done
	is mtu "$(mtu)" 1500
	inns dut setpriv --reuid 65534 --regid 65534 --clear-groups \
		dlilctl -j monitor >"$T/events" &
	wait_for 10 listening dut 1
	ctl set dl0 mtu 1400
	is_event sifmtu '.mtu == 1400'
}

# IOC-1 LNX-10: the filter of another module refuses a change of the device; it
# gets the events of its own attach and of the change.
test_set_veto() {
	ctl attach dl0
	dut modprobe dlil_sample dev=dl0 max_mtu=1400
	monitor dut "$T/events"
	refused_with "filter sample refused it: Operation not permitted" \
		ctl set dl0 mtu 1401
	is mtu "$(mtu)" 1500
	ctl set dl0 mtu 1400
	is mtu "$(mtu)" 1400
	is_event sifmtu '.mtu == 1400'
	becomes "events that it was told of" 2 cat $SAMPLE/events
	# The filter does not refuse other requests.
	ctl set dl0 down
	ctl set dl0 up
	echo >$SAMPLE/dev
	ctl set dl0 mtu 1450
	is mtu "$(mtu)" 1450
	rmmod dlil_sample
}

# took COUNT: have the callbacks input and detached taken RTNL that often?
took() { [ "$(<$SLEEPER/took)" -ge "$1" ]; }
gone() { [ "$(<$SLEEPER/gone)" -ge "$1" ]; }

# LNX-12 LNX-8: input and `detached` callbacks take RTNL, while it is held to
# change, unwrap and delete the device.
test_input_takes_rtnl() {
	local way before ways=0

	dut modprobe dlil_sleeper rtnl=1
	for way in filter device deletion; do
		timeout 20 dlilctl -n dut attach dl0
		dut bash -c "echo dl0 >$SLEEPER/dev"
		before=$(<$SLEEPER/took)
		flood peer $IP0
		wait_for 10 took $((before + 5))
		timeout 20 ip -n dut link set dl0 mtu 1400
		timeout 20 ip -n dut link set dl0 down
		timeout 20 ip -n dut link set dl0 up
		wait_for 10 took $((before + 10))
		case $way in
		filter) echo >$SLEEPER/dev ;;
		device) timeout 20 dlilctl -n dut detach dl0 ;;
		deletion) timeout 20 ip -n dut link del dl0 ;;
		esac
		wait_for 10 gone $((++ways))
		end_floods
		[ $way != filter ] || timeout 20 dlilctl -n dut detach dl0
	done
}

# told COUNT: has the callback event taken RTNL that often?
told() { [ "$(<$SLEEPER/told)" -ge "$1" ]; }

# LNX-12 LNX-8 EVT-2: an event callback takes RTNL while devices are changed and
# deleted, by requests that take it, too.
test_event_takes_rtnl() {
	local i j before changes=50

	# A kernel with checkers needs half a minute for this.
	[ ! -e /sys/kernel/debug/failslab ] || changes=15
	modprobe dlil_sleeper rtnl=1
	for ((i = 0; i < 5; i++)); do
		timeout 20 dlilctl -n dut attach dl0
		dut bash -c "echo dl0 >$SLEEPER/dev"
		before=$(<$SLEEPER/told)
		for ((j = 0; j < changes; j++)); do
			echo "link set dl0 mtu $((1300 + j))"
			echo "link set dl0 down"
			echo "link set dl0 up"
		done | timeout 20 ip -n dut -batch - &
		for ((j = 0; j < 5; j++)); do
			timeout 20 dlilctl -n dut set dl0 mtu $((1400 + j))
		done
		wait_for 10 told $((before + 10))
		case $i in
		[012]) timeout 20 dlilctl -n dut detach dl0 ;;
		3) timeout 20 ip -n dut link set dl0 netns peer ;;
		4) timeout 20 ip -n dut link del dl0 ;;
		esac
		wait $! || true
		[ $i -ne 3 ] || ip -n peer link set dl0 netns dut
		wait_for 10 gone $((i + 1))
	done
}
