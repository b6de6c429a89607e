# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2086,SC2154 # constants of lib.sh
#
# Kinds of filters that modules provide: the sample `nth`.

# answered N: send N pings to the device, and print how many were answered.
answered() {
	peer ping -n -i 0.01 -W 1 -c "$1" $IP0 >"$T/pings" || true
	grep -c 'bytes from' "$T/pings" || true
}

# FLT-16 FLT-3: a kind is loaded when it is first named; its filters run, are shown with
# their arguments, change in place, keep their state, and pin the module.
test_kind_on_demand() {
	ctl attach dl0
	refused_with "unknown kind of filter" ctl filter add dl0 loss nosuch
	! lsmod | grep -q dlil_nth || fail "the sample was loaded already"
	ctl filter add dl0 loss in match icmp nth 10
	is "answers with every 10th lost" "$(answered 20)" 18
	is "the kind" "$(filter loss kind)" nth
	is "its arguments" "$(filter loss action)" 10
	is "its condition" "$(filter loss expr)" icmp
	is "packets that matched" "$(filter loss matched)" 20
	is "drops by filters" "$(json .account.input.drops.filter)" 2
	[[ $(ctl filter show dl0) == *'filter loss in match "icmp" nth 10 packets '* ]] ||
		fail "it is shown as: $(ctl filter show dl0)"

	ctl filter change dl0 loss nth 5
	is "its arguments" "$(filter loss action)" 5
	is "answers with every 5th lost" "$(answered 20)" 16
	is "packets that matched" "$(filter loss matched)" 40

	refused_with "nth needs a number" ctl filter change dl0 loss nth 0
	refused_with "nth needs a number" ctl filter add dl0 other out nth
	refused_with "of another kind" ctl filter change dl0 loss match
	refused_with "no filter of this name" ctl filter change dl0 other nth 5
	refused_with "a filter of this name exists" ctl filter add dl0 loss nth 5
	is "its arguments" "$(filter loss action)" 5
	! rmmod dlil_nth 2>/dev/null || fail "it was unloaded while in use"
	ctl filter del dl0 loss
	rmmod dlil_nth
}

# FLT-17: a filter is removed by itself when its time is over, and is shown with the time
# that is left.
test_for_some_time() {
	local left

	ctl attach dl0
	ctl filter add dl0 short in match icmp drop for 9s
	ctl filter add dl0 long in nth 1000 for 2h
	ctl filter add dl0 ever in match icmp count
	left=$(filter short lifetime)
	((left > 0 && left <= 9000)) || fail "it has $left ms left"
	left=$(filter long lifetime)
	((left > 7000000 && left <= 7200000)) || fail "it has $left ms left"
	is "what has a time" "$(ctl -j filter show dl0 |
		jq -r '[.[0].filters[] | select(.lifetime) | .name] | join(" ")')" "short long"
	[[ $(ctl filter show dl0) == *'match "icmp" drop for '[0-9]* ]] ||
		fail "it is shown as: $(ctl filter show dl0)"
	is "answers at first" "$(answered 3)" 0
	becomes "filters left" 2 json .filters#
	is "answers later" "$(answered 3)" 3
	is "what stays" "$(json '[.filters[].name] | join(" ")')" "long ever"
	ctl filter del dl0 long
	rmmod dlil_nth
}

# FLT-16 FLT-10: without a condition a filter is for all packets; each packet on the wire
# counts as one.
test_kind_for_all() {
	ctl attach dl0
	ctl filter add dl0 loss out nth 1000
	head -c 3000000 /dev/urandom >"$T/data"
	is "the checksum of a transfer" "$(transfer dut peer $IP1 "$T/data")" \
		"$(sha256sum "$T/data" | cut -d ' ' -f 1)"
	at_least "packets of a transfer of 3 MB" "$(filter loss matched)" 2000
	at_least "losses" "$(json .account.output.drops.filter)" 2
	is "its condition" "$(filter loss expr)" ""
	ctl filter add dl0 all match '' count
	refused_with "cannot be changed" ctl filter change dl0 all match
	ctl detach dl0
	rmmod dlil_nth
}
