# SPDX-License-Identifier: GPL-2.0
"""A row for each segment, of one connection or several of the same names."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from statistics import median

from .life import LOST_AFTER, RETRANSMISSION, Connection
from .rows import ACK, FIN, MOD, RST, SYN, Arrow, Note, Phase


class Every(Connection):
    """Events of both hosts to rows: what was sent, and what became of it.

    NETNS 0 is a host that left no trace. With addresses given, a host is known by
    its address instead; both may be in one namespace then.
    """

    def __init__(self, left=0, right=0, addresses=None):
        super().__init__(left, right)
        self.addresses = addresses
        self.known = {}         # first numbers of both sides, by segment
        self.delay = [0.0, 0.0]     # what is usual, from each side
        self.index = {}
        self.changes = {}
        if addresses:
            self.names = set(addresses)
            for side, address in zip(self.sides, addresses):
                side.address = address

    def side(self, event):
        """0 left, 1 right, None neither."""
        if not self.addresses:
            return super().side(event)
        if event.local in self.addresses:
            return self.addresses.index(event.local)
        return None

    def feed(self, event):
        """Take one event."""
        i = self.side(event)
        if i is not None and self.addresses:
            self.sides[i].netns = event.netns
        if event.kind == "remark":
            self.events.append(event)
        else:
            super().feed(event)

    def enter(self, phase):
        """There are no chapters."""
        yield from ()

    # ---- which arrival belongs to which departure

    def arrange(self):
        """Put all that is known in order."""
        self.events.sort(key=lambda e: e.time)
        self.index = defaultdict(list)
        self.changes = defaultdict(list)
        for e in self.events:
            i = self.side(e)
            if e.kind == "segment":
                self.index[i if e.tx else 1 - i, e.tx, e.segment()].append(e)
            elif e.kind == "state":
                self.changes[i, e.segment()].append(e)
        for i in range(2):
            only = [self.index[i, False, key][0].time - sent[0].time
                    for (side, tx, key), sent in list(self.index.items())
                    if (side, tx, len(sent)) == (i, True, 1) and
                    len(self.index[i, False, key]) == 1]
            only = [x for x in only if x >= 0]
            if only:
                self.delay[i] = median(only)

    def match(self, i, key):
        """Which of the arrivals of equal segments is which.

        It is not written on them: the one whose time under way is the most usual.
        """
        sent = [e for e in self.index[i, True, key] if not e.mate]
        for arrival in self.index[i, False, key]:
            if arrival.mate or arrival.done:
                continue
            before = [e for e in sent if e.time <= arrival.time]
            if before:
                best = min(before, key=lambda e: abs(arrival.time - e.time - self.delay[i]))
                best.mate, arrival.mate = arrival, best
                sent.remove(best)

    def copies(self, event, i):
        """What else arrived of a segment that was sent once: the network made it."""
        more = [e for e in self.index[i, False, event.segment()]
                if e is not event.mate and not e.mate and not e.done and
                0 <= e.time - event.mate.time < RETRANSMISSION]
        for e in more:
            e.done = True
        return 1 + len(more)

    def delayed(self, event, i):
        """Whether it was overtaken by much of what came after."""
        arrives = event.mate.time
        for e in self.index[i, True, event.segment()]:
            if e.time > event.time and e.mate and e.mate.time < arrives:
                return True
        if arrives - event.time < self.delay[i] + LOST_AFTER:
            return False
        after = bisect_right(self.events, event.time, key=lambda e: e.time)
        return any(e.kind == "segment" and e is not event.mate and
                   e.segment() != event.segment()
                   for e in self.events[after:bisect_left(self.events, arrives,
                                                          key=lambda e: e.time)])

    def recut(self, event, i):
        """Arrivals that have the data of a segment, but other borders; in order.

        Hardware, and what stands in for it, cuts large segments or joins small ones.
        """
        start, end = event.seq, event.seq + event.len

        def loose(e):
            first = event.seq + (e.seq - event.seq + MOD // 2) % MOD - MOD // 2
            return (e.kind == "segment" and not e.tx and e.len and not e.mate and
                    not self.index.get((i, True, e.segment())) and
                    (start <= first and first + e.len <= end or
                     first <= start and end <= first + e.len))

        parts = self.find(self.sides[1 - i], event.time, event.time + LOST_AFTER, loose) \
            if event.len else []
        whole = [e for e in parts if e.len > event.len]
        if whole:
            # It is done with when the last one that went into it is.
            last = (whole[0].seq + whole[0].len - end) % MOD == 0
            whole[0].done = last
            return whole[:1]
        if len({e.seq for e in parts}) < 2 or sum(e.len for e in parts) < event.len:
            return []
        for e in parts:
            e.done = True
        return parts

    # ---- rows

    def find(self, side, after, until, test):
        """Events of a host within a time, which pass a test."""
        i = self.sides.index(side)
        first = bisect_left(self.events, after, key=lambda e: e.time)
        last = bisect_right(self.events, until, key=lambda e: e.time)
        return [e for e in self.events[first:last]
                if e.kind != "remark" and self.side(e) == i and not e.done and test(e)]

    def rows(self, everything=False):
        """The rows that are certain by now."""
        if not self.events:
            return
        self.arrange()
        horizon = self.newest - LOST_AFTER
        for event in self.events:
            if not everything and event.time > horizon:
                break
            yield from self.one(event)
            event.judged = True
        self.events = [e for e in self.events if not (e.judged or e.done)]
        if everything:
            for i in range(2):
                yield from self.flush(i)

    def begin(self, event):
        """What was there before."""
        self.start = event.time
        for i, side in enumerate(self.sides):
            mine = [e for e in self.events if e.kind == "state" and self.side(e) == i]
            if mine:
                side.state = mine[0].old
            elif not side.netns:
                side.state = ""
        yield Phase("")
        yield Note(0, "", [s.state for s in self.sides])

    def one(self, event):
        """The rows of one event."""
        if self.start is None:
            yield from self.begin(event)
        if event.done:
            return
        if event.kind == "remark":
            yield Note(event.time - self.start, event.why, ["", ""])
        elif event.kind == "state":
            yield from self.change(event)
        elif event.tx:
            yield from self.sent(event)
        else:
            yield from self.unsent(event)

    def effects(self, arrived, i):
        """What a segment changes where it arrives."""
        later = [e.time for e in self.index[1 - i, False, arrived.segment()]
                 if e.time > arrived.time]
        return [e for e in self.changes[i, arrived.segment()]
                if not e.done and arrived.time <= e.time and
                not (later and e.time >= later[0])]

    def arrow(self, event, i):
        """The segment that side i sends."""
        side, peer = self.sides[i], self.sides[1 - i]
        # Where no SYN is in the trace, numbers count from the first segment; a RST's
        # may be those of nobody.
        if event.flags & SYN or side.isn is None and not event.flags & RST:
            side.isn = (event.seq - (event.flags & SYN == 0)) % MOD
        if event.flags & ACK and peer.isn is None:
            peer.isn = (event.ack - 1) % MOD
        isn = self.known.setdefault(event.segment(), (side.isn or 0, peer.isn or 0))
        arrow = Arrow(event.time - self.start, i == 0, event.flags, event.seq, event.ack,
                      event.len, event.rtx, False, 1, raw=(event.seq, event.ack), isn=isn,
                      wnd=event.wnd)
        if not event.flags & SYN:
            arrow.seq, arrow.ack = ((n - first) % MOD for n, first in zip(arrow.raw, isn))
        return arrow

    def sent(self, event):
        """A segment leaves."""
        i = self.side(event)
        side, peer = self.sides[i], self.sides[1 - i]
        arrow = self.arrow(event, i)
        arrow.again = arrow.again or (event.flags & (SYN | FIN) != 0 and
                                      event.segment() in side.sent)
        side.sent.add(event.segment())
        if arrow.again:
            arrow.why = self.reason(event, i)
        changes = []
        if peer.netns:
            self.match(i, event.segment())
            parts = [] if event.mate else self.recut(event, i)
            if parts:
                arrow.arrives = parts[-1].time - self.start
                changes = [c for e in parts if e.done for c in self.effects(e, 1 - i)]
            elif not event.mate:
                arrow.lost = True
            elif self.delayed(event, i):
                arrow.delayed = True
                event.mate.arrow = arrow
                arrow.arrives = event.mate.time - self.start
            else:
                event.mate.done = True
                arrow.arrives = event.mate.time - self.start
                arrow.copies = self.copies(event, i)
                changes = self.effects(event.mate, 1 - i)
        yield from self.drawn(event, i, arrow, changes)

    def unsent(self, event):
        """A segment arrives that its sender did not send just now."""
        i = self.side(event)
        arrow = self.arrow(event, 1 - i)
        arrow.arrives = arrow.time
        arrow.first = event.arrow
        arrow.late = self.sides[1 - i].netns != 0
        if not arrow.late:
            arrow.time = None
        yield from self.drawn(event, 1 - i, arrow, self.effects(event, i))
