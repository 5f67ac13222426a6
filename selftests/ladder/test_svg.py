# SPDX-License-Identifier: GPL-2.0
"""Pictures."""

import io
import re
import xml.etree.ElementTree as ET

from captures import classic, seen_by, conversations_of as captured_conversations
from common import Trace, arguments, long, conversations_of, text_of, whole
from waltz_ladder import cli
from waltz_ladder.rows import ACK, FIN, SYN
from waltz_ladder.svg import WIDTH

NS = "{http://www.w3.org/2000/svg}"


def picture(lines, *argv):
    """The root of a trace's picture."""
    args = arguments("--svg", *argv, "-")
    out = io.StringIO()
    cli.draw(args, conversations_of(lines, args), out)
    return ET.fromstring(out.getvalue())


def words(root):
    """All texts."""
    return ["".join(t.itertext()) for t in root.iter(NS + "text")]


def test_well_formed():
    """well-formed XML, that needs nothing from elsewhere"""
    root = picture(long(), "--title", "<a & \"b\">", "--left-name", "<&>")
    text = ET.tostring(root, encoding="unicode")
    return [root.tag, "<&>" in words(root), "<a & \"b\">" in words(root),
            re.findall(r"href|url\((?!#)|@import|<script", text)], [NS + "svg", True, True, []]


def test_says_all():
    """each segment of the text is an arrow, with the same words"""
    lines = whole().text()
    segments = r"(?:SYN|FIN|ACK|RST)[\w,]* seq=\d+[\w =]*?(?= (?:x2|lost|again|-)|$)"
    text = re.findall(segments, text_of(lines, "--every"))
    return sorted(re.findall(segments, "\n".join(words(picture(lines, "--every"))), re.M)), \
        sorted(text)


def test_lost():
    """a cross for each that was lost, a point for each that arrived"""
    lines = whole().text()
    root = picture(lines, "--every")
    paths = [p.get("class", "") for p in root.iter(NS + "path")]
    arrived = [p for p in root.iter(NS + "polygon")]
    lost = text_of(lines, "--every").count(" lost ")
    legend = len({p.split()[1] for p in paths if p.startswith("arrow")})
    sent = sum(p.startswith("arrow") for p in paths) - legend
    return [paths.count("lost cross"), len(arrived) - legend], [lost + 1, sent - lost]


def test_states():
    """both hosts' states, in their order"""
    root = picture(whole().text())
    found = [[], []]
    for r in root.iter(NS + "rect"):
        if r.get("class", "").startswith("s-"):
            found[float(r.get("x")) > WIDTH / 2].append(r.get("class")[2:])
    once = [[s for n, s in enumerate(side) if not n or s != side[n - 1]] for side in found]
    return once, [["CLOSED", "SYN_SENT", "ESTABLISHED", "CLOSE_WAIT", "LAST_ACK", "CLOSED"],
                  ["LISTEN", "SYN_RECV", "ESTABLISHED", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT",
                   "CLOSED"]]


def heights(root):
    """Of arrows: (from, to)."""
    found = []
    for p in root.iter(NS + "path"):
        match = re.match(r"M[\d.]+ ([\d.]+)L[\d.]+ ([\d.]+)$", p.get("d", ""))
        if match and p.get("class").startswith("arrow"):
            found.append(tuple(map(float, match.groups())))
    return found


def test_slant():
    """time runs downwards; who takes longer is steeper, in proportion"""
    trace = Trace()
    trace.segment(1, 1, ACK, (1, 1), len=10)
    trace.segment(2, 2, ACK, (1, 11))
    slow = Trace()
    slow.segment(3, 1, ACK, (11, 1), len=20, copies=0)
    line = next(x for x in slow.text() if "segment_send" in x)
    late = line.replace("103.000000", "103.006250").replace("segment_send", "segment_receive") \
        .replace("netns=1", "netns=2").replace(" rtx=0", "") \
        .replace("local=10.0.0.1:40000 remote=10.0.0.2:80",
                 "local=10.0.0.2:80 remote=10.0.0.1:40000")
    tall = [b - a for a, b in heights(picture(trace.text() + [line, late]))]
    return [all(t > 0 for t in tall), round(tall[2] / tall[0], 2), tall[0] == tall[1]], \
        [True, 1.25, True]


def test_delayed():
    """what was delayed is one arrow, from where it left to where it arrived"""
    trace = Trace()
    trace.segment(0, 1, SYN, (0, 0), copies=0)
    trace.segment(1, 1, SYN, (0, 0), rtx=1)
    trace.segment(1.1, 2, SYN | ACK, (0, 1))
    trace.segment(1.2, 1, ACK, (1, 1))
    trace.segment(2.995, 1, SYN, (0, 0))
    lines = [x for x in trace.text() if not ("102.99" in x or "103.00" in x and "send" in x)]
    root = picture(lines)
    ends = sorted(heights(root))
    return [len(ends), ends[0][1] == max(b for _, b in ends)], [4, True]


def test_inside():
    """nothing is outside of the picture, and words of one side are apart"""
    bad = []
    for lines in (long(), whole().text(), whole((4294967295, 4294962296)).text()):
        root = picture(lines, "--every", "--absolute")
        _, _, width, height = map(float, root.get("viewBox").split())
        column = {}
        for t in root.iter(NS + "text"):
            x, y = float(t.get("x")), float(t.get("y"))
            if not (0 <= x <= width and 0 < y < height):
                bad.append("".join(t.itertext()))
            if t.get("class") in ("state", "time dim"):
                column.setdefault((t.get("class"), x), []).append(y)
        for name, ys in column.items():
            ys.sort()
            bad += [(name, a, b) for a, b in zip(ys, ys[1:]) if b - a < 10.9]
    return bad[:3], []


def test_deduced():
    """states from a capture are marked, and so are times that are not known"""
    args = arguments("--svg", "-")
    out = io.StringIO()
    cli.draw(args, captured_conversations(args, classic(seen_by(whole().text(), 1))), out)
    said = words(ET.fromstring(out.getvalue()))
    return ["ESTABLISHED*" in said, "ESTABLISHED" in said,
            any("deduced" in s for s in said), any("seen at client" in s for s in said),
            any(s.startswith("~") for s in said)], [True, False, True, True, True]


def test_several():
    """a picture is of one connection"""
    lines = whole().text()
    lines += [line.replace(":40000", ":40001") for line in lines]
    try:
        picture(lines)
    except cli.Usage:
        return picture(lines, "--number", "2").tag, NS + "svg"
    return "drawn", "refused"


def test_fin_only():
    """a trace of one segment"""
    trace = Trace()
    trace.segment(0, 1, FIN | ACK, (1, 1))
    return picture(trace.text()).tag, NS + "svg"
