# SPDX-License-Identifier: GPL-2.0
"""What programs of a control group forbid; see cgroup.sh.

usage: cgroup.py PROTOCOL ADDRESS PORT CGROUP

In the control group (a directory), a program that says no to socket(), then one that says
no to connect(): prints what each call answers, and what it answers without. The programs are
two instructions, "return 0", so bpf(2) is called as it is.
"""

import ctypes
import errno
import os
import socket
import struct
import sys

SYS_BPF = 321                   # x86_64
PROG_LOAD, PROG_ATTACH, PROG_DETACH = 5, 8, 9
# program type, type of attachment
SOCKET = 9, 2                   # CGROUP_SOCK, CGROUP_INET_SOCK_CREATE
CONNECT = 18, 10                # CGROUP_SOCK_ADDR, CGROUP_INET4_CONNECT

libc = ctypes.CDLL(None, use_errno=True)


def bpf(command, layout, *values):
    attribute = ctypes.create_string_buffer(struct.pack(layout, *values).ljust(128, b"\0"), 128)
    got = libc.syscall(SYS_BPF, command, attribute, 128)
    if got < 0:
        code = ctypes.get_errno()
        sys.exit(f"bpf({command}): {os.strerror(code)}")
    return got


def load(kind, attach):
    """r0 = 0; exit"""
    code = ctypes.create_string_buffer(struct.pack("<QQ", 0xb7, 0x95), 16)
    licence = ctypes.create_string_buffer(b"GPL")
    # prog_type, insn_cnt, insns, license; expected_attach_type is at 68.
    head = struct.pack("=IIQQ", kind, 2, ctypes.addressof(code), ctypes.addressof(licence))
    return bpf(PROG_LOAD, "68sI", head, attach)


def answer(call):
    try:
        call()
    except OSError as exc:
        return errno.errorcode[exc.errno]
    return "0"


def main():
    protocol, address, port, group = sys.argv[1:]
    with open(f"{group}/cgroup.procs", "w", encoding="ascii") as file:
        file.write(str(os.getpid()))
    directory = os.open(group, os.O_RDONLY)

    def make():
        return socket.socket(socket.AF_INET, socket.SOCK_STREAM, int(protocol))

    sock = make()
    tries = ("socket", SOCKET, make), ("connect", CONNECT,
                                       lambda: sock.connect((address, int(port))))
    for name, (kind, attach), call in tries:
        program = load(kind, attach)
        bpf(PROG_ATTACH, "=IIII", directory, program, attach, 0)
        print(name, answer(call))
        bpf(PROG_DETACH, "=IIII", directory, program, attach, 0)
        print(name, answer(call))


main()
