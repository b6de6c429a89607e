#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Compares the fates of impair/impair_fate.c with the model, and with probability.

test.py FATES [PACKETS]: FATES is the program of fates.c.  For each case the program
must print exactly what the model predicts, for 1,000,000 packets; and the fates must
pass chi-square and Kolmogorov-Smirnov tests at p > 0.01, against the definitions and
not against the model.  The last line is `impair: N passed, M failed`.
"""
import bisect
import collections
import itertools
import math
import multiprocessing
import os
import subprocess
import sys

import model

LEVEL = 0.01
LOSS = ["none", "random", "every", "state", "gemodel"]
DISTRIBUTION = ["uniform", "normal", "pareto", "paretonormal"]
MS = 1000000


def share(percent):
    """A probability in multiples of 2^-32."""
    return min(round(percent / 100 * 2 ** 32), model.CERTAIN)


# Each case: name, parameters, and the statistical tests to run.
CASES = [
    ("nothing", {}, []),
    ("random 1%", {"loss_model": "random", "loss": [share(1), 0, 0, 0, 0]},
     ["loss_share", "loss_pairs"]),
    ("random 50%, sent", {"loss_model": "random", "loss": [share(50), 0, 0, 0, 0],
                          "direction": 1}, ["loss_share", "loss_pairs"]),
    ("random 100%", {"loss_model": "random", "loss": [share(100), 0, 0, 0, 0]},
     ["loss_all"]),
    ("every 7", {"loss_model": "every", "every": 7}, ["loss_every"]),
    ("state", {"loss_model": "state", "loss": [share(x) for x in (2, 20, 30, 40, 1)]},
     ["state_words"]),
    ("state, two states", {"loss_model": "state",
                           "loss": [share(x) for x in (1, 99, 0, 100, 0)]},
     ["state_words"]),
    ("gemodel", {"loss_model": "gemodel", "loss": [share(x) for x in (1, 30, 100, 0, 0)]},
     ["ge_bursts"]),
    ("gemodel, loss in both", {"loss_model": "gemodel",
                               "loss": [share(x) for x in (5, 25, 70, 2, 0)]},
     ["ge_words"]),
    ("uniform", {"delay": 20 * MS, "jitter": 5 * MS}, ["delays"]),
    ("normal", {"delay": 20 * MS, "jitter": 2 * MS, "distribution": "normal"},
     ["delays"]),
    ("pareto", {"delay": 20 * MS, "jitter": 5 * MS, "distribution": "pareto"},
     ["delays"]),
    ("paretonormal", {"delay": 20 * MS, "jitter": 2 * MS, "distribution": "paretonormal"},
     ["delays"]),
    ("normal, never negative", {"delay": MS, "jitter": MS, "distribution": "normal"},
     ["delay_clipped"]),
    ("correlation", {"delay": 20 * MS, "jitter": 5 * MS, "correlation": share(25)},
     ["delay_repeats", "delays_fresh"]),
    ("all", {"loss_model": "random", "loss": [share(30), 0, 0, 0, 0], "delay": 20 * MS,
             "jitter": 5 * MS, "duplicate": share(40), "corrupt": share(20),
             "reorder": share(60), "seed": 2 ** 64 - 7},
     ["loss_share", "duplicate_share", "corrupt_share", "corrupt_bits",
      "reorder_share", "effects_apart"]),
    ("reorder with a gap", {"reorder": share(50), "gap": 5, "seed": 3}, ["reorder_gap"]),
]


def upper_gamma(a, x):
    """The regularised incomplete gamma function Q(a, x), by series or fraction."""
    if x <= 0:
        return 1.0
    front = math.exp(-x + a * math.log(x) - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        n = a
        while term > total * 1e-15:
            n += 1
            term *= x / n
            total += term
        return 1 - front * total
    b, c = x + 1 - a, 1e300
    d = h = 1 / b
    for i in range(1, 10000):
        an = -i * (i - a)
        b += 2
        d = 1 / (an * d + b)
        c = b + an / c
        h *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return front * h


def chi_square(seen, expected, free=None):
    """The p-value; classes with few expected cases are put together."""
    s = e = total = 0.0
    classes = 0
    last = len(seen) - 1
    for i, (x, y) in enumerate(zip(seen, expected)):
        s, e = s + x, e + y
        if e >= 10 or i == last:
            if e > 0:
                total += (s - e) ** 2 / e
                classes += 1
            else:
                assert s == 0, "an impossible class has cases"
            s = e = 0.0
    return upper_gamma((free or classes - 1) / 2, total / 2)


def kolmogorov(samples, cdf):
    """The p-value of the test of Kolmogorov and Smirnov."""
    samples = sorted(samples)
    n = len(samples)
    d = max(max((i + 1) / n - cdf(x), cdf(x) - i / n) for i, x in enumerate(samples))
    x = d * (math.sqrt(n) + 0.12 + 0.11 / math.sqrt(n))
    return 2 * sum((-1) ** (k - 1) * math.exp(-2 * k * k * x * x) for k in range(1, 100))


def shares(values, p):
    """Two classes."""
    n = len(values)
    hit = sum(values)
    return chi_square([hit, n - hit], [n * p, n * (1 - p)])


def probability(params, name, index=None):
    """As a fraction."""
    value = params[name] if index is None else params[name][index]
    return value / 2 ** 32


def loss_share(fates, params):
    """The share of lost packets."""
    return shares([f[0] for f in fates], probability(params, "loss", 0))


def loss_pairs(fates, params):
    """Consecutive losses do not depend on each other: classes of pairs."""
    p = probability(params, "loss", 0)
    pairs = collections.Counter(zip([f[0] for f in fates[::2]],
                                    [f[0] for f in fates[1::2]]))
    n = len(fates) // 2
    keys = [(0, 0), (0, 1), (1, 0), (1, 1)]
    return chi_square([pairs[k] for k in keys],
                      [n * (p if a else 1 - p) * (p if b else 1 - p) for a, b in keys])


def loss_all(fates, _params):
    """All packets are lost."""
    return float(all(f[0] for f in fates))


def loss_every(fates, params):
    """Exactly the last one of each group."""
    n = params["every"]
    return float(all(f[0] == (i % n == n - 1) for i, f in enumerate(fates)))


def words_of(fates, start, step, emit):
    """Words of 6 losses against a chain whose steps and losses are given.

    Words are 64 packets apart, so that one says nothing about the next one.  @step
    has the probabilities from state to state, @emit those of a loss by state, before
    the step if @start is False, or after it.
    """
    seen = collections.Counter()
    lost = [f[0] for f in fates]
    for i in range(1024, len(lost) - 6, 64):
        seen[tuple(lost[i:i + 6])] += 1
    states = range(len(step))
    at = [1.0 if s == 0 else 0.0 for s in states]
    for _ in range(1024):
        at = [sum(at[a] * step[a][b] for a in states) for b in states]
    n = sum(seen.values())
    expected = {}
    for word in itertools.product((0, 1), repeat=6):
        v = at
        for bit in word:
            if not start:
                v = [v[s] * (emit[s] if bit else 1 - emit[s]) for s in states]
            v = [sum(v[a] * step[a][b] for a in states) for b in states]
            if start:
                v = [v[s] * (emit[s] if bit else 1 - emit[s]) for s in states]
        expected[word] = n * sum(v)
    order = sorted(expected, key=expected.get, reverse=True)
    return chi_square([seen[w] for w in order], [expected[w] for w in order])


def state_words(fates, params):
    """The model with four states."""
    p13, p31, p32, p23, p14 = (probability(params, "loss", i) for i in range(5))
    step = [[1 - p13 - p14, 0, p13, p14], [0, 1 - p23, p23, 0],
            [p31, p32, 1 - p31 - p32, 0], [1, 0, 0, 0]]
    return words_of(fates, True, step, [0, 0, 1, 1])


def ge_words(fates, params):
    """The model of Gilbert and Elliott."""
    p, r, bad, good = (probability(params, "loss", i) for i in range(4))
    return words_of(fates, False, [[1 - p, p], [r, 1 - r]], [good, bad])


def ge_bursts(fates, params):
    """With loss in the bad state only, lengths of bursts are geometric."""
    r = probability(params, "loss", 1)
    lengths = [len(list(group)) for lost, group in
               itertools.groupby(f[0] for f in fates) if lost]
    seen = collections.Counter(lengths)
    top = max(lengths) + 1
    expected = [len(lengths) * r * (1 - r) ** (k - 1) for k in range(1, top)]
    expected.append(len(lengths) * (1 - r) ** (top - 1))
    return min(chi_square([seen[k] for k in range(1, top + 1)], expected),
               ge_words(fates, params))


def cdf_of(params):
    """The distribution of the delay, without a look at the tables."""
    delay, jitter = params["delay"], params["jitter"]

    def uniform(x):
        return (x + 1) / 2

    def normal(x):
        return math.erfc(-x / math.sqrt(2)) / 2

    def pareto(x):
        value = x * math.sqrt(0.75) + 1.5
        return 1 - value ** -3 if value > 1 else 0.0

    def paretonormal(x):
        low, high = 1e-9, 1 - 1e-9
        for _ in range(45):
            u = (low + high) / 2
            if model.paretonormal(u) < x:
                low = u
            else:
                high = u
        return low

    cdf = {"uniform": uniform, "normal": normal, "pareto": pareto,
           "paretonormal": paretonormal}[params.get("distribution", "uniform")]
    return lambda ns: min(max(cdf((ns - delay) / jitter), 0.0), 1.0)


def delays(fates, params):
    """The delays have the distribution; the slow one is compared in classes."""
    values = [f[1] for f in fates]
    cdf = cdf_of(params)
    if params.get("distribution") != "paretonormal":
        return kolmogorov(values, cdf)
    edges = [params["delay"] + params["jitter"] * model.paretonormal(i / 200)
             for i in range(1, 200)]
    seen = collections.Counter(bisect.bisect(edges, v) for v in values)
    exact = [0.0, *(cdf(e) for e in edges), 1.0]
    return chi_square([seen[i] for i in range(200)],
                      [len(values) * (b - a) for a, b in zip(exact, exact[1:])])


def delay_clipped(fates, params):
    """Delays that would be negative are 0, and as many as they should be."""
    return shares([int(f[1] == 0) for f in fates], cdf_of(params)(0))


def delay_repeats(fates, params):
    """Consecutive delays are equal with the probability of the correlation."""
    repeats = [int(a[1] == b[1]) for a, b in zip(fates, fates[1:])]
    return shares(repeats, probability(params, "correlation"))


def delays_fresh(fates, params):
    """The delays that are not repeated have the distribution."""
    fresh = [b for a, b in zip(fates, fates[1:]) if a[1] != b[1]]
    return delays(fresh, params)


def duplicate_share(fates, params):
    """The share of doubled packets."""
    return shares([f[2] for f in fates], probability(params, "duplicate"))


def corrupt_share(fates, params):
    """The share of packets with a bit error."""
    return shares([int(f[3] >= 0) for f in fates], probability(params, "corrupt"))


def corrupt_bits(fates, params):
    """All places are equally likely."""
    places = collections.Counter(f[3] * 50 // (8 * length(i, params))
                                 for i, f in enumerate(fates) if f[3] >= 0)
    n = sum(places.values())
    return chi_square([places[i] for i in range(50)], [n / 50] * 50)


def reorder_share(fates, params):
    """The share of reordered packets."""
    return shares([f[4] for f in fates], probability(params, "reorder"))


def reorder_gap(fates, params):
    """Only the last one of each group, with the share."""
    gap = params["gap"]
    if any(f[4] for i, f in enumerate(fates) if i % gap != gap - 1):
        return 0.0
    return shares([f[4] for f in fates[gap - 1::gap]], probability(params, "reorder"))


def effects_apart(fates, _params):
    """No effect depends on another one: tables of two by two."""
    middle = sorted(f[1] for f in fates)[len(fates) // 2]
    columns = [[f[0] for f in fates], [int(f[1] > middle) for f in fates],
               [f[2] for f in fates], [int(f[3] >= 0) for f in fates],
               [f[4] for f in fates]]
    n = len(fates)
    worst = 1.0
    pairs = list(itertools.combinations(columns, 2))
    for a, b in pairs:
        both = collections.Counter(zip(a, b))
        pa, pb = sum(a) / n, sum(b) / n
        keys = [(x, y) for x in (0, 1) for y in (0, 1)]
        expected = [n * (pa if x else 1 - pa) * (pb if y else 1 - pb) for x, y in keys]
        worst = min(worst, chi_square([both[k] for k in keys], expected, free=1))
    # The smallest one of so many p-values is small by chance.
    return 1 - (1 - worst) ** len(pairs)


def length(i, _params):
    """As in fates.c."""
    return 40 + i * 7919 % 1461


def words(params):
    """The parameters as arguments of fates.c."""
    for name, value in params.items():
        if name == "loss":
            yield from (f"loss{i}={v}" for i, v in enumerate(value))
        elif name == "loss_model":
            yield f"loss_model={LOSS.index(value)}"
        elif name == "distribution":
            yield f"distribution={DISTRIBUTION.index(value)}"
        elif name == "direction":
            yield f"way={value}"
        else:
            yield f"{name}={value}"
    yield from ("distance=1", "limit=1")


def run(case):
    """Returns the failures of a case."""
    name, params, tests = case
    params = {"seed": 7, **params}
    out = subprocess.run([sys.argv[1], str(PACKETS), *words(params)], check=True,
                         stdout=subprocess.PIPE, text=True).stdout
    fates = [tuple(map(int, line.split())) for line in out.splitlines()]
    if len(fates) != PACKETS:
        return [f"{name}: {len(fates)} fates"]
    m = model.Model(**params)
    for i, fate in enumerate(fates):
        want = m.fate(length(i, params))
        if fate != want:
            return [f"{name}: packet {i}: {fate}, the model says {want}"]
    results = [(test, globals()[test](fates, params)) for test in tests]
    text = ", ".join(f"{test} p={p:.3f}" for test, p in results)
    print(f"ok {name}: {PACKETS} fates as predicted" + (f"; {text}" if text else ""),
          flush=True)
    return [f"{name}: {test}: p={p:.6f}" for test, p in results if not p > LEVEL]


PACKETS = int(sys.argv[2]) if len(sys.argv) > 2 else 1000000

if __name__ == "__main__":
    with multiprocessing.Pool(int(os.environ.get("JOBS", "1"))) as pool:
        failures = [f for fs in pool.imap(run, CASES, chunksize=1) for f in fs]
    for failure in failures:
        print("not ok", failure)
    bad = len({f.split(":")[0] for f in failures})
    print(f"impair: {len(CASES) - bad} passed, {bad} failed")
    sys.exit(bool(bad))
