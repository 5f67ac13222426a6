# SPDX-License-Identifier: GPL-2.0
"""Segments, and a TUN device to send and receive them.

The kernel under test has one end of the device, this process is all that is
behind it: no other kernel answers. What is written is processed at once, in
the writer's context, so an answer can be read when write() returns.
"""

import fcntl
import os
import select
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(1, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# pylint: disable=wrong-import-position
from checksum import checksum

OURS, THEIRS = "10.254.0.2", "10.254.0.1"
ADDRESSES = socket.inet_aton(OURS) + socket.inet_aton(THEIRS)
BACK = ADDRESSES[4:] + ADDRESSES[:4]
FLAGS = "FSRPAU"
WORD = 0xFFFFFFFF
PATIENCE = 20.0
SENTINEL_PORT = 9

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 1, 0x1000


class Failure(Exception):
    """Something did not go as it should."""


def signed(value):
    value &= WORD
    return value - (1 << 32) if value >> 31 else value


def flag_bits(text):
    return sum(1 << FLAGS.index(f) for f in text if f != "-")


class Segment:
    """A segment that came. PSH and URG are of no interest."""

    def __init__(self, data):
        self.sport, self.dport, self.seq, self.ack, off, bits, self.win = \
            struct.unpack("!HHIIBBH", data[:16])
        self.flags = "".join(f for i, f in enumerate(FLAGS) if bits >> i & 1 and f not in "PU")
        self.header = (off >> 4) * 4
        self.data = data[self.header:]
        self.tsval = self.tsecr = None
        self.options(data[20:self.header])

    def options(self, opts):
        while opts and opts[0]:
            if opts[0] == 1:
                opts = opts[1:]
                continue
            if opts[0] == 8:
                self.tsval, self.tsecr = struct.unpack("!II", opts[2:10])
            opts = opts[opts[1]:]

    def space(self):
        return len(self.data) + ("S" in self.flags) + ("F" in self.flags)


def build(sport, dport, flags, seq, ack, win, stamps, data, ecn=(0, 0)):
    """A segment's bytes, but for the protocol number in the checksum. ecn: ECE and
    CWR, and the bits beside the data offset, of which ECN had one and has another.
    """
    opts = struct.pack("!BBBBII", 1, 1, 8, 10, *stamps) if stamps else b""
    return struct.pack("!HHIIBBHHH", sport, dport, seq & WORD, ack & WORD,
                       (20 + len(opts)) << 2 | ecn[1], flags | ecn[0], win, 0, 0) + \
        opts + data


class Tun:
    """The device, in a network namespace that has nothing else."""

    def __init__(self, protocol):
        self.protocol = protocol
        self.queues = {}
        self.sentinels = 0
        self.fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(self.fd, TUNSETIFF, struct.pack("16sH14x", b"matrix", IFF_TUN | IFF_NO_PI))
        # No queue: what is sent first comes first. TCP's time-outs and delayed
        # acknowledgements are set by the route.
        for words in ("ip link set lo up", "ip link set matrix up",
                      "tc qdisc replace dev matrix root noqueue",
                      f"ip addr add {THEIRS}/32 dev matrix",
                      "ip route add 10.254.0.0/24 dev matrix rto_min 30000ms quickack 1"):
            subprocess.run(words.split(), check=True)

    def send(self, segment):
        pseudo = ADDRESSES + struct.pack("!HH", self.protocol, len(segment))
        total = struct.pack("!H", checksum(pseudo + segment))
        segment = segment[:16] + total + segment[18:]
        header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), 0, 0, 64,
                             self.protocol, 0) + ADDRESSES
        header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
        os.write(self.fd, header + segment)

    def listen_to(self, port):
        """A queue for what comes for that port of ours."""
        self.queues[port] = []
        return self.queues[port]

    def forget(self, port):
        self.queues.pop(port, None)

    def drain(self):
        """Put all that has come into the queues."""
        while True:
            try:
                packet = os.read(self.fd, 4096)
            except BlockingIOError:
                return
            if packet[0] != 0x45 or packet[9] != self.protocol or packet[12:20] != BACK:
                continue
            data = packet[20:]
            pseudo = BACK + struct.pack("!HH", self.protocol, len(data))
            if checksum(pseudo + data):
                raise Failure("a segment came with a wrong checksum")
            seg = Segment(data)
            if seg.dport in self.queues:
                self.queues[seg.dport].append(seg)

    def wait(self, seconds):
        """Until something comes."""
        if select.select([self.fd], [], [], seconds)[0]:
            self.drain()

    def sentinel(self):
        """A SYN to a closed port, and its RST: all that was sent before has
        been answered by now, or never will be.
        """
        self.sentinels += 1
        queue = self.listen_to(1)
        self.send(build(1, SENTINEL_PORT, flag_bits("S"), self.sentinels, 0, 100, None, b""))
        end = time.monotonic() + PATIENCE
        self.drain()
        while not any(seg.ack == self.sentinels + 1 for seg in queue):
            if time.monotonic() > end:
                raise Failure("the sentinel was not answered")
            self.wait(1)
        self.forget(1)
