# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The cases of `make bench`, in the VM.  Prints a JSON object per line: results
# of the module dlil_bench with the name of the case, and facts.
#
#   cost.sh [PART...]    all of it, or these functions of those at the end

set -eu

# shellcheck source=scripts/guest/bench/common.sh
. bench/common.sh

N=8192
BURSTS=(1 2 4 8 16 32 64)
COUNTS=(1 2 4 8 16 32 64)

# run CASE [HOW [BURST]]: measure it, for packets in bursts of that length.
run() {
	local burst=${3:-64}

	order burst="$burst"
	echo "${2:-feed}" >"$D/run"
	echo "{\"case\":\"$1\",$(cat "$D/run")}"
}

# sweep CASE: measure it for bursts of all lengths.
sweep() {
	local burst

	for burst in "${BURSTS[@]}"; do
		run "$1" feed "$burst"
	done
}

fact() { echo "{\"fact\":\"$1\",\"value\":$2}"; }

# The n-th of many rules with the same meaning, which match no packet.
expr_of() { echo "udp dst port $((4000 + $1))"; }
rule_of() { echo "udp dport $((4000 + $1)) counter"; }

# The program of an expression, in the format of tc.
bytecode() {
	tcpdump -y EN10MB -ddd "$1" 2>/dev/null | tr '\n' ,
}

# Numbers of filters to measure, for each kind.

# filters_of KIND: attach filters of the module.
filters_of() {
	local n

	wrap
	for n in "${COUNTS[@]}"; do
		echo "$1 $n" >"$D/attach"
		run "dlil_$1_$n"
		[ "$n" -ne 8 ] || sweep "dlil_$1_$n" | sed '$d'
	done
	unwrap
}

filters_empty() { filters_of empty; }
filters_list() { filters_of list; }

# add_matches FIRST LAST [DIRECTION]
add_matches() {
	local i

	for ((i = $1; i <= $2; i++)); do
		dlilctl filter add bench0 "m$i" "${3:-in}" match \
			"$(expr_of "$i")" count
	done
}

filters_match() {
	local n have=0

	wrap
	for n in "${COUNTS[@]}"; do
		add_matches $((have + 1)) "$n"
		have=$n
		run "dlil_match_$n"
	done
	unwrap
}

# As many as users may need, which differ in a port.
filters_thousand() {
	local i

	wrap
	for ((i = 1; i <= 1000; i++)); do
		echo "filter add bench0 m$i in match '$(expr_of "$i")' count"
	done | dlilctl -batch -
	run dlil_match_1000
	unwrap
}

# nft_chain HOOK RULE...: a chain with these rules on the device.
nft_chain() {
	local hook=$1
	shift

	{
		echo 'table netdev bench { chain c {'
		echo "type filter hook $hook device bench0 priority 0;"
		printf '%s\n' "$@"
		printf '%s\n' '}' '}'
	} | nft -f -
}

nft_off() { nft delete table netdev bench; }

# rules N: print rules for nft, a line each.
rules() {
	local i

	for ((i = 1; i <= $1; i++)); do
		rule_of $i
	done
}

filters_nft() {
	local n

	for n in 0 "${COUNTS[@]}"; do
		nft_chain ingress "$(rules "$n")"
		run "nft_$n"
		[ "$n" -ne 1 ] || sweep nft_1 | sed '$d'
		nft_off
	done
}

# tc_filters ingress|egress FIRST LAST
tc_filters() {
	local i

	for ((i = $2; i <= $3; i++)); do
		echo "filter add dev bench0 $1 pref $i bpf bytecode" \
			"\"$(bytecode "$(expr_of "$i")")\" flowid 1:1"
	done | tc -batch -
}

tc_on() { tc qdisc add dev bench0 clsact; }
tc_off() { tc qdisc del dev bench0 clsact; }

filters_tc() {
	local n have=0

	tc_on
	for n in "${COUNTS[@]}"; do
		tc_filters ingress $((have + 1)) "$n"
		have=$n
		run "tc_bpf_$n"
	done
	tc_off
}

# Other functions of the kernel on the path of packets.

# A bridge's hash table has shrunk to four chains, so two addresses may share
# one: use the cheapest of several bridges.
bridges() {
	local _

	for _ in 1 2 3 4 5 6 7 8; do
		ip link add br0 type bridge
		ip link set bench0 master br0
		ip link set br0 up
		sweep bridge
		ip link del br0
	done
}

peers() {
	ip link add mv0 link bench0 address 02:00:00:00:09:33 \
		type macvlan mode private
	ip link set mv0 up
	order mac=$((0x33))
	sweep macvlan
	order mac=0
	ip link del mv0

	bridges

	tc_on
	tc filter add dev bench0 ingress matchall action ok
	run tc_matchall
	tc_off

	# The own queue of ifb has 32 entries; further packets take another path, or
	# are lost.
	ip link add ifb9 txqueuelen 4096 type ifb
	ip link set ifb9 up
	tc_on
	tc filter add dev bench0 ingress matchall \
		action mirred egress redirect dev ifb9
	sweep ifb
	tc_off
	ip link del ifb9

	export -f sweep run order
	export D
	xdp pass bench0 bash -c "BURSTS=(${BURSTS[*]}); sweep xdp_generic"
}

# impaired CASE EFFECT...: the same effect on all received packets.
impaired() {
	wrap
	dlilctl filter add bench0 bad in impair "${@:2}" seed 7
	run "dlil_impair_$1"
	unwrap
}

# netem_on_ifb CASE EFFECT...: the way to do it for received packets without DLIL.
netem_on_ifb() {
	ip link add ifb9 txqueuelen 4096 type ifb
	ip link set ifb9 up
	tc qdisc add dev ifb9 root netem limit 20000 "${@:2}"
	tc_on
	tc filter add dev bench0 ingress matchall \
		action mirred egress redirect dev ifb9
	run "netem_$1"
	tc_off
	ip link del ifb9
}

# Effects that lose no packet.
impair() {
	impaired loss loss 0%
	impaired delay delay 100us limit 20000
	netem_on_ifb loss loss 0.0000001%
	netem_on_ifb delay delay 100us
}

drops() {
	order lost=1
	wrap
	dlilctl filter add bench0 drop in match 'udp dst port 9' drop
	run dlil_drop
	unwrap
	nft_chain ingress 'udp dport 9 drop'
	run nft_drop
	nft_off
	tc_on
	tc filter add dev bench0 ingress bpf bytecode \
		"$(bytecode 'udp dst port 9')" action drop
	run tc_drop
	tc_off
	order lost=0
}

# Each run has a new socket, some of which cost 67 instructions more per packet:
# use the cheapest of several.
sockets() {
	local burst _

	for burst in 1 8 64; do
		for _ in 1 2 3 4 5 6 7 8; do
			run "$1" feed $burst
		done
	done
}

udp() {
	order udp=1
	sockets udp_plain
	wrap
	sockets udp_dlil_0
	unwrap
	order udp=0
}

output() {
	run out_plain send 1
	wrap
	run out_dlil_0 send 1
	echo 'empty 8' >"$D/attach"
	run out_dlil_empty_8 send 1
	echo none >"$D/attach"
	add_matches 1 8 out
	run out_dlil_match_8 send 1
	unwrap
	nft_chain egress "$(rules 1)"
	run out_nft send 1
	nft_off
	nft_chain egress "$(rules 8)"
	run out_nft_8 send 1
	nft_off
	tc_on
	tc_filters egress 1 1
	run out_tc send 1
	tc_filters egress 2 8
	run out_tc_8 send 1
	tc_off
}

# Memory in slabs and per-processor areas, in kB; stacks are in neither.
kb() {
	local key value sum=0

	sleep 1		# what RCU is to free; an idle second costs nothing
	while read -r key value _; do
		case $key in
		Slab: | Percpu:) sum=$((sum + value)) ;;
		esac
	done </proc/meminfo
	echo $sum
}

# slabs: each cache's name, and the bytes of its objects.
slabs() { awk 'NR > 2 { print $1, $2 * $4 }' /proc/slabinfo; }

# grown N BEFORE: caches that have grown, and by how many bytes for each of N.
grown() {
	slabs | awk -v n="$1" '
		NR == FNR { was[$1] = $2; next }
		$2 - was[$1] >= 64 * n {
			printf "%s\"%s\":%d", sep, $1, ($2 - was[$1]) / n
			sep = ","
		}' "$2" -
}

# Wrapped devices without traffic, beside the measured one.
idle() {
	local n have=0 before

	for ((n = 1; n <= 256; n++)); do
		echo "link add idle$n type dummy"
	done | ip -batch -
	wrap
	before=$(kb)
	slabs >/tmp/slabs
	for n in 1 16 256; do
		while [ $have -lt $n ]; do
			have=$((have + 1))
			echo "+idle$have" >$IFNETS
		done
		run "idle_$n"
	done
	fact idle_ifnet_bytes $((($(kb) - before) * 4))
	fact idle_ifnet_caches "{$(grown 256 /tmp/slabs)}"
	for ((n = 1; n <= 256; n++)); do
		echo "-idle$n" >$IFNETS
	done
	unwrap
}

# Filters and protocols without traffic, and events without receivers.
unused() {
	local ran

	wrap
	echo 'protos 16' >"$D/attach"
	run protos_16
	ran=$(cut -d ' ' -f 1 "/proc/$(thread)/schedstat")
	sleep 1
	fact idle_second_ns \
		$(($(cut -d ' ' -f 1 "/proc/$(thread)/schedstat") - ran))
	order n=512
	run event_post post 1
	run event_post post 1
	run event_post post 1
	order n=$N
	echo none >"$D/attach"
	# After all these events, which nobody receives.
	run events
	unwrap
}

# A packet after a rest: how long it takes.
lone() {
	order n=64
	run lone_baseline lone 1
	wrap
	run lone_dlil_0 lone 1
	unwrap
	order n=$N
}

# Eight clients, each of which sends its next packet 30 us after the previous
# one has arrived; with gathering, and without.
closed() {
	local usecs=/sys/module/dlil/parameters/gather_usecs was

	was=$(<$usecs)
	order flows=8 think=30
	wrap
	run closed_dlil_0 closed 1
	echo 0 >$usecs
	run closed_at_once closed 1
	echo "$was" >$usecs
	unwrap
	order flows=1 think=0
}

# A queue with room for one packet of a burst, which refuses the others.  Bursts are long,
# since the one packet wakes the thread, which costs as much as ten that are refused.
full() {
	run baseline feed 512
	order lost=1
	wrap
	dlilctl set bench0 queue packets 1
	run dlil_full feed 512
	unwrap
	order lost=0
}

# pktgen CASE: packets that it sends to the other end of a veth.
from_pktgen() {
	local dev=/proc/net/pktgen/va

	order burst=1
	echo watch >"$D/run"
	echo start >/proc/net/pktgen/pgctrl
	echo end >"$D/run"
	grep -q 'Result: OK' $dev
	echo "{\"case\":\"$1\",$(cat "$D/run")}"
}

pktgen() {
	local dev=/proc/net/pktgen/va thread

	modprobe pktgen
	ip link add va type veth peer name vb address 02:00:00:00:09:44
	ip link set va up
	ip link set vb up
	echo 'add_device va' >/proc/net/pktgen/kpktgend_0
	printf '%s\n' "count $N" 'delay 0' 'pkt_size 60' 'dst 10.9.0.1' \
		'src_min 10.9.0.2' 'src_max 10.9.0.2' \
		'dst_mac 02:00:00:00:09:44' |
		while read -r line; do
			echo "$line" >$dev
		done
	# With the same priority as our feeders, so that other tasks run before
	# a queue is full.
	thread=$(grep -lsx kpktgend_0 /proc/[0-9]*/comm)
	chrt -i -p 0 "${thread//[^0-9]/}"
	from_pktgen pktgen_baseline
	echo +vb >$IFNETS
	from_pktgen pktgen_dlil_0
	echo -vb >$IFNETS
	echo reset >/proc/net/pktgen/pgctrl
	ip link del va
}

# Packets of four flows in parallel, each from a processor of its own.
parallel() {
	order flows=4 n=65536
	run smp_baseline feed 8
	run smp_baseline
	wrap
	run smp_dlil_0 feed 8
	run smp_dlil_0
	echo 'empty 8' >"$D/attach"
	run smp_dlil_empty_8
	unwrap
	order flows=1 n=$N
}

# Eight clients that each wait for the answer of a server of their own: without
# DLIL, with it, and with it but without gathering.
clients() {
	local usecs=/sys/module/dlil/parameters/gather_usecs was _

	was=$(<$usecs)
	ip netns add asking
	ip link add cl0 type veth peer name cl1 netns asking
	ip addr add 10.10.0.1/24 dev cl0
	ip -n asking addr add 10.10.0.2/24 dev cl1
	ip link set cl0 up
	ip -n asking link set cl1 up
	echo-load serve 7000 8 &
	until [ "$(grep -c ':1B5[89A-F] ' /proc/net/udp)" -eq 8 ]; do
		read -rt 0.05 <> <(:) || true
	done
	for _ in 1 2 3 4 5; do
		ask_eight echo_plain
		echo +cl0 >$IFNETS
		ask_eight echo_dlil_0
		echo 0 >$usecs
		ask_eight echo_at_once
		echo "$was" >$usecs
		echo -cl0 >$IFNETS
	done
	kill $!
	ip netns del asking
}

# ask_eight CASE: run for two seconds.
ask_eight() {
	local said

	said=$(ip netns exec asking echo-load ask 10.10.0.1 7000 8 2000)
	[[ $said =~ \"answers\":([0-9]+) ]]
	echo "{\"case\":\"$1\",\"burst\":1,\"n\":${BASH_REMATCH[1]}," \
		"\"ns\":2000000000,\"delivered\":${BASH_REMATCH[1]}," \
		"\"reordered\":0,$said}"
}

# Cases of a native run.
native() {
	local BURSTS=(1 8 64)

	bursts
	peers
	udp
	output
}

bursts() {
	sweep baseline
	wrap
	sweep dlil_0
	unwrap
}

set_up
order n=$N
# The first run includes work that the kernel has postponed at boot.
run baseline >/dev/null
fact kernel "\"$(uname -r)\""
[ $# -gt 0 ] || set -- bursts filters_empty filters_list filters_match \
	filters_thousand filters_nft filters_tc peers impair drops full udp output idle unused \
	lone closed pktgen
for part; do
	start=${EPOCHREALTIME/./}
	$part
	echo "# $part: $(((${EPOCHREALTIME/./} - start) / 1000)) ms of the guest's"
done
