# SPDX-License-Identifier: GPL-2.0
"""Which events belong to which connection, and which connections are wanted."""

import os
from math import inf

from .every import Every
from .rows import ACK, SYN, Heading

NETNS_DIR = "/run/netns"


def netns_number(name):
    """The number of a network namespace: of a number, a name, or a process' file."""
    if name.isdigit():
        return int(name)
    path = name if "/" in name else os.path.join(NETNS_DIR, name)
    return os.stat(path).st_ino


def netns_names(directory=NETNS_DIR):
    """Names of network namespaces, by their numbers."""
    names = {}
    try:
        for name in sorted(os.listdir(directory)):
            names[os.stat(os.path.join(directory, name)).st_ino] = name
    except OSError:
        pass                    # it has gone, or there never was one
    return names


class Wanted:
    """Which connections are drawn: all conditions must hold, of either end.

    Hosts are those that must both be there.
    """

    def __init__(self, addresses=(), ports=(), netns=(), hosts=()):
        self.addresses = set(addresses)
        self.ports = {str(p) for p in ports}
        self.netns = set(netns)
        self.hosts = set(hosts)

    def sees(self, event):
        """Whether an event is of these hosts: others may have the same addresses."""
        return len(self.hosts) < 2 or event.netns in self.hosts

    def __call__(self, conversation):
        ends = [a.rsplit(":", 1) for a in conversation.addresses]
        return ((not self.addresses or self.addresses & {e[0].strip("[]") for e in ends}) and
                (not self.ports or self.ports & {e[1] for e in ends}) and
                (not self.netns or self.netns & conversation.netns) and
                self.hosts <= conversation.netns)


class Conversation:
    """A connection, or several one after another, of the same two names."""

    def __init__(self, first):
        self.addresses = (first.local, first.remote)
        self.netns = set()
        self.events = []
        self.deduced = False
        self.estimated = None

    def feed(self, event):
        """Take one event of it."""
        if event.kind != "remark":
            self.netns.add(event.netns)
        self.events.append(event)

    def span(self):
        """When its first and its last event were."""
        times = [e.time for e in self.events]
        return min(times), max(times)

    def opener(self):
        """The name of who called: it stands on the left."""
        for e in sorted(self.events, key=lambda e: e.time):
            if e.kind == "state" and e.why == "connect":
                return e.local
            if e.kind == "segment" and e.flags & (SYN | ACK) == SYN:
                return e.local if e.tx else e.remote
            if e.kind == "segment" and e.flags & (SYN | ACK) == SYN | ACK:
                return e.remote if e.tx else e.local
        # Nobody in this trace. Servers have the lower ports.
        return max(self.addresses, key=lambda a: int(a.rsplit(":", 1)[1]))

    def segments(self):
        """How many were sent, or only received."""
        sent = {e.local for e in self.events if e.kind == "segment" and e.tx}
        return sum(e.kind == "segment" and (e.tx or e.remote not in sent)
                   for e in self.events)

    def ladder(self, left=""):
        """What turns its events into rows."""
        left = left or self.opener()
        right = next((a for a in self.addresses if a != left), left)
        return Every(addresses=(left, right))

    def heading(self, ladder, names=("", "")):
        """What stands above: the names given, else those of the namespaces."""
        known = netns_names()
        usual = ("client", "server")
        found = [known.get(side.netns, "") for side in ladder.sides]
        if found[0] == found[1]:
            found = ["", ""]
        return Heading(tuple(n or f or u for n, f, u in zip(names, found, usual)),
                       ladder.addresses, self.deduced, self.estimated)


class Conversations:
    """All connections of a trace."""

    def __init__(self, wanted=None):
        self.wanted = wanted or Wanted()
        self.all = {}
        self.remarks = []

    def feed(self, event):
        """Take one event; the conversation it belongs to, if it is one's."""
        if event.kind == "remark":
            self.remarks.append(event)
            return None
        # A listener is no connection; nor can one with itself be drawn.
        if event.remote.endswith(":0") or event.local == event.remote or \
                not self.wanted.sees(event):
            return None
        key = frozenset((event.local, event.remote))
        conversation = self.all.setdefault(key, None)
        if conversation is None:
            conversation = self.all[key] = Conversation(event)
        conversation.feed(event)
        return conversation

    def chosen(self):
        """Those that are wanted, in the order in which they began."""
        return [s for s in self.all.values() if self.wanted(s)]

    def finish(self, conversation):
        """Its events, with the remarks that were made meanwhile, or until the next one."""
        first, last = conversation.span()
        others = [s.span()[0] for s in self.all.values() if s is not conversation]
        if all(first <= other for other in others):
            first = 0           # what was said before is about this one
        until = min((t for t in others if t > last), default=inf)
        return conversation.events + [r for r in self.remarks if first <= r.time < until]
