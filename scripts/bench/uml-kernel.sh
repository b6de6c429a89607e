#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds User Mode Linux without any checker, once, in the cache, and prints the
# folder of the build; `linux` in it is the kernel, and modules are built against
# it.  $KERNEL chooses the series.

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/../common.sh"

fragment=$TOP/scripts/bench/uml.config
need_packages build-essential flex bison bc cpio kmod libelf-dev libssl-dev
series=$("$TOP/scripts/kernel.sh" version)
tree=$("$TOP/scripts/kernel.sh" source "$series")
key=$(sha256sum <"$fragment" | cut -c 1-12)
dir=$CACHE/build-uml-$series-$key
log=$CACHE/build-uml-$series.log

check_config() {
	local missing

	missing=$(grep '^CONFIG_' "$fragment" | grep -vxFf "$dir.tmp/.config" ||
		true)
	[ -z "$missing" ] || die "the kernel cannot have: ${missing//$'\n'/ }"
}

build() {
	[ ! -d "$dir" ] || return 0
	say "building User Mode Linux $series, about five minutes; see $log"
	mkdir -p "$dir.tmp"
	cp "$fragment" "$dir.tmp/.config"
	make -s -C "$tree" ARCH=um O="$dir.tmp" olddefconfig >"$log" 2>&1
	check_config
	nice make -s -C "$tree" ARCH=um O="$dir.tmp" -j"$JOBS" linux modules \
		>>"$log" 2>&1 || { tail -n 20 "$log" >&2; die "build failed"; }
	make -s -C "$tree" ARCH=um O="$dir.tmp" \
		INSTALL_MOD_PATH="$dir.tmp/image" modules_install >>"$log" 2>&1
	# Later builds against it must not look for the temporary name.
	mv "$dir.tmp" "$dir"
	make -s -C "$tree" ARCH=um O="$dir" modules_prepare >>"$log" 2>&1
}

locked "build-uml-$series" build
echo "$dir"
