#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Where the instructions of a case go, by function.

profile.py [--top N] [--windows N] CASE [BURST]

CASE is one that guest/bench/profile.sh knows, for instance dlil_0.  QEMU is told
to execute instructions one by one and to log where each of them is; those between
the start and the stop of the module's clock count.
"""
import argparse
import bisect
import collections
import os
import pathlib
import socket
import subprocess
import tempfile
import threading

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
PACKETS = 1024      # in a window: see guest/bench/profile.sh
START, STOP = "bench_clock_start", "bench_clock_stop"


class Symbols:
    """Names of addresses."""

    def __init__(self):
        self.found = []
        self.starts = None

    def add(self, line):
        _, address, name = line.split()[:3]
        self.found.append((int(address, 16), name.split("\t")[0]))

    def address(self, name):
        return next(a for a, n in self.found if n == name)

    def name(self, address):
        if self.starts is None:
            self.found.sort()
            self.starts = [a for a, _ in self.found]
        i = bisect.bisect_right(self.starts, address) - 1
        return self.found[i][1] if i >= 0 else "?"


class Monitor:
    """QEMU's."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(path))

    def say(self, command):
        self.sock.sendall(command.encode() + b"\n")


def count(log, symbols, windows):
    """Instructions by address, from so many windows."""
    start = b"%016x" % symbols.address(START)
    stop = b"%016x" % symbols.address(STOP)
    counts = collections.Counter()
    seen, inside, buffer = 0, False, []
    for line in log:
        if not line.startswith(b"Trace"):
            continue
        where = line.split(b"/", 2)[1]
        if where == start:
            # One that was begun and not ended is a lone packet's.
            inside, buffer = True, []
        elif where == stop and inside:
            inside = False
            counts.update(buffer)
            buffer = []
            seen += 1
            if seen == windows:
                break
        if inside:
            buffer.append(where)
    return counts, seen


def boot(args, folder):
    command = [str(TOP / "scripts/vm.sh"), "--dlil", "--icount", "--timeout",
               "1800", "--name", "profile", "--qemu", "-monitor", "--qemu",
               f"unix:{folder}/monitor,server,nowait", "--qemu", "-D",
               "--qemu", f"{folder}/log",
               str(TOP / "scripts/guest/bench/profile.sh"), args.case,
               str(args.burst)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def watch(args, folder):
    """Boots, waits until the case runs, and counts."""
    os.mkfifo(f"{folder}/log")
    symbols, result = Symbols(), {}
    ready = threading.Event()

    # QEMU waits for a reader before anything else.
    def read():
        with open(f"{folder}/log", "rb") as log:
            ready.wait()
            result["counts"], result["seen"] = count(log, symbols,
                                                     args.windows)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    vm = boot(args, folder)
    for line in vm.stdout:
        if line.startswith("symbol "):
            symbols.add(line)
        elif line.startswith("ready"):
            break
    else:
        raise SystemExit("profile: the case does not run")
    monitor = Monitor(f"{folder}/monitor")
    ready.set()
    monitor.say("singlestep on")
    monitor.say("log exec,nochain")
    reader.join()
    monitor.say("log none")
    monitor.say("singlestep off")
    vm.stdout.read()
    if vm.wait():
        raise SystemExit("profile: the VM failed")
    return symbols, result["counts"], result["seen"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--top", type=int, default=40)
    parser.add_argument("--windows", type=int, default=2)
    parser.add_argument("case")
    parser.add_argument("burst", type=int, nargs="?", default=64)
    args = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        symbols, counts, windows = watch(args, folder)
    if not windows:
        raise SystemExit("profile: nothing was seen of it")
    functions = collections.Counter()
    for address, n in counts.items():
        functions[symbols.name(int(address, 16))] += n
    packets = PACKETS * windows
    total = sum(functions.values())
    print(f"{args.case}, burst {args.burst}: {total / packets:.1f} "
          f"instructions a packet, of {packets}")
    for name, n in functions.most_common(args.top):
        print(f"{n / packets:9.1f} {100 * n / total:5.1f} %  {name}")


if __name__ == "__main__":
    main()
