#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# SYN cookies (RFC 4987): when the half-open table is full, the peer keeps the
# handshake. No record is made; what was agreed is kept all the same; and nobody
# opens a connection with a number that he was not given.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

is_waltz || {
	plan 0
	skip_all "TCP's cookies are not looked at"
}

plan 58
hosts
raw_pair

# Nothing of ours is spent on NAME.
nothing_kept()
{
	raw_state_is "$1" CLOSED && stat_is A half_open_now "$2"
}

# cookie NAME [OPTION...]: r:NAME, with the SYN-ACK that is one.
cookie()
{
	raw_open "$@"
	must r "$1" send S
	must r "$1" expect SA ack=0
}

# refused NAME FLAGS [KEY=VALUE...]: an ACK of no cookie: RST, nothing opened.
refused()
{
	local name=$1

	shift
	mark A
	tell r "$name" send "$@" && tell r "$name" expect R && counted A cookies_refused 1 &&
		counted A cookies_accepted 0 && raw_state_is "$name" CLOSED
}

# Only when the table is full.
set_waltz A max_half_open=3
mark A
for name in h1 h2 h3; do
	reach SYN_RECV $name
done
check "there is room: no cookies" counted A cookies_sent 0
raw_open c ts=1000 wscale=7 mss=1300
must r c send S
check "the table is full: a SYN is answered all the same" tell r c expect SA ack=0 ts=yes
check "window scale is offered" matches "$REPLY" "*wscale=*"
check "by a cookie" counted A cookies_sent 1
check "no record is made" nothing_kept c 3
must r c get irs
isn=$REPLY
must r c send S seq=-1
check "the SYN again: answered again" tell r c expect SA ack=0
must r c get irs
check "with the same number" same "$REPLY" "$isn"
must r c send A win=1
check "the ACK opens the connection" wait_for raw_state_is c ESTABLISHED
check "which is counted" counted A cookies_accepted 1
must a l nonblock
wait_for tell a l accept c || bail "$WHY"
check "and answered by nothing" tell r c silent

# What was agreed: timestamps, and an MSS of 1300 with 12 bytes for them; the
# window of 1 is one of 128 bytes.
must a c send 2000
check "the window is scaled" tell r c expect A seq=0 len=128 ts=yes
must r c send A win=100
check "segments are as long as the MSS allows" tell r c expect A len=1288 ts=yes
must r c send A
check "then the rest" tell r c expect A len=584 ts=yes
must r c send A
must r c send AP data=hello
check "and data comes in" answers hello a c read 100
must r c skip A
must r c send A
must r h1 send A
check "those with a record are not disturbed" wait_for tell a l accept h1

# The setting.
set_waltz A max_half_open=2 syncookies=0
raw_open off
must r off send S
mark A
must r off send S seq=-1
check "switched off: the SYN is dropped" tell r off silent
check "and counted" counted A drop_listen_halfopen 1
set_waltz A max_half_open=4096 syncookies=2
mark A
cookie always
check "always: a cookie though there is room" counted A cookies_sent 1
check "no record" nothing_kept always 2
not_a_mode()
{
	not in_host A sysctl -qw net.waltz.syncookies=3 2>"$RUN/sysctl"
}
check "3 is refused" not_a_mode

# Without timestamps.
cookie plain wscale=7 mss=1400
must r plain send S seq=-1
check "no timestamps: they are not offered" tell r plain expect SA ack=0 ts=no
check "nor is window scale, which would be forgotten" not matches "$REPLY" "*wscale=*"
must r plain send A
wait_for tell a l accept plain || bail "$WHY"
must a plain send 1401
check "the MSS is kept" tell r plain expect A seq=0 len=1400
must r plain send A
check "then the rest" tell r plain expect A len=1
must r plain send A
cookie odd mss=1459
must r odd send A
wait_for tell a l accept odd || bail "$WHY"
must a odd send 1453
check "an MSS that has no place: the next smaller one" tell r odd expect A seq=0 len=1452
must r odd send A
must r odd expect A len=1
must r odd send A

# The ACK may be lost; the first data does as well.
cookie data ts=1 wscale=3
must r data send AP data=first
check "data with the ACK: the connection opens" wait_for tell a l accept data
check "and the data is there" answers first a data read 100
check "and acknowledged" tell r data expect A ack=0
cookie fin ts=1
must r fin send FAP data=all
wait_for tell a l accept fin || bail "$WHY"
check "data and FIN with the ACK" answers all a fin read 100
check "and the end" tell a fin eof
check "CLOSE_WAIT" raw_state_is fin CLOSE_WAIT
cookie late ts=1
must r late send AP seq=+5 data=later
check "data that is not the first opens nothing: RST" tell r late expect R

# Forged. The numbers that the right one would be close to.
cookie f ts=5000 wscale=7
check "ACK of one more" refused f A ack=+1
check "ACK of one less" refused f A ack=-1
check "another sequence number" refused f A seq=+1
check "another MSS" refused f A ack=+$((1 << 28))
must r f send A ack=+$((1 << 27))
check "the other secret" tell r f expect R
must r f set peer_ts=1
check "another window scale in the echo" refused f A seq=+0
must r f set peer_ts=-1
must r f set peer_ts=16
check "another SACK in the echo" refused f A seq=+0
must r f set peer_ts=16
check "another ECN" refused f A seq=+0
must r f set peer_ts=-32
must r f set peer_ts=-200000
check "an echo from before the secret" refused f A seq=+0
must r f set peer_ts=200000
must r f set peer_ts=200000
check "an echo of the future" refused f A seq=+0
must r f set peer_ts=-200000
check "no timestamp where there was one" refused f A seq=+0 ts=none
must r f get irs
isn=$REPLY
raw_open g ts=5000
must r f get snd
mark A
must r g send A seq="$REPLY" ack=$((isn + 1))
check "another port" tell r g expect R
check "is no cookie's either" counted A cookies_refused 1
check "none of them opened anything" errs EAGAIN a l accept f
must r f send A
check "the right one does" wait_for tell a l accept f
check "with all that was agreed" raw_state_is f ESTABLISHED

# Who never sent that SYN says so; there is nothing to take back.
cookie stranger
must r stranger send R
check "RST for a SYN-ACK that was a cookie: nothing" tell r stranger silent
check "nothing is kept" nothing_kept stranger 2

# The accept queue.
listener a q $ADDR_A 7000 1
for name in q1 q2 q3; do
	must r $name open 7000 ts=1
	must r $name send S
	must r $name expect SA ack=0
done
must r q1 send A
must r q2 send A
must r q3 send A
mark A
must r q3 send A
check "the accept queue is full: the ACK is dropped" tell r q3 silent
check "and counted" counted A drop_listen_overflow 1
must a q accept q1
must r q3 send AP data=again
check "the cookie is good for the next try" wait_for state_is A \
	"ESTABLISHED ESTABLISHED ESTABLISHED" 7000
must a q accept q2
must a q accept q3
check "and its data is there" answers again a q3 read 100

# A SYN that takes a TIME_WAIT record over gets a record: it may prove old.
reach TIME_WAIT t ts=9000
must r t set ts=1000
must r t set snd=1000
mark A
must r t send S
check "a SYN reopens TIME_WAIT" tell r t expect SA ack=0
check "with no cookie" counted A cookies_sent 0
check "but a record" raw_state_is t SYN_RECV
must r t send R
check "the SYN proved old: TIME_WAIT again" raw_state_is t TIME_WAIT
