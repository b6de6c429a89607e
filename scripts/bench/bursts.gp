# SPDX-License-Identifier: GPL-2.0
set title "Instructions a packet, by the packets that come at a time"
set xlabel "packets in a burst"
set ylabel "instructions (both axes logarithmic)"
set logscale xy 2
set yrange [512:8192]
set format y "%.0f"
stats data skip 1 nooutput
plot for [i=2:STATS_columns] data using 1:i title columnheader(i) lt (i - 1)
