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

# assertions: print a C assertion for each constant and member that the module has besides
# the specification, as FILE TEXT (INI-3).
assertions() {
	/usr/bin/python3 - "$tmp/$spec" <<-'PYTHON'
		import sys, yaml

		spec = yaml.safe_load(open(sys.argv[1]))
		sets = {s['name']: s for s in spec['attribute-sets']}
		enums = {d['name']: d for d in spec['definitions']}

		def constant(*words):
		    return '_'.join(words).upper().replace('-', '_')

		def attributes(name):
		    for a in sets[name]['attributes']:
		        if a['name'] != 'pad':
		            yield a['name'], constant('dlil-a', name, a['name'])

		def check(file, a, b):
		    print(file, f'static_assert({a} == {b});')

		for name, struct in ('stats', 'dlil_stats'), ('account', 'dlil_account'):
		    for member, attr in attributes(name):
		        check('c', f'({attr} - {constant("dlil-a", name, "pad")} - 1) * sizeof(u64)',
		              f'offsetof(struct {struct}, {member})')
		short = {'promiscuous': 'promisc'}
		for reason, attr in attributes('drops'):
		    check('c', f'{attr} - DLIL_A_DROPS_PAD - 1',
		          f'(int){constant("dlil-drop", short.get(reason, reason))}')
		for name, attr in attributes('classes'):
		    check('c', f'{attr} - 1', f'(int){constant("dlil-class", name)}')
		for name, own in ('impair-loss', 'impair-loss'), ('impair-distribution', 'impair'):
		    for e in enums[name]['entries']:
		        check('impair', f'(int){constant("dlil", name, e)}',
		              f'(int){constant(own, e)}')
	PYTHON
}
assertions >"$tmp/assertions"
{
	printf '\n/* Constants and members that exist twice */\n'
	printf '#include <net/dlil.h>\n\n'
	sed -n 's/^c //p' "$tmp/assertions"
} >>"$tmp/out/dlil_netlink_gen.c"
{
	printf '/* Constants that exist twice, for the module of the kind impair */\n'
	printf '#define DLIL_ASSERT_IMPAIR \\\n'
	sed -n 's/^impair \(.*\)/\t\1 \\/p' "$tmp/assertions" | sed '$s/; \\$/\n/'
} >"$tmp/impair"
# shellcheck disable=SC2016 # the shell of sed expands it
IMPAIR=$tmp/impair sed -i '/^#endif .*_GEN_H/e cat "$IMPAIR"' "$tmp/out/dlil_netlink_gen.h"

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
