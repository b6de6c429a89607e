# SPDX-License-Identifier: GPL-2.0
set title "Instructions a packet over no hook at all, bursts of 64, by filters or rules"
set xlabel "filters or rules, none of which picks the packet"
set ylabel "instructions (logarithmic)"
set logscale y 2
set yrange [64:32768]
set format y "%.0f"
stats data skip 1 nooutput
# Evenly spaced: 0 has a place, too.
plot for [i=2:STATS_columns] data using 0:i:xtic(1) title columnheader(i) lt i
