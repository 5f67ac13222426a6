#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Goodput and fairness of Waltz beside Linux TCP, over one bottleneck; see benchmark.rst.

usage: flows.py goodput|fairness --out DIRECTORY [OPTION...]

Runs in a test machine, as root, with waltz.ko loaded; scripts/bench starts it. Two
hosts and a router between them; the router's way to the receiver has the rate, the
queue and the losses, its way back the delay. Segments are one packet each: no
offload. DIRECTORY gets WHAT.json, WHAT.txt (the table, also printed) and, of goodput,
goodput.svg.
"""

import argparse
import json
import os
import platform
import selectors
import socket
import statistics
import subprocess
import sys
import time

import plot

TCP, WALTZ = 6, 253
NAMES = {WALTZ: "waltz", TCP: "tcp"}
ADDRESS, PORT = "10.253.2.2", 5000
FULL = 1500                # bytes of a packet, for the queue
TEXT, FRAME = 1448, 1514   # bytes of a full segment's text, and of all that netem counts
CHUNK = 1 << 18


def say(text):
    print(text, file=sys.stderr, flush=True)


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


# ---- the two ends, each a process in its namespace

def send(protocol, number, seconds):
    """One flow: its number, then zeros for so long."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, protocol)
    sock.connect((ADDRESS, PORT))
    sock.sendall(bytes([number]))
    block, end = bytes(CHUNK), time.monotonic() + seconds
    sock.settimeout(seconds)
    try:
        while time.monotonic() < end:
            sock.send(block)
    except TimeoutError:
        pass
    # What is queued is of no interest.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    sock.close()


def receive(count):
    """Of each flow, by number, when it began and how much came in each second since."""
    selector = selectors.DefaultSelector()
    for protocol in NAMES:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, protocol)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((ADDRESS, PORT))
        sock.listen(count)
        selector.register(sock, selectors.EVENT_READ, None)
    print("listening", flush=True)
    flows, left, buffer = {}, count, bytearray(CHUNK)
    while left:
        for key, _ in selector.select():
            if key.data is None:
                sock, _ = key.fileobj.accept()
                number = sock.recv(1)[0]
                flows[number] = {"began": time.monotonic(), "bytes": []}
                selector.register(sock, selectors.EVENT_READ, flows[number])
                continue
            try:
                got = key.fileobj.recv_into(buffer)
            except ConnectionResetError:
                got = 0
            if not got:
                selector.unregister(key.fileobj)
                left -= 1
                continue
            second = int(time.monotonic() - key.data["began"])
            bins = key.data["bytes"]
            bins += [0] * (second + 1 - len(bins))
            bins[second] += got
    print(json.dumps(flows))


# ---- the path

class Path:
    """snd - mid - rcv, in three network namespaces."""

    def __init__(self):
        for name in ("snd", "mid", "rcv"):
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        for end, net in ("snd", 1), ("rcv", 2):
            run("ip", "link", "add", "wire", "netns", end, "type", "veth",
                "peer", "name", end, "netns", "mid")
            for where, device, host in (end, "wire", 2), ("mid", end, 1):
                run("ip", "netns", "exec", where, "ethtool", "-K", device, "tso", "off",
                    "gso", "off", "gro", "off")
                run("ip", "-n", where, "link", "set", device, "gso_max_segs", "1", "up")
                run("ip", "-n", where, "addr", "add", f"10.253.{net}.{host}/24", "dev", device)
            run("ip", "-n", end, "route", "add", "default", "via", f"10.253.{net}.1")
        self.set("mid", "net/ipv4/ip_forward", "1")
        self.set("snd", "net/ipv4/tcp_congestion_control", "cubic")
        # Nothing is remembered from one connection to the next.
        self.set("snd", "net/ipv4/tcp_no_metrics_save", "1")

    def end(self):
        for name in ("snd", "mid", "rcv"):
            run("ip", "netns", "del", name)

    def set(self, where, name, value):
        run("ip", "netns", "exec", where, "sh", "-c", f"echo {value} >/proc/sys/{name}")

    def shape(self, rtt_ms, loss):
        """The queue holds what is on its way in a round trip, or in 20 ms if that is more."""
        queue = int(args.rate * 1e6 / 8 * max(rtt_ms, 20) / 1e3 / FULL)
        tc = ("ip", "netns", "exec", "mid", "tc", "qdisc", "replace", "dev")
        run(*tc, "rcv", "root", "netem", "limit", str(queue), "rate", f"{args.rate}mbit",
            "loss", f"{loss}%")
        run(*tc, "snd", "root", "netem", "limit", "100000", "delay", f"{rtt_ms}ms")

    def transfer(self, protocols, seconds):
        """Flows that begin together. Of each what the receiver saw."""
        me = [sys.executable, os.path.abspath(__file__)]
        receiver = subprocess.Popen(["ip", "netns", "exec", "rcv", *me, "receive",
                                     str(len(protocols))], stdout=subprocess.PIPE, text=True)
        receiver.stdout.readline()
        senders = [subprocess.Popen(["ip", "netns", "exec", "snd", *me, "send", str(protocol),
                                     str(number), str(seconds)])
                   for number, protocol in enumerate(protocols)]
        if any([sender.wait() for sender in senders]):
            receiver.kill()
            sys.exit("flows.py: a sender failed")
        flows = json.loads(receiver.stdout.readline())
        return [flows[str(number)] for number in range(len(protocols))]


def goodput_of(flow, first, last):
    """Mbit/s in these seconds of it."""
    return sum(flow["bytes"][first:last]) * 8 / 1e6 / (last - first)


# ---- what is measured

def goodput(path):
    runs = []
    for rtt in args.rtts:
        for loss in args.losses:
            path.shape(rtt, loss)
            for i in range(args.pairs):
                for protocol in (WALTZ, TCP) if i % 2 == 0 else (TCP, WALTZ):
                    flow, = path.transfer([protocol], args.seconds)
                    runs.append({"rtt": rtt, "loss": loss, "variant": NAMES[protocol],
                                 "round": i, "mbit": goodput_of(flow, 0, args.seconds)})
            mine = [r for r in runs if (r["rtt"], r["loss"]) == (rtt, loss)]
            say(f"goodput {rtt} ms {loss} %: " +
                ", ".join(f"{n} {mean(mine, n):.2f}" for n in NAMES.values()))
    return {"runs": runs}


def jain(values):
    """1: all the same; 1/n: one has all."""
    return sum(values) ** 2 / (len(values) * sum(v * v for v in values))


def fairness(path):
    path.shape(20, 0)
    runs = []
    warm = args.seconds // 6
    for i in range(args.pairs):
        flows = path.transfer([WALTZ, TCP] * args.flows, args.seconds)
        each = [goodput_of(f, warm, args.seconds) for f in flows]
        runs.append({"round": i, "waltz": each[0::2], "tcp": each[1::2], "jain": jain(each)})
        say(f"fairness {i + 1}/{args.pairs}: Jain's index {runs[-1]['jain']:.3f}, "
            f"waltz {sum(each[0::2]):.1f} Mbit/s, tcp {sum(each[1::2]):.1f}")
    return {"runs": runs}


# ---- what it says

def mean(runs, variant):
    return statistics.mean(r["mbit"] for r in runs if r["variant"] == variant)


def goodput_cells(runs):
    """(rtt, loss, Waltz's mean, TCP's, in Mbit/s)"""
    for rtt, loss in sorted({(r["rtt"], r["loss"]) for r in runs}):
        mine = [r for r in runs if (r["rtt"], r["loss"]) == (rtt, loss)]
        yield rtt, loss, mean(mine, "waltz"), mean(mine, "tcp")


def goodput_text(result):
    yield f"{'round trip':>10}  {'loss':>6}  {'waltz':>8}  {'tcp':>8}  ratio   mean Mbit/s"
    for rtt, loss, waltz, tcp in goodput_cells(result["runs"]):
        yield f"{rtt:7} ms  {loss:4} %  {waltz:8.2f}  {tcp:8.2f}  {waltz / tcp:5.2f}"


def fairness_text(result):
    runs = result["runs"]
    indices = [r["jain"] for r in runs]
    yield (f"Jain's index of {len(runs[0]['waltz'])} + {len(runs[0]['tcp'])} flows: median "
           f"{statistics.median(indices):.3f} [{min(indices):.3f}..{max(indices):.3f}]")
    for name in NAMES.values():
        sums = [sum(r[name]) for r in runs]
        yield (f"{name}, all flows, Mbit/s: median {statistics.median(sums):.1f} "
               f"[{min(sums):.1f}..{max(sums):.1f}]")


def draw(result, directory):
    """Goodput against loss, for each round trip."""
    cells = list(goodput_cells(result["goodput"]["runs"]))
    most = args.rate * TEXT / FRAME
    values = [v for cell in cells for v in cell[2:]] + [most]
    pic = plot.Picture(f"Goodput of one flow, bottleneck of {args.rate} Mbit/s",
                       plot.where(result["meta"]).replace("loopback", "netem"),
                       min(values), max(values))
    pic.scale("Mbit/s, mean of the rounds", lambda power: f"{10 ** power:g}")
    right, bottom = plot.WIDTH - plot.RIGHT, plot.HEIGHT - plot.BOTTOM
    step = (right - plot.LEFT) / len(cells)
    bar = min(step * 0.4, 24)
    pic.line(plot.LEFT, pic.y(most), right, pic.y(most), "#333", 1.5, "5 3")
    pic.text(right, 53, f"- - what the path can carry: {most:.1f}", size=12, anchor="end")
    for i, (rtt, loss, *both) in enumerate(cells):
        middle = plot.LEFT + step * (i + 0.5)
        pic.text(middle, bottom + 18, f"{loss:g} %", size=11)
        if loss == cells[0][1]:
            pic.text(middle + step * (len(args.losses) - 1) / 2, bottom + 38, f"{rtt} ms", size=13)
            if i:
                pic.line(middle - step / 2, plot.TOP, middle - step / 2, bottom + 44, "#999")
        for n, value in enumerate(both):
            x, y = middle + (n - 1) * bar, pic.y(value)
            pic.box(x, y, bar - 2, bottom - y, plot.COLOURS[list(NAMES.values())[n]])
            inside = bottom - y > 40
            pic.text(x + bar / 2 + 3, y + 6 if inside else y - 4, f"{value:.3g}", size=11,
                     anchor="end" if inside else "start", colour="#fff" if inside else "#000",
                     turn=-90)
    pic.text(plot.WIDTH / 2, plot.HEIGHT - 36, "loss, and round trip", size=12)
    pic.legend(NAMES.values())
    pic.write(f"{directory}/goodput.svg")


def meta():
    return {"what": args.what, "lane": args.lane, "kernel": platform.release(),
            "cpus": os.cpu_count(), "date": args.date,
            "rate_mbit": args.rate, "seconds": args.seconds}


def numbers(kind):
    return lambda text: [kind(part) for part in text.split(",")]


def parse():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("goodput", "fairness"))
    parser.add_argument("--out", required=True, help="where results go")
    parser.add_argument("--lane", default="by hand", help="what the output calls the machine")
    parser.add_argument("--date", default=time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
                        help="for the output: simulated time knows no date")
    parser.add_argument("--pairs", type=int, default=10, help="rounds")
    parser.add_argument("--seconds", type=int, default=0,
                        help="of a transfer: 10; of fairness 60, the first sixth does not count")
    parser.add_argument("--rate", type=int, default=100, help="Mbit/s")
    parser.add_argument("--rtts", type=numbers(int), default=[2, 20, 100], help="goodput: ms")
    parser.add_argument("--losses", type=numbers(float), default=[0, 0.1, 1, 3],
                        help="goodput: %%")
    parser.add_argument("--flows", type=int, default=4, help="fairness: of each protocol")
    return parser.parse_args()


def main():
    args.seconds = args.seconds or (10 if args.what == "goodput" else 60)
    os.makedirs(args.out, exist_ok=True)
    result = {"meta": meta()}
    measure, text = {"goodput": (goodput, goodput_text),
                     "fairness": (fairness, fairness_text)}[args.what]
    path = Path()
    result[args.what] = measure(path)
    path.end()
    with open(f"{args.out}/{args.what}.json", "w", encoding="ascii") as f:
        json.dump(result, f, indent=1)
    m = result["meta"]
    lines = [f"{m['what']}: lane {m['lane']}, Linux {m['kernel']}, {m['date']}, "
             f"{args.rate} Mbit/s, {args.pairs} rounds of {args.seconds} s", ""]
    lines += text(result[args.what])
    with open(f"{args.out}/{args.what}.txt", "w", encoding="ascii") as f:
        f.write("\n".join(lines) + "\n")
    if args.what == "goodput":
        draw(result, args.out)
    print("\n".join(lines))


if __name__ == "__main__":
    if sys.argv[1:2] == ["send"]:
        send(*map(int, sys.argv[2:]))
    elif sys.argv[1:2] == ["receive"]:
        receive(int(sys.argv[2]))
    else:
        args = parse()
        main()
