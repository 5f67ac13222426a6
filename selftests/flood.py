#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""A flood of SYNs from addresses that nobody has.

Usage: flood.py DEVICE TARGET TARGET-MAC PORT PROTOCOL SEED

On stdin (see ctl.py): "x send COUNT" sends so many, each from another forged
address and port in 198.18.0.0/15 (RFC 2544), and answers when all are out.
"""

import random
import socket
import struct
import sys

from ctl import serve

ETH_P_IP = 0x0800
SYN = 0x02

device, target, mac, port, protocol, seed = sys.argv[1:7]
generator = random.Random(int(seed))
wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
wire.bind((device, ETH_P_IP))
address = (device, ETH_P_IP, 0, 0, bytes.fromhex(mac.replace(":", "")))


def words(data):
    return sum(struct.unpack(f"!{len(data) // 2}H", data))


def fold(total):
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


# What is the same in all of them is added up once.
IP = struct.pack("!BBHHHBB", 0x45, 0, 40, 0, 0, 64, int(protocol))
TO = socket.inet_aton(target)
TAIL = struct.pack("!IBBH", 0, 5 << 4, SYN, 65535)
IP_SUM = words(IP + TO)
SEGMENT_SUM = words(TO + TAIL) + int(port) + int(protocol) + 20
pack = struct.Struct("!10sH4s4sHHI8sHH").pack


def syn():
    bits = generator.getrandbits(65)
    source = 198 << 24 | 18 << 16 | bits & 0x1FFFF
    sport = 1024 + (bits >> 17 & 0x7FFF)
    seq = bits >> 33 & 0xFFFFFFFF
    their = (source >> 16) + (source & 0xFFFF)
    total = SEGMENT_SUM + their + sport + (seq >> 16) + (seq & 0xFFFF)
    return pack(IP, fold(IP_SUM + their), source.to_bytes(4, "big"), TO, sport, int(port),
                seq, TAIL, fold(total), 0)


def handle(_name, verb, args):
    if verb != "send":
        raise ValueError("no such command")
    for _ in range(int(args[0])):
        wire.sendto(syn(), address)


serve(handle)
