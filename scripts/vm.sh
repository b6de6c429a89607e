#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Boots a kernel of the distribution in a VM and runs a script in it:
#
#   vm.sh [OPTION...] SCRIPT [ARG...]
#
#   --dlil         build dlil and its tool and put them in
#   --ktap         the script reports KTAP, and must have reported all of it
#   --timeout S    time limit in seconds (180)
#   --smp N        processors (2)
#   --qemu ARG     more for QEMU; as often as needed
#   --icount       one processor, whose clock counts instructions
#   --mem M        memory, in QEMU's notation (1G)
#   --append TEXT  more for the kernel's command line
#   --name NAME    where the logs go: build/vm/NAME.log, .out (SCRIPT's name)
#   --interactive  the script has the terminal, and no time limit
#
# The script's output appears here as it is written.  The exit status is 0 only
# if the script ended with 0 and the kernel reported nothing (guest/reports.sh);
# otherwise the end of the kernel's log is shown.
#
# KERNEL=X.Y and the DLIL_VM_* variables of initramfs.sh choose another kernel.

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/guest/reports.sh
. "$TOP/scripts/guest/reports.sh"

usage() { sed -n '3,24s/^# \{0,1\}//p' "$0" >&2; exit 2; }

TIMEOUT=180 SMP=2 MEM=1G APPEND='' NAME='' KTAP='' DLIL=() TTY='' ICOUNT='' MORE=()
while [ $# -gt 0 ]; do
	case $1 in
	--dlil) DLIL=(--dlil); shift ;;
	--ktap) KTAP=1; shift ;;
	--icount) ICOUNT=1 SMP=1; shift ;;
	--qemu) [ $# -ge 2 ] || usage; MORE+=("$2"); shift 2 ;;
	--interactive) TTY=1; shift ;;
	--timeout | --smp | --mem | --append | --name)
		[ $# -ge 2 ] || usage
		declare "$(tr '[:lower:]' '[:upper:]' <<<"${1#--}")=$2"
		shift 2 ;;
	-*) usage ;;
	*) break ;;
	esac
done
[ $# -ge 1 ] || usage
[ -f "$1" ] || die "no script $1"

need_packages qemu-system-x86

WORK=$(mktemp -d "$CACHE/tmp.XXXXXX")
trap 'rm -rf "$WORK"' EXIT

: "${NAME:=$(basename "$1" .sh)}"
LOG=$TOP/build/vm/$NAME.log
OUT=$TOP/build/vm/$NAME.out
mkdir -p "$TOP/build/vm"
truncate -s 0 "$LOG" "$OUT"

# A /dev/kvm that can be opened may still hang its guests, so boot one as a
# test: without a root file system the kernel panics, and QEMU ends.
kvm_boots() {
	# In a shell of its own, which must not report that QEMU was aborted.
	(timeout 8 qemu-system-x86_64 -accel kvm -cpu host -m 256M -nodefaults \
		-no-user-config -display none -no-reboot -kernel "$IMAGE" \
		-serial "file:$WORK/probe" -append 'console=ttyS0 panic=-1' \
		</dev/null && grep -q 'Linux version' "$WORK/probe") \
		>/dev/null 2>&1
}

# The result is valid until this machine reboots.
use_kvm() {
	local said

	[ -w /dev/kvm ] || return 1
	said=$CACHE/kvm-$(cat /proc/sys/kernel/random/boot_id)
	[ -e "$said" ] || {
		rm -f "$CACHE"/kvm-*
		if kvm_boots; then echo yes; else echo no; fi >"$said"
	}
	[ "$(cat "$said")" = yes ]
}

IMAGE=$(DLIL_VM_TTY=$TTY "$TOP/scripts/initramfs.sh" "${DLIL[@]}" \
	"$WORK/initrd" "$@")

QEMU=(qemu-system-x86_64 -nodefaults -no-user-config -display none
	-no-reboot -m "$MEM" -smp "$SMP"
	-kernel "$IMAGE" -initrd "$WORK/initrd"
	-chardev "file,id=status,path=$WORK/status"
	-serial "file:$LOG" -serial chardev:stdio -serial chardev:status)
if [ -n "$ICOUNT" ]; then
	# A nanosecond of the guest is an instruction; idle time costs nothing.
	QEMU+=(-accel tcg -icount 'shift=0,sleep=off' -cpu 'qemu64,+rdrand')
elif use_kvm; then
	QEMU+=(-accel kvm -cpu host)
else
	# A plain processor is emulated fastest.  Its time stamp counters are
	# those of the host, and so synchronous; reading any other clock takes
	# as long as a page fault.  A program is translated only once if it is
	# always at the same address, and a grace period need not wait for a
	# tick to notice idle processors.
	QEMU+=(-accel 'tcg,thread=multi' -cpu 'qemu64,+rdrand')
	APPEND+=' tsc=reliable norandmaps rcutree.jiffies_till_first_fqs=0'
fi
# Panic on an Oops: whatever follows is meaningless.  Separate slab caches show
# leaked objects when they are destroyed.  On a busy host the timer may tick too
# late, which would make the kernel panic because it considers the timer broken.
QEMU+=(-append "console=ttyS0 earlyprintk=ttyS0 ignore_loglevel panic=-1 \
no_timer_check oops=panic slab_nomerge loglevel=8 $APPEND" "${MORE[@]}")

RC=0
if [ -n "$TTY" ]; then
	"${QEMU[@]}" -chardev stdio,id=stdio,signal=off,mux=on -mon stdio ||
		RC=$?
else
	# In the foreground, so that whatever ends this script ends QEMU as
	# well.
	timeout --foreground -k 5 "$TIMEOUT" "${QEMU[@]}" -chardev stdio,id=stdio \
		</dev/null | tee "$OUT" || RC=${PIPESTATUS[0]}
fi

failures=()
if [ "$RC" -eq 124 ] || [ "$RC" -eq 137 ]; then
	failures+=("it did not end within $TIMEOUT s")
elif [ "$RC" -ne 0 ]; then
	failures+=("QEMU's exit status is $RC")
elif ! grep -q '^exit ' "$WORK/status" 2>/dev/null; then
	failures+=("the VM stopped before the script ended")
elif ! grep -qx 'exit 0' "$WORK/status"; then
	failures+=("the script's exit status is $(sed 's/exit //' "$WORK/status")")
fi
if [ -n "$KTAP" ]; then
	plan=$(planned "$OUT")
	ran=$(grep -cE '^(not )?ok [0-9]+' "$OUT" || true)
	[ -n "$plan" ] && [ "$plan" -gt 0 ] && [ "$plan" = "$ran" ] ||
		failures+=("$ran tests reported of ${plan:-an unknown number}")
	! grep -q '^not ok' "$OUT" || failures+=("tests failed")
fi
if reports=$(kernel_reports "$LOG"); then
	failures+=("the kernel reported: $(head -n 1 <<<"$reports")")
fi
[ ${#failures[@]} -gt 0 ] || exit 0

{
	printf '%s\n' "--- the end of the kernel's log (build/vm/$NAME.log) ---"
	tail -n "${DLIL_VM_LOG_LINES:-60}" "$LOG"
	printf '%s\n' "---"
	for f in "${failures[@]}"; do
		printf 'vm.sh: failed: %s\n' "$f"
	done
} >&2
exit 1
