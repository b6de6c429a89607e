#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Turn the netlink specification into tables for the netlink fuzzer.

    nl-table.py SPEC >nl-table.h

What the types mean is in scripts/guest/fuzz/nlstorm.c, which includes the
output.
"""

import sys

import yaml

KINDS = {
    "u32": "NL_U32",
    "u64": "NL_U64",
    "string": "NL_STRING",
    "binary": "NL_BINARY",
    "nest": "NL_NEST",
    "pad": "NL_PAD",
}


def macro(prefix, name):
    """Return the name that the UAPI header has for something."""
    return (prefix + name).upper().replace("-", "_")


def table(name, rows, kind):
    """Print an array."""
    print(f"static const struct {kind} {name}[] = {{")
    for row in rows:
        print("\t{ " + ", ".join(f".{k} = {v}" for k, v in row.items()) + " },")
    print("};\n")


def attributes(attr_set, sets, requested):
    """Return the rows for the attributes of a set."""
    rows = []
    for attr in attr_set["attributes"]:
        checks = attr.get("checks", {})
        row = {
            "name": f'"{attr["name"]}"',
            "type": macro(attr_set["name-prefix"], attr["name"]),
            "kind": KINDS[attr["type"]],
        }
        if attr["name"] in requested:
            row["request"] = "true"
        row["min"] = checks.get("min", 0)
        row["max"] = checks.get("max", 0xFFFFFFFF)
        if "max-len" in checks:
            row["max_len"] = checks["max-len"]
        if "nested-attributes" in attr:
            row["set"] = f"&nl_sets[{sets.index(attr['nested-attributes'])}]"
        rows.append(row)
    return rows


def flag(value):
    """Return a C boolean."""
    return "true" if value else "false"


def main():
    """Read the specification, write the tables."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as file:
        spec = yaml.safe_load(file)
    every = spec["operations"]["list"]
    # The others only come from the kernel.
    ops = [op for op in every if "do" in op]
    sets = spec["attribute-sets"]
    names = [s["name"] for s in sets]
    # What no request may carry: the kernel has no policy for it.
    requested = {a for op in ops
                 for a in op["do"]["request"]["attributes"]}

    print("/* Made by scripts/fuzz/nl-table.py. */\n")
    print(f"#define NL_LAST_CMD {len(every)}\n")
    print(f"static const struct nl_set nl_sets[{len(sets)}];\n")
    for i, attr_set in enumerate(sets):
        # Whatever is in a nest has a policy.
        known = requested if attr_set["name"] == ops[0]["attribute-set"] else {
            a["name"] for a in attr_set["attributes"] if a["type"] != "pad"}
        table(f"nl_attrs_{i}", attributes(attr_set, names, known), "nl_attr")
    table("nl_sets", [{"name": f'"{name}"', "attrs": f"nl_attrs_{i}",
                       "n": len(sets[i]["attributes"])}
                      for i, name in enumerate(names)], "nl_set")
    rows = []
    for op in ops:
        attr_set = sets[names.index(op["attribute-set"])]
        wanted = op["do"]["request"]["attributes"]
        rows.append({
            "name": f'"{op["name"]}"',
            "cmd": macro(spec["operations"]["name-prefix"], op["name"]),
            "admin": flag("admin-perm" in op.get("flags", [])),
            "dump": flag("dump" in op),
            "set": f"&nl_sets[{names.index(op['attribute-set'])}]",
            "attrs": "{ " + ", ".join(
                macro(attr_set["name-prefix"], a) for a in wanted) + " }",
            "n": len(wanted),
        })
    table("nl_cmds", rows, "nl_cmd")


if __name__ == "__main__":
    main()
