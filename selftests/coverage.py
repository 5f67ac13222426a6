#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Which of the state machine's transitions did the tests take?

Usage: coverage.py [RESULTS]

Reads the counts that lib.sh left in RESULTS/fsm ($WALTZ_RESULTS by default),
"STATE EVENT NEXT COUNT" a line, and prints, as KTAP comments, how many of the
table's entries were taken, and which were not. It never fails: what no test
takes is a gap in the tests, not a fault of the module.
"""

import collections
import os
import pathlib
import sys


def read_counts(directory):
    """(state, event, next) -> count, over all files; in the table's order."""
    counts = collections.Counter()
    for path in sorted(directory.glob("*")):
        for line in path.read_text().splitlines():
            words = line.split()
            if len(words) == 4 and words[3].isdigit():
                counts[tuple(words[:3])] += int(words[3])
    return counts


def report(counts):
    """The lines to print."""
    if not counts:
        yield "transitions: no test left any counts"
        return
    missed = [entry for entry, count in counts.items() if not count]
    yield f"transitions: {len(counts) - len(missed)} of {len(counts)} were taken"
    for state, event, then in missed:
        yield f"transitions: never {state} --{event}--> {then}"


def main():
    results = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("WALTZ_RESULTS", ".")
    for line in report(read_counts(pathlib.Path(results) / "fsm")):
        print("#", line)


main()
