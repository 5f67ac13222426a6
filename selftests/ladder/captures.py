# SPDX-License-Identifier: GPL-2.0
"""Captures of what a trace shows, in all formats."""

import re
import socket
import struct

from waltz_ladder import pcap
from waltz_ladder.deduce import events_of
from waltz_ladder.conversations import Conversations
from waltz_ladder.trace import parse

WALTZ, TCP = 253, 6
EN10MB, RAW, SLL, SLL2 = 1, 101, 113, 276


def segment_of(e, protocol=WALTZ, ident=0):
    """An IPv4 packet: a segment event as it was on the wire."""
    (src, sport), (dst, dport) = (a.rsplit(":", 1) for a in (
        (e.local, e.remote) if e.tx else (e.remote, e.local)))
    header = struct.pack("!HHIIBBHHH", int(sport), int(dport), e.seq, e.ack, 5 << 4, e.flags,
                         e.wnd or 0, 0, 0)
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40 + e.len, ident, 0x4000, 64, protocol, 0,
                       socket.inet_aton(src), socket.inet_aton(dst)) + header + bytes(e.len)


def frame(link, packet, out=False):
    """What is around a packet."""
    kind = b"\x08\x00"
    if link == EN10MB:
        return bytes(12) + kind + packet
    if link == SLL:
        return struct.pack("!HHH8s", 4 if out else 0, 1, 6, bytes(8)) + kind + packet
    if link == SLL2:
        return kind + struct.pack("!HIHBB8s", 0, 1, 1, 4 if out else 0, 6, bytes(8)) + packet
    return packet


def classic(frames, link=EN10MB, order="<", nano=False):
    """pcap: frames are (seconds, bytes)."""
    magic, unit = (0xa1b23c4d, 1e9) if nano else (0xa1b2c3d4, 1e6)
    data = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, link)
    for seconds, f in frames:
        data += struct.pack(order + "4I", int(seconds), round(seconds % 1 * unit), len(f),
                            len(f)) + f
    return data


def block(order, kind, body):
    """Of pcapng."""
    body += bytes(-len(body) % 4)
    return struct.pack(order + "II", kind, len(body) + 12) + body + \
        struct.pack(order + "I", len(body) + 12)


def ng(frames, link=EN10MB, order="<", nano=False, interfaces=1):
    """pcapng: frames are (seconds, bytes[, interface])."""
    data = block(order, 0x0a0d0d0a, struct.pack(order + "IHHq", 0x1a2b3c4d, 1, 0, -1))
    said = struct.pack(order + "HHB3xHH", 9, 1, 9, 0, 0) if nano else b""
    for _ in range(interfaces):
        data += block(order, 1, struct.pack(order + "HHI", link, 0, 65535) + said)
    # A block that nobody knows.
    data += block(order, 0x0bad, b"12345")
    for seconds, f, *which in frames:
        ticks = round(seconds * (1e9 if nano else 1e6))
        data += block(order, 6, struct.pack(order + "5I", which[0] if which else 0, ticks >> 32,
                                            ticks & 0xffffffff, len(f), len(f)) + f)
    return data


def seen_by(lines, host, link=EN10MB, protocol=WALTZ):
    """Frames that a host of a trace sent and received: (seconds, bytes)."""
    found, copies = [], {}
    for line in lines:
        e = parse(line)
        if e and e.kind == "segment":
            # Sent once, it has one number, however often it arrives; in the order of
            # sending, which the other host can only count where nothing is lost.
            copies[line] = e
    for e in sorted(copies.values(), key=lambda e: e.time):
        if e.netns == host:
            found.append((e.time, frame(link, segment_of(e, protocol), e.tx)))
    return found


def conversations_of(args, *captures):
    """The connections of captures."""
    packets = []
    for n, data in enumerate(captures):
        packets += pcap.packets(data, n)
    conversations = Conversations(args.wanted)
    for events, where in events_of(packets):
        for event in events:
            conversation = conversations.feed(event)
        conversation.deduced, conversation.estimated = True, where
    return conversations


def arrows(rows, states=True):
    """What a ladder says without its times: arrows alone, and the states beside them."""
    found = []
    for row in rows:
        match = re.match(r"^[\d.]* ?(.*)$", row.replace("*", ""))
        if "->" in row or "<-" in row or "--x" in row or "x--" in row:
            text = re.sub(r" x\d+ ", " ", match[1])
            found.append(text if states else re.search(r"\|(.*)\|", text)[1])
    return found
