#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Each setting of net.waltz against what sysctl.rst says of it.

Usage: sysctl.py RST        in a new network namespace; its values are changed

Prints KTAP subtests: the default, the limits, and that nothing else is taken.
"""

import os
import re
import sys

DIR = "/proc/sys/net/waltz/"
# ``name``  DEFAULT...  LOW to HIGH, or: LOW or HIGH
ROW = re.compile(r"^``(\w+)``\s+((?:\d+ )*\d+)\s\s+(\d+) (?:to|or) ([\d^]+)(?:\s|$)")
GARBAGE = ("x", "1x", "0x", "-", "1.5", "99999999999999999999", "2147483648",
           "-2147483648")


def documented(path):
    """name -> (defaults, low, high), of the tables before the module's."""
    rows = {}
    with open(path, encoding="ascii") as file:
        for line in file:
            if line.startswith("Module parameters\n"):
                break
            row = ROW.match(line)
            if row:
                name, default, low, high = row.groups()
                base, _, power = high.partition("^")
                rows[name] = default.split(), int(low), int(base) ** int(power or 1)
    return rows


def read(name):
    with open(DIR + name, encoding="ascii") as file:
        return file.read().split()


def write(name, text):
    """Return: None, or the error."""
    fd = os.open(DIR + name, os.O_WRONLY)
    try:
        os.write(fd, text.encode())
        return None
    except OSError as exc:
        return exc.strerror
    finally:
        os.close(fd)


def faults(name, default, low, high):
    """What is wrong with a setting; leaves it different from its default."""
    count = len(default)
    if read(name) != default:
        yield f"default {read(name)}, documented {default}"
    for value in high, low:
        want = [str(value)] * count
        error = write(name, " ".join(want))
        if error or read(name) != want:
            yield f"{value}: {error or read(name)}"
    if default == [str(low)] * count:
        write(name, " ".join([str(high)] * count))
    before = read(name)
    bad = [f"{low - 1}", f"{high + 1}", *GARBAGE]
    # All of three are taken, or none.
    texts = [" ".join([str(low + 1)] * n + [b]) for n in range(count) for b in bad] + ["\n"]
    for text in texts:
        error = write(name, text)
        if error != os.strerror(22):
            yield f"{text!r}: {error or 'taken'}, not EINVAL"
        if read(name) != before:
            yield f"{text!r}: was {before}, is {read(name)}"
            write(name, " ".join(before))


def main():
    rows = documented(sys.argv[1])
    names = sorted(set(rows) | set(os.listdir(DIR)))
    failures = 0
    print("TAP version 13")
    print(f"1..{len(names)}")
    for number, name in enumerate(names, 1):
        if name not in rows:
            found = ["not documented"]
        elif not os.path.exists(DIR + name):
            found = ["does not exist"]
        else:
            found = list(faults(name, *rows[name]))
        failures += bool(found)
        print("not ok" if found else "ok", number, name)
        for fault in found:
            print("#", fault)
    return 1 if failures else 0


sys.exit(main())
