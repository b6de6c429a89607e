#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# run.sh ROUNDS SEED PATTERN PART PARTS: on a debug kernel, runs the functional
# tests and those in debug/tests as run-tests.sh does.

cd /dlil || exit
export ROUNDS=$1 SEED=$2
shift 2

mkdir /tmp/tests
cp tests/*.sh debug/tests/*.sh /tmp/tests
mount --bind /tmp/tests tests
# What the kernel lost while it booted is not ours.
bash debug/leaks.sh forget
bash run-tests.sh "$@"
status=$?
# How many allocations of what have failed.
[ ! -e /tmp/faults ] || sed 's/^/# /' /tmp/faults
exit $status
