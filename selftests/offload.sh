#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Segmentation offload: full segments go through the stack several at a time, and
# each of them is right where a device wants them one by one.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

SIZE=3000000
MSS=1448

is_waltz || {
	plan 0
	skip_all "TCP's bursts are of another type"
}

plan 16
hosts
peer a A
peer b B
listener b l $ADDR_B $PORT
start_helper w B "$HERE/interop/sums.py" wire $ADDR_A $ADDR_B "$WALTZ_PROTO"

# transfer WHAT: bytes both ways at once over a new connection, all compared; and
# how many packets A made of its segments.
transfer()
{
	must w a forget
	mark A
	connection c s
	must a c alias cr
	must b s alias sr
	must a c start send $SIZE
	must b s start send $SIZE
	must a cr start recv $SIZE
	must b sr start recv $SIZE
	check "$1: all bytes arrive" tell b sr wait 100
	check "$1: and come back" tell a cr wait 100
	must a c close
	must b s close
	growth A out_segs
	SEGMENTS=$REPLY
	must w a segments
	PACKETS=$REPLY
	diag "$1: $SEGMENTS segments in $PACKETS packets"
}

# A packet for two segments, on the whole: what answers has none to join.
joined()
{
	WHY="$SEGMENTS segments in $PACKETS packets"
	[ $((SIZE / MSS)) -lt "$SEGMENTS" ] && [ $((2 * PACKETS)) -lt "$SEGMENTS" ]
}

# What still goes between the two counts is no more than the end of both.
one_by_one()
{
	WHY="$SEGMENTS segments in $PACKETS packets"
	[ "$PACKETS" -ge "$SEGMENTS" ] && [ "$PACKETS" -le $((SEGMENTS + 8)) ]
}

# longest LEN
longest()
{
	must w a longest
	same "a segment of $REPLY" "a segment of $1"
}

# feature NAME: of A's end of the cable, is off from here on.
feature_off()
{
	in_host A ethtool -K wire "$1" off >"$RUN/ethtool" 2>&1 || bail "ethtool: $(<"$RUN/ethtool")"
}

transfer "off"
check "off: a packet for each segment" one_by_one
check "off: none is longer than the MSS" longest $MSS

offload on
transfer "on"
check "on: the cable gets bursts" joined

# What a device with little memory does, and one that shapes.
feature_off tx-sctp-segmentation
transfer "a device that takes none"
check "a device that takes none: the stack cuts them" one_by_one
check "none is longer than the MSS" longest $MSS

feature_off tx
transfer "a device that does not sum"
check "a device that does not sum: a packet for each segment" one_by_one
must w a wrong
check "all checksums are right" same "$REPLY wrong" "0 wrong"
check "none is longer than the MSS" longest $MSS

