# SPDX-License-Identifier: GPL-2.0
"""Draws the ladder of a connection: who sent what when, and which states that made.

Usage: scripts/ladder [OPTIONS] -- COMMAND [ARGUMENT...]
       scripts/ladder [OPTIONS] --live
       scripts/ladder [OPTIONS] [FILE [FILE]]

Runs COMMAND, and draws the Waltz connections of this machine meanwhile; or draws
what happens until Ctrl-C; or what is in FILEs (standard input): the text of tracefs
with the events waltz:state, segment_send and segment_receive, or captures (pcap or
pcapng, of protocol 253 or TCP; two of them are from both hosts). Both hosts may be
namespaces of this machine. States of a capture are deduced, and marked so.

Which connections, all of them if nothing is said (either end may match):
  --host ADDRESS, --port PORT, --netns NETNS
                         NETNS is a name (ip netns) or number (stat -Lc %i)
  --number N             the Nth of these; --list shows which there are
  --left NETNS, --right NETNS
                         the hosts that stand there; else the one that called is on
                         the left. 0 is a host that left no trace
What:
  --every                an arrow for each segment: long runs are not summed up
  --absolute, --relative sequence numbers, else only a SYN's are absolute
  --left-name N, --right-name N, --title TEXT
How:
  --svg                  a picture; also with -o FILE.svg
  --mail                 ASCII, 72 columns
  -o, --output FILE
  --width N              columns, 60 to 160 (those of the terminal, or 80)
  --color, --no-color, --ascii
Live:
  --linger S             seconds to wait after COMMAND for connections to end (2)
  --once                 stop when the first connection is over
  --chapters             one life between --left and --right, with titles, and bulk
                         data as a sum; as scripts/demo shows it. With:
     --captions, --note TEXT   say what each chapter is for, this about TIME_WAIT
     --left-proc F, --right-proc F
                         the hosts' /proc/net/waltz: TIME_WAIT is counted down

What a user wrote to trace_marker stands as a remark between the arrows. A segment
that the network kept for later is drawn twice, "delayed" and "late", there with the
numbers of its own connection.

Where the network is slow and the bulk of the data is left out of the trace (as
scripts/demo does), keep: flags & 7 (SYN, FIN, RST), the ACK of the SYN-ACK, the
ACKs of the FINs.

Exit status: 0 drawn; 1 no such connection, or the trace lost events, so that
something may be missing; 2 bad arguments; 125 no tracing here. COMMAND's own, if it
is not 0; 126 and 127 if it could not be run.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import time

from . import pcap
from .deduce import events_of
from .life import LOST_AFTER, Connection
from .live import NoTracing, Tracing, lines_of
from .rows import SHORT, Fold, Heading
from .conversations import Conversations, Wanted, netns_number
from .svg import Picture
from .text import ASCII, MAIL, NARROWEST, UTF8, WIDTH, Screen
from .trace import missed, parse, record_left

WIDEST = 160


class Usage(Exception):
    """What is wrong with the arguments."""


def say(text):
    """A word to the user."""
    print(f"ladder: {text}", file=sys.stderr)


def read_file(name):
    """A /proc file's text; nothing if it is gone."""
    try:
        with open(name, encoding="ascii") as f:
            return f.read()
    except OSError:
        return ""


def utf8_locale(environ):
    """Whether the locale's characters are UTF-8's.

    Python's own view is of no use: it takes UTF-8 for granted in the C locale.
    """
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        if environ.get(name):
            return re.search(r"utf-?8", environ[name], re.I) is not None
    return False


# ---- a life in chapters, as it happens

def count_down(connection, screen, procs, shown):
    """Show what a TIME_WAIT record has left, each second; returns what it was."""
    i = connection.time_wait()
    if i is None or not procs[i]:
        return shown
    for row in connection.begin_time_wait():
        screen.draw(row)
    side = connection.sides[i]
    left = record_left(read_file(procs[i]), side.address,
                       connection.sides[1 - i].address)
    # The event of its end follows by itself, and is drawn then.
    if left is not None and left > 0 and (shown is None or left <= shown - 0.95):
        screen.countdown(i, left)
        shown = left
    return shown


def chapters(args, lines, out):
    """Draw what comes."""
    connection = Connection(args.left, args.right)
    screen = screen_for(args, Heading((args.left_name or "client", args.right_name or "server")),
                        out)
    shown = None
    quiet = 0.0
    gap = 0

    def draw(everything=False):
        for row in connection.rows(everything):
            screen.draw(row)

    for line in lines:
        if line is not None:
            quiet = 0.0
            gap += missed(line)
            event = parse(line)
            if event:
                connection.feed(event)
                draw()
            continue
        # The trace clock stands while nothing happens, so once it has been
        # quiet for long enough, what is missing will not come.
        quiet = quiet or time.monotonic()
        draw(time.monotonic() - quiet > LOST_AFTER + 0.2)
        shown = count_down(connection, screen, (args.left_proc, args.right_proc), shown)
        if args.once and connection.over():
            break
    draw(True)
    return verdict(gap, connection.opened)


def verdict(gap, drawn):
    """The exit status, and why."""
    if gap:
        say(f"the trace lost {gap} events: some lines may be missing or wrong")
    if not drawn:
        say("no such connection in the trace")
    return 0 if drawn and not gap else 1


# ---- drawing

def screen_for(args, heading, out, milli=False):
    """What draws text."""
    return Screen(out, heading, ASCII if args.ascii else UTF8, args.color, args.captions,
                  args.note, args.width, args.numbers, milli)


def ladder_of(args, conversation):
    """The conversation's ladder, its hosts where they are wanted."""
    left = ""
    for e in conversation.events:
        if args.left and e.netns == args.left:
            left = e.local
        elif args.right and e.netns == args.right:
            left = e.remote
    return conversation.ladder(left)


def rows_of(args, conversation, events):
    """All rows of a conversation."""
    ladder = ladder_of(args, conversation)
    for event in events:
        ladder.feed(event)
    fold = Fold()
    rows = []
    for row in ladder.rows(True):
        rows += [row] if args.every else fold.push(row)
    rows += fold.end()
    return rows, conversation.heading(ladder, (args.left_name, args.right_name))


def title_of(n, conversation):
    """A line above a ladder that is not the only one."""
    left = conversation.opener()
    right = next(a for a in conversation.addresses if a != left)
    return f"{n}: {left} - {right}"


def span(rows):
    """When the last thing happened, in seconds."""
    times = [t for r in rows for t in (getattr(r, "time", None), getattr(r, "arrives", None))]
    return max([t for t in times if t is not None], default=0)


def draw(args, conversations, out):
    """All that was chosen; whether there was anything."""
    chosen = list(enumerate(conversations.chosen(), 1))
    if args.number:
        chosen = chosen[args.number - 1:args.number]
    if args.list:
        for n, conversation in chosen:
            out.write(f"{title_of(n, conversation)}, {conversation.segments()} segments\n")
        return bool(chosen)
    if args.svg and len(chosen) > 1:
        raise Usage(f"{len(chosen)} connections, and a picture is of one: see --list, --number")
    for n, conversation in chosen:
        rows, heading = rows_of(args, conversation, conversations.finish(conversation))
        if args.svg:
            out.write(Picture(heading, args.numbers, args.title).draw(rows))
            continue
        screen = screen_for(args, heading, out, span(rows) < SHORT)
        if args.title or len(chosen) > 1 or heading.deduced:
            screen.title(args.title or title_of(n, conversation))
        for row in rows:
            screen.draw(row)
    return bool(chosen)


# ---- files

def read_bytes(name):
    """A file's, or standard input's."""
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        with open(name, "rb") as f:
            return f.read()
    except OSError as e:
        raise Usage(f"{name}: {e.strerror}") from e


def read_conversations(args):
    """All connections in files, and how many events are missing."""
    conversations = Conversations(args.wanted)
    gap = 0
    packets = []
    for n, name in enumerate(args.files):
        data = read_bytes(name)
        if pcap.is_capture(data):
            try:
                packets += pcap.packets(data, n)
            except pcap.BadCapture as e:
                raise Usage(f"{name}: {e}") from e
            continue
        for line in data.decode("utf-8", "replace").splitlines():
            gap += missed(line)
            event = parse(line)
            if event:
                conversations.feed(event)
    for events, where in events_of(packets):
        for event in events:
            conversation = conversations.feed(event)
        conversation.deduced = True
        conversation.estimated = where
    return conversations, gap


def saved(args, out):
    """Draw what is in files."""
    conversations, gap = read_conversations(args)
    return verdict(gap, draw(args, conversations, out))


# ---- live

def settled(conversation):
    """Whether nothing more is to be expected soon."""
    last = {}
    for e in conversation.events:
        if e.kind == "state":
            last[e.netns, e.local] = e.new
    return bool(last) and all(s in ("CLOSED", "LISTEN", "TIME_WAIT") for s in last.values())


def command(args, tracing, out):
    """Run it, draw what it did."""
    conversations = Conversations(args.wanted)
    gap = 0

    def read():
        nonlocal gap
        lines = tracing.read()
        for line in lines:
            gap += missed(line)
            event = parse(line)
            if event:
                conversations.feed(event)
        return bool(lines)

    try:
        process = subprocess.Popen(args.command)
    except FileNotFoundError:
        say(f"{args.command[0]}: not found")
        return 127
    except OSError as e:
        say(f"{args.command[0]}: {e.strerror}")
        return 126
    # Ctrl-C is for the command; what it did until then is drawn.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while process.poll() is None:
        try:
            if not read():
                time.sleep(0.02)
        except KeyboardInterrupt:
            process.terminate()
    end = time.monotonic() + args.linger
    while time.monotonic() < end:
        if not read():
            if all(settled(s) for s in conversations.chosen()):
                break
            time.sleep(0.02)
    read()
    status = verdict(gap, draw(args, conversations, out))
    code = process.returncode
    return 128 - code if code < 0 else code or status


class Follow:
    """Connections as they happen, one after another."""

    def __init__(self, args, out):
        self.args = args
        self.out = out
        self.conversations = Conversations(args.wanted)
        self.waiting = []       # that began later
        self.now = self.ladder = self.screen = None
        self.drawn = 0
        self.fold = Fold()

    def feed(self, event):
        """Take one event."""
        conversation = self.conversations.feed(event)
        if conversation is None:
            if self.ladder and event.kind == "remark":
                self.ladder.feed(event)
        elif conversation is self.now:
            self.ladder.feed(event)
        elif conversation not in self.waiting and self.args.wanted(conversation):
            self.waiting.append(conversation)

    def begin(self):
        """Draw the next one."""
        self.now = self.waiting.pop(0)
        self.drawn += 1
        self.ladder = ladder_of(self.args, self.now)
        for event in self.now.events:
            self.ladder.feed(event)
        names = (self.args.left_name, self.args.right_name)
        self.screen = screen_for(self.args, self.now.heading(self.ladder, names), self.out)
        self.screen.title(title_of(self.drawn, self.now))

    def show(self, everything):
        """Draw what is certain. Whether the connection is over."""
        if not self.now:
            if not self.waiting:
                return False
            self.begin()
        rows = list(self.ladder.rows(everything))
        for row in rows:
            for folded in [row] if self.args.every else self.fold.push(row):
                self.screen.draw(folded)
        over = self.ladder.over() or everything and self.waiting and settled(self.now)
        if everything or over:
            for row in self.fold.end():
                self.screen.draw(row)
        if over:
            # Its names may come again.
            self.conversations.all.pop(frozenset(self.now.addresses), None)
            self.now = self.ladder = None
        return over


def live(args, tracing, out):
    """Draw what happens, until somebody ends it."""
    follow = Follow(args, out)
    gap = 0
    quiet = None
    try:
        while True:
            lines = tracing.read()
            for line in lines:
                gap += missed(line)
                event = parse(line)
                if event:
                    follow.feed(event)
            quiet = None if lines else quiet or time.monotonic()
            if follow.show(bool(quiet) and time.monotonic() - quiet > LOST_AFTER + 0.2) and \
                    args.once:
                break
            if not lines:
                time.sleep(0.05)
    except KeyboardInterrupt:
        pass
    follow.show(True)
    return verdict(gap, follow.drawn)


# ---- arguments

def netns(name):
    """An argument's."""
    try:
        return netns_number(name)
    except OSError as e:
        raise argparse.ArgumentTypeError(f"no network namespace '{name}': {e.strerror}")


def columns(text):
    """An argument's."""
    if not text.isdigit() or not NARROWEST <= int(text) <= WIDEST:
        raise argparse.ArgumentTypeError(f"a picture has {NARROWEST} to {WIDEST} columns")
    return int(text)


def arguments(argv):
    """As said, with what follows from it."""
    parser = argparse.ArgumentParser(prog="ladder", add_help=False, usage="ladder --help")
    for name in ("left", "right"):
        parser.add_argument(f"--{name}", type=netns)
        parser.add_argument(f"--{name}-name", default="")
        parser.add_argument(f"--{name}-proc")
    parser.add_argument("--host", action="append", default=[])
    parser.add_argument("--port", action="append", default=[], type=int)
    parser.add_argument("--netns", action="append", default=[], type=netns)
    parser.add_argument("--number", type=int, default=0)
    for name in ("list", "captions", "ascii", "once", "every", "chapters", "live", "svg", "mail",
                 "absolute", "relative"):
        parser.add_argument(f"--{name}", action="store_true")
    parser.add_argument("--color", action="store_true", default=None)
    parser.add_argument("--no-color", dest="color", action="store_false")
    for name in ("note", "title"):
        parser.add_argument(f"--{name}", default="")
    parser.add_argument("-o", "--output")
    parser.add_argument("--width", type=columns)
    parser.add_argument("--linger", type=float, default=2.0)
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("files", nargs="*", metavar="FILE")
    argv, behind = (argv[:argv.index("--")], argv[argv.index("--") + 1:]) \
        if "--" in argv else (argv, [])
    args = parser.parse_args(argv)
    args.command = behind
    return args


def complete(args):
    """What was not said; Usage, if what was said does not fit."""
    if bool(args.files) + args.live + bool(args.command) > 1:
        raise Usage("either FILEs, or --live, or a COMMAND")
    if len(args.files) > 2:
        raise Usage("one capture, or one of each host")
    if args.absolute and args.relative:
        raise Usage("--absolute or --relative")
    if args.chapters and None in (args.left, args.right):
        raise Usage("--chapters wants --left and --right")
    args.numbers = "absolute" if args.absolute else "relative" if args.relative else ""
    if args.output and args.output.endswith(".svg"):
        args.svg = True
    if args.svg and (args.mail or args.live or args.chapters):
        raise Usage("a picture is drawn when all is over: of FILEs, or of a COMMAND")
    if not (args.files or args.live or args.command):
        if sys.stdin.isatty():
            raise Usage("draw what? See ladder --help")
        args.files = ["-"]
    hosts = {n for n in (args.left, args.right) if n}
    args.wanted = Wanted(args.host, args.port, args.netns, hosts)
    tty = not args.output and sys.stdout.isatty()
    if args.color is None:
        args.color = bool(tty and os.environ.get("TERM", "dumb") != "dumb" and
                          not os.environ.get("NO_COLOR"))
    if args.width is None:
        args.width = WIDTH
        if tty:
            args.width = min(max(shutil.get_terminal_size().columns, NARROWEST), WIDEST)
    args.ascii = args.ascii or not utf8_locale(os.environ)
    if args.mail:
        args.ascii, args.color, args.width = True, False, MAIL


def run(args, out):
    """Draw what is asked for."""
    if not (args.live or args.command):
        if args.chapters:
            return chapters(args, lines_of(sys.stdin.fileno()), out)
        return saved(args, out)
    # The other end of a connection is wanted, too, wherever that is.
    hosts = args.wanted.hosts if args.left and args.right else ()
    with Tracing(args.port, hosts) as tracing:
        return (command if args.command else live)(args, tracing, out)


def stop(*_):
    """As if by Ctrl-C, so that nothing is left behind."""
    raise KeyboardInterrupt


def main(argv=None):
    """Read the arguments, draw."""
    args = arguments(sys.argv[1:] if argv is None else argv)
    if args.help:
        # The top of this file is the help.
        sys.stdout.write(__doc__.strip() + "\n")
        return 0
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, stop)
    try:
        complete(args)
        if args.output:
            with open(args.output, "w", encoding="utf-8") as out:
                return run(args, out)
        if args.svg or not args.ascii:
            sys.stdout.reconfigure(encoding="utf-8")
        return run(args, sys.stdout)
    except Usage as e:
        say(str(e))
        return 2
    except NoTracing as e:
        say(str(e))
        return 125
    except OSError as e:
        if isinstance(e, BrokenPipeError):
            return 130
        say(f"{e.filename or ''}: {e.strerror}")
        return 1
    except KeyboardInterrupt:
        return 130
