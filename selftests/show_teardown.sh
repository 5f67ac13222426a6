#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Four segments end a connection: who closes first waits in TIME_WAIT, the other
# side is CLOSED at once (RFC 9293 3.6).

# shellcheck source=selftests/show/lib.sh
. "$(dirname "$0")/show/lib.sh"

show 13 "Four segments close a connection" <<-END
	A connection is two streams, one each way. FIN says "that was my last byte",
	and counts as one byte, so that it is acknowledged and sent again like one.
	Two FINs and two ACKs: four. Who closed first sends the last ACK, and keeps a
	small record for 2MSL, in case that ACK is lost (here 1 s; by default 60 s).
END
network
set_waltz A rto_min_ms=5000
set_waltz B rto_min_ms=5000
set_waltz A time_wait_ms=1000
set_waltz B time_wait_ms=1000
call c s
reached server_is ESTABLISHED

scene "The client closes, and a little later the server"
mark A
mark B
must a c close
reached client_is FIN_WAIT2
check "after FIN and ACK: client in FIN_WAIT2" client_is FIN_WAIT2
check "server in CLOSE_WAIT" server_is CLOSE_WAIT
check "server reads the end of file" tell b s eof
must b s close
check "after FIN and ACK: client in TIME_WAIT" wait_for client_is TIME_WAIT
check "server CLOSED" wait_for server_is CLOSED
check "while the client still waits" client_is TIME_WAIT
check "server never had a TIME_WAIT record" counted B tw_inserted 0
check "client has one" counted A tw_inserted 1
check "which goes by itself" wait_for client_is CLOSED
check "as 2MSL is over" counted A tw_expired 1
draw
check "client's states" went A "ESTABLISHED>FIN_WAIT1 FIN_WAIT1>FIN_WAIT2 \
FIN_WAIT2>FIN_WAIT2 FIN_WAIT2>TIME_WAIT TIME_WAIT>CLOSED"
check "server's states" went B "ESTABLISHED>CLOSE_WAIT CLOSE_WAIT>LAST_ACK LAST_ACK>CLOSED"
check "no segment was sent twice" counted A retrans_segs 0

without <<-END
	Without an acknowledged FIN the end of the stream looks like a network that
	has gone silent: the reader could not tell a whole file from half of one.
	Without TIME_WAIT see last-ack and old-duplicate.
END
