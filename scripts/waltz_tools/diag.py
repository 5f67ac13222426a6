# SPDX-License-Identifier: GPL-2.0
"""sock_diag(7), for one protocol: list, kill, and news of sockets destroyed.

Requests and answers are inet_diag's (linux/inet_diag.h); struct waltz_info is
module/uapi/waltz.h's.
"""

import errno
import os
import socket
import struct
import sys

NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
SOCK_DESTROY = 21
NLMSG_ERROR = 2
NLMSG_DONE = 3
NLM_F_REQUEST = 1
NLM_F_ACK = 4
NLM_F_DUMP = 0x300
NLM_F_DUMP_INTR = 0x10
SOL_NETLINK = 270
NETLINK_ADD_MEMBERSHIP = 1

GROUP_DESTROYED = 32        # WALTZ_DIAG_DESTROYED
REQ_BYTECODE = 1

# Attributes of an answer
MEMINFO, INFO, CONG, TOS, SKMEMINFO, SHUTDOWN = 1, 2, 4, 5, 7, 8
PROTOCOL, MARK, CGROUP, WALTZ_INFO = 10, 15, 21, 253

# What idiag_ext asks for; the others come anyway
EXTENSIONS = sum(1 << n - 1 for n in (MEMINFO, INFO, CONG, TOS, SKMEMINFO))

STATES = ("UNKNOWN", "ESTAB", "SYN-SENT", "SYN-RECV", "FIN-WAIT-1", "FIN-WAIT-2",
          "TIME-WAIT", "UNCONN", "CLOSE-WAIT", "LAST-ACK", "LISTEN", "CLOSING")
ESTABLISHED, SYN_SENT, SYN_RECV, TIME_WAIT, CLOSE, LISTEN = 1, 2, 3, 6, 7, 10
ALL_STATES = sum(1 << n for n in range(1, len(STATES)))

HEADER = struct.Struct("=IHHII")
REQUEST = struct.Struct("=BBBBI")
ID = struct.Struct("=2s2s16s16sI8s")
ANSWER = struct.Struct("=BBBB48sIIIII")
ATTRIBUTE = struct.Struct("=HH")

TCP_INFO = struct.Struct("=8B24I4Q6I4Q2I2Q4I")
TCP_INFO_FIELDS = (
    "state ca_state retransmits probes backoff options wscale flags "
    "rto ato snd_mss rcv_mss unacked sacked lost retrans fackets last_data_sent "
    "last_ack_sent last_data_recv last_ack_recv pmtu rcv_ssthresh rtt rttvar "
    "snd_ssthresh snd_cwnd advmss reordering rcv_rtt rcv_space total_retrans "
    "pacing_rate max_pacing_rate bytes_acked bytes_received segs_out segs_in "
    "notsent_bytes min_rtt data_segs_in data_segs_out delivery_rate busy_time "
    "rwnd_limited sndbuf_limited delivered delivered_ce bytes_sent bytes_retrans "
    "dsack_dups reord_seen rcv_ooopack snd_wnd").split()

WALTZ_INFO_FIELDS = (
    "flags retransmit reorder loss_probe probe delack keepalive cwnd ssthresh "
    "in_flight sacked lost retrans snd_wnd max_wnd rcv_wnd unread user_timeout "
    "quickacks probes").split()
WALTZ_INFO_TIMERS = WALTZ_INFO_FIELDS[1:7]
OFF = 0xffffffff

MEMINFO_FIELDS = ("r", "rb", "t", "tb", "f", "w", "o", "bl", "d")


class DiagError(Exception):
    """sock_diag refused, and why."""

    def __init__(self, code):
        super().__init__(os.strerror(code))
        self.errno = code


def fields(layout, names, data):
    """The fields of a structure that grows: what is not there is 0."""
    data = data[:layout.size].ljust(layout.size, b"\0")
    return dict(zip(names, layout.unpack(data)))


def attribute(kind, data):
    padding = b"\0" * (-len(data) % 4)
    return ATTRIBUTE.pack(ATTRIBUTE.size + len(data), kind) + data + padding


def attributes(data):
    found = {}
    while len(data) >= ATTRIBUTE.size:
        length, kind = ATTRIBUTE.unpack_from(data)
        if length < ATTRIBUTE.size or length > len(data):
            break
        found[kind & 0x3fff] = data[ATTRIBUTE.size:length]
        data = data[length + 3 & ~3:]
    return found


class Socket:
    """A socket, a half-open or a TIME_WAIT record, as sock_diag describes it."""

    def __init__(self, data):
        (_, self.state, self.timer, self.retrans, self.id, self.expires_ms,
         self.rqueue, self.wqueue, self.uid, self.inode) = ANSWER.unpack_from(data)
        sport, dport, src, dst, self.ifindex, cookie = ID.unpack(self.id)
        self.sport = int.from_bytes(sport, "big")
        self.dport = int.from_bytes(dport, "big")
        self.src = socket.inet_ntoa(src[:4])
        self.dst = socket.inet_ntoa(dst[:4])
        low, high = struct.unpack("=II", cookie)
        self.cookie = high << 32 | low
        self.attributes = attributes(data[ANSWER.size:])

    def number(self, kind):
        data = self.attributes.get(kind)
        return None if data is None else int.from_bytes(data, sys.byteorder)

    def info(self):
        data = self.attributes.get(INFO)
        return data and fields(TCP_INFO, TCP_INFO_FIELDS, data)

    def waltz_info(self):
        data = self.attributes.get(WALTZ_INFO)
        layout = struct.Struct(f"={len(WALTZ_INFO_FIELDS)}I")
        return data and fields(layout, WALTZ_INFO_FIELDS, data)

    def congestion(self):
        return self.attributes.get(CONG, b"").rstrip(b"\0").decode()

    def memory(self):
        data = self.attributes.get(SKMEMINFO)
        layout = struct.Struct(f"={len(MEMINFO_FIELDS)}I")
        return data and fields(layout, MEMINFO_FIELDS, data)


class Diag:
    """A netlink socket, in the namespace that it is made in."""

    def __init__(self, protocol):
        self.protocol = protocol
        self.sequence = 0
        self.netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG)
        self.netlink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)

    def send(self, kind, flags, states, identity, payload=b""):
        request = REQUEST.pack(socket.AF_INET, self.protocol, EXTENSIONS, 0, states)
        body = request + identity + payload
        self.sequence += 1
        self.netlink.send(HEADER.pack(HEADER.size + len(body), kind, NLM_F_REQUEST | flags,
                                      self.sequence, 0) + body)

    def receive(self):
        """Messages of one datagram: (type, flags, sequence number, body)."""
        data = self.netlink.recv(1 << 18)
        while len(data) >= HEADER.size:
            length, kind, flags, sequence, _ = HEADER.unpack_from(data)
            yield kind, flags, sequence, data[HEADER.size:length]
            data = data[length + 3 & ~3:]

    def list(self, states=ALL_STATES, bytecode=b""):
        """All sockets and records in these states that the filter lets through."""
        payload = attribute(REQ_BYTECODE, bytecode) if bytecode else b""
        self.send(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, states, b"\0" * ID.size, payload)
        while True:
            for kind, _, sequence, body in self.receive():
                if sequence != self.sequence:
                    continue
                if kind in (NLMSG_ERROR, NLMSG_DONE):
                    code = struct.unpack_from("=i", body)[0] if len(body) >= 4 else 0
                    if code < 0:
                        raise DiagError(-code)
                    return
                yield Socket(body)

    def answer(self):
        """Of a request for one: the socket, or None where there is only a status."""
        while True:
            for kind, _, sequence, body in self.receive():
                if sequence != self.sequence:
                    continue
                if kind != NLMSG_ERROR:
                    return Socket(body)
                code = struct.unpack_from("=i", body)[0]
                if code < 0:
                    raise DiagError(-code)
                return None

    def get(self, identity):
        self.send(SOCK_DIAG_BY_FAMILY, 0, 0, identity)
        return self.answer()

    def kill(self, identity):
        self.send(SOCK_DESTROY, NLM_F_ACK, 0, identity)
        self.answer()

    def destroyed(self):
        """Sockets, as they are destroyed; without end."""
        self.netlink.bind((0, 0))       # or /proc/net/netlink does not know of it
        self.netlink.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, GROUP_DESTROYED)
        while True:
            try:
                for _, _, _, body in self.receive():
                    found = Socket(body)
                    if found.number(PROTOCOL) == self.protocol:
                        yield found
            except OSError as exc:
                # Some were lost: more came than were read.
                if exc.errno != errno.ENOBUFS:
                    raise


def identity(src, sport, dst, dport, ifindex=0, cookie=b"\xff" * 8):
    """What names a socket; without a cookie: any that has these names."""
    return ID.pack(sport.to_bytes(2, "big"), dport.to_bytes(2, "big"),
                   socket.inet_aton(src).ljust(16, b"\0"),
                   socket.inet_aton(dst).ljust(16, b"\0"), ifindex, cookie)
