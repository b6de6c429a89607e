#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Starts a root shell in a VM with dlil loaded; see guest/shell.sh.

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

[ $# -eq 0 ] || die "shell.sh takes no arguments"
[ -t 0 ] || die "this needs a terminal"
read -r rows columns < <(stty size)
say "booting a VM; nothing of this machine's network is touched"
exec "$TOP/scripts/vm.sh" --dlil --interactive "$TOP/scripts/guest/shell.sh" \
	"$rows" "$columns"
