#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# 500 TIME_WAIT records whose time is over at once: the timer takes no more than 64 of
# them in one go, and lets others run between two. Their memory is left to a worker.

# shellcheck source=selftests/sim/lib.sh
. "$(dirname "$0")/lib.sh"

COUNT=500

simulated 8
peer b B
listener b l $ADDR_B $PORT
start_trace waltz/timewait_expire
freeing=$trace/events/kmem/kmem_cache_free
echo 'name == "waltz_tw_chunk"' >"$freeing/filter" || bail "no event of freed memory"
echo 1 >"$freeing/enable"
echo mono >"$trace/trace_clock" # the usual one has ticks of 10 ms here
# Room for them: what is taken over by connect() is none of the 500.
in_host A sysctl -qw net.ipv4.ip_local_port_range="20000 40000"
set_waltz A time_wait_ms=60000
must b l start serve $COUNT 10 client
must a churn new
mark A
must a churn churn $ADDR_B $PORT $COUNT 10 client
must b l wait
check "$COUNT records" wait_for stat_is A tw_now $COUNT
check "so many at most" stat_is A tw_peak $COUNT
sleep 70
check "all have expired" counted A tw_expired $COUNT

# runs: sets RUNS, and LOOKED, GONE and PAUSE (microseconds): the most, all, the least.
runs()
{
	local line at last=''

	RUNS=0 LOOKED=0 GONE=0 PAUSE=1000000000
	while read -r line; do
		[[ $line =~ \ ([0-9]+)\.([0-9]{6}):\ timewait_expire:\ netns=${INODE[A]}\ looked=([0-9]+)\ gone=([0-9]+) ]] || continue
		at=$((BASH_REMATCH[1] * 1000000 + 10#${BASH_REMATCH[2]}))
		[ -z "$last" ] || [ $((at - last)) -ge $PAUSE ] || PAUSE=$((at - last))
		last=$at
		RUNS=$((RUNS + 1)) GONE=$((GONE + BASH_REMATCH[4]))
		[ "${BASH_REMATCH[3]}" -le "$LOOKED" ] || LOOKED=${BASH_REMATCH[3]}
	done <"$trace/trace"
	diag "$RUNS runs, $LOOKED records at most, $PAUSE us between two at least"
}
runs
check "in more than 7 runs" at_least $RUNS 8
check "that took 64 at most" at_most "$LOOKED" 64
all_and_apart()
{
	same $GONE $COUNT && at_least $PAUSE 100
}
check "$COUNT altogether, with a pause of 100 us between two" all_and_apart

# frees: sets FREED, and FREED_BY_IRQ: those in a softirq, or in an interrupt.
frees()
{
	local line

	FREED=0 FREED_BY_IRQ=0
	while read -r line; do
		# The third of the flags before the time.
		[[ $line =~ \]\ ..(.)..\ [^:]*:\ kmem_cache_free: ]] || continue
		FREED=$((FREED + 1))
		[ "${BASH_REMATCH[1]}" = . ] || FREED_BY_IRQ=$((FREED_BY_IRQ + 1))
	done <"$trace/trace"
}
all_are_freed()
{
	frees
	# 31 in a chunk.
	at_least "$FREED" $((COUNT / 31))
}
check "their memory is freed" wait_for all_are_freed
check "and not by the timer" same "$FREED_BY_IRQ" 0
