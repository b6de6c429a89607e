#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs the functional tests (guest/tests) in a VM, on the distribution's kernel
# or that of $KERNEL:
#
#   vmtest.sh [-k PATTERN]   those whose names match the pattern; no_ipv6 are
#                            those in a kernel without IPv6
#   vmtest.sh --harness      see that the VM harness notices what goes wrong
#
# The last line is "vmtest: N passed, N failed".  The tests that this kernel cannot run,
# since it was built without something, stand above it; the distribution's kernel runs
# all but those of PPP.

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

usage() { sed -n '3,13s/^# \{0,1\}//p' "$0" >&2; exit 2; }

PATTERN=. HARNESS=
case $#:${1:-} in
0:) ;;
2:-k) PATTERN=$2 ;;
1:--harness) HARNESS=1 ;;
*) usage ;;
esac

summary() {
	echo "vmtest: $1 passed, $2 failed"
	[ "$2" -eq 0 ] && [ "$1" -gt 0 ]
}

# notices NAME TEXT OPTION... -- COMMANDS: vm.sh must fail a script of these
# commands, and print that text.
notices() {
	local name=$1 text=$2 options=()
	shift 2

	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	echo "$2" >"$WORK/$name.sh"
	if ! "$TOP/scripts/vm.sh" "${options[@]}" --name "harness-$name" \
		"$WORK/$name.sh" >"$WORK/said" 2>&1 &&
		grep -qE "$text" "$WORK/said"; then
		echo "ok $name"
		PASSED=$((PASSED + 1))
	else
		sed 's/^/# /' "$WORK/said"
		echo "not ok $name"
		FAILED=$((FAILED + 1))
	fi
}

test_harness() {
	PASSED=0 FAILED=0
	WORK=$(mktemp -d "$CACHE/tmp.XXXXXX")
	trap 'rm -rf "$WORK"' EXIT

	notices failure 'exit status is 3' -- 'exit 3'
	notices warning 'the kernel reported: .*WARNING: planted' -- \
		'echo "<4>WARNING: planted" >/dev/kmsg'
	notices crash 'the kernel reported: .*sysrq' -- \
		'echo c >/proc/sysrq-trigger; sleep 60'
	notices hang 'did not end within 30 s' --timeout 30 -- 'sleep 600'
	notices dead 'stopped before the script ended' -- \
		'poweroff -f; sleep 600'
	notices no-plan 'an unknown number' --ktap -- 'echo ok 1 one'
	notices half-a-plan '1 tests reported of 2' --ktap -- \
		'echo 1..2; echo ok 1 one'
	notices not-ok 'tests failed' --ktap -- \
		'echo 1..2; echo ok 1 one; echo not ok 2 two'
	summary $PASSED $FAILED
}

# cards DIR: sets CARDS to the options for two network cards with a wire of their own,
# through sockets there, and one permanent address for both.
cards() {
	local i wire mac=02:00:00:00:07:0c

	CARDS=()
	for i in 0 1; do
		wire="local.type=unix,local.path=$1/$i"
		wire+=",remote.type=unix,remote.path=$1/$((1 - i))"
		CARDS+=(--qemu -netdev --qemu "dgram,id=card$i,$wire" --qemu -device
			--qemu "vmxnet3,netdev=card$i,mac=$mac,romfile=")
	done
}

# Runs one part of the tests in a VM of its own; each processor has its own
# caches.
run_part() {
	local dir status=0 CARDS

	dir=$(mktemp -d)
	cards "$dir"
	"$TOP/scripts/vm.sh" --dlil --ktap --timeout 600 --name "vmtest-$1" \
		--smp 2,sockets=2 "${CARDS[@]}" \
		"$TOP/scripts/guest/run-tests.sh" "$PATTERN" "$1" "$PARTS" ||
		status=$?
	rm -rf "$dir"
	return $status
}

# A kernel without IPv6 needs another boot, which is short.
run_no_ipv6() {
	"$TOP/scripts/vm.sh" --dlil --ktap --name vmtest-no-ipv6 \
		--append ipv6.disable=1 "$TOP/scripts/guest/no-ipv6.sh"
}

# count NAME STATUS: add the results of the VM with that name, which ended with
# STATUS.
count() {
	local p f

	read -r p f < <(ktap_counts "$TOP/build/vm/$1.out" "$2")
	passed=$((passed + p)) failed=$((failed + f))
	mapfile -t -O ${#left[@]} left < <(not_run "$TOP/build/vm/$1.out")
}

# Most tests keep one processor busy, so two VMs share them.
test_dlil() {
	local part pids=() status passed=0 failed=0 no_ipv6='' left=()

	PARTS=$(sed -nE 's/^test_([a-z0-9_]+)\(\).*/\1/p' \
		"$TOP"/scripts/guest/tests/*.sh | grep -cE -- "$PATTERN") || true
	grep -qE -- "$PATTERN" <<<no_ipv6 && no_ipv6=1
	[ "$PARTS" -gt 0 ] || [ -n "$no_ipv6" ] || die "no test matches $PATTERN"
	[ "$PARTS" -lt 2 ] || PARTS=2
	"$TOP/scripts/initramfs.sh" --dlil /dev/null \
		"$TOP/scripts/guest/run-tests.sh" >/dev/null
	export DLIL_VM_BUILT=1
	for ((part = 1; part <= PARTS; part++)); do
		run_part $part &
		pids+=($!)
	done
	for ((part = 1; part <= PARTS; part++)); do
		status=0
		wait "${pids[part - 1]}" || status=$?
		count "vmtest-$part" $status
	done
	if [ -n "$no_ipv6" ]; then
		status=0
		run_no_ipv6 || status=$?
		count vmtest-no-ipv6 $status
	fi
	[ ${#left[@]} -eq 0 ] || printf 'vmtest: not run: %s\n' "${left[@]}"
	summary $passed $failed
}

if [ -n "$HARNESS" ]; then
	test_harness
else
	test_dlil
fi
