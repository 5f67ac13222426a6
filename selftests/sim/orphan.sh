#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# An orphan has nobody to tell, so it is given up sooner: what is earliest goes 8
# times (orphan_retries) in times that double.

# shellcheck source=selftests/sim/lib.sh
. "$(dirname "$0")/lib.sh"

simulated 14

reach ESTABLISHED x
must a x send 10
check "data" tell r x expect A seq=0 len=10
must a x close
check "FIN" tell r x expect FA seq=0 len=0
check "FIN_WAIT1, without an owner" raw_state_is x FIN_WAIT1
check "an orphan" stat_is A orphans_now 1
check "the earliest again" tell r x expect A seq=-11 len=10 max=1100
check "time 2" tell r x expect A seq=-11 len=10 min=390 max=2300
goes_on x 8 A seq=-11 len=10
start_clock
WANT=$((WANT * 2))
late $WANT
check "then it is given up" ends_between x FIN_WAIT1 $((200 * 256 - 50)) "$REPLY"
check "no orphan is left" stat_is A orphans_now 0
