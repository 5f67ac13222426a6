#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# SYN and SYN-ACK are sent again after 1 s, 2 s, ... (RFC 6298 5.5), and given
# up in the end. All of it happens at the same time; the times are those at
# which the kernel captured the segments.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

plan 25
hosts
raw_pair
# It is the floor for SYN, too, and raw_pair has put it up.
rto_min 200
mark A

# Timers may be late on a busy machine, but never early.
after()
{
	echo "min=$(($1 * 95 / 100)) max=$(($1 + 900))"
}

must a c new
must r c listen 7000
must a c start connect $ADDR_RAW 7000

must a d new
must a d opt IPPROTO_TCP TCP_SYNCNT 1
must r d listen 7001
must a d start connect $ADDR_RAW 7001

raw_open s
must r s send S
set_waltz A synack_retries=2

check "SYN" tell r c expect S
# shellcheck disable=SC2046 # words are wanted
{
	check "SYN again after 1 s" tell r c expect S $(after 1000)
	check "SYN again after 2 s" tell r c expect S $(after 2000)
}
must r c send SA
check "the third one is answered: connected" tell a c wait
must a c info total_retrans
check "TCP_INFO: two were sent again" same "$REPLY" 2

check "SYN-ACK" tell r s expect SA
# shellcheck disable=SC2046 # words are wanted
{
	check "SYN-ACK again after 1 s" tell r s expect SA seq=-1 $(after 1000)
	check "SYN-ACK again after 2 s" tell r s expect SA seq=-1 $(after 2000)
}
check_waltz "given up after 4 s more" wait_for raw_state_is s CLOSED
check_waltz "the record is not counted any more" stat_is A half_open_now 0

check "TCP_SYNCNT 1: SYN" tell r d expect S
check "and once more" tell r d expect S
check "connect() fails with ETIMEDOUT" errs ETIMEDOUT a d wait
check "CLOSED" state_is A CLOSED - 7001
check "no third SYN was sent" tell r d silent
check_waltz "five retransmissions were counted" counted A retrans_syn 5
check_waltz "one connection was given up" counted A abort_timeout 1

# The ACK of a SYN-ACK that was sent twice.
raw_open t
must r t send S
must r t expect SA
must r t expect SA min=900
must r t send A
check "a connection after a lost SYN-ACK" tell a l accept t
must r t send A len=3
check "is as good as any" answers xxx a t read 10
must a t info total_retrans
check "TCP_INFO: its SYN-ACK was sent again once" same "$REPLY" 1

# The same limit for the whole namespace, on a socket that sets none.
set_waltz A syn_retries=1
is_waltz || in_host A sysctl -qw net.ipv4.tcp_syn_retries=1
must r e listen 7002
must a e new
must a e start connect $ADDR_RAW 7002
check "syn_retries=1: SYN" tell r e expect S
# shellcheck disable=SC2046 # words are wanted
check "SYN again after 1 s" tell r e expect S $(after 1000)
check "ETIMEDOUT" errs ETIMEDOUT a e wait
check "and CLOSED" state_is A CLOSED - 7002
check "no third SYN was sent" tell r e silent
