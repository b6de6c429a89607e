# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2086,SC2154 # constants of lib.sh
#
# Devices without Ethernet headers: tun, PPP, raw IP and WireGuard; and
# loopback, which has such headers, but no stations to address.

TUN0=10.9.0.1
TUN1=10.9.0.2
TUN60=fd00:9::1
TUN61=fd00:9::2
WG0=10.10.0.1
WG1=10.10.0.2
WG60=fd00:10::1
WG61=fd00:10::2
PPP0=10.11.0.1
PPP1=10.11.0.2
PPP60=fd00:11::1
PPP61=fd00:11::2

# of DEV PATH: print a value that dlilctl shows for that device.
of() { ctl -j -s show "$1" | jget "[0]$2"; }

# has_type NAMESPACE DEV TYPE
has_type() { inns "$1" grep -qx "$3" "/sys/class/net/$2/type" 2>/dev/null; }

# Values of <linux/if_arp.h> and <linux/if_tun.h>.
ARPHRD_PPP=512
ARPHRD_RAWIP=519
ARPHRD_TUNNEL=768
ARPHRD_NONE=65534
TUNSETLINK=0x400454cd

# tun_end NAMESPACE ADDRESS IPV6 FROM TO TYPE: create tun0, a device of that
# type (ARPHRD_*), whose packets travel in UDP.
tun_end() {
	ip netns exec "$1" socat \
		TUN,tun-name=tun0,iff-no-pi,ioctl-int=$TUNSETLINK:$6 \
		"UDP-DATAGRAM:$5:7000,bind=$4:7000" </dev/null &
	wait_for 10 has_type "$1" tun0 "$6"
	ip -n "$1" -batch - <<-END
		addr add $2/24 dev tun0
		addr add $3/64 dev tun0 nodad
		link set tun0 mtu 1400 up
	END
}

# wg_end NAMESPACE ADDRESS IPV6 KEY PEER-KEY TO: create wg0, whose packets
# travel in UDP.
wg_end() {
	local public

	public=$(wg pubkey <<<"$5")
	ip -n "$1" link add wg0 type wireguard
	"$1" wg set wg0 private-key <(echo "$4") listen-port 7001 \
		peer "$public" endpoint "$6:7001" allowed-ips 0.0.0.0/0,::/0
	ip -n "$1" -batch - <<-END
		addr add $2/24 dev wg0
		addr add $3/64 dev wg0 nodad
		link set wg0 mtu 1400 up
	END
}

# A tunnel between the namespaces by the kernel's own WireGuard.
wg_pair() {
	local key0 key1

	modprobe wireguard
	key0=$(wg genkey) key1=$(wg genkey)
	wg_end dut $WG0 $WG60 "$key0" "$key1" $IP1
	wg_end peer $WG1 $WG61 "$key1" "$key0" $IP0
	# The first packet makes them negotiate their keys.
	becomes "answers before" 1 pings dut 1 $WG1 -w 2
}

# tun_pair [TYPE]: tun0 in both namespaces, connected with each other.
tun_pair() {
	modprobe tun
	tun_end dut $TUN0 $TUN60 $IP0 $IP1 "${1:-$ARPHRD_NONE}"
	TUN_PID=$!
	tun_end peer $TUN1 $TUN61 $IP1 $IP0 "${1:-$ARPHRD_NONE}"
	is "answers before" "$(pings dut 5 $TUN1)" 5
}

# file_of BYTES: a file to transfer; $SUM is its checksum.
file_of() {
	head -c "$1" /dev/urandom >"$T/file"
	SUM=$(sha256sum "$T/file" | cut -d ' ' -f 1)
}

# LNX-9 LNX-2 IFN-5 STA-3: wrapped and unwrapped under traffic without any loss.
# There is no link header to count, or to find a group address in.
test_tun() {
	local packets

	tun_pair
	no_ipv6 dut
	no_ipv6 peer
	ping_along dut $TUN1
	ctl attach tun0
	along_more 50
	end_along
	wait_for 5 accounted dut
	at_least "packets in" "$(of tun0 .stats.ipackets)" 40
	packets=$(of tun0 .stats.opackets)
	at_least "packets out" "$packets" 40
	is "bytes in" "$(of tun0 .stats.ibytes)" \
		$(($(of tun0 .stats.ipackets) * 84))
	is "bytes out" "$(of tun0 .stats.obytes)" $((packets * 84))
	is "group packets out" "$(of tun0 .stats.omcasts)" 0
	is "its thread" "$(<"/proc/$(of tun0 .thread)/comm")" dlil/main
	is freed "$(of tun0 .account.input.freed) $(of tun0 .account.output.freed)" \
		"0 0"

	ping_along dut $TUN1
	ctl detach tun0
	along_more 50
	end_along
	is "what is attached" "$(attached_in dut)" ""
}

# Otherwise it would announce itself.
no_ipv6() {
	"$1" bash -c 'echo 1 >/proc/sys/net/ipv6/conf/tun0/disable_ipv6'
}

# LNX-9 FLT-5: expressions are compiled for packets without a link header.
test_tun_filter() {
	tun_pair
	file_of 1000000
	ctl attach tun0
	is header "$(of tun0 .header)" none
	[[ $(ctl show tun0) == *" header none "* ]] || fail "it does not show it"
	ctl filter add tun0 noping in match 'icmp and src host '$TUN1 drop
	ctl filter add tun0 tcp match 'tcp port 5001' count
	ctl filter add tun0 v6 match ip6 count
	no_pings dut $TUN1
	at_least "drops" "$(of tun0 .account.input.drops.filter)" 1
	is "checksum of what came in" \
		"$(transfer peer dut $TUN0 "$T/file")" "$SUM"
	is "checksum of what went out" \
		"$(transfer dut peer $TUN1 "$T/file")" "$SUM"
	is "answers by IPv6" "$(pings peer 20 $TUN60)" 20
	at_least "TCP packets" "$(of tun0 '.filters[name=tcp].matched')" 200
	at_least "IPv6 packets" "$(of tun0 '.filters[name=v6].matched')" 40
	ctl filter del tun0 noping
	is answers "$(pings dut 20 $TUN1)" 20

	ctl filter add tun0 noping out match icmp drop
	no_pings dut $TUN1
	at_least "drops" "$(of tun0 .account.output.drops.filter)" 1
	ctl filter del tun0 noping
	is answers "$(pings dut 20 $TUN1)" 20
	! ctl filter add tun0 mac match "ether host $MAC1" drop 2>"$T/said" ||
		fail "a device without link headers has taken an address of one"
	[[ $(<"$T/said") == 'Error: '?*"ether host $MAC1"* ]] ||
		fail "it said: $(<"$T/said")"
	wait_for 5 accounted dut
}

# LNX-9 LNX-4: without inet IPv4 does not work, without inet6 IPv6 does not.
test_tun_unplumb() {
	tun_pair
	ctl attach tun0
	is answers "$(pings peer 20 $TUN0)" 20
	ctl proto unplumb tun0 inet
	no_pings peer $TUN0
	at_least "drops in" "$(of tun0 .account.input.drops.noproto)" 1
	no_pings dut $TUN1
	at_least "drops out" "$(of tun0 .account.output.drops.noproto)" 1
	is "answers by IPv6" "$(pings peer 20 $TUN60)" 20
	ctl proto plumb tun0 inet
	is "answers with inet again" "$(pings peer 20 $TUN0)" 20

	ctl proto unplumb tun0 inet6
	no_pings peer $TUN60
	is "answers by IPv4" "$(pings peer 20 $TUN0)" 20
	wait_for 5 accounted dut
}

# LNX-9 LNX-8: the program of a tun ends under traffic, and the device with it.
test_tun_deleted() {
	tun_pair
	ctl attach tun0
	flood peer $TUN0
	flood dut $TUN1
	wait_for 10 seen_on tun0 100
	kill $TUN_PID
	wait_for 9 no_device dut tun0
	becomes "what is attached" "" attached_in dut
	end_floods
}

seen_on() { [ "$(of "$1" .stats.ipackets)" -gt "$2" ]; }

has_wireguard() { modinfo wireguard >/dev/null 2>&1; }

# raw_works DEV ADDR0 ADDR1 IPV60: wrapped and unwrapped under traffic, with
# filters in both directions, and with each protocol detached.
raw_works() {
	file_of 300000
	ping_along dut "$3"
	ctl attach "$1"
	is header "$(of "$1" .header)" none
	along_more 20
	end_along
	ctl filter add "$1" tcp match 'tcp port 5001' count
	is "checksum of what came in" \
		"$(transfer peer dut "$2" "$T/file")" "$SUM"
	is "checksum of what went out" \
		"$(transfer dut peer "$3" "$T/file")" "$SUM"
	at_least "TCP packets" "$(of "$1" '.filters[name=tcp].matched')" 20
	wait_for 5 accounted dut
	is freed "$(of "$1" .account.input.freed) $(of "$1" .account.output.freed)" \
		"0 0"

	is "answers by IPv6" "$(pings peer 20 "$4")" 20
	ctl filter add "$1" noping in match "icmp and src host $3" drop
	no_pings dut "$3"
	at_least "drops" "$(of "$1" .account.input.drops.filter)" 1
	ctl filter del "$1" noping
	ctl filter add "$1" noping out match icmp drop
	no_pings dut "$3"
	at_least "drops" "$(of "$1" .account.output.drops.filter)" 1
	ctl filter del "$1" noping
	ctl proto unplumb "$1" inet
	no_pings peer "$2"
	no_pings dut "$3"
	at_least "drops out" "$(of "$1" .account.output.drops.noproto)" 1
	is "answers by IPv6" "$(pings peer 20 "$4")" 20
	ctl proto plumb "$1" inet
	is answers "$(pings dut 20 "$3")" 20
	ctl proto unplumb "$1" inet6
	no_pings peer "$4"
	is answers "$(pings peer 20 "$2")" 20
	wait_for 5 accounted dut
	ping_along peer "$2"
	ctl detach "$1"
	along_more 20
	end_along
	is "what is attached" "$(attached_in dut)" ""
}

# LNX-9 LNX-2 LNX-4 FLT-5 STA-3: WireGuard, which receives in NAPI what it has
# decrypted on all processors, and parses packets that it sends.
test_wireguard() {
	has_wireguard || lacks WireGuard
	wg_pair
	raw_works wg0 $WG0 $WG1 $WG60
}

# LNX-9 LNX-2 LNX-4 FLT-5 STA-3: a device of the type raw IP, as modems have, by
# a driver that creates devices of any type.
test_tun_rawip() {
	tun_pair $ARPHRD_RAWIP
	raw_works tun0 $TUN0 $TUN1 $TUN60
}

# LNX-9 LNX-2 LNX-4 FLT-5 STA-3: a device of the type PPP, where the kernel's
# own driver is not available.
test_tun_ppp() {
	! has_ppp || not_run "this kernel has PPP itself, see ppp"
	tun_pair $ARPHRD_PPP
	raw_works tun0 $TUN0 $TUN1 $TUN60
}

# LNX-9: a device of a type with an unknown header is refused.
test_tun_tunnel() {
	tun_pair $ARPHRD_TUNNEL
	refused_with "loopback can be attached" ctl attach tun0
}

# A PPP link between the namespaces by the kernel's own driver, over the wire.
ppp_pair() {
	ppp_end dut dl0 $MAC1 $PPP0 $PPP1 $PPP60
	PPP_PID=$!
	ppp_end peer pe0 $MAC0 $PPP1 $PPP0 $PPP61
	is "answers before" "$(pings dut 5 $PPP1)" 5
}

# ppp_end NAMESPACE DEV MAC ADDRESS PEER IPV6: create ppp0, to that MAC through
# DEV.
ppp_end() {
	inns "$1" pppoe "$2" "$3" 7 </dev/null &
	wait_for 10 has_type "$1" ppp0 $ARPHRD_PPP
	ip -n "$1" -batch - <<-END
		addr add $4 peer $5 dev ppp0
		addr add $6/64 dev ppp0 nodad
		link set ppp0 mtu 1400 up
	END
}

# Cloud kernels have no PPP; that of make test-debug has it.
has_ppp() { [ -e /dev/ppp ]; }

# LNX-9 LNX-2 LNX-4 FLT-5 STA-3: PPP, whose packets the host passes to the
# session by their type; on a plain device, and on a wrapped one.
test_ppp() {
	has_ppp || not_run "this kernel has no PPP, tun_ppp stands in"
	ppp_pair
	raw_works ppp0 $PPP0 $PPP1 $PPP60
	# Over a wrapped device, which has a protocol for it.
	ctl attach dl0
	ctl attach ppp0
	is answers "$(pings dut 20 $PPP1)" 20
	ctl proto unplumb dl0 pppoe
	no_pings dut $PPP1
	at_least "drops" "$(of dl0 .account.output.drops.noproto)" 1
	ctl proto plumb dl0 pppoe
	is answers "$(pings dut 20 $PPP1)" 20
	wait_for 5 accounted dut
}

# LNX-9 LNX-8: a PPP session ends under traffic, and the device with it.
test_ppp_deleted() {
	has_ppp || not_run "this kernel has no PPP, tun_deleted stands in"
	ppp_pair
	ctl attach ppp0
	flood peer $PPP0
	flood dut $PPP1
	wait_for 10 seen_on ppp0 100
	kill $PPP_PID
	wait_for 9 no_device dut ppp0
	becomes "what is attached" "" attached_in dut
	end_floods
}

# LNX-9 LNX-8: the tunnel is deleted under traffic.
test_wireguard_deleted() {
	has_wireguard || lacks WireGuard
	wg_pair
	ctl attach wg0
	flood peer $WG0
	flood dut $WG1
	wait_for 10 seen_on wg0 100
	timeout 60 ip -n dut link del wg0
	becomes "what is attached" "" attached_in dut
	end_floods
}

# LNX-9: the header format cannot change while the device is attached.
test_type_stays() {
	tun_pair
	ip -n dut link add bond0 type bond
	ctl attach bond0
	ip -n dut link set tun0 down
	is "what bond0 says" "$(enslave)" "Device or resource busy"
	is "the type of bond0" "$(dut cat /sys/class/net/bond0/type)" 1
	# Afterwards it fails later, for lack of a link address.
	ctl detach bond0
	is "what bond0 says later" "$(enslave)" "Operation not supported"
	ip -n dut link del bond0
}

# Add it to the empty bond0, which would adopt the type of tun0.
enslave() {
	! ip -n dut link set tun0 master bond0 2>"$T/stderr" || echo taken
	sed -n 's/^RTNETLINK answers: //p' "$T/stderr"
}

# LNX-9 INP-5 IFN-8 LNX-2: loopback, wrapped and unwrapped under traffic.
test_lo() {
	file_of 4000000
	ping_along dut 127.0.0.1
	ctl attach lo
	along_more 50
	is "its thread" "$(<"/proc/$(of lo .thread)/comm")" dlil/main
	is "checksum" "$(transfer dut dut 127.0.0.1 "$T/file")" "$SUM"
	is "answers by IPv6" "$(pings dut 20 ::1)" 20
	is "answers from an address of dl0" "$(pings dut 20 $IP0)" 20
	along_more 50
	wait_for 10 seen_on lo 100
	ctl detach lo
	along_more 50
	end_along
	is "what is attached" "$(attached_in dut)" ""
}

# LNX-9 FLT-5 STA-3: filters on loopback see an Ethernet header.
test_lo_filter() {
	ctl attach lo
	is header "$(of lo .header)" ethernet
	ctl filter add lo noping in match 'ether[12:2] = 0x800 and icmp' drop
	no_pings dut 127.0.0.1
	settle dut ::1
	is drops "$(of lo .account.input.drops.filter)" "$(sent)"
	is "answers by IPv6" "$(pings dut 20 ::1)" 20
	ctl filter del lo noping
	is answers "$(pings dut 20 127.0.0.1)" 20
	wait_for 5 accounted dut
}

# LNX-9 LNX-4: the same for detached protocols.
test_lo_unplumb() {
	ctl attach lo
	ctl proto unplumb lo inet
	no_pings dut 127.0.0.1
	is "answers by IPv6" "$(pings dut 20 ::1)" 20
	ctl proto plumb lo inet
	is answers "$(pings dut 20 127.0.0.1)" 20
	wait_for 5 accounted dut
}

# LNX-8 LNX-9: a namespace is deleted, with its loopback device last.
test_lo_namespace_deleted() {
	ctl attach lo
	flood dut 127.0.0.1
	wait_for 10 seen_on lo 100
	end_floods
	ip netns del dut
	wait_for 20 no_device peer pe0
	namespaces_gone
}
