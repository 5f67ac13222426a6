# SPDX-License-Identifier: GPL-2.0
"""The matrix's files: classes, states, *.cells, differences.

In all of them # begins a comment, and a line is fields between "|".
Documentation/matrix.rst explains them.
"""

import itertools
import pathlib
import re
import textwrap

HERE = pathlib.Path(__file__).parent
VARIANTS = ("ts", "no ts")

# Where in the window a segment begins: the names that {...} may list.
EDGES = {"below": "-1", "at": "0", "above": "+1", "last": "win-1", "past": "win",
         "beyond": "win+1", "far": "+2147483647"}


class BadFile(Exception):
    """A file that cannot be read."""


def lines(path):
    """(number, fields) of each line that is not empty."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line = line.split("#", 1)[0].strip()
        if line:
            yield number, [field.strip() for field in line.split("|")]


def expand(text):
    """"SYN {at above}" -> [("SYN at", "0"), ("SYN above", "+1")]."""
    found = re.search(r"\{(.*?)\}", text)
    if not found:
        return [(text, None)]
    return [(text.replace(found.group(0), edge), EDGES[edge]) for edge in found.group(1).split()]


def variants_of(text):
    """("SYN at", VARIANTS) of "SYN at", ("SYN at", ("ts",)) of "SYN at [ts]"."""
    for variant in VARIANTS:
        if text.endswith(f"[{variant}]"):
            return text[:-len(variant) - 2].strip(), (variant,)
    return text, VARIANTS


def steps(text):
    return [step.split() for step in text.split(";") if step.strip()]


def read_classes():
    """name -> variants, in the file's order."""
    classes = {}
    for _, fields in lines(HERE / "classes"):
        for name, _ in expand(fields[0]):
            name, variants = variants_of(name)
            classes[name] = variants
    return classes


class State:
    """How it is reached, and how it is seen."""

    def __init__(self, name, shown, user, prepare):
        self.name, self.shown, self.user, self.prepare = name, shown, user, prepare


def read_states():
    states = {}
    for number, fields in lines(HERE / "states"):
        if len(fields) != 4:
            raise BadFile(f"states:{number}: not four fields")
        name, shown, user, prepare = fields
        prepare = steps(prepare)
        if prepare and prepare[0][0] in states:
            prepare[:1] = states[prepare[0][0]].prepare
        states[name] = State(name, shown, user, prepare)
    return states


class Cell:
    """One line of a file, for one state and with or without timestamps."""

    def __init__(self, where, state, name, variant, fields):
        self.where, self.state, self.name, self.variant = where, state, name, variant
        self.row = name.split(":")[0].strip()
        self.inject, self.reply, then, self.rfc = fields
        self.steps = steps(self.inject)
        then, _, user = then.partition(" ")
        self.next = state.shown if then == "=" else then
        self.anew = self.next == "TIME_WAIT" and user == "anew"
        user = "" if self.anew else user
        self.call = self.steps[-1][0] == "call"
        self.timer = ["wait"] in self.steps
        self.user = user.strip() or ("ok" if self.call else state.user)

    def title(self):
        return f"{self.state.name}: {self.name} [{self.variant}]"


class Matrix:
    """All cells, and what needs none."""

    def __init__(self):
        self.classes, self.states = read_classes(), read_states()
        self.cells, self.needless = [], {}
        for path in sorted(HERE.glob("*.cells")):
            self.read(path)

    def read(self, path):
        states = []
        for number, fields in lines(path):
            where = f"{path.name}:{number}"
            if len(fields) == 1 and fields[0].startswith("states "):
                states = [self.states[name] for name in fields[0].split()[1:]]
            elif fields[0] == "n/a" and len(fields) == 3:
                self.declare(where, states, fields)
            elif len(fields) == 5:
                self.add(where, states, fields)
            else:
                raise BadFile(f"{where}: neither a cell nor n/a")

    def class_of(self, where, name):
        row = name.split(":")[0].strip()
        if row not in self.classes:
            raise BadFile(f"{where}: no class '{row}'")
        return row

    def declare(self, where, states, fields):
        name, variants = variants_of(fields[1])
        for (one, _), state in itertools.product(expand(name), states):
            for variant in variants:
                self.needless[state.name, self.class_of(where, one), variant] = fields[2]

    def add(self, where, states, fields):
        name, variants = variants_of(fields[0])
        for (one, edge), state in itertools.product(expand(name), states):
            row = self.class_of(where, one)
            filled = [f.replace("{}", edge) if edge else f for f in fields[1:]]
            for variant in variants:
                if variant in self.classes[row]:
                    self.cells.append(Cell(where, state, one, variant, filled))

    def faults(self):
        """Sentences: holes, contradictions."""
        seen = {}
        for cell in self.cells:
            key = cell.state.name, cell.name, cell.variant
            if key in seen:
                yield f"{cell.where}: {cell.title()} is in {seen[key]} already"
            seen[key] = cell.where
        tested = {(cell.state.name, cell.row, cell.variant) for cell in self.cells}
        for key in self.product():
            if key not in tested and key not in self.needless:
                yield f"untested: {key[0]}: {key[1]} [{key[2]}]"
            if key in tested and key in self.needless:
                yield f"tested, and declared needless: {key[0]}: {key[1]} [{key[2]}]"

    def product(self):
        for state, (row, variants) in itertools.product(self.states, self.classes.items()):
            for variant in variants:
                yield state, row, variant

    def table(self):
        """Lines: classes by states, the number of cells in each."""
        counts = {}
        for cell in self.cells:
            key = cell.state.name, cell.row
            counts[key] = counts.get(key, 0) + 1
        short = [name.replace("ESTABLISHED", "ESTAB").replace("-passive", "p")
                 .replace("-active", "a").replace("-orphan", "o").replace("FIN_WAIT", "FW")
                 .replace("SYN_RECV", "SYNRC").replace("SYN_SENT", "SYNST")
                 .replace("CLOSE_WAIT", "CLOWT").replace("LAST_ACK", "LASTA")
                 .replace("TIME_WAIT", "TIMWT").replace("CLOSING", "CLSNG") for name in self.states]
        yield f"{'':24}" + "".join(f"{name:>7}" for name in short)
        for row, variants in self.classes.items():
            line = f"{row:24}"
            for state in self.states:
                holes = [v for v in variants if (state, row, v) not in self.needless]
                mark = counts.get((state, row)) or ("HOLE" if holes else ".")
                line += f"{mark:>7}"
            yield line
        yield ". not applicable:"
        states = {}
        for (state, row, _), why in self.needless.items():
            states.setdefault((why, row), {})[state] = None
        rows = {}
        for (why, row), names in states.items():
            rows.setdefault((why, " ".join(names)), []).append(row)
        for (why, names), found in rows.items():
            yield from textwrap.wrap(f"{names}: {', '.join(found)}: {why}", 96,
                                     initial_indent="  ", subsequent_indent="    ")


def outcome(replies, state, user):
    """What came of a cell, in one line."""
    return f"{' ; '.join(replies) or 'none'} | {state} | {user}"


def normal(reply):
    """A reply of the cells in the words of Connection.label()."""
    if reply.startswith("RST"):
        return reply.strip()
    words = [w for w in reply.replace("P", "").split() if w not in ("seq=0", "ack=0", "len=0")]
    return "CA" if words == ["A"] else " ".join(words)


def wanted(cell):
    """The outcome that the cell asks for."""
    replies = [] if cell.reply == "none" else [r.strip() for r in cell.reply.split(";")]
    replies = [normal(r) for r in replies] if not cell.timer else replies
    return outcome(replies, cell.next + (" anew" if cell.anew else ""), cell.user)


class Difference:
    """What TCP does otherwise, and why it is not copied."""

    def __init__(self, where, fields):
        self.where, (kernel, self.state, self.name, self.tcp, self.reason) = where, fields
        # "some": it depends on the patch level, and need not be.
        self.some = kernel == "some"
        self.kernel = "*" if self.some else kernel
        self.used = False


def read_differences():
    found = []
    for number, fields in lines(HERE / "differences"):
        if len(fields) != 5:
            raise BadFile(f"differences:{number}: not five fields")
        found.append(Difference(f"differences:{number}", fields))
    return found
