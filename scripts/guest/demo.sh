# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2086 # constants of lib.sh
#
# The demo, in the guest: each step announces a claim, shows it and checks it.
# The first claim that fails ends the demo with a failure.

set -euo pipefail
cd /dlil
# shellcheck source=scripts/guest/lib.sh
. ./lib.sh
T=/tmp/demo
mkdir $T

BOLD='' DIM='' GREEN='' RED='' OFF=''
if [ -z "${NO_COLOR:-}" ]; then
	BOLD=$'\e[1m' DIM=$'\e[2m' GREEN=$'\e[32m' RED=$'\e[31m' OFF=$'\e[0m'
fi

STEP=0
step() {
	STEP=$((STEP + 1))
	printf '\n%s%d. %s%s\n' "$BOLD" $STEP "$*" "$OFF"
}

# Show a command as a user would type it, and run it.
run() {
	printf '%s$ %s%s\n' "$DIM" "$*" "$OFF"
	"$@"
}

# Replaces that of lib.sh.
fail() {
	printf '%sFAILED: %s%s\n' "$RED" "$*" "$OFF"
	exit 1
}

ok() { printf '%s  ok: %s%s\n' "$GREEN" "$*" "$OFF"; }

# shown CLAIM COMMAND...: the claim is true if the command succeeds.
shown() {
	local claim=$1
	shift

	"$@" || fail "not so: $claim"
	ok "$claim"
}

same() { [ "$1" = "$2" ]; }

# Start a transfer in the background; the checksum will be in $T/got.
start_transfer() {
	transfer peer dut $IP0 $T/data >$T/got &
	TRANSFER=$!
	wait_for 10 bytes_more_than "${1:-0}"
}

goes_on() { kill -0 $TRANSFER 2>/dev/null; }

bytes_more_than() { [ "$(json .stats.ibytes)" -gt "$1" ]; }

end_transfer() {
	wait $TRANSFER
	shown "$SIZE MB arrived, and their SHA-256 is the same" \
		same "$(cat $T/got)" "$SUM"
}

# Print a line from time to time, as long as the transfer runs.
live_table() {
	local in out bytes now before=0 last=0

	printf '  %10s %10s %12s %10s\n' "packets in" out "bytes in" "Mbit/s"
	while goes_on; do
		read -r in out bytes < <(json \
			'.stats | "\(.ipackets) \(.opackets) \(.ibytes)"')
		now=${EPOCHREALTIME/./}
		printf '  %10d %10d %12d' "$in" "$out" "$bytes"
		[ "$before" -eq 0 ] ||
			printf ' %10d' $(((bytes - before) * 8 / (now - last)))
		printf '\n'
		before=$bytes last=$now
		sleep 0.3
	done
}

printf '%sDLIL on Linux %s: a network device with filters and protocols, run in a kernel thread.%s\n' \
	"$BOLD" "$(uname -r)" "$OFF"

step "Two hosts, joined by a wire of 32 Mbit/s: dl0 of the one, pe0 of the other."
two_namespaces
tc -n peer qdisc add dev pe0 root tbf rate 32mbit burst 64k latency 50ms
wait_for 10 peer grep -q up /sys/class/net/pe0/operstate
run ip -n dut -br address show dev dl0
run ip -n peer -br address show dev pe0
shown "they reach each other, with nothing of ours in between" \
	same "$(pings peer 5 $IP0)" 5

step "Wrap dl0 while a ping runs."
run modprobe dlil
ping_along peer $IP0
run dlilctl -n dut attach dl0
along_more 30
end_along
ok "not one answer was lost"
run dlilctl -n dut show
shown "it has an input thread of its own" \
	same "$(cat "/proc/$(json .thread)/comm")" dlil/dl0

step "The host works as before: IPv4, IPv6, TCP."
shown "20 of 20 pings are answered by IPv4" same "$(pings peer 20 $IP0)" 20
shown "20 of 20 pings are answered by IPv6" same "$(pings peer 20 $IP60)" 20
SIZE=20
head -c ${SIZE}000000 /dev/urandom >$T/data
SUM=$(sha256sum $T/data | cut -d ' ' -f 1)
start_transfer
end_transfer

step "A filter that drops pings, in the words of tcpdump."
run dlilctl -n dut filter add dl0 no-ping in match icmp drop
run dlilctl -n dut -s show dl0
printf '  Now a transfer, and pings meanwhile:\n'
start_transfer "$(json .stats.ibytes)"
run peer ping -n -c 3 -i 0.2 -w 1 $IP0 >$T/ping || true
shown "the transfer goes on" goes_on
cat $T/ping
shown "and no ping is answered" grep -q ' 0 received, 100% packet loss' $T/ping
end_transfer
run dlilctl -n dut -s show dl0
shown "the filter has counted the pings" \
	test "$(filter no-ping matched)" -ge 3
shown "and DLIL as many packets dropped by a filter" \
	same "$(json .drops.filter)" "$(filter no-ping matched)"

step "Without the filter pings are answered again."
run dlilctl -n dut filter del dl0 no-ping
shown "20 of 20 pings are answered" same "$(pings peer 20 $IP0)" 20

step "Live: counters during a transfer."
start_transfer "$(json .stats.ibytes)"
live_table
end_transfer

step "Unwrap it: the device is as before."
run dlilctl -n dut stats dl0
shown "every packet is accounted for" accounted dut
run dlilctl -n dut detach dl0
run rmmod dlil
shown "no trace is left" test ! -e /sys/module/dlil
shown "and the hosts still reach each other" same "$(pings peer 5 $IP0)" 5

printf '\n%s%sEvery step gave the result that was announced.%s\n' "$BOLD" "$GREEN" "$OFF"
