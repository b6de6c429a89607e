#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Measures what a packet costs, in instructions, in a VM whose one processor
# counts them; on the distribution's kernel or that of $KERNEL:
#
#   bench.sh [--strict] [--twice] [PART...]
#
#   --strict  a target that is missed is a failure
#   --twice   measure all of it twice; more than 1 % apart is a failure
#   PART      only these parts of guest/bench/cost.sh, for instance `bursts`;
#             then nothing is compared with targets, or drawn
#
# Writes build/bench/results.json, facts.json, table.txt and the pictures
# filters and bursts, as .svg and .png, the former also as Documentation/cost.svg.
# A case that is missing, or that lost packets which it ought not to lose, is a
# failure.  The last line is "bench: N passed, N failed".

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

usage() { sed -n '4,18s/^# \{0,1\}//p' "$0" >&2; exit 2; }

STRICT='' TWICE=''
while [ $# -gt 0 ]; do
	case $1 in
	--strict) STRICT=1; shift ;;
	--twice) TWICE=1; shift ;;
	-*) usage ;;
	*) break ;;
	esac
done

need_packages python3 gnuplot-nox fonts-dejavu-core
OUT=$TOP/build/bench
mkdir -p "$OUT"

# measure NAME [PART...]: runs them; the log is $OUT/NAME.out.
measure() {
	local name=$1
	shift

	"$TOP/scripts/vm.sh" --dlil --icount --timeout 1800 --name "$name" \
		"$TOP/scripts/guest/bench/cost.sh" "$@" >"$OUT/$name.out"
}

draw() {
	local type picture

	for picture in filters bursts; do
		for type in svg png; do
			gnuplot -e "out='$OUT/$picture.$type'; type='$type'; \
data='$OUT/$picture.dat'" \
				"$TOP/scripts/bench/style.gp" \
				"$TOP/scripts/bench/$picture.gp"
		done
	done
	# README refers to this one.
	sed '1a <!-- SPDX-License-Identifier: GPL-2.0 -->' "$OUT/filters.svg" \
		>"$TOP/Documentation/cost.svg"
}

say "measuring; about two minutes on an idle machine"
measure bench "$@"
again=()
if [ -n "$TWICE" ]; then
	DLIL_VM_BUILT=1 measure bench-again "$@"
	again=(--again "$OUT/bench-again.out")
fi
status=0
python3 "$TOP/scripts/bench/report.py" ${STRICT:+--strict} "${again[@]}" \
	${1:+--part} "$OUT" "$OUT/bench.out" || status=$?
[ $# -gt 0 ] || [ $status -gt 1 ] || draw
exit $status
