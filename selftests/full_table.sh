#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A full TIME_WAIT table: for each record that comes the oldest one goes. One whose
# 2MSL has begun anew keeps its place until its old time comes up
# (Documentation/timewait.rst): sim/full_table.sh has what is after that. It is said
# in the log, once.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

is_waltz || {
	plan 0
	skip_all "TCP has one table for all, and drops what comes"
}

plan 14
hosts
raw_pair
set_waltz A time_wait_ms=60000 time_wait_max=3

# record NAME
record()
{
	reach TIME_WAIT "$1" ts=1000 mss=1460
	must a "$1" close
}

# said: sets REPLY to how often the log has it.
said()
{
	REPLY=$(log_since_mark | grep -c 'TIME_WAIT table full')
}

check "the most there ever were: none" stat_is A tw_peak 0
mark A
record x1
record x2
record x3
check "three records, and room for three" records_are x1 x2 x3
check "the most there ever were" stat_is A tw_peak 3
check "none had to go" counted A tw_evicted 0
said
check "nothing is said" same "$REPLY" 0

must r x1 send FA seq=-1
must r x1 expect A seq=0 ack=0
check "2MSL of the first one begins anew" counted A tw_fin_again 1
record x4
check "it has its place still: it goes" records_are x2 x3 x4
record x5
check "then the next one" records_are x3 x4 x5
check "both are counted" counted A tw_evicted 2
said
check "it is said once" same "$REPLY" 1
check "there were never more than three" stat_is A tw_peak 3

# A limit that was lowered is reached two by two.
set_waltz A time_wait_max=1
record x6
check "a lower limit: two go, the oldest ones" records_are x5 x6
record x7
check "and two more" records_are x7
check "the most there ever were stays" stat_is A tw_peak 3
