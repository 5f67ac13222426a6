#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the scripts say of connections that open, wait for accept() and close: as
# many as there were, each where it belongs.

# shellcheck source=selftests/bpftrace/lib.sh
. "$(dirname "$0")/lib.sh"

plan 28
hosts
pair
raw_pair
set_waltz A time_wait_ms=1100
set_waltz B time_wait_ms=1100
trace_with states handshake whocloses acceptq

# Six connections between the hosts: three are closed by the client, two by the
# server, one ends by RST.
for i in 1 2 3 4 5 6; do
	connection "c$i" "s$i"
done
for i in 1 2 3; do
	must a "c$i" close
	must b "s$i" eof
	must b "s$i" close
done
for i in 4 5; do
	must b "s$i" close
	must a "c$i" eof
	must a "c$i" close
done
must a c6 linger on 0
must a c6 close
errs ECONNRESET b s6 eof || bail "$WHY"

must a c7 new
errs ECONNREFUSED a c7 connect $ADDR_B 7999 || bail "$WHY"
reach SYN_RECV h
must r h send R
wait_for raw_state_is h CLOSED || bail "$WHY"
# The FINs cross.
reach CLOSING x
must r x send A
wait_for raw_state_is x TIME_WAIT || bail "$WHY"

# A queue with room for one, which nobody accepts.
listener a q $ADDR_A 7000 0
must r q1 open 7000
must r q1 handshake
must r q2 open 7000
must r q2 send S
must r q2 silent
must a q close

set_waltz A syncookies=2
raw_open y ts=1
must r y handshake
must a l accept y
must r y send R

no_records()
{
	stat_is A tw_now 0 && stat_is B tw_now 0
}
wait_for no_records || bail "$WHY"
end_scripts

# Opened by connect(): 6 of A. By a peer: 6 of B, x, q1 and y.
check "handshake: active" counts handshake active_us 6
check "passive, with a record" counts handshake passive_us 8
check "by cookie" says handshake "@by_cookie: 1"
check "refused" says handshake "@active_failed\[RST\]: 1"
check "the peer gave up" says handshake "@passive_failed\[RST\]: 1"

check "whocloses: the client, seen by it" says whocloses "@closed\[opened here, closed here, FIN\]: 3"
check "and by the server" says whocloses "@closed\[opened there, closed there, FIN\]: 3"
check "the server, seen by it" says whocloses "@closed\[opened there, closed here, FIN\]: 2"
check "and by the client" says whocloses "@closed\[opened here, closed there, FIN\]: 2"
check "both" says whocloses "@closed\[opened there, both at once, FIN\]: 1"
check "RST, seen by who sent it" says whocloses "@closed\[opened here, closed here, abort\]: 1"
check "and by who got it" says whocloses "@closed\[opened there, closed there, RST\]: 2"
check "nobody accepted it" says whocloses "@closed\[opened there, closed here, abort\]: 1"
check "nothing else" same "$(grep -c ^@ "$RUN/whocloses.said")" 8

check "acceptq: who was accepted" counts acceptq "wait_us[$PORT]" 8
check "the longest queue" says acceptq "@longest\[$PORT\]: 1"
check "one was full" says acceptq "@overflow\[7000\]: 1"
check "and purged" says acceptq "@purged\[7000\]: 1"

check "states: ESTABLISHED" counts states "ms[ESTABLISHED]" 15
check "SYN_SENT" counts states "ms[SYN_SENT]" 7
check "SYN_RECV" counts states "ms[SYN_RECV]" 9
check "CLOSE_WAIT" counts states "ms[CLOSE_WAIT]" 5
check "LAST_ACK" counts states "ms[LAST_ACK]" 5
check "FIN_WAIT2" counts states "ms[FIN_WAIT2]" 5
check "CLOSING" counts states "ms[CLOSING]" 1
check "TIME_WAIT" counts states "ms[TIME_WAIT]" 6
check "which lasts no less than it should" matches "$LOWEST" "\[[1-9]K, *K)"
# All of them, and the two that did not open.
check "and how long they lived" counts states life_ms 17
