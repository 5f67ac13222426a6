#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The module goes while what is left of connections waits for its time; it
# stays while anybody holds a socket; and it comes again.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

is_waltz || {
	plan 0
	skip_all "TCP does not go"
}

ROUNDS=10
plan $((ROUNDS * 6 + 1))

# The same module again, wherever it came from.
if [ -n "${WALTZ_KO:-}" ] && [ -e "$WALTZ_KO" ]; then
	load=(insmod "$WALTZ_KO")
elif modinfo waltz >/dev/null 2>&1; then
	load=(modprobe waltz)
else
	skip_all "where waltz.ko is, WALTZ_KO does not say"
fi

# Others may hold sockets, which is none of our business; but what ran before may have left
# some that go only now.
wait_for module_uses_at_most 0 || skip_all "the module is in use"

# A socket that was closed holds it until a grace period has passed.
unload()
{
	rmmod waltz 2>"$RUN/rmmod" && return
	WHY=$(<"$RUN/rmmod")
	return 1
}

refuses()
{
	not unload && matches "$WHY" "*in use*"
}

# The module's files go with it, so counts are kept before.
coverage()
{
	keep_counts A
	keep_counts B
}

hosts
for ((round = 1; round <= ROUNDS; round++)); do
	set_waltz A time_wait_ms=240000 fin_timeout_ms=240000
	set_waltz B time_wait_ms=240000 fin_timeout_ms=240000
	peer a A
	peer b B
	raw_peer r
	listener a l $ADDR_A $PORT
	listener b l $ADDR_B $PORT

	# Records at both hosts.
	connection c s
	must a c send 1000
	check "round $round: traffic flows" tell b s recv 1000
	must a c close
	must b s eof
	must b s close
	connection c s
	must b s close
	must a c eof
	must a c close
	reach FIN_WAIT2 f
	must a f close
	# Closed by nobody but the end of the processes.
	connection c s
	check "round $round: records at A" wait_for stat_is A tw_now 2
	check "round $round: records at B" wait_for stat_is B tw_now 1
	check "round $round: a socket is open: the module stays" refuses
	kill_peer a
	kill_peer b
	kill_peer r
	coverage
	check "round $round: records are left: the module goes" wait_for unload
	"${load[@]}" || bail "cannot load the module again"
	check "round $round: it is there again, and has no records" stat_is A tw_now 0
done
check "it is loaded" [ -e /proc/net/waltz ]
