#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# What can be checked without running the module: warnings, annotations,
# documentation, style.  KERNEL=X.Y chooses the kernel to build against.
#
#   check.sh [NAME...]     all checks, or those named
#
# One line for each check, `ok NAME` or `not ok NAME` with what it had to say,
# and at the end `check: N passed, N failed`.

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

CHECKS=(build floors checkpatch kernel-doc shellcheck tool netlink spdx
	spelling comments hosts commits semantics mutants)

need_packages build-essential git perl rsync shellcheck sparse codespell

# Called by a make, it calls others with flags of their own.
unset MAKEFLAGS MFLAGS MAKELEVEL
cd "$TOP"
SERIES=$(scripts/kernel.sh version)
KDIR=$(scripts/kernel.sh headers "$SERIES")
TREE=$(scripts/kernel.sh source "$SERIES")
BUILD=$(build_folder "check-${KDIR##*/linux-headers-}" "$KDIR")
OUT=$(mktemp -d)
trap 'rm -rf "$OUT"' EXIT

in_git() { git -c safe.directory="$TOP" "$@"; }

# Files that are tracked, or that somebody forgot to track.
FILES=()
while IFS= read -r -d '' file; do
	[ ! -e "$file" ] || FILES+=("$file")
done < <(in_git ls-files -z --cached --others --exclude-standard)
[ ${#FILES[@]} -gt 0 ] || die "no files: this wants a git checkout"

# matching REGEX: the files of that path.
matching() { printf '%s\n' "${FILES[@]}" | grep -E "$1"; }

# Written by the kernel's own generator, in its own style.
GENERATED='(^|/)dlil_netlink_gen\.[ch]$|^include/uapi/linux/dlil\.h$'

mapfile -t C_FILES < <(matching '\.[ch]$' | grep -vE "$GENERATED")
USER='^(tools|scripts)/|^samples/echo-client\.c$'
COMPAT=include/compat.h
mapfile -t KERNEL_C < <(printf '%s\n' "${C_FILES[@]}" |
	grep -vE "$USER|^$COMPAT$")
mapfile -t USER_C < <(printf '%s\n' "${C_FILES[@]}" | grep -E "$USER")
mapfile -t SCRIPTS < <(printf '%s\0' "${FILES[@]}" | xargs -0 \
	grep -lE '^#!.*[/ ](ba)?sh$|^# shellcheck shell=')

# none GREP...: true if it looked and found nothing; shows what it finds.
none() {
	local status=0

	"$@" || status=$?
	[ $status -eq 1 ]
}

# What the suites are linked with, in the notation of Module.symvers: the headers'
# kernel has no KUnit.
kunit_symbols() {
	sed -nE 's/^EXPORT_SYMBOL(_GPL)?\((.*)\);$/0x0\t\2\tvmlinux\tEXPORT_SYMBOL\1\t/p' \
		"$TREE"/lib/kunit/*.c
}

# What sparse says of our files, and a failure if it says anything.  Kernel headers may
# have reports of their own, which are not ours to mend.
strict_sparse() {
	cat <<-END
		#!/bin/sh
		said=\$(sparse "\$@" 2>&1) || { echo "\$said"; exit 1; }
		! echo "\$said" | grep -E ': (warning|error): ' |
			grep -vE "^(${KDIR%/usr/src/*}/|[.]/|include/|arch/)"
	END
}

# All kernel code, even what is for User Mode Linux only, with all warnings and with
# sparse.  The core is as the suites want it (DLIL_TESTED), which is with a few exports
# more.  -Werror is for the compiler; others have warnings of their own.
build_strictly() {
	local file

	# If all was well the last time, what has not changed still is.
	[ -e "$BUILD.passed" ] || rm -rf "$BUILD"
	rm -f "$BUILD.passed"
	copy_sources "$BUILD"
	kunit_symbols >"$BUILD.symvers"
	strict_sparse >"$BUILD.sparse"
	chmod +x "$BUILD.sparse"
	make -C "$KDIR" M="$BUILD" -k -j "$JOBS" W=1 KCFLAGS=-Werror \
		C=1 CHECK="$BUILD.sparse" CF=-D__CHECK_ENDIAN__ \
		KBUILD_EXTRA_SYMBOLS="$BUILD.symvers" \
		CONFIG_DLIL{,_SAMPLE,_KUNIT_TEST,_FUZZ,_BENCH,_PLANTED,_SLEEPER}=m \
		CONFIG_UML_TIME_TRAVEL_SUPPORT=y modules 2>&1 |
		tee "$OUT/build.log"
	none grep -i warning "$OUT/build.log"
	for file in "${KERNEL_C[@]}"; do
		[[ $file == *.h || -e $BUILD/${file%.c}.o ]] ||
			{ echo "not compiled: $file"; return 1; }
	done
	make -B -C "$BUILD" samples/echo-client CFLAGS=-Werror
	touch "$BUILD.passed"
}

check_build() { locked "${BUILD##*/}" build_strictly; }

# checkpatch IGNORE FILE...: not in the checkout, where it leaves a cache.
checkpatch() {
	local ignore=$1
	shift

	printf '%s\0' "${@/#/$TOP/}" | (cd "$OUT" && xargs -0 -n 4 -P "$JOBS" \
		"$TREE/scripts/checkpatch.pl" --strict --no-tree --root="$TOP" \
		--no-summary --show-types --quiet --ignore "$ignore" -f) |
		sed "s#$TOP/##"
}

# Macro arguments here are names to be pasted and conditions to be asked again.
# Programs are held to the kernel's style as well, but have the C library's types
# and not the kernel's macros, and what they print is for people; and _Alignas() is
# taken for a cast; and one is part of another and has to say so.  What keeps us
# compatible with several kernels has to ask which one it is.
check_checkpatch() {
	local all=MACRO_ARG_REUSE bad=0
	local user=PREFER_DEFINED_ATTRIBUTE_MACRO,PREFER_KERNEL_TYPES,CAMELCASE
	user+=,AVOID_EXTERNS,ARRAY_SIZE,PREFER_FALLTHROUGH,EMBEDDED_FUNCTION_NAME,SPACING
	local compat=LINUX_VERSION_CODE,CONSTANT_COMPARISON

	checkpatch $all "${KERNEL_C[@]}" || bad=1
	checkpatch $all,$user "${USER_C[@]}" || bad=1
	checkpatch $all,$compat "$COMPAT" || bad=1
	[ $bad -eq 0 ]
}

# Every function for others has it, and all there is of it is well-formed.
check_kernel-doc() {
	local name bad=0

	"$TREE/scripts/kernel-doc" -none -Werror "${KERNEL_C[@]}" "$COMPAT"
	while read -r name; do
		! grep -q "\b$name(" include/net/dlil.h ||
			grep -q "^ \* $name - " "${KERNEL_C[@]}" ||
			{ echo "$name has no kernel-doc"; bad=1; }
	done < <(sed -nE 's/^EXPORT_SYMBOL(_GPL)?\((.*)\);$/\2/p' \
		"${KERNEL_C[@]}")
	[ $bad -eq 0 ]
}

# The guest sources all files of tests into one shell, so each name is there once.
check_shellcheck() {
	shellcheck -x -P SCRIPTDIR -P "$TOP" "${SCRIPTS[@]}"
	none grep . < <(matching '^scripts/guest/(tests/.*|lib)\.sh$' |
		xargs grep -hoE '^[a-z_0-9]+\(\)' | sort | uniq -d)
}

# Built with -Werror, run under sanitizers and valgrind.
check_tool() { tools/dlilctl/test.sh; }

check_netlink() { scripts/gen-netlink.sh --check; }

# The licence is the one file that cannot carry its own name; a patch changes files that
# do.
check_spdx() {
	local file bad=0

	for file in "${FILES[@]}"; do
		[[ $file != LICENSE && $file != *.patch ]] || continue
		head -n 3 "$file" | grep -q 'SPDX-License-Identifier: ' && continue
		echo "$file: no SPDX-License-Identifier in its first lines"
		bad=1
	done
	[ $bad -eq 0 ]
}

# diff cuts the names of functions off.
check_spelling() {
	mapfile -t texts < <(matching . | grep -vx LICENSE)
	codespell --quiet-level 3 --ignore-words-list iif,nd,struc "${texts[@]}"
}

# Calls and includes that go up, of the floors that hacking.rst gives each file: there
# are none.

# The files of the table in hacking.rst, lowest first.
floors() {
	sed -nE 's/^[0-9]+ +(dlil_[a-z_]+)\.c .*/\1/p' Documentation/hacking.rst
}

# Lines `FILE CALLED SYMBOL`, and `FILE INCLUDED header`.
references() {
	local f

	for f in $(floors); do
		nm "$BUILD/$f.o" | awk -v f="$f" '{ print f, $(NF-1), $NF }'
	done | awk '$2 == "U" && $1 != "dlil_netlink_gen" { use[$1 " " $3] }
		$2 ~ /^[A-TV-Z]$/ { def[$3] = $1 }
		END { for (u in use) { split(u, p, " ")
			if (p[2] in def) print p[1], def[p[2]], p[2] } }'
	grep -oE '^#include "dlil_[a-z_]+\.h"' dlil_*.c |
		sed -E 's/\.c:#include "(.*)\.h"/ \1 header/'
}

check_floors() {
	local n

	matching '^dlil_[a-z_]+\.c$' | sed 's/\.c$//' | sort |
		diff - <(floors | sort) ||
		{ echo "above: files that only are (<) or only are in the table (>)"
		return 1; }
	references | awk 'NR == FNR { rank[$1] = NR; next }
		$2 in rank && rank[$1] < rank[$2] {
			up[$1 " " $2] = up[$1 " " $2] " " $3 }
		END { for (p in up) print p ":" up[p] }' <(floors) - |
		sort >"$OUT/upwards"
	[ ! -s "$OUT/upwards" ] || { cat "$OUT/upwards"
		echo "above: FILE UPPER: WHAT; see Documentation/hacking.rst"
		return 1; }
	n=$(references | awk '{ print $1, $2 }' | sort -u | wc -l)
	echo "# pairs of files of which one calls or includes the other: $n, none upwards"
}

# A comment names its subject: none begins with one of these words.
check_comments() {
	local words='What|Who|Whom|Whose|Of|Its|Those|Theirs|Ours'

	perl -0777 -ne 'while (m{/\*+\s*(?:\*\s*)?((?:'"$words"')\b[^\n]*)}g) {
			print "$ARGV:", 1 + ($` =~ tr/\n//), ": $1\n" }' \
		"${C_FILES[@]}" >"$OUT/openings"
	[ ! -s "$OUT/openings" ] || { cat "$OUT/openings"
		echo "above: comments that begin with $words"
		return 1; }
}

# Where packages come from and where the checkout lies is each machine's own.
check_hosts() {
	# What looks like an address in a picture is the name of its format.
	mapfile -t texts < <(matching . | grep -vxE 'LICENSE|.*\.svg')
	none grep -nE '[a-z]+://[a-zA-Z0-9]|\.(debian|ubuntu)\.[a-z]{2,}|[r]egistry\.' \
		"${texts[@]}"
	none grep -nE '(^|[^a-zA-Z0-9_.~$}*])/(work|root|home|Users)/[a-zA-Z0-9]' \
		"${texts[@]}"
	none grep -nF "$TOP/" "${texts[@]}"
}

check_commits() {
	none grep -E '^[0-9a-f]+ .{73}' < <(in_git log --format='%h %s')
}

# Groups of rows and how many each has.
ROWS=(INI:5 IFN:15 INP:16 FLT:18 PRO:8 OUT:11 EVT:3 IOC:1 TAP:1 MUL:2 ARP:2
	RTC:3 STA:7 LNX:15)

# described [MARK]: the rows that the page has, or those so marked.
described() {
	sed -nE "s/^- \*\*([A-Z]{3}-[0-9]+)\*\* \((${1:-built|partly|later})\).*/\1/p" \
		Documentation/semantics.rst | sort
}

# Documentation/semantics.rst has every row once, nobody names another one, and
# tests carry those that are built.
check_semantics() {
	local g all=() carried bare id='\b[A-Z]{3}-[0-9]+\b'

	for g in "${ROWS[@]}"; do
		mapfile -t -O ${#all[@]} all < <(
			seq -f "${g%:*}-%g" "${g#*:}")
	done
	described | diff <(printf '%s\n' "${all[@]}" | sort) - ||
		{ echo "above: rows without (<) or with another (>) description"
		return 1; }
	matching '\.([ch]|sh|py)$|^README$' | xargs grep -noE "$id" |
		grep -vE ":($(IFS='|'; echo "${all[*]}"))$" |
		grep -E ":($(IFS='|'; echo "${ROWS[*]%:*}"))-" &&
		{ echo "above: rows that there are not"; return 1; }

	carried=$(matching '^(kunit|scripts|tools|samples)/.*test|^kunit/' |
		grep -v '\.patch$' | xargs grep -hoE "$id" | sort -u)
	bare=$(described 'built|partly' |
		comm -23 - <(echo "$carried") | xargs)
	echo "# carried by tests: $(comm -12 <(described) \
		<(echo "$carried") | wc -l) of ${#all[@]} rows"
	[ -z "$bare" ] || { echo "built, but carried by no test: $bare"
		return 1; }
}

# Changes that tests have to notice apply, and say which row they break.
check_mutants() { scripts/mutate.sh --check; }

run() {
	local name=$1 status

	# Not in a condition: that would take the check's own set -e away.
	set +e
	(set -e; "check_$name") >"$OUT/$name" 2>&1 </dev/null
	status=$?
	set -e
	if [ $status -eq 0 ]; then
		echo "ok $name"
		grep '^# ' "$OUT/$name" || true
		passed=$((passed + 1))
	else
		echo "not ok $name"
		sed "s#$BUILD/##g; s/^/    /" "$OUT/$name"
		failed=$((failed + 1))
	fi
}

for name; do
	declare -F "check_$name" >/dev/null ||
		die "no check $name; there are: ${CHECKS[*]}"
done
[ $# -gt 0 ] || set -- "${CHECKS[@]}"
passed=0 failed=0
for name; do
	run "$name"
done
echo "check: $passed passed, $failed failed"
[ $failed -eq 0 ]
