#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# one-test.sh FUNCTION: run one test in a fresh pair of namespaces with dlil
# loaded, and see that all is in order after it.  In a process of its own, so
# that nothing of it is left in the next one.

set -eEuo pipefail
cd /dlil
# shellcheck source=scripts/guest/lib.sh
. ./lib.sh
# shellcheck source=scripts/guest/reports.sh
. ./reports.sh
for file in tests/*.sh; do
	# shellcheck disable=SC1090 # each of them
	. "$file"
done

T=/tmp/test.$1
mkdir "$T"
trap 'fail "line $LINENO of ${BASH_SOURCE[0]##*/}: $BASH_COMMAND"' ERR
trap 'trap - ERR; set +e; end_faults; kill $(jobs -p) 2>/dev/null; wait' EXIT

in_haste 1
modprobe dlil
two_namespaces
in_haste 0
"$1"
