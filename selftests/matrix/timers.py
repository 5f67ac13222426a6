# SPDX-License-Identifier: GPL-2.0
"""The cells that wait for a timer: all of them at once, each until it is done."""

import time

from cells import normal, outcome
from connection import WALTZ, States
from wire import Failure, PATIENCE

# The defaults, to see a connection go on, and little patience, to see it end.
GOING_ON = {"rto_min_ms": 200, "retries": 15, "syn_retries": 7, "synack_retries": 5,
            "orphan_retries": 8}
ENDING = {"rto_min_ms": 50, "retries": 2, "syn_retries": 1, "synack_retries": 1,
          "orphan_retries": 2, "keepalive_time": 1, "keepalive_intvl": 1,
          "keepalive_probes": 2, "time_wait_ms": 100, "fin_timeout_ms": 100}


def matches(came, listed):
    """Do the labels fit? "X ..." in the list is X any number of times."""
    came = list(came)
    for label in listed:
        if label.endswith("..."):
            while came and came[0] == normal(label[:-3]):
                came.pop(0)
        elif not came or came.pop(0) != normal(label):
            return False
    return not came


class Waiting:
    """One cell, under way."""

    def __init__(self, runner, cell):
        self.cell, self.connection = cell, runner.connection(cell)
        self.replies, self.outcome = [], None
        at = cell.steps.index(["wait"])
        self.after = cell.steps[at + 1:]
        self.listed = [] if cell.reply == "none" else [r.strip() for r in cell.reply.split(";")]
        try:
            self.connection.prepare(cell.state)
            for step in cell.steps[:at]:
                self.do(step)
        except Failure as exc:
            self.outcome = str(exc)

    def do(self, step):
        if step[0] != "call":
            self.connection.send([step[0], "seq=0", *step[1:]])
        elif self.connection.call(step[1:]) not in ("ok", "5"):
            raise Failure(f"{' '.join(step)} failed")

    def look(self, states):
        """Is it done?"""
        self.replies += self.connection.collect()
        state = states.of(self.connection)
        if self.cell.row == "retransmission timeout":
            # It goes on; that is another cell.
            self.replies = self.replies[:len(self.listed)]
            if len(self.replies) < len(self.listed):
                return False
        if state != self.cell.next:
            return False
        self.finish(state)
        return True

    def finish(self, state):
        for step in self.after:
            self.do(step)
        self.connection.tun.sentinel()
        if self.cell.row != "retransmission timeout":
            self.replies += self.connection.collect()
        replies = self.replies
        if matches(replies, self.listed):
            replies = self.listed
        self.outcome = outcome(replies, state, self.connection.seen())


def run_group(runner, settings, cells):
    for name, value in settings.items():
        runner.waltz(name, value)
    waiting = [Waiting(runner, cell) for cell in cells]
    end = time.monotonic() + PATIENCE
    while any(w.outcome is None for w in waiting):
        runner.tun.wait(0.05)
        states = States(WALTZ)
        runner.tun.drain()
        for one in waiting:
            if one.outcome is None and not one.look(states) and time.monotonic() > end:
                one.finish(states.of(one.connection))
    states = States(WALTZ)
    for one in waiting:
        one.connection.end(states)
        runner.tun.forget(one.connection.port)
    return {w.cell: w.outcome for w in waiting}


def run_timers(runner, cells):
    """Return: cell -> outcome."""
    going = [c for c in cells if c.row == "retransmission timeout"]
    came = run_group(runner, GOING_ON, going)
    came.update(run_group(runner, ENDING, [c for c in cells if c not in going]))
    return came
