#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# TCP_LINGER2: how long FIN_WAIT2 is remembered once its owner has closed it; a negative
# one: not at all. TCP does the same.

# shellcheck source=selftests/sim/lib.sh
. "$(dirname "$0")/lib.sh"

simulated 12

# closes NAME SECONDS: with that option, and the FIN is acknowledged.
closes()
{
	reach ESTABLISHED "$1"
	must a "$1" opt IPPROTO_TCP TCP_LINGER2 "$2"
	must a "$1" close
	must r "$1" expect FA seq=0 ack=0
	must r "$1" send A
}

closes five 5
start_clock
check "5: FIN_WAIT2 for 5 s" ends_between five FIN_WAIT2 4900 5300
must r five send FA
check "then the peer's FIN finds nobody: RST" tell r five expect R

closes long 120
start_clock
# In ticks of 4 s (Documentation/timewait.rst).
check "120: more than the 60 s that are usual" ends_between long FIN_WAIT2 119900 124200

closes none 0
start_clock
check "0: as usual" ends_between none FIN_WAIT2 59900 61200

mark A
closes minus -1
check "-1: nothing is sent" tell r minus silent
check "-1: nothing is left" raw_state_is minus CLOSED
check_waltz "-1: no record was made" counted A tw_inserted 0
must r minus send FA
check "-1: the peer's FIN finds nobody: RST" tell r minus expect R

# Who is in FIN_WAIT2 already when its owner closes it.
reach FIN_WAIT2 late
must a late opt IPPROTO_TCP TCP_LINGER2 5
sleep 1000
check "with an owner it has no end" raw_state_is late FIN_WAIT2
must a late close
start_clock
check "5 s after close() it has" ends_between late FIN_WAIT2 4900 5300
reach FIN_WAIT2 reset
must a reset opt IPPROTO_TCP TCP_LINGER2 -1
must a reset close
check "-1, in FIN_WAIT2 already: RST" tell r reset expect RA seq=0
check "nothing is left" raw_state_is reset CLOSED
