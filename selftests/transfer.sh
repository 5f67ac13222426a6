#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A network that delays, loses, swaps and copies: what arrives is what was
# sent, byte for byte, both ways at once.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

OUT=16000000
BACK=4000000

plan 14
hosts
need_netem
peer a A
peer b B
# Half of the round trip at each end. What is chosen for reordering, and has
# therefore not waited, overtakes what waits.
netem A delay 10ms loss 1% reorder 1% duplicate 1%
netem B delay 10ms loss 1% reorder 1% duplicate 1%
listener b l $ADDR_B $PORT
connection c s
must a c alias cr
must b s alias sr
mark A
mark B

# Every byte is compared with what all peers send.
must a c start send $OUT
must b s start send $BACK
must a cr start recv $BACK
must b sr start recv $OUT

# done_with PEER NAME: what it was started for has gone well.
done_with()
{
	until tell "$1" "$2" wait 10; do
		[ "$REPLY" = "still running" ] || return
	done
}
check "$BACK bytes come back" done_with a cr
check "they were all sent" done_with b s
check "$OUT bytes arrive" done_with b sr
check "they were all sent" done_with a c
check "the connection is ESTABLISHED" state_is A ESTABLISHED - $PORT
check_waltz "what was lost was sent again" grown A retrans_segs
check_waltz "at the other end too" grown B retrans_segs
check_waltz "mostly without waiting for a time-out" grown A retrans_fast
check_waltz "some came out of order" grown B ooo_queued
check_waltz "some came twice" grown B drop_old_data

# The end gets through as well.
must a c shutdown wr
check "then comes the end of file" tell b s eof
must b s close
check "on both sides" tell a c eof
check "client is in TIME_WAIT" wait_state A TIME_WAIT - $PORT
check "server is CLOSED" wait_state B CLOSED $PORT
