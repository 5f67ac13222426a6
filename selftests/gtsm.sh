#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# RFC 5082: two neighbours that send with IP_TTL 255, and take nothing that has come
# further (IP_MINTTL), reach each other; nobody else reaches them. So SYN-ACKs, too,
# have the TTL of the listener, and its other attributes.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

IP_MINTTL=21	# Python does not know it

plan 13
hosts
raw_pair

# neighbour SOCKET: it talks to neighbours only.
neighbour()
{
	must a "$1" opt SOL_IP IP_TTL 255
	must a "$1" opt SOL_IP $IP_MINTTL 255
}

neighbour l
raw_open far
must r far send S
check "a SYN that has come further draws nothing" tell r far silent
raw_open near
must r near send S ttl=255
check "SYN-ACK: the listener's TTL" tell r near expect SA ack=0 ttl=255
must r near send S seq=-1 ttl=255
check "and again" tell r near expect SA seq=-1 ack=0 ttl=255
must r near send A
check_waltz "the ACK, from further away, opens nothing" raw_state_is near SYN_RECV
must r near send A ttl=255
check "from here it does" tell a l accept n
must r near send A len=10
check "nor is text taken from further away" tell r near silent
must r near send A len=10 seq=-10 ttl=255
check "text from here is" tell r near expect A ack=0 ttl=255

if is_waltz; then
	set_waltz A syncookies=2
	raw_open cookie
	must r cookie send S ttl=255
fi
check_waltz "a cookie: the same TTL" tell r cookie expect SA ack=0 ttl=255

must r c listen 7000
must a c new
neighbour c
must a c start connect $ADDR_RAW 7000
check "SYN" tell r c expect S ttl=255
must r c send SA seq=+0
check "a SYN-ACK from further away" tell r c silent
check "connects nobody" state_is A SYN_SENT - 7000
must r c send SA ttl=255
check "one from here does" tell a c wait
check "ACK" tell r c expect A ttl=255
