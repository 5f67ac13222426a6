# SPDX-License-Identifier: GPL-2.0
"""What the kernel tells about itself: memory, softirq runs, purges."""

import array
import glob
import json
import re
import statistics
import subprocess
import time

TRACING = "/sys/kernel/tracing"
VECS = ("HI", "TIMER", "NET_TX", "NET_RX", "BLOCK", "IRQ_POLL", "TASKLET", "SCHED", "HRTIMER",
        "RCU")
TIMERS = ("TIMER", "HRTIMER")
BUCKETS_US = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 1000000)


def read(path):
    with open(path, encoding="ascii", errors="replace") as f:
        return f.read()


def write(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(str(text))


def meminfo(name):
    return int(re.search(rf"^{name}:\s+(\d+)", read("/proc/meminfo"), re.M).group(1))


def entries(pid, waltz):
    """TIME_WAIT records in the namespace of a process."""
    if waltz:
        text = read(f"/proc/{pid}/net/waltz_stat")
        return int(re.search(r"^tw_now:?\s+(\d+)", text, re.M).group(1))
    return int(re.search(r"^TCP:.* tw (\d+)", read(f"/proc/{pid}/net/sockstat"), re.M).group(1))


# ---- memory

def settle():
    """Give back what is only kept for later."""
    for _ in range(2):
        time.sleep(0.6)  # callbacks of RCU, and the worker that frees chunks
        write("/proc/sys/vm/drop_caches", 3)
        for cache in glob.glob("/sys/kernel/slab/*/shrink"):
            try:
                write(cache, 1)
            except OSError:
                pass


def slab_pages():
    """Pages of each slab cache."""
    pages = {}
    for line in read("/proc/slabinfo").splitlines()[2:]:
        f = line.split()
        pages[f[0]] = pages.get(f[0], 0) + int(f[14]) * int(f[5])
    return pages


def free_kb():
    """Free memory, with the free pages that CPUs keep at hand: tens of megabytes."""
    kept = sum(int(n) for n in re.findall(r"^\s+count: (\d+)", read("/proc/zoneinfo"), re.M))
    return meminfo("MemFree") + kept * 4


def memory():
    settle()
    return {"free_kb": free_kb(), "slabs": slab_pages()}


def memory_since(before, count):
    """Bytes an entry since then: all pages, all slabs, and the caches that grew most."""
    now = memory()
    count = max(count, 1)
    grown = {name: (pages - before["slabs"].get(name, 0)) * 4096
             for name, pages in now["slabs"].items()}
    most = sorted(grown, key=lambda name: -abs(grown[name]))[:6]
    return {"pages": (before["free_kb"] - now["free_kb"]) * 1024 / count,
            "slabs": sum(grown.values()) / count,
            "caches": {name: grown[name] / count for name in most if grown[name]}}


# ---- tracing

def trace_init():
    """The buffer at once: later it would count as memory of what is measured."""
    write(f"{TRACING}/tracing_on", 0)
    write(f"{TRACING}/buffer_size_kb", 16384)
    # Others have the grain of a tick in User-Mode Linux.
    write(f"{TRACING}/trace_clock", "mono")


def trace_start(events):
    write(f"{TRACING}/tracing_on", 0)
    for event in events:
        write(f"{TRACING}/events/{event}/enable", 1)
    write(f"{TRACING}/trace", "")
    write(f"{TRACING}/tracing_on", 1)


def trace_stop(events):
    """(CPU, seconds, event, rest) of each line, and an end. A generator: a list would
    count as memory of what is measured.
    """
    write(f"{TRACING}/tracing_on", 0)
    pattern = re.compile(r"\[(\d+)\]\s+\S+\s+(\d+\.\d+): (\w+): (.*)")
    with open(f"{TRACING}/trace", encoding="ascii", errors="replace") as f:
        for line in f:
            m = pattern.search(line)
            if m:
                yield m.group(1), float(m.group(2)), m.group(3), m.group(4)
    for event in events:
        write(f"{TRACING}/events/{event}/enable", 0)
    write(f"{TRACING}/trace", "")


SOFTIRQ = ("irq/softirq_entry", "irq/softirq_exit")


class Softirqs:
    """Sums up the runs of softirq handlers."""

    def __init__(self):
        self.open_at, self.times, self.vectors = {}, array.array("d"), {}

    def line(self, cpu, when, event, rest):
        if event not in ("softirq_entry", "softirq_exit"):
            return
        key = cpu, int(re.match(r"vec=(\d+)", rest).group(1))
        if event == "softirq_entry":
            self.open_at[key] = when
        elif key in self.open_at:
            self.run(key[1], (when - self.open_at.pop(key)) * 1e6)

    def run(self, vec, us):
        self.times.append(us)
        v = self.vectors.setdefault(VECS[vec], {"runs": 0, "us": 0.0, "max_us": 0.0, "buckets": {},
                                                "times": array.array("d")})
        v["runs"] += 1
        v["times"].append(us)
        v["us"] += us
        v["max_us"] = max(v["max_us"], us)
        bucket = next((b for b in BUCKETS_US if us < b), BUCKETS_US[-1])
        v["buckets"][bucket] = v["buckets"].get(bucket, 0) + 1

    def summary(self):
        times = sorted(self.times)
        for v in self.vectors.values():
            v["p50_us"] = statistics.median(v.pop("times"))
        return {"runs": len(times), "us": sum(times), "max_us": times[-1] if times else 0.0,
                "p99_us": times[len(times) * 99 // 100] if times else 0.0,
                "above_50": sum(t > 50 for t in times),
                "above_200": sum(t > 200 for t in times), "vectors": self.vectors}


def softirqs(work):
    """Softirq runs while something is done."""
    trace_start(SOFTIRQ)
    start = time.monotonic()
    work()
    seconds = time.monotonic() - start
    runs = Softirqs()
    for line in trace_stop(SOFTIRQ):
        runs.line(*line)
    return dict(runs.summary(), seconds=seconds)


def more(before, after, vectors):
    """us of these vectors in one summary, less what the other has in as much time."""
    def us(summary):
        return sum(summary["vectors"].get(v, {"us": 0})["us"] for v in vectors)
    return us(after) - us(before) / before["seconds"] * after["seconds"]


def host(load):
    """What a loop that only looks at the clock sees: all that takes the processor away."""
    out = subprocess.run([load, "spin", "2"], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(out.stdout)


# ---- the end of namespaces and of the module

def stall(load, seconds):
    return subprocess.Popen([load, "stall", str(seconds)], stdout=subprocess.PIPE, text=True)


def stalled(process):
    return json.loads(process.communicate()[0])["late"]


WORK = ("workqueue/workqueue_execute_start", "workqueue/workqueue_execute_end")


def measure_exit(load, end):
    """How long the kernel works on the end of a namespace, and who has to wait."""
    watcher = stall(load, 3)
    time.sleep(0.5)
    trace_start(SOFTIRQ + WORK)
    end()
    late = stalled(watcher)
    started = cleanup = None
    runs = Softirqs()
    for line in trace_stop(SOFTIRQ + WORK):
        runs.line(*line)
        _, when, event, rest = line
        if "cleanup_net" not in rest:
            continue
        if event == "workqueue_execute_start" and started is None:
            started = when
        elif event == "workqueue_execute_end" and started is not None:
            cleanup = (when - started) * 1e3
    return {"cleanup_ms": cleanup, "stall": late, "softirq": runs.summary()}


def measure_rmmod(load, module):
    watcher = stall(load, 3)
    time.sleep(0.5)
    trace_start(SOFTIRQ)
    start = time.monotonic()
    subprocess.run(["rmmod", "waltz"], check=True)
    ms = (time.monotonic() - start) * 1e3
    late = stalled(watcher)
    runs = Softirqs()
    for line in trace_stop(SOFTIRQ):
        runs.line(*line)
    subprocess.run(["insmod", module], check=True)
    return {"ms": ms, "stall": late, "softirq": runs.summary()}
