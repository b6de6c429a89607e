# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # constants of lib.sh
#
# A thousand wrapped devices: the cost of one, and that the last one costs no
# more than the first.

IFNETS=/sys/class/net/dlil_ifnets

# Number of pairs of devices, and of those that are checked one by one.  A
# kernel with checkers needs minutes for a thousand devices.
PAIRS=500 FEW=5
[ ! -e /sys/kernel/debug/failslab ] || PAIRS=50 FEW=1
TENTH=$((PAIRS / 10))

# In namespace dut, a1 and b1 to a500 and b500, down, in a group of their own so
# that one command can change all of them.
make_pairs() {
	local i

	for ((i = 1; i <= PAIRS; i++)); do
		echo "link add a$i group 7 type veth peer name b$i group 7"
	done | ip -n dut -batch -
}

# change +|- FIRST LAST: attach or detach both ends of these pairs.
change() {
	# shellcheck disable=SC2016 # the inner shell's
	dut bash -c 'for ((i = $2; i <= $3; i++)); do
			echo "$1a$i" >"$4" && echo "$1b$i" >"$4" || exit
		done' change "$@" $IFNETS
}

# Number of devices that have no packets in one direction.
silent() {
	# shellcheck disable=SC2016 # the inner shell's
	dut bash -c 'for d in /sys/class/net/[ab][0-9]*/dlil; do
			read -r in <"$d/ipackets" && read -r out <"$d/opackets"
			((in && out)) || ((n++))
		done
		echo $((n))'
}

all_heard() { [ "$(silent)" -eq 0 ]; }

show_all() { ctl show >"$T/shown"; }

# timed COMMAND...: $TOOK is its duration in microseconds.
timed() {
	local start=${EPOCHREALTIME/./}

	"$@"
	TOOK=$((${EPOCHREALTIME/./} - start))
}

# A busy machine is only slower, never faster.  To avoid false alarms, use the
# slowest run for a hundred devices, and the fastest one for a thousand.
slowest() { [ "$TOOK" -le "${!1}" ] || printf -v "$1" %s "$TOOK"; }
fastest() { [ "$TOOK" -ge "${!1}" ] || printf -v "$1" %s "$TOOK"; }

free_kb() {
	local key value sum=0

	echo 3 >/proc/sys/vm/drop_caches
	while read -r key value _; do
		case $key in
		MemFree: | SReclaimable:) sum=$((sum + value)) ;;
		esac
	done </proc/meminfo
	echo $sum
}

# grows WHAT HUNDRED THOUSAND: ten times as many devices may take up to twenty
# times as long; quadratic growth would be a hundred times.
grows() {
	local hundred=$2 thousand=$3

	echo "# $1: $((2 * TENTH)) in $((hundred / 1000)) ms," \
		"$((2 * PAIRS)) in $((thousand / 1000)) ms"
	# A time close to 0 cannot be compared.
	[ "$hundred" -ge 5000 ] || hundred=5000
	[ "$thousand" -lt $((20 * hundred)) ] || fail "$1 takes too long"
}

# IFN-5 IFN-10 INI-4: attach, list, traffic on all, detach, and detach of all at
# once, each for a hundred and for a thousand devices.
test_thousand_devices() {
	local attach=0 show=0 detach=0 all=0 _ i before never=999999999
	local attach10=$never show10=$never detach10=$never

	make_pairs
	for _ in 1 2; do
		timed change + 1 $TENTH
		slowest attach
		for _ in 1 2 3; do
			timed show_all
			slowest show
		done
		is "number shown" "$(grep -c ' state ' "$T/shown")" $((2 * TENTH))
		timed change - 1 $FEW
		slowest detach
		change + 1 $FEW
		timed rmmod dlil
		slowest all
		modprobe dlil
	done

	change + 1 $TENTH
	before=$(free_kb)
	for ((i = TENTH + 1; i < PAIRS; i += TENTH)); do
		timed change + $i $((i + TENTH - 1))
		[ $i -lt $((6 * TENTH)) ] || fastest attach10
	done
	echo "# memory of an idle ifnet:" \
		"$(((before - $(free_kb)) / (18 * TENTH))) kB"
	grows attach "$attach" $((attach10 * 10))
	for _ in 1 2 3; do
		timed show_all
		fastest show10
	done
	is "number shown" "$(grep -c ' state ' "$T/shown")" $((2 * PAIRS))
	grows show "$show" "$show10"

	# IPv6 announces itself.
	ip -n dut link set group 7 up
	wait_for 60 all_heard
	for i in 0 1 2; do
		timed change - $((i * FEW + 1)) $(((i + 1) * FEW))
		fastest detach10
	done
	grows "detach one by one" $((detach * TENTH / FEW)) \
		$((detach10 * PAIRS / FEW))
	timed rmmod dlil
	grows "detach of all at once" "$all" "$TOOK"
	# They share their grace periods.
	[ "$TOOK" -lt $((detach10 * PAIRS / FEW / 4)) ] ||
		fail "at once they take as long as one by one"
	ip -n dut link del group 7
}

# time_worked COMMAND...: $TOOK is its duration and $WORK its time on processors, in
# milliseconds.
time_worked() {
	local TIMEFORMAT='%3R %3U %3S' real user sys

	read -r real user sys < <({ time "$@" >"$T/said" 2>&1; } 2>&1)
	TOOK=$((10#${real/./}))
	WORK=$((10#${user/./} + 10#${sys/./}))
}

# works_most: attach and detach a hundred devices.  Does the attach work for at least half
# of its time?
works_most() {
	local took work

	time_worked ctl attach 'c*'
	took=$TOOK work=$WORK
	is "what is attached" "$(attached_in dut | wc -w)" 100
	time_worked ctl detach 'c*'
	is "what is attached" "$(attached_in dut)" ""
	echo "# a hundred devices: attach $took ms, work $work ms;" \
		"detach $TOOK ms, work $WORK ms"
	[ -e /sys/kernel/debug/failslab ] || [ "$took" -le $((2 * work)) ]
}

# LNX-1: the attach of a device waits for no grace period of the kernel, as a detach must:
# that waits for three quarters of its time.  A busy machine may slow down one attempt, and
# the times of a kernel with checkers, beside which other machines run, say nothing.
test_attach_all() {
	local i

	for ((i = 1; i <= 100; i++)); do
		echo "link add c$i type veth peer name d$i"
	done | ip -n dut -batch -
	works_most || works_most || works_most || fail "an attach waits"
}
