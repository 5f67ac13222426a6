#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Memory of all sockets is bounded by net.waltz.mem, as that of TCP's by
# net.ipv4.tcp_mem: it is the machine's, so there is one for all namespaces. When it
# is short, windows are small and nobody gets more than its least.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

plan 22
hosts
MEM=/proc/sys/net/waltz/mem
is_waltz || MEM=/proc/sys/net/ipv4/tcp_mem
before=$(<$MEM)
read -ra limits <$MEM

# What each CPU keeps back is not counted, and may be counted still when it is given
# back: 256 pages of each, either way.
SLACK=$((256 * $(nproc)))

# set_mem NUMBER...
set_mem()
{
	echo "$*" 2>/dev/null >$MEM
}

check "three numbers, each more than the one before" \
	[ "${limits[0]}" -lt "${limits[1]}" -a "${limits[1]}" -lt "${limits[2]}" ]
check "not there in another namespace" not in_host A test -e $MEM
check_waltz "more than the next one: refused" not set_mem 300 200 400
check_waltz "the last one less: refused" not set_mem 100 200 150
check_waltz "nothing: refused" not set_mem 0 1 2
check_waltz "negative: refused" not set_mem -- -1 5 10
check_waltz "no number: refused" not set_mem 10 x 20
check "and all is as it was" same "$(<$MEM)" "$before"
check "three that are in order: taken" set_mem 100 200 300
read -ra limits <$MEM
check "and read" same "${limits[*]}" "100 200 300"
echo "$before" >$MEM

is_waltz || {
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		result ok "$i # SKIP not Waltz"
	done
	exit
}

# Both hosts are of one system. With these buffers a connection holds some
# megabytes.
for host in A B; do
	set_waltz $host wmem='4096 4194304 4194304' rmem='4096 4194304 4194304'
done

pages()
{
	stat A memory_pages
}

# held LOW: pages are in use.
held()
{
	pages
	at_least "$REPLY" "$1"
}

pair
stat A sockets_allocated
check "sockets are counted" at_least "$REPLY" 1
mark A
mark B
connection c d
must a c nonblock
pages
empty=$REPLY
# fill NAME: until there is no room.
fill()
{
	errs EAGAIN a "$1" send 20000000
}
check "nobody reads: send() says so" fill c
check "what waits is counted" held $((empty + 1000 - SLACK))
kill_peer a
kill_peer b
drained()
{
	pages
	at_most "$REPLY" $((empty + SLACK))
}
set_waltz A max_orphans=0
check "closed: all of it is given back" wait_for drained
check "and nothing was short" counted A memory_pressures 0

# Now there is less memory than buffers.
MOST=$((4 * SLACK))
set_mem $((2 * SLACK)) $((3 * SLACK)) $MOST
pair
connections=6
for ((i = 0; i < connections; i++)); do
	connection "c$i" "d$i"
	must a "c$i" nonblock
done
for ((i = 0; i < connections; i++)); do
	fill "c$i" || diag "$WHY"
done
pressed()
{
	stat A memory_pressures
	local sum=$REPLY

	stat B memory_pressures
	[ $((sum + REPLY)) -gt 0 ]
}
check "memory is short" pressed
stat A memory_pressure
check "and is known to be" same "$REPLY" 1
pages
check "and nothing beyond the third number" at_most "$REPLY" $((MOST + SLACK))

# As bad as it is, each of them goes on, by its least. Only with more there is
# speed.
read_all()
{
	local i

	for ((i = 0; i < connections; i++)); do
		tell b "d$i" recv 1000 || return
	done
}
check "each connection still moves" read_all
echo "$before" >$MEM
moves()
{
	must a c0 start shutdown wr
	tell b d0 drain && [ "$REPLY" -gt 0 ]
}
check "more memory: all of it arrives" moves
connection n n
must a n start send 3000000
check "and a new one is as fast as ever" tell b n recv 3000000
# What was in use goes below the first number: then it is over.
stat A memory_pressure
check "memory is not short any more" same "$REPLY" 0
