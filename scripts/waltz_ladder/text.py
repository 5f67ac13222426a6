# SPDX-License-Identifier: GPL-2.0
"""Rows to text: a terminal's, as wide as it is, or a mail's."""

import textwrap
from typing import NamedTuple

from .rows import (HANDSHAKE, TEARDOWN, TIME_WAIT, TRANSFER, Arrow, Data, Heading, Note, Phase,
                   total, words)

WIDTH, NARROWEST = 80, 60
MAIL = 72
# What the time and the states take of it: time, blank, state, blank and bar; bar, blank
# and state.
STATE = len("ESTABLISHED")
MARGINS = 6 + 1 + STATE + 2 + 2 + STATE
# From here on there is room for the window, and for the time of arrival.
WIDE = 100
# An arrow need not be longer.
LONGEST_LANE = 96
# Where progress cannot be shown in place, a line for so many bytes.
STEP = 1 << 20


class Marks(NamedTuple):
    """What lines are made of."""

    shaft: str
    bulk: str
    bar: str
    left: str
    right: str
    lost: str
    waits: str


ASCII = Marks("-", "=", "|", "<", ">", "x", "o")
# In every font that a Linux console or a terminal has.
UTF8 = Marks("─", "═", "│", "◄", "►", "╳", "o")

TITLES = {
    HANDSHAKE: "Three-way handshake",
    TRANSFER: "Data",
    TEARDOWN: "Four-way teardown",
    TIME_WAIT: "TIME_WAIT",
}
CAPTIONS = {
    HANDSHAKE:
        "Why three: each side names the number its bytes start from, and each must "
        "hear its own confirmed. With two, an old SYN that wanders in late would open "
        "a connection nobody asked for.",
    TRANSFER:
        "Numbers count from each side's SYN now. What the network loses is sent "
        "again; the reader gets every byte once, in order.",
    TEARDOWN:
        "Why four: each direction ends by itself. A FIN says \"I have no more to "
        "send\", its ACK only \"I have heard that\"; the other side may still send.",
    TIME_WAIT:
        "Why wait: the last ACK may have been lost, then the FIN comes again and has "
        "to be answered; and stray segments of this connection must die out before "
        "the next one uses the same ports.",
}
DEDUCED = "* deduced from the segments"


def remarks_on(heading):
    """What has to be said of where a picture comes from."""
    if heading.deduced:
        yield DEDUCED + ", by the rules of the state machine"
    if heading.estimated is not None:
        where = "between the hosts"
        if heading.estimated:
            where = f"at {heading.names[heading.addresses.index(heading.estimated)]}"
        yield (f"seen {where} only: what is lost behind that is not known, nor are the times "
               "of the other end")


class Screen:
    """Draws rows on a stream."""

    def __init__(self, out, heading, marks=ASCII, color=False, captions=False, note="",
                 width=WIDTH, numbers="", milli=False):
        self.out = out
        self.milli = milli
        self.heading = heading if isinstance(heading, Heading) else Heading(tuple(heading))
        self.star = "*" if self.heading.deduced else ""
        self.wide = width >= WIDE
        margins = MARGINS + 2 * len(self.star) + (8 if self.wide else 0)
        self.lane = min(width - margins, LONGEST_LANE)
        self.state = STATE + len(self.star)
        self.width = self.lane + margins
        self.marks = marks
        self.note_text = note
        self.color = color
        self.captions = captions
        self.numbers = numbers
        self.live = False
        self.told = {}          # to the right or not: progress, last shown

    def paint(self, text, code):
        """Colour, where wanted."""
        return f"\033[{code}m{text}\033[0m" if self.color and text.strip() else text

    def write(self, text):
        """A line that stays."""
        if self.live:
            self.out.write("\r\033[K")
            self.live = False
        self.out.write(text.rstrip() + "\n")
        self.out.flush()

    def when(self, seconds):
        """A time."""
        return "" if seconds is None else f"{seconds * 1000 if self.milli else seconds:.3f}"

    def line(self, seconds, states, lane, code="", arrives=None):
        """One row: when, state, what happens, state; and when it has happened."""
        when = self.when(seconds)
        lane = lane.center(self.lane)
        bar = self.marks.bar
        left, right = (s + self.star if s else "" for s in states)
        text = (f"{self.paint(f'{when:>6}', 2)} {self.paint(f'{left:>{self.state}}', '1;33')} "
                f"{bar}{self.paint(lane, code) if code else lane}{bar} ")
        if self.wide and arrives is not None:
            right = f"{right:<{self.state}}"
            return f"{text}{self.paint(right, '1;33')} {self.paint(f'{self.when(arrives):>6}', 2)}"
        return text + self.paint(right, "1;33")

    def shaft(self, label, right, mark):
        """An arrow across the lane."""
        label = label.center(self.lane - 1, mark)
        return label + self.marks.right if right else self.marks.left + label

    def split(self, said, room):
        """Words that are too many for one line: those that go above, and the last ones."""
        lines = textwrap.wrap(" ".join(said), max(room, 10), break_on_hyphens=False)
        return lines[:-1], lines[-1]

    def draw(self, row):
        """Any row."""
        {Arrow: self.arrow, Note: self.note, Data: self.data,
         Phase: self.phase}[type(row)](row)

    def title(self, text):
        """Above a ladder, where there may be several."""
        self.write("")
        self.write(self.paint(text[:self.width], 1))
        for text in remarks_on(self.heading):
            for line in textwrap.wrap(text, self.width - 3):
                self.write("   " + self.paint(line, 2))
        self.write("")

    def phase(self, row):
        """A chapter's title and what it is for."""
        rule = self.marks.shaft
        if row.name:
            self.write("")
            title = f"{rule * 2} {TITLES[row.name]} "
            self.write(self.paint(title.ljust(self.width, rule), 1))
        if row.name and self.captions:
            text = CAPTIONS[row.name]
            if row.name == TIME_WAIT:
                text += " " + self.note_text
            for text in textwrap.wrap(text, self.width - 3):
                self.write("   " + self.paint(text, 2))
        if row.name == HANDSHAKE:
            self.write("")
        if row.name in ("", HANDSHAKE):
            left, right = self.heading.names
            room = self.state + 2
            unit = "time/ms" if self.milli else "time/s "
            left = f"{unit}{left[:room - 2]:>{self.state}} {'':{self.lane + 2}}"
            right = right[:room - 2]
            self.write(f"{left} {right:<{self.state}} {unit}" if self.wide else f"{left} {right}")

    def note(self, row):
        """A row without an arrow."""
        text = f"({row.text})" if row.text else ""
        *above, text = textwrap.wrap(text, self.lane) or [""]
        for line in above:
            self.write(self.line(None, ["", ""], line, 2))
        self.write(self.line(row.time or None, row.states, text, 2))

    def arrow(self, row):
        """A segment; the head is missing if it never arrived."""
        said = words(row, self.numbers, self.wide)
        code = "36" if row.right else "32"
        half = self.lane - 12
        rule = self.marks.shaft
        if row.again and not row.lost:
            code = "35"
        broken = row.lost or row.delayed or row.late
        if broken:
            said.append("lost" if row.lost else "delayed" if row.delayed else "late")
            code = code if row.again and not row.lost else "31"
        above, label = self.split(said, self.lane - (6 if broken else 4))
        label = f" {label} "
        for text in above:
            self.write(self.line(None, ["", ""], text, code))
        if row.lost or row.delayed:
            # It gets half of the way, and no further.
            end = self.marks.lost if row.lost else self.marks.waits
            shaft = label.center(max(half, len(label) + 2), rule)
            lane = f"{shaft}{rule}{end}".ljust(self.lane) if row.right else \
                f"{end}{rule}{shaft}".rjust(self.lane)
        elif row.late:
            # The other half.
            start, shaft = self.marks.waits, label.center(max(half, len(label) + 2), rule)
            lane = f"{start}{shaft}{self.marks.right}".rjust(self.lane) if row.right else \
                f"{self.marks.left}{shaft}{start}".ljust(self.lane)
        else:
            lane = self.shaft(label, row.right, self.marks.shaft)
        when = row.arrives if row.time is None else row.time
        arrives = None if broken and not row.late or row.time is None else row.arrives
        self.write(self.line(when, row.states, lane, code, arrives))

    def data(self, row):
        """All data of a direction in one line; while it goes, in place or by steps."""
        shown = self.told.get(row.right)
        what = row.bytes, row.again
        if row.live and not self.color:
            if shown and row.bytes // STEP == shown[0] // STEP:
                return
            self.told[row.right] = what
        elif not row.live and not row.segments and shown == what:
            return
        above, label = self.split(total(row).split(" "), self.lane - 4)
        if not row.live:
            for text in above:
                self.write(self.line(None, ["", ""], text, "34"))
        # The sum of the steps: when it began has been said.
        when = None if shown and not row.live else row.time
        text = self.line(when, ["", ""],
                         self.shaft(f" {label} ", row.right, self.marks.bulk), "34")
        if row.live and self.color:
            self.out.write("\r" + text)
            self.out.flush()
            self.live = True
        else:
            self.write(text)

    def countdown(self, side, seconds):
        """A TIME_WAIT record's age."""
        states = ["", ""]
        states[side] = "TIME_WAIT"
        self.write(self.line(None, states, f"record: {seconds:4.1f} s left"))
