#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Who may have a local port that somebody has: one table, over TCP and Waltz.

Each case: a HOLDER has a port, an ASKER wants it. In a network namespace of its
own, which it changes. Prints KTAP subtests, one for each kind of holder and way
to ask; TCP says what is right, but for what ports/differences lists.

  --only PATTERN   cases whose title matches (HOLDER, ASK: SIDE -> SIDE)
  --show           what came, for every case

$WALTZ_RESULTS, if set, gets the whole table: ports.txt.
"""

import argparse
import errno
import fnmatch
import itertools
import os
import socket
import sys
import time
from collections import namedtuple

TCP, WALTZ = 6, 253
HERE = os.path.dirname(os.path.abspath(__file__))
ANY, ONE, TWO = "0.0.0.0", "127.0.0.1", "127.0.0.2"
OTHER_UID = 1000
# Where the peers' ports come from while a holder is made; cases begin below.
RANGE, FIRST_PORT = (60000, 64999), 2000
# tcp_states.h
ESTABLISHED, FIN_WAIT2, CLOSED = 1, 5, 7
PATIENCE = 20
# One tick of the clock of timestamps is what Waltz waits for before connect()
# takes over the names of a TIME_WAIT record (RFC 6191); TCP does not wait.
TICKED = 0.004
AT_LISTEN = " at listen()"

Side = namedtuple("Side", "address options device uid", defaults=("", "", 0))
Case = namedtuple("Case", "holder ask has wants")


def title_of(side):
    words = ["any" if side.address == ANY else side.address, side.options or "-"]
    words += [side.device] if side.device else []
    return " ".join(words + (["uid"] if side.uid else []))


def title(case):
    return f"{case.holder}, {case.ask}: {title_of(case.has)} -> {title_of(case.wants)}"


def write(name, value):
    with open("/proc/sys/net/" + name, "w", encoding="ascii") as file:
        file.write(str(value))


def set_range(low, high):
    """Where ports that nobody asks for come from; written if it is news."""
    if set_range.now != (low, high):
        write("ipv4/ip_local_port_range", f"{low} {high}")
        set_range.now = low, high


set_range.now = None


class Stuck(Exception):
    """A connection did not come to where it should be."""


class Run:
    """The cases over one protocol."""

    def __init__(self, protocol):
        self.protocol = protocol
        self.sockets = []
        self.servers = [self.socket(Side(ONE, "A")) for _ in range(2)]
        for server in self.servers:
            server.bind((ONE, 0))
            server.listen(16)
        self.sockets = []

    def socket(self, side):
        """As @side wants it, not bound."""
        os.seteuid(side.uid)
        try:
            sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, self.protocol)
        finally:
            os.seteuid(0)
        self.sockets.append(sock)
        sock.settimeout(PATIENCE)
        if "A" in side.options:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if "P" in side.options:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if side.device:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, side.device.encode())
        return sock

    def accept(self, listener):
        sock, _ = listener.accept()
        self.sockets.append(sock)
        return sock

    def wait_state(self, sock, state):
        end = time.monotonic() + PATIENCE
        while sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != state:
            if time.monotonic() > end:
                raise Stuck(f"no state {state}")
            time.sleep(0.0005)

    def abort(self, sock):
        """Nothing is left of it."""
        if sock.fileno() >= 0:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            sock.close()

    def close_first(self, sock, peer):
        """TIME_WAIT of @sock, and nothing of @peer."""
        sock.shutdown(socket.SHUT_WR)
        if peer.recv(1):
            raise Stuck("data out of nowhere")
        peer.shutdown(socket.SHUT_WR)
        self.wait_state(sock, CLOSED)
        self.wait_state(peer, CLOSED)
        sock.close()
        peer.close()

    # ---- holders: each returns the port and the peer's address, or None

    def bound(self, side, port):
        sock = self.socket(side)
        sock.bind((side.address, port))
        self.holder = sock
        return port, None

    def listener(self, side, port):
        self.bound(side, port)
        self.holder.listen(16)
        return port, None

    def accepted(self, side, port):
        self.listener(side, port)
        client = self.socket(Side(ONE))
        client.connect((ONE if side.address == ANY else side.address, port))
        server = self.accept(self.holder)
        self.holder.close()
        self.ends = server, client
        return port, client.getsockname()

    def client(self, side, port):
        self.bound(side, port)
        self.holder.connect(self.servers[0].getsockname())
        self.ends = self.holder, self.accept(self.servers[0])
        return port, self.servers[0].getsockname()

    def chosen(self, side, port):
        # A range of one: of more connect() may choose a port whose TIME_WAIT
        # of an earlier case it takes over, and the bucket has that holder too.
        set_range(port, port)
        sock = self.socket(side)
        sock.connect(self.servers[0].getsockname())
        self.ends = sock, self.accept(self.servers[0])
        return sock.getsockname()[1], self.servers[0].getsockname()

    def tw_server(self, side, port):
        names = self.accepted(side, port)
        self.close_first(*self.ends)
        return names

    def tw_client(self, side, port):
        names = self.client(side, port)
        self.close_first(*self.ends)
        return names

    def tw_chosen(self, side, port):
        names = self.chosen(side, port)
        self.close_first(*self.ends)
        return names

    def fin_wait2(self, side, port):
        names = self.accepted(side, port)
        server = self.ends[0]
        server.shutdown(socket.SHUT_WR)
        self.wait_state(server, FIN_WAIT2)
        server.close()
        return names

    # ---- ways to ask: for the holder's port, knowing its peer

    def bind(self, side, port):
        sock = self.socket(side)
        sock.bind((side.address, port))
        return sock

    def start_listening(self, sock):
        """An error here is told from one of bind()."""
        try:
            sock.listen(16)
        except OSError as exc:
            raise OSError(exc.errno, AT_LISTEN) from exc

    def listen(self, side, port, _):
        self.start_listening(self.bind(side, port))

    def both_listen(self, side, port, _):
        """They share it first, if they may; then the holder listens, and the asker."""
        sock = self.bind(side, port)
        self.holder.listen(16)
        self.start_listening(sock)

    def zero(self, side, port, _):
        set_range(port, port)
        self.start_listening(self.bind(side, 0))

    def connect(self, sock, to):
        sock.connect(to)
        for server in self.servers:
            if server.getsockname() == to:
                self.accept(server)

    def same(self, side, port, peer):
        self.connect(self.bind(side, port), peer)

    def other(self, side, port, _):
        self.connect(self.bind(side, port), self.servers[1].getsockname())

    def auto_same(self, side, port, peer):
        set_range(port, port)
        self.connect(self.socket(side), peer)

    def auto_other(self, side, port, _):
        set_range(port, port)
        self.connect(self.socket(side), self.servers[1].getsockname())

    def outcome(self, case, port):
        """What the asker gets: ok, or an errno's name."""
        set_range(*RANGE)
        try:
            names = getattr(self, case.holder)(case.has, port)
            if case.ask.endswith("same"):
                time.sleep(TICKED)
            getattr(self, case.ask)(case.wants, *names)
            return "ok"
        except socket.timeout:
            return "stuck"
        except Stuck as exc:
            return f"stuck ({exc})"
        except OSError as exc:
            where = AT_LISTEN if exc.strerror == AT_LISTEN else ""
            return errno.errorcode[exc.errno] + where
        finally:
            for sock in self.sockets:
                self.abort(sock)
            self.sockets = []


OPTIONS = "", "A", "P", "AP"
ADDRESSES = (ANY, ANY), (ANY, ONE), (ONE, ANY), (ONE, ONE), (ONE, TWO)
DEVICES = ("lo", ""), ("", "lo"), ("lo", "lo"), ("lo", "wire")
CONNECTED = "accepted", "client", "chosen", "tw_server", "tw_client", "tw_chosen", "fin_wait2"
HOLDERS = ("bound", "listener") + CONNECTED


def sides(holder, ask):
    """The holder's and the asker's, of all cases of this kind."""
    # connect() chooses the port: the holder says no address either.
    chosen = holder.endswith("chosen")
    if ask.startswith("auto"):
        for has in OPTIONS:
            for wants in "", "AP":
                yield Side(ANY if chosen else ONE, has), Side(ANY, wants)
        return
    for (a, b), has, wants in itertools.product(ADDRESSES, OPTIONS, OPTIONS):
        if chosen:
            if a != ANY:
                continue
            if b == ONE:
                yield Side(ANY, has), Side(TWO, wants)
        yield Side(a, has), Side(b, wants)
        if "P" in has and "P" in wants:
            yield Side(a, has), Side(b, wants, "", OTHER_UID)
    if ask in ("same", "other"):
        return
    for (a, b), has, wants in itertools.product(DEVICES, OPTIONS, OPTIONS):
        yield Side(ANY, has, a), Side(ANY, wants, b)


def asks(holder):
    yield from ("listen", "zero", "other", "auto_other")
    if holder == "bound":
        yield "both_listen"
    if holder in CONNECTED:
        yield from ("same", "auto_same")


class Difference:
    """A line of the list."""

    def __init__(self, line):
        self.line = line
        self.kernel, self.case, self.tcp, self.waltz, self.why = (
            part.strip() for part in line.split("|"))
        self.used = False

    def here(self, kernel):
        return fnmatch.fnmatchcase(kernel, self.kernel)

    def fits(self, case, tcp, waltz):
        return fnmatch.fnmatchcase(title(case), self.case) and \
            (tcp, waltz) == (self.tcp, self.waltz)


def read_differences():
    kernel = ".".join(os.uname().release.split(".")[:2])
    with open(os.path.join(HERE, "differences"), encoding="ascii") as file:
        lines = [Difference(line) for line in file if line.strip() and line[0] != "#"]
    return [d for d in lines if d.here(kernel)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="*")
    parser.add_argument("--show", action="store_true")
    args = parser.parse_args()

    write("ipv4/tcp_max_tw_buckets", 100000)
    differences = read_differences()
    results = os.environ.get("WALTZ_RESULTS")
    table = open(os.path.join(results, "ports.txt") if results else os.devnull, "w",
                 encoding="ascii")
    runs = Run(TCP), Run(WALTZ)
    groups = [(h, a) for h in HOLDERS for a in asks(h)]
    port, failures = FIRST_PORT, 0
    print("TAP version 13")
    print(f"1..{len(groups) + 1}")
    for number, (holder, ask) in enumerate(groups, 1):
        count = allowed = listed = 0
        wrong = []
        for has, wants in sides(holder, ask):
            case = Case(holder, ask, has, wants)
            if not fnmatch.fnmatchcase(title(case), args.only):
                continue
            tcp, waltz = (run.outcome(case, port) for run in runs)
            port += 1
            count += 1
            allowed += tcp == "ok"
            line = f"{title(case)}: TCP {tcp}, Waltz {waltz}"
            print(line, file=table)
            if args.show:
                print("#", line)
            if tcp == waltz and not tcp.startswith("stuck"):
                continue
            reasons = [d for d in differences if d.fits(case, tcp, waltz)]
            for reason in reasons:
                reason.used = True
            listed += bool(reasons)
            if not reasons:
                wrong.append(line)
        failures += bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {number} {holder}, {ask}: {count} cases, "
              f"TCP allows {allowed}, {listed} differ as listed", flush=True)
        for line in wrong:
            print("#", line)
    stale = [d for d in differences if not d.used and args.only == "*"]
    failures += bool(stale)
    print(f"{'not ok' if stale else 'ok'} {len(groups) + 1} every listed difference is one")
    for difference in stale:
        print("# not needed:", difference.line.strip())
    return 1 if failures else 0


sys.exit(main())
