# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Shared by all scripts here: the location of the cache, messages, and how to
# get a package.  Sourced, never run.

set -euo pipefail

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${DLIL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/dlil}
JOBS=${JOBS:-$(nproc)}
export TOP CACHE JOBS

mkdir -p "$CACHE"

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "this needs root: run it as root, or install sudo"
	fi
}

# locked NAME COMMAND...: run it while nobody else with the same cache runs one.
locked() {
	local name=$1
	shift
	(
		flock 9
		"$@"
	) 9>"$CACHE/$name.lock"
}

short_hash() { sha256sum | cut -c 1-12; }

# build_folder NAME KDIR: a folder in the cache for builds against that kernel.
# Checkouts with the same set of files share it, and only changed files are
# built again.  With another set of files, or another compiler, stale objects
# would remain.
build_folder() {
	local key

	key=$({
		echo "$2"
		dpkg-query -W 'gcc-[0-9]*' sparse 2>/dev/null || true
		cd "$TOP"
		cat "scripts/${0##*/}" Kbuild impair/Kbuild kunit/Kbuild samples/Kbuild
		find . -path ./build -prune -o -name '*.[ch]' ! -name '*.mod.c' \
			-print | LC_ALL=C sort
	} | short_hash)
	echo "$CACHE/$1-$key"
}

# copy_sources DIR: copy the sources to build there, where Kbuild cannot disturb
# the checkout.  Does not keep times, so that changed files are newer, even if
# they were checked out earlier.
copy_sources() {
	mkdir -p "$1"
	touch "$1"
	rsync -rlpc --delete --exclude='/build' --exclude='/.git' \
		--exclude="${CACHE#"$TOP"}" \
		--exclude='*.o' --exclude='*.ko' --exclude='*.a' \
		--exclude='*.mod' --exclude='*.mod.c' --exclude='.*.cmd' \
		--exclude='Module.symvers' --exclude='modules.order' \
		--exclude='*.d' --exclude='.flags' \
		--exclude='/tools/dlilctl/dlilctl' \
		--exclude='/samples/echo-client' "$TOP/" "$1/" >&2
}

# The package lists of apt may be missing (on a new machine) or old: update them
# sometimes.
read_lists() {
	[ -z "$(find "$CACHE" -maxdepth 1 -name apt-updated -mmin -60)" ] ||
		[ -z "$(find /var/lib/apt/lists -name '*_Packages*')" ] ||
		return 0
	say "reading the package lists (apt-get update)"
	as_root apt-get update -qq >&2
	touch "$CACHE/apt-updated"
}

apt_update() { locked apt read_lists; }

# missing_packages PKG...: print the packages that are not installed.
missing_packages() {
	local p

	for p in "$@"; do
		dpkg-query -W -f '${Status}' "$p" 2>/dev/null |
			grep -q 'ok installed' || echo "$p"
	done
}

# Another script may have installed them while this one waited for the lock.
install_packages() {
	local missing

	mapfile -t missing < <(missing_packages "$@")
	[ ${#missing[@]} -gt 0 ] || return 0
	read_lists
	say "installing: ${missing[*]}"
	as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -qq -y --no-install-recommends \
		-o DPkg::Lock::Timeout=300 "${missing[@]}" \
		>"$CACHE/apt.log" 2>&1 ||
		{ tail -n 20 "$CACHE/apt.log" >&2; die "apt-get install failed"; }
}

# need_packages PKG...: install those that are missing, and report it.
need_packages() {
	[ -z "$(missing_packages "$@")" ] || locked apt install_packages "$@"
}

# fetch_unpacked DIR PACKAGE...: unpack packages under DIR without installing
# them.  DIR appears only when it is complete.
fetch_unpacked() {
	local dir=$1 tmp deb
	shift

	[ ! -d "$dir" ] || return 0
	tmp=$(mktemp -d "$CACHE/tmp.XXXXXX")
	say "fetching: $*"
	(cd "$tmp" && apt-get download -qq "$@" >&2 2>/dev/null) || {
		apt_update
		(cd "$tmp" && apt-get download -qq "$@" >&2)
	} || die "cannot download $*"
	mkdir "$tmp/root"
	for deb in "$tmp"/*.deb; do
		dpkg -x "$deb" "$tmp/root"
	done
	mv "$tmp/root" "$dir"
	rm -rf "$tmp"
}

# planned FILE: the number of tests that the KTAP plans in it announce, if any.
planned() { awk -F '[.]+' '/^1\.\.[0-9]+$/ { n += $2 } END { if (n) print n }' "$1"; }

# not_run FILE: the names of the tests that the kernel of that KTAP cannot run, and why.
not_run() { sed -nE 's/^ok [0-9]+ ([^ ]+) # SKIP (.*)/\1: \2/p' "$1"; }

# ktap_counts FILE STATUS: numbers of passed and failed tests.  Tests that did
# not run because of a crash count as failed; so does the run itself, if it
# failed without a failed test.  Those that say that they did not run are neither.
ktap_counts() {
	local passed failed plan

	passed=$(grep '^ok ' "$1" | grep -vc ' # SKIP ' || true)
	plan=$(planned "$1")
	failed=$((${plan:-1} - passed - $(not_run "$1" | wc -l)))
	[ "$2" -eq 0 ] || [ $failed -gt 0 ] || failed=1
	echo "$passed $failed"
}
