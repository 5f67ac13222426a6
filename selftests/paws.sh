#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Timestamps protect against wrapped sequence numbers and against the segments
# of the connection before (RFC 7323 5): what is older than TS.Recent is not
# delivered, wherever its numbers may fall.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

plan 42
hosts
raw_pair
# TCP answers only the first one in 500 ms, whatever it is told.
is_waltz || in_host A sysctl -qw net.ipv4.tcp_invalid_ratelimit=0
SYN_OPTIONS=(mss=1460 wscale=7)

# old NAME FLAGS [KEY=VALUE...]: an old segment; an ACK says how things are.
old()
{
	local name=$1

	shift
	mark A
	must r "$name" send "$@"
	tell r "$name" expect A seq=0 ack=0 len=0 ts=yes && tell r "$name" silent &&
		nothing_there "$name" || return
	! is_waltz || { counted A drop_paws 1 && counted A challenge_acks 1; }
}

# bare NAME FLAGS [KEY=VALUE...]: a segment without timestamps is dropped.
bare()
{
	local name=$1

	shift
	mark A
	must r "$name" send "$@" ts=none
	tell r "$name" silent && counted A drop_no_timestamp 1 && nothing_there "$name"
}

# echoes NAME VALUE: what A sends next echoes that TS.Recent.
echoes()
{
	must a "$1" send 1
	tell r "$1" expect A len=1 && matches "$REPLY" "* tsecr=$2 *" || return
	must r "$1" send A
}

nothing_there()
{
	answers out a "$1" poll 0
}

# new_data NAME TEXT [KEY=VALUE...]: is acknowledged and delivered.
new_data()
{
	local name=$1 text=$2

	shift 2
	must r "$name" send AP data="$text" "$@"
	answers "$text" a "$name" read 100 && tell r "$name" expect A ack=0
}

reach ESTABLISHED x ts=100000 "${SYN_OPTIONS[@]}"
check "data with a timestamp as it was: delivered" new_data x one
must r x set ts=10
check "with a newer one: delivered" new_data x two
check "which is TS.Recent now" echoes x 100010
check "data one tick older: not delivered" old x AP seq=+0 data=old ts=-1
check "half the world older: not delivered" old x AP seq=+0 data=old ts=-2147483647
check "an old FIN ends nothing" old x FA seq=+0 ts=-1
check "an old ACK of what was never sent: no other answer" old x A seq=+0 ack=+1 ts=-1
check "an old SYN: no other answer" old x S seq=+0 ts=-1
check "old, and out of order: not queued" old x AP seq=+3 data=old ts=-1
check "TS.Recent is what it was" echoes x 100010
check "ESTABLISHED still" raw_state_is x ESTABLISHED
check "the same timestamp: delivered" new_data x three

# RFC 7323 3.2
check_waltz "data without timestamps: dropped" bare x AP seq=+0 data=old
check_waltz "ACK without timestamps: dropped" bare x A seq=+0
check_waltz "FIN without timestamps: dropped" bare x FA seq=+0
check "ESTABLISHED still" raw_state_is x ESTABLISHED

# RFC 7323 4.3: TS.Recent is taken at Last.ACK.sent only. Otherwise the copy
# that fills a gap would be older than what came after it, and be dropped.
check "a newer segment behind a gap: a duplicate ACK" \
	tell r x send AP seq=+5 data=-last ts=+50
check "that echoes the older TS.Recent" answers "* tsecr=100010 *" r x expect A ack=0
must r x send AP data=first ts=+20
check "the gap is filled by an older one: both delivered" answers first-last a x read 100
must r x set snd=5
check "and acknowledged" answers "* tsecr=100030 *" r x expect A ack=0
must r x set ts=20

# What is old is never half of it delivered either.
check "old data that overlaps: not delivered" old x AP seq=-3 data=oldold ts=-1
check "a RST needs no timestamp" tell r x send R
check "and is believed" errs ECONNRESET a x eof

# The clock wraps.
reach ESTABLISHED w ts=4294967290 "${SYN_OPTIONS[@]}"
must r w set ts=10
check "the clock wraps: 4 is newer than 4294967290" new_data w new
check "and TS.Recent" echoes w 4
check "4294967290 is older than 4: not delivered" old w AP seq=+0 data=old ts=-10
check "nor is 4294967295" old w AP seq=+0 data=old ts=-5

# While the handshake is not complete.
raw_open h ts=5000 "${SYN_OPTIONS[@]}"
must r h send S
must r h expect SA ack=0 ts=yes
mark A
must r h send A ts=-1
check "SYN_RECV: an old ACK is answered" tell r h expect A seq=0 ack=0
check "and opens nothing" raw_state_is h SYN_RECV
check_waltz "it is counted" counted A drop_paws 1
must r h send A ts=none
check_waltz "SYN_RECV: an ACK without timestamps is dropped" tell r h silent
check_waltz "and opens nothing" raw_state_is h SYN_RECV
check_waltz "it is counted" counted A drop_no_timestamp 1
must r h send A ts=+1
check "the right one does" tell a l accept h

# Without agreement nobody looks at them.
reach ESTABLISHED n
must r n send AP data=hello opt=0101080a0000000500000000
must r n send AP data=-world opt=0101080a0000000400000000
check "not agreed: not looked at" answers hello-world a n read 100
must r n expect A
check "and not sent" tell r n expect A ts=no

# RFC 7323 3.2: without ACK there is nothing to echo.
must r c listen 7000 ts=7000
must a c new
must a c start connect $ADDR_RAW 7000
check "a SYN's TSecr is 0" tell r c expect S ts=yes tsecr=0
must r c send RA
errs ECONNREFUSED a c wait || bail "$WHY"

# The reason for it all: a delayed segment of the connection before, whose
# numbers fall into the new one's window.
reach TIME_WAIT d ts=7000 "${SYN_OPTIONS[@]}"
must a d close
must r d set ts=1000
# Its SYN is 1000 below where the old one ended.
must r d send S seq=-1000
must r d set snd=-999
must r d expect SA ack=0
must r d send A
must a l accept d
check "a new connection with the old one's names" raw_state_is d ESTABLISHED
mark A
check "the old one's segment, in order: not delivered" old d AP seq=+0 data=old ts=-1000
check "the old one's segment, out of order: not delivered" old d AP seq=+500 data=old ts=-1000
check "the old one's FIN" old d FA seq=+0 ts=-1000
check "the new one's data: delivered" new_data d new
