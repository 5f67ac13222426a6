#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Ends without manners: SO_LINGER 0, data unread at close(), and what the peer
# is told of it.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

plan 21
hosts
pair
mark A
mark B

both_closed()
{
	wait_state A CLOSED - $PORT && wait_state B CLOSED $PORT
}

connection c s
must a c linger on 0
must a c close
check "SO_LINGER 0: the peer's read fails with ECONNRESET" errs ECONNRESET b s eof
check "once: then it is the end of file" tell b s eof
check "SO_LINGER 0: no record on either side" both_closed
check_waltz "SO_LINGER 0 is counted" counted A abort_linger 1
check "writing to it: EPIPE" errs EPIPE b s send 1
must b s close

connection c s
must b s start eof
must a c linger on 0
must a c close
check "who sleeps in recv() wakes up to ECONNRESET" errs ECONNRESET b s wait
must b s close

connection c s
must b s send 100
check "the data has arrived" answers "in*" a c poll 10000
must a c close
check "close() with data unread resets" errs ECONNRESET b s eof
check "data unread: no record on either side" both_closed
check_waltz "data unread is counted" counted A abort_data 1
must b s close

connection c s
must a c send 100
must b s recv 100
must a c close
must b s eof
check "data that was read does not: FIN" wait_state A FIN_WAIT2 - $PORT
check_waltz "and is not counted" counted A abort_data 1
must b s close
check "and the record is there" wait_state A TIME_WAIT - $PORT

# After close() nobody reads: data draws a RST.
connection c s
must a c close
must b s eof
check "the first write after the peer's close() is taken" tell b s send 10
check "and answered by a RST" wait_state B CLOSED $PORT
check "so the second one fails" errs EPIPE b s send 10
must b s close

connection c s
must a c unconnect
check "connect() to nowhere resets" errs ECONNRESET b s eof
check "the socket may be used again" tell a c connect $ADDR_B $PORT
must b s close
must b l accept s
must a c send 10
check "and works" tell b s recv 10

check_waltz "each RST ended one connection" counted B in_rsts 5
check_waltz "nobody reset the side that did" counted A in_rsts 0
