#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# sock_diag lists each state as itself: sockets, half-open records, and records
# of TIME_WAIT and FIN_WAIT2, with their timers.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

plan 21
need_diag
hosts
set_waltz A time_wait_ms=200000 fin_timeout_ms=200000 synack_retries=12
raw_pair

PEER="dport = :$PORT or sport = :$PORT"

# is_listed STATE NAME [PATTERN]: A's end of r:NAME, and nothing else in any
# other state.
is_listed()
{
	local port=${RAW_PORT[$2]}

	listed "$1 * $ADDR_A:$PORT $ADDR_RAW:$port*${3:-}" A -anoH "dport = :$port" &&
		not matches "$REPLY" "*;*"
}

check "LISTEN" listed "LISTEN 0 128 $ADDR_A:$PORT 0.0.0.0:\*" A -lnH
for state in SYN_RECV ESTABLISHED FIN_WAIT1 FIN_WAIT2 CLOSE_WAIT CLOSING LAST_ACK TIME_WAIT; do
	reach $state ${state,,}
	case $state in
	ESTABLISHED) name=ESTAB pattern='' ;;
	FIN_WAIT1) name=FIN-WAIT-1 pattern='timer:(on,*)' ;;
	FIN_WAIT2) name=FIN-WAIT-2 pattern='' ;;
	CLOSING | LAST_ACK) name=${state/_/-} pattern='timer:(on,*)' ;;
	TIME_WAIT) name=TIME-WAIT pattern='timer:(timewait,3min*,0)' ;;
	SYN_RECV) name=SYN-RECV pattern='timer:(on,*)' ;;
	*) name=${state/_/-} pattern='' ;;
	esac
	check "$state" is_listed "$name" ${state,,} "$pattern"
done

# A record of FIN_WAIT2 is no socket, but listed as TCP's.
must a fin_wait2 close
check "FIN_WAIT2 without an owner" wait_for is_listed FIN-WAIT-2 fin_wait2 'timer:(timewait,3min*,0)'

# Nobody answers there: the segments are lost.
netem B loss 100%
netem A loss 100%
must a c new
must a c nonblock
errs EINPROGRESS a c connect $ADDR_B 9
check "SYN_SENT" listed "SYN-SENT 0 1 $ADDR_A:* $ADDR_B:9 timer:(on,*)" A -anoH "dport = :9"
no_netem A
no_netem B

# A filter by state leaves out the others; SYN_RECV is the records', too.
for state in established:ESTAB syn-recv:SYN-RECV time-wait:TIME-WAIT close-wait:CLOSE-WAIT; do
	check "state ${state%:*}" listed "${state#*:} * $ADDR_A:$PORT $ADDR_RAW:*" \
		A -nH state "${state%:*}"
	check "state ${state%:*}: just that one" not matches "$REPLY" "*;*"
done

count_is()
{
	wss A "${@:2}" && same "$(grep -c . <<<"$REPLY")" "$1"
}

check "connected: all but the listener" count_is 8 -nH state connected "$PEER"
check "without options: neither listeners nor small records" count_is 6 -nH "$PEER"
