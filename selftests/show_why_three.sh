#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Why three segments and not two: a SYN that wandered through the network, and
# arrives after its connection has gone, opens nothing (RFC 9293 3.5).

# shellcheck source=selftests/show/lib.sh
. "$(dirname "$0")/show/lib.sh"

show 15 "Why three, and not two" <<-END
	A SYN may lose its way and arrive when its connection has come and gone. The
	server cannot see that it is old. It answers, with a number of its own, and
	waits for that number to come back. The client knows nothing of such a
	connection, and says so: RST.
END
network
set_waltz A time_wait_ms=100
set_waltz B time_wait_ms=100

scene "The network keeps the first SYN; the second one opens the connection"
must n a keep S
call c s
must a c send 1000
must b s recv 1000
must a c close
must b s eof
must b s close
reached client_is CLOSED
reached server_is CLOSED
must n any count
before=$REPLY
module_uses
uses=$REPLY
mark A
mark B
remark "nothing is left; now the first SYN comes"
must n a release
must n a seen R
reset=$REPLY
# Not the first answer: that was to the SYN which opened the connection.
must n b seen SA 2
syn_ack=$REPLY
reached stat_is B half_open_now 0
draw

must n a seen S 1
first=$REPLY
must n a seen S 2
part seq "$REPLY"
seq=$REPLY
check "the SYN that wandered is that of the old connection" matches "$first" "seq=$seq *"
check "it came at last" drawn "* o-* SYN seq=$seq late -*SYN_RECV"
part ack "$syn_ack"
check "it was answered, by SYN-ACK of x+1" same "$REPLY" $(((seq + 1) & 0xffffffff))
check "the client answered RST" drawn "* RST seq=1 -* LISTEN"
check "at just the number that the SYN-ACK asks for" matches "$reset" "seq=$REPLY *"
must n any count
check "that was all: SYN, SYN-ACK, RST" same $((REPLY - before)) 2

check "server: LISTEN again" state_is B CLOSED
check "server: no half-open record" stat_is B half_open_now 0
check "server: no connection was made" counted B passive_opens 0
check "server: no TIME_WAIT record" stat_is B tw_now 0
check "server: nothing for accept() to take" answers "" b l poll 0
must b l nonblock
check "server: accept() would wait" errs EAGAIN b l accept nobody
check "server: not one socket more than before" wait_for module_uses_at_most "$uses"
check "client: no connection" client_is CLOSED
must a c2 new
must a c2 connect $ADDR_B $PORT
check "who really calls is served" wait_for tell b l accept s2

without <<-END
	With two segments the server would be ESTABLISHED as soon as it has answered.
	It would hold a socket, with buffers, and a place in the queue of accept(),
	for a connection that nobody asked for and that nobody will ever close. The
	RST might help it; but a client that has gone does not send one.
END
