# SPDX-License-Identifier: GPL-2.0
"""A whole life, as it happens: events to rows, in chapters."""

from .rows import (ACK, FIN, HANDSHAKE, MOD, RST, SYN, TEARDOWN, TIME_WAIT, TRANSFER, Arrow,
                   Data, Note, Phase, flag_names)

# Seconds of trace clock after which a segment that nobody has received counts
# as lost: far above the path's delay, even where a busy machine is emulated.
LOST_AFTER = 1.0
# When less than this is between two equal segments, the second was sent for
# another reason than that the first was lost (200 ms is the least for that).
RETRANSMISSION = 0.1
# A segment that follows close() or connect() this soon is drawn with it.
TOGETHER = 0.02


class Side:
    """One host of the connection."""

    def __init__(self, netns):
        self.netns = netns
        self.state = "CLOSED"
        self.address = ""
        self.isn = None
        self.fin = None         # the number after its FIN
        self.top = 0            # relative number after its last data
        self.first_data = None
        self.again = 0
        self.sent = set()


# What is said of a change that came without a segment; other events speak for
# themselves.
NOTES = {
    "close": "close(): the FIN waits behind the data",
    "orphan": "socket closed too: a small record stays",
    "2MSL": "2MSL over: the record goes",
    "timeout": "given up",
    "evicted": "record removed",
}
# The segment that a call causes.
CAUSES = {"connect": SYN, "close": FIN, "abort": RST}


class Connection:
    """Turns the events of both hosts, in any order, into rows in order.

    Rows come out LOST_AFTER late: only then it is known what became of a
    segment.
    """

    def __init__(self, left, right):
        self.sides = [Side(left), Side(right)]
        self.events = []
        self.names = None
        self.newest = 0.0
        self.reasons = []       # for sending again
        self.pending = []       # calls that wait for the segment they cause
        self.opened = False
        self.data_shown = False
        self.phase = ""
        self.start = None

    def side(self, event):
        """0 left, 1 right, None neither."""
        for i, side in enumerate(self.sides):
            if side.netns == event.netns:
                return i
        return None

    def feed(self, event):
        """Take one event."""
        i = self.side(event)
        if i is None:
            return
        self.newest = max(self.newest, event.time)
        if event.remote.endswith(":0"):
            # A listener: the state before the first segment.
            if not self.names:
                self.sides[i].state = event.new
            return
        names = {event.local, event.remote}
        if not self.names:
            self.names = names
        if names == self.names:
            self.sides[i].address = event.local
            self.sides[1 - i].address = event.remote
            (self.reasons if event.kind == "retransmit" else self.events).append(event)

    def rows(self, everything=False):
        """The rows that are certain by now."""
        self.events.sort(key=lambda e: e.time)
        while self.events:
            event = self.events[0]
            if not everything and event.time + LOST_AFTER > self.newest:
                return
            yield from self.one(event)
            self.events.pop(0)

    def over(self):
        """Whether the connection has been, and nothing is left of it."""
        return (self.opened and not self.events and not self.pending and
                all(s.state in ("CLOSED", "LISTEN") for s in self.sides))

    def enter(self, phase):
        """Begin a chapter, once, and never go back."""
        order = [HANDSHAKE, TRANSFER, TEARDOWN, TIME_WAIT]
        if not self.phase or order.index(phase) > order.index(self.phase):
            self.phase = phase
            yield Phase(phase)

    def one(self, event):
        """The rows of one event."""
        if self.start is None:
            self.start = event.time
            yield from self.enter(HANDSHAKE)
            # A listener that was there before the trace began left no event.
            first = self.side(event)
            if event.new == "SYN_SENT" and self.sides[1 - first].state == "CLOSED":
                self.sides[1 - first].state = "LISTEN"
            yield Note(0, "", [s.state for s in self.sides])
        if event.done:
            return
        if event.kind == "state":
            yield from self.change(event)
        elif event.tx:
            yield from self.sent(event)

    def find(self, side, after, until, test):
        """Events of a host within a time, which pass a test."""
        return [e for e in self.events
                if e.netns == side.netns and not e.done and
                after <= e.time <= until and test(e)]

    def change(self, event):
        """A state change that no arrow has taken along."""
        flag = CAUSES.get(event.why)
        if flag:
            # close() waits for its FIN, as long as the data before it takes;
            # the others' segments come at once, or not at all.
            if event.why == "close" and event.new != "CLOSED" or self.find(
                    self.sides[self.side(event)], event.time,
                    event.time + LOST_AFTER,
                    lambda e: e.kind == "segment" and e.tx and e.flags & flag):
                self.pending.append(event)
                return
        yield from self.note(event)

    def flush(self, i):
        """Rows for calls of a side that caused no segment after all."""
        for e in [e for e in self.pending if self.side(e) == i]:
            self.pending.remove(e)
            yield from self.note(e)

    def set_state(self, i, state):
        """A side's new state."""
        self.sides[i].state = state
        if state not in ("CLOSED", "LISTEN"):
            self.opened = True

    def note(self, event, text=None, when=True):
        """A row for a change of state alone."""
        i = self.side(event)
        event.done = True
        yield from self.flush(i)
        if event.old == "TIME_WAIT":
            yield from self.enter(TIME_WAIT)
        states = ["", ""]
        states[i] = event.new
        self.set_state(i, event.new)
        if text is None:
            text = f"{flag_names(event.flags)} arrives" if event.flags else \
                NOTES.get(event.why, event.why)
        yield Note(event.time - self.start if when else None, text, states)

    def totals(self, event):
        """How much data went either way, known when the first FIN is sent."""
        i = self.side(event)
        if self.data_shown:
            return
        self.data_shown = True
        if event.flags & ACK and self.sides[1 - i].isn is not None:
            side = self.sides[1 - i]
            side.top = max(side.top, (event.ack - side.isn) % MOD)
        side = self.sides[i]
        if side.isn is not None:
            side.top = max(side.top, (event.seq + event.len - side.isn) % MOD)
        rows = []
        for n, side in enumerate(self.sides):
            if side.top > 1:
                begun = side.first_data or event.time
                rows.append(Data(begun - self.start, n == 0, side.top - 1, side.again))
        if rows:
            yield from self.enter(TRANSFER)
            yield from sorted(rows, key=lambda r: r.time)

    def count(self, event, i):
        """Add up data."""
        side = self.sides[i]
        if not event.len:
            return
        if side.first_data is None:
            side.first_data = event.time
        side.again += event.rtx
        if side.isn is not None and not self.data_shown:
            top = (event.seq + event.len - side.isn) % MOD
            side.top = max(side.top, top)

    def progress(self, event, i):
        """A row, later replaced, for data that has no arrow."""
        side = self.sides[i]
        if event.len and side.top > 1 and not self.data_shown:
            yield from self.enter(TRANSFER)
            yield Data(event.time - self.start, i == 0, side.top - 1,
                       side.again, live=True)

    def of_interest(self, event, i):
        """Whether an ACK without data belongs to the connection's life."""
        side, peer = self.sides[i], self.sides[1 - i]
        if event.len or not event.flags & ACK:
            return False
        if peer.fin is not None and event.ack == peer.fin:
            return True
        # The handshake's third.
        return (None not in (side.isn, peer.isn) and side.first_data is None and
                peer.first_data is None and side.state != "SYN_RECV" and
                event.seq == (side.isn + 1) % MOD and
                event.ack == (peer.isn + 1) % MOD)

    def sent(self, event):
        """A segment leaves."""
        i = self.side(event)
        side, peer = self.sides[i], self.sides[1 - i]
        key = event.segment()
        until = event.time + LOST_AFTER
        arrived = self.find(peer, event.time, until,
                            lambda e: e.kind == "segment" and not e.tx and
                            e.segment() == key)
        changes = self.find(peer, event.time, until,
                            lambda e: e.kind == "state" and e.segment() == key) \
            if arrived else []
        if event.flags & SYN:
            side.isn = event.seq
        interest = self.of_interest(event, i)
        self.count(event, i)
        if not (event.flags & (SYN | FIN | RST) or changes or interest):
            yield from self.progress(event, i)
            return

        # The same segment may be sent twice within the time, and one of them
        # lost: which one is not written on it.
        others = self.find(side, event.time, until,
                           lambda e: e is not event and e.kind == "segment" and
                           e.tx and e.segment() == key)
        mine = [e for e in arrived if not others or e.time <= others[0].time]
        if not mine and (len(arrived) > len(others) or
                         others and others[0].time - event.time < RETRANSMISSION):
            mine = arrived[:1]
        rest = [e.time for e in arrived if e not in mine]
        changes = [e for e in changes if mine and mine[0].time <= e.time and
                   not any(mine[-1].time < t <= e.time for t in rest)]
        for e in mine:
            e.done = True

        if event.flags & (FIN | RST):
            yield from self.totals(event)
            yield from self.enter(TEARDOWN)
        if event.flags & FIN:
            side.fin = (event.seq + event.len + 1) % MOD
        arrow = Arrow(event.time - self.start, i == 0, event.flags,
                      event.seq, event.ack, event.len,
                      event.rtx or (key in side.sent and event.flags & (SYN | FIN) != 0),
                      not mine, len(mine), raw=(event.seq, event.ack), wnd=event.wnd,
                      isn=(side.isn or 0, peer.isn or 0))
        if mine:
            arrow.arrives = mine[0].time - self.start
        if not event.flags & SYN:
            arrow.seq = (event.seq - (side.isn or 0)) % MOD
            arrow.ack = (event.ack - (peer.isn or 0)) % MOD
        side.sent.add(key)
        if event.rtx:
            arrow.why = self.reason(event, i)
        yield from self.drawn(event, i, arrow, changes)

    def reason(self, event, i):
        """Why it was sent again, where the trace says so."""
        for e in self.reasons:
            if self.side(e) == i and e.seq == event.seq and \
                    abs(e.time - event.time) < TOGETHER:
                self.reasons.remove(e)
                return e.why
        return ""

    def drawn(self, event, i, arrow, changes):
        """The row of a segment, with the states at both ends of the arrow."""
        peer = self.sides[1 - i]
        # Where it comes from: the call that made it leave.
        for e in [e for e in self.pending
                  if self.side(e) == i and CAUSES[e.why] & event.flags]:
            self.pending.remove(e)
            if e.why == "close" and event.time - e.time > TOGETHER:
                yield from self.note(e)
            else:
                arrow.states[i] = e.new
                self.set_state(i, e.new)
        # Where it goes to. What comes as one segment may change two states:
        # the second gets a row of its own.
        if changes:
            between = self.find(peer, event.time, changes[0].time,
                                lambda e: e.kind == "state" and not e.flags)
            # What it meets, if that is no change, is best said before.
            for e in [e for e in between if e.old == e.new]:
                yield from self.note(e, when=False)
            # If both were under way at once, what it does is said when it
            # arrives.
            if any(e.old != e.new for e in between):
                changes = []
        for e in changes:
            e.done = True
        if changes:
            yield from self.flush(1 - i)
            arrow.states[1 - i] = changes[0].new
            self.set_state(1 - i, changes[0].new)
        yield arrow
        for e in changes[1:]:
            yield from self.note(e, f"the same segment: {e.why}")

    def time_wait(self):
        """The side that has a TIME_WAIT record, when nothing else is going on."""
        if self.events:
            return None
        for i, side in enumerate(self.sides):
            if side.state == "TIME_WAIT" and self.sides[1 - i].state == "CLOSED":
                return i
        return None

    def begin_time_wait(self):
        """The chapter of the countdown."""
        yield from self.enter(TIME_WAIT)
