#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# SO_LINGER: close() waits until the peer has acknowledged everything, or until
# the time is over.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

plan 10
hosts
raw_pair

# closed_within NAME LOWEST HIGHEST: milliseconds that close() takes.
closed_within()
{
	local start

	now_ms
	start=$REPLY
	tell a "$1" close || return
	now_ms
	WHY="close() took $((REPLY - start)) ms, wanted $2 to $3"
	[ $((REPLY - start)) -ge "$2" ] && [ $((REPLY - start)) -le "$3" ]
}

reach ESTABLISHED plain
must a plain send 100
check "without SO_LINGER close() does not wait" closed_within plain 0 900
check "the rest goes on behind it" raw_state_is plain FIN_WAIT1
must r plain expect A len=100
must r plain expect FA
must r plain send A
check "FIN_WAIT2" wait_for raw_state_is plain FIN_WAIT2

reach ESTABLISHED silent
must a silent linger on 1
must a silent send 100
check "a peer that does not answer: the whole time" closed_within silent 950 5000
check "the rest goes on behind it" raw_state_is silent FIN_WAIT1

reach ESTABLISHED prompt
must a prompt linger on 60
must a prompt send 100
must a prompt start close
must r prompt expect A len=100
must r prompt expect FA
check "close() waits for the acknowledgement" errs "still running" a prompt wait 0
must r prompt send A
check "and no longer" tell a prompt wait
check "FIN_WAIT2" wait_for raw_state_is prompt FIN_WAIT2

reach ESTABLISHED zero
must a zero linger on 0
must a zero send 100
check "SO_LINGER 0 does not wait" closed_within zero 0 900
check "nothing is left" raw_state_is zero CLOSED
