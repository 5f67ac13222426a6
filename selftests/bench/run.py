#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Measure churn, ports or TIME_WAIT of Waltz beside Linux TCP; see benchmark.rst.

usage: run.py churn|ports|timewait --load PROGRAM --out DIRECTORY [OPTION...]

Runs in the test machine, as root, with waltz.ko loaded; scripts/bench starts it.
Variants take turns, there and back (A B C, C B A, ...), each turn in a new network
namespace. DIRECTORY gets WHAT.json, WHAT.txt (the table, also printed) and plots.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time

import plot
import system

VARIANTS = {
    "waltz": (253, {}),
    "tcp": (6, {}),
    "tcp-tuned": (6, {"net/ipv4/tcp_tw_reuse": 1, "net/ipv4/tcp_max_tw_buckets": 4000000}),
}


def say(text):
    print(text, file=sys.stderr, flush=True)


class Load:
    """A load program: one variant, one namespace."""

    def __init__(self, variant):
        protocol, settings = VARIANTS[variant]
        self.waltz = variant == "waltz"
        self.process = subprocess.Popen([args.load, str(protocol)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        for name, value in settings.items():
            self.set(name, value)

    def do(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        got = json.loads(answer) if answer else {"error": "it died"}
        if "error" in got:
            sys.exit(f"run.py: '{line}': {got['error']}")
        return got

    def set(self, name, value):
        self.do(f"set {name} {value}")

    def entries(self):
        """TIME_WAIT records in its namespace."""
        return system.entries(self.process.pid, self.waltz)

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def save(result):
    """After every turn: who stops in the middle keeps what there is."""
    with open(f"{args.out}/{args.what}.json", "w", encoding="ascii") as f:
        json.dump(result, f, indent=1)


def turns():
    """All variants, by turns, there and back: (round, variant)."""
    for i in range(args.pairs):
        names = args.variants if i % 2 == 0 else args.variants[::-1]
        for name in names:
            yield i, name


# ---- what is measured

def churn():
    out = {"runs": [], "sustained": []}
    for i, variant in turns():
        for who in ("client", "server"):
            load = Load(variant)
            load.do("listen 1")
            got = load.do(f"churn {args.count} {args.seconds} {who}")
            load.end()
            say(f"churn {i + 1}/{args.pairs} {variant} {who}: {got['each'].get('p50', 0) / 1e3} us")
            out["runs"].append(dict(got, variant=variant, closer=who, round=i))
    for variant in args.variants:
        for who in ("client", "server"):
            load = Load(variant)
            load.do("listen 1")
            got = load.do(f"churn {args.sustain} {args.sustain_seconds} {who}")
            load.end()
            say(f"sustained {variant} {who}: {got['done']} connections")
            out["sustained"].append(dict(got, variant=variant, closer=who))
    return out


def fill_range(load, percent):
    low, high = args.range
    # Waltz goes through the range by itself; see "windows" in load.c for TCP.
    window = high - low + 1 if load.waltz else 256
    load.do(f"windows {low} {high} {window} {percent}")
    # Where it begins moves every 10 s (RFC 6056), and then it may reuse some.
    for _ in range(300 if load.waltz else 0):
        missing = (high - low + 1) * percent // 100 - load.entries()
        if missing <= 0:
            break
        load.do(f"leave {missing}")


def ports():
    out = {"runs": [], "range": args.range}
    for i, variant in turns():
        load = Load(variant)
        load.set("net/ipv4/ip_local_port_range", "%d %d" % tuple(args.range))
        if variant == "tcp-tuned":
            load.set("net/ipv4/tcp_tw_reuse", 0)  # or the range would not get full
        load.do("listen 1")
        for percent in (0, 50, 95, 100):
            if percent:
                fill_range(load, percent)
            if percent == 100:
                time.sleep(args.ripen)  # TCP reuses what is older than a second
                if variant == "tcp-tuned":
                    load.set("net/ipv4/tcp_tw_reuse", 1)
            entries = load.entries()
            # What reuses a record leaves one again, and what finds a free port none.
            got = load.do(f"probe {args.probes} {'client' if percent == 100 else 'abort'}")
            out["runs"].append(dict(got, variant=variant, round=i, fill=percent, entries=entries))
        load.end()
        if load.waltz:
            out["runs"].append(dict(no_reuse(), variant=variant, round=i, fill="none to reuse"))
        say(f"ports {i + 1}/{args.pairs} {variant}")
    return out


def no_reuse():
    """All of the range in records without timestamps: connect() has to fail."""
    load = Load("waltz")
    load.set("net/ipv4/ip_local_port_range", "%d %d" % tuple(args.range))
    load.set("net/waltz/timestamps", 0)
    load.do("listen 1")
    fill_range(load, 100)
    entries = load.entries()
    got = load.do(f"probe {args.probes} client")
    load.end()
    return dict(got, entries=entries)


def timewait():
    out = {"runs": []}
    for size, pairs, how in args.plan:
        args.pairs = pairs
        for i, variant in turns():
            if how == "rmmod" and variant != "waltz":
                continue
            start = time.monotonic()
            got = timewait_turn(variant, size, how)
            say(f"timewait {size} {how} {i + 1}/{pairs} {variant}: {got['entries']} entries, "
                f"{time.monotonic() - start:.0f} s")
            out["runs"].append(dict(got, variant=variant, round=i, size=size, how=how))
            save({"meta": meta(), "timewait": out})
    return out


def timewait_turn(variant, size, how):
    load = Load(variant)
    if load.waltz:
        load.set("net/waltz/time_wait_max", 16777216)
        load.set("net/waltz/max_orphans", 1000000)
        load.set("net/waltz/time_wait_ms", 240000)
        load.set("net/waltz/fin_timeout_ms", 240000)
    load.do(f"reserve {max(size, args.pings)}")
    load.do(f"listen {args.destinations}")
    got = {"ping_0": load.do(f"ping {args.pings}")["ping"],
           "lookup_0": load.do(f"lookup {args.pings} miss")["lookup"]}
    if how == "expire":
        got["host"] = system.host(args.load)
        got["control"] = system.softirqs(lambda: time.sleep(args.control))
    before = system.memory()
    together = args.together if how == "expire" and load.waltz else 0
    got.update(load.do(f"fill {size} {together}"))
    wait_for_all(load, size)
    got["entries"] = load.entries()
    if how != "rmmod":
        got["memory"] = system.memory_since(before, got["entries"])
        got["ping"] = load.do(f"ping {args.pings}")["ping"]
        got["lookup_hit"] = load.do(f"lookup {args.pings} hit")["lookup"]
        got["lookup_miss"] = load.do(f"lookup {args.pings} miss")["lookup"]
    if how == "exit":
        got["exit"] = system.measure_exit(args.load, load.end)
        got["memory_left"] = system.memory_since(before, got["entries"])
    elif how == "expire":
        got["entries_then"] = load.entries()
        got["expire"] = system.softirqs(lambda: wait_for_none(load))
        for key, vectors in ("ns_per_entry", system.VECS), ("timer_ns_per_entry", system.TIMERS):
            got["expire"][key] = (system.more(got["control"], got["expire"], vectors) * 1e3 /
                                  max(got["entries_then"], 1))
        mine = got["expire"]["vectors"].get("HRTIMER")
        if load.waltz and mine:
            # All runs but the last are of as many entries; what the host took is in a few.
            got["expire"]["median_ns_per_entry"] = (mine["p50_us"] * mine["runs"] * 1e3 /
                                                    max(got["entries_then"], 1))
        got["expire"]["by_host"] = (got["expire"]["us"] / 1e6 * got["host"]["above_200"] /
                                    got["host"]["seconds"])
        got["memory_left"] = system.memory_since(before, got["entries"])
        load.end()
    else:
        load.do("quiet")
        got["rmmod"] = system.measure_rmmod(args.load, os.environ["WALTZ_KO"])
        load.end()
    return got


def wait_for_all(load, size):
    """Segments may wait for ksoftirqd. What is over earlier than it was seen is so."""
    end = time.monotonic() + 5
    while load.entries() < size and time.monotonic() < end:
        time.sleep(0.05)


def wait_for_none(load):
    while load.entries():
        time.sleep(0.2)


# ---- what it says

def spread(values, scale=1.0, digits=1):
    """Median of the rounds, lowest to highest."""
    values = [v / scale for v in values if v is not None]
    if not values:
        return "-"
    return (f"{statistics.median(values):.{digits}f} "
            f"[{min(values):.{digits}f}..{max(values):.{digits}f}]")


def table(title, rows):
    """Rows of (name, {variant: text})."""
    names = [v for v in VARIANTS if any(v in r[1] for r in rows)]
    cells = [[title] + names] + [[n] + [r.get(v, "-") for v in names] for n, r in rows]
    widths = [max(len(c[i]) for c in cells) for i in range(len(names) + 1)]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths)).rstrip()
                     for line in cells) + "\n"


def pick(runs, key, scale=1.0, digits=1, **where):
    """A row: of each variant the spread of "a.b" over its runs."""
    row = {}
    for variant in VARIANTS:
        mine = [r for r in runs if r["variant"] == variant and
                all(r.get(k) == v for k, v in where.items())]
        values = []
        for r in mine:
            for part in key.split("."):
                r = r.get(part) if isinstance(r, dict) else None
            values.append(r)
        if any(v is not None for v in values):
            row[variant] = spread(values, scale, digits)
    return row


def churn_tables(out):
    for who in ("client", "server"):
        runs = [r for r in out["runs"] if r["closer"] == who]
        yield table(f"the {who} closes first, us", [
            ("whole connection, median", pick(runs, "each.p50", 1e3)),
            ("connect(), median", pick(runs, "connect.p50", 1e3)),
            ("connect(), p99.9", pick(runs, "connect.p999", 1e3)),
            ("connect(), worst", pick(runs, "connect.max", 1e3)),
            ("EADDRNOTAVAIL, times", pick(runs, "eaddrnotavail", digits=0)),
        ])
        runs = [r for r in out["sustained"] if r["closer"] == who]
        yield table(f"the {who} closes first, sustained", [
            ("connections", pick(runs, "done", digits=0)),
            ("in seconds", pick(runs, "seconds")),
            ("EADDRNOTAVAIL, times", pick(runs, "eaddrnotavail", digits=0)),
            ("one such failure, us", pick([r for r in runs if r["eaddrnotavail"]],
                                          "failure_ns", 1e3)),
            ("whole connection, median us", pick(runs, "each.p50", 1e3)),
            ("connect(), median us", pick(runs, "connect.p50", 1e3)),
            ("connect(), p99.9 us", pick(runs, "connect.p999", 1e3)),
            ("connect(), worst us", pick(runs, "connect.max", 1e3)),
        ])


def ports_tables(out):
    runs = out["runs"]
    yield table("connect() at fill, us", [
        (f"{fill} %, {what}", pick(runs, f"connect.{key}", 1e3, fill=fill))
        for fill in (0, 50, 95, 100)
        for what, key in (("median", "p50"), ("p99", "p99"), ("worst", "max"))])
    yield table("EADDRNOTAVAIL, us", [
        ("all in TIME_WAIT, median", pick(runs, "failure.p50", 1e3, fill=100)),
        ("all in TIME_WAIT, the first", pick([r for r in runs if r["failure"]["n"]],
                                             "failure_first", 1e3, fill=100)),
        ("nothing to be reused, median", pick(runs, "failure.p50", 1e3, fill="none to reuse")),
        ("nothing to be reused, the first", pick(runs, "failure_first", 1e3,
                                                 fill="none to reuse")),
    ])
    yield table("entries before the probe", [
        (f"{fill} %", pick(runs, "entries", digits=0, fill=fill)) for fill in (0, 50, 95, 100)])


def timewait_tables(out):
    for size in sorted({r["size"] for r in out["runs"]}):
        runs = [r for r in out["runs"] if r["size"] == size]
        yield table(f"{size} entries", [
            ("entries there were", pick(runs, "entries", digits=0)),
            ("bytes an entry, pages in use", pick(runs, "memory.pages")),
            ("bytes an entry, slabs", pick(runs, "memory.slabs")),
            ("bytes an entry, when gone", pick(runs, "memory_left.pages")),
            ("close() of both, ns", pick(runs, "close_last.p50", digits=0)),
            ("connect() of a new one, us", pick(runs, "connect_last.p50", 1e3)),
            ("segment to nobody, no entry, us", pick(runs, "lookup_0.p50", 1e3, 2)),
            ("segment to nobody, us", pick(runs, "lookup_miss.p50", 1e3, 2)),
            ("segment to an entry, us", pick(runs, "lookup_hit.p50", 1e3, 2)),
            ("ping-pong, no entry, us", pick(runs, "ping_0.p50", 1e3, 2)),
            ("ping-pong, us", pick(runs, "ping.p50", 1e3, 2)),
            ("namespace exit, ms", pick(runs, "exit.cleanup_ms", how="exit")),
            ("  longest stall, ms", pick(runs, "exit.stall.max", 1e6)),
            ("  longest softirq, us", pick(runs, "exit.softirq.max_us")),
            ("rmmod, ms", pick(runs, "rmmod.ms")),
            ("  longest stall, ms", pick(runs, "rmmod.stall.max", 1e6)),
            ("  longest softirq, us", pick(runs, "rmmod.softirq.max_us")),
        ])
        runs = [r for r in runs if r["how"] == "expire"]
        if not runs:
            continue
        yield table(f"{size} entries expire", [
            ("entries when it began", pick(runs, "entries_then", digits=0)),
            ("timers' softirq time an entry, ns",
             pick(runs, "expire.timer_ns_per_entry", digits=0)),
            ("  by the median run", pick(runs, "expire.median_ns_per_entry", digits=0)),
            ("all softirq time an entry, ns", pick(runs, "expire.ns_per_entry", digits=0)),
            ("softirq runs", pick(runs, "expire.runs", digits=0)),
            ("longest softirq run, us", pick(runs, "expire.max_us", digits=0)),
            ("runs above 50 us", pick(runs, "expire.above_50", digits=0)),
            ("runs above 200 us", pick(runs, "expire.above_200", digits=0)),
            ("  that the host explains", pick(runs, "expire.by_host")),
            ("busy loop: longest gap, us", pick(runs, "host.max_us", digits=0)),
            ("idle before: longest, us", pick(runs, "control.max_us", digits=0)),
            ("idle before: above 200 us", pick(runs, "control.above_200", digits=0)),
        ])


def meta():
    return {
        "what": args.what, "lane": args.lane, "kernel": platform.release(),
        "uml": "User Mode Linux" in open("/proc/cpuinfo", encoding="ascii").read(),
        "cpus": os.cpu_count(), "memory_kb": system.meminfo("MemTotal"),
        "date": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
        "seed": None,
        "variants": {v: VARIANTS[v][1] for v in args.variants},
    }


def plan_of(text):
    """"1000:10:exit,1000000:1:expire": sizes, rounds, and how the records end."""
    plan = []
    for part in text.split(","):
        size, pairs, how = part.split(":")
        if how not in ("exit", "expire", "rmmod"):
            raise ValueError(how)
        plan.append((int(size), int(pairs), how))
    return plan


def parse():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("churn", "ports", "timewait"))
    parser.add_argument("--load", required=True, help="the load program")
    parser.add_argument("--out", required=True, help="where results go")
    parser.add_argument("--lane", default="by hand", help="what the output calls the machine")
    parser.add_argument("--pairs", type=int, default=10, help="rounds (churn, ports)")
    parser.add_argument("--variants", default="waltz,tcp,tcp-tuned",
                        type=lambda s: [v for v in s.split(",") if VARIANTS[v]])
    parser.add_argument("--count", type=int, default=200000, help="churn: connections, at most")
    parser.add_argument("--seconds", type=float, default=1.5, help="churn: and seconds")
    parser.add_argument("--sustain", type=int, default=112928,
                        help="churn: connections of the long runs")
    parser.add_argument("--sustain-seconds", type=float, default=60)
    parser.add_argument("--range", type=lambda s: [int(p) for p in s.split("-")],
                        default=[32768, 60999], help="ports: ip_local_port_range, LOW-HIGH")
    parser.add_argument("--probes", type=int, default=100, help="ports: connect() at each fill")
    parser.add_argument("--ripen", type=float, default=2.5)
    parser.add_argument("--plan", type=plan_of, help="timewait: SIZE:ROUNDS:exit|expire|rmmod,...",
                        default="1000:10:exit,100000:3:exit,100000:1:expire,100000:1:rmmod")
    parser.add_argument("--pings", type=int, default=2000)
    parser.add_argument("--destinations", type=int, default=256)
    parser.add_argument("--together", type=int, default=60000,
                        help="timewait: ms after which all records of Waltz expire")
    parser.add_argument("--control", type=float, default=5, help="timewait: idle seconds traced")
    return parser.parse_args()


def main():
    os.makedirs(args.out, exist_ok=True)
    system.trace_init()
    # Many are closed at once: no segment of theirs is to be dropped, and none aborted.
    system.write("/proc/sys/net/core/netdev_max_backlog", 100000)
    system.write("/proc/sys/net/ipv4/tcp_max_orphans", 1000000)
    result = {"meta": meta()}
    result[args.what] = {"churn": churn, "ports": ports, "timewait": timewait}[args.what]()
    save(result)
    m = result["meta"]
    text = (f"{m['what']}: lane {m['lane']}, Linux {m['kernel']}"
            f"{' (User-Mode Linux)' if m['uml'] else ''}, {m['cpus']} CPU(s), {m['date']}\n"
            "median of the rounds [lowest..highest]\n\n")
    text += "\n".join({"churn": churn_tables, "ports": ports_tables,
                       "timewait": timewait_tables}[args.what](result[args.what]))
    with open(f"{args.out}/{args.what}.txt", "w", encoding="ascii") as f:
        f.write(text)
    plot.draw(result, args.out)
    print(text)


if __name__ == "__main__":
    args = parse()
    main()
