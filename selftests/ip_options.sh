#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Options of IP's header (RFC 9293 3.9.2): what comes with a segment changes nothing,
# and what the user asks for goes with all of them.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

# hex ADDRESS: the same in hexadecimal, in REPLY.
hex()
{
	local part

	IFS=. read -ra part <<<"$1"
	printf -v REPLY %02x "${part[@]}"
}

TIMESTAMP=44 RECORD=07 LOOSE_SOURCE=83 NOP=01 END=00
UNKNOWN=5e
ADDR_FAR=10.253.0.9

plan 13
hosts
raw_pair
hex $ADDR_A && a=$REPLY
hex $ADDR_RAW && gateway=$REPLY
hex $ADDR_FAR && far=$REPLY

# What comes: 04 bytes of an option nobody knows; a time stamp and a route to be
# filled in, with room for one each.
reach ESTABLISHED x
for option in ${UNKNOWN}040000 ${TIMESTAMP}08050000000000 ${RECORD}070400000000$END; do
	check "$option comes: the segment is taken" tell r x send A len=5 ipopt="$option"
	check "$option: acknowledged, without options" tell r x expect A ack=0 len=0 ipopt=
	check "$option: the text is there" answers xxxxx a x read 10
done

# What goes: the route is recorded from here on.
must a x options "${RECORD}070400000000$END"
must a x send 10
check "record route: A is in it" tell r x expect A len=10 ipopt="${RECORD}0708$a$END"
must r x send A

# To where there is no way but through the raw peer.
in_host A ip route add $ADDR_FAR via $ADDR_RAW || bail "no route"
must r s listen 7000
must a s new
must a s options "${LOOSE_SOURCE}0704$gateway$NOP"
must a s start connect $ADDR_FAR 7000
check "source route: by way of the first, the last behind" \
	tell r s expect S ipopt="${LOOSE_SOURCE}0704$far$NOP"
must r s send SA src=$ADDR_FAR
check "the one at its end answers: connected" tell a s wait
check "and the ACK goes the same way" tell r s expect A ipopt="${LOOSE_SOURCE}0704$far$NOP"
