#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Compares impair/impair_fate.c with the model, and with probability; see test.py.
#
#   test.sh [PACKETS]     1,000,000 of them for each case by default
#
# The last line is `impair: N passed, M failed`.

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/../common.sh"

need_packages gcc libc6-dev python3

here=$TOP/scripts/impair
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
packets=${1:-1000000}

"$here/tables.py" --check
# After a comparison without failures, unchanged files need no new one.
passed=$CACHE/impair-$({
	echo "$packets"
	cat "$TOP"/impair/impair_{fate,tables,rand}.[ch] "$here"/*.py "$here"/fates.c \
		"$here"/user/linux/*
} 2>/dev/null | short_hash).passed
if [ ! -e "$passed" ]; then
	gcc -std=gnu11 -O2 -Wall -Wextra -Werror -I "$here/user" -o "$tmp/fates" \
		"$here/fates.c"
	JOBS=1 "$here/test.py" "$tmp/fates" "$packets" | tee "$tmp/said"
	cp "$tmp/said" "$passed"
else
	tail -n 1 "$passed"
fi
