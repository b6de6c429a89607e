# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2086,SC2154 # constants of lib.sh
#
# Packets that modules send by dlil_output() (kunit/dlil_mailer.c), as it is seen at the other
# end of the wire.

MAILER=/sys/module/dlil_mailer/parameters

# mail DEV FROM TO [WORD...]: call dlil_output(), and print its answer.
mail() { dut bash -c "echo '$*' >$MAILER/send" 2>"$T/error"; }

# mail_refused TEXT DEV FROM TO [WORD...]: the call says that error.
mail_refused() {
	local text=$1
	shift

	! mail "$@" || fail "mail $* was sent"
	grep -q "$text" "$T/error" || fail "mail $* said: $(<"$T/error")"
}

# mailer PARAMETER WORD...: write that parameter of the module.
mailer() { dut bash -c "echo '${*:2}' >$MAILER/$1"; }

# is_heard BYTES: has mail of that length come?
is_heard() { grep -q " length $1\$" "$T/mail"; }

# knock MAIL...: send it until it comes; packets that come just after tcpdump says that
# it listens may not be shown.
knock() {
	mail "$@" len=51
	is_heard "$((51 - HEADERS))"
}

# knock_after MAIL...: mail like that, of other lengths, which each processor sends behind
# what there was, has come.
knock_after() {
	local cpu len

	for cpu in $(seq 0 $(($(nproc) - 1))); do
		len=$((53 + cpu))
		dut taskset -c $cpu bash -c "echo '$* len=$len' >$MAILER/send"
		wait_for 5 is_heard "$((len - HEADERS))"
	done
}

# watch_mail NAMESPACE DEV EXPRESSION MAIL...: record what comes there, a line each in $T/mail,
# once mail like that comes.  $SEEN of the lines have been looked at.
watch_mail() {
	KNOCK=("${@:4}") SEEN=0
	: >"$T/mail.err"
	HEADERS=28
	[[ ${*:4} != *:*:* ]] || HEADERS=48

	inns "$1" tcpdump -Z root --immediate-mode -l -q -e -t -n -i "$2" "$3" \
		>>"$T/mail" 2>"$T/mail.err" &
	WATCHER=$!
	wait_for 20 grep -q 'listening on' "$T/mail.err"
	wait_for 20 knock "${@:4}"
	knock_after "${@:4}"
	: >"$T/mail"
}

# new_mail: print mail that has come, and has not been looked at.
new_mail() { tail -n "+$((SEEN + 1))" "$T/mail"; }

# end_watch: each mail has come as often as it was looked for.
end_watch() {
	knock_after "${KNOCK[@]}"
	is "mail that came besides" "$(new_mail | grep -c .)" "$(nproc)"
	kill $WATCHER
	wait $WATCHER || true
}

# mail_came: that, a line each: destination in the link header if there is one, VLAN,
# destination, port of the sender, and bytes of data.
mail_came() {
	new_mail | sed -nE 's/^.* > ([0-9a-f:]{17}), (.*)$/\1 \2/
		s/vlan ([0-9]+), p [0-9]+, /vlan=\1 /
		s/^([0-9a-f:]{17} )?(.*(vlan=[0-9]+) )?.* ?[0-9a-f:.]+\.(6[0-9]+) > ([0-9a-f:.]+)\.7009: .*( |length )([0-9]+)$/\1\3 \5 \4 \7/p' |
		tr -s ' ' | sed 's/^ //'
}

# comes LINE...: exactly these have come since the last time.
comes() {
	becomes "the mail that came" "$(printf '%s\n' "$@")" mail_came
	SEEN=$((SEEN + $#))
}

# Numbers of the packets that came, in order.
ports_came() {
	new_mail | sed -nE 's/.*\.600([0-9]) > .*/\1/p' | paste -sd ' '
}

# comes_up_to N: as many packets as that have come since the last time, in order.
comes_up_to() {
	becomes "what came" "$(seq -s ' ' "$1")" ports_came
	SEEN=$((SEEN + $1))
}

# out COUNTER: print a counter of the packets that dl0 was to send.
out() { json ".account.output.$1"; }

# has_failed ADDRESS [DEV]: the host has given up to resolve this neighbour.
has_failed() { ip -n dut neigh show "$1" dev "${2:-dl0}" | grep -q FAILED; }

# ask_once DEV...: give up after one request for a neighbour.
ask_once() {
	local dev

	for dev; do
		dut sysctl -qw net.ipv4.neigh.$dev.mcast_solicit=1 \
			net.ipv6.neigh.$dev.mcast_solicit=1
	done
}

# by_neighbour DEV FROM PEER NOBODY LINK: mail to a resolved, to an unresolved and to an
# unreachable neighbour.  $LINK is what stands in front of what comes; $BYTES is the
# length of its data.
by_neighbour() {
	local dev=$1 from=$2 to=$3 nobody=$4 stolen

	mail $dev $from $to count=2
	comes "$LINK $to 6001 $BYTES" "$LINK $to 6002 $BYTES"

	ip -n dut neigh flush dev $dev
	stolen=$(of $dev .account.output.stolen)
	mail $dev $from $to count=3
	comes "$LINK $to 6001 $BYTES" "$LINK $to 6002 $BYTES" \
		"$LINK $to 6003 $BYTES"
	is "packets that the host kept meanwhile" \
		"$(of $dev .account.output.stolen)" $((stolen + 3))

	mail $dev $from $nobody
	wait_for 10 has_failed $nobody $dev
	is "packets that the host kept" "$(of $dev .account.output.stolen)" \
		$((stolen + 4))
	# The last one comes alone.
	mail $dev $from $to
	comes "$LINK $to 6001 $BYTES"
}

# to_groups DEV FROM GROUP LINK [GROUP LINK]...
to_groups() {
	local dev=$1 from=$2
	shift 2

	while [ $# -gt 0 ]; do
		mail $dev $from $1
		comes "$2 $1 6001 $BYTES"
		shift 2
	done
}

# LNX-6 OUT-2 OUT-4 OUT-9: over Ethernet; each packet passes the output filters once,
# whoever sends it in the end.
test_output_ethernet() {
	modprobe dlil_mailer
	ctl attach dl0
	ask_once dl0
	watch_mail peer pe0 'dst port 7009' dl0 $IP0 224.0.0.9
	ctl filter add dl0 mail out match 'dst port 7009' count
	LINK=$MAC1 BYTES=72
	by_neighbour dl0 $IP0 $IP1 10.7.0.99
	to_groups dl0 $IP0 224.0.0.5 01:00:5e:00:00:05 \
		10.7.0.255 ff:ff:ff:ff:ff:ff 255.255.255.255 ff:ff:ff:ff:ff:ff
	is "mail that a filter saw" "$(filter mail matched)" 9

	LINK=$MAC1 BYTES=52
	by_neighbour dl0 $IP60 $IP61 fd00:7::99
	to_groups dl0 $IP60 ff02::5 33:33:00:00:00:05 \
		ff05::1:3 33:33:00:01:00:03
	is "mail that a filter saw" "$(filter mail matched)" 17

	# A route says more than the destination; without a protocol nothing goes.
	ip -n dut route add 192.0.2.1 via $IP1 dev dl0
	mail dl0 $IP0 192.0.2.1 routed
	comes "$MAC1 192.0.2.1 6001 72"
	ctl proto unplumb dl0 inet
	mail_refused "No such device or address" dl0 $IP0 $IP1 count=2
	is "packets without a protocol" "$(out drops.noproto)" 2
	mail dl0 $IP60 $IP61
	comes "$MAC1 $IP61 6001 52"
	ctl proto plumb dl0 inet
	end_watch
	wait_for 10 accounted dut
	rmmod dlil_mailer
}

# LNX-6 LNX-9 OUT-4: over a VLAN device on a wrapped device; both have filters.
test_output_vlan() {
	vlan_pair
	ip -n dut addr add fd00:8::1/64 dev dl0.5 nodad
	ip -n peer addr add fd00:8::2/64 dev pe0.5 nodad
	modprobe dlil_mailer
	ctl attach dl0
	ctl attach dl0.5
	ask_once dl0/5
	watch_mail peer pe0 'vlan 5 and dst port 7009' dl0.5 10.8.0.1 224.0.0.9
	ctl filter add dl0 mail out match 'vlan 5 and dst port 7009' count
	ctl filter add dl0.5 mail out match 'dst port 7009' count
	LINK="$MAC1 vlan=5" BYTES=72
	by_neighbour dl0.5 10.8.0.1 10.8.0.2 10.8.0.99
	to_groups dl0.5 10.8.0.1 224.0.0.5 "01:00:5e:00:00:05 vlan=5" \
		10.8.0.255 "ff:ff:ff:ff:ff:ff vlan=5"
	BYTES=52
	by_neighbour dl0.5 fd00:8::1 fd00:8::2 fd00:8::99
	to_groups dl0.5 fd00:8::1 ff02::5 "33:33:00:00:00:05 vlan=5"
	is "mail that its filter saw" "$(of dl0.5 '.filters[name=mail].matched')" 15
	is "mail that the lower one's saw" "$(filter mail matched)" 15
	end_watch
	wait_for 10 accounted dut
	rmmod dlil_mailer
}

# LNX-9 OUT-4: over tun, where a single station gets everything.
test_output_tun() {
	local to

	tun_pair
	modprobe dlil_mailer
	ctl attach tun0
	watch_mail peer tun0 'dst port 7009' tun0 $TUN0 224.0.0.9
	ctl filter add tun0 mail out match 'dst port 7009' count
	for to in $TUN1 10.9.0.99 224.0.0.5 10.9.0.255; do
		mail tun0 $TUN0 $to count=2
		comes "$to 6001 72" "$to 6002 72"
	done
	for to in $TUN61 fd00:9::99 ff02::5; do
		mail tun0 $TUN60 $to count=2
		comes "$to 6001 52" "$to 6002 52"
	done
	is "mail that a filter saw" "$(of tun0 '.filters[name=mail].matched')" 14
	is "mail that somebody kept" "$(of tun0 .account.output.stolen)" 0
	end_watch
	wait_for 10 accounted dut
	rmmod dlil_mailer
}

# LNX-9 OUT-4 OUT-11: over loopback, from where it is received at once.  The host takes
# its own IPv4 addresses for forged unless the packet has a route; one is found if the
# sender has set none.  A source that is not the host's is for the host to judge.
test_output_loopback() {
	local none=00:00:00:00:00:00 to

	modprobe dlil_mailer
	ctl attach lo
	watch_mail dut lo 'dst port 7009' lo ::1 ::1
	inns dut socat -u UDP6-RECV:7009 - </dev/null >"$T/got" &
	wait_for 5 is_listening dut udp 7009
	ctl filter add lo mail match 'dst port 7009' count
	for to in 127.0.0.1 $IP0; do
		mail lo $to $to routed count=2
		comes "$none $to 6001 72" "$none $to 6002 72"
	done
	mail lo ::1 ::1 count=2
	comes "$none ::1 6001 52" "$none ::1 6002 52"
	becomes "bytes received" $((4 * 72 + 2 * 52)) stat -c %s "$T/got"
	for to in 127.0.0.1 $IP0 127.255.255.255; do
		mail lo $IP0 $to count=2
		comes "$none $to 6001 72" "$none $to 6002 72"
	done
	becomes "bytes received" $((10 * 72 + 2 * 52)) stat -c %s "$T/got"
	BYTES=72
	# The kernel's route for an address that is not the host's delivers here as well.
	to_groups lo 127.0.0.1 224.0.0.5 $none 10.7.0.99 $none
	BYTES=52
	to_groups lo ::1 ff02::5 $none fd00:7::99 $none
	dut sysctl -qw net.ipv4.conf.lo.rp_filter=1
	mail lo 10.7.0.77 $IP0
	comes "$none $IP0 6001 72"
	settle dut 127.0.0.1
	is "bytes received, none from elsewhere" "$(stat -c %s "$T/got")" \
		$((11 * 72 + 2 * 52))
	is "mail that a filter saw, in and out" \
		"$(of lo '.filters[name=mail].matched')" 34
	is freed "$(of lo .account.input.freed) $(of lo .account.output.freed)" "0 0"
	end_watch
	wait_for 10 accounted dut
	rmmod dlil_mailer
}

# with_lists DEV: attach list0, whose driver takes lists, to send on that device.
with_lists() { mailer lists "$1"; }

# lists: lists that this driver got, packets, and scattered packets.
lists() { cat $MAILER/lists; }

# OUT-8 STA-2: a list leaves in order, by one call of a driver that takes lists or one
# packet after the other, and each packet is counted, in its class as well.
test_output_list() {
	local background bytes

	echo Y >$PARAMS/traffic_classes
	modprobe dlil_mailer
	ctl attach dl0
	watch_mail peer pe0 'dst port 7009' dl0 $IP0 224.0.0.9
	background=$(json .classes.background.opackets)
	bytes=$(json .classes.background.obytes)
	mail dl0 $IP0 224.0.0.5 count=9 priority=2
	comes_up_to 9
	is "background out" "$(json .classes.background.opackets)" $((background + 9))
	is "its bytes" "$(json .classes.background.obytes)" $((bytes + 9 * 114))

	with_lists dl0
	mail list0 $IP0 $IP1 count=9 priority=2 mac=$MAC1
	comes_up_to 9
	is "the lists" "$(lists)" "1 9 0"
	is "packets out" "$(of list0 .stats.opackets)" 9
	is "bytes out" "$(of list0 .stats.obytes)" $((9 * 114))
	is "background out" "$(of list0 .classes.background.opackets)" 9
	is "its bytes" "$(of list0 .classes.background.obytes)" $((9 * 114))
	end_watch
	wait_for 10 accounted dut
	mailer lists
	rmmod dlil_mailer
}

# refused_at DEV WORD...: a GSO packet in a list stops what is behind it; what was in
# front of it is sent.
refused_at() {
	local dev=$1 drops
	shift

	drops=$(of $dev .account.output.drops.tso)
	mail_refused "Message too long" $dev "$@" count=5 len=3000 tso=3
	comes_up_to 2
	is "packets dropped" "$(of $dev .account.output.drops.tso)" $((drops + 3))
}

# taken_by DEV WORD...: all of the list is sent.
taken_by() {
	mail "$@" count=5 len=3000 tso=3
	comes_up_to 5
}

# OUT-7 IFN-15: a TSO packet in the middle of a list, for a family without the assist.
test_output_tso() {
	ip -n dut link set dl0 mtu 4000
	ip -n peer link set pe0 mtu 4000
	modprobe dlil_mailer
	ctl attach dl0
	watch_mail peer pe0 'dst port 7009' dl0 $IP0 224.0.0.9
	taken_by dl0 $IP0 $IP1
	taken_by dl0 $IP60 $IP61
	mailer attrs dl0 -tso4
	refused_at dl0 $IP0 $IP1
	taken_by dl0 $IP60 $IP61
	mailer attrs dl0 +tso4 -tso6
	taken_by dl0 $IP0 $IP1
	refused_at dl0 $IP60 $IP61

	with_lists dl0
	refused_at list0 $IP0 $IP1 mac=$MAC1
	is "the lists" "$(lists)" "1 2 0"
	mailer attrs list0 +tso4
	taken_by list0 $IP0 $IP1 mac=$MAC1
	refused_at list0 $IP60 $IP61 mac=$MAC1
	is "the lists" "$(lists)" "3 9 0"
	end_watch
	wait_for 10 accounted dut
	mailer lists
	rmmod dlil_mailer
}

# large_mail DEV WORD...: a datagram of 64 KiB in pages arrives whole, since no other one
# fills the socket's buffer.
LARGE=65535
large_mail() {
	mail $1 $IP0 $IP1 scattered len=$LARGE "${@:2}"
	GOT=$((GOT + LARGE - 28))
	becomes "bytes received" $GOT stat -c %s "$T/got"
}

# OUT-6 IFN-15: a driver that cannot take scattered packets gets a linear one, even of
# 64 KiB, with the same contents.
test_output_linear() {
	local n GOT=0

	ip -n dut link set dl0 mtu $LARGE
	ip -n peer link set pe0 mtu $LARGE
	modprobe dlil_mailer
	ctl attach dl0
	is answers "$(pings dut 1 $IP1)" 1
	inns peer socat -u -b 100000 UDP-RECV:7009 - </dev/null >"$T/got" &
	wait_for 5 is_listening peer udp 7009
	mailer tap dl0
	large_mail dl0
	mailer attrs dl0 +linear
	large_mail dl0
	large_mail dl0
	mailer attrs dl0 -linear
	large_mail dl0
	read -r _ n <$MAILER/tap
	is "scattered packets" "$n" 2
	mailer tap

	with_lists dl0
	large_mail list0 mac=$MAC1
	is "the lists" "$(lists)" "1 1 1"
	mailer attrs list0 +linear
	large_mail list0 mac=$MAC1
	large_mail list0 mac=$MAC1
	is "the lists" "$(lists)" "3 3 1"
	is "other bytes" "$(tr -d d <"$T/got" | wc -c)" 0
	is "packets freed" "$(json .account.output.freed)" 0
	wait_for 10 accounted dut
	mailer lists
	rmmod dlil_mailer
}
