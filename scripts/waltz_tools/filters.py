# SPDX-License-Identifier: GPL-2.0
"""ss's filters: states, and expressions over addresses and ports.

    EXPRESSION = TERM { "or" TERM }         also "|", "||"
    TERM       = FACTOR { ["and"] FACTOR }  also "&", "&&"
    FACTOR     = "not" FACTOR | "(" EXPRESSION ")" | CONDITION
    CONDITION  = ("src" | "dst") [RELATION] ADDRESS
               | ("sport" | "dport") [RELATION] PORT
               | "dev" [RELATION] DEVICE | "fwmark" [RELATION] MARK[/MASK]
               | "autobound"

A parsed expression has two uses: code() is what the kernel filters by
(INET_DIAG_REQ_BYTECODE), and matches() the same here, for what comes unasked.
"""

import ipaddress
import re
import socket
import struct

from . import diag

OP = struct.Struct("=BBH")
JMP, S_GE, S_LE, D_GE, D_LE, AUTO, S_COND, D_COND, DEV, MARK, S_EQ, D_EQ = range(1, 13)

RELATIONS = {}
for _name, _words in (("=", "= == eq"), ("!=", "!= ne neq"), (">=", ">= ge geq"),
                      ("<=", "<= le leq"), (">", "> gt"), ("<", "< lt")):
    RELATIONS.update((_word, _name) for _word in _words.split())

TOKEN = re.compile(r"\s*(\(|\)|&&?|\|\|?|[!=<>]=?|[^\s()&|!=<>]+)")


class FilterError(Exception):
    """The expression is none."""


def condition(code, data):
    """True goes on behind it; False behind what follows it, a jump's length on."""
    length = OP.size + len(data)
    return OP.pack(code, length, length + OP.size) + data


class All:
    """Both; the empty one is always true."""

    def __init__(self, *parts):
        self.parts = parts

    def code(self):
        whole = b""
        for part in reversed(self.parts):
            whole = moved(part.code(), len(whole)) + whole
        return whole

    def matches(self, sock):
        return all(part.matches(sock) for part in self.parts)


class Any:
    def __init__(self, left, right):
        self.left, self.right = left, right

    def code(self):
        right = self.right.code()
        return self.left.code() + OP.pack(JMP, OP.size, len(right) + OP.size) + right

    def matches(self, sock):
        return self.left.matches(sock) or self.right.matches(sock)


class Not:
    def __init__(self, part):
        self.part = part

    def code(self):
        return self.part.code() + OP.pack(JMP, OP.size, 2 * OP.size)

    def matches(self, sock):
        return not self.part.matches(sock)


class Port:
    def __init__(self, side, relation, port):
        self.side, self.relation, self.port = side, relation, port

    def code(self):
        ours = self.side == "sport"
        code = {"=": S_EQ if ours else D_EQ, ">=": S_GE if ours else D_GE,
                "<=": S_LE if ours else D_LE}[self.relation]
        return condition(code, OP.pack(0, 0, self.port))

    def matches(self, sock):
        port = getattr(sock, self.side)
        return {"=": port == self.port, ">=": port >= self.port,
                "<=": port <= self.port}[self.relation]


class Address:
    def __init__(self, side, network, port):
        self.side, self.network, self.port = side, network, port

    def code(self):
        data = struct.pack("=BBxxi", socket.AF_INET, self.network.prefixlen,
                           -1 if self.port is None else self.port)
        return condition(S_COND if self.side == "src" else D_COND,
                         data + self.network.network_address.packed)

    def matches(self, sock):
        port = sock.sport if self.side == "src" else sock.dport
        return ipaddress.ip_address(getattr(sock, self.side)) in self.network and \
            self.port in (None, port)


class Device:
    def __init__(self, index):
        self.index = index

    def code(self):
        return condition(DEV, struct.pack("=I", self.index))

    def matches(self, sock):
        return sock.ifindex == self.index


class Mark:
    def __init__(self, mark, mask):
        self.mark, self.mask = mark, mask

    def code(self):
        return condition(MARK, struct.pack("=II", self.mark, self.mask))

    def matches(self, sock):
        return (sock.number(diag.MARK) or 0) & self.mask == self.mark


class Autobound:
    def code(self):
        return condition(AUTO, b"")

    def matches(self, sock):
        raise FilterError("autobound: the news of a destroyed socket do not say it")


def moved(code, distance):
    """Where it jumps out as false, it jumps over what is put behind it, too."""
    code, at = bytearray(code), 0
    while at < len(code):
        op, yes, no = OP.unpack_from(code, at)
        if no == len(code) - at + OP.size:
            OP.pack_into(code, at, op, yes, no + distance)
        at += yes
    return bytes(code)


def parse_port(word):
    word = word.removeprefix(":")
    if word.isdigit():
        port = int(word)
    else:
        try:
            port = socket.getservbyname(word, "tcp")
        except OSError:
            raise FilterError(f"no such port: {word}") from None
    if port > 65535:
        raise FilterError(f"no such port: {word}")
    return port


def parse_network(word):
    if word in ("", "*"):
        return ipaddress.ip_network("0.0.0.0/0")
    host, slash, bits = word.partition("/")
    try:
        host = socket.gethostbyname(host)
        return ipaddress.IPv4Network(host + slash + bits, strict=False)
    except (OSError, ValueError):
        raise FilterError(f"no such IPv4 address: {word}") from None


class Parser:
    def __init__(self, text):
        self.tokens, at, text = [], 0, text.strip()
        while at < len(text):
            token = TOKEN.match(text, at)
            self.tokens.append(token[1])
            at = token.end()

    def peek(self):
        return self.tokens[0] if self.tokens else None

    def take(self, what="more"):
        if not self.tokens:
            raise FilterError(f"the expression ends where {what} is wanted")
        return self.tokens.pop(0)

    def parse(self):
        if not self.tokens:
            return All()
        found = self.expression()
        if self.tokens:
            raise FilterError(f"not understood: {self.peek()}")
        return found

    def expression(self):
        left = self.term()
        while self.peek() in ("or", "|", "||"):
            self.take()
            left = Any(left, self.term())
        return left

    def term(self):
        parts = [self.factor()]
        while self.peek() not in (None, "or", "|", "||", ")"):
            if self.peek() in ("and", "&", "&&"):
                self.take()
            parts.append(self.factor())
        return All(*parts) if len(parts) > 1 else parts[0]

    def factor(self):
        token = self.take("a condition")
        if token in ("not", "!"):
            return Not(self.factor())
        if token == "(":
            found = self.expression()
            if self.take(")") != ")":
                raise FilterError(") is missing")
            return found
        if token == "autobound":
            return Autobound()
        if token not in ("src", "dst", "sport", "dport", "dev", "fwmark"):
            raise FilterError(f"not understood: {token}")
        relation = RELATIONS[self.take()] if self.peek() in RELATIONS else "="
        word = self.take(f"the value of {token}")
        if token in ("sport", "dport"):
            return self.port(token, relation, parse_port(word))
        if relation not in ("=", "!="):
            raise FilterError(f"{token} is only = or !=")
        found = getattr(self, token)(word)
        return Not(found) if relation == "!=" else found

    @staticmethod
    def port(side, relation, port):
        if relation in (">", "<="):
            below = Port(side, "<=", port)
            return Not(below) if relation == ">" else below
        if relation in ("<", ">="):
            above = Port(side, ">=", port)
            return Not(above) if relation == "<" else above
        same = Port(side, "=", port)
        return Not(same) if relation == "!=" else same

    @staticmethod
    def address(side, word):
        host, colon, port = word.partition(":")
        port = parse_port(port) if colon and port not in ("", "*") else None
        return Address(side, parse_network(host), port)

    def src(self, word):
        return self.address("src", word)

    def dst(self, word):
        return self.address("dst", word)

    @staticmethod
    def dev(word):
        try:
            return Device(int(word) if word.isdigit() else socket.if_nametoindex(word))
        except OSError:
            raise FilterError(f"no such device: {word}") from None

    @staticmethod
    def fwmark(word):
        mark, slash, mask = word.partition("/")
        try:
            mask = int(mask, 0) if slash else 0xffffffff
            return Mark(int(mark, 0) & mask, mask)
        except ValueError:
            raise FilterError(f"no mark: {word}") from None


# ---- states

def _bits(*states):
    return sum(1 << state for state in states)


_CONNECTED = diag.ALL_STATES & ~_bits(diag.LISTEN, diag.CLOSE)
_RECORDS = _bits(diag.SYN_RECV, diag.TIME_WAIT)

STATE_NAMES = {
    "all": diag.ALL_STATES,
    "connected": _CONNECTED,
    "synchronized": _CONNECTED & ~_bits(diag.SYN_SENT),
    "bucket": _RECORDS,
    "big": diag.ALL_STATES & ~_RECORDS,
    "established": _bits(diag.ESTABLISHED),
    "closed": _bits(diag.CLOSE),
    "listening": _bits(diag.LISTEN),
}
STATE_NAMES.update((name.lower(), 1 << state)
                   for state, name in enumerate(diag.STATES) if state)

DEFAULT_STATES = _CONNECTED & ~_RECORDS
LISTENING = _bits(diag.LISTEN, diag.CLOSE)


def parse(words):
    """ss's arguments: (states, expression); states is None when none is named."""
    states, words = None, list(words)
    while words and words[0] in ("state", "exclude"):
        which = words.pop(0)
        if not words:
            raise FilterError(f"{which}: which?")
        name = words.pop(0).lower()
        if name not in STATE_NAMES:
            raise FilterError(f"no such state: {name} ({', '.join(STATE_NAMES)})")
        if which == "state":
            states = (states or 0) | STATE_NAMES[name]
        else:
            states = (diag.ALL_STATES if states is None else states) & ~STATE_NAMES[name]
    return states, Parser(" ".join(words)).parse()
