#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the scripts say of the TIME_WAIT table: what comes, what is hit, what is
# taken over, what has to go, what expires; and how long that took.

# shellcheck source=selftests/bpftrace/lib.sh
. "$(dirname "$0")/lib.sh"

plan 16
hosts
pair
raw_pair
mark A
trace_with timewait expiry

# connections COUNT FIRST-PORT LAST-PORT: the client closes first.
connections()
{
	in_host A sysctl -qw net.ipv4.ip_local_port_range="$2 $3"
	must b l start serve "$1" 10 client
	must a churn new
	must a churn churn $ADDR_B $PORT "$1" 10 client
	must b l wait
}

set_waltz A time_wait_ms=200000
connections 40 30000 30019
reach TIME_WAIT x ts=1000
must r x send FA seq=-1
must r x expect A ack=0
must r x send R
must r x silent
# Now there are 21: the next one makes two of them go.
set_waltz A time_wait_max=20
connections 1 31000 31000
set_waltz A time_wait_max=1000 time_wait_ms=300
connections 30 32000 32059
wait_for stat_is A tw_now 20 || bail "$WHY"
growth A tw_expired
expired=$REPLY
end_scripts

# Who closes before the peer's FIN is there leaves a FIN_WAIT2 record.
value timewait "inserted[TIME_WAIT]"
inserted=$REPLY
value timewait "inserted[FIN_WAIT2]"
fin_wait2=$REPLY
check "timewait: inserted" same $((inserted + fin_wait2)) 72
check "as it is counted" counted A tw_inserted 72
check "FIN_WAIT2 waits for a FIN" says timewait "@hits\[fin\]: $fin_wait2"
# More than ours, where a server is slow and its connection's names are taken over.
value timewait "hits[fin_again]"
check "hit by a FIN" at_least "$REPLY" 1
value timewait "hits[ignore_rst]"
check "by a RST" at_least "$REPLY" 1
check "taken over by connect()" says timewait "@reused\[connect\]: 20"
check "as it is counted" counted A tw_reused_connect 20
check "with most of their time left" matches "$(histogram timewait reused_left_ms
	echo "$LOWEST $REPLY")" "\[128K, 256K) 20"
check "evicted" says timewait "@evicted: 2"
check "as it is counted" counted A tw_evicted 2
check "expired" says timewait "@expired: 30"
check "as it is counted" same $expired 30
check "how many there are" says timewait "@now\[*\]: 20"
check "expiry: the same" says expiry "@gone: 30"
value expiry longest_ns
check "the longest run took its time" at_least "$REPLY" 1000
histogram expiry run_us
runs=$REPLY
histogram expiry records
check "each run has gone through some" same "$REPLY" "$runs"
