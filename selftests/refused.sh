#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Nobody listens: the SYN is answered by a RST and connect() fails at once.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

plan 10
hosts
peer a A
peer b B
mark A
mark B

must a c new
now_ms
start=$REPLY
check "connect() to a closed port: ECONNREFUSED" errs ECONNREFUSED a c connect $ADDR_B $PORT
now_ms
# The first retransmission would come after one second.
check "without waiting for a retransmission" at_least 900 $((REPLY - start))
check "nothing is left of it" state_is A CLOSED
check_waltz "server sent one RST" counted B out_rsts 1
check_waltz "and says why" counted B drop_no_socket 1
check_waltz "client sent none" counted A out_rsts 0
check "no error is left on the socket" answers 0 a c error

listener b l $ADDR_B $PORT
check "the same socket may try again" tell a c connect $ADDR_B $PORT

must b l close
must a d new
check "a closed listener refuses too" errs ECONNREFUSED a d connect $ADDR_B $PORT
check_waltz "the connection nobody accepted was reset" errs ECONNRESET a c eof
