# SPDX-License-Identifier: GPL-2.0
"""Who has a socket open: a look at all processes' descriptors."""

import os
import re

LINK = re.compile(r"socket:\[(\d+)\]")


def of_process(pid):
    directory = f"/proc/{pid}/fd"
    for fd in os.listdir(directory):
        try:
            link = LINK.fullmatch(os.readlink(f"{directory}/{fd}"))
        except OSError:
            continue        # closed meanwhile
        if link:
            yield int(link[1]), int(fd)


def owners():
    """By inode: a list of (program, process, descriptor). Of those that we may see."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
                program = file.read().rstrip("\n")
            for inode, fd in of_process(pid):
                found.setdefault(inode, []).append((program, int(pid), fd))
        except OSError:
            continue        # has ended, or is none of our business
    return found


def cgroups(root="/sys/fs/cgroup"):
    """Paths of the control groups, by the number that the kernel knows them by."""
    found = {}
    for directory, _, _ in os.walk(root):
        try:
            found[os.stat(directory).st_ino] = directory[len(root):] or "/"
        except OSError:
            continue
    return found
