# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Shared by the tests, the demo and the shell in the VM: a pair of network
# namespaces, traffic between them, and queries to dlilctl.  Sourced, never run.
#
# Namespace dut has the device under test, dl0; peer is at the other end of the
# wire, pe0.

MAC0=02:00:00:00:07:01
MAC1=02:00:00:00:07:02
IP0=10.7.0.1
IP1=10.7.0.2
IP60=fd00:7::1
IP61=fd00:7::2

export PARAMS=/sys/module/dlil/parameters

# In the background use `inns` itself, because $! must be a process to kill.
dut() { inns dut "$@"; }
peer() { inns peer "$@"; }
ctl() { dlilctl -n dut "$@"; }

# Waits 50 ms without starting a process.
exec {NEVER}<> <(:)
pause() { read -rt 0.05 -u "$NEVER" || true; }

fail() { printf 'failed: %s\n' "$*" >&2; exit 1; }

# not_run WHY: the test ends here.  It has not passed.
NOT_RUN=4
not_run() { printf '# not run: %s\n' "$*"; exit $NOT_RUN; }

# may_lack WHAT: a part of the test is left out, since this kernel was built without
# that.  The distribution's kernel has it: there something is wrong.
may_lack() {
	[ ! -e /dlil/stock ] || fail "the distribution's kernel lacks $1"
	printf '# left out: this kernel has no %s\n' "$1"
}

# lacks WHAT: the same for the whole test.
lacks() {
	may_lack "$1" >&2
	not_run "this kernel has no $1"
}

# is WHAT GOT WANTED: fail unless both values are the same.
is() { [ "$2" = "$3" ] || fail "$1 is ${2:-nothing}, not $3"; }

# at_least WHAT GOT WANTED: compares numbers.
at_least() { [ "$2" -ge "$3" ] || fail "$1 is ${2:-nothing}, less than $3"; }

# wait_for SECONDS COMMAND...: wait until the command succeeds.
wait_for() {
	local deadline=$((${EPOCHREALTIME/./} + $1 * 1000000))
	shift

	until "$@"; do
		[ "${EPOCHREALTIME/./}" -lt "$deadline" ] ||
			fail "waited in vain for: $*"
		pause
	done
}

# becomes WHAT WANTED COMMAND...: wait a few seconds for that output.
becomes() {
	local what=$1 wanted=$2 got deadline=$((SECONDS + 10))
	shift 2

	until got=$("$@") && [ "$got" = "$wanted" ]; do
		[ $SECONDS -lt $deadline ] ||
			fail "$what is ${got:-nothing}, not $wanted"
		pause
	done
}

# reap PID: wait until a background process has ended, and return its status.  If it ends
# while bash 5.2 looks for it, bash says "No record of process" and 127; the status is then
# known when it is asked again.
reap() {
	local status=0

	wait "$1" || status=$?
	[ $status -ne 127 ] || { status=0; wait "$1" || status=$?; }
	return $status
}

# is_up NAMESPACE DEV: does the kernel see the link?  Until then, a device drops
# packets to send.
is_up() { inns "$1" grep -qx up "/sys/class/net/$2/operstate"; }

# quiet_wire: neighbours stay known, and nobody speaks IPv6.
quiet_wire() {
	local ns

	for ns in dut peer; do
		inns $ns sysctl -qw net.ipv6.conf.all.disable_ipv6=1
	done
	ip -n dut neigh replace $IP1 lladdr $MAC1 dev dl0 nud permanent
	ip -n peer neigh replace $IP0 lladdr $MAC0 dev pe0 nud permanent
}

# settle NAMESPACE ADDRESS [ARG...]: all that the namespace has sent so far has arrived, has
# met the filters of dl0, and has been answered: a ping that each processor sends behind it
# is answered.
settle() {
	local cpu

	for cpu in $(seq 0 $(($(nproc) - 1))); do
		inns "$1" taskset -c "$cpu" ping -q -n -c 1 -W 10 "${@:2}" >/dev/null ||
			fail "no answer to processor $cpu of $1"
	done
}

# comes_to WHAT WANTED COMMAND...: that output, and it is still the same when all that peer
# has sent has arrived.  Pings of IPv6 are to show that, so COMMAND must not count them.
comes_to() {
	becomes "$@"
	settle peer $IP60
	is "$1, in the end" "$("${@:3}")" "$2"
}

# in_haste 1|0: switch expedited grace periods on or off.  Tests run without;
# setup and cleanup are faster with them.
in_haste() { echo "$1" >/sys/kernel/rcu_expedited; }

# The kernel patches its code when the first egress or ingress hook of the
# machine is registered and the last one removed, and with the first and last
# socket that uses timestamps, such as that of ping.  An emulated processor that
# executes this place may trap at the old code for ever (QEMU before 8.1).  A
# permanent user of each avoids doing this thousands of times.
pin_static_branches() {
	[ ! -e /sys/class/net/pin0 ] || return 0
	modprobe dummy numdummies=0
	ip link add pin0 type dummy
	nft -f - <<-END
		table netdev pin {
			chain in { type filter hook ingress device pin0 priority 0; }
			chain out { type filter hook egress device pin0 priority 0; }
		}
	END
	ping -q -i 100000 127.0.0.1 >/dev/null 2>&1 &
}

# Two namespaces joined by a wire, with addresses.  A link whose peer has the
# same index in the other namespace comes up a second late.
two_namespaces() {
	wire add dut dl0 1001 $MAC0 $IP0/24 $IP60/64 -- \
		peer pe0 2001 $MAC1 $IP1/24 $IP61/64
}

# Stop fault injection, if this kernel has it.
end_faults() {
	[ -e /sys/kernel/debug/failslab ] || return 0
	echo 0 >/sys/kernel/debug/failslab/probability
	echo "dlil-test: there is memory" >/dev/kmsg
}

# no_device NAMESPACE NAME: the device does not exist (any more).
no_device() { ! ip -n "$1" link show "$2" >/dev/null 2>&1; }

# A filter whose callbacks sleep (kunit/dlil_sleeper.c).
SLEEPER=/sys/module/dlil_sleeper/parameters

# sleeper WHERE: attach it to dl0; callbacks of these kinds sleep until
# wake_sleeper.
sleeper() { dut modprobe dlil_sleeper dev=dl0 where="$1"; }

# asleep COUNT: do at least that many callbacks sleep?
asleep() { [ "$(<$SLEEPER/asleep)" -ge "$1" ]; }

# Release the sleeping callbacks, and unload the module.
wake_sleeper() {
	[ -d "${SLEEPER%/*}" ] || return 0
	echo 1 >$SLEEPER/release
	echo >$SLEEPER/dev
	(wait_for 20 rmmod dlil_sleeper) 2>/dev/null
}

# End what kunit/dlil_mailer.c has attached, which may hold a device.
end_mailer() {
	local name

	for name in tap lists; do
		[ ! -e /sys/module/dlil_mailer ] ||
			echo >/sys/module/dlil_mailer/parameters/$name
	done
}

# json PATH: print a value that dlilctl shows for dl0, e.g. .stats.ipackets; or
# use any other filter of jq, which is slower.
json() {
	local path='^[]a-z_0-9=#.[]+$'

	if [[ $1 =~ $path ]]; then
		ctl -j -s show dl0 | jget "[0]$1"
	else
		ctl -j -s show dl0 | jq -r ".[0] | $1"
	fi
}

# filter NAME FIELD: print a field of a filter of dl0.
filter() { ctl -j filter show dl0 | jget "[0].filters[name=$1].$2"; }

# dropped: packets that the device's own counters show as dropped, received and
# sent.
dropped() {
	ip -n dut -s -j link show dl0 |
		jq -r '.[0].stats64 | "\(.rx.dropped) \(.tx.dropped)"'
}

# STA-3: every packet that entered DLIL is accounted for exactly once.  Prints
# the differences.
unaccounted() {
	local all

	all=$(dlilctl -n "$1" -j -s show) || { echo "no answer"; return; }
	[ "$all" = '[]' ] || accounts <<<"$all" || echo "no account"
}

accounted() { [ -z "$(unaccounted "$1")" ]; }

# answers FILE [MAX]: number of answers to ping, if they are for the first
# pings, each once.  They may be out of order, because two processors may
# process them.  Answers beyond MAX are ignored; ping does not wait for an
# answer that was overtaken by others in flight (its "pipe", which is counted
# from the first answer on).
answers() {
	awk -v max="${2:-0}" '
		match($0, /icmp_seq=[0-9]+ ttl=/) {
			seq = substr($0, RSTART + 9, RLENGTH - 14) + 0
			times[seq]++
			n++
			if (seq > last)
				last = seq
		}
		match($0, /, pipe [0-9]+/) {
			pipe = substr($0, RSTART + 7, RLENGTH - 7) + 0
		}
		/^[0-9]+ packets transmitted/ { left = $1 - $4 }
		END {
			if (left && pipe < 2)
				pipe = 2
			if (max && n > max)
				n = max
			for (seq = 1; seq <= n; seq++) {
				if (seq < n && times[seq] > 1)
					wrong = 1
				if (!times[seq] && !(max && seq > last - pipe))
					wrong = 1
			}
			if (!wrong) {
				print n + 0
				exit
			}
			printf "lost or doubled:"
			for (seq = 0; seq <= last && n > 0; seq++)
				for (; times[seq] && n > 0; n--) {
					printf " %d", seq
					times[seq]--
				}
			print ""
		}' "$1"
}

# pings FROM COUNT ADDRESS [ARG...]: number of answers, see answers().  Pings
# until there are as many as wanted, or for 10 s; sends more than that if an
# answer takes long.
pings() {
	local from=$1 count=$2 addr=$3
	shift 3

	"$from" ping -n -i 0.01 -w 10 -c "$count" "$@" "$addr" >"$T/pings" ||
		true
	answers "$T/pings" "$count"
}

# Number of pings sent by the last call.
sent() { sed -nE 's/^([0-9]+) packets transmitted.*/\1/p' "$T/pings"; }

# no_pings FROM ADDRESS: no ping is answered, within a short time.
no_pings() {
	"$1" ping -n -i 0.02 -c 10 -W 0.4 "$2" >"$T/pings" || true
	is "pings sent from $1 to $2" "$(sent)" 10
	is "answers to $1 from $2" "$(answers "$T/pings")" 0
}

# comes_back FROM ADDRESS: wait for an answer after the neighbour was
# unreachable, because the kernel retries only now and then.
comes_back() { becomes "answers from $2" 1 pings "$1" 1 "$2" -w 1; }

# ping_along FROM ADDRESS: ping in the background; the output is in $T/along.
ping_along() {
	inns "$1" ping -n -i 0.01 "$2" >"$T/along" 2>&1 &
	ALONG=$!
	wait_for 10 along 5
}

# along COUNT: have at least that many answers arrived?
along() { [ "$(grep -c 'bytes from' "$T/along")" -ge "$1" ]; }

# along_more COUNT: wait for that many further answers.
along_more() { wait_for 20 along $(($(grep -c 'bytes from' "$T/along") + $1)); }

# Stop it, and check that every answer has come once, except those in flight.
end_along() {
	local got sent pipe

	stop_along
	got=$(answers "$T/along")
	sent=$(sed -nE 's/^([0-9]+) packets transmitted.*/\1/p' "$T/along")
	# Largest number of pings in flight; ping reports none if it is one.
	pipe=$(sed -nE 's/.*, pipe ([0-9]+).*/\1/p' "$T/along")
	[[ $got =~ ^[0-9]+$ && $got -ge $((sent - ${pipe:-1})) ]] ||
		fail "answers: $got; $(tail -n 3 "$T/along")"
}

stop_along() {
	kill -INT "$ALONG"
	wait "$ALONG" || true
}

# Flood in the background; packets may be lost.  On a kernel with checkers, a
# real flood would starve everything else.
FLOODS=() FLOOD=-f
[ ! -e /sys/kernel/debug/failslab ] || FLOOD=-i0.01
flood() {
	inns "$1" ping -q -n $FLOOD "$2" >/dev/null 2>&1 &
	FLOODS+=($!)
}

end_floods() {
	kill "${FLOODS[@]}"
	wait "${FLOODS[@]}" || true
	FLOODS=()
}

# is_listening NAMESPACE tcp|udp PORT
is_listening() {
	local hex

	# Not a socket that was connected: remote port 0, state LISTEN.
	printf -v hex ':%04X [0-9A-F]+:0000 0[7A] ' "$3"
	inns "$1" grep -qE "$hex" "/proc/net/$2" "/proc/net/${2}6"
}

# transfer FROM TO ADDRESS FILE: send it by TCP; prints the checksum of what
# arrived.  IPv6 addresses need brackets.
transfer() {
	local from=$1 to=$2 addr=$3 file=$4 ip=4 receiver

	[[ $addr != \[* ]] || ip=6
	inns "$to" socat -u -b 262144 TCP$ip-LISTEN:5001,reuseaddr - </dev/null |
		sha256sum >"$T/sum" &
	receiver=$!
	wait_for 10 is_listening "$to" tcp 5001
	"$from" socat -u -b 262144 "OPEN:$file" "TCP:$addr:5001"
	reap "$receiver"
	cut -d ' ' -f 1 "$T/sum"
}

# send_frames FROM DEV HEX...: send these frames unchanged.
send_frames() {
	local from=$1 dev=$2 hex
	shift 2

	for hex in "$@"; do
		# shellcheck disable=SC2001 # every two digits
		printf '%b' "$(sed 's/../\\x&/g' <<<"${hex//[ :]/}")" |
			"$from" socat -u - "INTERFACE:$dev"
	done
}

# host_listens DEV ETHERTYPE: listen like a protocol of the host, for that type
# only; unlike a tap it comes after DLIL.  The frames are in $T/host.
host_listens() {
	local index addr

	index=$(dut cat "/sys/class/net/$1/ifindex")
	# A struct sockaddr_ll without its family, the type in network order.
	printf -v addr 'x%04x%02x%02x0000%024x' $(($2)) \
		$((index & 255)) $((index >> 8)) 0
	inns dut socat -u \
		"SOCKET-RECV:17:3:$((($2 & 255) << 8 | $2 >> 8)):$addr" \
		- </dev/null >"$T/host" &
	wait_for 5 dut grep -q " $(printf %04x $(($2))) " /proc/net/packet
}

# Everything attached and its configuration, without counters.
setup_of() {
	dlilctl -n "$1" -j show |
		sed -E 's/,"(packets|bytes|matched|last-change)":[0-9]+//g; s/,"overdue":\[[^]]*\]//g'
}

# attached_in NAMESPACE: the names of attached devices, a line each.
attached_in() {
	dlilctl -n "$1" show | sed -nE 's/^[0-9]+: ([^ :]+):.*/\1/p'
}

# refused COMMAND...: the exit status must be 1, with one line of message, and
# nothing may change.  The message is in $SENTENCE.
refused() {
	local before lines status=0

	before=$(setup_of dut)
	"$@" >"$T/stdout" 2>"$T/stderr" || status=$?
	mapfile -t lines <"$T/stderr"
	SENTENCE=${lines[*]}
	is "the exit status of $*" $status 1
	[ ! -s "$T/stdout" ] || fail "$* printed: $(<"$T/stdout")"
	is "the number of lines about $*" ${#lines[@]} 1
	[[ $SENTENCE == 'Error: '?* ]] || fail "$* said: $SENTENCE"
	is "what is attached after $*" "$(setup_of dut)" "$before"
}

# refused_with TEXT COMMAND...: same, with that message from the kernel.
refused_with() {
	local text=$1
	shift

	[ -n "$text" ] || fail "any sentence would do for $*"
	refused "$@"
	[[ $SENTENCE == 'Error: dlil: '*"$text"* ]] ||
		fail "$* said: $SENTENCE, without: $text"
}
