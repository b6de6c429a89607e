# SPDX-License-Identifier: GPL-2.0
# The style that the pictures share.  type: svg or png; out, data: files.
if (type eq "svg") {
	set terminal svg size 900,560 font "DejaVu Sans,13" background "white"
} else {
	set terminal pngcairo size 900,560 font "DejaVu Sans,11" background "white"
}
set output out
set border 3 lc rgb "#444444"
set tics nomirror
set grid ytics lc rgb "#dddddd"
set key outside right top reverse Left samplen 2 noenhanced
set xtics noenhanced
set style data linespoints
set pointsize 0.8
set linetype 1 lw 2 pt 7 lc rgb "#999999"
set linetype 2 lw 3 pt 7 lc rgb "#d62728"
set linetype 3 lw 2 pt 5 lc rgb "#ff9d5c"
set linetype 4 lw 2 pt 5 lc rgb "#e7b416"
set linetype 5 lw 2 pt 9 lc rgb "#1f77b4"
set linetype 6 lw 2 pt 11 lc rgb "#2ca02c"
set linetype 7 lw 2 pt 13 lc rgb "#9467bd"
set linetype 8 lw 2 pt 6 lc rgb "#8c564b"
set linetype 9 lw 2 pt 4 lc rgb "#17becf"
