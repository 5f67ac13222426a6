#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# SO_KEEPALIVE: after two hours of silence (RFC 9293 3.8.4, MUST-28) nine probes,
# 75 s apart; then ETIMEDOUT, and a RST. Without it silence may last for days.

# shellcheck source=selftests/sim/lib.sh
. "$(dirname "$0")/lib.sh"

TWO_HOURS=7200000

simulated 19
late $TWO_HOURS
LATEST=$REPLY

reach ESTABLISHED quiet
reach ESTABLISHED x
must a x opt SOL_SOCKET SO_KEEPALIVE 1
start_clock
check "probe, an old number, after two hours" tell r x expect A seq=-1 ack=0 len=0 ms=$LATEST
check "not sooner" took $TWO_HOURS $LATEST
must r x send A
start_clock
check "it is answered: two hours again" tell r x expect A seq=-1 ack=0 len=0 ms=$LATEST
check "not sooner" took $TWO_HOURS $LATEST
for n in {2..9}; do
	check "probe $n after 75 s" comes_after 75 x expect A seq=-1 ack=0 len=0
done
check "ESTABLISHED still" raw_state_is x ESTABLISHED
check "75 s later: RST" tell r x expect RA ms=90000 min=74900
check "and CLOSED" raw_state_is x CLOSED
check "ETIMEDOUT" answers ETIMEDOUT a x error
sleep 864000
check "ten days: nobody asked for keepalive, and nothing was sent" tell r quiet silent
check "ESTABLISHED" raw_state_is quiet ESTABLISHED
must r quiet send A len=3
check "and it works" answers xxx a quiet read 10
