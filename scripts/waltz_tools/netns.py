# SPDX-License-Identifier: GPL-2.0
"""Into another network namespace, as `ip -n` and `ss -N` do."""

import ctypes
import os

CLONE_NEWNET = 0x40000000


def enter(name):
    """A name of ip-netns(8), or a path such as /proc/PID/ns/net."""
    path = name if "/" in name else f"/run/netns/{name}"
    libc = ctypes.CDLL(None, use_errno=True)
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(fd, CLONE_NEWNET):
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), path)
    finally:
        os.close(fd)


def proc_net(name):
    """A file of this thread's own namespace; /proc/net is the process's."""
    return f"/proc/thread-self/net/{name}"
