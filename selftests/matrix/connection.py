# SPDX-License-Identifier: GPL-2.0
"""One connection of the matrix: its peer, made of segments, and its user."""

import errno
import socket
import struct
import time

from wire import Failure, OURS, PATIENCE, THEIRS, WORD, build, flag_bits, signed

WALTZ, TCP = 253, 6
LINGER_0 = struct.pack("ii", 1, 0)
STATES = (None, "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT",
          "CLOSED", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING", "SYN_RECV")
# Longer than that a cell lets timers run that it does not know of.
STALL = 0.6
LETTERS = b"abcdefghijklmnopqrstuvwxyz"


def write(path, value):
    """A sysctl, below net."""
    with open(f"/proc/sys/net/{path}", "w", encoding="ascii") as file:
        file.write(str(value))


def text_at(offset, count):
    """The peer's stream: what is at an offset from where the cell begins."""
    return bytes(LETTERS[(offset + i) % 26] for i in range(count))


class Connection:
    """One cell's connection, as the peer sees it."""

    def __init__(self, tun, number, stamps):
        self.tun, self.port, self.their_port = tun, number, number
        self.queue = tun.listen_to(self.port)
        self.snd = self.acked = 1000000 * (number % 4096) & WORD
        self.rcv = self.edge = None
        self.stamps, self.ts, self.peer_ts = stamps, 5000, 0
        self.listener = self.sock = self.last = None
        self.ecn = (0, 0)

    # ---- the peer

    def number(self, text, base):
        if text.startswith("win"):
            edge = self.edge if self.edge is not None else self.snd + 65535
            return edge + int(text[3:] or 0) & WORD
        return base + int(text) & WORD

    def send(self, words):
        """A segment of the cells' language; without seq= it is in order."""
        opts = dict(word.split("=", 1) for word in words[1:])
        bits = flag_bits(words[0])
        seq = self.number(opts.get("seq", "0"), self.snd)
        rcv = self.rcv if self.rcv is not None else 0x11111111
        ack = self.number(opts.get("ack", "0"), rcv) if bits & flag_bits("A") else 0
        data = text_at(signed(seq - self.snd), int(opts.get("len", 0)))
        stamps = None
        when = opts.get("ts", "0" if self.stamps and not bits & flag_bits("R") else "none")
        if when != "none":
            stamps = self.ts + int(when) & WORD, self.peer_ts
        self.last = ack if bits & flag_bits("A") else None, \
            seq + len(data) + bin(bits & 3).count("1") & WORD, seq + 1 & WORD
        self.tun.send(build(self.port, self.their_port, bits, seq, ack,
                            int(opts.get("win", 65535)), stamps, data, self.ecn))
        if "seq" not in opts:
            return len(data) + bin(bits & 3).count("1")
        return 0

    def take(self, seg):
        """Note what a segment tells."""
        if "A" in seg.flags and "R" not in seg.flags:
            self.acked = seg.ack
            self.edge = seg.ack + seg.win & WORD
        if seg.tsval is not None:
            self.peer_ts = seg.tsval

    def label(self, seg):
        """A segment in the words of the cells."""
        if self.tun.protocol == WALTZ and "S" not in seg.flags and \
                (seg.tsval is not None) != (self.stamps and "R" not in seg.flags) and \
                self.rcv is not None:
            return f"{seg.flags} with{'out' if seg.tsval is None else ''} timestamps"
        if self.last and seg.flags == "R" and seg.seq == self.last[0]:
            return "RST(a)"
        if self.last and seg.flags == "RA" and not seg.seq and seg.ack == self.last[1] and \
                self.rcv != 0:
            return "RST(b)"
        words = [seg.flags]
        seq = signed(seg.seq - self.rcv) if self.rcv is not None else None
        if "S" in seg.flags and seq != -1:
            # RFC 6191: above all that the old connection used. TCP's is above.
            old = seq is not None and seq <= (65535 if self.tun.protocol == WALTZ else 0)
            words.append("isn" if not old else f"isn{seq:+d}")
        elif seq:
            words.append(f"seq={seq:+d}")
        ack = signed(seg.ack - self.snd) if "A" in seg.flags else 0
        if "S" in seg.flags and self.last and seg.ack == self.last[2]:
            ack = 0  # of the SYN that was sent
        if ack:
            words.append(f"ack={ack:+d}")
        if seg.data:
            words.append(f"len={len(seg.data)}")
        return "CA" if words == ["A"] else " ".join(words)

    # ---- the user

    def new_socket(self):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, self.tun.protocol)
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((THEIRS, self.their_port))
        return sock

    def accept(self):
        try:
            self.sock, _ = self.listener.accept()
            self.sock.setblocking(False)
        except BlockingIOError:
            return False
        return True

    def call(self, words):
        """A user's call: what it returns."""
        try:
            return self.calls(*words)
        except OSError as exc:
            return errno.errorcode[exc.errno]

    def calls(self, verb, *args):
        sock = self.sock or self.listener
        if sock is None:
            self.sock = sock = self.new_socket()
        if verb == "connect":
            sock.connect((OURS, self.port))
        elif verb == "reconnect":
            self.reconnect(sock)
        elif verb == "listen":
            sock.listen(8)
        elif verb == "send":
            return str(sock.send(b"x" * int(args[0])))
        elif verb == "recv":
            return sock.recv(1000).decode() or "EOF"
        elif verb == "shutdown":
            sock.shutdown(socket.SHUT_WR)
        elif verb == "opt":
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, args[0]), int(args[1]))
        elif verb == "keepalive":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        elif verb in ("close", "abort"):
            if verb == "abort":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)
            if sock is self.sock:
                self.sock = None
            else:
                self.listener = None
            sock.close()
        else:
            raise Failure(f"no call '{verb}'")
        return "ok"

    def reconnect(self, sock):
        """The timestamp clock has to tick before the names can be used."""
        end = time.monotonic() + STALL / 2
        while True:
            try:
                sock.connect((OURS, self.port))
            except OSError as exc:
                if exc.errno != errno.EADDRNOTAVAIL or time.monotonic() > end:
                    raise

    def seen(self):
        """What the user sees of it all: "-" is nothing."""
        accepted = ""
        if self.sock is None:
            if self.listener is None or not self.accept():
                return "-"
            accepted = "accepted "
        sock = self.sock
        err = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if err:
            return accepted + errno.errorcode[err]
        found = []
        while not found or found[-1] not in ("-", "EOF"):
            try:
                data = sock.recv(1000)
                found.append(data.decode() if data else "EOF")
            except BlockingIOError:
                found.append("-")
            except OSError as exc:
                found.append(errno.errorcode[exc.errno])
                break
        return accepted + " ".join(f for f in found if f != "-" or len(found) == 1)

    # ---- both

    def prepare(self, state):
        """Bring it there; what comes must be as it should."""
        for verb, *words in state.prepare:
            if verb == ">":
                self.snd = self.snd + self.send(words) & WORD
                self.acked = self.snd
            elif verb == "<":
                self.tun.drain()
                if not self.queue:
                    self.tun.wait(PATIENCE)
                if not self.queue:
                    raise Failure(f"preparation: no {' '.join(words)} came")
                seg = self.queue.pop(0)
                self.take(seg)
                if self.rcv is None:
                    self.rcv = seg.seq
                self.last = None
                got = seg.flags if "S" in seg.flags else self.label(seg)
                if got != " ".join(words):
                    raise Failure(f"preparation: {self.label(seg)} came, not {' '.join(words)}")
                if seg.seq == self.rcv:
                    self.rcv = seg.seq + seg.space() & WORD
            elif verb == "listen":
                self.listener = self.new_socket()
                self.listener.listen(8)
            elif verb == "accept":
                if not self.accept():
                    raise Failure("preparation: nothing to accept")
            elif verb == "call":
                result = self.call(words)
                if result not in ("ok", "EINPROGRESS"):
                    raise Failure(f"preparation: {' '.join(words)}: {result}")
            else:
                raise Failure(f"preparation: what is '{verb}'?")
        self.tun.drain()
        if self.queue:
            raise Failure(f"preparation: {self.label(self.queue[0])} came too")

    def collect(self):
        """The labels of what came by now."""
        labels = []
        while self.queue:
            seg = self.queue.pop(0)
            labels.append(self.label(seg))
            self.take(seg)
        return labels

    def end(self, states):
        """Leave nothing behind but TIME_WAIT."""
        for sock in (self.sock, self.listener):
            if sock is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)
                sock.close()
        if self.sock is None and states.of(self) not in ("CLOSED", "LISTEN", "TIME_WAIT"):
            self.tun.send(build(self.port, self.their_port, flag_bits("R"), self.acked, 0, 0,
                                None, b""))
        self.sock = self.listener = None


class States:
    """The kernel's own table, read once."""

    def __init__(self, protocol):
        self.states, self.left, self.listening = {}, {}, set()
        name = "tcp" if protocol == TCP else "waltz"
        with open(f"/proc/self/net/{name}", encoding="ascii") as file:
            next(file)
            for line in file:
                words = line.split(None, 6)
                state = STATES[int(words[3], 16)]
                if state == "LISTEN":
                    self.listening.add(int(words[1][-4:], 16))
                else:
                    self.states[int(words[2][-4:], 16)] = state
                    self.left[int(words[2][-4:], 16)] = int(words[5][3:], 16) * 10

    def of(self, connection):
        state = self.states.get(connection.port)
        if state or connection.listener is None and connection.sock is None:
            return state or "CLOSED"
        if connection.their_port in self.listening and connection.passive:
            return "LISTEN"
        return "CLOSED"
