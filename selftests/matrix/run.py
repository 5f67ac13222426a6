#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Every state by every event: run the matrix's cells.

Usage: run.py [--tcp] [--only PATTERN] [--show]

In a network namespace of its own, which it changes. Prints KTAP subtests, one
for each state and class. With --tcp all cells run over TCP too, and the two
are compared: selftests/matrix/differences says where they may differ.

Waltz' segments have ECE, CWR and the reserved bits of the header at random, which
change no answer (not with --tcp: some of TCP's they do).

  --only PATTERN   cells whose title ("STATE: CLASS: DETAIL [ts]") matches
  --show           what came, for every cell

Environment: SEED, of these bits
"""

import argparse
import fnmatch
import os
import random
import resource
import sys
import time

from cells import Matrix, outcome, read_differences, wanted
from connection import STALL, TCP, WALTZ, Connection, States, write
from timers import run_timers
from wire import Failure, Tun

BATCH = 100
# 2MSL of what is TIME_WAIT already, and what it would be anew.
MSL_MS, MSL_ANEW_MS = 20000, 200000


class Runner:
    """Runs cells, a batch between two looks at the table."""

    def __init__(self, protocol, bits):
        self.protocol = protocol
        self.bits = bits
        self.tun = None
        self.number = 2000
        self.came = {}

    def waltz(self, name, value):
        if self.protocol == WALTZ:
            write(f"waltz/{name}", value)

    def set_up(self, tun):
        self.tun = tun
        tun.protocol = self.protocol
        if self.protocol == WALTZ:
            for name, value in (("challenge_ms", 0), ("rto_min_ms", 30000),
                                ("time_wait_ms", MSL_MS)):
                self.waltz(name, value)
            return
        for name, value in (("tcp_invalid_ratelimit", 0), ("tcp_syncookies", 0),
                            ("tcp_ecn", 0), ("tcp_no_metrics_save", 1)):
            if os.path.exists(f"/proc/sys/net/ipv4/{name}"):
                write(f"ipv4/{name}", value)

    def connection(self, cell):
        self.number += 1
        made = Connection(self.tun, self.number, cell.variant == "ts")
        made.passive = cell.state.name in ("CLOSED", "LISTEN", "SYN_RECV-passive")
        return made

    def inject(self, cell, connection):
        """Carry out a cell. Return: labels of the answers, the user's view."""
        replies, user = [], None
        if self.bits:
            connection.ecn = self.bits.randrange(4) << 6, self.bits.randrange(16)
        for step in cell.steps:
            if step[0] == "call":
                user = connection.call(step[1:])
            else:
                connection.send([step[0], "seq=0", *step[1:]])
            self.tun.sentinel()
            replies += connection.collect()
        return replies, user if cell.call else connection.seen()

    def attempt(self, cell):
        """One cell up to the look at the table: (connection, replies, user)."""
        for tries in range(3):
            connection = self.connection(cell)
            begin = time.monotonic()
            failure = None
            try:
                connection.prepare(cell.state)
                if cell.state.name == "TIME_WAIT":
                    self.waltz("time_wait_ms", MSL_ANEW_MS)
                replies, user = self.inject(cell, connection)
            except Failure as exc:
                failure, replies, user = str(exc), [], "-"
            finally:
                if cell.state.name == "TIME_WAIT":
                    self.waltz("time_wait_ms", MSL_MS)
            # A machine that stood still has timers run.
            if time.monotonic() - begin < STALL or tries == 2:
                return connection, failure, replies, user
            connection.end(States(self.protocol))
        return None

    def batch(self, cells):
        done = [(cell, *self.attempt(cell)) for cell in cells]
        states = States(self.protocol)
        for cell, connection, failure, replies, user in done:
            state = states.of(connection)
            if self.protocol == WALTZ and state == "TIME_WAIT" and \
                    states.left[connection.port] > MSL_MS:
                state += " anew"
            self.came[cell] = failure or outcome(replies, state, user)
            connection.end(states)
        for _, connection, *_ in done:
            self.tun.drain()
            self.tun.forget(connection.port)

    def run(self, cells):
        for i in range(0, len(cells), BATCH):
            self.batch(cells[i:i + BATCH])


def report(matrix, cells, faulty):
    """KTAP: one subtest for each state and class. faulty: cell -> lines."""
    groups = {}
    for cell in cells:
        groups.setdefault((cell.state.name, cell.row), []).append(cell)
    number = 0
    for (state, row), members in groups.items():
        number += 1
        bad = [cell for cell in members if cell in faulty]
        print(f"{'not ok' if bad else 'ok'} {number} - {state}: {row}")
        for cell in bad:
            print(f"# {cell.where}: {cell.title()}: {cell.inject}")
            for line in faulty[cell]:
                print(f"#   {line}")
    return number


def applies(entry, cell, got, kernel):
    """Is that what the list says of TCP?"""
    return fnmatch.fnmatchcase(kernel, entry.kernel) and \
        any(fnmatch.fnmatchcase(cell.state.name, s) for s in entry.state.split()) and \
        any(fnmatch.fnmatchcase(cell.name, n.strip()) for n in entry.name.split(",")) and \
        fnmatch.fnmatchcase(got, entry.tcp.replace(" / ", " | "))


def compare(cells, tcp, waltz, kernel):
    """Differences between TCP and Waltz, against the list: cell -> lines."""
    listed = read_differences()
    faulty = {}
    for cell in cells:
        got, other = tcp[cell], waltz[cell].replace(" anew", "")
        if got == other:
            continue
        for entry in listed:
            if applies(entry, cell, got, kernel):
                entry.used = True
                break
        else:
            faulty[cell] = [f"TCP:   {got}", f"Waltz: {other}", f"RFC:   {cell.rfc}"]
    stale = [e for e in listed if not e.used and not e.some and
             fnmatch.fnmatchcase(kernel, e.kernel)]
    return faulty, stale


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tcp", action="store_true")
    parser.add_argument("--only", default="*")
    parser.add_argument("--show", action="store_true")
    args = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))

    matrix = Matrix()
    cells = [c for c in matrix.cells if fnmatch.fnmatchcase(c.title(), args.only)]
    tun = Tun(WALTZ)
    begin = time.monotonic()
    runs = {}
    segments = [c for c in cells if not c.timer]
    seed = int(os.environ.get("SEED") or time.time_ns() & 0xFFFFFFFF)
    bits = None if args.tcp else random.Random(seed)
    for protocol in (WALTZ, TCP) if args.tcp else (WALTZ,):
        runner = Runner(protocol, bits)
        runner.set_up(tun)
        runner.run(segments)
        runs[protocol] = runner.came
    if not args.tcp:
        runs[WALTZ].update(run_timers(runner, [c for c in cells if c.timer]))
    else:
        cells = segments
    seconds = time.monotonic() - begin

    print("KTAP version 1")
    if bits:
        print(f"# SEED={seed}")
    extra = []
    if args.tcp:
        kernel = ".".join(os.uname().release.split(".")[:2])
        faulty, stale = compare(cells, runs[TCP], runs[WALTZ], kernel)
        if args.only == "*":
            extra = [("each listed difference is there",
                      [f"{e.where}: does not occur: {e.state}: {e.name}" for e in stale])]
    else:
        faulty = {c: [f"wanted: {wanted(c)}", f"got:    {runs[WALTZ][c]}", f"RFC:    {c.rfc}"]
                  for c in cells if runs[WALTZ][c] != wanted(c)}
        if args.only == "*":
            extra = [("every state by every class is tested, or declared needless",
                      list(matrix.faults()))]
    groups = len({(c.state.name, c.row) for c in cells})
    print(f"1..{groups + len(extra)}")
    if args.show:
        for protocol, came in runs.items():
            for cell, got in came.items():
                print(f"# {protocol} {cell.title()}: {cell.inject}: {got}")
    number = report(matrix, cells, faulty)
    for name, bad in extra:
        number += 1
        print(f"{'not ok' if bad else 'ok'} {number} - {name}")
        for line in bad:
            print(f"# {line}")
    if not args.tcp:
        for line in matrix.table():
            print(f"# {line}")
    print(f"# {len(cells)} cells, {len(faulty)} faulty, {seconds:.1f} s")
    sys.exit(1 if faulty or any(bad for _, bad in extra) else 0)


main()
