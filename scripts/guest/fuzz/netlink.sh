#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# netlink.sh [COUNT [SEED]]: fuzz the netlink interface with COUNT messages,
# without and with the privilege to change something, and report KTAP.  A small
# COUNT is raised, so that there are enough messages of each kind.

# shellcheck source=scripts/guest/fuzz/common.sh
. /dlil/fuzz/common.sh

COUNT=${1:-200000} SEED=${2:-1}
DEVICES=(dl0 fz0 fz1 fz2 fz3)
LEAST=4000
UNPRIVILEGED=$((COUNT / 5 > LEAST ? COUNT / 5 : LEAST))
NAMESPACED=$((COUNT / 10 > LEAST ? COUNT / 10 : LEAST))
PRIVILEGED=$((COUNT * 7 / 10 > LEAST ? COUNT * 7 / 10 : LEAST))

set_up() {
	local i

	pin_static_branches
	modprobe dlil
	modprobe dummy numdummies=0
	two_namespaces
	for i in 0 1 2 3; do
		ip -n dut link add "fz$i" type dummy
		ip -n dut addr add "10.8.$i.1/24" dev "fz$i"
		ip -n dut link set "fz$i" up
	done
}

# Some devices are attached, with filters and protocols that could be changed.
attach_some() {
	ctl attach dl0
	ctl attach fz0 unmatched drop
	ctl attach fz1
	ctl filter add dl0 f0 match icmp count
	ctl filter add dl0 f1 in match 'tcp port 1' drop
	ctl filter add fz0 f2 out match 'not ip6' pass
	ctl proto unplumb fz1 inet6
}

storm() { nlstorm -s "$SEED" "$@"; }

# nothing_changes COMMAND...: the command must not change anything in dlil.
nothing_changes() {
	local before

	before=$(setup_of dut)
	"$@"
	is "what is attached afterwards" "$(setup_of dut)" "$before"
}

unprivileged() {
	nothing_changes as_nobody nlstorm -s "$SEED" -n $UNPRIVILEGED -u \
		"${DEVICES[@]}"
}

# Root in a user namespace, with a network namespace and a device of its own.
namespaced() {
	# shellcheck disable=SC2016 # expanded there
	nothing_changes unshare -U -r -n bash -ec '
		ip link add v0 type veth peer name v1
		nlstorm "$@" v0 v1
		[ "$(dlilctl -j show)" = "[]" ]' \
		-- -s "$SEED" -n $NAMESPACED -u
}

# With traffic on all attached devices.
privileged() {
	local i

	flood peer "$IP0"
	for i in 0 1 2 3; do
		inns dut ping -q -n -i 0.05 -b "10.8.$i.255" \
			>/dev/null 2>&1 &
		FLOODS+=($!)
	done
	dut nlstorm -s "$SEED" -n $PRIVILEGED \
		"${DEVICES[@]}"
	end_floods
}

still_answers() {
	local dev attached

	wait_for 10 accounted dut
	ctl -j -s show | jq -r '.[] | "# \(.ifname) \(.state): \(.filters |
		length) filters, \(.protocols | length) protocols, in \(
		.account.input.seen), out \(.account.output.seen)"'
	attached=$(attached_in dut)
	for dev in "${DEVICES[@]}"; do
		ip -n dut link set "$dev" up mtu 1500 promisc off allmulticast off
		grep -qx "$dev" <<<"$attached" || ctl attach "$dev"
	done
	detach_all dut
}

echo "# $((UNPRIVILEGED + NAMESPACED + PRIVILEGED)) messages, seed $SEED"
plan 7
check set_up set_up
check attach attach_some
check unprivileged unprivileged
check namespaced namespaced
check privileged privileged
check answers still_answers
check unloads eval 'works && unloads dlil'
done_checking
