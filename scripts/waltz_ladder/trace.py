# SPDX-License-Identifier: GPL-2.0
"""Trace text to events; knows nothing of drawing."""

import os
import re
import sys
from dataclasses import dataclass, field


@dataclass
class Event:
    """One line of the trace; port pairs are (address:port) strings."""

    time: float
    kind: str               # state, segment, retransmit, remark
    netns: int
    local: str
    remote: str
    flags: int
    seq: int
    ack: int
    len: int
    tx: bool = False        # segment
    rtx: bool = False
    wnd: int = None
    old: str = ""           # state
    new: str = ""
    why: str = ""
    mark: tuple = ()        # what else tells equal segments apart, from a capture
    done: bool = False      # drawn already, with something earlier
    mate: object = field(default=None, repr=False, compare=False)   # the other end's
    arrow: object = field(default=None, repr=False, compare=False)  # of a delayed one
    judged: bool = False    # what there is to say has been said

    def segment(self):
        """What identifies a segment on both hosts."""
        return (self.flags, self.seq, self.ack, self.len) + self.mark


LINE = re.compile(r"\s(\d+\.\d+): (?:waltz:)?"
                  r"(state|segment_send|segment_receive|retransmit): (.*)")
REMARK = re.compile(r"\s(\d+\.\d+): tracing_mark_write: (.*)")
FIELD = re.compile(r"(\w+)=(\S+)")
CHANGE = re.compile(r" (\w+) -> (\w+) event=")
MISSED = re.compile(r"^CPU:\d+ \[LOST (\d+) EVENTS\]")


def parse(line):
    """An Event, or None for a line that is none (comments, other events).

    Fields are found by their names: others may come, in any place.
    """
    match = LINE.search(line)
    if not match:
        match = REMARK.search(line)
        return Event(float(match[1]), "remark", -1, "", "", 0, 0, 0, 0,
                     why=match[2]) if match else None
    try:
        f = dict(FIELD.findall(match[3]))
        kind = match[2]
        if kind == "retransmit":
            return Event(float(match[1]), kind, int(f["netns"]), f["local"], f["remote"],
                         0, int(f["seq"]), 0, int(f.get("len", 0)), why=f["why"])
        event = Event(float(match[1]), kind.split("_")[0], int(f["netns"]), f["local"],
                      f["remote"], int(f["flags"], 16), int(f["seq"]),
                      int(f["ack"]), int(f["len"]))
        if event.kind == "segment":
            event.tx = kind == "segment_send"
            event.rtx = event.tx and f["rtx"] != "0"
            event.wnd = int(f["wnd"]) if "wnd" in f else None
        else:
            event.old, event.new = CHANGE.search(match[3]).groups()
            event.why = f["event"]
    except (KeyError, ValueError, AttributeError):
        return None             # a line cut short
    return event


def missed(line):
    """How many events the kernel had no room for, where it says so."""
    match = MISSED.search(line)
    return int(match[1]) if match else 0


def record_left(text, local, remote):
    """Seconds that a TIME_WAIT record has left, from /proc/net/waltz."""
    def name(address):
        ip, port = address.rsplit(":", 1)
        octets = [int(x) for x in ip.split(".")]
        # The kernel prints the address as it lies in memory, as one number.
        number = int.from_bytes(bytes(octets), sys.byteorder)
        return f"{number:08X}:{int(port):04X}"

    for line in text.splitlines():
        f = line.split()
        if f[1:4] == [name(local), name(remote), "06"]:
            return int(f[5].split(":")[1], 16) / os.sysconf("SC_CLK_TCK")
    return None
