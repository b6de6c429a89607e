# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2086 # addresses and numbers are words
#
# Out of memory.  Each slab allocation that the kernel makes for a request fails
# once, one after the other.  The request must then fail with a matching errno
# without changing anything, or succeed because the allocation was dispensable;
# and it must succeed when it is repeated.
#
# These allocations fail: all of the task that makes the request, from its system call
# on, netlink's own included; those of kthreadd, which makes the input thread; those
# of the workers that bring detached filters and ifnets to their end.  Then at
# random: those of the input thread, and atomic ones anywhere.  Not covered are
# whole pages, as for vmalloc(), and per-CPU memory, most of which is there before.
# How it is done is in guest/tools/faulty.c.

SAMPLE=/sys/module/dlil_sample/parameters/dev
IFNETS=/sys/class/net/dlil_ifnets
FAILSLAB=/sys/kernel/debug/failslab
FAULTS=/tmp/faults

# allow_faults: for all allocations, not only atomic ones, and without log
# messages. reports.sh is told, up to end_faults.
allow_faults() {
	echo "dlil-test: memory runs short" >/dev/kmsg
	echo N >$FAILSLAB/ignore-gfp-wait
	echo 0 >$FAILSLAB/verbose
}

# walk WHERE COMMAND [UNDO...]: as faulty does.  Hundreds of detaches wait for
# readers meanwhile.
walk() {
	in_haste 1
	dut faulty "$@" >>$FAULTS
	in_haste 0
}

ATTACH='dlilctl attach dl0'
DETACH='dlilctl detach dl0'
ADD='dlilctl filter add dl0 a match icmp count'
DEL='dlilctl filter del dl0 a'
PLUMB='dlilctl proto plumb dl0 inet'
UNPLUMB='dlilctl proto unplumb dl0 inet'

# IFN-3 LNX-1 INP-2
test_fault_attach() {
	allow_faults
	walk netlink "$ATTACH" "$DETACH"
	is answers "$(pings peer 5 $IP0)" 5
}

# IFN-3 LNX-1
test_fault_attach_sysfs() {
	allow_faults
	walk sysfs "write $IFNETS +dl0" "write $IFNETS -dl0"
}

# IFN-3 INP-2
test_fault_attach_thread() {
	allow_faults
	walk kthreadd "$ATTACH" "$DETACH"
	is answers "$(pings peer 5 $IP0)" 5
}

# IFN-4 IFN-5
test_fault_detach() {
	allow_faults
	dut $ATTACH
	dut $ADD
	walk netlink "$DETACH" "$ATTACH" "$ADD"
	walk kworkers "$DETACH" "$ATTACH" "$ADD"
}

# FLT-1
test_fault_filter_add() {
	allow_faults
	dut $ATTACH
	ctl filter add dl0 first match udp count
	walk netlink "$ADD" "$DEL"
}

# FLT-13
test_fault_filter_step() {
	allow_faults
	dut $ATTACH
	ctl filter add dl0 first match udp count
	printf '%s\n' 'filter add dl0 a match icmp count' 'filter move dl0 first last' \
		'filter replace dl0 first match udp count' >"$T/step"
	walk netlink "dlilctl -batch $T/step" "$DEL"
}

# FLT-2
test_fault_filter_del() {
	allow_faults
	dut $ATTACH
	ctl filter add dl0 last match udp count
	dut $ADD
	walk netlink "$DEL" "$ADD"
	walk kworkers "$DEL" "$ADD"
	is answers "$(pings peer 5 $IP0)" 5
	at_least "packets that the filter left saw" "$(filter last packets)" 10
}

# PRO-1 LNX-4
test_fault_plumb() {
	allow_faults
	dut $ATTACH
	dut $UNPLUMB
	walk netlink "$PLUMB" "$UNPLUMB"
	dut $PLUMB
	is answers "$(pings peer 5 $IP0)" 5
}

# PRO-3
test_fault_unplumb() {
	allow_faults
	dut $ATTACH
	# They are shown in the order of their attach: from now on this one is
	# last.
	dut $UNPLUMB
	dut $PLUMB
	walk netlink "$UNPLUMB" "$PLUMB"
	walk kworkers "$UNPLUMB" "$PLUMB"
	is answers "$(pings peer 5 $IP0)" 5
}

test_fault_set() {
	allow_faults
	dut $ATTACH
	walk netlink 'dlilctl set dl0 unmatched drop' \
		'dlilctl set dl0 unmatched pass'
	walk netlink 'dlilctl set dl0 arpll on' 'dlilctl set dl0 arpll off'
}

# For one ifnet, and for all, in several parts.
test_fault_show() {
	local i

	allow_faults
	dut $ATTACH
	for i in {1..40}; do
		ctl filter add dl0 "f$i" match icmp count
	done
	# The output must stay the same.
	ip -n dut link set dl0 down
	walk netlink 'dlilctl -j filter show dl0'
	walk netlink 'dlilctl -j filter show'
}

# FLT-1 PRO-1: by a module, through include/net/dlil.h.
test_fault_consumer() {
	allow_faults
	dut $ATTACH
	modprobe dlil_sample
	walk sysfs "write $SAMPLE dl0" "write $SAMPLE ''"
	rmmod dlil_sample
}

# IFN-12 MUL-1 ARP-1 RTC-1 RTC-3 PRO-5: requests that only modules can make.
test_fault_asker() {
	local asker=/sys/module/dlil_asker/parameters group=01:00:5e:01:02:03

	allow_faults
	dut $ATTACH
	modprobe dlil_asker
	walk sysfs "write $asker/join 'dl0 $group'" "write $asker/leave $group"
	walk sysfs "write $asker/resolve 'dl0 224.0.0.5'"
	walk sysfs "write $asker/arp 'dl0 $IP1'"
	# Each is looked up anew behind one of another address.
	walk sysfs "write $asker/route 'dl0 $IP1'" "write $asker/route 'dl0 10.7.0.9'"
	walk sysfs "write $asker/route 'dl0 $IP61'" \
		"write $asker/route 'dl0 fd00:7::9'"
	dut dlilctl proto unplumb dl0 mpls
	walk sysfs "write $asker/plumb 'dl0 258'" "write $asker/unplumb 'dl0 258'"
	dut bash -c "echo 'dl0 258' >$asker/plumb"
	walk sysfs "write $asker/unplumb 'dl0 258'" "write $asker/plumb 'dl0 258'"
	rmmod dlil_asker
	is answers "$(pings peer 5 $IP0)" 5
}

# OUT-2 OUT-3 OUT-6 OUT-8 PRO-8 IFN-15: packets and settings of modules only.
test_fault_mailer() {
	local mailer=/sys/module/dlil_mailer/parameters

	allow_faults
	dut $ATTACH
	is answers "$(pings peer 1 $IP0)" 1
	modprobe dlil_mailer
	walk sysfs "write $mailer/send 'dl0 $IP0 $IP1 count=5'"
	walk sysfs "write $mailer/send 'dl0 $IP60 ff02::5 count=5'"
	dut bash -c "echo 'dl0 +linear' >$mailer/attrs"
	walk sysfs "write $mailer/send 'dl0 $IP0 $IP1 count=3 scattered len=1400'"
	walk sysfs "write $mailer/attrs 'dl0 -linear -tso4'" \
		"write $mailer/attrs 'dl0 +linear +tso4'"
	walk sysfs "write $mailer/inject 20"
	walk sysfs "write $mailer/policy 1" "write $mailer/policy 0"
	walk sysfs "write $mailer/lists dl0" "write $mailer/lists ''"
	dut bash -c "echo dl0 >$mailer/lists"
	walk sysfs "write $mailer/send 'list0 $IP0 $IP1 count=5 mac=$MAC1'"
	dut bash -c "echo >$mailer/lists"
	rmmod dlil_mailer
	is answers "$(pings peer 5 $IP0)" 5
	wait_for 10 accounted dut
}

# INI-1
test_fault_load() {
	allow_faults
	rmmod dlil
	modprobe dlil_planted
	# Otherwise the kernel loads it when dlilctl asks for the netlink
	# family.
	echo /bin/false >/proc/sys/kernel/modprobe
	walk module 'modprobe dlil' 'rmmod dlil'
	echo /sbin/modprobe >/proc/sys/kernel/modprobe
	rmmod dlil_planted
}

has_failed() { [ "$(<"/proc/$1/fail-nth")" = 0 ]; }

# STA-3 STA-4: in the input thread, where protocols and filters run: those of
# the host, and of the sample, which allocate with GFP_KERNEL.
test_fault_input_thread() {
	local thread n

	allow_faults
	dut $ATTACH
	dut $ADD
	dut modprobe dlil_sample dev=dl0
	flood peer $IP0
	thread=$(json .thread)
	for ((n = 1; n <= ROUNDS; n++)); do
		echo $n >"/proc/$thread/fail-nth"
		peer echo-client pe0 $MAC0 5 >/dev/null || true
		wait_for 10 has_failed "$thread"
	done
	end_floods
	echo >$SAMPLE
	rmmod dlil_sample
	comes_back peer $IP0
	is answers "$(pings peer 20 $IP0)" 20
	echo "input thread: $ROUNDS allocations failed" >>$FAULTS
}

# STA-3 STA-4: atomic allocations anywhere.
test_fault_atomic() {
	local lost

	dut $ATTACH
	dut $ADD
	echo Y >$FAILSLAB/ignore-gfp-wait
	echo 0 >$FAILSLAB/verbose
	echo -1 >$FAILSLAB/times
	inns dut tcpdump -Z root -n -i dl0 -w /dev/null 2>"$T/tcpdump" &
	wait_for 10 grep -q 'listening on' "$T/tcpdump"
	echo 10 >$FAILSLAB/probability
	pings peer $((60 * ROUNDS)) $IP0 -s 3000 -w $((4 * ROUNDS)) >/dev/null
	lost=$(($(sent) - $(grep -c ' ttl=' "$T/pings" || true)))
	pings dut $((60 * ROUNDS)) $IP61 -s 3000 -w $((4 * ROUNDS)) >/dev/null
	echo 0 >$FAILSLAB/probability
	# Most of them are lost where nobody counts: on their way to a socket.
	lost=$((lost + $(sent) - $(grep -c ' ttl=' "$T/pings" || true)))
	at_least "packets lost for want of memory" $lost 1
	comes_back peer $IP0
	is answers "$(pings peer 20 $IP0)" 20
	echo "atomic: $lost packets lost" >>$FAULTS
}
