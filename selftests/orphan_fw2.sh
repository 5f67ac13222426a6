#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# close(), and a peer that never closes its half: FIN_WAIT2 without an owner.
# It costs a record and no socket, and it ends.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

FIN_TIMEOUT=2000

is_waltz || {
	plan 0
	skip_all "fin_timeout_ms is looked at"
}

plan 45
hosts
raw_pair
set_waltz A fin_timeout_ms=60000 time_wait_ms=60000

# orphan NAME: an ownerless a:NAME in FIN_WAIT2.
orphan()
{
	reach ESTABLISHED "$@"
	must a "$1" close
	must r "$1" expect FA seq=0 ack=0
	must r "$1" send A
	wait_for raw_state_is "$1" FIN_WAIT2 || bail "$WHY"
}

# challenged NAME FLAGS [KEY=VALUE...]
challenged()
{
	local name=$1

	shift
	mark A
	must r "$name" send "$@"
	tell r "$name" expect A seq=0 ack=0 len=0 && tell r "$name" silent &&
		counted A challenge_acks 1 && raw_state_is "$name" FIN_WAIT2
}

ignored()
{
	must r "$@"
	tell r "$1" silent && raw_state_is "$1" FIN_WAIT2
}

stat A sockets_now
before=$REPLY
orphan x
check "the peer acknowledges: FIN_WAIT2" raw_state_is x FIN_WAIT2
check "without a socket" stat_is A sockets_now "$before"
check "nor an orphan" stat_is A orphans_now 0
check "but a record" stat_is A tw_now 1

check "RST in the window: challenge" challenged x R seq=+1
check "RST below the window: ignored" ignored x send R seq=-1
check "SYN: challenge" challenged x S seq=+100000
check "ACK of what was never sent: challenge" challenged x A seq=+0 ack=+1
check "FIN elsewhere: challenge" challenged x FA seq=+5
check "old data: challenge" challenged x AP seq=-10 len=5
check "ACK: ignored" ignored x send A seq=+0
check "FIN without ACK: ignored" ignored x send F seq=+0
check "FIN: acknowledged" tell r x send FA
check "at once" tell r x expect A seq=0 ack=0
check "TIME_WAIT" raw_state_is x TIME_WAIT
mark A
must r x send FA seq=-1
check "the FIN again: acknowledged again" tell r x expect A seq=0 ack=0
check "as TIME_WAIT's business" counted A tw_fin_again 1

# RFC 2525 2.17: nobody will ever read it, and the peer should know.
orphan y
mark A
check "data after close()" tell r y send AP data=hello
check "draws a RST" tell r y expect R seq=0
check "nothing is left" raw_state_is y CLOSED
check "it is counted" counted A drop_after_close 1
must r y send FA
check "what follows finds nobody: RST" tell r y expect R

orphan z
must r z send FAP data=hello
check "data and FIN at once draw a RST too" tell r z expect R seq=0
check "nothing is left" raw_state_is z CLOSED

orphan q
mark A
must r q send R
check "RST at RCV.NXT: nothing is answered" tell r q silent
check "nothing is left" raw_state_is q CLOSED
check "it is counted" counted A in_rsts 1

# Still in FIN_WAIT1, the same holds.
reach ESTABLISHED w
must a w close
must r w expect FA seq=0 ack=0
check "FIN_WAIT1 without an owner: an orphan" stat_is A orphans_now 1
must r w send AP data=hello ack=-1
check "data draws a RST" tell r w expect RA
check "nothing is left" raw_state_is w CLOSED
check "no orphan either" stat_is A orphans_now 0

# A socket that still has its owner may stay as long as it likes.
set_waltz A fin_timeout_ms=$FIN_TIMEOUT
reach FIN_WAIT2 mine

# The time-out.
mark A
reach ESTABLISHED v
must a v close
must r v expect FA seq=0 ack=0
now_ms
start=$REPLY
must r v send A
check "the peer never closes: in the end CLOSED" wait_for raw_state_is v CLOSED
now_ms
check "not before fin_timeout_ms" at_least $((REPLY - start)) $((FIN_TIMEOUT - 100))
check "without TIME_WAIT" counted A tw_expired 1
must r v send FA
check "then the peer's FIN finds nobody: RST" tell r v expect R
check "who has not closed is not timed out" raw_state_is mine FIN_WAIT2
must r mine send AP data=hello
check "and receives" answers hello a mine read 100
must a mine close
check "its time begins with close()" wait_for raw_state_is mine CLOSED

# By the kernel's own peers: the process dies, which closes too.
set_waltz A fin_timeout_ms=60000
peer b B
listener b l $ADDR_B $PORT
peer dies A
must dies c new
must dies c connect $ADDR_B $PORT
must b l accept s
kill_peer dies
check "its process dies: FIN_WAIT2" wait_state A FIN_WAIT2 - $PORT
check "the peer reads the end of file" tell b s eof
check "the peer waits in CLOSE_WAIT" state_is B CLOSE_WAIT $PORT
must b s close
check "and ends it" wait_state A TIME_WAIT - $PORT

# The table has room for one record.
set_waltz A time_wait_max=1
mark A
orphan e1
orphan e2
check "a full table: FIN_WAIT2 goes before its time" grown A tw_evicted
check "the younger one stays" raw_state_is e2 FIN_WAIT2
check "the older one does not" raw_state_is e1 CLOSED
