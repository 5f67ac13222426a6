#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Initial sequence numbers are a clock of 64 ns plus a secret of the names (RFC
# 9293 3.4.1, RFC 6528): of the same names they rise with time, and those of other
# names tell nothing.

# shellcheck source=selftests/sim/lib.sh
. "$(dirname "$0")/lib.sh"

simulated 8

# call PORT: a call from there; REPLY is its ISN. Refused, so nothing is left.
call()
{
	must r c listen 7000
	must a c new
	must a c bind $ADDR_A "$1"
	must a c start connect $ADDR_RAW 7000
	must r c expect S
	must r c get irs
	isn=$REPLY
	must r c send RA
	errs ECONNREFUSED a c wait || bail "$WHY"
	must a c close
	REPLY=$isn
}

# risen FROM TO MS: by so much of the clock.
risen()
{
	local ms=$(((($2 - $1) & 0xffffffff) * 64 / 1000000))

	WHY="the clock went by $ms ms, wanted $3"
	[ $((ms - $3)) -ge -50 ] && [ $((ms - $3)) -le 50 ]
}

apart()
{
	local distance=$((($1 - $2) & 0xffffffff))

	WHY="$distance apart"
	[ $distance -gt 65536 ] && [ $distance -lt $(((1 << 32) - 65536)) ]
}

start_clock
call 6000
first=$REPLY
call 6001
check "another port's numbers say nothing of it" apart "$first" "$REPLY"
other=$REPLY
for s in 1 10 100; do
	until_ms $((s * 1000))
	call 6000
	check "after $s s: risen by as much" risen "$first" "$REPLY" $((s * 1000))
done
call 6001
check "and of the other port" risen "$other" "$REPLY" 100000

# After 275 s it has gone round.
until_ms 300000
call 6000
check "after 300 s: once round" risen "$first" "$REPLY" $((300000 - 274878))

# RFC 7323 7.1: the clock of timestamps does not tell for how long the host is up.
hidden()
{
	local uptime tsval

	call 6000
	must r c get peer_ts
	tsval=$REPLY
	read -r uptime _ </proc/uptime
	apart "$tsval" $((10#${uptime/./} * 10))
}
check "the clock of timestamps is not that of the uptime" hidden

# A listener's.
raw_open l1
must r l1 send S
must r l1 expect SA
must r l1 get irs
one=$REPLY
raw_open l2
must r l2 send S
must r l2 expect SA
must r l2 get irs
check "a listener's, for two ports of its peer" apart "$one" "$REPLY"
