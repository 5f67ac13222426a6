#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Sockets that do not wait: what connect(), accept(), send(), recv() and poll()
# say meanwhile.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

plan 19
hosts
need_netem
pair
must b l nonblock
check "accept() without a connection: EAGAIN" errs EAGAIN b l accept s
check "poll() of the listener: nothing" answers "" b l poll 0

netem A delay 800ms
must a c new
check "poll() of a new socket: it is no connection" answers out,hup a c poll 0
must a c nonblock
check "connect(): EINPROGRESS" errs EINPROGRESS a c connect $ADDR_B $PORT
check "poll(): nothing yet" answers "" a c poll 0
check "connect() again: EALREADY" errs EALREADY a c connect $ADDR_B $PORT
check "recv(): EAGAIN" errs EAGAIN a c read 10
check "poll() wakes up: writable" answers out a c poll 20000
check "without an error" answers 0 a c error
check "connect() once more: succeeds, once" tell a c connect $ADDR_B $PORT
check "and then EISCONN" errs EISCONN a c connect $ADDR_B $PORT
no_netem A
check "poll() of the listener wakes up" answers in b l poll 20000
wait_for tell b l accept s || bail "$WHY"
check "recv() without data: EAGAIN" errs EAGAIN a c read 10
must b s send 100
check "poll() wakes up: readable" answers in,out a c poll 20000
check "recv() has it" tell a c recv 100

# Nobody reads: at some time there is no room.
fill()
{
	while tell a c send 65536; do :; done
	same "$REPLY" EAGAIN
}
check "send() until there is no room: EAGAIN" fill
check "poll(): not writable" answers "" a c poll 0

must a d new
must a d nonblock
errs EINPROGRESS a d connect $ADDR_B 9
check "refused: poll() wakes up" answers in,out,hup,err,rdhup a d poll 20000
check "SO_ERROR says why" answers ECONNREFUSED a d error
