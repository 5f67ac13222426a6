#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""A peer made of segments: sends any segment at all, and shows the answers.

Usage: raw.py DEVICE OUR-ADDRESS THEIR-ADDRESS THEIR-MAC PROTOCOL

It speaks for an address no kernel owns, through AF_PACKET, so nobody answers
but the script. Commands on stdin (see ctl.py), by connection name:

  open PORT [sport=N] [isn=N] [ts=N] [wscale=N] [mss=N] [win=N] [sack]
        a connection to their PORT; sack: our SYN permits SACK
  listen PORT [same]      a connection to be opened by them, to our PORT
  send FLAGS [KEY=VALUE...]
        FLAGS: S A F R P U E C, or - for none. Without seq= it is sent at SND.NXT
        and advances it. What ends in a sign is relative:
        seq=+N, -N            to SND.NXT        ack=+N, -N    to RCV.NXT
        ts=+N, -N             to our clock; ts=none leaves the option out
        len=N, data=TEXT      payload: N times "x", or TEXT
        win=N
        sack=L:R,...          SACK blocks, relative to RCV.NXT
        opt=HEX               these option bytes and no others
        bad                   wrong checksum
        doff=N                claimed data offset, in words
        res=N                 the reserved bits beside it
        tos=N ttl=N           of its IP header, ECN's two bits with it
        cut=N                 only the first N bytes of the segment
        frag                  in two IP fragments
        ipopt=HEX             with these IP options
        src= dst= sport= dport=   other addresses and ports
  spray COUNT SEQ STEP LEN   COUNT segments of LEN bytes, the first at SND.NXT+SEQ,
        each STEP after the one before; nothing advances
  expect FLAGS [seq=N] [ack=N] [len=N] [win=N] [ts=yes|no] [ms=N] [min=MS] [max=MS]
         [sack=L:R,...|none] [sackok=yes|no]
         [tsecr=N] [psh=0|1] [tos=N] [ttl=N] [df=0|1] [ipopt=HEX]
        the next segment; seq relative to RCV.NXT, ack and sack to SND.NXT; min
        and max are its distance in time from the one before; the last four are
        of its IP header. Advances RCV.NXT
  skip FLAGS              throw away what came with just these flags
  ignore FLAGS            the same, of what comes, too; an empty one ends that
  handshake               SYN, SYN-ACK, ACK of an opened connection
  accept                  the same of one that listens
  set snd=N rcv=N ts=N    move SND.NXT, RCV.NXT or the clock by N
  get snd|rcv|isn|irs|peer_ts|port   absolute
  edge                    right edge of the last segment's window, from our ISN
  silent                  nothing came, and nothing will: a sentinel exchange
                          with a closed port went through after it
  forget                  throw away what was captured
  reset                   (any name) a RST on every connection, at SND.NXT
  unreachable CODE [seq=N] [type=N] [mtu=N] [gateway=IP] [src=IP]  an ICMP error
                          (destination unreachable, or of another type) that quotes
                          their last segment, or one with another sequence number
                          (relative)
"""

import os
import select
import socket
import struct
import sys

from checksum import checksum
from ctl import Failure, options, serve

ETH_P_IP = 0x0800
SOL_PACKET = 263
PACKET_AUXDATA = 8
TP_STATUS_CSUMNOTREADY = 1 << 3
SO_TIMESTAMPNS = 35
FLAGS = "FSRPAUEC"
WORD = 0xFFFFFFFF
SENTINEL_PORT = 9
PATIENCE = 10.0

device, our_ip, their_ip, their_mac, protocol = sys.argv[1:6]
protocol = int(protocol)
address = (device, ETH_P_IP, 0, 0, bytes.fromhex(their_mac.replace(":", "")))


def flag_bits(text):
    return sum(1 << FLAGS.index(f) for f in text if f != "-")


def flag_text(bits):
    return "".join(f for i, f in enumerate(FLAGS) if bits >> i & 1) or "-"


def signed(value):
    value &= WORD
    return value - (1 << 32) if value >> 31 else value


def relative(text, base):
    """+N and -N count from base; anything else is absolute."""
    return (base + int(text) if text[0] in "+-" else int(text)) & WORD


class Segment:
    """A segment that came."""

    def __init__(self, packet, data, when, checked):
        self.tos, self.df, self.ttl = packet[1], packet[6] >> 6 & 1, packet[8]
        self.sport, self.dport, self.seq, self.ack, off, bits, self.win, _, _ = \
            struct.unpack("!HHIIBBHHH", data[:20])
        self.flags = flag_text(bits).replace("P", "")
        self.psh = int(bits & flag_bits("P") != 0)
        self.header = data[:8]
        self.ipopt = packet[20:(packet[0] & 15) * 4].hex()
        self.when = when
        self.checked = checked
        self.len = len(data) - (off >> 4) * 4
        self.tsval = self.tsecr = self.mss = self.wscale = None
        self.sackok, self.sack = "no", []
        self.options(data[20:(off >> 4) * 4])

    def options(self, opts):
        while opts and opts[0]:
            if opts[0] == 1:
                opts = opts[1:]
                continue
            kind, size = opts[0], opts[1]
            body = opts[2:size]
            if kind == 2:
                self.mss, = struct.unpack("!H", body)
            elif kind == 3:
                self.wscale = body[0]
            elif kind == 4:
                self.sackok = "yes"
            elif kind == 5:
                self.sack = list(struct.iter_unpack("!II", body))
            elif kind == 8:
                self.tsval, self.tsecr = struct.unpack("!II", body)
            opts = opts[size:]

    def space(self):
        return self.len + ("S" in self.flags) + ("F" in self.flags)


class Wire:
    """Sends and captures IP packets on the device."""

    def __init__(self):
        # One CPU for all that is sent: the path to the other end of a veth is
        # per CPU, and what is sent first must arrive first.
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
        self.sock.bind((device, ETH_P_IP))
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self.queue = []
        self.ident = 0

    def send(self, payload, src=our_ip, dst=their_ip, proto=protocol, frag=False, ipopt=b"",
             tos=0, ttl=64):
        self.ident += 1
        parts = [(0, payload)]
        if frag:
            parts = [(0, payload[:24]), (24, payload[24:])]
        for offset, part in parts:
            more = 0x2000 if frag and offset == 0 else 0
            size = 20 + len(ipopt)
            header = struct.pack("!BBHHHBBH4s4s", 0x40 | size // 4, tos, size + len(part),
                                 self.ident, more | offset >> 3, ttl, proto, 0,
                                 socket.inet_aton(src), socket.inet_aton(dst)) + ipopt
            header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
            self.sock.sendto(header + part, address)

    def receive(self):
        data, ancillary, _, where = self.sock.recvmsg(1 << 16, 256)
        when, status = 0.0, 0
        for level, kind, value in ancillary:
            if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
                seconds, nanoseconds = struct.unpack("qq", value[:16])
                when = seconds + nanoseconds / 1e9
            elif level == SOL_PACKET and kind == PACKET_AUXDATA:
                status, = struct.unpack("I", value[:4])
        if where[2] == socket.PACKET_OUTGOING or data[9] != protocol:
            return
        if data[12:20] != socket.inet_aton(their_ip) + socket.inet_aton(our_ip):
            return
        segment = data[(data[0] & 15) * 4:struct.unpack("!H", data[2:4])[0]]
        pseudo = data[12:20] + struct.pack("!HH", protocol, len(segment))
        # A veth leaves the sum to the hardware that is not there.
        checked = bool(status & TP_STATUS_CSUMNOTREADY) or not checksum(pseudo + segment)
        self.queue.append(Segment(data, segment, when, checked))

    def drain(self):
        """Take in what has come."""
        while select.select([self.sock], [], [], 0)[0]:
            self.receive()

    def wait(self, match, seconds):
        """The first segment for which match() holds, taken off the queue."""
        import time

        end = time.monotonic() + seconds
        while True:
            for i, seg in enumerate(self.queue):
                if match(seg):
                    return self.queue.pop(i)
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.sock], [], [], left)[0]:
                return None
            self.receive()


wire = Wire()
sentinels = 0


class Connection:
    """Our side of one connection, as far as the script follows it."""

    def __init__(self, sport, dport, opts):
        self.sport, self.dport = sport, dport
        self.isn = int(opts.get("isn", 1000000))
        self.ts = int(opts["ts"]) if "ts" in opts else None
        self.wscale = int(opts["wscale"]) if "wscale" in opts else None
        self.mss = int(opts["mss"]) if "mss" in opts else None
        self.win = int(opts.get("win", 65535))
        self.sack = "sack" in opts
        self.snd = self.isn
        self.rcv = self.irs = None
        self.peer_ts = self.peer_wscale = 0
        self.last = None
        self.ignored = ""

    # ---- sending

    def option_bytes(self, bits, opts):
        if "opt" in opts:
            return bytes.fromhex(opts["opt"])
        out = b""
        syn = bits & flag_bits("S")
        if syn and self.mss is not None:
            out += struct.pack("!BBH", 2, 4, self.mss)
        if self.ts is not None and opts.get("ts") != "none" and not bits & flag_bits("R"):
            value = relative(opts.get("ts", "+0"), self.ts)
            out += struct.pack("!BBBBII", 1, 1, 8, 10, value, self.peer_ts)
        if syn and self.wscale is not None:
            out += bytes((1, 3, 3, self.wscale))
        if syn and self.sack:
            out += bytes((1, 1, 4, 2))
        if "sack" in opts:
            blocks = opts["sack"].split(",")
            out += bytes((1, 1, 5, 2 + 8 * len(blocks)))
            for edge in ":".join(blocks).split(":"):
                out += struct.pack("!I", (self.rcv + int(edge)) & WORD)
        return out

    def do_send(self, flags, *words):
        opts = options(words)
        bits = flag_bits(flags)
        seq = relative(opts.get("seq", "+0"), self.snd)
        ack = 0
        if bits & flag_bits("A") or "ack" in opts:
            ack = relative(opts.get("ack", "+0"), self.rcv or 0)
        payload = opts.get("data", "x" * int(opts.get("len", 0))).encode()
        extra = self.option_bytes(bits, opts)
        extra += b"\0" * (-len(extra) % 4)
        doff = int(opts.get("doff", 5 + len(extra) // 4))
        src, dst = opts.get("src", our_ip), opts.get("dst", their_ip)
        segment = struct.pack("!HHIIBBHHH", int(opts.get("sport", self.sport)),
                              int(opts.get("dport", self.dport)), seq, ack,
                              doff << 4 | int(opts.get("res", 0)),
                              bits, int(opts.get("win", self.win)), 0, 0) + extra + payload
        if "cut" in opts:
            segment = segment[:int(opts["cut"])]
        pseudo = socket.inet_aton(src) + socket.inet_aton(dst)
        pseudo += struct.pack("!HH", protocol, len(segment))
        if len(segment) >= 18:
            total = checksum(pseudo + segment)
            if "bad" in opts:
                total ^= 0x5555
            segment = segment[:16] + struct.pack("!H", total) + segment[18:]
        wire.send(segment, src, dst, frag="frag" in opts,
                  ipopt=bytes.fromhex(opts.get("ipopt", "")), tos=int(opts.get("tos", 0)),
                  ttl=int(opts.get("ttl", 64)))
        if "seq" not in opts:
            syn_fin = (bits & flag_bits("S") != 0) + (bits & flag_bits("F") != 0)
            self.snd = (seq + len(payload) + syn_fin) & WORD

    def do_spray(self, count, seq, step, size):
        for i in range(int(count)):
            self.do_send("A", f"seq={int(seq) + i * int(step):+d}", f"len={size}")
            if not i % 64:
                wire.drain()

    def do_unreachable(self, code, *words):
        opts = options(words)
        seq = relative(opts.get("seq", "+0"), self.last.seq)
        quoted = self.last.header[:4] + struct.pack("!I", seq)
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 1, 0, 64, protocol, 0,
                         socket.inet_aton(their_ip), socket.inet_aton(our_ip))
        info = struct.pack("!I", int(opts.get("mtu", 0)))
        if "gateway" in opts:
            info = socket.inet_aton(opts["gateway"])
        body = struct.pack("!BBH", int(opts.get("type", 3)), int(code), 0) + info + ip + quoted
        body = body[:2] + struct.pack("!H", checksum(body)) + body[4:]
        wire.send(body, opts.get("src", our_ip), proto=socket.IPPROTO_ICMP)

    # ---- receiving

    def ours(self, seg):
        if seg.dport != self.sport or seg.flags == self.ignored:
            return False
        return seg.sport == self.dport or self.dport is None

    def show(self, seg):
        rseq = signed(seg.seq - self.rcv) if self.rcv is not None else 0
        rack = signed(seg.ack - self.snd) if "A" in seg.flags else 0
        text = f"{seg.flags} seq={rseq} ack={rack} len={seg.len} win={seg.win}"
        text += f" tos={seg.tos}" if seg.tos else ""
        for key in ("tsval", "tsecr", "mss", "wscale"):
            value = getattr(seg, key)
            text += f" {key}={value}" if value is not None else ""
        if seg.sack:
            text += f" sack={self.blocks(seg)}"
        if self.last is not None:
            text += f" gap={(seg.when - self.last.when) * 1000:.0f}ms"
        return text

    def blocks(self, seg):
        return ",".join(f"{signed(left - self.snd)}:{signed(right - self.snd)}"
                        for left, right in seg.sack) or "none"

    def mismatch(self, seg, flags, opts):
        if not seg.checked:
            return "a wrong checksum"
        if seg.flags != flag_text(flag_bits(flags)).replace("P", ""):
            return f"{flags} was expected"
        values = {"seq": signed(seg.seq - (seg.seq if self.rcv is None else self.rcv)),
                  "ack": signed(seg.ack - self.snd), "len": seg.len, "win": seg.win,
                  "tsecr": seg.tsecr, "psh": seg.psh, "tos": seg.tos, "ttl": seg.ttl,
                  "df": seg.df}
        for key, value in values.items():
            if key in opts and value != int(opts[key]):
                return f"{key}={opts[key]} was expected"
        if opts.get("sack", self.blocks(seg)) != self.blocks(seg):
            return f"sack={opts['sack']} was expected"
        if opts.get("sackok", seg.sackok) != seg.sackok:
            return f"SACK permitted: {opts['sackok']} was expected"
        if "ipopt" in opts and seg.ipopt != opts["ipopt"]:
            return f"IP options {seg.ipopt}"
        if "ts" in opts and (seg.tsval is not None) != (opts["ts"] == "yes"):
            return f"timestamps: {opts['ts']} was expected"
        gap = (seg.when - self.last.when) * 1000 if self.last is not None else 0
        if "min" in opts and gap < float(opts["min"]):
            return f"not before {opts['min']} ms was expected"
        if "max" in opts and gap > float(opts["max"]):
            return f"within {opts['max']} ms was expected"
        return None

    def do_expect(self, flags, *words):
        opts = options(words)
        seconds = float(opts.get("ms", PATIENCE * 1000)) / 1000
        seg = wire.wait(self.ours, seconds)
        if seg is None:
            raise Failure(f"no {flags} came within {seconds:g} s")
        shown = self.show(seg)
        wrong = self.mismatch(seg, flags, opts)
        if wrong:
            raise Failure(f"{shown}: {wrong}")
        self.dport = seg.sport
        if "S" in seg.flags:
            self.irs = self.rcv = seg.seq
            self.peer_wscale = seg.wscale or 0
        if self.rcv is None or seg.seq == self.rcv:
            self.rcv = (seg.seq + seg.space()) & WORD
        if seg.tsval is not None:
            self.peer_ts = seg.tsval
        self.last = seg
        return shown

    def do_skip(self, flags):
        want = flag_text(flag_bits(flags))
        wire.drain()
        wire.queue = [s for s in wire.queue if not (self.ours(s) and s.flags == want)]

    def do_ignore(self, flags=""):
        self.ignored, before = "", self.ignored
        if before:
            self.do_skip(before)
        self.ignored = flag_text(flag_bits(flags)) if flags else ""

    def do_silent(self):
        global sentinels
        sentinels += 1
        port = 20000 + sentinels
        probe = Connection(port, SENTINEL_PORT, {})
        probe.do_send("S")
        if wire.wait(probe.ours, PATIENCE) is None:
            raise Failure("the sentinel was not answered")
        came = wire.wait(self.ours, 0)
        if came:
            raise Failure(f"an answer: {self.show(came)}")

    def do_forget(self):
        wire.drain()
        wire.queue.clear()

    # ---- both

    def do_handshake(self):
        self.do_send("S")
        shown = self.do_expect("SA", "ack=0")
        if self.last.tsval is None:
            self.ts = None
        self.do_send("A")
        return shown

    def do_accept(self):
        shown = self.do_expect("S")
        if self.last.tsval is None:
            self.ts = None
        self.do_send("SA")
        self.do_expect("A", "seq=0", "ack=0")
        return shown

    def do_set(self, *words):
        for key, value in options(words).items():
            setattr(self, key, (getattr(self, key) + int(value)) & WORD)

    def do_edge(self):
        return (self.last.ack + (self.last.win << self.peer_wscale) - self.isn) & WORD

    def do_get(self, key):
        return self.dport if key == "port" else getattr(self, key)


connections = {}


def handle(name, verb, args):
    if verb == "open":
        opts = options(args[1:])
        sport = int(opts.get("sport", 10000 + len(connections)))
        connections[name] = Connection(sport, int(args[0]), opts)
        return sport
    if verb == "listen":
        connections[name] = Connection(int(args[0]), None, options(args[1:]))
        return None
    if verb == "reset":
        for connection in connections.values():
            if connection.dport is not None:
                connection.do_send("R")
        return None
    if not hasattr(Connection, "do_" + verb):
        raise Failure("no such command")
    return getattr(connections[name], "do_" + verb)(*args)


serve(handle)
