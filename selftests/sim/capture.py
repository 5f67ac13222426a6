#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Prints a line for each segment on a device: when, and all of its header.

Usage: capture.py DEVICE PROTOCOL
"""

import socket
import struct
import sys

ETH_P_ALL = 3
ETH_P_IP = 0x0800
SO_TIMESTAMPNS = 35

device, protocol = sys.argv[1], int(sys.argv[2])
sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
sock.bind((device, ETH_P_ALL))
sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 20)
sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
print("capturing", flush=True)
while True:
    data, ancillary, _, where = sock.recvmsg(1 << 16, 256)
    if where[1] != ETH_P_IP or data[9] != protocol:
        continue
    seconds, nanoseconds = struct.unpack("qq", ancillary[0][2][:16])
    header = (data[0] & 15) * 4
    end = header + (data[header + 12] >> 4) * 4
    print(f"segment {seconds}.{nanoseconds:09} {where[2]} {len(data)} {data[12:end].hex()}",
          flush=True)
