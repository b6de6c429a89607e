#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Shows DLIL at work in a VM; see guest/demo.sh.  The exit status is 0 only if
# every step had the announced result.

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

[ $# -eq 0 ] || die "demo.sh takes no arguments"
[ -t 1 ] || export NO_COLOR=1
say "booting a VM; nothing of this machine's network is touched"
exec "$TOP/scripts/vm.sh" --dlil "$TOP/scripts/guest/demo.sh"
