#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Fuzzes the module in a VM, on the distribution's kernel, that of $KERNEL, or
# that of the DLIL_VM_* variables (see initramfs.sh), a debug kernel for one:
#
#   fuzz.sh [netlink|packets]... [--count N] [--seed N]
#
#   netlink     messages made from Documentation/netlink/specs/dlil.yaml
#   packets     frames through input and output, with filters on them
#   --count N   so many messages, and frames (200000)
#   --seed N    other ones; the same seed makes the same ones (1)
#   --mem M     memory of the VM, in QEMU's notation (2G)
#
# The last line is "fuzz: N passed, N failed".

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/../common.sh"

usage() { sed -n '4,15s/^# \{0,1\}//p' "$0" >&2; exit 2; }

COUNT=200000 SEED=1 MEM=2G WHAT=()
while [ $# -gt 0 ]; do
	case $1 in
	netlink | packets) WHAT+=("$1"); shift ;;
	--count | --seed)
		[[ ${2:-} =~ ^[0-9]+$ ]] || usage
		declare "$(tr '[:lower:]' '[:upper:]' <<<"${1#--}")=$2"
		shift 2 ;;
	--mem)
		[ $# -ge 2 ] || usage
		MEM=$2
		shift 2 ;;
	*) usage ;;
	esac
done
[ "$COUNT" -gt 0 ] || usage
[ ${#WHAT[@]} -gt 0 ] || WHAT=(netlink packets)

# A hundred a second is what a machine with much else to do and without hardware
# virtualisation still manages with all checkers on; and a quarter of an hour to
# boot and look around.
TIMEOUT=$((COUNT * ${#WHAT[@]} / 100 + 900))

status=0
name=fuzz-$(IFS=-; echo "${WHAT[*]}")
"$TOP/scripts/vm.sh" --dlil --ktap --timeout "$TIMEOUT" --mem "$MEM" \
	--smp 4 --append log_buf_len=4M --name "$name" \
	"$TOP/scripts/guest/fuzz/run.sh" "$COUNT" "$SEED" "${WHAT[@]}" ||
	status=$?
read -r passed failed < <(ktap_counts "$TOP/build/vm/$name.out" $status)
echo "fuzz: $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
