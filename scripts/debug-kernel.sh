#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds a kernel with checkers for the VM, once, in the cache, and prints the
# folder of the build:
#
#   debug-kernel.sh kasan       KASAN, lockdep, kmemleak, failslab, ...
#   debug-kernel.sh kcsan       KCSAN, lockdep, ...
#
# Modules for it are built against that folder; image/ in it has lib/modules.

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

kind=${1:?usage: debug-kernel.sh kasan|kcsan}
fragments=("$TOP/kunit/debug.config" "$TOP/kunit/$kind.config")
[ -f "${fragments[1]}" ] || die "unknown kind of kernel: $kind"

# KCSAN checks our code only: the rest of the kernel has races of its own, and
# is faster without.  This setting does not affect later builds of modules.
options=()
[ "$kind" != kcsan ] || options=(KCSAN_SANITIZE=n)

need_packages build-essential flex bison bc cpio kmod libelf-dev libssl-dev
series=$("$TOP/scripts/kernel.sh" version)
tree=$("$TOP/scripts/kernel.sh" source "$series")
key=$(cat "${fragments[@]}" | short_hash)
dir=$CACHE/build-$kind-$series-$key

# Fail if the configuration could not be applied completely.
check_config() {
	local missing

	missing=$(grep -h '^CONFIG_' "${fragments[@]}" |
		grep -vxFf "$dir.tmp/.config" || true)
	[ -z "$missing" ] || die "the kernel cannot have: ${missing//$'\n'/ }"
}

# The final location.
prepare() {
	[ ! -e "$dir/prepared" ] || return 0
	make -s -C "$tree" O="$dir" modules_prepare >&2
	touch "$dir/prepared"
}

build() {
	local log=$CACHE/build-$kind-$series.log start=$SECONDS

	[ ! -d "$dir" ] || { prepare; return; }
	say "building a $kind kernel from linux-source-$series, some minutes; see $log"
	mkdir -p "$dir.tmp"
	cat "${fragments[@]}" >"$dir.tmp/.config"
	make -s -C "$tree" O="$dir.tmp" olddefconfig >"$log" 2>&1
	check_config
	nice make -s -C "$tree" O="$dir.tmp" -j"$JOBS" "${options[@]}" \
		bzImage modules >>"$log" 2>&1 ||
		{ tail -n 20 "$log" >&2; die "build failed"; }
	make -s -C "$dir.tmp" INSTALL_MOD_PATH="$dir.tmp/image" \
		modules_install >>"$log" 2>&1
	# Later builds against it must not refer to the temporary name.
	mv "$dir.tmp" "$dir"
	prepare
	say "built in $((SECONDS - start)) s"
}

# Use a finished kernel without waiting for others who build one.
[ -e "$dir/prepared" ] || locked "build-$kind-$series" build
echo "$dir"
