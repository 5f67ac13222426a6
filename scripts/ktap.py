#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Count the results of a KTAP stream, strictly, and show its progress.

usage: ktap.py [--quiet] [--counts FILE] <STREAM

What is counted is the innermost result: subtests where a test has them, else
the test. Subtests are indented by blanks, or by "# " as the kselftest runner
does it. Counted as failed too: a test that was planned and did not come; a
test with results but no plan, or with numbers out of order; a test that ends
"not ok" although its subtests passed (died, timed out); "Bail out!"; a known
failure ("# TODO"). A stream without any result is a failure.

Prints a line for each test as it ends, with what failed or was skipped in it.
FILE gets "PASSED FAILED SKIPPED". Exit status: 0 if nothing failed or was
skipped, else 1.
"""

import argparse
import re
import sys
import time

VERSION = re.compile(r"K?TAP version \d+\s*$")
PLAN = re.compile(r"1\.\.(\d+)\s*(#\s*SKIP\b\s*(.*))?$", re.I)
RESULT = re.compile(r"(not )?ok\b\s*(\d+)?\s*(?:-\s+)?([^#]*)(?:#\s*(.*))?$")
SKIP = re.compile(r"SKIP\b", re.I)
TODO = re.compile(r"TODO\b", re.I)


class Counts:
    """Passed, failed, skipped, and what to say about it."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.notes = []

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.notes += other.notes

    def fail(self, note, times=1):
        self.failed += times
        self.notes.append("not ok: " + note)

    def skip(self, note):
        self.skipped += 1
        self.notes.append("skipped: " + note)

    def total(self):
        return self.passed + self.failed + self.skipped


class Document:
    """One level of KTAP: feed it lines, each with its line end stripped."""

    def __init__(self, path="", on_result=None):
        self.path = path
        self.on_result = on_result
        self.plan = None
        self.plan_skip = None
        self.version = False
        self.results = 0
        self.counts = Counts()
        self.inner = []  # lines of subtests whose result is still to come

    def named(self, text):
        return f"{self.path}: {text}" if self.path else text

    def feed(self, line):
        if VERSION.match(line):
            self.version = True
        elif PLAN.match(line):
            m = PLAN.match(line)
            if self.plan is not None:
                self.counts.fail(self.named("two plans"))
            self.plan = int(m.group(1))
            if m.group(2):
                self.plan_skip = m.group(3).strip() or "no reason given"
        elif line.startswith("Bail out!"):
            self.counts.fail(self.named(line))
        elif RESULT.match(line):
            self.result(RESULT.match(line))
        elif line[:1] in ("#", " ", "\t"):
            self.inner.append(line)

    def result(self, m):
        bad, number, name, directive = m.groups()
        name = name.strip() or f"test {number or self.results + 1}"
        # The runner says "selftests: DIRECTORY: NAME".
        name = re.sub(r"^selftests: [^:]*: ", "", name)
        directive = (directive or "").strip()
        lines, self.inner = self.inner, []
        self.results += 1
        here = Counts()
        if number is not None and int(number) != self.results:
            here.fail(self.named(f"{name}: is number {number}, not {self.results}"))
        inside = Counts()
        has_plan_skip = None
        for sub in subtests(lines, self.named(name)):
            inside.add(sub.finish())
            has_plan_skip = has_plan_skip or sub.plan_skip
        why = f"{name} # {directive}" if directive else name
        if inside.total():
            here.add(inside)
            if bad and not inside.failed:
                here.fail(self.named(why))
            elif bad and directive:
                here.notes.append("ended:  " + self.named(why))
        elif TODO.match(directive):
            here.fail(self.named(why))
        elif bad:
            here.fail(self.named(why))
        elif SKIP.match(directive):
            here.skip(self.named(why))
        else:
            here.passed += 1
        self.counts.add(here)
        if self.on_result:
            self.on_result(name, here)

    def finish(self):
        """The counts, when no more lines come."""
        if self.plan is None:
            self.counts.fail(self.named("no plan: it did not come to its end"))
        elif self.plan == 0 and self.results == 0:
            if self.plan_skip:
                self.counts.skip(self.named(self.plan_skip))
            else:
                self.counts.fail(self.named("no tests"))
        elif self.plan != self.results:
            self.counts.fail(self.named(f"planned {self.plan} results, got {self.results}"),
                             abs(self.plan - self.results))
        return self.counts


def dedent(lines):
    """Take one level of indentation off lines that start with blanks."""
    width = [len(l) - len(l.lstrip()) for l in lines
             if VERSION.match(l.lstrip()) or PLAN.match(l.lstrip()) or RESULT.match(l.lstrip())]
    if not width:
        return []
    return [l[min(width):] for l in lines if not l[:min(width)].strip()]


def subtests(lines, path):
    """The documents one level further in: by "# ", and by blanks."""
    hashed = [l[2:] if l.startswith("# ") else l[1:] for l in lines if l.startswith("#")]
    blank = dedent([l for l in lines if not l.startswith("#")])
    for inner, strict in ((hashed, True), (blank, False)):
        doc = Document(path)
        for line in inner:
            doc.feed(line)
        # A diagnostic may happen to read "ok ...": without plan and version
        # it is a document only if results are numbered from 1.
        numbered = [m for m in map(RESULT.match, inner) if m and m.group(2)]
        if doc.plan is not None or doc.version:
            yield doc
        elif numbered and (not strict or numbered[0].group(2) == "1"):
            yield doc


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.add_argument("--counts", metavar="FILE", help="where to write the counts")
    args = parser.parse_args()
    last = time.monotonic()

    def progress(name, counts):
        nonlocal last
        now = time.monotonic()
        if not args.quiet:
            word = "not ok" if counts.failed else "skip  " if counts.skipped else "ok    "
            print(f"  {word} {name} ({counts.total()} results, {now - last:.1f} s)", flush=True)
            for note in counts.notes:
                print(f"         {note}", flush=True)
        last = now

    doc = Document(on_result=progress)
    for raw in sys.stdin.buffer:
        doc.feed(raw.decode("utf-8", "replace").rstrip("\r\n"))
    said = len(doc.counts.notes)
    counts = doc.finish()
    if not args.quiet:
        for note in counts.notes[said:]:
            print(f"  {note}", flush=True)
    if args.counts:
        with open(args.counts, "w", encoding="ascii") as f:
            print(counts.passed, counts.failed, counts.skipped, file=f)
    else:
        print(f"{counts.passed} passed, {counts.failed} failed, {counts.skipped} skipped")
    sys.exit(1 if counts.failed or counts.skipped else 0)


if __name__ == "__main__":
    main()
