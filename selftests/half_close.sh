#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Why four segments and not three: the side that sent its FIN still receives,
# for as long as the other side writes.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

SIZE=300000

plan 17
hosts
pair
connection c s

must a c send 1000
must a c shutdown wr
must b s recv 1000
check "server reads the end of file" tell b s eof
check "client is in FIN_WAIT2" wait_state A FIN_WAIT2 - $PORT
check "server is in CLOSE_WAIT" state_is B CLOSE_WAIT $PORT
check "server's poll() says so" answers in,out,rdhup b s poll 0
check "client's poll() waits for more" answers out a c poll 0
check "client cannot send any more" errs EPIPE a c send 1
must b s start send $SIZE
check "client receives $SIZE bytes all the same" tell a c recv $SIZE
must b s wait
check "they are FIN_WAIT2 and CLOSE_WAIT still" state_is A FIN_WAIT2 - $PORT
must b s close
check "client reads the end of file" tell a c eof
check "client is in TIME_WAIT" wait_state A TIME_WAIT - $PORT
check "server is CLOSED" wait_state B CLOSED $PORT
check "client's poll() says it is over" answers in,out,hup,rdhup a c poll 0
must a c close

# The other half: who reads no more may still write.
connection c2 s2
must a c2 shutdown rd
check "after shutdown(SHUT_RD) reading ends at once" tell a c2 eof
check "no segment was sent for it" state_is B ESTABLISHED $PORT
must a c2 send 5000
check "and writing goes on" tell b s2 recv 5000
must a c2 shutdown wr
check "until the other half is closed too" tell b s2 eof
must a n new
check "shutdown() of what is not connected fails" errs ENOTCONN a n shutdown wr
