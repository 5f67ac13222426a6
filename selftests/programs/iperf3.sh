#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# iperf3: one stream, several, the other way, and both ways at once. It counts what
# both ends had, and asks for TCP_INFO, TCP_MAXSEG and TCP_CONGESTION.

# shellcheck source=selftests/programs/lib.sh
. "$(dirname "$0")/lib.sh"

programs 7 iperf3

amount 20M 1M
BYTES=$REPLY
amount 8 3
STREAMS=$REPLY

# measure NAME OPTION...: $RUN/NAME.json is its result.
measure()
{
	local name=$1

	shift
	runs A iperf3 -J -c $ADDR_B -p $PORT "$@" && cp "$RUN/out" "$RUN/$name.json"
}

# holds NAME EXPRESSION: of the result's "end"
holds()
{
	WHY=$(python3 -SEc '
import json, sys
result = json.load(open(sys.argv[1]))
end = result["end"]
arrived = end.get("sum_received", {}).get("bytes")
sent = end.get("sum_sent", {}).get("bytes")
ok = "error" not in result and eval(sys.argv[2])
sys.exit(0 if ok else f"{sent} sent, {arrived} received: " + result.get("error", ""))' \
		"$RUN/$1.json" "$2" 2>&1)
}

try()
{
	bytes=$BYTES
	[ -z "$LOSSY" ] || bytes=1M
	check "$IT: one stream" measure one -n "$bytes"
	# What is under way at the end is not counted.
	check "$IT: it arrives" holds one "0 < arrived <= sent"
	check "$IT: $STREAMS streams" measure more -n "$bytes" -P "$STREAMS"
	check "$IT: they share" holds more \
		"len(end['streams']) == $STREAMS and all(s['sender']['bytes'] for s in end['streams'])"
	check "$IT: the other way" measure back -n "$bytes" -R
	check "$IT: both ways at once" measure both -t 1 --bidir
	check "$IT: each has its share" holds both \
		"arrived and end['sum_received_bidir_reverse']['bytes']"
}
serve iperf3 B $PORT iperf3 -s -B $ADDR_B -p $PORT
on_each_network try
