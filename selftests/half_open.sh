#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The server's side of a handshake that is not complete: why it takes three
# segments. A SYN that wandered through the network opens nothing, and leaves
# nothing behind.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

plan 35
hosts
raw_pair
mark A
must a l nonblock

# stays NAME: half-open still.
stays()
{
	raw_state_is "$1" SYN_RECV
}

# SYN-ACKs come again by themselves, after a second: on a busy machine, in between.
reach SYN_RECV old
must r old ignore SA
check "a SYN makes a half-open record" stays old
check_waltz "which is counted" stat_is A half_open_now 1
check_waltz "and no socket" stat_is A sockets_now 1
check "accept() has nothing" errs EAGAIN a l accept s
# The host it seems to come from knows of no connection.
must r old send R
check "RST by who never sent that SYN: nothing is answered" tell r old silent
check "the record is gone" raw_state_is old CLOSED
check_waltz "and not counted any more" stat_is A half_open_now 0
check "accept() has nothing" errs EAGAIN a l accept s

reach SYN_RECV x
must r x ignore SA
must r x send R seq=+1
check "RST in the window, not exact: challenge" tell r x expect A seq=0 ack=0
check "the record stays" stays x
must r x send R seq=-1
check "RST outside: ignored" tell r x silent
must r x send A seq=+100000
check "ACK outside the window: answered by an ACK" tell r x expect A seq=0 ack=0
must r x ignore
must r x send S seq=-1
check "the same SYN again: SYN-ACK again" tell r x expect SA seq=-1 ack=0
must r x ignore SA
# TCP ends the connection for it.
! is_waltz || must r x send S seq=+10
check_waltz "another SYN in the window: challenge" tell r x expect A seq=0 ack=0
must r x send A ack=+1
check "ACK of more than our SYN: RST" tell r x expect R
must r x send A ack=-1
check "ACK of less than our SYN: RST" tell r x expect R
must r x send F
check "FIN without ACK: ignored" tell r x silent
check "the record stays through all this" stays x
must r x send A
check "the right ACK makes the connection" wait_for tell a l accept x
check "and is answered by nothing" tell r x silent
check "ESTABLISHED" raw_state_is x ESTABLISHED
check_waltz "no record is left" stat_is A half_open_now 0

# The handshake's last segment may bring data, and the end.
reach SYN_RECV y
must r y send FAP data=last-words
check "ACK, data and FIN at once: all is acknowledged" tell r y expect A ack=0
wait_for tell a l accept y || bail "$WHY"
check "the data is there" answers last-words a y read 100
check "and the end" tell a y eof
check "CLOSE_WAIT" raw_state_is y CLOSE_WAIT

# RFC 9293 MUST-42: to listen where a call goes out.
must r call listen 7000
for name in call other; do
	must a $name new
	must a $name opt SOL_SOCKET SO_REUSEADDR 1
	must a $name bind $ADDR_A 8100
	[ $name = other ] || must a call start connect $ADDR_RAW 7000
done
must r call expect S
check "listen() beside a SYN_SENT of the same port" tell a other listen
must r call send SA
check "and the call goes on" tell a call wait

# The peer's SYN was first: connect() of who listens, too, would reset its handshake.
for name in share out; do
	must a $name new
	must a $name opt SOL_SOCKET SO_REUSEPORT 1
	must a $name bind $ADDR_A 8200
	[ $name = out ] || must a share listen
done
must r first open 8200
port=$REPLY
must r first send S
must r first expect SA ack=0
check "connect() to who is half-open: EADDRNOTAVAIL" \
	errs EADDRNOTAVAIL a out connect $ADDR_RAW "$port"
must r first send A
check "the handshake goes on" wait_for tell a share accept first
check "and the names are its connection's" \
	errs EADDRNOTAVAIL a out connect $ADDR_RAW "$port"

# SYN and FIN together, if it is allowed: the FIN has to come again.
set_waltz A syn_fin=1
if is_waltz; then
	raw_open sf
	must r sf send SF
	must r sf set snd=-1
fi
check_waltz "syn_fin: SYN-ACK, of the SYN alone" tell r sf expect SA ack=0
! is_waltz || must r sf send FA
check_waltz "its ACK makes the connection" wait_for tell a l accept sf
check_waltz "and the FIN that comes with it ends it" tell a sf eof

reach SYN_RECV z
must a l close
check_waltz "the listener goes: RST" tell r z expect RA ack=0
