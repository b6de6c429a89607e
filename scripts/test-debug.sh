#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs all there is on a kernel with checkers, in a VM with four processors:
#
#   test-debug.sh [kasan|kcsan] [OPTION...]
#
#   kasan         the kernel with KASAN, lockdep, kmemleak, fault injection (default)
#   kcsan         the kernel with KCSAN: data races in our code
#   --ci          what fits into minutes: one round of chaos, of each kind by itself,
#                 the shorter faults, fewer fuzzed messages and packets
#   --rounds N    rounds of each kind of chaos
#   --count N     netlink messages, and packets, to fuzz with
#   --seed N      where random numbers start; the same seed does the same
#   --only STAGES these of kunit, tests, chaos, fuzz and planted, with commas
#   -k PATTERN    only those of tests and chaos whose names match the pattern
#
# The stages: the KUnit suites, as modules; the functional tests (guest/tests);
# chaos and fault injection (guest/debug/tests); the fuzzers; and bugs on purpose
# (kunit/dlil_planted.c), each of which has to be reported.  Any report of any
# checker fails a stage and is shown.
#
# The last line is "test-debug: N passed, N failed".

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/guest/reports.sh
. "$TOP/scripts/guest/reports.sh"

usage() { sed -n '4,25s/^# \{0,1\}//p' "$0" >&2; exit 2; }

KIND=kasan ROUNDS=10 COUNT=200000 SEED=1 ONLY='' PATTERN=. CI=''
while [ $# -gt 0 ]; do
	case $1 in
	kasan | kcsan) KIND=$1; shift ;;
	--ci) ROUNDS=1 COUNT=30000 CI=1; shift ;;
	--rounds | --count | --seed | --only)
		[ $# -ge 2 ] || usage
		declare "$(tr '[:lower:]' '[:upper:]' <<<"${1#--}")=$2"
		shift 2 ;;
	-k)
		[ $# -ge 2 ] || usage
		PATTERN=$2
		shift 2 ;;
	*) usage ;;
	esac
done

summary() {
	echo "$1: $2 passed, $3 failed"
	[ "$3" -eq 0 ] && [ "$2" -gt 0 ]
}

# vm NAME OPTION... SCRIPT [ARG...]: in the VM; if it fails, the first report in
# full.
vm() {
	local name=$KIND-$1 log=$TOP/build/vm/$KIND-$1.log first line status=0
	shift

	"$TOP/scripts/vm.sh" --dlil --smp 4 --mem 2G --name "$name" "$@" ||
		status=$?
	[ $status -ne 0 ] || return 0
	first=$(kernel_reports "$log" | head -n 1)
	if [ -n "$first" ]; then
		line=$(grep -nFm 1 -- "$first" "$log" | cut -d : -f 1)
		echo "--- the first report (build/vm/$name.log) ---"
		sed -n "$line,$((line + 80))p" "$log"
		echo "---"
	fi >&2
	return $status
}

# The suites of a module have no KTAP header of their own; that of the kernel has
# none of them.
suites_log() {
	local n

	n=$(grep -lE '^kunit_test_suite' "$TOP"/kunit/*.c |
		grep -cv dlil_leak_kunit)
	printf 'KTAP version 1\n1..%d\n' "$n"
	tr -d '\r' <"$1" | sed 's/^\[ *[0-9.]*\] //' | sed '1,/^KTAP version/d; /^1\.\.0$/d'
}

stage_kunit() {
	local tree passed ran failed status=0 log=$TOP/build/vm/$KIND-kunit.log

	vm kunit --timeout 300 "$TOP/scripts/guest/debug/kunit.sh" || status=$?
	tree=$("$TOP/scripts/kernel.sh" source)
	suites_log "$log" >"$log.ktap"
	/usr/bin/python3 "$tree/tools/testing/kunit/kunit.py" parse "$log.ktap" |
		tee "$log.parsed" || true
	ran=$(count Ran)
	passed=$(count passed)
	failed=$((${ran:-0} - ${passed:-0}))
	[ $status -eq 0 ] || [ $failed -gt 0 ] || failed=1
	summary kunit "${passed:-0}" $failed
}

# count WORD: the number that kunit.py's last line gives for it.
count() {
	sed -nE "s/.*Testing complete.*$1:? ([0-9]+).*/\1/p" \
		"$TOP/build/vm/$KIND-kunit.log.parsed"
}

# names FILE...: of the tests in them, if they match the pattern.
names() {
	sed -nE 's/^test_([a-z0-9_]+)\(\).*/\1/p' "$@" | grep -E -- "$PATTERN"
}

# count_ktap VM STATUS: adds to PASSED and FAILED.  What a crash kept from running
# failed, and so did the run itself if no test is to blame for what is wrong.
count_ktap() {
	local out=$TOP/build/vm/$KIND-$1.out ran plan

	ran=$(grep -c '^ok ' "$out" || true)
	plan=$(sed -nE 's/^1\.\.([0-9]+)$/\1/p' "$out")
	PASSED=$((PASSED + ran))
	FAILED=$((FAILED + ${plan:-1} - ran))
	[ "$2" -eq 0 ] || [ "${plan:-1}" -gt "$ran" ] || FAILED=$((FAILED + 1))
}

# The functional tests, every second one in a VM of its own: one cannot keep two
# processors busy.  To keep account of all memory would cost more than all other
# checkers; chaos does that, and the KUnit suites.
stage_tests() {
	local part parts=2 pids=() status

	PASSED=0 FAILED=0
	[ "$(names "$TOP"/scripts/guest/tests/*.sh | wc -l)" -ge 2 ] || parts=1
	for ((part = 1; part <= parts; part++)); do
		vm tests-$part --ktap --timeout 1800 --append kmemleak=off \
			--smp 4,sockets=4 "$TOP/scripts/guest/run-tests.sh" "$PATTERN" \
			$part $parts &
		pids+=($!)
	done
	for ((part = 1; part <= parts; part++)); do
		status=0
		wait "${pids[part - 1]}" || status=$?
		count_ktap tests-$part $status
	done
	summary tests $PASSED $FAILED
}

# Chaos and fault injection.
stage_chaos() {
	local status=0

	PASSED=0 FAILED=0
	say "chaos: $ROUNDS rounds of each kind, seed $SEED${CI:+, the shorter ones}"
	[ -z "$CI" ] || [ "$PATTERN" != . ] ||
		PATTERN='^chaos_[a-z]+$|^fault_(attach_thread|plumb|set|input_thread|atomic)$'
	vm chaos --ktap --timeout 3600 "$TOP/scripts/guest/debug/run.sh" \
		"$ROUNDS" "$SEED" "$PATTERN" || status=$?
	count_ktap chaos $status
	summary chaos $PASSED $FAILED
}

stage_fuzz() {
	say "fuzzing: $COUNT messages and packets, seed $SEED"
	exec "$TOP/scripts/fuzz/fuzz.sh" --count "$COUNT" --seed "$SEED"
}

# planted BUG FUNCTION REPORT: the harness found that report in the kernel's log,
# which, or what kmemleak was asked for, names the function.
planted() {
	local log=$TOP/build/vm/$KIND-planted.log

	if kernel_reports "$log" | grep -qE "$3" &&
		grep -q "$2" "$log" "${log%.log}.out"; then
		echo "ok planted-$1: $3"
		PASSED=$((PASSED + 1))
	else
		echo "not ok planted-$1: no report of $3 in $log"
		FAILED=$((FAILED + 1))
	fi
}

# Behind a use after free lockdep is silent, so that comes last.
stage_planted() {
	local bugs=(inversion atomic leak use-after-free) script status=0

	PASSED=0 FAILED=0
	[ "$KIND" = kasan ] || bugs=(race)
	script=$(mktemp "$CACHE/tmp.XXXXXX")
	# shellcheck disable=SC2064 # this one
	trap "rm -f '$script'" EXIT
	{
		echo 'bash debug/leaks.sh forget && modprobe dlil_planted || exit'
		printf 'echo %s >/sys/module/dlil_planted/parameters/bug || exit\n' \
			"${bugs[@]}"
	} >"$script"
	"$TOP/scripts/vm.sh" --dlil --smp 4 --mem 2G --timeout 300 \
		--name "$KIND-planted" "$script" >/dev/null 2>&1 || status=$?
	if [ $status -eq 0 ]; then
		echo "not ok planted: the harness found nothing"
		FAILED=1
	fi
	if [ "$KIND" = kasan ]; then
		planted inversion planted_inversion \
			'possible circular locking dependency'
		planted atomic planted_atomic \
			'BUG: sleeping function called from invalid context'
		planted leak planted_leak 'kmemleak: [0-9]+ new suspected'
		planted use-after-free planted_use_after_free \
			'BUG: KASAN: .*use-after-free'
	else
		planted race planted_racer 'BUG: KCSAN: data-race'
	fi
	summary planted $PASSED $FAILED
}

# A pattern is for the two stages that have names.
if [ -z "$ONLY" ] && [ "$PATTERN" != . ]; then
	[ -z "$(names "$TOP"/scripts/guest/tests/*.sh)" ] || ONLY=tests
	[ -z "$(names "$TOP"/scripts/guest/debug/tests/*.sh)" ] ||
		ONLY=${ONLY:+$ONLY,}chaos
	[ -n "$ONLY" ] || die "no test matches $PATTERN"
fi
if [ -z "$ONLY" ] || [[ $ONLY = *,* ]]; then
	again="scripts/test-debug.sh $KIND ${CI:+--ci} --rounds $ROUNDS"
	again+=" --count $COUNT --seed $SEED -k $(printf %q "$PATTERN") --only"
	IFS=, read -ra stages <<<"${ONLY:-kunit,tests,chaos,fuzz,planted}"
	exec "$TOP/scripts/tally.sh" test-debug "${stages[@]/#/$again }"
fi

DIR=$("$TOP/scripts/debug-kernel.sh" "$KIND")
export DLIL_VM_IMAGE=$DIR/arch/x86/boot/bzImage DLIL_VM_KDIR=$DIR \
	DLIL_VM_MODULES=$DIR/image
# Once, not for each VM.
"$TOP/scripts/initramfs.sh" --dlil /dev/null "$0" >/dev/null
export DLIL_VM_BUILT=1

case $ONLY in
kunit | tests | chaos | fuzz | planted) "stage_$ONLY" ;;
*) usage ;;
esac
