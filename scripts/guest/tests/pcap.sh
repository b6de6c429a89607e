# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2016,SC2086,SC2154 # other shells; constants of lib.sh
#
# Unusual frames from a capture file of make-pcap.py.  DLIL must count the same
# as tcpdump on the file.

TYPE='ether[12:2]'
OURS="(ether dst $MAC0 or (ether[0] & 1) = 1)"
# The frame ends inside its 802.2 or SNAP header.  A length that is wrong, or
# too small for that header, is an unknown type.
TRUNCATED="($TYPE < 0x600 and len - 14 >= $TYPE and (len < 17 or
	($TYPE >= 3 and len < 22 and ether[14:2] = 0xaaaa and ether[16] = 3)))"
# A priority tag does not count as a tag; there is IPv4 behind all of those.
PRIORITY="($TYPE = 0x8100 and (ether[14:2] & 0xfff) = 0)"
INET="($TYPE = 0x0800 or $TYPE = 0x0806 or $PRIORITY)"
INET6="($TYPE = 0x86dd)"
VLAN="(($TYPE = 0x8100 or $TYPE = 0x88a8) and not $PRIORITY)"
MPLS="($TYPE = 0x8847 or $TYPE = 0x8848)"
PPPOE="($TYPE = 0x8863 or $TYPE = 0x8864)"
KNOWN="($INET or $INET6 or $VLAN or $MPLS or $PPPOE)"

in_file() {
	tcpdump -Z root --count -r odd.pcap "$1" 2>/dev/null | cut -d " " -f 1
}

replay() {
	local all

	all=$(($(json .account.input.seen) + $(in_file '')))
	peer tcpreplay -q -p 2000 -i pe0 odd.pcap >"$T/tcpreplay" 2>&1 ||
		fail "$(<"$T/tcpreplay")"
	becomes "packets seen" $all json .account.input.seen
}

# Nothing but the replay is on the wire.
quiet() {
	local ns

	for ns in dut peer; do
		inns $ns bash -c \
			'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6'
	done
	ip -n dut link set dl0 mtu 9000
	ip -n peer link set pe0 mtu 9000
	ip -n dut neigh add $IP1 lladdr $MAC1 dev dl0
	ip -n peer addr flush dev pe0
}

packets_of() { json ".protocols[family=$1].packets"; }

# STA-1 STA-4 PRO-7 LNX-5
test_pcap() {
	local family truncated others strangers

	quiet
	ctl attach dl0 unmatched drop
	replay
	is ipackets "$(json .stats.ipackets)" "$(in_file '')"
	is imcasts "$(json .stats.imcasts)" "$(in_file 'ether multicast')"
	truncated=$(in_file "$TRUNCATED")
	strangers=$(in_file "not $OURS and not $TRUNCATED")
	others=$(in_file "$OURS and not $KNOWN and not $TRUNCATED")
	at_least "truncated frames" "$truncated" 1
	at_least "frames of others" "$others" 1
	at_least "frames for others" "$strangers" 1
	is "drops demux" "$(json .account.input.drops.demux)" "$truncated"
	is "drops promiscuous" "$(json .account.input.drops.promiscuous)" \
		"$strangers"
	is "drops noproto" "$(json .account.input.drops.noproto)" "$others"
	is noproto "$(json .stats.noproto)" "$others"
	for family in inet inet6 vlan mpls pppoe; do
		local -n expr=${family^^}
		at_least "frames of $family" "$(in_file "$expr and $OURS")" 1
		is "packets of $family" "$(packets_of $family)" \
			"$(in_file "$expr and $OURS")"
	done

	ctl set dl0 unmatched pass
	replay
	is passed "$(json .account.input.passed)" $((others + strangers))
	is "drops demux" "$(json .account.input.drops.demux)" $((2 * truncated))
	is freed "$(json .account.input.freed)" \
		$((2 * truncated + others + strangers))
}

# FLT-5: filters see the same frames in the same way.
test_pcap_filters() {
	local expr i exprs=("$TRUNCATED" 'ether multicast' 'greater 9000'
		'icmp' 'icmp6' 'arp')

	quiet
	ctl attach dl0
	for i in "${!exprs[@]}"; do
		ctl filter add dl0 "f$i" in match "${exprs[i]}" count
	done
	replay
	for i in "${!exprs[@]}"; do
		expr=${exprs[i]}
		at_least "frames for $expr" "$(in_file "$expr")" 1
		is "frames that match $expr" "$(filter "f$i" matched)" \
			"$(in_file "$expr")"
	done
}

COUNTERS='^(ibytes|imcasts|ipackets|iqdrops|noproto|obytes|opackets)$'

# files_agree: prints yes if each file of sysfs has the value of netlink.
files_agree() {
	local classes='^(background|video|voice)_([a-z]+)$'
	local file got path all value n=0

	all=$(ctl -j -s show dl0)
	while read -r file got; do
		path=.$file
		if [[ $file =~ $COUNTERS ]]; then
			path=.stats.$file
			n=$((n + 1))
		elif [[ $file =~ $classes ]]; then
			path=.classes.${BASH_REMATCH[1]}.${BASH_REMATCH[2]}
		fi
		value=$(jget "[0]$path" <<<"$all")
		# Netlink has no classes while they are not counted.
		[ "$path" = ".$file" ] || [ "${value:-null}" != null ] || value=0
		[ "$got" = "$value" ] || { echo "$file is $got"; return; }
	done < <(dut bash -c 'cd /sys/class/net/dl0/dlil
		for file in *; do read -r got <$file; echo "$file $got"; done')
	[ $n -ne 7 ] || echo yes
}

# STA-1: the files of sysfs have the values of netlink, and no two values are
# the same.
test_sysfs_counters() {
	quiet
	ctl attach dl0 unmatched drop
	replay
	no_pings dut $IP1
	# The thread sleeps in the first packets, and the queue fills up.
	ctl set dl0 queue packets 10
	sleeper input
	peer tcpreplay -q -p 2000 -i pe0 odd.pcap >"$T/tcpreplay" 2>&1
	asleep 1 || fail "nothing arrived"
	wake_sleeper
	becomes "packets queued" 0 json .queue.packets
	becomes "the files of sysfs" yes files_agree
	is "different counters" "$(dut bash -c 'cd /sys/class/net/dl0/dlil &&
		cat {i,o}{bytes,packets} imcasts iqdrops noproto' | grep -vx 0 |
		sort -u | wc -l)" 7
}

# cut_off FAMILY TYPE...: while that protocol is detached, the host gets none of
# its frames, whatever their type, but still those of others; afterwards it gets
# all again.
cut_off() {
	local family=$1 expr type dropped passed others had
	shift

	for type; do
		at_least "frames of type $type" \
			"$(in_file "$TYPE = $type and $OURS")" 1
	done
	local -n expr=${family^^}
	others=$(in_file "not $TRUNCATED and not ($KNOWN and $OURS)")
	dropped=$(json .account.input.drops.noproto)
	passed=$(json .account.input.passed)
	ctl proto unplumb dl0 $family
	replay
	is "drops without $family" "$(json .account.input.drops.noproto)" \
		$((dropped + $(in_file "$expr and $OURS")))
	is "passed without $family" "$(json .account.input.passed)" \
		$((passed + others))
	ctl proto plumb dl0 $family
	had=$(json .account.input.delivered)
	replay
	is "drops with $family again" "$(json .account.input.drops.noproto)" \
		$((dropped + $(in_file "$expr and $OURS")))
	is "packets of $family" "$(packets_of $family)" \
		"$(in_file "$expr and $OURS")"
	is "delivered with $family again" "$(json .account.input.delivered)" \
		$((had + $(in_file "$KNOWN and $OURS")))
}

# LNX-4 LNX-5: each protocol of the host, with all its types of frames.
test_pcap_cut_off() {
	quiet
	ctl attach dl0 unmatched pass
	cut_off inet 0x0800 0x0806
	cut_off inet6 0x86dd
	cut_off vlan 0x8100 0x88a8
	cut_off mpls 0x8847 0x8848
	cut_off pppoe 0x8863 0x8864
}
