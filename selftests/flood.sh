#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# 100,000 SYNs from forged addresses: what they cost stays bounded, and who
# means it gets through, with all that a connection is agreed on (RFC 4987).

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

is_waltz || {
	plan 0
	skip_all "TCP's flood is not looked at"
}

SYNS=100000
ROOM=1000
CLIENTS=5
SEED=${SEED:-$RANDOM}

plan $((CLIENTS * 2 + 9))
hosts
pair
diag "SEED=$SEED"
# The server is A here, for that is where forged segments come in.
listener a srv $ADDR_A 8000 1024
# A record is tried for 3 s, and more come than that makes room for.
set_waltz A max_half_open=$ROOM synack_retries=1
MAC_B=$(ip -n "${NS[B]}" -o link show wire) MAC_B=${MAC_B#*link/ether } MAC_B=${MAC_B%% *}
# The answers go out on the wire, and meet nobody.
ip -n "${NS[A]}" route add 198.18.0.0/15 via $ADDR_B
in_host A sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.wire.rp_filter=0
start_helper flood B "$HERE/flood.py" wire $ADDR_A "$MAC_A" 8000 "$WALTZ_PROTO" "$SEED"

# requests: sets REPLY to the objects of that size. Unless it was told slab_nomerge, the
# kernel keeps half-open records together with others that are as large, hence not
# /proc/slabinfo.
SLAB=/sys/kernel/slab/waltz_request
requests()
{
	local rest

	echo 1 >$SLAB/shrink
	read -r REPLY rest <$SLAB/objects
	diag "$REPLY objects of $(<$SLAB/object_size) bytes${rest:+ ($rest)}"
}

bounded()
{
	stat A half_open_now
	at_most "$REPLY" $ROOM
}

requests
before=$REPLY
mark A
send_command flood x send $SYNS
check "the half-open table fills" wait_for stat_is A half_open_now $ROOM
check "then cookies are sent" wait_for grown A cookies_sent
for ((i = 1; i <= CLIENTS; i++)); do
	must b c new
	must b c connect $ADDR_A 8000
	must a srv accept s
	must b c send 5000
	check "client $i connects through it" tell a s recv 5000
	must b c close
	must a s close
	check "the table has not grown" bounded
done
get_answer flood || bail "the flood: $REPLY"

all_seen()
{
	growth A in_segs
	at_least "$REPLY" $SYNS
}
check "all of it came" wait_for all_seen
requests
# A few are in the hands of each CPU.
check "its memory is bounded" at_most $((REPLY - before)) $((ROOM + 200))
# Not all of them, where the flood is so slow that records end before the next SYN.
check "who found the table full connected by a cookie" grown A cookies_accepted
check "no SYN was dropped" counted A drop_listen_halfopen 0
check "when it is over, nothing is left" wait_for stat_is A half_open_now 0
must b c new
mark A
must b c connect $ADDR_A 8000
check "then there is room for records again" counted A cookies_sent 0
check "and connections are as before" counted A passive_opens 1
