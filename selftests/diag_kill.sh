#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# SOCK_DESTROY (ss -K): RFC 9293 3.10.5's ABORT by an administrator. The owner
# learns ECONNABORTED, the peer a RST; half-open and TIME_WAIT records go.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

plan 34
need_diag
hosts
raw_pair

# kill_it NAME: A's end of r:NAME.
kill_it()
{
	listed "* $ADDR_A:$PORT $ADDR_RAW:${RAW_PORT[$1]}*" A -KanH "dport = :${RAW_PORT[$1]}"
}

mark A
reach ESTABLISHED x
must a x start recv 1
check "an established connection" kill_it x
check "the peer is told" tell r x expect RA seq=0
check "who waits for data learns ECONNABORTED" errs ECONNABORTED a x wait
check "it is gone" raw_state_is x CLOSED
check "it is counted" counted A abort_killed 1
must a x close

for state in FIN_WAIT1 FIN_WAIT2 CLOSE_WAIT CLOSING LAST_ACK; do
	reach $state ${state,,}
	check "$state" kill_it ${state,,}
	check "$state is gone" raw_state_is ${state,,} CLOSED
	check "$state: the error" answers ECONNABORTED a ${state,,} error
	must a ${state,,} close
done

reach SYN_RECV half
check "a half-open record" kill_it half
# On a slow machine the SYN-ACK is sent again before.
half_is_told()
{
	until tell r half expect RA; do
		[[ $WHY == *": SA "* ]] || return
	done
}
check "its peer is told" half_is_told
check "it is gone" raw_state_is half CLOSED

reach TIME_WAIT t
mark A
check "a TIME_WAIT record" kill_it t
check "it is gone" raw_state_is t CLOSED
check "it is counted" counted A tw_killed 1
must a t close

# A listener, with a child that nobody accepted.
raw_open child
must r child handshake
wait_for raw_state_is child ESTABLISHED || bail "$WHY"
check "a listener" listed "LISTEN 1 128 $ADDR_A:$PORT *" A -KlnH
check "whom nobody accepted is told" tell r child expect RA
check "it is gone" raw_state_is child CLOSED
check "there is nothing to accept any more" errs EINVAL a l accept none
check "the error" answers ECONNABORTED a l error

peer b B
listener b l $ADDR_B $PORT
must b l start accept none
check "a listener that is waited for" listed "LISTEN 0 128 $ADDR_B:$PORT *" B -KlnH
check "who waits learns it" errs EINVAL b l wait
must a c new
check "nobody is connected any more" errs ECONNREFUSED a c connect $ADDR_B $PORT
