#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What the measurements say: files for people and pictures, and the targets.

report.py [--strict] [--part] [--again FILE] FOLDER FILE
report.py --native FOLDER FILE...

FILE is the output of guest/bench/cost.sh.  The exit status is 1 if something
is wrong with the measurement, or, with --strict, a target is missed.
"""
import argparse
import json
import pathlib

BURSTS = [1, 2, 4, 8, 16, 32, 64]
COUNTS = [1, 2, 4, 8, 16, 32, 64]
SWEPT = ["baseline", "dlil_0", "dlil_empty_8", "dlil_list_8", "nft_1",
         "macvlan", "bridge", "ifb", "xdp_generic"]
OUTPUT = ["out_plain", "out_dlil_0", "out_dlil_empty_8", "out_dlil_match_8",
          "out_nft", "out_nft_8", "out_tc", "out_tc_8"]
SINGLE = OUTPUT + ["event_post", "lone_baseline", "lone_dlil_0",
                   "pktgen_baseline", "pktgen_dlil_0", "closed_dlil_0",
          "closed_at_once"]
PLAIN = (["nft_0", "tc_matchall", "dlil_drop", "nft_drop", "tc_drop",
          "idle_1", "idle_16", "idle_256", "protos_16",
          "events", "dlil_impair_loss", "dlil_impair_delay", "netem_loss",
          "netem_delay", "dlil_match_1000"] +
         [f"{kind}_{n}" for n in COUNTS
          for kind in ("dlil_empty", "dlil_list", "dlil_match", "nft", "tc_bpf")])
# What the kernel has of a thread, beside its stack.
THREAD = ["task_struct", "signal_cache", "sighand_cache", "cred_jar", "pid"]
# What a case is compared with, by how its name begins.
BASES = [("udp_", "udp_plain"), ("out_", "out_plain"),
         ("lone_", "lone_baseline"), ("pktgen_", "pktgen_baseline"),
         ("smp_", "smp_baseline"), ("echo_", "echo_plain"),
         ("event_", None), ("closed_", None), ("", "baseline")]


def expected():
    """All that has to have been measured."""
    wanted = {(case, burst) for case in SWEPT for burst in BURSTS}
    wanted |= {(case, 1) for case in SINGLE}
    wanted |= {(case, 64) for case in PLAIN}
    wanted |= {(case, 512) for case in ("baseline", "dlil_full")}
    wanted |= {(f"udp_{what}", burst) for what in ("plain", "dlil_0")
               for burst in (1, 8, 64)}
    return wanted


class Results:
    """The measurements of one run."""

    def __init__(self, path):
        self.cases, self.facts, self.all = {}, {}, []
        for line in pathlib.Path(path).read_text().splitlines():
            if line.startswith("{"):
                self.add(json.loads(line))

    def add(self, line):
        if "fact" in line:
            self.facts[line["fact"]] = line["value"]
            return
        self.all.append(line)
        # What is measured more than once differs by chance, which only adds.
        old = self.cases.get((line["case"], line["burst"]), line)
        self.cases[line["case"], line["burst"]] = min(
            old, line, key=lambda each: each["ns"])

    def take_medians(self):
        """What was measured several times: the run in the middle."""
        for key in self.cases:
            lines = [line for line in self.all
                     if (line["case"], line["burst"]) == key]
            lines.sort(key=lambda line: line["ns"] / line["n"])
            self.cases[key] = lines[len(lines) // 2]

    def has(self, case, burst=64):
        return (case, burst) in self.cases

    def cost(self, case, burst=64):
        """Instructions for each packet."""
        line = self.cases[case, burst]
        return line["ns"] / line["n"]

    def over(self, case, burst=64):
        """How many more than without, or None."""
        base = next(base for name, base in BASES if case.startswith(name))
        if base is None or not self.has(base, burst):
            return None
        return self.cost(case, burst) - self.cost(base, burst)

    def wakes(self, case, burst=64):
        line = self.cases[case, burst]
        return line["wakes"] / line["n"]

    def each(self, kind):
        """What each further one of a kind costs."""
        return (self.cost(f"{kind}_64") - self.cost(f"{kind}_1")) / 63

    def rows(self):
        return [{"case": case, "burst": burst, "n": line["n"],
                 "insn_per_packet": round(self.cost(case, burst), 1),
                 "over_baseline": rounded(self.over(case, burst)),
                 "wakes_per_packet": round(self.wakes(case, burst), 4),
                 "delivered": line["delivered"], "dropped": line["dropped"]}
                for (case, burst), line in self.cases.items()]


def rounded(number):
    return None if number is None else round(number, 1)


def faults(res):
    """What is wrong with the measurement itself."""
    for line in res.all:
        case, burst = line["case"], line["burst"]
        wanted = 0 if case.endswith("_drop") else line["n"]
        if case.endswith("_full"):
            wanted = -(-line["n"] // line["burst"])
        if line["delivered"] != wanted:
            yield (f"{case}, burst {burst}: {line['delivered']} packets "
                   f"arrived, not {wanted}")
        if line["reordered"]:
            yield f"{case}, burst {burst}: {line['reordered']} reordered"


def missing(res):
    for case, burst in sorted(expected() - set(res.cases)):
        yield f"{case}, burst {burst}: was not measured"


def apart(res, again):
    """Two runs differ by more than 1 %."""
    worst = 0.0, "nothing"
    for case, burst in sorted(set(res.cases) | set(again.cases)):
        if not (res.has(case, burst) and again.has(case, burst)):
            yield f"{case}, burst {burst}: measured only once"
            continue
        one, two = res.cost(case, burst), again.cost(case, burst)
        percent = 100 * abs(two - one) / one
        worst = max(worst, (percent, f"{case}, burst {burst}"))
        if percent > 1:
            yield f"{case}, burst {burst}: {one:.1f}, then {two:.1f}"
    print(f"Two runs are {worst[0]:.2f} % apart at most ({worst[1]}).")


def at_most(text, value, limit, unit=""):
    met = value <= limit
    return met, f"{text}: {value:,.4g}{unit}, target {limit:,.4g}{unit}"


def targets(res):
    """(met, sentence) for each of them."""
    yield at_most("dlil_0, burst 64, over the baseline",
                  res.over("dlil_0"), 400)
    yield at_most("dlil_0, burst 8, in additions of ifb",
                  res.over("dlil_0", 8) / res.over("ifb", 8), 1.5)
    yield at_most("dlil_0, burst 1, over the baseline",
                  res.over("dlil_0", 1), 2500)
    yield at_most("a lone packet's way through dlil_0, longer by",
                  res.over("lone_dlil_0", 1), 50000, " ns")
    yield at_most("eight clients that wait for answers, in times without "
                  "gathering", res.cost("closed_dlil_0", 1) /
                  res.cost("closed_at_once", 1), 1.03)
    yield at_most("a packet that a full queue refuses, over no hook",
                  res.over("dlil_full", 512), res.over("dlil_0"))
    yield at_most("an idle second of the input thread",
                  res.facts["idle_second_ns"], 0, " ns")
    yield at_most("wakes a packet, dlil_0, burst 64", res.wakes("dlil_0"), .02)
    yield at_most("udp_dlil_0, burst 64, over udp_plain",
                  res.over("udp_dlil_0"), 0)
    yield at_most("each further empty filter", res.each("dlil_empty"), 20)
    yield at_most("each further list filter", res.each("dlil_list"), 8)
    yield at_most("each further match filter (a rule of nft: "
                  f"{res.each('nft'):.0f}, of tc: {res.each('tc_bpf'):.0f})",
                  res.each("dlil_match"), 70)
    yield at_most("1,000 match filters that differ in a port, over one",
                  res.cost("dlil_match_1000") - res.cost("dlil_match_1"), 300)
    yield at_most("dlil_drop over nft_drop",
                  res.cost("dlil_drop") - res.cost("nft_drop"), 400)
    for effect, limit in (("loss", 250), ("delay", 600)):
        cost = res.over(f"dlil_impair_{effect}")
        yield at_most(f"impair {effect} over dlil_0", cost - res.over("dlil_0"),
                      limit)
        yield at_most(f"impair {effect}, in additions of netem behind ifb",
                      cost / res.over(f"netem_{effect}"), .5)
    yield at_most("out_dlil_0 over out_plain", res.over("out_dlil_0", 1), 80)
    yield at_most("out_dlil_match_8 over out_nft_8",
                  res.cost("out_dlil_match_8", 1) - res.cost("out_nft_8", 1),
                  0)
    for case, what in (("idle_256", "256 idle devices"),
                       ("protos_16", "16 unused protocols"),
                       ("events", "events nobody listens to")):
        yield at_most(f"growth by {what}",
                      100 * (res.cost(case) / res.cost("dlil_0") - 1), 1, " %")
    caches = res.facts["idle_ifnet_caches"]
    thread = sum(caches.get(name, 0) for name in THREAD)
    yield at_most("memory of an idle ifnet without its thread's stack (of it "
                  f"{thread:,} for the thread)",
                  res.facts["idle_ifnet_bytes"], 8192, " bytes")


def table(res):
    """For people."""
    yield f"Instructions a packet, kernel {res.facts.get('kernel', '?')}"
    yield ""
    yield f"{'case':20} {'burst':>5} {'cost':>8} {'over':>8} {'wakes':>7}"
    for row in res.rows():
        if row["burst"] == 64 or (row["case"], 64) not in res.cases:
            over = row["over_baseline"]
            over = "-" if over is None else f"{over:,.0f}"
            yield (f"{row['case']:20} {row['burst']:5} "
                   f"{row['insn_per_packet']:8,.0f} {over:>8} "
                   f"{row['wakes_per_packet']:7.3f}")
    yield ""
    yield f"{'by burst':20} " + " ".join(f"{b:>7}" for b in BURSTS)
    for case in sorted({c for c, b in res.cases if b == 2}):
        yield f"{case:20} " + " ".join(f"{res.cost(case, b):7,.0f}"
                                       for b in BURSTS)


def summary(res):
    """For README."""
    def line(text, case):
        return f"    {text:34}" + "".join(
            f"{res.cost(case, burst):8,.0f}" for burst in (1, 8, 64))

    def each(text, cost):
        return f"    {text:50}{cost:8,.0f}"

    yield f"    Instructions a packet, Linux {res.facts.get('kernel', '?')}"
    yield ""
    yield f"    {'received, in bursts of':34}{1:8}{8:8}{64:8}"
    for text, case in (("no hook", "baseline"), ("macvlan", "macvlan"),
                       ("nft, one rule", "nft_1"), ("bridge", "bridge"),
                       ("generic XDP, pass", "xdp_generic"),
                       ("tc mirred to ifb and back in", "ifb"),
                       ("DLIL", "dlil_0"),
                       ("DLIL, 8 empty filters", "dlil_empty_8"),
                       ("DLIL, 8 empty list filters", "dlil_list_8"),
                       ("to a UDP socket, no hook", "udp_plain"),
                       ("to a UDP socket, DLIL", "udp_dlil_0")):
        yield line(text, case)
    yield ""
    for text, kind in (("each further empty filter", "dlil_empty"),
                       ("each further empty list filter", "dlil_list"),
                       ("each further filter `match udp dst port N`",
                        "dlil_match"),
                       ("the same as a rule of nft", "nft"),
                       ("the same as a filter of tc", "tc_bpf")):
        yield each(text, res.each(kind))
    yield each("1,000 such filters `match`, over one",
               res.cost("dlil_match_1000") - res.cost("dlil_match_1"))
    for text, case in (("sent by a UDP socket, no hook", "out_plain"),
                       ("sent by a UDP socket, DLIL", "out_dlil_0"),
                       ("sent, 8 match filters", "out_dlil_match_8"),
                       ("sent, 8 rules of nft", "out_nft_8")):
        yield each(text, res.cost(case, 1))


def curves(res):
    """The data of the pictures, by name: lines of columns, with a title."""
    yield "bursts", ["burst"] + SWEPT, [
        [burst] + [res.cost(case, burst) for case in SWEPT]
        for burst in BURSTS]
    kinds = ["dlil_empty", "dlil_list", "dlil_match", "nft", "tc_bpf"]
    none = {"nft": res.over("nft_0"), "tc_bpf": 0.0}
    shown = ["DLIL, empty filters", "DLIL, empty list filters",
             "DLIL, filters match", "nftables, rules", "tc, BPF filters"]
    yield "filters", ["filters"] + shown, [
        [0] + [none.get(kind, res.over("dlil_0")) for kind in kinds]] + [
        [n] + [res.over(f"{kind}_{n}") for kind in kinds] for n in COUNTS]


def native_table(res):
    """Of time, not of instructions; of answers also how long one took."""
    yield f"{'case':20} {'burst':>5} {'ns':>8} {'ratio':>6} {'M/s':>6}"
    for (case, burst), line in res.cases.items():
        cost, over = res.cost(case, burst), res.over(case, burst)
        took = (f"  half of the answers within {line['p50_us']:,.0f} us"
                if "p50_us" in line else "")
        yield (f"{case:20} {burst:5} {cost:8,.0f} {cost / (cost - over):6.2f} "
               f"{1000 / cost:6.3f}{took}")


def native(files):
    """Prints it; what is wrong with it."""
    wrong, measured = [], 0
    for path in files:
        res = Results(path)
        wrong += faults(res)
        res.take_medians()
        measured += len(res.cases)
        if not res.cases:
            wrong.append(f"{path}: nothing was measured")
        print(f"\nNanoseconds a packet, kernel {res.facts.get('kernel')}, "
              f"medians of {len(res.all) // max(1, len(res.cases))} or more")
        print("\n".join(native_table(res)))
    return measured, wrong


def write_files(folder, res, text):
    dump = json.dumps
    (folder / "results.json").write_text(
        "[\n" + ",\n".join(map(dump, res.rows())) + "\n]\n")
    (folder / "facts.json").write_text(dump(res.facts, indent=1) + "\n")
    (folder / "table.txt").write_text(text + "\n")
    (folder / "summary.txt").write_text("\n".join(summary(res)) + "\n")


def write_curves(folder, res):
    for name, titles, lines in curves(res):
        rows = [titles] + [[f"{x:.1f}" if isinstance(x, float) else str(x)
                            for x in line] for line in lines]
        (folder / f"{name}.dat").write_text(
            "".join(" ".join(f'"{x}"' if " " in x else x for x in row) + "\n"
                    for row in rows))


def judge(res):
    """Prints which targets are met; how many are, and how many not."""
    print("\nTargets:")
    count = [0, 0]
    for met, sentence in targets(res):
        print(f"  {'met    ' if met else 'NOT met'}  {sentence}")
        count[not met] += 1
    return count


def conclude(name, measured, wrong):
    for fault in wrong:
        print(f"failed: {fault}")
    print(f"{name}: {max(measured - len(wrong), 0)} passed, "
          f"{len(wrong)} failed")
    return bool(wrong)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("--part", action="store_true")
    parser.add_argument("--again")
    parser.add_argument("--native", action="store_true")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("file", nargs="+")
    args = parser.parse_args()

    if args.native:
        measured, wrong = native(args.file)
        return conclude("bench-native", measured, wrong)
    res = Results(args.file[0])
    text = "\n".join(table(res)) if not args.part else ""
    wrong = list(faults(res))
    if args.part:
        for row in res.rows():
            print(json.dumps(row))
    else:
        wrong += missing(res)
    if args.again:
        wrong += apart(res, Results(args.again))
    if not args.part and not any("not measured" in w for w in wrong):
        print(text)
        write_files(args.folder, res, text)
        write_curves(args.folder, res)
        _, missed = judge(res)
        if args.strict:
            wrong += [f"{missed} targets are missed"] * bool(missed)
    return conclude("bench", len(res.cases), wrong)


if __name__ == "__main__":
    raise SystemExit(main())
