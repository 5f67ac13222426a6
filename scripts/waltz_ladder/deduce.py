# SPDX-License-Identifier: GPL-2.0
"""Packets to events: who sent and who received, and which states that makes.

A capture does not show states. They follow from the segments by the rules of
module/fsm.c, as far as segments show what happened: not the end of 2MSL.
"""

from bisect import bisect_left, bisect_right
from statistics import median

from .rows import ACK, FIN, MOD, RST, SYN
from .trace import Event

# Of module/fsm.c, what can be seen from outside. HALF_OPEN is SYN_RECV of who was
# called.
RULES = {
    ("CLOSED", "connect"): "SYN_SENT",
    ("LISTEN", "SYN"): "HALF_OPEN",
    ("SYN_SENT", "SYN-ACK"): "ESTABLISHED",
    ("SYN_SENT", "SYN"): "SYN_RECV",
    ("SYN_SENT", "RST"): "CLOSED",
    ("SYN_RECV", "ACK-of-SYN"): "ESTABLISHED",
    ("SYN_RECV", "close"): "FIN_WAIT1",
    ("SYN_RECV", "RST"): "CLOSED",
    ("HALF_OPEN", "ACK-of-SYN"): "ESTABLISHED",
    ("HALF_OPEN", "RST"): "LISTEN",
    ("ESTABLISHED", "close"): "FIN_WAIT1",
    ("ESTABLISHED", "FIN"): "CLOSE_WAIT",
    ("FIN_WAIT1", "ACK-of-FIN"): "FIN_WAIT2",
    ("FIN_WAIT1", "FIN"): "CLOSING",
    ("FIN_WAIT2", "FIN"): "TIME_WAIT",
    ("CLOSING", "ACK-of-FIN"): "TIME_WAIT",
    ("CLOSE_WAIT", "close"): "LAST_ACK",
    ("LAST_ACK", "ACK-of-FIN"): "CLOSED",
    ("TIME_WAIT", "FIN-again"): "TIME_WAIT",
    ("TIME_WAIT", "SYN"): "HALF_OPEN",
    ("TIME_WAIT", "connect"): "CLOSED",
}
for _state in ("ESTABLISHED", "FIN_WAIT1", "FIN_WAIT2", "CLOSING", "CLOSE_WAIT", "LAST_ACK"):
    RULES[_state, "RST"] = RULES[_state, "abort"] = "CLOSED"

# Any number but 0, which is a host that left no trace.
CAPTURED = -1


def reached(number, end):
    """Whether a sequence number is at or after another."""
    return (number - end) % MOD < MOD // 2


def end_of(p):
    """The number after a segment's last."""
    return (p.seq + p.len + (p.flags & SYN != 0) + (p.flags & FIN != 0)) % MOD


def full(p):
    """Whether a segment has anything that is acknowledged."""
    return bool(p.len or p.flags & (SYN | FIN))


# ---- who sent, who received

class Ranges:
    """Numbers that have been seen, counted from the first one."""

    def __init__(self, first):
        self.first = first
        self.parts = []         # [start, end), disjoint, in order

    def offset(self, number):
        """Relative, and negative for what lies before."""
        return (number - self.first + MOD // 2) % MOD - MOD // 2

    def add(self, start, end):
        """Add a range; whether all of it was there."""
        start, end = self.offset(start), self.offset(end)
        i = bisect_left(self.parts, start, key=lambda r: r[1])
        j = bisect_right(self.parts, end, key=lambda r: r[0])
        there = any(a <= start and end <= b for a, b in self.parts[i:j])
        if i < j:
            start = min(start, self.parts[i][0])
            end = max(end, self.parts[j - 1][1])
        self.parts[i:j] = [(start, end)]
        return there

    def next(self):
        """The first number that is missing."""
        for start, end in self.parts:
            if start <= 0 < end:
                return (self.first + end) % MOD
        return self.first


def event_of(p, tx, seconds):
    """A packet at one of its ends."""
    local, remote = (p.src, p.dst) if tx else (p.dst, p.src)
    return Event(seconds, "segment", CAPTURED, local, remote, p.flags, p.seq, p.ack, p.len,
                 tx=tx, wnd=p.wnd, mark=p.mark)


def round_trip(packets, host):
    """The shortest time between a packet to a host and its acknowledgement."""
    waiting, shortest = {}, None
    for p in packets:
        if p.dst == host and full(p):
            waiting[end_of(p)] = p.time
        elif p.src == host and p.flags & ACK:
            for end in [e for e in waiting if reached(p.ack, e)]:
                took = p.time - waiting.pop(end)
                shortest = took if shortest is None else min(shortest, took)
    return shortest or 0.0


def one_point(packets, hosts, at=None):
    """Both ends of each packet, where it was seen in one place only.

    The times at the ends are estimates: half of what lies between packet and answer.
    """
    away = {h: 0.0 if h == at else round_trip(packets, h) / 2 for h in hosts}
    events = []
    for p in packets:
        sent = event_of(p, True, p.time - away[p.src])
        sent.mate = event_of(p, False, p.time + away[p.dst])
        sent.mate.mate = sent
        events += [sent, sent.mate]
    near = min(hosts, key=lambda h: away[h])
    if away[near] * 10 > sum(away.values()):
        near = ""
    return events, near


def two_points(packets, points, hosts):
    """The same from two captures: which is nearer to whom is seen from the times.

    Two machines' clocks may differ by more than a packet takes. Then both directions
    are taken to be equally long.
    """
    seen = [{}, {}]
    for p in packets:
        if p.point in points:
            seen[points.index(p.point)].setdefault(
                (p.src, p.flags, p.seq, p.ack, p.len, p.mark), p.time)
    both = [k for k in seen[0] if k in seen[1]]
    later = {h: [seen[1][k] - seen[0][k] for k in both if k[0] == h] for h in hosts}
    there, back = (later[h] for h in hosts)
    if there and back:
        first_is_near = median(there) >= median(back)
    else:
        first_is_near = median(there or [-x for x in back] or [0]) >= 0
    near = dict(zip(points, hosts if first_is_near else hosts[::-1]))
    shift = 0.0
    if there and back:
        out, home = (there, back) if first_is_near else (back, there)
        if min(out) < 0 or max(home) > 0:
            shift = (min(out) + max(home)) / 2
    return [event_of(p, near[p.point] == p.src, p.time - (shift if p.point == points[1] else 0))
            for p in packets if p.point in near]


def observed(packets):
    """Events of one connection, and where they were seen, if in one place only.

    The latter is a host's address; "" is somewhere between them, None both.
    """
    hosts = (packets[0].src, packets[0].dst)
    if any(p.out is not None for p in packets):
        said = [p for p in packets if p.out is not None]
        there = {p.src if p.out else p.dst for p in said}
        if len(there) == 2:
            return [event_of(p, p.out, p.time) for p in said], None
        at = there.pop()
        return one_point(said, hosts, at)[0], at
    counts = {}
    for p in packets:
        counts[p.point] = counts.get(p.point, 0) + 1
    if len(counts) > 1:
        points = sorted(counts, key=counts.get)[-2:]
        return two_points(packets, points, hosts), None
    return one_point(packets, hosts)


# ---- states

class Host:
    """One end, as its segments show it."""

    def __init__(self, name, peer, state):
        self.name = name
        self.peer = peer
        self.state = state
        self.isn = None
        self.fin = None         # the number after its FIN
        self.got = None         # Ranges of what has arrived
        self.peer_fin = None    # the number after the peer's, once its turn has come
        self.early_fin = None   # until then
        self.sent = None        # Ranges of what has left
        self.out = []           # state events

    def happens(self, why, event, cause=None):
        """A change, if the rules know it. A cause is a segment, otherwise a call."""
        new = RULES.get((self.state, why))
        if not new:
            return
        named = {"HALF_OPEN": "SYN_RECV"}
        c = (cause.flags, cause.seq, cause.ack, cause.len) if cause else (0, 0, 0, 0)
        self.out.append(Event(event.time, "state", CAPTURED, self.name, self.peer, *c,
                              old=named.get(self.state, self.state), new=named.get(new, new),
                              why=why, mark=cause.mark if cause else ()))
        self.state = new

    def forget(self):
        """A new connection of the same names begins."""
        self.isn = self.fin = self.got = self.sent = None
        self.peer_fin = self.early_fin = None

    def sends(self, e):
        """A segment leaves."""
        if e.flags & SYN and self.isn != e.seq:
            if not e.flags & ACK:
                self.forget()
                self.happens("connect", e)
                if self.state == "LISTEN":
                    self.state = "CLOSED"
                if self.state == "CLOSED":
                    self.happens("connect", e)
            self.isn = e.seq
            self.sent = None
        if full(e):
            self.sent = self.sent or Ranges(e.seq)
            e.rtx = self.sent.add(e.seq, end_of(e))
        if e.flags & FIN and self.fin is None:
            self.fin = end_of(e)
            self.happens("close", e)
        if e.flags & RST:
            self.happens("abort", e)

    def receives(self, e, answered):
        """A segment arrives."""
        if e.flags & SYN:
            self.receives_syn(e, answered)
        elif e.flags & RST:
            known = self.got and self.got.next()
            if self.state == "SYN_SENT":
                good = e.flags & ACK and e.ack == (self.isn + 1) % MOD
            else:
                good = not known or e.seq == known
            if good:
                self.happens("RST", e, e)
        else:
            if e.flags & ACK:
                if self.isn is not None and reached(e.ack, (self.isn + 1) % MOD):
                    self.happens("ACK-of-SYN", e, e)
                if self.fin is not None and reached(e.ack, self.fin):
                    self.happens("ACK-of-FIN", e, e)
            if full(e):
                self.receives_text(e)

    def receives_syn(self, e, answered):
        """It opens, or confirms."""
        again = self.got and self.got.first == (e.seq + 1) % MOD
        if e.flags & ACK:
            if self.isn is None or e.ack != (self.isn + 1) % MOD:
                return
            self.got = self.got or Ranges((e.seq + 1) % MOD)
            self.happens("SYN-ACK", e, e)
            self.happens("ACK-of-SYN", e, e)
        elif self.state == "SYN_SENT":
            self.got = Ranges((e.seq + 1) % MOD)
            self.happens("SYN", e, e)
        elif answered and not again:
            self.forget()
            if self.state == "CLOSED":
                self.state = "LISTEN"
            self.got = Ranges((e.seq + 1) % MOD)
            self.happens("SYN", e, e)

    def receives_text(self, e):
        """Data, or a FIN. What lies before it may be missing."""
        self.got = self.got or Ranges(e.seq)
        if e.flags & FIN and self.peer_fin is not None:
            self.happens("FIN-again", e, e)
            return
        self.got.add(e.seq, end_of(e))
        if e.flags & FIN:
            self.early_fin = end_of(e)
        if self.early_fin is not None and self.got.next() == self.early_fin:
            self.peer_fin, self.early_fin = self.early_fin, None
            self.happens("FIN", e, e)


def copies_of(events, sender, e):
    """All that were sent of a SYN or FIN."""
    return [x for x in events if x.tx and x.local == sender and end_of(x) == end_of(e) and
            x.flags & (SYN | FIN) == e.flags & (SYN | FIN)]


def doubted(events):
    """Of what was seen in one place: arrivals that what follows speaks against.

    Of several copies of a SYN or FIN the one arrived that was answered. And whoever
    sends it again has had no answer before.
    """
    out = set()
    for host in {e.local for e in events}:
        single = {}
        for e in events:
            if e.tx and e.local == host and e.flags & (SYN | FIN):
                single.setdefault((end_of(e), e.flags & (SYN | FIN)), e)
        for e in single.values():
            copies = copies_of(events, host, e)
            answers = [x for x in events if x.tx and x.remote == host and x.flags & ACK and
                       x.mate.time >= copies[0].time and reached(x.ack, end_of(e)) and
                       not x.flags & RST]
            if len(copies) == 1:
                continue
            heard = [c for c in copies if answers and c.mate.time <= answers[0].time]
            out |= {id(c.mate) for c in (heard[:-1] if answers else copies)}
            out |= {id(x.mate) for x in answers if x.mate.time < copies[-1].time and
                    not full(x)}
    return out


def states(events, believe=True):
    """The changes of state that segments show, of both hosts.

    Unless they are to be believed, arrivals are only assumed.
    """
    order = sorted(events, key=lambda e: e.time)
    names = (order[0].local, order[0].remote)
    syn = {e.local for e in order if e.tx and e.flags & (SYN | ACK) == SYN}
    answers = [e for e in order if e.tx and e.flags & (SYN | ACK) == SYN | ACK]
    first = next((e for e in order if e.tx), order[0])
    hosts = {}
    for name, peer in (names, names[::-1]):
        state = "ESTABLISHED"
        if first.flags & SYN:
            state = "CLOSED" if name in syn or not any(a.local == name for a in answers) \
                else "LISTEN"
        hosts[name] = Host(name, peer, state)
    never = set() if believe else doubted(order)
    out = []
    for e in order:
        host = hosts[e.local]
        if e.tx:
            host.sends(e)
        elif id(e) not in never:
            host.receives(e, any(a.local == e.local and a.ack == (e.seq + 1) % MOD and
                                 a.time >= e.time for a in answers))
        # Calls come before the segment they cause, changes after what caused them.
        calls = [s for s in host.out if not s.flags]
        out += calls + [e] + [s for s in host.out if s.flags]
        host.out = []
    return out


def events_of(packets):
    """The events of each connection in captures, and where they were seen.

    The latter is as observed() has it. Times count from the first packet.
    """
    found = {}
    packets = sorted(packets, key=lambda p: p.time)
    start = packets[0].time if packets else 0
    for p in packets:
        # Small numbers are more exact.
        p.time -= start
        if p.src != p.dst:
            found.setdefault(frozenset((p.src, p.dst)), []).append(p)
    for group in found.values():
        events, where = observed(group)
        yield states(events, where is None), where
