# SPDX-License-Identifier: GPL-2.0
"""A socket as ss shows it: columns, and what the options add."""

import functools
import socket

from . import diag

TIMERS = {1: "on", 2: "keepalive", 3: "timewait", 4: "persist"}
OPTIONS = ((1, "ts"), (2, "sack"))      # tcpi_options
WALTZ_FLAGS = ("nodelay", "cork", "fin_queued", "fin_sent", "fin_rcvd", "ack_pending",
               "orphan", "stalled")


def duration(ms):
    """ss's: 59sec, 1min12sec, 1.500ms for 1500 ms; what is long is not exact."""
    minutes, ms = divmod(ms, 60000)
    seconds, ms = divmod(ms, 1000)
    if minutes > 9:
        seconds = 0
    if minutes or seconds > 9:
        ms = 0
    text = f"{minutes}min" if minutes else ""
    if seconds:
        text += f"{seconds}." if ms else f"{seconds}sec"
    if ms or not text:
        text += f"{ms:03}ms"
    return text


def rate(bits):
    for unit, name in ((10 ** 9, "G"), (10 ** 6, "M"), (10 ** 3, "K")):
        if bits >= unit:
            return f"{bits / unit:.3g}{name}bps"
    return f"{bits:.3g}bps"


@functools.lru_cache(None)
def host_name(address):
    try:
        return socket.gethostbyaddr(address)[0]
    except OSError:
        return address


@functools.lru_cache(None)
def port_name(port):
    try:
        return socket.getservbyport(port, "tcp")
    except OSError:
        return str(port)


def end(address, port, options, ifindex=0):
    host = address
    if options.resolve and address != "0.0.0.0":
        host = host_name(address)
    if ifindex > 0:
        try:
            host += "%" + socket.if_indextoname(ifindex)
        except OSError:
            host += f"%{ifindex}"
    name = "*" if not port else str(port) if options.numeric else port_name(port)
    return f"{host}:{name}"


def timer(sock):
    if not sock.timer:
        return ""
    return f"timer:({TIMERS.get(sock.timer, sock.timer)},{duration(sock.expires_ms)}," \
        f"{sock.retrans})"


def extended(sock, cgroups):
    words = []
    if sock.uid:
        words.append(f"uid:{sock.uid}")
    words.append(f"ino:{sock.inode}")
    words.append(f"sk:{sock.cookie:x}")
    if mark := sock.number(diag.MARK):
        words.append(f"fwmark:{mark:#x}")
    if (number := sock.number(diag.CGROUP)) is not None:
        words.append(f"cgroup:{cgroups.get(number, f'unreachable:{number:x}')}")
    if tos := sock.number(diag.TOS):
        words.append(f"tos:{tos:#x}")
    if (shut := sock.number(diag.SHUTDOWN)) is not None:
        words.append(f"{'-' if shut & 1 else '<'}-{'-' if shut & 2 else '>'}")
    return " ".join(words)


def memory(sock):
    found = sock.memory()
    if not found:
        return ""
    return "skmem:(" + ",".join(f"{name}{value}" for name, value in found.items()) + ")"


def tcp_info(sock):
    """struct tcp_info, in ss's words and order; what is 0 is not said."""
    info = sock.info()
    if not info:
        return sock.congestion()
    words = [name for bit, name in OPTIONS if info["options"] & bit]
    words.append(sock.congestion())
    if info["options"] & 4:
        words.append(f"wscale:{info['wscale'] & 15},{info['wscale'] >> 4}")
    if info["rto"] and info["rto"] != 3000000:
        words.append(f"rto:{info['rto'] / 1000:g}")
    if info["backoff"]:
        words.append(f"backoff:{info['backoff']}")
    if info["rtt"]:
        words.append(f"rtt:{info['rtt'] / 1000:g}/{info['rttvar'] / 1000:g}")
    if info["ato"]:
        words.append(f"ato:{info['ato'] / 1000:g}")
    for name, key in (("mss", "snd_mss"), ("pmtu", "pmtu"), ("rcvmss", "rcv_mss"),
                      ("advmss", "advmss"), ("cwnd", "snd_cwnd")):
        if info[key]:
            words.append(f"{name}:{info[key]}")
    if 0 < info["snd_ssthresh"] < 0xffff:
        words.append(f"ssthresh:{info['snd_ssthresh']}")
    for key in ("bytes_sent", "bytes_retrans", "bytes_acked", "bytes_received", "segs_out",
                "segs_in", "data_segs_out", "data_segs_in"):
        if info[key]:
            words.append(f"{key}:{info[key]}")
    if info["rtt"] and info["snd_mss"] and info["snd_cwnd"]:
        words.append("send " + rate(info["snd_cwnd"] * info["snd_mss"] * 8e6 / info["rtt"]))
    for name, key in (("lastsnd", "last_data_sent"), ("lastrcv", "last_data_recv"),
                      ("lastack", "last_ack_recv")):
        if info[key]:
            words.append(f"{name}:{info[key]}")
    if info["pacing_rate"] and info["pacing_rate"] != 2 ** 64 - 1:
        words.append("pacing_rate " + rate(info["pacing_rate"] * 8))
    if info["delivery_rate"]:
        words.append("delivery_rate " + rate(info["delivery_rate"] * 8))
    for key in ("unacked", "lost", "sacked"):
        if info[key] and sock.state != diag.LISTEN:
            words.append(f"{key}:{info[key]}")
    if info["retrans"] or info["total_retrans"]:
        words.append(f"retrans:{info['retrans']}/{info['total_retrans']}")
    if info["reordering"] not in (0, 3):
        words.append(f"reordering:{info['reordering']}")
    for name, key in (("rcv_space", "rcv_space"), ("rcv_ssthresh", "rcv_ssthresh"),
                      ("notsent", "notsent_bytes")):
        if info[key]:
            words.append(f"{name}:{info[key]}")
    if info["min_rtt"] and info["min_rtt"] != 2 ** 32 - 1:
        words.append(f"minrtt:{info['min_rtt'] / 1000:g}")
    if info["snd_wnd"]:
        words.append(f"snd_wnd:{info['snd_wnd']}")
    return " ".join(filter(None, words))


def waltz_info(sock):
    """struct waltz_info: bytes, and the timers that run, with what they have left."""
    info = sock.waltz_info()
    if not info or sock.state in (diag.LISTEN, diag.CLOSE):
        return ""
    words = [f"{key}:{info[key]}" for key in
             ("cwnd", "in_flight", "sacked", "lost", "retrans", "snd_wnd", "max_wnd", "rcv_wnd",
              "unread", "quickacks", "probes") if info[key]]
    words += [f"{name}:{duration(info[name])}" for name in diag.WALTZ_INFO_TIMERS
              if info[name] != diag.OFF]
    words += [name for bit, name in enumerate(WALTZ_FLAGS) if info["flags"] & 1 << bit]
    return "waltz:(" + ",".join(words) + ")"


def process(sock, owners):
    found = owners.get(sock.inode) if sock.inode else None
    if not found:
        return ""
    return "users:(" + ",".join(f'("{name}",pid={pid},fd={fd})'
                                for name, pid, fd in found) + ")"


class Table:
    """Lines in columns as wide as they must be: so it is written at its end."""

    HEADER = ("State", "Recv-Q", "Send-Q", "Local Address:Port", "Peer Address:Port", "Process")

    def __init__(self, options, owners, cgroups):
        self.options, self.owners, self.cgroups = options, owners, cgroups
        self.rows = [] if options.no_header else [(self.HEADER, "")]

    def row(self, sock):
        options = self.options
        local = end(sock.src, sock.sport, options, sock.ifindex)
        peer = end(sock.dst, sock.dport, options)
        words = []
        if options.processes:
            words.append(process(sock, self.owners))
        if options.timers:
            words.append(timer(sock))
        if options.extended:
            words.append(extended(sock, self.cgroups))
        more = []
        if options.memory:
            more.append(memory(sock))
        if options.info:
            more += [tcp_info(sock), waltz_info(sock)]
        cells = (diag.STATES[sock.state], str(sock.rqueue), str(sock.wqueue), local, peer,
                 " ".join(filter(None, words)))
        return cells, " ".join(filter(None, more))

    def add(self, sock):
        self.rows.append(self.row(sock))

    def lines(self):
        widths = [max((len(cells[i]) for cells, _ in self.rows), default=0) for i in range(5)]
        for cells, more in self.rows:
            line = " ".join(cell.ljust(width) for cell, width in zip(cells, widths))
            line = f"{line} {cells[5]}".rstrip()
            if more:
                line += (" " if self.options.oneline else "\n\t ") + more
            yield line
