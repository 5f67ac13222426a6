#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A SYN-ACK is sent again after 1, 2, 4, 8 and 16 s; 32 s later the half-open
# record is given up, 63 s after the SYN.

# shellcheck source=selftests/sim/lib.sh
. "$(dirname "$0")/lib.sh"

simulated 22

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

# TCP_DEFER_ACCEPT: the timer runs, but nothing was lost. So the window is as large as
# ever (RFC 5681 3.1), and ECN as agreed.
must a l opt IPPROTO_TCP TCP_DEFER_ACCEPT 7
raw_open d mss=1000
start_clock
must r d send SEC
must r d expect SAE ack=0
must r d send A
until_ms 4500
must r d send AP len=1
check "deferred: data makes the connection" tell a l accept d
check "and its window is the initial one" answers 10 a d info cwnd
raw_open e mss=1000
must r e send SEC
must r e expect SAE ack=0
must r e send A
check "the time is over: once more, with ECN" tell r e expect SAE seq=-1 ack=0 min=6900 max=9000
must r e send A
check "its ACK makes the connection" tell a l accept e
check "its window, too, is the initial one" answers 10 a e info cwnd
must a l opt IPPROTO_TCP TCP_DEFER_ACCEPT 0
raw_open w mss=1000
must r w send SEC
must r w expect SAE ack=0
check "without: it is sent again, without ECN" tell r w expect SA seq=-1 ack=0
must r w send A
check "the ACK makes the connection" tell a l accept w
check "RFC 5681 3.1: the window is one segment" answers 1 a w info cwnd

set_waltz A rto_max_ms=3000
raw_open m
start_clock
must r m send S
must r m expect SA ack=0
for seconds in 1 2 3 3 3; do
	check "no more than 3 s between two: after $seconds s" \
		comes_after $seconds m expect SA seq=-1 ack=0
done
