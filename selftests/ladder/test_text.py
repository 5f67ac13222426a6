# SPDX-License-Identifier: GPL-2.0
"""What a terminal and a mail get."""

import io
import os
import re

from captures import classic, seen_by, conversations_of
from common import (Trace, arguments, clean, conversations_of as traced, each, long, text_of,
                    whole)
from waltz_ladder import cli
from waltz_ladder.rows import ACK, FIN, MOD, SYN
from waltz_ladder.trace import parse


def rows_in(lines, *argv):
    """Chapters, as printed."""
    out = io.StringIO()
    cli.chapters(arguments("--chapters", "--left", "1", "--right", "2", *argv), lines, out)
    return out.getvalue()


def test_widths():
    """no line is wider than was asked for, whatever it says"""
    lines = long()
    captured = [classic(seen_by(lines, host)) for host in (1, 2)]
    bad = []
    for width in (*range(60, 161, 3), 72, 80, 100, 160):
        argv = ("--width", str(width))
        texts = [text_of(lines, *argv), text_of(lines, "--every", "--absolute", *argv),
                 rows_in(lines, "--captions", "--note", "A word about it. " * 9, *argv),
                 text_of(lines, "--left-name", "n" * 40, "--title", "t" * 200, *argv)]
        for data in (captured, captured[:1]):
            args = arguments("--every", *argv, "-")
            out = io.StringIO()
            cli.draw(args, conversations_of(args, *data), out)
            texts.append(out.getvalue())
        bad += [(width, line) for text in texts for line in text.splitlines()
                if len(line) > width]
    return bad[:3], []


def test_complete():
    """and nothing is left out of what is narrow"""
    lines = long()
    wide = text_of(lines, "--every", "--width", "99")
    narrow = text_of(lines, "--every", "--width", "60")
    return [sorted(re.findall(r"(?:seq|ack|len)=\d+|again|lost|x2|\([\w ]+-[\w-]+\)", t))
            for t in (narrow,)], \
        [sorted(re.findall(r"(?:seq|ack|len)=\d+|again|lost|x2|\([\w ]+-[\w-]+\)", wide))]


def test_mail():
    """a mail has 72 columns, all of them ASCII, without colours"""
    os.environ["LC_ALL"] = "C.UTF-8"
    try:
        text = text_of(long(), "--mail", "--color")
    finally:
        os.environ["LC_ALL"] = "C"
    return (text.isascii(), "\033" in text, max(map(len, text.splitlines())) <= 72,
            "SYN_SENT" in text), (True, False, True, True)


def test_color():
    """colours change nothing else"""
    lines = long()
    return re.sub(r"\033\[[\d;]*m", "", text_of(lines, "--color")), text_of(lines)


def test_wide():
    """where there is room: the window, and when a segment arrived"""
    text = text_of(whole().text(), "--every", "--width", "120")
    row = next(line for line in text.splitlines() if "SYN,ACK" in line)
    return re.sub(r"(-)\1+|( )\2+", r"\1\1\2", row).split(), \
        "1.007 ESTABLISHED |<-- SYN,ACK seq=5000 ack=1001 win=9 x2 --| 1.012".split()


def test_short():
    """what took less than a tenth of a second is told in milliseconds"""
    trace = Trace()
    trace.segment(0.001, 1, ACK, (1, 1), len=10)
    trace.segment(0.0069, 2, ACK, (1, 11))
    text = text_of(trace.text(), "--every")
    return ["time/ms" in text, [line.split()[0] for line in text.splitlines()[2:]]], \
        [True, ["0.000", "5.900"]]


def test_numbers():
    """numbers count from the SYN, or are as they were sent"""
    lines = whole().text()
    def syn(*argv):
        text = text_of(lines, *argv)
        return re.findall(r"(?<=[-|] )(?:SYN,ACK|FIN,ACK) seq=\d+ ack=\d+", text)[:2]
    return [syn(), syn("--absolute"), syn("--relative")], [
        ["SYN,ACK seq=5000 ack=1001", "FIN,ACK seq=10001 ack=81"],
        ["SYN,ACK seq=5000 ack=1001", "FIN,ACK seq=15001 ack=1081"],
        ["SYN,ACK seq=0 ack=1", "FIN,ACK seq=10001 ack=81"]]


def test_fold():
    """long runs are summed up, and nothing is missing from the sum"""
    trace = Trace()
    trace.handshake()
    for n in range(300):
        trace.segment(1.2 + n / 1000, 2, ACK, (1 + 1000 * n, 1), len=1000, copies=n != 100)
        trace.segment(1.2055 + n / 1000, 1, ACK, (1, 1001 + 1000 * n))
    trace.segment(2, 2, ACK, (100001, 1), len=1000, rtx=1)
    trace.segment(3, 2, FIN | ACK, (300001, 1))
    text = text_of(trace.text())
    sums = [(int(a), int(b.replace(",", ""))) for a, b in
            re.findall(r"(\d+) segments, ([\d,]+) bytes", text)]
    acks = [int(a) for a in re.findall(r"(\d+) ACKs", text)]
    arrows = re.findall(r"<-+ ACK seq=\d+ ack=1 len=1000( again)? -", text)
    acks_drawn = len(re.findall(r"ACK seq=1 ack=\d+ -+>", text)) - 1
    return [len(text.splitlines()) < 20, sums[0][0] + len(arrows), sums[0][1] + 1000 * sum(
        not a for a in arrows), acks[0] + acks_drawn, "1 lost" in text], \
        [True, 301, 300000, 300, True]


def test_why():
    """why a segment was sent again, where the trace says so"""
    trace = whole()
    for at, why in ((1.1005, "timeout"), (1.5999, "RACK")):
        seq = trace.isn[1] if why == "timeout" else trace.isn[2] + 3001
        host = 1 if why == "timeout" else 2
        trace.put(at, "retransmit", host, f"@ seq={seq} len=0 why={why} cookie=7")
    return [row for row in each(trace.text()) if "(" in row and "again" in row], [
        "1.001 |-- SYN seq=1000 again (timeout) -->| SYN_RECV",
        "1.500 |<- ACK seq=3001 ack=81 len=1000 again (RACK) --|"]


def test_more():
    """fields and events that nobody knows are passed over"""
    lines = whole().text()
    more = [line + " cookie=123 mood=good" for line in lines]
    more[3:3] = ["  x-1 [000] .... 101.2: mood: netns=1 local=10.0.0.1:40000 what=ever"]
    return each(more), each(lines)


def test_chosen():
    """connections by host, port, namespace and number"""
    lines = whole().text()
    lines += [line.replace(":40000", ":40001").replace("netns=1", "netns=3")
              .replace("10.0.0.1", "10.0.0.3") for line in whole().text()]
    def chosen(*argv):
        args = arguments(*argv, "-")
        out = io.StringIO()
        args.list = True
        cli.draw(args, traced(lines, args), out)
        return re.findall(r"^(\d+): [\d.]+:(\d+)", out.getvalue(), re.M)
    one, two = ("1", "40000"), ("2", "40001")
    return [chosen(), chosen("--port", "40001"), chosen("--host", "10.0.0.1"),
            chosen("--netns", "3"), chosen("--number", "2"), chosen("--port", "7"),
            chosen("--host", "10.0.0.2", "--port", "80")], \
        [[one, two], [("1", "40001")], [one], [("1", "40001")], [two], [], [one, two]]


def test_same_names():
    """two pairs of hosts that have the same addresses"""
    lines = whole().text()
    others = [line.replace("netns=1 ", "netns=3 ").replace("netns=2 ", "netns=4 ")
              for line in whole().text()]
    return each(lines + others, "--left", "1", "--right", "2"), each(lines)


def test_loopback():
    """both hosts in one namespace"""
    lines = [line.replace("netns=2", "netns=1") for line in whole().text()]
    return each(lines), each(whole().text())


def test_follow():
    """what is drawn as it comes, of two connections, is what is drawn at the end"""
    lines = clean().text()
    later = [re.sub(r"\b1(\d\d\.\d{6}:)", r"2\1", line).replace(":40000", ":40001")
             for line in lines]
    out = io.StringIO()
    follow = cli.Follow(arguments("--live"), out)
    for line in lines + later:
        event = parse(line)
        follow.feed(event)
        follow.show(False)
    follow.show(True)
    follow.show(True)
    return out.getvalue().split("\n"), text_of(lines + later).split("\n")


def test_usage():
    """arguments that do not fit each other, or nothing"""
    bad = []
    for argv in (["--live", "x"], ["--live", "--", "true"], ["x", "--", "true"], ["a", "b", "c"],
                 ["--absolute", "--relative", "x"], ["--chapters", "x"], ["--svg", "--mail", "x"],
                 ["--live", "--svg"]):
        try:
            arguments(*argv)
            bad.append(argv)
        except cli.Usage:
            pass
    return bad, []


def test_syn_alone():
    """nobody answers: three SYNs, all lost"""
    trace = Trace()
    trace.state(0, 1, "CLOSED -> SYN_SENT", "connect")
    for at in (0.001, 1.001, 3.001):
        trace.segment(at, 1, SYN, (0, 0), copies=0, rtx=int(at > 1))
    trace.state(7, 1, "SYN_SENT -> CLOSED", "timeout")
    # The other host is there: it has a listener.
    trace.state(-0.5, 2, "CLOSED -> LISTEN", "listen", remote="0.0.0.0:0")
    return each(trace.text()), [
        "CLOSED | |",
        "0.001 SYN_SENT |-- SYN seq=1000 -->|",
        "1.001 |-- SYN seq=1000 again -->|",
        "3.001 |-- SYN seq=1000 again -->|",
        "7.000 CLOSED | (given up) |"]
