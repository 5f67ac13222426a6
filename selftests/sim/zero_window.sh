#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A window that stays shut is asked about, more and more seldom, for as long as
# there is an answer (RFC 9293 3.8.6.1, MUST-37): more than an hour.

# shellcheck source=selftests/sim/lib.sh
. "$(dirname "$0")/lib.sh"

simulated 6

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
