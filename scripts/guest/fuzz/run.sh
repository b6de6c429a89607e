#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# run.sh COUNT SEED netlink|packets...: fuzz one after the other, with as many
# messages and frames, up to the first that fails.

status=0
count=$1 seed=$2
shift 2
for what; do
	bash "/dlil/fuzz/$what.sh" "$count" "$seed" || { status=1; break; }
done
exit $status
