#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Tests dlilctl without the module: test/fake.c plays the kernel.  Everything
# runs under ASan and UBSan, a part of it under valgrind, too.

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/../../scripts/common.sh"

need_packages gcc make libc6-dev libmnl-dev libpcap-dev libjansson-dev \
	valgrind man-db groff-base

here=$TOP/tools/dlilctl
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

export FAKE_LOG=$tmp/log FAKE=''
unset NO_COLOR

passed=0
failed=0

# is NAME GOT WANTED
is() {
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
		echo "ok $((passed + failed)) - $1"
	else
		failed=$((failed + 1))
		echo "not ok $((passed + failed)) - $1"
		diff -u --label wanted --label got \
			<(echo "$3") <(echo "$2") | sed 's/^/# /' || :
	fi
}

# run WORDS...: sets status, out, err and log; log is what the kernel was asked.
run() {
	: >"$FAKE_LOG"
	status=0
	"$tmp/san/dlilctl-fake" "$@" >"$tmp/out" 2>"$tmp/err" || status=$?
	out=$(cat "$tmp/out")
	err=$(cat "$tmp/err")
	log=$(cat "$FAKE_LOG")
}

# sends NAME REQUEST WORDS...: the command succeeds in silence.
sends() {
	run "${@:3}"
	is "$1" "$status|$out|$err|$log" "0|||$2"
}

# prints NAME OUTPUT WORDS...
prints() {
	run "${@:3}"
	is "$1" "$status|$err|$out" "0||$2"
}

# refused NAME SENTENCE WORDS...
refused() {
	run "${@:3}"
	is "$1" "$status|$out|$err" "1||Error: $2"
}

# wrong NAME SENTENCE WORDS...: usage is shown, nothing is sent.
wrong() {
	run "${@:3}"
	is "$1" "$status|$out|$log|$(sed -n 1p "$tmp/err")|$(sed -n \
		2s/dlilctl.*//p "$tmp/err")" "2|||Error: $2|Usage: "
}

say "building dlilctl"
make -s -j"$JOBS" -C "$here" O="$tmp/san" SAN=1 CFLAGS='-O1 -g -Werror' \
	all fake
make -s -j"$JOBS" -C "$here" O="$tmp/plain" CFLAGS='-O2 -g -Werror' all fake

# Requests that are sent.

sends 'attach' 'ifnet-attach v1 ack ifname=veth0' attach veth0
sends 'attach with a policy' 'ifnet-attach v1 ack ifname=veth0 unmatched=1' \
	attach veth0 unmatched drop
sends 'the default policy, said' \
	'ifnet-attach v1 ack ifname=veth0 unmatched=0' \
	attach veth0 unmatched pass
sends 'detach' 'ifnet-detach v1 ack ifname=veth0' detach veth0
sends 'set' 'ifnet-set v1 ack ifname=veth0 unmatched=1' \
	set veth0 unmatched drop
sends 'set queue packets' 'ifnet-set v1 ack ifname=veth0 max-packets=64' \
	set veth0 queue packets 64
sends 'set queue bytes' 'ifnet-set v1 ack ifname=veth0 max-bytes=2097152' \
	set veth0 q b 2097152
sends 'set queue, both' \
	'ifnet-set v1 ack ifname=veth0 max-packets=1 max-bytes=1048576' \
	set veth0 queue packets 1 bytes 1048576
sends 'set queue, both the other way round' \
	'ifnet-set v1 ack ifname=veth0 max-bytes=1048576 max-packets=1' \
	set veth0 queue bytes 1048576 packets 1
sends 'set arpll' 'ifnet-set v1 ack ifname=veth0 attrs=8 attrs-mask=8' \
	set veth0 arpll on
sends 'set arpll off' 'ifnet-set v1 ack ifname=veth0 attrs=0 attrs-mask=8' \
	set veth0 arpll off
sends 'set mtu' 'control v1 ack ifname=veth0 mtu=1400' set veth0 mtu 1400
sends 'set lladdr' 'control v1 ack ifname=veth0 address=02000000ab01' \
	set veth0 lladdr 2:00:0:00:aB:01
sends 'set up' 'control v1 ack ifname=veth0 flags=1 mask=1' set veth0 up
sends 'set down' 'control v1 ack ifname=veth0 flags=0 mask=1' set veth0 down
sends 'several settings are one request' \
	'control v1 ack ifname=veth0 mtu=1400 flags=1 mask=1 address=020000000701' \
	set veth0 mtu 1400 up lladdr 2:0:0:0:7:1
sends 'several settings of both kinds' \
	'control v1 ack ifname=veth0 max-packets=5 max-bytes=1048576 unmatched=1 mtu=1400' \
	set veth0 queue packets 5 bytes 1048576 unmatched drop mtu 1400
sends 'several settings that nobody is asked about' \
	'ifnet-set v1 ack ifname=veth0 unmatched=0 max-packets=5 attrs=8 attrs-mask=8' \
	set veth0 unmatched pass q p 5 arpll on
for word in 'the device refused it' 'mtu: the device refused it (nothing was changed)'; do
	FAKE_SENTENCE=$word FAKE=refused refused \
		"a refusal without a reason: $word" \
		"dlil: ${word/refused it/refused it: Device or resource busy}" \
		set veth0 mtu 10
done
FAKE_SENTENCE='the device refused it: it is asleep' FAKE=refused refused \
	'a refusal with a reason' 'dlil: the device refused it: it is asleep' \
	set veth0 mtu 10
sends 'set multicast add' 'control v1 ack ifname=veth0 add=01005e123456' \
	set veth0 multicast add 01:00:5e:12:34:56
sends 'set multicast del' 'control v1 ack ifname=veth0 del=01005e123456' \
	set veth0 mul d 01:00:5e:12:34:56
sends 'abbreviations' 'ifnet-set v1 ack ifname=veth0 unmatched=0' \
	se veth0 un p
sends 'proto plumb' 'proto-plumb v1 ack ifname=veth0 family=inet6' \
	proto plumb veth0 inet6
sends 'proto unplumb' 'proto-unplumb v1 ack ifname=veth0 family=vlan' \
	pr u veth0 vlan
sends 'filter del' 'filter-del v1 ack ifname=veth0 name=f' filter del veth0 f
sends 'filter delete' 'filter-del v1 ack ifname=veth0 name=f' filt d veth0 f
sends 'words that are commands elsewhere' \
	'filter-del v1 ack ifname=match name=drop' filter del match drop
sends 'dev DEV, as in ip' 'ifnet-attach v1 ack ifname=veth0' attach dev veth0
sends 'a device called dev' 'ifnet-attach v1 ack ifname=dev' attach dev
sends 'dev dev' 'ifnet-set v1 ack ifname=dev unmatched=1' \
	set dev dev unmatched drop
sends 'dev DEV in a filter' 'filter-del v1 ack ifname=veth0 name=f' \
	filter del dev veth0 f
run show dev veth0
is 'show dev DEV' "$log" 'ifnet-get v1 ack ifname=veth0'

# Several devices: lo and veth0, veth1, veth2, veth7, of which veth0 and veth7 are attached.

list='ifnet-get v1 dump'
sends 'attach of a pattern: what is attached stays' "$list
ifnet-attach v1 ack ifindex=5
ifnet-attach v1 ack ifindex=6" attach 'veth*'
sends 'attach of all, with a policy' "$list
ifnet-attach v1 ack ifindex=1 unmatched=1
ifnet-attach v1 ack ifindex=5 unmatched=1
ifnet-attach v1 ack ifindex=6 unmatched=1" attach all un drop
sends 'attach of names and patterns, each once' "$list
ifnet-attach v1 ack ifname=veth2
ifnet-attach v1 ack ifindex=5" attach veth2 'veth[12]' 've?h1'
sends 'attach of what is attached' "$list" attach veth[0] 'veth7*'
sends 'attach of several devices' \
	$'ifnet-attach v1 ack ifname=v0 unmatched=0\nifnet-attach v1 ack ifname=v1 unmatched=0' \
	attach v0 v1 unmatched pass
FAKE=intr sends 'a list of devices that changes' "$list
$list
ifnet-attach v1 ack ifindex=5
ifnet-attach v1 ack ifindex=6" attach 'veth*'
FAKE=latin1 sends 'a name that is not UTF-8, by pattern' "$list
ifnet-attach v1 ack ifindex=5
ifnet-attach v1 ack ifindex=6" attach 'veth*'
sends 'detach of all: what is attached' "$list
ifnet-detach v1 ack ifindex=4
ifnet-detach v1 ack ifindex=7" detach all
FAKE=leaving sends 'attach of what is being detached' "$list
ifnet-attach v1 ack ifindex=7" attach 'veth[07]'
FAKE=leaving sends 'detach of what is being detached' "$list
ifnet-detach v1 ack ifindex=4" detach 'veth[07]'
sends 'detach of a pattern' "$list
ifnet-detach v1 ack ifindex=7" detach 'v*7'
FAKE=empty sends 'detach of all, without any' "$list" detach all
FAKE=second-refused run attach all
is 'one of several is refused, the others are attached' "$status|$out|$err|$log" \
	"1||Error: veth1: dlil: device has a receive handler|$list
ifnet-attach v1 ack ifindex=1
ifnet-attach v1 ack ifindex=5
ifnet-attach v1 ack ifindex=6"
run attach 'x*' veth1
is 'a pattern without devices does not stop the others' "$status|$out|$err|$log" \
	"1||Error: x*: no device has such a name|$list
ifnet-attach v1 ack ifname=veth1"
refused 'a pattern without attached devices' \
	'veth1*: no attached device has such a name' detach 'veth1*'
FAKE=absent refused 'a pattern without the module' \
	'the dlil module is not loaded: try modprobe dlil' attach 'veth*'
FAKE=slow run attach all
is 'no progress in a file' "$status|$out$err" '0|'
is 'progress on a terminal' "$(FAKE=slow script -qec \
	"$tmp/san/dlilctl-fake attach all" /dev/null)" \
	$'\r2 of 3 devices\033[K\r\033[K'
is 'no progress of short work' "$(script -qec \
	"$tmp/san/dlilctl-fake attach all" /dev/null)" ''

# A change may not be over when the kernel answers: an event tells when it is.

stuck='veth0: callbacks have not returned within 1 s; the detach completes when they have'
sends 'no wait' 'ifnet-detach v1 ack ifname=veth0' -w 0 detach veth0
FAKE=stuck sends 'no wait, and nothing comes' \
	'filter-del v1 ack ifname=veth0 name=f' -wait 0 filter del veth0 f
FAKE=stuck refused 'a limited wait for a device' "$stuck" -w 1 detach veth0
FAKE=stuck refused 'a limited wait for a filter' "$stuck" \
	-w 1 filter del veth0 f
FAKE=stuck refused 'a limited wait for a protocol' "$stuck" \
	-w 1 proto unplumb veth0 inet6
FAKE=stuck run -w 3 detach veth0
is 'a long wait says what it waits for' "$status|$(head -n 1 <<<"$err")" \
	'1|Note: veth0: waiting for callbacks to return; the detach completes even if you interrupt this'
FAKE=unloaded sends 'the module is unloaded meanwhile' \
	'ifnet-detach v1 ack ifname=veth0' detach veth0
FAKE=deafened refused 'events are lost meanwhile' \
	'veth0: events were lost, so callbacks may still be running; the detach completes when they have returned' \
	detach veth0
# Events have the first name of the device only.
for dev in port4 port-7-of-the-card-on-the-left gone0; do
	sends "detach of $dev" "ifnet-detach v1 ack ifname=$dev" -w 10 detach $dev
	sends "filter del of $dev" "filter-del v1 ack ifname=$dev name=f" \
		-w 10 filter del $dev f
	sends "proto unplumb of $dev" \
		"proto-unplumb v1 ack ifname=$dev family=vlan" \
		-w 10 proto unplumb $dev vlan
done
FAKE=joins sends 'who waits listens before asking' \
	$'joins 0x20\njoins 0x10\nproto-unplumb v1 ack ifname=veth0 family=inet' \
	proto unplumb veth0 inet
FAKE=busy sends 'attach waits for a detach' \
	$'ifnet-attach v1 ack ifname=veth0\nifnet-attach v1 ack ifname=veth0' \
	attach veth0
FAKE='busy stuck' refused 'attach does not wait for ever' \
	'dlil: device is still being detached' -w 1 attach veth0
FAKE='refused stuck' refused 'nothing is waited for that was refused' \
	'dlil: veth0 is in a bridge: take it out first' detach veth0

run show
is 'show asks for all' "$log" 'ifnet-get v1 dump'
run stats veth0
is 'stats DEV asks for one' "$log" 'ifnet-get v1 ack ifname=veth0'

# Filters.  program= names the sample frames that the program picks.  Before that
# the device is asked what its packets begin with.

asked='ifnet-get v1 ack ifname=v0'
add="$asked
filter-add v1 ack ifindex=4 name=f kind=match"
sends 'filter in both directions by default' \
	"$add direction=3 action=drop program=icmp expr=icmp" \
	filter add v0 f match icmp drop
sends 'filter in' "$add direction=1 action=count program=arp expr=arp" \
	filter add v0 f in match arp count
sends 'filter out' "$add direction=2 action=pass program=ip6 expr=ip6" \
	filter add v0 f out match ip6 pass
sends 'filter both, abbreviated' \
	"$add direction=3 action=drop program=icmp expr=icmp" \
	f a v0 f b m icmp drop
sends 'an expression of one word' \
	"$add direction=1 action=drop program=http,arp expr=tcp port 80 or arp" \
	filter add v0 f in match 'tcp port 80 or arp' drop
sends 'an expression of several words' \
	"$add direction=1 action=drop program=http,arp expr=tcp port 80 or arp" \
	filter add v0 f in match tcp port 80 or arp drop
sends 'an expression over the link header' \
	"$add direction=3 action=drop program=icmp,http,dns expr=ether[12:2]=0x800" \
	filter add v0 f match 'ether[12:2]=0x800' drop
sends 'an empty expression picks all' \
	"$add direction=3 action=count program=icmp,http,dns,arp,ip6 expr=" \
	filter add v0 f match '' count
sends 'no port range is lost' \
	"$add direction=3 action=drop program=dns expr=udp portrange 1-99" \
	filter add v0 f match udp portrange 1-99 drop
printf -v long '%-1023s' 'icmp'
sends 'the longest expression' \
	"$add direction=3 action=drop program=icmp expr=$long" \
	filter add v0 f match "$long" drop
# FLT-18: a tag may be beside the data, which only programs for devices know.
sends 'an expression with vlan' \
	"$add direction=3 action=drop program=live:arp expr=arp or vlan 5" \
	filter add v0 f match arp or vlan 5 drop
FAKE=nocapture run filter add v0 f match vlan 5 drop
is 'an expression with vlan, and no capture' \
	"$status|$out|$log|${err/%lo: ?*permission*/lo: why}" \
	"1||$asked|Error: an expression with vlan needs to open a capture on lo: why"
FAKE='raw nocapture' sends 'a raw device, and no capture' \
	"$add direction=3 action=drop program=icmp expr=icmp" \
	filter add v0 f match icmp drop
# LNX-9: the same expressions for packets without a link header.
FAKE=raw sends 'a raw device' \
	"$add direction=3 action=drop program=icmp expr=icmp" \
	filter add v0 f match icmp drop
FAKE=raw sends 'a raw device, by port' \
	"$add direction=1 action=drop program=http,dns expr=port 80 or port 53" \
	filter add v0 f in match port 80 or port 53 drop
FAKE=raw sends 'a raw device, IPv6' \
	"$add direction=2 action=count program=ip6 expr=ip6" \
	filter add v0 f out match ip6 count
strange='dlilctl and the module have different versions: dlilctl does not know the header format of this device'
for kernel in old unknown; do
	FAKE=$kernel run filter add v0 f match icmp drop
	is "a header that is not known: $kernel" "$status|$out|$err|$log" \
		"1||Error: $strange|$asked"
done
# FLT-16: other kinds of filters, with and without a condition.
sends 'a kind' "$asked
filter-add v1 ack ifindex=4 name=f kind=nth direction=1 words=100 7" \
	filter add v0 f in nth 100 7
sends 'a kind with a condition' \
	"$asked
filter-add v1 ack ifindex=4 name=f kind=nth direction=3 program=icmp expr=icmp" \
	filter add v0 f match icmp nth
sends 'a filter for some time' "$add direction=3 action=drop lifetime=90000 program=icmp expr=icmp" \
	filter add v0 f match icmp drop for 90
sends 'a kind for some time' "$asked
filter-add v1 ack ifindex=4 name=f kind=nth direction=3 words=100 lifetime=1500" \
	filter add v0 f nth 100 for 1.5s
wrong 'a time that is none' '"soon" is not a time, such as 500ms, 60s, 5m or 2h' \
	filter add v0 f match icmp drop for soon
wrong 'a time that is too long' '"for" takes 1ms to 24d: leave it out to keep the filter' \
	filter add v0 f match icmp drop for 25d
wrong 'no time at all' '"for" takes 1ms to 24d: leave it out to keep the filter' \
	filter add v0 f match icmp drop for 0
sends 'a change' 'filter-change v1 ack ifname=v0 name=f kind=nth words=50' \
	filter change v0 f nth 50
# FLT-16: the kind impair has attributes, not words.
impair() { sends "impair $1" "$asked
filter-add v1 ack ifindex=4 name=f kind=impair direction=1 $2" \
	filter add v0 f in impair "${@:3}"; }

impair 'loss' 'loss=1 p1=42949673 p2=0 p3=0 p4=0 p5=0' loss 1%
impair 'loss random' 'loss=1 p1=4294967295 p2=0 p3=0 p4=0 p5=0' loss random 100%
impair 'loss every' 'every=7 loss=2 p1=0 p2=0 p3=0 p4=0 p5=0' loss every 7
impair 'loss state' \
	'loss=3 p1=429496730 p2=3865470565 p3=0 p4=4294967295 p5=0' loss state 10%
impair 'loss state, all' \
	'loss=3 p1=42949673 p2=85899346 p3=128849019 p4=171798692 p5=214748365' \
	loss state 1% 2% 3% 4% 5%
impair 'loss gemodel' \
	'loss=4 p1=42949673 p2=1288490189 p3=4294967295 p4=0 p5=0' \
	loss gemodel 1% 30%
impair 'loss gemodel, all' \
	'loss=4 p1=42949673 p2=1288490189 p3=2147483648 p4=4294967 p5=0' \
	loss gemodel 1% 30% 50% 0.1%
impair 'delay' 'delay=20000000 jitter=0 correlation=0' delay 20ms
impair 'delay 0' 'delay=0 jitter=0 correlation=0' delay 0
impair 'delay, all' \
	'delay=1500000000 jitter=5000 correlation=1073741824 distribution=3' \
	delay 1.5s 5us 25% distribution paretonormal
impair 'copies and bit errors' 'duplicate=4294967 corrupt=429497' \
	duplicate 0.1% corrupt 0.01%
impair 'reorder' 'reorder=85899346 distance=1 gap=0' reorder 2%
impair 'reorder, all' 'reorder=85899346 distance=3 gap=5' reorder 2% 3 gap 5
impair 'rate' 'rate=625000 overhead=4294967292 limit=2000 seed=7' \
	rate 5mbit overhead -4 limit 2000 seed 7
impair 'rate in bytes' 'rate=1000' rate 1kbps
impair 'units as tc writes them' 'delay=100000000 jitter=2000 correlation=0 rate=625000' \
	delay 100msec 2USecs rate 5Mbit
impair 'abbreviated effects' 'duplicate=42949673 corrupt=0' dup 1% c 0%
impair 'no rate' 'rate=0' rate none
sends 'impair with a condition' "$asked
filter-add v1 ack ifindex=4 name=f kind=impair direction=3 loss=1 p1=42949673 p2=0 p3=0 p4=0 p5=0 program=icmp expr=icmp" \
	filter add v0 f match icmp impair loss 1%
sends 'a change of impair' \
	'filter-change v1 ack ifname=v0 name=f kind=impair duplicate=0' \
	filter change v0 f impair duplicate 0%

# bad SENTENCE WORDS...
bad() { wrong "impair ${*:2}" "$1" filter add v0 f impair "${@:2}"; }

for word in 101% -1% 5 1e1% % x%; do
	bad "\"$word\" is not a percentage from 0% to 100%, such as 0.1%" duplicate "$word"
done
for word in -1ms 1e3ms 101s 5 ms 1h; do
	bad "\"$word\" is not a time from 0 to 100s, such as 20ms or 1.5s" delay "$word"
done
bad 'the jitter must not exceed the delay' delay 5ms 6ms
for word in 0mbit 5 7bit 20000gbit; do
	bad "\"$word\" is not a rate from 8bit to 10000gbit, or none" \
		rate "$word"
done
bad 'expected loss, delay, distribution, duplicate, corrupt, reorder, rate, overhead, limit or seed, got "frob"' frob
bad 'expected loss, delay, distribution, duplicate, corrupt, reorder, rate, overhead, limit or seed, got "l"' l 1%
bad '"0.00000001%" is too small: the smallest percentage is 0.00000002%' loss 0.00000001%
bad 'an effect is missing, such as loss or delay'
bad 'loss is given twice' loss 1% loss 2%
bad 'the distance must be at least 1' reorder 1% 0
bad 'the gap must be at least 1' reorder 1% gap 0
bad 'the number of packets must be at least 1' loss every 0
bad 'the limit must be at least 1' limit 0
bad '"x1" is not a seed: it has 1 to 18 digits' seed x1
bad '"1234567890123456789" is not a seed: it has 1 to 18 digits' \
	seed 1234567890123456789
bad '"5000" is not an overhead from -64 to 1024 bytes' overhead 5000
bad 'expected uniform, normal, pareto or paretonormal, got "foo"' distribution foo
bad 'P% or random, every, state or gemodel is missing' loss
bad 'expected P% or random, every, state or gemodel, got "foo"' loss foo 1%

# FLT-13: places, and changes of filters.
sends 'a filter in the first place' "$asked
filter-add v1 ack ifindex=4 place=1 name=f kind=match direction=1 action=drop program=icmp expr=icmp" \
	filter add v0 f first in match icmp drop
sends 'a filter before another one' "$asked
filter-add v1 ack ifindex=4 place=3 beside=in name=f kind=match direction=3 action=drop program=icmp expr=icmp" \
	filter add v0 f before in match icmp drop
sends 'a filter with a revision' "$asked
filter-add v1 ack ifindex=4 revision=17 place=2 name=f kind=nth direction=3" \
	-r 17 filter add v0 f last nth
replaced="$asked
filter-update v1 ack ifindex=4 change=2 name=f kind=match direction=3"
sends 'filter replace' "$replaced action=drop program=icmp expr=icmp" \
	filter replace v0 f match icmp drop
sends 'filter replace, abbreviated, for some time' \
	"$replaced action=count lifetime=60000 program=icmp expr=icmp" \
	f r v0 f m icmp count for 60s
sends 'filter move' 'filter-update v1 ack ifname=v0 change=3 name=f place=4 beside=g' \
	filter move v0 f after g
sends 'filter move, with a revision' \
	'filter-update v1 ack ifname=v0 revision=5 change=3 name=f place=1' \
	-revision 5 f m v0 f first
sends 'filter flush' 'filter-update v1 ack ifname=v0 change=4' filter flush v0
sends 'filter del, with a revision' 'filter-del v1 ack ifname=v0 revision=5 name=f' \
	-w 0 -r 5 filter del v0 f
wrong 'a place without a filter' 'NAME of another filter is missing' \
	filter add v0 f before
wrong 'no place' 'expected first, last, before or after' filter move v0 f
wrong 'a bad place' 'expected first, last, before or after, got "up"' \
	filter move v0 f up
wrong 'a place of two' 'unexpected argument "last"' filter move v0 f first last
for bad in 0 x 1x '' 1234567890123456789; do
	wrong "a bad revision: $bad" "\"$bad\" is not a revision, as filter show prints it" \
		-r "$bad" filter flush v0
done
wrong 'a file with a revision' '-revision is for a single change, not for a file' \
	-r 5 -batch -
wrong 'a file and a command' 'unexpected argument "show"' -batch - show

# batch STATUS LOG ERROR LINE...: run lines as a file, with what is asked and complained.
batch() {
	: >"$FAKE_LOG"
	status=0
	printf '%s\n' "${@:5}" | "$tmp/san/dlilctl-fake" $opts -batch - \
		>"$tmp/out" 2>"$tmp/err" || status=$?
	is "$1" "$status|$(cat "$FAKE_LOG")|$(grep -v '^Usage' "$tmp/err")" "$2|$3|$4"
}
opts=
batch 'consecutive changes of a device are one step' 0 "$asked
filter-update v1 ack ifindex=4 change=1 name=a change=3 name=b c place=1 \
change=0 place=4 beside=b c name=#d kind=nth direction=3 words=1 2 change=4
ifnet-get v1 ack ifname=v1
filter-update v1 ack ifindex=4 change=1 name=a" '' \
	'  # a comment' '' 'filter del v0 a' 'f m v0 "b c" first # another one' \
	"filter add v0 \\#d after b\\ c \\" 'nth "1" '"'2'" 'filter flush v0' \
	'filter del v1 a'
batch 'other commands are run in between' 0 "$asked
filter-update v1 ack ifindex=4 change=1 name=a
ifnet-set v1 ack ifname=v0 unmatched=1
filter-change v1 ack ifname=v0 name=f kind=nth words=5
$asked
filter-update v1 ack ifindex=4 change=1 name=a" '' \
	'filter del v0 a' 'set v0 unmatched drop' 'filter change v0 f nth 5' \
	'filter del v0 a'
batch 'an empty file' 0 '' ''
batch 'a mistake gives up the step' 2 "$asked" \
	'Error: stdin:3: unknown command "frob", expected one of: attach detach set show stats monitor drops filter proto save restore help' \
	'filter del v0 a' '' frob 'filter del v0 b'
batch 'a quote that is open' 2 "$asked" 'Error: stdin:2: a quote is not closed' \
	'filter del v0 a' 'filter del "v0 a'
opts=-force
batch 'with -force the lines behind a mistake are run' 2 "$asked
$asked
filter-update v1 ack ifindex=4 change=1 name=b" \
	'Error: stdin:2: NAME is missing' 'filter del v0 a' 'filter del v0' \
	'filter del v0 b'
opts=
FAKE=second batch 'the line of the change at fault' 1 "$asked
filter-update v1 ack ifindex=4 change=1 name=a change=1 name=b change=1 name=c" \
	'Error: stdin:3: dlil: a filter of this name exists' \
	'filter del v0 a' '' 'filter del v0 b' 'filter del v0 c' 'set v0 up'
FAKE=refused batch 'a device that is not attached' 1 "$asked" \
	"Error: stdin:1: dlil: veth0 is in a bridge: take it out first" \
	'filter del v0 a' 'filter del v0 b'
refused 'a file that is not there' \
	'cannot open "/no/such": No such file or directory' -b /no/such

FAKE=refused run filter add v0 f match icmp drop
is 'a device that is not there' "$status|$out|$err|$log" \
	"1||Error: dlil: veth0 is in a bridge: take it out first|$asked"
wrong 'an expression that is too long' 'EXPR has at most 1023 characters' \
	filter add v0 f match "$long" or arp drop

# bad_expr NAME EXPR COLUMN: after "bad expression" come libpcap's own words, then the
# expression, and below it a mark in that column, from 1 on; 0 for none.
bad_expr() {
	run filter add v0 f match "$2" drop
	is "$1" "$status|$out|$log|$(sed '1s/Error: bad expression: ..*/fine/' "$tmp/err")" \
		"1||$asked|fine
  $2$([ "$3" -eq 0 ] || printf '\n  %*s' "$3" ^)"
}
bad_expr 'a bad expression' 'tcp prt 80' 5
bad_expr 'an expression that picks nothing' 'ip and arp' 8
FAKE=raw bad_expr 'a link header that is not there' 'ether host 2:0:0:0:0:1' 12
FAKE=raw bad_expr 'a tag where there is no link header' 'vlan 5' 1
bad_expr 'a word twice' 'icmp and and' 10
bad_expr 'the first word' 'hst 1.2.3.4 and tcp' 1
bad_expr 'a misspelt operator' 'tcp port 80 amd64 host 1.1.1.1' 13
bad_expr 'an end that comes too early' 'icmp and' 10
bad_expr 'an open parenthesis' '(icmp or (tcp and udp)' 24
bad_expr 'a closing parenthesis too many' 'icmp) and tcp' 5
bad_expr 'an error between parentheses' '(tcp and (udp or prt 5))' 18
bad_expr 'an error in a byte of a header' 'tcp[12:x] = 1' 8
bad_expr 'an error in arithmetic' '((tcp[12] & 0xf0) >> 2) = 20 and tcp[(5+3] = 7' 42
bad_expr 'a word behind parentheses in brackets' '(tcp[(5+3)] = 1 y' 17
bad_expr 'an address that is none' 'tcp and host 300.1.1.1 and udp' 14
bad_expr 'a port that is none' 'tcp port 80 or 70000 or 81' 16
bad_expr 'letters of two bytes' 'hst köln' 1
printf -v many '%s' '('{1..300}
bad_expr 'a long expression' "${many//[0-9]/}tcp prt 80" 305

# Output.

zeros='"framer":0,"recursion":0,"driver":0,"sanity":0,"policy":0,"tso":0}'
drops() {
	echo "{\"detached\":0,\"demux\":0,\"filter\":$1,\"promiscuous\":0,\"noproto\":0,\"protocol\":0,\"queue-full\":$2,\"nomem\":0,$zeros"
}
protocols='"protocols":[{"family":"inet","number":2,"packets":900},{"family":"vlan","number":257,"packets":0}]'
overdue='"overdue":[]'
filters='"filters":[{"name":"noping","kind":"match","direction":"in","action":"drop","expr":"icmp or arp","packets":960,"matched":20},{"name":"own","kind":"sample","direction":"both","action":"","expr":"","packets":960,"matched":20}]'
veth0='"ifname":"veth0","ifindex":4'
veth7='"ifname":"veth7","ifindex":7'
link='"state":"attached","unmatched":"drop","header":"ethernet","thread":1234,"queue":{"max-packets":2048,"max-bytes":33554432,"packets":3,"bytes":2304},"attrs":["tso4","arpll"],"last-change":61005'
plumbers='"plumbers":[{"family":"inet","number":2,"count":1},{"family":"mpls","number":258,"count":0}]'
stats='"stats":{"ipackets":102,"ibytes":12345678900,"ierrors":104,"opackets":105,"obytes":106,"oerrors":107,"collisions":108,"imcasts":109,"omcasts":110,"iqdrops":111,"noproto":112}'
account='"account":{"input":{"seen":1000,"delivered":900,"passed":60,"stolen":10,"freed":30,"drops":'$(drops 20 10)'},"output":{"seen":500,"delivered":475,"passed":0,"stolen":10,"freed":15,"drops":'$(drops 5 10)'}}'
counters="$stats,\"classes\":{},\"drops\":$(drops 25 20),$account"

prints '-j show DEV' "[{$veth0,$link,$protocols,$filters,$overdue}]" -j show veth0
prints '-j show' \
	"[{$veth0,$link,$protocols,$filters,$overdue},{$veth7,$link,$protocols,$filters,$overdue}]" \
	-j show
prints '-j -s show DEV' "[{$veth0,$link,$protocols,$filters,$overdue,$counters}]" \
	-j -s show veth0
prints 'long options, list' "[{$veth0,$link,$protocols,$filters,$overdue,$counters}]" \
	-json --stats -- list veth0
prints '-j stats' "[{$veth0,$counters},{$veth7,$counters}]" -j stats
FAKE=overdue prints '-j show, a callback that does not return' \
	"[{$veth0,$link,$protocols,$filters,\"overdue\":[{\"party\":\"filter\",\"callback\":\"input\",\"name\":\"slow\",\"seconds\":12,\"pid\":123,\"task\":\"dlil/veth0\"}]}]" \
	-j show veth0
FAKE=overdue run show veth0
is 'show, a callback that does not return' "$(grep overdue <<<"$out")" \
	'    overdue: filter slow input 12 s (dlil/veth0, pid 123)'
revised="\"revision\":17,$filters"
prints '-j filter show' "[{$veth0,$revised},{$veth7,$revised}]" -j filter show
prints '-j filter' "[{$veth0,$revised},{$veth7,$revised}]" -j filter
prints '-j proto show DEV' "[{$veth0,$protocols,$plumbers}]" -j proto ls veth0
FAKE=empty prints '-j show, no ifnet' '[]' -j show
FAKE=empty prints 'show, no ifnet' '' show
prints '-j -p' '[
    {
        "ifname": "veth0",
        "ifindex": 4,
        "protocols": [
            {
                "family": "inet",
                "number": 2,
                "packets": 900
            },
            {
                "family": "vlan",
                "number": 257,
                "packets": 0
            }
        ],
        "plumbers": [
            {
                "family": "inet",
                "number": 2,
                "count": 1
            },
            {
                "family": "mpls",
                "number": 258,
                "count": 0
            }
        ]
    }
]' -j -p proto show veth0

block='    proto inet packets 900
    proto vlan packets 0
    filter noping in match "icmp or arp" drop packets 960 matched 20
    filter own both sample packets 960 matched 20'
prints 'show' "4: veth0: state attached unmatched drop header ethernet thread 1234
$block
7: veth7: state attached unmatched drop header ethernet thread 1234
$block" show
prints '-d show' "4: veth0: state attached unmatched drop header ethernet thread 1234
    queue packets 3 of 2048 bytes 2304 of 33554432
    attrs tso4 arpll; last change 61.005 s ago
    proto inet number 2 packets 900
    proto vlan number 257 packets 0
    filter noping in match \"icmp or arp\" drop packets 960 matched 20
    filter own both sample packets 960 matched 20" -d show veth0
prints '-s show' "4: veth0: state attached unmatched drop header ethernet thread 1234
$block
    RX:       bytes packets errors mcasts iqdrops noproto
        12345678900     102    104    109     111     112
    TX:       bytes packets errors mcasts collsns
                106     105    107    110     108
    drops: filter 25 queue-full 20" -s show veth0
prints 'filter show' '4: veth0: revision 17
    filter noping in match "icmp or arp" drop packets 960 matched 20
    filter own both sample packets 960 matched 20' filter show veth0
prints '-d proto show' '4: veth0:
    proto inet number 2 packets 900
    proto vlan number 257 packets 0
    plumber inet number 2 count 1
    plumber mpls number 258 count 0' -d proto show veth0
prints 'proto show' '4: veth0:
    proto inet packets 900
    proto vlan packets 0
    plumber inet count 1
    plumber mpls count 0' proto show veth0
table='4: veth0:
                                       input               output
    packets                              102                  105
    bytes                        12345678900                  106
    errors                               104                  107
    mcasts                               109                  110
    collisions                             -                  108
    iqdrops                              111                    -
    noproto                              112                    -'
prints 'stats' "$table
    drop filter                           20                    5
    drop queue-full                       10                   10" stats veth0
FAKE=classes prints 'stats, with traffic classes' "$table
    background packets                    12                   14
    background bytes                      13                   15
    video packets                         22                   24
    video bytes                           23                   25
    voice packets                         32                   34
    voice bytes                           33                   35
    drop filter                           20                    5
    drop queue-full                       10                   10" stats veth0
FAKE=classes run -j stats veth0
is '-j stats, with traffic classes' "$(grep -o '"video":{[^}]*}' <<<"$out")" \
	'"video":{"ipackets":22,"ibytes":23,"opackets":24,"obytes":25}'
details="$table
    drop detached                          0                    0
    drop demux                             0                    0
    drop filter                           20                    5
    drop promiscuous                       0                    0
    drop noproto                           0                    0
    drop protocol                          0                    0
    drop queue-full                       10                   10
    drop nomem                             0                    0
    drop framer                            0                    0
    drop recursion                         0                    0
    drop driver                            0                    0
    drop sanity                            0                    0
    drop policy                            0                    0
    drop tso                               0                    0"
prints '-d stats: every packet is accounted for' "$details
    input:  seen 1000 = delivered 900 + passed 60 + stolen 10 + freed 30
    output: seen 500 = delivered 475 + passed 0 + stolen 10 + freed 15" \
	-d stats veth0
FAKE=moving prints '-d stats: some are in flight' "$details
    input:  seen 1002 = delivered 900 + passed 60 + stolen 10 + freed 30 + 2 in flight
    output: seen 502 = delivered 475 + passed 0 + stolen 10 + freed 15 + 2 in flight" \
	-d stats veth0
FAKE=latin1 run -j proto show
is 'a name that is not UTF-8' "${out/*,\{\"ifname\":/}" \
	"\"straße\",\"ifindex\":7,$protocols,$plumbers}]"
FAKE=unknown run -j show veth0
is 'values of a newer kernel' "${out:0:53} ${out##*\"name\":}" \
	'[{"ifname":"veth0","ifindex":4,"state":"unknown","unm "own","kind":"sample","direction":"none","action":"","expr":"","packets":960,"matched":20}],"overdue":[]}]'
FAKE=huge run -j stats veth0
is 'a counter past the range of JSON' "${out%%,\"ibytes*}" \
	"[{$veth0,\"stats\":{\"ipackets\":9223372036854775807"

# -br and -o, as in ip.
FAKE=bare prints 'filter show: without filters, without a line' '4: veth0: revision 17
    filter noping in match "icmp or arp" drop packets 960 matched 20
    filter own both sample packets 960 matched 20' filter show
FAKE=bare prints '-j filter show' "[{$veth0,$revised}]" -j filter show
prints '-br show' 'veth0            attached  drop    inet,vlan filters 2
veth7            attached  drop    inet,vlan filters 2' -br show
prints '-brief filter show DEV' 'veth0            noping           in   match "icmp or arp" drop
veth0            own              both sample' -brief filter show veth0
prints '-br proto show DEV' 'veth0            inet,vlan' -br proto show veth0
prints '-br stats DEV' 'veth0            RX 102 12345678900 TX 105 106 drops 45' \
	-br stats veth0
prints '-br -j show DEV is JSON' "[{$veth0,$protocols,$plumbers}]" -br -j proto show veth0
for command in show 'proto show' 'filter show' stats; do
	# shellcheck disable=SC2086 # words
	run $command
	lines=$(sed -zE 's/\n( )/\\\1/g' "$tmp/out")
	# shellcheck disable=SC2086 # words
	prints "-o $command" "$lines" -o $command
	is "-o $command: a line for each" "$(wc -l <"$tmp/out")" 2
done
run -j -p show
prints '-jp show' "$out" -jp show
FAKE=overrun run -oneline monitor veth0
is 'monitor, some events are lost, on one line' \
	"$(grep -c '^4: veth0: state.*\\    filter own' <<<"$out")" 1

esc=$'\033['
colored="4: ${esc}36mveth0${esc}0m: revision 17"
impaired='4: veth0: revision 17
    filter noping in match "icmp or arp" drop packets 960 matched 20
    filter own both sample packets 960 matched 20
    filter bad in match "tcp port 443" impair loss gemodel 1% 30% 100% 0.001% delay 20ms 1.5ms 25% distribution pareto duplicate 0.1% corrupt 0.01% reorder 2% 3 gap 5 rate 5mbit overhead -4 limit 2000 seed 7 packets 960 matched 20'
FAKE=impair prints 'filter show with impair' "$impaired" filter show veth0
FAKE=impair prints '-s filter show with impair' "$impaired
        in matched 2000 passed 3000 lost 4000 duplicated 5000 corrupted 6000 reordered 7000 limited 8000 failed 9000 held 10000 bytes 11000 late 12us max 13us" \
	-s filter show veth0
FAKE=impair run -j filter show veth0
is '-j filter show with impair' "$status|$err|$(grep -oE '"impair":\{"seed.*\}\}\}' "$tmp/out")" \
	'0||"impair":{"seed":7,"loss-model":"gemodel","loss-p1":1.0,"loss-p2":30.0,"loss-p3":100.0,"loss-p4":0.001,"loss-p5":0.0,"delay":20000000,"jitter":1500000,"correlation":25.0,"distribution":"pareto","duplicate":0.1,"corrupt":0.01,"reorder":2.0,"distance":3,"gap":5,"rate":625000,"overhead":-4,"limit":2000,"in":{"matched":2000,"passed":3000,"lost":4000,"duplicated":5000,"corrupted":6000,"reordered":7000,"limited":8000,"failed":9000,"held":10000,"bytes":11000,"late-mean":12000,"late-max":13000}}}'
FAKE=other-kind prints 'attributes of another kind' "${impaired/impair*seed 7/other}" \
	-s filter show veth0
run -c filter show veth0
is '-c colors' "${out%%$'\n'*}" "$colored"
run -color=never -c=auto filter show veth0
is 'no colors in a file' "${out%%$'\n'*}" '4: veth0: revision 17'
on_tty="$tmp/san/dlilctl-fake filter show veth0"
is 'colors on a terminal' \
	"$(script -qec "$on_tty" /dev/null | sed -n '1s/\r//p')" "$colored"
is 'NO_COLOR' "$(NO_COLOR=1 script -qec "$on_tty" /dev/null |
	sed -n '1s/\r//p')" '4: veth0: revision 17'

# FLT-13: the running state as commands, and back.
own="filter add veth0 own both sample"
saved="attach veth0 unmatched drop
set veth0 queue packets 2048 bytes 33554432
set veth0 arpll on
proto unplumb veth0 mpls
filter add veth0 noping in match 'icmp or arp' drop"
FAKE=of-module prints 'save' "$saved
# of a module: filter add veth0 own in sample" save veth0
FAKE='impair more-filters' prints 'save of filters' "$saved
$own
filter add veth0 b both match arp count
filter add veth0 'c d' out match '' pass
filter add veth0 bad in match 'tcp port 443' impair loss gemodel 1% 30% 100% 0.001% delay 20ms 1.5ms 25% distribution pareto duplicate 0.1% corrupt 0.01% reorder 2% 3 gap 5 rate 5mbit overhead -4 limit 2000 seed 7" \
	save veth0
all_of_them=$out
FAKE='impair more-filters' run save
is 'save of all devices' "$status|$err|$out" "0||$all_of_them
${all_of_them//veth0/veth7}"

# restores NAME LOG LINES [WORD]: requests besides that for the present state.
restores() {
	: >"$FAKE_LOG"
	status=0
	"$tmp/san/dlilctl-fake" restore - ${4:+"$4"} <<<"$3" >"$tmp/out" 2>&1 || status=$?
	is "$1" "$status|$(cat "$tmp/out")|$(grep -v ifnet-get "$FAKE_LOG")" "0||$2"
}
export FAKE='impair more-filters'
restores 'the same state' '' "$all_of_them"
restores 'another seed will do' '' "${all_of_them/ seed 7/}"
restores 'a filter less' \
	'filter-update v1 ack ifindex=4 change=1 name=own revision=17' \
	"${all_of_them/$own$'\n'/}"
restores 'filters in another order' \
	'filter-update v1 ack ifindex=4 change=3 name=b place=4 beside=bad revision=17' \
	"$(grep -v ' b both' <<<"$all_of_them"; grep ' b both' <<<"$all_of_them")"
restores 'another first filter' \
	'filter-update v1 ack ifindex=4 change=3 name=bad place=3 beside=noping revision=17' \
	"$(sed -n '1,4p' <<<"$all_of_them"; tail -n 1 <<<"$all_of_them"
		sed -n '5,8p' <<<"$all_of_them")"
restores 'another action, and a new filter' \
	'filter-update v1 ack ifindex=4 change=2 name=b kind=match direction=3 action=drop program=arp expr=arp change=0 place=4 beside=b name=new kind=nth direction=1 words=5 revision=17' \
	"${all_of_them/b both match arp count/b both match arp drop
filter add veth0 new in nth 5}"
restores 'other parameters of a kind' \
	'filter-update v1 ack ifindex=4 change=2 name=bad kind=impair direction=1 loss=1 p1=42949673 p2=0 p3=0 p4=0 p5=0 program=http expr=tcp port 80 revision=17' \
	"$(sed "\$s/ in .*/ in match 'tcp port 80' impair loss 1%/" <<<"$all_of_them")"
restores 'other settings' \
	$'ifnet-set v1 ack ifindex=4 unmatched=0 max-packets=5 attrs=0 attrs-mask=8\nproto-plumb v1 ack ifname=veth0 family=mpls\nproto-unplumb v1 ack ifname=veth0 family=inet' \
	"$(sed -E '1s/drop/pass/; 2s/2048/5/; 3d; s/mpls/inet/' <<<"$all_of_them")"
restores 'a device that is not named' 'ifnet-detach v1 ack ifname=veth7' \
	"$all_of_them" all
FAKE+=' stale'
restores 'filters that have changed meanwhile' \
	$'filter-update v1 ack ifindex=4 change=1 name=own revision=17\nfilter-update v1 ack ifindex=4 change=1 name=own revision=17' \
	"${all_of_them/$own$'\n'/}"
FAKE=of-module
restores 'the filter of a module stays' '' "$saved"
FAKE=

# unfit SENTENCE LINE...: a file that changes nothing, because of its last line.
unfit() {
	: >"$FAKE_LOG"
	status=0
	printf '%s\n' "${@:2}" >"$tmp/state"
	"$tmp/san/dlilctl-fake" restore "$tmp/state" >"$tmp/out" 2>"$tmp/err" || status=$?
	is "a state that is none: $1" \
		"$status|$(cat "$FAKE_LOG" "$tmp/out")|$(sed -n 1p "$tmp/err")" \
		"2||Error: $tmp/state:$(($# - 1)): $1"
}
unfit 'no earlier line attaches veth0' 'filter add veth0 a match icmp drop'
unfit 'no earlier line attaches veth0' 'set veth0 arpll on'
unfit 'veth0 is attached by a line above' 'attach veth0' 'attach veth0'
unfit 'filter a is in line 2 as well' 'attach veth0' \
	'filter add veth0 a match icmp drop' 'filter add veth0 a match arp drop'
unfit 'filters run in the order of the lines: leave out the place' \
	'attach veth0' 'filter add veth0 a first match icmp drop'
unfit 'expected add, got "del"' 'attach veth0' 'filter del veth0 a'
unfit 'unknown command "show", expected one of: attach set proto filter' show
refused 'no state' 'cannot open "/no/such": No such file or directory' \
	restore /no/such
wrong 'no file of a state' 'FILE is missing' restore

# Answers that the kernel may give.

in_a_bridge='dlil: veth0 is in a bridge: take it out first'
FAKE=refused refused 'the sentence of the kernel' "$in_a_bridge" attach veth0
FAKE='refused uncapped' refused 'behind the request' "$in_a_bridge" attach veth0
FAKE=refused refused 'no JSON with an error' "$in_a_bridge" -j show veth0
FAKE=generic refused 'a sentence of netlink itself' \
	'dlil: integer out of range' attach veth0
FAKE=wordless refused 'no sentence' 'Operation not permitted' attach veth0
FAKE=wordless refused 'show is refused' 'Operation not permitted' show
FAKE=dump-refused refused 'a sentence at the end of a list' \
	'dlil: the list is too long' show
FAKE=warned run attach veth0
is 'a warning' "$status|$out|$err" '0||Warning: dlil: LRO is off now'
FAKE=absent refused 'no module' \
	'the dlil module is not loaded: try modprobe dlil' show
is 'no module, no request' "$log" ''
FAKE=signals prints 'interrupted by signals' "[{$veth0,$protocols,$plumbers}]" \
	-j proto show veth0
FAKE=intr prints 'a list that changed is read again' \
	"[{$veth0,$protocols,$plumbers},{$veth7,$protocols,$plumbers}]" -j proto show
is 'that is, asked for twice' "$log" $'ifnet-get v1 dump\nifnet-get v1 dump'
FAKE='intr latecomer' prints 'nothing is left of the first answer' \
	"[{$veth0,$protocols,$plumbers},{$veth7,$protocols,$plumbers}]" -j proto show
FAKE=never-still refused 'a list that never stops changing' \
	'the list kept changing while it was read, try again' show
FAKE=lost prints 'a list that was lost is read again' \
	"[{$veth0,$protocols,$plumbers},{$veth7,$protocols,$plumbers}]" -j proto show
FAKE=lost refused 'a lost answer' \
	'the answer was lost, check the result with show' detach veth0
FAKE=deaf refused 'no answer' \
	'request failed: Connection refused' detach veth0
FAKE=short refused 'a malformed counter' \
	'request failed: Bad message' show
FAKE=unterminated refused 'a malformed name' \
	'request failed: Bad message' show
last=',{"name":"last","kind":"match","direction":"out","action":"count","expr":"ip6","packets":960,"matched":20}]'
FAKE='split' prints 'an ifnet in several messages' \
	"[{$veth0,${revised%]}$last},{$veth7,$revised}]" -j filter show
FAKE=big run -j -s show
is '1,000 ifnets' "$status|$err|$(grep -o '"ifname":"v[0-9]*"' "$tmp/out" |
	sort -u | wc -l)" '0||1000'

# Events, until the module is unloaded.

unloaded='Error: the dlil module was unloaded'

# monitors NAME OUTPUT WORDS...
monitors() {
	run "${@:3}"
	is "$1" "$status|$err|$out" "1|$unloaded|$2"
}
FAKE=joins monitors 'monitor' '4: veth0: if-attached
4: veth0: sifmtu mtu 1400
4: veth0: sifflags flags <UP,BROADCAST,RUNNING,MULTICAST>
4: veth0: proto-attached proto inet number 2 protocols 5
4: veth0: filter-detached filter noping
4: veth0: node-presence addr 10.7.0.2 lladdr 02:00:00:00:07:ab
4: veth0: node-absence addr fd00:7::2
7: veth7: unknown data 01:02:ff
4: veth0: ifcap-changed attrs <linear,arpll>
4: veth0: master-elected' monitor
is 'monitor joins both groups, and makes itself noticed' "$log" \
	$'joins 0x20\nifnet-get v1 dump\njoins 0x10'
# EVT-3: the names of all, in this order.
FAKE=codes run monitor
is 'each event has a name' "$(cut -d ' ' -f 3 <<<"$out" | paste -sd ' ')" \
	"sifflags sifmetrics sifmtu sifphys sifmedia sifgeneric addmulti delmulti \
if-attached if-detaching if-detached link-off link-on proto-attached \
proto-detached link-address-changed wakeflags-changed if-idle-route-refcnt \
ifcap-changed link-quality-metric-changed node-presence node-absence \
master-elected unknown"
monitors 'monitor DEV' '7: veth7: unknown data 01:02:ff' monitor veth7
monitors 'monitor of an alternative name' '7: veth7: unknown data 01:02:ff' \
	monitor port-7-of-the-card-on-the-left
refused 'monitor of no device' 'gone0: no such device' monitor gone0
is 'monitor of no device listens to nothing' "$log" ''
FAKE=stuck refused 'monitor of a device that does not come' \
	'gone0: no such device within 1 s' -w 1 monitor gone0
FAKE=stuck refused 'monitor that does not wait' 'gone0: no such device' \
	-w 0 monitor gone0
monitors 'monitor of a device that is waited for' '' -w 600 monitor gone0
monitors '-d monitor' \
	'7: veth7: unknown class 77 subclass 2 code 13 data 01:02:ff' \
	-d monitor veth7
network='"class":1,"subclass":2'
monitors '-j monitor' "{$veth0,\"event\":\"if-attached\",$network,\"code\":9}
{$veth0,\"event\":\"sifmtu\",$network,\"code\":3,\"mtu\":1400}
{$veth0,\"event\":\"sifflags\",$network,\"code\":1,\"flags\":[\"UP\",\"BROADCAST\",\"RUNNING\",\"MULTICAST\"]}
{$veth0,\"event\":\"proto-attached\",\"proto\":\"inet\",\"number\":2,$network,\"code\":14,\"protocols\":5}
{$veth0,\"event\":\"filter-detached\",\"filter\":\"noping\",\"class\":1,\"subclass\":3,\"code\":2}
{$veth0,\"event\":\"node-presence\",$network,\"code\":21,\"addr\":\"10.7.0.2\",\"lladdr\":\"02:00:00:00:07:ab\"}
{$veth0,\"event\":\"node-absence\",$network,\"code\":22,\"addr\":\"fd00:7::2\"}
{$veth7,\"event\":\"unknown\",\"class\":77,\"subclass\":2,\"code\":13,\"data\":\"01:02:ff\"}
{$veth0,\"event\":\"ifcap-changed\",$network,\"code\":19,\"attrs\":[\"linear\",\"arpll\"]}
{$veth0,\"event\":\"master-elected\",$network,\"code\":23}" -j monitor
monitors '-j -p monitor' '{
    "ifname": "veth7",
    "ifindex": 7,
    "event": "unknown",
    "class": 77,
    "subclass": 2,
    "code": 13,
    "data": "01:02:ff"
}' -j -p monitor veth7
stamp='[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}'
run -t monitor veth7
is '-t monitor' "$(sed -E "s/^\[$stamp\] //" <<<"$out")|$(grep -cE \
	"^\[$stamp\] " <<<"$out")" '7: veth7: unknown data 01:02:ff|1'
run -j -t monitor veth7
is '-j -t monitor' "$(grep -cE ",\"timestamp\":\"$stamp\"}$" <<<"$out")" 1
FAKE=overrun monitors 'monitor, some events are lost' "4: veth0: if-attached
4: veth0: sifmtu mtu 1400
4: veth0: sifflags flags <UP,BROADCAST,RUNNING,MULTICAST>
events were lost; attached now:
4: veth0: state attached unmatched drop header ethernet thread 1234
$block
4: veth0: filter-detached filter noping
4: veth0: node-presence addr 10.7.0.2 lladdr 02:00:00:00:07:ab
4: veth0: node-absence addr fd00:7::2
4: veth0: ifcap-changed attrs <linear,arpll>
4: veth0: master-elected" monitor veth0
resync="\"state\":\"attached\",\"unmatched\":\"drop\",\"header\":\"ethernet\",$protocols,$filters"
is 'monitor of an alternative name, some events are lost' \
	"$(FAKE=overrun "$tmp/san/dlilctl-fake" monitor port4 2>"$tmp/err" || :)" \
	"$out"
FAKE=overrun monitors '-j monitor, some events are lost' '{"event":"lost"}
{"event":"resync",'"$veth7,$resync}
{$veth7,\"event\":\"unknown\",\"class\":77,\"subclass\":2,\"code\":13,\"data\":\"01:02:ff\"}" \
	-j monitor veth7
FAKE=unknown run monitor veth0
is 'monitor, an event of a newer kernel' "$(tail -n 1 <<<"$out")" \
	'4: veth0: unknown'
FAKE=short run monitor
is 'monitor, a malformed event' "$status|$err" \
	'1|Error: request failed: Bad message'
FAKE=absent refused 'monitor, no module' \
	'the dlil module is not loaded: try modprobe dlil' monitor
status=0
timeout 10 "$tmp/san/dlilctl-fake" monitor >/dev/full 2>"$tmp/err" || status=$?
is 'monitor, a full disk' "$status|$(cat "$tmp/err")" \
	'1|Error: cannot write: No space left on device'

# Dropped packets, until the module is unloaded.  STA-6

export TZ=UTC
lost='Warning: 42 dropped packets were lost, because they were not read fast enough'
# has_drops NAME OUTPUT WORDS...
has_drops() {
	run "${@:3}"
	is "$1" "$status|$err|$out" "1|$lost
$unloaded|$2"
}
two='14:13:20.123456 veth0 in filter noping: 10.7.0.1 > 10.7.0.2 ICMP echo request, length 76
14:13:20.124456 veth0 out noproto: vlan 5 [fd00:7::1]:4711 > [fd00:7::2]:53 UDP, length 106'
all="$two
14:13:20.125456 veth7 in protocol inet: ARP who has 10.7.0.2, tell 10.7.0.1, length 82
14:13:20.126456 veth7 in queue-full: ARP 10.7.0.1 is at 02:00:00:00:07:01, length 82
14:13:20.127456 veth7 out driver: the packet is gone
14:13:20.128456 veth0 out policy: 10.7.0.1:40000 > 10.7.0.2:80 TCP SYN,ACK, length 80
14:13:20.129456 veth0 out framer: type 0x8847, length 43
14:13:20.130456 veth0 in demux: 02:00:00:00:07:01 > 02:00:00:00:07:02 type 0x0800, length 55
14:13:20.131456 veth0 in demux: vlan 7 10.7.0.1 > 10.7.0.2 TCP, length 79
14:13:20.132456 veth0 in demux: fd00:7::1 > fd00:7::2 protocol 58, fragment at 16, length 102
14:13:20.133456 veth0 in demux: fd00:7::1 > fd00:7::2 ICMPv6 neighbour solicitation, length 112
14:13:20.134456 veth0 in unknown: 02:00:00:00:07:01 > 02:00:00:00:07:02 LLC, length 54
14:13:20.135456 veth0 in tso: too short, length 41"
has_drops 'drops' "$all" drops
is 'the request for drops' "$log" 'trace-start v1 ack'
run drops veth0
is 'drops DEV' "$log" 'trace-start v1 ack ifname=veth0'
prints 'drops count N' "$two" drops count 2
prints 'drops count N, within a message' "${two%%$'\n'*}" drops veth0 count 1
prints '-t drops' "2026-09-21T${two%%$'\n'*}" -t drops count 1
run -d drops count 1
is '-d drops' "$status|$err|$out" \
	"0|Note: dropped packets are told from now on|${two%%$'\n'*}"
bytes=02000000070202000000070108004500005400000000400100000a0700010a0700020800
prints '-j drops' '{"time":1790000000123456789,"ifindex":4,"ifname":"veth0","direction":"in","reason":"filter","filter":"noping","len":76,"header":"ethernet","type":0,"bytes":"'$bytes'","summary":"10.7.0.1 > 10.7.0.2 ICMP echo request"}' \
	-j drops count 1
run -j drops
is '-j drops, the packet is gone' "$(sed -n 5p <<<"$out")" \
	'{"time":1790000000127456789,"ifindex":7,"ifname":"veth7","direction":"out","reason":"driver"}'
is '-j drops, some are lost' "$(tail -n 1 <<<"$out")|$err" \
	"{\"lost\":42}|$unloaded"
FAKE=behind run -j drops
is 'drops, some are left at the end' "$(tail -n 2 <<<"$out")|$err" \
	$'{"lost":42}\n{"lost":7}|'"$unloaded"
# Nothing of a trace is lost with other messages.
FAKE=overrun has_drops 'drops, a full socket' "$(sed '7,8d' <<<"$all")" drops
is 'drops, not asked again' "$log" 'trace-start v1 ack'
FAKE=short run drops
is 'drops, a malformed message' "$status|$err" \
	'1|Error: request failed: Bad message'
FAKE=refused refused 'drops are refused' \
	'dlil: veth0 is in a bridge: take it out first' drops veth0
FAKE=absent refused 'drops, no module' \
	'the dlil module is not loaded: try modprobe dlil' drops
status=0
timeout 10 "$tmp/san/dlilctl-fake" drops >/dev/full 2>"$tmp/err" || status=$?
is 'drops, a full disk' "$status|$(cat "$tmp/err")" \
	'1|Error: cannot write: No space left on device'
status=0
timeout 10 "$tmp/san/dlilctl-fake" drops -w /dev/full 2>"$tmp/err" || status=$?
is 'drops to a file, a full disk' "$status|$(cat "$tmp/err")" \
	'1|Error: cannot write the file: No space left on device'

# blocks FILE: the blocks of a file of packets, a line for each, without their lengths,
# which must be right.
blocks() {
	local hex len at=0

	hex=$(od -An -v -tx1 "$1" | tr -d ' \n')
	while [ $at -lt ${#hex} ]; do
		len=$((16#$(word "${hex:at + 8:8}") * 2))
		[ "${hex:at + len - 8:8}" = "${hex:at + 8:8}" ] || echo "wrong length"
		echo "${hex:at:8} ${hex:at + 16:len - 24}"
		at=$((at + len))
	done
}
# word HEX: a number as this machine keeps it.
word() {
	if [ "$(printf '\1\0\0\0' | od -An -tu4 | tr -d ' ')" = 1 ]; then
		echo "${1:6:2}${1:4:2}${1:2:2}${1:0:2}"
	else
		echo "$1"
	fi
}
sends 'drops to a file' 'trace-start v1 ack' drops count 1 -w "$tmp/one"
rm -f "$tmp/one"
run drops count 7 -w "$tmp/packets"
is 'drops to a file, in silence' "$status|$out|$err" '0||'
if [ "$(word 00000001)" = 01000000 ]; then
	blocks "$tmp/packets" >"$tmp/blocks"
	is 'the section' "$(sed -n 1p "$tmp/blocks")" \
		'0a0d0d0a 4d3c2b1a01000000ffffffffffffffff'
	is 'an interface' "$(sed -n 2p "$tmp/blocks")" \
		'01000000 0100000000000000020005007665746830000000090001000900000000000000'
	# The time is 1790000000123456789 = 0x18d75c65 0dbf0d15.
	is 'a packet' "$(sed -n 3p "$tmp/blocks")" \
		"06000000 00000000$(word "$(printf %08x $((1790000000123456789 >> 32)))")$(word \
			"$(printf %08x $((1790000000123456789 & 0xffffffff)))")240000004c000000${bytes}01000d0066696c746572206e6f70696e670000000200040001000000""00000000"
	is 'the tag of a packet' "$(sed -n 4p "$tmp/blocks" | grep -o '02000000070202000000070181002005.\{12\}')" \
		02000000070202000000070181002005""86dd60000000
	is 'interfaces and packets' "$(cut -d ' ' -f 1 "$tmp/blocks" | cut -c 1-2 |
		paste -sd ' ')" '0a 01 06 06 01 06 06 06 01 06 01 06'
	is 'their links' "$(grep ^01 "$tmp/blocks" | cut -c 10-13 | paste -sd ' ')" \
		'0100 0100 6500 7100'
	is 'a packet that is gone' "$(sed -n 8p "$tmp/blocks" | cut -c 34-49)" \
		0000000000000000
	is 'the header of a packet without one' "$(sed -n 12p "$tmp/blocks" |
		cut -c 50-87)" 0004ffff000000000000000000008847""6f6464
fi
is 'drops to standard output' "$("$tmp/san/dlilctl-fake" drops count 1 -w - |
	head -c 4 | od -An -tx1)" ' 0a 0d 0d 0a'
echo old >"$tmp/kept"
FAKE=refused refused 'drops to a file are refused' \
	'dlil: veth0 is in a bridge: take it out first' drops veth0 -w "$tmp/kept"
is 'a file, if drops are refused' "$(<"$tmp/kept")" old
# Each command of a batch has a file of its own, or none.
printf 'drops count 7 -w %s\ndrops count 7 -w %s\ndrops count 1\n' "$tmp/first" \
	"$tmp/second" >"$tmp/batch"
prints 'drops in a batch' "${two%%$'\n'*}" -batch "$tmp/batch"
is 'the files of a batch' "$(cmp "$tmp/first" "$tmp/packets" 2>&1 &&
	cmp "$tmp/second" "$tmp/packets" 2>&1)" ''
printf 'drops -w %s/none/file\ndrops count 1\n' "$tmp" >"$tmp/batch"
run -force -batch "$tmp/batch"
is 'a file of a batch that cannot be written' "$status|$err|$out" \
	"1|Error: $tmp/batch:1: cannot write \"$tmp/none/file\": No such file or directory|${two%%$'\n'*}"
refused 'a file that cannot be written' \
	"cannot write \"$tmp/none/file\": No such file or directory" \
	drops -w "$tmp/none/file"

# The command line.

run
is 'no command' "$status|$out|${err%%DEV*}" '2||Usage: dlilctl attach { '
run help
is 'help' "$status|$err|$(grep -c dlilctl "$tmp/out")" '0||21'
everything=$out
prints '-h' "$everything" -h
prints 'filter help' 'Usage: dlilctl filter show [ DEV ]
       dlilctl filter add DEV NAME [ first|last|before NAME|after NAME ] [ in|out|both ] { match EXPR drop|count|pass | [ match EXPR ] KIND [ ARG... ] } [ for TIME ]
       dlilctl filter replace DEV NAME [ first|last|before NAME|after NAME ] [ in|out|both ] { match EXPR drop|count|pass | [ match EXPR ] KIND [ ARG... ] } [ for TIME ]
       dlilctl filter change DEV NAME KIND [ ARG... ]
       dlilctl filter move DEV NAME first|last|before NAME|after NAME
       dlilctl filter del DEV NAME
       dlilctl filter flush DEV' filter help
prints 'proto plumb help' \
	'Usage: dlilctl proto plumb DEV inet|inet6|vlan|mpls|pppoe|PROTOCOL' \
	proto plumb help
set_help='Usage: dlilctl set DEV { unmatched pass|drop | queue [ packets N ] [ bytes N ] | arpll on|off | mtu N | lladdr ADDR | up | down | multicast add|del ADDR }...'
for words in 'set help' 'set veth0 help' 'set veth0 mtu help' 'set veth0 queue packets 5 help'; do
	# shellcheck disable=SC2086 # words
	prints "$words" "$set_help" $words
done
for words in 'add v0' 'add v0 f' 'add v0 f first' 'add v0 f in match icmp' \
	'add v0 f impair loss 1%' 'change v0 f impair' 'move v0 f before' 'del v0'; do
	# shellcheck disable=SC2086 # words
	run filter $words help
	is "filter $words help" "$status|$err|$log|${out%% DEV*}" \
		"0|||Usage: dlilctl filter ${words%% *}"
done
wrong 'a filter called help' 'no filter can be called help, which prints the usage' \
	filter add v0 help match icmp drop
prints 'ls help' 'Usage: dlilctl show [ DEV ]' ls help
version=$(sed -n 's/^\.TH DLILCTL 8 "[^"]*" "dlil \([^"]*\)".*/\1/p' \
	"$here/dlilctl.8")
for word in -V -Version --Version --version -version; do
	prints "$word, as the manual page says" "dlilctl $version" $word
done

wrong 'an unknown command' \
	'unknown command "frob", expected one of: attach detach set show stats monitor drops filter proto save restore help' frob
wrong 'an ambiguous command' 'ambiguous command "s", may be: set show stats save' s
wrong 'an unknown command of an object' 'unknown command "frob", expected one of: show add replace change move del flush' \
	filter frob
wrong 'an unknown option' 'unknown option "-x"' -x show
wrong 'an option with a value it does not take' \
	'unknown option "-j=yes"' -j=yes show
wrong 'an option that only begins like another one' 'unknown option "-brx"' -brx show
wrong 'an option after the command' \
	'options such as "-j" go before the command' show -j
wrong 'a bad color' '-color expects always, auto or never, got "red"' \
	-color=red show
wrong 'a missing namespace' 'NETNS after -netns is missing' -n
wrong 'a missing device' 'DEV is missing' attach
wrong 'an empty device' '"" is not a valid DEV, which has 1 to 127 characters' \
	attach ''
longest=$(printf 'x%.0s' {1..127})
sends 'a device of the longest name' "ifnet-attach v1 ack ifname=$longest" \
	attach "$longest"
wrong 'a long device' \
	"\"x$longest\" is not a valid DEV, which has 1 to 127 characters" \
	attach "x$longest"
sends 'detach of several devices' \
	$'ifnet-detach v1 ack ifname=veth0\nifnet-detach v1 ack ifname=veth7' \
	-w 0 detach veth0 veth7
wrong 'a word too many' 'unexpected argument "all"' save veth0 all
wrong 'a policy without a word' 'pass or drop is missing' attach veth0 unmatched
wrong 'a bad policy' 'expected pass or drop, got "eat"' \
	attach veth0 unmatched eat
wrong 'a missing policy' 'pass or drop is missing' set veth0 unmatched
settings='unmatched, queue, arpll, mtu, lladdr, up, down or multicast'
wrong 'nothing to set' "$settings is missing" set veth0
wrong 'an unknown setting' "expected $settings, got \"frob\"" \
	set veth0 frob
wrong 'an ambiguous setting' "expected $settings, got \"u\"" \
	set veth0 u
limits='packets or bytes'
wrong 'a missing limit' "$limits is missing" set veth0 queue
wrong 'an unknown limit' "expected $limits, got \"frob\"" \
	set veth0 queue frob
wrong 'a limit without a number' 'N is missing' set veth0 queue packets
wrong 'a limit that is none' '"1k" is not a number from 0 to 4294967295' \
	set veth0 queue packets 1 bytes 1k
wrong 'a limit given twice' 'packets is given twice' \
	set veth0 queue packets 1 packets 2
wrong 'a missing switch' 'on or off is missing' set veth0 arpll
wrong 'an unknown switch' 'expected on or off, got "o"' set veth0 arpll o
wrong 'a missing mtu' 'N is missing' set veth0 mtu
for bad in -1 4294967296 0x10 1k ''; do
	wrong "a bad mtu: $bad" \
		"\"$bad\" is not a number from 0 to 4294967295" set veth0 mtu "$bad"
done
wrong 'a missing address' 'ADDR is missing' set veth0 lladdr
printf -v long '%032d:00' 0
long=${long//00/00:}
for bad in '' : 02 02: :02 02:000:01 02:0g 02-00 "$long"; do
	[ "$bad" != 02 ] || continue
	wrong "a bad address: $bad" "\"$bad\" is not a link address" \
		set veth0 lladdr "$bad"
done
wrong 'neither add nor del' 'expected add or del, got "frob"' \
	set veth0 multicast frob 01:00:5e:00:00:01
wrong 'one setting twice' 'mtu is given twice' set veth0 mtu 1400 mtu 1500
wrong 'up and down' 'up and down exclude each other' set veth0 up down
wrong 'a word behind settings' "expected $settings, got \"5\"" set veth0 mtu 1400 5
wrong 'two devices to monitor' 'unexpected argument "veth7"' monitor veth0 veth7
wrong 'a missing filter name' 'NAME is missing' filter add veth0
long_name=$(printf '%032d' 0)
wrong 'a long filter name' \
	"\"$long_name\" is not a valid NAME, which has 1 to 31 characters" \
	filter del veth0 "$long_name"
wrong 'no match' 'expected match, got "icmp"' \
	filter add veth0 f icmp drop
wrong 'no name' 'NAME is missing in front of match' \
	filter add veth0 match icmp drop
wrong 'no match after the direction' 'match is missing' filter add veth0 f in
wrong 'no expression' 'EXPR is missing' filter add veth0 f match drop
wrong 'nothing after match' 'EXPR is missing' filter add veth0 f match
wrong 'no action' 'expected drop, count or pass at the end, got "icmp"' \
	filter add veth0 f match icmp
wrong 'no abbreviated action' 'expected drop, count or pass at the end, got "d"' \
	filter add veth0 f match icmp d
wrong 'a missing protocol' 'protocol is missing' proto plumb veth0

status=0
"$tmp/san/dlilctl" help >/dev/full 2>"$tmp/err" || status=$?
is 'a full disk' "$status|$(cat "$tmp/err")" \
	'1|Error: cannot write: No space left on device'

# Namespaces.  A private /run, for the machine's own to stay as it is.

refused 'an unknown namespace' \
	'cannot enter network namespace "no-such": No such file or directory' \
	-n no-such show
as_user=()
[ "$(id -u)" -eq 0 ] || as_user=(-r)
: >"$FAKE_LOG"
# shellcheck disable=SC2016 # expanded inside
FAKE=netns unshare "${as_user[@]}" -m bash -c '
	mount -t tmpfs none /run && mkdir /run/netns && >/run/netns/blue &&
	unshare -n mount --bind /proc/self/ns/net /run/netns/blue &&
	"$0" -n blue detach v0 && "$0" -n /run/netns/blue detach v0 &&
	"$0" detach v0 &&
	stat -Lc "ifnet-detach v1 ack ifname=v0 net:[%i]" \
		/run/netns/blue /run/netns/blue /proc/self/ns/net' \
	"$tmp/san/dlilctl-fake" >"$tmp/out" 2>"$tmp/err" || :
is '-n enters the namespace' "$(cat "$FAKE_LOG" "$tmp/err")" "$(cat "$tmp/out")"
is 'and only with -n' "$(sort -u "$FAKE_LOG" | wc -l)" 2

# The real netlink, whether the module happens to be there or not.

status=0
"$tmp/san/dlilctl" show >"$tmp/out" 2>"$tmp/err" || status=$?
if [ -d /sys/module/dlil ]; then
	is 'real netlink, module loaded' "$status|$(cat "$tmp/err")" '0|'
else
	is 'real netlink, no module' "$status|$(cat "$tmp/err")" \
		'1|Error: the dlil module is not loaded: try modprobe dlil'
fi

# The manual page and the completion know all that help knows.

is 'the manual page has no warnings' \
	"$(man --warnings -E UTF-8 -l -Tutf8 -Z "$here/dlilctl.8" \
		2>&1 >/dev/null)" ''
words() { grep -oE '[a-z0-9]+' | sort -u; }
is 'the manual page knows all words' \
	"$(sed -n 's/^.* dlilctl//p' <<<"$everything" | words |
		comm -23 - <(words <"$here/dlilctl.8"))" ''

# complete WORDS...: print what is offered for the last one.
complete_words() {
	COMP_WORDS=(dlilctl "$@") COMP_CWORD=$# COMPREPLY=()
	_dlilctl
	echo "${COMPREPLY[*]}"
}
# shellcheck source=tools/dlilctl/dlilctl.bash-completion
. "$here/dlilctl.bash-completion"
is 'completion of a command' "$(complete_words -j s)" 'set show stats save'
is 'completion of an object' "$(complete_words -n blue filter '')" \
	'add replace change move del flush show help'

# The program, and that of another namespace.
dlilctl() {
	if [ "$1" = -n ]; then
		[ "$2" = blue ] && echo '9: blue0: state attached'
	elif [ "$1" = -j ]; then
		"$tmp/san/dlilctl-fake" "$@"
	else
		printf '%s\n' '4: veth0: state attached' '    filter own' \
			'7: lo: state attached'
	fi
}
is 'completion of a device to attach' \
	"$(complete_words attach l | grep -ow lo)" ''
is 'no file is a device' \
	"$(complete_words monitor '' | grep -owE 'bonding_masters|dlil_ifnets')" ''
is 'completion of a device to detach' "$(complete_words detach '')" \
	'veth0 lo all help'
is 'completion of all devices' "$(complete_words attach al)" 'all'
is 'completion of a policy of several devices' \
	"$(complete_words attach x1 x2 unmatched '')" 'pass drop'
is 'completion behind dev' "$(complete_words detach dev v)" veth0
is 'completion of an option' "$(complete_words -j)" '-j -jp'
is 'completion of a device elsewhere' \
	"$(complete_words -n blue detach '')" 'blue0 all help'
is 'completion of a filter to delete' \
	"$(complete_words filter del veth0 o)" own
is 'completion of a filter to move' \
	"$(complete_words filter move veth0 n)" noping
is 'completion of a place' \
	"$(complete_words filter move veth0 noping '')" 'first last before after'
is 'completion of the place of a new filter' \
	"$(complete_words filter add veth0 new b)" 'before both'
is 'completion of the filter beside it' \
	"$(complete_words filter add veth0 new before o)" own
is 'completion of another device to detach' \
	"$(complete_words detach lo '')" 'veth0 lo'
is 'completion of a file' \
	"$(complete_words restore "$here/test.s")" "$here/test.sh"
is 'completion of a file of commands' \
	"$(complete_words -batch "$here/test.s")" "$here/test.sh"
is 'completion of a kind' "$(complete_words filter add lo f i)" 'in impair'
is 'completion of an effect' \
	"$(complete_words filter add lo f in impair loss 1% d)" \
	'delay distribution duplicate'
is 'completion of a protocol' "$(complete_words proto plumb lo i)" 'inet inet6'
is 'completion of a policy' "$(complete_words set lo unmatched '')" 'pass drop'
is 'completion of a setting' "$(complete_words set lo '')" \
	'unmatched queue arpll mtu lladdr up down multicast'
is 'completion of another setting' "$(complete_words set lo mtu 1400 u)" 'unmatched up'
is 'completion of a value behind a setting' \
	"$(complete_words set lo mtu 1400 multicast '')" 'add del'
is 'completion of a switch' "$(complete_words set lo arpll '')" 'on off'
is 'completion of a limit' "$(complete_words set lo queue '')" 'packets bytes'
is 'completion of another limit' \
	"$(complete_words set lo queue packets 4 b)" bytes
is 'completion of a group' "$(complete_words set lo multicast '')" 'add del'
is 'completion of a device to monitor' \
	"$(complete_words monitor l | grep -ow lo)" lo
is 'completion of an action' "$(complete_words filter add lo f in match icmp d)" \
	drop
unset -f dlilctl

# valgrind finds what ASan cannot: bytes that were never set.

# sound NAME STATUS WORDS...
sound() {
	status=0
	valgrind -q --error-exitcode=99 --leak-check=full \
		"$tmp/plain/dlilctl-fake" "${@:3}" \
		>/dev/null 2>"$tmp/err" || status=$?
	is "valgrind: $1" "$status|$(grep '^==' "$tmp/err" || :)" "$2|"
}
sound '-s -d show' 0 -s -d show
sound '-o -br' 0 -o -br filter show
sound 'a bad expression' 1 filter add v0 f match '(tcp and prt 80)' drop
sound 'attach all' 0 attach all unmatched drop
FAKE=second-refused sound 'attach of a pattern' 1 attach 'v*' 'x*' v0
sound 'filter add' 0 filter add v0 f in match tcp port 80 or icmp drop
printf '%s\n' 'filter add v0 "a b" match icmp '\\ drop 'filter move v0 a first' \
	'set v0 up' 'filter flush v0' >"$tmp/file"
sound 'a file' 0 -batch "$tmp/file"
FAKE=impair sound 'save' 0 save
FAKE=impair "$tmp/plain/dlilctl-fake" save | sed 1d >"$tmp/file"
sed -i '1i attach veth0 unmatched pass' "$tmp/file"
FAKE='impair stale' sound 'restore' 0 restore "$tmp/file" all
FAKE='intr latin1' sound 'a list that changes' 0 -j -s show
FAKE=short sound 'a malformed answer' 1 show
FAKE=overrun sound 'events' 1 -j -t monitor
sound 'set' 0 set v0 multicast add 01:00:5e:00:00:01
FAKE='refused uncapped' sound 'a refusal' 1 attach v0 unmatched drop

echo "dlilctl: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
