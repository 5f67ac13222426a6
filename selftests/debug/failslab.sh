#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Memory runs out, at random, under traffic: sockets, records, segments. What
# arrives is right or a call fails with an errno; afterwards all works, and
# nothing is left. The debug kernels see what is lost or used too long.
#
# SEED=N repeats the sizes, not which allocation fails: that is the kernel's choice.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

FAILSLAB=/sys/kernel/debug/failslab
SEED=${SEED:-$SRANDOM}

plan 14
[ -d $FAILSLAB ] || skip_all "this kernel has no failslab"
[ "$(</sys/kernel/slab/waltz_tw_chunk/failslab)" = 1 ] ||
	skip_all "no cache was named to the kernel, see scripts/vm"
diag "SEED=$SEED"
hosts
set_waltz A time_wait_ms=500 fin_timeout_ms=500 syn_retries=2 retries=4
set_waltz B time_wait_ms=500 fin_timeout_ms=500 syn_retries=2 retries=4
start_helper server B "$HERE/debug/failslab.py" server "$WALTZ_PROTO" $ADDR_B $PORT
get_answer server || bail "no server"
start_helper client A "$HERE/debug/failslab.py" client "$WALTZ_PROTO" $ADDR_B $PORT "$SEED"

# failing PERCENT: of allocations from the caches that scripts/vm has named at boot
failing()
{
	echo "$1" >$FAILSLAB/probability
}
trap 'failing 0; cleanup' EXIT
echo 0 >$FAILSLAB/verbose
echo 1 >$FAILSLAB/interval
echo -1 >$FAILSLAB/times
echo 1 >$FAILSLAB/cache-filter
echo 0 >$FAILSLAB/task-filter
# GFP_KERNEL fails too.
echo 0 >$FAILSLAB/ignore-gfp-wait

# connections COUNT
connections()
{
	echo "$1" >&"${PEER_IN[client]}"
	get_answer client
}

check "20 connections while there is memory" connections 20
check "all of them complete" same "$REPLY" "20 0"
for percent in 1 5 20; do
	failing $percent
	check "$percent in 100 allocations fail: every byte is right" connections 40
	diag "complete, failed: $REPLY"
	failing 0
done
check "some of them did" at_least "${REPLY#* }" 1
check "then 20 connections" connections 20
check "all of them complete again" same "$REPLY" "20 0"

# nothing_left HOST
nothing_left()
{
	sockets "$1" && same "$REPLY" CLOSED
}
check "and nothing is left" wait_for nothing_left A

# A connection whose record finds no memory ends without one: it is said, and its peer has
# been answered all the same.
no_record()
{
	failing 20
	connections 10
	failing 0
	grown A tw_no_memory
}
mark A
check "a record that finds no memory is counted" wait_for no_record
check "20 connections" connections 20
check "complete" same "$REPLY" "20 0"
check "the client is left with nothing" wait_for nothing_left A
check "and the server" wait_for nothing_left B
