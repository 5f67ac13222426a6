#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Memory control groups pay for the sockets of their processes: for those that were
# made by a segment, too, from accept() on. A small limit slows down, and loses
# nothing.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

plan 8
CGROUP=/sys/fs/cgroup
GROUP=$CGROUP/waltz-$$
[ -e $CGROUP/cgroup.controllers ] || skip_all "no cgroup2 at $CGROUP"
[[ " $(<$CGROUP/cgroup.controllers) " == *" memory "* ]] || skip_all "no memory control groups"
echo +memory >$CGROUP/cgroup.subtree_control || skip_all "no memory control groups below the root"
mkdir "$GROUP" || bail "no group"

# move PEER GROUP
move()
{
	echo "${PEER_PID[$1]}" >"$2/cgroup.procs" || bail "cannot move $1"
}

# sock: bytes that the group pays for sockets, in REPLY.
sock()
{
	local name value

	while read -r name value; do
		[ "$name" != sock ] || break
	done <"$GROUP/memory.stat"
	[ "$name" = sock ] || bail "no sock in memory.stat"
	REPLY=$value
}

# Written down every two seconds.
pays_at_least()
{
	sock
	at_least "$REPLY" "$1"
}

pays_at_most()
{
	sock
	at_most "$REPLY" "$1"
}

hosts
pair
check "nothing to pay for" pays_at_most 0

# Its own pages are of another group: only sockets are of this one.
move b "$GROUP"
connection c d
must a c start send 200000
check "accepted, and data waits: the group pays" wait_for pays_at_least 100000
must b d recv 200000
must a c wait
check "it is read: no more than some pages" wait_for pays_at_most 32768

must a e new
must a e connect $ADDR_B $PORT
must a e start send 100000
must a e wait
must b l accept f
check "what came before accept() is paid for from then on" wait_for pays_at_least 90000
must b f recv 100000
check "and read" wait_for pays_at_most 32768

# More than there may be.
N=10
for ((i = 0; i < N; i++)); do
	connection "m$i" "n$i"
done
move b $CGROUP
# What it has already is not to be taken from anybody.
current=$(<"$GROUP/memory.current")
echo $((current + 1000000)) >"$GROUP/memory.max" || bail "no limit"
for ((i = 0; i < N; i++)); do
	must a "m$i" start send 200000
done
check "a small limit: it is reached" wait_for pays_at_least 700000
read_all()
{
	local i

	for ((i = 0; i < N; i++)); do
		tell b "n$i" recv 200000 || return
	done
}
check "they all go on" read_all
kill_peer a
kill_peer b
check "closed: nothing is left to pay" wait_for pays_at_most 0
rmdir "$GROUP"
