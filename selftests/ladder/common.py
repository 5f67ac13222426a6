# SPDX-License-Identifier: GPL-2.0
"""What the tests share: traces of two hosts, made by hand, and what is drawn of them."""

import io
import re

from waltz_ladder import cli
from waltz_ladder.rows import ACK, FIN, MOD, SYN
from waltz_ladder.conversations import Conversations
from waltz_ladder.trace import parse


class Trace:
    """Makes traces of two hosts, 1 and 2, 5 ms apart."""

    ADDRESS = {1: "10.0.0.1:40000", 2: "10.0.0.2:80"}

    def __init__(self, isn=(1000, 5000)):
        self.lines = []
        self.isn = {1: isn[0], 2: isn[1]}

    def put(self, at, kind, host, text, remote=None):
        """Any line."""
        peer = remote or self.ADDRESS[3 - host]
        where = text.replace("@", f"local={self.ADDRESS[host]} remote={peer}")
        self.lines.append((at, f"    curl-1  [000] b....  {100 + at:.6f}: {kind}: "
                               f"netns={host} {where}"))

    def segment(self, at, host, flags, numbers, len=0, copies=1, rtx=0):
        """A segment, relative numbers; copies of it arrive."""
        seq = (self.isn[host] + numbers[0]) % MOD
        ack = (self.isn[3 - host] + numbers[1]) % MOD if flags & ACK else 0
        text = f"@ flags=0x{flags:02x} seq={seq} ack={ack} wnd=9 len={len}"
        self.put(at, "segment_send", host, f"{text} rtx={rtx}")
        for n in range(copies):
            self.put(at + 0.005 + n / 1000, "segment_receive", 3 - host, text)
        return f"seq={seq} ack={ack} flags=0x{flags:02x} len={len}"

    def state(self, at, host, change, why, segment="", remote=None):
        """A change of state."""
        segment = segment or "seq=0 ack=0 flags=0x00 len=0"
        self.put(at, "state", host, f"@ {change} event={why} {segment}", remote)

    def handshake(self):
        """Three segments; the first one is lost once."""
        self.state(0, 2, "CLOSED -> LISTEN", "listen", remote="0.0.0.0:0")
        self.state(0.1, 1, "CLOSED -> SYN_SENT", "connect")
        self.segment(0.101, 1, SYN, (0, 0), copies=0)
        s = self.segment(1.101, 1, SYN, (0, 0), rtx=1)
        self.state(1.1061, 2, "LISTEN -> SYN_RECV", "SYN", s)
        s = self.segment(1.107, 2, SYN | ACK, (0, 1), copies=2)
        self.state(1.1121, 1, "SYN_SENT -> ESTABLISHED", "SYN-ACK", s)
        s = self.segment(1.1122, 1, ACK, (1, 1))
        self.state(1.1173, 2, "SYN_RECV -> ESTABLISHED", "ACK-of-SYN", s)

    def transfer(self):
        """A request, and a reply of which a part is sent again."""
        self.segment(1.2, 1, ACK | 8, (1, 1), len=80)
        for n in range(10):
            self.segment(1.3 + n / 100, 2, ACK, (1 + 1000 * n, 81), len=1000,
                         copies=n != 3)
            self.segment(1.306 + n / 100, 1, ACK, (81, 1001 + 1000 * n))
        self.segment(1.6, 2, ACK, (3001, 81), len=1000, rtx=1)

    def teardown(self):
        """The server closes first, and the last ACK is lost."""
        self.state(1.5, 2, "ESTABLISHED -> FIN_WAIT1", "close")
        f = self.segment(2, 2, FIN | ACK, (10001, 81))
        self.state(2.0051, 1, "ESTABLISHED -> CLOSE_WAIT", "FIN", f)
        s = self.segment(2.0052, 1, ACK, (81, 10002))
        # Both are under way at once.
        self.state(2.007, 1, "CLOSE_WAIT -> LAST_ACK", "close")
        f = self.segment(2.0071, 1, FIN | ACK, (81, 10002))
        self.state(2.0103, 2, "FIN_WAIT1 -> FIN_WAIT2", "ACK-of-FIN", s)
        self.state(2.0122, 2, "FIN_WAIT2 -> TIME_WAIT", "FIN", f)
        self.segment(2.0123, 2, ACK, (10002, 82), copies=0)
        self.segment(2.3, 1, FIN | ACK, (81, 10002), rtx=1)
        self.state(2.3051, 2, "TIME_WAIT -> TIME_WAIT", "FIN-again", f)
        s = self.segment(2.3052, 2, ACK, (10002, 82))
        self.state(2.3103, 1, "LAST_ACK -> CLOSED", "ACK-of-FIN", s)
        self.state(8.4, 2, "TIME_WAIT -> CLOSED", "2MSL")

    def text(self):
        """In the order of the clock."""
        return [line for _, line in sorted(self.lines, key=lambda x: x[0])]


def arguments(*argv):
    """As the program sees them."""
    args = cli.arguments(list(argv))
    cli.complete(args)
    return args


def squeezed(text, width=80):
    """The rows of a ladder, spaces and shafts squeezed, without titles."""
    lines = text.splitlines()
    rows = [re.sub(r"([-=─═])\1+", r"\1\1", re.sub(r" +", " ", line)).strip()
            for line in lines if "|" in line or "│" in line]
    if any(len(line) > width for line in lines):
        rows.append("a line is too wide")
    return rows


def drawn(lines, *more):
    """A life in chapters."""
    out = io.StringIO()
    args = arguments("--chapters", "--left", "1", "--right", "2", *more)
    cli.chapters(args, lines, out)
    return squeezed(out.getvalue(), args.width)


def conversations_of(lines, args):
    """The connections of a trace."""
    conversations = Conversations(args.wanted)
    for line in lines:
        event = parse(line)
        if event:
            conversations.feed(event)
    return conversations


def text_of(lines, *more):
    """What is printed of a saved trace."""
    out = io.StringIO()
    args = arguments(*more, "-")
    cli.draw(args, conversations_of(lines, args), out)
    return out.getvalue()


def each(lines, *more):
    """The same, squeezed, an arrow for each segment."""
    args = arguments(*more, "-")
    return squeezed(text_of(lines, "--every", *more), args.width)


def whole(isn=(1000, 5000)):
    """A trace of a whole life."""
    trace = Trace(isn)
    trace.handshake()
    trace.transfer()
    trace.teardown()
    return trace


LIFE = """
CLOSED | | LISTEN
0.001 SYN_SENT |-- SYN seq=1000 lost --x |
1.001 |-- SYN seq=1000 again -->| SYN_RECV
1.007 ESTABLISHED |<-- SYN,ACK seq=5000 ack=1001 x2 --|
1.012 |-- ACK seq=1 ack=1 -->| ESTABLISHED
1.100 |== 80 bytes ==>|
1.200 |<== 1,000 bytes ==|
|<== 10,000 bytes, 1 segment sent again ==|
1.400 | (close(): the FIN waits behind the data) | FIN_WAIT1
1.900 CLOSE_WAIT |<-- FIN,ACK seq=10001 ack=81 --|
1.905 |-- ACK seq=81 ack=10002 -->| FIN_WAIT2
1.907 LAST_ACK |-- FIN,ACK seq=81 ack=10002 -->| TIME_WAIT
1.912 | x-- ACK seq=10002 ack=82 lost --|
2.200 |-- FIN,ACK seq=81 ack=10002 again -->| TIME_WAIT
2.205 CLOSED |<-- ACK seq=10002 ack=82 --|
8.300 | (2MSL over: the record goes) | CLOSED
""".strip().splitlines()


def clean():
    """A life in which nothing is lost."""
    trace = Trace()
    trace.state(0, 1, "CLOSED -> SYN_SENT", "connect")
    trace.segment(0.001, 1, SYN, (0, 0))
    s = f"seq={trace.isn[1]} ack=0 flags=0x02 len=0"
    trace.state(0.0061, 2, "LISTEN -> SYN_RECV", "SYN", s)
    s = trace.segment(0.007, 2, SYN | ACK, (0, 1))
    trace.state(0.0121, 1, "SYN_SENT -> ESTABLISHED", "SYN-ACK", s)
    s = trace.segment(0.0122, 1, ACK, (1, 1))
    trace.state(0.0173, 2, "SYN_RECV -> ESTABLISHED", "ACK-of-SYN", s)
    trace.segment(0.02, 1, ACK | 8, (1, 1), len=80)
    trace.segment(0.026, 2, ACK, (1, 81))
    trace.state(0.1, 1, "ESTABLISHED -> FIN_WAIT1", "close")
    s = trace.segment(0.1001, 1, FIN | ACK, (81, 1))
    trace.state(0.1052, 2, "ESTABLISHED -> CLOSE_WAIT", "FIN", s)
    s = trace.segment(0.1053, 2, ACK, (1, 82))
    trace.state(0.1104, 1, "FIN_WAIT1 -> FIN_WAIT2", "ACK-of-FIN", s)
    trace.state(0.2, 2, "CLOSE_WAIT -> LAST_ACK", "close")
    s = trace.segment(0.2001, 2, FIN | ACK, (1, 82))
    trace.state(0.2052, 1, "FIN_WAIT2 -> TIME_WAIT", "FIN", s)
    s = trace.segment(0.2053, 1, ACK, (82, 2))
    trace.state(0.2104, 2, "LAST_ACK -> CLOSED", "ACK-of-FIN", s)
    return trace


def long():
    """A life with large numbers, and one with a lot of everything to say."""
    trace = Trace((4294960000, 4294960000))
    trace.handshake()
    trace.transfer()
    trace.teardown()
    trace.segment(9, 1, ACK, (4294960001 - MOD, 4294960000), len=1448, copies=2, rtx=1)
    trace.put(9, "retransmit", 1, f"@ seq={(trace.isn[1] + 4294960001) % MOD} why=timeout-or-more")
    trace.segment(9.1, 2, ACK, (4294960000, 4294960001), len=1448, copies=0, rtx=1)
    return trace.text()
