#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# TCP_DEFER_ACCEPT: a listener whose peers speak first is not woken by a
# handshake alone, but by the first data; or, when the time is over, by a peer
# that has nothing to say.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

plan 24
hosts
raw_pair
must a l nonblock

check "seconds are rounded up to SYN-ACKs" tell a l opt IPPROTO_TCP TCP_DEFER_ACCEPT 2
check "which are sent after 1, 3, 7... s" answers 3 a l getopt IPPROTO_TCP TCP_DEFER_ACCEPT
must a l opt IPPROTO_TCP TCP_DEFER_ACCEPT 0
check "0 is never" answers 0 a l getopt IPPROTO_TCP TCP_DEFER_ACCEPT
must a l opt IPPROTO_TCP TCP_DEFER_ACCEPT -1
check "and so is less" answers 0 a l getopt IPPROTO_TCP TCP_DEFER_ACCEPT
must a l opt IPPROTO_TCP TCP_DEFER_ACCEPT 1
check "1 s: one SYN-ACK" answers 1 a l getopt IPPROTO_TCP TCP_DEFER_ACCEPT

# Data after the ACK.
reach SYN_RECV x
mark A
must r x send A
check "the ACK is answered by nothing" tell r x silent
check_waltz "and counted" counted A drop_deferred 1
check "accept() has nothing" errs EAGAIN a l accept x
check "half-open still" raw_state_is x SYN_RECV
must r x send AP data=hello
check "data: accept() has the connection" wait_for tell a l accept x
check "and the data is there" answers hello a x read 100
check "and acknowledged" tell r x expect A seq=0 ack=0

# Data with the ACK, and a FIN.
reach SYN_RECV y
must r y send AP data=first
check "data with the ACK: no wait" wait_for tell a l accept y
check "it is there" answers first a y read 100
reach SYN_RECV f
must r f send FA
check "a FIN will do: there is nothing to wait for" wait_for tell a l accept f
check "end of file" tell a f eof

# Nothing to say: the SYN-ACK comes again at the end of the time, and its ACK
# makes the connection.
reach SYN_RECV z
must r z send A
check "the time is over: SYN-ACK again" tell r z expect SA seq=-1 ack=0 min=500
check "accept() has nothing yet" errs EAGAIN a l accept z
must r z send A
check "the next ACK makes the connection" wait_for tell a l accept z
check "ESTABLISHED" raw_state_is z ESTABLISHED
check "and no data" answers out a z poll 0

# A child does not inherit what is a listener's.
must r z send AP data=later
check "data comes in" answers later a z read 100
must a l opt IPPROTO_TCP TCP_DEFER_ACCEPT 0
reach SYN_RECV n
must r n send A
check "switched off: the ACK makes the connection" wait_for tell a l accept n
check "ESTABLISHED" raw_state_is n ESTABLISHED
