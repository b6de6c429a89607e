# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For scripts/bench/profile.py: runs one case repeatedly, while the host takes
# samples.
#
#   profile.sh CASE BURST    CASE: baseline, or one of dlil, udp_dlil and out_dlil
#                            with _0, _empty_N, _list_N or _match_N; udp_plain,
#                            out_plain

set -eu

# shellcheck source=scripts/guest/bench/common.sh
. bench/common.sh

set_up
how=feed
case $1 in
dlil_* | udp_dlil_* | out_dlil_*) wrap ;;
esac
case $1 in
*_empty_*) echo "empty ${1##*_}" >"$D/attach" ;;
*_list_*) echo "list ${1##*_}" >"$D/attach" ;;
*_match_*)
	for ((i = 1; i <= ${1##*_}; i++)); do
		dlilctl filter add bench0 "m$i" both match \
			"udp dst port $((4000 + i))" count
	done
	;;
esac
case $1 in
udp_*) order udp=1 ;;
out_*) how=send ;;
esac
# As many packets as in its warm-up.
order n=1024 burst="$2"
echo $how >"$D/run"
awk '$2 ~ /[tTwW]/ { print "symbol", $1, $3 }' /proc/kallsyms
echo ready
for _ in {1..24}; do
	echo $how >"$D/run"
done
