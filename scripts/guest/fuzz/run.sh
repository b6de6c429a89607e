#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# run.sh COUNT SEED netlink|packets...: run these fuzzers one after the other,
# with that many messages and frames, until one fails.

status=0
count=$1 seed=$2
shift 2
for what; do
	bash "/dlil/fuzz/$what.sh" "$count" "$seed" || { status=1; break; }
done
exit $status
