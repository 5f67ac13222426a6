#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Both close before the other's FIN arrives: through CLOSING, both sides get a
# TIME_WAIT record (RFC 9293 3.6, figure 14).

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

plan 9
hosts
need_netem
# The round-trip time that the connection begins with is not that of the delay
# below: without a floor FINs would be sent again, and start 2MSL anew.
set_waltz A time_wait_ms=1000 rto_min_ms=10000
set_waltz B time_wait_ms=1000 rto_min_ms=10000
pair
connection c s
is_waltz && trace_states
mark A
mark B

# Longer than two commands take: so the FINs are sure to cross.
netem A delay 700ms
netem B delay 700ms
must a c close
must b s close
check "client has sent its FIN" state_is A FIN_WAIT1 - $PORT
check "server has sent its FIN" state_is B FIN_WAIT1 $PORT
check "client reaches TIME_WAIT" wait_state A TIME_WAIT - $PORT
check "server reaches TIME_WAIT" wait_state B TIME_WAIT $PORT
check_waltz "client's record ends" wait_state A CLOSED - $PORT
check_waltz "server's record ends" wait_state B CLOSED $PORT
check_waltz "client went through CLOSING" went A \
	"ESTABLISHED>FIN_WAIT1 FIN_WAIT1>CLOSING CLOSING>TIME_WAIT TIME_WAIT>CLOSED"
check_waltz "server went through CLOSING" went B \
	"ESTABLISHED>FIN_WAIT1 FIN_WAIT1>CLOSING CLOSING>TIME_WAIT TIME_WAIT>CLOSED"
check_waltz "one record each" counted A tw_inserted 1
