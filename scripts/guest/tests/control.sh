# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2016,SC2086,SC2154 # awk; lib.sh
#
# Errors of dlilctl, netlink and sysfs, and their messages.

NOBODY=(setpriv --reuid 65534 --regid 65534 --clear-groups)
# Root without the required capability.
UNABLE=(setpriv --bounding-set -net_admin --inh-caps -net_admin)

# LNX-1 LNX-9: devices that cannot be wrapped.
test_attach_errors() {
	refused_with "no such device" ctl attach nodev0
	refused_with "no such device" ctl detach nodev0
	refused_with "device is not attached" ctl detach dl0
	modprobe ipip
	ip -n dut link add tl0 type ipip local $IP0 remote $IP1
	refused_with "loopback can be attached" ctl attach tl0
	rmmod ipip
	refused_with "device is not attached" ctl show dl0

	ip -n dut link add br0 type bridge
	ip -n dut link set dl0 master br0
	refused_with "has a receive handler" ctl attach dl0
	ip -n dut link set dl0 nomaster

	ctl attach dl0
	refused_with "already attached" ctl attach dl0
	refused_with "already attached" ctl attach dl0 unmatched drop
	is unmatched "$(json .unmatched)" pass
	! ip -n dut link set dl0 master br0 2>/dev/null ||
		fail "a wrapped device was put in a bridge"
	ctl detach dl0
	refused_with "device is not attached" ctl detach dl0
	ip -n dut link set dl0 master br0
}

# LNX-11: devices of other namespaces cannot be found.
test_other_namespace() {
	ctl attach dl0
	refused_with "no such device" dlilctl -n peer detach dl0
	refused_with "no such device" dlilctl -n peer show dl0
	is "what peer shows" "$(dlilctl -n peer -j show)" "[]"
	is answers "$(pings peer 5 $IP0)" 5
}

# FLT-1 FLT-2: filters that cannot be added or deleted.
test_filter_errors() {
	refused_with "device is not attached" \
		ctl filter add dl0 a match icmp drop
	ctl attach dl0
	ctl filter add dl0 a match icmp count
	refused_with "a filter of this name exists" \
		ctl filter add dl0 a match udp count
	refused_with "no filter of this name" ctl filter del dl0 b
	refused_with "no such device" ctl filter add nodev0 a match icmp drop
	bad_expression 'icmp and and' '           ^'
	bad_expression 'nonsense words' '  ^'
	is filters "$(json .filters#)" 1
	is answers "$(pings peer 5 $IP0)" 5
	ctl filter del dl0 a
	refused_with "no filter of this name" ctl filter del dl0 a
}

# bad_expression EXPR MARK: the place of the error is marked below the expression.
bad_expression() {
	! ctl filter add dl0 b match "$1" drop >"$T/stdout" 2>"$T/stderr" ||
		fail "$1 was taken"
	is "what it said of $1" "$(sed '1s/: can.t parse.*//' "$T/stderr")" \
		"Error: bad expression
  $1
$2"
}

# An error in the command line is a usage error: exit status 2.
test_usage_errors() {
	local status line

	ctl attach dl0
	while read -r line; do
		status=0
		# shellcheck disable=SC2086 # the words of a line
		ctl $line >"$T/stdout" 2>"$T/stderr" || status=$?
		is "the exit status of dlilctl $line" $status 2
		[ -s "$T/stderr" ] || fail "dlilctl $line said nothing"
		is "the filters after dlilctl $line" "$(json .filters#)" 0
	done <<-END
		frobnicate
		attach
		attach dl0 unmatched maybe
		filter add dl0 a
		filter add dl0 a match icmp
		filter add dl0 a sideways match icmp drop
		filter add dl0 a match icmp dr
		filter add dl0 a match icmp drop for ever
		filter change dl0 a
		proto plumb dl0
		set dl0 unmatched
		--nonsense
	END
}

# Changes need CAP_NET_ADMIN in the initial user namespace; showing does not.
test_unprivileged() {
	local denied='Operation not permitted'

	ctl attach dl0
	for args in 'detach dl0' 'set dl0 unmatched drop' \
		'filter add dl0 a match icmp drop' 'filter add dl0 a nth 5' \
		'filter change dl0 a nth 5' 'proto unplumb dl0 inet'; do
		# shellcheck disable=SC2086 # words
		refused dut "${NOBODY[@]}" dlilctl $args
		[[ $SENTENCE == *"$denied"* ]] || fail "it said: $SENTENCE"
	done
	every_command "${NOBODY[@]}"
	every_command "${UNABLE[@]}"
	# Root of a user namespace, in a network namespace that it does not own.
	every_command unshare -U -r
	is "what nobody sees" \
		"$(dut "${NOBODY[@]}" dlilctl -j show | jq -r '.[].state')" \
		attached
	ctl detach dl0
	refused dut "${NOBODY[@]}" dlilctl attach dl0
	# Root in a network namespace of its own, with a device of its own.
	refused unshare -U -r -n bash -c 'ip link add v0 type veth peer name v1
		dlilctl attach v0'
	[[ $SENTENCE == *"$denied"* ]] || fail "it said: $SENTENCE"
}

# every_command COMMAND...: none of the commands may change anything when it is
# run by COMMAND in the namespace of the device.
every_command() {
	local before

	before=$(setup_of dut)
	dut "$@" nlfuzz --denied "$(json .ifindex)"
	is "what is attached after $*" "$(setup_of dut)" "$before"
}

# A user namespace, and a network namespace called "own" that belongs to it,
# with a device v0.
begin_owner() {
	unshare -U -r -n sleep 600 &
	OWNER=$!
	wait_for 20 has_namespaces $OWNER
	: >/run/netns/own
	mount --bind /proc/$OWNER/ns/net /run/netns/own
	nsenter -t $OWNER -U -n --preserve-credentials \
		ip link add v0 type veth peer name v1
}

has_namespaces() {
	[ "$(readlink /proc/$1/ns/user)" != "$(readlink /proc/self/ns/user)" ] &&
		[ "$(readlink /proc/$1/ns/net)" != "$(readlink /proc/self/ns/net)" ] &&
		grep -q '[^ ]' /proc/$1/uid_map
}

end_owner() {
	umount /run/netns/own
	rm /run/netns/own
	kill $OWNER
	wait $OWNER || true
}

# as_owner COMMAND...: run it there, with the sysfs of that namespace.
as_owner() {
	nsenter -t $OWNER -U -n --preserve-credentials unshare -m bash -c '
		mount -t sysfs own /sys && exec "$@"' own "$@"
}

# LNX-11: the owner of a namespace sees what is attached in it and cannot change
# anything, not even its own device; it does not see other namespaces.
test_owner_of_namespaces() {
	local index

	begin_owner
	ctl attach dl0
	# The initial root has to wrap the device.
	! as_owner dlilctl attach v0 2>"$T/said" || fail "an owner may attach"
	grep -q 'not permitted' "$T/said" || fail "it said: $(<"$T/said")"
	is "what is attached there" "$(dlilctl -n own -j show)" "[]"
	dlilctl -n own attach v0
	index=$(dlilctl -n own -j show v0 | jget '[0].ifindex')
	is "what the owner sees" "$(as_owner dlilctl -j show | jget '[0].ifname')" \
		v0
	! as_owner dlilctl show dl0 2>"$T/said" || fail "an owner sees dl0"
	grep -q 'no such device' "$T/said" || fail "it said: $(<"$T/said")"
	as_owner nlfuzz --denied "$index"
	as_owner nlfuzz --denied "$(json .ifindex)"
	as_owner bash -c '! echo drop >/sys/class/net/v0/dlil/unmatched' \
		2>"$T/said" || fail "an owner set unmatched"
	grep -q 'not permitted' "$T/said" || fail "it said: $(<"$T/said")"
	as_owner bash -c '! echo -v0 >/sys/class/net/dlil_ifnets' 2>"$T/said" ||
		fail "an owner detached"
	is unmatched "$(as_owner cat /sys/class/net/v0/dlil/unmatched)" pass
	is "what is attached there" "$(attached_in own)" v0
	dlilctl -n own detach v0
	end_owner
	is "what is attached" "$(attached_in dut)" dl0
}

# Messages that dlilctl never sends: each is refused, nothing changes, and the
# kernel reports nothing.
test_garbage_netlink() {
	local before

	ctl attach dl0
	ctl filter add dl0 a match icmp count
	before=$(setup_of dut)
	dut nlfuzz "$(json .ifindex)" 3000
	is "what is attached" "$(setup_of dut)" "$before"
	is answers "$(pings peer 5 $IP0)" 5
}

sys() { dut cat "/sys/class/net/$1"; }

# sysfs: devices are wrapped and unwrapped by name, as with bonding_masters.
test_sysfs_ifnets() {
	local bad

	is dlil_ifnets "$(sys dlil_ifnets)" ""
	dut bash -c 'echo +dl0 >/sys/class/net/dlil_ifnets'
	is dlil_ifnets "$(sys dlil_ifnets)" dl0
	is state "$(json .state)" attached
	is "what peer lists" "$(peer cat /sys/class/net/dlil_ifnets)" ""
	is answers "$(pings peer 5 $IP0)" 5
	for bad in +dl0 -nodev0 +nodev0 dl0 + - ''; do
		! dut bash -c "echo '$bad' >/sys/class/net/dlil_ifnets" \
			2>/dev/null || fail "dlil_ifnets took: $bad"
		is "dlil_ifnets after $bad" "$(sys dlil_ifnets)" dl0
	done
	dut bash -c 'echo -dl0 >/sys/class/net/dlil_ifnets'
	is dlil_ifnets "$(sys dlil_ifnets)" ""
	is "what dlilctl shows" "$(ctl -j show)" "[]"
	! dut bash -c 'echo -dl0 >/sys/class/net/dlil_ifnets' 2>/dev/null ||
		fail "dlil_ifnets took -dl0 twice"
}

# sysfs: the state of a wrapped device.
test_sysfs_device() {
	ctl attach dl0 unmatched drop
	is answers "$(pings peer 20 $IP0)" 20
	is state "$(sys dl0/dlil/state)" attached
	is thread "$(sys dl0/dlil/thread)" "$(json .thread)"
	is unmatched "$(sys dl0/dlil/unmatched)" drop
	at_least ipackets "$(sys dl0/dlil/ipackets)" 20
	at_least opackets "$(sys dl0/dlil/opackets)" 20
	! dut bash -c 'echo 1 >/sys/class/net/dl0/dlil/ipackets' 2>/dev/null ||
		fail "a counter can be written"
	ctl detach dl0
	! sys dl0/dlil/state 2>/dev/null || fail "sysfs still has it"
}

# Reads each file of dut's sysfs and writes to it, and prints the results, a
# line for each; with builtin commands only.
TRY_FILES='cd /sys/class/net
for path in dlil_ifnets dl0/dlil/*; do
	read -r got <"$path" || got=
	text=drop
	[ $path != dlil_ifnets ] || text=-dl0
	said=$({ echo $text >"$path"; } 2>&1) && said=written
	echo "${path##*/} ${got:+read} ${said##*: }"
done'

# LNX-11: everybody can read each file of sysfs.  Without the capability, not
# even root can write one; counters cannot be written at all.
test_sysfs_denied() {
	local file readable said

	ctl attach dl0
	dut "${NOBODY[@]}" bash -c "$TRY_FILES" >"$T/nobody"
	at_least "files" "$(wc -l <"$T/nobody")" 11
	while read -r file readable said; do
		is "what nobody may do with $file" "$readable $said" \
			"read Permission denied"
	done <"$T/nobody"
	dut "${UNABLE[@]}" bash -c "$TRY_FILES" >"$T/unable"
	while read -r file readable said; do
		[[ $file =~ ^(dlil_ifnets|unmatched)$ ]] || continue
		is "what root may do with $file" "$readable $said" \
			"read Operation not permitted"
	done <"$T/unable"
	! grep written "$T/unable" || fail "it was taken"
	is unmatched "$(json .unmatched)" pass
	is dlil_ifnets "$(sys dlil_ifnets)" dl0
	dut bash -c 'cd /sys/class/net
		for text in maybe ""; do
			echo "$text" >dl0/dlil/unmatched
		done
		for text in dl0 +nodev0 +dl0; do
			echo "$text" >dlil_ifnets
		done
		echo drop >dl0/dlil/unmatched' 2>&1 |
		sed 's/.*: //' >"$T/said"
	is "why that is wrong" "$(paste -sd , "$T/said")" \
		"Invalid argument,Invalid argument,Invalid argument,No such device,File exists"
	is unmatched "$(json .unmatched)" drop
}

# STA-2 INP-8 INI-2: traffic classes are counted while the parameter is on, by the DSCP of
# pings and of the host's answers.
test_traffic_classes() {
	ctl attach dl0
	is answers "$(pings peer 5 $IP0 -Q 0xb8)" 5
	is "classes, switched off" "$(json '.classes | length')" 0
	is "voice in, in sysfs, switched off" "$(sys dl0/dlil/voice_ipackets)" 0
	ctl detach dl0
	echo Y >$PARAMS/traffic_classes
	ctl attach dl0
	is answers "$(pings peer 20 $IP0 -Q 0xb8)" 20
	is answers "$(pings peer 10 $IP0)" 10
	is "voice in" "$(json .classes.voice.ipackets)" 20
	is "its bytes" "$(json .classes.voice.ibytes)" $((20 * 98))
	at_least "voice out" "$(json .classes.voice.opackets)" 20
	at_least "its bytes" "$(json .classes.voice.obytes)" $((20 * 98))
	is "voice in, in sysfs" "$(sys dl0/dlil/voice_ipackets)" 20
	is "its bytes, in sysfs" "$(sys dl0/dlil/voice_ibytes)" $((20 * 98))
	at_least "voice out, in sysfs" "$(sys dl0/dlil/voice_opackets)" 20
	is "background, in sysfs" "$(sys dl0/dlil/background_ipackets)" 0
	echo N >$PARAMS/traffic_classes
	is answers "$(pings peer 5 $IP0 -Q 0xb8)" 5
	is "voice in, switched off" "$(json .classes.voice.ipackets)" 20
}

# INI-2: a value out of range is refused at load time as well.
test_parameters_at_load() {
	rmmod dlil
	! modprobe dlil rcvq_limit=0 2>/dev/null || fail "rcvq_limit=0 was taken"
	! modprobe dlil rcvq_bytes=1 2>/dev/null || fail "rcvq_bytes=1 was taken"
	[ ! -d /sys/module/dlil ] || fail "it is loaded all the same"
	modprobe dlil rcvq_limit=64 rcvq_bytes=2097152
	is rcvq_limit "$(<$PARAMS/rcvq_limit)" 64
	ctl attach dl0
	is "packets of its queue" "$(json '.queue."max-packets"')" 64
	is "bytes of its queue" "$(json '.queue."max-bytes"')" 2097152
	is answers "$(pings peer 5 $IP0)" 5
}

# INP-2: ifnets without threads of their own share the main thread.
test_main_thread() {
	local main

	echo N >$PARAMS/multi_threaded_input
	ctl attach dl0
	dlilctl -n peer attach pe0
	main=$(json .thread)
	is "the thread" "$(<"/proc/$main/comm")" dlil/main
	is "the other's" "$(dlilctl -n peer -j show | jq '.[].thread')" "$main"
	is answers "$(pings peer 20 $IP0)" 20
	echo Y >$PARAMS/multi_threaded_input
	ctl detach dl0
	ctl attach dl0
	is "the thread" "$(<"/proc/$(json .thread)/comm")" dlil/dl0
}

# limits: print those of dl0, packets and bytes.
limits() { json '"\(.queue."max-packets") \(.queue."max-bytes")"'; }

# INP-12: an attach takes the limits of the queue from the parameters; they can
# be changed for each ifnet.
test_queue_limits_set() {
	ctl attach dl0
	is "the limits" "$(limits)" "2048 33554432"
	ctl set dl0 queue packets 64
	is "the limits" "$(limits)" "64 33554432"
	ctl set dl0 queue bytes 1048576
	is "the limits" "$(limits)" "64 1048576"
	ctl set dl0 queue packets 1048576 bytes 1073741824
	is "the limits" "$(limits)" "1048576 1073741824"
	refused_with 'a queue holds 1 to' ctl set dl0 queue packets 0
	refused_with 'a queue holds 1 to' ctl set dl0 queue packets 1048577
	refused_with 'a queue holds 1048576 to' ctl set dl0 queue bytes 1048575
	refused_with 'a queue holds 1048576 to' \
		ctl set dl0 queue packets 1 bytes 1073741825
	is "the limits" "$(limits)" "1048576 1073741824"
	echo 100 >$PARAMS/rcvq_limit
	echo 1048576 >$PARAMS/rcvq_bytes
	is "the limits" "$(limits)" "1048576 1073741824"
	ctl detach dl0
	refused_with 'not attached' ctl set dl0 queue packets 5
	ctl attach dl0
	is "the limits" "$(limits)" "100 1048576"
	is answers "$(pings peer 20 $IP0)" 20
	becomes "what is queued" "0 0" \
		json '"\(.queue.packets) \(.queue.bytes)"'
}

# INP-12 STA-4: packets beyond the limit of packets are freed and counted.
test_queue_limit() {
	local full='.account.input.drops."queue-full"'

	ip -n peer neigh replace $IP0 lladdr $MAC0 dev pe0 nud permanent
	ctl attach dl0
	ctl set dl0 queue packets 10
	# The thread sleeps in the first packet, and the queue fills up.
	sleeper input
	no_pings peer $IP0
	wait_for 10 asleep 1
	inns peer ping -q -n -c 50 -l 50 -w 2 $IP0 >/dev/null || true
	at_least "packets dropped" "$(json "$full")" 40
	# LNX-14
	becomes "packets dropped that the device tells of, too" yes told_drops
	is "packets queued" "$(json .queue.packets)" 10
	wake_sleeper
	ctl set dl0 queue packets 2048
	becomes "what is queued" "0 0" \
		json '"\(.queue.packets) \(.queue.bytes)"'
	comes_back peer $IP0
	is answers "$(pings peer 20 $IP0)" 20
}

# All counters must agree; packets may arrive between two readings.
told_drops() {
	local full

	full=$(json '.account.input.drops."queue-full"')
	[ "$(json .stats.iqdrops) $(dropped)" != "$full $full 0" ] || echo yes
}

# INP-12 STA-4: the same for the limit of bytes: 60 packets use more than a
# megabyte.
test_queue_limit_of_bytes() {
	local full='.account.input.drops."queue-full"' _

	ip -n dut link set dl0 mtu 65000
	ip -n peer link set pe0 mtu 65000
	ip -n peer neigh replace $IP0 lladdr $MAC0 dev pe0 nud permanent
	ctl attach dl0
	ctl set dl0 queue bytes 1048576
	# The thread sleeps in the first packets, and the queue fills up.
	sleeper input
	for _ in {1..10}; do
		inns peer ping -q -n -c 6 -l 6 -s 30000 -w 2 $IP0 >/dev/null &
	done
	wait || true
	asleep 1 || fail "nothing arrived"
	at_least "packets dropped" "$(json "$full")" 1
	# LNX-14
	becomes "packets dropped that the device tells of, too" yes told_drops
	at_least "bytes queued" "$(json .queue.bytes)" 900000
	wake_sleeper
	becomes "what is queued" "0 0" \
		json '"\(.queue.packets) \(.queue.bytes)"'
	comes_back peer $IP0
	is answers "$(pings peer 20 $IP0)" 20
}

# IFN-10: a device can be given by any of its names, even a long one.
test_altnames() {
	local long=enp3s0-of-the-left-rack-01 name

	ip -n dut link property add dev dl0 altname $long altname short0
	for name in short0 $long; do
		ctl attach $name
		is "what is attached as $name" "$(attached_in dut)" dl0
		ctl filter add $name none in match icmp drop
		is "its filter" "$(ctl -j filter show $name |
			jget '[0].filters[name=none].expr')" icmp
		ctl set $name unmatched drop
		no_pings peer $IP0
		ctl filter del $name none
		ctl proto unplumb $name inet6
		ctl proto plumb $name inet6
		ctl detach $name
		is "what is attached without $name" "$(attached_in dut)" ""
		dut bash -c "echo +$name >/sys/class/net/dlil_ifnets"
		is "what is attached as $name" "$(attached_in dut)" dl0
		dut bash -c "echo -$name >/sys/class/net/dlil_ifnets"
		becomes "what is attached without $name" "" attached_in dut
	done
	refused_with "no such device" ctl attach ${long}0
}

# EVT-3 IFN-10: a monitor of a device given by an alternative name, which is not
# in events, gets its events, even if the device gets that name later.
test_altnames_monitored() {
	local long=enp3s0-of-the-left-rack-01

	ip -n dut link property add dev dl0 altname $long
	inns dut dlilctl -j monitor $long >"$T/events" 2>&1 &
	inns dut dlilctl -w 600 -j monitor ${long}2 >"$T/events2" 2>&1 &
	wait_for 10 both_listen
	ctl attach dl0
	wait_for 10 grep -q if-attached "$T/events"
	ctl detach dl0
	wait_for 10 grep -q if-detached "$T/events"
	ip -n dut link property add dev dl0 altname ${long}2
	ctl attach dl0
	wait_for 10 grep -q if-attached "$T/events2"
	ctl detach dl0
	wait_for 10 grep -q if-detached "$T/events2"
	is "detaches that the latter heard of" \
		"$(grep -c if-detached "$T/events2")" 1
}

# A monitor joins the group of generic netlink itself last.
both_listen() {
	[ "$(inns dut awk '$2 == 16 && $4 ~ /[89a-f]...$/' /proc/net/netlink |
		wc -l)" -ge 2 ]
}

# many_devices: m1 to m5 in dut; m3 cannot be attached, since it is in a bridge.
many_devices() {
	local i

	for i in 1 2 3 4 5; do
		ip -n dut link add m$i type veth peer name n$i
	done
	ip -n dut link add mb type bridge
	ip -n dut link set m3 master mb
}

all_attached() { attached_in dut | sort | paste -sd ' '; }

# LNX-1: a pattern attaches all devices that it can, and names the others with the reason;
# another one detaches what is attached.
test_several_devices() {
	many_devices
	ctl attach m1
	! ctl attach 'm[1-5]' unmatched drop >"$T/out" 2>"$T/said" || fail "m3 was attached"
	is "what it said" "$(sed -E 's/(handler).*/\1/' "$T/said")" \
		"Error: m3: dlil: device has a receive handler"
	is "what is attached" "$(all_attached)" "m1 m2 m4 m5"
	is "the policies" "$(ctl -j show | jq -r '.[].unmatched' | paste -sd ' ')" \
		"pass drop drop drop"
	ctl detach 'm[12]' m4
	is "what is attached" "$(attached_in dut)" m5
	refused ctl detach 'm1*'
	is "what it said" "$SENTENCE" "Error: m1*: no attached device has such a name"
	refused ctl attach 'x*'
	is "what it said" "$SENTENCE" "Error: x*: no device has such a name"
	ctl attach 'm[45]' dl0
	ctl attach 'm[45]'
	is "what is attached" "$(all_attached)" "dl0 m4 m5"
	ip -n dut link del m5
	ctl detach all
	is "what is attached" "$(attached_in dut)" ""
	ip -n dut link del mb
	ctl attach all
	at_least "what is attached" "$(attached_in dut | wc -w)" 10
	ctl detach all
	is "what is attached" "$(attached_in dut)" ""
}

# A monitor of a device that does not exist ends, or waits for it if it is told so.
test_monitor_of_no_device() {
	refused ctl monitor nope0
	is "what it said" "$SENTENCE" "Error: nope0: no such device"
	inns dut dlilctl -w 600 monitor nope0 >"$T/events" 2>&1 &
	wait_for 10 one_listens
	ip -n dut link add nope0 type veth peer name nope1
	ctl attach nope0
	wait_for 10 grep -q 'nope0: if-attached' "$T/events"
	ctl detach nope0
}

one_listens() {
	[ "$(inns dut awk '$2 == 16 && $4 ~ /[89a-f]...$/' /proc/net/netlink |
		wc -l)" -ge 1 ]
}
