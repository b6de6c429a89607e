#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The reference model of `impair`: it predicts the fate of each packet.

The definitions are here; impair/impair_fate.c is another implementation of them.
All numbers are integers, and a division by a power of 2 rounds down.

Random numbers.  A draw has 64 bits, and depends on the seed of the filter, the
direction (0 in, 1 out), the effect (0 loss, 1 delay, 2 duplicate, 3 corrupt,
4 reorder) and the number n of the packet, which counts from 0:

    A, B, C = the first 64 bits behind the point of sqrt(2), sqrt(3), sqrt(5),
              with the last bit set
    mix(x)  = x ^= x >> 32; x *= B; x ^= x >> 29; x *= C; x ^= x >> 32
    key     = mix(mix(seed + A) + (5 * direction + effect) * A)
    draw(n) = mix(mix(n * A + key) ^ key)                   all modulo 2^64

`high` and `low` are the halves of a draw.  A probability is a number of 32 bits, in
multiples of 2^-32.  An event happens if its half is less than the probability;
2^32 - 1 stands for 1, and always happens.

Loss.  A lost packet has no further effects.
    random P         lost if high happens with P
    every N          the packets N-1, 2N-1, ... are lost
    state P13 P31 P32 P23 P14
                     States 1 (start) to 4.  The state changes with each packet:
                     from 1 to 4 with P14, else to 3 with P13; from 3 to 2 with P32,
                     else to 1 with P31; from 2 to 3 with P23; from 4 always to 1.
                     The halves are the same: the first case has the smallest
                     numbers.  A packet is lost if the new state is 3 or 4.
    gemodel P R BAD GOOD
                     States good (start) and bad.  The packet is lost if low happens
                     with BAD or GOOD, by the state.  Then the state changes from
                     good to bad if high happens with P, or back with R.

Delay.  The packet is held for DELAY + JITTER * q(low) / 2^16 nanoseconds, or not at
all if that is negative.  q(x) is a quantile in multiples of 2^-16:
    uniform          x / 2^15 - 2^16, rounded down
    normal, pareto, paretonormal
                     A table has 1025 entries: entry i is round(2^16 * Q(i / 1024)),
                     where the first and last ones are those of 1/8192 and 8191/8192.
                     With i = x / 2^22, and r the rest, q(x) is
                     t[i] + (t[i + 1] - t[i]) * r / 2^22.
                     Q of normal: mean 0, standard deviation 1.  Pareto: shape 3,
                     shifted and scaled to mean 0 and standard deviation 1:
                     ((1 - u)^(-1/3) - 3/2) / sqrt(3/4).  Paretonormal: a quarter of
                     the normal quantile and three quarters of the Pareto one.
With correlation: if high happens with CORRELATION, and there is a packet before,
low is that by which that one was delayed.

Duplicate, reorder: if high happens with the probability; with a gap of G only
packets G-1, 2G-1, ... are reordered.

Corrupt: if high happens, then bit low * (8 * length) / 2^32 is wrong, where bit 0 is
the most significant one of the first byte behind the link header.
"""
import math
import statistics

MASK = (1 << 64) - 1
CERTAIN = (1 << 32) - 1
STREAMS = {"loss": 0, "delay": 1, "duplicate": 2, "corrupt": 3, "reorder": 4}


def root(number):
    """The bits of the constants."""
    return math.isqrt(number << 128) & MASK | 1


A, B, C = root(2), root(3), root(5)


def mix(x):
    """The function that mixes the bits."""
    x = (x ^ x >> 32) * B & MASK
    x = (x ^ x >> 29) * C & MASK
    return x ^ x >> 32


def key_of(seed, direction, effect):
    """The key of a stream."""
    return mix(mix(seed + A & MASK) + (5 * direction + STREAMS[effect]) * A & MASK)


def happens(half, probability):
    """Does an event happen?"""
    return half < probability or probability == CERTAIN


def normal(u):
    """Quantiles of the distributions, from their definitions."""
    return statistics.NormalDist().inv_cdf(u)


def pareto(u):
    """The same for Pareto."""
    return ((1 - u) ** (-1 / 3) - 1.5) / math.sqrt(0.75)


def paretonormal(u):
    """The same for the mixture."""
    return normal(u) / 4 + pareto(u) * 3 / 4


QUANTILES = {"normal": normal, "pareto": pareto, "paretonormal": paretonormal}


def table(name):
    """The table of a distribution."""
    points = [1 / 8192, *(i / 1024 for i in range(1, 1024)), 8191 / 8192]
    return [round(65536 * QUANTILES[name](u)) for u in points]


def quantile_of(name):
    """A function that gives the quantile for 32 bits."""
    if name == "uniform":
        return lambda x: (x >> 15) - 65536
    t = table(name)
    return lambda x: t[x >> 22] + ((t[(x >> 22) + 1] - t[x >> 22]) * (x & 0x3fffff) >> 22)


class Model:
    """A filter, for one direction.  Parameters have the names of fates.c."""

    def __init__(self, direction=0, seed=0, **params):
        self.keys = {e: key_of(seed, direction, e) for e in STREAMS}
        self.p = {"loss_model": "none", "loss": [0] * 5, "every": 0, "delay": 0,
                  "jitter": 0, "correlation": 0, "distribution": "uniform",
                  "duplicate": 0, "corrupt": 0, "reorder": 0, "gap": 0}
        assert not set(params) - set(self.p)
        self.p.update(params)
        self.quantile = quantile_of(self.p["distribution"])
        self.n = 0
        self.state = 1
        self.bad = False
        self.drawn = None

    def draw(self, effect):
        """Both halves of the draw for this packet."""
        key = self.keys[effect]
        x = mix(mix(self.n * A + key & MASK) ^ key)
        return x >> 32, x & 0xffffffff

    def loss_state(self, high):
        """The four states."""
        p13, p31, p32, p23, p14 = self.p["loss"]
        ways = {1: ((p14, 4), (p13, 3)), 3: ((p32, 2), (p31, 1)), 2: ((p23, 3),),
                4: ((CERTAIN, 1),)}
        for probability, new in ways[self.state]:
            if happens(high, probability):
                self.state = new
                break
            high -= probability
        return self.state in (3, 4)

    def loss_gemodel(self, high, low):
        """Good and bad."""
        p, r, bad, good = self.p["loss"][:4]
        lost = happens(low, bad if self.bad else good)
        if happens(high, r if self.bad else p):
            self.bad = not self.bad
        return lost

    def lost(self):
        """Is the packet lost?"""
        model = self.p["loss_model"]
        if model == "none":
            return False
        if model == "every":
            return self.n % self.p["every"] == self.p["every"] - 1
        high, low = self.draw("loss")
        if model == "random":
            return happens(high, self.p["loss"][0])
        return self.loss_state(high) if model == "state" else self.loss_gemodel(high, low)

    def delay(self):
        """The nanoseconds."""
        if not self.p["jitter"]:
            return self.p["delay"]
        high, low = self.draw("delay")
        if self.drawn is None or not happens(high, self.p["correlation"]):
            self.drawn = low
        return max(0, self.p["delay"] + (self.p["jitter"] * self.quantile(self.drawn) >> 16))

    def chosen(self, effect):
        """Does an effect without parameters hit the packet?"""
        return bool(self.p[effect]) and happens(self.draw(effect)[0], self.p[effect])

    def corrupt(self, length):
        """The bit, or -1."""
        if not self.p["corrupt"] or not length:
            return -1
        high, low = self.draw("corrupt")
        return low * length * 8 >> 32 if happens(high, self.p["corrupt"]) else -1

    def fate(self, length):
        """The next packet: lost, delay, duplicated, wrong bit or -1, reordered."""
        gap = self.p["gap"]
        fate = (int(self.lost()), self.delay(), int(self.chosen("duplicate")),
                self.corrupt(length),
                int((not gap or self.n % gap == gap - 1) and self.chosen("reorder")))
        self.n += 1
        return fate


if __name__ == "__main__":
    import json
    import sys

    # model.py COUNT LENGTH '{"seed": 7, "loss_model": "random", ...}': print fates.
    _model = Model(**json.loads(sys.argv[3]))
    for _ in range(int(sys.argv[1])):
        print(*_model.fate(int(sys.argv[2])))
