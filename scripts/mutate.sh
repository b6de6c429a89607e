#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Breaks the module on purpose, by one small patch at a time, and reports which
# test notices:
#
#   mutate.sh [FOLDER|PATCH...]   these patches (kunit/mutants)
#   mutate.sh --sample N          N of those for KUnit alone; the commit decides
#                                 which ones
#   mutate.sh --check [...]       only check that they apply, and their headers
#   mutate.sh --refresh [...]     update the context of patches that have moved
#
# Documentation/hacking.rst explains how to write one.  Prints a line for each; the
# last one is `mutate: N killed, M survived`, or with --sample `mutate: N passed, N
# failed`.  The exit status is 0 if all were killed.  A patch that does not apply, or
# breaks the build, is an error.  MUTATE_SECONDS (400) is the time limit of a run of
# KUnit.

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

usage() { sed -n '3,18s/^# \{0,1\}//p' "$0" >&2; exit 2; }

MODE=run SAMPLE=
case ${1:-} in
--check) MODE=check; shift ;;
--refresh) MODE=refresh; shift ;;
--sample) [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || usage; SAMPLE=$2; shift 2 ;;
-*) usage ;;
esac
[ $# -gt 0 ] || set -- "$TOP/kunit/mutants"

need_packages patch diffutils rsync

# The function that contains a line; labels do not count.
FUNCTION='^[a-zA-Z_].*[^:]$'

OUT=$(mktemp -d)
trap 'rm -rf "$OUT"' EXIT
PATCHES=()
for arg; do
	if [ -d "$arg" ]; then
		mapfile -t -O ${#PATCHES[@]} PATCHES < <(find "$arg" \
			-maxdepth 1 -name '*.patch' | LC_ALL=C sort)
	else
		[ -f "$arg" ] || die "no patch $arg"
		PATCHES+=("$arg")
	fi
done
[ ${#PATCHES[@]} -gt 0 ] || die "no patches in $*"

# header PATCH: the lines in front of the diff. field PATCH NAME: the value of a
# header line.
header() { sed '/^--- /,$d' "$1"; }
field() { header "$1" | sed -n "s/^$2: *//p"; }
# files PATCH: the files that it changes.
files() { sed -nE 's#^\+\+\+ b/([^[:space:]]+).*#\1#p' "$1"; }

# places PATCH: the changes with their functions, but without line numbers.
places() { sed -nE '/^(---|\+\+\+) /d; s/^@@ [^@]* @@/@@/p; /^[-+]/p' "$1"; }

# All cases of KUnit with their suites; a file has one suite.
kunit_cases() {
	local file suite

	for file in "$TOP"/kunit/*_kunit.c; do
		suite=$(sed -nE 's/^\t\.name = "(dlil_[a-z_0-9]+)",$/\1/p' \
			"$file" | tail -n 1)
		sed -nE "s/^\tKUNIT_CASE[A-Z_]*\((\w+).*/$suite.\1/p" "$file"
	done
}
mapfile -t KUNIT_CASES < <(kunit_cases)

# is_test KIND PATTERN: does such a test exist?
is_test() {
	local glob=$2 name

	[ "$1" != vm ] || {
		sed -nE 's/^test_([a-z0-9_]+)\(\).*/\1/p' \
			"$TOP"/scripts/guest/tests/*.sh | grep -qE -- "$2"
		return
	}
	[[ $glob == *.* ]] || glob+='.*'
	for name in "${KUNIT_CASES[@]}"; do
		# shellcheck disable=SC2053 # a pattern
		[[ $name != $glob ]] || return 0
	done
	return 1
}

# The rows of Documentation/semantics.rst.
is_row() { grep -q "^- \*\*$1\*\* " "$TOP/Documentation/semantics.rst"; }

# check_header PATCH: prints the errors in its header.
check_header() {
	local rows row kind pattern

	header "$1" | head -n 1 | grep -qE '^[A-Z`].*[a-z].*\.$' ||
		echo "its first line is no sentence that says what is broken"
	rows=$(field "$1" Row)
	[ -n "$rows" ] || echo "it names no row (Row: LNX-3)"
	for row in ${rows//,/ }; do
		is_row "$row" || echo "there is no row $row"
	done
	while read -r kind pattern; do
		[[ $kind =~ ^(kunit|vm)$ && -n $pattern ]] || {
			echo "neither \`Tests: kunit GLOB\` nor \`Tests: vm PATTERN\`: $kind $pattern"
			continue
		}
		is_test "$kind" "$pattern" ||
			echo "there is no test $pattern of $kind"
	done < <(field "$1" Tests)
	[ -n "$(files "$1")" ] || echo "it changes no file"
}

# apply PATCH DIR FUZZ: applies it to a copy of the tree.
apply() {
	patch -d "$2" -p1 -s -f -F "$3" --no-backup-if-mismatch \
		-r "$OUT/rejected" <"$1" >"$OUT/said" 2>&1
}

# rediff PATCH DIR: makes the patch anew, from $TOP to the changed copy in DIR.
rediff() {
	local file

	header "$1"
	for file in $(files "$1"); do
		diff -U 2 -F "$FUNCTION" --label "a/$file" --label "b/$file" \
			"$TOP/$file" "$2/$file" || true
	done
}

# try PATCH FUZZ: writes the updated patch to $OUT/now; false if it does not
# apply.
try() {
	local file

	rm -rf "$OUT/tree"
	for file in $(files "$1"); do
		[ -f "$TOP/$file" ] || { echo "there is no $file" >"$OUT/said"
			return 1; }
		mkdir -p "$(dirname "$OUT/tree/$file")"
		cp "$TOP/$file" "$OUT/tree/$file"
	done
	apply "$1" "$OUT/tree" "$2" || return 1
	rediff "$1" "$OUT/tree" >"$OUT/now"
}

refresh_hint() { echo "see where it belongs: scripts/mutate.sh --refresh $1"; }

# check_patch PATCH: prints the errors in it.
check_patch() {
	check_header "$1"
	if ! try "$1" 1; then
		sed 's/^/does not apply: /' "$OUT/said"
		refresh_hint "$1"
	elif ! cmp -s <(places "$1") <(places "$OUT/now"); then
		echo "applies to another function than it was made for"
		refresh_hint "$1"
	fi
}

check_all() {
	local p bad=0

	for p in "${PATCHES[@]}"; do
		check_patch "$p" >"$OUT/wrong"
		[ -s "$OUT/wrong" ] || continue
		sed "s#^#${p#"$TOP/"}: #" "$OUT/wrong"
		bad=$((bad + 1))
	done
	echo "# mutants: ${#PATCHES[@]}, $bad of them not as they must be"
	[ $bad -eq 0 ]
}

# Rewrites patches that still apply at another line or with other context; the
# others need manual work.
refresh_all() {
	local p bad=0

	for p in "${PATCHES[@]}"; do
		if ! try "$p" 2; then
			sed "s#^#${p#"$TOP/"}: #" "$OUT/said"
			echo "${p#"$TOP/"}: does not apply: write it anew"
			bad=$((bad + 1))
		elif ! cmp -s "$p" "$OUT/now"; then
			cat "$OUT/now" >"$p"
			echo "${p#"$TOP/"}: written anew: see that it says the same (git diff)"
		fi
	done
	[ $bad -eq 0 ]
}

# tests_naming ROWS: a pattern of the functional tests whose comment names one
# of them.
tests_naming() {
	local rows=${1//,/ }

	awk -v rows="\\<(${rows//+( )/|})\\>" '
		/^#/ { text = text " " $0; next }
		match($0, /^test_[a-z0-9_]+\(\)/) && text ~ rows {
			all = all "|" substr($0, 6, RLENGTH - 7) }
		{ text = "" }
		END { if (all != "") print "^(" substr(all, 2) ")$" }' \
		"$TOP"/scripts/guest/tests/*.sh
}

# tests_of PATCH: the tests to run, a line each: kunit GLOB or vm PATTERN.
tests_of() {
	local tests pattern

	tests=$(field "$1" Tests)
	[ -z "$tests" ] || { echo "$tests"; return; }
	echo 'kunit *'
	pattern=$(tests_naming "$(field "$1" Row)")
	[ -z "$pattern" ] || echo "vm $pattern"
}

# The first case that failed in a report of kunit.py, with its suite.
failed_case() {
	sed -E 's/\x1b\[[0-9;]*m//g; s/^\[[0-9:]+\] //' "$1" | awk '
		/^=+ [a-z_0-9]+ \([0-9]+ subtests?\) =+$/ { suite = $2; next }
		/^=+ [a-z_0-9]+ +=+$/ { of = "." $2; next }
		/^=+ \[/ { of = "" }
		/^\[(FAILED|CRASHED|ERROR)\]/ {
			sub(/^\[[A-Z]+\] /, ""); print suite of ": " $0; exit }'
}

# killer KIND LOG: the test that noticed, from the output of kunit.sh or
# vmtest.sh.
killer() {
	local name

	if [ "$1" = vm ]; then
		name=$(sed -nE 's/^not ok [0-9]+ ([a-z0-9_]+).*/\1/p' "$2")
	else
		name=$(failed_case "$2")
	fi
	[ -n "$name" ] || name=$(grep -A 3 -m 1 'the kernel reported' "$2" |
		sed -n '2{s/^[^A-Za-z]*//;p}')
	[ -n "$name" ] || grep -qE '^(kunit|vmtest): [0-9]+ passed' "$2" ||
		name='a test that does not end'
	head -n 1 <<<"${name:-something: see $2}"
}

# run_tests KIND PATTERN LOG: runs them in the copy; 2 if nothing could be run.
run_tests() {
	if [ "$1" = vm ]; then
		"$COPY/scripts/vmtest.sh" -k "$2" >"$3" 2>&1 </dev/null &&
			return 0
		grep -qE '^vmtest: [0-9]+ passed' "$3" || return 2
		return 1
	fi
	timeout -k 10 "${MUTATE_SECONDS:-400}" "$COPY/scripts/kunit.sh" "$2" \
		>"$3" 2>&1 </dev/null && return 0
	# The build failed, or the time limit was reached before it was over.
	grep -q 'running the suites' "$3" || return 2
	! grep -q 'no test was run' "$3" ||
		grep -q 'the kernel reported' "$3" || return 2
	return 1
}

# clean_passes KIND PATTERN: do these tests pass without a mutant?  Tried once
# for each state of the tree, with all of KUnit if there are several mutants.  A
# sample comes after all tests have passed.
clean_passes() {
	local mark log=$WORK/clean.log

	[ "$1" = vm ] || [ ${#PATCHES[@]} -lt 3 ] || set -- kunit '*'
	mark=$WORK/passed-$1-$(short_hash <<<"$TREE $2")
	[ -z "$SAMPLE" ] && [ ! -e "$mark" ] || return 0
	rsync -rlpc --delete --exclude=/build "$CLEAN/" "$COPY/"
	say "mutate: without a mutant: $1 $2"
	run_tests "$1" "$2" "$log" || {
		tail -n 40 "$log" >&2
		say "the tests fail without a mutant ($1 $2): see $log"
		return 1
	}
	touch "$mark"
}

# mutate PATCH: tries it and reports the result. 2: it could not be tried.
mutate() {
	local kind pattern log status

	log=$WORK/log/$(basename "$1" .patch)
	while read -r kind pattern; do
		clean_passes "$kind" "$pattern" || {
			echo "error: $kind $pattern fails without it"
			return 2
		}
		rsync -rlpc --delete --exclude=/build "$CLEAN/" "$COPY/"
		apply "$1" "$COPY" 1 || { cat "$OUT/said"; return 2; }
		status=0
		run_tests "$kind" "$pattern" "$log.$kind" || status=$?
		case $status in
		1)	echo "killed by $kind $(killer "$kind" "$log.$kind")"
			return 0 ;;
		2)	echo "error: it does not compile, or no test was run: see $log.$kind"
			return 2 ;;
		esac
	done < <(tests_of "$1")
	echo "survived"
	return 1
}

# Only those for KUnit; the commit decides which.
choose_sample() {
	local commit p all=()

	commit=$(git -c safe.directory="$TOP" -C "$TOP" rev-parse HEAD)
	for p in "${PATCHES[@]}"; do
		[ -n "$(field "$p" Tests)" ] || continue
		! field "$p" Tests | grep -q '^vm ' || continue
		all+=("$p")
	done
	mapfile -t PATCHES < <(for p in "${all[@]}"; do
			echo "$(short_hash <<<"$commit ${p##*/}") $p"
		done | sort | head -n "$SAMPLE" | cut -d ' ' -f 2-)
}

run_all() {
	local p n=0 said start status killed=0 survived=0 errors=0

	mkdir -p "$WORK/log"
	copy_sources "$CLEAN"
	TREE=$(cd "$CLEAN" && find . -path ./build -prune -o -type f \
		! -name '*.patch' ! -name '*.rst' -print0 | LC_ALL=C sort -z |
		xargs -0 cat | short_hash)
	for p in "${PATCHES[@]}"; do
		n=$((n + 1)) start=$SECONDS status=0
		said=$(mutate "$p") || status=$?
		case $status in
		0) killed=$((killed + 1)) ;;
		1) survived=$((survived + 1)) ;;
		*) errors=$((errors + 1)) ;;
		esac
		echo "$n/${#PATCHES[@]} $(basename "$p" .patch): $said ($((SECONDS - start)) s)"
	done
	[ $errors -eq 0 ] || echo "mutate: $errors could not be tried"
	echo "mutate: $killed killed, $survived survived"
	[ -z "$SAMPLE" ] ||
		echo "mutate: $killed passed, $((survived + errors)) failed"
	[ $((survived + errors)) -eq 0 ]
}

# Checkouts do not share the broken tree.
WORK=$CACHE/mutants-$(short_hash <<<"$TOP")
CLEAN=$WORK/clean COPY=$WORK/tree

case $MODE in
check) check_all ;;
refresh) refresh_all ;;
run)
	[ -z "$SAMPLE" ] || choose_sample
	check_all >&2
	locked "${WORK##*/}" run_all ;;
esac
