#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds a User Mode Linux kernel that contains DLIL and its KUnit suites, with
# the kernel's checkers on, and runs it.
#
#   kunit.sh [--kernel X.Y] [FILTER_GLOB]
#
# FILTER_GLOB picks suites or cases, for instance 'dlil_filter' or
# 'dlil_input.*batch*'.  The first build of a kernel takes minutes, the next
# ones seconds.  A report of a checker fails the run even if every case passes.

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/guest/reports.sh
. "$TOP/scripts/guest/reports.sh"

usage() { sed -n '4,12s/^# \{0,1\}//p' "$0" >&2; exit 2; }

glob=
while [ $# -gt 0 ]; do
	case $1 in
	--kernel) [ $# -ge 2 ] || usage; KERNEL=$2; shift 2 ;;
	-*) usage ;;
	*) [ -z "$glob" ] || usage; glob=$1; shift ;;
	esac
done
export KERNEL=${KERNEL:-}

need_packages build-essential flex bison bc libelf-dev libssl-dev python3 \
	rsync cpio kmod

series=$("$TOP/scripts/kernel.sh" version)
tree=$("$TOP/scripts/kernel.sh" source "$series")
build=$CACHE/build-kunit-$series
log=$CACHE/kunit-$series.log	# of the build
raw=$build/test.log		# of the kernel, written by kunit.py
report=$build/report.txt	# of kunit.py

kunit() {
	/usr/bin/python3 "$tree/tools/testing/kunit/kunit.py" "$@" \
		--build_dir "$build"
}

# A copy, not a link, because objects of a build in the checkout would be
# mistaken for those of this one.  Compares checksums, so that unchanged files
# are not built again.
copy_module() {
	rsync --recursive --checksum --prune-empty-dirs --delete-excluded \
		--exclude='*.mod.c' \
		--include='/include/***' \
		--include='/impair/' --include='/kunit/' --include='/samples/' \
		--include='*.[ch]' --include=Kbuild --include=Kconfig \
		--exclude='*' --delete "$TOP/" "$tree/net/dlil/"
	grep -q '"net/dlil/Kconfig"' "$tree/net/Kconfig" ||
		sed -i '/^if NET$/a source "net/dlil/Kconfig"' "$tree/net/Kconfig"
	# shellcheck disable=SC2016 # make's variable
	grep -q 'dlil/$' "$tree/net/Makefile" ||
		echo 'obj-$(CONFIG_DLIL) += dlil/' >>"$tree/net/Makefile"
}

# Reports every half minute that the build is still running.
tick() {
	local next=30

	while sleep 1 && kill -0 $$ 2>/dev/null; do
		[ "$SECONDS" -ge $next ] || continue
		say "building Linux $series for KUnit: $SECONDS s, see $log"
		next=$((next + 30))
	done
}

build_kernel() {
	local ticker status=0

	SECONDS=0
	tick 9>&- &	# it shall not hold the lock
	ticker=$!
	kunit build --kunitconfig "$TOP/kunit/.kunitconfig" --jobs "$JOBS" \
		>"$log" 2>&1 || status=$?
	kill "$ticker"
	[ $status -ne 0 ] || return 0
	tail -n 60 "$log" >&2
	die "the kernel does not build, see $log"
}

# time-travel: an idle kernel advances its clock instead of waiting. verbose:
# the leak suite reads the output of kmemleak.
run_suites() {
	kunit exec --timeout 600 --kernel_args time-travel \
		--kernel_args kmemleak.verbose=1 ${glob:+"$glob"} \
		</dev/null 2>&1 | grep -v '^stty: ' | tee "$report"
}

# count WORD: the number with this word in the last line of kunit.py.
count() { sed -nE "s/.*Testing complete.*$1:? ([0-9]+).*/\1/p" "$report"; }

judge() {
	local status=$1 ran passed failed reports

	ran=$(count Ran)
	passed=$(count passed)
	# Skipped and crashed tests do not count as passed either.
	failed=$((${ran:-0} - ${passed:-0}))
	[ $failed -gt 0 ] || [ "$status" -eq 0 ] || failed=1
	if [ "${ran:-0}" -eq 0 ]; then
		say "no test was run"
		failed=1
	fi
	# The leak suite plants leaks for kmemleak, and judges its reports.
	if reports=$(kernel_reports "$raw" | grep -v '^kmemleak: '); then
		say "the kernel reported a fault, see $raw:"
		grep -F -A 40 -m 1 "$(head -n 1 <<<"$reports")" "$raw" >&2
		failed=$((failed + 1))
	fi
	echo "kunit: ${passed:-0} passed, $failed failed"
	[ $failed -eq 0 ]
}

build_and_run() {
	local status=0

	copy_module
	build_kernel
	say "running the suites"
	rm -f "$raw" "$report"
	run_suites || status=$?
	judge $status
}

locked "kunit-$series" build_and_run
