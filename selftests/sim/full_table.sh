#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A full TIME_WAIT table, and a record whose 2MSL has begun anew: until its old time
# has come up it goes as if nothing had been; from then on it is the youngest.

# shellcheck source=selftests/sim/lib.sh
. "$(dirname "$0")/lib.sh"

simulated 5
set_waltz A time_wait_max=3

# record NAME
record()
{
	reach TIME_WAIT "$1"
	must a "$1" close
}

start_clock
record x1
until_ms 30000
record x2
record x3
until_ms 50000
must r x1 send FA seq=-1
must r x1 expect A seq=0 ack=0
# A tick of 60 s is 1.024 s.
until_ms 62000
check "its old time is over, it stays" records_are x1 x2 x3
record x4
check "it is the youngest: another one goes" records_are x1 x3 x4
record x5
check "and the next one" records_are x1 x4 x5
until_ms 109900
check "it lives for 60 s from the second FIN on" raw_state_is x1 TIME_WAIT
until_ms 111200
check "and no longer" records_are x4 x5
