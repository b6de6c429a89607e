# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2086 # constants of lib.sh
#
# The commands in README print what README shows: tests its indented lines that
# begin with `# `, with the output below them.

examples() { sed -n 's/^    //p; /^$/p' /dlil/README; }

numbers_away() { sed -E 's/[0-9][0-9,]*/N/g; s/[[:space:]]+/ /g; s/ $//'; }

# Set up something of each kind that the examples show.
traffic() {
	peer ping -q -c 2 -i 0.01 -W 0.2 $IP0 >/dev/null || true
	peer bash -c "for i in 1 2 3; do echo q >/dev/udp/$IP0/53; done"
}

# try COMMAND OUTPUT: the output must be that of README, apart from numbers.
try() {
	local got

	[[ $1 != *\ show* && $1 != *\ stats* ]] || traffic
	got=$(dut bash -c "$1" 2>&1) || got+=$'\n'"exit status $?"
	[ "$(numbers_away <<<"$got")" = "$(numbers_away <<<"$2")" ] ||
		printf '%s prints\n%s\nnot\n%s\n' "$1" "$got" "$2" >>"$T/wrong"
}

# STA-1 FLT-3
test_readme() {
	local line cmd='' out='' n=0

	ip -n dut link set dl0 down
	ip -n dut link set dl0 name eth0
	ip -n dut link set eth0 up
	wait_for 10 is_up dut eth0
	: >"$T/wrong"
	while IFS= read -r line; do
		if [[ -n $cmd && ( -z $line || $line == '# '* ) ]]; then
			try "$cmd" "$out"
			n=$((n + 1))
			cmd='' out=''
		fi
		if [[ $line == '# '* ]]; then
			cmd=${line#\# }
		elif [[ -n $cmd ]]; then
			out+=${out:+$'\n'}$line
		fi
	done < <(examples; echo)
	[ ! -s "$T/wrong" ] || fail "$(<"$T/wrong")"
	at_least "commands of README" $n 10
	ctl detach eth0
}
