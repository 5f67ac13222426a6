# SPDX-License-Identifier: GPL-2.0
"""tracefs: an instance of our own, which disturbs nobody and ends with us."""

import os
import select
import subprocess
import time

TRACEFS = "/sys/kernel/tracing"
EVENTS = ("state", "segment_send", "segment_receive", "retransmit")
# Of each CPU's buffer.
BUFFER_KB = 4096


class NoTracing(Exception):
    """Why there is none."""


def lines_of(fd):
    """Lines as they come; None when a while has gone by without one."""
    rest = b""
    while True:
        if not select.select([fd], [], [], 0.1)[0]:
            yield None
            continue
        chunk = os.read(fd, 1 << 16)
        if not chunk:
            return
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.decode("ascii", "replace")


def either(names, values):
    """A condition on fields of an event: one of them has one of these values."""
    return " || ".join(f"{n} == {v}" for n in names for v in values)


class Tracing:
    """The instance, while the context lasts."""

    def __init__(self, ports=(), netns=(), tracefs=TRACEFS):
        self.tracefs = tracefs
        self.path = os.path.join(tracefs, "instances", f"ladder-{os.getpid()}")
        conditions = [either(("lport", "rport"), ports), either(("netns",), netns)]
        self.filter = " && ".join(f"({c})" for c in conditions if c)
        self.pipe = None
        self.rest = b""

    def put(self, name, text):
        """Write a file of the instance."""
        with open(os.path.join(self.path, name), "w", encoding="ascii") as f:
            f.write(text)

    def __enter__(self):
        if not os.path.isdir(os.path.join(self.tracefs, "instances")):
            subprocess.run(["mount", "-t", "tracefs", "tracefs", self.tracefs], check=False,
                           stderr=subprocess.DEVNULL)
        if not os.path.isdir(os.path.join(self.tracefs, "events", "waltz")):
            raise NoTracing("no waltz events in " + self.tracefs +
                            ": is the module loaded, and are you root?")
        try:
            os.mkdir(self.path)
            # One clock for all CPUs, for lines of both hosts are compared.
            self.put("trace_clock", "mono")
            self.put("buffer_size_kb", str(BUFFER_KB))
            self.pipe = os.open(os.path.join(self.path, "trace_pipe"),
                                os.O_RDONLY | os.O_NONBLOCK)
            for event in EVENTS:
                directory = os.path.join("events", "waltz", event)
                if os.path.isdir(os.path.join(self.path, directory)):
                    if self.filter:
                        self.put(os.path.join(directory, "filter"), self.filter)
                    self.put(os.path.join(directory, "enable"), "1")
        except OSError as e:
            self.end()
            raise NoTracing(f"{e.filename or self.path}: {e.strerror}") from e
        except KeyboardInterrupt:
            self.end()
            raise
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        """Nothing may hold the module when it goes."""
        if not os.path.isdir(self.path):
            return
        self.put("events/enable", "0")
        if self.pipe is not None:
            os.close(self.pipe)
            self.pipe = None
        for _ in range(50):
            try:
                os.rmdir(self.path)
                return
            except OSError:
                time.sleep(0.05)

    def read(self):
        """The lines that are there by now."""
        lines = []
        while True:
            try:
                chunk = os.read(self.pipe, 1 << 16)
            except BlockingIOError:
                break
            if not chunk:
                break
            *more, self.rest = (self.rest + chunk).split(b"\n")
            lines += more
        return [line.decode("utf-8", "replace") for line in lines]
