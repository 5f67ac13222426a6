#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# FIN_WAIT2 without an owner ends after 60 s; with one it does not, but its time
# begins with close().

# shellcheck source=selftests/sim/lib.sh
. "$(dirname "$0")/lib.sh"

simulated 6

# orphan NAME: closed, and the FIN is acknowledged.
orphan()
{
	reach ESTABLISHED "$1"
	must a "$1" close
	must r "$1" expect FA seq=0 ack=0
	must r "$1" send A
}

reach FIN_WAIT2 owned
orphan x
start_clock
orphan y
check "60 s" ends_between x FIN_WAIT2 59900 61100
check "the other one too" raw_state_is y CLOSED
must r x send FA
check "then the peer's FIN finds nobody: RST" tell r x expect R
sleep 86400
check "with an owner it has no end" raw_state_is owned FIN_WAIT2
must a owned close
start_clock
check "60 s after close() it has" ends_between owned FIN_WAIT2 59900 61100

# The FIN comes in the last second: 2MSL from then on.
orphan z
start_clock
until_ms 59000
must r z send FA
must r z expect A seq=0 ack=0
check "a FIN after 59 s: TIME_WAIT for 60 s more" ends_between z TIME_WAIT 118900 120200
