#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Draw results of run.py as SVG: connect() against fill, softirq runs at expiry.

usage: plot.py RESULT.json DIRECTORY
"""

import json
import math
import statistics
import sys
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 780, 440
LEFT, RIGHT, TOP, BOTTOM = 90, 20, 64, 96
# Told apart without colours, too: by the shape, or the order.
COLOURS = {"waltz": "#0072b2", "tcp": "#d55e00", "tcp-tuned": "#7a7a00"}


class Picture:
    """A frame with a logarithmic scale upward, and what is drawn in it."""

    def __init__(self, title, below, low, high):
        self.low, self.high = math.floor(math.log10(low)), math.ceil(math.log10(high))
        self.high = max(self.high, self.low + 1)
        self.items = []
        self.text(WIDTH / 2, 24, title, size=17)
        self.text(WIDTH / 2, HEIGHT - 12, below, size=12)

    def y(self, value):
        part = (math.log10(value) - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM)

    def text(self, x, y, text, size=13, anchor="middle", colour="#000", turn=None):
        turned = f' transform="rotate({turn} {x:.1f} {y:.1f})"' if turn else ""
        self.items.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" '
                          f'text-anchor="{anchor}"{turned}>{escape(text)}</text>')

    def line(self, x1, y1, x2, y2, colour="#000", width=1.0, dash=""):
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self.items.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
                          f'stroke="{colour}" stroke-width="{width}"{dashes}/>')

    def box(self, x, y, width, height, colour):
        self.items.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
                          f'height="{height:.1f}" fill="{colour}"/>')

    def ring(self, x, y, colour, full):
        self.items.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" stroke="{colour}" '
                          f'stroke-width="2" fill="{colour if full else "#fff"}"/>')

    def scale(self, name, words):
        for power in range(self.low, self.high + 1):
            y = self.y(10 ** power)
            self.line(LEFT, y, WIDTH - RIGHT, y, "#ccc")
            if words(power):
                self.text(LEFT - 8, y + 4, words(power), anchor="end")
        self.line(LEFT, TOP, LEFT, HEIGHT - BOTTOM)
        self.line(LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM)
        self.text(20, (TOP + HEIGHT - BOTTOM) / 2, name, turn=-90)

    def legend(self, names):
        x = LEFT + 10
        for name in names:
            self.box(x, 42, 12, 12, COLOURS[name])
            self.text(x + 18, 53, name, anchor="start")
            x += 40 + 8 * len(name)

    def write(self, path):
        with open(path, "w", encoding="utf-8") as f:
            f.write('<?xml version="1.0" encoding="UTF-8"?>\n'
                    '<!-- SPDX-License-Identifier: GPL-2.0 -->\n'
                    f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
                    f'height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
                    'font-family="sans-serif">\n<rect width="100%" height="100%" fill="#fff"/>\n')
            f.write("\n".join(self.items) + "\n</svg>\n")


def where(meta):
    return (f"lane {meta['lane']}, Linux {meta['kernel']}, {meta['cpus']} CPU(s), "
            f"loopback, {meta['date'][:10]}")


def microseconds(power):
    return {0: "1 us", 1: "10 us", 2: "100 us", 3: "1 ms", 4: "10 ms", 5: "100 ms",
            6: "1 s"}.get(power, f"1e{power} us")


def fill_points(runs, variant):
    """(fill, failed, lowest, median, highest) in us, over the rounds."""
    for fill in (0, 50, 95, 100):
        mine = [r for r in runs if r["variant"] == variant and r["fill"] == fill]
        good = [r["connect"]["p50"] / 1e3 for r in mine if r["connect"]["n"]]
        bad = [r["failure"]["p50"] / 1e3 for r in mine if r["failure"]["n"]]
        values = good or bad
        if values:
            yield fill, not good, min(values), statistics.median(values), max(values)


def draw_ports(result, path):
    runs = result["ports"]["runs"]
    names = [v for v in COLOURS if any(r["variant"] == v for r in runs)]
    points = {v: list(fill_points(runs, v)) for v in names}
    flat = [p for v in names for p in points[v]]
    if not flat:
        return
    pic = Picture("connect() to one destination, by TIME_WAIT in its port range",
                  where(result["meta"]), min(p[2] for p in flat), max(p[4] for p in flat))
    pic.scale("connect(), median", microseconds)
    step = (WIDTH - LEFT - RIGHT) / 4
    columns = {fill: LEFT + step * (i + 0.5) for i, fill in enumerate((0, 50, 95, 100))}
    for fill, x in columns.items():
        pic.text(x, HEIGHT - BOTTOM + 20, f"{fill} %")
    pic.text(WIDTH / 2, HEIGHT - 40, "points: median of the rounds, bars: lowest to highest; "
             "hollow: EADDRNOTAVAIL", size=12)
    for n, name in enumerate(names):
        last = None
        for fill, failed, low, middle, high in points[name]:
            x, y = columns[fill] + (n - 1) * 16, pic.y(middle)
            if last:
                pic.line(*last, x, y, COLOURS[name], 1.5, "5 3" if failed else "")
            pic.line(x, pic.y(low), x, pic.y(high), COLOURS[name], 2)
            pic.ring(x, y, COLOURS[name], not failed)
            last = (x, y)
    pic.legend(names)
    pic.write(path)


def short(us):
    return f"{us} us" if us < 1000 else f"{us // 1000} ms" if us < 1000000 else "1 s"


def brief(count):
    return str(count) if count < 10000 else f"{count // 1000}k"


def draw_expiry(result, path):
    """The largest size whose expiry was seen: how many softirq runs were how long."""
    runs = [r for r in result["timewait"]["runs"] if r["how"] == "expire"]
    if not runs:
        return
    size = max(r["size"] for r in runs)
    runs = [r for r in runs if r["size"] == size]
    names = [v for v in COLOURS if any(r["variant"] == v for r in runs)]
    counts, longest = {}, {}
    for name in names:
        counts[name] = {}
        longest[name] = max(r["expire"]["max_us"] for r in runs if r["variant"] == name)
        for r in runs:
            if r["variant"] != name:
                continue
            for vector in r["expire"]["vectors"].values():
                for bucket, n in vector["buckets"].items():
                    counts[name][int(bucket)] = counts[name].get(int(bucket), 0) + n
    buckets = sorted({b for c in counts.values() for b in c})
    top = max(n for c in counts.values() for n in c.values())
    pic = Picture(f"Softirq runs while {size:,} TIME_WAIT entries expire", where(result["meta"]),
                  0.5, max(top, 10))
    pic.scale("runs", lambda power: f"{10 ** power:,}" if power >= 0 else "")
    step = (WIDTH - LEFT - RIGHT) / len(buckets)
    bar = min(step * 0.8 / len(names), 40)
    for i, bucket in enumerate(buckets):
        middle = LEFT + step * (i + 0.5)
        pic.text(middle, HEIGHT - BOTTOM + 18, f"<{short(bucket)}", size=11)
        for n, name in enumerate(names):
            count = counts[name].get(bucket, 0)
            if not count:
                continue
            x, y = middle + (n - len(names) / 2) * bar, pic.y(count)
            pic.box(x, y, bar - 2, HEIGHT - BOTTOM - y, COLOURS[name])
            pic.text(x + bar / 2 - 1, y - 4, brief(count), size=10)
    pic.text(WIDTH / 2, HEIGHT - 52, "length of one run", size=12)
    pic.text(WIDTH / 2, HEIGHT - 34, "longest: " +
             ", ".join(f"{n} {longest[n]:,.0f} us" for n in names), size=12)
    pic.legend(names)
    pic.write(path)


def draw(result, directory):
    """The pictures of what there is."""
    if "ports" in result:
        draw_ports(result, f"{directory}/ports.svg")
    if "timewait" in result:
        draw_expiry(result, f"{directory}/expiry.svg")


if __name__ == "__main__":
    with open(sys.argv[1], encoding="ascii") as source:
        draw(json.load(source), sys.argv[2])
