#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Four segments end a connection. Who closes first keeps the TIME_WAIT record;
# the other side is CLOSED at once (RFC 9293 3.6).

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

TWO_MSL=1500

plan 22
hosts
set_waltz A time_wait_ms=$TWO_MSL
set_waltz B time_wait_ms=$TWO_MSL
pair

# state_at HOST STATE: of the connection, whose server's port is known.
state_at()
{
	if [ "$1" = A ]; then
		wait_state A "$2" - $PORT
	else
		wait_state B "$2" $PORT
	fi
}

# teardown WHO PEER SOCKET HOST PEER SOCKET HOST: the first one closes first.
teardown()
{
	local who=$1 peer=$2 socket=$3 host=$4 peer2=$5 socket2=$6 host2=$7 start

	connection c s
	is_waltz && trace_states
	mark "$host"
	mark "$host2"
	must "$peer" "$socket" close
	check "$who first: it waits in FIN_WAIT2" state_at "$host" FIN_WAIT2
	check "$who first: the other is in CLOSE_WAIT" state_at "$host2" CLOSE_WAIT
	check "$who first: the other reads the end of file" tell "$peer2" "$socket2" eof

	must "$peer2" "$socket2" close
	now_ms
	start=$REPLY
	check "$who first: TIME_WAIT follows" state_at "$host" TIME_WAIT
	check "$who first: the other is CLOSED" state_at "$host2" CLOSED
	check_waltz "$who first: and has no record" counted "$host2" tw_inserted 0
	check_waltz "$who first: the other's transitions" went "$host2" \
		"ESTABLISHED>CLOSE_WAIT CLOSE_WAIT>LAST_ACK LAST_ACK>CLOSED"

	# TCP's 60 s are too long for a test.
	check_waltz "$who first: TIME_WAIT ends" state_at "$host" CLOSED
	now_ms
	check_waltz "$who first: not before its time" \
		at_least $((REPLY - start)) $((TWO_MSL - 100))
	check_waltz "$who first: its transitions" went "$host" \
		"ESTABLISHED>FIN_WAIT1 FIN_WAIT1>FIN_WAIT2 FIN_WAIT2>FIN_WAIT2 FIN_WAIT2>TIME_WAIT TIME_WAIT>CLOSED"
	check_waltz "$who first: nothing was sent twice" counted "$host" retrans_segs 0
}

teardown client a c A b s B
is_waltz || PORT=8001 # as there the first record is still there
[ "$PORT" = 8000 ] || listener b l $ADDR_B "$PORT"
teardown server b s B a c A
