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
# Of Waltz alone, and of what segments are made of: if a fork() or an open() of
# this script failed, that would prove nothing.
CACHES=(WALTZ waltz skbuff_head_cache skbuff_fclone_cache kmalloc-1k kmalloc-2k)

plan 8
[ -d $FAILSLAB ] || skip_all "this kernel has no failslab"
diag "SEED=$SEED"
hosts
set_waltz A time_wait_ms=500 syn_retries=2 retries=4
set_waltz B time_wait_ms=500 syn_retries=2 retries=4
start_helper server B "$HERE/debug/failslab.py" server "$WALTZ_PROTO" $ADDR_B $PORT
get_answer server || bail "no server"
start_helper client A "$HERE/debug/failslab.py" client "$WALTZ_PROTO" $ADDR_B $PORT "$SEED"

# failing PERCENT | failing off
failing()
{
	local cache file

	[ "$1" != off ] || set -- 0
	echo "$1" >$FAILSLAB/probability
	for cache in "${CACHES[@]}"; do
		for file in /sys/kernel/slab/"$cache"*/failslab; do
			[ ! -w "$file" ] || echo $(($1 != 0)) >"$file"
		done
	done
}
trap 'failing off; cleanup' EXIT
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
	failing off
done
check "then 20 connections" connections 20
check "all of them complete again" same "$REPLY" "20 0"
nothing_left()
{
	sockets A && same "$REPLY" CLOSED
}
check "and nothing is left" wait_for nothing_left
