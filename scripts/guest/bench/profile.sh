# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For scripts/bench/profile.py: runs one case again and again, while the host
# looks on.
#
#   profile.sh CASE BURST    CASE: baseline, dlil_0, empty, list, udp_plain, ...

set -eu

# shellcheck source=scripts/guest/bench/common.sh
. bench/common.sh

set_up
how=feed
case $1 in
dlil_* | udp_dlil_* | out_dlil_*) wrap ;;
esac
case $1 in
*_empty) echo 'empty 8' >"$D/attach" ;;
*_list) echo 'list 8' >"$D/attach" ;;
*_match) dlilctl filter add bench0 m both match 'udp dst port 4001' count ;;
esac
case $1 in
udp_*) order udp=1 ;;
out_*) how=send ;;
esac
# As many as it warms up with.
order n=1024 burst="$2"
echo $how >"$D/run"
awk '$2 ~ /[tTwW]/ { print "symbol", $1, $3 }' /proc/kallsyms
echo ready
for _ in {1..24}; do
	echo $how >"$D/run"
done
