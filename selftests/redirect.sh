#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A router that knows a better one says so (ICMP redirect, RFC 9293 3.9.2.2 and RFC
# 1122 3.2.2.2), and is believed if it quotes a number in flight.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

FAR=192.0.2.9	# raw.py's, behind two routers

plan 5
hosts
ip -n "${NS[A]}" route add $FAR via $ADDR_RAW dev wire || bail "no route"
in_host A sysctl -qw net.ipv4.conf.all.accept_redirects=1
peer a A
RAW_PEER=r
start_helper r B "$HERE/raw.py" wire $FAR $ADDR_A $MAC_A "$WALTZ_PROTO"
rto_min 30000
listener a l $ADDR_A $PORT

# The router that A uses.
uses()
{
	matches "$(ip -n "${NS[A]}" route get $FAR)" "$FAR via $1 *"
}

raw_open c
must r c handshake
must a l accept c
must a c send 10
must r c expect A len=10
check "the route's own router" uses $ADDR_RAW
must r c unreachable 1 type=5 gateway=$ADDR_B src=$ADDR_RAW seq=+1000
must r c silent
check "a redirect that quotes what was never sent" uses $ADDR_RAW
must r c unreachable 1 type=5 gateway=$ADDR_B src=$ADDR_RAW
check "one that quotes what is in flight" wait_for uses $ADDR_B
must r c send A
must a c send 20
check "the connection goes on" tell r c expect A len=20
must r c send A len=5
check "both ways" answers xxxxx a c read 10
