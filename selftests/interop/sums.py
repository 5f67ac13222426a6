#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Looks at segments on a wire: their checksums and options.

Usage: sums.py DEVICE A-ADDRESS B-ADDRESS [PROTOCOL]   commands on stdin (see ../ctl.py)

PROTOCOL is 6 without one.

The name is a or b: who sent the segments. Counted is what came since forget.

  segments                how many
  wrong                   how many of them have a wrong checksum
  longest                 bytes of text in the longest
  syn                     options of the last SYN or SYN-ACK: of mss,sack,ts,ws
  window                  of the last segment, as it is on the wire
  stamped                 all, some or none of the others have timestamps, but RST
  forget                  (either name) begin anew, for both
"""

import os
import select
import socket
import struct
import sys

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from ctl import Failure, serve  # pylint: disable=wrong-import-position

ETH_P_ALL = 3
SO_RCVBUFFORCE = 33
SOL_PACKET = 263
PACKET_STATISTICS = 6
KINDS = {2: "mss", 3: "ws", 4: "sack", 8: "ts"}
RST, SYN = 4, 2

device = sys.argv[1]
protocol = int(sys.argv[4]) if len(sys.argv) > 4 else socket.IPPROTO_TCP
names = {socket.inet_aton(ip): name for ip, name in zip(sys.argv[2:4], "ab")}


def adds_up(data):
    """Whether the one's complement sum is right."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    return total and total % 0xFFFF == 0


def kinds_of(options):
    kinds = []
    while options and options[0]:
        size = 1 if options[0] == 1 else options[1]
        if options[0] != 1:
            kinds.append(KINDS.get(options[0], str(options[0])))
        options = options[size:]
    return sorted(kinds)


class Seen:
    """What one side has sent."""

    def __init__(self):
        self.segments = self.wrong = self.longest = self.stamped = self.plain = 0
        self.syn = self.window = "none"

    def take(self, packet, segment):
        pseudo = packet[12:20] + struct.pack("!HH", packet[9], len(segment))
        kinds = kinds_of(segment[20:(segment[12] >> 4) * 4])
        self.segments += 1
        self.longest = max(self.longest, len(segment) - (segment[12] >> 4) * 4)
        self.window, = struct.unpack("!H", segment[14:16])
        if not adds_up(packet[:20]) or not adds_up(pseudo + segment):
            self.wrong += 1
        if segment[13] & SYN:
            self.syn = ",".join(kinds)
        elif not segment[13] & RST:
            self.stamped += "ts" in kinds
            self.plain += "ts" not in kinds

    def summary(self):
        return "some" if self.stamped and self.plain else "all" if self.stamped else "none"


class Wire:
    """Everything on the device, in both directions."""

    def __init__(self):
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        self.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)
        self.sock.bind((device, ETH_P_ALL))
        self.forget()

    def forget(self):
        while select.select([self.sock], [], [], 0)[0]:
            self.sock.recv(1 << 16)
        self.seen = {"a": Seen(), "b": Seen()}

    def drain(self):
        while select.select([self.sock], [], [], 0)[0]:
            packet = self.sock.recv(1 << 16)
            if packet[0] != 0x45 or packet[9] != protocol:
                continue
            segment = packet[20:struct.unpack("!H", packet[2:4])[0]]
            self.seen[names[packet[12:16]]].take(packet, segment)
        _, lost = struct.unpack("II", self.sock.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
        if lost:
            raise Failure(f"{lost} segments were not seen")


wire = Wire()


def handle(name, verb, _args):
    if verb == "forget":
        return wire.forget()
    wire.drain()
    seen = wire.seen[name]
    return seen.summary() if verb == "stamped" else getattr(seen, verb)


serve(handle)
