#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A SYN is tried for three minutes at least (RFC 9293 3.8.3, MUST-23): again
# after 1, 2, 4, ... 64 s, given up 120 s later.

# shellcheck source=selftests/sim/lib.sh
. "$(dirname "$0")/lib.sh"

simulated 18

must r c listen 7000
must a c new
start_clock
must a c start connect $ADDR_RAW 7000
check "SYN" tell r c expect S
mark A
for seconds in 1 2 4 8 16 32 64; do
	check "SYN again after $seconds s" comes_after $seconds c expect S
done
check "it is tried for three minutes" not errs ETIMEDOUT a c wait $((180 - 127))
check "then ETIMEDOUT" errs ETIMEDOUT a c wait 100
late 247000
check "after 247 s" took 246900 "$REPLY"
check "nothing was sent meanwhile" tell r c silent
check "seven were counted" counted A retrans_syn 7

set_waltz A rto_max_ms=3000
must r d listen 7001
must a d new
start_clock
must a d start connect $ADDR_RAW 7001
must r d expect S
for seconds in 1 2 3 3 3; do
	check "no more than 3 s between two: after $seconds s" comes_after $seconds d expect S
done
