#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Makes an initramfs for the VM:
#
#   initramfs.sh [--dlil] OUT SCRIPT [ARG...]
#
# and prints the kernel image that it is for.
#
# The base of the image, the tools and the kernel's modules, is kept in the cache.  Appended
# to it is a second archive with scripts/guest, the script that init runs and,
# with --dlil, our modules and tools, built first; so an edited test costs
# nothing.  Both are uncompressed, since an emulated processor unpacks slowly.
#
# DLIL_VM_IMAGE    bzImage to boot instead of the distribution's ($KERNEL)
# DLIL_VM_MODULES  folder in which its lib/modules/RELEASE is
# DLIL_VM_KDIR     folder to build modules for it in
# DLIL_VM_BUILT    not empty: what --dlil builds is built already
# DLIL_VM_TTY      not empty: the script has a terminal

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
PATH=$PATH:/usr/sbin:/sbin

# Programs that the guest runs, real ones; busybox stands in for most others.  Programs
# without shared libraries, as busybox and this bash, are started several times
# as fast, most of all where checkers look at every page mapped.
TOOLS=(ip bridge tc nft ping ethtool iperf3 tcpdump tcpreplay socat jq
	wg kmod setpriv setsid unshare nsenter chrt taskset
	find xargs dd env nice nohup stdbuf stty timeout watch column)
PACKAGES=(busybox-static bash-static iproute2 nftables iputils-ping ethtool
	iperf3 tcpdump tcpreplay socat jq wireguard-tools kmod util-linux
	bsdextrautils findutils coreutils procps ncurses-base libc6)
# A kernel of one's own, for the checkers, is slow, and has no use for it.
[ -n "${DLIL_VM_IMAGE:-}" ] || { TOOLS+=(perf); PACKAGES+=(linux-perf); }
# Applets that run a command prefer an applet to anything in PATH: real ones of
# those in TOOLS, or none.
NOT_BUSYBOX=(ash chpst chroot chrt cttyhack env envdir envuidgid find flock hush
	ionice linux32 linux64 nice nohup nsenter run-parts runsv runsvdir script setarch setpriv
	setsid setuidgid sh softlimit start-stop-daemon su taskset tcpsvd time
	timeout udpsvd unshare watch xargs)
# Not in a distribution's kernel image, but in its modules.
MODULES=(veth bridge 8021q dummy ifb tun macvlan ipvlan bonding
	ipip sch_ingress sch_netem sch_tbf cls_matchall cls_flower cls_u32 cls_bpf
	act_mirred act_gact act_skbedit act_bpf act_vlan act_police
	nf_tables nft_fwd_netdev nft_dup_netdev pktgen)
# Modules that a kernel of one's own may lack; tests ask for them.
MAYBE=(wireguard nft_ct nft_nat nft_chain_nat sch_htb vmxnet3 drop_monitor
	br_netfilter)

find_kernel() {
	local dir=${DLIL_VM_MODULES:-}

	if [ -n "${DLIL_VM_IMAGE:-}" ]; then
		[ -n "$dir" ] || die "DLIL_VM_IMAGE needs DLIL_VM_MODULES too"
		IMAGE=$DLIL_VM_IMAGE
	else
		dir=$("$TOP/scripts/kernel.sh" image)
		IMAGE=$(echo "$dir"/boot/vmlinuz-*)
	fi
	MODROOT=$(echo "$dir"/lib/modules/*)
	[ -d "$MODROOT" ] || die "not one lib/modules/RELEASE in $dir"
	RELEASE=${MODROOT##*/}
}

# copy_libs ROOT FILE...: the shared libraries of programs.
copy_libs() {
	local root=$1 lib dst
	shift

	{ ldd "$@" 2>/dev/null || true; } |
		grep -oE '/[^ :]+\.so[^ :]*' | sort -u |
		while read -r lib; do
			dst=$lib
			[ "${lib#/usr/}" != "$lib" ] || dst=/usr$lib
			install -D -m 755 "$lib" "$root$dst"
		done
}

# archive ROOT: as root's, whoever makes it.
archive() {
	(cd "$1" && find . | LC_ALL=C sort |
		cpio --quiet -o -H newc -R 0:0 --reproducible)
}

copy_tools() {
	local root=$1 tool path applet paths=()

	mkdir -p "$root"/{dev,proc,sys,tmp,run,root,etc} \
		"$root"/usr/{bin,sbin,lib,lib64,lib/busybox,share}
	for path in bin sbin lib lib64; do
		ln -s "usr/$path" "$root/$path"
	done
	for tool in "${TOOLS[@]}"; do
		path=$(command -v "$tool") || die "no $tool here"
		install -m 755 "$path" "$root/usr/bin/$tool"
		paths+=("$path")
	done
	copy_libs "$root" "${paths[@]}"
	install -m 755 "$(command -v bash-static)" "$root/usr/bin/bash"
	ln -s bash "$root/usr/bin/sh"
	install -m 755 "$(command -v busybox)" "$root/usr/lib/busybox/busybox"
	for applet in $(busybox --list | grep -vx busybox |
		grep -vxF "$(printf '%s\n' "${NOT_BUSYBOX[@]}")"); do
		ln -s busybox "$root/usr/lib/busybox/$applet"
	done
	# busybox's tries again what the kernel refuses.
	for tool in modprobe insmod rmmod lsmod depmod modinfo; do
		ln -s ../bin/kmod "$root/usr/sbin/$tool"
	done
	for path in linux vt100 vt220 xterm xterm-256color screen \
		screen-256color tmux-256color dumb; do
		install -D -m 644 "/lib/terminfo/${path::1}/$path" \
			"$root/usr/lib/terminfo/${path::1}/$path"
	done
	printf '%s\n' 'root:x:0:0::/root:/bin/bash' \
		'nobody:x:65534:65534::/:/bin/bash' >"$root/etc/passwd"
	printf '%s\n' 'root:x:0:' 'nogroup:x:65534:' >"$root/etc/group"
	echo '127.0.0.1 localhost' >"$root/etc/hosts"
}

# The packages have no modules.dep, and the cache of packages stays as it is.
copy_modules() {
	local root=$1 all=$1.all file dst

	mkdir -p "$all/lib/modules"
	cp -al "$MODROOT" "$all/lib/modules/" 2>/dev/null ||
		cp -a "$MODROOT" "$all/lib/modules/"
	depmod -b "$all" "$RELEASE"
	dst=$root/usr/lib/modules/$RELEASE
	mkdir -p "$dst"
	cp "$MODROOT"/modules.{order,builtin,builtin.modinfo} "$dst/"
	for file in "${MODULES[@]}"; do
		modprobe -d "$all" -S "$RELEASE" --show-depends "$file" ||
			die "kernel $RELEASE has no module $file"
	done >"$all/depends"
	for file in "${MAYBE[@]}"; do
		modprobe -d "$all" -S "$RELEASE" --show-depends "$file" \
			2>/dev/null || true
	done >>"$all/depends"
	sed -n 's/^insmod \([^ ]*\).*/\1/p' "$all/depends" | sort -u |
		while read -r file; do
			install -D -m 644 "$file" \
				"$root/usr${file#"$all"}"
		done
	rm -rf "$all"
}

# make_base KEY: $CACHE/initramfs-KEY with root/ and base.cpio.
make_base() {
	local dir=$CACHE/initramfs-$1 tmp

	[ ! -d "$dir" ] || { touch "$dir"; return 0; }
	find "$CACHE" -maxdepth 1 -mtime +30 \
		\( -name 'initramfs-*' -o -name 'module-*' -o -name 'check-*' \) \
		-exec rm -rf {} +
	say "making the base of the initramfs for $RELEASE"
	tmp=$(mktemp -d "$CACHE/tmp.XXXXXX")
	# shellcheck disable=SC2064 # this one, and in the subshell of locked
	trap "rm -rf '$tmp'" EXIT
	copy_tools "$tmp/root"
	copy_modules "$tmp/root"
	archive "$tmp/root" >"$tmp/base.cpio"
	# Only the modules are needed again, for modules.dep.
	find "$tmp/root/usr" -mindepth 1 -maxdepth 1 ! -name lib \
		-exec rm -rf {} +
	chmod 755 "$tmp"
	mv "$tmp" "$dir"
}

# Programs from all C files in scripts/guest/tools, since they are few; static ones but
# for those that use libmnl, of one of which dlilctl is a part.
build_guest_tools() {
	local out=$BUILD/build/guest-tools dir=$TOP/scripts/guest/tools src

	rm -rf "$out" "$out.h"
	mkdir -p "$out" "$out.h"
	need_packages python3-yaml
	/usr/bin/python3 "$TOP/scripts/fuzz/nl-table.py" \
		"$TOP/Documentation/netlink/specs/dlil.yaml" \
		>"$out.h/nl-table.h" || return
	cp "$BUILD"/tools/dlilctl/*.o "$out.h/" || return
	objcopy --redefine-sym main=dlilctl_main "$out.h/main.o" || return
	gcc -O2 -Wall -Wextra -Werror -o "$out/faulty" \
		"$dir/faulty.c" "$out.h"/*.o \
		-lmnl -ljansson -ldl || return
	for src in wire drops; do
		gcc -O2 -Wall -Wextra -Werror -o "$out/$src" \
			"$dir/$src.c" -lmnl || return
	done
	for src in "$dir"/*.c; do
		[[ ! $src =~ /(faulty|wire|drops)\.c$ ]] || continue
		gcc -O2 -Wall -Wextra -Werror -static \
			-I "$TOP/include/uapi" -I "$out.h" \
			-o "$out/$(basename "$src" .c)" "$src" -ljansson || return
	done
}

# In the cache, since another checkout differs by little; what is made goes to $MADE,
# where other checkouts do not change it.
build_dlil() {
	local kdir=${DLIL_VM_KDIR:-} config=(CONFIG_DLIL_{FUZZ,BENCH,SLEEPER}"=m")

	[ -n "$kdir" ] || {
		[ -z "${DLIL_VM_IMAGE:-}" ] ||
			die "DLIL_VM_IMAGE needs DLIL_VM_KDIR too"
		kdir=$("$TOP/scripts/kernel.sh" headers)
	}
	need_packages make gcc libc6-dev rsync python3 \
		libmnl-dev libpcap-dev libjansson-dev
	BUILD=$(build_folder "${MADE##*/}" "$kdir")
	! grep -q '^CONFIG_KUNIT=[ym]' "$kdir/.config" ||
		config+=(CONFIG_DLIL_KUNIT_TEST=m CONFIG_DLIL_PLANTED=m)
	copy_sources "$BUILD"
	mkdir -p "$TOP/build"
	say "building dlil for $RELEASE"
	{
		make -C "$BUILD" -j "$JOBS" KDIR="$kdir" "${config[@]}" \
			modules samples &&
		make -C "$BUILD" -j "$JOBS" tool &&
		build_guest_tools
	} >"$MADE.log" 2>&1 || {
		tail -n 40 "$MADE.log" >&2
		die "the build failed, see $MADE.log"
	}
	rm -rf "$MADE"
	mkdir -p "$MADE"/{modules,programs}
	install -m 644 -t "$MADE/modules" \
		"$BUILD"/dlil.ko "$BUILD"/{impair,samples,kunit}/*.ko
	install -m 755 -t "$MADE/programs" "$BUILD/tools/dlilctl/dlilctl" \
		"$BUILD/samples/echo-client" "$BUILD"/build/guest-tools/*
}

# add_dlil ROOT: built, if it has not been.
add_dlil() {
	local root=$1 updates=$1/usr/lib/modules/$RELEASE/updates

	[ -n "${DLIL_VM_BUILT:-}" ] || build_dlil
	mkdir -p "$updates" "$root/usr/bin"
	cp "$MADE"/modules/* "$updates/"
	cp "$MADE"/programs/* "$root/usr/bin/"
	copy_libs "$root" "$root/usr/bin/dlilctl"
	python3 "$TOP/scripts/make-pcap.py" "$root/dlil/odd.pcap"
}

# modules.dep over the modules of the base and ours.
add_modules_dep() {
	local root=$1 base=$2 tmp=$1.dep lib

	lib=$tmp/usr/lib/modules/$RELEASE
	mkdir -p "${lib%/*}"
	ln -s usr/lib "$tmp/lib"
	cp -al "$base/root/usr/lib/modules/$RELEASE" "$lib"
	cp -a "$root/usr/lib/modules/$RELEASE/." "$lib/" 2>/dev/null || true
	depmod -b "$tmp" "$RELEASE"
	mkdir -p "$root/usr/lib/modules/$RELEASE"
	cp "$lib"/modules.* "$root/usr/lib/modules/$RELEASE/"
}

WITH_DLIL=
[ "${1:-}" != --dlil ] || { WITH_DLIL=1; shift; }
[ $# -ge 2 ] || { sed -n '3,20s/^# \{0,1\}//p' "$0" >&2; exit 2; }
OUT=$1 SCRIPT=$2
shift 2

need_packages cpio "${PACKAGES[@]}"
find_kernel
KEY=$RELEASE-$({ stat -c '%n %s %Y' "$IMAGE"; cat "$0"
	# shellcheck disable=SC2016 # dpkg-query's own
	dpkg-query -W -f '${Package} ${Version}\n' "${PACKAGES[@]}"
} | short_hash)
BASE=$CACHE/initramfs-$KEY
locked initramfs make_base "$KEY"

WORK=$(mktemp -d "$CACHE/tmp.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
ROOT=$WORK/root
mkdir -p "$ROOT/dlil"
cp -r "$TOP/scripts/guest/." "$ROOT/dlil/"
cp "$TOP/README" "$ROOT/dlil/"
mv "$ROOT/dlil/init" "$ROOT/init"
cp "$SCRIPT" "$ROOT/dlil/script"
{
	for v in NO_COLOR TERM; do
		[ -z "${!v+x}" ] || printf 'export %s=%q\n' "$v" "${!v}"
	done
	[ $# -eq 0 ] || printf ' %q' set -- "$@"
	printf '\n. /dlil/script\n'
} >"$ROOT/dlil/run"
[ -z "${DLIL_VM_TTY:-}" ] || touch "$ROOT/dlil/interactive"
# The distribution's kernel lacks nothing that a test asks for.
[ -n "${DLIL_VM_IMAGE:-}" ] || touch "$ROOT/dlil/stock"
if [ -n "$WITH_DLIL" ]; then
	# Kernels of one release may have different configurations.
	MADE=$TOP/build/module-$RELEASE${DLIL_VM_KDIR:+-${DLIL_VM_KDIR##*/}}
	locked "${MADE##*/}" add_dlil "$ROOT"
fi
add_modules_dep "$ROOT" "$BASE"
{ cat "$BASE/base.cpio"; archive "$ROOT"; } >"$OUT"
echo "$IMAGE"
