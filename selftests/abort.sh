#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The user aborts (SO_LINGER 0), in every state: the peer is told where it may
# still wait for something (RFC 9293 3.10.5), and no record is kept.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

plan 25
hosts
raw_pair
mark A

# aborts NAME
aborts()
{
	must a "$1" linger on 0
	must a "$1" close
	raw_state_is "$1" CLOSED
}

for state in ESTABLISHED CLOSE_WAIT FIN_WAIT1 FIN_WAIT2; do
	reach $state $state
	check "$state: CLOSED" aborts $state
	check "$state: the peer gets a RST, at the right place" tell r $state expect RA seq=0 ack=0
	must r $state send A
	check "$state: nobody knows of it any more" tell r $state expect R
done
# Both FINs are sent here, but ours could have been waiting behind data: Waltz
# tells the peer all the same, TCP only if it was.
for state in CLOSING LAST_ACK; do
	reach $state $state
	check "$state: CLOSED" aborts $state
	check_waltz "$state: the peer gets a RST" tell r $state expect RA seq=0 ack=0
	must r $state send A
	check "$state: nobody knows of it any more" tell r $state expect R
done

must r s listen 7000
must a s new
must a s nonblock
errs EINPROGRESS a s connect $ADDR_RAW 7000
must r s expect S
must a s linger on 0
must a s close
check "SYN_SENT: CLOSED" state_is A CLOSED - 7000
check "SYN_SENT: nothing is sent" tell r s silent

# Who aborts by connecting to nowhere keeps the socket.
reach SYN_RECV half
must r half ignore SA
reach ESTABLISHED waiting_for_close
must a waiting_for_close unconnect
check "connect() to nowhere: RST" tell r waiting_for_close expect RA
check "a listener, too, gives up that way" tell a l unconnect
check_waltz "and resets who was half-open" tell r half expect RA
raw_open refused
must r refused send S
check "nobody listens then" tell r refused expect RA
check_waltz "no record was kept of any of these" counted A tw_inserted 0
