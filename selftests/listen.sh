#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What LISTEN and CLOSED answer to each kind of segment (RFC 9293 3.10.7.1 and
# 3.10.7.2).

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

plan 24
hosts
raw_pair

count=0

# expects FLAGS PORT ANSWER [KEY=VALUE...]: each from a port of its own.
expects()
{
	local flags=$1 port=$2 answer=$3 name=x$((count += 1))

	shift 3
	must r $name open "$port" isn=5000
	# As if they had sent 7000 before.
	must r $name send "$flags" ack=7000
	tell r $name expect "$answer" "$@"
}

ignored()
{
	local flags=$1 port=$2 name=x$((count += 1))

	must r $name open "$port" isn=5000
	must r $name send "$flags" ack=7000 len="${3:-0}"
	tell r $name silent
}

# answer_seq SEQ ACK: of the last answer, absolute.
answer_seq()
{
	must r x$count get rcv
	WHY="sequence number $REPLY, wanted $1"
	[ "$REPLY" = "$1" ]
}

CLOSED=9
check "CLOSED, ACK: RST" expects A $CLOSED R
check "whose number is the ACK's" answer_seq 7000
check "CLOSED, FIN-ACK: RST" expects FA $CLOSED R
check "whose number is the ACK's" answer_seq 7000
check "CLOSED, SYN-ACK: RST" expects SA $CLOSED R
check "whose number is the ACK's" answer_seq 7000
check "CLOSED, SYN: RST with ACK of the SYN" expects S $CLOSED RA ack=0
check "whose number is 0" answer_seq 0
check "CLOSED, FIN: RST with ACK of the FIN" expects F $CLOSED RA ack=0
check "whose number is 0" answer_seq 0
check "CLOSED, SYN-FIN: RST with ACK of both" expects SF $CLOSED RA ack=0
check "CLOSED, RST: nothing" ignored R $CLOSED
check "CLOSED, RST-ACK: nothing" ignored RA $CLOSED

mark A
check "LISTEN, ACK: RST" expects A $PORT R
check "whose number is the ACK's" answer_seq 7000
check "LISTEN, FIN-ACK: RST" expects FA $PORT R
check "LISTEN, SYN-ACK: RST" expects SA $PORT R
check "LISTEN, RST: nothing" ignored R $PORT
check "LISTEN, RST-ACK: nothing" ignored RA $PORT
check "LISTEN, FIN without ACK: nothing" ignored F $PORT
check_waltz "LISTEN, SYN-FIN: dropped" ignored SF $PORT
check "no connection came of all this" state_is A CLOSED $PORT
check "LISTEN, SYN: SYN-ACK" expects S $PORT SA ack=0
must a l nonblock
check "which is no connection yet" errs EAGAIN a l accept s
