#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The benchmark works: each part of it runs, with tiny numbers, for Waltz and TCP,
# and what it writes can be read. How fast anything is does not count here,
# so it runs where programs start fast.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

LOAD=${LOAD:-$HERE/../build/selftests/bench/load}

plan 18
[ -x "$LOAD" ] || bail "no $LOAD: make -C selftests builds it"

# bench WHAT OPTION...
bench()
{
	local what=$1

	shift
	WHY="see $RUN/$what.log"
	python3 "$HERE/bench/run.py" "$what" --load "$LOAD" --out "$RUN" --lane smoke \
		--pairs 1 --variants waltz,tcp-tuned "$@" >"$RUN/$what.log" 2>&1 && return
	WHY=$(tail -n 3 "$RUN/$what.log")
	return 1
}

# holds WHAT EXPRESSION: of "runs" in the results
holds()
{
	WHY=$(python3 -c '
import json, sys
result = json.load(open(sys.argv[1]))
whole, runs = result[sys.argv[2]], result[sys.argv[2]]["runs"]
def of(v, **k): return [r for r in runs if r["variant"] == v and all(r[n] == k[n] for n in k)]
sys.exit(0 if eval(sys.argv[3]) else "not so: " + sys.argv[3])' \
		"$RUN/$1.json" "$1" "$2" 2>&1)
}

# A picture is well-formed, and has text.
picture()
{
	WHY=$(python3 -c '
import sys, xml.etree.ElementTree as tree
sys.exit(0 if tree.parse(sys.argv[1]).findall(".//{*}text") else "no text")' "$RUN/$1" 2>&1)
}

check "churn runs" bench churn --count 40 --sustain 40 --seconds 60
check "both protocols, each side first" holds churn \
	"len(runs) == 4 and all(r['done'] == 40 == r['each']['n'] for r in runs)"
check "and the long runs" holds churn \
	"len(whole['sustained']) == 4 and all(r['done'] == 40 for r in whole['sustained'])"

check "ports runs" bench ports --range 40000-40063 --probes 5
check "fills are what they are called" holds ports \
	"[r['entries'] for r in of('waltz') if r['fill'] in (0, 50, 100)] == [0, 32, 64]"
check "nothing to reuse: all fail" holds ports \
	"of('waltz', fill='none to reuse')[0]['failure']['n'] == 5"
check "all may be reused: none fails" holds ports \
	"all(r['connect']['n'] == 5 for v in ('waltz', 'tcp-tuned') for r in of(v, fill=100))"
check "connect() against fill is drawn" picture ports.svg

# TCP's TIME_WAIT takes a minute to end: not here.
check "timewait runs" bench timewait --variants waltz --pings 20 --together 8000 --control 0.2 \
	--plan 200:1:exit,200:1:expire,200:1:rmmod
# Where ksoftirqd comes late some are closed by both at once, and leave two.
check "all entries were made" holds timewait \
	"len(runs) == 3 and all(200 <= r['entries'] <= 400 for r in runs)"
check "their end was seen" holds timewait \
	"(of('waltz', how='exit')[0]['exit']['cleanup_ms'] and
	 of('waltz', how='expire')[0]['expire']['runs'] > 0 and
	 of('waltz', how='rmmod')[0]['rmmod']['ms'] > 0)"
check "expiry is drawn" picture expiry.svg

# flows WHAT OPTION...
flows()
{
	local what=$1

	shift
	python3 "$HERE/bench/flows.py" "$what" --out "$RUN" --lane smoke --pairs 1 "$@" \
		>"$RUN/$what.log" 2>&1 && return
	WHY=$(tail -n 3 "$RUN/$what.log")
	return 1
}
check "goodput runs" flows goodput --rtts 2 --losses 0,1 --rate 5 --seconds 1
check "both have some" holds goodput "len(runs) == 4 and all(r['mbit'] > 0 for r in runs)"
check "none has more than there is" holds goodput "all(r['mbit'] <= 5 for r in runs)"
check "goodput is drawn" picture goodput.svg
check "fairness runs" flows fairness --flows 2 --rate 5 --seconds 6
check "all flows have some" holds fairness \
	"all(len(r[v]) == 2 and min(r[v]) > 0 for r in runs for v in ('waltz', 'tcp'))"
