# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2086,SC2154 # constants of lib.sh
#
# A wrapped device works for everybody as before, and nobody sees a packet twice
# or misses one.

# LNX-1 LNX-2 LNX-3 IFN-3: an attach under traffic loses no packet.
test_attach_under_traffic() {
	ping_along peer $IP0
	ctl attach dl0
	along_more 50
	end_along
	is state "$(json .state)" attached
	is "the thread" "$(<"/proc/$(json .thread)/comm")" dlil/dl0
	at_least "packets in" "$(json .stats.ipackets)" 50
	at_least "packets out" "$(json .stats.opackets)" 50
	at_least "packets of inet" \
		"$(json '.protocols[family=inet].packets')" 50
}

# In megabytes.  A kernel with checkers needs 15 s for this many.
MUCH=50
[ ! -e /sys/kernel/debug/failslab ] || MUCH=10

# $1 to $2 at $3
transfer_much() {
	local size=$((MUCH << 20))

	head -c $size /dev/urandom >"$T/data"
	ctl attach dl0
	is "the checksum" "$(transfer "$1" "$2" "$3" "$T/data")" \
		"$(sha256sum "$T/data" | cut -d ' ' -f 1)"
}

# LNX-2 LNX-3 INP-8 INP-9: TCP to the wrapped device.
test_tcp_in() {
	transfer_much peer dut $IP0
	at_least "bytes in" "$(json .stats.ibytes)" $((MUCH << 20))
	is "freed on input" "$(json .account.input.freed)" 0
}

# LNX-2 LNX-6: TCP from the wrapped device, in GSO packets of the host.
test_tcp_out() {
	transfer_much dut peer $IP1
	at_least "bytes out" "$(json .stats.obytes)" $((MUCH << 20))
	is "freed on output" "$(json .account.output.freed)" 0
}

has_all() { cmp -s "$1" <(seq 200); }

# $1 to $2 at $3: each datagram arrives once and in order.  They all fit into
# the socket's buffer, even if nobody reads it.  All are sent on one processor,
# to a known neighbour; otherwise the packets that wait for the neighbour are
# sent by another processor and may be overtaken.
udp_datagrams() {
	is answers "$(pings "$1" 1 "$3")" 1
	inns "$2" socat -u UDP-RECV:5000 - </dev/null >"$T/$2" &
	wait_for 5 is_listening "$2" udp 5000
	"$1" taskset 1 bash -c "exec 3>/dev/udp/$3/5000
		for i in {1..200}; do echo \$i >&3; done"
	wait_for 5 has_all "$T/$2"
}

# LNX-2 INP-9: UDP both ways.
test_udp() {
	ctl attach dl0
	ctl filter add dl0 in5000 in match udp port 5000 count
	ctl filter add dl0 out5000 out match udp port 5000 count
	udp_datagrams peer dut $IP0
	udp_datagrams dut peer $IP1
	is "datagrams in" "$(filter in5000 matched)" 200
	is "datagrams out" "$(filter out5000 matched)" 200
}

neighbour() { ip -n "$1" -6 neigh show "$2" | grep -q "lladdr $3"; }

has_no_tentative() { ! ip -n dut -6 addr show dev dl0 tentative | grep -q inet6; }

# LNX-2 PRO-7 LNX-4: IPv6 resolves neighbours in both directions, and duplicate
# address detection does not mistake our own probe, seen twice, for another
# host's.
test_ipv6_neighbour_discovery() {
	local target=fd00:7::77

	ctl attach dl0
	ctl filter add dl0 sol-in in match 'icmp6 && ip6[40] == 135' count
	ctl filter add dl0 adv-out out match 'icmp6 && ip6[40] == 136' count
	ip -n dut -6 neigh flush dev dl0
	ip -n peer -6 neigh flush dev pe0
	is answers "$(pings peer 5 $IP60)" 5
	neighbour peer $IP60 $MAC0 || fail "peer has not found its neighbour"
	wait_for 5 neighbour dut $IP61 $MAC1
	at_least "solicitations in" "$(filter sol-in matched)" 1
	at_least "advertisements out" "$(filter adv-out matched)" 1

	ip -n dut addr add $target/64 dev dl0
	wait_for 10 has_no_tentative
	! ip -n dut -6 addr show dev dl0 dadfailed | grep -q inet6 ||
		fail "an address was taken for a duplicate"
	is "answers of the new address" "$(pings peer 5 $target)" 5
}

# LNX-2 FLT-9: a VLAN device on the wrapped device.  Packets that it sends have
# a tag beside their data and pass filters; the kernel takes received ones
# before DLIL.
test_vlan_device() {
	local seen

	ip -n dut link add link dl0 name dl0.5 type vlan id 5
	ip -n dut addr add 10.8.0.1/24 dev dl0.5
	ip -n dut link set dl0.5 up
	ip -n peer link add link pe0 name pe0.5 type vlan id 5
	ip -n peer addr add 10.8.0.2/24 dev pe0.5
	ip -n peer link set pe0.5 up
	ctl attach dl0
	is answers "$(pings peer 5 10.8.0.1)" 5
	ctl filter add dl0 none in match icmp drop
	seen=$(json .account.output.seen)
	is "answers with a filter that drops pings" "$(pings peer 20 10.8.0.1)" 20
	no_pings peer $IP0
	at_least "packets out" "$(json .account.output.seen)" $((seen + 20))
	at_least "pings dropped" "$(filter none matched)" 5
	ctl filter add dl0 no_answer out match icmp drop
	no_pings peer 10.8.0.1
	at_least "answers dropped" "$(filter no_answer matched)" 5
}

# captured [EXPRESSION]: number of packets in $T/pcap.
captured() {
	tcpdump -Z root --count -r "$T/pcap" "$@" 2>/dev/null | cut -d ' ' -f 1
}

# captured_all: the capture has all pings so far.  It has those that are sent behind them,
# which are the only ones of their length.
LAST='ip[2:2] = 805'
captured_all() {
	settle peer $IP0 -s 777
	becomes "the number of last packets" $((2 * $(nproc))) captured "$LAST"
}

# LNX-2: a capture on the device shows each packet once, in both directions.
test_tcpdump_sees_once() {
	local kind

	ctl attach dl0
	inns dut tcpdump -Z root --immediate-mode -U -n -s 200 -i dl0 \
		-w "$T/pcap" icmp 2>"$T/tcpdump" &
	wait_for 10 grep -q 'listening on' "$T/tcpdump"
	is answers "$(pings peer 50 $IP0)" 50
	captured_all
	is "the number of packets" "$(captured "not $LAST")" $((2 * $(sent)))
	for kind in request reply; do
		is "the numbers of the ${kind}s" \
			"$(tcpdump -Z root -n -r "$T/pcap" "not $LAST" 2>/dev/null |
				sed -nE "s/.*echo $kind.* seq ([0-9]+).*/\1/p" |
				sort -n | tr '\n' ' ')" \
			"$(seq "$(sent)" | tr '\n' ' ')"
	done
}

# Packets counted at the hook $1 of tc.
tc_count() {
	tc -n dut -s -j filter show dev dl0 "$1" |
		jq '[.[].options?.actions[0].stats.packets? // empty] | add'
}

# Packets counted in the nft chain $1.
nft_count() {
	dut nft -j list chain netdev t "$1" |
		jq '[.nftables[].rule?.expr[]?.counter?.packets // empty] | add'
}

# LNX-2: the hooks of tc and nft count each packet once.
test_tc_and_nft_count_once() {
	tc -n dut qdisc add dev dl0 clsact
	tc -n dut filter add dev dl0 ingress protocol ip flower ip_proto icmp \
		action pass
	tc -n dut filter add dev dl0 egress protocol ip flower ip_proto icmp \
		action pass
	dut nft -f - <<-END
		table netdev t {
			chain in {
				type filter hook ingress device dl0 priority 0
				ip protocol icmp counter
			}
			chain out {
				type filter hook egress device dl0 priority 0
				ip protocol icmp counter
			}
		}
	END
	ctl attach dl0
	is answers "$(pings peer 50 $IP0)" 50
	settle peer $IP60
	is "tc ingress" "$(tc_count ingress)" "$(sent)"
	is "tc egress" "$(tc_count egress)" "$(sent)"
	is "nft ingress" "$(nft_count in)" "$(sent)"
	is "nft egress" "$(nft_count out)" "$(sent)"
}

# counted_by_xdp [COMMAND]: pings of dl0's device that XDP counts, and those that peer
# sent.  The command runs in dut when the program is there, in front of the pings.
counted_by_xdp() {
	inns dut xdp count dl0 bash -c "${1:-true} &&
		exec inns peer ping -q -n -i 0.01 -c 30 -W 0.4 $IP0" \
		>"$T/pings" || [ $? -eq 1 ]
	echo "$(tail -n 1 "$T/pings") $(sent)"
}

# LNX-2: generic XDP sees each packet once, whether it or DLIL came first, and before the
# filters.
test_xdp_counts_once() {
	is "pings without DLIL" "$(counted_by_xdp)" "30 30"
	ctl attach dl0
	is "pings with DLIL" "$(counted_by_xdp)" "30 30"
	ctl detach dl0
	is "pings with DLIL, which came later" \
		"$(counted_by_xdp 'dlilctl attach dl0')" "30 30"
	is state "$(json .state)" attached
	ctl filter add dl0 none in match icmp drop
	is "pings that a filter drops" "$(counted_by_xdp)" "30 30"
	is "pings dropped" "$(filter none matched)" 30
}

# in_qdisc: packets that the root qdisc of dl0 has counted.
in_qdisc() { tc -n dut -s -j qdisc show dev dl0 | jq '.[0].packets'; }

# LNX-2 LNX-6: the qdisc counts each packet once, whether the host, a module by
# dlil_output() or a filter that segments has sent it, and none that a filter drops.
test_qdisc_counts_once() {
	local n

	quiet_wire
	modprobe dlil_mailer
	ctl attach dl0
	tc -n dut qdisc add dev dl0 root pfifo
	is answers "$(pings dut 20 $IP1)" 20
	n=$(sent)
	is "pings" "$(in_qdisc)" "$n"
	mail dl0 $IP0 224.0.0.5 count=9
	is "pings and mail" "$(in_qdisc)" $((n + 9))
	ctl filter add dl0 none out match udp drop
	mail_refused "Operation not permitted" dl0 $IP0 224.0.0.5 count=5
	is answers "$(pings dut 10 $IP1)" 10
	is "pings, and mail that a filter drops" "$(in_qdisc)" $((n + 9 + $(sent)))
	is "packets out" "$(json .stats.opackets)" "$(in_qdisc)"

	# The qdisc counts the segments of a GSO packet; a filter makes a packet of each.
	ctl filter add dl0 segments out nth 1000000
	n=$(in_qdisc)
	head -c 3000000 /dev/urandom >"$T/data"
	is "the checksum" "$(transfer dut peer $IP1 "$T/data")" \
		"$(sha256sum "$T/data" | cut -d ' ' -f 1)"
	settle dut $IP1
	at_least "segments" "$(in_qdisc)" $((n + 3000000 / 1500))
	is "packets out" "$(json .stats.opackets)" "$(in_qdisc)"
	ctl filter del dl0 segments
	rmmod dlil_nth
	rmmod dlil_mailer
}

# LNX-2: the host's hooks come after the filters on output, and before them on
# input: packets that a filter drops are visible to them on input only.
test_filters_between_hooks() {
	tc -n dut qdisc add dev dl0 clsact
	tc -n dut filter add dev dl0 ingress protocol ip flower ip_proto icmp \
		action pass
	tc -n dut filter add dev dl0 egress protocol ip flower ip_proto icmp \
		action pass
	ctl attach dl0
	ctl filter add dl0 none in match icmp drop
	no_pings peer $IP0
	comes_to "pings dropped" "$(sent)" filter none matched
	is "tc ingress" "$(tc_count ingress)" "$(sent)"
	ctl filter del dl0 none
	ctl filter add dl0 none out match icmp drop
	no_pings peer $IP0
	comes_to "replies dropped" "$(sent)" filter none matched
	is "tc egress" "$(tc_count egress)" 0
}

# A second wire into dut: x0 there, x1 at the peer, which reaches 10.8.0.1
# through it. x0 has the link address of dl0; otherwise its frames would be
# marked PACKET_OTHERHOST.
second_wire() {
	ip -n dut link add x0 address $MAC0 type veth peer name x1 netns peer
	ip -n dut link set x0 up
	ip -n dut addr add 10.8.0.1/32 dev dl0
	ip -n dut route add 10.8.0.2 dev x0
	ip -n peer link set x1 up
	ip -n peer addr add 10.8.0.2/24 dev x1
	ip -n peer neigh add 10.8.0.1 lladdr $MAC0 dev x1
	ip -n dut neigh add 10.8.0.2 dev x0 lladdr \
		"$(peer cat /sys/class/net/x1/address)"
	wait_for 10 is_up dut x0
	wait_for 10 is_up peer x1
	ctl filter add dl0 pings in match 'icmp[icmptype] == icmp-echo' count
}

# LNX-3: packets redirected by tc through an ifb come back with marks like ours,
# but are not mistaken for ours.
test_ifb_and_back() {
	ctl attach dl0
	ctl filter add dl0 pings in match 'icmp[icmptype] == icmp-echo' count
	ip -n dut link add ifb7 type ifb
	ip -n dut link set ifb7 up
	tc -n dut qdisc add dev dl0 clsact
	tc -n dut filter add dev dl0 ingress matchall action mirred egress \
		redirect dev ifb7
	is answers "$(pings peer 50 $IP0)" 50
	comes_to "pings the filter saw" "$(sent)" filter pings matched
	ctl filter add dl0 none in match icmp drop
	no_pings peer $IP0
}

# LNX-3: packets that tc redirects into the device's ingress are received like
# all others.
test_tc_redirect_in() {
	ctl attach dl0
	second_wire
	tc -n dut qdisc add dev x0 clsact
	tc -n dut filter add dev x0 ingress protocol ip matchall action mirred \
		ingress redirect dev dl0
	is answers "$(pings peer 50 10.8.0.1)" 50
	comes_to "pings the filter saw" "$(sent)" filter pings matched
}

# $1: what forwards; $2: number of 50 packets that the output filters see.
# Packets that x1 sends to 10.8.0.1 appear at pe0.
forwarded_out() {
	ctl filter add dl0 forwarded out match udp port 6000 count
	inns peer tcpdump -Z root --immediate-mode -U -n -s 200 -i pe0 \
		-w "$T/pcap" udp port 6000 2>"$T/tcpdump" &
	wait_for 10 grep -q 'listening on' "$T/tcpdump"
	# shellcheck disable=SC2016 # for the other shell
	peer bash -c 'exec 3>/dev/udp/10.8.0.1/6000
		for i in {1..50}; do echo $i >&3; done'
	comes_to "packets that $1 forwarded" 50 captured
	is "those the filter saw" "$(filter forwarded matched)" "$2"
}

# LNX-6: packets that nft forwards through the device pass the output filters.
test_nft_forward_out() {
	ctl attach dl0
	second_wire
	dut nft -f - <<-END
		table netdev t {
			chain in {
				type filter hook ingress device x0 priority 0
				ip protocol udp fwd to dl0
			}
		}
	END
	forwarded_out nft 50
}

# LNX-6: packets that tc redirects do not, and DLIL cannot change that: the
# kernel keeps them from the egress hook.  See README.
test_tc_redirect_out() {
	ctl attach dl0
	second_wire
	tc -n dut qdisc add dev x0 clsact
	tc -n dut filter add dev x0 ingress protocol ip matchall action mirred \
		egress redirect dev dl0
	forwarded_out tc 0
}

# LNX-1 LNX-11 LNX-2: both ends of a wire are wrapped, each in its namespace.
test_both_ends_wrapped() {
	head -c 5000000 /dev/urandom >"$T/data"
	ctl attach dl0
	dlilctl -n peer attach pe0
	is "what dut shows" "$(attached_in dut)" dl0
	is "what peer shows" "$(attached_in peer)" pe0
	is answers "$(pings peer 20 $IP0)" 20
	is "answers by IPv6" "$(pings dut 20 $IP61)" 20
	is "the checksum" "$(transfer peer dut $IP0 "$T/data")" \
		"$(sha256sum "$T/data" | cut -d ' ' -f 1)"
}
