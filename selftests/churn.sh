#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Ten thousand connections, one after the other, the client and the server by
# turns the first to close: when the last TIME_WAIT is over, nothing is left.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

ROUNDS=10
EACH=1000
SIZE=100

plan $((ROUNDS + 15))
hosts
set_waltz A time_wait_ms=1000
set_waltz B time_wait_ms=1000
pair

[ -r /proc/slabinfo ] && slabinfo=/proc/slabinfo || slabinfo=/dev/null

# slabs: sets REPLY to "NAME=OBJECTS ..." of the caches that have our name.
# What was put together with others of its size has not.
slabs()
{
	local f found=''

	while read -ra f; do
		[[ ${f[0]} != waltz* && ${f[0]} != WALTZ* ]] || found+=" ${f[0]}=${f[1]}"
	done <<<"$(<"$slabinfo")"
	REPLY=${found# }
}

# Objects that a CPU keeps at hand count as used, so give them back first.
shrink_slabs()
{
	local cache

	for cache in /sys/kernel/slab/*[wW][aA][lL][tT][zZ]*; do
		[ ! -e "$cache/shrink" ] || echo 1 >"$cache/shrink"
	done
	slabs
}

# slabs_within "NAME=OBJECTS ...": no more objects than that. Fewer there may be, for
# the end of what ran before this may have come only now.
slabs_within()
{
	local -A before=()
	local cache

	for cache in $1; do
		before[${cache%=*}]=${cache#*=}
	done
	shrink_slabs
	WHY="there were '$1', and are '$REPLY'"
	for cache in $REPLY; do
		[ "${cache#*=}" -le "${before[${cache%=*}]:-0}" ] || return
	done
}

# round COUNT WHO
round()
{
	tell b l start serve "$1" $SIZE "$2" &&
		tell a c churn $ADDR_B $PORT "$1" $SIZE "$2" && tell b l wait
}

# Once before, for what is allocated once.
must a c new
for who in client server; do
	round 10 $who || bail "$WHY"
done
for host in A B; do
	wait_state $host CLOSED || bail "$WHY"
done
shrink_slabs
slabs=$REPLY
diag "before: ${slabs:-no /proc/slabinfo}"
mark A
mark B

for ((i = 0; i < ROUNDS; i += 2)); do
	check "$EACH connections, client closes first" round $EACH client
	check "$EACH connections, server closes first" round $EACH server
done
TOTAL=$((ROUNDS * EACH))
check_waltz "client counts them" counted A active_opens $TOTAL
check_waltz "server counts them" counted B passive_opens $TOTAL
for host in A B; do
	check "$host: TIME_WAIT ends" wait_state $host CLOSED
	check_waltz "$host: no half-open record" stat_is $host half_open_now 0
	check_waltz "$host: no orphan" stat_is $host orphans_now 0
	check_waltz "$host: no TIME_WAIT record" stat_is $host tw_now 0
	check_waltz "$host: was never in trouble" counted $host abort_timeout 0
done
check_waltz "A has no socket in any table" wait_for stat_is A sockets_now 0
check_waltz "B has none but the listener" wait_for stat_is B sockets_now 1
check_waltz "memory is what it was" wait_for slabs_within "$slabs"
