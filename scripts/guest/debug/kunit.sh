#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs the KUnit suites as modules; their results are in the kernel's log.

cd /dlil || exit
bash debug/leaks.sh forget
for module in dlil dlil_kunit; do
	modprobe $module || exit
done
# The suites of impair load its module.
for module in dlil_kunit dlil_impair dlil; do
	rmmod $module || exit
done
