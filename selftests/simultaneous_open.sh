#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Two SYNs that cross make one connection (RFC 9293 3.5, figure 8); so does a
# socket that connects to itself.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

plan 19
hosts
need_netem
raw_pair
peer b B
is_waltz && trace_states
mark A

# Longer than the two commands take: so the SYNs are sure to cross.
netem A delay 900ms
netem B delay 900ms
must a c new
must a c bind $ADDR_A 7000
must b c new
must b c bind $ADDR_B 7000
must a c start connect $ADDR_B 7000
must b c start connect $ADDR_A 7000
check "both are in SYN_SENT" wait_state B SYN_SENT 7000 7000
check "A's connect() succeeds" tell a c wait
check "B's connect() succeeds" tell b c wait
check "A is ESTABLISHED" state_is A ESTABLISHED 7000 7000
check "B is ESTABLISHED" state_is B ESTABLISHED 7000 7000
check_waltz "A went through SYN_RECV" went A \
	"CLOSED>SYN_SENT SYN_SENT>SYN_RECV SYN_RECV>ESTABLISHED"
no_netem A
no_netem B
must a c send 10000
check "data from A to B" tell b c recv 10000
must b c send 10000
check "data from B to A" tell a c recv 10000
must b c close
check "the end of file" tell a c eof
must a c close

must a self new
must a self bind 127.0.0.1 7001
check "a socket connects to itself" tell a self connect 127.0.0.1 7001
check "and is ESTABLISHED, once" state_is A ESTABLISHED 7001 7001
must a self send 10000
check "and hears itself" tell a self recv 10000
must a self shutdown wr
check "and its own end of file" tell a self eof
check "and keeps TIME_WAIT" wait_state A TIME_WAIT 7001 7001

# Segment by segment.
must a x new
must a x bind $ADDR_A 7002
must r x listen 7002
must a x start connect $ADDR_RAW 7002
must r x expect S
must r x send S
check "a SYN in SYN_SENT is answered by SYN-ACK" tell r x expect SA seq=-1 ack=0
check "in state SYN_RECV" state_is A SYN_RECV 7002
! is_waltz || must r x send A ack=-1
check_waltz "an ACK of less than our SYN: RST" tell r x expect R
check_waltz "which keeps the state" state_is A SYN_RECV 7002
must r x send A
check "the ACK of our SYN makes the connection" tell a x wait
