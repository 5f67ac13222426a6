#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# TIME_WAIT, the first reason: the last ACK is lost, the FIN comes again, and somebody
# is there to acknowledge it again (RFC 9293 3.6, 3.10.7.4).

# shellcheck source=selftests/show/lib.sh
. "$(dirname "$0")/show/lib.sh"

TWO_MSL=3000

show 13 "TIME_WAIT, the first reason: the last ACK may be lost" <<-END
	Nobody acknowledges the last ACK, so who sends it never knows that it came. If
	it did not, the other side sends its FIN again: the record answers it, and
	begins to wait anew (here $((TWO_MSL / 1000)) s; by default 60 s).
END
network
set_waltz A time_wait_ms=$TWO_MSL
# So long that the record's age can be read before the FIN comes again.
set_waltz B rto_min_ms=1200

# half_closed CLIENT SERVER: all but the last two segments.
half_closed()
{
	call "$1" "$2"
	reached server_is ESTABLISHED
	must a "$1" close
	must b "$2" eof
	reached client_is FIN_WAIT2
	reached server_is CLOSE_WAIT
}

# closed: the server is. Until then: what is left of the record's time.
left='' said=''
closed()
{
	local now

	client_is TIME_WAIT || return
	now=$TIMER_MS
	server_is LAST_ACK || { server_is CLOSED && return; }
	left=$now
	if [ -z "$said" ] && [ "$left" -lt $((TWO_MSL - 700)) ]; then
		remark "record: $left ms left"
		said=1
	fi
	return 1
}

half_closed c s
scene "The network loses the last ACK"
must n a lose A
must b s shutdown wr
must n a met
lost=$REPLY
check "the last ACK is lost: client in TIME_WAIT" wait_for client_is TIME_WAIT
check "server in LAST_ACK still" server_is LAST_ACK
check "server sends its FIN again, and is CLOSED" wait_for closed
client_is TIME_WAIT
again=$TIMER_MS
remark "record: $again ms left"
check "2MSL began anew: $left ms were left, then $again" at_least "$again" $((left + 1))
check "by that FIN" stat_is A tw_fin_again 1
must n a seen A
check "the second ACK says what the first one said" matches "${REPLY%% len=*}" "${lost%% len=*}"
check "server's close went well: no error" answers 0 b s error
check "client CLOSED too" wait_for client_is CLOSED
draw
check "the ladder: one ACK lost" drawn "* ACK seq=1 ack=2 lost -*"
must b s close

scene "The same without TIME_WAIT: the record has gone when the FIN comes again"
set_waltz A time_wait_ms=100
half_closed c2 s2
: >"$trace/trace"
must n a lose A
must b s2 shutdown wr
must n a met
reached client_is CLOSED
check "nothing is left at the client" client_is CLOSED
must n a seen R
draw
check "the FIN is answered by RST" drawn "* RST seq=* CLOSED"
check "server CLOSED" wait_for server_is CLOSED
check "with an error, for a connection that ended well" answers ECONNRESET b s2 error

without <<-END
	As just seen: the server cannot know whether all its data arrived, and its
	program hears of an error although nothing was lost but an acknowledgement.
END
