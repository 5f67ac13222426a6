#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The network between two hosts: it carries segments, and loses or keeps some.

Usage: network.py PROTOCOL     commands on stdin (see ctl.py)

What comes in at device "a" goes out at "b", and the other way round. NAME is the
device where a segment comes in. FLAGS are those of S A F R (others do not count),
and D for data: "AD" is an ACK with data, "A" one without.

  NAME lose FLAGS       the next such segment gets no further
  NAME keep FLAGS       nor this one, for now
  NAME met              wait until such a segment has come; answers what it was
  NAME release          what was kept goes on, as it is
  NAME seen FLAGS [N]   the Nth such segment (the last one); waits for it
  any count             how many segments have come in
"""

import os
import select
import socket
import struct
import sys
import threading
import time

sys.path.insert(1, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# pylint: disable=wrong-import-position
from checksum import checksum
from ctl import Failure, serve

ETH_P_ALL, ETH_P_IP = 0x0003, 0x0800
SOL_PACKET, PACKET_AUXDATA = 263, 8
TP_STATUS_CSUMNOTREADY = 1 << 3
PATIENCE = 20.0

protocol = int(sys.argv[1])


def finish(frame):
    """Write the checksum that a virtual cable's end leaves to its hardware."""
    start = 14 + (frame[14] & 15) * 4
    end = 14 + struct.unpack("!H", frame[16:18])[0]
    body = frame[start:start + 16] + b"\0\0" + frame[start + 18:end]
    total = checksum(frame[26:34] + struct.pack("!HH", protocol, len(body)) + body)
    return frame[:start + 16] + struct.pack("!H", total) + frame[start + 18:end]


def describe(frame):
    """FLAGS of a segment, and it in words."""
    start = 14 + (frame[14] & 15) * 4
    end = 14 + struct.unpack("!H", frame[16:18])[0]
    _, _, seq, ack, offset, bits, window = struct.unpack("!HHIIBBH", frame[start:start + 16])
    data = end - start - (offset >> 4) * 4
    flags = "".join(f for bit, f in ((2, "S"), (16, "A"), (1, "F"), (4, "R")) if bits & bit)
    text = f"seq={seq} ack={ack} len={data} win={window}"
    options = frame[start + 20:start + (offset >> 4) * 4]
    while options and options[0]:
        size = 1 if options[0] == 1 else options[1]
        if options[0] == 2:
            text += " mss=%d" % struct.unpack("!H", options[2:4])
        elif options[0] == 3:
            text += f" wscale={options[2]}"
        elif options[0] == 8:
            text += " tsval=%d tsecr=%d" % struct.unpack("!II", options[2:10])
        options = options[size:]
    return flags + ("D" if data else ""), text


def letters(flags):
    return "".join(sorted(flags))


class Way:
    """One direction."""

    def __init__(self, name):
        self.name = name
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.sock.bind((name, ETH_P_ALL))
        self.sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self.out = None
        self.seen = []          # FLAGS and words
        self.rule = None        # FLAGS and what happens to it
        self.caught = None
        self.kept = []

    def frame(self):
        """Carry one frame."""
        data, ancillary, _, where = self.sock.recvmsg(1 << 16, 256)
        if where[2] == socket.PACKET_OUTGOING:
            return
        if where[1] == ETH_P_IP and data[23] == protocol:
            for level, kind, value in ancillary:
                if (level, kind) == (SOL_PACKET, PACKET_AUXDATA) and \
                        struct.unpack("I", value[:4])[0] & TP_STATUS_CSUMNOTREADY:
                    data = finish(data)
            flags, text = describe(data)
            self.seen.append((letters(flags), text))
            if self.rule and self.rule[0] == letters(flags):
                if self.rule[1] == "keep":
                    self.kept.append(data)
                self.caught, self.rule = text, None
                return
        self.out.send(data)

    def do_lose(self, flags):
        self.rule = letters(flags), "lose"

    def do_keep(self, flags):
        self.rule = letters(flags), "keep"

    def do_met(self):
        until(lambda: self.rule is None, "no such segment")
        return self.caught

    def do_release(self):
        self.out.send(self.kept.pop(0))

    def do_seen(self, flags, number="0"):
        def found():
            return [text for f, text in self.seen if f == letters(flags)]

        until(lambda: len(found()) >= max(int(number), 1), f"no {flags}")
        return found()[int(number) - 1]


def until(test, what):
    """Wait."""
    end = time.monotonic() + PATIENCE
    while not test():
        if time.monotonic() > end:
            raise Failure(f"{what} came within {PATIENCE:g} s")
        time.sleep(0.01)


# One CPU: what is sent to a virtual cable by two may change places.
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
ways = {"a": Way("a"), "b": Way("b")}
ways["a"].out, ways["b"].out = ways["b"].sock, ways["a"].sock


def carry():
    """All frames, in both directions, in the order in which they come."""
    while True:
        for way in ways.values():
            if way.sock in select.select([w.sock for w in ways.values()], [], [])[0]:
                way.frame()


def handle(name, verb, args):
    if verb == "count":
        return sum(len(way.seen) for way in ways.values())
    if not hasattr(Way, "do_" + verb):
        raise Failure("no such command")
    return getattr(ways[name], "do_" + verb)(*args)


threading.Thread(target=carry, daemon=True).start()
serve(handle)
