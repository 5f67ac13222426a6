#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A SYN-ACK is sent again after 1, 2, 4, 8 and 16 s; 32 s later the half-open
# record is given up, 63 s after the SYN.

# shellcheck source=selftests/sim/lib.sh
. "$(dirname "$0")/lib.sh"

simulated 14

raw_open s
start_clock
must r s send S
check "SYN-ACK" tell r s expect SA ack=0
for seconds in 1 2 4 8 16; do
	check "SYN-ACK again after $seconds s" comes_after $seconds s expect SA seq=-1 ack=0
done
late 32000
check "the record is given up 32 s later" ends_between s SYN_RECV 62900 $((REPLY + 31900))
check "no half-open record is left" stat_is A half_open_now 0
must r s send A
check "an ACK is too late: RST" tell r s expect R

set_waltz A rto_max_ms=3000
raw_open m
start_clock
must r m send S
must r m expect SA ack=0
for seconds in 1 2 3 3 3; do
	check "no more than 3 s between two: after $seconds s" \
		comes_after $seconds m expect SA seq=-1 ack=0
done
