#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Generates include/uapi/linux/dlil.h, dlil_netlink_gen.h and .c from
# Documentation/netlink/specs/dlil.yaml with the generator of a kernel tree.
#
#   gen-netlink.sh [--check]     --check: only tell whether they are up to date

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

# 6.1 has no generator yet.
need_packages python3-yaml python3-jsonschema
tree=$("$TOP/scripts/kernel.sh" source 6.12)
spec=Documentation/netlink/specs/dlil.yaml
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# The generator writes the path of the specification relative to a kernel tree.
mkdir -p "$tmp/$(dirname "$spec")" "$tmp/tools/net" "$tmp/out"
cp "$TOP/$spec" "$tmp/$spec"
cp "$tree"/Documentation/netlink/*.yaml "$tmp/Documentation/netlink/"
cp -r "$tree/tools/net/ynl" "$tmp/tools/net/"
touch "$tmp/MAINTAINERS"

generate() {
	local out=$1
	shift
	(cd "$tmp" && /usr/bin/python3 tools/net/ynl/ynl-gen-c.py \
		--spec "$spec" "$@" -o "out/$out")
}
generate dlil.h --mode uapi --header
generate dlil_netlink_gen.h --mode kernel --header
generate dlil_netlink_gen.c --mode kernel --source
sed -i 's#<uapi/linux/dlil.h>#<linux/dlil.h>#' "$tmp"/out/dlil_netlink_gen.?
# Remove the global policy: no family here uses it.
sed -i -z 's/\n\nstatic const struct genl_multicast_group [^;]*};\n/\n/' \
	"$tmp/out/dlil_netlink_gen.c"

status=0
while read -r name dest; do
	if [ "${1:-}" = --check ]; then
		diff -u "$TOP/$dest" "$tmp/out/$name" || status=1
	else
		install -m 644 "$tmp/out/$name" "$TOP/$dest"
	fi
done <<-LIST
	dlil.h include/uapi/linux/dlil.h
	dlil_netlink_gen.h dlil_netlink_gen.h
	dlil_netlink_gen.c dlil_netlink_gen.c
LIST
[ $status -eq 0 ] || die "out of date: run scripts/gen-netlink.sh"
