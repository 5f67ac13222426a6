#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Which of the state machine's transitions did the tests take?

Usage: coverage.py [RESULTS]

Reads the counts that lib.sh left in RESULTS/fsm ($WALTZ_RESULTS by default),
"STATE EVENT NEXT COUNT" a line, and prints, as KTAP comments, how many of the
table's entries were taken, and which were not.

Exit status: 0 all were, 1 some were not: a gap in the tests.
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


def report(counts, missed):
    """The lines to print."""
    if not counts:
        yield "transitions: no test left any counts"
        return
    yield f"transitions: {len(counts) - len(missed)} of {len(counts)} were taken"
    for state, event, then in missed:
        yield f"transitions: never {state} --{event}--> {then}"


def main():
    results = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("WALTZ_RESULTS", ".")
    counts = read_counts(pathlib.Path(results) / "fsm")
    missed = [entry for entry, count in counts.items() if not count]
    for line in report(counts, missed):
        print("#", line)
    return 1 if missed or not counts else 0


sys.exit(main())
