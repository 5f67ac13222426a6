# SPDX-License-Identifier: GPL-2.0
"""Captures to packets: classic pcap and pcapng, of either byte order.

Only what a segment's header says is read. Protocols are 253, 254 and TCP's 6.
"""

import socket
import struct
from dataclasses import dataclass
from typing import Optional

PROTOCOLS = (253, 254, 6)
CLASSIC = {0xa1b2c3d4: 1e-6, 0xa1b23c4d: 1e-9}
PCAPNG = 0x0a0d0d0a

ETHERTYPE_IP, ETHERTYPE_IPV6 = 0x0800, 0x86dd
VLANS = (0x8100, 0x88a8)
# struct sll_header's sll_pkttype
TO_US, OUTGOING = 0, 4


class BadCapture(Exception):
    """The file is no capture, or none that can be read."""


@dataclass
class Packet:
    """One segment, where and when it was seen."""

    time: float
    point: tuple            # file, interface
    out: Optional[bool]     # whether it left that machine, if the capture says so
    src: str
    dst: str
    flags: int
    seq: int
    ack: int
    len: int
    wnd: int
    mark: tuple             # IP's identification, and the timestamp


def is_capture(start):
    """Whether a file that begins so is one."""
    if len(start) < 4:
        return False
    numbers = struct.unpack("<I", start[:4]) + struct.unpack(">I", start[:4])
    return any(n in CLASSIC or n == PCAPNG for n in numbers)


# ---- files to frames: (seconds, interface, link type, bytes)

def frames(data):
    """The frames of a capture. One that is cut short ends early."""
    if len(data) >= 4 and struct.unpack("<I", data[:4])[0] == PCAPNG:
        return blocks(data)
    for order in "<>":
        if len(data) >= 24 and struct.unpack(order + "I", data[:4])[0] in CLASSIC:
            return records(data, order)
    raise BadCapture("neither pcap nor pcapng")


def records(data, order):
    """Classic pcap."""
    unit = CLASSIC[struct.unpack(order + "I", data[:4])[0]]
    link = struct.unpack(order + "I", data[20:24])[0] & 0x0fffffff
    at = 24
    while at + 16 <= len(data):
        seconds, part, size, _ = struct.unpack(order + "4I", data[at:at + 16])
        frame = data[at + 16:at + 16 + size]
        if len(frame) < size:
            return
        yield seconds + part * unit, 0, link, frame
        at += 16 + size


def options(data, order):
    """Of a pcapng block, by number."""
    found = {}
    while len(data) >= 4:
        code, size = struct.unpack(order + "HH", data[:4])
        if not code:
            break
        found[code] = data[4:4 + size]
        data = data[4 + (size + 3 & ~3):]
    return found


def interface(body, order):
    """Link type, seconds a tick, offset in seconds."""
    said = options(body[8:], order)
    unit, offset = 1e-6, 0
    if said.get(9):             # if_tsresol
        n = said[9][0]
        unit = 2.0 ** -(n & 127) if n & 128 else 10.0 ** -n
    if len(said.get(14, b"")) == 8:     # if_tsoffset
        offset = struct.unpack(order + "q", said[14])[0]
    return struct.unpack(order + "H", body[:2])[0], unit, offset


def blocks(data):
    """pcapng: sections, each with interfaces of its own."""
    order, at, interfaces, first = "<", 0, [], 0
    while at + 12 <= len(data):
        kind, size = struct.unpack(order + "II", data[at:at + 8])
        if kind == PCAPNG:
            magic = data[at + 8:at + 12]
            if magic not in (b"\x4d\x3c\x2b\x1a", b"\x1a\x2b\x3c\x4d"):
                raise BadCapture("a pcapng section of no byte order")
            order = "<" if magic == b"\x4d\x3c\x2b\x1a" else ">"
            size = struct.unpack(order + "I", data[at + 4:at + 8])[0]
            first += len(interfaces)
            interfaces = []
        if size < 12 or size % 4:
            raise BadCapture(f"a pcapng block of {size} bytes")
        if at + size > len(data):
            return
        body = data[at + 8:at + size - 4]
        if kind == 1 and len(body) >= 8:
            interfaces.append(interface(body, order))
        elif kind == 6 and len(body) >= 20:
            which, high, low, have = struct.unpack(order + "4I", body[:16])
            if which < len(interfaces):
                link, unit, offset = interfaces[which]
                ticks = high << 32 | low
                # In whole seconds and the rest, or a float would round.
                second = round(1 / unit)
                yield (offset + ticks // second + ticks % second * unit, first + which, link,
                       body[20:20 + have])
        at += size


# ---- frames to packets

def network(link, frame):
    """The network header in a frame, and whether it went out; None: neither IP."""
    out, kind = None, None
    if link == 1:                           # EN10MB
        at = 12
        while len(frame) >= at + 2:
            kind = struct.unpack("!H", frame[at:at + 2])[0]
            at += 2
            if kind not in VLANS:
                break
            at += 2
    elif link == 113 and len(frame) >= 16:  # LINUX_SLL
        way, kind, at = *struct.unpack("!H12xH", frame[:16]), 16
        out = {TO_US: False, OUTGOING: True}.get(way)
    elif link == 276 and len(frame) >= 20:  # LINUX_SLL2
        kind, way, at = struct.unpack("!H", frame[:2])[0], frame[10], 20
        out = {TO_US: False, OUTGOING: True}.get(way)
    elif link in (12, 14, 101, 228, 229):   # RAW, IPV4, IPV6
        at = 0
    elif link in (0, 108):                  # NULL, LOOP
        at = 4
    else:
        raise BadCapture(f"link type {link}")
    packet = frame[at:]
    if kind is None:
        kind = {4: ETHERTYPE_IP, 6: ETHERTYPE_IPV6}.get(packet[0] >> 4 if packet else 0)
    return (packet, out) if kind in (ETHERTYPE_IP, ETHERTYPE_IPV6) else (None, out)


def transport(packet):
    """Addresses, IP's identification, protocol, header and data as one; or None."""
    if len(packet) >= 20 and packet[0] >> 4 == 4:
        start = (packet[0] & 15) * 4
        # The sender's hardware may have been meant to fill it in.
        end = struct.unpack("!H", packet[2:4])[0] or len(packet)
        if struct.unpack("!H", packet[6:8])[0] & 0x1fff or start < 20:
            return None         # not the first fragment
        return (socket.inet_ntop(socket.AF_INET, packet[12:16]),
                socket.inet_ntop(socket.AF_INET, packet[16:20]),
                struct.unpack("!H", packet[4:6])[0], packet[9], packet[start:], end - start)
    if len(packet) >= 40 and packet[0] >> 4 == 6:
        size = struct.unpack("!H", packet[4:6])[0] or len(packet) - 40
        return ("[%s]" % socket.inet_ntop(socket.AF_INET6, packet[8:24]),
                "[%s]" % socket.inet_ntop(socket.AF_INET6, packet[24:40]),
                0, packet[6], packet[40:], size)
    return None


def timestamp(header):
    """TSval of a segment's options, if it is there."""
    rest = header[20:]
    while rest and rest[0]:
        size = 1 if rest[0] == 1 else rest[1] if len(rest) > 1 else 0
        if rest[0] == 8 and size == 10 and len(rest) >= 10:
            return struct.unpack("!I", rest[2:6])[0]
        if not size:
            break
        rest = rest[size:]
    return None


def packet_of(seconds, point, link, frame):
    """A Packet, or None: another protocol, or no whole header."""
    data, out = network(link, frame)
    found = transport(data) if data else None
    if not found:
        return None
    src, dst, number, protocol, segment, size = found
    if protocol not in PROTOCOLS or len(segment) < 20:
        return None
    sport, dport, seq, ack, offset, flags, wnd = struct.unpack("!HHIIBBH", segment[:16])
    header = (offset >> 4) * 4
    if header < 20 or header > size:
        return None
    return Packet(seconds, point, out, f"{src}:{sport}", f"{dst}:{dport}", flags, seq, ack,
                  size - header, wnd, (number, timestamp(segment[:header])))


def packets(data, name=""):
    """The segments of a capture."""
    for seconds, number, link, frame in frames(data):
        packet = packet_of(seconds, (name, number), link, frame)
        if packet:
            yield packet
