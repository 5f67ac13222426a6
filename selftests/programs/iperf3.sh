#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# iperf3: one stream, several, the other way, and both ways at once. It counts what
# both ends had, and asks for TCP_INFO, TCP_MAXSEG and TCP_CONGESTION.

# shellcheck source=selftests/programs/lib.sh
. "$(dirname "$0")/lib.sh"

programs 8 iperf3

amount 20 2
MEGABYTES=$REPLY
STREAMS=8

# measure NAME OPTION...: $RUN/NAME.json is its result, with the server's own in it.
measure()
{
	local name=$1

	shift
	runs A iperf3 -J --get-server-output -c $ADDR_B -p $PORT "$@" &&
		cp "$RUN/out" "$RUN/$name.json"
}

cat >"$RUN/agree.py" <<'END'
import json, sys

with open(sys.argv[1]) as file:
    result = json.load(file)
lossy, streams, total = sys.argv[2] == "1", int(sys.argv[3]), int(sys.argv[4])

def need(what, message):
    if not what:
        sys.exit(message)

def of_stream(stream):
    """Sent, received, and whether the client is the sender."""
    return stream["sender"]["bytes"], stream["receiver"]["bytes"], stream["sender"]["sender"]

need("error" not in result, result.get("error"))
server = result["server_output_json"]
need("error" not in server, server.get("error"))
start, end = result["start"], result["end"]
ours = [of_stream(s) for s in end["streams"]]
theirs = [of_stream(s) for s in server["end"]["streams"]]
need(len(ours) == len(theirs) == streams, f"streams: {len(ours)}, the server has {len(theirs)}")
if lossy:
    # They may be accepted in another order, and a stream may lose its first segments and
    # be late for all: iperf3 is right about the whole, of each direction.
    def whole(some):
        return [(sum(s[0] for s in some if s[2] == up), sum(s[1] for s in some if s[2] == up), up)
                for up in sorted({s[2] for s in some}, reverse=some is ours)]
    ours, theirs = whole(ours), whole(theirs)
for (sent, received, up), (server_sent, server_received, down) in zip(ours, theirs):
    need(up != down, "both ends send, or none")
    need(0 < received <= sent, f"a stream: {sent} sent, {received} received")
    server_has, we_say = (server_received, received) if up else (server_sent, sent)
    need(server_has == we_say, f"the server has {server_has}, the client says {we_say}")
if sys.argv[5:] == ["bidir"]:
    ways = {"": [s for s in ours if s[2]], "_bidir_reverse": [s for s in ours if not s[2]]}
else:
    ways = {"": ours}
for suffix, some in ways.items():
    sent, received = sum(s[0] for s in some), sum(s[1] for s in some)
    need(some, f"nothing{suffix}")
    need(sent == end["sum_sent" + suffix]["bytes"], f"{sent} sent, its sum says otherwise")
    need(received == end["sum_received" + suffix]["bytes"],
         f"{received} received, its sum says otherwise")
if total:
    # Who counts to TOTAL stops at that, and a block of each stream. What was under way
    # then is not counted: as much as the buffers hold, which -w has said.
    block = start["test_start"]["blksize"]
    counted = sent if ours[0][2] else received
    need(total <= counted <= total + streams * block, f"{counted} bytes of {total}")
    for sent, received, _ in ours:
        room = start["sndbuf_actual"] + start["rcvbuf_actual"] + block
        need(sent - received <= room * streams // len(ours),
             f"a stream: {sent} sent, {received} received")
END

# agree NAME STREAMS BYTES [bidir]: what both ends report is what there should be;
# BYTES 0: as many as the time allowed.
agree()
{
	local name=$1

	shift
	WHY=$(python3 -SE "$RUN/agree.py" "$RUN/$name.json" "${LOSSY:-0}" "$@" 2>&1)
}

try()
{
	# -n is of all streams.
	bytes=$((MEGABYTES << 20))
	[ -z "$LOSSY" ] || bytes=$((1 << 20))
	options=(-n "$bytes" -l 16K -w 64K)
	check "$IT: one stream" measure one "${options[@]}"
	check "$IT: it arrives" agree one 1 $bytes
	check "$IT: $STREAMS streams" measure more "${options[@]}" -P $STREAMS
	check "$IT: each has its share" agree more $STREAMS $bytes
	check "$IT: the other way" measure back "${options[@]}" -R
	check "$IT: it arrives here" agree back 1 $bytes
	check "$IT: both ways at once" measure both -t 1 --bidir
	check "$IT: as both ends say" agree both 2 0 bidir
}
serve iperf3 B $PORT iperf3 -s -J -B $ADDR_B -p $PORT
on_each_network try
