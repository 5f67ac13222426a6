#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# How fast it may go, evenly, is said to the fq discipline, which spaces segments by
# it: twice the window in a round trip in slow start, or SO_MAX_PACING_RATE if that
# is less. Without fq all that the window allows goes at once.

# shellcheck source=selftests/sim/lib.sh
. "$(dirname "$0")/lib.sh"

SO_MAX_PACING_RATE=47

simulated 10
# What fq holds back is not late.
rto_min 30000

# Each segment is one of 1000 bytes, and 54 of headers.
SEGMENT=1054

# flight: eight segments; FLIGHT is the milliseconds from the first to the last, RATE
# what fq is told then, TWICE two windows in a round trip, which is a second or so.
flight()
{
	local n

	must a x send 8000
	must r x expect A len=1000 ms=10000
	start_clock
	for ((n = 1; n < 8; n++)); do
		must r x expect A len=1000 ms=10000
	done
	since
	FLIGHT=$REPLY
	sleep 1
	must r x send A
	must a x info pacing_rate
	RATE=$REPLY
	must a x info cwnd
	TWICE=$((2 * REPLY * 1000))
	must a x info rtt
	TWICE=$((TWICE * 1000000 / REPLY))
}

# spread BYTES-A-SECOND: so the last flight was; a tick, and what fq has saved up
# in one, allowed.
spread()
{
	local want=$((7 * SEGMENT * 1000 / $1))

	WHY="8 segments in $FLIGHT ms, wanted $want"
	[ "$FLIGHT" -ge $((want * 9 / 10)) ] && [ "$FLIGHT" -le $((want * 11 / 10 + 20)) ]
}

reach SYN_RECV x mss=1000
sleep 1
must r x send A
must a l accept x
must a x opt IPPROTO_TCP TCP_NODELAY 1

flight
check "without fq all goes at once" at_most "$FLIGHT" 20
check "yet the rate is known: two windows in a round trip" same "$RATE" $TWICE

# Or it lets a number of packets go by before it looks at the rate.
in_host A tc qdisc replace dev wire root fq low_rate_threshold 1gbit initial_quantum 1 ||
	bail "no fq"
rate=$RATE
flight
check "with fq they are spread by it" spread "$rate"
check "it grows with the window" same "$RATE" $TWICE

must a x opt SOL_SOCKET $SO_MAX_PACING_RATE 10000
must a x info pacing_rate
check "SO_MAX_PACING_RATE: no faster" same "$REPLY" 10000
flight
check "they are spread by that" spread 10000
check "and an ACK does not raise it" same "$RATE" 10000

must a x opt SOL_SOCKET $SO_MAX_PACING_RATE -1
must a x send 10
must r x expect A len=10 ms=10000
sleep 1
must r x send A
must a x info pacing_rate
rate=$REPLY
check "without it, the next ACK says how fast again" at_least "$rate" 15000
flight
check "and so it goes" spread "$rate"
check "nothing was sent twice" stat_is A retrans_segs 0
