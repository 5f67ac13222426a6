#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Three segments, and both sides are ESTABLISHED and agree (RFC 9293 3.5).

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

plan 13
hosts
peer a A
peer b B
listener b l $ADDR_B $PORT
is_waltz && trace_states
mark A
mark B
connection c s

check "client is ESTABLISHED" state_is A ESTABLISHED - $PORT
check "server is ESTABLISHED" wait_state B ESTABLISHED $PORT
check_waltz "client counts an active open" counted A active_opens 1
check_waltz "client counts no passive open" counted A passive_opens 0
check_waltz "server counts a passive open" counted B passive_opens 1
check_waltz "server counts no active open" counted B active_opens 0
check_waltz "no half-open record is left" stat_is B half_open_now 0
check_waltz "nothing was sent twice" counted A retrans_segs 0
check_waltz "client's transitions, in order" went A \
	"CLOSED>SYN_SENT SYN_SENT>ESTABLISHED"
check_waltz "server's transitions, in order" went B \
	"LISTEN>SYN_RECV SYN_RECV>ESTABLISHED"

# The same segment by segment.
raw_pair
raw_open x isn=4294967295 mss=1460 wscale=7 ts=77
check "SYN-ACK acknowledges ISN+1, across the wrap" tell r x handshake
check "the SYN-ACK answers all options" matches "$REPLY" "*tsecr=77 mss=1460 wscale=*"
check "the last ACK makes the connection" tell a l accept x
