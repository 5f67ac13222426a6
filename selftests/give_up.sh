#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A peer that answers nothing any more: in every state the connection ends
# (RFC 9293 3.8.3), the user is told, and nothing is left.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

is_waltz || {
	plan 0
	skip_all "TCP cannot be told to give up so soon"
}

plan 29
hosts
raw_pair
# Once again, that is after 1.5 s, and given up 3 s later. Less would disturb
# what leads to the states.
rto_min 1500
set_waltz A retries=1 orphan_retries=1 syn_retries=1
mark A

reach ESTABLISHED data
must a data send 10
reach CLOSE_WAIT half
must a half send 10
for state in FIN_WAIT1 CLOSING LAST_ACK; do
	reach $state $state
done
reach ESTABLISHED orphan
must a orphan send 10
must a orphan close
reach CLOSE_WAIT orphan2
must a orphan2 close

# An open that crossed theirs, and is acknowledged by nobody.
must r x listen 7000
must a x new
must a x start connect $ADDR_RAW 7000
must r x expect S
must r x send S
must r x expect SA
check "SYN_RECV" state_is A SYN_RECV - 7000

for name in data half FIN_WAIT1 CLOSING LAST_ACK; do
	check "$name: given up" wait_for raw_state_is $name CLOSED
	check "$name: ETIMEDOUT" answers ETIMEDOUT a $name error
done
check "orphan: given up" wait_for raw_state_is orphan CLOSED
check "orphan in LAST_ACK: given up" wait_for raw_state_is orphan2 CLOSED
check "SYN_RECV: ETIMEDOUT" errs ETIMEDOUT a x wait
check "SYN_RECV: CLOSED" state_is A CLOSED - 7000
check "all eight are counted" counted A abort_timeout 8
check "no orphan is left" stat_is A orphans_now 0

must r data forget
must r data send A len=1
check "a later segment is answered by a RST" tell r data expect R
must r LAST_ACK send A
check "so it is after LAST_ACK" tell r LAST_ACK expect R

# Silence is not asked about unless the user wants it: SO_KEEPALIVE.
rto_min 30000
for state in ESTABLISHED FIN_WAIT2 CLOSE_WAIT; do
	reach $state k$state
	must a k$state opt SOL_SOCKET SO_KEEPALIVE 1
	must a k$state opt IPPROTO_TCP TCP_KEEPIDLE 1
	must a k$state opt IPPROTO_TCP TCP_KEEPINTVL 1
	must a k$state opt IPPROTO_TCP TCP_KEEPCNT 1
done
check "SO_KEEPALIVE: an old number is asked about after 1 s" \
	tell r kESTABLISHED expect A seq=-1 len=0
for state in ESTABLISHED FIN_WAIT2 CLOSE_WAIT; do
	check "keepalive in $state: given up" wait_for raw_state_is k$state CLOSED
	check "keepalive in $state: ETIMEDOUT" answers ETIMEDOUT a k$state error
done

# RFC 5482: by time and not by count.
set_waltz A retries=15
rto_min 200
reach ESTABLISHED user
must a user opt IPPROTO_TCP TCP_USER_TIMEOUT 1500
now_ms
start=$REPLY
must a user send 10
check "TCP_USER_TIMEOUT: given up" wait_for raw_state_is user CLOSED
now_ms
check "TCP_USER_TIMEOUT: not before its time" at_least $((REPLY - start)) 1400
check "TCP_USER_TIMEOUT: ETIMEDOUT" answers ETIMEDOUT a user error
