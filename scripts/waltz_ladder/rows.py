# SPDX-License-Identifier: GPL-2.0
"""What is drawn: rows, in the order of time."""

from dataclasses import dataclass, field
from typing import NamedTuple, Optional

FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10
MOD = 1 << 32

# What takes less than so many seconds is told in milliseconds.
SHORT = 0.1

HANDSHAKE, TRANSFER, TEARDOWN, TIME_WAIT = "handshake", "data", "teardown", "TIME_WAIT"


@dataclass
class Arrow:
    """A segment on its way."""

    time: Optional[float]   # None: nobody saw it leave
    right: bool             # to the right
    flags: int
    seq: int                # absolute with SYN, else relative
    ack: int
    len: int
    again: bool
    lost: bool
    copies: int
    states: list = field(default_factory=lambda: ["", ""])  # left, right
    delayed: bool = False   # lost for now
    late: bool = False      # what was delayed
    arrives: Optional[float] = None
    first: Optional["Arrow"] = None     # of one that is late: when it was delayed
    raw: tuple = (0, 0)     # seq and ack as they were sent
    isn: tuple = (0, 0)     # what they count from
    wnd: Optional[int] = None
    why: str = ""           # it was sent again


@dataclass
class Note:
    """A state that changed without a segment, or a remark."""

    time: Optional[float]
    text: str
    states: list


@dataclass
class Data:
    """All data that went one way."""

    time: float
    right: bool
    bytes: int
    again: int
    live: bool = False      # still going
    segments: int = 0       # so many, where they are a part
    lost: int = 0


@dataclass
class Phase:
    """A chapter begins."""

    name: str


class Heading(NamedTuple):
    """What stands above a ladder."""

    names: tuple            # of the hosts
    addresses: tuple = ("", "")
    deduced: bool = False   # states are not from the hosts, but from segments
    estimated: Optional[str] = None     # where the only capture was; "" is in between


def flag_names(flags):
    """SYN,ACK; PSH and URG say nothing about the connection's life."""
    names = [(SYN, "SYN"), (FIN, "FIN"), (RST, "RST"), (ACK, "ACK")]
    return ",".join(n for bit, n in names if flags & bit) or "no flags"


def words(row, numbers="", wide=False):
    """What an arrow says. Numbers are "absolute", "relative", or so but for a SYN's."""
    if numbers == "absolute":
        seq, ack = row.raw
    elif numbers == "relative" and row.flags & SYN:
        seq, ack = ((n - first) % MOD for n, first in zip(row.raw, row.isn))
    else:
        seq, ack = row.seq, row.ack
    said = [flag_names(row.flags), f"seq={seq}"]
    if row.flags & ACK:
        said.append(f"ack={ack}")
    if row.len:
        said.append(f"len={row.len}")
    if wide and row.wnd is not None and not row.flags & RST:
        said.append(f"win={row.wnd}")
    if row.again:
        said.append("again")
    if row.why:
        said.append(f"({row.why})")
    if row.copies > 1:
        said.append(f"x{row.copies}")
    return said


def total(row):
    """The same for data."""
    said = []
    if row.segments:
        said.append(f"{row.segments:,} {'segment' if row.bytes else 'ACK'}"
                    f"{'s' * (row.segments > 1)}")
    if row.bytes:
        said.append(f"{row.bytes:,} bytes")
    if row.again and row.segments:
        said.append(f"{row.again} again")
    elif row.again:
        said.append(f"{row.again} segment{'s' * (row.again > 1)} sent again")
    if row.lost:
        said.append(f"{row.lost} lost")
    return ", ".join(said)


class Fold:
    """Long runs of segments that change no state become their sum.

    The first and the last of a run stay as they are.
    """

    LONGEST, ENDS = 14, 3

    def __init__(self):
        self.run = []
        self.begun = 0

    @staticmethod
    def plain(row):
        """Whether it is one of many."""
        return (isinstance(row, Arrow) and not row.flags & (SYN | FIN | RST) and
                not any(row.states) and not row.delayed and not row.late)

    def push(self, row):
        """The rows that this one completes."""
        if self.plain(row):
            self.run.append(row)
            return
        yield from self.end()
        yield row

    def end(self):
        """What is left."""
        run, self.run = self.run, []
        if len(run) <= self.LONGEST:
            yield from run
            return
        yield from run[:self.ENDS]
        # The one that began goes first.
        for right in (run[self.ENDS].right, not run[self.ENDS].right):
            rows = [r for r in run[self.ENDS:-self.ENDS] if r.right == right]
            if rows:
                yield Data(rows[0].time, right, sum(r.len for r in rows if not r.again),
                           sum(r.again for r in rows), segments=len(rows),
                           lost=sum(r.lost for r in rows))
        yield from run[-self.ENDS:]
