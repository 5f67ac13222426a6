# SPDX-License-Identifier: GPL-2.0
"""Chapters: a life as it happens."""

import os

from common import LIFE, Trace, drawn, whole
from waltz_ladder.life import LOST_AFTER
from waltz_ladder.rows import ACK, FIN, MOD, RST, SYN
from waltz_ladder.text import ASCII, UTF8
from waltz_ladder.trace import parse


def test_life():
    """a whole life, with loss, is drawn in the textbook's order"""
    return drawn(whole().text()), LIFE


def test_disorder():
    """CPUs whose lines come interleaved make no difference"""
    lines = whole().text()
    for n in range(0, len(lines) - 1, 2):
        if parse(lines[n + 1]).time - parse(lines[n]).time < LOST_AFTER:
            lines[n], lines[n + 1] = lines[n + 1], lines[n]
    return drawn(lines), LIFE


def test_wrap():
    """sequence numbers that wrap"""
    isn = (MOD - 1, MOD - 5000)
    rows = drawn(whole(isn).text())
    return rows[5:], LIFE[5:]


def test_one_segment_two_changes():
    """a FIN that acknowledges ours too is one arrow and two states"""
    trace = Trace()
    trace.handshake()
    trace.state(2, 1, "ESTABLISHED -> FIN_WAIT1", "close")
    s = trace.segment(2.001, 1, FIN | ACK, (1, 1))
    trace.state(2.0062, 2, "ESTABLISHED -> CLOSE_WAIT", "FIN", s)
    trace.state(2.0063, 2, "CLOSE_WAIT -> LAST_ACK", "close")
    s = trace.segment(2.0064, 2, FIN | ACK, (1, 2))
    trace.state(2.0115, 1, "FIN_WAIT1 -> FIN_WAIT2", "ACK-of-FIN", s)
    trace.state(2.0116, 1, "FIN_WAIT2 -> TIME_WAIT", "FIN", s)
    return drawn(trace.text())[5:], [
        "1.901 FIN_WAIT1 |-- FIN,ACK seq=1 ack=1 -->| CLOSE_WAIT",
        "1.906 FIN_WAIT2 |<-- FIN,ACK seq=1 ack=2 --| LAST_ACK",
        "1.912 TIME_WAIT | (the same segment: FIN) |",
    ]


def test_simultaneous_close():
    """FINs that cross: each change where it happens"""
    trace = Trace()
    trace.handshake()
    trace.state(2, 1, "ESTABLISHED -> FIN_WAIT1", "close")
    a = trace.segment(2.001, 1, FIN | ACK, (1, 1))
    trace.state(2.002, 2, "ESTABLISHED -> FIN_WAIT1", "close")
    b = trace.segment(2.003, 2, FIN | ACK, (1, 1))
    trace.state(2.0061, 2, "FIN_WAIT1 -> CLOSING", "FIN", a)
    a = trace.segment(2.0062, 2, ACK, (2, 2))
    trace.state(2.0081, 1, "FIN_WAIT1 -> CLOSING", "FIN", b)
    b = trace.segment(2.0082, 1, ACK, (2, 2))
    trace.state(2.0113, 1, "CLOSING -> TIME_WAIT", "ACK-of-FIN", a)
    trace.state(2.0133, 2, "CLOSING -> TIME_WAIT", "ACK-of-FIN", b)
    return drawn(trace.text())[5:], [
        "1.901 FIN_WAIT1 |-- FIN,ACK seq=1 ack=1 -->|",
        "1.903 CLOSING |<-- FIN,ACK seq=1 ack=1 --| FIN_WAIT1",
        "1.906 | (FIN,ACK arrives) | CLOSING",
        "1.906 TIME_WAIT |<-- ACK seq=2 ack=2 --|",
        "1.908 |-- ACK seq=2 ack=2 -->| TIME_WAIT",
    ]


def test_reset():
    """nobody listens: the SYN is answered by RST"""
    trace = Trace()
    trace.state(0, 1, "CLOSED -> SYN_SENT", "connect")
    trace.segment(0.001, 1, SYN, (0, 0))
    s = trace.segment(0.007, 2, RST | ACK, (-5000, 1))
    trace.state(0.0121, 1, "SYN_SENT -> CLOSED", "RST", s)
    return drawn(trace.text())[1:], [
        "0.001 SYN_SENT |-- SYN seq=1000 -->|",
        "0.007 CLOSED |<-- RST,ACK seq=0 ack=1 --|",
    ]


def test_lost_third():
    """the handshake's ACK is lost: the data that completes it is drawn"""
    trace = Trace()
    trace.handshake()
    keep = [line for line in trace.text()
            if not ("ESTABLISHED event=ACK-of-SYN" in line or
                    "segment_receive" in line and "flags=0x10" in line)]
    trace.lines = [(n, line) for n, line in enumerate(keep)]
    more = Trace()
    s = more.segment(1.12, 1, ACK | 8, (1, 1), len=80)
    more.state(1.1251, 2, "SYN_RECV -> ESTABLISHED", "ACK-of-SYN", s)
    return drawn(keep + more.text())[4:6], [
        "1.012 |-- ACK seq=1 ack=1 lost --x |",
        "1.020 |-- ACK seq=1 ack=1 len=80 -->| ESTABLISHED",
    ]


def test_twice():
    """equal segments: an answer to a duplicate, and one that had to be repeated"""
    trace = Trace()
    trace.handshake()
    trace.segment(2, 1, FIN | ACK, (1, 1), copies=2)
    trace.segment(2.0052, 2, ACK, (1, 2))
    trace.segment(2.0062, 2, ACK, (1, 2))
    trace.segment(2.1, 2, FIN | ACK, (1, 2), copies=0)
    trace.segment(2.3, 2, FIN | ACK, (1, 2))
    return drawn(trace.text())[5:], [
        "1.900 |-- FIN,ACK seq=1 ack=1 x2 -->|",
        "1.905 |<-- ACK seq=1 ack=2 --|",
        "1.906 |<-- ACK seq=1 ack=2 --|",
        "2.000 | x-- FIN,ACK seq=1 ack=2 lost --|",
        "2.200 |<-- FIN,ACK seq=1 ack=2 again --|",
    ]


def test_steps():
    """bulk data: a line for each MiB, not for each segment, and the sum"""
    trace = Trace()
    trace.handshake()
    for n in range(3000):
        trace.segment(1.2 + n / 1000, 2, ACK, (1 + 1000 * n, 1), len=1000)
    trace.segment(5, 2, FIN | ACK, (3000001, 1))
    return drawn(trace.text())[5:], [
        "1.100 |<== 1,000 bytes ==|",
        "2.148 |<== 1,049,000 bytes ==|",
        "3.197 |<== 2,098,000 bytes ==|",
        "|<== 3,000,000 bytes ==|",
        "4.900 |<-- FIN,ACK seq=3000001 ack=1 --|",
    ]


def test_slow():
    """a segment under way for long, in a slow machine, is not lost"""
    trace = Trace()
    trace.handshake()
    trace.segment(2, 1, FIN | ACK, (1, 1), copies=0)
    late = Trace()
    late.segment(2.7, 1, FIN | ACK, (1, 1))
    late.lines = [x for x in late.lines if "segment_receive" in x[1]]
    trace.lines += late.lines
    return drawn(trace.text())[5:], ["1.900 |-- FIN,ACK seq=1 ack=1 -->|"]


def test_utf8():
    """where the locale is UTF-8, lines are drawn"""
    def comparable(lines):
        return [line for line in lines if "(" not in line and "x2" not in line]

    marks = {ord(a): u for a, u in zip(ASCII, UTF8) if a != ASCII.bulk}
    os.environ["LC_ALL"] = "C.UTF-8"
    try:
        rows = comparable(drawn(whole().text()))
    finally:
        os.environ["LC_ALL"] = "C"
    return rows, [
        line.replace("==", UTF8.bulk * 2).translate(marks) for line in comparable(LIFE)]
