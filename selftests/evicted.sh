#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A TIME_WAIT record had to go before its time, and the peer has not got our
# last ACK: its FIN is acknowledged all the same, if the echo of its timestamp
# proves that it knows us. Nothing else is, and not for longer than 2MSL.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

is_waltz || {
	plan 0
	skip_all "TCP drops records in silence"
}

plan 18
hosts
raw_pair
set_waltz A time_wait_ms=60000 time_wait_max=1

# acknowledged NAME FLAGS [KEY=VALUE...]
acknowledged()
{
	local name=$1

	shift
	mark A
	must r "$name" send "$@"
	tell r "$name" expect A seq=0 ack=0 len=0 ts=yes && tell r "$name" silent &&
		counted A tw_lost_fin 1
}

# refused NAME FLAGS [KEY=VALUE...]
refused()
{
	local name=$1

	shift
	mark A
	must r "$name" send "$@"
	tell r "$name" expect R seq=0 len=0 && tell r "$name" silent && counted A tw_lost_fin 0
}

# stamps VALUE ECHO: sets STAMPS to such options.
stamps()
{
	printf -v STAMPS 'opt=0101080a%08x%08x' "$1" $(($2 & 0xffffffff))
}

reach TIME_WAIT x ts=1000 mss=1460
must a x close
mark A
reach TIME_WAIT y ts=1000 mss=1460
must a y close
check "the table is full: a record goes before its time" counted A tw_evicted 1
check "it is the older one" raw_state_is x CLOSED

check "the peer's FIN again: acknowledged, with the numbers of the old connection" \
	acknowledged x FA seq=-1
check "and once more" acknowledged x FA seq=-1 ts=+1
check "with data: RST" refused x FA seq=-6 len=5
check "an ACK alone: RST" refused x A
check "without a timestamp: RST" refused x FA seq=-1 ts=none
must r x get peer_ts
echo=$REPLY
stamps 1002 $((echo + 60000))
check "the echo of what was never sent: RST" refused x FA seq=-1 "$STAMPS"
stamps 1002 $((echo - 60001))
check "the echo of what was sent before 2MSL: RST" refused x FA seq=-1 "$STAMPS"
stamps 1002 0
check "no echo: RST" refused x FA seq=-1 "$STAMPS"

# The names do not matter: whoever knows our clock is the host we talked to.
must a l close
check "nobody listens any more: acknowledged, too" acknowledged x FA seq=-1 ts=+2
listener a l $ADDR_A $PORT

# Once 2MSL is over nothing can be there that was lost.
# fresh: sets STAMPS to an echo of now, from another connection of the two hosts.
fresh()
{
	must a w send 1
	must r w expect A len=1
	must r w send A
	must r w get peer_ts
	stamps 1003 "$REPLY"
}
reach ESTABLISHED w ts=1000 mss=1460
set_waltz A time_wait_ms=1000
mark A
reach TIME_WAIT z ts=1000 mss=1460
must a z close
check "another record goes" counted A tw_evicted 1
fresh
check "the FIN, with an echo of now: acknowledged" acknowledged y FA seq=-1 "$STAMPS"
check "the last record expires" wait_for stat_is A tw_now 0
fresh
check "2MSL after the loss: RST, though the echo is right" refused y FA seq=-1 "$STAMPS"
set_waltz A time_wait_max=100000
mark A
reach TIME_WAIT v ts=1000 mss=1460
must a v close
check "a record that expires is not lost" wait_for stat_is A tw_now 0
check "it was not evicted" counted A tw_evicted 0
fresh
check "its FIN again: RST" refused v FA seq=-1 "$STAMPS"
