#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Why four segments and not three: the side that sent its FIN still receives, for as
# long as the other side writes (RFC 9293 3.6).

# shellcheck source=selftests/show/lib.sh
. "$(dirname "$0")/show/lib.sh"

SIZE=4000

show 10 "Why four, and not three" <<-END
	The client has said all it had to say; the server has not. So the ACK of the
	client's FIN goes out at once, but the server's own FIN only when it has
	nothing more to send. In between the connection is open one way. If the
	server has nothing to send, its ACK and FIN may be one segment.
END
network
set_waltz A rto_min_ms=5000
set_waltz B rto_min_ms=5000
call c s
reached server_is ESTABLISHED

scene "The client asks and ends its half; then the server answers"
must a c send 100
must b s recv 100
must a c shutdown wr
must b s eof
reached client_is FIN_WAIT2
check "after the first FIN: client in FIN_WAIT2" client_is FIN_WAIT2
check "server in CLOSE_WAIT" server_is CLOSE_WAIT
check "client cannot write any more" errs EPIPE a c send 1
must b s send $SIZE
check "but reads: all of the $SIZE bytes, in order" tell a c recv $SIZE
check "nothing has changed: FIN_WAIT2" client_is FIN_WAIT2
check "and CLOSE_WAIT" server_is CLOSE_WAIT
must b s close
check "after the second FIN: client reads the end of file" tell a c eof
check "client in TIME_WAIT" wait_for client_is TIME_WAIT
check "server CLOSED" wait_for server_is CLOSED
draw
check "data came after the FIN was acknowledged" drawn "* seq=1 ack=102 len=*"

without <<-END
	With three segments the server's FIN would have to go out with its ACK. Then
	one side ends both halves: the client could not say "that was my question"
	and wait for the answer, and $SIZE bytes would be lost that the server had
	still to send.
END
