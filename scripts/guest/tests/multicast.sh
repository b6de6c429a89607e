# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2086,SC2154 # constants of lib.sh
#
# Groups that modules join and resolve (kunit/dlil_asker.c), on real devices.

ASKER=/sys/module/dlil_asker/parameters

# ask WHAT WORD...: call the function behind that parameter, and print its answer.
ask() { dut bash -c "echo '${*:2}' >$ASKER/$1" 2>"$T/error"; }

# ask_refused TEXT WHAT WORD...: the function says that error.
ask_refused() {
	local text=$1
	shift

	! ask "$@" || fail "$* was done"
	grep -q "$text" "$T/error" || fail "$* said: $(<"$T/error")"
}

# in_group ADDRESS: has dl0 joined this link-layer group?
in_group() { ip -n dut maddr show dev dl0 | grep -q "link *$1"; }

# joined ADDRESS..., left ADDRESS...: dl0 is in all of these groups, or in none.
joined() {
	local addr

	for addr; do
		in_group "$addr" || fail "it is not in $addr: $(ip -n dut maddr show dev dl0)"
	done
}

left() {
	local addr

	for addr; do
		! in_group "$addr" || fail "it is in $addr"
	done
}

# IFN-12 LNX-10: memberships of modules survive detach and attach, as the device's own
# list of groups shows; what is left in between does not come back.
test_members_survive() {
	local first=01:00:5e:01:02:03 second=33:33:00:00:12:34

	modprobe dlil_asker
	ctl attach dl0
	ask_refused "Invalid argument" join dl0 02:00:00:00:00:01
	ask join dl0 $first
	ask join dl0 $first
	ask join dl0 $second
	joined $first $second
	ctl detach dl0
	left $first $second

	ask leave $second
	ctl attach dl0
	wait_for 5 log_says '1 memberships are suspended until the first packet'
	is answers "$(pings peer 1 $IP0)" 1
	wait_for 5 in_group $first
	wait_for 5 log_says 'memberships are restored'
	left $second

	ctl detach dl0
	left $first
	ctl attach dl0
	is answers "$(pings peer 1 $IP0)" 1
	wait_for 5 in_group $first
	ask leave $first
	joined $first
	ask leave $first
	left $first
	ask_refused "Cannot assign requested address" leave $first
	rmmod dlil_asker
}

# resolves ADDRESS LINK: that group of dl0 has this link address.
resolves() {
	ask resolve dl0 "$1"
	is "the link address of $1" "$(<$ASKER/resolve)" "$2"
}

# MUL-1 MUL-2: inet and inet6 resolve their groups on Ethernet, whose family has the
# last word; without them nobody does.
test_resolve_multi() {
	modprobe dlil_asker
	ctl attach dl0
	resolves 224.1.2.3 01:00:5e:01:02:03
	resolves 239.255.129.7 01:00:5e:7f:81:07
	resolves ff02::1:ff00:7 33:33:ff:00:00:07
	resolves 01:80:c2:00:00:0e 01:80:c2:00:00:0e
	ask_refused "Cannot assign requested address" resolve dl0 10.7.0.1
	ask_refused "Cannot assign requested address" resolve dl0 fd00:7::1
	ask_refused "Cannot assign requested address" resolve dl0 $MAC1
	ctl proto unplumb dl0 inet
	ask_refused "not supported by protocol" resolve dl0 224.1.2.3
	resolves ff02::2 33:33:00:00:00:02
	ctl proto unplumb dl0 inet6
	ask_refused "not supported by protocol" resolve dl0 ff02::2
	resolves 33:33:00:00:00:02 33:33:00:00:00:02
	ctl proto plumb dl0 inet
	resolves 224.0.0.5 01:00:5e:00:00:05
	# A tunnel has no link-layer groups.
	tun_pair
	ctl attach tun0
	ask_refused "Operation not supported" resolve tun0 224.0.0.5
	ask_refused "Operation not supported" resolve tun0 33:33:00:00:00:02
	rmmod dlil_asker
}
