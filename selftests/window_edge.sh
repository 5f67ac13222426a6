#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What is offered once is not taken back, not even by what a scaled window loses in
# rounding (RFC 7323 2.4): whatever comes, the right edge does not move left.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

is_waltz || {
	plan 0
	skip_all "TCP's window is rounded in its own way"
}

plan 8
hosts
raw_pair
raw_open w mss=1000 wscale=0
must r w handshake
syn_ack=$REPLY
must a l accept w
check "the window is scaled" answers "[1-9]*" r w get peer_wscale

# In a SYN it is not (RFC 7323 2.2): neither ours nor theirs.
check "the window of a SYN-ACK is not" matches "$syn_ack" "* win=65535 *"
must r act listen 7000 wscale=7 mss=1000 win=100
must a act new
must a act start connect $ADDR_RAW 7000
must r act accept
must a act wait
must a act opt IPPROTO_TCP TCP_NODELAY 1
must a act send 1000
check "nor is the peer's" tell r act expect A len=100
must r act send A

# filled COUNT LEN...: so many rounds of segments of these lengths, and nobody reads.
filled()
{
	local count=$1 edge=0 i len

	shift
	for ((i = 0; i < count; i++)); do
		for len; do
			must r w send A "len=$len"
			must r w expect A ack=0
			must r w edge
			WHY="the edge was $edge, and is $REPLY"
			[ "$REPLY" -ge "$edge" ] || return
			edge=$REPLY
		done
	done
}
check "odd segments: the edge stays or moves right" filled 20 1 3 127 129 61 999
drained()
{
	local edge

	must r w edge
	edge=$REPLY
	must a w read 5000
	must r w send A len=1
	must r w expect A ack=0
	must r w edge
	at_least "$REPLY" "$edge"
}
check "and when somebody reads" drained

# A small segment is charged as much memory as a large one. What was promised
# has room all the same.
# promise_kept NAME COUNT LEN...: so many segments of a byte, then rounds of these
# lengths, until nothing is left of what is offered; nobody reads.
promise_kept()
{
	local name=$1 count=$2 sent=0 left len

	shift 2
	while :; do
		for len; do
			must r "$name" edge
			left=$((REPLY - 1 - sent))
			[ $left -gt 0 ] || return 0
			[ $((count--)) -le 0 ] || len=1
			[ "$len" -lt $left ] || len=$left
			must r "$name" send A "len=$len"
			tell r "$name" expect A ack=0 || return
			sent=$((sent + len))
		done
	done
}
must a l opt SOL_SOCKET SO_RCVBUF 16384
for lengths in "0 600 300" "50 1400"; do
	name=p${lengths// /_}
	raw_open "$name" mss=1000
	must r "$name" handshake
	must a l accept "$name"
	# shellcheck disable=SC2086
	check "$lengths: all that was offered is taken" promise_kept "$name" $lengths
done
check "none found no room" stat_is A drop_rcvbuf 0
