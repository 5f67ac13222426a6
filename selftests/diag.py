# SPDX-License-Identifier: GPL-2.0
"""Asks sock_diag itself, where wss would not do: see diag_dump.sh.

Usage: diag.py exact ADDRESS PORT     connect there; get, and kill, by exact names
       diag.py churn SECONDS KEEP     KEEP connections that stay, others that come
                                      and go, and dumps: none that stays is missed
       diag.py filters EXPRESSION...  how many connections each finds
       diag.py user                   the same dump as root's, as nobody
       diag.py kill SECONDS SEED      kill some of all there are, again and again,
                                      while others use and close them, and longer
                                      if there was none to be killed

Prints what went wrong, and exits with 1.
"""

import errno
import os
import random
import resource
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "scripts"))

from waltz_tools import diag, filters  # noqa: E402

PROTOCOL = 253
WALTZ_INFO = 256
PATIENCE = 60
ADDRESS = "127.0.0.1"


def waltz():
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM, PROTOCOL)


def require(what, message):
    if not what:
        sys.exit(message)


def refused(code, function, *args):
    try:
        function(*args)
    except diag.DiagError as exc:
        require(exc.errno == code, f"{errno.errorcode[exc.errno]}, not {errno.errorcode[code]}")
        return
    sys.exit(f"went well, and not {errno.errorcode[code]}")


def exact(address, port):
    kernel = diag.Diag(PROTOCOL)
    conn = waltz()
    conn.connect((address, int(port)))
    names = conn.getsockname() + conn.getpeername()
    found = kernel.get(diag.identity(*names))
    require(found.state == diag.ESTABLISHED, f"state {found.state}")
    require(found.inode == os.fstat(conn.fileno()).st_ino, f"inode {found.inode}")
    compare(conn, found)

    refused(errno.ENOENT, kernel.get, diag.identity(*names, cookie=b"\1" * 8))
    refused(errno.ENOENT, kernel.get, diag.identity(names[0], 1, *names[2:]))
    refused(errno.ENOENT, kernel.kill, diag.identity(*names, cookie=b"\1" * 8))
    require(kernel.get(found.id).cookie == found.cookie, "another cookie")
    as_nobody(refused, errno.EPERM, kernel_of_nobody)
    require(kernel.get(found.id).state == diag.ESTABLISHED, "killed by nobody")
    kernel.kill(found.id)
    require(conn.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNABORTED,
            "no ECONNABORTED")
    refused(errno.ENOENT, kernel.get, found.id)
    refused(errno.ENOENT, kernel.kill, found.id)


def kernel_of_nobody():
    kernel = diag.Diag(PROTOCOL)
    for sock in kernel.list(1 << diag.ESTABLISHED):
        kernel.kill(sock.id)


def compare(conn, found):
    """TCP_INFO and WALTZ_INFO, but for what moves by itself."""
    data = conn.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 512)
    mine, its = diag.fields(diag.TCP_INFO, diag.TCP_INFO_FIELDS, data), found.info()
    require(len(data) == len(found.attributes[diag.INFO]), "TCP_INFO of another length")
    for name in diag.TCP_INFO_FIELDS:
        require(name.startswith("last_") or mine[name] == its[name],
                f"{name}: {its[name]}, and TCP_INFO {mine[name]}")
    data = conn.getsockopt(socket.IPPROTO_TCP, WALTZ_INFO, 512)
    own = found.attributes[diag.WALTZ_INFO]
    require(len(data) == len(own) == 80, f"WALTZ_INFO: {len(data)} bytes, {len(own)}")
    # The timers, which run, are the 2nd to the 7th word.
    require(data[:4] + data[28:] == own[:4] + own[28:], "WALTZ_INFO differs")
    short = conn.getsockopt(socket.IPPROTO_TCP, WALTZ_INFO, 8)
    require(short == data[:8] or short[:4] == data[:4], "WALTZ_INFO, shortened, differs")
    # A program built for a later module gets what there is.
    require(len(conn.getsockopt(PROTOCOL, WALTZ_INFO, 512)) == 80, "WALTZ_INFO, at our level")


def as_nobody(function, *args):
    pid = os.fork()
    if not pid:
        os.setresuid(65534, 65534, 65534)
        function(*args)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    require(status == 0, "as nobody")


def user():
    listener = waltz()
    listener.bind((ADDRESS, 0))
    listener.listen()
    conn = waltz()
    conn.connect(listener.getsockname())

    def dump():
        found = {sock.cookie: sock for sock in diag.Diag(PROTOCOL).list()}
        require(len(found) == 3, f"{len(found)} sockets, not 3")
        marks = [sock for sock in found.values() if diag.MARK in sock.attributes]
        require(len(marks) == (3 if os.geteuid() == 0 else 0), f"{len(marks)} marks are shown")

    dump()
    as_nobody(dump)
    as_nobody(refused, errno.EPERM, lambda: list(diag.Diag(PROTOCOL).list(
        diag.ALL_STATES, filters.parse(["fwmark", "=", "1"])[1].code())))


def find_all(*expressions):
    """The kernel's filter, and the same one here, must agree."""
    kernel = diag.Diag(PROTOCOL)
    for text in expressions:
        states, expression = filters.parse(["state", "connected", text])
        found = {sock.cookie for sock in kernel.list(states, expression.code())}
        if text != "autobound":
            here = {sock.cookie for sock in kernel.list(states) if expression.matches(sock)}
            require(found == here, f"{text}: {len(found)}, and by its own rules {len(here)}")
        print(len(found))


class Churn(threading.Thread):
    """Connections that live for a moment, in all tables."""

    def __init__(self, address, seed):
        super().__init__(daemon=True)
        self.address, self.random, self.stop = address, random.Random(seed), False
        self.count = 0

    def run(self):
        few = []
        while not self.stop:
            conn = waltz()
            conn.connect(self.address)
            few.append(conn)
            if len(few) > 20:
                few.pop(self.random.randrange(len(few))).close()
            self.count += 1


def accept_all(listener):
    """The other ends: those of who stays stay, the others close when asked."""
    kept = []
    while True:
        conn, _ = listener.accept()
        kept.append(conn)
        if len(kept) > 20:
            kept.pop(0).close()


def churn(seconds, keep):
    seed = int(time.time())
    print(f"# seed {seed}")
    keep = int(keep)
    resource.setrlimit(resource.RLIMIT_NOFILE, (4 * keep + 1024,) * 2)
    stay = waltz()
    stay.bind((ADDRESS, 0))
    stay.listen(4096)
    clients, ends = [], []
    for _ in range(keep):
        conn = waltz()
        conn.connect(stay.getsockname())
        clients.append(conn)
        ends.append(stay.accept()[0])
    go = waltz()
    go.bind((ADDRESS, 0))
    go.listen(4096)
    threading.Thread(target=accept_all, args=(go,), daemon=True).start()
    thread = Churn(go.getsockname(), seed)
    thread.start()

    wanted = {os.fstat(conn.fileno()).st_ino for conn in clients + ends + [stay, go]}
    kernel = diag.Diag(PROTOCOL)
    end, dumps, others = time.monotonic() + float(seconds), 0, 0
    while time.monotonic() < end or not dumps:
        inodes = [sock.inode for sock in kernel.list()]
        missed = wanted.difference(inodes)
        require(not missed, f"dump {dumps}: {len(missed)} of {len(wanted)} are missing")
        twice = len([inode for inode in inodes if inode in wanted]) - len(wanted)
        require(not twice, f"dump {dumps}: {twice} are there twice")
        dumps += 1
        others += len(inodes) - len(wanted)
    thread.stop = True
    print(f"# {dumps} dumps of {len(wanted)} that stay and {others // dumps} others, "
          f"{thread.count} connections came and went")
    require(thread.count and others, "nobody came or went")
    bounds(kernel, len(wanted))


def bounds(kernel, count):
    """No message of a dump is larger than the kernel's own limit, and all say multi."""
    kernel.send(diag.SOCK_DIAG_BY_FAMILY, diag.NLM_F_DUMP, diag.ALL_STATES,
                b"\0" * diag.ID.size)
    datagrams, found = 0, 0
    while True:
        kinds = [(kind, flags) for kind, flags, _, _ in kernel.receive()]
        datagrams += 1
        require(all(flags & 2 for _, flags in kinds), "a part of a dump without NLM_F_MULTI")
        found += sum(kind == diag.SOCK_DIAG_BY_FAMILY for kind, _ in kinds)
        if kinds[-1][0] == diag.NLMSG_DONE:
            break
    require(found >= count and datagrams > 2, f"{found} in {datagrams} datagrams")


def kill(seconds, seed):
    """Each is killed, or has gone by itself: there is no other answer."""
    kernel, choice = diag.Diag(PROTOCOL), random.Random(int(seed))
    end, killed, gone = time.monotonic() + float(seconds), 0, 0
    while time.monotonic() < end + (0 if killed else PATIENCE):
        for sock in list(kernel.list()):
            if choice.random() < 0.5:
                continue
            try:
                kernel.kill(sock.id)
                killed += 1
            except diag.DiagError as exc:
                require(exc.errno == errno.ENOENT, f"a kill: {errno.errorcode[exc.errno]}")
                gone += 1
    print(f"# {killed} were killed, {gone} were gone before")
    require(killed, "nothing was killed")


if __name__ == "__main__":
    COMMANDS = {"exact": exact, "user": user, "churn": churn, "filters": find_all, "kill": kill}
    COMMANDS[sys.argv[1]](*sys.argv[2:])
