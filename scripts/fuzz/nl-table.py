#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Turn the netlink specification into tables for the netlink fuzzer.

    nl-table.py SPEC >nl-table.h

What the types mean is in scripts/guest/tools/nlstorm.c, which includes the
output.
"""

import sys

import yaml

KINDS = {
    # Only the kernel sends those of 16 bits.
    "u16": "NL_BINARY",
    "u32": "NL_U32",
    "u64": "NL_U64",
    "string": "NL_STRING",
    "binary": "NL_BINARY",
    "nest": "NL_NEST",
    "pad": "NL_PAD",
    # Without payload, too; no request may carry one.
    "flag": "NL_PAD",
}

# What a command reads of a nest, which a specification cannot say.
NESTED = {
    "filter-add": {"filter": ["name", "kind", "direction", "action",
                              "program", "expr", "place", "beside"]},
    "filter-change": {"filter": ["name", "kind", "action", "words", "data"]},
    "filter-update": {"filter": ["change", "name", "kind", "direction",
                                 "action", "program", "expr", "place",
                                 "beside"]},
    "filter-del": {"filter": ["name"]},
    "proto-plumb": {"protocol": ["family"]},
    "proto-unplumb": {"protocol": ["family"]},
    "control": {"protocol": ["number"]},
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


def attributes(attr_set, nests, wanted, requested):
    """Return the rows for the attributes of a set.

    Those that are not wanted are of the kind that is sent only to be refused;
    so are, whatever their kind, those that no request may carry.
    """
    rows = []
    for attr in attr_set["attributes"]:
        known = attr["name"] in wanted
        checks = attr.get("checks", {})
        row = {
            "name": f'"{attr["name"]}"',
            "type": macro(attr_set["name-prefix"], attr["name"]),
            "kind": KINDS[attr["type"] if known else "pad"],
        }
        if attr["name"] in requested:
            row["request"] = "true"
        row["min"] = checks.get("min", 0)
        row["max"] = checks.get("max", 0xFFFFFFFF)
        if "max-len" in checks:
            row["max_len"] = checks["max-len"]
        if known and "nested-attributes" in attr:
            row["set"] = f"&nl_sets[{nests[attr['name']]}]"
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
    sets = {s["name"]: s for s in spec["attribute-sets"]}
    # Tables by number: a name and rows.
    tables = []

    def add(name, attr_set, wanted, requested, narrowed=None):
        """Add the table of a set, behind those of its nests."""
        nests = {}
        for attr in attr_set["attributes"]:
            if attr["name"] in wanted and "nested-attributes" in attr:
                nested = sets[attr["nested-attributes"]]
                names = (narrowed or {}).get(attr["name"]) or [
                    a["name"] for a in nested["attributes"]
                    if a["type"] != "pad"]
                nests[attr["name"]] = add(nested["name"], nested, names, names)
        tables.append((name, attributes(attr_set, nests, wanted, requested)))
        return len(tables) - 1

    # Each command's view of it.  By that of the first one answers are checked
    # as well, so it has the kinds of all.
    views = []
    for op in ops:
        attr_set = sets[op["attribute-set"]]
        wanted = op["do"]["request"]["attributes"]
        every_name = [a["name"] for a in attr_set["attributes"]]
        views.append(add(op["name"], attr_set, wanted if views else every_name,
                         wanted, NESTED.get(op["name"])))

    print("/* Made by scripts/fuzz/nl-table.py. */\n")
    print(f"#define NL_LAST_CMD {len(every)}\n")
    print(f"static const struct nl_set nl_sets[{len(tables)}];\n")
    for i, (_, rows) in enumerate(tables):
        table(f"nl_attrs_{i}", rows, "nl_attr")
    table("nl_sets", [{"name": f'"{name}"', "attrs": f"nl_attrs_{i}",
                       "n": len(rows)}
                      for i, (name, rows) in enumerate(tables)], "nl_set")
    rows = []
    for op, view in zip(ops, views):
        attr_set = sets[op["attribute-set"]]
        wanted = op["do"]["request"]["attributes"]
        rows.append({
            "name": f'"{op["name"]}"',
            "cmd": macro(spec["operations"]["name-prefix"], op["name"]),
            "admin": flag("admin-perm" in op.get("flags", [])),
            "dump": flag("dump" in op),
            "set": f"&nl_sets[{view}]",
            "attrs": "{ " + ", ".join(
                macro(attr_set["name-prefix"], a) for a in wanted) + " }",
            "n": len(wanted),
        })
    table("nl_cmds", rows, "nl_cmd")


if __name__ == "__main__":
    main()
