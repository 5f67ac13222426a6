# SPDX-License-Identifier: GPL-2.0
"""Captures to ladders: who sent what, and which states that makes."""

import io
import os
import re

from captures import (RAW, SLL, arrows, classic, frame, ng, seen_by, segment_of, conversations_of)
from common import Trace, arguments, clean, each, squeezed, whole
from waltz_ladder import cli
from waltz_ladder.deduce import RULES, Ranges
from waltz_ladder.rows import ACK, FIN, MOD, RST, SYN
from waltz_ladder.trace import parse

FSM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "module", "fsm")


def drawn_of(*data):
    """An arrow for each segment of captures."""
    args = arguments("--every", "-")
    out = io.StringIO()
    cli.draw(args, conversations_of(args, *data), out)
    return squeezed(out.getvalue())


def both(lines):
    """Captures of both hosts."""
    return [classic(seen_by(lines, host)) for host in (1, 2)]


def test_rules():
    """the rules are those of the module's table"""
    with open(FSM + ".h", encoding="ascii") as f:
        names = dict(re.findall(r"EVENT\((\w+), \"([\w-]+)\"", f.read()))
    with open(FSM + ".c", encoding="ascii") as f:
        text = f.read()
    macro = re.findall(r"T\(from, ([A-Z]\w+), (\w+),", text)
    table = {(a, names[event]): b for a, event, b in
             re.findall(r"\bT\(([A-Z]\w+), (\w+), (\w+),", text)}
    for state in re.findall(r"T_DEATHS\(([A-Z]\w+)\)", text):
        table.update({(state, names[event]): b for event, b in macro})
    return [(k, v, table.get(k)) for k, v in RULES.items() if table.get(k) != v], []


def test_two_captures():
    """captures of both hosts give the arrows and the states of their trace"""
    lines = clean().text()
    return arrows(drawn_of(*both(lines))), arrows(each(lines))


def test_lossy():
    """also where something was lost, twice there, or late"""
    lines = whole().text()
    # The trace has a close() long before its FIN.
    return arrows(drawn_of(*both(lines))), [
        row + " FIN_WAIT1" * ("FIN,ACK seq=10001" in row) for row in arrows(each(lines))]


def test_interfaces():
    """one pcapng with two interfaces is the same, in either order"""
    lines = clean().text()
    found = []
    for first in (1, 2):
        frames = [(t, f, 0) for t, f in seen_by(lines, first)] + \
            [(t, f, 1) for t, f in seen_by(lines, 3 - first)]
        found.append(drawn_of(ng(sorted(frames), interfaces=2)))
    return found, [drawn_of(*both(lines))] * 2


def test_one_capture():
    """one capture, at either end, gives the same arrows and states"""
    lines = clean().text()
    return [arrows(drawn_of(data)) for data in both(lines)], [arrows(each(lines))] * 2


def test_cooked():
    """one that says which way a packet went, too"""
    lines = clean().text()
    return [arrows(drawn_of(classic(seen_by(lines, host, SLL), SLL))) for host in (1, 2)], \
        [arrows(each(lines))] * 2


def test_clocks():
    """two machines whose clocks differ by more than the path's delay"""
    lines = clean().text()
    found = []
    for shift in (-3.0, 0.5, 100):
        a, b = seen_by(lines, 1), [(t + shift, f) for t, f in seen_by(lines, 2)]
        found.append(drawn_of(classic(a), classic(b)))
    return found, [drawn_of(*both(lines))] * 3


def test_last_ack_lost():
    """one capture: a FIN that comes again shows that its ACK was lost"""
    trace = Trace()
    trace.segment(1, 1, ACK, (1, 1), len=10)
    trace.segment(1.01, 2, ACK, (1, 11))
    trace.segment(1.1, 1, FIN | ACK, (11, 1))
    trace.segment(1.11, 2, ACK, (1, 12))
    trace.segment(1.2, 2, FIN | ACK, (1, 12))
    trace.segment(1.206, 1, ACK, (12, 2), copies=0)
    trace.segment(1.6, 2, FIN | ACK, (1, 12), rtx=1)
    trace.segment(1.606, 1, ACK, (12, 2))
    data = classic(seen_by(trace.text(), 1))
    return [re.sub(r"^[\d.]+ ", "", row) for row in drawn_of(data)][-5:], [
        "FIN_WAIT2* |<-- ACK seq=1 ack=12 --|",
        "TIME_WAIT* |<-- FIN,ACK seq=1 ack=12 --| LAST_ACK*",
        "|-- ACK seq=12 ack=2 -->|",
        "TIME_WAIT* |<-- FIN,ACK seq=1 ack=12 again --|",
        "|-- ACK seq=12 ack=2 -->| CLOSED*",
    ]


def test_reset():
    """RST: nobody listens, or all is over at once"""
    refused = Trace()
    refused.segment(0.001, 1, SYN, (0, 0))
    refused.segment(0.007, 2, RST | ACK, (-5000, 1))
    aborted = Trace()
    aborted.segment(1, 1, ACK, (1, 1), len=10)
    aborted.segment(1.006, 2, RST | ACK, (1, 11))
    return [[re.sub(r"^[\d.]+ ", "", row) for row in drawn_of(*both(t.text()))]
            for t in (refused, aborted)], [[
                "CLOSED* | | CLOSED*",
                "SYN_SENT* |-- SYN seq=1000 -->|",
                "CLOSED* |<-- RST,ACK seq=0 ack=1 --|",
            ], [
                "ESTABLISHED* | | ESTABLISHED*",
                "|-- ACK seq=1 ack=1 len=10 -->|",
                "CLOSED* |<-- RST,ACK seq=1 ack=11 --| CLOSED*",
            ]]


def test_simultaneous():
    """a simultaneous open, and a simultaneous close"""
    trace = Trace()
    trace.segment(0, 1, SYN, (0, 0))
    trace.segment(0.001, 2, SYN, (0, 0))
    trace.segment(0.0065, 1, SYN | ACK, (0, 1))
    trace.segment(0.0062, 2, SYN | ACK, (0, 1))
    trace.segment(0.1, 1, FIN | ACK, (1, 1))
    trace.segment(0.101, 2, FIN | ACK, (1, 1))
    trace.segment(0.1062, 1, ACK, (2, 2))
    trace.segment(0.1055, 2, ACK, (2, 2))
    rows = drawn_of(*both(trace.text()))
    found = [[], []]
    for row in rows:
        left, _, right = re.sub(r"^[\d.]+ ", "", row).split("|")
        for side, text in zip(found, (left, right)):
            if text.strip():
                side.append(text.strip(" *"))
    life = ["CLOSED", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT1", "CLOSING",
            "TIME_WAIT"]
    return found, [life, life]


def test_again():
    """what was sent before is marked, reordering is not taken for it"""
    r = Ranges(MOD - 5)
    return [r.add(MOD - 5, 5), r.add(15, 25), r.add(5, 15), r.add(0, 10), r.add(20, 30),
            r.next()], [False, False, False, True, False, 30]


def test_windows_of_names():
    """other connections of a capture are ladders of their own"""
    lines = clean().text()
    frames = seen_by(lines, 1, RAW)
    other = [line.replace(":40000", ":40001") for line in lines]
    data = classic(sorted(frames + seen_by(other, 1, RAW)), RAW)
    args = arguments("-")
    return [[s.segments() for s in conversations_of(args, data).chosen()]], [[9, 9]]


def test_self():
    """a packet from a host to the same name is not drawn"""
    e = next(x for x in map(parse, clean().text()) if x.kind == "segment")
    e.remote = e.local
    args = arguments("-")
    return conversations_of(args, classic([(1, frame(RAW, segment_of(e)))], RAW)).chosen(), []
