#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Measures what instruction counts cannot show: in User Mode Linux, the time
# that packets take on this machine's processor, as medians of nine; on the
# distribution's kernel with four emulated processors, how many packets get
# through, that packets of a flow stay in order, and how many answers eight
# clients get. $KERNEL chooses another kernel series.
#
#   bench-native.sh [uml|smp]...    all of it, or these
#
# Ratios to the baseline can be compared between machines, times cannot.  The
# last line is "bench-native: N passed, N failed".

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

OUT=$TOP/build/bench
ROUNDS=9
mkdir -p "$OUT"
need_packages python3
WORK=$(mktemp -d "$CACHE/tmp.XXXXXX")
trap 'rm -rf "$WORK"' EXIT

# This kernel has one processor and no serial lines; its console is our output.
measure_uml() {
	local dir rounds=() i

	dir=$("$TOP/scripts/bench/uml-kernel.sh")
	for ((i = 0; i < ROUNDS; i++)); do
		rounds+=(native)
	done
	ARCH=um DLIL_VM_IMAGE=$dir/linux DLIL_VM_MODULES=$dir/image \
		DLIL_VM_KDIR=$dir "$TOP/scripts/initramfs.sh" --dlil \
		"$WORK/initrd" "$TOP/scripts/guest/bench/cost.sh" \
		"${rounds[@]}" >/dev/null
	timeout -k 5 900 "$dir/linux" mem=1G "initrd=$WORK/initrd" \
		rdinit=/dlil/bench/uml-init con=null con0=fd:0,fd:1 quiet \
		</dev/null | tr -d '\r' >"$OUT/uml.out" || true
	grep -qx 'exit 0' "$OUT/uml.out" ||
		{ tail -n 20 "$OUT/uml.out" >&2; die "User Mode Linux failed"; }
}

measure_smp() {
	"$TOP/scripts/vm.sh" --dlil --smp 4 --mem 2G --timeout 600 \
		--name bench-smp "$TOP/scripts/guest/bench/cost.sh" \
		parallel parallel parallel clients >"$OUT/smp.out"
}

[ $# -gt 0 ] || set -- uml smp
files=()
for what; do
	case $what in
	uml) measure_uml ;;
	smp) measure_smp ;;
	*) die "usage: bench-native.sh [uml|smp]..." ;;
	esac
	files+=("$OUT/$what.out")
done
python3 "$TOP/scripts/bench/report.py" --native "$OUT" "${files[@]}" |
	tee "$OUT/native.txt"
exit "${PIPESTATUS[0]}"
