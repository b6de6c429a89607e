# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Shared by the measurements in the VM: orders to the module dlil_bench, and its
# device.  Sourced, never run.

D=/sys/kernel/debug/dlil_bench
IFNETS=/sys/class/net/dlil_ifnets

# order NAME=VALUE...
order() {
	local v

	for v; do
		echo "${v#*=}" >"$D/${v%%=*}"
	done
}

thread() { dlilctl -j show bench0 | jget '[0].thread'; }

wrap() {
	echo +bench0 >$IFNETS
	order pid="$(thread)"
}

unwrap() {
	order pid=0
	echo none >"$D/attach"
	echo -bench0 >$IFNETS
}

set_up() {
	modprobe dlil
	modprobe dlil_bench
	sysctl -qw net.ipv6.conf.all.disable_ipv6=1 \
		net.ipv6.conf.default.disable_ipv6=1 \
		net.ipv4.conf.all.rp_filter=0
	ip link set bench0 up
	ip addr add 10.9.0.1/24 dev bench0
	ip neigh add 10.9.0.2 lladdr 02:00:00:00:09:02 dev bench0
}
