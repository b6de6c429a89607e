# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2086,SC2154 # constants of lib.sh
#
# LNX-13: a sleeping callback delays packets and teardown of its own ifnet, and
# nothing else: no request, no other ifnet, no removal of a device or namespace,
# no other module.

# soon COMMAND...: the command must end without waiting for sleeping callbacks, which
# would take for ever.
soon() { timeout 20 "$@" || fail "held up: $*"; }

# Another module registers and removes a generic netlink family, which waits for
# every request in flight and delays later ones.
family_comes_and_goes() {
	soon modprobe dlil_family
	soon rmmod dlil_family
}

# others_go_on: requests about other devices are answered.
others_go_on() {
	family_comes_and_goes
	soon dlilctl -n peer show
	soon dlilctl -n peer attach pe0
	soon dlilctl -n peer -w 10 detach pe0
}

# LNX-13 FLT-2 PRO-3: while an input callback sleeps, filters are added and
# deleted, protocols unplumbed and plumbed, and the device is unwrapped, without
# delaying others.
test_sleeper_input() {
	local status=0

	ctl attach dl0
	ctl filter add dl0 other match udp count
	sleeper input
	inns peer ping -n -c 3 -i 0.2 -W 1 $IP0 >"$T/pings" 2>&1 &
	wait_for 10 asleep 1

	# The kernel answers at once; dlilctl waits, and can be interrupted.
	soon dlilctl -n dut -w 0 filter del dl0 other
	is "filters left" "$(json '[.filters[].name] | join(" ")')" sleeper
	soon dlilctl -n dut filter add dl0 other match udp count
	ctl -w 1 filter del dl0 other 2>"$T/err" || status=$?
	is "the exit status of a limited wait" $status 1
	grep -q 'have not returned within 1 s' "$T/err" || fail "$(<"$T/err")"
	dlilctl -n dut proto unplumb dl0 mpls 2>/dev/null &
	becomes "mpls" null json '[.protocols[].family] | index("mpls")'
	kill -0 $! || fail "it did not wait"
	kill $!
	! reap $! || fail "it was not interrupted"
	soon dlilctl -n dut proto plumb dl0 mpls
	others_go_on

	soon dlilctl -n dut -w 0 detach dl0
	is state "$(json .state)" detaching
	refused_with 'being detached already' ctl -w 0 detach dl0
	refused_with 'still being detached' ctl -w 1 attach dl0
	# The device works as before it was wrapped.
	is answers "$(pings peer 5 $IP0)" 5
	others_go_on

	dlilctl -n dut attach dl0 &
	wake_sleeper
	reap $! || fail "attach did not wait for the detach"
	is answers "$(pings peer 5 $IP0)" 5
	is state "$(json .state)" attached
}

# FLT-16 LNX-13: a task that adds a filter whose kind has to be loaded waits for the module;
# others do not, nor does a module that registers a netlink family.
test_kind_takes_long() {
	local pid

	ctl attach dl0
	cat >"$T/modprobe" <<-END
		#!/bin/bash
		export PATH=$PATH
		echo "\${@: -1}" >>$T/asked
		[ "\${@: -1}" = dlil-filter-nosuch ] || exec /sbin/modprobe "\$@"
		for _ in {1..300}; do
			[ ! -e $T/go ] || exit
			sleep 0.1
		done
	END
	chmod +x "$T/modprobe"
	echo "$T/modprobe" >/proc/sys/kernel/modprobe
	dlilctl -n dut filter add dl0 slow match icmp nosuch 2>"$T/said" &
	pid=$!
	wait_for 20 grep -qxs dlil-filter-nosuch "$T/asked"
	others_go_on
	soon dlilctl -n dut filter add dl0 quick match icmp count
	# Requests of one ifnet that have to load a module wait for each other.
	soon dlilctl -n peer attach pe0
	soon dlilctl -n peer filter add pe0 loaded nth 1000
	soon dlilctl -n peer -w 10 detach pe0
	soon dlilctl -n dut filter add dl0 other nth 1000
	is "the filters" "$(json '[.filters[].name] | join(" ")')" "quick other"
	kill -0 $pid || fail "nobody waits for the module any more"
	: >"$T/go"
	! reap $pid || fail "it was added"
	echo /sbin/modprobe >/proc/sys/kernel/modprobe
	grep -q "unknown kind of filter" "$T/said" || fail "it said $(<"$T/said")"
	ctl filter del dl0 other
	rmmod dlil_nth
}

overdue() { [ "$(json '.overdue | length')" -ge 1 ]; }
# logged TEXT: has it been logged since the test began?
logged() { dmesg | sed -n "/dlil-test: sleeper_named/,\$p" | grep "$1" >/dev/null; }

# names_sleeper: does the log name the callback behind the line about the detach?
names_sleeper() {
	dmesg | sed '1,/dlil: dl0 has been detaching/d' |
		grep -q 'input of filter sleeper .*(task dlil/dl0, pid [0-9]*)'
}

# LNX-13 IFN-14: users and the log are told which callback sleeps, and what a
# detach waits for.
test_sleeper_named() {
	ctl attach dl0
	sleeper input
	inns peer ping -n -c 3 -i 0.2 -W 1 $IP0 >"$T/pings" 2>&1 &
	wait_for 10 asleep 1
	wait_for 30 overdue
	is "who sleeps" "$(json '.overdue[0] | .party + " " + .name + " " + .callback')" \
		"filter sleeper input"
	is task "$(json '.overdue[0].pid == .thread')" true
	ctl show dl0 | grep -q 'overdue: .*filter.* sleeper input [0-9]* s (dlil/dl0, pid' ||
		fail "show does not say so: $(ctl show dl0)"
	wait_for 30 logged 'dlil: dl0: input of filter sleeper has not returned for'
	soon ip -n dut link del dl0
	wait_for 60 logged 'dlil: dl0 has been detaching for .* I/O references: 1'
	wait_for 5 names_sleeper
	wake_sleeper
}

# LNX-13 LNX-8: the device is deleted while a callback sleeps.
test_sleeper_device_deleted() {
	ctl attach dl0
	sleeper input
	flood peer $IP0
	wait_for 10 asleep 1
	soon ip -n dut link del dl0
	no_device dut dl0 || fail "it is still there"
	is "what is attached" "$(ctl -j show)" '[]'
	end_floods
	others_go_on_alone

	# A new device of the same name does not wait for callbacks of the old
	# one.
	ip -n dut link add dl0 type dummy
	soon dlilctl -n dut -w 10 attach dl0
	is state "$(json .state)" attached
	asleep 1 || fail "it has been woken"
}

# Same as others_go_on, without a device of peer.
others_go_on_alone() {
	family_comes_and_goes
	soon dlilctl -n peer show
}

# LNX-13 LNX-8: the same after a detach that has not finished.
test_sleeper_detached_deleted() {
	ctl attach dl0
	sleeper input
	flood peer $IP0
	wait_for 10 asleep 1
	soon dlilctl -n dut -w 0 detach dl0
	soon ip -n dut link del dl0
	no_device dut dl0 || fail "it is still there"
	end_floods
	others_go_on_alone
}

# LNX-13 LNX-8: the namespace of the device is deleted while a callback sleeps;
# meanwhile others are created and deleted.
test_sleeper_namespace_deleted() {
	ctl attach dl0
	sleeper input
	flood peer $IP0
	wait_for 10 asleep 1
	soon ip netns del dut
	wait_for 20 no_device peer pe0
	end_floods
	soon modprobe ipip
	soon rmmod ipip
	soon unshare -n true
	others_go_on_alone
	asleep 1 || fail "it has been woken"
}

# said TEXT: number of requests that ended with it.
said() { cat "$T"/request.* | grep -c "$1"; }

# nine_requests: the last one of them is refused, whichever that is.
nine_requests() {
	local i

	for ((i = 1; i <= 9; i++)); do
		dlilctl -n dut set dl0 mtu $((1400 + i)) 2>"$T/request.$i" &
		jobs[i]=$!
	done
	wait_for 10 asleep 1
	wait_for 10 said "8 requests" >/dev/null
}

# LNX-13 IOC-1 LNX-10: a control request is answered when its callbacks have
# returned, in the order of arrival, and delays nobody until then; an ifnet may
# have 8 unanswered ones.
test_sleeper_ioctl() {
	local jobs=() job

	ctl attach dl0
	sleeper ioctl
	nine_requests
	others_go_on
	is "the MTU" "$(dut cat /sys/class/net/dl0/mtu)" 1500
	echo 1 >$SLEEPER/release
	for job in "${jobs[@]}"; do
		wait "$job" || true
	done
	is refused "$(said "8 requests") $(said Error)" "1 1"
	[[ $(dut cat /sys/class/net/dl0/mtu) == 140[1-9] ]] || fail "no MTU was set"

	# When the device is detached, waiting requests fail with a message.
	echo 0 >$SLEEPER/release
	nine_requests
	soon dlilctl -n dut -w 0 detach dl0
	others_go_on
	echo 1 >$SLEEPER/release
	for job in "${jobs[@]}"; do
		wait "$job" || true
	done
	at_least "refused for the detach" "$(said "being detached")" 7
}

# While a callback sleeps, packets pass, another filter ends, and the device is
# unwrapped and deleted.
goes_all_the_same() {
	wait_for 10 asleep 1
	is answers "$(pings peer 5 $IP0)" 5
	soon dlilctl -n dut -w 0 filter del dl0 other
	others_go_on
	soon dlilctl -n dut -w 0 detach dl0
	soon ip -n dut link del dl0
	others_go_on_alone
	asleep 1 || fail "it has been woken"
}

# LNX-13 EVT-2: an event callback sleeps.
test_sleeper_event() {
	ctl attach dl0
	sleeper event
	ctl filter add dl0 other match udp count
	goes_all_the_same
}

# LNX-13 FLT-2: the callback `detached` sleeps.
test_sleeper_detached() {
	ctl attach dl0
	ctl filter add dl0 other match udp count
	sleeper detached
	echo >$SLEEPER/dev
	goes_all_the_same
}

# LNX-13: a detach by sysfs is not delayed, and an attach that waits for it can
# be killed.
test_sleeper_sysfs() {
	local writer

	ctl attach dl0
	sleeper input
	flood peer $IP0
	wait_for 10 asleep 1
	soon inns dut bash -c 'echo -dl0 >/sys/class/net/dlil_ifnets'
	inns dut bash -c 'echo +dl0 >/sys/class/net/dlil_ifnets' 2>/dev/null &
	writer=$!
	others_go_on
	kill -0 $writer || fail "it does not wait for the detach"
	kill $writer
	wait_for 5 eval "! kill -0 $writer 2>/dev/null"
	soon ip netns del dut
	wait_for 20 no_device peer pe0
	end_floods
	soon modprobe ipip
	soon rmmod ipip
}

# LNX-13 LNX-15: packets of loopback have routes and conntrack entries of the namespace,
# which goes all the same while a callback has one of them and others are queued.
test_sleeper_loopback() {
	ip netns add third
	ip -n third link set lo up
	ip -n dut link add third0 type veth peer name third1 netns third
	modprobe -q nft_ct || may_lack conntrack
	! modprobe -q nft_ct || inns third nft -f - <<-END
		table inet t {
			chain c {
				type filter hook input priority 0;
				ct state new accept;
			}
		}
	END
	dlilctl -n third attach lo
	inns third modprobe dlil_sleeper dev=lo where=input
	inns third ping -n -c 1 -W 1 ::1 >/dev/null 2>&1 &
	wait_for 10 asleep 1
	inns third ping -n -c 3 -i 0.2 -W 1 127.0.0.1 >/dev/null 2>&1 &
	wait
	soon ip netns del third
	# From here on the namespace goes, and then it has gone.
	wait_for 20 no_device dut third0
	soon modprobe ipip
	soon rmmod ipip
	soon unshare -n true
	soon dlilctl -n peer show
	asleep 1 || fail "it has been woken"
	wake_sleeper
}

# LNX-13 LNX-2: the conntrack entry of a packet on loopback knows to which address it was
# changed on its way out.  Without that entry the host would take the packet for another
# connection, and drop it.
test_loopback_conntrack() {
	echoes_behind_nat
	is "the answer without DLIL" "$(echo_of first)" first
	ctl attach lo
	ctl filter add lo all in match udp count
	is "the answer" "$(echo_of second)" second
	at_least "packets that a filter met" "$(ctl -j filter show lo |
		jget '[0].filters[name=all].matched')" 2
	is "packets of the connections" "$(inns dut nft -j list table ip t |
		jq '[.. | .counter? | .packets? | numbers] | add')" 4
	kill $ECHO
	ctl detach lo
}

# echoes_behind_nat: packets to 127.0.0.9 come back, see echo_of().
echoes_behind_nat() {
	modprobe -aq nft_ct nft_nat nft_chain_nat || lacks NAT
	inns dut nft -f - <<-END
		table ip t {
			chain out {
				type nat hook output priority -100;
				ip daddr 127.0.0.9 udp dport 7 dnat to 127.0.0.1:7001;
			}
			chain in {
				type filter hook input priority 0;
				ct original ip daddr 127.0.0.9 counter;
			}
		}
	END
	ip -n dut link set lo up
	inns dut socat UDP-LISTEN:7001,fork,bind=127.0.0.1 PIPE &
	ECHO=$!
	wait_for 5 is_listening dut udp 7001
}

# echo_of WORD: print what comes back for it.
echo_of() { dut socat -t "${2:-5}" - UDP:127.0.0.9:7 <<<"$1"; }

# is_overdue: has an input callback of lo not returned for some seconds?
is_overdue() { ctl show lo | grep -q 'overdue: '; }

# LNX-13 LNX-2: a packet that waits for longer keeps its conntrack entry, which is in the
# table all the time.
test_conntrack_kept() {
	echoes_behind_nat
	ctl attach lo
	inns dut modprobe dlil_sleeper dev=lo where=input
	echo_of late 30 >"$T/echo" &
	wait_for 10 asleep 1
	wait_for 20 is_overdue
	wake_sleeper
	wait_for 10 grep -qx late "$T/echo"
	kill $ECHO
	ctl detach lo
}

# LNX-13 LNX-2: a bridge has had a conntrack entry made for the first packet of a
# connection.  If it waits for so long that it loses the entry, the host makes another.
test_conntrack_of_bridge() {
	modprobe -aq br_netfilter nft_ct || lacks br_netfilter
	ip -n dut link add br0 type bridge
	ip -n dut addr flush dev dl0
	ip -n dut link set dl0 master br0
	ip -n dut addr add $IP0/24 dev br0
	ip -n dut link set br0 up
	inns dut sysctl -qw net.bridge.bridge-nf-call-iptables=1
	inns dut nft -f - <<-END
		table ip t {
			chain in {
				type filter hook input priority 0;
				ct state new counter;
				ct state invalid drop;
			}
		}
	END
	wait_for 20 pings_once $IP0
	ctl attach br0
	ctl filter add br0 late in match icmp impair delay 2500ms
	inns peer ping -n -c 1 -W 10 $IP0 >"$T/said" || fail "no answer: $(<"$T/said")"
	is "connections that the host has seen begin" "$(inns dut nft -j list table ip t |
		jq '[.. | .counter? | .packets? | numbers] | add > 1')" true
	ctl detach br0
	ip -n dut link del br0
	inns dut nft delete table ip t
	rmmod br_netfilter
}

pings_once() { inns peer ping -n -c 1 -W 1 "$1" >/dev/null; }

# Unload conntrack and what other tests may have loaded on top of it.
unload_conntrack() {
	local mod

	for mod in nft_chain_nat nft_nat nf_nat nft_ct nf_conntrack; do
		[ ! -d /sys/module/$mod ] || rmmod $mod 2>/dev/null || return
	done
}

# LNX-13: nf_conntrack is unloaded, which waits for all references to its entries, while a
# callback has a packet with an entry, and others are queued.
test_conntrack_unloaded() {
	modprobe -q nft_ct || lacks conntrack
	inns dut nft -f - <<-END
		table ip t {
			chain in {
				type filter hook input priority 0;
				ct state new counter;
			}
		}
	END
	ip -n dut link set lo up
	ctl attach lo
	inns dut modprobe dlil_sleeper dev=lo where=input
	inns dut ping -n -c 1 -W 1 127.0.0.1 >/dev/null 2>&1 &
	wait_for 10 asleep 1
	inns dut ping -n -c 3 -i 0.2 -W 1 127.0.0.1 >/dev/null 2>&1 || true
	inns dut nft delete table ip t
	# A rule ends later, so it may be used at first.  It cannot be interrupted in the end.
	wait_for 30 unload_conntrack &
	wait_for 30 [ ! -d /sys/module/nf_conntrack ]
	asleep 1 || fail "it has been woken"
	wake_sleeper
	wait_for 5 accounted dut
	is answers "$(pings dut 5 127.0.0.1)" 5
}

# thread_of NAMESPACE: name of the input thread of its loopback device.
thread_of() {
	local pid

	pid=$(dlilctl -n "$1" -j show lo | jget '[0].thread')
	cat "/proc/$pid/comm"
}

# LNX-13 INP-2: a callback that sleeps on the main thread delays other devices
# of that thread only briefly: packets, ends of filters and detaches continue,
# even if a callback of a further device sleeps as well.
test_sleeper_shared() {
	local ns

	for ns in third fourth; do
		ip netns add $ns
		ip -n $ns link set lo up
		dlilctl -n $ns attach lo
	done
	is "the thread of both" "$(thread_of third) $(thread_of fourth)" \
		"dlil/main dlil/main"
	ctl attach lo
	inns dut modprobe dlil_sleeper dev=lo where=input
	inns dut ping -n -c 3 -i 0.2 -W 1 127.0.0.1 >"$T/sleeping" 2>&1 &
	wait_for 10 asleep 1

	# With -w it would send until it has its answers.
	is answers "$(inns third ping -n -i 0.01 -c 20 -W 10 127.0.0.1 |
		grep -c 'bytes from')" 20
	is "the thread of the sleeper" "$(thread_of dut)" dlil/lo
	is "the thread of the others" "$(thread_of third)" dlil/main
	soon dlilctl -n third filter add lo f match udp count
	soon dlilctl -n third -w 10 filter del lo f
	soon dlilctl -n third -w 10 detach lo
	soon dlilctl -n third attach lo
	soon ip netns del third
	is "answers of the fourth" "$(inns fourth ping -n -i 0.01 -c 20 -W 10 \
		127.0.0.1 | grep -c 'bytes from')" 20
	others_go_on
	asleep 1 || fail "it has been woken"

	soon dlilctl -n dut -w 0 detach lo
	asleep 1 || fail "it has been woken"
	wake_sleeper
	wait_for 10 gone_from dut lo
	# The ifnet starts on the main thread again.
	ctl attach lo
	is "the thread later" "$(thread_of dut)" dlil/main
	is "answers later" "$(pings dut 5 127.0.0.1)" 5
	soon ip netns del fourth
}

# gone_from NAMESPACE DEVICE: the device is not attached any more.
gone_from() { ! attached_in "$1" | grep -qx "$2"; }
