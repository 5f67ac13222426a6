# SPDX-License-Identifier: GPL-2.0
"""Reading captures."""

import os
import random
import socket
import struct

import captures
from captures import EN10MB, RAW, SLL, SLL2, TCP, WALTZ, classic, frame, ng, seen_by, segment_of
from common import whole
from waltz_ladder import pcap
from waltz_ladder.trace import parse


def essence(packets):
    """What must be the same in all formats."""
    return [(round(p.time, 6), p.src, p.dst, p.flags, p.seq, p.ack, p.len, p.wnd)
            for p in packets]


def test_formats():
    """pcap and pcapng, both byte orders, micro- and nanoseconds, four kinds of link"""
    lines = whole().text()
    wanted = [(e.time, *((e.local, e.remote) if e.tx else (e.remote, e.local)), e.flags, e.seq,
               e.ack, e.len, 9) for e in map(parse, lines)
              if e.kind == "segment" and e.netns == 1]
    wanted.sort(key=lambda p: p[0])
    bad = []
    for write in (classic, ng):
        for order in "<>":
            for nano in (False, True):
                for link in (EN10MB, RAW, SLL, SLL2):
                    for protocol in (WALTZ, TCP):
                        data = write(seen_by(lines, 1, link, protocol), link, order, nano)
                        got = essence(pcap.packets(data))
                        if not pcap.is_capture(data) or got != wanted:
                            bad.append((write.__name__, order, nano, link, protocol))
    return bad, []


def test_direction():
    """cooked captures say which way a packet went"""
    lines = whole().text()
    return [[p.out for p in pcap.packets(classic(seen_by(lines, 1, link), link))] ==
            [p.src.startswith("10.0.0.1:")
             for p in pcap.packets(classic(seen_by(lines, 1, RAW), RAW))]
            for link in (SLL, SLL2)], [True, True]


def test_others():
    """what is no segment is passed over: other protocols, fragments, half a header"""
    e = next(x for x in map(parse, whole().text()) if x.kind == "segment")
    good = segment_of(e)
    fragment = bytearray(good)
    fragment[6:8] = b"\x20\x10"
    arp = bytes(12) + b"\x08\x06" + bytes(28)
    packets = [segment_of(e, 17), bytes(fragment), good[:30], b"", b"\x45"]
    frames = [frame(EN10MB, p) for p in packets] + [arp, b"\0" * 13]
    return [len(list(pcap.packets(classic([(1, f)])))) for f in frames], [0] * len(frames)


def test_vlan():
    """tags of VLANs, one or two"""
    e = next(x for x in map(parse, whole().text()) if x.kind == "segment")
    tags = (b"\x81\x00\x00\x05", b"\x88\xa8\x00\x05\x81\x00\x00\x06")
    return [len(list(pcap.packets(classic([(1, bytes(12) + t + b"\x08\x00" + segment_of(e))]))))
            for t in tags], [1, 1]


def test_ipv6():
    """TCP over IPv6"""
    header = struct.pack("!HHIIBBHHH", 40000, 80, 7, 0, 5 << 4, 2, 9, 0, 0)
    packet = struct.pack("!IHBB", 6 << 28, 20, 6, 64) + \
        socket.inet_pton(socket.AF_INET6, "::1") * 2 + header
    return [(p.src, p.dst, p.seq) for p in pcap.packets(classic([(1, packet)], RAW))], \
        [("[::1]:40000", "[::1]:80", 7)]


def test_damaged():
    """a capture that is cut short, or full of nonsense, ends or says so (SEED repeats it)"""
    seed = int(os.environ.get("SEED") or random.randrange(1 << 32))
    print(f"# SEED={seed}")
    rng = random.Random(seed)
    frames = seen_by(whole().text(), 1)
    bad = []
    for write in (classic, ng):
        data = write(frames)
        for _ in range(1500):
            damaged = bytearray(data[:rng.randrange(len(data) + 1)])
            for _ in range(rng.randrange(4)):
                if damaged:
                    damaged[rng.randrange(min(len(damaged), 600))] = rng.randrange(256)
            try:
                for group in captures.events_of(list(pcap.packets(bytes(damaged)))):
                    assert group
            except pcap.BadCapture:
                pass
            except Exception as e:  # pylint: disable=broad-except
                bad.append(f"{write.__name__}: {e!r}")
    return bad[:3], []
