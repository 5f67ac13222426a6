#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# ICMP errors: believed when they quote a sequence number in flight (RFC 5927),
# and they end a connection only before it is synchronised.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

HOST=1
PROTOCOL=2
PORTCODE=3

plan 30
hosts
raw_pair
peer d A

# call NAME PORT: a:NAME calls r:NAME, whose SYN has come.
call()
{
	must r "$1" listen "$2"
	must a "$1" new
	must a "$1" start connect $ADDR_RAW "$2"
	must r "$1" expect S
}

call x 7000
must r x unreachable $PORTCODE seq=+1000
must r x unreachable $PORTCODE seq=-1
check "SYN_SENT, numbers never sent: ignored" tell r x silent
check "SYN_SENT still" state_is A SYN_SENT - 7000
# connect() of a program that waits leaves the error to the user's next look.
must r x unreachable $PORTCODE
check "SYN_SENT, port unreachable: ECONNREFUSED" errs ECONNREFUSED a x wait
check "CLOSED" state_is A CLOSED - 7000

call y 7001
must r y unreachable $PROTOCOL
check "SYN_SENT, protocol unreachable: ENOPROTOOPT" errs ENOPROTOOPT a y wait

call z 7002
must r z send S
must r z expect SA
must r z unreachable $PORTCODE seq=+1000
check "SYN_RECV, a number never sent: ignored" tell r z silent
check "SYN_RECV still" state_is A SYN_RECV - 7002
must r z unreachable $PORTCODE
check "SYN_RECV, port unreachable: ECONNREFUSED" errs ECONNREFUSED a z wait

reach SYN_RECV h
must r h ignore SA
must r h unreachable $PORTCODE seq=+1
must r h unreachable $PORTCODE seq=-1
check "half-open, numbers never sent: ignored" tell r h silent
check "half-open still" raw_state_is h SYN_RECV
must r h unreachable $PORTCODE
check "half-open, port unreachable: nothing is answered" tell r h silent
check_waltz "the record is gone" raw_state_is h CLOSED

# Synchronised: never more than a reason, should it end for another one.
for state in ESTABLISHED FIN_WAIT1 CLOSE_WAIT LAST_ACK; do
	reach $state $state
	[ $state != ESTABLISHED ] || must a $state send 10
	[ $state != ESTABLISHED ] || must r $state expect A len=10
	must r $state unreachable $PORTCODE
	check "$state, port unreachable: nothing happens" tell r $state silent
	check "$state still" raw_state_is $state $state
done
check "SO_ERROR says what it was" answers ECONNREFUSED a ESTABLISHED error
must r ESTABLISHED send A len=5
check "the connection works" answers xxxxx a ESTABLISHED read 10
must r ESTABLISHED expect A ack=0 len=0
must a ESTABLISHED send 10
must r ESTABLISHED expect A len=10
must r ESTABLISHED unreachable $HOST
check "ESTABLISHED, host unreachable: nothing happens" tell r ESTABLISHED silent
check "SO_ERROR says that" answers EHOSTUNREACH a ESTABLISHED error
must r ESTABLISHED send A
must a ESTABLISHED opt SOL_IP 11 1 # IP_RECVERR
must a ESTABLISHED send 10
must r ESTABLISHED expect A len=10
must r ESTABLISHED unreachable $HOST
check "IP_RECVERR: the owner hears of it at once" errs EHOSTUNREACH a ESTABLISHED read 10
check "and the connection goes on" raw_state_is ESTABLISHED ESTABLISHED
must a ESTABLISHED opt SOL_IP 11 0

# RFC 6633: the message that asked for less is not listened to any more.
must r ESTABLISHED send A
must a ESTABLISHED send 10
must r ESTABLISHED expect A len=10
must r ESTABLISHED unreachable 0 type=4
check "ESTABLISHED, source quench: nothing happens" tell r ESTABLISHED silent
check "and its owner does not hear of it" answers 0 a ESTABLISHED error
reach TIME_WAIT t
must r t unreachable $PORTCODE
must r t silent
check "TIME_WAIT stays" raw_state_is t TIME_WAIT
check "no error for its owner" answers 0 a t error
