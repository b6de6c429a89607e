# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The shell of `make shell`: shell.sh ROWS COLUMNS, on the terminal.

cd /dlil || exit
# shellcheck source=scripts/guest/lib.sh
. ./lib.sh
stty rows "$1" columns "$2"
modprobe dlil && two_namespaces || exit

cat >/run/bashrc <<-'END'
	dut() { inns dut "$@"; }
	peer() { inns peer "$@"; }
	PS1='\[\e[1m\]dlil-vm\[\e[0m\]:\w# '
	cd
END
cat <<-END

	Linux $(uname -r) in a VM, with dlil loaded, and two network namespaces
	joined by a wire:

	  dut   dl0  $IP0  $IP60
	  peer  pe0  $IP1  $IP61

	Try    dlilctl -n dut attach dl0
	       dlilctl -n dut filter add dl0 no-ping in match icmp drop
	       peer ping $IP0
	       dlilctl -n dut -s show

	"dut COMMAND" and "peer COMMAND" run in the namespaces.  The tests are in
	/dlil.  Ctrl-D ends the VM, Ctrl-A X kills it (Ctrl-A twice is Ctrl-A).

END
bash --rcfile /run/bashrc -i
# Whatever the result of the last command.
exit 0
