# SPDX-License-Identifier: GPL-2.0
"""The control language of the helper programs.

A test writes one command a line, NAME VERB ARGUMENT..., and reads one answer a
line: "ok ..." or "err WHAT", where WHAT is an errno's name or a sentence.
So the shell decides the order of events exactly.
"""

import errno
import sys


class Failure(Exception):
    """What was asked for did not come."""


def describe(exc):
    """An exception as the answer that the shell compares with."""
    if isinstance(exc, OSError) and exc.errno:
        return errno.errorcode.get(exc.errno, str(exc.errno))
    return str(exc) or type(exc).__name__


def options(words):
    """KEY=VALUE words as a dictionary; a word alone is KEY=1."""
    pairs = (w.partition("=") for w in words)
    return {key: value if eq else "1" for key, eq, value in pairs}


def serve(handle):
    """Carry out commands until end of file; handle(name, verb, args)."""
    for line in sys.stdin:
        name, verb, *args = line.split()
        try:
            answer = handle(name, verb, args)
            print("ok", "" if answer is None else answer, flush=True)
        except (OSError, Failure, ValueError, LookupError, TypeError) as exc:
            print("err", describe(exc), flush=True)
