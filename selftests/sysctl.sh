#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Settings: their defaults and limits are those of sysctl.rst, what is outside
# is refused and changes nothing, and each namespace has its own; a namespace
# whose TIME_WAIT table is full takes no record from another.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

is_waltz || {
	plan 0
	skip_all "these are Waltz's settings"
}

RST=$HERE/../Documentation/sysctl.rst
MAX=10
RECORDS=50

plan 11
[ -r "$RST" ] || bail "no $RST"
new_host A
new_host B

# settings HOST: sets REPLY to all of them.
settings()
{
	REPLY=$(in_host "$1" sysctl -a -r '^net\.waltz\.') && [ -n "$REPLY" ]
}

# Subtests are indented.
limits()
{
	in_host A python3 -SEB "$HERE/sysctl.py" "$RST" | sed -u 's/^/    /'
	return "${PIPESTATUS[0]}"
}

settings B || bail "no settings"
before=$REPLY
check "limits are kept" limits
settings A
WHY="values are the other's"
check "that namespace has other values now" not same "$REPLY" "$before"
settings B
check "another namespace kept all of its own" same "$REPLY" "$before"
new_host C
settings C
check "a new one begins with the defaults" same "$REPLY" "$before"

# connections HOST COUNT: over lo; each leaves a record.
connections()
{
	peer "s$1" "$1"
	peer "c$1" "$1"
	listener "s$1" l 127.0.0.1 $PORT
	must "c$1" c new
	must "s$1" l start serve "$2" 10 client
	must "c$1" c churn 127.0.0.1 $PORT "$2" 10 client
	must "s$1" l wait
	kill_peer "s$1"
	kill_peer "c$1"
}

ip -n "${NS[B]}" link set lo up
ip -n "${NS[C]}" link set lo up
connections C $RECORDS
check "a namespace has records" wait_for stat_is C tw_now $RECORDS
set_waltz B time_wait_max=$MAX
mark B
mark C
connections B $RECORDS
check "another one is full" wait_for stat_is B tw_now $MAX
check "what it had to give up is counted" counted B tw_evicted $((RECORDS - MAX))
check "and that much was put in" counted B tw_inserted $RECORDS
check "nothing of that was the first one's" stat_is C tw_now $RECORDS
check "nor counted there" counted C tw_evicted 0

connections C 5
check "where there is still room" wait_for stat_is C tw_now $((RECORDS + 5))
