#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The record that is left of a connection: it acknowledges the peer's FIN once
# more (RFC 9293 3.6.1), it is not killed by a RST (RFC 1337), and it gives its
# names only to a connection that cannot be taken for the old one (RFC 6191).

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

is_waltz || {
	plan 0
	skip_all "TCP's TIME_WAIT does less"
}

plan 67
hosts
raw_pair
set_waltz A time_wait_ms=60000

# left NAME: sets TIMER_MS to the record's time left.
left()
{
	sockets A $PORT "${RAW_PORT[$1]}"
	[ "$REPLY" = TIME_WAIT ]
}

aged()
{
	left "$1" && [ "$TIMER_MS" -lt "$2" ]
}

# waits NAME: the record stays, and its time is not renewed.
waits()
{
	left "$1" && WHY="$TIMER_MS ms left" && [ "$TIMER_MS" -lt 59800 ]
}

# draws NAME FLAGS [KEY=VALUE...]: an ACK that says how things are.
draws()
{
	local name=$1

	shift
	mark A
	must r "$name" send "$@"
	tell r "$name" expect A seq=0 ack=0 len=0 && tell r "$name" silent &&
		counted A drop_time_wait 1 && counted A challenge_acks 1 && waits "$name"
}

# ignored NAME DROP FLAGS [KEY=VALUE...]
ignored()
{
	local name=$1 drop=$2

	shift 2
	mark A
	must r "$name" send "$@"
	tell r "$name" silent && counted A "drop_$drop" 1 && waits "$name"
}

reach TIME_WAIT x ts=1000 mss=1460
must a x close
# So long that a slow machine does not make it look old again at once.
check "its time passes" wait_for aged x 57000

# The peer has not heard our ACK.
check "the peer's FIN again: acknowledged again" tell r x send FA seq=-1
check "with the same numbers" tell r x expect A seq=0 ack=0 len=0
check "2MSL starts anew" not aged x 57000
check "which is counted" stat_is A tw_fin_again 1
wait_for waits x
check "an old copy of the FIN: acknowledged, 2MSL does not start anew" draws x FA seq=-1 ts=-1
check "a FIN elsewhere: challenge" draws x FA seq=+5
check "a FIN that acknowledges too much: challenge" draws x FA seq=-1 ack=+1

# RFC 1337.
for seq in +0 -1 +1 +100000; do
	check "RST at RCV.NXT$seq: ignored" ignored x time_wait_rst R seq=$seq
done
check "RST with ACK: ignored" ignored x time_wait_rst RA seq=+0

check "old data: challenge" draws x AP seq=-100 len=50
check "new data: challenge" draws x AP seq=+0 len=50
check "ACK elsewhere: challenge" draws x A seq=-1
check "ACK of too much: challenge" draws x A seq=+0 ack=+1
check "ACK at RCV.NXT: ignored, or two hosts would never stop" ignored x time_wait A seq=+0
check "FIN without ACK: ignored" ignored x time_wait F seq=+0
check "SYN-ACK: challenge" draws x SA seq=+100000
check "SYN and FIN: challenge" draws x SF seq=+100000 ts=+1
check "SYN with an older timestamp: challenge" draws x S seq=+100000 ts=-1
check "the same timestamp, at RCV.NXT: challenge" draws x S seq=+0
check "the same timestamp, below: challenge" draws x S seq=-1000

# opens NAME SEQ WORD...: a SYN is answered like a new one, and its SYN-ACK is
# above all that the old connection sent.
opens()
{
	local name=$1 seq=$2

	shift 2
	must r "$name" get rcv
	old=$REPLY
	mark A
	must r "$name" send S seq="$seq" "$@"
	must r "$name" set snd=$((seq + 1))
	tell r "$name" expect SA ack=0 || return
	counted A tw_reused_syn 1 && counted A tw_revived 0 || return
	tell r "$name" get irs || return
	at_least $(((REPLY - old) & 0xffffffff)) 65535 || return
	WHY="ISN below the old ones"
	[ $(((REPLY - old) & 0xffffffff)) -lt $((1 << 31)) ]
}

# revives NAME: the SYN was an old duplicate; the peer knows nothing of it.
revives()
{
	mark A
	must r "$1" send R
	is_back "$1"
}

is_back()
{
	tell r "$1" silent && counted A tw_revived 1 && waits "$1" || return
	must r "$1" get rcv
	must r "$1" set rcv=$((old - REPLY))
}

check "the same timestamp, one above: reopens" opens x +1
check "RST to the SYN-ACK: the record is back" revives x
# It is the old one: at the old sequence numbers it answers as before.
must r x set snd=-2
old_again()
{
	tell r x send A seq=-1 && tell r x expect A seq=0 ack=0 && tell r x silent
}
check "with the old numbers" old_again
check "a newer timestamp, far below: reopens" opens x -100000 ts=+1
check "RST to the SYN-ACK: the record is back" revives x
must r x set snd=99999
must r x set ts=2
check "a newer timestamp, below: reopens" opens x -5
must r x send A
check "and its handshake ends" tell a l accept x2
must r x send AP data=new
check "data goes in" answers new a x2 read 100
check "and is acknowledged" tell r x expect A ack=0
must a x2 send 10
check "and out" tell r x expect A seq=0 len=10
check "ESTABLISHED, and no record" raw_state_is x ESTABLISHED
must a x2 linger on 0
must a x2 close

# Timestamps on one side only, or never. Each record is used twice: a RST
# brings it back.
reach TIME_WAIT n
must a n close
wait_for waits n
check "never any timestamps, at RCV.NXT: challenge" draws n S seq=+0
check "never any timestamps, below: challenge" draws n S seq=-10
check "never any timestamps, above: reopens" opens n +10
check "RST to the SYN-ACK: the record is back" revives n
must r n set snd=-11
check "timestamps in the new one only: reopens" opens n -100 opt=0101080a0000000100000000
check "RST to the SYN-ACK: the record is back" revives n

reach TIME_WAIT o ts=1000
must a o close
wait_for waits o
check "timestamps in the old one only, at RCV.NXT: challenge" draws o S seq=+0 ts=none
check "timestamps in the old one only, above: reopens" opens o +10 ts=none
check "RST to the SYN-ACK: the record is back" revives o

# Numbers wrap.
reach TIME_WAIT wrap ts=4294967295 isn=4294967290
must a wrap close
wait_for waits wrap
check "across the wraps: a newer timestamp reopens" opens wrap -100 ts=+5
check "RST to the SYN-ACK: the record is back" revives wrap
must r wrap set snd=99
check "across the wraps: an older one does not" draws wrap S seq=+100 ts=-5

# The listener goes meanwhile: nothing has proved the SYN new.
check "a newer timestamp: reopens" opens wrap +50 ts=+6
mark A
must a l close
check "the listener goes: RST" tell r wrap expect RA ack=0
check "and the record is back" is_back wrap
must r wrap set snd=-51

# Nobody listens any more.
must r wrap send S seq=+100 ts=+6
check "what might reopen, but nobody listens: RST" tell r wrap expect RA ack=101
check "and the record stays" waits wrap
listener a l $ADDR_A $PORT

# connect() has the same right.
peer b B
listener b l $ADDR_B $PORT
# again PORT: from the same port to the same server.
again()
{
	must a again new
	must a again opt SOL_SOCKET SO_REUSEADDR 1
	must a again bind $ADDR_A "$1"
	tell a again connect $ADDR_B $PORT
}
closed_by_client()
{
	must a "$1" new
	must a "$1" opt SOL_SOCKET SO_REUSEADDR 1
	must a "$1" bind $ADDR_A "$2"
	must a "$1" connect $ADDR_B $PORT
	must b l accept "$1"
	must a "$1" close
	must b "$1" eof
	[ "${3:-}" = open ] || must b "$1" close
	wait_state A "${4:-TIME_WAIT}" "$2" $PORT || bail "$WHY"
}
closed_by_client c 5000
must a d new
check "bind() to its port, without SO_REUSEADDR: EADDRINUSE" errs EADDRINUSE a d bind $ADDR_A 5000
mark A
check "connect() takes the names over" again 5000
check "which is counted" counted A tw_reused_connect 1
must b l accept again
check "data goes out" tell a again send 3000
check "and arrives" tell b again recv 3000
check "and comes back" tell b again send 5000
check "and arrives" tell a again recv 5000
check "both are ESTABLISHED, no record is left" state_is A ESTABLISHED 5000 $PORT
must a again close
must b again close

# The other side: the record is at the server.
set_waltz B time_wait_ms=60000
must a e new
must a e opt SOL_SOCKET SO_REUSEADDR 1
must a e bind $ADDR_A 5001
must a e connect $ADDR_B $PORT
must b l accept e
must b e close
must a e eof
must a e close
wait_state B TIME_WAIT $PORT 5001 || bail "$WHY"
mark B
check "a client comes again: the server's record makes way" again 5001
check "which is counted" counted B tw_reused_syn 1
must b l accept again
must a again send 3000
check "and data arrives" tell b again recv 3000
must a again close
must b again close

# Without timestamps the client cannot know that it is safe.
set_waltz A timestamps=0
closed_by_client f 5002
must a g new
must a g opt SOL_SOCKET SO_REUSEADDR 1
must a g bind $ADDR_A 5002
check "without timestamps connect() does not: EADDRNOTAVAIL" \
	errs EADDRNOTAVAIL a g connect $ADDR_B $PORT
set_waltz A timestamps=1

# FIN_WAIT2 is no end yet: the peer may still send its FIN.
closed_by_client h 5003 open FIN_WAIT2
must a i new
must a i opt SOL_SOCKET SO_REUSEADDR 1
must a i bind $ADDR_A 5003
check "nor from the names of a FIN_WAIT2: EADDRNOTAVAIL" \
	errs EADDRNOTAVAIL a i connect $ADDR_B $PORT
must b h close

# A full table: who waits longest goes.
stat A tw_now
mark A
set_waltz A time_wait_max="$REPLY"
closed_by_client j 5004
check "the table is full: a record goes before its time" counted A tw_evicted 1

set_waltz A time_wait_ms=500 time_wait_max=100000
mark A
closed_by_client k 5005 "" CLOSED
check "2MSL passes: CLOSED" counted A tw_expired 1
