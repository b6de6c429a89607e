# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Runs the cases of `make bench` in the VM, one JSON object a line.

set -eu

D=/sys/kernel/debug/dlil_bench

set_up() {
	modprobe dlil
	modprobe dlil_bench
	sysctl -qw net.ipv6.conf.all.disable_ipv6=1 \
		net.ipv4.conf.all.rp_filter=0 2>/dev/null || true
	ip link set bench0 up
	ip addr add 10.9.0.1/24 dev bench0
	ip neigh add 10.9.0.2 lladdr 02:00:00:00:09:02 dev bench0 nud permanent
}

# set NAME=VALUE...
order() {
	local v
	for v; do
		echo "${v#*=}" >"$D/${v%%=*}"
	done
}

# run CASE [HOW]
run() {
	echo "${2:-feed}" >"$D/run"
	echo "{\"case\":\"$1\",$(cat "$D/run")}"
}

wrap() {
	echo "+${1:-bench0}" >/sys/class/net/dlil_ifnets
	order pid="$(dlilctl -j show bench0 | jq '.[0].thread')"
}

unwrap() {
	echo "-${1:-bench0}" >/sys/class/net/dlil_ifnets
	order pid=0
}

set_up
for b in 1 8 64; do
	order burst=$b
	run baseline
done
wrap
for b in 1 8 64; do
	order burst=$b
	run dlil_0
done
unwrap
cat /sys/devices/system/clocksource/clocksource0/current_clocksource /proc/uptime
