#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A window that stays shut is asked about, more and more seldom, for as long as
# there is an answer (RFC 9293 3.8.6.1, MUST-37): more than an hour. So is one that
# was open, and is taken back when data is under way (3.8.6, SHLD-17).

# shellcheck source=selftests/sim/lib.sh
. "$(dirname "$0")/lib.sh"

simulated 11

reach ESTABLISHED x win=0
must a x send 500
mark A
start_clock
# asked_for MS: probe and answer; no more than 120 s, and an eighth, between two.
asked_for()
{
	while since && [ "$REPLY" -lt "$1" ]; do
		tell r x expect A seq=-1 ack=0 len=0 ms=136000 || return
		must r x send A
	done
}
check "an hour and more of probes, each answered" asked_for 4000000
check "ESTABLISHED" raw_state_is x ESTABLISHED
stat A probes
check "there were more than R2 would allow" at_least "$REPLY" 30
check "but they became seldom" at_most "$REPLY" 60
must r x set win=1000
must r x send A
check "the window opens: the data comes" tell r x expect A seq=0 len=500
must r x send A
must a x shutdown wr
check "and the end" tell r x expect FA seq=0
must r x send A

reach ESTABLISHED w win=1000
must a w send 500
must r w expect A seq=0 len=500
must r w send A ack=-500 win=0
start_clock
again_for()
{
	while since && [ "$REPLY" -lt "$1" ]; do
		tell r w expect A seq=-500 ack=0 len=500 ms=136000 || return
		must r w send A ack=-500 win=0
	done
}
check "the room for what was sent is taken back: an hour and more, each time answered" \
	again_for 4000000
check "ESTABLISHED" raw_state_is w ESTABLISHED
must r w set win=1000
must r w send A ack=-500
check "there is room again: the data comes" tell r w expect A seq=-500 len=500 ms=136000
must r w send A
must a w send 1
check "and what follows" tell r w expect A seq=0 len=1
must r w send A win=0 ack=-1
start_clock
until_ms 1500000
check "the peer answers no more: given up" raw_state_is w CLOSED
