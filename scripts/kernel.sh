#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Gets a kernel of the distribution into the cache and prints where it is.
#
#   kernel.sh version          the series used: $KERNEL, else the distribution's
#   kernel.sh source [X.Y]     an unpacked source tree
#   kernel.sh image [X.Y]      boot/vmlinuz-*, lib/modules/* of the cloud kernel
#   kernel.sh headers [X.Y]    a folder to build modules for that image in
#
# Nothing is installed: packages are unpacked under the cache, keyed by their
# version, so that several kernels live side by side.

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

depends() { apt-cache depends "$1" 2>/dev/null | awk '/ Depends:/{print $2}'; }

# The release of the newest cloud kernel of a series, e.g. 6.1.0-56-cloud-amd64.
release_of() {
	local meta

	for meta in "linux-image-$1-cloud-amd64" linux-image-cloud-amd64; do
		depends "$meta" | sed -n "s/^linux-image-\($1[.+-].*\)/\1/p" |
			grep . && return
	done | head -n 1 | grep .
}

distribution_series() {
	depends linux-image-cloud-amd64 |
		sed -nE 's/^linux-image-([0-9]+\.[0-9]+)[.+-].*/\1/p' | grep .
}

series() {
	if [ -n "${1:-${KERNEL:-}}" ]; then
		echo "${1:-$KERNEL}"
		return
	fi
	distribution_series || { apt_update; distribution_series; } ||
		die "no linux-image-cloud-amd64 package in apt's sources"
}

release() {
	release_of "$1" || { apt_update; release_of "$1"; } ||
		die "no cloud kernel of series $1 in apt's sources"
}

get_source() {
	local v=$1 dir=$CACHE/linux-$1 pkg=$CACHE/linux-$1.pkg

	[ -d "$dir" ] || {
		fetch_unpacked "$pkg" "linux-source-$v"
		rm -rf "$dir.tmp"
		mkdir "$dir.tmp"
		say "unpacking linux-source-$v"
		tar -xf "$pkg/usr/src/linux-source-$v.tar.xz" \
			-C "$dir.tmp" --strip-components=1
		mv "$dir.tmp" "$dir"
		rm -rf "$pkg"
	}
	echo "$dir"
}

get_image() {
	local rel=$1

	fetch_unpacked "$CACHE/image-$rel" "linux-image-$rel"
	echo "$CACHE/image-$rel"
}

# Programs and libraries for a build against the headers, including pahole.
builder_of() {
	local kbuild

	apt-cache show "linux-headers-$1" >/dev/null 2>&1 || apt_update
	kbuild=$(depends "linux-headers-$1" | grep '^linux-kbuild-')
	echo make
	depends "linux-headers-$1" | grep -E '^(gcc|linux-compiler)-'
	depends "$kbuild" | grep -E '^(lib|pahole)'
}

# The packaged headers name /usr/src and /usr/lib; point them into the cache.
get_headers() {
	local rel=$1 dir=$CACHE/headers-$1 tmp pkgs

	if [ ! -d "$dir" ]; then
		pkgs=$(depends "linux-headers-$rel" |
			grep -E '^linux-(headers|kbuild)-')
		tmp=$dir.tmp
		rm -rf "$tmp"
		# shellcheck disable=SC2086 # one word a package
		fetch_unpacked "$tmp" "linux-headers-$rel" $pkgs
		grep -rlE '/usr/(src|lib)/linux-' "$tmp"/usr/src/*/Makefile \
			"$tmp"/usr/src/*/.kernelvariables 2>/dev/null |
			xargs -r sed -i -E \
				"s#([ =])/usr/(src|lib)/linux-#\1$dir/usr/\2/linux-#g"
		for l in "$tmp"/usr/src/*/scripts "$tmp"/usr/src/*/tools; do
			[ -L "$l" ] || continue
			ln -sfn "$(readlink "$l" |
				sed -E "s#^(\.\./\.\./|/usr/)lib#$dir/usr/lib#")" "$l"
		done
		builder_of "$rel" >"$tmp/builder"
		mv "$tmp" "$dir"
	fi
	# shellcheck disable=SC2046 # one word a package
	need_packages $(cat "$dir/builder") >&2
	echo "$dir/usr/src/linux-headers-$rel"
}

case ${1:-} in
version) series ;;
source) locked kernel get_source "$(series "${2:-}")" ;;
image) rel=$(release "$(series "${2:-}")"); locked kernel get_image "$rel" ;;
headers) rel=$(release "$(series "${2:-}")"); locked kernel get_headers "$rel" ;;
*) sed -n '3,12s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
