#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A peer that takes back what it has offered (RFC 9293 3.8.6): nothing new is sent,
# and the connection goes on for as long as it is answered. And what counts before
# a window that is shut.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

plan 22
hosts
raw_pair

# out NAME [BYTES]: so many of a:NAME, or 1000, are out, of a window of 3000.
out()
{
	reach ESTABLISHED "$1" mss=1000 win=3000
	must a "$1" opt IPPROTO_TCP TCP_NODELAY 1
	must a "$1" send "${2:-1000}"
	must r "$1" expect A len=1000
}

# By text, not the first.
out t
must r t send A ack=-1000 len=1
must r t expect A ack=0 len=0
must r t send A ack=-1000 win=500 len=1
must r t expect A ack=0 len=0
must a t send 1000
check "a smaller window, with text: nothing new" tell r t silent
must r t send A win=3000
check "it opens: the rest" tell r t expect A seq=0 len=1000
must r t send A

# By a bare ACK, with the numbers of the one before.
out b
must r b send A ack=-1000 win=500
must a b send 1000
check "a smaller window, by a bare ACK: nothing new" tell r b silent
must r b skip A
must r b send A

# What is sent is worth it: not less than half of the largest window there was.
reach ESTABLISHED w mss=1000 win=1000
must a w opt IPPROTO_TCP TCP_NODELAY 1
must a w send 700
must r w expect A len=700
must a w send 400
check "a small window is not filled with a small segment" tell r w silent
must r w send A
check "but later, with a larger one" tell r w expect A seq=0 len=400
must r w send A

# Down to nothing.
set_waltz A rto_min_ms=50 retries=3
# At once: after a time-out the window has no room for the second.
out z 1500
# What was out may have timed out meanwhile, and come first.
both_out()
{
	tell r z expect A len=500
}
wait_for both_out || bail "$WHY"
must r z send A ack=-1500 win=0
# asked: once more, by what was sent or by a probe; and answered.
asked()
{
	tell r z expect A && matches "$REPLY" "A seq=-150[01] *" || return
	must r z send A ack=-1500 win=0
}
check "a window of nothing: what was sent comes again" asked
# Other segments of what is out may come first; a probe may, too.
often()
{
	local i

	for i in {1..6}; do
		must r z forget
		asked || return
	done
}
check "as often as it is answered, and more than retries" often
check "ESTABLISHED still" raw_state_is z ESTABLISHED
must r z forget
must r z send A ack=-1500 win=3000
check "it opens: all of it" tell r z expect A seq=-1500
must r z forget
must r z send A
set_waltz A rto_min_ms=30000 retries=15

# ack_counts NAME: the next bare ACK of r:NAME does; Nagle waits for it.
ack_counts()
{
	must a "$1" send 10
	must r "$1" expect A len=10
	must r "$1" send A
	must a "$1" send 10
	tell r "$1" expect A seq=0 len=10
}

# Ours is taken back: it was offered, and there is no memory.
# withdrawn NAME: 1000 bytes of r:NAME were not taken. Sets EDGE to how far it might have
# gone on from there.
withdrawn()
{
	local i came isn edge

	reach ESTABLISHED "$1" mss=1000
	must a "$1" opt SOL_SOCKET SO_RCVBUF 4096
	for i in {1..100}; do
		must r "$1" send A len=1000
		must r "$1" expect A
		came=$REPLY
		if [[ $came == *" ack=-1000 "*"win=0 "* ]]; then
			must r "$1" get isn
			isn=$REPLY
			must r "$1" get snd
			EDGE=$(((isn + edge - REPLY) & 0xffffffff))
			return
		fi
		must r "$1" edge
		edge=$REPLY
	done
	WHY="all of it was taken"
	return 1
}
check "no room for what was offered: the window is taken back" withdrawn g
check "an ACK from beyond it counts" ack_counts g
must r g send A
must r g forget
must r g send R
check "a RST from there is challenged" tell r g expect A seq=0 ack=-1000
diag "$EDGE bytes further the window ended"
must r g set "snd=$EDGE"
check "an ACK from its very edge counts, too" ack_counts g
must r g send A
must r g forget
must r g send R
check "and a RST is challenged" tell r g expect A seq=0
must r g set "snd=-$EDGE"
must a g read 1000000
must r g forget
must r g send A seq=-1000 len=1000
check "there is room: what was offered is taken" tell r g expect A seq=0 ack=0
must r g send R
check "a RST: CLOSED" raw_state_is g CLOSED

# Ours is shut.
must a l opt SOL_SOCKET SO_RCVBUF 4096
# stuff NAME: nobody reads, until there is no room.
stuff()
{
	local i ack came

	reach ESTABLISHED "$1" mss=1000
	for i in {1..50}; do
		must r "$1" send A len=500
		must r "$1" expect A
		came=$REPLY
		ack=${came#*ack=}
		must r "$1" set snd="${ack%% *}"
		[[ $came != *" win=0 "* ]] || return 0
	done
	WHY="the window does not shut"
	return 1
}
check "nobody reads: the window shuts" stuff e
check "an ACK before a shut window counts: Nagle waits no more" ack_counts e
must r e send A
must r e send R
check "a RST before a shut window: CLOSED" raw_state_is e CLOSED

check "again: it shuts" stuff f
must r f send R len=5 seq=+1
check "a RST with text, not exact: it lives" raw_state_is f ESTABLISHED
must r f send R len=5
check "a RST with text: CLOSED" raw_state_is f CLOSED
