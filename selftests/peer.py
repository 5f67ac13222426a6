#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Sockets on a leash: a client or server that does what it is told.

Usage: peer.py PROTOCOL        commands on stdin (see ctl.py), by socket name

  new [PROTOCOL]          a socket
  bind ADDRESS PORT       (SO_REUSEADDR is not set: say opt)
  listen [BACKLOG]
  accept NAME             the new connection gets that name
  connect ADDRESS PORT
  unconnect               connect() to AF_UNSPEC
  send BYTES [PIECE]      of the endless stream that all sockets send; so many at a time
  recv BYTES              and compare with that stream
  eof                     the next thing to read is the end
  drain                   recv up to the end; answers how many bytes
  read BYTES              up to so many, as text, not compared
  shutdown rd|wr|rdwr
  close
  linger on|off SECONDS
  opt LEVEL NAME VALUE    names are Python's, that is C's, or a number
  getopt LEVEL NAME
  info FIELD              of TCP_INFO: rto, rtt, rcv_rtt (microseconds), cwnd (segments),
                          pacing_rate (bytes a second), total_retrans, options, delivered_ce
  cookie                  SO_COOKIE
  options HEX             IP_OPTIONS
  nonblock
  poll MS                 answers in,out,hup,err,rdhup or nothing
  error                   SO_ERROR, by name, or 0
  port                    local port
  alias NAME              a second name for the socket, for a second start
  start VERB ...          in the background; answers at once
  wait [SECONDS]          for what was started: its answer
  serve COUNT BYTES WHO   accept COUNT connections, one after the other, echo
                          BYTES on each; WHO (client, server) closes first
  churn ADDRESS PORT COUNT BYTES WHO    the client of that
"""

import errno
import select
import socket
import sys

from ctl import Failure, describe, serve

BLOCK = 1 << 16
AF_UNSPEC = b"\0" * 16
SO_COOKIE = 57
# Where in struct tcp_info, and its bytes.
INFO = {"options": (5, 1), "rto": (8, 4), "rtt": (68, 4), "cwnd": (80, 4), "rcv_rtt": (92, 4),
        "total_retrans": (100, 4), "pacing_rate": (104, 8), "delivered_ce": (196, 4)}


class Stream:
    """The bytes everybody sends: seeded, never repeating, cut anywhere."""

    def __init__(self):
        import random

        self.random = random.Random(1)
        self.rest = b""

    def take(self, count):
        while len(self.rest) < count:
            self.rest += self.random.randbytes(BLOCK)
        data, self.rest = self.rest[:count], self.rest[count:]
        return data

    def put_back(self, data):
        self.rest = data + self.rest


class Job:
    """A command in the background."""

    def __init__(self, run):
        import threading

        self.answer = self.error = None
        self.thread = threading.Thread(target=self.main, args=(run,), daemon=True)
        self.thread.start()

    def main(self, run):
        try:
            self.answer = run()
        except (OSError, Failure) as exc:
            self.error = exc

    def wait(self, seconds):
        self.thread.join(seconds)
        if self.thread.is_alive():
            raise Failure("still running")
        if self.error:
            raise self.error
        return self.answer


class Peer:
    """One named socket."""

    def __init__(self, sock, streams=None):
        self.sock = sock
        self.job = None
        self.streams = {} if streams is None else streams

    def stream(self, direction):
        if direction not in self.streams:
            self.streams[direction] = Stream()
        return self.streams[direction]

    def compare(self, data):
        if data != self.stream("in").take(len(data)):
            raise Failure("received bytes that were never sent here")

    def do_bind(self, address, port):
        self.sock.bind((address, int(port)))

    def do_listen(self, backlog="128"):
        self.sock.listen(int(backlog))

    def do_accept(self, name):
        conn, _ = self.sock.accept()
        peers[name] = Peer(conn)

    def do_connect(self, address, port):
        self.sock.connect((address, int(port)))

    def do_unconnect(self):
        # Python's connect() knows no AF_UNSPEC.
        import ctypes

        libc = ctypes.CDLL(None, use_errno=True)
        if libc.connect(self.sock.fileno(), AF_UNSPEC, len(AF_UNSPEC)):
            raise OSError(ctypes.get_errno(), "connect")

    def do_send(self, count, piece=BLOCK):
        left = int(count)
        while left:
            data = self.stream("out").take(min(left, int(piece)))
            sent = 0
            try:
                sent = self.sock.send(data)
            finally:
                self.stream("out").put_back(data[sent:])
            left -= sent
        return count

    def do_recv(self, count):
        left = int(count)
        while left:
            data = self.sock.recv(min(left, 4 * BLOCK))
            if not data:
                raise Failure(f"end of file, {left} of {count} bytes missing")
            self.compare(data)
            left -= len(data)
        return count

    def do_eof(self):
        data = self.sock.recv(1)
        if data:
            raise Failure("data instead of end of file")

    def do_drain(self):
        total = 0
        while data := self.sock.recv(4 * BLOCK):
            self.compare(data)
            total += len(data)
        return total

    def do_read(self, count):
        return self.sock.recv(int(count)).decode("ascii", "replace")

    def do_shutdown(self, how):
        self.sock.shutdown({"rd": socket.SHUT_RD, "wr": socket.SHUT_WR,
                            "rdwr": socket.SHUT_RDWR}[how])

    def do_close(self):
        # Through the descriptor: close() of SO_LINGER may fail and say why.
        fd = self.sock.detach()
        if fd < 0:
            raise OSError(errno.EBADF, "close")
        socket.close(fd)

    def do_linger(self, on, seconds="0"):
        value = (on == "on").to_bytes(4, sys.byteorder)
        value += int(seconds).to_bytes(4, sys.byteorder)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, value)

    def do_opt(self, level, name, value):
        number = int(name) if name.isdigit() else getattr(socket, name)
        self.sock.setsockopt(getattr(socket, level), number, int(value))

    def do_cookie(self):
        data = self.sock.getsockopt(socket.SOL_SOCKET, SO_COOKIE, 8)
        return int.from_bytes(data, sys.byteorder)

    def do_options(self, value):
        self.sock.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, bytes.fromhex(value))

    def do_getopt(self, level, name):
        number = int(name) if name.isdigit() else getattr(socket, name)
        return self.sock.getsockopt(getattr(socket, level), number)

    def do_info(self, field):
        data = self.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 200)
        at, size = INFO[field]
        return int.from_bytes(data[at:at + size], sys.byteorder)

    def do_nonblock(self):
        self.sock.setblocking(False)

    def do_poll(self, milliseconds):
        poll = select.poll()
        poll.register(self.sock, select.POLLIN | select.POLLOUT | select.POLLRDHUP)
        events = poll.poll(int(milliseconds))
        bits = events[0][1] if events else 0
        names = ("in", select.POLLIN), ("out", select.POLLOUT), ("hup", select.POLLHUP), \
            ("err", select.POLLERR), ("rdhup", select.POLLRDHUP)
        return ",".join(name for name, bit in names if bits & bit)

    def do_error(self):
        code = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        return describe(OSError(code, "")) if code else 0

    def do_port(self):
        return self.sock.getsockname()[1]

    def do_alias(self, name):
        peers[name] = Peer(self.sock, self.streams)

    def do_start(self, verb, *args):
        self.job = Job(lambda: self.run(verb, args))

    def do_wait(self, seconds="60"):
        return self.job.wait(float(seconds))

    # The two ends of a churn, with as little Python as possible in the loop.

    def do_serve(self, count, size, who):
        data, size = Stream().take(int(size)), int(size)
        for _ in range(int(count)):
            conn, _ = self.sock.accept()
            got = conn.recv(size, socket.MSG_WAITALL)
            if got != data:
                raise Failure("received bytes that were never sent here")
            conn.send(got)
            if who == "client":
                conn.recv(1)
            conn.close()

    def do_churn(self, address, port, count, size, who):
        data, size = Stream().take(int(size)), int(size)
        target, protocol = (address, int(port)), self.sock.proto
        for i in range(int(count)):
            try:
                conn = socket.socket(socket.AF_INET, socket.SOCK_STREAM, protocol)
                conn.connect(target)
                conn.send(data)
                if conn.recv(size, socket.MSG_WAITALL) != data:
                    raise Failure(f"connection {i}: wrong echo")
                if who == "server":
                    conn.recv(1)
                conn.close()
            except OSError as exc:
                raise Failure(f"connection {i}: {describe(exc)}") from exc
        return count

    def run(self, verb, args):
        return getattr(self, "do_" + verb)(*args)


peers = {}
default_protocol = int(sys.argv[1])


def handle(name, verb, args):
    if verb == "new":
        protocol = int(args[0]) if args else default_protocol
        peers[name] = Peer(socket.socket(socket.AF_INET, socket.SOCK_STREAM, protocol))
        return None
    if not hasattr(Peer, "do_" + verb):
        raise Failure("no such command")
    return peers[name].run(verb, args)


serve(handle)
