# SPDX-License-Identifier: GPL-2.0
"""Rows to a picture: an SVG that needs nothing else, for light pages and dark ones.

Time runs downwards, and an arrow is as steep as its segment was slow, where there is
room: long silences are cut (and say so), and what is too close together to be read is
moved apart.
"""

from dataclasses import dataclass
from math import atan2, cos, degrees, sin
from statistics import median
from typing import Optional
from xml.sax.saxutils import escape

from .rows import FIN, RST, SHORT, SYN, Arrow, Data, Note, Phase, total, words
from .text import remarks_on

WIDTH = 860
# From either edge: the time's end, the state's end, the bar, the line of life.
TIME, STATE, BAR, LIFE = 64, 172, 180, 192
TOP, BOTTOM = 62, 26
# What a title takes.
TITLE = 30
# What a usual delay takes; the most that a silence takes; the least between two things
# of one side, and for an arrow.
DELAY, SILENCE, APART, STEEP = 34, 46, 17, 10
# Between two arrows of one side, for the words above them.
LABEL = 27
BAND = 26
# Seconds of silence that are worth saying, and how much more than is drawn.
SAID, MUCH = 0.03, 4

# class: light, dark
STROKES = {
    "syn": ("#0969da", "#58a6ff"), "fin": ("#bc4c00", "#f0883e"),
    "rst": ("#cf222e", "#ff7b72"), "data": ("#1a7f37", "#3fb950"),
    "ack": ("#6e7781", "#8b949e"), "again": ("#8250df", "#bc8cff"),
    "lost": ("#cf222e", "#ff7b72"),
}
KINDS = {"syn": "SYN", "fin": "FIN", "rst": "RST", "data": "data", "ack": "ACK",
         "again": "sent again", "lost": "lost"}
STATES = {
    "CLOSED": ("#eaeef2", "#30363d"), "LISTEN": ("#c4ccd4", "#57606a"),
    "SYN_SENT": ("#80ccff", "#1158c7"), "SYN_RECV": ("#54aeff", "#1f6feb"),
    "ESTABLISHED": ("#4ac26b", "#2ea043"), "FIN_WAIT1": ("#ffb77c", "#9b4215"),
    "FIN_WAIT2": ("#fb8f44", "#bd561d"), "CLOSING": ("#e16f24", "#db6d28"),
    "TIME_WAIT": ("#c297ff", "#8957e5"), "CLOSE_WAIT": ("#eac54f", "#845306"),
    "LAST_ACK": ("#bf8700", "#bb8009"),
}
PLAIN = {"page": ("#ffffff", "#0d1117"), "text": ("#1f2328", "#e6edf3"),
         "dim": ("#59636e", "#9198a1"), "edge": ("#d1d9e0", "#3d444d")}


def style():
    """All colours, and what they are for."""
    def colours(n):
        rules = [f".page{{fill:{PLAIN['page'][n]};stroke:{PLAIN['edge'][n]}}}",
                 f"text{{fill:{PLAIN['text'][n]}}}", f".dim{{fill:{PLAIN['dim'][n]}}}",
                 f".life,.cut{{stroke:{PLAIN['dim'][n]}}}",
                 f".halo{{stroke:{PLAIN['page'][n]}}}",
                 f".hatch{{stroke:{PLAIN['page'][n]}}}",
                 f".gap{{fill:{PLAIN['page'][n]}}}"]
        for name, value in STROKES.items():
            rules += [f".{name}{{stroke:{value[n]}}}",
                      f".h-{name},.t-{name}{{fill:{value[n]}}}"]
        rules += [f".s-{name}{{fill:{value[n]}}}" for name, value in STATES.items()]
        return "".join(rules)

    return ("text{font:12px ui-sans-serif,system-ui,'Segoe UI','DejaVu Sans',sans-serif}"
            ".name{font-size:15px;font-weight:600}.state{font-size:11.5px;font-weight:600}"
            ".time{font-size:11px;font-variant-numeric:tabular-nums}.small{font-size:11px}"
            ".said{font-style:italic}.flags{font-weight:600}"
            ".arrow{fill:none;stroke-width:1.6}.broken{stroke-dasharray:6 4}"
            ".band{stroke-width:9;opacity:.3}.cross{stroke-width:2.4}"
            ".life,.cut{fill:none;stroke-width:1}.cut{stroke-dasharray:2 4;opacity:.7}"
            ".halo{stroke-width:4;stroke-linejoin:round;paint-order:stroke}"
            ".hatch{stroke-width:2.2}" + colours(0) +
            "@media (prefers-color-scheme:dark){" + colours(1) + "}")


def kind(row):
    """The class of an arrow."""
    for bit, name in ((RST, "rst"), (SYN, "syn"), (FIN, "fin")):
        if row.flags & bit:
            return name
    return "data" if row.len else "ack"


@dataclass
class Point:
    """Something that happens at one time, on one side or (2) between."""

    time: float
    side: int
    row: object
    end: bool = False       # of an arrow
    y: float = 0
    state: str = ""
    tail: Optional["Point"] = None
    shown: bool = True      # its time


class Picture:
    """One ladder."""

    def __init__(self, heading, numbers="", title=""):
        self.heading = heading
        self.numbers = numbers
        self.title = title
        self.out = []
        self.over = []          # what is drawn above the lines: words
        self.top = TOP + (TITLE if title else 0)
        self.points = []
        self.tails = {}         # of arrows, by id
        self.first = ["", ""]   # states
        self.silences = []      # (y, y, seconds)
        self.kinds = []
        self.delay = 0          # the usual one
        self.milli = False      # times are milliseconds
        self.height = 0

    # ---- where things are

    def gather(self, rows):
        """The points of all rows, in the order of time."""
        arrows = [r for r in rows if isinstance(r, Arrow)]
        usual = [r.arrives - r.time for r in arrows
                 if None not in (r.time, r.arrives) and not r.delayed and not r.late]
        self.delay = max(median(usual) if usual else 0, 1e-6)
        arrived = {id(r.first): r for r in arrows if r.first}
        for n, row in enumerate(rows):
            if isinstance(row, Note):
                self.gather_note(row, first=n < 2)
            elif isinstance(row, Data):
                self.gather_data(row, rows[:n], rows[n + 1:])
            elif isinstance(row, Arrow) and not row.first:
                self.gather_arrow(row, arrived.get(id(row)))
        self.points.sort(key=lambda p: p.time)

    def gather_data(self, row, before, after):
        """A sum: where what came before has arrived, if nothing else has begun by then."""
        landed = [r.arrives for r in before if isinstance(r, Arrow) and
                  r.arrives is not None and not r.delayed]
        begun = [r.time for r in after if not isinstance(r, Data) and r.time is not None]
        time = max([row.time] + landed)
        self.points.append(Point(min([time] + begun), 2, row, shown=False))

    def gather_note(self, row, first):
        """A change of state alone, or a remark."""
        if first and not row.text:
            self.first = list(row.states)
            return
        side = 0 if row.states[0] else 1 if row.states[1] else 2
        time = row.time
        if time is None:        # with the one before
            time = self.points[-1].time if self.points else 0
        self.points.append(Point(time, side, row, state=row.states[side] if side < 2 else "",
                                 shown=side < 2 and row.time is not None))

    def gather_arrow(self, row, late):
        """Both ends of an arrow; what is late takes the place of where it was awaited."""
        here, there = (0, 1) if row.right else (1, 0)
        seen = row.time is not None
        tail = Point(row.time if seen else row.arrives - self.delay, here, row,
                     state=row.states[here], shown=seen)
        if row.late:            # nobody saw it leave
            tail = Point(row.arrives - self.delay / 2, 2, row, shown=False)
        self.points.append(tail)
        self.tails[id(row)] = tail
        if late or row.arrives is not None and not row.delayed:
            end = late or row
            self.points.append(Point(end.arrives, there, row, True,
                                     state=end.states[there], tail=tail))
        else:
            self.points.append(Point(row.time + self.delay * .6, 2, row, True, tail=tail,
                                     shown=False))

    def arrange(self):
        """Give each point its height."""
        y, last = self.top + LABEL, [self.top] * 3
        tails = [self.top] * 3
        before = None
        for p in self.points:
            if before is not None:
                gap = (p.time - before) * DELAY / self.delay
                # What else is between may not be drawn steeper than it is.
                taken = min(gap, SILENCE)
                if gap > MUCH * SILENCE and p.time - before >= SAID:
                    self.silences.append((y, y + taken, p.time - before))
                y += taken
            before = p.time
            y = max(y, last[p.side] + APART)
            if p.tail:
                y = max(y, p.tail.y + STEEP)
            elif isinstance(p.row, Arrow) and p.side < 2:
                y = max(y, tails[p.side] + LABEL)
                tails[p.side] = y
            elif isinstance(p.row, Data):
                y = max(y, *last) + BAND / 2
            elif p.side == 2:
                y = max(y, *(t + APART for t in tails))
            p.y = last[p.side] = y
            if isinstance(p.row, Data):
                y += BAND / 2
                last = [y, y, y]
                tails = [y, y, y]
        self.height = y + 24

    # ---- drawing

    def put(self, text):
        """A piece of the picture."""
        self.out.append(text)

    def text(self, x, y, text, classes="", anchor="", more=""):
        """Words, in front of all lines."""
        anchor = f' text-anchor="{anchor}"' if anchor else ""
        classes = f' class="{classes}"' if classes else ""
        self.over.append(f'<text x="{x:.1f}" y="{y:.1f}"{anchor}{classes}{more}>{text}</text>')

    @staticmethod
    def x(side, inner=0):
        """The line of life, and how far inside of it."""
        return LIFE + inner if side == 0 else WIDTH - LIFE - inner

    def outer(self, side, distance):
        """So far from the edge, and how words end there."""
        return (distance, "end") if side == 0 else (WIDTH - distance, "start")

    def when(self, seconds, guessed):
        """A time, in what the header says."""
        value = f"{seconds * 1000:.3f}" if self.milli else f"{seconds:.3f}"
        return f"~{value}" if guessed else value

    def bars(self):
        """The states down the sides."""
        for side in range(2):
            changes = [(self.top, self.first[side])]
            changes += [(p.y, p.state) for p in self.points if p.side == side and p.state]
            self.put(f'<path class="life" d="M{self.x(side)} {self.top}V{self.height:.1f}"/>')
            written = 0
            for n, (y, state) in enumerate(changes):
                end = changes[n + 1][0] if n + 1 < len(changes) else self.height
                x = BAR if side == 0 else WIDTH - LIFE
                if state:
                    shape = f'x="{x}" y="{y:.1f}" width="{LIFE - BAR}" height="{end - y:.1f}"'
                    self.put(f'<rect class="s-{state}" {shape}><title>{state}</title></rect>')
                    if self.heading.deduced:
                        self.put(f'<rect fill="url(#deduced)" {shape}/>')
                if state and (n == 0 or state != changes[n - 1][1]):
                    written = max(y + 4 if n else y + 9, written + 13)
                    at, anchor = self.outer(side, STATE)
                    self.text(at, written, state + "*" * self.heading.deduced, "state", anchor)

    def times(self):
        """When, at both margins."""
        for side in range(2):
            written, told = 0, None
            guessed = (self.heading.estimated is not None and
                       self.heading.estimated != self.heading.addresses[side])
            for p in self.points:
                if p.side != side or not p.shown:
                    continue
                said = self.when(p.time, guessed)
                if said == told or p.y + 4 < written + 11:
                    continue
                at, anchor = self.outer(side, TIME)
                self.text(at, p.y + 4, said, "time dim", anchor)
                written, told = p.y + 4, said

    def silence(self, y, end, seconds):
        """A long time that is drawn short."""
        middle = (y + end) / 2
        for side in range(2):
            x = (BAR + LIFE) / 2 if side == 0 else WIDTH - (BAR + LIFE) / 2
            self.put(f'<path class="gap" d="M{x - 8} {middle + 1:.1f}l16 -5v4l-16 5z"/>')
        said = f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"
        if any(p.end and not p.tail.row.delayed and p.tail.y < middle < p.y
               for p in self.points):
            return              # the arrow shows it
        for a, b in ((LIFE + 8, WIDTH / 2 - 40), (WIDTH / 2 + 40, WIDTH - LIFE - 8)):
            self.put(f'<path class="cut" d="M{a} {middle:.1f}H{b}"/>')
        self.text(WIDTH / 2, middle + 4, f"{said} later", "small dim halo", "middle")

    def crossed(self, low, high, right):
        """Whether something that goes the other way is in these heights."""
        for p in self.points:
            if p.end and isinstance(p.row, Arrow) and p.row.right != right and \
                    p.tail.y < high and low < p.y:
                return True
        return False

    def label(self, row, ends, steep):
        """The words along an arrow."""
        (x1, y1), (x2, y2) = ends
        said = words(row, self.numbers)
        if row.lost or row.delayed or row.late:
            said.append("lost" if row.lost else "late" if row.late else "delayed")
        name = "again" if row.again else kind(row)
        text = (f'<tspan class="flags t-{name}">{escape(said[0])}</tspan> '
                f'{escape(" ".join(said[1:]))}')
        if steep:
            side = 0 if row.right else 1
            self.text(self.x(side, 12), y1 - 3, text, "halo", ("start", "end")[side])
            return
        if self.crossed(y1, y2, row.right):
            # Near where it comes from: what crosses it does the same.
            part, anchor = .07, "start" if row.right else "end"
        else:
            part, anchor = .5, "middle"
            if row.lost:
                part, anchor = .07, "start" if row.right else "end"
        x, y = x1 + part * (x2 - x1), y1 + part * (y2 - y1)
        angle = degrees(atan2(y2 - y1, abs(x2 - x1))) * (1 if row.right else -1)
        self.text(x, y - 5, text, "halo", anchor,
                  f' transform="rotate({angle:.2f} {x:.1f} {y:.1f})"')

    def head(self, x, y, from_x, from_y, name):
        """An arrow's point."""
        a = atan2(y - from_y, x - from_x)
        points = [(x, y)]
        for turn in (.36, -.36):
            points.append((x - 11 * cos(a + turn), y - 11 * sin(a + turn)))
        self.put(f'<polygon class="h-{name}" points="'
                 + " ".join(f"{px:.1f},{py:.1f}" for px, py in points) + '"/>')

    def arrow(self, end):
        """A segment."""
        row, tail = end.row, end.tail
        name = "again" if row.again else kind(row)
        self.note_kind(name)
        here, there = (0, 1) if row.right else (1, 0)
        x1, y1, x2, y2 = self.x(here, 3), tail.y, self.x(there, 3), end.y
        if row.late:
            x1 = (x1 + x2) / 2
        if end.side == 2:
            x2 = x1 + (x2 - x1) * .6
        tip = words(row, "absolute")
        tip = f"<title>{escape(' '.join(tip))}</title>"
        steep = y2 - y1 > 150
        broken = " broken" if row.lost or row.delayed or row.late else ""
        self.put(f'<path class="arrow {name}{broken}" d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}">'
                 f'{tip}</path>')
        if end.side == 2:
            self.note_kind("lost")
            self.put(f'<path class="lost cross" d="M{x2 - 6:.1f} {y2 - 6:.1f}l12 12m0 -12'
                     'l-12 12"/>')
        else:
            self.head(x2, y2, x1, y1, name)
        if row.late:
            self.put(f'<circle class="h-{name}" cx="{x1:.1f}" cy="{y1:.1f}" r="4"/>')
        self.label(row, ((x1, y1), (x2, y2)), steep)

    def band(self, p):
        """A sum of data."""
        row = p.row
        name = "data" if row.bytes else "ack"
        self.note_kind(name)
        here, there = (0, 1) if row.right else (1, 0)
        x1, x2 = self.x(here, 3), self.x(there, 3)
        self.put(f'<path class="band {name}" d="M{x1} {p.y:.1f}H{x2 + (-9 if row.right else 9)}"/>')
        self.head(x2, p.y, x1, p.y, name)
        self.text(WIDTH / 2, p.y + 4, escape(total(row)), "halo", "middle")

    def note(self, p):
        """Words without an arrow."""
        if not p.row.text:
            return
        if p.side == 2:
            self.text(WIDTH / 2, p.y + 4, escape(p.row.text), "said halo", "middle")
            return
        anchor = "start" if p.side == 0 else "end"
        self.put(f'<circle class="h-ack" cx="{self.x(p.side)}" cy="{p.y:.1f}" r="3"/>')
        self.text(self.x(p.side, 12), p.y + 4, escape(p.row.text), "said dim halo", anchor)

    def note_kind(self, name):
        """For the legend."""
        if name not in self.kinds:
            self.kinds.append(name)

    def hosts(self):
        """Who they are."""
        if self.title:
            self.text(WIDTH / 2, 30, escape(self.title), "name", "middle")
        for side in range(2):
            x = self.x(side)
            self.text(x, self.top - 30, escape(self.heading.names[side]), "name", "middle")
            self.text(x, self.top - 14, escape(self.heading.addresses[side]), "small dim", "middle")
            at, anchor = self.outer(side, TIME)
            self.text(at, self.top - 14, "ms" if self.milli else "s", "time dim", anchor)

    def legend(self):
        """What the colours say."""
        y = self.height + 24
        kinds = [k for k in STROKES if k in self.kinds]
        x = (WIDTH - sum(52 + 7 * len(KINDS[k]) for k in kinds)) / 2
        for k in kinds:
            if k == "lost":
                self.put(f'<path class="lost cross" d="M{x + 9:.1f} {y - 9:.1f}l10 10m0 -10'
                         'l-10 10"/>')
            else:
                self.put(f'<path class="arrow {k}" d="M{x:.1f} {y - 4}h18"/>')
                self.head(x + 26, y - 4, x, y - 4, k)
            self.text(x + 33, y, KINDS[k], "small dim")
            x += 52 + 7 * len(KINDS[k])
        for text in remarks_on(self.heading):
            y += 18
            self.text(WIDTH / 2, y, escape(text), "small dim", "middle")
        return y + BOTTOM - 8

    def draw(self, rows):
        """The whole of it, as text."""
        rows = [r for r in rows if not isinstance(r, Phase)]
        self.gather(rows)
        self.arrange()
        span = self.points[-1].time - self.points[0].time if self.points else 0
        self.milli = span < SHORT
        self.bars()
        for silence in self.silences:
            self.silence(*silence)
        for p in self.points:
            if p.end:
                self.arrow(p)
            elif isinstance(p.row, Data):
                self.band(p)
            elif isinstance(p.row, Note):
                self.note(p)
        self.times()
        self.hosts()
        height = self.legend()
        names = " and ".join(f"{n} ({a})" for n, a in zip(self.heading.names,
                                                         self.heading.addresses))
        sent = sum(isinstance(r, Arrow) and not r.first for r in rows)
        start = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" '
            f'width="{WIDTH}" height="{height:.0f}" role="img">',
            f"<title>{escape(self.title or 'A connection')}</title>",
            f"<desc>{sent} segments between {escape(names)}</desc>",
            f"<style>{style()}</style>",
            '<defs><pattern id="deduced" width="6" height="6" patternUnits="userSpaceOnUse" '
            'patternTransform="rotate(45)"><path class="hatch" d="M0 0V6"/></pattern></defs>'
            if self.heading.deduced else "",
            f'<rect class="page" x=".5" y=".5" width="{WIDTH - 1}" height="{height - 1:.0f}" '
            'rx="8"/>',
        ]
        return "\n".join([s for s in start if s] + self.out + self.over + ["</svg>"]) + "\n"
