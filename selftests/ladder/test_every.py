# SPDX-License-Identifier: GPL-2.0
"""An arrow for each segment."""

import re

from common import Trace, clean, each
from waltz_ladder.rows import ACK, FIN, MOD, RST, SYN


def test_every():
    """every segment, of two connections; a SYN that the network keeps for later"""
    trace = Trace()
    trace.state(0, 1, "CLOSED -> SYN_SENT", "connect")
    trace.segment(0.001, 1, SYN, (0, 0), copies=0)
    trace.segment(0.5, 1, SYN, (0, 0), copies=0, rtx=1)
    s = trace.segment(1.001, 1, SYN, (0, 0), rtx=1)
    trace.state(1.0061, 2, "LISTEN -> SYN_RECV", "SYN", s)
    s = trace.segment(1.007, 2, SYN | ACK, (0, 1))
    trace.state(1.0121, 1, "SYN_SENT -> ESTABLISHED", "SYN-ACK", s)
    s = trace.segment(1.0122, 1, ACK, (1, 1))
    trace.state(1.0173, 2, "SYN_RECV -> ESTABLISHED", "ACK-of-SYN", s)
    trace.segment(1.1, 1, ACK, (1, 1), len=80)
    trace.segment(1.106, 2, ACK, (1, 81))
    trace.state(1.5, 1, "ESTABLISHED -> CLOSED", "abort")
    s = trace.segment(1.501, 1, RST | ACK, (81, 1))
    trace.state(1.5061, 2, "ESTABLISHED -> CLOSED", "RST", s)
    trace.lines.append((1.6, "  sh-9  [000] ..... 101.600000: tracing_mark_write: at last"))
    # Arrives, and was not sent.
    s = trace.segment(1.695, 1, SYN, (0, 0))
    trace.lines = [x for x in trace.lines if not (x[0] == 1.695 and "segment_send" in x[1])]
    trace.state(1.7001, 2, "LISTEN -> SYN_RECV", "SYN", s)
    trace.isn[2] = 9000
    trace.segment(1.701, 2, SYN | ACK, (0, 1))
    s = trace.segment(1.707, 1, RST, (1, 0))
    trace.state(1.7121, 2, "SYN_RECV -> LISTEN", "RST", s)
    return each(trace.text(), "--width", "78"), [
        "CLOSED | | LISTEN",
        "0.001 SYN_SENT |-- SYN seq=1000 lost --x |",
        "0.500 |-- SYN seq=1000 again delayed --o |",
        "1.001 |-- SYN seq=1000 again -->| SYN_RECV",
        "1.007 ESTABLISHED |<-- SYN,ACK seq=5000 ack=1001 --|",
        "1.012 |-- ACK seq=1 ack=1 -->| ESTABLISHED",
        "1.100 |-- ACK seq=1 ack=1 len=80 -->|",
        "1.106 |<-- ACK seq=1 ack=81 --|",
        "1.501 CLOSED |-- RST,ACK seq=81 ack=1 -->| CLOSED",
        "1.600 | (at last) |",
        "1.700 | o-- SYN seq=1000 late -->| SYN_RECV",
        "1.701 |<-- SYN,ACK seq=9000 ack=1001 --|",
        "1.707 |-- RST seq=1 -->| LISTEN",
    ]


def test_remarks():
    """remarks stand with the connection that was there, also before and behind it"""
    lines = [x.replace(":40000", f":4000{n}").replace(" 10", f" {n + 1}0", 1)
             for n in range(2) for x in clean().text()]
    for at, word in ((99.9, "before"), (100.03, "one"), (150, "between"), (200.03, "two"),
                     (201, "behind")):
        lines.append(f"  sh-9  [000] ..... {at:.6f}: tracing_mark_write: {word}")
    return [re.findall(r"\((\w+)\) \|", "\n".join(each(lines, "--number", n)))
            for n in "12"], [["before", "one", "between"], ["two", "behind"]]


def test_middle():
    """every segment, where the trace begins after the handshake"""
    trace = Trace()
    trace.segment(1, 1, ACK, (500, 900), len=80)
    trace.segment(1.1, 2, ACK, (900, 580))
    trace.state(1.2, 2, "ESTABLISHED -> FIN_WAIT1", "close")
    trace.segment(1.2, 2, FIN | ACK, (900, 580))
    return each(trace.text()), [
        "CLOSED | | ESTABLISHED",
        "0.000 |-- ACK seq=1 ack=1 len=80 -->|",
        "0.100 |<-- ACK seq=1 ack=81 --|",
        "0.200 |<-- FIN,ACK seq=1 ack=81 --| FIN_WAIT1",
    ]


def test_untraced():
    """every segment, where one host left no trace"""
    trace = Trace()
    trace.handshake()
    trace.segment(2, 2, ACK, (1, 1), len=7)
    trace.lines = [x for x in trace.lines if "netns=1 " not in x[1]]
    return each(trace.text(), "--left", "0", "--right", "2"), [
        "| | LISTEN",
        "0.000 |-- SYN seq=1000 -->| SYN_RECV",
        "0.001 |<-- SYN,ACK seq=5000 ack=1001 --|",
        "0.011 |-- ACK seq=1 ack=1 -->| ESTABLISHED",
        "0.894 |<-- ACK seq=1 ack=1 len=7 --|",
    ]


def recut(trace, host, parts):
    """The trace, where the last segment of a host arrived with other borders."""
    lines = trace.text()
    arrived = [x for x in lines if f"segment_receive: netns={3 - host} " in x]
    for line in arrived[-parts[0]:]:
        lines.remove(line)
    first = arrived[-parts[0]]
    seq = int(re.search(r"seq=(\d+)", first)[1])
    for at, size in parts[1:]:
        part = re.sub(r"seq=\d+", f"seq={(seq + at) % MOD}", first)
        lines.append(re.sub(r"len=\d+", f"len={size}", part))
    return lines


def test_cut():
    """a large segment that arrives in parts, and small ones that arrive as one"""
    cut = Trace()
    cut.segment(1, 1, ACK, (MOD - 1500, 1), len=3000)
    joined = Trace()
    for n in range(3):
        joined.segment(1 + n / 10000, 1, ACK, (1 + 1000 * n, 1), len=1000)
    half = Trace()
    half.segment(1, 1, ACK, (1, 1), len=3000)
    return [each(recut(cut, 1, (1, (0, 1000), (1000, 1000), (2000, 1000))))[1:],
            each(recut(joined, 1, (3, (0, 3000))))[1:],
            each(recut(half, 1, (1, (0, 1000), (1000, 1000))))[1]], [
                ["0.000 |-- ACK seq=1 ack=1 len=3000 -->|"],
                ["0.000 |-- ACK seq=1 ack=1 len=1000 -->|",
                 "0.100 |-- ACK seq=1001 ack=1 len=1000 -->|",
                 "0.200 |-- ACK seq=2001 ack=1 len=1000 -->|"],
                "0.000 |-- ACK seq=1 ack=1 len=3000 lost --x |"]
