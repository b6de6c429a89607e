# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2086 # addresses and numbers are words
#
# Things come and go under traffic: $ROUNDS times, at random, but reproducibly
# for the same $SEED.  Traffic starts on the first two processors, everything
# else runs on the other two.  After each test: conservation is exact, and ping
# works both unwrapped and wrapped; run-tests.sh checks that no thread,
# reference or memory is left and that the kernel has reported nothing.

CPU0=1 CPU1=2	# masks

# pick WORD...: choose one of them, in $PICKED.  Not printed, because a subshell
# has random numbers of its own.
pick() {
	local n=$((RANDOM % $# + 1))

	PICKED=${!n}
}

# chance: true with a probability of one half.
chance() { [ $((RANDOM & 64)) -ne 0 ]; }

# try COMMAND...: the command must work.  If others interfere ($MEDDLED), it may also be
# refused, but must end properly.
try() {
	local status=0 said=$T/said.$BASHPID

	timeout 60 "$@" 2>"$said" || status=$?
	if [ $status -gt 2 ] || { [ $status -gt 0 ] && [ -z "$MEDDLED" ]; }; then
		fail "exit status $status of $*: $(<"$said")"
	fi
}

# Create the wire of two_namespaces again.
rewire() {
	try ip -n dut -batch - <<-END
		link add dl0 address $MAC0 type veth peer name pe0 address $MAC1 netns peer
		addr add $IP0/24 dev dl0
		addr add $IP60/64 dev dl0 nodad
		link set dl0 up
	END
	try ip -n peer -batch - <<-END
		addr add $IP1/24 dev pe0
		addr add $IP61/64 dev pe0 nodad
		link set pe0 up
	END
}

# One round of each kind; $ID distinguishes parallel ones.  Each begins and ends
# with dl0 wrapped.

round_attach() {
	try dlilctl -n dut detach dl0
	pick pass drop
	if chance; then
		try dlilctl -n dut attach dl0 unmatched "$PICKED"
	else
		try inns dut \
			bash -c 'echo +dl0 >/sys/class/net/dlil_ifnets'
	fi
	chance || try dlilctl -n dut filter add dl0 "a$ID" match icmp count
}

round_filter() {
	local name=f$ID action

	pick drop count pass
	action=$PICKED
	pick in out both
	try dlilctl -n dut filter add dl0 "$name" "$PICKED" match icmp "$action"
	if chance; then
		try dlilctl -n dut -batch - <<-END
			filter add dl0 $name.3 first match udp $action
			filter replace dl0 $name before $name.3 match icmp $action
			filter move dl0 $name last
		END
		try dlilctl -n dut filter move dl0 "$name" first
		try dlilctl -n dut filter del dl0 "$name.3"
	fi
	if chance; then
		pick in out both
		try dlilctl -n dut filter add dl0 "$name.2" "$PICKED" match ip6 count
		try dlilctl -n dut filter del dl0 "$name"
		try dlilctl -n dut filter del dl0 "$name.2"
	else
		try dlilctl -n dut filter del dl0 "$name"
	fi
}

round_plumb() {
	local proto

	pick inet inet6 vlan
	proto=$PICKED
	try dlilctl -n dut proto unplumb dl0 "$proto"
	try dlilctl -n dut proto plumb dl0 "$proto"
}

round_device() {
	pick 'dut link del dl0' 'peer link del pe0'
	# shellcheck disable=SC2086 # words
	try ip -n $PICKED
	rewire
	try dlilctl -n dut attach dl0
}

round_namespace() {
	local ns=ns$ID addr=10.9.$ID

	try ip netns add "$ns"
	try ip -n "$ns" -batch - <<-END
		link add x0 type veth peer name x$ID netns peer
		addr add $addr.1/24 dev x0
		link set x0 up
	END
	try ip -n peer -batch - <<-END
		addr add $addr.2/24 dev x$ID
		link set x$ID up
	END
	try dlilctl -n "$ns" attach x0
	try inns peer ping -q -n -f -c 20 -w 1 "$addr.1" >/dev/null
	try ip netns del "$ns"
	wait_for 20 no_device peer "x$ID"
}

round_module() {
	try rmmod dlil
	try modprobe dlil
	try dlilctl -n dut attach dl0
	chance || try dlilctl -n peer attach pe0
}

round_consumer() {
	local dev=/sys/module/dlil_sample/parameters/dev

	try inns dut modprobe dlil_sample dev=dl0
	if chance; then
		peer timeout 3 echo-client pe0 $MAC0 5 >/dev/null ||
			[ -n "$MEDDLED" ] || fail "no echo came back"
		try bash -c "echo >$dev"
		try inns dut bash -c "echo dl0 >$dev"
	fi
	try bash -c "echo >$dev"
	try rmmod dlil_sample
}

# A module calls what only modules can call.
round_caller() {
	local asker=/sys/module/dlil_asker/parameters
	local mailer=/sys/module/dlil_mailer/parameters group each=-e

	try modprobe dlil_asker
	try modprobe dlil_mailer
	# If others interfere, a call may fail, and the ones behind it are made.
	[ -z "$MEDDLED" ] || each=+e
	# Without this, nobody answers for a link-local address.
	try dlilctl -n dut set dl0 arpll on
	printf -v group '01:00:5e:00:%02x:%02x' "$ID" $((RANDOM & 255))
	pick + -
	try inns dut bash $each -c "cd $asker || exit
		echo dl0 $group >join
		echo dl0 224.0.0.5 >resolve
		echo dl0 $IP1 >arp
		echo dl0 169.254.7.9 >arp
		echo dl0 $IP1 >route
		echo dl0 $IP61 >route
		echo $group >leave
		cd $mailer || exit
		echo dl0 ${PICKED}linear -tso4 >attrs
		echo dl0 $IP0 $IP1 count=5 scattered len=1000 >send
		echo dl0 $IP60 $IP61 count=9 >send
		echo dl0 +tso4 -linear >attrs"
	chance || try bash $each -c "echo 1 >$mailer/policy; echo 0 >$mailer/policy"
	try bash -c "echo 40 >$mailer/inject"
	# The protocol of its own number, which counts with the host's.
	try inns dut bash -c "echo dl0 258 >$asker/plumb"
	chance || try inns dut bash -c "echo dl0 258 >$asker/unplumb"
	try inns dut bash $each -c "echo dl0 >$mailer/lists
		echo list0 $IP0 $IP1 count=9 mac=$MAC1 >$mailer/send"
	try inns dut bash -c "echo >$mailer/lists"
	try rmmod dlil_mailer
	try rmmod dlil_asker
}

round_parameter() {
	pick N Y
	try bash -c "echo $PICKED >$PARAMS/multi_threaded_input"
	pick 1 2 16 256
	try bash -c "echo $PICKED >$PARAMS/rcvq_limit"
	pick pass drop
	try dlilctl -n dut set dl0 unmatched "$PICKED"
	pick 1 8 2048
	try dlilctl -n dut set dl0 queue packets "$PICKED"
	pick on off
	try dlilctl -n dut set dl0 arpll "$PICKED"
	pick N Y
	try bash -c "echo $PICKED >$PARAMS/traffic_classes"
	# An attach reads the parameters of threads.
	chance || round_attach
}

# Packets in both directions, one with fragments, not so many that everything
# else starves; some are lost, and sometimes there is no route to the other end.
start_traffic() {
	TRAFFIC=()
	taskset $CPU0 inns peer ping -q -n -i 0.03 $IP0 >/dev/null 2>&1 &
	TRAFFIC+=($!)
	taskset $CPU1 inns dut ping -q -n -i 0.03 -s 3000 $IP61 \
		>/dev/null 2>&1 &
	TRAFFIC+=($!)
}

stop_traffic() {
	kill -INT "${TRAFFIC[@]}" 2>/dev/null || true
	wait "${TRAFFIC[@]}" || true
}

# act CPU ID KIND
act() {
	local i

	taskset -p "$1" $BASHPID >/dev/null
	ID=$2
	RANDOM=$((SEED + ID))
	for ((i = 0; i < ROUNDS; i++)); do
		"round_$3"
	done
}

# Restore the state of two_namespaces and modprobe.
start_afresh() {
	local ns

	MEDDLED=
	if [ -d /sys/module/dlil_sample ]; then
		echo >/sys/module/dlil_sample/parameters/dev
		try rmmod dlil_sample
	fi
	end_mailer
	for ns in dlil_asker dlil_mailer; do
		[ ! -d /sys/module/$ns ] || try rmmod $ns
	done
	modprobe dlil
	for ns in dut peer; do
		attached_in $ns |
			while read -r dev; do
				try dlilctl -n $ns detach "$dev"
			done
		is "what $ns shows" "$(dlilctl -n $ns -j show)" "[]"
	done
	[ -n "$(ip -n dut link show dl0 2>/dev/null)" ] || rewire
	echo Y >$PARAMS/multi_threaded_input
	echo 2048 >$PARAMS/rcvq_limit
	echo N >$PARAMS/traffic_classes
}

# chaos KIND [KIND]: run one kind, or two in parallel.
chaos() {
	local actors=() kind status=0

	MEDDLED=${2:-}
	ctl attach dl0
	start_traffic
	for kind; do
		act $((4 << ${#actors[@]})) ${#actors[@]} "$kind" &
		actors+=($!)
	done
	reap "${actors[0]}" || status=$?
	[ ${#actors[@]} -eq 1 ] || reap "${actors[1]}" || status=$?
	stop_traffic
	[ $status -eq 0 ] || fail "$* did not go on to the end"
	wait_for 5 accounted dut
	wait_for 5 accounted peer

	start_afresh
	comes_back peer $IP0
	is answers "$(pings peer 20 $IP0)" 20
	ctl attach dl0
	is "answers of the wrapped device" "$(pings peer 20 $IP0)" 20
	is "answers by IPv6" "$(pings dut 20 $IP61)" 20
}

# IFN-3 IFN-4 IFN-5 STA-3
test_chaos_attach() { chaos attach; }
# FLT-1 FLT-2 FLT-6 STA-3
test_chaos_filter() { chaos filter; }
# PRO-1 PRO-3 LNX-4 STA-3
test_chaos_plumb() { chaos plumb; }
# LNX-8 IFN-5
test_chaos_device() { chaos device; }
# LNX-8 LNX-11
test_chaos_namespace() { chaos namespace; }
# INI-1 INI-4
test_chaos_module() { chaos module; }
# FLT-1 FLT-2 PRO-1 PRO-3 OUT-1
test_chaos_consumer() { chaos consumer; }
# INI-2 INP-2 INP-12 LNX-5
test_chaos_parameter() { chaos parameter; }

# IFN-12 MUL-1 ARP-1 RTC-1 RTC-3 PRO-5 PRO-8 OUT-3 OUT-8 IFN-15
test_chaos_caller() { chaos caller; }

# Two kinds in parallel.
test_chaos_attach_attach() { chaos attach attach; }
# FLT-8
test_chaos_attach_filter() { chaos attach filter; }
# FLT-3 FLT-6 FLT-13
test_chaos_filter_filter() { chaos filter filter; }
# PRO-1 PRO-3 IFN-5
test_chaos_attach_plumb() { chaos attach plumb; }
test_chaos_plumb_plumb() { chaos plumb plumb; }
# FLT-8 LNX-8
test_chaos_device_filter() { chaos device filter; }
# LNX-8 PRO-3
test_chaos_device_consumer() { chaos device consumer; }
test_chaos_attach_consumer() { chaos attach consumer; }
# INI-4
test_chaos_module_filter() { chaos module filter; }
test_chaos_module_namespace() { chaos module namespace; }
test_chaos_module_consumer() { chaos module consumer; }
# IFN-12 RTC-2 PRO-5
test_chaos_attach_caller() { chaos attach caller; }
# RTC-3 LNX-8
test_chaos_device_caller() { chaos device caller; }
# INP-2
test_chaos_parameter_device() { chaos parameter device; }
