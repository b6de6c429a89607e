#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs all tests on a kernel with checkers, in a VM with four processors:
#
#   test-debug.sh [kasan|kcsan] [OPTION...]
#
#   kasan         the kernel with KASAN, lockdep, kmemleak, fault injection (default)
#   kcsan         the kernel with KCSAN: data races in our code
#   --ci          what fits into minutes: fewer functional tests, one round of the
#                 shorter chaos and faults, fewer fuzzed messages and packets
#   --rounds N    rounds of each kind of chaos
#   --count N     netlink messages, and packets, to fuzz with
#   --seed N      where random numbers start; the same seed does the same
#   --only STAGES these of kunit, tests, chaos, fuzz and planted, with commas
#   -k PATTERN    only those of tests and chaos whose names match the pattern
#
# The stages: the KUnit suites, as modules; the functional tests (guest/tests);
# chaos and fault injection (guest/debug/tests); the fuzzers; and deliberate
# bugs (kunit/dlil_planted.c), each of which must be reported.  Any report of a
# checker fails the stage and is shown.  If there are two processors, two VMs
# run at once; the output of each is printed when it ends.
#
# The last line is "test-debug: N passed, N failed".

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/guest/reports.sh
. "$TOP/scripts/guest/reports.sh"

usage() { sed -n '4,26s/^# \{0,1\}//p' "$0" >&2; exit 2; }

KIND=kasan ROUNDS=5 COUNT=200000 MEM=2G SEED=1 ONLY='' PATTERN=. CI=''
while [ $# -gt 0 ]; do
	case $1 in
	kasan | kcsan) KIND=$1; shift ;;
	# A scan for leaks takes time in proportion to memory.
	--ci) ROUNDS=1 COUNT=5000 MEM=512M CI=--ci; shift ;;
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

# Number of VMs that share the functional tests.
PARTS=2
# The part of chaos and faults that fits into minutes; and the functional tests
# to leave out.  These run the same code as other tests: for another kind of
# device, for several devices, or for reports about one.
CI_SHORT='^(chaos_[a-z]+|fault_(attach_thread|plumb|set|input_thread|atomic))$'
CI_LEAVES='^(monitor_(neighbours|neighbours_before|groups|namespaces|slow|nobody)'
CI_LEAVES+='|set_(errors|unprivileged)|thousand_devices|type_stays'
CI_LEAVES+='|tun_(filter|unplumb|rawip|tunnel|ppp)|ppp|wireguard|lo_(filter|unplumb)'
CI_LEAVES+='|sample_(segments|tap|tap_modes))$'
# Number of VMs at once: one keeps little more than one processor busy.
AT_ONCE=$((JOBS < 4 ? JOBS : 4))

summary() {
	echo "$1: $2 passed, $3 failed"
	[ "$3" -eq 0 ] && [ "$2" -gt 0 ]
}

# vm NAME OPTION... SCRIPT [ARG...]: run it in the VM; if it fails, show the
# first report completely.
vm() {
	local name=$KIND-$1 log=$TOP/build/vm/$KIND-$1.log first line status=0
	shift

	"$TOP/scripts/vm.sh" --dlil --smp 4 --mem "$MEM" --name "$name" "$@" ||
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

# Suites in modules have no KTAP header of their own; the header of the kernel
# does not include them.
suites_log() {
	local n

	n=$(grep -lE '^kunit_test_suite' "$TOP"/kunit/*.c |
		grep -cv dlil_leak_kunit)
	printf 'KTAP version 1\n1..%d\n' "$n"
	tr -d '\r' <"$1" | sed 's/^\[ *[0-9.]*\] //' | sed '1,/^KTAP version/d; /^1\.\.0$/d'
}

job_kunit() {
	local tree passed ran skipped failed status=0 log=$TOP/build/vm/$KIND-kunit.log

	vm kunit --timeout 1800 "$TOP/scripts/guest/debug/kunit.sh" || status=$?
	tree=$("$TOP/scripts/kernel.sh" source)
	suites_log "$log" >"$log.ktap"
	/usr/bin/python3 "$tree/tools/testing/kunit/kunit.py" parse "$log.ktap" |
		tee "$log.parsed" || true
	ran=$(count Ran)
	passed=$(count passed)
	skipped=$(count skipped)
	failed=$((${ran:-0} - ${passed:-0} - ${skipped:-0}))
	[ $status -eq 0 ] || [ $failed -gt 0 ] || failed=1
	summary kunit "${passed:-0}" $failed
}

# count WORD: the number with this word in the last line of kunit.py.
count() {
	sed -nE "s/.*Testing complete.*$1:? ([0-9]+).*/\1/p" \
		"$TOP/build/vm/$KIND-kunit.log.parsed"
}

# names JOB: print the tests of the job that match the pattern.
names() {
	local pattern=. not='^$' files=("$TOP"/scripts/guest/debug/tests/*.sh)

	case $1 in
	tests-*)
		files=("$TOP"/scripts/guest/tests/*.sh)
		[ -z "$CI" ] || [ "$PATTERN" != . ] || not=$CI_LEAVES ;;
	churn) pattern=^chaos_ ;;
	faults) pattern=^fault_ ;;
	short) pattern=$CI_SHORT ;;
	esac
	sed -nE 's/^test_([a-z0-9_]+)\(\).*/\1/p' "${files[@]}" |
		grep -E -- "$pattern" | grep -E -- "$PATTERN" | grep -vE -- "$not"
}

# count_ktap JOB STATUS
count_ktap() {
	local passed failed

	read -r passed failed < <(ktap_counts "$TOP/build/vm/$KIND-$1.out" "$2")
	summary "${1%-[0-9]*}" "$passed" "$failed"
}

# Runs a part of the functional tests.  Leak detection would cost more than all
# other checkers; chaos and the KUnit suites have it.
job_tests() {
	local status=0 list all

	mapfile -t list < <(names "tests-$1")
	all=$(CI='' names "tests-$1" | wc -l)
	say "tests: ${#list[@]} of $all, shared by $PARTS machines"
	vm "tests-$1" --ktap --timeout 1800 --append kmemleak=off \
		--mem 2G --smp 4,sockets=2 "$TOP/scripts/guest/run-tests.sh" \
		"^($(IFS='|'; echo "${list[*]}"))\$" "$1" $PARTS || status=$?
	count_ktap "tests-$1" $status
}

# job_debug churn|faults|short: chaos, failing allocations, or some of both
job_debug() {
	local status=0 list

	mapfile -t list < <(names "$1")
	say "$1: ${#list[@]} kinds, $ROUNDS rounds of each, seed $SEED"
	# Many allocations may fail in a test, and the kernel logs each.
	vm "$1" --ktap --timeout 3600 --append log_buf_len=4M \
		"$TOP/scripts/guest/debug/run.sh" \
		"$ROUNDS" "$SEED" "$(IFS='|'; echo "${list[*]}")" \
		"$([ -n "$CI" ] || echo each)" || status=$?
	count_ktap "$1" $status
}

# job_fuzz netlink|packets...
job_fuzz() {
	local what="$*"

	say "fuzzing: $COUNT ${what/ / and as many }, seed $SEED"
	exec "$TOP/scripts/fuzz/fuzz.sh" "$@" --count "$COUNT" --seed "$SEED" \
		--mem "$MEM"
}

# planted BUG FUNCTION REPORT: the harness must find that report in the kernel's
# log, and the function in it, or in the output of kmemleak.
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

# lockdep is off after a use after free, so that bug comes last.
job_planted() {
	local bugs=(inversion atomic leak leak leak use-after-free) script status=0

	PASSED=0 FAILED=0
	[ "$KIND" = kasan ] || bugs=(race)
	script=$(mktemp "$CACHE/tmp.XXXXXX")
	# shellcheck disable=SC2064 # this one
	trap "rm -f '$script'" EXIT
	{
		echo 'bash debug/leaks.sh forget && modprobe dlil_planted || exit'
		# Each by a process of its own, whose stack goes with it: kmemleak takes
		# whatever is on the stack of a task for a reference.
		printf '(echo %s >/sys/module/dlil_planted/parameters/bug) || exit\n' \
			"${bugs[@]}"
		# kmemleak has missed all of them twice, in two scans and in three.
		[ "$KIND" != kasan ] ||
			echo 'echo scan >/sys/kernel/debug/kmemleak'
	} >"$script"
	"$TOP/scripts/vm.sh" --dlil --smp 4 --mem "$MEM" --timeout 600 \
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

# The jobs of each stage, a VM each.
jobs_of() {
	local i

	case $1 in
	tests) for ((i = 1; i <= PARTS; i++)); do echo "tests-$i"; done ;;
	# The long jobs first, and the short ones in one VM.  No job has the
	# name of a stage with several jobs.
	chaos) if [ -n "$CI" ]; then echo short; else echo faults churn; fi ;;
	fuzz) if [ -n "$CI" ]; then echo both; else echo netlink packets; fi ;;
	*) echo "$1" ;;
	esac
}

# A pattern selects jobs that have names.
if [ -z "$ONLY" ] && [ "$PATTERN" != . ]; then
	[ -z "$(names tests-1)" ] || ONLY=tests
	[ -z "$(names all)" ] || ONLY=${ONLY:+$ONLY,}chaos
	[ -n "$ONLY" ] || die "no test matches $PATTERN"
fi
# Too few tests for several VMs, or none for one of them.
[ "$(names tests-1 | wc -l)" -ge $PARTS ] || PARTS=1
IFS=, read -ra stages <<<"${ONLY:-tests,kunit,chaos,fuzz,planted}"
JOBLIST=()
for stage in "${stages[@]}"; do
	for job in $(jobs_of "$stage"); do
		case $job in
		kunit | tests-[0-9] | netlink | packets | both | planted) ;;
		churn | faults | short) [ -n "$(names "$job")" ] || continue ;;
		*) usage ;;
		esac
		JOBLIST+=("$job")
	done
done
[ ${#JOBLIST[@]} -gt 0 ] || die "no test of these stages matches $PATTERN"

DIR=$("$TOP/scripts/debug-kernel.sh" "$KIND")
export DLIL_VM_IMAGE=$DIR/arch/x86/boot/bzImage DLIL_VM_KDIR=$DIR \
	DLIL_VM_MODULES=$DIR/image
# Once, not for each VM.
if [ -z "${DLIL_VM_BUILT:-}" ]; then
	"$TOP/scripts/initramfs.sh" --dlil /dev/null "$0" >/dev/null
	export DLIL_VM_BUILT=1
fi

if [ ${#JOBLIST[@]} -gt 1 ]; then
	again="scripts/test-debug.sh $KIND $CI --rounds $ROUNDS --count $COUNT"
	again+=" --seed $SEED -k $PATTERN --only"
	exec "$TOP/scripts/tally.sh" -j "$AT_ONCE" test-debug \
		"${JOBLIST[@]/#/$again }"
fi
case ${JOBLIST[0]} in
kunit | planted) "job_${JOBLIST[0]}" ;;
tests-*) job_tests "${JOBLIST[0]#tests-}" ;;
churn | faults | short) job_debug "${JOBLIST[0]}" ;;
netlink | packets) job_fuzz "${JOBLIST[0]}" ;;
both) job_fuzz netlink packets ;;
esac
