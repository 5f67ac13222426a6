# SPDX-License-Identifier: GPL-2.0
"""Lines of a trace, and files of the kernel."""

import os
import sys

from common import whole
from waltz_ladder.cli import utf8_locale
from waltz_ladder.trace import missed, parse, record_left


def test_missed():
    """events that the kernel had no room for are counted"""
    lines = ["CPU:1 [LOST 5 EVENTS]", "CPU:0 [LOST 12 EVENTS]"] + whole().text()[:3]
    return [missed(line) for line in lines], [5, 12, 0, 0, 0]


def test_parse():
    """lines that are no events, or cut short, are passed over"""
    line = whole().text()[1]
    bad = ["", "# tracer: nop", "CPU:1 [LOST 5 EVENTS]", line[:-40],
           line.replace("netns=1", "netns=x"), line.replace("state:", "drop:")]
    return [parse(x) for x in bad] + [parse(line).new], [None] * len(bad) + ["SYN_SENT"]


def test_record():
    """a record in /proc/net/waltz is found by its names"""
    number = int.from_bytes(bytes([10, 0, 0, 2]), sys.byteorder)
    peer = int.from_bytes(bytes([10, 0, 0, 1]), sys.byteorder)
    tick = os.sysconf("SC_CLK_TCK")
    text = ("  sl  local_address rem_address   st\n"
            f"   0: {number:08X}:0050 00000000:0000 0A 0:0 00:00000000 0\n"
            f"   1: {number:08X}:0050 {peer:08X}:9C40 06 0:0 03:{5 * tick:08X} 0\n")
    return ([record_left(text, "10.0.0.2:80", "10.0.0.1:40000"),
             record_left(text, "10.0.0.2:80", "10.0.0.1:40001"),
             record_left("", "10.0.0.2:80", "10.0.0.1:40000")], [5.0, None, None])


def test_locale():
    """the locale's variables, in the order that counts"""
    cases = [({}, False), ({"LANG": "C"}, False), ({"LANG": "en_GB.UTF-8"}, True),
             ({"LANG": "C.utf8", "LC_ALL": "C"}, False),
             ({"LANG": "C.utf8", "LC_ALL": ""}, True),
             ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, True)]
    return [utf8_locale(e) for e, _ in cases], [answer for _, answer in cases]
