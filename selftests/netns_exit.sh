#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A network namespace goes, with connections of every kind in it: it really
# goes, and so does all that was in it.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

is_waltz || {
	plan 0
	skip_all "TCP's memory is not looked at"
}

ROUNDS=3
plan $((ROUNDS * 10))

[ -w /sys/kernel/slab/WALTZ/shrink ] || skip_all "no /sys/kernel/slab"

# objects CACHE: sets REPLY to how many are in use. Those that a CPU keeps at
# hand count too, so they are given back first.
objects()
{
	local f

	REPLY=0
	[ ! -e "/sys/kernel/slab/$1/shrink" ] || echo 1 >"/sys/kernel/slab/$1/shrink"
	while read -ra f; do
		[ "${f[0]}" != "$1" ] || REPLY=${f[1]}
	done <<<"$(</proc/slabinfo)"
}

objects_are()
{
	objects "$1"
	same "$REPLY $1" "$2 $1"
}

# furnish: A gets one of everything.
furnish()
{
	pair
	raw_pair
	# Only orphans are to give up, and soon, for they keep their namespace;
	# but not while it is being furnished.
	set_waltz A time_wait_ms=240000 fin_timeout_ms=240000 synack_retries=20 \
		rto_min_ms=1500 orphan_retries=1
	set_waltz B rto_min_ms=1500 orphan_retries=1
	listener a queue $ADDR_A 8001

	# Data on both sides that nobody has read.
	connection live live
	must b live send 10000
	must a live send 10000
	wait_for answers "in*" a live poll 0
	# Nobody accepts.
	for name in q1 q2 q3; do
		must b $name new
		must b $name connect $ADDR_A 8001
		must b $name send 1000
	done
	# A connect() that nobody answers; without a neighbour of that name the
	# host itself would soon say that there is none.
	ip -n "${NS[A]}" neigh replace 10.253.0.99 lladdr 02:00:00:00:00:99 dev wire nud permanent
	must a calls new
	must a calls start connect $ADDR_RAW $PORT
	for name in t1 t2 t3; do
		reach TIME_WAIT $name
		must a $name close
	done
	for name in f1 f2 f3; do
		reach FIN_WAIT2 $name
		must a $name close
	done
	reach FIN_WAIT1 fw
	reach CLOSING cl
	reach CLOSE_WAIT cw
	reach LAST_ACK la
	for name in fw cl la; do
		must a $name close
	done
	for name in h1 h2 h3; do
		reach SYN_RECV $name
	done
}

one_of_everything()
{
	local state

	sockets A
	WHY="got: $REPLY"
	for state in ESTABLISHED SYN_SENT SYN_RECV FIN_WAIT1 FIN_WAIT2 TIME_WAIT \
		CLOSE_WAIT LAST_ACK CLOSING; do
		[[ " $REPLY " == *" $state "* ]] || return
	done
}

# tie HOST: to this namespace, by a cable that goes when the other one does.
tie()
{
	ip link add "tie-$1-$$" netns $$ type veth peer name tie netns "${NS[$1]}" ||
		bail "no veth"
}

gone()
{
	not ip link show "tie-$1-$$" >"$RUN/link" 2>&1
}

for ((round = 1; round <= ROUNDS; round++)); do
	objects WALTZ
	waltz=$REPLY
	hosts
	tie A
	tie B
	furnish
	check "round $round: one of everything is there" one_of_everything
	check "round $round: half-open ones" stat_is A half_open_now 3
	check "round $round: records" stat_is A tw_now 6
	drop_host A
	check "round $round: the namespace goes" wait_for gone A

	# Who was connected to it has to find out for himself.
	check "round $round: the other end lives" answers "in*" b live poll 0
	check "round $round: and reads what came" tell b live recv 10000
	drop_host B
	check "round $round: the other namespace goes too" wait_for gone B

	# They are cleaned up one after the other, so when a third one has gone,
	# they have, to the end.
	new_host C
	tie C
	drop_host C
	check "round $round: and none stays half gone" wait_for gone C
	check "round $round: no socket is left" wait_for objects_are WALTZ "$waltz"
	check "round $round: the module is not held" same "$(</sys/module/waltz/refcnt)" 0
done
