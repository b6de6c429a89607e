# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the tests, the demo and the shell in the VM share: a pair of network
# namespaces, traffic between them, and questions to dlilctl.  Sourced, never
# run.
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

# In the background use `inns` itself: its $! can be killed.
dut() { inns dut "$@"; }
peer() { inns peer "$@"; }
ctl() { dlilctl -n dut "$@"; }

# Waits a twentieth of a second, without a process for it.
exec {NEVER}<> <(:)
pause() { read -rt 0.05 -u "$NEVER" || true; }

fail() { printf 'failed: %s\n' "$*" >&2; exit 1; }

# is WHAT GOT WANTED: two values are the same.
is() { [ "$2" = "$3" ] || fail "$1 is ${2:-nothing}, not $3"; }

# at_least WHAT GOT WANTED: numbers.
at_least() { [ "$2" -ge "$3" ] || fail "$1 is ${2:-nothing}, less than $3"; }

# wait_for SECONDS COMMAND...: until it is true.
wait_for() {
	local deadline=$((${EPOCHREALTIME/./} + $1 * 1000000))
	shift

	until "$@"; do
		[ "${EPOCHREALTIME/./}" -lt "$deadline" ] ||
			fail "waited in vain for: $*"
		pause
	done
}

# becomes WHAT WANTED COMMAND...: what it prints, within a few seconds.
becomes() {
	local what=$1 wanted=$2 got deadline=$((SECONDS + 10))
	shift 2

	until got=$("$@") && [ "$got" = "$wanted" ]; do
		[ $SECONDS -lt $deadline ] ||
			fail "$what is ${got:-nothing}, not $wanted"
		pause
	done
}

# is_up NAMESPACE DEV: until the kernel has noticed that the link is there, a
# device drops what it is to send.
is_up() { inns "$1" grep -qx up "/sys/class/net/$2/operstate"; }

# in_haste 1|0: whether the kernel hurries when it waits for readers.  What is
# tested takes its time; what comes before and after it need not.
in_haste() { echo "$1" >/sys/kernel/rcu_expedited; }

# The kernel rewrites its code when the first egress or ingress hook of the machine
# comes and the last one goes, and with the first and last socket that wants
# timestamps, such as that of ping.  An emulated processor that is just there may
# trap at the old code for ever (QEMU before 8.1).  One of each that stays keeps that
# from happening thousands of times.
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

# Joined by a wire, with addresses.  A link of which the other end has the same
# number elsewhere is told to be up a second later only.
two_namespaces() {
	wire add dut dl0 1001 $MAC0 $IP0/24 $IP60/64 -- \
		peer pe0 2001 $MAC1 $IP1/24 $IP61/64
}

# No allocation fails any more, if there is a kernel in which some did.
end_faults() {
	[ -e /sys/kernel/debug/failslab ] || return 0
	echo 0 >/sys/kernel/debug/failslab/probability
	echo "dlil-test: there is memory" >/dev/kmsg
}

# no_device NAMESPACE NAME: there is none, any more.
no_device() { ! ip -n "$1" link show "$2" >/dev/null 2>&1; }

# A filter whose callbacks sleep (kunit/dlil_sleeper.c).
SLEEPER=/sys/module/dlil_sleeper/parameters

# sleeper WHERE: on dl0; callbacks of these kinds sleep until wake_sleeper.
sleeper() { dut modprobe dlil_sleeper dev=dl0 where="$1"; }

# asleep COUNT: at least so many of its callbacks are.
asleep() { [ "$(<$SLEEPER/asleep)" -ge "$1" ]; }

# Lets its callbacks return, and unloads it.
wake_sleeper() {
	[ -d "${SLEEPER%/*}" ] || return 0
	echo 1 >$SLEEPER/release
	echo >$SLEEPER/dev
	(wait_for 20 rmmod dlil_sleeper) 2>/dev/null
}

# json PATH: of what dlilctl says of dl0, e.g. .stats.ipackets; or any filter of
# jq, which takes its time.
json() {
	local path='^[]a-z_0-9=#.[]+$'

	if [[ $1 =~ $path ]]; then
		ctl -j -s show dl0 | jget "[0]$1"
	else
		ctl -j -s show dl0 | jq -r ".[0] | $1"
	fi
}

# filter NAME FIELD: of a filter of dl0.
filter() { ctl -j filter show dl0 | jget "[0].filters[name=$1].$2"; }

# dropped: packets that the device itself says it dropped, received and to be sent.
dropped() {
	ip -n dut -s -j link show dl0 |
		jq -r '.[0].stats64 | "\(.rx.dropped) \(.tx.dropped)"'
}

# STA-3: nothing that entered DLIL is unaccounted for, or has two reasons.
# Prints what is wrong.
unaccounted() {
	local all

	all=$(dlilctl -n "$1" -j -s show) || { echo "no answer"; return; }
	[ "$all" = '[]' ] || accounts <<<"$all" || echo "no account"
}

accounted() { [ -z "$(unaccounted "$1")" ]; }

# answers FILE [MAX]: how many ping got, if those are the first so many, each once.
# Not always in that order: two processors may have had a hand in it.  Of more
# than MAX the rest is of no interest, and ping did not wait for one that was
# overtaken then by others that were under way as well (its "pipe", which begins to
# count with the first answer).
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

# pings FROM COUNT ADDRESS [ARG...]: how many answers came, as answers says.
# It goes on until there are as many as wanted, or for 10 s; more pings than
# that are sent if an answer takes its time.
pings() {
	local from=$1 count=$2 addr=$3
	shift 3

	"$from" ping -n -i 0.01 -w 10 -c "$count" "$@" "$addr" >"$T/pings" ||
		true
	answers "$T/pings" "$count"
}

# How many pings were sent the last time.
sent() { sed -nE 's/^([0-9]+) packets transmitted.*/\1/p' "$T/pings"; }

# no_pings FROM ADDRESS: none gets there and back, without waiting long.
no_pings() {
	"$1" ping -n -i 0.02 -c 10 -W 0.4 "$2" >"$T/pings" || true
	is "pings sent from $1 to $2" "$(sent)" 10
	is "answers to $1 from $2" "$(answers "$T/pings")" 0
}

# comes_back FROM ADDRESS: after the neighbour was out of reach, which the kernel
# finds out again only now and then.
comes_back() { becomes "answers from $2" 1 pings "$1" 1 "$2" -w 1; }

# ping_along FROM ADDRESS: go on pinging; the output is in $T/along.
ping_along() {
	inns "$1" ping -n -i 0.01 "$2" >"$T/along" 2>&1 &
	ALONG=$!
	wait_for 10 along 5
}

# along COUNT: at least so many answers by now.
along() { [ "$(grep -c 'bytes from' "$T/along")" -ge "$1" ]; }

# along_more COUNT: so many further answers come.
along_more() { wait_for 20 along $(($(grep -c 'bytes from' "$T/along") + $1)); }

# Ends it; then every answer has come, once, but those that are under way.
end_along() {
	local got sent pipe

	stop_along
	got=$(answers "$T/along")
	sent=$(sed -nE 's/^([0-9]+) packets transmitted.*/\1/p' "$T/along")
	# The most that were under way at once; ping is silent about one.
	pipe=$(sed -nE 's/.*, pipe ([0-9]+).*/\1/p' "$T/along")
	[[ $got =~ ^[0-9]+$ && $got -ge $((sent - ${pipe:-1})) ]] ||
		fail "answers: $got; $(tail -n 3 "$T/along")"
}

stop_along() {
	kill -INT "$ALONG"
	wait "$ALONG" || true
}

# A flood in the background, which may lose what it likes.  On a kernel with
# checkers nothing else would get on beside a real one.
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

	# Not one that has been: its remote port is 0, its state says listening.
	printf -v hex ':%04X [0-9A-F]+:0000 0[7A] ' "$3"
	inns "$1" grep -qE "$hex" "/proc/net/$2" "/proc/net/${2}6"
}

# transfer FROM TO ADDRESS FILE: by TCP; prints the checksum of what arrived.  An
# address of IPv6 is in brackets.
transfer() {
	local from=$1 to=$2 addr=$3 file=$4 ip=4 receiver

	[[ $addr != \[* ]] || ip=6
	inns "$to" socat -u -b 262144 TCP$ip-LISTEN:5001,reuseaddr - </dev/null |
		sha256sum >"$T/sum" &
	receiver=$!
	wait_for 10 is_listening "$to" tcp 5001
	"$from" socat -u -b 262144 "OPEN:$file" "TCP:$addr:5001"
	wait "$receiver"
	cut -d ' ' -f 1 "$T/sum"
}

# send_frames FROM DEV HEX...: frames as they are.
send_frames() {
	local from=$1 dev=$2 hex
	shift 2

	for hex in "$@"; do
		# shellcheck disable=SC2001 # every two digits
		printf '%b' "$(sed 's/../\\x&/g' <<<"${hex//[ :]/}")" |
			"$from" socat -u - "INTERFACE:$dev"
	done
}

# host_listens DEV ETHERTYPE: as one of the host's protocols does, for that type
# only; unlike a tap it comes after DLIL.  The frames are in $T/host.
host_listens() {
	local index addr

	index=$(dut cat "/sys/class/net/$1/ifindex")
	# A struct sockaddr_ll behind its family, the type in network order.
	printf -v addr 'x%04x%02x%02x0000%024x' $(($2)) \
		$((index & 255)) $((index >> 8)) 0
	inns dut socat -u \
		"SOCKET-RECV:17:3:$((($2 & 255) << 8 | $2 >> 8)):$addr" \
		- </dev/null >"$T/host" &
	wait_for 5 dut grep -q " $(printf %04x $(($2))) " /proc/net/packet
}

# What is attached and how, without what counts.
setup_of() {
	dlilctl -n "$1" -j show |
		sed -E 's/,"(packets|bytes|matched)":[0-9]+//g; s/,"overdue":\[[^]]*\]//g'
}

# attached_in NAMESPACE: the names of what is attached, a line each.
attached_in() {
	dlilctl -n "$1" show | sed -nE 's/^[0-9]+: ([^ :]+):.*/\1/p'
}

# refused COMMAND...: exit status 1, one line that says why, nothing changed.
# The sentence is in $SENTENCE.
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

# refused_with TEXT COMMAND...: as refused, by the kernel and with that text.
refused_with() {
	local text=$1
	shift

	[ -n "$text" ] || fail "any sentence would do for $*"
	refused "$@"
	[[ $SENTENCE == 'Error: dlil: '*"$text"* ]] ||
		fail "$* said: $SENTENCE, without: $text"
}
