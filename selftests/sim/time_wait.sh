#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# 2MSL is 60 s (RFC 9293 3.4.2), and a FIN that comes again starts it anew
# (3.10.7.4). A tick of the wheel that holds the records is 1.024 s.

# shellcheck source=selftests/sim/lib.sh
. "$(dirname "$0")/lib.sh"

simulated 8

reach TIME_WAIT x
start_clock
reach TIME_WAIT y
reach TIME_WAIT z
check "60 s, and not more than a tick longer" ends_between x TIME_WAIT 59900 61100
check "all three are gone" state_is A CLOSED $PORT

reach TIME_WAIT fin
reach TIME_WAIT other
start_clock
until_ms 50000
must r fin send FA seq=-1
check "after 50 s the FIN comes again: acknowledged" tell r fin expect A seq=0 ack=0
until_ms 61100
check "the other one is gone after 60 s" raw_state_is other CLOSED
check "this one lives for 60 s more" ends_between fin TIME_WAIT 109900 111200

# What is no FIN does not make it live longer.
reach TIME_WAIT w
start_clock
until_ms 40000
must r w send AP seq=-100 len=50
check "old data after 40 s: challenge" tell r w expect A seq=0 ack=0
check "which does not make it live longer" ends_between w TIME_WAIT 59900 61100
must r w send FA seq=-1
check "then a FIN finds nobody: RST" tell r w expect R
